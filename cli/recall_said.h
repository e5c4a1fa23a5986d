/*
 * How much of which batches an answer or a report of a recall says: of the options, and of the rows
 * of a file, CSV or NDJSON, with headings in English or Chinese.
 */
#ifndef CLI_RECALL_SAID_H
#define CLI_RECALL_SAID_H

#include "cli.h"

#define AMOUNTS_MAX 5

struct amount {
	const char *option, *member;
	const char *headings; /* of a column, apart by | */
};

struct quantity {
	struct sy_str code, unit; /* canonical; empty for pieces */
	bool has[AMOUNTS_MAX];
	struct sy_decimal v[AMOUNTS_MAX];
	const char *where; /* "answers.csv:3", or NULL: of the options */
	bool put;
};

struct said {
	const struct amount *amounts; /* ends with a row without an option */
	const char *path;             /* of the file; NULL: options alone */
	struct quantity *v;           /* by code and unit, each once; in the app's arena */
	size_t n, cap;
};

/* RC_DONE; RC_USAGE for options, RC_REFUSED for a file, with all that is wrong said. */
int said_read(struct app *app, struct said *s);
/* That of a code and unit; NULL for none. */
struct quantity *said_find(struct said *s, struct sy_str code, struct sy_str unit);
void said_put(const struct said *s, const struct quantity *q, struct sy_jw *w);

#endif
