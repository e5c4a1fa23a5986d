/*
 * An audit: everything since the last one is fetched, every byte checked, and the checkpoint that
 * all of it leads to is kept.
 *
 * Checked of each entry is FORMAT.md's list: its 200 bytes, numbering, chain, times, signature,
 * and that no submission stands twice; of the whole, that its leaves have the root that the log
 * signed.  With records, each record's text leads to its entry, and each author's key was enrolled
 * and not revoked when it signed; that needs the register from its beginning, so it is from entry
 * 0.
 */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "seen.h"
#include "trust.h"

#define AUDIT_FAULTS_SHOWN 50

/* What of an entry the check of its author needs. */
struct audit_entry {
	uint8_t author[SY_KEY_SIZE];
	uint8_t kind;
};

struct audit {
	struct app *app;
	uint64_t from, to; /* entries */
	struct sy_tree tree;
	struct sy_entry before;
	bool has_before;
	sy_hash leaf_before;
	struct seen seen;
	struct audit_entry *entries; /* of from..to, with records alone */
	uint64_t records, unchecked, erased;
	pthread_mutex_t lock; /* of what several threads write */
	uint64_t faults;
	struct fail first; /* the first fault by entry or record */
	uint64_t first_at;
	bool progress;
};

int cmd_audit(struct app *app);
/* One fault: said on standard error, counted, the first kept. */
void audit_fault(struct audit *a, const char *what, uint64_t at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void audit_progress(const struct audit *a, const char *what, uint64_t done, uint64_t of);
/* audit_records.c: records 0..a->records and the authors of a->entries. */
int audit_records(struct audit *a, unsigned connections);

#endif
