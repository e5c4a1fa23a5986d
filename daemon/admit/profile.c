#include "admit/profile.h"

/* --- words ----------------------------------------------------------------------------------- */

static const struct {
	const char *name, *zh;
} categories[CATEGORIES] = {
    {"agri", "农产品"}, {"food", "食品"}, {"drug", "药品"}, {"industrial", "工业产品"}};

int category_of(struct sy_str name)
{
	for (int i = 0; i < CATEGORIES; i++)
		if (sy_str_is(name, categories[i].name))
			return i;
	return sy_str_is(name, "other") ? CATEGORY_OTHER : CATEGORY_UNKNOWN;
}

const char *category_name(const struct check *c, int category)
{
	return in_language(c, categories[category].name, categories[category].zh);
}

const char *weight_verb(const struct check *c, bool must)
{
	return must ? in_language(c, "must", "必须") : in_language(c, "should", "宜");
}

static const char *expected(const struct check *c, int field)
{
	return in_language(c, fields[field].en, fields[field].zh);
}

/* --- what places tell ------------------------------------------------------------------------ */

static uint64_t place_has(unsigned tells)
{
	return (tells & PLACE_ADDRESS ? BIT(ADDRESS) : 0) |
	       (tells & (PLACE_PHONE | PLACE_CONTACT) ? BIT(CONTACT) : 0) |
	       (tells & PLACE_REGION ? BIT(ORIGIN) : 0);
}

static unsigned places_of(struct check *c, const struct sy_event *e)
{
	unsigned tells = 0;
	if (e->location_code.n > 0)
		tells |= place_of(c, e->location_code);
	if (e->read_point_code.n > 0 && !sy_str_eq(e->read_point_code, e->location_code))
		tells |= place_of(c, e->read_point_code);
	return tells;
}

/* Where the event names a place, that tells; of an address and a telephone any of the author's
 * does.  Looked at only for what nothing else meets. */
static void reach(struct check *c, struct batch *b)
{
	const uint64_t about = BIT(ADDRESS) | BIT(CONTACT);
	if (b->reached)
		return;
	b->reached = true;
	b->has |= place_has(places_of(c, b->e));
	if (c->author && (b->has & about) != about)
		b->has |= place_has(reach_of(c, c->author->id,
					     PLACE_ADDRESS | PLACE_PHONE | PLACE_CONTACT)) &
			  about;
}

/* --- exemptions ------------------------------------------------------------------------------ */

/* Of MISSING what an exemption in force excuses; *WARN: with a warning that names it. */
static uint64_t excused(struct check *c, const struct product *p, uint64_t missing, uint64_t *warn,
			uint64_t *record)
{
	uint64_t all = 0;
	*warn = 0;
	for (size_t i = 0; i < c->rules->n_exemptions; i++) {
		const struct exemption *x = &c->rules->exemptions[i];
		uint64_t some = (x->warn | x->silent) & missing;
		if (!some || c->now > x->until ||
		    (x->product.n > 0 && !sy_str_eq(x->product, p->code)) ||
		    (x->party.n > 0 && !sy_str_eq(x->party, p->owner) &&
		     !(c->author && sy_str_eq(x->party, c->author->id))))
			continue;
		all |= some;
		*warn |= x->warn & missing;
		*record = x->record;
		if (x->until < c->verdict->not_after)
			c->verdict->not_after = x->until;
	}
	return all;
}

/* --- judging --------------------------------------------------------------------------------- */

static void missing_fault(struct check *c, int i, bool must, const struct sy_event_item *item,
			  const struct product *p)
{
	const char *category = category_name(c, p->category), *verb = weight_verb(c, must);
	const struct field_row *f = &fields[i];
	int status = must ? 422 : 0;
	char pointer[128];
	bool at_item = f->place == IN_ITEM || f->place == IN_PRODUCT;
	snprintf(pointer, sizeof(pointer), "%s%s", at_item ? item->pointer : "",
		 f->place == IN_PRODUCT ? "" : f->pointer);
	if (f->place == IN_PRODUCT)
		fault_of(c, status, pointer, f->name,
			 "%s products %s carry %s: expected it in the Product record of %.*s",
			 "%s产品%s具有%s：应载于产品 %.*s 的 Product 记录", category, verb,
			 expected(c, i), TEXT(p->code));
	else if (f->place == IN_PARTY)
		fault_of(c, status, pointer, f->name,
			 "producers of %s %s carry %s: expected it in the author's Party record",
			 "%s的生产者%s具有%s：应载于作者的 Party 记录", category, verb,
			 expected(c, i));
	else if (f->place == IN_PLACE)
		fault_of(
		    c, status, pointer, f->name,
		    "producers of %s %s tell their %s: expected it in a Place of the author's, "
		    "or the one that the event names",
		    "%s的生产者%s说明%s：应载于作者的 Place 记录或事件所列的地点", category, verb,
		    expected(c, i));
	else
		fault_of(c, status, pointer, f->name, "%s batches %s carry this: expected %s",
			 "%s批次%s具有此项：应为%s", category, verb, expected(c, i));
}

/* The last fault that a record has room for, of all fields that would have none. */
static void rest_fault(struct check *c, uint64_t rest, const struct product *p)
{
	const char *list = "", *stop = in_language(c, "; ", "；");
	const char *first = fields[__builtin_ctzll(rest)].name;
	for (; rest && list; rest &= rest - 1) {
		int i = __builtin_ctzll(rest);
		list = sy_arena_printf(c->scratch, "%s%s%s (%s)", list, list[0] ? stop : "",
				       fields[i].name, expected(c, i));
	}
	if (!list)
		c->err = c->err ? c->err : SY_ENOMEM;
	else
		fault_of(c, 422, "", first, "%s batches must carry these as well: %s",
			 "%s批次还必须具有：%s", category_name(c, p->category), list);
}

/* All of them at once: a must that an answer has no fault left for is named in the last one. */
static void missing_faults(struct check *c, uint64_t missing, bool must,
			   const struct sy_event_item *item, const struct product *p)
{
	if (!c->author) /* of one whom nobody knows nothing else is asked */
		missing &= ~(fields_in(IN_PARTY) | fields_in(IN_PLACE));
	for (; missing; missing &= missing - 1) {
		if (must && (missing & (missing - 1)) &&
		    sy_faults_room(c->faults, c->record) == 1) {
			rest_fault(c, missing, p);
			return;
		}
		missing_fault(c, __builtin_ctzll(missing), must, item, p);
	}
}

static void excused_warnings(struct check *c, uint64_t warn, uint64_t record)
{
	for (; warn; warn &= warn - 1) {
		int i = __builtin_ctzll(warn);
		fault_of(c, 0, fields[i].place == IN_EVENT ? fields[i].pointer : "", fields[i].name,
			 "is missing, and taken by the exemption of record %llu: expected %s",
			 "缺少此项，已按记录 %llu 的豁免接受：应为%s", (unsigned long long)record,
			 expected(c, i));
	}
}

/* The day by which licences are held against what was made. */
static int32_t day_of(const struct sy_event *e)
{
	if (e->made != SY_NO_DAY)
		return e->made;
	if (e->harvested != SY_NO_DAY)
		return e->harvested;
	return sy_date_of(e->time > 0 ? (uint64_t)e->time : 0, CHINA_MINUTES);
}

static void needs_judge(struct check *c, struct batch *b, const struct sy_event_item *item,
			struct product *p)
{
	int32_t day = p->n_needs ? day_of(b->e) : 0;
	uint64_t warn, record = 0;
	bool lacking = false;
	for (unsigned i = 0; i < p->n_needs; i++)
		lacking = lacking || p->needs[i].until < day;
	if (!lacking || (b->reported & BIT(LICENCES)))
		return;
	b->reported |= BIT(LICENCES);
	licences_judge(c, item->pointer, p, day, excused(c, p, BIT(LICENCES), &warn, &record) != 0);
}

static uint64_t met(struct check *c, struct batch *b, const struct product *p, uint64_t more,
		    uint64_t asked)
{
	const uint64_t reached = BIT(ADDRESS) | BIT(CONTACT) | BIT(ORIGIN);
	const uint64_t farmers = BIT(PRODUCER) | BIT(ADDRESS) | BIT(CONTACT);
	if (p->category == AGRI && (b->has & FARMER))
		more |= farmers;
	if (asked & reached & ~(b->has | more | b->reported))
		reach(c, b);
	return b->has | more | p->has;
}

void wrong_judge(struct check *c, struct batch *b, bool refuse)
{
	int status = refuse ? 422 : 0;
	uint64_t wrong = b->wrong.fields;
	if (b->refused || (b->warned && !refuse))
		return;
	b->warned = true;
	b->refused = refuse;
	b->reported |= refuse ? wrong : 0;
	for (; wrong; wrong &= wrong - 1) {
		int i = __builtin_ctzll(wrong);
		fault_of(c, status, b->wrong.pointers[i], fields[i].name,
			 "has a wrong form: expected %s", "格式有误：应为%s", expected(c, i));
	}
	fields_agree(c, b->doc, b->e, status);
}

/* What is a must comes first, and licences before all: of more than ten faults of a record the last
 * are dropped. */
void profile_judge(struct check *c, struct batch *b, const struct sy_event_item *item,
		   struct product *p, uint64_t more)
{
	uint64_t warn = 0, record = 0;
	wrong_judge(c, b, p->category != CATEGORY_OTHER);
	if (p->category == CATEGORY_OTHER)
		return;
	const struct profile *profile = &c->rules->profiles[p->category];
	uint64_t asked = (profile->must | profile->should) & ~SITE_FIELDS;
	uint64_t missing = asked & ~(met(c, b, p, more, asked) | b->reported);
	missing &= profile->must | ~p->warned;
	needs_judge(c, b, item, p);
	if (missing) {
		b->reported |= missing;
		p->warned |= missing & (fields_in(IN_PRODUCT) | fields_in(IN_PLACE));
		uint64_t must = missing & profile->must;
		must &= ~(must ? excused(c, p, must, &warn, &record) : 0);
		missing_faults(c, must, true, item, p);
		excused_warnings(c, warn, record);
		missing_faults(c, missing & ~profile->must, false, item, p);
	}
}

void profile_product(struct check *c, const struct product *p)
{
	if (p->category == CATEGORY_OTHER)
		return;
	const struct profile *profile = &c->rules->profiles[p->category];
	uint64_t missing = (profile->must | profile->should) & ~p->has & fields_in(IN_PRODUCT);
	for (; missing; missing &= missing - 1) {
		int i = __builtin_ctzll(missing);
		fault_of(c, 0, fields[i].pointer, fields[i].name,
			 "%s products %s carry %s: expected it before batches are registered",
			 "%s产品%s具有%s：应在登记批次之前补上", category_name(c, p->category),
			 weight_verb(c, profile->must & BIT(i)), expected(c, i));
	}
	for (unsigned i = 0; i < p->n_needs; i++)
		if (p->needs[i].until == INT32_MIN)
			fault_of(c, 0, "/licences", fields[LICENCES].name,
				 "%s products %s carry a licence of kind %s: expected it before "
				 "batches are registered",
				 "%s产品%s具有 %s 类许可：应在登记批次之前补上",
				 category_name(c, p->category), weight_verb(c, p->needs[i].must),
				 p->needs[i].kind);
}

/* --- at a building site ---------------------------------------------------------------------- */

static void site_faults(struct check *c, uint64_t missing, bool must, int category)
{
	for (; missing; missing &= missing - 1) {
		int i = __builtin_ctzll(missing);
		fault_of(c, must ? 422 : 0, fields[i].pointer, fields[i].name,
			 "%s goods that are installed %s carry this: expected %s",
			 "安装%s时%s载明此项：应为%s", category_name(c, category),
			 weight_verb(c, must), expected(c, i));
	}
}

void profile_site(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e)
{
	unsigned tells = places_of(c, e);
	uint64_t has = site_has(doc, e) | (tells & PLACE_PROJECT ? BIT(PROJECT) : 0) |
		       (tells & PLACE_PART ? BIT(PART) : 0);
	for (size_t i = 0; i < e->n_items && (SITE_FIELDS & ~has); i++) {
		const struct sy_code *code = &e->items[i].code;
		struct sy_str id = product_code(code);
		if (id.n == 0)
			continue;
		struct product *p = product_of(c, fact_of(c, FACT_PRODUCT, id, NO_MORE), id);
		if (!p || p->category == CATEGORY_OTHER)
			continue;
		const struct profile *profile = &c->rules->profiles[p->category];
		uint64_t missing = (profile->must | profile->should) & SITE_FIELDS & ~has;
		site_faults(c, missing & profile->must, true, p->category);
		site_faults(c, missing & ~profile->must, false, p->category);
		has |= missing;
	}
}
