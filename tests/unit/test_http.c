/* A real server on loopback, and clients that speak bytes. */
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

/* A stream's thread: how it ended. */
static int stream_err;
static size_t stream_wrote;
static bool stream_over;

static void hello(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&mu);
	calls++;
	pthread_mutex_unlock(&mu);
	http_set(x, "X-Set", "one");
	http_set(x, "X-Bad", "one\r\nX-Forged: two");
	http_reply(x, 200, "text/plain", SY_STR("hello"));
}

static void echo(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	http_reply(x, 200, "application/octet-stream", http_request(x)->body);
}

static void params(struct http_exchange *x, void *ctx)
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

static void big(struct http_exchange *x, void *ctx)
{
	struct sy_buf b = {0};
	uint64_t n = 0;
	(void)ctx;
	sy_str_u64(http_request(x)->param[0], &n);
	char *room = sy_buf_room(&b, n);
	if (room != NULL)
		memset(room, 'b', n);
	http_reply_buf(x, 200, "text/plain", &b);
}

static void hold(struct http_exchange *x, void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&mu);
	held[n_held++] = x;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mu);
}

static void faulty(struct http_exchange *x, void *ctx)
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

static void peer(struct http_exchange *x, void *ctx)
{
	const struct http_request *r = http_request(x);
	(void)ctx;
	char *text =
	    sy_arena_printf(http_arena(x), "%d %ld %ld", r->local, (long)r->uid, (long)r->pid);
	http_reply(x, 200, "text/plain", sy_str(text));
}

static void *streamer(void *arg)
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

static void stream(struct http_exchange *x, void *ctx)
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
    {HTTP_GET, "/hold", hold, HTTP_ANY, 0},
    {HTTP_POST, "/hold", hold, HTTP_ANY, 1 << 20},
    {HTTP_GET, "/faults", faulty, HTTP_ANY, 0},
    {HTTP_GET, "/peer", peer, HTTP_ANY, 0},
    {HTTP_GET, "/local", peer, HTTP_LOCAL, 0},
    {HTTP_GET, "/stream/{n}", stream, HTTP_ANY, 0},
};

/* --- server and clients ------------------------------------------------------------------------
 */

static struct http_server *server;

static void start(struct http_options o)
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

static void stop(void)
{
	http_close(server);
	server = NULL;
}

static int dial(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	const struct timeval patience = {20, 0};
	const char *address = http_address(server, 0);
	ck_assert_ptr_nonnull(address);
	a.sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void say_n(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w < 0)
			return; /* the peer may have refused the rest */
		p += w, n -= (size_t)w;
	}
}

static void say(int fd, const char *text)
{
	say_n(fd, text, strlen(text));
}

/* All that comes till the peer closes; terminated. */
static char *hear(int fd, size_t *n)
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

static char *talk(const char *request)
{
	int fd = dial();
	say(fd, request);
	return hear(fd, NULL);
}

/* Hears until TEXT has come. */
static char *hear_until(int fd, const char *text)
{
	struct sy_buf b = {0};
	char c;
	while (b.p == NULL || strstr(sy_buf_cstr(&b), text) == NULL) {
		ck_assert_msg(recv(fd, &c, 1, 0) == 1, "no \"%s\"", text);
		sy_buf_byte(&b, c);
	}
	return b.p;
}

static unsigned times(const char *text, const char *what)
{
	unsigned n = 0;
	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

static void has(const char *name, const char *text, const char *what)
{
	ck_assert_msg(strstr(text, what) != NULL, "%s: no \"%s\" in:\n%.600s", name, what, text);
}

static void lacks(const char *name, const char *text, const char *what)
{
	ck_assert_msg(strstr(text, what) == NULL, "%s: \"%s\" in:\n%.600s", name, what, text);
}

static void wait_held(unsigned n)
{
	pthread_mutex_lock(&mu);
	while (n_held < n)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
}

static void wait_stream(void)
{
	pthread_mutex_lock(&mu);
	while (!stream_over)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
}

static void nap(void)
{
	nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static struct http_stats stats(void)
{
	struct http_stats s;
	http_stats(server, &s);
	return s;
}

/* --- cases -------------------------------------------------------------------------------------
 */

START_TEST(answers)
{
	static const struct {
		const char *name, *request, *has[4], *lacks;
	} rows[] = {
	    {"get",
	     "GET /hello" H CLOSE,
	     {"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "\r\n\r\nhello", "Date: "},
	     "Forged"},
	    {"headers",
	     "GET /" H CLOSE,
	     {"X-Content-Type-Options: nosniff\r\n", "Connection: close\r\n", "X-Set: one\r\n",
	      "Content-Type: text/plain\r\n"},
	     "X-Bad"},
	    {"head",
	     "HEAD /hello" H CLOSE,
	     {"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n"},
	     "hello"},
	    {"http 1.0",
	     "GET /hello HTTP/1.0\r\n\r\n",
	     {"HTTP/1.1 200 OK\r\n", "hello", "Connection: close"},
	     NULL},
	    {"404",
	     "GET /nothing" H CLOSE,
	     {"HTTP/1.1 404 Not Found\r\n", "Content-Type: application/problem+json\r\n",
	      "\"type\":\"about:blank\"", "\"status\":404"},
	     NULL},
	    {"405",
	     "DELETE /hello" H CLOSE,
	     {"HTTP/1.1 405 Method Not Allowed\r\n", "Allow: GET, HEAD, POST, PUT\r\n"},
	     NULL},
	    {"501", "PATCH /hello" H "\r\n", {"HTTP/1.1 501 ", "Connection: close"}, NULL},
	    {"absolute", "GET http://else/hello" H CLOSE, {"200 OK"}, NULL},
	    {"echo", "POST /echo" H "Content-Length: 3\r\n" CLOSE "abc", {"\r\n\r\nabc"}, NULL},
	    {"chunked",
	     "POST /echo" H "Transfer-Encoding: chunked\r\n" CLOSE "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
	     {"Content-Length: 3\r\n", "\r\n\r\nabc"},
	     NULL},
	    {"body where none is taken",
	     "POST /hello" H "Content-Length: 3\r\n\r\nabc",
	     {"413 Content Too Large", "no body is taken"},
	     NULL},
	    {"body too large",
	     "POST /small" H "Content-Length: 11\r\n\r\n",
	     {"413 ", "Connection: close"},
	     NULL},
	    {"chunked body too large",
	     "POST /small" H "Transfer-Encoding: chunked\r\n\r\nb\r\n",
	     {"413 "},
	     NULL},
	    {"bad header",
	     "GET /hello" H "A : b\r\n\r\n",
	     {"400 Bad Request", "\"detail\":\"a header field is not a name and a colon\""},
	     NULL},
	    {"expectation failed", "POST /echo" H "Expect: tea\r\n\r\n", {"417 "}, NULL},
	    {"no continue for what is refused",
	     "POST /small" H "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n",
	     {"413 "},
	     "100 Continue"},
	    {"no continue for nothing",
	     "POST /nothing" H "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n",
	     {"404 "},
	     "100 Continue"},
	    {"params",
	     "GET /p/a%2Fb/x/c/d%20e" H "x-h: v \r\n" CLOSE,
	     {"2 [a/b] [c/d e] q=none [] h=[v]\n"},
	     NULL},
	    {"rest may be empty", "GET /p/a/x/" H CLOSE, {"2 [a] [] q=none"}, NULL},
	    {"earlier row wins", "GET /p/fixed" H CLOSE, {"hello"}, NULL},
	    {"a parameter isn't empty", "GET /p/" H CLOSE, {"404 "}, NULL},
	    {"query", "GET /p/a?q=1&x=3&%71=a+%26&q=4" H CLOSE, {"q=ok [a+&]"}, NULL},
	    {"query, badly coded", "GET /p/a?q=1&q=%4" H CLOSE, {"q=bad"}, NULL},
	    {"query, NUL", "GET /p/a?q=1&q=%00" H CLOSE, {"q=bad"}, NULL},
	    {"bad coding", "GET /p/a%2" H CLOSE, {"400 "}, NULL},
	    {"NUL", "GET /p/a%00" H CLOSE, {"400 "}, NULL},
	    {"local only", "GET /local" H CLOSE, {"403 "}, NULL},
	    {"peer over TCP", "GET /peer" H CLOSE, {"\r\n\r\n0 4294967295 0"}, NULL},
	    {"faults",
	     "GET /faults" H CLOSE,
	     {"HTTP/1.1 400 Bad Request",
	      "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
	      "\"detail\":\"two faults\",\"errors\":[{\"status\":422,\"record\":3,"
	      "\"pointer\":\"/a/b\",\"detail\":\"expected \\\"x\\\"\",\"field\":\"lot\"},"
	      "{\"status\":400,\"pointer\":\"\",\"detail\":\"bad\"}],\"errorsDropped\":7}"},
	     "a warning"},
	};
	start((struct http_options){.fronts = 2});
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *got = talk(rows[i].request);
		for (size_t k = 0; k < 4 && rows[i].has[k] != NULL; k++)
			has(rows[i].name, got, rows[i].has[k]);
		if (rows[i].lacks != NULL)
			lacks(rows[i].name, got, rows[i].lacks);
		free(got);
	}
	stop();
}
END_TEST

START_TEST(keep_alive)
{
	start((struct http_options){0});
	int fd = dial();
	for (int i = 0; i < 100; i++) {
		say(fd, "GET /hello" H "\r\n");
		char *got = hear_until(fd, "hello");
		lacks("keep", got, "Connection");
		free(got);
	}
	say(fd, "GET /nothing" H "\r\n");
	free(hear_until(fd, "}\n"));
	say(fd, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	char *got = hear_until(fd, "hello");
	has("1.0", got, "Connection: keep-alive\r\n");
	free(got);
	say(fd, "GET /hello HTTP/1.0\r\n\r\n");
	got = hear(fd, NULL);
	has("1.0", got, "hello");
	free(got);
	stop();
}
END_TEST

START_TEST(continues)
{
	start((struct http_options){0});
	int fd = dial();
	say(fd,
	    "GET /hold" H "\r\nPOST /echo" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	wait_held(1);
	http_reply(held[0], 200, "text/plain", SY_STR("held"));
	/* In order: not before the answer to the request before. */
	char *got = hear_until(fd, "100 Continue\r\n\r\n");
	has("first", got, "held");
	free(got);
	say(fd, "abc");
	got = hear_until(fd, "abc");
	has("then", got, "HTTP/1.1 200 OK");
	free(got);
	close(fd);
	stop();
}
END_TEST

START_TEST(half_closed)
{
	start((struct http_options){0});
	int fd = dial();
	say(fd, "GET /hello" H "\r\nGET /hold" H "\r\n");
	shutdown(fd, SHUT_WR);
	wait_held(1);
	http_reply(held[0], 200, "text/plain", SY_STR("late"));
	char *got = hear(fd, NULL);
	has("half closed", got, "hello");
	has("half closed", got, "late");
	free(got);
	stop();
}
END_TEST

START_TEST(nothing_after_a_refusal)
{
	static const char *const rows[] = {
	    "GET /hello" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\nG",
	    "POST /echo" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    "POST /echo" H "Transfer-Encoding: chunked\r\n\r\n1\nA\n0\r\n\r\n",
	    "POST /small" H "Content-Length: 33\r\n\r\n",
	    "POST /nothing" H "Content-Length: 33\r\n\r\n",
	    "GET /hello" H "A: b\r\n c\r\n\r\n",
	    "GET /hello HTTP/1.1\r\n\r\n",
	};
	start((struct http_options){0});
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[512];
		snprintf(text, sizeof text, "%sGET /hello" H "\r\nGET /hello" H "\r\n", rows[i]);
		char *got = talk(text);
		ck_assert_msg(times(got, "HTTP/1.1 ") == 1, "%s:\n%s", rows[i], got);
		has(rows[i], got, "Connection: close\r\n");
		free(got);
	}
	ck_assert_uint_eq(calls, 0);
	stop();
}
END_TEST

static void *reply_backwards(void *arg)
{
	(void)arg;
	for (unsigned i = n_held; i-- > 0;) {
		char text[32];
		snprintf(text, sizeof text, "number %u.", i);
		http_reply(held[i], 200, "text/plain", sy_str(text));
	}
	return NULL;
}

START_TEST(pipelining)
{
	pthread_t t;
	start((struct http_options){0});
	int fd = dial();
	struct sy_buf b = {0};
	for (unsigned i = 0; i < 20; i++)
		sy_buf_text(&b, "GET /hold" H "\r\n");
	for (unsigned i = 0; i < 100; i++)
		sy_buf_text(&b, "GET /hello" H "\r\n");
	sy_buf_text(&b, "GET /big/100000" H CLOSE);
	say_n(fd, b.p, b.n);
	sy_buf_free(&b);
	wait_held(20);
	pthread_create(&t, NULL, reply_backwards, NULL);
	pthread_join(t, NULL);
	char *got = hear(fd, NULL);
	const char *at = got;
	for (unsigned i = 0; i < 20; i++) {
		char text[32];
		snprintf(text, sizeof text, "number %u.", i);
		at = strstr(at, text);
		ck_assert_msg(at != NULL, "%s is out of order", text);
	}
	ck_assert_uint_eq(times(at, "hello"), 100);
	ck_assert_uint_eq(times(got, "HTTP/1.1 200 OK"), 121);
	has("pipelining", at, "bbbbbbbb");
	free(got);
	stop();
}
END_TEST

/* Replies to whatever is held, till 1000 were. */
static void *replier(void *arg)
{
	unsigned *left = arg;
	for (;;) {
		pthread_mutex_lock(&mu);
		while (n_held == 0 && *left > 0)
			pthread_cond_wait(&changed, &mu);
		struct http_exchange *x = n_held > 0 ? held[--n_held] : NULL;
		if (x != NULL && --*left == 0)
			pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mu);
		if (x == NULL)
			return NULL;
		if (http_request(x)->body.n > 0)
			http_reply(x, 201, "text/plain", http_request(x)->body);
		else
			http_problem_err(x, SY_EBUSY, NULL);
	}
}

static void *asker(void *arg)
{
	(void)arg;
	int fd = dial();
	for (int i = 0; i < 125; i++) {
		say(fd, "POST /hold" H "Content-Length: 4\r\n\r\n1234GET /hold" H "\r\n");
		char *got = hear_until(fd, "try again\"}\n");
		has("from threads", got, "201 Created");
		has("from threads", got, "1234");
		has("from threads", got, "Retry-After: 1\r\n");
		free(got);
	}
	close(fd);
	return NULL;
}

START_TEST(replies_from_threads)
{
	pthread_t ask[4], reply[3];
	unsigned left = 4 * 250;
	start((struct http_options){.fronts = 2});
	for (int i = 0; i < 3; i++)
		pthread_create(&reply[i], NULL, replier, &left);
	for (int i = 0; i < 4; i++)
		pthread_create(&ask[i], NULL, asker, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(ask[i], NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(reply[i], NULL);
	ck_assert_uint_eq(stats().by_status[2], 500);
	ck_assert_uint_eq(stats().by_status[5], 500);
	ck_assert_uint_eq(stats().body_bytes, 0);
	stop();
}
END_TEST

static void wait_connections(uint64_t n)
{
	while (stats().connections != n)
		nap();
}

/* The peer is gone before it is answered: by a reset, and the memory is there till the reply. */
START_TEST(reply_to_the_dead)
{
	const struct linger hard = {1, 0};
	start((struct http_options){0});
	int fd = dial();
	say(fd, "POST /hold" H "Content-Length: 4\r\n\r\n1234GET /hold" H "\r\n");
	wait_held(2);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(fd);
	wait_connections(0);
	ck_assert(sy_str_is(http_request(held[0])->body, "1234"));
	http_reply(held[1], 200, "text/plain", SY_STR("x"));
	http_reply(held[0], 200, "text/plain", http_request(held[0])->body);
	while (stats().body_bytes != 0 || stats().answer_bytes != 0)
		nap();
	free(talk("GET /hello" H CLOSE));
	stop();
}
END_TEST

START_TEST(reply_after_close)
{
	start((struct http_options){.fronts = 2});
	int a = dial(), b = dial(), c = dial();
	say(a, "GET /hold" H "\r\n");
	say(b, "GET /hold" H "\r\n");
	say(c, "GET /stream/100000000" H "\r\n");
	wait_held(2);
	free(hear_until(c, "ssss"));
	stop();
	http_reply(held[0], 200, "text/plain", SY_STR("x"));
	http_problem(held[1], 404, NULL, NULL, NULL);
	wait_stream();
	ck_assert_int_eq(stream_err, SY_EIO);
	close(a), close(b), close(c);
}
END_TEST

START_TEST(streams)
{
	size_t n;
	start((struct http_options){0});
	int fd = dial();
	say(fd, "GET /stream/3000000" H "\r\nGET /hello" H CLOSE);
	/* The peer doesn't read: the writer stops, and nothing piles up. */
	size_t before = 1, now = 0;
	while (before != now || now == 0) {
		for (int i = 0; i < 50; i++)
			nap();
		before = now;
		pthread_mutex_lock(&mu);
		now = stream_wrote;
		pthread_mutex_unlock(&mu);
	}
	char *got = hear(fd, &n);
	has("stream", got, "Transfer-Encoding: chunked\r\n");
	has("stream", got, "\r\n0\r\n\r\nHTTP/1.1 200 OK");
	has("stream", got, "hello");
	size_t s = 0;
	for (size_t i = 0; i < n; i++)
		s += got[i] == 's';
	ck_assert_uint_ge(s, 3000000);
	free(got);
	wait_stream();
	ck_assert_int_eq(stream_err, SY_OK);
	stop();
}
END_TEST

START_TEST(stream_back_pressure)
{
	int small = 16 * 1024;
	start((struct http_options){.write_ms = 300});
	int fd = dial();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	say(fd, "GET /stream/1000000000" H "\r\n");
	/* The peer never reads: its deadline ends it. */
	wait_stream();
	ck_assert_int_eq(stream_err, SY_EIO);
	ck_assert_uint_lt(stream_wrote, 20 << 20);
	ck_assert_uint_eq(stats().timeouts, 1);
	wait_connections(0);
	ck_assert_uint_eq(stats().answer_bytes, 0);
	close(fd);
	stop();
}
END_TEST

START_TEST(stream_kinds)
{
	size_t n;
	start((struct http_options){0});
	char *got = talk("GET /stream/20000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	lacks("1.0", got, "chunked");
	has("1.0", got, "Connection: close\r\n");
	ck_assert_uint_eq(strlen(strstr(got, "\r\n\r\n") + 4), 20000);
	free(got);

	got = talk("HEAD /stream/200000" H CLOSE);
	lacks("head", got, "sss");
	has("head", got, "200 OK");
	free(got);

	int fd = dial();
	say(fd, "GET /stream/20000" H "X-Cut: 1\r\n\r\nGET /hello" H "\r\n");
	got = hear(fd, &n);
	lacks("cut", got, "\r\n0\r\n");
	lacks("cut", got, "hello");
	free(got);
	stop();
}
END_TEST

START_TEST(stream_peer_gone)
{
	start((struct http_options){0});
	int fd = dial();
	say(fd, "GET /stream/1000000000" H "\r\n");
	free(hear_until(fd, "sss"));
	close(fd);
	wait_stream();
	ck_assert_int_eq(stream_err, SY_EIO);
	stop();
}
END_TEST

START_TEST(deadlines)
{
	static const struct {
		const char *name, *text, *answer; /* NULL: closed without a word */
	} rows[] = {
	    {"half a request line", "GET /he", "408 Request Timeout"},
	    {"half a header section", "GET /hello" H "A: b\r\n", "408 Request Timeout"},
	    {"half a body", "POST /echo" H "Content-Length: 9\r\n\r\nabc", "408 "},
	    {"half a chunk", "POST /echo" H "Transfer-Encoding: chunked\r\n\r\n9\r\na", "408 "},
	    {"idle", "", NULL},
	};
	start((struct http_options){.header_ms = 60, .request_ms = 120, .idle_ms = 60});
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *got = talk(rows[i].text);
		if (rows[i].answer != NULL) {
			has(rows[i].name, got, rows[i].answer);
			has(rows[i].name, got, "Connection: close\r\n");
		} else {
			ck_assert_msg(*got == '\0', "%s: %s", rows[i].name, got);
		}
		free(got);
	}
	char *got = talk("GET /hello" H "\r\n");
	has("idle after an answer", got, "hello");
	lacks("idle after an answer", got, "408");
	free(got);
	ck_assert_uint_eq(stats().timeouts, 6);
	stop();
}
END_TEST

START_TEST(drips)
{
	start((struct http_options){.header_ms = 100, .request_ms = 200, .idle_ms = 5000});
	static const char *const rows[] = {"", "POST /echo" H "Content-Length: 100000\r\n\r\n"};
	for (size_t i = 0; i < 2; i++) {
		int fd = dial();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		say(fd, rows[i]);
		while (poll(&p, 1, 2) == 0)
			say(fd, "A");
		char *got = hear(fd, NULL);
		has("drip", got, "408 ");
		free(got);
	}
	stop();
}
END_TEST

START_TEST(peer_never_reads)
{
	int small = 4096;
	start((struct http_options){.write_ms = 100});
	int fd = dial();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 0; i < 4; i++)
		say(fd, "GET /big/8000000" H "\r\n");
	wait_connections(1);
	wait_connections(0);
	ck_assert_uint_eq(stats().timeouts, 1);
	/* It was read from no further while it didn't read. */
	ck_assert_uint_eq(stats().requests, 1);
	ck_assert_uint_eq(stats().answer_bytes, 0);
	close(fd);
	stop();
}
END_TEST

START_TEST(body_budget)
{
	start((struct http_options){.body_budget = 1000});
	int a = dial();
	say(a, "POST /echo" H "Content-Length: 600\r\n\r\n");
	while (stats().body_bytes != 600)
		nap();
	char *got = talk("POST /echo" H "Content-Length: 500\r\n\r\nGET /hello" H "\r\n");
	has("over", got, "503 Service Unavailable");
	has("over", got, "Retry-After: ");
	has("over", got, "Connection: close");
	ck_assert_uint_eq(times(got, "HTTP/1.1"), 1);
	free(got);
	got = talk("POST /echo" H "Content-Length: 4\r\n" CLOSE "1234");
	has("fits", got, "200 OK");
	free(got);
	close(a);
	wait_connections(0);
	ck_assert_uint_eq(stats().body_bytes, 0);
	got = talk("POST /echo" H "Transfer-Encoding: chunked\r\n\r\n3e9\r\n");
	has("chunk over", got, "503 ");
	free(got);
	stop();
}
END_TEST

START_TEST(answer_budget)
{
	int small = 4096;
	start((struct http_options){.answer_budget = 9000000});
	int fd = dial();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	say(fd, "GET /big/8500000" H "\r\n");
	while (stats().requests != 1)
		nap();
	char *got = talk("GET /big/8000000" H "\r\nGET /hello" H CLOSE);
	has("over", got, "503 Service Unavailable");
	has("over", got, "hello");
	free(got);
	close(fd);
	wait_connections(0);
	ck_assert_uint_eq(stats().answer_bytes, 0);
	got = talk("GET /big/8000000" H CLOSE);
	has("fits again", got, "200 OK");
	free(got);
	stop();
}
END_TEST

START_TEST(connections)
{
	start((struct http_options){.max_connections = 2});
	int a = dial(), b = dial();
	wait_connections(2);
	int c = dial();
	char *got = hear(c, NULL);
	has("over", got, "HTTP/1.1 503 ");
	has("over", got, "Retry-After: ");
	free(got);
	close(a);
	wait_connections(1);
	got = talk("GET /hello" H CLOSE);
	has("room again", got, "hello");
	free(got);
	close(b);
	stop();
}
END_TEST

struct drain {
	unsigned ms;
};

static void *drainer(void *arg)
{
	http_drain(server, ((struct drain *)arg)->ms);
	return NULL;
}

START_TEST(drain)
{
	struct drain d = {10000};
	pthread_t t;
	start((struct http_options){.fronts = 2});
	int idle = dial(), held_one = dial(), half = dial();
	say(idle, "GET /hello" H "\r\n");
	free(hear_until(idle, "hello"));
	say(held_one, "GET /hold" H "\r\n");
	wait_held(1);
	say(half, "GET /hello" H);
	wait_connections(3);
	while (stats().bytes_in < 80)
		nap();
	pthread_create(&t, NULL, drainer, &d);
	char *got = hear(idle, NULL);
	ck_assert_str_eq(got, "");
	free(got);
	say(half, "\r\n");
	got = hear(half, NULL);
	has("half sent", got, "hello");
	has("half sent", got, "Connection: close\r\n");
	free(got);
	http_reply(held[0], 200, "text/plain", SY_STR("held"));
	got = hear(held_one, NULL);
	has("held", got, "held");
	has("held", got, "Connection: close\r\n");
	free(got);
	pthread_join(t, NULL);
	ck_assert_uint_eq(stats().connections, 0);
	stop();
}
END_TEST

START_TEST(drain_cuts)
{
	start((struct http_options){0});
	int a = dial(), b = dial();
	say(a, "GET /stream/1000000000" H "\r\n");
	free(hear_until(a, "sss"));
	say(b, "GET /hold" H "\r\n");
	wait_held(1);
	http_drain(server, 50);
	wait_stream();
	ck_assert_int_eq(stream_err, SY_EIO);
	ck_assert_uint_eq(stats().connections, 0);
	http_reply(held[0], 200, NULL, SY_STR(""));
	stop();
	close(a), close(b);
}
END_TEST

static int dial_unix(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

START_TEST(unix_socket)
{
	char dir[] = "/tmp/suyuan-http-XXXXXX", path[64], want[64];
	struct stat st;
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/socket", dir);
	start((struct http_options){.unix_path = path});
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
	int fd = dial_unix(path);
	say(fd, "GET /local" H CLOSE);
	char *got = hear(fd, NULL);
	snprintf(want, sizeof want, "1 %ld %ld", (long)getuid(), (long)getpid());
	has("peer", got, want);
	free(got);

	/* Somebody serves it: left alone. */
	struct http_server *other;
	const char *why = NULL;
	struct http_options o = {.unix_path = path, .routes = routes, .n_routes = 1};
	ck_assert_int_eq(http_open(&o, &other, &why), SY_EIO);
	ck_assert_ptr_null(other);
	has("why", why, "another process serves it");
	stop();
	ck_assert_int_ne(stat(path, &st), 0);

	/* Nobody does: replaced. */
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int stale = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(stale, (struct sockaddr *)&a, sizeof a), 0);
	close(stale);
	start((struct http_options){.unix_path = path});
	fd = dial_unix(path);
	say(fd, "GET /hello" H CLOSE);
	got = hear(fd, NULL);
	has("replaced", got, "hello");
	free(got);
	stop();

	/* No socket at all: left alone. */
	fclose(fopen(path, "w"));
	ck_assert_int_eq(http_open(&o, &other, &why), SY_EIO);
	ck_assert_int_eq(stat(path, &st), 0);
	unlink(path);
	rmdir(dir);
}
END_TEST

START_TEST(addresses)
{
	static const struct {
		const char *address;
		int err;
		const char *begin;
	} rows[] = {
	    {"127.0.0.1:0", SY_OK, "127.0.0.1:"},
	    {"[::1]:0", SY_OK, "[::1]:"},
	    {"127.0.0.1", SY_EIO, NULL},
	    {"::1:80", SY_EIO, NULL},
	    {"localhost:80", SY_EIO, NULL},
	    {"127.0.0.1:http", SY_EIO, NULL},
	    {"127.0.0.1:99999", SY_EIO, NULL},
	    {"192.0.2.1:7300", SY_EIO, NULL},
	    {":80", SY_EIO, NULL},
	    {"", SY_EIO, NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct http_options o = {.listen = &rows[i].address, .n_listen = 1};
		struct http_server *s;
		const char *why = NULL;
		int err = http_open(&o, &s, &why);
		if (err != SY_OK && strchr(rows[i].address, '[') != NULL)
			continue; /* a machine without IPv6 */
		ck_assert_msg(err == rows[i].err, "%s: %s", rows[i].address, why);
		if (err != SY_OK) {
			has("why", why, rows[i].address);
			continue;
		}
		has("address", http_address(s, 0), rows[i].begin);
		ck_assert_ptr_null(strstr(http_address(s, 0), "]:0"));
		ck_assert_ptr_null(http_address(s, 1));
		http_close(s);
	}
	const char *taken, *why = NULL;
	struct http_server *s;
	start((struct http_options){0});
	taken = http_address(server, 0);
	struct http_options o = {.listen = &taken, .n_listen = 1};
	ck_assert_int_eq(http_open(&o, &s, &why), SY_EIO);
	has("taken", why, "in use");
	stop();
}
END_TEST

START_TEST(bad_routes)
{
	static const struct http_route rows[] = {
	    {HTTP_GET, "a", hello, HTTP_ANY, 0},
	    {HTTP_GET, "/{a", hello, HTTP_ANY, 0},
	    {HTTP_GET, "/x{a}", hello, HTTP_ANY, 0},
	    {HTTP_GET, "/{a}x", hello, HTTP_ANY, 0},
	    {HTTP_GET, "/{a*}/x", hello, HTTP_ANY, 0},
	    {HTTP_GET, "/{a}/{b}/{c}/{d}/{e}", hello, HTTP_ANY, 0},
	    {0, "/a", hello, HTTP_ANY, 0},
	    {HTTP_GET, "/a", NULL, HTTP_ANY, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct http_options o = {.routes = &rows[i], .n_routes = 1};
		struct http_server *s;
		const char *why = NULL;
		ck_assert_msg(http_open(&o, &s, &why) == SY_EINVAL, "%s", rows[i].pattern);
		ck_assert_ptr_nonnull(why);
	}
}
END_TEST

static unsigned logged;
static void log_answer(void *ctx, const struct http_request *r, int status, size_t bytes,
		       uint64_t us)
{
	(void)ctx, (void)us;
	ck_assert_uint_gt(bytes, 0);
	pthread_mutex_lock(&mu);
	logged += status == 200 && sy_str_is(r->path, "/hello");
	logged += status == 400 && r->method == 0;
	pthread_mutex_unlock(&mu);
}

START_TEST(logging)
{
	start((struct http_options){.log = log_answer});
	free(talk("GET /hello" H "\r\nGET /hello" H CLOSE));
	free(talk("nonsense\r\n"));
	stop();
	ck_assert_uint_eq(logged, 3);
}
END_TEST

START_TEST(large_bodies)
{
	enum { N = 3000000 };
	char head[128];
	struct sy_buf b = {0};
	size_t n;
	start((struct http_options){0});
	snprintf(head, sizeof head, "POST /echo" H "Content-Length: %d\r\n" CLOSE, N);
	sy_buf_text(&b, head);
	for (unsigned i = 0; i < N; i++)
		sy_buf_byte(&b, (char)('a' + i % 23));
	int fd = dial();
	say_n(fd, b.p, b.n);
	char *got = hear(fd, &n);
	ck_assert_uint_gt(n, N);
	ck_assert_int_eq(memcmp(got + n - N, b.p + b.n - N, N), 0);
	free(got);
	sy_buf_free(&b);
	stop();
}
END_TEST

static void fresh(void)
{
	signal(SIGPIPE, SIG_DFL);
	n_held = calls = logged = 0;
	stream_over = false;
	stream_wrote = 0;
}

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} cases[] = {
	    {"answers", answers},
	    {"keep_alive", keep_alive},
	    {"continues", continues},
	    {"half_closed", half_closed},
	    {"nothing_after_a_refusal", nothing_after_a_refusal},
	    {"pipelining", pipelining},
	    {"replies_from_threads", replies_from_threads},
	    {"reply_to_the_dead", reply_to_the_dead},
	    {"reply_after_close", reply_after_close},
	    {"streams", streams},
	    {"stream_back_pressure", stream_back_pressure},
	    {"stream_kinds", stream_kinds},
	    {"stream_peer_gone", stream_peer_gone},
	    {"deadlines", deadlines},
	    {"drips", drips},
	    {"peer_never_reads", peer_never_reads},
	    {"body_budget", body_budget},
	    {"answer_budget", answer_budget},
	    {"connections", connections},
	    {"drain", drain},
	    {"drain_cuts", drain_cuts},
	    {"unix_socket", unix_socket},
	    {"addresses", addresses},
	    {"bad_routes", bad_routes},
	    {"logging", logging},
	    {"large_bodies", large_bodies},
	};
	Suite *s = suite_create("http");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *t = tcase_create(cases[i].name);
		tcase_set_timeout(t, 60);
		tcase_add_checked_fixture(t, fresh, NULL);
		tcase_add_test(t, cases[i].test);
		suite_add_tcase(s, t);
	}
	return s;
}
