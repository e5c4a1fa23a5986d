#include "base/later.h"

#include <suyuan/error.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct later {
	pthread_mutex_t lock;
	pthread_cond_t change;
	pthread_t thread;
	struct guest *guests;
	uint64_t position;
	bool stopping; /* no more guests */
	bool stopped;  /* the thread is gone; for whoever stops it */
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Takes out whoever need not wait longer; *NEXT is when the first of the others is due. */
static struct guest *leaving(struct later *l, uint64_t now, uint64_t *next)
{
	struct guest *out = NULL, **at = &l->guests;
	*next = UINT64_MAX;
	while (*at) {
		struct guest *g = *at;
		if (l->stopping || g->entries <= l->position || g->due <= now) {
			*at = g->next;
			g->next = out;
			out = g;
		} else {
			if (g->due < *next)
				*next = g->due;
			at = &g->next;
		}
	}
	return out;
}

static void wait_until(struct later *l, uint64_t due)
{
	if (due == UINT64_MAX) {
		pthread_cond_wait(&l->change, &l->lock);
		return;
	}
	struct timespec t = {(time_t)(due / 1000), (long)(due % 1000) * 1000000};
	pthread_cond_timedwait(&l->change, &l->lock, &t);
}

static void *serve(void *arg)
{
	struct later *l = arg;
	pthread_mutex_lock(&l->lock);
	for (;;) {
		uint64_t next;
		struct guest *g = leaving(l, now_ms(), &next);
		if (g == NULL) {
			if (l->stopping)
				break;
			wait_until(l, next);
			continue;
		}
		uint64_t position = l->position;
		pthread_mutex_unlock(&l->lock);
		while (g) {
			struct guest *rest = g->next;
			g->call(g, g->entries <= position ? SY_OK : SY_EBUSY);
			g = rest;
		}
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

int later_new(struct later **out)
{
	struct later *l = calloc(1, sizeof *l);
	pthread_condattr_t monotonic;
	if (l == NULL)
		return SY_ENOMEM;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&l->change, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&l->thread, NULL, serve, l)) {
		free(l);
		return SY_ENOMEM;
	}
	*out = l;
	return SY_OK;
}

void later_add(struct later *l, struct guest *g, uint64_t entries, unsigned ms)
{
	g->entries = entries;
	g->due = now_ms() + ms;
	pthread_mutex_lock(&l->lock);
	bool closed = l->stopping;
	if (!closed) {
		g->next = l->guests;
		l->guests = g;
		pthread_cond_signal(&l->change);
	}
	pthread_mutex_unlock(&l->lock);
	if (closed)
		g->call(g, SY_EBUSY);
}

void later_advanced(struct later *l, uint64_t position)
{
	pthread_mutex_lock(&l->lock);
	l->position = position;
	if (l->guests)
		pthread_cond_signal(&l->change);
	pthread_mutex_unlock(&l->lock);
}

void later_stop(struct later *l)
{
	if (l == NULL || l->stopped)
		return;
	pthread_mutex_lock(&l->lock);
	l->stopping = true;
	pthread_cond_signal(&l->change);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	l->stopped = true;
}

void later_free(struct later *l)
{
	if (l == NULL)
		return;
	later_stop(l);
	pthread_cond_destroy(&l->change);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
