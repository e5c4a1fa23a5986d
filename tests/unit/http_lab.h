/*
 * A real server on loopback for the tests of daemon/http, with handlers of every kind, and clients
 * that speak bytes.
 */
#ifndef TESTS_HTTP_LAB_H
#define TESTS_HTTP_LAB_H

#include "faults.h"
#include "run.h"

#include <http/http.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define H " HTTP/1.1\r\nHost: t\r\n"
#define CLOSE "Connection: close\r\n\r\n"

/* --- handlers ----------------------------------------------------------------------------------
 */

enum { HELD_MAX = 64 };

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct http_exchange *held[HELD_MAX];
static unsigned n_held;
static unsigned calls;
static unsigned logged;

/* A stream's thread: how it ended. */
static int stream_err;
static size_t stream_wrote;
static bool stream_over;

static inline void hello(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&mu);
	calls++;
	pthread_mutex_unlock(&mu);
	http_set(x, "X-Set", "one");
	http_set(x, "X-Bad", "one\r\nX-Forged: two");
	http_reply(x, 200, "text/plain", SY_STR("hello"));
}

static inline void echo(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	http_reply(x, 200, "application/octet-stream", http_request(x)->body);
}

static inline void params(struct http_exchange *x, void *ctx)
{
	const struct http_request *r = http_request(x);
	struct sy_str q = {"", 0};
	(void)ctx;
	int err = http_query(x, "q", 1, &q);
	char *text = sy_arena_printf(http_arena(x), "%zu [%.*s] [%.*s] q=%s [%.*s] h=[%.*s]\n",
				     r->n_params, (int)r->param[0].n, r->param[0].p,
				     (int)r->param[1].n, r->param[1].n > 0 ? r->param[1].p : "",
				     err == SY_OK          ? "ok"
				     : err == SY_ENOTFOUND ? "none"
							   : "bad",
				     (int)q.n, q.p, (int)http_header_of(x, "X-H").n,
				     http_header_of(x, "X-H").p);
	http_reply(x, 200, "text/plain", sy_str(text));
}

static inline void fill(struct http_exchange *x, struct sy_buf *b)
{
	uint64_t n = 0;
	sy_str_u64(http_request(x)->param[0], &n);
	char *room = sy_buf_room(b, n);
	if (room != NULL)
		memset(room, 'b', n);
	http_reply_buf(x, 200, "text/plain", b);
}

static inline void big(struct http_exchange *x, void *ctx)
{
	struct sy_buf b = {0};
	(void)ctx;
	fill(x, &b);
}

static inline void own(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	fill(x, http_body(x));
}

static inline void hold(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&mu);
	held[n_held++] = x;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mu);
}

/* What a test sees of requests that take long on the front: how many there were, and it lets the
 * first end when it has said all that it wants to. */
static unsigned slow_calls;
static bool slow_may_end;

static inline void slow(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&mu);
	slow_calls++;
	pthread_cond_broadcast(&changed);
	while (!slow_may_end)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
	nanosleep(&(struct timespec){0, 1000000}, NULL);
	http_reply(x, 200, "text/plain", SY_STR("slow"));
}

static inline void count_slow(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	http_reply(x, 200, "text/plain",
		   sy_str(sy_arena_printf(http_arena(x), "after %u!", slow_calls)));
}

static inline void faulty(struct http_exchange *x, void *ctx)
{
	struct sy_faults f;
	(void)ctx;
	sy_faults_init(&f, http_arena(x));
	sy_fault_add(&f, 422, 3, "/a/b", "lot", "expected \"x\"");
	sy_fault_add(&f, 0, 3, "/a", NULL, "a warning");
	sy_fault_add(&f, 400, SY_NO_RECORD, "", NULL, "bad");
	f.dropped = 7;
	http_problem(x, sy_faults_status(&f), NULL, "two faults", &f);
}

/* Replies while memory is out. */
static inline void poor(struct http_exchange *x, void *ctx)
{
	uint64_t nth = 0;
	(void)ctx;
	sy_str_u64(http_request(x)->param[0], &nth);
	fail_alloc_at((unsigned)nth);
	http_reply(x, 200, "text/plain", SY_STR("poor"));
	fail_alloc_at(0);
}

static inline void peer(struct http_exchange *x, void *ctx)
{
	const struct http_request *r = http_request(x);
	(void)ctx;
	char *text =
	    sy_arena_printf(http_arena(x), "%d %ld %ld", r->local, (long)r->uid, (long)r->pid);
	http_reply(x, 200, "text/plain", sy_str(text));
}

static inline void *streamer(void *arg)
{
	struct http_exchange *x = arg;
	char slice[1000];
	uint64_t n = 0, wrote = 0;
	sy_str_u64(http_request(x)->param[0], &n);
	bool whole = http_header_of(x, "X-Cut").n == 0;
	memset(slice, 's', sizeof slice);
	int err = http_stream_begin(x, 200, "text/plain");
	while (err == SY_OK && wrote < n) {
		size_t take = n - wrote < sizeof slice ? n - wrote : sizeof slice;
		err = http_stream_write(x, (struct sy_str){slice, take});
		wrote += take;
		pthread_mutex_lock(&mu);
		stream_wrote = wrote;
		pthread_mutex_unlock(&mu);
	}
	http_stream_end(x, whole && err == SY_OK);
	pthread_mutex_lock(&mu);
	stream_err = err;
	stream_over = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mu);
	return NULL;
}

static inline void stream(struct http_exchange *x, void *ctx)
{
	pthread_t t;
	(void)ctx;
	ck_assert_int_eq(pthread_create(&t, NULL, streamer, x), 0);
	pthread_detach(t);
}

static const struct http_route routes[] = {
    {HTTP_GET, "/", hello, HTTP_ANY, 0},
    {HTTP_GET, "/hello", hello, HTTP_ANY, 0},
    {HTTP_POST | HTTP_PUT, "/hello", hello, HTTP_ANY, 0},
    {HTTP_POST, "/echo", echo, HTTP_ANY, 4 << 20},
    {HTTP_POST, "/small", echo, HTTP_ANY, 10},
    {HTTP_GET, "/p/fixed", hello, HTTP_ANY, 0},
    {HTTP_GET, "/p/{a}", params, HTTP_ANY, 0},
    {HTTP_GET, "/p/{a}/x/{b*}", params, HTTP_ANY, 0},
    {HTTP_GET, "/big/{n}", big, HTTP_ANY, 0},
    {HTTP_GET, "/own/{n}", own, HTTP_ANY, 0},
    {HTTP_GET, "/hold", hold, HTTP_ANY, 0},
    {HTTP_POST, "/hold", hold, HTTP_ANY, 1 << 20},
    {HTTP_GET, "/slow", slow, HTTP_ANY, 0},
    {HTTP_GET, "/slow/count", count_slow, HTTP_ANY, 0},
    {HTTP_GET, "/faults", faulty, HTTP_ANY, 0},
    {HTTP_GET, "/poor/{n}", poor, HTTP_ANY, 0},
    {HTTP_GET, "/peer", peer, HTTP_ANY, 0},
    {HTTP_GET, "/local", peer, HTTP_LOCAL, 0},
    {HTTP_GET, "/stream/{n}", stream, HTTP_ANY, 0},
};

/* --- server and clients ------------------------------------------------------------------------
 */

static struct http_server *server;

static inline void start(struct http_options o)
{
	static const char *const listen[] = {"127.0.0.1:0"};
	const char *why = "";
	o.listen = listen;
	o.n_listen = 1;
	o.routes = routes;
	o.n_routes = sizeof routes / sizeof routes[0];
	ck_assert_msg(http_open(&o, &server, &why) == SY_OK, "%s", why);
	ck_assert_int_eq(http_start(server), SY_OK);
}

static inline void stop(void)
{
	http_close(server);
	server = NULL;
}

static inline struct sockaddr_in address(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	const char *text = http_address(server, 0);
	ck_assert_ptr_nonnull(text);
	a.sin_port = htons((uint16_t)atoi(strchr(text, ':') + 1));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static inline int dial(void)
{
	const struct timeval patience = {20, 0};
	struct sockaddr_in a = address();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static inline void say_n(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w < 0)
			return; /* the peer may have refused the rest */
		p += w, n -= (size_t)w;
	}
}

static inline void say(int fd, const char *text)
{
	say_n(fd, text, strlen(text));
}

/* All that comes till the peer closes; terminated. */
static inline char *hear(int fd, size_t *n)
{
	struct sy_buf b = {0};
	char part[65536];
	ssize_t r;
	while ((r = recv(fd, part, sizeof part, 0)) > 0)
		sy_buf_put(&b, part, (size_t)r);
	ck_assert_msg(r == 0 || errno == ECONNRESET, "no end: %s", strerror(errno));
	sy_buf_byte(&b, '\0');
	if (n != NULL)
		*n = b.n - 1;
	close(fd);
	return b.p;
}

static inline char *talk(const char *request)
{
	int fd = dial();
	say(fd, request);
	return hear(fd, NULL);
}

/* Hears until TEXT has come. */
static inline char *hear_until(int fd, const char *text)
{
	struct sy_buf b = {0};
	char c;
	while (b.p == NULL || strstr(sy_buf_cstr(&b), text) == NULL) {
		ck_assert_msg(recv(fd, &c, 1, 0) == 1, "no \"%s\"", text);
		sy_buf_byte(&b, c);
	}
	return b.p;
}

static inline unsigned times(const char *text, const char *what)
{
	unsigned n = 0;
	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

static inline void has(const char *name, const char *text, const char *what)
{
	ck_assert_msg(strstr(text, what) != NULL, "%s: no \"%s\" in:\n%.600s", name, what, text);
}

static inline void lacks(const char *name, const char *text, const char *what)
{
	ck_assert_msg(strstr(text, what) == NULL, "%s: \"%s\" in:\n%.600s", name, what, text);
}

static inline void wait_held(unsigned n)
{
	pthread_mutex_lock(&mu);
	while (n_held < n)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
}

static inline void wait_stream(void)
{
	pthread_mutex_lock(&mu);
	while (!stream_over)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
}

static inline void nap(void)
{
	nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static inline struct http_stats stats(void)
{
	struct http_stats s;
	http_stats(server, &s);
	return s;
}

static inline void wait_connections(uint64_t n)
{
	while (stats().connections != n)
		nap();
}

static inline void fresh(void)
{
	signal(SIGPIPE, SIG_DFL);
	n_held = calls = logged = slow_calls = 0;
	slow_may_end = false;
	stream_over = false;
	stream_wrote = 0;
}

struct lab_case {
	const char *name;
	const TTest *test;
};

static inline Suite *lab_suite(const char *name, const struct lab_case *cases, size_t n)
{
	Suite *s = suite_create(name);
	for (size_t i = 0; i < n; i++) {
		TCase *t = tcase_create(cases[i].name);
		tcase_set_timeout(t, 60);
		tcase_add_checked_fixture(t, fresh, NULL);
		tcase_add_test(t, cases[i].test);
		suite_add_tcase(s, t);
	}
	return s;
}

#endif
