/*
 * Which recalls cover an item, as index.h's marks say; for a code that nobody registered, and for a
 * product, which ones name it.
 */
#ifndef RECALL_COVERING_H
#define RECALL_COVERING_H

#include "index/index.h"

struct covering {
	struct index_recall recall; /* borrowed from the snapshot */
	bool partial;               /* of what was asked some units alone */
	bool named;   /* no mark says so: its scope names the code, or the code's product */
	bool product; /* the product alone: whether the thing is meant nobody knows */
};

struct coverings {
	struct covering *v; /* in the arena; oldest case first */
	size_t n, cap;
};

/* Adds the recalls that mark an item. */
int covering_item(struct index_read *r, struct sy_arena *arena, uint64_t item,
		  struct coverings *out);
/*
 * Adds those in force whose scope names the code, its lot or its product: all of the product, or
 * made on a day that the label says.  When the days are unknown, `product`, and only of open ones.
 */
int covering_code(struct index_read *r, struct sy_arena *arena, const struct sy_code *code,
		  struct coverings *out);
/*
 * While marks are under way (index_marking): adds those that a walk back from the item comes to, by
 * what is marked already and what the scopes of those under way name.  It takes about a hundred
 * steps at most.  *WHOLE: it wasn't cut, and those under way name lots alone, so that what wasn't
 * found doesn't cover the item; which units of a lot are covered it doesn't say.
 */
int covering_behind(struct index_read *r, struct sy_arena *arena, uint64_t item,
		    struct coverings *out, bool *whole);

#endif
