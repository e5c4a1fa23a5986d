/* Tile paths: what parses, written again, is the same path. */
#include <suyuan/error.h>
#include <suyuan/tree.h>

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_str in = {(const char *)data, n};
	struct sy_tile t;
	struct sy_buf b = {0};

	if (sy_tile_parse(in, &t) != SY_OK)
		return 0;
	sy_tile_format(&t, &b);
	if (!sy_str_eq(in, sy_buf_span(&b)) || sy_tile_exists(&t, 0))
		abort();
	if (t.level <= 0 && t.n < UINT64_MAX / 256 && !sy_tile_exists(&t, t.n * 256 + t.width))
		abort();
	sy_buf_free(&b);
	return 0;
}
