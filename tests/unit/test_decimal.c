#include <suyuan/decimal.h>
#include <suyuan/error.h>

#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static const struct {
	const char *text;
	int err;
	const char *back;
} texts[] = {
    {"0", SY_OK, "0"},
    {"-0", SY_OK, "0"},
    {"0.000", SY_OK, "0"},
    {"0e999999999999999999999", SY_OK, "0"},
    {"-0.0E-99999", SY_OK, "0"},
    {"1", SY_OK, "1"},
    {"-1", SY_OK, "-1"},
    {"10", SY_OK, "10"},
    {"1.50", SY_OK, "1.5"},
    {"0.05", SY_OK, "0.05"},
    {"-0.05", SY_OK, "-0.05"},
    {"100.001", SY_OK, "100.001"},
    {"1e3", SY_OK, "1000"},
    {"1E+3", SY_OK, "1000"},
    {"12e-1", SY_OK, "1.2"},
    {"1200e-2", SY_OK, "12"},
    {"0.0012e4", SY_OK, "12"},
    {"1e17", SY_OK, "100000000000000000"},
    {"1e18", SY_ERANGE, NULL},
    {"999999999999999999", SY_OK, "999999999999999999"},
    {"-999999999999999999", SY_OK, "-999999999999999999"},
    {"1000000000000000000", SY_ERANGE, NULL},
    {"0.999999999999999999", SY_OK, "0.999999999999999999"},
    {"-0.000000000000000001", SY_OK, "-0.000000000000000001"},
    {"1e-18", SY_OK, "0.000000000000000001"},
    {"1e-19", SY_ERANGE, NULL},
    {"10e-19", SY_OK, "0.000000000000000001"},
    {"0.0000000000000000001", SY_ERANGE, NULL},
    {"0.00000000000000000010", SY_ERANGE, NULL},
    {"0.00000000000000000100", SY_OK, "0.000000000000000001"},
    {"1.0000000000000000000000000000", SY_OK, "1"},
    {"1.0000000000000000000000000001", SY_ERANGE, NULL},
    {"123456789.123456789", SY_OK, "123456789.123456789"},
    {"1234567890.123456789", SY_ERANGE, NULL},
    {"100000000000000000000e-20", SY_OK, "1"},
    {"100000000000000000000e-3", SY_OK, "100000000000000000"},
    {"1e99999999999999999999", SY_ERANGE, NULL},
    {"1e-99999999999999999999", SY_ERANGE, NULL},
    {"", SY_EINVAL, NULL},
    {"-", SY_EINVAL, NULL},
    {"+1", SY_EINVAL, NULL},
    {" 1", SY_EINVAL, NULL},
    {"1 ", SY_EINVAL, NULL},
    {"01", SY_EINVAL, NULL},
    {"-01", SY_EINVAL, NULL},
    {"00", SY_EINVAL, NULL},
    {".5", SY_EINVAL, NULL},
    {"5.", SY_EINVAL, NULL},
    {"5.e1", SY_EINVAL, NULL},
    {"5e", SY_EINVAL, NULL},
    {"5e+", SY_EINVAL, NULL},
    {"5e1.5", SY_EINVAL, NULL},
    {"1,5", SY_EINVAL, NULL},
    {"0x1", SY_EINVAL, NULL},
    {"NaN", SY_EINVAL, NULL},
    {"--1", SY_EINVAL, NULL},
};

START_TEST(parse)
{
	struct sy_decimal d;
	char back[SY_DECIMAL_TEXT];
	int err = sy_decimal_parse(sy_str(texts[_i].text), &d);
	ck_assert_msg(err == texts[_i].err, "%s: %d", texts[_i].text, err);
	if (err)
		return;
	sy_decimal_format(d, back);
	ck_assert_str_eq(back, texts[_i].back);
	ck_assert_int_le(d.scale, 18);
	struct sy_decimal again;
	ck_assert_int_eq(sy_decimal_parse(sy_str(back), &again), SY_OK);
	ck_assert(again.coef == d.coef && again.scale == d.scale);
}
END_TEST

/* A NUL is a byte like any other. */
START_TEST(parse_nul)
{
	struct sy_decimal d;
	ck_assert_int_eq(sy_decimal_parse(SY_STR("1\0"), &d), SY_EINVAL);
	ck_assert_int_eq(sy_decimal_parse(SY_STR("\0"), &d), SY_EINVAL);
}
END_TEST

static struct sy_decimal dec(const char *text)
{
	struct sy_decimal d;
	ck_assert_int_eq(sy_decimal_parse(sy_str(text), &d), SY_OK);
	return d;
}

static const struct {
	const char *a, *b, *sum, *difference; /* NULL: out of range */
	int cmp;
} sums[] = {
    {"0", "0", "0", "0", 0},
    {"0.1", "0.2", "0.3", "-0.1", -1},
    {"1", "0.000000000000000001", NULL, "0.999999999999999999", 1},
    {"0.5", "0.5", "1", "0", 0},
    {"2.50", "2.5", "5", "0", 0},
    {"100", "0.01", "100.01", "99.99", 1},
    {"999999999999999999", "1", NULL, "999999999999999998", 1},
    {"-999999999999999999", "1", "-999999999999999998", NULL, -1},
    {"999999999999999999", "-999999999999999999", "0", NULL, 1},
    {"500000000000000000", "499999999999999999", "999999999999999999", "1", 1},
    {"99999999999999999.9", "0.1", "100000000000000000", "99999999999999999.8", 1},
    {"999999999999999999", "0.999999999999999999", NULL, NULL, 1},
    {"-5", "-5.1", "-10.1", "0.1", 1},
};

static void check_sum(int err, struct sy_decimal d, const char *expected, int row)
{
	char text[SY_DECIMAL_TEXT];
	ck_assert_msg(err == (expected ? SY_OK : SY_ERANGE), "row %d: %d", row, err);
	if (expected) {
		sy_decimal_format(d, text);
		ck_assert_str_eq(text, expected);
	}
}

START_TEST(arithmetic)
{
	struct sy_decimal a = dec(sums[_i].a), b = dec(sums[_i].b), d;
	int err = sy_decimal_add(a, b, &d);
	check_sum(err, d, sums[_i].sum, _i);
	err = sy_decimal_add(b, a, &d);
	check_sum(err, d, sums[_i].sum, _i);
	err = sy_decimal_sub(a, b, &d);
	check_sum(err, d, sums[_i].difference, _i);
	ck_assert_int_eq(sy_decimal_cmp(a, b), sums[_i].cmp);
	ck_assert_int_eq(sy_decimal_cmp(b, a), -sums[_i].cmp);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("decimal");
	TCase *t = tcase_create("parse");
	tcase_add_loop_test(t, parse, 0, COUNT(texts));
	tcase_add_test(t, parse_nul);
	suite_add_tcase(s, t);
	t = tcase_create("arithmetic");
	tcase_add_loop_test(t, arithmetic, 0, COUNT(sums));
	suite_add_tcase(s, t);
	return s;
}
