/* What becomes of rows, for people and for the rejects. */
#include <stdlib.h>

#include "import_impl.h"
#include "words.h"

#define PROGRESS_MS 200

void import_clear_progress(const struct import *im)
{
	if (im->progress)
		fputs("\r\033[K", stderr);
}

void import_show_progress(struct import *im, bool now)
{
	uint64_t t = sy_time_now(), ms = t - im->began;

	if (!im->progress || (!now && t - im->shown < PROGRESS_MS))
		return;
	im->shown = t;
	uint64_t done = im->registered + im->already + im->repeated + im->refused,
		 there = im->already + im->repeated, rate = ms > 0 ? done * 1000 / ms : 0;
	import_clear_progress(im);
	fprintf(
	    stderr, words("%llu rows: %llu registered, %llu there already, %llu refused, %llu/s"),
	    (unsigned long long)done, (unsigned long long)im->registered, (unsigned long long)there,
	    (unsigned long long)im->refused, (unsigned long long)rate);
	fflush(stderr);
}

/* With the lock; without memory the import stops. */
static void keep(struct import *im, struct lines *list, uint64_t line)
{
	if (list->n == list->cap) {
		size_t cap = list->cap > 0 ? 2 * list->cap : 64;
		uint64_t *v = realloc(list->v, cap * sizeof *v);
		if (v == NULL) {
			im->stop = true;
			fail_memory(&im->fail);
			pthread_cond_broadcast(&im->changed);
			return;
		}
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n++] = line;
}

void import_repeat(struct import *im, uint64_t line, uint64_t first)
{
	pthread_mutex_lock(&im->lock);
	im->repeated++;
	keep(im, &im->again, first);
	import_clear_progress(im);
	say("%s:%llu: repeats line %llu", im->o->source.path, (unsigned long long)line,
	    (unsigned long long)first);
	import_show_progress(im, true);
	pthread_mutex_unlock(&im->lock);
}

void import_reject(struct import *im, const struct item *item)
{
	struct sy_buf row = {0}, clean = {0};
	bool bad = false;

	text_clean(&clean, sy_str(item->reason));
	if (im->rejects != NULL) {
		source_reject(im->source, item, &row);
		bad = row.failed || fwrite(row.p, 1, row.n, im->rejects) != row.n ||
		      fflush(im->rejects) != 0;
	}
	pthread_mutex_lock(&im->lock);
	im->refused++;
	keep(im, &im->bad, item->line);
	import_clear_progress(im);
	say("%s:%llu: %.*s", im->o->source.path, (unsigned long long)item->line, (int)clean.n,
	    clean.n ? clean.p : "");
	import_show_progress(im, true);
	pthread_mutex_unlock(&im->lock);
	sy_buf_free(&row);
	sy_buf_free(&clean);
	if (bad) {
		struct fail f = {0};
		fail(&f, RC_FAIL, "%s: cannot be written", im->o->rejects);
		import_stop(im, &f);
	}
}

const char *import_column(const struct import *im, const struct sy_fault *v)
{
	enum field f = F_COUNT;

	if (v->field == NULL || column_find(sy_str(v->field), &f) != SY_OK)
		f = column_of_pointer(v->pointer);
	return source_column(im->source, f, v->field != NULL ? v->field : v->pointer);
}

/* What is said of a Product record is no column of a batch, and is said once a product. */
void import_warn(struct import *im, const struct group *g, const size_t *map,
		 const struct sy_faults *faults)
{
	pthread_mutex_lock(&im->lock);
	for (size_t i = 0; i < faults->n; i++) {
		const struct sy_fault *v = &faults->v[i];
		enum field f = F_COUNT;
		uint64_t line = 0;
		if (v->status != 0)
			continue;
		if (v->field != NULL && column_find(sy_str(v->field), &f) != SY_OK)
			warnings_add(&im->warnings, v->field, v->detail, 0);
		else {
			if (v->record >= 0 && (size_t)v->record < g->n)
				line = g->items[map[v->record]].line;
			warnings_add(&im->warnings, import_column(im, v), v->detail, line);
		}
	}
	pthread_mutex_unlock(&im->lock);
}

static int by_line(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A row that repeats a refused one is refused with it. */
static void count_repeats(struct import *im)
{
	if (im->bad.n == 0)
		return;
	qsort(im->bad.v, im->bad.n, sizeof *im->bad.v, by_line);
	for (size_t i = 0; i < im->again.n; i++) {
		if (bsearch(&im->again.v[i], im->bad.v, im->bad.n, sizeof *im->bad.v, by_line) ==
		    NULL)
			continue;
		im->repeated--;
		im->refused++;
	}
}

void import_answer(struct import *im)
{
	struct out *o = &im->app->out;

	count_repeats(im);
	import_clear_progress(im);
	warnings_say(&im->warnings, im->o->source.path);
	out_object(o, NULL);
	out_u64(o, "rows", im->rows);
	out_u64(o, "registered", im->registered);
	out_u64(o, "already", im->already + im->repeated);
	out_u64(o, "refused", im->refused);
	out_u64(o, "warnings", im->warnings.all);
	out_u64(o, "submissions", im->submissions);
	out_text(o, "encoding", source_encoding(im->source));
	if (im->newest > 0)
		out_u64(o, "newestEntry", im->newest - 1);
	out_end(o);
}
