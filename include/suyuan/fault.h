/*
 * Faults: everything that is wrong with an input, collected rather than the first one returned.
 *
 * A fault names where (record position, JSON pointer or CSV column), what, and what was expected.
 * It carries the HTTP status that the fault alone would give; a collection's status is the first
 * that applies of 400, 401, 403, 409, 422, then any other.  At most SY_FAULTS_PER_RECORD are kept
 * of the record that is being added to, and SY_FAULTS_MAX in all; a fault that is dropped still
 * counts towards the status, so that what is refused stays refused.  Warnings make room: of a
 * record one is dropped for a fault, and of the whole they take half at most.
 */
#ifndef SUYUAN_FAULT_H
#define SUYUAN_FAULT_H

#include "arena.h"

#define SY_FAULTS_PER_RECORD 10
#define SY_FAULTS_MAX 10000
#define SY_WARNINGS_MAX (SY_FAULTS_MAX / 2)
#define SY_NO_RECORD (-1L) /* a fault of the envelope or of the whole */

struct sy_fault {
	int status;          /* 0 for a warning */
	long record;         /* position in the submission, or SY_NO_RECORD */
	const char *pointer; /* RFC 6901, "" for the whole */
	const char *field;   /* the profile's field, or NULL */
	const char *detail;
};

struct sy_faults {
	struct sy_arena *arena; /* the texts' and the list's memory; set by the caller */
	struct sy_fault *v;
	size_t n, cap;
	size_t dropped;     /* over a limit, or memory was out */
	size_t of_record;   /* kept for the record that was last added to */
	size_t warnings;    /* kept, of all */
	int status;         /* of the whole, dropped faults included */
	bool warnings_only; /* no fault with a status was added; see sy_faults_init */
	/*
	 * Set by a caller that reads what is in the ledger already: rules that a later version
	 * brought aren't held against it, only what can't be read at all is a fault.  What says
	 * nothing to the caller, such as an event's offset of time, isn't looked at.
	 */
	bool settled;
	bool chinese; /* set by the caller: details in Chinese, where there are both */
};

void sy_faults_init(struct sy_faults *f, struct sy_arena *arena);
/* POINTER and FIELD are copied (FIELD may be NULL).  STATUS 0 adds a warning. */
void sy_fault_add(struct sy_faults *f, int status, long record, const char *pointer,
		  const char *field, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void sy_fault_vadd(struct sy_faults *f, int status, long record, const char *pointer,
		   const char *field, const char *fmt, va_list args)
    __attribute__((format(printf, 6, 0)));
/* How many more faults of RECORD would be kept; warnings make room. */
size_t sy_faults_room(const struct sy_faults *f, long record);
/* The status of the whole; 0 when there are only warnings or nothing. */
int sy_faults_status(const struct sy_faults *f);

#endif
