#include "admit/profile.h"

#include <stdlib.h>

/* --- fields ---------------------------------------------------------------------------------- */

enum field {
	NAME,
	SPECIFICATION,
	STANDARD,
	LICENCES,
	INGREDIENTS,
	ALLERGENS,
	STORAGE,
	HOLDER,
	WARRANTY,
	PUBLIC_PLEDGE,
	PRODUCER,
	LOT,
	LOT_OR_SERIAL,
	SERIAL,
	QUANTITY,
	UNIT,
	MADE,
	HARVESTED,
	EXPIRES,
	ORIGIN,
	PLACE,
	INSPECTION,
	PLEDGE,
	INPUTS,
	INPUT_LOTS,
	PACK_RATIO,
	FIELDS
};

#define BIT(field) (UINT64_C(1) << (field))
/* Always in a mask that was computed, so that 0 means: not yet. */
#define COMPUTED BIT(63)

enum place { IN_PRODUCT, IN_PARTY, IN_ITEM, IN_EVENT };

static const struct {
	const char *name;
	enum place place;
	const char
	    *pointer; /* in the event, but behind the item's own where it is about the item */
	const char *en, *zh; /* what is expected */
} fields[FIELDS] = {
    [NAME] = {"name", IN_PRODUCT, "", "name", "名称"},
    [SPECIFICATION] = {"specification", IN_PRODUCT, "", "specification", "规格型号"},
    [STANDARD] = {"standard", IN_PRODUCT, "", "standard", "执行标准"},
    [LICENCES] = {"licences", IN_PRODUCT, "", "licences with one at least",
		  "至少一项许可或批准文号"},
    [INGREDIENTS] = {"ingredients", IN_PRODUCT, "", "ingredients", "配料"},
    [ALLERGENS] = {"allergens", IN_PRODUCT, "", "allergens, [] for none", "致敏原，没有则为 []"},
    [STORAGE] = {"storage", IN_PRODUCT, "", "storage with min or max", "贮存温度（min 或 max）"},
    [HOLDER] = {"holder", IN_PRODUCT, "", "holder of the authorisation", "上市许可持有人"},
    [WARRANTY] = {"warranty", IN_PRODUCT, "", "warranty", "质保期"},
    [PUBLIC_PLEDGE] = {"publicPledge", IN_PRODUCT, "", "pledge", "公开质量承诺"},
    [PRODUCER] = {"producer", IN_PARTY, "", "uscc, or a GLN as its id",
		  "统一社会信用代码，或以 GLN 为标识"},
    [LOT] = {"lot", IN_ITEM, "", "a code with a lot, or ilmd.cbvmda:lotNumber",
	     "带批号的编码，或 ilmd.cbvmda:lotNumber"},
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
		"6 digits of GB/T 2260, or cbvmda:countryOfOrigin",
		"GB/T 2260 的 6 位数字，或 cbvmda:countryOfOrigin"},
    [PLACE] = {"place", IN_EVENT, "/bizLocation", "the place of making", "生产地点"},
    [INSPECTION] = {"inspection", IN_EVENT, "/suyuan:inspection",
		    "a release inspection with number and result pass or fail",
		    "出厂检验，含报告号和结果 pass 或 fail"},
    [PLEDGE] = {"pledge", IN_EVENT, "/ilmd/suyuan:pledge",
		"a pledge with number and basis control, self-test or laboratory",
		"承诺达标合格证，含编号和依据 control、self-test 或 laboratory"},
    [INPUTS] = {"inputs", IN_EVENT, "/ilmd/suyuan:inputs",
		"a list of the inputs used with their stopDate, [] for none",
		"所用投入品及其停用日期的列表，没有则为 []"},
    [INPUT_LOTS] = {"inputLots", IN_EVENT, "/inputQuantityList",
		    "a transformation of the input lots", "列明原料批次的转化事件"},
    [PACK_RATIO] = {"packRatio", IN_EVENT, "/ilmd/suyuan:packRatio", "a ratio as 1:5:2500",
		    "包装比例，如 1:5:2500"},
};

static int field_of(const struct sy_json_doc *doc, const struct sy_json *member)
{
	for (int i = 0; i < FIELDS; i++)
		if (sy_json_key_is(doc, member, fields[i].name))
			return i;
	return -1;
}

/* --- what is there: the event's reader judges whether a date or a result is a legal one ------- */

static bool is_some(const struct sy_json_doc *doc, const struct sy_json *v)
{
	(void)doc;
	switch (v ? v->type : SY_JSON_NULL) {
	case SY_JSON_STRING:
		return v->len > 0;
	case SY_JSON_ARRAY:
	case SY_JSON_OBJECT:
		return v->count > 0;
	case SY_JSON_NUMBER:
		return true;
	default:
		return false;
	}
}

static bool is_list(const struct sy_json_doc *doc, const struct sy_json *v)
{
	(void)doc;
	return v && v->type == SY_JSON_ARRAY;
}

static bool is_pledge(const struct sy_json_doc *doc, const struct sy_json *v)
{
	const struct sy_json *basis = sy_json_get(doc, v, "basis");
	return is_some(doc, sy_json_get(doc, v, "number")) && basis &&
	       (sy_json_is(doc, basis, "control") || sy_json_is(doc, basis, "self-test") ||
		sy_json_is(doc, basis, "laboratory"));
}

static bool is_inspection(const struct sy_json_doc *doc, const struct sy_json *v)
{
	return is_some(doc, sy_json_get(doc, v, "number")) &&
	       is_some(doc, sy_json_get(doc, v, "result"));
}

struct holds { /* a member that meets a field */
	const char *member;
	size_t n;
	enum field field;
	bool (*is)(const struct sy_json_doc *doc, const struct sy_json *v);
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

static uint64_t members_have(const struct sy_json_doc *doc, const struct sy_json *object,
			     const struct holds *holds, size_t n)
{
	const struct sy_json *m;
	uint64_t has = 0;
	sy_json_each (doc, object, m) {
		for (size_t i = 0; i < n; i++)
			if (key_is(doc, m, &holds[i]) && holds[i].is(doc, m))
				has |= BIT(holds[i].field);
	}
	return has;
}

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

uint64_t profile_product_has(struct check *c, const struct sy_json_doc *doc)
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
	(void)c;
	return COMPUTED | members_have(doc, sy_json_root(doc), ROWS(product));
}

uint64_t profile_party_has(struct check *c, const struct party *p)
{
	static const struct holds party[] = {HOLDS("uscc", PRODUCER, is_some),
					     HOLDS("pledge", PUBLIC_PLEDGE, is_some)};
	const struct sy_str gln = SY_STR("https://id.gs1.org/417/");
	uint64_t has = COMPUTED;
	(void)c;
	if (p->root)
		has |= members_have(p->doc, p->root, ROWS(party));
	if (p->id.n > gln.n && memcmp(p->id.p, gln.p, gln.n) == 0)
		has |= BIT(PRODUCER);
	return has;
}

uint64_t profile_event_has(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e)
{
	static const struct holds ilmd[] = {
	    HOLDS_SUYUAN("productionDate", MADE, is_some),
	    HOLDS_CBV("harvestEndDate", HARVESTED, is_some),
	    HOLDS_CBV("itemExpirationDate", EXPIRES, is_some),
	    HOLDS_CBV("bestBeforeDate", EXPIRES, is_some),
	    HOLDS_SUYUAN("origin", ORIGIN, is_some),
	    HOLDS_CBV("countryOfOrigin", ORIGIN, is_some),
	    HOLDS_SUYUAN("pledge", PLEDGE, is_pledge),
	    HOLDS_SUYUAN("inputs", INPUTS, is_list),
	    HOLDS_SUYUAN("packRatio", PACK_RATIO, is_some),
	};
	uint64_t has = COMPUTED;
	(void)c;
	if (e->ilmd)
		has |= members_have(doc, e->ilmd, ROWS(ilmd));
	if (e->lot.n > 0)
		has |= BIT(LOT) | BIT(LOT_OR_SERIAL);
	if (e->location.n > 0 || e->read_point.n > 0)
		has |= BIT(PLACE);
	if (e->inspection && is_inspection(doc, e->inspection))
		has |= BIT(INSPECTION);
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

uint64_t profile_item_has(const struct sy_event_item *item)
{
	uint64_t has = COMPUTED;
	if (item->code.lot.n > 0)
		has |= BIT(LOT) | BIT(LOT_OR_SERIAL);
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

uint64_t profile_lot_fields(void)
{
	return BIT(MADE) | BIT(HARVESTED) | BIT(EXPIRES) | BIT(ORIGIN) | BIT(PLACE) |
	       BIT(INSPECTION) | BIT(PLEDGE) | BIT(INPUTS) | BIT(INPUT_LOTS) | BIT(PACK_RATIO) |
	       BIT(SERIAL);
}

/* --- judging --------------------------------------------------------------------------------- */

static const char *const categories[CATEGORIES] = {"agri", "food", "drug", "industrial"};
static const char *const category_zh[CATEGORIES] = {"农产品", "食品", "药品", "工业产品"};

static void missing_fault(struct check *c, int i, int status, const struct sy_event_item *item,
			  const struct product *p)
{
	const char *category = in_language(c, categories[p->category], category_zh[p->category]);
	const char *verb = status ? in_language(c, "must", "必须") : in_language(c, "should", "宜");
	const char *expected = in_language(c, fields[i].en, fields[i].zh);
	char pointer[128];
	bool at_item = fields[i].place == IN_ITEM || fields[i].place == IN_PRODUCT;
	snprintf(pointer, sizeof(pointer), "%s%s", at_item ? item->pointer : "", fields[i].pointer);
	if (fields[i].place == IN_PRODUCT)
		fault_of(c, status, pointer, fields[i].name,
			 "%s products %s carry %s: expected it in the Product record of %.*s",
			 "%s产品%s具有%s：应载于产品 %.*s 的 Product 记录", category, verb,
			 expected, TEXT(p->code));
	else if (fields[i].place == IN_PARTY)
		fault_of(c, status, pointer, fields[i].name,
			 "producers of %s %s carry %s: expected it in the author's Party record",
			 "%s的生产者%s具有%s：应载于作者的 Party 记录", category, verb, expected);
	else
		fault_of(c, status, pointer, fields[i].name,
			 "%s batches %s carry this: expected %s", "%s批次%s具有此项：应为%s",
			 category, verb, expected);
}

static uint64_t in_product(void)
{
	uint64_t mask = 0;
	for (int i = 0; i < FIELDS; i++)
		if (fields[i].place == IN_PRODUCT)
			mask |= BIT(i);
	return mask;
}

static void missing_faults(struct check *c, uint64_t missing, int status,
			   const struct sy_event_item *item, const struct product *p)
{
	for (; missing; missing &= missing - 1)
		missing_fault(c, __builtin_ctzll(missing), status, item, p);
}

/* What is a must comes first: of more than ten faults of a record the last are dropped. */
void profile_judge(struct check *c, const struct sy_event_item *item, struct product *p,
		   uint64_t has, uint64_t *reported)
{
	if (p->category == CATEGORY_OTHER)
		return;
	const struct profile *profile = &c->rules->profiles[p->category];
	uint64_t missing = (profile->must | profile->should) & ~(has | p->has | *reported);
	missing &= profile->must | ~p->warned;
	if (!missing)
		return;
	*reported |= missing;
	p->warned |= missing & in_product();
	missing_faults(c, missing & profile->must, 422, item, p);
	missing_faults(c, missing & ~profile->must, 0, item, p);
}

/* --- Rules records --------------------------------------------------------------------------- */

#define HOUR_MS UINT64_C(3600000)
#define FUTURE_HOURS 24
#define FUTURE_HOURS_MAX 8760

int category_of(struct sy_str name)
{
	for (int i = 0; i < CATEGORIES; i++)
		if (sy_str_is(name, categories[i]))
			return i;
	return sy_str_is(name, "other") ? CATEGORY_OTHER : CATEGORY_UNKNOWN;
}

static bool is_weight(const struct sy_json_doc *doc, const struct sy_json *v)
{
	return sy_json_is(doc, v, "M") || sy_json_is(doc, v, "S") || sy_json_is(doc, v, "O");
}

static void member_fault(struct check *c, const char *within, const struct sy_json_doc *doc,
			 const struct sy_json *m, const char *en, const char *zh)
{
	struct sy_str key = {"", 0};
	char pointer[160];
	sy_json_key(doc, m, c->arena, &key);
	snprintf(pointer, sizeof(pointer), "%s/%.*s", within, TEXT(key));
	fault(c, 422, pointer, "expected %s", "应为%s", in_language(c, en, zh));
}

static const char *known_fields(struct check *c)
{
	struct sy_str text = {"", 0};
	for (int i = 0; i < FIELDS; i++) {
		const char *longer = sy_arena_printf(c->arena, "%.*s%s%s", (int)text.n, text.p,
						     i ? " " : "", fields[i].name);
		text = sy_str(longer);
	}
	return text.p;
}

static void unknown_field(struct check *c, const struct sy_json_doc *doc, const struct sy_json *m)
{
	const char *known = known_fields(c);
	if (known)
		member_fault(c, "/fields", doc, m, sy_arena_printf(c->arena, "one of %s", known),
			     sy_arena_printf(c->arena, "其中之一：%s", known));
}

static void profile_content_check(struct check *c, const struct sy_json_doc *doc,
				  const struct sy_json *root)
{
	struct sy_str name = text_of(c, doc, root, "name");
	struct sy_str category = text_of(c, doc, root, "category");
	const struct sy_json *m, *list = sy_json_get(doc, root, "fields");
	if (category_of(category) < 0)
		fault(c, 422, "/category", "expected agri, food, drug or industrial",
		      "应为 agri、food、drug 或 industrial");
	else if (name.n != category.n + 8 || memcmp(name.p, "profile/", 8) != 0 ||
		 memcmp(name.p + 8, category.p, category.n) != 0)
		fault(c, 422, "/name", "expected profile/%.*s, the one profile of that category",
		      "应为 profile/%.*s，即该类别唯一的规则", TEXT(category));
	if (!list)
		fault(c, 400, "/fields", "\"fields\" is missing: expected an object of M, S and O",
		      "缺少 \"fields\"：应为 M、S、O 的对象");
	sy_json_each (doc, list, m) {
		if (field_of(doc, m) < 0)
			unknown_field(c, doc, m);
		else if (!is_weight(doc, m))
			member_fault(c, "/fields", doc, m, "M (must), S (should) or O (may)",
				     " M（必须）、S（宜）或 O（可）");
	}
}

static void limits_content_check(struct check *c, const struct sy_json_doc *doc,
				 const struct sy_json *root)
{
	const struct sy_json *m, *list = sy_json_get(doc, root, "limits");
	uint64_t hours;
	if (!sy_str_is(text_of(c, doc, root, "name"), "limits"))
		fault(c, 422, "/name", "expected limits, the one table of them",
		      "应为 limits，即唯一的限值表");
	if (!list)
		fault(c, 400, "/limits", "\"limits\" is missing: expected an object of numbers",
		      "缺少 \"limits\"：应为数字的对象");
	sy_json_each (doc, list, m) {
		if (!sy_json_key_is(doc, m, "futureHours"))
			member_fault(c, "/limits", doc, m, "futureHours", " futureHours");
		else if (sy_json_u64(doc, m, &hours) != SY_OK || hours > FUTURE_HOURS_MAX)
			member_fault(c, "/limits", doc, m, "whole hours, at most 8760",
				     "整小时数，不超过 8760");
	}
}

void rules_content_check(struct check *c, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc);
	struct sy_str kind = text_of(c, doc, root, "kind");
	if (sy_str_is(kind, "profile"))
		profile_content_check(c, doc, root);
	else if (sy_str_is(kind, "limits"))
		limits_content_check(c, doc, root);
	else
		fault(c, 422, "/kind", "\"%.*s\" isn't known: expected profile or limits",
		      "未知 \"%.*s\"：应为 profile 或 limits", TEXT(kind));
}

static void rules_add(struct check *c, struct rules *r, const struct sy_json_doc *doc,
		      uint64_t record)
{
	const struct sy_json *m, *root = sy_json_root(doc);
	struct sy_str kind = text_of(c, doc, root, "kind");
	uint64_t hours;
	if (sy_str_is(kind, "limits")) {
		m = sy_json_get(doc, sy_json_get(doc, root, "limits"), "futureHours");
		if (m && sy_json_u64(doc, m, &hours) == SY_OK && hours <= FUTURE_HOURS_MAX)
			r->future_ms = hours * HOUR_MS;
		return;
	}
	int category = category_of(text_of(c, doc, root, "category"));
	if (!sy_str_is(kind, "profile") || category < 0)
		return;
	struct profile *p = &r->profiles[category];
	p->record = record;
	sy_json_each (doc, sy_json_get(doc, root, "fields"), m) {
		int i = field_of(doc, m);
		if (i >= 0 && sy_json_is(doc, m, "M"))
			p->must |= BIT(i);
		else if (i >= 0 && sy_json_is(doc, m, "S"))
			p->should |= BIT(i);
	}
}

static struct rules *rules_read(struct check *c, uint64_t version)
{
	struct rules *r = calloc(1, sizeof(*r));
	struct register_row row;
	struct sy_json_doc doc;
	struct sy_str after = {"", 0};
	int err = r ? SY_OK : SY_ENOMEM;
	if (r) {
		atomic_init(&r->refs, 1);
		r->version = version;
		r->future_ms = FUTURE_HOURS * HOUR_MS;
	}
	while (!err && (err = register_next(&c->r, REG_RULES, after, &row)) == SY_OK) {
		after = row.id;
		if ((err = sy_json_parse(c->arena, row.payload, 0, &doc, NULL)) == SY_OK)
			rules_add(c, r, &doc, row.record);
	}
	if (err == SY_ENOTFOUND && !c->err)
		return r;
	free(r);
	c->err = c->err ? c->err : err;
	return NULL;
}

const struct rules *rules_get(struct check *c)
{
	struct admit *a = c->a;
	uint64_t version = register_version(&c->r);
	struct rules *mine = NULL, *old = NULL;
	pthread_mutex_lock(&a->lock);
	if (a->rules && a->rules->version == version) {
		mine = a->rules;
		atomic_fetch_add(&mine->refs, 1);
	}
	pthread_mutex_unlock(&a->lock);
	if (mine || !(mine = rules_read(c, version)))
		return mine;
	pthread_mutex_lock(&a->lock);
	if (!a->rules || a->rules->version < version) {
		old = a->rules;
		a->rules = mine;
		atomic_fetch_add(&mine->refs, 1);
	}
	pthread_mutex_unlock(&a->lock);
	rules_put(old);
	return mine;
}

void rules_put(const struct rules *r)
{
	struct rules *mine = (struct rules *)r;
	if (mine && atomic_fetch_sub(&mine->refs, 1) == 1)
		free(mine);
}
