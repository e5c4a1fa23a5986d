#include "pages_walk.h"

#include <stdlib.h>

enum { SLICE = 16 }; /* leaves that a thread checks at a time */

static void slot_use(struct slot *s, struct use u)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct use *v = realloc(s->use, cap * sizeof *v);
		if (v == NULL) {
			s->err = SY_ENOMEM;
			return;
		}
		s->use = v;
		s->cap = cap;
	}
	s->use[s->n++] = u;
}

/* A row's value; NULL, or what is wrong at *PAGE. */
static const char *check_value(const struct pages *f, struct slot *s, const struct node *node,
			       uint64_t *page)
{
	const uint8_t *value;
	const char *what;
	struct use u;

	if (node->flags & ~(unsigned)NODE_LONG)
		return "a row is of another kind";
	if (!(node->flags & NODE_LONG))
		return NULL;
	if ((what = walk_long_value(f, node, &u, &value))) {
		*page = u.first;
		return what;
	}
	s->overflows += u.n;
	slot_use(s, u);
	return NULL;
}

/* Keys from the leaf's own in the branch, up to and without the next leaf's. */
static const char *check_leaf(const struct pages *f, struct slot *s, const struct leaf *leaf,
			      struct key ceiling, uint64_t *at)
{
	const uint8_t *page = pages_at(f, leaf->page);
	struct key before = leaf->floor;
	const char *what;
	struct node node;

	*at = leaf->page;
	slot_use(s, (struct use){leaf->page, 1});
	if ((what = page_check(f, leaf->page, true)))
		return what;
	for (unsigned i = 0; i < page_nodes(page); i++) {
		if (!page_node(page, f->page_size, true, i, &node))
			return walk_outside;
		if ((what = check_value(f, s, &node, at)))
			return what;
		int c = before.p ? walk_key_cmp(before, node.key) : -1;
		if (c > 0 || (c == 0 && i > 0))
			return walk_disorder;
		before = node.key;
		s->entries++;
	}
	return ceiling.p && walk_key_cmp(before, ceiling) >= 0 ? walk_disorder : NULL;
}

static int check_slice(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	struct walk *w = ctx;
	struct slot *s = &w->slot[slot];
	size_t i = (size_t)slice * SLICE, end = i + SLICE < w->n_batch ? i + SLICE : w->n_batch;

	(void)thread;
	s->n = s->overflows = s->entries = 0;
	s->what = NULL;
	s->err = SY_OK;
	for (; i < end && s->what == NULL; i++)
		s->what =
		    check_leaf(w->f, s, &w->batch[i],
			       i + 1 < w->n_batch ? w->batch[i + 1].floor : w->ceiling, &s->page);
	return s->err;
}

static int fold_slice(void *ctx, unsigned slot, uint64_t slice)
{
	struct walk *w = ctx;
	const struct slot *s = &w->slot[slot];
	int err = SY_OK;

	(void)slice;
	for (size_t i = 0; i < s->n && err == SY_OK; i++)
		err = walk_use(w, s->use[i].first, s->use[i].n);
	if (err == SY_OK && s->what)
		err = walk_bad(w, s->page, s->what);
	w->overflows += s->overflows;
	w->entries += s->entries;
	return err;
}

static int flush(struct walk *w, struct key ceiling)
{
	struct sy_walk leaves = {.slices = (w->n_batch + SLICE - 1) / SLICE,
				 .threads = w->threads,
				 .slots = WALK_SLOTS,
				 .work = check_slice,
				 .fold = fold_slice,
				 .ctx = w};

	w->ceiling = ceiling;
	int err = sy_walk(&leaves);
	w->leaves += w->n_batch;
	w->n_batch = 0;
	return err;
}

static int gather_leaf(struct walk *w, uint64_t n, struct key floor)
{
	int err = w->n_batch == WALK_BATCH ? flush(w, floor) : SY_OK;

	w->batch[w->n_batch++] = (struct leaf){n, floor};
	return err;
}

static int gather(struct walk *w, uint64_t n, unsigned depth, struct key floor)
{
	const uint8_t *page = pages_at(w->f, n);
	const char *what;
	int err;

	if (depth == 1)
		return gather_leaf(w, n, floor);
	if ((err = walk_use(w, n, 1)))
		return err;
	if ((what = page_check(w->f, n, false)))
		return walk_bad(w, n, what);
	w->branches++;
	for (unsigned i = 0; i < page_nodes(page) && err == SY_OK; i++) {
		struct node node;
		if (!page_node(page, w->f->page_size, false, i, &node))
			return walk_bad(w, n, walk_outside);
		if (i > 0) {
			if (w->separator.p && walk_key_cmp(w->separator, node.key) >= 0)
				return walk_bad(w, n, walk_disorder);
			floor = w->separator = node.key;
		}
		err = gather(w, node.child, depth - 1, floor);
	}
	return err;
}

int walk_table(struct walk *w, uint64_t root, unsigned depth)
{
	const struct key none = {NULL, 0};
	int err = gather(w, root, depth, none);

	return err ? err : flush(w, none);
}
