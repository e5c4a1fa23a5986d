#include "affected_impl.h"

#include "index/presence.h"

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
	uint64_t id;
	int err = index_item_id(s->r, ask->product, &id);

	/* What goes by its product alone may be any of it. */
	if (err != SY_ENOTFOUND) {
		s->out->undated += bounded;
		if (err || (err = search_add(s, &s->starts, id)))
			return err;
	}
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
	struct search *s = ctx;
	int err = search_step(s);

	return err ? err : index_history_next(s->r, item, from, out);
}

static int item_of(void *ctx, uint64_t id, struct item *out)
{
	struct search *s = ctx;

	return index_item(s->r, id, out);
}

static struct presence_ask at_the_place(struct search *s)
{
	return (struct presence_ask){.source = {next_of, s},
				     .item = item_of,
				     .where = s->ask->place,
				     .from = s->ask->from,
				     .to = s->ask->to,
				     .arena = &s->arena};
}

static int open_for(struct search *s, uint64_t id, int64_t from, int64_t to)
{
	int err =
	    search_room(s, &s->openings, &s->cap_openings, s->n_openings + 1, sizeof *s->openings);

	if (err == SY_OK)
		s->openings[s->n_openings++] = (struct trace_opening){id, from, to};
	return err;
}

struct stay {
	struct search *s;
	uint64_t id;
};

static int open_stay(void *ctx, int64_t from, int64_t to)
{
	const struct stay *stay = ctx;

	return open_for(stay->s, stay->id, from, to);
}

/* What lay in it while it was there. */
static int open_there(struct search *s, uint64_t id)
{
	struct presence_ask ask = at_the_place(s);
	struct stay stay = {s, id};
	struct content c = {0};
	int err = index_contents_next(s->r, id, &c);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	return presence_stays(&ask, id, open_stay, &stay);
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

static int start_there(struct search *s, uint64_t id, struct presence *p);

static int units_there(struct search *s, uint64_t lot)
{
	struct sy_str ids;
	struct presence p;
	int err;

	for (bool first = true; (err = index_edges(s->r, INDEX_FORWARD, lot, first, &ids)) == SY_OK;
	     first = false)
		for (size_t at = 0; at < ids.n; at += 8) {
			uint64_t unit = sy_get64((const uint8_t *)ids.p + at);
			if (!(unit & NODE_BIT) && (err = start_there(s, unit, &p)))
				return err;
		}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* A start, when it was there. */
static int start_there(struct search *s, uint64_t id, struct presence *p)
{
	struct presence_ask ask = at_the_place(s);
	int err = presence_find(&ask, id, p);

	if (err || !p->there)
		return err;
	err = search_add(s, &s->starts, id);
	return err ? err : open_there(s, id);
}

/* What any record names at the place, each once: there are as many visits as there were events. */
static int visitors(struct search *s, uint64_t actor, struct ids *all)
{
	uint64_t record = 0, item = 0;
	size_t settled = all->n;
	int err;

	while ((err = index_visits_next(s->r, actor, &record, &item)) == SY_OK) {
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
	struct presence p;
	int err = SY_OK;

	for (size_t i = 0; i < s->ask->place.n && err == SY_OK; i++)
		err = visitors(s, s->ask->place.v[i], &all);
	for (size_t i = 0; i < all.n && err == SY_OK; i++) {
		err = start_there(s, all.v[i], &p);
		if (err == SY_OK && p.units)
			err = units_there(s, all.v[i]);
	}
	free(all.v);
	s->left += all.cap * sizeof *all.v;
	return err;
}
