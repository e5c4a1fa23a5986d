#include <suyuan/decimal.h>
#include <suyuan/error.h>

#define DIGITS 18
#define EXPONENT_MAX INT64_C(1000000000000) /* further away nothing but 0 has a value */

__extension__ typedef __int128 wide;

static const int64_t ten_to[DIGITS + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

/* Digits as they are read, from the first that isn't 0 to the last that isn't. */
struct digits {
	int64_t coef;
	int n;            /* how many are in coef */
	int64_t zeros;    /* zeros seen since */
	int64_t fraction; /* digits seen after the point */
	bool many;        /* more than fit */
};

static void take_digit(struct digits *d, int digit, bool fraction)
{
	d->fraction += fraction;
	if (digit == 0) {
		d->zeros += d->n > 0;
		return;
	}
	if (d->n + d->zeros >= DIGITS) {
		d->many = true;
		return;
	}
	d->coef = d->coef * ten_to[d->zeros] * 10 + digit;
	d->n += (int)d->zeros + 1;
	d->zeros = 0;
}

static bool take_digits(struct sy_str *s, struct digits *d, bool fraction)
{
	size_t n = s->n;
	while (s->n > 0 && *s->p >= '0' && *s->p <= '9') {
		take_digit(d, *s->p - '0', fraction);
		s->p++;
		s->n--;
	}
	return s->n < n;
}

static bool take(struct sy_str *s, const char *any)
{
	if (s->n == 0 || *s->p == '\0' || strchr(any, *s->p) == NULL)
		return false;
	s->p++;
	s->n--;
	return true;
}

static bool take_exponent(struct sy_str *s, int64_t *exponent)
{
	bool negative = s->n > 0 && *s->p == '-', some = false;
	int64_t e = 0;
	take(s, "+-");
	for (; s->n > 0 && *s->p >= '0' && *s->p <= '9'; s->p++, s->n--, some = true)
		if (e < EXPONENT_MAX)
			e = e * 10 + (*s->p - '0');
	*exponent = negative ? -e : e;
	return some;
}

int sy_decimal_parse(struct sy_str text, struct sy_decimal *out)
{
	struct sy_str s = text;
	struct digits d = {0};
	int64_t exponent = 0;
	bool negative = take(&s, "-");
	if (!take(&s, "0") && !take_digits(&s, &d, false))
		return SY_EINVAL;
	if (take(&s, ".") && !take_digits(&s, &d, true))
		return SY_EINVAL;
	if (take(&s, "eE") && !take_exponent(&s, &exponent))
		return SY_EINVAL;
	if (s.n > 0)
		return SY_EINVAL;
	*out = (struct sy_decimal){0};
	if (d.n == 0)
		return SY_OK;
	/* value = coef * 10^shift, and coef ends in no zero */
	int64_t shift = exponent + d.zeros - d.fraction;
	if (d.many || shift < -DIGITS || shift > DIGITS - d.n)
		return SY_ERANGE;
	if (shift > 0)
		d.coef *= ten_to[shift];
	else
		out->scale = (uint8_t)-shift;
	out->coef = negative ? -d.coef : d.coef;
	return SY_OK;
}

void sy_decimal_format(struct sy_decimal d, char out[SY_DECIMAL_TEXT])
{
	char text[SY_DECIMAL_TEXT], *end = text + sizeof text, *p = end;
	int64_t coef = d.coef < 0 ? -d.coef : d.coef;
	*--p = '\0';
	for (int i = 0; i <= d.scale || coef > 0; i++, coef /= 10) {
		if (i > 0 && i == d.scale)
			*--p = '.';
		*--p = (char)('0' + coef % 10);
	}
	if (d.coef < 0)
		*--p = '-';
	memcpy(out, p, (size_t)(end - p));
}

/* COEF of A at the scale that both share; below 10^36, so that two of them fit. */
static wide at_scale(struct sy_decimal a, uint8_t scale)
{
	return (wide)a.coef * ten_to[scale - a.scale];
}

static int sum(wide a, wide b, uint8_t scale, struct sy_decimal *out)
{
	wide coef = a + b;
	for (; scale > 0 && coef % 10 == 0; scale--)
		coef /= 10;
	if (coef >= ten_to[DIGITS] || coef <= -ten_to[DIGITS])
		return SY_ERANGE;
	*out = (struct sy_decimal){(int64_t)coef, scale};
	return SY_OK;
}

static uint8_t common_scale(struct sy_decimal a, struct sy_decimal b)
{
	return a.scale > b.scale ? a.scale : b.scale;
}

int sy_decimal_add(struct sy_decimal a, struct sy_decimal b, struct sy_decimal *out)
{
	uint8_t scale = common_scale(a, b);
	return sum(at_scale(a, scale), at_scale(b, scale), scale, out);
}

int sy_decimal_sub(struct sy_decimal a, struct sy_decimal b, struct sy_decimal *out)
{
	uint8_t scale = common_scale(a, b);
	return sum(at_scale(a, scale), -at_scale(b, scale), scale, out);
}

int sy_decimal_mul(struct sy_decimal a, struct sy_decimal b, struct sy_decimal *out)
{
	wide coef = (wide)a.coef * b.coef;
	unsigned scale = (unsigned)a.scale + b.scale;
	for (; scale > 0 && coef % 10 == 0; scale--)
		coef /= 10;
	if (scale > DIGITS)
		return SY_ERANGE;
	return sum(coef, 0, (uint8_t)scale, out);
}

int sy_decimal_cmp(struct sy_decimal a, struct sy_decimal b)
{
	uint8_t scale = common_scale(a, b);
	wide x = at_scale(a, scale), y = at_scale(b, scale);
	return (x > y) - (x < y);
}
