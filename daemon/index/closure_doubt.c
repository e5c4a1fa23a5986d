/* What may have to go: taken for a mark of an older generation, with all that is reached from it,
 * until something renews it. */
#include "closure.h"

#include <stdlib.h>

static int doubt(struct work *w, uint64_t id)
{
	struct key k = todo_key_id(TODO_DOUBT, w->number, id);
	enum reach reach;
	int err = work_marked(w, id, &reach);

	return err || reach == REACH_NONE ? err : todo_put(w->a, &k, 0);
}

/* What lay in a container may have stood at the place by that, whether the container was marked or
 * not.  Those that have been tried, or will be, aren't looked at again. */
static int doubt_child(struct work *w, uint64_t id)
{
	struct key try = todo_key_id(TODO_TRY, w->number, id);
	enum reach reach;
	struct sy_str row;
	bool full;
	int err = work_marked(w, id, &reach);

	if (err || reach)
		return err ? err : doubt(w, id);
	if (w->c->place.n == 0 || (err = kv_get(w->tx, T_TODO, key_str(&try), &row)) == SY_OK)
		return SY_OK;
	if (err != SY_ENOTFOUND || (err = todo_put(w->a, &try, 0)) ||
	    (err = work_holds_any(w, id, &full)) || !full)
		return err;
	return recalls_doubt_contents(w->a, w->number, id);
}

/* *SURE: what it was marked for stands by itself, whatever else is doubted. */
static int begin(struct work *w, bool *sure)
{
	struct key again = todo_key_id(TODO_TRY, w->number, w->id),
		   clear = todo_key_id(TODO_CLEAR, w->number, w->id);
	struct question q;
	struct mark m;
	bool there = false, full;
	int err = mark_get(w->tx, w->id, w->number, &m);

	if (err)
		return err;
	if (!(w->id & NODE_BIT) && ((err = work_is_there(w, w->id, &there)) ||
				    (there && (err = work_ask(w, w->id, true, &q)))))
		return err;
	*sure = there && q.reach >= m.reach;
	if ((err = work_holds_any(w, w->id, &full)) || (*sure && !full))
		return err;
	m.gen = 0; /* also of a container that is sure: so it is opened once, even if it lies in
		      itself */
	if ((err = todo_put(w->a, &again, 0)) == SY_OK)
		err = mark_put(w->tx, w->id, w->number, &m);
	return err ? err : todo_put(w->a, &clear, 0);
}

/* *LEFT: there was more than could be done. */
static int doubt_edges(struct work *w, bool *left)
{
	struct key k = key_u64(w->id), from;
	struct sy_str value;
	int err;

	*left = false;
	for (uint64_t next = w->from;; next++) {
		from = key_u64(next);
		err = kv_seek_value(w->tx, T_FORWARD, key_str(&k), key_str(&from), &value);
		if (err)
			return err == SY_ENOTFOUND ? SY_OK : err;
		next = sy_get64((const uint8_t *)value.p);
		if ((err = doubt(w, next)))
			return err;
		if (work_full(w)) {
			*left = true;
			return work_leave(w, next + 1);
		}
	}
}

static int doubt_lines(struct work *w)
{
	struct content c = work_line(w);
	int err = SY_OK;

	if (w->id & NODE_BIT)
		return work_leave(w, 0);
	while ((err = contents_next(w->tx, w->id, &c)) == SY_OK) {
		if (c.added && c.child != NO_ID && (err = doubt_child(w, c.child)))
			return err;
		if (work_full(w))
			return work_leave_line(w, &c);
	}
	return err == SY_ENOTFOUND ? work_leave(w, 0) : err;
}

int work_doubt(struct work *w)
{
	bool sure = false, left = false;
	enum reach reach;
	int err = SY_OK;

	if (w->place.n == 0 && w->from == 0) {
		if ((err = work_marked(w, w->id, &reach)) || reach == REACH_NONE)
			return err ? err : work_leave(w, 0);
		err = begin(w, &sure);
	}
	if (err == SY_OK && w->place.n == 0 && !sure)
		err = doubt_edges(w, &left);
	return err || left ? err : doubt_lines(w);
}

/* --- a container that was moved -------------------------------------------------------------- */

static bool covers(const struct question *a, const struct question *b)
{
	for (size_t i = 0; i < b->n; i++) {
		size_t k = 0;
		while (k < a->n && (a->v[k].from > b->v[i].from || a->v[k].to < b->v[i].to))
			k++;
		if (k == a->n)
			return false;
	}
	return a->reach >= b->reach;
}

/* Events of this entry alone name it otherwise: did that change when it was at the place? */
int work_moved(struct work *w)
{
	struct key doubts = todo_key_id(TODO_DOUBT, w->number, w->id);
	struct question before, now, copy;
	int err;

	w->records = w->a->st.records;
	err = work_ask(w, w->id, true, &before);
	w->records = UINT64_MAX;
	if (err)
		return err;
	copy = before;
	copy.v = NULL;
	if (before.n) {
		if ((copy.v = malloc(before.n * sizeof *copy.v)) == NULL)
			return SY_ENOMEM;
		memcpy(copy.v, before.v, before.n * sizeof *copy.v);
	}
	if ((err = work_ask(w, w->id, true, &now)) == SY_OK) {
		if (!covers(&now, &copy))
			err = todo_put(w->a, &doubts, 0);
		else if (!covers(&copy, &now))
			err = recalls_try(w->a, w->number, w->id);
	}
	free(copy.v);
	return err ? err : work_leave(w, 0);
}
