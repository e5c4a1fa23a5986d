#include "truth.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* LMDB holds a group's pages in memory until its commit. */
enum { QUEUE_BYTES = 64 << 20, GROUP_RECORDS = 20000, GROUP_BYTES = 16 << 20 };

int ledger_submit(struct ledger *l, struct ledger_job *job)
{
	size_t budget = l->o.queue_bytes ? l->o.queue_bytes : QUEUE_BYTES;
	int err = SY_OK;

	job->next = NULL;
	pthread_mutex_lock(&l->mu);
	if (l->state != WRITER_RUNNING)
		err = SY_EHALT;
	else if (!clock_good(l))
		err = SY_ECLOCK;
	/* one job alone may be larger than the whole budget */
	else if (l->queue_jobs &&
		 job->bytes > budget - (l->queue_bytes < budget ? l->queue_bytes : budget))
		err = SY_EBUSY;
	else {
		if (l->first == NULL)
			pthread_cond_signal(&l->wake);
		*l->end = job;
		l->end = &job->next;
		l->queue_jobs++;
		l->queue_bytes += job->bytes;
	}
	pthread_mutex_unlock(&l->mu);
	return err;
}

void ledger_answer(struct ledger *l, struct ledger_job *job)
{
	pthread_mutex_lock(&l->mu);
	/* genesis comes without having waited */
	if (l->queue_jobs) {
		l->queue_jobs--;
		l->queue_bytes -= job->bytes;
	}
	pthread_mutex_unlock(&l->mu);
	job->done(job);
}

static void refuse_all(struct ledger *l, struct ledger_job *jobs, int err)
{
	struct ledger_job *next;

	for (; jobs; jobs = next) {
		next = jobs->next;
		jobs->next = NULL;
		jobs->said = LEDGER_REFUSE;
		jobs->err = err;
		ledger_answer(l, jobs);
	}
}

/* Under mu: the oldest jobs that make a group, at least one. */
static struct ledger_job *take(struct ledger *l)
{
	size_t most = l->o.group_records ? l->o.group_records : GROUP_RECORDS, records = 0,
	       bytes = 0;
	struct ledger_job *jobs = l->first, **end = &l->first;

	while (*end && (records == 0 || (records + (*end)->sub->count <= most &&
					 bytes + (*end)->bytes <= GROUP_BYTES))) {
		records += (*end)->sub->count;
		bytes += (*end)->bytes;
		end = &(*end)->next;
	}
	l->first = *end;
	*end = NULL;
	if (l->first == NULL)
		l->end = &l->first;
	return jobs;
}

/* The guard must not fall behind unseen: a full disk is waited out, any other failure is final. */
static int keep_head(struct ledger *l)
{
	int err = SY_OK;

	if (l->head_dirty && l->clock.boot(l->clock.ctx) - l->head_at >= 1000)
		err = head_write(l);
	return err == SY_ENOSPC ? SY_OK : err;
}

/* Under mu: until there is something to do.  Looks at the clock often enough that slow corrections
 * of it don't add up to a jump. */
static void wait(struct ledger *l)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += l->head_dirty || l->clock_bad ? 1 : 10;
	while (l->first == NULL && l->state == WRITER_RUNNING)
		if (pthread_cond_timedwait(&l->wake, &l->mu, &until) == ETIMEDOUT)
			break;
}

static void *run(void *arg)
{
	struct ledger *l = arg;
	bool more = true;
	int err;

	pthread_setname_np(pthread_self(), "writer");
	while (more) {
		struct ledger_job *jobs = NULL;
		bool good;

		pthread_mutex_lock(&l->mu);
		wait(l);
		good = clock_good(l);
		if (l->first)
			jobs = take(l);
		pthread_mutex_unlock(&l->mu);
		if (!good)
			refuse_all(l, jobs, SY_ECLOCK);
		else if (jobs && group_run(l, jobs) == SY_EHALT)
			break;
		if ((err = keep_head(l))) {
			ledger_halt(l, err, "writing the head file failed");
			break;
		}
		pthread_mutex_lock(&l->mu);
		more = l->state == WRITER_RUNNING || (l->state == WRITER_STOPPING && l->first);
		pthread_mutex_unlock(&l->mu);
	}
	return NULL;
}

void ledger_halt(struct ledger *l, int err, const char *why)
{
	struct ledger_job *jobs;

	pthread_mutex_lock(&l->mu);
	l->state = WRITER_HALTED;
	l->halt_why = why;
	jobs = l->first;
	l->first = NULL;
	l->end = &l->first;
	pthread_mutex_unlock(&l->mu);
	if (l->o.halted)
		l->o.halted(l->o.ctx, err, why);
	refuse_all(l, jobs, SY_EHALT);
}

int ledger_start(struct ledger *l)
{
	int err;

	if (l->o.read_only || l->state != WRITER_IDLE)
		return SY_EHALT;
	if ((err = pages_unsum(l->dir)))
		return err;
	l->state = WRITER_RUNNING;
	if (pthread_create(&l->thread, NULL, run, l)) {
		l->state = WRITER_IDLE;
		return SY_ENOMEM;
	}
	return SY_OK;
}

void ledger_stop(struct ledger *l)
{
	bool halted;
	int err;

	pthread_mutex_lock(&l->mu);
	if (l->state == WRITER_IDLE) {
		pthread_mutex_unlock(&l->mu);
		return;
	}
	halted = l->state == WRITER_HALTED;
	if (!halted)
		l->state = WRITER_STOPPING;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->mu);
	pthread_join(l->thread, NULL);
	halted = l->state == WRITER_HALTED; /* perhaps while draining */
	l->state = WRITER_IDLE;
	/* After a failed sync nothing more is written, not even what looks harmless. */
	if (halted)
		return;
	if (((err = ledger_store_note(l)) || (err = head_write(l)) || (err = pages_sum(l->dir))) &&
	    l->o.halted)
		l->o.halted(l->o.ctx, err, "the last checkpoint or truth/sums can't be written");
}

bool ledger_writable(struct ledger *l, const char **why)
{
	const char *reason = NULL;

	pthread_mutex_lock(&l->mu);
	if (l->state == WRITER_HALTED)
		reason = l->halt_why;
	else if (l->state != WRITER_RUNNING)
		reason = "the writer doesn't run";
	else if (!clock_good(l))
		reason = l->clock_why;
	pthread_mutex_unlock(&l->mu);
	if (reason == NULL)
		reason = disk_full(l);
	if (why)
		*why = reason;
	return reason == NULL;
}

void ledger_stats(struct ledger *l, struct ledger_stats *out)
{
	struct ledger_head h;

	ledger_head(l, &h);
	*out = (struct ledger_stats){
	    .commits = l->stats.commits,
	    .commit_ns = l->stats.commit_ns,
	    .entries = h.entries,
	    .records = h.records,
	    .refused = l->stats.refused,
	    .duplicates = l->stats.duplicates,
	};
	pthread_mutex_lock(&l->mu);
	out->queue_jobs = l->queue_jobs;
	out->queue_bytes = l->queue_bytes;
	pthread_mutex_unlock(&l->mu);
}
