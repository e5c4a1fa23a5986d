#include <suyuan/error.h>
#include <suyuan/walk.h>

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

struct walk {
	const struct sy_walk *w;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t room;
	uint64_t next, folded, end; /* slices dealt, folded, to be dealt */
	unsigned threads;           /* numbers given out */
	bool folding;
	int err; /* of slice `folded`, which is `end` then */
	struct slot {
		bool done;
		int err;
	} slot[SY_WALK_SLOTS_MAX];
};

static struct slot *slot_of(struct walk *k, uint64_t slice)
{
	return &k->slot[slice % k->w->slots];
}

static int fold(struct walk *k, uint64_t slice, int err)
{
	const struct sy_walk *w = k->w;

	if (err || w->fold == NULL)
		return err;
	pthread_mutex_unlock(&k->lock);
	err = w->fold(w->ctx, (unsigned)(slice % w->slots), slice);
	pthread_mutex_lock(&k->lock);
	return err;
}

/* All that can be folded now; whoever finishes a slice meanwhile leaves it to this thread. */
static void fold_done(struct walk *k)
{
	if (k->folding)
		return;
	k->folding = true;
	while (k->folded < k->end && slot_of(k, k->folded)->done) {
		struct slot *s = slot_of(k, k->folded);
		if ((k->err = fold(k, k->folded, s->err)) != SY_OK) {
			k->end = k->folded;
			break;
		}
		s->done = false;
		k->folded++;
		pthread_cond_broadcast(&k->room);
	}
	k->folding = false;
	if (k->err)
		pthread_cond_broadcast(&k->room);
}

static bool deal(struct walk *k, uint64_t *slice)
{
	while (k->next < k->end && k->next - k->folded >= k->w->slots)
		pthread_cond_wait(&k->room, &k->lock);
	if (k->next >= k->end)
		return false;
	*slice = k->next++;
	return true;
}

static void *work(void *walk)
{
	struct walk *k = walk;
	const struct sy_walk *w = k->w;
	uint64_t slice;

	pthread_mutex_lock(&k->lock);
	unsigned thread = k->threads++;
	while (deal(k, &slice)) {
		pthread_mutex_unlock(&k->lock);
		int err = w->work(w->ctx, thread, (unsigned)(slice % w->slots), slice);
		pthread_mutex_lock(&k->lock);
		*slot_of(k, slice) = (struct slot){true, err};
		fold_done(k);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

int sy_walk(const struct sy_walk *w)
{
	struct walk k = {.w = w, .end = w->slices};
	pthread_t others[SY_WALK_THREADS_MAX];
	unsigned n = 0, most = w->threads < SY_WALK_THREADS_MAX ? w->threads : SY_WALK_THREADS_MAX;

	pthread_mutex_init(&k.lock, NULL);
	pthread_cond_init(&k.room, NULL);
	while (n + 1 < most && n + 1 < w->slices && pthread_create(&others[n], NULL, work, &k) == 0)
		n++;
	work(&k);
	while (n)
		pthread_join(others[--n], NULL);
	pthread_cond_destroy(&k.room);
	pthread_mutex_destroy(&k.lock);
	return k.err;
}

unsigned sy_walk_cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n < SY_WALK_THREADS_MAX ? (unsigned)n : SY_WALK_THREADS_MAX;
}
