/* Records opened many at once against the same sealed one by one, which is libsodium's work. */
#include "run.h"

#include "ledger/unseal.h"

#include <stdlib.h>
#include <suyuan/sign.h>

enum { RECORDS = 33, LONGEST = 3000 };

static uint8_t salt[RECORDS][SY_SALT_SIZE];
static sy_hash leaf[RECORDS];
static char text[RECORDS][LONGEST], kept[RECORDS][LONGEST], got[RECORDS][LONGEST + 1];

static void setup(void)
{
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	srand(1);
	for (size_t i = 0; i < sizeof text; i++)
		((char *)text)[i] = (char)rand();
	for (size_t i = 0; i < sizeof leaf; i++)
		((uint8_t *)leaf)[i] = (uint8_t)rand();
	for (size_t i = 0; i < sizeof salt; i++)
		((uint8_t *)salt)[i] = (uint8_t)rand();
}

static void opens(const size_t *size, size_t n)
{
	struct sealed v[RECORDS] = {{0}};

	for (size_t i = 0; i < n; i++) {
		seal(salt[i], &leaf[i], (struct sy_str){text[i], size[i]}, kept[i]);
		v[i] = (struct sealed){salt[i], &leaf[i], {kept[i], size[i]}, got[i]};
		got[i][size[i]] = 'x';
	}
	unseal_each(v, n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(memcmp(text[i], got[i], size[i]) == 0, "%zu of %zu: %zu bytes", i, n,
			      size[i]);
		ck_assert_msg(got[i][size[i]] == 'x', "%zu of %zu: %zu bytes and one", i, n,
			      size[i]);
	}
}

START_TEST(every_length)
{
	size_t size[RECORDS];

	for (size_t n = 0; n + RECORDS <= 700; n++) {
		for (size_t i = 0; i < RECORDS; i++)
			size[i] = n + i;
		opens(size, 9);
	}
}
END_TEST

START_TEST(every_number)
{
	size_t size[RECORDS];

	for (size_t n = 0; n <= RECORDS; n++) {
		for (size_t i = 0; i < n; i++)
			size[i] = (size_t)rand() % (LONGEST + 1);
		opens(size, n);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("unseal");
	TCase *c = tcase_create("each");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, every_length);
	tcase_add_test(c, every_number);
	suite_add_tcase(s, c);
	return s;
}
