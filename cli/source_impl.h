/*
 * Between source.c, which tells what a file is, and the readers of each form.
 */
#ifndef CLI_SOURCE_IMPL_H
#define CLI_SOURCE_IMPL_H

#include "csv.h"
#include "document.h"
#include "source.h"
#include "value.h"

struct source {
	struct source_options o;
	enum source_format format;
	struct stream *stream;
	struct sy_arena arena; /* what lasts as long as the source */
	/* CSV */
	struct csv csv;
	struct sy_str heading;
	int map[CSV_FIELDS_MAX]; /* enum field, -1 for an ignored column */
	struct sy_str name[CSV_FIELDS_MAX];
	size_t columns;
	/* NDJSON */
	struct sy_buf lines;
	size_t lines_at;
	uint64_t line;
	bool eof;
	/* EPCIS */
	struct sy_buf text;
	struct sy_json_doc doc;
	struct document document;
	size_t counted;
	struct xml *xml;
};

/* A form: what is read when the file is opened (may be NULL), and each item. */
struct source_form {
	const char *name; /* as --format says it */
	int (*open)(struct source *s, struct fail *f);
	int (*next)(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f);
};

int csv_open(struct source *s, struct fail *f);
int csv_item(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f);
int ndjson_item(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f);
int epcis_open(struct source *s, struct fail *f);
int epcis_item(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f);
int xml_open(struct source *s, struct fail *f);
int xml_item(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f);
void xml_close(struct xml *x);

/* What the options and the mapping say of a row that says nothing itself. */
void source_fill(const struct source *s, struct row *row);
/* The record of a row, or the reason why there is none. */
void source_record(const struct source *s, const struct row *row, struct sy_arena *arena,
		   struct item *out);
/* Faults of a row, "column: what; column: what". */
const char *source_reasons(const struct source *s, struct sy_arena *arena,
			   const struct sy_faults *faults);
/* The read of S failed: says so; SY_EIO. */
int source_unreadable(const struct source *s, struct fail *f);

#endif
