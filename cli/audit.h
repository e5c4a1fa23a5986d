/*
 * An audit: everything since the last one is fetched, every byte checked, and the checkpoint that
 * all of it leads to is kept.
 *
 * What is checked is FORMAT.md's list (suyuan/audit.h).  With records it is from entry 0, since the
 * register begins there.  audit.c is the command, audit_fetch.c where the bytes come from.
 */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "trust.h"

enum { FETCH_BATCH = 32 };

/* Connections, one a thread; made at first need. */
struct fetcher {
	struct app *app;
	unsigned n;
	struct line {
		struct http *http;
		struct http_answer answer;
		struct fail fail;
		struct sy_opened some[FETCH_BATCH]; /* of a page, not yet given to the audit */
		size_t n;
	} * lines;
	uint64_t size; /* of the checkpoint that tiles are asked for by */
};

int fetcher_init(struct fetcher *f, struct app *app, unsigned n);
void fetcher_free(struct fetcher *f);
/* What stopped an audit, if it was a connection; RC_DONE when none failed. */
int fetcher_failed(const struct fetcher *f, struct fail *out);
/* A tile of hashes or entries over H; RC_DONE or a failure in FAIL. */
int fetch_tile(struct http *h, int level, uint64_t n, unsigned width, struct http_answer *answer,
	       struct fail *fail);
/* Entries of one tile from FROM on, as tiles of SIZE entries give them. */
int fetch_entries(struct http *h, uint64_t from, unsigned n, uint64_t size,
		  uint8_t (*raw)[SY_ENTRY_SIZE], struct http_answer *answer, struct fail *fail);

/* struct sy_audit_source over the fetcher that is CTX. */
int fetcher_entries(void *ctx, unsigned thread, struct sy_audit_part *p, uint64_t from, unsigned n,
		    uint8_t (*raw)[SY_ENTRY_SIZE]);
int fetcher_records(void *ctx, unsigned thread, struct sy_audit_part *p,
		    const struct sy_entry *entries, size_t n);

int cmd_audit(struct app *app);

#endif
