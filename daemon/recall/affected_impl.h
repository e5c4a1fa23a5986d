/*
 * A search for what is affected; private to affected*.c.
 *
 * Functions return SY_OK, an error, or SY_EHALT once it was cut.
 */
#ifndef RECALL_AFFECTED_IMPL_H
#define RECALL_AFFECTED_IMPL_H

#include "affected.h"

struct ids {
	uint64_t *v;
	size_t n, cap;
};

struct totals {
	struct affected_total *v;
	size_t n, cap;
	uint32_t *slots; /* by hash: which of V, counted from 1 */
	size_t n_slots;
};

struct search {
	struct index_read *r;
	const struct affected_ask *ask;
	struct affected *out;
	size_t left; /* bytes that may still be taken */
	/* ms, monotonic: a third of the time is for what is in question, one to walk from there,
	 * one for the holders. */
	uint64_t began, due;
	unsigned steps;
	struct sy_arena arena; /* of one fold */

	struct ids starts; /* of the walk at hand */
	struct trace_opening *openings;
	size_t n_openings, cap_openings;

	size_t n_packed, cap_packed, cap_ends;
	struct totals totals;
	struct ids consignees;
	size_t settled;  /* of them, each once */
	struct ids lots; /* of the items, sorted: made when a unit asks for its lot */
	bool lots_known;
};

uint64_t affected_now(void);                           /* ms, monotonic */
int search_stop(struct search *s, enum trace_cut cut); /* SY_EHALT */
/* After every step: time and patience. */
int search_step(struct search *s);
/* Room for NEED elements of SIZE in *P, the address of a pointer, which has *CAP. */
int search_room(struct search *s, void *p, size_t *cap, size_t need, size_t size);
int search_add(struct search *s, struct ids *ids, uint64_t id);
void search_sort(struct ids *ids); /* each once */

/* affected_start.c: what is in question, into s->starts and s->openings. */
int starts_of_product(struct search *s);
int starts_of_place(struct search *s);
int starts_of_containers(struct search *s);

/* affected_holders.c: who has what, packed and added up. */
int holders_find(struct search *s);

#endif
