/*
 * Worker threads with one queue.  A task belongs to the pool until its run is called, and to
 * whoever runs it from then on.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>

struct pool;

struct task {
	void (*run)(struct task *t);
	struct task *next;
};

int pool_new(unsigned threads, struct pool **out);
void pool_add(struct pool *p, struct task *t); /* any thread */
/* Runs what waits, then ends the threads; a task that comes later runs in its caller's thread. */
void pool_stop(struct pool *p);
void pool_free(struct pool *p); /* stops it first; NULL is fine */

#endif
