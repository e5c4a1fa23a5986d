/*
 * What a CSV calls the fields of a batch or an event (FIELDS.md), in English and Chinese, and
 * units.
 *
 * One row a field: its headings, where it ends up in the event, and whose template shows it.
 * Headings match without case and spaces.
 */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include <suyuan/suyuan.h>

enum field {
	F_EVENT, /* what happened; empty: a batch is registered */
	F_PRODUCT,
	F_LOT,
	F_SERIAL,
	F_CODES,
	F_QUANTITY,
	F_UNIT,
	F_MADE,
	F_HARVESTED,
	F_EXPIRES,
	F_BEST_BEFORE,
	F_ORIGIN,
	F_COUNTRY,
	F_PLACE,
	F_READ_POINT,
	F_PARTNER, /* whom it went to or came from, as the event has it */
	F_FROM,
	F_TO,
	F_OWNER_FROM,
	F_OWNER_TO,
	F_CONTAINER,
	F_PO,
	F_DESADV,
	F_INV,
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
	F_TRANSFORMATION,
	F_PACK_RATIO,
	F_PACK_LAYER,
	F_PROJECT,
	F_PART,
	F_SAMPLE,
	F_SUPERVISOR,
	F_AT,
	F_EVENT_ID,
	F_REASON, /* of a rejects file that was mended: read and forgotten */
	F_COUNT
};

/* Categories of DOMAIN.md as bits, and the rows of what happens to batches. */
enum {
	CAT_AGRI = 1,
	CAT_FOOD = 2,
	CAT_DRUG = 4,
	CAT_INDUSTRIAL = 8,
	CAT_OTHER = 16,
	CAT_EVENT = 32
};
#define CAT_ALL 63

struct column {
	enum field field;
	const char *en, *zh;        /* heading of a template: the first; further ones behind '|' */
	const char *pointer;        /* where it is in the event, for faults that the ledger names */
	unsigned categories;        /* whose template shows it */
	const char *what, *what_zh; /* what belongs there */
};

extern const struct column columns[F_COUNT]; /* in order of enum field */

/* Lower case without spaces, so that headings and words match; false when it is empty or doesn't
 * fit. */
#define COLUMN_TEXT 64
bool column_fold(struct sy_str text, char out[COLUMN_TEXT]);
/* Is FOLDED one of NAMES, which are apart by '|'? */
bool column_one_of(const char *folded, const char *names);
/* SY_ENOTFOUND for a heading that is none. */
int column_find(struct sy_str heading, enum field *out);
/* The field that a pointer of the event belongs to; F_COUNT for none. */
enum field column_of_pointer(const char *pointer);
unsigned category_bit(const char *name); /* 0 for none */
/* First heading in a language, terminated, in OUT. */
void column_heading(enum field f, bool zh, char out[COLUMN_TEXT]);
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
