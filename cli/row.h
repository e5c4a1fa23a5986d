/*
 * A row of a CSV, or the options of `batch register`, to the event that registers the batch.
 *
 * The event is a commissioning ObjectEvent, or a TransformationEvent when input lots are named.
 * Its members stand in a fixed order and an eventID that isn't given is the hash of the rest: the
 * same row is the same record, byte for byte, whenever and wherever it is read.
 */
#ifndef CLI_ROW_H
#define CLI_ROW_H

#include "columns.h"

struct row {
	struct sy_str v[F_COUNT]; /* empty: absent */
};

/*
 * The record, appended to OUT.  Each fault goes into FAULTS with the heading as its pointer and
 * RECORD as given.  SY_OK when nothing was added; OUT is then a legal record.
 */
int row_event(struct sy_arena *arena, const struct row *row, struct sy_buf *out,
	      struct sy_faults *faults, long record);

/* The eventID of an event's text that lacks one: ni URI (RFC 6920) of its SHA-256. */
#define EVENT_ID_TEXT 96
void event_id(struct sy_str text, char out[EVENT_ID_TEXT]);

/* Re-emits JSON without white space outside strings; a legal record's bytes from a pretty file. */
void json_compact(struct sy_buf *out, struct sy_str json);

#endif
