/* What reading rules and judging Rules records share. */
#ifndef ADMIT_RULES_H
#define ADMIT_RULES_H

#include "admit/check.h"

#define HOUR_MS UINT64_C(3600000)
#define FUTURE_HOURS 24 /* until a limit says otherwise */
#define FUTURE_HOURS_MAX 8760

/* --- a Rules record on its way: rules_record.c, recall_rules.c ------------------------------- */

struct ruling {
	struct check *c;
	const struct sy_json_doc *doc;
	const struct sy_json *root;
	struct sy_str name;
};

/* Of a member of the object at WITHIN: what was expected of it. */
void ruling_fault(const struct ruling *x, const char *within, const struct sy_json *m,
		  const char *en, const char *zh);
/* Is there such a member?  Faults with 400. */
bool ruling_asks(const struct ruling *x, const char *member, const char *en, const char *zh);
/* Its name is STEM and more. */
void ruling_name(const struct ruling *x, const char *stem);
void check_recall(const struct ruling *x);
void check_holidays(const struct ruling *x);
/* The place of a level in the rules of a recall, 0 for the gravest; -1 for none of them. */
int recall_level(const struct sy_json_doc *rules, struct sy_str level);

#endif
