/*
 * Marks very many at once.  What is reached is found first, in memory, level by level and each in
 * order of id, as a reader's walk goes; readers have it from then on (spread.h).  Then the marks
 * are written in order of id, which LMDB takes several times as fast as in the order of the graph.
 *
 * Nothing of the walk is kept: whoever is killed meanwhile walks again, through what is marked
 * already, since what is reached from that may not be.
 */
#include "closure.h"

#include "spread.h"

enum {
	EDGES_A_WORK = 64,
	FEW_MARKED = 4096, /* of a case: it isn't looked up whether an item is marked already */
	GROW_KEY = 18
};

/* The row's value: 0 while it is walked, then the next id to be marked and 1, then this: the rows
 * are taken out of what has grown. */
#define MARKED_ALL UINT64_MAX

/* --- the walk -------------------------------------------------------------------------------- */

static void count_edge(struct work *w)
{
	w->a->work += ++w->steps % EDGES_A_WORK == 0;
}

static int visit(struct work *w, struct spread *s, uint64_t id, bool marked)
{
	enum reach reach = (enum reach)(s->reach + 1), had = REACH_NONE;
	int err = SY_OK;

	if (spread_has(s, id, s->reach))
		return SY_OK;
	if (!s->through && !marked)
		err = work_marked(w, id, &had);
	if (err || had >= reach)
		return err;
	err = spread_add(s, id, s->reach);
	return err ? err : spread_put(s, id);
}

/* What grows so far.  One whose growth was begun is marked. */
static int load(struct work *w, struct spread *s)
{
	struct key k = todo_key(TODO_GROW, w->number);
	struct sy_str key, value;
	int err;

	for (err = kv_seek(w->tx, T_TODO, key_str(&k), &key, &value); err == SY_OK;
	     err = kv_next(w->tx, T_TODO, &key, &value)) {
		const uint8_t *p = (const uint8_t *)key.p;
		if (key.n < k.n || memcmp(p, k.b, k.n))
			return SY_OK;
		if (key.n != GROW_KEY || value.n != 8)
			return SY_ECORRUPT;
		count_edge(w);
		bool begun = sy_get64((const uint8_t *)value.p) > 0;
		if (p[17] == s->reach + 1 && (err = visit(w, s, sy_get64(p + 9), begun)))
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int walk_values(struct work *w, struct spread *s, uint64_t id, struct sy_str to)
{
	enum reach reach = (enum reach)(s->reach + 1);
	int err = SY_OK;
	bool led;

	for (size_t i = 0; i + 8 <= to.n && err == SY_OK; i += 8) {
		uint64_t next = sy_get64((const uint8_t *)to.p + i);
		count_edge(w);
		if (spread_has(s, next, s->reach))
			continue;
		if ((err = work_leads(w, id, next, reach, &led)) == SY_OK && led)
			err = visit(w, s, next, false);
	}
	return err;
}

/* What leads on and isn't there any more is neither marked nor followed, as where it grows alone.
 */
static int is_reached(struct work *w, struct spread *s, uint64_t id, bool leads, bool *yes)
{
	struct item it;
	int err = id & NODE_BIT ? SY_OK : item_get(w->tx, id, &it);

	*yes = err == SY_OK || !leads;
	if (err == SY_ENOTFOUND && leads)
		spread_drop(s, id);
	if (err || id & NODE_BIT || it.lot == NO_ID)
		return err == SY_ENOTFOUND ? SY_OK : err;
	return idset_add(&s->lots, it.lot);
}

static int walk_one(struct work *w, struct spread *s, struct kv_place *at, uint64_t id)
{
	struct key k = key_u64(id);
	struct sy_str to;
	bool leads, yes;
	int err = kv_place_seek(w->tx, at, key_str(&k));

	if (err && err != SY_ENOTFOUND)
		return err;
	leads = err == SY_OK && sy_str_eq(at->key, key_str(&k));
	count_edge(w);
	if ((err = is_reached(w, s, id, leads, &yes)) || !yes || !leads)
		return err;
	err = kv_place_values(w->tx, at, &to);
	while (err == SY_OK && (err = walk_values(w, s, id, to)) == SY_OK)
		err =
		    at->whole ? SY_ENOTFOUND : kv_values(w->tx, T_FORWARD, SY_STR(""), false, &to);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* What is followed into all is followed first. */
static int next_level(struct work *w, struct spread *s)
{
	if (spread_turn(s))
		return SY_OK;
	s->done = s->reach == SPREAD_SINCE;
	s->reach = SPREAD_SINCE;
	return s->done ? SY_OK : load(w, s);
}

/* --- begin and end of it --------------------------------------------------------------------- */

static void forget(struct apply *a)
{
	spread_release(a->spread);
	a->spread = NULL;
}

static bool is_of(const struct spread *s, const struct work *w)
{
	const struct state *st = &w->a->st;

	return s && s->number == w->number && s->gen == w->c->gen && s->position == st->position &&
	       s->within == st->within;
}

static int begin(struct work *w)
{
	const struct state *st = &w->a->st;
	struct spread *s;

	if (is_of(w->a->spread, w))
		return SY_OK;
	forget(w->a);
	if ((s = w->a->spread = spread_new()) == NULL)
		return SY_ENOMEM;
	s->number = w->number;
	s->gen = w->c->gen;
	s->position = st->position;
	s->within = st->within;
	s->through = w->from || w->c->items <= FEW_MARKED;
	s->reach = SPREAD_ALL;
	s->level = w->a->level;
	return load(w, s);
}

/* What comes before it is done, and of its own case it marks all there is. */
static int marks_alone(struct work *w, bool *alone)
{
	struct key others = todo_key(TODO_GROW, w->number + 1);
	struct sy_str key, value;
	int err = kv_seek(w->tx, T_TODO, key_str(&others), &key, &value);

	*alone = err == SY_ENOTFOUND || (err == SY_OK && (uint8_t)key.p[0] != TODO_GROW);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Readers get it with the commit, which is made at once. */
static int found(struct work *w, struct spread *s)
{
	int err = marks_alone(w, &s->alone);

	spread_walked(s);
	if (w->until != UINT64_MAX) /* and somebody may read it */
		w->a->work = w->a->work < w->until ? w->until : w->a->work;
	return err || w->from ? err : work_leave(w, 1);
}

/* One by one then.  Where marks were written in order of id, what grows doesn't tell any more what
 * is missing. */
static int go_slowly(struct work *w)
{
	int err = w->from ? recalls_dirty(w->a, w->number) : SY_OK;

	forget(w->a);
	w->a->slowly = w->a->st.position + 1;
	return err ? err : work_leave(w, 0);
}

static int walk_on(struct work *w)
{
	struct kv_place at = {.table = T_FORWARD};
	int err = begin(w);
	struct spread *s = w->a->spread;

	while (err == SY_OK && !s->done && w->a->work < w->until)
		err = s->at < s->n_now ? walk_one(w, s, &at, s->now[s->at++]) : next_level(w, s);
	if (err == SY_ETOOBIG)
		return go_slowly(w);
	return err || !s->done ? err : found(w, s);
}

/* --- the marks ------------------------------------------------------------------------------- */

static int drop_grown(struct work *w)
{
	bool left;
	int err = work_drop(w, TODO_GROW, &left);

	if (err || left)
		return err;
	forget(w->a);
	return work_leave(w, 0);
}

static int write_on(struct work *w)
{
	const struct spread *s = w->a->spread;
	uint64_t id = w->from - 1;
	unsigned reach;
	int err;

	for (; spread_next(s, &id, &reach); id++) {
		if ((err = work_mark(w, id, (enum reach)(reach + 1))))
			return err;
		if (work_full(w))
			return work_leave(w, id + 2);
	}
	return work_leave(w, MARKED_ALL);
}

int work_spread(struct work *w)
{
	if (w->from == MARKED_ALL)
		return drop_grown(w);
	return w->from && is_of(w->a->spread, w) && w->a->spread->done ? write_on(w) : walk_on(w);
}
