/*
 * North American coupons: (8110), GS1 US "North American Coupon Application Guideline", and (8112),
 * the positive offer file's "GS1 AI (8112) Coupon Data Specification".  Nothing but digits, in
 * fields whose lengths other digits give.
 */
#include "code_impl.h"

struct coupon_field {
	const char *name;
	char option;       /* the digit that opens an optional group, 0 for what must be there */
	const char *first; /* values of its first digit, NULL for any */
	uint8_t plus;      /* WITHOUT_LENGTH, or: the first digit and this are its length */
	uint8_t digits;    /* that follow where no length is given */
};
#define WITHOUT_LENGTH 99
#define GIVEN(name, option, first, plus)     \
	{                                    \
		name, option, first, plus, 0 \
	}
#define DIGITS(name, option, first, n)                 \
	{                                              \
		name, option, first, WITHOUT_LENGTH, n \
	}
#define PREFIX_LENGTHS "0123456"
#define REQUIREMENTS "012349"
/* A length of 9 says that there is no further company prefix. */
#define PREFIX_OR_NONE "01234569"

static const struct coupon_field coupon[] = {
    GIVEN("company prefix", 0, PREFIX_LENGTHS, 6),
    DIGITS("offer code", 0, NULL, 6),
    GIVEN("save value", 0, "12345", 0),
    GIVEN("first purchase requirement", 0, "12345", 0),
    DIGITS("first purchase requirement code", 0, REQUIREMENTS, 1),
    DIGITS("first purchase family code", 0, NULL, 3),
    DIGITS("additional purchase rules code", '1', "0123", 1),
    GIVEN("second purchase requirement", '1', "12345", 0),
    DIGITS("second purchase requirement code", '1', REQUIREMENTS, 1),
    DIGITS("second purchase family code", '1', NULL, 3),
    GIVEN("second purchase company prefix", '1', PREFIX_OR_NONE, 6),
    GIVEN("third purchase requirement", '2', "12345", 0),
    DIGITS("third purchase requirement code", '2', REQUIREMENTS, 1),
    DIGITS("third purchase family code", '2', NULL, 3),
    GIVEN("third purchase company prefix", '2', PREFIX_OR_NONE, 6),
    DIGITS("expiry date", '3', NULL, 6),
    DIGITS("start date", '4', NULL, 6),
    GIVEN("serial number", '5', NULL, 6),
    GIVEN("retailer's company prefix or GLN", '6', "1234567", 6),
    DIGITS("save value code", '9', "01256", 1),
    DIGITS("item that the save value is for", '9', "012", 1),
    DIGITS("store coupon flag", '9', NULL, 1),
    DIGITS("don't multiply flag", '9', "01", 1),
};

static const struct coupon_field coupon_offer[] = {
    DIGITS("format code", 0, "01", 1),
    GIVEN("funder", 0, PREFIX_LENGTHS, 6),
    DIGITS("offer code", 0, NULL, 6),
    GIVEN("serial number", 0, NULL, 6),
};

static bool misfits(struct misfit *why, size_t at, size_t n, const char *name)
{
	why->at = at;
	why->n = n;
	strncpy(why->more, name, sizeof why->more - 1);
	why->more[sizeof why->more - 1] = '\0';
	return false;
}

/* Length of the field that begins at AT, with its own length digit; 0 when its first digit is none
 * of those it may have. */
static size_t field_length(const struct coupon_field *f, struct sy_str s, size_t at)
{
	if (at == s.n || (f->first != NULL && strchr(f->first, s.p[at]) == NULL))
		return 0;
	if (f->plus == WITHOUT_LENGTH)
		return f->digits;
	if (f->first != NULL && strcmp(f->first, PREFIX_OR_NONE) == 0 && s.p[at] == '9')
		return 1;
	return 1 + f->plus + (size_t)(s.p[at] - '0');
}

static bool walk(const struct coupon_field *fields, size_t n, struct sy_str s, struct misfit *why)
{
	size_t at = 0;
	char open = 0; /* the optional group that is being read */
	const char *expiry = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct coupon_field *f = &fields[i];
		char date[11];
		if (f->option != open) {
			if (f->option == 0 || at == s.n || s.p[at] != f->option)
				continue;
			open = f->option;
			at++;
		}
		size_t length = field_length(f, s, at);
		if (length == 0 || length > s.n - at)
			return misfits(why, at < s.n ? at : s.n - 1, 1, f->name);
		if ((f->option == '3' || f->option == '4') &&
		    !sy_ai_date((struct sy_str){s.p + at, 6}, false, date))
			return misfits(why, at, 6, f->name);
		if (f->option == '4' && expiry != NULL && memcmp(expiry, s.p + at, 6) < 0)
			return misfits(why, at, 6, "start date before its expiry");
		expiry = f->option == '3' ? s.p + at : expiry;
		at += length;
	}
	return at == s.n || misfits(why, at, s.n - at, "nothing more");
}

bool sy_check_coupon(struct sy_str part, struct misfit *why)
{
	if (!sy_text_digits(part))
		return misfits(why, 0, part.n, "digits");
	return walk(coupon, sizeof coupon / sizeof coupon[0], part, why);
}

bool sy_check_coupon_offer(struct sy_str part, struct misfit *why)
{
	if (!sy_text_digits(part))
		return misfits(why, 0, part.n, "digits");
	return walk(coupon_offer, sizeof coupon_offer / sizeof coupon_offer[0], part, why);
}
