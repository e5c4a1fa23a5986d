/*
 * What a recall would hit, before there is one: each item that is reached from what is in question,
 * who has how much of it, where and since when, and how it was reached.
 *
 * In question are items by their codes; a product's items made in some days; what was at a place,
 * or with a party, in a time; what lay in containers in a time.  From all of them the walk goes
 * forward (trace/trace.h): units of a lot, what they were made into, contents of containers in
 * question.  A container that merely carries something of it isn't affected: where it takes that,
 * holders say. For a place and for containers with a time only what was made afterwards is reached.
 *
 * What was at a place, which for a GLN are its parts too: what an event names there in that time,
 * and what had come before and hadn't all left (index/custody.h says where it was).  Of a lot whose
 * units alone were there the units. A lot of which a part was there is in question as a whole,
 * since nothing tells its parts apart.
 *
 * All is found under one snapshot, so that lines and totals agree, and kept in few bytes; it stops
 * at so many bytes or ms, or when it is told to, and says by what it was cut.  An answer belongs to
 * one thread.
 */
#ifndef RECALL_AFFECTED_H
#define RECALL_AFFECTED_H

#include "index/custody.h"
#include "trace/trace.h"

struct affected_ask {
	const uint64_t *items; /* ids */
	size_t n_items;
	struct sy_str product;      /* canonical code, or empty */
	int32_t made_from, made_to; /* days, both within; SY_NO_DAY: no bound */
	struct place_ids place;     /* a place or a party; or none */
	const uint64_t *containers; /* ids */
	size_t n_containers;
	int64_t from, to;           /* of place and containers: ms, both within; INT64_MIN, _MAX */
	int64_t before;             /* holders as they were just before that, ms; 0: as they are */
	uint32_t depth;             /* no item farther than this */
	size_t bytes;               /* of memory at most */
	unsigned ms;                /* of time at most */
	bool (*stopped)(void *ctx); /* asked now and then; may be NULL */
	void *ctx;
};

/* What a party has at a place, in one unit, of all that is affected; a unit of a lot that is there
 * as well isn't counted again. */
struct affected_total {
	uint64_t party,
	    place; /* as of a holder; AFFECTED_ALL: of the party the number of batches */
	char unit[4];
	bool units, unknown;
	uint64_t batches; /* items with something there */
	struct sy_decimal on_hand, in_transit, consumed, sold, destroyed;
};
#define AFFECTED_ALL (NO_ID - 1)

struct affected {
	struct trace_item *items; /* `from` is one of those before */
	size_t n;
	uint64_t batches; /* of them, units of a lot that is there left out */
	uint64_t holders; /* lines of them all together */
	uint64_t undated; /* of the product, that tell no day on which they were made */
	bool uncertain;   /* of some the holders aren't certain: too much is told of them */
	enum trace_cut cut;
	uint64_t entries, time;        /* of the snapshot: index_read's position and time */
	struct affected_total *totals; /* in order of party, single units last, unit, place */
	size_t n_totals;
	/* Parties to whom some of it is under way: in the papers it is still the sender's, but they
	 * may have it.  Ascending. */
	uint64_t *consignees;
	size_t n_consignees;
	/* private */
	uint8_t *packed; /* holders, the items' one after the other */
	size_t *ends;    /* of each item's */
};

/* SY_OK, also when it was cut; SY_ENOMEM, SY_ECORRUPT, SY_EIO.  OUT is to be freed on SY_OK. */
int affected_find(struct index_read *r, const struct affected_ask *ask, struct affected *out);
void affected_free(struct affected *a);          /* a zeroed one is fine */
size_t affected_bytes(const struct affected *a); /* of memory that it takes */

/* An item's holders one after the other: AT is 0 for the first; false at the end. */
bool affected_holder(const struct affected *a, size_t item, size_t *at, struct custody_holder *out);

#endif
