/*
 * Exact decimals: quantities are never floating point.
 *
 * value = coef * 10^-scale with |coef| < 10^18 and 0 <= scale <= 18, trailing zeros of the
 * fraction removed.  What doesn't fit is SY_ERANGE, never rounded.
 */
#ifndef SUYUAN_DECIMAL_H
#define SUYUAN_DECIMAL_H

#include "bytes.h"

struct sy_decimal {
	int64_t coef;
	uint8_t scale;
};

#define SY_DECIMAL_TEXT 24 /* room for any formatted decimal with its terminator */

/* JSON's number syntax, exponent included; SY_EINVAL, SY_ERANGE. */
int sy_decimal_parse(struct sy_str text, struct sy_decimal *out);
void sy_decimal_format(struct sy_decimal d, char out[SY_DECIMAL_TEXT]);
int sy_decimal_add(struct sy_decimal a, struct sy_decimal b, struct sy_decimal *out);
int sy_decimal_sub(struct sy_decimal a, struct sy_decimal b, struct sy_decimal *out);
int sy_decimal_mul(struct sy_decimal a, struct sy_decimal b, struct sy_decimal *out);
int sy_decimal_cmp(struct sy_decimal a, struct sy_decimal b); /* -1, 0, 1 */

#endif
