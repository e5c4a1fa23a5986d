/*
 * An answer to what is affected on its way out; private to affected*.c.
 */
#ifndef API_AFFECTED_IMPL_H
#define API_AFFECTED_IMPL_H

#include "api/affected.h"

enum { AFFECTED_PIECE = 64 << 10 }; /* bytes between two writes */

/* A region's sum, in one unit. */
struct group {
	struct sy_str region;
	struct affected_total sum;
};

struct writer {
	struct affected_answer *a;
	struct sy_buf b;
	struct sy_jw w;
	struct who_table who;
	struct index_read r; /* while something is looked up, as TRUTH */
	struct ledger_read truth;
	bool looking;
	uint64_t written; /* items */
	struct sy_buf from_code;
	uint64_t from; /* whose code that is */
	uint64_t due;  /* ms, monotonic: the peer has had its time */
	struct sy_arena arena;
	struct group *regions;
	size_t n_regions, cap_regions;
};

struct line {
	const struct item *item;
	const struct trace_item *why;
	struct sy_str from; /* empty of what was asked for */
	size_t nth;
};

struct affected_format {
	const char *name, *type;
	void (*head)(struct writer *w);
	int (*line)(struct writer *w, const struct line *l);
	int (*end)(struct writer *w);
	bool headers; /* totals are there */
};
extern const struct affected_format affected_ndjson, affected_json, affected_csv;

/* NULL when memory is out, or what is there can't be read. */
static inline const struct who *writer_who(struct writer *w, uint64_t id)
{
	return who_of(&w->who, &w->r, &w->truth, id);
}
static inline uint64_t affected_entry(const struct affected *f)
{
	return f->entries ? f->entries - 1 : 0;
}
int writer_flush(struct writer *w);
/* Between two lines: hands over what has come together, without keeping the snapshots from the
 * ledger meanwhile.  What was borrowed of them is gone. */
int writer_breathe(struct writer *w);

/* --- affected_sums.c ------------------------------------------------------------------------- */

/* The five quantities of a holder or a total, in order. */
enum { AMOUNTS = 5 };
extern const char *const amount_names[AMOUNTS]; /* onHand, inTransit, ... */
const struct sy_decimal *amount_of_holder(const struct custody_holder *h, size_t i);
const struct sy_decimal *amount_of_total(const struct affected_total *t, size_t i);
void amount_put(struct sy_buf *b, const struct sy_decimal *d);

/* The next party's sum in one unit from *AT on, and its number of batches in all units. */
bool sums_next_party(const struct affected *f, size_t *at, struct affected_total *sum,
		     uint64_t *batches);
/* Fills w->regions, in order of region and unit: a place's own where it tells one, else its
 * party's. */
int sums_find_regions(struct writer *w);
/* Sets the answer's headers. */
int sums_set_headers(struct writer *w);

#endif
