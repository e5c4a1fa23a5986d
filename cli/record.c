#include <stdlib.h>

#include "document.h"
#include "edit.h"
#include "row.h"
#include "nouns.h"
#include "words.h"

/* One submission: all of the file's records or none. */
struct lines {
	struct sy_buf text, flat; /* the file; a document's events, a line each */
	struct sy_str *v;
	size_t n;
};

/* A document's events, a line each. */
static int flatten(struct app *app, struct lines *l, struct sy_str text)
{
	const struct sy_json *v;
	struct sy_json_fault why;
	struct document d;
	struct sy_json_doc doc;

	if (sy_json_parse(&app->arena, text, 0, &doc, &why) != SY_OK)
		return fail(&app->fail, RC_REFUSED, "%s: byte %zu: %s: %s", arg_pos(app, 0),
			    why.offset + 1, words(sy_strerror(why.err)), words(why.detail));
	if (!document_open(&d, &doc))
		return fail(&app->fail, RC_REFUSED, "%s: has no list of events", arg_pos(app, 0));
	if (d.master_data)
		say("%s: its master data is left out: events alone are sent", arg_pos(app, 0));
	while ((v = document_next(&d)) != NULL) {
		if (v->type == SY_JSON_OBJECT)
			document_event(&l->flat, &d, &doc, v, NULL);
		else
			json_compact(&l->flat, sy_json_raw(&doc, v));
		sy_buf_byte(&l->flat, '\n');
	}
	return l->flat.failed ? fail_memory(&app->fail) : RC_DONE;
}

static int split(struct app *app, struct lines *l)
{
	struct sy_str rest = sy_buf_span(&l->text), line;
	int rc = RC_DONE;
	size_t n = 1;

	if (rest.n >= 3 && memcmp(rest.p, "\xef\xbb\xbf", 3) == 0)
		rest.p += 3, rest.n -= 3;
	if (document_is(rest)) {
		if ((rc = flatten(app, l, rest)) != RC_DONE)
			return rc;
		rest = sy_buf_span(&l->flat);
	}
	for (size_t i = 0; i < rest.n; i++)
		n += rest.p[i] == '\n';
	if ((l->v = calloc(n, sizeof *l->v)) == NULL)
		return fail_memory(&app->fail);
	while (sy_str_line(&rest, &line)) {
		if (line.n > 0)
			l->v[l->n++] = line;
	}
	if (l->n == 0)
		return fail(&app->fail, RC_FAIL, "%s: no record in it", arg_pos(app, 0));
	if (l->n > SY_RECORDS_MAX)
		return fail(&app->fail, RC_FAIL, "%s: more than %d records; split the file",
			    arg_pos(app, 0), SY_RECORDS_MAX);
	return RC_DONE;
}

static void lines_free(struct lines *l)
{
	free(l->v);
	sy_buf_free(&l->text);
	sy_buf_free(&l->flat);
}

/* Every fault of every line, before anything is sent. */
static int check(struct app *app, const struct lines *l, const char *then)
{
	int rc = RC_DONE;

	for (size_t i = 0; i < l->n; i++) {
		if (record_check(app, l->v[i]) == RC_DONE)
			continue;
		say("record %zu: %s", i + 1, app->fail.text);
		memset(&app->fail, 0, sizeof app->fail);
		rc = RC_REFUSED;
	}
	return rc == RC_DONE ? rc : fail(&app->fail, rc, "%s", words(then));
}

static int submit(struct app *app, const struct lines *l)
{
	struct sy_keyfile key;
	struct sy_faults faults;
	struct sent sent;
	int rc = key_read(app, &key);

	if (rc != RC_DONE)
		return rc;
	if ((rc = trust_contact(app)) == RC_DONE) {
		struct sender s = {app->http, app->trust, &key};
		sy_faults_init(&faults, &app->arena);
		rc = send_records(&s, l->v, l->n, &sent, &faults, &app->fail);
		for (size_t i = 0; i < faults.n; i++) {
			const struct sy_fault *v = &faults.v[i];
			say("record %ld: %s%s%s%s", v->record + 1,
			    v->status ? "" : words("warning: "), v->pointer,
			    v->pointer[0] ? words(": ") : "", v->detail);
		}
	}
	sy_wipe(&key, sizeof key);
	if (rc != RC_DONE)
		return rc;
	out_object(&app->out, NULL);
	sent_show(app, &sent);
	out_end(&app->out);
	return RC_DONE;
}

static int cmd_submit(struct app *app)
{
	struct lines l = {0};
	int rc = file_read(arg_pos(app, 0), SY_BODY_RECORDS_MAX, &l.text, &app->fail);

	if (rc == RC_DONE && (rc = split(app, &l)) == RC_DONE &&
	    (rc = check(app, &l, "nothing was sent")) == RC_DONE) {
		if (arg(app, "dry-run") != NULL)
			say("%zu records are sound; nothing was sent", l.n);
		else
			rc = submit(app, &l);
	}
	lines_free(&l);
	return rc;
}

/* --- event hashes ----------------------------------------------------------------------------- */

static int hash_one(struct app *app, const struct lines *l, size_t i, bool whole)
{
	struct sy_arena arena = {0};
	struct sy_buf text = {0};
	char hash[SY_EVENT_HASH_TEXT];
	struct sy_json_doc doc;
	int err = sy_json_parse(&arena, l->v[i], 0, &doc, NULL);

	if (err == SY_OK)
		err = sy_event_hash(&arena, &doc, hash);
	if (err == SY_OK && whole)
		err = sy_event_prehash(&arena, &doc, &text);
	if (err == SY_OK && out_is_json(&app->out)) {
		struct sy_str id =
		    view_text(app, &doc, sy_json_get(&doc, sy_json_root(&doc), "eventID"));
		out_object(&app->out, NULL);
		out_text(&app->out, "hash", hash);
		if (id.n > 0)
			out_str(&app->out, "eventID", id);
		if (whole)
			out_str(&app->out, "prehash", sy_buf_span(&text));
		out_end(&app->out);
	} else if (err == SY_OK) {
		struct sy_buf clean = {0};
		text_clean(&clean, sy_buf_span(&text));
		out_line(&app->out, "%s%s%.*s", hash, whole ? " " : "", (int)clean.n,
			 whole ? clean.p : "");
		sy_buf_free(&clean);
	}
	sy_buf_free(&text);
	sy_arena_free(&arena);
	if (err == SY_EINVAL)
		return fail(&app->fail, RC_REFUSED, "record %zu is no EPCIS event", i + 1);
	return err == SY_OK ? RC_DONE : fail_memory(&app->fail);
}

static int cmd_hash(struct app *app)
{
	struct lines l = {0};
	int rc = file_read(arg_pos(app, 0), SY_BODY_RECORDS_MAX, &l.text, &app->fail);

	if (rc == RC_DONE && (rc = split(app, &l)) == RC_DONE &&
	    (rc = check(app, &l, "nothing is hashed")) == RC_DONE) {
		out_list(&app->out, NULL);
		for (size_t i = 0; i < l.n && rc == RC_DONE; i++)
			rc = hash_one(app, &l, i, arg(app, "prehash") != NULL);
		out_end(&app->out);
	}
	lines_free(&l);
	return rc;
}

static const struct flag submit_flags[] = {FLAG_DRY_RUN, {0}};
static const struct flag hash_flags[] = {
    {"prehash", NULL, "show the text that is hashed as well", FLAG_BOOL}, {0}};

const struct command record_commands[] = {
    {"submit", "FILE", 1, 1,
     "records, one a line, or an EPCIS document, signed and sent as they stand, all or none",
     submit_flags, cmd_submit, "suyuan record submit events.ndjson --key dairy.key"},
    {"hash", "FILE", 1, 1,
     "the event hash of CBV 2.0 of each event, the same for whoever has the event; offline",
     hash_flags, cmd_hash, "suyuan record hash events.jsonld"},
    {"find", "HASH", 1, 1, "the records of an event hash, each proven and hashed again here", NULL,
     cmd_record_find,
     "suyuan record find "
     "'ni:///sha-256;36d3357eb2f8fdc8f3aea1ce62f05453ac0bbfe4cd0fff5bd3cd3b85a2eb3d8f"
     "?ver=CBV2.0'"},
    {0},
};
