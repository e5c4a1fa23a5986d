#include "base/turns.h"

#include <suyuan/error.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* Whoever scans a code waits for a processor behind no walk: fronts, writer and index go first. */
enum { NICE = 10 };

/* That wait to be the large one: a thread each. */
enum { PENDING_MAX = 16 };

/* A thread's own. */
struct worker {
	struct worker *next; /* among the readers, the oldest first */
	bool turn;           /* has one */
	bool cut;
	bool reads;           /* its answer is */
	uint64_t since;       /* ms: it is read */
	struct worker *after; /* among those that wait to be the large one */
	size_t bytes, wrote;
	void (*call)(void *ctx);
	void *ctx;
};

struct turns {
	struct turns_options o;
	pthread_mutex_t lock;
	pthread_cond_t more, ended, small; /* SMALL: nobody is the large one any more */
	struct turn *first, **last;
	struct worker *readers, **readers_end;
	unsigned threads, idle; /* there; of them without anything to run */
	unsigned keeping;       /* readers that keep a turn */
	struct worker *large, *pending, **pending_end;
	struct turns_stats n;
	bool stopping;
};

static _Thread_local struct worker *here; /* NULL: no thread of ours */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- threads --------------------------------------------------------------------------------- */

static void *work(void *arg);

/* One is there for each turn, and one more for whoever has to wait for one. */
static int grow(struct turns *q)
{
	pthread_t thread;

	if (q->idle > 0 || q->stopping)
		return SY_OK;
	if (pthread_create(&thread, NULL, work, q))
		return SY_ENOMEM;
	pthread_detach(thread);
	q->threads++;
	q->idle++;
	return SY_OK;
}

/* Once one has had its time, the slowest of those that had half of it; *DUE is when to look again.
 */
static struct worker *slowest(const struct turns *q, uint64_t now, uint64_t *due)
{
	struct worker *found = NULL;

	*due = UINT64_MAX;
	for (struct worker *w = q->readers; w; w = w->next) {
		if (w->cut) /* one at a time */
			return NULL;
		if (now < w->since + q->o.patience_ms / 2)
			continue;
		/* Of what each took in its time, multiplied out. */
		if (found == NULL || (double)w->wrote * (double)(now - found->since + 1) <
					 (double)found->wrote * (double)(now - w->since + 1))
			found = w;
	}
	const struct worker *oldest = q->readers;
	if (oldest == NULL || now >= oldest->since + q->o.patience_ms)
		return found;
	*due = oldest->since + q->o.patience_ms;
	return NULL;
}

static void cut(struct turns *q, struct worker *w)
{
	w->cut = true;
	q->n.cut++;
	w->call(w->ctx);
}

static struct timespec at_ms(uint64_t ms)
{
	return (struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
}

/* Somebody waits; returns when something has changed. */
static void wait_for_turn(struct turns *q)
{
	uint64_t due = UINT64_MAX;
	struct worker *w = q->keeping ? slowest(q, now_ms(), &due) : NULL;

	if (w)
		cut(q, w);
	if (due == UINT64_MAX) {
		pthread_cond_wait(&q->more, &q->lock);
		return;
	}
	struct timespec t = at_ms(due);
	pthread_cond_timedwait(&q->more, &q->lock, &t);
}

/* NULL: there is nothing more to do for this thread. */
static struct turn *take(struct turns *q)
{
	while (q->first == NULL || q->n.working >= q->o.threads) {
		if (q->first == NULL && (q->stopping || q->idle > q->o.threads))
			return NULL;
		if (q->first)
			wait_for_turn(q);
		else
			pthread_cond_wait(&q->more, &q->lock);
	}
	struct turn *t = q->first;
	if ((q->first = t->next) == NULL)
		q->last = &q->first;
	q->n.waiting--;
	return t;
}

/* --- the large one --------------------------------------------------------------------------- */

static void end_large(struct turns *q, const struct worker *w)
{
	if (q->large != w)
		return;
	q->large = NULL;
	pthread_cond_broadcast(&q->small);
}

/* Looks at the large one's reader; returns when something has changed, at END at the latest. */
static void wait_for_large(struct turns *q, uint64_t end)
{
	struct worker *l = q->large;

	if (l && l->reads && !l->cut) {
		uint64_t due = l->since + q->o.patience_ms;
		if (now_ms() >= due)
			cut(q, l);
		else if (due < end)
			end = due;
	}
	struct timespec t = at_ms(end);
	pthread_cond_timedwait(&q->small, &q->lock, &t);
}

static int pend(struct turns *q, const struct worker *w, uint64_t end)
{
	while (q->large || q->pending != w) {
		if (q->stopping || now_ms() >= end)
			return SY_EBUSY;
		wait_for_large(q, end);
	}
	return SY_OK;
}

static void leave(struct turns *q, const struct worker *w)
{
	struct worker **at = &q->pending;

	while (*at != w)
		at = &(*at)->after;
	if ((*at = w->after) == NULL)
		q->pending_end = at;
	q->n.pending--;
	pthread_cond_broadcast(&q->small); /* who comes next is another */
}

int turns_large(struct turns *q, unsigned ms)
{
	struct worker *w = here;
	int err = SY_EBUSY;

	if (w == NULL)
		return SY_EBUSY;
	pthread_mutex_lock(&q->lock);
	if (q->large == w) {
		err = SY_OK;
	} else if (q->n.pending < PENDING_MAX) {
		*q->pending_end = w;
		q->pending_end = &w->after;
		q->n.pending++;
		bool gave = grow(q) == SY_OK;
		q->n.working -= gave;
		pthread_cond_broadcast(&q->more);
		err = pend(q, w, now_ms() + ms);
		leave(q, w);
		/* One more than there are turns, if need be: what it needs is here. */
		q->n.working += gave;
		if (err == SY_OK)
			q->large = w;
	}
	pthread_mutex_unlock(&q->lock);
	return err;
}

bool turns_is_large(struct turns *q)
{
	pthread_mutex_lock(&q->lock);
	bool large = here && q->large == here;
	pthread_mutex_unlock(&q->lock);
	return large;
}

static void *work(void *arg)
{
	struct turns *q = arg;
	struct worker w;

	pthread_setname_np(pthread_self(), "query");
	setpriority(PRIO_PROCESS, 0, NICE); /* on Linux this thread's own */
	pthread_mutex_lock(&q->lock);
	for (struct turn *t; (t = take(q)) != NULL;) {
		q->idle--;
		q->n.working++;
		grow(q); /* for who comes next; without it he waits for us */
		w = (struct worker){.turn = true};
		here = &w;
		pthread_mutex_unlock(&q->lock);
		t->run(t);
		pthread_mutex_lock(&q->lock);
		here = NULL;
		end_large(q, &w);
		q->n.working--;
		q->idle++;
		pthread_cond_broadcast(&q->more);
	}
	q->idle--;
	q->threads--;
	pthread_cond_broadcast(&q->ended);
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

/* --- readers --------------------------------------------------------------------------------- */

/* Gives its turn back where there is room for what it holds, and somebody to take it. */
static void give_back(struct turns *q, struct worker *w)
{
	bool fits = w->bytes <= q->o.bytes - q->n.bytes;

	if (q->n.reading - q->keeping >= q->o.readers || (!fits && q->large != w) ||
	    grow(q) != SY_OK)
		return;
	if (fits)
		end_large(q, w);
	else
		w->bytes = 0; /* of the others' */
	w->turn = false;
	q->n.bytes += w->bytes;
	q->n.working--;
	q->keeping--;
	pthread_cond_broadcast(&q->more);
}

void turns_reads(struct turns *q, size_t bytes, void (*call)(void *ctx), void *ctx)
{
	struct worker *w = here;

	if (w == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	w->since = now_ms();
	w->bytes = bytes;
	w->call = call;
	w->ctx = ctx;
	w->reads = true;
	pthread_cond_broadcast(&q->small);
	*q->readers_end = w;
	q->readers_end = &w->next;
	q->n.reading++;
	q->keeping++;
	give_back(q, w);
	pthread_cond_broadcast(&q->more); /* its time is to be looked at */
	pthread_mutex_unlock(&q->lock);
}

void turns_wrote(struct turns *q, size_t bytes)
{
	if (here == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	here->wrote += bytes;
	pthread_mutex_unlock(&q->lock);
}

static void take_out(struct turns *q, const struct worker *w)
{
	struct worker **at = &q->readers;

	while (*at != w)
		at = &(*at)->next;
	if ((*at = w->next) == NULL)
		q->readers_end = at;
}

void turns_read(struct turns *q)
{
	struct worker *w = here;

	if (w == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	take_out(q, w);
	w->reads = false;
	q->n.reading--;
	if (w->turn) {
		q->keeping--;
	} else {
		/* What is left to do is nothing that others would wait for. */
		q->n.bytes -= w->bytes;
		q->n.working++;
		w->turn = true;
	}
	for (struct worker *r = q->readers; r && q->keeping; r = r->next)
		if (r->turn)
			give_back(q, r);
	pthread_cond_broadcast(&q->more);
	pthread_mutex_unlock(&q->lock);
}

/* --- life ------------------------------------------------------------------------------------ */

int turns_new(const struct turns_options *o, struct turns **out)
{
	struct turns *q = calloc(1, sizeof *q);
	pthread_condattr_t monotonic;
	int err;

	if (q == NULL)
		return SY_ENOMEM;
	q->o = *o;
	q->last = &q->first;
	q->readers_end = &q->readers;
	q->pending_end = &q->pending;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&q->more, &monotonic);
	pthread_cond_init(&q->small, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_cond_init(&q->ended, NULL);
	pthread_mutex_lock(&q->lock);
	err = grow(q);
	pthread_mutex_unlock(&q->lock);
	if (err)
		turns_free(q);
	else
		*out = q;
	return err;
}

void turns_add(struct turns *q, struct turn *t)
{
	t->next = NULL;
	pthread_mutex_lock(&q->lock);
	bool closed = q->stopping;
	if (!closed) {
		*q->last = t;
		q->last = &t->next;
		q->n.waiting++;
		pthread_cond_broadcast(&q->more);
	}
	pthread_mutex_unlock(&q->lock);
	if (closed)
		t->run(t);
}

void turns_stats(struct turns *q, struct turns_stats *out)
{
	pthread_mutex_lock(&q->lock);
	*out = q->n;
	out->large = q->large != NULL;
	pthread_mutex_unlock(&q->lock);
}

void turns_stop(struct turns *q)
{
	if (q == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	q->stopping = true;
	pthread_cond_broadcast(&q->more);
	pthread_cond_broadcast(&q->small);
	while (q->threads > 0)
		pthread_cond_wait(&q->ended, &q->lock);
	pthread_mutex_unlock(&q->lock);
}

void turns_free(struct turns *q)
{
	if (q == NULL)
		return;
	turns_stop(q);
	pthread_cond_destroy(&q->more);
	pthread_cond_destroy(&q->small);
	pthread_cond_destroy(&q->ended);
	pthread_mutex_destroy(&q->lock);
	free(q);
}
