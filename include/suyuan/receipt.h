/*
 * Receipts: one record with all that proves it, checked offline with the log's vkey alone.
 *
 * FORMAT.md "Receipt".  A check runs in that section's order and names the first step that fails.
 */
#ifndef SUYUAN_RECEIPT_H
#define SUYUAN_RECEIPT_H

#include "note.h"
#include "submission.h"

enum sy_receipt_step {
	SY_RECEIPT_OK,
	SY_RECEIPT_FORM,       /* it isn't a receipt: JSON, members, base64, decimals */
	SY_RECEIPT_CHECKPOINT, /* 1: signature, origin, cosignatures */
	SY_RECEIPT_ENTRY,      /* 2: entry in the tree at its index */
	SY_RECEIPT_RECORD,     /* 3: record in the entry's records_root at its position */
	SY_RECEIPT_SIGNATURE,  /* 4: the author's signature */
	SY_RECEIPT_AUTHOR      /* 5: another author than expected */
};

struct sy_receipt {
	uint64_t number;
	struct sy_str payload; /* the record's exact text */
	uint8_t salt[SY_SALT_SIZE];
	uint32_t position;
	struct sy_path path;
	uint8_t entry_bytes[SY_ENTRY_SIZE];
	struct sy_entry entry;
	struct sy_tlog_proof proof;
	struct sy_checkpoint checkpoint;
	struct sy_str party; /* the bundled receipt of the Party record as JSON, or empty */
};

struct sy_receipt_fault {
	enum sy_receipt_step step;
	const char *pointer; /* of the receipt's member at fault */
	const char *detail;
};

/* Reads the text; memory in the arena.  FAULT says which member and why. */
int sy_receipt_parse(struct sy_arena *arena, struct sy_str text, struct sy_receipt *out,
		     struct sy_receipt_fault *fault);
/* AUTHOR may be NULL. */
int sy_receipt_verify(const struct sy_receipt *r, const struct sy_vkey *log,
		      const uint8_t author[SY_KEY_SIZE], struct sy_receipt_fault *fault);
/* Both in one call: what a 30-line verifier needs. */
int sy_receipt_check(struct sy_str text, struct sy_str log_vkey, struct sy_receipt_fault *fault);

/* Writes one; PATH and PROOF as they are. */
void sy_receipt_write(struct sy_buf *out, uint64_t number, struct sy_str payload,
		      const uint8_t salt[SY_SALT_SIZE], uint32_t position,
		      const struct sy_path *path, const uint8_t entry[SY_ENTRY_SIZE],
		      struct sy_str proof);

#endif
