/*
 * The one wrapper around LMDB; kv.c is the only file that includes lmdb.h.
 *
 * A kv is an environment with a fixed list of tables.  A transaction keeps the first error it
 * meets: later calls do nothing and return it, and kv_commit returns it.  Values are borrowed
 * until the transaction ends.  Errors are SY_ENOTFOUND, SY_EIO, SY_ENOSPC (the disk is full, or the
 * map), SY_ECORRUPT, SY_ENOMEM; SY_ENOTFOUND alone does not stick.
 *
 * LMDB reports a full disk and a failed sync alike and its next commit may succeed, so a failed
 * commit is final for a truth: the caller must stop writing (see writer.c).
 */
#ifndef LEDGER_KV_H
#define LEDGER_KV_H

#include <suyuan/bytes.h>
#include <suyuan/error.h>

struct kv;

struct kv_table {
	const char *name;
	bool integer_dup; /* several fixed-size values a key, sorted (MDB_DUPSORT | MDB_DUPFIXED) */
};

/* KV_LATEST: a power cut may take back the last commit; what was before it is whole. */
enum { KV_READONLY = 1, KV_NOSYNC = 2, KV_LATEST = 4 };

/* Creates the folder and its files when missing unless read-only.  At most 32 tables.  The folder
 * has its own guard against a second process (the ledger's lock): closing takes LMDB's lock file
 * away. */
int kv_open(const char *dir, const struct kv_table *tables, size_t n, uint64_t map_size, int flags,
	    struct kv **out);
void kv_close(struct kv *kv);                /* NULL is fine */
int kv_copy(struct kv *kv, const char *dir); /* what is committed, into a folder it makes */
int kv_sync(struct kv *kv);                  /* everything that was committed is on disk */
int kv_fd(struct kv *kv);                    /* of the data file, for fallocate */
uint64_t kv_used(struct kv *kv);             /* bytes of the file in use, to the last page */
uint64_t kv_map(struct kv *kv);              /* bytes it can grow to */

struct kv_tx {
	struct kv *kv;
	void *txn;
	int err;
	bool write, map_full;
	void *cursors[32];  /* opened on first use of a table, closed at the end */
	unsigned moves[32]; /* of each cursor, so that a kv_place knows its own */
	void *points[32];   /* a writer's: the row of each table that it put or got last */
};

enum { KV_READ = 0, KV_WRITE = 1 };
int kv_begin(struct kv *kv, struct kv_tx *tx, int mode);
int kv_commit(struct kv_tx *tx); /* the first error, or the commit's */
void kv_abort(struct kv_tx *tx); /* also ends a read; harmless on an ended one */
/* Which of its states the environment shows TX. */
uint64_t kv_state(const struct kv_tx *tx);
/* Has the disk room for the file to grow?  True where the file system can't tell. */
bool kv_has_room(struct kv *kv);
/* Was it for want of room on the disk that TX failed with ERR, and may it be tried again?  To LMDB
 * a write that was cut short is an EIO.  A commit that couldn't write its pages changed nothing
 * that the next one starts from.  One that failed in the last write, which says which pages are in
 * use, is LMDB's end: nothing can be read any more, and this is false. */
bool kv_wants_room(struct kv_tx *tx, int err);

/* TABLE is the index into the list that kv_open got. */
int kv_get(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str *value);
enum { KV_APPEND = 1, KV_NEW = 2 }; /* after the last key; SY_EDUP when the key is there */
int kv_put(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str value, int flags);
/* Room of N bytes for a value that the caller fills at once. */
int kv_reserve(struct kv_tx *tx, unsigned table, struct sy_str key, size_t n, int flags,
	       void **room);
int kv_del(struct kv_tx *tx, unsigned table, struct sy_str key);
/* One of the values that a key has in a table with several. */
int kv_del_value(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str value);
int kv_has_value(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str value);

/* Ordered reading; each keeps the table's place in the transaction's own cursor.  An empty FROM is
 * the first row.  A failed seek leaves the place at the end: kv_prev gives the last row. */
int kv_seek(struct kv_tx *tx, unsigned table, struct sy_str from, struct sy_str *key,
	    struct sy_str *value); /* first key >= FROM */
int kv_next(struct kv_tx *tx, unsigned table, struct sy_str *key, struct sy_str *value);
/* Past the other values of the key. */
int kv_next_key(struct kv_tx *tx, unsigned table, struct sy_str *key, struct sy_str *value);
int kv_prev(struct kv_tx *tx, unsigned table, struct sy_str *key, struct sy_str *value);
int kv_last(struct kv_tx *tx, unsigned table, struct sy_str *key, struct sy_str *value);
/* In a table with several values a key, the first of KEY's that isn't below FROM. */
int kv_seek_value(struct kv_tx *tx, unsigned table, struct sy_str key, struct sy_str from,
		  struct sy_str *value);
/* In a table with several values a key: as many of them as stand on one page, side by side, from
 * the first (FIRST, or SY_ENOTFOUND for a key without any) or after those that were given last. */
int kv_values(struct kv_tx *tx, unsigned table, struct sy_str key, bool first,
	      struct sy_str *values);
/* The same from where the place is, at the first of a key's values, which is VALUE: those beside
 * it, and whether they are all. */
int kv_values_here(struct kv_tx *tx, unsigned table, struct sy_str value, bool *whole,
		   struct sy_str *values);
/* All of a table with several values a key, in order: EACH gets a key and those of its values that
 * stand side by side, so that a key may come more than once.  Ends with the first error of EACH. */
int kv_sweep(struct kv_tx *tx, unsigned table,
	     int (*each)(void *ctx, struct sy_str key, struct sy_str values), void *ctx);
uint64_t kv_count(struct kv_tx *tx, unsigned table);

/*
 * kv_place.c: reading on from where a reader was: rows that come soon are walked to, not searched,
 * so that a reader of many ascending keys goes near the speed of an array.  Start with a zeroed
 * place of the table; it belongs to one transaction.  Other reads of the table only cost it its
 * way.
 */
struct kv_place {
	unsigned table;
	bool known, taken, whole; /* is there a row; were its values read, all at once */
	unsigned move;
	uint8_t asked[16]; /* keys of this size at most */
	size_t n_asked;
	struct sy_str key, value; /* the first row from what was asked for; borrowed */
};
int kv_place_seek(struct kv_tx *tx, struct kv_place *p, struct sy_str from);
/* As kv_values with FIRST, of a key that kv_place_seek found; go on with kv_values unless the
 * place is WHOLE. */
int kv_place_values(struct kv_tx *tx, struct kv_place *p, struct sy_str *values);

#endif
