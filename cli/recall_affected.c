/*
 * suyuan recall affected: the list for people, streamed, or as the ledger tells it.
 */
#include "affected_page.h"
#include "columns.h"
#include "names.h"
#include "view.h"
#include "words.h"

/* --- for people ------------------------------------------------------------------------------- */

struct report {
	struct app *app;
	struct sy_arena arena; /* of a line */
	struct names names;
	struct sy_buf text;
	struct whole whole;
};

static void say_line(struct report *r)
{
	if (!r->text.failed)
		out_line(&r->app->out, "%s", sy_buf_cstr(&r->text));
	sy_buf_reset(&r->text);
}

static void add_part(struct report *r, const char *before, struct sy_str text)
{
	if (text.n > 0)
		sy_buf_printf(&r->text, "%s%.*s", before, (int)text.n, text.p);
}

static void add_labelled(struct report *r, enum affected_word w, struct sy_str text)
{
	if (text.n > 0)
		sy_buf_printf(&r->text, "  %s %.*s", affected_word(r->app, w), (int)text.n, text.p);
}

/* By its name, which is asked for once. */
static void add_who(struct report *r, struct sy_str party)
{
	sy_buf_text(&r->text, "    ");
	names_put(&r->names, &r->text, "/v1/parties?id=", party);
}

static void add_place(struct report *r, struct sy_str place)
{
	if (place.n == 0)
		return;
	sy_buf_text(&r->text, "  @ ");
	names_put(&r->names, &r->text, "/v1/places?id=", place);
}

static void add_product(struct report *r, struct sy_str item)
{
	struct sy_faults faults;
	struct sy_code code;

	sy_faults_init(&faults, &r->arena);
	if (sy_code_parse(&r->arena, item, &code, &faults, SY_NO_RECORD, "") == SY_OK)
		add_part(r, "  ", names_ask(&r->names, "/v1/products?code=", code.product));
}

static void show_holder(struct report *r, const struct sy_json_doc *doc, const struct sy_json *h)
{
	add_who(r, affected_text(&r->arena, doc, h, "party"));
	add_place(r, affected_text(&r->arena, doc, h, "place"));
	add_labelled(r, W_REGION, affected_text(&r->arena, doc, h, "region"));
	add_labelled(r, W_PROJECT, affected_text(&r->arena, doc, h, "project"));
	add_labelled(r, W_PART, affected_text(&r->arena, doc, h, "part"));
	say_line(r);
	sy_buf_text(&r->text, "      ");
	affected_quantities(r->app, &r->text, doc, h);
	add_labelled(r, W_SINCE, view_time(r->app, affected_text(&r->arena, doc, h, "since")));
	say_line(r);
}

static void show_item(struct report *r, const struct sy_json_doc *doc, const struct sy_json *line)
{
	const struct sy_json *holders = sy_json_get(doc, line, "holders"), *h;

	struct sy_str item = affected_text(&r->arena, doc, line, "item");

	add_part(r, "", view_short(item));
	add_product(r, item);
	add_part(r, "  ", affected_why(r->app, &r->arena, doc, line));
	say_line(r);
	sy_json_each (doc, holders, h)
		show_holder(r, doc, h);
	if (holders == NULL || holders->count == 0)
		out_line(&r->app->out, "    %s", affected_word(r->app, W_NOBODY));
}

static void show_totals(struct report *r, const struct sy_json_doc *doc, const struct sy_json *rows,
			bool parties)
{
	struct app *app = r->app;
	const struct sy_json *t;

	if (rows == NULL || rows->count == 0)
		return;
	out_line(&app->out, "%s", "");
	out_list(&app->out, NULL);
	sy_json_each (doc, rows, t) {
		struct sy_str unit = affected_text(&r->arena, doc, t, "unit");
		struct sy_str region = affected_text(&r->arena, doc, t, "region");
		out_object(&app->out, NULL);
		if (parties) {
			struct sy_str name = view_text(app, doc, sy_json_get(doc, t, "name"));
			out_str(&app->out, affected_word(app, W_PARTY),
				view_short(affected_text(&r->arena, doc, t, "party")));
			out_str(&app->out, affected_word(app, W_NAME),
				name.n > 0 ? name : SY_STR("-"));
		}
		out_str(&app->out, affected_word(app, W_REGION),
			region.n > 0 ? region : SY_STR("-"));
		if (parties)
			out_str(&app->out, affected_word(app, W_BATCHES),
				affected_text(&r->arena, doc, t, "batches"));
		for (size_t i = 0; i < W_AMOUNTS; i++)
			out_str(&app->out, affected_word(app, i),
				affected_text(&r->arena, doc, t, affected_amounts[i]));
		out_str(&app->out, affected_word(app, W_UNIT),
			unit.n > 0
			    ? unit_name(unit, false, app->lang == LANG_ZH)
			    : sy_str(affected_word(
				  app, affected_is(doc, t, "singleUnits") ? W_SINGLE : W_PIECES)));
		out_end(&app->out);
	}
	out_end(&app->out);
}

static void show_consignees(struct report *r, const struct sy_json_doc *doc,
			    const struct sy_json *all)
{
	const struct sy_json *one;

	if (all == NULL || all->count == 0)
		return;
	out_line(&r->app->out, "%s", "");
	out_line(&r->app->out, "%s",
		 r->app->lang == LANG_ZH ? "在途货物的收货方，可能已收到："
					 : "Under way to, and perhaps there:");
	sy_json_each (doc, all, one) {
		add_who(r, view_text(r->app, doc, one));
		say_line(r);
	}
}

/* Items, batches, holders, and the entry. */
static void show_counts(struct report *r, const struct sy_str n[4])
{
	if (r->app->lang == LANG_ZH)
		out_line(&r->app->out, "共 %.*s 项，%.*s 个批次，%.*s 条持有记录；截至条目 %.*s。",
			 (int)n[0].n, n[0].p, (int)n[1].n, n[1].p, (int)n[2].n, n[2].p, (int)n[3].n,
			 n[3].p);
	else
		out_line(&r->app->out,
			 "%.*s item%s, %.*s batch%s, %.*s holder%s; as of entry %.*s.", (int)n[0].n,
			 n[0].p, sy_str_is(n[0], "1") ? "" : "s", (int)n[1].n, n[1].p,
			 sy_str_is(n[1], "1") ? "" : "es", (int)n[2].n, n[2].p,
			 sy_str_is(n[2], "1") ? "" : "s", (int)n[3].n, n[3].p);
}

static void show_end(struct report *r, const struct sy_json_doc *doc, const struct sy_json *end)
{
	const struct sy_json *totals = sy_json_get(doc, end, "totals");
	struct sy_str n[4];
	static const char *const members[] = {"items", "batches", "holders", "asOf"};

	show_totals(r, doc, sy_json_get(doc, totals, "parties"), true);
	show_totals(r, doc, sy_json_get(doc, totals, "regions"), false);
	for (size_t i = 0; i < 4; i++)
		n[i] = affected_text(&r->arena, doc, end, members[i]);
	show_consignees(r, doc, sy_json_get(doc, end, "consignees"));
	out_line(&r->app->out, "%s", "");
	show_counts(r, n);
	struct sy_str undated = affected_text(&r->arena, doc, end, "undated");
	if (undated.n > 0)
		out_line(
		    &r->app->out,
		    r->app->lang == LANG_ZH
			? "其中 %.*s 项未注明生产日期，可能无关。"
			: "%.*s of them tell no day on which they were made, and may not be meant.",
		    (int)undated.n, undated.p);
	if (affected_is(doc, end, "holdersUncertain"))
		out_line(&r->app->out, "%s", words(affected_uncertain));
}

static int show_line(void *ctx, struct sy_str text)
{
	struct report *r = ctx;
	struct sy_json_doc doc;

	sy_arena_reset(&r->arena);
	if (sy_json_parse(&r->arena, text, 0, &doc, NULL) != SY_OK)
		return fail(&r->app->fail, RC_FAIL, "the answer has a line that isn't JSON");
	const struct sy_json *root = sy_json_root(&doc);
	if (whole_line(&r->whole, &doc) != RC_DONE)
		return RC_FAIL;
	if (r->whole.ended)
		show_end(r, &doc, root);
	else
		show_item(r, &doc, root);
	return r->app->out.failed ? RC_FAIL : RC_DONE;
}

static int show_report(struct app *app, struct sy_buf *path)
{
	struct report r = {.app = app, .names.app = app};
	struct lines lines = {.line = show_line, .ctx = &r};

	whole_begin(&r.whole, "ndjson", &app->fail);
	int rc = affected_stream(app, path, &r.whole, lines_take, &lines);
	lines_free(&lines);
	names_free(&r.names);
	sy_buf_free(&r.text);
	sy_arena_free(&r.arena);
	return rc;
}

/* --- the command ------------------------------------------------------------------------------ */

struct passing {
	struct app *app;
	struct whole whole;
};

static int pass_piece(void *ctx, struct sy_str piece)
{
	struct passing *p = ctx;

	out_bytes(&p->app->out, piece);
	return p->app->out.failed ? RC_FAIL : whole_bytes(&p->whole, piece);
}

static int pass_on(struct app *app, struct sy_buf *path, const char *form)
{
	struct passing p = {.app = app};

	whole_begin(&p.whole, form, &app->fail);
	int rc = affected_stream(app, path, &p.whole, pass_piece, &p);
	whole_free(&p.whole);
	return rc;
}

int cmd_recall_affected(struct app *app)
{
	const char *format = arg(app, "format");
	bool html = format != NULL && strcmp(format, "html") == 0;
	bool known =
	    html || format == NULL || strcmp(format, "ndjson") == 0 || strcmp(format, "csv") == 0;
	struct sy_buf path = {0};
	int rc;

	if (!known)
		return fail(&app->fail, RC_USAGE, "--format is ndjson, csv or html, not %s",
			    format);
	if (format != NULL && out_is_json(&app->out))
		return fail(&app->fail, RC_USAGE, "--format %s, or --json?", format);
	bool people = format == NULL && !out_is_json(&app->out);
	const char *form = people || html ? "ndjson" : format != NULL ? format : "json";
	rc = affected_path(app, form, &path);
	if (rc == RC_DONE && people)
		rc = show_report(app, &path);
	else if (rc == RC_DONE && html)
		rc = affected_page(app, &path);
	else if (rc == RC_DONE)
		rc = pass_on(app, &path, form);
	sy_buf_free(&path);
	return rc;
}

const struct flag recall_affected_flags[] = {
    {"product", "CODE", "all batches of a product", FLAG_ONE},
    {"made-from", "DAY", "of those the ones made from this day on", FLAG_ONE},
    {"made-to", "DAY", "and until this day", FLAG_ONE},
    {"place", "ID", "what was at a place, or with a party", FLAG_ONE},
    {"container", "CODE", "what lay in a container", FLAG_ONE},
    {"from", "TIME", "of place and container: from this day or time on", FLAG_ONE},
    {"to", "TIME", "and until this one", FLAG_ONE},
    {"recall", "ID", "what a recall hits", FLAG_ONE},
    {"format", "ndjson|csv|html", "a line a batch, a row a holder, or a page ready to print",
     FLAG_ONE},
    {0},
};
