/* Marks what recalls cover: works off what `todo` says, in order. */
#include "closure.h"

int work_leave(struct work *w, uint64_t from)
{
	if (from)
		return put_u64(w->tx, T_TODO, &w->key, from);
	return kv_del(w->tx, T_TODO, key_str(&w->key));
}

int work_leave_line(struct work *w, const struct content *line)
{
	struct key row = key_u64x3(sortable(line->time), line->record, line->child);

	return kv_put(w->tx, T_TODO, key_str(&w->key), key_str(&row), 0);
}

struct content work_line(const struct work *w)
{
	if (w->place.n != TODO_LINE)
		return (struct content){0};
	return (struct content){.time = (int64_t)sortable((int64_t)sy_get64(w->place.b)),
				.record = sy_get64(w->place.b + 8),
				.child = sy_get64(w->place.b + 16)};
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

/* *REACH: as it is marked already, in this generation. */
static int look(struct work *w, uint64_t id, struct mark *m, enum reach *reach)
{
	int err = mark_get(w->tx, id, w->number, m);

	*reach = err == SY_OK && m->gen == w->c->gen ? m->reach : REACH_NONE;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int work_marked(struct work *w, uint64_t id, enum reach *reach)
{
	struct mark m;

	return look(w, id, &m, reach);
}

static int mark(struct work *w, uint64_t id, struct mark m, enum reach reach)
{
	struct key k = key_u64x2(w->number, id);
	bool fresh = m.reach == REACH_NONE;
	int err;

	m.reach = reach;
	m.gen = w->c->gen;
	if ((err = mark_put(w->tx, id, w->number, &m)) || !fresh)
		return err;
	if ((err = kv_put(w->tx, T_MARKED, key_str(&k), SY_STR(""), 0)))
		return err;
	return count(w, id, true);
}

int work_mark(struct work *w, uint64_t id, enum reach reach)
{
	enum reach had;
	struct mark m;
	int err = look(w, id, &m, &had);

	return err || had >= reach ? err : mark(w, id, m, reach);
}

static int unmark(struct work *w, uint64_t id, struct mark m)
{
	struct key k = key_u64x2(w->number, id);
	int err;

	m.reach = REACH_NONE;
	m.gen = 0;
	if ((err = mark_put(w->tx, id, w->number, &m)) ||
	    (err = kv_del(w->tx, T_MARKED, key_str(&k))))
		return err;
	return count(w, id, false);
}

int work_is_there(struct work *w, uint64_t id, bool *there)
{
	struct key k = key_u64(id);
	struct sy_str row;
	int err = id & NODE_BIT ? SY_OK : kv_get(w->tx, T_ITEMS, key_str(&k), &row);

	*there = err == SY_OK && !(id & NODE_BIT);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* --- growing --------------------------------------------------------------------------------- */

int work_reach(struct work *w, uint64_t id, enum reach reach)
{
	struct key k = key_u64(id), grow = todo_key_grow(w->number, id, reach);
	struct sy_str row;
	enum reach had;
	struct mark m;
	int err = look(w, id, &m, &had);

	if (err || had >= reach)
		return err;
	err = kv_get(w->tx, T_FORWARD, key_str(&k), &row);
	if (err == SY_ENOTFOUND)
		return mark(w, id, m, reach);
	return err ? err : todo_put(w->a, &grow, 0);
}

/* Does an event since the case's time began say that the item stands so in the node? */
static int stands(struct work *w, uint64_t item, uint64_t node, enum sy_item_role role, bool *yes)
{
	struct item_event e;
	int err;

	*yes = false;
	/* None of its records is before its first. */
	for (uint64_t from = node & ~NODE_BIT; (err = history_next(w->tx, item, from, &e)) == SY_OK;
	     from = e.record + 1)
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			const struct item_fact *f = &e.facts[i];
			if (f->role != (unsigned)role || f->time < w->c->from)
				continue;
			if ((err = fact_node(w->tx, e.record, f, node, yes)) || *yes)
				return err;
		}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int work_leads(struct work *w, uint64_t from, uint64_t to, enum reach reach, bool *led)
{
	*led = true;
	if (reach == REACH_SINCE && (to & NODE_BIT))
		return stands(w, from, to, SY_ROLE_INPUT, led);
	if (reach == REACH_SINCE && (from & NODE_BIT))
		return stands(w, to, from, SY_ROLE_OUTPUT, led);
	return SY_OK;
}

int work_follow(struct work *w, uint64_t from, uint64_t to, enum reach reach, bool *led)
{
	int err = work_leads(w, from, to, reach, led);

	return err || !*led ? err : work_reach(w, to, reach);
}

/* Enough of them were followed one by one: all that still grow do so at once. */
static bool is_large(struct work *w)
{
	return ++w->grown > w->a->few && w->a->slowly != w->a->st.position + 1;
}

static int spread(struct work *w)
{
	struct key k = todo_key(TODO_SPREAD, w->number);

	return todo_put(w->a, &k, 0);
}

static int grow(struct work *w)
{
	enum reach reach = w->key.b[17], had;
	struct key k = key_u64(w->id), from;
	struct sy_str value;
	struct mark m;
	bool there, led;
	int err = look(w, w->id, &m, &had);

	if (w->from == 0 && err == SY_OK && had < reach)
		err = work_is_there(w, w->id, &there);
	if (err || (w->from == 0 && (had >= reach || (!there && !(w->id & NODE_BIT)))))
		return err ? err : work_leave(w, 0);
	if (w->from == 0 && (err = mark(w, w->id, m, reach)))
		return err;
	for (uint64_t next = w->from;; next++) {
		from = key_u64(next);
		err = kv_seek_value(w->tx, T_FORWARD, key_str(&k), key_str(&from), &value);
		if (err)
			return err == SY_ENOTFOUND ? work_leave(w, 0) : err;
		next = sy_get64((const uint8_t *)value.p);
		if ((err = work_follow(w, w->id, next, reach, &led)))
			return err;
		bool large = is_large(w);
		if (large && (err = spread(w)))
			return err;
		if (work_full(w) || large)
			return work_leave(w, next + 1);
	}
}

/* What was doubted, and nothing has renewed. */
static int clear(struct work *w)
{
	enum reach reach;
	struct mark m;
	int err = look(w, w->id, &m, &reach);

	if (err == SY_OK && m.reach && reach == REACH_NONE)
		err = unmark(w, w->id, m);
	return err ? err : work_leave(w, 0);
}

/* --- begin again, and the end ---------------------------------------------------------------- */

int work_drop(struct work *w, enum todo what, bool *left)
{
	struct key k = todo_key(what, w->number);
	struct sy_str key, value;
	int err;

	if (left)
		*left = false;
	while ((err = kv_seek(w->tx, T_TODO, key_str(&k), &key, &value)) == SY_OK && key.n >= k.n &&
	       memcmp(key.p, k.b, k.n) == 0) {
		struct key row = {.n = key.n};
		memcpy(row.b, key.p, key.n);
		if ((err = kv_del(w->tx, T_TODO, key_str(&row))))
			return err;
		if (left && (*left = work_full(w)))
			return SY_OK;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int begin_again(struct work *w)
{
	struct key first = todo_key(TODO_SEED, w->number), last = todo_key(TODO_SWEEP, w->number);
	int err = SY_OK;

	for (enum todo what = TODO_DOUBT; what <= TODO_OPENED && err == SY_OK; what++)
		err = work_drop(w, what, NULL);
	if (err)
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

static int done(struct work *w)
{
	return work_leave(w, 0);
}

static int (*const works[])(struct work *w) = {
    [TODO_DIRTY] = begin_again, [TODO_MOVED] = work_moved,   [TODO_DOUBT] = work_doubt,
    [TODO_SEED] = work_seed,    [TODO_PLACED] = work_placed, [TODO_TRY] = work_try,
    [TODO_LINK] = work_link,    [TODO_OPEN] = work_open,     [TODO_SPREAD] = work_spread,
    [TODO_GROW] = grow,         [TODO_CLEAR] = clear,        [TODO_SWEEP] = sweep,
    [TODO_OPENED] = done};

static int work_on(struct work *w)
{
	unsigned what = w->key.b[0];

	if (what >= sizeof works / sizeof *works)
		return SY_ECORRUPT;
	if (w->c == NULL || (!w->c->active && what != TODO_SWEEP))
		return work_leave(w, 0);
	return works[what](w);
}

static int next_work(struct apply *a, struct work *w)
{
	struct sy_str key, row;
	int err = kv_seek(a->tx, T_TODO, SY_STR(""), &key, &row);

	if (err)
		return err;
	if (key.n < 9 || key.n > sizeof w->key.b || row.n == 0 || row.n > sizeof w->place.b)
		return SY_ECORRUPT;
	memcpy(w->key.b, key.p, key.n);
	w->key.n = key.n;
	w->number = sy_get64(w->key.b + 1);
	w->id = key.n >= 17 ? sy_get64(w->key.b + 9) : NO_ID;
	w->from = row.n == 8 ? sy_get64((const uint8_t *)row.p) : 0;
	w->place.n = row.n == 8 ? 0 : row.n;
	memcpy(w->place.b, row.p, w->place.n);
	if ((err = recalls_load(a)) == SY_OK)
		w->c = recalls_find(a, w->number);
	return err;
}

static void work_free(struct work *w)
{
	sy_arena_free(&w->cleared.arena);
	sy_arena_free(&w->outer.arena);
	sy_arena_free(&w->arena);
	sy_arena_free(&w->fold);
}

int recalls_settle(struct apply *a, uint64_t until, bool *done)
{
	struct work w = {.a = a,
			 .tx = a->tx,
			 .until = until,
			 .cleared.of = NO_ID,
			 .outer.id = NO_ID,
			 .records = UINT64_MAX};
	int err = SY_OK;

	*done = kv_count(a->tx, T_TODO) == 0;
	while (!*done && a->work < until && err == SY_OK) {
		if ((err = next_work(a, &w)) == SY_OK)
			err = work_on(&w);
		else if (err == SY_ENOTFOUND)
			*done = true;
		a->work++;
		if (*done)
			err = SY_OK;
	}
	work_free(&w);
	int saved = save(a);
	return err ? err : saved;
}
