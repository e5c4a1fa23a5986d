#include "common_impl.h"

#include <suyuan/arena.h>

#include <stdlib.h>
#include <time.h>

/* Scores, and the rows that have the best. */

/* What is counted of a thing, a party or a place. */
struct tally {
	int64_t weight;
	uint64_t distance;
	uint32_t complaints, good;
};

/* A row to be; WHICH tally it is. */
struct candidate {
	struct sy_str code;
	struct tally tally;
	uint32_t which;
	enum common_kind kind;
};

struct ranking {
	struct graph *g;
	struct tour tour;
	struct tally *tallies; /* of things, then of actors as tour.actors */
	struct mark *kept;     /* those of each code, where there is memory for so many */
	size_t n;
	struct candidate *candidates;
	size_t n_candidates;
	uint32_t n_counted; /* codes */
	struct sy_arena arena;
};

/* --- counting -------------------------------------------------------------------------------- */

static enum common_kind kind_of(const struct ranking *k, size_t which)
{
	size_t things = k->g->things.n;

	if (which < things)
		return COMMON_ITEM;
	return (which - things) % 2 ? COMMON_PLACE : COMMON_PARTY;
}

static const struct mark *mark_of(const struct ranking *k, size_t which)
{
	size_t things = k->g->things.n;

	return which < things ? &k->tour.things[which] : &k->tour.actors[which - things];
}

/* What would have to be found again otherwise. */
static int keep_marks(struct ranking *k)
{
	size_t got = 0, n = k->n * k->g->ask->n_codes;

	if (n > k->g->memory.left / 2 / sizeof *k->kept)
		return SY_OK;
	return graph_room(k->g, &k->kept, &got, n, sizeof *k->kept);
}

static void count(struct ranking *k, uint32_t code, struct common_told *told)
{
	const struct common_code *c = &k->g->ask->codes[code];

	for (size_t i = 0; i < k->n; i++) {
		const struct mark *m = mark_of(k, i);
		struct tally *t = &k->tallies[i];
		enum common_kind kind = kind_of(k, i);
		if (k->kept)
			k->kept[code * k->n + i] = *m;
		if (m->distance == NONE)
			continue;
		t->weight += c->weight;
		t->distance += c->weight > 0 ? m->distance : 0;
		t->complaints += c->weight > 0;
		t->good += c->weight < 0;
		told->items += kind == COMMON_ITEM && m->distance > 0;
		told->places += kind == COMMON_PLACE;
		told->parties += kind == COMMON_PARTY;
	}
}

static int count_all(struct ranking *k, struct common *out)
{
	size_t n = k->g->ask->n_codes;
	int err = SY_OK;

	for (uint32_t i = 0; i < n && err == SY_OK; i++)
		if ((err = tour_run(&k->tour, i)) == SY_OK) {
			count(k, i, &out->told[i]);
			k->n_counted++;
		}
	return err;
}

/* --- the best -------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->tally.weight != y->tally.weight)
		return x->tally.weight > y->tally.weight ? -1 : 1;
	if (x->tally.distance != y->tally.distance)
		return x->tally.distance < y->tally.distance ? -1 : 1;
	return 0;
}

static int by_code(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	size_t n = x->code.n < y->code.n ? x->code.n : y->code.n;
	int c = by_score(a, b);

	if (c == 0 && n)
		c = memcmp(x->code.p, y->code.p, n);
	if (c)
		return c;
	if (x->code.n != y->code.n)
		return x->code.n < y->code.n ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static uint64_t id_of(const struct ranking *k, uint32_t which)
{
	size_t things = k->g->things.n;

	return which < things ? k->g->things.v[which].id : k->g->actors.v[(which - things) / 2];
}

static int read_code(struct ranking *k, struct candidate *c)
{
	uint64_t id = id_of(k, c->which);
	struct sy_str name;
	int err;

	if (c->kind == COMMON_ITEM)
		err = index_item_code(k->g->r, id, &k->arena, &c->code);
	else if ((err = index_actor_name(k->g->r, id, &name)) == SY_OK)
		c->code = sy_str(sy_arena_strdup(&k->arena, name));
	return graph_err(k->g, err) || graph_step(k->g) ? SY_EHALT : SY_OK;
}

/* Sorted by score; those that are told, and others of their score, by code as well. */
static int rank(struct ranking *k)
{
	size_t n = k->n_candidates, end = k->g->ask->limit < n ? k->g->ask->limit : n;
	struct candidate *v = k->candidates;

	if (n == 0)
		return SY_OK;
	qsort(v, n, sizeof *v, by_score);
	while (end > 0 && end < n && by_score(&v[end - 1], &v[end]) == 0)
		end++;
	for (size_t i = 0; i < end; i++)
		if (read_code(k, &v[i]))
			return SY_EHALT;
	qsort(v, end, sizeof *v, by_code);
	return SY_OK;
}

static int find_candidates(struct ranking *k)
{
	size_t got = 0, n = 0;

	for (size_t i = 0; i < k->n; i++)
		n += k->tallies[i].complaints > 0;
	if (graph_room(k->g, &k->candidates, &got, n, sizeof *k->candidates))
		return SY_EHALT;
	for (size_t i = 0; i < k->n; i++)
		if (k->tallies[i].complaints)
			k->candidates[k->n_candidates++] = (struct candidate){
			    .which = (uint32_t)i, .tally = k->tallies[i], .kind = kind_of(k, i)};
	return rank(k);
}

/* --- rows and their reasons ------------------------------------------------------------------ */

static int make_rows(struct ranking *k, struct common *out)
{
	size_t got[2] = {0}, n = k->n_candidates, reasons = 0;

	out->total = n;
	n = n < k->g->ask->limit ? n : k->g->ask->limit;
	for (size_t i = 0; i < n; i++)
		reasons += k->candidates[i].tally.complaints + k->candidates[i].tally.good;
	if (graph_room(k->g, &out->rows, &got[0], n, sizeof *out->rows) ||
	    graph_room(k->g, &out->reasons, &got[1], reasons, sizeof *out->reasons))
		return SY_EHALT;
	reasons = 0;
	for (; out->n_rows < n; out->n_rows++) {
		const struct candidate *c = &k->candidates[out->n_rows];
		out->rows[out->n_rows] = (struct common_row){.kind = c->kind,
							     .id = id_of(k, c->which),
							     .weight = c->tally.weight,
							     .distance = c->tally.distance,
							     .complaints = c->tally.complaints,
							     .good = c->tally.good,
							     .first = (uint32_t)reasons};
		reasons += c->tally.complaints + c->tally.good;
	}
	return SY_OK;
}

static void add_reasons(struct ranking *k, uint32_t code, struct common *out)
{
	for (size_t i = 0; i < out->n_rows; i++) {
		uint32_t which = k->candidates[i].which;
		const struct mark *m = k->kept ? &k->kept[code * k->n + which] : mark_of(k, which);
		struct common_row *row = &out->rows[i];
		if (m->distance != NONE && row->n < row->complaints + row->good)
			out->reasons[row->first + row->n++] =
			    (struct common_reason){code, m->distance, m->record};
	}
}

static int find_reasons(struct ranking *k, struct common *out)
{
	int err = SY_OK;

	for (uint32_t i = 0; i < k->n_counted && err == SY_OK; i++)
		if (k->kept || (err = tour_run(&k->tour, i)) == SY_OK)
			add_reasons(k, i, out);
	return err;
}

/* --- the whole ------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int score(struct ranking *k, struct common *out)
{
	size_t got[2] = {0};

	if (graph_link(k->g) || tour_begin(&k->tour, k->g))
		return SY_EHALT;
	k->n = k->g->things.n + 2 * k->g->actors.n;
	if (graph_room(k->g, &k->tallies, &got[0], k->n, sizeof *k->tallies) ||
	    graph_room(k->g, &out->told, &got[1], k->g->ask->n_codes, sizeof *out->told) ||
	    keep_marks(k))
		return SY_EHALT;
	if (k->n)
		memset(k->tallies, 0, k->n * sizeof *k->tallies);
	memset(out->told, 0, k->g->ask->n_codes * sizeof *out->told);
	(void)count_all(k, out); /* what was counted is told, though it is cut */
	if (k->g->err || find_candidates(k) || make_rows(k, out))
		return SY_EHALT;
	return find_reasons(k, out);
}

int common_find(struct index_read *r, const struct common_ask *ask, struct common *out)
{
	uint64_t began = now_ms();
	struct graph g = {.r = r,
			  .ask = ask,
			  .memory = {.left = ask->bytes / 3 * 2},
			  .due = began + ask->ms / 2}; /* and as much to count in */
	struct ranking k = {.g = &g};

	*out = (struct common){0};
	for (size_t i = 0; i < ask->n_codes; i++)
		out->weight += ask->codes[i].weight > 0 ? ask->codes[i].weight : 0;
	(void)graph_load(&g);
	g.due = began + ask->ms;
	g.memory.left += ask->bytes / 3;
	if (g.err == SY_OK)
		(void)score(&k, out);
	out->cut = g.cut;
	tour_free(&k.tour);
	free(k.tallies);
	free(k.kept);
	free(k.candidates);
	sy_arena_free(&k.arena);
	graph_free(&g);
	if (g.err)
		common_free(out);
	return g.err;
}

void common_free(struct common *c)
{
	free(c->rows);
	free(c->reasons);
	free(c->told);
	*c = (struct common){0};
}
