/*
 * What fsck checks beyond bytes: the register's rules, as FORMAT asks an auditor.
 *
 * Fed with every record in order (ledger_fsck): each entry's author was enrolled by an earlier
 * record, or the genesis, and not revoked at that point; no (author, records_root) twice; each
 * erased record is named by an Erasure.
 */
#ifndef DAEMON_FSCK_H
#define DAEMON_FSCK_H

#include "ledger/ledger.h"

struct register_check;

/* REPORT gets each fault of this check, and those that pass through register_check_report. */
int register_check_new(void (*report)(void *ctx, const char *line), void *ctx,
		       struct register_check **out);
/* For struct ledger_check; CTX is the register_check. */
void register_check_record(void *ctx, const struct sy_entry *e, uint64_t number,
			   struct sy_str payload);
void register_check_report(void *ctx, const char *line);
/* Reports what only the end can tell, frees; NULL is fine. */
void register_check_free(struct register_check *r);

#endif
