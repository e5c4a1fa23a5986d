#include "custody_piles.h"

/* --- lists and amounts ----------------------------------------------------------------------- */

void list_add(struct list *l, struct link *k)
{
	if (k->in == l)
		return;
	*k = (struct link){l->last, NULL, l};
	if (l->last)
		l->last->next = k;
	else
		l->first = k;
	l->last = k;
}

void list_remove(struct link *k)
{
	if (k->in == NULL)
		return;
	if (k->prev)
		k->prev->next = k->next;
	else
		k->in->first = k->next;
	if (k->next)
		k->next->prev = k->prev;
	else
		k->in->last = k->prev;
	*k = (struct link){0};
}

void amount_add(struct amount *a, const struct amount *more)
{
	a->unknown |= more->unknown || sy_decimal_add(a->n, more->n, &a->n) != SY_OK;
}

void amount_move(struct sy_decimal *from, struct sy_decimal *want)
{
	struct sy_decimal n = sy_decimal_cmp(*from, *want) < 0 ? *from : *want;

	(void)sy_decimal_sub(*from, n, from);
	(void)sy_decimal_sub(*want, n, want);
}

/* --- nodes ----------------------------------------------------------------------------------- */

/* NULL: the fold has failed. */
static void *node(struct lot *l, struct node_key key, size_t size, bool *fresh)
{
	void *v = l->err ? NULL : node_get(l->c, key, size, fresh);

	if (v == NULL && l->err == SY_OK)
		l->err = SY_ENOMEM;
	return v;
}

void lot_flag(struct lot *l, enum custody_fault fault, uint64_t record)
{
	if (l->err == SY_OK)
		l->err = custody_flag(l->c, fault, record);
}

struct book *book_of(struct lot *l, const struct item_fact *f)
{
	bool fresh, units = f->role == FACT_MEMBER;
	uint64_t unit = 0;
	struct book *b;

	memcpy(&unit, !units && !f->has_quantity && l->main ? l->main->unit : f->unit, 4);
	b = node(l, (struct node_key){NODE_BOOK, NULL, unit, units}, sizeof *b, &fresh);
	if (b == NULL || !fresh)
		return b;
	memcpy(b->unit, &unit, sizeof b->unit);
	b->units = units;
	b->record = NO_ID;
	return b;
}

struct account *account_of(struct lot *l, struct book *book, uint64_t party)
{
	bool fresh;
	struct account *a =
	    node(l, (struct node_key){NODE_ACCOUNT, book, party, 0}, sizeof *a, &fresh);

	if (a == NULL || !fresh)
		return a;
	a->book = book;
	a->party = party;
	a->short_record = NO_ID;
	a->next = l->accounts;
	l->accounts = a;
	return a;
}

struct row *row_of(struct lot *l, struct account *account, uint64_t place)
{
	bool fresh;
	struct row *r;

	if (account == NULL)
		return NULL;
	r = node(l, (struct node_key){NODE_ROW, account, place, 0}, sizeof *r, &fresh);
	if (r == NULL || !fresh)
		return r;
	r->account = account;
	r->place = place;
	r->next = l->rows;
	l->rows = r;
	return r;
}

struct shipment *shipment_of(struct lot *l, struct account *from, struct account *to)
{
	bool fresh;
	struct shipment *s;

	if (from == NULL || to == NULL)
		return NULL;
	s = node(l, (struct node_key){NODE_SHIPMENT, from, to->party, 0}, sizeof *s, &fresh);
	if (s == NULL || !fresh)
		return s;
	s->from = from;
	s->to = to;
	s->next = l->shipments;
	l->shipments = s;
	return s;
}

struct debt *debt_of(struct lot *l, struct account *source, struct account *party)
{
	bool fresh;
	struct debt *d;

	if (source == NULL || party == NULL)
		return NULL;
	d = node(l, (struct node_key){NODE_DEBT, source, party->party, 0}, sizeof *d, &fresh);
	if (d == NULL || !fresh)
		return d;
	d->source = source;
	d->party = party;
	d->next = l->debts;
	l->debts = d;
	return d;
}

struct bucket *bucket_of(struct lot *l, struct book *book, struct use *use)
{
	bool fresh;
	struct bucket *b =
	    node(l, (struct node_key){NODE_BUCKET, book, use->track->item, 0}, sizeof *b, &fresh);

	if (b == NULL || !fresh)
		return b;
	b->book = book;
	b->use = use;
	b->next = l->buckets;
	b->next_of_use = use->buckets;
	l->buckets = use->buckets = b;
	return b;
}

/* --- piles ----------------------------------------------------------------------------------- */

static void row_changed(struct row *r)
{
	if (r->n.coef > 0)
		list_add(&r->account->loose, &r->link);
	else
		list_remove(&r->link);
}

void shipment_changed(struct shipment *s)
{
	if (!is_zero(&s->have) || s->packed.first) {
		list_add(&s->from->out, &s->by_from);
		list_add(&s->to->in, &s->by_to);
	} else {
		list_remove(&s->by_from);
		list_remove(&s->by_to);
	}
}

void bucket_changed(struct lot *l, struct bucket *b, const struct spot *spot)
{
	struct shipment *was = b->shipment;
	struct account *party;

	list_remove(&b->link);
	b->shipment = NULL;
	b->spot = *spot;
	if (!is_zero(&b->have) && (spot->state == AT_HAND || spot->state == AT_TRANSIT) &&
	    (party = account_of(l, b->book, spot->party)) != NULL) {
		if (spot->state == AT_HAND) {
			list_add(&party->packed, &b->link);
		} else if ((b->shipment =
				shipment_of(l, party, account_of(l, b->book, spot->to)))) {
			list_add(&b->shipment->packed, &b->link);
			shipment_changed(b->shipment);
		}
	}
	if (was)
		shipment_changed(was);
}

void bucket_take(struct lot *l, struct bucket *b, struct sy_decimal *want)
{
	struct spot spot = b->spot;

	amount_move(&b->have.n, want);
	if (b->have.unknown)
		*want = (struct sy_decimal){0, 0};
	bucket_changed(l, b, &spot);
}

void packed_take(struct lot *l, struct list *packed, struct sy_decimal *want)
{
	for (struct link *next, *k = packed->first; k && want->coef > 0; k = next) {
		next = k->next;
		bucket_take(l, OF(k, struct bucket, link), want);
	}
}

/* --- what a party has ------------------------------------------------------------------------ */

struct row *row_from(struct lot *l, const struct deed *d)
{
	const struct link *oldest = d->account->loose.first;

	if (d->f->place == NO_ID && oldest)
		return OF(oldest, struct row, link);
	return row_of(l, d->account, d->f->place);
}

void loose_take(struct account *a, struct row *r, struct sy_decimal *want)
{
	while (want->coef > 0 && r) {
		amount_move(&r->n, want);
		row_changed(r);
		r = a->loose.first ? OF(a->loose.first, struct row, link) : NULL;
	}
}

void party_take(struct lot *l, const struct deed *d, struct row *r)
{
	struct account *a = d->account;
	struct sy_decimal want = d->q.n;

	if (d->q.unknown) {
		if (!a->loose.first && !a->packed.first && !a->more)
			lot_flag(l, CUSTODY_MORE_THAN_THERE, d->h->record);
		a->less = true;
		return;
	}
	loose_take(a, r, &want);
	packed_take(l, &a->packed, &want);
	if (want.coef == 0 || a->more)
		return;
	if (a->short_record == NO_ID)
		a->short_record = d->h->record;
	a->more |= sy_decimal_add(a->shortage, want, &a->shortage) != SY_OK;
}

void party_put(struct lot *l, struct account *a, struct row *r, const struct amount *q,
	       int64_t time)
{
	struct sy_decimal n = q->n;

	if (a == NULL || r == NULL)
		return;
	if (q->unknown)
		a->more = r->unknown = true;
	amount_move(&a->shortage, &n);
	if (a->shortage.coef == 0 && a->short_record != NO_ID) {
		lot_flag(l, CUSTODY_BEFORE_ARRIVAL, a->short_record);
		a->short_record = NO_ID;
	}
	if (r->n.coef == 0 && (n.coef > 0 || q->unknown))
		r->since = time;
	if (sy_decimal_add(r->n, n, &r->n))
		a->more = r->unknown = true;
	row_changed(r);
}

struct amount party_take_all(struct lot *l, struct account *a)
{
	struct amount all = {{0, 0}, a->more};

	while (a->loose.first) {
		struct row *r = OF(a->loose.first, struct row, link);
		amount_add(&all, &(struct amount){r->n, false});
		r->n = (struct sy_decimal){0, 0};
		row_changed(r);
	}
	while (a->packed.first && l->err == SY_OK) {
		struct bucket *b = OF(a->packed.first, struct bucket, link);
		struct spot spot = b->spot;
		amount_add(&all, &b->have);
		b->have = (struct amount){0};
		bucket_changed(l, b, &spot);
	}
	for (struct row *r = l->rows; r && a->more; r = r->next)
		if (r->account == a)
			r->unknown = false;
	a->more = a->less = false;
	return all;
}
