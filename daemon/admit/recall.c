/*
 * The life of a recall (DOMAIN.md "Recalls").
 *
 *   {"type":"Recall","id":"<any URI>","rule":"recall/food","level":"1","state":"open",
 *    "party":"<whose goods come back>","scope":{...},"reason":"...","measures":"<what to do>",
 *    "mock":false,"known":"<time>","replaces":N}
 *   scope: "items":["<code>",...], "product":"<code>" with "madeFrom" and "madeTo" (days), "place":
 *          "<place or party>" with "from" and "to" (days or times); what any of them names
 *   {"type":"RecallNotice","recall":"<id>","parties":["<party>",...],"version":N,
 *    "text":"..."}
 *   {"type":"RecallAnswer","recall":"<id>","time":"...","quantities":[{"code":"...","uom":"KGM",
 *    "found":1,"stopped":1,"returned":1,"destroyed":1},...],"text":"...","replaces":N}
 *   {"type":"RecallReport","recall":"<id>","final":true,"time":"...","quantities":[{"code":"...",
 *    "uom":"KGM","made":1,"sold":1,"toRecall":1,"recovered":1,"outstanding":1}],"text":"...",
 *    "replaces":N}
 *
 * A producer recalls what is its own; an operator or a regulator of the region anything.  States go
 * draft, open, closed; "revoked" says that it never should have been, which an authority alone may.
 * Once it is open it can be widened and its level raised, never the other way; what an authority
 * ordered an authority closes.  Each party is told once of each version, answers when it was told,
 * and says again with "replaces" what has changed.  It is closed when it was reported.
 */
#include "admit/recall.h"

#include "admit/rules.h"

static const struct member scope_members[] = {
    {"items", FORM_TEXTS, false, NULL},   {"product", FORM_TEXT, false, NULL},
    {"madeFrom", FORM_DATE, false, NULL}, {"madeTo", FORM_DATE, false, NULL},
    {"place", FORM_TEXT, false, NULL},    {"from", FORM_MOMENT, false, NULL},
    {"to", FORM_MOMENT, false, NULL},     {0}};
const struct member recall_members[] = {
    {"id", FORM_TEXT, true, NULL},          {"rule", FORM_TEXT, true, NULL},
    {"level", FORM_TEXT, false, NULL},      {"state", FORM_TEXT, true, NULL},
    {"party", FORM_TEXT, false, NULL},      {"scope", FORM_OBJECT, true, scope_members},
    {"reason", FORM_TEXT, true, NULL},      {"measures", FORM_TEXT, true, NULL},
    {"mock", FORM_BOOL, false, NULL},       {"known", FORM_TIME, false, NULL},
    {"replaces", FORM_NUMBER, false, NULL}, {0}};

/* --- the case -------------------------------------------------------------------------------- */

struct recall *recall_of(struct check *c, struct fact *f, struct sy_str id)
{
	struct index_recall row;
	if (f->known)
		return f->value;
	struct recall *r = allocate(c, sizeof(*r));
	if (!r)
		return NULL;
	*r = (struct recall){.id = id, .number = UINT64_MAX};
	int err = index_recall(&c->r, id, &row);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	if (err == SY_OK) {
		r->found = true;
		r->number = row.number;
		r->record = row.row.record;
		r->state = row.state;
		r->party = row.row.owner;
		r->said_by = row.row.author;
		r->doc = doc_of(c, row.row.payload);
	}
	f->known = true;
	return f->value = r;
}

static struct party *party_named(struct check *c, struct sy_str id)
{
	return party_of(c, fact_of(c, FACT_PARTY, id, NO_MORE), id);
}

bool recall_is_theirs(struct check *c, struct sy_str party)
{
	if (!c->author || sy_str_eq(party, c->author->id))
		return c->author != NULL;
	struct party *p = party_named(c, party);
	return p && is_authority_over(c, p);
}

/* --- one version on its way ------------------------------------------------------------------ */

struct order {
	const struct sy_json_doc *doc;
	const struct recall *now;
	struct sy_str party;
	enum recall_state state;
	bool mock;
};

static bool is_mock(const struct sy_json_doc *doc)
{
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), "mock");
	return v && v->type == SY_JSON_TRUE;
}

static bool party_check(struct check *c, const struct order *o)
{
	struct party *p = party_named(c, o->party);
	if (!p)
		return false;
	if (!p->found) {
		fault(c, 422, "/party", "party %.*s isn't enrolled", "主体 %.*s 未登记",
		      TEXT(o->party));
		return false;
	}
	if (o->now->found && !sy_str_eq(o->now->party, o->party)) {
		fault(c, 409, "/party", "this is a recall of %.*s: expected that party",
		      "这是 %.*s 的召回：应为该主体", TEXT(o->now->party));
		return false;
	}
	if (recall_is_theirs(c, o->party))
		return true;
	fault(c, 403, "/party",
	      "%.*s may not recall for %.*s: expected that party, an operator or a regulator of "
	      "its region",
	      "%.*s 无权代 %.*s 召回：应由该主体、运营者或其所在地区的监管部门提交",
	      TEXT(c->author->id), TEXT(o->party));
	return false;
}

/* The rules of that name; NULL when they aren't a recall's. */
static const struct sy_json_doc *rules_of(struct check *c, struct sy_str rule)
{
	struct register_row row;
	fact_of(c, FACT_RULES, rule, NO_MORE);
	int err = register_get(&c->r, REG_RULES, rule, &row);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	const struct sy_json_doc *rules = err ? NULL : doc_of(c, row.payload);
	return rules && sy_str_is(recall_text(c, rules, "kind"), "recall") ? rules : NULL;
}

/* Do the rules that it goes by know its level?  *PLACE is where that stands. */
static bool level_check(struct check *c, const struct order *o, int *place)
{
	struct sy_str rule = recall_text(c, o->doc, "rule"),
		      level = recall_text(c, o->doc, "level");
	const struct sy_json_doc *rules = rules_of(c, rule);
	if (!rules) {
		fault(c, 422, "/rule",
		      "there are no rules of recalls named %.*s: expected recall/food or others of "
		      "them",
		      "没有名为 %.*s 的召回规则：应为 recall/food 等", TEXT(rule));
		return false;
	}
	const struct sy_json *levels = sy_json_get(rules, sy_json_root(rules), "levels");
	if ((!levels && level.n == 0) || (*place = recall_level(rules, level)) >= 0)
		return true;
	struct sy_str known = levels ? sy_json_raw(rules, levels) : SY_STR("{}");
	fault(c, 422, "/level", "\"%.*s\" is no level of %.*s: expected one of %.*s",
	      "\"%.*s\" 不是 %.*s 的级别：应为 %.*s 之一", TEXT(level), TEXT(rule), TEXT(known));
	return false;
}

static bool report_stands(struct check *c, const struct recall *now)
{
	struct fact *f = fact_of(c, FACT_REPORT, now->id, NO_MORE);
	struct register_row row;
	if (f->written != NOT_WRITTEN)
		return true;
	int err = register_get(&c->r, REG_REPORT, now->id, &row);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	return err == SY_OK;
}

/* From which state to which, apart from what else is asked of it. */
static const bool steps[RECALL_REVOKED + 1][RECALL_REVOKED + 1] = {
    [0] = {[RECALL_DRAFT] = true, [RECALL_OPEN] = true},
    [RECALL_DRAFT] = {[RECALL_DRAFT] = true, [RECALL_OPEN] = true, [RECALL_REVOKED] = true},
    [RECALL_OPEN] = {[RECALL_OPEN] = true, [RECALL_CLOSED] = true, [RECALL_REVOKED] = true},
    [RECALL_CLOSED] = {[RECALL_REVOKED] = true},
};

static bool state_check(struct check *c, const struct order *o)
{
	const struct recall *now = o->now;
	struct sy_str state = recall_text(c, o->doc, "state");
	if (!o->state) {
		fault(c, 422, "/state",
		      "\"%.*s\" is no state: expected draft, open, closed or revoked",
		      "\"%.*s\" 不是状态：应为 draft、open、closed 或 revoked", TEXT(state));
		return false;
	}
	if (!steps[now->state][o->state]) {
		fault(c, 409, "/state", "from %s it can't become %s: expected draft, open, closed",
		      "不能从 %s 变为 %s：应依次为 draft、open、closed",
		      now->found ? recall_state_name(now->state) : "-",
		      recall_state_name(o->state));
		return false;
	}
	if (o->state != RECALL_CLOSED || report_stands(c, now))
		return true;
	fault(c, 409, "/state", "it has no report: expected a RecallReport before it is closed",
	      "尚无报告：结束前应有 RecallReport");
	return false;
}

/* What an authority ordered, and what it alone may say. */
static bool authority_check(struct check *c, const struct order *o)
{
	const struct recall *now = o->now;
	bool ordered = now->found && !sy_str_eq(now->said_by, now->party);
	bool ends = o->state == RECALL_CLOSED || o->state == RECALL_REVOKED;
	bool own = !ordered && (o->state == RECALL_CLOSED || now->state == RECALL_DRAFT);
	struct party *p = party_named(c, o->party);
	if (!ends || own || (p && is_authority_over(c, p)))
		return true;
	fault(c, 403, "/state", "%.*s may not say this: expected an operator or a regulator",
	      "%.*s 无权提交此类记录：应由运营者或监管部门提交", TEXT(c->author->id));
	return false;
}

static bool rank_check(struct check *c, const struct order *o, int place)
{
	struct sy_str rule = recall_text(c, o->doc, "rule");
	if (!sy_str_eq(rule, recall_text(c, o->now->doc, "rule"))) {
		fault(c, 409, "/rule", "an open recall stays under its rules",
		      "已启动的召回不更换规则");
		return false;
	}
	const struct sy_json_doc *rules = rules_of(c, rule);
	int before = rules ? recall_level(rules, recall_text(c, o->now->doc, "level")) : -1;
	if (before < 0 || place <= before)
		return true;
	fault(c, 409, "/level", "the level of an open recall can be raised, not lowered",
	      "已启动的召回只能提高级别，不能降低");
	return false;
}

/* Of one that is open the scope may grow and the level rise. */
static bool growth_check(struct check *c, const struct order *o, int place)
{
	if (o->now->state != RECALL_OPEN || !o->now->doc || o->state == RECALL_REVOKED)
		return true;
	bool good = scope_covers(c, o->doc, o->now->doc);
	if (is_mock(o->now->doc) != o->mock) {
		fault(c, 409, "/mock", "an open recall stays an exercise, or one that counts",
		      "已启动的召回不能在演练与正式之间转换");
		good = false;
	}
	return rank_check(c, o, place) && good;
}

static void recall_write(struct check *c, struct fact *f, const struct order *o)
{
	struct recall *next = allocate(c, sizeof(*next));
	if (!next)
		return;
	*next = *o->now;
	next->found = next->new_here = true;
	next->record = UINT64_MAX;
	next->state = o->state;
	next->party = o->party;
	next->said_by = c->author->id;
	next->doc = o->doc;
	f->value = next;
	fact_write(c, f);
}

void recall_judge(struct check *c, const struct sy_json_doc *doc)
{
	struct sy_str id = recall_text(c, doc, "id");
	struct fact *f = fact_of(c, FACT_RECALL, id, NO_MORE);
	struct order o = {.doc = doc,
			  .now = recall_of(c, f, id),
			  .party = recall_text(c, doc, "party"),
			  .state = recall_state_of(recall_text(c, doc, "state")),
			  .mock = is_mock(doc)};
	int place = 0;
	if (!o.now)
		return;
	bool good = replaces_check(c, doc, f, o.now->found, o.now->record, "/id");
	good = level_check(c, &o, &place) && good;
	good = scope_judge(c, doc) && good;
	if (!c->author)
		return;
	if (o.party.n == 0)
		o.party = c->author->id;
	if (party_check(c, &o) && state_check(c, &o) && authority_check(c, &o) &&
	    growth_check(c, &o, place) && good)
		recall_write(c, f, &o);
}
