/* Hashes, Ed25519 by FORMAT's rule, verifier keys, names and proofs of possession. */
#include "faults.h"
#include "run.h"

#include <suyuan/error.h>
#include <suyuan/hash.h>
#include <suyuan/sign.h>

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))
#define ORIGIN "example.com/trace"
#define VKEY "example.com/trace+adfcf93c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

static struct sy_signer signer;

static void setup(void)
{
	uint8_t seed[32];
	for (int i = 0; i < 32; i++)
		seed[i] = (uint8_t)i;
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	sy_signer_from_seed(&signer, seed);
}

static void unhex(const char *text, void *out, size_t n)
{
	ck_assert_int_eq(sy_unhex(sy_str(text), out, n), SY_OK);
}

/* --- hashes ----------------------------------------------------------------------------------- */

/* FIPS 180-4's examples. */
static const struct {
	const char *text, *hash;
} sha256_rows[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256)
{
	struct sy_str text = sy_str(sha256_rows[_i].text), parts[8];
	sy_hash want, got;
	unhex(sha256_rows[_i].hash, want.b, 32);
	sy_sha256(text.p, text.n, &got);
	ck_assert(sy_hash_eq(&got, &want));

	for (size_t i = 0; i < 8; i++)
		parts[i] =
		    (struct sy_str){text.p + i * text.n / 8, (i + 1) * text.n / 8 - i * text.n / 8};
	sy_sha256_parts(parts, 8, &got);
	ck_assert(sy_hash_eq(&got, &want));

	/* others may be made while one runs */
	struct sy_sha256_ctx *c = sy_sha256_new();
	for (size_t i = 0; i < text.n; i++) {
		sy_sha256("x", 1, &got);
		sy_sha256_update(c, text.p + i, 1);
	}
	sy_sha256_final(c, &got);
	ck_assert(sy_hash_eq(&got, &want));
	sy_sha256_final(sy_sha256_new(), NULL);
	sy_sha256_final(NULL, NULL);
}
END_TEST

/* GB/T 32905, annex A. */
static const struct {
	const char *text, *hash;
} sm3_rows[] = {
    {"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
    {"abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd",
     "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"},
};

START_TEST(sm3)
{
	sy_hash want, got;
	const char *text = sm3_rows[_i].text;
	struct sy_sm3_ctx *c = sy_sm3_new();
	unhex(sm3_rows[_i].hash, want.b, 32);
	sy_sm3_update(c, text, 1);
	sy_sm3_update(c, text + 1, strlen(text) - 1);
	sy_sm3_final(c, &got);
	ck_assert(sy_hash_eq(&got, &want));
	sy_sm3_final(sy_sm3_new(), NULL);
	sy_sm3_final(NULL, NULL);
}
END_TEST

/* RFC 4231, cases 1, 2 and 6. */
START_TEST(hmac)
{
	uint8_t key[131];
	sy_hash want, got;
	memset(key, 0x0b, sizeof key);
	sy_hmac_sha256(key, 20, "Hi There", 8, &got);
	unhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", want.b, 32);
	ck_assert(sy_hash_eq(&got, &want));
	sy_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, &got);
	unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", want.b, 32);
	ck_assert(sy_hash_eq(&got, &want));
	memset(key, 0xaa, sizeof key);
	sy_hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First",
		       54, &got);
	unhex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", want.b, 32);
	ck_assert(sy_hash_eq(&got, &want));
}
END_TEST

static void *hash_much(void *arg)
{
	sy_hash *h = arg;
	for (int i = 0; i < 1000; i++)
		sy_sha256(h->b, 32, h);
	return NULL;
}

/* Each thread has its own context, which goes with it. */
START_TEST(threads)
{
	sy_hash h[8] = {0}, want = {0};
	pthread_t t[8];
	for (int i = 0; i < ROWS(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, hash_much, &h[i]), 0);
	hash_much(&want);
	for (int i = 0; i < ROWS(t); i++) {
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
		ck_assert(sy_hash_eq(&h[i], &want));
	}
}
END_TEST

/* --- Ed25519 ---------------------------------------------------------------------------------- */

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
	const char *seed, *key, *msg, *sig;
} rfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
     "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
     "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
     "984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

START_TEST(rfc8032_vectors)
{
	uint8_t seed[32], key[32], msg[2], want[64], sig[64];
	size_t n = strlen(rfc8032[_i].msg) / 2;
	struct sy_signer s;
	unhex(rfc8032[_i].seed, seed, 32);
	unhex(rfc8032[_i].key, key, 32);
	unhex(rfc8032[_i].msg, msg, n);
	unhex(rfc8032[_i].sig, want, 64);
	sy_signer_from_seed(&s, seed);
	ck_assert_mem_eq(s.key, key, 32);
	sy_sign(&s, msg, n, sig);
	ck_assert_mem_eq(sig, want, 64);
	ck_assert_int_eq(sy_verify(key, msg, n, sig), SY_OK);
	ck_assert_int_eq(sy_key_check(key), SY_OK);
	for (int bit = 0; bit < 512; bit++) {
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_msg(sy_verify(key, msg, n, sig) == SY_ESIG, "bit %d", bit);
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(sy_verify(key, "x", 1, sig), SY_ESIG);
}
END_TEST

/*
 * The twelve vectors of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020).  Which
 * clause of FORMAT refuses each was worked out with curve arithmetic written from RFC 8032.
 */
static const struct {
	const char *why, *msg, *key, *sig;
	int err;
} taming[] = {
    {"0: A small", "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a000000000000000000000000"
     "0000000000000000000000000000000000000000",
     SY_ESIG},
    {"1: A small", "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3"
     "f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     SY_ESIG},
    {"2: R small", "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc1"
     "0ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
     SY_ESIG},
    {"3: every clause holds", "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f"
     "3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
     SY_OK},
    {"4: only with the cofactor",
     "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e5"
     "40911a9a6a58921d6925e434ab10aa7940551a09",
     SY_ESIG},
    {"5: only with the cofactor",
     "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3"
     "a53f9c03c1ceeeddb658d0030494ace586687405",
     SY_ESIG},
    {"6: S past L", "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
     "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
     "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc"
     "3490dc19b3b3052f7ff0538cb68afb369ba3a514",
     SY_ESIG},
    {"7: S far past L", "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
     "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
     "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f9"
     "7c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
     SY_ESIG},
    {"8: R not canonical", "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff03be9678ac102edcd92b0210"
     "bb34d7428d12ffc5df5f37e359941266a4e35f0f",
     SY_ESIG},
    {"9: R not canonical", "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffca8c5b64cd208982aa38d493"
     "6621a4775aa233aa0505711d8fdcfdaa943d4908",
     SY_ESIG},
    {"10: A not canonical", "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3"
     "f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     SY_ESIG},
    {"11: A not canonical", "39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3"
     "f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     SY_ESIG},
};

START_TEST(taming_the_many)
{
	uint8_t msg[32], key[32], sig[64];
	unhex(taming[_i].msg, msg, 32);
	unhex(taming[_i].key, key, 32);
	unhex(taming[_i].sig, sig, 64);
	ck_assert_msg(sy_verify(key, msg, 32, sig) == taming[_i].err, "%s", taming[_i].why);
}
END_TEST

/* --- keys ------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *key;
	int err;
} keys[] = {
    {"good", "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8", SY_OK},
    /* the same with each point of small order added; order 2 is CVE-2025-69277's */
    {"+ order 8", "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58", SY_EKEY},
    {"+ order 4", "8b2a59ac4324b312dd8d7e5480f0d2e11412b04eeb4e515268a730a951142b6c", SY_EKEY},
    {"+ order 8", "b154bd62188ae283dd187fefe8c31f5e276edf083b4cff11c9d5cff856c74440", SY_EKEY},
    {"+ order 2", "ea5ef8400c31ef41e28f22e718b43f66981b29cf645af2a0e223799bedaace47", SY_EKEY},
    {"+ order 8", "38fd00c26d1ce27e6f4b55b15fbebffae98052f763b21625375d037af012b0a7", SY_EKEY},
    {"+ order 4", "62d5a653bcdb4ced227281ab7f0f2d1eebed4fb114b1aead9758cf56aeebd493", SY_EKEY},
    {"+ order 8", "3cab429de7751d7c22e78010173ce0a1d89120f7c4b300ee362a3007a938bbbf", SY_EKEY},
    {"neutral", "0100000000000000000000000000000000000000000000000000000000000000", SY_EKEY},
    {"order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", SY_EKEY},
    {"order 4", "0000000000000000000000000000000000000000000000000000000000000000", SY_EKEY},
    {"order 4'", "0000000000000000000000000000000000000000000000000000000000000080", SY_EKEY},
    {"order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", SY_EKEY},
    {"order 8'", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", SY_EKEY},
    {"neutral, sign set", "0100000000000000000000000000000000000000000000000000000000000080",
     SY_EKEY},
    {"p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", SY_EKEY},
    {"p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", SY_EKEY},
    {"not on the curve", "0200000000000000000000000000000000000000000000000000000000000000",
     SY_EKEY},
    {"all ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", SY_EKEY},
    {"vector 3's", "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d", SY_EKEY},
};

START_TEST(key_check)
{
	uint8_t key[32];
	unhex(keys[_i].key, key, 32);
	ck_assert_msg(sy_key_check(key) == keys[_i].err, "%s", keys[_i].name);
}
END_TEST

/* Where the library's own check knows order two, ours is shown by the multiplication it adds. */
START_TEST(key_check_needs_no_fixed_library)
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
					  0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
					  0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	uint8_t product[32] = {0}, neutral[32] = {1};
	ck_assert_int_eq(crypto_scalarmult_ed25519_noclamp(product, order, signer.key), -1);
	ck_assert_mem_eq(product, neutral, 32);
}
END_TEST

START_TEST(many_keys)
{
	for (int i = 0; i < 200; i++) {
		struct sy_signer s;
		uint8_t seed[32];
		ck_assert_int_eq(sy_random(seed, sizeof seed), SY_OK);
		sy_signer_from_seed(&s, seed);
		ck_assert_int_eq(sy_key_check(s.key), SY_OK);
		sy_wipe(&s, sizeof s);
		ck_assert_uint_eq(s.secret[0] | s.secret[63] | s.key[0], 0);
	}
}
END_TEST

START_TEST(random_bytes)
{
	uint8_t a[1000] = {0}, b[1000] = {0};
	ck_assert_int_eq(sy_random(a, sizeof a), SY_OK);
	ck_assert_int_eq(sy_random(b, sizeof b), SY_OK);
	ck_assert_mem_ne(a, b, sizeof a);
	ck_assert_mem_ne(a + 968, b + 968, 32);
	ck_assert_int_eq(sy_random(a, 0), SY_OK);
}
END_TEST

/* --- verifier keys ---------------------------------------------------------------------------- */

START_TEST(vkey_vector)
{
	struct sy_vkey v, again;
	char text[SY_VKEY_TEXT];
	ck_assert_int_eq(sy_vkey_make(&v, SY_STR(ORIGIN), signer.key), SY_OK);
	sy_vkey_format(&v, text);
	ck_assert_str_eq(text, VKEY);
	ck_assert_uint_eq(v.id, 0xadfcf93c);
	ck_assert_int_eq(sy_vkey_parse(SY_STR(VKEY), &again), SY_OK);
	ck_assert_mem_eq(&v, &again, sizeof v);
}
END_TEST

START_TEST(vkey_longest)
{
	struct sy_vkey v;
	char name[257], text[SY_VKEY_TEXT];
	memset(name, 'n', sizeof name);
	ck_assert_int_eq(sy_vkey_make(&v, (struct sy_str){name, 255}, signer.key), SY_OK);
	sy_vkey_format(&v, text);
	ck_assert_uint_eq(strlen(text), SY_VKEY_TEXT - 1);
	ck_assert_int_eq(sy_vkey_parse(sy_str(text), &v), SY_OK);
	ck_assert_int_eq(sy_vkey_make(&v, (struct sy_str){name, 256}, signer.key), SY_EINVAL);
}
END_TEST

static const struct {
	const char *name, *text;
	int err;
} vkeys[] = {
    {"empty", "", SY_EINVAL},
    {"plus", "+", SY_EINVAL},
    {"two", "++", SY_EINVAL},
    {"no name", "+adfcf93c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", SY_EINVAL},
    {"other name", "example.com/trade+adfcf93c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     SY_EINVAL},
    {"other id", ORIGIN "+adfcf93d+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", SY_EINVAL},
    {"upper case", ORIGIN "+ADFCF93C+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", SY_EINVAL},
    {"short id", ORIGIN "+adfcf93+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", SY_EINVAL},
    {"no key", ORIGIN "+adfcf93c+", SY_EINVAL},
    {"no key, no plus", ORIGIN "+adfcf93c", SY_EINVAL},
    {"minus", ORIGIN "+adfcf93c-AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", SY_EINVAL},
    {"other type", ORIGIN "+adfcf93c+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", SY_EINVAL},
    {"longer", VKEY "AAAA", SY_EINVAL},
    {"LF", VKEY "\n", SY_EINVAL},
    {"leading space", " " VKEY, SY_EINVAL},
};

START_TEST(vkey_refused)
{
	struct sy_vkey v;
	int err = sy_vkey_parse(sy_str(vkeys[_i].text), &v);
	ck_assert_msg(err == vkeys[_i].err, "%s: %s", vkeys[_i].name, sy_strerror(err));
}
END_TEST

/* Right in every letter, but of no use as a key. */
START_TEST(vkey_of_a_bad_key)
{
	struct sy_vkey v;
	char text[SY_VKEY_TEXT];
	for (int i = 1; i < ROWS(keys); i++) {
		uint8_t key[32];
		unhex(keys[i].key, key, 32);
		ck_assert_int_eq(sy_vkey_make(&v, SY_STR("x"), key), SY_OK);
		sy_vkey_format(&v, text);
		ck_assert_int_eq(sy_vkey_parse(sy_str(text), &v), SY_EKEY);
	}
}
END_TEST

/* --- names ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	bool ok;
} key_names[] = {
    {"a", true},           {"example.com/x", true}, {"urn:epc:id:pgln:1.2", true},
    {"%E6%BA%AF", true},   {"溯源", true},          {"~", true},
    {"", false},           {"a b", false},          {"a+b", false},
    {"a\tb", false},       {"a\nb", false},         {"a\x7f", false},
    {"a\xff", false},      {"a\u00a0b", false},     {"a\u00e9b", true},
    {"a\u3000b", false},   {"a\u2003b", false},     {"\u2028", false},
    {"\u1680", false},     {"a\u202f", false},      {"\u205f", false},
    {"a\xc2\x85z", false},
};

START_TEST(key_name)
{
	ck_assert_msg(sy_key_name_ok(sy_str(key_names[_i].name)) == key_names[_i].ok, "row %d: %s",
		      _i, key_names[_i].name);
}
END_TEST

static const struct {
	const char *party, *name;
} parties[] = {
    {"urn:epc:id:pgln:690123400001.0", "urn:epc:id:pgln:690123400001.0"},
    {"https://id.gs1.org/417/6901234000016", "https://id.gs1.org/417/6901234000016"},
    {"AZaz09-._~:/", "AZaz09-._~:/"},
    {"a b+c", "a%20b%2Bc"},
    {"溯", "%E6%BA%AF"},
    {"%41", "%2541"},
    {"a\x01\x7f\xff", "a%01%7F%FF"},
    {"a@b;c", "a%40b%3Bc"},
};

START_TEST(party_key_name)
{
	char out[SY_KEY_NAME_MAX + 1];
	ck_assert_int_eq(sy_party_key_name(sy_str(parties[_i].party), out), SY_OK);
	ck_assert_str_eq(out, parties[_i].name);
	ck_assert(sy_key_name_ok(sy_str(out)));
}
END_TEST

START_TEST(party_key_name_limits)
{
	char out[SY_KEY_NAME_MAX + 1], party[300];
	memset(party, 'p', sizeof party);
	ck_assert_int_eq(sy_party_key_name(SY_STR(""), out), SY_EINVAL);
	ck_assert_int_eq(sy_party_key_name((struct sy_str){party, 255}, out), SY_OK);
	ck_assert_uint_eq(strlen(out), 255);
	ck_assert_int_eq(sy_party_key_name((struct sy_str){party, 256}, out), SY_ETOOBIG);
	memset(party, ' ', sizeof party);
	ck_assert_int_eq(sy_party_key_name((struct sy_str){party, 85}, out), SY_OK);
	ck_assert_int_eq(sy_party_key_name((struct sy_str){party, 86}, out), SY_ETOOBIG);
	ck_assert_int_eq(sy_party_key_name(SY_STR("a\0b"), out), SY_OK);
	ck_assert_str_eq(out, "a%00b");
}
END_TEST

static const struct {
	const char *origin;
	int err;
} origins[] = {
    {ORIGIN, SY_OK},           {"x", SY_OK},
    {"localhost:8443", SY_OK}, {"~!#", SY_OK},
    {"", SY_EINVAL},           {"example.com/", SY_EINVAL},
    {"/", SY_EINVAL},          {"https://example.com", SY_EINVAL},
    {"a b", SY_EINVAL},        {"a+b", SY_EINVAL},
    {"a\n", SY_EINVAL},        {"a\x7f", SY_EINVAL},
    {"溯源", SY_EINVAL},
};

START_TEST(origin)
{
	ck_assert_msg(sy_origin_check(sy_str(origins[_i].origin)) == origins[_i].err, "%s",
		      origins[_i].origin);
}
END_TEST

START_TEST(origin_limits)
{
	char text[256];
	memset(text, 'o', sizeof text);
	ck_assert_int_eq(sy_origin_check((struct sy_str){text, 255}), SY_OK);
	ck_assert_int_eq(sy_origin_check((struct sy_str){text, 256}), SY_EINVAL);
	ck_assert_int_eq(sy_origin_check(SY_STR("a\0b")), SY_EINVAL);
}
END_TEST

/* --- proof of possession ---------------------------------------------------------------------- */

#define PARTY "urn:x+party"
#define PARTY_VKEY "urn:x%2Bparty+2fa68bca+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

START_TEST(key_proof)
{
	uint8_t want[64], sig[64];
	struct sy_vkey v;
	unhex("b4a10abb20f271bcacf2a231179b5e7271182f52c313cb462a12770971cba9f7752f05b2a5de200af057"
	      "cc8ee4db22bb02fd08a11e714d1f864650c65180930a",
	      want, 64);
	ck_assert_int_eq(sy_vkey_parse(SY_STR(PARTY_VKEY), &v), SY_OK);
	ck_assert_int_eq(
	    sy_key_proof_make(&signer, SY_STR(ORIGIN), SY_STR(PARTY), SY_STR(PARTY_VKEY), sig),
	    SY_OK);
	ck_assert_mem_eq(sig, want, 64);

	static const struct {
		const char *name, *origin, *party, *vkey;
		int err;
	} rows[] = {
	    {"good", ORIGIN, PARTY, PARTY_VKEY, SY_OK},
	    {"other origin", "example.com/other", PARTY, PARTY_VKEY, SY_ESIG},
	    {"other party", ORIGIN, "urn:x+other", PARTY_VKEY, SY_EKEY},
	    {"other vkey", ORIGIN, PARTY, VKEY, SY_EKEY},
	    {"no party", ORIGIN, "", PARTY_VKEY, SY_EKEY},
	    {"no origin", "", PARTY, PARTY_VKEY, SY_EINVAL},
	};
	for (int i = 0; i < ROWS(rows); i++)
		ck_assert_msg(sy_key_proof_check(&v, sy_str(rows[i].origin), sy_str(rows[i].party),
						 sy_str(rows[i].vkey), sig) == rows[i].err,
			      "%s", rows[i].name);
	sig[0] ^= 1;
	ck_assert_int_eq(
	    sy_key_proof_check(&v, SY_STR(ORIGIN), SY_STR(PARTY), SY_STR(PARTY_VKEY), sig),
	    SY_ESIG);
	ck_assert_int_eq(
	    sy_key_proof_make(&signer, SY_STR(ORIGIN), SY_STR("a\nb"), SY_STR(PARTY_VKEY), sig),
	    SY_EINVAL);
}
END_TEST

START_TEST(key_proof_out_of_memory)
{
	for (unsigned n = 1;; n++) {
		uint8_t sig[64];
		struct sy_vkey v;
		ck_assert_int_eq(sy_vkey_parse(SY_STR(PARTY_VKEY), &v), SY_OK);
		fail_alloc_at(n);
		int err = sy_key_proof_make(&signer, SY_STR(ORIGIN), SY_STR(PARTY),
					    SY_STR(PARTY_VKEY), sig);
		bool failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		if (!failed) {
			ck_assert_uint_gt(n, 1);
			return;
		}
		fail_alloc_at(1);
		ck_assert_int_eq(
		    sy_key_proof_check(&v, SY_STR(ORIGIN), SY_STR(PARTY), SY_STR(PARTY_VKEY), sig),
		    SY_ENOMEM);
		fail_alloc_at(0);
	}
}
END_TEST

static TCase *tcase(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);
	tcase_add_checked_fixture(t, setup, NULL);
	suite_add_tcase(s, t);
	return t;
}

Suite *suite(void)
{
	Suite *s = suite_create("sign");
	TCase *t = tcase(s, "hash");
	tcase_add_loop_test(t, sha256, 0, ROWS(sha256_rows));
	tcase_add_loop_test(t, sm3, 0, ROWS(sm3_rows));
	tcase_add_test(t, hmac);
	tcase_add_test(t, threads);
	t = tcase(s, "ed25519");
	tcase_add_loop_test(t, rfc8032_vectors, 0, ROWS(rfc8032));
	tcase_add_loop_test(t, taming_the_many, 0, ROWS(taming));
	t = tcase(s, "key");
	tcase_add_loop_test(t, key_check, 0, ROWS(keys));
	tcase_add_test(t, key_check_needs_no_fixed_library);
	tcase_add_test(t, many_keys);
	tcase_add_test(t, random_bytes);
	t = tcase(s, "vkey");
	tcase_add_test(t, vkey_vector);
	tcase_add_test(t, vkey_longest);
	tcase_add_loop_test(t, vkey_refused, 0, ROWS(vkeys));
	tcase_add_test(t, vkey_of_a_bad_key);
	t = tcase(s, "name");
	tcase_add_loop_test(t, key_name, 0, ROWS(key_names));
	tcase_add_loop_test(t, party_key_name, 0, ROWS(parties));
	tcase_add_test(t, party_key_name_limits);
	tcase_add_loop_test(t, origin, 0, ROWS(origins));
	tcase_add_test(t, origin_limits);
	t = tcase(s, "proof");
	tcase_add_test(t, key_proof);
	tcase_add_test(t, key_proof_out_of_memory);
	return s;
}
