#include "walk.h"

#include <stdlib.h>

enum { SPARE_KEPT = 4096 }; /* lines */

/*
 * Who lay in a container that is itself in question, and when.
 *
 * A child comes with its packing and goes with its own unpacking or when all is taken out,
 * whichever is first; packed again meanwhile, it was there already.  Events of one time follow
 * each other as they were recorded.
 */

/* Is that time of the container within one for which it was or will be opened? */
static bool asked_before(const struct walk *w, uint64_t id, int64_t from, int64_t to)
{
	if (!bits_has(&w->opened, id))
		return false;
	for (size_t i = 0; i < w->openings.n; i++) {
		const struct trace_opening *o = &w->openings.v[i];
		if (o->id == id && o->from <= from && o->to >= to)
			return true;
	}
	return false;
}

int contents_question(struct walk *w, uint64_t id, int64_t from, int64_t to)
{
	struct openings *all = &w->openings;
	struct content c = {0};
	bool fresh;
	int err = index_contents_next(w->r, id, &c);

	if (err || asked_before(w, id, from, to))
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((err = bits_add(&w->memory, &w->opened, id, &fresh)) == SY_OK)
		err = memory_room(&w->memory, &all->v, &all->cap, all->n + 1, sizeof *all->v);
	if (err == SY_OK)
		all->v[all->n++] = (struct trace_opening){id, from, to};
	return walk_room(w, err);
}

/* --- one container --------------------------------------------------------------------------- */

int contents_cleared(struct walk *w, const struct content *c)
{
	int err = memory_room(&w->memory, &w->cleared, &w->cap_cleared, w->n_cleared + 1,
			      sizeof *w->cleared);

	if (err == SY_OK)
		w->cleared[w->n_cleared++] = (struct line){NO_ID, c->time, c->record, false};
	return walk_room(w, err);
}

static int add_line(struct walk *w, const struct content *c, bool *sorted)
{
	struct line line = {c->child, c->time, c->record, c->added};
	const size_t size = sizeof line;
	int err;

	if (c->child == NO_ID)
		return contents_cleared(w, c);
	err = memory_room(&w->memory, &w->lines, &w->cap_lines, w->n_lines + 1, size);
	if (err)
		return walk_room(w, err);
	*sorted &= w->n_lines == 0 || w->lines[w->n_lines - 1].child <= line.child;
	w->lines[w->n_lines++] = line;
	return SY_OK;
}

/* Mostly things were named first in the order in which they were packed, and lie so. */
static int sort_lines(struct walk *w)
{
	const size_t size = sizeof *w->lines;
	int err = memory_spare(&w->memory, &w->lines_spare, &w->cap_lines_spare, w->n_lines, size);

	if (err)
		return walk_room(w, err);
	trace_sort(w->lines, w->n_lines, size, w->lines_spare);
	if (w->cap_lines_spare > SPARE_KEPT) { /* what lies in a hub needs the room */
		w->memory.left += w->cap_lines_spare * size;
		free(w->lines_spare);
		w->lines_spare = NULL;
		w->cap_lines_spare = 0;
	}
	return SY_OK;
}

static int read_lines(struct walk *w, uint64_t container)
{
	struct content c = {0};
	bool sorted = true;
	int err;

	w->n_lines = w->n_cleared = 0;
	w->cleared_of = NO_ID;
	while ((err = index_contents_next(w->r, container, &c)) == SY_OK)
		if ((err = walk_step(w)) || (err = add_line(w, &c, &sorted)))
			return err;
	if (err != SY_ENOTFOUND)
		return err;
	return sorted ? SY_OK : sort_lines(w);
}

static bool comes_after(const struct line *a, const struct line *b)
{
	return a->time != b->time ? a->time > b->time : a->record > b->record;
}

/* When all was taken out for the first time after LINE; NULL for never. */
static const struct line *cleared_after(const struct walk *w, const struct line *line)
{
	size_t low = 0, high = w->n_cleared;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (comes_after(&w->cleared[middle], line))
			high = middle;
		else
			low = middle + 1;
	}
	return low < w->n_cleared ? &w->cleared[low] : NULL;
}

/* The container at hand, for the time of its opening. */
struct opened {
	struct trace_opening o;
	uint32_t item;
};

/* Of a child that is itself a container more may have lain in it at that other time, even where it
 * was reached in another way. */
static int stay_left_out(struct walk *w, uint64_t child)
{
	struct content c = {0};
	int err = index_contents_next(w->r, child, &c);

	if (err == SY_OK)
		w->outside = true;
	return err == SY_ENOTFOUND ? walk_left_out(w, child) : err;
}

/* A child lay in it from its packing IN until OUT, NULL for ever. */
static int stayed(struct walk *w, const struct opened *c, const struct line *in,
		  const struct line *out)
{
	int64_t went = out ? out->time : INT64_MAX;
	int err;

	/* For the time that was asked for, or for that of a container around it? */
	if (in->time > c->o.to)
		return c->o.to == w->ask->to ? stay_left_out(w, in->child) : SY_OK;
	if (went < c->o.from)
		return c->o.from == w->ask->from ? stay_left_out(w, in->child) : SY_OK;
	if ((err = walk_reach(w, in->child, c->item, TRACE_CONTAIN, in->record)))
		return err;
	return contents_question(w, in->child, in->time > c->o.from ? in->time : c->o.from,
				 went < c->o.to ? went : c->o.to);
}

/* The stays of one child, from its N lines. */
static int stays(struct walk *w, const struct opened *c, const struct line *lines, size_t n)
{
	const struct line *in = NULL, *out = NULL;
	int err = SY_OK;

	for (size_t i = 0; i < n && err == SY_OK; i++) {
		const struct line *line = &lines[i];
		if (in && out && comes_after(line, out)) {
			err = stayed(w, c, in, out);
			in = NULL;
		}
		if (in && !line->added && err == SY_OK) {
			err = stayed(w, c, in, line);
			in = NULL;
		} else if (in == NULL && line->added) {
			in = line;
			out = cleared_after(w, line);
		}
	}
	return err || in == NULL ? err : stayed(w, c, in, out);
}

static int open_one(struct walk *w, const struct trace_opening *o)
{
	struct opened c = {*o, walk_find(w, o->id)};
	int err = read_lines(w, o->id);

	for (size_t i = 0, end; i < w->n_lines && err == SY_OK; i = end) {
		for (end = i + 1; end < w->n_lines && w->lines[end].child == w->lines[i].child;)
			end++;
		err = stays(w, &c, w->lines + i, end - i);
	}
	return err;
}

int contents_open(struct walk *w)
{
	size_t end = w->openings.n; /* those that this adds come with the next level */
	int err = SY_OK;

	for (; w->openings.done < end && err == SY_OK; w->openings.done++) {
		struct trace_opening o = w->openings.v[w->openings.done];
		err = open_one(w, &o);
	}
	return err;
}
