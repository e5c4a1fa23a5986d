/* Files in several encodings, read as UTF-8 and written back. */
#include "faults.h"
#include "fuzz/memory_file.h"
#include "stream.h"

#include "run.h" /* last: Check makes a macro of fail */

struct file {
	int fd;
	char path[32];
};

static struct stream *open_bytes(struct file *f, const void *data, size_t n, enum encoding e)
{
	struct stream *s = NULL;
	struct fail why = {0};

	f->fd = memory_file(data, n, f->path);
	ck_assert_msg(stream_open(f->path, e, &s, &why) == RC_DONE, "%s", why.text);
	return s;
}

/* All of it, STEP bytes a read. */
static void read_all(struct stream *s, size_t step, struct sy_buf *out)
{
	char block[256];
	long n;

	while ((n = stream_read(s, block, step)) > 0)
		sy_buf_put(out, block, (size_t)n);
	ck_assert_int_eq(n, 0);
	ck_assert_ptr_nonnull(sy_buf_cstr(out));
}

#define ZH "批号,数量\n甲1,5\n"
#define GB                                            \
	"\xc5\xfa\xba\xc5,\xca\xfd\xc1\xbf\n\xbc\xd7" \
	"1,5\n"
#define LE "yb\xf7S\n\0"
#define BE "byS\xf7\0\n"

static const struct {
	const char *name, *bytes;
	size_t n;
	enum encoding asked;
	const char *text, *encoding;
} files[] = {
#define BYTES(b) b, sizeof(b) - 1
    {"empty", BYTES(""), ENC_GUESS, "", "UTF-8"},
    {"ASCII", BYTES("a,b\n"), ENC_GUESS, "a,b\n", "UTF-8"},
    {"UTF-8", BYTES(ZH), ENC_GUESS, ZH, "UTF-8"},
    {"its mark", BYTES("\xef\xbb\xbf" ZH), ENC_GUESS, ZH, "UTF-8"},
    {"a mark alone", BYTES("\xef\xbb\xbf"), ENC_GUESS, "", "UTF-8"},
    {"GB18030", BYTES(GB), ENC_GUESS, ZH, "GB18030"},
    {"GB18030 behind ASCII", BYTES("lot,quantity\n" GB), ENC_GUESS, "lot,quantity\n" ZH, "GB18030"},
    {"four bytes a character", BYTES("\xc5\xfa\x81\x39\xee\x39\n"), ENC_GUESS, "批㐀\n", "GB18030"},
    {"UTF-16, little end first", BYTES("\xff\xfe" LE), ENC_GUESS, "批号\n", "UTF-16"},
    {"UTF-16, big end first", BYTES("\xfe\xff" BE), ENC_GUESS, "批号\n", "UTF-16"},
    {"UTF-16 without a mark, as asked", BYTES(LE), ENC_UTF16LE, "批号\n", "UTF-16"},
    {"UTF-16 asked for, its mark decides", BYTES("\xfe\xff" BE), ENC_UTF16LE, "批号\n", "UTF-16"},
    {"half a character",
     BYTES("\xff\xfe"
	   "y\0b"),
     ENC_GUESS, "y\xff", "UTF-16"},
    {"as asked", BYTES(GB), ENC_GB18030, ZH, "GB18030"},
    {"asked for what it isn't", BYTES("a\xc5\xfa"), ENC_UTF8, "a\xc5\xfa", "UTF-8"},
    {"a byte that is no UTF-8", BYTES(ZH "批\xc5\n"), ENC_GUESS, ZH "批\xc5\n", "UTF-8"},
    {"neither", BYTES("caf\xe9,x\n"), ENC_GUESS, "caf\xe9,x\n", "UTF-8"},
    {"a byte that is no GB18030", BYTES(GB "\xff\xff" GB), ENC_GB18030, ZH "\xff\xff" ZH,
     "GB18030"},
    {"cut GB18030", BYTES(GB "\xc5"), ENC_GUESS, ZH "\xff", "GB18030"},
};

START_TEST(bytes)
{
	for (size_t step = 4; step <= 256; step += 84) {
		struct file f;
		struct sy_buf text = {0};
		struct stream *s = open_bytes(&f, files[_i].bytes, files[_i].n, files[_i].asked);
		struct sy_str head = stream_peek(s);
		ck_assert(sy_str_eq(head, sy_str(files[_i].text)));
		read_all(s, step, &text);
		ck_assert_msg(sy_str_is(sy_buf_span(&text), files[_i].text), "%s: %s",
			      files[_i].name, text.p);
		ck_assert_str_eq(stream_encoding(s), files[_i].encoding);
		ck_assert(stream_is(s, "/etc/passwd") == false);
		sy_buf_free(&text);
		stream_close(s);
		close(f.fd);
	}
}
END_TEST

/* What it is shows far behind the beginning, and across the ends of blocks. */
START_TEST(late)
{
	struct sy_buf in = {0}, text = {0};
	struct file f;

	for (int i = 0; i < 60000; i++)
		sy_buf_text(&in, "A1,5\n");
	sy_buf_byte(&in, 'x');
	for (int i = 0; i < 40000; i++)
		sy_buf_text(&in, "\xc5\xfa");
	struct stream *s = open_bytes(&f, in.p, in.n, ENC_GUESS);
	ck_assert_str_eq(stream_encoding(s), "UTF-8");
	read_all(s, 250, &text);
	ck_assert_str_eq(stream_encoding(s), "GB18030");
	ck_assert_uint_eq(text.n, 300001 + 3 * 40000);
	ck_assert_ptr_nonnull(memmem(text.p, text.n, "\nx批批", 8));
	ck_assert(memchr(text.p, '\xff', text.n) == NULL);
	sy_buf_free(&in);
	sy_buf_free(&text);
	stream_close(s);
	close(f.fd);
}
END_TEST

/* A text goes back into the file's own bytes, mark and all. */
START_TEST(encode)
{
	struct file f;
	struct sy_buf text = {0}, back = {0};
	struct stream *s = open_bytes(&f, files[_i].bytes, files[_i].n, files[_i].asked);

	read_all(s, 64, &text);
	stream_encode(s, sy_buf_span(&text), true, &back);
	bool lossy = text.n > 0 && memchr(text.p, '\xff', text.n) != NULL;
	ck_assert_msg(lossy || (back.n == files[_i].n &&
				(back.n == 0 || memcmp(back.p, files[_i].bytes, back.n) == 0)),
		      "%s: %zu bytes", files[_i].name, back.n);
	sy_buf_free(&text);
	sy_buf_free(&back);
	stream_close(s);
	close(f.fd);
}
END_TEST

START_TEST(names)
{
	ck_assert_int_eq(encoding_find("UTF-8"), ENC_UTF8);
	ck_assert_int_eq(encoding_find("utf16"), ENC_UTF16LE);
	ck_assert_int_eq(encoding_find("GB2312"), ENC_GB18030);
	ck_assert_int_eq(encoding_find("gbk"), ENC_GB18030);
	ck_assert_int_eq(encoding_find("big5"), ENC_GUESS);
	ck_assert_int_eq(encoding_find(""), ENC_GUESS);
}
END_TEST

START_TEST(absent)
{
	struct stream *s = NULL;
	struct fail why = {0};

	ck_assert_int_eq(stream_open("/no/such/file", ENC_GUESS, &s, &why), RC_FAIL);
	ck_assert_ptr_nonnull(strstr(why.text, "/no/such/file"));
	memset(&why, 0, sizeof why);
	ck_assert_int_eq(stream_open("/", ENC_GUESS, &s, &why), RC_FAIL);
	ck_assert_ptr_nonnull(strstr(why.text, "cannot be read"));
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(memory)
{
	unsigned n = 0;
	bool failed;

	do {
		struct stream *s = NULL;
		struct fail why = {0};
		char path[32], block[64];
		int fd = memory_file(GB, sizeof GB - 1, path);
		fail_alloc_at(++n);
		int rc = stream_open(path, ENC_GUESS, &s, &why);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(rc, s != NULL ? RC_DONE : RC_FAIL);
		/* without memory to judge it in, it stays what it was taken for */
		if (s != NULL && !failed)
			ck_assert_int_eq(stream_read(s, block, sizeof block), sizeof ZH - 1);
		stream_close(s);
		close(fd);
	} while (failed && n < 200);
	ck_assert_uint_gt(n, 3);
	ck_assert(!failed);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_stream");
	TCase *t = tcase_create("read");

	tcase_add_loop_test(t, bytes, 0, sizeof files / sizeof files[0]);
	tcase_add_test(t, late);
	tcase_add_test(t, absent);
	suite_add_tcase(s, t);
	t = tcase_create("encode");
	tcase_add_loop_test(t, encode, 0, sizeof files / sizeof files[0]);
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	return s;
}
