/* suyuan recall open, widen, close, revoke: versions of a case. */
#include "affected.h"
#include "recall.h"
#include "value.h"

/* Options of a scope, and the record's members. */
static const char *const bounds[][2] = {{"product", "product"}, {"made-from", "madeFrom"},
					{"made-to", "madeTo"},  {"place", "place"},
					{"from", "from"},       {"to", "to"}};
#define N_BOUNDS (sizeof bounds / sizeof bounds[0])

static bool has_scope(const struct app *app)
{
	bool some = arg(app, "item") != NULL;

	for (size_t i = 0; i < N_BOUNDS; i++)
		some = some || arg(app, bounds[i][0]) != NULL;
	return some;
}

static bool same_code(struct app *app, struct sy_str text, const struct sy_code *code)
{
	struct sy_code other;

	return sy_code_parse(&app->arena, text, &other, NULL, SY_NO_RECORD, "") == SY_OK &&
	       sy_str_eq(other.canonical, code->canonical);
}

static bool is_listed(struct app *app, const struct sy_json_doc *doc, const struct sy_json *items,
		      const struct sy_code *code)
{
	const struct sy_json *v;

	sy_json_each (doc, items, v) {
		if (same_code(app, view_text(app, doc, v), code))
			return true;
	}
	return false;
}

/* The items that stood there, and those of --item that didn't; *MORE says whether there were any.
 */
static int put_items(struct app *app, const struct sy_json_doc *doc, const struct sy_json *items,
		     struct sy_buf *out, bool *more)
{
	const struct sy_json *v;
	const char *text;
	struct sy_code code;
	struct sy_jw w;
	int rc;

	sy_jw_init(&w, out);
	sy_jw_array(&w);
	sy_json_each (doc, items, v)
		sy_jw_raw(&w, sy_json_raw(doc, v));
	for (size_t i = 0; (text = arg_nth(app, "item", i)) != NULL; i++) {
		if ((rc = edit_code(app, text, &code)) != RC_DONE)
			return rc;
		if (is_listed(app, doc, items, &code))
			continue;
		sy_jw_string(&w, code.canonical);
		*more = true;
	}
	sy_jw_end(&w, ']');
	return out->failed ? fail_memory(&app->fail) : RC_DONE;
}

static struct sy_str quoted(struct app *app, struct sy_str text)
{
	struct sy_buf b = {0};
	struct sy_jw w;

	sy_jw_init(&w, &b);
	sy_jw_string(&w, text);
	struct sy_str out = sy_str(sy_arena_strdup(&app->arena, sy_buf_span(&b)));
	sy_buf_free(&b);
	return out;
}

/* SCOPE of DOC with what the options add; *MORE: it isn't what it was. */
static int put_scope(struct app *app, const struct sy_json_doc *doc, const struct sy_json *scope,
		     struct sy_buf *out, bool *more)
{
	struct edit edits[N_BOUNDS + 1];
	struct sy_buf items = {0};
	size_t n = 0;
	int rc = RC_DONE;

	for (size_t i = 0; i < N_BOUNDS && rc == RC_DONE; i++) {
		struct sy_str value;
		rc = affected_option(app, bounds[i][0], &value);
		if (rc != RC_DONE || value.n == 0)
			continue;
		edits[n++] = (struct edit){bounds[i][1], quoted(app, value)};
		*more |=
		    !sy_str_eq(view_text(app, doc, sy_json_get(doc, scope, bounds[i][1])), value);
	}
	if (rc == RC_DONE && arg(app, "item") != NULL) {
		rc = put_items(app, doc, sy_json_get(doc, scope, "items"), &items, more);
		edits[n++] = (struct edit){"items", sy_buf_span(&items)};
	}
	if (rc == RC_DONE)
		edit_object(out, doc, scope, edits, n);
	if (rc == RC_DONE && out->failed)
		rc = fail_memory(&app->fail);
	sy_buf_free(&items);
	return rc;
}

/* --- a new one -------------------------------------------------------------------------------- */

static int needed(struct app *app, const char *flag)
{
	if (arg(app, flag) != NULL)
		return RC_DONE;
	return fail(&app->fail, RC_USAGE, "--%s is missing", flag);
}

static int put_known(struct app *app, struct sy_jw *w)
{
	const char *known = arg(app, "known");
	struct sy_str time, zone;

	if (known == NULL)
		return RC_DONE;
	if (!value_time(&app->arena, sy_str(known), &time, &zone))
		return fail(&app->fail, RC_USAGE,
			    "--known %s: expected a day, or a day and time as 2026-11-01 08:30",
			    known);
	sy_jw_kv_str(w, "known", time);
	return RC_DONE;
}

/* By its GLN as everywhere else, though records name it by its URI. */
static int put_party(struct app *app, struct sy_jw *w)
{
	const char *text = arg(app, "party");

	if (text == NULL)
		return RC_DONE;
	struct sy_str party = value_party(&app->arena, sy_str(text));
	if (party.n == 0)
		return fail(&app->fail, RC_USAGE,
			    "--party %s: expected a GLN, a unified social credit code or an id",
			    text);
	sy_jw_kv_str(w, "party", party);
	return RC_DONE;
}

static int new_record(struct app *app, const char *id, struct sy_buf *out)
{
	struct sy_json_doc none;
	struct sy_buf scope = {0};
	struct sy_jw w;
	bool more = false;
	int rc;

	if ((rc = needed(app, "rule")) != RC_DONE || (rc = needed(app, "reason")) != RC_DONE ||
	    (rc = needed(app, "measures")) != RC_DONE)
		return rc;
	if (sy_json_parse(&app->arena, SY_STR("{}"), 0, &none, NULL) != SY_OK)
		return fail_memory(&app->fail);
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", "Recall");
	sy_jw_kv_text(&w, "id", id);
	edit_text(app, &w, "rule", "rule");
	edit_text(app, &w, "level", "level");
	sy_jw_kv_text(&w, "state", arg(app, "draft") != NULL ? "draft" : "open");
	if ((rc = put_party(app, &w)) != RC_DONE)
		return rc;
	if ((rc = put_scope(app, &none, sy_json_root(&none), &scope, &more)) == RC_DONE) {
		sy_jw_key(&w, "scope");
		sy_jw_raw(&w, sy_buf_span(&scope));
		edit_text(app, &w, "reason", "reason");
		edit_text(app, &w, "measures", "measures");
		if (arg(app, "mock") != NULL) {
			sy_jw_key(&w, "mock");
			sy_jw_bool(&w, true);
		}
		rc = put_known(app, &w);
	}
	sy_jw_end(&w, '}');
	sy_buf_free(&scope);
	return rc == RC_DONE && out->failed ? fail_memory(&app->fail) : rc;
}

/* A case that is there already, with STATE and what the options change. */
static int change_case(struct app *app, const char *id, const char *state)
{
	static const char *const texts[] = {"level", "reason", "measures"};
	struct sy_buf scope = {0};
	struct change c;
	bool more = false;
	int rc = change_begin(&c, app, &view_recalls, "id", id);

	if (rc == RC_DONE && state != NULL)
		rc = change_text(&c, "state", state);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0] && rc == RC_DONE; i++)
		if (arg(app, texts[i]) != NULL)
			rc = change_text(&c, texts[i], arg(app, texts[i]));
	if (rc == RC_DONE && has_scope(app)) {
		rc = put_scope(app, &c.doc, change_member(&c, "scope"), &scope, &more);
		if (rc == RC_DONE && more)
			rc = change_set(&c, "scope", &scope);
	}
	/* who speaks may be another than whose goods come back */
	if (rc == RC_DONE && c.n > 0 && change_member(&c, "party") == NULL && c.now.owner.n > 0)
		rc = change_text(&c, "party", sy_arena_strdup(&app->arena, c.now.owner));
	if (rc == RC_DONE)
		rc = change_send(&c);
	sy_buf_free(&scope);
	return rc;
}

int cmd_recall_open(struct app *app)
{
	const char *id = arg_pos(app, 0);
	struct sy_buf record = {0};
	int rc;

	if (!has_scope(app)) /* a draft says what it is about */
		return change_case(app, id, "open");
	if ((rc = new_record(app, id, &record)) == RC_DONE)
		rc = edit_send(app, &view_recalls, "id", id, sy_buf_span(&record));
	sy_buf_free(&record);
	return rc;
}

int cmd_recall_widen(struct app *app)
{
	return change_case(app, arg_pos(app, 0), NULL);
}

/* It is closed: that somebody was never told or never answered is said, and changes nothing. */
static void warn_open_ends(struct app *app, const char *id)
{
	struct sy_json_doc doc;

	if (recall_get(app, id, "/effectiveness", &doc) != RC_DONE) {
		memset(&app->fail, 0, sizeof app->fail);
		return;
	}
	uint64_t told = recall_total(&doc, "told"), untold = recall_total(&doc, "untold"),
		 answered = recall_total(&doc, "answered");
	if (untold > 0)
		say("warning: closed though %llu who have something of it were not told",
		    (unsigned long long)untold);
	if (answered < told)
		say("warning: closed though %llu of %llu who were told did not answer",
		    (unsigned long long)(told - answered), (unsigned long long)told);
}

int cmd_recall_close(struct app *app)
{
	int rc = change_case(app, arg_pos(app, 0), "closed");

	if (rc == RC_DONE && arg(app, "dry-run") == NULL)
		warn_open_ends(app, arg_pos(app, 0));
	return rc;
}

int cmd_recall_revoke(struct app *app)
{
	return change_case(app, arg_pos(app, 0), "revoked");
}
