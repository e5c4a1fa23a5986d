#include "api/trace_write.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* As much as was told before, a quarter of what there is at most, within these. */
enum {
	SLICE_MIN = 8192,
	SLICE = 131072,  /* things whose names are looked up under one snapshot */
	CHUNK = 64 << 10 /* bytes that are written at once */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/*
 * Names of some of what was found and of what it was reached from.  They are looked up in order of
 * id, each once, which costs a fraction of what it does in the order of their lines: the more at
 * once the less.  A snapshot isn't held while a peer takes its time to read, so they are copied.
 */
struct span {
	uint64_t at : 40, n : 24; /* in TEXT; no bytes of what is gone */
};
enum { OWN, FROM, ENDS };
struct want {
	uint64_t id;
	uint32_t of; /* which of the names, and of which end: i * ENDS + OWN or FROM */
};
struct slice {
	struct index *index;
	const struct trace *of;
	bool items; /* or actors */
	size_t begin, n;
	pthread_t thread;
	bool beside; /* that one looks them up */
	int err;
	struct sy_buf text;
	struct span names[SLICE][ENDS];
	struct want wants[SLICE * ENDS], spare[SLICE * ENDS];
	size_t n_wants;
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

static void want(struct slice *s, size_t item, size_t i, unsigned end)
{
	s->wants[s->n_wants++] = (struct want){s->of->items[item].id, (uint32_t)(i * ENDS + end)};
}

static int add_wanted(struct slice *s, struct index_read *r)
{
	struct span span = {0, 0};
	int err = SY_OK;

	trace_sort(s->wants, s->n_wants, sizeof *s->wants, s->spare);
	for (size_t i = 0; i < s->n_wants && err == SY_OK; i++) {
		const struct want *w = &s->wants[i];
		if (i == 0 || w->id != w[-1].id)
			err = add_item(s, r, w->id, &span);
		s->names[w->of / ENDS][w->of % ENDS] = span;
	}
	return err;
}

static int add_names(struct slice *s, struct index_read *r)
{
	const struct trace *t = s->of;
	int err = SY_OK;

	sy_buf_reset(&s->text);
	s->n_wants = 0;
	for (size_t i = 0; i < s->n && err == SY_OK; i++) {
		size_t at = s->begin + i;
		uint32_t from = s->items ? t->items[at].from : t->actors[at].from;
		s->names[i][FROM] = (struct span){0, 0};
		if (from != TRACE_NONE)
			want(s, from, i, FROM);
		if (s->items)
			want(s, at, i, OWN);
		else
			err = add_actor(s, r, t->actors[at].id, &s->names[i][OWN]);
	}
	return err ? err : add_wanted(s, r);
}

/* A thread's, or a call. */
static void *read_slice(void *slice)
{
	struct slice *s = slice;
	struct index_read r;

	if ((s->err = index_read_begin(s->index, &r)) == SY_OK) {
		s->err = add_names(s, &r);
		index_read_end(&r);
	}
	return NULL;
}

/* Of ALL, of which DONE were told: the first ones are short, so that an answer begins at once. */
static size_t slice_of(size_t all, size_t done)
{
	size_t n = all / 4 < done ? all / 4 : done;

	return n < SLICE_MIN ? SLICE_MIN : n > SLICE ? SLICE : n;
}

/* What begins there; by a thread where another slice is written meanwhile. */
static void begin_slice(struct trace_writer *w, struct slice *s, const struct trace *t, bool items,
			size_t begin)
{
	size_t all = items ? t->n : t->n_actors, left = begin < all ? all - begin : 0;

	s->index = w->a->app->index;
	s->of = t;
	s->items = items;
	s->begin = begin;
	s->n = left < slice_of(all, begin) ? left : slice_of(all, begin);
	s->beside = s->n && w->slices[1] && !pthread_create(&s->thread, NULL, read_slice, s);
}

/* Its names are there, or why they aren't. */
static int end_slice(struct slice *s)
{
	if (s->beside)
		pthread_join(s->thread, NULL);
	else
		read_slice(s);
	return s->err;
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
static int write_line(struct trace_writer *w, const struct trace_line *l, bool reached)
{
	if (l->code.n == 0 || (l->from.n == 0 && reached))
		return SY_OK;
	w->a->format->line(w, l);
	w->written[l->list]++;
	return w->b.n >= CHUNK ? flush(w) : SY_OK;
}

static int write_item(struct trace_writer *w, const struct trace_item *it, struct trace_line *l)
{
	l->list = TRACE_ITEMS;
	l->edge = it->edge;
	l->distance = it->distance;
	l->records[0] = it->records[0];
	l->records[1] = it->records[1];
	return write_line(w, l, it->from != TRACE_NONE);
}

/* From BEGIN on, where the walk brought the names along. */
static int write_named(struct trace_writer *w, const struct trace *t,
		       enum index_direction direction, size_t begin)
{
	char code[TRACE_NAME_MAX], from[TRACE_NAME_MAX];
	int err = SY_OK;

	for (size_t i = begin; i < t->n && err == SY_OK; i++) {
		struct trace_line l = {.direction = direction};
		bool plain = true;
		l.code = trace_name(t, i, code, &l.plain);
		if (t->items[i].from != TRACE_NONE)
			l.from = trace_name(t, t->items[i].from, from, &plain);
		l.plain &= plain;
		err = write_item(w, &t->items[i], &l);
	}
	return err;
}

static int write_actor(struct trace_writer *w, const struct slice *s, size_t i,
		       struct trace_line *l, enum trace_list list)
{
	const struct trace_actor *m = &s->of->actors[s->begin + i];

	l->list = list;
	l->distance = s->of->items[m->from].distance;
	l->records[0] = m->record;
	l->records[1] = NO_ID;
	return m->place == (list == TRACE_PLACES) ? write_line(w, l, true) : SY_OK;
}

static int write_slice(struct trace_writer *w, const struct slice *s,
		       enum index_direction direction, enum trace_list list)
{
	int err = SY_OK;

	for (size_t i = 0; i < s->n && err == SY_OK; i++) {
		struct trace_line l = {.code = text_of(s, s->names[i][OWN]),
				       .from = text_of(s, s->names[i][FROM]),
				       .direction = direction};
		err = s->items ? write_item(w, &s->of->items[s->begin + i], &l)
			       : write_actor(w, s, i, &l, list);
	}
	return err;
}

/* One slice is written while the names of the next one are looked up. */
static int write_all(struct trace_writer *w, const struct trace *t, enum index_direction direction,
		     enum trace_list list, size_t begin)
{
	struct slice *s = w->slices[0], *next;
	bool items = list == TRACE_ITEMS;
	int err = SY_OK;

	if (items && t->names.at)
		return write_named(w, t, direction, begin);
	begin_slice(w, s, t, items, begin);
	while (s->n > 0 && err == SY_OK) {
		size_t end = s->begin + s->n;
		err = end_slice(s);
		next = w->slices[s == w->slices[0]];
		if (next)
			begin_slice(w, next, t, items, end);
		if (err == SY_OK)
			err = write_slice(w, s, direction, list);
		if (next == NULL)
			begin_slice(w, next = s, t, items, end);
		s = next;
	}
	if (s->beside)
		end_slice(s); /* its thread ends, whatever it found */
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
	err = write_all(w, &a->found[0], a->direction, list, 0);
	if (err || !a->both)
		return err;
	return write_all(w, &a->found[1], INDEX_FORWARD, list, list == TRACE_ITEMS ? asked : 0);
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

/* How many names are looked up while it is written. */
static size_t sliced(const struct trace *t)
{
	return t->names.at ? t->n_actors : t->n;
}

/* Bytes that the answer takes until it is read, names of codes of some length with it. */
static size_t held(const struct trace_answer *a)
{
	const size_t code = 64;
	size_t items = a->found[0].n + a->found[1].n;
	size_t all = sliced(&a->found[0]) + sliced(&a->found[1]);
	size_t named = all < SLICES * SLICE ? all : SLICES * SLICE;

	return items * sizeof *a->found->items +
	       (a->found[0].n_actors + a->found[1].n_actors) * sizeof *a->found->actors +
	       trace_names_bytes(&a->found[0].names) + trace_names_bytes(&a->found[1].names) +
	       ENDS * named * (sizeof(struct span) + 2 * sizeof(struct want) + code) + CHUNK;
}

bool trace_has_help(const struct trace_answer *a)
{
	struct turns_stats now;

	turns_stats(a->app->queries, &now);
	return now.waiting == 0 && now.working + now.reading <= 1 &&
	       sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

/* A second one where there is more to say, if there is help. */
static int new_slices(struct trace_writer *w)
{
	const struct trace_answer *a = w->a;

	if ((w->slices[0] = calloc(1, sizeof(struct slice))) == NULL)
		return SY_ENOMEM;
	if (sliced(&a->found[0]) <= SLICE_MIN && sliced(&a->found[1]) <= SLICE_MIN)
		return SY_OK;
	if (trace_has_help(a))
		w->slices[1] = calloc(1, sizeof(struct slice)); /* or it goes without */
	return SY_OK;
}

static void free_slices(struct trace_writer *w)
{
	for (unsigned i = 0; i < SLICES && w->slices[i]; i++) {
		sy_buf_free(&w->slices[i]->text);
		free(w->slices[i]);
	}
}

void trace_send(struct trace_answer *a)
{
	struct app *app = a->app;
	struct trace_writer w = {.a = a, .due = now_ms() + a->app->config.query_stream};
	int err = SY_OK;

	if (new_slices(&w)) {
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
	free_slices(&w);
}
