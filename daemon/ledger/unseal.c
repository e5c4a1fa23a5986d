#include "unseal.h"

#include <sodium.h>

/*
 * The same as seal() of salts.c, of eight records at a time: each has a key of its own, so that
 * libsodium, which works on one text at a time, spends more on keys than on texts, and fills its
 * vectors only where a text is a multiple of 512 bytes.  Here a lane of a vector is a record, or a
 * block of 64 bytes of one.
 *
 * Who opens a record holds its hash against the leaf, so a mistake in here can't pass for a record.
 */
static void one_by_one(const struct sealed *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		seal(v[i].salt, v[i].leaf, v[i].in, v[i].out);
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define INLINE AVX2 __attribute__((always_inline)) static inline
#define BLOCK 64
enum { LANES = 8, KEY_WORDS = 8 };

static void *at(void *p)
{
	return p;
}

/* --- the keys: BLAKE2b, RFC 7693, four at a time --------------------------------------------- */

static const uint64_t IV[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
			       0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
			       0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/* Which word of the block each step takes. */
static const uint8_t SIGMA[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
				      {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
				      {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
				      {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
				      {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
				      {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
				      {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
				      {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
				      {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
				      {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

INLINE void mix64(__m256i v[16], int a, int b, int c, int d, __m256i x, __m256i y)
{
	const __m256i by24 = _mm256_set_epi64x(0x0a09080f0e0d0c0b, 0x0201000706050403,
					       0x0a09080f0e0d0c0b, 0x0201000706050403);
	const __m256i by16 = _mm256_set_epi64x(0x09080f0e0d0c0b0a, 0x0100070605040302,
					       0x09080f0e0d0c0b0a, 0x0100070605040302);

	v[a] = _mm256_add_epi64(_mm256_add_epi64(v[a], x), v[b]);
	v[d] = _mm256_shuffle_epi32(_mm256_xor_si256(v[d], v[a]), 0xb1);
	v[c] = _mm256_add_epi64(v[c], v[d]);
	v[b] = _mm256_shuffle_epi8(_mm256_xor_si256(v[b], v[c]), by24);
	v[a] = _mm256_add_epi64(_mm256_add_epi64(v[a], y), v[b]);
	v[d] = _mm256_shuffle_epi8(_mm256_xor_si256(v[d], v[a]), by16);
	v[c] = _mm256_add_epi64(v[c], v[d]);
	v[b] = _mm256_xor_si256(v[b], v[c]);
	v[b] = _mm256_or_si256(_mm256_srli_epi64(v[b], 63), _mm256_add_epi64(v[b], v[b]));
}

/* M: the words of a block, of four texts each; SIZE: how much has been hashed with it. */
AVX2 static void blake_block(__m256i h[8], const __m256i m[16], uint64_t size, bool last)
{
	__m256i v[16];

	for (int i = 0; i < 8; i++) {
		v[i] = h[i];
		v[8 + i] = _mm256_set1_epi64x((int64_t)IV[i]);
	}
	v[12] = _mm256_xor_si256(v[12], _mm256_set1_epi64x((int64_t)size));
	v[14] = _mm256_xor_si256(v[14], _mm256_set1_epi64x(last ? -1 : 0));
	for (int r = 0; r < 12; r++) {
		const uint8_t *s = SIGMA[r % 10];
		mix64(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
		mix64(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
		mix64(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
		mix64(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
		mix64(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
		mix64(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
		mix64(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
		mix64(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
	}
	for (int i = 0; i < 8; i++)
		h[i] = _mm256_xor_si256(h[i], _mm256_xor_si256(v[i], v[8 + i]));
}

enum { BLAKE_BLOCK = 128, BLAKE_WORDS = 16 };

/* Word by word of four texts. */
AVX2 static void gather64(uint64_t text[4][BLAKE_WORDS], __m256i m[16])
{
	for (int i = 0; i < BLAKE_WORDS; i++)
		m[i] = _mm256_set_epi64x((int64_t)text[3][i], (int64_t)text[2][i],
					 (int64_t)text[1][i], (int64_t)text[0][i]);
}

/* What seal() calls crypto_generichash for. */
AVX2 static void four_keys(const struct sealed *const v[4], uint32_t key[4][KEY_WORDS])
{
	uint64_t salts[4][BLAKE_WORDS] = {{0}}, texts[4][BLAKE_WORDS] = {{0}};
	__m256i h[8], m[16];
	uint64_t w[4];

	for (int i = 0; i < 4; i++) {
		memcpy(salts[i], v[i]->salt, SY_SALT_SIZE);
		seal_text(v[i]->leaf, (uint8_t *)texts[i]);
	}
	for (int i = 0; i < 8; i++)
		h[i] = _mm256_set1_epi64x((int64_t)IV[i]);
	h[0] = _mm256_xor_si256(h[0], _mm256_set1_epi64x(0x01010000 ^ SY_SALT_SIZE << 8 ^ 32));
	gather64(salts, m);
	blake_block(h, m, BLAKE_BLOCK, false);
	gather64(texts, m);
	blake_block(h, m, BLAKE_BLOCK + SEAL_TEXT, true);
	for (int i = 0; i < 4; i++) {
		_mm256_storeu_si256(at(w), h[i]);
		for (int j = 0; j < 4; j++)
			memcpy(&key[j][2 * i], &w[j], sizeof w[j]);
	}
}

/* --- ChaCha20, eight blocks at a time -------------------------------------------------------- */

INLINE __m256i left32(__m256i x, int n)
{
	return _mm256_or_si256(_mm256_slli_epi32(x, n), _mm256_srli_epi32(x, 32 - n));
}

INLINE void quarter(__m256i x[16], int a, int b, int c, int d)
{
	const __m256i by16 = _mm256_set_epi64x(0x0d0c0f0e09080b0a, 0x0504070601000302,
					       0x0d0c0f0e09080b0a, 0x0504070601000302);
	const __m256i by8 = _mm256_set_epi64x(0x0e0d0c0f0a09080b, 0x0605040702010003,
					      0x0e0d0c0f0a09080b, 0x0605040702010003);

	x[a] = _mm256_add_epi32(x[a], x[b]);
	x[d] = _mm256_shuffle_epi8(_mm256_xor_si256(x[d], x[a]), by16);
	x[c] = _mm256_add_epi32(x[c], x[d]);
	x[b] = left32(_mm256_xor_si256(x[b], x[c]), 12);
	x[a] = _mm256_add_epi32(x[a], x[b]);
	x[d] = _mm256_shuffle_epi8(_mm256_xor_si256(x[d], x[a]), by8);
	x[c] = _mm256_add_epi32(x[c], x[d]);
	x[b] = left32(_mm256_xor_si256(x[b], x[c]), 7);
}

INLINE void rounds(__m256i x[16])
{
	for (int i = 0; i < 10; i++) {
		quarter(x, 0, 4, 8, 12);
		quarter(x, 1, 5, 9, 13);
		quarter(x, 2, 6, 10, 14);
		quarter(x, 3, 7, 11, 15);
		quarter(x, 0, 5, 10, 15);
		quarter(x, 1, 6, 11, 12);
		quarter(x, 2, 7, 8, 13);
		quarter(x, 3, 4, 9, 14);
	}
}

/* Eight words of each of eight lanes: from lane by lane to word by word, and back. */
INLINE void transpose(__m256i x[8])
{
	__m256i a[8], b[8];

	for (int i = 0; i < 4; i++) {
		a[2 * i] = _mm256_unpacklo_epi32(x[2 * i], x[2 * i + 1]);
		a[2 * i + 1] = _mm256_unpackhi_epi32(x[2 * i], x[2 * i + 1]);
	}
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++) {
			b[4 * i + 2 * j] = _mm256_unpacklo_epi64(a[4 * i + j], a[4 * i + j + 2]);
			b[4 * i + 2 * j + 1] =
			    _mm256_unpackhi_epi64(a[4 * i + j], a[4 * i + j + 2]);
		}
	for (int i = 0; i < 4; i++) {
		x[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
		x[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
	}
}

INLINE void start(__m256i x[16], const uint32_t *const key[LANES])
{
	static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	for (int i = 0; i < 4; i++) {
		x[i] = _mm256_set1_epi32((int)sigma[i]);
		x[12 + i] = _mm256_setzero_si256();
	}
	for (int i = 0; i < LANES; i++)
		x[4 + i] = _mm256_loadu_si256((const __m256i *)(const void *)key[i]);
	transpose(x + 4);
}

/* HChaCha20 with a nonce of zeros: the first sixteen bytes of XChaCha20's. */
AVX2 static void sub_keys(uint32_t key[LANES][KEY_WORDS])
{
	const uint32_t *keys[LANES];
	__m256i x[16], y[8];

	for (int i = 0; i < LANES; i++)
		keys[i] = key[i];
	start(x, keys);
	rounds(x);
	for (int i = 0; i < 4; i++) {
		y[i] = x[i];
		y[4 + i] = x[12 + i];
	}
	transpose(y);
	for (int i = 0; i < LANES; i++)
		_mm256_storeu_si256(at(key[i]), y[i]);
}

/* A block of some text. */
struct block {
	const uint32_t *key;
	uint32_t number;
	const char *in;
	char *out;
	size_t n;
};

INLINE void xor_block(const struct block *b, __m256i low, __m256i high)
{
	uint8_t key[BLOCK];

	if (b->n == BLOCK) {
		const __m256i *in = (const __m256i *)(const void *)b->in;
		__m256i *out = at(b->out);
		__m256i x = _mm256_loadu_si256(in), y = _mm256_loadu_si256(in + 1);
		_mm256_storeu_si256(out, _mm256_xor_si256(x, low));
		_mm256_storeu_si256(out + 1, _mm256_xor_si256(y, high));
		return;
	}
	_mm256_storeu_si256(at(key), low);
	_mm256_storeu_si256(at(key + BLOCK / 2), high);
	for (size_t i = 0; i < b->n; i++)
		b->out[i] = (char)((uint8_t)b->in[i] ^ key[i]);
}

AVX2 static void eight_blocks(const struct block b[LANES])
{
	const uint32_t *keys[LANES];
	__m256i x[16], first[16];

	for (int i = 0; i < LANES; i++)
		keys[i] = b[i].key;
	start(x, keys);
	x[12] = _mm256_set_epi32((int)b[7].number, (int)b[6].number, (int)b[5].number,
				 (int)b[4].number, (int)b[3].number, (int)b[2].number,
				 (int)b[1].number, (int)b[0].number);
	memcpy(first, x, sizeof first);
	rounds(x);
	for (int i = 0; i < 16; i++)
		x[i] = _mm256_add_epi32(x[i], first[i]);
	transpose(x);
	transpose(x + 8);
	for (int i = 0; i < LANES; i++)
		xor_block(&b[i], x[i], x[8 + i]);
}

/* --- records --------------------------------------------------------------------------------- */

/* The keys of up to eight; lanes that nobody needs do the first one's again. */
AVX2 static void keys_of(const struct sealed *v, size_t n, uint32_t key[LANES][KEY_WORDS])
{
	const struct sealed *lane[LANES];

	for (size_t i = 0; i < LANES; i++)
		lane[i] = &v[i < n ? i : 0];
	four_keys(lane, key);
	if (n > 4)
		four_keys(lane + 4, key + 4);
	else
		memcpy(key + 4, key, 4 * sizeof key[0]);
	sub_keys(key);
}

/* Blocks of one record and the next fill the lanes alike. */
AVX2 static void eight_records(const struct sealed *v, size_t n)
{
	uint32_t key[LANES][KEY_WORDS];
	struct block b[LANES];
	size_t k = 0;

	keys_of(v, n, key);
	for (size_t i = 0; i < n; i++)
		for (size_t done = 0; done < v[i].in.n; done += BLOCK) {
			size_t left = v[i].in.n - done;
			b[k++] = (struct block){key[i], (uint32_t)(done / BLOCK), v[i].in.p + done,
						v[i].out + done, left < BLOCK ? left : BLOCK};
			if (k == LANES) {
				eight_blocks(b);
				k = 0;
			}
		}
	if (k) {
		for (size_t i = k; i < LANES; i++)
			b[i] = (struct block){.key = key[0]};
		eight_blocks(b);
	}
	sodium_memzero(key, sizeof key);
}

void unseal_each(const struct sealed *v, size_t n)
{
	if (!__builtin_cpu_supports("avx2")) {
		one_by_one(v, n);
		return;
	}
	for (; n >= LANES; v += LANES, n -= LANES)
		eight_records(v, LANES);
	if (n > 2)
		eight_records(v, n);
	else
		one_by_one(v, n);
}

#else

void unseal_each(const struct sealed *v, size_t n)
{
	one_by_one(v, n);
}

#endif
