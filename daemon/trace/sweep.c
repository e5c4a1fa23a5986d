#include "walk.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * One sweep over the histories of what was found, in order of id, near the speed of an array: the
 * records that say so, who had to do with it, and where the items are.
 *
 * Of many items a second thread takes some of it, block by block, under a snapshot of the same
 * state.  Each keeps apart whom it met, since what is said of an item hangs on no other; put
 * together it is what one thread would have said.  Where memory runs out hangs on the order, so
 * that one thread alone does it over unless there was plenty.
 */

enum { BLOCKS = 64, BLOCK_MAX = 4096 }; /* of which a thread takes one at a time; items */

/* What the threads share. */
struct sweep {
	struct walk *w; /* each writes but the items that it took */
	const struct via *order;
	size_t n, block;
	uint32_t *at;       /* where the items' names are; NULL: nobody wants them */
	atomic_size_t next; /* to be taken; N or more: none */
};

/* One thread's. */
struct part {
	struct sweep *of;
	struct index_read *r;
	struct memory memory;
	struct actors actors;
	struct bits again;
	struct trace_names *names, own; /* the text of that number of them */
	struct stems stems;
	unsigned number;
	bool alone;
	unsigned steps;
	enum trace_cut cut;
	int err;
};

static int stop(struct part *p, enum trace_cut cut)
{
	p->cut = cut > p->cut ? cut : p->cut;
	return SY_EHALT;
}

static int step(struct part *p)
{
	const struct walk *w = p->of->w;

	return ++p->steps % w->every == 0 && walk_is_over(w) ? stop(p, TRACE_CUT_TIME) : SY_OK;
}

/* --- who and where --------------------------------------------------------------------------- */

static int meet(struct part *p, uint64_t id, uint64_t record, uint32_t i, bool place)
{
	struct trace_actor met = {id, record, i, place};
	int err = id == NO_ID ? SY_OK : actors_meet(&p->memory, &p->actors, &met);

	if (err == SY_ETOOBIG && p->alone) { /* what is left is told, but not who */
		stop(p, TRACE_CUT_SIZE);
		return SY_OK;
	}
	return err;
}

static int meet_all(struct part *p, const struct item_fact *f, uint64_t record, uint32_t i)
{
	bool packs = f->step == STEP_PACK || f->step == STEP_UNPACK;
	int err = meet(p, f->party, record, i, false);

	if (err == SY_OK && !packs)
		err = meet(p, f->other, record, i, false);
	return err ? err : meet(p, f->place, record, i, true);
}

/* --- one item -------------------------------------------------------------------------------- */

/* Does it say of both ends of a transformation that no other record shares? */
static bool says_all(const struct walk *w, const struct item_fact *f)
{
	return f->group == NO_ID && f->role == (unsigned)role_out_of(w) &&
	       (f->step == STEP_CONSUME || f->step == STEP_PRODUCE);
}

struct look {
	uint64_t first, registered; /* records, or NO_ID */
	bool packed, alone;
};

static int look_at(struct part *p, uint32_t i, const struct item_event *e, struct look *l)
{
	const struct walk *w = p->of->w;
	const struct trace_item *it = &w->items[i];
	bool node = it->edge == TRACE_TRANSFORM && (it->records[0] & ~NODE_BIT) == e->record;
	int err = SY_OK;

	if (l->first == NO_ID)
		l->first = e->record;
	if (l->registered == NO_ID && is_registration(e))
		l->registered = e->record;
	for (unsigned k = 0; k < e->n_facts && err == SY_OK; k++) {
		const struct item_fact *f = &e->facts[k];
		l->packed |= f->step == STEP_PACK && f->role == SY_ROLE_CHILD;
		if (!walk_within(w, f->time))
			continue;
		l->alone |= node && says_all(w, f);
		err = meet_all(p, f, e->record, i);
	}
	return err;
}

static int look(struct part *p, uint32_t i)
{
	struct walk *w = p->of->w;
	struct trace_item *it = &w->items[i];
	struct look l = {.first = NO_ID, .registered = NO_ID};
	struct item_event e;
	bool fresh;
	int err;

	for (uint64_t from = 0; (err = index_history_next(p->r, it->id, from, &e)) == SY_OK;
	     from = e.record + 1)
		if ((err = step(p)) || (is_in_force(&e) && (err = look_at(p, i, &e, &l))))
			return err;
	if (err != SY_ENOTFOUND)
		return err;
	if (l.packed || (it->edge == TRACE_TRANSFORM && !l.alone) ||
	    (it->edge == TRACE_MEMBER && w->ask->direction == INDEX_BACK)) {
		err = bits_room(&p->memory, &p->again, p->of->n);
		return err ? err : bits_add(&p->memory, &p->again, i, &fresh);
	}
	if (it->edge == TRACE_TRANSFORM)
		it->records[0] &= ~NODE_BIT;
	else if (it->edge != TRACE_CONTAIN)
		it->records[0] = l.registered != NO_ID ? l.registered : l.first;
	return SY_OK;
}

/* Erased ones have none. */
static int name(struct part *p, uint32_t i)
{
	struct sweep *s = p->of;
	struct sy_str code;

	if (s->at == NULL || p->names->gone)
		return SY_OK;
	s->at[i] = 0;
	int err = index_item_name(p->r, s->w->items[i].id, &code);
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	return names_add(&p->memory, p->names, &p->stems, p->number, code, &s->at[i]);
}

/* --- threads --------------------------------------------------------------------------------- */

/* Blocks until there are none.  Whoever can't go on ends it for both. */
static void take_blocks(struct part *p)
{
	struct sweep *s = p->of;
	size_t at;

	while (p->err == SY_OK && (at = atomic_fetch_add(&s->next, s->block)) < s->n) {
		size_t end = s->n - at < s->block ? s->n : at + s->block;
		for (size_t i = at; i < end && p->err == SY_OK; i++)
			p->err = look(p, s->order[i].from);
		for (size_t i = at; i < end && p->err == SY_OK; i++)
			p->err = name(p, s->order[i].from);
	}
	if (p->err)
		atomic_store(&s->next, s->n);
}

/* The second thread, unless something was committed since the walk began. */
static void *help(void *part)
{
	struct part *p = part;
	struct index_read r;

	if (index_read_begin(p->of->w->r->ix, &r))
		return NULL;
	p->r = &r;
	if (index_read_same(&r, p->of->w->r))
		take_blocks(p);
	index_read_end(&r);
	return NULL;
}

static void part_free(struct part *p)
{
	names_free(&p->memory, &p->own);
	p->memory.left +=
	    p->actors.cap * sizeof *p->actors.v + p->actors.n_slots * sizeof *p->actors.slots +
	    p->again.n_pages * sizeof *p->again.pages + p->again.cap_rows * sizeof *p->again.rows;
	actors_free(&p->actors);
	bits_free(&p->again);
}

/* What was found is the walk's. */
static int end_part(struct walk *w, struct part *p)
{
	w->memory = p->memory;
	w->actors = p->actors;
	w->again = p->again;
	if (p->err == SY_EHALT)
		return walk_stop(w, p->cut);
	if (p->cut)
		walk_stop(w, p->cut);
	return walk_room(w, p->err);
}

/* Of what no transformation made nothing is said so far. */
static void forget(struct walk *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (w->items[i].edge == TRACE_ASKED || w->items[i].edge == TRACE_MEMBER)
			w->items[i].records[0] = NO_ID;
}

static int sweep_alone(struct sweep *s)
{
	struct walk *w = s->w;
	struct part p = {.of = s,
			 .r = w->r,
			 .memory = w->memory,
			 .names = &w->names,
			 .alone = true,
			 .steps = w->steps};

	forget(w, s->n);
	atomic_store(&s->next, 0);
	take_blocks(&p);
	w->steps = p.steps;
	return end_part(w, &p);
}

/* A true error, if there is one; what was halted was so by both. */
static int err_of(const struct part *a, const struct part *b)
{
	if (b->err && (a->err == SY_OK || a->err == SY_EHALT))
		return b->err;
	return a->err;
}

/* The second's text is moved, so that it isn't given back with the part. */
static void join_names(struct sweep *s, struct part *mine, struct part *other)
{
	struct trace_names *names = &s->w->names;

	if (s->at == NULL || mine->own.gone || other->own.gone) {
		names_free(&mine->memory, &mine->own);
		names_free(&mine->memory, names);
		return;
	}
	names->text[0] = mine->own.text[0];
	names->text[1] = other->own.text[1];
	other->memory.left += names->text[1].cap;
	mine->memory.left -= names->text[1].cap;
	mine->own = other->own = (struct trace_names){0};
}

static int put_together(struct part *into, struct part *p)
{
	int err = actors_meet_all(&into->memory, &into->actors, &p->actors);

	if (err == SY_OK)
		err = bits_add_all(&into->memory, &into->again, &p->again);
	if (err == SY_OK)
		join_names(into->of, into, p);
	return err;
}

/*
 * Joins the second's part to the first's, where ALL bytes were given to both.  SY_ETOOBIG unless
 * there was so much room that one thread wouldn't have met the end of it either: then both are
 * undone.
 */
static int join(struct part *mine, struct part *other, size_t all)
{
	size_t used = all - mine->memory.left - other->memory.left - trace_names_bytes(&mine->own) -
		      trace_names_bytes(&other->own);
	int err = err_of(mine, other);

	mine->cut = mine->cut > other->cut ? mine->cut : other->cut;
	if ((err == SY_OK || err == SY_EHALT) && used > all / 4)
		err = SY_ETOOBIG;
	if (err == SY_OK || err == SY_EHALT) {
		int joined = put_together(mine, other);
		err = joined ? joined : err;
	}
	part_free(other);
	mine->memory.left += other->memory.left;
	if (err && err != SY_EHALT)
		part_free(mine);
	return err;
}

/* FALSE: there is no second thread, or not the memory for two. */
static bool sweep_together(struct sweep *s, int *err)
{
	struct walk *w = s->w;
	size_t all = w->memory.left;
	struct part mine = {.of = s, .r = w->r, .memory.left = all - all / 2, .steps = w->steps};
	struct part other = {.of = s, .memory.left = all / 2, .number = 1};
	pthread_t thread;

	forget(w, s->n);
	mine.memory.names = mine.names = &mine.own;
	other.memory.names = other.names = &other.own;
	if (pthread_create(&thread, NULL, help, &other))
		return false;
	take_blocks(&mine);
	pthread_join(thread, NULL);
	mine.err = join(&mine, &other, all);
	if (mine.err == SY_ETOOBIG)
		return false;
	mine.memory.names = w->memory.names;
	w->steps = mine.steps;
	*err = end_part(w, &mine);
	return true;
}

int sweep(struct walk *w, size_t n)
{
	struct via *order = (void *)w->spare; /* which has room for twice as many */
	size_t block = n / BLOCKS + 1;
	struct sweep s = {
	    .w = w, .order = order, .n = n, .block = block < BLOCK_MAX ? block : BLOCK_MAX};
	int err;

	for (size_t i = 0; i < n; i++)
		order[i] = (struct via){w->items[i].id, (uint32_t)i};
	trace_sort(order, n, sizeof *order, order + n);
	memory_idle(order + n, n * sizeof *order);
	memory_idle(w->vias, w->cap_vias * sizeof *w->vias);
	memory_idle(w->vias_spare, w->cap_vias_spare * sizeof *w->vias_spare);
	if (w->ask->named && (err = names_room(&w->memory, &w->names, n)))
		return err;
	if ((s.at = w->names.at) != NULL)
		w->memory.names = &w->names;
	if (w->ask->helped && w->ask->helped(w->ask->ctx, n) && sweep_together(&s, &err))
		return err;
	return sweep_alone(&s);
}
