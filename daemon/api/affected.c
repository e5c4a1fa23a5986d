/* GET /v1/affected and /v1/recalls/{id}/affected: what a recall hits, and who has it. */
#include "api/affected.h"

#include "api/items.h"
#include "recall/cases.h"

#include <suyuan/time.h>

/* --- what is asked --------------------------------------------------------------------------- */

static bool bad(struct http_exchange *x, const char *detail)
{
	http_problem(x, 400, "malformed", detail, NULL);
	return false;
}

static bool read_day(struct http_exchange *x, const char *name, int32_t *out)
{
	struct sy_str text;
	char detail[80];
	if (!answer_text(x, name, &text))
		return false;
	if (text.n == 0 || sy_date_parse(text, out) == SY_OK)
		return true;
	snprintf(detail, sizeof detail, "%s isn't a date (2026-11-01)", name);
	return bad(x, detail);
}

/* The format asked for, else the one that the client would rather have, else NDJSON. */
static bool read_format(struct affected_answer *a)
{
	struct sy_str text, accept = http_header_of(a->x, "Accept");
	if (!answer_text(a->x, "format", &text))
		return false;
	if (text.n == 0 && memmem(accept.p, accept.n, "text/csv", 8))
		text = SY_STR("csv");
	else if (text.n == 0 && memmem(accept.p, accept.n, "application/json", 16))
		text = SY_STR("json");
	a->format = affected_format_find(text);
	return a->format || bad(a->x, "format is none of ndjson, json, csv");
}

static bool wrong_kind(struct http_exchange *x, const struct sy_code *code, const char *expected)
{
	char detail[256];
	snprintf(detail, sizeof detail, "%.80s names a %s: expected %s", code->canonical.p,
		 sy_code_kind_name(code->kind), expected);
	http_problem(x, 422, "not such a code", detail, NULL);
	return false;
}

static bool read_items(struct affected_answer *a)
{
	struct recall_scope *s = &a->scope;
	if (!items_parse_codes(a->x, "code", &s->items, &s->n_items) ||
	    !items_parse_codes(a->x, "container", &s->containers, &s->n_containers))
		return false;
	for (size_t i = 0; i < s->n_items; i++)
		if (s->items[i].kind == SY_CODE_PRODUCT || s->items[i].kind == SY_CODE_PLACE ||
		    s->items[i].kind == SY_CODE_PARTY)
			return wrong_kind(
			    a->x, &s->items[i],
			    "a lot, a unit or a container; products are asked for as product=, "
			    "places and parties as place=");
	return true;
}

static bool read_product(struct affected_answer *a)
{
	struct recall_scope *s = &a->scope;
	struct sy_str text;
	struct sy_code code;
	if (!answer_text(a->x, "product", &text) || !read_day(a->x, "made-from", &s->made_from) ||
	    !read_day(a->x, "made-to", &s->made_to))
		return false;
	bool bounded = s->made_from != SY_NO_DAY || s->made_to != SY_NO_DAY;
	if (text.n == 0)
		return !bounded || bad(a->x, "made-from or made-to without product");
	if (s->made_from != SY_NO_DAY && s->made_to != SY_NO_DAY && s->made_from > s->made_to)
		return bad(a->x, "made-from is later than made-to");
	if (!items_parse_code(a->x, text, &code))
		return false;
	s->product = code.canonical;
	return sy_str_eq(code.product, code.canonical) ||
	       wrong_kind(a->x, &code, "a product's code");
}

static bool read_place(struct affected_answer *a)
{
	struct recall_scope *s = &a->scope;
	struct sy_str text;
	struct sy_code code;
	if (!answer_text(a->x, "place", &text) || !answer_instant(a->x, "from", false, &s->from) ||
	    !answer_instant(a->x, "to", true, &s->to))
		return false;
	bool bounded = s->from != INT64_MIN || s->to != INT64_MAX;
	if (text.n == 0 && s->n_containers == 0 && bounded)
		return bad(a->x, "from or to without place or container");
	if (s->from > s->to)
		return bad(a->x, "from is later than to");
	if (text.n == 0)
		return true;
	if (!items_parse_code(a->x, text, &code))
		return false;
	s->place = code.canonical;
	return code.kind == SY_CODE_PLACE || code.kind == SY_CODE_PARTY ||
	       code.scheme != SY_SCHEME_GS1 ||
	       wrong_kind(a->x, &code,
			  "a place or a party, as https://id.gs1.org/414/ or /417/ and its GLN");
}

static bool read_scope(struct affected_answer *a)
{
	const struct recall_scope *s = &a->scope;
	if (!read_items(a) || !read_product(a) || !read_place(a))
		return false;
	if (s->n_items || s->n_containers || s->product.n || s->place.n)
		return true;
	return bad(a->x, "expected code, container, product or place");
}

static bool read_depth(struct affected_answer *a)
{
	uint64_t depth;
	if (!answer_number(a->x, "depth", UINT32_MAX >> 2, 0, UINT32_MAX >> 2, &depth))
		return false;
	a->depth = (uint32_t)depth;
	return true;
}

/* --- the search ------------------------------------------------------------------------------ */

static bool stopped(void *ctx)
{
	return atomic_load(&((struct app *)ctx)->stopping);
}

/* Of a case the scope of its record in force. */
static int read_recall(struct affected_answer *a, struct index_read *r)
{
	struct index_recall recall;
	int err = case_find(r, a->recall, &recall);
	if (err)
		return err;
	a->record = recall.row.record;
	a->recall = sy_str(sy_arena_strdup(http_arena(a->x), recall.row.id));
	struct sy_str text = sy_str(sy_arena_strdup(http_arena(a->x), recall.row.payload));
	return text.n && a->recall.n ? recall_scope_read(http_arena(a->x), text, &a->scope)
				     : SY_ENOMEM;
}

static int search(struct affected_answer *a, struct index_read *r)
{
	const struct config *c = &a->app->config;
	struct affected_ask ask = {.depth = a->depth,
				   .bytes = answer_memory(a->app),
				   .ms = (unsigned)c->query_time,
				   .stopped = stopped,
				   .ctx = a->app};
	int err = a->recall.n ? read_recall(a, r) : SY_OK;
	if (err)
		return err;
	const struct recall_scope *s = &a->scope;
	a->unknown =
	    sy_arena_calloc(http_arena(a->x), s->n_items + s->n_containers + 1, sizeof *a->unknown);
	if (a->unknown == NULL)
		return SY_ENOMEM;
	err = recall_scope_find(r, s, http_arena(a->x), &ask, a->unknown, &a->n_unknown);
	bool codes_alone = a->recall.n == 0 && s->product.n == 0 && s->place.n == 0;
	if (err == SY_OK && codes_alone && ask.n_items + ask.n_containers == 0)
		return SY_ENOTFOUND;
	if (err == SY_OK && (err = affected_find(r, &ask, a->found)) == SY_OK &&
	    a->found->cut == TRACE_CUT_SIZE && !turns_is_large(a->app->queries)) {
		affected_free(a->found);
		*a->found = (struct affected){0};
		if (answer_larger(a->app, true, &err)) {
			ask.bytes = answer_memory(a->app);
			err = affected_find(r, &ask, a->found);
		}
	}
	return err;
}

static void run(struct http_exchange *x, struct app *app, void *ctx)
{
	struct affected_answer *a = ctx;
	struct affected found = {0}; /* outlives A, which is gone with its answer */
	struct index_read r;
	int err = index_read_begin(app->index, &r);
	a->found = &found;
	if (err == SY_OK) {
		err = search(a, &r);
		index_read_end(&r);
	}
	if (err)
		http_problem_err(x, err,
				 err != SY_ENOTFOUND ? NULL
				 : a->recall.n       ? "no such recall"
						     : "no record names that code");
	else
		affected_send(a);
	affected_free(&found);
}

static struct affected_answer *begin(struct http_exchange *x, void *ctx)
{
	struct affected_answer *a = sy_arena_calloc(http_arena(x), 1, sizeof *a);
	if (a == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return NULL;
	}
	a->app = ctx;
	a->x = x;
	a->scope = recall_scope_none();
	return a;
}

void handle_affected(struct http_exchange *x, void *ctx)
{
	struct affected_answer *a = begin(x, ctx);
	if (a && read_format(a) && read_depth(a) && read_scope(a))
		answer_query(x, a->app, run, a);
}

void handle_recall_affected(struct http_exchange *x, void *ctx)
{
	struct affected_answer *a = begin(x, ctx);
	if (a == NULL || !read_format(a) || !read_depth(a))
		return;
	a->recall = http_request(x)->param[0];
	answer_query(x, a->app, run, a);
}
