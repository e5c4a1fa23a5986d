/*
 * suyuan export recall: the report of a recall as a page ready to print, or by holder as CSV.
 */
#include "affected_page.h"
#include "columns.h"
#include "csv.h"
#include "export.h"
#include "names.h"
#include "recall.h"
#include "recall_words.h"
#include "view.h"
#include "words.h"

struct report {
	struct app *app;
	struct page page;
	const char *id;
	struct names names;
	struct sy_json_doc one, effect; /* the case, and how well it goes */
};

static struct sy_str at(struct report *r, const struct sy_json_doc *doc, const char *path)
{
	return view_text(r->app, doc, view_at(doc, sy_json_root(doc), path));
}

static struct sy_str text_of(struct report *r, const struct sy_json_doc *doc,
			     const struct sy_json *v, const char *member)
{
	return view_text(r->app, doc, sy_json_get(doc, v, member));
}

static struct sy_str percent(struct report *r, const struct sy_json_doc *doc,
			     const struct sy_json *v, const char *member)
{
	struct sy_str n = text_of(r, doc, v, member);

	if (n.n == 0)
		return n;
	return sy_str(sy_arena_printf(&r->app->arena, "%.*s %%", (int)n.n, n.p));
}

/* --- the case --------------------------------------------------------------------------------- */

static void put_case(struct report *r)
{
	static const struct {
		const char *name, *path;
	} fields[] = {{"recall", "id"},
		      {"goods of", "party"},
		      {"rule", "recall.rule"},
		      {"level", "recall.level"},
		      {"state", "recall.state"},
		      {"mock", "recall.mock"},
		      {"reason", "recall.reason"},
		      {"measures", "recall.measures"},
		      {"codes", "recall.scope.items"},
		      {"product", "recall.scope.product"},
		      {"made from", "recall.scope.madeFrom"},
		      {"made until", "recall.scope.madeTo"},
		      {"place", "recall.scope.place"},
		      {"from", "recall.scope.from"},
		      {"until", "recall.scope.to"},
		      {"known", "known"},
		      {"opened", "opened"},
		      {"first notice", "firstNotice"},
		      {"complete", "complete"},
		      {"closed", "closed"},
		      {"record", "record"},
		      {"reported by record", "reportRecord"},
		      {"report", "report.text"}};

	struct sy_buf party = {0};

	names_put(&r->names, &party, "/v1/parties?id=", at(r, &r->one, "party"));
	page_fields_begin(&r->page);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct sy_str text = at(r, &r->one, fields[i].path);
		if (strcmp(fields[i].path, "party") == 0)
			text = sy_buf_span(&party);
		else if (strcmp(fields[i].path, "recall.state") == 0 ||
			 strcmp(fields[i].path, "recall.mock") == 0)
			text = view_word(r->app, text);
		page_field(&r->page, words(fields[i].name), view_time(r->app, text));
	}
	page_fields_end(&r->page);
	sy_buf_free(&party);
}

static void put_deadlines(struct report *r)
{
	const char *headings[] = {words("step"), words("rule"), words("due"), words("done"),
				  words("state")};
	const char *const members[] = {"step", "rule", "due", "done", "state"};
	const struct sy_json *rows = sy_json_get(&r->one, sy_json_root(&r->one), "deadlines"), *v;

	if (rows == NULL || rows->count == 0)
		return;
	page_heading(&r->page, words("Deadlines"));
	page_table_begin(&r->page, headings, 5);
	sy_json_each (&r->one, rows, v) {
		page_row_begin(&r->page);
		for (size_t i = 0; i < 5; i++) {
			struct sy_str text = text_of(r, &r->one, v, members[i]);
			page_cell(&r->page, i == 1 ? recall_deadline(r->app, text)
						   : view_time(r->app, recall_word(r->app, text)));
		}
		page_row_end(&r->page);
	}
	page_table_end(&r->page);
}

/* What was reported last: made, sold, to recall, recovered, outstanding. */
static void put_reported(struct report *r)
{
	static const char *const members[] = {"code",     "made",      "sold",
					      "toRecall", "recovered", "outstanding"};
	const char *headings[] = {words("batch"),     words("made"),      words("sold"),
				  words("to recall"), words("recovered"), words("outstanding"),
				  words("unit")};
	const struct sy_json *rows = view_at(&r->one, sy_json_root(&r->one), "report.quantities");
	const struct sy_json *v;

	if (rows == NULL || rows->count == 0)
		return;
	page_heading(&r->page, words("As reported"));
	page_table_begin(&r->page, headings, 7);
	sy_json_each (&r->one, rows, v) {
		page_row_begin(&r->page);
		page_cell(&r->page, text_of(r, &r->one, v, members[0]));
		for (size_t i = 1; i < 6; i++)
			page_number(&r->page, text_of(r, &r->one, v, members[i]));
		page_cell(&r->page,
			  unit_name(text_of(r, &r->one, v, "uom"), false, r->app->lang == LANG_ZH));
		page_row_end(&r->page);
	}
	page_table_end(&r->page);
}

/* --- how well it goes ------------------------------------------------------------------------- */

/* A row for each unit that was answered in, else one. */
typedef void (*put_fn)(struct report *r, const struct sy_json *of, const struct sy_json *q);

static void each_unit(struct report *r, const struct sy_json *of, put_fn put)
{
	const struct sy_json *all = sy_json_get(&r->effect, of, "quantities"), *q;

	sy_json_each (&r->effect, all, q)
		put(r, of, q);
	if (all == NULL || all->count == 0)
		put(r, of, NULL);
}

static const char *const effect_amounts[] = {"toRecall", "found",     "stopped",
					     "returned", "destroyed", "outstanding"};
enum { EFFECT_AMOUNTS = sizeof effect_amounts / sizeof *effect_amounts };

static struct sy_str unit_of(struct report *r, const struct sy_json *q)
{
	struct sy_str unit = text_of(r, &r->effect, q, "unit");

	if (q == NULL)
		return unit;
	return unit.n ? unit_name(unit, false, r->app->lang == LANG_ZH)
		      : sy_str(affected_word(r->app, W_PIECES));
}

static void put_effect(struct report *r, const struct sy_json *of, const struct sy_json *q)
{
	struct sy_str party = text_of(r, &r->effect, of, "party");
	struct sy_buf who = {0};

	names_put(&r->names, &who, "/v1/parties?id=", party);
	page_row_begin(&r->page);
	if (party.n == 0)
		sy_buf_str(&who, text_of(r, &r->effect, of, "region"));
	if (who.n == 0 && sy_json_get(&r->effect, of, "region") == NULL)
		sy_buf_text(&who, words("total"));
	page_cell(&r->page, sy_buf_span(&who));
	sy_buf_free(&who);
	page_number(&r->page, text_of(r, &r->effect, of, "told"));
	page_number(&r->page, text_of(r, &r->effect, of, "untold"));
	page_number(&r->page, text_of(r, &r->effect, of, "answered"));
	page_number(&r->page, percent(r, &r->effect, of, "answeredPercent"));
	for (size_t i = 0; i < EFFECT_AMOUNTS; i++)
		page_number(&r->page, text_of(r, &r->effect, q, effect_amounts[i]));
	page_number(&r->page, percent(r, &r->effect, q, "recoveredPercent"));
	page_cell(&r->page, unit_of(r, q));
	page_row_end(&r->page);
}

static void put_effects(struct report *r, const char *heading, const char *list)
{
	const char *headings[] = {heading,
				  words("told"),
				  words("not told"),
				  words("answered"),
				  words("share answered"),
				  words("to recall"),
				  words("found"),
				  words("stopped"),
				  words("returned"),
				  words("destroyed"),
				  words("outstanding"),
				  words("share recovered"),
				  words("unit")};
	const struct sy_json *root = sy_json_root(&r->effect), *v;

	page_table_begin(&r->page, headings, sizeof headings / sizeof *headings);
	sy_json_each (&r->effect, sy_json_get(&r->effect, root, list), v)
		each_unit(r, v, put_effect);
	each_unit(r, sy_json_get(&r->effect, root, "total"), put_effect);
	page_table_end(&r->page);
}

/* What a state of "closed" and a table of many rows let one overlook, in front of both. */
static void put_open_ends(struct report *r)
{
	const struct sy_json *total = sy_json_get(&r->effect, sy_json_root(&r->effect), "total"),
			     *q;
	uint64_t told = recall_total(&r->effect, "told"),
		 answered = recall_total(&r->effect, "answered"),
		 untold = recall_total(&r->effect, "untold");
	struct sy_buf b = {0};

	if (untold > 0)
		sy_buf_printf(&b, words("%llu who have something of it were not told. "),
			      (unsigned long long)untold);
	if (answered < told)
		sy_buf_printf(&b, words("%llu of %llu who were told did not answer. "),
			      (unsigned long long)(told - answered), (unsigned long long)told);
	sy_json_each (&r->effect, sy_json_get(&r->effect, total, "quantities"), q) {
		struct sy_str n = text_of(r, &r->effect, q, "outstanding"), unit = unit_of(r, q);
		if (n.n > 0 && !sy_str_is(n, "0"))
			sy_buf_printf(&b, words("Not back: %.*s %.*s. "), (int)n.n, n.p,
				      (int)unit.n, unit.p);
	}
	if (b.n > 0)
		page_warning(&r->page, sy_buf_cstr(&b));
	sy_buf_free(&b);
}

/* --- as a page, as CSV ------------------------------------------------------------------------ */

static int recall_path(struct report *r, struct sy_buf *path, const char *more)
{
	sy_buf_reset(path);
	sy_buf_text(path, "/v1/recalls/");
	http_escape(path, sy_str(r->id));
	sy_buf_text(path, more);
	return path->failed ? fail_memory(&r->app->fail) : RC_DONE;
}

static int put_page(struct report *r, struct sy_buf *path)
{
	bool whole = false;
	int rc = recall_path(r, path, "/affected?format=ndjson");

	if (rc != RC_DONE)
		return rc;
	page_begin(&r->page, r->app, words("Recall report"));
	put_open_ends(r);
	put_case(r);
	put_deadlines(r);
	put_reported(r);
	page_heading(&r->page, words("Answers"));
	put_effects(r, words("party"), "parties");
	put_effects(r, words("region"), "regions");
	if (affected_is(&r->effect, sy_json_root(&r->effect), "uncertain"))
		page_text(&r->page, words(affected_uncertain));
	rc = affected_page_list(&r->page, r->app, path, &whole);
	page_end(&r->page, whole && at(r, &r->effect, "cut").n == 0);
	page_free(&r->page);
	return rc;
}

static const char *true_or_false(const struct sy_json_doc *doc, const struct sy_json *v,
				 const char *member)
{
	return v != NULL && affected_is(doc, v, member) ? "true" : "false";
}

static void put_csv_row(struct report *r, const struct sy_json *of, const struct sy_json *q)
{
	static const char *const members[] = {"party",  "region",   "toldAt",         "answeredAt",
					      "untold", "answered", "answeredPercent"};
	struct sy_buf b = {0};

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		csv_put_text(&b, text_of(r, &r->effect, of, members[i]), ',');
		sy_buf_byte(&b, ',');
	}
	for (size_t i = 0; i < EFFECT_AMOUNTS; i++) {
		csv_put_text(&b, text_of(r, &r->effect, q, effect_amounts[i]), ',');
		sy_buf_byte(&b, ',');
	}
	csv_put_text(&b, text_of(r, &r->effect, q, "recoveredPercent"), ',');
	sy_buf_byte(&b, ',');
	csv_put_text(&b, text_of(r, &r->effect, q, "unit"), ',');
	sy_buf_printf(&b, ",%s,%s\r\n", true_or_false(&r->effect, q, "unknown"),
		      true_or_false(&r->effect, sy_json_root(&r->effect), "uncertain"));
	if (b.failed)
		fail_memory(&r->app->fail);
	out_bytes(&r->app->out, sy_buf_span(&b));
	sy_buf_free(&b);
}

static void put_csv(struct report *r)
{
	const struct sy_json *root = sy_json_root(&r->effect), *v;

	out_bytes(
	    &r->app->out,
	    SY_STR("party,region,toldAt,answeredAt,untold,answered,answeredPercent,toRecall,found,"
		   "stopped,returned,destroyed,outstanding,recoveredPercent,unit,unknown,"
		   "uncertain\r\n"));
	sy_json_each (&r->effect, sy_json_get(&r->effect, root, "parties"), v)
		each_unit(r, v, put_csv_row);
}

int cmd_export_recall(struct app *app)
{
	struct report r = {.app = app, .names.app = app, .id = arg_pos(app, 0)};
	const char *format = arg(app, "format");
	bool csv = format != NULL && strcmp(format, "csv") == 0;
	struct sy_buf path = {0};
	int rc;

	if (format != NULL && !csv && strcmp(format, "html") != 0)
		return fail(&app->fail, RC_USAGE, "--format is html or csv, not %s", format);
	if ((rc = recall_path(&r, &path, "")) == RC_DONE &&
	    (rc = view_get(app, sy_buf_cstr(&path), &r.one)) == RC_DONE &&
	    (rc = recall_path(&r, &path, "/effectiveness")) == RC_DONE)
		rc = view_get(app, sy_buf_cstr(&path), &r.effect);
	if (rc == RC_DONE)
		rc = view_needs(app, "/v1/recalls", &r.one, sy_json_root(&r.one), recall_needs);
	if (rc == RC_DONE)
		rc = view_needs(app, "/v1/recalls", &r.effect, sy_json_root(&r.effect),
				recall_effect_needs);
	if (rc == RC_DONE && csv)
		put_csv(&r);
	else if (rc == RC_DONE)
		rc = put_page(&r, &path);
	if (rc == RC_DONE)
		rc = recall_whole(app, &r.effect);
	sy_buf_free(&path);
	names_free(&r.names);
	return rc;
}
