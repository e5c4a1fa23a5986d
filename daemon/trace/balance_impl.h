/*
 * A balance under way; private to balance*.c.  Functions return SY_OK, an error, or SY_EHALT once
 * it was cut.
 */
#ifndef TRACE_BALANCE_IMPL_H
#define TRACE_BALANCE_IMPL_H

#include "balance.h"
#include "units.h"

struct balancing {
	struct index_read *r;
	const struct balance_ask *ask;
	struct sy_arena *arena;
	struct balance *out;
	uint64_t due; /* ms, monotonic */
	unsigned steps;
	uint32_t *slots; /* of out->lines by their names, counted from 1; twice as many */
};

uint64_t balance_now(void); /* ms, monotonic */
int balance_step(struct balancing *b);
/* The line of that name in the unit that NEED agrees with; it is made when there is none. */
int balance_line(struct balancing *b, struct sy_str product, uint64_t party, const char *need,
		 bool units, struct balance_line **line);
/* Adds a quantity in UNIT to a line; less when it is SUB. */
void balance_add(struct balance_line *line, enum balance_what what, struct sy_decimal n,
		 const char *unit, bool sub);
/* An item's history with quantities in UNIT where units agree. */
struct turned {
	struct index_read *r;
	char unit[4];
};
/* The unit that a lot is told in: of the first making that has one, else of the first record. */
int turned_find(struct balancing *b, uint64_t item, struct turned *t);
int turned_next(void *ctx, uint64_t item, uint64_t from, struct item_event *out);

/* What a fact counts as; BALANCE_WHATS for nothing.  *SUB: it is taken back. */
enum balance_what balance_of_step(enum item_step step, bool *sub);

/* Shipments that came in part: of each what is missing, and between whom. */
struct arrival_of {
	uint64_t party;
	int64_t time;
};
struct arrivals {
	struct sy_arena *arena;
	struct arrival_of *v;
	size_t n, cap;
};
int arrivals_add(struct arrivals *a, const struct item_fact *f);
void arrivals_sort(struct arrivals *a);
bool arrivals_since(const struct arrivals *a, uint64_t party, int64_t since);

/* balance_change.c: weighs a transformation. */
int change_add(struct balancing *b, uint64_t node);
void changes_sort(struct balance *out);

#endif
