/*
 * Submissions: records, salts, the statement an author signs, and the body that is sent.
 *
 * FORMAT.md "Record" and "Submission".  A record's bytes are never rewritten.
 */
#ifndef SUYUAN_SUBMISSION_H
#define SUYUAN_SUBMISSION_H

#include "entry.h"
#include "fault.h"
#include "json.h"

#define SY_SALT_SIZE 16
#define SY_BODY_RECORDS_MAX 16777216 /* records with their LFs */
#define SY_ENVELOPE_MAX 4096

/* Is PAYLOAD a legal record?  Parses it into DOC on the way. */
int sy_record_parse(struct sy_arena *arena, struct sy_str payload, struct sy_json_doc *doc,
		    struct sy_json_fault *fault);
void sy_record_salt(const uint8_t s[32], uint32_t position, uint8_t salt[SY_SALT_SIZE]);
void sy_record_leaf(const uint8_t salt[SY_SALT_SIZE], struct sy_str payload, sy_hash *leaf);
/* Of many at once: each LEAF becomes what salt and payload hash to. */
struct sy_opened {
	uint8_t salt[SY_SALT_SIZE];
	struct sy_str payload;
	sy_hash leaf;
};
void sy_record_leaves(struct sy_opened *v, size_t n);
/* S of an author for these records. */
void sy_submission_salt(const uint8_t salt_key[32], struct sy_str origin,
			const struct sy_str *payloads, size_t n, uint8_t s[32]);

/* suyuan/submission/v1 ... ; OUT holds SY_STATEMENT_MAX; returns its length, 0 for an ORIGIN that
 * is none. */
#define SY_STATEMENT_MAX 384
size_t sy_submission_statement(struct sy_str origin, uint32_t count, const sy_hash *records_root,
			       uint32_t deadline, char out[SY_STATEMENT_MAX]);

/* A submission as it arrives: the envelope read, the body split into records. */
struct sy_submission {
	uint8_t author[SY_KEY_SIZE];
	uint8_t salt[32]; /* S */
	uint8_t signature[SY_SIG_SIZE];
	uint32_t count, deadline; /* COUNT is that of RECORDS, whatever the envelope said */
	struct sy_str *records;   /* count spans of the body, in the arena */
	bool broken;              /* sy_submission_parse found faults */
	/* filled by sy_submission_check */
	sy_hash *leaves; /* count */
	uint8_t (*salts)[SY_SALT_SIZE];
	sy_hash records_root;
};

/*
 * Splits and reads the envelope; every fault found goes into FAULTS (statuses 400, 413).  SY_OK,
 * SY_ENOMEM, or the error of one of the faults; OUT then has what could be read, and may be given
 * to sy_submission_check for the records' faults too.
 */
int sy_submission_parse(struct sy_arena *arena, struct sy_str body, struct sy_submission *out,
			struct sy_faults *faults);
/*
 * Reads each record, hashes, and verifies the signature for ORIGIN (faults 400, 401, 413); of a
 * broken submission only the records are looked at, and it is never SY_OK.  What a record was read
 * into isn't kept, since it can be sixteen times the text; whoever needs it reads that record
 * again.
 */
int sy_submission_check(struct sy_arena *arena, struct sy_str origin, struct sy_submission *s,
			struct sy_faults *faults);
/*
 * The body to send: builds salts, root, signature; appends envelope and records to OUT.  What no
 * ledger would take (an illegal record, none, too much) isn't signed: SY_EINVAL, SY_ETOOBIG, or
 * what sy_record_parse says.  ROOT may be NULL.
 */
int sy_submission_make(const struct sy_signer *signer, const uint8_t salt_key[32],
		       struct sy_str origin, const struct sy_str *payloads, size_t n,
		       uint32_t deadline, struct sy_buf *out, sy_hash *root);

#endif
