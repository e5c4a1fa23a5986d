/*
 * A walk: work that is cut into slices, dealt to threads, and folded in order.
 *
 * WORK runs once a slice, in any order and several at a time; FOLD runs once a slice, in order and
 * one at a time, after its work.  So what a walk comes to doesn't depend on how many threads it
 * has.  At most SLOTS slices are being worked on or wait to be folded; each has one of the slots
 * to itself meanwhile, so that memory kept a slot is all that a walk needs.
 *
 * The error of the lowest slice that has one ends the walk: that slice and those behind it aren't
 * folded.
 */
#ifndef SUYUAN_WALK_H
#define SUYUAN_WALK_H

#include <stdint.h>

#define SY_WALK_THREADS_MAX 64
#define SY_WALK_SLOTS_MAX 256

struct sy_walk {
	uint64_t slices;
	unsigned threads; /* the caller's own is one of them; fewer run if no more can be had */
	unsigned slots;   /* 1 to SY_WALK_SLOTS_MAX */
	/* THREAD is less than `threads`, and one slice at a time has it. */
	int (*work)(void *ctx, unsigned thread, unsigned slot, uint64_t slice);
	int (*fold)(void *ctx, unsigned slot, uint64_t slice); /* may be NULL */
	void *ctx;
};

/* SY_OK, or what work or fold returned. */
int sy_walk(const struct sy_walk *w);
/* As many threads as the machine has cores. */
unsigned sy_walk_cores(void);

#endif
