#include <suyuan/error.h>
#include <suyuan/tree.h>

#define TILE_WIDTH 256
#define TILE_LEVELS 64

/* --- reading -------------------------------------------------------------------------------- */

static bool starts(struct sy_str s, const char *text)
{
	struct sy_str t = sy_str(text);
	return s.n >= t.n && memcmp(s.p, t.p, t.n) == 0;
}

static struct sy_str skip(struct sy_str s, size_t n)
{
	return (struct sy_str){s.p + n, s.n - n};
}

/* A decimal at the head of REST. */
static bool number(struct sy_str *rest, uint64_t *out)
{
	size_t n = 0;
	while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		n++;
	if (sy_str_u64((struct sy_str){rest->p, n}, out) != SY_OK)
		return false;
	*rest = skip(*rest, n);
	return true;
}

/* Three digits, added to N's decimal. */
static bool group(struct sy_str *rest, uint64_t *n)
{
	unsigned v = 0;
	if (rest->n < 3)
		return false;
	for (int i = 0; i < 3; i++) {
		if (rest->p[i] < '0' || rest->p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(rest->p[i] - '0');
	}
	if (*n > (UINT64_MAX - v) / 1000)
		return false;
	*n = *n * 1000 + v;
	*rest = skip(*rest, 3);
	return true;
}

/* x001/x234/067 */
static bool tile_number(struct sy_str *rest, uint64_t *n)
{
	*n = 0;
	if (starts(*rest, "x000"))
		return false;
	while (starts(*rest, "x")) {
		*rest = skip(*rest, 1);
		if (!group(rest, n) || !starts(*rest, "/"))
			return false;
		*rest = skip(*rest, 1);
	}
	return group(rest, n);
}

int sy_tile_parse(struct sy_str path, struct sy_tile *out)
{
	struct sy_str rest = path;
	struct sy_tile t = {.level = SY_TILE_ENTRIES, .width = TILE_WIDTH};
	uint64_t v;

	if (starts(rest, "entries")) {
		rest = skip(rest, strlen("entries"));
	} else {
		if (!number(&rest, &v) || v >= TILE_LEVELS)
			return SY_ENOTFOUND;
		t.level = (int)v;
	}
	if (!starts(rest, "/"))
		return SY_ENOTFOUND;
	rest = skip(rest, 1);
	if (!tile_number(&rest, &t.n))
		return SY_ENOTFOUND;
	if (starts(rest, ".p/")) {
		rest = skip(rest, 3);
		if (!number(&rest, &v) || v == 0 || v >= TILE_WIDTH)
			return SY_ENOTFOUND;
		t.width = (unsigned)v;
	}
	if (rest.n)
		return SY_ENOTFOUND;
	*out = t;
	return SY_OK;
}

/* --- writing -------------------------------------------------------------------------------- */

void sy_tile_format(const struct sy_tile *t, struct sy_buf *out)
{
	unsigned groups[7], n = 0; /* 2^64 has 20 digits */
	uint64_t rest = t->n;
	do {
		groups[n++] = (unsigned)(rest % 1000);
		rest /= 1000;
	} while (rest);

	if (t->level == SY_TILE_ENTRIES)
		sy_buf_text(out, "entries");
	else
		sy_buf_printf(out, "%d", t->level);
	while (n-- > 1)
		sy_buf_printf(out, "/x%03u", groups[n]);
	sy_buf_printf(out, "/%03u", groups[0]);
	if (t->width < TILE_WIDTH)
		sy_buf_printf(out, ".p/%u", t->width);
}

bool sy_tile_exists(const struct sy_tile *t, uint64_t size)
{
	unsigned shift = t->level == SY_TILE_ENTRIES ? 0 : 8 * (unsigned)t->level;
	uint64_t hashes = shift < 64 ? size >> shift : 0;
	uint64_t full = hashes / TILE_WIDTH;
	return t->n < full || (t->n == full && t->width <= hashes % TILE_WIDTH);
}
