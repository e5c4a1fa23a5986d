/* Who may say what (DOMAIN.md).  A prefix is looked for among what this submission grants and in
 * the register; nothing else of a submission counts for the author itself. */
#include "admit/profile.h"

bool is_operator(const struct check *c)
{
	return c->author && (c->author->roles & ROLE_OPERATOR) != 0;
}

/* GB/T 2260: 130000 is a province, 130100 a city in it, 130102 a county in that; 000000 is all. */
static bool covers(struct sy_str whole, struct sy_str part)
{
	size_t n = whole.n;
	if (whole.n != 6 || part.n != 6)
		return false;
	while (n > 0 && whole.p[n - 1] == '0' && whole.p[n - 2] == '0')
		n -= 2;
	return memcmp(whole.p, part.p, n) == 0;
}

bool is_regulator_of(const struct check *c, struct sy_str region)
{
	return c->author && (c->author->roles & ROLE_REGULATOR) != 0 && covers(c->region, region);
}

static void key_check(struct check *c, const struct register_key *key)
{
	char text[SY_TIME_TEXT];
	if (key->revoked != UINT64_MAX) {
		sy_time_format(key->revoked, text);
		fault(c, 401, "/author",
		      "the author's key was revoked at %s: expected a key that is enrolled and "
		      "good",
		      "作者的密钥已于 %s 撤销：应使用已登记且有效的密钥", text);
	} else if (c->now > key->until) {
		sy_time_format(key->until, text);
		fault(c, 401, "/author",
		      "the author's key expired at %s: expected a key that is enrolled and good",
		      "作者的密钥已于 %s 到期：应使用已登记且有效的密钥", text);
	} else if (key->until < c->verdict->not_after) {
		c->verdict->not_after = key->until;
	}
}

void author_find(struct check *c)
{
	struct sy_str id = {(const char *)c->sub->author, SY_KEY_SIZE};
	struct register_key key;
	c->record = SY_NO_RECORD;
	fact_of(c, FACT_KEY, id, (struct sy_str){"", 0});
	int err = register_key(&c->r, c->sub->author, &key);
	if (err == SY_ENOTFOUND) {
		fault(c, 401, "/author",
		      "the author's key isn't enrolled in this ledger: expected a key that is "
		      "enrolled and good",
		      "作者的密钥未在本账本登记：应使用已登记且有效的密钥");
		return;
	}
	if (err) {
		c->err = err;
		return;
	}
	key_check(c, &key);
	struct party *p =
	    party_of(c, fact_of(c, FACT_PARTY, key.party, (struct sy_str){"", 0}), key.party);
	if (!p)
		return;
	c->author = p;
	if (p->root)
		c->region = text_of(c, p->doc, p->root, "region");
	c->author_has = profile_party_has(c, p);
}

/* --- products -------------------------------------------------------------------------------- */

int grant_code(struct check *c, struct sy_str text, struct sy_code *code, const char *pointer)
{
	const char *urn = NULL;
	uint64_t n;
	if (text.n == 7 && text.p[0] == '8' && sy_str_u64(text, &n) == SY_OK)
		urn = sy_arena_printf(c->arena, "urn:suyuan:cn:drug-product:%.7s", text.p);
	return sy_code_parse(c->arena, urn ? sy_str(urn) : text, code, pointer ? c->faults : NULL,
			     c->record, pointer);
}

static bool lists_code(struct check *c, const struct party *p, struct sy_str code)
{
	const struct sy_json *grant;
	if (!p->root)
		return false;
	sy_json_each (p->doc, sy_json_get(p->doc, p->root, "grants"), grant) {
		struct sy_str text;
		struct sy_code parsed;
		if (sy_json_string(p->doc, grant, c->arena, &text) == SY_OK &&
		    grant_code(c, text, &parsed, NULL) == SY_OK &&
		    sy_str_eq(parsed.canonical, code))
			return true;
	}
	return false;
}

/* <owner> of urn:suyuan:own:<owner>:<product>; empty for any other code. */
static struct sy_str stem_owner(struct sy_str code)
{
	const struct sy_str stem = SY_STR("urn:suyuan:own:");
	struct sy_str owner = {"", 0};
	if (code.n <= stem.n || memcmp(code.p, stem.p, stem.n) != 0)
		return owner;
	owner.p = code.p + stem.n;
	while (stem.n + owner.n < code.n && owner.p[owner.n] != ':')
		owner.n++;
	return owner;
}

static bool has_key_id(struct check *c, const struct party *p, struct sy_str hex)
{
	const struct sy_json *key, *keys = sy_json_get(p->doc, p->root, "keys");
	const struct sy_json *genesis = sy_json_get(p->doc, p->root, "key");
	if (hex.n != 8)
		return false;
	struct sy_vkey v;
	char id[9];
	if (genesis && sy_vkey_parse(text_of(c, p->doc, genesis, "vkey"), &v) == SY_OK) {
		snprintf(id, sizeof(id), "%08x", v.id);
		return memcmp(id, hex.p, 8) == 0;
	}
	sy_json_each (p->doc, keys, key) {
		/* The vkeys of a record in force were checked; the id stands behind the name. */
		struct sy_str text = text_of(c, p->doc, key, "vkey");
		const char *plus = memchr(text.p, '+', text.n);
		if (plus && (size_t)(text.p + text.n - plus) > 9 && memcmp(plus + 1, hex.p, 8) == 0)
			return true;
	}
	return false;
}

static bool owns_stem(struct check *c, const struct party *p, struct sy_str owner)
{
	if (!p->root || owner.n == 0)
		return false;
	return sy_str_eq(text_of(c, p->doc, p->root, "uscc"), owner) || has_key_id(c, p, owner);
}

static struct fact *prefix_fact(struct check *c, struct sy_str digits)
{
	struct sy_str head = {digits.p, digits.n < 4 ? digits.n : 4};
	return fact_of(c, FACT_PREFIX, head, (struct sy_str){"", 0});
}

static bool begins(struct sy_str text, struct sy_str prefix)
{
	return text.n >= prefix.n && memcmp(text.p, prefix.p, prefix.n) == 0;
}

/* The longest prefix wins, of the register or of this submission. */
static struct sy_str prefix_holder(struct check *c, struct sy_str digits)
{
	struct sy_str prefix = {"", 0}, party = {"", 0};
	struct fact *f = prefix_fact(c, digits);
	int err = register_prefix(&c->r, digits, &prefix, &party);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	if (err)
		prefix = party = (struct sy_str){"", 0};
	for (struct granted *g = f->value; g; g = g->next)
		if (g->prefix.n > prefix.n && begins(digits, g->prefix)) {
			prefix = g->prefix;
			party = g->party;
		}
	return party;
}

struct sy_str product_holder(struct check *c, const struct sy_code *code, struct party *prefer)
{
	struct sy_str nobody = {"", 0}, owner = stem_owner(code->canonical);
	if (lists_code(c, prefer, code->canonical) || owns_stem(c, prefer, owner))
		return prefer->id;
	/* A GTIN-8 is in no company's prefix; it is granted by itself. */
	if (code->gtin.n != 14 || memcmp(code->gtin.p, "000000", 6) == 0)
		return nobody;
	return prefix_holder(c, (struct sy_str){code->gtin.p + 1, 12});
}

/* --- grants ---------------------------------------------------------------------------------- */

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

void prefix_claim(struct check *c, struct sy_str prefix, struct sy_str party, const char *pointer)
{
	struct fact *f = prefix_fact(c, prefix);
	if (overlaps_register(c, prefix, party, pointer))
		return;
	for (struct granted *g = f->value; g; g = g->next)
		if ((begins(g->prefix, prefix) || begins(prefix, g->prefix)) &&
		    !sy_str_eq(g->party, party)) {
			overlap_fault(c, prefix, g->prefix, g->party, pointer);
			return;
		}
	struct granted *g = allocate(c, sizeof(*g));
	if (!g)
		return;
	*g = (struct granted){prefix, party, c->record, f->value};
	f->value = g;
	fact_write(c, f);
}

/* No table of the index answers this, and it is rare: every party's record is looked through,
 * those without grants at the speed of memmem. */
static struct sy_str grant_holder(struct check *c, struct sy_str code, struct sy_str party)
{
	struct register_row row;
	struct sy_str after = {"", 0};
	int err;
	while ((err = register_next(&c->r, REG_PARTY, after, &row)) == SY_OK) {
		after = row.id;
		if (sy_str_eq(row.id, party) ||
		    !memmem(row.payload.p, row.payload.n, "\"grants\"", 8))
			continue;
		struct party *p =
		    party_of(c, fact_of(c, FACT_PARTY, row.id, (struct sy_str){"", 0}), row.id);
		if (p && p->found && lists_code(c, p, code))
			return p->id;
	}
	if (err != SY_ENOTFOUND && !c->err)
		c->err = err;
	return (struct sy_str){"", 0};
}

void grant_claim(struct check *c, struct sy_str code, struct sy_str party, const char *pointer)
{
	struct fact *f = fact_of(c, FACT_GRANT, code, (struct sy_str){"", 0});
	struct sy_str *before = f->value, other = {"", 0};
	if (f->written != NOT_WRITTEN && before && !sy_str_eq(*before, party))
		other = *before;
	else if (f->written == NOT_WRITTEN)
		other = grant_holder(c, code, party);
	if (other.n > 0) {
		fault(c, 409, pointer,
		      "%.*s is granted to %.*s: expected a code that nobody else has",
		      "%.*s 已授予 %.*s：应为无人持有的编码", TEXT(code), TEXT(other));
		return;
	}
	struct sy_str *holder = allocate(c, sizeof(*holder));
	if (!holder)
		return;
	*holder = party;
	f->value = holder;
	fact_write(c, f);
}
