/* Any file: its text is the same whatever the size of the reads, is UTF-8 but for bytes 0xFF where
 * it was converted, and goes back into the same bytes when there were none of those. */
#include <stdlib.h>

#include "memory_file.h"
#include "stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct stream *open_bytes(const uint8_t *data, size_t n, int *fd)
{
	struct stream *s = NULL;
	struct fail f = {0};
	char path[32];

	*fd = memory_file(data, n, path);
	must(stream_open(path, ENC_GUESS, &s, &f) == RC_DONE);
	close(*fd);
	return s;
}

static void read_all(struct stream *s, size_t step, struct sy_buf *out)
{
	char block[4096];
	long got;

	while ((got = stream_read(s, block, step)) > 0)
		sy_buf_put(out, block, (size_t)got);
	must(got == 0 && !out->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_buf text = {0}, again = {0}, back = {0};
	int fd;
	struct stream *s = open_bytes(data, n, &fd), *t = open_bytes(data, n, &fd);

	read_all(s, 4096, &text);
	read_all(t, 4, &again);
	must(sy_str_eq(sy_buf_span(&text), sy_buf_span(&again)));
	bool whole = text.n == 0 || memchr(text.p, '\xff', text.n) == NULL;
	if (strcmp(stream_encoding(s), "UTF-8") != 0 && whole)
		must(sy_utf8_valid(text.p, text.n, NULL));
	stream_encode(s, sy_buf_span(&text), true, &back);
	if (strcmp(stream_encoding(s), "UTF-8") == 0)
		must(back.n == n && (n == 0 || memcmp(back.p, data, n) == 0));
	stream_close(s);
	stream_close(t);
	sy_buf_free(&text);
	sy_buf_free(&again);
	sy_buf_free(&back);
	return 0;
}
