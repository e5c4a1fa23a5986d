#include "walk.h"

/* From the items of one level to those of the next. */

static int vias_room(struct walk *w, size_t need)
{
	const size_t size = sizeof *w->vias;
	int err;

	if (need <= w->cap_vias && w->cap_vias <= w->cap_vias_spare)
		return SY_OK;
	err = memory_room(&w->memory, &w->vias, &w->cap_vias, need, size);
	if (err == SY_OK)
		err =
		    memory_spare(&w->memory, &w->vias_spare, &w->cap_vias_spare, w->cap_vias, size);
	return walk_room(w, err);
}

static int add_via(struct walk *w, uint64_t node, uint32_t from)
{
	bool fresh = true;
	int err = walk_step(w);

	if (err == SY_OK && !w->windowed)
		err = walk_room(w, bits_add(&w->memory, &w->nodes, node & ~NODE_BIT, &fresh));
	if (err || !fresh)
		return err;
	if ((err = vias_room(w, w->n_vias + 1)))
		return err;
	w->vias[w->n_vias++] = (struct via){node, from};
	return SY_OK;
}

/* One of the ids that an item or a node leads to. */
static int lead(struct walk *w, uint64_t id, uint64_t to, uint32_t from)
{
	if (to & NODE_BIT)
		return add_via(w, to, from);
	return walk_reach(w, to, from, id & NODE_BIT ? TRACE_TRANSFORM : TRACE_MEMBER, id);
}

/* Those after the first SKIP. */
static int follow_index(struct walk *w, uint64_t id, uint32_t from, size_t skip)
{
	struct sy_str ids;
	int err;

	for (bool first = true;
	     (err = index_edges(w->r, w->ask->direction, id, first, &ids)) == SY_OK;
	     first = false) {
		size_t n = ids.n / 8, at = skip < n ? skip : n;
		skip -= at;
		w->n_read += n;
		for (; at < n && err == SY_OK; at++)
			err = lead(w, id, sy_get64((const uint8_t *)ids.p + at * 8), from);
		if (err)
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* How many of them, before the memory was needed for something else, goes to DONE. */
static int follow_packed(struct walk *w, uint64_t id, uint32_t from, size_t *done)
{
	uint32_t at, end, begin;
	int err = SY_OK;

	if (!packed_edges(&w->packed, id, &begin, &end))
		return SY_OK;
	for (at = begin; at < end && err == SY_OK && w->packed.n; at++) {
		uint32_t to = w->packed.to[at];
		err = lead(w, id, to & PACKED_NODE ? NODE_BIT | (to & ~PACKED_NODE) : to, from);
	}
	*done = at - begin;
	return err;
}

/* What an item or a node leads to; an item to nodes, and to its units. */
static int follow(struct walk *w, uint64_t id, uint32_t from)
{
	size_t done = 0;

	if (w->packed.n) {
		int err = follow_packed(w, id, from, &done);
		if (err || w->packed.n)
			return err;
	}
	return follow_index(w, id, from, done);
}

static int follow_lot(struct walk *w, uint32_t i)
{
	struct item it;
	int err = index_item(w->r, w->items[i].id, &it);

	if (err || it.lot == NO_ID)
		return err == SY_ENOTFOUND ? SY_OK : err;
	return walk_reach(w, it.lot, i, TRACE_MEMBER, NO_ID);
}

/* Of a node that several items led to at once the first that did so in the time asked for. */
static int follow_vias(struct walk *w)
{
	uint64_t record = NO_ID;
	bool fresh = true;
	int err = SY_OK;

	trace_sort(w->vias, w->n_vias, sizeof *w->vias, w->vias_spare);
	for (size_t i = 0; i < w->n_vias && err == SY_OK; i++) {
		const struct via *v = &w->vias[i];
		if (w->windowed) {
			uint64_t node = v->node & ~NODE_BIT;
			if (bits_has(&w->nodes, node))
				continue;
			err = record_said(w, w->items[v->from].id, role_into(w), v->node, &record);
			if (err == SY_OK && record == NO_ID)
				err = walk_left_out(w, v->node);
			if (record == NO_ID)
				continue;
			if (err == SY_OK)
				err = walk_room(w, bits_add(&w->memory, &w->nodes, node, &fresh));
		}
		if (err == SY_OK)
			err = follow(w, v->node, v->from);
	}
	w->n_vias = 0;
	return err;
}

/* --- when it pays to read all edges at once -----------------------------------------------------
 */

enum {
	/* Of all edges: to look up so many costs a third of a sweep over all; and a walk that
	 * widens has most of its way before it. */
	PART = 12,
	SAMPLES = 64,  /* items of a level that are looked at */
	NODES = 4,     /* and nodes that one of them leads to */
	APART = 4,     /* items that lie closer are walked to, as in a sweep */
	EDGES_MAX = 64 /* of one item, for a guess */
};

/* Edges of ID, and the first nodes that it leads to. */
static int count_edges(struct walk *w, uint64_t id, uint64_t *n, uint64_t nodes[NODES],
		       unsigned *n_nodes)
{
	struct sy_str ids;
	int err = index_edges(w->r, w->ask->direction, id, true, &ids);

	*n = *n_nodes = 0;
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	*n = ids.n / 8;
	for (size_t at = 0; at < ids.n && *n_nodes < NODES; at += 8) {
		uint64_t to = sy_get64((const uint8_t *)ids.p + at);
		if (to & NODE_BIT)
			nodes[(*n_nodes)++] = to;
	}
	return SY_OK;
}

/* Of one item and of the nodes that it leads to, about. */
static int guess_edges(struct walk *w, uint64_t id, uint64_t *n)
{
	uint64_t nodes[NODES], none[NODES], behind = 0, more;
	unsigned n_nodes, n_none;
	int err = count_edges(w, id, n, nodes, &n_nodes);

	for (unsigned i = 0; i < n_nodes && err == SY_OK; i++) {
		err = count_edges(w, nodes[i], &more, none, &n_none);
		behind += more;
	}
	*n = *n < EDGES_MAX ? *n : EDGES_MAX;
	if (n_nodes)
		*n += *n * behind / n_nodes;
	return err;
}

static int guess_level(struct walk *w, size_t begin, size_t end, uint64_t *n)
{
	size_t items = end - begin, samples = items < SAMPLES ? items : SAMPLES;
	uint64_t one;
	int err = SY_OK;

	*n = 0;
	for (size_t i = 0; i < samples && err == SY_OK; i++) {
		err = guess_edges(w, w->items[begin + items * i / samples].id, &one);
		*n += one;
	}
	if (samples)
		*n = *n * items / samples;
	return err;
}

/* Will many edges have been read when the level of those items was followed? */
static int pays(struct walk *w, size_t begin, size_t end, bool *yes)
{
	uint64_t all = index_edges_count(w->r, w->ask->direction), n;
	size_t items = end - begin;
	int err;

	*yes = w->n_read >= w->ask->pack_after;
	if (w->ask->pack_after || items == 0)
		return SY_OK;
	*yes = w->n_read * PART >= all;
	if (*yes || items * EDGES_MAX * PART < all ||
	    w->items[end - 1].id - w->items[begin].id < items * APART)
		return SY_OK;
	err = guess_level(w, begin, end, &n);
	*yes = (w->n_read + n) * PART >= all;
	return err;
}

static int pack(struct walk *w, size_t begin, size_t end)
{
	bool yes;
	int err;

	if (w->packed_once)
		return SY_OK;
	err = pays(w, begin, end, &yes);
	return err || !yes ? err : packed_read(w);
}

int follow_level(struct walk *w, size_t begin, size_t end)
{
	int err = pack(w, begin, end);

	w->level++;
	for (size_t i = begin; i < end && err == SY_OK; i++) {
		err = follow(w, w->items[i].id, (uint32_t)i);
		if (err == SY_OK && w->ask->direction == INDEX_BACK)
			err = follow_lot(w, (uint32_t)i);
	}
	if (err == SY_OK)
		err = follow_vias(w);
	return err ? err : contents_open(w);
}
