/*
 * What a receiver of webhooks answers, as curl and what listens to it read that, over a socket
 * whose other end has said it all.  A notice counts as taken only when there was a status of 2xx
 * and a head that ended.
 */
#include "hook/hook_impl.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

/* A socket that curl connects to, by a name that no file has. */
static int listener(char name[32])
{
	static int fd = -1;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int n = snprintf(name, 32, "suyuan-fuzz-%d", (int)getpid());
	if (fd >= 0)
		return fd;
	memcpy(at.sun_path + 1, name, (size_t)n);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(fd >= 0);
	MUST(bind(fd, (struct sockaddr *)&at,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0);
	MUST(listen(fd, 4) == 0);
	return fd;
}

/* Takes the connection, says it all, and nothing more. */
static int answer(int from, const uint8_t *data, size_t n)
{
	int room = 1 << 20, fd = accept4(from, NULL, NULL, SOCK_CLOEXEC);
	MUST(fd >= 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
	MUST(n == 0 || send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n);
	MUST(shutdown(fd, SHUT_WR) == 0);
	return fd;
}

/* Until it is over; the status that came. */
static long perform(CURLM *multi, CURL *curl)
{
	int running = 1, left;
	long status = 0;
	while (running) {
		MUST(curl_multi_perform(multi, &running) == CURLM_OK);
		if (running)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	const CURLMsg *m = curl_multi_info_read(multi, &left);
	MUST(m && m->msg == CURLMSG_DONE && m->data.result != CURLE_OPERATION_TIMEDOUT &&
	     m->data.result != CURLE_COULDNT_CONNECT);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool has(const uint8_t *data, size_t n, const char *what)
{
	return memmem(data, n, what, strlen(what)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n > 16384)
		return 0;
	const struct receiver to = {.url = SY_STR("http://127.0.0.1:1/")};
	static const struct hooks h;
	struct flight f = {.curl = curl_easy_init()};
	CURLM *multi = curl_multi_init();
	char name[32];
	int from = listener(name), running;
	MUST(f.curl && multi);
	sy_buf_text(&f.body, "{}");
	flight_options(&h, &f, &to);
	curl_easy_setopt(f.curl, CURLOPT_ABSTRACT_UNIX_SOCKET, name);
	curl_multi_add_handle(multi, f.curl);
	curl_multi_perform(multi, &running); /* it connects */
	int fd = answer(from, data, n);
	long status = perform(multi, f.curl);
	if (flight_taken(&f))
		MUST(status == f.status && status / 100 == 2 && n > 12 && has(data, n, "HTTP/") &&
		     has(data, n, "\r\n"));
	MUST(f.got <= n);
	curl_multi_remove_handle(multi, f.curl);
	curl_easy_cleanup(f.curl);
	curl_multi_cleanup(multi);
	close(fd);
	sy_buf_free(&f.body);
	return 0;
}
