/*
 * What a CSV calls the fields of a batch (FIELDS.md), in English and Chinese, and units.
 *
 * One row a field: its headings, the option of `batch register`, where it ends up in the event,
 * and which categories ask for it.  Headings match without case and spaces.
 */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include <suyuan/suyuan.h>

enum field {
	F_PRODUCT,
	F_LOT,
	F_SERIAL,
	F_TRACE,
	F_QUANTITY,
	F_UNIT,
	F_MADE,
	F_HARVESTED,
	F_EXPIRES,
	F_BEST_BEFORE,
	F_ORIGIN,
	F_COUNTRY,
	F_PLACE,
	F_INSPECTION,
	F_RESULT,
	F_KIND,
	F_STANDARD,
	F_LABORATORY,
	F_INSPECTED,
	F_REPORT,
	F_PLEDGE,
	F_BASIS,
	F_INPUTS,
	F_STOP_DATES,
	F_INPUT_LOTS,
	F_PACK_RATIO,
	F_AT,
	F_EVENT_ID,
	F_REASON, /* of a rejects file that was mended: read and forgotten */
	F_COUNT
};

/* Categories of DOMAIN.md as bits. */
enum { CAT_AGRI = 1, CAT_FOOD = 2, CAT_DRUG = 4, CAT_INDUSTRIAL = 8, CAT_OTHER = 16 };
#define CAT_ALL 31

struct column {
	enum field field;
	const char *en, *zh; /* heading of a template: the first; further ones behind '|' */
	const char *pointer; /* where it is in the event, for faults that the ledger names */
	unsigned categories; /* whose template shows it */
	const char *what;    /* what belongs there */
};

extern const struct column columns[F_COUNT]; /* in order of enum field */

/* SY_ENOTFOUND for a heading that is none. */
int column_find(struct sy_str heading, enum field *out);
/* The field that a pointer of the event belongs to; F_COUNT for none. */
enum field column_of_pointer(const char *pointer);
unsigned category_bit(const char *name); /* 0 for none */
/* First heading in a language, terminated, in OUT. */
void column_heading(enum field f, bool zh, char out[64]);
/* "product, lot, ..." of all columns. */
void columns_list(struct sy_buf *out);

/*
 * A unit as a person writes it to its UN/ECE Recommendation 20 code: 公斤 and kg to KGM.  Packages
 * (盒 箱 袋) are Recommendation 21 codes behind an X, as Recommendation 20 takes them in.  A code
 * of two or three capitals and digits stays as it is.  NULL for what is none; "" for pieces, which
 * EPCIS leaves without a unit.
 */
const char *unit_code(struct sy_str unit, char keep[4]);
/* A code as people write it, of one or of many: kg, boxes, 盒; a code that isn't known as it is. */
struct sy_str unit_name(struct sy_str code, bool one, bool zh);

#endif
