/* Numbers, times and names as people write them. */
#include "run.h"

#include "faults.h"
#include "value.h"

static struct sy_arena arena;

static void done(void)
{
	sy_arena_free(&arena);
}

static const struct {
	const char *text, *value; /* NULL: none */
} decimals[] = {
    {"5", "5"},
    {"1250.50", "1250.5"},
    {"1,250.50", "1250.5"},
    {"12,345,678", "12345678"},
    {"１２．５", "12.5"},
    {"１，２５０", "1250"},
    {"0.001", "0.001"},
    {"1e3", "1000"},
    {"", NULL},
    {"0", NULL},
    {"-5", NULL},
    {"1,5", NULL},
    {"1,2500", NULL},
    {",250", NULL},
    {"1250,000", NULL},
    {"1.5,000", NULL},
    {"1,,000", NULL},
    {"五", NULL},
    {"1 250", NULL},
    {"1,250,", NULL},
};

START_TEST(decimal)
{
	char text[SY_DECIMAL_TEXT] = "";
	struct sy_decimal d;
	bool is = value_decimal(&arena, sy_str(decimals[_i].text), &d);

	if (is)
		sy_decimal_format(d, text);
	ck_assert_msg(is == (decimals[_i].value != NULL), "%s: %s", decimals[_i].text, text);
	if (is)
		ck_assert_str_eq(text, decimals[_i].value);
}
END_TEST

static const struct {
	const char *text, *time, *zone; /* NULL: none */
} times[] = {
    {"2026-11-01T08:00:00Z", "2026-11-01T08:00:00Z", "+00:00"},
    {"2026-11-01T08:00:00.5-05:00", "2026-11-01T08:00:00.5-05:00", "-05:00"},
    {"2026-11-01", "2026-11-01T00:00:00+08:00", "+08:00"},
    {"20261101", "2026-11-01T00:00:00+08:00", "+08:00"},
    {"2026年11月1日", "2026-11-01T00:00:00+08:00", "+08:00"},
    {"2026/11/1 8:30", "2026-11-01T08:30:00+08:00", "+08:00"},
    {"2026年11月1日 18:30:05", "2026-11-01T18:30:05+08:00", "+08:00"},
    {"　２０２６－１１－０１　０８：３０ ", "2026-11-01T08:30:00+08:00", "+08:00"},
    {"2026-11-01T08:30", "2026-11-01T08:30:00+08:00", "+08:00"},
    {"2026-11-01 24:00", NULL, NULL},
    {"2026-11-01 8", NULL, NULL},
    {"2026-11-01 8:5", NULL, NULL},
    {"2026-11-01 8:30:5", NULL, NULL},
    {"2026-11-01 8:30:05:01", NULL, NULL},
    {"2026-11-31 8:30", NULL, NULL},
    {"8:30", NULL, NULL},
    {"45597", NULL, NULL},
    {"", NULL, NULL},
};

START_TEST(when)
{
	struct sy_str at, zone;
	bool is = value_time(&arena, sy_str(times[_i].text), &at, &zone);

	ck_assert_msg(is == (times[_i].time != NULL), "%s", times[_i].text);
	if (is)
		ck_assert_msg(sy_str_is(at, times[_i].time) && sy_str_is(zone, times[_i].zone),
			      "%s: %.*s", times[_i].text, (int)at.n, at.p);
}
END_TEST

static const struct {
	const char *text, *party, *place; /* "": none */
} names[] = {
    {"6901234000009", "https://id.gs1.org/417/6901234000009",
     "https://id.gs1.org/414/6901234000009"},
    {"６９０１２３４０００００９", "https://id.gs1.org/417/6901234000009",
     "https://id.gs1.org/414/6901234000009"},
    {"6901234000008", "", ""},
    {"91350100M000100Y43", "urn:suyuan:cn:uscc:91350100M000100Y43", ""},
    {"91350100M000100Y4A", "", ""},
    {"urn:x:shop", "urn:x:shop", "urn:x:shop"},
    {"石家庄乳业", "", ""},
    {"石家庄:乳业", "", ""},
    {"", "", ""},
};

START_TEST(name)
{
	struct sy_str party = value_party(&arena, sy_str(names[_i].text));
	struct sy_str place = value_place(&arena, sy_str(names[_i].text));

	ck_assert_msg(sy_str_is(party, names[_i].party), "%s: %.*s", names[_i].text, (int)party.n,
		      party.p);
	ck_assert_msg(sy_str_is(place, names[_i].place), "%s: %.*s", names[_i].text, (int)place.n,
		      place.p);
}
END_TEST

static const struct {
	const char *text, *issuer, *uri;
} documents[] = {
    {"PO 1", "6901234000009", "urn:epcglobal:cbv:bt:6901234000009:PO%201"},
    {"6901234000016:7/2", "6901234000009", "urn:epcglobal:cbv:bt:6901234000016:7%2F2"},
    {"出1", "", "urn:suyuan:bt:po:%E5%87%BA1"},
    {"https://example.com/po/7", "6901234000009", "https://example.com/po/7"},
    {"6901234000017:7", "", ""},
    {"PO:1 2", "", ""},
};

START_TEST(document)
{
	struct sy_str uri =
	    value_document(&arena, sy_str(documents[_i].text), sy_str(documents[_i].issuer), "po");

	ck_assert_msg(sy_str_is(uri, documents[_i].uri), "%s: %.*s", documents[_i].text, (int)uri.n,
		      uri.p);
}
END_TEST

START_TEST(blanks)
{
	ck_assert(sy_str_is(value_trim(SY_STR(" \t　批 号　 \r\n")), "批 号"));
	ck_assert(sy_str_is(value_trim(SY_STR("　")), ""));
	ck_assert(sy_str_is(value_narrow(&arena, SY_STR("（０１）Ａ～批\xef\xbd\x9f")),
			    "(01)A~批\xef\xbd\x9f"));
	ck_assert(
	    sy_str_is(value_gln(SY_STR("https://id.gs1.org/417/6901234000009")), "6901234000009"));
	ck_assert_uint_eq(value_gln(SY_STR("urn:x:y")).n, 0);
}
END_TEST

/* Without memory there is no value, never half of one. */
START_TEST(memory)
{
	struct sy_str at, zone;
	unsigned n = 0;
	bool failed;

	do {
		sy_arena_free(&arena);
		fail_alloc_at(++n);
		bool is = value_time(&arena, SY_STR("２０２６－１１－０１"), &at, &zone);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert(is == !failed);
	} while (failed && n < 10);
	ck_assert_uint_gt(n, 1);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_value");
	TCase *t = tcase_create("values");

	tcase_add_checked_fixture(t, NULL, done);
	tcase_add_loop_test(t, decimal, 0, sizeof decimals / sizeof decimals[0]);
	tcase_add_loop_test(t, when, 0, sizeof times / sizeof times[0]);
	tcase_add_test(t, blanks);
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	t = tcase_create("names");
	tcase_add_checked_fixture(t, NULL, done);
	tcase_add_loop_test(t, name, 0, sizeof names / sizeof names[0]);
	tcase_add_loop_test(t, document, 0, sizeof documents / sizeof documents[0]);
	suite_add_tcase(s, t);
	return s;
}
