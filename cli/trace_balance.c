/*
 * suyuan trace balance: do quantities add up, of lots and of parties.
 */
#include "codes.h"
#include "columns.h"
#include "trace_sums.h"
#include "trace_tree.h"

static const struct {
	const char *member, *words[2];
} counts[] = {
    {"before", {"before", "期初"}},
    {"made", {"made", "生产"}},
    {"received", {"received", "收到"}},
    {"shipped", {"shipped", "发出"}},
    {"used", {"used", "投料"}},
    {"sold", {"sold", "售出"}},
    {"destroyed", {"destroyed", "销毁"}},
    {"onHand", {"on hand", "在库"}},
    {"inTransit", {"in transit", "在途"}},
    {"gain", {"gain", "多出"}},
    {"loss", {"loss", "短少"}},
};

static const struct {
	const char *flag, *words[2];
} flags[] = {
    {"more-out-than-in", {"more came out than went in", "产出多于投入"}},
    {"gain", {"more is there or was used than was made", "数量多出，来源不明"}},
    {"loss", {"lost on the way", "途中短少"}},
    {"more-than-there", {"gave away more than it had", "发出多于所有"}},
    {"never-shipped", {"received, but nobody had sent it", "收到但无人发出"}},
    {"never-packed", {"unpacked, but never packed", "拆出但未装入"}},
    {"mixed-units", {"units that don't agree", "计量单位不一致"}},
    {"before-creation", {"out of order: before it was made", "顺序有误：早于生产"}},
    {"after-destruction", {"out of order: after it was destroyed", "顺序有误：晚于销毁"}},
    {"before-arrival", {"out of order: before it arrived", "顺序有误：早于到货"}},
};

static struct sy_str member(struct app *app, const struct sy_json_doc *doc, const struct sy_json *v,
			    const char *name)
{
	return view_text(app, doc, sy_json_get(doc, v, name));
}

static bool is_true(const struct sy_json_doc *doc, const struct sy_json *v, const char *name)
{
	const struct sy_json *yes = sy_json_get(doc, v, name);

	return yes && sy_str_is(sy_json_raw(doc, yes), "true");
}

/* Single units of a lot have none. */
static struct sy_str unit_of(struct app *app, const struct sy_json_doc *doc,
			     const struct sy_json *line)
{
	bool zh = app->lang == LANG_ZH;
	struct sy_str unit = member(app, doc, line, "unit");

	if (is_true(doc, line, "singleUnits"))
		return zh ? SY_STR("单品") : SY_STR("units");
	return unit.n ? unit_name(unit, false, zh) : SY_STR("-");
}

static void show_line(struct app *app, const struct sy_json_doc *doc, const struct sy_json *line)
{
	static const char *const of[2] = {"of", "对象"}, *const all[2] = {"all", "合计"};
	static const char *const unit[2] = {"unit", "单位"}, *const note[2] = {"note", "备注"};
	static const char *const more[2] = {"some is unknown", "部分数量未知"};
	struct sy_str who = member(app, doc, line, "party");

	if (who.n == 0)
		who = member(app, doc, line, "product");
	out_object(&app->out, NULL);
	out_str(&app->out, sums_word(app, of),
		who.n ? view_short(who) : sy_str(sums_word(app, all)));
	out_str(&app->out, sums_word(app, unit), unit_of(app, doc, line));
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		struct sy_str n = member(app, doc, line, counts[i].member);
		if (n.n > 0)
			out_str(&app->out, sums_word(app, counts[i].words), n);
	}
	if (is_true(doc, line, "unknown"))
		out_text(&app->out, sums_word(app, note), sums_word(app, more));
	out_end(&app->out);
}

static void show_flag(struct app *app, const struct sy_json_doc *doc, const struct sy_json *f)
{
	struct sy_str flag = member(app, doc, f, "flag"), n = member(app, doc, f, "quantity");
	struct sy_str record = member(app, doc, f, "record"), unit = member(app, doc, f, "unit");
	const char *colon = app->lang == LANG_ZH ? "：" : ": ";
	struct sy_buf b = {0};

	unit = unit_name(unit, false, app->lang == LANG_ZH);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (sy_str_is(flag, flags[i].flag))
			flag = sy_str(sums_word(app, flags[i].words));
	sy_buf_str(&b, flag);
	if (n.n > 0)
		sy_buf_printf(&b, "%s%.*s %.*s", colon, (int)n.n, n.p, (int)unit.n, unit.p);
	if (member(app, doc, f, "in").n > 0) {
		struct sy_str in = member(app, doc, f, "in"), out = member(app, doc, f, "out");
		sy_buf_printf(&b, "%s%.*s -> %.*s %.*s", colon, (int)in.n, in.p, (int)out.n, out.p,
			      (int)unit.n, unit.p);
	}
	if (record.n > 0)
		sy_buf_printf(&b, app->lang == LANG_ZH ? "（记录 %.*s）" : " (record %.*s)",
			      (int)record.n, record.p);
	if (!b.failed)
		out_line(&app->out, "! %s", sy_buf_cstr(&b));
	sy_buf_free(&b);
}

static void show(struct app *app, const struct sy_json_doc *doc)
{
	static const char *const lists[] = {"lines", "holders"};
	static const char *const fine[2] = {"everything adds up", "未发现数量不符"};
	static const char *const mixed[2] = {"! units don't agree: gain and loss can't be told",
					     "! 计量单位不一致，无法判断多出或短少"};
	const struct sy_json *root = sy_json_root(doc), *line;
	struct sy_str code = view_short(member(app, doc, root, "code"));
	bool any = false;

	out_line(&app->out, "%.*s", (int)code.n, code.p);
	out_list(&app->out, NULL);
	for (size_t i = 0; i < 2; i++)
		sy_json_each (doc, sy_json_get(doc, root, lists[i]), line)
			show_line(app, doc, line);
	out_end(&app->out);
	sy_json_each (doc, sy_json_get(doc, root, "flags"), line) {
		show_flag(app, doc, line);
		any = true;
	}
	if (is_true(doc, root, "unitsDisagree"))
		out_line(&app->out, "%s", sums_word(app, mixed));
	else if (!any)
		out_line(&app->out, "%s", sums_word(app, fine));
}

static int balance(struct app *app, const char *code, bool csv)
{
	struct sy_buf path = {0};
	int rc;

	sy_buf_text(&path, "/v1/balance?limit=1000");
	rc = sums_code(app, &path, "code", code);
	if (rc == RC_DONE && arg(app, "product") != NULL)
		rc = sums_code(app, &path, "product", arg(app, "product"));
	if (rc == RC_DONE)
		rc = sums_time(app, &path, "from");
	if (rc == RC_DONE)
		rc = sums_time(app, &path, "to");
	if (rc == RC_DONE)
		rc = path.failed ? fail_memory(&app->fail)
				 : sums_answer(app, sy_buf_cstr(&path), csv,
					       "\"code [lines [flags ?cut", show);
	sy_buf_free(&path);
	return rc;
}

/* Several codes are a list in JSON, and tables below each other. */
int cmd_trace_balance(struct app *app)
{
	bool many, csv;
	int rc = sums_csv(app, &csv);

	if (rc == RC_DONE)
		rc = codes_expand(app);
	many = app->args.n_pos > 1;
	if (rc == RC_DONE && csv && many)
		return fail(&app->fail, RC_USAGE, "--format csv is of one code");
	if (many && out_is_json(&app->out))
		out_list(&app->out, NULL);
	for (size_t i = 0; i < app->args.n_pos && rc == RC_DONE; i++)
		rc = balance(app, arg_pos(app, i), csv);
	if (many && out_is_json(&app->out))
		out_end(&app->out);
	return rc;
}

const struct flag trace_balance_flags[] = {
    {"product", "CODE", "of a party: one product alone", FLAG_ONE},
    {"from", "TIME", "of a party: what it did from then on; a day, or a day and time", FLAG_ONE},
    {"to", "TIME", "and until then; a day lasts to its end", FLAG_ONE},
    {"format", "csv", "the table as CSV", FLAG_ONE},
    {0},
};
