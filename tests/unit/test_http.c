/* What one client sees: requests of every kind and their answers, sockets, routes. */
#include "http_lab.h"

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

/* A client that sends all before it reads still learns why it was refused. */
START_TEST(refused_upload)
{
	enum { N = 8000000 };
	char *body = calloc(1, N);
	ck_assert_ptr_nonnull(body);
	start((struct http_options){0});
	int fd = dial();
	say(fd, "POST /small" H "Content-Length: 8000000\r\n\r\n");
	for (size_t sent = 0; sent < N;) {
		ssize_t n = send(fd, body + sent, N - sent, MSG_NOSIGNAL);
		ck_assert_msg(n > 0, "cut off after %zu bytes", sent);
		sent += (size_t)n;
	}
	shutdown(fd, SHUT_WR);
	char *got = hear(fd, NULL);
	has("upload", got, "413 Content Too Large");
	free(got);
	free(body);
	stop();
}
END_TEST

/* An answer for which there is no memory says so, and is never half an answer. */
START_TEST(memory)
{
	start((struct http_options){0});
	char *got = talk("GET /poor/1" H "\r\nGET /hello" H CLOSE);
	has("no memory", got, "HTTP/1.1 503 Service Unavailable\r\n");
	has("no memory", got, "Content-Length: 0\r\n");
	lacks("no memory", got, "poor");
	has("then", got, "hello");
	free(got);
	got = talk("GET /poor/0" H CLOSE);
	has("memory", got, "poor");
	free(got);
	stop();
}
END_TEST

START_TEST(open_memory)
{
	static const char *const listen[] = {"127.0.0.1:0"};
	const struct http_options o = {.listen = listen,
				       .n_listen = 1,
				       .fronts = 2,
				       .routes = routes,
				       .n_routes = sizeof routes / sizeof routes[0]};
	bool failed = true;
	for (unsigned nth = 1; failed; nth++) {
		const char *why;
		fail_alloc_at(nth);
		int err = http_open(&o, &server, &why);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		http_close(server);
	}
}
END_TEST

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

Suite *suite(void)
{
	const struct lab_case cases[] = {
	    {"answers", answers},
	    {"keep_alive", keep_alive},
	    {"continues", continues},
	    {"half_closed", half_closed},
	    {"nothing_after_a_refusal", nothing_after_a_refusal},
	    {"pipelining", pipelining},
	    {"large_bodies", large_bodies},
	    {"refused_upload", refused_upload},
	    {"memory", memory},
	    {"open_memory", open_memory},
	    {"logging", logging},
	    {"unix_socket", unix_socket},
	    {"addresses", addresses},
	    {"bad_routes", bad_routes},
	};
	return lab_suite("http", cases, sizeof cases / sizeof cases[0]);
}
