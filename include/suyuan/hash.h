/*
 * SHA-256 and HMAC-SHA-256; SM3 (GB/T 32905) for reports that are named by it.
 *
 * A hash of memory is on the stack and can't fail.
 */
#ifndef SUYUAN_HASH_H
#define SUYUAN_HASH_H

#include "bytes.h"

void sy_sha256(const void *data, size_t n, sy_hash *out);
/* Over the parts, one after the other, as if they were joined. */
void sy_sha256_parts(const struct sy_str *parts, size_t n_parts, sy_hash *out);
/* Of many: each over its three parts, any of them empty.  What the machine can do at once, it does;
 * no OUT may lie in what is still to be hashed. */
#define SY_SHA256_PARTS 3
struct sy_sha256_of {
	struct sy_str part[SY_SHA256_PARTS];
	sy_hash *out;
};
void sy_sha256_each(const struct sy_sha256_of *v, size_t n);
void sy_hmac_sha256(const void *key, size_t key_len, const void *data, size_t n, sy_hash *out);

struct sy_sha256_ctx;                      /* a running hash, for streams and long concatenations */
struct sy_sha256_ctx *sy_sha256_new(void); /* NULL when memory is out */
void sy_sha256_update(struct sy_sha256_ctx *c, const void *data, size_t n);
void sy_sha256_final(struct sy_sha256_ctx *c, sy_hash *out); /* frees it; OUT may be NULL */

/* The same with SM3.  NULL also where this OpenSSL has no SM3. */
struct sy_sm3_ctx;
struct sy_sm3_ctx *sy_sm3_new(void);
void sy_sm3_update(struct sy_sm3_ctx *c, const void *data, size_t n);
void sy_sm3_final(struct sy_sm3_ctx *c, sy_hash *out);

#endif
