#include "common_impl.h"

#include <stdlib.h>

/*
 * What records say of an item, and of the containers that it lay in while it lay in them.
 */

enum { DEPTH = 16 }; /* containers in each other are followed so far */

static int fact_add(struct graph *g, struct facts *to, const struct fact *f)
{
	if (POOL_ROOM(g, to))
		return SY_EHALT;
	to->v[to->n++] = *f;
	return SY_OK;
}

static bool says_where(const struct item_fact *f)
{
	return f->step != STEP_HOLD && f->step != STEP_RELEASE && f->step != STEP_INSPECT;
}

/* What else was packed into a container is nothing to what lies in it. */
static bool is_others(const struct item_fact *f)
{
	return f->role == SY_ROLE_PARENT && (f->step == STEP_PACK || f->step == STEP_UNPACK);
}

static int read_own(struct graph *g, uint64_t id, bool carrier, struct facts *to)
{
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = index_history_next(g->r, id, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if (graph_step(g))
			return SY_EHALT;
		if (e.error || e.withdrawn)
			continue;
		if (!carrier && g->named == NO_ID)
			g->named = e.record;
		for (unsigned i = 0; i < e.n_facts; i++) {
			const struct item_fact *f = &e.facts[i];
			struct fact fact = {.time = f->time,
					    .record = e.record,
					    .party = f->party,
					    .other = f->other,
					    .place = f->place,
					    .group = f->group,
					    .step = (uint8_t)f->step,
					    .own = true,
					    .member = f->role == FACT_MEMBER};
			if (says_where(f) && !(carrier && is_others(f)) && fact_add(g, to, &fact))
				return SY_EHALT;
		}
	}
	return graph_err(g, err);
}

/* --- stays ----------------------------------------------------------------------------------- */

/* In, or out of, a container. */
struct move {
	uint64_t container, record;
	int64_t time;
	bool in;
};
POOL_OF(moves, struct move);

static int by_container(const void *a, const void *b)
{
	const struct move *x = a, *y = b;

	if (x->container != y->container)
		return x->container < y->container ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->record < y->record ? -1 : x->record > y->record;
}

static int move_add(struct graph *g, struct moves *to, uint64_t container, const struct fact *f,
		    bool in)
{
	if (POOL_ROOM(g, to))
		return SY_EHALT;
	to->v[to->n++] = (struct move){container, f->record, f->time, in};
	return SY_OK;
}

/* Of a lot some units of which were taken out, others may still be in. */
static int read_moves(struct graph *g, const struct facts *own, struct moves *to)
{
	for (size_t i = 0; i < own->n; i++) {
		const struct fact *f = &own->v[i];
		bool in = f->step == STEP_PACK;
		if (f->other == NO_ID || (!in && (f->step != STEP_UNPACK || f->member)) ||
		    graph_is_cut(g, f->other))
			continue;
		if (move_add(g, to, f->other, f, in))
			return SY_EHALT;
	}
	return SY_OK;
}

static int carrier_of(struct graph *g, uint64_t id, uint32_t *carrier);

/* While it lay there. */
static int carry(struct graph *g, const struct carrier *c, int64_t came, int64_t went,
		 struct facts *to)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct fact f = g->carried.v[c->first + i];
		f.own = false;
		if (f.time >= came && f.time <= went && (graph_step(g) || fact_add(g, to, &f)))
			return SY_EHALT;
	}
	return SY_OK;
}

/* The stays in one container, whose moves those are. */
static int carry_all(struct graph *g, const struct carrier *c, const struct move *v, size_t n,
		     struct facts *to)
{
	int64_t came = 0;
	bool in = false;

	for (size_t i = 0; i < n; i++) {
		if (in && !v[i].in && carry(g, c, came, v[i].time, to))
			return SY_EHALT;
		if (!in && v[i].in)
			came = v[i].time;
		in = v[i].in;
	}
	return in ? carry(g, c, came, INT64_MAX, to) : SY_OK;
}

/* All was taken out of it at once. */
static int read_clearings(struct graph *g, uint64_t id, const struct carrier *c, struct moves *to)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct fact *f = &g->carried.v[c->first + i];
		if (f->step == STEP_EMPTY && f->own && move_add(g, to, id, f, false))
			return SY_EHALT;
	}
	return SY_OK;
}

static int carry_moves(struct graph *g, struct moves *moves, struct facts *to)
{
	size_t n = moves->n;
	uint32_t carrier;

	if (n)
		qsort(moves->v, n, sizeof *moves->v, by_container);
	for (size_t i = 0, end; i < n; i = end) {
		uint64_t id = moves->v[i].container;
		struct moves one = {0};
		for (end = i + 1; end < n && moves->v[end].container == id;)
			end++;
		if (carrier_of(g, id, &carrier))
			return SY_EHALT;
		if (carrier == NONE)
			continue;
		const struct carrier *c = &g->carriers.v[carrier];
		int err = read_clearings(g, id, c, &one);
		for (size_t k = i; k < end && err == SY_OK; k++)
			if ((err = POOL_ROOM(g, &one)) == SY_OK)
				one.v[one.n++] = moves->v[k];
		if (err == SY_OK) {
			qsort(one.v, one.n, sizeof *one.v, by_container);
			err = carry_all(g, c, one.v, one.n, to);
		}
		g->memory.left += one.cap * sizeof *one.v;
		free(one.v);
		if (err)
			return err;
	}
	return SY_OK;
}

/* Facts of an item's own, which are in OWN, and of its containers behind them. */
static int add_carried(struct graph *g, struct facts *own)
{
	struct moves moves = {0};
	int err = read_moves(g, own, &moves);

	if (err == SY_OK)
		err = carry_moves(g, &moves, own);
	g->memory.left += moves.cap * sizeof *moves.v;
	free(moves.v);
	return err;
}

/* NONE for one that isn't followed. */
static int carrier_of(struct graph *g, uint64_t id, uint32_t *carrier)
{
	struct facts all = {0};
	bool fresh;
	int err;

	*carrier = NONE;
	if (g->depth == DEPTH)
		return SY_OK;
	if (numbers_get(g, &g->carrier_numbers, id, (uint32_t)g->carriers.n, carrier, &fresh))
		return SY_EHALT;
	if (!fresh) {
		if (g->carriers.v[*carrier].busy)
			*carrier = NONE;
		return SY_OK;
	}
	if (POOL_ROOM(g, &g->carriers))
		return SY_EHALT;
	g->carriers.v[g->carriers.n++] = (struct carrier){.busy = true};
	g->depth++;
	if ((err = read_own(g, id, true, &all)) == SY_OK)
		err = add_carried(g, &all);
	g->depth--;
	uint32_t first = (uint32_t)g->carried.n;
	for (size_t i = 0; i < all.n && err == SY_OK; i++)
		err = fact_add(g, &g->carried, &all.v[i]);
	g->carriers.v[*carrier] = (struct carrier){.first = first, .n = (uint32_t)all.n};
	g->memory.left += all.cap * sizeof *all.v;
	free(all.v);
	return err;
}

int facts_read(struct graph *g, uint64_t id)
{
	g->facts.n = 0;
	g->named = NO_ID;
	if (read_own(g, id, false, &g->facts))
		return SY_EHALT;
	return add_carried(g, &g->facts);
}

/* --- what lay in a container ----------------------------------------------------------------- */

static int by_child(const void *a, const void *b)
{
	const struct content *x = a, *y = b;

	if (x->child != y->child)
		return x->child < y->child ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->record < y->record ? -1 : x->record > y->record;
}

POOL_OF(contents, struct content);

static int read_contents(struct graph *g, uint64_t container, struct contents *to)
{
	struct content c = {0};
	int err;

	while ((err = index_contents_next(g->r, container, &c)) == SY_OK) {
		if (graph_step(g) || POOL_ROOM(g, to))
			return SY_EHALT;
		to->v[to->n++] = c;
	}
	return graph_err(g, err);
}

/* When all was taken out for the first time after C. */
static const struct content *cleared_after(const struct content *v, size_t n,
					   const struct content *c)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct content *m = &v[middle];
		if (m->time > c->time || (m->time == c->time && m->record > c->record))
			high = middle;
		else
			low = middle + 1;
	}
	return low < n ? &v[low] : NULL;
}

/* The stays of one child, from its N lines; all that was taken out at once stands in CLEARED. */
static int child_stays(struct graph *g, const struct content *v, size_t n,
		       const struct content *cleared, size_t n_cleared, int64_t from, int64_t to,
		       stay_fn each, void *ctx)
{
	for (size_t i = 0; i < n;) {
		const struct content *in = &v[i++], *out = cleared_after(cleared, n_cleared, in);
		if (!in->added)
			continue;
		while (i < n && v[i].added &&
		       (out == NULL || v[i].time < out->time ||
			(v[i].time == out->time && v[i].record < out->record)))
			i++; /* again what lay there already */
		if (i < n && !v[i].added &&
		    (out == NULL || v[i].time < out->time ||
		     (v[i].time == out->time && v[i].record < out->record)))
			out = &v[i];
		struct stay s = {in->child, in->record, in->time, out ? out->time : INT64_MAX};
		if (s.came <= to && s.went >= from && each(g, &s, ctx))
			return SY_EHALT;
	}
	return SY_OK;
}

int stays_of(struct graph *g, uint64_t container, int64_t from, int64_t to, stay_fn each, void *ctx)
{
	struct contents all = {0};
	size_t n, cleared;
	int err = read_contents(g, container, &all);

	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_child);
	for (n = all.n; n > 0 && all.v[n - 1].child == NO_ID;)
		n--;
	cleared = all.n - n;
	for (size_t i = 0, end; i < n && err == SY_OK; i = end) {
		for (end = i + 1; end < n && all.v[end].child == all.v[i].child;)
			end++;
		err = child_stays(g, all.v + i, end - i, all.v + n, cleared, from, to, each, ctx);
	}
	g->memory.left += all.cap * sizeof *all.v;
	free(all.v);
	return err;
}
