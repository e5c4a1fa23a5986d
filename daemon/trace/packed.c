#include "walk.h"

#include <stdlib.h>

/* A walk that will read much of the graph takes it into memory: in one sweep, which costs a
 * fraction of as many look-ups. */

enum { WORD = 64 };

static void give_back(struct memory *m, void *p, size_t cap, size_t size)
{
	free(p);
	m->left += cap * size;
}

void packed_free(struct memory *m, struct packed *p)
{
	for (int i = 0; i < 2; i++)
		give_back(m, p->ranks[i].v, p->ranks[i].cap, sizeof *p->ranks[i].v);
	give_back(m, p->begin, p->cap, sizeof *p->begin);
	give_back(m, p->to, p->cap_to, sizeof *p->to);
	*p = (struct packed){0};
	m->packed = NULL;
}

/* Room for the word of that id, and those before it. */
static int words_room(struct memory *m, struct ranks *r, size_t word)
{
	size_t had = r->cap;
	int err = memory_room(m, &r->v, &r->cap, word + 1, sizeof *r->v);

	if (err == SY_OK)
		memset(r->v + had, 0, (r->cap - had) * sizeof *r->v);
	return err;
}

/* The next id, which is above all others of its kind. */
static int add_key(struct memory *m, struct packed *p, uint64_t id)
{
	struct ranks *r = &p->ranks[(id & NODE_BIT) != 0];
	size_t word = (size_t)((id & ~NODE_BIT) / WORD);
	int err = SY_OK;

	if (word >= r->cap)
		err = words_room(m, r, word);
	if (err == SY_OK)
		err = memory_room(m, &p->begin, &p->cap, p->n + 2, sizeof *p->begin);
	if (err)
		return err;
	if (r->v[word].bits == 0)
		r->v[word].before = (uint32_t)p->n;
	r->v[word].bits |= (uint64_t)1 << id % WORD;
	p->begin[p->n++] = (uint32_t)p->n_to;
	return SY_OK;
}

static int add_ids(struct packed *p, struct sy_str ids)
{
	if (ids.n / 8 > p->cap_to - p->n_to)
		return SY_ECORRUPT;
	for (size_t at = 0; at + 8 <= ids.n; at += 8) {
		uint64_t to = sy_get64((const uint8_t *)ids.p + at);
		if ((to & ~NODE_BIT) >= PACKED_NODE)
			return SY_ETOOBIG;
		p->to[p->n_to++] = (uint32_t)to | (to & NODE_BIT ? PACKED_NODE : 0);
	}
	return SY_OK;
}

static int take(void *ctx, struct sy_str key, struct sy_str ids)
{
	struct walk *w = ctx;
	struct packed *p = &w->packed;
	int err = key.n == 8 ? walk_step(w) : SY_ECORRUPT;

	if (err)
		return err;
	uint64_t id = sy_get64((const uint8_t *)key.p);
	if (p->n == 0 || id != w->packed_last)
		err = add_key(&w->memory, p, id);
	w->packed_last = id;
	return err ? err : add_ids(p, ids);
}

static int read_all(struct walk *w, struct packed *p)
{
	uint64_t n = index_edges_count(w->r, w->ask->direction);
	int err = n < UINT32_MAX ? SY_OK : SY_ETOOBIG;

	if (err == SY_OK)
		err = memory_room(&w->memory, &p->to, &p->cap_to, n, sizeof *p->to);
	if (err == SY_OK)
		err = index_edges_sweep(w->r, w->ask->direction, take, w);
	if (err == SY_OK && p->n)
		p->begin[p->n] = (uint32_t)p->n_to; /* for which add_key kept room */
	return err;
}

int packed_read(struct walk *w)
{
	int err = read_all(w, &w->packed);

	w->packed_once = true;
	if (err)
		packed_free(&w->memory, &w->packed);
	else
		w->memory.packed = &w->packed;
	return err == SY_ETOOBIG ? SY_OK : err;
}
