/*
 * GET /v1/recalls/{id}/effectiveness: who answered of those that were told, and what came back, by
 * party and by region; which deadlines were met.
 *
 * Quantities are added up by unit over the newest answer of each party: found, stopped, returned,
 * destroyed.  Recovered is what was returned or destroyed, its percentage one of what was found.
 */
#include "api/recalls.h"

#include <suyuan/time.h>

#include <stdlib.h>

enum { PARTIES_MOST = 100000, AMOUNTS = 4 };

static const char *const amount_names[AMOUNTS] = {"found", "stopped", "returned", "destroyed"};

/* What was answered in one unit. */
struct amounts {
	struct sy_str unit;
	struct sy_decimal v[AMOUNTS];
};

/* One party, a region, or all of them. */
struct tally {
	struct sy_str name;
	uint64_t told, answered;
	struct amounts *v;
	size_t n, cap;
};

struct tallies {
	struct sy_arena *arena;
	struct tally *v; /* regions, sorted when all are there */
	size_t n, cap;
};

static int grow(struct sy_arena *arena, void *p, size_t *cap, size_t n, size_t size)
{
	void *old, *bigger;

	if (n < *cap)
		return SY_OK;
	memcpy(&old, p, sizeof old);
	if ((bigger = sy_arena_calloc(arena, n * 2 + 4, size)) == NULL)
		return SY_ENOMEM;
	if (n)
		memcpy(bigger, old, n * size);
	memcpy(p, &bigger, sizeof bigger);
	*cap = n * 2 + 4;
	return SY_OK;
}

static int amounts_of(struct sy_arena *arena, struct tally *t, struct sy_str unit,
		      struct amounts **out)
{
	for (size_t i = 0; i < t->n; i++)
		if (sy_str_eq(t->v[i].unit, unit)) {
			*out = &t->v[i];
			return SY_OK;
		}
	int err = grow(arena, &t->v, &t->cap, t->n, sizeof *t->v);
	if (err)
		return err;
	*out = &t->v[t->n++];
	**out = (struct amounts){.unit = unit};
	return SY_OK;
}

/* Sums past what a decimal holds stay what they are: nobody recalls 10^18 of anything. */
static int add_quantity(struct sy_arena *arena, struct tally *t, const struct sy_json_doc *doc,
			const struct sy_json *q)
{
	const struct sy_json *unit = sy_json_get(doc, q, "uom");
	struct sy_str name = SY_STR("");
	struct sy_decimal d;
	struct amounts *a;
	int err = unit ? sy_json_string(doc, unit, arena, &name) : SY_OK;

	if (err == SY_ENOMEM || (err = amounts_of(arena, t, name, &a)))
		return err;
	for (unsigned i = 0; i < AMOUNTS; i++) {
		const struct sy_json *v = sy_json_get(doc, q, amount_names[i]);
		if (v && v->type == SY_JSON_NUMBER &&
		    sy_decimal_parse(sy_json_raw(doc, v), &d) == SY_OK)
			(void)sy_decimal_add(a->v[i], d, &a->v[i]);
	}
	return SY_OK;
}

static int add_answer(struct sy_arena *arena, struct tally *t, const struct case_party *p)
{
	struct sy_json_doc doc;
	const struct sy_json *q;
	int err;

	t->told++;
	if (p->answer == NO_ID)
		return SY_OK;
	t->answered++;
	if ((err = sy_json_parse(arena, p->text, 0, &doc, NULL)))
		return err == SY_ENOMEM ? err : SY_OK;
	sy_json_each (&doc, sy_json_get(&doc, sy_json_root(&doc), "quantities"), q)
		if ((err = add_quantity(arena, t, &doc, q)))
			return err;
	return SY_OK;
}

static int tally_of(struct tallies *s, struct sy_str name, struct tally **out)
{
	for (size_t i = 0; i < s->n; i++)
		if (sy_str_eq(s->v[i].name, name)) {
			*out = &s->v[i];
			return SY_OK;
		}
	int err = grow(s->arena, &s->v, &s->cap, s->n, sizeof *s->v);
	if (err)
		return err;
	*out = &s->v[s->n++];
	**out = (struct tally){.name = name};
	return SY_OK;
}

/* --- writing --------------------------------------------------------------------------------- */

/* To two places, rounded half up; null of nothing. */
static void write_percent(struct sy_jw *w, const char *name, double part, double whole)
{
	char text[32];

	sy_jw_key(w, name);
	if (whole <= 0) {
		sy_jw_null(w);
		return;
	}
	snprintf(text, sizeof text, "%.2f", part * 100 / whole);
	sy_jw_text(w, text);
}

static double number(struct sy_decimal d)
{
	double v = (double)d.coef;

	for (unsigned i = 0; i < d.scale; i++)
		v /= 10;
	return v;
}

static void write_tally(struct sy_jw *w, const struct tally *t)
{
	sy_jw_kv_u64(w, "told", t->told);
	sy_jw_kv_u64(w, "answered", t->answered);
	write_percent(w, "answeredPercent", (double)t->answered, (double)t->told);
	sy_jw_key(w, "quantities");
	sy_jw_array(w);
	for (size_t i = 0; i < t->n; i++) {
		const struct amounts *a = &t->v[i];
		sy_jw_object(w);
		sy_jw_kv_str(w, "unit", a->unit);
		for (unsigned k = 0; k < AMOUNTS; k++)
			answer_decimal(w, amount_names[k], a->v[k]);
		write_percent(w, "recoveredPercent", number(a->v[2]) + number(a->v[3]),
			      number(a->v[0]));
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
}

static int write_parties(struct sy_jw *w, struct sy_arena *arena, const struct case_party *v,
			 size_t n, struct tally *all, struct tallies *regions)
{
	struct tally *region;
	int err;

	sy_jw_key(w, "parties");
	sy_jw_array(w);
	for (size_t i = 0; i < n; i++) {
		struct tally one = {.name = v[i].party};
		if ((err = add_answer(arena, &one, &v[i])) ||
		    (err = add_answer(arena, all, &v[i])) ||
		    (err = tally_of(regions, v[i].region, &region)) ||
		    (err = add_answer(arena, region, &v[i])))
			return err;
		sy_jw_object(w);
		sy_jw_kv_str(w, "party", v[i].party);
		if (v[i].region.n)
			sy_jw_kv_str(w, "region", v[i].region);
		answer_time(w, "toldAt", v[i].told);
		if (v[i].answer != NO_ID)
			answer_time(w, "answeredAt", v[i].answered);
		write_tally(w, &one);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
	return SY_OK;
}

static int by_name(const void *a, const void *b)
{
	return sy_str_cmp(((const struct tally *)a)->name, ((const struct tally *)b)->name);
}

static void write_regions(struct sy_jw *w, struct tallies *regions)
{
	if (regions->n)
		qsort(regions->v, regions->n, sizeof *regions->v, by_name);
	sy_jw_key(w, "regions");
	sy_jw_array(w);
	for (size_t i = 0; i < regions->n; i++) {
		sy_jw_object(w);
		sy_jw_kv_str(w, "region", regions->v[i].name);
		write_tally(w, &regions->v[i]);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
}

static int write_effectiveness(struct sy_jw *w, struct index_read *r, struct sy_arena *arena,
			       const struct index_recall *c)
{
	struct tallies regions = {.arena = arena};
	struct tally all = {0};
	struct case_party *parties = NULL;
	struct case_deadline *due = NULL;
	struct case_times t;
	size_t n, n_due, met = 0, missed = 0;
	int err;

	if ((err = case_parties(r, arena, c, PARTIES_MOST, &parties, &n)) ||
	    (err = case_times(r, arena, c, &t)) ||
	    (err = case_deadlines(r, arena, c, &t, sy_time_now(), &due, &n_due)))
		return err;
	sy_jw_object(w);
	recalls_write_head(w, c);
	if ((err = write_parties(w, arena, parties, n, &all, &regions)))
		return err;
	write_regions(w, &regions);
	sy_jw_key(w, "total");
	sy_jw_object(w);
	write_tally(w, &all);
	sy_jw_end(w, '}');
	recalls_write_deadlines(w, due, n_due);
	for (size_t i = 0; i < n_due; i++) {
		met += due[i].state == DUE_MET;
		missed += due[i].state == DUE_MISSED;
	}
	sy_jw_kv_u64(w, "deadlinesMet", met);
	sy_jw_kv_u64(w, "deadlinesMissed", missed);
	if (c->mock && t.opened && t.complete)
		sy_jw_kv_u64(w, "exerciseSeconds", (t.complete - t.opened) / 1000);
	answer_as_of(w, r);
	sy_jw_end(w, '}');
	return SY_OK;
}

static void read_effectiveness(struct http_exchange *x, struct snapshot *s)
{
	struct index_recall c;
	struct sy_buf body = {0};
	struct sy_jw w;
	int err = case_find(&s->index, http_request(x)->param[0], &c);

	sy_jw_init(&w, &body);
	if (err == SY_OK)
		err = write_effectiveness(&w, &s->index, http_arena(x), &c);
	if (err == SY_OK) {
		answer_json(x, 200, &body);
		return;
	}
	sy_buf_free(&body);
	http_problem_err(x, err, err == SY_ENOTFOUND ? "no such recall" : NULL);
}

void handle_recall_effectiveness(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_effectiveness);
}
