#include "admit/fields.h"

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
	enum sy_event_space space;
	const char *member;
	enum field field;
	enum is (*is)(struct value *x);
};
#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

/* Of a record of ours: what is wrong in it was refused by its form. */
static uint64_t record_has(const struct sy_json_doc *doc, const struct sy_json *object,
			   const struct holds *holds, size_t n)
{
	const struct sy_json *m;
	uint64_t has = 0;
	sy_json_each (doc, object, m) {
		struct value x = {.doc = doc, .v = m};
		for (size_t i = 0; i < n; i++)
			if (sy_json_key_is(doc, m, holds[i].member) && holds[i].is(&x) == THERE)
				has |= BIT(holds[i].field);
	}
	return has;
}

static void wrong_add(struct check *c, const struct value *x, enum field field, struct wrong *wrong)
{
	if (!(wrong->fields & BIT(field)))
		wrong->pointers[field] = pointer_below(c, x->doc, x->v, x->where);
	wrong->fields |= BIT(field);
}

uint64_t product_has(const struct sy_json_doc *doc, struct sy_str code)
{
	static const struct holds product[] = {
	    {SY_SPACE_OTHER, "name", NAME, is_some},
	    {SY_SPACE_OTHER, "specification", SPECIFICATION, is_some},
	    {SY_SPACE_OTHER, "standard", STANDARD, is_some},
	    {SY_SPACE_OTHER, "licences", LICENCES, is_some},
	    {SY_SPACE_OTHER, "ingredients", INGREDIENTS, is_some},
	    {SY_SPACE_OTHER, "allergens", ALLERGENS, is_list},
	    {SY_SPACE_OTHER, "storage", STORAGE, is_some},
	    {SY_SPACE_OTHER, "holder", HOLDER, is_some},
	    {SY_SPACE_OTHER, "warranty", WARRANTY, is_some},
	    {SY_SPACE_OTHER, "pledge", PUBLIC_PLEDGE, is_some},
	};
	uint64_t has = COMPUTED;
	if (begins(code, SY_STR("https://id.gs1.org/")) || begins(code, SY_STR("urn:suyuan:cn:")))
		has |= BIT(PRODUCT_CODE);
	return has | record_has(doc, sy_json_root(doc), ROWS(product));
}

uint64_t party_has(const struct party *p)
{
	static const struct holds party[] = {{SY_SPACE_OTHER, "uscc", PRODUCER, is_some},
					     {SY_SPACE_OTHER, "pledge", PUBLIC_PLEDGE, is_some}};
	const struct sy_str gln = SY_STR("https://id.gs1.org/417/");
	uint64_t has = COMPUTED;
	if (p->root) {
		has |= record_has(p->doc, p->root, ROWS(party));
		if (some(p->doc, p->root, "subjectCode") || some(p->doc, p->root, "idHash"))
			has |= FARMER;
	}
	return begins(p->id, gln) ? has | BIT(PRODUCER) : has;
}

/* --- events ---------------------------------------------------------------------------------- */

static uint64_t master_has(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e,
			   struct wrong *wrong)
{
	static const struct holds rows[] = {
	    {SY_SPACE_SUYUAN, "productionDate", MADE, is_some},
	    {SY_SPACE_MDA, "harvestEndDate", HARVESTED, is_some},
	    {SY_SPACE_MDA, "itemExpirationDate", EXPIRES, is_some},
	    {SY_SPACE_MDA, "bestBeforeDate", EXPIRES, is_some},
	    {SY_SPACE_SUYUAN, "origin", ORIGIN, is_region},
	    {SY_SPACE_MDA, "countryOfOrigin", ORIGIN, is_some},
	    {SY_SPACE_SUYUAN, "pledge", PLEDGE, is_pledge},
	    {SY_SPACE_SUYUAN, "inputs", INPUTS, is_inputs},
	    {SY_SPACE_SUYUAN, "packRatio", PACK_RATIO, is_ratio},
	};
	uint64_t has = 0;
	for (size_t k = 0; k < e->n_master; k++) {
		const struct sy_event_master *m = &e->master[k];
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (rows[i].space != m->space || !sy_str_is(m->name, rows[i].member))
				continue;
			struct value x = {.doc = doc, .v = m->value, .arena = c->scratch};
			enum is is = rows[i].is(&x);
			if (is == WRONG)
				wrong_add(c, &x, rows[i].field, wrong);
			if (is == THERE)
				has |= BIT(rows[i].field);
		}
	}
	return has;
}

static uint64_t inspection_has(const struct sy_json_doc *doc, const struct sy_json *inspection)
{
	const struct sy_json *report = sy_json_get(doc, inspection, "report");
	uint64_t has = 0;
	if (some(doc, inspection, "number") && some(doc, inspection, "result"))
		has |= BIT(INSPECTION);
	/* Without an inspection that is missing, not its digest. */
	if (!has || some(doc, report, "sha256") || some(doc, report, "sm3"))
		has |= BIT(REPORT_DIGEST);
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

uint64_t event_has(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e,
		   struct wrong *wrong)
{
	uint64_t has = COMPUTED | items_have(e) | master_has(c, doc, e, wrong);
	if ((has & BIT(MADE)) && (has & BIT(EXPIRES)))
		has |= BIT(LOT_OR_DATES);
	if (e->lot.n > 0)
		has |= BIT(LOT) | BIT(LOT_OR_DATES) | BIT(LOT_OR_SERIAL);
	if (e->location.n > 0 || e->read_point.n > 0)
		has |= BIT(PLACE);
	return has | (e->inspection ? inspection_has(doc, e->inspection) : BIT(REPORT_DIGEST));
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

uint64_t site_has(const struct sy_json_doc *doc, const struct sy_event *e)
{
	static const struct holds site[] = {
	    {SY_SPACE_OTHER, "project", PROJECT, is_some},
	    {SY_SPACE_OTHER, "part", PART, is_some},
	    {SY_SPACE_OTHER, "sample", SAMPLE, is_some},
	    {SY_SPACE_OTHER, "supervisor", SUPERVISOR, is_some},
	};
	return record_has(doc, e->site, ROWS(site));
}
