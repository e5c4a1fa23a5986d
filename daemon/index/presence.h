/*
 * Was an item at a place, or with a party, in a time; and when was a container there?  One rule for
 * what a recall marks (closure_seed.c) and for what one would hit (recall/affected.h).
 *
 * There was what an event in force names there within the time, and what one had named there before
 * and hadn't all left by its begin (custody.h says where it was).  A party has what it does
 * something with, but for what it only looks at.  Naming a unit says nothing of its lot.
 */
#ifndef INDEX_PRESENCE_H
#define INDEX_PRESENCE_H

#include "custody.h"

struct presence_ask {
	struct custody_source source;
	/* With the source's context; SY_ENOTFOUND for an item that isn't there. */
	int (*item)(void *ctx, uint64_t id, struct item *out);
	struct place_ids where; /* of a place or a party; borrowed */
	int64_t from, to;       /* ms, both within */
	struct sy_arena *arena; /* is reset for each fold */
};

struct presence {
	bool there;
	bool units; /* some event of any time names units of it there */
};
int presence_find(const struct presence_ask *ask, uint64_t id, struct presence *out);

/* Tells, in order, the parts of the time in which a container that was there stood there: from each
 * of its events to the next one it did or it didn't.  Of one with very many events all the time. */
int presence_stays(const struct presence_ask *ask, uint64_t id,
		   int (*stay)(void *ctx, int64_t from, int64_t to), void *ctx);

#endif
