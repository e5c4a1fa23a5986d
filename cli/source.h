/*
 * What `batch import` reads: CSV, NDJSON (a row or an event a line), an EPCIS JSON document or the
 * aggregation XML of drug codes (relation.h), turned into records one by one.
 */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "mapping.h"

enum source_format { SOURCE_GUESS, SOURCE_CSV, SOURCE_NDJSON, SOURCE_EPCIS, SOURCE_XML };

struct source_options {
	const char *path; /* "-" for standard input */
	enum source_format format;
	enum encoding encoding;
	bool ignore_columns;       /* unknown ones are no fault */
	struct row otherwise;      /* values for columns that are absent or empty */
	const struct mapping *map; /* of a firm's own words, or NULL */
};

/* A row; memory in the arena given to source_next. */
struct item {
	uint64_t line;
	struct sy_str raw;    /* as it stood */
	struct sy_str record; /* what becomes of it; empty when it is bad */
	const char *reason;   /* "column: what, expected", faults apart by "; "; NULL: a good row */
};

struct source;

int source_open(const struct source_options *o, struct source **out, struct fail *f);
void source_close(struct source *s);
/* Is that file the one which is read, by whatever name? */
bool source_is(const struct source *s, const char *path);
/* SY_OK, SY_ENOTFOUND at the end; anything else: F says why the file can't be read further. */
int source_next(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f);
/* What it is written in: "UTF-8", "GB18030" ... */
const char *source_encoding(const struct source *s);
/* The item with its reason, in the file's own form and encoding: a CSV row with a further column
 * "reason", or a JSON object around it.  NULL gives what stands at the top of such a file. */
void source_reject(const struct source *s, const struct item *item, struct sy_buf *out);
/* What the file calls a column, else its English heading; OTHERWISE for F_COUNT. */
const char *source_column(const struct source *s, enum field field, const char *otherwise);
/* "csv", "ndjson", "epcis"; SOURCE_GUESS for none of them. */
enum source_format source_format(const char *name);

#endif
