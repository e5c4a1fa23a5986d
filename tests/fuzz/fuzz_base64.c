/* Base64, hex and UTF-8: one spelling a value, and nothing past the room that was given. */
#include <suyuan/bytes.h>
#include <suyuan/error.h>

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void decode(struct sy_str in)
{
	size_t want, got;
	if (sy_unbase64(in, NULL, SIZE_MAX, &want) != SY_OK)
		return;
	/* Exactly as large as it must be, so that a sanitizer sees one byte too many. */
	uint8_t *out = malloc(want + (want == 0));
	struct sy_buf b = {0};
	must(out != NULL);
	must(sy_unbase64(in, out, want, &got) == SY_OK && got == want);
	must(sy_unbase64_exact(in, out, want) == SY_OK);
	sy_buf_base64(&b, out, want);
	must(sy_str_eq(in, sy_buf_span(&b)));
	must(want == 0 || sy_unbase64(in, out, want - 1, &got) == SY_ETOOBIG);
	sy_buf_free(&b);
	free(out);
}

static void encode(struct sy_str in)
{
	struct sy_buf b = {0};
	char *hex = malloc(2 * in.n + 1);
	uint8_t *out = malloc(in.n + 1);
	size_t got;
	must(hex && out);
	sy_buf_base64(&b, in.p, in.n);
	must(sy_unbase64(sy_buf_span(&b), out, in.n, &got) == SY_OK && got == in.n);
	must(memcmp(out, in.p, in.n) == 0);
	sy_hex(in.p, in.n, hex);
	must(sy_unhex(sy_str(hex), out, in.n) == SY_OK && memcmp(out, in.p, in.n) == 0);
	free(out);
	free(hex);
	sy_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_str in = {(const char *)data, n};
	uint8_t byte;
	size_t bad;
	decode(in);
	encode(in);
	must(sy_unhex(in, &byte, 1) != SY_OK || n == 2);
	/* What comes before the first bad character is good. */
	if (!sy_utf8_valid(in.p, n, &bad))
		must(bad < n && sy_utf8_valid(in.p, bad, NULL));
	return 0;
}
