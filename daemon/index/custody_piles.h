/*
 * Where the quantities of a lot lie; private to custody*.c.
 *
 * A book is for one unit of measure, or for the units of the lot that are counted.  In it a party
 * has an account.  Goods lie in piles: loose in a row of the account, which is a place; in a
 * bucket, which is a container; in a shipment.  Lists hold the piles that aren't empty, in the
 * order in which they came, so that what is taken is found at once.
 *
 * The first error stays in lot.err; then nodes are NULL, and functions given one do nothing.
 */
#ifndef INDEX_CUSTODY_PILES_H
#define INDEX_CUSTODY_PILES_H

#include "custody_impl.h"

#include <stddef.h>

struct list {
	struct link *first, *last;
};
struct link {
	struct link *prev, *next;
	struct list *in;
};
#define OF(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

struct amount {
	struct sy_decimal n;
	bool unknown; /* and what no event names */
};

struct book {
	char unit[4];
	bool units, created;
	int64_t created_at;
	/* what the record at hand moved with its containers */
	uint64_t record;
	struct amount moved;
};

struct account {
	struct book *book;
	uint64_t party;
	struct list loose, packed; /* rows; buckets that the party has */
	struct list out, in;       /* shipments from and to it that aren't empty */
	struct list debts;         /* receipts from it that it never shipped */
	struct sy_decimal shortage;
	uint64_t short_record;
	bool more, less; /* it got or gave away what no event names */
	struct account *next;
};

struct row {
	struct link link; /* account->loose */
	struct account *account;
	uint64_t place;
	struct sy_decimal n;
	int64_t since;
	struct amount consumed, sold, destroyed;
	struct amount on_hand, in_transit; /* with what is in containers, at the end */
	int64_t last;                      /* event that made one of those */
	bool unknown;
	struct row *next;
};

struct shipment {
	struct link by_from, by_to;
	struct account *from, *to;
	struct amount have;
	bool less; /* what no event names has arrived of it */
	int64_t since;
	struct list packed;
	struct row *row; /* where the last of it came from */
	struct shipment *next;
};

struct bucket {
	struct link link; /* of an account or a shipment, wherever the container is */
	struct book *book;
	struct use *use;
	struct spot spot;
	struct shipment *shipment; /* that it is in */
	struct amount have;
	int64_t since;
	struct bucket *next, *next_of_use;
};

/* A receipt, or several, of what PARTY had from SOURCE. */
struct debt {
	struct link link;
	struct account *source, *party;
	struct sy_decimal n;
	uint64_t record;
	struct debt *next;
};

struct lot {
	struct custodian *c;
	struct account *accounts; /* the newest first, as all of these */
	struct row *rows;
	struct shipment *shipments;
	struct bucket *buckets;
	struct debt *debts;
	const struct book
	    *main; /* of quantities of the class: where those that are unknown count */
	bool created, mixed;
	uint64_t destroyed; /* the record that destroyed it as a whole, or NO_ID */
	int err;            /* the first; nothing is done after it */
};

/* The happening at hand: whose, where, how much. */
struct deed {
	const struct happening *h;
	const struct item_fact *f;
	struct book *book;
	struct account *account;
	struct amount q;
};

/* --- amounts --------------------------------------------------------------------------------- */

static inline bool is_zero(const struct amount *a)
{
	return a->n.coef == 0 && !a->unknown;
}

void amount_add(struct amount *a, const struct amount *more);
/* As much of WANT as there is. */
void amount_move(struct sy_decimal *from, struct sy_decimal *want);

/* --- piles ----------------------------------------------------------------------------------- */

struct book *book_of(struct lot *l, const struct item_fact *f);
struct account *account_of(struct lot *l, struct book *book, uint64_t party);
struct row *row_of(struct lot *l, struct account *account, uint64_t place);
struct shipment *shipment_of(struct lot *l, struct account *from, struct account *to);
struct debt *debt_of(struct lot *l, struct account *source, struct account *party);
struct bucket *bucket_of(struct lot *l, struct book *book, struct use *use);

void list_add(struct list *l, struct link *k);
void list_remove(struct link *k);
void shipment_changed(struct shipment *s);
/* Its container, or what is in it, has changed. */
void bucket_changed(struct lot *l, struct bucket *b, const struct spot *spot);
/* As much of WANT as there is, and all of it where there may be more than is known. */
void bucket_take(struct lot *l, struct bucket *b, struct sy_decimal *want);
void packed_take(struct lot *l, struct list *packed, struct sy_decimal *want);

void lot_flag(struct lot *l, enum custody_fault fault, uint64_t record);
/* Where it is taken from when the event doesn't say: where the party's oldest is. */
struct row *row_from(struct lot *l, const struct deed *d);
/* Out of what the party has; R is where it should be.  What isn't there is its shortage. */
void party_take(struct lot *l, const struct deed *d, struct row *r);
/* As much of WANT as the party has in no container, from R first. */
void loose_take(struct account *a, struct row *r, struct sy_decimal *want);
/* All that the party has of it. */
struct amount party_take_all(struct lot *l, struct account *a);
/* Makes good a shortage first. */
void party_put(struct lot *l, struct account *a, struct row *r, const struct amount *q,
	       int64_t time);

#endif
