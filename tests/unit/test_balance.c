#include "index_lab.h"

#include "faults.h"
#include "trace/balance.h"
#include "trace/units.h"

/*
 * Balances under bounds: of time and patience, each allocation failing; and units of measure.
 * Sums are held against a reference in tests/black/test_balance.py.
 */

static struct sy_arena arena;
static struct balance found;

#define MADE(n) ",\"quantityList\":[{\"epcClass\":\"%s\",\"quantity\":" n ",\"uom\":\"KGM\"}]}"

static struct item salt;
static uint64_t party_a;

static void find(void)
{
	ck_assert_int_eq(index_item_of(&rd, SY_STR(LOT("salt")), &salt), SY_OK);
	ck_assert_int_eq(index_actor_id(&rd, SY_STR("urn:party:a"), &party_a), SY_OK);
}

/* A lot of 10 kg that is mixed into N others, 1 kg each; some of it is sold more than once. */
static void stock(unsigned n)
{
	log_add(l, keys[1], "{\"type\":\"ObjectEvent\"," EVENT ",\"action\":\"ADD\"" MADE("10"),
		LOT("salt"));
	for (unsigned i = 0; i < n; i++)
		log_add(l, keys[1],
			"{\"type\":\"TransformationEvent\"," EVENT
			",\"inputQuantityList\":[{\"epcClass\":\"%s\"" KG(
			    "1") "}],"
				 "\"outputQuantityList\":[{\"epcClass\":\"%s%u\"" KG("2") "}]}",
			LOT("salt"), LOT("p"), i);
	look();
	find();
}

static int balance_of(bool party, const struct balance_ask *ask)
{
	return party ? balance_party(&rd, party_a, ask, &arena, &found)
		     : balance_lot(&rd, &salt, ask, &arena, &found);
}

static const struct balance_ask plenty = {.from = INT64_MIN, .to = INT64_MAX, .ms = 60000};

START_TEST(more_is_used_than_was_made)
{
	stock(12);
	ck_assert_int_eq(balance_of(false, &plenty), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_WHOLE);
	ck_assert_uint_eq(found.n_lines, 2);
	ck_assert_int_eq(found.lines[0].n[BALANCE_USED].coef, 12);
	ck_assert_int_eq(found.lines[0].gain.coef, 2);
	ck_assert_int_eq(balance_of(true, &plenty), SY_OK);
	ck_assert_uint_eq(found.exceeding, 12);
	ck_assert_int_eq(found.lines[0].gain.coef, 2);
	unlook();
	erase(add("{\"type\":\"ObjectEvent\"," EVENT ",\"action\":\"OBSERVE\",\"epcList\":[\"" SSCC
		  "\"]}"),
	      "");
	ck_fsck();
}
END_TEST

static bool at_once(void *ctx)
{
	(void)ctx;
	return true;
}

START_TEST(time_and_patience_end)
{
	struct balance_ask ask = plenty;

	stock(600);
	if (_i & 1)
		ask.ms = 0;
	else
		ask.stopped = at_once;
	ck_assert_int_eq(balance_of(_i & 2, &ask), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_CUT_TIME);
	unlook();
}
END_TEST

START_TEST(each_allocation_fails_once)
{
	unsigned n;

	stock(40);
	for (n = 1;; n++) {
		sy_arena_free(&arena);
		fail_alloc_at(n);
		int err = balance_of(_i, &plenty);
		bool met = alloc_failed();
		fail_alloc_at(0);
		if (!met)
			break;
		ck_assert_int_eq(err, SY_ENOMEM);
	}
	ck_assert_uint_gt(n, 2);
	unlook();
}
END_TEST

static const struct turn {
	const char *n, *from, *to, *result; /* NULL: they don't agree */
} turns[] = {
    {"1", "KGM", "GRM", "1000"},    {"1", "GRM", "TNE", "0.000001"},
    {"2.5", "TNE", "KGM", "2500"},  {"1", "LBR", "GRM", "453.59237"},
    {"1", "MTQ", "MLT", "1000000"}, {"3", "DZN", "H87", "36"},
    {"7", "XBX", "XBX", "7"},       {"1", "KGM", "LTR", NULL},
    {"1", "XBX", "H87", NULL},      {"1", "KGM", "LBR", NULL},
};

START_TEST(units_turn_exactly)
{
	const struct turn *t = &turns[_i];
	char text[SY_DECIMAL_TEXT];
	struct sy_decimal n;

	ck_assert_int_eq(sy_decimal_parse(sy_str(t->n), &n), SY_OK);
	int err = units_turn(n, t->from, t->to, &n);
	if (t->result == NULL) {
		ck_assert_int_eq(err, SY_EINVAL);
		return;
	}
	ck_assert_int_eq(err, SY_OK);
	sy_decimal_format(n, text);
	ck_assert_str_eq(text, t->result);
}
END_TEST

START_TEST(what_has_too_many_digits_is_said_so)
{
	struct sy_decimal n = {INT64_C(999999999999999999), 0};

	ck_assert_int_eq(units_turn(n, "TNE", "GRM", &n), SY_ERANGE);
}
END_TEST

static void setup_all(void)
{
	setup();
	arena = (struct sy_arena){0};
}

static void teardown_all(void)
{
	sy_arena_free(&arena);
	teardown();
}

Suite *suite(void)
{
	Suite *s = suite_create("balance");
	TCase *bounds = tcase_create("bounds"), *units = tcase_create("units");

	tcase_add_checked_fixture(bounds, setup_all, teardown_all);
	tcase_set_timeout(bounds, 60);
	tcase_add_test(bounds, more_is_used_than_was_made);
	tcase_add_loop_test(bounds, time_and_patience_end, 0, 4);
	tcase_add_loop_test(bounds, each_allocation_fails_once, 0, 2);
	suite_add_tcase(s, bounds);
	tcase_add_loop_test(units, units_turn_exactly, 0, sizeof turns / sizeof *turns);
	tcase_add_test(units, what_has_too_many_digits_is_said_so);
	suite_add_tcase(s, units);
	return s;
}
