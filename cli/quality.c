/*
 * suyuan quality: the pass rates that supervision found, beside the targets of the plan.
 */
#include "nouns.h"
#include "value.h"
#include "view.h"
#include "whole.h"

#include <stdlib.h>

/* --- words ------------------------------------------------------------------------------------ */

enum text {
	T_CATEGORY,
	T_PRODUCER,
	T_REGION,
	T_YEAR,
	T_NAME,
	T_INSPECTED,
	T_PASSED,
	T_FAILED,
	T_RATE,
	T_TARGET,
	T_MET,
	T_TOTAL,
	T_UNKNOWN,
	T_YES,
	T_NO,
	T_NOTHING,
	T_COUNT
};

static const char *const texts[T_COUNT][2] = {
    [T_CATEGORY] = {"category", "类别"},
    [T_PRODUCER] = {"producer", "生产者"},
    [T_REGION] = {"region", "地区"},
    [T_YEAR] = {"year", "年度"},
    [T_NAME] = {"name", "名称"},
    [T_INSPECTED] = {"inspected", "抽检批次"},
    [T_PASSED] = {"passed", "合格"},
    [T_FAILED] = {"failed", "不合格"},
    [T_RATE] = {"rate", "合格率"},
    [T_TARGET] = {"target", "目标"},
    [T_MET] = {"met", "达标"},
    [T_TOTAL] = {"total", "合计"},
    [T_UNKNOWN] = {"not registered", "未登记"},
    [T_YES] = {"yes", "是"},
    [T_NO] = {"NO", "否"},
    [T_NOTHING] = {"No supervision inspection in this time.", "该时段内无监督抽检。"},
};

/* What rows may be of, as the ledger calls it. */
static const struct by {
	const char *name;
	enum text heading;
} bys[] = {
    {"category", T_CATEGORY}, {"producer", T_PRODUCER}, {"region", T_REGION}, {"year", T_YEAR}};
#define N_BYS (sizeof bys / sizeof bys[0])

static const char *const categories[][2] = {{"agri", "农产品"},
					    {"food", "食品"},
					    {"drug", "药品"},
					    {"industrial", "工业产品"},
					    {"other", "其他"}};
#define N_CATEGORIES (sizeof categories / sizeof categories[0])

static const char *word(const struct app *app, enum text t)
{
	return texts[t][app->lang];
}

/* --- what is asked ---------------------------------------------------------------------------- */

static const struct by *by_find(struct app *app)
{
	const char *at = arg_pos(app, 0), *flag = arg(app, "by");
	const char *name = at != NULL ? at : flag != NULL ? flag : bys[0].name;

	if (at != NULL && flag != NULL && strcmp(at, flag) != 0) {
		fail(&app->fail, RC_USAGE, "--by %s, or %s?", flag, at);
		return NULL;
	}
	for (size_t i = 0; i < N_BYS; i++) {
		if (strcmp(bys[i].name, name) == 0)
			return &bys[i];
	}
	fail(&app->fail, RC_USAGE, "by category, producer, region or year, not %s", name);
	return NULL;
}

static bool is_region(struct sy_str text)
{
	size_t digits = 0;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	return digits == 6 && text.n == 6;
}

/* A flag's value as the ledger wants it; empty for one that it isn't. */
static struct sy_str day_of(struct app *app, struct sy_str text)
{
	char day[12];
	int32_t n;

	if (value_date(&app->arena, text, &n) != SY_OK)
		return SY_STR("");
	sy_date_format(n, day);
	const char *copy = sy_arena_strdup(&app->arena, sy_str(day));
	return copy != NULL ? sy_str(copy) : SY_STR("");
}

static struct sy_str category_of(struct app *app, struct sy_str text)
{
	(void)app;
	for (size_t i = 0; i < N_CATEGORIES; i++) {
		if (sy_str_is(text, categories[i][0]) || sy_str_is(text, categories[i][1]))
			return sy_str(categories[i][0]);
	}
	return SY_STR("");
}

static struct sy_str producer_of(struct app *app, struct sy_str text)
{
	return value_party(&app->arena, text);
}

static struct sy_str region_of(struct app *app, struct sy_str text)
{
	(void)app;
	return is_region(text) ? text : SY_STR("");
}

static const struct narrow {
	const char *flag;
	struct sy_str (*read)(struct app *app, struct sy_str text);
	const char *expected;
} narrows[] = {
    {"from", day_of, "a day such as 2026-11-01"},
    {"to", day_of, "a day such as 2026-11-01"},
    {"category", category_of, "agri, food, drug, industrial or other"},
    {"producer", producer_of, "a GLN, a unified social credit code or a party's id"},
    {"region", region_of, "6 digits of GB/T 2260 such as 130100"},
};
#define N_NARROWS (sizeof narrows / sizeof narrows[0])

/* The request's path; every option that is wrong is named at once. */
static int make_path(struct app *app, const struct by *by, bool csv, struct sy_buf *path)
{
	struct sy_buf wrong = {0};
	struct sy_str read[2] = {{"", 0}, {"", 0}}; /* from, to */

	sy_buf_printf(path, "/v1/quality?by=%s%s", by->name, csv ? "&format=csv" : "");
	for (size_t i = 0; i < N_NARROWS; i++) {
		const char *text = arg(app, narrows[i].flag);
		if (text == NULL)
			continue;
		struct sy_str value = narrows[i].read(app, sy_str(text));
		if (value.n == 0)
			sy_buf_printf(&wrong, "%s--%s %s: expected %s", wrong.n > 0 ? "; " : "",
				      narrows[i].flag, text, narrows[i].expected);
		if (i < 2)
			read[i] = value;
		sy_buf_printf(path, "&%s=", narrows[i].flag);
		http_escape(path, value);
	}
	if (read[0].n > 0 && read[1].n > 0 && sy_str_cmp(read[0], read[1]) > 0)
		sy_buf_printf(&wrong, "%s--from %s is later than --to %s", wrong.n > 0 ? "; " : "",
			      read[0].p, read[1].p);
	int rc = RC_DONE;
	if (wrong.n > 0)
		rc = fail(&app->fail, RC_USAGE, "%s", sy_buf_cstr(&wrong));
	else if (path->failed || wrong.failed)
		rc = fail_memory(&app->fail);
	sy_buf_free(&wrong);
	return rc;
}

/* --- for people ------------------------------------------------------------------------------- */

static void percent(struct app *app, const struct sy_json_doc *doc, const struct sy_json *row,
		    const char *member, enum text heading)
{
	struct sy_str n = view_text(app, doc, sy_json_get(doc, row, member));

	if (n.n > 0)
		out_printf(&app->out, word(app, heading), "%.*s %%", (int)n.n, n.p);
}

static void show_counts(struct app *app, const struct sy_json_doc *doc, const struct sy_json *row)
{
	static const struct {
		const char *member;
		enum text heading;
	} counts[] = {{"inspected", T_INSPECTED}, {"passed", T_PASSED}, {"failed", T_FAILED}};
	const struct sy_json *met = sy_json_get(doc, row, "met");

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		out_str(&app->out, word(app, counts[i].heading),
			view_text(app, doc, sy_json_get(doc, row, counts[i].member)));
	percent(app, doc, row, "rate", T_RATE);
	percent(app, doc, row, "target", T_TARGET);
	if (met != NULL && met->type != SY_JSON_NULL)
		out_text(&app->out, word(app, T_MET),
			 word(app, sy_str_is(sy_json_raw(doc, met), "true") ? T_YES : T_NO));
}

static void show_of(struct app *app, const struct by *by, const struct sy_json_doc *doc,
		    const struct sy_json *row)
{
	struct sy_str of = view_text(app, doc, sy_json_get(doc, row, by->name));
	struct sy_str name = view_text(app, doc, sy_json_get(doc, row, "name"));

	for (size_t i = 0; by->heading == T_CATEGORY && i < N_CATEGORIES; i++) {
		if (sy_str_is(of, categories[i][0]))
			of = sy_str(categories[i][app->lang == LANG_ZH]);
	}
	out_str(&app->out, word(app, by->heading), of.n > 0 ? of : sy_str(word(app, T_UNKNOWN)));
	if (by->heading == T_PRODUCER)
		out_str(&app->out, word(app, T_NAME), name.n > 0 ? name : SY_STR("-"));
}

static void show_table(struct app *app, const struct by *by, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc), *row;

	out_list(&app->out, NULL);
	sy_json_each (doc, sy_json_get(doc, root, "rows"), row) {
		out_object(&app->out, NULL);
		show_of(app, by, doc, row);
		show_counts(app, doc, row);
		out_end(&app->out);
	}
	out_object(&app->out, NULL);
	out_text(&app->out, word(app, by->heading), word(app, T_TOTAL));
	show_counts(app, doc, sy_json_get(doc, root, "total"));
	out_end(&app->out);
	out_end(&app->out);
}

static void show_targets(struct app *app, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc), *t;
	struct sy_buf b = {0};

	sy_json_each (doc, sy_json_get(doc, root, "targets"), t) {
		struct sy_str year = view_text(app, doc, sy_json_get(doc, t, "year"));
		struct sy_str rate = view_text(app, doc, sy_json_get(doc, t, "percent"));
		sy_buf_printf(
		    &b, app->lang == LANG_ZH ? "%s%.*s 年起 %.*s %%" : "%sfrom %.*s on %.*s %%",
		    b.n > 0 ? (app->lang == LANG_ZH ? "，" : ", ") : "", (int)year.n, year.p,
		    (int)rate.n, rate.p);
	}
	struct sy_str record = view_text(app, doc, sy_json_get(doc, root, "targetsRecord"));
	if (record.n > 0)
		sy_buf_printf(&b, app->lang == LANG_ZH ? "（记录 %.*s）" : " (record %.*s)",
			      (int)record.n, record.p);
	if (b.n > 0 && !b.failed)
		out_line(&app->out,
			 app->lang == LANG_ZH ? "规划目标：%s" : "Targets of the plan: %s",
			 sy_buf_cstr(&b));
	sy_buf_free(&b);
}

static void show(struct app *app, const struct by *by, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc);
	struct sy_str from = view_text(app, doc, sy_json_get(doc, root, "from"));
	struct sy_str to = view_text(app, doc, sy_json_get(doc, root, "to"));

	out_line(&app->out,
		 app->lang == LANG_ZH ? "监督抽检合格率，%.*s 至 %.*s"
				      : "Pass rates in supervision inspections, %.*s to %.*s",
		 (int)from.n, from.p, (int)to.n, to.p);
	if (sy_str_is(view_text(app, doc, view_at(doc, root, "total.inspected")), "0"))
		out_line(&app->out, "%s", word(app, T_NOTHING));
	else
		show_table(app, by, doc);
	show_targets(app, doc);
}

/* --- the command ------------------------------------------------------------------------------ */

/* The ledger's own table, byte for byte. */
static int pass_csv(struct app *app, struct sy_buf *path)
{
	struct http_answer a = {0};
	struct whole w;
	int rc = trust_contact(app);

	if (rc != RC_DONE)
		return rc;
	trust_at(app->trust, path);
	rc = path->failed ? fail_memory(&app->fail)
			  : http_fetch(app->http, sy_buf_cstr(path), &a, &app->fail);
	whole_begin(&w, "csv", &app->fail);
	if (rc == RC_DONE && (rc = whole_bytes(&w, sy_buf_span(&a.body))) == RC_DONE)
		rc = whole_end(&w, &a);
	if (rc == RC_DONE)
		out_bytes(&app->out, sy_buf_span(&a.body));
	http_answer_free(&a);
	return rc;
}

static int cmd_quality(struct app *app)
{
	const char *format = arg(app, "format");
	bool csv = format != NULL && strcmp(format, "csv") == 0;
	const struct by *by = by_find(app);
	struct sy_buf path = {0};
	struct sy_json_doc doc;
	int rc;

	if (by == NULL)
		return RC_USAGE;
	if (format != NULL && !csv)
		return fail(&app->fail, RC_USAGE, "--format is csv, not %s", format);
	if (csv && out_is_json(&app->out))
		return fail(&app->fail, RC_USAGE, "--format csv, or --json?");
	rc = make_path(app, by, csv, &path);
	if (rc == RC_DONE && csv) {
		rc = pass_csv(app, &path);
	} else if (rc == RC_DONE && (rc = view_get(app, sy_buf_cstr(&path), &doc)) == RC_DONE) {
		rc = view_needs(app, "/v1/quality", &doc, sy_json_root(&doc),
				"[rows {total [targets");
		if (rc == RC_DONE && out_is_json(&app->out))
			out_json(&app->out, NULL, sy_json_raw(&doc, sy_json_root(&doc)));
		else if (rc == RC_DONE)
			show(app, by, &doc);
	}
	sy_buf_free(&path);
	return rc;
}

static const struct flag quality_flags[] = {
    {"by", "BY", "the same as BY", FLAG_ONE},
    {"from", "DAY", "inspections from this day on; else from the year's first", FLAG_ONE},
    {"to", "DAY", "and until this day; else today", FLAG_ONE},
    {"category", "CATEGORY", "of agri, food, drug, industrial or other products alone", FLAG_ONE},
    {"producer", "ID", "of this producer's alone", FLAG_ONE},
    {"region", "DIGITS", "of producers there alone, GB/T 2260; a province with its cities",
     FLAG_ONE},
    {"format", "csv", "the table as CSV", FLAG_ONE},
    {0},
};

const struct command quality_commands[] = {
    {"", "[BY]", 0, 1,
     "pass rates in supervision inspections by category, producer, region or year, with the "
     "plan's targets",
     quality_flags, cmd_quality, "suyuan quality producer --region 130000 --from 2026-01-01"},
    {0},
};
