#include "walk.h"

/*
 * The records that say what a walk found, and containers that are only told.  A sweep over the
 * histories (sweep.c) says most of it; what needs other histories as well is looked at here, in the
 * order of the levels.
 */

enum sy_item_role role_into(const struct walk *w)
{
	return w->ask->direction == INDEX_FORWARD ? SY_ROLE_INPUT : SY_ROLE_OUTPUT;
}

enum sy_item_role role_out_of(const struct walk *w)
{
	return w->ask->direction == INDEX_FORWARD ? SY_ROLE_OUTPUT : SY_ROLE_INPUT;
}

/* Does the record name the item in that role in NODE, in the time asked for? */
static int stands(struct walk *w, const struct item_event *e, enum sy_item_role role, uint64_t node,
		  bool *yes)
{
	int err = SY_OK;

	*yes = false;
	if (!is_in_force(e) || !(e->roles & 1U << role))
		return SY_OK;
	for (unsigned i = 0; i < e->n_facts && err == SY_OK && !*yes; i++)
		if (e->facts[i].role == (unsigned)role && walk_within(w, e->facts[i].time))
			err = index_fact_node(w->r, e->record, &e->facts[i], node, yes);
	return err;
}

int record_said(struct walk *w, uint64_t item, enum sy_item_role role, uint64_t node, uint64_t *out)
{
	struct item_event e;
	bool yes;
	int err;

	*out = NO_ID;
	/* None of its records is before its first. */
	for (uint64_t from = node & ~NODE_BIT;
	     (err = index_history_next(w->r, item, from, &e)) == SY_OK; from = e.record + 1) {
		if ((err = walk_step(w)) || (err = stands(w, &e, role, node, &yes)))
			return err;
		if (yes) {
			*out = e.record;
			return SY_OK;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* --- containers ------------------------------------------------------------------------------ */

static bool is_later(int64_t time, uint64_t record, const struct content *than)
{
	return time != than->time ? time > than->time : record > than->record;
}

/* When all was taken out of a container, in order; kept, since its items often follow each other.
 */
static int read_cleared(struct walk *w, uint64_t container)
{
	struct content c = {0};
	int err;

	if (w->cleared_of == container)
		return SY_OK;
	w->n_cleared = 0;
	w->cleared_of = NO_ID;
	while ((err = index_contents_next(w->r, container, &c)) == SY_OK)
		if ((err = walk_step(w)) || (c.child == NO_ID && (err = contents_cleared(w, &c))))
			return err;
	if (err == SY_ENOTFOUND)
		w->cleared_of = container;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* The first unpacking of the item itself after it was packed, or IN's child for none. */
static int unpacked_after(struct walk *w, uint64_t item, uint64_t container,
			  const struct content *in, int64_t *time)
{
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = index_history_next(w->r, item, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if ((err = walk_step(w)))
			return err;
		for (unsigned i = 0; i < e.n_facts && is_in_force(&e); i++) {
			const struct item_fact *f = &e.facts[i];
			if (f->step == STEP_UNPACK && f->other == container && f->time < *time &&
			    is_later(f->time, e.record, in))
				*time = f->time;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Was the item, packed then, in the container at some time of those asked for? */
static int lay_within(struct walk *w, uint64_t item, uint64_t container, const struct content *in,
		      bool *yes)
{
	int64_t went = INT64_MAX;
	int err = SY_OK;

	*yes = in->time <= w->ask->to;
	if (!*yes || in->time >= w->ask->from)
		return SY_OK;
	if ((err = unpacked_after(w, item, container, in, &went)) ||
	    (err = read_cleared(w, container)))
		return err;
	for (size_t i = 0; i < w->n_cleared; i++)
		if (is_later(w->cleared[i].time, w->cleared[i].record, in)) {
			went = w->cleared[i].time < went ? w->cleared[i].time : went;
			break;
		}
	*yes = went >= w->ask->from;
	return SY_OK;
}

/* A container that the item was in, unless it was reached otherwise.  One that lies too far or has
 * no room is left out, and the walk says so. */
static int tell_container(struct walk *w, uint32_t i, uint64_t container, uint64_t record)
{
	bool fresh, far = w->items[i].distance >= w->ask->depth;
	int err = walk_room(w, bits_add(&w->memory, &w->seen, container, &fresh));

	if (err == SY_OK && fresh && far)
		err = walk_stop(w, TRACE_CUT_DEPTH);
	w->level = w->items[i].distance + 1;
	if (err == SY_OK && fresh)
		err = walk_add(w, container, i, TRACE_CONTAIN, record);
	return err == SY_EHALT ? SY_OK : err;
}

/* --- one item -------------------------------------------------------------------------------- */

/* What an item's history says. */
struct said {
	uint64_t in_node, registered, first; /* records, or NO_ID */
};

static int say_packed(struct walk *w, uint32_t i, const struct item_event *e)
{
	int err = SY_OK;

	for (unsigned k = 0; k < e->n_facts && err == SY_OK; k++) {
		const struct item_fact *f = &e->facts[k];
		struct content in = {.time = f->time, .record = e->record};
		bool within = true;
		if (f->step != STEP_PACK || f->role != SY_ROLE_CHILD || f->other == NO_ID)
			continue;
		if (w->windowed)
			err = lay_within(w, w->items[i].id, f->other, &in, &within);
		if (err == SY_OK && !within)
			err = walk_left_out(w, f->other);
		else if (err == SY_OK)
			err = tell_container(w, i, f->other, e->record);
	}
	return err;
}

static int read_history(struct walk *w, uint32_t i, struct said *s)
{
	uint64_t id = w->items[i].id, node = w->items[i].records[0];
	bool made = w->items[i].edge == TRACE_TRANSFORM, stood;
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = index_history_next(w->r, id, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if ((err = walk_step(w)))
			return err;
		if (!is_in_force(&e))
			continue;
		if (s->first == NO_ID)
			s->first = e.record;
		if (s->registered == NO_ID && is_registration(&e))
			s->registered = e.record;
		if (made && e.record == (node & ~NODE_BIT) &&
		    (err = stands(w, &e, role_out_of(w), node, &stood)) == SY_OK && stood)
			s->in_node = e.record;
		if (err || (err = say_packed(w, i, &e)))
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* The registration of an item, else the first record that names it. */
static int registration(struct walk *w, uint64_t id, uint64_t *record)
{
	struct item_event e;
	int err;

	*record = NO_ID;
	for (uint64_t from = 0; (err = index_history_next(w->r, id, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if ((err = walk_step(w)))
			return err;
		if (is_in_force(&e) && (*record == NO_ID || is_registration(&e)))
			*record = e.record;
		if (is_in_force(&e) && is_registration(&e))
			break;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Of items that were made of one there are often many in a row. */
static int say_from(struct walk *w, uint64_t from, uint64_t node, uint64_t *record)
{
	int err = SY_OK;

	if (w->said_from != from || w->said_node != node)
		err = record_said(w, from, role_into(w), node, &w->said);
	w->said_from = from;
	w->said_node = node;
	*record = w->said;
	return err;
}

static int say_made(struct walk *w, uint32_t i, const struct said *s, uint64_t records[2])
{
	uint64_t node = w->items[i].records[0];
	int err = say_from(w, w->items[w->items[i].from].id, node, &records[0]);

	records[1] = s->in_node;
	if (err == SY_OK && s->in_node == NO_ID)
		err = record_said(w, w->items[i].id, role_out_of(w), node, &records[1]);
	return err;
}

static int say(struct walk *w, uint32_t i)
{
	enum trace_edge edge = w->items[i].edge;
	struct trace_item *it;
	struct said s = {NO_ID, NO_ID, NO_ID};
	uint64_t records[2] = {NO_ID, NO_ID};
	int err = read_history(w, i, &s);

	it = &w->items[i]; /* it may have moved */
	if (err)
		return err;
	records[0] = s.registered != NO_ID ? s.registered : s.first;
	if (edge == TRACE_CONTAIN)
		records[0] = it->records[0]; /* said when the container was opened */
	else if (edge == TRACE_TRANSFORM)
		err = say_made(w, i, &s, records);
	else if (edge == TRACE_MEMBER && w->ask->direction == INDEX_BACK)
		err = registration(w, w->items[it->from].id, &records[0]);
	bool swap = records[1] < records[0];
	it->records[0] = records[swap];
	it->records[1] = records[!swap] == records[swap] ? NO_ID : records[!swap];
	return err;
}

/* Of the containers that were told after the sweep. */
static int name_told(struct walk *w, size_t n)
{
	struct stems stems = {.last = 0};
	struct sy_str code;
	int err = w->names.at ? names_room(&w->memory, &w->names, w->n) : SY_OK;

	for (size_t i = n; i < w->n && err == SY_OK && w->names.at; i++) {
		w->names.at[i] = 0;
		err = index_item_name(w->r, w->items[i].id, &code);
		if (err == SY_OK)
			err = names_add(&w->memory, &w->names, &stems, 0, code, &w->names.at[i]);
		else if (err == SY_ENOTFOUND)
			err = SY_OK;
	}
	return err;
}

int say_all(struct walk *w)
{
	size_t n = w->n;
	int err = sweep(w, n);

	for (size_t i = 0; i < n && err == SY_OK; i++)
		if (bits_has(&w->again, i))
			err = say(w, (uint32_t)i);
	if (err == SY_OK)
		err = name_told(w, n);
	if (err)
		names_free(&w->memory, &w->names);
	for (size_t i = 0; i < n; i++) /* of what was stopped: one of the transformation */
		if (w->items[i].edge == TRACE_TRANSFORM && w->items[i].records[0] != NO_ID)
			w->items[i].records[0] &= ~NODE_BIT;
	actors_sort(&w->actors);
	return err;
}
