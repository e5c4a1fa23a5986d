#include <stdio.h>

#include "columns.h"
#include "config.h"
#include "verdict.h"
#include "view.h"

#define CHINA_MINUTES 480

/* --- words ------------------------------------------------------------------------------------ */

enum text {
	T_PRODUCT,
	T_PRODUCER,
	T_LOT,
	T_SERIAL,
	T_MADE,
	T_HARVESTED,
	T_EXPIRES,
	T_BEST_BEFORE,
	T_QUANTITY,
	T_RECALL,
	T_LEVEL,
	T_PENDING,
	T_REASON,
	T_MEASURES,
	T_HELD_BY,
	T_WHERE,
	T_FLAGS,
	T_LABEL,
	T_LOOKUPS,
	T_RECORDS,
	T_PROOF,
	T_AS_OF,
	T_NOTHING,
	T_BROKEN,
	T_RECEIPT,
	T_LEDGER,
	T_RECORD,
	T_ENTRY,
	T_TYPE,
	T_TIME,
	T_AUTHOR,
	T_PARTY,
	T_TEXT,
	T_LOT_MISSING,
	T_SERIAL_MISSING,
	T_EXPIRED_ON,
	T_OTHER_LOT,
	T_FIRST_LOOKUP,
	T_AT_ENTRY,
	T_BUT_FAILED,
	T_NOT_YET,
	T_COUNT
};

static const char *const texts[T_COUNT][2] = {
    [T_PRODUCT] = {"product", "产品"},
    [T_PRODUCER] = {"producer", "生产者"},
    [T_LOT] = {"lot", "批号"},
    [T_SERIAL] = {"serial", "序列号"},
    [T_MADE] = {"made", "生产日期"},
    [T_HARVESTED] = {"harvested", "采收日期"},
    [T_EXPIRES] = {"expires", "有效期至"},
    [T_BEST_BEFORE] = {"best before", "保质期至"},
    [T_QUANTITY] = {"quantity", "数量"},
    [T_RECALL] = {"recall", "召回"},
    [T_PENDING] = {"one is being worked out: ask again in a moment",
		   "有召回正在处理中，请稍后再查"},
    [T_LEVEL] = {", level ", "，级别 "},
    [T_REASON] = {"reason", "原因"},
    [T_MEASURES] = {"what to do", "处置措施"},
    [T_HELD_BY] = {"held by", "封存单位"},
    [T_WHERE] = {"where", "去向"},
    [T_FLAGS] = {"flags", "异常"},
    [T_LABEL] = {"label", "标签"},
    [T_LOOKUPS] = {"looked up", "查询"},
    [T_RECORDS] = {"records", "记录"},
    [T_PROOF] = {"proof", "证明"},
    [T_AS_OF] = {"as of", "截至"},
    [T_NOTHING] = {"there is no record to prove", "没有可核验的记录"},
    [T_BROKEN] = {"DOES NOT HOLD", "不成立"},
    [T_RECEIPT] = {"receipt", "凭证"},
    [T_LEDGER] = {"ledger", "账本"},
    [T_RECORD] = {"record", "记录"},
    [T_ENTRY] = {"entry", "条目"},
    [T_TYPE] = {"type", "类型"},
    [T_TIME] = {"time", "时间"},
    [T_AUTHOR] = {"author's key", "作者密钥"},
    [T_PARTY] = {"party", "主体"},
    [T_TEXT] = {"text", "原文"},
    [T_LOT_MISSING] = {"UNKNOWN: the product is registered, this lot isn't",
		       "未知：产品已登记，但此批次未登记"},
    [T_SERIAL_MISSING] = {"UNKNOWN: the product is registered, this serial isn't",
			  "未知：产品已登记，但此序列号未登记"},
    [T_EXPIRED_ON] = {"EXPIRED on", "已过期，有效期至"},
    [T_OTHER_LOT] = {"DIFFERS: this serial was registered in another lot than the code says",
		     "不符：此序列号登记在其他批次，与编码所示批号不同"},
    [T_FIRST_LOOKUP] = {"for the first time", "首次查询"},
    [T_AT_ENTRY] = {", entry ", "，条目 "},
    [T_NOT_YET] = {"NOT SURE YET: a recall is being worked out, ask again in a moment",
		   "暂无结论：有召回正在处理中，请稍后再查"},
    [T_BUT_FAILED] = {"REGISTERED, but an inspection FAILED", "已登记，但有检验不合格"},
};

static const struct status statuses[] = {
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
	return texts[t][app->lang];
}

const struct status *status_of(const char *name)
{
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		if (strcmp(statuses[i].name, name) == 0)
			return &statuses[i];
	}
	return NULL;
}

/* --- what the answer says --------------------------------------------------------------------- */

/* The unit first, where the code names one: what it says of itself stands above its lot. */
static const char *const items[] = {"serial", "item", "lot"};
#define N_ITEMS (sizeof items / sizeof items[0])

static struct sy_str text_at(const struct verdict *v, const char *path)
{
	return view_text(v->app, &v->doc, view_at(&v->doc, v->root, path));
}

static struct sy_str member(const struct verdict *v, const struct sy_json *of, const char *name)
{
	return view_text(v->app, &v->doc, sy_json_get(&v->doc, of, name));
}

static struct sy_str item_text(const struct verdict *v, const char *name)
{
	struct sy_str s = {"", 0};

	for (size_t i = 0; s.n == 0 && i < N_ITEMS; i++)
		s = member(v, sy_json_get(&v->doc, v->root, items[i]), name);
	return s;
}

/* The day that made it expire: the first that is over of the unit's and the lot's last days. */
static int32_t last_day(const struct verdict *v)
{
	int32_t today = sy_date_of(sy_time_now(), CHINA_MINUTES), day;

	for (size_t i = 0; i < N_ITEMS; i++) {
		const struct sy_json *item = sy_json_get(&v->doc, v->root, items[i]);
		struct sy_str s = member(v, item, "expires");
		if (s.n == 0)
			s = member(v, item, "bestBefore");
		if (s.n > 0 && sy_date_parse(s, &day) == SY_OK && day < today)
			return day;
	}
	return v->expired;
}

/* --- text ------------------------------------------------------------------------------------- */

static void show(struct verdict *v, enum text label, struct sy_str s)
{
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
	else
		show(v, label, x.n > 0 ? x : y);
}

static void show_headline(struct verdict *v)
{
	struct app *app = v->app;
	const char *says = v->status->says[app->lang];
	int32_t day = last_day(v);
	char date[12];

	if (v->fail.text[0] != '\0') {
		says = word(app, T_BROKEN);
	} else if (v->pending) {
		says = word(app, T_NOT_YET);
	} else if (strcmp(v->status->name, "expired") == 0 && day != SY_NO_DAY) {
		sy_date_format(day, date);
		out_line(&app->out, "%s %s", word(app, T_EXPIRED_ON), date);
		return;
	} else if (v->status->rc == RC_UNKNOWN && text_at(v, "product.code").n > 0) {
		bool lot = v->code.kind == SY_CODE_LOT;
		says = word(app, lot ? T_LOT_MISSING : T_SERIAL_MISSING);
	} else if (v->status->rc == RC_DONE && v->failed) {
		says = word(app, T_BUT_FAILED);
	}
	out_line(&app->out, "%s", says);
}

static void show_quantity(struct verdict *v)
{
	struct sy_str n = text_at(v, "lot.quantity"), unit = text_at(v, "lot.unit");

	if (n.n == 0)
		return;
	unit = unit_name(unit, sy_str_is(n, "1"), v->app->lang == LANG_ZH);
	out_printf(&v->app->out, word(v->app, T_QUANTITY), "%.*s %.*s", (int)n.n, n.p, (int)unit.n,
		   unit.p);
}

bool verdict_is(const struct verdict *v, const struct sy_json *m, const char *name)
{
	const struct sy_json *b = sy_json_get(&v->doc, m, name);

	return b != NULL && b->type == SY_JSON_TRUE;
}

struct sy_str verdict_member(const struct verdict *v, const struct sy_json *m, const char *name)
{
	const struct sy_json *text = sy_json_get(&v->doc, m, name);
	struct sy_str out = SY_STR("");

	if (text != NULL && sy_json_string(&v->doc, text, &v->app->arena, &out) != SY_OK)
		return SY_STR("");
	return out;
}

/* --- recalls ---------------------------------------------------------------------------------- */

/* Which one, why, and what to do. */
static void show_recalls(struct verdict *v)
{
	static const char *const parts[][2] = {
	    {"", ""}, {", some units of the lot only", "，仅涉及该批次的部分单品"}};
	static const char *const named[][2] = {
	    {"", ""},
	    {" (of the product; whether of this one isn't known)",
	     "（针对该产品，无法判断是否涉及此件）"}};
	struct app *app = v->app;
	const struct sy_json *m;

	if (verdict_is(v, v->root, "recallsPending"))
		out_text(&app->out, word(app, T_RECALL), word(app, T_PENDING));
	sy_json_each (&v->doc, sy_json_get(&v->doc, v->root, "recalls"), m) {
		struct sy_str id = verdict_member(v, m, "id"),
			      level = verdict_member(v, m, "level"),
			      reason = verdict_member(v, m, "reason"),
			      measures = verdict_member(v, m, "measures");
		bool part = verdict_is(v, m, "partial"),
		     product = sy_str_is(verdict_member(v, m, "names"), "product");
		out_printf(&app->out, word(app, T_RECALL), "%.*s%s%.*s%s%s", (int)id.n, id.p,
			   level.n == 0 ? "" : word(app, T_LEVEL), (int)level.n, level.p,
			   parts[part][app->lang], named[product][app->lang]);
		show(v, T_REASON, reason);
		show(v, T_MEASURES, measures);
	}
}

static void show_other_date(struct verdict *v, enum text which, struct sy_str label,
			    struct sy_str registered)
{
	struct app *app = v->app;
	const char *name = word(app, which);

	if (app->lang == LANG_ZH)
		out_printf(&app->out, word(app, T_LABEL), "不符：登记的%s为 %.*s，标签所示为 %.*s",
			   name, (int)registered.n, registered.p, (int)label.n, label.p);
	else
		out_printf(&app->out, word(app, T_LABEL),
			   "DIFFERS: %s %.*s is registered, the label says %.*s", name,
			   (int)registered.n, registered.p, (int)label.n, label.p);
}

static void show_differences(struct verdict *v)
{
	const struct sy_json *m;

	sy_json_each (&v->doc, sy_json_get(&v->doc, v->root, "labelDiffers"), m) {
		if (sy_json_is(&v->doc, m, "lot"))
			show(v, T_LABEL, sy_str(word(v->app, T_OTHER_LOT)));
		else if (sy_json_is(&v->doc, m, "made"))
			show_other_date(v, T_MADE, v->code.made, item_text(v, "made"));
		else if (sy_json_is(&v->doc, m, "expires"))
			show_other_date(v, T_EXPIRES, v->code.expiry, item_text(v, "expires"));
	}
}

static void show_lookups(struct verdict *v)
{
	struct sy_str n = text_at(v, "lookups.count"), first = text_at(v, "lookups.first");
	struct app *app = v->app;
	const char *label = word(app, T_LOOKUPS);

	if (sy_str_is(n, "1"))
		out_text(&app->out, label, word(app, T_FIRST_LOOKUP));
	else if (n.n > 0 && app->lang == LANG_ZH)
		out_printf(&app->out, label, "共 %.*s 次，首次 %.*s", (int)n.n, n.p, (int)first.n,
			   first.p);
	else if (n.n > 0)
		out_printf(&app->out, label, "%.*s times, first %.*s", (int)n.n, n.p, (int)first.n,
			   first.p);
}

/* Who holds it, and since when. */
static void show_holds_of(struct verdict *v)
{
	const struct sy_json *m;

	sy_json_each (&v->doc, sy_json_get(&v->doc, v->root, "holds"), m) {
		struct sy_str party = verdict_member(v, m, "party"),
			      since = verdict_member(v, m, "since");
		out_printf(&v->app->out, word(v->app, T_HELD_BY), "%.*s %.*s", (int)party.n,
			   party.p, (int)since.n, since.p);
	}
}

static void show_holds(struct app *app, unsigned records, uint64_t size)
{
	if (app->lang == LANG_ZH)
		out_printf(&app->out, word(app, T_PROOF),
			   "成立：%u 条记录在 %llu 个条目的检查点中，已在本机核验", records,
			   (unsigned long long)size);
	else
		out_printf(&app->out, word(app, T_PROOF),
			   "holds: %u record%s in a checkpoint of %llu entries, checked on this "
			   "machine",
			   records, records == 1 ? "" : "s", (unsigned long long)size);
}

static void show_proof(struct verdict *v)
{
	struct app *app = v->app;

	if (v->fail.text[0] != '\0')
		out_printf(&app->out, word(app, T_PROOF), "%s: %s", word(app, T_BROKEN),
			   v->fail.text);
	else if (v->proof.checked == 0)
		out_text(&app->out, word(app, T_PROOF), word(app, T_NOTHING));
	else
		show_holds(app, v->proof.checked, app->trust->size);
}

void verdict_text(struct verdict *v)
{
	struct app *app = v->app;

	out_line(&app->out, "%.*s", (int)v->code.given.n, v->code.given.p);
	show_headline(v);
	reports_text(app, &v->reports);
	out_object(&app->out, NULL);
	pair(v, T_PRODUCT, "product.name", "product.specification", " ", "");
	pair(v, T_PRODUCER, "producer.name", "producer.id", " (", ")");
	show(v, T_LOT, v->code.lot);
	show(v, T_SERIAL, v->code.serial);
	show(v, T_MADE, item_text(v, "made"));
	show(v, T_HARVESTED, item_text(v, "harvested"));
	show(v, T_EXPIRES, item_text(v, "expires"));
	show(v, T_BEST_BEFORE, item_text(v, "bestBefore"));
	show_quantity(v);
	verdict_results(v);
	show_recalls(v);
	show_holds_of(v);
	show(v, T_WHERE, v->where);
	show(v, T_FLAGS, v->flags);
	show_differences(v);
	show_lookups(v);
	show(v, T_RECORDS, text_at(v, "records"));
	show_proof(v);
	pair(v, T_AS_OF, "asOf.time", "asOf.entry", word(app, T_AT_ENTRY), "");
	out_end(&app->out);
}

/* --- JSON ------------------------------------------------------------------------------------- */

void verdict_json(struct verdict *v)
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
	if (v->n_inspections > 0) {
		sy_jw_key(&w, "inspections");
		sy_jw_array(&w);
		for (size_t i = 0; i < v->n_inspections; i++)
			sy_jw_raw(&w, v->inspections[i].json);
		sy_jw_end(&w, ']');
	}
	if (v->reports.reports->n > 0) {
		sy_jw_key(&w, "reports");
		reports_json(&w, &v->reports);
	}
	sy_jw_kv_u64(&w, "exit", (uint64_t)v->rc);
	sy_jw_end(&w, '}');
	sy_buf_byte(&b, '}');
	out_json(&v->app->out, NULL, sy_buf_span(&b));
	v->app->out.failed = v->app->out.failed || b.failed;
	sy_buf_free(&b);
}

/* --- receipts --------------------------------------------------------------------------------- */

/* A member's name in JSON, a label for people. */
static const char *name_of(struct app *app, enum text t, const char *json)
{
	return out_is_json(&app->out) ? json : word(app, t);
}

static void receipt_says(struct app *app, const struct proof_record *r)
{
	char time[SY_TIME_TEXT], key[2 * SY_KEY_SIZE + 1];
	struct out *o = &app->out;

	sy_time_format(r->receipt.entry.time, time);
	sy_hex(r->receipt.entry.author, SY_KEY_SIZE, key);
	out_text(o, name_of(app, T_LEDGER, "ledger"), app->trust->log.name);
	out_u64(o, name_of(app, T_RECORD, "record"), r->receipt.number);
	out_u64(o, name_of(app, T_ENTRY, "entry"), r->receipt.entry.index);
	out_text(o, name_of(app, T_TYPE, "type"), r->type);
	out_text(o, name_of(app, T_TIME, "time"), time);
	out_text(o, name_of(app, T_AUTHOR, "author"), key);
	out_text(o, name_of(app, T_PARTY, "party"), r->party);
	out_str(o, name_of(app, T_TEXT, "text"), r->receipt.payload);
	if (!out_is_json(o))
		show_holds(app, 1, r->receipt.checkpoint.size);
}

static void show_reports(struct app *app, const struct findings *reports)
{
	struct sy_buf b = {0};
	struct sy_jw w;

	if (!out_is_json(&app->out)) {
		reports_text(app, reports);
	} else if (reports->reports->n > 0) {
		sy_jw_init(&w, &b);
		reports_json(&w, reports);
		out_json(&app->out, "reports", sy_buf_span(&b));
		app->out.failed = app->out.failed || b.failed;
		sy_buf_free(&b);
	}
}

void receipt_show(struct app *app, const char *file, const struct proof_record *r,
		  const struct fail *why, const struct findings *reports)
{
	bool holds = why->text[0] == '\0';
	struct out *o = &app->out;

	out_object(o, NULL);
	out_text(o, name_of(app, T_RECEIPT, "receipt"), file);
	if (out_is_json(o)) {
		out_bool(o, "holds", holds);
		out_text(o, "detail", holds ? NULL : why->text);
	} else if (!holds) {
		out_printf(o, word(app, T_PROOF), "%s: %s", word(app, T_BROKEN), why->text);
	}
	if (holds)
		receipt_says(app, r);
	if (holds)
		show_reports(app, reports);
	out_end(o);
}
