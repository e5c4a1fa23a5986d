/* Many hashes at once against the same one by one, which test_sign.c holds against vectors. */
#include "run.h"

#include <suyuan/hash.h>
#include <suyuan/submission.h>

#include <stdlib.h>

enum { TEXTS = 41, LONGEST = 600 };

static char room[2 * LONGEST];
static struct sy_sha256_of of[TEXTS];
static sy_hash got[TEXTS];

static void setup(void)
{
	for (size_t i = 0; i < sizeof room; i++)
		room[i] = (char)(i * 7 + i / 256);
	memset(got, 0, sizeof got);
}

static void ask(size_t i, size_t a, size_t b, size_t c)
{
	of[i] = (struct sy_sha256_of){{{room + i, a}, {room + i + a, b}, {room + i + a + b, c}},
				      &got[i]};
}

static void each_is_right(size_t n)
{
	sy_hash want;

	sy_sha256_each(of, n);
	for (size_t i = 0; i < n; i++) {
		sy_sha256_parts(of[i].part, SY_SHA256_PARTS, &want);
		ck_assert_msg(sy_hash_eq(&got[i], &want), "%zu of %zu: %zu, %zu, %zu bytes", i, n,
			      of[i].part[0].n, of[i].part[1].n, of[i].part[2].n);
	}
}

/* Beside one of another length, so that both begin, end and wait at any time. */
START_TEST(every_length)
{
	for (size_t n = 0; n <= LONGEST; n++) {
		ask(0, 1, n / 3, n - n / 3);
		ask(1, 0, LONGEST - n, 0);
		ask(2, n, 0, 1);
		each_is_right(3);
		each_is_right(2);
		each_is_right(1);
	}
}
END_TEST

START_TEST(every_number)
{
	srand(1);
	for (size_t n = 0; n <= TEXTS; n++) {
		for (size_t i = 0; i < n; i++)
			ask(i, (size_t)rand() % 70, (size_t)rand() % 200, (size_t)rand() % 300);
		each_is_right(n);
	}
}
END_TEST

START_TEST(records)
{
	struct sy_opened v[TEXTS];
	sy_hash want;

	for (size_t i = 0; i < TEXTS; i++) {
		memset(v[i].salt, (int)i, sizeof v[i].salt);
		v[i].payload = (struct sy_str){room, i * 13};
	}
	sy_record_leaves(v, TEXTS);
	for (size_t i = 0; i < TEXTS; i++) {
		sy_record_leaf(v[i].salt, v[i].payload, &want);
		ck_assert_msg(sy_hash_eq(&v[i].leaf, &want), "record %zu", i);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("hash_pairs");
	TCase *c = tcase_create("each");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, every_length);
	tcase_add_test(c, every_number);
	tcase_add_test(c, records);
	suite_add_tcase(s, c);
	return s;
}
