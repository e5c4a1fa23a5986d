/* Rows of the tables that tell what recalls cover, and what is still to do about them. */
#include "apply.h"

/* --- marks ----------------------------------------------------------------------------------- */

enum { MARK_SIZE = 13, CASE_HEAD = 12 };

int mark_decode(struct sy_str row, struct mark *out)
{
	const uint8_t *p = (const uint8_t *)row.p;

	if (row.n != MARK_SIZE || p[4] > REACH_ALL)
		return SY_ECORRUPT;
	*out = (struct mark){.gen = sy_get32(p), .reach = p[4], .units = sy_get64(p + 5)};
	return SY_OK;
}

int mark_get(struct kv_tx *tx, uint64_t id, uint64_t number, struct mark *out)
{
	struct key k = key_u64x2(id, number);
	struct sy_str row;
	int err = kv_get(tx, T_MARKS, key_str(&k), &row);

	*out = (struct mark){0};
	return err ? err : mark_decode(row, out);
}

int mark_put(struct kv_tx *tx, uint64_t id, uint64_t number, const struct mark *m)
{
	struct key k = key_u64x2(id, number);
	uint8_t row[MARK_SIZE];

	if (m->reach == REACH_NONE && m->units == 0)
		return kv_del(tx, T_MARKS, key_str(&k));
	sy_put32(row, m->gen);
	row[4] = (uint8_t)m->reach;
	sy_put64(row + 5, m->units);
	return kv_put(tx, T_MARKS, key_str(&k), (struct sy_str){(const char *)row, sizeof row}, 0);
}

int mark_seek(struct kv_tx *tx, uint64_t id, uint64_t *number, struct mark *out)
{
	struct key k = key_u64x2(id, *number);
	struct sy_str key, row;
	int err = kv_seek(tx, T_MARKS, key_str(&k), &key, &row);

	if (err)
		return err;
	if (key.n != 16)
		return SY_ECORRUPT;
	if (memcmp(key.p, k.b, 8))
		return SY_ENOTFOUND;
	*number = sy_get64((const uint8_t *)key.p + 8);
	return mark_decode(row, out);
}

int mark_units(struct kv_tx *tx, uint64_t lot, uint64_t number, bool more)
{
	struct mark m;
	int err = mark_get(tx, lot, number, &m);

	if (err && err != SY_ENOTFOUND)
		return err;
	if (!more && m.units == 0)
		return SY_ECORRUPT;
	m.units = more ? m.units + 1 : m.units - 1;
	return mark_put(tx, lot, number, &m);
}

/* --- cases ----------------------------------------------------------------------------------- */

static int case_decode(struct sy_str row, struct case_row *out)
{
	const uint8_t *p = (const uint8_t *)row.p;

	if (row.n < CASE_HEAD)
		return SY_ECORRUPT;
	*out = (struct case_row){.gen = sy_get32(p),
				 .items = sy_get64(p + 4),
				 .id = {row.p + CASE_HEAD, row.n - CASE_HEAD}};
	return SY_OK;
}

int case_get(struct kv_tx *tx, uint64_t number, struct case_row *out)
{
	struct key k = key_u64(number);
	struct sy_str row;
	int err = kv_get(tx, T_CASES, key_str(&k), &row);

	return err ? err : case_decode(row, out);
}

int case_put(struct kv_tx *tx, uint64_t number, const struct case_row *row)
{
	struct key k = key_u64(number);
	void *room;
	int err = kv_reserve(tx, T_CASES, key_str(&k), CASE_HEAD + row->id.n, 0, &room);
	uint8_t *p = room;

	if (err)
		return err;
	sy_put32(p, row->gen);
	sy_put64(p + 4, row->items);
	memcpy(p + CASE_HEAD, row->id.p, row->id.n);
	return SY_OK;
}

/* --- what is to do --------------------------------------------------------------------------- */

struct key todo_key(enum todo what, uint64_t number)
{
	struct key k;

	k.b[0] = (uint8_t)what;
	sy_put64(k.b + 1, number);
	k.n = 9;
	return k;
}

struct key todo_key_id(enum todo what, uint64_t number, uint64_t id)
{
	struct key k = todo_key(what, number);

	sy_put64(k.b + k.n, id);
	k.n += 8;
	return k;
}

struct key todo_key_link(uint64_t number, uint64_t from, uint64_t to)
{
	struct key k = todo_key_id(TODO_LINK, number, from);

	sy_put64(k.b + k.n, to);
	k.n += 8;
	return k;
}

struct key todo_key_grow(uint64_t number, uint64_t id, enum reach reach)
{
	struct key k = todo_key_id(TODO_GROW, number, id);

	k.b[k.n++] = (uint8_t)reach;
	return k;
}

struct key todo_key_open(enum todo what, uint64_t number, uint64_t id, int64_t from, int64_t to,
			 enum reach reach)
{
	struct key k = todo_key_id(what, number, id);

	sy_put64(k.b + k.n, sortable(from));
	sy_put64(k.b + k.n + 8, sortable(to));
	k.n += 16;
	k.b[k.n++] = (uint8_t)reach;
	return k;
}

int todo_put(struct apply *a, const struct key *k, uint64_t from)
{
	return put_u64(a->tx, T_TODO, k, from);
}

/* --- reading --------------------------------------------------------------------------------- */

/* Adds what isn't written yet, unless another case comes first. */
static bool will_mark(const struct spread *s, uint64_t item, uint64_t from, struct index_mark *out)
{
	bool whole = spread_has(s, item, SPREAD_SINCE), part = idset_has(&s->lots, item);

	if (s->number < from || s->number > out->number || (!whole && !part))
		return false;
	if (s->number < out->number)
		*out = (struct index_mark){.number = s->number};
	out->whole |= whole;
	out->units += part && out->units == 0;
	return true;
}

int index_mark_next(struct index_read *r, uint64_t item, uint64_t from, struct index_mark *out)
{
	uint64_t number = from;
	struct mark m;
	int err = r->cases ? mark_seek(&r->tx, item, &number, &m) : SY_ENOTFOUND;

	if (err == SY_OK)
		*out = (struct index_mark){
		    .number = number, .whole = m.reach != REACH_NONE, .units = m.units};
	else
		out->number = UINT64_MAX;
	if (r->spread && (err == SY_OK || err == SY_ENOTFOUND))
		return will_mark(r->spread, item, from, out) ? SY_OK : err;
	return err;
}

bool index_marks_known(struct index_read *r)
{
	return r->spread && r->spread->alone;
}

int index_case(struct index_read *r, uint64_t number, struct sy_str *id, uint64_t *items)
{
	struct case_row row;
	int err = case_get(&r->tx, number, &row);

	if (err == SY_OK) {
		*id = row.id;
		*items = row.items;
	}
	return err;
}

int index_marking_next(struct index_read *r, uint64_t *number)
{
	uint64_t found = UINT64_MAX;

	for (unsigned what = TODO_DIRTY; what <= TODO_OPENED; what++) {
		struct key k = todo_key((enum todo)what, *number);
		struct sy_str key, row;
		int err = kv_seek(&r->tx, T_TODO, key_str(&k), &key, &row);
		if (err && err != SY_ENOTFOUND)
			return err;
		if (err || (uint8_t)key.p[0] != what)
			continue;
		if (key.n < 9)
			return SY_ECORRUPT;
		uint64_t at = sy_get64((const uint8_t *)key.p + 1);
		found = at < found ? at : found;
	}
	*number = found;
	return found == UINT64_MAX ? SY_ENOTFOUND : SY_OK;
}

int index_named_next(struct index_read *r, enum index_named what, struct sy_str code,
		     uint64_t *number)
{
	struct key k = key_scope(what, code, *number);
	struct sy_str key, row;
	int err = r->cases ? kv_seek(&r->tx, T_SCOPES, key_str(&k), &key, &row) : SY_ENOTFOUND;

	if (err)
		return err;
	if (key.n != k.n || memcmp(key.p, k.b, k.n - 8))
		return SY_ENOTFOUND;
	*number = sy_get64((const uint8_t *)key.p + k.n - 8);
	return SY_OK;
}

bool index_marking(struct index_read *r)
{
	return r->marking;
}
