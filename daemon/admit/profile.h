/*
 * Profiles: which fields a category's batches must, should and may carry, as Rules records say.
 *
 * A field is a row of a table (profile.c): its name, where FIELDS.md puts it, how it is found.  A
 * set of fields is a bit mask, so a profile is judged by two ANDs.  What the rules of one
 * register version say is parsed once and shared by all workers.
 *
 * A profile:  {"type":"Rules","name":"profile/food","kind":"profile","category":"food",
 *              "fields":{"lot":"M","standard":"M","storage":"S"}}
 * Limits:     {"type":"Rules","name":"limits","kind":"limits","limits":{"futureHours":24}}
 */
#ifndef ADMIT_PROFILE_H
#define ADMIT_PROFILE_H

#include "admit/check.h"

enum { CATEGORY_UNKNOWN = -2, CATEGORY_OTHER = -1, CATEGORIES = 4 };

/* agri, food, drug, industrial: their number; CATEGORY_OTHER for "other". */
int category_of(struct sy_str name);

struct profile {
	uint64_t must, should;
	uint64_t record; /* of the Rules */
};

struct rules {
	atomic_uint refs;
	uint64_t version;
	struct profile profiles[CATEGORIES];
	uint64_t future_ms; /* how far ahead of the entry an event's time may be */
};

/* Of the register version that c->r shows; NULL sets c->err. */
const struct rules *rules_get(struct check *c);
void rules_put(const struct rules *r); /* NULL is fine */

/* Faults of a Rules record's content (422). */
void rules_content_check(struct check *c, const struct sy_json_doc *doc);

uint64_t profile_product_has(struct check *c, const struct sy_json_doc *doc);
uint64_t profile_party_has(struct check *c, const struct party *p);
/* What stands in the event itself: ilmd, inspection, inputs. */
uint64_t profile_event_has(struct check *c, const struct sy_json_doc *doc,
			   const struct sy_event *e);
/* What the item brings by itself: lot, serial, quantity. */
uint64_t profile_item_has(const struct sy_event_item *item);
/* Fields that a lot has told already when it is commissioned again, or gets units. */
uint64_t profile_lot_fields(void);

/* Adds a fault or a warning for each field of the category's profile that neither HAS nor the
 * product's record meets, and that isn't REPORTED yet for this event.  What a product should have
 * is said once in a submission. */
void profile_judge(struct check *c, const struct sy_event_item *item, struct product *p,
		   uint64_t has, uint64_t *reported);

#endif
