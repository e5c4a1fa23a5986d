/* The register as admission and answers ask for it. */
#include "apply.h"

int register_get(struct index_read *r, enum register_kind kind, struct sy_str id,
		 struct register_row *out)
{
	return row_get(&r->tx, kind, id, out);
}

int register_next(struct index_read *r, enum register_kind kind, struct sy_str after,
		  struct register_row *out)
{
	struct key k = key_register(kind, after);
	struct sy_str key, value;
	int err;

	/* past every version of AFTER; an id can't hold the byte that ends one */
	if (after.n)
		k.b[k.n - 1] = 1;
	else
		k.n = 1;
	if ((err = kv_seek(&r->tx, T_REGISTER, key_str(&k), &key, &value)))
		return err;
	if (key.n == 0 || key.p[0] != (char)kind)
		return SY_ENOTFOUND;
	return row_decode(value, out);
}

int register_get_before(struct index_read *r, enum register_kind kind, struct sy_str id,
			uint64_t record, struct register_row *out)
{
	return row_get_before(&r->tx, kind, id, record, out);
}

enum { REACH_LOOKS = 256 };

int register_reach(struct index_read *r, struct sy_str party, unsigned want, unsigned *tells)
{
	struct register_row reach, now;
	uint64_t before = UINT64_MAX;
	int err = SY_OK;

	*tells = 0;
	for (unsigned looks = 0; looks < REACH_LOOKS && (want & ~*tells); looks++) {
		if ((err = row_get_before(&r->tx, REG_REACH, party, before, &reach)))
			break;
		before = reach.record;
		enum register_kind kind = reach.roles & PLACE_CONTACT ? REG_CONTACT : REG_PLACE;
		err = row_get(&r->tx, kind, reach.owner, &now);
		if (err && err != SY_ENOTFOUND)
			return err;
		if (err == SY_OK && now.record == reach.record)
			*tells |= reach.roles;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

uint64_t register_version(struct index_read *r)
{
	struct state st;

	return state_get(&r->tx, &st) == SY_OK ? st.rules : 0;
}

int register_key(struct index_read *r, const uint8_t key[SY_KEY_SIZE], struct register_key *out)
{
	return key_row_get(&r->tx, key, out);
}

int register_prefix(struct index_read *r, struct sy_str digits, struct sy_str *prefix,
		    struct sy_str *party)
{
	struct sy_str p = {digits.p, digits.n < PREFIX_MAX ? digits.n : PREFIX_MAX};
	int err = SY_ENOTFOUND;

	for (; p.n && err == SY_ENOTFOUND; p.n--)
		if ((err = kv_get(&r->tx, T_PREFIXES, p, party)) == SY_OK)
			*prefix = p;
	return err;
}

int register_grant_code(struct sy_arena *arena, struct sy_str text, struct sy_code *out,
			struct sy_faults *faults, long record, const char *pointer)
{
	uint64_t n;

	if (text.n == 7 && text.p[0] == '8' && sy_str_u64(text, &n) == SY_OK) {
		text = sy_str(sy_arena_printf(arena, "urn:suyuan:cn:drug-product:%.7s", text.p));
		if (text.p == NULL)
			return SY_ENOMEM;
	}
	return sy_code_parse(arena, text, out, faults, record, pointer);
}

int register_grant(struct index_read *r, struct sy_str code, struct sy_str *party)
{
	struct key k = key_code(code);

	return kv_get(&r->tx, T_PREFIXES, key_str(&k), party);
}

int register_grant_next(struct index_read *r, struct sy_str stem, struct sy_str after,
			struct sy_str *code, struct sy_str *party)
{
	int err = kv_seek(&r->tx, T_PREFIXES, after.n ? after : stem, code, party);

	if (err == SY_OK && after.n && sy_str_eq(*code, after))
		err = kv_next(&r->tx, T_PREFIXES, code, party);
	if (err == SY_OK && (code->n < stem.n || memcmp(code->p, stem.p, stem.n)))
		err = SY_ENOTFOUND;
	return err;
}

int register_prefix_overlap(struct index_read *r, struct sy_str prefix, struct sy_str *other,
			    struct sy_str *party)
{
	int err = register_prefix(r, prefix, other, party);

	if (err != SY_ENOTFOUND)
		return err;
	err = kv_seek(&r->tx, T_PREFIXES, prefix, other, party);
	if (err == SY_OK && (other->n < prefix.n || memcmp(other->p, prefix.p, prefix.n)))
		err = SY_ENOTFOUND;
	return err;
}

bool register_region_covers(struct sy_str whole, struct sy_str part)
{
	size_t n = whole.n;

	if (whole.n != 6 || part.n != 6)
		return false;
	while (n > 0 && whole.p[n - 1] == '0' && whole.p[n - 2] == '0')
		n -= 2;
	return memcmp(whole.p, part.p, n) == 0;
}
