/*
 * What was found by a walk, as JSON, NDJSON, CSV or DOT.
 */
#ifndef API_TRACE_H
#define API_TRACE_H

#include "api/answer.h"

#include "trace/trace.h"

/* What was asked, and what was found of it. */
struct trace_answer {
	struct app *app;
	struct http_exchange *x;
	const struct trace_format *format;
	bool both; /* directions: each line says its own */
	enum index_direction direction;
	struct sy_code *codes;
	size_t n_codes;
	uint64_t *start; /* ids of those that are known */
	size_t n_start;
	struct sy_str *unknown; /* codes that no record names, as given */
	size_t n_unknown;
	uint32_t depth;
	int64_t from, to;
	struct trace *found;  /* two, the second for the second way of both */
	uint64_t entry, time; /* that it was true at */
};

/* NULL for a name that is none. */
const struct trace_format *trace_format_find(struct sy_str name);
/* What was cut first of all, of either way. */
const struct trace *trace_cut_of(const struct trace_answer *a);
/* Is there a processor for a second thread, that no other question wants? */
bool trace_has_help(const struct trace_answer *a);
/* Streams what was found and ends the exchange. */
void trace_send(struct trace_answer *a);

#endif
