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

enum { SLOTS = 1 << 14, FULL = SLOTS / 2, ID = 16 };

/* What was counted since the last flush, with what stood on disk before added in. */
struct slot {
	uint8_t id[ID];
	uint64_t n, first; /* n is 0 in a free slot */
};

struct lookups {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t flusher;
	pthread_cond_t flushed;
	struct kv *kv;
	bool stopping, flushing;
	unsigned used;
	struct slot slots[SLOTS];
	struct slot copy[SLOTS]; /* what is being written */
};

static const struct kv_table tables[] = {{.name = "lookups"}};

static struct slot *find(struct lookups *k, const uint8_t id[ID])
{
	uint32_t at = sy_get32(id) % SLOTS;
	while (k->slots[at].n && memcmp(k->slots[at].id, id, ID))
		at = (at + 1) % SLOTS;
	return &k->slots[at];
}

static int write_copy(struct lookups *k)
{
	struct kv_tx tx;
	uint8_t value[16];
	kv_begin(k->kv, &tx, KV_WRITE);
	for (unsigned i = 0; i < SLOTS; i++) {
		const struct slot *s = &k->copy[i];
		if (s->n == 0)
			continue;
		sy_put64(value, s->n);
		sy_put64(value + 8, s->first);
		kv_put(&tx, 0, (struct sy_str){(const char *)s->id, ID},
		       (struct sy_str){(char *)value, sizeof value}, 0);
	}
	return kv_commit(&tx);
}

/* Keeps what was counted while the copy was written; nothing else moved meanwhile. */
static void forget_copy(struct lookups *k)
{
	unsigned n = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		if (k->slots[i].n != k->copy[i].n)
			k->copy[n++] = k->slots[i];
	memset(k->slots, 0, sizeof k->slots);
	for (unsigned i = 0; i < n; i++)
		*find(k, k->copy[i].id) = k->copy[i];
	k->used = n;
}

/* Writes what is in memory.  The lock is held, but not while the disk is waited for: who looks up
 * a code doesn't wait for it.  A failure keeps the counts for the next time. */
static int flush(struct lookups *k)
{
	if (k->flushing) {
		while (k->flushing)
			pthread_cond_wait(&k->flushed, &k->lock);
		return SY_OK;
	}
	if (k->used == 0)
		return SY_OK;
	k->flushing = true;
	memcpy(k->copy, k->slots, sizeof k->copy);
	pthread_mutex_unlock(&k->lock);
	int err = write_copy(k);
	pthread_mutex_lock(&k->lock);
	if (!err)
		forget_copy(k);
	k->flushing = false;
	pthread_cond_broadcast(&k->flushed);
	return err;
}

static void *flush_each_second(void *arg)
{
	struct lookups *k = arg;
	pthread_mutex_lock(&k->lock);
	while (!k->stopping) {
		struct timespec t;
		clock_gettime(CLOCK_MONOTONIC, &t);
		t.tv_sec++;
		pthread_cond_timedwait(&k->wake, &k->lock, &t);
		flush(k);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

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
	pthread_cond_init(&k->flushed, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&k->flusher, NULL, flush_each_second, k)) {
		err = SY_ENOMEM;
		goto err1;
	}
	*out = k;
	return SY_OK;
err1:
	kv_close(k->kv);
err0:
	free(k);
	return err;
}

/* What the disk has of an id, into a free slot. */
static int load(struct lookups *k, struct slot *s, const uint8_t id[ID], uint64_t now)
{
	struct kv_tx tx;
	struct sy_str value;
	kv_begin(k->kv, &tx, KV_READ);
	int err = kv_get(&tx, 0, (struct sy_str){(const char *)id, ID}, &value);
	if (err == SY_OK && value.n == 16) {
		s->n = sy_get64((const uint8_t *)value.p);
		s->first = sy_get64((const uint8_t *)value.p + 8);
	}
	kv_abort(&tx);
	if (err && err != SY_ENOTFOUND)
		return err;
	if (s->n == 0)
		s->first = now;
	memcpy(s->id, id, ID);
	k->used++;
	return SY_OK;
}

int lookups_count(struct lookups *k, struct sy_str code, uint64_t now, uint64_t *n, uint64_t *first)
{
	sy_hash id;
	int err = SY_OK;
	sy_sha256(code.p, code.n, &id);
	pthread_mutex_lock(&k->lock);
	struct slot *s = find(k, id.b);
	if (s->n == 0 && k->used >= FULL) {
		err = flush(k);
		s = find(k, id.b);
		if (!err && s->n == 0 && k->used >= FULL)
			err = SY_EBUSY;
	}
	if (!err && s->n == 0)
		err = load(k, s, id.b, now);
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
	pthread_cond_destroy(&k->flushed);
	pthread_mutex_destroy(&k->lock);
	kv_close(k->kv);
	free(k);
}
