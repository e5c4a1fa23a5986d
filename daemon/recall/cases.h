/*
 * A case as its records tell it: when what happened, who was told and answered, and by when what
 * had to be done.
 */
#ifndef RECALL_CASES_H
#define RECALL_CASES_H

#include "index/index.h"

#include <suyuan/deadline.h>

/* By its id, or by the number of its case in digits; SY_ENOTFOUND. */
int case_find(struct index_read *r, struct sy_str name, struct index_recall *out);

/* Entry times, ms; 0 for what didn't happen.  KNOWN is the earliest that a
 * version says, but no later than when it was opened. */
struct case_times {
	uint64_t known, opened, first_notice, last_notice, complete, closed;
	uint64_t *reports; /* oldest first */
	size_t n_reports;
};
int case_times(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
	       struct case_times *out);

/* One that was told. */
struct case_party {
	struct sy_str party, region; /* REGION: 6 digits, or empty */
	uint64_t told, notice;       /* first time and newest record */
	uint64_t version;            /* of the recall that the newest notice speaks of */
	uint64_t answered, answer;   /* first time and newest record; NO_ID: none */
	struct sy_str text;          /* of that record */
};
/* Is the answer, a record as the notice is, older than what was told last?  The scope may have
 * grown since. */
static inline bool case_told_again(uint64_t answer, uint64_t notice)
{
	return answer != NO_ID && answer < notice;
}
/* In order of id, in the arena.  SY_ETOOBIG past MOST. */
int case_parties(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
		 size_t most, struct case_party **out, size_t *n);

/* A party's region: 6 digits, or empty. */
int case_region(struct index_read *r, struct sy_arena *arena, struct sy_str party,
		struct sy_str *region);

enum case_due { DUE_OPEN, DUE_MET, DUE_MISSED, DUE_WAITING /* its clock doesn't run yet */ };
const char *case_due_name(enum case_due due);

struct case_deadline {
	const char *step;   /* "notify" */
	struct sy_str text; /* as the rules have it */
	enum case_due state;
	uint64_t due; /* ms; of what comes again and again the next, or the first that was missed */
	uint64_t done;        /* when it was; 0: not yet */
	bool certain;         /* no working days were counted past the table of holidays */
	unsigned met, missed; /* of what comes again and again: how often */
};
/* Those of the case's level, as the rules in force when it was last said have them.  Empty when
 * there are no such rules. */
int case_deadlines(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
		   const struct case_times *t, uint64_t now, struct case_deadline **out, size_t *n);

#endif
