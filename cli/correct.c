#include "correct.h"
#include "edit.h"
#include "rowflags.h"

#define STANDING_MAX 100

struct correction {
	struct app *app;
	struct sy_code code;
	struct sy_buf right;    /* the event as it should be; empty: nothing is registered again */
	struct sy_str right_id; /* its eventID */
	uint64_t standing[STANDING_MAX]; /* records that registered the batch and stand */
	size_t n;
};

/* --- as it should be -------------------------------------------------------------------------- */

static struct sy_str event_id_of(struct app *app, struct sy_str record)
{
	struct sy_json_doc doc;
	struct sy_str id = {"", 0};

	if (sy_json_parse(&app->arena, record, 0, &doc, NULL) == SY_OK)
		sy_json_string(&doc, sy_json_get(&doc, sy_json_root(&doc), "eventID"), &app->arena,
			       &id);
	return id;
}

static int make_right(struct correction *c)
{
	struct sy_faults faults;
	struct row row;
	bool any = false;

	row_from_flags(c->app, &row);
	for (size_t i = 0; i < F_COUNT; i++)
		any = any || row.v[i].n > 0;
	if (!any)
		return RC_DONE;
	sy_faults_init(&faults, &c->app->arena);
	if (row_event(&c->app->arena, &row, &c->right, &faults, 0) != SY_OK)
		return row_faults(c->app, &faults);
	c->right_id = event_id_of(c->app, sy_buf_span(&c->right));
	return RC_DONE;
}

/* --- as it is --------------------------------------------------------------------------------- */

/* Did this record of an item's history make it, and does it stand? */
static bool stands(const struct sy_json_doc *doc, const struct sy_json *v)
{
	const struct sy_json *role = sy_json_get(doc, v, "role"),
			     *action = sy_json_get(doc, v, "action");

	if (role == NULL || sy_json_get(doc, v, "withdrawn") || sy_json_get(doc, v, "error"))
		return false;
	return sy_json_is(doc, role, "output") ||
	       (action != NULL && sy_json_is(doc, action, "ADD") &&
		(sy_json_is(doc, role, "subject") || sy_json_is(doc, role, "lot")));
}

static int find_standing(struct correction *c)
{
	struct sy_buf path = {0};
	struct sy_json_doc doc;
	const struct sy_json *v;
	int rc;

	sy_buf_text(&path, "/v1/items?code=");
	http_escape(&path, c->code.canonical);
	rc = path.failed ? fail_memory(&c->app->fail) : view_get(c->app, sy_buf_cstr(&path), &doc);
	sy_buf_free(&path);
	if (rc != RC_DONE)
		return rc;
	c->n = 0;
	sy_json_each (&doc, sy_json_get(&doc, sy_json_root(&doc), "history"), v) {
		if (c->n < STANDING_MAX && stands(&doc, v) &&
		    sy_json_u64(&doc, sy_json_get(&doc, v, "record"), &c->standing[c->n]) ==
			SY_OK &&
		    (c->n == 0 || c->standing[c->n] != c->standing[c->n - 1]))
			c->n++;
	}
	return RC_DONE;
}

/* Which of them is wrong: --record, or the only one. */
static int choose(struct correction *c, uint64_t *record)
{
	struct sy_buf all = {0};
	const char *which = arg(c->app, "record");
	int rc = RC_DONE;

	*record = c->n > 0 ? c->standing[0] : 0;
	if (which != NULL && (rc = arg_u64(c->app, "record", 0, UINT64_MAX, 0, record)) != RC_DONE)
		return rc;
	bool is = which == NULL && c->n == 1;
	for (size_t i = 0; i < c->n; i++) {
		is = is || (which != NULL && c->standing[i] == *record);
		sy_buf_printf(&all, "%s%llu", i ? ", " : "", (unsigned long long)c->standing[i]);
	}
	if (!is)
		rc = fail(&c->app->fail, RC_USAGE,
			  "%s was registered by records %.*s: which is wrong?  Give --record N",
			  arg_pos(c->app, 0), (int)all.n, all.n > 0 ? all.p : "");
	sy_buf_free(&all);
	return rc;
}

/* --- withdrawn -------------------------------------------------------------------------------- */

/* The event repeated, with the declaration behind its last member. */
static void declare(struct correction *c, struct sy_str event, struct sy_buf *out)
{
	const char *reason = arg(c->app, "reason"), *party = arg(c->app, "party");
	char time[SY_TIME_TEXT];
	struct sy_jw w;

	sy_time_format(sy_time_now(), time);
	sy_buf_put(out, event.p, event.n - 1);
	sy_buf_text(out, ",\"errorDeclaration\":");
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "declarationTime", time);
	sy_jw_kv_text(&w, "reason", reason != NULL ? reason : "incorrect_data");
	if (c->right_id.n > 0) {
		sy_jw_key(&w, "correctiveEventIDs");
		sy_jw_array(&w);
		sy_jw_string(&w, c->right_id);
		sy_jw_end(&w, ']');
	}
	if (party != NULL)
		sy_jw_kv_text(&w, "suyuan:author", party);
	sy_jw_end(&w, '}');
	sy_buf_byte(out, '}');
}

static int withdraw(struct correction *c, struct sent *sent)
{
	struct http_answer a = {0};
	struct sy_buf declaration = {0};
	uint64_t record;
	char path[64];
	int rc = choose(c, &record);

	if (rc != RC_DONE)
		return rc;
	snprintf(path, sizeof path, "/v1/records/%llu", (unsigned long long)record);
	rc = http_fetch(c->app->http, path, &a, &c->app->fail);
	struct sy_str event = sy_buf_span(&a.body);
	if (rc == RC_DONE) {
		declare(c, event, &declaration);
		rc = declaration.failed ? fail_memory(&c->app->fail)
					: send_one(c->app, sy_buf_span(&declaration), sent);
	}
	sy_buf_free(&declaration);
	http_answer_free(&a);
	return rc;
}

/* --- the command ------------------------------------------------------------------------------ */

static void show(struct correction *c, const struct sent *withdrawn, const struct sent *right)
{
	struct out *o = &c->app->out;

	out_object(o, NULL);
	out_str(o, "code", c->code.canonical);
	if (withdrawn != NULL)
		out_u64(o, "withdrawnBy", withdrawn->first);
	if (right != NULL) {
		out_str(o, "eventID", c->right_id);
		sent_show(c->app, right);
	} else if (withdrawn != NULL) {
		sent_show(c->app, withdrawn);
	}
	out_end(o);
}

/* The event as it should be stands already: an earlier run was whole. */
static bool is_right(struct correction *c)
{
	struct http_answer a = {0};
	bool is = false;
	char path[64];

	for (size_t i = 0; c->right_id.n > 0 && i < c->n && !is; i++) {
		snprintf(path, sizeof path, "/v1/records/%llu", (unsigned long long)c->standing[i]);
		is = http_fetch(c->app->http, path, &a, &c->app->fail) == RC_DONE &&
		     sy_str_eq(event_id_of(c->app, sy_buf_span(&a.body)), c->right_id);
	}
	http_answer_free(&a);
	return is;
}

static int correct(struct correction *c)
{
	struct sent withdrawn, right;
	bool dry = arg(c->app, "dry-run") != NULL, wrong = c->n > 0 && !is_right(c);
	int rc = RC_DONE;

	if (!wrong && c->right_id.n == 0)
		return fail(&c->app->fail, RC_UNKNOWN, "nothing of %s stands that could be wrong",
			    arg_pos(c->app, 0));
	if (wrong && (rc = withdraw(c, &withdrawn)) != RC_DONE)
		return rc;
	/* the batch can be registered again when the index knows that it was withdrawn */
	if (c->right_id.n > 0 && wrong && !dry)
		rc = find_standing(c);
	if (rc == RC_DONE && c->right_id.n > 0)
		rc = send_one(c->app, sy_buf_span(&c->right), &right);
	if (rc != RC_DONE && wrong && !dry)
		say("record %llu is withdrawn; what is right is not registered yet",
		    (unsigned long long)withdrawn.first);
	if (rc == RC_DONE && !dry)
		show(c, wrong ? &withdrawn : NULL, c->right_id.n > 0 ? &right : NULL);
	return rc;
}

int cmd_correct(struct app *app)
{
	struct correction c = {.app = app};
	int rc = edit_code(app, arg_pos(app, 0), &c.code);

	if (rc == RC_DONE && (rc = make_right(&c)) == RC_DONE &&
	    (rc = find_standing(&c)) == RC_DONE)
		rc = correct(&c);
	sy_buf_free(&c.right);
	return rc;
}
