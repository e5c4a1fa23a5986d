/* What records change about recalls: work for closure.c, which does it. */
#include "apply.h"

#include "custody.h"

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
	struct key k = todo_key_id(TODO_GROW, number, id);
	struct sy_str row;
	struct mark m;
	int err = mark_get(a->tx, id, number, &m);

	*marked = err == SY_OK && m.whole;
	if (*marked || (err && err != SY_ENOTFOUND))
		return err;
	err = kv_get(a->tx, T_TODO, key_str(&k), &row);
	*marked = err == SY_OK;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* What of TO follows from the marks of FROM. */
static int spread(struct apply *a, uint64_t from, uint64_t to, bool on)
{
	struct key k;
	struct mark m;
	bool marked;
	int err;

	for (uint64_t number = 0; (err = mark_seek(a->tx, from, &number, &m)) == SY_OK; number++) {
		if (!m.whole)
			continue;
		if ((err = recalls_is_marked(a, number, to, &marked)))
			return err;
		k = todo_key_id(TODO_GROW, number, to);
		if (on && !marked)
			err = todo_put(a, &k, 0);
		else if (!on && marked)
			err = recalls_dirty(a, number);
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
		if (!m.whole)
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

	if (!c->active || !code_under(c->product, it->code))
		return false;
	if (day == SY_NO_DAY)
		return it->lot ==
		       NO_ID; /* a unit goes by its lot; what nobody knows may be meant */
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
			err = todo_seed(a, c, after->id, false);
		else if (was && !is)
			err = recalls_dirty(a, c->number);
	}
	return err;
}

/* Cases whose scope has the code. */
static int fold_code(struct apply *a, const struct item *it)
{
	const struct recalls *r = &a->recalls;
	size_t low = 0, high = r->n_codes;
	int err = SY_OK;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sy_str_cmp(r->codes[middle].code, it->code) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < r->n_codes && err == SY_OK && sy_str_eq(r->codes[low].code, it->code); low++)
		err = todo_seed(a, &r->v[r->codes[low].i], it->id, false);
	return err;
}

static int fold_gone(struct apply *a, uint64_t id)
{
	struct mark m;
	int err;

	for (uint64_t number = 0; (err = mark_seek(a->tx, id, &number, &m)) == SY_OK; number++)
		if (m.whole && (err = recalls_dirty(a, number)))
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

/* Does a record name the actor?  It does so of all its items. */
static int visited(struct apply *a, uint64_t actor, uint64_t record, bool *yes)
{
	struct key k = key_u64(actor), from = key_u64x2(record, 0);
	struct sy_str value;
	int err = kv_seek_value(a->tx, T_VISITS, key_str(&k), key_str(&from), &value);

	*yes = err == SY_OK && sy_get64((const uint8_t *)value.p) == record;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* One event of the item, for recall_was_there. */
struct stay {
	const struct recall_case *c;
	uint64_t actor;
	bool before, there; /* it was named there before the time in question; in it */
};

static int stay_add(struct apply *a, struct stay *s, uint64_t record, const struct history *h)
{
	int64_t time = h->n ? h->facts[0].time : 0;
	bool named, early = time < s->c->from;
	int err;

	if (h->withdrawn || h->n == 0 || !(h->bits & HIST_ROLES) || time > s->c->to ||
	    (early ? s->before : s->there))
		return SY_OK;
	if ((err = visited(a, s->actor, record, &named)))
		return err;
	s->there |= !early && named;
	s->before |= early && named;
	return SY_OK;
}

static int next_of(void *ctx, uint64_t item, uint64_t from, struct item_event *out)
{
	struct apply *a = ctx;
	struct key k = key_u64x2(item, from);
	struct sy_str key, row;
	int err = kv_seek(a->tx, T_HISTORY, key_str(&k), &key, &row);

	if (err)
		return err;
	if (key.n != k.n)
		return SY_ECORRUPT;
	if (memcmp(key.p, k.b, 8))
		return SY_ENOTFOUND;
	out->record = sy_get64((const uint8_t *)key.p + 8);
	return history_event(row, out);
}

static int was_left(struct apply *a, const struct stay *s, uint64_t id, bool *there)
{
	struct custody_source source = {next_of, a};
	struct sy_arena arena = {0};
	struct item it;
	int err = item_get(a->tx, id, &it);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	err = custody_was_at(&source, id, it.kind, s->actor, s->c->from, &arena, there);
	sy_arena_free(&arena);
	return err;
}

int recall_was_there(struct apply *a, const struct recall_case *c, uint64_t id, bool *there)
{
	struct key place = key_code(c->place);
	struct stay s = {.c = c};
	uint64_t record;
	struct history h;
	int err = get_u64(a->tx, T_ACTORS, &place, &s.actor);

	*there = false;
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	for (uint64_t from = 0;
	     !s.there && (err = history_seek(a->tx, id, from, &record, &h)) == SY_OK;
	     from = record + 1)
		if ((err = stay_add(a, &s, record, &h)))
			return err;
	*there = s.there;
	if (err && err != SY_ENOTFOUND)
		return err;
	return s.before && !s.there ? was_left(a, &s, id, there) : SY_OK;
}

static bool names_place(const struct occasion *oc, uint64_t actor)
{
	for (unsigned i = 0; i < oc->n_actors; i++)
		if (oc->actors[i] == actor)
			return true;
	return false;
}

/* It may have come to the place, or gone: which of the two is seen when all is told. */
static int look_again(struct apply *a, const struct recall_case *c, uint64_t id)
{
	struct key k = todo_key_id(TODO_TRY, c->number, id);
	bool marked;
	int err = recalls_is_marked(a, c->number, id, &marked);

	if (err)
		return err;
	return marked ? recalls_dirty(a, c->number) : todo_put(a, &k, 0);
}

static int visit_case(struct apply *a, const struct recall_case *c, const struct view *v,
		      uint64_t id)
{
	struct key place = key_code(c->place);
	uint64_t actor;
	int err = get_u64(a->tx, T_ACTORS, &place, &actor);

	if (err || v->ev.time > c->to)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (v->ev.time < c->from)
		return look_again(a, c, id);
	return names_place(&v->oc, actor) ? todo_seed(a, c, id, true) : SY_OK;
}

int recalls_visit(struct apply *a, const struct view *v, uint64_t id)
{
	int err;

	if (!recalls_any(a, &err) || !a->recalls.places)
		return err;
	for (size_t i = 0; i < a->recalls.n && err == SY_OK; i++)
		if (a->recalls.v[i].place.n)
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
		if (c->place.n && h->facts[0].time <= c->to)
			err = look_again(a, c, id);
	}
	return err;
}
