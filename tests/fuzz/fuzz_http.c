/*
 * The reader of requests: the input fed whole and fed in pieces must end the same way, request by
 * request.  The first byte seeds the cuts, the rest is what a peer sends.
 */
#include <http/parse.h>

#include <stdint.h>
#include <stdlib.h>

enum { MAX_BODY = 4096 };

struct taken {
	struct http_request req;
	struct sy_arena arena;
	struct sy_buf body;
	enum http_stage stage;
	int status;
	size_t used;
};

/* Pieces are copied, so that a read past one is seen. */
static size_t feed(struct http_reader *r, const char *p, size_t n)
{
	size_t used = 0;
	char *copy = malloc(n);
	if (copy == NULL)
		abort();
	memcpy(copy, p, n);
	http_reader_feed(r, copy, n, &used);
	free(copy);
	if (used > n)
		abort();
	return used;
}

/* SEED 0: whole. */
static void take(struct taken *t, const char *p, size_t n, unsigned seed)
{
	struct http_reader r = {.limits = {1024, 16}};
	memset(t, 0, sizeof *t);
	http_reader_begin(&r, &t->req, &t->arena, &t->body);
	while (t->used < n && r.stage == HTTP_READ_MORE) {
		size_t piece = n - t->used;
		if (seed != 0) {
			seed = seed * 1103515245 + 12345;
			size_t cut = 1 + (seed >> 16) % (seed & 0x8000 ? 3 : 61);
			piece = cut < piece ? cut : piece;
		}
		t->used += feed(&r, p + t->used, piece);
		if (r.stage == HTTP_READ_HEAD)
			http_reader_body(&r, MAX_BODY);
	}
	t->stage = r.stage;
	t->status = r.status;
	if ((r.stage == HTTP_READ_BAD) != (r.status >= 400) || t->body.n > MAX_BODY)
		abort();
}

static void same(struct sy_str a, struct sy_str b)
{
	if (!sy_str_eq(a, b))
		abort();
}

static void compare(const struct taken *a, const struct taken *b)
{
	if (a->stage != b->stage || a->status != b->status)
		abort();
	if (a->stage == HTTP_READ_BAD)
		return;
	if (a->used != b->used || a->req.method != b->req.method ||
	    a->req.n_headers != b->req.n_headers)
		abort();
	same(a->req.target, b->req.target);
	same(a->req.path, b->req.path);
	same(a->req.query, b->req.query);
	same(a->req.content_type, b->req.content_type);
	same(a->req.body, b->req.body);
	for (size_t i = 0; i < a->req.n_headers; i++) {
		same(a->req.headers[i].name, b->req.headers[i].name);
		same(a->req.headers[i].value, b->req.headers[i].value);
	}
}

static void check_decoded(struct taken *t)
{
	struct sy_str out;
	if (http_decode(&t->arena, t->req.path, &out) == SY_OK &&
	    (out.n > t->req.path.n || (out.n > 0 && memchr(out.p, '\0', out.n) != NULL)))
		abort();
}

static void done(struct taken *t)
{
	sy_arena_free(&t->arena);
	sy_buf_free(&t->body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	unsigned seed = data[0] + 1U;
	const char *p = (const char *)data + 1;
	size_t left = n - 1;
	bool more = true;
	while (more) {
		struct taken whole, pieces;
		take(&whole, p, left, 0);
		take(&pieces, p, left, seed);
		compare(&whole, &pieces);
		check_decoded(&whole);
		more = whole.stage == HTTP_READ_DONE;
		p += whole.used;
		left -= whole.used;
		done(&whole);
		done(&pieces);
	}
	return 0;
}
