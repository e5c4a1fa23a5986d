#include "balance_impl.h"

#include <stdlib.h>

/* What went into a transformation, and what came out. */

struct side {
	struct sy_decimal n;
	bool unknown;
	size_t ends; /* records that say of it */
};

struct weighing {
	struct balancing *b;
	uint64_t node;
	char unit[4];
	bool any, disagree;
	struct side in, out;
};

static void weigh(struct weighing *w, struct side *s, const struct item_fact *f)
{
	struct sy_decimal n = f->quantity;

	s->ends++;
	if (!f->has_quantity) {
		s->unknown = true;
		return;
	}
	if (!w->any) {
		w->any = true;
		memcpy(w->unit, units_common(f->unit), strlen(units_common(f->unit)) + 1);
	}
	if (!units_agree(f->unit, w->unit)) {
		w->disagree = true;
		return;
	}
	if (units_turn(f->quantity, f->unit, w->unit, &n) || sy_decimal_add(s->n, n, &s->n))
		s->unknown = true;
}

/* The records by which an item stands in it; none is before its first. */
static int weigh_item(struct weighing *w, struct side *s, uint64_t item, enum item_step step)
{
	struct item_event e;
	int err;

	for (uint64_t from = w->node & ~NODE_BIT;
	     (err = index_history_next(w->b->r, item, from, &e)) == SY_OK; from = e.record + 1) {
		bool yes, alone = false;
		if ((err = balance_step(w->b)))
			return err;
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			const struct item_fact *f = &e.facts[i];
			if (f->step != step || f->role == FACT_MEMBER)
				continue;
			if ((err = index_fact_node(w->b->r, e.record, f, w->node, &yes)))
				return err;
			if (yes)
				weigh(w, s, f);
			alone |= yes && f->group == NO_ID;
		}
		if (alone)
			return SY_OK;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int weigh_side(struct weighing *w, struct side *s, enum index_direction d,
		      enum item_step step)
{
	struct sy_str ids;
	uint64_t *v = NULL;
	size_t n = 0, cap = 0;
	int err;

	/* The ids are borrowed from where histories are read, so they are taken first. */
	for (bool first = true; (err = index_edges(w->b->r, d, w->node, first, &ids)) == SY_OK;
	     first = false)
		for (size_t at = 0; at < ids.n; at += 8) {
			if (n == cap) {
				uint64_t *more = realloc(v, (cap = cap ? cap * 2 : 64) * sizeof *v);
				if (more == NULL) {
					free(v);
					return SY_ENOMEM;
				}
				v = more;
			}
			v[n++] = sy_get64((const uint8_t *)ids.p + at);
		}
	err = err == SY_ENOTFOUND ? SY_OK : err;
	for (size_t i = 0; i < n && err == SY_OK; i++)
		err = weigh_item(w, s, v[i], step);
	free(v);
	return err;
}

static enum balance_verdict verdict(const struct weighing *w)
{
	if (w->disagree)
		return BALANCE_UNITS;
	if (w->in.unknown || w->in.ends == 0)
		return BALANCE_UNKNOWN;
	if (sy_decimal_cmp(w->out.n, w->in.n) > 0)
		return BALANCE_EXCEEDS;
	return w->out.unknown ? BALANCE_UNKNOWN : BALANCE_FITS;
}

static int put(struct balancing *b, const struct balance_change *c)
{
	struct balance *out = b->out;

	out->exceeding += c->verdict == BALANCE_EXCEEDS;
	if (out->n_changes == BALANCE_CHANGES) {
		out->more_changes++;
		/* Those that exceed take the place of one that doesn't. */
		for (size_t i = 0; c->verdict == BALANCE_EXCEEDS && i < out->n_changes; i++)
			if (out->changes[i].verdict != BALANCE_EXCEEDS) {
				out->changes[i] = *c;
				break;
			}
		return SY_OK;
	}
	if (!sy_arena_room(b->arena, &out->changes, &out->cap_changes, out->n_changes + 1,
			   sizeof *out->changes))
		return SY_ENOMEM;
	out->changes[out->n_changes++] = *c;
	return SY_OK;
}

int change_add(struct balancing *b, uint64_t node)
{
	struct weighing w = {.b = b, .node = node};
	struct balance_change c = {.record = node & ~NODE_BIT};
	int err;

	if ((err = weigh_side(&w, &w.in, INDEX_BACK, STEP_CONSUME)) ||
	    (err = weigh_side(&w, &w.out, INDEX_FORWARD, STEP_PRODUCE)))
		return err;
	c.verdict = verdict(&w);
	if (!w.disagree) {
		c.in = w.in.n;
		c.out = w.out.n;
		memcpy(c.unit, w.unit, sizeof c.unit);
	}
	return put(b, &c);
}

static int worst_first(const void *a, const void *b)
{
	const struct balance_change *x = a, *y = b;
	bool p = x->verdict == BALANCE_EXCEEDS, q = y->verdict == BALANCE_EXCEEDS;

	if (p != q)
		return p ? -1 : 1;
	return x->record < y->record ? -1 : x->record > y->record;
}

void changes_sort(struct balance *out)
{
	if (out->n_changes)
		qsort(out->changes, out->n_changes, sizeof *out->changes, worst_first);
}
