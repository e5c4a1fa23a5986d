#include "effect.h"

#include "scope.h"
#include "trace/units.h"

#include <stdlib.h>

static const char *const names[EFFECT_AMOUNTS] = {
    [EFFECT_TO_RECALL] = "toRecall",     [EFFECT_FOUND] = "found",
    [EFFECT_STOPPED] = "stopped",        [EFFECT_RETURNED] = "returned",
    [EFFECT_DESTROYED] = "destroyed",    [EFFECT_RECOVERED] = "recovered",
    [EFFECT_OUTSTANDING] = "outstanding"};

const char *effect_amount_name(enum effect_amount a)
{
	return names[a];
}

/* --- lines and sums -------------------------------------------------------------------------- */

static int sum_of(struct sy_arena *arena, struct effect_line *l, struct sy_str unit,
		  struct effect_sum **out)
{
	for (size_t i = 0; i < l->n; i++)
		if (sy_str_eq(l->sums[i].unit, unit)) {
			*out = &l->sums[i];
			return SY_OK;
		}
	if (!sy_arena_room(arena, &l->sums, &l->cap, l->n + 1, sizeof *l->sums))
		return SY_ENOMEM;
	*out = &l->sums[l->n++];
	**out = (struct effect_sum){.unit = unit};
	return SY_OK;
}

/* Past what a decimal holds nobody knows how much it is. */
static void add(struct effect_sum *s, struct sy_decimal *to, struct sy_decimal d)
{
	s->unknown |= sy_decimal_add(*to, d, to) != SY_OK;
}

static int line_of(struct sy_arena *arena, struct effect_line **v, size_t *n, size_t *cap,
		   struct sy_str name, struct effect_line **out)
{
	for (size_t i = 0; i < *n; i++)
		if (sy_str_eq((*v)[i].name, name)) {
			*out = &(*v)[i];
			return SY_OK;
		}
	if (!sy_arena_room(arena, v, cap, *n + 1, sizeof **v))
		return SY_ENOMEM;
	*out = &(*v)[(*n)++];
	**out = (struct effect_line){.name = name};
	return SY_OK;
}

static int by_name(const void *a, const void *b)
{
	return sy_str_cmp(((const struct effect_line *)a)->name,
			  ((const struct effect_line *)b)->name);
}

/* --- what was answered ----------------------------------------------------------------------- */

/* A quantity of an answer in the unit of a sum that is there, if it can be turned into that. */
static struct effect_sum *sum_that_agrees(struct effect_line *l, const char *unit,
					  struct sy_decimal *d)
{
	char own[8];

	for (size_t i = 0; i < l->n; i++) {
		struct sy_str u = l->sums[i].unit;
		if (u.n >= sizeof own)
			continue;
		memcpy(own, u.p, u.n);
		own[u.n] = '\0';
		struct sy_decimal turned;
		if (units_turn(*d, unit, own, &turned) == SY_OK) {
			*d = turned;
			return &l->sums[i];
		}
	}
	return NULL;
}

static int add_amount(struct sy_arena *arena, struct effect_line *l, struct sy_str unit,
		      enum effect_amount which, struct sy_decimal d)
{
	const char *text = sy_arena_strdup(arena, unit);
	struct effect_sum *s;
	int err = text ? SY_OK : SY_ENOMEM;

	if (err == SY_OK && (s = sum_that_agrees(l, text, &d)) == NULL)
		err = sum_of(arena, l, (struct sy_str){text, unit.n}, &s);
	if (err == SY_OK)
		add(s, &s->v[which], d);
	return err;
}

static int add_quantity(struct sy_arena *arena, struct effect_line *l,
			const struct sy_json_doc *doc, const struct sy_json *q)
{
	const struct sy_json *unit = sy_json_get(doc, q, "uom"), *v;
	struct sy_str name = SY_STR("");
	struct sy_decimal d;
	int err = unit ? sy_json_string(doc, unit, arena, &name) : SY_OK;

	for (unsigned i = EFFECT_FOUND; i <= EFFECT_DESTROYED && err == SY_OK; i++)
		if ((v = sy_json_get(doc, q, names[i])) && v->type == SY_JSON_NUMBER &&
		    sy_decimal_parse(sy_json_raw(doc, v), &d) == SY_OK)
			err = add_amount(arena, l, name, i, d);
	return err;
}

static int add_answer(struct sy_arena *arena, struct effect_line *l, struct sy_str text)
{
	struct sy_json_doc doc;
	const struct sy_json *q;
	int err = sy_json_parse(arena, text, 0, &doc, NULL);

	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	sy_json_each (&doc, sy_json_get(&doc, sy_json_root(&doc), "quantities"), q)
		if ((err = add_quantity(arena, l, &doc, q)))
			return err;
	return SY_OK;
}

/* --- parties --------------------------------------------------------------------------------- */

static int add_told(struct sy_arena *arena, struct effect *e, const struct case_party *v, size_t n)
{
	e->parties = sy_arena_calloc(arena, n + 1, sizeof *e->parties);
	e->cap_parties = n + 1;
	if (e->parties == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < n; i++)
		e->parties[e->n_parties++] =
		    (struct effect_line){.name = v[i].party,
					 .region = v[i].region,
					 .told = 1,
					 .told_at = v[i].told,
					 .answered = v[i].answer != NO_ID,
					 .told_again = case_told_again(v[i].answer, v[i].notice),
					 .answered_at = v[i].answer != NO_ID ? v[i].answered : 0};
	if (n)
		qsort(e->parties, n, sizeof *e->parties, by_name);
	return SY_OK;
}

/* Its line; those that were told are sorted, those that only have something come after them, one
 * after the other. */
static int line_of_party(struct index_read *r, struct sy_arena *arena, struct effect *e,
			 size_t told, struct sy_str name, struct effect_line **out)
{
	struct effect_line key = {.name = name};

	if (told && (*out = bsearch(&key, e->parties, told, sizeof key, by_name)))
		return SY_OK;
	*out = e->parties + e->n_parties - 1;
	if (e->n_parties > told && sy_str_eq((*out)->name, name))
		return SY_OK;
	if (e->n_parties == EFFECT_PARTIES)
		return SY_ETOOBIG;
	if (!sy_arena_room(arena, &e->parties, &e->cap_parties, e->n_parties + 1,
			   sizeof *e->parties))
		return SY_ENOMEM;
	*out = &e->parties[e->n_parties++];
	**out = (struct effect_line){.name = name};
	return case_region(r, arena, name, &(*out)->region);
}

static int add_held(struct index_read *r, struct sy_arena *arena, struct effect *e, size_t told,
		    const struct affected_total *t)
{
	struct sy_str name = SY_STR(""), unit;
	struct effect_line *l;
	struct effect_sum *s;
	int err = t->party == NO_ID ? SY_OK : index_actor_name(r, t->party, &name);

	if (err && err != SY_ENOTFOUND)
		return err;
	unit = sy_str(sy_arena_strdup(arena, sy_str(t->unit)));
	if (unit.p == NULL)
		return SY_ENOMEM;
	if ((err = line_of_party(r, arena, e, told, name, &l)) ||
	    (err = sum_of(arena, l, unit, &s)))
		return err;
	l->holders = 1;
	l->untold = !l->told;
	s->unknown |= t->unknown;
	add(s, &s->v[EFFECT_TO_RECALL], t->on_hand);
	add(s, &s->v[EFFECT_TO_RECALL], t->in_transit);
	add(s, &s->v[EFFECT_TO_RECALL], t->sold);
	return SY_OK;
}

/* Somebody to whom something is under way. */
static int add_consignee(struct index_read *r, struct sy_arena *arena, struct effect *e,
			 size_t told, uint64_t party)
{
	struct effect_line *l;
	struct sy_str name;
	int err = index_actor_name(r, party, &name);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((err = line_of_party(r, arena, e, told, name, &l)) == SY_OK)
		l->untold = !l->told;
	return err;
}

static bool holds(const struct affected_total *t)
{
	return t->place != AFFECTED_ALL &&
	       (t->on_hand.coef > 0 || t->in_transit.coef > 0 || t->sold.coef > 0 || t->unknown);
}

static int add_holders(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
		       const struct case_times *t, const struct affected_ask *bounds,
		       struct effect *e)
{
	struct recall_scope scope = recall_scope_none();
	struct affected_ask ask = *bounds;
	struct affected found = {0};
	size_t told = e->n_parties, n_unknown;
	int err = recall_scope_read(arena, c->row.payload, &scope);

	if (err)
		return err;
	struct sy_str *unknown = sy_arena_calloc(arena, scope.n_items + 1, sizeof *unknown);
	if (unknown == NULL)
		return SY_ENOMEM;
	ask.before = t->opened ? (int64_t)t->opened + 1 : 0;
	if ((err = recall_scope_find(r, &scope, arena, &ask, unknown, &n_unknown)) ||
	    (err = affected_find(r, &ask, &found)))
		return err;
	e->cut = found.cut;
	e->uncertain = found.uncertain;
	/* Both in order of party, so that the lines of one follow each other. */
	for (size_t i = 0, k = 0; (i < found.n_totals || k < found.n_consignees) && err == SY_OK;) {
		if (i == found.n_totals ||
		    (k < found.n_consignees && found.consignees[k] <= found.totals[i].party)) {
			err = add_consignee(r, arena, e, told, found.consignees[k++]);
			continue;
		}
		if (holds(&found.totals[i]))
			err = add_held(r, arena, e, told, &found.totals[i]);
		i++;
	}
	affected_free(&found);
	return err;
}

/* --- regions and all ------------------------------------------------------------------------- */

static void finish(struct effect_sum *s)
{
	struct sy_decimal *v = s->v, left;
	bool more = sy_decimal_cmp(v[EFFECT_FOUND], v[EFFECT_TO_RECALL]) > 0;

	add(s, &v[EFFECT_RECOVERED], v[EFFECT_RETURNED]);
	add(s, &v[EFFECT_RECOVERED], v[EFFECT_DESTROYED]);
	s->base = more ? v[EFFECT_FOUND] : v[EFFECT_TO_RECALL];
	if (sy_decimal_sub(s->base, v[EFFECT_RECOVERED], &left) == SY_OK && left.coef > 0)
		v[EFFECT_OUTSTANDING] = left;
}

static int add_line(struct sy_arena *arena, struct effect_line *to, const struct effect_line *l)
{
	struct effect_sum *s;
	int err;

	to->holders += l->holders;
	to->told += l->told;
	to->answered += l->answered;
	to->told_again += l->told_again;
	to->untold += l->untold;
	for (size_t i = 0; i < l->n; i++) {
		if ((err = sum_of(arena, to, l->sums[i].unit, &s)))
			return err;
		for (unsigned k = 0; k < EFFECT_AMOUNTS; k++)
			add(s, &s->v[k], l->sums[i].v[k]);
		add(s, &s->base, l->sums[i].base);
		s->unknown |= l->sums[i].unknown;
	}
	return SY_OK;
}

static int add_up(struct sy_arena *arena, struct effect *e)
{
	struct effect_line *region;
	int err = SY_OK;

	for (size_t i = 0; i < e->n_parties && err == SY_OK; i++) {
		struct effect_line *l = &e->parties[i];
		for (size_t k = 0; k < l->n; k++)
			finish(&l->sums[k]);
		err =
		    line_of(arena, &e->regions, &e->n_regions, &e->cap_regions, l->region, &region);
		if (err == SY_OK)
			err = add_line(arena, region, l);
		if (err == SY_OK)
			err = add_line(arena, &e->total, l);
	}
	if (e->n_parties)
		qsort(e->parties, e->n_parties, sizeof *e->parties, by_name);
	if (e->n_regions)
		qsort(e->regions, e->n_regions, sizeof *e->regions, by_name);
	return err;
}

int effect_find(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
		const struct case_times *t, const struct affected_ask *ask, struct effect *out)
{
	struct case_party *told;
	struct effect_line *l;
	size_t n;
	int err = case_parties(r, arena, c, EFFECT_PARTIES, &told, &n);

	*out = (struct effect){0};
	if (err || (err = add_told(arena, out, told, n)) ||
	    (err = add_holders(r, arena, c, t, ask, out)))
		return err;
	for (size_t i = 0; i < n && err == SY_OK; i++)
		if (told[i].answer != NO_ID &&
		    (err = line_of_party(r, arena, out, n, told[i].party, &l)) == SY_OK)
			err = add_answer(arena, l, told[i].text);
	return err ? err : add_up(arena, out);
}
