/* Marks what recalls cover: works off what `todo` says, in order. */
#include "closure.h"

int work_leave(struct work *w, uint64_t from)
{
	if (from)
		return put_u64(w->tx, T_TODO, &w->key, from);
	return kv_del(w->tx, T_TODO, key_str(&w->key));
}

/* --- one mark -------------------------------------------------------------------------------- */

static int lot_of(struct work *w, uint64_t id, uint64_t *lot)
{
	struct item it;
	int err = id & NODE_BIT ? SY_ENOTFOUND : item_get(w->tx, id, &it);

	*lot = err ? NO_ID : it.lot;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int count(struct work *w, uint64_t id, bool more)
{
	uint64_t lot;
	int err = lot_of(w, id, &lot);

	if (id & NODE_BIT)
		return err;
	w->c->items = more ? w->c->items + 1 : w->c->items - 1;
	w->c->changed = true;
	return err || lot == NO_ID ? err : mark_units(w->tx, lot, w->number, more);
}

/* *MARKED: it is already, in this generation. */
static int look(struct work *w, uint64_t id, struct mark *m, bool *marked)
{
	int err = mark_get(w->tx, id, w->number, m);

	*marked = err == SY_OK && m->whole && m->gen == w->c->gen;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int mark(struct work *w, uint64_t id, struct mark m)
{
	struct key k = key_u64x2(w->number, id);
	bool fresh = !m.whole;
	int err;

	m.whole = true;
	m.gen = w->c->gen;
	if ((err = mark_put(w->tx, id, w->number, &m)) || !fresh)
		return err;
	if ((err = kv_put(w->tx, T_MARKED, key_str(&k), SY_STR(""), 0)))
		return err;
	return count(w, id, true);
}

static int unmark(struct work *w, uint64_t id, struct mark m)
{
	struct key k = key_u64x2(w->number, id);
	int err;

	m.whole = false;
	m.gen = 0;
	if ((err = mark_put(w->tx, id, w->number, &m)) ||
	    (err = kv_del(w->tx, T_MARKED, key_str(&k))))
		return err;
	return count(w, id, false);
}

static bool is_there(struct work *w, uint64_t id, int *err)
{
	struct key k = key_u64(id);
	struct sy_str row;

	*err = id & NODE_BIT ? SY_OK : kv_get(w->tx, T_ITEMS, key_str(&k), &row);
	bool there = *err == SY_OK;
	if (*err == SY_ENOTFOUND)
		*err = SY_OK;
	return there;
}

/* --- growing --------------------------------------------------------------------------------- */

int work_reach(struct work *w, uint64_t id)
{
	struct key k = key_u64(id), grow = todo_key_id(TODO_GROW, w->number, id);
	struct sy_str row;
	struct mark m;
	bool marked;
	int err = look(w, id, &m, &marked);

	if (err || marked)
		return err;
	err = kv_get(w->tx, T_FORWARD, key_str(&k), &row);
	if (err == SY_ENOTFOUND)
		return mark(w, id, m);
	return err ? err : todo_put(w->a, &grow, 0);
}

static int grow(struct work *w)
{
	struct key k = key_u64(w->id), from;
	struct sy_str value;
	struct mark m;
	bool marked;
	int err = look(w, w->id, &m, &marked);

	if (err || (w->from == 0 && (marked || !is_there(w, w->id, &err))))
		return err ? err : work_leave(w, 0);
	if (w->from == 0 && (err = mark(w, w->id, m)))
		return err;
	for (uint64_t next = w->from;; next++) {
		from = key_u64(next);
		err = kv_seek_value(w->tx, T_FORWARD, key_str(&k), key_str(&from), &value);
		if (err)
			return err == SY_ENOTFOUND ? work_leave(w, 0) : err;
		next = sy_get64((const uint8_t *)value.p);
		if ((err = work_reach(w, next)))
			return err;
		if (work_full(w))
			return work_leave(w, next + 1);
	}
}

/* --- begin again, and the end ---------------------------------------------------------------- */

/* Takes out what is to do of a case. */
static int drop(struct work *w, enum todo what)
{
	struct key k = todo_key(what, w->number);
	struct sy_str key, value;
	int err;

	while ((err = kv_seek(w->tx, T_TODO, key_str(&k), &key, &value)) == SY_OK && key.n >= k.n &&
	       memcmp(key.p, k.b, k.n) == 0) {
		struct key row = {.n = key.n};
		memcpy(row.b, key.p, key.n);
		if ((err = kv_del(w->tx, T_TODO, key_str(&row))))
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int begin_again(struct work *w)
{
	struct key first = todo_key(TODO_SEED, w->number), last = todo_key(TODO_SWEEP, w->number);
	int err = drop(w, TODO_TRY);

	if (err || (err = drop(w, TODO_OPEN)) || (err = drop(w, TODO_GROW)) ||
	    (err = drop(w, TODO_OPENED)))
		return err;
	w->c->gen++;
	w->c->changed = true;
	if ((err = todo_put(w->a, &first, 0)) || (err = todo_put(w->a, &last, 0)))
		return err;
	return work_leave(w, 0);
}

/* What was counted of the cases. */
static int save(struct apply *a)
{
	int err = SY_OK;

	for (size_t i = 0; i < a->recalls.n && err == SY_OK; i++) {
		struct recall_case *c = &a->recalls.v[i];
		const struct case_row row = {c->gen, c->items, c->id};
		if (c->changed)
			err = case_put(a->tx, c->number, &row);
		c->changed = false;
	}
	return err;
}

static int sweep(struct work *w)
{
	struct sy_str key, row;
	struct mark m;
	int err;

	for (uint64_t next = w->from;; next++) {
		struct key k = key_u64x2(w->number, next);
		err = kv_seek(w->tx, T_MARKED, key_str(&k), &key, &row);
		if (err && err != SY_ENOTFOUND)
			return err;
		if (err || memcmp(key.p, k.b, 8))
			break;
		next = sy_get64((const uint8_t *)key.p + 8);
		if ((err = mark_get(w->tx, next, w->number, &m)))
			return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
		if ((!w->c->active || m.gen != w->c->gen) && (err = unmark(w, next, m)))
			return err;
		if (work_full(w))
			return work_leave(w, next + 1);
	}
	if ((err = work_leave(w, 0)) || w->c->active)
		return err;
	struct key k = key_u64(w->number);
	w->c->changed = false;
	if ((err = save(w->a)))
		return err;
	recalls_forget(w->a);
	return kv_del(w->tx, T_CASES, key_str(&k));
}

/* --- all of it ------------------------------------------------------------------------------- */

static int work_on(struct work *w, struct sy_str row)
{
	enum todo what = w->key.b[0];
	int err;

	if (w->c == NULL || (!w->c->active && what != TODO_SWEEP))
		return work_leave(w, 0);
	switch (what) {
	case TODO_DIRTY:
		return begin_again(w);
	case TODO_SEED:
		return work_seed(w, row);
	case TODO_TRY:
		err = work_seed_if_there(w, w->id);
		return err ? err : work_leave(w, 0);
	case TODO_OPEN:
		return work_open(w);
	case TODO_GROW:
		return grow(w);
	case TODO_SWEEP:
		return sweep(w);
	case TODO_OPENED:
		return work_leave(w, 0);
	}
	return SY_ECORRUPT;
}

static int next_work(struct apply *a, struct work *w, struct sy_str *row)
{
	struct sy_str key;
	int err = kv_seek(a->tx, T_TODO, SY_STR(""), &key, row);

	if (err)
		return err;
	if (key.n < 9 || key.n > sizeof w->key.b || row->n == 0)
		return SY_ECORRUPT;
	memcpy(w->key.b, key.p, key.n);
	w->key.n = key.n;
	w->number = sy_get64(w->key.b + 1);
	w->id = key.n >= 17 ? sy_get64(w->key.b + 9) : NO_ID;
	w->from = row->n == 8 ? sy_get64((const uint8_t *)row->p) : 0;
	w->place.n = 0;
	if ((err = recalls_load(a)) == SY_OK)
		w->c = recalls_find(a, w->number);
	return err;
}

int recalls_settle(struct apply *a, uint64_t until, bool *done)
{
	struct work w = {.a = a, .tx = a->tx, .until = until};
	struct sy_str row;
	int err = SY_OK;

	*done = kv_count(a->tx, T_TODO) == 0;
	while (!*done && a->work < until && err == SY_OK) {
		if ((err = next_work(a, &w, &row)) == SY_OK)
			err = work_on(&w, row);
		else if (err == SY_ENOTFOUND)
			*done = true;
		a->work++;
		if (*done)
			err = SY_OK;
	}
	int saved = save(a);
	return err ? err : saved;
}
