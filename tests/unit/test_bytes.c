/* Spans, integers, buffers, hex, base64, UTF-8. */
#include "faults.h"
#include "run.h"

#include <suyuan/bytes.h>
#include <suyuan/error.h>

#include <stdlib.h>

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

/* --- spans ------------------------------------------------------------------------------------ */

START_TEST(equal)
{
	ck_assert(sy_str_eq(SY_STR("ab"), sy_str("ab")));
	ck_assert(!sy_str_eq(SY_STR("ab"), SY_STR("aB")));
	ck_assert(!sy_str_eq(SY_STR("ab"), SY_STR("abc")));
	ck_assert(sy_str_eq(sy_str(NULL), SY_STR("")));
	ck_assert(sy_str_is(sy_str(NULL), ""));
	ck_assert(sy_str_is(SY_STR("x"), "x"));
	ck_assert(!sy_str_is(SY_STR("x\0y"), "x"));
	ck_assert(!sy_str_is((struct sy_str){"xyz", 2}, "xyz"));
}
END_TEST

START_TEST(compare)
{
	static const char *const ordered[] = {"", "a", "aa", "ab", "b", "\x7f", "\x80", "\xff"};
	for (int i = 0; i < ROWS(ordered); i++)
		for (int j = 0; j < ROWS(ordered); j++) {
			int d = sy_str_cmp(sy_str(ordered[i]), sy_str(ordered[j]));
			ck_assert_int_eq((d > 0) - (d < 0), (i > j) - (i < j));
		}
	ck_assert_int_eq(sy_str_cmp(sy_str(NULL), SY_STR("")), 0);
}
END_TEST

static const struct {
	const char *text, *lines[4];
} line_rows[] = {
    {"", {NULL}},
    {"a", {"a"}},
    {"a\n", {"a"}},
    {"a\nb", {"a", "b"}},
    {"\n", {""}},
    {"\n\nx\n", {"", "", "x"}},
    {"a\r\nb", {"a\r", "b"}},
};

START_TEST(lines)
{
	struct sy_str rest = sy_str(line_rows[_i].text), line;
	int n = 0;
	while (sy_str_line(&rest, &line)) {
		ck_assert_ptr_nonnull(line_rows[_i].lines[n]);
		ck_assert(sy_str_is(line, line_rows[_i].lines[n++]));
	}
	ck_assert_ptr_null(line_rows[_i].lines[n]);
	ck_assert(!sy_str_line(&rest, &line));
}
END_TEST

static const struct {
	const char *text;
	int err;
	uint64_t value;
} decimals[] = {
    {"0", SY_OK, 0},
    {"7", SY_OK, 7},
    {"10", SY_OK, 10},
    {"18446744073709551615", SY_OK, UINT64_MAX},
    {"18446744073709551616", SY_ERANGE, 0},
    {"18446744073709551620", SY_ERANGE, 0},
    {"184467440737095516150", SY_ERANGE, 0},
    {"99999999999999999999", SY_ERANGE, 0},
    {"", SY_EINVAL, 0},
    {"00", SY_EINVAL, 0},
    {"01", SY_EINVAL, 0},
    {"+1", SY_EINVAL, 0},
    {"-1", SY_EINVAL, 0},
    {" 1", SY_EINVAL, 0},
    {"1 ", SY_EINVAL, 0},
    {"1\n", SY_EINVAL, 0},
    {"1.0", SY_EINVAL, 0},
    {"1e3", SY_EINVAL, 0},
    {"0x1", SY_EINVAL, 0},
    {"a", SY_EINVAL, 0},
    {":", SY_EINVAL, 0},
    {"/", SY_EINVAL, 0},
    {"99999999999999999999999x", SY_EINVAL, 0},
};

START_TEST(decimal)
{
	uint64_t v = 42;
	int err = sy_str_u64(sy_str(decimals[_i].text), &v);
	ck_assert_msg(err == decimals[_i].err, "\"%s\": %s", decimals[_i].text, sy_strerror(err));
	ck_assert_uint_eq(v, err ? 42 : decimals[_i].value);
}
END_TEST

/* --- integers --------------------------------------------------------------------------------- */

START_TEST(integers)
{
	uint8_t p[8];
	sy_put16(p, 0x8102);
	ck_assert_mem_eq(p, "\x81\x02", 2);
	ck_assert_uint_eq(sy_get16(p), 0x8102);
	sy_put32(p, 0x81020304);
	ck_assert_mem_eq(p, "\x81\x02\x03\x04", 4);
	ck_assert_uint_eq(sy_get32(p), 0x81020304);
	sy_put64(p, 0x8102030405060708);
	ck_assert_mem_eq(p, "\x81\x02\x03\x04\x05\x06\x07\x08", 8);
	ck_assert_uint_eq(sy_get64(p), 0x8102030405060708);
	sy_put64(p, UINT64_MAX);
	ck_assert_uint_eq(sy_get64(p), UINT64_MAX);
}
END_TEST

/* --- buffers ---------------------------------------------------------------------------------- */

static void build(struct sy_buf *b)
{
	sy_buf_put(b, "a\0b", 3);
	sy_buf_put(b, NULL, 0);
	sy_buf_str(b, sy_str(NULL));
	sy_buf_text(b, "text");
	sy_buf_byte(b, '|');
	sy_buf_u64(b, 0);
	sy_buf_u64(b, UINT64_MAX);
	sy_buf_printf(b, "%s-%d", "formatted past the first sixty-four bytes of the buffer", 7);
	sy_buf_printf(b, "%s", "");
	sy_buf_base64(b, "\xff\xfe", 2);
	sy_buf_base64(b, NULL, 0);
	char *room = sy_buf_room(b, 3);
	if (room)
		memcpy(room, "xyz", 3);
	for (int i = 0; i < 300; i++)
		sy_buf_byte(b, 'z');
}

START_TEST(buffer)
{
	static const char want[] = "a\0btext|018446744073709551615formatted past the first "
				   "sixty-four bytes of the buffer-7//4=xyzzzz";
	struct sy_buf b = {0};
	ck_assert_uint_eq(sy_buf_span(&b).n, 0);
	build(&b);
	ck_assert(!b.failed);
	ck_assert_uint_eq(b.n, sizeof want - 1 + 297);
	ck_assert_mem_eq(b.p, want, sizeof want - 1);
	ck_assert_uint_eq(strlen(sy_buf_cstr(&b) + 3), b.n - 3);
	ck_assert_uint_eq(sy_buf_span(&b).n, b.n);
	sy_buf_reset(&b);
	ck_assert_str_eq(sy_buf_cstr(&b), "");
	sy_buf_text(&b, "again");
	ck_assert_str_eq(sy_buf_cstr(&b), "again");
	sy_buf_free(&b);
	sy_buf_free(&b);
}
END_TEST

START_TEST(buffer_grows_past_every_size)
{
	struct sy_buf b = {0};
	for (int i = 0; i < 3000; i++) {
		sy_buf_byte(&b, (char)('a' + i % 26));
		ck_assert_uint_eq(strlen(sy_buf_cstr(&b)), (size_t)i + 1);
	}
	for (int i = 0; i < 3000; i++)
		ck_assert_int_eq(b.p[i], 'a' + i % 26);
	sy_buf_free(&b);
}
END_TEST

START_TEST(buffer_out_of_memory)
{
	unsigned n = 0;
	bool failed;
	do {
		struct sy_buf b = {0};
		fail_alloc_at(++n);
		build(&b);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(b.failed, failed);
		if (failed) {
			size_t before = b.n;
			sy_buf_text(&b, "more");
			ck_assert_uint_eq(b.n, before);
			ck_assert_ptr_null(sy_buf_cstr(&b));
			ck_assert_ptr_null(sy_buf_room(&b, 1));
		}
		sy_buf_free(&b);
	} while (failed);
	ck_assert_uint_gt(n, 2);
}
END_TEST

START_TEST(buffer_too_large)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2};
	for (int i = 0; i < ROWS(sizes); i++) {
		struct sy_buf b = {0};
		sy_buf_byte(&b, 'x');
		ck_assert_ptr_null(sy_buf_room(&b, sizes[i]));
		ck_assert(b.failed);
		ck_assert_uint_eq(b.n, 1);
		sy_buf_free(&b);
	}
	struct sy_buf b = {0};
	sy_buf_base64(&b, "", SIZE_MAX - 8);
	ck_assert(b.failed);
	sy_buf_free(&b);
}
END_TEST

/* --- hex -------------------------------------------------------------------------------------- */

START_TEST(hex)
{
	char text[9];
	uint8_t out[4] = {0};
	sy_hex("\x00\x9a\xbc\xff", 4, text);
	ck_assert_str_eq(text, "009abcff");
	ck_assert_int_eq(sy_unhex(SY_STR("009abcff"), out, 4), SY_OK);
	ck_assert_mem_eq(out, "\x00\x9a\xbc\xff", 4);
	ck_assert_int_eq(sy_unhex(SY_STR("009ABCFF"), out, 4), SY_OK);
	ck_assert_int_eq(sy_unhex(SY_STR(""), out, 0), SY_OK);
	static const char *const bad[] = {"",         "009abcf",  "009abcff0", "009abcff00",
					  "009abcfg", " 09abcff", "0x9abcff",  "009abcf\n"};
	for (int i = 0; i < ROWS(bad); i++)
		ck_assert_msg(sy_unhex(sy_str(bad[i]), out, 4) == SY_EINVAL, "%s", bad[i]);
}
END_TEST

/* --- base64 ----------------------------------------------------------------------------------- */

/* RFC 4648 section 10. */
static const struct {
	const char *plain, *text;
} base64_rows[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

START_TEST(base64)
{
	char text[16], out[8];
	size_t n, len = strlen(base64_rows[_i].plain);
	sy_base64(base64_rows[_i].plain, len, text);
	ck_assert_str_eq(text, base64_rows[_i].text);
	ck_assert_uint_eq(strlen(text), SY_BASE64_LEN(len));
	ck_assert_int_eq(sy_unbase64(sy_str(text), out, len, &n), SY_OK);
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, base64_rows[_i].plain, len);
	ck_assert_int_eq(sy_unbase64(sy_str(text), NULL, SIZE_MAX, &n), SY_OK);
	ck_assert_uint_eq(n, len);
	ck_assert_int_eq(sy_unbase64_exact(sy_str(text), out, len), SY_OK);
	ck_assert_int_eq(sy_unbase64_exact(sy_str(text), out, len + 1), SY_EBASE64);
	if (len > 0) {
		ck_assert_int_eq(sy_unbase64_exact(sy_str(text), out, len - 1), SY_EBASE64);
		ck_assert_int_eq(sy_unbase64(sy_str(text), out, len - 1, &n), SY_ETOOBIG);
	}
}
END_TEST

static const char *const not_base64[] = {
    "Z",     "Zg",     "Zg=",      "Zg===",    "=",    "==",    "===",  "====",
    "Zm9v=", "Zm9v\n", " Zm9v",    "Zm9v ",    "Zm 9", "Zm\n9", "Zh==", "Zv==",
    "Zm9=",  "Zm/=",   "Zg==Zg==", "Zm8=Zm8=", "Z===", "Zg=v",  "=g==", "Z=9v",
    "-_-_",  "Zm9,",   "Zm9\x80",  "Zm9{",     "Zm9@", "Zm9[",  "Zm9`", "Zm9:",
};

START_TEST(base64_refused)
{
	char out[16];
	size_t n;
	int err = sy_unbase64(sy_str(not_base64[_i]), out, sizeof out, &n);
	ck_assert_msg(err == SY_EBASE64, "\"%s\": %s", not_base64[_i], sy_strerror(err));
}
END_TEST

/* A byte of any value has one spelling: of all four-letter texts that decode to it, one is taken.
 */
START_TEST(base64_one_spelling)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned seen[256] = {0};
	for (int i = 0; i < 64; i++)
		for (int j = 0; j < 64; j++) {
			char text[] = {letters[i], letters[j], '=', '='};
			uint8_t out;
			size_t n;
			if (sy_unbase64((struct sy_str){text, 4}, &out, 1, &n) == SY_OK)
				seen[out]++;
		}
	for (int i = 0; i < 256; i++)
		ck_assert_uint_eq(seen[i], 1);
}
END_TEST

/* --- UTF-8 ------------------------------------------------------------------------------------ */

static const struct {
	const char *name, *text;
	int bad; /* -1 when valid */
} utf8_rows[] = {
    {"empty", "", -1},
    {"ASCII", "plain ascii, longer than eight bytes", -1},
    {"two bytes", "\u00e9", -1},
    {"Chinese", "溯源：产品质量追溯账本", -1},
    {"first of two", "\xc2\x80", -1},
    {"first of three", "\xe0\xa0\x80", -1},
    {"last before the surrogates", "\xed\x9f\xbf", -1},
    {"first after the surrogates", "\xee\x80\x80", -1},
    {"first of four", "\xf0\x90\x80\x80", -1},
    {"last there is", "\xf4\x8f\xbf\xbf", -1},
    {"past the last", "\xf4\x90\x80\x80", 0},
    {"first byte f5", "\xf5\x80\x80\x80", 0},
    {"overlong slash", "\xc0\xaf", 0},
    {"overlong, two", "\xc1\xbf", 0},
    {"overlong, three", "\xe0\x9f\xbf", 0},
    {"overlong, four", "\xf0\x8f\xbf\xbf", 0},
    {"high surrogate", "\xed\xa0\x80", 0},
    {"low surrogate", "\xed\xbf\xbf", 0},
    {"lone continuation", "abc\x80", 3},
    {"cut after one of two", "ab\xc3", 2},
    {"cut after two of three", "ab\xe6\xba", 2},
    {"cut after three of four", "ab\xf0\x90\x80", 2},
    {"third byte wrong", "\xe6\xba\x41", 0},
    {"fourth byte wrong", "\xf0\x90\x80\xc0", 0},
    {"late", "12345678abcdefgh\xff", 16},
    {"within eight", "1234567812345\xff 1234567812345678", 13},
    {"ff", "\xff", 0},
};

START_TEST(utf8)
{
	size_t bad = 99;
	bool ok = sy_utf8_valid(utf8_rows[_i].text, strlen(utf8_rows[_i].text), &bad);
	ck_assert_msg(ok == (utf8_rows[_i].bad < 0), "%s", utf8_rows[_i].name);
	if (!ok)
		ck_assert_msg(bad == (size_t)utf8_rows[_i].bad, "%s: at %zu", utf8_rows[_i].name,
			      bad);
	ck_assert(sy_utf8_valid(utf8_rows[_i].text, strlen(utf8_rows[_i].text), NULL) == ok);
}
END_TEST

/* Every code point written by the definition is valid, and no surrogate is. */
START_TEST(utf8_every_character)
{
	for (uint32_t c = 0; c < 0x110000; c++) {
		char p[4];
		size_t n;
		if (c < 0x80)
			n = 1, p[0] = (char)c;
		else if (c < 0x800)
			n = 2, p[0] = (char)(0xc0 | c >> 6);
		else if (c < 0x10000)
			n = 3, p[0] = (char)(0xe0 | c >> 12);
		else
			n = 4, p[0] = (char)(0xf0 | c >> 18);
		for (size_t i = 1; i < n; i++)
			p[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
		ck_assert_msg(sy_utf8_valid(p, n, NULL) == (c < 0xd800 || c > 0xdfff), "%x", c);
		ck_assert(n == 1 || !sy_utf8_valid(p, n - 1, NULL));
	}
}
END_TEST

static TCase *tcase(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);
	suite_add_tcase(s, t);
	return t;
}

Suite *suite(void)
{
	Suite *s = suite_create("bytes");
	TCase *t = tcase(s, "str");
	tcase_add_test(t, equal);
	tcase_add_test(t, compare);
	tcase_add_loop_test(t, lines, 0, ROWS(line_rows));
	tcase_add_loop_test(t, decimal, 0, ROWS(decimals));
	tcase_add_test(t, integers);
	t = tcase(s, "buf");
	tcase_add_test(t, buffer);
	tcase_add_test(t, buffer_grows_past_every_size);
	tcase_add_test(t, buffer_out_of_memory);
	tcase_add_test(t, buffer_too_large);
	t = tcase(s, "hex");
	tcase_add_test(t, hex);
	t = tcase(s, "base64");
	tcase_add_loop_test(t, base64, 0, ROWS(base64_rows));
	tcase_add_loop_test(t, base64_refused, 0, ROWS(not_base64));
	tcase_add_test(t, base64_one_spelling);
	t = tcase(s, "utf8");
	tcase_add_loop_test(t, utf8, 0, ROWS(utf8_rows));
	tcase_add_test(t, utf8_every_character);
	return s;
}
