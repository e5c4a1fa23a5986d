/*
 * Between reading a row (row.c) and writing its event (row_write.c).
 */
#ifndef CLI_ROW_IMPL_H
#define CLI_ROW_IMPL_H

#include "row.h"
#include "seen.h"

/* What is known of the batch while its event is written. */
struct batch {
	struct sy_arena *arena;
	const struct row *row;
	struct sy_faults *faults;
	long record;
	size_t bad; /* faults of this row */
	struct sy_code product, lot;
	bool has_product, has_lot;
	struct sy_decimal quantity;
	bool has_quantity;
	const char *unit;
	char unit_keep[4];
	struct sy_str *epcs; /* codes of units */
	size_t n_epcs;
	struct seen seen; /* of them */
	struct sy_jw w;
};

/* A fault of a column of this row. */
#define wrong(b, field, ...) \
	((b)->bad++,         \
	 sy_fault_add((b)->faults, 422, (b)->record, row_heading(field), NULL, __VA_ARGS__))

/* English and Chinese headings are both known; a fault names the English one. */
const char *row_heading(enum field f);
struct sy_str row_trim(struct sy_str s); /* without blanks around it */
struct sy_str row_value(const struct batch *b, enum field f);
/* The next part of a list apart by ; or the Chinese ； or line breaks.  Empty parts are passed. */
bool row_part(struct sy_str *rest, struct sy_str *part);
/* The faults of a code belong to the column that it stands in. */
bool row_code(struct batch *b, enum field f, struct sy_str text, struct sy_code *out);
/* 1234.50, with grouping commas taken away as Excel writes them; above zero. */
bool row_decimal(struct sy_str text, struct sy_decimal *out);
/* row_write.c: everything behind the eventID, into the open object. */
void row_write(struct batch *b);

#endif
