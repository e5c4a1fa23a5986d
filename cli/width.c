#include "out.h"

struct range {
	uint32_t from, to;
};

/* Unicode 15, East_Asian_Width W and F, in runs that cover unassigned neighbours as UAX 11 says. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x17000, 0x18cff}, {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static const struct range zero[] = {
    {0x0300, 0x036f}, {0x200b, 0x200f}, {0x2060, 0x2064},   {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

/* What could move the cursor, or turn the reading direction of what follows. */
static const struct range unsafe[] = {
    {0x00, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
};

static bool within(uint32_t c, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= r[i].from && c <= r[i].to)
			return true;
	}
	return false;
}
#define WITHIN(c, table) within((c), (table), sizeof(table) / sizeof((table)[0]))

/* The character at P, of N bytes left, and its length; a byte that begins none is 0xFFFD. */
static uint32_t next_char(const char *text, size_t n, size_t *len)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned more = p[0] < 0x80    ? 0
			: p[0] >= 0xf0 ? 3
			: p[0] >= 0xe0 ? 2
			: p[0] >= 0xc2 ? 1
				       : 4;

	*len = 1;
	if (more == 0)
		return p[0];
	if (more == 4 || more >= n || p[0] > 0xf4)
		return 0xfffd;
	uint32_t c = p[0] & (0x3fu >> more);
	for (unsigned i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (p[i] & 0x3f);
	}
	*len = more + 1;
	return c;
}

size_t text_width(struct sy_str text)
{
	size_t width = 0, len;

	for (size_t i = 0; i < text.n; i += len) {
		uint32_t c = next_char(text.p + i, text.n - i, &len);
		if (c >= 0x300 && WITHIN(c, zero))
			continue;
		width += c >= 0x1100 && WITHIN(c, wide) ? 2 : 1;
	}
	return width;
}

static void put_safe(struct sy_buf *b, uint32_t c, const char *p, size_t len)
{
	if (c == 0xfffd || WITHIN(c, unsafe))
		sy_buf_text(b, "\xef\xbf\xbd");
	else
		sy_buf_put(b, p, len);
}

size_t text_clean_lines(struct sy_buf *b, struct sy_str text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	size_t i = 0, len;

	for (; i < text.n; i += len) {
		size_t whole = p[i] < 0xc2 ? 1 : p[i] < 0xe0 ? 2 : p[i] < 0xf0 ? 3 : 4;
		if (p[i] <= 0xf4 && whole > text.n - i)
			break;
		uint32_t c = next_char(text.p + i, text.n - i, &len);
		if (c == '\n' || c == '\t' || (c == '\r' && i + 1 < text.n && p[i + 1] == '\n'))
			sy_buf_byte(b, (char)c);
		else
			put_safe(b, c, text.p + i, len);
	}
	return i;
}

void text_clean(struct sy_buf *b, struct sy_str text)
{
	size_t len;

	for (size_t i = 0; i < text.n; i += len) {
		uint32_t c = next_char(text.p + i, text.n - i, &len);
		put_safe(b, c, text.p + i, len);
	}
}
