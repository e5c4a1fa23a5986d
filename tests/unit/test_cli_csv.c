#include "run.h"

#include <stdlib.h>

#include "csv.h"
#include "faults.h"

struct text {
	const char *p;
	size_t n, step; /* bytes a read */
};

static long read_text(void *ctx, char *p, size_t n)
{
	struct text *t = ctx;

	n = n < t->n ? n : t->n;
	n = t->step > 0 && n > t->step ? t->step : n;
	memcpy(p, t->p, n);
	t->p += n;
	t->n -= n;
	return (long)n;
}

/* Rows as "a|b|c\n"; a bad one as "!line:column why\n"; the error that ended it in brackets. */
static void read_all(const char *csv, size_t n, size_t step, struct sy_buf *out)
{
	struct text t = {csv, n, step};
	struct csv_row row;
	struct csv c;
	int err;

	csv_init(&c, read_text, &t);
	while ((err = csv_next(&c, &row)) == SY_OK || err == SY_EINVAL || err == SY_EUTF8) {
		if (err != SY_OK) {
			sy_buf_printf(out, "!%d:%zu %s\n", (int)row.line, row.column, row.why);
			continue;
		}
		for (size_t i = 0; i < row.n; i++) {
			if (i > 0)
				sy_buf_byte(out, '|');
			sy_buf_str(out, row.field[i]);
		}
		sy_buf_byte(out, '\n');
	}
	if (err != SY_ENOTFOUND)
		sy_buf_printf(out, "[%d:%zu %s]", (int)row.bad_line, row.bad_byte, row.why);
	csv_free(&c);
}

static const struct {
	const char *name, *csv, *rows;
} cases[] = {
    {"empty", "", ""},
    {"one row without its end", "a,b", "a|b\n"},
    {"LF", "a,b\nc,d\n", "a|b\nc|d\n"},
    {"CRLF", "a,b\r\nc,d\r\n", "a|b\nc|d\n"},
    {"empty fields", ",\n,,x\n", "|\n||x\n"},
    {"empty lines are passed", "a\n\n\r\nb\n\n", "a\nb\n"},
    {"quotes", "\"a,1\",\"say \"\"hi\"\"\",\"\"\n", "a,1|say \"hi\"|\n"},
    {"line break in quotes", "\"a\nb\",c\nd,e\n", "a\nb|c\nd|e\n"},
    {"Chinese", "批号,数量\nA1,5\n", "批号|数量\nA1|5\n"},
    {"quote inside", "a,b\"c\nd,e\n",
     "!1:2 a quote inside a field that doesn't begin with one\nd|e\n"},
    {"text behind a quote", "\"a\"b,c\nd,e\n", "!1:1 text behind a closing quote\nd|e\n"},
    {"never closed, what follows is sound", "\"a,b\nc,d\n",
     "!1:1 a quote that is never closed\nc|d\n"},
    {"line numbers behind breaks", "\"a\nb\"\nx\"y\n",
     "a\nb\n!3:1 a quote inside a field that doesn't begin with one\n"},
    {"not UTF-8", "a\n\"x\ny\xb9\",1\nb\n", "a\n!2:0 not UTF-8\nb\n"},
    {"semicolons", "a;b\n\"1;2\";3,5\n", "a|b\n1;2|3,5\n"},
    {"tabs", "a\tb\tc,d\n1\t\t\"2\t\"\n", "a|b|c,d\n1||2\t\n"},
    {"as many of one as of the other", "a,b;c\nd,e\n", "a|b;c\nd|e\n"},
    {"separators in a quoted heading", "\"a;;b\";\"c,,d\"\nx;y\n", "a;;b|c,,d\nx|y\n"},
    {"empty lines before the heading", "\n\r\na;b\nx;y\n", "a|b\nx|y\n"},
    {"a heading of one column", "a\nb,c\n", "a\nb|c\n"},
};

START_TEST(rows)
{
	/* whole, and a byte at a time: the same */
	for (size_t step = 0; step < 4; step++) {
		struct sy_buf out = {0};
		read_all(cases[_i].csv, strlen(cases[_i].csv), step, &out);
		ck_assert_msg(strcmp(sy_buf_cstr(&out), cases[_i].rows) == 0, "%s, step %zu: %s",
			      cases[_i].name, step, sy_buf_cstr(&out));
		sy_buf_free(&out);
	}
}
END_TEST

/* After many quotes that are never closed a field ends with its line: still a fault, never read
 * as something else. */
START_TEST(unclosed)
{
	const int far = CSV_ROW_MAX + 200000; /* empty lines, which are passed */
	struct sy_buf csv = {0}, got = {0}, want = {0};

	for (int i = 1; i <= CSV_UNCLOSED_MAX; i++) {
		sy_buf_text(&csv, "\"x\",\",\n");
		sy_buf_printf(&want, "!%d:2 a quote that is never closed\n", i);
	}
	for (int i = 0; i < far; i++)
		sy_buf_byte(&csv, '\n');
	sy_buf_text(&csv, "a,b\n\"c\nd\",e\n\"f,g\",h\n");
	sy_buf_printf(&want, "a|b\n!%d:1 a quote that is never closed\n",
		      CSV_UNCLOSED_MAX + far + 2);
	sy_buf_printf(&want, "!%d:1 a quote inside a field that doesn't begin with one\n",
		      CSV_UNCLOSED_MAX + far + 3);
	sy_buf_text(&want, "f,g|h\n");
	read_all(csv.p, csv.n, 0, &got);
	ck_assert_str_eq(sy_buf_cstr(&got), sy_buf_cstr(&want));
	sy_buf_free(&csv);
	sy_buf_free(&got);
	sy_buf_free(&want);
}
END_TEST

START_TEST(limits)
{
	size_t n = CSV_ROW_MAX + 200000;
	char *text = malloc(n);
	struct sy_buf out = {0};

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', n);
	read_all(text, n, 0, &out);
	ck_assert_ptr_nonnull(strstr(sy_buf_cstr(&out), "more than 1 MiB"));
	sy_buf_reset(&out);
	memset(text, ',', 300);
	read_all(text, 300, 0, &out);
	ck_assert_str_eq(sy_buf_cstr(&out), "!1:256 more than 256 fields\n");
	sy_buf_reset(&out);
	/* an open quote over more than the limit: one bad line, and on */
	memset(text, 'x', n);
	memcpy(text, "\"a\nb\n", 5);
	read_all(text, n, 0, &out);
	ck_assert_ptr_nonnull(strstr(sy_buf_cstr(&out), "!1:1 a quote that is never closed\nb\n"));
	sy_buf_free(&out);
	free(text);
}
END_TEST

static void put(const char *field, char separator, const char *expected)
{
	struct sy_buf b = {0};

	csv_put(&b, sy_str(field), separator);
	ck_assert_str_eq(sy_buf_cstr(&b), expected);
	sy_buf_free(&b);
}

START_TEST(written)
{
	put("plain 批号", ',', "plain 批号");
	put("", ',', "");
	put("a,b", ',', "\"a,b\"");
	put("say \"hi\"", ',', "\"say \"\"hi\"\"\"");
	put("a,b", ';', "a,b");
	put("a;b", ';', "\"a;b\"");
	put("two\nlines", ',', "\"two\nlines\"");
}
END_TEST

START_TEST(memory)
{
	static const char csv[] = "a,b\n\"c\"\"d\",e\n";
	unsigned n = 0;

	do {
		struct text t = {csv, sizeof csv - 1, 0};
		struct csv_row row;
		struct csv c;
		int err;

		fail_alloc_at(++n);
		csv_init(&c, read_text, &t);
		while ((err = csv_next(&c, &row)) == SY_OK)
			;
		bool failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_ENOTFOUND);
		csv_free(&c);
		if (!failed)
			break;
	} while (n < 100);
	ck_assert_uint_gt(n, 1);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_csv");
	TCase *t = tcase_create("rows");

	tcase_add_loop_test(t, rows, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(t, limits);
	tcase_add_test(t, unclosed);
	suite_add_tcase(s, t);
	t = tcase_create("written");
	tcase_add_test(t, written);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	return s;
}
