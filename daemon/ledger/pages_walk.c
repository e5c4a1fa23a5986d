#include "pages_walk.h"

#include <stdlib.h>

enum { DEPTH_MAX = 32 };

const char walk_outside[] = "a node reaches out of the page";
const char walk_disorder[] = "keys out of order";

int walk_bad(struct walk *w, uint64_t page, const char *what)
{
	pages_fault(w->r, "page %llu (%s): %s", (unsigned long long)page, w->table, what);
	return SY_ECORRUPT;
}

int walk_use(struct walk *w, uint64_t first, uint64_t n)
{
	const struct meta *m = &w->f->meta[w->f->now];

	if (first < 2 || first > m->last || n > m->last - first + 1)
		return walk_bad(w, first, "a page number outside of the file");
	for (uint64_t i = first; i < first + n; i++) {
		if (w->used[i / 8] >> i % 8 & 1)
			return walk_bad(w, i, "used twice");
		w->used[i / 8] |= (uint8_t)(1 << i % 8);
		if (w->seen)
			w->seen(w->seen_ctx, i);
	}
	return SY_OK;
}

int walk_key_cmp(struct key a, struct key b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

static bool in_order(const struct walk *w, struct key a, struct key b)
{
	if (w->integer_keys && a.n == 8 && b.n == 8)
		return le64(a.p) < le64(b.p);
	return walk_key_cmp(a, b) < 0;
}

const char *walk_long_value(const struct pages *f, const struct node *node, struct use *u,
			    const uint8_t **value)
{
	const uint8_t *page;

	u->first = le64(node->data);
	u->n = (PAGE_HEADER - 1 + node->size) / f->page_size + 1;
	page = pages_at(f, u->first);
	if (page == NULL || u->n > f->n - u->first)
		return "past the end of the file";
	if (le64(page) != u->first || le16(page + 10) != PAGE_OVERFLOW || le32(page + 12) != u->n)
		return "isn't the long value that a row names";
	*value = page + PAGE_HEADER;
	return NULL;
}

/* --- lists: few rows, each looked at --------------------------------------------------------- */

static int list_row(struct walk *w, uint64_t n, const struct node *node)
{
	const uint8_t *value = node->data;
	const char *what;
	struct use u;
	int err;

	if ((node->flags & ~(unsigned)NODE_LONG) != (w->dbs ? NODE_TABLE : 0))
		return walk_bad(w, n, "a row is of another kind");
	if (node->flags & NODE_LONG) {
		if ((what = walk_long_value(w->f, node, &u, &value)))
			return walk_bad(w, u.first, what);
		if ((err = walk_use(w, u.first, u.n)))
			return err;
		w->overflows += u.n;
	}
	if ((w->before.p && !in_order(w, w->before, node->key)) ||
	    (w->floor.p && in_order(w, node->key, w->floor)))
		return walk_bad(w, n, walk_disorder);
	w->before = node->key;
	w->entries++;
	return w->row(w, node, value);
}

static int walk_list(struct walk *w, uint64_t n, unsigned depth)
{
	const uint8_t *page = pages_at(w->f, n);
	bool leaf = depth == 1;
	const char *what;
	int err;

	if ((err = walk_use(w, n, 1)))
		return err;
	if ((what = page_check(w->f, n, leaf)))
		return walk_bad(w, n, what);
	if (leaf)
		w->leaves++;
	else
		w->branches++;
	for (unsigned i = 0; i < page_nodes(page) && err == SY_OK; i++) {
		struct node node;
		if (!page_node(page, w->f->page_size, leaf, i, &node))
			return walk_bad(w, n, walk_outside);
		if (!leaf && i > 0) {
			if (w->before.p == NULL || !in_order(w, w->before, node.key))
				return walk_bad(w, n, walk_disorder);
			w->floor = node.key;
		}
		err = leaf ? list_row(w, n, &node) : walk_list(w, node.child, depth - 1);
	}
	return err;
}

/* --- the file's descriptions and lists -------------------------------------------------------- */

static int walk_db(struct walk *w, const struct db *db, const char *table)
{
	const struct key none = {NULL, 0};
	int err = SY_OK;

	w->table = table;
	w->before = w->floor = w->separator = none;
	w->branches = w->leaves = w->overflows = w->entries = w->n_batch = 0;
	if (db->depth > DEPTH_MAX) {
		pages_fault(w->r, "%s: a depth of %u", table, db->depth);
		return SY_ECORRUPT;
	}
	if (db->depth && w->row)
		err = walk_list(w, db->root, db->depth);
	else if (db->depth)
		err = walk_table(w, db->root, db->depth);
	if (err)
		return err;
	if ((db->depth == 0) != (db->root == UINT64_MAX) || db->branches != w->branches ||
	    db->leaves != w->leaves || db->overflows != w->overflows || db->entries != w->entries) {
		pages_fault(w->r, "%s: its pages and rows aren't as many as it says", table);
		return SY_ECORRUPT;
	}
	return SY_OK;
}

/* A list of free pages: how many, then their numbers, the highest first. */
static int free_row(struct walk *w, const struct node *node, const uint8_t *value)
{
	uint64_t n = node->size, count = n >= 8 ? le64(value) : 0, last = UINT64_MAX;
	int err = SY_OK;

	if (node->key.n != 8 || le64(node->key.p) > w->f->meta[w->f->now].txn || n % 8 || n < 8 ||
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
		err = walk_use(w, page, 1);
	}
	return err;
}

static int table_row(struct walk *w, const struct node *node, const uint8_t *value)
{
	if (node->size != 48 || node->key.n >= sizeof *w->names || w->n_dbs >= N_TABLES) {
		pages_fault(w->r, "the list of tables is malformed");
		return SY_ECORRUPT;
	}
	memcpy(w->names[w->n_dbs], node->key.p, node->key.n);
	w->names[w->n_dbs][node->key.n] = 0;
	db_read(value, &w->dbs[w->n_dbs++]);
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
	w->row = free_row;
	if ((err = walk_db(w, &m->free, "free pages")))
		return err;
	w->integer_keys = false;
	w->row = table_row;
	w->dbs = dbs;
	w->names = names;
	if ((err = walk_db(w, &m->main, "list of tables")))
		return err;
	w->dbs = NULL;
	w->row = NULL;
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

static int begin(const struct pages *f, struct pages_report *r, struct walk **out)
{
	const struct meta *m = &f->meta[f->now];
	struct walk *w;
	int err = check_metas(f, r);

	if (err)
		return err;
	if (m->last / f->page_size > f->size) {
		pages_fault(r, "it is shorter than it says");
		return SY_ECORRUPT;
	}
	if ((w = calloc(1, sizeof *w)) == NULL)
		return SY_ENOMEM;
	w->f = f;
	w->r = r;
	w->used = calloc(1, m->last / 8 + 1);
	w->batch = malloc(WALK_BATCH * sizeof *w->batch);
	*out = w;
	return w->used && w->batch ? SY_OK : SY_ENOMEM;
}

static void end(struct walk *w)
{
	if (w == NULL)
		return;
	for (unsigned i = 0; i < WALK_SLOTS; i++)
		free(w->slot[i].use);
	free(w->batch);
	free(w->used);
	free(w);
}

int pages_walk(const struct pages *f, unsigned threads, struct pages_report *r)
{
	struct walk *w = NULL;
	char names[N_TABLES][16];
	struct db dbs[N_TABLES] = {0};
	int err = begin(f, r, &w);

	if (err)
		goto err0;
	w->threads = threads;
	err = walk_lists(w, dbs, names);
	for (size_t i = 0; i < N_TABLES && err == SY_OK; i++)
		err = walk_db(w, &dbs[i], names[i]);
	for (uint64_t i = 2; i <= f->meta[f->now].last && err == SY_OK; i++)
		if (!(w->used[i / 8] >> i % 8 & 1)) {
			pages_fault(r, "page %llu: neither used nor free", (unsigned long long)i);
			err = SY_ECORRUPT;
		}
err0:
	end(w);
	return err;
}

/* The path to a table's last row. */
static int walk_edge(struct walk *w, const struct db *db, const char *table)
{
	uint64_t n = db->root;
	const char *what;
	int err;

	w->table = table;
	for (unsigned depth = db->depth; depth; depth--) {
		const uint8_t *page = pages_at(w->f, n);
		struct node node;
		if ((err = walk_use(w, n, 1)))
			return err;
		if ((what = page_check(w->f, n, depth == 1)))
			return walk_bad(w, n, what);
		if (!page_node(page, w->f->page_size, depth == 1, page_nodes(page) - 1, &node))
			return walk_bad(w, n, walk_outside);
		n = node.child;
	}
	return SY_OK;
}

int pages_volatile(const struct pages *f, struct pages_report *r,
		   void (*seen)(void *ctx, uint64_t page), void *ctx)
{
	struct walk *w = NULL;
	char names[N_TABLES][16];
	struct db dbs[N_TABLES] = {0};
	int err = begin(f, r, &w);

	if (err)
		goto err0;
	w->seen = seen;
	w->seen_ctx = ctx;
	seen(ctx, 0);
	seen(ctx, 1);
	err = walk_lists(w, dbs, names);
	for (size_t i = 0; i < N_TABLES && err == SY_OK; i++)
		err = walk_edge(w, &dbs[i], names[i]);
	for (uint64_t i = f->meta[f->now].last + 1; i < f->n && err == SY_OK; i++)
		seen(ctx, i);
err0:
	end(w);
	return err;
}
