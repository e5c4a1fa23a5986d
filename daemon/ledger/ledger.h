/*
 * The ledger: truth on disk, and the one writer that numbers, chains and stores.
 *
 * DIR holds truth/ (LMDB: entries, sealed payloads, leaf hashes, tree hashes, checkpoints; it only
 * grows at its end), salts (16 bytes a record, overwritten in place by an erasure), log.key (mode
 * 0600), head (the newest checkpoint that was published, the rollback guard) and lock.
 *
 * What readers see ends at the newest published checkpoint: durable, in the tree, signed.
 * Nothing is answered before that.
 *
 * Layout of truth/, keys big-endian:
 *   entries   u64 index             -> 200 bytes
 *   records   u64 number            -> 32-byte leaf hash || payload sealed (XChaCha20 under a key
 *                                      derived from the record's salt)
 *   leaves    u64 first record      -> u64 entry || count * 32-byte leaf hashes
 *   tree0..7  u64 index             -> 32-byte root of the complete subtree of 256^L leaves
 *   notes     u64 size              -> the checkpoint that was signed at that size
 *   meta      name                  -> format version, origin
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <suyuan/note.h>
#include <suyuan/submission.h>

#include "kv.h"

struct ledger;
struct ledger_job;

/* --- making and opening ---------------------------------------------------------------------- */

struct ledger_genesis {
	const char *origin;
	const char *name;        /* of the operator, for people; may be NULL */
	const char *operator_id; /* party id; NULL derives urn:suyuan:own:<key id>:operator */
	/* Further submissions by the operator key, right after genesis: one record each. */
	const struct sy_str *records;
	size_t n_records;
};

/* --init: makes DIR, its keys, DIR/operator.key and entry 0; SY_EDUP when DIR isn't empty.
 * Either all of it is there afterwards or DIR is as it was. */
int ledger_create(const char *dir, const struct ledger_genesis *g, const char **why);

enum ledger_verdict {
	LEDGER_APPEND,
	LEDGER_DUPLICATE, /* job->entry names the one that is there or is waiting in this group */
	LEDGER_REFUSE,    /* job->err says why; nothing is written */
	LEDGER_AGAIN      /* the state moved: job->err = SY_OK, the submitter judges again */
};

struct ledger_options {
	const char *dir;
	bool read_only;         /* fsck, reindex: no writer, no new checkpoint */
	uint64_t map_size;      /* of truth, 0 for 1 TiB */
	size_t queue_bytes;     /* budget of waiting submissions, 0 for 64 MiB */
	unsigned group_records; /* records a group at most, 0 for 20,000 */
	/* The judge, in the writer's thread, in order; TIME is the entry time it would get. */
	enum ledger_verdict (*judge)(void *ctx, struct ledger_job *job, uint64_t entry,
				     uint64_t time);
	/* After the group that holds JOB was published (true) or its commit failed (false). */
	void (*settle)(void *ctx, struct ledger_job *job, bool published);
	/* In the writer's thread: the jobs of a group are about to be answered (true), all of them
	 * were (false); may be NULL. */
	void (*answering)(void *ctx, bool begins);
	/* Bytes of the disk that others want yet for what is published and RECORDS more; may be
	 * NULL. Any thread. */
	uint64_t (*owed)(void *ctx, uint64_t records);
	void (*published)(void *ctx, uint64_t entries);      /* wakes followers */
	void (*halted)(void *ctx, int err, const char *why); /* no more writes, ever */
	void *ctx;
};

/* Refuses what isn't a ledger (SY_ENOTFOUND), a newer format (SY_EVERSION), one held by another
 * daemon (SY_ELOCKED), one older than its own head (SY_EROLLBACK); *WHY is a sentence that says
 * what to do, owned by the ledger room, valid until the next call. */
int ledger_open(const struct ledger_options *o, struct ledger **out, const char **why);
int ledger_start(struct ledger *l);  /* the writer's thread */
void ledger_stop(struct ledger *l);  /* drains what was submitted, then ends the thread */
void ledger_close(struct ledger *l); /* NULL is fine */

/* --- what is published ----------------------------------------------------------------------- */

struct ledger_head {
	uint64_t entries, records;
	uint64_t time; /* of the newest entry */
	sy_hash root;
	size_t note_len;
	char note[1024]; /* the checkpoint */
};

struct sy_str ledger_origin(const struct ledger *l);
const struct sy_vkey *ledger_vkey(const struct ledger *l);
void ledger_head(struct ledger *l, struct ledger_head *out);
bool ledger_writable(struct ledger *l, const char **why); /* for /readyz */

/* A snapshot for reading; belongs to one thread, and must not outlive a turn of its loop. */
struct ledger_read {
	struct ledger *l;
	struct kv_tx tx;
	uint64_t entries, records; /* the published size it shows */
	sy_hash root;
};

int ledger_read_begin(struct ledger *l, struct ledger_read *r);
void ledger_read_end(struct ledger_read *r);

int ledger_entry(struct ledger_read *r, uint64_t index, const uint8_t **bytes); /* borrowed */
/* Entry of a record and the record's position in it. */
int ledger_record_entry(struct ledger_read *r, uint64_t number, uint64_t *entry,
			uint32_t *position);
struct ledger_record {
	struct sy_str payload; /* opened, in the arena */
	uint8_t salt[SY_SALT_SIZE];
	sy_hash leaf;
};
/* SY_EGONE when it was erased (leaf is still given); SY_ECORRUPT when it doesn't hash to leaf. */
int ledger_record(struct ledger_read *r, struct sy_arena *arena, uint64_t number,
		  struct ledger_record *out);
/* Records FROM up to TO in order, each in ARENA for the call alone; of one that was erased only
 * the leaf is given.  TAKE returns false to end.  SY_ERANGE, SY_ECORRUPT. */
typedef bool (*ledger_take_fn)(void *ctx, uint64_t number, const struct ledger_record *rec,
			       bool erased);
int ledger_records(struct ledger_read *r, struct sy_arena *arena, uint64_t from, uint64_t to,
		   ledger_take_fn take, void *ctx);
/* Inclusion of a record in its entry's records_root. */
int ledger_record_path(struct ledger_read *r, uint64_t entry, uint32_t position,
		       struct sy_path *out);
/* A receipt of FORMAT.md against the published checkpoint, appended to OUT. */
int ledger_receipt(struct ledger_read *r, struct sy_arena *arena, uint64_t number,
		   struct sy_buf *out);
/* tlog-proof text of an entry against the published checkpoint. */
int ledger_entry_proof(struct ledger_read *r, uint64_t index, struct sy_buf *out);
int ledger_consistency(struct ledger_read *r, uint64_t from, uint64_t to, struct sy_path *out);
int ledger_root(struct ledger_read *r, uint64_t size, sy_hash *out);
/* Bytes of a tile, hashes or entries; SY_ENOTFOUND. */
int ledger_tile(struct ledger_read *r, const struct sy_tile *t, struct sy_buf *out);

/* --- writing --------------------------------------------------------------------------------- */

/* One submission on its way to the log.  Owned by the submitter until `done` is called. */
struct ledger_job {
	const struct sy_submission *sub; /* checked; its memory lives until done */
	size_t bytes;                    /* what it counts against the queue's budget */
	void *verdict;                   /* the judge's own */
	/* answers */
	enum ledger_verdict said;
	int err;
	uint64_t entry, first, time;
	uint32_t count;
	uint8_t entry_bytes[SY_ENTRY_SIZE];
	uint64_t proof_size;                  /* the checkpoint it is proven against */
	struct sy_buf proof;                  /* tlog-proof text; the submitter frees it */
	void (*done)(struct ledger_job *job); /* in the writer's thread; must not block */
	struct ledger_job *next;
};

/* SY_EBUSY past the budget; SY_EHALT, SY_ECLOCK, SY_ENOSPC when writes are stopped. */
int ledger_submit(struct ledger *l, struct ledger_job *job);

/* Destroys a record's salt (zeros, synced): its payload can't be opened any more.  Idempotent.
 * Records 0 and what FORMAT protects are the caller's business. */
int ledger_erase(struct ledger *l, uint64_t number);

struct ledger_stats {
	uint64_t commits, commit_ns, entries, records, refused, duplicates;
	uint64_t queue_jobs, queue_bytes;
};
void ledger_stats(struct ledger *l, struct ledger_stats *out);

/* --- fsck ------------------------------------------------------------------------------------ */

/* Re-checks every byte of truth: entries, chain, tree at every level, signatures, leaf hashes,
 * payloads, salts, notes, head; on THREADS threads, whose number doesn't change what is found.
 * REPORT gets a line for each fault: what and where.  SY_OK, or SY_ECORRUPT. */
struct ledger_check {
	void (*report)(void *ctx, const char *line);
	void *ctx;
	unsigned threads;
	/* Also what FORMAT asks beyond bytes: authors enrolled, erasures named (suyuan/audit.h). */
	bool rules;
	uint64_t entries, records, faults; /* out */
	/* out: unused bytes of truth were compared too; they can't be after a kill, until the
	 * ledger was started and stopped again */
	bool whole;
};
int ledger_fsck(const char *dir, struct ledger_check *c);

#endif
