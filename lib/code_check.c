/* Check digits and the few codes that are nothing but digits. */
#include "code_impl.h"

char sy_gs1_check_digit(struct sy_str digits)
{
	unsigned sum = 0;
	for (size_t i = 0; i < digits.n; i++)
		sum += (unsigned)(digits.p[digits.n - 1 - i] - '0') * (i % 2 == 0 ? 3 : 1);
	return (char)('0' + (10 - sum % 10) % 10);
}

bool sy_text_digits(struct sy_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n > 0;
}

static int digits_check(struct sy_str text)
{
	struct sy_str body = {text.p, text.n - 1};
	return sy_gs1_check_digit(body) == text.p[text.n - 1] ? SY_OK : SY_ECHECK;
}

bool sy_text_zeros(struct sy_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '0')
			return false;
	return true;
}

int sy_gtin_parse(struct sy_str text, char out[15])
{
	bool length = text.n == 8 || (text.n >= 12 && text.n <= 14);
	if (!length || !sy_text_digits(text) || sy_text_zeros(text))
		return SY_EINVAL;
	memset(out, '0', 14);
	memcpy(out + 14 - text.n, text.p, text.n);
	out[14] = '\0';
	return digits_check(text);
}

int sy_gln_parse(struct sy_str text)
{
	if (text.n != 13 || !sy_text_digits(text) || sy_text_zeros(text))
		return SY_EINVAL;
	return digits_check(text);
}

/* GB 32100: 31 characters, weights 3^(i-1) mod 31. */
int sy_uscc_check(struct sy_str text)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	unsigned sum = 0, weight = 1;
	if (text.n != 18)
		return SY_EINVAL;
	for (size_t i = 0; i < text.n; i++) {
		const char *at = memchr(alphabet, text.p[i], sizeof(alphabet) - 1);
		if (at == NULL)
			return SY_EINVAL;
		unsigned value = (unsigned)(at - alphabet);
		if (i == 17)
			return value == (31 - sum % 31) % 31 ? SY_OK : SY_ECHECK;
		sum += value * weight;
		weight = weight * 3 % 31;
	}
	return SY_EINVAL;
}
