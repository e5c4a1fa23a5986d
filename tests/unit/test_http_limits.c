/* Deadlines, budgets, connections: what ends a peer that takes too much. */
#include "http_lab.h"

#include <sys/resource.h>

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
	start((struct http_options){.body_budget = 10000});
	int a = dial();
	say(a, "POST /echo" H "Content-Length: 6000\r\n\r\n");
	while (stats().body_bytes != 6000)
		nap();
	char *got = talk("POST /echo" H "Content-Length: 5000\r\n\r\nGET /hello" H "\r\n");
	has("over", got, "503 Service Unavailable");
	has("over", got, "Retry-After: ");
	has("over", got, "Connection: close");
	ck_assert_uint_eq(times(got, "HTTP/1.1"), 1);
	free(got);
	got = talk("POST /echo" H "Content-Length: 4\r\n" CLOSE "1234");
	has("fits", got, "200 OK");
	free(got);
	int b = dial();
	say(b, "POST /echo" H "Content-Length: 4096\r\n\r\n");
	while (stats().body_bytes != 10096)
		nap();
	got = talk("POST /echo" H "Content-Length: 4\r\n" CLOSE "1234");
	has("a small one passes", got, "200 OK");
	free(got);
	close(a), close(b);
	wait_connections(0);
	ck_assert_uint_eq(stats().body_bytes, 0);
	got = talk("POST /echo" H "Transfer-Encoding: chunked\r\n\r\n2711\r\n");
	has("chunk over", got, "503 ");
	free(got);
	stop();
}
END_TEST

/* Heads count as well, but for what is usual. */
START_TEST(head_budget)
{
	char field[12001];
	int fd[4];
	memset(field, 'x', sizeof field - 1);
	field[sizeof field - 1] = '\0';
	start((struct http_options){.body_budget = 80000});
	for (int i = 0; i < 4; i++) {
		fd[i] = dial();
		say(fd[i], "GET /hello" H "X: ");
		say(fd[i], field);
		while (i < 3 && stats().bytes_in < 12000 * (i + 1u))
			nap();
	}
	ck_assert_uint_gt(stats().body_bytes, 36000);
	ck_assert_uint_le(stats().body_bytes, 80000);
	char *got = hear(fd[3], NULL);
	has("over", got, "503 ");
	free(got);
	got = talk("GET /hello" H CLOSE);
	has("usual", got, "hello");
	free(got);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	wait_connections(0);
	ck_assert_uint_eq(stats().body_bytes, 0);
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
	static const char *const over[] = {"GET /big/8000000" H "\r\nGET /hello" H CLOSE,
					   "GET /own/8000000" H "\r\nGET /hello" H CLOSE};
	for (unsigned i = 0; i < 2; i++) {
		char *got = talk(over[i]);
		has("over", got, "503 Service Unavailable");
		has("over", got, "hello");
		free(got);
	}
	close(fd);
	wait_connections(0);
	ck_assert_uint_eq(stats().answer_bytes, 0);
	char *got = talk("GET /big/8000000" H CLOSE);
	has("fits again", got, "200 OK");
	free(got);
	stop();
}
END_TEST

/* Past the limit the one that was idle longest goes; those at work stay, and then nobody comes. */
START_TEST(connections)
{
	start((struct http_options){.max_connections = 2});
	int a = dial(), b = dial();
	say(b, "GET /hello" H "\r\n");
	free(hear_until(b, "hello"));
	int c = dial();
	char *got = hear(a, NULL);
	ck_assert_str_eq(got, "");
	free(got);
	say(c, "GET /hold" H "\r\n");
	say(b, "GET /hold" H "\r\n");
	wait_held(2);
	int d = dial();
	got = hear(d, NULL);
	has("over", got, "HTTP/1.1 503 ");
	has("over", got, "Retry-After: ");
	free(got);
	ck_assert_uint_eq(stats().displaced, 1);
	ck_assert_uint_eq(stats().turned_away, 1);
	wait_connections(2); /* the peer hears of its end first */
	http_reply(held[0], 200, NULL, SY_STR("held"));
	http_reply(held[1], 200, NULL, SY_STR("held"));
	free(hear_until(b, "held"));
	free(hear_until(c, "held"));
	got = talk("GET /hello" H CLOSE);
	has("room again", got, "hello");
	free(got);
	close(b), close(c);
	stop();
}
END_TEST

/* A request that has been on its way for long gives way too, a fresh one doesn't. */
START_TEST(connections_half_asked)
{
	start((struct http_options){.max_connections = 1});
	int a = dial();
	say(a, "GET /hel");
	while (stats().bytes_in == 0)
		nap();
	char *got = talk("GET /hello" H CLOSE);
	has("fresh", got, "503 ");
	free(got);
	do
		got = talk("GET /hello" H CLOSE);
	while (strstr(got, "hello") == NULL && (free(got), true));
	has("long", got, "hello");
	free(got);
	got = hear(a, NULL);
	ck_assert_str_eq(got, "");
	free(got);
	stop();
}
END_TEST

START_TEST(connections_of_an_address)
{
	start((struct http_options){.max_per_address = 2});
	int a = dial(), b = dial();
	wait_connections(2);
	char *got = hear(dial(), NULL);
	has("over", got, "HTTP/1.1 503 ");
	free(got);
	struct sockaddr_in to = address(), other = {.sin_family = AF_INET};
	other.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(c, (struct sockaddr *)&other, sizeof other), 0);
	ck_assert_int_eq(connect(c, (struct sockaddr *)&to, sizeof to), 0);
	say(c, "GET /hello" H CLOSE);
	got = hear(c, NULL);
	has("another address", got, "hello");
	free(got);
	close(a);
	wait_connections(1);
	got = talk("GET /hello" H CLOSE);
	has("room again", got, "hello");
	free(got);
	close(b);
	wait_connections(0);
	stop();
}
END_TEST

/* --- fair turns --------------------------------------------------------------------------------
 */

START_TEST(pipelines_take_turns)
{
	struct sy_buf all = {0};
	start((struct http_options){.fronts = 1});
	int greedy = dial(), other = dial();
	wait_connections(2);
	for (int i = 0; i < 60; i++)
		sy_buf_text(&all, "GET /slow" H "\r\n");
	say_n(greedy, all.p, all.n);
	pthread_mutex_lock(&mu);
	while (slow_calls == 0)
		pthread_cond_wait(&changed, &mu);
	pthread_mutex_unlock(&mu);
	/* While the front is at the first of them. */
	say(other, "GET /slow/count" H "\r\n");
	pthread_mutex_lock(&mu);
	slow_may_end = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mu);
	char *got = hear_until(other, "!");
	unsigned before = (unsigned)atoi(strstr(got, "after ") + 6);
	ck_assert_msg(before <= 4, "after %u of another's requests", before);
	free(got);
	for (int i = 0; i < 60; i++)
		free(hear_until(greedy, "slow"));
	close(greedy), close(other);
	sy_buf_free(&all);
	stop();
}
END_TEST

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* More was sent than is read ahead, and nothing can be done for now: nobody turns in a circle. */
START_TEST(waiting_costs_nothing)
{
	int small = 4096;
	struct sy_buf all = {0};
	start((struct http_options){.write_ms = 500});
	int fd = dial();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 0; i < 5000; i++)
		sy_buf_text(&all, "GET /big/100000" H "\r\n");
	wait_connections(1);
	double began = cpu_seconds();
	say_n(fd, all.p, all.n);
	wait_connections(0);
	ck_assert_uint_eq(stats().timeouts, 1);
	ck_assert_msg(cpu_seconds() - began < 0.25, "%.3f s", cpu_seconds() - began);
	close(fd);
	sy_buf_free(&all);
	stop();
}
END_TEST

/* Whoever holds most of a budget and doesn't move is cut off long before its deadline. */
START_TEST(hurried)
{
	int small = 4096;
	start((struct http_options){.answer_budget = 1000000, .body_budget = 1000000});
	int deaf = dial();
	setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	say(deaf, "GET /big/900000" H "\r\n");
	while (stats().answer_bytes < 500000)
		nap();
	int slow_one = dial();
	say(slow_one, "POST /echo" H "Content-Length: 600000\r\n\r\nabc");
	char *got = hear(slow_one, NULL);
	has("a body", got, "408 ");
	free(got);
	while (stats().timeouts < 2 || stats().answer_bytes != 0)
		nap();
	close(deaf);
	stop();
}
END_TEST

/* Out of descriptors the listener rests, and takes up again those that waited. */
START_TEST(descriptors)
{
	enum { N = 8 };
	struct rlimit limit, before;
	int fd[N];
	start((struct http_options){0});
	struct sockaddr_in a = address();
	for (int i = 0; i < N; i++)
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)fd[N - 1] + 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(connect(fd[i], (struct sockaddr *)&a, sizeof a), 0);
	wait_connections(2);
	say(fd[0], "GET /hello" H "\r\n");
	free(hear_until(fd[0], "hello"));
	ck_assert_uint_eq(stats().connections, 2);
	setrlimit(RLIMIT_NOFILE, &before);
	for (int i = 1; i < N; i++) {
		say(fd[i], "GET /hello" H CLOSE);
		char *got = hear(fd[i], NULL);
		has("later", got, "hello");
		free(got);
	}
	close(fd[0]);
	stop();
}
END_TEST

Suite *suite(void)
{
	const struct lab_case cases[] = {
	    {"deadlines", deadlines},
	    {"drips", drips},
	    {"peer_never_reads", peer_never_reads},
	    {"body_budget", body_budget},
	    {"head_budget", head_budget},
	    {"answer_budget", answer_budget},
	    {"connections", connections},
	    {"connections_half_asked", connections_half_asked},
	    {"connections_of_an_address", connections_of_an_address},
	    {"pipelines_take_turns", pipelines_take_turns},
	    {"waiting_costs_nothing", waiting_costs_nothing},
	    {"hurried", hurried},
	    {"descriptors", descriptors},
	};
	return lab_suite("http_limits", cases, sizeof cases / sizeof cases[0]);
}
