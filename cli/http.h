/*
 * HTTP to one ledger, over TCP or a Unix socket, through libcurl.
 *
 * Only a 503 that says when to come back (Retry-After) is tried again, a bounded number of times
 * and for at most a minute.  Whatever cannot be reached, times out, or stays busy is RC_AWAY.  A
 * connection belongs to one thread at a time.
 */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include "cli.h"

struct http;

struct http_answer {
	long status;
	char type[64];
	long retry_after; /* seconds, -1 when absent */
	char cut[16];     /* Suyuan-Cut: by what a streamed answer was cut; empty: it is whole */
	uint64_t unknown; /* Suyuan-Unknown: codes asked for that no record names */
	bool uncertain;   /* Suyuan-Holders-Uncertain: of some batches who has them isn't certain */
	bool framed;      /* its end shows: a length, chunks, or HTTP/2 */
	struct sy_buf body;
};

/* ADDRESS is http://..., https://... or unix:PATH; TOKEN may be NULL; refusals come in LANG. */
int http_new(const char *address, const char *token, enum lang lang, struct http **out,
	     struct fail *f);
void http_free(struct http *h);

/* RC_DONE with any status of the server but a lasting 503.  ANSWER is reset first. */
int http_get(struct http *h, const char *path, struct http_answer *a, struct fail *f);
int http_post(struct http *h, const char *path, const char *type, struct sy_str body,
	      struct http_answer *a, struct fail *f);
/* GET that must answer 200: everything else is a failure with the server's own words.  So is one
 * that ends when the connection does, as that may come at any time. */
int http_fetch(struct http *h, const char *path, struct http_answer *a, struct fail *f);
/* The same, whatever its length: a 200's body goes to TAKE piece by piece, and isn't kept.  What
 * TAKE returns other than RC_DONE ends it. */
typedef int (*http_take_fn)(void *ctx, struct sy_str piece);
int http_stream(struct http *h, const char *path, http_take_fn take, void *ctx,
		struct http_answer *a, struct fail *f);
void http_answer_free(struct http_answer *a);

/* What an answer other than 2xx means: its exit code, and problem+json's words in F. */
int http_problem(const struct http_answer *a, const char *what, struct fail *f);
/* The exit code of a status alone. */
int http_rc(long status);

/* Appends TEXT with everything but unreserved characters as %XX. */
void http_escape(struct sy_buf *b, struct sy_str text);

#endif
