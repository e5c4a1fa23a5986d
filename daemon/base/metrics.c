#include "base/metrics.h"

#include <stdatomic.h>

static atomic_uint_fast64_t counters[METRIC_COUNT];

static const struct {
	const char *name, *help;
} counter_names[] = {
#define X(id, kind, name, help) {name, help},
    METRICS(X)
#undef X
};

/* Upper bounds in microseconds; the last bucket of a histogram has none. */
static const uint32_t bounds[] = {50,    100,   250,   500,    1000,   2500,   5000,
				  10000, 25000, 50000, 100000, 250000, 500000, 1000000};
enum { BOUNDS = sizeof bounds / sizeof bounds[0] };

static struct {
	atomic_uint_fast64_t bucket[BOUNDS + 1], sum_us;
} times[METRIC_TIME_COUNT];

static const struct {
	const char *name, *help;
} time_names[] = {
#define X(id, name, help) {name, help},
    METRIC_TIMES(X)
#undef X
};

void metric_add(enum metric m, uint64_t n)
{
	atomic_fetch_add_explicit(&counters[m], n, memory_order_relaxed);
}

uint64_t metric_get(enum metric m)
{
	return atomic_load_explicit(&counters[m], memory_order_relaxed);
}

void metric_time(enum metric_time m, uint64_t us)
{
	unsigned i = 0;
	while (i < BOUNDS && us > bounds[i])
		i++;
	atomic_fetch_add_explicit(&times[m].bucket[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&times[m].sum_us, us, memory_order_relaxed);
}

static void head(struct sy_buf *out, const char *name, const char *help, const char *kind)
{
	sy_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

void metrics_gauge(struct sy_buf *out, const char *name, const char *help, double value)
{
	head(out, name, help, "gauge");
	sy_buf_printf(out, "%s %.9g\n", name, value);
}

void metrics_counter(struct sy_buf *out, const char *name, const char *help, uint64_t value)
{
	head(out, name, help, "counter");
	sy_buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void write_times(struct sy_buf *out, unsigned m)
{
	const char *name = time_names[m].name;
	uint64_t n = 0;
	head(out, name, time_names[m].help, "histogram");
	for (unsigned i = 0; i <= BOUNDS; i++) {
		n += atomic_load_explicit(&times[m].bucket[i], memory_order_relaxed);
		if (i < BOUNDS)
			sy_buf_printf(out, "%s_bucket{le=\"%g\"} %llu\n", name, bounds[i] / 1e6,
				      (unsigned long long)n);
		else
			sy_buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name,
				      (unsigned long long)n);
	}
	uint64_t us = atomic_load_explicit(&times[m].sum_us, memory_order_relaxed);
	sy_buf_printf(out, "%s_sum %.6f\n%s_count %llu\n", name, (double)us / 1e6, name,
		      (unsigned long long)n);
}

void metrics_write(struct sy_buf *out)
{
	for (unsigned m = 0; m < METRIC_COUNT; m++)
		metrics_counter(out, counter_names[m].name, counter_names[m].help,
				metric_get((enum metric)m));
	for (unsigned m = 0; m < METRIC_TIME_COUNT; m++)
		write_times(out, m);
}
