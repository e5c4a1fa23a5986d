/*
 * Licences: which kinds a product must or should hold, by its category's profile and by the lists
 * of listed products, and whether it held them on the day of making.
 *
 * The forms of their numbers are warned of, never refused: not all were seen in their source.
 */
#include "admit/profile.h"

#include <suyuan/codeinfo.h>

#define NOT_HELD INT32_MIN
#define NO_END INT32_MAX

static const struct {
	const char *kind, *reading; /* of sy_code_readings */
	const char *en, *zh;
} kinds[] = {
    {"SC", "food-licence", "SC and 14 digits, the last a check digit",
     "SC 加 14 位数字，末位为校验位"},
    {"GYZZ", "drug-approval", "国药准字, a letter and 8 digits", "国药准字、一个字母和 8 位数字"},
    {"CCC", "compulsory-certificate", "16 digits", "16 位数字"},
    {"XK", "product-licence", "XK and 2, 3 and 5 digits", "XK 加 2、3、5 位数字"},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* --- a Product record ------------------------------------------------------------------------ */

static bool number_holds(struct sy_str number, const char *reading)
{
	struct sy_code_reading readings[SY_CODE_READINGS_MAX];
	size_t n = sy_code_readings(number, readings);
	for (size_t i = 0; i < n; i++)
		if (strcmp(readings[i].name, reading) == 0)
			return readings[i].holds;
	return false;
}

static void number_check(struct check *c, struct sy_str kind, struct sy_str number, unsigned at)
{
	char pointer[48];
	snprintf(pointer, sizeof(pointer), "/licences/%u/number", at);
	for (size_t i = 0; i < KINDS; i++)
		if (sy_str_is(kind, kinds[i].kind) && !number_holds(number, kinds[i].reading))
			fault_of(c, 0, pointer, "licences",
				 "%.*s is no number of kind %s: expected %s",
				 "%.*s 不是 %s 类编号：应为%s", TEXT(number), kinds[i].kind,
				 in_language(c, kinds[i].en, kinds[i].zh));
}

void licences_check(struct check *c, const struct sy_json_doc *doc)
{
	const struct sy_json *v;
	int32_t until, today = sy_date_of(c->now, CHINA_MINUTES);
	unsigned i = 0;
	sy_json_each (doc, sy_json_get(doc, sy_json_root(doc), "licences"), v) {
		struct sy_str end = text_of(c, doc, v, "until");
		char pointer[48];
		number_check(c, text_of(c, doc, v, "kind"), text_of(c, doc, v, "number"), i);
		snprintf(pointer, sizeof(pointer), "/licences/%u/until", i++);
		if (end.n > 0 && sy_date_parse(end, &until) == SY_OK && until < today)
			fault_of(c, 0, pointer, "licences",
				 "ended on %.*s: what is made since then isn't covered by it",
				 "已于 %.*s 到期：此后的产品不在其范围内", TEXT(end));
	}
}

/* --- what a product needs -------------------------------------------------------------------- */

/* The last day that a licence of that kind holds. */
static int32_t held_until(struct check *c, const struct product *p, const char *kind)
{
	const struct sy_json *v;
	int32_t last = NOT_HELD, until;
	sy_json_each (p->doc, sy_json_get(p->doc, sy_json_root(p->doc), "licences"), v) {
		if (!sy_str_is(text_of(c, p->doc, v, "kind"), kind))
			continue;
		struct sy_str end = text_of(c, p->doc, v, "until");
		if (end.n == 0 || sy_date_parse(end, &until) != SY_OK)
			until = NO_END;
		last = until > last ? until : last;
	}
	return last;
}

static void need(struct check *c, struct product *p, const struct licence_rule *rule)
{
	for (unsigned i = 0; i < p->n_needs; i++)
		if (strcmp(p->needs[i].kind, rule->kind) == 0) {
			p->needs[i].must = p->needs[i].must || rule->must;
			return;
		}
	if (p->n_needs == LICENCE_NEEDS)
		return;
	p->needs[p->n_needs++] =
	    (struct licence_need){rule->kind, rule->must, held_until(c, p, rule->kind), false};
}

static struct sy_str without_spaces(struct check *c, struct sy_str s)
{
	char *to = sy_arena_alloc(c->arena, s.n + 1);
	size_t n = 0;
	if (!to) {
		c->err = c->err ? c->err : SY_ENOMEM;
		return NO_MORE;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != ' ')
			to[n++] = s.p[i];
	return (struct sy_str){to, n};
}

static bool is_word(char ch)
{
	return (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z');
}

/* "GB 175" is named by "GB175-2023" and not by "GB 1750"; its parts, "GB 175.1", belong to it. */
static bool names_standard(struct sy_str text, struct sy_str standard)
{
	for (size_t i = 0; standard.n > 0 && i + standard.n <= text.n; i++) {
		const char *end = text.p + i + standard.n;
		if (memcmp(text.p + i, standard.p, standard.n) == 0 &&
		    (i == 0 || !is_word(text.p[i - 1])) &&
		    (end == text.p + text.n || *end < '0' || *end > '9'))
			return true;
	}
	return false;
}

void licences_need(struct check *c, struct product *p)
{
	const struct profile *profile = &c->rules->profiles[p->category];
	for (unsigned i = 0; i < profile->n_licences; i++)
		need(c, p, &profile->licences[i]);
	if (!c->rules->n_listed)
		return;
	struct sy_str said =
	    without_spaces(c, text_of(c, p->doc, sy_json_root(p->doc), "standard"));
	for (size_t i = 0; i < c->rules->n_listed; i++) {
		const struct listed *l = &c->rules->listed[i];
		if (l->category == p->category &&
		    (l->is_code ? sy_str_eq(l->what, p->code) : names_standard(said, l->what)))
			need(c, p, &l->licence);
	}
}

/* --- a batch --------------------------------------------------------------------------------- */

static void need_fault(struct check *c, int status, const char *pointer, const struct product *p,
		       const struct licence_need *n, int32_t day)
{
	char made[12], until[12];
	const char *category = category_name(c, p->category);
	if (n->until == NOT_HELD) {
		fault_of(c, status, pointer, "licences",
			 "%s products %s carry a licence of kind %s: expected it in the Product "
			 "record of %.*s",
			 "%s产品%s具有 %s 类许可：应载于产品 %.*s 的 Product 记录", category,
			 weight_verb(c, n->must), n->kind, TEXT(p->code));
		return;
	}
	sy_date_format(day, made);
	sy_date_format(n->until, until);
	fault_of(
	    c, status, pointer, "licences",
	    "%s products %s carry a licence of kind %s: that of %.*s ended on %s, expected one "
	    "that holds on %s",
	    "%s产品%s具有 %s 类许可：产品 %.*s 的许可已于 %s 到期，应在 %s 有效", category,
	    weight_verb(c, n->must), n->kind, TEXT(p->code), until, made);
}

void licences_judge(struct check *c, const char *pointer, struct product *p, int32_t day,
		    bool excused)
{
	for (unsigned i = 0; i < p->n_needs; i++) {
		struct licence_need *n = &p->needs[i];
		bool refuse = n->must && !excused;
		if (n->until >= day || (!refuse && n->said))
			continue;
		need_fault(c, refuse ? 422 : 0, pointer, p, n, day);
		n->said = !refuse;
	}
}
