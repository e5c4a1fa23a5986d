#include "walk.h"

#include <stdlib.h>

enum { SLOTS_MIN = 64 };

static size_t slot_of(const struct actors *a, uint64_t id, bool place)
{
	uint64_t h = (id * 2 + place) * 0x9e3779b97f4a7c15;

	return (size_t)(h >> 32) & (a->n_slots - 1);
}

/* Where that actor is, or the empty slot where it belongs. */
static uint32_t *find(const struct actors *a, uint64_t id, bool place)
{
	size_t i = slot_of(a, id, place);

	while (a->slots[i] &&
	       (a->v[a->slots[i] - 1].id != id || a->v[a->slots[i] - 1].place != place))
		i = (i + 1) & (a->n_slots - 1);
	return &a->slots[i];
}

/* Less than half of the slots are taken. */
static int slots_room(struct memory *m, struct actors *a)
{
	size_t had = a->n_slots;
	int err;

	if ((a->n + 1) * 2 < had)
		return SY_OK;
	err = memory_room(m, &a->slots, &a->n_slots, had ? had * 2 : SLOTS_MIN, sizeof *a->slots);
	if (err)
		return err;
	memset(a->slots, 0, a->n_slots * sizeof *a->slots);
	for (size_t i = 0; i < a->n; i++)
		*find(a, a->v[i].id, a->v[i].place) = (uint32_t)i + 1;
	return SY_OK;
}

int actors_meet(struct memory *m, struct actors *a, const struct trace_actor *met)
{
	uint32_t *slot = a->last[met->place] ? &a->last[met->place] : NULL;
	int err;

	/* Mostly it is the one that was met last. */
	if (slot && a->v[*slot - 1].id == met->id && a->v[*slot - 1].from <= met->from)
		return SY_OK;
	if ((err = slots_room(m, a)))
		return err;
	slot = find(a, met->id, met->place);
	if (*slot) {
		struct trace_actor *had = &a->v[*slot - 1];
		if (met->from < had->from)
			*had = *met;
		a->last[met->place] = *slot;
		return SY_OK;
	}
	if ((err = memory_room(m, &a->v, &a->cap, a->n + 1, sizeof *a->v)))
		return err;
	a->v[a->n++] = *met;
	*slot = a->last[met->place] = (uint32_t)a->n;
	return SY_OK;
}

int actors_meet_all(struct memory *m, struct actors *a, const struct actors *met)
{
	int err = SY_OK;

	for (size_t i = 0; i < met->n && err == SY_OK; i++)
		err = actors_meet(m, a, &met->v[i]);
	return err;
}

static int by_from(const void *a, const void *b)
{
	const struct trace_actor *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->place != y->place)
		return x->place ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

void actors_sort(struct actors *a)
{
	if (a->n)
		qsort(a->v, a->n, sizeof *a->v, by_from);
}

void actors_free(struct actors *a)
{
	free(a->v);
	free(a->slots);
	*a = (struct actors){0};
}
