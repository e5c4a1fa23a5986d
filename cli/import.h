/*
 * Many rows to many submissions: several in flight, each row registered once, each bad row
 * reported once, whatever was interrupted before.
 *
 * The ledger takes or refuses a submission as a whole.  Rows that it refuses are taken out and
 * reported, rows that it has already count as done and are taken out too, and the rest is sent
 * again, until it is taken.
 *
 * A ledger that is away, or busy for long, is tried again for a while; when it was away for too
 * long the import ends with RC_AWAY, to be gone on with by running it again.
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "send.h"
#include "source.h"

#define IMPORT_GROUP 1000
#define IMPORT_GROUP_BYTES (4u << 20)
#define IMPORT_CONNECTIONS 3
#define IMPORT_PATIENCE 60

struct import_options {
	struct source_options source;
	const char *rejects; /* file, or NULL */
	size_t group;        /* rows a submission */
	unsigned connections;
	unsigned patience; /* seconds that the ledger may be away */
	bool dry_run;      /* records to standard output, nothing sent */
};

/* Answers to app->out.  RC_REFUSED when a row was bad or refused. */
int import_run(struct app *app, const struct import_options *o);

#endif
