#include <stdio.h>

#include "config.h"
#include "send.h"
#include "words.h"

int passphrase_read(struct sy_arena *arena, const char *path, const char **out, struct fail *f)
{
	struct sy_buf text = {0};
	struct sy_str rest, line = {"", 0};
	int rc;

	*out = NULL;
	if (path == NULL)
		return RC_DONE;
	if ((rc = file_read(path, 4096, &text, f)) != RC_DONE)
		goto out;
	rest = sy_buf_span(&text);
	sy_str_line(&rest, &line);
	if (line.n == 0)
		rc = fail(f, RC_FAIL, "%s: its first line, the passphrase, is empty", path);
	else if ((*out = sy_arena_strdup(arena, line)) == NULL)
		rc = fail_memory(f);
out:
	if (text.p != NULL)
		sy_wipe(text.p, text.cap);
	sy_buf_free(&text);
	return rc;
}

int key_read(struct app *app, struct sy_keyfile *key)
{
	const char *path = app->config->key, *pass, *why = NULL;
	int rc;

	if (path == NULL)
		return fail(&app->fail, RC_USAGE,
			    "sign with which key?  Give --key FILE or set SUYUAN_KEY");
	rc = passphrase_read(&app->arena, app->config->passphrase_file, &pass, &app->fail);
	if (rc != RC_DONE)
		return rc;
	int err = sy_keyfile_read(key, path, pass, &why);
	if (err != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: %s", path,
			    words(why ? why : sy_strerror(err)));
	return RC_DONE;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

const char *key_party(struct sy_arena *arena, const struct sy_vkey *vkey)
{
	char *out = sy_arena_alloc(arena, strlen(vkey->name) + 1), *to = out;

	for (const char *p = vkey->name; out != NULL && *p != '\0'; p++) {
		if (*p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			*to++ = (char)(hex(p[1]) << 4 | hex(p[2]));
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	if (out != NULL)
		*to = '\0';
	return out;
}

/* --- the answer ------------------------------------------------------------------------------- */

static struct sy_str text_of(const struct sy_json_doc *doc, const struct sy_json *v,
			     const char *name, struct sy_arena *arena)
{
	struct sy_str s = {"", 0};

	sy_json_string(doc, sy_json_get(doc, v, name), arena, &s);
	return s;
}

static void add_fault(struct sy_faults *faults, int status, const struct sy_json_doc *doc,
		      const struct sy_json *v, struct sy_arena *arena)
{
	struct sy_str pointer = text_of(doc, v, "pointer", arena);
	struct sy_str detail = text_of(doc, v, "detail", arena);
	struct sy_str field = text_of(doc, v, "field", arena);
	int64_t record = SY_NO_RECORD, code = status;
	struct sy_buf clean = {0};

	if (v->type == SY_JSON_STRING)
		sy_json_string(doc, v, arena, &detail);
	sy_json_i64(doc, sy_json_get(doc, v, "record"), &record);
	if (status != 0)
		sy_json_i64(doc, sy_json_get(doc, v, "status"), &code);
	const char *p = sy_arena_strdup(arena, pointer), *fi = sy_arena_strdup(arena, field);
	text_clean(&clean, detail);
	if (p != NULL && fi != NULL && !clean.failed)
		sy_fault_add(faults, (int)code, (long)record, p, field.n ? fi : NULL, "%.*s",
			     (int)clean.n, clean.n ? clean.p : "");
	sy_buf_free(&clean);
}

static void add_faults(struct sy_faults *faults, int status, struct sy_str body, const char *name)
{
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	const struct sy_json *v;

	if (sy_json_parse(&arena, body, 0, &doc, NULL) == SY_OK)
		sy_json_each (&doc, sy_json_get(&doc, sy_json_root(&doc), name), v)
			add_fault(faults, status, &doc, v, &arena);
	sy_arena_free(&arena);
}

static int same_submission(const struct sender *s, const struct sy_entry *e, size_t n,
			   const sy_hash *root, struct fail *f)
{
	if (memcmp(e->author, s->key->signer.key, SY_KEY_SIZE) != 0 ||
	    !sy_hash_eq(&e->records_root, root) || e->count != n)
		return fail(f, RC_PROOF,
			    "the ledger acknowledges an entry that is not what was sent");
	if (sy_entry_verify(e, s->trust->origin) != SY_OK)
		return fail(f, RC_PROOF,
			    "the ledger acknowledges an entry with a broken signature");
	return RC_DONE;
}

static int check_receipt(struct sender *s, struct sy_str body, size_t n, const sy_hash *root,
			 struct sent *out, struct fail *f)
{
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	uint8_t raw[SY_ENTRY_SIZE];
	struct sy_entry e;
	int rc;

	if (sy_json_parse(&arena, body, 0, &doc, NULL) != SY_OK) {
		rc = fail(f, RC_PROOF, "the ledger's acknowledgement is not JSON");
		goto out;
	}
	const struct sy_json *r = sy_json_get(&doc, sy_json_root(&doc), "receipt");
	struct sy_str entry = text_of(&doc, r, "entry", &arena);
	struct sy_str proof = text_of(&doc, r, "proof", &arena);
	if (sy_unbase64_exact(entry, raw, sizeof raw) != SY_OK || proof.n == 0) {
		rc = fail(f, RC_PROOF, "the ledger's acknowledgement carries no receipt");
		goto out;
	}
	if ((rc = trust_entry(s->trust, s->http, raw, proof, &e, f)) == RC_DONE)
		rc = same_submission(s, &e, n, root, f);
	out->entry = e.index;
	out->first = e.first;
	out->count = e.count;
	out->time = e.time;
out:
	sy_arena_free(&arena);
	return rc;
}

static int judge(struct sender *s, const struct http_answer *a, size_t n, const sy_hash *root,
		 struct sent *out, struct sy_faults *faults, struct fail *f)
{
	struct sy_str body = sy_buf_span(&a->body);

	out->status = a->status;
	if (a->status == 200 || a->status == 201) {
		out->again = a->status == 200;
		add_faults(faults, 0, body, "warnings");
		return check_receipt(s, body, n, root, out, f);
	}
	add_faults(faults, (int)a->status, body, "errors");
	return http_problem(a, "the ledger", f);
}

int send_records(struct sender *s, const struct sy_str *records, size_t n, struct sent *out,
		 struct sy_faults *faults, struct fail *f)
{
	struct http_answer a = {0};
	struct sy_buf body = {0};
	sy_hash root;
	uint32_t deadline = (uint32_t)(sy_time_now() / 1000 + SEND_LIFETIME);
	int rc, err;

	memset(out, 0, sizeof *out);
	err = sy_submission_make(&s->key->signer, s->key->salt_key, s->trust->origin, records, n,
				 deadline, &body, &root);
	if (err != SY_OK) {
		rc = fail(f, RC_FAIL, "cannot make the submission: %s", words(sy_strerror(err)));
		goto out;
	}
	rc = http_post(s->http, "/v1/submissions", "application/x-ndjson", sy_buf_span(&body), &a,
		       f);
	if (rc == RC_DONE)
		rc = judge(s, &a, n, &root, out, faults, f);
out:
	sy_buf_free(&body);
	http_answer_free(&a);
	return rc;
}

/* --- one record ------------------------------------------------------------------------------- */

int record_check(struct app *app, struct sy_str record)
{
	struct sy_arena arena = {0};
	struct sy_faults faults;
	struct sy_json_doc doc;
	struct sy_json_fault why;
	struct sy_event event;
	int rc = RC_DONE;

	if (sy_record_parse(&arena, record, &doc, &why) != SY_OK) {
		rc = fail(&app->fail, RC_REFUSED, "not a legal record: %s at byte %zu: %s",
			  words(sy_strerror(why.err)), why.offset, words(why.detail));
	} else if (sy_event_kind(&doc) != SY_EVENT_NONE) {
		sy_faults_init(&faults, &arena);
		faults.chinese = app->lang == LANG_ZH;
		sy_event_read(&arena, &doc, &event, &faults, 0);
		for (size_t i = 0; i < faults.n; i++) {
			if (faults.v[i].status != 0)
				rc = fail(&app->fail, RC_REFUSED, "%s: %s", faults.v[i].pointer,
					  faults.v[i].detail);
		}
	}
	sy_arena_free(&arena);
	return rc;
}

void sent_show(struct app *app, const struct sent *sent)
{
	char time[SY_TIME_TEXT];

	sy_time_format(sent->time, time);
	out_word(&app->out, "status", sent->again ? "already registered" : "registered");
	out_u64(&app->out, "entry", sent->entry);
	out_u64(&app->out, "record", sent->first);
	if (sent->count > 1)
		out_u64(&app->out, "count", sent->count);
	out_text(&app->out, "time", time);
	out_word(&app->out, "proof", "checked");
}

/* N 1: there is no need to say which. */
static void say_faults(const struct sy_faults *faults, size_t n)
{
	char which[32] = "";

	for (size_t i = 0; i < faults->n; i++) {
		const struct sy_fault *v = &faults->v[i];
		if (n > 1 && v->record >= 0)
			snprintf(which, sizeof which, words("record %ld: "), v->record + 1);
		say("%s%s: %s%s%s%s%s", which, words(v->status ? "refused" : "warning"), v->pointer,
		    v->field ? " " : "", v->field ? v->field : "",
		    v->pointer[0] || v->field ? words(": ") : "", v->detail);
		which[0] = '\0';
	}
}

static int dry_run(struct app *app, const struct sy_str *records, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out_bytes(&app->out, records[i]);
		out_bytes(&app->out, SY_STR("\n"));
	}
	return RC_DONE;
}

int send_all(struct app *app, const struct sy_str *records, size_t n, struct sent *out)
{
	struct sy_keyfile key;
	struct sy_faults faults;
	int rc;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < n; i++) {
		if ((rc = record_check(app, records[i])) != RC_DONE)
			return rc;
	}
	if (arg(app, "dry-run") != NULL)
		return dry_run(app, records, n);
	if ((rc = key_read(app, &key)) != RC_DONE)
		return rc;
	if ((rc = trust_contact(app)) == RC_DONE) {
		struct sender s = {app->http, app->trust, &key};
		sy_faults_init(&faults, &app->arena);
		rc = send_records(&s, records, n, out, &faults, &app->fail);
		say_faults(&faults, n);
	}
	sy_wipe(&key, sizeof key);
	return rc;
}

int send_one(struct app *app, struct sy_str record, struct sent *out)
{
	return send_all(app, &record, 1, out);
}
