/*
 * The index: tables derived from the records, and the follower that keeps them.
 *
 * Nothing here is truth: DIR/index can be deleted at any time and is built again from the log.
 * The follower reads the entries published since it last stood, applies what each record does
 * (effects.c), and commits in synced batches: at once when idle, every `delay` ms under load.  In
 * the same transaction it keeps the index version, the number of entries applied and the leaf
 * hash of the last one: an index that truth doesn't contain is dropped and built again.  Live
 * path, rebuild and a start after a crash are the same code.  Entries are applied, never judged.
 *
 * Tables (kv keys, integers big-endian):
 *   meta        name                        -> version; state: position, leaf of the last entry,
 *                                              ...; notice: the newest RecallNotice
 *   codes       canonical code (past 480 bytes: its first 440 bytes and its hash) -> u64 item id
 *   items       u64 id                      -> row of fixed size, see item below || the code
 *   history     u64 id || u64 record        -> roles and action of the record for that item
 *   events      u64 id of the first item || 8 bytes of H(party || 0x0A || eventID) -> u64 record:
 *               clustered by item, so that a night's million new events touch few pages
 *   withdrawn   u64 record                  -> u64 record of the errorDeclaration
 *   register    kind || id || 0x00 || u64 ~record -> row header || the record's text: every
 *               version that wasn't erased, newest first, which is the one in force; of
 *               Place and Contact the header alone, and where a party can be reached by it a
 *               second row, under REG_REACH and the party's id, whose owner is the id of the first
 *   keys        32-byte public key          -> party, validity, revocation
 *   prefixes    company prefix, digits, or a product's canonical code -> party id it is granted to
 *   submissions 16 bytes of H(author || records_root) -> u64 entry
 *   erased      u64 record                  -> u64 record of the Erasure
 *   actors      canonical code of a party or place (as in codes) -> u64 id; names: the way back
 *   forward     u64 id -> u64 ids reached from it: of an item the transformations that it went
 *               into and the units of a lot; of a transformation its outputs
 *   back        u64 id -> u64 ids it was reached from: of an item the transformations that made
 *               it, of a transformation its inputs
 *   groups      8 bytes of H(party || 0x0A || transformationID) || u64 record: events of one
 *               transformation
 *   contents    u64 container || u64 time || u64 record || u64 child -> action; NO_ID for all
 *   visits      u64 actor -> u64 record || u64 item, each: what a party or place had to do with
 *   holds       u64 id || u64 time || u64 record || u64 party -> hold or release, by an authority?
 *   results     u64 time || u64 record || u64 id -> result of supervision: fail or pass
 *   marks       u64 id || u64 case -> what a recall covers, see index_mark; nodes as well
 *   marked      u64 case || u64 id -> the same by case, of what is marked as a whole
 *   scopes      what, code, 0, u64 case -> nothing: of recalls that mark
 *   cases       u64 case -> of a recall that marks: generation, items marked, the recall's id
 *   hashes      u64 first record -> event hashes of it and of those that follow, see hashes.c
 *   todo        what is to be marked before the position moves on, see recalls.h
 *
 * What is erased.  The Erasure record, which admission checks and this room applies:
 *
 *   {"type":"Erasure","record":N,"leaf":"<b64 of N's leaf hash>","ground":"<law>",
 *    "orderedBy":"<party id or text>","remains":{<EPCIS event without personal data>}}
 *
 * `record` and `leaf` are required, `remains` is optional and stands for the event from then on,
 * at N's place and under N's author.  An Erasure of a kind that FORMAT.md protects, of itself or
 * of a later record, and a second one of the same record change nothing.  Otherwise N's salt is
 * destroyed just before the commit that moves past the Erasure, and the index becomes what it
 * would be had N's payload never been readable: items are folded again over the history that is
 * left, and an item that nothing names any more is gone.  Of a Place or Contact the version
 * before comes back in force unless that was erased too, so whoever erases a person's data erases
 * each version of it.
 *
 * Item ids are dense and an index's own: two indexes of one log say the same about the same
 * codes, but may number them differently where an erased record came between.
 */
#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H

#include <suyuan/event.h>

#include "ledger/ledger.h"

#define NO_ID UINT64_MAX

struct index;

struct index_options {
	const char *dir; /* the ledger's folder; the index is in DIR/index */
	struct ledger *ledger;
	unsigned delay_ms; /* between commits under load, 0 for 150 */
	uint64_t map_size; /* 0 for 1 TiB */
	bool rebuild;      /* drop what is there */
	/* Edges that a recall is followed over one by one before it is a large one, of which all is
	 * found before it is marked; for tests.  0 for 1,000. */
	unsigned few;
	/* Items that are as far from what it names, at most, for that to be done in memory; for
	 * tests.  0 for 2 million. */
	size_t level;
	void (*advanced)(void *ctx, uint64_t position);      /* after each commit; wakes waiters */
	void (*failed)(void *ctx, int err, const char *why); /* the follower stopped */
	/* The disk has no room for a commit: the follower waits and tries again, and what was
	 * committed is read meanwhile; then that it goes on. */
	void (*waits)(void *ctx, bool waits);
	void *ctx;
};

/* Opens DIR/index and drops it when it is of another version or truth, or damaged: position 0
 * then.  *WHY is a static sentence on failure. */
int index_open(const struct index_options *o, struct index **out, const char **why);
int index_start(struct index *ix);
void index_wake(struct index *ix); /* the ledger published something; any thread */
/* Applies everything published, in the caller's thread (start, --reindex); not beside a started
 * follower.  SY_EHALT: an Erasure waits to be carried out and the ledger is open for reading
 * alone; what was committed stands. */
int index_catch_up(struct index *ix);
/* Commits what was applied, unless the disk is full, then ends the follower. */
void index_stop(struct index *ix);
void index_close(struct index *ix); /* NULL is fine */

uint64_t index_position(struct index *ix); /* entries applied and committed */
uint64_t index_records(struct index *ix);  /* records in them; the lag in records follows */
/* For how many milliseconds something has been published that isn't committed here. */
unsigned index_late(struct index *ix);
/* Blocks until the position is at least ENTRIES; SY_EBUSY after MS milliseconds, and the
 * follower's error when it has failed. */
int index_wait(struct index *ix, uint64_t entries, unsigned ms);
/* Somebody waits for that many entries without holding a thread: they are committed soon. */
void index_want(struct index *ix, uint64_t entries);

/* A snapshot; belongs to one thread and must not outlive a turn of its loop. */
struct index_read {
	struct index *ix;
	struct kv_tx tx;
	uint64_t position;     /* entries applied */
	uint64_t time;         /* of the last of them, ms */
	uint64_t cases;        /* recalls that mark: without any, nobody pays for asking */
	bool marking;          /* see index_marking */
	struct spread *spread; /* what will be marked; see index_marks_known */
	struct kv_place items, history, edges[2]; /* where each was read last */
};

int index_read_begin(struct index *ix, struct index_read *r);
void index_read_end(struct index_read *r);
/* Do both show the same rows? */
bool index_read_same(const struct index_read *a, const struct index_read *b);

/* --- the register ---------------------------------------------------------------------------- */

enum party_role {
	ROLE_OPERATOR = 1,
	ROLE_REGULATOR = 2,
	ROLE_PRODUCER = 4,
	ROLE_CARRIER = 8,
	ROLE_SELLER = 16,
	ROLE_SITE = 32,
	ROLE_LABORATORY = 64
};
/* 0 for a name that is none. */
unsigned party_role(struct sy_str name);

enum register_kind {
	REG_PARTY = 'p',
	REG_PRODUCT = 'g',
	REG_PLACE = 'l',
	REG_RULES = 'r',
	REG_LEDGER = 'o', /* the genesis; one row with the id "" */
	REG_CONTACT = 'c',
	REG_REACH = 'a', /* Places and Contacts by their party; see register_reach */
	/* Of the life of a recall; see index_recall. */
	REG_RECALL = 'x',
	REG_REPORT = 't', /* by the recall's id */
	REG_NOTICE = 'n', /* one row for each party that a notice names */
	REG_INBOX = 'i',  /* the same by party */
	REG_ANSWER = 'w'
};

/* What a Place or Contact tells, since its text isn't kept here. */
enum place_tells {
	PLACE_ADDRESS = 1,
	PLACE_PHONE = 2,
	PLACE_REGION = 4,
	PLACE_PROJECT = 8,
	PLACE_PART = 16,
	PLACE_CONTACT = 32 /* it is a Contact */
};
unsigned place_tells(const struct sy_json_doc *doc);

/* One row of the register: the record in force for an id, name or code. */
struct register_row {
	struct sy_str id;     /* party id, product's canonical code, place id, rules' name */
	uint64_t record;      /* the record in force */
	uint64_t entry, time; /* where it stands, and when */
	struct sy_str author; /* party id of who said it */
	struct sy_str owner;  /* a product's or place's party; else as author */
	/* Of a party; enum place_tells of a Place or Contact; of a Recall see index_recall. */
	unsigned roles;
	/* The record's text; borrowed from the snapshot, as all of these.  Of the operator, until
	 * it publishes a Party of its own, the `operator` object of the genesis.  Empty for a Place
	 * or a Contact: what may be erased is kept in truth alone, where it is sealed. */
	struct sy_str payload;
	/* What a verdict shows of it, as JSON: `name` of a party, and of a product `category`,
	 * `specification` and `standard` as well.  Members without braces, those that are there;
	 * found once here so that nobody parses the text again for every code that is scanned. */
	struct sy_str shown;
};

int register_get(struct index_read *r, enum register_kind kind, struct sy_str id,
		 struct register_row *out);
/* In order of id, after AFTER ("" for the first); SY_ENOTFOUND at the end. */
int register_next(struct index_read *r, enum register_kind kind, struct sy_str after,
		  struct register_row *out);
/* The version that was in force when RECORD was judged: entries before its own said it. */
int register_get_before(struct index_read *r, enum register_kind kind, struct sy_str id,
			uint64_t record, struct register_row *out);
/* Which of WANT (enum place_tells) the Places and Contacts in force of PARTY tell together.  Of
 * very many that aren't in force any more only the newest are looked at. */
int register_reach(struct index_read *r, struct sy_str party, unsigned want, unsigned *tells);
uint64_t register_version(struct index_read *r); /* record number of the newest Rules, 0 none */

struct register_key {
	struct sy_str party;
	uint64_t record; /* that enrolled it */
	uint64_t
	    until; /* the last good ms: its `until` day ends at 24:00 +08:00; UINT64_MAX: none */
	uint64_t
	    revoked; /* entry time at which it stopped being listed; UINT64_MAX for a good one */
};
int register_key(struct index_read *r, const uint8_t key[SY_KEY_SIZE], struct register_key *out);
/* The party that holds the longest prefix of DIGITS (a GTIN-14 behind its indicator digit). */
int register_prefix(struct index_read *r, struct sy_str digits, struct sy_str *prefix,
		    struct sy_str *party);
/* A party that holds a prefix which overlaps PREFIX (either begins the other). */
int register_prefix_overlap(struct index_read *r, struct sy_str prefix, struct sy_str *other,
			    struct sy_str *party);

/* GB/T 2260: 130000 is a province, 130100 a city in it, 130102 a county in that; 000000 is all. */
bool register_region_covers(struct sy_str whole, struct sy_str part);

/* The code that a grant names, in any spelling, or the 7 digits of a drug's product code. */
int register_grant_code(struct sy_arena *arena, struct sy_str text, struct sy_code *out,
			struct sy_faults *faults, long record, const char *pointer);
/* The party that a product's canonical code is granted to by itself. */
int register_grant(struct index_read *r, struct sy_str code, struct sy_str *party);
/* The first such code after AFTER that begins with STEM; SY_ENOTFOUND. */
int register_grant_next(struct index_read *r, struct sy_str stem, struct sy_str after,
			struct sy_str *code, struct sy_str *party);

/* --- event hashes ---------------------------------------------------------------------------- */

/*
 * Records by the first eight bytes of their event hash (CBV 2.0, 8.9), ascending, at most CAP: each
 * must be compared with the whole hash.  Hashes are made in slack hours: those of the records
 * before HASHED are there, of those that follow, before RECORDS, the caller must make them himself.
 */
int index_hashed(struct index_read *r, uint64_t *hashed, uint64_t *records);
int index_hash_find(struct index_read *r, const uint8_t head[8], uint64_t *records, size_t cap,
		    size_t *n);

/* --- recalls --------------------------------------------------------------------------------- */

/*
 * Recall records are rows of the register by id, owned by the party whose goods come back: the one
 * that the record names, or its author.  A case's number is its first record.  Notices and answers
 * stand under an id made of the number and a party (recall_party_id), in REG_INBOX of the party and
 * the number, so that those of one case or one party lie together; there OWNER is the recall's id
 * and `shown` begins with "version", the Recall record in force when it was said.
 */
enum recall_state { RECALL_DRAFT = 1, RECALL_OPEN, RECALL_CLOSED, RECALL_REVOKED };
/* 0 for a name that is none. */
enum recall_state recall_state_of(struct sy_str name);
const char *recall_state_name(enum recall_state state);

struct index_recall {
	uint64_t number;
	enum recall_state state;
	bool mock;
	struct register_row row; /* in force */
};
int index_recall(struct index_read *r, struct sy_str id, struct index_recall *out);

/* The record of the newest RecallNotice; 0 for none. */
uint64_t index_newest_notice(struct index_read *r);

/* Terminated, in the arena; SY_STR("") when memory is out.  An empty PARTY gives what the ids of
 * one case begin with, as recall_inbox_id does of a party with UINT64_MAX. */
struct sy_str recall_party_id(struct sy_arena *arena, uint64_t number, struct sy_str party);
struct sy_str recall_inbox_id(struct sy_arena *arena, struct sy_str party, uint64_t number);
/* Of a notice or an answer: the Recall record that was in force. */
int recall_version(const struct register_row *row, uint64_t *record);

/*
 * Marks: what the recalls cover that are open or closed and no exercise.  Marked is what the scope
 * names and what was reached forward of that (DOMAIN "What is reached from what"): whole; a lot of
 * which it isn't, but some units are, in part.  Of a product with dates what has none counts as
 * meant, unless it is a unit, which goes by its lot; and what events name by the product alone.
 * What was at a place in a time presence.h says; of that what was made since the time began is
 * reached, and what lay in a container while it stood there; of a container that is named itself
 * what lay in it ever.  All of that is what a recall would hit (recall/affected.h).
 *
 * They are those of the records up to the snapshot's position, whatever came late: a production
 * that is recorded tomorrow marks its outputs tomorrow.  Of a large recall the marks come in
 * several commits, before the position moves past its entry.
 */
struct index_mark {
	uint64_t number; /* of the case */
	bool whole;
	uint64_t units; /* marked ones of a lot; while marks are under way, not all of them yet */
};
/* The first case from FROM on that marks an item; SY_ENOTFOUND at the end. */
int index_mark_next(struct index_read *r, uint64_t item, uint64_t from, struct index_mark *out);
/* Is a recall's marking under way?  What it reaches may not be marked yet; what isn't reached any
 * more may be marked still. */
bool index_marking(struct index_read *r);
/* It is, and of an item that isn't marked nothing will come: all that the recall reaches is known
 * already, and told as if it were marked. */
bool index_marks_known(struct index_read *r);
/* The first case from *NUMBER on whose marking is under way; SY_ENOTFOUND at the end. */
int index_marking_next(struct index_read *r, uint64_t *number);
/* A case that marks: the recall's id, borrowed, and how many items as a whole. */
int index_case(struct index_read *r, uint64_t number, struct sy_str *id, uint64_t *items);
/* What a recall's scope names: an item, a product; and the product of an item. */
enum index_named { NAMED_ITEM = 1, NAMED_PRODUCT, NAMED_PRODUCT_OF };
/* The first case from *NUMBER on whose scope names a canonical code so; SY_ENOTFOUND at the end. */
int index_named_next(struct index_read *r, enum index_named what, struct sy_str code,
		     uint64_t *number);

/* --- submissions, events, erasures ----------------------------------------------------------- */

int index_submission(struct index_read *r, const uint8_t author[SY_KEY_SIZE],
		     const sy_hash *records_root, uint64_t *entry);
/* The record of PARTY with that eventID among those whose first item it is; SY_ENOTFOUND.  An event
 * that names no item isn't found. */
int index_event(struct index_read *r, uint64_t item, struct sy_str party, struct sy_str event_id,
		uint64_t *record);
/* Whose event an errorDeclaration withdraws, where it names a party (`suyuan:author`: a regulator
 * corrects another's); empty: the author's own.  SY_ENOMEM. */
int index_declared_author(const struct sy_json_doc *doc, struct sy_arena *arena,
			  struct sy_str *party);
int index_erased(struct index_read *r, uint64_t record, uint64_t *erasure);
/* The errorDeclaration that withdrew an event; SY_ENOTFOUND for one in force. */
int index_withdrawn(struct index_read *r, uint64_t record, uint64_t *by);

/* --- items ----------------------------------------------------------------------------------- */

/*
 * An item's row is a fold over its history, in order of record: events that were withdrawn, and
 * error declarations themselves, count in first, last and n_history alone.
 *
 * An ADD of an object event and a transformation's outputs create and add quantity; an object
 * event's DELETE removes.  A unit or other single piece is deleted by any DELETE; a lot by one
 * that names no quantity, or when, in one unit, no less was removed than was added.  Dates and
 * ilmd are those of the first that gives them; a lot has the dates of its units as well, since
 * many lots are never commissioned but by their units.
 */
enum item_flag {
	ITEM_CREATED = 1,     /* commissioned by an ADD or a transformation's output, in force */
	ITEM_DELETED = 2,     /* decommissioned or destroyed as a whole */
	ITEM_WITHDRAWN = 4,   /* its only commissioning was declared an error */
	ITEM_MIXED_UNITS = 8, /* quantities in several units: totals are of no use */
	ITEM_UNKNOWN_QUANTITY = 16, /* some addition named no quantity, or totals overflowed */
	ITEM_WHOLE = 32,            /* some DELETE named it without a quantity */
	ITEM_HAS_UNITS = 64,        /* a unit of this lot was commissioned by an event in force */
	ITEM_INSPECTED = 128,       /* the record that commissioned it carries suyuan:inspection */
	ITEM_HELD = 256             /* a hold of it stands, see index_holds */
};

/* What an inspection says in one of a few words; 0 is NULL, for a record that doesn't say. */
extern const char *const item_results[];    /* pass, fail */
extern const char *const item_inspectors[]; /* firm, laboratory, supervision */

struct item {
	uint64_t id;
	enum sy_code_kind kind;
	unsigned flags;
	struct sy_str code;   /* canonical; borrowed from the snapshot */
	uint64_t first, last; /* first and newest record that names it or a unit of it */
	uint64_t created;     /* the record that commissioned it, or UINT64_MAX */
	uint64_t lot;         /* item id of the lot a unit belongs to, or UINT64_MAX */
	uint64_t n_history;
	int32_t made, expires, best_before, harvested; /* days or SY_NO_DAY */
	struct sy_decimal added, removed;
	char unit[8];
	uint8_t ilmd[8]; /* digest of the commissioning's ilmd, names sorted */
	/* Of its inspection, what a verdict can say without opening a record.  Numbers and names
	 * are text that may be erased: they are in truth alone. */
	uint8_t result, inspector; /* in the tables above */
	int32_t inspected;         /* day or SY_NO_DAY */
};

int index_item_id(struct index_read *r, struct sy_str canonical, uint64_t *id);
/* Items in order of id are read near the speed of an array. */
int index_item(struct index_read *r, uint64_t id, struct item *out);
int index_item_name(struct index_read *r, uint64_t id, struct sy_str *code); /* that alone */
int index_item_of(struct index_read *r, struct sy_str canonical, struct item *out);

/* The canonical code of an item, in the arena. */
int index_item_code(struct index_read *r, uint64_t id, struct sy_arena *arena, struct sy_str *code);
/* Lots and units under a product's canonical code, in order of code (a drug's packages, which have
 * a stem of their own, after its lots), after AFTER ("" for the first); SY_ENOTFOUND at the end.
 * CODE is borrowed from the snapshot. */
int index_item_next(struct index_read *r, struct sy_str product, struct sy_str after,
		    struct sy_str *code, struct item *out);

/*
 * What an event does to an item, or what became of the item by it (DOMAIN "What an event does to
 * an item"; business steps of CBV 2.0 section 7.1).
 */
enum item_step {
	STEP_OBSERVE, /* seen; whatever else has no effect on quantity or holder */
	STEP_CREATE,  /* commissioned: ADD */
	STEP_DESTROY, /* decommissioned, destroyed: DELETE */
	STEP_SHIP,    /* PARTY sent it to OTHER */
	STEP_UNSHIP,  /* and took it back: void_shipping */
	STEP_RECEIVE, /* PARTY got it from OTHER */
	STEP_SELL,    /* to somebody who keeps no records */
	STEP_INSTALL, /* built in */
	STEP_CONSUME, /* went into a transformation */
	STEP_PRODUCE, /* came out of one */
	STEP_PACK,    /* into the container OTHER; of the container itself: something was */
	STEP_UNPACK,
	STEP_HOLD,
	STEP_RELEASE,
	STEP_INSPECT,
	STEP_EMPTY, /* of a container: all that was in it was taken out */
	STEP_COUNT
};
const char *item_step_name(enum item_step step);

/* A quality result, by whom it was found; even for pass.  Supervision is what a regulator, an
 * operator or a laboratory that is nothing else says so of; another's is its own. */
enum item_result {
	RESULT_NONE = 0,
	RESULT_FIRM_FAIL = 1,
	RESULT_FIRM_PASS = 2,
	RESULT_LABORATORY_FAIL = 3,
	RESULT_LABORATORY_PASS = 4,
	RESULT_SUPERVISION_FAIL = 5,
	RESULT_SUPERVISION_PASS = 6
};

enum { FACT_MEMBER = 5 }; /* the role of a lot when a unit of it is named */

struct item_fact {
	enum item_step step;
	unsigned role;                /* enum sy_item_role or FACT_MEMBER */
	int64_t time;                 /* of the event, ms */
	uint64_t party, other, place; /* actors, or NO_ID; of PACK and UNPACK OTHER is an item */
	uint64_t group; /* of CONSUME and PRODUCE, see index_fact_node; NO_ID: the record's own */
	bool has_quantity, authority; /* by a regulator or operator: of HOLD and RELEASE */
	enum item_result result;
	struct sy_decimal quantity;
	char unit[4];
};

/* One record of an item's history.  A record may name an item in several roles. */
struct item_event {
	uint64_t record;
	unsigned roles;         /* bit 1 << enum sy_item_role each; 0: it names only units of it */
	enum sy_item_role role; /* the first of them */
	enum sy_event_action action;
	bool error;     /* an errorDeclaration */
	bool withdrawn; /* and one was made of it */
	unsigned n_facts;
	struct item_fact facts[8];
};
/* In order of record, from FROM on; SY_ENOTFOUND at the end.  Items in order of id are read near
 * the speed of an array. */
int index_history_next(struct index_read *r, uint64_t item, uint64_t from, struct item_event *out);

/*
 * Holds, in order of the events' time.  A party's hold stands until that party or an authority, a
 * regulator or operator, releases it; an authority's until an authority does.
 */
struct hold {
	uint64_t record, party;
	int64_t time;
	bool authority;
};
/* The holds that stand, oldest first, in the arena. */
int index_holds(struct index_read *r, uint64_t item, struct sy_arena *arena, struct hold **out,
		size_t *n);

/* What supervision found of an item by an event in force; the item is the lot, or what the event
 * names: a unit whose lot is known counts for that. */
struct finding {
	int64_t time;
	uint64_t record, item;
	bool pass;
};
/* The first one after F's time, record and item; SY_ENOTFOUND at the end. */
int index_findings_next(struct index_read *r, struct finding *f);

/* What was found of an item, or of a unit of it, by whom, after its registration: of a record that
 * commissions it a failure alone, since the item's row has what its registration says. */
struct inspected {
	uint64_t record, party;
	int64_t time; /* of the event, ms */
	enum item_result result;
};
/* The newest records, MAX of what failed, then MAX of what passed, in V, which has room for both;
 * *CUT: there are more. */
int index_inspected(struct index_read *r, uint64_t item, size_t max, struct inspected *v, size_t *n,
		    bool *cut);

/* --- parties and places, and the graph ------------------------------------------------------- */

/* Parties and places that events name; ids are of one space with those of items. */
int index_actor_id(struct index_read *r, struct sy_str canonical, uint64_t *id);
/*
 * The ids under which events name a place, in order: its own, and of a GLN under /414/ those of its
 * parts as well, which have codes of their own (its own, and 254 or another qualifier).  A part, a
 * party and any URI that isn't GS1's stand for themselves alone.
 */
struct place_ids {
	uint64_t *v;
	size_t n, cap;
};
/* In the arena; none when no event names it. */
int index_place_ids(struct index_read *r, struct sy_str canonical, struct sy_arena *arena,
		    struct place_ids *out);
bool place_ids_has(const struct place_ids *ids, uint64_t id);
/* Does a place stand for what has that name? */
bool place_covers(struct sy_str place, struct sy_str name);
/* NAME is borrowed from the snapshot. */
int index_actor_name(struct index_read *r, uint64_t id, struct sy_str *name);
/* Items that records from RECORD on name at ACTOR, in order of record and item; a unit of a known
 * lot is named by that.  Start with ITEM 0, go on with the item after; SY_ENOTFOUND at the end. */
int index_visits_next(struct index_read *r, uint64_t actor, uint64_t *record, uint64_t *item);

/* A transformation among ids of items: the first record of it. */
#define NODE_BIT ((uint64_t)1 << 47)

/* Is NODE the transformation in which that fact of RECORD, CONSUME or PRODUCE, names its item? */
int index_fact_node(struct index_read *r, uint64_t record, const struct item_fact *f, uint64_t node,
		    bool *yes);

enum index_direction { INDEX_FORWARD, INDEX_BACK };
/*
 * Ids reached from ID in one step, big-endian and ascending, as many as lie side by side: FIRST,
 * or those after.  SY_ENOTFOUND for none (more).  Borrowed from the snapshot.
 */
int index_edges(struct index_read *r, enum index_direction d, uint64_t id, bool first,
		struct sy_str *ids);
/* All edges of that direction: EACH gets an id and ids that it leads to, ascending in both,
 * likewise big-endian; what doesn't lie side by side in several calls.  Ends with the first error
 * of EACH. */
int index_edges_sweep(struct index_read *r, enum index_direction d,
		      int (*each)(void *ctx, struct sy_str id, struct sy_str ids), void *ctx);
uint64_t index_edges_count(struct index_read *r, enum index_direction d);

/* A thing put into or taken out of a container, in order of time and record. */
struct content {
	int64_t time;
	uint64_t record, child; /* NO_ID: all that was in it */
	bool added;
};
/* Start with a zeroed CONTENT; SY_ENOTFOUND at the end. */
int index_contents_next(struct index_read *r, uint64_t container, struct content *c);

/* What conflicting ilmd means: digest over its members, sorted by name, both as written; zeros
 * when it has none. */
void index_ilmd_digest(const struct sy_json_doc *doc, const struct sy_json *ilmd, uint8_t out[8]);

struct index_stats {
	uint64_t position, records, items, commits, commit_ns;
	uint64_t hashed;  /* records whose event hashes are there */
	uint64_t rebuilt; /* 1: index_open dropped an index that didn't fit */
	bool waits;       /* for room on the disk */
};
void index_stats(struct index *ix, struct index_stats *out);

/*
 * fsck: builds a second index from truth in DIR/index.check, up to where the first stands, and
 * compares every row; items by code, since numbers may differ.  REPORT gets a line a difference
 * with table and key.  SY_OK, or SY_ECORRUPT; the daemon must not run.
 *
 * After a kill within an erasure the record's salt is gone and its rows are there still, until the
 * next start takes them out.  That is no damage as long as the Erasure stands in the log behind
 * what the index has: NOTE (may be NULL) gets a line, and compared is a copy of the index that was
 * brought to the log's end, as a start would.
 */
int index_fsck(const char *dir, struct ledger *l, void (*report)(void *ctx, const char *line),
	       void (*note)(void *ctx, const char *line), void *ctx);

#endif
