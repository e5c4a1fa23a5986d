/*
 * Inside the ledger room: LMDB's data file as pages.  pages.c reads one, pages_walk.c follows them
 * from the roots, pages_table.c those of a table on all cores, sums.c adds them up.
 */
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

void db_read(const uint8_t *p, struct db *db); /* its 48 bytes */
int pages_open(const char *dir, struct pages *f);
void pages_close(struct pages *f);
const uint8_t *pages_at(const struct pages *f, uint64_t n); /* NULL past the end */
void pages_fault(struct pages_report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* --- one page: a header, offsets of nodes from its lower end, nodes at its upper end ---------- */

enum { PAGE_HEADER = 16, NODE_HEADER = 8, PAGE_SIZE_MAX = 32768 };
enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_LONG = 1, NODE_TABLE = 2 }; /* the value is in overflow pages; is a table's root */

struct key {
	const uint8_t *p;
	size_t n;
};

struct node {
	size_t at; /* in the page */
	struct key key;
	const uint8_t *data;
	uint64_t size;  /* of a leaf's value */
	uint64_t child; /* of a branch's */
	unsigned flags;
	size_t room; /* bytes of the page it takes */
};

/* Integers as LMDB stores them. */
static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* NULL, or what is wrong: header, bounds of every node, and that nodes fill their part of the page
 * without overlap. */
const char *page_check(const struct pages *f, uint64_t n, bool leaf);
/* Of a page that was checked. */
static inline unsigned page_nodes(const uint8_t *page)
{
	return (le16(page + 12) - PAGE_HEADER) / 2u;
}
/* False when it reaches out of the page. */
bool page_node(const uint8_t *page, size_t page_size, bool leaf, unsigned i, struct node *n);

/* --- all of them ------------------------------------------------------------------------------ */

/* Structure of the whole file, on THREADS threads: SY_OK when LMDB may be let at it. */
int pages_walk(const struct pages *f, unsigned threads, struct pages_report *r);
/*
 * Calls SEEN for each page that a later transaction may write to again: the two descriptions, free
 * pages, the free list, the list of tables, the path to each table's last row, and what lies past
 * the last page.  All others stay as they are for ever, since truth only grows at its end.
 */
int pages_volatile(const struct pages *f, struct pages_report *r,
		   void (*seen)(void *ctx, uint64_t page), void *ctx);

#endif
