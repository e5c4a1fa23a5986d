/*
 * Which application identifiers stand only beside others, and which never together: GS1 General
 * Specifications, sections 4.13 and 4.14.
 */
#include "code_impl.h"

/* One AI of a list, or a run of them: "31nn" is 3100 to 3199, "10" is 1000, left-aligned. */
struct pattern {
	unsigned lo, hi, digits;
};

static bool matches(const struct pattern *p, const struct element *e)
{
	return e->ai.number >= p->lo && e->ai.number <= p->hi && e->ai.row->digits == p->digits;
}

/* The next of LIST; STOP is what ended it: a comma, a plus in a group, a bar, or the end. */
static struct pattern next(const char **list, char *stop)
{
	struct pattern p = {0, 0, 0};
	const char *s = *list;
	for (; (*s >= '0' && *s <= '9') || *s == 'n'; s++, p.digits++) {
		p.lo = p.lo * 10 + (*s == 'n' ? 0 : (unsigned)(*s - '0'));
		p.hi = p.hi * 10 + (*s == 'n' ? 9 : (unsigned)(*s - '0'));
	}
	for (unsigned i = p.digits; i < 4; i++) {
		p.lo *= 10;
		p.hi *= 10;
	}
	*stop = *s;
	*list = s + (*s != '\0');
	return p;
}

static bool present(const struct code_reader *r, const struct pattern *p, const struct element *e)
{
	for (size_t i = 0; i < r->n; i++)
		if (&r->elements[i] != e && matches(p, &r->elements[i]))
			return true;
	return false;
}

/* One of the groups, each with all of its AIs: "01+21,255". */
static bool satisfied(const struct code_reader *r, const char *list, const struct element *e)
{
	bool all = true;
	char stop;
	while (*list != '\0') {
		struct pattern p = next(&list, &stop);
		all = all && present(r, &p, e);
		if (stop != '+' && all)
			return true;
		all = all || stop != '+';
	}
	return false;
}

static bool lists(const char *list, const struct element *e)
{
	char stop;
	while (list != NULL && *list != '\0') {
		struct pattern p = next(&list, &stop);
		if (matches(&p, e))
			return true;
	}
	return false;
}

/* "01,02" as "(01) or (02)", "01+21" as "(01) with (21)". */
static void spell(const struct code_reader *r, const char *list, char *out, size_t size)
{
	const char *any = r->chinese ? "或" : " or ", *with = r->chinese ? "及" : " with ";
	size_t n = 0;
	char stop = ',';
	while (*list != '\0' && n + 24 < size) {
		const char *begin = list;
		struct pattern p = next(&list, &stop);
		out[n++] = '(';
		memcpy(out + n, begin, p.digits);
		n += p.digits;
		out[n++] = ')';
		const char *join = *list == '\0' ? "" : stop == '+' ? with : any;
		memcpy(out + n, join, strlen(join));
		n += strlen(join);
	}
	out[n] = '\0';
}

/* A key's own qualifiers are at home beside it: the standard of links lets (22) follow (8006). */
static void check_beside(struct code_reader *r, const struct element *e, const char *list,
			 const struct element *key)
{
	char name[8], wanted[192];
	if (list == NULL || satisfied(r, list, e) || lists(key->ai.row->quals, e))
		return;
	sy_ai_name(e->ai, name);
	spell(r, list, wanted, sizeof wanted);
	sy_code_fault(r, SY_EINVAL, e->spot, "%s can't stand alone, expected %s beside it",
		      "%s不能单独出现，应同时有%s", name, wanted);
}

static void check_apart(struct code_reader *r, const struct element *first,
			const struct element *second)
{
	char name[8], other[8];
	if (!lists(first->ai.row->ex, second) && !lists(second->ai.row->ex, first))
		return;
	sy_ai_name(first->ai, name);
	sy_ai_name(second->ai, other);
	sy_code_fault(r, SY_EINVAL, second->spot,
		      "%s and %s exclude each other, expected one of them",
		      "%s与%s互斥，只能有其一", name, other);
}

void sy_ai_check_pairs(struct code_reader *r, const struct element *key)
{
	for (size_t i = 0; i < r->n && !sy_code_enough(r); i++) {
		const struct element *e = &r->elements[i];
		check_beside(r, e, e->ai.row->req, key);
		check_beside(r, e, e->ai.row->also, key);
		for (size_t j = i + 1; j < r->n; j++)
			check_apart(r, e, &r->elements[j]);
	}
}
