/*
 * Inside the ledger room: what its files share.  Nobody else includes this but its tests.
 *
 *   truth.c   the folder: tables, opening, closing
 *   salts.c   the flat file of salts, sealing payloads under them, reserving disk
 *   unseal.c  opening many at once (unseal.h)
 *   read.c    everything a reader may ask
 *   run.c     records in a row, opened many at once
 *   rows.c    a table in order
 *   paths.c   paths inside a submission, with what they share kept
 *   group.c   one group commit, from judging to answering
 *   writer.c  the queue and the one thread that runs groups
 *   guard.c   the head file and the clock
 *   init.c    a new ledger
 *   pages.c   LMDB's file page by page: its structure; with pages_walk.c, pages_table.c
 *   sums.c    a sum over each page, so that not even an unused byte changes unseen
 *   fsck.c    the whole check; with fsck_rows.c, fsck_notes.c (fsck.h)
 *
 * Who touches what: `tree`, `last`, `growth`, `note` and the reservations are the writer's thread's
 * (or the only thread's, before ledger_start).  `pub` is under pub_mu, the queue and the state
 * under mu.  The rest doesn't change after opening.
 */
#ifndef LEDGER_TRUTH_H
#define LEDGER_TRUTH_H

#include "ledger.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define LEDGER_FORMAT 1

enum {
	T_ENTRIES,
	T_RECORDS,
	T_LEAVES,
	T_TREE, /* and seven more */
	T_NOTES = T_TREE + 8,
	T_META,
	N_TABLES
};
extern const struct kv_table ledger_tables[N_TABLES];

/* A key of 8 bytes, big-endian, for as long as the full expression's scope. */
#define KEY64(v) key64((uint8_t[8]){0}, (v))
static inline struct sy_str key64(uint8_t room[8], uint64_t v)
{
	sy_put64(room, v);
	return (struct sy_str){(const char *)room, 8};
}

/*
 * The nodes of the tree that a group adds.  A proof in the new tree for an entry of the group needs
 * these and the peaks of the tree before, nothing else: a left sibling that is older than the group
 * is a largest complete subtree of the old tree, or it would hold a leaf of the group.
 */
struct growth {
	struct sy_tree old;
	uint64_t size;
	struct growth_level {
		sy_hash *v; /* nodes from index old.size >> level */
		size_t n, cap;
	} level[SY_PATH_MAX];
};

void growth_begin(struct growth *g, const struct sy_tree *old);
int growth_add(struct growth *g, const sy_hash *leaf);
int growth_at(void *growth, unsigned level, uint64_t index, sy_hash *out); /* sy_subtree_fn */
void growth_tree(const struct growth *g, struct sy_tree *out);
void growth_free(struct growth *g);

/* The newest entry; `entries` 0 before genesis. */
struct newest {
	struct sy_entry entry;
	sy_hash leaf;
	uint64_t entries, records;
};

struct ledger_clock {
	uint64_t (*real)(void *ctx); /* ms since 1970, may jump */
	uint64_t (*boot)(void *ctx); /* ms since boot, suspended time too, never jumps */
	void *ctx;
};

enum writer_state { WRITER_IDLE, WRITER_RUNNING, WRITER_STOPPING, WRITER_HALTED };

struct ledger {
	struct ledger_options o;
	char *dir;
	char origin[SY_KEY_NAME_MAX + 1];
	struct sy_vkey vkey;
	struct sy_signer signer;
	int dir_fd, lock_fd, salts_fd;
	struct kv *truth;
	struct path_cache *paths;

	/* the writer's */
	struct newest last;
	struct sy_tree tree;
	struct growth growth;
	struct sy_buf note; /* the checkpoint of tree.size */
	bool note_stored;   /* it is in the table of notes */
	struct sy_buf salts;
	uint64_t truth_reserved, salts_reserved; /* bytes of each file that have blocks */
	atomic_bool disk_refused;                /* the last group that asked got none */
	bool head_dirty;
	uint64_t head_at; /* boot clock */

	pthread_mutex_t pub_mu;
	struct ledger_head pub;

	pthread_mutex_t mu;
	pthread_cond_t wake;
	pthread_t thread;
	enum writer_state state;
	const char *halt_why;
	struct ledger_job *first, **end;
	size_t queue_bytes, queue_jobs;
	struct ledger_clock clock;
	bool clock_seen, clock_bad;
	int64_t clock_offset; /* real - boot when it was last trusted */
	const char *clock_why;
	atomic_uint_fast64_t last_time; /* of the newest entry, for the clock */

	struct {
		atomic_uint_fast64_t commits, commit_ns, refused, duplicates;
	} stats;
};

/* Tests fail a step here: SY_OK lets it pass.  NULL outside of tests. */
enum ledger_point { POINT_RESERVE, POINT_PUT, POINT_SALTS, POINT_COMMIT, POINT_HEAD };
extern int (*_Atomic ledger_fault)(enum ledger_point point);
static inline int fault_at(enum ledger_point point)
{
	int (*f)(enum ledger_point) = ledger_fault;

	return f ? f(point) : SY_OK;
}

/* truth.c: a sentence for `why`, and the error again. */
int ledger_say(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *ledger_said(void);
int ledger_new(const struct ledger_options *o, struct ledger **out);
int ledger_dir(struct ledger *l); /* opens it, if it is a ledger's */
int ledger_lock(struct ledger *l);
int ledger_truth(struct ledger *l);
int ledger_keys(struct ledger *l);
int ledger_load(struct ledger *l);       /* tree, newest entry, sizes from the tables */
int ledger_sign(struct ledger *l);       /* the checkpoint of l->tree into l->note */
void ledger_publish(struct ledger *l);   /* what was signed */
int ledger_store_note(struct ledger *l); /* in a transaction of its own, if it isn't there */
int sync_path(const char *dir, const char *name);      /* fsync of a file or folder in DIR */
int pread_all(int fd, void *p, size_t n, uint64_t at); /* SY_EIO also when it ends before */
int pwrite_all(int fd, const void *p, size_t n, uint64_t at);

/* salts.c */
int salts_open(struct ledger *l, bool create);
int salts_read(const struct ledger *l, uint64_t number, uint8_t salt[SY_SALT_SIZE]);
/* The same for many in a row, which are read together; LIMIT is how many there are. */
struct salts_run {
	uint64_t from, n;
	uint8_t v[1024][SY_SALT_SIZE];
};
int salts_run(const struct ledger *l, struct salts_run *run, uint64_t limit, uint64_t number,
	      uint8_t salt[SY_SALT_SIZE]);
int salts_append(struct ledger *l, uint64_t first, const void *salts, size_t n); /* synced */
bool salt_erased(const uint8_t salt[SY_SALT_SIZE]);
/* XChaCha20 both ways; the key is used for this one payload alone. */
void seal(const uint8_t salt[SY_SALT_SIZE], const sy_hash *leaf, struct sy_str in, void *out);
/* The file system as it was when a group began, less what the group has taken of it since. */
struct disk {
	bool seen;
	uint64_t all, left; /* bytes */
};
/* Blocks for a group of that many bytes in truth and records; SY_ENOSPC, also while less than 256
 * MiB or an eighth of the file system is free. */
int disk_reserve(struct ledger *l, struct disk *d, uint64_t truth_bytes, uint64_t records);
/* Why even a small group would be refused; NULL when it wouldn't.  Any thread. */
const char *disk_full(struct ledger *l);

/* rows.c: a table whose keys are numbers, read in order of them; a merge with those wanted. */
struct rows {
	struct kv_tx *tx;
	unsigned table;
	int err; /* SY_ENOTFOUND past the last row */
	struct sy_str key, value;
};
void rows_begin(struct rows *r, struct kv_tx *tx, unsigned table, uint64_t from);
/* The value under KEY; false when there is none.  Keys are asked for in ascending order. */
bool rows_at(struct rows *r, uint64_t key, struct sy_str *value);

/* read.c */
int truth_at(void *tx, unsigned level, uint64_t index, sy_hash *out); /* sy_subtree_fn */
/* A snapshot of everything committed, published or not. */
int read_committed(struct ledger *l, struct ledger_read *r);

/* paths.c */
struct path_cache *path_cache_new(void);
void path_cache_free(struct path_cache *c);
int records_path(struct path_cache *c, uint64_t entry, const sy_hash *leaves, size_t count,
		 size_t position, struct sy_path *out);

/* group.c: runs the jobs of a list through judge, commit, publish and answer. */
int group_run(struct ledger *l, struct ledger_job *jobs);

/* writer.c */
void ledger_halt(struct ledger *l, int err, const char *why);
void ledger_answer(struct ledger *l, struct ledger_job *job);

/* guard.c */
int head_check(struct ledger *l);
int head_write(struct ledger *l);
extern const struct ledger_clock system_clock;
bool clock_good(struct ledger *l); /* looks at both clocks; under mu */

/* pages_walk.c, sums.c: FAULT gets a line for each fault of structure. */
struct pages_report {
	void (*fault)(void *ctx, const char *line);
	void *ctx;
	unsigned faults;
	bool whole; /* sums cover every byte of the file */
};
/* SY_OK when LMDB may be let at the file, even if there were faults. */
int pages_check(const char *dir, unsigned threads, struct pages_report *r);
/* After the last commit, before the folder is left alone. */
int pages_sum(const char *dir);
/* Is the file shorter than when the ledger was stopped? */
bool pages_cut(const char *dir);
int pages_unsum(const char *dir); /* before a writer writes */

#endif
