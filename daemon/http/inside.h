/*
 * What the files of this room share; nobody else includes it.
 *
 * A front is one thread with one event loop, and owns its connections: nobody else touches a
 * connection or a bufferevent, so that neither has a lock.  An exchange is one request and its
 * answer.  It belongs to its front, is lent to a handler, and comes back by mail: the replier
 * fills in the answer, and exchange_post puts it on the front's list under the front's lock and
 * wakes the loop if the list was empty, so that a thousand answers at once cost one wake.
 *
 * A connection may die while exchanges of it are lent.  They lose their connection, stay where
 * they are, and are freed when they come back; after http_close, by whoever brings the last one.
 */
#ifndef HTTP_INSIDE_H
#define HTTP_INSIDE_H

#include "parse.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
	HTTP_SLICE = 64 * 1024,  /* what a connection may hold of a stream; one write */
	HTTP_AHEAD = 4 * 1024,   /* read of a connection before it is its turn; one read */
	HTTP_PIECE = 16 * 1024,  /* a stream's small writes are gathered to this */
	HTTP_PIPELINE = 32,      /* unanswered requests a connection */
	HTTP_QUEUED = 16 * 1024, /* unread answer bytes past which no further request is read */
	HTTP_KEEP = 16 * 1024,   /* a buffer larger than this isn't kept for the next exchange */
	HTTP_SMALL = 4 * 1024,   /* bodies and answers up to this pass a budget that is spent */
	HTTP_LINGER_MS = 2000,   /* for a refused peer to read why, rather than a reset */
	HTTP_TURN_US = 200,      /* of a front that one connection's requests take before others' */
	HTTP_PARAMS = 4
};

struct conn;
struct front;
struct piece;

struct http_exchange {
	struct http_exchange *next; /* in its connection's order, or on the front's spare list */
	struct front *front;
	struct conn *conn; /* NULL once gone; the front's */
	struct sy_arena arena;
	struct http_request req;
	struct sy_buf req_body;
	size_t reserved; /* of the budget of body bytes */
	const struct http_route *route;
	uint64_t since; /* us, monotonic */
	bool http10, keep_alive;

	/* The answer: the replier's until posted, then the front's. */
	int status;
	char type[96];
	struct sy_buf extra, body; /* extra: whole header lines */
	size_t charged;            /* of the budget of answer bytes */
	bool retry_after;

	/* A stream's, the writer's own: bytes gathered and not yet handed over. */
	struct piece *gather;
	bool lost; /* a write failed: the stream can't be whole any more */

	/* Under the front's lock. */
	struct http_exchange *next_mail;
	bool posted;              /* on the list */
	bool begun, ended, whole; /* ended: the replier touches it no more */
	bool gone;                /* nobody reads the stream */
	bool left;                /* the peer sends nothing more */
	struct piece *pieces, **pieces_end;
	size_t held; /* bytes of the stream not yet written to the peer */
	pthread_cond_t room;

	/* The front's view of it, as of its last mail. */
	struct http_exchange *next_open;
	bool answered, streaming, head_sent;
	size_t sent;
};

/* A peer that moves a byte now and then doesn't move: it owes a slice in each period. */
struct pace {
	uint64_t since, moved; /* ms, 0: it owes nothing; bytes by then */
};

/* What a connection is at.  In each place they stand in the order in which they came there. */
enum place {
	PLACE_IDLE, /* between requests */
	PLACE_BUSY, /* a request is read, answered, or its answer read */
	PLACE_NEXT, /* has asked for more than was its turn */
	PLACES
};

struct conn {
	struct conn *next, **prev; /* in its place */
	enum place place;
	uint64_t placed;     /* ms */
	uint64_t turn_began; /* us, 0: no request yet in this turn */
	struct front *front;
	struct caller *caller;
	struct bufferevent *bev;
	struct http_exchange *first, **last; /* whole requests, in order */
	unsigned pending;
	struct http_exchange *reading;
	struct http_reader reader;
	bool local;
	uid_t uid;
	pid_t pid;
	struct conn *next_turn; /* on the front's list of those that got mail */
	bool turn;
	bool busy;      /* in conn_turn */
	bool closing;   /* no further request is read; closed when all is answered */
	bool refused;   /* what the peer still sends is thrown away for a while */
	bool lingering; /* that while */
	bool full;      /* enough was read ahead */
	bool eof, dead, continues;
	uint64_t read_due; /* ms, 0: none */
	struct pace reads, writes;
	size_t queued;  /* bytes of answers not composed yet */
	size_t charged; /* of the budget of answer bytes, being written */
	uint64_t taken,
	    put; /* bytes of the request under way; bytes given to the socket or its buffer */
};

/* An address that has connections; of IPv6 a /64, which is what one customer gets. */
struct caller {
	struct caller *next;
	uint8_t address[8];
	unsigned n;
};

/* A connection on its way from the listener to its front. */
struct arrival {
	struct arrival *next;
	int fd;
	bool local;
	uid_t uid;
	pid_t pid;
	struct caller *caller;
	bool over; /* there are as many as may be: somebody must go for it */
};

/* Written by the front's thread alone, read by any. */
struct counters {
	_Atomic uint64_t accepted, requests, bytes_in, bytes_out, refused, timeouts, displaced,
	    by_status[6];
};

struct front {
	struct http_server *server;
	struct event_base *base;
	struct event *wake, *tick, *more;
	int wake_fd;
	pthread_t thread;
	bool started;
	struct counters n;

	struct conns {
		struct conn *first, **last;
	} conns[PLACES];
	size_t n_conns;
	struct http_exchange *spare;
	unsigned n_spare;
	size_t lent; /* exchanges that are with a handler */
	struct evbuffer *out;
	struct sy_buf head;
	time_t date_at;
	char date[64];
	bool draining;
	uint64_t cut_at;

	pthread_mutex_t mu;
	pthread_cond_t quiet; /* drained */
	struct http_exchange *mail, **mail_end;
	struct arrival *arrivals, **arrivals_end;
	bool drain, drained, stop, closed;
	unsigned drain_ms;
};

struct listener {
	struct http_server *server;
	int fd;
	bool local;
	struct event *event;
	char address[80];
};

struct http_server {
	struct http_options o; /* defaults filled in */
	struct front *fronts;
	unsigned n_fronts;
	struct listener *listeners;
	size_t n_listeners;
	unsigned next_front;
	char *unix_path;
	uint64_t resume_at; /* ms: accepting pauses till then; 0: it doesn't */
	bool accepting;
	pthread_mutex_t callers_mu;
	struct caller *callers[256]; /* by their last byte; empty without a limit */
	_Atomic uint64_t connections, body_bytes, answer_bytes, turned_away;
	_Atomic unsigned refs; /* fronts that still have exchanges lent, and the server's owner */
};

static inline void count(_Atomic uint64_t *c, uint64_t n)
{
	uint64_t now = atomic_load_explicit(c, memory_order_relaxed);
	atomic_store_explicit(c, now + n, memory_order_relaxed);
}

/* The front whose thread this is, or NULL. */
extern _Thread_local struct front *http_front_here;
uint64_t http_now_us(void);
static inline uint64_t http_now_ms(void)
{
	return http_now_us() / 1000;
}

/* router.c */
/* NULL when all routes are well formed, else what is wrong with the first that isn't. */
const char *router_check(const struct http_route *routes, size_t n);
/* 0 with X's route and parameters set, or the status of the refusal; ALLOW are the methods that
 * the path has, for a 405. */
int router_find(const struct http_server *s, struct http_exchange *x, unsigned *allow);
void router_allow(unsigned methods, char *out, size_t size);

/* exchange.c */
struct http_exchange *exchange_new(struct front *f);
void exchange_free(struct http_exchange *x); /* kept for another, when there is room */
void exchange_destroy(struct http_exchange *x);
void exchange_post(struct http_exchange *x, bool ended);
/* The peer sends nothing more: mostly it has gone. */
void exchange_left(struct http_exchange *x);
/* The connection is gone: frees X if it isn't lent. */
void exchange_orphan(struct http_exchange *x);
/* Moves what the stream has to OUT; bytes. */
size_t stream_take(struct http_exchange *x, struct evbuffer *out, bool discard);
/* HELD bytes are not yet with the peer; wakes the writer when there is room. */
void stream_held(struct http_exchange *x, size_t held);

/* reply.c */
const char *http_phrase(int status);
/* Appends head and body of X's answer, or the head of its stream, to the front's OUT; bytes. */
size_t reply_compose(struct http_exchange *x, struct evbuffer *out, bool close);
/* The answer was handed over whole: counted and logged. */
void reply_done(struct http_exchange *x);

/* conn.c */
/* Too many by one: C keeps us waiting and may go for somebody else. */
bool conn_is_waited_for(const struct conn *c, uint64_t now);
void conn_open(struct front *f, const struct arrival *a);
void conn_turn(struct conn *c);
void conn_tick(struct conn *c, uint64_t now);
void conn_drain(struct conn *c);
void conn_free(struct conn *c);

/* listen.c */
/* There is no place for it: says so, and closes it. */
void listen_refuse(struct http_server *s, const struct arrival *a);
/* One connection less, and one of CALLER's, NULL for none. */
void listen_left(struct http_server *s, struct caller *caller);
int listen_open(struct http_server *s, const char **why);
int listen_start(struct http_server *s);
void listen_tick(struct http_server *s, uint64_t now);
void listen_stop(struct http_server *s); /* on front 0, or when no thread runs */
void listen_free(struct http_server *s);

/* front.c */
int front_open(struct front *f, struct http_server *s);
int front_start(struct front *f);
void front_wake(struct front *f); /* under its lock */
/* C goes to the end of a place; from none, or to none with PLACES. */
void front_place(struct conn *c, enum place place);
/* Closes the connection that has kept us waiting longest; false: all of them are at work. */
bool front_make_room(struct front *f);
void front_deliver(struct front *f, const struct arrival *a);
void front_stop(struct front *f); /* its thread ends */
/* Frees all but what exchanges still lent need; the last of those frees the rest. */
void front_close(struct front *f);
void front_free(struct front *f);

/* server.c */
void server_unref(struct http_server *s);

#endif
