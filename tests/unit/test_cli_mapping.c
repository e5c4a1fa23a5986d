/* A firm's own words, and what is wrong with the file that says them. */
#include "faults.h"
#include "fuzz/memory_file.h"
#include "mapping.h"

#include "run.h" /* last: Check makes a macro of fail */

static const char good[] = "; our warehouse\n"
			   "# system\r\n"
			   "[columns]\r\n"
			   "物料条码 = product\n"
			   "Batch No. = 批号\n"
			   "备注 =\n"
			   "[constants]\n"
			   "检验类别 = firm\n"
			   "unit = 托\n"
			   "[units]\n"
			   "托 = XPX\n"
			   "桶装 = 桶\n"
			   "[events]\n"
			   "调拨 = ship\n"
			   "[names]\n"
			   "石家庄乳业 = 6901234000009\n"
			   "二号库 = 6901234000016\n";

static int read_text(const char *text, size_t n, struct sy_arena *arena, struct mapping **m,
		     struct fail *f)
{
	char path[32];
	int fd = memory_file(text, n, path);
	int rc = mapping_read(path, arena, m, f);

	close(fd);
	return rc;
}

static const struct {
	const char *heading;
	int field; /* F_COUNT: left out; -1: none */
} columns_[] = {
    {"物料条码", F_PRODUCT}, {"物料 条码", F_PRODUCT}, {"batch no.", F_LOT},
    {"备注", F_COUNT},       {"数量", F_QUANTITY},     {"颜色", -1},
};

START_TEST(headings)
{
	struct sy_arena arena = {0};
	struct fail f = {0};
	struct mapping *m = NULL;
	enum field field = F_REASON;

	ck_assert_msg(read_text(good, sizeof good - 1, &arena, &m, &f) == RC_DONE, "%s", f.text);
	int err = mapping_column(m, sy_str(columns_[_i].heading), &field);
	ck_assert_msg((err == SY_OK ? (int)field : -1) == columns_[_i].field, "%s: %d",
		      columns_[_i].heading, (int)field);
	sy_arena_free(&arena);
}
END_TEST

START_TEST(values)
{
	struct sy_arena arena = {0};
	struct fail f = {0};
	struct mapping *m = NULL;
	struct row row = {0};

	ck_assert_int_eq(read_text(good, sizeof good - 1, &arena, &m, &f), RC_DONE);
	row.v[F_EVENT] = SY_STR("调拨");
	row.v[F_TO] = SY_STR(" 石家庄乳业 ");
	row.v[F_PLACE] = SY_STR("二号库");
	row.v[F_LOT] = SY_STR("石家庄乳业"); /* no name stands there */
	mapping_apply(m, &row);
	ck_assert(sy_str_is(row.v[F_EVENT], "ship"));
	ck_assert(sy_str_is(row.v[F_TO], "6901234000009"));
	ck_assert(sy_str_is(row.v[F_PLACE], "6901234000016"));
	ck_assert(sy_str_is(row.v[F_LOT], "石家庄乳业"));
	ck_assert(sy_str_is(row.v[F_KIND], "firm"));
	ck_assert(sy_str_is(row.v[F_UNIT], "XPX")); /* a constant in the firm's own unit */
	row.v[F_UNIT] = SY_STR("桶装");
	row.v[F_KIND] = SY_STR("laboratory");
	mapping_apply(m, &row);
	ck_assert(sy_str_is(row.v[F_UNIT], "桶"));
	ck_assert(sy_str_is(row.v[F_KIND], "laboratory"));
	mapping_apply(NULL, &row);
	sy_arena_free(&arena);
}
END_TEST

/* Windows writes its own encoding. */
START_TEST(encoded)
{
	static const char gb[] = "[columns]\n\xc5\xfa\xba\xc5\xc3\xfb = lot\n";
	struct sy_arena arena = {0};
	struct fail f = {0};
	struct mapping *m = NULL;
	enum field field;

	ck_assert_int_eq(read_text(gb, sizeof gb - 1, &arena, &m, &f), RC_DONE);
	ck_assert_int_eq(mapping_column(m, SY_STR("批号名"), &field), SY_OK);
	ck_assert_int_eq(field, F_LOT);
	sy_arena_free(&arena);
}
END_TEST

START_TEST(faults)
{
	static const char bad[] = "a = b\n[colums]\n[columns]\nx = colour\nno equals\n= lot\n"
				  "[constants]\n颜色 = red\n[units]\n车 = 辆\n托 =\n[events]\n"
				  "搬 = move house\n[names]\n甲 = 乙\n";
	static const int lines[] = {1, 2, 4, 5, 6, 8, 10, 11, 13, 15};
	struct sy_arena arena = {0};
	struct fail f = {0};
	struct mapping *m = NULL;
	const char *at;

	ck_assert_int_eq(read_text(bad, sizeof bad - 1, &arena, &m, &f), RC_USAGE);
	at = f.text;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		char line[16];
		snprintf(line, sizeof line, "\nline %d: ", lines[i]);
		ck_assert_msg((at = strstr(at, line)) != NULL, "%s in %s", line, f.text);
		at++;
	}
	ck_assert_ptr_null(strstr(at, "\nline "));
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(mapping_read("/no/such/file", &arena, &m, &f), RC_FAIL);
	sy_arena_free(&arena);
}
END_TEST

START_TEST(memory)
{
	unsigned n = 0;
	bool failed;

	do {
		struct sy_arena arena = {0};
		struct fail f = {0};
		struct mapping *m = NULL;
		char path[32];
		int fd = memory_file(good, sizeof good - 1, path);
		fail_alloc_at(++n);
		int rc = mapping_read(path, &arena, &m, &f);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_msg((rc == RC_DONE) == !failed, "allocation %u: %d %s", n, rc, f.text);
		sy_arena_free(&arena);
		close(fd);
	} while (failed && n < 200);
	ck_assert_uint_gt(n, 3);
	ck_assert(!failed);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_mapping");
	TCase *t = tcase_create("mapping");

	tcase_add_loop_test(t, headings, 0, sizeof columns_ / sizeof columns_[0]);
	tcase_add_test(t, values);
	tcase_add_test(t, encoded);
	tcase_add_test(t, faults);
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	return s;
}
