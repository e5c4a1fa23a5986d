/*
 * What a recall is about, as a record's `scope` or a question says it, and as ids of the index.
 */
#ifndef RECALL_SCOPE_H
#define RECALL_SCOPE_H

#include "affected.h"

#include <suyuan/json.h>

struct recall_scope {
	struct sy_code *items; /* lots, units, containers */
	size_t n_items;
	struct sy_str product;      /* canonical code, or empty */
	int32_t made_from, made_to; /* days, or SY_NO_DAY */
	struct sy_str place;        /* canonical code of a place or a party, or empty */
	struct sy_code *containers; /* what lay in them; in a question alone */
	size_t n_containers;
	int64_t from, to; /* of place and containers: ms, INT64_MIN and INT64_MAX for no bound */
};

/* Nothing, for all times. */
static inline struct recall_scope recall_scope_none(void)
{
	return (struct recall_scope){
	    .made_from = SY_NO_DAY, .made_to = SY_NO_DAY, .from = INT64_MIN, .to = INT64_MAX};
}

/* The scope of a Recall record that was admitted, in the arena.  SY_ENOMEM, SY_ECORRUPT. */
int recall_scope_read(struct sy_arena *arena, struct sy_str payload, struct recall_scope *out);

/*
 * The ids of a scope, into ASK; codes that no record names into UNKNOWN, as given (room for all of
 * them and the place).  A serial that no record names is looked up by its lot.  All in the arena.
 */
int recall_scope_find(struct index_read *r, const struct recall_scope *s, struct sy_arena *arena,
		      struct affected_ask *ask, struct sy_str *unknown, size_t *n_unknown);

#endif
