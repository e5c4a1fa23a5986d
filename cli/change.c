#include "change.h"

int change_begin(struct change *c, struct app *app, const struct view *v, const char *parameter,
		 const char *value)
{
	int rc;

	memset(c, 0, sizeof *c);
	c->app = app;
	c->parameter = parameter;
	c->value = value;
	if ((rc = view_standing(app, v, parameter, value, &c->now)) != RC_DONE)
		return rc;
	if (sy_json_parse(&app->arena, c->now.text, 0, &c->doc, NULL) != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: its record cannot be read", value);
	return RC_DONE;
}

int change_set(struct change *c, const char *member, const struct sy_buf *json)
{
	const char *copy = sy_arena_strdup(&c->app->arena, sy_buf_span(json));

	if (copy == NULL || json->failed || c->n + 1 >= CHANGE_EDITS)
		return fail_memory(&c->app->fail);
	c->edits[c->n++] = (struct edit){member, {copy, json->n}};
	return RC_DONE;
}

const struct sy_json *change_member(const struct change *c, const char *member)
{
	return sy_json_get(&c->doc, sy_json_root(&c->doc), member);
}

int change_text(struct change *c, const char *member, const char *text)
{
	const struct sy_json *now = change_member(c, member);
	struct sy_buf b = {0};
	struct sy_jw w;
	int rc;

	if (text == NULL ? now == NULL : now != NULL && sy_json_is(&c->doc, now, text))
		return RC_DONE;
	if (text != NULL) {
		sy_jw_init(&w, &b);
		sy_jw_text(&w, text);
	}
	rc = change_set(c, member, &b);
	sy_buf_free(&b);
	return rc;
}

static void show_unchanged(const struct change *c)
{
	struct out *o = &c->app->out;

	out_object(o, NULL);
	out_text(o, c->parameter, c->value);
	out_word(o, "status", "already so");
	out_u64(o, "record", c->now.record);
	out_end(o);
}

int change_send(struct change *c)
{
	struct sy_buf record = {0};
	struct sent sent;
	char number[24];
	int rc;

	if (c->n == 0) {
		show_unchanged(c);
		return RC_DONE;
	}
	snprintf(number, sizeof number, "%llu", (unsigned long long)c->now.record);
	c->edits[c->n++] = (struct edit){"replaces", sy_str(number)};
	edit_object(&record, &c->doc, sy_json_root(&c->doc), c->edits, c->n);
	rc = record.failed ? fail_memory(&c->app->fail)
			   : send_one(c->app, sy_buf_span(&record), &sent);
	if (rc == RC_DONE && arg(c->app, "dry-run") == NULL) {
		out_object(&c->app->out, NULL);
		out_text(&c->app->out, c->parameter, c->value);
		sent_show(c->app, &sent);
		out_end(&c->app->out);
	}
	sy_buf_free(&record);
	return rc;
}
