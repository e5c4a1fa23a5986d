#include "apply.h"

#include <suyuan/time.h>

static const struct {
	const char *name;
	enum party_role role;
} roles[] = {
    {"operator", ROLE_OPERATOR},     {"regulator", ROLE_REGULATOR}, {"producer", ROLE_PRODUCER},
    {"carrier", ROLE_CARRIER},       {"seller", ROLE_SELLER},       {"site", ROLE_SITE},
    {"laboratory", ROLE_LABORATORY},
};

unsigned party_role(struct sy_str name)
{
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (sy_str_is(name, roles[i].name))
			return roles[i].role;
	return 0;
}

unsigned roles_read(const struct sy_json_doc *doc, const struct sy_json *party,
		    struct sy_arena *arena)
{
	const struct sy_json *list = sy_json_get(doc, party, "roles"), *v;
	struct sy_str name;
	unsigned said = 0;

	if (list == NULL || list->type != SY_JSON_ARRAY)
		return 0;
	sy_json_each (doc, list, v)
		if (sy_json_string(doc, v, arena, &name) == SY_OK)
			said |= party_role(name);
	return said;
}

/* --- what a party's record does -------------------------------------------------------------- */

/* One text of a list, or an object's member of that name. */
static int text_of(struct apply *a, const struct sy_json_doc *doc, const struct sy_json *v,
		   struct sy_str *out)
{
	int err = v ? sy_json_string(doc, v, &a->arena, out) : SY_EINVAL;

	return err == SY_ENOMEM || err == SY_OK ? err : SY_EINVAL;
}

/* The last good ms of a key; SY_EINVAL for a date that is none: such a key isn't listed. */
static int until_of(struct apply *a, const struct sy_json_doc *doc, const struct sy_json *key,
		    uint64_t *until)
{
	const struct sy_json *v = sy_json_get(doc, key, "until");
	struct sy_str text;
	int err;

	*until = UINT64_MAX;
	if (v == NULL || v->type == SY_JSON_NULL)
		return SY_OK;
	if ((err = text_of(a, doc, v, &text)))
		return err;
	return sy_until_parse(text, until) ? SY_EINVAL : SY_OK;
}

struct listed {
	struct sy_vkey vkey;
	uint64_t until;
};

static int listed_read(struct apply *a, const struct sy_json_doc *doc, const struct sy_json *key,
		       struct listed *out)
{
	struct sy_str text;
	int err = text_of(a, doc, sy_json_get(doc, key, "vkey"), &text);

	if (err == SY_OK)
		err = sy_vkey_parse(text, &out->vkey) ? SY_EINVAL : SY_OK;
	return err ? err : until_of(a, doc, key, &out->until);
}

static int key_revoke(struct apply *a, const struct register_row *row, const struct listed *k)
{
	struct register_key had;
	int err = key_row_get(a->tx, k->vkey.key, &had);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (!sy_str_eq(had.party, row->id) || had.revoked != UINT64_MAX)
		return SY_OK;
	had.revoked = row->time;
	had.party = row->id;
	return key_row_put(a->tx, k->vkey.key, &had);
}

/* The keys of the version before were all revoked at this moment: one that is listed again was
 * never away.  A key of another party stays that party's. */
static int key_enrol(struct apply *a, const struct register_row *row, const struct listed *k)
{
	struct register_key had, now = {row->id, row->record, k->until, UINT64_MAX};
	int err = key_row_get(a->tx, k->vkey.key, &had);

	if (err && err != SY_ENOTFOUND)
		return err;
	if (err == SY_OK && !sy_str_eq(had.party, row->id))
		return SY_OK;
	if (err == SY_OK && (had.revoked == row->time || had.revoked == UINT64_MAX))
		now.record = had.record;
	return key_row_put(a->tx, k->vkey.key, &now);
}

typedef int (*key_fn)(struct apply *a, const struct register_row *row, const struct listed *k);

/* Each legible key of a party: the list `keys`, or the operator's one `key` in the genesis. */
static int each_key(struct apply *a, const struct sy_json_doc *doc, const struct sy_json *party,
		    const struct register_row *row, key_fn fn)
{
	const struct sy_json *list = sy_json_get(doc, party, "keys"), *v;
	struct listed k;
	int err = SY_OK;

	if (list == NULL) {
		v = sy_json_get(doc, party, "key");
		err = v ? listed_read(a, doc, v, &k) : SY_EINVAL;
		if (err == SY_OK)
			err = fn(a, row, &k);
		return err == SY_EINVAL ? SY_OK : err;
	}
	if (list->type != SY_JSON_ARRAY)
		return SY_OK;
	sy_json_each (doc, list, v) {
		err = listed_read(a, doc, v, &k);
		if (err == SY_OK)
			err = fn(a, row, &k);
		if (err && err != SY_EINVAL)
			return err;
	}
	return SY_OK;
}

static bool is_prefix(struct sy_str s)
{
	if (s.n == 0 || s.n > PREFIX_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* Takes the party's grant of a prefix away, or gives it. */
static int prefix_set(struct apply *a, struct sy_str prefix, struct sy_str party, bool grant)
{
	struct sy_str holder;
	int err;

	if (grant)
		return kv_put(a->tx, T_PREFIXES, prefix, party, 0);
	err = kv_get(a->tx, T_PREFIXES, prefix, &holder);
	if (err == SY_OK && sy_str_eq(holder, party))
		err = kv_del(a->tx, T_PREFIXES, prefix);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int prefixes_set(struct apply *a, const struct sy_json_doc *doc, const struct sy_json *party,
			struct sy_str id, bool grant)
{
	const struct sy_json *list = sy_json_get(doc, party, "prefixes"), *v;
	struct sy_str prefix;
	int err;

	if (list == NULL || list->type != SY_JSON_ARRAY)
		return SY_OK;
	sy_json_each (doc, list, v) {
		err = text_of(a, doc, v, &prefix);
		if (err == SY_OK && is_prefix(prefix))
			err = prefix_set(a, prefix, id, grant);
		if (err && err != SY_EINVAL)
			return err;
	}
	return SY_OK;
}

/* Codes that are granted by themselves stand in the same table; no prefix looks like one. */
static int grants_set(struct apply *a, const struct sy_json_doc *doc, const struct sy_json *party,
		      struct sy_str id, bool grant)
{
	const struct sy_json *list = sy_json_get(doc, party, "grants"), *v;
	struct sy_faults faults;
	struct sy_code code;
	struct sy_str text;
	int err;

	sy_faults_init(&faults, &a->arena);
	faults.settled = true;
	if (list == NULL || list->type != SY_JSON_ARRAY)
		return SY_OK;
	sy_json_each (doc, list, v) {
		err = text_of(a, doc, v, &text);
		if (err == SY_OK)
			err =
			    register_grant_code(&a->arena, text, &code, &faults, SY_NO_RECORD, "");
		if (err == SY_OK) {
			struct key k = key_code(code.canonical);
			err = prefix_set(a, key_str(&k), id, grant);
			if (err)
				return err;
		}
		if (err == SY_ENOMEM)
			return err;
	}
	return SY_OK;
}

static int rights_set(struct apply *a, const struct sy_json_doc *doc, const struct sy_json *party,
		      struct sy_str id, bool grant)
{
	int err = prefixes_set(a, doc, party, id, grant);

	return err ? err : grants_set(a, doc, party, id, grant);
}

/* The version before, read from its row: what it listed is taken back. */
static int retract(struct apply *a, const struct register_row *row)
{
	struct register_row old;
	struct sy_json_doc doc;
	char *text;
	int err = row_get(a->tx, REG_PARTY, row->id, &old);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((text = sy_arena_strdup(&a->arena, old.payload)) == NULL)
		return SY_ENOMEM;
	err = sy_json_parse(&a->arena, (struct sy_str){text, old.payload.n}, 0, &doc, NULL);
	if (err)
		return err == SY_ENOMEM ? err : SY_ECORRUPT;
	if ((err = each_key(a, &doc, sy_json_root(&doc), row, key_revoke)))
		return err;
	return rights_set(a, &doc, sy_json_root(&doc), row->id, false);
}

int party_apply(struct apply *a, struct register_row *row, const struct sy_json *party)
{
	int err = retract(a, row);

	a->author_known = false;
	if (err || (err = each_key(a, &a->doc, party, row, key_enrol)))
		return err;
	return rights_set(a, &a->doc, party, row->id, true);
}

/* --- places and contacts --------------------------------------------------------------------- */

unsigned place_tells(const struct sy_json_doc *doc)
{
	static const struct {
		const char *member;
		unsigned bit;
	} rows[] = {{"address", PLACE_ADDRESS},
		    {"phone", PLACE_PHONE},
		    {"region", PLACE_REGION},
		    {"project", PLACE_PROJECT},
		    {"part", PLACE_PART}};
	const struct sy_json *root = sy_json_root(doc), *v;
	unsigned tells = 0;

	if (sy_json_is(doc, sy_json_get(doc, root, "type"), "Contact"))
		return PLACE_CONTACT; /* by what else it says nothing is judged */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if ((v = sy_json_get(doc, root, rows[i].member)) && v->type == SY_JSON_STRING &&
		    v->len > 0)
			tells |= rows[i].bit;
	return tells;
}

int reach_put(struct kv_tx *tx, const struct register_row *row)
{
	struct register_row reach = *row;

	if (!(row->roles & (PLACE_ADDRESS | PLACE_PHONE | PLACE_CONTACT)))
		return SY_OK;
	reach.id = row->owner;
	reach.owner = row->id;
	return row_put(tx, REG_REACH, &reach);
}
