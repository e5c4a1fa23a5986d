/* GET /v1/trace: where things came from and where they went. */
#include "api/trace.h"

#include "api/items.h"

#include <suyuan/time.h>

/* --- what is asked --------------------------------------------------------------------------- */

static bool bad(struct http_exchange *x, const char *detail)
{
	http_problem(x, 400, "malformed", detail, NULL);
	return false;
}

static bool read_direction(struct trace_answer *a)
{
	struct sy_str text;
	if (!answer_text(a->x, "direction", &text))
		return false;
	a->both = sy_str_is(text, "both");
	a->direction = sy_str_is(text, "forward") ? INDEX_FORWARD : INDEX_BACK;
	return a->both || text.n == 0 || sy_str_is(text, "forward") || sy_str_is(text, "back") ||
	       bad(a->x, "direction is none of back, forward, both");
}

static bool read_format(struct trace_answer *a)
{
	struct sy_str text;
	if (!answer_text(a->x, "format", &text))
		return false;
	a->format = trace_format_find(text);
	return a->format || bad(a->x, "format is none of json, ndjson, csv, dot");
}

static bool read_bounds(struct trace_answer *a)
{
	uint64_t depth;
	a->from = INT64_MIN;
	a->to = INT64_MAX;
	if (!answer_number(a->x, "depth", UINT32_MAX >> 2, 0, UINT32_MAX >> 2, &depth) ||
	    !answer_instant(a->x, "from", false, &a->from) ||
	    !answer_instant(a->x, "to", true, &a->to))
		return false;
	a->depth = (uint32_t)depth;
	return a->from <= a->to || bad(a->x, "from is later than to");
}

/* --- the walk -------------------------------------------------------------------------------- */

static bool stopped(void *ctx)
{
	const struct trace_answer *a = ctx;

	return atomic_load(&a->app->stopping) || http_gone(a->x);
}

static bool helped(void *ctx, size_t n)
{
	const size_t many = 16384; /* to pay for a thread */

	return n >= many && trace_has_help(ctx);
}

static int walk_in(struct trace_answer *a, struct index_read *r, size_t bytes)
{
	const struct config *c = &a->app->config;
	unsigned n = a->both ? 2 : 1;
	struct trace_ask ask = {.direction = a->direction,
				.start = a->start,
				.n_start = a->n_start,
				.depth = a->depth,
				.from = a->from,
				.to = a->to,
				.named = true,
				.bytes = bytes / n,
				.ms = (unsigned)c->query_time / n,
				.stopped = stopped,
				.helped = helped,
				.ctx = a};
	int err = trace_walk(r, &ask, &a->found[0]);
	ask.direction = INDEX_FORWARD;
	if (err == SY_OK && a->both)
		err = trace_walk(r, &ask, &a->found[1]);
	return err;
}

static int walk(struct trace_answer *a, struct index_read *r)
{
	int err = walk_in(a, r, answer_memory(a->app));
	bool too_little = a->found[0].cut == TRACE_CUT_SIZE || a->found[1].cut == TRACE_CUT_SIZE;

	if (err == SY_OK && too_little && !turns_is_large(a->app->queries)) {
		trace_free(&a->found[0]);
		trace_free(&a->found[1]);
		if (answer_larger(a->app, true, &err))
			err = walk_in(a, r, answer_memory(a->app));
	}
	a->entry = r->position ? r->position - 1 : 0;
	a->time = r->time;
	return err;
}

/* The item that a code names: of a serial that no record names, its lot. */
static int find(struct index_read *r, const struct sy_code *code, uint64_t *id)
{
	int err = index_item_id(r, code->canonical, id);
	return err == SY_ENOTFOUND ? index_item_id(r, code->lot_code, id) : err;
}

static int find_all(struct trace_answer *a, struct index_read *r)
{
	int err = SY_OK;
	for (size_t i = 0; i < a->n_codes && err == SY_OK; i++) {
		err = find(r, &a->codes[i], &a->start[a->n_start]);
		if (err == SY_OK)
			a->n_start++;
		else if (err == SY_ENOTFOUND)
			a->unknown[a->n_unknown++] = a->codes[i].given, err = SY_OK;
	}
	return err == SY_OK && a->n_start == 0 ? SY_ENOTFOUND : err;
}

static void run(struct http_exchange *x, struct app *app, void *ctx)
{
	struct trace_answer *a = ctx;
	struct trace found[2] = {{0}}; /* outlives A, which is gone with its answer */
	struct index_read r;
	int err = index_read_begin(app->index, &r);
	a->found = found;
	if (err == SY_OK) {
		if ((err = find_all(a, &r)) == SY_OK)
			err = walk(a, &r);
		index_read_end(&r);
	}
	if (err)
		http_problem_err(x, err, err == SY_ENOTFOUND ? "no record names that code" : NULL);
	else
		trace_send(a);
	trace_free(&found[0]);
	trace_free(&found[1]);
}

static bool read_codes(struct trace_answer *a)
{
	if (!items_parse_codes(a->x, "code", &a->codes, &a->n_codes))
		return false;
	if (a->n_codes == 0)
		return bad(a->x, "code is missing");
	a->start = sy_arena_calloc(http_arena(a->x), a->n_codes, sizeof *a->start);
	a->unknown = sy_arena_calloc(http_arena(a->x), a->n_codes, sizeof *a->unknown);
	if (a->start && a->unknown)
		return true;
	http_problem_err(a->x, SY_ENOMEM, NULL);
	return false;
}

void handle_trace(struct http_exchange *x, void *ctx)
{
	struct trace_answer *a = sy_arena_calloc(http_arena(x), 1, sizeof *a);
	if (a == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	a->app = ctx;
	a->x = x;
	if (read_direction(a) && read_format(a) && read_bounds(a) && read_codes(a))
		answer_query(x, a->app, run, a);
}
