/*
 * An arena: everything one request or one row needs, freed at once.
 *
 * Memory comes in chunks; a reset keeps the first.  Pointers live until reset or free.  Zeroed
 * memory is an empty arena.  An arena belongs to one thread at a time.
 *
 * Arenas may share a budget: what they have together stays below it, and past it there is no
 * memory for any of them.
 */
#ifndef SUYUAN_ARENA_H
#define SUYUAN_ARENA_H

#include "bytes.h"

#include <stdarg.h>

struct sy_arena_chunk;

struct sy_budget {
	size_t most, used; /* bytes; USED changes atomically */
};

struct sy_arena {
	struct sy_arena_chunk *first, *now;
	size_t used;              /* bytes handed out since the last reset */
	struct sy_budget *budget; /* or NULL; of the chunks from now on.  It outlives them */
};

/* N bytes aligned for any type, not cleared; NULL when memory is out.  N may be 0. */
void *sy_arena_alloc(struct sy_arena *a, size_t n);
/* Cleared array of COUNT times SIZE; NULL on overflow too. */
void *sy_arena_calloc(struct sy_arena *a, size_t count, size_t size);
/*
 * Room for NEED elements of SIZE in a growing array: ARRAY is the address of its pointer, which may
 * be NULL, CAP how many it has room for.  It doubles and moves, what is new is cleared; what it
 * leaves stays the arena's.  False: memory is out, and nothing has changed.
 */
bool sy_arena_room(struct sy_arena *a, void *array, size_t *cap, size_t need, size_t size);
char *sy_arena_strdup(struct sy_arena *a, struct sy_str s); /* terminated copy */
char *sy_arena_printf(struct sy_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
char *sy_arena_vprintf(struct sy_arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Both leave the budget as it is set. */
void sy_arena_reset(struct sy_arena *a);
void sy_arena_free(struct sy_arena *a);

#endif
