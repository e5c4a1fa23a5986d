/* GET /v1/balance: do quantities add up, of a lot or of a party. */
#include "trace/balance.h"

#include "api/items.h"

#include <stdio.h>

enum { LIMIT = 1000, LIMIT_MAX = 100000 };

struct asked {
	struct app *app;
	struct sy_code code;
	struct sy_str product; /* canonical, or empty */
	int64_t from, to;
	uint64_t limit;
	bool csv;
};

struct told {
	struct asked *a;
	struct index_read *r;
	struct sy_str code; /* what was balanced: of a serial nobody knows its lot */
	const char *kind;
	bool party, windowed;
	struct balance found;
	struct sy_arena arena;
	struct sy_buf b;
	struct sy_jw w;
};

/* --- JSON ------------------------------------------------------------------------------------ */

static void kv_bool(struct sy_jw *w, const char *name, bool v)
{
	sy_jw_key(w, name);
	sy_jw_bool(w, v);
}

/* Within a time nothing is told of what is there; before a time only where one is asked for. */
static bool is_told(const struct told *t, enum balance_what what)
{
	if (what == BALANCE_BEFORE)
		return t->party && t->a->from != INT64_MIN;
	return !t->windowed || (what != BALANCE_ON_HAND && what != BALANCE_IN_TRANSIT);
}

/* Whose line it is. */
static void json_whose(struct told *t, const struct balance_line *line)
{
	if (line->product.n)
		sy_jw_kv_str(&t->w, "product", line->product);
	if (line->party != NO_ID)
		items_write_actor(&t->w, t->r, "party", line->party);
	sy_jw_kv_text(&t->w, "unit", line->unit);
	if (line->units)
		kv_bool(&t->w, "singleUnits", true);
}

static void json_line(struct told *t, const struct balance_line *line)
{
	struct sy_jw *w = &t->w;

	sy_jw_object(w);
	json_whose(t, line);
	for (unsigned i = 0; i < BALANCE_WHATS; i++)
		if (is_told(t, (enum balance_what)i))
			answer_decimal(w, balance_what_name((enum balance_what)i), line->n[i]);
	kv_bool(w, "unknown", line->unknown);
	if (line->missing)
		sy_jw_kv_u64(w, "recordsWithoutQuantity", line->missing);
	if (line->judged && !t->windowed) {
		answer_decimal(w, "gain", line->gain);
		answer_decimal(w, "loss", line->loss);
	}
	sy_jw_end(w, '}');
}

/* The whole lot's lines, or its holders'; a party's are all of one kind. */
static void json_lines(struct told *t, const char *name, bool holders)
{
	uint64_t n = 0;

	sy_jw_key(&t->w, name);
	sy_jw_array(&t->w);
	for (size_t i = 0; i < t->found.n_lines; i++)
		if ((t->found.lines[i].party != NO_ID) == holders && n++ < t->a->limit)
			json_line(t, &t->found.lines[i]);
	sy_jw_end(&t->w, ']');
	if (n > t->a->limit) {
		char count[32];
		snprintf(count, sizeof count, "%sCount", name);
		sy_jw_kv_u64(&t->w, count, n);
	}
}

static void json_change(struct told *t, const struct balance_change *c)
{
	struct sy_jw *w = &t->w;

	sy_jw_kv_u64(w, "record", c->record);
	if (c->verdict != BALANCE_UNITS) {
		answer_decimal(w, "in", c->in);
		answer_decimal(w, "out", c->out);
		sy_jw_kv_text(w, "unit", c->unit);
	}
}

static void json_changes(struct told *t)
{
	sy_jw_key(&t->w, "transformations");
	sy_jw_array(&t->w);
	for (size_t i = 0; i < t->found.n_changes && i < t->a->limit; i++) {
		sy_jw_object(&t->w);
		sy_jw_kv_text(&t->w, "verdict", balance_verdict_name(t->found.changes[i].verdict));
		json_change(t, &t->found.changes[i]);
		sy_jw_end(&t->w, '}');
	}
	sy_jw_end(&t->w, ']');
	sy_jw_kv_u64(&t->w, "transformationsCount", t->found.n_changes + t->found.more_changes);
	sy_jw_kv_u64(&t->w, "exceeding", t->found.exceeding);
}

static void flag_line(struct told *t, const struct balance_line *line, const char *flag,
		      struct sy_decimal n)
{
	if (n.coef == 0 || t->windowed)
		return;
	sy_jw_object(&t->w);
	sy_jw_kv_text(&t->w, "flag", flag);
	answer_decimal(&t->w, "quantity", n);
	json_whose(t, line);
	sy_jw_end(&t->w, '}');
}

/* All that doesn't add up, in one list. */
static void json_flags(struct told *t)
{
	const struct balance *f = &t->found;

	sy_jw_key(&t->w, "flags");
	sy_jw_array(&t->w);
	for (size_t i = 0; i < f->n_changes && f->changes[i].verdict == BALANCE_EXCEEDS; i++) {
		sy_jw_object(&t->w);
		sy_jw_kv_text(&t->w, "flag", "more-out-than-in");
		json_change(t, &f->changes[i]);
		sy_jw_end(&t->w, '}');
	}
	for (size_t i = 0; i < f->n_lines; i++) {
		if (f->lines[i].party != NO_ID)
			continue;
		flag_line(t, &f->lines[i], "gain", f->lines[i].gain);
		flag_line(t, &f->lines[i], "loss", f->lines[i].loss);
	}
	for (size_t i = 0; i < f->n_flags; i++) {
		sy_jw_object(&t->w);
		sy_jw_kv_text(&t->w, "flag", custody_fault_name(f->flags[i].fault));
		sy_jw_kv_u64(&t->w, "record", f->flags[i].record);
		sy_jw_end(&t->w, '}');
	}
	sy_jw_end(&t->w, ']');
	if (f->mixed)
		kv_bool(&t->w, "unitsDisagree", true);
}

static void write_json(struct told *t)
{
	sy_jw_init(&t->w, &t->b);
	sy_jw_object(&t->w);
	sy_jw_kv_str(&t->w, "code", t->code);
	sy_jw_kv_text(&t->w, "kind", t->kind);
	json_lines(t, "lines", false);
	if (!t->party)
		json_lines(t, "holders", true);
	json_changes(t);
	json_flags(t);
	answer_as_of(&t->w, t->r);
	sy_jw_kv_text(&t->w, "cut", trace_cut_name(t->found.cut));
	if (t->found.cut)
		sy_jw_kv_text(&t->w, "detail",
			      t->found.cut == TRACE_CUT_SIZE
				  ? "there are more records than are read"
				  : "there are more records than there is time for");
	sy_jw_end(&t->w, '}');
}

/* --- CSV ------------------------------------------------------------------------------------- */

static void csv_decimal(struct told *t, struct sy_decimal n)
{
	char text[SY_DECIMAL_TEXT];

	sy_decimal_format(n, text);
	sy_buf_printf(&t->b, ",%s", text);
}

static void write_csv(struct told *t)
{
	struct sy_str name;

	sy_buf_text(&t->b, t->party ? "product" : "party");
	sy_buf_text(&t->b, ",unit,singleUnits");
	for (unsigned i = 0; i < BALANCE_WHATS; i++)
		if (is_told(t, (enum balance_what)i))
			sy_buf_printf(&t->b, ",%s", balance_what_name((enum balance_what)i));
	sy_buf_text(&t->b, ",gain,loss,unknown\r\n");
	for (size_t i = 0; i < t->found.n_lines && i < t->a->limit; i++) {
		const struct balance_line *line = &t->found.lines[i];
		name = line->product;
		if (line->party != NO_ID && index_actor_name(t->r, line->party, &name))
			name = SY_STR("");
		answer_csv(&t->b, name);
		sy_buf_printf(&t->b, ",%s,%s", line->unit, line->units ? "true" : "");
		for (unsigned k = 0; k < BALANCE_WHATS; k++)
			if (is_told(t, (enum balance_what)k))
				csv_decimal(t, line->n[k]);
		if (line->judged && !t->windowed) {
			csv_decimal(t, line->gain);
			csv_decimal(t, line->loss);
		} else {
			sy_buf_text(&t->b, ",,");
		}
		sy_buf_text(&t->b, line->unknown ? ",true\r\n" : ",false\r\n");
	}
}

static void send_csv(struct http_exchange *x, struct told *t, uint64_t entry)
{
	struct app *app = t->a->app;
	const char *cut = trace_cut_name(t->found.cut);
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)entry);
	http_set(x, "Suyuan-As-Of", text);
	http_set(x, "Suyuan-Cut", cut ? cut : "none");
	answer_stream_begin(x, app, "text/csv; charset=utf-8", t->b.n);
	int err = t->b.failed ? SY_ENOMEM : answer_stream_write(x, app, sy_buf_span(&t->b));
	answer_stream_end(x, app, err == SY_OK);
	sy_buf_free(&t->b);
}

/* --- the question ---------------------------------------------------------------------------- */

static bool stopped(void *ctx)
{
	return atomic_load(&((struct app *)ctx)->stopping);
}

/* An item, of a serial that no record names its lot, or a party. */
static int find(struct told *t)
{
	const struct asked *a = t->a;
	struct balance_ask ask = {.product = a->product,
				  .from = a->from,
				  .to = a->to,
				  .ms = (unsigned)a->app->config.query_time,
				  .stopped = stopped,
				  .ctx = a->app};
	struct item it;
	uint64_t party;
	int err = index_item_of(t->r, t->code = a->code.canonical, &it);

	if (err == SY_ENOTFOUND && a->code.lot_code.n)
		err = index_item_of(t->r, t->code = a->code.lot_code, &it);
	t->windowed = a->from != INT64_MIN || a->to != INT64_MAX;
	if (err == SY_OK && (t->windowed || a->product.n))
		return SY_EINVAL;
	if (err == SY_OK) {
		t->kind = sy_code_kind_name(it.kind);
		return balance_lot(t->r, &it, &ask, &t->arena, &t->found);
	}
	if (err != SY_ENOTFOUND ||
	    (err = index_actor_id(t->r, t->code = a->code.canonical, &party)))
		return err;
	t->party = true;
	t->kind = "party";
	return balance_party(t->r, party, &ask, &t->arena, &t->found);
}

static void run(struct http_exchange *x, struct app *app, void *ctx)
{
	struct index_read r;
	struct told t = {.a = ctx, .r = &r};
	bool csv = t.a->csv; /* A is gone with the answer */
	uint64_t entry = 0;
	int err = index_read_begin(app->index, &r);

	if (err == SY_OK) {
		entry = r.position ? r.position - 1 : 0;
		if ((err = find(&t)) == SY_OK)
			(csv ? write_csv : write_json)(&t);
		index_read_end(&r);
	}
	if (err == SY_EINVAL)
		http_problem(x, 400, "malformed", "product, from and to are asked of a party alone",
			     NULL);
	else if (err)
		http_problem_err(x, err, err == SY_ENOTFOUND ? "no record names that code" : NULL);
	else if (csv)
		send_csv(x, &t, entry);
	else
		answer_json(x, 200, &t.b);
	sy_arena_free(&t.arena);
}

static bool read_product(struct http_exchange *x, struct asked *a)
{
	struct sy_code *codes;
	size_t n;

	if (!items_parse_codes(x, "product", &codes, &n))
		return false;
	if (n)
		a->product = codes[0].product.n ? codes[0].product : codes[0].canonical;
	return true;
}

static bool read_rest(struct http_exchange *x, struct asked *a)
{
	struct sy_str format;

	a->from = INT64_MIN;
	a->to = INT64_MAX;
	if (!answer_instant(x, "from", false, &a->from) || !answer_instant(x, "to", true, &a->to) ||
	    !answer_number(x, "limit", LIMIT, 1, LIMIT_MAX, &a->limit) ||
	    !answer_text(x, "format", &format))
		return false;
	a->csv = sy_str_is(format, "csv");
	if (!a->csv && format.n && !sy_str_is(format, "json"))
		http_problem(x, 400, "malformed", "format is none of json, csv", NULL);
	else if (a->from > a->to)
		http_problem(x, 400, "malformed", "from is later than to", NULL);
	else
		return true;
	return false;
}

void handle_balance(struct http_exchange *x, void *ctx)
{
	struct asked *a = sy_arena_calloc(http_arena(x), 1, sizeof *a);
	struct sy_str text;

	if (a == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	a->app = ctx;
	if (answer_text(x, "code", &text) && items_parse_code(x, text, &a->code) &&
	    read_product(x, a) && read_rest(x, a))
		answer_query(x, a->app, run, a);
}
