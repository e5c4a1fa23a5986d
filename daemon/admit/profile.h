/*
 * Profiles: which fields a category's batches must, should and may carry, as Rules records say.
 * What the rules of one register version say is parsed once and shared by all workers.
 *
 * A profile.  Kinds of licence are asked for by name:
 *   {"type":"Rules","name":"profile/food","kind":"profile","category":"food",
 *    "fields":{"lot":"M","standard":"M","storage":"S"},"licences":{"SC":"M"}}
 * A list of products that need a licence, by the standard that their records name, or by code; the
 * texts are for people:
 *   {"type":"Rules","name":"listed/ccc","kind":"listed","category":"industrial","licence":"CCC",
 *    "weight":"M","standards":{"GB 6675":"toys"},"products":{"<code>":"..."}}
 * An exemption, by an operator or a regulator of the region: of a product, a party or both what is
 * a must isn't refused, S warns, O is silent; until the end of its last day:
 *   {"type":"Rules","name":"exemption/7","kind":"exemption","product":"<code>","party":"<id>",
 *    "fields":{"inspection":"S"},"until":"2026-12-31","reason":"..."}
 * Limits:
 *   {"type":"Rules","name":"limits","kind":"limits","limits":{"futureHours":24}}
 *
 * Of a Contact it counts that there is one, never what it says: it may be erased (FORMAT.md).
 */
#ifndef ADMIT_PROFILE_H
#define ADMIT_PROFILE_H

#include "admit/fields.h"

enum { CATEGORY_UNKNOWN = -2, CATEGORY_OTHER = -1, AGRI = 0, CATEGORIES = 4 };
enum { CHINA_MINUTES = 480 }; /* east of UTC: days are Chinese days */

/* agri, food, drug, industrial: their number; CATEGORY_OTHER for "other". */
int category_of(struct sy_str name);
/* For people, in the author's language. */
const char *category_name(const struct check *c, int category);
const char *weight_verb(const struct check *c, bool must);

struct licence_rule {
	const char *kind;
	bool must; /* else should */
};

#define PROFILE_LICENCES 8
struct profile {
	uint64_t must, should;
	struct licence_rule licences[PROFILE_LICENCES];
	unsigned n_licences;
};

struct listed { /* one line of a list */
	int category;
	bool is_code; /* WHAT is a product's canonical code, else a standard without spaces */
	struct sy_str what;
	struct licence_rule licence;
};

struct exemption {
	struct sy_str product, party; /* empty: any */
	uint64_t warn, silent;        /* fields */
	uint64_t until;               /* the last ms */
	uint64_t record;
};

struct rules {
	atomic_uint refs;
	uint64_t version;
	struct sy_arena arena; /* of all that follows */
	struct profile profiles[CATEGORIES];
	struct listed *listed;
	struct exemption *exemptions;
	size_t n_listed, n_exemptions;
	uint64_t future_ms; /* how far ahead of the entry an event's time may be */
};

/* --- rules.c --------------------------------------------------------------------------------- */

/* Of the register version that c->r shows; NULL sets c->err. */
const struct rules *rules_get(struct check *c);
void rules_put(const struct rules *r); /* NULL is fine */

/* --- rules_record.c -------------------------------------------------------------------------- */

extern const struct member rules_members[];
void rules_judge(struct check *c, const struct sy_json_doc *doc);

/* --- licence.c ------------------------------------------------------------------------------- */

/* Warns of the licences that a Product record names. */
void licences_check(struct check *c, const struct sy_json_doc *doc);
/* Fills P's needs by the rules in force. */
void licences_need(struct check *c, struct product *p);
/* Faults what P needs and doesn't hold on DAY; EXCUSED: only warns. */
void licences_judge(struct check *c, const char *pointer, struct product *p, int32_t day,
		    bool excused);

/* --- profile.c ------------------------------------------------------------------------------- */

/* An event that commissions, on its way through the profiles. */
struct batch {
	const struct sy_json_doc *doc;
	const struct sy_event *e;
	uint64_t has;      /* fields that the event and its author meet; 0: not looked at yet */
	uint64_t reported; /* fields that were faulted */
	bool reached;      /* places were looked at as well */
	bool warned;       /* of what is wrong */
	bool refused;      /* for it, since an item's category has a profile */
	struct wrong wrong;
};

/* A fault, or else a warning, for each field of the batch that has a wrong form or contradicts
 * another. */
void wrong_judge(struct check *c, struct batch *b, bool refuse);
/* Adds a fault or a warning for each field of the category's profile that neither the batch nor the
 * product's record meets; MORE is what stands for this item alone.  What a product should have is
 * said once in a submission. */
void profile_judge(struct check *c, struct batch *b, const struct sy_event_item *item,
		   struct product *p, uint64_t more);
/* Warnings of what a Product record lacks for its batches. */
void profile_product(struct check *c, const struct product *p);
/* An event that installs goods: the building site's fields. */
void profile_site(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e);

/* --- records.c ------------------------------------------------------------------------------- */

/* What a Place tells (enum place_tells), of this submission or the register; 0 for none. */
unsigned place_of(struct check *c, struct sy_str id);
/* What the Places and Contacts of a party tell together. */
unsigned reach_of(struct check *c, struct sy_str party, unsigned want);

#endif
