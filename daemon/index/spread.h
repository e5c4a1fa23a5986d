/*
 * What a recall under way will mark, found before the marks are written; private to the room.
 *
 * The follower walks forward of what is known to be marked, in memory (closure_spread.c), which
 * takes a small part of the time that the marks take.  What it found is true of every snapshot that
 * stands in the same entry, at the same record: the graph doesn't change until all is marked.
 * Readers share it then: nothing of it changes any more, and the last who holds it frees it.
 */
#ifndef INDEX_SPREAD_H
#define INDEX_SPREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Dense ids: a bit each, in pages that are made where there are any. */
struct idset {
	uint64_t **pages;
	size_t n;
};
bool idset_has(const struct idset *s, uint64_t id);
int idset_add(struct idset *s, uint64_t id); /* SY_ENOMEM */
void idset_drop(struct idset *s, uint64_t id);
bool idset_next(const struct idset *s, uint64_t *id); /* the first from *ID on */
void idset_free(struct idset *s);

enum { SPREAD_SINCE, SPREAD_ALL, SPREAD_REACHES }; /* as enum reach, without none */
struct spread {
	atomic_uint refs;
	uint64_t number; /* of the case */
	uint32_t gen;
	uint64_t position, within; /* where the index stood */
	bool alone;                /* nothing else that is under way marks more */
	struct idset items[SPREAD_REACHES], nodes[SPREAD_REACHES];
	struct idset lots; /* of which units are reached */

	/* The walk, until it is done. */
	bool done, through;       /* THROUGH: through what is marked already as well */
	uint64_t *now, *next;     /* ids of this level, in order, and of the next */
	size_t n_now, n_next, at; /* those before AT are done */
	size_t cap_now, cap_next;
	size_t level;   /* ids in one of them at most */
	unsigned reach; /* which of them is walked */
};
struct spread *spread_new(void); /* held once; NULL: no memory */
void spread_hold(struct spread *s);
void spread_release(struct spread *s);                                /* NULL is fine */
bool spread_has(const struct spread *s, uint64_t id, unsigned reach); /* so far, or farther */
int spread_add(struct spread *s, uint64_t id, unsigned reach);
void spread_drop(struct spread *s, uint64_t id);
/* The first id from *ID on, items before nodes, and how far it is followed. */
bool spread_next(const struct spread *s, uint64_t *id, unsigned *reach);
/* To the next level.  SY_ETOOBIG: that would be longer than it may be. */
int spread_put(struct spread *s, uint64_t id);
bool spread_turn(struct spread *s);   /* that level is the one at hand; false when it is empty */
void spread_walked(struct spread *s); /* the walk's memory isn't needed any more */

#endif
