/*
 * What the two files that judge events share: events.c for every event, commission.c for what one
 * brings into being.
 */
#ifndef ADMIT_EVENTS_H
#define ADMIT_EVENTS_H

#include "admit/check.h"

/* Who may handle goods, and who may make them of others. */
#define MAKERS (ROLE_PRODUCER | ROLE_CARRIER | ROLE_SELLER | ROLE_SITE)
#define HANDLERS (MAKERS | ROLE_REGULATOR | ROLE_OPERATOR)

/* What is known of an item that this submission commissions; there may be hundreds of thousands. */
struct commission {
	uint64_t id, created;
	uint8_t ilmd[8];
	unsigned flags;
	bool found;
};

/* Is the item brought into being by E: subject of an ADD, or a transformation's output? */
bool commissions(const struct sy_event *e, const struct sy_event_item *item);
/* An error of the machine sticks. */
void machine(struct check *c, int err);
struct commission *commission_of(struct check *c, struct fact *f, struct sy_str code);
/* Judges all that E commissions. */
void commissions_judge(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e);

#endif
