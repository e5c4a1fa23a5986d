/* From groups of rows to submissions that were taken. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "import_impl.h"
#include "words.h"

#define PAUSE_MIN 100 /* ms before another try */
#define PAUSE_MAX 5000

void import_stop(struct import *im, const struct fail *f)
{
	pthread_mutex_lock(&im->lock);
	im->stop = true;
	fail(&im->fail, f->rc, "%s", f->text);
	pthread_cond_broadcast(&im->changed);
	pthread_mutex_unlock(&im->lock);
}

void import_group_free(struct group *g)
{
	if (g == NULL)
		return;
	sy_arena_free(&g->arena);
	free(g->items);
	free(g);
}

/* --- when the ledger is away ------------------------------------------------------------------ */

/* Waits before another try, longer each time; false when it was away for too long, or the import
 * stops. */
static bool try_again(struct worker *w)
{
	struct import *im = w->im;
	uint64_t t = sy_time_now(), longest = UINT64_C(1000) * im->o->patience;

	pthread_mutex_lock(&im->lock);
	if (im->away == 0) {
		im->away = t;
		import_clear_progress(im);
		if (longest > 0)
			say("%s; trying again for %u s", w->fail.text, im->o->patience);
	}
	uint64_t since = t - im->away, pause = since / 2;
	bool on = !im->stop && since < longest;
	if (on) {
		pause = pause < PAUSE_MIN ? PAUSE_MIN : pause > PAUSE_MAX ? PAUSE_MAX : pause;
		struct timespec until = {(time_t)((t + pause) / 1000),
					 (long)((t + pause) % 1000) * 1000000};
		while (!im->stop && pthread_cond_timedwait(&im->changed, &im->lock, &until) == 0)
			;
		on = !im->stop;
	}
	pthread_mutex_unlock(&im->lock);
	if (on)
		memset(&w->fail, 0, sizeof w->fail);
	return on;
}

/* An answer to what was asked at BEGAN: one that was asked before the ledger went says nothing. */
static void there_again(struct import *im, uint64_t began)
{
	pthread_mutex_lock(&im->lock);
	if (began > im->away)
		im->away = 0;
	pthread_mutex_unlock(&im->lock);
}

static int send_on(struct worker *w, const struct sy_str *records, size_t n, struct group *g,
		   struct sent *sent, struct sy_faults *faults)
{
	struct sender s = {w->http, w->im->app->trust, &w->im->key};
	uint64_t began;
	int rc;

	do {
		began = sy_time_now();
		sy_faults_init(faults, &g->arena);
		rc = send_records(&s, records, n, sent, faults, &w->fail);
	} while (rc == RC_AWAY && try_again(w));
	if (rc != RC_AWAY)
		there_again(w->im, began);
	return rc;
}

/* --- what it refuses -------------------------------------------------------------------------- */

enum fate { LIVE, SAME, BAD };

/* "record 17 is this event already": its text must be ours, or another event has this id. */
static int is_ours(struct worker *w, const struct sy_fault *v, struct sy_str record, bool *same)
{
	struct http_answer a = {0};
	const char *digits = v->detail + strcspn(v->detail, "0123456789");
	uint64_t number;
	char path[64];
	int rc;

	*same = memmem(record.p, record.n, "?ver=suyuan1\"", 13) != NULL;
	if (*same) /* the id is a hash of the text */
		return RC_DONE;
	if (sy_str_u64((struct sy_str){digits, strspn(digits, "0123456789")}, &number) != SY_OK)
		return RC_DONE;
	snprintf(path, sizeof path, "/v1/records/%llu", (unsigned long long)number);
	memset(&w->fail, 0, sizeof w->fail);
	do {
		rc = http_fetch(w->http, path, &a, &w->fail);
	} while (rc == RC_AWAY && try_again(w));
	*same = rc == RC_DONE && sy_str_eq(sy_buf_span(&a.body), record);
	http_answer_free(&a);
	return rc == RC_AWAY ? rc : RC_DONE;
}

static void add_reason(const struct import *im, struct group *g, struct item *item,
		       const struct sy_fault *v)
{
	const char *so_far = item->reason;

	item->reason = sy_arena_printf(&g->arena, "%s%s%s: %s", so_far ? so_far : "",
				       so_far ? "; " : "", import_column(im, v), v->detail);
	if (item->reason == NULL)
		item->reason = words(sy_strerror(SY_ENOMEM));
}

static bool names_row(const struct sy_fault *v, size_t n)
{
	return v->status != 0 && v->record >= 0 && (size_t)v->record < n;
}

/* Sorts the rows of a refused submission; *ANY: the ledger named one of them. */
static int sort_out(struct worker *w, struct group *g, const size_t *map, size_t n,
		    const struct sy_faults *faults, uint8_t *fate, bool *any)
{
	int rc = RC_DONE;

	*any = false;
	memset(fate, LIVE, n);
	for (size_t i = 0; i < faults->n && rc == RC_DONE; i++) {
		const struct sy_fault *v = &faults->v[i];
		bool same = false;
		if (!names_row(v, n))
			continue;
		*any = true;
		if (v->status == 409 && strcmp(v->pointer, "/eventID") == 0)
			rc = is_ours(w, v, g->items[map[v->record]].record, &same);
		if (same)
			fate[v->record] = SAME;
		else if (fate[v->record] != SAME) /* what else it says follows from that */
			fate[v->record] = BAD;
	}
	for (size_t i = 0; i < faults->n && rc == RC_DONE; i++) {
		const struct sy_fault *v = &faults->v[i];
		if (names_row(v, n) && fate[v->record] == BAD)
			add_reason(w->im, g, &g->items[map[v->record]], v);
	}
	return rc;
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
			import_reject(w->im, &g->items[map[i]]);
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
	import_show_progress(im, false);
	pthread_mutex_unlock(&im->lock);
}

/* --- a group ---------------------------------------------------------------------------------- */

static int settle(struct worker *w, struct group *g, size_t *map, size_t n);

/* Too large for this ledger: the halves may not be; one row is a bad one. */
static int halve(struct worker *w, struct group *g, size_t *map, size_t n)
{
	int rc;

	if (n == 1) {
		struct item *item = &g->items[map[0]];
		item->reason = sy_arena_strdup(&g->arena, sy_str(w->fail.text));
		if (item->reason == NULL)
			return fail_memory(&w->fail);
		import_reject(w->im, item);
		memset(&w->fail, 0, sizeof w->fail);
		return RC_DONE;
	}
	memset(&w->fail, 0, sizeof w->fail);
	rc = settle(w, g, map, n / 2);
	return rc == RC_DONE ? settle(w, g, map + n / 2, n - n / 2) : rc;
}

static int settle(struct worker *w, struct group *g, size_t *map, size_t n)
{
	struct sy_str *records = calloc(n + 1, sizeof *records);
	uint8_t *fate = calloc(n + 1, 1);
	struct sent sent = {0};
	int rc = records != NULL && fate != NULL ? RC_DONE : fail_memory(&w->fail);

	while (rc == RC_DONE && n > 0) {
		struct sy_faults faults;
		bool any = false;
		for (size_t i = 0; i < n; i++)
			records[i] = g->items[map[i]].record;
		rc = send_on(w, records, n, g, &sent, &faults);
		if (rc == RC_DONE) {
			count_sent(w->im, &sent, n);
			import_warn(w->im, g, map, &faults);
			break;
		}
		if (rc != RC_REFUSED)
			break;
		if ((rc = sort_out(w, g, map, n, &faults, fate, &any)) != RC_DONE)
			break;
		rc = any ? RC_DONE : RC_REFUSED;
		if (any) {
			memset(&w->fail, 0, sizeof w->fail);
			n = take_out(w, g, map, n, fate);
		} else if (sent.status == 413) {
			rc = halve(w, g, map, n);
			break;
		}
	}
	free(records);
	free(fate);
	return rc;
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

void *import_work(void *worker)
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
		import_group_free(g);
	}
	w->fail.rc = rc;
	if (rc != RC_DONE)
		import_stop(w->im, &w->fail);
	http_free(w->http);
	return NULL;
}
