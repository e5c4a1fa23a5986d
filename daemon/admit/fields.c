#include "admit/fields.h"

#include <suyuan/codeinfo.h>

const struct field_row fields[FIELDS] = {
    [PRODUCT_CODE] = {"productCode", IN_PRODUCT, "/code", "a GTIN or a drug's product code",
		      "商品条码或药品标识码"},
    [NAME] = {"name", IN_PRODUCT, "/name", "name", "名称"},
    [SPECIFICATION] = {"specification", IN_PRODUCT, "/specification", "specification", "规格型号"},
    [STANDARD] = {"standard", IN_PRODUCT, "/standard", "standard", "执行标准"},
    [LICENCES] = {"licences", IN_PRODUCT, "/licences", "licences with one at least",
		  "至少一项许可或批准文号"},
    [INGREDIENTS] = {"ingredients", IN_PRODUCT, "/ingredients", "ingredients", "配料"},
    [ALLERGENS] = {"allergens", IN_PRODUCT, "/allergens", "allergens, [] for none",
		   "致敏原，没有则为 []"},
    [STORAGE] = {"storage", IN_PRODUCT, "/storage", "storage with min or max",
		 "贮存温度（min 或 max）"},
    [HOLDER] = {"holder", IN_PRODUCT, "/holder", "holder of the authorisation", "上市许可持有人"},
    [WARRANTY] = {"warranty", IN_PRODUCT, "/warranty", "warranty", "质保期"},
    [PUBLIC_PLEDGE] = {"publicPledge", IN_PRODUCT, "/pledge", "pledge", "公开质量承诺"},
    [PRODUCER] = {"producer", IN_PARTY, "",
		  "uscc, or a GLN as its id; a farmer subjectCode or idHash",
		  "统一社会信用代码，或以 GLN 为标识；农户为主体码或身份哈希"},
    [ADDRESS] = {"address", IN_PLACE, "", "address", "地址"},
    [CONTACT] = {"contact", IN_PLACE, "", "phone, or a Contact record", "联系电话或 Contact 记录"},
    [LOT] = {"lot", IN_ITEM, "", "a code with a lot, or ilmd.cbvmda:lotNumber",
	     "带批号的编码，或 ilmd.cbvmda:lotNumber"},
    [LOT_OR_DATES] = {"lotOrDates", IN_ITEM, "",
		      "a code with a lot, or the dates of production and expiry",
		      "带批号的编码，或生产日期和有效期"},
    [LOT_OR_SERIAL] = {"lotOrSerial", IN_ITEM, "", "a code with a lot or a serial",
		       "带批号或序列号的编码"},
    [SERIAL] = {"serial", IN_EVENT, "/epcList", "units with serials", "带序列号的单品"},
    [QUANTITY] = {"quantity", IN_ITEM, "/quantity", "a quantity", "数量"},
    [UNIT] = {"unit", IN_ITEM, "/uom", "a unit (uom), as pieces aren't counted in fractions",
	      "单位（uom），因为件数不应有小数"},
    [MADE] = {"made", IN_EVENT, "/ilmd/suyuan:productionDate", "the production date", "生产日期"},
    [HARVESTED] = {"harvested", IN_EVENT, "/ilmd/cbvmda:harvestEndDate",
		   "the date of harvest or slaughter", "采收或屠宰日期"},
    [EXPIRES] = {"expires", IN_EVENT, "/ilmd/cbvmda:itemExpirationDate",
		 "an expiry date, or cbvmda:bestBeforeDate",
		 "有效期至，或保质期至 cbvmda:bestBeforeDate"},
    [ORIGIN] = {"origin", IN_EVENT, "/ilmd/suyuan:origin",
		"6 digits of GB/T 2260, cbvmda:countryOfOrigin, or a Place with a region",
		"GB/T 2260 的 6 位数字、cbvmda:countryOfOrigin，或载有地区的 Place"},
    [PLACE] = {"place", IN_EVENT, "/bizLocation", "the place of making", "生产地点"},
    [INSPECTION] = {"inspection", IN_EVENT, "/suyuan:inspection",
		    "a release inspection with number and result pass or fail",
		    "出厂检验，含报告号和结果 pass 或 fail"},
    [REPORT_DIGEST] = {"reportDigest", IN_EVENT, "/suyuan:inspection/report",
		       "the digest of the inspection's report, sha256 or sm3",
		       "检验报告的摘要 sha256 或 sm3"},
    [PLEDGE] = {"pledge", IN_EVENT, "/ilmd/suyuan:pledge",
		"a pledge with number and basis control, self-test or laboratory",
		"承诺达标合格证，含编号和依据 control、self-test 或 laboratory"},
    [INPUTS] = {"inputs", IN_EVENT, "/ilmd/suyuan:inputs",
		"a list of the inputs used, each with name and stopDate, [] for none",
		"所用投入品的列表，各含 name 和 stopDate，没有则为 []"},
    [INPUT_LOTS] = {"inputLots", IN_EVENT, "/inputQuantityList",
		    "a transformation of the input lots", "列明原料批次的转化事件"},
    [PACK_RATIO] = {"packRatio", IN_EVENT, "/ilmd/suyuan:packRatio",
		    "a ratio as 1:5:2500, from the largest pack to the smallest",
		    "包装比例，如 1:5:2500，由大包装到小包装"},
    [PROJECT] = {"project", AT_SITE, "/bizLocation", "a Place with project",
		 "载有工程名称的 Place"},
    [PART] = {"part", AT_SITE, "/bizLocation", "a Place with part", "载有使用部位的 Place"},
    [SAMPLE] = {"sample", AT_SITE, "/suyuan:site/sample", "the number of the witnessed sample",
		"见证取样编号"},
    [SUPERVISOR] = {"supervisor", AT_SITE, "/suyuan:site/supervisor", "who supervised", "监理单位"},
};

int field_of(const struct sy_json_doc *doc, const struct sy_json *member)
{
	for (int i = 0; i < FIELDS; i++)
		if (sy_json_key_is(doc, member, fields[i].name))
			return i;
	return -1;
}

uint64_t fields_in(enum field_place place)
{
	uint64_t mask = 0;
	for (int i = 0; i < FIELDS; i++)
		if (fields[i].place == place)
			mask |= BIT(i);
	return mask;
}

/* --- what is there: the event's reader judges whether a date or a result is a legal one ------- */

enum is { ABSENT, THERE, WRONG };

/* One value; WHERE, where it isn't the whole that is wrong, a pointer below it. */
struct value {
	const struct sy_json_doc *doc;
	const struct sy_json *v;
	struct sy_arena *arena;
	char where[48];
};

static struct sy_str text(const struct value *x, const struct sy_json *v)
{
	struct sy_str s;
	return v && sy_json_string(x->doc, v, x->arena, &s) == SY_OK ? s : NO_MORE;
}

static enum is is_some(struct value *x)
{
	switch (x->v ? x->v->type : SY_JSON_NULL) {
	case SY_JSON_STRING:
		return x->v->len > 0 ? THERE : ABSENT;
	case SY_JSON_ARRAY:
	case SY_JSON_OBJECT:
		return x->v->count > 0 ? THERE : ABSENT;
	case SY_JSON_NUMBER:
		return THERE;
	default:
		return ABSENT;
	}
}

static bool some(const struct sy_json_doc *doc, const struct sy_json *v, const char *member)
{
	struct value x = {.doc = doc, .v = sy_json_get(doc, v, member)};
	return is_some(&x) == THERE;
}

static enum is is_list(struct value *x)
{
	return x->v->type == SY_JSON_ARRAY ? THERE : WRONG;
}

static enum is is_region(struct value *x)
{
	struct sy_str s = text(x, x->v);
	uint64_t n;
	if (is_some(x) == ABSENT)
		return ABSENT;
	return s.n == 6 && sy_str_u64(s, &n) == SY_OK ? THERE : WRONG;
}

static enum is is_pledge(struct value *x)
{
	const struct sy_json *basis = sy_json_get(x->doc, x->v, "basis");
	if (x->v->type != SY_JSON_OBJECT || !some(x->doc, x->v, "number")) {
		snprintf(x->where, sizeof(x->where), "/number");
		return WRONG;
	}
	if (basis &&
	    (sy_json_is(x->doc, basis, "control") || sy_json_is(x->doc, basis, "self-test") ||
	     sy_json_is(x->doc, basis, "laboratory")))
		return THERE;
	snprintf(x->where, sizeof(x->where), "/basis");
	return WRONG;
}

static enum is is_inputs(struct value *x)
{
	const struct sy_json *input;
	unsigned i = 0;
	int32_t day;
	if (x->v->type != SY_JSON_ARRAY)
		return WRONG;
	sy_json_each (x->doc, x->v, input) {
		const struct sy_json *stop = sy_json_get(x->doc, input, "stopDate");
		snprintf(x->where, sizeof(x->where), "/%u/name", i);
		if (!some(x->doc, input, "name"))
			return WRONG;
		snprintf(x->where, sizeof(x->where), "/%u/stopDate", i++);
		if (sy_date_parse(text(x, stop), &day) != SY_OK)
			return WRONG;
	}
	return THERE;
}

/* Two to five whole numbers, none smaller than the one before. */
static enum is is_ratio(struct value *x)
{
	struct sy_str s = text(x, x->v);
	uint64_t before = 1, n;
	unsigned parts = 0;
	if (is_some(x) == ABSENT)
		return ABSENT;
	while (s.n > 0) {
		const char *colon = memchr(s.p, ':', s.n);
		struct sy_str part = {s.p, colon ? (size_t)(colon - s.p) : s.n};
		if (sy_str_u64(part, &n) != SY_OK || n < before)
			return WRONG;
		before = n;
		parts++;
		s.p += part.n + (colon != NULL);
		s.n -= part.n + (colon != NULL);
	}
	return parts >= 2 && parts <= 5 ? THERE : WRONG;
}

struct holds { /* a member that meets a field */
	const char *member;
	size_t n;
	enum field field;
	enum is (*is)(struct value *x);
};

#define HOLDS(member, field, is)                      \
	{                                             \
		member, sizeof(member) - 1, field, is \
	}
/* JSON-LD knows a name by its prefix and in full. */
#define HOLDS_CBV(name, field, is) \
	HOLDS("cbvmda:" name, field, is), HOLDS("urn:epcglobal:cbv:mda:" name, field, is)
#define HOLDS_SUYUAN(name, field, is) \
	HOLDS("suyuan:" name, field, is), HOLDS("https://suyuan.dev/ns/" name, field, is)

static bool key_is(const struct sy_json_doc *doc, const struct sy_json *m, const struct holds *h)
{
	if (m->key_escaped)
		return sy_json_key_is(doc, m, h->member);
	return m->key_len == h->n && memcmp(doc->text + m->key_off, h->member, h->n) == 0;
}

static void wrong_add(struct check *c, const struct value *x, enum field field, struct wrong *wrong)
{
	const char *at = sy_json_pointer(x->doc, x->v, c->scratch);
	const char *pointer = at ? sy_arena_printf(c->scratch, "%s%s", at, x->where) : NULL;
	if (!pointer)
		c->err = c->err ? c->err : SY_ENOMEM;
	else if (!(wrong->fields & BIT(field)))
		wrong->pointers[field] = pointer;
	wrong->fields |= BIT(field);
}

/* C is NULL where nothing can be wrong. */
static uint64_t members_have(struct check *c, const struct sy_json_doc *doc,
			     const struct sy_json *object, const struct holds *holds, size_t n,
			     struct wrong *wrong)
{
	const struct sy_json *m;
	uint64_t has = 0;
	sy_json_each (doc, object, m) {
		for (size_t i = 0; i < n; i++) {
			if (!key_is(doc, m, &holds[i]))
				continue;
			struct value x = {.doc = doc, .v = m, .where = ""};
			x.arena = c ? c->scratch : NULL;
			enum is is = holds[i].is(&x);
			if (is == THERE)
				has |= BIT(holds[i].field);
			if (is == WRONG && c)
				wrong_add(c, &x, holds[i].field, wrong);
		}
	}
	return has;
}

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

uint64_t product_has(const struct sy_json_doc *doc, struct sy_str code)
{
	static const struct holds product[] = {
	    HOLDS("name", NAME, is_some),
	    HOLDS("specification", SPECIFICATION, is_some),
	    HOLDS("standard", STANDARD, is_some),
	    HOLDS("licences", LICENCES, is_some),
	    HOLDS("ingredients", INGREDIENTS, is_some),
	    HOLDS("allergens", ALLERGENS, is_list),
	    HOLDS("storage", STORAGE, is_some),
	    HOLDS("holder", HOLDER, is_some),
	    HOLDS("warranty", WARRANTY, is_some),
	    HOLDS("pledge", PUBLIC_PLEDGE, is_some),
	};
	uint64_t has = COMPUTED;
	if (begins(code, SY_STR("https://id.gs1.org/")) || begins(code, SY_STR("urn:suyuan:cn:")))
		has |= BIT(PRODUCT_CODE);
	return has | members_have(NULL, doc, sy_json_root(doc), ROWS(product), NULL);
}

uint64_t party_has(const struct party *p)
{
	static const struct holds party[] = {HOLDS("uscc", PRODUCER, is_some),
					     HOLDS("pledge", PUBLIC_PLEDGE, is_some)};
	const struct sy_str gln = SY_STR("https://id.gs1.org/417/");
	uint64_t has = COMPUTED;
	if (p->root) {
		has |= members_have(NULL, p->doc, p->root, ROWS(party), NULL);
		if (some(p->doc, p->root, "subjectCode") || some(p->doc, p->root, "idHash"))
			has |= FARMER;
	}
	return begins(p->id, gln) ? has | BIT(PRODUCER) : has;
}

/* --- events ---------------------------------------------------------------------------------- */

static const struct holds ilmd_holds[] = {
    HOLDS_SUYUAN("productionDate", MADE, is_some),
    HOLDS_CBV("harvestEndDate", HARVESTED, is_some),
    HOLDS_CBV("itemExpirationDate", EXPIRES, is_some),
    HOLDS_CBV("bestBeforeDate", EXPIRES, is_some),
    HOLDS_SUYUAN("origin", ORIGIN, is_region),
    HOLDS_CBV("countryOfOrigin", ORIGIN, is_some),
    HOLDS_SUYUAN("pledge", PLEDGE, is_pledge),
    HOLDS_SUYUAN("inputs", INPUTS, is_inputs),
    HOLDS_SUYUAN("packRatio", PACK_RATIO, is_ratio),
};

static uint64_t inspection_has(struct check *c, const struct sy_json_doc *doc,
			       const struct sy_json *inspection)
{
	const struct sy_json *report = sy_json_get(doc, inspection, "report");
	const struct sy_json *result = sy_json_get(doc, inspection, "result");
	uint64_t has = 0;
	if (some(doc, inspection, "number") && some(doc, inspection, "result"))
		has |= BIT(INSPECTION);
	/* Without an inspection that is missing, not its digest. */
	if (!has || some(doc, report, "sha256") || some(doc, report, "sm3"))
		has |= BIT(REPORT_DIGEST);
	if (result && sy_json_is(doc, result, "fail"))
		fault_of(c, 0, "/suyuan:inspection/result", fields[INSPECTION].name,
			 "the release inspection failed: expected pass of what is to be sold",
			 "出厂检验不合格：待售产品的结果应为 pass");
	return has;
}

static uint64_t items_have(const struct sy_event *e)
{
	uint64_t has = 0;
	for (size_t i = 0; i < e->n_items; i++) {
		const struct sy_event_item *item = &e->items[i];
		if (item->role == SY_ROLE_INPUT)
			has |= BIT(INPUT_LOTS);
		else if (item->role != SY_ROLE_PARENT && item->code.kind != SY_CODE_LOT &&
			 item->code.kind != SY_CODE_PRODUCT)
			has |= BIT(SERIAL);
	}
	return has;
}

/* A residue is the longer gone the earlier the input was stopped; what is used behind the harvest,
 * as a preservative, is legal, and seldom meant. */
static void stops_check(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e)
{
	const struct sy_json *list = sy_json_get(doc, e->ilmd, "suyuan:inputs"), *input;
	char pointer[64], harvest[12];
	unsigned i = 0;
	int32_t day;
	sy_json_each (doc, list, input) {
		struct sy_str stop = text_of(c, doc, input, "stopDate");
		snprintf(pointer, sizeof(pointer), "/ilmd/suyuan:inputs/%u/stopDate", i++);
		if (sy_date_parse(stop, &day) != SY_OK || day <= e->harvested)
			continue;
		sy_date_format(e->harvested, harvest);
		fault_of(c, 0, pointer, fields[INPUTS].name,
			 "the input was used until %.*s, after the harvest of %s",
			 "投入品用至 %.*s，晚于采收日期 %s", TEXT(stop), harvest);
	}
}

/* A region that no province's digits begin is told: the list may be older than the code. */
static void origin_check(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e)
{
	struct sy_code_reading readings[SY_CODE_READINGS_MAX];
	struct sy_str origin = text_of(c, doc, e->ilmd, "suyuan:origin");
	size_t n = origin.n == 6 ? sy_code_readings(origin, readings) : 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(readings[i].name, "region") == 0 && !readings[i].holds)
			fault_of(c, 0, "/ilmd/suyuan:origin", fields[ORIGIN].name,
				 "%.*s is in no province that is known here",
				 "%.*s 不属于已知的省级行政区", TEXT(origin));
}

uint64_t event_has(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e,
		   struct wrong *wrong)
{
	uint64_t has = COMPUTED | items_have(e);
	if (e->ilmd) {
		has |= members_have(c, doc, e->ilmd, ROWS(ilmd_holds), wrong);
		if ((has & BIT(INPUTS)) && e->harvested != SY_NO_DAY)
			stops_check(c, doc, e);
		if (has & BIT(ORIGIN))
			origin_check(c, doc, e);
	}
	if ((has & BIT(MADE)) && (has & BIT(EXPIRES)))
		has |= BIT(LOT_OR_DATES);
	if (e->lot.n > 0)
		has |= BIT(LOT) | BIT(LOT_OR_DATES) | BIT(LOT_OR_SERIAL);
	if (e->location.n > 0 || e->read_point.n > 0)
		has |= BIT(PLACE);
	return has | (e->inspection ? inspection_has(c, doc, e->inspection) : BIT(REPORT_DIGEST));
}

uint64_t item_has(const struct sy_event_item *item)
{
	uint64_t has = COMPUTED;
	if (item->code.lot.n > 0)
		has |= BIT(LOT) | BIT(LOT_OR_DATES) | BIT(LOT_OR_SERIAL);
	if (item->code.kind != SY_CODE_LOT && item->code.kind != SY_CODE_PRODUCT)
		return has | BIT(SERIAL) | BIT(LOT_OR_SERIAL) | BIT(QUANTITY) | BIT(UNIT);
	if (item->has_quantity) {
		has |= BIT(QUANTITY);
		/* Without uom it is a count of pieces (EPCIS 2.0, QuantityElement). */
		if (item->unit.n > 0 || item->quantity.scale == 0)
			has |= BIT(UNIT);
	}
	return has;
}

uint64_t site_has(const struct sy_json_doc *doc)
{
	static const struct holds site[] = {
	    HOLDS("project", PROJECT, is_some),
	    HOLDS("part", PART, is_some),
	    HOLDS("sample", SAMPLE, is_some),
	    HOLDS("supervisor", SUPERVISOR, is_some),
	};
	const struct sy_json *root = sy_json_root(doc), *v = sy_json_get(doc, root, "suyuan:site");
	if (!v)
		v = sy_json_get(doc, root, "https://suyuan.dev/ns/site");
	return members_have(NULL, doc, v, ROWS(site), NULL);
}
