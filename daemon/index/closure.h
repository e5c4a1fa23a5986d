/*
 * Working off what is to be marked; private to closure*.c.
 */
#ifndef INDEX_CLOSURE_H
#define INDEX_CLOSURE_H

#include "apply.h"

/* When a container was emptied, in order; of the one that was asked for last. */
struct cleared {
	uint64_t of; /* NO_ID: none was */
	struct content *v;
	size_t n, cap;
	struct sy_arena arena;
};

/* A time for which what lay in a container is in question, both ends within. */
struct window {
	int64_t from, to;
	enum reach reach;
};
/* What says that an item is marked, but for what it was made of: its own code, its being at the
 * place, the containers in which it lay.  And when what lay in it is in question. */
struct question {
	enum reach reach;
	struct window *v;
	size_t n, cap;
};

/* One row of work at hand; C is NULL when the case marks nothing any more. */
struct work {
	struct apply *a;
	struct kv_tx *tx;
	struct recall_case *c;
	struct key key;
	uint64_t number, id, from, until;
	struct key place;      /* the row's value, when it is more than a number */
	unsigned steps, grown; /* GROWN: edges that were followed one by one */
	/* What doesn't change while work is done, since no record is applied meanwhile. */
	struct cleared cleared;
	struct {
		uint64_t number, id; /* NO_ID: none was asked for */
		struct question q;
		struct sy_arena arena;
	} outer;               /* the container that was asked for last */
	unsigned asked;        /* containers, for one item */
	uint64_t records;      /* only those before are asked */
	struct sy_arena arena; /* of one item */
	struct sy_arena fold;
};

/* After every step: is it time to leave?  A mark takes a quarter of what a mention of an item does,
 * so that a commit has more of them. */
enum { STEPS_A_WORK = 4 };
static inline bool work_full(struct work *w)
{
	w->a->work += ++w->steps % STEPS_A_WORK == 0;
	return w->a->work >= w->until;
}
/* Takes out what is to do of a case.  *LEFT: the work at hand is full, and there may be more of it;
 * with NULL all of it goes at once. */
int work_drop(struct work *w, enum todo what, bool *left);
/* The row is done, or goes on at FROM, or behind a line of a container's contents. */
int work_leave(struct work *w, uint64_t from);
int work_leave_line(struct work *w, const struct content *line);
struct content work_line(const struct work *w); /* where it goes on */

/* Something is reached: marked at once when nothing is reached from it, else later. */
int work_reach(struct work *w, uint64_t id, enum reach reach);
/* Does an edge from FROM, which is marked so, lead to TO, or had that been made before? */
int work_leads(struct work *w, uint64_t from, uint64_t to, enum reach reach, bool *led);
/* Both: what it leads to is reached. */
int work_follow(struct work *w, uint64_t from, uint64_t to, enum reach reach, bool *led);
/* The mark of this generation; REACH_NONE when there is none. */
int work_marked(struct work *w, uint64_t id, enum reach *reach);
/* Marks it so, unless it is. */
int work_mark(struct work *w, uint64_t id, enum reach reach);
int work_is_there(struct work *w, uint64_t id, bool *there);

/* closure_open.c */
int work_open(struct work *w);
/* Are contents told of it? */
int work_holds_any(struct work *w, uint64_t id, bool *any);
/* Opens a container for a time, unless it was. */
int work_question(struct work *w, uint64_t id, const struct window *time);
/* Tells when the item lay in the container, in order; OUT is INT64_MAX for ever. */
typedef int (*stay_fn)(void *ctx, int64_t in, int64_t out);
int work_stays(struct work *w, uint64_t item, uint64_t container, stay_fn stay, void *ctx);

/* closure_seed.c: goes through a scope; looks whether one was at its place. */
int work_seed(struct work *w);
int work_placed(struct work *w);
enum reach recall_placed(const struct recall_case *c); /* of what was there */

/* closure_try.c */
/* In w->arena.  ALONE: without the containers around it.  SY_EHALT: there are too many. */
int work_ask(struct work *w, uint64_t id, bool alone, struct question *out);
int work_try(struct work *w);
int work_link(struct work *w);
/* closure_spread.c */
int work_spread(struct work *w);
/* closure_doubt.c */
int work_moved(struct work *w);
int work_doubt(struct work *w);

#endif
