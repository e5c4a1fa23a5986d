/*
 * Is an answer that came in pieces whole?
 *
 * A list of what a recall hits that is cut short looks like a shorter list.  So each form is
 * watched while it passes: NDJSON says in its last line how many lines came before and by what it
 * was cut, JSON closes what it opened, a drawing ends with its brace, a table with a line's end.
 * What is behind the end, or another type of content, is none of the ledger's words either.
 */
#ifndef CLI_WHOLE_H
#define CLI_WHOLE_H

#include "http.h"
#include "lines.h"

struct whole {
	const char *form; /* "ndjson", "json", "csv", "dot": as the ledger was asked */
	uint64_t lines;   /* of NDJSON: before the last one */
	bool ended;
	char cut[16]; /* what the last line says; empty: nothing was left out */
	/* of the bytes */
	unsigned depth;
	bool quoted, escaped, begun;
	char last[2];
	/* of NDJSON that is passed on */
	struct lines split;
	struct sy_arena arena;
	struct fail *fail;
};

void whole_begin(struct whole *w, const char *form, struct fail *f);
/* Bytes as they come, of any form; RC_FAIL with the reason in the fail. */
int whole_bytes(struct whole *w, struct sy_str bytes);
/* A line of NDJSON that the caller has parsed; sets ended at the last one. */
int whole_line(struct whole *w, const struct sy_json_doc *doc);
/* After http_stream came back with RC_DONE. */
int whole_end(struct whole *w, const struct http_answer *a);
void whole_free(struct whole *w);

#endif
