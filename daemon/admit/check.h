/*
 * What one admit_check carries along; the room's own header.
 *
 * Every key of the state that a verdict rests on is a fact: asked for once in a submission, however
 * many records need it, and noted as a claim on the way.  A fact that a record of this submission
 * writes is seen by the records after it.
 *
 * Errors of the machine (memory, disk) stick in check.err, and the verdict is dropped; what the
 * author did wrong goes to the faults.  So the functions here return what they found, never an
 * error.
 */
#ifndef ADMIT_CHECK_H
#define ADMIT_CHECK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <suyuan/hash.h>
#include <suyuan/time.h>

#include "admit/admit.h"
#include "admit/claims.h"

#define FACT_KEY_SIZE 16
#define CLAIM_WRITES CLAIM_SIZE /* byte of a verdict's claim: 1 when the submission writes it */

enum fact_kind {
	FACT_SUBMISSION = 's', /* author || records_root */
	FACT_KEY = 'k',        /* public key */
	FACT_PARTY = 'p',      /* id */
	FACT_PRODUCT = 'g',    /* canonical code */
	FACT_PLACE = 'l',      /* id */
	FACT_CONTACT = 'c',    /* id */
	FACT_RULES = 'r',      /* name */
	FACT_VERSION = 'v',    /* of the rules; one */
	FACT_PREFIX = 'x',     /* the first 4 digits: prefixes that overlap share them */
	FACT_GRANT = 't',      /* canonical code granted by itself */
	FACT_STEM = 'm',       /* <owner> of urn:suyuan:own:<owner>: */
	FACT_REACH = 'a',      /* party whose Places are asked for an address */
	FACT_EVENT = 'e',      /* party, eventID */
	FACT_ITEM = 'i',       /* canonical code that is commissioned */
	FACT_ERASED = 'z',     /* record number */
	FACT_RECALL = 'w',     /* id */
	FACT_NOTICE = 'n',     /* recall's id, party */
	FACT_ANSWER = 'q',     /* recall's id, party */
	FACT_REPORT = 'o'      /* recall's id */
};

#define NOT_WRITTEN (-1)
#define NO_MORE ((struct sy_str){"", 0}) /* of a fact's key; and no text at all */

/* A submission may rest on several hundred thousand: 16 bytes each. */
struct fact {
	void *value;         /* by kind: struct party, struct product, struct commission, ... */
	int written;         /* position of the record that writes it, or NOT_WRITTEN */
	unsigned claim : 31; /* its index in the verdict's claims */
	bool known : 1;      /* value was looked up */
};

struct facts {
	struct sy_arena arrays; /* the table and the claims, freed when they grow */
	struct fact **table;
	struct fact *nothing; /* handed out when memory is out */
	size_t cap, n;
	sy_hash *claims;
	size_t claims_cap;
};

/* A row of the register with its record's text read. */
struct party {
	struct sy_str id;
	bool found;
	uint64_t record;
	unsigned roles;
	const struct sy_json_doc *doc; /* NULL when there is no readable text */
	const struct sy_json *root;    /* the party's object in it */
};

#define LICENCE_NEEDS 8
struct licence_need { /* a kind of licence that a product must or should hold */
	const char *kind;
	bool must;
	int32_t until; /* the last day that one of it holds; INT32_MIN: there is none */
	bool said;     /* as a warning, in this submission */
};

struct product {
	struct sy_str code;
	bool found;
	uint64_t record;
	struct sy_str owner, said_by;
	bool revoked; /* no batches any more: its record says `revoked` */
	enum { MAKES_UNASKED, MAKES, MAKES_NOT } makes; /* the author, batches of it */
	int category; /* of profile.h's table; CATEGORY_OTHER when it has no profile */
	uint64_t has; /* fields of profiles that its record meets */
	uint64_t warned;
	struct licence_need needs[LICENCE_NEEDS];
	unsigned n_needs;
	const struct sy_json_doc *doc;
};

/* A prefix, or a single GTIN, granted by this submission. */
struct granted {
	struct sy_str prefix, party; /* of a GTIN the 12 digits behind its indicator */
	struct sy_str code;          /* the GTIN's canonical code; empty for a prefix */
	struct granted *next;        /* of those with the same first 4 digits */
};

struct rules;

struct admit {
	struct ledger *ledger;
	struct index *index;
	uint8_t key[FACT_KEY_SIZE]; /* of the claims' hash, this process's own */
	struct claims *claims;      /* the writer's */
	uint64_t horizon;           /* the writer's: verdicts made before it are judged again */
	uint64_t mark, mark_time;   /* the index's position a while ago, and when that was */
	_Atomic uint64_t time;      /* newest entry time that the writer judged at */
	pthread_mutex_t lock;       /* of rules */
	struct rules *rules;        /* the newest that were read */
};

struct check {
	struct admit *a;
	struct sy_arena *arena;   /* what lasts until the verdict, but for claims and faults */
	struct sy_arena *scratch; /* what an event was read into; gone when the next record is */
	const struct sy_submission *sub;
	struct admit_verdict *verdict;
	struct sy_faults *faults;
	enum admit_lang lang;
	int err;
	struct index_read r;
	struct ledger_read truth; /* opened on first need */
	bool truth_open;
	const struct rules *rules;
	uint64_t now;         /* the entry time it is judged for, ms */
	long record;          /* position of the record being judged */
	struct party *author; /* NULL: the key isn't known, authority can't be judged */
	struct sy_str region; /* the author's, or empty */
	uint64_t author_has;  /* fields of profiles that the author's Party record meets */
	struct facts facts;
};

/* --- facts.c --------------------------------------------------------------------------------- */

int facts_init(struct check *c, size_t expected);
void facts_free(struct check *c);
struct fact *fact_of(struct check *c, enum fact_kind kind, struct sy_str id, struct sy_str more);
/* The record being judged writes F from here on. */
void fact_write(struct check *c, struct fact *f);

struct party *party_of(struct check *c, struct fact *f, struct sy_str id);
struct product *product_of(struct check *c, struct fact *f, struct sy_str code);
/* A record's text, read to last until the verdict; NULL when there is no readable text. */
const struct sy_json_doc *doc_of(struct check *c, struct sy_str payload);
void *allocate(struct check *c, size_t n); /* cleared; NULL sets c->err */
bool truth_begin(struct check *c);

/* Adds a fault of the record being judged (STATUS 0: a warning), in the author's language: EN and
 * ZH take the same arguments in the same order.  FIELD is the profile's, or NULL. */
void fault_of(struct check *c, int status, const char *pointer, const char *field, const char *en,
	      const char *zh, ...) __attribute__((format(printf, 5, 7), format(printf, 6, 7)));
#define fault(c, status, pointer, ...) fault_of((c), (status), (pointer), NULL, __VA_ARGS__)
/* One of two texts of a table. */
static inline const char *in_language(const struct check *c, const char *en, const char *zh)
{
	return c->lang == ADMIT_ZH ? zh : en;
}
/* For "%.*s": at most 100 bytes of a text, never half a character. */
#define TEXT(s) (int)shown(s), (s).p
size_t shown(struct sy_str s);

/* The text of a member, or empty: also when it is no string. */
struct sy_str text_of(struct check *c, const struct sy_json_doc *doc, const struct sy_json *v,
		      const char *member);
static inline bool begins(struct sy_str text, struct sy_str prefix)
{
	return text.n >= prefix.n && memcmp(text.p, prefix.p, prefix.n) == 0;
}
/* Do two values say the same, however they are spelled? */
bool json_same(struct sy_arena *arena, const struct sy_json_doc *da, const struct sy_json *a,
	       const struct sy_json_doc *db, const struct sy_json *b);

/* --- form.c ---------------------------------------------------------------------------------- */

/* Form of a record: its members by a table; the record is judged further only when it holds. */
enum form {
	FORM_TEXT,
	FORM_NAMES,  /* {"zh": "...", "en": "..."} */
	FORM_NUMBER, /* whole, not negative */
	FORM_DATE,
	FORM_REGION, /* GB/T 2260, 6 digits */
	FORM_HASH,   /* base64 of 32 bytes */
	FORM_TEXTS,  /* a list */
	FORM_NAMED,  /* an object of texts */
	FORM_BOOL,
	FORM_TIME,   /* RFC 3339 */
	FORM_MOMENT, /* that, or a day */
	FORM_OBJECT, /* with the members of OF */
	FORM_OBJECTS,
	FORM_DECIMAL,
	FORM_QUANTITY, /* one that isn't negative */
	FORM_DURATION,
	FORM_HEX /* a digest of 32 bytes */
};
struct member {
	const char *name; /* NULL ends the table */
	enum form form;
	bool required;
	const struct member *of;
};
bool form_check(struct check *c, const struct sy_json_doc *doc, const struct member *members);

/* --- authority.c ----------------------------------------------------------------------------- */

bool is_operator(const struct check *c);
bool is_regulator_of(const struct check *c, struct sy_str region);
/* Reads the author's key; faults with 401. */
void author_find(struct check *c);
/* The region of a party's record; empty when it has none. */
struct sy_str region_of(struct check *c, const struct party *p);
/* An operator, or a regulator of the party's region. */
bool is_authority_over(struct check *c, const struct party *p);
/* The party that may speak for a product's code, by grant, own stem or longest prefix; empty when
 * nobody may.  The stem of nobody's products is PREFER's when it bears its USCC or key id. */
struct sy_str product_holder(struct check *c, const struct sy_code *code,
			     const struct party *prefer);
/* PARTY registers a product: if that is the first one of an own stem, the stem is taken. */
void stem_taken(struct check *c, const struct sy_code *code, struct sy_str party);

/* --- grants.c -------------------------------------------------------------------------------- */

/* Is it a GTIN that company prefixes are about?  A GTIN-8 is in none. */
bool in_prefix(const struct sy_code *code);
/* The longest prefix of DIGITS, of the register or of this submission; empty for none. */
void granted_prefix(struct check *c, struct sy_str digits, struct sy_str *prefix,
		    struct sy_str *party);
/* The party that a code was granted to by itself. */
bool granted_code(struct check *c, struct sy_str code, struct sy_str *party);
/* A party's right to a prefix or a code is new: faults with 409 where it overlaps another's. */
void prefix_claim(struct check *c, struct sy_str prefix, struct sy_str party, const char *pointer);
void grant_claim(struct check *c, const struct sy_code *code, struct sy_str party,
		 const char *pointer);
/* It had it before. */
void grant_keep(struct check *c, const struct sy_code *code, struct sy_str party);

/* --- product.c ------------------------------------------------------------------------------- */

extern const struct member product_members[];
void product_judge(struct check *c, const struct sy_json_doc *doc);
/* What P's record says of it. */
void product_read(struct check *c, struct product *p);
/* The canonical code of the product that a code is of; empty for what is of none. */
static inline struct sy_str product_code(const struct sy_code *code)
{
	return code->kind == SY_CODE_PRODUCT ? code->canonical : code->product;
}
/* May the author make batches of it, as its owner or a delegate?  Asked once in a submission. */
bool product_makes(struct check *c, struct product *p);

/* --- records.c, party.c, events.c ------------------------------------------------------------ */

/* Judges one record; its position is in c->record. */
void record_judge(struct check *c, struct sy_str record);
void party_judge(struct check *c, const struct sy_json_doc *doc);
/* DOC is in the scratch arena. */
void event_judge(struct check *c, const struct sy_json_doc *doc);

/* Faults with 422 what is told before it happened, but for what clocks may differ by the rules. */
void future_check(struct check *c, int64_t time, const char *pointer);
/* Is the author an operator or a regulator?  Faults with 403. */
bool authority_or_denied(struct check *c);
/* What `replaces` must be, by what is in force: RECORD, or nothing when not FOUND. */
bool replaces_check(struct check *c, const struct sy_json_doc *doc, const struct fact *f,
		    bool found, uint64_t record, const char *pointer);

#endif
