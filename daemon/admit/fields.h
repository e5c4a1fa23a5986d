/*
 * The fields that profiles ask for: their names, where FIELDS.md puts them, and what meets them.
 *
 * A set of fields is a bit mask, so a profile is judged by two ANDs.  What is there but has a wrong
 * form is refused whatever the category's profile asks for, and isn't called missing as well; where
 * there is no profile it is a warning.
 */
#ifndef ADMIT_FIELDS_H
#define ADMIT_FIELDS_H

#include "admit/check.h"

enum field {
	PRODUCT_CODE,
	NAME,
	SPECIFICATION,
	STANDARD,
	LICENCES,
	INGREDIENTS,
	ALLERGENS,
	STORAGE,
	HOLDER,
	WARRANTY,
	PUBLIC_PLEDGE,
	PRODUCER,
	ADDRESS,
	CONTACT,
	LOT,
	LOT_OR_DATES,
	LOT_OR_SERIAL,
	SERIAL,
	QUANTITY,
	UNIT,
	MADE,
	HARVESTED,
	EXPIRES,
	ORIGIN,
	PLACE,
	INSPECTION,
	REPORT_DIGEST,
	PLEDGE,
	INPUTS,
	INPUT_LOTS,
	PACK_RATIO,
	PROJECT,
	PART,
	SAMPLE,
	SUPERVISOR,
	FIELDS
};

#define BIT(field) (UINT64_C(1) << (field))
/* Always in a mask that was computed, so that 0 means: not yet. */
#define COMPUTED BIT(63)
/* A party that is a farmer, known by a subject code (主体码) or a hashed identity. */
#define FARMER BIT(62)

#define SITE_FIELDS (BIT(PROJECT) | BIT(PART) | BIT(SAMPLE) | BIT(SUPERVISOR))
/* What a lot has told already when it is commissioned again, or gets units. */
#define LOT_TELLS                                                                        \
	(BIT(LOT_OR_DATES) | BIT(SERIAL) | BIT(MADE) | BIT(HARVESTED) | BIT(EXPIRES) |   \
	 BIT(ORIGIN) | BIT(PLACE) | BIT(INSPECTION) | BIT(REPORT_DIGEST) | BIT(PLEDGE) | \
	 BIT(INPUTS) | BIT(INPUT_LOTS) | BIT(PACK_RATIO))

enum field_place { IN_PRODUCT, IN_PARTY, IN_PLACE, IN_ITEM, IN_EVENT, AT_SITE };

struct field_row {
	const char *name;
	enum field_place place;
	/* In the event; behind the item's own for IN_ITEM; in the Product record for IN_PRODUCT. */
	const char *pointer;
	const char *en, *zh; /* what is expected */
};
extern const struct field_row fields[FIELDS];

/* V's pointer and BELOW it, as long as the record is judged; NULL sets c->err. */
const char *pointer_below(struct check *c, const struct sy_json_doc *doc, const struct sy_json *v,
			  const char *below);

/* By a member's name; -1 for none. */
int field_of(const struct sy_json_doc *doc, const struct sy_json *member);
/* Those of a place. */
uint64_t fields_in(enum field_place place);

/* CODE is canonical. */
uint64_t product_has(const struct sy_json_doc *doc, struct sy_str code);
uint64_t party_has(const struct party *p);
/* What has a wrong form; a field's first is kept. */
struct wrong {
	uint64_t fields;
	const char *pointers[FIELDS];
};
/* What stands in the event itself. */
uint64_t event_has(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e,
		   struct wrong *wrong);
/* What two fields say together: what can't be is a fault of STATUS, what seldom is a warning. */
void fields_agree(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e,
		  int status);
/* What the item brings by itself: lot, serial, quantity. */
uint64_t item_has(const struct sy_event_item *item);
/* Of SITE_FIELDS, what the event itself says. */
uint64_t site_has(const struct sy_json_doc *doc, const struct sy_event *e);

#endif
