/*
 * Ed25519 (RFC 8032, pure) by FORMAT.md's acceptance rule, and C2SP verifier keys.
 *
 * A signature is valid when S < L, A and R are canonical and not of small order, and
 * encode(sB - hA) equals R bytewise.  Author keys lie in the prime-order subgroup; that is asked
 * when a key is enrolled (sy_key_check), not at each signature.
 */
#ifndef SUYUAN_SIGN_H
#define SUYUAN_SIGN_H

#include "bytes.h"

#define SY_SEED_SIZE 32
#define SY_KEY_SIZE 32
#define SY_SIG_SIZE 64
#define SY_KEY_NAME_MAX 255

struct sy_signer { /* secret; wipe with sy_wipe when done */
	uint8_t secret[64];
	uint8_t key[SY_KEY_SIZE];
};

int sy_crypto_init(void); /* once, before threads; idempotent */
void sy_wipe(void *p, size_t n);
int sy_random(void *p, size_t n); /* from the kernel */

void sy_signer_from_seed(struct sy_signer *s, const uint8_t seed[SY_SEED_SIZE]);
void sy_sign(const struct sy_signer *s, const void *msg, size_t n, uint8_t sig[SY_SIG_SIZE]);
int sy_verify(const uint8_t key[SY_KEY_SIZE], const void *msg, size_t n,
	      const uint8_t sig[SY_SIG_SIZE]);    /* SY_OK or SY_ESIG */
int sy_key_check(const uint8_t key[SY_KEY_SIZE]); /* canonical, prime order; else SY_EKEY */

/* A C2SP vkey: name+hex(keyID)+b64(0x01 || key). */
struct sy_vkey {
	char name[SY_KEY_NAME_MAX + 1];
	uint32_t id;
	uint8_t key[SY_KEY_SIZE];
};

#define SY_VKEY_TEXT (SY_KEY_NAME_MAX + 1 + 8 + 1 + SY_BASE64_LEN(33) + 1)

/* May a signature line bear that name?  Not empty, UTF-8, no controls, spaces or '+'.  Keys that
 * are kept have at most SY_KEY_NAME_MAX bytes of it. */
bool sy_key_name_ok(struct sy_str name);
uint32_t sy_key_id(struct sy_str name, const uint8_t key[SY_KEY_SIZE]);
/* SY_EINVAL when NAME can't be a key's. */
int sy_vkey_make(struct sy_vkey *v, struct sy_str name, const uint8_t key[SY_KEY_SIZE]);
/* Only what sy_vkey_format writes is accepted, with the right id (SY_EINVAL), and only keys that
 * pass sy_key_check (SY_EKEY). */
int sy_vkey_parse(struct sy_str text, struct sy_vkey *out);
void sy_vkey_format(const struct sy_vkey *v, char out[SY_VKEY_TEXT]);
/* The key name of a party: its id with bytes outside A-Za-z0-9-._~:/ as %XX.  SY_EINVAL for an
 * empty id, SY_ETOOBIG. */
int sy_party_key_name(struct sy_str party, char out[SY_KEY_NAME_MAX + 1]);
/* Is it a legal origin (printable ASCII, no space and '+', 1..255 bytes, no scheme, no trailing
 * slash)?  SY_OK or SY_EINVAL. */
int sy_origin_check(struct sy_str origin);
/* The proof of possession: suyuan/key/v1 LF origin LF party LF vkey LF.  The check also asks
 * that VKEY spells V and is named by the party (SY_EKEY). */
int sy_key_proof_make(const struct sy_signer *s, struct sy_str origin, struct sy_str party,
		      struct sy_str vkey, uint8_t sig[SY_SIG_SIZE]);
int sy_key_proof_check(const struct sy_vkey *v, struct sy_str origin, struct sy_str party,
		       struct sy_str vkey, const uint8_t sig[SY_SIG_SIZE]);

#endif
