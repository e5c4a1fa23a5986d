/* Company prefixes and single codes: whose they are, and that no two overlap (DOMAIN.md).  A code
 * that lies in somebody's prefix is that party's; it moves by a transfer of the product. */
#include "admit/profile.h"

static struct fact *prefix_fact(struct check *c, struct sy_str digits)
{
	struct sy_str head = {digits.p, digits.n < 4 ? digits.n : 4};
	return fact_of(c, FACT_PREFIX, head, NO_MORE);
}

bool in_prefix(const struct sy_code *code)
{
	return code->gtin.n == 14 && memcmp(code->gtin.p, "000000", 6) != 0;
}

void granted_prefix(struct check *c, struct sy_str digits, struct sy_str *prefix,
		    struct sy_str *party)
{
	struct fact *f = prefix_fact(c, digits);
	int err = register_prefix(&c->r, digits, prefix, party);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	if (err)
		*prefix = *party = NO_MORE;
	for (struct granted *g = f->value; g; g = g->next)
		if (!g->code.n && g->prefix.n > prefix->n && begins(digits, g->prefix)) {
			*prefix = g->prefix;
			*party = g->party;
		}
}

bool granted_code(struct check *c, struct sy_str code, struct sy_str *party)
{
	struct fact *f = fact_of(c, FACT_GRANT, code, NO_MORE);
	struct sy_str *said = f->value;
	if (f->written != NOT_WRITTEN) {
		*party = said ? *said : NO_MORE;
		return said != NULL;
	}
	int err = register_grant(&c->r, code, party);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	if (err)
		*party = NO_MORE;
	return err == SY_OK;
}

/* --- what is new ----------------------------------------------------------------------------- */

static void overlap_fault(struct check *c, struct sy_str prefix, struct sy_str other,
			  struct sy_str party, const char *pointer)
{
	fault(c, 409, pointer,
	      "prefix %.*s overlaps %.*s, which is granted to %.*s: expected a prefix that nobody "
	      "else holds",
	      "厂商识别代码 %.*s 与 %.*s 重叠，后者已授予 %.*s：应为无人持有的代码", TEXT(prefix),
	      TEXT(other), TEXT(party));
}

/*
 * The register names one overlap.  If that is the party's own longer prefix, another's may stand
 * beside it: so each digit behind is asked for by itself.
 */
static bool overlaps_register(struct check *c, struct sy_str prefix, struct sy_str party,
			      const char *pointer)
{
	struct sy_str other, holder;
	int err = register_prefix_overlap(&c->r, prefix, &other, &holder);
	if (err == SY_ENOTFOUND)
		return false;
	if (err) {
		c->err = c->err ? c->err : err;
		return false;
	}
	if (!sy_str_eq(holder, party)) {
		overlap_fault(c, prefix, other, holder, pointer);
		return true;
	}
	if (other.n <= prefix.n || prefix.n >= 12)
		return false;
	char longer[13];
	memcpy(longer, prefix.p, prefix.n);
	for (int digit = '0'; digit <= '9'; digit++) {
		longer[prefix.n] = (char)digit;
		if (overlaps_register(c, (struct sy_str){longer, prefix.n + 1}, party, pointer))
			return true;
	}
	return false;
}

/* Somebody else's code in the register that lies under PREFIX, behind any indicator digit. */
static bool covers_code(struct check *c, struct sy_str prefix, struct sy_str party,
			const char *pointer)
{
	for (int digit = 0; digit <= 9; digit++) {
		const char *text = sy_arena_printf(c->arena, "https://id.gs1.org/01/%d%.*s", digit,
						   (int)prefix.n, prefix.p);
		struct sy_str stem = sy_str(text), code = NO_MORE, holder;
		int err = text ? SY_OK : SY_ENOMEM;
		while (!err) {
			err = register_grant_next(&c->r, stem, code, &code, &holder);
			if (!err && !sy_str_eq(holder, party)) {
				overlap_fault(c, prefix, code, holder, pointer);
				return true;
			}
		}
		if (err != SY_ENOTFOUND && !c->err)
			c->err = err;
	}
	return false;
}

/* CODE is empty for a prefix. */
static void grant_list(struct check *c, struct sy_str prefix, struct sy_str code,
		       struct sy_str party)
{
	struct fact *f = prefix_fact(c, prefix);
	struct granted *g = allocate(c, sizeof(*g));
	if (!g)
		return;
	*g = (struct granted){prefix, party, code, f->value};
	f->value = g;
	fact_write(c, f);
}

void prefix_claim(struct check *c, struct sy_str prefix, struct sy_str party, const char *pointer)
{
	struct fact *f = prefix_fact(c, prefix);
	if (overlaps_register(c, prefix, party, pointer) || covers_code(c, prefix, party, pointer))
		return;
	for (struct granted *g = f->value; g; g = g->next)
		if ((begins(g->prefix, prefix) || (!g->code.n && begins(prefix, g->prefix))) &&
		    !sy_str_eq(g->party, party)) {
			overlap_fault(c, prefix, g->code.n ? g->code : g->prefix, g->party,
				      pointer);
			return;
		}
	grant_list(c, prefix, NO_MORE, party);
}

static void code_taken(struct check *c, struct sy_str code, struct sy_str other,
		       const char *pointer)
{
	fault(c, 409, pointer, "%.*s is granted to %.*s: expected a code that nobody else has",
	      "%.*s 已授予 %.*s：应为无人持有的编码", TEXT(code), TEXT(other));
}

/* A code in a prefix is its holder's. */
static bool grant_in_prefix(struct check *c, const struct sy_code *code, struct sy_str party,
			    const char *pointer)
{
	struct sy_str digits = {code->gtin.p + 1, 12}, prefix, holder;
	granted_prefix(c, digits, &prefix, &holder);
	if (holder.n > 0 && !sy_str_eq(holder, party)) {
		overlap_fault(c, code->canonical, prefix, holder, pointer);
		return false;
	}
	grant_list(c, digits, code->canonical, party);
	return true;
}

void grant_keep(struct check *c, const struct sy_code *code, struct sy_str party)
{
	struct fact *f = fact_of(c, FACT_GRANT, code->canonical, NO_MORE);
	struct sy_str *holder = allocate(c, sizeof(*holder));
	if (!holder)
		return;
	*holder = party;
	f->value = holder;
	fact_write(c, f);
}

void grant_claim(struct check *c, const struct sy_code *code, struct sy_str party,
		 const char *pointer)
{
	struct sy_str other;
	if (granted_code(c, code->canonical, &other) && !sy_str_eq(other, party)) {
		code_taken(c, code->canonical, other, pointer);
		return;
	}
	if (!in_prefix(code) || grant_in_prefix(c, code, party, pointer))
		grant_keep(c, code, party);
}
