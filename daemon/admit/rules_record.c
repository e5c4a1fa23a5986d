/* Rules records: who may publish them, and whether they say something that can be judged. */
#include "admit/profile.h"

#include "admit/rules.h"

const struct member rules_members[] = {
    {"name", FORM_TEXT, true, NULL},        {"kind", FORM_TEXT, true, NULL},
    {"category", FORM_TEXT, false, NULL},   {"fields", FORM_OBJECT, false, NULL},
    {"licences", FORM_OBJECT, false, NULL}, {"licence", FORM_TEXT, false, NULL},
    {"weight", FORM_TEXT, false, NULL},     {"standards", FORM_OBJECT, false, NULL},
    {"products", FORM_OBJECT, false, NULL}, {"product", FORM_TEXT, false, NULL},
    {"party", FORM_TEXT, false, NULL},      {"until", FORM_DATE, false, NULL},
    {"reason", FORM_TEXT, false, NULL},     {"limits", FORM_OBJECT, false, NULL},
    {"targets", FORM_OBJECT, false, NULL},  {"levels", FORM_NAMED, false, NULL},
    {"deadlines", FORM_NAMED, false, NULL}, {"unsure", FORM_NAMED, false, NULL},
    {"holidays", FORM_OBJECT, false, NULL}, {"workdays", FORM_OBJECT, false, NULL},
    {"replaces", FORM_NUMBER, false, NULL}, {0}};

static struct sy_str said(const struct ruling *x, const char *member)
{
	return text_of(x->c, x->doc, x->root, member);
}

static const struct sy_json *member_of(const struct ruling *x, const char *member)
{
	return sy_json_get(x->doc, x->root, member);
}

void ruling_fault(const struct ruling *x, const char *within, const struct sy_json *m,
		  const char *en, const char *zh)
{
	struct check *c = x->c;
	struct sy_str key = NO_MORE;
	char pointer[160];
	sy_json_key(x->doc, m, c->arena, &key);
	snprintf(pointer, sizeof(pointer), "%s/%.*s", within, TEXT(key));
	fault(c, 422, pointer, "expected %s", "应为%s", in_language(c, en, zh));
}

bool ruling_asks(const struct ruling *x, const char *member, const char *en, const char *zh)
{
	struct check *c = x->c;
	char pointer[32];
	if (member_of(x, member))
		return true;
	snprintf(pointer, sizeof(pointer), "/%s", member);
	fault(c, 400, pointer, "\"%s\" is missing: expected %s", "缺少 \"%s\"：应为%s", member,
	      in_language(c, en, zh));
	return false;
}

/* --- fields and their weights ---------------------------------------------------------------- */

static const char *known_fields(struct check *c)
{
	struct sy_str text = NO_MORE;
	for (int i = 0; i < FIELDS; i++) {
		const char *longer = sy_arena_printf(c->arena, "%.*s%s%s", (int)text.n, text.p,
						     i ? " " : "", fields[i].name);
		text = sy_str(longer);
	}
	return text.p;
}

static void unknown_field(const struct ruling *x, const struct sy_json *m)
{
	struct sy_arena *arena = x->c->arena;
	const char *known = known_fields(x->c);
	const char *en = known ? sy_arena_printf(arena, "one of %s", known) : NULL;
	const char *zh = known ? sy_arena_printf(arena, "其中之一：%s", known) : NULL;
	if (en && zh)
		ruling_fault(x, "/fields", m, en, zh);
	else
		x->c->err = SY_ENOMEM;
}

static bool is_weight(const struct ruling *x, const struct sy_json *m, bool must)
{
	return (must && sy_json_is(x->doc, m, "M")) || sy_json_is(x->doc, m, "S") ||
	       sy_json_is(x->doc, m, "O");
}

/* MUST: may a field be a must here? */
static void fields_check(const struct ruling *x, bool must)
{
	const struct sy_json *m;
	sy_json_each (x->doc, member_of(x, "fields"), m) {
		if (field_of(x->doc, m) < 0)
			unknown_field(x, m);
		else if (!is_weight(x, m, must))
			ruling_fault(
			    x, "/fields", m,
			    must ? "M (must), S (should) or O (may)" : "S (warn) or O (silent)",
			    must ? " M（必须）、S（宜）或 O（可）" : " S（警告）或 O（不提示）");
	}
}

/* --- by kind --------------------------------------------------------------------------------- */

static void category_check(const struct ruling *x)
{
	struct check *c = x->c;
	if (category_of(said(x, "category")) < 0)
		fault(c, 422, "/category", "expected agri, food, drug or industrial",
		      "应为 agri、food、drug 或 industrial");
}

void ruling_name(const struct ruling *x, const char *stem)
{
	struct check *c = x->c;
	struct sy_str begin = sy_str(stem);
	if (!begins(x->name, begin) || x->name.n == begin.n)
		fault(c, 422, "/name", "expected %s and a name of its own", "应为 %s 加自己的名称",
		      stem);
}

static void check_profile(const struct ruling *x)
{
	struct check *c = x->c;
	struct sy_str category = said(x, "category");
	const struct sy_json *m;
	category_check(x);
	if (x->name.n != category.n + 8 || !begins(x->name, SY_STR("profile/")) ||
	    memcmp(x->name.p + 8, category.p, category.n) != 0)
		fault(c, 422, "/name", "expected profile/%.*s, the one profile of that category",
		      "应为 profile/%.*s，即该类别唯一的规则", TEXT(category));
	ruling_asks(x, "fields", "an object of M, S and O", " M、S、O 的对象");
	fields_check(x, true);
	sy_json_each (x->doc, member_of(x, "licences"), m) {
		if (!is_weight(x, m, true))
			ruling_fault(x, "/licences", m, "M (must), S (should) or O (may)",
				     " M（必须）、S（宜）或 O（可）");
	}
}

static void check_listed(const struct ruling *x)
{
	struct check *c = x->c;
	const struct sy_json *m, *weight = member_of(x, "weight");
	category_check(x);
	ruling_name(x, "listed/");
	ruling_asks(x, "licence", "the kind of licence that is needed", "所需许可的类别");
	if (weight && (!is_weight(x, weight, true) || sy_json_is(x->doc, weight, "O")))
		fault(c, 422, "/weight", "expected M (must) or S (should)",
		      "应为 M（必须）或 S（宜）");
	sy_json_each (x->doc, member_of(x, "products"), m) {
		struct sy_str code = NO_MORE;
		struct sy_code parsed;
		sy_json_key(x->doc, m, c->arena, &code);
		sy_code_parse(c->arena, code, &parsed, c->faults, c->record, "/products");
	}
	if (!member_of(x, "standards") && !member_of(x, "products"))
		fault(c, 422, "", "lists nothing: expected \"standards\" or \"products\"",
		      "没有列出任何产品：应有 \"standards\" 或 \"products\"");
}

static void check_limits(const struct ruling *x)
{
	struct check *c = x->c;
	const struct sy_json *m;
	uint64_t hours;
	if (!sy_str_is(x->name, "limits"))
		fault(c, 422, "/name", "expected limits, the one table of them",
		      "应为 limits，即唯一的限值表");
	ruling_asks(x, "limits", "an object of numbers", "数字的对象");
	sy_json_each (x->doc, member_of(x, "limits"), m) {
		if (!sy_json_key_is(x->doc, m, "futureHours"))
			ruling_fault(x, "/limits", m, "futureHours", " futureHours");
		else if (sy_json_u64(x->doc, m, &hours) != SY_OK || hours > FUTURE_HOURS_MAX)
			ruling_fault(x, "/limits", m, "whole hours, at most 8760",
				     "整小时数，不超过 8760");
	}
}

/* A percentage for each year: 94 or 94.5. */
static bool is_target(const struct ruling *x, const struct sy_json *m)
{
	static const struct sy_decimal all = {100, 0};
	struct sy_str year = NO_MORE, text = NO_MORE;
	struct sy_decimal percent;
	uint64_t number;
	sy_json_key(x->doc, m, x->c->arena, &year);
	return year.n == 4 && sy_str_u64(year, &number) == SY_OK && number >= 1970 &&
	       sy_json_string(x->doc, m, x->c->arena, &text) == SY_OK &&
	       sy_decimal_parse(text, &percent) == SY_OK && percent.coef >= 0 &&
	       sy_decimal_cmp(percent, all) <= 0;
}

static void check_targets(const struct ruling *x)
{
	struct check *c = x->c;
	const struct sy_json *m;
	if (!sy_str_is(x->name, "targets/quality"))
		fault(c, 422, "/name", "expected targets/quality, the one table of them",
		      "应为 targets/quality，即唯一的目标表");
	ruling_asks(x, "targets", "an object of years and percentages", "年份和百分比的对象");
	sy_json_each (x->doc, member_of(x, "targets"), m)
		if (!is_target(x, m))
			ruling_fault(x, "/targets", m,
				     "a year such as 2025 with a percentage as text, \"94\" or "
				     "\"94.5\"",
				     "年份（如 2025）和文本形式的百分比，如 \"94\" 或 \"94.5\"");
}

static struct party *party_named(const struct ruling *x, struct sy_str id, const char *pointer)
{
	struct check *c = x->c;
	struct party *p = party_of(c, fact_of(c, FACT_PARTY, id, NO_MORE), id);
	if (p && !p->found)
		fault(c, 422, pointer, "party %.*s isn't enrolled", "主体 %.*s 未登记", TEXT(id));
	return p && p->found ? p : NULL;
}

/* Whom an exemption is about: the party that it names, or the owner of the product. */
static struct party *exempted(const struct ruling *x)
{
	struct check *c = x->c;
	struct sy_str product = said(x, "product"), party = said(x, "party");
	struct sy_code code;
	struct product *p = NULL;
	if (product.n > 0) {
		if (sy_code_parse(c->arena, product, &code, c->faults, c->record, "/product") !=
		    SY_OK)
			return NULL;
		p = product_of(c, fact_of(c, FACT_PRODUCT, code.canonical, NO_MORE),
			       code.canonical);
		if (p && !p->found)
			fault(c, 422, "/product", "product %.*s isn't registered",
			      "产品 %.*s 尚未登记", TEXT(product));
	}
	if (party.n > 0)
		return party_named(x, party, "/party");
	return p && p->found ? party_named(x, p->owner, "/product") : NULL;
}

static void check_exemption(const struct ruling *x)
{
	struct check *c = x->c;
	ruling_name(x, "exemption/");
	ruling_asks(x, "fields", "an object of S and O", " S、O 的对象");
	ruling_asks(x, "until", "the last day of the exemption", "豁免的最后一日");
	ruling_asks(x, "reason", "why it is given", "豁免的理由");
	fields_check(x, false);
	if (!member_of(x, "product") && !member_of(x, "party")) {
		fault(c, 422, "", "exempts everybody: expected \"product\", \"party\" or both",
		      "豁免了所有人：应有 \"product\"、\"party\" 或两者");
		return;
	}
	struct party *p = exempted(x);
	if (p && c->author && !is_operator(c) && !is_regulator_of(c, region_of(c, p)))
		fault(c, 403, member_of(x, "party") ? "/party" : "/product",
		      "%.*s isn't of the author's region: expected a regulator of its region or an "
		      "operator",
		      "%.*s 不属于作者的地区：应由其所在地区的监管部门或运营者提交", TEXT(p->id));
}

static void content_check(const struct ruling *x)
{
	static const struct {
		const char *kind;
		void (*check)(const struct ruling *x);
	} kinds[] = {{"profile", check_profile},     {"listed", check_listed},
		     {"exemption", check_exemption}, {"limits", check_limits},
		     {"recall", check_recall},       {"holidays", check_holidays},
		     {"targets", check_targets}};
	struct check *c = x->c;
	struct sy_str kind = said(x, "kind");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (sy_str_is(kind, kinds[i].kind)) {
			kinds[i].check(x);
			return;
		}
	fault(c, 422, "/kind",
	      "\"%.*s\" isn't known: expected profile, listed, exemption, limits, recall, "
	      "holidays or targets",
	      "未知 \"%.*s\"：应为 profile、listed、exemption、limits、recall、holidays 或 targets",
	      TEXT(kind));
}

void rules_judge(struct check *c, const struct sy_json_doc *doc)
{
	struct ruling x = {.c = c, .doc = doc, .root = sy_json_root(doc)};
	x.name = said(&x, "name");
	struct fact *f = fact_of(c, FACT_RULES, x.name, NO_MORE);
	struct register_row row = {0};
	int err = register_get(&c->r, REG_RULES, x.name, &row);
	if (err && err != SY_ENOTFOUND) {
		c->err = err;
		return;
	}
	content_check(&x);
	bool good = authority_or_denied(c);
	if (replaces_check(c, doc, f, err == SY_OK, row.record, "/name") && good) {
		fact_write(c, f);
		fact_write(c, fact_of(c, FACT_VERSION, NO_MORE, NO_MORE));
	}
}
