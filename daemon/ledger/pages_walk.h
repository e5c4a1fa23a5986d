/* Inside pages_walk.c, and pages_table.c, which deals a table's leaves to threads. */
#ifndef LEDGER_PAGES_WALK_H
#define LEDGER_PAGES_WALK_H

#include "pages.h"

#include <suyuan/walk.h>

enum {
	WALK_SLOTS = SY_WALK_THREADS_MAX,
	WALK_BATCH = 4096 /* leaves that are dealt to threads together */
};

/* Pages that a slice of leaves takes, from one on. */
struct use {
	uint64_t first, n;
};

/* A slice of leaves: what a thread found of them. */
struct slot {
	struct use *use;
	size_t n, cap;
	uint64_t overflows, entries;
	uint64_t page; /* at which WHAT is wrong */
	const char *what;
	int err; /* memory */
};

struct leaf {
	uint64_t page;
	struct key floor; /* the branch's key for it; none (p is NULL) of the first */
};

struct walk {
	const struct pages *f;
	struct pages_report *r;
	unsigned threads;
	uint8_t *used;     /* a bit a page */
	const char *table; /* for the lines */
	uint64_t branches, leaves, overflows, entries;
	/* lists */
	bool integer_keys;
	struct key before, floor; /* the leaf key before; what the next must reach */
	int (*row)(struct walk *w, const struct node *node, const uint8_t *value);
	struct db *dbs; /* that the list of tables names */
	char (*names)[16];
	size_t n_dbs;
	void (*seen)(void *ctx, uint64_t page);
	void *seen_ctx;
	/* tables */
	struct leaf *batch;
	size_t n_batch;
	struct key separator, ceiling; /* the branch key before; what follows the batch */
	struct slot slot[WALK_SLOTS];
};

extern const char walk_outside[], walk_disorder[];

/* A fault of a page; SY_ECORRUPT. */
int walk_bad(struct walk *w, uint64_t page, const char *what);
/* Marks N pages from FIRST on; each may be used once. */
int walk_use(struct walk *w, uint64_t first, uint64_t n);
int walk_key_cmp(struct key a, struct key b);
/* The long value of a row, in pages *U: NULL, or what is wrong with it. */
const char *walk_long_value(const struct pages *f, const struct node *node, struct use *u,
			    const uint8_t **value);
/* All pages below a table's root. */
int walk_table(struct walk *w, uint64_t root, unsigned depth);

#endif
