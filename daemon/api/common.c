/* GET /v1/trace/common: what complaint lots have in common upstream, scored and ranked. */
#include "trace/common.h"

#include "api/items.h"

#include <stdio.h>

enum { LIMIT = 50, LIMIT_MAX = 1000, NAMES_MAX = 64 };

/* What is asked, and what came of it. */
struct asked {
	struct app *app;
	struct sy_code *codes; /* complaints, then good ones */
	size_t n_codes, n_complaints;
	int64_t weights[COMMON_CODES];
	struct sy_code *cut, *contact;
	size_t n_cut, n_contact;
	enum common_dates dates;
	uint64_t limit;
	bool csv;

	/* those that records name */
	struct common_code known[COMMON_CODES];
	struct sy_str names[COMMON_CODES]; /* canonical, of KNOWN */
	size_t n_known;
	uint64_t cut_ids[2 * NAMES_MAX], contact_ids[NAMES_MAX];
	size_t n_cut_ids, n_contact_ids;
	struct sy_str unknown[COMMON_CODES + 2 * NAMES_MAX];
	size_t n_unknown;
};

static bool bad(struct http_exchange *x, const char *detail)
{
	http_problem(x, 400, "malformed", detail, NULL);
	return false;
}

/* --- what is asked --------------------------------------------------------------------------- */

static bool read_codes(struct http_exchange *x, struct asked *a)
{
	struct sy_code *good;
	size_t n;

	if (!items_parse_codes(x, "code", &a->codes, &a->n_complaints) ||
	    !items_parse_codes(x, "good", &good, &n))
		return false;
	a->n_codes = a->n_complaints + n;
	if (a->n_complaints == 0)
		return bad(x, "code is missing");
	if (a->n_codes > COMMON_CODES)
		return bad(x, "there are more than 256 codes");
	struct sy_code *all = sy_arena_calloc(http_arena(x), a->n_codes, sizeof *all);
	if (all == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return false;
	}
	memcpy(all, a->codes, a->n_complaints * sizeof *all);
	if (n)
		memcpy(all + a->n_complaints, good, n * sizeof *all);
	a->codes = all;
	return true;
}

static bool number(struct sy_str text, int64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.n && *out <= COMMON_WEIGHT; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*out = *out * 10 + (text.p[i] - '0');
	}
	return *out >= 1 && *out <= COMMON_WEIGHT;
}

/* The Nth weight is that of the Nth code. */
static bool read_weights(struct http_exchange *x, struct asked *a)
{
	struct sy_str text;

	for (size_t i = 0; i < a->n_codes; i++)
		a->weights[i] = i < a->n_complaints ? 1 : -1;
	for (unsigned i = 0; http_query(x, "weight", i, &text) != SY_ENOTFOUND; i++) {
		if (i >= a->n_complaints)
			return bad(x, "there are more weights than codes");
		if (!answer_text_nth(x, "weight", i, &text))
			return false;
		if (!number(text, &a->weights[i]))
			return bad(x, "weight is a whole number from 1 to 1000000");
	}
	return true;
}

static bool read_dates(struct http_exchange *x, struct asked *a)
{
	static const char *const names[] = {"given", "inferred", "ignored"};
	struct sy_str text;

	if (!answer_text(x, "dates", &text))
		return false;
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (sy_str_is(text, names[i])) {
			a->dates = (enum common_dates)i;
			return true;
		}
	return text.n == 0 || bad(x, "dates is none of given, inferred, ignored");
}

static bool read_rest(struct http_exchange *x, struct asked *a)
{
	struct sy_str format;

	if (!items_parse_codes(x, "cut", &a->cut, &a->n_cut) ||
	    !items_parse_codes(x, "contact", &a->contact, &a->n_contact) || !read_dates(x, a) ||
	    !answer_number(x, "limit", LIMIT, 1, LIMIT_MAX, &a->limit) ||
	    !answer_text(x, "format", &format))
		return false;
	if (a->n_cut > NAMES_MAX || a->n_contact > NAMES_MAX)
		return bad(x, "more than 64 are cut, or places of contact");
	a->csv = sy_str_is(format, "csv");
	return a->csv || format.n == 0 || sy_str_is(format, "json") ||
	       bad(x, "format is none of json, csv");
}

/* --- what records name of it ----------------------------------------------------------------- */

/* Of a serial that no record names, its lot. */
static int find_code(struct asked *a, struct index_read *r, size_t i)
{
	const struct sy_code *c = &a->codes[i];
	struct common_code *to = &a->known[a->n_known];
	struct sy_str name = c->canonical;
	int err = index_item_id(r, name, &to->id);

	if (err == SY_ENOTFOUND && c->lot_code.n)
		err = index_item_id(r, name = c->lot_code, &to->id);
	if (err == SY_ENOTFOUND) {
		a->unknown[a->n_unknown++] = c->given;
		return SY_OK;
	}
	to->weight = a->weights[i];
	a->names[a->n_known++] = name;
	return err;
}

/* As an item or a party or place, which one name may be both of. */
static int find_name(struct asked *a, struct index_read *r, const struct sy_code *c, bool items,
		     uint64_t *ids, size_t *n)
{
	size_t had = *n;
	int err = index_actor_id(r, c->canonical, &ids[*n]);

	*n += err == SY_OK;
	if (items && (err == SY_OK || err == SY_ENOTFOUND)) {
		err = index_item_id(r, c->canonical, &ids[*n]);
		*n += err == SY_OK;
	}
	if (*n == had && err == SY_ENOTFOUND)
		a->unknown[a->n_unknown++] = c->given;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int find_all(struct asked *a, struct index_read *r)
{
	int err = SY_OK;
	bool complaint;

	for (size_t i = 0; i < a->n_codes && err == SY_OK; i++)
		err = find_code(a, r, i);
	complaint = a->n_known && a->known[0].weight > 0;
	for (size_t i = 0; i < a->n_cut && err == SY_OK; i++)
		err = find_name(a, r, &a->cut[i], true, a->cut_ids, &a->n_cut_ids);
	for (size_t i = 0; i < a->n_contact && err == SY_OK; i++)
		err = find_name(a, r, &a->contact[i], false, a->contact_ids, &a->n_contact_ids);
	return err == SY_OK && !complaint ? SY_ENOTFOUND : err;
}

/* --- the answer ------------------------------------------------------------------------------ */

struct told {
	struct asked *a;
	struct index_read *r;
	struct common found;
	struct sy_arena text; /* a row's code, parsed */
	struct sy_buf b;
	struct sy_jw w;
};

/* The share of the weight of all complaints, to four places. */
static struct sy_decimal score_of(const struct common *c, int64_t weight)
{
	int64_t n = weight < 0 ? -weight : weight, share = (n * 20000 / c->weight + 1) / 2;
	struct sy_decimal d = {weight < 0 ? -share : share, 4};

	while (d.scale && d.coef % 10 == 0)
		d.coef /= 10, d.scale--;
	return d;
}

/* What a row is, and under which code; SY_ENOTFOUND: it was erased. */
static int row_name(struct told *t, const struct common_row *row, const char **kind,
		    struct sy_str *code)
{
	struct item it;
	int err;

	*kind = row->kind == COMMON_PLACE ? "place" : "party";
	if (row->kind != COMMON_ITEM)
		return index_actor_name(t->r, row->id, code);
	if ((err = index_item(t->r, row->id, &it)) == SY_OK) {
		*kind = sy_code_kind_name(it.kind);
		*code = it.code;
	}
	return err;
}

/* Of an item its product's; of a place nothing, whose name is kept where it can be erased. */
static bool row_shown(struct told *t, const struct common_row *row, struct sy_str code,
		      struct register_row *reg)
{
	enum register_kind kind = row->kind == COMMON_PLACE ? REG_PLACE : REG_PARTY;
	struct sy_code parsed;
	struct sy_faults faults;

	if (row->kind == COMMON_ITEM) {
		sy_arena_reset(&t->text);
		sy_faults_init(&faults, &t->text);
		faults.settled = true;
		if (sy_code_parse(&t->text, code, &parsed, &faults, SY_NO_RECORD, ""))
			return false;
		kind = REG_PRODUCT;
		code = parsed.product;
	}
	return code.n > 0 && register_get(t->r, kind, code, reg) == SY_OK && reg->shown.n > 0;
}

static void json_reasons(struct told *t, const struct common_row *row)
{
	sy_jw_key(&t->w, "explains");
	sy_jw_array(&t->w);
	for (uint32_t i = row->first; i < row->first + row->n; i++) {
		const struct common_reason *why = &t->found.reasons[i];
		sy_jw_object(&t->w);
		sy_jw_kv_str(&t->w, "code", t->a->names[why->code]);
		if (t->a->known[why->code].weight < 0) {
			sy_jw_key(&t->w, "good");
			sy_jw_bool(&t->w, true);
		}
		sy_jw_kv_u64(&t->w, "distance", why->distance);
		if (why->record != NO_ID)
			sy_jw_kv_u64(&t->w, "record", why->record);
		sy_jw_end(&t->w, '}');
	}
	sy_jw_end(&t->w, ']');
}

static int json_row(struct told *t, const struct common_row *row)
{
	struct register_row reg;
	struct sy_str code;
	const char *kind;
	int err = row_name(t, row, &kind, &code);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	sy_jw_object(&t->w);
	sy_jw_kv_text(&t->w, "kind", kind);
	sy_jw_kv_str(&t->w, "code", code);
	if (row_shown(t, row, code, &reg))
		sy_jw_raw(&t->w, reg.shown);
	answer_decimal(&t->w, "score", score_of(&t->found, row->weight));
	sy_jw_key(&t->w, "weight");
	sy_jw_i64(&t->w, row->weight);
	sy_jw_kv_u64(&t->w, "complaints", row->complaints);
	sy_jw_kv_u64(&t->w, "good", row->good);
	sy_jw_kv_u64(&t->w, "distance", row->distance);
	json_reasons(t, row);
	sy_jw_end(&t->w, '}');
	return SY_OK;
}

/* What explains each of the codes, apart from itself. */
static void json_codes(struct told *t, const char *name, bool good)
{
	sy_jw_key(&t->w, name);
	sy_jw_array(&t->w);
	for (size_t i = 0; i < t->a->n_known && t->found.told; i++) {
		const struct common_told *c = &t->found.told[i];
		if ((t->a->known[i].weight < 0) != good)
			continue;
		sy_jw_object(&t->w);
		sy_jw_kv_str(&t->w, "code", t->a->names[i]);
		sy_jw_key(&t->w, "weight");
		sy_jw_i64(&t->w, t->a->known[i].weight);
		sy_jw_key(&t->w, "explained");
		sy_jw_bool(&t->w, c->items || c->places || c->parties);
		sy_jw_kv_u64(&t->w, "items", c->items);
		sy_jw_kv_u64(&t->w, "places", c->places);
		sy_jw_kv_u64(&t->w, "parties", c->parties);
		sy_jw_end(&t->w, '}');
	}
	sy_jw_end(&t->w, ']');
}

static void json_tail(struct told *t)
{
	sy_jw_kv_u64(&t->w, "total", t->found.total);
	json_codes(t, "complaints", false);
	json_codes(t, "good", true);
	answer_as_of(&t->w, t->r);
	sy_jw_kv_text(&t->w, "cut", trace_cut_name(t->found.cut));
	if (t->found.cut)
		sy_jw_kv_text(&t->w, "detail",
			      t->found.cut == TRACE_CUT_SIZE
				  ? "there is more upstream than a walk has memory for"
				  : "there is more upstream than a walk has time for");
	if (t->a->n_unknown) {
		sy_jw_key(&t->w, "unknown");
		sy_jw_array(&t->w);
		for (size_t i = 0; i < t->a->n_unknown; i++)
			sy_jw_string(&t->w, t->a->unknown[i]);
		sy_jw_end(&t->w, ']');
	}
}

static int write_json(struct told *t)
{
	int err = SY_OK;

	sy_jw_init(&t->w, &t->b);
	sy_jw_object(&t->w);
	sy_jw_key(&t->w, "rows");
	sy_jw_array(&t->w);
	for (size_t i = 0; i < t->found.n_rows && err == SY_OK; i++)
		err = json_row(t, &t->found.rows[i]);
	sy_jw_end(&t->w, ']');
	json_tail(t);
	sy_jw_end(&t->w, '}');
	return err;
}

/* Codes and records of what a row explains, apart by spaces, which codes have none of. */
static void csv_reasons(struct told *t, const struct common_row *row)
{
	for (unsigned field = 0; field < 3; field++) {
		sy_buf_byte(&t->b, ',');
		for (uint32_t i = row->first; i < row->first + row->n; i++) {
			const struct common_reason *why = &t->found.reasons[i];
			if (i > row->first)
				sy_buf_byte(&t->b, ' ');
			if (field == 0)
				sy_buf_str(&t->b, t->a->names[why->code]);
			else if (field == 1)
				sy_buf_u64(&t->b, why->distance);
			else if (why->record != NO_ID)
				sy_buf_u64(&t->b, why->record);
			else
				sy_buf_byte(&t->b, '-');
		}
	}
	sy_buf_text(&t->b, "\r\n");
}

static int write_csv(struct told *t)
{
	char score[SY_DECIMAL_TEXT];
	struct sy_str code;
	const char *kind;
	int err = SY_OK;

	sy_buf_text(&t->b,
		    "kind,code,score,complaints,good,distance,explains,distances,records\r\n");
	for (size_t i = 0; i < t->found.n_rows && err == SY_OK; i++) {
		const struct common_row *row = &t->found.rows[i];
		if ((err = row_name(t, row, &kind, &code)))
			continue;
		sy_decimal_format(score_of(&t->found, row->weight), score);
		sy_buf_printf(&t->b, "%s,", kind);
		answer_csv(&t->b, code);
		sy_buf_printf(&t->b, ",%s,%u,%u,%llu", score, (unsigned)row->complaints,
			      (unsigned)row->good, (unsigned long long)row->distance);
		csv_reasons(t, row);
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static bool stopped(void *ctx)
{
	return atomic_load(&((struct app *)ctx)->stopping);
}

static int find(struct told *t)
{
	const struct asked *a = t->a;
	const struct config *c = &a->app->config;
	struct common_ask ask = {.codes = a->known,
				 .n_codes = a->n_known,
				 .cut = a->cut_ids,
				 .n_cut = a->n_cut_ids,
				 .contact = a->contact_ids,
				 .n_contact = a->n_contact_ids,
				 .dates = a->dates,
				 .limit = (size_t)a->limit,
				 .bytes = answer_memory(a->app),
				 .ms = (unsigned)c->query_time,
				 .stopped = stopped,
				 .ctx = a->app};
	int err = common_find(t->r, &ask, &t->found);

	if (err == SY_OK && t->found.cut == TRACE_CUT_SIZE && !turns_is_large(a->app->queries)) {
		common_free(&t->found);
		t->found = (struct common){0};
		if (answer_larger(a->app, true, &err)) {
			ask.bytes = answer_memory(a->app);
			err = common_find(t->r, &ask, &t->found);
		}
	}
	if (err == SY_OK)
		err = a->csv ? write_csv(t) : write_json(t);
	return err;
}

static void send_csv(struct http_exchange *x, struct told *t, uint64_t entry)
{
	struct app *app = t->a->app;
	const char *cut = trace_cut_name(t->found.cut);
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)entry);
	http_set(x, "Suyuan-As-Of", text);
	http_set(x, "Suyuan-Cut", cut ? cut : "none");
	snprintf(text, sizeof text, "%llu", (unsigned long long)t->found.total);
	http_set(x, "Suyuan-Total", text);
	answer_stream_begin(x, app, "text/csv; charset=utf-8", t->b.n);
	int err = t->b.failed ? SY_ENOMEM : answer_stream_write(x, app, sy_buf_span(&t->b));
	answer_stream_end(x, app, err == SY_OK);
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
		if ((err = find_all(t.a, &r)) == SY_OK)
			err = find(&t);
		index_read_end(&r);
	}
	if (err) {
		http_problem_err(x, err, err == SY_ENOTFOUND ? "no record names that code" : NULL);
		sy_buf_free(&t.b);
	} else if (csv) {
		send_csv(x, &t, entry);
		sy_buf_free(&t.b);
	} else {
		answer_json(x, 200, &t.b);
	}
	sy_arena_free(&t.text);
	common_free(&t.found);
}

void handle_common(struct http_exchange *x, void *ctx)
{
	struct asked *a = sy_arena_calloc(http_arena(x), 1, sizeof *a);

	if (a == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	a->app = ctx;
	if (read_codes(x, a) && read_weights(x, a) && read_rest(x, a))
		answer_query(x, a->app, run, a);
}
