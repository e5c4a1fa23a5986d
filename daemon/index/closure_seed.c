/* Goes through a scope: marks what it names. */
#include "closure.h"

/*
 * How far the scope was gone through: of its codes how many; then of the product's items the code,
 * then of the visits to the place its id, record and item.  In the row behind the number of the
 * part.
 */
enum { PART_CODES, PART_PRODUCT, PART_PLACE, PARTS };
enum { PART_HEAD = 9 }; /* longer than a row that wasn't begun, which is none here */

static int leave_at(struct work *w, unsigned part, struct sy_str where)
{
	struct key row = key_u64(0);

	row.b[PART_HEAD - 1] = (uint8_t)part;
	if (where.n > sizeof row.b - PART_HEAD)
		return SY_ECORRUPT;
	if (where.n)
		memcpy(row.b + PART_HEAD, where.p, where.n);
	row.n = PART_HEAD + where.n;
	return kv_put(w->tx, T_TODO, key_str(&w->key), key_str(&row), 0);
}

enum reach recall_placed(const struct recall_case *c)
{
	return c->from == INT64_MIN ? REACH_ALL : REACH_SINCE;
}

/* The scope names it. */
static int seed(struct work *w, uint64_t id)
{
	static const struct window always = {INT64_MIN, INT64_MAX, REACH_ALL};
	bool full;
	int err = work_reach(w, id, REACH_ALL);

	if (err || (err = work_holds_any(w, id, &full)) || !full)
		return err;
	return work_question(w, id, &always);
}

/* Each goes on at w->place; SY_EHALT when it left before its end. */
static int seed_codes(struct work *w)
{
	uint64_t i = w->place.n == 8 ? sy_get64(w->place.b) : 0, id;

	for (; i < w->c->n_codes; i++) {
		int err = code_id(w->tx, w->c->codes[i], &id);
		if (err == SY_OK)
			err = seed(w, id);
		if (err && err != SY_ENOTFOUND)
			return err;
		if (work_full(w)) {
			struct key at = key_u64(i + 1);
			err = leave_at(w, PART_CODES, key_str(&at));
			return err ? err : SY_EHALT;
		}
	}
	return SY_OK;
}

static int seed_product(struct work *w)
{
	struct item it;
	uint64_t id;
	int err;

	if (w->c->product.n == 0)
		return SY_OK;
	if (w->place.n == 0 && (err = code_id(w->tx, w->c->product, &id)) != SY_ENOTFOUND &&
	    (err || (err = seed(w, id))))
		return err;
	while ((err = code_next_under(w->tx, w->c->product, key_str(&w->place), &id)) == SY_OK) {
		if ((err = item_get(w->tx, id, &it)))
			return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
		w->place = key_code(it.code);
		if (recall_names_made(w->c, &it) && (err = seed(w, id)))
			return err;
		if (work_full(w)) {
			err = leave_at(w, PART_PRODUCT, key_str(&w->place));
			return err ? err : SY_EHALT;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Whatever was named there may have been there: each is looked at once. */
static int look_at(struct work *w, uint64_t id)
{
	struct key look = todo_key_id(TODO_PLACED, w->number, id);

	return todo_put(w->a, &look, 0);
}

/* A visit names an item, or the lot of units that the record has.  Those may belong to another lot
 * by now, so it is read once more. */
static int seed_visit(struct work *w, uint64_t record, uint64_t item)
{
	struct sy_str lot;
	struct history h;
	struct view v;
	uint64_t id;
	int err = history_get(w->tx, item, record, &h);

	if (err || h.withdrawn || h.n == 0 || h.facts[0].time > w->c->to)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((h.bits & HIST_ROLES) && (err = look_at(w, item)))
		return err;
	if (!(h.bits & HIST_MEMBER) || (err = view_of(w->a, record, &v)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	for (size_t i = 0; i < v.ev.n_items; i++) {
		const struct sy_event_item *occ = &v.ev.items[i];
		w->a->work++;
		if ((err = event_lot(&v, occ, &lot)))
			return err;
		if (lot.n == 0 || code_id(w->tx, lot, &id) || id != item)
			continue;
		if ((err = code_id(w->tx, occ->code.canonical, &id)) == SY_OK)
			err = look_at(w, id);
		if (err && err != SY_ENOTFOUND)
			return err;
	}
	return SY_OK;
}

/* Those to one of the ids under which events name the place, from there on. */
static int seed_visits(struct work *w, uint64_t actor, uint64_t record, uint64_t item)
{
	struct key k = key_u64(actor), from = key_u64x2(record, item);
	struct sy_str value;
	int err;

	while ((err = kv_seek_value(w->tx, T_VISITS, key_str(&k), key_str(&from), &value)) ==
	       SY_OK) {
		record = sy_get64((const uint8_t *)value.p);
		item = sy_get64((const uint8_t *)value.p + 8);
		if ((err = seed_visit(w, record, item)))
			return err;
		from = key_u64x2(record, item + 1);
		if (work_full(w)) {
			struct key at = key_u64x3(actor, record, item + 1);
			err = leave_at(w, PART_PLACE, key_str(&at));
			return err ? err : SY_EHALT;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int seed_place(struct work *w)
{
	uint64_t left[3] = {0}; /* the place's id, record, item */
	int err = SY_OK;

	for (size_t i = 0; i < 3 && w->place.n == sizeof left; i++)
		left[i] = sy_get64(w->place.b + 8 * i);
	for (size_t i = 0; i < w->c->where.n && err == SY_OK; i++) {
		uint64_t actor = w->c->where.v[i];
		bool here = actor == left[0];
		if (actor >= left[0])
			err = seed_visits(w, actor, here ? left[1] : 0, here ? left[2] : 0);
	}
	return err;
}

int work_seed(struct work *w)
{
	static int (*const parts[PARTS])(struct work *) = {seed_codes, seed_product, seed_place};
	unsigned part = PART_CODES;
	int err = SY_OK;

	if (w->place.n >= PART_HEAD) { /* it was left before */
		part = w->place.b[PART_HEAD - 1];
		w->place.n -= PART_HEAD;
		memmove(w->place.b, w->place.b + PART_HEAD, w->place.n);
	}
	for (; part < PARTS && err == SY_OK; part++, w->place.n = 0)
		err = parts[part](w);
	return err == SY_EHALT ? SY_OK : err ? err : work_leave(w, 0);
}

/* --- a place --------------------------------------------------------------------------------- */

/* What a container holds is marked when that is opened: those around this one aren't asked. */
int work_placed(struct work *w)
{
	struct question q;
	bool there, full = false;
	int err = work_is_there(w, w->id, &there);

	if (err || !there || (err = work_ask(w, w->id, true, &q)))
		return err ? err : work_leave(w, 0);
	if (q.reach && (err = work_reach(w, w->id, q.reach)))
		return err;
	if (q.n && (err = work_holds_any(w, w->id, &full)))
		return err;
	for (size_t i = 0; full && i < q.n; i++)
		if ((err = work_question(w, w->id, &q.v[i])))
			return err;
	return work_leave(w, 0);
}
