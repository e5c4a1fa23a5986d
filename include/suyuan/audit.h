/*
 * An audit: what FORMAT.md asks of one who trusts nobody, over a whole ledger or what is new of it.
 *
 * Of each entry: its 200 bytes, number, chain, times, signature, and that no submission stands
 * twice.  With records: that they lead to the root which their author signed; that the author's key
 * was enrolled, with its own proof, not revoked and not past its day when the entry was accepted;
 * that each erased record is named, leaf hash and all, by an Erasure that came later; and that the
 * log's key is the one that the genesis names or its successors signed for.  An entry of a kind
 * that this version doesn't know is chained, counted as unchecked, and believed nothing of.
 *
 * Where bytes come from is the caller's business: a source hands them over, from several threads at
 * once.  The audit deals the work to threads; faults are told in order of entries, and are the same
 * whatever their number.
 */
#ifndef SUYUAN_AUDIT_H
#define SUYUAN_AUDIT_H

#include "submission.h"
#include "tree.h"
#include "walk.h"

struct sy_audit;
struct sy_audit_part; /* what one thread is at; faults of it go through sy_audit_fault */

struct sy_audit_source {
	/* The bytes of entries FROM .. FROM + N: what is wanted of one tile, so N is at most 256.
	 * An error ends the audit. */
	int (*entries)(void *ctx, unsigned thread, struct sy_audit_part *p, uint64_t from,
		       unsigned n, uint8_t (*raw)[SY_ENTRY_SIZE]);
	/* The records of N submissions that follow one another: each is given to one of the three
	 * functions below, in order.  NULL: an audit of entries alone. */
	int (*records)(void *ctx, unsigned thread, struct sy_audit_part *p,
		       const struct sy_entry *entries, size_t n);
	void *ctx;
};

/* The next N records, of one entry or several; each LEAF becomes its leaf hash.  Many at once are
 * hashed sooner than one by one. */
void sy_audit_records(struct sy_audit_part *p, struct sy_opened *v, size_t n);
/* The next record, which was erased. */
void sy_audit_gone(struct sy_audit_part *p, const sy_hash *leaf);
/* The next record, which can't be had: the source has said why.  LEAF may be NULL. */
void sy_audit_missing(struct sy_audit_part *p, const sy_hash *leaf);
/* A fault that concerns ENTRY, at the AT-th WHAT (a static text: "record"). */
void sy_audit_fault(struct sy_audit_part *p, uint64_t entry, const char *what, uint64_t at,
		    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

struct sy_audit_options {
	struct sy_str origin;
	unsigned threads;
	bool rules; /* with records: who could sign, and what was erased */
	bool legal; /* each record is also read as FORMAT.md's JSON */
	struct sy_audit_source source;
	void (*fault)(void *ctx, const char *what, uint64_t at, const char *text);
	void (*progress)(void *ctx, uint64_t entries); /* checked so far; may be NULL */
	void *ctx;
};

/* SY_ENOMEM.  O's spans and functions stay until sy_audit_free. */
int sy_audit_new(const struct sy_audit_options *o, struct sy_audit **out);
/* Goes on behind the entries of a tree that was audited before; LAST is the last of them. */
int sy_audit_resume(struct sy_audit *a, const struct sy_tree *t, const uint8_t last[SY_ENTRY_SIZE]);
/* Checks everything up to TO entries; may be called again for more.  SY_OK with or without faults;
 * SY_ENOMEM, or what the source returned. */
int sy_audit_run(struct sy_audit *a, uint64_t to);

struct sy_audit_sum {
	uint64_t entries, records, faults;
	uint64_t others;      /* entries that are no submissions */
	uint64_t unchecked;   /* of them, of a kind that this version doesn't know */
	uint64_t erased;      /* records that an Erasure names */
	uint64_t unexplained; /* erased records that no Erasure names so far */
	sy_hash root;         /* of all entries so far */
};
void sy_audit_sum(const struct sy_audit *a, struct sy_audit_sum *out);
/* The key that checkpoints of SIZE entries bear; NULL while nothing has told it. */
const uint8_t *sy_audit_log_key(const struct sy_audit *a, uint64_t size);
/* Faults that only the end can tell: erased records that nothing explains, and another log key than
 * LOG, which signed the checkpoint of what was run.  SY_OK or SY_ENOMEM. */
int sy_audit_end(struct sy_audit *a, const uint8_t log[SY_KEY_SIZE]);
void sy_audit_free(struct sy_audit *a); /* NULL is fine */

#endif
