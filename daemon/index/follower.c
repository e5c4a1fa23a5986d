#include "follow.h"

#include <errno.h>
#include <time.h>

enum {
	STEP_WORK = 4000,    /* records and mentions of items under one snapshot of truth */
	COMMIT_WORK = 20000, /* and in a commit, whose pages LMDB holds in memory */
	BUILD_WORK = 100000, /* where nobody else wants that memory */
	WAITED_FOR = 10,     /* a reader who waits shortens the delay by this */
	ROOM_MS = 500,       /* between two looks for room on a full disk */
	BUSY_RECORDS = 3000, /* applied in LOOK_MS: events aren't hashed meanwhile */
	LOOK_MS = 1000
};

#define NEVER UINT64_MAX

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static struct timespec at_ns(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / 1000000000U), (long)(ns % 1000000000U)};
}

/* --- applying -------------------------------------------------------------------------------- */

static int begin(struct index *ix)
{
	int err;

	if (ix->open)
		return SY_OK;
	if ((err = kv_begin(ix->kv, &ix->tx, KV_WRITE)))
		return err;
	ix->open = true;
	ix->begun = now_ns();
	ix->work_before = ix->a.work;
	ix->a.tx = &ix->tx;
	return SY_OK;
}

void index_drop(struct index *ix)
{
	if (ix->open)
		kv_abort(&ix->tx);
	ix->open = false;
	ix->a.st = ix->committed;
	ix->a.erase.n = ix->a.gone.n = 0;
	ix->a.author_known = false;
	recalls_forget(&ix->a);
	spread_release(ix->a.spread);
	ix->a.spread = NULL;
}

/* Salts go at the last moment: until the commit, a kill leaves an index that still has what the
 * erased records said, and the next start takes it back (withdraw.c).  Those that are gone are
 * written again, since nobody knows whether that reached the disk, but a ledger that is open for
 * reading alone may refuse it. */
static int destroy_salts(struct index *ix)
{
	struct ids *erase = &ix->a.erase, *gone = &ix->a.gone;
	int err = SY_OK;

	if (ix->second)
		erase->n = gone->n = 0;
	for (size_t i = 0; i < erase->n && err == SY_OK; i++)
		err = ledger_erase(ix->o.ledger, erase->v[i]);
	for (size_t i = 0; i < gone->n && err == SY_OK; i++)
		if ((err = ledger_erase(ix->o.ledger, gone->v[i])) == SY_EHALT)
			err = SY_OK;
	erase->n = gone->n = 0;
	return err;
}

static void set_waits(struct index *ix, bool waits)
{
	if (ix->stats.waits == waits)
		return;
	pthread_mutex_lock(&ix->lock);
	ix->stats.waits = waits;
	pthread_mutex_unlock(&ix->lock);
	if (ix->o.waits)
		ix->o.waits(ix->o.ctx, waits);
}

/* What a recall will mark is known to readers from this commit on, until it is marked; gives what
 * was known before.  Under the lock. */
static struct spread *share(struct index *ix)
{
	struct spread *now = ix->a.spread, *was = ix->spread;

	if (now && now->done && now != was)
		spread_hold(ix->spread = now);
	else if (was && ix->committed.todo == 0)
		ix->spread = NULL;
	else
		return NULL;
	atomic_store(&ix->shares, ix->spread != NULL);
	return was;
}

static int commit(struct index *ix)
{
	uint64_t start = now_ns();
	struct spread *was;
	int err;

	if (!ix->open)
		return SY_OK;
	ix->a.st.cases = kv_count(&ix->tx, T_CASES);
	ix->a.st.todo = kv_count(&ix->tx, T_TODO);
	if ((err = state_put(&ix->tx, &ix->a.st)) || (err = destroy_salts(ix))) {
		index_drop(ix);
		return err;
	}
	ix->open = false;
	if ((err = kv_commit(&ix->tx))) {
		index_drop(ix);
		return err;
	}
	ix->last_commit = now_ns();
	set_waits(ix, false);
	pthread_mutex_lock(&ix->lock);
	ix->committed = ix->a.st;
	was = share(ix);
	ix->stats.commits++;
	ix->stats.commit_ns += ix->last_commit - start;
	if (ix->all)
		ix->uncommitted = 0;
	pthread_cond_broadcast(&ix->moved);
	pthread_mutex_unlock(&ix->lock);
	spread_release(was);
	if (ix->o.advanced)
		ix->o.advanced(ix->o.ctx, ix->a.st.position);
	return SY_OK;
}

/* The work at which the open transaction is full. */
static uint64_t full_at(const struct index *ix)
{
	return ix->work_before + (ix->o.rebuild || ix->second ? BUILD_WORK : COMMIT_WORK);
}

static bool is_full(const struct index *ix)
{
	return ix->a.work >= full_at(ix) || ix->a.erase.n;
}

/* A snapshot of truth is about to be taken. */
static void see(struct index *ix)
{
	pthread_mutex_lock(&ix->lock);
	if (ix->uncommitted == 0)
		ix->uncommitted = ix->unseen;
	ix->unseen = 0;
	pthread_mutex_unlock(&ix->lock);
}

/* Nothing of it waits: another publication had brought it already. */
static void done(struct index *ix)
{
	pthread_mutex_lock(&ix->lock);
	ix->uncommitted = 0;
	pthread_mutex_unlock(&ix->lock);
}

/* Some entries under one short snapshot of truth; *MORE says whether others are published. */
static int apply_step(struct index *ix, uint64_t limit, bool *more)
{
	struct ledger_read truth;
	uint64_t end, until = ix->a.work + STEP_WORK;
	int err;

	see(ix);
	if ((err = ledger_read_begin(ix->o.ledger, &truth)))
		return err;
	end = truth.entries < limit ? truth.entries : limit;
	ix->a.truth = &truth;
	if (ix->a.st.position < end)
		err = begin(ix);
	while (err == SY_OK && ix->a.st.position < end && ix->a.work < until &&
	       ix->a.work < full_at(ix))
		err = apply_entry(&ix->a, ix->a.st.position, UINT64_MAX, full_at(ix));
	*more = ix->a.st.position < end;
	ix->all = !*more;
	ix->a.truth = NULL;
	ledger_read_end(&truth);
	if (err)
		index_drop(ix);
	else if (!ix->open)
		done(ix);
	return err;
}

int index_apply_to(struct index *ix, uint64_t limit)
{
	bool more = true;
	int err;

	while (more) {
		if ((err = apply_step(ix, limit, &more)))
			return err;
		if ((!more || is_full(ix)) && (err = commit(ix)))
			return err;
	}
	return SY_OK;
}

int index_apply_within(struct index *ix, uint64_t records)
{
	struct ledger_read truth;
	int err = ledger_read_begin(ix->o.ledger, &truth);

	if (err)
		return err;
	ix->a.truth = &truth;
	if ((err = begin(ix)) == SY_OK)
		err = apply_entry(&ix->a, ix->a.st.position, records, UINT64_MAX);
	ix->a.truth = NULL;
	ledger_read_end(&truth);
	if (err == SY_OK)
		return commit(ix);
	index_drop(ix);
	return err;
}

int index_catch_up(struct index *ix)
{
	return index_apply_to(ix, UINT64_MAX);
}

/* --- event hashes ---------------------------------------------------------------------------- */

static bool shall_stop(struct index *ix)
{
	pthread_mutex_lock(&ix->lock);
	bool stop = ix->stop;
	pthread_mutex_unlock(&ix->lock);
	return stop;
}

/* In a commit of its own, which isn't what others wait for: they don't wait longer for their own
 * because of it. */
static int put_hashes(struct index *ix)
{
	uint64_t last_commit = ix->last_commit;
	int err = begin(ix);

	if (err)
		return err;
	if ((err = hashes_put(&ix->a)))
		index_drop(ix);
	else
		err = commit(ix);
	ix->last_commit = last_commit;
	return err;
}

static int hash_slice(struct index *ix)
{
	struct ledger_read truth;
	bool whole;
	int err = ledger_read_begin(ix->o.ledger, &truth);

	if (err)
		return err;
	ix->a.truth = &truth;
	err = hashes_gather(&ix->a, &whole);
	ix->a.truth = NULL;
	ledger_read_end(&truth);
	return err == SY_OK && whole ? put_hashes(ix) : err;
}

int index_hash_to(struct index *ix, uint64_t hashed)
{
	int err = SY_OK;

	while (err == SY_OK && ix->a.st.hashed < hashed)
		err = hashes_due(&ix->a.st) ? hash_slice(ix) : SY_ECORRUPT;
	return err;
}

/* How many records came lately?  An import needs the processors for itself. */
static bool is_busy(struct index *ix, uint64_t now)
{
	uint64_t records = ix->a.st.records;

	if (now - ix->looked < (uint64_t)LOOK_MS * 1000000U)
		return ix->busy;
	ix->busy = records - ix->looked_records >= BUSY_RECORDS;
	ix->looked = now;
	ix->looked_records = records;
	return ix->busy;
}

/* All that is published is applied and committed.  *MORE: another slice may follow; *DUE: when to
 * look again. */
static int hash_when_idle(struct index *ix, uint64_t *due, bool *more)
{
	*due = NEVER;
	if (!hashes_due(&ix->a.st) || shall_stop(ix))
		return SY_OK;
	if (is_busy(ix, now_ns())) {
		*due = ix->looked + (uint64_t)LOOK_MS * 1000000U;
		return SY_OK;
	}
	*more = true;
	return hash_slice(ix);
}

/* --- the follower ---------------------------------------------------------------------------- */

/* When what is applied must be committed, in ns; at once for 0.  A lone submission waits for
 * nothing, a stream of them for the delay, less when somebody waits to read. */
static uint64_t commit_due(struct index *ix, bool more)
{
	uint64_t delay = (uint64_t)ix->o.delay_ms * 1000000U, from;

	if (is_full(ix) || (!more && ix->last_commit == 0))
		return 0;
	pthread_mutex_lock(&ix->lock);
	if ((ix->waiters || ix->wanted > ix->committed.position) && !more)
		delay /= WAITED_FOR;
	pthread_mutex_unlock(&ix->lock);
	from = more ? ix->begun : ix->last_commit;
	return from + delay;
}

/* Waits for news, or until something is due; false when the follower shall end. */
static bool wait_for_news(struct index *ix, uint64_t due)
{
	struct timespec t = at_ns(due);
	bool go;

	pthread_mutex_lock(&ix->lock);
	while (!ix->wake && !ix->stop)
		if (due == NEVER)
			pthread_cond_wait(&ix->woken, &ix->lock);
		else if (pthread_cond_timedwait(&ix->woken, &ix->lock, &t) == ETIMEDOUT)
			break;
	ix->wake = false;
	go = !ix->stop;
	pthread_mutex_unlock(&ix->lock);
	return go;
}

/* Until the disk has room again; false when the follower shall end. */
static bool wait_for_room(struct index *ix)
{
	bool go;

	index_drop(ix);
	set_waits(ix, true);
	do {
		struct timespec t = at_ns(now_ns() + ROOM_MS * (uint64_t)1000000U);
		pthread_mutex_lock(&ix->lock);
		while ((go = !ix->stop) &&
		       pthread_cond_timedwait(&ix->woken, &ix->lock, &t) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&ix->lock);
	} while (go && !kv_has_room(ix->kv));
	return go;
}

static int follow_once(struct index *ix, uint64_t *due, bool *more)
{
	int err = apply_step(ix, UINT64_MAX, more);

	if (err)
		return err;
	*due = commit_due(ix, *more);
	return ix->open && *due <= now_ns() ? commit(ix) : SY_OK;
}

static int follow(struct index *ix)
{
	uint64_t due;
	bool more, go = true;
	int err;

	while (go) {
		err = follow_once(ix, &due, &more);
		if (err == SY_OK && !more && !ix->open)
			err = hash_when_idle(ix, &due, &more);
		if (err == SY_OK)
			go = more ? !shall_stop(ix) : wait_for_news(ix, due);
		else if (kv_wants_room(&ix->tx, err))
			go = wait_for_room(ix);
		else
			return err;
	}
	return (err = commit(ix)) && kv_wants_room(&ix->tx, err) ? SY_OK : err;
}

static void *follower(void *arg)
{
	struct index *ix = arg;
	pthread_setname_np(pthread_self(), "index");
	int err = follow(ix);

	if (err == SY_OK)
		return NULL;
	index_drop(ix); /* LMDB's writer lock is this thread's to give back */
	pthread_mutex_lock(&ix->lock);
	ix->failed = err;
	pthread_cond_broadcast(&ix->moved);
	pthread_mutex_unlock(&ix->lock);
	if (ix->o.failed)
		ix->o.failed(ix->o.ctx, err,
			     err == SY_ECORRUPT ? "index or truth are damaged: --fsck says where, "
						  "--reindex builds the index again"
						: "the index can't follow the ledger");
	return NULL;
}

int index_start(struct index *ix)
{
	ix->stop = false;
	if (pthread_create(&ix->thread, NULL, follower, ix))
		return SY_ENOMEM;
	ix->running = true;
	return SY_OK;
}

void index_wake(struct index *ix)
{
	pthread_mutex_lock(&ix->lock);
	ix->wake = true;
	if (ix->unseen == 0)
		ix->unseen = now_ns();
	pthread_cond_signal(&ix->woken);
	pthread_mutex_unlock(&ix->lock);
}

void index_stop(struct index *ix)
{
	if (!ix->running)
		return;
	pthread_mutex_lock(&ix->lock);
	ix->stop = true;
	pthread_cond_signal(&ix->woken);
	pthread_mutex_unlock(&ix->lock);
	pthread_join(ix->thread, NULL);
	ix->running = false;
}

uint64_t index_position(struct index *ix)
{
	struct index_stats s;

	index_stats(ix, &s);
	return s.position;
}

uint64_t index_records(struct index *ix)
{
	struct index_stats s;

	index_stats(ix, &s);
	return s.records;
}

unsigned index_late(struct index *ix)
{
	uint64_t since;

	pthread_mutex_lock(&ix->lock);
	since = ix->uncommitted ? ix->uncommitted : ix->unseen;
	pthread_mutex_unlock(&ix->lock);
	return since ? (unsigned)((now_ns() - since) / 1000000U) : 0;
}

int index_wait(struct index *ix, uint64_t entries, unsigned ms)
{
	struct timespec t = at_ns(now_ns() + (uint64_t)ms * 1000000U);
	int err = SY_OK;

	pthread_mutex_lock(&ix->lock);
	ix->waiters++;
	if (ix->committed.position < entries) {
		ix->wake = true;
		pthread_cond_signal(&ix->woken);
	}
	while (ix->committed.position < entries && err == SY_OK)
		if (ix->failed)
			err = ix->failed;
		else if (pthread_cond_timedwait(&ix->moved, &ix->lock, &t) == ETIMEDOUT)
			err = ix->committed.position < entries ? SY_EBUSY : SY_OK;
	ix->waiters--;
	pthread_mutex_unlock(&ix->lock);
	return err;
}

void index_want(struct index *ix, uint64_t entries)
{
	pthread_mutex_lock(&ix->lock);
	if (entries > ix->wanted)
		ix->wanted = entries;
	if (ix->committed.position < entries) {
		ix->wake = true;
		pthread_cond_signal(&ix->woken);
	}
	pthread_mutex_unlock(&ix->lock);
}

void index_stats(struct index *ix, struct index_stats *out)
{
	pthread_mutex_lock(&ix->lock);
	*out = ix->stats;
	out->position = ix->committed.position;
	out->records = ix->committed.records;
	out->items = ix->committed.items;
	out->hashed = ix->committed.hashed;
	pthread_mutex_unlock(&ix->lock);
}
