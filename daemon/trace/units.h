/*
 * Units of measure that can be turned into each other exactly: codes of UN/ECE Recommendation 20,
 * a table of mass, volume, length, area and count.  What isn't in it (a box, a bag) is a unit of
 * its own.
 */
#ifndef TRACE_UNITS_H
#define TRACE_UNITS_H

#include <suyuan/decimal.h>

/* Can quantities of A and B be added up?  The same unit can, whatever it is. */
bool units_agree(const char *a, const char *b);
/* What quantities of A and others that agree with it are best told in: A, unless its own are no
 * tenths or tens of the others (pounds, dozens); then the kilogram, the litre, the metre, ... */
const char *units_common(const char *a);
/* SY_OK; SY_EINVAL when they don't agree; SY_ERANGE when it has too many digits. */
int units_turn(struct sy_decimal n, const char *from, const char *to, struct sy_decimal *out);

#endif
