#include "common_impl.h"

#include <stdlib.h>
#include <time.h>

/* What lies upstream, read once. */

enum { STEPS = 256 }; /* between two looks at the clock */

/* --- bounds ---------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int halt(struct graph *g, enum trace_cut cut)
{
	g->cut = cut > g->cut ? cut : g->cut;
	return SY_EHALT;
}

int graph_room(struct graph *g, void *p, size_t *cap, size_t need, size_t size)
{
	int err = need >= ALL ? SY_ETOOBIG : memory_room(&g->memory, p, cap, need, size);

	return err == SY_ETOOBIG ? halt(g, TRACE_CUT_SIZE) : graph_err(g, err);
}

int graph_step(struct graph *g)
{
	if (++g->steps % STEPS)
		return SY_OK;
	if (now_ms() >= g->due || (g->ask->stopped && g->ask->stopped(g->ask->ctx)))
		return halt(g, TRACE_CUT_TIME);
	return SY_OK;
}

int graph_err(struct graph *g, int err)
{
	if (err == SY_OK || err == SY_ENOTFOUND)
		return SY_OK;
	g->err = g->err ? g->err : err;
	return SY_EHALT;
}

bool graph_is_cut(const struct graph *g, uint64_t id)
{
	for (size_t i = 0; i < g->ask->n_cut; i++)
		if (g->ask->cut[i] == id)
			return true;
	return false;
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Where the key is, or would be. */
static struct number *place_of(const struct numbers *t, uint64_t key)
{
	size_t at = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (t->cap - 1);

	while (t->v[at].value && t->v[at].key != key)
		at = (at + 1) & (t->cap - 1);
	return &t->v[at];
}

static int numbers_grow(struct graph *g, struct numbers *t)
{
	struct numbers more = {.cap = 0, .n = t->n};
	size_t cap = t->cap ? t->cap * 2 : 1024, got = 0;

	if (graph_room(g, &more.v, &got, cap, sizeof *more.v) || more.v == NULL)
		return SY_EHALT;
	more.cap = cap;
	memset(more.v, 0, cap * sizeof *more.v);
	for (size_t i = 0; i < t->cap; i++)
		if (t->v[i].value)
			*place_of(&more, t->v[i].key) = t->v[i];
	g->memory.left += t->cap * sizeof *t->v;
	free(t->v);
	*t = more;
	return SY_OK;
}

int numbers_get(struct graph *g, struct numbers *t, uint64_t key, uint32_t value, uint32_t *out,
		bool *fresh)
{
	struct number *at;

	if (t->n * 2 >= t->cap && numbers_grow(g, t))
		return SY_EHALT;
	at = place_of(t, key);
	if ((*fresh = at->value == 0)) {
		*at = (struct number){key, value + 1};
		t->n++;
	}
	*out = at->value - 1;
	return SY_OK;
}

uint32_t numbers_find(const struct numbers *t, uint64_t key)
{
	return t->cap ? place_of(t, key)->value - 1 : NONE;
}

/* --- things ---------------------------------------------------------------------------------- */

int graph_thing(struct graph *g, uint64_t id, uint32_t *thing)
{
	bool fresh;

	if (POOL_ROOM(g, &g->things) ||
	    numbers_get(g, &g->numbers, id, (uint32_t)g->things.n, thing, &fresh))
		return SY_EHALT;
	if (fresh)
		g->things.v[g->things.n++] = (struct thing){
		    .id = id, .record = NO_ID, .lot = NONE, .cut = graph_is_cut(g, id)};
	return SY_OK;
}

int graph_actor(struct graph *g, uint64_t id, uint32_t *actor)
{
	bool fresh;

	*actor = NONE;
	if (id == NO_ID)
		return SY_OK;
	if (POOL_ROOM(g, &g->actors) ||
	    numbers_get(g, &g->actor_numbers, id, (uint32_t)g->actors.n, actor, &fresh))
		return SY_EHALT;
	if (fresh)
		g->actors.v[g->actors.n++] = id;
	return SY_OK;
}

uint32_t graph_slot(const struct graph *g, uint32_t thing, uint32_t party)
{
	const struct thing *th = &g->things.v[thing];
	uint32_t low = th->first_slot, end = low + th->n_slots, high = end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (g->slots.v[middle].party < party)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && g->slots.v[low].party == party ? low : NONE;
}

/* --- entries --------------------------------------------------------------------------------- */

static int entry_add(struct graph *g, struct entry e)
{
	if (POOL_ROOM(g, &g->entries))
		return SY_EHALT;
	g->entries.v[g->entries.n++] = e;
	return SY_OK;
}

static bool is_leaving(const struct fact *f)
{
	return !f->member &&
	       (f->step == STEP_SHIP || f->step == STEP_SELL || f->step == STEP_INSTALL ||
		f->step == STEP_CONSUME || f->step == STEP_DESTROY);
}

/* What it says of where the thing came from or went to. */
static int add_ways(struct graph *g, const struct fact *f, struct entry e, uint32_t other)
{
	bool makes = f->step == STEP_CREATE || f->step == STEP_PRODUCE;

	e.leaves = false;
	if (f->own && makes) {
		e.what = ENTRY_CREATED;
		return entry_add(g, e);
	}
	if (f->step == STEP_RECEIVE) {
		struct entry from = e;
		e.what = ENTRY_CAME;
		e.other = other;
		from.what = ENTRY_NAMED;
		from.party = other;
		from.place = NONE;
		from.dropped = e.dropped || graph_is_cut(g, f->other);
		if (entry_add(g, e))
			return SY_EHALT;
		return other == NONE ? SY_OK : entry_add(g, from);
	}
	if ((f->step == STEP_SHIP || f->step == STEP_SELL) && other != NONE) {
		e.what = ENTRY_SENT;
		e.other = e.party;
		e.party = other;
		return entry_add(g, e);
	}
	e.what = ENTRY_OPEN;
	return f->step == STEP_SHIP ? entry_add(g, e) : SY_OK;
}

static int add_entries(struct graph *g, const struct fact *f)
{
	struct entry e = {.time = f->time,
			  .record = f->record,
			  .what = ENTRY_HERE,
			  .other = NONE,
			  .leaves = is_leaving(f),
			  .dropped = graph_is_cut(g, f->party) || graph_is_cut(g, f->place)};
	bool boxed = f->step == STEP_PACK || f->step == STEP_UNPACK;
	uint32_t other;

	if (f->party == NO_ID)
		return SY_OK;
	if (graph_actor(g, f->party, &e.party) || graph_actor(g, f->place, &e.place) ||
	    graph_actor(g, boxed ? NO_ID : f->other, &other) || entry_add(g, e))
		return SY_EHALT;
	return add_ways(g, f, e, other);
}

#define COMPARE(a, b)   \
	if ((a) != (b)) \
	return (a) < (b) ? -1 : 1

static int by_party(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	COMPARE(x->party, y->party);
	COMPARE(x->what, y->what);
	COMPARE(x->other, y->other);
	COMPARE(x->place, y->place);
	COMPARE(x->dropped, y->dropped);
	COMPARE(x->time, y->time);
	COMPARE(x->record, y->record);
	return 0;
}

/* Does B, which comes right after A, say nothing more?  Of what a party did with a thing at a
 * place the first will do, but that contact asks for its last there. */
static bool says_again(const struct graph *g, const struct entry *a, const struct entry *b)
{
	bool first = b->what == ENTRY_NAMED || (b->what == ENTRY_HERE && g->ask->n_contact == 0);

	return a->party == b->party && a->what == b->what && a->other == b->other &&
	       a->place == b->place && a->dropped == b->dropped &&
	       (first || (a->time == b->time && a->leaves == b->leaves));
}

static int make_slots(struct graph *g, uint32_t thing, size_t first)
{
	struct thing *th = &g->things.v[thing];
	size_t n = first;

	if (g->entries.n > first)
		qsort(g->entries.v + first, g->entries.n - first, sizeof *g->entries.v, by_party);
	th->first_slot = (uint32_t)g->slots.n;
	for (size_t i = first; i < g->entries.n; i++) {
		struct entry e = g->entries.v[i];
		if (n > first && says_again(g, &g->entries.v[n - 1], &e))
			continue;
		if (n == first || g->entries.v[n - 1].party != e.party) {
			if (POOL_ROOM(g, &g->slots))
				return SY_EHALT;
			g->slots.v[g->slots.n++] = (struct slot){e.party, (uint32_t)n, 0};
		}
		g->entries.v[n++] = e;
		g->slots.v[g->slots.n - 1].n++;
		th->has_open |= e.what == ENTRY_OPEN;
	}
	g->entries.n = n;
	th->n_slots = (uint32_t)g->slots.n - th->first_slot;
	return SY_OK;
}

/* --- changes --------------------------------------------------------------------------------- */

static int read_change(struct graph *g, struct change *c)
{
	struct sy_str ids;
	uint32_t thing;
	int err;

	c->first_id = (uint32_t)g->ids.n;
	for (bool first = true;
	     (err = index_edges(g->r, INDEX_BACK, c->node, first, &ids)) == SY_OK; first = false)
		for (size_t at = 0; at < ids.n; at += 8) {
			uint64_t id = sy_get64((const uint8_t *)ids.p + at);
			if (graph_step(g) || POOL_ROOM(g, &g->ids) || graph_thing(g, id, &thing))
				return SY_EHALT;
			g->ids.v[g->ids.n++] = thing;
		}
	c->n_ids = (uint32_t)g->ids.n - c->first_id;
	return graph_err(g, err);
}

static int change_of(struct graph *g, uint64_t node, bool alone, uint32_t *number)
{
	struct change c = {.node = node, .alone = alone};
	bool fresh;

	if (POOL_ROOM(g, &g->changes) ||
	    numbers_get(g, &g->numbers, node, (uint32_t)g->changes.n, number, &fresh))
		return SY_EHALT;
	if (!fresh)
		return SY_OK;
	g->changes.n++;
	if (read_change(g, &c)) {
		c.n_ids = 0;
		g->changes.v[*number] = c;
		return SY_EHALT;
	}
	g->changes.v[*number] = c;
	return SY_OK;
}

/* The transformation in which a fact of a group names the thing. */
static int grouped(struct graph *g, uint64_t id, const struct fact *f, uint64_t *node)
{
	const struct item_fact as = {.group = f->group};
	struct sy_str ids;
	bool yes = false;
	int err;

	*node = NO_ID;
	for (bool first = true; (err = index_edges(g->r, INDEX_BACK, id, first, &ids)) == SY_OK;
	     first = false)
		for (size_t at = 0; at < ids.n; at += 8) {
			*node = sy_get64((const uint8_t *)ids.p + at);
			if ((err = index_fact_node(g->r, f->record, &as, *node, &yes)) || yes)
				return graph_err(g, err);
		}
	*node = NO_ID;
	return graph_err(g, err);
}

static int add_end(struct graph *g, uint64_t id, const struct fact *f)
{
	bool made = f->step == STEP_PRODUCE;
	struct ends *to = made ? &g->made : &g->used;
	struct end e = {.record = f->record, .group = f->group, .time = f->time, .change = NONE};
	bool dropped = graph_is_cut(g, f->party) || graph_is_cut(g, f->place);
	uint64_t node = NODE_BIT | f->record;

	if (!f->own || f->member || dropped || (!made && f->step != STEP_CONSUME))
		return SY_OK;
	if (graph_actor(g, f->party, &e.party))
		return SY_EHALT;
	if (made && f->group != NO_ID && grouped(g, id, f, &node))
		return SY_EHALT;
	if (made && node != NO_ID && change_of(g, node, f->group == NO_ID, &e.change))
		return SY_EHALT;
	if (POOL_ROOM(g, to))
		return SY_EHALT;
	to->v[to->n++] = e;
	return SY_OK;
}

/* --- reading --------------------------------------------------------------------------------- */

static int add_facts(struct graph *g, uint32_t thing)
{
	uint64_t id = g->things.v[thing].id;
	size_t first = g->entries.n;
	bool registered = false;

	g->things.v[thing].record = g->named;
	for (size_t i = 0; i < g->facts.n; i++) {
		const struct fact *f = &g->facts.v[i];
		if (!registered && f->own && (f->step == STEP_CREATE || f->step == STEP_PRODUCE)) {
			g->things.v[thing].record = f->record;
			registered = true;
		}
		if (add_entries(g, f) || add_end(g, id, f))
			return SY_EHALT;
	}
	return make_slots(g, thing, first);
}

static int read_thing(struct graph *g, uint32_t thing)
{
	struct thing *th = &g->things.v[thing];
	struct item it = {.lot = NO_ID};
	uint32_t lot = NONE;

	if (th->cut)
		return SY_OK;
	th->first_made = (uint32_t)g->made.n;
	th->first_used = (uint32_t)g->used.n;
	if (graph_err(g, index_item(g->r, th->id, &it)) || facts_read(g, th->id) ||
	    (it.lot != NO_ID && graph_thing(g, it.lot, &lot)))
		return SY_EHALT;
	g->things.v[thing].lot = lot;
	int err = add_facts(g, thing);
	th = &g->things.v[thing];
	th->n_made = (uint32_t)g->made.n - th->first_made;
	th->n_used = (uint32_t)g->used.n - th->first_used;
	return err;
}

int graph_read(struct graph *g)
{
	for (; g->n_read < g->things.n; g->n_read++)
		if (read_thing(g, (uint32_t)g->n_read))
			return SY_EHALT;
	return SY_OK;
}

/* --- what went into changes ------------------------------------------------------------------ */

static int add_input(struct graph *g, uint32_t thing, const struct end *e)
{
	struct input in = {.record = e->record,
			   .time = e->time,
			   .thing = thing,
			   .slot = graph_slot(g, thing, e->party)};

	if (POOL_ROOM(g, &g->inputs))
		return SY_EHALT;
	g->inputs.v[g->inputs.n++] = in;
	return SY_OK;
}

/* By which of its records a thing went into a change. */
static int find_inputs(struct graph *g, const struct change *c, uint32_t thing)
{
	const struct thing *th = &g->things.v[thing];
	const struct end *v = g->used.v + th->first_used;
	uint32_t low = 0, high = th->n_used;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (v[middle].record < (c->node & ~NODE_BIT))
			low = middle + 1;
		else
			high = middle;
	}
	/* No record of a transformation is before its first. */
	for (uint32_t i = low; i < th->n_used; i++) {
		const struct item_fact as = {.group = v[i].group};
		bool yes;
		if (c->alone && v[i].record != (c->node & ~NODE_BIT))
			break;
		if (graph_step(g) ||
		    graph_err(g, index_fact_node(g->r, v[i].record, &as, c->node, &yes)) ||
		    (yes && add_input(g, thing, &v[i])))
			return SY_EHALT;
	}
	return SY_OK;
}

static int link_changes(struct graph *g)
{
	for (size_t i = 0; i < g->changes.n; i++) {
		struct change *c = &g->changes.v[i];
		c->first_input = (uint32_t)g->inputs.n;
		for (uint32_t k = 0; k < c->n_ids; k++)
			if (find_inputs(g, c, g->ids.v[c->first_id + k]))
				return SY_EHALT;
		c->n_inputs = (uint32_t)g->inputs.n - c->first_input;
	}
	return SY_OK;
}

int graph_load(struct graph *g)
{
	uint32_t thing;

	for (size_t i = 0; i < g->ask->n_codes; i++)
		if (graph_thing(g, g->ask->codes[i].id, &thing))
			return SY_EHALT;
	return insides_load(g) || graph_read(g) || arrivals_load(g) ? SY_EHALT : SY_OK;
}

int graph_link(struct graph *g)
{
	return link_changes(g) || arrivals_order(g) ? SY_EHALT : SY_OK;
}

void graph_free(struct graph *g)
{
	free(g->numbers.v);
	free(g->actor_numbers.v);
	free(g->carrier_numbers.v);
	free(g->things.v);
	free(g->slots.v);
	free(g->entries.v);
	free(g->made.v);
	free(g->used.v);
	free(g->changes.v);
	free(g->ids.v);
	free(g->inputs.v);
	free(g->insides.v);
	free(g->actors.v);
	free(g->arrivals.v);
	free(g->contacts);
	free(g->contact);
	free(g->carriers.v);
	free(g->carried.v);
	free(g->facts.v);
}
