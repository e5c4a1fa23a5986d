#include "balance_impl.h"

#include <stdlib.h>
#include <time.h>

/* Sums, and the balance of a lot. */

enum { STEPS = 256 }; /* between two looks at the clock */

const char *balance_what_name(enum balance_what what)
{
	static const char *const names[] = {"made",      "received", "shipped",   "used",  "sold",
					    "destroyed", "onHand",   "inTransit", "before"};

	return names[what];
}

const char *balance_verdict_name(enum balance_verdict v)
{
	static const char *const names[] = {"fits", "exceeds", "unknown", "units"};

	return names[v];
}

uint64_t balance_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int balance_step(struct balancing *b)
{
	if (++b->steps % STEPS)
		return SY_OK;
	if (balance_now() < b->due && !(b->ask->stopped && b->ask->stopped(b->ask->ctx)))
		return SY_OK;
	b->out->cut = TRACE_CUT_TIME;
	return SY_EHALT;
}

enum balance_what balance_of_step(enum item_step step, bool *sub)
{
	static const enum balance_what whats[STEP_COUNT] = {
	    [STEP_OBSERVE] = BALANCE_WHATS,     [STEP_CREATE] = BALANCE_MADE,
	    [STEP_DESTROY] = BALANCE_DESTROYED, [STEP_SHIP] = BALANCE_SHIPPED,
	    [STEP_UNSHIP] = BALANCE_SHIPPED,    [STEP_RECEIVE] = BALANCE_RECEIVED,
	    [STEP_SELL] = BALANCE_SOLD,         [STEP_INSTALL] = BALANCE_USED,
	    [STEP_CONSUME] = BALANCE_USED,      [STEP_PRODUCE] = BALANCE_MADE,
	    [STEP_PACK] = BALANCE_WHATS,        [STEP_UNPACK] = BALANCE_WHATS,
	    [STEP_HOLD] = BALANCE_WHATS,        [STEP_RELEASE] = BALANCE_WHATS,
	    [STEP_INSPECT] = BALANCE_WHATS,     [STEP_EMPTY] = BALANCE_WHATS,
	};

	*sub = step == STEP_UNSHIP;
	return whats[step];
}

/* --- lines ----------------------------------------------------------------------------------- */

static size_t hash_of(struct sy_str product, uint64_t party, bool units)
{
	uint64_t h = (party + units) * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < product.n; i++)
		h = (h ^ (uint8_t)product.p[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 29);
}

/* Lines of one name but of other units follow each other. */
static int grow(struct balancing *b)
{
	struct balance *out = b->out;
	size_t cap = out->cap_lines ? out->cap_lines * 2 : 8;
	struct balance_line *v = sy_arena_calloc(b->arena, cap, sizeof *v);
	uint32_t *slots = sy_arena_calloc(b->arena, cap * 2, sizeof *slots);

	if (v == NULL || slots == NULL)
		return SY_ENOMEM;
	if (out->n_lines)
		memcpy(v, out->lines, out->n_lines * sizeof *v);
	for (size_t i = 0; i < out->n_lines; i++) {
		size_t at = hash_of(v[i].product, v[i].party, v[i].units) & (cap * 2 - 1);
		while (slots[at])
			at = (at + 1) & (cap * 2 - 1);
		slots[at] = (uint32_t)i + 1;
	}
	out->lines = v;
	out->cap_lines = cap;
	b->slots = slots;
	return SY_OK;
}

int balance_line(struct balancing *b, struct sy_str product, uint64_t party, const char *need,
		 bool units, struct balance_line **line)
{
	struct balance *out = b->out;
	size_t at;

	if ((b->slots == NULL || out->n_lines == out->cap_lines) && grow(b))
		return SY_ENOMEM;
	at = hash_of(product, party, units) & (out->cap_lines * 2 - 1);
	for (; b->slots[at]; at = (at + 1) & (out->cap_lines * 2 - 1)) {
		struct balance_line *l = *line = &out->lines[b->slots[at] - 1];
		if (l->party == party && l->units == units && units_agree(l->unit, need) &&
		    sy_str_eq(l->product, product))
			return SY_OK;
	}
	b->slots[at] = (uint32_t)out->n_lines + 1;
	*line = &out->lines[out->n_lines++];
	**line = (struct balance_line){.product = product, .party = party, .units = units};
	memcpy((*line)->unit, units_common(need), strlen(units_common(need)) + 1);
	return SY_OK;
}

void balance_add(struct balance_line *line, enum balance_what what, struct sy_decimal n,
		 const char *unit, bool sub)
{
	struct sy_decimal *to = &line->n[what];
	int err = units_turn(n, unit, line->unit, &n);

	if (err == SY_OK)
		err = sub ? sy_decimal_sub(*to, n, to) : sy_decimal_add(*to, n, to);
	line->unknown |= err != SY_OK;
}

int turned_next(void *ctx, uint64_t item, uint64_t from, struct item_event *out)
{
	const struct turned *t = ctx;
	int err = index_history_next(t->r, item, from, out);

	for (unsigned i = 0; err == SY_OK && i < out->n_facts; i++) {
		struct item_fact *f = &out->facts[i];
		if (!f->has_quantity || !units_agree(f->unit, t->unit))
			continue;
		if (units_turn(f->quantity, f->unit, t->unit, &f->quantity))
			f->has_quantity = false;
		memcpy(f->unit, t->unit, sizeof f->unit);
	}
	return err;
}

int turned_find(struct balancing *b, uint64_t item, struct turned *t)
{
	struct item_event e;
	bool any = false;
	int err;

	for (uint64_t from = 0; (err = index_history_next(b->r, item, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if ((err = balance_step(b)))
			return err;
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			const struct item_fact *f = &e.facts[i];
			bool makes = f->step == STEP_CREATE || f->step == STEP_PRODUCE;
			if (!f->has_quantity || f->role == FACT_MEMBER || (any && !makes))
				continue;
			memcpy(t->unit, units_common(f->unit), strlen(units_common(f->unit)) + 1);
			if (makes)
				return SY_OK;
			any = true;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* --- shipments that came in part ------------------------------------------------------------- */

int arrivals_add(struct arrivals *a, const struct item_fact *f)
{
	if (!sy_arena_room(a->arena, &a->v, &a->cap, a->n + 1, sizeof *a->v))
		return SY_ENOMEM;
	a->v[a->n++] = (struct arrival_of){f->party, f->time};
	return SY_OK;
}

static int by_party(const void *a, const void *b)
{
	const struct arrival_of *x = a, *y = b;

	if (x->party != y->party)
		return x->party < y->party ? -1 : 1;
	return x->time < y->time ? -1 : x->time > y->time;
}

void arrivals_sort(struct arrivals *a)
{
	if (a->n)
		qsort(a->v, a->n, sizeof *a->v, by_party);
}

/* Has the party received some of it since? */
bool arrivals_since(const struct arrivals *a, uint64_t party, int64_t since)
{
	const struct arrival_of key = {party, since};
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_party(&a->v[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->n && a->v[low].party == party;
}

/* --- a lot ----------------------------------------------------------------------------------- */

struct lot_balance {
	struct balancing b;
	const struct item *it;
	struct turned turned;
	struct arrivals arrivals;
};

static int lot_fact(struct lot_balance *l, const struct item_fact *f)
{
	bool piece = custody_is_piece(l->it->kind), units = f->role == FACT_MEMBER, sub;
	enum balance_what what = balance_of_step(f->step, &sub);
	const char *unit = units || piece ? "" : f->has_quantity ? f->unit : l->turned.unit;
	struct sy_decimal n = f->quantity;
	const uint64_t who[] = {NO_ID, f->party};
	struct balance_line *line;
	int err = SY_OK;

	if (what == BALANCE_RECEIVED && (err = arrivals_add(&l->arrivals, f)))
		return err;
	/* The rest is told by who has it. */
	if (what > BALANCE_SHIPPED || f->role == SY_ROLE_PARENT)
		return SY_OK;
	if (piece)
		n = (struct sy_decimal){1, 0};
	for (unsigned i = 0; i < 2; i++) {
		if ((err = balance_line(&l->b, SY_STR(""), who[i], unit, units, &line)))
			return err;
		line->judged |= what == BALANCE_MADE;
		if (piece || f->has_quantity) {
			balance_add(line, what, n, unit, sub);
			continue;
		}
		line->missing++;
		line->unknown = true;
		line->made_unknown |= what == BALANCE_MADE;
	}
	return SY_OK;
}

static int lot_facts(struct lot_balance *l)
{
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = turned_next(&l->turned, l->it->id, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if ((err = balance_step(&l->b)))
			return err;
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++)
			if ((err = lot_fact(l, &e.facts[i])))
				return err;
	}
	arrivals_sort(&l->arrivals);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int lot_holders(struct lot_balance *l, const struct custody *c)
{
	for (size_t i = 0; i < c->n_holders; i++) {
		const struct custody_holder *h = &c->holders[i];
		const uint64_t who[] = {NO_ID, h->party};
		for (unsigned k = 0; k < 2; k++) {
			struct balance_line *line;
			int err = balance_line(&l->b, SY_STR(""), who[k], h->unit, h->units, &line);
			if (err)
				return err;
			balance_add(line, BALANCE_USED, h->consumed, h->unit, false);
			balance_add(line, BALANCE_SOLD, h->sold, h->unit, false);
			balance_add(line, BALANCE_DESTROYED, h->destroyed, h->unit, false);
			balance_add(line, BALANCE_ON_HAND, h->on_hand, h->unit, false);
			balance_add(line, BALANCE_IN_TRANSIT, h->in_transit, h->unit, false);
			line->unknown |= h->unknown;
		}
	}
	return SY_OK;
}

/* Of each party what it gave away without having it; of the lot all that came of nothing. */
static int lot_gains(struct lot_balance *l, const struct custody *c)
{
	for (size_t i = 0; i < c->n_gains; i++) {
		const struct custody_gain *g = &c->gains[i];
		struct balance_line *line;
		int err = balance_line(&l->b, SY_STR(""), g->party, g->unit, g->units, &line);
		if (err)
			return err;
		line->unknown |= sy_decimal_add(line->gain, g->quantity, &line->gain) != SY_OK;
	}
	return SY_OK;
}

static int lot_losses(struct lot_balance *l, const struct custody *c)
{
	for (size_t i = 0; i < c->n_shipments; i++) {
		const struct custody_shipment *s = &c->shipments[i];
		const uint64_t who[] = {NO_ID, s->from};
		if (s->to == NO_ID || s->quantity.coef == 0 ||
		    !arrivals_since(&l->arrivals, s->to, s->since))
			continue;
		for (unsigned k = 0; k < 2; k++) {
			struct balance_line *line;
			int err = balance_line(&l->b, SY_STR(""), who[k], s->unit, s->units, &line);
			if (err)
				return err;
			line->unknown |=
			    sy_decimal_add(line->loss, s->quantity, &line->loss) != SY_OK;
		}
	}
	return SY_OK;
}

/* What is there or was used up, less what was made. */
static void judge(struct balance *out, const struct custody *c)
{
	static const enum balance_what outs[] = {BALANCE_USED, BALANCE_SOLD, BALANCE_DESTROYED,
						 BALANCE_ON_HAND, BALANCE_IN_TRANSIT};
	size_t classes = 0;

	for (size_t i = 0; i < out->n_lines; i++)
		classes += out->lines[i].party == NO_ID && !out->lines[i].units;
	out->mixed = classes > 1;
	for (size_t i = 0; i < out->n_lines; i++) {
		struct balance_line *line = &out->lines[i];
		struct sy_decimal all = {0, 0};
		bool whole = line->party == NO_ID;
		int err = SY_OK;
		for (size_t k = 0; k < sizeof outs / sizeof *outs && err == SY_OK; k++)
			err = sy_decimal_add(all, line->n[outs[k]], &all);
		if (err == SY_OK && whole)
			err = sy_decimal_sub(all, line->n[BALANCE_MADE], &all);
		line->judged = (line->judged || !whole) && !line->made_unknown && !out->mixed &&
			       !c->cut && err == SY_OK;
		if (whole && line->judged && all.coef > 0)
			line->gain = all;
	}
}

static int whole_first(const void *a, const void *b)
{
	const struct balance_line *x = a, *y = b;

	if ((x->party == NO_ID) != (y->party == NO_ID))
		return x->party == NO_ID ? -1 : 1;
	if (x->party != y->party)
		return x->party < y->party ? -1 : 1;
	if (x->units != y->units)
		return x->units ? 1 : -1;
	return strcmp(x->unit, y->unit);
}

static int lot_changes(struct lot_balance *l)
{
	struct sy_str ids;
	uint64_t *v = NULL;
	size_t n = 0;
	int err;

	for (bool first = true;
	     (err = index_edges(l->b.r, INDEX_BACK, l->it->id, first, &ids)) == SY_OK;
	     first = false) {
		uint64_t *more = sy_arena_calloc(l->b.arena, n + ids.n / 8, sizeof *more);
		if (more == NULL)
			return SY_ENOMEM;
		if (n)
			memcpy(more, v, n * sizeof *v);
		v = more;
		for (size_t at = 0; at < ids.n; at += 8)
			v[n++] = sy_get64((const uint8_t *)ids.p + at);
	}
	err = err == SY_ENOTFOUND ? SY_OK : err;
	for (size_t i = 0; i < n && err == SY_OK; i++)
		err = change_add(&l->b, v[i]);
	changes_sort(l->b.out);
	return err;
}

static int lot_all(struct lot_balance *l)
{
	struct custody_source source = {turned_next, &l->turned};
	struct custody c;
	int err;

	if ((err = turned_find(&l->b, l->it->id, &l->turned)) || (err = lot_facts(l)) ||
	    (err = custody_fold(&source, l->it->id, l->it->kind, l->b.arena, &c)) ||
	    (err = lot_holders(l, &c)) || (err = lot_gains(l, &c)) || (err = lot_losses(l, &c)))
		return err;
	judge(l->b.out, &c);
	l->b.out->flags = c.flags;
	l->b.out->n_flags = c.n_flags;
	if (c.cut)
		l->b.out->cut = TRACE_CUT_SIZE;
	return lot_changes(l);
}

int balance_lot(struct index_read *r, const struct item *it, const struct balance_ask *ask,
		struct sy_arena *arena, struct balance *out)
{
	struct lot_balance l = {
	    .b = {.r = r, .ask = ask, .arena = arena, .out = out, .due = balance_now() + ask->ms},
	    .it = it,
	    .turned = {.r = r},
	    .arrivals = {.arena = arena}};
	int err;

	*out = (struct balance){0};
	err = lot_all(&l);
	if (out->n_lines)
		qsort(out->lines, out->n_lines, sizeof *out->lines, whole_first);
	return err == SY_EHALT ? SY_OK : err;
}
