/*
 * EPCIS 2.0 events (GS1 EPCIS 2.0 / ISO/IEC 19987, vocabulary CBV 2.0), read from their JSON.
 *
 * An event is read into what the ledger acts on: which items it names in which role, what it does
 * to them, when and where.  Names of vocabulary elements are kept in their short form
 * ("commissioning") whichever spelling the author chose.  Every member of EPCIS's objects is
 * checked, as strictly as GS1's JSON schema; a member that EPCIS doesn't know is an extension,
 * whose name has a prefix or is a URI, and is left alone.  Prefixes are read from @context,
 * wherever it stands; the ledger knows those of EPCIS itself, "cbvmda" and "suyuan" without one.
 */
#ifndef SUYUAN_EVENT_H
#define SUYUAN_EVENT_H

#include "code.h"
#include "decimal.h"
#include "json.h"

enum sy_event_kind {
	SY_EVENT_NONE, /* a record that is no EPCIS event */
	SY_EVENT_OBJECT,
	SY_EVENT_AGGREGATION,
	SY_EVENT_TRANSACTION,
	SY_EVENT_TRANSFORMATION,
	SY_EVENT_ASSOCIATION
};

enum sy_event_action { SY_ACTION_NONE, SY_ACTION_ADD, SY_ACTION_OBSERVE, SY_ACTION_DELETE };

enum sy_item_role {
	SY_ROLE_SUBJECT, /* epcList, quantityList of an object or transaction event */
	SY_ROLE_PARENT,
	SY_ROLE_CHILD,
	SY_ROLE_INPUT,
	SY_ROLE_OUTPUT
};

struct sy_event_item {
	enum sy_item_role role;
	struct sy_code code;
	bool is_class;     /* of a quantity list: its code may name many things, and stand twice */
	bool has_quantity; /* a missing quantity is unknown, never zero; an EPC is one piece */
	struct sy_decimal quantity;
	struct sy_str unit;       /* UN/ECE Rec 20, or empty for pieces */
	const char *pointer;      /* of the EPC or the quantity element */
	const char *code_pointer; /* of its code: the same, or the element's epcClass */
};

/* A source or destination (EPCIS 2.0 section 7.3.6). */
struct sy_event_end {
	struct sy_str type; /* owning_party, possessing_party, location, or a URI */
	struct sy_str id;   /* as given */
	struct sy_str code; /* canonical */
};

struct sy_event_ends {
	struct sy_event_end *v;
	size_t n;
};

/* Namespaces that the ledger reads extensions of: CBV's master data, and its own. */
enum sy_event_space { SY_SPACE_OTHER, SY_SPACE_MDA, SY_SPACE_SUYUAN };

/* A member of ilmd in one of them, however its name was spelled. */
struct sy_event_master {
	enum sy_event_space space;
	struct sy_str name;          /* without its prefix */
	const struct sy_json *value; /* its "@value" where JSON-LD tells a type beside it */
};

#define SY_NO_DAY INT32_MIN
/* More than a record has room for, but for names too short to be true. */
#define SY_EVENT_ITEMS_MAX 50000

struct sy_event {
	enum sy_event_kind kind;
	enum sy_event_action action;
	struct sy_str id;                             /* eventID, or empty */
	int64_t time;                                 /* ms */
	struct sy_str biz_step, disposition;          /* short form, or empty */
	struct sy_str location, read_point;           /* id as given, or empty */
	struct sy_str location_code, read_point_code; /* canonical, or empty */
	struct sy_str transformation;
	struct sy_event_ends sources, destinations; /* without those at fault */
	const struct sy_json *context;              /* or NULL */
	bool error; /* has an errorDeclaration: withdraws the event that it repeats */
	struct sy_event_item *items;
	size_t n_items;
	const struct sy_json *ilmd;     /* or NULL */
	struct sy_event_master *master; /* what the ledger reads of it */
	size_t n_master;
	struct sy_str lot;                             /* ilmd's lot number, or empty */
	int32_t made, expires, best_before, harvested; /* days, or SY_NO_DAY */
	const struct sy_json *inspection, *site;       /* suyuan:inspection, :site, or NULL */
};

/*
 * The event hash ID of CBV 2.0 section 8.9: whoever has the event computes the same, however it is
 * written down.  It is the SHA-256 of a text with the event's members in a fixed order, lists
 * sorted, and values in one spelling: times in UTC to the millisecond, words and prefixes in full,
 * GS1 keys as canonical Digital Links, numbers without zeros that say nothing.  eventID,
 * recordTime, certificationInfo and errorDeclaration don't count.
 */
#define SY_EVENT_HASH_TEXT 96 /* room for one with its terminator */
/* "ni:///sha-256;<64 hex digits>?ver=CBV2.0"; SY_EINVAL: no EPCIS event; SY_ENOMEM. */
int sy_event_hash(struct sy_arena *arena, const struct sy_json_doc *doc,
		  char out[SY_EVENT_HASH_TEXT]);
/* The text before it is hashed, appended to OUT. */
int sy_event_prehash(struct sy_arena *arena, const struct sy_json_doc *doc, struct sy_buf *out);

/* The record's "type": an EPCIS event's kind, or SY_EVENT_NONE. */
enum sy_event_kind sy_event_kind(const struct sy_json_doc *doc);
const char *sy_event_kind_name(enum sy_event_kind kind);

/*
 * Reads an event and checks its form; each fault with its pointer (422 for what a rule of EPCIS
 * or a code's check digit refuses).  SY_OK when nothing was added with a status.
 *
 * EPCIS wants URIs: a code in an event that is none (digits, an element string) is refused with
 * the URI it should be.  Items whose code is at fault are left out.  A lot number of ilmd must be
 * that of the codes it is about; beside a code that names no lot a difference is a warning, since
 * the number may be meant for that one.
 */
int sy_event_read(struct sy_arena *arena, const struct sy_json_doc *doc, struct sy_event *out,
		  struct sy_faults *faults, long record);

#endif
