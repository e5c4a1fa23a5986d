/*
 * The answer, written once by a handler and shown as text for a terminal or as JSON.
 *
 * An answer is objects, lists and fields, as in JSON.  As text, an object is lines of name and
 * value, a list of objects is a table with a column a name, a list of values is one line; columns
 * are aligned by what a terminal shows, so that Chinese names take two cells a character.  Text
 * never lets a control character through to the terminal, and neither does JSON to one.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdio.h>
#include <suyuan/suyuan.h>

#define OUT_DEPTH 8

struct out;
struct out_ops;

struct out_frame {
	bool list;
	const char *key;
	size_t scalars; /* written into a list so far */
};

struct out_cell {
	const char *key, *text;
};

struct out {
	const struct out_ops *ops;
	FILE *file;
	bool terminal; /* it would heed what a text says to it */
	bool failed;
	bool closed; /* failed because nobody reads on, as behind `| head` */
	/* JSON */
	struct sy_buf buf;
	struct sy_jw w;
	/* text: the cells of the table or of the lines being collected */
	struct sy_arena arena;
	struct out_frame frame[OUT_DEPTH];
	unsigned depth;
	struct out_cell *cells;
	size_t n_cells, cap_cells;
	size_t *row_ends;
	size_t n_rows, cap_rows;
	struct sy_buf line;
};

void out_init(struct out *o, FILE *file, bool json);
int out_finish(struct out *o); /* flushes; SY_EIO when anything couldn't be written */
void out_free(struct out *o);
bool out_is_json(const struct out *o);

/* KEY is NULL at the top and in lists. */
void out_object(struct out *o, const char *key);
void out_list(struct out *o, const char *key);
void out_end(struct out *o); /* of the innermost object or list */
void out_str(struct out *o, const char *key, struct sy_str value);
void out_text(struct out *o, const char *key, const char *value); /* NULL writes nothing */
/* One of our own words: in JSON as it stands, else in the language of the program. */
void out_word(struct out *o, const char *key, const char *word);
void out_printf(struct out *o, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void out_u64(struct out *o, const char *key, uint64_t value);
void out_bool(struct out *o, const char *key, bool value);
void out_json(struct out *o, const char *key, struct sy_str json); /* a value as it stands */
/* A line of prose: text only, nothing in JSON. */
void out_line(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Bytes exactly as they are, in either form: a record, a receipt.  To a terminal without its
 * controls. */
void out_bytes(struct out *o, struct sy_str bytes);

/* Cells that a terminal uses for TEXT: East Asian wide characters two, combining marks none. */
size_t text_width(struct sy_str text);
/* TEXT with controls and direction overrides replaced by U+FFFD. */
void text_clean(struct sy_buf *b, struct sy_str text);
/* The same of whole lines: tabs and line feeds stay.  How much of TEXT was taken: the beginning of
 * a character at its end is left. */
size_t text_clean_lines(struct sy_buf *b, struct sy_str text);

#endif
