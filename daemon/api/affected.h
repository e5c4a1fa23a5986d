/*
 * What a recall would hit, as NDJSON, JSON or CSV.
 */
#ifndef API_AFFECTED_H
#define API_AFFECTED_H

#include "api/answer.h"

#include "recall/affected.h"
#include "recall/scope.h"

/* --- parties and places in an answer --------------------------------------------------------- */

/* How one reads: found once, since a thousand lots lie with a party. */
struct who {
	uint64_t id;
	struct sy_str name, json;    /* canonical code; in quotes */
	struct sy_str shown;         /* of a party: members of its register row */
	struct sy_str region;        /* of the place, or of the party; or empty */
	struct sy_str project, part; /* of a building site */
};

struct who_table {
	struct sy_arena arena, text; /* TEXT: of one record */
	struct who **slots;          /* by hash */
	size_t n, n_slots;
};

/* Of an actor; NULL when memory is out.  For NO_ID and one that isn't there any more all is empty.
 * TRUTH is read for what places say, which the index doesn't keep. */
const struct who *who_of(struct who_table *t, struct index_read *r, struct ledger_read *truth,
			 uint64_t id);
/* A table that has grown large begins anew; what was found in it is gone. */
void who_trim(struct who_table *t);
void who_free(struct who_table *t);

/* --- the answer ------------------------------------------------------------------------------ */

struct affected_answer {
	struct app *app;
	struct http_exchange *x;
	const struct affected_format *format;
	struct sy_str recall; /* id of the case, or empty */
	uint64_t record;      /* its record in force */
	struct recall_scope scope;
	uint32_t depth;
	struct sy_str *unknown; /* codes that no record names, as given */
	size_t n_unknown;
	struct affected *found;
};

/* NULL for a name that is none. */
const struct affected_format *affected_format_find(struct sy_str name);
/* Streams what was found and ends the exchange. */
void affected_send(struct affected_answer *a);

#endif
