/*
 * HTTP/1.1 on libevent's bufferevents: the only room that knows libevent.
 *
 * A server has front threads with one event loop each; one accepting socket an address deals
 * connections to them in turn.  A request is read whole (strict RFC 9112: no obs-fold, no bare CR
 * or LF, no whitespace before a colon, one Content-Length, never with Transfer-Encoding, chunked
 * bodies allowed), then handed to its route's handler on its front.  The handler answers at once,
 * or keeps the exchange and answers later from any thread, exactly once.
 *
 * Limits: a deadline for a whole header section and for a whole request, an idle deadline,
 * a deadline for a peer that doesn't read its answer; header bytes and count; body bytes a
 * request; a budget of body bytes and of answer bytes over all connections (503 past it);
 * connections.  Requests may be pipelined; answers go out in order.
 *
 * What is refused before a handler sees it gets a problem+json of its own.  After a refusal that
 * leaves in doubt where the next request begins the connection is closed, and nothing that follows
 * is read: 400 malformed, 408 too slow, 413, 414, 417, 431, 501, 503 over a budget, 505.  404 and
 * 405 (with Allow) are found before a body is read, as are the limits of one, and only then does a
 * client that expects 100-continue get it.
 *
 * An exchange outlives its connection: one whose peer has gone, even one that comes back after
 * http_close, is replied to as any other, and the reply is dropped.  http_request's memory stays
 * until then.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <suyuan/arena.h>
#include <suyuan/error.h>
#include <suyuan/fault.h>

#include <sys/types.h>

struct http_server;
struct http_exchange;

enum http_method { HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_PUT = 8, HTTP_DELETE = 16 };

enum http_access {
	HTTP_ANY,  /* whoever may connect */
	HTTP_LOCAL /* the Unix socket alone, root's or the daemon's own user */
};

struct http_header {
	struct sy_str name, value; /* name as sent; value trimmed */
};

/* What arrived.  Lives as long as the exchange. */
struct http_request {
	enum http_method method;
	struct sy_str target;      /* as sent */
	struct sy_str path, query; /* path as sent, not decoded; query without '?' */
	const struct http_header *headers;
	size_t n_headers;
	struct sy_str body;
	struct sy_str content_type; /* without parameters, as sent; or empty */
	struct sy_str param[4];     /* what the route's {…} matched, percent-decoded */
	size_t n_params;
	bool local; /* over the Unix socket */
	uid_t uid;  /* its peer, when local */
	pid_t pid;
};

struct http_route {
	unsigned methods;
	/* "/v1/records/{n}/receipt": "{name}" is one segment, not empty, "{name*}" the rest.  The
	 * first row that has path and method is taken; GET serves HEAD. */
	const char *pattern;
	void (*handle)(struct http_exchange *x, void *ctx);
	enum http_access access;
	size_t max_body; /* 0: none allowed */
};

struct http_options {
	const char *const *listen; /* "127.0.0.1:0", "[::1]:8080" */
	size_t n_listen;
	const char *unix_path; /* or NULL; an old socket that nobody serves is replaced */
	unsigned fronts;
	const struct http_route *routes;
	size_t n_routes;
	void *ctx;
	size_t max_header;                                 /* bytes, 0 for 16 KiB */
	unsigned max_headers;                              /* 0 for 64 */
	size_t body_budget;                                /* over all connections, 0 for 64 MiB */
	size_t answer_budget;                              /* 0 for 64 MiB */
	unsigned max_connections;                          /* 0 for 4096 */
	unsigned max_per_address;                          /* 0: as many as there may be */
	unsigned header_ms, request_ms, idle_ms, write_ms; /* 0 for 10 s, 60 s, 75 s, 30 s */
	/* For each answer, in the front's thread; may be NULL.  R's method is 0 when its request
	 * line couldn't be read; US since the request was read whole. */
	void (*log)(void *ctx, const struct http_request *r, int status, size_t bytes, uint64_t us);
};

/* Binds; SY_EIO with *WHY when an address can't be had, SY_EINVAL when a route is malformed.  What
 * O points to, but for the addresses, stays until http_close. */
int http_open(const struct http_options *o, struct http_server **out, const char **why);
int http_start(struct http_server *s); /* the fronts' threads */
/* Stops accepting (for good), lets what is under way finish for at most MS, closes idle
 * connections. */
void http_drain(struct http_server *s, unsigned ms);
void http_close(struct http_server *s);
/* Addresses in use, ports resolved; index from 0; NULL past the last. */
const char *http_address(const struct http_server *s, size_t i);

struct http_stats {
	uint64_t connections, accepted, requests, bytes_in, bytes_out, body_bytes, answer_bytes;
	uint64_t refused, timeouts;
	uint64_t displaced, turned_away; /* connections closed for others; others closed at once */
	uint64_t by_status[6];           /* 1xx..5xx at their hundreds */
};
void http_stats(const struct http_server *s, struct http_stats *out);

/* --- in a handler ---------------------------------------------------------------------------- */

const struct http_request *http_request(const struct http_exchange *x);
struct sy_arena *http_arena(struct http_exchange *x); /* dies with the exchange */
struct sy_str http_header_of(const struct http_exchange *x, const char *name); /* any case */
/* Percent-decoded value of a query parameter ('+' stays '+'); SY_ENOTFOUND; SY_EINVAL when the
 * coding is bad.  NTH counts from 0 for one that repeats. */
int http_query(struct http_exchange *x, const char *name, unsigned nth, struct sy_str *out);

/* A further header of the answer; before the reply.  One whose value holds a control byte is left
 * out.  A 503 gets Retry-After: 1 unless it is set here. */
void http_set(struct http_exchange *x, const char *name, const char *value);
/* An empty buffer to write an answer into, whose memory the next exchange uses again. */
struct sy_buf *http_body(struct http_exchange *x);
/* The whole answer; BODY's bytes are copied or taken over before it returns.  Any thread, once. */
void http_reply(struct http_exchange *x, int status, const char *type, struct sy_str body);
/* The same, taking over BODY's memory, or using the exchange's own (http_body). */
void http_reply_buf(struct http_exchange *x, int status, const char *type, struct sy_buf *body);
/* problem+json (RFC 9457); DETAIL may be NULL; FAULTS may be NULL. */
void http_problem(struct http_exchange *x, int status, const char *title, const char *detail,
		  const struct sy_faults *faults);
void http_problem_err(struct http_exchange *x, int err, const char *detail);

/*
 * Between the two this thread's whole answers, and problems, are kept together; then each front is
 * woken once for all that are its own.  A front that wakes at the first of sixty takes the
 * processor from whoever makes the others, and comes back for each.  Not on a front's thread, not
 * nested.
 */
void http_hold(void);
void http_release(void);

/* Has the peer gone?  Then nobody waits for an answer, and long work for one is in vain; it is
 * still to be replied to.  Any thread. */
bool http_gone(struct http_exchange *x);
/* Has it, or does it send nothing more?  It may have closed one way alone, and wait. */
bool http_left(struct http_exchange *x);

/*
 * A streamed (chunked) answer from another thread, with back-pressure: http_stream_write blocks
 * while the connection holds more than a slice, and returns SY_EIO when the peer is gone or a drain
 * ran out of time.  Small writes are gathered, and go out when 16 KiB have come together or at the
 * end.  A stream that was begun is ended exactly once, whatever a write returned; one that lost
 * bytes is cut, so that it can't be taken for whole.
 */
int http_stream_begin(struct http_exchange *x, int status, const char *type); /* SY_OK */
int http_stream_write(struct http_exchange *x, struct sy_str bytes);
void http_stream_end(struct http_exchange *x, bool whole); /* false: cut the connection */
/* Whoever writes it waits no longer, and its writes fail from now on.  Any thread, before its end.
 */
void http_stream_cut(struct http_exchange *x);

#endif
