/*
 * Inside the ledger room: a check of truth under way.  fsck.c is the whole, fsck_rows.c what an
 * audit reads, fsck_notes.c the checkpoints.
 */
#ifndef LEDGER_FSCK_H
#define LEDGER_FSCK_H

#include "unseal.h"

#include <suyuan/audit.h>

enum { FSCK_TILE = 256, FSCK_BATCH = 32 };

/* Records that are opened and hashed together. */
struct fsck_batch {
	size_t n, bytes;
	struct sealed sealed[FSCK_BATCH];
	struct sy_opened opened[FSCK_BATCH];
	struct {
		uint64_t entry, first, number;
		const sy_hash *leaf; /* of the row of leaves; NULL when that is at fault */
	} at[FSCK_BATCH];
};

/* What a thread of the check reads with. */
struct fsck_reader {
	bool open;
	struct ledger_read r;
	char *text; /* opened payloads: SY_RECORD_MAX bytes */
	struct fsck_batch batch;
	struct salts_run salts;
};

struct fsck {
	struct ledger *l;
	struct ledger_check *c;
	uint64_t salts;              /* in their file */
	struct fsck_reader *readers; /* one a thread */
};

/* A line of the report; not from within a walk. */
void fsck_fault(struct fsck *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The reader of a thread, opened at first need. */
int fsck_reader(struct fsck *f, unsigned thread, struct fsck_reader **out);
void fsck_readers_free(struct fsck *f);

/* struct sy_audit_source over truth; CTX is the fsck.  Rows that say the same again are checked on
 * the way: the tree's two lowest tables, the leaf hashes. */
int fsck_entries(void *ctx, unsigned thread, struct sy_audit_part *p, uint64_t from, unsigned n,
		 uint8_t (*raw)[SY_ENTRY_SIZE]);
int fsck_records(void *ctx, unsigned thread, struct sy_audit_part *p,
		 const struct sy_entry *entries, size_t n);
/* Every checkpoint that was signed, by the keys that A found to be the log's. */
int fsck_notes(struct fsck *f, const struct sy_audit *a);

#endif
