/*
 * What may happen to goods, in words of the trade: a row a verb, with the EPCIS event it becomes
 * (CBV 2.0, business steps and dispositions).
 *
 * A word is a verb of `suyuan event`, or one that Chinese systems use of what goes in and out of
 * a warehouse (DOMAIN.md, Categories).
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "columns.h"

enum shape {
	SHAPE_MAKES, /* ObjectEvent ADD, or TransformationEvent when something went into it */
	SHAPE_MOVES, /* ObjectEvent of things that are there */
	SHAPE_PACKS  /* AggregationEvent */
};

struct verb {
	const char *words; /* apart by '|'; the first is the command line's */
	enum shape shape;
	const char *action, *step;
	const char *disposition; /* NULL: as the inspection says */
	const char *persists;    /* "set", "unset": of non_sellable_other; or NULL */
	char way;                /* 'o': out, the partner gets it and the place is left; 'i': in */
	enum field needs[3];     /* ends with F_EVENT */
};

/* An empty word registers a batch; NULL for one that is none. */
const struct verb *verb_find(struct sy_str word);
/* "ship 销售出库, receive 采购入库, ..." */
void verbs_list(struct sy_buf *out);

#endif
