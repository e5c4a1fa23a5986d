/* Holds that stand, and what supervision found. */
#include "run.h"

#include "index_lab.h"

#include <suyuan/time.h>

/* --- holds ----------------------------------------------------------------------------------- */

/* An event of that minute: "h" holds, "r" releases, by O, the operator, or the parties A and B. */
static uint64_t tell(char who, char what, int minute, const char *more)
{
	const uint8_t *key = who == 'O' ? keys[0] : who == 'A' ? keys[1] : keys[2];

	return log_add(
	    l, key,
	    "{\"type\":\"ObjectEvent\",\"eventTime\":\"2026-11-24T08:%02d:00Z\","
	    "\"eventTimeZoneOffset\":\"+00:00\",\"action\":\"OBSERVE\","
	    "\"bizStep\":\"%s\"%s" QUANTITY(LOT("1"), KG("5")) "}",
	    minute, what == 'h' ? "holding" : "storing",
	    what == 'h' ? more : ",\"persistentDisposition\":{\"unset\":[\"non_sellable_other\"]}");
}

static const struct {
	const char *story; /* "Ah5 " is a hold by A at 08:05 */
	const char *stand; /* whose holds stand */
} holds[] = {
    {"", ""},
    {"Ah1", "A"},
    {"Ah1 Ar2", ""},
    {"Ah1 Br2", "A"},
    {"Ah1 Bh2 Ar3", "B"},
    {"Ah1 Or2", ""},
    {"Oh1 Or2", ""},
    {"Oh1 Ar2", "O"},
    {"Oh1 Ah2 Ar3", "O"},
    {"Oh1 Ah2 Or3", ""},
    {"Ah1 Ah2 Ar3", ""},
    {"Ar1", ""},
    {"Ar1 Ah2", "A"},
    /* papers that come late */
    {"Ar5 Ah1", ""},
    {"Ar5 Ah9", "A"},
    {"Ah1 Ar0", "A"},
    {"Ah1 Ar1", ""},
};

static bool is_held(const char *code)
{
	struct item it;

	ck_assert_int_eq(index_item_of(&rd, sy_str(code), &it), SY_OK);
	return it.flags & ITEM_HELD;
}

static const char *standing(void)
{
	static char out[8];
	struct sy_arena arena = {0};
	struct sy_str name;
	struct hold *v;
	uint64_t id;
	size_t n;

	ck_assert_int_eq(index_item_id(&rd, SY_STR(LOT("1")), &id), SY_OK);
	ck_assert_int_eq(index_holds(&rd, id, &arena, &v, &n), SY_OK);
	ck_assert_uint_lt(n, sizeof out);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(index_actor_name(&rd, v[i].party, &name), SY_OK);
		out[i] = name.p[name.n - 1] == 'p' ? 'O' : (char)(name.p[name.n - 1] - 32);
		ck_assert(v[i].authority == (out[i] == 'O'));
	}
	out[n] = '\0';
	sy_arena_free(&arena);
	return out;
}

START_TEST(holds_stand)
{
	add(OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}");
	for (const char *p = holds[_i].story; *p; p += p[3] ? 4 : 3)
		tell(p[0], p[1], p[2] - '0', "");
	look();
	ck_assert_str_eq(standing(), holds[_i].stand);
	ck_assert(is_held(LOT("1")) == (*holds[_i].stand != '\0'));
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(a_withdrawn_hold_is_none)
{
	tell('A', 'h', 1, ID("1"));
	look();
	ck_assert(is_held(LOT("1")));
	unlook();
	tell('A', 'h', 1, ID("1") ERROR);
	look();
	ck_assert(!is_held(LOT("1")));
	ck_assert_str_eq(standing(), "");
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(an_erased_hold_or_release_is_none)
{
	uint64_t hold, release;

	add(OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}");
	hold = tell('A', 'h', 1, "");
	release = tell('A', 'r', 2, "");
	look();
	ck_assert(!is_held(LOT("1")));
	unlook();
	erase(release, "");
	look();
	ck_assert(is_held(LOT("1")));
	unlook();
	ck_fsck();
	erase(hold, "");
	look();
	ck_assert(!is_held(LOT("1")));
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(a_unit_is_held_alone)
{
	add(OBJECT("ADD") EPC("https://id.gs1.org/01/06901234567892/10/1/21/s") "}");
	add(OBJECT("OBSERVE") ",\"bizStep\":\"holding\"" EPC(
	    "https://id.gs1.org/01/06901234567892/10/1/21/s") "}");
	look();
	ck_assert(is_held(UNIT("s")));
	ck_assert(!is_held(LOT("1")));
	unlook();
	ck_fsck();
}
END_TEST

/* --- results --------------------------------------------------------------------------------- */

#define INSPECTED(kind, result)                                                                    \
	",\"suyuan:inspection\":{\"number\":\"1\",\"result\":\"" result "\",\"kind\":\"" kind "\"" \
	"}"
#define INSPECT(more) OBJECT("OBSERVE") ",\"bizStep\":\"inspecting\"" more

/* By the operator. */
static uint64_t say(const char *json)
{
	return log_add(l, OP, "%s", json);
}

/* "+1 -2": pass and fail of records. */
static const char *findings(void)
{
	static struct sy_buf b;
	struct finding f = {.time = 0};

	sy_buf_reset(&b);
	while (index_findings_next(&rd, &f) == SY_OK)
		sy_buf_printf(&b, "%c%lu ", f.pass ? '+' : '-', (unsigned long)f.record);
	return b.n ? sy_buf_cstr(&b) : "";
}

START_TEST(supervision_is_found_and_nothing_else)
{
	char want[64];
	uint64_t pass, fail;

	add(INSPECT(INSPECTED("firm", "pass")) QUANTITY(LOT("1"), KG("5")) "}");
	add(INSPECT(INSPECTED("laboratory", "fail")) QUANTITY(LOT("1"), KG("5")) "}");
	add(INSPECT(INSPECTED("supervision", "pass")) QUANTITY(LOT("1"), KG("5")) "}");
	pass = say(INSPECT(INSPECTED("supervision", "pass")) QUANTITY(LOT("1"), KG("5")) "}");
	fail = say(INSPECT(INSPECTED("supervision", "fail") ID("2")) QUANTITY(LOT("2"), "") "}");
	say(INSPECT("") QUANTITY(LOT("1"), KG("5")) "}");
	look();
	snprintf(want, sizeof want, "+%lu -%lu ", (unsigned long)pass, (unsigned long)fail);
	ck_assert_str_eq(findings(), want);
	unlook();
	ck_fsck();
	say(INSPECT(INSPECTED("supervision", "fail") ID("2") ERROR) QUANTITY(LOT("2"), "") "}");
	erase(pass, "");
	look();
	ck_assert_str_eq(findings(), "");
	unlook();
	ck_fsck();
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("marks");
	TCase *hold = tcase_create("holds"), *result = tcase_create("results");

	tcase_add_checked_fixture(hold, setup, teardown);
	tcase_add_loop_test(hold, holds_stand, 0, (int)(sizeof holds / sizeof *holds));
	tcase_add_test(hold, a_withdrawn_hold_is_none);
	tcase_add_test(hold, an_erased_hold_or_release_is_none);
	tcase_add_test(hold, a_unit_is_held_alone);
	suite_add_tcase(s, hold);
	tcase_add_checked_fixture(result, setup, teardown);
	tcase_add_test(result, supervision_is_found_and_nothing_else);
	suite_add_tcase(s, result);
	return s;
}
