/*
 * Paths inside one submission's tree.  A path needs every leaf of it: a millisecond for ten
 * thousand records, paid again for each receipt of an import.  So the roots of its runs of 64
 * leaves are kept for the submissions that were asked for last; a path is then one within a run
 * and one over the runs.  Rows of truth never change, so what is kept can't be out of date.
 */
#include "truth.h"

#include <stdlib.h>

enum { RUN = 64, SLOTS = 128, RUNS_MAX = (SY_RECORDS_MAX + RUN - 1) / RUN };

struct path_cache {
	pthread_mutex_t mu;
	struct slot {
		uint64_t entry;
		size_t n; /* 0: empty */
		sy_hash root[RUNS_MAX];
	} slot[SLOTS];
};

struct path_cache *path_cache_new(void)
{
	struct path_cache *c = calloc(1, sizeof *c);

	if (c)
		pthread_mutex_init(&c->mu, NULL);
	return c;
}

void path_cache_free(struct path_cache *c)
{
	if (c)
		pthread_mutex_destroy(&c->mu);
	free(c);
}

static bool find(struct path_cache *c, uint64_t entry, size_t n, sy_hash *roots)
{
	struct slot *s = &c->slot[entry % SLOTS];
	bool found;

	pthread_mutex_lock(&c->mu);
	found = s->n == n && s->entry == entry;
	if (found)
		memcpy(roots, s->root, n * sizeof *roots);
	pthread_mutex_unlock(&c->mu);
	return found;
}

static void keep(struct path_cache *c, uint64_t entry, size_t n, const sy_hash *roots)
{
	struct slot *s = &c->slot[entry % SLOTS];

	pthread_mutex_lock(&c->mu);
	s->entry = entry;
	s->n = n;
	memcpy(s->root, roots, n * sizeof *roots);
	pthread_mutex_unlock(&c->mu);
}

static size_t run_size(size_t count, size_t run)
{
	return count - run * RUN < RUN ? count - run * RUN : RUN;
}

int records_path(struct path_cache *c, uint64_t entry, const sy_hash *leaves, size_t count,
		 size_t position, struct sy_path *out)
{
	size_t n = (count + RUN - 1) / RUN, run = position / RUN;
	sy_hash roots[RUNS_MAX];
	struct sy_path above;
	int err;

	if (n <= 2 || n > RUNS_MAX)
		return sy_leaves_path(leaves, count, position, out);
	if (!find(c, entry, n, roots)) {
		for (size_t i = 0; i < n; i++)
			sy_leaves_root(leaves + i * RUN, run_size(count, i), &roots[i]);
		keep(c, entry, n, roots);
	}
	if ((err = sy_leaves_path(leaves + run * RUN, run_size(count, run), position % RUN, out)) ||
	    (err = sy_leaves_path(roots, n, run, &above)))
		return err;
	memcpy(out->h + out->n, above.h, above.n * sizeof *above.h);
	out->n += above.n;
	return SY_OK;
}
