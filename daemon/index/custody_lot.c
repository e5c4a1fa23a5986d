#include "custody_piles.h"

#include <stdlib.h>

/* The fold of what has quantities: a lot, or anything else that isn't one piece. */

static void put_here(struct lot *l, const struct deed *d, const struct amount *q)
{
	party_put(l, d->account, row_of(l, d->account, d->f->place), q, d->f->time);
}

/* --- steps ----------------------------------------------------------------------------------- */

static void lot_create(struct lot *l, const struct deed *d)
{
	put_here(l, d, &d->q);
}

static void lot_end(struct lot *l, const struct deed *d)
{
	static const size_t ends[STEP_COUNT] = {[STEP_SELL] = offsetof(struct row, sold),
						[STEP_INSTALL] = offsetof(struct row, consumed),
						[STEP_CONSUME] = offsetof(struct row, consumed),
						[STEP_DESTROY] = offsetof(struct row, destroyed)};
	struct row *r = row_from(l, d);
	struct amount q = d->q;

	if (r == NULL)
		return;
	if (d->h->whole)
		q = party_take_all(l, d->account);
	else
		party_take(l, d, r);
	if (d->h->whole && d->f->step == STEP_DESTROY)
		l->destroyed = d->h->record;
	amount_add((struct amount *)(void *)((char *)r + ends[d->f->step]), &q);
	r->last = d->f->time;
}

static void pay(struct lot *l, struct debt *d, struct sy_decimal *n)
{
	if (d == NULL || d->n.coef == 0)
		return;
	amount_move(&d->n, n);
	if (d->n.coef == 0) {
		list_remove(&d->link);
		lot_flag(l, CUSTODY_BEFORE_ARRIVAL, d->record);
	}
}

static void pay_all(struct lot *l, struct account *source, struct sy_decimal *n)
{
	for (struct link *next, *k = source ? source->debts.first : NULL; k && n->coef > 0;
	     k = next) {
		next = k->next;
		pay(l, OF(k, struct debt, link), n);
	}
}

/* Receipts that came before what they were of. */
static void pay_receipts(struct lot *l, const struct deed *d, struct sy_decimal *n)
{
	uint64_t to = d->f->other;
	struct account *nobody =
	    node_find(l->c, (struct node_key){NODE_ACCOUNT, d->book, NO_ID, 0});

	if (l->debts == NULL)
		return;
	if (to == NO_ID) {
		pay_all(l, d->account, n);
		pay_all(l, nobody, n);
		return;
	}
	pay(l, node_find(l->c, (struct node_key){NODE_DEBT, d->account, to, 0}), n);
	if (nobody)
		pay(l, node_find(l->c, (struct node_key){NODE_DEBT, nobody, to, 0}), n);
}

static void lot_ship(struct lot *l, const struct deed *d)
{
	struct row *r = row_from(l, d);
	struct shipment *s = shipment_of(l, d->account, account_of(l, d->book, d->f->other));
	struct amount q = d->q;

	if (r == NULL || s == NULL)
		return;
	party_take(l, d, r);
	pay_receipts(l, d, &q.n);
	if (is_zero(&s->have))
		s->since = d->f->time;
	s->row = r;
	amount_add(&s->have, &q);
	shipment_changed(s);
}

/* What is to be taken out of transit. */
struct want {
	struct sy_decimal n;
	bool unknown, met;
};

static void serve(struct lot *l, struct shipment *s, struct want *w)
{
	if (s == NULL || w->met || s->by_from.in == NULL)
		return;
	if (w->unknown) {
		s->less = w->met = true;
		return;
	}
	amount_move(&s->have.n, &w->n);
	packed_take(l, &s->packed, &w->n);
	if (s->have.unknown)
		w->n = (struct sy_decimal){0, 0};
	w->met = w->n.coef == 0;
	shipment_changed(s);
}

static void serve_from(struct lot *l, struct account *from, struct want *w)
{
	for (struct link *next, *k = from ? from->out.first : NULL; k && !w->met; k = next) {
		next = k->next;
		serve(l, OF(k, struct shipment, by_from), w);
	}
}

static void serve_to(struct lot *l, struct account *to, struct want *w)
{
	for (struct link *next, *k = to ? to->in.first : NULL; k && !w->met; k = next) {
		next = k->next;
		serve(l, OF(k, struct shipment, by_to), w);
	}
}

static void serve_sent(struct lot *l, struct account *from, uint64_t to, struct want *w)
{
	serve(l, node_find(l->c, (struct node_key){NODE_SHIPMENT, from, to, 0}), w);
}

static void lot_unship(struct lot *l, const struct deed *d)
{
	struct want w = {d->q.n, d->q.unknown, false};
	struct amount back = d->q;

	serve_sent(l, d->account, d->f->other, &w);
	serve_from(l, d->account, &w);
	if (!w.met)
		lot_flag(l, CUSTODY_MORE_THAN_THERE, d->h->record);
	(void)sy_decimal_sub(back.n, w.n, &back.n);
	back.unknown &= w.met;
	put_here(l, d, &back);
}

static void lot_receive(struct lot *l, const struct deed *d)
{
	struct want w = {d->q.n, d->q.unknown, false};
	struct account *source = account_of(l, d->book, d->f->other);
	struct debt *debt;

	if (source == NULL)
		return;
	if (d->f->other != NO_ID) {
		serve_sent(l, source, d->f->party, &w);
		serve_sent(l, source, NO_ID, &w);
		serve_from(l, source, &w);
	}
	serve_to(l, d->account, &w);
	serve_to(l, node_find(l->c, (struct node_key){NODE_ACCOUNT, d->book, NO_ID, 0}), &w);
	put_here(l, d, &d->q);
	if (!w.met && w.unknown)
		lot_flag(l, CUSTODY_NEVER_SHIPPED, d->h->record);
	if (w.met || w.unknown || (debt = debt_of(l, source, d->account)) == NULL)
		return;
	if (debt->n.coef == 0)
		debt->record = d->h->record;
	(void)sy_decimal_add(debt->n, w.n, &debt->n);
	list_add(&source->debts, &debt->link);
}

static void lot_pack(struct lot *l, const struct deed *d)
{
	struct use *use = happening_use(l->c, l, d->f->other);
	struct spot spot = {AT_HAND, d->f->party, d->f->place, NO_ID, d->f->time};
	struct bucket *b = use ? bucket_of(l, d->book, use) : NULL;
	struct row *r = b ? row_from(l, d) : NULL;

	if (r == NULL)
		return;
	party_take(l, d, r);
	if (is_zero(&b->have))
		b->since = d->f->time;
	amount_add(&b->have, &d->q);
	bucket_changed(l, b, use->spot.state == AT_NONE ? &spot : &use->spot);
}

static void lot_unpack(struct lot *l, const struct deed *d)
{
	struct bucket *b = node_find(l->c, (struct node_key){NODE_BUCKET, d->book, d->f->other, 0});
	struct sy_decimal want = d->q.n;
	bool none = b == NULL || is_zero(&b->have);

	if (!none && d->q.unknown)
		b->have.unknown = true;
	if (!none)
		bucket_take(l, b, &want);
	if (none || want.coef > 0)
		lot_flag(l, CUSTODY_NEVER_PACKED, d->h->record);
	/* Taking out makes nothing: it was among what the party has, and its packing isn't told. */
	if (!d->q.unknown)
		loose_take(d->account, row_from(l, d), &want);
	put_here(l, d, &d->q);
}

static void (*const lot_steps[STEP_COUNT])(struct lot *l, const struct deed *d) = {
    [STEP_CREATE] = lot_create, [STEP_DESTROY] = lot_end,     [STEP_SHIP] = lot_ship,
    [STEP_UNSHIP] = lot_unship, [STEP_RECEIVE] = lot_receive, [STEP_SELL] = lot_end,
    [STEP_INSTALL] = lot_end,   [STEP_CONSUME] = lot_end,     [STEP_PRODUCE] = lot_create,
    [STEP_PACK] = lot_pack,     [STEP_UNPACK] = lot_unpack,
};

/* --- the fold -------------------------------------------------------------------------------- */

/* A container was moved or emptied. */
static void lot_stop(struct lot *l, const struct happening *h)
{
	const struct spot *spot = &h->stop->spot;

	if (!h->stop->emptied)
		h->use->spot = *spot;
	for (struct bucket *b = h->use->buckets; b && l->err == SY_OK; b = b->next_of_use) {
		if (h->stop->emptied) {
			struct account *a = account_of(l, b->book, spot->party);
			struct spot was = b->spot;
			party_put(l, a, row_of(l, a, spot->place), &b->have, h->fact.time);
			b->have = (struct amount){0};
			bucket_changed(l, b, &was);
			continue;
		}
		if (b->book->record != h->record)
			b->book->moved = (struct amount){0};
		b->book->record = h->record;
		amount_add(&b->book->moved, &b->have);
		bucket_changed(l, b, spot);
	}
}

/* What the event says of the item beyond what it did with its containers; false: nothing. */
static bool own_part(struct deed *d)
{
	bool boxed = d->f->step == STEP_PACK || d->f->step == STEP_UNPACK;

	d->q = (struct amount){d->f->quantity, !d->f->has_quantity};
	if (boxed || d->book->record != d->h->record || is_zero(&d->book->moved))
		return true;
	if (d->q.unknown || d->book->moved.unknown)
		return false;
	amount_move(&d->book->moved.n, &d->q.n);
	return d->q.n.coef > 0;
}

static void lot_order(struct lot *l, const struct deed *d)
{
	if (d->book->created && d->f->time < d->book->created_at)
		lot_flag(l, CUSTODY_BEFORE_CREATION, d->h->record);
	if (l->destroyed != NO_ID && l->destroyed != d->h->record && d->f->step != STEP_DESTROY)
		lot_flag(l, CUSTODY_AFTER_DESTRUCTION, d->h->record);
}

static void lot_fact(struct lot *l, const struct happening *h)
{
	struct deed d = {.h = h, .f = &h->fact, .book = book_of(l, &h->fact)};

	if (d.book == NULL)
		return;
	lot_order(l, &d);
	if (lot_steps[h->fact.step] == NULL || !own_part(&d))
		return;
	if (l->main && !d.book->units && d.book != l->main && !l->mixed) {
		l->mixed = true;
		lot_flag(l, CUSTODY_MIXED_UNITS, h->record);
	}
	if ((d.account = account_of(l, d.book, h->fact.party)) != NULL)
		lot_steps[h->fact.step](l, &d);
}

/* The unit in which what names no quantity counts: of the first creation that has one, else of the
 * first event. */
static void find_main(struct lot *l, const struct happenings *hs)
{
	const struct happening *main = NULL;

	for (size_t i = 0; i < hs->n && (main == NULL || !main->creates); i++) {
		const struct happening *h = &hs->v[i];
		if (h->stop || h->fact.role == FACT_MEMBER || !h->fact.has_quantity)
			continue;
		if (h->creates || (main == NULL && step_moves(h->fact.step)))
			main = h;
	}
	if (main)
		l->main = book_of(l, &main->fact);
}

static void find_creations(struct lot *l, const struct happenings *hs)
{
	for (size_t i = 0; i < hs->n && l->err == SY_OK; i++) {
		struct book *b = hs->v[i].creates ? book_of(l, &hs->v[i].fact) : NULL;
		if (b == NULL || b->created)
			continue;
		b->created = l->created = true;
		b->created_at = hs->v[i].fact.time;
	}
}

static void lot_gain(struct lot *l, const struct account *a, enum custody_fault fault,
		     struct sy_decimal n, uint64_t record)
{
	struct custody *out = l->c->out;
	struct custody_gain *g;

	lot_flag(l, fault, record);
	if (l->err || n.coef == 0)
		return;
	if ((out->n_gains & (out->n_gains - 1)) == 0) { /* room for twice as many */
		size_t cap = out->n_gains ? out->n_gains * 2 : 1;
		if ((g = sy_arena_calloc(l->c->arena, cap, sizeof *g)) == NULL) {
			l->err = SY_ENOMEM;
			return;
		}
		if (out->n_gains)
			memcpy(g, out->gains, out->n_gains * sizeof *g);
		out->gains = g;
	}
	g = &out->gains[out->n_gains++];
	*g = (struct custody_gain){a->party, {0}, a->book->units, n, fault, record};
	memcpy(g->unit, a->book->unit, sizeof g->unit);
}

static void lot_shortages(struct lot *l)
{
	for (struct account *a = l->accounts; a; a = a->next) {
		if (a->short_record == NO_ID)
			continue;
		if (!l->mixed && (a->book->created || !l->created)) {
			lot_gain(l, a, CUSTODY_MORE_THAN_THERE, a->shortage, a->short_record);
			continue;
		}
		if (!l->mixed)
			lot_flag(l, CUSTODY_MIXED_UNITS, a->short_record);
		a->less = true;
	}
	for (struct debt *d = l->debts; d; d = d->next)
		if (d->n.coef > 0)
			lot_gain(l, d->party, CUSTODY_NEVER_SHIPPED, d->n, d->record);
}

/* --- what came of it ------------------------------------------------------------------------- */

static bool row_has(const struct row *r)
{
	const struct amount *const all[] = {&r->on_hand, &r->in_transit, &r->consumed, &r->sold,
					    &r->destroyed};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!is_zero(all[i]))
			return true;
	return r->unknown;
}

/* What is in containers, and under way, in the rows of the parties. */
static void add_buckets(struct lot *l)
{
	for (struct bucket *b = l->buckets; b && l->err == SY_OK; b = b->next) {
		struct row *r = is_zero(&b->have) ? NULL
						  : row_of(l, account_of(l, b->book, b->spot.party),
							   b->spot.place);
		if (r == NULL)
			continue;
		struct amount *const at[] = {[AT_HAND] = &r->on_hand,
					     [AT_TRANSIT] = &r->in_transit,
					     [AT_CONSUMED] = &r->consumed,
					     [AT_SOLD] = &r->sold,
					     [AT_DESTROYED] = &r->destroyed};
		int64_t since = b->spot.since > b->since ? b->spot.since : b->since;
		if (b->spot.state == AT_HAND && is_zero(&r->on_hand))
			r->since = since;
		if (b->spot.state != AT_HAND)
			r->last = since;
		amount_add(at[b->spot.state], &b->have);
		if (b->spot.state == AT_TRANSIT && b->shipment)
			b->shipment->since =
			    is_zero(&b->shipment->have) ? since : b->shipment->since;
	}
}

static void add_shipments(struct lot *l)
{
	for (struct shipment *s = l->shipments; s && l->err == SY_OK; s = s->next) {
		struct row *r = s->row ? s->row : row_of(l, s->from, NO_ID);
		if (r == NULL || is_zero(&s->have))
			continue;
		amount_add(&r->in_transit, &s->have);
		r->in_transit.unknown |= s->less;
		r->last = s->since > r->last ? s->since : r->last;
	}
}

static int by_holder(const void *a, const void *b)
{
	const struct custody_holder *x = a, *y = b;

	if (x->party != y->party)
		return x->party < y->party ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (x->units != y->units)
		return x->units ? 1 : -1;
	return memcmp(x->unit, y->unit, sizeof x->unit);
}

static void put_holder(struct custody *out, const struct row *r)
{
	struct custody_holder *h = &out->holders[out->n_holders++];
	const struct account *a = r->account;
	bool here = !is_zero(&r->on_hand);

	*h = (struct custody_holder){.party = a->party,
				     .place = r->place,
				     .units = a->book->units,
				     .on_hand = r->on_hand.n,
				     .in_transit = r->in_transit.n,
				     .consumed = r->consumed.n,
				     .sold = r->sold.n,
				     .destroyed = r->destroyed.n,
				     .unknown = r->unknown || a->less || r->on_hand.unknown ||
						r->in_transit.unknown || r->consumed.unknown ||
						r->sold.unknown || r->destroyed.unknown,
				     .since = here || r->last == 0 ? r->since : r->last};
	memcpy(h->unit, a->book->unit, sizeof h->unit);
}

static int write_holders(struct lot *l)
{
	struct custody *out = l->c->out;
	size_t n = 0;

	for (struct row *r = l->rows; r; r = r->next)
		amount_add(&r->on_hand, &(struct amount){r->n, false});
	add_buckets(l);
	add_shipments(l);
	for (const struct row *r = l->rows; r; r = r->next)
		n += row_has(r);
	if (l->err || n == 0)
		return l->err;
	if ((out->holders = sy_arena_calloc(l->c->arena, n, sizeof *out->holders)) == NULL)
		return SY_ENOMEM;
	for (const struct row *r = l->rows; r; r = r->next)
		if (row_has(r))
			put_holder(out, r);
	qsort(out->holders, n, sizeof *out->holders, by_holder);
	return SY_OK;
}

static int by_ends(const void *a, const void *b)
{
	const struct custody_shipment *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->units != y->units)
		return x->units ? 1 : -1;
	return memcmp(x->unit, y->unit, sizeof x->unit);
}

/* Loose and in containers together. */
static struct amount under_way(const struct shipment *s)
{
	struct amount all = s->have;

	for (const struct link *k = s->packed.first; k; k = k->next)
		amount_add(&all, &OF(k, const struct bucket, link)->have);
	all.unknown |= s->less && !is_zero(&all);
	return all;
}

static int write_shipments(struct lot *l)
{
	struct custody *out = l->c->out;
	size_t n = 0;

	for (const struct shipment *s = l->shipments; s; s = s->next)
		n += s->by_from.in != NULL;
	if (n == 0)
		return SY_OK;
	if ((out->shipments = sy_arena_calloc(l->c->arena, n, sizeof *out->shipments)) == NULL)
		return SY_ENOMEM;
	for (const struct shipment *s = l->shipments; s; s = s->next) {
		if (s->by_from.in == NULL)
			continue;
		struct custody_shipment *to = &out->shipments[out->n_shipments++];
		struct amount all = under_way(s);
		*to = (struct custody_shipment){.from = s->from->party,
						.to = s->to->party,
						.units = s->from->book->units,
						.quantity = all.n,
						.unknown = all.unknown,
						.since = s->since};
		memcpy(to->unit, s->from->book->unit, sizeof to->unit);
	}
	qsort(out->shipments, n, sizeof *out->shipments, by_ends);
	return SY_OK;
}

int lot_fold(struct custodian *c, uint64_t item)
{
	struct lot l = {.c = c, .destroyed = NO_ID};
	struct happenings hs = {0};

	l.err = happenings_read(c, item, &l, &hs);
	find_main(&l, &hs);
	find_creations(&l, &hs);
	for (size_t i = 0; i < hs.n && l.err == SY_OK; i++) {
		if (hs.v[i].stop)
			lot_stop(&l, &hs.v[i]);
		else
			lot_fact(&l, &hs.v[i]);
	}
	free(hs.v);
	lot_shortages(&l);
	if (l.err == SY_OK)
		l.err = write_shipments(&l);
	return l.err ? l.err : write_holders(&l);
}
