#include "affected_impl.h"

#include <stdlib.h>

/*
 * Who has what of each item, packed: most holders have one of five quantities, in few digits.
 *
 * A holder is a byte of flags, party and place as numbers (0: none), the unit's 4 bytes where it
 * has one, since when, then a number and its scale for each quantity that isn't zero.  Numbers are
 * of seven bits a byte, the lowest first, those with a sign folded so that small ones are short.
 */

enum { HAS_UNIT = 32, HAS_UNKNOWN = 64, HAS_UNITS = 128, QUANTITIES = 5, PACKED_MAX = 128 };

/* --- packing --------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *p, uint64_t v)
{
	for (; v >= 128; v >>= 7)
		*p++ = (uint8_t)(v | 128);
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *put_signed(uint8_t *p, int64_t v)
{
	return put(p, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static const uint8_t *get(const uint8_t *p, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0;; shift += 7) {
		*v |= (uint64_t)(*p & 127) << shift;
		if (!(*p++ & 128))
			return p;
	}
}

static const uint8_t *get_signed(const uint8_t *p, int64_t *v)
{
	uint64_t u;

	p = get(p, &u);
	*v = (int64_t)(u >> 1 ^ (0 - (u & 1)));
	return p;
}

static void quantities(struct custody_holder *h, struct sy_decimal *q[QUANTITIES])
{
	struct sy_decimal *all[QUANTITIES] = {&h->on_hand, &h->in_transit, &h->consumed, &h->sold,
					      &h->destroyed};

	memcpy(q, all, sizeof all);
}

static uint8_t *pack(uint8_t *p, struct custody_holder *h)
{
	struct sy_decimal *q[QUANTITIES];
	uint8_t *flags = p++;

	*flags = (h->unit[0] ? HAS_UNIT : 0) | (h->unknown ? HAS_UNKNOWN : 0) |
		 (h->units ? HAS_UNITS : 0);
	p = put(p, h->party + 1); /* NO_ID becomes 0 */
	p = put(p, h->place + 1);
	if (h->unit[0]) {
		memcpy(p, h->unit, sizeof h->unit);
		p += sizeof h->unit;
	}
	p = put_signed(p, h->since);
	quantities(h, q);
	for (unsigned i = 0; i < QUANTITIES; i++) {
		if (q[i]->coef == 0)
			continue;
		*flags |= (uint8_t)(1U << i);
		p = put_signed(p, q[i]->coef);
		*p++ = q[i]->scale;
	}
	return p;
}

bool affected_holder(const struct affected *a, size_t item, size_t *at, struct custody_holder *out)
{
	size_t begin = item ? a->ends[item - 1] : 0;
	const uint8_t *p = a->packed + begin + *at;
	struct sy_decimal *q[QUANTITIES];
	uint8_t flags;

	if (begin + *at >= a->ends[item])
		return false;
	flags = *p++;
	*out = (struct custody_holder){.unknown = flags & HAS_UNKNOWN, .units = flags & HAS_UNITS};
	p = get(p, &out->party);
	p = get(p, &out->place);
	out->party--;
	out->place--;
	if (flags & HAS_UNIT) {
		memcpy(out->unit, p, sizeof out->unit);
		p += sizeof out->unit;
	}
	p = get_signed(p, &out->since);
	quantities(out, q);
	for (unsigned i = 0; i < QUANTITIES; i++) {
		if (!(flags & 1U << i))
			continue;
		p = get_signed(p, &q[i]->coef);
		q[i]->scale = *p++;
	}
	*at = (size_t)(p - a->packed) - begin;
	return true;
}

static int pack_all(struct search *s, const struct custody *c)
{
	struct affected *a = s->out;
	int err =
	    search_room(s, &a->packed, &s->cap_packed, s->n_packed + c->n_holders * PACKED_MAX, 1);

	for (size_t i = 0; i < c->n_holders && err == SY_OK; i++)
		s->n_packed = (size_t)(pack(a->packed + s->n_packed, &c->holders[i]) - a->packed);
	a->holders += err == SY_OK ? c->n_holders : 0;
	return err;
}

/* --- totals ---------------------------------------------------------------------------------- */

static size_t hash_of(const struct affected_total *t)
{
	uint64_t h = t->party * UINT64_C(0x9e3779b97f4a7c15), unit = 0;

	memcpy(&unit, t->unit, sizeof t->unit);
	h = (h ^ h >> 32 ^ t->place) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 29 ^ unit << 1 ^ t->units) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h ^ h >> 29);
}

static bool same_total(const struct affected_total *a, const struct affected_total *b)
{
	return a->party == b->party && a->place == b->place && a->units == b->units &&
	       memcmp(a->unit, b->unit, sizeof a->unit) == 0;
}

static uint32_t *slot_of(const struct totals *t, const struct affected_total *key)
{
	size_t at = hash_of(key) & (t->n_slots - 1);

	while (t->slots[at] && !same_total(&t->v[t->slots[at] - 1], key))
		at = (at + 1) & (t->n_slots - 1);
	return &t->slots[at];
}

static int grow(struct search *s)
{
	struct totals *t = &s->totals;
	size_t n = t->n_slots ? t->n_slots * 2 : 64, cost = (n - t->n_slots) * sizeof *t->slots;
	uint32_t *slots;

	if (cost > s->left)
		return search_stop(s, TRACE_CUT_SIZE);
	if ((slots = calloc(n, sizeof *slots)) == NULL)
		return SY_ENOMEM;
	s->left -= cost;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n;
	for (size_t i = 0; i < t->n; i++)
		*slot_of(t, &t->v[i]) = (uint32_t)i + 1;
	return SY_OK;
}

/* For N holders, so that an item is added up as a whole or not at all. */
static int totals_room(struct search *s, size_t n)
{
	struct totals *t = &s->totals;
	int err = search_room(s, &t->v, &t->cap, t->n + 2 * n, sizeof *t->v);

	while (err == SY_OK && (t->n + 2 * n) * 2 >= t->n_slots)
		err = grow(s);
	return err;
}

static struct affected_total *total_of(struct totals *t, const struct affected_total *key)
{
	uint32_t *slot = slot_of(t, key);

	if (*slot == 0) {
		t->v[t->n++] = *key;
		*slot = (uint32_t)t->n;
	}
	return &t->v[*slot - 1];
}

static void sum(struct affected_total *t, struct custody_holder *h)
{
	struct sy_decimal *from[QUANTITIES],
	    *to[] = {&t->on_hand, &t->in_transit, &t->consumed, &t->sold, &t->destroyed};

	quantities(h, from);
	t->unknown |= h->unknown;
	t->batches++;
	for (unsigned i = 0; i < QUANTITIES; i++)
		t->unknown |= sy_decimal_add(*to[i], *from[i], to[i]) != SY_OK;
}

static void totals_add(struct totals *t, const struct custody *c)
{
	for (size_t i = 0; i < c->n_holders; i++) {
		struct custody_holder *h = &c->holders[i];
		struct affected_total key = {
		    .party = h->party, .place = h->place, .units = h->units};
		memcpy(key.unit, h->unit, sizeof key.unit);
		sum(total_of(t, &key), h);
		/* Holders come in order of party. */
		if (i > 0 && c->holders[i - 1].party == h->party)
			continue;
		key = (struct affected_total){.party = h->party, .place = AFFECTED_ALL};
		total_of(t, &key)->batches++;
	}
}

static int by_holder(const void *a, const void *b)
{
	const struct affected_total *x = a, *y = b;

	if (x->party != y->party)
		return x->party < y->party ? -1 : 1;
	if (x->units != y->units)
		return x->units ? 1 : -1;
	int c = memcmp(x->unit, y->unit, sizeof x->unit);
	return c ? c : (x->place > y->place) - (x->place < y->place);
}

static void totals_sort(struct search *s)
{
	if (s->totals.n)
		qsort(s->totals.v, s->totals.n, sizeof *s->totals.v, by_holder);
}

/* --- all items ------------------------------------------------------------------------------- */

/* Ids are their own order in each distance; a set of them is made for the first unit that needs it.
 */
static int lots_of(struct search *s)
{
	int err = SY_OK;

	for (size_t i = 0; i < s->out->n && err == SY_OK; i++)
		err = search_add(s, &s->lots, s->out->items[i].id);
	search_sort(&s->lots);
	s->lots_known = err == SY_OK;
	return err;
}

/* Is it a unit of a lot that is affected itself, which counts it already? */
static int is_counted(struct search *s, const struct item *it, const struct trace_item *line,
		      bool *yes)
{
	size_t low = 0, high;
	int err;

	*yes = it->lot != NO_ID && line->edge == TRACE_MEMBER;
	if (*yes || it->lot == NO_ID)
		return SY_OK;
	if (!s->lots_known && (err = lots_of(s)))
		return err;
	for (high = s->lots.n; low < high;) {
		size_t middle = low + (high - low) / 2;
		if (s->lots.v[middle] < it->lot)
			low = middle + 1;
		else
			high = middle;
	}
	*yes = low < s->lots.n && s->lots.v[low] == it->lot;
	return SY_OK;
}

static int consignees_add(struct search *s, const struct custody *c)
{
	struct ids *all = &s->consignees;
	int err = SY_OK;

	for (size_t i = 0; i < c->n_shipments && err == SY_OK; i++) {
		if (c->shipments[i].to == NO_ID)
			continue;
		if (all->n == all->cap && all->n >= 2 * s->settled) {
			search_sort(all);
			s->settled = all->n;
		}
		err = search_add(s, all, c->shipments[i].to);
	}
	return err;
}

static int holders_of(struct search *s, const struct trace_item *line)
{
	struct custody c;
	struct item it;
	bool counted;
	int err = index_item(s->r, line->id, &it);

	if (err)
		return err;
	sy_arena_reset(&s->arena);
	err = s->ask->before ? custody_before(s->r, &it, s->ask->before, &s->arena, &c)
			     : custody_of(s->r, &it, &s->arena, &c);
	if (err || (err = is_counted(s, &it, line, &counted)))
		return err;
	if ((!counted && (err = totals_room(s, c.n_holders))) || (err = consignees_add(s, &c)) ||
	    (err = pack_all(s, &c)))
		return err;
	s->out->uncertain |= c.cut;
	if (counted)
		return SY_OK;
	s->out->batches++;
	totals_add(&s->totals, &c);
	return SY_OK;
}

/* Items whose holders there was no time or room for are left out with them. */
int holders_find(struct search *s)
{
	struct affected *a = s->out;
	size_t n = a->n, i;
	int err = search_room(s, &a->ends, &s->cap_ends, n, sizeof *a->ends);

	for (i = 0; i < n && err == SY_OK; i++) {
		err = search_step(s);
		if (err == SY_OK)
			err = holders_of(s, &a->items[i]);
		if (err == SY_OK)
			a->ends[i] = s->n_packed;
	}
	if (err == SY_EHALT) {
		a->n = a->ends && i > 0 ? i - 1 : 0;
		err = SY_OK;
	}
	totals_sort(s);
	search_sort(&s->consignees);
	return err;
}
