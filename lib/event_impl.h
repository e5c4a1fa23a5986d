/* What the files of the event reader share; not installed. */
#ifndef LIB_EVENT_IMPL_H
#define LIB_EVENT_IMPL_H

#include <suyuan/error.h>
#include <suyuan/event.h>

/* Members of an event that the reader looks at. */
enum member {
	M_TIME,
	M_OFFSET,
	M_RECORD_TIME,
	M_ID,
	M_ACTION,
	M_STEP,
	M_DISPOSITION,
	M_READ_POINT,
	M_LOCATION,
	M_EPCS,
	M_QUANTITIES,
	M_PARENT,
	M_CHILD_EPCS,
	M_CHILD_QUANTITIES,
	M_INPUT_EPCS,
	M_INPUT_QUANTITIES,
	M_OUTPUT_EPCS,
	M_OUTPUT_QUANTITIES,
	M_TRANSFORMATION,
	M_TRANSACTIONS,
	M_SENSORS,
	M_ILMD,
	M_ERROR,
	M_INSPECTION,
	MEMBERS
};

struct event_reader {
	struct sy_arena *arena;
	const struct sy_json_doc *doc;
	struct sy_event *out;
	struct sy_faults *faults;
	long record;
	int err;                                /* the first fault's */
	const struct sy_json *members[MEMBERS]; /* of the right type and place, or NULL */
};

/* ERR says the status, SY_OK a warning. */
void sy_event_fault(struct event_reader *r, int err, const char *pointer, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void sy_event_out_of_memory(struct event_reader *r);
/* How much of TEXT to show in a fault: whole characters, 60 bytes at most. */
int sy_event_cut(struct sy_str text);
/* Pointer of a member; not for elements of a list, whose place would be counted each time. */
const char *sy_event_pointer(struct event_reader *r, const struct sy_json *v);
/* Text of a string; a fault at POINTER when it is none. */
bool sy_event_text(struct event_reader *r, const struct sy_json *v, const char *pointer,
		   struct sy_str *out);
/* A code that must be a URI. */
bool sy_event_code(struct event_reader *r, struct sy_str text, const char *pointer,
		   struct sy_code *out);

/* event_items.c: the lists, and what an event must name. */
void sy_event_read_items(struct event_reader *r);
/* event_ilmd.c: master data of a batch, and its inspection. */
void sy_event_read_ilmd(struct event_reader *r);
void sy_event_read_inspection(struct event_reader *r);

/* event_vocab.c: the short form of a business step or disposition; false if CBV has no such word.
 */
enum vocab { VOCAB_STEP, VOCAB_DISPOSITION };
bool sy_event_word(enum vocab vocab, struct sy_str text, struct sy_str *out);

#endif
