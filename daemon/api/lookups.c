#include "api/lookups.h"

#include "ledger/kv.h"

#include <suyuan/error.h>
#include <suyuan/hash.h>

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 1 << 16, FULL = SLOTS / 2, HASTE = FULL / 2, ID = 16 };

/* A count with what stands on disk added in. */
struct slot {
	uint8_t id[ID];
	uint64_t n, first; /* n is 0 in a free slot */
};

struct counts {
	unsigned used; /* FULL at most */
	struct slot slots[SLOTS];
};

/*
 * Fronts count in `now`; one thread writes.  It takes `now` away as `writing`, where counts are
 * still found until the disk has them, and a front never waits for it: past FULL codes in one
 * flush a further one isn't counted.
 */
struct lookups {
	pthread_mutex_t lock; /* never held while the disk is read or written */
	pthread_cond_t wake;
	pthread_t flusher;
	struct kv *kv;
	bool stopping;
	uint64_t written; /* flushes that are done: what was read before the last may be old */
	struct counts *now, *writing; /* writing: or NULL */
	struct counts tables[2];      /* these two; the one that is neither is empty */
};

static const struct kv_table tables[] = {{.name = "lookups"}};

static struct slot *find(struct counts *c, const uint8_t id[ID])
{
	uint32_t at = sy_get32(id) % SLOTS;
	while (c->slots[at].n && memcmp(c->slots[at].id, id, ID))
		at = (at + 1) % SLOTS;
	return &c->slots[at];
}

/* --- the flusher ----------------------------------------------------------------------------- */

static int write_counts(struct kv *kv, const struct counts *c)
{
	struct kv_tx tx;
	uint8_t value[16];
	kv_begin(kv, &tx, KV_WRITE);
	for (unsigned i = 0; i < SLOTS; i++) {
		const struct slot *s = &c->slots[i];
		if (s->n == 0)
			continue;
		sy_put64(value, s->n);
		sy_put64(value + 8, s->first);
		kv_put(&tx, 0, (struct sy_str){(const char *)s->id, ID},
		       (struct sy_str){(char *)value, sizeof value}, 0);
	}
	return kv_commit(&tx);
}

/* The lock is held when it is called and when it returns.  A failure keeps the counts where they
 * are for the next time. */
static int flush(struct lookups *k)
{
	if (k->writing == NULL) {
		if (k->now->used == 0)
			return SY_OK;
		k->writing = k->now;
		k->now = k->writing == k->tables ? k->tables + 1 : k->tables;
	}
	struct counts *c = k->writing;
	pthread_mutex_unlock(&k->lock);
	int err = write_counts(k->kv, c);
	pthread_mutex_lock(&k->lock);
	if (err)
		return err;
	k->writing = NULL;
	k->written++;
	pthread_mutex_unlock(&k->lock);
	memset(c, 0, sizeof *c);
	pthread_mutex_lock(&k->lock);
	return SY_OK;
}

/* A second, or less when the table fills up; after a failure that is no reason to hurry. */
static void rest(struct lookups *k, bool failed)
{
	struct timespec t;
	int rc = 0;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec++;
	while (!k->stopping && rc == 0 && (failed || k->now->used < HASTE))
		rc = pthread_cond_timedwait(&k->wake, &k->lock, &t);
}

static void *flush_each_second(void *arg)
{
	struct lookups *k = arg;
	int err = SY_OK;
	pthread_mutex_lock(&k->lock);
	while (!k->stopping) {
		rest(k, err != SY_OK);
		err = flush(k);
	}
	/* what is being counted still, behind what a failure had kept */
	flush(k);
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

/* --- opening --------------------------------------------------------------------------------- */

/* Synced, although nobody waits for it: a file of which a power cut kept some pages can't be
 * opened, or worse, it can. */
static int open_tables(struct lookups *k, const char *path, bool *anew)
{
	const uint64_t map = (uint64_t)64 << 30;
	char data[PATH_MAX];
	int err = kv_open(path, tables, 1, map, 0, &k->kv);
	if (err != SY_ECORRUPT && err != SY_EVERSION && err != SY_EINVAL)
		return err;
	if ((size_t)snprintf(data, sizeof data, "%s/data.mdb", path) >= sizeof data || unlink(data))
		return err;
	*anew = true;
	return kv_open(path, tables, 1, map, 0, &k->kv);
}

int lookups_open(const char *dir, struct lookups **out, bool *anew)
{
	char path[PATH_MAX];
	pthread_condattr_t monotonic;
	if ((size_t)snprintf(path, sizeof path, "%s/local", dir) >= sizeof path)
		return SY_ERANGE;
	struct lookups *k = calloc(1, sizeof *k);
	if (k == NULL)
		return SY_ENOMEM;
	int err = open_tables(k, path, anew);
	if (err)
		goto err0;
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	k->now = k->tables;
	if (pthread_create(&k->flusher, NULL, flush_each_second, k)) {
		err = SY_ENOMEM;
		goto err1;
	}
	*out = k;
	return SY_OK;
err1:
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	kv_close(k->kv);
err0:
	free(k);
	return err;
}

/* --- counting -------------------------------------------------------------------------------- */

/* What the disk has of an id; nothing is n = 0. */
static int load(struct lookups *k, const uint8_t id[ID], struct slot *out)
{
	struct kv_tx tx;
	struct sy_str value;
	*out = (struct slot){.n = 0};
	kv_begin(k->kv, &tx, KV_READ);
	int err = kv_get(&tx, 0, (struct sy_str){(const char *)id, ID}, &value);
	if (err == SY_OK && value.n == 16) {
		out->n = sy_get64((const uint8_t *)value.p);
		out->first = sy_get64((const uint8_t *)value.p + 8);
	}
	kv_abort(&tx);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* The id's slot in `now`, made from what is being written or from the disk when it isn't there.
 * The lock is let go for the disk; a flush may be done meanwhile, and then it is read again. */
static int slot_of(struct lookups *k, const uint8_t id[ID], uint64_t now, struct slot **out)
{
	struct slot disk;
	uint64_t read_at = UINT64_MAX;
	int err;
	for (;;) {
		struct slot *s = *out = find(k->now, id), *w = NULL;
		if (s->n)
			return SY_OK;
		if (k->now->used >= FULL)
			return SY_EBUSY;
		if (k->writing)
			w = find(k->writing, id);
		if ((w && w->n) || read_at == k->written) {
			*s = w && w->n ? *w : disk;
			s->first = s->n ? s->first : now;
			memcpy(s->id, id, ID);
			if (++k->now->used == HASTE)
				pthread_cond_signal(&k->wake);
			return SY_OK;
		}
		read_at = k->written;
		pthread_mutex_unlock(&k->lock);
		err = load(k, id, &disk);
		pthread_mutex_lock(&k->lock);
		if (err)
			return err;
	}
}

int lookups_count(struct lookups *k, struct sy_str code, uint64_t now, uint64_t *n, uint64_t *first)
{
	struct slot *s;
	sy_hash id;
	sy_sha256(code.p, code.n, &id);
	pthread_mutex_lock(&k->lock);
	int err = slot_of(k, id.b, now, &s);
	if (!err) {
		*n = ++s->n;
		*first = s->first;
	}
	pthread_mutex_unlock(&k->lock);
	return err;
}

void lookups_close(struct lookups *k)
{
	if (k == NULL)
		return;
	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->flusher, NULL);
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	kv_close(k->kv);
	free(k);
}
