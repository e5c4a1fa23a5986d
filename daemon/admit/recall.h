/*
 * What the files that judge a recall share: recall.c the order, recall_scope.c what it is about,
 * recall_life.c notices, answers and reports, recall_amounts.c the quantities in them.
 */
#ifndef ADMIT_RECALL_H
#define ADMIT_RECALL_H

#include "admit/check.h"

extern const struct member recall_members[], notice_members[], answer_members[], report_members[];
void recall_judge(struct check *c, const struct sy_json_doc *doc);
void notice_judge(struct check *c, const struct sy_json_doc *doc);
void answer_judge(struct check *c, const struct sy_json_doc *doc);
void report_judge(struct check *c, const struct sy_json_doc *doc);

/* The text of a record's member, or empty. */
static inline struct sy_str recall_text(struct check *c, const struct sy_json_doc *doc,
					const char *member)
{
	return text_of(c, doc, sy_json_root(doc), member);
}

/* A recall as it stands: of the register, or as this submission says it. */
struct recall {
	struct sy_str id;
	bool found;      /* there is a version of it */
	bool new_here;   /* this submission wrote it: nobody was told of it yet */
	uint64_t number; /* of its case; UINT64_MAX when this submission begins it */
	uint64_t record; /* in force; UINT64_MAX for one of this submission */
	enum recall_state state;
	struct sy_str party, said_by;
	const struct sy_json_doc *doc; /* its record, where it is legible */
};
struct recall *recall_of(struct check *c, struct fact *f, struct sy_str id);
/* May the author act in a recall of PARTY's: that party, or an authority over it? */
bool recall_is_theirs(struct check *c, struct sy_str party);

/* Faults and warnings of what an answer of PARTY's or, when that is empty, a report says of time
 * and quantities; R is NULL when there is no such recall under way. */
void amounts_judge(struct check *c, const struct sy_json_doc *doc, const struct recall *r,
		   struct sy_str party);

/* Faults of a scope: codes that are none, what may not be said by this author of what. */
bool scope_judge(struct check *c, const struct sy_json_doc *doc);
/* Is all that OLD names in DOC's scope as well?  Faults with 409 where it isn't. */
bool scope_covers(struct check *c, const struct sy_json_doc *doc, const struct sy_json_doc *old);

#endif
