/* suyuan recall answer, report: how much of what was found, and what became of it. */
#include "columns.h"
#include "recall.h"
#include "value.h"

/* Both say quantities of codes, one a code and unit, and take the place of what was said before. */
struct statement {
	struct app *app;
	const char *id, *type;
	const char *const (*amounts)[2]; /* options and members; ends with a NULL */
	struct sy_json_doc doc;          /* of the case */
	const struct sy_json *before;    /* what was said, or NULL */
	uint64_t record;                 /* where */
	bool changed;
};

static const char *const answered[][2] = {{"found", "found"},
					  {"stopped", "stopped"},
					  {"returned", "returned"},
					  {"destroyed", "destroyed"},
					  {NULL, NULL}};
static const char *const reported[][2] = {{"made", "made"},
					  {"sold", "sold"},
					  {"to-recall", "toRecall"},
					  {"recovered", "recovered"},
					  {"outstanding", "outstanding"},
					  {NULL, NULL}};

/* --- one quantity ----------------------------------------------------------------------------- */

static int put_amounts(struct statement *s, struct sy_jw *w)
{
	char number[SY_DECIMAL_TEXT];
	struct sy_decimal d;

	for (size_t i = 0; s->amounts[i][0] != NULL; i++) {
		const char *text = arg(s->app, s->amounts[i][0]);
		if (text == NULL)
			continue;
		if (sy_decimal_parse(value_narrow(&s->app->arena, sy_str(text)), &d) != SY_OK ||
		    d.coef < 0)
			return fail(&s->app->fail, RC_USAGE, "--%s %s: expected a number",
				    s->amounts[i][0], text);
		sy_decimal_format(d, number);
		sy_jw_key(w, s->amounts[i][1]);
		sy_jw_raw(w, sy_str(number));
	}
	return RC_DONE;
}

static bool has_amounts(const struct statement *s)
{
	for (size_t i = 0; s->amounts[i][0] != NULL; i++) {
		if (arg(s->app, s->amounts[i][0]) != NULL)
			return true;
	}
	return false;
}

/* The quantity that the options say; empty without one. */
static int quantity(struct statement *s, struct sy_code *code, struct sy_str *unit,
		    struct sy_buf *out)
{
	const char *item = arg(s->app, "item"), *text = arg(s->app, "unit");
	char keep[4];
	struct sy_jw w;
	int rc;

	*unit = SY_STR("");
	if (item == NULL && !has_amounts(s))
		return RC_DONE;
	if (item == NULL)
		return fail(&s->app->fail, RC_USAGE, "of which --item?");
	if ((rc = edit_code(s->app, item, code)) != RC_DONE)
		return rc;
	if (text != NULL) {
		const char *known = unit_code(sy_str(text), keep);
		if (known == NULL)
			return fail(&s->app->fail, RC_USAGE,
				    "--unit %s: expected a unit such as kg", text);
		*unit = sy_str(sy_arena_strdup(&s->app->arena, sy_str(known)));
	}
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_str(&w, "code", code->canonical);
	if (unit->n > 0)
		sy_jw_kv_str(&w, "uom", *unit);
	rc = put_amounts(s, &w);
	sy_jw_end(&w, '}');
	return rc == RC_DONE && out->failed ? fail_memory(&s->app->fail) : rc;
}

/* What was said before, the quantity of that code and unit replaced, or it at the end. */
static int put_quantities(struct statement *s, struct sy_jw *w)
{
	const struct sy_json *list = sy_json_get(&s->doc, s->before, "quantities"), *q;
	struct sy_buf said = {0};
	struct sy_code code;
	struct sy_str unit;
	bool there = false;
	int rc = quantity(s, &code, &unit, &said);

	sy_jw_key(w, "quantities");
	sy_jw_array(w);
	sy_json_each (&s->doc, list, q) {
		struct sy_str raw = sy_json_raw(&s->doc, q);
		if (said.n > 0 &&
		    sy_str_eq(view_text(s->app, &s->doc, sy_json_get(&s->doc, q, "code")),
			      code.canonical) &&
		    sy_str_eq(view_text(s->app, &s->doc, sy_json_get(&s->doc, q, "uom")), unit)) {
			there = true;
			s->changed = s->changed || !sy_str_eq(raw, sy_buf_span(&said));
			raw = sy_buf_span(&said);
		}
		sy_jw_raw(w, raw);
	}
	if (said.n > 0 && !there) {
		s->changed = true;
		sy_jw_raw(w, sy_buf_span(&said));
	}
	sy_jw_end(w, ']');
	sy_buf_free(&said);
	return rc;
}

/* --- the record ------------------------------------------------------------------------------- */

static int put_time(struct statement *s, struct sy_jw *w)
{
	const char *at = arg(s->app, "at");
	char now[SY_TIME_TEXT];
	struct sy_str time, zone;

	sy_time_format(sy_time_now(), now);
	time = sy_str(now);
	if (at != NULL && !value_time(&s->app->arena, sy_str(at), &time, &zone))
		return fail(&s->app->fail, RC_USAGE,
			    "--at %s: expected a day, or a day and time as 2026-11-01 08:30", at);
	sy_jw_kv_str(w, "time", time);
	return RC_DONE;
}

/* A text that stays what it was when nothing else is said. */
static void put_text(struct statement *s, struct sy_jw *w)
{
	const char *text = arg(s->app, "text");
	const struct sy_json *before = sy_json_get(&s->doc, s->before, "text");

	if (text == NULL && before != NULL) {
		sy_jw_key(w, "text");
		sy_jw_raw(w, sy_json_raw(&s->doc, before));
	} else if (text != NULL) {
		s->changed = s->changed || before == NULL || !sy_json_is(&s->doc, before, text);
		sy_jw_kv_text(w, "text", text);
	}
}

static void put_final(struct statement *s, struct sy_jw *w)
{
	const struct sy_json *before = sy_json_get(&s->doc, s->before, "final");
	bool was = before != NULL && before->type == SY_JSON_TRUE;

	if (!was && arg(s->app, "final") == NULL)
		return;
	s->changed = s->changed || !was;
	sy_jw_key(w, "final");
	sy_jw_bool(w, true);
}

static int make_record(struct statement *s, struct sy_buf *out)
{
	struct sy_jw w;
	int rc;

	s->changed = s->before == NULL;
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", s->type);
	sy_jw_kv_text(&w, "recall", s->id);
	if (s->amounts == reported)
		put_final(s, &w);
	if ((rc = put_time(s, &w)) != RC_DONE || (rc = put_quantities(s, &w)) != RC_DONE)
		return rc;
	put_text(s, &w);
	if (s->before != NULL)
		sy_jw_kv_u64(&w, "replaces", s->record);
	sy_jw_end(&w, '}');
	return out->failed ? fail_memory(&s->app->fail) : RC_DONE;
}

static int say_it(struct statement *s)
{
	struct sy_buf record = {0};
	struct sent sent;
	int rc = make_record(s, &record);

	if (rc == RC_DONE && !s->changed)
		recall_unchanged(s->app, s->id);
	else if (rc == RC_DONE)
		rc = send_one(s->app, sy_buf_span(&record), &sent);
	if (rc == RC_DONE && s->changed && arg(s->app, "dry-run") == NULL) {
		out_object(&s->app->out, NULL);
		out_text(&s->app->out, "id", s->id);
		sent_show(s->app, &sent);
		out_end(&s->app->out);
	}
	sy_buf_free(&record);
	return rc;
}

static int standing(struct statement *s, const struct sy_json *v, const char *text,
		    const char *number)
{
	s->before = sy_json_get(&s->doc, v, text);
	if (s->before != NULL &&
	    sy_json_u64(&s->doc, sy_json_get(&s->doc, v, number), &s->record) != SY_OK)
		return fail(&s->app->fail, RC_FAIL, "%s: an answer without its record", s->id);
	return RC_DONE;
}

int cmd_recall_answer(struct app *app)
{
	struct statement s = {
	    .app = app, .id = arg_pos(app, 0), .type = "RecallAnswer", .amounts = answered};
	const struct sy_json *n;
	const char *me = recall_me(app);
	int rc = me != NULL ? recall_get(app, s.id, "", &s.doc) : app->fail.rc;

	if (rc != RC_DONE)
		return rc;
	sy_json_each (&s.doc, sy_json_get(&s.doc, sy_json_root(&s.doc), "notices"), n) {
		if (rc == RC_DONE && sy_json_is(&s.doc, sy_json_get(&s.doc, n, "party"), me))
			rc = standing(&s, n, "answer", "answerRecord");
	}
	return rc == RC_DONE ? say_it(&s) : rc;
}

int cmd_recall_report(struct app *app)
{
	struct statement s = {
	    .app = app, .id = arg_pos(app, 0), .type = "RecallReport", .amounts = reported};
	int rc = recall_get(app, s.id, "", &s.doc);

	if (rc == RC_DONE)
		rc = standing(&s, sy_json_root(&s.doc), "report", "reportRecord");
	return rc == RC_DONE ? say_it(&s) : rc;
}
