#include <suyuan/hash.h>

#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

/*
 * A fetch from the provider costs more than a hash, and so does a fresh context: one digest for
 * the process, one context a thread, freed with it.  Where OpenSSL can't give them there is no
 * safe way on.
 */
static EVP_MD *digest, *sm3;
static pthread_key_t context_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread EVP_MD_CTX *context;

static void must(int ok)
{
	if (!ok)
		abort();
}

static void context_free(void *c)
{
	EVP_MD_CTX_free(c);
}

static void fetch(void)
{
	digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	sm3 = EVP_MD_fetch(NULL, "SM3", NULL); /* an OpenSSL for FIPS has none */
	must(digest != NULL && pthread_key_create(&context_key, context_free) == 0);
}

static EVP_MD_CTX *context_new(void)
{
	pthread_once(&once, fetch);
	context = EVP_MD_CTX_new();
	must(context != NULL && pthread_setspecific(context_key, context) == 0);
	return context;
}

static EVP_MD_CTX *begin(void)
{
	EVP_MD_CTX *c = context ? context : context_new();
	must(EVP_DigestInit_ex2(c, digest, NULL));
	return c;
}

void sy_sha256(const void *data, size_t n, sy_hash *out)
{
	EVP_MD_CTX *c = begin();
	must(EVP_DigestUpdate(c, data, n) && EVP_DigestFinal_ex(c, out->b, NULL));
}

void sy_sha256_parts(const struct sy_str *parts, size_t n_parts, sy_hash *out)
{
	EVP_MD_CTX *c = begin();
	for (size_t i = 0; i < n_parts; i++)
		must(EVP_DigestUpdate(c, parts[i].p, parts[i].n));
	must(EVP_DigestFinal_ex(c, out->b, NULL));
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

/* The opaque running hash is OpenSSL's context itself. */
struct sy_sha256_ctx *sy_sha256_new(void)
{
	pthread_once(&once, fetch);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	if (c)
		must(EVP_DigestInit_ex2(c, digest, NULL));
	return (struct sy_sha256_ctx *)c;
}

void sy_sha256_update(struct sy_sha256_ctx *c, const void *data, size_t n)
{
	must(EVP_DigestUpdate((EVP_MD_CTX *)c, data, n));
}

void sy_sha256_final(struct sy_sha256_ctx *c, sy_hash *out)
{
	if (c && out)
		must(EVP_DigestFinal_ex((EVP_MD_CTX *)c, out->b, NULL));
	EVP_MD_CTX_free((EVP_MD_CTX *)c);
}

struct sy_sm3_ctx *sy_sm3_new(void)
{
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
