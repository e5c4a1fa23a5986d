#include "nouns.h"
#include "view.h"

/* Figures that an operator looks at first; what isn't there is left out. */
static void show_metrics(struct app *app, struct sy_str text)
{
	struct sy_str line;

	out_list(&app->out, "metrics");
	while (sy_str_line(&text, &line)) {
		const char *space = memchr(line.p, ' ', line.n);
		if (line.n == 0 || line.p[0] == '#' || space == NULL ||
		    memmem(line.p, line.n, "_bucket{", 8) != NULL)
			continue;
		size_t n = (size_t)(space - line.p);
		out_object(&app->out, NULL);
		out_str(&app->out, "metric", (struct sy_str){line.p, n});
		out_str(&app->out, "value", (struct sy_str){space + 1, line.n - n - 1});
		out_end(&app->out);
	}
	out_end(&app->out);
}

static int cmd_status(struct app *app)
{
	static const char *const members[] = {"origin",  "operator",      "entries",
					      "records", "indexPosition", "time",
					      "version", "rulesVersion"};
	struct http_answer ready = {0}, metrics = {0};
	struct sy_json_doc doc;
	int rc = view_get(app, "/v1/ledger", &doc);

	if (rc == RC_DONE)
		rc = http_get(app->http, "/readyz", &ready, &app->fail);
	/* a ledger that isn't ready answers 503 and says why: that is the answer here */
	bool is_ready = rc == RC_DONE && ready.status == 200;
	if (rc != RC_DONE && ready.status != 503)
		goto out;
	out_object(&app->out, NULL);
	out_bool(&app->out, "ready", is_ready);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const struct sy_json *v = sy_json_get(&doc, sy_json_root(&doc), members[i]);
		if (v != NULL && out_is_json(&app->out))
			out_json(&app->out, members[i], sy_json_raw(&doc, v));
		else if (v != NULL)
			out_str(&app->out, members[i], view_text(app, &doc, v));
	}
	if (arg(app, "metrics") != NULL &&
	    http_fetch(app->http, "/metrics", &metrics, &app->fail) == RC_DONE)
		show_metrics(app, sy_buf_span(&metrics.body));
	out_end(&app->out);
	rc = is_ready ? RC_DONE : RC_AWAY;
out:
	http_answer_free(&ready);
	http_answer_free(&metrics);
	return rc;
}

static const struct flag status_flags[] = {
    {"metrics", NULL, "with all figures", FLAG_BOOL},
    {0},
};

const struct command admin_commands[] = {
    {"status", "", 0, 0, "is the ledger ready, and how far is it", status_flags, cmd_status,
     "suyuan admin status --ledger unix:/var/lib/suyuan/socket"},
    {0},
};
