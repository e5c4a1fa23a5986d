/*
 * Inside the ledger room: records into the form in which truth keeps them, and out of it, many at
 * once.
 */
#ifndef LEDGER_UNSEAL_H
#define LEDGER_UNSEAL_H

#include "truth.h"

struct sealed {
	const uint8_t *salt; /* SY_SALT_SIZE bytes */
	const sy_hash *leaf;
	struct sy_str in;
	char *out; /* as long as IN, and not over it */
};

/* XChaCha20 as seal() does it, both ways, in as many lanes as the machine has. */
void unseal_each(const struct sealed *v, size_t n);

/* What the key of a payload is a hash of. */
enum { SEAL_TEXT = sizeof "suyuan/seal/v1" - 1 + SY_HASH_SIZE };
void seal_text(const sy_hash *leaf, uint8_t out[SEAL_TEXT]);

#endif
