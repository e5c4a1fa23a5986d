/*
 * What a ledger warns of in many rows, said once for all of them.
 *
 * A warning is told apart by field and text; of its rows the number and the first lines are kept.
 * Beyond WARNINGS_KINDS different ones it is only counted.
 */
#ifndef CLI_WARNINGS_H
#define CLI_WARNINGS_H

#include "cli.h"

#define WARNINGS_KINDS 50
#define WARNINGS_LINES 3

struct warnings {
	struct warning {
		char *field, *text;
		uint64_t rows;
		uint64_t line[WARNINGS_LINES]; /* the lowest ones, in order */
		unsigned n;
	} * v;
	size_t n;
	uint64_t all, unkept;
};

/* LINE 0: not of a row.  Warnings that come in any order are kept by their lowest lines. */
void warnings_add(struct warnings *w, const char *field, const char *text, uint64_t line);
/* A line each on standard error: "milk.csv: warning: origin: ... (257 rows, first at lines 2, 3,
 * 4)". */
void warnings_say(const struct warnings *w, const char *path);
void warnings_free(struct warnings *w);

#endif
