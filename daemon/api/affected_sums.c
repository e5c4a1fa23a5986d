#include "api/affected_impl.h"

#include <stdlib.h>

enum { TOLD_PARTIES = 24, TOLD_REGIONS = 12 }; /* in headers, of which a client takes some dozens */

/* --- quantities ------------------------------------------------------------------------------ */

const char *const amount_names[AMOUNTS] = {"onHand", "inTransit", "consumed", "sold", "destroyed"};

const struct sy_decimal *amount_of_holder(const struct custody_holder *h, size_t i)
{
	const struct sy_decimal *const all[AMOUNTS] = {&h->on_hand, &h->in_transit, &h->consumed,
						       &h->sold, &h->destroyed};

	return all[i];
}

const struct sy_decimal *amount_of_total(const struct affected_total *t, size_t i)
{
	const struct sy_decimal *const all[AMOUNTS] = {&t->on_hand, &t->in_transit, &t->consumed,
						       &t->sold, &t->destroyed};

	return all[i];
}

void amount_put(struct sy_buf *b, const struct sy_decimal *d)
{
	char text[SY_DECIMAL_TEXT];

	if (d->coef == 0) {
		sy_buf_byte(b, '0');
		return;
	}
	sy_decimal_format(*d, text);
	sy_buf_text(b, text);
}

/* --- sums ------------------------------------------------------------------------------------ */

static void sum_up(struct affected_total *to, const struct affected_total *t)
{
	struct sy_decimal *into[] = {&to->on_hand, &to->in_transit, &to->consumed, &to->sold,
				     &to->destroyed};
	const struct sy_decimal *from[] = {&t->on_hand, &t->in_transit, &t->consumed, &t->sold,
					   &t->destroyed};

	to->unknown |= t->unknown;
	for (size_t i = 0; i < sizeof into / sizeof *into; i++)
		to->unknown |= sy_decimal_add(*into[i], *from[i], into[i]) != SY_OK;
}

static bool same_unit(const struct affected_total *a, const struct affected_total *b)
{
	return a->units == b->units && memcmp(a->unit, b->unit, sizeof a->unit) == 0;
}

static int by_region(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	int c = sy_str_cmp(x->region, y->region);

	if (c == 0 && x->sum.units != y->sum.units)
		c = x->sum.units ? 1 : -1;
	return c ? c : memcmp(x->sum.unit, y->sum.unit, sizeof x->sum.unit);
}

/* Where the place tells its region, there; else where the party is. */
static int region_of(struct writer *w, uint64_t party, uint64_t place, struct sy_str *region)
{
	const struct who *at = who_of(&w->who, &w->r, &w->truth, place);

	if (at && at->region.n == 0)
		at = who_of(&w->who, &w->r, &w->truth, party);
	*region = at ? at->region : SY_STR("");
	return at ? SY_OK : SY_ENOMEM;
}

/* Each region and unit once. */
static void join_regions(struct writer *w)
{
	size_t n = 0;

	if (w->n_regions)
		qsort(w->regions, w->n_regions, sizeof *w->regions, by_region);
	for (size_t i = 0; i < w->n_regions; i++) {
		struct group *g = &w->regions[i];
		if (n && by_region(&w->regions[n - 1], g) == 0)
			sum_up(&w->regions[n - 1].sum, &g->sum);
		else
			w->regions[n++] = *g;
	}
	w->n_regions = n;
}

static int add_region(struct writer *w, struct sy_str region, const struct affected_total *t)
{
	if (w->n_regions == w->cap_regions) {
		join_regions(w);
		size_t cap = w->n_regions * 2 < 256 ? 256 : w->n_regions * 2;
		struct group *v = realloc(w->regions, cap * sizeof *v);
		if (v == NULL)
			return SY_ENOMEM;
		w->regions = v;
		w->cap_regions = cap;
	}
	w->regions[w->n_regions++] = (struct group){region, *t};
	return SY_OK;
}

/* The text of a region in W's own memory, since the table of actors may begin anew. */
static int keep_region(struct writer *w, struct sy_str text, struct sy_str *out)
{
	if (sy_str_eq(text, *out))
		return SY_OK;
	*out = sy_str(sy_arena_strdup(&w->arena, text));
	return out->n == text.n ? SY_OK : SY_ENOMEM;
}

int sums_find_regions(struct writer *w)
{
	const struct affected *f = w->a->found;
	struct sy_str text, kept = SY_STR("");
	int err = SY_OK;

	for (size_t i = 0; i < f->n_totals && err == SY_OK; i++) {
		const struct affected_total *t = &f->totals[i];
		if (t->place == AFFECTED_ALL)
			continue;
		if ((err = region_of(w, t->party, t->place, &text)) == SY_OK &&
		    (err = keep_region(w, text, &kept)) == SY_OK)
			err = add_region(w, kept, t);
		who_trim(&w->who);
	}
	join_regions(w);
	return err;
}

bool sums_next_party(const struct affected *f, size_t *at, struct affected_total *sum,
		     uint64_t *batches)
{
	bool some = false;

	for (; *at < f->n_totals; ++*at) {
		const struct affected_total *t = &f->totals[*at];
		if (some && (t->party != sum->party || !same_unit(t, sum)))
			break;
		if (t->place == AFFECTED_ALL)
			*batches = t->batches;
		else if (some)
			sum_up(sum, t);
		else
			*sum = *t, some = true;
	}
	return some;
}

/* --- totals in headers ----------------------------------------------------------------------- */

static void set_number(struct writer *w, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	http_set(w->a->x, name, text);
}

/* "onHand=12.5 sold=3 unit=KGM", what isn't there left out. */
static void put_sum(struct sy_buf *b, const struct affected_total *t)
{
	for (size_t i = 0; i < AMOUNTS; i++) {
		const struct sy_decimal *d = amount_of_total(t, i);
		if (d->coef == 0)
			continue;
		sy_buf_printf(b, " %s=", amount_names[i]);
		amount_put(b, d);
	}
	if (t->unit[0])
		sy_buf_printf(b, " unit=%.4s", t->unit);
	if (t->units)
		sy_buf_text(b, " singleUnits=true");
	if (t->unknown)
		sy_buf_text(b, " unknown=true");
}

static void set_sum(struct writer *w, const char *name, struct sy_str of,
		    const struct affected_total *t)
{
	sy_buf_reset(&w->b);
	sy_buf_str(&w->b, of);
	put_sum(&w->b, t);
	if (!w->b.failed)
		http_set(w->a->x, name, sy_buf_cstr(&w->b));
	sy_buf_reset(&w->b);
}

static int set_parties(struct writer *w)
{
	struct affected_total sum;
	uint64_t batches, n = 0;

	for (size_t at = 0; sums_next_party(w->a->found, &at, &sum, &batches); n++) {
		const struct who *party = n < TOLD_PARTIES ? writer_who(w, sum.party) : NULL;
		if (n < TOLD_PARTIES && party == NULL)
			return SY_ENOMEM;
		if (party)
			set_sum(w, "Suyuan-Total-Party", party->name.n ? party->name : SY_STR("-"),
				&sum);
	}
	set_number(w, "Suyuan-Total-Parties", n);
	return SY_OK;
}

static int set_regions(struct writer *w)
{
	int err = sums_find_regions(w);

	for (size_t i = 0; i < w->n_regions && i < TOLD_REGIONS; i++) {
		struct sy_str region = w->regions[i].region;
		set_sum(w, "Suyuan-Total-Region", region.n ? region : SY_STR("-"),
			&w->regions[i].sum);
	}
	set_number(w, "Suyuan-Total-Regions", w->n_regions);
	return err;
}

int sums_set_headers(struct writer *w)
{
	const struct affected *f = w->a->found;
	const char *cut = trace_cut_name(f->cut);
	int err;

	set_number(w, "Suyuan-As-Of", affected_entry(f));
	if (w->a->n_unknown)
		set_number(w, "Suyuan-Unknown", w->a->n_unknown);
	http_set(w->a->x, "Suyuan-Cut", cut ? cut : "none");
	set_number(w, "Suyuan-Total-Items", f->n);
	set_number(w, "Suyuan-Total-Batches", f->batches);
	set_number(w, "Suyuan-Total-Holders", f->holders);
	if (f->undated)
		set_number(w, "Suyuan-Undated", f->undated);
	if (f->uncertain)
		http_set(w->a->x, "Suyuan-Holders-Uncertain", "true");
	if (!w->a->format->headers)
		return SY_OK;
	err = set_parties(w);
	return err ? err : set_regions(w);
}
