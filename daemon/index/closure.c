/* Marks what recalls cover: works off what `todo` says, in order. */
#include "apply.h"

#include <stdlib.h>

/* One row of work at hand; CASE is NULL when the case marks nothing any more. */
struct work {
	struct apply *a;
	struct kv_tx *tx;
	struct recall_case *c;
	struct key key;
	uint64_t number, id, from, until;
	struct key place; /* in a scope */
};

static bool full(struct work *w)
{
	return ++w->a->work >= w->until;
}

/* The row is done, or goes on at FROM. */
static int leave(struct work *w, uint64_t from)
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

/* Something is reached: marked at once when nothing is reached from it, else later. */
static int reach(struct work *w, uint64_t id)
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
		return err ? err : leave(w, 0);
	if (w->from == 0 && (err = mark(w, w->id, m)))
		return err;
	for (uint64_t next = w->from;; next++) {
		from = key_u64(next);
		err = kv_seek_value(w->tx, T_FORWARD, key_str(&k), key_str(&from), &value);
		if (err)
			return err == SY_ENOTFOUND ? leave(w, 0) : err;
		next = sy_get64((const uint8_t *)value.p);
		if ((err = reach(w, next)))
			return err;
		if (full(w))
			return leave(w, next + 1);
	}
}

/* --- what lay in a container ----------------------------------------------------------------- */

struct line {
	uint64_t child;
	struct content c;
};
struct lines {
	struct line *v; /* by child, then as they followed each other */
	size_t n, cap;
	struct content *cleared; /* when all was taken out */
	size_t n_cleared, cap_cleared;
};

static int room(void *p, size_t *cap, size_t n, size_t size)
{
	void *old, *bigger;

	if (n < *cap)
		return SY_OK;
	memcpy(&old, p, sizeof old);
	if ((bigger = realloc(old, (n + 64) * 2 * size)) == NULL)
		return SY_ENOMEM;
	memcpy(p, &bigger, sizeof bigger);
	*cap = (n + 64) * 2;
	return SY_OK;
}

static bool comes_after(const struct content *a, const struct content *b)
{
	return a->time != b->time ? a->time > b->time : a->record > b->record;
}

static int by_child(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->child != y->child)
		return x->child < y->child ? -1 : 1;
	return comes_after(&x->c, &y->c) ? 1 : comes_after(&y->c, &x->c) ? -1 : 0;
}

static int read_lines(struct work *w, struct lines *l)
{
	struct content c = {0};
	int err;

	while ((err = contents_next(w->tx, w->id, &c)) == SY_OK)
		if (c.child == NO_ID) {
			if ((err = room(&l->cleared, &l->cap_cleared, l->n_cleared,
					sizeof *l->cleared)))
				return err;
			l->cleared[l->n_cleared++] = c;
		} else {
			if ((err = room(&l->v, &l->cap, l->n, sizeof *l->v)))
				return err;
			l->v[l->n++] = (struct line){c.child, c};
		}
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_child);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* When all was taken out for the first time after C; NULL for never. */
static const struct content *cleared_after(const struct lines *l, const struct content *c)
{
	size_t low = 0, high = l->n_cleared;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (comes_after(&l->cleared[middle], c))
			high = middle;
		else
			low = middle + 1;
	}
	return low < l->n_cleared ? &l->cleared[low] : NULL;
}

/* The child lay in it from IN to OUT, NULL for ever: it is in question, and what lies in it. */
static int stayed(struct work *w, uint64_t child, const struct content *in,
		  const struct content *out)
{
	int64_t from = (int64_t)sortable((int64_t)sy_get64(w->key.b + 17)),
		to = (int64_t)sortable((int64_t)sy_get64(w->key.b + 25)),
		went = out ? out->time : INT64_MAX;
	struct content first = {0};
	struct sy_str row;
	int err;

	if (in->time > to || went < from)
		return SY_OK;
	if ((err = reach(w, child)) || (err = contents_next(w->tx, child, &first)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	from = in->time > from ? in->time : from;
	to = went < to ? went : to;
	struct key open = todo_key_open(TODO_OPEN, w->number, child, from, to),
		   opened = todo_key_open(TODO_OPENED, w->number, child, from, to);
	err = kv_get(w->tx, T_TODO, key_str(&opened), &row);
	return err == SY_ENOTFOUND ? todo_put(w->a, &open, 0) : err;
}

/* The stays of one child, from its N lines. */
static int stays(struct work *w, const struct lines *l, const struct line *v, size_t n)
{
	const struct content *in = NULL, *out = NULL;
	int err = SY_OK;

	for (size_t i = 0; i < n && err == SY_OK; i++) {
		const struct content *c = &v[i].c;
		if (in && out && comes_after(c, out)) {
			err = stayed(w, v->child, in, out);
			in = NULL;
		}
		if (in && !c->added && err == SY_OK) {
			err = stayed(w, v->child, in, c);
			in = NULL;
		} else if (in == NULL && c->added) {
			in = c;
			out = cleared_after(l, c);
		}
	}
	return err || in == NULL ? err : stayed(w, v->child, in, out);
}

static int open_lines(struct work *w, const struct lines *l)
{
	struct key opened = w->key;
	int err = SY_OK;

	for (size_t i = 0, end; i < l->n && err == SY_OK; i = end) {
		for (end = i + 1; end < l->n && l->v[end].child == l->v[i].child;)
			end++;
		if (l->v[i].child < w->from)
			continue;
		err = stays(w, l, &l->v[i], end - i);
		if (err == SY_OK && full(w) && end < l->n)
			return leave(w, l->v[end].child);
	}
	opened.b[0] = TODO_OPENED;
	if (err || (err = todo_put(w->a, &opened, 0)))
		return err;
	return leave(w, 0);
}

static int open_container(struct work *w)
{
	struct lines l = {0};
	int err = read_lines(w, &l);

	if (err == SY_OK)
		err = open_lines(w, &l);
	free(l.v);
	free(l.cleared);
	return err;
}

/* --- the scope ------------------------------------------------------------------------------- */

/*
 * How far the scope was gone through: of its codes how many; then of the product's items the code,
 * then of the visits to the place record and item.  In the row behind the number of the part.
 */
enum { PART_CODES, PART_PRODUCT, PART_PLACE, PARTS };
enum { PART_HEAD = 9 }; /* longer than a row that wasn't begun */

static int leave_at(struct work *w, unsigned part, struct sy_str where)
{
	struct key row = key_u64(0);

	row.b[PART_HEAD - 1] = (uint8_t)part;
	if (where.n > sizeof row.b - PART_HEAD)
		return SY_ECORRUPT;
	if (where.n)
		memcpy(row.b + PART_HEAD, where.p, where.n);
	row.n = PART_HEAD + where.n;
	return kv_put(w->tx, T_TODO, key_str(&w->key), key_str(&row), 0);
}

/* Each goes on at w->place; SY_EHALT when it left before its end. */
static int seed_codes(struct work *w)
{
	uint64_t i = w->place.n == 8 ? sy_get64(w->place.b) : 0, id;

	for (; i < w->c->n_codes; i++) {
		int err = code_id(w->tx, w->c->codes[i], &id);
		if (err == SY_OK)
			err = todo_seed(w->a, w->c, id, false);
		if (err && err != SY_ENOTFOUND)
			return err;
		if (full(w)) {
			struct key at = key_u64(i + 1);
			err = leave_at(w, PART_CODES, key_str(&at));
			return err ? err : SY_EHALT;
		}
	}
	return SY_OK;
}

static int seed_product(struct work *w)
{
	struct item it;
	uint64_t id;
	int err;

	if (w->c->product.n == 0)
		return SY_OK;
	while ((err = code_next_under(w->tx, w->c->product, key_str(&w->place), &id)) == SY_OK) {
		if ((err = item_get(w->tx, id, &it)))
			return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
		w->place = key_code(it.code);
		if (recall_names_made(w->c, &it) && (err = todo_seed(w->a, w->c, id, false)))
			return err;
		if (full(w)) {
			err = leave_at(w, PART_PRODUCT, key_str(&w->place));
			return err ? err : SY_EHALT;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int seed_if_there(struct work *w, uint64_t id)
{
	bool there;
	int err = recall_was_there(w->a, w->c, id, &there);

	return err || !there ? err : todo_seed(w->a, w->c, id, true);
}

/* A visit names an item, or the lot of units that the record has. */
static int seed_visit(struct work *w, uint64_t record, uint64_t item)
{
	struct sy_str lot;
	struct history h;
	struct view v;
	uint64_t id;
	int err = history_get(w->tx, item, record, &h);

	if (err || h.withdrawn || h.n == 0 || h.facts[0].time > w->c->to)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((h.bits & HIST_ROLES) && (err = seed_if_there(w, item)))
		return err;
	if (!(h.bits & HIST_MEMBER) || (err = view_of(w->a, record, &v)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	for (size_t i = 0; i < v.ev.n_items; i++) {
		const struct sy_event_item *occ = &v.ev.items[i];
		w->a->work++;
		if ((err = event_lot(&v, occ, &lot)))
			return err;
		if (lot.n == 0 || code_id(w->tx, lot, &id) || id != item)
			continue;
		if ((err = code_id(w->tx, occ->code.canonical, &id)) == SY_OK)
			err = seed_if_there(w, id);
		if (err && err != SY_ENOTFOUND)
			return err;
	}
	return SY_OK;
}

static int seed_place(struct work *w)
{
	struct key name = key_code(w->c->place);
	struct sy_str value;
	uint64_t actor;
	int err = w->c->place.n ? get_u64(w->tx, T_ACTORS, &name, &actor) : SY_ENOTFOUND;

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	struct key k = key_u64(actor);
	if (w->place.n != 16)
		w->place = key_u64x2(0, 0);
	while ((err = kv_seek_value(w->tx, T_VISITS, key_str(&k), key_str(&w->place), &value)) ==
	       SY_OK) {
		uint64_t record = sy_get64((const uint8_t *)value.p),
			 item = sy_get64((const uint8_t *)value.p + 8);
		if ((err = seed_visit(w, record, item)))
			return err;
		w->place = key_u64x2(record, item + 1);
		if (full(w)) {
			err = leave_at(w, PART_PLACE, key_str(&w->place));
			return err ? err : SY_EHALT;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int seed(struct work *w, struct sy_str row)
{
	static int (*const parts[PARTS])(struct work *) = {seed_codes, seed_product, seed_place};
	unsigned part = PART_CODES;
	int err = SY_OK;

	if (row.n >= PART_HEAD) { /* it was left before */
		part = (uint8_t)row.p[PART_HEAD - 1];
		w->place.n = row.n - PART_HEAD;
		memcpy(w->place.b, row.p + PART_HEAD, w->place.n);
	}
	for (; part < PARTS && err == SY_OK; part++, w->place.n = 0)
		err = parts[part](w);
	return err == SY_EHALT ? SY_OK : err ? err : leave(w, 0);
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
	return leave(w, 0);
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
		if (full(w))
			return leave(w, next + 1);
	}
	if ((err = leave(w, 0)) || w->c->active)
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
		return leave(w, 0);
	switch (what) {
	case TODO_DIRTY:
		return begin_again(w);
	case TODO_SEED:
		return seed(w, row);
	case TODO_TRY:
		err = seed_if_there(w, w->id);
		return err ? err : leave(w, 0);
	case TODO_OPEN:
		return open_container(w);
	case TODO_GROW:
		return grow(w);
	case TODO_SWEEP:
		return sweep(w);
	case TODO_OPENED:
		return leave(w, 0);
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
