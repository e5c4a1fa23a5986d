/*
 * Bounded walks over what is reached from what (DOMAIN, "What is reached from what"): where a thing
 * came from, where it went.
 *
 * Forward from an item are the units of a lot, and what it was made into; back are the lot of a
 * unit, and what it was made from.  A container is opened only when it was itself asked for, or
 * came out of one that was: then what lay in it is walked on from, and a container inside it counts
 * for the time that it lay there.  For any other item the containers that it was ever in are told,
 * and nothing is reached through them.  Who left a container before the time in question or came
 * after it wasn't in it; who left or came at that very instant was.
 *
 * A walk goes by distance, so that the path told of an item is a shortest one, and reads each
 * frontier in order of id, near the speed of an array.  It visits an item once: cycles end.  It
 * stops at a depth, at so many bytes of memory, after so many ms, or when it is told to, and then
 * says by what it was cut.  A walk belongs to one thread, though another may help it for a time,
 * and needs its snapshot to the end; what it found is ids and numbers, to be written out in slices
 * under later snapshots.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "index/index.h"

enum trace_edge {
	TRACE_ASKED, /* it was asked for */
	TRACE_TRANSFORM,
	TRACE_MEMBER, /* a unit and its lot */
	TRACE_CONTAIN
};
const char *trace_edge_name(enum trace_edge e); /* NULL of what was asked for */

enum trace_cut { TRACE_WHOLE, TRACE_CUT_DEPTH, TRACE_CUT_SIZE, TRACE_CUT_TIME };
const char *trace_cut_name(enum trace_cut c); /* NULL of what is whole */

#define TRACE_NONE UINT32_MAX

/* Codes of what was found.  They mostly differ in the end alone, so that what they begin with is
 * kept once; see trace_name. */
struct trace_names {
	uint32_t *at; /* of each item; NULL: they weren't asked for, or there was no room */
	size_t cap;
	struct trace_text {
		char *v;
		size_t n, cap;
	} text[2];
	bool gone; /* there was no room */
};

struct trace_item {
	uint64_t id;
	/*
	 * Records that say so, ascending; NO_ID: none, or the same; or the walk was stopped before
	 * they were looked up.  Of a transformation one that
	 * names either end in it.  Of a unit's lot and of an item that was asked for, its
	 * registration, else the first that names it.  Of a container and what lay in it the
	 * packing.
	 */
	uint64_t records[2];
	uint32_t from; /* which of the items it was reached from; TRACE_NONE when asked for */
	uint32_t distance : 30, edge : 2;
};

/* A container, and for which time what lay in it is in question; ms, both ends within. */
struct trace_opening {
	uint64_t id;
	int64_t from, to;
};

/* A party or place that an event in force names at what was found, in the time asked for; not at
 * containers that are only told. */
struct trace_actor {
	uint64_t id, record; /* the first record of that item by which it is so */
	uint32_t from;       /* the first of the items at which it is named: a nearest one */
	bool place;
};

struct trace_ask {
	enum index_direction direction;
	const uint64_t *start; /* ids */
	size_t n_start;
	uint32_t depth; /* no item farther than this */
	/* Only what happened in that time, both ends within, ms: transformations by their events,
	 * packing by the time together.  INT64_MIN and INT64_MAX for all. */
	int64_t from, to;
	/* Those alone are opened of what was asked for, each among START; NULL: all, from..to. */
	const struct trace_opening *openings;
	size_t n_openings;
	bool bare;    /* ids, distances and edges alone: no records, parties, places, or containers
			 that are only told */
	bool named;   /* the items' codes as well, where memory is left */
	size_t bytes; /* of memory at most */
	unsigned ms;  /* of time at most */
	/* Edges read one by one before all are taken into memory, at the next level; for tests.  0:
	 * as many as it pays after; SIZE_MAX: never. */
	size_t pack_after;
	bool (*stopped)(void *ctx); /* asked now and then, by two threads at once if HELPED */
	/* May a second thread help to say what N items are?  NULL: no. */
	bool (*helped)(void *ctx, size_t n);
	unsigned every; /* so many steps, from one time to the next; 0 for 1,024 */
	void *ctx;
};

struct trace {
	struct trace_item
	    *items; /* by distance, then id; containers that are only told come last */
	size_t n;
	size_t n_told;              /* of those containers */
	struct trace_actor *actors; /* in order of FROM */
	size_t n_actors;
	struct trace_names names;
	enum trace_cut cut;
	bool outside; /* cut by the time that was asked for, not by what it took */
};

/* SY_OK, also when it was cut; SY_ENOMEM, SY_ECORRUPT, SY_EIO. */
int trace_walk(struct index_read *r, const struct trace_ask *ask, struct trace *out);
void trace_free(struct trace *t); /* a zeroed one is fine */

enum { TRACE_NAME_MAX = 1024 };
/* The code of an item where names.at is there, in ROOM, and whether it stands in a JSON string as
 * it is; empty of one whose code was erased. */
struct sy_str trace_name(const struct trace *t, size_t item, char room[TRACE_NAME_MAX],
			 bool *plain);
size_t trace_names_bytes(const struct trace_names *n);

/* Sorts N elements of SIZE by the u64 that each begins with, equal ones in the order they had.
 * SPARE has room for as many. */
void trace_sort(void *v, size_t n, size_t size, void *spare);

#endif
