/*
 * The data file as bytes.  LMDB trusts its file: a damaged page number makes it read anywhere.  So
 * before a check lets it touch a file, every page is read here with every bound checked, and every
 * page must be used exactly once or be free.
 *
 * The layout is LMDB 0.9's on a 64-bit little-endian machine (mdb.c, "MDB_page", "MDB_node",
 * "MDB_db", "MDB_meta").
 */
#include "pages.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FAULTS_MAX = 200 };
static const uint32_t MAGIC = 0xBEEFC0DE, DATA_VERSION = 1;

/* --- the file -------------------------------------------------------------------------------- */

void db_read(const uint8_t *p, struct db *db)
{
	db->flags = le16(p + 4);
	db->depth = le16(p + 6);
	db->branches = le64(p + 8);
	db->leaves = le64(p + 16);
	db->overflows = le64(p + 24);
	db->entries = le64(p + 32);
	db->root = le64(p + 40);
}

static void read_meta(const uint8_t *page, struct meta *m)
{
	const uint8_t *p = page + PAGE_HEADER;

	m->good = le16(page + 10) == PAGE_META && le32(p) == MAGIC && le32(p + 4) == DATA_VERSION &&
		  le64(p + 8) == 0;
	m->page_size = le32(p + 24);
	m->map_size = le64(p + 16);
	db_read(p + 24, &m->free);
	db_read(p + 72, &m->main);
	m->last = le64(p + 120);
	m->txn = le64(p + 128);
}

const uint8_t *pages_at(const struct pages *f, uint64_t n)
{
	return n < f->n ? f->map + n * f->page_size : NULL;
}

/* The page size stands in both meta pages, and where the second begins depends on it. */
static bool find_page_size(struct pages *f)
{
	for (size_t size = 512; size <= 32768; size *= 2) {
		struct meta a, b;
		if (f->size < 2 * size)
			break;
		read_meta(f->map, &a);
		read_meta(f->map + size, &b);
		if (b.good && (a.page_size == size || b.page_size == size)) {
			f->page_size = size;
			return true;
		}
	}
	return false;
}

int pages_open(const char *dir, struct pages *f)
{
	char path[4096];
	struct stat st;
	int fd, err = SY_EIO;

	*f = (struct pages){0};
	if ((size_t)snprintf(path, sizeof path, "%s/truth/data.mdb", dir) >= sizeof path)
		return SY_ERANGE;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return SY_ENOTFOUND;
	if (fstat(fd, &st) || st.st_size == 0)
		goto err0;
	f->size = (size_t)st.st_size;
	f->map = mmap(NULL, f->size, PROT_READ, MAP_SHARED, fd, 0);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		goto err0;
	}
	err = SY_ECORRUPT;
	if (!find_page_size(f))
		goto err0;
	f->n = f->size / f->page_size;
	for (unsigned i = 0; i < 2; i++)
		read_meta(pages_at(f, i), &f->meta[i]);
	f->now = f->meta[1].txn > f->meta[0].txn;
	err = SY_OK;
err0:
	close(fd);
	if (err)
		pages_close(f);
	return err;
}

void pages_close(struct pages *f)
{
	if (f->map)
		munmap((void *)(uintptr_t)f->map, f->size);
	f->map = NULL;
}

void pages_fault(struct pages_report *r, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n = snprintf(line, sizeof line, "truth/data.mdb: ");

	if (++r->faults > FAULTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
	va_end(ap);
	r->fault(r->ctx, line);
}

/* --- one page -------------------------------------------------------------------------------- */

bool page_node(const uint8_t *page, size_t page_size, bool leaf, unsigned i, struct node *n)
{
	size_t at = le16(page + PAGE_HEADER + 2 * i), left;

	if (at < le16(page + 14) || at + NODE_HEADER > page_size || at % 2)
		return false;
	left = page_size - at - NODE_HEADER;
	n->at = at;
	n->flags = le16(page + at + 4);
	n->key = (struct key){page + at + NODE_HEADER, le16(page + at + 6)};
	if (n->key.n > left)
		return false;
	left -= n->key.n;
	n->data = n->key.p + n->key.n;
	n->size = leaf ? le32(page + at) : 0;
	n->child = le32(page + at) | (uint64_t)n->flags << 32;
	n->room = NODE_HEADER + n->key.n;
	if (leaf) {
		size_t inside = n->flags & NODE_LONG ? 8 : (size_t)n->size;
		if (inside > left)
			return false;
		n->room += inside;
	}
	n->room += n->room % 2;
	return at + n->room <= page_size;
}

/* Nodes begin where others end, from UPPER to the end of the page; each room stands at its begin.
 */
static bool rooms_fill(const uint16_t *room, size_t upper, size_t size, unsigned nodes)
{
	while (upper < size && room[upper / 2]) {
		upper += room[upper / 2];
		nodes--;
	}
	return upper == size && nodes == 0;
}

const char *page_check(const struct pages *f, uint64_t n, bool leaf)
{
	const uint8_t *page = pages_at(f, n);
	size_t size = f->page_size, lower, upper;
	uint16_t room[PAGE_SIZE_MAX / 2];
	unsigned nodes;

	if (page == NULL)
		return "past the end of the file";
	lower = le16(page + 12);
	upper = le16(page + 14);
	if (le64(page) != n)
		return "says another page number";
	if (le16(page + 10) != (leaf ? PAGE_LEAF : PAGE_BRANCH))
		return leaf ? "isn't a leaf page" : "isn't a branch page";
	if (lower < PAGE_HEADER + (leaf ? 2 : 4) || lower % 2 || lower > upper || upper > size ||
	    upper % 2)
		return "its bounds are wrong";
	memset(room, 0, size);
	nodes = page_nodes(page);
	for (unsigned i = 0; i < nodes; i++) {
		struct node node;
		if (!page_node(page, size, leaf, i, &node))
			return "a node reaches out of the page";
		room[node.at / 2] = (uint16_t)node.room;
	}
	return rooms_fill(room, upper, size, nodes) ? NULL : "nodes don't fill it, or overlap";
}
