/*
 * Metrics in Prometheus' text format: counters, gauges and histograms from one table.
 *
 * Counters are atomic and may be bumped from any thread; gauges that other rooms own are read by
 * a callback when the page is asked for.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <suyuan/bytes.h>

/* name, kind, sentence */
#define METRICS(X)                                                                                 \
	X(SUBMISSIONS_ACCEPTED, counter, "suyuan_submissions_accepted_total",                      \
	  "submissions appended")                                                                  \
	X(SUBMISSIONS_DUPLICATE, counter, "suyuan_submissions_duplicate_total",                    \
	  "submissions that the ledger had already")                                               \
	X(SUBMISSIONS_REFUSED, counter, "suyuan_submissions_refused_total", "submissions refused") \
	X(SUBMISSIONS_BUSY, counter, "suyuan_submissions_busy_total",                              \
	  "submissions turned away while busy")                                                    \
	X(JUDGED_AGAIN, counter, "suyuan_judged_again_total",                                      \
	  "verdicts made again because the state had moved")                                       \
	X(VERIFIES, counter, "suyuan_verify_total", "codes looked up")                             \
	X(WEBHOOKS_DELIVERED, counter, "suyuan_webhooks_delivered_total",                          \
	  "notices of recalls that a receiver has taken")                                          \
	X(WEBHOOKS_FAILED, counter, "suyuan_webhooks_failed_total",                                \
	  "posts of such notices that failed, and are tried again")

enum metric {
#define X(id, kind, name, help) METRIC_##id,
	METRICS(X)
#undef X
	    METRIC_COUNT
};

void metric_add(enum metric m, uint64_t n);
uint64_t metric_get(enum metric m);

/* Latency histograms, in microseconds, with fixed buckets. */
#define METRIC_TIMES(X)                                                         \
	X(SUBMIT, "suyuan_submit_seconds", "from a request read to its 201")    \
	X(VERIFY, "suyuan_verify_seconds", "from a request read to its answer") \
	X(COMMIT, "suyuan_commit_seconds", "a group commit of the truth")       \
	X(INDEX, "suyuan_index_commit_seconds", "a commit of the index")

enum metric_time {
#define X(id, name, help) METRIC_TIME_##id,
	METRIC_TIMES(X)
#undef X
	    METRIC_TIME_COUNT
};

void metric_time(enum metric_time m, uint64_t us);

/* Appends the page for the tables above; further gauges are added with metrics_gauge. */
void metrics_write(struct sy_buf *out);
void metrics_gauge(struct sy_buf *out, const char *name, const char *help, double value);
void metrics_counter(struct sy_buf *out, const char *name, const char *help, uint64_t value);

#endif
