/* What lay in a container that a scope names, and what lay in that. */
#include "closure.h"

#include <stdlib.h>

struct line {
	uint64_t child;
	struct content c;
};
struct lines {
	struct line *v; /* by child, then as they followed each other */
	size_t n, cap;
	struct content *cleared; /* when all was taken out */
	size_t n_cleared, cap_cleared;
};

static int room(void *p, size_t *cap, size_t n, size_t size)
{
	void *old, *bigger;

	if (n < *cap)
		return SY_OK;
	memcpy(&old, p, sizeof old);
	if ((bigger = realloc(old, (n + 64) * 2 * size)) == NULL)
		return SY_ENOMEM;
	memcpy(p, &bigger, sizeof bigger);
	*cap = (n + 64) * 2;
	return SY_OK;
}

static bool comes_after(const struct content *a, const struct content *b)
{
	return a->time != b->time ? a->time > b->time : a->record > b->record;
}

static int by_child(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->child != y->child)
		return x->child < y->child ? -1 : 1;
	return comes_after(&x->c, &y->c) ? 1 : comes_after(&y->c, &x->c) ? -1 : 0;
}

static int read_lines(struct work *w, struct lines *l)
{
	struct content c = {0};
	int err;

	while ((err = contents_next(w->tx, w->id, &c)) == SY_OK)
		if (c.child == NO_ID) {
			if ((err = room(&l->cleared, &l->cap_cleared, l->n_cleared,
					sizeof *l->cleared)))
				return err;
			l->cleared[l->n_cleared++] = c;
		} else {
			if ((err = room(&l->v, &l->cap, l->n, sizeof *l->v)))
				return err;
			l->v[l->n++] = (struct line){c.child, c};
		}
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_child);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* When all was taken out for the first time after C; NULL for never. */
static const struct content *cleared_after(const struct lines *l, const struct content *c)
{
	size_t low = 0, high = l->n_cleared;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (comes_after(&l->cleared[middle], c))
			high = middle;
		else
			low = middle + 1;
	}
	return low < l->n_cleared ? &l->cleared[low] : NULL;
}

/* The child lay in it from IN to OUT, NULL for ever: it is in question, and what lies in it. */
static int stayed(struct work *w, uint64_t child, const struct content *in,
		  const struct content *out)
{
	int64_t from = (int64_t)sortable((int64_t)sy_get64(w->key.b + 17)),
		to = (int64_t)sortable((int64_t)sy_get64(w->key.b + 25)),
		went = out ? out->time : INT64_MAX;
	struct content first = {0};
	struct sy_str row;
	int err;

	if (in->time > to || went < from)
		return SY_OK;
	if ((err = work_reach(w, child)) || (err = contents_next(w->tx, child, &first)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	from = in->time > from ? in->time : from;
	to = went < to ? went : to;
	struct key open = todo_key_open(TODO_OPEN, w->number, child, from, to),
		   opened = todo_key_open(TODO_OPENED, w->number, child, from, to);
	err = kv_get(w->tx, T_TODO, key_str(&opened), &row);
	return err == SY_ENOTFOUND ? todo_put(w->a, &open, 0) : err;
}

/* The stays of one child, from its N lines. */
static int stays(struct work *w, const struct lines *l, const struct line *v, size_t n)
{
	const struct content *in = NULL, *out = NULL;
	int err = SY_OK;

	for (size_t i = 0; i < n && err == SY_OK; i++) {
		const struct content *c = &v[i].c;
		if (in && out && comes_after(c, out)) {
			err = stayed(w, v->child, in, out);
			in = NULL;
		}
		if (in && !c->added && err == SY_OK) {
			err = stayed(w, v->child, in, c);
			in = NULL;
		} else if (in == NULL && c->added) {
			in = c;
			out = cleared_after(l, c);
		}
	}
	return err || in == NULL ? err : stayed(w, v->child, in, out);
}

static int open_lines(struct work *w, const struct lines *l)
{
	struct key opened = w->key;
	int err = SY_OK;

	for (size_t i = 0, end; i < l->n && err == SY_OK; i = end) {
		for (end = i + 1; end < l->n && l->v[end].child == l->v[i].child;)
			end++;
		if (l->v[i].child < w->from)
			continue;
		err = stays(w, l, &l->v[i], end - i);
		if (err == SY_OK && work_full(w) && end < l->n)
			return work_leave(w, l->v[end].child);
	}
	opened.b[0] = TODO_OPENED;
	if (err || (err = todo_put(w->a, &opened, 0)))
		return err;
	return work_leave(w, 0);
}

int work_open(struct work *w)
{
	struct lines l = {0};
	int err = read_lines(w, &l);

	if (err == SY_OK)
		err = open_lines(w, &l);
	free(l.v);
	free(l.cleared);
	return err;
}
