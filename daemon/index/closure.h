/*
 * Working off what is to be marked; private to closure*.c.
 */
#ifndef INDEX_CLOSURE_H
#define INDEX_CLOSURE_H

#include "apply.h"

/* One row of work at hand; C is NULL when the case marks nothing any more. */
struct work {
	struct apply *a;
	struct kv_tx *tx;
	struct recall_case *c;
	struct key key;
	uint64_t number, id, from, until;
	struct key place; /* in a scope */
	unsigned steps;
};

/* After every step: is it time to leave?  A mark takes a quarter of what a mention of an item does,
 * so that a commit has more of them. */
enum { STEPS_A_WORK = 4 };
static inline bool work_full(struct work *w)
{
	w->a->work += ++w->steps % STEPS_A_WORK == 0;
	return w->a->work >= w->until;
}
/* The row is done, or goes on at FROM. */
int work_leave(struct work *w, uint64_t from);
/* Something is reached: marked at once when nothing is reached from it, else later. */
int work_reach(struct work *w, uint64_t id);

/* closure_open.c: TODO_OPEN. */
int work_open(struct work *w);
/* closure_seed.c: TODO_SEED, whose row says how far it went, and TODO_TRY. */
int work_seed(struct work *w, struct sy_str row);
int work_seed_if_there(struct work *w, uint64_t id);

#endif
