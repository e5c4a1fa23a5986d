#include <errno.h>

#include "config.h"
#include "audit.h"
#include "nouns.h"
#include "view.h"
#include "words.h"

static int number(struct app *app, uint64_t *out)
{
	const char *text = arg_pos(app, 0);

	if (sy_str_u64(sy_str(text), out) != SY_OK)
		return fail(&app->fail, RC_USAGE, "a number is expected, not %s", text);
	return RC_DONE;
}

/* The numbers that the ledger gives of itself, and a checkpoint that proves their size. */
static int cmd_info(struct app *app)
{
	static const char *const members[] = {"origin",        "vkey",    "operator",
					      "entries",       "records", "time",
					      "indexPosition", "version", "rulesVersion"};
	struct http_answer a = {0};
	struct sy_checkpoint c;
	struct sy_json_doc doc;
	int rc = view_get(app, "/v1/ledger", &doc);

	if (rc == RC_DONE)
		rc = trust_latest(app->trust, app->http, &a, &c, &app->fail);
	if (rc == RC_DONE) {
		char root[SY_BASE64_LEN(SY_HASH_SIZE) + 1];
		sy_base64(c.root.b, sizeof c.root.b, root);
		out_object(&app->out, NULL);
		for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
			const struct sy_json *v = sy_json_get(&doc, sy_json_root(&doc), members[i]);
			if (v != NULL && out_is_json(&app->out))
				out_json(&app->out, members[i], sy_json_raw(&doc, v));
			else if (v != NULL)
				out_str(&app->out, members[i], view_text(app, &doc, v));
		}
		out_object(&app->out, "checkpoint");
		out_u64(&app->out, "size", c.size);
		out_text(&app->out, "root", root);
		out_word(&app->out, "signature", "checked");
		out_end(&app->out);
		out_end(&app->out);
	}
	http_answer_free(&a);
	return rc;
}

static void show_entry(struct app *app, const struct sy_entry *e, bool sound)
{
	char hex[2 * SY_HASH_SIZE + 1], time[SY_TIME_TEXT];

	out_u64(&app->out, "index", e->index);
	out_u64(&app->out, "kind", e->kind);
	sy_time_format(e->time, time);
	out_text(&app->out, "time", time);
	out_u64(&app->out, "firstRecord", e->first);
	out_u64(&app->out, "count", e->count);
	sy_time_format((uint64_t)e->deadline * 1000, time);
	out_text(&app->out, "deadline", e->deadline ? time : "-");
	sy_hex(e->author, SY_KEY_SIZE, hex);
	out_text(&app->out, "author", hex);
	sy_hex(e->records_root.b, SY_HASH_SIZE, hex);
	out_text(&app->out, "recordsRoot", hex);
	sy_hex(e->prev.b, SY_HASH_SIZE, hex);
	out_text(&app->out, "prev", hex);
	out_word(&app->out, "signature", sound ? "checked" : "does not hold");
}

/* From the raw bytes, not from what the ledger says they mean. */
static int cmd_entry(struct app *app)
{
	struct sy_json_doc doc;
	uint8_t raw[SY_ENTRY_SIZE];
	const char *why = "";
	struct sy_entry e;
	uint64_t n;
	char path[64];
	int rc = number(app, &n);

	if (rc != RC_DONE)
		return rc;
	snprintf(path, sizeof path, "/v1/entries/%llu", (unsigned long long)n);
	if ((rc = view_get(app, path, &doc)) != RC_DONE)
		return rc;
	const struct sy_json *root = sy_json_root(&doc);
	if (sy_unbase64_exact(view_text(app, &doc, sy_json_get(&doc, root, "raw")), raw,
			      sizeof raw) != SY_OK ||
	    sy_entry_decode(raw, &e, &why) != SY_OK || e.index != n)
		return fail(&app->fail, RC_PROOF, "the ledger answers with no entry %llu: %s",
			    (unsigned long long)n, why);
	bool sound =
	    e.kind != SY_ENTRY_SUBMISSION || sy_entry_verify(&e, app->trust->origin) == SY_OK;
	struct sy_str party = view_text(app, &doc, sy_json_get(&doc, root, "party"));
	out_object(&app->out, NULL);
	show_entry(app, &e, sound);
	if (party.n > 0)
		out_str(&app->out, "party", party);
	out_end(&app->out);
	return sound ? RC_DONE : RC_PROOF;
}

static int cmd_record(struct app *app)
{
	struct http_answer a = {0};
	uint64_t n;
	char path[64];
	int rc = number(app, &n);

	if (rc == RC_DONE)
		rc = trust_contact(app);
	if (rc == RC_DONE) {
		snprintf(path, sizeof path, "/v1/records/%llu", (unsigned long long)n);
		rc = http_fetch(app->http, path, &a, &app->fail);
	}
	if (rc == RC_DONE) {
		out_bytes(&app->out, sy_buf_span(&a.body));
		out_bytes(&app->out, SY_STR("\n"));
	}
	http_answer_free(&a);
	return rc;
}

static int save(struct app *app, const char *path, struct sy_str text)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL)
		return fail(&app->fail, RC_FAIL, "%s: %s", path, words(strerror(errno)));
	bool bad = fwrite(text.p, 1, text.n, f) != text.n;
	if (fclose(f) != 0 || bad)
		return fail(&app->fail, RC_FAIL, "%s: cannot be written", path);
	return RC_DONE;
}

static int cmd_receipt(struct app *app)
{
	struct http_answer a = {0};
	struct sy_receipt r;
	struct sy_receipt_fault why;
	const char *file = arg(app, "output");
	uint64_t n;
	char path[64];
	int rc = number(app, &n);

	if (rc == RC_DONE)
		rc = trust_contact(app);
	if (rc != RC_DONE)
		return rc;
	snprintf(path, sizeof path, "/v1/records/%llu/receipt", (unsigned long long)n);
	if ((rc = http_fetch(app->http, path, &a, &app->fail)) != RC_DONE)
		goto out;
	struct sy_str text = sy_buf_span(&a.body);
	if (sy_receipt_parse(&app->arena, text, &r, &why) != SY_OK ||
	    sy_receipt_verify(&r, &app->trust->log, NULL, &why) != SY_OK)
		rc = fail(&app->fail, RC_PROOF, "the receipt does not hold at %s: %s", why.pointer,
			  words(why.detail));
	else if (r.number != n)
		rc = fail(&app->fail, RC_PROOF, "the receipt is of record %llu",
			  (unsigned long long)r.number);
	else
		rc = trust_see(app->trust, app->http, r.checkpoint.note, &app->fail);
	if (rc != RC_DONE)
		goto out;
	if (file != NULL) {
		rc = save(app, file, text);
	} else {
		out_bytes(&app->out, text);
		if (text.n > 0 && text.p[text.n - 1] != '\n')
			out_bytes(&app->out, SY_STR("\n"));
	}
out:
	http_answer_free(&a);
	return rc;
}

static const struct flag receipt_flags[] = {
    {"output", "FILE", "write it there", FLAG_ONE},
    {0},
};

static const struct flag audit_flags[] = {
    {"full", NULL, "from entry 0, whatever was audited before", FLAG_BOOL},
    {"records", NULL, "every record too, and that its author could sign", FLAG_BOOL},
    {"connections", "N", "threads, a connection each (one a core, at least 4)", FLAG_ONE},
    {0},
};

const struct command ledger_commands[] = {
    {"info", "", 0, 0, "who and how large it is, with a checkpoint checked", NULL, cmd_info,
     "suyuan ledger info"},
    {"entry", "INDEX", 1, 1, "one entry, decoded here", NULL, cmd_entry, "suyuan ledger entry 0"},
    {"record", "NUMBER", 1, 1, "a record's exact text", NULL, cmd_record, "suyuan ledger record 0"},
    {"receipt", "NUMBER", 1, 1, "one record with all that proves it, checked", receipt_flags,
     cmd_receipt, "suyuan ledger receipt 0 --output genesis.json"},
    {"audit", "", 0, 0, "fetch what is new, check every byte, keep the new checkpoint", audit_flags,
     cmd_audit, "suyuan ledger audit --records"},
    {0},
};
