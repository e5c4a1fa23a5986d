/*
 * GET /v1/events?code=&direction=back|forward|both&depth=: the events in force of all that items
 * came from and went into, for whoever hands them on.
 *
 * NDJSON, a line an event, in order of record, each once, its bytes as they are stored:
 *
 *   {"number":7,"author":"<party>","record":{…}}
 *   {"end":true,"events":N,"items":M,"erased":K,"asOf":<entry>,"cut":null}
 *
 * They are those that name one of the items, or a unit of one; and of a container that carried one
 * those of the time in which it did.  K were erased meanwhile and can't be told; what was before
 * that is as if it had never been.
 */
#include "api/answer.h"

#include "api/items.h"
#include "trace/trace.h"

#include <stdlib.h>
#include <time.h>

enum { SLICE = 256, PIECE = 64 << 10, STEPS = 1024 };

struct numbers {
	uint64_t *v;
	size_t n, cap, most;
	bool full;
};

struct events {
	struct app *app;
	struct http_exchange *x;
	struct sy_code *codes;
	size_t n_codes, n_start, n_unknown;
	uint64_t *start;
	bool back, forward;
	uint32_t depth;

	struct numbers numbers;
	enum trace_cut cut;
	uint64_t items, entries, written, erased;
	uint64_t due; /* ms, monotonic */
	struct sy_arena arena;
	struct sy_buf b;
	struct sy_buf author; /* the party of KEY */
	uint8_t key[SY_KEY_SIZE];
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool stopped(void *ctx)
{
	return atomic_load(&((struct app *)ctx)->stopping);
}

/* --- which records --------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void settle(struct numbers *s)
{
	size_t n = 0;

	if (s->n)
		qsort(s->v, s->n, sizeof *s->v, by_number);
	for (size_t i = 0; i < s->n; i++)
		if (n == 0 || s->v[n - 1] != s->v[i])
			s->v[n++] = s->v[i];
	s->n = n;
}

/* SY_EHALT when there is no room for more. */
static int add(struct numbers *s, uint64_t number)
{
	if (s->n && s->v[s->n - 1] == number)
		return SY_OK;
	if (s->n == s->cap) {
		settle(s); /* an event of a hundred lots was added a hundred times */
		size_t cap = s->n * 2 < 1024 ? 1024 : s->n * 2;
		if (cap > s->most)
			cap = s->most;
		if (cap <= s->n)
			return SY_EHALT;
		uint64_t *v = realloc(s->v, cap * sizeof *v);
		if (v == NULL)
			return SY_ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = number;
	return SY_OK;
}

/* The records of one item, of events from FROM to TO. */
static int add_history(struct events *e, struct index_read *r, uint64_t item, int64_t from,
		       int64_t to)
{
	struct item_event ev;
	int err;

	for (uint64_t at = 0; (err = index_history_next(r, item, at, &ev)) == SY_OK;
	     at = ev.record + 1) {
		bool in = !ev.error && !ev.withdrawn;
		if (in && ev.n_facts)
			in = ev.facts[0].time >= from && ev.facts[0].time <= to;
		if (in && (err = add(&e->numbers, ev.record)))
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* From when on, and until when, CHILD lay in a container by that packing. */
static int stay_of(struct index_read *r, uint64_t container, uint64_t child, uint64_t packing,
		   int64_t *from, int64_t *to)
{
	struct content c = {0};
	bool in = false;
	int err;

	*from = INT64_MAX;
	*to = INT64_MAX;
	while ((err = index_contents_next(r, container, &c)) == SY_OK) {
		if (c.record == packing && c.child == child) {
			in = true;
			*from = c.time;
		} else if (in && !c.added && (c.child == child || c.child == NO_ID)) {
			*to = c.time;
			return SY_OK;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int add_found(struct events *e, struct index_read *r, const struct trace *t)
{
	size_t walked = t->n - t->n_told;
	int64_t from, to;
	int err = SY_OK;

	for (size_t i = 0; i < t->n && err == SY_OK; i++) {
		const struct trace_item *it = &t->items[i];
		if (i % STEPS == 0 && (now_ms() >= e->due || stopped(e->app))) {
			e->cut = TRACE_CUT_TIME;
			return SY_OK;
		}
		if (i < walked)
			err = add_history(e, r, it->id, INT64_MIN, INT64_MAX);
		else if ((err = stay_of(r, it->id, t->items[it->from].id, it->records[0], &from,
					&to)) == SY_OK)
			err = add_history(e, r, it->id, from, to);
	}
	if (err != SY_EHALT)
		return err;
	e->cut = TRACE_CUT_SIZE;
	return SY_OK;
}

static int walk(struct events *e, struct index_read *r, enum index_direction d)
{
	const struct config *c = &e->app->config;
	struct trace found = {0};
	struct trace_ask ask = {.direction = d,
				.start = e->start,
				.n_start = e->n_start,
				.depth = e->depth,
				.from = INT64_MIN,
				.to = INT64_MAX,
				.bytes = answer_memory(e->app) / 2,
				.ms = (unsigned)c->query_time / 3,
				.stopped = stopped,
				.ctx = e->app};
	int err = trace_walk(r, &ask, &found);

	if (err == SY_OK) {
		e->cut = found.cut > e->cut ? found.cut : e->cut;
		e->items += found.n - found.n_told;
		err = add_found(e, r, &found);
	}
	trace_free(&found);
	return err;
}

/* --- the stream ------------------------------------------------------------------------------ */

static int flush(struct events *e)
{
	int err = e->b.failed ? SY_ENOMEM : answer_stream_write(e->x, e->app, sy_buf_span(&e->b));

	sy_buf_reset(&e->b);
	if (err == SY_OK && (now_ms() >= e->due || stopped(e->app)))
		err = SY_EBUSY;
	return err;
}

/* Who said it: thousands of records in a row are of one author. */
static int read_author(struct events *e, struct index_read *r, struct ledger_read *truth,
		       uint64_t number)
{
	struct register_key key;
	struct sy_entry entry;
	const uint8_t *bytes;
	uint64_t at;
	uint32_t position;
	int err = ledger_record_entry(truth, number, &at, &position);

	if (err == SY_OK)
		err = ledger_entry(truth, at, &bytes);
	if (err == SY_OK)
		err = sy_entry_decode(bytes, &entry, NULL);
	if (err || (e->author.n && memcmp(e->key, entry.author, sizeof e->key) == 0))
		return err;
	memcpy(e->key, entry.author, sizeof e->key);
	sy_buf_reset(&e->author);
	err = register_key(r, entry.author, &key);
	if (err == SY_OK)
		sy_buf_str(&e->author, key.party);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int write_event(struct events *e, struct index_read *r, struct ledger_read *truth,
		       uint64_t number)
{
	struct ledger_record rec;
	struct sy_jw w;
	int err;

	sy_arena_reset(&e->arena);
	err = ledger_record(truth, &e->arena, number, &rec);
	e->erased += err == SY_EGONE;
	if (err || (err = read_author(e, r, truth, number)))
		return err == SY_EGONE ? SY_OK : err;
	sy_jw_init(&w, &e->b);
	sy_jw_object(&w);
	sy_jw_kv_u64(&w, "number", number);
	sy_jw_kv_str(&w, "author", sy_buf_span(&e->author));
	sy_jw_key(&w, "record");
	sy_jw_raw(&w, rec.payload);
	sy_jw_end(&w, '}');
	sy_buf_byte(&e->b, '\n');
	e->written++;
	return SY_OK;
}

/* From *AT on; until there is a piece, which no snapshot is kept for while it is read. */
static int write_slice(struct events *e, size_t *at)
{
	size_t end = e->numbers.n - *at < SLICE ? e->numbers.n : *at + SLICE;
	struct index_read r;
	struct ledger_read truth;
	int err = index_read_begin(e->app->index, &r);

	if (err)
		return err;
	if ((err = ledger_read_begin(e->app->ledger, &truth)) == SY_OK) {
		for (; *at < end && e->b.n < PIECE && err == SY_OK; ++*at)
			err = write_event(e, &r, &truth, e->numbers.v[*at]);
		ledger_read_end(&truth);
	}
	index_read_end(&r);
	return err;
}

static void write_end(struct events *e)
{
	struct sy_jw w;

	sy_jw_init(&w, &e->b);
	sy_jw_object(&w);
	sy_jw_key(&w, "end");
	sy_jw_bool(&w, true);
	sy_jw_kv_u64(&w, "events", e->written);
	sy_jw_kv_u64(&w, "items", e->items);
	sy_jw_kv_u64(&w, "erased", e->erased);
	sy_jw_kv_u64(&w, "asOf", e->entries ? e->entries - 1 : 0);
	sy_jw_kv_text(&w, "cut", trace_cut_name(e->cut));
	sy_jw_end(&w, '}');
	sy_buf_byte(&e->b, '\n');
}

static void set_headers(struct events *e)
{
	const char *cut = trace_cut_name(e->cut);
	char text[24];

	http_set(e->x, "Suyuan-Cut", cut ? cut : "none");
	snprintf(text, sizeof text, "%zu", e->n_unknown);
	if (e->n_unknown)
		http_set(e->x, "Suyuan-Unknown", text);
}

static void send_events(struct events *e)
{
	int err = SY_OK;

	set_headers(e);
	e->due = now_ms() + e->app->config.query_stream;
	answer_stream_begin(e->x, e->app, "application/x-ndjson",
			    e->numbers.n * sizeof *e->numbers.v);
	for (size_t at = 0; at < e->numbers.n && err == SY_OK;) {
		err = write_slice(e, &at);
		if (err == SY_OK && e->b.n >= PIECE)
			err = flush(e);
	}
	write_end(e);
	if (err == SY_OK)
		err = flush(e);
	answer_stream_end(e->x, e->app, err == SY_OK);
}

/* --- what is asked --------------------------------------------------------------------------- */

static int find_starts(struct events *e, struct index_read *r)
{
	for (size_t i = 0; i < e->n_codes; i++) {
		const struct sy_code *code = &e->codes[i];
		int err = index_item_id(r, code->canonical, &e->start[e->n_start]);
		if (err == SY_ENOTFOUND && code->lot_code.n)
			err = index_item_id(r, code->lot_code, &e->start[e->n_start]);
		if (err && err != SY_ENOTFOUND)
			return err;
		e->n_start += err == SY_OK;
		e->n_unknown += err == SY_ENOTFOUND;
	}
	return e->n_start ? SY_OK : SY_ENOTFOUND;
}

static int walk_all(struct events *e, struct index_read *r)
{
	int err = SY_OK;

	e->due = now_ms() + e->app->config.query_time;
	/* To sort them takes as much again. */
	e->numbers.most = answer_memory(e->app) / 4 / sizeof *e->numbers.v;
	if (err == SY_OK && e->back)
		err = walk(e, r, INDEX_BACK);
	if (err == SY_OK && e->forward)
		err = walk(e, r, INDEX_FORWARD);
	return err;
}

static int find_events(struct events *e, struct index_read *r)
{
	int err = find_starts(e, r);

	e->entries = r->position;
	if (err == SY_OK)
		err = walk_all(e, r);
	if (answer_larger(e->app, e->cut == TRACE_CUT_SIZE, &err)) {
		e->cut = TRACE_WHOLE;
		e->items = 0;
		e->numbers.n = 0;
		err = walk_all(e, r);
	}
	settle(&e->numbers);
	return err;
}

static void run(struct http_exchange *x, struct app *app, void *ctx)
{
	struct events e = *(struct events *)ctx; /* which is gone with its answer */
	struct index_read r;
	int err = index_read_begin(app->index, &r);

	if (err == SY_OK) {
		err = find_events(&e, &r);
		index_read_end(&r);
	}
	if (err)
		http_problem_err(x, err, err == SY_ENOTFOUND ? "no record names that code" : NULL);
	else
		send_events(&e);
	free(e.numbers.v);
	sy_arena_free(&e.arena);
	sy_buf_free(&e.b);
	sy_buf_free(&e.author);
}

static bool bad(struct http_exchange *x, const char *detail)
{
	http_problem(x, 400, "malformed", detail, NULL);
	return false;
}

static bool read_question(struct events *e)
{
	struct sy_str direction;
	uint64_t depth;

	if (!answer_text(e->x, "direction", &direction) ||
	    !answer_number(e->x, "depth", UINT32_MAX >> 2, 0, UINT32_MAX >> 2, &depth) ||
	    !items_parse_codes(e->x, "code", &e->codes, &e->n_codes))
		return false;
	bool both = direction.n == 0 || sy_str_is(direction, "both");
	e->back = both || sy_str_is(direction, "back");
	e->forward = both || sy_str_is(direction, "forward");
	e->depth = (uint32_t)depth;
	if (!e->back && !e->forward)
		return bad(e->x, "direction is none of back, forward, both");
	return e->n_codes > 0 || bad(e->x, "code is missing");
}

void handle_events(struct http_exchange *x, void *ctx)
{
	struct events *e = sy_arena_calloc(http_arena(x), 1, sizeof *e);
	struct sy_str hash;

	if (http_query(x, "hash", 0, &hash) != SY_ENOTFOUND) {
		handle_event_hash(x, ctx); /* another question, with an answer of its own */
		return;
	}
	if (e == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	e->app = ctx;
	e->x = x;
	if (!read_question(e))
		return;
	e->start = sy_arena_calloc(http_arena(x), e->n_codes, sizeof *e->start);
	if (e->start)
		answer_query(x, e->app, run, e);
	else
		http_problem_err(x, SY_ENOMEM, NULL);
}
