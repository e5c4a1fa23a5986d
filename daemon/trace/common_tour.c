#include "common_impl.h"

#include <stdlib.h>

/*
 * A walk back from one code over what was read, by questions: who had this thing until then?  A
 * question goes to the party that used the thing, and from it to those that it had it from.  A
 * thing is reached by the first question that is answered; that is refused only when something
 * is cut, see common.h.
 */

/* --- who had it ------------------------------------------------------------------------------ */

static int hold(struct tour *t, uint32_t slot, int64_t until)
{
	if (t->holds[slot] >= until)
		return SY_OK;
	t->holds[slot] = until;
	if (POOL_ROOM(t->g, &t->held))
		return SY_EHALT;
	t->held.v[t->held.n++] = (struct held){until, slot};
	return SY_OK;
}

/* Who had it before by a way that the entry tells, unless it is dropped. */
static int hold_party(struct tour *t, uint32_t thing, uint32_t party, const struct entry *e)
{
	uint32_t slot = graph_slot(t->g, thing, party);

	if (e->dropped || slot == NONE) {
		t->blocked |= e->dropped;
		return SY_OK;
	}
	return hold(t, slot, e->time);
}

/* All who shipped it, or PARTY alone, to nobody who is named. */
static int hold_open(struct tour *t, uint32_t thing, uint32_t party, int64_t until, bool *any)
{
	const struct thing *th = &t->g->things.v[thing];
	uint32_t s = th->first_slot, end = s + th->n_slots;

	*any = false;
	if (party != NONE && (s = graph_slot(t->g, thing, party)) != NONE)
		end = s + 1;
	for (; th->has_open && s < end; s++) {
		const struct slot *slot = &t->g->slots.v[s];
		for (uint32_t i = slot->first; i < slot->first + slot->n; i++) {
			const struct entry *e = &t->g->entries.v[i];
			if (e->what != ENTRY_OPEN || e->time > until)
				continue;
			*any = true;
			if (graph_step(t->g) || hold_party(t, thing, e->party, e))
				return SY_EHALT;
		}
	}
	return SY_OK;
}

static bool was_sent(const struct tour *t, const struct slot *to, uint32_t from, int64_t until)
{
	for (uint32_t i = to->first; i < to->first + to->n; i++) {
		const struct entry *e = &t->g->entries.v[i];
		if (e->what == ENTRY_SENT && e->other == from && e->time <= until)
			return true;
	}
	return false;
}

/* A receipt that names its sender: his shipments say more, if there are any. */
static int came_from(struct tour *t, uint32_t thing, const struct slot *to, const struct entry *e,
		     int64_t until)
{
	bool any = false;

	if (was_sent(t, to, e->other, until))
		return SY_OK;
	if (hold_open(t, thing, e->other, until, &any))
		return SY_EHALT;
	if (any)
		return SY_OK;
	if (graph_is_cut(t->g, t->g->actors.v[e->other])) {
		t->blocked = true;
		return SY_OK;
	}
	return hold_party(t, thing, e->other, e);
}

/* From whom a party had it, and whether it made it or nobody knows. */
static int spread_one(struct tour *t, uint32_t thing, const struct held *h)
{
	struct slot slot = t->g->slots.v[h->slot];
	bool way = false, unknown = false, any;
	int err = SY_OK;

	for (uint32_t i = slot.first; i < slot.first + slot.n && err == SY_OK; i++) {
		const struct entry *e = &t->g->entries.v[i];
		if (e->time > h->until || e->what < ENTRY_CREATED || e->what == ENTRY_OPEN)
			continue;
		way = true;
		t->blocked |= e->dropped;
		t->origin |= e->what == ENTRY_CREATED && !e->dropped;
		unknown |= e->what == ENTRY_CAME && e->other == NONE && !e->dropped;
		if (e->what == ENTRY_SENT)
			err = hold_party(t, thing, e->other, e);
		else if (e->what == ENTRY_CAME && e->other != NONE && !e->dropped)
			err = came_from(t, thing, &slot, e, h->until);
		if (err == SY_OK)
			err = graph_step(t->g);
	}
	if (err || (way && !unknown))
		return err;
	err = hold_open(t, thing, NONE, h->until, &any);
	t->open |= !any;
	return err;
}

static int spread(struct tour *t, uint32_t thing, uint32_t slot, int64_t until)
{
	size_t i = t->held.n;
	int err = hold(t, slot, until);

	for (; i < t->held.n && err == SY_OK; i++) {
		struct held h = t->held.v[i];
		if (t->holds[h.slot] == h.until)
			err = spread_one(t, thing, &h);
	}
	return err;
}

/* Forgets the question at hand. */
static void release(struct tour *t)
{
	for (size_t i = 0; i < t->held.n; i++)
		t->holds[t->held.v[i].slot] = INT64_MIN;
	t->held.n = 0;
}

/* --- what is asked next ---------------------------------------------------------------------- */

static int ask(struct tour *t, uint32_t thing, uint32_t slot, int64_t until, uint64_t record)
{
	if (POOL_ROOM(t->g, &t->next))
		return SY_EHALT;
	t->next.v[t->next.n++] = (struct question){record, until, thing, slot};
	return SY_OK;
}

/* What the thing was made of. */
static int ask_inputs(struct tour *t, const struct thing *th)
{
	for (uint32_t i = th->first_made; i < th->first_made + th->n_made; i++) {
		uint32_t change = t->g->made.v[i].change;
		if (change == NONE || t->changed[change])
			continue;
		t->changed[change] = true;
		const struct change *c = &t->g->changes.v[change];
		for (uint32_t k = c->first_input; k < c->first_input + c->n_inputs; k++) {
			const struct input *in = &t->g->inputs.v[k];
			if (ask(t, in->thing, in->slot, in->time, in->record))
				return SY_EHALT;
		}
	}
	return SY_OK;
}

/* The lot of a unit, of whoever had the unit. */
static int ask_lot(struct tour *t, const struct thing *th)
{
	if (th->lot == NONE)
		return SY_OK;
	if (t->held.n == 0)
		return ask(t, th->lot, NONE, 0, th->record);
	for (size_t i = 0; i < t->held.n; i++) {
		struct held h = t->held.v[i];
		uint32_t party = t->g->slots.v[h.slot].party;
		if (t->holds[h.slot] == h.until &&
		    ask(t, th->lot, graph_slot(t->g, th->lot, party), h.until, th->record))
			return SY_EHALT;
	}
	return SY_OK;
}

/* --- contact --------------------------------------------------------------------------------- */

/* When the thing left a place of contact, as far as that party had it there until then. */
static bool left_at(const struct tour *t, const struct held *h, uint32_t actor, int64_t *left)
{
	const struct slot *s = &t->g->slots.v[h->slot];
	const struct entry *last = NULL;
	bool there = false;

	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		const struct entry *e = &t->g->entries.v[i];
		bool here = e->what == ENTRY_HERE && e->place == actor;
		bool known = e->what <= ENTRY_NAMED || e->what == ENTRY_SENT;
		if (e->dropped || e->time > h->until || !(here || (known && e->party == actor)))
			continue;
		there = true;
		if (e->what == ENTRY_HERE && (last == NULL || e->time > last->time ||
					      (e->time == last->time && e->leaves > last->leaves)))
			last = e;
	}
	*left = h->until;
	if (t->g->ask->dates == COMMON_IGNORED)
		*left = INT64_MAX;
	else if (t->g->ask->dates == COMMON_GIVEN && last)
		*left = last->time;
	else if (t->g->ask->dates == COMMON_INFERRED && last && last->leaves)
		*left = last->time;
	return there && (last || t->g->ask->dates != COMMON_GIVEN);
}

static int touch(struct tour *t, const struct held *h, uint32_t contact)
{
	const struct graph *g = t->g;
	uint32_t end = g->contacts[contact + 1], *at = &t->arrived[contact];
	int64_t left;

	if (g->contact[contact] == NONE || !left_at(t, h, g->contact[contact], &left))
		return SY_OK;
	for (; *at < end && g->arrivals.v[*at].time <= left; ++*at) {
		const struct arrival *a = &g->arrivals.v[*at];
		uint32_t slot = graph_slot(g, a->thing, a->party);
		if (graph_step(t->g) || ask(t, a->thing, slot, a->until, a->record))
			return SY_EHALT;
	}
	return SY_OK;
}

static int touch_all(struct tour *t)
{
	for (uint32_t c = 0; t->g->contact && c < t->g->ask->n_contact; c++)
		for (size_t i = 0; i < t->held.n; i++) {
			struct held h = t->held.v[i];
			if (t->holds[h.slot] == h.until && touch(t, &h, c))
				return SY_EHALT;
		}
	return SY_OK;
}

/* --- one question ---------------------------------------------------------------------------- */

static void mark(struct mark *m, uint32_t distance, uint64_t record)
{
	if (distance > m->distance || (distance == m->distance && record >= m->record))
		return;
	*m = (struct mark){record, distance};
}

/* For the first time: what it was made of, and by whom. */
static int reach(struct tour *t, uint32_t thing)
{
	const struct thing *th = &t->g->things.v[thing];

	if (POOL_ROOM(t->g, &t->reached))
		return SY_EHALT;
	t->reached.v[t->reached.n++] = thing;
	for (uint32_t s = th->first_slot; s < th->first_slot + th->n_slots; s++) {
		const struct slot *slot = &t->g->slots.v[s];
		for (uint32_t i = slot->first; i < slot->first + slot->n; i++) {
			const struct entry *e = &t->g->entries.v[i];
			if (e->what == ENTRY_CREATED && !e->dropped && spread(t, thing, s, e->time))
				return SY_EHALT;
		}
	}
	return ask_inputs(t, th);
}

static bool is_there(const struct graph *g, const struct slot *s)
{
	for (uint32_t i = s->first; i < s->first + s->n; i++)
		if (g->entries.v[i].what <= ENTRY_NAMED && !g->entries.v[i].dropped)
			return true;
	return false;
}

static int answer(struct tour *t, const struct question *q)
{
	const struct thing *th = &t->g->things.v[q->thing];
	struct mark *m = &t->things[q->thing];
	int err = SY_OK;

	t->origin = t->open = t->blocked = false;
	if (q->slot != NONE)
		err = spread(t, q->thing, q->slot, q->until);
	bool refused = t->blocked && !t->origin && !t->open, fresh = m->distance == NONE;
	if (err == SY_OK && !refused) {
		mark(m, t->level, q->record);
		if (fresh)
			err = reach(t, q->thing);
		if (err == SY_OK && (err = ask_lot(t, th)) == SY_OK)
			err = touch_all(t);
		for (size_t i = 0; i < t->held.n; i++) {
			const struct held *h = &t->held.v[i];
			if (t->until[h->slot] < h->until)
				t->until[h->slot] = h->until;
		}
	}
	release(t);
	return err;
}

/* Of everybody who had it: each is a question. */
static int answer_all(struct tour *t, const struct question *q)
{
	const struct thing *th = &t->g->things.v[q->thing];
	int err = SY_OK;

	if (th->n_slots == 0) {
		struct question none = *q;
		none.slot = NONE;
		return answer(t, &none);
	}
	for (uint32_t s = th->first_slot; s < th->first_slot + th->n_slots && err == SY_OK; s++) {
		struct question one = {q->record, q->until, q->thing, s};
		if (is_there(t->g, &t->g->slots.v[s]))
			err = answer(t, &one);
	}
	return err;
}

static int answer_any(struct tour *t, const struct question *q)
{
	struct mark *m = &t->things[q->thing];

	if (graph_step(t->g))
		return SY_EHALT;
	if (t->g->things.v[q->thing].cut)
		return SY_OK;
	if (q->slot == ALL)
		return answer_all(t, q);
	/* What was answered already says no more. */
	if (m->distance != NONE && (q->slot == NONE || t->until[q->slot] >= q->until)) {
		mark(m, t->level, q->record);
		return SY_OK;
	}
	return answer(t, q);
}

/* --- the tour -------------------------------------------------------------------------------- */

static int ask_insides(struct tour *t, uint32_t code, bool *more)
{
	const struct graph *g = t->g;

	*more = false;
	for (size_t i = 0; i < g->insides.n; i++) {
		const struct inside *in = &g->insides.v[i];
		if (in->code != code)
			continue;
		*more |= in->level > t->level + 1;
		if (in->level == t->level + 1 && ask(t, in->thing, ALL, in->until, in->record))
			return SY_EHALT;
	}
	return SY_OK;
}

static void clear(struct tour *t)
{
	const struct graph *g = t->g;

	for (size_t i = 0; i < g->slots.n; i++)
		t->until[i] = INT64_MIN;
	for (size_t i = 0; i < g->things.n; i++)
		t->things[i] = (struct mark){NO_ID, NONE};
	for (size_t i = 0; i < g->actors.n * 2; i++)
		t->actors[i] = (struct mark){NO_ID, NONE};
	if (g->changes.n)
		memset(t->changed, 0, g->changes.n);
	if (g->contacts && g->ask->n_contact)
		memcpy(t->arrived, g->contacts, g->ask->n_contact * sizeof *t->arrived);
	t->reached.n = t->now.n = t->next.n = 0;
	t->level = 0;
}

/* Who had what was reached, and where. */
static int mark_actors(struct tour *t, uint32_t thing)
{
	const struct thing *th = &t->g->things.v[thing];
	uint32_t distance = t->things[thing].distance;

	for (uint32_t s = th->first_slot; s < th->first_slot + th->n_slots; s++) {
		const struct slot *slot = &t->g->slots.v[s];
		for (uint32_t i = slot->first; i < slot->first + slot->n; i++) {
			const struct entry *e = &t->g->entries.v[i];
			if (e->what > ENTRY_NAMED || e->dropped || e->time > t->until[s] ||
			    t->until[s] == INT64_MIN)
				continue;
			if (graph_step(t->g))
				return SY_EHALT;
			mark(&t->actors[2 * e->party], distance, e->record);
			if (e->place != NONE)
				mark(&t->actors[2 * e->place + 1], distance, e->record);
		}
	}
	return SY_OK;
}

int tour_run(struct tour *t, uint32_t code)
{
	uint32_t thing = numbers_find(&t->g->numbers, t->g->ask->codes[code].id);
	bool more = true;
	int err;

	clear(t);
	if (thing == NONE)
		return SY_OK; /* nothing was read of it */
	err = ask(t, thing, ALL, INT64_MAX, t->g->things.v[thing].record);
	while (err == SY_OK && (t->next.n || more)) {
		struct questions next = t->next;
		t->next = t->now;
		t->next.n = 0;
		t->now = next;
		for (size_t i = 0; i < t->now.n && err == SY_OK; i++) {
			struct question q = t->now.v[i];
			err = answer_any(t, &q);
		}
		if (err == SY_OK)
			err = ask_insides(t, code, &more);
		t->level++;
	}
	for (size_t i = 0; i < t->reached.n && err == SY_OK; i++)
		err = mark_actors(t, t->reached.v[i]);
	return err;
}

int tour_begin(struct tour *t, struct graph *g)
{
	size_t got[6] = {0};

	*t = (struct tour){.g = g};
	if (graph_room(g, &t->things, &got[0], g->things.n, sizeof *t->things) ||
	    graph_room(g, &t->actors, &got[1], g->actors.n * 2, sizeof *t->actors) ||
	    graph_room(g, &t->until, &got[2], g->slots.n, sizeof *t->until) ||
	    graph_room(g, &t->holds, &got[3], g->slots.n, sizeof *t->holds) ||
	    graph_room(g, &t->changed, &got[4], g->changes.n, sizeof *t->changed) ||
	    graph_room(g, &t->arrived, &got[5], g->ask->n_contact, sizeof *t->arrived))
		return SY_EHALT;
	for (size_t i = 0; i < g->slots.n; i++)
		t->holds[i] = INT64_MIN;
	return SY_OK;
}

void tour_free(struct tour *t)
{
	free(t->things);
	free(t->actors);
	free(t->until);
	free(t->holds);
	free(t->changed);
	free(t->arrived);
	free(t->now.v);
	free(t->next.v);
	free(t->reached.v);
	free(t->held.v);
}
