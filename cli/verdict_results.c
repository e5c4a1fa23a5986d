/* What was found of the goods: by their registration, and afterwards. */
#include "item.h"
#include "verdict.h"
#include "view.h"

static const char *label(const struct verdict *v, bool later)
{
	static const char *const labels[][2] = {{"inspection", "检验"},
						{"later results", "后续检验"}};

	return labels[later][v->app->lang];
}

static struct sy_str result_word(const struct app *app, struct sy_str result)
{
	static const char *const words[][3] = {{"pass", "passed", "合格"},
					       {"fail", "FAILED", "不合格"}};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (sy_str_is(result, words[i][0]))
			return sy_str(words[i][1 + app->lang]);
	}
	return result;
}

/* Three members of an object on one line; what isn't there leaves no gap. */
static void put_members(struct verdict *v, struct sy_buf *b, const struct sy_json_doc *doc,
			const struct sy_json *object, const char *const names[3])
{
	for (unsigned i = 0; i < 3; i++) {
		struct sy_str s = view_text(v->app, doc, sy_json_get(doc, object, names[i]));
		if (s.n > 0 && b->n > 0)
			sy_buf_byte(b, ' ');
		sy_buf_str(b, result_word(v->app, s));
	}
}

static void show_line(struct verdict *v, bool later, struct sy_buf *b)
{
	v->app->out.failed = v->app->out.failed || b->failed;
	if (b->n > 0)
		out_str(&v->app->out, label(v, later), sy_buf_span(b));
	sy_buf_free(b);
}

static const char *const result_names[] = {"result", "number", "date"};

/* Of an answer's inspection what its record says, where that was proven; else what is told. */
static void put_result(struct verdict *v, struct sy_buf *b, uint64_t record,
		       const struct sy_json *told)
{
	struct sy_json_doc doc;

	for (size_t i = 0; i < v->n_inspections; i++) {
		if (v->inspections[i].record != record ||
		    sy_json_parse(&v->app->arena, v->inspections[i].json, 0, &doc, NULL) != SY_OK)
			continue;
		v->inspections[i].shown = true;
		put_members(v, b, &doc, sy_json_root(&doc), result_names);
		return;
	}
	if (told != NULL)
		put_members(v, b, &v->doc, told, result_names);
}

/* "supervision FAILED S-9 2026-11-04 (record 12)" */
static void show_later(struct verdict *v, const struct sy_json *told, uint64_t record)
{
	bool zh = v->app->lang == LANG_ZH;
	struct sy_buf b = {0}, result = {0};
	struct sy_str date = verdict_member(v, told, "date");

	put_result(v, &result, record, told);
	sy_buf_text(&b, item_word(v->app, sy_arena_strdup(&v->app->arena,
							  verdict_member(v, told, "kind"))));
	sy_buf_printf(&b, "%s%.*s", zh ? "" : " ", (int)result.n, result.p);
	if (memmem(result.p, result.n, date.p, date.n) == NULL)
		sy_buf_printf(&b, " %.*s", (int)date.n, date.p);
	sy_buf_printf(&b, zh ? "（记录 %llu）" : " (record %llu)", (unsigned long long)record);
	b.failed = b.failed || result.failed;
	show_line(v, true, &b);
	sy_buf_free(&result);
}

static void show_own(struct verdict *v, const struct sy_json *told, uint64_t record)
{
	struct sy_buf b = {0};

	put_result(v, &b, record, told);
	show_line(v, false, &b);
}

/* What was proven stands above what the ledger says, and is shown though it keeps it back. */
void verdict_results(struct verdict *v)
{
	const struct sy_json *m;
	bool zh = v->app->lang == LANG_ZH;
	uint64_t record;

	sy_json_each (&v->doc, sy_json_get(&v->doc, v->root, "inspections"), m) {
		if (sy_json_u64(&v->doc, sy_json_get(&v->doc, m, "record"), &record) != SY_OK)
			record = UINT64_MAX;
		if (verdict_is(v, m, "later"))
			show_later(v, m, record);
		else
			show_own(v, m, record);
	}
	for (size_t i = 0; i < v->n_inspections; i++)
		if (!v->inspections[i].shown)
			show_own(v, NULL, v->inspections[i].record);
	if (verdict_is(v, v->root, "inspectionsCut"))
		out_text(&v->app->out, label(v, true),
			 zh ? "还有更多：suyuan batch show" : "there are more: suyuan batch show");
}
