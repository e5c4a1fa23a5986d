#include <suyuan/error.h>
#include <suyuan/hash.h>
#include <suyuan/submission.h>
#include <suyuan/tree.h>

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

void sy_record_salt(const uint8_t s[32], uint32_t position, uint8_t salt[SY_SALT_SIZE])
{
	uint8_t at[4];
	sy_put32(at, position);
	const struct sy_str parts[] = {
	    SY_STR("suyuan/salt/v1"), {(const char *)s, 32}, {(const char *)at, sizeof at}};
	sy_hash h;
	sy_sha256_parts(parts, 3, &h);
	memcpy(salt, h.b, SY_SALT_SIZE);
}

void sy_record_leaf(const uint8_t salt[SY_SALT_SIZE], struct sy_str payload, sy_hash *leaf)
{
	sy_leaf_hash2(salt, SY_SALT_SIZE, payload.p, payload.n, leaf);
}

void sy_record_leaves(struct sy_opened *v, size_t n)
{
	enum { SOME = 32 };
	struct sy_sha256_of of[SOME];

	while (n) {
		size_t k = n < SOME ? n : SOME;
		for (size_t i = 0; i < k; i++)
			of[i] = (struct sy_sha256_of){
			    {{"\0", 1}, {(char *)v[i].salt, SY_SALT_SIZE}, v[i].payload},
			    &v[i].leaf};
		sy_sha256_each(of, k);
		v += k;
		n -= k;
	}
}

void sy_submission_salt(const uint8_t salt_key[32], struct sy_str origin,
			const struct sy_str *payloads, size_t n, uint8_t s[32])
{
	static const char label[] = "suyuan/submission-salt/v1";
	crypto_auth_hmacsha256_state st;
	sy_hash h;

	/* Running, as 10,000 hashes are too many to join on the stack. */
	crypto_auth_hmacsha256_init(&st, salt_key, 32);
	crypto_auth_hmacsha256_update(&st, (const uint8_t *)label, sizeof label - 1);
	sy_sha256(origin.p, origin.n, &h);
	crypto_auth_hmacsha256_update(&st, h.b, sizeof h.b);
	for (size_t i = 0; i < n; i++) {
		sy_sha256(payloads[i].p, payloads[i].n, &h);
		crypto_auth_hmacsha256_update(&st, h.b, sizeof h.b);
	}
	crypto_auth_hmacsha256_final(&st, s);
	sy_wipe(&st, sizeof st);
}

size_t sy_submission_statement(struct sy_str origin, uint32_t count, const sy_hash *records_root,
			       uint32_t deadline, char out[SY_STATEMENT_MAX])
{
	char root[SY_BASE64_LEN(SY_HASH_SIZE) + 1];
	if (sy_origin_check(origin) != SY_OK)
		return 0;
	sy_base64(records_root->b, SY_HASH_SIZE, root);
	int n = snprintf(out, SY_STATEMENT_MAX,
			 "suyuan/submission/v1\n%.*s\n%" PRIu32 "\n%s\n%" PRIu32 "\n",
			 (int)origin.n, origin.p, count, root, deadline);
	return n < 0 || n >= SY_STATEMENT_MAX ? 0 : (size_t)n;
}
