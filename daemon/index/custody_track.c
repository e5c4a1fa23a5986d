#include "custody_impl.h"

#include <stdlib.h>

/*
 * Reading happenings, and the fold of one piece: a unit, a package, a container.
 */

/* --- happenings ------------------------------------------------------------------------------ */

static int happening_add(struct happenings *hs, const struct happening *h)
{
	if (hs->n == hs->cap) {
		size_t cap = hs->cap ? hs->cap * 2 : 16;
		struct happening *v = realloc(hs->v, cap * sizeof *v);
		if (v == NULL)
			return SY_ENOMEM;
		hs->v = v;
		hs->cap = cap;
	}
	hs->v[hs->n] = *h;
	hs->v[hs->n].seq = (uint32_t)hs->n;
	hs->n++;
	return SY_OK;
}

static bool creates(const struct item_fact *f)
{
	return f->step == STEP_CREATE || f->step == STEP_PRODUCE;
}

static int read_facts(struct custodian *c, uint64_t item, struct happenings *out)
{
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = c->source->next(c->source->ctx, item, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if (e.error || e.withdrawn)
			continue;
		if (c->left < e.n_facts) {
			c->out->cut = true;
			return SY_OK;
		}
		c->left -= e.n_facts;
		for (unsigned i = 0; i < e.n_facts && err == SY_OK; i++) {
			const struct item_fact *f = &e.facts[i];
			struct happening h = {.fact = *f,
					      .record = e.record,
					      .creates = creates(f),
					      .whole =
						  e.action == SY_ACTION_DELETE && !f->has_quantity};
			err = happening_add(out, &h);
		}
		if (err)
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int in_order(const void *a, const void *b)
{
	const struct happening *x = a, *y = b;

	if (x->fact.time != y->fact.time)
		return x->fact.time < y->fact.time ? -1 : 1;
	if (x->creates != y->creates)
		return x->creates ? -1 : 1;
	if (x->record != y->record)
		return x->record < y->record ? -1 : 1;
	if ((x->stop == NULL) != (y->stop == NULL))
		return x->stop ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void sort(struct happenings *hs)
{
	for (size_t i = 1; i < hs->n; i++)
		if (in_order(&hs->v[i - 1], &hs->v[i]) > 0) {
			qsort(hs->v, hs->n, sizeof *hs->v, in_order);
			return;
		}
}

/* --- containers ------------------------------------------------------------------------------ */

struct use *happening_use(const struct custodian *c, const void *for_fold, uint64_t container)
{
	return node_find(c, (struct node_key){NODE_USE, for_fold, container, 0});
}

static int container_track(struct custodian *c, uint64_t item, const struct track **out)
{
	struct track *t;
	bool fresh;
	int err = SY_OK;

	*out = NULL;
	if (c->depth == CUSTODY_DEPTH)
		return SY_OK;
	t = node_get(c, (struct node_key){NODE_TRACK, NULL, item, 0}, sizeof *t, &fresh);
	if (t == NULL)
		return SY_ENOMEM;
	if (t->busy)
		return SY_OK;
	if (fresh) {
		t->item = item;
		t->busy = true;
		c->depth++;
		err = track_make(c, t, NULL);
		c->depth--;
		t->busy = false;
	}
	*out = t;
	return err;
}

/* The container's stops join the happenings of what is packed into it. */
static int use_container(struct custodian *c, uint64_t container, const void *for_fold,
			 struct happenings *out)
{
	const struct track *t;
	struct use *use;
	bool fresh;
	int err = container_track(c, container, &t);

	if (err || t == NULL)
		return err;
	use = node_get(c, (struct node_key){NODE_USE, for_fold, container, 0}, sizeof *use, &fresh);
	if (use == NULL)
		return SY_ENOMEM;
	if (!fresh)
		return SY_OK;
	use->track = t;
	use->record = NO_ID;
	for (size_t i = 0; i < t->n && err == SY_OK; i++) {
		struct happening h = {.fact = {.time = t->v[i].time},
				      .record = t->v[i].record,
				      .use = use,
				      .stop = &t->v[i]};
		err = happening_add(out, &h);
	}
	return err;
}

int happenings_read(struct custodian *c, uint64_t item, const void *for_fold,
		    struct happenings *out)
{
	int err = read_facts(c, item, out);
	size_t own = out->n;

	for (size_t i = 0; i < own && err == SY_OK; i++) {
		const struct item_fact *f = &out->v[i].fact;
		if (f->step == STEP_PACK && f->role != SY_ROLE_PARENT && f->other != NO_ID)
			err = use_container(c, f->other, for_fold, out);
	}
	if (err == SY_OK)
		sort(out);
	return err;
}

/* --- one piece ------------------------------------------------------------------------------- */

struct piece {
	struct custodian *c;
	struct track *track;
	bool flags;
	struct spot spot;
	const struct use *in; /* the container that it lies in */
	uint64_t came;        /* the record of a receipt that nobody had shipped, NO_ID for none */
	uint64_t source;      /* that it named */
	const struct happening *created;
	bool destroyed;
};

static int flag(const struct piece *p, enum custody_fault fault, uint64_t record)
{
	return p->flags ? custody_flag(p->c, fault, record) : SY_OK;
}

static int stop_add(struct piece *p, const struct happening *h, const struct spot *spot,
		    bool emptied)
{
	struct track *t = p->track;

	if (!sy_arena_room(p->c->arena, &t->v, &t->cap, t->n + 1, sizeof *t->v))
		return SY_ENOMEM;
	t->v[t->n++] = (struct stop){h->fact.time, h->record, *spot, emptied};
	return SY_OK;
}

static void put(struct piece *p, enum spot_state state, const struct item_fact *f)
{
	bool stays = p->spot.state == state && p->spot.party == f->party && state == AT_HAND;

	p->spot = (struct spot){.state = state,
				.party = f->party,
				.place = stays && f->place == NO_ID ? p->spot.place : f->place,
				.to = f->other,
				.since = stays ? p->spot.since : f->time};
	p->in = NULL;
}

/* Was it not with the party that did something with it? */
static int expect_at(const struct piece *p, const struct happening *h)
{
	if (p->spot.state == AT_NONE ||
	    (p->spot.state == AT_HAND && p->spot.party == h->fact.party))
		return SY_OK;
	return flag(p, CUSTODY_MORE_THAN_THERE, h->record);
}

/* The shipment of a receipt that came earlier. */
static bool came_before(const struct piece *p, const struct item_fact *f)
{
	return p->came != NO_ID && p->spot.state == AT_HAND &&
	       (p->source == NO_ID || p->source == f->party) &&
	       (f->other == NO_ID || f->other == p->spot.party);
}

static int piece_create(struct piece *p, const struct happening *h)
{
	if (p->spot.state == AT_NONE)
		put(p, AT_HAND, &h->fact);
	return SY_OK;
}

static int piece_ship(struct piece *p, const struct happening *h)
{
	uint64_t came = p->came;

	if (came_before(p, &h->fact)) {
		p->came = NO_ID;
		return flag(p, CUSTODY_BEFORE_ARRIVAL, came);
	}
	int err = expect_at(p, h);
	put(p, AT_TRANSIT, &h->fact);
	return err;
}

static int piece_unship(struct piece *p, const struct happening *h)
{
	int err = SY_OK;

	if (p->spot.state != AT_TRANSIT || p->spot.party != h->fact.party)
		err = flag(p, CUSTODY_MORE_THAN_THERE, h->record);
	put(p, AT_HAND, &h->fact);
	return err;
}

/* A receipt that nobody has shipped yet is flagged in the end. */
static int piece_receive(struct piece *p, const struct happening *h)
{
	int err = SY_OK;

	if (p->came != NO_ID)
		err = flag(p, CUSTODY_NEVER_SHIPPED, p->came);
	p->came = p->spot.state == AT_TRANSIT ? NO_ID : h->record;
	p->source = h->fact.other;
	put(p, AT_HAND, &h->fact);
	return err;
}

static int piece_end(struct piece *p, const struct happening *h)
{
	static const enum spot_state ends[STEP_COUNT] = {[STEP_SELL] = AT_SOLD,
							 [STEP_INSTALL] = AT_CONSUMED,
							 [STEP_CONSUME] = AT_CONSUMED,
							 [STEP_DESTROY] = AT_DESTROYED};
	int err = expect_at(p, h);

	put(p, ends[h->fact.step], &h->fact);
	p->destroyed |= h->fact.step == STEP_DESTROY;
	return err;
}

/* Something was put into it, or taken out: who did that has it. */
static int piece_opened(struct piece *p, const struct happening *h)
{
	struct spot out = {AT_HAND, h->fact.party, h->fact.place, NO_ID, h->fact.time};

	if (p->in == NULL)
		put(p, AT_HAND, &h->fact);
	return h->fact.step == STEP_EMPTY ? stop_add(p, h, &out, true) : SY_OK;
}

static int piece_pack(struct piece *p, const struct happening *h)
{
	if (h->fact.role == SY_ROLE_PARENT)
		return piece_opened(p, h);
	int err = expect_at(p, h);
	put(p, AT_HAND, &h->fact);
	p->in = happening_use(p->c, p->track, h->fact.other);
	if (p->in && p->in->spot.state != AT_NONE)
		p->spot = p->in->spot;
	return err;
}

static int piece_unpack(struct piece *p, const struct happening *h)
{
	int err = SY_OK;

	if (h->fact.role == SY_ROLE_PARENT)
		return piece_opened(p, h);
	if (p->in == NULL || p->in->track->item != h->fact.other)
		err = flag(p, CUSTODY_NEVER_PACKED, h->record);
	put(p, AT_HAND, &h->fact);
	return err;
}

static int piece_observe(struct piece *p, const struct happening *h)
{
	if (p->in == NULL && p->spot.state == AT_HAND && p->spot.party == h->fact.party &&
	    h->fact.place != NO_ID)
		p->spot.place = h->fact.place;
	return SY_OK;
}

static int (*const piece_steps[STEP_COUNT])(struct piece *p, const struct happening *h) = {
    [STEP_OBSERVE] = piece_observe, [STEP_CREATE] = piece_create, [STEP_DESTROY] = piece_end,
    [STEP_SHIP] = piece_ship,       [STEP_UNSHIP] = piece_unship, [STEP_RECEIVE] = piece_receive,
    [STEP_SELL] = piece_end,        [STEP_INSTALL] = piece_end,   [STEP_CONSUME] = piece_end,
    [STEP_PRODUCE] = piece_create,  [STEP_PACK] = piece_pack,     [STEP_UNPACK] = piece_unpack,
    [STEP_EMPTY] = piece_opened,
};

bool step_moves(enum item_step step)
{
	return step != STEP_OBSERVE && piece_steps[step] != NULL;
}

/* Its container was moved or emptied. */
static int piece_stop(struct piece *p, const struct happening *h)
{
	struct spot spot = h->stop->spot;

	if (!h->stop->emptied) {
		h->use->spot = spot;
		h->use->record = h->record;
	}
	if (p->in != h->use)
		return SY_OK;
	if (h->stop->emptied)
		p->in = NULL;
	p->spot = spot;
	return stop_add(p, h, &spot, false);
}

static bool same_spot(const struct spot *a, const struct spot *b)
{
	return a->state == b->state && a->party == b->party && a->place == b->place &&
	       a->to == b->to;
}

static int piece_fact(struct piece *p, const struct happening *h)
{
	struct spot before = p->spot;
	int err = SY_OK;

	if (p->in && p->in->record == h->record && h->fact.step != STEP_PACK &&
	    h->fact.step != STEP_UNPACK)
		return SY_OK; /* its container did the same */
	if (p->created && h->fact.time < p->created->fact.time)
		err = flag(p, CUSTODY_BEFORE_CREATION, h->record);
	if (p->destroyed && err == SY_OK)
		err = flag(p, CUSTODY_AFTER_DESTRUCTION, h->record);
	if (err || piece_steps[h->fact.step] == NULL ||
	    (err = piece_steps[h->fact.step](p, h)) != SY_OK)
		return err;
	bool opened = h->fact.role == SY_ROLE_PARENT && same_spot(&before, &p->spot);
	return step_moves(h->fact.step) && !opened ? stop_add(p, h, &p->spot, false) : SY_OK;
}

int track_make(struct custodian *c, struct track *t, struct spot *last)
{
	struct piece p = {.c = c, .track = t, .flags = last, .came = NO_ID};
	struct happenings hs = {0};
	int err = happenings_read(c, t->item, t, &hs);

	for (size_t i = 0; i < hs.n && p.created == NULL; i++)
		if (hs.v[i].creates)
			p.created = &hs.v[i];
	for (size_t i = 0; i < hs.n && err == SY_OK; i++)
		err = hs.v[i].stop ? piece_stop(&p, &hs.v[i]) : piece_fact(&p, &hs.v[i]);
	if (err == SY_OK && p.came != NO_ID)
		err = flag(&p, CUSTODY_NEVER_SHIPPED, p.came);
	if (last)
		*last = p.spot;
	free(hs.v);
	return err;
}
