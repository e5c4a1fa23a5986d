#include "hook_impl.h"

#include "base/log.h"
#include "base/metrics.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECT_MS = 5000,
	WHOLE_MS = 10000,
	REST_MS = 60000,     /* of a receiver that failed, at most */
	ANSWER_MOST = 65536, /* bytes; past them nobody listens any more */
	IDLE_MS = 60000      /* between two looks when nothing is due */
};

uint64_t hook_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- one request ----------------------------------------------------------------------------- */

static size_t throw_away(char *p, size_t size, size_t n, void *ctx)
{
	struct flight *f = ctx;

	(void)p;
	f->got += size * n;
	return f->got > ANSWER_MOST ? 0 : size * n;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of HTTP/1.1 200, or HTTP/2 200; 0 for what else begins with HTTP/, which curl takes for 200. */
static long status_of(const char *p, size_t n)
{
	size_t at = n > 7 && is_digit(p[5]) && p[6] == '.' && is_digit(p[7]) ? 8
		    : n > 5 && is_digit(p[5])                                ? 6
									     : n;
	long status = 0;

	if (n < at + 5 || p[at++] != ' ')
		return 0;
	for (size_t end = at + 3; at < end; at++) {
		if (!is_digit(p[at]))
			return 0;
		status = 10 * status + (p[at] - '0');
	}
	return p[at] == ' ' || p[at] == '\r' || p[at] == '\n' ? status : 0;
}

/* Heads of 100 and its like come before the one that counts. */
static size_t read_head(char *p, size_t size, size_t n, void *ctx)
{
	struct flight *f = ctx;

	if (size * n > 5 && memcmp(p, "HTTP/", 5) == 0)
		f->status = status_of(p, size * n);
	f->head = size * n == 2 && p[0] == '\r';
	return throw_away(p, size, n, ctx);
}

static void sign(const struct receiver *r, const char *time, struct sy_str body, char *out)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state s;

	crypto_auth_hmacsha256_init(&s, (const uint8_t *)r->secret.p, r->secret.n);
	crypto_auth_hmacsha256_update(&s, (const uint8_t *)time, strlen(time));
	crypto_auth_hmacsha256_update(&s, (const uint8_t *)".", 1);
	crypto_auth_hmacsha256_update(&s, (const uint8_t *)body.p, body.n);
	crypto_auth_hmacsha256_final(&s, mac);
	sy_wipe(&s, sizeof s);
	for (size_t i = 0; i < sizeof mac; i++)
		snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

static bool add_header(struct flight *f, const char *name, const char *value)
{
	char line[256];
	struct curl_slist *more;

	snprintf(line, sizeof line, "%s: %s", name, value);
	if ((more = curl_slist_append(f->headers, line)) == NULL)
		return false;
	f->headers = more;
	return true;
}

static bool add_headers(struct flight *f, const struct receiver *r, const char *key)
{
	char time[24], mac[8 + 2 * crypto_auth_hmacsha256_BYTES] = "sha256=";

	snprintf(time, sizeof time, "%llu", (unsigned long long)(hook_now() / 1000));
	sign(r, time, sy_buf_span(&f->body), mac + 7);
	return add_header(f, "Content-Type", "application/json") &&
	       add_header(f, "Idempotency-Key", key) && add_header(f, "Suyuan-Time", time) &&
	       add_header(f, "Suyuan-Signature", mac);
}

void flight_options(const struct hooks *h, struct flight *f, const struct receiver *r)
{
	CURL *c = f->curl;

	curl_easy_setopt(c, CURLOPT_URL, r->url.p);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, f->body.p);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)f->body.n);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, f->headers);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "suyuand/" SUYUAN_VERSION);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* no stop waits for a name to be found */
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->authorities)
		curl_easy_setopt(c, CURLOPT_CAINFO, h->authorities);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, read_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, throw_away);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(c, CURLOPT_PRIVATE, f);
}

static void land(struct hooks *h, struct flight *f)
{
	if (f->to)
		f->to->flying = false;
	if (f->curl) {
		curl_multi_remove_handle(h->multi, f->curl);
		curl_easy_cleanup(f->curl);
	}
	curl_slist_free_all(f->headers);
	struct sy_buf keep = f->body;
	*f = (struct flight){.body = keep};
}

static void take_off(struct hooks *h, struct flight *f, struct receiver *to, struct pending *p)
{
	char key[2 * SY_HASH_SIZE + 1];

	p->due = hook_now() + WHOLE_MS; /* when it doesn't even come so far */
	if (notice_write(h, to, p, &f->body, key)) {
		log_event(LOG_WARN, "webhooks-wait", "party", to->party.p, "why",
			  "a notice can't be read", NULL);
		return;
	}
	f->to = to;
	f->of = p;
	f->got = 0;
	f->head = false;
	f->status = 0;
	to->flying = true;
	if ((f->curl = curl_easy_init()) == NULL || !add_headers(f, to, key)) {
		land(h, f);
		return;
	}
	flight_options(h, f, to);
	if (curl_multi_add_handle(h->multi, f->curl))
		land(h, f);
}

static void say(const struct receiver *r, const struct pending *p, long status, CURLcode rc,
		bool delivered)
{
	char code[24], tries[16], notice[24];

	snprintf(code, sizeof code, "%ld", status);
	snprintf(tries, sizeof tries, "%u", (unsigned)p->tries);
	snprintf(notice, sizeof notice, "%llu", (unsigned long long)p->notice);
	log_event(delivered       ? LOG_NOTE
		  : p->tries == 1 ? LOG_WARN
				  : LOG_DETAIL,
		  delivered ? "webhook-delivered" : "webhook-failed", "party", r->party.p, "notice",
		  notice, "status", code, "tries", tries, "why",
		  delivered || rc == CURLE_OK ? "" : curl_easy_strerror(rc), NULL);
}

/* --- the thread ------------------------------------------------------------------------------ */

/* What is taken out leaves its place to the last; of a receiver only what landed points there. */
static void forget(struct hooks *h, struct receiver *to, struct pending *p)
{
	*p = to->pending[--to->n_pending];
	atomic_fetch_sub(&h->n_pending, 1);
}

/* One that fails rests, so that its other notices don't keep the turns of others. */
static void rest(struct receiver *to, bool delivered)
{
	uint64_t wait;

	to->misses = delivered ? 0 : to->misses + 1;
	wait = to->misses ? notice_wait(to->misses) : 0;
	to->due = hook_now() + (wait < REST_MS ? wait : REST_MS);
}

/* Of an answer past ANSWER_MOST nobody has heard the end: its status is what counts. */
bool flight_taken(const struct flight *f)
{
	return f->status >= 200 && f->status < 300 && f->head;
}

static void arrived(struct hooks *h, struct flight *f, CURLcode rc)
{
	struct receiver *to = f->to;
	struct pending *p = f->of;
	long status = f->status;
	bool delivered = flight_taken(f), done;
	uint32_t tries;
	p->tries++;
	say(to, p, status, rc, delivered);
	metric_add(delivered ? METRIC_WEBHOOKS_DELIVERED : METRIC_WEBHOOKS_FAILED, 1);
	rest(to, delivered);
	int err = notice_tried(h, to, p, status, delivered);
	if (err == SY_OK)
		err = notice_state(h, to->party, p->notice, &tries, &p->due, &done);
	if (err) /* it is said again, with the same key */
		p->due = hook_now() + IDLE_MS;
	land(h, f);
	if (delivered && err == SY_OK)
		forget(h, to, p);
	to->look = to->look || (to->more && notices_all_tried(to));
}

static void collect(struct hooks *h)
{
	struct flight *f = NULL;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		CURLcode rc = m->data.result;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&f) || f == NULL)
			continue;
		arrived(h, f, rc);
	}
}

static struct flight *free_flight(struct hooks *h)
{
	for (unsigned i = 0; i < FLYING; i++)
		if (h->flights[i].to == NULL)
			return &h->flights[i];
	return NULL;
}

/* One that refuses what was there hears of the newest first. */
static bool goes_before(const struct receiver *to, const struct pending *a, const struct pending *b)
{
	return a->due != b->due ? a->due < b->due : to->misses && a->notice > b->notice;
}

/* The notice that has waited longest; NULL when there is none.  *DUE: when it may go. */
static struct pending *first_of(struct receiver *to, uint64_t *due)
{
	struct pending *first = NULL;

	for (size_t i = 0; i < to->n_pending; i++)
		if (first == NULL || goes_before(to, &to->pending[i], first))
			first = &to->pending[i];
	if (first != NULL)
		*due = first->due > to->due ? first->due : to->due;
	return first;
}

/* Starts what is due, each receiver in its turn; the ms until something else will be. */
static int start_due(struct hooks *h)
{
	uint64_t now = hook_now(), next = now + IDLE_MS, due = 0;
	struct flight *f = free_flight(h);
	size_t turn = h->turn;

	for (size_t i = 0; i < h->n_receivers; i++) {
		struct receiver *to = &h->receivers[(turn + i) % h->n_receivers];
		struct pending *p = to->flying ? NULL : first_of(to, &due);
		if (p == NULL)
			continue;
		if (due <= now && f) {
			take_off(h, f, to, p);
			f = free_flight(h);
			h->turn = (turn + i + 1) % h->n_receivers;
		} else if (due < next) {
			next = due > now ? due : now + 10;
		}
	}
	return (int)(next - now);
}

static void *deliver(void *arg)
{
	struct hooks *h = arg;
	int running;

	while (!atomic_load(&h->stopping)) {
		curl_multi_perform(h->multi, &running);
		collect(h);
		if (notices_look(h))
			log_event(LOG_WARN, "webhooks-wait", "why", "notices can't be read", NULL);
		/* last, as whatever arrives changes it; what was added just now ends the poll */
		int wait = start_due(h);
		if (!atomic_load(&h->stopping))
			curl_multi_poll(h->multi, NULL, 0, wait, NULL);
	}
	return NULL;
}

/* --- opening --------------------------------------------------------------------------------- */

static const struct kv_table tables[] = {{.name = "webhooks"}};

static int open_tables(struct hooks *h, const char *dir, const char **why)
{
	const uint64_t map = (uint64_t)1 << 30;
	char path[PATH_MAX], data[PATH_MAX + 16];
	int err;

	*why = "local/webhooks can't be opened";
	if ((size_t)snprintf(path, sizeof path, "%s/local/webhooks", dir) >= sizeof path)
		return SY_EINVAL;
	err = kv_open(path, tables, 1, map, 0, &h->kv);
	if (err != SY_ECORRUPT && err != SY_EVERSION && err != SY_EINVAL)
		return err;
	snprintf(data, sizeof data, "%s/data.mdb", path);
	if (unlink(data))
		return err;
	log_event(LOG_WARN, "local-lost", "why",
		  "local/webhooks was damaged: notices are delivered again", NULL);
	return kv_open(path, tables, 1, map, 0, &h->kv);
}

static void hooks_free(struct hooks *h)
{
	for (unsigned i = 0; i < FLYING; i++) {
		land(h, &h->flights[i]);
		sy_buf_free(&h->flights[i].body);
	}
	if (h->multi)
		curl_multi_cleanup(h->multi);
	if (h->kv)
		kv_close(h->kv);
	receivers_free(h);
	free(h);
}

static const char *given(const char *path)
{
	return path && *path ? path : NULL;
}

static int read_files(struct hooks *h, const char *path, const char **why)
{
	struct sy_buf faults = {0};
	int err = receivers_read(h, path, &faults),
	    other = authorities_read(h->authorities, &faults);
	struct sy_str rest = sy_buf_span(&faults), line;

	*why = "the file of webhooks, or of its authorities, has faults";
	while (sy_str_line(&rest, &line)) {
		char text[512];
		snprintf(text, sizeof text, "%.*s", (int)line.n, line.p);
		log_event(LOG_ERR, "webhooks", "why", text, NULL);
	}
	sy_buf_free(&faults);
	return err ? err : other;
}

void hooks_check(const char *path, const char *authorities, struct sy_buf *faults)
{
	struct hooks h = {0};

	if (given(path) == NULL)
		return;
	if (receivers_read(&h, path, faults) == SY_ENOMEM)
		sy_buf_printf(faults, "%s: %s\n", path, sy_strerror(SY_ENOMEM));
	(void)authorities_read(given(authorities), faults);
	receivers_free(&h);
}

int hooks_open(const char *path, const char *authorities, const char *dir, struct ledger *ledger,
	       struct index *index, struct hooks **out, const char **why)
{
	struct hooks *h;
	int err;

	*out = NULL;
	if (path == NULL || *path == '\0')
		return SY_OK;
	if ((h = calloc(1, sizeof *h)) == NULL)
		return SY_ENOMEM;
	h->ledger = ledger;
	h->index = index;
	h->seen = UINT64_MAX; /* look once */
	h->authorities = given(authorities);
	if ((err = read_files(h, path, why)) || (err = open_tables(h, dir, why)))
		goto err0;
	*why = "webhooks can't be started";
	err = SY_ENOMEM;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || (h->multi = curl_multi_init()) == NULL ||
	    pthread_create(&h->thread, NULL, deliver, h))
		goto err0;
	*out = h;
	return SY_OK;
err0:
	hooks_free(h);
	return err;
}

void hooks_wake(struct hooks *h)
{
	if (h)
		curl_multi_wakeup(h->multi);
}

size_t hooks_waiting(struct hooks *h)
{
	return h ? atomic_load(&h->n_pending) : 0;
}

void hooks_close(struct hooks *h)
{
	if (h == NULL)
		return;
	atomic_store(&h->stopping, true);
	curl_multi_wakeup(h->multi);
	pthread_join(h->thread, NULL);
	hooks_free(h);
}
