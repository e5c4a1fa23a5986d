/*
 * Numbers, times and names as people and their office programs write them, to what a record
 * carries.
 *
 * An input method leaves digits and signs in full width (１２．５), a spreadsheet groups thousands
 * and drops the seconds.  What could be read in two ways is refused, never guessed.  Texts that
 * come back live in the arena or borrow the one that was given.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include <suyuan/suyuan.h>

/* Without blanks of either width around it. */
struct sy_str value_trim(struct sy_str text);
/* Signs of full width (U+FF01 to U+FF5E) and the ideographic space in their narrow form. */
struct sy_str value_narrow(struct sy_arena *arena, struct sy_str text);
/* 1250, 1,250.50, １２．５: above zero.  A comma groups thousands from the right, or it is none:
 * 1,5 is refused. */
bool value_decimal(struct sy_arena *arena, struct sy_str text, struct sy_decimal *out);
/* Any spelling of sy_date_read, in either width. */
int value_date(struct sy_arena *arena, struct sy_str text, int32_t *day);
/*
 * RFC 3339 as given; a day, or a day with hours and minutes (2026年11月1日 8:30), at +08:00.  ZONE
 * is the offset as an event carries it.  False for what is none.
 */
bool value_time(struct sy_arena *arena, struct sy_str text, struct sy_str *time,
		struct sy_str *zone);
/* A GLN or a unified social credit code to its URI, a URI as it stands; empty for what is none. */
struct sy_str value_party(struct sy_arena *arena, struct sy_str text);
struct sy_str value_place(struct sy_arena *arena, struct sy_str text);
/* The GLN in the id of a party; empty when it has none. */
struct sy_str value_gln(struct sy_str party);
/*
 * A document's number as the URI of a business transaction (CBV 2.0, 8.5): GLN:NUMBER under that
 * GLN, a NUMBER alone under ISSUER, a GLN or empty; then it is private.  KIND is po, desadv, inv.
 * A URI stays as it is.
 */
struct sy_str value_document(struct sy_arena *arena, struct sy_str text, struct sy_str issuer,
			     const char *kind);

#endif
