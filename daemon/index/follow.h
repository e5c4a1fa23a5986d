/*
 * The index as a whole; private to the room.
 */
#ifndef INDEX_FOLLOW_H
#define INDEX_FOLLOW_H

#include "apply.h"

#include <pthread.h>

struct index {
	struct index_options o;
	struct kv *kv;
	bool second; /* fsck's: truth isn't touched and nothing need last */

	/* What has been committed, for everybody. */
	pthread_mutex_t lock;
	pthread_cond_t woken, moved; /* on CLOCK_MONOTONIC */
	struct state committed;
	struct index_stats stats;
	unsigned waiters;
	uint64_t wanted; /* entries that somebody waits for elsewhere */
	bool wake, stop, running;
	int failed;
	/* ns, 0: none.  When the first was published of what the last snapshot of truth hasn't, and
	 * of what that has and isn't committed; the latter is never later than it was. */
	uint64_t unseen, uncommitted;
	struct spread *spread; /* what a recall under way will mark, or NULL */
	atomic_bool shares;    /* is there one?  Asked without the lock. */

	/* The applying thread's own. */
	pthread_t thread;
	struct apply a;
	struct kv_tx tx; /* open: something is applied and not committed */
	bool open;
	uint64_t begun, last_commit; /* ns */
	bool all;                    /* that was published at the last step is applied */
	uint64_t work_before;        /* a.work when it was begun */
	/* How busy it is: records and time at the last look, and what came of it. */
	uint64_t looked, looked_records;
	bool busy;
};

/* Opens the tables in DIR as they are.  The index isn't checked against truth. */
int index_make(const struct index_options *o, const char *dir, int kv_flags, struct index **out);
void index_free(struct index *ix);
void index_drop(struct index *ix); /* back to what was committed */
/* Is what is there of this version and of this truth? */
int index_fits(struct index *ix, bool *fits);
/* Applies and commits what is published, to LIMIT entries. */
int index_apply_to(struct index *ix, uint64_t limit);
/* Applies and commits the next entry's first RECORDS, which aren't all. */
int index_apply_within(struct index *ix, uint64_t records);
/* Hashes events, HASHED records in all. */
int index_hash_to(struct index *ix, uint64_t hashed);
/* underway.c: tells each record that the index still knows though its salt is gone, as the Erasure
 * says that the index hasn't come to. */
int index_under_way(struct index *ix, void (*tell)(void *ctx, uint64_t record), void *ctx);
/* Removes an index's files and folder. */
int index_remove(const char *dir);

#endif
