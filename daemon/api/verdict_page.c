/*
 * The page that a browser gets for the link that was scanned: the verdict first, what to do next,
 * then what was registered.  No script, nothing from elsewhere; whatever a record says is escaped
 * and kept to its own direction of writing.
 */
#include "api/verdict.h"

#include <suyuan/time.h>

enum { EAST = 8 * 60 }; /* minutes: days and times are China's */

struct view {
	struct sy_buf *b;
	struct sy_arena *arena;
	struct index_read *r;
	const struct findings *f;
	bool zh;
};

static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"robots\" content=\"noindex\">\n<style>\n"
    "body { font: 1rem/1.5 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', sans-serif; "
    "color: #111; background: #fff; margin: 0 auto; max-width: 40rem; padding: 1rem }\n"
    "h1 { font-size: 1.4rem; margin: 0 0 1rem; padding: 1rem; border-left: 0.5rem solid }\n"
    "h2 { font-size: 1.1rem }\n"
    ".stop { background: #fde8e8; color: #8a0f0f } .fine { background: #e6f4ea; color: #0d4f25 }\n"
    ".care { background: #fff3d6; color: #5f4300 }\n"
    "p.stop, p.care { padding: 0.5rem 1rem; font-weight: bold }\n"
    "dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem }\n"
    "dt { color: #555 } dd { margin: 0; overflow-wrap: anywhere }\n"
    "footer { color: #555; font-size: 0.85rem; border-top: 1px solid #ccc; margin-top: 2rem }\n"
    "</style>\n";

enum tone { STOP, CARE, FINE };
static const char *const tones[] = {"stop", "care", "fine"};

static const struct {
	enum tone tone;
	const char *says[2]; /* English, Chinese */
} verdicts[] = {
    [ST_RECALLED] = {STOP, {"RECALLED: do not use or sell it", "已召回：请勿使用或销售"}},
    [ST_HELD] = {STOP, {"HELD: not to be moved or sold", "已封存：不得转移或销售"}},
    [ST_WITHDRAWN] = {STOP,
		      {"WITHDRAWN: its registration was declared an error",
		       "已撤销：其登记已声明为错误"}},
    [ST_DESTROYED] = {STOP, {"DESTROYED: nothing of it should be left", "已销毁：不应再有存货"}},
    [ST_EXPIRED] = {STOP, {"EXPIRED", "已过期"}},
    [ST_REGISTERED] = {FINE, {"Registered in this ledger", "已在本账本登记"}},
    [ST_SERIAL_UNKNOWN] =
	{STOP,
	 {"SERIAL UNKNOWN: the batch is registered, this serial never was; a copy?",
	  "序列号未登记：该批次已登记，但此序列号从未登记，谨防假冒"}},
    [ST_PRODUCT_ONLY] = {CARE,
			 {"The product is known; this code names no batch",
			  "产品已登记，但此编码未指明批次"}},
    [ST_UNKNOWN] = {CARE, {"UNKNOWN: nobody registered this code", "未知：无人登记此编码"}},
};

static const char *pick(const struct view *v, const char *english, const char *chinese)
{
	return v->zh ? chinese : english;
}

/* --- writing --------------------------------------------------------------------------------- */

/* Control bytes, which no text of the ledger needs, are blanks. */
static void put_text(struct sy_buf *b, struct sy_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '&')
			sy_buf_text(b, "&amp;");
		else if (c == '<')
			sy_buf_text(b, "&lt;");
		else if (c == '>')
			sy_buf_text(b, "&gt;");
		else if (c == '"')
			sy_buf_text(b, "&quot;");
		else if (c == '\'')
			sy_buf_text(b, "&#39;");
		else
			sy_buf_byte(b, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
}

static void put_field(const struct view *v, const char *english, const char *chinese,
		      struct sy_str value)
{
	if (value.n == 0)
		return;
	sy_buf_printf(v->b, "<dt>%s</dt><dd><bdi>", pick(v, english, chinese));
	put_text(v->b, value);
	sy_buf_text(v->b, "</bdi></dd>\n");
}

static void put_day(const struct view *v, const char *english, const char *chinese, int32_t day)
{
	char text[12];
	if (day == SY_NO_DAY)
		return;
	sy_date_format(day, text);
	put_field(v, english, chinese, sy_str(text));
}

/* A sentence of our own. */
static void put_line(const struct view *v, enum tone tone, const char *english, const char *chinese)
{
	sy_buf_printf(v->b, "<p class=\"%s\">%s</p>\n", tones[tone], pick(v, english, chinese));
}

static void put_heading(const struct view *v, const char *english, const char *chinese)
{
	sy_buf_printf(v->b, "<h2>%s</h2>\n<dl>\n", pick(v, english, chinese));
}

static void begin(struct sy_buf *b, bool zh, enum tone tone, const char *verdict)
{
	sy_buf_printf(b, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n%s<title>",
		      zh ? "zh-CN" : "en", head);
	sy_buf_printf(b, "%s</title>\n</head>\n<body>\n<h1 class=\"%s\">%s</h1>\n", verdict,
		      tones[tone], verdict);
}

static void end(struct sy_buf *b)
{
	sy_buf_text(b, "</body>\n</html>\n");
}

/* --- what rows say --------------------------------------------------------------------------- */

/* A member of what is shown of a row, in the reader's language where it has several. */
static struct sy_str shown(const struct view *v, const struct register_row *row, const char *name)
{
	static const char *const languages[][2] = {{"en", "zh"}, {"zh", "en"}};
	struct sy_str out = SY_STR("");
	struct sy_json_doc doc;
	const struct sy_json *member, *text;
	const char *json = sy_arena_printf(v->arena, "{%.*s}", (int)row->shown.n, row->shown.p);
	if (json == NULL || sy_json_parse(v->arena, sy_str(json), 0, &doc, NULL) != SY_OK)
		return out;
	member = text = sy_json_get(&doc, sy_json_root(&doc), name);
	if (member && member->type == SY_JSON_OBJECT) {
		text = sy_json_get(&doc, member, languages[v->zh][0]);
		text = text ? text : sy_json_get(&doc, member, languages[v->zh][1]);
		text = text ? text : sy_json_first(&doc, member);
	}
	if (text == NULL || text->type != SY_JSON_STRING ||
	    sy_json_string(&doc, text, v->arena, &out) != SY_OK)
		return SY_STR("");
	return out;
}

static struct sy_str actor(const struct view *v, uint64_t id)
{
	struct register_row row;
	struct sy_str name, text;
	if (id == NO_ID || index_actor_name(v->r, id, &text) != SY_OK)
		return SY_STR("");
	if (register_get(v->r, REG_PARTY, text, &row) != SY_OK)
		return text;
	name = shown(v, &row, "name");
	return name.n ? name : text;
}

static void put_recalls(const struct view *v)
{
	const struct coverings *c = &v->f->recalls;
	if (v->f->marking)
		put_line(v, CARE,
			 "A recall that may cover it is being worked out: this isn't sure yet, ask "
			 "again in a moment.",
			 "有可能涉及此件的召回正在处理中，结论未定，请稍后再查。");
	for (size_t i = 0; i < c->n; i++) {
		const struct register_row *row = &c->v[i].recall.row;
		put_heading(v, "Recall", "召回");
		put_field(v, "what to do", "处置措施", shown(v, row, "measures"));
		put_field(v, "reason", "原因", shown(v, row, "reason"));
		put_field(v, "level", "级别", shown(v, row, "level"));
		put_field(v, "number", "编号", row->id);
		sy_buf_text(v->b, "</dl>\n");
		if (c->v[i].partial)
			put_line(v, CARE, "Some units of the batch only.",
				 "仅涉及该批次的部分单品。");
		if (c->v[i].product)
			put_line(v, CARE, "It is of the product; whether of this one isn't known.",
				 "该召回针对此产品，无法判断是否涉及此件。");
	}
}

static void put_holds(const struct view *v, const struct found *of)
{
	for (size_t i = 0; i < of->n_holds; i++) {
		put_heading(v, "Held", "封存");
		put_field(v, "by", "封存单位", actor(v, of->holds[i].party));
		put_day(v, "since", "自", sy_date_of((uint64_t)of->holds[i].time, EAST));
		sy_buf_text(v->b, "</dl>\n");
	}
}

static void put_result(const struct view *v, unsigned inspector, bool pass, int32_t day,
		       struct sy_str by)
{
	static const char *const kinds[][2] = {{"inspection", "检验"},
					       {"producer's own", "企业自检"},
					       {"laboratory", "委托检验"},
					       {"supervision", "监督抽检"}};
	char date[12] = "";
	if (day != SY_NO_DAY)
		sy_date_format(day, date);
	const char *text = sy_arena_printf(
	    v->arena, "%s %s%s%.*s", pass ? pick(v, "passed", "合格") : pick(v, "FAILED", "不合格"),
	    date, by.n ? pick(v, ", ", "，") : "", (int)by.n, by.p);
	put_field(v, kinds[inspector][0], kinds[inspector][1], sy_str(text ? text : ""));
}

static void put_own(const struct view *v, const struct found *of)
{
	if (verdict_own(of) && of->row.result)
		put_result(v, of->row.inspector, of->row.result == 1, of->row.inspected,
			   SY_STR(""));
}

static void put_inspections(const struct view *v)
{
	const struct findings *f = v->f;
	if (!verdict_own(&f->unit) && !verdict_own(&f->lot) && f->n_later == 0)
		return;
	put_heading(v, "Inspections", "检验");
	for (size_t i = 0; i < f->n_later; i++) {
		const struct inspected *it = &f->later[i].it;
		put_result(v, ((unsigned)it->result + 1) / 2, it->result % 2 == 0,
			   sy_date_of((uint64_t)it->time, EAST), actor(v, it->party));
	}
	put_own(v, &f->unit);
	if (!verdict_one_record(f))
		put_own(v, &f->lot);
	sy_buf_text(v->b, "</dl>\n");
	if (f->later_cut)
		put_line(v, CARE, "There are older results, which aren't shown.",
			 "还有更早的检验结果未列出。");
}

/* --- the whole ------------------------------------------------------------------------------- */

static int32_t day_of(const struct findings *f, size_t at)
{
	int32_t unit, lot;
	memcpy(&unit, (const char *)&f->unit.row + at, sizeof unit);
	memcpy(&lot, (const char *)&f->lot.row + at, sizeof lot);
	if (f->unit.known && unit != SY_NO_DAY)
		return unit;
	return f->lot.known ? lot : SY_NO_DAY;
}

static void put_what(const struct view *v)
{
	static const struct {
		size_t at;
		const char *name[2];
	} days[] = {{offsetof(struct item, made), {"made", "生产日期"}},
		    {offsetof(struct item, harvested), {"harvested", "采收日期"}},
		    {offsetof(struct item, expires), {"expires", "有效期至"}},
		    {offsetof(struct item, best_before), {"best before", "保质期至"}}};
	const struct findings *f = v->f;
	sy_buf_text(v->b, "<dl>\n");
	if (f->has_product) {
		put_field(v, "product", "产品", shown(v, &f->product, "name"));
		put_field(v, "specification", "规格", shown(v, &f->product, "specification"));
	}
	if (f->has_producer) {
		struct sy_str name = shown(v, &f->producer, "name");
		put_field(v, "producer", "生产者", name.n ? name : f->producer.id);
	}
	put_field(v, "batch", "批号", f->code.lot);
	put_field(v, "serial", "序列号", f->code.serial);
	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		put_day(v, days[i].name[0], days[i].name[1], day_of(f, days[i].at));
	put_field(v, "code", "编码", f->code.canonical);
	sy_buf_text(v->b, "</dl>\n");
}

static void put_label(const struct view *v)
{
	struct label_differs d = verdict_label(v->f);
	if (d.lot)
		put_line(v, STOP,
			 "This serial was registered in another batch than the label says.",
			 "此序列号登记在其他批次，与标签所示批号不同。");
	if (d.expires)
		put_line(v, STOP, "The label gives another expiry than was registered.",
			 "标签所示有效期与登记的不同。");
	if (d.made)
		put_line(v, STOP, "The label gives another production date than was registered.",
			 "标签所示生产日期与登记的不同。");
}

static void put_minute(const struct view *v, uint64_t ms)
{
	char text[SY_TIME_TEXT];
	sy_time_format(ms + EAST * 60000u, text);
	sy_buf_printf(v->b, "%.10s %.5s +08:00", text, text + 11);
}

static void put_lookups(const struct view *v)
{
	const struct findings *f = v->f;
	unsigned long long n = f->lookups;
	if (n < 2)
		return;
	sy_buf_text(v->b, "<p>");
	if (v->zh)
		sy_buf_printf(v->b, "已被查询 %llu 次，首次于 ", n);
	else
		sy_buf_printf(v->b, "Looked up %llu times, first at ", n);
	put_minute(v, f->first_lookup);
	sy_buf_text(v->b, "</p>\n");
}

static void put_footer(const struct view *v)
{
	sy_buf_printf(
	    v->b, "<footer><p>%s</p>\n",
	    pick(v,
		 "This ledger says what was registered and by whom. It can't tell whether "
		 "the thing in your hand is the one that was registered.",
		 "本账本说明登记了什么、由谁登记，但无法判断您手中的实物是否就是所登记的那"
		 "一件。"));
	sy_buf_printf(v->b, "<p>%s %llu, ", pick(v, "As of entry", "截至条目"),
		      (unsigned long long)(v->r->position ? v->r->position - 1 : 0));
	put_minute(v, v->r->time);
	sy_buf_text(v->b, "</p></footer>\n");
}

/* What is graver already isn't made any better by what comes. */
static bool is_pending(const struct findings *f)
{
	return f->marking && f->status >= ST_REGISTERED;
}

/* A lot or unit that nobody registered, of a product that is. */
static const char *verdict_of(const struct view *v)
{
	const struct findings *f = v->f;
	if (is_pending(f))
		return pick(v, "NOT SURE YET: a recall is being worked out, ask again in a moment",
			    "暂无结论：有召回正在处理中，请稍后再查");
	if (f->status == ST_UNKNOWN && f->has_product)
		return pick(v, "UNKNOWN: the product is registered, this batch or serial isn't",
			    "未知：产品已登记，但此批次或序列号未登记");
	return verdicts[f->status].says[v->zh];
}

void verdict_page(struct snapshot *s, struct sy_buf *body, const struct findings *f, bool chinese)
{
	struct view v = {.b = body, .arena = f->arena, .r = &s->index, .f = f, .zh = chinese};
	bool failed = verdict_failed(f);
	enum tone tone = verdicts[f->status].tone;
	if (tone == FINE && is_pending(f))
		tone = CARE;
	begin(body, chinese, failed ? STOP : tone, verdict_of(&v));
	if (failed)
		put_line(&v, STOP, "An inspection FAILED: see below.", "有检验不合格，详见下文。");
	put_label(&v);
	put_recalls(&v);
	put_holds(&v, &f->unit);
	put_holds(&v, &f->lot);
	put_what(&v);
	put_inspections(&v);
	put_lookups(&v);
	put_footer(&v);
	end(body);
}

void verdict_no_code(struct sy_buf *body, struct sy_str given, const struct sy_faults *faults,
		     bool chinese)
{
	begin(body, chinese, CARE,
	      chinese ? "这不是有效的编码" : "This isn't a code that anybody can have registered");
	sy_buf_text(body, "<p><bdi>");
	put_text(body, given);
	sy_buf_text(body, "</bdi></p>\n<ul>\n");
	for (size_t i = 0; i < faults->n; i++) {
		sy_buf_text(body, "<li>");
		put_text(body, sy_str(faults->v[i].detail));
		sy_buf_text(body, "</li>\n");
	}
	sy_buf_text(body, "</ul>\n");
	end(body);
}
