#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "edit.h"
#include "nouns.h"
#include "proof.h"

#define RECORDS_CHECKED 8
#define CODES_MAX (16u << 20)
#define CHINA_MINUTES 480

/* --- words ------------------------------------------------------------------------------------ */

enum text {
	T_PRODUCT,
	T_PRODUCER,
	T_LOT,
	T_SERIAL,
	T_MADE,
	T_EXPIRES,
	T_QUANTITY,
	T_INSPECTION,
	T_RECALL,
	T_RECORDS,
	T_PROOF,
	T_AS_OF,
	T_NOTHING,
	T_BROKEN,
	T_RECEIPT,
	T_AUTHOR,
	T_COUNT
};

static const char *const texts[T_COUNT][2] = {
    [T_PRODUCT] = {"product", "产品"},
    [T_PRODUCER] = {"producer", "生产者"},
    [T_LOT] = {"lot", "批号"},
    [T_SERIAL] = {"serial", "序列号"},
    [T_MADE] = {"made", "生产日期"},
    [T_EXPIRES] = {"expires", "有效期至"},
    [T_QUANTITY] = {"quantity", "数量"},
    [T_INSPECTION] = {"inspection", "检验"},
    [T_RECALL] = {"recall", "召回"},
    [T_RECORDS] = {"records", "记录"},
    [T_PROOF] = {"proof", "证明"},
    [T_AS_OF] = {"as of", "截至"},
    [T_NOTHING] = {"there is no record to prove", "没有可核验的记录"},
    [T_BROKEN] = {"DOES NOT HOLD", "不成立"},
    [T_RECEIPT] = {"receipt", "凭证"},
    [T_AUTHOR] = {"author's key", "作者密钥"},
};

static const struct status {
	const char *name;
	int rc;
	const char *says[2];
} statuses[] = {
    {"recalled", RC_STOP, {"RECALLED: do not use or sell it", "已召回：请勿使用或销售"}},
    {"held", RC_STOP, {"HELD: not to be moved or sold", "已封存：不得转移或销售"}},
    {"withdrawn",
     RC_STOP,
     {"WITHDRAWN: its registration was declared an error", "已撤销：其登记已声明为错误"}},
    {"destroyed", RC_STOP, {"DESTROYED: nothing of it is left", "已销毁：不应再有存货"}},
    {"expired", RC_STOP, {"EXPIRED", "已过期"}},
    {"registered", RC_DONE, {"REGISTERED", "已登记"}},
    {"serial-unknown",
     RC_PARTLY,
     {"SERIAL UNKNOWN: the lot is registered, this serial never was; a copy?",
      "序列号未登记：该批次已登记，但此序列号从未登记，谨防假冒"}},
    {"product-only",
     RC_PARTLY,
     {"PRODUCT ONLY: the product is known, no batch was named", "仅产品：产品已登记，未指明批次"}},
    {"unknown", RC_UNKNOWN, {"UNKNOWN: nobody registered this code", "未知：无人登记此编码"}},
};

static const char *word(const struct app *app, enum text t)
{
	return texts[t][app->lang == LANG_ZH];
}

static const struct status *status_of(const char *name)
{
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		if (strcmp(statuses[i].name, name) == 0)
			return &statuses[i];
	}
	return NULL;
}

/* --- a verdict and its proof ------------------------------------------------------------------ */

struct verdict {
	struct app *app;
	struct sy_code code;
	struct sy_json_doc doc; /* the ledger's answer */
	const struct sy_json *root;
	const struct status *status;
	struct proof proof;
	struct fail fail; /* why the proof does not hold */
	int rc;
	bool names;
};

static const struct sy_json *at(const struct verdict *v, const char *path)
{
	return view_at(&v->doc, v->root, path);
}

static struct sy_str text_at(const struct verdict *v, const char *path)
{
	return view_text(v->app, &v->doc, at(v, path));
}

/* What a proven record says stands above what the ledger concludes. */
static void heed(struct verdict *v, const struct proof_record *r)
{
	v->names = v->names || r->names;
	if (r->expires != SY_NO_DAY && r->expires < sy_date_of(sy_time_now(), CHINA_MINUTES) &&
	    r->names && strcmp(v->status->name, "registered") == 0)
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
	const char *name = sy_arena_strdup(&app->arena, text_at(v, "status"));
	if (name == NULL || (v->status = status_of(name)) == NULL)
		return fail(&app->fail, RC_FAIL, "an answer that this program doesn't know: %s",
			    name ? name : "");
	struct sy_str canonical = text_at(v, "code.canonical");
	if (canonical.n > 0 && !sy_str_eq(canonical, v->code.canonical))
		return fail(&app->fail, RC_PROOF, "the ledger answers for another code: %.*s",
			    (int)canonical.n, canonical.p);
	return RC_DONE;
}

/* --- shown ------------------------------------------------------------------------------------ */

static void field(struct verdict *v, enum text label, const char *path)
{
	struct sy_str s = text_at(v, path);

	if (s.n > 0)
		out_str(&v->app->out, word(v->app, label), s);
}

/* "name (id)" and the like: what of it is there. */
static void pair(struct verdict *v, enum text label, const char *a, const char *b,
		 const char *between, const char *after)
{
	struct sy_str x = text_at(v, a), y = text_at(v, b);

	if (x.n > 0 && y.n > 0)
		out_printf(&v->app->out, word(v->app, label), "%.*s%s%.*s%s", (int)x.n, x.p,
			   between, (int)y.n, y.p, after);
	else if (x.n > 0 || y.n > 0)
		out_str(&v->app->out, word(v->app, label), x.n > 0 ? x : y);
}

static void each(struct verdict *v, enum text label, const char *path, const char *a, const char *b,
		 const char *c)
{
	const struct sy_json *list = at(v, path), *m;

	sy_json_each (&v->doc, list, m) {
		struct sy_str x = view_text(v->app, &v->doc, view_at(&v->doc, m, a));
		struct sy_str y = view_text(v->app, &v->doc, view_at(&v->doc, m, b));
		struct sy_str z = view_text(v->app, &v->doc, view_at(&v->doc, m, c));
		out_printf(&v->app->out, word(v->app, label), "%.*s %.*s %.*s", (int)x.n, x.p,
			   (int)y.n, y.p, (int)z.n, z.p);
	}
}

static void show_holds(struct app *app, unsigned records, uint64_t size)
{
	if (app->lang == LANG_ZH)
		out_printf(&app->out, word(app, T_PROOF),
			   "成立：%u 条记录在 %llu 条目的检查点中，已在本机核验", records,
			   (unsigned long long)size);
	else
		out_printf(
		    &app->out, word(app, T_PROOF),
		    "holds: %u records in a checkpoint of %llu entries, checked on this machine",
		    records, (unsigned long long)size);
}

static void show_proof(struct verdict *v)
{
	struct app *app = v->app;
	const char *label = word(app, T_PROOF);

	if (v->fail.text[0] != '\0')
		out_printf(&app->out, label, "%s: %s", word(app, T_BROKEN), v->fail.text);
	else if (v->proof.checked == 0)
		out_text(&app->out, label, word(app, T_NOTHING));
	else
		show_holds(app, v->proof.checked, app->trust->size);
}

static void show_text(struct verdict *v)
{
	struct app *app = v->app;
	const char *says = v->status->says[app->lang == LANG_ZH];

	out_line(&app->out, "%.*s", (int)v->code.given.n, v->code.given.p);
	out_line(&app->out, "%s", v->rc == RC_PROOF ? word(app, T_BROKEN) : says);
	out_object(&app->out, NULL);
	pair(v, T_PRODUCT, "product.name", "product.specification", " ", "");
	pair(v, T_PRODUCER, "producer.name", "producer.id", " (", ")");
	if (v->code.lot.n > 0)
		out_str(&app->out, word(app, T_LOT), v->code.lot);
	if (v->code.serial.n > 0)
		out_str(&app->out, word(app, T_SERIAL), v->code.serial);
	field(v, T_MADE, "lot.made");
	field(v, T_EXPIRES, "lot.expires");
	pair(v, T_QUANTITY, "lot.quantity", "lot.unit", " ", "");
	each(v, T_INSPECTION, "inspections", "result", "number", "date");
	each(v, T_RECALL, "recalls", "id", "level", "measures");
	field(v, T_RECORDS, "records");
	show_proof(v);
	pair(v, T_AS_OF, "asOf.time", "asOf.entry", ", entry ", "");
	out_end(&app->out);
}

/* The ledger's answer as it stands, and what this machine found. */
static void show_json(struct verdict *v)
{
	struct sy_buf b = {0};
	struct sy_str raw = sy_json_raw(&v->doc, v->root);
	struct sy_jw w;

	sy_buf_put(&b, raw.p, raw.n - 1);
	sy_buf_text(&b, v->root->count > 0 ? ",\"proof\":" : "\"proof\":");
	sy_jw_init(&w, &b);
	sy_jw_object(&w);
	sy_jw_key(&w, "holds");
	sy_jw_bool(&w, v->fail.text[0] == '\0');
	sy_jw_kv_u64(&w, "records", v->proof.checked);
	sy_jw_kv_u64(&w, "checkpoint", v->app->trust->size);
	if (v->fail.text[0] != '\0')
		sy_jw_kv_text(&w, "detail", v->fail.text);
	sy_jw_kv_text(&w, "status", v->status->name);
	sy_jw_kv_u64(&w, "exit", (uint64_t)v->rc);
	sy_jw_end(&w, '}');
	sy_buf_byte(&b, '}');
	out_json(&v->app->out, NULL, sy_buf_span(&b));
	v->app->out.failed = v->app->out.failed || b.failed;
	sy_buf_free(&b);
}

/* Faults of a code that a scanner misread don't keep the next code from being asked. */
static int verify_code(struct app *app, const char *text)
{
	struct verdict *v = calloc(1, sizeof *v);
	struct sy_faults faults;
	int rc;

	if (v == NULL)
		return fail_memory(&app->fail);
	v->app = v->proof.app = app;
	sy_faults_init(&faults, &app->arena);
	int err = sy_code_parse(&app->arena, sy_str(text), &v->code, &faults, SY_NO_RECORD, "");
	if (err != SY_OK) {
		say("%s: is not a code: %s", text,
		    faults.n > 0 ? faults.v[0].detail : sy_strerror(err));
		free(v);
		return RC_FAIL;
	}
	if ((rc = ask(v)) == RC_DONE) {
		rc = prove(v);
		if (rc == RC_AWAY) {
			fail(&app->fail, rc, "%s", v->fail.text);
			free(v);
			return rc;
		}
		v->rc = rc == RC_DONE ? v->status->rc : rc;
		if (out_is_json(&app->out))
			show_json(v);
		else
			show_text(v);
		rc = v->rc;
	}
	free(v);
	return rc;
}

/* --- saved receipts --------------------------------------------------------------------------- */

static void show_receipt(struct app *app, const char *file, const struct proof_record *r,
			 const struct fail *f)
{
	char time[SY_TIME_TEXT], key[2 * SY_KEY_SIZE + 1];
	bool json = out_is_json(&app->out), holds = f->text[0] == '\0';

	sy_time_format(r->receipt.entry.time, time);
	sy_hex(r->receipt.entry.author, SY_KEY_SIZE, key);
	out_object(&app->out, NULL);
	out_text(&app->out, json ? "receipt" : word(app, T_RECEIPT), file);
	if (json) {
		out_bool(&app->out, "holds", holds);
		out_text(&app->out, "detail", holds ? NULL : f->text);
	} else if (!holds) {
		out_printf(&app->out, word(app, T_PROOF), "%s: %s", word(app, T_BROKEN), f->text);
	}
	if (holds) {
		out_text(&app->out, "ledger", app->trust->log.name);
		out_u64(&app->out, "record", r->receipt.number);
		out_u64(&app->out, "entry", r->receipt.entry.index);
		out_text(&app->out, "type", r->type);
		out_text(&app->out, "time", time);
		out_text(&app->out, json ? "author" : word(app, T_AUTHOR), key);
		if (r->party != NULL)
			out_text(&app->out, "party", r->party);
		out_str(&app->out, "text", r->receipt.payload);
		if (!json)
			show_holds(app, 1, r->receipt.checkpoint.size);
	}
	out_end(&app->out);
}

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

static int verify_receipt(struct app *app, const char *file, const char *code_text)
{
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
	else
		show_receipt(app, file, &r, &f);
out:
	free(p);
	sy_buf_free(&text);
	return rc;
}

/* --- the command ------------------------------------------------------------------------------ */

static int from_stdin(struct app *app, int rc)
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
			rc = rc_worst(rc, verify_code(app, code));
		if (rc == RC_AWAY)
			break;
	}
	sy_buf_free(&text);
	return rc;
}

static int cmd_verify(struct app *app)
{
	const char *file, *code = arg_pos(app, 0);
	bool one = app->args.n_pos + (arg(app, "receipt") != NULL) == 1 &&
		   (code == NULL || strcmp(code, "-") != 0);
	int rc = RC_DONE;

	if (arg(app, "receipt") == NULL && code == NULL)
		return fail(&app->fail, RC_USAGE, "which code?  Or which --receipt FILE?");
	if (arg(app, "offline") != NULL && arg(app, "receipt") == NULL)
		return fail(&app->fail, RC_USAGE, "--offline needs a --receipt FILE to check");
	if (arg(app, "receipt") != NULL && app->args.n_pos > 1)
		return fail(&app->fail, RC_USAGE, "a receipt is checked for one code");
	if (!one && arg(app, "receipt") == NULL && out_is_json(&app->out))
		out_list(&app->out, NULL);
	for (size_t i = 0; (file = arg_nth(app, "receipt", i)) != NULL; i++)
		rc = rc_worst(rc, verify_receipt(app, file, code));
	for (size_t i = 0; arg(app, "receipt") == NULL && i < app->args.n_pos; i++) {
		if (i > 0)
			out_line(&app->out, "%s", "");
		if (strcmp(arg_pos(app, i), "-") == 0)
			rc = from_stdin(app, rc);
		else
			rc = rc_worst(rc, verify_code(app, arg_pos(app, i)));
	}
	while (app->out.depth > 0)
		out_end(&app->out);
	return rc;
}

static const struct flag verify_flags[] = {
    {"receipt", "FILE", "check a saved receipt; with CODE, that it names it", FLAG_MANY},
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
