/* What records change about recalls: work for closure.c, which does it. */
#include "apply.h"

bool recalls_any(struct apply *a, int *err)
{
	*err = SY_OK;
	if (!a->recalls.loaded && kv_count(a->tx, T_CASES) == 0)
		return false;
	*err = recalls_load(a);
	return *err == SY_OK && a->recalls.n > 0;
}

int recalls_dirty(struct apply *a, uint64_t number)
{
	struct key k = todo_key(TODO_DIRTY, number);

	return todo_put(a, &k, 0);
}

int recalls_is_marked(struct apply *a, uint64_t number, uint64_t id, bool *marked)
{
	struct mark m;
	int err = mark_get(a->tx, id, number, &m);

	*marked = err == SY_OK && m.reach != REACH_NONE;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int recalls_doubt(struct apply *a, uint64_t number, uint64_t id)
{
	struct key k = todo_key_id(TODO_DOUBT, number, id);
	bool marked;
	int err = recalls_is_marked(a, number, id, &marked);

	return err || !marked ? err : todo_put(a, &k, 0);
}

int recalls_try(struct apply *a, uint64_t number, uint64_t id)
{
	struct key k = todo_key_id(TODO_TRY, number, id);

	return todo_put(a, &k, 0);
}

/* What of TO follows from the marks of FROM. */
static int spread(struct apply *a, uint64_t from, uint64_t to, bool on)
{
	struct mark m;
	int err;

	for (uint64_t number = 0; (err = mark_seek(a->tx, from, &number, &m)) == SY_OK; number++) {
		struct key link = todo_key_link(number, from, to);
		if (m.reach == REACH_NONE)
			continue;
		err = on ? todo_put(a, &link, 0) : recalls_doubt(a, number, to);
		if (err)
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int recalls_edge(struct apply *a, uint64_t from, uint64_t to, bool on)
{
	int err;

	return recalls_any(a, &err) ? spread(a, from, to, on) : err;
}

int recalls_lot(struct apply *a, uint64_t unit, uint64_t before, uint64_t after)
{
	struct mark m;
	int err;

	if (before == after || !recalls_any(a, &err))
		return before == after ? SY_OK : err;
	for (uint64_t number = 0; (err = mark_seek(a->tx, unit, &number, &m)) == SY_OK; number++) {
		if (m.reach == REACH_NONE)
			continue;
		if (before != NO_ID && (err = mark_units(a->tx, before, number, false)))
			return err;
		if (after != NO_ID && (err = mark_units(a->tx, after, number, true)))
			return err;
	}
	if (err == SY_ENOTFOUND)
		err = before == NO_ID ? SY_OK : spread(a, before, unit, false);
	return err || after == NO_ID ? err : spread(a, after, unit, true);
}

bool recall_names_made(const struct recall_case *c, const struct item *it)
{
	int32_t day = it->made != SY_NO_DAY ? it->made : it->harvested;

	if (!c->active)
		return false;
	/* What goes by its product alone may be any of it. */
	if (c->product.n && sy_str_eq(c->product, it->code))
		return true;
	if (!code_under(c->product, it->code))
		return false;
	if (c->made_from == INT32_MIN && c->made_to == INT32_MAX)
		return true;
	/* A unit goes by its lot; what nobody knows may be meant. */
	if (day == SY_NO_DAY)
		return it->lot == NO_ID;
	return day >= c->made_from && day <= c->made_to;
}

static int fold_products(struct apply *a, const struct item *before, const struct item *after)
{
	int err = SY_OK;

	for (size_t i = 0; i < a->recalls.n && err == SY_OK; i++) {
		const struct recall_case *c = &a->recalls.v[i];
		if (c->product.n == 0)
			continue;
		bool was = before && recall_names_made(c, before), is = recall_names_made(c, after);
		if (is && !was)
			err = recalls_try(a, c->number, after->id);
		else if (was && !is)
			err = recalls_doubt(a, c->number, after->id);
	}
	return err;
}

/* The first of the codes that scopes name which isn't before CODE. */
static size_t code_at(const struct recalls *r, struct sy_str code)
{
	size_t low = 0, high = r->n_codes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sy_str_cmp(r->codes[middle].code, code) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool recall_names(const struct apply *a, const struct recall_case *c, const struct item *it)
{
	const struct recalls *r = &a->recalls;

	if (!c->active)
		return false;
	for (size_t i = c->n_codes ? code_at(r, it->code) : r->n_codes;
	     i < r->n_codes && sy_str_eq(r->codes[i].code, it->code); i++)
		if (&r->v[r->codes[i].i] == c)
			return true;
	return c->product.n && recall_names_made(c, it);
}

/* Cases whose scope has the code. */
static int fold_code(struct apply *a, const struct item *it)
{
	const struct recalls *r = &a->recalls;
	int err = SY_OK;

	for (size_t i = code_at(r, it->code);
	     i < r->n_codes && err == SY_OK && sy_str_eq(r->codes[i].code, it->code); i++)
		err = recalls_try(a, r->v[r->codes[i].i].number, it->id);
	return err;
}

static int fold_gone(struct apply *a, uint64_t id)
{
	struct mark m;
	int err;

	for (uint64_t number = 0; (err = mark_seek(a->tx, id, &number, &m)) == SY_OK; number++)
		if ((err = recalls_doubt(a, number, id)))
			return err;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int recalls_fold(struct apply *a, const struct item *before, const struct item *after)
{
	int err;

	if (!recalls_any(a, &err))
		return err;
	if (after->n_history == 0)
		return fold_gone(a, after->id);
	if (before == NULL && (err = fold_code(a, after)))
		return err;
	return a->recalls.products ? fold_products(a, before, after) : SY_OK;
}

/* --- places ---------------------------------------------------------------------------------- */

/* A part of a place may be named after the case was loaded.  What isn't named any more stays, since
 * no event has its id. */
int recalls_actor(struct apply *a, struct sy_str name, uint64_t id)
{
	struct recalls *r = &a->recalls;
	int err = SY_OK;

	for (size_t i = 0; i < r->n && r->places && err == SY_OK; i++)
		if (r->v[i].place.n && place_covers(r->v[i].place, name))
			err = place_ids_add(&r->arena, &r->v[i].where, id);
	return err;
}

static bool names_place(const struct occasion *oc, const struct place_ids *where)
{
	for (unsigned i = 0; i < oc->n_actors; i++)
		if (place_ids_has(where, oc->actors[i]))
			return true;
	return false;
}

static int holds_any(struct apply *a, uint64_t id, bool *any)
{
	struct content first = {0};
	int err = contents_next(a->tx, id, &first);

	*any = err == SY_OK;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* It may have come to the place, or gone: which of the two is seen when all is told.  What lay in
 * it may have stood there by that. */
static int look_again(struct apply *a, const struct recall_case *c, uint64_t id)
{
	bool marked, full;
	int err = recalls_is_marked(a, c->number, id, &marked);

	if (err || (err = holds_any(a, id, &full)))
		return err;
	if (marked)
		return recalls_doubt(a, c->number, id);
	if (full && (err = recalls_doubt_contents(a, c->number, id)))
		return err;
	return recalls_try(a, c->number, id);
}

/* An event in the case's time: what isn't a container can only come by it. */
static int visit_within(struct apply *a, const struct recall_case *c, uint64_t id, bool here)
{
	struct key moved = todo_key_id(TODO_MOVED, c->number, id);
	bool marked, full;
	int err = recalls_is_marked(a, c->number, id, &marked);

	if (err || !marked)
		return err || !here ? err : recalls_try(a, c->number, id);
	err = holds_any(a, id, &full);
	return err || !full ? err : todo_put(a, &moved, 0);
}

static int visit_case(struct apply *a, const struct recall_case *c, const struct view *v,
		      uint64_t id)
{
	if (c->where.n == 0 || v->ev.time > c->to)
		return SY_OK;
	if (v->ev.time < c->from)
		return look_again(a, c, id);
	return visit_within(a, c, id, names_place(&v->oc, &c->where));
}

int recalls_visit(struct apply *a, const struct view *v, uint64_t id)
{
	int err;

	if (!recalls_any(a, &err) || !a->recalls.places)
		return err;
	for (size_t i = 0; i < a->recalls.n && err == SY_OK; i++)
		if (a->recalls.v[i].active && a->recalls.v[i].place.n)
			err = visit_case(a, &a->recalls.v[i], v, id);
	return err;
}

int recalls_stand(struct apply *a, uint64_t id, const struct history *h)
{
	int err;

	if (!recalls_any(a, &err) || !a->recalls.places || h->n == 0)
		return err;
	for (size_t i = 0; i < a->recalls.n && err == SY_OK; i++) {
		const struct recall_case *c = &a->recalls.v[i];
		if (c->active && c->place.n && h->facts[0].time <= c->to)
			err = look_again(a, c, id);
	}
	return err;
}
