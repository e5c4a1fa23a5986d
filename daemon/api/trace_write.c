#include "api/trace.h"

#include <suyuan/time.h>

#include <stdio.h>
#include <time.h>

enum { SLICE = 512 }; /* items that are looked up under one snapshot */

/* An answer on its way out. */
struct writer {
	struct trace_answer *a;
	struct sy_buf b;
	struct sy_jw w;   /* of JSON */
	uint64_t written; /* items */
	struct sy_buf from_code;
	uint64_t from; /* whose code that is */
	uint64_t due;  /* ms, monotonic: the peer has had its time */
};

struct trace_line {
	struct sy_str code, from; /* from is empty of what was asked for */
	const struct trace_item *item;
	enum index_direction direction;
};

struct trace_format {
	const char *name, *type;
	void (*head)(struct writer *w);
	void (*line)(struct writer *w, const struct trace_line *l);
	void (*end)(struct writer *w);
};

/* --- what every format says ------------------------------------------------------------------ */

static const struct trace *cut_of(const struct trace_answer *a)
{
	return a->found[1].cut > a->found[0].cut ? &a->found[1] : &a->found[0];
}

/* Why something was left out, for people. */
static const char *cut_detail(const struct trace_answer *a, char *text, size_t size)
{
	const struct trace *t = cut_of(a);

	if (t->cut == TRACE_WHOLE)
		return NULL;
	if (t->cut == TRACE_CUT_DEPTH)
		snprintf(text, size, "there is more, farther than %u", (unsigned)a->depth);
	else if (t->cut == TRACE_CUT_SIZE)
		snprintf(text, size, "there is more than a walk has memory for");
	else if (t->outside)
		snprintf(text, size, "there is more, at other times than those asked for");
	else
		snprintf(text, size, "there is more than a walk has time for");
	return text;
}

static const char *direction_name(enum index_direction d)
{
	return d == INDEX_FORWARD ? "forward" : "back";
}

/* --- JSON and NDJSON ------------------------------------------------------------------------- */

static void json_line(struct writer *w, const struct trace_line *l)
{
	const struct trace_item *it = l->item;

	sy_jw_object(&w->w);
	sy_jw_kv_str(&w->w, "item", l->code);
	sy_jw_kv_u64(&w->w, "distance", it->distance);
	sy_jw_key(&w->w, "from");
	if (l->from.n)
		sy_jw_string(&w->w, l->from);
	else
		sy_jw_null(&w->w);
	sy_jw_kv_text(&w->w, "edge", trace_edge_name(it->edge));
	if (w->a->both)
		sy_jw_kv_text(&w->w, "direction", direction_name(l->direction));
	sy_jw_key(&w->w, "records");
	sy_jw_array(&w->w);
	for (unsigned i = 0; i < 2 && it->records[i] != NO_ID; i++)
		sy_jw_u64(&w->w, it->records[i]);
	sy_jw_end(&w->w, ']');
	sy_jw_end(&w->w, '}');
}

static void json_tail(struct writer *w)
{
	char detail[96];

	sy_jw_kv_text(&w->w, "cut", trace_cut_name(cut_of(w->a)->cut));
	if (cut_detail(w->a, detail, sizeof detail))
		sy_jw_kv_text(&w->w, "detail", detail);
	if (w->a->n_unknown == 0)
		return;
	sy_jw_key(&w->w, "unknown");
	sy_jw_array(&w->w);
	for (size_t i = 0; i < w->a->n_unknown; i++)
		sy_jw_string(&w->w, w->a->unknown[i]);
	sy_jw_end(&w->w, ']');
}

static void json_head(struct writer *w)
{
	sy_jw_object(&w->w);
	sy_jw_key(&w->w, "items");
	sy_jw_array(&w->w);
}

static void json_end(struct writer *w)
{
	sy_jw_end(&w->w, ']');
	sy_jw_kv_u64(&w->w, "total", w->written);
	sy_jw_key(&w->w, "asOf");
	sy_jw_object(&w->w);
	sy_jw_kv_u64(&w->w, "entry", w->a->entry);
	answer_time(&w->w, "time", w->a->time);
	sy_jw_end(&w->w, '}');
	json_tail(w);
	sy_jw_end(&w->w, '}');
	sy_buf_byte(&w->b, '\n');
}

/* Each line is a text of its own. */
static void ndjson_line(struct writer *w, const struct trace_line *l)
{
	sy_jw_init(&w->w, &w->b);
	json_line(w, l);
	sy_buf_byte(&w->b, '\n');
}

static void ndjson_end(struct writer *w)
{
	sy_jw_init(&w->w, &w->b);
	sy_jw_object(&w->w);
	sy_jw_key(&w->w, "end");
	sy_jw_bool(&w->w, true);
	sy_jw_kv_u64(&w->w, "items", w->written);
	sy_jw_kv_u64(&w->w, "asOf", w->a->entry);
	json_tail(w);
	sy_jw_end(&w->w, '}');
	sy_buf_byte(&w->b, '\n');
}

/* --- CSV (RFC 4180) -------------------------------------------------------------------------- */

static void csv_head(struct writer *w)
{
	sy_buf_text(&w->b, w->a->both ? "item,distance,from,edge,records,direction\r\n"
				      : "item,distance,from,edge,records\r\n");
}

static void csv_line(struct writer *w, const struct trace_line *l)
{
	const struct trace_item *it = l->item;

	answer_csv(&w->b, l->code);
	sy_buf_byte(&w->b, ',');
	sy_buf_u64(&w->b, it->distance);
	sy_buf_byte(&w->b, ',');
	answer_csv(&w->b, l->from);
	sy_buf_byte(&w->b, ',');
	sy_buf_str(&w->b, sy_str(trace_edge_name(it->edge)));
	sy_buf_byte(&w->b, ',');
	for (unsigned i = 0; i < 2 && it->records[i] != NO_ID; i++) {
		if (i > 0)
			sy_buf_byte(&w->b, ' ');
		sy_buf_u64(&w->b, it->records[i]);
	}
	if (w->a->both)
		sy_buf_printf(&w->b, ",%s", direction_name(l->direction));
	sy_buf_text(&w->b, "\r\n");
}

/* --- DOT (Graphviz) -------------------------------------------------------------------------- */

static void dot_text(struct sy_buf *b, struct sy_str s)
{
	sy_buf_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			sy_buf_byte(b, '\\');
		sy_buf_byte(b, s.p[i]);
	}
	sy_buf_byte(b, '"');
}

/* A code without its resolver. */
static void dot_label(struct sy_buf *b, struct sy_str code)
{
	const struct sy_str stem = SY_STR("https://id.gs1.org/");

	if (code.n > stem.n && memcmp(code.p, stem.p, stem.n) == 0)
		code.p += stem.n, code.n -= stem.n;
	dot_text(b, code);
}

static void dot_head(struct writer *w)
{
	sy_buf_text(&w->b, "digraph trace {\n\trankdir=LR;\n\tnode [shape=box];\n");
}

/* Arrows point the way that the goods went. */
static void dot_line(struct writer *w, const struct trace_line *l)
{
	static const char *const styles[] = {
	    [TRACE_ASKED] = "",
	    [TRACE_TRANSFORM] = "",
	    [TRACE_MEMBER] = "style=dotted",
	    [TRACE_CONTAIN] = "style=dashed",
	};
	bool back = l->direction == INDEX_BACK && l->item->edge != TRACE_CONTAIN;

	sy_buf_byte(&w->b, '\t');
	dot_text(&w->b, l->code);
	sy_buf_text(&w->b, " [label=");
	dot_label(&w->b, l->code);
	sy_buf_text(&w->b, l->item->edge == TRACE_ASKED ? ", style=bold];\n" : "];\n");
	if (l->from.n == 0)
		return;
	sy_buf_byte(&w->b, '\t');
	dot_text(&w->b, back ? l->code : l->from);
	sy_buf_text(&w->b, " -> ");
	dot_text(&w->b, back ? l->from : l->code);
	sy_buf_printf(&w->b, " [%s];\n", styles[l->item->edge]);
}

static void dot_end(struct writer *w)
{
	char detail[96];

	sy_buf_printf(&w->b, "\t// %llu items as of entry %llu\n", (unsigned long long)w->written,
		      (unsigned long long)w->a->entry);
	if (cut_detail(w->a, detail, sizeof detail)) {
		sy_buf_text(&w->b, "\tlabel=");
		dot_text(&w->b, sy_str(detail));
		sy_buf_text(&w->b, ";\n");
	}
	sy_buf_text(&w->b, "}\n");
}

static void nothing(struct writer *w)
{
	(void)w;
}

static const struct trace_format formats[] = {
    {"json", "application/json", json_head, json_line, json_end},
    {"ndjson", "application/x-ndjson", nothing, ndjson_line, ndjson_end},
    {"csv", "text/csv; charset=utf-8", csv_head, csv_line, nothing},
    {"dot", "text/vnd.graphviz; charset=utf-8", dot_head, dot_line, dot_end},
};

const struct trace_format *trace_format_find(struct sy_str name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (sy_str_is(name, formats[i].name))
			return &formats[i];
	return name.n ? NULL : &formats[0];
}

/* --- streaming ------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int from_code(struct writer *w, struct index_read *r, const struct trace *t, uint32_t from,
		     struct sy_str *code)
{
	struct item it;
	uint64_t id;
	int err;

	*code = SY_STR("");
	if (from == TRACE_NONE)
		return SY_OK;
	id = t->items[from].id;
	if (id != w->from) {
		if ((err = index_item(r, id, &it)))
			return err;
		sy_buf_reset(&w->from_code);
		sy_buf_str(&w->from_code, it.code);
		w->from = id;
	}
	*code = sy_buf_span(&w->from_code);
	return SY_OK;
}

/* What was erased since it was found is left out. */
static int write_line(struct writer *w, struct index_read *r, const struct trace *t, size_t i,
		      enum index_direction direction)
{
	struct trace_line l = {.item = &t->items[i], .direction = direction};
	struct item it;
	int err = index_item(r, t->items[i].id, &it);

	l.code = it.code;
	if (err == SY_OK)
		err = from_code(w, r, t, t->items[i].from, &l.from);
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	w->a->format->line(w, &l);
	w->written++;
	return SY_OK;
}

static int write_slice(struct writer *w, const struct trace *t, size_t begin, size_t end,
		       enum index_direction direction)
{
	struct index_read r;
	int err = index_read_begin(w->a->app->index, &r);

	if (err)
		return err;
	for (size_t i = begin; i < end && err == SY_OK; i++)
		err = write_line(w, &r, t, i, direction);
	index_read_end(&r);
	return err;
}

static int flush(struct writer *w)
{
	int err = w->b.failed ? SY_ENOMEM : http_stream_write(w->a->x, sy_buf_span(&w->b));

	sy_buf_reset(&w->b);
	if (err == SY_OK && (now_ms() >= w->due || atomic_load(&w->a->app->stopping)))
		err = SY_EBUSY;
	return err;
}

static int write_found(struct writer *w, const struct trace *t, enum index_direction direction,
		       size_t begin)
{
	int err = SY_OK;

	for (size_t end; begin < t->n && err == SY_OK; begin = end) {
		end = t->n - begin < SLICE ? t->n : begin + SLICE;
		if ((err = write_slice(w, t, begin, end, direction)) == SY_OK)
			err = flush(w);
	}
	return err;
}

static void set_totals(const struct trace_answer *a)
{
	const char *cut = trace_cut_name(cut_of(a)->cut);
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)a->entry);
	http_set(a->x, "Suyuan-As-Of", text);
	http_set(a->x, "Suyuan-Cut", cut ? cut : "none");
}

void trace_send(struct trace_answer *a)
{
	struct writer w = {.a = a, .from = NO_ID, .due = now_ms() + a->app->config.query_stream};
	size_t asked = 0;
	int err;

	while (a->both && asked < a->found[1].n && a->found[1].items[asked].from == TRACE_NONE)
		asked++;
	set_totals(a);
	http_stream_begin(a->x, 200, a->format->type);
	sy_jw_init(&w.w, &w.b);
	a->format->head(&w);
	err = write_found(&w, &a->found[0], a->direction, 0);
	if (err == SY_OK && a->both)
		err = write_found(&w, &a->found[1], INDEX_FORWARD, asked);
	if (err == SY_OK) {
		a->format->end(&w);
		err = flush(&w);
	}
	http_stream_end(a->x, err == SY_OK);
	sy_buf_free(&w.b);
	sy_buf_free(&w.from_code);
}
