/*
 * The waiting room: what can go on only once the index has reached an entry.
 *
 * One thread calls each guest when its entry is there (err 0), when its time is up (SY_EBUSY), or
 * when the daemon stops (SY_EBUSY), exactly once.  A guest's call may do short reads and must not
 * block.
 */
#ifndef BASE_LATER_H
#define BASE_LATER_H

#include <stdint.h>

struct later;

struct guest {
	uint64_t entries; /* the position of the index that it waits for */
	uint64_t due;     /* CLOCK_MONOTONIC ms; set by later_add */
	void (*call)(struct guest *g, int err);
	struct guest *next;
};

int later_new(struct later **out);
/* Any thread.  At most MS milliseconds. */
void later_add(struct later *l, struct guest *g, uint64_t entries, unsigned ms);
/* The index is at POSITION; any thread. */
void later_advanced(struct later *l, uint64_t position);
/* Calls every guest with SY_EBUSY and ends the thread; who comes later is called at once. */
void later_stop(struct later *l);
void later_free(struct later *l); /* stops it first; NULL is fine */

#endif
