/*
 * Bytes: spans, growable buffers, big-endian integers, hex and strict base64.
 *
 * A span borrows; a buffer owns.  Integers of the ledger's formats are big-endian and unsigned.
 */
#ifndef SUYUAN_BYTES_H
#define SUYUAN_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SY_HASH_SIZE 32 /* SHA-256 */

typedef struct sy_hash {
	uint8_t b[SY_HASH_SIZE];
} sy_hash;

/* A borrowed run of text or bytes; not terminated. */
struct sy_str {
	const char *p;
	size_t n;
};

#define SY_STR(literal) ((struct sy_str){(literal), sizeof(literal) - 1})

/* Of a terminated string; NULL is empty.  Inline, as is what compares: a literal's length is known
 * where it stands, and most texts that are asked for differ in it. */
static inline struct sy_str sy_str(const char *text)
{
	return (struct sy_str){text, text ? strlen(text) : 0};
}

static inline bool sy_str_eq(struct sy_str a, struct sy_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool sy_str_is(struct sy_str a, const char *text)
{
	return sy_str_eq(a, sy_str(text));
}

int sy_str_cmp(struct sy_str a, struct sy_str b); /* bytewise, shorter first */
/* The next line without its LF; advances REST past it.  False at the end. */
bool sy_str_line(struct sy_str *rest, struct sy_str *line);
/* Decimal without sign, leading zeros or anything else around it; SY_EINVAL, SY_ERANGE. */
int sy_str_u64(struct sy_str text, uint64_t *out);

static inline bool sy_hash_eq(const sy_hash *a, const sy_hash *b)
{
	return memcmp(a->b, b->b, SY_HASH_SIZE) == 0;
}

static inline void sy_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static inline void sy_put32(uint8_t *p, uint32_t v)
{
	sy_put16(p, (uint16_t)(v >> 16));
	sy_put16(p + 2, (uint16_t)v);
}
static inline void sy_put64(uint8_t *p, uint64_t v)
{
	sy_put32(p, (uint32_t)(v >> 32));
	sy_put32(p + 4, (uint32_t)v);
}
static inline uint16_t sy_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t sy_get32(const uint8_t *p)
{
	return (uint32_t)sy_get16(p) << 16 | sy_get16(p + 2);
}
static inline uint64_t sy_get64(const uint8_t *p)
{
	return (uint64_t)sy_get32(p) << 32 | sy_get32(p + 4);
}

/*
 * A growable buffer.  A failed append sets `failed` and later appends do nothing, so that a
 * caller may build a whole text and ask once.  Zeroed memory is an empty buffer.
 */
struct sy_buf {
	char *p;
	size_t n, cap;
	bool failed;
};

void sy_buf_put(struct sy_buf *b, const void *data, size_t n);
void sy_buf_str(struct sy_buf *b, struct sy_str s);
void sy_buf_text(struct sy_buf *b, const char *text);
void sy_buf_u64(struct sy_buf *b, uint64_t v);
enum { SY_U64_TEXT = 20 };
/* V in decimal, without an end; its length. */
size_t sy_u64_text(uint64_t v, char out[SY_U64_TEXT]);
void sy_buf_printf(struct sy_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sy_buf_base64(struct sy_buf *b, const void *data, size_t n);
static inline void sy_buf_byte(struct sy_buf *b, char c)
{
	if (b->n < b->cap && !b->failed)
		b->p[b->n++] = c;
	else
		sy_buf_put(b, &c, 1);
}
/* Room for N bytes at the end, to be filled by the caller, counted at once; NULL when failed. */
void *sy_buf_room(struct sy_buf *b, size_t n);
/* Terminated text of what is in it (the terminator isn't counted); NULL when failed. */
const char *sy_buf_cstr(struct sy_buf *b);
struct sy_str sy_buf_span(const struct sy_buf *b);
void sy_buf_reset(struct sy_buf *b); /* empty, keeps its memory */
void sy_buf_free(struct sy_buf *b);

/* Lower-case hex of N bytes into OUT (2 N + 1 chars). */
void sy_hex(const void *data, size_t n, char *out);
/* Exactly N bytes, in either case, or SY_EINVAL. */
int sy_unhex(struct sy_str text, void *out, size_t n);

#define SY_BASE64_LEN(n) (((n) + 2) / 3 * 4)
/* Standard padded base64 (RFC 4648 section 4), terminated; OUT holds SY_BASE64_LEN(n) + 1. */
void sy_base64(const void *data, size_t n, char *out);
/* Only the one canonical spelling is accepted, else SY_EBASE64; OUT holds CAP bytes (SY_ETOOBIG
 * past that), *N says how many.  OUT may be NULL: then it is only checked and counted. */
int sy_unbase64(struct sy_str text, void *out, size_t cap, size_t *n);
/* Exactly N bytes or SY_EBASE64. */
int sy_unbase64_exact(struct sy_str text, void *out, size_t n);

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms)?  *BAD (may be NULL) is the
 * offset of the first character that isn't. */
bool sy_utf8_valid(const char *p, size_t n, size_t *bad);

#endif
