/*
 * What a recall would hit, as a page ready to print.
 */
#include "affected_page.h"

#include "columns.h"
#include "names.h"
#include "view.h"
#include "words.h"

#include <stdlib.h>

struct list {
	struct page *page;
	struct app *app;
	struct sy_arena arena; /* of a line */
	struct names names;
	struct whole whole;
	bool list;
};

static struct sy_str unit_of(struct app *app, const struct sy_json_doc *doc,
			     const struct sy_json *t, struct sy_arena *arena)
{
	struct sy_str unit = affected_text(arena, doc, t, "unit");

	if (unit.n > 0)
		return unit_name(unit, false, app->lang == LANG_ZH);
	return sy_str(affected_word(app, affected_is(doc, t, "singleUnits") ? W_SINGLE : W_PIECES));
}

/* --- totals ----------------------------------------------------------------------------------- */

static void put_totals(struct list *l, const struct sy_json_doc *doc, const struct sy_json *rows,
		       bool parties)
{
	const char *headings[W_AMOUNTS + 5];
	const struct sy_json *t;
	size_t n = 0;

	if (rows == NULL || rows->count == 0)
		return;
	if (parties) {
		headings[n++] = affected_word(l->app, W_PARTY);
		headings[n++] = affected_word(l->app, W_NAME);
	}
	headings[n++] = affected_word(l->app, W_REGION);
	if (parties)
		headings[n++] = affected_word(l->app, W_BATCHES);
	for (size_t i = 0; i < W_AMOUNTS; i++)
		headings[n++] = affected_word(l->app, i);
	headings[n++] = affected_word(l->app, W_UNIT);
	page_table_begin(l->page, headings, n);
	sy_json_each (doc, rows, t) {
		page_row_begin(l->page);
		if (parties) {
			page_cell(l->page, view_short(affected_text(&l->arena, doc, t, "party")));
			page_cell(l->page, view_text(l->app, doc, sy_json_get(doc, t, "name")));
		}
		page_cell(l->page, affected_text(&l->arena, doc, t, "region"));
		if (parties)
			page_number(l->page, affected_text(&l->arena, doc, t, "batches"));
		for (size_t i = 0; i < W_AMOUNTS; i++)
			page_number(l->page, affected_text(&l->arena, doc, t, affected_amounts[i]));
		page_cell(l->page, unit_of(l->app, doc, t, &l->arena));
		page_row_end(l->page);
	}
	page_table_end(l->page);
}

/* Whom goods are under way to: they hold nothing yet, and are to be told all the same. */
static void put_consignees(struct list *l, const struct sy_json_doc *doc, const struct sy_json *all)
{
	const char *headings[] = {affected_word(l->app, W_PARTY), affected_word(l->app, W_NAME)};
	const struct sy_json *one;

	if (all == NULL || all->count == 0)
		return;
	page_heading(l->page, words("Under way to, and perhaps there"));
	page_table_begin(l->page, headings, 2);
	sy_json_each (doc, all, one) {
		struct sy_str party = view_text(l->app, doc, one);
		page_row_begin(l->page);
		page_cell(l->page, view_short(party));
		page_cell(l->page, names_ask(&l->names, "/v1/parties?id=", party));
		page_row_end(l->page);
	}
	page_table_end(l->page);
}

static void put_end(struct list *l, const struct sy_json_doc *doc, const struct sy_json *end)
{
	static const struct {
		const char *member, *name;
	} counts[] = {{"items", "items"},      {"batches", "batches"},
		      {"holders", "holders"},  {"undated", "without a production date"},
		      {"asOf", "as of entry"}, {"cut", "cut by"}};
	const struct sy_json *totals = sy_json_get(doc, end, "totals");

	page_heading(l->page, words("Totals"));
	page_fields_begin(l->page);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		page_field(l->page, words(counts[i].name),
			   affected_text(&l->arena, doc, end, counts[i].member));
	page_fields_end(l->page);
	if (affected_is(doc, end, "holdersUncertain"))
		page_text(l->page, words(affected_uncertain));
	put_totals(l, doc, sy_json_get(doc, totals, "parties"), true);
	put_totals(l, doc, sy_json_get(doc, totals, "regions"), false);
	put_consignees(l, doc, sy_json_get(doc, end, "consignees"));
}

/* --- the list --------------------------------------------------------------------------------- */

/* The batch and what it is: a code alone tells nobody what to look for on a shelf. */
static void put_item(struct list *l, struct sy_str item, struct sy_buf *b)
{
	struct sy_faults faults;
	struct sy_code code;

	sy_buf_str(b, view_short(item));
	sy_faults_init(&faults, &l->arena);
	if (sy_code_parse(&l->arena, item, &code, &faults, SY_NO_RECORD, "") != SY_OK)
		return;
	struct sy_str name = names_ask(&l->names, "/v1/products?code=", code.product);
	if (name.n > 0)
		sy_buf_printf(b, " · %.*s", (int)name.n, name.p);
}

static void put_where(struct list *l, const struct sy_json_doc *doc, const struct sy_json *h,
		      struct sy_buf *b)
{
	static const char *const members[] = {"region", "project", "part"};
	struct sy_str party = affected_text(&l->arena, doc, h, "party"),
		      place = affected_text(&l->arena, doc, h, "place");

	names_put(&l->names, b, "/v1/parties?id=", party);
	if (place.n > 0) {
		sy_buf_text(b, " · ");
		names_put(&l->names, b, "/v1/places?id=", place);
	}
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct sy_str text = affected_text(&l->arena, doc, h, members[i]);
		if (text.n > 0)
			sy_buf_printf(b, " · %.*s", (int)text.n, text.p);
	}
}

static void put_holder(struct list *l, const struct sy_json_doc *doc, const struct sy_json *line,
		       const struct sy_json *h)
{
	struct sy_buf b = {0};

	page_row_begin(l->page);
	put_item(l, affected_text(&l->arena, doc, line, "item"), &b);
	page_cell(l->page, sy_buf_span(&b));
	page_cell(l->page, affected_why(l->app, &l->arena, doc, line));
	sy_buf_reset(&b);
	if (h != NULL)
		put_where(l, doc, h, &b);
	page_cell(l->page, h != NULL ? sy_buf_span(&b) : sy_str(affected_word(l->app, W_NOBODY)));
	sy_buf_reset(&b);
	if (h != NULL)
		affected_quantities(l->app, &b, doc, h);
	page_cell(l->page, sy_buf_span(&b));
	page_cell(l->page, view_time(l->app, affected_text(&l->arena, doc, h, "since")));
	page_row_end(l->page);
	sy_buf_free(&b);
}

static void begin_list(struct list *l)
{
	const char *headings[] = {words("batch"), words("why"), words("who has it, where"),
				  words("how much"), affected_word(l->app, W_SINCE)};

	page_heading(l->page, words("Affected batches"));
	page_table_begin(l->page, headings, sizeof headings / sizeof *headings);
	l->list = true;
}

static int put_line(void *ctx, struct sy_str text)
{
	struct list *l = ctx;
	const struct sy_json *h, *holders;
	struct sy_json_doc doc;

	sy_arena_reset(&l->arena);
	if (sy_json_parse(&l->arena, text, 0, &doc, NULL) != SY_OK)
		return fail(&l->app->fail, RC_FAIL, "the answer has a line that isn't JSON");
	const struct sy_json *root = sy_json_root(&doc);
	if (!l->list)
		begin_list(l);
	if (whole_line(&l->whole, &doc) != RC_DONE)
		return RC_FAIL;
	if (l->whole.ended) {
		page_table_end(l->page);
		put_end(l, &doc, root);
		return RC_DONE;
	}
	holders = sy_json_get(&doc, root, "holders");
	sy_json_each (&doc, holders, h)
		put_holder(l, &doc, root, h);
	if (holders == NULL || holders->count == 0)
		put_holder(l, &doc, root, NULL);
	return l->app->out.failed ? RC_FAIL : RC_DONE;
}

int affected_page_list(struct page *page, struct app *app, struct sy_buf *path, bool *whole)
{
	struct list l = {.page = page, .app = app, .names.app = app};
	struct lines lines = {.line = put_line, .ctx = &l};

	whole_begin(&l.whole, "ndjson", &app->fail);
	int rc = affected_stream(app, path, &l.whole, lines_take, &lines);
	*whole = l.whole.ended && l.whole.cut[0] == '\0' && rc != RC_FAIL && rc != RC_AWAY;
	lines_free(&lines);
	names_free(&l.names);
	sy_arena_free(&l.arena);
	return rc;
}

int affected_page(struct app *app, struct sy_buf *path)
{
	struct page page;
	bool whole;

	page_begin(&page, app, words("What a recall would hit"));
	int rc = affected_page_list(&page, app, path, &whole);
	if (whole || rc == RC_FAIL)
		page_end(&page, whole);
	page_free(&page);
	return rc;
}
