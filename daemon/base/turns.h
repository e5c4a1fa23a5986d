/*
 * Turns at what takes long: so many at once work, and whoever merely hands his answer over to a
 * reader keeps no turn from the others.
 *
 * Each has a thread for as long as it runs, and a turn while it works.  Once its answer is there
 * and only has to be read, it says so, with the bytes of memory that the answer holds until then,
 * and its turn is somebody else's: readers may take their time.  All such answers together hold no
 * more than so many bytes, and are no more than so many; one that doesn't fit keeps its turn while
 * it is read.  When somebody waits for a turn that such a reader keeps, and a reader has had his
 * time, the slowest of all that had half of that is cut.
 *
 * What needs much memory is one at a time: whoever finds that he does asks to be the large one, in
 * order, and keeps no turn while he waits.  The large one's answer has memory of its own, so that
 * he keeps no turn while it is read either; he is the large one until then, unless his answer has
 * room among the others.  While somebody waits for that, a reader who had his time is cut.
 */
#ifndef BASE_TURNS_H
#define BASE_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turns;

struct turn {
	void (*run)(struct turn *t); /* the turn belongs to whoever runs it */
	struct turn *next;
};

struct turns_options {
	unsigned threads;     /* that work at once */
	unsigned readers;     /* answers that are read at once without a turn */
	size_t bytes;         /* that those hold together */
	unsigned patience_ms; /* for a reader, once others wait for the turn that one keeps */
};

struct turns_stats {
	unsigned waiting, working,
	    reading;      /* WORKING: have a turn, the readers that keep one too */
	size_t bytes;     /* held by those that are read and keep none */
	uint64_t cut;     /* readers, so far */
	unsigned pending; /* wait to be the large one */
	bool large;       /* there is one */
};

int turns_new(const struct turns_options *o, struct turns **out);
void turns_add(struct turns *q, struct turn *t); /* any thread */
void turns_stats(struct turns *q, struct turns_stats *out);

/* --- in a run, by its thread ------------------------------------------------------------------ */

/* To be the large one, after MS at most; who is it already goes on.  Whoever calls must hold next
 * to nothing.  SY_OK; SY_EBUSY: too many wait, nobody came to an end in that time, or all ends. */
int turns_large(struct turns *q, unsigned ms);
bool turns_is_large(struct turns *q);

/* From here on the answer is read, and holds BYTES.  CUT(CTX) may be called until turns_read, from
 * any thread: what waits for the reader must soon come back, and must not come here. */
void turns_reads(struct turns *q, size_t bytes, void (*cut)(void *ctx), void *ctx);
void turns_wrote(struct turns *q, size_t bytes); /* the reader took as much */
void turns_read(struct turns *q);                /* all of it */

/* Runs what waits, then ends the threads; what comes later runs in its caller's thread. */
void turns_stop(struct turns *q);
void turns_free(struct turns *q); /* stops it first; NULL is fine */

#endif
