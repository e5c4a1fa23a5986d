#include <suyuan/error.h>
#include <suyuan/time.h>

#include <time.h>

#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static const struct {
	const char *text;
	int err;
	int64_t ms;
} times[] = {
    {"1970-01-01T00:00:00Z", SY_OK, 0},
    {"2026-11-24T03:37:51.000Z", SY_OK, 1795491471000},
    {"2026-11-24t03:37:51z", SY_OK, 1795491471000},
    {"2026-11-24T11:37:51+08:00", SY_OK, 1795491471000},
    {"2026-11-23T22:07:51.5-05:30", SY_OK, 1795491471500},
    {"2026-11-24T03:37:51-00:00", SY_OK, 1795491471000},
    {"2026-11-24T03:37:51.05Z", SY_OK, 1795491471050},
    {"2026-11-24T03:37:51.123456789Z", SY_OK, 1795491471123},
    {"2026-11-24T03:37:51.999999999Z", SY_OK, 1795491471999},
    {"2024-02-29T23:59:59Z", SY_OK, 1709251199000},
    {"2000-02-29T00:00:00Z", SY_OK, 951782400000},
    {"9999-12-31T23:59:59.999Z", SY_OK, 253402300799999},
    {"2016-12-31T23:59:60Z", SY_OK, 1483228800000},
    {"2017-01-01T07:59:60+08:00", SY_OK, 1483228800000},
    {"1970-01-01T08:00:00+08:00", SY_OK, 0},
    {"1970-01-01T07:59:59+08:00", SY_ERANGE, 0},
    {"1969-12-31T23:59:59Z", SY_ERANGE, 0},
    {"1969-12-31T23:59:60Z", SY_ERANGE, 0},
    {"9999-12-31T23:59:59-01:00", SY_ERANGE, 0},
    {"2026-02-29T00:00:00Z", SY_ERANGE, 0},
    {"2100-02-29T00:00:00Z", SY_ERANGE, 0},
    {"2026-04-31T00:00:00Z", SY_ERANGE, 0},
    {"2026-13-01T00:00:00Z", SY_ERANGE, 0},
    {"2026-00-01T00:00:00Z", SY_ERANGE, 0},
    {"2026-01-00T00:00:00Z", SY_ERANGE, 0},
    {"0000-01-01T00:00:00Z", SY_ERANGE, 0},
    {"2026-11-24T24:00:00Z", SY_ERANGE, 0},
    {"2026-11-24T23:60:00Z", SY_ERANGE, 0},
    {"2026-11-24T23:59:60Z", SY_ERANGE, 0},
    {"2016-12-31T22:59:60Z", SY_ERANGE, 0},
    {"2016-12-31T23:59:61Z", SY_ERANGE, 0},
    {"", SY_EINVAL, 0},
    {"2026-11-24", SY_EINVAL, 0},
    {"2026-11-24T03:37:51", SY_EINVAL, 0},
    {"2026-11-24 03:37:51Z", SY_EINVAL, 0},
    {"2026-11-24T03:37Z", SY_EINVAL, 0},
    {"2026-11-24T03:37:51.Z", SY_EINVAL, 0},
    {"2026-11-24T03:37:51,5Z", SY_EINVAL, 0},
    {"2026-11-24T03:37:51.1234567890Z", SY_EINVAL, 0},
    {"2026-11-24T3:37:51Z", SY_EINVAL, 0},
    {"2026-1-24T03:37:51Z", SY_EINVAL, 0},
    {"26-11-24T03:37:51Z", SY_EINVAL, 0},
    {"12026-11-24T03:37:51Z", SY_EINVAL, 0},
    {"-2026-11-24T03:37:51Z", SY_EINVAL, 0},
    {"2026-11-24T03:37:51+0800", SY_EINVAL, 0},
    {"2026-11-24T03:37:51+08", SY_EINVAL, 0},
    {"2026-11-24T03:37:51+24:00", SY_EINVAL, 0},
    {"2026-11-24T03:37:51+08:60", SY_EINVAL, 0},
    {"2026-11-24T03:37:51ZZ", SY_EINVAL, 0},
    {"2026-11-24T03:37:51Z ", SY_EINVAL, 0},
    {" 2026-11-24T03:37:51Z", SY_EINVAL, 0},
    {"2026-11-24T03:37:51UTC", SY_EINVAL, 0},
};

START_TEST(parse_time)
{
	int64_t ms = 0;
	int err = sy_time_parse(sy_str(times[_i].text), &ms);
	ck_assert_msg(err == times[_i].err, "%s: %d", times[_i].text, err);
	ck_assert_msg(ms == times[_i].ms, "%s: %lld", times[_i].text, (long long)ms);
}
END_TEST

START_TEST(format_time)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {
	    {0, "1970-01-01T00:00:00.000Z"},
	    {1795491471007, "2026-11-24T03:37:51.007Z"},
	    {951782399999, "2000-02-28T23:59:59.999Z"},
	    {253402300799999, "9999-12-31T23:59:59.999Z"},
	    {253402300800000, "10000-01-01T00:00:00.000Z"},
	    {UINT64_MAX, "584556019-04-03T14:25:51.615Z"},
	};
	for (int i = 0; i < COUNT(rows); i++) {
		char text[SY_TIME_TEXT];
		sy_time_format(rows[i].ms, text);
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

/* Against the C library's calendar, and back, over 400 years and a bit. */
START_TEST(calendar)
{
	for (uint64_t s = 0; s < UINT64_C(430) * 366 * 86400; s += 86400 * 3 + 3607) {
		char text[SY_TIME_TEXT], expected[SY_TIME_TEXT], day[12];
		struct tm tm;
		time_t t = (time_t)s;
		int64_t ms;
		int32_t n;
		gmtime_r(&t, &tm);
		strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		sy_time_format(s * 1000, text);
		ck_assert_str_eq(text, expected);
		ck_assert_int_eq(sy_time_parse(sy_str(text), &ms), SY_OK);
		ck_assert_int_eq(ms, (int64_t)s * 1000);
		n = sy_date_of(s * 1000, 0);
		ck_assert_int_eq(n, (int32_t)(s / 86400));
		sy_date_format(n, day);
		ck_assert_int_eq(strncmp(day, text, 10), 0);
		ck_assert_int_eq(sy_date_parse(sy_str(day), &n), SY_OK);
		ck_assert_int_eq(n, (int32_t)(s / 86400));
	}
}
END_TEST

static const struct {
	const char *text;
	int err_parse, err_read;
	const char *day;
} dates[] = {
    {"2026-11-01", SY_OK, SY_OK, "2026-11-01"},
    {"1969-12-31", SY_OK, SY_OK, "1969-12-31"},
    {"0001-01-01", SY_OK, SY_OK, "0001-01-01"},
    {"9999-12-31", SY_OK, SY_OK, "9999-12-31"},
    {"2024-02-29", SY_OK, SY_OK, "2024-02-29"},
    {"20261101", SY_EINVAL, SY_OK, "2026-11-01"},
    {"2026-1-9", SY_EINVAL, SY_OK, "2026-01-09"},
    {"2026/11/1", SY_EINVAL, SY_OK, "2026-11-01"},
    {"2026/11/01", SY_EINVAL, SY_OK, "2026-11-01"},
    {"2026.11.1", SY_EINVAL, SY_OK, "2026-11-01"},
    {"2026年11月1日", SY_EINVAL, SY_OK, "2026-11-01"},
    {"2026年01月09日", SY_EINVAL, SY_OK, "2026-01-09"},
    {"2026年11月1号", SY_EINVAL, SY_OK, "2026-11-01"},
    {" 2026 年 11 月 1 日 ", SY_EINVAL, SY_OK, "2026-11-01"},
    {"\u30002026-11-01\t", SY_EINVAL, SY_OK, "2026-11-01"},
    {"2026-02-29", SY_ERANGE, SY_ERANGE, NULL},
    {"20260230", SY_EINVAL, SY_ERANGE, NULL},
    {"2026年13月1日", SY_EINVAL, SY_ERANGE, NULL},
    {"0000-01-01", SY_ERANGE, SY_ERANGE, NULL},
    {"", SY_EINVAL, SY_EINVAL, NULL},
    {"2026", SY_EINVAL, SY_EINVAL, NULL},
    {"2026-11", SY_EINVAL, SY_EINVAL, NULL},
    {"2026111", SY_EINVAL, SY_EINVAL, NULL},
    {"202611011", SY_EINVAL, SY_EINVAL, NULL},
    {"261101", SY_EINVAL, SY_EINVAL, NULL},
    {"1/11/2026", SY_EINVAL, SY_EINVAL, NULL},
    {"01.11.2026", SY_EINVAL, SY_EINVAL, NULL},
    {"2026/11-01", SY_EINVAL, SY_EINVAL, NULL},
    {"2026年11月1", SY_EINVAL, SY_EINVAL, NULL},
    {"2026-11-01T00:00:00Z", SY_EINVAL, SY_EINVAL, NULL},
    {"2026-011-01", SY_EINVAL, SY_EINVAL, NULL},
    {"yesterday", SY_EINVAL, SY_EINVAL, NULL},
};

START_TEST(read_date)
{
	int32_t day;
	char text[12];
	int err = sy_date_parse(sy_str(dates[_i].text), &day);
	ck_assert_msg(err == dates[_i].err_parse, "%s: parse %d", dates[_i].text, err);
	err = sy_date_read(sy_str(dates[_i].text), &day);
	ck_assert_msg(err == dates[_i].err_read, "%s: read %d", dates[_i].text, err);
	if (err == SY_OK) {
		sy_date_format(day, text);
		ck_assert_str_eq(text, dates[_i].day);
	}
}
END_TEST

START_TEST(days)
{
	char text[12];
	ck_assert_int_eq(sy_date_of(0, 0), 0);
	ck_assert_int_eq(sy_date_of(0, -1), -1);
	ck_assert_int_eq(sy_date_of(0, -24 * 60), -1);
	ck_assert_int_eq(sy_date_of(16 * 3600000 - 1, 480), 0);
	ck_assert_int_eq(sy_date_of(16 * 3600000, 480), 1);
	sy_date_format(INT32_MIN, text);
	ck_assert_str_eq(text, "0001-01-01");
	sy_date_format(INT32_MAX, text);
	ck_assert_str_eq(text, "9999-12-31");
}
END_TEST

/* A key's last ms is the last of its day in China, whatever its year. */
START_TEST(until)
{
	uint64_t ms = 0;
	int64_t end;
	ck_assert_int_eq(sy_until_parse(SY_STR("2026-11-01"), &ms), SY_OK);
	ck_assert_int_eq(sy_time_parse(SY_STR("2026-11-01T23:59:59.999+08:00"), &end), SY_OK);
	ck_assert_uint_eq(ms, (uint64_t)end);
	ck_assert_int_eq(sy_until_parse(SY_STR("0001-01-01"), &ms), SY_OK);
	ck_assert_uint_eq(ms, 0);
	ck_assert_int_eq(sy_until_parse(SY_STR("2026-11-31"), &ms), SY_ERANGE);
	ck_assert_int_eq(sy_until_parse(SY_STR("2026/11/1"), &ms), SY_EINVAL);
}
END_TEST

START_TEST(now)
{
	uint64_t before = (uint64_t)time(NULL), t = sy_time_now(), after = (uint64_t)time(NULL);
	ck_assert_uint_ge(t / 1000 + 1, before);
	ck_assert_uint_le(t / 1000, after);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("time");
	TCase *t = tcase_create("time");
	tcase_add_loop_test(t, parse_time, 0, COUNT(times));
	tcase_add_test(t, format_time);
	tcase_add_test(t, calendar);
	tcase_add_test(t, now);
	suite_add_tcase(s, t);
	t = tcase_create("date");
	tcase_add_loop_test(t, read_date, 0, COUNT(dates));
	tcase_add_test(t, days);
	tcase_add_test(t, until);
	suite_add_tcase(s, t);
	return s;
}
