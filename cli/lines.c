#include "lines.h"

/* What was begun is completed; the others are borrowed from the piece. */
static int give(struct lines *l, struct sy_str line)
{
	int rc;

	if (l->rest.n == 0)
		return l->line(l->ctx, line);
	sy_buf_str(&l->rest, line);
	if (l->rest.failed)
		return RC_FAIL;
	rc = l->line(l->ctx, sy_buf_span(&l->rest));
	sy_buf_reset(&l->rest);
	return rc;
}

int lines_take(void *ctx, struct sy_str piece)
{
	struct lines *l = ctx;
	const char *end;
	int rc;

	while ((end = memchr(piece.p, '\n', piece.n)) != NULL) {
		size_t n = (size_t)(end - piece.p);
		if ((rc = give(l, (struct sy_str){piece.p, n})) != RC_DONE)
			return rc;
		piece.p += n + 1;
		piece.n -= n + 1;
	}
	if (piece.n > LINE_MAX_BYTES || l->rest.n > LINE_MAX_BYTES - piece.n)
		return RC_FAIL;
	sy_buf_str(&l->rest, piece);
	return l->rest.failed ? RC_FAIL : RC_DONE;
}

void lines_free(struct lines *l)
{
	sy_buf_free(&l->rest);
}
