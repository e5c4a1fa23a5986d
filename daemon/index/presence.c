#include "presence.h"

#include <stdlib.h>

/* Was it there just before TIME, or may it have been? */
static int stood(const struct presence_ask *ask, uint64_t id, int64_t time, bool *yes)
{
	struct item it;
	int err = ask->item(ask->source.ctx, id, &it);

	*yes = false;
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	sy_arena_reset(ask->arena);
	return custody_was_at(&ask->source, id, it.kind, &ask->where, time, ask->arena, yes);
}

static bool is_there(const struct presence_ask *ask, const struct item_fact *f)
{
	static const bool looks[STEP_COUNT] = {[STEP_OBSERVE] = true,
					       [STEP_HOLD] = true,
					       [STEP_RELEASE] = true,
					       [STEP_INSPECT] = true};

	return place_ids_has(&ask->where, f->place) ||
	       (!looks[f->step] && place_ids_has(&ask->where, f->party));
}

static bool within(const struct presence_ask *ask, int64_t time)
{
	return time >= ask->from && time <= ask->to;
}

int presence_find(const struct presence_ask *ask, uint64_t id, struct presence *out)
{
	bool before = false;
	struct item_event e;
	int err;

	*out = (struct presence){false, false};
	for (uint64_t from = 0; (err = ask->source.next(ask->source.ctx, id, from, &e)) == SY_OK;
	     from = e.record + 1)
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			const struct item_fact *f = &e.facts[i];
			if (!is_there(ask, f))
				continue;
			out->units |= f->role == FACT_MEMBER;
			out->there |= f->role != FACT_MEMBER && within(ask, f->time);
			before |= f->role != FACT_MEMBER && f->time < ask->from;
		}
	if (err != SY_ENOTFOUND)
		return err;
	return before && !out->there ? stood(ask, id, ask->from, &out->there) : SY_OK;
}

/* --- stays ----------------------------------------------------------------------------------- */

enum { SEEN_MAX = 64 }; /* events of a container in the time that are looked at one by one */

struct seen {
	int64_t time;
	bool there;
};
struct stays {
	struct seen v[SEEN_MAX];
	size_t n;
	bool more;
	/* The last of them, which isn't told yet: one that begins where it ends goes on. */
	bool any;
	int64_t from, to;
	int (*tell)(void *ctx, int64_t from, int64_t to);
	void *ctx;
};

static int by_time(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

static int read_seen(const struct presence_ask *ask, uint64_t id, struct stays *s)
{
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = ask->source.next(ask->source.ctx, id, from, &e)) == SY_OK;
	     from = e.record + 1)
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			if (!within(ask, e.facts[i].time))
				continue;
			if (s->n == SEEN_MAX) {
				s->more = true;
				return SY_OK;
			}
			s->v[s->n++] = (struct seen){e.facts[i].time, is_there(ask, &e.facts[i])};
		}
	qsort(s->v, s->n, sizeof *s->v, by_time);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int add(struct stays *s, int64_t from, int64_t to)
{
	int err = SY_OK;

	if (s->any && s->to >= from) {
		s->to = to > s->to ? to : s->to;
		return SY_OK;
	}
	if (s->any)
		err = s->tell(s->ctx, s->from, s->to);
	s->any = true;
	s->from = from;
	s->to = to;
	return err;
}

static int find_stays(const struct presence_ask *ask, uint64_t id, struct stays *s)
{
	int64_t since = ask->from;
	bool there = false;
	int err = since == INT64_MIN ? SY_OK : stood(ask, id, since, &there);

	for (size_t i = 0; i < s->n && err == SY_OK; i++) {
		int64_t time = s->v[i].time;
		if (there)
			err = add(s, since, time);
		if (err == SY_OK && s->v[i].there)
			err = add(s, time, time);
		if (err == SY_OK)
			err = stood(ask, id, time + 1, &there);
		since = time;
	}
	return err || !there ? err : add(s, since, ask->to);
}

int presence_stays(const struct presence_ask *ask, uint64_t id,
		   int (*stay)(void *ctx, int64_t from, int64_t to), void *ctx)
{
	struct stays s = {.tell = stay, .ctx = ctx};
	int err = read_seen(ask, id, &s);

	if (err == SY_OK)
		err = s.more ? add(&s, ask->from, ask->to) : find_stays(ask, id, &s);
	return err || !s.any ? err : s.tell(s.ctx, s.from, s.to);
}
