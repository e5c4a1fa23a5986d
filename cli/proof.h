/*
 * Receipts judged on this machine: does it hold, does its record name the code, was its author
 * enrolled?
 */
#ifndef CLI_PROOF_H
#define CLI_PROOF_H

#include "trust.h"

#define PROOF_KEYS_MAX 64

/* Keys whose enrolment was proven in this run. */
struct proof {
	struct app *app;
	struct proof_key {
		uint8_t key[SY_KEY_SIZE];
		const char *party;
	} keys[PROOF_KEYS_MAX];
	size_t n_keys;
	unsigned checked; /* receipts that hold */
};

struct proof_record {
	struct sy_receipt receipt;
	const char *type;  /* of the record */
	const char *party; /* its author's, proven; NULL when it isn't */
	bool names;        /* the code, its lot or its product, as an event's item or a Product */
	int32_t last_day;  /* an event's expiry, else best before; SY_NO_DAY */
	struct sy_str inspection; /* the event's, as JSON; empty for none */
	struct sy_str lot;        /* of the unit that the code is, where the event says it */
};

/* TEXT's own steps, 1 to 5, without asking anybody; CODE may be NULL. */
int proof_receipt(struct proof *p, struct sy_str text, const struct sy_code *code,
		  struct proof_record *out, struct fail *f);
/* The receipt of a record fetched, with who its author was. */
int proof_fetch(struct proof *p, uint64_t number, const struct sy_code *code,
		struct proof_record *out, struct fail *f);
/* Does the Party or Ledger record enrol the key, with its own proof?  The party in the arena, or
 * NULL. */
const char *proof_enrols(struct sy_arena *arena, struct sy_str record, struct sy_str origin,
			 const uint8_t key[SY_KEY_SIZE]);

#endif
