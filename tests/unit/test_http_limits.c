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
	    {"answer_budget", answer_budget},
	    {"connections", connections},
	    {"descriptors", descriptors},
	};
	return lab_suite("http_limits", cases, sizeof cases / sizeof cases[0]);
}
