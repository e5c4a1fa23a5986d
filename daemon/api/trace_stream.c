#include "api/trace_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	SLICE = 65536,   /* things whose names are looked up under one snapshot */
	CHUNK = 64 << 10 /* bytes that are written at once */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Names of some of what was found and of what it was reached from.  A snapshot isn't held while a
 * peer takes its time to read, so they are copied. */
struct span {
	size_t at, n; /* in TEXT; no bytes of what is gone */
};
struct name {
	struct span own, from;
};
struct from {
	uint64_t id;
	uint32_t of; /* which of the names */
};
struct slice {
	struct sy_buf text;
	struct name names[SLICE];
	struct from froms[SLICE], spare[SLICE];
	size_t n_froms;
};

static struct sy_str text_of(const struct slice *s, struct span span)
{
	return (struct sy_str){s->text.p + span.at, span.n};
}

static int add_text(struct slice *s, int err, struct sy_str text, struct span *out)
{
	*out = (struct span){s->text.n, err ? 0 : text.n};
	if (err == SY_OK)
		sy_buf_str(&s->text, text);
	if (s->text.failed)
		return SY_ENOMEM;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int add_item(struct slice *s, struct index_read *r, uint64_t id, struct span *out)
{
	struct sy_str code = SY_STR("");
	int err = index_item_name(r, id, &code);

	return add_text(s, err, code, out);
}

static int add_actor(struct slice *s, struct index_read *r, uint64_t id, struct span *out)
{
	struct sy_str name = SY_STR("");
	int err = index_actor_name(r, id, &name);

	return add_text(s, err, name, out);
}

/* Each once, in order of id, which costs little. */
static int add_froms(struct slice *s, struct index_read *r)
{
	struct span span = {0, 0};
	int err = SY_OK;

	trace_sort(s->froms, s->n_froms, sizeof *s->froms, s->spare);
	for (size_t i = 0; i < s->n_froms && err == SY_OK; i++) {
		if (i == 0 || s->froms[i].id != s->froms[i - 1].id)
			err = add_item(s, r, s->froms[i].id, &span);
		s->names[s->froms[i].of].from = span;
	}
	return err;
}

/* Names of N items from BEGIN on, or of actors. */
static int read_slice(struct trace_writer *w, const struct trace *t, bool items, size_t begin,
		      size_t n)
{
	struct slice *s = w->slice;
	struct index_read r;
	int err = index_read_begin(w->a->app->index, &r);

	if (err)
		return err;
	sy_buf_reset(&s->text);
	s->n_froms = 0;
	for (size_t i = 0; i < n && err == SY_OK; i++) {
		struct name *name = &s->names[i];
		uint32_t from = items ? t->items[begin + i].from : t->actors[begin + i].from;
		name->from = (struct span){0, 0};
		if (from != TRACE_NONE)
			s->froms[s->n_froms++] = (struct from){t->items[from].id, (uint32_t)i};
		err = items ? add_item(s, &r, t->items[begin + i].id, &name->own)
			    : add_actor(s, &r, t->actors[begin + i].id, &name->own);
	}
	if (err == SY_OK)
		err = add_froms(s, &r);
	index_read_end(&r);
	return err;
}

static int flush(struct trace_writer *w)
{
	int err =
	    w->b.failed ? SY_ENOMEM : answer_stream_write(w->a->x, w->a->app, sy_buf_span(&w->b));

	sy_buf_reset(&w->b);
	if (err == SY_OK && (now_ms() >= w->due || atomic_load(&w->a->app->stopping)))
		err = SY_EBUSY;
	return err;
}

/* What was erased since it was found is left out. */
static int write_line(struct trace_writer *w, size_t i, struct trace_line *l, bool reached)
{
	const struct slice *s = w->slice;

	l->code = text_of(s, s->names[i].own);
	l->from = text_of(s, s->names[i].from);
	if (l->code.n == 0 || (l->from.n == 0 && reached))
		return SY_OK;
	w->a->format->line(w, l);
	w->written[l->list]++;
	return w->b.n >= CHUNK ? flush(w) : SY_OK;
}

static int write_items(struct trace_writer *w, const struct trace *t,
		       enum index_direction direction, size_t begin)
{
	int err = SY_OK;

	for (size_t n; begin < t->n && err == SY_OK; begin += n) {
		n = t->n - begin < SLICE ? t->n - begin : SLICE;
		err = read_slice(w, t, true, begin, n);
		for (size_t i = 0; i < n && err == SY_OK; i++) {
			const struct trace_item *it = &t->items[begin + i];
			struct trace_line l = {.edge = it->edge,
					       .distance = it->distance,
					       .records = {it->records[0], it->records[1]},
					       .direction = direction};
			err = write_line(w, i, &l, it->from != TRACE_NONE);
		}
	}
	return err;
}

static int write_actors(struct trace_writer *w, const struct trace *t,
			enum index_direction direction, enum trace_list list)
{
	int err = SY_OK;

	for (size_t begin = 0, n; begin < t->n_actors && err == SY_OK; begin += n) {
		n = t->n_actors - begin < SLICE ? t->n_actors - begin : SLICE;
		err = read_slice(w, t, false, begin, n);
		for (size_t i = 0; i < n && err == SY_OK; i++) {
			const struct trace_actor *m = &t->actors[begin + i];
			struct trace_line l = {.list = list,
					       .distance = t->items[m->from].distance,
					       .records = {m->record, NO_ID},
					       .direction = direction};
			if (m->place == (list == TRACE_PLACES))
				err = write_line(w, i, &l, true);
		}
	}
	return err;
}

/* Of what was asked for both ways there is one line. */
static int write_list(struct trace_writer *w, enum trace_list list)
{
	const struct trace_answer *a = w->a;
	size_t asked = 0;
	int err;

	while (a->both && asked < a->found[1].n && a->found[1].items[asked].from == TRACE_NONE)
		asked++;
	a->format->list(w, list);
	if (list == TRACE_ITEMS)
		err = write_items(w, &a->found[0], a->direction, 0);
	else
		err = write_actors(w, &a->found[0], a->direction, list);
	if (err || !a->both)
		return err;
	return list == TRACE_ITEMS ? write_items(w, &a->found[1], INDEX_FORWARD, asked)
				   : write_actors(w, &a->found[1], INDEX_FORWARD, list);
}

static void set_totals(const struct trace_answer *a)
{
	const char *cut = trace_cut_name(trace_cut_of(a)->cut);
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)a->entry);
	http_set(a->x, "Suyuan-As-Of", text);
	http_set(a->x, "Suyuan-Cut", cut ? cut : "none");
	snprintf(text, sizeof text, "%zu", a->n_unknown);
	http_set(a->x, "Suyuan-Unknown", text);
}

/* Bytes that the answer takes until it is read, names of codes of some length with it. */
static size_t held(const struct trace_answer *a)
{
	const size_t code = 64;
	size_t items = a->found[0].n + a->found[1].n, named = items < SLICE ? items : SLICE;

	return items * sizeof *a->found->items +
	       (a->found[0].n_actors + a->found[1].n_actors) * sizeof *a->found->actors +
	       named * (sizeof(struct name) + 2 * sizeof(struct from) + 2 * code) + CHUNK;
}

void trace_send(struct trace_answer *a)
{
	struct app *app = a->app;
	struct trace_writer w = {.a = a, .due = now_ms() + a->app->config.query_stream};
	int err = SY_OK;

	if ((w.slice = calloc(1, sizeof *w.slice)) == NULL) {
		http_problem_err(a->x, SY_ENOMEM, NULL);
		return;
	}
	set_totals(a);
	answer_stream_begin(a->x, a->app, a->format->type, held(a));
	sy_jw_init(&w.w, &w.b);
	a->format->head(&w);
	for (enum trace_list list = 0; list < TRACE_LISTS && err == SY_OK; list++)
		err = write_list(&w, list);
	if (err == SY_OK) {
		a->format->end(&w);
		err = flush(&w);
	}
	answer_stream_end(a->x, app, err == SY_OK); /* and A is gone */
	sy_buf_free(&w.b);
	sy_buf_free(&w.slice->text);
	free(w.slice);
}
