#include <stdlib.h>

#include "config.h"
#include "edit.h"
#include "item.h"
#include "nouns.h"
#include "verdict.h"
#include "words.h"

#define RECORDS_CHECKED 8
#define CODES_MAX (16u << 20)
#define CHINA_MINUTES 480

/* --- a verdict and its proof ------------------------------------------------------------------ */

static const struct sy_json *at(const struct verdict *v, const char *path)
{
	return view_at(&v->doc, v->root, path);
}

static struct sy_str text_at(const struct verdict *v, const char *path)
{
	return view_text(v->app, &v->doc, at(v, path));
}

static bool says_failed(struct app *app, struct sy_str inspection)
{
	struct sy_json_doc doc;

	return sy_json_parse(&app->arena, inspection, 0, &doc, NULL) == SY_OK &&
	       sy_json_is(&doc, sy_json_get(&doc, sy_json_root(&doc), "result"), "fail");
}

/* What a proven record says stands above what the ledger concludes. */
static void heed(struct verdict *v, const struct proof_record *r)
{
	v->names = v->names || r->names;
	if (r->lot.n > 0)
		v->lot = r->lot;
	if (r->names && r->inspection.n > 0)
		reports_heed(v->app, &v->reports, r->inspection, r->receipt.number);
	if (r->names && r->inspection.n > 0)
		v->failed = v->failed || says_failed(v->app, r->inspection);
	if (r->names && r->inspection.n > 0 && v->n_inspections < INSPECTIONS_MAX)
		v->inspections[v->n_inspections++] =
		    (struct proven_inspection){r->receipt.number, r->inspection, false};
	if (!r->names || r->last_day == SY_NO_DAY ||
	    r->last_day >= sy_date_of(sy_time_now(), CHINA_MINUTES))
		return;
	if (v->expired == SY_NO_DAY || r->last_day < v->expired)
		v->expired = r->last_day;
	if (strcmp(v->status->name, "registered") == 0)
		v->status = status_of("expired");
}

static bool rests_on_records(const struct verdict *v)
{
	return v->status->rc == RC_DONE || v->status->rc == RC_STOP;
}

static int prove(struct verdict *v)
{
	const struct sy_json *list = at(v, "records"), *n;
	struct proof_record r;
	uint64_t number;
	unsigned i = 0;
	bool all = arg(v->app, "all") != NULL;
	int rc = RC_DONE;

	sy_json_each (&v->doc, list, n) {
		if (!all && i++ == RECORDS_CHECKED)
			break;
		if (sy_json_u64(&v->doc, n, &number) != SY_OK)
			return fail(&v->fail, RC_PROOF, "the answer's records are no numbers");
		rc = proof_fetch(&v->proof, number, &v->code, &r, &v->fail);
		if (rc != RC_DONE)
			return rc == RC_AWAY ? rc : RC_PROOF;
		heed(v, &r);
	}
	if (rests_on_records(v) && !v->names)
		return fail(&v->fail, RC_PROOF,
			    "none of the records that the answer rests on names this code");
	return RC_DONE;
}

/* --- one code --------------------------------------------------------------------------------- */

/* A recall of this very thing, as the ledger judges it, is its status before all others. */
static bool contradicts_itself(const struct verdict *v)
{
	const struct sy_json *m;

	sy_json_each (&v->doc, at(v, "recalls"), m) {
		const struct sy_json *part = sy_json_get(&v->doc, m, "partial"),
				     *names = sy_json_get(&v->doc, m, "names");
		bool other =
		    part != NULL && part->type == SY_JSON_TRUE && v->code.kind != SY_CODE_LOT;
		if (!other && !(names != NULL && sy_json_is(&v->doc, names, "product")))
			return strcmp(v->status->name, "recalled") != 0;
	}
	return false;
}

static int ask(struct verdict *v)
{
	struct app *app = v->app;
	struct sy_buf path = {0};
	int rc;

	sy_buf_text(&path, "/v1/verify?code=");
	http_escape(&path, v->code.given);
	rc = path.failed ? fail_memory(&app->fail) : view_get(app, sy_buf_cstr(&path), &v->doc);
	sy_buf_free(&path);
	if (rc != RC_DONE)
		return rc;
	v->root = sy_json_root(&v->doc);
	if ((rc = view_needs(app, "/v1/verify", &v->doc, v->root, "\"status [recalls")) != RC_DONE)
		return rc;
	const char *name = sy_arena_strdup(&app->arena, text_at(v, "status"));
	if (name == NULL || (v->status = status_of(name)) == NULL)
		return fail(&app->fail, RC_FAIL, "an answer that this program doesn't know: %s",
			    name ? name : "");
	v->failed = sy_str_is(text_at(v, "inspectionFailed"), "true");
	v->pending = v->status->rc != RC_STOP && verdict_is(v, v->root, "recallsPending");
	if (contradicts_itself(v))
		return fail(&app->fail, RC_FAIL,
			    "the answer contradicts itself: it names a recall and says \"%s\"",
			    name);
	struct sy_str canonical = text_at(v, "code.canonical");
	if (canonical.n > 0 && !sy_str_eq(canonical, v->code.canonical))
		return fail(&app->fail, RC_PROOF, "the ledger answers for another code: %.*s",
			    (int)canonical.n, canonical.p);
	return RC_DONE;
}

/* Where it is, for people: no part of the verdict, so its absence is none either. */
static void look_around(struct verdict *v)
{
	struct app *app = v->app;
	struct item_view *item = sy_arena_calloc(&app->arena, 1, sizeof *item);
	struct sy_buf path = {0};

	if (!rests_on_records(v) || item == NULL)
		return;
	sy_buf_text(&path, "/v1/items?limit=4&code=");
	http_escape(&path, v->code.canonical);
	if (!path.failed && item_get(app, sy_buf_cstr(&path), item) == RC_DONE) {
		v->where = item_whereabouts(item);
		v->flags = item_faults(item);
	}
	memset(&app->fail, 0, sizeof app->fail);
	sy_buf_free(&path);
}

/* Faults of a code that a scanner misread don't keep the next code from being asked. */
static int verify_code(struct app *app, const struct reports *reports, const char *text)
{
	struct verdict *v = calloc(1, sizeof *v);
	struct sy_faults faults;
	int rc;

	if (v == NULL)
		return fail_memory(&app->fail);
	v->app = v->proof.app = app;
	v->reports.reports = reports;
	v->expired = SY_NO_DAY;
	sy_faults_init(&faults, &app->arena);
	faults.chinese = app->lang == LANG_ZH;
	int err = sy_code_parse(&app->arena, sy_str(text), &v->code, &faults, SY_NO_RECORD, "");
	if (err != SY_OK) {
		say("%s: is not a code: %s", text,
		    faults.n > 0 ? faults.v[0].detail : words(sy_strerror(err)));
		free(v);
		return RC_FAIL;
	}
	if ((rc = ask(v)) == RC_DONE) {
		if ((rc = prove(v)) == RC_DONE)
			rc = verdict_reports(v);
		if (rc == RC_AWAY) {
			fail(&app->fail, rc, "%s", v->fail.text);
			free(v);
			return rc;
		}
		if (rc == RC_DONE)
			rc =
			    rc_worst(v->pending ? RC_AWAY : v->status->rc, reports_rc(&v->reports));
		v->rc = rc;
		if (out_is_json(&app->out)) {
			verdict_json(v);
		} else {
			look_around(v);
			verdict_text(v);
		}
		rc = v->rc;
	}
	free(v);
	return rc;
}

/* --- saved receipts --------------------------------------------------------------------------- */

/* A pinned key is enough; a ledger that isn't is asked, unless --offline. */
static int receipt_trust(struct app *app, struct sy_str text)
{
	struct sy_receipt r;
	struct sy_receipt_fault why;

	if (app->trust != NULL || sy_receipt_parse(&app->arena, text, &r, &why) != SY_OK)
		return RC_DONE; /* a broken one is named where it is checked */
	int rc = trust_offline(app, r.checkpoint.origin);
	if (rc == RC_DONE || arg(app, "offline") != NULL)
		return rc;
	memset(&app->fail, 0, sizeof app->fail);
	return trust_contact(app);
}

static int verify_receipt(struct app *app, const struct reports *reports, const char *file,
			  const char *code_text)
{
	struct findings findings = {.reports = reports};
	struct proof *p = calloc(1, sizeof *p);
	struct sy_buf text = {0};
	struct proof_record r = {0};
	struct fail f = {0};
	struct sy_code code;
	int rc = p != NULL ? file_read(file, SY_RECORD_MAX * 4, &text, &app->fail)
			   : fail_memory(&app->fail);

	if (rc == RC_DONE && code_text != NULL)
		rc = edit_code(app, code_text, &code);
	if (rc == RC_DONE)
		rc = receipt_trust(app, sy_buf_span(&text));
	if (rc != RC_DONE)
		goto out;
	p->app = app;
	rc = proof_receipt(p, sy_buf_span(&text), code_text ? &code : NULL, &r, &f);
	if (rc == RC_DONE && r.receipt.party.n > 0) {
		struct proof_record party;
		rc = proof_receipt(p, r.receipt.party, NULL, &party, &f);
		if (rc == RC_DONE)
			r.party = proof_enrols(&app->arena, party.receipt.payload,
					       app->trust->origin, r.receipt.entry.author);
		if (rc == RC_DONE && r.party == NULL)
			rc = fail(&f, RC_PROOF,
				  "the Party record that is bundled does not enrol its author");
	}
	if (rc == RC_DONE && code_text != NULL && !r.names)
		rc = fail(&f, RC_PROOF, "the receipt holds, but does not name %s", code_text);
	if (rc != RC_PROOF && rc != RC_DONE)
		fail(&app->fail, rc, "%s", f.text);
	else {
		reports_heed(app, &findings, r.inspection, r.receipt.number);
		receipt_show(app, file, &r, &f, &findings);
		rc = rc == RC_DONE ? reports_rc(&findings) : rc;
	}
out:
	free(p);
	sy_buf_free(&text);
	return rc;
}

/* --- the command ------------------------------------------------------------------------------ */

static int from_stdin(struct app *app, const struct reports *reports, int rc)
{
	struct sy_buf text = {0};
	struct sy_str rest, line;

	if (file_read("-", CODES_MAX, &text, &app->fail) != RC_DONE) {
		sy_buf_free(&text);
		return RC_FAIL;
	}
	rest = sy_buf_span(&text);
	while (sy_str_line(&rest, &line)) {
		while (line.n > 0 && strchr(" \t\r", line.p[line.n - 1]) != NULL)
			line.n--;
		const char *code = sy_arena_strdup(&app->arena, line);
		if (line.n > 0 && code != NULL)
			rc = rc_worst(rc, verify_code(app, reports, code));
		if (rc == RC_AWAY && app->fail.text[0] != '\0') /* not one that is pending */
			break;
	}
	sy_buf_free(&text);
	return rc;
}

/* RC_USAGE for what doesn't go together. */
static int check_usage(struct app *app)
{
	bool receipt = arg(app, "receipt") != NULL;
	unsigned stdins = 0;
	const char *text;

	if (!receipt && arg_pos(app, 0) == NULL)
		return fail(&app->fail, RC_USAGE,
			    arg(app, "report")
				? "the report of which code, or of which --receipt FILE?"
				: "which code?  Or which --receipt FILE?");
	if (arg(app, "offline") != NULL && !receipt)
		return fail(&app->fail, RC_USAGE, "--offline needs a --receipt FILE to check");
	if (receipt && app->args.n_pos > 1)
		return fail(&app->fail, RC_USAGE, "a receipt is checked for one code");
	for (size_t i = 0; (text = arg_pos(app, i)) != NULL; i++)
		stdins += strcmp(text, "-") == 0;
	for (size_t i = 0; (text = arg_nth(app, "report", i)) != NULL; i++)
		stdins += strcmp(text, "-") == 0;
	for (size_t i = 0; (text = arg_nth(app, "receipt", i)) != NULL; i++)
		stdins += strcmp(text, "-") == 0;
	if (stdins > 1)
		return fail(&app->fail, RC_USAGE, "standard input can be read once");
	return RC_DONE;
}

static int verify_codes(struct app *app, const struct reports *reports)
{
	const char *code;
	int rc = RC_DONE;

	for (size_t i = 0; (code = arg_pos(app, i)) != NULL; i++) {
		if (i > 0)
			out_line(&app->out, "%s", "");
		if (strcmp(code, "-") == 0)
			rc = from_stdin(app, reports, rc);
		else
			rc = rc_worst(rc, verify_code(app, reports, code));
	}
	return rc;
}

static int cmd_verify(struct app *app)
{
	const char *file, *code = arg_pos(app, 0);
	bool receipt = arg(app, "receipt") != NULL;
	struct reports reports;
	int rc = check_usage(app);

	if (rc == RC_DONE)
		rc = reports_read(app, &reports);
	if (rc != RC_DONE)
		return rc;
	if (!receipt && (app->args.n_pos > 1 || strcmp(code, "-") == 0) && out_is_json(&app->out))
		out_list(&app->out, NULL);
	for (size_t i = 0; (file = arg_nth(app, "receipt", i)) != NULL; i++)
		rc = rc_worst(rc, verify_receipt(app, &reports, file, code));
	if (!receipt)
		rc = verify_codes(app, &reports);
	while (app->out.depth > 0)
		out_end(&app->out);
	return rc;
}

static const struct flag verify_flags[] = {
    {"receipt", "FILE", "check a saved receipt; with CODE, that it names it", FLAG_MANY},
    {"report", "FILE",
     "an inspection's report: are its SHA-256 and SM3 those of a proven inspection?", FLAG_MANY},
    {"offline", NULL, "ask nobody: receipts and pinned keys alone", FLAG_BOOL},
    {"all", NULL, "check every record, not the first 8", FLAG_BOOL},
    {0},
};

const struct command verify_commands[] = {
    {"", "CODE...", 0, -1,
     "what the ledger vouches for, its proof checked on this machine (- reads codes)", verify_flags,
     cmd_verify, "suyuan verify '(01)06901234567892(10)A1'"},
    {0},
};
