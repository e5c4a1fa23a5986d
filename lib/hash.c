#include <suyuan/hash.h>

/* What EVP puts around it, an allocation and a free among it, costs a short hash as much again. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

static void must(int ok)
{
	if (!ok)
		abort();
}

void sy_sha256(const void *data, size_t n, sy_hash *out)
{
	sy_sha256_parts(&(struct sy_str){data, n}, 1, out);
}

void sy_sha256_parts(const struct sy_str *parts, size_t n_parts, sy_hash *out)
{
	SHA256_CTX c;

	must(SHA256_Init(&c));
	for (size_t i = 0; i < n_parts; i++)
		must(SHA256_Update(&c, parts[i].p, parts[i].n));
	must(SHA256_Final(out->b, &c));
}

/* libsodium's HMAC works on the stack; OpenSSL's fetches and allocates at every call. */
void sy_hmac_sha256(const void *key, size_t key_len, const void *data, size_t n, sy_hash *out)
{
	crypto_auth_hmacsha256_state st;
	crypto_auth_hmacsha256_init(&st, key, key_len);
	crypto_auth_hmacsha256_update(&st, data, n);
	crypto_auth_hmacsha256_final(&st, out->b);
	sodium_memzero(&st, sizeof st);
}

struct sy_sha256_ctx {
	SHA256_CTX c;
};

struct sy_sha256_ctx *sy_sha256_new(void)
{
	struct sy_sha256_ctx *c = malloc(sizeof *c);

	if (c)
		must(SHA256_Init(&c->c));
	return c;
}

void sy_sha256_update(struct sy_sha256_ctx *c, const void *data, size_t n)
{
	must(SHA256_Update(&c->c, data, n));
}

void sy_sha256_final(struct sy_sha256_ctx *c, sy_hash *out)
{
	if (c && out)
		must(SHA256_Final(out->b, &c->c));
	free(c);
}

/* The opaque running hash is OpenSSL's context itself; an OpenSSL for FIPS has no SM3. */
static EVP_MD *sm3;

static void fetch(void)
{
	sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
}

struct sy_sm3_ctx *sy_sm3_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fetch);
	EVP_MD_CTX *c = sm3 ? EVP_MD_CTX_new() : NULL;
	if (c)
		must(EVP_DigestInit_ex2(c, sm3, NULL));
	return (struct sy_sm3_ctx *)c;
}

void sy_sm3_update(struct sy_sm3_ctx *c, const void *data, size_t n)
{
	must(EVP_DigestUpdate((EVP_MD_CTX *)c, data, n));
}

void sy_sm3_final(struct sy_sm3_ctx *c, sy_hash *out)
{
	if (c && out)
		must(EVP_DigestFinal_ex((EVP_MD_CTX *)c, out->b, NULL));
	EVP_MD_CTX_free((EVP_MD_CTX *)c);
}
