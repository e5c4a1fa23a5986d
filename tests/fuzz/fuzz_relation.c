/* Any document: the reader ends, says the same whatever it is fed at once, and each batch that
 * begins ends before the next. */
#include <stdlib.h>

#include "relation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct said {
	struct sy_buf text;
	bool in_batch;
};

static void on_batch(void *ctx, const struct relation_batch *b)
{
	struct said *s = ctx;

	must(!s->in_batch);
	s->in_batch = true;
	sy_buf_str(&s->text, b->lot);
	sy_buf_str(&s->text, b->product);
	sy_buf_u64(&s->text, b->line);
}

static void on_code(void *ctx, const struct relation_code *c)
{
	struct said *s = ctx;

	must(s->in_batch);
	sy_buf_str(&s->text, c->code);
	sy_buf_str(&s->text, c->parent);
	sy_buf_u64(&s->text, c->line);
}

static void on_end(void *ctx)
{
	struct said *s = ctx;

	must(s->in_batch);
	s->in_batch = false;
}

static int read_all(const uint8_t *data, size_t n, size_t step, struct said *said)
{
	static const struct relation_calls calls = {on_batch, on_code, on_end};
	struct relation *r = NULL;
	struct fail f = {0};
	int rc = RC_DONE;

	must(relation_new(&calls, said, &r) == SY_OK);
	for (size_t i = 0; rc == RC_DONE && i <= n; i += step) {
		size_t part = n - i < step ? n - i : step;
		rc = relation_feed(r, "x", (struct sy_str){(const char *)data + i, part},
				   i + step > n, &f);
	}
	must((rc == RC_DONE) == (f.text[0] == '\0'));
	must(rc != RC_DONE || !said->in_batch);
	relation_free(r);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct said whole = {0}, parts = {0};
	int rc = read_all(data, n, n + 1, &whole);

	must(read_all(data, n, 7, &parts) == rc);
	must(rc != RC_DONE || sy_str_eq(sy_buf_span(&whole.text), sy_buf_span(&parts.text)));
	sy_buf_free(&whole.text);
	sy_buf_free(&parts.text);
	return 0;
}
