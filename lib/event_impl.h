/* What the files of the event reader share; not installed. */
#ifndef LIB_EVENT_IMPL_H
#define LIB_EVENT_IMPL_H

#include <suyuan/error.h>
#include <suyuan/event.h>

/* Members of an event that are judged together, when all have been seen. */
enum member {
	M_READ_POINT,
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
	M_SENSORS,
	M_ILMD,
	M_INSPECTION,
	M_SITE,
	MEMBERS
};

/* A prefix of names, and the namespace that it stands for. */
struct prefix {
	struct sy_str name, space;
	size_t at; /* order of declaration */
};

struct prefixes {
	struct prefix *v; /* sorted by name, each name once: the last that was declared */
	size_t n;
};

/* A step of the way from the event to the value that is looked at. */
struct step {
	struct sy_str name; /* not escaped; p is NULL for an element of a list */
	size_t index;
};

#define STEPS_MAX 8

struct event_reader {
	struct sy_arena *arena;
	const struct sy_json_doc *doc;
	struct sy_event *out;
	struct sy_faults *faults;
	long record;
	int err;                                /* the first fault's */
	const struct sy_json *members[MEMBERS]; /* of the right type and place, or NULL */
	struct prefixes prefixes;
	char *into; /* the structure that fields are kept in */
	unsigned depth;
	struct step steps[STEPS_MAX];
};

/* event.c.  ERR says the status, SY_OK a warning. */
/* ENGLISH and CHINESE take the same arguments in the same order. */
void sy_event_fault(struct event_reader *r, int err, const char *pointer, const char *english,
		    const char *chinese, ...) __attribute__((format(printf, 4, 6)))
__attribute__((format(printf, 5, 6)));
/* What is expected, in both languages. */
struct event_words {
	const char *english, *chinese;
};
/* In the one that the faults are told in. */
const char *sy_event_words(const struct event_reader *r, struct event_words words);
void sy_event_out_of_memory(struct event_reader *r);
/* How much of TEXT to show in a fault: whole characters, 60 bytes at most. */
int sy_event_cut(struct sy_str text);
/* Pointer of where the steps lead, for a fault; "" when the fault would not be kept. */
const char *sy_event_here(struct event_reader *r);
static inline void sy_event_enter(struct event_reader *r, struct sy_str name, size_t index)
{
	r->steps[r->depth++] = (struct step){name, index};
}
static inline void sy_event_leave(struct event_reader *r)
{
	r->depth--;
}
/* Pointer of a member; not for elements of a list, whose place would be counted each time. */
const char *sy_event_pointer(struct event_reader *r, const struct sy_json *v);
/* Text of a string; a fault at POINTER when it is none. */
bool sy_event_text(struct event_reader *r, const struct sy_json *v, const char *pointer,
		   struct sy_str *out);
/* A code that must be a URI. */
bool sy_event_code(struct event_reader *r, struct sy_str text, const char *pointer,
		   struct sy_code *out);

/*
 * A member of one of EPCIS's objects.  The tables of them are event_fields.c; what a value must be
 * is said by its type and its check, which finds it at the end of the steps.
 */
struct field {
	const char *name;
	uint8_t length; /* of the name */
	uint8_t type;   /* enum sy_json_type, or TYPE_ANY: the check says */
	uint8_t required,
	    allowed;            /* in which kinds of event, as bits; a required list isn't empty */
	uint8_t vocab;          /* of a word: enum vocab */
	uint8_t kept;           /* where among the members: 1 + enum member, or 0 */
	bool formal;            /* its check keeps nothing: what is settled needn't pass it */
	uint16_t out, out_code; /* 1 + offset of what is read, or 0 */
	const struct shape *shape; /* of an object, and of those in a list */
	void (*check)(struct event_reader *r, const struct sy_json *v, const struct field *f);
};
#define TYPE_ANY UINT8_MAX

enum others {
	OTHERS_NONE,  /* no members but the fields */
	OTHERS_NAMED, /* extensions: their names are URIs, mostly as prefix and name */
	OTHERS_ANY
};

struct shape {
	const struct field *fields;
	uint8_t n;
	uint8_t others; /* enum others */
	struct event_words what;
};
extern const struct shape sy_event_shape;

/* event_form.c: an object against its shape, every fault of it. */
void sy_event_walk(struct event_reader *r, const struct sy_json *object, const struct shape *shape);
typedef void sy_event_check(struct event_reader *r, const struct sy_json *v, const struct field *f);
sy_event_check sy_event_check_time, sy_event_check_offset, sy_event_check_action,
    sy_event_check_uri, sy_event_check_uris, sy_event_check_code, sy_event_check_word,
    sy_event_check_words, sy_event_check_hex, sy_event_check_truth, sy_event_check_object,
    sy_event_check_objects, sy_event_check_ends, sy_event_check_error, sy_event_check_persistent;
/* A URI (RFC 3986) or IRI (RFC 3987), at most SY_CODE_MAX bytes. */
bool sy_event_is_uri(struct sy_str text);

/* event_place.c: of texts that are codes and URIs, what this thread has read last.  The code is in
 * ARENA; its p is NULL when there is no memory. */
bool sy_event_place_known(struct sy_arena *arena, struct sy_str text, struct sy_str *code);
void sy_event_place_keep(struct sy_str text, struct sy_str code);

/* event_context.c */
sy_event_check sy_event_check_context;
/* Later declarations win.  SY_ENOMEM. */
int sy_event_prefixes(struct sy_arena *arena, const struct sy_json_doc *doc,
		      const struct sy_json *context, struct prefixes *out);
/* The namespace of a prefix that was declared. */
bool sy_event_declared(const struct prefixes *p, struct sy_str prefix, struct sy_str *space);
/* Of one that was declared, or that everybody knows. */
bool sy_event_space(const struct prefixes *p, struct sy_str prefix, struct sy_str *space);
/* Prefix and rest of a name or value; false when it has no prefix. */
bool sy_event_split(struct sy_str name, struct sy_str *prefix, struct sy_str *local);
enum sy_event_space sy_event_name(const struct event_reader *r, struct sy_str name,
				  struct sy_str *local);
/* The name of a member, unescaped; empty when memory is out, which the reader then knows. */
struct sy_str sy_event_key(struct event_reader *r, const struct sy_json *member);
/* What is the same has the same mark; a fault here for each element whose mark stood before. */
uint64_t sy_event_mark(struct sy_str text);
void sy_event_refuse_twins(struct event_reader *r, const uint64_t *marks, size_t n);

/* event_items.c: the lists, and what an event must name. */
void sy_event_read_items(struct event_reader *r);
/* event_ilmd.c: master data of a batch, and its inspection. */
void sy_event_read_ilmd(struct event_reader *r);
void sy_event_read_inspection(struct event_reader *r); /* and a building site */

/* event_vocab.c: words of CBV 2.0. */
enum vocab {
	VOCAB_STEP,
	VOCAB_DISPOSITION,
	VOCAB_TRANSACTION,
	VOCAB_END, /* type of a source or destination */
	VOCAB_REASON,
	VOCAB_MEASUREMENT,
	VOCAB_ALERT,
	VOCAB_COMPONENT
};
/* The short form of a word, or a URI of somebody's own as given; false if it is neither. */
bool sy_event_word(const struct prefixes *p, enum vocab vocab, struct sy_str text,
		   struct sy_str *out);
/* Where a word's name in full begins, in two parts: "https://ref.gs1.org/cbv/", "BizStep-". */
void sy_event_word_start(enum vocab vocab, const char *start[2]);
/* "a business step of the Core Business Vocabulary such as shipping" */
struct event_words sy_event_word_expected(enum vocab vocab);

/* event_value.c: values and names in the one spelling that is hashed, appended to OUT. */
struct spelling {
	struct sy_arena *arena;
	const struct sy_json_doc *doc;
	struct prefixes prefixes;
	struct sy_buf *out;
	struct sy_buf scratch;
	bool failed; /* memory is out */
};
struct sy_str sy_spell_trim(struct sy_str text);
/* A scalar; nothing for null. */
void sy_spell_value(struct spelling *s, const struct sy_json *v);
void sy_spell_time(struct spelling *s, const struct sy_json *v);
void sy_spell_word(struct spelling *s, const struct sy_json *v, enum vocab vocab);
/* An extension's name: {namespace}name. */
void sy_spell_name(struct spelling *s, struct sy_str name);
/* The text of a string or of a member's name; empty when memory is out. */
struct sy_str sy_spell_text(struct spelling *s, const struct sy_json *v);
struct sy_str sy_spell_key(struct spelling *s, const struct sy_json *member);

#endif
