#include <suyuan/deadline.h>
#include <suyuan/error.h>
#include <suyuan/time.h>

#include "run.h"

static const struct {
	const char *text;
	int err;
	struct sy_deadline want;
} texts[] = {
    {"24 hours after known", SY_OK, {24, SY_HOURS, SY_CLOCK_KNOWN, false}},
    {"1 hour after opened", SY_OK, {1, SY_HOURS, SY_CLOCK_OPENED, false}},
    {"10 working days after notice", SY_OK, {10, SY_WORKING_DAYS, SY_CLOCK_NOTICE, false}},
    {"1 working day after complete", SY_OK, {1, SY_WORKING_DAYS, SY_CLOCK_COMPLETE, false}},
    {"every 3 days", SY_OK, {3, SY_DAYS, SY_CLOCK_OPENED, true}},
    {"every 3 months", SY_OK, {3, SY_MONTHS, SY_CLOCK_OPENED, true}},
    {"1000 days after known", SY_OK, {1000, SY_DAYS, SY_CLOCK_KNOWN, false}},
    {"", SY_EINVAL, {0}},
    {"0 days after known", SY_EINVAL, {0}},
    {"1001 days after known", SY_EINVAL, {0}},
    {"99999999999999999999 days after known", SY_EINVAL, {0}},
    {"24 hours", SY_EINVAL, {0}},
    {"24 hours after", SY_EINVAL, {0}},
    {"24 hours after yesterday", SY_EINVAL, {0}},
    {"24 hours after known.", SY_EINVAL, {0}},
    {"24  hours after known", SY_EINVAL, {0}},
    {"hours after known", SY_EINVAL, {0}},
    {"every 3 days after known", SY_EINVAL, {0}},
    {"every day", SY_EINVAL, {0}},
    {"3 weeks after known", SY_EINVAL, {0}},
};

START_TEST(test_text)
{
	struct sy_deadline got;
	ck_assert_int_eq(sy_deadline_parse(sy_str(texts[_i].text), &got), texts[_i].err);
	if (texts[_i].err)
		return;
	ck_assert_uint_eq(got.n, texts[_i].want.n);
	ck_assert_int_eq(got.unit, texts[_i].want.unit);
	ck_assert_int_eq(got.clock, texts[_i].want.clock);
	ck_assert_int_eq(got.every, texts[_i].want.every);
}
END_TEST

/* --- the calendar ---------------------------------------------------------------------------- */

static struct sy_arena arena;

static void read(const char *json, struct sy_calendar *c)
{
	struct sy_json_doc doc;
	ck_assert_int_eq(sy_json_parse(&arena, sy_str(json), 0, &doc, NULL), SY_OK);
	ck_assert_int_eq(sy_calendar_read(&arena, &doc, c), SY_OK);
}

static const char spring[] = "{\"from\":\"2025\",\"to\":\"2025\",\"holidays\":{\"2025-01-28\":8,"
			     "\"nonsense\":1,\"2025-03-01\":0,\"2025-03-02\":\"x\"},"
			     "\"workdays\":{\"2025-01-26\":1,\"2025-02-08\":1}}";

static const struct {
	const char *day;
	bool works;
} days[] = {
    {"2025-01-24", true},  /* a Friday */
    {"2025-01-25", false}, /* a Saturday */
    {"2025-01-26", true},  /* a Sunday that is worked */
    {"2025-01-27", true},  {"2025-01-28", false}, {"2025-02-04", false}, {"2025-02-05", true},
    {"2025-02-08", true},  {"2025-02-09", false}, {"1969-12-31", true},  {"1969-12-28", false},
};

START_TEST(test_works)
{
	struct sy_calendar c;
	int32_t day;
	read(spring, &c);
	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		ck_assert_int_eq(sy_date_parse(sy_str(days[i].day), &day), SY_OK);
		ck_assert_msg(sy_calendar_works(&c, day) == days[i].works, "%s", days[i].day);
	}
	sy_arena_free(&arena);
}
END_TEST

START_TEST(test_without_a_calendar)
{
	static const char *const none[] = {"{}", "{\"from\":\"2025\"}",
					   "{\"from\":\"25\",\"to\":\"2026\"}",
					   "{\"from\":2025,\"to\":2026}"};
	struct sy_calendar c;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		read(none[i], &c);
		ck_assert_int_gt(c.first, c.last);
	}
	sy_arena_free(&arena);
}
END_TEST

static const struct {
	const char *text, *start, *end;
	bool sure;
} ends[] = {
    {"24 hours after known", "2025-01-24T03:00:00Z", "2025-01-25T03:00:00.000Z", true},
    /* 23:30 of the 24th in Peking is the 24th; an hour later it is the 25th */
    {"1 day after known", "2025-01-24T15:30:00Z", "2025-01-25T15:59:59.999Z", true},
    {"1 day after known", "2025-01-24T16:30:00Z", "2025-01-26T15:59:59.999Z", true},
    {"2 working days after known", "2025-01-24T03:00:00Z", "2025-01-27T15:59:59.999Z", true},
    {"3 working days after known", "2025-01-24T03:00:00Z", "2025-02-05T15:59:59.999Z", true},
    {"1 working day after known", "2025-12-31T03:00:00Z", "2026-01-01T15:59:59.999Z", false},
    {"3 months after known", "2024-11-30T03:00:00Z", "2025-02-28T15:59:59.999Z", true},
    {"1 month after known", "2024-12-31T03:00:00Z", "2025-01-31T15:59:59.999Z", true},
    {"every 12 months", "2024-02-29T03:00:00Z", "2025-02-28T15:59:59.999Z", true},
};

START_TEST(test_end)
{
	struct sy_deadline d;
	struct sy_calendar c;
	char text[SY_TIME_TEXT];
	int64_t start;
	bool sure = true;
	read(spring, &c);
	ck_assert_int_eq(sy_deadline_parse(sy_str(ends[_i].text), &d), SY_OK);
	ck_assert_int_eq(sy_time_parse(sy_str(ends[_i].start), &start), SY_OK);
	sy_time_format(sy_deadline_end(&d, &c, (uint64_t)start, &sure), text);
	ck_assert_str_eq(text, ends[_i].end);
	ck_assert_int_eq(sure, ends[_i].sure);
	sy_arena_free(&arena);
}
END_TEST

START_TEST(test_moment)
{
	int64_t ms;
	ck_assert_int_eq(sy_moment_parse(SY_STR("2025-01-24"), false, &ms), SY_OK);
	ck_assert_int_eq(ms, 1737648000000);
	ck_assert_int_eq(sy_moment_parse(SY_STR("2025-01-24"), true, &ms), SY_OK);
	ck_assert_int_eq(ms, 1737734399999);
	ck_assert_int_eq(sy_moment_parse(SY_STR("2025-01-24T00:00:00+08:00"), true, &ms), SY_OK);
	ck_assert_int_eq(ms, 1737648000000);
	ck_assert_int_eq(sy_moment_parse(SY_STR("2025-01"), true, &ms), SY_EINVAL);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("deadline");
	TCase *text = tcase_create("text"), *calendar = tcase_create("calendar"),
	      *end = tcase_create("end");
	tcase_add_loop_test(text, test_text, 0, (int)(sizeof texts / sizeof *texts));
	suite_add_tcase(s, text);
	tcase_add_test(calendar, test_works);
	tcase_add_test(calendar, test_without_a_calendar);
	suite_add_tcase(s, calendar);
	tcase_add_loop_test(end, test_end, 0, (int)(sizeof ends / sizeof *ends));
	tcase_add_test(end, test_moment);
	suite_add_tcase(s, end);
	return s;
}
