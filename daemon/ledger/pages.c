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
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 16, NODE = 8, FAULTS_MAX = 200, DEPTH_MAX = 32 };
enum { P_BRANCH = 1, P_LEAF = 2, P_OVERFLOW = 4, P_META = 8 };
enum { F_BIGDATA = 1, F_SUBDATA = 2 };
static const uint32_t MAGIC = 0xBEEFC0DE, DATA_VERSION = 1;

/* --- integers as LMDB stores them ------------------------------------------------------------ */

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* --- the file -------------------------------------------------------------------------------- */

static void read_db(const uint8_t *p, struct db *db)
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
	const uint8_t *p = page + HEADER;

	m->good = le16(page + 10) == P_META && le32(p) == MAGIC && le32(p + 4) == DATA_VERSION &&
		  le64(p + 8) == 0;
	m->page_size = le32(p + 24);
	m->map_size = le64(p + 16);
	read_db(p + 24, &m->free);
	read_db(p + 72, &m->main);
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

/* --- the walk -------------------------------------------------------------------------------- */

struct key {
	const uint8_t *p;
	size_t n;
};

struct walk {
	const struct pages *f;
	struct pages_report *r;
	uint8_t *used;     /* a bit a page */
	const char *table; /* for the lines */
	bool integer_keys;
	struct key before, floor; /* the leaf key before; what the next must reach */
	uint64_t branches, leaves, overflows, entries;
	int (*leaf)(struct walk *w, struct key key, const uint8_t *value, size_t n, unsigned flags);
	struct db *dbs; /* that the main table names */
	char (*names)[16];
	size_t n_dbs;
	void (*seen)(void *ctx, uint64_t page);
	void *seen_ctx;
};

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

static const char outside[] = "a node reaches out of the page";

static int bad(struct walk *w, uint64_t page, const char *what)
{
	pages_fault(w->r, "page %llu (%s): %s", (unsigned long long)page, w->table, what);
	return SY_ECORRUPT;
}

/* Marks N pages from FIRST on; each may be used once. */
static int use(struct walk *w, uint64_t first, uint64_t n)
{
	const struct meta *m = &w->f->meta[w->f->now];

	if (first < 2 || first > m->last || n > m->last - first + 1)
		return bad(w, first, "a page number outside of the file");
	for (uint64_t i = first; i < first + n; i++) {
		if (w->used[i / 8] >> i % 8 & 1)
			return bad(w, i, "used twice");
		w->used[i / 8] |= (uint8_t)(1 << i % 8);
		if (w->seen)
			w->seen(w->seen_ctx, i);
	}
	return SY_OK;
}

static int key_cmp(const struct walk *w, struct key a, struct key b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c;

	if (w->integer_keys && a.n == 8 && b.n == 8) {
		uint64_t x = le64(a.p), y = le64(b.p);
		return x < y ? -1 : x > y;
	}
	c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

struct node {
	const uint8_t *p;
	struct key key;
	const uint8_t *data;
	uint64_t size; /* of a leaf's value */
	unsigned flags;
	size_t room; /* bytes of the page it takes */
};

/* A node within its page, or false. */
static bool read_node(const uint8_t *page, size_t page_size, bool leaf, unsigned i, struct node *n)
{
	size_t at = le16(page + HEADER + 2 * i), left;

	if (at < le16(page + 14) || at + NODE > page_size || at % 2)
		return false;
	left = page_size - at - NODE;
	n->p = page + at;
	n->flags = le16(n->p + 4);
	n->key = (struct key){n->p + NODE, le16(n->p + 6)};
	if (n->key.n > left)
		return false;
	left -= n->key.n;
	n->data = n->key.p + n->key.n;
	n->size = leaf ? le32(n->p) : 0;
	n->room = NODE + n->key.n;
	if (leaf) {
		size_t inside = n->flags & F_BIGDATA ? 8 : (size_t)n->size;
		if (inside > left)
			return false;
		n->room += inside;
	}
	n->room += n->room % 2;
	return at + n->room <= page_size;
}

/* Header, bounds of every node, and that nodes fill their part of the page without overlap. */
static int check_page(struct walk *w, uint64_t n, const uint8_t *page, bool leaf)
{
	size_t size = w->f->page_size, lower, upper, sum = 0;
	uint8_t taken[32768 / 16] = {0};

	if (page == NULL)
		return bad(w, n, "past the end of the file");
	lower = le16(page + 12);
	upper = le16(page + 14);
	if (le64(page) != n)
		return bad(w, n, "says another page number");
	if (le16(page + 10) != (leaf ? P_LEAF : P_BRANCH))
		return bad(w, n, leaf ? "isn't a leaf page" : "isn't a branch page");
	if (lower < HEADER + (leaf ? 2 : 4) || lower % 2 || lower > upper || upper > size)
		return bad(w, n, "its bounds are wrong");
	for (unsigned i = 0; i < (lower - HEADER) / 2; i++) {
		struct node node;
		if (!read_node(page, size, leaf, i, &node))
			return bad(w, n, outside);
		for (size_t b = (size_t)(node.p - page) / 2, e = b + node.room / 2; b < e; b++) {
			if (taken[b / 8] >> b % 8 & 1)
				return bad(w, n, "nodes overlap");
			taken[b / 8] |= (uint8_t)(1 << b % 8);
		}
		sum += node.room;
	}
	return sum == size - upper ? SY_OK : bad(w, n, "nodes don't fill it");
}

static int check_overflow(struct walk *w, const struct node *node, const uint8_t **value)
{
	uint64_t n = le64(node->data);
	uint64_t pages = (HEADER - 1 + node->size) / w->f->page_size + 1;
	const uint8_t *page = pages_at(w->f, n);
	int err;

	if ((err = use(w, n, pages)))
		return err;
	if (page == NULL || pages_at(w->f, n + pages - 1) == NULL)
		return bad(w, n, "past the end of the file");
	if (le64(page) != n || le16(page + 10) != P_OVERFLOW || le32(page + 12) != pages)
		return bad(w, n, "isn't the long value that a row names");
	w->overflows += pages;
	*value = page + HEADER;
	return SY_OK;
}

static int walk_leaf(struct walk *w, uint64_t n, const uint8_t *page)
{
	unsigned count = (le16(page + 12) - HEADER) / 2u;
	int err = SY_OK;

	w->leaves++;
	for (unsigned i = 0; i < count && err == SY_OK; i++) {
		const uint8_t *value;
		struct node node;
		if (!read_node(page, w->f->page_size, true, i, &node))
			return bad(w, n, outside);
		value = node.data;
		if ((node.flags & ~(unsigned)F_BIGDATA) != (w->dbs ? F_SUBDATA : 0))
			return bad(w, n, "a row is of another kind");
		if ((node.flags & F_BIGDATA) && (err = check_overflow(w, &node, &value)))
			return err;
		if ((w->before.p && key_cmp(w, w->before, node.key) >= 0) ||
		    (w->floor.p && key_cmp(w, w->floor, node.key) > 0))
			return bad(w, n, "keys out of order");
		w->before = node.key;
		w->entries++;
		if (w->leaf)
			err = w->leaf(w, node.key, value, node.size, node.flags);
	}
	return err;
}

static int walk_page(struct walk *w, uint64_t n, unsigned depth)
{
	const uint8_t *page = pages_at(w->f, n);
	unsigned count;
	int err;

	if ((err = use(w, n, 1)) || (err = check_page(w, n, page, depth == 1)))
		return err;
	if (depth == 1)
		return walk_leaf(w, n, page);
	w->branches++;
	count = (le16(page + 12) - HEADER) / 2u;
	for (unsigned i = 0; i < count; i++) {
		struct node node;
		if (!read_node(page, w->f->page_size, false, i, &node))
			return bad(w, n, outside);
		if (i > 0) {
			if (w->before.p == NULL || key_cmp(w, w->before, node.key) >= 0)
				return bad(w, n, "keys out of order");
			w->floor = node.key;
		}
		if ((err = walk_page(w, le32(node.p) | (uint64_t)node.flags << 32, depth - 1)))
			return err;
	}
	return SY_OK;
}

static int walk_db(struct walk *w, const struct db *db, const char *table)
{
	int err;

	w->table = table;
	w->before = w->floor = (struct key){0};
	w->branches = w->leaves = w->overflows = w->entries = 0;
	if (db->depth > DEPTH_MAX) {
		pages_fault(w->r, "%s: a depth of %u", table, db->depth);
		return SY_ECORRUPT;
	}
	if (db->depth && (err = walk_page(w, db->root, db->depth)))
		return err;
	if ((db->depth == 0) != (db->root == UINT64_MAX) || db->branches != w->branches ||
	    db->leaves != w->leaves || db->overflows != w->overflows || db->entries != w->entries) {
		pages_fault(w->r, "%s: its pages and rows aren't as many as it says", table);
		return SY_ECORRUPT;
	}
	return SY_OK;
}

/* A list of free pages: how many, then their numbers, the highest first. */
static int free_leaf(struct walk *w, struct key key, const uint8_t *value, size_t n, unsigned flags)
{
	uint64_t count = n >= 8 ? le64(value) : 0, last = UINT64_MAX;
	int err = SY_OK;

	(void)flags;
	if (key.n != 8 || le64(key.p) > w->f->meta[w->f->now].txn || n % 8 || n < 8 ||
	    count != n / 8 - 1) {
		pages_fault(w->r, "a list of free pages is malformed");
		return SY_ECORRUPT;
	}
	for (uint64_t i = 1; i <= count && err == SY_OK; i++) {
		uint64_t page = le64(value + 8 * i);
		if (page >= last) {
			pages_fault(w->r, "a list of free pages is out of order");
			return SY_ECORRUPT;
		}
		last = page;
		err = use(w, page, 1);
	}
	return err;
}

static int main_leaf(struct walk *w, struct key key, const uint8_t *value, size_t n, unsigned flags)
{
	(void)flags;
	if (n != 48 || key.n >= sizeof *w->names || w->n_dbs >= N_TABLES) {
		pages_fault(w->r, "the list of tables is malformed");
		return SY_ECORRUPT;
	}
	memcpy(w->names[w->n_dbs], key.p, key.n);
	w->names[w->n_dbs][key.n] = 0;
	read_db(value, &w->dbs[w->n_dbs++]);
	return SY_OK;
}

static int check_metas(const struct pages *f, struct pages_report *r)
{
	const struct meta *now = &f->meta[f->now], *old = &f->meta[!f->now];

	for (unsigned i = 0; i < 2; i++) {
		const struct meta *m = &f->meta[i];
		if (!m->good || m->page_size != f->page_size || le64(pages_at(f, i)) != i ||
		    (m->txn && (m->txn & 1) != i) || m->last < 1 ||
		    m->map_size < m->last * f->page_size) {
			pages_fault(r, "page %u: the description of the file is damaged", i);
			return SY_ECORRUPT;
		}
	}
	if (now->txn - old->txn > 1) {
		pages_fault(r, "pages 0 and 1: one of the two descriptions of the file is damaged");
		return SY_ECORRUPT;
	}
	return SY_OK;
}

static bool known_table(const char *name)
{
	for (size_t i = 0; i < N_TABLES; i++)
		if (strcmp(ledger_tables[i].name, name) == 0)
			return true;
	return false;
}

/* The free list and the list of tables; what they name goes into DBS and NAMES. */
static int walk_lists(struct walk *w, struct db dbs[N_TABLES], char names[N_TABLES][16])
{
	const struct meta *m = &w->f->meta[w->f->now];
	int err;

	w->integer_keys = true;
	w->leaf = free_leaf;
	if ((err = walk_db(w, &m->free, "free pages")))
		return err;
	w->integer_keys = false;
	w->leaf = main_leaf;
	w->dbs = dbs;
	w->names = names;
	if ((err = walk_db(w, &m->main, "list of tables")))
		return err;
	w->dbs = NULL;
	w->leaf = NULL;
	for (size_t i = 0; i < w->n_dbs; i++)
		if (!known_table(names[i]) || dbs[i].flags) {
			pages_fault(w->r, "an unknown table");
			return SY_ECORRUPT;
		}
	if (w->n_dbs != N_TABLES) {
		pages_fault(w->r, "it has %zu tables, not %d", w->n_dbs, N_TABLES);
		return SY_ECORRUPT;
	}
	return SY_OK;
}

static int begin(struct walk *w)
{
	const struct meta *m = &w->f->meta[w->f->now];
	int err = check_metas(w->f, w->r);

	if (err)
		return err;
	if (m->last / w->f->page_size > w->f->size) {
		pages_fault(w->r, "it is shorter than it says");
		return SY_ECORRUPT;
	}
	w->used = calloc(1, m->last / 8 + 1);
	return w->used ? SY_OK : SY_ENOMEM;
}

int pages_walk(const struct pages *f, struct pages_report *r)
{
	struct walk w = {.f = f, .r = r};
	char names[N_TABLES][16];
	struct db dbs[N_TABLES] = {0};
	int err;

	if ((err = begin(&w)))
		return err;
	err = walk_lists(&w, dbs, names);
	for (size_t i = 0; i < N_TABLES && err == SY_OK; i++)
		err = walk_db(&w, &dbs[i], names[i]);
	for (uint64_t i = 2; i <= f->meta[f->now].last && err == SY_OK; i++)
		if (!(w.used[i / 8] >> i % 8 & 1)) {
			pages_fault(r, "page %llu: neither used nor free", (unsigned long long)i);
			err = SY_ECORRUPT;
		}
	free(w.used);
	return err;
}

/* The path to a table's last row. */
static int walk_edge(struct walk *w, const struct db *db, const char *table)
{
	uint64_t n = db->root;
	int err;

	w->table = table;
	for (unsigned depth = db->depth; depth; depth--) {
		const uint8_t *page = pages_at(w->f, n);
		struct node node;
		if ((err = use(w, n, 1)) || (err = check_page(w, n, page, depth == 1)))
			return err;
		if (!read_node(page, w->f->page_size, depth == 1,
			       (le16(page + 12) - HEADER) / 2u - 1, &node))
			return bad(w, n, outside);
		n = le32(node.p) | (uint64_t)node.flags << 32;
	}
	return SY_OK;
}

int pages_volatile(const struct pages *f, struct pages_report *r,
		   void (*seen)(void *ctx, uint64_t page), void *ctx)
{
	struct walk w = {.f = f, .r = r, .seen = seen, .seen_ctx = ctx};
	char names[N_TABLES][16];
	struct db dbs[N_TABLES] = {0};
	int err;

	if ((err = begin(&w)))
		return err;
	seen(ctx, 0);
	seen(ctx, 1);
	err = walk_lists(&w, dbs, names);
	for (size_t i = 0; i < N_TABLES && err == SY_OK; i++)
		err = walk_edge(&w, &dbs[i], names[i]);
	for (uint64_t i = f->meta[f->now].last + 1; i < f->n && err == SY_OK; i++)
		seen(ctx, i);
	free(w.used);
	return err;
}
