#include "audit_impl.h"

#include <suyuan/time.h>

#include <stdlib.h>

/* A key: whose, and while it is listed the last ms it is good. */
struct key_row {
	uint8_t id[TABLE_ID];
	uint32_t party, next; /* rows, the next key of the party + 1 */
	bool listed;
	uint64_t until;
};

struct party_row {
	uint8_t id[TABLE_ID];
	uint32_t keys; /* the first of them + 1 */
};

struct submission_row {
	uint8_t id[TABLE_ID];
	uint64_t entry;
};

void register_init(struct audit_register *r)
{
	*r = (struct audit_register){.keys.size = sizeof(struct key_row),
				     .parties.size = sizeof(struct party_row),
				     .submissions.size = sizeof(struct submission_row)};
}

void register_free(struct audit_register *r)
{
	table_free(&r->keys);
	table_free(&r->parties);
	table_free(&r->submissions);
	free(r->erased);
	free(r->log);
	sy_arena_free(&r->arena);
}

/* --- entries --------------------------------------------------------------------------------- */

int register_submission(struct audit_register *r, struct sy_audit_part *p, const struct sy_entry *e)
{
	uint8_t both[SY_KEY_SIZE + SY_HASH_SIZE], id[TABLE_ID];
	struct submission_row *row;
	bool fresh;

	memcpy(both, e->author, SY_KEY_SIZE);
	memcpy(both + SY_KEY_SIZE, e->records_root.b, SY_HASH_SIZE);
	table_id(both, sizeof both, id);
	if ((row = table_put(&r->submissions, id, &fresh)) == NULL)
		return SY_ENOMEM;
	if (fresh)
		row->entry = e->index;
	else
		sy_audit_fault(p, e->index, "entry", e->index,
			       "is the same submission as entry %llu",
			       (unsigned long long)row->entry);
	return SY_OK;
}

void register_author(struct audit_register *r, struct sy_audit_part *p, const struct sy_entry *e)
{
	const struct key_row *key;
	const char *why = NULL;
	uint8_t id[TABLE_ID];

	table_id(e->author, SY_KEY_SIZE, id);
	key = table_find(&r->keys, id);
	if (key == NULL)
		why = "nobody enrolled its author's key";
	else if (!key->listed)
		why = "its author's key was revoked before";
	else if (e->time > key->until)
		why = "its author's key had expired";
	if (why)
		sy_audit_fault(p, e->index, "entry", e->index, "%s", why);
}

/* --- the log's key --------------------------------------------------------------------------- */

static int add_log_key(struct audit_register *r, uint64_t from, const uint8_t key[SY_KEY_SIZE])
{
	if (r->n_log == r->cap_log) {
		size_t cap = r->cap_log ? r->cap_log * 2 : 4;
		struct log_key *v = realloc(r->log, cap * sizeof *v);
		if (v == NULL)
			return SY_ENOMEM;
		r->log = v;
		r->cap_log = cap;
	}
	r->log[r->n_log].from = from;
	memcpy(r->log[r->n_log++].key, key, SY_KEY_SIZE);
	return SY_OK;
}

/* Without its records the genesis doesn't say which key was the first: then it is the one that the
 * first change names as old. */
int register_log_key(struct audit_register *r, struct sy_audit_part *p, const struct sy_entry *e)
{
	int err = r->n_log ? SY_OK : add_log_key(r, 0, e->author);

	if (err)
		return err;
	if (memcmp(r->log[r->n_log - 1].key, e->author, SY_KEY_SIZE) != 0)
		sy_audit_fault(p, e->index, "entry", e->index,
			       "changes the log's key, and isn't signed by the one before");
	return add_log_key(r, e->index, e->records_root.b);
}

/* --- parties --------------------------------------------------------------------------------- */

struct reader {
	struct audit_register *r;
	struct sy_audit_part *p;
	const struct keeping *k;
	struct sy_json_doc doc;
	struct sy_str party;
	uint32_t row;
};

static struct sy_str text_of(struct reader *x, const struct sy_json *v, const char *name)
{
	struct sy_str s = {"", 0};

	if (sy_json_string(&x->doc, sy_json_get(&x->doc, v, name), &x->r->arena, &s) == SY_ENOMEM)
		x->p->err = SY_ENOMEM;
	return s;
}

static void record_fault(struct reader *x, const char *text)
{
	sy_audit_fault(x->p, x->k->entry, "record", x->k->number, "%s", text);
}

/* A key's day, if it has one. */
static bool until_of(struct reader *x, const struct sy_json *v, uint64_t *until)
{
	const struct sy_json *day = sy_json_get(&x->doc, v, "until");

	*until = UINT64_MAX;
	if (day == NULL || day->type == SY_JSON_NULL)
		return true;
	return sy_until_parse(text_of(x, v, "until"), until) == SY_OK;
}

static int list_key(struct reader *x, const struct sy_vkey *vkey, uint64_t until)
{
	uint8_t id[TABLE_ID];
	struct key_row *key;
	bool fresh;

	table_id(vkey->key, SY_KEY_SIZE, id);
	if ((key = table_put(&x->r->keys, id, &fresh)) == NULL)
		return SY_ENOMEM;
	if (fresh) {
		struct party_row *party = table_row(&x->r->parties, x->row);
		key->party = x->row;
		key->next = party->keys;
		party->keys = x->r->keys.n;
	} else if (key->party != x->row) {
		record_fault(x, "enrols a key that belongs to another party");
		return SY_OK;
	}
	key->listed = true;
	key->until = until;
	return SY_OK;
}

/* SY_ENOMEM, or SY_EKEY for a key that didn't sign for itself. */
static int own_proof(struct reader *x, const struct sy_json *v, struct sy_vkey *vkey)
{
	struct sy_str text = text_of(x, v, "vkey");
	uint8_t sig[SY_SIG_SIZE];
	int err;

	if (sy_vkey_parse(text, vkey) || sy_unbase64_exact(text_of(x, v, "proof"), sig, sizeof sig))
		return SY_EKEY;
	err = sy_key_proof_check(vkey, x->p->o->origin, x->party, text, sig);
	return err && err != SY_ENOMEM ? SY_EKEY : err;
}

static int take_key(struct reader *x, const struct sy_json *v)
{
	struct sy_vkey vkey;
	uint64_t until;
	int err = own_proof(x, v, &vkey);

	if (err == SY_EKEY)
		record_fault(x, "enrols a key without that key's own proof");
	else if (err == SY_OK && !until_of(x, v, &until))
		record_fault(x, "enrols a key until a day that is none");
	else if (err == SY_OK)
		err = list_key(x, &vkey, until);
	return err == SY_EKEY ? SY_OK : err;
}

/* What the party listed before and doesn't now is revoked from the next entry on. */
static int open_party(struct reader *x)
{
	struct party_row *party;
	uint8_t id[TABLE_ID];
	bool fresh;

	table_id(x->party.p, x->party.n, id);
	if ((party = table_put(&x->r->parties, id, &fresh)) == NULL)
		return SY_ENOMEM;
	x->row = (uint32_t)(((uint8_t *)party - x->r->parties.rows) / sizeof *party);
	for (uint32_t i = party->keys; i;) {
		struct key_row *key = table_row(&x->r->keys, i - 1);
		key->listed = false;
		i = key->next;
	}
	return SY_OK;
}

static int take_party(struct reader *x, const struct sy_json *who)
{
	const struct sy_json *many = sy_json_get(&x->doc, who, "keys"), *v;
	const struct sy_json *one = many ? NULL : sy_json_get(&x->doc, who, "key");
	int err;

	x->party = text_of(x, who, "id");
	if (x->party.n == 0)
		return SY_OK;
	err = open_party(x);
	if (err == SY_OK && one)
		err = take_key(x, one);
	sy_json_each (&x->doc, many, v)
		if (err == SY_OK)
			err = take_key(x, v);
	return err;
}

/* --- the genesis ----------------------------------------------------------------------------- */

static int take_genesis(struct reader *x)
{
	const struct sy_json *root = sy_json_root(&x->doc);
	const struct sy_json *who = sy_json_get(&x->doc, root, "operator");
	struct sy_vkey log, own;
	int err;

	if (!sy_json_is(&x->doc, sy_json_get(&x->doc, root, "type"), "Ledger"))
		record_fault(x, "is no beginning of a ledger");
	if (!sy_str_eq(text_of(x, root, "origin"), x->p->o->origin))
		record_fault(x, "is the beginning of another ledger");
	if (sy_vkey_parse(text_of(x, root, "logKey"), &log) ||
	    !sy_str_eq(sy_str(log.name), x->p->o->origin))
		record_fault(x, "names no key of this log");
	else if ((err = add_log_key(x->r, 0, log.key)))
		return err;
	else if (sy_vkey_parse(text_of(x, sy_json_get(&x->doc, who, "key"), "vkey"), &own) ==
		     SY_OK &&
		 memcmp(own.key, log.key, SY_KEY_SIZE) == 0)
		record_fault(x, "names one key for the log and its operator");
	return take_party(x, who);
}

/* --- erasures -------------------------------------------------------------------------------- */

int register_gone(struct audit_register *r, const struct gone *g)
{
	if (r->n_erased == r->cap_erased) {
		size_t cap = r->cap_erased ? r->cap_erased * 2 : 64;
		struct erased *v = realloc(r->erased, cap * sizeof *v);
		if (v == NULL)
			return SY_ENOMEM;
		r->erased = v;
		r->cap_erased = cap;
	}
	r->erased[r->n_erased++] = (struct erased){g->number, g->leaf, false};
	return SY_OK;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = ((const struct erased *)a)->number, y = ((const struct erased *)b)->number;

	return x < y ? -1 : x > y;
}

/* One that names a record that could still be read isn't carried out yet, or names it in vain. */
static void take_erasure(struct reader *x)
{
	const struct sy_json *root = sy_json_root(&x->doc);
	struct audit_register *r = x->r;
	struct erased wanted, *e;
	sy_hash leaf;

	if (sy_json_u64(&x->doc, sy_json_get(&x->doc, root, "record"), &wanted.number) ||
	    r->n_erased == 0)
		return;
	e = bsearch(&wanted, r->erased, r->n_erased, sizeof *e, by_number);
	if (e == NULL || e->named || e->number >= x->k->number)
		return;
	if (sy_unbase64_exact(text_of(x, root, "leaf"), leaf.b, sizeof leaf.b) ||
	    !sy_hash_eq(&leaf, &e->leaf)) {
		record_fault(x, "is an Erasure with another leaf hash than its record has");
		return;
	}
	e->named = true;
	r->named++;
}

/* --- records --------------------------------------------------------------------------------- */

int register_record(struct audit_register *r, struct sy_audit_part *p, const struct keeping *k)
{
	struct reader x = {.r = r, .p = p, .k = k};
	const struct sy_json *type;
	int err;

	sy_arena_reset(&r->arena);
	if ((err = sy_record_parse(&r->arena, k->payload, &x.doc, NULL)))
		return err == SY_ENOMEM ? err : SY_OK;
	type = sy_json_get(&x.doc, sy_json_root(&x.doc), "type");
	if (k->number == 0)
		err = take_genesis(&x);
	else if (sy_json_is(&x.doc, type, "Party"))
		err = take_party(&x, sy_json_root(&x.doc));
	else if (sy_json_is(&x.doc, type, "Erasure"))
		take_erasure(&x);
	return err ? err : p->err;
}
