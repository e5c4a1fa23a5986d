#include <base/metrics.h>

#include <stdio.h>
#include <stdlib.h>

#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static struct sy_buf page;

static void teardown(void)
{
	sy_buf_free(&page);
}

static bool has_line(const char *want)
{
	struct sy_str rest = sy_buf_span(&page), line;
	while (sy_str_line(&rest, &line))
		if (sy_str_is(line, want))
			return true;
	return false;
}

/* The number behind NAME and a space. */
static double sample(const char *name)
{
	struct sy_str rest = sy_buf_span(&page), line;
	size_t n = strlen(name);
	while (sy_str_line(&rest, &line))
		if (line.n > n && memcmp(line.p, name, n) == 0 && line.p[n] == ' ')
			return strtod(line.p + n, NULL);
	ck_abort_msg("no sample of %s", name);
	return -1;
}

START_TEST(counters)
{
	metric_add(METRIC_SUBMISSIONS_ACCEPTED, 3);
	metric_add(METRIC_SUBMISSIONS_ACCEPTED, UINT64_C(1) << 40);
	metric_add(METRIC_VERIFIES, 1);
	ck_assert_uint_eq(metric_get(METRIC_SUBMISSIONS_ACCEPTED), (UINT64_C(1) << 40) + 3);
	metrics_write(&page);
	ck_assert(has_line("# HELP suyuan_submissions_accepted_total submissions appended"));
	ck_assert(has_line("# TYPE suyuan_submissions_accepted_total counter"));
	ck_assert(has_line("suyuan_submissions_accepted_total 1099511627779"));
	ck_assert(has_line("suyuan_submissions_refused_total 0"));
	ck_assert(has_line("suyuan_verify_total 1"));
}
END_TEST

START_TEST(gauge)
{
	metrics_gauge(&page, "suyuan_lag_records", "behind", 12345678);
	metrics_gauge(&page, "suyuan_age_seconds", "age", 0.25);
	metrics_counter(&page, "suyuan_records_total", "all", UINT64_MAX);
	ck_assert(has_line("# TYPE suyuan_lag_records gauge"));
	ck_assert(has_line("suyuan_lag_records 12345678"));
	ck_assert(has_line("suyuan_age_seconds 0.25"));
	ck_assert(has_line("suyuan_records_total 18446744073709551615"));
}
END_TEST

/* A bound is part of its own bucket, and every bucket holds the ones before it. */
static const struct {
	uint64_t us;
	const char *first; /* the first bucket that counts it, and the last that doesn't */
	const char *before;
} times[] = {
    {0, "5e-05", NULL},        {50, "5e-05", NULL},       {51, "0.0001", "5e-05"},
    {1000, "0.001", "0.0005"}, {1001, "0.0025", "0.001"}, {1000000, "1", "0.5"},
    {1000001, "+Inf", "1"},    {UINT32_MAX, "+Inf", "1"},
};

static double bucket(const char *bound)
{
	char name[96];
	snprintf(name, sizeof name, "suyuan_submit_seconds_bucket{le=\"%s\"}", bound);
	return sample(name);
}

START_TEST(buckets)
{
	metric_time(METRIC_TIME_SUBMIT, times[_i].us);
	metrics_write(&page);
	ck_assert(bucket(times[_i].first) == 1);
	ck_assert(times[_i].before == NULL || bucket(times[_i].before) == 0);
	ck_assert(bucket("+Inf") == 1);
	ck_assert(sample("suyuan_submit_seconds_count") == 1);
	ck_assert_double_eq_tol(sample("suyuan_submit_seconds_sum"), (double)times[_i].us / 1e6,
				1e-9);
	ck_assert(sample("suyuan_verify_seconds_count") == 0);
}
END_TEST

START_TEST(cumulative)
{
	static const char head[] = "suyuan_submit_seconds_bucket{le=\"";
	struct sy_str rest, line;
	double last = 0, last_bound = 0;
	int n = 0;
	for (int i = 0; i < COUNT(times); i++)
		for (int k = 0; k <= i; k++)
			metric_time(METRIC_TIME_SUBMIT, times[i].us);
	metrics_write(&page);
	rest = sy_buf_span(&page);
	while (sy_str_line(&rest, &line)) {
		if (line.n < sizeof head || memcmp(line.p, head, sizeof head - 1) != 0)
			continue;
		char *end;
		double bound = strtod(line.p + sizeof head - 1, &end); /* takes +Inf */
		double count = strtod(end + 2, NULL);
		ck_assert(bound > last_bound && count >= last);
		last_bound = bound;
		last = count;
		n++;
	}
	ck_assert_int_gt(n, 10);
	ck_assert(last == COUNT(times) * (COUNT(times) + 1) / 2);
	ck_assert(last == sample("suyuan_submit_seconds_count"));
}
END_TEST

static bool name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* Each sample stands under the HELP and TYPE of its own family, and each family but once. */
START_TEST(format)
{
	struct sy_str rest, line, family = {"", 0};
	unsigned families = 0;
	metrics_write(&page);
	ck_assert(!page.failed && page.p[page.n - 1] == '\n');
	rest = sy_buf_span(&page);
	while (sy_str_line(&rest, &line)) {
		ck_assert(sy_utf8_valid(line.p, line.n, NULL));
		if (line.n > 7 && memcmp(line.p, "# HELP ", 7) == 0) {
			const char *space = memchr(line.p + 7, ' ', line.n - 7);
			ck_assert_ptr_nonnull(space);
			family = (struct sy_str){line.p + 7, (size_t)(space - line.p) - 7};
			char again[128];
			snprintf(again, sizeof again, "# HELP %.*s ", (int)family.n, family.p);
			ck_assert_ptr_null(
			    memmem(space, (size_t)(page.p + page.n - space), again, strlen(again)));
			families++;
			continue;
		}
		size_t skip = line.n > 7 && memcmp(line.p, "# TYPE ", 7) == 0 ? 7 : 0;
		ck_assert(line.n > family.n + skip);
		ck_assert_mem_eq(line.p + skip, family.p, family.n);
		for (size_t i = 0; i < family.n; i++)
			ck_assert(name_char(family.p[i], i == 0));
	}
	ck_assert_uint_eq(families, METRIC_COUNT + METRIC_TIME_COUNT);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("metrics");
	TCase *t = tcase_create("metrics");
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, counters);
	tcase_add_test(t, gauge);
	tcase_add_loop_test(t, buckets, 0, COUNT(times));
	tcase_add_test(t, cumulative);
	tcase_add_test(t, format);
	suite_add_tcase(s, t);
	return s;
}
