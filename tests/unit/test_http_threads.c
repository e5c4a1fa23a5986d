/* Answers and streams from other threads than the front's, peers that die, ends of a server. */
#include "http_lab.h"

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

/* Answers to two fronts, in a pipeline and to one whose peer has gone, kept together. */
START_TEST(replies_together)
{
	start((struct http_options){.fronts = 2});
	int a = dial(), b = dial(), gone = dial();
	say(a, "GET /hold" H "\r\nGET /hold" H CLOSE);
	say(b, "GET /hold" H CLOSE);
	wait_held(3);
	say(gone, "GET /hold" H "\r\n");
	wait_held(4);
	close(gone);
	http_hold();
	for (unsigned i = 4; i-- > 0;)
		http_reply(held[i], 200, "text/plain", SY_STR("x"));
	ck_assert_uint_eq(stats().by_status[2], 0);
	http_release();
	char *got = hear(a, NULL);
	has("two of one connection", strstr(got, "200 OK") + 1, "200 OK");
	free(got);
	got = hear(b, NULL);
	has("another front's", got, "200 OK");
	free(got);
	free(talk("GET /hello" H CLOSE)); /* not held any more */
	close(a), close(b);
	stop();
}
END_TEST

START_TEST(replies_together_after_close)
{
	start((struct http_options){.fronts = 2});
	int a = dial(), b = dial();
	say(a, "GET /hold" H "\r\nGET /hold" H "\r\n");
	say(b, "GET /hold" H "\r\n");
	wait_held(3);
	http_hold();
	http_reply(held[2], 200, "text/plain", SY_STR("x"));
	stop();
	http_reply(held[0], 200, "text/plain", SY_STR("x"));
	http_problem(held[1], 404, NULL, NULL, NULL);
	http_release();
	close(a), close(b);
}
END_TEST

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
	/* Dealt in turn: each front has an idle one, whose end says that the front drains. */
	int idle = dial(), held_one = dial(), half = dial(), other_idle = dial();
	say(idle, "GET /hello" H "\r\n");
	free(hear_until(idle, "hello"));
	say(held_one, "GET /hold" H "\r\n");
	wait_held(1);
	say(half, "GET /hello" H);
	wait_connections(4);
	while (stats().bytes_in < 80)
		nap();
	pthread_create(&t, NULL, drainer, &d);
	/* What wasn't asked for as a whole isn't waited for. */
	char *got = hear(half, NULL);
	has("half sent", got, "HTTP/1.1 503 ");
	has("half sent", got, "Connection: close\r\n");
	free(got);
	got = hear(idle, NULL);
	ck_assert_str_eq(got, "");
	free(got);
	got = hear(other_idle, NULL);
	ck_assert_str_eq(got, "");
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

Suite *suite(void)
{
	const struct lab_case cases[] = {
	    {"replies_from_threads", replies_from_threads},
	    {"replies_together", replies_together},
	    {"replies_together_after_close", replies_together_after_close},
	    {"reply_to_the_dead", reply_to_the_dead},
	    {"reply_after_close", reply_after_close},
	    {"streams", streams},
	    {"stream_back_pressure", stream_back_pressure},
	    {"stream_kinds", stream_kinds},
	    {"stream_peer_gone", stream_peer_gone},
	    {"drain", drain},
	    {"drain_cuts", drain_cuts},
	};
	return lab_suite("http_threads", cases, sizeof cases / sizeof cases[0]);
}
