#include "inside.h"

#include <suyuan/json.h>

#include <stdio.h>
#include <strings.h>

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *http_phrase(int status)
{
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Unknown";
}

/* --- from any thread ---------------------------------------------------------------------------
 */

void http_set(struct http_exchange *x, const char *name, const char *value)
{
	/* A value that would end its line doesn't get into the answer. */
	for (const char *p = value; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return;
	if (strcasecmp(name, "Retry-After") == 0)
		x->retry_after = true;
	sy_buf_text(&x->extra, name);
	sy_buf_text(&x->extra, ": ");
	sy_buf_text(&x->extra, value);
	sy_buf_text(&x->extra, "\r\n");
}

/* The answer is complete: to its front, or, on it, onwards. */
static void finish(struct http_exchange *x)
{
	struct front *f = x->front;
	if (x->status == 503 && !x->retry_after)
		http_set(x, "Retry-After", "1");
	if (http_front_here != f) {
		exchange_post(x, true);
		return;
	}
	x->answered = true;
	f->lent--;
	struct conn *c = x->conn;
	if (c == NULL) {
		exchange_free(x);
		return;
	}
	c->queued += x->body.n;
	conn_turn(c);
}

static void begin(struct http_exchange *x, int status, const char *type)
{
	x->status = status;
	snprintf(x->type, sizeof x->type, "%s", type != NULL ? type : "");
}

/* A read whose answer doesn't fit the budget is told to come back; a small one passes, or nobody
 * could be told.  What was written stays written, and its answer always passes. */
static bool within_budget(struct http_exchange *x, size_t n)
{
	struct http_server *s = x->front->server;
	if (n == 0)
		return true;
	uint64_t before = atomic_fetch_add_explicit(&s->answer_bytes, n, memory_order_relaxed);
	if (n > HTTP_SMALL && before + n > s->o.answer_budget &&
	    (x->req.method & (HTTP_GET | HTTP_HEAD))) {
		atomic_fetch_sub_explicit(&s->answer_bytes, n, memory_order_relaxed);
		http_problem(x, 503, NULL, "too many answers are waiting to be read; try again",
			     NULL);
		return false;
	}
	x->charged = n;
	return true;
}

void http_reply(struct http_exchange *x, int status, const char *type, struct sy_str body)
{
	if (!within_budget(x, body.n))
		return;
	begin(x, status, type);
	sy_buf_reset(&x->body);
	sy_buf_str(&x->body, body);
	finish(x);
}

struct sy_buf *http_body(struct http_exchange *x)
{
	sy_buf_reset(&x->body);
	return &x->body;
}

void http_reply_buf(struct http_exchange *x, int status, const char *type, struct sy_buf *body)
{
	bool own = body == &x->body;
	if (!within_budget(x, body->n)) {
		/* X is gone, and its buffer with it. */
		if (!own)
			sy_buf_free(body);
		return;
	}
	begin(x, status, type);
	if (!own) {
		sy_buf_free(&x->body);
		x->body = *body;
		*body = (struct sy_buf){0};
	}
	finish(x);
}

static void write_faults(struct sy_jw *w, const struct sy_faults *faults)
{
	sy_jw_key(w, "errors");
	sy_jw_array(w);
	for (size_t i = 0; i < faults->n; i++) {
		const struct sy_fault *v = &faults->v[i];
		if (v->status == 0)
			continue;
		sy_jw_object(w);
		sy_jw_kv_u64(w, "status", (uint64_t)v->status);
		if (v->record >= 0)
			sy_jw_kv_u64(w, "record", (uint64_t)v->record);
		sy_jw_kv_text(w, "pointer", v->pointer);
		sy_jw_kv_text(w, "detail", v->detail);
		if (v->field != NULL)
			sy_jw_kv_text(w, "field", v->field);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
	if (faults->dropped > 0)
		sy_jw_kv_u64(w, "errorsDropped", faults->dropped);
}

void http_problem(struct http_exchange *x, int status, const char *title, const char *detail,
		  const struct sy_faults *faults)
{
	struct sy_jw w;
	begin(x, status, "application/problem+json");
	sy_buf_reset(&x->body);
	sy_jw_init(&w, &x->body);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", "about:blank");
	sy_jw_kv_text(&w, "title", title != NULL ? title : http_phrase(status));
	sy_jw_kv_u64(&w, "status", (uint64_t)status);
	if (detail != NULL)
		sy_jw_kv_text(&w, "detail", detail);
	if (faults != NULL && (faults->n > 0 || faults->dropped > 0))
		write_faults(&w, faults);
	sy_jw_end(&w, '}');
	sy_buf_byte(&x->body, '\n');
	finish(x);
}

void http_problem_err(struct http_exchange *x, int err, const char *detail)
{
	http_problem(x, sy_http_status(err), NULL, detail != NULL ? detail : sy_strerror(err),
		     NULL);
}

/* --- on the front ------------------------------------------------------------------------------
 */

static void put_date(struct front *f)
{
	struct timespec t;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	if (t.tv_sec != f->date_at) {
		f->date_at = t.tv_sec;
		gmtime_r(&t.tv_sec, &tm);
		/* The daemon never sets a locale, so names are RFC 9110's. */
		strftime(f->date, sizeof f->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	}
	sy_buf_text(&f->head, f->date);
}

static void put_status(struct sy_buf *b, int status)
{
	sy_buf_text(b, "HTTP/1.1 ");
	sy_buf_u64(b, (uint64_t)status);
	sy_buf_byte(b, ' ');
	sy_buf_text(b, http_phrase(status));
	sy_buf_text(b, "\r\n");
}

static bool has_no_body(int status)
{
	return status == 204 || status == 304;
}

static void put_head(struct http_exchange *x, bool close)
{
	struct front *f = x->front;
	struct sy_buf *b = &f->head;
	sy_buf_reset(b);
	put_status(b, x->status);
	put_date(f);
	if (x->type[0] != '\0') {
		sy_buf_text(b, "Content-Type: ");
		sy_buf_text(b, x->type);
		sy_buf_text(b, "\r\n");
	}
	if (x->streaming && !x->http10) {
		sy_buf_text(b, "Transfer-Encoding: chunked\r\n");
	} else if (!x->streaming && !has_no_body(x->status)) {
		sy_buf_text(b, "Content-Length: ");
		sy_buf_u64(b, x->body.n);
		sy_buf_text(b, "\r\n");
	}
	sy_buf_text(b, "X-Content-Type-Options: nosniff\r\n");
	if (close)
		sy_buf_text(b, "Connection: close\r\n");
	else if (x->http10)
		sy_buf_text(b, "Connection: keep-alive\r\n");
	sy_buf_put(b, x->extra.p, x->extra.n);
	sy_buf_text(b, "\r\n");
}

static void body_done(const void *data, size_t n, void *body)
{
	(void)data, (void)n;
	free(body);
}

/* Small bodies are copied behind their head, large ones handed over. */
static int put_body(struct http_exchange *x, struct evbuffer *out)
{
	if (x->body.n <= HTTP_KEEP)
		return evbuffer_add(out, x->body.p, x->body.n);
	if (evbuffer_add_reference(out, x->body.p, x->body.n, body_done, x->body.p) < 0)
		return -1;
	x->body = (struct sy_buf){0};
	return 0;
}

size_t reply_compose(struct http_exchange *x, struct evbuffer *out, bool close)
{
	struct sy_buf *head = &x->front->head;
	size_t before = evbuffer_get_length(out);
	if (x->body.failed || x->extra.failed) {
		/* Half an answer must not look like a whole one. */
		x->status = 503;
		x->type[0] = '\0';
		sy_buf_free(&x->body);
		sy_buf_free(&x->extra);
		x->streaming = false;
	}
	put_head(x, close);
	int err = head->failed ? -1 : evbuffer_add(out, head->p, head->n);
	if (err == 0 && x->req.method != HTTP_HEAD && !x->streaming && !has_no_body(x->status) &&
	    x->body.n > 0)
		err = put_body(x, out);
	if (err != 0)
		x->conn->dead = true;
	if (head->failed)
		sy_buf_free(head);
	return evbuffer_get_length(out) - before;
}

void reply_done(struct http_exchange *x)
{
	struct front *f = x->front;
	const struct http_options *o = &f->server->o;
	if (x->status >= 100 && x->status < 600)
		count(&f->n.by_status[x->status / 100], 1);
	if (o->log != NULL)
		o->log(o->ctx, &x->req, x->status, x->sent, http_now_us() - x->since);
}
