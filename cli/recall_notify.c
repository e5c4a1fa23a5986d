/* suyuan recall notify: tells those who have it. */
#include "affected.h"
#include "recall.h"
#include "seen.h"
#include "value.h"

enum { IN_A_NOTICE = 1000 }; /* parties */

struct parties {
	struct app *app;
	struct sy_str *v; /* to be told, in the app's arena */
	size_t n, cap;
	struct seen met;  /* those, and who was told of the version in force */
	bool some;        /* has anybody something of it? */
	uint64_t version; /* of the recall that is in force */
	struct whole whole;
};

static int add(struct parties *p, struct sy_str party)
{
	uint64_t nth = p->n;

	p->some = p->some || party.n > 0;
	int err = party.n ? seen_add(&p->met, party, &nth) : SY_EDUP;

	if (err == SY_EDUP)
		return RC_DONE;
	if (err || !sy_arena_room(&p->app->arena, &p->v, &p->cap, p->n + 1, sizeof *p->v))
		return fail_memory(&p->app->fail);
	p->v[p->n++] = party;
	return RC_DONE;
}

static int read_told(struct parties *p, const char *id)
{
	const struct sy_json *m;
	struct sy_json_doc doc;
	uint64_t nth = 0;
	int rc = recall_get(p->app, id, "", &doc);

	if (rc != RC_DONE)
		return rc;
	if (sy_json_u64(&doc, sy_json_get(&doc, sy_json_root(&doc), "record"), &p->version) !=
	    SY_OK)
		return fail(&p->app->fail, RC_FAIL, "%s: an answer without its record", id);
	sy_json_each (&doc, sy_json_get(&doc, sy_json_root(&doc), "notices"), m) {
		const struct sy_json *current = sy_json_get(&doc, m, "current");
		if (current == NULL || current->type != SY_JSON_TRUE)
			continue;
		struct sy_str party = view_text(p->app, &doc, sy_json_get(&doc, m, "party"));
		if (seen_add(&p->met, party, &nth) == SY_ENOMEM)
			return fail_memory(&p->app->fail);
	}
	return RC_DONE;
}

/* Only the last line is kept. */
static int parse_line(struct parties *p, struct sy_str line, struct sy_json_doc *doc)
{
	struct sy_arena one = {0};
	int rc = RC_DONE, err = sy_json_parse(&one, line, 0, doc, NULL);

	if (err == SY_OK)
		rc = whole_line(&p->whole, doc);
	if (err == SY_OK && rc == RC_DONE && p->whole.ended) {
		char *copy = sy_arena_strdup(&p->app->arena, line);
		err = copy == NULL ? SY_ENOMEM
				   : sy_json_parse(&p->app->arena, (struct sy_str){copy, line.n}, 0,
						   doc, NULL);
	}
	sy_arena_free(&one);
	if (err == SY_ENOMEM)
		return fail_memory(&p->app->fail);
	return err == SY_OK ? rc
			    : fail(&p->app->fail, RC_FAIL, "the answer has a line that isn't JSON");
}

/* The last line of what is affected has the parties. */
static int take_line(void *ctx, struct sy_str line)
{
	struct parties *p = ctx;
	const struct sy_json *m;
	struct sy_json_doc doc;
	int rc = parse_line(p, line, &doc);

	if (rc != RC_DONE || !p->whole.ended)
		return rc;
	sy_json_each (&doc, view_at(&doc, sy_json_root(&doc), "totals.parties"), m)
		if (rc == RC_DONE)
			rc = add(p, view_text(p->app, &doc, sy_json_get(&doc, m, "party")));
	/* To whom it is under way may have it by now. */
	sy_json_each (&doc, view_at(&doc, sy_json_root(&doc), "consignees"), m)
		if (rc == RC_DONE)
			rc = add(p, view_text(p->app, &doc, m));
	return rc;
}

static int read_holders(struct parties *p, const char *id)
{
	struct lines lines = {.line = take_line, .ctx = p};
	struct sy_buf path = {0};
	int rc;

	sy_buf_text(&path, "/v1/recalls/");
	http_escape(&path, sy_str(id));
	sy_buf_text(&path, "/affected?format=ndjson");
	whole_begin(&p->whole, "ndjson", &p->app->fail);
	rc = affected_stream(p->app, &path, &p->whole, lines_take, &lines);
	if (rc == RC_UNKNOWN && p->whole.ended) { /* codes that nobody has yet */
		memset(&p->app->fail, 0, sizeof p->app->fail);
		rc = RC_DONE;
	}
	lines_free(&lines);
	sy_buf_free(&path);
	return rc;
}

static int read_named(struct parties *p)
{
	const char *text;
	int rc = RC_DONE;

	for (size_t i = 0; rc == RC_DONE && (text = arg_nth(p->app, "party", i)) != NULL; i++) {
		struct sy_str party = value_party(&p->app->arena, sy_str(text));
		if (party.n == 0)
			return fail(
			    &p->app->fail, RC_USAGE,
			    "--party %s: expected a GLN, a unified social credit code or an id",
			    text);
		rc = add(p, party);
	}
	return rc;
}

static int notice(struct parties *p, const char *id, size_t from, struct sy_str *out)
{
	struct sy_buf b = {0};
	struct sy_jw w;

	sy_jw_init(&w, &b);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", "RecallNotice");
	sy_jw_kv_text(&w, "recall", id);
	sy_jw_key(&w, "parties");
	sy_jw_array(&w);
	for (size_t i = from; i < p->n && i < from + IN_A_NOTICE; i++)
		sy_jw_string(&w, p->v[i]);
	sy_jw_end(&w, ']');
	/* To those that were told already of a smaller scope it would be the record of then. */
	sy_jw_kv_u64(&w, "version", p->version);
	edit_text(p->app, &w, "text", "text");
	sy_jw_end(&w, '}');
	*out = sy_str(sy_arena_strdup(&p->app->arena, sy_buf_span(&b)));
	int rc = b.failed || out->p == NULL ? fail_memory(&p->app->fail) : RC_DONE;
	sy_buf_free(&b);
	return rc;
}

static int send_notices(struct parties *p, const char *id)
{
	size_t n = (p->n + IN_A_NOTICE - 1) / IN_A_NOTICE;
	struct sy_str *records = sy_arena_calloc(&p->app->arena, n, sizeof *records);
	struct sent sent;
	int rc = records != NULL ? RC_DONE : fail_memory(&p->app->fail);

	for (size_t i = 0; i < n && rc == RC_DONE; i++)
		rc = notice(p, id, i * IN_A_NOTICE, &records[i]);
	if (rc != RC_DONE || (rc = send_all(p->app, records, n, &sent)) != RC_DONE ||
	    arg(p->app, "dry-run") != NULL)
		return rc;
	out_object(&p->app->out, NULL);
	out_text(&p->app->out, "id", id);
	out_u64(&p->app->out, "parties", p->n);
	sent_show(p->app, &sent);
	out_end(&p->app->out);
	return RC_DONE;
}

/* Not "already so": whoever mistyped a lot would think that all who have it were told. */
static void say_nobody(struct app *app, const char *id)
{
	out_object(&app->out, NULL);
	out_text(&app->out, "id", id);
	out_u64(&app->out, "parties", 0);
	out_word(&app->out, "status", "nobody is known to have any of it: nobody was told");
	out_end(&app->out);
}

int cmd_recall_notify(struct app *app)
{
	const char *id = arg_pos(app, 0);
	struct parties p = {.app = app};
	int rc = read_told(&p, id);

	if (rc == RC_DONE)
		rc = arg(app, "party") != NULL ? read_named(&p) : read_holders(&p, id);
	seen_free(&p.met);
	if (rc != RC_DONE)
		return rc;
	if (p.n > 0)
		return send_notices(&p, id);
	if (p.some)
		recall_unchanged(app, id);
	else
		say_nobody(app, id);
	return RC_DONE;
}
