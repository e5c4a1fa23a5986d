/*
 * What complaints have in common: the lots, places and parties upstream that explain most of them
 * (DOMAIN, "Investigators also ask").
 *
 * The score of a lot, place or party is the weight of the complaints that it explains, less the
 * weight of the lots known to be good that it would explain as well, as a share of the weight of
 * all complaints: 1 explains every complaint and no good lot.  Ties go to the shorter distances
 * (those to the complaints that it explains, added up), then to kind and code.
 *
 * A lot explains a complaint when a walk back from it (trace.h) comes there; its distance is the
 * number of steps.  A party or place explains it when it had such a lot on the way.  That is asked
 * lot by lot of who used it, until then, and of whoever that party had it from, until it was sent:
 * - of a complaint all its holders are asked, of a lot that was used the party of that use, of the
 *   lot of a unit those that were asked of the unit;
 * - a party had a lot from whom a shipment to it names, or a receipt when the sender has no
 *   shipment to it (then the sender's shipments that name nobody, or whoever the receipt names,
 *   until its time); without any of these, and when a receipt names nobody, from all who shipped
 *   it and didn't say to whom;
 * - whoever made a lot is always on its way;
 * - what was done with the container that a lot lay in was done with the lot; what else was packed
 *   into that container wasn't;
 * - a party had a lot, and had it at a place, from its first record of that; holds, inspections
 *   and what is read of it by anybody else move nothing.  Within a party every place where it had
 *   the lot until then counts.
 * The distance of a place or party is that of the nearest lot which it had.
 *
 * What if.  A lot, place or party that is CUT had nothing to do with it: whatever was done there
 * or by it wasn't, nothing is reached through it, and a lot is on the way only if whoever used it
 * had it from its maker, or from somebody whose own source nobody knows, in another way.  At a
 * place or party of CONTACT, all that was delivered before a lot left there is taken to be in
 * it, one step away.  Dates of that are those GIVEN: a delivery's is that of its receipt (of what
 * wasn't made there and has no receipt the first record of it there), a lot's leaving that of its
 * last record there.  INFERRED ones are taken as early and as late as others' records allow: a
 * delivery without a receipt came no sooner than it was sent, or than the lot existed; a lot whose
 * last record there isn't of its leaving left at the latest when it was used or received
 * elsewhere.  Or dates are IGNORED.
 */
#ifndef TRACE_COMMON_H
#define TRACE_COMMON_H

#include "trace.h"

enum common_kind { COMMON_ITEM, COMMON_PLACE, COMMON_PARTY };
enum common_dates { COMMON_GIVEN, COMMON_INFERRED, COMMON_IGNORED };

struct common_code {
	uint64_t id;
	int64_t weight; /* below 0: it is known to be good; never 0 */
};

enum { COMMON_CODES = 256, COMMON_WEIGHT = 1000000 }; /* at most: codes; the weight of one */

struct common_ask {
	const struct common_code *codes;
	size_t n_codes;
	const uint64_t *cut, *contact; /* items and actors; actors */
	size_t n_cut, n_contact;
	enum common_dates dates;
	size_t limit; /* of rows */
	size_t bytes; /* as of a walk */
	unsigned ms;
	bool (*stopped)(void *ctx);
	void *ctx;
};

/* One of the codes, explained: how far away, and a record that says so. */
struct common_reason {
	uint32_t code, distance;
	uint64_t record; /* NO_ID: none */
};

struct common_row {
	enum common_kind kind;
	uint64_t id;
	int64_t weight; /* the score before it is shared out */
	uint64_t distance;
	uint32_t complaints, good; /* how many it explains */
	uint32_t first, n;         /* its reasons, in order of code */
};

/* What explains one of the codes, without itself. */
struct common_told {
	uint64_t items, places, parties;
};

struct common {
	struct common_row *rows; /* best first */
	size_t n_rows;
	uint64_t total; /* rows that there are; more than N_ROWS: they were cut at the limit */
	struct common_reason *reasons;
	struct common_told *told; /* one of each code */
	int64_t weight;           /* of all complaints */
	enum trace_cut cut;       /* SIZE or TIME: not all that is upstream was looked at */
};

/* SY_OK, also when it was cut; SY_ENOMEM, SY_ECORRUPT, SY_EIO. */
int common_find(struct index_read *r, const struct common_ask *ask, struct common *out);
void common_free(struct common *c);

#endif
