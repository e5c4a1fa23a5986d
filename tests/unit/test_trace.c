#include "index_lab.h"

#include "faults.h"
#include "trace/trace.h"

/*
 * Walks under bounds: of memory, time and patience, each allocation failing.  What is reached from
 * what is held against a reference in tests/black/test_trace.py.
 */

#define CHANGE "{\"type\":\"TransformationEvent\"," EVENT
#define IN(code) ",\"inputQuantityList\":[{\"epcClass\":\"" code "\"" KG("1") "}]"
#define OUT(code) ",\"outputQuantityList\":[{\"epcClass\":\"" code "\"" KG("1") "}]"

enum { PLENTY = 1 << 26 };

static struct trace found;
static uint64_t start;

static struct trace_ask ask_of(const char *code, enum index_direction d)
{
	ck_assert_int_eq(index_item_id(&rd, sy_str(code), &start), SY_OK);
	return (struct trace_ask){.direction = d,
				  .start = &start,
				  .n_start = 1,
				  .depth = 1000000,
				  .from = INT64_MIN,
				  .to = INT64_MAX,
				  .bytes = PLENTY,
				  .ms = 60000};
}

/* A lot in N products, which are packed, N / 2 of them in one box; with unknown ends. */
static void hub(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		log_add(l, keys[1], CHANGE IN(LOT("salt")) OUT("%s%u") "}", LOT("p"), i);
		if (i % 2)
			log_add(l, keys[1],
				"{\"type\":\"AggregationEvent\"," EVENT ",\"action\":\"ADD\","
				"\"parentID\":\"" SSCC "\",\"childQuantityList\":"
				"[{\"epcClass\":\"%s%u\"" KG("1") "}]}",
				LOT("p"), i);
	}
}

START_TEST(a_hub_is_walked)
{
	hub(1000);
	look();
	struct trace_ask ask = ask_of(LOT("salt"), INDEX_FORWARD);
	ck_assert_int_eq(trace_walk(&rd, &ask, &found), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_WHOLE);
	ck_assert_uint_eq(found.n, 1002);
	ck_assert_int_eq(found.items[1001].edge, TRACE_CONTAIN);
	trace_free(&found);
	ask = ask_of(SSCC, INDEX_FORWARD);
	ck_assert_int_eq(trace_walk(&rd, &ask, &found), SY_OK);
	ck_assert_uint_eq(found.n, 501);
	trace_free(&found);
	unlook();
}
END_TEST

/* Ids, distances and edges alone; else who had to do with it as well, each once. */
START_TEST(a_bare_walk_reaches_the_same)
{
	struct trace bare;

	hub(100);
	look();
	struct trace_ask ask = ask_of(LOT("salt"), INDEX_FORWARD);
	ck_assert_int_eq(trace_walk(&rd, &ask, &found), SY_OK);
	ask.bare = true;
	ck_assert_int_eq(trace_walk(&rd, &ask, &bare), SY_OK);
	ck_assert_uint_eq(found.n - found.n_told, bare.n);
	for (size_t i = 0; i < bare.n; i++) {
		ck_assert_uint_eq(bare.items[i].id, found.items[i].id);
		ck_assert_uint_eq(bare.items[i].distance, found.items[i].distance);
		ck_assert_uint_lt(found.items[i].records[0], NODE_BIT);
	}
	ck_assert_uint_eq(bare.n_told + bare.n_actors, 0);
	ck_assert_uint_eq(found.n_actors, 1);
	ck_assert(!found.actors[0].place);
	ck_assert_uint_eq(found.actors[0].from, 0);
	trace_free(&bare);
	trace_free(&found);
	unlook();
}
END_TEST

START_TEST(cycles_end)
{
	add(CHANGE IN(LOT("1")) OUT(LOT("2")) "}");
	uint64_t back = add(CHANGE IN(LOT("2")) OUT(LOT("1")) "}");
	for (int i = 0; i < 2; i++) {
		look();
		struct trace_ask ask = ask_of(LOT("2"), INDEX_FORWARD);
		ck_assert_int_eq(trace_walk(&rd, &ask, &found), SY_OK);
		ck_assert_uint_eq(found.n, i ? 1 : 2);
		trace_free(&found);
		unlook();
		erase(back, "");
	}
	ck_fsck();
}
END_TEST

/* Whatever there is memory for, each item was reached from one before it. */
START_TEST(memory_is_bounded)
{
	hub(2000);
	look();
	struct trace_ask ask = ask_of(LOT("salt"), INDEX_FORWARD);
	size_t last = 0;
	for (ask.bytes = 0;; ask.bytes = ask.bytes * 2 + 256) {
		ck_assert_int_eq(trace_walk(&rd, &ask, &found), SY_OK);
		bool whole = found.cut == TRACE_WHOLE;
		ck_assert(whole || found.cut == TRACE_CUT_SIZE);
		for (size_t i = 1; i < found.n; i++)
			ck_assert_uint_lt(found.items[i].from, i);
		last = found.n;
		trace_free(&found);
		if (whole)
			break;
	}
	ck_assert_uint_eq(last, 2002);
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
	hub(3000);
	look();
	struct trace_ask ask = ask_of(LOT("salt"), INDEX_FORWARD);
	if (_i)
		ask.ms = 0;
	else
		ask.stopped = at_once;
	ck_assert_int_eq(trace_walk(&rd, &ask, &found), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_CUT_TIME);
	ck_assert_uint_lt(found.n, 3000);
	ck_assert(!found.outside);
	trace_free(&found);
	unlook();
}
END_TEST

START_TEST(each_allocation_fails_once)
{
	unsigned n;

	hub(200);
	look();
	struct trace_ask ask = ask_of(_i ? SSCC : LOT("salt"), INDEX_FORWARD);
	for (n = 1;; n++) {
		fail_alloc_at(n);
		int err = trace_walk(&rd, &ask, &found);
		bool met = alloc_failed();
		fail_alloc_at(0);
		trace_free(&found);
		if (!met)
			break;
		ck_assert_int_eq(err, SY_ENOMEM);
	}
	ck_assert_uint_gt(n, 5);
	unlook();
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("trace");
	TCase *bounds = tcase_create("bounds");

	tcase_add_checked_fixture(bounds, setup, teardown);
	tcase_set_timeout(bounds, 60);
	tcase_add_test(bounds, a_hub_is_walked);
	tcase_add_test(bounds, a_bare_walk_reaches_the_same);
	tcase_add_test(bounds, cycles_end);
	tcase_add_test(bounds, memory_is_bounded);
	tcase_add_loop_test(bounds, time_and_patience_end, 0, 2);
	tcase_add_loop_test(bounds, each_allocation_fails_once, 0, 2);
	suite_add_tcase(s, bounds);
	return s;
}
