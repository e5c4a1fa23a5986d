/*
 * The file of an inspection's report, held against the digests that proven records give of it.
 *
 * A record may name its report by SHA-256, by SM3, or by both; then both must be the file's.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli.h"

#define REPORTS_MAX 16
#define REPORT_RECORDS 256
#define REPORT_DIGEST (2 * SY_HASH_SIZE + 1)

/* The files, each read once whatever it is held against. */
struct reports {
	struct report {
		const char *file;
		char sha256[REPORT_DIGEST], sm3[REPORT_DIGEST]; /* SM3 empty where there is none */
	} v[REPORTS_MAX];
	size_t n;
};

/* What came of each file. */
struct findings {
	const struct reports *reports;
	uint64_t records[REPORT_RECORDS]; /* whose inspections were seen: each counts once */
	size_t n_records;
	struct finding {
		bool holds, half;  /* HALF: one digest is the file's, the other isn't */
		unsigned compared; /* inspections that name a report */
		bool by_sha256, by_sm3;
		uint64_t record; /* of the inspection: the one that holds, else the first */
		struct sy_str number;
	} v[REPORTS_MAX];
};

/* All of --report; RC_USAGE or RC_FAIL for files that can't be read, all named. */
int reports_read(struct app *app, struct reports *out);

/* An inspection (JSON) of a record that was proven; texts are kept in the app's arena. */
void reports_heed(struct app *app, struct findings *f, struct sy_str inspection, uint64_t record);
/* RC_DONE, RC_PROOF where a file differs, RC_FAIL where there was nothing to hold it against. */
int reports_rc(const struct findings *f);
/* A line a file. */
void reports_text(struct app *app, const struct findings *f);
/* An array with an object a file; "holds" is null where there was nothing. */
void reports_json(struct sy_jw *w, const struct findings *f);

#endif
