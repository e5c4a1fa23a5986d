/*
 * How well a recall goes: who had something of what it covers, who of them was told and answered,
 * and how much of what has to come back did.
 *
 * What has to come back of a party is what it had on hand, under way or had sold of all that is
 * covered when the recall was opened (of a draft: now), by what the ledger knows now.  What it used
 * stands in what was made of it, which is covered as well.  A party answers for itself: found,
 * stopped, returned, destroyed, of which its newest answer counts.  Recovered is what was returned
 * or destroyed; its share is one of what has to come back, or of what was found where that is more,
 * so that who doesn't answer counts as nothing recovered.  To be told are those that have
 * something, and those to whom something was under way, who may have it by now.  Quantities are
 * added up by unit, and where units can be turned into each other in the ledger's.
 */
#ifndef RECALL_EFFECT_H
#define RECALL_EFFECT_H

#include "affected.h"
#include "cases.h"

enum effect_amount {
	EFFECT_TO_RECALL,
	EFFECT_FOUND,
	EFFECT_STOPPED,
	EFFECT_RETURNED,
	EFFECT_DESTROYED,
	EFFECT_RECOVERED,
	EFFECT_OUTSTANDING,
	EFFECT_AMOUNTS
};
const char *effect_amount_name(enum effect_amount a); /* "toRecall", ... */

struct effect_sum {
	struct sy_str unit; /* empty for pieces */
	struct sy_decimal v[EFFECT_AMOUNTS];
	struct sy_decimal base; /* that the share recovered is one of */
	bool unknown;           /* there was more or less than that, which no event names */
};

/* A party, a region, or all of them. */
struct effect_line {
	struct sy_str name, region;
	uint64_t holders, told, answered, untold; /* UNTOLD: that ought to be */
	uint64_t told_again;                      /* of those that answered: since */
	uint64_t told_at, answered_at;            /* ms, of a party; 0: it wasn't, it hasn't */
	struct effect_sum *sums;
	size_t n, cap;
};

struct effect {
	struct effect_line *parties, *regions; /* in order of name, in the arena */
	size_t n_parties, cap_parties, n_regions, cap_regions;
	struct effect_line total;
	enum trace_cut cut; /* what has to come back is at least that */
	bool uncertain;
};

enum { EFFECT_PARTIES = 100000 }; /* more than that are SY_ETOOBIG */

/* ASK bounds the search for what is covered: depth, bytes, ms, stopped.  Texts are borrowed from
 * the snapshot or in the arena. */
int effect_find(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
		const struct case_times *t, const struct affected_ask *ask, struct effect *out);

#endif
