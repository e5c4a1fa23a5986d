/* suyuan recall answer, report: how much of what was found, and what became of it. */
#include "recall.h"
#include "recall_said.h"
#include "value.h"

/* Both say quantities of codes, one a code and unit, and take the place of what was said before. */
struct statement {
	struct app *app;
	const char *id, *type;
	struct said said;
	struct sy_json_doc doc;       /* of the case */
	const struct sy_json *before; /* what was said, or NULL */
	uint64_t record;              /* where */
	bool report, changed;
};

static const struct amount answered[] = {
    {"found", "found", "found|查获|查获数量|发现数量"},
    {"stopped", "stopped", "stopped|下架|停售数量|封存数量"},
    {"returned", "returned", "returned|退回|退回数量|召回数量"},
    {"destroyed", "destroyed", "destroyed|销毁|销毁数量"},
    {0}};
static const struct amount reported[] = {
    {"made", "made", "made|生产数量"},
    {"sold", "sold", "sold|销售数量|已售数量"},
    {"to-recall", "toRecall", "to-recall|torecall|应召回|应召回数量"},
    {"recovered", "recovered", "recovered|已召回|已召回数量"},
    {"outstanding", "outstanding", "outstanding|未召回|未召回数量"},
    {0}};

/* --- quantities ------------------------------------------------------------------------------- */

/* What was said before, the quantities of those codes and units replaced, and the others behind. */
static int put_quantities(struct statement *s, struct sy_jw *w)
{
	const struct sy_json *list = sy_json_get(&s->doc, s->before, "quantities"), *q;
	struct sy_buf new = {0};
	struct sy_jw one;

	sy_jw_key(w, "quantities");
	sy_jw_array(w);
	sy_json_each (&s->doc, list, q) {
		struct sy_str raw = sy_json_raw(&s->doc, q);
		struct quantity *now =
		    said_find(&s->said, view_text(s->app, &s->doc, sy_json_get(&s->doc, q, "code")),
			      view_text(s->app, &s->doc, sy_json_get(&s->doc, q, "uom")));
		if (now != NULL && now->put)
			continue;
		sy_buf_reset(&new);
		if (now != NULL) {
			sy_jw_init(&one, &new);
			said_put(&s->said, now, &one);
			now->put = true;
			s->changed = s->changed || !sy_str_eq(raw, sy_buf_span(&new));
			raw = sy_buf_span(&new);
		}
		sy_jw_raw(w, raw);
	}
	for (size_t i = 0; i < s->said.n; i++) {
		if (s->said.v[i].put)
			continue;
		s->changed = true;
		said_put(&s->said, &s->said.v[i], w);
	}
	sy_jw_end(w, ']');
	bool failed = new.failed;
	sy_buf_free(&new);
	return failed ? fail_memory(&s->app->fail) : RC_DONE;
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
	if (s->report)
		put_final(s, &w);
	if ((rc = put_time(s, &w)) != RC_DONE || (rc = put_quantities(s, &w)) != RC_DONE)
		return rc;
	put_text(s, &w);
	if (s->before != NULL)
		sy_jw_kv_u64(&w, "replaces", s->record);
	sy_jw_end(&w, '}');
	if (!out->failed && out->n > SY_RECORD_MAX)
		return fail(
		    &s->app->fail, RC_REFUSED,
		    "%zu batches make a record of %zu bytes, expected at most %d: say them in "
		    "the names of their lots, not of units",
		    s->said.n, out->n, SY_RECORD_MAX);
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

/* Nothing at all would count as answered, or as reported. */
static int says_something(struct statement *s)
{
	if (s->said.n > 0 || arg(s->app, "text") != NULL || arg(s->app, "final") != NULL)
		return RC_DONE;
	if (s->report)
		return fail(&s->app->fail, RC_USAGE,
			    "nothing is reported: give quantities of an --item, --text or --final");
	return fail(
	    &s->app->fail, RC_USAGE,
	    "nothing is answered: give --item with --found, 0 when none was here, or --text");
}

int cmd_recall_answer(struct app *app)
{
	struct statement s = {.app = app,
			      .id = arg_pos(app, 0),
			      .type = "RecallAnswer",
			      .said = {.amounts = answered, .path = arg_pos(app, 1)}};
	const struct sy_json *n;
	const char *me = recall_me(app);
	int rc = me != NULL ? said_read(app, &s.said) : app->fail.rc;

	if (rc == RC_DONE)
		rc = says_something(&s);
	if (rc == RC_DONE)
		rc = recall_get(app, s.id, "", &s.doc);
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
	struct statement s = {.app = app,
			      .id = arg_pos(app, 0),
			      .type = "RecallReport",
			      .said = {.amounts = reported, .path = arg_pos(app, 1)},
			      .report = true};
	int rc = said_read(app, &s.said);

	if (rc == RC_DONE)
		rc = says_something(&s);
	if (rc == RC_DONE)
		rc = recall_get(app, s.id, "", &s.doc);
	if (rc == RC_DONE)
		rc = standing(&s, sy_json_root(&s.doc), "report", "reportRecord");
	return rc == RC_DONE ? say_it(&s) : rc;
}
