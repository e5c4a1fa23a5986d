/*
 * Who has how much of an item: a fold over the facts of its history, in order of the events'
 * time, by DOMAIN "What an event does to an item".
 *
 * Withdrawn events and error declarations don't count.  Of events at one time a creation comes
 * first, the others in order of record.  Goods in a container are where the outermost container
 * is, from their packing until they are unpacked or it is emptied; then they are with the party of
 * that event.  An event that moves more than its party has loose takes the rest out of containers
 * that the party has, and one that moves the container as well says the same thing twice.  A
 * receipt takes out of transit what its source sent, then what anybody sent to its party, then
 * what was sent without naming a receiver.
 *
 * What is unpacked and was never packed was among what the party has in no container: that makes
 * nothing.
 *
 * Quantities are kept apart by unit, and single units of a lot, which are counted, from quantities
 * of its class.  A quantity that no event names is unknown, never zero: what is known stands
 * beside it.  A single piece (a unit, a package, a logistic unit, an asset) is in one place, where
 * its latest event left it.
 *
 * Papers arrive late, so nothing is refused: what doesn't fit is flagged with its record.  A
 * holder's shortage is made good by what comes to it at a later time, and a receipt that nobody
 * had shipped by a later shipment that fits; those two are then out of order, no more.
 */
#ifndef INDEX_CUSTODY_H
#define INDEX_CUSTODY_H

#include "index.h"

struct custody_holder {
	uint64_t party, place; /* actors; NO_ID where no event names one */
	char unit[4];          /* UN/ECE Rec 20; empty for pieces */
	bool units;            /* single units of a lot, counted */
	struct sy_decimal on_hand, in_transit, consumed, sold, destroyed; /* sent BY the party */
	bool unknown;  /* more or less than that, by a quantity that no event names */
	int64_t since; /* ms: since it is on hand, else of the latest event */
};

/* What is under way, which is in_transit of the party FROM as well. */
struct custody_shipment {
	uint64_t from, to; /* parties, or NO_ID */
	char unit[4];
	bool units;
	struct sy_decimal quantity;
	bool unknown;
	int64_t since;
};

enum custody_fault {
	CUSTODY_BEFORE_CREATION, /* out of order: these three */
	CUSTODY_AFTER_DESTRUCTION,
	CUSTODY_BEFORE_ARRIVAL,
	CUSTODY_MORE_THAN_THERE, /* impossible: these four */
	CUSTODY_NEVER_SHIPPED,
	CUSTODY_NEVER_PACKED,
	CUSTODY_MIXED_UNITS,
	CUSTODY_FAULTS
};
/* "out-of-order" or "impossible"; and "never-shipped" and so on. */
const char *custody_fault_kind(enum custody_fault f);
const char *custody_fault_name(enum custody_fault f);

struct custody_flag {
	enum custody_fault fault;
	uint64_t record;
};

/* A party gave away, or received, so much that nobody knows where it came from. */
struct custody_gain {
	uint64_t party;
	char unit[4];
	bool units;
	struct sy_decimal quantity;
	enum custody_fault fault; /* MORE_THAN_THERE, NEVER_SHIPPED */
	uint64_t record;
};

enum {
	CUSTODY_FACTS = 250000, /* are read of an item and its containers: 150 MB at most */
	CUSTODY_FLAGS = 256,    /* are told of an item */
	CUSTODY_DEPTH = 16      /* containers in each other are followed so far */
};

struct custody {
	struct custody_holder *holders; /* those with anything, in order of party, place, unit */
	size_t n_holders;
	struct custody_shipment *shipments; /* in order of their ends */
	size_t n_shipments;
	struct custody_gain *gains; /* of a lot, as its flags say; in no order */
	size_t n_gains;
	struct custody_flag *flags; /* in order of record */
	size_t n_flags;
	uint64_t more_flags; /* that there was no room for */
	bool cut;            /* there are more facts than are read: holders aren't certain */
};

/* Where facts come from: index_history_next, or a test's tables. */
struct custody_source {
	int (*next)(void *ctx, uint64_t item, uint64_t from, struct item_event *out);
	void *ctx;
};

/* All of OUT is in the arena, as is what it took to find it. */
int custody_fold(const struct custody_source *s, uint64_t item, enum sy_code_kind kind,
		 struct sy_arena *arena, struct custody *out);
int custody_of(struct index_read *r, const struct item *it, struct sy_arena *arena,
	       struct custody *out);
/*
 * Was something of it with the party, or at the place, just before TIME, or may it have been?  What
 * no movement tells the place of is where its party named the item last.
 */
int custody_was_at(const struct custody_source *s, uint64_t item, enum sy_code_kind kind,
		   const struct place_ids *where, int64_t time, struct sy_arena *arena, bool *yes);
/* As it was just before TIME, by what is known now. */
int custody_before(struct index_read *r, const struct item *it, int64_t time,
		   struct sy_arena *arena, struct custody *out);

/* Single pieces, whatever quantity is or isn't given with them. */
static inline bool custody_is_piece(enum sy_code_kind kind)
{
	return kind == SY_CODE_UNIT || kind == SY_CODE_CN_DRUG || kind == SY_CODE_LOGISTIC ||
	       kind == SY_CODE_ASSET;
}

#endif
