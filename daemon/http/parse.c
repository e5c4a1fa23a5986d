#include "parse.h"

#include <strings.h>

enum { BLOCK = 1024, CHUNK_LINE_MAX = 256, LENGTH_DIGITS = 18, SIZE_DIGITS = 15 };

/* What a byte may be part of. */
enum { TOKEN = 1, TARGET = 2, FIELD = 4, HOST = 8 };
static unsigned char class_of[256];

__attribute__((constructor)) static void classes(void)
{
	static const struct {
		const char *bytes;
		unsigned char is;
	} extra[] = {{"!#$%&'*+-.^_`|~", TOKEN}, {"-._~!$&'()*+,;=:[]%", HOST}};

	for (unsigned c = 0; c < 256; c++) {
		unsigned lower = c | 0x20;
		if ((c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z' && c < 128))
			class_of[c] |= TOKEN | HOST;
		if (c > 0x20 && c < 0x7f && c != '#')
			class_of[c] |= TARGET;
		if (c == '\t' || (c >= 0x20 && c != 0x7f))
			class_of[c] |= FIELD;
	}
	for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++)
		for (const char *p = extra[i].bytes; *p != '\0'; p++)
			class_of[(unsigned char)*p] |= extra[i].is;
}

static size_t span(const char *p, size_t n, unsigned char is)
{
	size_t i = 0;
	while (i < n && (class_of[(unsigned char)p[i]] & is))
		i++;
	return i;
}

static bool all(struct sy_str s, unsigned char is)
{
	return span(s.p, s.n, is) == s.n;
}

static struct sy_str trim(struct sy_str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.n--;
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool http_same(struct sy_str a, const char *b)
{
	return strlen(b) == a.n && strncasecmp(a.p, b, a.n) == 0;
}

static void bad(struct http_reader *r, int status, const char *detail)
{
	r->stage = HTTP_READ_BAD;
	r->status = status;
	r->detail = detail;
}

/* --- fields that the reader itself understands ------------------------------------------------ */

static void field_host(struct http_reader *r, struct sy_str v)
{
	if (!all(v, HOST))
		bad(r, 400, "Host is not a host and a port");
}

static void field_length(struct http_reader *r, struct sy_str v)
{
	uint64_t n = 0;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9') {
			bad(r, 400, "Content-Length is not a number");
			return;
		}
		if (i < LENGTH_DIGITS)
			n = n * 10 + (uint64_t)(v.p[i] - '0');
	}
	if (v.n == 0)
		bad(r, 400, "Content-Length is empty");
	else if (v.n > LENGTH_DIGITS)
		bad(r, 413, "Content-Length is beyond any limit");
	r->length = n;
}

static void field_coding(struct http_reader *r, struct sy_str v)
{
	if (v.n == 0)
		bad(r, 400, "Transfer-Encoding is empty");
	else if (!http_same(v, "chunked"))
		bad(r, 501, "the only transfer coding known here is chunked, once");
	r->chunked = true;
}

static void field_connection(struct http_reader *r, struct sy_str v)
{
	while (v.n > 0) {
		const char *comma = memchr(v.p, ',', v.n);
		size_t n = comma != NULL ? (size_t)(comma - v.p) : v.n;
		struct sy_str option = trim((struct sy_str){v.p, n});
		if (http_same(option, "close"))
			r->close = true;
		else if (http_same(option, "keep-alive"))
			r->persist = true;
		n += comma != NULL;
		v.p += n, v.n -= n;
	}
}

static void field_expect(struct http_reader *r, struct sy_str v)
{
	if (http_same(v, "100-continue"))
		r->expect = true;
	else
		bad(r, 417, "the only expectation known here is 100-continue");
}

static void field_type(struct http_reader *r, struct sy_str v)
{
	const char *semicolon = memchr(v.p, ';', v.n);
	if (semicolon != NULL)
		v.n = (size_t)(semicolon - v.p);
	r->req->content_type = trim(v);
}

enum { ONE_HOST = 1, ONE_LENGTH = 2, ONE_CODING = 4, ONE_TYPE = 8 };

static const struct known {
	struct sy_str name;
	void (*take)(struct http_reader *r, struct sy_str value);
	unsigned once; /* the bit that a second one finds set; 0: may repeat */
} known[] = {
    {{"Host", 4}, field_host, ONE_HOST},
    {{"Content-Length", 14}, field_length, ONE_LENGTH},
    {{"Transfer-Encoding", 17}, field_coding, ONE_CODING},
    {{"Content-Type", 12}, field_type, ONE_TYPE},
    {{"Connection", 10}, field_connection, 0},
    {{"Expect", 6}, field_expect, 0},
};

static void understand(struct http_reader *r, const struct http_header *h)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		const struct known *k = &known[i];
		if (k->name.n != h->name.n || strncasecmp(k->name.p, h->name.p, h->name.n) != 0)
			continue;
		if (r->seen & k->once) {
			bad(r, 400,
			    "Host, Content-Length, Transfer-Encoding and Content-Type stand once");
			return;
		}
		r->seen |= k->once;
		k->take(r, h->value);
		return;
	}
}

/* --- lines ------------------------------------------------------------------------------------ */

enum state { REQUEST_LINE, FIELD_LINE, BODY, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER };

static const struct {
	struct sy_str name;
	enum http_method method;
} methods[] = {
    {{"GET", 3}, HTTP_GET}, {{"HEAD", 4}, HTTP_HEAD},     {{"POST", 4}, HTTP_POST},
    {{"PUT", 3}, HTTP_PUT}, {{"DELETE", 6}, HTTP_DELETE},
};

static void take_method(struct http_reader *r, struct sy_str name)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (sy_str_eq(methods[i].name, name)) {
			r->req->method = methods[i].method;
			return;
		}
	bad(r, 501, "method not known here");
}

static void take_version(struct http_reader *r, struct sy_str v)
{
	if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[6] != '.' || v.p[5] < '0' ||
	    v.p[5] > '9' || v.p[7] < '0' || v.p[7] > '9')
		bad(r, 400, "the request line does not end in HTTP/1.1");
	else if (v.p[5] != '1')
		bad(r, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	r->http10 = v.n == 8 && v.p[7] == '0';
}

/* Absolute form (RFC 9112 section 3.2.2) is reduced to path and query; its authority says no more
 * than Host does, which nothing here depends on. */
static bool reduce_absolute(struct sy_str *t)
{
	static const char *const schemes[] = {"http://", "https://"};
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		size_t n = strlen(schemes[i]);
		if (t->n <= n || strncasecmp(t->p, schemes[i], n) != 0)
			continue;
		size_t host = n;
		while (host < t->n && t->p[host] != '/' && t->p[host] != '?')
			host++;
		if (host == n || !all((struct sy_str){t->p + n, host - n}, HOST))
			return false;
		t->p += host, t->n -= host;
		return true;
	}
	return false;
}

static void take_target(struct http_reader *r, struct sy_str t)
{
	r->req->target = t;
	if (t.p[0] != '/' && !reduce_absolute(&t)) {
		bad(r, 400, "the target is neither a path nor an absolute http address");
		return;
	}
	const char *mark = t.n > 0 ? memchr(t.p, '?', t.n) : NULL;
	size_t path = mark != NULL ? (size_t)(mark - t.p) : t.n;
	r->req->path = path > 0 ? (struct sy_str){t.p, path} : SY_STR("/");
	if (mark != NULL)
		r->req->query = (struct sy_str){mark + 1, t.n - path - 1};
}

static void request_line(struct http_reader *r, struct sy_str line)
{
	if (line.n == 0 && !r->blank) { /* RFC 9112 section 2.2: one is let pass */
		r->blank = true;
		r->head_n = 0;
		return;
	}
	size_t method = span(line.p, line.n, TOKEN);
	const char *target = line.p + method + 1;
	size_t left = line.n > method ? line.n - method - 1 : 0;
	size_t target_n = span(target, left, TARGET);
	if (method == 0 || left == 0 || line.p[method] != ' ' || target_n == 0 ||
	    target_n == left || target[target_n] != ' ') {
		bad(r, 400,
		    "the request line is not method, target and version with a space between");
		return;
	}
	r->state = FIELD_LINE;
	take_version(r, (struct sy_str){target + target_n + 1, left - target_n - 1});
	if (r->stage != HTTP_READ_BAD)
		take_method(r, (struct sy_str){line.p, method});
	if (r->stage != HTTP_READ_BAD)
		take_target(r, (struct sy_str){target, target_n});
}

static bool split_field(struct http_reader *r, struct sy_str line, struct http_header *h)
{
	size_t name = span(line.p, line.n, TOKEN);
	if (line.p[0] == ' ' || line.p[0] == '\t')
		bad(r, 400, "a header field is folded over lines");
	else if (name == 0 || name == line.n || line.p[name] != ':')
		bad(r, 400, "a header field is not a name and a colon");
	else if (!all((struct sy_str){line.p + name + 1, line.n - name - 1}, FIELD))
		bad(r, 400, "a header field holds a control character");
	if (r->stage == HTTP_READ_BAD)
		return false;
	h->name = (struct sy_str){line.p, name};
	h->value = trim((struct sy_str){line.p + name + 1, line.n - name - 1});
	return true;
}

static void end_of_head(struct http_reader *r)
{
	if (!(r->seen & ONE_HOST) && !r->http10)
		bad(r, 400, "Host is missing");
	else if ((r->seen & ONE_LENGTH) && r->chunked)
		bad(r, 400, "Content-Length and Transfer-Encoding exclude each other");
	else if (r->chunked && r->http10)
		bad(r, 400, "HTTP/1.0 has no Transfer-Encoding");
	else
		r->stage = HTTP_READ_HEAD;
	r->keep_alive = !r->close && (!r->http10 || r->persist);
	r->expect = r->expect && !r->http10;
}

static void field_line(struct http_reader *r, struct sy_str line)
{
	if (line.n == 0) {
		end_of_head(r);
		return;
	}
	struct http_request *q = r->req;
	if (q->n_headers == r->limits.max_headers) {
		bad(r, 431, "too many header fields");
		return;
	}
	struct http_header *h = &r->headers[q->n_headers];
	if (!split_field(r, line, h))
		return;
	q->n_headers++;
	understand(r, h);
}

/* --- chunks ----------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_room(struct http_reader *r, uint64_t n)
{
	if (n > r->max_body - r->body->n) {
		bad(r, 413,
		    r->max_body > 0 ? "the body is larger than is taken here"
				    : "no body is taken here");
		return;
	}
	int status = r->reserve != NULL ? r->reserve(r->reserve_ctx, n) : 0;
	if (status != 0)
		bad(r, status, "too many bodies are being read; try again");
}

static void chunk_size(struct http_reader *r, struct sy_str line)
{
	uint64_t n = 0;
	size_t i = 0;
	for (int d; i < line.n && i < SIZE_DIGITS && (d = hex_digit(line.p[i])) >= 0; i++)
		n = n << 4 | (uint64_t)d;
	struct sy_str rest = {line.p + i, line.n - i}, extension = trim(rest);
	if (i == 0 || !all(rest, FIELD) ||
	    (rest.n > 0 && (extension.n == 0 || *extension.p != ';'))) {
		bad(r, 400, "a chunk does not begin with its size");
		return;
	}
	r->left = n;
	r->state = n > 0 ? CHUNK_DATA : TRAILER;
	r->head_n = 0;
	if (n > 0)
		take_room(r, n);
}

static void chunk_end(struct http_reader *r, struct sy_str line)
{
	r->state = CHUNK_SIZE;
	if (line.n > 0)
		bad(r, 400, "a chunk is longer than its size");
}

/* Trailers are checked like fields and dropped: nothing here may be said after the body. */
static void trailer(struct http_reader *r, struct sy_str line)
{
	struct http_header dropped;
	if (line.n == 0)
		r->stage = HTTP_READ_DONE;
	else if (r->trailers++ == r->limits.max_headers)
		bad(r, 431, "too many trailer fields");
	else
		split_field(r, line, &dropped);
	if (r->stage == HTTP_READ_DONE)
		r->req->body = sy_buf_span(r->body);
}

/* --- steps: take some of N bytes, say how many -------------------------------------------------
 */

static size_t body_bytes(struct http_reader *r, const char *p, size_t n)
{
	if (n > r->left)
		n = (size_t)r->left;
	sy_buf_put(r->body, p, n);
	if (r->body->failed) {
		bad(r, 503, "not enough memory");
		return n;
	}
	r->left -= n;
	if (r->left == 0 && r->state == CHUNK_DATA) {
		r->state = CHUNK_END;
	} else if (r->left == 0) {
		r->stage = HTTP_READ_DONE;
		r->req->body = sy_buf_span(r->body);
	}
	return n;
}

/* Lines of a head stay where they are, since the request points into them; a line that doesn't fit
 * its block moves to a new one. */
static bool line_room(struct http_reader *r, size_t more)
{
	if (r->line_n + more <= r->room)
		return true;
	size_t need = r->line_n + more, most = r->limits.max_header;
	size_t room = 2 * need > BLOCK ? 2 * need : BLOCK;
	if (room > most)
		room = need > most ? need : most;
	char *block = sy_arena_alloc(r->arena, room);
	if (block == NULL) {
		bad(r, 503, "not enough memory");
		return false;
	}
	if (r->line_n > 0)
		memcpy(block, r->line, r->line_n);
	r->line = block;
	r->room = room;
	return true;
}

static bool within_limit(struct http_reader *r, size_t more)
{
	if (r->state == CHUNK_SIZE || r->state == CHUNK_END) {
		if (r->line_n + more > CHUNK_LINE_MAX)
			bad(r, 400, "a chunk's line is too long");
	} else if (r->state == REQUEST_LINE && r->line_n + more > r->limits.max_header / 2) {
		bad(r, 414, "the target is too long");
	} else if (r->head_n + more > r->limits.max_header) {
		bad(r, 431, "the header section is too large");
	}
	return r->stage != HTTP_READ_BAD;
}

static void (*const line_of[])(struct http_reader *, struct sy_str) = {
    [REQUEST_LINE] = request_line, [FIELD_LINE] = field_line, [CHUNK_SIZE] = chunk_size,
    [CHUNK_END] = chunk_end,       [TRAILER] = trailer,
};

static size_t line_bytes(struct http_reader *r, const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	size_t take = lf != NULL ? (size_t)(lf - p) + 1 : n;
	if (!within_limit(r, take) || !line_room(r, take))
		return take;
	memcpy(r->line + r->line_n, p, take);
	r->line_n += take;
	r->head_n += take;
	if (lf == NULL)
		return take;

	struct sy_str line = {r->line, r->line_n};
	bool keep = r->state == FIELD_LINE || r->state == REQUEST_LINE;
	if (line.n < 2 || line.p[line.n - 2] != '\r') {
		bad(r, 400, "a line ends in LF without CR");
		return take;
	}
	line.n -= 2;
	if (keep) {
		r->line += r->line_n;
		r->room -= r->line_n;
	}
	r->line_n = 0;
	line_of[r->state](r, line);
	return take;
}

void http_reader_begin(struct http_reader *r, struct http_request *req, struct sy_arena *arena,
		       struct sy_buf *body)
{
	*r = (struct http_reader){
	    .limits = r->limits,
	    .reserve = r->reserve,
	    .reserve_ctx = r->reserve_ctx,
	    .req = req,
	    .arena = arena,
	    .body = body,
	};
	memset(req, 0, sizeof *req);
	sy_buf_reset(body);
	r->headers = sy_arena_alloc(arena, r->limits.max_headers * sizeof *r->headers);
	req->headers = r->headers;
	if (r->headers == NULL)
		bad(r, 503, "not enough memory");
}

enum http_stage http_reader_feed(struct http_reader *r, const char *p, size_t n, size_t *used)
{
	size_t at = 0;
	while (at < n && r->stage == HTTP_READ_MORE)
		at += line_of[r->state] != NULL ? line_bytes(r, p + at, n - at)
						: body_bytes(r, p + at, n - at);
	*used = at;
	return r->stage;
}

enum http_stage http_reader_body(struct http_reader *r, size_t max_body)
{
	r->max_body = max_body;
	r->stage = HTTP_READ_MORE;
	r->line_n = 0;
	if (r->chunked) {
		r->state = CHUNK_SIZE;
		return r->stage;
	}
	r->state = BODY;
	r->left = r->length;
	if (r->length == 0) {
		r->stage = HTTP_READ_DONE;
		return r->stage;
	}
	take_room(r, r->length);
	/* At once, so that a body isn't copied as it grows; pages come as bytes do. */
	if (r->stage != HTTP_READ_BAD && sy_buf_room(r->body, (size_t)r->length) == NULL)
		bad(r, 503, "not enough memory");
	r->body->n = 0;
	return r->stage;
}

int http_decode(struct sy_arena *arena, struct sy_str coded, struct sy_str *out)
{
	*out = coded;
	if (coded.n == 0 || memchr(coded.p, '%', coded.n) == NULL)
		return SY_OK;
	char *p = sy_arena_alloc(arena, coded.n);
	size_t n = 0;
	if (p == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < coded.n; i++) {
		char c = coded.p[i];
		if (c == '%') {
			int hi = i + 2 < coded.n ? hex_digit(coded.p[i + 1]) : -1;
			int lo = hi >= 0 ? hex_digit(coded.p[i + 2]) : -1;
			if (lo < 0 || (hi == 0 && lo == 0))
				return SY_EINVAL;
			c = (char)(hi << 4 | lo);
			i += 2;
		}
		p[n++] = c;
	}
	*out = (struct sy_str){p, n};
	return SY_OK;
}
