/*
 * What lies upstream of some codes, read once into arrays, and tours of it, one a code; private to
 * common*.c.
 *
 * A thing is an item.  It has a slot for each party that its records name, with the entries of that
 * party; a change is a transformation, with what went into it.  Parties and places have numbers of
 * their own.  The entries of a thing are what its own records and those of its containers say.
 */
#ifndef TRACE_COMMON_IMPL_H
#define TRACE_COMMON_IMPL_H

#include "common.h"
#include "walk.h"

#define NONE UINT32_MAX
#define ALL (UINT32_MAX - 1) /* no number is more */

enum entry_what {
	ENTRY_HERE,    /* the party did something with it, at PLACE */
	ENTRY_NAMED,   /* a receipt says that it came from the party */
	ENTRY_CREATED, /* the party made it */
	ENTRY_CAME,    /* the party received it, from OTHER */
	ENTRY_SENT,    /* OTHER shipped it to the party, from PLACE */
	ENTRY_OPEN     /* the party shipped it to nobody who is named */
};

struct entry {
	int64_t time;
	uint64_t record;
	uint32_t party, other, place; /* actors, or NONE */
	uint8_t what;
	bool leaves;  /* of HERE: shipped, sold, used up */
	bool dropped; /* by or at what is cut */
};

struct slot {
	uint32_t party, first, n; /* entries by what, other, place, time and record */
};

/* A record by which a thing came out of a change, or went into it. */
struct end {
	uint64_t record, group; /* NO_ID: it has none */
	int64_t time;
	uint32_t party, change; /* CHANGE of what it came out of */
};

struct thing {
	uint64_t id, record; /* its registration, else the first that names it */
	uint32_t first_slot, n_slots;
	uint32_t first_made, n_made, first_used, n_used; /* ends, by record */
	uint32_t lot;                                    /* of a unit, or NONE */
	bool cut, has_open;                              /* HAS_OPEN: an ENTRY_OPEN */
};

/* What lay in a container that is one of the codes, or in one that lay there. */
struct inside {
	uint64_t record;
	int64_t until;
	uint32_t code, thing, level;
};

struct input {
	uint64_t record;
	int64_t time;
	uint32_t thing, slot;
};

struct change {
	uint64_t node;
	uint32_t first_id, n_ids, first_input, n_inputs;
	bool alone; /* it is one event's */
};

/* Something that was delivered to where there is contact. */
struct arrival {
	int64_t time, until; /* it counts from TIME; it was there until UNTIL, at the least */
	uint64_t record;
	uint32_t contact, thing, party;
};

struct graph;

/* u64 -> u32. */
struct numbers {
	struct number {
		uint64_t key;
		uint32_t value;
	} * v;
	size_t cap, n;
};
/* The value of a key; VALUE, when it is *FRESH.  SY_OK or SY_EHALT. */
int numbers_get(struct graph *g, struct numbers *t, uint64_t key, uint32_t value, uint32_t *out,
		bool *fresh);
uint32_t numbers_find(const struct numbers *t, uint64_t key); /* NONE */

/* An array that grows within the memory of the query. */
#define POOL_OF(name, type)    \
	struct name {          \
		type *v;       \
		size_t n, cap; \
	}
/* Room for one more behind the last: SY_OK or SY_EHALT. */
#define POOL_ROOM(g, pool) graph_room(g, &(pool)->v, &(pool)->cap, (pool)->n + 1, sizeof *(pool)->v)

/* What a record says of a thing, or of a container that it lay in: then OWN is false, and it says
 * nothing of packing, making or using it up. */
struct fact {
	int64_t time;
	uint64_t record, party, other, place, group; /* OTHER of packing is the container */
	uint8_t step;                                /* enum item_step */
	bool own, member;                            /* MEMBER: a unit of the lot is named */
};
POOL_OF(facts, struct fact);

/* A container whose facts were read. */
struct carrier {
	uint32_t first, n; /* in graph.carried */
	bool busy;         /* being read: it lies in itself */
};

struct graph {
	struct index_read *r;
	const struct common_ask *ask;
	struct memory memory;
	uint64_t due; /* ms, monotonic */
	unsigned steps;
	enum trace_cut cut;
	int err; /* the first that isn't a cut */

	struct numbers numbers; /* of things by their id, of changes by their node */
	POOL_OF(, struct thing) things;
	size_t n_read; /* of them */
	POOL_OF(, struct slot) slots;
	POOL_OF(, struct entry) entries;
	POOL_OF(ends, struct end) made, used; /* things' ends, one after the other */
	POOL_OF(, struct change) changes;
	POOL_OF(, uint32_t) ids; /* things that went into the changes */
	POOL_OF(, struct input) inputs;
	POOL_OF(, struct inside) insides;
	struct numbers actor_numbers;
	POOL_OF(, uint64_t) actors; /* parties and places, ids */

	POOL_OF(, struct arrival) arrivals; /* by contact, then time */
	uint32_t *contacts;                 /* where those of each begin, and an end */
	uint32_t *contact;                  /* which actor it is; NONE: no record names it */

	struct numbers carrier_numbers;
	POOL_OF(, struct carrier) carriers;
	struct facts carried, facts; /* of all carriers; of the thing at hand */
	uint64_t named;              /* the first record of that */
	unsigned depth;
};

/* SY_OK or SY_EHALT: it is cut, or failed: g->err. */
int graph_room(struct graph *g, void *p, size_t *cap, size_t need, size_t size);
int graph_step(struct graph *g);
int graph_err(struct graph *g, int err); /* SY_OK and SY_ENOTFOUND are fine */
bool graph_is_cut(const struct graph *g, uint64_t id);
/* The number of a thing, which is to be read when it is new. */
int graph_thing(struct graph *g, uint64_t id, uint32_t *thing);
int graph_actor(struct graph *g, uint64_t id, uint32_t *actor);
uint32_t graph_slot(const struct graph *g, uint32_t thing, uint32_t party); /* NONE */
/* Reads all things that weren't, and what they came of. */
int graph_read(struct graph *g);

/* common_facts.c */
int facts_read(struct graph *g, uint64_t id); /* into g->facts */
/* Calls EACH for what lay in a container at some of that time. */
struct stay {
	uint64_t child, record;
	int64_t came, went;
};
typedef int (*stay_fn)(struct graph *g, const struct stay *s, void *ctx);
int stays_of(struct graph *g, uint64_t container, int64_t from, int64_t to, stay_fn each,
	     void *ctx);

/* common_load.c: all that is upstream of the codes, and of what came to places of contact. */
int graph_load(struct graph *g);
/* Puts together what was read, also when that was cut. */
int graph_link(struct graph *g);
void graph_free(struct graph *g);

/* common_contact.c */
int insides_load(struct graph *g);  /* and their things */
int arrivals_load(struct graph *g); /* and their things, which are read */
int arrivals_order(struct graph *g);

/* How far away something is of the code at hand, and the record that says so. */
struct mark {
	uint64_t record;
	uint32_t distance; /* NONE: it isn't reached */
};

struct question {
	uint64_t record; /* by which it is asked */
	int64_t until;
	uint32_t thing, slot; /* ALL of them; NONE: a party that no record of it names */
};

/* A party that had the thing at hand until then. */
struct held {
	int64_t until;
	uint32_t slot;
};

/* One code's walk over the graph: common_tour.c. */
struct tour {
	struct graph *g;
	uint32_t level;
	struct mark *things;
	struct mark *actors; /* as a party 2i, as a place 2i + 1 */
	int64_t *until;      /* by slot: it is asked until then; INT64_MIN: it isn't */
	bool *changed;       /* by change */
	uint32_t *arrived;   /* by contact: the first arrival that wasn't reached */
	POOL_OF(questions, struct question) now, next;
	POOL_OF(, uint32_t) reached; /* things */
	/* of the question at hand */
	int64_t *holds; /* by slot, as UNTIL */
	POOL_OF(, struct held) held;
	bool origin, open, blocked;
};
int tour_begin(struct tour *t, struct graph *g);
int tour_run(struct tour *t, uint32_t code); /* the Nth */
void tour_free(struct tour *t);

#endif
