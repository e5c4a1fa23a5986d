/*
 * Entries: the ledger's 200-byte rows, FORMAT.md "Entry".
 *
 * The fields are named for kind 1.  Kind 3, a change of the log's key, has the new key in
 * records_root, the old one in author.  Kinds that a later version makes are read and chained, as
 * their bytes 0 to 71 mean the same; what they say stays unchecked.
 */
#ifndef SUYUAN_ENTRY_H
#define SUYUAN_ENTRY_H

#include "sign.h"

#define SY_ENTRY_SIZE 200
#define SY_RECORDS_MAX 10000

enum { SY_ENTRY_SUBMISSION = 1, SY_ENTRY_INDEX = 2, SY_ENTRY_LOG_KEY = 3 };
enum { SY_ALG_ED25519 = 1, SY_ALG_SM2_EVEN = 2, SY_ALG_SM2_ODD = 3 };

struct sy_entry {
	uint8_t kind, alg;
	uint64_t index;
	uint64_t first; /* number of its first record */
	uint32_t count;
	uint32_t deadline; /* seconds since 1970 */
	uint64_t time;     /* ms since 1970 */
	sy_hash prev;      /* leaf hash of the entry before */
	sy_hash records_root;
	uint8_t author[SY_KEY_SIZE];
	uint8_t signature[SY_SIG_SIZE];
};

void sy_entry_encode(const struct sy_entry *e, uint8_t out[SY_ENTRY_SIZE]);
/* Magic, zeros and ranges, unknown kinds included; SY_EINVAL with *WHY a static sentence (may be
 * NULL). */
int sy_entry_decode(const uint8_t in[SY_ENTRY_SIZE], struct sy_entry *out, const char **why);
/*
 * What FORMAT asks of E coming after BEFORE (NULL for entry 0): index, first record, time, chain,
 * deadline.  LEAF_BEFORE is the leaf hash of the entry before.  SY_ECORRUPT with *WHY.
 */
int sy_entry_follows(const struct sy_entry *e, const struct sy_entry *before,
		     const sy_hash *leaf_before, const char **why);
/*
 * The author's signature over the submission statement (kind 1) or the old log key's over the new
 * one (kind 3; whether the old key was the log's is for the caller).  SY_ESIG; SY_EVERSION for
 * kinds and algorithms that can't be checked; SY_EINVAL for an ORIGIN that is none.
 */
int sy_entry_verify(const struct sy_entry *e, struct sy_str origin);

#endif
