/* The steps of a start, in order; undone in reverse. */
#include "api/answer.h"

#include "base/log.h"
#include "base/metrics.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void wake_main(struct app *app)
{
	uint64_t one = 1;
	while (write(app->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void on_published(void *ctx, uint64_t entries)
{
	struct app *app = ctx;
	(void)entries;
	index_wake(app->index);
}

/* What the index takes of the disk for a record of one lot, in round numbers. */
static uint64_t on_owed(void *ctx, uint64_t records)
{
	const uint64_t a_record = 768;
	return (answer_lag(ctx) + records) * a_record;
}

static void on_halted(void *ctx, int err, const char *why)
{
	struct app *app = ctx;
	log_event(LOG_ERR, "halted", "error", sy_strerror(err), "why", why ? why : "", NULL);
	atomic_store(&app->halted, err ? err : SY_EHALT);
	wake_main(app);
}

/* The thread that commits the index alone comes here: what it saw last needs no lock. */
static void time_commits(struct app *app)
{
	struct index_stats now, *was = &app->index_was;
	index_stats(app->index, &now);
	if (now.commits > was->commits)
		metric_time(METRIC_TIME_INDEX,
			    (now.commit_ns - was->commit_ns) / (now.commits - was->commits) / 1000);
	*was = now;
}

static void on_advanced(void *ctx, uint64_t position)
{
	struct app *app = ctx;
	if (app->index)
		time_commits(app);
	if (app->later)
		later_advanced(app->later, position);
	hooks_wake(app->hooks);
}

static void on_index_failed(void *ctx, int err, const char *why)
{
	log_event(LOG_ERR, "index-failed", "error", sy_strerror(err), "why", why ? why : "", NULL);
	on_halted(ctx, err, "the index can't follow the ledger");
}

static void on_index_waits(void *ctx, bool waits)
{
	(void)ctx;
	if (waits)
		log_event(LOG_ERR, "index-waits", "why",
			  "the disk is full: the index can't follow the ledger until there is room",
			  NULL);
	else
		log_event(LOG_NOTE, "index-goes-on", NULL);
}

static enum ledger_verdict on_judge(void *ctx, struct ledger_job *job, uint64_t entry,
				    uint64_t time)
{
	return admit_judge(((struct app *)ctx)->admit, job, entry, time);
}

static void on_settle(void *ctx, struct ledger_job *job, bool published)
{
	admit_settle(((struct app *)ctx)->admit, job, published);
}

static void on_answering(void *ctx, bool begins)
{
	(void)ctx;
	if (begins)
		http_hold();
	else
		http_release();
}

static void on_answer(void *ctx, const struct http_request *r, int status, size_t bytes,
		      uint64_t us)
{
	(void)ctx;
	if (!log_wants(LOG_DETAIL))
		return;
	char code[16], size[24], time[24], target[256];
	snprintf(code, sizeof code, "%d", status);
	snprintf(size, sizeof size, "%zu", bytes);
	snprintf(time, sizeof time, "%llu", (unsigned long long)us);
	snprintf(target, sizeof target, "%.*s", (int)(r->target.n > 255 ? 255 : r->target.n),
		 r->target.p);
	log_event(LOG_DETAIL, "request", "target", target, "status", code, "bytes", size, "us",
		  time, NULL);
}

/* Secrets stay in this process: no core dumps, no new privileges for whatever it may start. */
static int up_guard(struct app *app, const char **why)
{
	struct rlimit none = {0, 0};
	struct rlimit files;
	(void)why;
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	/* What a burst took goes back to the system with it: set, these don't grow by themselves.
	 */
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
	app->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return app->wake_fd < 0 ? SY_EIO : sy_crypto_init();
}

static void down_guard(struct app *app)
{
	close(app->wake_fd);
}

static int up_ledger(struct app *app, const char **why)
{
	const struct config *c = &app->config;
	struct ledger_options o = {
	    .dir = c->dir,
	    .map_size = c->truth_map,
	    .queue_bytes = c->queue_budget,
	    .group_records = (unsigned)c->group_records,
	    .judge = on_judge,
	    .settle = on_settle,
	    .answering = on_answering,
	    .owed = on_owed,
	    .published = on_published,
	    .halted = on_halted,
	    .ctx = app,
	};
	return ledger_open(&o, &app->ledger, why);
}

static void down_ledger(struct app *app)
{
	ledger_close(app->ledger);
}

static int up_index(struct app *app, const char **why)
{
	const struct config *c = &app->config;
	struct index_options o = {
	    .dir = c->dir,
	    .ledger = app->ledger,
	    .delay_ms = (unsigned)c->index_delay,
	    .map_size = c->index_map,
	    .advanced = on_advanced,
	    .failed = on_index_failed,
	    .waits = on_index_waits,
	    .ctx = app,
	};
	int err = index_open(&o, &app->index, why);
	if (err)
		return err;
	if ((err = index_catch_up(app->index)) != SY_OK)
		index_close(app->index);
	return err;
}

static void down_index(struct app *app)
{
	index_close(app->index);
}

static int up_admit(struct app *app, const char **why)
{
	(void)why;
	return admit_new(app->ledger, app->index, &app->admit);
}

static void down_admit(struct app *app)
{
	admit_free(app->admit);
}

static int up_local(struct app *app, const char **why)
{
	bool anew = false;
	int err = lookups_open(app->config.dir, &app->lookups, &anew);
	*why = "local/ can't be opened";
	if (!err && anew)
		log_event(LOG_WARN, "local-lost", "why",
			  "local/ was damaged: counts of look-ups begin anew", NULL);
	return err;
}

static void down_local(struct app *app)
{
	lookups_close(app->lookups);
}

/* Before the follower, which wakes them, and after it. */
static int up_hooks(struct app *app, const char **why)
{
	return hooks_open(app->config.webhooks, app->config.webhooks_authorities, app->config.dir,
			  app->ledger, app->index, &app->hooks, why);
}

static void down_hooks(struct app *app)
{
	hooks_close(app->hooks);
	app->hooks = NULL;
}

/* Each connection is a descriptor; what the daemon has besides are files, loops and listeners. */
static unsigned connections_within(const struct config *c)
{
	enum { BESIDES = 64, LEAST = 16 };
	struct rlimit files;
	char limit[24], most[24];
	uint64_t n = c->max_connections;
	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= n + BESIDES)
		return (unsigned)n;
	n = files.rlim_cur > BESIDES + LEAST ? files.rlim_cur - BESIDES : LEAST;
	snprintf(limit, sizeof limit, "%llu", (unsigned long long)files.rlim_cur);
	snprintf(most, sizeof most, "%llu", (unsigned long long)n);
	log_event(LOG_WARN, "few-descriptors", "limit", limit, "max-connections", most, "why",
		  "the limit of open files allows no more connections: raise it (LimitNOFILE in "
		  "the unit) or lower max-connections",
		  NULL);
	return (unsigned)n;
}

/* Bound before anything runs, so that a taken port is an error and not a half start. */
static int up_http(struct app *app, const char **why)
{
	const struct config *c = &app->config;
	struct http_options o = {
	    .listen = (const char *const *)c->listen,
	    .n_listen = c->n_listen,
	    .unix_path = c->unix_path,
	    .fronts = c->fronts,
	    .ctx = app,
	    .body_budget = c->body_budget,
	    .answer_budget = c->answer_budget,
	    .max_connections = connections_within(c),
	    .max_per_address = (unsigned)c->max_per_address,
	    .header_ms = (unsigned)c->header_timeout,
	    .request_ms = (unsigned)c->request_timeout,
	    .idle_ms = (unsigned)c->idle_timeout,
	    .write_ms = (unsigned)c->write_timeout,
	    .log = on_answer,
	};
	int err = routes_make(app);
	o.routes = app->routes;
	o.n_routes = app->n_routes;
	if (!err)
		err = http_open(&o, &app->http, why);
	if (err)
		routes_free(app);
	return err;
}

static void down_http(struct app *app)
{
	http_close(app->http);
	routes_free(app);
}

static int up_index_thread(struct app *app, const char **why)
{
	(void)why;
	return index_start(app->index);
}

static void down_index_thread(struct app *app)
{
	index_stop(app->index);
}

static int up_writer(struct app *app, const char **why)
{
	(void)why;
	return ledger_start(app->ledger);
}

static void down_writer(struct app *app)
{
	ledger_stop(app->ledger);
}

/* Made before and freed after the threads that hand them work. */
static int up_workers(struct app *app, const char **why)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	(void)why;
	int err = later_new(&app->later);
	if (err)
		return err;
	later_advanced(app->later, index_position(app->index));
	app->work.most = app->config.work_budget;
	return pool_new(app->config.workers ? app->config.workers
					    : (unsigned)(cores > 0 ? cores : 1),
			&app->pool);
}

static void down_workers(struct app *app)
{
	later_free(app->later);
	pool_free(app->pool);
	app->later = NULL;
	app->pool = NULL;
}

static int up_queries(struct app *app, const char **why)
{
	(void)why;
	const struct config *c = &app->config;
	struct turns_options o = {.threads = c->query_threads,
				  .readers = c->query_readers,
				  .bytes = (size_t)c->query_memory / QUERY_PART,
				  .patience_ms = (unsigned)c->query_patience};
	return turns_new(&o, &app->queries);
}

static void down_queries(struct app *app)
{
	turns_free(app->queries);
	app->queries = NULL;
}

static int up_fronts(struct app *app, const char **why)
{
	(void)why;
	return http_start(app->http);
}

static void down_fronts(struct app *app)
{
	atomic_store(&app->stopping, true);
	/* What doesn't come any more isn't waited for. */
	if (atomic_load(&app->halted))
		later_stop(app->later);
	http_drain(app->http, (unsigned)app->config.drain_timeout);
	/* Whoever still waits is answered; what is handed in from now on runs where it is. */
	later_stop(app->later);
	pool_stop(app->pool);
	turns_stop(app->queries);
}

static const struct step {
	const char *name;
	int (*up)(struct app *app, const char **why);
	void (*down)(struct app *app);
} steps[] = {
    {"guard", up_guard, down_guard},       {"ledger", up_ledger, down_ledger},
    {"index", up_index, down_index},       {"admission", up_admit, down_admit},
    {"local", up_local, down_local},       {"addresses", up_http, down_http},
    {"workers", up_workers, down_workers}, {"queries", up_queries, down_queries},
    {"webhooks", up_hooks, down_hooks},    {"follower", up_index_thread, down_index_thread},
    {"writer", up_writer, down_writer},    {"fronts", up_fronts, down_fronts},
};
enum { STEPS = sizeof steps / sizeof steps[0] };

void app_down(struct app *app, unsigned n)
{
	while (n > 0)
		steps[--n].down(app);
}

int app_up(struct app *app, unsigned *n)
{
	for (*n = 0; *n < STEPS; (*n)++) {
		const char *why = NULL;
		int err = steps[*n].up(app, &why);
		if (err) {
			log_event(LOG_ERR, "start-failed", "step", steps[*n].name, "error",
				  sy_strerror(err), "why", why ? why : "", NULL);
			return err;
		}
	}
	return SY_OK;
}
