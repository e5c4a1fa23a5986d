#include "affected_impl.h"

#include <suyuan/time.h>

#include <stdlib.h>

/*
 * What is in question by its product and days, by a place and a time, by containers.
 */

/* --- a product's ----------------------------------------------------------------------------- */

int starts_of_product(struct search *s)
{
	const struct affected_ask *ask = s->ask;
	bool bounded = ask->made_from != SY_NO_DAY || ask->made_to != SY_NO_DAY;
	struct sy_str after = SY_STR(""), code;
	struct item it;
	int err;

	while ((err = index_item_next(s->r, ask->product, after, &code, &it)) == SY_OK) {
		int32_t day = it.made != SY_NO_DAY ? it.made : it.harvested;
		after = code;
		if ((err = search_step(s)))
			return err;
		/* A unit goes by its lot; what nobody knows the day of may be meant. */
		if (bounded && day == SY_NO_DAY && it.lot != NO_ID)
			continue;
		if (bounded && day == SY_NO_DAY)
			s->out->undated++;
		else if (bounded && ((ask->made_from != SY_NO_DAY && day < ask->made_from) ||
				     (ask->made_to != SY_NO_DAY && day > ask->made_to)))
			continue;
		if ((err = search_add(s, &s->starts, it.id)))
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* --- presence -------------------------------------------------------------------------------- */

static int next_of(void *ctx, uint64_t item, uint64_t from, struct item_event *out)
{
	return index_history_next(ctx, item, from, out);
}

/* Was it at the place just before TIME, or may it have been? */
static int stood(struct search *s, const struct item *it, int64_t time, bool *yes)
{
	struct custody_source source = {next_of, s->r};

	sy_arena_reset(&s->arena);
	return custody_was_at(&source, it->id, it->kind, s->ask->place, time, &s->arena, yes);
}

/* Does the fact say that the item was at the place?  A party has what it does something with, but
 * for what it only looks at. */
static bool is_there(const struct search *s, const struct item_fact *f)
{
	static const bool looks[STEP_COUNT] = {[STEP_OBSERVE] = true,
					       [STEP_HOLD] = true,
					       [STEP_RELEASE] = true,
					       [STEP_INSPECT] = true};

	return f->place == s->ask->place || (f->party == s->ask->place && !looks[f->step]);
}

static bool within(const struct search *s, int64_t time)
{
	return time >= s->ask->from && time <= s->ask->to;
}

/* What an item's own history says of the place. */
struct told {
	bool within, before; /* it was named there in the time asked for; before it */
	bool units;          /* units of it were */
};

static int read_told(struct search *s, uint64_t item, struct told *t)
{
	struct item_event e;
	int err;

	*t = (struct told){0};
	for (uint64_t from = 0; (err = index_history_next(s->r, item, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if ((err = search_step(s)))
			return err;
		if (e.error || e.withdrawn)
			continue;
		for (unsigned i = 0; i < e.n_facts; i++) {
			const struct item_fact *f = &e.facts[i];
			if (!is_there(s, f))
				continue;
			t->units |= f->role == FACT_MEMBER;
			t->within |= f->role != FACT_MEMBER && within(s, f->time);
			t->before |= f->role != FACT_MEMBER && f->time < s->ask->from;
		}
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* --- stays of a container -------------------------------------------------------------------- */

enum { STAYS_MAX = 64 }; /* events of a container in the time that are looked at one by one */

struct seen {
	int64_t time;
	bool there;
};
struct stays {
	struct seen v[STAYS_MAX];
	size_t n;
	bool more;
};

static int by_time(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

static int read_stays(struct search *s, uint64_t container, struct stays *t)
{
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = index_history_next(s->r, container, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if ((err = search_step(s)))
			return err;
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			if (!within(s, e.facts[i].time))
				continue;
			if (t->n == STAYS_MAX) {
				t->more = true;
				return SY_OK;
			}
			t->v[t->n++] = (struct seen){e.facts[i].time, is_there(s, &e.facts[i])};
		}
	}
	qsort(t->v, t->n, sizeof *t->v, by_time);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int open_for(struct search *s, uint64_t id, int64_t from, int64_t to)
{
	struct trace_opening *last = s->n_openings ? &s->openings[s->n_openings - 1] : NULL;
	int err;

	if (last && last->id == id && last->to >= from) {
		last->to = to > last->to ? to : last->to;
		return SY_OK;
	}
	err =
	    search_room(s, &s->openings, &s->cap_openings, s->n_openings + 1, sizeof *s->openings);
	if (err == SY_OK)
		s->openings[s->n_openings++] = (struct trace_opening){id, from, to};
	return err;
}

/* From each of its events in the time to the next one it stood there or it didn't. */
static int open_stays(struct search *s, const struct item *it, const struct stays *t)
{
	int64_t since = s->ask->from;
	bool there = false;
	int err = since == INT64_MIN ? SY_OK : stood(s, it, since, &there);

	for (size_t i = 0; i < t->n && err == SY_OK; i++) {
		int64_t time = t->v[i].time;
		if (there)
			err = open_for(s, it->id, since, time);
		if (err == SY_OK && t->v[i].there)
			err = open_for(s, it->id, time, time);
		if (err == SY_OK)
			err = stood(s, it, time + 1, &there);
		since = time;
	}
	return err || !there ? err : open_for(s, it->id, since, s->ask->to);
}

/* What lay in it while it was there. */
static int open_there(struct search *s, const struct item *it)
{
	struct stays t = {.n = 0};
	struct content c = {0};
	int err = index_contents_next(s->r, it->id, &c);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((err = read_stays(s, it->id, &t)))
		return err;
	return t.more ? open_for(s, it->id, s->ask->from, s->ask->to) : open_stays(s, it, &t);
}

int starts_of_containers(struct search *s)
{
	int err = SY_OK;

	for (size_t i = 0; i < s->ask->n_containers && err == SY_OK; i++) {
		uint64_t id = s->ask->containers[i];
		if ((err = search_add(s, &s->starts, id)) == SY_OK)
			err = open_for(s, id, s->ask->from, s->ask->to);
	}
	return err;
}

/* --- a place --------------------------------------------------------------------------------- */

static int start_there(struct search *s, uint64_t id, struct told *t);

static int units_there(struct search *s, uint64_t lot)
{
	struct sy_str ids;
	struct told t;
	int err;

	for (bool first = true; (err = index_edges(s->r, INDEX_FORWARD, lot, first, &ids)) == SY_OK;
	     first = false)
		for (size_t at = 0; at < ids.n; at += 8) {
			uint64_t unit = sy_get64((const uint8_t *)ids.p + at);
			if (!(unit & NODE_BIT) && (err = start_there(s, unit, &t)))
				return err;
		}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* A start, when it was there. */
static int start_there(struct search *s, uint64_t id, struct told *t)
{
	bool there;
	struct item it;
	int err = read_told(s, id, t);

	there = t->within;
	if (err == SY_OK && (err = index_item(s->r, id, &it)) == SY_ENOTFOUND)
		return SY_OK;
	if (err == SY_OK && !there && t->before)
		err = stood(s, &it, s->ask->from, &there);
	if (err || !there)
		return err;
	err = search_add(s, &s->starts, id);
	return err ? err : open_there(s, &it);
}

/* What any record names at the place, each once: there are as many visits as there were events. */
static int visitors(struct search *s, struct ids *all)
{
	uint64_t record = 0, item = 0;
	size_t settled = 0;
	int err;

	while ((err = index_visits_next(s->r, s->ask->place, &record, &item)) == SY_OK) {
		if ((err = search_step(s)))
			return err;
		if (all->n == all->cap && all->n >= 2 * settled) {
			search_sort(all);
			settled = all->n;
		}
		if ((err = search_add(s, all, item)))
			return err;
		item++;
	}
	search_sort(all);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int starts_of_place(struct search *s)
{
	struct ids all = {0};
	struct told t;
	int err = visitors(s, &all);

	for (size_t i = 0; i < all.n && err == SY_OK; i++) {
		err = start_there(s, all.v[i], &t);
		if (err == SY_OK && t.units)
			err = units_there(s, all.v[i]);
	}
	free(all.v);
	s->left += all.cap * sizeof *all.v;
	return err;
}
