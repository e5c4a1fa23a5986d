/*
 * Admission: may this author say this, now?  Gives a verdict, never writes.
 *
 * A verdict is a function of (submission, entry time, state after the entry before, rules in
 * force).  It is made in two steps so that the writer stays fast:
 *
 *  1. admit_check, on a worker: everything, against a snapshot of the index at position P.  It
 *     notes the keys of the state that the verdict rests on ("claims": the author's key, each
 *     party, product and rule that was read; each event id, serial, lot and replaced record that
 *     is written) and until when it holds (deadline, key's validity).
 *  2. admit_judge, in the writer, in order: has any claim been touched by an entry past P, or by
 *     a submission earlier in this group?  No: the verdict stands.  Yes: LEDGER_AGAIN, and the
 *     worker judges again once the index has reached that entry.  The same submission again is
 *     LEDGER_DUPLICATE.  A refusal rests on claims as well, and is final only if none was touched.
 *
 * The writer's memory of touched claims reaches back to the oldest position that a waiting
 * verdict was made at; a verdict older than that memory is LEDGER_AGAIN.
 *
 * Order of checks (FORMAT.md): records_root and signature; duplicate; deadline; key status;
 * authority; rules.  All faults of the first failing stage and of those after it that can still
 * be judged are collected.
 */
#ifndef ADMIT_ADMIT_H
#define ADMIT_ADMIT_H

#include "index/index.h"
#include "ledger/ledger.h"

struct admit;

int admit_new(struct ledger *l, struct index *ix, struct admit **out);
void admit_free(struct admit *a);

struct admit_verdict {
	int status;     /* 0: may be appended; else the HTTP status of the refusal */
	bool duplicate; /* the ledger has it: ENTRY; nothing else was judged */
	uint64_t entry;
	uint64_t position;  /* of the index that it was judged at */
	uint64_t not_after; /* ms: it must be numbered by then, or be judged again */
	uint64_t again_at;  /* after LEDGER_AGAIN: judge again when the index is here */
	/* The first 16 bytes of each count, and the next: 1 when the submission writes it, so that
	 * it is remembered; claims[0] is the submission. */
	sy_hash *claims;
	size_t n_claims;
	struct sy_faults faults; /* warnings too */
};

enum admit_lang { ADMIT_EN, ADMIT_ZH };

/* SUB has passed sy_submission_parse and _check without a fault; faults are told
 * in LANG.  Memory in ARENA. */
int admit_check(struct admit *a, struct sy_arena *arena, const struct sy_submission *sub,
		enum admit_lang lang, struct admit_verdict *out);

/* The ledger's callbacks; job->verdict is the admit_verdict. */
enum ledger_verdict admit_judge(void *admit, struct ledger_job *job, uint64_t entry, uint64_t time);
void admit_settle(void *admit, struct ledger_job *job, bool published);

/* Claims remembered, for the metrics and the budget. */
size_t admit_remembered(struct admit *a);

/* --dry-run: the verdict alone, over the same path, at the index as it is. */

/* The records --init publishes: default rules as Rules records. */
extern const char *const admit_default_rules[];
extern const size_t admit_n_default_rules;

#endif
