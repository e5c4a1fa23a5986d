/*
 * The lines of an answer that comes in pieces (NDJSON), each given on as soon as it is whole.
 */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "cli.h"

#define LINE_MAX_BYTES ((size_t)256 << 20) /* a last line has totals of all parties */

struct lines {
	/* A line without its LF; anything but RC_DONE ends it. */
	int (*line)(void *ctx, struct sy_str line);
	void *ctx;
	struct sy_buf rest; /* begun and not whole yet */
};

/* An http_take_fn; CTX is a struct lines.  RC_FAIL for a line past the limit or without memory. */
int lines_take(void *ctx, struct sy_str piece);
void lines_free(struct lines *l);

#endif
