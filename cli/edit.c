#include "edit.h"
#include "words.h"

void edit_object(struct sy_buf *out, const struct sy_json_doc *doc, const struct sy_json *v,
		 const struct edit *edits, size_t n)
{
	struct sy_arena arena = {0};
	const struct sy_json *m;
	struct sy_str key;
	struct sy_jw w;

	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_json_each (doc, v, m) {
		struct sy_str json = sy_json_raw(doc, m);
		for (size_t i = 0; i < n; i++) {
			if (sy_json_key_is(doc, m, edits[i].name))
				json = edits[i].json;
		}
		if (json.n == 0)
			continue;
		const char *name = NULL;
		if (sy_json_key(doc, m, &arena, &key) == SY_OK)
			name = sy_arena_strdup(&arena, key);
		out->failed = out->failed || name == NULL;
		sy_jw_key(&w, name != NULL ? name : "");
		sy_jw_raw(&w, json);
	}
	for (size_t i = 0; i < n; i++) {
		if (edits[i].json.n == 0 || sy_json_get(doc, v, edits[i].name) != NULL)
			continue;
		sy_jw_key(&w, edits[i].name);
		sy_jw_raw(&w, edits[i].json);
	}
	sy_jw_end(&w, '}');
	sy_arena_free(&arena);
}

const char *edit_subject(struct app *app, const char *flag)
{
	const char *at = arg_pos(app, 0), *named = arg(app, flag);

	if (at != NULL && named != NULL && strcmp(at, named) != 0)
		fail(&app->fail, RC_USAGE, "--%s %s, or %s?", flag, named, at);
	else if (at == NULL && named == NULL)
		fail(&app->fail, RC_USAGE, "which one?  Give its %s", flag);
	else
		return at != NULL ? at : named;
	return NULL;
}

int edit_names(struct app *app, struct sy_jw *w)
{
	const char *zh = arg(app, "name-zh"), *en = arg(app, "name-en"), *any = arg(app, "name");

	const char **own = app->lang == LANG_ZH ? &zh : &en;

	if (any != NULL && *own != NULL)
		return fail(&app->fail, RC_USAGE, "--name is the name in %s, and so is --name-%s",
			    words(app->lang == LANG_ZH ? "Chinese" : "English"),
			    app->lang == LANG_ZH ? "zh" : "en");
	if (any != NULL)
		*own = any;
	if (zh == NULL && en == NULL)
		return fail(&app->fail, RC_USAGE, "a name is missing: --name-zh, --name-en");
	sy_jw_key(w, "name");
	sy_jw_object(w);
	if (zh != NULL)
		sy_jw_kv_text(w, "zh", zh);
	if (en != NULL)
		sy_jw_kv_text(w, "en", en);
	sy_jw_end(w, '}');
	return RC_DONE;
}

void edit_text(struct app *app, struct sy_jw *w, const char *flag, const char *member)
{
	const char *value = arg(app, flag);

	if (value != NULL)
		sy_jw_kv_text(w, member, value);
}

void edit_texts(struct app *app, struct sy_jw *w, const char *flag, const char *member)
{
	const char *value;

	if (arg(app, flag) == NULL)
		return;
	sy_jw_key(w, member);
	sy_jw_array(w);
	for (size_t i = 0; (value = arg_nth(app, flag, i)) != NULL; i++)
		sy_jw_text(w, value);
	sy_jw_end(w, ']');
}

int edit_code(struct app *app, const char *text, struct sy_code *out)
{
	struct sy_faults faults;

	sy_faults_init(&faults, &app->arena);
	faults.chinese = app->lang == LANG_ZH;
	int err = sy_code_parse(&app->arena, sy_str(text), out, &faults, SY_NO_RECORD, "");
	if (err == SY_OK)
		return RC_DONE;
	return fail(&app->fail, RC_USAGE, "%s is not a code: %s", text,
		    faults.n > 0 ? faults.v[0].detail : words(sy_strerror(err)));
}

/* RECORD with "replaces" as in, or for, the one in force. */
static int take_place(struct app *app, const struct standing *now, struct sy_str record,
		      struct sy_buf *out)
{
	struct sy_json_doc doc, before;
	struct edit replaces = {"replaces", {"", 0}};
	char number[24];

	if (sy_json_parse(&app->arena, record, 0, &doc, NULL) != SY_OK ||
	    sy_json_parse(&app->arena, now->text, 0, &before, NULL) != SY_OK)
		return fail(&app->fail, RC_FAIL, "the record in force cannot be read");
	const struct sy_json *old = sy_json_get(&before, sy_json_root(&before), "replaces");
	if (old != NULL)
		replaces.json = sy_json_raw(&before, old);
	edit_object(out, &doc, sy_json_root(&doc), &replaces, 1);
	if (sy_str_eq(sy_buf_span(out), now->text))
		return RC_DONE;
	sy_buf_reset(out);
	snprintf(number, sizeof number, "%llu", (unsigned long long)now->record);
	replaces.json = sy_str(number);
	edit_object(out, &doc, sy_json_root(&doc), &replaces, 1);
	return out->failed ? fail_memory(&app->fail) : RC_DONE;
}

static int send_shown(struct app *app, const char *parameter, const char *value,
		      struct sy_str record)
{
	struct sent sent;
	int rc = send_one(app, record, &sent);

	if (rc != RC_DONE || arg(app, "dry-run") != NULL)
		return rc;
	out_object(&app->out, NULL);
	out_text(&app->out, parameter, value);
	sent_show(app, &sent);
	out_end(&app->out);
	return RC_DONE;
}

/* Sent again, another's record would contradict itself: it replaces what it has replaced. */
static bool said_by_another(struct app *app, const struct standing *now)
{
	struct sy_keyfile key;
	struct fail unread = app->fail;

	if (key_read(app, &key) != RC_DONE) {
		app->fail = unread; /* sending says so */
		return false;
	}
	const char *party = key_party(&app->arena, &key.vkey);
	sy_wipe(&key, sizeof key);
	return party != NULL && !sy_str_is(now->author, party);
}

static int show_standing(struct app *app, const char *parameter, const char *value,
			 const struct standing *now)
{
	out_object(&app->out, NULL);
	out_text(&app->out, parameter, value);
	out_word(&app->out, "status", "already so");
	out_u64(&app->out, "record", now->record);
	out_end(&app->out);
	return RC_DONE;
}

int edit_send(struct app *app, const struct view *v, const char *parameter, const char *value,
	      struct sy_str record)
{
	struct sy_buf changed = {0};
	struct standing now;
	bool there = false;
	int rc = RC_DONE;

	if (arg(app, "replace") != NULL && arg(app, "dry-run") == NULL) {
		rc = view_standing(app, v, parameter, value, &now);
		if (rc == RC_UNKNOWN) {
			memset(&app->fail, 0, sizeof app->fail);
			rc = RC_DONE;
		} else if (rc == RC_DONE) {
			rc = take_place(app, &now, record, &changed);
			record = sy_buf_span(&changed);
			there = rc == RC_DONE && sy_str_eq(record, now.text) &&
				said_by_another(app, &now);
		}
	}
	if (there)
		rc = show_standing(app, parameter, value, &now);
	else if (rc == RC_DONE)
		rc = send_shown(app, parameter, value, record);
	sy_buf_free(&changed);
	return rc;
}
