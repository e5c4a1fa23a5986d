#include "api/trace_write.h"

#include <stdio.h>

/* --- what every format says ------------------------------------------------------------------ */

const struct trace *trace_cut_of(const struct trace_answer *a)
{
	return a->found[1].cut > a->found[0].cut ? &a->found[1] : &a->found[0];
}

/* Why something was left out, for people. */
static const char *cut_detail(const struct trace_answer *a, char *text, size_t size)
{
	const struct trace *t = trace_cut_of(a);

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

static const struct {
	const char *list, *what; /* of JSON; of a line */
	struct sy_str begin;     /* of a line of JSON */
} lists[TRACE_LISTS] = {{"items", "item", {"{\"item\":", 8}},
			{"parties", "party", {"{\"party\":", 9}},
			{"places", "place", {"{\"place\":", 9}}};

static const char *edge_name(const struct trace_line *l)
{
	return l->list == TRACE_ITEMS ? trace_edge_name(l->edge) : lists[l->list].what;
}

static void put_string(struct sy_buf *b, struct sy_str s)
{
	struct sy_jw w;

	sy_jw_init(&w, b);
	sy_jw_string(&w, s);
}

static void put_records(struct sy_buf *b, const uint64_t records[2], char between)
{
	for (unsigned i = 0; i < 2 && records[i] != NO_ID; i++) {
		if (i > 0)
			sy_buf_byte(b, between);
		sy_buf_u64(b, records[i]);
	}
}

/* Edges and what is no item, as a line of JSON goes on with them. */
static struct sy_str json_edge(const struct trace_line *l)
{
	static const struct sy_str of_items[] = {
	    [TRACE_ASKED] = {",\"edge\":null", 12},
	    [TRACE_TRANSFORM] = {",\"edge\":\"transform\"", 19},
	    [TRACE_MEMBER] = {",\"edge\":\"member\"", 16},
	    [TRACE_CONTAIN] = {",\"edge\":\"contain\"", 17},
	};
	static const struct sy_str of_lists[TRACE_LISTS] = {
	    [TRACE_PARTIES] = {",\"edge\":\"party\"", 15},
	    [TRACE_PLACES] = {",\"edge\":\"place\"", 15},
	};

	return l->list == TRACE_ITEMS ? of_items[l->edge] : of_lists[l->list];
}

static char *add(char *p, struct sy_str s)
{
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

static char *add_records(char *p, const uint64_t records[2])
{
	p = add(p, SY_STR(",\"records\":["));
	for (unsigned i = 0; i < 2 && records[i] != NO_ID; i++) {
		if (i > 0)
			*p++ = ',';
		p += sy_u64_text(records[i], p);
	}
	return add(p, SY_STR("]}"));
}

/* The line of what needs no escape, in room that was made once; it takes less than that. */
static void json_plain(struct trace_writer *w, const struct trace_line *l)
{
	const size_t rest = 256;
	struct sy_buf *b = &w->b;
	char *begin = sy_buf_room(b, l->code.n + l->from.n + rest), *p = begin;

	if (p == NULL)
		return;
	p = add(p, lists[l->list].begin);
	*p++ = '"';
	p = add(p, l->code);
	p = add(p, SY_STR("\",\"distance\":"));
	p += sy_u64_text(l->distance, p);
	p = add(p, SY_STR(",\"from\":"));
	if (l->from.n) {
		*p++ = '"';
		p = add(p, l->from);
		*p++ = '"';
	} else {
		p = add(p, SY_STR("null"));
	}
	p = add(p, json_edge(l));
	if (w->a->both)
		p = add(p, l->direction == INDEX_FORWARD ? SY_STR(",\"direction\":\"forward\"")
							 : SY_STR(",\"direction\":\"back\""));
	p = add_records(p, l->records);
	b->n -= l->code.n + l->from.n + rest - (size_t)(p - begin);
}

/* There may be millions, so what is the same in each is written as it stands. */
static void json_line(struct trace_writer *w, const struct trace_line *l)
{
	struct sy_buf *b = &w->b;

	sy_jw_raw(&w->w, SY_STR("")); /* the comma, where one is due */
	if (l->plain) {
		json_plain(w, l);
		return;
	}
	sy_buf_str(b, lists[l->list].begin);
	put_string(b, l->code);
	sy_buf_str(b, SY_STR(",\"distance\":"));
	sy_buf_u64(b, l->distance);
	sy_buf_str(b, SY_STR(",\"from\":"));
	if (l->from.n)
		put_string(b, l->from);
	else
		sy_buf_str(b, SY_STR("null"));
	sy_buf_str(b, json_edge(l));
	if (w->a->both)
		sy_buf_printf(b, ",\"direction\":\"%s\"", direction_name(l->direction));
	sy_buf_str(b, SY_STR(",\"records\":["));
	put_records(b, l->records, ',');
	sy_buf_str(b, SY_STR("]}"));
}

static void json_tail(struct trace_writer *w)
{
	char detail[96];

	sy_jw_kv_text(&w->w, "cut", trace_cut_name(trace_cut_of(w->a)->cut));
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

static void json_head(struct trace_writer *w)
{
	sy_jw_object(&w->w);
}

static void json_list(struct trace_writer *w, enum trace_list list)
{
	if (list > 0)
		sy_jw_end(&w->w, ']');
	sy_jw_key(&w->w, lists[list].list);
	sy_jw_array(&w->w);
}

static void json_end(struct trace_writer *w)
{
	sy_jw_end(&w->w, ']');
	sy_jw_kv_u64(&w->w, "total", w->written[TRACE_ITEMS]);
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
static void ndjson_line(struct trace_writer *w, const struct trace_line *l)
{
	sy_jw_init(&w->w, &w->b);
	json_line(w, l);
	sy_buf_byte(&w->b, '\n');
}

static void ndjson_end(struct trace_writer *w)
{
	sy_jw_init(&w->w, &w->b);
	sy_jw_object(&w->w);
	sy_jw_key(&w->w, "end");
	sy_jw_bool(&w->w, true);
	for (unsigned i = 0; i < TRACE_LISTS; i++)
		sy_jw_kv_u64(&w->w, lists[i].list, w->written[i]);
	sy_jw_kv_u64(&w->w, "asOf", w->a->entry);
	json_tail(w);
	sy_jw_end(&w->w, '}');
	sy_buf_byte(&w->b, '\n');
}

/* --- CSV (RFC 4180) -------------------------------------------------------------------------- */

static void csv_head(struct trace_writer *w)
{
	sy_buf_text(&w->b, w->a->both ? "item,distance,from,edge,records,direction\r\n"
				      : "item,distance,from,edge,records\r\n");
}

static void csv_line(struct trace_writer *w, const struct trace_line *l)
{
	answer_csv(&w->b, l->code);
	sy_buf_byte(&w->b, ',');
	sy_buf_u64(&w->b, l->distance);
	sy_buf_byte(&w->b, ',');
	answer_csv(&w->b, l->from);
	sy_buf_byte(&w->b, ',');
	sy_buf_str(&w->b, sy_str(edge_name(l)));
	sy_buf_byte(&w->b, ',');
	put_records(&w->b, l->records, ' ');
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

static void dot_head(struct trace_writer *w)
{
	sy_buf_text(&w->b, "digraph trace {\n\trankdir=LR;\n\tnode [shape=box];\n");
}

/* Arrows point the way that the goods went; parties and places hang on the items. */
static void dot_line(struct trace_writer *w, const struct trace_line *l)
{
	static const char *const edges[] = {
	    [TRACE_ASKED] = "",
	    [TRACE_TRANSFORM] = "",
	    [TRACE_MEMBER] = "style=dotted",
	    [TRACE_CONTAIN] = "style=dashed",
	};
	static const char *const shapes[TRACE_LISTS] = {"", ", shape=ellipse", ", shape=house"};
	bool item = l->list == TRACE_ITEMS;
	bool back = item && l->direction == INDEX_BACK && l->edge != TRACE_CONTAIN;

	sy_buf_byte(&w->b, '\t');
	dot_text(&w->b, l->code);
	sy_buf_text(&w->b, " [label=");
	dot_label(&w->b, l->code);
	sy_buf_text(&w->b, shapes[l->list]);
	sy_buf_text(&w->b, item && l->edge == TRACE_ASKED ? ", style=bold];\n" : "];\n");
	if (l->from.n == 0)
		return;
	sy_buf_byte(&w->b, '\t');
	dot_text(&w->b, back ? l->code : l->from);
	sy_buf_text(&w->b, " -> ");
	dot_text(&w->b, back ? l->from : l->code);
	sy_buf_printf(&w->b, " [%s];\n", item ? edges[l->edge] : "color=gray, arrowhead=none");
}

static void dot_end(struct trace_writer *w)
{
	char detail[96];

	sy_buf_printf(&w->b, "\t// %llu items as of entry %llu\n",
		      (unsigned long long)w->written[TRACE_ITEMS], (unsigned long long)w->a->entry);
	if (cut_detail(w->a, detail, sizeof detail)) {
		sy_buf_text(&w->b, "\tlabel=");
		dot_text(&w->b, sy_str(detail));
		sy_buf_text(&w->b, ";\n");
	}
	sy_buf_text(&w->b, "}\n");
}

static void nothing(struct trace_writer *w)
{
	(void)w;
}

static void no_list(struct trace_writer *w, enum trace_list list)
{
	(void)w;
	(void)list;
}

static const struct trace_format formats[] = {
    {"json", "application/json", json_head, json_list, json_line, json_end},
    {"ndjson", "application/x-ndjson", nothing, no_list, ndjson_line, ndjson_end},
    {"csv", "text/csv; charset=utf-8", csv_head, no_list, csv_line, nothing},
    {"dot", "text/vnd.graphviz; charset=utf-8", dot_head, no_list, dot_line, dot_end},
};

const struct trace_format *trace_format_find(struct sy_str name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (sy_str_is(name, formats[i].name))
			return &formats[i];
	return name.n ? NULL : &formats[0];
}
