/* Who speaks, for which region, and whose a product's code is (DOMAIN.md).  Grants are looked for
 * in this submission and in the register; nothing else of a submission counts for the author
 * itself. */
#include "admit/profile.h"

bool is_operator(const struct check *c)
{
	return c->author && (c->author->roles & ROLE_OPERATOR) != 0;
}

bool is_regulator_of(const struct check *c, struct sy_str region)
{
	return c->author && (c->author->roles & ROLE_REGULATOR) != 0 &&
	       register_region_covers(c->region, region);
}

struct sy_str region_of(struct check *c, const struct party *p)
{
	return p->root ? text_of(c, p->doc, p->root, "region") : NO_MORE;
}

bool is_authority_over(struct check *c, const struct party *p)
{
	return is_operator(c) || is_regulator_of(c, region_of(c, p));
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
	fact_of(c, FACT_KEY, id, NO_MORE);
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
	struct party *p = party_of(c, fact_of(c, FACT_PARTY, key.party, NO_MORE), key.party);
	if (!p)
		return;
	c->author = p;
	c->region = region_of(c, p);
	c->author_has = party_has(p);
}

/* --- products -------------------------------------------------------------------------------- */

#define OWN "urn:suyuan:own:"

/* <owner> of urn:suyuan:own:<owner>:<product>; empty for any other code. */
static struct sy_str stem_owner(struct sy_str code)
{
	const struct sy_str stem = SY_STR(OWN);
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

/* A stem is whose the first product under it was: keys are rotated, and their ids aren't secret. */
static struct sy_str stem_holder(struct check *c, const struct sy_code *code, struct sy_str owner,
				 const struct party *prefer)
{
	struct fact *f = fact_of(c, FACT_STEM, owner, NO_MORE);
	struct sy_str stem = {code->canonical.p, strlen(OWN) + owner.n + 1}, *first = f->value;
	struct register_row row;
	if (!f->known) {
		int err = register_next(&c->r, REG_PRODUCT, stem, &row);
		if (err && err != SY_ENOTFOUND && !c->err)
			c->err = err;
		if (err == SY_OK && begins(row.id, stem) && (first = allocate(c, sizeof(*first))))
			*first = row.owner;
		f->known = true;
		f->value = first;
	}
	if (first)
		return *first;
	return owns_stem(c, prefer, owner) ? prefer->id : NO_MORE;
}

void stem_taken(struct check *c, const struct sy_code *code, struct sy_str party)
{
	struct sy_str owner = stem_owner(code->canonical);
	struct fact *f = fact_of(c, FACT_STEM, owner, NO_MORE);
	struct sy_str *first;
	if (owner.n == 0 || f->value || !(first = allocate(c, sizeof(*first))))
		return;
	*first = party;
	f->known = true;
	f->value = first;
	fact_write(c, f);
}

struct sy_str product_holder(struct check *c, const struct sy_code *code,
			     const struct party *prefer)
{
	struct sy_str owner = stem_owner(code->canonical), party = NO_MORE, prefix;
	if (owner.n > 0)
		return stem_holder(c, code, owner, prefer);
	if (granted_code(c, code->canonical, &party) || !in_prefix(code))
		return party;
	granted_prefix(c, (struct sy_str){code->gtin.p + 1, 12}, &prefix, &party);
	return party;
}
