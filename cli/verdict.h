/*
 * A verdict: what the ledger says of a code, what this machine proved of it, and how it is shown.
 *
 * verify.c asks and proves, verify_report.c what a report is held against; verdict.c has the words,
 * in two languages, and writes text and JSON; verdict_results.c the inspections.
 */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "proof.h"
#include "report.h"

#define INSPECTIONS_MAX 8 /* more aren't shown */

struct status {
	const char *name; /* as the ledger names it */
	int rc;
	const char *says[2]; /* by enum lang */
};

struct verdict {
	struct app *app;
	struct sy_code code;
	struct sy_json_doc doc; /* the ledger's answer */
	const struct sy_json *root;
	const struct status *status;
	struct proof proof;
	struct fail fail; /* why the proof does not hold */
	int rc;
	bool pending;    /* a recall that may cover it is worked out: nothing graver is known yet */
	bool failed;     /* some inspection, as the ledger says or a proven record */
	bool names;      /* a proven record names the code */
	int32_t expired; /* last good day of a proven record, where that is over; SY_NO_DAY */
	/* Of the proven records that name the code; the answer has the result alone. */
	struct proven_inspection {
		uint64_t record;
		struct sy_str json;
		bool shown;
	} inspections[INSPECTIONS_MAX];
	size_t n_inspections;
	struct sy_str lot; /* of the unit that the code is, as a proven record has it */
	struct findings reports;
	/* As the ledger says, for people alone: who has it, what is wrong with that. */
	struct sy_str where, flags;
};

const struct status *status_of(const char *name); /* NULL for none */

/* Holds the files of --report against the proven inspections of the code and, of a unit, of its
 * lot: those after its registration, which was heeded already. */
int verdict_reports(struct verdict *v);

void verdict_text(struct verdict *v);
void verdict_results(struct verdict *v); /* verdict_results.c: a line for each inspection */
/* A member's text, and whether one is true. */
struct sy_str verdict_member(const struct verdict *v, const struct sy_json *m, const char *name);
bool verdict_is(const struct verdict *v, const struct sy_json *m, const char *name);
void verdict_json(struct verdict *v); /* the ledger's answer as it stands, and "proof" */

/* A receipt of FILE, or why it does not hold; and what came of --report. */
void receipt_show(struct app *app, const char *file, const struct proof_record *r,
		  const struct fail *why, const struct findings *reports);

#endif
