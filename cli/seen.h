/*
 * A set of texts met before, by the first half of their SHA-256, with where each was met first.
 */
#ifndef CLI_SEEN_H
#define CLI_SEEN_H

#include <suyuan/suyuan.h>

struct seen_slot {
	uint64_t a, b, where;
	bool used;
};

/* Zeroed memory is an empty set. */
struct seen {
	struct seen_slot *v;
	size_t n, cap; /* cap is a power of two */
};

/* SY_OK: new, met at *WHERE.  SY_EDUP: *WHERE becomes where it was met first.  SY_ENOMEM. */
int seen_add(struct seen *s, struct sy_str text, uint64_t *where);
/* Was it met?  Then *WHERE is where first. */
bool seen_find(const struct seen *s, struct sy_str text, uint64_t *where);
void seen_free(struct seen *s);

#endif
