/*
 * What is found of a code, and the two forms in which it is told.
 *
 * The ledger vouches for what was registered; it never says genuine.  When in doubt the graver
 * status wins: a unit shares its lot's fate, and a serial that was registered in another lot than
 * the one printed beside it is unknown in that lot.
 */
#ifndef API_VERDICT_H
#define API_VERDICT_H

#include "api/items.h"

/* Graver first, as INTERFACES lists them; the first that applies is the verdict. */
enum status {
	ST_RECALLED,
	ST_HELD,
	ST_WITHDRAWN,
	ST_DESTROYED,
	ST_EXPIRED,
	ST_REGISTERED,
	ST_SERIAL_UNKNOWN,
	ST_PRODUCT_ONLY,
	ST_UNKNOWN
};
extern const char *const verdict_names[]; /* by enum status */

/* An item that the code names, or that belongs to it. */
struct found {
	bool known;      /* it was commissioned at some time, whatever became of it, or is held */
	struct item row; /* its id is UINT64_MAX when no record names it */
	struct sy_str code;
	uint64_t evidence;  /* the record that says so and can be read and proven */
	struct hold *holds; /* that stand */
	size_t n_holds;
};

/* A quality result that is no part of the registration. */
struct later {
	uint64_t evidence; /* the record that says so and can be read and proven */
	struct inspected it;
};

enum {
	LATER_EACH = 8,            /* of an item, that failed, and as many that passed */
	LATER_MAX = 6 * LATER_EACH /* a unit's, its lot's, that of the lot on its label */
};

/* What is known about one code. */
struct findings {
	struct sy_arena *arena;
	struct sy_code code;
	enum status status;
	bool has_product, has_producer;
	struct register_row product, producer;
	struct found lot, unit;
	const struct item *registered; /* the unit's or the lot's row that dates come from */
	bool other_lot;   /* the serial is registered, but in another lot than the code says */
	uint64_t printed; /* the lot that the code says, NO_ID when no record names it */
	struct coverings recalls;
	bool marking; /* of a recall that may cover it: more may come */
	/* Each record once: of the unit before its lot, what failed before what passed, the newest
	 * first. */
	struct later later[LATER_MAX];
	size_t n_later;
	bool later_cut; /* there are more */
	uint64_t lookups, first_lookup;
};

/* verdict.c: OUT->code is parsed, the rest is zero but for ids, which are NO_ID. */
int verdict_find(struct snapshot *s, struct findings *out);
/* Did the same record register the unit and its lot? */
bool verdict_one_record(const struct findings *f);
/* What a registration says of itself: is there such a result? */
bool verdict_own(const struct found *f);
/* Did any inspection fail, the registration's own or a later one? */
bool verdict_failed(const struct findings *f);
/* Days in which the label says another date than the register: a sign that it was altered. */
struct label_differs {
	bool lot, expires, made;
};
struct label_differs verdict_label(const struct findings *f);

/* verdict_json.c: what a program gets. */
void verdict_json(struct snapshot *s, struct sy_buf *body, const struct findings *f);
/* verdict_page.c: what a person sees who scans a code, in Chinese or English. */
void verdict_page(struct snapshot *s, struct sy_buf *body, const struct findings *f, bool chinese);
/* The page for what is no code. */
void verdict_no_code(struct sy_buf *body, struct sy_str given, const struct sy_faults *faults,
		     bool chinese);

#endif
