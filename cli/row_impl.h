/*
 * A row's event on its way: read (row_read.c), written member by member (row_write.c), put
 * together (row.c).
 */
#ifndef CLI_ROW_IMPL_H
#define CLI_ROW_IMPL_H

#include "row.h"
#include "seen.h"
#include "value.h"
#include "verbs.h"

struct thing {
	struct sy_str code; /* canonical */
	bool is_class;      /* may have a quantity; else it is one piece */
	bool counted;
	struct sy_decimal quantity;
	const char *unit; /* "": pieces */
};

struct things {
	struct thing *v; /* in the arena */
	size_t n, cap, classes;
};

struct draft {
	struct sy_arena *arena;
	const struct row *row;
	struct sy_faults *faults;
	long record;
	size_t bad; /* faults of this row */
	const struct verb *verb;
	struct sy_code product, lot;
	bool has_product, has_lot;
	struct things things; /* made, moved or packed */
	struct things inputs;
	struct seen seen; /* single ones among the things */
	bool strangers;   /* some of them are of another product than the row's, as a drug's are */
	struct sy_jw w;
};

/* A fault of a column of this row; EN and ZH take the same arguments. */
#define wrong(d, field, ...) ((d)->bad++, row_wrong((d), (field), __VA_ARGS__))
void row_wrong(const struct draft *d, enum field f, const char *en, const char *zh, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));
/* What belongs in a column, in the row's language. */
const char *row_expected(const struct draft *d, enum field f);

/* English and Chinese headings are both known; a fault names the English one. */
const char *row_heading(enum field f);
struct sy_str row_value(const struct draft *d, enum field f);
/* The next part of a list apart by ; or the Chinese ； or line breaks.  Empty parts are passed. */
bool row_part(struct sy_str *rest, struct sy_str *part);
/* Of another kind of event: something went into it, or its parts share an id. */
bool row_transforms(const struct draft *d);
/* row_read.c: which things, and how many of them. */
void row_read(struct draft *d);
/* row_write.c: everything behind the eventID, into the open object. */
void row_write(struct draft *d);
/* row_ilmd.c: "ilmd", and "suyuan:inspection" where a column of it is filled. */
void row_ilmd(struct draft *d);
void row_inspection(struct draft *d);
/* A column as it stands, unless it is empty. */
void row_text(struct draft *d, enum field f, const char *member);
/* "pass", "fail", or NULL without a result. */
const char *row_passed(const struct draft *d);

#endif
