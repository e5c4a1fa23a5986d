#include "walk.h"

#include <stdlib.h>
#include <time.h>

const char *trace_edge_name(enum trace_edge e)
{
	static const char *const names[] = {NULL, "transform", "member", "contain"};

	return names[e];
}

const char *trace_cut_name(enum trace_cut c)
{
	static const char *const names[] = {NULL, "depth", "size", "time"};

	return names[c];
}

enum { LOOK_EVERY = 1024 };

/* --- bounds ---------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int walk_stop(struct walk *w, enum trace_cut cut)
{
	w->cut = cut > w->cut ? cut : w->cut;
	return SY_EHALT;
}

bool walk_is_over(const struct walk *w)
{
	return now_ms() >= w->due || (w->ask->stopped && w->ask->stopped(w->ask->ctx));
}

int walk_look_up(struct walk *w)
{
	return walk_is_over(w) ? walk_stop(w, TRACE_CUT_TIME) : SY_OK;
}

int walk_room(struct walk *w, int err)
{
	return err == SY_ETOOBIG ? walk_stop(w, TRACE_CUT_SIZE) : err;
}

int walk_left_out(struct walk *w, uint64_t id)
{
	int err = memory_room(&w->memory, &w->left, &w->cap_left, w->n_left + 1, sizeof *w->left);

	if (err == SY_OK)
		w->left[w->n_left++] = id;
	return walk_room(w, err);
}

/* What was left out may have been reached in another way. */
static void look_outside(struct walk *w)
{
	for (size_t i = 0; i < w->n_left && !w->outside; i++) {
		uint64_t id = w->left[i];
		w->outside = !bits_has(id & NODE_BIT ? &w->nodes : &w->seen, id & ~NODE_BIT);
	}
	w->n_left = 0;
}

/* --- items of the next level ----------------------------------------------------------------- */

static int items_room(struct walk *w, size_t need)
{
	const size_t size = sizeof *w->items;
	int err;

	if (need <= w->cap && w->cap <= w->cap_spare)
		return SY_OK;
	if (need >= TRACE_NONE)
		return walk_stop(w, TRACE_CUT_SIZE);
	err = memory_room(&w->memory, &w->items, &w->cap, need, size);
	if (err == SY_OK)
		err = memory_spare(&w->memory, &w->spare, &w->cap_spare, w->cap, size);
	return walk_room(w, err);
}

int walk_add(struct walk *w, uint64_t id, uint32_t from, enum trace_edge edge, uint64_t node)
{
	int err = items_room(w, w->n + 1);

	if (err == SY_OK)
		w->items[w->n++] = (struct trace_item){.id = id,
						       .records = {node, NO_ID},
						       .from = from,
						       .distance = w->level,
						       .edge = edge};
	return err;
}

int walk_reach(struct walk *w, uint64_t id, uint32_t from, enum trace_edge edge, uint64_t node)
{
	bool fresh = true;
	int err = walk_step(w);

	if (err)
		return err;
	/* One that is too far may yet be told as a container of something nearer. */
	if (w->level > w->ask->depth && !w->windowed)
		return bits_has(&w->seen, id) ? SY_OK : walk_stop(w, TRACE_CUT_DEPTH);
	/* What lies out of the time asked for isn't reached, which is looked up later, in order. */
	if (!w->windowed)
		err = walk_room(w, bits_add(&w->memory, &w->seen, id, &fresh));
	if (err || !fresh)
		return err;
	return walk_add(w, id, from, edge, node);
}

uint32_t walk_find(const struct walk *w, uint64_t id)
{
	for (size_t level = w->n_levels - 1; level-- > 0;) {
		uint32_t low = w->levels[level], end = w->levels[level + 1], high = end;
		while (low < high) {
			uint32_t middle = low + (high - low) / 2;
			if (w->items[middle].id < id)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < end && w->items[low].id == id)
			return low;
	}
	return TRACE_NONE;
}

/* Of what may have been reached, what was reached in the time asked for, each once. */
static int settle(struct walk *w, size_t begin)
{
	size_t n = begin;
	int err = SY_OK;

	for (size_t i = begin; i < w->n && err == SY_OK; i++) {
		struct trace_item *it = &w->items[i];
		uint64_t record = 0;
		bool fresh;
		if (bits_has(&w->seen, it->id))
			continue;
		if (it->edge == TRACE_TRANSFORM)
			err = record_said(w, it->id, role_out_of(w), it->records[0], &record);
		if (err == SY_OK && record == NO_ID)
			err = walk_left_out(w, it->id);
		if (err || record == NO_ID)
			continue;
		if (w->level > w->ask->depth)
			err = walk_stop(w, TRACE_CUT_DEPTH);
		else
			err = walk_room(w, bits_add(&w->memory, &w->seen, it->id, &fresh));
		if (err == SY_OK)
			w->items[n++] = *it;
	}
	w->n = n;
	return err;
}

static int begin_level(struct walk *w)
{
	int err =
	    memory_room(&w->memory, &w->levels, &w->cap_levels, w->n_levels + 1, sizeof *w->levels);

	if (err)
		return walk_room(w, err);
	w->levels[w->n_levels++] = (uint32_t)w->n;
	return SY_OK;
}

static int end_level(struct walk *w, size_t begin)
{
	trace_sort(w->items + begin, w->n - begin, sizeof *w->items, w->spare);
	return w->windowed ? settle(w, begin) : SY_OK;
}

/* --- the walk -------------------------------------------------------------------------------- */

static int start(struct walk *w)
{
	bool fresh;
	int err = begin_level(w);

	for (size_t i = 0; i < w->ask->n_start && err == SY_OK; i++) {
		uint64_t id = w->ask->start[i];
		if ((err = walk_room(w, bits_add(&w->memory, &w->seen, id, &fresh))) || !fresh)
			continue;
		if ((err = walk_add(w, id, TRACE_NONE, TRACE_ASKED, NO_ID)))
			break;
		if (w->ask->openings == NULL)
			err = contents_question(w, id, w->ask->from, w->ask->to);
	}
	for (size_t i = 0; i < w->ask->n_openings && err == SY_OK; i++) {
		const struct trace_opening *o = &w->ask->openings[i];
		err = contents_question(w, o->id, o->from, o->to);
	}
	trace_sort(w->items, w->n, sizeof *w->items, w->spare);
	return err;
}

static int walk(struct walk *w)
{
	int err = start(w);

	for (size_t begin = 0;
	     err == SY_OK && (begin < w->n || w->openings.n > w->openings.done);) {
		size_t end = w->n;
		if ((err = begin_level(w)))
			break;
		if ((err = follow_level(w, begin, end)) == SY_OK || err == SY_EHALT) {
			int ended = end_level(w, end);
			err = err ? err : ended;
		}
		begin = end;
	}
	return err;
}

static void walk_free(struct walk *w)
{
	bits_free(&w->seen);
	bits_free(&w->nodes);
	bits_free(&w->opened);
	bits_free(&w->again);
	actors_free(&w->actors);
	names_free(&w->memory, &w->names);
	free(w->items);
	free(w->spare);
	free(w->levels);
	free(w->vias);
	free(w->vias_spare);
	free(w->openings.v);
	free(w->lines);
	free(w->lines_spare);
	free(w->cleared);
	free(w->left);
}

int trace_walk(struct index_read *r, const struct trace_ask *ask, struct trace *out)
{
	uint64_t began = now_ms();
	struct walk w = {.r = r,
			 .ask = ask,
			 .memory = {.left = ask->bytes},
			 .windowed = ask->from != INT64_MIN || ask->to != INT64_MAX,
			 .every = ask->every ? ask->every : LOOK_EVERY,
			 .due = began + ask->ms / 2, /* and as much to say what was found */
			 .said_node = NO_ID,
			 .cleared_of = NO_ID};
	int err = walk(&w);

	packed_free(&w.memory, &w.packed);
	*out = (struct trace){0};
	w.due = began + ask->ms;
	w.n_walked = w.n;
	look_outside(&w); /* before containers are told, which aren't walked through */
	if ((err == SY_OK || err == SY_EHALT) && !ask->bare)
		err = say_all(&w);
	look_outside(&w);
	if (err == SY_OK || err == SY_EHALT) {
		*out = (struct trace){.items = w.items,
				      .n = w.n,
				      .n_told = w.n - w.n_walked,
				      .actors = w.actors.v,
				      .n_actors = w.actors.n,
				      .names = w.names,
				      .cut = w.cut};
		if (w.cut == TRACE_WHOLE && w.outside) {
			out->cut = TRACE_CUT_TIME;
			out->outside = true;
		}
		w.items = NULL;
		w.actors.v = NULL;
		w.names = (struct trace_names){0};
		err = SY_OK;
	}
	walk_free(&w);
	return err;
}

void trace_free(struct trace *t)
{
	free(t->items);
	free(t->actors);
	names_free(&(struct memory){0}, &t->names);
	*t = (struct trace){0};
}
