/*
 * Do quantities add up: of a lot, and of a party.
 *
 * Sums are exact and in one unit where the units agree (units.h); what doesn't has a line of its
 * own, as have single units of a lot, which are counted.  A quantity that no event names is
 * unknown, never zero: what is known stands beside it.
 *
 * Made, received and shipped are what records name of the goods themselves; used, sold, destroyed,
 * on hand and in transit are the fold of index/custody.h, which knows what containers carried.
 *
 * - Gain: more is there, or was used, sold and destroyed, than was ever made; of a party, what it
 *   gave away without having it, or received though nobody had sent it.  With unknown quantities it
 *   is at least that; it isn't told of what nobody registered, or when some making has no quantity.
 * - Loss: what is in transit to somebody who has received some of it since.
 * - A change, which is a transformation, that gave more than went into it: the classic fraud.  It
 *   is told for those that made the lot, or that the party did, where all units agree and all that
 *   went in has a quantity.
 *
 * A party's lines are by product; within a time what its records of that time say, and before it
 * what it had by them.  Gain, loss and what is there are told of all time alone.
 */
#ifndef TRACE_BALANCE_H
#define TRACE_BALANCE_H

#include "index/custody.h"
#include "trace.h"

enum balance_what {
	BALANCE_MADE,
	BALANCE_RECEIVED,
	BALANCE_SHIPPED,
	BALANCE_USED,
	BALANCE_SOLD,
	BALANCE_DESTROYED,
	BALANCE_ON_HAND,
	BALANCE_IN_TRANSIT,
	BALANCE_BEFORE, /* of a party and a time */
	BALANCE_WHATS
};
const char *balance_what_name(enum balance_what what); /* "made", "onHand", ... */

struct balance_line {
	struct sy_str product; /* of a party's, canonical */
	uint64_t party;        /* of a lot's holder; NO_ID: the whole lot */
	char unit[4];
	bool units; /* single units of a lot, counted */
	struct sy_decimal n[BALANCE_WHATS];
	bool unknown;      /* there is more or less than that, which no event names */
	uint64_t missing;  /* records without a quantity */
	bool made_unknown; /* one of those made it */
	bool judged;       /* gain is told, 0 for none */
	struct sy_decimal gain, loss;
};

enum balance_verdict {
	BALANCE_FITS,
	BALANCE_EXCEEDS, /* more came out than went in */
	BALANCE_UNKNOWN, /* a quantity that counts isn't known */
	BALANCE_UNITS    /* units don't agree */
};
const char *balance_verdict_name(enum balance_verdict v);

struct balance_change {
	uint64_t record; /* its first */
	enum balance_verdict verdict;
	struct sy_decimal in, out; /* in UNIT; of what has no one unit 0 */
	char unit[4];
};

enum { BALANCE_CHANGES = 1000 }; /* are told */

struct balance {
	struct balance_line *lines; /* the whole lot's before its holders' */
	size_t n_lines, cap_lines;
	struct balance_change *changes; /* those that exceed come first */
	size_t n_changes, cap_changes;
	uint64_t more_changes, exceeding; /* that there was no room for; of all */
	struct custody_flag *flags;       /* of a lot */
	size_t n_flags;
	bool mixed;         /* of a lot: units don't agree, so that nothing is judged */
	enum trace_cut cut; /* TIME, or SIZE: there are more records than are read */
};

struct balance_ask {
	struct sy_str product; /* of a party: one product alone; or empty */
	int64_t from, to;      /* of a party: ms, both within; INT64_MIN, INT64_MAX */
	unsigned ms;
	bool (*stopped)(void *ctx);
	void *ctx;
};

/* All of OUT is in the arena.  SY_OK, also when it was cut; SY_ENOMEM, SY_ECORRUPT, SY_EIO. */
int balance_lot(struct index_read *r, const struct item *it, const struct balance_ask *ask,
		struct sy_arena *arena, struct balance *out);
int balance_party(struct index_read *r, uint64_t party, const struct balance_ask *ask,
		  struct sy_arena *arena, struct balance *out);

#endif
