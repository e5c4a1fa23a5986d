#include "rows.h"

#include <suyuan/hash.h>

const struct kv_table index_tables[T_COUNT] = {
    [T_META] = {"meta", false},
    [T_CODES] = {"codes", false},
    [T_ITEMS] = {"items", false},
    [T_HISTORY] = {"history", false},
    [T_EVENTS] = {"events", false},
    [T_WITHDRAWN] = {"withdrawn", false},
    [T_REGISTER] = {"register", false},
    [T_KEYS] = {"keys", false},
    [T_PREFIXES] = {"prefixes", false},
    [T_SUBMISSIONS] = {"submissions", false},
    [T_ERASED] = {"erased", false},
    [T_ACTORS] = {"actors", false},
    [T_NAMES] = {"names", false},
    [T_FORWARD] = {"forward", true},
    [T_BACK] = {"back", true},
    [T_GROUPS] = {"groups", false},
    [T_CONTENTS] = {"contents", false},
    [T_VISITS] = {"visits", true},
    [T_HOLDS] = {"holds", false},
    [T_RESULTS] = {"results", false},
    [T_INSPECTED] = {"inspected", false},
    [T_MARKS] = {"marks", false},
    [T_MARKED] = {"marked", false},
    [T_CASES] = {"cases", false},
    [T_TODO] = {"todo", false},
    [T_HASHES] = {"hashes", false},
    [T_SCOPES] = {"scopes", false},
};

/* --- keys ------------------------------------------------------------------------------------ */

struct key key_u64(uint64_t v)
{
	struct key k;

	sy_put64(k.b, v);
	k.n = 8;
	return k;
}

struct key key_u64x2(uint64_t a, uint64_t b)
{
	struct key k;

	sy_put64(k.b, a);
	sy_put64(k.b + 8, b);
	k.n = 16;
	return k;
}

struct key key_u64x3(uint64_t a, uint64_t b, uint64_t c)
{
	struct key k = key_u64x2(a, b);

	sy_put64(k.b + 16, c);
	k.n = 24;
	return k;
}

struct key key_id_hash(uint64_t id, const uint8_t hash[8])
{
	struct key k;

	sy_put64(k.b, id);
	memcpy(k.b + 8, hash, 8);
	k.n = 16;
	return k;
}

/* Names past LMAX bytes keep their first KEEP and end in a hash of the whole, so that they stay
 * near their neighbours and fit. */
enum { NAME_MAX_BYTES = 480, NAME_KEEP = 440 };

static void key_name(struct key *k, struct sy_str name)
{
	sy_hash h;

	if (name.n <= NAME_MAX_BYTES) {
		if (name.n)
			memcpy(k->b + k->n, name.p, name.n);
		k->n += name.n;
		return;
	}
	sy_sha256(name.p, name.n, &h);
	memcpy(k->b + k->n, name.p, NAME_KEEP);
	memcpy(k->b + k->n + NAME_KEEP, h.b, sizeof h.b);
	k->n += NAME_KEEP + sizeof h.b;
}

struct key key_code(struct sy_str canonical)
{
	struct key k;

	k.n = 0;
	key_name(&k, canonical);
	return k;
}

struct key key_scope(enum index_named what, struct sy_str name, uint64_t number)
{
	struct key k;

	k.b[0] = (uint8_t)what;
	k.n = 1;
	key_name(&k, name);
	k.b[k.n++] = 0;
	sy_put64(k.b + k.n, number);
	k.n += 8;
	return k;
}

struct key key_register(enum register_kind kind, struct sy_str id)
{
	struct key k;

	k.b[0] = (uint8_t)kind;
	k.n = 1;
	key_name(&k, id);
	k.b[k.n++] = 0;
	return k;
}

struct key key_register_version(enum register_kind kind, struct sy_str id, uint64_t record)
{
	struct key k = key_register(kind, id);

	sy_put64(k.b + k.n, ~record);
	k.n += 8;
	return k;
}

struct key key_submission(const uint8_t author[SY_KEY_SIZE], const sy_hash *records_root)
{
	struct sy_str parts[] = {{(const char *)author, SY_KEY_SIZE},
				 {(const char *)records_root->b, SY_HASH_SIZE}};
	struct key k;
	sy_hash h;

	sy_sha256_parts(parts, 2, &h);
	memcpy(k.b, h.b, 16);
	k.n = 16;
	return k;
}

/* --- small rows ------------------------------------------------------------------------------ */

int put_u64(struct kv_tx *tx, enum table t, const struct key *k, uint64_t v)
{
	struct key row = key_u64(v);

	return kv_put(tx, t, key_str(k), key_str(&row), 0);
}

int get_u64(struct kv_tx *tx, enum table t, const struct key *k, uint64_t *v)
{
	struct sy_str row;
	int err = kv_get(tx, t, key_str(k), &row);

	if (err)
		return err;
	if (row.n != 8)
		return SY_ECORRUPT;
	*v = sy_get64((const uint8_t *)row.p);
	return SY_OK;
}

enum { STATE_SIZE = 10 * 8 + SY_HASH_SIZE };

int state_get(struct kv_tx *tx, struct state *out)
{
	struct sy_str row;
	int err = kv_get(tx, T_META, SY_STR("state"), &row);

	if (err)
		return err;
	if (row.n != STATE_SIZE)
		return SY_ECORRUPT;
	const uint8_t *p = (const uint8_t *)row.p;
	*out = (struct state){.position = sy_get64(p),
			      .records = sy_get64(p + 8),
			      .time = sy_get64(p + 16),
			      .next_id = sy_get64(p + 24),
			      .items = sy_get64(p + 32),
			      .rules = sy_get64(p + 40),
			      .within = sy_get64(p + 48),
			      .hashed = sy_get64(p + 56),
			      .cases = sy_get64(p + 64),
			      .todo = sy_get64(p + 72)};
	memcpy(out->leaf.b, p + 80, SY_HASH_SIZE);
	return SY_OK;
}

int state_put(struct kv_tx *tx, const struct state *s)
{
	uint8_t row[STATE_SIZE];

	sy_put64(row, s->position);
	sy_put64(row + 8, s->records);
	sy_put64(row + 16, s->time);
	sy_put64(row + 24, s->next_id);
	sy_put64(row + 32, s->items);
	sy_put64(row + 40, s->rules);
	sy_put64(row + 48, s->within);
	sy_put64(row + 56, s->hashed);
	sy_put64(row + 64, s->cases);
	sy_put64(row + 72, s->todo);
	memcpy(row + 80, s->leaf.b, SY_HASH_SIZE);
	return kv_put(tx, T_META, SY_STR("state"), (struct sy_str){(const char *)row, sizeof row},
		      0);
}

/* --- items ----------------------------------------------------------------------------------- */

enum { ITEM_SIZE = 4 + 5 * 8 + 4 * 4 + 2 * 8 + 8 + 8 + 2 + 4 };
/* The first byte has the kind, and the flags that the second has no room for. */
enum { KIND = 0x0f, FLAGS_ABOVE = 4 };

const char *const item_results[RESULTS] = {NULL, "pass", "fail"};
const char *const item_inspectors[INSPECTORS] = {NULL, "firm", "laboratory", "supervision"};

void item_init(struct item *it, uint64_t id, enum sy_code_kind kind, struct sy_str code)
{
	*it = (struct item){.id = id,
			    .kind = kind,
			    .code = code,
			    .first = UINT64_MAX,
			    .last = UINT64_MAX,
			    .created = UINT64_MAX,
			    .lot = UINT64_MAX,
			    .made = SY_NO_DAY,
			    .expires = SY_NO_DAY,
			    .best_before = SY_NO_DAY,
			    .harvested = SY_NO_DAY,
			    .inspected = SY_NO_DAY};
}

int item_decode(uint64_t id, struct sy_str row, struct item *out)
{
	if (row.n < ITEM_SIZE)
		return SY_ECORRUPT;
	const uint8_t *p = (const uint8_t *)row.p;
	*out = (struct item){.id = id,
			     .kind = p[0] & KIND,
			     .flags = p[1] | (unsigned)(p[0] & ~KIND) << FLAGS_ABOVE,
			     .first = sy_get64(p + 4),
			     .last = sy_get64(p + 12),
			     .created = sy_get64(p + 20),
			     .lot = sy_get64(p + 28),
			     .n_history = sy_get64(p + 36),
			     .made = (int32_t)sy_get32(p + 44),
			     .expires = (int32_t)sy_get32(p + 48),
			     .best_before = (int32_t)sy_get32(p + 52),
			     .harvested = (int32_t)sy_get32(p + 56),
			     .added = {(int64_t)sy_get64(p + 60), p[2]},
			     .removed = {(int64_t)sy_get64(p + 68), p[3]},
			     .result = p[92],
			     .inspector = p[93],
			     .inspected = (int32_t)sy_get32(p + 94),
			     .code = {row.p + ITEM_SIZE, row.n - ITEM_SIZE}};
	memcpy(out->unit, p + 76, 8);
	memcpy(out->ilmd, p + 84, 8);
	return out->result < RESULTS && out->inspector < INSPECTORS ? SY_OK : SY_ECORRUPT;
}

int item_code(struct sy_str row, struct sy_str *code)
{
	if (row.n < ITEM_SIZE)
		return SY_ECORRUPT;
	*code = (struct sy_str){row.p + ITEM_SIZE, row.n - ITEM_SIZE};
	return SY_OK;
}

int item_get(struct kv_tx *tx, uint64_t id, struct item *out)
{
	struct key k = key_u64(id);
	struct sy_str row;
	int err = kv_get(tx, T_ITEMS, key_str(&k), &row);

	return err ? err : item_decode(id, row, out);
}

int item_put(struct kv_tx *tx, const struct item *it)
{
	struct key k = key_u64(it->id);
	void *room;
	int err = kv_reserve(tx, T_ITEMS, key_str(&k), ITEM_SIZE + it->code.n, 0, &room);
	uint8_t *p = room;

	if (err)
		return err;
	p[0] = (uint8_t)((unsigned)it->kind | (it->flags >> FLAGS_ABOVE & ~(unsigned)KIND));
	p[1] = (uint8_t)it->flags;
	p[2] = it->added.scale;
	p[3] = it->removed.scale;
	sy_put64(p + 4, it->first);
	sy_put64(p + 12, it->last);
	sy_put64(p + 20, it->created);
	sy_put64(p + 28, it->lot);
	sy_put64(p + 36, it->n_history);
	sy_put32(p + 44, (uint32_t)it->made);
	sy_put32(p + 48, (uint32_t)it->expires);
	sy_put32(p + 52, (uint32_t)it->best_before);
	sy_put32(p + 56, (uint32_t)it->harvested);
	sy_put64(p + 60, (uint64_t)it->added.coef);
	sy_put64(p + 68, (uint64_t)it->removed.coef);
	memcpy(p + 76, it->unit, 8);
	memcpy(p + 84, it->ilmd, 8);
	p[92] = it->result;
	p[93] = it->inspector;
	sy_put32(p + 94, (uint32_t)it->inspected);
	memcpy(p + ITEM_SIZE, it->code.p, it->code.n);
	return SY_OK;
}

/* --- the register ---------------------------------------------------------------------------- */

enum { ROW_PARTS = 4, ROW_HEAD = 3 * 8 + 4 + ROW_PARTS * 4 };

int row_decode(struct sy_str value, struct register_row *out)
{
	const uint8_t *p = (const uint8_t *)value.p;
	struct sy_str *parts[ROW_PARTS] = {&out->id, &out->author, &out->owner, &out->shown};

	if (value.n < ROW_HEAD)
		return SY_ECORRUPT;
	out->record = sy_get64(p);
	out->entry = sy_get64(p + 8);
	out->time = sy_get64(p + 16);
	out->roles = sy_get32(p + 24);
	struct sy_str rest = {value.p + ROW_HEAD, value.n - ROW_HEAD};
	for (size_t i = 0; i < ROW_PARTS; i++) {
		uint32_t n = sy_get32(p + 28 + 4 * i);
		if (n > rest.n)
			return SY_ECORRUPT;
		*parts[i] = (struct sy_str){rest.p, n};
		rest.p += n;
		rest.n -= n;
	}
	out->payload = rest;
	return SY_OK;
}

int row_get_before(struct kv_tx *tx, enum register_kind kind, struct sy_str id, uint64_t record,
		   struct register_row *out)
{
	struct key k;
	struct sy_str key, value;
	int err;

	if (record == 0)
		return SY_ENOTFOUND;
	k = key_register_version(kind, id, record - 1);
	if ((err = kv_seek(tx, T_REGISTER, key_str(&k), &key, &value)))
		return err;
	if (key.n != k.n || memcmp(key.p, k.b, k.n - 8))
		return SY_ENOTFOUND;
	return row_decode(value, out);
}

int row_get(struct kv_tx *tx, enum register_kind kind, struct sy_str id, struct register_row *out)
{
	return row_get_before(tx, kind, id, UINT64_MAX, out);
}

int row_put(struct kv_tx *tx, enum register_kind kind, const struct register_row *row)
{
	struct key k = key_register_version(kind, row->id, row->record);
	const struct sy_str parts[ROW_PARTS + 1] = {row->id, row->author, row->owner, row->shown,
						    row->payload};
	size_t n = ROW_HEAD;
	void *room;
	int err;

	for (size_t i = 0; i <= ROW_PARTS; i++)
		n += parts[i].n;
	if ((err = kv_reserve(tx, T_REGISTER, key_str(&k), n, 0, &room)))
		return err;
	uint8_t *p = room, *at = p + ROW_HEAD;
	sy_put64(p, row->record);
	sy_put64(p + 8, row->entry);
	sy_put64(p + 16, row->time);
	sy_put32(p + 24, row->roles);
	for (size_t i = 0; i <= ROW_PARTS; i++) {
		if (i < ROW_PARTS)
			sy_put32(p + 28 + 4 * i, (uint32_t)parts[i].n);
		if (parts[i].n)
			memcpy(at, parts[i].p, parts[i].n);
		at += parts[i].n;
	}
	return SY_OK;
}

int key_row_get(struct kv_tx *tx, const uint8_t key[SY_KEY_SIZE], struct register_key *out)
{
	struct sy_str row;
	int err = kv_get(tx, T_KEYS, (struct sy_str){(const char *)key, SY_KEY_SIZE}, &row);

	if (err)
		return err;
	if (row.n < 24)
		return SY_ECORRUPT;
	const uint8_t *p = (const uint8_t *)row.p;
	*out = (struct register_key){.record = sy_get64(p),
				     .until = sy_get64(p + 8),
				     .revoked = sy_get64(p + 16),
				     .party = {row.p + 24, row.n - 24}};
	return SY_OK;
}

int key_row_put(struct kv_tx *tx, const uint8_t key[SY_KEY_SIZE], const struct register_key *row)
{
	void *room;
	int err = kv_reserve(tx, T_KEYS, (struct sy_str){(const char *)key, SY_KEY_SIZE},
			     24 + row->party.n, 0, &room);
	uint8_t *p = room;

	if (err)
		return err;
	sy_put64(p, row->record);
	sy_put64(p + 8, row->until);
	sy_put64(p + 16, row->revoked);
	memcpy(p + 24, row->party.p, row->party.n);
	return SY_OK;
}
