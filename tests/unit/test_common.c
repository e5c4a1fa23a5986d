#include "index_lab.h"

#include "faults.h"
#include "trace/common.h"

/*
 * What complaints have in common under bounds: of memory, time and patience, each allocation
 * failing.  Scores are held against a reference in tests/black/test_common.py.
 */

#define CHANGE "{\"type\":\"TransformationEvent\"," EVENT
#define IN(code) ",\"inputQuantityList\":[{\"epcClass\":\"" code "\"" KG("1") "}]"
#define OUT(code) ",\"outputQuantityList\":[{\"epcClass\":\"" code "\"" KG("1") "}]"

enum { PLENTY = 1 << 26, N = 120 };

static struct common found;
static struct common_code codes[3];
static uint64_t party;

/* Three lots of one salt, over N lots each that came of another; what is packed lies in a box. */
static void chains(void)
{
	for (unsigned c = 0; c < 3; c++) {
		log_add(l, keys[1], CHANGE IN(LOT("salt")) OUT("%s%u-0") "}", LOT("p"), c);
		for (unsigned i = 1; i < N; i++)
			log_add(l, keys[1], CHANGE IN("%s%u-%u") OUT("%s%u-%u") "}", LOT("p"), c,
				i - 1, LOT("p"), c, i);
	}
	for (unsigned i = 0; i < N; i++)
		log_add(l, keys[1],
			"{\"type\":\"AggregationEvent\"," EVENT ",\"action\":\"ADD\","
			"\"parentID\":\"" SSCC "\",\"childQuantityList\":"
			"[{\"epcClass\":\"%s0-%u\"" KG("1") "}]}",
			LOT("p"), i);
}

static struct common_ask ask_of(void)
{
	for (unsigned c = 0; c < 3; c++) {
		char code[96];
		snprintf(code, sizeof code, "%s%u-%u", LOT("p"), c, N - 1);
		ck_assert_int_eq(index_item_id(&rd, sy_str(code), &codes[c].id), SY_OK);
		codes[c].weight = c < 2 ? 1 : -1;
	}
	ck_assert_int_eq(index_actor_id(&rd, SY_STR("urn:party:a"), &party), SY_OK);
	return (struct common_ask){
	    .codes = codes, .n_codes = 3, .limit = 100, .bytes = PLENTY, .ms = 60000};
}

START_TEST(the_best_come_first)
{
	chains();
	look();
	struct common_ask ask = ask_of();
	ck_assert_int_eq(common_find(&rd, &ask, &found), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_WHOLE);
	ck_assert_uint_eq(found.total, 2 * N + 2); /* salt, and who did all this */
	ck_assert_uint_eq(found.n_rows, 100);
	ck_assert_int_eq(found.weight, 2);
	ck_assert_int_eq(found.rows[0].weight, 1);
	ck_assert_uint_eq(found.rows[0].distance, 0);
	ck_assert_uint_eq(found.told[0].items, N);
	common_free(&found);
	unlook();
}
END_TEST

static void ask_with(struct common_ask *ask, int what)
{
	ask->contact = ask->cut = &party;
	ask->n_contact = what == 1;
	ask->n_cut = what == 2;
	if (what == 3)
		ck_assert_int_eq(index_item_id(&rd, SY_STR(SSCC), &codes[0].id), SY_OK);
}

START_TEST(memory_is_bounded)
{
	chains();
	look();
	struct common_ask ask = ask_of();
	bool whole = false;
	ask_with(&ask, _i);
	for (ask.bytes = 0; !whole; ask.bytes = ask.bytes * 2 + 999) {
		ck_assert_int_eq(common_find(&rd, &ask, &found), SY_OK);
		whole = found.cut == TRACE_WHOLE;
		ck_assert(whole || found.cut == TRACE_CUT_SIZE);
		for (size_t i = 0; i < found.n_rows; i++)
			ck_assert_uint_le(found.rows[i].n,
					  found.rows[i].complaints + found.rows[i].good);
		common_free(&found);
	}
	unlook();
}
END_TEST

static bool at_once(void *ctx)
{
	(void)ctx;
	return true;
}

START_TEST(time_and_patience_end)
{
	chains();
	look();
	struct common_ask ask = ask_of();
	if (_i)
		ask.ms = 0;
	else
		ask.stopped = at_once;
	ck_assert_int_eq(common_find(&rd, &ask, &found), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_CUT_TIME);
	common_free(&found);
	unlook();
}
END_TEST

START_TEST(each_allocation_fails_once)
{
	unsigned n;

	chains();
	look();
	struct common_ask ask = ask_of();
	ask_with(&ask, _i);
	for (n = 1;; n++) {
		fail_alloc_at(n);
		int err = common_find(&rd, &ask, &found);
		bool met = alloc_failed();
		fail_alloc_at(0);
		common_free(&found);
		if (!met)
			break;
		ck_assert_int_eq(err, SY_ENOMEM);
	}
	ck_assert_uint_gt(n, 20);
	unlook();
}
END_TEST

/* Lots made of each other, where contact goes round as well. */
START_TEST(cycles_end)
{
	add(CHANGE IN(LOT("1")) OUT(LOT("2")) "}");
	uint64_t back = add(CHANGE IN(LOT("2")) OUT(LOT("1")) "}");
	for (unsigned i = 0; i < 2; i++) {
		look();
		struct common_code code = {.weight = 1};
		struct common_ask ask = {
		    .codes = &code, .n_codes = 1, .limit = 9, .bytes = PLENTY, .ms = 60000};
		ck_assert_int_eq(index_item_id(&rd, SY_STR(LOT("1")), &code.id), SY_OK);
		ck_assert_int_eq(index_actor_id(&rd, SY_STR("urn:party:a"), &party), SY_OK);
		ask_with(&ask, 1);
		ask.dates = COMMON_IGNORED;
		ck_assert_int_eq(common_find(&rd, &ask, &found), SY_OK);
		ck_assert_uint_eq(found.total, i ? 2 : 3);
		common_free(&found);
		unlook();
		erase(back, "");
	}
	ck_fsck();
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("common");
	TCase *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(bounds, setup, teardown);
	tcase_set_timeout(bounds, 60);
	tcase_add_test(bounds, the_best_come_first);
	tcase_add_test(bounds, cycles_end);
	tcase_add_loop_test(bounds, memory_is_bounded, 0, 4);
	tcase_add_loop_test(bounds, time_and_patience_end, 0, 2);
	tcase_add_loop_test(bounds, each_allocation_fails_once, 0, 4);
	suite_add_tcase(s, bounds);
	return s;
}
