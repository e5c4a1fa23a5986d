/*
 * GET /v1/recalls/{id}/effectiveness: who has, was told and answered, what came back of what has
 * to, by party and by region (recall/effect.h); which deadlines were met.
 */
#include "api/recalls.h"

#include "recall/effect.h"

#include <suyuan/time.h>

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

static void write_sum(struct sy_jw *w, const struct effect_sum *s)
{
	sy_jw_object(w);
	sy_jw_kv_str(w, "unit", s->unit);
	for (unsigned k = 0; k < EFFECT_AMOUNTS; k++)
		answer_decimal(w, effect_amount_name(k), s->v[k]);
	sy_jw_key(w, "unknown");
	sy_jw_bool(w, s->unknown);
	write_percent(w, "recoveredPercent", number(s->v[EFFECT_RECOVERED]), number(s->base));
	sy_jw_end(w, '}');
}

static void write_line(struct sy_jw *w, const struct effect_line *l)
{
	sy_jw_kv_u64(w, "holders", l->holders);
	sy_jw_kv_u64(w, "told", l->told);
	sy_jw_kv_u64(w, "untold", l->untold);
	sy_jw_kv_u64(w, "answered", l->answered);
	sy_jw_kv_u64(w, "toldAgain", l->told_again);
	write_percent(w, "answeredPercent", (double)l->answered, (double)(l->told + l->untold));
	sy_jw_key(w, "quantities");
	sy_jw_array(w);
	for (size_t i = 0; i < l->n; i++)
		write_sum(w, &l->sums[i]);
	sy_jw_end(w, ']');
}

static void write_name(struct sy_jw *w, struct index_read *r, struct sy_str party)
{
	struct register_row row;

	if (register_get(r, REG_PARTY, party, &row) == SY_OK && row.shown.n)
		sy_jw_raw(w, row.shown);
}

static void write_parties(struct sy_jw *w, struct index_read *r, const struct effect *e)
{
	sy_jw_key(w, "parties");
	sy_jw_array(w);
	for (size_t i = 0; i < e->n_parties; i++) {
		const struct effect_line *l = &e->parties[i];
		sy_jw_object(w);
		sy_jw_kv_str(w, "party", l->name);
		write_name(w, r, l->name);
		if (l->region.n)
			sy_jw_kv_str(w, "region", l->region);
		if (l->told_at)
			answer_time(w, "toldAt", l->told_at);
		if (l->answered_at)
			answer_time(w, "answeredAt", l->answered_at);
		write_line(w, l);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
}

static void write_regions(struct sy_jw *w, const struct effect *e)
{
	sy_jw_key(w, "regions");
	sy_jw_array(w);
	for (size_t i = 0; i < e->n_regions; i++) {
		sy_jw_object(w);
		sy_jw_kv_str(w, "region", e->regions[i].name);
		write_line(w, &e->regions[i]);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
}

static void write_deadlines(struct sy_jw *w, const struct case_deadline *due, size_t n)
{
	uint64_t met = 0, missed = 0;

	recalls_write_deadlines(w, due, n);
	for (size_t i = 0; i < n; i++) {
		met += due[i].state == DUE_MET;
		missed += due[i].state == DUE_MISSED;
	}
	sy_jw_kv_u64(w, "deadlinesMet", met);
	sy_jw_kv_u64(w, "deadlinesMissed", missed);
}

static void write_all(struct sy_jw *w, struct index_read *r, const struct index_recall *c,
		      const struct case_times *t, const struct effect *e)
{
	const char *cut = trace_cut_name(e->cut);

	recalls_write_head(w, c);
	write_parties(w, r, e);
	write_regions(w, e);
	sy_jw_key(w, "total");
	sy_jw_object(w);
	write_line(w, &e->total);
	sy_jw_end(w, '}');
	sy_jw_key(w, "cut");
	if (e->cut == TRACE_WHOLE)
		sy_jw_null(w);
	else
		sy_jw_text(w, cut);
	sy_jw_key(w, "uncertain");
	sy_jw_bool(w, e->uncertain);
	if (c->mock && t->opened && t->complete)
		sy_jw_kv_u64(w, "exerciseSeconds", (t->complete - t->opened) / 1000);
}

static bool stopped(void *ctx)
{
	return atomic_load(&((struct app *)ctx)->stopping);
}

static int write_effectiveness(struct sy_jw *w, struct index_read *r, struct sy_arena *arena,
			       struct app *app, struct sy_str name)
{
	const struct config *conf = &app->config;
	struct affected_ask ask = {.depth = UINT32_MAX >> 2,
				   .bytes = answer_memory(app),
				   .ms = (unsigned)conf->query_time,
				   .stopped = stopped,
				   .ctx = app};
	struct case_deadline *due = NULL;
	struct index_recall c;
	struct case_times t;
	struct effect e;
	size_t n_due;
	int err;

	if ((err = case_find(r, name, &c)) || (err = case_times(r, arena, &c, &t)) ||
	    (err = case_deadlines(r, arena, &c, &t, sy_time_now(), &due, &n_due)) ||
	    (err = effect_find(r, arena, &c, &t, &ask, &e)))
		return err;
	if (answer_larger(app, e.cut == TRACE_CUT_SIZE, &err)) {
		ask.bytes = answer_memory(app);
		err = effect_find(r, arena, &c, &t, &ask, &e);
	}
	if (err)
		return err;
	sy_jw_object(w);
	write_all(w, r, &c, &t, &e);
	write_deadlines(w, due, n_due);
	answer_as_of(w, r);
	sy_jw_end(w, '}');
	return SY_OK;
}

static void run(struct http_exchange *x, struct app *app, void *ctx)
{
	struct index_read r;
	struct sy_buf body = {0};
	struct sy_jw w;
	int err = index_read_begin(app->index, &r);

	(void)ctx;
	sy_jw_init(&w, &body);
	if (err == SY_OK) {
		err = write_effectiveness(&w, &r, http_arena(x), app, http_request(x)->param[0]);
		index_read_end(&r);
	}
	if (err == SY_OK) {
		answer_json(x, 200, &body);
		return;
	}
	sy_buf_free(&body);
	http_problem_err(x, err, err == SY_ENOTFOUND ? "no such recall" : NULL);
}

void handle_recall_effectiveness(struct http_exchange *x, void *ctx)
{
	answer_query(x, ctx, run, NULL);
}
