/* Arenas, the faults that live in them, and the list of errors. */
#include "faults.h"
#include "run.h"

#include <suyuan/bytes.h>
#include <suyuan/error.h>
#include <suyuan/fault.h>

#include <stdlib.h>

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

/* --- arena ------------------------------------------------------------------------------------ */

START_TEST(pieces_do_not_overlap)
{
	static const size_t sizes[] = {0, 1, 3, 16, 17, 100, 4000, 5000, 100000, 7, 3000000, 9};
	struct sy_arena a = {0};
	for (int round = 0; round < 3; round++) {
		uint8_t *p[500];
		size_t total = 0;
		for (int i = 0; i < ROWS(p); i++) {
			size_t n = sizes[i % ROWS(sizes)] % (i > 40 ? 6000 : SIZE_MAX);
			p[i] = sy_arena_alloc(&a, n);
			ck_assert_ptr_nonnull(p[i]);
			ck_assert_uint_eq((uintptr_t)p[i] % _Alignof(max_align_t), 0);
			memset(p[i], i & 0xff, n);
			total += n;
		}
		for (int i = 0; i < ROWS(p); i++) {
			size_t n = sizes[i % ROWS(sizes)] % (i > 40 ? 6000 : SIZE_MAX);
			for (size_t j = 0; j < n; j++)
				if (p[i][j] != (i & 0xff))
					ck_abort_msg("piece %d at %zu", i, j);
		}
		ck_assert_uint_eq(a.used, total);
		sy_arena_reset(&a);
		ck_assert_uint_eq(a.used, 0);
	}
	sy_arena_free(&a);
	sy_arena_free(&a);
	sy_arena_reset(&a);
}
END_TEST

/* A request that fits in the first chunk takes no memory from the system after a reset. */
START_TEST(reset_keeps_the_first_chunk)
{
	struct sy_arena a = {0};
	ck_assert_ptr_nonnull(sy_arena_alloc(&a, 100));
	ck_assert_ptr_nonnull(sy_arena_alloc(&a, 100000));
	sy_arena_reset(&a);
	fail_alloc_at(1);
	void *one = sy_arena_alloc(&a, 100), *two = sy_arena_alloc(&a, 1000);
	bool early = alloc_failed();
	void *three = sy_arena_alloc(&a, 100000);
	bool late = alloc_failed();
	fail_alloc_at(0);
	ck_assert(one && two && !early);
	ck_assert(three == NULL && late);
	/* and goes on after a failure */
	ck_assert_ptr_nonnull(sy_arena_alloc(&a, 100000));
	sy_arena_free(&a);
}
END_TEST

START_TEST(large_pieces_do_not_waste_the_chunk)
{
	struct sy_arena a = {0};
	char *before = sy_arena_alloc(&a, 16);
	ck_assert_ptr_nonnull(sy_arena_alloc(&a, 1000000));
	char *after = sy_arena_alloc(&a, 16);
	ck_assert_ptr_eq(after, before + 16);
	sy_arena_free(&a);
}
END_TEST

START_TEST(arrays)
{
	struct sy_arena a = {0};
	for (int round = 0; round < 2; round++) {
		uint8_t *p = sy_arena_calloc(&a, 10, 100);
		for (int i = 0; i < 1000; i++)
			ck_assert_uint_eq(p[i], 0);
		memset(p, 0xff, 1000);
		sy_arena_reset(&a);
	}
	ck_assert_ptr_null(sy_arena_calloc(&a, SIZE_MAX / 2, 3));
	ck_assert_ptr_null(sy_arena_calloc(&a, SIZE_MAX, 1));
	ck_assert_ptr_null(sy_arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(sy_arena_alloc(&a, SIZE_MAX - 15));
	ck_assert_ptr_null(sy_arena_strdup(&a, (struct sy_str){"", SIZE_MAX}));
	ck_assert_ptr_nonnull(sy_arena_calloc(&a, 0, 8));
	sy_arena_free(&a);
}
END_TEST

START_TEST(texts)
{
	struct sy_arena a = {0};
	ck_assert_str_eq(sy_arena_strdup(&a, (struct sy_str){"abcdef", 3}), "abc");
	ck_assert_str_eq(sy_arena_strdup(&a, sy_str(NULL)), "");
	ck_assert_str_eq(sy_arena_printf(&a, "%s-%05d", "x", 42), "x-00042");
	char *wide = sy_arena_printf(&a, "%9000d", 1);
	ck_assert_uint_eq(strlen(wide), 9000);
	sy_arena_free(&a);
	for (int what = 0; what < 3; what++) {
		fail_alloc_at(1);
		void *p = what == 0   ? (void *)sy_arena_printf(&a, "x")
			  : what == 1 ? (void *)sy_arena_strdup(&a, SY_STR("x"))
				      : sy_arena_calloc(&a, 1, 1);
		fail_alloc_at(0);
		ck_assert_ptr_null(p);
	}
	sy_arena_free(&a);
}
END_TEST

/* --- faults ----------------------------------------------------------------------------------- */

static struct sy_arena arena;
static struct sy_faults faults;

static void setup(void)
{
	sy_faults_init(&faults, &arena);
}

static void teardown(void)
{
	sy_arena_free(&arena);
}

START_TEST(kept_as_told)
{
	char pointer[] = "/a/0", field[] = "lot";
	ck_assert(faults.warnings_only);
	ck_assert_int_eq(sy_faults_status(&faults), 0);
	sy_fault_add(&faults, 422, 3, pointer, field, "%d is past %s", 7, "six");
	sy_fault_add(&faults, 0, SY_NO_RECORD, "", NULL, "odd");
	memset(pointer, 'x', sizeof pointer - 1);
	memset(field, 'x', sizeof field - 1);
	ck_assert_uint_eq(faults.n, 2);
	ck_assert_int_eq(faults.v[0].status, 422);
	ck_assert_int_eq(faults.v[0].record, 3);
	ck_assert_str_eq(faults.v[0].pointer, "/a/0");
	ck_assert_str_eq(faults.v[0].field, "lot");
	ck_assert_str_eq(faults.v[0].detail, "7 is past six");
	ck_assert_int_eq(faults.v[1].record, SY_NO_RECORD);
	ck_assert_ptr_null(faults.v[1].field);
	ck_assert(!faults.warnings_only);
	ck_assert_int_eq(sy_faults_status(&faults), 422);
}
END_TEST

static const struct {
	int added[4], status;
} status_rows[] = {
    {{0}, 0},
    {{422}, 422},
    {{422, 409}, 409},
    {{409, 422}, 409},
    {{403, 409, 422}, 403},
    {{422, 401, 403}, 401},
    {{401, 400, 422}, 400},
    {{413, 422}, 422},
    {{413, 400}, 400},
    {{413}, 413},
};

START_TEST(status)
{
	sy_fault_add(&faults, 0, 0, "", NULL, "only a warning");
	for (int i = 0; i < 4 && status_rows[_i].added[i]; i++)
		sy_fault_add(&faults, status_rows[_i].added[i], i, "", NULL, "fault");
	ck_assert_int_eq(sy_faults_status(&faults), status_rows[_i].status);
	ck_assert(faults.warnings_only == (status_rows[_i].status == 0));
}
END_TEST

START_TEST(ten_a_record)
{
	for (long record = 0; record < 3; record++)
		for (int i = 0; i < 12; i++)
			sy_fault_add(&faults, 422, record, "", NULL, "%d", i);
	ck_assert_uint_eq(faults.n, 30);
	ck_assert_uint_eq(faults.dropped, 6);
	ck_assert_str_eq(faults.v[29].detail, "9");
	ck_assert_int_eq(faults.v[29].record, 2);
}
END_TEST

/* What is refused stays refused, though there is no room left for the reason. */
START_TEST(dropped_faults_count)
{
	for (int i = 0; i < SY_FAULTS_PER_RECORD; i++)
		sy_fault_add(&faults, 422, 0, "", NULL, "wrong");
	sy_fault_add(&faults, 403, 0, "", NULL, "not allowed");
	ck_assert_uint_eq(faults.n, SY_FAULTS_PER_RECORD);
	ck_assert_uint_eq(faults.dropped, 1);
	ck_assert_int_eq(sy_faults_status(&faults), 403);
	ck_assert(!faults.warnings_only);
}
END_TEST

static void add_each(long record, const char *kinds)
{
	for (const char *k = kinds; *k; k++)
		sy_fault_add(&faults, *k == 'F' ? 422 : 0, record, "", NULL, "%c%d", *k,
			     (int)(k - kinds));
}

/* Why it is refused stands before what it should carry as well. */
START_TEST(warnings_make_room)
{
	static const struct {
		const char *added, *kept;
	} rows[] = {
	    {"wwwwwwwwwwF", "w0 w1 w2 w3 w4 w5 w6 w7 w8 F10 "},
	    {"FwwwwwwwwwwwFF", "F0 w1 w2 w3 w4 w5 w6 w7 F12 F13 "},
	    {"wFFFFFFFFFFF", "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 "},
	    {"FFFFFFFFFFww", "F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 "},
	};
	for (int i = 0; i < ROWS(rows); i++) {
		struct sy_buf b = {0};
		add_each(7, "www");
		add_each(i, rows[i].added);
		for (size_t k = faults.n - SY_FAULTS_PER_RECORD; k < faults.n; k++)
			sy_buf_printf(&b, "%s ", faults.v[k].detail);
		ck_assert_str_eq(sy_buf_cstr(&b), rows[i].kept);
		ck_assert_uint_eq(faults.n, 3 + SY_FAULTS_PER_RECORD);
		size_t warnings = 0;
		for (const char *k = rows[i].kept; *k; k++)
			warnings += *k == 'w';
		ck_assert_uint_eq(sy_faults_room(&faults, i), warnings);
		ck_assert_uint_eq(sy_faults_room(&faults, 7), SY_FAULTS_PER_RECORD);
		ck_assert_uint_eq(faults.dropped, strlen(rows[i].added) - SY_FAULTS_PER_RECORD);
		sy_buf_free(&b);
		sy_faults_init(&faults, &arena);
	}
}
END_TEST

START_TEST(ten_thousand_in_all)
{
	for (long record = 0; record < SY_FAULTS_MAX + 5; record++)
		sy_fault_add(&faults, record < SY_FAULTS_MAX ? 422 : 400, record, "", NULL, "x");
	ck_assert_uint_eq(faults.n, SY_FAULTS_MAX);
	ck_assert_uint_eq(faults.dropped, 5);
	ck_assert_int_eq(sy_faults_status(&faults), 400);
	sy_faults_init(&faults, &arena);
	for (long record = 0; record < SY_FAULTS_MAX; record++)
		add_each(record, "w");
	add_each(SY_FAULTS_MAX, "F");
	ck_assert_uint_eq(faults.n, SY_WARNINGS_MAX + 1);
	ck_assert_str_eq(faults.v[faults.n - 1].detail, "F0");
}
END_TEST

START_TEST(out_of_memory)
{
	for (unsigned n = 1;; n++) {
		sy_faults_init(&faults, &arena);
		fail_alloc_at(n);
		for (long record = 0; record < 200; record++)
			sy_fault_add(&faults, 422, record, "/x", "field", "%500d", 1);
		bool failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(sy_faults_status(&faults), 422);
		ck_assert_uint_eq(faults.n + faults.dropped, 200);
		ck_assert(failed == (faults.dropped > 0));
		for (size_t i = 0; i < faults.n; i++)
			ck_assert_uint_eq(strlen(faults.v[i].detail), 500);
		sy_arena_free(&arena);
		if (!failed) {
			ck_assert_uint_gt(n, 3);
			return;
		}
	}
}
END_TEST

/* --- errors ----------------------------------------------------------------------------------- */

START_TEST(errors)
{
	ck_assert_str_eq(sy_strerror(SY_OK), "done");
	ck_assert_int_eq(sy_http_status(SY_OK), 200);
	ck_assert_int_eq(sy_http_status(SY_EDUP), 409);
	ck_assert_int_eq(sy_http_status(SY_EINTERNAL), 500);
	static const int none[] = {-1, SY_EINTERNAL + 1, 100000};
	for (int i = 0; i < ROWS(none); i++) {
		ck_assert_int_eq(sy_http_status(none[i]), 500);
		ck_assert_str_eq(sy_strerror(none[i]), "unknown error");
	}
	for (int e = SY_OK; e <= SY_EINTERNAL; e++)
		ck_assert_msg(sy_http_status(e) >= 200 && strlen(sy_strerror(e)) > 3, "%d", e);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("fault");
	TCase *t = tcase_create("arena");
	tcase_add_test(t, pieces_do_not_overlap);
	tcase_add_test(t, reset_keeps_the_first_chunk);
	tcase_add_test(t, large_pieces_do_not_waste_the_chunk);
	tcase_add_test(t, arrays);
	tcase_add_test(t, texts);
	suite_add_tcase(s, t);
	t = tcase_create("fault");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, kept_as_told);
	tcase_add_loop_test(t, status, 0, ROWS(status_rows));
	tcase_add_test(t, ten_a_record);
	tcase_add_test(t, dropped_faults_count);
	tcase_add_test(t, warnings_make_room);
	tcase_add_test(t, ten_thousand_in_all);
	tcase_add_test(t, out_of_memory);
	suite_add_tcase(s, t);
	t = tcase_create("error");
	tcase_add_test(t, errors);
	suite_add_tcase(s, t);
	return s;
}
