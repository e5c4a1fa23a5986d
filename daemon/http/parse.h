/*
 * The reader of requests: bytes in, one request out; no sockets, no clock.
 *
 * It is strict (RFC 9112 where that says MUST, and stricter where the two ends of a proxy chain
 * have been known to disagree), and it is incremental: feeding a request whole or in any pieces
 * gives the same result.  A refusal is final: a refused request's connection must be closed, since
 * nobody can say where the next one begins.
 *
 *	http_reader_begin ─► feed … feed ─► HTTP_READ_HEAD ─► http_reader_body ─► feed … ─►
 *HTTP_READ_DONE └───────────── HTTP_READ_BAD, with status and detail ─────────┘
 *
 * The stop at the head is where the caller looks at route and rights, before a body is taken.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include "http.h"

enum http_stage {
	HTTP_READ_MORE, /* feed on */
	HTTP_READ_HEAD, /* the header section is there; call http_reader_body */
	HTTP_READ_DONE, /* the request is whole; what wasn't used belongs to the next */
	HTTP_READ_BAD
};

struct http_limits {
	size_t max_header;    /* bytes of request line and fields; the line has at most half */
	unsigned max_headers; /* fields; trailers count by themselves */
};

struct http_reader {
	struct http_limits limits;
	/* Asked before N more bytes of body are taken: 0, or the status to refuse with.  May be
	 * NULL. */
	int (*reserve)(void *ctx, size_t n);
	void *reserve_ctx;

	/* Known once the head is there. */
	bool http10, keep_alive, expect, chunked;
	uint64_t length; /* of the body, when not chunked */

	/* Why it was refused; static text. */
	int status;
	const char *detail;

	/* The reader's own. */
	enum http_stage stage;
	unsigned state;
	struct http_request *req;
	struct http_header *headers;
	struct sy_arena *arena;
	struct sy_buf *body;
	char *line;          /* the line under way, in the arena */
	size_t line_n, room; /* its bytes so far; bytes from its start to the block's end */
	size_t head_n;       /* bytes of the head, or of the trailers */
	unsigned trailers;
	uint64_t left; /* of the body or of the chunk */
	size_t max_body;
	unsigned seen; /* which single fields were there */
	bool blank, close, persist;
};

/* A new request into REQ (cleared here); texts in ARENA, the body in BODY. */
void http_reader_begin(struct http_reader *r, struct http_request *req, struct sy_arena *arena,
		       struct sy_buf *body);
/* Takes what it can of N bytes, *USED of them, and stops at the head, at the end and when bad. */
enum http_stage http_reader_feed(struct http_reader *r, const char *p, size_t n, size_t *used);
/* After HTTP_READ_HEAD: take a body of at most MAX_BODY. */
enum http_stage http_reader_body(struct http_reader *r, size_t max_body);

/* ASCII letters compare equal in either case. */
bool http_same(struct sy_str a, const char *b);
/* Percent-decoded into the arena, or borrowed when nothing is coded; SY_EINVAL for a bad triplet
 * or a NUL. */
int http_decode(struct sy_arena *arena, struct sy_str coded, struct sy_str *out);

#endif
