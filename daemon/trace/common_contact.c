#include "common_impl.h"

#include <stdlib.h>

/*
 * What comes in question otherwise than by being used: what lay in a container that was asked for,
 * and what was delivered to a place of contact.
 */

/* --- what lay in the codes ------------------------------------------------------------------- */

/* A container in question: for which code, how far away, for which time. */
struct open_box {
	uint64_t id;
	int64_t from, to;
	uint32_t code, level;
};
POOL_OF(boxes, struct open_box);

static int open_box(struct graph *g, struct boxes *to, struct open_box box)
{
	for (size_t i = 0; i < to->n; i++) {
		const struct open_box *b = &to->v[i];
		if (b->id == box.id && b->code == box.code && b->from <= box.from &&
		    b->to >= box.to)
			return SY_OK;
	}
	if (POOL_ROOM(g, to))
		return SY_EHALT;
	to->v[to->n++] = box;
	return SY_OK;
}

struct opening_box {
	struct boxes *boxes;
	struct open_box box;
};

static int box_stay(struct graph *g, const struct stay *s, void *ctx)
{
	const struct opening_box *o = ctx;
	struct open_box in = {s->child, s->came > o->box.from ? s->came : o->box.from,
			      s->went < o->box.to ? s->went : o->box.to, o->box.code,
			      o->box.level + 1};
	struct inside inside = {
	    .record = s->record, .until = s->went, .code = in.code, .level = in.level};
	struct content first = {0};
	int err;

	if (graph_is_cut(g, s->child))
		return SY_OK;
	if (graph_thing(g, s->child, &inside.thing) || POOL_ROOM(g, &g->insides))
		return SY_EHALT;
	g->insides.v[g->insides.n++] = inside;
	err = index_contents_next(g->r, s->child, &first);
	return err ? graph_err(g, err) : open_box(g, o->boxes, in);
}

int insides_load(struct graph *g)
{
	struct boxes boxes = {0};
	int err = SY_OK;

	for (size_t i = 0; i < g->ask->n_codes && err == SY_OK; i++) {
		uint64_t id = g->ask->codes[i].id;
		if (!graph_is_cut(g, id))
			err = open_box(g, &boxes,
				       (struct open_box){id, INT64_MIN, INT64_MAX, (uint32_t)i, 0});
	}
	for (size_t i = 0; i < boxes.n && err == SY_OK; i++) {
		struct opening_box o = {&boxes, boxes.v[i]};
		err = stays_of(g, o.box.id, o.box.from, o.box.to, box_stay, &o);
	}
	g->memory.left += boxes.cap * sizeof *boxes.v;
	free(boxes.v);
	return err;
}

/* --- what was delivered ---------------------------------------------------------------------- */

static int arrival_add(struct graph *g, const struct arrival *a)
{
	if (POOL_ROOM(g, &g->arrivals))
		return SY_EHALT;
	g->arrivals.v[g->arrivals.n++] = *a;
	return SY_OK;
}

/* The first of something that a thing's entries say of it and a place of contact; NONE: nothing. */
struct first {
	int64_t time;
	uint64_t record;
};

static void take_first(struct first *f, const struct entry *e)
{
	if (f->record == NO_ID || e->time < f->time ||
	    (e->time == f->time && e->record < f->record))
		*f = (struct first){e->time, e->record};
}

struct firsts {
	struct first here, came, sent;
	bool made;
};

static void read_slot(const struct graph *g, const struct slot *s, uint32_t actor, struct firsts *f)
{
	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		const struct entry *e = &g->entries.v[i];
		bool there = e->party == actor || e->place == actor;
		if (e->dropped)
			continue;
		if (e->what == ENTRY_HERE && there)
			take_first(&f->here, e);
		else if (e->what == ENTRY_CAME && there)
			take_first(&f->came, e);
		else if (e->what == ENTRY_SENT && e->party == actor)
			take_first(&f->sent, e);
		f->made |= e->what == ENTRY_CREATED && there;
	}
}

/* The first record of a thing by anybody. */
static struct first first_ever(const struct graph *g, const struct thing *th)
{
	struct first ever = {.record = NO_ID};

	for (uint32_t s = th->first_slot; s < th->first_slot + th->n_slots; s++)
		for (uint32_t i = g->slots.v[s].first; i < g->slots.v[s].first + g->slots.v[s].n;
		     i++)
			if (g->entries.v[i].what == ENTRY_HERE)
				take_first(&ever, &g->entries.v[i]);
	return ever;
}

/* When a delivery counts from, by the dates that were asked for; false: it doesn't. */
static bool date_of(const struct graph *g, const struct thing *th, const struct firsts *f,
		    struct arrival *a)
{
	bool here = f->here.record != NO_ID, came = f->came.record != NO_ID;
	struct first first = came ? f->came : f->here;

	if (f->sent.record != NO_ID && !came && g->ask->dates != COMMON_GIVEN)
		first = f->sent;
	else if (!came && (f->made || !here))
		return false;
	else if (!came && g->ask->dates == COMMON_INFERRED)
		first.time = first_ever(g, th).time;
	a->time = first.time;
	a->record = first.record;
	a->until = came || !here || f->here.time < a->time ? a->time : f->here.time;
	if (g->ask->dates == COMMON_IGNORED) {
		a->time = INT64_MIN;
		a->until = INT64_MAX;
	}
	return true;
}

/* What was in a container that was delivered, each with whom the container came to. */
struct unpacking {
	struct arrival a;
	struct boxes *boxes;
	struct open_box box;
};

static int stay_arrives(struct graph *g, const struct stay *s, void *ctx)
{
	struct unpacking *u = ctx;
	struct open_box in = {.id = s->child,
			      .from = s->came > u->box.from ? s->came : u->box.from,
			      .to = s->went < u->box.to ? s->went : u->box.to};
	struct arrival a = u->a;

	if (graph_is_cut(g, s->child))
		return SY_OK;
	if (graph_thing(g, s->child, &a.thing) || arrival_add(g, &a))
		return SY_EHALT;
	return open_box(g, u->boxes, in);
}

static int arrive_in(struct graph *g, uint64_t id, const struct arrival *a)
{
	struct boxes boxes = {0};
	struct unpacking u = {.a = *a, .boxes = &boxes};
	bool ignored = g->ask->dates == COMMON_IGNORED;
	int err = open_box(
	    g, &boxes,
	    (struct open_box){.id = id, .from = ignored ? INT64_MIN : a->until, .to = a->until});

	for (size_t i = 0; i < boxes.n && err == SY_OK; i++) {
		u.box = boxes.v[i];
		err = stays_of(g, u.box.id, u.box.from, u.box.to, stay_arrives, &u);
	}
	g->memory.left += boxes.cap * sizeof *boxes.v;
	free(boxes.v);
	return err;
}

static int arrive(struct graph *g, uint32_t contact, uint32_t thing)
{
	struct thing th = g->things.v[thing];

	for (uint32_t s = th.first_slot; s < th.first_slot + th.n_slots; s++) {
		struct firsts f = {{.record = NO_ID}, {.record = NO_ID}, {.record = NO_ID}, false};
		struct slot slot = g->slots.v[s];
		struct arrival a = {.contact = contact, .thing = thing, .party = slot.party};
		read_slot(g, &slot, g->contact[contact], &f);
		if (date_of(g, &th, &f, &a) && (arrival_add(g, &a) || arrive_in(g, th.id, &a)))
			return SY_EHALT;
	}
	return SY_OK;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

POOL_OF(numbers_of, uint32_t);

/* The things that records name there, each once. */
static int read_visits(struct graph *g, uint64_t actor, struct numbers_of *to)
{
	uint64_t record = 0, item = 0;
	size_t n = 0;
	int err;

	for (; (err = index_visits_next(g->r, actor, &record, &item)) == SY_OK; item++) {
		if (graph_step(g) || POOL_ROOM(g, to))
			return SY_EHALT;
		if (graph_is_cut(g, item))
			continue;
		if (graph_thing(g, item, &to->v[to->n]))
			return SY_EHALT;
		to->n++;
	}
	if (to->n)
		qsort(to->v, to->n, sizeof *to->v, by_number);
	for (size_t i = 0; i < to->n; i++)
		if (n == 0 || to->v[n - 1] != to->v[i])
			to->v[n++] = to->v[i];
	to->n = n;
	return graph_err(g, err);
}

static int arrive_all(struct graph *g, uint32_t contact, struct numbers_of *visits)
{
	if (read_visits(g, g->ask->contact[contact], visits) || graph_read(g))
		return SY_EHALT;
	for (size_t i = 0; i < visits->n; i++)
		if (graph_step(g) || arrive(g, contact, visits->v[i]))
			return SY_EHALT;
	return graph_read(g);
}

static int by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->contact != y->contact)
		return x->contact < y->contact ? -1 : 1;
	return x->time < y->time ? -1 : x->time > y->time;
}

/* Where the arrivals of each place of contact begin. */
int arrivals_order(struct graph *g)
{
	size_t got = 0, n = g->ask->n_contact, at = 0;

	if (graph_room(g, &g->contacts, &got, n + 1, sizeof *g->contacts))
		return SY_EHALT;
	if (g->arrivals.n)
		qsort(g->arrivals.v, g->arrivals.n, sizeof *g->arrivals.v, by_time);
	for (size_t i = 0; i <= n; i++) {
		while (at < g->arrivals.n && g->arrivals.v[at].contact < i)
			at++;
		g->contacts[i] = (uint32_t)at;
	}
	return SY_OK;
}

int arrivals_load(struct graph *g)
{
	struct numbers_of visits = {0};
	size_t got = 0;
	int err = SY_OK;

	if (g->ask->n_contact == 0)
		return SY_OK;
	err = graph_room(g, &g->contact, &got, g->ask->n_contact, sizeof *g->contact);
	for (uint32_t i = 0; i < g->ask->n_contact && err == SY_OK; i++)
		g->contact[i] = NONE;
	for (uint32_t i = 0; i < g->ask->n_contact && err == SY_OK; i++) {
		visits.n = 0;
		if ((err = graph_actor(g, g->ask->contact[i], &g->contact[i])) == SY_OK)
			err = arrive_all(g, i, &visits);
	}
	g->memory.left += visits.cap * sizeof *visits.v;
	free(visits.v);
	return err;
}
