#include <errno.h>
#include <strings.h>

#include "report.h"
#include "view.h"

#define BLOCK 262144

/* --- files ------------------------------------------------------------------------------------ */

static bool hash_stream(FILE *in, struct report *r)
{
	static char block[BLOCK];
	struct sy_sha256_ctx *sha256 = sy_sha256_new();
	struct sy_sm3_ctx *sm3 = sy_sm3_new();
	sy_hash hash;
	size_t n;

	while (sha256 != NULL && (n = fread(block, 1, sizeof block, in)) > 0) {
		sy_sha256_update(sha256, block, n);
		if (sm3 != NULL)
			sy_sm3_update(sm3, block, n);
	}
	if (sha256 == NULL)
		errno = ENOMEM;
	bool good = sha256 != NULL && !ferror(in);
	int why = errno;
	sy_sha256_final(sha256, &hash);
	if (good)
		sy_hex(hash.b, sizeof hash.b, r->sha256);
	if (sm3 != NULL) {
		sy_sm3_final(sm3, &hash);
		sy_hex(hash.b, sizeof hash.b, r->sm3);
	}
	errno = why;
	return good;
}

static bool hash_file(struct report *r)
{
	FILE *in = strcmp(r->file, "-") == 0 ? stdin : fopen(r->file, "rb");
	bool good = in != NULL && hash_stream(in, r);
	int why = errno;

	if (in != NULL && in != stdin)
		fclose(in);
	errno = why;
	return good;
}

int reports_read(struct app *app, struct reports *out)
{
	const char *file;
	int rc = RC_DONE;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; (file = arg_nth(app, "report", i)) != NULL; i++) {
		if (out->n == REPORTS_MAX)
			return fail(&app->fail, RC_USAGE, "more than %d files of --report",
				    REPORTS_MAX);
		struct report *r = &out->v[out->n++];
		r->file = file;
		if (hash_file(r))
			continue;
		say("%s: %s", file, strerror(errno));
		rc = RC_FAIL;
	}
	return rc == RC_DONE ? rc : fail(&app->fail, rc, "nothing was asked");
}

/* --- what they are held against --------------------------------------------------------------- */

/* Does the record name a digest, and is it the file's?  Hex digits are written in either case. */
static bool compare(const char *have, struct sy_str named, bool *same)
{
	if (named.n != strlen(have) || named.n == 0)
		return false;
	*same = strncasecmp(have, named.p, named.n) == 0;
	return true;
}

struct named {
	struct sy_str sha256, sm3, number;
	uint64_t record;
};

static void hold(struct finding *f, const struct report *r, const struct named *n)
{
	bool a = false, b = false;
	bool has_a = compare(r->sha256, n->sha256, &a), has_b = compare(r->sm3, n->sm3, &b);
	bool holds = (a || b) && a == has_a && b == has_b, half = (a || b) && !holds;

	if (!has_a && !has_b)
		return;
	f->compared++;
	if (f->holds || (!holds && f->compared > 1 && !half))
		return;
	f->holds = holds;
	f->half = half;
	f->by_sha256 = a;
	f->by_sm3 = b;
	f->record = n->record;
	f->number = n->number;
}

static bool seen(struct findings *f, uint64_t record)
{
	for (size_t i = 0; i < f->n_records; i++) {
		if (f->records[i] == record)
			return true;
	}
	if (f->n_records < REPORT_RECORDS)
		f->records[f->n_records++] = record;
	return false;
}

void reports_heed(struct app *app, struct findings *f, struct sy_str inspection, uint64_t record)
{
	struct sy_json_doc doc;

	if (f->reports->n == 0 || seen(f, record) ||
	    sy_json_parse(&app->arena, inspection, 0, &doc, NULL) != SY_OK)
		return;
	const struct sy_json *root = sy_json_root(&doc);
	struct named n = {view_text(app, &doc, view_at(&doc, root, "report.sha256")),
			  view_text(app, &doc, view_at(&doc, root, "report.sm3")),
			  view_text(app, &doc, sy_json_get(&doc, root, "number")), record};
	for (size_t i = 0; i < f->reports->n; i++)
		hold(&f->v[i], &f->reports->v[i], &n);
}

int reports_rc(const struct findings *f)
{
	int rc = RC_DONE;

	for (size_t i = 0; i < f->reports->n; i++)
		rc = rc_worst(rc, f->v[i].holds          ? RC_DONE
				  : f->v[i].compared > 0 ? RC_PROOF
							 : RC_FAIL);
	return rc;
}

/* --- words ------------------------------------------------------------------------------------ */

static void say_en(struct out *o, const char *file, const struct finding *f, const char *of,
		   const char *by)
{
	if (f->holds)
		out_line(o, "%s: MATCHES the report of inspection %s (%s)", file, of, by);
	else if (f->half)
		out_line(o,
			 "%s: DIFFERS: of the two digests of inspection %s, only %s is this file's",
			 file, of, by);
	else if (f->compared > 1)
		out_line(o, "%s: DIFFERS from the reports of all %u inspections", file,
			 f->compared);
	else if (f->compared == 1)
		out_line(o, "%s: DIFFERS from the report of inspection %s", file, of);
	else
		out_line(o, "%s: NOT CHECKED: no proven inspection gives its report's digest",
			 file);
}

static void say_zh(struct out *o, const char *file, const struct finding *f, const char *of,
		   const char *by)
{
	if (f->holds)
		out_line(o, "%s：与检验 %s 的报告相符（%s）", file, of, by);
	else if (f->half)
		out_line(o, "%s：不符：检验 %s 的两个摘要中只有 %s 与此文件相符", file, of, by);
	else if (f->compared > 1)
		out_line(o, "%s：与全部 %u 次检验的报告均不符", file, f->compared);
	else if (f->compared == 1)
		out_line(o, "%s：与检验 %s 的报告不符", file, of);
	else
		out_line(o, "%s：无法核对：没有已核验的检验登记了报告摘要", file);
}

static void show(struct app *app, const struct report *r, const struct finding *f)
{
	bool zh = app->lang == LANG_ZH;
	const char *by = f->by_sha256 && f->by_sm3 ? "SHA-256, SM3" : f->by_sm3 ? "SM3" : "SHA-256";
	struct sy_buf of = {0};

	sy_buf_str(&of, f->number);
	sy_buf_printf(&of, zh ? "（记录 %llu）" : ", record %llu", (unsigned long long)f->record);
	if (of.failed)
		app->out.failed = true;
	else if (zh)
		say_zh(&app->out, r->file, f, sy_buf_cstr(&of), by);
	else
		say_en(&app->out, r->file, f, sy_buf_cstr(&of), by);
	sy_buf_free(&of);
}

void reports_text(struct app *app, const struct findings *f)
{
	for (size_t i = 0; i < f->reports->n; i++)
		show(app, &f->reports->v[i], &f->v[i]);
}

void reports_json(struct sy_jw *w, const struct findings *f)
{
	sy_jw_array(w);
	for (size_t i = 0; i < f->reports->n; i++) {
		const struct report *r = &f->reports->v[i];
		const struct finding *v = &f->v[i];
		sy_jw_object(w);
		sy_jw_kv_text(w, "file", r->file);
		sy_jw_kv_text(w, "sha256", r->sha256);
		sy_jw_kv_text(w, "sm3", r->sm3[0] ? r->sm3 : NULL);
		sy_jw_key(w, "holds");
		if (v->compared > 0)
			sy_jw_bool(w, v->holds);
		else
			sy_jw_null(w);
		sy_jw_kv_u64(w, "compared", v->compared);
		if (v->compared > 0) {
			sy_jw_kv_u64(w, "record", v->record);
			sy_jw_kv_str(w, "number", v->number);
		}
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
}
