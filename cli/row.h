/*
 * A row of a CSV, or the options of a command, to the event it says.
 *
 * Without a word in F_EVENT the row registers a batch: a commissioning ObjectEvent, or a
 * TransformationEvent when input lots are named.  With one it is what that verb becomes (verbs.h).
 * Members stand in a fixed order and an eventID that isn't given is the hash of the rest: the same
 * row is the same record, byte for byte, whenever and wherever it is read.
 */
#ifndef CLI_ROW_H
#define CLI_ROW_H

#include "columns.h"

struct row {
	struct sy_str v[F_COUNT]; /* empty: absent */
	const struct sy_str
	    *codes; /* further ones than F_CODES has, each as one is written there */
	size_t n_codes;
	bool zh; /* faults are told in Chinese */
};

/*
 * The record, appended to OUT.  Each fault goes into FAULTS with the heading as its pointer and
 * RECORD as given.  SY_OK when nothing was added; OUT is then a legal record.  SY_ETOOBIG: sound,
 * but more than a record holds.
 */
int row_event(struct sy_arena *arena, const struct row *row, struct sy_buf *out,
	      struct sy_faults *faults, long record);
/* May a row's codes be spread over several events that say the same of each? */
bool row_may_split(const struct row *row);

/* The eventID of an event's text that lacks one: ni URI (RFC 6920) of its SHA-256. */
#define EVENT_ID_TEXT 96
void event_id(struct sy_str text, char out[EVENT_ID_TEXT]);
/* {"type":TYPE,"eventID":ID,<rest>} of {<rest>}; ID empty: of {"type":TYPE,<rest>}. */
void event_assemble(struct sy_buf *out, const char *type, struct sy_str id, struct sy_str rest);

/* Re-emits JSON without white space outside strings; a legal record's bytes from a pretty file. */
void json_compact(struct sy_buf *out, struct sy_str json);

#endif
