/*
 * Claims: what entries past the index have touched, by the first 16 bytes of a keyed hash.
 *
 * A claim names one key of the state (a party, an event id, a lot...).  The set keeps for each
 * claim the newest entry that wrote it, until the index has that entry: a verdict made at
 * position P is stale when an entry >= P wrote one of its claims.  Claims leave in the order in
 * which they came.  The set belongs to the writer's thread, but for claims_count.
 *
 * Open addressing with linear probing; removal shifts the run back, so there are no tombstones.
 * The hashes come from a per-process key (facts.c), so nobody outside can aim for long runs.
 */
#ifndef ADMIT_CLAIMS_H
#define ADMIT_CLAIMS_H

#include <suyuan/bytes.h>
#include <suyuan/error.h>

#define CLAIM_SIZE 16

struct claims;

/* At most MAX claims are remembered. */
int claims_new(size_t max, struct claims **out);
void claims_free(struct claims *c); /* NULL is fine */

bool claims_find(const struct claims *c, const uint8_t claim[CLAIM_SIZE], uint64_t *entry);
/* Room for N more, so that as many puts can't fail; SY_EBUSY past the budget, SY_ENOMEM. */
int claims_reserve(struct claims *c, size_t n);
/* Entries never go down from one put to the next. */
void claims_put(struct claims *c, const uint8_t claim[CLAIM_SIZE], uint64_t entry);
/* Takes back what ENTRY put, and nothing that another did. */
void claims_drop(struct claims *c, const uint8_t claim[CLAIM_SIZE], uint64_t entry);
/* Forgets the claims of entries before BEFORE, at most MOST of them: no call takes long. */
void claims_forget(struct claims *c, uint64_t before, size_t most);
size_t claims_count(const struct claims *c); /* any thread */
/* The memory of a claim's place is fetched; some 100 ns later claims_find is cheap. */
void claims_prefetch(const struct claims *c, const uint8_t claim[CLAIM_SIZE]);

#endif
