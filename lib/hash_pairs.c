#include <suyuan/hash.h>

/*
 * Many hashes, two at a time.
 *
 * A processor that has SHA-256 built in waits, at each round, longer for the one before than it
 * works; rounds of a second text fit in between, so that two take little longer than one.
 */
static void one_by_one(const struct sy_sha256_of *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sy_sha256_parts(v[i].part, SY_SHA256_PARTS, v[i].out);
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>

#define SHA __attribute__((target("sha,sse4.1")))

enum { BLOCK = 64 };

/* FIPS 180-4, sections 4.2.2 and 5.3.3. */
static const uint32_t K[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
static const uint32_t FIRST[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* --- blocks ---------------------------------------------------------------------------------- */

/* The words a to h as the instructions want them, highest first: a b e f, c d g h. */
struct state {
	__m128i abef, cdgh;
};

/* Four rounds, with the words of the message that they take in W[i % 4]. */
SHA static inline void four_rounds(struct state *s, __m128i w[4], int i)
{
	__m128i k;

	if (i >= 4)
		w[i % 4] = _mm_sha256msg2_epu32(
		    _mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]),
				  _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4)),
		    w[(i + 3) % 4]);
	k = _mm_add_epi32(w[i % 4], _mm_load_si128((const __m128i *)(const void *)&K[4 * i]));
	s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, k);
	s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(k, 0x0e));
}

SHA static inline void load_block(__m128i w[4], const uint8_t *p)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	for (int i = 0; i < 4; i++)
		w[i] = _mm_shuffle_epi8(
		    _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
}

/* N blocks of each of two texts. */
SHA static void two_texts(struct state *a, struct state *b, const uint8_t *p, const uint8_t *q,
			  size_t n)
{
	struct state x = *a, y = *b;

	for (; n > 0; n--, p += BLOCK, q += BLOCK) {
		struct state x0 = x, y0 = y;
		__m128i v[4], w[4];
		load_block(v, p);
		load_block(w, q);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			four_rounds(&x, v, i);
			four_rounds(&y, w, i);
		}
		x.abef = _mm_add_epi32(x.abef, x0.abef);
		x.cdgh = _mm_add_epi32(x.cdgh, x0.cdgh);
		y.abef = _mm_add_epi32(y.abef, y0.abef);
		y.cdgh = _mm_add_epi32(y.cdgh, y0.cdgh);
	}
	*a = x;
	*b = y;
}

SHA static void put_digest(const struct state *s, sy_hash *out)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i feba = _mm_shuffle_epi32(s->abef, 0x1b), dchg = _mm_shuffle_epi32(s->cdgh, 0xb1);
	__m128i abcd = _mm_blend_epi16(feba, dchg, 0xf0), efgh = _mm_alignr_epi8(dchg, feba, 8);

	_mm_storeu_si128((__m128i *)(void *)out->b, _mm_shuffle_epi8(abcd, swap));
	_mm_storeu_si128((__m128i *)(void *)(out->b + 16), _mm_shuffle_epi8(efgh, swap));
}

/* --- texts ----------------------------------------------------------------------------------- */

/* A text on its way: whole blocks lie in a part of it, others are put together here. */
struct text {
	const struct sy_sha256_of *of; /* NULL: none is left */
	struct state s;
	const uint8_t *p; /* N blocks that come next */
	size_t n;
	unsigned part; /* where reading is */
	size_t at;
	uint64_t size;
	bool padded, ended;
	uint8_t block[BLOCK];
};

SHA static void begin(struct text *t, const struct sy_sha256_of *of)
{
	t->of = of;
	t->s.abef = _mm_set_epi32((int)FIRST[0], (int)FIRST[1], (int)FIRST[4], (int)FIRST[5]);
	t->s.cdgh = _mm_set_epi32((int)FIRST[2], (int)FIRST[3], (int)FIRST[6], (int)FIRST[7]);
	t->n = t->at = t->size = t->part = 0;
	t->padded = t->ended = false;
}

/* Bytes into the block up to its end or the text's. */
static size_t gather(struct text *t)
{
	size_t n = 0;

	while (n < BLOCK && t->part < SY_SHA256_PARTS) {
		const struct sy_str *s = &t->of->part[t->part];
		size_t left = s->n - t->at, k = left < BLOCK - n ? left : BLOCK - n;
		if (k)
			memcpy(t->block + n, s->p + t->at, k);
		n += k;
		t->at += k;
		if (t->at == s->n) {
			t->part++;
			t->at = 0;
		}
	}
	t->size += n;
	return n;
}

/* The next blocks; false when the text has ended. */
static bool more(struct text *t)
{
	const struct sy_str *s = &t->of->part[t->part < SY_SHA256_PARTS ? t->part : 0];
	size_t n;

	if (t->ended)
		return false;
	if (t->part < SY_SHA256_PARTS && s->n - t->at >= BLOCK) {
		t->p = (const uint8_t *)s->p + t->at;
		t->n = (s->n - t->at) / BLOCK;
		t->at += t->n * BLOCK;
		t->size += t->n * BLOCK;
		return true;
	}
	t->p = t->block;
	t->n = 1;
	if ((n = gather(t)) == BLOCK)
		return true;
	memset(t->block + n, 0, BLOCK - n);
	if (!t->padded)
		t->block[n] = 0x80;
	t->padded = true;
	if (n < BLOCK - 8) {
		sy_put64(t->block + BLOCK - 8, t->size * 8);
		t->ended = true;
	}
	return true;
}

/* Until blocks are there, of this text or of the next one: false when there is none. */
SHA static bool ready(struct text *t, const struct sy_sha256_of **next,
		      const struct sy_sha256_of *end)
{
	while (t->of && t->n == 0 && !more(t)) {
		put_digest(&t->s, t->of->out);
		if (*next == end)
			t->of = NULL;
		else
			begin(t, (*next)++);
	}
	return t->of;
}

SHA static void two_by_two(const struct sy_sha256_of *v, size_t n)
{
	const struct sy_sha256_of *next = v, *end = v + n;
	struct text t[2];

	begin(&t[0], next++);
	begin(&t[1], next++);
	for (;;) {
		bool one = ready(&t[0], &next, end), two = ready(&t[1], &next, end);
		if (!one && !two)
			return;
		/* The last of an odd number keeps itself company; what that comes to isn't read. */
		if (!one || !two) {
			struct text *left = one ? &t[0] : &t[1], *idle = one ? &t[1] : &t[0];
			idle->p = left->p;
			idle->n = left->n;
		}
		size_t k = t[0].n < t[1].n ? t[0].n : t[1].n;
		two_texts(&t[0].s, &t[1].s, t[0].p, t[1].p, k);
		for (int i = 0; i < 2; i++) {
			t[i].p += k * BLOCK;
			t[i].n -= k;
		}
	}
}

static bool has_sha;

static void look(void)
{
	unsigned a, b, c, d;

	has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA &&
		  __builtin_cpu_supports("sse4.1");
}

void sy_sha256_each(const struct sy_sha256_of *v, size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, look);
	if (has_sha && n > 1)
		two_by_two(v, n);
	else
		one_by_one(v, n);
}

#else

void sy_sha256_each(const struct sy_sha256_of *v, size_t n)
{
	one_by_one(v, n);
}

#endif
