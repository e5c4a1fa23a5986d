#include "units.h"

#include <suyuan/error.h>

enum measure { MASS, VOLUME, LENGTH, AREA, COUNT };

/* SIZE in the measure's own unit, which comes first. */
static const struct unit {
	char code[4];
	enum measure measure;
	struct sy_decimal size;
} units[] = {
    {"KGM", MASS, {1, 0}},        {"GRM", MASS, {1, 3}},
    {"MGM", MASS, {1, 6}},        {"MC", MASS, {1, 9}},
    {"HGM", MASS, {1, 1}},        {"DTN", MASS, {100, 0}},
    {"TNE", MASS, {1000, 0}},     {"KTN", MASS, {1000000, 0}},
    {"LBR", MASS, {45359237, 8}}, {"ONZ", MASS, {28349523125, 12}},
    {"LTR", VOLUME, {1, 0}},      {"MLT", VOLUME, {1, 3}},
    {"CLT", VOLUME, {1, 2}},      {"DLT", VOLUME, {1, 1}},
    {"HLT", VOLUME, {100, 0}},    {"MTQ", VOLUME, {1000, 0}},
    {"DMQ", VOLUME, {1, 0}},      {"CMQ", VOLUME, {1, 3}},
    {"4G", VOLUME, {1, 6}},       {"MTR", LENGTH, {1, 0}},
    {"DMT", LENGTH, {1, 1}},      {"CMT", LENGTH, {1, 2}},
    {"MMT", LENGTH, {1, 3}},      {"KMT", LENGTH, {1000, 0}},
    {"MTK", AREA, {1, 0}},        {"CMK", AREA, {1, 4}},
    {"MMK", AREA, {1, 6}},        {"HAR", AREA, {10000, 0}},
    {"H87", COUNT, {1, 0}},       {"EA", COUNT, {1, 0}},
    {"C62", COUNT, {1, 0}},       {"DZN", COUNT, {12, 0}},
    {"CEN", COUNT, {100, 0}},     {"MIL", COUNT, {1000, 0}},
};
enum { UNITS = sizeof units / sizeof *units };

static const struct unit *unit_of(const char *code)
{
	for (size_t i = 0; i < UNITS; i++)
		if (strcmp(units[i].code, code) == 0)
			return &units[i];
	return NULL;
}

bool units_agree(const char *a, const char *b)
{
	const struct unit *x = unit_of(a), *y = unit_of(b);

	return strcmp(a, b) == 0 || (x && y && x->measure == y->measure);
}

/* The exponent of a power of ten, or 100. */
static int power(const struct unit *u)
{
	int n = -(int)u->size.scale;
	int64_t coef = u->size.coef;

	for (; coef % 10 == 0; coef /= 10)
		n++;
	return coef == 1 ? n : 100;
}

const char *units_common(const char *a)
{
	const struct unit *u = unit_of(a);

	if (u == NULL || power(u) != 100)
		return a;
	for (size_t i = 0;; i++)
		if (units[i].measure == u->measure)
			return units[i].code;
}

int units_turn(struct sy_decimal n, const char *from, const char *to, struct sy_decimal *out)
{
	const struct unit *x = unit_of(from), *y = unit_of(to);
	struct sy_decimal ten = {10, 0}, tenth = {1, 1};
	int err = SY_OK;

	*out = n;
	if (strcmp(from, to) == 0)
		return SY_OK;
	if (x == NULL || y == NULL || x->measure != y->measure || power(y) == 100)
		return SY_EINVAL;
	err = sy_decimal_mul(n, x->size, out);
	for (int p = power(y); p > 0 && err == SY_OK; p--)
		err = sy_decimal_mul(*out, tenth, out);
	for (int p = power(y); p < 0 && err == SY_OK; p++)
		err = sy_decimal_mul(*out, ten, out);
	return err;
}
