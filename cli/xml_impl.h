/*
 * The aggregation document of drug codes: to events that commission a batch's codes, layer by
 * layer, and events that say what was packed in what.
 *
 * It is read twice, the second time from a nameless file (source_xml.c).  First every code is
 * looked at and all faults are named (xml_check.c); a batch with any is not registered, since half
 * of one could not be mended by importing the file again.  Then the events are made (xml_make.c),
 * in bounded memory: the codes of a layer until a record is full, and for each layer the container
 * that is being filled.  Where events end follows from the document alone, so that the same
 * document is the same records.
 */
#ifndef CLI_XML_IMPL_H
#define CLI_XML_IMPL_H

#include "relation.h"
#include "seen.h"
#include "source_impl.h"

#define LAYERS 10 /* packLayer is one digit */

struct codes {
	struct sy_arena arena;
	struct sy_str *v;
	size_t n, cap, bytes; /* bytes: what they take in a record, at most */
	uint64_t line;        /* of the first */
	const char *container;
};

/* A batch while its codes are read. */
struct batch {
	struct sy_arena arena;
	struct row row;
	uint64_t line;
	size_t n, bad;
	struct sy_str some; /* one of its codes, to try the batch's own fields with */
};

struct queue {
	struct item *v;
	size_t n, cap, at;
	struct sy_arena arena;
};

struct xml {
	struct source *s;
	FILE *copy; /* the text as UTF-8 */
	struct relation *relation;
	bool making, end;
	struct batch batch;
	uint8_t *bad; /* a batch each, in order */
	size_t n_bad, cap_bad, nth;
	struct seen seen;    /* codes, with their line and layer */
	struct seen parents; /* and containers, with those of what is in them */
	struct codes made[LAYERS], packed[LAYERS];
	struct queue ready, later; /* later: what was packed, behind the codes themselves */
	bool failed;               /* memory */
};

/* The two readings; each begins a batch with xml_begin_batch. */
extern const struct relation_calls xml_checks, xml_makes;

void xml_begin_batch(void *ctx, const struct relation_batch *b);
/* The row that commissions codes of one layer.  The product's lot is counted in smallest packages;
 * what holds those is of other products. */
void xml_made_row(struct xml *x, unsigned layer, const struct sy_str *codes, size_t n,
		  struct sy_arena *arena, struct row *row);
/* It is about its codes alone. */
void xml_no_amount(struct row *row);
/* Takes a copy of the item. */
void xml_put(struct xml *x, struct queue *q, const struct item *item);
void xml_clear(struct queue *q);
/* Room for one more behind N in a list of CAP; false without memory. */
bool xml_grow(void *list, size_t *cap, size_t n, size_t size);
struct sy_str xml_kept(struct xml *x, struct sy_str text); /* as long as the batch */

#endif
