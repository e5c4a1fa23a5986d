#include "affected_impl.h"

#include <stdlib.h>
#include <time.h>

enum { STEPS = 64 }; /* between two looks at the clock */

/* --- bounds ---------------------------------------------------------------------------------- */

uint64_t affected_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int search_stop(struct search *s, enum trace_cut cut)
{
	s->out->cut = cut > s->out->cut ? cut : s->out->cut;
	return SY_EHALT;
}

int search_step(struct search *s)
{
	if (++s->steps % STEPS)
		return SY_OK;
	if (affected_now() >= s->due || (s->ask->stopped && s->ask->stopped(s->ask->ctx)))
		return search_stop(s, TRACE_CUT_TIME);
	return SY_OK;
}

int search_room(struct search *s, void *p, size_t *cap, size_t need, size_t size)
{
	size_t grown = *cap * 2 < 64 ? 64 : *cap * 2;
	void *old, *fresh;

	if (need <= *cap)
		return SY_OK;
	if (grown < need)
		grown = need;
	if ((grown - *cap) > s->left / size)
		grown = need; /* what is left, rather than nothing */
	if ((grown - *cap) > s->left / size)
		return search_stop(s, TRACE_CUT_SIZE);
	memcpy(&old, p, sizeof old);
	if ((fresh = realloc(old, grown * size)) == NULL)
		return SY_ENOMEM;
	memcpy(p, &fresh, sizeof fresh);
	s->left -= (grown - *cap) * size;
	*cap = grown;
	return SY_OK;
}

/* --- ids ------------------------------------------------------------------------------------- */

int search_add(struct search *s, struct ids *ids, uint64_t id)
{
	int err = search_room(s, &ids->v, &ids->cap, ids->n + 1, sizeof *ids->v);

	if (err == SY_OK)
		ids->v[ids->n++] = id;
	return err;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void search_sort(struct ids *ids)
{
	size_t n = 0;

	if (ids->n)
		qsort(ids->v, ids->n, sizeof *ids->v, by_id);
	for (size_t i = 0; i < ids->n; i++)
		if (n == 0 || ids->v[n - 1] != ids->v[i])
			ids->v[n++] = ids->v[i];
	ids->n = n;
}

/* --- walks ----------------------------------------------------------------------------------- */

/* What one walk found stays counted as taken; what it used meanwhile doesn't. */
static int walk(struct search *s, int64_t from, bool opens, struct trace *found)
{
	static const struct trace_opening none;
	uint64_t now = affected_now(), until = s->began + s->ask->ms / 3 * 2;
	struct trace_ask ask = {.direction = INDEX_FORWARD,
				.start = s->starts.v,
				.n_start = s->starts.n,
				.depth = s->ask->depth,
				.from = from,
				.to = INT64_MAX,
				.openings = s->openings ? s->openings
					    : opens     ? NULL
							: &none,
				.n_openings = s->n_openings,
				.bytes = s->left,
				.ms = now < until ? (unsigned)(until - now) : 0,
				.stopped = s->ask->stopped,
				.ctx = s->ask->ctx};
	int err = trace_walk(s->r, &ask, found);

	if (err)
		return err;
	found->n -= found->n_told;
	size_t took = found->n * sizeof *found->items;
	s->left -= took < s->left ? took : s->left;
	/* What lay out of the time asked for was never in question. */
	if (found->cut != TRACE_WHOLE && !found->outside)
		(void)search_stop(s, found->cut);
	return SY_OK;
}

struct place_of {
	uint64_t id;
	uint32_t at;
};

static uint32_t place_in(const struct place_of *v, size_t n, uint64_t id)
{
	const struct place_of *at =
	    n ? bsearch(&(struct place_of){id, 0}, v, n, sizeof *v, by_id) : NULL;

	return at ? at->at : TRACE_NONE;
}

/* What the second walk found behind what the first did, without what is there already. */
static int join_found(struct trace *a, const struct trace *b, struct place_of *had, uint32_t *moved)
{
	struct trace_item *all = realloc(a->items, (a->n + b->n) * sizeof *all);
	size_t n = a->n;

	if (all == NULL)
		return SY_ENOMEM;
	a->items = all;
	for (size_t i = 0; i < a->n; i++)
		had[i] = (struct place_of){all[i].id, (uint32_t)i};
	qsort(had, a->n, sizeof *had, by_id);
	for (size_t i = 0; i < b->n; i++) {
		moved[i] = place_in(had, a->n, b->items[i].id);
		if (moved[i] != TRACE_NONE)
			continue;
		moved[i] = (uint32_t)n;
		all[n] = b->items[i];
		if (all[n].from != TRACE_NONE)
			all[n].from = moved[all[n].from];
		n++;
	}
	a->n = n;
	return SY_OK;
}

static int join(struct trace *a, struct trace *b)
{
	struct place_of *had = NULL;
	uint32_t *moved = NULL;
	int err = SY_OK;

	if (b->n == 0)
		return SY_OK;
	if (a->n == 0) {
		struct trace t = *a;
		*a = *b;
		*b = t;
		return SY_OK;
	}
	had = malloc(a->n * sizeof *had);
	moved = malloc(b->n * sizeof *moved);
	err = had && moved ? join_found(a, b, had, moved) : SY_ENOMEM;
	free(had);
	free(moved);
	return err;
}

/* What is named itself, and a product's. */
static int walk_named(struct search *s, struct trace *found)
{
	int err = SY_OK;

	for (size_t i = 0; i < s->ask->n_items && err == SY_OK; i++)
		err = search_add(s, &s->starts, s->ask->items[i]);
	if (err == SY_OK && s->ask->product.n)
		err = starts_of_product(s);
	if (err && err != SY_EHALT)
		return err;
	search_sort(&s->starts);
	return s->starts.n ? walk(s, INT64_MIN, true, found) : SY_OK;
}

/* What was somewhere in a time. */
static int walk_timed(struct search *s, struct trace *found)
{
	int err = SY_OK;

	s->starts.n = 0;
	if (s->ask->n_containers)
		err = starts_of_containers(s);
	if (err == SY_OK && s->ask->place.n)
		err = starts_of_place(s);
	if (err && err != SY_EHALT)
		return err;
	search_sort(&s->starts);
	return s->starts.n ? walk(s, s->ask->from, false, found) : SY_OK;
}

static int find(struct search *s, struct trace found[2])
{
	int err = walk_named(s, &found[0]);

	if (err == SY_OK)
		err = walk_timed(s, &found[1]);
	if (err == SY_OK)
		err = join(&found[0], &found[1]);
	if (err)
		return err;
	s->due = s->began + s->ask->ms;
	s->out->items = found[0].items;
	s->out->n = found[0].n;
	found[0].items = NULL;
	return holders_find(s);
}

int affected_find(struct index_read *r, const struct affected_ask *ask, struct affected *out)
{
	struct search s = {
	    .r = r, .ask = ask, .out = out, .left = ask->bytes, .began = affected_now()};
	struct trace found[2] = {{0}};
	int err;

	s.due = s.began + ask->ms / 3;
	*out = (struct affected){.entries = r->position, .time = r->time};
	err = find(&s, found);
	trace_free(&found[0]);
	trace_free(&found[1]);
	free(s.starts.v);
	free(s.openings);
	free(s.lots.v);
	free(s.totals.slots);
	sy_arena_free(&s.arena);
	out->totals = s.totals.v;
	out->n_totals = s.totals.n;
	out->consignees = s.consignees.v;
	out->n_consignees = s.consignees.n;
	if (err)
		affected_free(out);
	return err;
}

size_t affected_bytes(const struct affected *a)
{
	return a->n * (sizeof *a->items + sizeof *a->ends) + (a->n ? a->ends[a->n - 1] : 0) +
	       a->n_totals * sizeof *a->totals + a->n_consignees * sizeof *a->consignees;
}

void affected_free(struct affected *a)
{
	free(a->items);
	free(a->totals);
	free(a->consignees);
	free(a->packed);
	free(a->ends);
	*a = (struct affected){0};
}
