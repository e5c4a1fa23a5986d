/* What lay in a container that is in question, and what lay in that. */
#include "closure.h"

#include <stdlib.h>

/* --- stays ----------------------------------------------------------------------------------- */

static bool comes_after(const struct content *a, const struct content *b)
{
	return a->time != b->time ? a->time > b->time : a->record > b->record;
}

static int in_order(const void *a, const void *b)
{
	return comes_after(a, b) ? 1 : comes_after(b, a) ? -1 : 0;
}

static int read_cleared(struct work *w, uint64_t container)
{
	struct cleared *all = &w->cleared;
	struct item_event e;
	int err;

	if (all->of == container)
		return SY_OK;
	all->of = NO_ID;
	all->n = 0;
	for (uint64_t from = 0; (err = history_next(w->tx, container, from, &e)) == SY_OK;
	     from = e.record + 1)
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			if (e.facts[i].step != STEP_EMPTY || e.facts[i].role != SY_ROLE_PARENT)
				continue;
			if (!sy_arena_room(&all->arena, &all->v, &all->cap, all->n + 1,
					   sizeof *all->v))
				return SY_ENOMEM;
			all->v[all->n++] =
			    (struct content){.time = e.facts[i].time, .record = e.record};
		}
	if (err != SY_ENOTFOUND)
		return err;
	if (all->n)
		qsort(all->v, all->n, sizeof *all->v, in_order);
	all->of = container;
	return SY_OK;
}

/* When all was taken out for the first time after C; NULL for never. */
static const struct content *cleared_after(const struct cleared *all, const struct content *c)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (comes_after(&all->v[middle], c))
			high = middle;
		else
			low = middle + 1;
	}
	return low < all->n ? &all->v[low] : NULL;
}

struct lines {
	struct content *v;
	size_t n, cap;
};

/* When the item was put into the container and taken out, in order. */
static int read_lines(struct work *w, uint64_t item, uint64_t container, struct sy_arena *arena,
		      struct lines *l)
{
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = history_next(w->tx, item, from, &e)) == SY_OK;
	     from = e.record + 1)
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			const struct item_fact *f = &e.facts[i];
			if (f->role != SY_ROLE_CHILD || f->other != container ||
			    (f->step != STEP_PACK && f->step != STEP_UNPACK))
				continue;
			if (!sy_arena_room(arena, &l->v, &l->cap, l->n + 1, sizeof *l->v))
				return SY_ENOMEM;
			l->v[l->n++] = (struct content){.time = f->time,
							.record = e.record,
							.child = item,
							.added = f->step == STEP_PACK};
		}
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, in_order);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int stays(const struct cleared *cleared, const struct lines *l, stay_fn stay, void *ctx)
{
	const struct content *in = NULL, *out = NULL;
	int err = SY_OK;

	for (size_t i = 0; i < l->n && err == SY_OK; i++) {
		const struct content *c = &l->v[i];
		if (in && out && comes_after(c, out)) {
			err = stay(ctx, in->time, out->time);
			in = NULL;
		}
		if (in && !c->added && err == SY_OK) {
			err = stay(ctx, in->time, c->time);
			in = NULL;
		} else if (in == NULL && c->added) {
			in = c;
			out = cleared_after(cleared, c);
		}
	}
	return err || in == NULL ? err : stay(ctx, in->time, out ? out->time : INT64_MAX);
}

int work_stays(struct work *w, uint64_t item, uint64_t container, stay_fn stay, void *ctx)
{
	struct sy_arena arena = {0};
	struct lines l = {0};
	int err = read_cleared(w, container);

	if (err == SY_OK)
		err = read_lines(w, item, container, &arena, &l);
	if (err == SY_OK)
		err = stays(&w->cleared, &l, stay, ctx);
	sy_arena_free(&arena);
	return err;
}

/* --- opening --------------------------------------------------------------------------------- */

int work_holds_any(struct work *w, uint64_t id, bool *any)
{
	struct content first = {0};
	int err = id & NODE_BIT ? SY_ENOTFOUND : contents_next(w->tx, id, &first);

	*any = err == SY_OK;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int work_question(struct work *w, uint64_t id, const struct window *t)
{
	struct key open = todo_key_open(TODO_OPEN, w->number, id, t->from, t->to, t->reach),
		   opened = todo_key_open(TODO_OPENED, w->number, id, t->from, t->to, t->reach);
	struct sy_str row;
	int err = kv_get(w->tx, T_TODO, key_str(&opened), &row);

	return err == SY_ENOTFOUND ? todo_put(w->a, &open, 0) : err;
}

/* A child of the container at hand. */
struct opening {
	struct work *w;
	struct window time;
	uint64_t child;
	bool full;
};

/* It is in question, and what lay in it meanwhile. */
static int lay(void *ctx, int64_t in, int64_t out)
{
	const struct opening *o = ctx;
	struct window meanwhile = o->time;
	int err;

	if (in > o->time.to || out < o->time.from)
		return SY_OK;
	meanwhile.from = in > meanwhile.from ? in : meanwhile.from;
	meanwhile.to = out < meanwhile.to ? out : meanwhile.to;
	err = work_reach(o->w, o->child, o->time.reach);
	return err || !o->full ? err : work_question(o->w, o->child, &meanwhile);
}

static int open_line(struct opening *o, const struct content *line)
{
	int err = work_holds_any(o->w, line->child, &o->full);

	if (err)
		return err;
	if (!o->full && line->time >= o->time.from)
		return work_reach(o->w, line->child, o->time.reach);
	o->child = line->child;
	return work_stays(o->w, line->child, o->w->id, lay, o);
}

int work_open(struct work *w)
{
	const uint8_t *at = w->key.b + 17;
	struct opening o = {.w = w,
			    .time = {.from = (int64_t)sortable((int64_t)sy_get64(at)),
				     .to = (int64_t)sortable((int64_t)sy_get64(at + 8)),
				     .reach = at[16]}};
	struct content c = work_line(w);
	struct key opened = w->key;
	int err;

	/* Lines are in order of time. */
	while ((err = contents_next(w->tx, w->id, &c)) == SY_OK && c.time <= o.time.to) {
		if (c.added && c.child != NO_ID && (err = open_line(&o, &c)))
			return err;
		if (work_full(w))
			return work_leave_line(w, &c);
	}
	if (err && err != SY_ENOTFOUND)
		return err;
	opened.b[0] = TODO_OPENED;
	err = todo_put(w->a, &opened, 0);
	return err ? err : work_leave(w, 0);
}
