#include "follow.h"

#include <suyuan/tree.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DELAY_MS = 150, FEW = 1000, LEVEL = 1 << 21 };
static const uint64_t MAP_SIZE = (uint64_t)1 << 40;

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
	index_drop(ix);
	apply_free(&ix->a);
	spread_release(ix->spread);
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
	ix->a.few = o->few ? o->few : FEW;
	ix->a.level = o->level ? o->level : LEVEL;
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

/* What a power cut takes back of it is applied again, so a commit waits for the disk once. */
static int open_fitting(const struct index_options *o, const char *dir, struct index **out,
			bool *dropped)
{
	struct index *ix = NULL;
	bool fits = false;
	int err = index_make(o, dir, KV_LATEST, &ix);

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
	return index_make(o, dir, KV_LATEST, out);
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

/* Taken before the snapshot, which is then none from before its commit. */
static struct spread *spread_of(struct index *ix)
{
	struct spread *s;

	if (!atomic_load(&ix->shares))
		return NULL;
	pthread_mutex_lock(&ix->lock);
	if ((s = ix->spread) != NULL)
		spread_hold(s);
	pthread_mutex_unlock(&ix->lock);
	return s;
}

static void let_spread_go(struct index_read *r)
{
	spread_release(r->spread);
	r->spread = NULL;
}

int index_read_begin(struct index *ix, struct index_read *r)
{
	struct state st = {0};
	int err;

	*r = (struct index_read){.ix = ix, .spread = spread_of(ix)};
	if ((err = kv_begin(ix->kv, &r->tx, KV_READ))) {
		let_spread_go(r);
		return err;
	}
	err = state_get(&r->tx, &st);
	if (err == SY_OK) {
		r->position = st.position;
		r->time = st.time;
		r->cases = st.cases;
		r->marking = st.todo > 0;
	}
	if (r->spread && (err || !r->marking || r->spread->position != st.position ||
			  r->spread->within != st.within))
		let_spread_go(r);
	if (err == SY_ENOTFOUND)
		err = SY_OK;
	if (err)
		kv_abort(&r->tx);
	return err;
}

bool index_read_same(const struct index_read *a, const struct index_read *b)
{
	return a->ix == b->ix && kv_state(&a->tx) == kv_state(&b->tx);
}

void index_read_end(struct index_read *r)
{
	let_spread_go(r);
	kv_abort(&r->tx);
}
