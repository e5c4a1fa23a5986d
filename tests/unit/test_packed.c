#include "index_lab.h"

#include "faults.h"
#include "trace/trace.h"

#include <pthread.h>

/*
 * A walk that takes all edges into memory on its way finds what one that looks each up finds, in
 * the same order, whenever it does so and whatever stops it.  So does one that a second thread
 * helps to say what it found.
 */

enum { LOTS = 60, EVENTS = 90, HUB = 1500, PLENTY = 1 << 26, GRAPHS = 6 };

static uint32_t seed;

static unsigned some(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

#define HOUR(h) "\"eventTime\":\"2026-11-24T%02u:00:00Z\",\"eventTimeZoneOffset\":\"+00:00\"", (h)

static void put_head(struct sy_buf *b, const char *type)
{
	sy_buf_reset(b);
	sy_buf_printf(b, "{\"type\":\"%s\",", type);
	sy_buf_printf(b, HOUR(some(20)));
}

static void put_lots(struct sy_buf *b, const char *list, unsigned n)
{
	sy_buf_printf(b, ",\"%s\":[", list);
	for (unsigned i = 0; i < n; i++)
		sy_buf_printf(b, "%s{\"epcClass\":\"%s%u\"" KG("1") "}", i ? "," : "", LOT("p"),
			      some(LOTS));
	sy_buf_text(b, "]");
}

static void put_units(struct sy_buf *b, const char *list)
{
	unsigned lot = some(LOTS);

	sy_buf_printf(b, ",\"%s\":[\"%s%u/21/u%u\"]", list, LOT("p"), lot, lot * 3 + some(3));
}

/* Cycles, diamonds, units made and used, things packed and unpacked, boxes in the box. */
static void grow(struct sy_buf *b)
{
	for (int i = 0; i < EVENTS; i++) {
		if (some(3)) {
			put_head(b, "TransformationEvent");
			put_lots(b, "inputQuantityList", 1 + some(3));
			if (some(3) == 0)
				put_units(b, "inputEPCList");
			if (some(3) == 0)
				put_units(b, "outputEPCList");
			put_lots(b, "outputQuantityList", 1 + some(3));
		} else {
			put_head(b, "AggregationEvent");
			sy_buf_printf(b, ",\"action\":\"%s\",\"parentID\":\"%s\"",
				      some(3) ? "ADD" : "DELETE", some(2) ? SSCC : UNIT("box"));
			put_lots(b, "childQuantityList", 1 + some(3));
			if (some(4) == 0)
				sy_buf_text(b, ",\"childEPCs\":[\"" UNIT("box") "\"]");
		}
		sy_buf_text(b, "}");
		uint64_t record = add(sy_buf_cstr(b));
		if (some(12) == 0)
			erase(record, "");
	}
}

static void random_graph(int number)
{
	struct sy_buf b = {0};

	seed = (uint32_t)number;
	add(OBJECT("ADD") QUANTITY(LOT("p0"), KG("1")) "}");
	add(OBJECT("ADD") EPC(UNIT("box")) "}");
	add(OBJECT("ADD") EPC(SSCC) "}");
	grow(&b);
	sy_buf_free(&b);
}

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

static void ck_same(const struct trace *a, const struct trace *b)
{
	ck_assert_uint_eq(a->n, b->n);
	ck_assert_uint_eq(a->n_told, b->n_told);
	ck_assert_uint_eq(a->n_actors, b->n_actors);
	ck_assert_int_eq(a->cut, b->cut);
	ck_assert_int_eq(a->outside, b->outside);
	for (size_t i = 0; i < a->n; i++) {
		const struct trace_item *x = &a->items[i], *y = &b->items[i];
		ck_assert_uint_eq(x->id, y->id);
		ck_assert_uint_eq(x->from, y->from);
		ck_assert_uint_eq(x->distance, y->distance);
		ck_assert_uint_eq(x->edge, y->edge);
		ck_assert_uint_eq(x->records[0], y->records[0]);
		ck_assert_uint_eq(x->records[1], y->records[1]);
	}
	for (size_t i = 0; i < a->n_actors; i++) {
		const struct trace_actor *x = &a->actors[i], *y = &b->actors[i];
		ck_assert_uint_eq(x->id, y->id);
		ck_assert_uint_eq(x->record, y->record);
		ck_assert_uint_eq(x->from, y->from);
		ck_assert_int_eq(x->place, y->place);
	}
}

/* Who waits for help until it is there, so that both threads say something. */
static struct helped {
	pthread_mutex_t lock;
	pthread_cond_t came;
	pthread_t first;
	bool called, here;
	unsigned times; /* that it came */
} help = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

static bool call_help(void *ctx, size_t n)
{
	(void)ctx;
	help.first = pthread_self();
	help.called = n > 3;
	help.here = false;
	return help.called;
}

static bool await_help(void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&help.lock);
	if (help.called && !pthread_equal(pthread_self(), help.first)) {
		help.times += !help.here;
		help.here = true;
		pthread_cond_signal(&help.came);
	}
	while (help.called && !help.here)
		pthread_cond_wait(&help.came, &help.lock);
	pthread_mutex_unlock(&help.lock);
	return false;
}

static void ck_names(const struct trace *t)
{
	char room[TRACE_NAME_MAX];
	struct item it;
	bool is_plain;

	for (size_t i = 0; i < t->n && t->names.at; i++) {
		ck_assert_int_eq(index_item(&rd, t->items[i].id, &it), SY_OK);
		ck_assert(sy_str_eq(trace_name(t, i, room, &is_plain), it.code));
		ck_assert(is_plain);
	}
}

static void ck_helped(struct trace_ask ask, const struct trace *plain)
{
	struct trace helped;

	ask.named = true;
	ask.helped = call_help;
	ask.stopped = await_help;
	ask.every = 1;
	help.called = false;
	ck_assert_int_eq(trace_walk(&rd, &ask, &helped), SY_OK);
	ck_same(plain, &helped);
	ck_assert(helped.names.at || ask.bare || ask.bytes < PLENTY);
	ck_names(&helped);
	trace_free(&helped);
	ask.helped = NULL;
	ask.stopped = NULL;
	ck_assert_int_eq(trace_walk(&rd, &ask, &helped), SY_OK);
	ck_same(plain, &helped);
	ck_names(&helped);
	trace_free(&helped);
}

/* After none, one, two, … of the edges, and when it pays; the number of items. */
static size_t ck_packed(struct trace_ask ask, size_t after)
{
	struct trace plain, packed;

	ask.pack_after = SIZE_MAX;
	ck_assert_int_eq(trace_walk(&rd, &ask, &plain), SY_OK);
	ask.pack_after = after;
	ck_assert_int_eq(trace_walk(&rd, &ask, &packed), SY_OK);
	ck_same(&plain, &packed);
	if (after % 7 == 1)
		ck_helped(ask, &plain);
	size_t n = plain.n;
	trace_free(&plain);
	trace_free(&packed);
	return n;
}

static const char *const starts[] = {LOT("p0"), LOT("p1"), SSCC, UNIT("box")};
static const enum index_direction ways[] = {INDEX_FORWARD, INDEX_BACK};

static int64_t hour(unsigned h)
{
	return 1795478400000 + (int64_t)h * 3600000; /* 2026-11-24 */
}

static size_t ck_bounds(struct trace_ask ask, size_t after)
{
	size_t n = ck_packed(ask, after);

	ask.depth = 2;
	ck_packed(ask, after);
	ask.depth = 1000000;
	ask.bare = true;
	ck_packed(ask, after);
	ask.bare = false;
	ask.from = hour(4);
	ask.to = hour(15);
	ck_packed(ask, after);
	return n;
}

START_TEST(the_same_is_found)
{
	size_t most = 0;

	random_graph(_i);
	look();
	for (unsigned k = 0; k < 8; k++) {
		struct trace_ask ask = ask_of(starts[k / 2], ways[k % 2]);
		for (size_t after = 0; after < 150; after += after < 20 ? 1 : 13) {
			size_t n = ck_bounds(ask, after);
			most = n > most ? n : most;
		}
	}
	ck_assert_uint_gt(most, LOTS / 2);
	ck_assert_uint_gt(help.times, 20);
	unlook();
	ck_fsck();
}
END_TEST

/* Where there isn't enough for both, the edges give way: it is cut as if they had never been. */
START_TEST(memory_is_given_back)
{
	random_graph(_i);
	look();
	for (unsigned k = 0; k < 4; k++) {
		struct trace_ask ask = ask_of(starts[k], INDEX_FORWARD);
		for (ask.bytes = 0; ask.bytes < 40000; ask.bytes += 97 * SLOW)
			ck_packed(ask, 1 + ask.bytes % 40);
	}
	unlook();
}
END_TEST

static void make(const char *from, int n, const char *to, int k)
{
	char in[80], out[80];

	snprintf(in, sizeof in, n < 0 ? "%s" : "%s%d", from, n);
	snprintf(out, sizeof out, k < 0 ? "%s" : "%s%d", to, k);
	log_add(l, keys[1],
		"{\"type\":\"TransformationEvent\"," EVENT
		",\"inputQuantityList\":[{\"epcClass\":\"%s\"" KG(
		    "1") "}],"
			 "\"outputQuantityList\":[{\"epcClass\":\"%s\"" KG("1") "}]}",
		in, out);
}

/* More than lies on one page, behind a first step. */
START_TEST(a_hub_is_swept)
{
	make(LOT("sea"), -1, LOT("salt"), -1);
	for (int i = 0; i < HUB; i++) {
		make(LOT("salt"), -1, LOT("p"), i);
		make(LOT("p"), i, LOT("soup"), -1);
	}
	make(LOT("soup"), -1, LOT("dish"), -1);
	look();
	for (int k = 0; k < 2; k++) {
		struct trace_ask ask = ask_of(k ? LOT("dish") : LOT("sea"), ways[k]);
		for (size_t after = 0; after < 3; after++)
			ck_assert_uint_eq(ck_packed(ask, after), HUB + 4);
		for (ask.bytes = 30000; ask.bytes < 300000; ask.bytes += 3777 * SLOW)
			ck_packed(ask, 1);
	}
	unlook();
}
END_TEST

static bool at_once(void *ctx)
{
	(void)ctx;
	return true;
}

/* A sweep ends as a walk does. */
START_TEST(a_sweep_is_stopped)
{
	struct trace found;

	for (int i = 0; i < HUB; i++)
		make(LOT("p"), i, LOT("p"), i + 1);
	look();
	struct trace_ask ask = ask_of(LOT("p0"), INDEX_FORWARD);
	ask.pack_after = 1;
	ask.stopped = at_once;
	ck_assert_int_eq(trace_walk(&rd, &ask, &found), SY_OK);
	ck_assert_int_eq(found.cut, TRACE_CUT_TIME);
	ck_assert_uint_eq(found.n, 2);
	trace_free(&found);
	unlook();
}
END_TEST

START_TEST(each_allocation_fails_once)
{
	struct trace found;
	unsigned n;

	random_graph(1);
	look();
	struct trace_ask ask = ask_of(LOT("p0"), INDEX_FORWARD);
	ask.pack_after = 1;
	ask.named = true;
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
	ck_assert_uint_gt(n, 10);
	unlook();
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("packed");
	TCase *same = tcase_create("same");

	tcase_add_checked_fixture(same, setup, teardown);
	tcase_set_timeout(same, 60);
	tcase_add_loop_test(same, the_same_is_found, 0, GRAPHS);
	tcase_add_loop_test(same, memory_is_given_back, 0, GRAPHS);
	tcase_add_test(same, a_hub_is_swept);
	tcase_add_test(same, a_sweep_is_stopped);
	tcase_add_test(same, each_allocation_fails_once);
	suite_add_tcase(s, same);
	return s;
}
