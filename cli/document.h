/*
 * EPCIS documents in JSON: where their events stand, and what becomes of one as a record.
 *
 * Read: an EPCISDocument (epcisBody.eventList, or epcisBody.event alone), an EPCISQueryDocument
 * (epcisBody.queryResults.resultsBody.eventList), an array of events, one event by itself.
 */
#ifndef CLI_DOCUMENT_H
#define CLI_DOCUMENT_H

#include "cli.h"

struct document {
	const struct sy_json_doc *doc;
	const struct sy_json *context; /* @context of the whole, or NULL */
	const struct sy_json *next;    /* the next event, or NULL */
	bool master_data;              /* it has some, which is no event */
};

/* Is a file that begins with HEAD such a document, rather than one record a line? */
bool document_is(struct sy_str head);
/* False when there is no event where documents have them.  DOC stays the caller's. */
bool document_open(struct document *d, const struct sy_json_doc *doc);
const struct sy_json *document_next(struct document *d);
/*
 * An event as one line: white space outside strings removed, every value as it is written, the
 * document's @context in front of its own.  DOC is what V is of.  ID, if not NULL, becomes its
 * eventID.
 */
void document_event(struct sy_buf *out, const struct document *d, const struct sy_json_doc *doc,
		    const struct sy_json *v, const char *id);

#endif
