#include "follow.h"

#include <suyuan/tree.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	DELAY_MS = 150,
	STEP_WORK = 4000,    /* records and mentions of items under one snapshot of truth */
	COMMIT_WORK = 20000, /* and in a commit, whose pages LMDB holds in memory */
	BUILD_WORK = 100000, /* where nobody else wants that memory */
	WAITED_FOR = 10,     /* a reader who waits shortens the delay by this */
	ROOM_MS = 500        /* between two looks for room on a full disk */
};
static const uint64_t MAP_SIZE = (uint64_t)1 << 40;

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

/* Back to what was committed. */
static void drop(struct index *ix)
{
	if (ix->open)
		kv_abort(&ix->tx);
	ix->open = false;
	ix->a.st = ix->committed;
	ix->a.erase.n = ix->a.gone.n = 0;
	ix->a.author_known = false;
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

static int commit(struct index *ix)
{
	uint64_t start = now_ns();
	int err;

	if (!ix->open)
		return SY_OK;
	if ((err = state_put(&ix->tx, &ix->a.st)) || (err = destroy_salts(ix))) {
		drop(ix);
		return err;
	}
	ix->open = false;
	if ((err = kv_commit(&ix->tx))) {
		drop(ix);
		return err;
	}
	ix->last_commit = now_ns();
	set_waits(ix, false);
	pthread_mutex_lock(&ix->lock);
	ix->committed = ix->a.st;
	ix->stats.commits++;
	ix->stats.commit_ns += ix->last_commit - start;
	if (ix->all)
		ix->uncommitted = 0;
	pthread_cond_broadcast(&ix->moved);
	pthread_mutex_unlock(&ix->lock);
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
		drop(ix);
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
	drop(ix);
	return err;
}

int index_catch_up(struct index *ix)
{
	return index_apply_to(ix, UINT64_MAX);
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
		if (!ix->open)
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

	drop(ix);
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
		if ((err = follow_once(ix, &due, &more)) == SY_OK)
			go = more || wait_for_news(ix, due);
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
	int err = follow(ix);

	if (err == SY_OK)
		return NULL;
	drop(ix); /* LMDB's writer lock is this thread's to give back */
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
	pthread_mutex_unlock(&ix->lock);
}

/* --- opening --------------------------------------------------------------------------------- */

static void conds_init(struct index *ix)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&ix->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ix->woken, &attr);
	pthread_cond_init(&ix->moved, &attr);
	pthread_condattr_destroy(&attr);
}

void index_free(struct index *ix)
{
	if (ix == NULL)
		return;
	drop(ix);
	apply_free(&ix->a);
	pthread_cond_destroy(&ix->woken);
	pthread_cond_destroy(&ix->moved);
	pthread_mutex_destroy(&ix->lock);
	kv_close(ix->kv);
	free(ix);
}

static int load_state(struct index *ix)
{
	struct kv_tx tx;
	int err = kv_begin(ix->kv, &tx, KV_READ);

	if (err == SY_OK)
		err = state_get(&tx, &ix->committed);
	kv_abort(&tx);
	ix->a.st = ix->committed;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int index_make(const struct index_options *o, const char *dir, int kv_flags, struct index **out)
{
	struct index *ix = calloc(1, sizeof *ix);
	int err;

	if (ix == NULL)
		return SY_ENOMEM;
	ix->o = *o;
	if (ix->o.delay_ms == 0)
		ix->o.delay_ms = DELAY_MS;
	conds_init(ix);
	err = kv_open(dir, index_tables, T_COUNT, o->map_size ? o->map_size : MAP_SIZE, kv_flags,
		      &ix->kv);
	if (err == SY_OK && (err = load_state(ix)) == SY_OK) {
		*out = ix;
		return SY_OK;
	}
	index_free(ix);
	return err;
}

/* The version that the tables were made with; 0 when they are new. */
static int version_get(struct index *ix, uint64_t *version)
{
	struct key k = {.b = "version", .n = 7};
	struct kv_tx tx;
	int err = kv_begin(ix->kv, &tx, KV_READ);

	*version = 0;
	if (err == SY_OK)
		err = get_u64(&tx, T_META, &k, version);
	kv_abort(&tx);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int version_put(struct index *ix)
{
	struct key k = {.b = "version", .n = 7};
	struct kv_tx tx;
	int err = kv_begin(ix->kv, &tx, KV_WRITE);

	if (err)
		return err;
	put_u64(&tx, T_META, &k, INDEX_VERSION);
	return kv_commit(&tx);
}

int index_fits(struct index *ix, bool *fits)
{
	uint64_t version, position = ix->committed.position;
	struct ledger_read truth;
	const uint8_t *bytes;
	sy_hash leaf;
	int err = version_get(ix, &version);

	*fits = false;
	if (err)
		return err;
	if (ix->committed.within)
		position++;
	if (version != INDEX_VERSION || position == 0) {
		*fits = position == 0 && (version == 0 || version == INDEX_VERSION);
		return SY_OK;
	}
	if ((err = ledger_read_begin(ix->o.ledger, &truth)))
		return err;
	if (position <= truth.entries &&
	    (err = ledger_entry(&truth, position - 1, &bytes)) == SY_OK) {
		sy_leaf_hash(bytes, SY_ENTRY_SIZE, &leaf);
		*fits = sy_hash_eq(&leaf, &ix->committed.leaf);
	}
	ledger_read_end(&truth);
	return err;
}

int index_remove(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int err = SY_OK;

	if (d == NULL)
		return errno == ENOENT ? SY_OK : SY_EIO;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && unlinkat(dirfd(d), e->d_name, 0))
			err = SY_EIO;
	closedir(d);
	return err || rmdir(dir) ? SY_EIO : SY_OK;
}

/* What a second try on an empty folder mends: damage, or tables of another layout. */
static bool is_damage(int err)
{
	return err == SY_ECORRUPT || err == SY_EVERSION || err == SY_EINVAL;
}

static int open_fitting(const struct index_options *o, const char *dir, struct index **out,
			bool *dropped)
{
	struct index *ix = NULL;
	bool fits = false;
	int err = index_make(o, dir, 0, &ix);

	if (err == SY_OK && (err = index_fits(ix, &fits)) == SY_OK && fits) {
		*out = ix;
		return SY_OK;
	}
	index_free(ix);
	if (err && !is_damage(err))
		return err;
	*dropped = true;
	if ((err = index_remove(dir)))
		return err;
	return index_make(o, dir, 0, out);
}

int index_open(const struct index_options *o, struct index **out, const char **why)
{
	struct index *ix = NULL;
	bool dropped = false;
	char *dir;
	int err = SY_ENOMEM;

	*why = "the index can't be opened";
	if (asprintf(&dir, "%s/index", o->dir) < 0)
		goto err0;
	*why = "the old index can't be removed";
	if (o->rebuild && (err = index_remove(dir)))
		goto err1;
	*why = "the index can't be opened";
	if ((err = open_fitting(o, dir, &ix, &dropped)) || (err = version_put(ix)))
		goto err2;
	ix->stats.rebuilt = dropped;
	free(dir);
	*out = ix;
	return SY_OK;
err2:
	index_free(ix);
err1:
	free(dir);
err0:
	return err;
}

void index_close(struct index *ix)
{
	if (ix == NULL)
		return;
	index_stop(ix);
	index_free(ix);
}

/* --- snapshots ------------------------------------------------------------------------------- */

int index_read_begin(struct index *ix, struct index_read *r)
{
	struct state st;
	int err;

	*r = (struct index_read){.ix = ix};
	if ((err = kv_begin(ix->kv, &r->tx, KV_READ)))
		return err;
	err = state_get(&r->tx, &st);
	if (err == SY_OK) {
		r->position = st.position;
		r->time = st.time;
	}
	if (err == SY_ENOTFOUND)
		err = SY_OK;
	if (err)
		kv_abort(&r->tx);
	return err;
}

void index_read_end(struct index_read *r)
{
	kv_abort(&r->tx);
}
