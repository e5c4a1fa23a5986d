#include "api/answer.h"

#include <suyuan/time.h>

#include <stdlib.h>
#include <strings.h>

static const char json_type[] = "application/json";

enum { QUERIES_MAX = 256 }; /* that run or wait */

void answer_json(struct http_exchange *x, int status, struct sy_buf *body)
{
	if (body->failed) {
		sy_buf_free(body);
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	http_reply_buf(x, status, json_type, body);
}

enum { SHOWN = 40 };

/* The first bytes of a text that is UTF-8, whole characters only. */
static int shown(struct sy_str s)
{
	size_t n = s.n < SHOWN ? s.n : SHOWN;
	while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

static void bad_number(struct http_exchange *x, const char *name, struct sy_str got, uint64_t min,
		       uint64_t max)
{
	char detail[160];
	snprintf(detail, sizeof detail, "%s is \"%.*s\", expected a whole number from %llu to %llu",
		 name, shown(got), got.p, (unsigned long long)min, (unsigned long long)max);
	http_problem(x, 400, "malformed", detail, NULL);
}

/* A query parameter that is text; SY_ENOTFOUND, or SY_EINVAL for what is no UTF-8. */
static int query_text(struct http_exchange *x, const char *name, unsigned nth, struct sy_str *out)
{
	int err = http_query(x, name, nth, out);
	return err == SY_OK && !sy_utf8_valid(out->p, out->n, NULL) ? SY_EINVAL : err;
}

static bool bad_coding(struct http_exchange *x, const char *name)
{
	char detail[80];
	snprintf(detail, sizeof detail, "%s isn't valid percent-coded UTF-8", name);
	http_problem(x, 400, "malformed", detail, NULL);
	return false;
}

bool answer_number(struct http_exchange *x, const char *name, uint64_t fallback, uint64_t min,
		   uint64_t max, uint64_t *out)
{
	struct sy_str text;
	int err = query_text(x, name, 0, &text);
	*out = fallback;
	if (err == SY_ENOTFOUND)
		return true;
	if (err != SY_OK)
		return bad_coding(x, name);
	if (sy_str_u64(text, out) == SY_OK && *out >= min && *out <= max)
		return true;
	bad_number(x, name, text, min, max);
	return false;
}

bool answer_param(struct http_exchange *x, unsigned i, uint64_t *out)
{
	if (sy_str_u64(http_request(x)->param[i], out) == SY_OK)
		return true;
	http_problem(x, 404, "not found", "expected a whole number in the path", NULL);
	return false;
}

bool answer_text(struct http_exchange *x, const char *name, struct sy_str *out)
{
	return answer_text_nth(x, name, 0, out);
}

bool answer_text_nth(struct http_exchange *x, const char *name, unsigned nth, struct sy_str *out)
{
	int err = query_text(x, name, nth, out);
	if (err == SY_ENOTFOUND)
		*out = SY_STR("");
	return err == SY_OK || err == SY_ENOTFOUND || bad_coding(x, name);
}

/* RFC 9110, 12.5.4: "zh-CN,zh;q=0.9,en;q=0.8"; a weight that is none counts as 1. */
static double weight(struct sy_str range)
{
	const char *q = memmem(range.p, range.n, "q=", 2);
	char text[8];
	if (q == NULL)
		return 1;
	snprintf(text, sizeof text, "%.*s", (int)(range.p + range.n - q - 2), q + 2);
	return strtod(text, NULL);
}

/* The next of a list of ranges, without the blanks before it; false at the end. */
static bool next_range(struct sy_str *rest, struct sy_str *range)
{
	if (rest->n == 0)
		return false;
	const char *comma = memchr(rest->p, ',', rest->n);
	*range = (struct sy_str){rest->p, comma ? (size_t)(comma - rest->p) : rest->n};
	rest->p += range->n + (comma != NULL);
	rest->n -= range->n + (comma != NULL);
	while (range->n > 0 && (*range->p == ' ' || *range->p == '\t'))
		range->p++, range->n--;
	return true;
}

static bool begins(struct sy_str range, const char *name)
{
	size_t n = strlen(name);
	return range.n >= n && strncasecmp(range.p, name, n) == 0;
}

bool answer_in_chinese(const struct http_exchange *x)
{
	struct sy_str rest = http_header_of(x, "Accept-Language"), range;
	double best = 0;
	bool chinese = false; /* of equal weights the first one counts */
	while (next_range(&rest, &range)) {
		bool zh = begins(range, "zh");
		double q = zh || begins(range, "en") ? weight(range) : 0;
		if (q > best) {
			best = q;
			chinese = zh;
		}
	}
	return chinese;
}

bool answer_as_page(const struct http_exchange *x)
{
	struct sy_str rest = http_header_of(x, "Accept"), range;
	double page = 0, json = 0;
	while (next_range(&rest, &range)) {
		if (begins(range, "text/html"))
			page = weight(range);
		else if (begins(range, "application/json") || begins(range, "application/ld+json"))
			json = weight(range);
	}
	return page > 0 && page >= json;
}

/* --- snapshots ------------------------------------------------------------------------------- */

struct waiting {
	struct guest guest;
	struct turn turn;
	struct http_exchange *x;
	struct app *app;
	void (*go_on)(struct waiting *w); /* once the index is there */
	answer_fn read;
	bool truth; /* it reads that as well */
	answer_query_fn query;
	void *ctx;
};

static void too_many(struct http_exchange *x)
{
	http_set(x, "Retry-After", "5");
	http_problem(x, 503, "busy, try again", "too many queries wait", NULL);
}

static void run_query(struct turn *t)
{
	struct waiting *w = (struct waiting *)((char *)t - offsetof(struct waiting, turn));
	struct app *app = w->app;
	struct turns_stats now;

	turns_stats(app->queries, &now);
	/* Others wait, and it has mostly gone: one that closed one way alone may come back. */
	if (http_left(w->x) && now.waiting > 0)
		too_many(w->x);
	else
		w->query(w->x, app, w->ctx); /* and W is gone */
	atomic_fetch_sub(&app->querying, 1);
}

/* W is in the exchange's arena. */
static void begin_query(struct waiting *w)
{
	if (atomic_fetch_add(&w->app->querying, 1) >= QUERIES_MAX) {
		atomic_fetch_sub(&w->app->querying, 1);
		too_many(w->x);
		return;
	}
	w->turn.run = run_query;
	turns_add(w->app->queries, &w->turn);
}

static void read_now(struct waiting *w)
{
	struct http_exchange *x = w->x; /* W is in its arena */
	struct snapshot s = {.app = w->app};
	bool truth = w->truth;
	int err = index_read_begin(s.app->index, &s.index);
	if (!err) {
		/* After the index: truth is never behind what the index was derived from. */
		if (truth)
			err = ledger_read_begin(s.app->ledger, &s.truth);
		if (!err)
			w->read(x, &s);
		if (!err && truth)
			ledger_read_end(&s.truth);
		index_read_end(&s.index);
	}
	if (err)
		http_problem_err(x, err, NULL);
}

static void came_in(struct guest *g, int err)
{
	struct waiting *w = (struct waiting *)g;
	if (err) {
		http_set(w->x, "Retry-After", "1");
		http_problem(w->x, 503, "busy, try again",
			     "the index hasn't reached that entry yet", NULL);
	} else {
		w->go_on(w);
	}
}

/* The exchange waits until the index holds entry AT. */
static void read_at(struct waiting *now, uint64_t at)
{
	struct app *app = now->app;
	struct ledger_head head;
	ledger_head(app->ledger, &head);
	if (at >= head.entries) {
		http_problem(now->x, 404, "not found", "the ledger has no such entry yet", NULL);
		return;
	}
	struct waiting *w = sy_arena_alloc(http_arena(now->x), sizeof *w);
	if (w == NULL) {
		http_problem_err(now->x, SY_ENOMEM, NULL);
		return;
	}
	*w = *now;
	index_want(app->index, at + 1);
	later_add(app->later, &w->guest, at + 1, 10000);
}

static void answer(struct waiting *w)
{
	uint64_t at;
	if (!answer_number(w->x, "at", UINT64_MAX, 0, UINT64_MAX - 1, &at))
		return;
	if (at == UINT64_MAX || index_position(w->app->index) > at)
		w->go_on(w);
	else
		read_at(w, at);
}

void answer_from_index(struct http_exchange *x, struct app *app, answer_fn read)
{
	answer(&(struct waiting){
	    .guest.call = came_in, .x = x, .app = app, .go_on = read_now, .read = read});
}

void answer_from_truth(struct http_exchange *x, struct app *app, answer_fn read)
{
	answer(&(struct waiting){.guest.call = came_in,
				 .x = x,
				 .app = app,
				 .go_on = read_now,
				 .read = read,
				 .truth = true});
}

void answer_query(struct http_exchange *x, struct app *app, answer_query_fn run, void *ctx)
{
	struct waiting *w = sy_arena_alloc(http_arena(x), sizeof *w);
	if (w == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	*w = (struct waiting){.x = x, .app = app, .query = run, .ctx = ctx};
	w->guest.call = came_in;
	w->go_on = begin_query;
	answer(w);
}

size_t answer_memory(struct app *app)
{
	const struct config *c = &app->config;
	size_t part = (size_t)c->query_memory / QUERY_PART;

	return turns_is_large(app->queries) ? part * (QUERY_PART - 2) : part / c->query_threads;
}

bool answer_larger(struct app *app, bool too_little, int *err)
{
	if (*err || !too_little || turns_is_large(app->queries))
		return false;
	*err = turns_large(app->queries, (unsigned)app->config.query_time);
	return *err == SY_OK;
}

/* --- streams --------------------------------------------------------------------------------- */

static void cut(void *x)
{
	http_stream_cut(x);
}

void answer_stream_begin(struct http_exchange *x, struct app *app, const char *type, size_t bytes)
{
	turns_reads(app->queries, bytes, cut, x);
	http_stream_begin(x, 200, type);
}

int answer_stream_write(struct http_exchange *x, struct app *app, struct sy_str bytes)
{
	int err = http_stream_write(x, bytes);

	turns_wrote(app->queries, bytes.n);
	return err;
}

void answer_stream_end(struct http_exchange *x, struct app *app, bool whole)
{
	turns_read(app->queries);
	http_stream_end(x, whole);
}

uint64_t answer_lag(struct app *app)
{
	struct ledger_head head;
	uint64_t indexed = index_records(app->index); /* first: it only grows */
	ledger_head(app->ledger, &head);
	return head.records > indexed ? head.records - indexed : 0;
}

/* --- pieces ---------------------------------------------------------------------------------- */

void answer_time(struct sy_jw *w, const char *name, uint64_t ms)
{
	char text[SY_TIME_TEXT];
	sy_time_format(ms, text);
	sy_jw_kv_text(w, name, text);
}

void answer_day(struct sy_jw *w, const char *name, int32_t day)
{
	char text[12];
	if (day == SY_NO_DAY)
		return;
	sy_date_format(day, text);
	sy_jw_kv_text(w, name, text);
}

void answer_decimal(struct sy_jw *w, const char *name, struct sy_decimal d)
{
	char text[SY_DECIMAL_TEXT];
	sy_decimal_format(d, text);
	sy_jw_kv_text(w, name, text);
}

void answer_csv(struct sy_buf *b, struct sy_str field)
{
	bool quote = false, formula = field.n && memchr("=+-@\t\r", field.p[0], 6);
	for (size_t i = 0; i < field.n; i++) {
		char c = field.p[i];
		quote |= c == ',' || c == '"' || c == '\r' || c == '\n';
	}
	if (quote)
		sy_buf_byte(b, '"');
	if (formula)
		sy_buf_byte(b, '\'');
	if (!quote) {
		sy_buf_str(b, field);
		return;
	}
	for (size_t i = 0; i < field.n; i++) {
		if (field.p[i] == '"')
			sy_buf_byte(b, '"');
		sy_buf_byte(b, field.p[i]);
	}
	sy_buf_byte(b, '"');
}

void answer_as_of(struct sy_jw *w, const struct index_read *r)
{
	sy_jw_key(w, "asOf");
	sy_jw_object(w);
	if (r->position > 0) {
		sy_jw_kv_u64(w, "entry", r->position - 1);
		answer_time(w, "time", r->time);
	}
	sy_jw_end(w, '}');
}

bool answer_instant(struct http_exchange *x, const char *name, bool last, int64_t *out)
{
	struct sy_str text;
	char detail[96];
	if (!answer_text(x, name, &text))
		return false;
	if (text.n == 0 || sy_moment_parse(text, last, out) == SY_OK)
		return true;
	snprintf(detail, sizeof detail,
		 "%s is neither a date (2026-11-01) nor an RFC 3339 time with its zone", name);
	http_problem(x, 400, "malformed", detail, NULL);
	return false;
}
