/* A large recall: what it reaches is known before it is marked, whoever is killed meanwhile. */
#include "run.h"

#include "index/spread.h"
#include "index_lab.h"

#include <pthread.h>

enum { EVENTS = 24 / SLOW, UNITS = 4000, N = EVENTS * UNITS };

/* --- sets ------------------------------------------------------------------------------------ */

START_TEST(a_set_of_ids)
{
	static const uint64_t ids[] = {0, 1, 63, 64, 4095, 4096, 70000, 1 << 20};
	enum { N_IDS = sizeof ids / sizeof *ids };
	struct idset s = {0};
	uint64_t id = 0;

	ck_assert(!idset_next(&s, &id));
	ck_assert(!idset_has(&s, 5));
	idset_drop(&s, 5);
	for (size_t i = 0; i < N_IDS; i++)
		ck_assert_int_eq(idset_add(&s, ids[(i * 5 + 3) % N_IDS]), SY_OK);
	for (size_t i = 0; i < N_IDS; i++, id++) {
		ck_assert(idset_next(&s, &id));
		ck_assert_uint_eq(id, ids[i]);
		ck_assert(idset_has(&s, id));
		ck_assert(!idset_has(&s, id + 2));
	}
	ck_assert(!idset_next(&s, &id));
	id = 2;
	idset_drop(&s, 63);
	ck_assert(idset_next(&s, &id));
	ck_assert_uint_eq(id, 64);
	idset_free(&s);
}
END_TEST

/* Items come before nodes, each once, and followed as far as in any of the sets. */
START_TEST(reached_in_order)
{
	struct spread *s = spread_new();
	uint64_t id = 0;
	unsigned reach;

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(spread_add(s, NODE_BIT | 2, SPREAD_ALL), SY_OK);
	ck_assert_int_eq(spread_add(s, 9, SPREAD_SINCE), SY_OK);
	ck_assert_int_eq(spread_add(s, 7, SPREAD_SINCE), SY_OK);
	ck_assert_int_eq(spread_add(s, 7, SPREAD_ALL), SY_OK);
	ck_assert_int_eq(spread_add(s, 8, SPREAD_ALL), SY_OK);
	spread_drop(s, 8);
	ck_assert(spread_has(s, 9, SPREAD_SINCE) && !spread_has(s, 9, SPREAD_ALL));
	ck_assert(spread_has(s, 7, SPREAD_SINCE) && !spread_has(s, 2, SPREAD_SINCE));
	ck_assert(spread_next(s, &id, &reach) && id == 7 && reach == SPREAD_ALL);
	id++;
	ck_assert(spread_next(s, &id, &reach) && id == 9 && reach == SPREAD_SINCE);
	id++;
	ck_assert(spread_next(s, &id, &reach) && id == (NODE_BIT | 2) && reach == SPREAD_ALL);
	id++;
	ck_assert(!spread_next(s, &id, &reach));
	spread_release(s);
}
END_TEST

/* --- a recall of very many ------------------------------------------------------------------- */

#define OF_LOT(lot, unit) "https://id.gs1.org/01/06901234567892/10/" lot "/21/" unit
#define MADE "{\"type\":\"TransformationEvent\"," EVENT

/* Many units of lot 1.  Lot 3 is made of the first of them, and of that a unit of lot 4, of which
 * others are there; lot 5 is none of this.  Gives the record that makes lot 3. */
static uint64_t log_goods(void)
{
	struct sy_buf b = {0};

	for (int i = 0; i < EVENTS; i++) {
		sy_buf_reset(&b);
		sy_buf_text(&b, OBJECT("ADD") ",\"epcList\":[");
		for (int n = 0; n < UNITS; n++)
			sy_buf_printf(&b, "%s\"" OF_LOT("1", "%dx%d") "\"", n ? "," : "", i, n);
		sy_buf_text(&b, "]}");
		log_add(l, keys[1], "%s", sy_buf_cstr(&b));
	}
	sy_buf_free(&b);
	add(OBJECT("ADD") ",\"epcList\":[\"" OF_LOT("4", "a") "\",\"" OF_LOT("4", "b") "\"]}");
	add(OBJECT("ADD") QUANTITY(LOT("5"), KG("5")) "}");
	uint64_t made =
	    add(MADE ",\"inputEPCList\":[\"" OF_LOT("1", "0x0") "\"],\"outputQuantityList\":[{"
								"\"epcClass\":\"" LOT("3") "\"}]}");
	add(MADE ",\"inputQuantityList\":[{\"epcClass\":\"" LOT(
	    "3") "\"}],\"outputEPCList\":[\"" OF_LOT("4", "a") "\"]}");
	return made;
}

/* Lot 1, its units, lot 3 and a unit of lot 4. */
enum { COVERED = N + 3 };

static const struct {
	const char *code;
	bool marked, whole;
} goods[] = {
    {LOT("1"), true, true},    {UNIT("0x0"), true, true}, {UNIT("1x77"), true, true},
    {LOT("3"), true, true},    {UNIT("a"), true, true},   {LOT("4"), true, false},
    {UNIT("b"), false, false}, {LOT("5"), false, false},
};

static void ck_goods(struct index_read *r, uint64_t number)
{
	struct index_mark m;
	uint64_t id;

	for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
		const char *code = goods[i].code;
		ck_assert_int_eq(index_item_id(r, sy_str(code), &id), SY_OK);
		int err = index_mark_next(r, id, number, &m);
		ck_assert_msg((err == SY_OK && m.number == number) == goods[i].marked, "%s", code);
		if (!goods[i].marked)
			continue;
		ck_assert_msg(m.whole == goods[i].whole, "%s", code);
		ck_assert_msg(m.whole || m.units > 0, "%s", code);
	}
}

static uint64_t log_recall(const char *id)
{
	return log_add(l, OP,
		       "{\"type\":\"Recall\",\"id\":\"urn:r:%s\",\"state\":\"open\",\"scope\":{"
		       "\"items\":[\"" LOT("1") "\"]}}",
		       id);
}

static uint64_t marked(struct index_read *r, uint64_t number)
{
	struct sy_str id;
	uint64_t items;

	ck_assert_int_eq(index_case(r, number, &id, &items), SY_OK);
	return items;
}

static struct {
	uint64_t number;
	struct index *ix;
	unsigned known, unknown; /* commits while it was marked */
} seen;

static void look_while_marking(void *ctx, uint64_t position)
{
	struct index_read r;

	(void)ctx;
	(void)position;
	ck_assert_int_eq(index_read_begin(seen.ix, &r), SY_OK);
	if (index_marks_known(&r)) {
		ck_assert(index_marking(&r));
		ck_assert_uint_lt(marked(&r, seen.number), COVERED);
		ck_goods(&r, seen.number);
		seen.known++;
	} else if (index_marking(&r)) {
		seen.unknown++;
	}
	index_read_end(&r);
}

START_TEST(known_before_it_is_marked)
{
	struct index_options o = {
	    .dir = log_dir, .ledger = l, .map_size = 1 << 28, .advanced = look_while_marking};
	const char *why;

	uint64_t made = log_goods();
	look();
	unlook();
	close_index();
	seen.number = log_recall("1");
	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
	seen.ix = ix;
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
	ck_assert_uint_ge(seen.known, SLOW == 1 ? 2 : 1);
	ck_assert_uint_eq(seen.unknown, 0);
	look();
	ck_assert(!index_marking(&rd) && !index_marks_known(&rd));
	ck_assert_uint_eq(marked(&rd, seen.number), COVERED);
	ck_goods(&rd, seen.number);
	unlook();
	erase(made, "");
	look();
	ck_assert_uint_eq(marked(&rd, seen.number), N + 1);
	unlook();
	ck_fsck();
}
END_TEST

/* --- kills ----------------------------------------------------------------------------------- */

static int commits_left;

static void die_in_time(void *ctx, uint64_t position)
{
	(void)ctx;
	(void)position;
	if (--commits_left == 0)
		l->fail = SY_EIO;
}

/* Until the next kill; true when all is done. */
static bool follow_until_killed(int commits, size_t level)
{
	struct index_options o = {.dir = log_dir,
				  .ledger = l,
				  .map_size = 1 << 28,
				  .advanced = die_in_time,
				  .level = level};
	const char *why;
	int err;

	commits_left = commits;
	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
	err = index_catch_up(ix);
	ck_assert(err == SY_OK || err == SY_EIO);
	l->fail = SY_OK;
	close_index();
	return err == SY_OK;
}

START_TEST(killed_after_each_commit)
{
	unsigned kills = 0;

	log_goods();
	look();
	unlook();
	close_index();
	for (int after = 1; after <= 4; after++) {
		uint64_t number = log_recall(after == 1 ? "1" : after == 2 ? "2" : "34");
		for (int n = after; !follow_until_killed(n, 0); n = 2)
			kills++;
		open_index();
		look();
		ck_assert(!index_marking(&rd));
		if (after < 4) {
			ck_assert_uint_eq(marked(&rd, number), COVERED);
			ck_goods(&rd, number);
		}
		unlook();
		close_index();
	}
	ck_assert_uint_ge(kills, SLOW == 1 ? 2 : 1);
	open_index();
	ck_fsck();
}
END_TEST

/* Where memory doesn't reach they are marked one by one; after a kill the case begins again. */
START_TEST(too_many_for_memory)
{
	enum { LEVEL = 100 };

	log_goods();
	look();
	unlook();
	close_index();
	uint64_t number = log_recall("1");
	if (_i)
		ck_assert(follow_until_killed(2, 0) == (SLOW > 1));
	ck_assert(follow_until_killed(1000, LEVEL));
	open_index();
	look();
	ck_assert(!index_marking(&rd));
	ck_assert_uint_eq(marked(&rd, number), COVERED);
	ck_goods(&rd, number);
	unlook();
	ck_fsck();
}
END_TEST

/* --- readers meanwhile ----------------------------------------------------------------------- */

static void *read_meanwhile(void *arg)
{
	unsigned *known = arg;
	struct index_read r;

	do {
		ck_assert_int_eq(index_read_begin(seen.ix, &r), SY_OK);
		if (index_marks_known(&r) || r.position == l->published)
			ck_goods(&r, seen.number);
		*known += index_marks_known(&r);
		index_read_end(&r);
	} while (r.position < l->published);
	return NULL;
}

START_TEST(readers_meanwhile)
{
	enum { READERS = 3 };
	pthread_t threads[READERS];
	unsigned known[READERS] = {0}, all = 0;

	log_goods();
	look();
	unlook();
	seen.number = log_recall("1");
	seen.ix = ix;
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_meanwhile, &known[i]), 0);
	ck_assert_int_eq(index_start(ix), SY_OK);
	for (int i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		all += known[i];
	}
	ck_assert_uint_gt(all, 0);
	index_stop(ix);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("spread");
	TCase *sets = tcase_create("sets"), *large = tcase_create("large");

	tcase_add_test(sets, a_set_of_ids);
	tcase_add_test(sets, reached_in_order);
	suite_add_tcase(s, sets);
	tcase_add_checked_fixture(large, setup, teardown);
	tcase_set_timeout(large, 300);
	tcase_add_test(large, known_before_it_is_marked);
	tcase_add_test(large, killed_after_each_commit);
	tcase_add_loop_test(large, too_many_for_memory, 0, 2);
	tcase_add_test(large, readers_meanwhile);
	suite_add_tcase(s, large);
	return s;
}
