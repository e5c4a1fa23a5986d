/* What an operator watches: liveness, readiness with the reason, metrics, status. */
#include "api/answer.h"

#include "base/metrics.h"

#include <suyuan/time.h>

#include <stdio.h>
#include <unistd.h>

struct memory {
	uint64_t resident, own; /* bytes; own: that aren't pages of a mapped file */
};

static struct memory memory_now(void)
{
	unsigned long total, pages = 0, mapped = 0;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "re");
	if (f) {
		if (fscanf(f, "%lu %lu %lu", &total, &pages, &mapped) != 3)
			pages = mapped = 0;
		fclose(f);
	}
	return (struct memory){pages * page, (pages - mapped) * page};
}

void handle_health(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	http_reply(x, 200, "text/plain; charset=utf-8", SY_STR("ok\n"));
}

/* Why no submission would be taken now; NULL when it would. */
static const char *not_ready(struct app *app)
{
	struct index_stats ix;
	const char *why = NULL;
	int halted = atomic_load(&app->halted);
	if (halted)
		return sy_strerror(halted);
	if (atomic_load(&app->stopping))
		return "stopping";
	if (!ledger_writable(app->ledger, &why))
		return why ? why : sy_strerror(SY_EHALT);
	if (answer_lag(app) > app->config.lag_hard)
		return "the index is too far behind";
	index_stats(app->index, &ix);
	return ix.waits ? "the disk is full: the index can't follow the ledger" : NULL;
}

void handle_ready(struct http_exchange *x, void *ctx)
{
	const char *why = not_ready(ctx);
	if (why) {
		http_set(x, "Retry-After", "5");
		http_problem(x, 503, "not ready", why, NULL);
		return;
	}
	http_reply(x, 200, "text/plain; charset=utf-8", SY_STR("ready\n"));
}

static void lags(struct app *app, struct ledger_head *head, struct index_stats *ix)
{
	index_stats(app->index, ix);
	ledger_head(app->ledger, head);
}

static void write_queries(struct sy_buf *out, struct app *app)
{
	struct turns_stats qs;

	turns_stats(app->queries, &qs);
	metrics_gauge(out, "suyuan_queries_waiting", "walks and exports that wait for a thread",
		      qs.waiting);
	metrics_gauge(out, "suyuan_queries_pending", "large walks that wait for another's end",
		      qs.pending);
	metrics_gauge(out, "suyuan_queries_working", "of them under way", qs.working);
	metrics_gauge(out, "suyuan_queries_read", "streamed answers of them being read",
		      qs.reading);
	metrics_gauge(out, "suyuan_queries_read_bytes", "memory that those hold", (double)qs.bytes);
	metrics_counter(out, "suyuan_queries_cut_total", "slow readers cut as others waited",
			qs.cut);
}

static void write_http(struct sy_buf *out, struct app *app)
{
	struct http_stats hs;

	http_stats(app->http, &hs);
	metrics_gauge(out, "suyuan_http_connections", "open connections", (double)hs.connections);
	metrics_counter(out, "suyuan_http_requests_total", "requests answered", hs.requests);
	metrics_counter(out, "suyuan_http_timeouts_total", "connections ended by a deadline",
			hs.timeouts);
	metrics_counter(out, "suyuan_http_refused_total", "requests refused before their handler",
			hs.refused);
	metrics_counter(out, "suyuan_http_displaced_total",
			"connections closed to make room for others", hs.displaced);
	metrics_counter(out, "suyuan_http_turned_away_total",
			"connections closed at once, as there were too many", hs.turned_away);
	metrics_gauge(out, "suyuan_http_body_bytes", "bytes of request bodies held",
		      (double)hs.body_bytes);
	metrics_gauge(out, "suyuan_http_answer_bytes", "bytes of answers held",
		      (double)hs.answer_bytes);
}

void handle_metrics(struct http_exchange *x, void *ctx)
{
	struct app *app = ctx;
	struct ledger_head head;
	struct ledger_stats ls;
	struct index_stats ix;
	struct sy_buf out = {0};
	struct memory memory = memory_now();
	lags(app, &head, &ix);
	ledger_stats(app->ledger, &ls);
	metrics_write(&out);
	metrics_gauge(&out, "suyuan_entries", "entries under the newest checkpoint",
		      (double)head.entries);
	metrics_gauge(&out, "suyuan_records", "records under it", (double)head.records);
	metrics_counter(&out, "suyuan_commits_total", "group commits of the truth", ls.commits);
	metrics_gauge(&out, "suyuan_queue_jobs", "submissions waiting for the writer",
		      (double)ls.queue_jobs);
	metrics_gauge(&out, "suyuan_queue_bytes", "bytes of them", (double)ls.queue_bytes);
	metrics_gauge(&out, "suyuan_work_bytes", "memory of submissions being judged, besides them",
		      (double)__atomic_load_n(&app->work.used, __ATOMIC_RELAXED));
	metrics_gauge(&out, "suyuan_index_lag_records", "records that the index is behind",
		      (double)answer_lag(app));
	metrics_gauge(&out, "suyuan_index_late_seconds", "for how long it has been behind",
		      index_late(app->index) / 1000.0);
	metrics_gauge(&out, "suyuan_items", "items the index knows", (double)ix.items);
	metrics_gauge(&out, "suyuan_index_hashed_records",
		      "records whose event hashes are indexed, in slack hours", (double)ix.hashed);
	metrics_counter(&out, "suyuan_index_commits_total", "commits of the index", ix.commits);
	metrics_gauge(&out, "suyuan_claims", "touched pieces of state that the judge remembers",
		      (double)admit_remembered(app->admit));
	write_queries(&out, app);
	metrics_gauge(&out, "suyuan_webhooks_waiting",
		      "notices of recalls looked up and not delivered yet",
		      (double)hooks_waiting(app->hooks));
	write_http(&out, app);
	metrics_gauge(&out, "suyuan_resident_bytes", "resident memory, mapped files included",
		      (double)memory.resident);
	metrics_gauge(&out, "suyuan_own_bytes", "resident memory beyond the mapped files",
		      (double)memory.own);
	if (out.failed) {
		sy_buf_free(&out);
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	http_reply_buf(x, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
}

void handle_status(struct http_exchange *x, void *ctx)
{
	struct app *app = ctx;
	struct ledger_head head;
	struct ledger_stats ls;
	struct index_stats ix;
	struct http_stats hs;
	struct sy_buf body = {0};
	struct sy_jw w;
	const char *why = not_ready(app);
	lags(app, &head, &ix);
	ledger_stats(app->ledger, &ls);
	http_stats(app->http, &hs);
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "version", SUYUAN_VERSION);
	sy_jw_kv_u64(&w, "pid", (uint64_t)getpid());
	answer_time(&w, "started", app->started);
	sy_jw_key(&w, "ready");
	sy_jw_bool(&w, why == NULL);
	if (why)
		sy_jw_kv_text(&w, "reason", why);
	sy_jw_kv_text(&w, "dir", app->config.dir);
	sy_jw_kv_str(&w, "origin", ledger_origin(app->ledger));
	sy_jw_kv_u64(&w, "entries", head.entries);
	sy_jw_kv_u64(&w, "records", head.records);
	sy_jw_kv_u64(&w, "indexLagRecords", answer_lag(app));
	sy_jw_kv_u64(&w, "items", ix.items);
	sy_jw_kv_u64(&w, "commits", ls.commits);
	sy_jw_kv_u64(&w, "queueJobs", ls.queue_jobs);
	sy_jw_kv_u64(&w, "queueBytes", ls.queue_bytes);
	sy_jw_kv_u64(&w, "connections", hs.connections);
	sy_jw_kv_u64(&w, "requests", hs.requests);
	sy_jw_kv_u64(&w, "residentBytes", memory_now().resident);
	sy_jw_end(&w, '}');
	answer_json(x, 200, &body);
}
