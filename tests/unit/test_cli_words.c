/* The catalogue of what the program says: both languages take the same arguments. */
#include "words.h"

#include <string.h>

#include "run.h" /* last: Check makes a macro of fail */

/* The conversions of a format in their order, "%s%llu". */
static const char *conversions(const char *format, char *out, size_t size)
{
	size_t n = 0;
	for (const char *p = format; *p; p++) {
		if (*p != '%')
			continue;
		if (p[1] == '%') {
			p++;
			continue;
		}
		do {
			ck_assert_uint_lt(n + 2, size);
			out[n++] = *p++;
		} while (*p && strchr("0123456789.*hlzjt-+ #", *p));
		ck_assert_msg(*p && strchr("diouxXcsp", *p), "%s: a conversion that isn't known",
			      format);
		out[n++] = *p;
	}
	out[n] = '\0';
	return out;
}

START_TEST(test_formats)
{
	char english[256], chinese[256];
	for (size_t i = 0; i < n_catalogue; i++) {
		const struct words *w = &catalogue[i];
		ck_assert_str_eq(conversions(w->english, english, sizeof english),
				 conversions(w->chinese, chinese, sizeof chinese));
		ck_assert_msg(sy_utf8_valid(w->chinese, strlen(w->chinese), NULL), "%s",
			      w->english);
		ck_assert_msg(strcmp(w->english, w->chinese) != 0, "%s", w->english);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(w->english, catalogue[k].english);
	}
}
END_TEST

START_TEST(test_language)
{
	struct fail f = {0}, again = {0};
	ck_assert_str_eq(words("refused"), "refused");
	words_language(LANG_ZH);
	ck_assert_str_eq(words("refused"), "拒绝");
	ck_assert_str_eq(words("what nobody translated"), "what nobody translated");
	ck_assert_int_eq((fail)(&f, RC_FAIL, "%s: cannot be written", "x"), RC_FAIL);
	ck_assert_str_eq(f.text, "x：无法写入");
	(fail)(&again, RC_FAIL, "%s: what nobody translated", "x");
	ck_assert_str_eq(again.text, "x: what nobody translated");
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_words");
	TCase *t = tcase_create("words");

	tcase_add_test(t, test_formats);
	tcase_add_test(t, test_language);
	suite_add_tcase(s, t);
	return s;
}
