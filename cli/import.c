#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "import.h"
#include "seen.h"
#include "warnings.h"

#define CONNECTIONS_MAX 16
#define PROGRESS_MS 200

struct group {
	struct sy_arena arena; /* of the items and of what is said about them */
	struct item *items;
	size_t n, bytes;
	struct group *next;
};

struct import {
	struct app *app;
	const struct import_options *o;
	struct source *source;
	struct sy_keyfile key;
	struct seen seen;
	/* the queue of groups: the reader at one end, workers at the other */
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	struct group *first, **last;
	size_t waiting;
	bool end, stop;
	struct fail fail;
	/* what has become of the rows */
	uint64_t rows, registered, already, repeated, refused, submissions;
	struct warnings warnings;
	uint64_t newest; /* entry, plus one */
	FILE *rejects;
	bool progress;
	uint64_t began, shown;
};

/* --- reports ---------------------------------------------------------------------------------- */

static void clear_progress(const struct import *im)
{
	if (im->progress)
		fputs("\r\033[K", stderr);
}

static void show_progress(struct import *im, bool now)
{
	uint64_t t = sy_time_now(), ms = t - im->began;

	if (!im->progress || (!now && t - im->shown < PROGRESS_MS))
		return;
	im->shown = t;
	uint64_t done = im->registered + im->already + im->repeated + im->refused,
		 there = im->already + im->repeated, rate = ms > 0 ? done * 1000 / ms : 0;
	clear_progress(im);
	fprintf(stderr, "%llu rows: %llu registered, %llu there already, %llu refused, %llu/s",
		(unsigned long long)done, (unsigned long long)im->registered,
		(unsigned long long)there, (unsigned long long)im->refused,
		(unsigned long long)rate);
	fflush(stderr);
}

static void stop(struct import *im, const struct fail *f)
{
	pthread_mutex_lock(&im->lock);
	im->stop = true;
	fail(&im->fail, f->rc, "%s", f->text);
	pthread_cond_broadcast(&im->changed);
	pthread_mutex_unlock(&im->lock);
}

/* A row that isn't registered: named on standard error, and kept with its reason. */
static void reject(struct import *im, const struct item *item)
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
	clear_progress(im);
	say("%s:%llu: %.*s", im->o->source.path, (unsigned long long)item->line, (int)clean.n,
	    clean.n ? clean.p : "");
	show_progress(im, true);
	pthread_mutex_unlock(&im->lock);
	sy_buf_free(&row);
	sy_buf_free(&clean);
	if (bad) {
		struct fail f = {0};
		fail(&f, RC_FAIL, "%s: cannot be written", im->o->rejects);
		stop(im, &f);
	}
}

/* The column that a fault of the ledger's belongs to, by the heading that the file has. */
static const char *column_name(const struct import *im, const struct sy_fault *v)
{
	enum field f = F_COUNT;

	if (v->field == NULL || column_find(sy_str(v->field), &f) != SY_OK)
		f = column_of_pointer(v->pointer);
	return source_column(im->source, f, v->field != NULL ? v->field : v->pointer);
}

/* What is said of a Product record is no column of a batch, and is said once a product. */
static void warn(struct import *im, const struct group *g, const size_t *map,
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
			warnings_add(&im->warnings, column_name(im, v), v->detail, line);
		}
	}
	pthread_mutex_unlock(&im->lock);
}

/* --- one submission --------------------------------------------------------------------------- */

struct worker {
	struct import *im;
	struct http *http;
	pthread_t thread;
	struct fail fail;
};

enum fate { LIVE, SAME, BAD };

/* "record 17 is this event already": its text must be ours, or another event has this id. */
static bool is_ours(struct worker *w, const struct sy_fault *v, struct sy_str record)
{
	struct http_answer a = {0};
	const char *digits = v->detail + strcspn(v->detail, "0123456789");
	uint64_t number;
	char path[64];
	bool same;

	if (memmem(record.p, record.n, "?ver=suyuan1\"", 13) != NULL)
		return true; /* the id is a hash of the text */
	if (sy_str_u64((struct sy_str){digits, strspn(digits, "0123456789")}, &number) != SY_OK)
		return false;
	snprintf(path, sizeof path, "/v1/records/%llu", (unsigned long long)number);
	same = http_fetch(w->http, path, &a, &w->fail) == RC_DONE &&
	       sy_str_eq(sy_buf_span(&a.body), record);
	http_answer_free(&a);
	return same;
}

static void add_reason(const struct import *im, struct group *g, struct item *item,
		       const struct sy_fault *v)
{
	const char *so_far = item->reason;

	item->reason = sy_arena_printf(&g->arena, "%s%s%s: %s", so_far ? so_far : "",
				       so_far ? "; " : "", column_name(im, v), v->detail);
	if (item->reason == NULL)
		item->reason = sy_strerror(SY_ENOMEM);
}

/* Sorts the rows of a refused submission; false when the ledger named none of them. */
static bool sort_out(struct worker *w, struct group *g, const size_t *map, size_t n,
		     const struct sy_faults *faults, uint8_t *fate)
{
	bool any = false;

	memset(fate, LIVE, n);
	for (size_t i = 0; i < faults->n; i++) {
		const struct sy_fault *v = &faults->v[i];
		if (v->status == 0 || v->record < 0 || (size_t)v->record >= n)
			continue;
		struct item *item = &g->items[map[v->record]];
		any = true;
		if (v->status == 409 && strcmp(v->pointer, "/eventID") == 0 &&
		    is_ours(w, v, item->record))
			fate[v->record] = SAME;
		else if (fate[v->record] != SAME) /* what else it says follows from that */
			fate[v->record] = BAD;
	}
	for (size_t i = 0; i < faults->n; i++) {
		const struct sy_fault *v = &faults->v[i];
		if (v->status != 0 && v->record >= 0 && (size_t)v->record < n &&
		    fate[v->record] == BAD)
			add_reason(w->im, g, &g->items[map[v->record]], v);
	}
	return any;
}

/*
 * Takes the bad rows out; only when there are none, those that the ledger has: a rerun then finds
 * the very submission that was made before, with its proof.
 */
static size_t take_out(struct worker *w, struct group *g, size_t *map, size_t n,
		       const uint8_t *fate)
{
	uint8_t out = memchr(fate, BAD, n) != NULL ? BAD : SAME;
	size_t left = 0, same = 0;

	for (size_t i = 0; i < n; i++) {
		if (fate[i] != out)
			map[left++] = map[i];
		else if (out == BAD)
			reject(w->im, &g->items[map[i]]);
		else
			same++;
	}
	pthread_mutex_lock(&w->im->lock);
	w->im->already += same;
	pthread_mutex_unlock(&w->im->lock);
	return left;
}

static void count_sent(struct import *im, const struct sent *sent, size_t n)
{
	pthread_mutex_lock(&im->lock);
	*(sent->again ? &im->already : &im->registered) += n;
	im->submissions++;
	if (sent->entry + 1 > im->newest)
		im->newest = sent->entry + 1;
	show_progress(im, false);
	pthread_mutex_unlock(&im->lock);
}

static int settle(struct worker *w, struct group *g, size_t *map, size_t n);

/* Too large for this ledger: the halves may not be. */
static int halve(struct worker *w, struct group *g, size_t *map, size_t n)
{
	int rc;

	memset(&w->fail, 0, sizeof w->fail);
	rc = settle(w, g, map, n / 2);
	return rc == RC_DONE ? settle(w, g, map + n / 2, n - n / 2) : rc;
}

static int settle(struct worker *w, struct group *g, size_t *map, size_t n)
{
	struct sender s = {w->http, w->im->app->trust, &w->im->key};
	struct sy_str *records = calloc(n + 1, sizeof *records);
	uint8_t *fate = calloc(n + 1, 1);
	struct sent sent = {0};
	int rc = records != NULL && fate != NULL ? RC_DONE : fail_memory(&w->fail);

	while (rc == RC_DONE && n > 0) {
		struct sy_faults faults;
		sy_faults_init(&faults, &g->arena);
		for (size_t i = 0; i < n; i++)
			records[i] = g->items[map[i]].record;
		rc = send_records(&s, records, n, &sent, &faults, &w->fail);
		if (rc == RC_DONE) {
			count_sent(w->im, &sent, n);
			warn(w->im, g, map, &faults);
			break;
		}
		if (rc != RC_REFUSED)
			break;
		if (sort_out(w, g, map, n, &faults, fate)) {
			memset(&w->fail, 0, sizeof w->fail);
			n = take_out(w, g, map, n, fate);
			rc = RC_DONE;
		} else if (sent.status == 413 && n > 1) {
			rc = halve(w, g, map, n);
			break;
		}
	}
	free(records);
	free(fate);
	return rc;
}

static void group_free(struct group *g)
{
	if (g == NULL)
		return;
	sy_arena_free(&g->arena);
	free(g->items);
	free(g);
}

static struct group *next_group(struct import *im)
{
	struct group *g = NULL;

	pthread_mutex_lock(&im->lock);
	while (im->first == NULL && !im->end && !im->stop)
		pthread_cond_wait(&im->changed, &im->lock);
	if (!im->stop && (g = im->first) != NULL) {
		if ((im->first = g->next) == NULL)
			im->last = &im->first;
		im->waiting--;
		pthread_cond_broadcast(&im->changed);
	}
	pthread_mutex_unlock(&im->lock);
	return g;
}

static void *work(void *worker)
{
	struct worker *w = worker;
	struct group *g;
	int rc = trust_connect(w->im->app, &w->http, &w->fail);

	while (rc == RC_DONE && (g = next_group(w->im)) != NULL) {
		size_t *map = calloc(g->n, sizeof *map);
		if (map == NULL)
			rc = fail_memory(&w->fail);
		for (size_t i = 0; map != NULL && i < g->n; i++)
			map[i] = i;
		if (rc == RC_DONE)
			rc = settle(w, g, map, g->n);
		free(map);
		group_free(g);
	}
	w->fail.rc = rc;
	if (rc != RC_DONE)
		stop(w->im, &w->fail);
	http_free(w->http);
	return NULL;
}

/* --- the reader ------------------------------------------------------------------------------- */

/* False when the import has stopped. */
static bool put_group(struct import *im, struct group *g)
{
	pthread_mutex_lock(&im->lock);
	while (im->waiting >= im->o->connections && !im->stop)
		pthread_cond_wait(&im->changed, &im->lock);
	bool on = !im->stop;
	if (on) {
		*im->last = g;
		im->last = &g->next;
		im->waiting++;
		pthread_cond_broadcast(&im->changed);
	}
	pthread_mutex_unlock(&im->lock);
	if (!on)
		group_free(g);
	return on;
}

static struct group *group_new(const struct import *im)
{
	struct group *g = calloc(1, sizeof *g);

	if (g != NULL && (g->items = calloc(im->o->group + 1u, sizeof *g->items)) == NULL) {
		free(g);
		return NULL;
	}
	return g;
}

/* The same row twice in one file is one record. */
static bool is_repeat(struct import *im, const struct item *item, struct fail *f)
{
	uint64_t line = item->line;
	int err = seen_add(&im->seen, item->record, &line);

	if (err == SY_ENOMEM)
		fail_memory(f);
	if (err != SY_EDUP)
		return false;
	pthread_mutex_lock(&im->lock);
	im->repeated++;
	clear_progress(im);
	say("%s:%llu: repeats line %llu, registered once", im->o->source.path,
	    (unsigned long long)item->line, (unsigned long long)line);
	show_progress(im, true);
	pthread_mutex_unlock(&im->lock);
	return true;
}

/* Reads one row into the group; SY_OK, SY_ENOTFOUND at the end, else F says why not. */
static int read_item(struct import *im, struct group *g, struct fail *f)
{
	struct item item;
	int err = source_next(im->source, &g->arena, &item, f);

	if (err != SY_OK)
		return err;
	im->rows++;
	if (item.reason != NULL) {
		reject(im, &item);
	} else if (!is_repeat(im, &item, f)) {
		g->items[g->n++] = item;
		g->bytes += item.record.n + 1;
	}
	return f->text[0] != '\0' ? SY_ENOMEM : SY_OK;
}

static int print_group(struct import *im, struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		out_bytes(&im->app->out, g->items[i].record);
		out_bytes(&im->app->out, SY_STR("\n"));
	}
	im->registered += g->n;
	group_free(g);
	return SY_OK;
}

static void read_all(struct import *im)
{
	struct fail f = {0};
	int err = SY_OK;

	while (err == SY_OK) {
		struct group *g = group_new(im);
		if (g == NULL) {
			fail_memory(&f);
			break;
		}
		while (err == SY_OK && g->n < im->o->group && g->bytes < IMPORT_GROUP_BYTES)
			err = read_item(im, g, &f);
		if (g->n == 0)
			group_free(g);
		else if (im->o->dry_run)
			print_group(im, g);
		else if (!put_group(im, g))
			break;
	}
	if (f.text[0] != '\0' && im->o->dry_run)
		im->fail = f;
	else if (f.text[0] != '\0')
		stop(im, &f);
	pthread_mutex_lock(&im->lock);
	im->end = true;
	pthread_cond_broadcast(&im->changed);
	pthread_mutex_unlock(&im->lock);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int run_workers(struct import *im)
{
	struct worker w[CONNECTIONS_MAX] = {0};
	unsigned n = 0;

	for (; n < im->o->connections && n < CONNECTIONS_MAX; n++) {
		w[n].im = im;
		if (pthread_create(&w[n].thread, NULL, work, &w[n]) != 0)
			break;
	}
	if (n == 0)
		return fail(&im->fail, RC_FAIL, "no thread to send with");
	read_all(im);
	for (unsigned i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	while (im->first != NULL) {
		struct group *g = im->first;
		im->first = g->next;
		group_free(g);
	}
	return im->fail.text[0] != '\0' ? im->fail.rc : RC_DONE;
}

static int open_rejects(struct import *im)
{
	struct sy_buf heading = {0};

	if (im->o->rejects == NULL)
		return RC_DONE;
	if (source_is(im->source, im->o->rejects))
		return fail(&im->fail, RC_USAGE, "--rejects %s would overwrite what is imported",
			    im->o->rejects);
	if ((im->rejects = fopen(im->o->rejects, "wb")) == NULL)
		return fail(&im->fail, RC_FAIL, "%s: %s", im->o->rejects, strerror(errno));
	source_reject(im->source, NULL, &heading);
	bool bad = heading.failed ||
		   (heading.n > 0 && fwrite(heading.p, 1, heading.n, im->rejects) != heading.n);
	sy_buf_free(&heading);
	return bad ? fail(&im->fail, RC_FAIL, "%s: cannot be written", im->o->rejects) : RC_DONE;
}

static void answer(struct import *im)
{
	struct out *o = &im->app->out;

	clear_progress(im);
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

static int prepare(struct import *im)
{
	struct app *app = im->app;
	int rc;

	if ((rc = source_open(&im->o->source, &im->source, &im->fail)) != RC_DONE)
		return rc;
	if (strcmp(source_encoding(im->source), "UTF-8") != 0)
		say("%s: read as %s", im->o->source.path, source_encoding(im->source));
	if (!im->o->dry_run &&
	    ((rc = key_read(app, &im->key)) != RC_DONE || (rc = trust_contact(app)) != RC_DONE))
		return rc;
	return open_rejects(im); /* last: what an earlier run wrote there may not be mended yet */
}

int import_run(struct app *app, const struct import_options *o)
{
	struct import im = {.app = app, .o = o, .began = sy_time_now()};
	int rc;

	pthread_mutex_init(&im.lock, NULL);
	pthread_cond_init(&im.changed, NULL);
	im.last = &im.first;
	im.progress = isatty(STDERR_FILENO);
	if ((rc = prepare(&im)) != RC_DONE)
		goto out;
	if (o->dry_run)
		read_all(&im);
	else
		rc = run_workers(&im);
	if (im.fail.text[0] != '\0')
		rc = im.fail.rc;
	if (!o->dry_run)
		answer(&im);
	else
		say("%llu rows are sound, %llu are not; nothing was sent",
		    (unsigned long long)im.registered, (unsigned long long)im.refused);
	if (rc != RC_DONE)
		say("stopped; when it is run again, rows that are registered count as done");
	else if (im.refused > 0)
		rc = RC_REFUSED;
	if (rc == RC_REFUSED && o->rejects != NULL)
		say("%s has the refused rows with their reasons: mend them there and import it",
		    o->rejects);
out:
	if (im.fail.text[0] != '\0')
		fail(&app->fail, im.fail.rc, "%s", im.fail.text);
	if (im.rejects != NULL && fclose(im.rejects) != 0)
		rc = rc_worst(rc, fail(&app->fail, RC_FAIL, "%s: cannot be written", o->rejects));
	source_close(im.source);
	seen_free(&im.seen);
	warnings_free(&im.warnings);
	sy_wipe(&im.key, sizeof im.key);
	pthread_cond_destroy(&im.changed);
	pthread_mutex_destroy(&im.lock);
	return rc;
}
