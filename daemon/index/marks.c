#include "apply.h"

/*
 * Holds, what supervision found, and what anybody found of an item: rows that an item's history
 * puts where they are found without reading all of it.  They follow from single rows of history, so
 * that a withdrawal or an erasure takes away what its row put there.
 */
enum { MARK_HOLD = 1, MARK_AUTHORITY = 2 }; /* of `holds` */
enum { HOLD_KEY = 32, RESULT_KEY = 24, INSPECTED_KEY = 32 };

/* Of a unit that is held its lot isn't. */
static bool is_hold(const struct item_fact *f)
{
	return (f->step == STEP_HOLD || f->step == STEP_RELEASE) && f->role != FACT_MEMBER;
}

static int hold_set(struct apply *a, uint64_t id, uint64_t record, const struct item_fact *f,
		    bool on)
{
	struct key k = key_u64x3(id, sortable(f->time), record);
	char mark =
	    (char)((f->step == STEP_HOLD ? MARK_HOLD : 0) | (f->authority ? MARK_AUTHORITY : 0));

	sy_put64(k.b + k.n, f->party);
	k.n += 8;
	return set_row(a, T_HOLDS, &k, (struct sy_str){&mark, 1}, on);
}

#define PASSED ((uint64_t)1 << 63)
#define NEWEST (PASSED - 1)

static int result_set(struct apply *a, uint64_t id, uint64_t record, const struct item_fact *f,
		      bool on)
{
	struct key k = key_u64x3(sortable(f->time), record, id);
	char pass = f->result == RESULT_SUPERVISION_PASS;

	return set_row(a, T_RESULTS, &k, (struct sy_str){&pass, 1}, on);
}

static bool passed(enum item_result r)
{
	return r % 2 == 0;
}

/* That of a good registration, of which there are as many as items, is in the item's row. */
static bool is_inspected(const struct item_fact *f)
{
	return f->result != RESULT_NONE &&
	       (!passed(f->result) || (f->step != STEP_CREATE && f->step != STEP_PRODUCE));
}

/* What failed stands first, the newest record before the others. */
static int inspected_set(struct apply *a, uint64_t id, uint64_t record, const struct item_fact *f,
			 bool on)
{
	struct key k =
	    key_u64x3(id, (passed(f->result) ? PASSED : 0) | (NEWEST - record), sortable(f->time));
	char result = (char)f->result;

	sy_put64(k.b + k.n, f->party);
	k.n += 8;
	return set_row(a, T_INSPECTED, &k, (struct sy_str){&result, 1}, on);
}

int marks_set(struct apply *a, uint64_t id, uint64_t record, const struct history *h, bool on)
{
	int err = SY_OK;

	for (unsigned i = 0; i < h->n && err == SY_OK; i++) {
		if (is_hold(&h->facts[i]))
			err = hold_set(a, id, record, &h->facts[i], on);
		if (h->facts[i].result >= RESULT_SUPERVISION_FAIL && err == SY_OK)
			err = result_set(a, id, record, &h->facts[i], on);
		if (is_inspected(&h->facts[i]) && err == SY_OK)
			err = inspected_set(a, id, record, &h->facts[i], on);
	}
	return err;
}

bool marks_hold(const struct history *h)
{
	for (unsigned i = 0; i < h->n; i++)
		if (is_hold(&h->facts[i]))
			return true;
	return false;
}

/* --- what stands ----------------------------------------------------------------------------- */

struct holds {
	struct sy_arena *arena;
	struct hold *v;
	size_t n, cap;
};

static int holds_add(struct holds *s, const struct hold *h)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].party == h->party && s->v[i].authority == h->authority)
			return SY_OK;
	if (!sy_arena_room(s->arena, &s->v, &s->cap, s->n + 1, sizeof *s->v))
		return SY_ENOMEM;
	s->v[s->n++] = *h;
	return SY_OK;
}

static void holds_release(struct holds *s, const struct hold *by)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!by->authority && (s->v[i].authority || s->v[i].party != by->party))
			s->v[n++] = s->v[i];
	s->n = n;
}

static int holds_read(struct kv_tx *tx, uint64_t item, struct holds *out)
{
	struct key k = key_u64(item);
	struct sy_str key, value;
	int err;

	for (err = kv_seek(tx, T_HOLDS, key_str(&k), &key, &value); err == SY_OK;
	     err = kv_next(tx, T_HOLDS, &key, &value)) {
		const uint8_t *p = (const uint8_t *)key.p;
		if (key.n != HOLD_KEY || value.n != 1)
			return SY_ECORRUPT;
		if (sy_get64(p) != item)
			return SY_OK;
		struct hold h = {.time = (int64_t)sortable((int64_t)sy_get64(p + 8)),
				 .record = sy_get64(p + 16),
				 .party = sy_get64(p + 24),
				 .authority = value.p[0] & MARK_AUTHORITY};
		if (!(value.p[0] & MARK_HOLD))
			holds_release(out, &h);
		else if ((err = holds_add(out, &h)))
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int marks_fold(struct apply *a, struct item *it)
{
	struct sy_arena arena = {0};
	struct holds holds = {.arena = &arena};
	int err = holds_read(a->tx, it->id, &holds);

	it->flags &= ~(unsigned)ITEM_HELD;
	it->flags |= holds.n ? ITEM_HELD : 0;
	sy_arena_free(&arena);
	return err;
}

/* --- reading --------------------------------------------------------------------------------- */

int index_holds(struct index_read *r, uint64_t item, struct sy_arena *arena, struct hold **out,
		size_t *n)
{
	struct holds holds = {.arena = arena};
	int err = holds_read(&r->tx, item, &holds);

	*out = holds.v;
	*n = holds.n;
	return err;
}

int index_findings_next(struct index_read *r, struct finding *f)
{
	struct key k = key_u64x3(sortable(f->time), f->record, f->item);
	struct sy_str key, value;
	int err = kv_seek(&r->tx, T_RESULTS, key_str(&k), &key, &value);

	if (err == SY_OK && sy_str_eq(key, key_str(&k)))
		err = kv_next(&r->tx, T_RESULTS, &key, &value);
	if (err)
		return err;
	if (key.n != RESULT_KEY || value.n != 1)
		return SY_ECORRUPT;
	const uint8_t *p = (const uint8_t *)key.p;
	*f = (struct finding){.time = (int64_t)sortable((int64_t)sy_get64(p)),
			      .record = sy_get64(p + 8),
			      .item = sy_get64(p + 16),
			      .pass = value.p[0]};
	return SY_OK;
}

/* Those of one result, which FROM is before the first of. */
static int inspected_read(struct index_read *r, uint64_t item, uint64_t from, size_t max,
			  struct inspected *v, size_t *n, bool *cut)
{
	struct key k = key_u64x2(item, from);
	struct sy_str key, value;
	uint64_t last = NO_ID;
	size_t found = 0;
	int err;

	for (err = kv_seek(&r->tx, T_INSPECTED, key_str(&k), &key, &value); err == SY_OK;
	     err = kv_next(&r->tx, T_INSPECTED, &key, &value)) {
		const uint8_t *p = (const uint8_t *)key.p;
		if (key.n != INSPECTED_KEY || value.n != 1)
			return SY_ECORRUPT;
		uint64_t order = sy_get64(p + 8);
		if (sy_get64(p) != item || (order & PASSED) != (from & PASSED))
			return SY_OK;
		struct inspected one = {.record = NEWEST - (order & NEWEST),
					.party = sy_get64(p + 24),
					.time = (int64_t)sortable((int64_t)sy_get64(p + 16)),
					.result = (enum item_result)value.p[0]};
		if (one.record == last) /* a lot may be named by several of its units */
			continue;
		*cut = *cut || found == max;
		if (found++ == max)
			return SY_OK;
		v[(*n)++] = one;
		last = one.record;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int index_inspected(struct index_read *r, uint64_t item, size_t max, struct inspected *v, size_t *n,
		    bool *cut)
{
	int err;

	*n = 0;
	*cut = false;
	err = inspected_read(r, item, 0, max, v, n, cut);
	return err ? err : inspected_read(r, item, PASSED, max, v, n, cut);
}
