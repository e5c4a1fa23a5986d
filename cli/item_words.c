#include "item.h"

#define CHINA_MS (8 * 3600000)

static const struct {
	const char *name, *en, *zh;
} words[] = {
    /* headings */
    {"code", "code", "编码"},
    {"kind", "kind", "种类"},
    {"state", "state", "状态"},
    {"made", "made", "生产日期"},
    {"harvested", "harvested", "采收日期"},
    {"expires", "expires", "有效期至"},
    {"bestBefore", "best before", "保质期至"},
    {"quantity", "quantity", "数量"},
    {"unit", "unit", "单位"},
    {"removed", "removed", "已注销"},
    {"records", "records", "记录数"},
    {"asOf", "asOf", "截至"},
    {"inLot", "of lot", "所属批次"},
    {"holders", "Who has it", "持有情况"},
    {"shipments", "Under way", "在途"},
    {"flags", "Flags", "异常"},
    {"holds", "Holds", "封存"},
    {"inspections", "Quality results", "检验结果"},
    {"dispositions", "Dispositions", "处置状态"},
    {"history", "History", "历史"},
    {"audit", "History, with what was withdrawn", "历史（含已撤销）"},
    {"names", "Who and where", "主体与场所"},
    {"party", "party", "主体"},
    {"place", "place", "场所"},
    {"onHand", "on hand", "在库"},
    {"inTransit", "in transit", "在途"},
    {"consumed", "consumed", "已消耗"},
    {"sold", "sold", "已售"},
    {"destroyed", "destroyed", "已销毁"},
    {"unknown", "unknown", "未知"},
    {"since", "since", "自"},
    {"from", "from", "发自"},
    {"to", "to", "发往"},
    {"container", "container", "容器"},
    {"other", "other", "对方"},
    {"flag", "flag", "异常"},
    {"reason", "reason", "原因"},
    {"record", "record", "记录"},
    {"authority", "authority", "监管"},
    {"time", "time", "时间"},
    {"result", "result", "结果"},
    {"inspection.number", "number", "报告号"},
    {"inspection.standard", "standard", "依据"},
    {"disposition", "disposition", "处置"},
    {"persistent", "lasting", "持续"},
    {"step", "what", "事项"},
    {"role", "as", "角色"},
    {"note", "note", "备注"},
    {"name", "name", "名称"},
    {"id", "id", "标识"},
    {"singleUnits", "single units", "单品"},
    {"yes", "yes", "是"},
    {"some", "some", "有，数量未知"},
    /* kinds and states */
    {"lot", "lot", "批次"},
    {"serial", "unit", "单品"},
    {"product", "product", "产品"},
    {"logistic", "logistic unit", "物流单元"},
    {"held", "HELD", "已封存"},
    {"withdrawn", "WITHDRAWN", "已撤销"},
    {"expired", "EXPIRED", "已过期"},
    {"registered", "registered", "已登记"},
    {"mentioned", "mentioned, never registered", "有记录提及，未登记"},
    /* steps */
    {"observe", "seen", "查看"},
    {"create", "registered", "登记"},
    {"destroy", "destroyed", "销毁"},
    {"ship", "shipped", "发货"},
    {"unship", "shipping voided", "撤回发货"},
    {"receive", "received", "收货"},
    {"sell", "sold", "销售"},
    {"install", "installed", "安装使用"},
    {"consume", "went into", "投料"},
    {"produce", "came out of", "产出"},
    {"pack", "packed", "装箱"},
    {"unpack", "unpacked", "拆箱"},
    {"hold", "held", "封存"},
    {"release", "released", "解封"},
    {"inspect", "inspected", "检验"},
    {"empty", "emptied", "清空"},
    {"error", "declares an error", "差错声明"},
    /* roles */
    {"subject", "itself", "本身"},
    {"parent", "container", "容器"},
    {"child", "content", "内装物"},
    {"input", "input", "投入"},
    {"output", "output", "产出"},
    /* results */
    {"pass", "passed", "合格"},
    {"fail", "FAILED", "不合格"},
    {"firm", "firm", "企业自检"},
    {"laboratory", "laboratory", "检验机构"},
    {"supervision", "supervision", "监督抽检"},
    /* flags */
    {"out-of-order", "out of order", "顺序颠倒"},
    {"impossible", "IMPOSSIBLE", "不可能"},
    {"before-creation", "before it was registered", "早于登记"},
    {"after-destruction", "after nothing was left", "在全部销毁之后"},
    {"before-arrival", "left before it arrived", "未到先出"},
    {"more-than-there", "more than was there", "数量超过所有"},
    {"never-shipped", "received, but nobody shipped it", "收货，但无人发货"},
    {"never-packed", "unpacked, but never packed", "拆箱，但从未装箱"},
    {"mixed-units", "in a unit that does not add up with the others", "计量单位不一致，无法合计"},
};

const char *item_word(const struct app *app, const char *name)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].name, name) == 0)
			return app->lang == LANG_ZH ? words[i].zh : words[i].en;
	}
	return name;
}

/* --- parties and places ----------------------------------------------------------------------- */

static struct sy_str shortened(struct sy_str id)
{
	static const char *const stems[] = {"https://id.gs1.org/417/", "https://id.gs1.org/414/",
					    "https://id.gs1.org/"};

	for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++) {
		size_t n = strlen(stems[i]);
		if (id.n > n && memcmp(id.p, stems[i], n) == 0)
			return (struct sy_str){id.p + n, id.n - n};
	}
	return id;
}

static struct sy_str registered_name(struct app *app, struct sy_str id, const char *endpoint,
				     const char *list, const char *path)
{
	struct sy_buf b = {0};
	struct sy_json_doc doc;
	struct sy_str name = {"", 0};

	sy_buf_printf(&b, "%s?id=", endpoint);
	http_escape(&b, id);
	if (!b.failed && view_get(app, sy_buf_cstr(&b), &doc) == RC_DONE) {
		const struct sy_json *rows = sy_json_get(&doc, sy_json_root(&doc), list);
		name = view_text(app, &doc, view_at(&doc, sy_json_first(&doc, rows), path));
	} else {
		memset(&app->fail, 0, sizeof app->fail); /* it is shown by its id */
	}
	sy_buf_free(&b);
	return name;
}

struct sy_str item_actor(struct item_view *v, struct sy_str id)
{
	struct sy_str name;

	if (id.n == 0)
		return id;
	for (size_t i = 0; i < v->n_names; i++) {
		if (sy_str_eq(v->names[i].id, id))
			return v->names[i].name;
	}
	if (v->n_names == ITEM_NAMES)
		return shortened(id);
	name = registered_name(v->app, id, "/v1/parties", "parties", "party.name");
	if (name.n == 0)
		name = registered_name(v->app, id, "/v1/places", "places", "place.name");
	v->names[v->n_names++] =
	    (struct item_name){id, name.n > 0 ? name : shortened(id), name.n > 0};
	return v->names[v->n_names - 1].name;
}

struct sy_str item_member(struct item_view *v, const struct sy_json *row, const char *path)
{
	return view_text(v->app, &v->doc, view_at(&v->doc, row, path));
}

struct sy_str item_member_word(struct item_view *v, const struct sy_json *row, const char *path)
{
	const char *name = sy_arena_strdup(&v->app->arena, item_member(v, row, path));

	return sy_str(name != NULL && name[0] != '\0' ? item_word(v->app, name) : "");
}
