#include "index_lab.h"

#include "faults.h"
#include "recall/affected.h"

/*
 * What a recall would hit under bounds of memory, time and patience, each allocation failing; how
 * holders are packed.  What is found is held against a trade lived through in
 * tests/black/test_affected.py.
 */

#define CHANGE "{\"type\":\"TransformationEvent\"," EVENT
#define PLACE "https://id.gs1.org/414/6901234000016"
#define AT ",\"bizLocation\":{\"id\":\"" PLACE "\"}"

enum { PLENTY = 1 << 26 };

static struct affected found;
static uint64_t start, place;

static struct affected_ask ask_of(const char *code)
{
	ck_assert_int_eq(index_item_id(&rd, sy_str(code), &start), SY_OK);
	return (struct affected_ask){.items = &start,
				     .n_items = 1,
				     .made_from = SY_NO_DAY,
				     .made_to = SY_NO_DAY,
				     .from = INT64_MIN,
				     .to = INT64_MAX,
				     .depth = 1000,
				     .bytes = PLENTY,
				     .ms = 60000};
}

/* The same of what was at the place that day. */
static struct affected_ask ask_there(void)
{
	struct affected_ask ask = ask_of(LOT("salt"));

	ask.n_items = 0;
	ck_assert_int_eq(index_actor_id(&rd, sy_str(PLACE), &place), SY_OK);
	ask.place = (struct place_ids){&place, 1, 1};
	ask.from = 1795000000000;
	ask.to = 1796000000000;
	return ask;
}

/* A lot in N products, each made, sold in part, and with a piece of its own on a pallet. */
static void hub(unsigned n)
{
	add(OBJECT("ADD") QUANTITY(LOT("salt"), KG("500")) AT "}");
	for (unsigned i = 0; i < n; i++) {
		log_add(l, keys[1],
			CHANGE ",\"inputQuantityList\":[{\"epcClass\":\"" LOT("salt") "\"" KG(
			    "1") "}],"
				 "\"outputQuantityList\":[{\"epcClass\":\"" LOT("p") "%u\"" KG(
				     "12.5") "}]" AT "}",
			i);
		log_add(l, keys[1],
			OBJECT("OBSERVE") ",\"bizStep\":\"retail_selling\",\"quantityList\":"
					  "[{\"epcClass\":\"" LOT("p") "%u\"" KG("2.25") "}]" AT
											 "}",
			i);
		log_add(l, keys[1],
			"{\"type\":\"AggregationEvent\"," EVENT
			",\"action\":\"ADD\",\"parentID\":\"" SSCC
			"\",\"childQuantityList\":[{\"epcClass\":\"" LOT("p") "%u\"" KG("1") "}]" AT
											     "}",
			i);
	}
}

/* Lines and totals say the same. */
static void agree(void)
{
	struct sy_decimal lines[3] = {{0, 0}}, totals[3] = {{0, 0}};
	struct custody_holder h;
	uint64_t n = 0;

	for (size_t i = 0; i < found.n; i++)
		for (size_t at = 0; affected_holder(&found, i, &at, &h); n++) {
			ck_assert_int_eq(sy_decimal_add(lines[0], h.on_hand, &lines[0]), SY_OK);
			ck_assert_int_eq(sy_decimal_add(lines[1], h.sold, &lines[1]), SY_OK);
			ck_assert_int_eq(sy_decimal_add(lines[2], h.consumed, &lines[2]), SY_OK);
		}
	ck_assert_uint_eq(n, found.holders);
	for (size_t i = 0; i < found.n_totals; i++) {
		const struct affected_total *t = &found.totals[i];
		ck_assert_int_eq(sy_decimal_add(totals[0], t->on_hand, &totals[0]), SY_OK);
		ck_assert_int_eq(sy_decimal_add(totals[1], t->sold, &totals[1]), SY_OK);
		ck_assert_int_eq(sy_decimal_add(totals[2], t->consumed, &totals[2]), SY_OK);
	}
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(sy_decimal_cmp(lines[i], totals[i]), 0);
	for (size_t i = 0; i < found.n; i++)
		ck_assert(found.items[i].from == TRACE_NONE || found.items[i].from < i);
}

START_TEST(a_hub_and_who_has_it)
{
	struct custody_holder h;
	size_t at = 0;

	hub(500);
	look();
	struct affected_ask ask = _i ? ask_there() : ask_of(LOT("salt"));
	ck_assert_int_eq(affected_find(&rd, &ask, &found), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_WHOLE);
	ck_assert_uint_eq(found.n, _i ? 502 : 501); /* the pallet was there as well */
	ck_assert_uint_eq(found.batches, found.n);
	agree();
	ck_assert(affected_holder(&found, 0, &at, &h));
	ck_assert_int_eq(sy_decimal_cmp(h.consumed, (struct sy_decimal){500, 0}), 0);
	ck_assert_int_eq(h.on_hand.coef, 0);
	ck_assert(!affected_holder(&found, 0, &at, &h));
	affected_free(&found);
	unlook();
}
END_TEST

START_TEST(memory_is_bounded)
{
	bool whole = false;

	hub(600);
	look();
	struct affected_ask ask = _i ? ask_there() : ask_of(LOT("salt"));
	for (ask.bytes = 0; !whole; ask.bytes = ask.bytes * 2 + 256) {
		ck_assert_int_eq(affected_find(&rd, &ask, &found), SY_OK);
		whole = found.cut == TRACE_WHOLE;
		ck_assert(whole || found.cut == TRACE_CUT_SIZE);
		agree();
		ck_assert(!whole || found.n > 600);
		affected_free(&found);
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
	hub(1500);
	look();
	struct affected_ask ask = _i < 2 ? ask_of(LOT("salt")) : ask_there();
	if (_i % 2)
		ask.ms = 0;
	else
		ask.stopped = at_once;
	ck_assert_int_eq(affected_find(&rd, &ask, &found), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_CUT_TIME);
	ck_assert_uint_lt(found.n, 1500);
	agree();
	affected_free(&found);
	unlook();
}
END_TEST

START_TEST(each_allocation_fails_once)
{
	unsigned n;

	hub(30);
	look();
	struct affected_ask ask = _i ? ask_there() : ask_of(LOT("salt"));
	ask.product = _i == 2 ? SY_STR("https://id.gs1.org/01/06901234567892") : SY_STR("");
	for (n = 1;; n++) {
		fail_alloc_at(n);
		int err = affected_find(&rd, &ask, &found);
		bool met = alloc_failed();
		fail_alloc_at(0);
		affected_free(&found);
		if (!met)
			break;
		ck_assert_int_eq(err, SY_ENOMEM);
	}
	ck_assert_uint_gt(n, 5);
	unlook();
}
END_TEST

/* What an erased event said of it is gone from the answer. */
START_TEST(an_erasure_takes_its_part)
{
	hub(3);
	uint64_t made = add(CHANGE ",\"inputQuantityList\":[{\"epcClass\":\"" LOT("salt") "\"" KG(
	    "1") "}],\"outputQuantityList\":[{\"epcClass\":\"" LOT("q") "\"" KG("1") "}]}");
	for (int i = 0; i < 2; i++) {
		look();
		struct affected_ask ask = ask_of(LOT("salt"));
		ck_assert_int_eq(affected_find(&rd, &ask, &found), SY_OK);
		ck_assert_uint_eq(found.n, i ? 4 : 5);
		agree();
		affected_free(&found);
		unlook();
		erase(made, "");
	}
	ck_fsck();
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("affected");
	TCase *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(bounds, setup, teardown);
	tcase_set_timeout(bounds, 60);
	tcase_add_loop_test(bounds, a_hub_and_who_has_it, 0, 2);
	tcase_add_loop_test(bounds, memory_is_bounded, 0, 2);
	tcase_add_loop_test(bounds, time_and_patience_end, 0, 4);
	tcase_add_loop_test(bounds, each_allocation_fails_once, 0, 3);
	tcase_add_test(bounds, an_erasure_takes_its_part);
	suite_add_tcase(s, bounds);
	return s;
}
