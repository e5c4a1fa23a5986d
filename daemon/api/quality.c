/*
 * GET /v1/quality: pass rates that supervision found, beside the targets of the plan.
 *
 *   from, to     days, both within; the year so far unless they are given
 *   by           category, producer, region or year
 *   category, producer, region
 *                of these alone; a province counts with its cities
 *   format       json or csv; in CSV totals are headers (Suyuan-Total-…), never a row
 *
 * A target holds from its year on until the next one.  Rows by year are held against their year's,
 * others against that of the last day asked for.
 */
#include "api/answer.h"

#include "index/quality.h"

#include <suyuan/time.h>

#include <stdlib.h>

enum { CHINA = 8 * 60, DAY_MS = 86400000, TARGETS = 64 };

static const char *const by_names[] = {"category", "producer", "region", "year"};
enum { BYS = sizeof by_names / sizeof by_names[0] };

struct target {
	int year;
	struct sy_decimal percent;
};

struct query {
	struct http_exchange *x;
	struct quality_query q;
	int32_t from, to; /* days */
	bool csv;
};

/* --- targets --------------------------------------------------------------------------------- */

struct targets {
	struct target v[TARGETS];
	size_t n;
	uint64_t record; /* of the Rules; 0 where none are published: those the program brings */
};

static int targets_parse(struct sy_arena *arena, struct sy_str rules, struct targets *out)
{
	struct sy_json_doc doc;
	const struct sy_json *v;
	struct sy_str year, text;
	uint64_t number;
	int err = sy_json_parse(arena, rules, 0, &doc, NULL);
	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	sy_json_each (&doc, sy_json_get(&doc, sy_json_root(&doc), "targets"), v) {
		struct target *t = &out->v[out->n];
		if (out->n == TARGETS)
			break;
		if (sy_json_key(&doc, v, arena, &year) || sy_json_string(&doc, v, arena, &text))
			return SY_ENOMEM;
		if (sy_str_u64(year, &number) || sy_decimal_parse(text, &t->percent))
			continue;
		t->year = (int)number;
		out->n++;
	}
	return SY_OK;
}

static int targets_read(struct index_read *r, struct sy_arena *arena, struct targets *out)
{
	static const struct sy_str name = {"targets/quality", 15};
	struct register_row row;
	int err = register_get(r, REG_RULES, name, &row);
	*out = (struct targets){.n = 0};
	if (err == SY_OK) {
		out->record = row.record;
		return targets_parse(arena, row.payload, out);
	}
	for (size_t i = 0; i < admit_n_default_rules && err == SY_ENOTFOUND; i++) {
		struct sy_str rules = sy_str(admit_default_rules[i]);
		if (memmem(rules.p, rules.n, name.p, name.n))
			err = targets_parse(arena, rules, out);
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* NULL before the first. */
static const struct target *target_of(const struct targets *t, int year)
{
	const struct target *best = NULL;
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].year <= year && (best == NULL || t->v[i].year > best->year))
			best = &t->v[i];
	return best;
}

/* --- rates ----------------------------------------------------------------------------------- */

static int year_of(int32_t day)
{
	char text[12];
	sy_date_format(day, text);
	return atoi(text);
}

/* Percent to two places, rounded half up. */
static void rate_format(uint64_t passed, uint64_t inspected, char out[SY_DECIMAL_TEXT])
{
	uint64_t hundredths = (passed * 20000 + inspected) / (2 * inspected);
	snprintf(out, SY_DECIMAL_TEXT, "%llu.%02llu", (unsigned long long)(hundredths / 100),
		 (unsigned long long)(hundredths % 100));
}

__extension__ typedef __int128 wide;

/* Exactly, whatever the rounded rate looks like. */
static bool is_met(uint64_t passed, uint64_t inspected, struct sy_decimal percent)
{
	wide have = (wide)passed * 100, want = (wide)inspected * percent.coef;
	for (unsigned i = 0; i < percent.scale; i++)
		have *= 10;
	return have >= want;
}

/* A rate and what it is held against, as text; empty where there is none. */
struct judged {
	char rate[SY_DECIMAL_TEXT], target[SY_DECIMAL_TEXT];
	const char *met; /* "true", "false" or "" */
};

static struct judged judge(uint64_t passed, uint64_t inspected, const struct target *t)
{
	struct judged j = {.met = ""};
	if (inspected)
		rate_format(passed, inspected, j.rate);
	if (t)
		sy_decimal_format(t->percent, j.target);
	if (inspected && t)
		j.met = is_met(passed, inspected, t->percent) ? "true" : "false";
	return j;
}

struct report {
	const struct query *q;
	struct quality found;
	struct targets targets;
};

static struct judged judge_row(const struct report *r, const struct quality_row *row)
{
	bool years = r->q->q.by == BY_YEAR && row->of.n;
	int year = years ? atoi(row->of.p) : year_of(r->q->to);
	return judge(row->passed, row->inspected, target_of(&r->targets, year));
}

static struct judged judge_all(const struct report *r)
{
	return judge(r->found.passed, r->found.inspected,
		     target_of(&r->targets, year_of(r->q->to)));
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void text_or_null(struct sy_jw *w, const char *name, const char *text)
{
	sy_jw_kv_text(w, name, *text ? text : NULL);
}

static void write_counts(struct sy_jw *w, uint64_t inspected, uint64_t passed,
			 const struct judged *j)
{
	sy_jw_kv_u64(w, "inspected", inspected);
	sy_jw_kv_u64(w, "passed", passed);
	sy_jw_kv_u64(w, "failed", inspected - passed);
	text_or_null(w, "rate", j->rate);
	text_or_null(w, "target", j->target);
	sy_jw_key(w, "met");
	sy_jw_raw(w, sy_str(*j->met ? j->met : "null"));
}

static void write_targets(struct sy_jw *w, const struct targets *t)
{
	sy_jw_key(w, "targets");
	sy_jw_array(w);
	for (size_t i = 0; i < t->n; i++) {
		sy_jw_object(w);
		sy_jw_kv_u64(w, "year", (uint64_t)t->v[i].year);
		answer_decimal(w, "percent", t->v[i].percent);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
	sy_jw_key(w, "targetsRecord");
	if (t->record)
		sy_jw_u64(w, t->record);
	else
		sy_jw_null(w);
}

/* What the row is of; of a producer its name as well. */
static void write_of(struct sy_jw *w, const struct report *r, struct sy_str of,
		     struct index_read *index)
{
	struct register_row producer;
	sy_jw_key(w, by_names[r->q->q.by]);
	if (of.n)
		sy_jw_string(w, of);
	else
		sy_jw_null(w);
	if (r->q->q.by == BY_PRODUCER && of.n &&
	    register_get(index, REG_PARTY, of, &producer) == SY_OK && producer.shown.n)
		sy_jw_raw(w, producer.shown);
}

static void write_json(struct sy_buf *body, const struct report *r, struct index_read *index)
{
	struct judged all = judge_all(r);
	struct sy_jw w;
	sy_jw_init(&w, body);
	sy_jw_object(&w);
	answer_day(&w, "from", r->q->from);
	answer_day(&w, "to", r->q->to);
	sy_jw_kv_text(&w, "by", by_names[r->q->q.by]);
	sy_jw_key(&w, "rows");
	sy_jw_array(&w);
	for (size_t i = 0; i < r->found.n; i++) {
		const struct quality_row *row = &r->found.rows[i];
		struct judged j = judge_row(r, row);
		sy_jw_object(&w);
		write_of(&w, r, row->of, index);
		write_counts(&w, row->inspected, row->passed, &j);
		sy_jw_end(&w, '}');
	}
	sy_jw_end(&w, ']');
	sy_jw_key(&w, "total");
	sy_jw_object(&w);
	write_counts(&w, r->found.inspected, r->found.passed, &all);
	sy_jw_end(&w, '}');
	write_targets(&w, &r->targets);
	answer_as_of(&w, index);
	sy_jw_end(&w, '}');
}

/* --- CSV (RFC 4180) -------------------------------------------------------------------------- */

static void csv_counts(struct sy_buf *b, uint64_t inspected, uint64_t passed,
		       const struct judged *j)
{
	sy_buf_printf(b, ",%llu,%llu,%llu,%s,%s,%s\r\n", (unsigned long long)inspected,
		      (unsigned long long)passed, (unsigned long long)(inspected - passed), j->rate,
		      j->target, j->met);
}

static void total(struct http_exchange *x, const char *name, uint64_t n)
{
	char text[24];
	snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	http_set(x, name, text);
}

static void write_csv(struct sy_buf *body, const struct report *r, struct http_exchange *x)
{
	struct judged all = judge_all(r);
	sy_buf_printf(body, "%s,inspected,passed,failed,rate,target,met\r\n", by_names[r->q->q.by]);
	for (size_t i = 0; i < r->found.n; i++) {
		const struct quality_row *row = &r->found.rows[i];
		struct judged j = judge_row(r, row);
		answer_csv(body, row->of);
		csv_counts(body, row->inspected, row->passed, &j);
	}
	total(x, "Suyuan-Total-Inspected", r->found.inspected);
	total(x, "Suyuan-Total-Passed", r->found.passed);
	if (*all.rate)
		http_set(x, "Suyuan-Total-Rate", all.rate);
}

/* --- the query ------------------------------------------------------------------------------- */

static int read_report(const struct query *q, struct app *app, struct sy_buf *body)
{
	struct sy_arena arena = {0};
	struct report r = {.q = q};
	struct index_read index;
	int err = index_read_begin(app->index, &index);
	if (err)
		return err;
	if ((err = quality_count(&index, &q->q, &arena, &r.found)) == SY_OK)
		err = targets_read(&index, &arena, &r.targets);
	if (err == SY_OK && q->csv)
		write_csv(body, &r, q->x);
	else if (err == SY_OK)
		write_json(body, &r, &index);
	index_read_end(&index);
	sy_arena_free(&arena);
	return err == SY_OK && body->failed ? SY_ENOMEM : err;
}

static void run(struct http_exchange *x, struct app *app, void *ctx)
{
	const struct query *q = ctx; /* it ends with the answer */
	bool csv = q->csv;
	struct sy_buf body = {0};
	int err = read_report(q, app, &body);
	if (err) {
		sy_buf_free(&body);
		http_problem_err(x, err, NULL);
	} else if (csv) {
		http_reply_buf(x, 200, "text/csv; charset=utf-8", &body);
	} else {
		answer_json(x, 200, &body);
	}
}

static bool bad(struct http_exchange *x, const char *detail)
{
	http_problem(x, 400, "malformed", detail, NULL);
	return false;
}

/* The place of a parameter's word in a list, the first one unless it is given. */
static bool read_word(struct http_exchange *x, const char *name, const char *const *words, size_t n,
		      size_t *out, const char *expected)
{
	struct sy_str text;
	if (!answer_text(x, name, &text))
		return false;
	for (*out = 0; *out < n && text.n; (*out)++)
		if (sy_str_is(text, words[*out]))
			return true;
	*out = 0;
	return text.n == 0 || bad(x, expected);
}

static bool read_day(struct http_exchange *x, const char *name, int32_t fallback, int32_t *out)
{
	struct sy_str text;
	char detail[64];
	*out = fallback;
	if (!answer_text(x, name, &text))
		return false;
	if (text.n == 0 || sy_date_parse(text, out) == SY_OK)
		return true;
	snprintf(detail, sizeof detail, "%s: expected a day such as 2026-11-01", name);
	return bad(x, detail);
}

static bool read_period(struct query *q)
{
	int32_t today = sy_date_of(sy_time_now(), CHINA), january;
	char text[12];
	sy_date_format(today, text);
	memcpy(text + 5, "01-01", 5);
	if (sy_date_parse(sy_str(text), &january) || !read_day(q->x, "to", today, &q->to))
		return false;
	if (!read_day(q->x, "from", january < q->to ? january : q->to, &q->from))
		return false;
	if (q->from > q->to)
		return bad(q->x, "from is later than to");
	q->q.from = (int64_t)q->from * DAY_MS - (int64_t)CHINA * 60000;
	q->q.to = ((int64_t)q->to + 1) * DAY_MS - (int64_t)CHINA * 60000;
	return true;
}

static bool is_region(struct sy_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n == 6;
}

static bool read_filters(struct query *q)
{
	static const char *const formats[] = {"json", "csv"};
	struct quality_query *out = &q->q;
	size_t by, format;
	if (!read_word(q->x, "by", by_names, BYS, &by,
		       "by: expected category, producer, region or year") ||
	    !read_word(q->x, "format", formats, 2, &format, "format: expected json or csv") ||
	    !answer_text(q->x, "category", &out->category) ||
	    !answer_text(q->x, "producer", &out->producer) ||
	    !answer_text(q->x, "region", &out->region))
		return false;
	out->by = (enum quality_by)by;
	q->csv = format == 1;
	if (out->region.n == 0 || is_region(out->region))
		return true;
	return bad(q->x, "region: expected 6 digits of GB/T 2260 such as 130100");
}

void handle_quality(struct http_exchange *x, void *ctx)
{
	struct query *q = sy_arena_calloc(http_arena(x), 1, sizeof *q);
	if (q == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	q->x = x;
	if (read_period(q) && read_filters(q))
		answer_query(x, ctx, run, q);
}
