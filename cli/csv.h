/*
 * CSV (RFC 4180), read as a stream of UTF-8: quoted fields with separators, line breaks and doubled
 * quotes; LF or CRLF.  Fields are apart by whichever of comma, semicolon and tab the first line has
 * most of outside of quotes.
 *
 * A bad row is an answer, not the end: the reader goes on behind it.  Only what makes the rest of
 * the file meaningless (a row past the limit, a failed read) ends it.
 */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include <suyuan/suyuan.h>

#define CSV_FIELDS_MAX 256
#define CSV_ROW_MAX (1u << 20)
/* The end of a quote that is never closed is looked for in all that a row may have.  After so many
 * of them no field spans lines any more, or a broken file would take hours. */
#define CSV_UNCLOSED_MAX 16

/* Up to N bytes into P; 0 at the end, negative on failure. */
typedef long (*csv_read_fn)(void *ctx, char *p, size_t n);

struct csv_row {
	struct sy_str field[CSV_FIELDS_MAX]; /* unquoted; borrowed until the next call */
	size_t n;
	uint64_t line;     /* where it begins, from 1 */
	struct sy_str raw; /* as it stands, without its line break */
	size_t column;     /* of a fault, from 1; 0: the whole row */
	uint64_t bad_line; /* of a fault */
	size_t bad_byte;   /* in that line, from 1 */
	const char *why;   /* of a fault */
};

struct csv {
	csv_read_fn read;
	void *ctx;
	struct sy_buf in;   /* what was read and isn't taken yet, from AT on */
	struct sy_buf text; /* unquoted text of the row */
	size_t at;
	uint64_t line;
	unsigned unclosed; /* quotes so far */
	char separator;    /* 0: not known before the first row */
	bool eof, failed;
};

void csv_init(struct csv *c, csv_read_fn read, void *ctx);
void csv_free(struct csv *c);
/*
 * The next row; empty lines are skipped.  SY_ENOTFOUND at the end.  SY_EINVAL and SY_EUTF8: this
 * row is bad, see row->why; call again for the one behind it.  SY_ETOOBIG, SY_EIO, SY_ENOMEM: the
 * file can't be read further.
 */
int csv_next(struct csv *c, struct csv_row *row);
/* One field, quoted where it must be. */
void csv_put(struct sy_buf *out, struct sy_str field, char separator);
/* The same of a text that others wrote, for whoever opens it in a spreadsheet: an apostrophe before
 * what that would take for a formula. */
void csv_put_text(struct sy_buf *out, struct sy_str field, char separator);

#endif
