/*
 * Decimals, times and dates.  What is read is formatted and read as the same; a JSON number is a
 * decimal or out of its range; sums of two decimals are undone by their difference.
 */
#include <suyuan/decimal.h>
#include <suyuan/error.h>
#include <suyuan/json.h>
#include <suyuan/time.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static struct sy_arena arena;

static void check_decimal(struct sy_str text, struct sy_decimal *d)
{
	static const int64_t limit = INT64_C(1000000000000000000);
	struct sy_json_doc doc;
	struct sy_decimal again;
	char formatted[SY_DECIMAL_TEXT];
	int err = sy_decimal_parse(text, d);
	bool number = sy_json_parse(&arena, text, 0, &doc, NULL) == SY_OK &&
		      sy_json_root(&doc)->type == SY_JSON_NUMBER &&
		      sy_json_root(&doc)->len == text.n;
	MUST((err != SY_EINVAL) == number);
	if (err)
		*d = (struct sy_decimal){1, 0};
	MUST(d->coef < limit && d->coef > -limit && d->scale <= 18);
	MUST(d->scale == 0 || d->coef % 10 != 0);
	sy_decimal_format(*d, formatted);
	MUST(sy_decimal_parse(sy_str(formatted), &again) == SY_OK);
	MUST(again.coef == d->coef && again.scale == d->scale);
}

static void check_sums(struct sy_decimal a, struct sy_decimal b)
{
	struct sy_decimal sum, back;
	if (sy_decimal_add(a, b, &sum) == SY_OK) {
		MUST(sy_decimal_sub(sum, b, &back) == SY_OK && sy_decimal_cmp(back, a) == 0);
		MUST(sy_decimal_cmp(sum, a) == sy_decimal_cmp(b, (struct sy_decimal){0}));
	}
	MUST(sy_decimal_cmp(a, b) == -sy_decimal_cmp(b, a));
	if (sy_decimal_sub(a, b, &back) == SY_OK)
		MUST(sy_decimal_cmp(back, (struct sy_decimal){0}) == sy_decimal_cmp(a, b));
}

static void check_time(struct sy_str text)
{
	int64_t ms, again;
	char formatted[SY_TIME_TEXT];
	if (sy_time_parse(text, &ms) != SY_OK)
		return;
	MUST(ms >= 0);
	sy_time_format((uint64_t)ms, formatted);
	MUST(strlen(formatted) == 24);
	MUST(sy_time_parse(sy_str(formatted), &again) == SY_OK && again == ms);
}

static void check_date(struct sy_str text)
{
	int32_t day, again;
	char formatted[12];
	bool strict = sy_date_parse(text, &again) == SY_OK;
	if (sy_date_read(text, &day) != SY_OK) {
		MUST(!strict);
		return;
	}
	MUST(!strict || again == day);
	sy_date_format(day, formatted);
	MUST(sy_date_parse(sy_str(formatted), &again) == SY_OK && again == day);
}

/* Two texts, parted by a LF. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_str rest = {(const char *)data, n}, one = {"", 0}, two = {"", 0};
	struct sy_decimal a, b;
	sy_str_line(&rest, &one);
	sy_str_line(&rest, &two);
	check_decimal(one, &a);
	check_decimal(two, &b);
	check_sums(a, b);
	check_time(one);
	check_date(one);
	sy_arena_reset(&arena);
	return 0;
}
