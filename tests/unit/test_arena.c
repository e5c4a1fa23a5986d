/* Arenas: what they hand out, what a reset keeps, and what several have together. */
#include "run.h"

#include <suyuan/arena.h>

#include <stdint.h>

START_TEST(pieces)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 4096, 5000, 3 << 20, 1};
	struct sy_arena a = {0};
	char *last = NULL;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *p = sy_arena_alloc(&a, sizes[i]);
		ck_assert_ptr_nonnull(p);
		ck_assert_ptr_ne(p, last);
		ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
		memset(p, 1, sizes[i]);
		last = p;
	}
	ck_assert_ptr_null(sy_arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(sy_arena_calloc(&a, SIZE_MAX / 2, 4));
	sy_arena_reset(&a);
	ck_assert_uint_eq(a.used, 0);
	char *cleared = sy_arena_calloc(&a, 64, 1);
	ck_assert_ptr_nonnull(cleared);
	for (size_t i = 0; i < 64; i++)
		ck_assert_int_eq(cleared[i], 0);
	sy_arena_free(&a);
	sy_arena_free(&a);
}
END_TEST

START_TEST(room)
{
	struct sy_budget b = {.most = 100000};
	struct sy_arena a = {.budget = &b};
	uint64_t *v = NULL;
	size_t cap = 0;
	for (size_t n = 0; n < 1000; n++) {
		ck_assert(sy_arena_room(&a, &v, &cap, n + 1, sizeof *v));
		ck_assert_uint_gt(cap, n);
		ck_assert_uint_eq(v[n], 0);
		v[n] = n;
	}
	for (size_t n = 0; n < 1000; n++)
		ck_assert_uint_eq(v[n], n);
	uint64_t *had = v;
	size_t had_cap = cap;
	ck_assert(sy_arena_room(&a, &v, &cap, 10, sizeof *v));
	ck_assert(!sy_arena_room(&a, &v, &cap, 100000, sizeof *v));
	ck_assert(!sy_arena_room(&a, &v, &cap, SIZE_MAX, sizeof *v));
	ck_assert(v == had && cap == had_cap && v[999] == 999);
	sy_arena_free(&a);
}
END_TEST

START_TEST(budget)
{
	struct sy_budget b = {.most = 100000};
	struct sy_arena a = {.budget = &b}, other = {.budget = &b}, free_of_it = {0};
	ck_assert_ptr_nonnull(sy_arena_alloc(&a, 60000));
	ck_assert_uint_ge(b.used, 60000);
	size_t used = b.used;
	ck_assert_ptr_null(sy_arena_alloc(&other, 60000));
	ck_assert_uint_eq(b.used, used);
	ck_assert_ptr_nonnull(sy_arena_alloc(&other, 100));
	ck_assert_ptr_nonnull(sy_arena_alloc(&free_of_it, 1 << 20));
	sy_arena_free(&a);
	ck_assert_ptr_eq(a.budget, &b);
	ck_assert_ptr_nonnull(sy_arena_alloc(&other, 60000));
	/* A reset keeps the first chunk, and what is owed for it. */
	sy_arena_reset(&other);
	ck_assert_uint_gt(b.used, 0);
	ck_assert_uint_lt(b.used, 60000);
	/* Whoever joins later owes nothing for what it has. */
	used = b.used;
	free_of_it.budget = &b;
	sy_arena_free(&free_of_it);
	ck_assert_uint_eq(b.used, used);
	sy_arena_free(&other);
	ck_assert_uint_eq(b.used, 0);
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} all[] = {{"pieces", pieces}, {"room", room}, {"budget", budget}};
	Suite *s = suite_create("arena");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		TCase *t = tcase_create(all[i].name);
		tcase_add_test(t, all[i].test);
		suite_add_tcase(s, t);
	}
	return s;
}
