#include "trace_sums.h"

#include "edit.h"
#include "trace_tree.h"
#include "value.h"
#include "whole.h"

int sums_code(struct app *app, struct sy_buf *path, const char *name, const char *text)
{
	struct sy_code code;
	int rc = edit_code(app, text, &code);

	if (rc != RC_DONE)
		return rc;
	sy_buf_printf(path, "&%s=", name);
	http_escape(path, sy_str(text));
	return path->failed ? fail_memory(&app->fail) : RC_DONE;
}

int sums_time(struct app *app, struct sy_buf *path, const char *name)
{
	const char *given = arg(app, name);
	struct sy_str time, zone;
	char day[12];
	int32_t n;

	if (given == NULL)
		return RC_DONE;
	if (value_date(&app->arena, sy_str(given), &n) == SY_OK) {
		sy_date_format(n, day);
		time = sy_str(day);
	} else if (!value_time(&app->arena, sy_str(given), &time, &zone)) {
		return fail(&app->fail, RC_USAGE,
			    "--%s %s: expected a day, or a day and time as 2026-11-01 08:30", name,
			    given);
	}
	sy_buf_printf(path, "&%s=", name);
	http_escape(path, time);
	return RC_DONE;
}

int sums_csv(struct app *app, bool *csv)
{
	const char *format = arg(app, "format");

	*csv = format != NULL && strcmp(format, "csv") == 0;
	if (format != NULL && !*csv)
		return fail(&app->fail, RC_USAGE, "--format is csv, not %s", format);
	if (*csv && out_is_json(&app->out))
		return fail(&app->fail, RC_USAGE, "--format csv, or --json?");
	return RC_DONE;
}

int sums_cut(struct app *app, struct sy_str cut)
{
	static const char *const says[2] = {
	    "this is not all: there is more than the ledger has memory or time for",
	    "不完整：超出账本的内存或时间限额"};

	if (cut.n == 0 || sy_str_is(cut, "none"))
		return RC_DONE;
	return fail(&app->fail, RC_FAIL, "%s", sums_word(app, says));
}

struct passing {
	struct app *app;
	struct whole whole;
};

static int take(void *ctx, struct sy_str bytes)
{
	struct passing *p = ctx;

	out_bytes(&p->app->out, bytes);
	return p->app->out.failed ? RC_FAIL : whole_bytes(&p->whole, bytes);
}

static int pass_csv(struct app *app, const char *path)
{
	struct passing p = {.app = app};
	struct http_answer a = {0};
	struct sy_buf full = {0};
	int rc = trust_contact(app);

	if (rc != RC_DONE)
		return rc;
	sy_buf_text(&full, path);
	sy_buf_text(&full, "&format=csv");
	trust_at(app->trust, &full);
	whole_begin(&p.whole, "csv", &app->fail);
	rc = full.failed ? fail_memory(&app->fail)
			 : http_stream(app->http, sy_buf_cstr(&full), take, &p, &a, &app->fail);
	if (rc == RC_DONE)
		rc = whole_end(&p.whole, &a);
	if (rc == RC_DONE)
		rc = sums_cut(app, sy_str(a.cut));
	whole_free(&p.whole);
	http_answer_free(&a);
	sy_buf_free(&full);
	return rc;
}

int sums_answer(struct app *app, const char *path, bool csv, const char *needs,
		void (*show)(struct app *app, const struct sy_json_doc *doc))
{
	struct sy_json_doc doc;
	int rc;

	if (csv)
		return pass_csv(app, path);
	if ((rc = view_get(app, path, &doc)) != RC_DONE)
		return rc;
	if ((rc = view_needs(app, path, &doc, sy_json_root(&doc), needs)) != RC_DONE)
		return rc;
	if (out_is_json(&app->out))
		out_json(&app->out, NULL, sy_json_raw(&doc, sy_json_root(&doc)));
	else
		show(app, &doc);
	return sums_cut(app, view_text(app, &doc, sy_json_get(&doc, sy_json_root(&doc), "cut")));
}
