/*
 * Pass rates from what supervision found (DOMAIN "Indicators"): never from a firm's own results.
 *
 * An inspection counts once for each batch that it is of, whatever number of units were looked at;
 * withdrawn ones don't.  A batch is its product's, whose category and owner are those of the
 * product's record when the batch was made; the region is the owner's of now.
 */
#ifndef INDEX_QUALITY_H
#define INDEX_QUALITY_H

#include "index.h"

enum quality_by { BY_CATEGORY, BY_PRODUCER, BY_REGION, BY_YEAR };

struct quality_query {
	int64_t from, to; /* ms: inspections from FROM on and before TO */
	enum quality_by by;
	/* Empty for all.  A region counts with those in it. */
	struct sy_str category, producer, region;
};

struct quality_row {
	struct sy_str of; /* empty: the register doesn't know the product */
	uint64_t inspected, passed;
};

struct quality {
	struct quality_row *rows; /* in order of OF */
	size_t n;
	uint64_t inspected, passed;
};

/* All in the arena. */
int quality_count(struct index_read *r, const struct quality_query *q, struct sy_arena *arena,
		  struct quality *out);

#endif
