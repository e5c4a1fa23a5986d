#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "http.h"
#include "words.h"

#define ANSWER_MAX ((size_t)256 << 20)
#define CONNECT_MS 10000L
#define READ_SIZE 0x40000L /* bytes asked of a socket at once */
#define STALL_SECONDS 60L  /* less than a byte a second for so long is a stall */
#define TRIES 6
#define WAIT_MAX 15L /* seconds before one more try */
#define WAIT_ALL 60L

struct http {
	CURL *curl;
	char *base; /* scheme and authority */
	const char *address;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	struct http_answer *answer;
	http_take_fn take; /* who gets a 200's body; NULL: it is kept */
	void *ctx;
	int taken; /* what that said */
};

static size_t on_body(char *data, size_t size, size_t n, void *arg_)
{
	struct http *h = arg_;
	struct sy_buf *b = &h->answer->body;
	long status = 0;

	if (h->take != NULL)
		curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200) {
		h->taken = h->take(h->ctx, (struct sy_str){data, size * n});
		return h->taken == RC_DONE ? size * n : 0;
	}
	if (size * n > ANSWER_MAX || b->n > ANSWER_MAX - size * n)
		return 0;
	sy_buf_put(b, data, size * n);
	return b->failed ? 0 : size * n;
}

static bool header_is(const char *line, size_t n, const char *name, struct sy_str *value)
{
	size_t len = strlen(name);

	if (n <= len || line[len] != ':' || strncasecmp(line, name, len) != 0)
		return false;
	const char *p = line + len + 1, *end = line + n;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	*value = (struct sy_str){p, (size_t)(end - p)};
	return true;
}

static void forget_headers(struct http_answer *a)
{
	a->type[0] = '\0';
	a->retry_after = -1;
	a->cut[0] = '\0';
	a->unknown = 0;
	a->uncertain = false;
	a->framed = false;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg_)
{
	struct http_answer *a = ((struct http *)arg_)->answer;
	struct sy_str v;
	uint64_t seconds;

	if (size * n > 5 &&
	    memcmp(data, "HTTP/", 5) == 0) /* of the last answer, if there are more */
		forget_headers(a);
	if (header_is(data, size * n, "Content-Length", &v) ||
	    header_is(data, size * n, "Transfer-Encoding", &v))
		a->framed = true;
	if (header_is(data, size * n, "Suyuan-Cut", &v) && !sy_str_is(v, "none"))
		snprintf(a->cut, sizeof a->cut, "%.*s", (int)v.n, v.p);
	if (header_is(data, size * n, "Suyuan-Unknown", &v))
		(void)sy_str_u64(v, &a->unknown);
	if (header_is(data, size * n, "Suyuan-Holders-Uncertain", &v))
		a->uncertain = sy_str_is(v, "true");
	if (header_is(data, size * n, "Content-Type", &v))
		snprintf(a->type, sizeof a->type, "%.*s", (int)v.n, v.p);
	else if (header_is(data, size * n, "Retry-After", &v))
		a->retry_after =
		    sy_str_u64(v, &seconds) == SY_OK && seconds < 86400 ? (long)seconds : WAIT_MAX;
	return size * n;
}

static int add_header(struct http *h, const char *text)
{
	struct curl_slist *more = curl_slist_append(h->headers, text);

	if (more == NULL)
		return -1;
	h->headers = more;
	return 0;
}

static int set_address(struct http *h, const char *address, struct fail *f)
{
	size_t n = strlen(address);

	if (strncmp(address, "unix:", 5) == 0) {
		h->base = strdup("http://localhost");
		curl_easy_setopt(h->curl, CURLOPT_UNIX_SOCKET_PATH, address + 5);
	} else if (strncmp(address, "http://", 7) == 0 || strncmp(address, "https://", 8) == 0) {
		while (n > 0 && address[n - 1] == '/')
			n--;
		h->base = strndup(address, n);
	} else {
		return fail(f, RC_USAGE, "a ledger is http://..., https://... or unix:PATH, not %s",
			    address);
	}
	return h->base != NULL ? RC_DONE : fail_memory(f);
}

static void set_options(struct http *h)
{
	CURL *c = h->curl;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, READ_SIZE);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_USERAGENT, "suyuan/" SUYUAN_VERSION);
	curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
}

int http_new(const char *address, const char *token, enum lang lang, struct http **out,
	     struct fail *f)
{
	struct http *h = calloc(1, sizeof *h);
	char *auth = NULL;
	int rc;

	if (h == NULL || (h->curl = curl_easy_init()) == NULL) {
		free(h);
		return fail_memory(f);
	}
	h->address = address;
	if ((rc = set_address(h, address, f)) != RC_DONE)
		goto err0;
	set_options(h);
	rc = RC_FAIL;
	if (token != NULL && asprintf(&auth, "Authorization: Bearer %s", token) < 0)
		goto err0;
	const char *language = lang == LANG_ZH ? "Accept-Language: zh" : "Accept-Language: en";
	if (add_header(h, "Expect:") != 0 || add_header(h, language) != 0 ||
	    (auth != NULL && add_header(h, auth) != 0))
		goto err0;
	free(auth);
	*out = h;
	return RC_DONE;
err0:
	fail_memory(f); /* stays silent where something was said already */
	free(auth);
	http_free(h);
	return rc;
}

void http_free(struct http *h)
{
	if (h == NULL)
		return;
	curl_slist_free_all(h->headers);
	curl_easy_cleanup(h->curl);
	free(h->base);
	free(h);
}

/* What curl says of this very case is in English; what kind it is of, in both. */
static const char *curl_words(const struct http *h, CURLcode code)
{
	const char *kind = curl_easy_strerror(code), *told = words(kind);

	return told == kind && h->error[0] != '\0' ? h->error : told;
}

static int once(struct http *h, struct http_answer *a, struct fail *f)
{
	long version = 0;

	h->answer = a;
	h->error[0] = '\0';
	sy_buf_reset(&a->body);
	a->status = 0;
	forget_headers(a);
	h->taken = RC_DONE;
	CURLcode code = curl_easy_perform(h->curl);
	if (a->body.failed)
		return fail_memory(f);
	if (h->taken != RC_DONE)
		return h->taken;
	if (code == CURLE_WRITE_ERROR)
		return fail(f, RC_FAIL, "%s: answers with more than %zu MiB", h->address,
			    ANSWER_MAX >> 20);
	if (code != CURLE_OK)
		return fail(f, RC_AWAY, "%s: %s", h->address, curl_words(h, code));
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &a->status);
	curl_easy_getinfo(h->curl, CURLINFO_HTTP_VERSION, &version);
	if (a->status == 200 && !a->framed && version < CURL_HTTP_VERSION_2)
		return fail(f, RC_AWAY,
			    "%s: the answer doesn't say where it ends, so it may be cut short",
			    h->address);
	return RC_DONE;
}

static int perform(struct http *h, struct http_answer *a, struct fail *f)
{
	long waited = 0;

	for (int i = 1;; i++) {
		int rc = once(h, a, f);
		if (rc != RC_DONE || a->status != 503)
			return rc;
		long wait = a->retry_after > WAIT_MAX ? WAIT_MAX : a->retry_after;
		if (wait < 0 || i == TRIES || waited + wait > WAIT_ALL)
			return http_problem(a, h->address, f);
		struct timespec pause = {wait, wait == 0 ? 100000000L : 0};
		nanosleep(&pause, NULL);
		waited += wait;
	}
}

static int set_url(struct http *h, const char *path, struct fail *f)
{
	char *url = NULL;

	if (asprintf(&url, "%s%s", h->base, path) < 0)
		return fail_memory(f);
	curl_easy_setopt(h->curl, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->headers);
	return RC_DONE;
}

int http_get(struct http *h, const char *path, struct http_answer *a, struct fail *f)
{
	int rc = set_url(h, path, f);

	curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L);
	return rc != RC_DONE ? rc : perform(h, a, f);
}

int http_post(struct http *h, const char *path, const char *type, struct sy_str body,
	      struct http_answer *a, struct fail *f)
{
	char line[128];
	int rc = set_url(h, path, f);

	if (rc != RC_DONE)
		return rc;
	snprintf(line, sizeof line, "Content-Type: %s", type);
	struct curl_slist own = {line, h->headers};
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, &own);
	curl_easy_setopt(h->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body.p);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	rc = perform(h, a, f);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->headers);
	return rc;
}

int http_fetch(struct http *h, const char *path, struct http_answer *a, struct fail *f)
{
	int rc = http_get(h, path, a, f);

	if (rc == RC_DONE && a->status != 200)
		rc = http_problem(a, path, f);
	return rc;
}

int http_stream(struct http *h, const char *path, http_take_fn take, void *ctx,
		struct http_answer *a, struct fail *f)
{
	h->take = take;
	h->ctx = ctx;
	int rc = http_fetch(h, path, a, f);
	h->take = NULL;
	return rc;
}

void http_answer_free(struct http_answer *a)
{
	sy_buf_free(&a->body);
}

int http_rc(long status)
{
	static const struct {
		long status;
		int rc;
	} table[] = {
	    {400, RC_REFUSED}, {401, RC_REFUSED}, {403, RC_REFUSED}, {409, RC_REFUSED},
	    {413, RC_REFUSED}, {422, RC_REFUSED}, {404, RC_UNKNOWN}, {503, RC_AWAY},
	    {507, RC_AWAY},    {502, RC_AWAY},    {504, RC_AWAY},    {429, RC_AWAY},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (table[i].status == status)
			return table[i].rc;
	}
	return status >= 200 && status < 300 ? RC_DONE : RC_FAIL;
}

static struct sy_str member(const struct sy_json_doc *doc, const char *name, struct sy_arena *arena)
{
	struct sy_str s = {"", 0};

	sy_json_string(doc, sy_json_get(doc, sy_json_root(doc), name), arena, &s);
	return s;
}

static const char *title_words(struct sy_arena *arena, struct sy_str title)
{
	const char *text = sy_arena_strdup(arena, title);

	return text != NULL ? words(text) : "";
}

int http_problem(const struct http_answer *a, const char *what, struct fail *f)
{
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	struct sy_buf text = {0}, clean = {0};

	sy_buf_printf(&text, words("%s: %ld"), words(what), a->status);
	if (sy_json_parse(&arena, sy_buf_span(&a->body), 0, &doc, NULL) == SY_OK) {
		struct sy_str title = member(&doc, "title", &arena);
		struct sy_str detail = member(&doc, "detail", &arena);
		if (title.n > 0)
			sy_buf_printf(&text, " %s", title_words(&arena, title));
		if (detail.n > 0)
			sy_buf_printf(&text, words(": %.*s"), (int)detail.n, detail.p);
	}
	text_clean(&clean, sy_buf_span(&text));
	int rc = http_rc(a->status); /* 206 is no refusal, and not what was asked for either */
	rc = fail(f, rc == RC_DONE ? RC_FAIL : rc, "%s", clean.failed ? what : sy_buf_cstr(&clean));
	sy_buf_free(&text);
	sy_buf_free(&clean);
	sy_arena_free(&arena);
	return rc;
}

void http_escape(struct sy_buf *b, struct sy_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
			     strchr("-._~", c) != NULL;
		if (plain && c != 0)
			sy_buf_byte(b, (char)c);
		else
			sy_buf_printf(b, "%%%02X", c);
	}
}
