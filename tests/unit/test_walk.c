/* Slices dealt to threads: what is folded, in which order, and which error ends a walk. */
#include "run.h"

#include <suyuan/error.h>
#include <suyuan/walk.h>

#include <stdatomic.h>
#include <string.h>

enum { MOST = 2000 };

struct work {
	unsigned threads, slots;
	uint64_t work_fails, fold_fails; /* slices; UINT64_MAX for none */
	atomic_uint worked[MOST], busy[SY_WALK_THREADS_MAX], taken[SY_WALK_SLOTS_MAX];
	atomic_uint_fast64_t folded;
	atomic_uint folding;
	uint64_t kept[SY_WALK_SLOTS_MAX]; /* a slot's memory */
};

/* Uneven, so that slices end in another order than they begin in. */
static void toil(uint64_t slice)
{
	volatile uint64_t x = 0;
	for (uint64_t i = 0; i < slice * 7919 % 1000; i++)
		x = x + i;
}

static int work(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	struct work *k = ctx;

	ck_assert_uint_lt(thread, k->threads);
	ck_assert_uint_lt(slot, k->slots);
	ck_assert_uint_eq(k->busy[thread]++, 0);
	ck_assert_uint_eq(k->taken[slot]++, 0);
	ck_assert_uint_lt(slice, k->folded + k->slots);
	k->worked[slice]++;
	k->kept[slot] = slice;
	toil(slice);
	k->busy[thread]--;
	return slice == k->work_fails ? SY_EIO : SY_OK;
}

static int fold(void *ctx, unsigned slot, uint64_t slice)
{
	struct work *k = ctx;

	ck_assert_uint_eq(k->folding++, 0);
	ck_assert_uint_eq(k->folded, slice);
	ck_assert_uint_eq(k->kept[slot], slice);
	ck_assert_uint_eq(k->worked[slice], 1);
	toil(slice);
	k->folding--;
	k->taken[slot]--;
	if (slice == k->fold_fails)
		return SY_ENOMEM;
	k->folded++;
	return SY_OK;
}

static int run(struct work *k, uint64_t slices, unsigned threads, unsigned slots)
{
	struct sy_walk w = {slices, threads, slots, work, fold, k};

	k->threads = threads;
	k->slots = slots;
	return sy_walk(&w);
}

static const struct {
	unsigned threads, slots;
} shapes[] = {{1, 1}, {1, 8}, {2, 1}, {2, 3}, {4, 8}, {16, 5}, {64, 256}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

START_TEST(order)
{
	static const uint64_t sizes[] = {0, 1, 2, 7, MOST};

	for (unsigned i = 0; i < SHAPES; i++)
		for (unsigned j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
			struct work k = {.work_fails = UINT64_MAX, .fold_fails = UINT64_MAX};
			ck_assert_int_eq(run(&k, sizes[j], shapes[i].threads, shapes[i].slots),
					 SY_OK);
			ck_assert_uint_eq(k.folded, sizes[j]);
		}
}
END_TEST

START_TEST(errors)
{
	static const struct {
		uint64_t work, fold, folded;
		int err;
	} cases[] = {
	    {0, UINT64_MAX, 0, SY_EIO},        {300, UINT64_MAX, 300, SY_EIO},
	    {UINT64_MAX, 0, 0, SY_ENOMEM},     {UINT64_MAX, 300, 300, SY_ENOMEM},
	    {301, 300, 300, SY_ENOMEM},        {300, 301, 300, SY_EIO},
	    {UINT64_MAX, 999, 999, SY_ENOMEM}, {999, UINT64_MAX, 999, SY_EIO},
	};

	for (unsigned i = 0; i < SHAPES; i++)
		for (unsigned j = 0; j < sizeof cases / sizeof cases[0]; j++) {
			struct work k = {.work_fails = cases[j].work, .fold_fails = cases[j].fold};
			int err = run(&k, 1000, shapes[i].threads, shapes[i].slots);
			ck_assert_int_eq(err, cases[j].err);
			ck_assert_uint_eq(k.folded, cases[j].folded);
		}
}
END_TEST

START_TEST(no_fold)
{
	struct work k = {.work_fails = UINT64_MAX, .threads = 3, .slots = 3};
	struct sy_walk w = {.slices = 3, .threads = 3, .slots = 3, .work = work, .ctx = &k};

	ck_assert_int_eq(sy_walk(&w), SY_OK);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(k.worked[i], 1);
	ck_assert_uint_ge(sy_walk_cores(), 1);
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test)
{
	TCase *tc = tcase_create(name);

	tcase_add_test(tc, test);
	suite_add_tcase(s, tc);
}

Suite *suite(void)
{
	Suite *s = suite_create("walk");

	add(s, "order", order);
	add(s, "errors", errors);
	add(s, "no_fold", no_fold);
	return s;
}
