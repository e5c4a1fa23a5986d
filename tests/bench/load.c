/*
 * Load for the benchmarks: one thread, an epoll loop, raw HTTP/1.1 to a loopback address, or to a
 * socket where unix:PATH stands for ADDRESS:PORT.
 *
 *   load bulk   ADDRESS:PORT KEYFILE ORIGIN GTIN FROM RECORDS PER CONNECTIONS [SIZE]
 *   load ready  the same; all is signed before the clock starts
 *   load single ADDRESS:PORT KEYFILE ORIGIN GTIN FROM RECORDS CONNECTIONS      (signed before)
 *   load get    ADDRESS:PORT PATH COUNT CONNECTIONS RATE LOTS
 *   load print  GTIN FROM RECORDS                                  (the records, a line each)
 *
 * Records commission the lots b<FROM>, b<FROM + 1>, ..., padded to SIZE bytes where one is given.
 * Lots are of the product GTIN, or, where that is 8 digits and a *, dealt to a thousand that begin
 * so.  A PATH is of a pseudo-random lot below LOTS: %u is its number, * what is missing of its
 * product's GTIN.  RATE 0 sends as fast as
 * answers come; otherwise requests have a schedule, and a latency counts from when a request was
 * due, not from when it could be sent.
 *
 * A 503 is counted as busy, a connection that ends without an answer as lost; both are sent again
 * after a second, as an honest client would.  Any other answer but 200 and 201 is a failure.
 * Prints one JSON object; cpu_seconds says whether this program was the bottleneck.
 */
#include <suyuan/code.h>
#include <suyuan/keyfile.h>
#include <suyuan/submission.h>
#include <suyuan/time.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SECOND = 1000000000, AGAIN_AFTER = SECOND, PRODUCTS = 1000 };

struct load;

struct conn {
	int fd; /* -1: to be dialled */
	struct sy_buf out, in;
	size_t sent;
	uint64_t due;   /* ns, of the request under way; 0 when idle */
	uint64_t again; /* ns, when it is sent again; 0: it is on its way */
	bool wants_room;
};

struct load {
	const char *address; /* as a Host header has it */
	const char *path_to; /* a Unix socket; NULL: there is an address */
	int epoll;
	struct conn *conns;
	unsigned n_conns;
	unsigned *idle, n_idle, n_waiting; /* connections */
	uint64_t total, started, done, failed, busy, lost;
	uint64_t rate, begin_ns;
	uint32_t *latency_us;                                         /* one a request */
	void (*make)(struct load *l, uint64_t n, struct sy_buf *out); /* a whole request */
	/* submissions */
	struct sy_keyfile key;
	const char *origin, *gtin, *path;
	uint64_t from, record_bytes;
	unsigned per, lots, size;
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
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* --- requests -------------------------------------------------------------------------------- */

/* PATTERN with a lot's number for %u and the rest of its product's GTIN for *. */
static void put_pattern(const char *pattern, uint64_t number, struct sy_buf *out)
{
	char digits[16];
	for (const char *p = pattern; *p; p++)
		if (*p == '*' && p - pattern >= 8) {
			snprintf(digits, sizeof digits, "%.8s%05u", p - 8,
				 (unsigned)(number % PRODUCTS));
			sy_buf_text(out, digits + 8);
			sy_buf_byte(out, sy_gs1_check_digit(sy_str(digits)));
		} else if (p[0] == '%' && p[1] == 'u') {
			sy_buf_u64(out, number);
			p++;
		} else {
			sy_buf_byte(out, *p);
		}
}

/* A commissioning event of a usual size: about 600 bytes. */
static void make_record(struct load *l, uint64_t number, struct sy_buf *out)
{
	unsigned long long n = number;
	size_t start = out->n;
	struct sy_buf gtin = {0};
	put_pattern(l->gtin, number, &gtin);
	sy_buf_printf(
	    out,
	    "{\"type\":\"ObjectEvent\",\"eventID\":\"urn:uuid:%08llx-0000-4000-8000-%012llx\","
	    "\"eventTime\":\"2026-11-01T08:00:00.000+08:00\",\"eventTimeZoneOffset\":\"+08:00\","
	    "\"action\":\"ADD\",\"bizStep\":\"commissioning\",\"disposition\":\"active\","
	    "\"readPoint\":{\"id\":\"https://id.gs1.org/414/6901234000016\"},"
	    "\"quantityList\":[{\"epcClass\":\"https://id.gs1.org/01/%s/10/b%llu\","
	    "\"quantity\":1200}],"
	    "\"ilmd\":{\"cbvmda:lotNumber\":\"b%llu\",\"suyuan:productionDate\":\"2026-11-01\","
	    "\"cbvmda:itemExpirationDate\":\"2027-05-01\",\"suyuan:origin\":\"130100\"},"
	    "\"suyuan:inspection\":{\"number\":\"QA-%llu\",\"result\":\"pass\",\"kind\":\"firm\"}",
	    n & 0xffffffff, n, sy_buf_cstr(&gtin), n, n, n);
	sy_buf_free(&gtin);
	size_t made = out->n - start + 1, pad = strlen(",\"suyuan:pad\":\"\"");
	if (made + pad < l->size)
		sy_buf_printf(out, ",\"suyuan:pad\":\"%0*d\"", (int)(l->size - made - pad), 0);
	sy_buf_byte(out, '}');
	l->record_bytes += out->n - start;
}

static void make_submission(struct load *l, uint64_t n, struct sy_buf *out)
{
	struct sy_buf text = {0}, body = {0};
	struct sy_str *records = calloc(l->per, sizeof *records);
	size_t *ends = calloc(l->per, sizeof *ends);
	if (records == NULL || ends == NULL)
		die("memory");
	for (unsigned i = 0; i < l->per; i++) {
		make_record(l, l->from + n * l->per + i, &text);
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
	sy_buf_text(out, "GET ");
	put_pattern(l->path, (n * 2654435761u + 12345u) % (l->lots ? l->lots : 1), out);
	sy_buf_printf(out, " HTTP/1.1\r\nHost: %s\r\n\r\n", l->address);
}

/* --- connections ----------------------------------------------------------------------------- */

static int dial_unix(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if ((size_t)snprintf(to.sun_path, sizeof to.sun_path, "%s", path) >= sizeof to.sun_path)
		errno = ENAMETOOLONG;
	else if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	die(path);
	return -1;
}

static int dial_loopback(const char *address)
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
	return fd;
}

/* A Unix socket tells of room each time its peer has read: nobody is woken who has nothing to send.
 */
static void watch(struct load *l, struct conn *c, int how, uint32_t events)
{
	struct epoll_event e = {events | EPOLLET, {.u32 = (uint32_t)(c - l->conns)}};
	c->wants_room = events & EPOLLOUT;
	if (epoll_ctl(l->epoll, how, c->fd, &e))
		die("epoll_ctl");
}

static void dial(struct load *l, struct conn *c)
{
	c->fd = l->path_to ? dial_unix(l->path_to) : dial_loopback(l->address);
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	watch(l, c, EPOLL_CTL_ADD, EPOLLIN);
}

static void hang_up(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
	sy_buf_reset(&c->in);
}

/* A peer that has answered early reads no more: what it said is still to be read. */
static void pump(struct load *l, struct conn *c)
{
	while (c->fd >= 0 && c->due && !c->again && c->sent < c->out.n) {
		ssize_t n = write(c->fd, c->out.p + c->sent, c->out.n - c->sent);
		if (n < 0 && errno != EAGAIN && errno != EPIPE && errno != ECONNRESET)
			die("write");
		if (n < 0) {
			if (!c->wants_room)
				watch(l, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			return;
		}
		c->sent += (size_t)n;
	}
	if (c->fd >= 0 && c->wants_room)
		watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
}

static void send_out(struct load *l, struct conn *c)
{
	if (c->fd < 0)
		dial(l, c);
	c->sent = 0;
	c->again = 0;
	pump(l, c);
}

static void send_again(struct load *l, struct conn *c)
{
	c->again = now_ns() + AGAIN_AFTER;
	l->n_waiting++;
}

static bool is_due(const struct load *l, uint64_t now, uint64_t *due)
{
	*due = l->rate ? l->begin_ns + l->started * SECOND / l->rate : now;
	return *due <= now;
}

/* What idle connections can take of what is due; one request where making it takes its time, so
 * that those under way are sent on meanwhile. */
static void send_next(struct load *l)
{
	unsigned most = l->make == make_submission ? 1 : l->n_conns;
	uint64_t now = now_ns(), due;
	while (most-- && l->n_idle && l->started < l->total && is_due(l, now, &due)) {
		struct conn *c = &l->conns[l->idle[--l->n_idle]];
		c->due = due;
		sy_buf_reset(&c->out);
		l->make(l, l->started++, &c->out);
		if (c->out.failed)
			die("memory");
		send_out(l, c);
	}
	for (unsigned i = 0; l->n_waiting && i < l->n_conns; i++)
		if (l->conns[i].again && l->conns[i].again <= now) {
			l->n_waiting--;
			send_out(l, &l->conns[i]);
		}
}

/* --- answers --------------------------------------------------------------------------------- */

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

/* False: the peer has hung up. */
static bool fill(struct conn *c)
{
	for (;;) {
		char *room = sy_buf_room(&c->in, 65536);
		if (room == NULL)
			die("memory");
		ssize_t n = read(c->fd, room, 65536);
		c->in.n -= 65536 - (size_t)(n > 0 ? n : 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return false;
		if (n < 0 && errno != EAGAIN)
			die("read");
		if (n < 65536)
			return true;
	}
}

static void answered(struct load *l, struct conn *c)
{
	bool whole = c->sent == c->out.n;
	if (memcmp(c->in.p, "HTTP/1.1 503", 12) == 0) {
		l->busy++;
		send_again(l, c);
	} else {
		if (memcmp(c->in.p, "HTTP/1.1 20", 11) != 0 && l->failed++ == 0)
			snprintf(l->failure, sizeof l->failure, "%.*s",
				 (int)(c->in.n < 399 ? c->in.n : 399), c->in.p);
		l->latency_us[l->done++] = (uint32_t)((now_ns() - c->due) / 1000);
		c->due = 0;
		l->idle[l->n_idle++] = (unsigned)(c - l->conns);
	}
	sy_buf_reset(&c->in);
	if (!whole)
		hang_up(c);
}

static void take(struct load *l, struct conn *c)
{
	if (c->fd < 0)
		return;
	bool open = fill(c);
	if (c->due && !c->again && c->in.n && answer_length(&c->in))
		answered(l, c);
	if (open || c->fd < 0)
		return;
	hang_up(c);
	if (c->due && !c->again) {
		l->lost++;
		send_again(l, c);
	}
}

/* --- the loop -------------------------------------------------------------------------------- */

/* How long there is nothing to send: never spins, since the daemon shares the cores. */
static struct timespec until_due(struct load *l)
{
	uint64_t now = now_ns(), due;
	if (l->make == make_submission && l->n_idle && l->started < l->total)
		return (struct timespec){0, 0};
	if (l->n_waiting)
		return (struct timespec){0, 10000000};
	if (l->rate == 0 || l->started == l->total)
		return (struct timespec){1, 0};
	uint64_t ns = is_due(l, now, &due) ? 1000000 : due - now;
	return (struct timespec){(time_t)(ns / SECOND), (long)(ns % SECOND)};
}

static void run(struct load *l)
{
	struct epoll_event events[256];
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->conns = calloc(l->n_conns, sizeof *l->conns);
	l->idle = calloc(l->n_conns, sizeof *l->idle);
	l->latency_us = calloc(l->total, sizeof *l->latency_us);
	if (l->conns == NULL || l->idle == NULL || l->latency_us == NULL)
		die("memory");
	for (l->n_idle = 0; l->n_idle < l->n_conns; l->n_idle++) {
		dial(l, &l->conns[l->n_idle]);
		l->idle[l->n_idle] = l->n_idle;
	}
	l->begin_ns = now_ns();
	while (l->done < l->total) {
		send_next(l);
		struct timespec wait = until_due(l);
		int n = epoll_pwait2(l->epoll, events, 256, &wait, NULL);
		for (int i = 0; i < n; i++) {
			struct conn *c = &l->conns[events[i].data.u32];
			pump(l, c);
			take(l, c);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(struct load *l, uint64_t records, double cpu_before)
{
	double seconds = (double)(now_ns() - l->begin_ns) / 1e9;
	double cpu = cpu_seconds() - cpu_before;
	qsort(l->latency_us, l->done, sizeof *l->latency_us, by_size);
	printf("{\"requests\":%llu,\"failed\":%llu,\"busy\":%llu,\"lost\":%llu,"
	       "\"records\":%llu,\"record_bytes\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f,"
	       "\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
	       (unsigned long long)l->done, (unsigned long long)l->failed,
	       (unsigned long long)l->busy, (unsigned long long)l->lost,
	       (unsigned long long)records,
	       (unsigned long long)(records ? l->record_bytes / records : 0), seconds, cpu,
	       l->latency_us[l->done / 2], l->latency_us[l->done * 99 / 100],
	       l->latency_us[l->done - 1]);
	if (l->failed)
		fprintf(stderr, "load: first failure: %s\n", l->failure);
}

static void let_go(struct load *l)
{
	for (unsigned i = 0; i < l->n_conns; i++) {
		close(l->conns[i].fd);
		sy_buf_free(&l->conns[i].out);
		sy_buf_free(&l->conns[i].in);
	}
	close(l->epoll);
	free(l->conns);
	free(l->idle);
	free(l->latency_us);
	free(l->presigned);
}

/* KEYFILE ORIGIN GTIN FROM RECORDS */
static uint64_t read_producer(struct load *l, char **argv)
{
	const char *why;
	if (sy_keyfile_read(&l->key, argv[0], NULL, &why)) {
		fprintf(stderr, "load: %s: %s\n", argv[0], why);
		exit(1);
	}
	l->origin = argv[1];
	l->gtin = argv[2];
	l->from = strtoull(argv[3], NULL, 10);
	return strtoull(argv[4], NULL, 10);
}

static void presign(struct load *l)
{
	l->presigned = calloc(l->total, sizeof *l->presigned);
	if (l->presigned == NULL)
		die("memory");
	for (uint64_t i = 0; i < l->total; i++)
		make_submission(l, i, &l->presigned[i]);
}

static int print_records(const char *gtin, uint64_t from, uint64_t records)
{
	struct load l = {.gtin = gtin};
	struct sy_buf line = {0};
	for (uint64_t i = 0; i < records; i++) {
		sy_buf_reset(&line);
		make_record(&l, from + i, &line);
		sy_buf_byte(&line, '\n');
		if (line.failed || fwrite(line.p, 1, line.n, stdout) != line.n)
			die("writing");
	}
	sy_buf_free(&line);
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct load l = {0};
	uint64_t records = 0;
	if (argc < 3 || sy_crypto_init())
		return 2;
	if (strcmp(argv[1], "print") == 0 && argc == 5)
		return print_records(argv[2], strtoull(argv[3], NULL, 10),
				     strtoull(argv[4], NULL, 10));
	signal(SIGPIPE, SIG_IGN);
	l.address = argv[2];
	if (strncmp(argv[2], "unix:", 5) == 0) {
		l.path_to = argv[2] + 5;
		l.address = "localhost";
	}
	bool ready = strcmp(argv[1], "ready") == 0;
	if ((ready || strcmp(argv[1], "bulk") == 0) && (argc == 10 || argc == 11)) {
		records = read_producer(&l, argv + 3);
		l.per = (unsigned)strtoul(argv[8], NULL, 10);
		l.total = records / l.per;
		l.n_conns = (unsigned)strtoul(argv[9], NULL, 10);
		l.size = argc == 11 ? (unsigned)strtoul(argv[10], NULL, 10) : 0;
		l.make = ready ? take_presigned : make_submission;
	} else if (strcmp(argv[1], "single") == 0 && argc == 9) {
		l.total = records = read_producer(&l, argv + 3);
		l.per = 1;
		l.n_conns = (unsigned)strtoul(argv[8], NULL, 10);
		l.make = take_presigned;
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
	if (l.make == take_presigned)
		presign(&l);
	double before = cpu_seconds();
	run(&l);
	report(&l, records, before);
	let_go(&l);
	return l.failed != 0;
}
