/*
 * Load for the benchmarks: one thread, an epoll loop, raw HTTP/1.1 to a loopback address.
 *
 *   load bulk   ADDRESS:PORT KEYFILE ORIGIN GTIN PREFIX RECORDS PER CONNECTIONS
 *   load single ADDRESS:PORT KEYFILE ORIGIN GTIN PREFIX RECORDS CONNECTIONS      (presigned)
 *   load get    ADDRESS:PORT PATH COUNT CONNECTIONS RATE LOTS
 *
 * PATH may hold one %u, replaced by a pseudo-random number below LOTS.  RATE 0 sends as fast as
 * answers come; otherwise requests have a schedule, and a latency counts from when a request was
 * due, not from when it could be sent.  Prints one JSON object.
 */
#include <suyuan/keyfile.h>
#include <suyuan/submission.h>
#include <suyuan/time.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct load;

struct conn {
	int fd;
	struct sy_buf out, in;
	size_t sent;
	uint64_t due; /* ns, of the request under way; 0 when idle */
};

struct load {
	const char *address;
	struct conn *conns;
	unsigned n_conns;
	uint64_t total, started, done, failed;
	uint64_t rate, begin_ns;
	uint32_t *latency_us;                                         /* one a request */
	void (*make)(struct load *l, uint64_t n, struct sy_buf *out); /* a whole request */
	/* submissions */
	struct sy_keyfile key;
	const char *origin, *gtin, *prefix, *path;
	unsigned per, lots;
	struct sy_buf *presigned;
	char failure[400];
};

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- requests -------------------------------------------------------------------------------- */

/* A commissioning event of a usual size: about 600 bytes. */
static void make_record(struct load *l, uint64_t n, struct sy_buf *out)
{
	sy_buf_printf(
	    out,
	    "{\"type\":\"ObjectEvent\",\"eventID\":\"urn:uuid:%08x-0000-4000-8000-%012llx\","
	    "\"eventTime\":\"2026-11-01T08:00:00.000+08:00\",\"eventTimeZoneOffset\":\"+08:00\","
	    "\"action\":\"ADD\",\"bizStep\":\"commissioning\",\"disposition\":\"active\","
	    "\"readPoint\":{\"id\":\"https://id.gs1.org/414/6901234000016\"},"
	    "\"quantityList\":[{\"epcClass\":\"https://id.gs1.org/01/%s/10/"
	    "%s%llu\",\"quantity\":1200}],"
	    "\"ilmd\":{\"cbvmda:lotNumber\":\"%s%llu\",\"suyuan:productionDate\":\"2026-11-01\","
	    "\"cbvmda:itemExpirationDate\":\"2027-05-01\",\"suyuan:origin\":\"130100\"},"
	    "\"suyuan:inspection\":{\"number\":\"QA-%llu\",\"result\":\"pass\",\"kind\":\"firm\"}}",
	    (unsigned)n, (unsigned long long)n, l->gtin, l->prefix, (unsigned long long)n,
	    l->prefix, (unsigned long long)n, (unsigned long long)n);
}

static void make_submission(struct load *l, uint64_t n, struct sy_buf *out)
{
	struct sy_buf text = {0}, body = {0};
	struct sy_str *records = calloc(l->per, sizeof *records);
	size_t *ends = calloc(l->per, sizeof *ends);
	if (records == NULL || ends == NULL)
		die("memory");
	for (unsigned i = 0; i < l->per; i++) {
		make_record(l, n * l->per + i, &text);
		ends[i] = text.n;
	}
	for (unsigned i = 0; i < l->per; i++) {
		size_t from = i ? ends[i - 1] : 0;
		records[i] = (struct sy_str){text.p + from, ends[i] - from};
	}
	if (sy_submission_make(&l->key.signer, l->key.salt_key, sy_str(l->origin), records, l->per,
			       (uint32_t)(sy_time_now() / 1000 + 3600), &body, NULL))
		die("signing");
	sy_buf_printf(out,
		      "POST /v1/submissions HTTP/1.1\r\nHost: %s\r\n"
		      "Content-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n",
		      l->address, body.n);
	sy_buf_str(out, sy_buf_span(&body));
	sy_buf_free(&body);
	sy_buf_free(&text);
	free(records);
	free(ends);
}

static void take_presigned(struct load *l, uint64_t n, struct sy_buf *out)
{
	sy_buf_str(out, sy_buf_span(&l->presigned[n]));
	sy_buf_free(&l->presigned[n]);
}

static void make_get(struct load *l, uint64_t n, struct sy_buf *out)
{
	char path[512];
	const char *mark = strstr(l->path, "%u");
	uint32_t which = (uint32_t)((n * 2654435761u + 12345u) % (l->lots ? l->lots : 1));
	if (mark)
		snprintf(path, sizeof path, "%.*s%u%s", (int)(mark - l->path), l->path, which,
			 mark + 2);
	else
		snprintf(path, sizeof path, "%s", l->path);
	sy_buf_printf(out, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, l->address);
}

/* --- the loop -------------------------------------------------------------------------------- */

static int dial(const char *address)
{
	char host[64];
	struct sockaddr_in to = {.sin_family = AF_INET};
	const char *colon = strrchr(address, ':');
	int on = 1;
	if (colon == NULL || (size_t)(colon - address) >= sizeof host)
		die(address);
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
	    (ntohl(to.sin_addr.s_addr) >> 24) != 127) {
		fprintf(stderr, "load: %s isn't a loopback address\n", address);
		exit(2);
	}
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to))
		die(address);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void pump(struct conn *c)
{
	while (c->sent < c->out.n) {
		ssize_t n = write(c->fd, c->out.p + c->sent, c->out.n - c->sent);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			die("write");
		c->sent += (size_t)n;
	}
}

/* The next request on an idle connection, when there is one and it is due. */
static void send_next(struct load *l, struct conn *c, uint64_t now)
{
	if (c->due || l->started == l->total)
		return;
	uint64_t due = l->rate ? l->begin_ns + l->started * 1000000000u / l->rate : now;
	if (due > now)
		return;
	c->due = due;
	c->sent = 0;
	sy_buf_reset(&c->out);
	l->make(l, l->started++, &c->out);
	if (c->out.failed)
		die("memory");
	pump(c);
}

/* Length of the whole answer in the buffer, 0 when there is more to come. */
static size_t answer_length(const struct sy_buf *in)
{
	const char *end = memmem(in->p, in->n, "\r\n\r\n", 4);
	const char *length =
	    end ? memmem(in->p, (size_t)(end - in->p), "Content-Length: ", 16) : NULL;
	if (end == NULL)
		return 0;
	size_t body = length ? strtoul(length + 16, NULL, 10) : 0;
	size_t whole = (size_t)(end - in->p) + 4 + body;
	return in->n >= whole ? whole : 0;
}

static void take(struct load *l, struct conn *c)
{
	for (;;) {
		char *room = sy_buf_room(&c->in, 65536);
		if (room == NULL)
			die("memory");
		ssize_t n = read(c->fd, room, 65536);
		c->in.n -= 65536 - (size_t)(n > 0 ? n : 0);
		if (n == 0) {
			errno = ECONNRESET;
			die("the daemon closed the connection");
		}
		if (n < 0 && errno != EAGAIN)
			die("read");
		if (n < 65536)
			break;
	}
	if (c->due == 0 || c->in.n == 0 || answer_length(&c->in) == 0)
		return;
	if (memcmp(c->in.p, "HTTP/1.1 20", 11) != 0 && l->failed++ == 0)
		snprintf(l->failure, sizeof l->failure, "%.*s",
			 (int)(c->in.n < 399 ? c->in.n : 399), c->in.p);
	l->latency_us[l->done++] = (uint32_t)((now_ns() - c->due) / 1000);
	c->due = 0;
	sy_buf_reset(&c->in);
}

/* How long there is nothing to send: never spins, since the daemon shares the cores. */
static struct timespec until_due(struct load *l)
{
	uint64_t due = l->begin_ns + l->started * 1000000000u / (l->rate ? l->rate : 1);
	uint64_t now = now_ns();
	if (l->rate == 0 || l->started == l->total)
		return (struct timespec){1, 0};
	uint64_t ns = due > now ? due - now : 1000000;
	return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

static void run(struct load *l)
{
	struct epoll_event events[256];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	l->conns = calloc(l->n_conns, sizeof *l->conns);
	l->latency_us = calloc(l->total, sizeof *l->latency_us);
	if (l->conns == NULL || l->latency_us == NULL)
		die("memory");
	for (unsigned i = 0; i < l->n_conns; i++) {
		struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLET, {.u32 = i}};
		l->conns[i].fd = dial(l->address);
		epoll_ctl(ep, EPOLL_CTL_ADD, l->conns[i].fd, &e);
	}
	l->begin_ns = now_ns();
	while (l->done < l->total) {
		uint64_t now = now_ns();
		for (unsigned i = 0; i < l->n_conns; i++)
			send_next(l, &l->conns[i], now);
		struct timespec wait = until_due(l);
		int n = epoll_pwait2(ep, events, 256, &wait, NULL);
		for (int i = 0; i < n; i++) {
			struct conn *c = &l->conns[events[i].data.u32];
			pump(c);
			take(l, c);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void report(struct load *l, uint64_t records)
{
	double seconds = (double)(now_ns() - l->begin_ns) / 1e9;
	qsort(l->latency_us, l->done, sizeof *l->latency_us, by_size);
	printf("{\"requests\":%llu,\"failed\":%llu,\"records\":%llu,\"seconds\":%.6f,"
	       "\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
	       (unsigned long long)l->done, (unsigned long long)l->failed,
	       (unsigned long long)records, seconds, l->latency_us[l->done / 2],
	       l->latency_us[l->done * 99 / 100], l->latency_us[l->done - 1]);
	if (l->failed)
		fprintf(stderr, "load: first failure: %s\n", l->failure);
}

static void read_key(struct load *l, char **argv)
{
	const char *why;
	if (sy_keyfile_read(&l->key, argv[0], NULL, &why)) {
		fprintf(stderr, "load: %s: %s\n", argv[0], why);
		exit(1);
	}
	l->origin = argv[1];
	l->gtin = argv[2];
	l->prefix = argv[3];
}

int main(int argc, char **argv)
{
	struct load l = {0};
	uint64_t records = 0;
	if (argc < 3 || sy_crypto_init())
		return 2;
	l.address = argv[2];
	if (strcmp(argv[1], "bulk") == 0 && argc == 10) {
		read_key(&l, argv + 3);
		records = strtoull(argv[7], NULL, 10);
		l.per = (unsigned)strtoul(argv[8], NULL, 10);
		l.total = records / l.per;
		l.n_conns = (unsigned)strtoul(argv[9], NULL, 10);
		l.make = make_submission;
	} else if (strcmp(argv[1], "single") == 0 && argc == 9) {
		read_key(&l, argv + 3);
		l.total = records = strtoull(argv[7], NULL, 10);
		l.per = 1;
		l.n_conns = (unsigned)strtoul(argv[8], NULL, 10);
		l.make = take_presigned;
		l.presigned = calloc(l.total, sizeof *l.presigned);
		for (uint64_t i = 0; l.presigned && i < l.total; i++)
			make_submission(&l, i, &l.presigned[i]);
	} else if (strcmp(argv[1], "get") == 0 && argc == 8) {
		l.path = argv[3];
		l.total = strtoull(argv[4], NULL, 10);
		l.n_conns = (unsigned)strtoul(argv[5], NULL, 10);
		l.rate = strtoull(argv[6], NULL, 10);
		l.lots = (unsigned)strtoul(argv[7], NULL, 10);
		l.make = make_get;
	} else {
		fprintf(stderr, "load: see the head of tests/bench/load.c\n");
		return 2;
	}
	run(&l);
	report(&l, records);
	return l.failed != 0;
}
