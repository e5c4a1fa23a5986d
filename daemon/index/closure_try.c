/* What says that an item is marked, asked of the item itself. */
#include "closure.h"

#include "presence.h"

enum {
	DEPTH = 16,     /* containers in each other are asked so far, */
	CONTAINERS = 64 /* and so many around one item; beyond that the case begins again */
};

static int ask(struct work *w, uint64_t id, unsigned depth, bool alone, struct sy_arena *arena,
	       struct question *out);

static int add_window(struct sy_arena *arena, struct question *q, const struct window *t)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->v[i].from <= t->from && q->v[i].to >= t->to && q->v[i].reach >= t->reach)
			return SY_OK;
	if (!sy_arena_room(arena, &q->v, &q->cap, q->n + 1, sizeof *q->v))
		return SY_ENOMEM;
	q->v[q->n++] = *t;
	return SY_OK;
}

static void raise(struct question *q, enum reach reach)
{
	q->reach = reach > q->reach ? reach : q->reach;
}

/* --- the item itself ------------------------------------------------------------------------- */

static int item_of(void *ctx, uint64_t id, struct item *out)
{
	const struct work *w = ctx;

	return item_get(w->tx, id, out);
}

static int next_of(void *ctx, uint64_t item, uint64_t from, struct item_event *out)
{
	const struct work *w = ctx;
	int err = history_next(w->tx, item, from, out);

	return err ? err : out->record < w->records ? SY_OK : SY_ENOTFOUND;
}

struct adding {
	struct work *w;
	struct sy_arena *arena;
	struct question *out;
	const struct question *of; /* of the container in which it lay */
};

static int add_stay(void *ctx, int64_t from, int64_t to)
{
	const struct adding *add = ctx;
	struct window t = {from, to, recall_placed(add->w->c)};

	return add_window(add->arena, add->out, &t);
}

static int ask_place(struct work *w, uint64_t id, struct sy_arena *arena, struct question *out)
{
	struct presence_ask p = {.source = {next_of, w},
				 .item = item_of,
				 .where = w->c->where,
				 .from = w->c->from,
				 .to = w->c->to,
				 .arena = &w->fold};
	struct adding add = {.w = w, .arena = arena, .out = out};
	struct presence found;
	bool full;
	int err = w->c->where.n ? presence_find(&p, id, &found) : SY_OK;

	if (err || w->c->where.n == 0 || !found.there)
		return err;
	raise(out, recall_placed(w->c));
	err = work_holds_any(w, id, &full);
	return err || !full ? err : presence_stays(&p, id, add_stay, &add);
}

static int ask_self(struct work *w, uint64_t id, struct sy_arena *arena, struct question *out)
{
	static const struct window always = {INT64_MIN, INT64_MAX, REACH_ALL};
	struct item it;
	int err = item_get(w->tx, id, &it);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (!recall_names(w->a, w->c, &it))
		return ask_place(w, id, arena, out);
	raise(out, REACH_ALL);
	return add_window(arena, out, &always);
}

/* --- the containers around it ---------------------------------------------------------------- */

/* It lay there in some of the time for which that is in question. */
static int lay(void *ctx, int64_t in, int64_t went)
{
	const struct adding *add = ctx;
	int err = SY_OK;

	for (size_t i = 0; i < add->of->n && err == SY_OK; i++) {
		struct window t = add->of->v[i];
		if (in > t.to || went < t.from)
			continue;
		t.from = in > t.from ? in : t.from;
		t.to = went < t.to ? went : t.to;
		raise(add->out, t.reach);
		err = add_window(add->arena, add->out, &t);
	}
	return err;
}

/* Many that are asked for one after the other lay in the same one. */
static int ask_outer(struct work *w, uint64_t container)
{
	int err;

	if (w->outer.number == w->number && w->outer.id == container)
		return SY_OK;
	w->outer.id = NO_ID;
	sy_arena_reset(&w->outer.arena);
	w->outer.q = (struct question){0};
	if ((err = ask(w, container, 1, false, &w->outer.arena, &w->outer.q)))
		return err;
	w->outer.number = w->number;
	w->outer.id = container;
	return SY_OK;
}

static int ask_container(struct work *w, uint64_t id, uint64_t container, unsigned depth,
			 struct sy_arena *arena, struct question *out)
{
	struct question deeper = {0};
	struct adding add = {.w = w, .arena = arena, .out = out, .of = &deeper};
	bool marked;
	int err = recalls_is_marked(w->a, w->number, container, &marked);

	/* One that isn't marked yet tells its contents when it is. */
	if (err || (!marked && depth == 0))
		return err;
	if (depth >= DEPTH || ++w->asked > CONTAINERS)
		return SY_EHALT;
	if (depth == 0) {
		err = ask_outer(w, container);
		add.of = &w->outer.q;
	} else {
		err = ask(w, container, depth + 1, false, arena, &deeper);
	}
	return err || add.of->n == 0 ? err : work_stays(w, id, container, lay, &add);
}

static int ask_containers(struct work *w, uint64_t id, unsigned depth, struct sy_arena *arena,
			  struct question *out)
{
	struct {
		uint64_t *v;
		size_t n, cap;
	} had = {0};
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = history_next(w->tx, id, from, &e)) == SY_OK;
	     from = e.record + 1)
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			const struct item_fact *f = &e.facts[i];
			size_t k = 0;
			if (f->step != STEP_PACK || f->role != SY_ROLE_CHILD || f->other == NO_ID)
				continue;
			while (k < had.n && had.v[k] != f->other)
				k++;
			if (k < had.n)
				continue;
			if (!sy_arena_room(arena, &had.v, &had.cap, had.n + 1, sizeof *had.v))
				return SY_ENOMEM;
			had.v[had.n++] = f->other;
			if ((err = ask_container(w, id, f->other, depth, arena, out)))
				return err;
		}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static bool is_always(const struct question *q)
{
	return q->n && q->v[0].from == INT64_MIN && q->v[0].to == INT64_MAX &&
	       q->v[0].reach == REACH_ALL;
}

static int ask(struct work *w, uint64_t id, unsigned depth, bool alone, struct sy_arena *arena,
	       struct question *out)
{
	int err = id & NODE_BIT ? SY_OK : ask_self(w, id, arena, out);

	if (err || alone || (id & NODE_BIT) || is_always(out))
		return err;
	return ask_containers(w, id, depth, arena, out);
}

int work_ask(struct work *w, uint64_t id, bool alone, struct question *out)
{
	sy_arena_reset(&w->arena);
	*out = (struct question){0};
	w->asked = 0;
	return ask(w, id, 0, alone, &w->arena, out);
}

/* --- what it was made of --------------------------------------------------------------------- */

/* The farthest that anything of the case is followed. */
static enum reach farthest(const struct recall_case *c)
{
	return c->n_codes || c->product.n ? REACH_ALL : recall_placed(c);
}

/* By the lot that a unit belongs to. */
static int try_lot(struct work *w, uint64_t id, enum reach *reach)
{
	enum reach of = REACH_NONE;
	struct item it;
	int err = id & NODE_BIT ? SY_ENOTFOUND : item_get(w->tx, id, &it);

	if (err == SY_OK && it.lot != NO_ID)
		err = work_marked(w, it.lot, &of);
	*reach = of > *reach ? of : *reach;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int try_back(struct work *w, uint64_t id)
{
	struct key k = key_u64(id), from;
	struct sy_str value;
	enum reach reach, had = REACH_NONE;
	bool led;
	int err = SY_OK;

	for (uint64_t next = 0; had < farthest(w->c); next++) {
		from = key_u64(next);
		if ((err = kv_seek_value(w->tx, T_BACK, key_str(&k), key_str(&from), &value)))
			break;
		next = sy_get64((const uint8_t *)value.p);
		w->a->work += ++w->steps % STEPS_A_WORK == 0;
		if ((err = work_marked(w, next, &reach)))
			return err;
		if (reach <= had)
			continue;
		if ((err = work_follow(w, next, id, reach, &led)))
			return err;
		had = led ? reach : had;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int work_try(struct work *w)
{
	struct question q;
	enum reach reach;
	bool there = false, full = false;
	int err = w->id & NODE_BIT ? SY_OK : work_is_there(w, w->id, &there);

	if (err || (!there && !(w->id & NODE_BIT)))
		return err ? err : work_leave(w, 0);
	err = work_ask(w, w->id, false, &q);
	if (err == SY_EHALT)
		return recalls_dirty(w->a, w->number);
	if (err || (q.n && (err = work_holds_any(w, w->id, &full))))
		return err;
	for (size_t i = 0; full && i < q.n; i++)
		if ((err = work_question(w, w->id, &q.v[i])))
			return err;
	reach = q.reach;
	if ((err = try_lot(w, w->id, &reach)) || (reach && (err = work_reach(w, w->id, reach))))
		return err;
	if (reach < farthest(w->c) && (err = try_back(w, w->id)))
		return err;
	return work_leave(w, 0);
}

int work_link(struct work *w)
{
	uint64_t to = sy_get64(w->key.b + 17);
	struct key k = key_u64(w->id), value = key_u64(to);
	enum reach reach;
	bool led;
	int err = kv_has_value(w->tx, T_FORWARD, key_str(&k), key_str(&value));

	if (err == SY_OK && (err = work_marked(w, w->id, &reach)) == SY_OK && reach)
		err = work_follow(w, w->id, to, reach, &led);
	return err && err != SY_ENOTFOUND ? err : work_leave(w, 0);
}
