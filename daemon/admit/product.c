/*
 * Product records: what a code stands for, whose it is, and who else makes batches of it.
 *
 * The first record of a code is said by the party that the code belongs to, or for it by an
 * operator or a regulator of its region.  Later ones by the owner; an operator or a regulator of
 * the owner's region may change it too, and gives a reason.  They name another owner to transfer
 * it, delegates that may register batches as the owner does, and `revoked` to end it:
 *
 *   {"type":"Product",...,"owner":"<party>","delegates":[{"party":"<party>","until":"2027-12-31"}],
 *    "revoked":{"reason":"..."},"reason":"...","replaces":N}
 *
 * Earlier batches stay good; from the next entry on the new record rules.  What an authority
 * revoked only an authority brings back.
 */
#include "admit/profile.h"

static const struct member licence_members[] = {{"kind", FORM_TEXT, true, NULL},
						{"number", FORM_TEXT, true, NULL},
						{"until", FORM_DATE, false, NULL},
						{0}};
static const struct member delegate_members[] = {
    {"party", FORM_TEXT, true, NULL}, {"until", FORM_DATE, false, NULL}, {0}};
static const struct member storage_members[] = {
    {"min", FORM_DECIMAL, false, NULL}, {"max", FORM_DECIMAL, false, NULL}, {0}};
static const struct member pledge_members[] = {
    {"text", FORM_TEXT, false, NULL}, {"url", FORM_TEXT, false, NULL}, {0}};
static const struct member revoked_members[] = {{"reason", FORM_TEXT, true, NULL}, {0}};
const struct member product_members[] = {{"code", FORM_TEXT, true, NULL},
					 {"name", FORM_NAMES, true, NULL},
					 {"category", FORM_TEXT, true, NULL},
					 {"owner", FORM_TEXT, false, NULL},
					 {"delegates", FORM_OBJECTS, false, delegate_members},
					 {"revoked", FORM_OBJECT, false, revoked_members},
					 {"reason", FORM_TEXT, false, NULL},
					 {"specification", FORM_TEXT, false, NULL},
					 {"standard", FORM_TEXT, false, NULL},
					 {"licences", FORM_OBJECTS, false, licence_members},
					 {"ingredients", FORM_TEXTS, false, NULL},
					 {"allergens", FORM_TEXTS, false, NULL},
					 {"storage", FORM_OBJECT, false, storage_members},
					 {"holder", FORM_TEXT, false, NULL},
					 {"warranty", FORM_DURATION, false, NULL},
					 {"pledge", FORM_OBJECT, false, pledge_members},
					 {"replaces", FORM_NUMBER, false, NULL},
					 {0}};

/* One Product record on its way. */
struct saying {
	const struct sy_json_doc *doc;
	struct sy_code code;
	const struct product *now; /* in force */
	struct sy_str owner;       /* as the record names it, or the author */
	const struct party *party; /* the owner; NULL when it isn't enrolled */
};

static struct sy_str said(struct check *c, const struct saying *s, const char *member)
{
	return text_of(c, s->doc, sy_json_root(s->doc), member);
}

static bool code_read(struct check *c, struct saying *s)
{
	struct sy_code *code = &s->code;
	struct sy_str text = said(c, s, "code");
	if (sy_code_parse(c->arena, text, code, c->faults, c->record, "/code") != SY_OK)
		return false;
	if (code->kind == SY_CODE_PRODUCT ||
	    (code->kind == SY_CODE_OTHER && code->scheme == SY_SCHEME_PRIVATE))
		return true;
	fault(c, 422, "/code", "%.*s names a %s: expected the code of a product",
	      "%.*s 表示的是 %s：应为产品编码", TEXT(text), sy_code_kind_name(code->kind));
	return false;
}

/* --- who may say it -------------------------------------------------------------------------- */

static struct party *enrolled(struct check *c, struct sy_str id, const char *pointer)
{
	struct party *p = party_of(c, fact_of(c, FACT_PARTY, id, NO_MORE), id);
	if (p && !p->found)
		fault(c, 422, pointer, "party %.*s isn't enrolled", "主体 %.*s 未登记", TEXT(id));
	return p && p->found ? p : NULL;
}

static bool owner_read(struct check *c, struct saying *s)
{
	s->owner = said(c, s, "owner");
	if (s->owner.n == 0)
		s->owner = c->author->id;
	s->party = sy_str_eq(s->owner, c->author->id) ? c->author : enrolled(c, s->owner, "/owner");
	return s->party != NULL;
}

static bool denied(struct check *c, const struct saying *s, struct sy_str holder)
{
	const unsigned authorities = ROLE_OPERATOR | ROLE_REGULATOR;
	if (holder.n > 0 && (s->party != c->author || (c->author->roles & authorities)))
		fault(c, 403, "/owner", "%.*s belongs to %.*s: expected that party as \"owner\"",
		      "%.*s 属于 %.*s：\"owner\" 应为该主体", TEXT(s->code.canonical),
		      TEXT(holder));
	else if (holder.n > 0)
		fault(c, 403, "/code", "%.*s belongs to %.*s: expected that party as the author",
		      "%.*s 属于 %.*s：应由该主体提交", TEXT(s->code.canonical), TEXT(holder));
	else
		fault(c, 403, "/code",
		      "%.*s is granted to nobody: expected a code under a prefix or a code that is "
		      "granted to %.*s, or its own stem",
		      "%.*s 未授予任何主体：应为授予 %.*s 的厂商识别代码之下的编码、"
		      "单独授予的编码或其自有编码",
		      TEXT(s->code.canonical), TEXT(s->owner));
	return false;
}

/* An operator may register what nobody else has, and for whomever it names. */
static bool may_register(struct check *c, const struct saying *s)
{
	bool own = s->party == c->author;
	if (!own && !is_authority_over(c, s->party)) {
		fault(c, 403, "/owner",
		      "only an operator or a regulator of the region registers a product for "
		      "another party: expected %.*s",
		      "只有运营者或本地区监管部门可以代其他主体登记产品：应为 %.*s",
		      TEXT(c->author->id));
		return false;
	}
	struct sy_str holder = product_holder(c, &s->code, s->party);
	if (sy_str_eq(holder, s->owner) || (is_operator(c) && (!own || holder.n == 0)))
		return true;
	return denied(c, s, holder);
}

/* A change by another than the owner: by whom, and why. */
static bool may_intervene(struct check *c, const struct saying *s)
{
	struct sy_str owner = s->now->owner;
	struct party *p = party_of(c, fact_of(c, FACT_PARTY, owner, NO_MORE), owner);
	if (!p)
		return false;
	if (!is_authority_over(c, p)) {
		fault(c, 403, "/code",
		      "%.*s belongs to %.*s: expected that party, an operator or a regulator of "
		      "its region as the author",
		      "%.*s 属于 %.*s：应由该主体、运营者或其所在地区的监管部门提交",
		      TEXT(s->code.canonical), TEXT(owner));
		return false;
	}
	/* Without a name it would become the authority's, which nobody means. */
	bool good = said(c, s, "owner").n > 0;
	if (!good)
		fault(c, 403, "/owner",
		      "%.*s belongs to %.*s: expected \"owner\" to name the party that has it from "
		      "now on",
		      "%.*s 属于 %.*s：应以 \"owner\" 写明此后的所有者", TEXT(s->code.canonical),
		      TEXT(owner));
	if (said(c, s, "reason").n > 0)
		return good;
	fault(c, 422, "/reason",
	      "changes another party's product without \"reason\": expected why that is done",
	      "更改其他主体的产品却没有 \"reason\"：应说明理由");
	return false;
}

static bool may_change(struct check *c, const struct saying *s)
{
	const struct product *now = s->now;
	if (!sy_str_eq(now->owner, c->author->id))
		return may_intervene(c, s);
	if (!now->revoked || sy_str_eq(now->said_by, now->owner))
		return true;
	fault(c, 403, "/code",
	      "%.*s was revoked by %.*s: expected an operator or a regulator as the author",
	      "%.*s 已由 %.*s 撤销：应由运营者或监管部门提交", TEXT(s->code.canonical),
	      TEXT(now->said_by));
	return false;
}

/* --- delegates ------------------------------------------------------------------------------- */

static bool delegates_check(struct check *c, const struct saying *s)
{
	const struct sy_json *list = sy_json_get(s->doc, sy_json_root(s->doc), "delegates"), *v;
	bool good = true;
	unsigned i = 0;
	sy_json_each (s->doc, list, v) {
		char pointer[48];
		snprintf(pointer, sizeof(pointer), "/delegates/%u/party", i++);
		good = enrolled(c, text_of(c, s->doc, v, "party"), pointer) && good;
	}
	return good;
}

/* The entry time until which a delegation holds. */
static uint64_t delegate_until(struct check *c, const struct product *p, const struct sy_json *v)
{
	uint64_t until;
	struct sy_str text = text_of(c, p->doc, v, "until");
	return text.n > 0 && sy_until_parse(text, &until) == SY_OK ? until : UINT64_MAX;
}

static bool is_delegate(struct check *c, const struct product *p)
{
	const struct sy_json *v;
	if (!p->doc)
		return false;
	sy_json_each (p->doc, sy_json_get(p->doc, sy_json_root(p->doc), "delegates"), v) {
		if (!sy_str_eq(text_of(c, p->doc, v, "party"), c->author->id))
			continue;
		uint64_t until = delegate_until(c, p, v);
		if (c->now > until)
			continue;
		if (until < c->verdict->not_after)
			c->verdict->not_after = until;
		return true;
	}
	return false;
}

bool product_makes(struct check *c, struct product *p)
{
	if (p->makes == MAKES_UNASKED) {
		bool own = sy_str_eq(p->owner, c->author->id);
		p->makes = own || is_delegate(c, p) ? MAKES : MAKES_NOT;
	}
	return p->makes == MAKES;
}

/* --- the record ------------------------------------------------------------------------------ */

static bool storage_check(struct check *c, const struct sy_json_doc *doc)
{
	const struct sy_json *storage = sy_json_get(doc, sy_json_root(doc), "storage");
	const struct sy_json *min = sy_json_get(doc, storage, "min");
	const struct sy_json *max = sy_json_get(doc, storage, "max");
	struct sy_decimal low, high;
	if (!min || !max || sy_decimal_parse(sy_json_raw(doc, min), &low) != SY_OK ||
	    sy_decimal_parse(sy_json_raw(doc, max), &high) != SY_OK ||
	    sy_decimal_cmp(low, high) <= 0)
		return true;
	fault(c, 422, "/storage/max", "is below \"min\": expected no less, in degrees Celsius",
	      "低于 \"min\"：应不低于它，单位为摄氏度");
	return false;
}

/* A holder may well be enrolled later. */
static void holder_check(struct check *c, const struct sy_json_doc *doc)
{
	struct sy_str id = text_of(c, doc, sy_json_root(doc), "holder");
	struct party *p = id.n > 0 ? party_of(c, fact_of(c, FACT_PARTY, id, NO_MORE), id) : NULL;
	if (p && !p->found)
		fault_of(c, 0, "/holder", "holder", "party %.*s isn't enrolled", "主体 %.*s 未登记",
			 TEXT(id));
}

void product_read(struct check *c, struct product *p)
{
	const struct sy_json *root = sy_json_root(p->doc);
	int category = category_of(text_of(c, p->doc, root, "category"));
	p->category = category < 0 ? CATEGORY_OTHER : category;
	p->has = product_has(p->doc, p->code);
	p->revoked = sy_json_get(p->doc, root, "revoked") != NULL;
	if (p->category != CATEGORY_OTHER)
		licences_need(c, p);
}

void product_judge(struct check *c, const struct sy_json_doc *doc)
{
	struct saying s = {.doc = doc};
	int category = category_of(said(c, &s, "category"));
	if (category == CATEGORY_UNKNOWN)
		fault(c, 422, "/category", "expected agri, food, drug, industrial or other",
		      "应为 agri、food、drug、industrial 或 other");
	if (!code_read(c, &s))
		return;
	struct fact *f = fact_of(c, FACT_PRODUCT, s.code.canonical, NO_MORE);
	struct product *next = allocate(c, sizeof(*next));
	if (!next || !(s.now = product_of(c, f, s.code.canonical)))
		return;
	bool good = replaces_check(c, doc, f, s.now->found, s.now->record, "/code");
	good = delegates_check(c, &s) && good;
	good = storage_check(c, doc) && good;
	if (!c->author || !owner_read(c, &s) ||
	    !(s.now->found ? may_change(c, &s) : may_register(c, &s)))
		return;
	if (!good || category == CATEGORY_UNKNOWN)
		return;
	*next = (struct product){.code = s.code.canonical,
				 .found = true,
				 .record = UINT64_MAX,
				 .owner = s.owner,
				 .said_by = c->author->id,
				 .doc = doc};
	product_read(c, next);
	holder_check(c, doc);
	licences_check(c, doc);
	profile_product(c, next);
	f->value = next;
	fact_write(c, f);
	stem_taken(c, &s.code, s.owner);
}
