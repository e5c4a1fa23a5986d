/*
 * The parts of the custody fold; private to custody*.c.
 *
 * A container, or any single piece, has a track: the stops where it was, with those of the
 * containers it lay in woven in, so that an item looks one level deep.  An item's own facts and
 * the stops of the containers it was packed into are one list of happenings in order of time.
 */
#ifndef INDEX_CUSTODY_IMPL_H
#define INDEX_CUSTODY_IMPL_H

#include "custody.h"

enum spot_state { AT_NONE, AT_HAND, AT_TRANSIT, AT_CONSUMED, AT_SOLD, AT_DESTROYED };
struct spot {
	enum spot_state state;
	uint64_t party, place, to; /* in transit PARTY sent it to TO */
	int64_t since;
};

struct stop {
	int64_t time;
	uint64_t record;
	struct spot spot;
	bool emptied; /* what was in it is at SPOT from then on */
};

struct track {
	uint64_t item;
	bool busy; /* being made: it lies in itself */
	struct stop *v;
	size_t n, cap;
};

/* A container as the item at hand meets it: where it is by now, and the record that said so. */
struct use {
	const struct track *track;
	struct spot spot;
	uint64_t record;
	struct bucket *buckets; /* what of the item is in it */
};

struct happening {
	struct item_fact fact; /* of a stop the time alone */
	uint64_t record;
	struct use *use; /* NULL: the item's own fact */
	const struct stop *stop;
	uint32_t seq;
	bool creates, whole; /* WHOLE: a DELETE that names no quantity */
};

struct happenings {
	struct happening *v; /* malloc */
	size_t n, cap;
};

/* Everything that a fold finds by name: one table of nodes in the arena. */
enum node_kind { NODE_TRACK = 1, NODE_USE, NODE_BOOK, NODE_ACCOUNT, NODE_ROW, NODE_SHIPMENT };
enum { NODE_BUCKET = NODE_SHIPMENT + 1, NODE_DEBT };
struct node_key {
	unsigned kind;
	const void *in; /* the node it belongs to */
	uint64_t a, b;
};

struct slot;
struct custodian {
	const struct custody_source *source;
	struct sy_arena *arena;
	struct custody *out;
	size_t left; /* facts that may still be read */
	unsigned depth;
	struct slot *slots;
	size_t n_slots, n_nodes;
	size_t cap_flags;
};

/* The node of that name, made of SIZE zero bytes when there is none: *FRESH.  NULL: no memory. */
void *node_get(struct custodian *c, struct node_key key, size_t size, bool *fresh);
/* The node of that name, or NULL. */
void *node_find(const struct custodian *c, struct node_key key);

int custody_flag(struct custodian *c, enum custody_fault fault, uint64_t record);

/* The item's facts in force and its containers' stops, in order; for the fold that FOR names. */
int happenings_read(struct custodian *c, uint64_t item, const void *for_fold,
		    struct happenings *out);
/* The container that a fact packs into or takes out of; NULL: it isn't followed. */
struct use *happening_use(const struct custodian *c, const void *for_fold, uint64_t container);

/* The track of a piece.  With LAST, where it is in the end and flags for what doesn't fit. */
int track_make(struct custodian *c, struct track *t, struct spot *last);

/* The fold of what has quantities: holders, shipments and flags of c->out. */
int lot_fold(struct custodian *c, uint64_t item);

/* Does the step say something of where the goods are? */
bool step_moves(enum item_step step);

#endif
