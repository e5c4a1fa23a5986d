#include <suyuan/bytes.h>
#include <suyuan/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- spans ---------------------------------------------------------------------------------- */

int sy_str_cmp(struct sy_str a, struct sy_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;
	return d ? d : (a.n > b.n) - (a.n < b.n);
}

bool sy_str_line(struct sy_str *rest, struct sy_str *line)
{
	if (rest->n == 0)
		return false;
	const char *lf = memchr(rest->p, '\n', rest->n);
	size_t n = lf ? (size_t)(lf - rest->p) : rest->n;
	*line = (struct sy_str){rest->p, n};
	size_t step = lf ? n + 1 : n;
	rest->p += step;
	rest->n -= step;
	return true;
}

int sy_str_u64(struct sy_str text, uint64_t *out)
{
	uint64_t v = 0;
	if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
		return SY_EINVAL;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return SY_EINVAL;
	for (size_t i = 0; i < text.n; i++) {
		unsigned d = (unsigned)(text.p[i] - '0');
		if (v > (UINT64_MAX - d) / 10)
			return SY_ERANGE;
		v = v * 10 + d;
	}
	*out = v;
	return SY_OK;
}

/* --- integers ------------------------------------------------------------------------------- */

/* --- buffers -------------------------------------------------------------------------------- */

static bool reserve(struct sy_buf *b, size_t n)
{
	if (b->failed)
		return false;
	if (n <= b->cap - b->n)
		return true;
	if (n > SIZE_MAX / 2 - b->n) {
		b->failed = true;
		return false;
	}
	size_t cap = b->cap ? b->cap * 2 : 256;
	if (cap < b->n + n)
		cap = b->n + n;
	char *p = realloc(b->p, cap);
	if (p == NULL) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void *sy_buf_room(struct sy_buf *b, size_t n)
{
	/* One byte more than asked, so that room for nothing isn't NULL either. */
	if (n == SIZE_MAX || !reserve(b, n + 1)) {
		b->failed = true;
		return NULL;
	}
	void *room = b->p + b->n;
	b->n += n;
	return room;
}

void sy_buf_put(struct sy_buf *b, const void *data, size_t n)
{
	if (n == 0)
		return;
	void *room = sy_buf_room(b, n);
	if (room)
		memcpy(room, data, n);
}

void sy_buf_str(struct sy_buf *b, struct sy_str s)
{
	sy_buf_put(b, s.p, s.n);
}

void sy_buf_text(struct sy_buf *b, const char *text)
{
	sy_buf_str(b, sy_str(text));
}

size_t sy_u64_text(uint64_t v, char out[SY_U64_TEXT])
{
	char digits[SY_U64_TEXT], *p = digits + sizeof digits;
	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	size_t n = (size_t)(digits + sizeof digits - p);
	memcpy(out, p, n);
	return n;
}

void sy_buf_u64(struct sy_buf *b, uint64_t v)
{
	char digits[SY_U64_TEXT];
	sy_buf_put(b, digits, sy_u64_text(v, digits));
}

void sy_buf_printf(struct sy_buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n + 1)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void sy_buf_base64(struct sy_buf *b, const void *data, size_t n)
{
	if (n > SIZE_MAX / 4 * 3 - 3 || !reserve(b, SY_BASE64_LEN(n) + 1)) {
		b->failed = true;
		return;
	}
	sy_base64(data, n, b->p + b->n);
	b->n += SY_BASE64_LEN(n);
}

const char *sy_buf_cstr(struct sy_buf *b)
{
	if (!reserve(b, 1))
		return NULL;
	b->p[b->n] = '\0';
	return b->p;
}

struct sy_str sy_buf_span(const struct sy_buf *b)
{
	return (struct sy_str){b->p, b->n};
}

void sy_buf_reset(struct sy_buf *b)
{
	b->n = 0;
	b->failed = false;
}

void sy_buf_free(struct sy_buf *b)
{
	free(b->p);
	*b = (struct sy_buf){0};
}

/* --- hex and base64 ------------------------------------------------------------------------- */

void sy_hex(const void *data, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;
	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int sy_unhex(struct sy_str text, void *out, size_t n)
{
	uint8_t *p = out;
	if (text.n % 2 || text.n / 2 != n)
		return SY_EINVAL;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(text.p[2 * i]), lo = hex_digit(text.p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return SY_EINVAL;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	return SY_OK;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void sy_base64(const void *data, size_t n, char *out)
{
	const uint8_t *p = data;
	for (; n > 0; out += 4) {
		size_t take = n < 3 ? n : 3;
		uint32_t v = (uint32_t)p[0] << 16;
		v |= take > 1 ? (uint32_t)p[1] << 8 : 0;
		v |= take > 2 ? p[2] : 0;
		out[0] = base64_digits[v >> 18];
		out[1] = base64_digits[v >> 12 & 63];
		out[2] = take > 1 ? base64_digits[v >> 6 & 63] : '=';
		out[3] = take > 2 ? base64_digits[v & 63] : '=';
		p += take;
		n -= take;
	}
	*out = '\0';
}

/* Of each character its value and one; 0 is no digit. */
static const uint8_t base64_values[256] = {
    ['A'] = 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,         12,         13,
    14,         15, 16, 17, 18, 19, 20, 21, 22, 23, 24,         25,         26,
    ['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37,         38,         39,
    40,         41, 42, 43, 44, 45, 46, 47, 48, 49, 50,         51,         52,
    ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['+'] = 63, ['/'] = 64,
};

/* One group of four that stands for N bytes, 1 to 3, into OUT; false when it isn't canonical. */
static inline bool unbase64_group(const char *text, size_t n, uint8_t out[3])
{
	uint32_t v = 0;
	bool good = true;
	for (size_t i = 0; i < 4; i++) {
		uint32_t d = i <= n ? base64_values[(uint8_t)text[i]] : 1;
		good &= d > 0;
		v = v << 6 | ((d - 1) & 63);
	}
	for (size_t i = 0; i < 3; i++)
		out[i] = (uint8_t)(v >> (16 - 8 * i));
	/* Bits past the last byte must be zero, or one value would have many spellings. */
	return good && (v & ((1u << 8 * (3 - n)) - 1)) == 0;
}

int sy_unbase64(struct sy_str text, void *out, size_t cap, size_t *n)
{
	uint8_t group[3], *p = out;
	size_t done = 0;
	if (text.n % 4)
		return SY_EBASE64;
	for (size_t i = 0; i < text.n; i += 4) {
		const char *four = text.p + i;
		size_t got = i + 4 < text.n || four[3] != '=' ? 3 : four[2] != '=' ? 2 : 1;
		if (!unbase64_group(four, got, group))
			return SY_EBASE64;
		if (got > cap - done)
			return SY_ETOOBIG;
		if (p)
			memcpy(p + done, group, got);
		done += got;
	}
	*n = done;
	return SY_OK;
}

int sy_unbase64_exact(struct sy_str text, void *out, size_t n)
{
	size_t got;
	if (text.n != SY_BASE64_LEN(n))
		return SY_EBASE64;
	int err = sy_unbase64(text, out, n, &got);
	return err || got != n ? SY_EBASE64 : SY_OK;
}

/* --- UTF-8 ---------------------------------------------------------------------------------- */

/* RFC 3629 section 4: by first byte, the length and what the second byte may be. */
static const struct {
	uint8_t first, last, n, low, high;
} utf8_rows[] = {
    {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

/* The length of the character at P, with LEFT bytes there; 0 when it is none. */
static size_t utf8_char(const uint8_t *p, size_t left)
{
	size_t row = 0, rows = sizeof utf8_rows / sizeof utf8_rows[0];
	while (row < rows && (p[0] < utf8_rows[row].first || p[0] > utf8_rows[row].last))
		row++;
	if (row == rows || utf8_rows[row].n > left)
		return 0;
	size_t n = utf8_rows[row].n;
	if (n > 1 && (p[1] < utf8_rows[row].low || p[1] > utf8_rows[row].high))
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool sy_utf8_valid(const char *p, size_t n, size_t *bad)
{
	const uint8_t *u = (const uint8_t *)p;
	for (size_t i = 0, step; i < n; i += step) {
		uint64_t eight;
		/* Records are mostly ASCII: eight bytes at a time while no high bit is set. */
		if (n - i >= 8 && (memcpy(&eight, u + i, 8), (eight & 0x8080808080808080u) == 0)) {
			step = 8;
			continue;
		}
		if ((step = utf8_char(u + i, n - i)) == 0) {
			if (bad)
				*bad = i;
			return false;
		}
	}
	return true;
}
