/*
 * An answer on its way out: lines of what was found, in the form that was asked for.
 */
#ifndef API_TRACE_WRITE_H
#define API_TRACE_WRITE_H

#include "api/trace.h"

/* What is told, in this order. */
enum trace_list { TRACE_ITEMS, TRACE_PARTIES, TRACE_PLACES, TRACE_LISTS };

enum { SLICES = 2 }; /* one is written, the other's names are looked up */

struct trace_writer {
	struct trace_answer *a;
	struct sy_buf b;
	struct sy_jw w;                /* of JSON */
	uint64_t written[TRACE_LISTS]; /* lines */
	struct slice *slices[SLICES];  /* the second may be NULL */
	uint64_t due;                  /* ms, monotonic: the peer has had its time */
};

struct trace_line {
	struct sy_str code, from; /* from is empty of what was asked for */
	bool plain;               /* both stand in a JSON string as they are */
	enum trace_list list;
	enum trace_edge edge; /* of an item */
	unsigned distance;    /* of a party or place that of the item it was at */
	uint64_t records[2];  /* NO_ID for none */
	enum index_direction direction;
};

struct trace_format {
	const char *name, *type;
	void (*head)(struct trace_writer *w);
	void (*list)(struct trace_writer *w, enum trace_list list); /* those follow now */
	void (*line)(struct trace_writer *w, const struct trace_line *l);
	void (*end)(struct trace_writer *w);
};

#endif
