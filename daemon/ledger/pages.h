/* Inside the ledger room: LMDB's data file as pages; pages.c walks it, sums.c adds it up. */
#ifndef LEDGER_PAGES_H
#define LEDGER_PAGES_H

#include "truth.h"

struct db {
	uint16_t flags, depth;
	uint64_t branches, leaves, overflows, entries, root;
};

struct meta {
	bool good;
	size_t page_size;
	uint64_t map_size, last, txn;
	struct db free, main;
};

struct pages {
	const uint8_t *map;
	size_t size, page_size;
	uint64_t n; /* whole pages in the file */
	struct meta meta[2];
	unsigned now; /* the newer of the two */
};

int pages_open(const char *dir, struct pages *f);
void pages_close(struct pages *f);
const uint8_t *pages_at(const struct pages *f, uint64_t n); /* NULL past the end */
void pages_fault(struct pages_report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Structure of the whole file: SY_OK when LMDB may be let at it. */
int pages_walk(const struct pages *f, struct pages_report *r);
/*
 * Calls SEEN for each page that a later transaction may write to again: the two descriptions, free
 * pages, the free list, the list of tables, the path to each table's last row, and what lies past
 * the last page.  All others stay as they are for ever, since truth only grows at its end.
 */
int pages_volatile(const struct pages *f, struct pages_report *r,
		   void (*seen)(void *ctx, uint64_t page), void *ctx);

#endif
