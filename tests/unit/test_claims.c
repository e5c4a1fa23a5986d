#include <stdlib.h>

#include "admit/claims.h"
#include "faults.h"
#include "run.h"

/* Claims of a small alphabet of homes, so that runs are long and wrap around the table's end. */
static void claim_of(unsigned n, uint8_t claim[CLAIM_SIZE])
{
	uint64_t home = n % 7 == 0 ? UINT64_MAX - n % 3 : n % 5, rest = n + 1;
	memcpy(claim, &home, 8);
	memcpy(claim + 8, &rest, 8);
}

static bool has(const struct claims *c, unsigned n, uint64_t *entry)
{
	uint8_t claim[CLAIM_SIZE];
	claim_of(n, claim);
	claims_prefetch(c, claim);
	return claims_find(c, claim, entry);
}

static void put(struct claims *c, unsigned n, uint64_t entry)
{
	uint8_t claim[CLAIM_SIZE];
	claim_of(n, claim);
	ck_assert_int_eq(claims_reserve(c, 1), SY_OK);
	claims_put(c, claim, entry);
}

static void drop(struct claims *c, unsigned n, uint64_t entry)
{
	uint8_t claim[CLAIM_SIZE];
	claim_of(n, claim);
	claims_drop(c, claim, entry);
}

START_TEST(test_find)
{
	struct claims *c;
	uint64_t entry = 0;
	const uint8_t zeros[CLAIM_SIZE] = {0};
	ck_assert_int_eq(claims_new(100000, &c), SY_OK);
	ck_assert(!has(c, 1, &entry));
	put(c, 1, 10);
	put(c, 2, 10);
	put(c, 1, 12);
	ck_assert(has(c, 1, &entry) && entry == 12);
	ck_assert(has(c, 2, &entry) && entry == 10);
	ck_assert_uint_eq(claims_count(c), 2);
	ck_assert(!claims_find(c, zeros, &entry));
	ck_assert_int_eq(claims_reserve(c, 1), SY_OK);
	claims_put(c, zeros, 13);
	ck_assert(claims_find(c, zeros, &entry) && entry == 13);
	claims_free(c);
	claims_free(NULL);
}
END_TEST

START_TEST(test_forget)
{
	struct claims *c;
	uint64_t entry = 0;
	ck_assert_int_eq(claims_new(100000, &c), SY_OK);
	put(c, 1, 10);
	put(c, 2, 10);
	put(c, 3, 11);
	put(c, 1, 12); /* written again: outlives its first entry */
	claims_forget(c, 11, SIZE_MAX);
	ck_assert(has(c, 1, &entry) && entry == 12);
	ck_assert(!has(c, 2, &entry));
	ck_assert(has(c, 3, &entry));
	claims_forget(c, 12, 0);
	ck_assert(has(c, 3, &entry));
	claims_forget(c, 13, SIZE_MAX);
	ck_assert_uint_eq(claims_count(c), 0);
	claims_free(c);
}
END_TEST

START_TEST(test_drop)
{
	struct claims *c;
	uint64_t entry = 0;
	ck_assert_int_eq(claims_new(100000, &c), SY_OK);
	put(c, 1, 10);
	drop(c, 1, 11); /* another's */
	ck_assert(has(c, 1, &entry) && entry == 10);
	drop(c, 1, 10);
	ck_assert(!has(c, 1, &entry));
	drop(c, 1, 10);
	put(c, 1, 10); /* the entry's number is used again after a failed commit */
	ck_assert(has(c, 1, &entry));
	claims_free(c);
}
END_TEST

START_TEST(test_budget)
{
	struct claims *c;
	uint64_t entry = 0;
	ck_assert_int_eq(claims_new(5000, &c), SY_OK);
	ck_assert_int_eq(claims_reserve(c, 5001), SY_EBUSY);
	ck_assert_int_eq(claims_reserve(c, SIZE_MAX), SY_EBUSY);
	for (unsigned i = 0; i < 5000; i++)
		put(c, i, i);
	ck_assert_int_eq(claims_reserve(c, 1), SY_EBUSY);
	claims_forget(c, 1, SIZE_MAX);
	ck_assert_int_eq(claims_reserve(c, 1), SY_OK);
	ck_assert(has(c, 4999, &entry) && entry == 4999);
	claims_free(c);
}
END_TEST

/* Against a plain array: random puts, drops and forgets, through growth and shrinking. */
START_TEST(test_model)
{
	enum { N = 3000 };
	static uint64_t model[N];
	struct claims *c;
	unsigned seed = 7;
	uint64_t entry = 1, at;
	size_t known;
	memset(model, 0, sizeof(model));
	ck_assert_int_eq(claims_new(UINT32_MAX, &c), SY_OK);
	for (unsigned step = 0; step < 60000; step++) {
		unsigned n = (unsigned)rand_r(&seed) % N, what = (unsigned)rand_r(&seed) % 100;
		if (what < 70) {
			put(c, n, entry);
			model[n] = entry;
		} else if (what < 90) {
			drop(c, n, model[n]);
			model[n] = 0;
		} else if (what < 99) {
			entry++;
		} else {
			uint64_t before = entry > 40 ? entry - 40 : 0;
			claims_forget(c, before, SIZE_MAX);
			for (unsigned i = 0; i < N; i++)
				if (model[i] < before)
					model[i] = 0;
		}
	}
	known = 0;
	for (unsigned i = 0; i < N; i++) {
		ck_assert_int_eq(has(c, i, &at), model[i] != 0);
		if (model[i]) {
			ck_assert_uint_eq(at, model[i]);
			known++;
		}
	}
	ck_assert_uint_gt(known, 100);
	ck_assert_uint_eq(claims_count(c), known);
	claims_free(c);
}
END_TEST

START_TEST(test_shrink)
{
	struct claims *c;
	uint64_t entry;
	uint8_t claim[CLAIM_SIZE] = {0};
	ck_assert_int_eq(claims_new(UINT32_MAX, &c), SY_OK);
	ck_assert_int_eq(claims_reserve(c, 200000), SY_OK);
	for (uint64_t i = 0; i < 200000; i++) {
		uint64_t spread = i * UINT64_C(0x9E3779B97F4A7C15);
		memcpy(claim, &spread, 8);
		claims_put(c, claim, i);
	}
	ck_assert(claims_find(c, claim, &entry) && entry == 199999);
	claims_forget(c, 200000, SIZE_MAX);
	ck_assert_uint_eq(claims_count(c), 0);
	ck_assert(!claims_find(c, claim, &entry));
	put(c, 1, 300000);
	ck_assert(has(c, 1, &entry));
	claims_free(c);
}
END_TEST

START_TEST(test_memory)
{
	struct claims *c;
	uint64_t entry;
	unsigned n = 0;
	bool failed;
	do {
		uint8_t claim[CLAIM_SIZE];
		int made, more = SY_OK;
		claim_of(1, claim);
		fail_alloc_at(++n);
		made = claims_new(1 << 20, &c);
		if (made == SY_OK) {
			claims_put(c, claim, 1);
			more = claims_reserve(c, 100000);
		}
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(made ? made : more, failed ? SY_ENOMEM : SY_OK);
		if (made == SY_OK) {
			ck_assert(claims_find(c, claim, &entry) && entry == 1);
			claims_free(c);
		}
	} while (failed);
	ck_assert_uint_gt(n, 4);
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test)
{
	TCase *t = tcase_create(name);
	tcase_add_test(t, test);
	suite_add_tcase(s, t);
}

Suite *suite(void)
{
	Suite *s = suite_create("claims");
	add(s, "find", test_find);
	add(s, "forget", test_forget);
	add(s, "drop", test_drop);
	add(s, "budget", test_budget);
	add(s, "model", test_model);
	add(s, "shrink", test_shrink);
	add(s, "memory", test_memory);
	return s;
}
