/*
 * The index's tables and the bytes of their rows; private to the room.
 *
 * Rows are explicit big-endian bytes, never structs laid on a page.  A decoder returns SY_ECORRUPT
 * for a row of the wrong size.
 */
#ifndef INDEX_ROWS_H
#define INDEX_ROWS_H

#include "index.h"

/* Raise it when a row's bytes or an effect change: indexes are rebuilt. */
#define INDEX_VERSION 23

enum table {
	T_META,
	T_CODES,
	T_ITEMS,
	T_HISTORY,
	T_EVENTS,
	T_WITHDRAWN,
	T_REGISTER,
	T_KEYS,
	T_PREFIXES,
	T_SUBMISSIONS,
	T_ERASED,
	T_ACTORS,
	T_NAMES,
	T_FORWARD,
	T_BACK,
	T_GROUPS,
	T_CONTENTS,
	T_VISITS,
	T_HOLDS,
	T_RESULTS,
	T_INSPECTED,
	T_MARKS,
	T_MARKED,
	T_CASES,
	T_TODO,
	T_HASHES,
	T_SCOPES,
	T_COUNT
};
extern const struct kv_table index_tables[T_COUNT];

/* In `erased`: the payload was gone when its record was reached, its Erasure comes later. */
#define GONE_UNEXPLAINED UINT64_MAX

/* A key of up to 511 bytes, made in place. */
struct key {
	uint8_t b[511];
	size_t n;
};
static inline struct sy_str key_str(const struct key *k)
{
	return (struct sy_str){(const char *)k->b, k->n};
}
struct key key_u64(uint64_t v);
struct key key_u64x2(uint64_t a, uint64_t b);
struct key key_id_hash(uint64_t id, const uint8_t hash[8]);
struct key key_code(struct sy_str canonical);
/* Of `scopes`; those of one name begin alike up to the number. */
struct key key_scope(enum index_named what, struct sy_str name, uint64_t number);
/* All versions of an id begin with this. */
struct key key_register(enum register_kind kind, struct sy_str id);
struct key key_register_version(enum register_kind kind, struct sy_str id, uint64_t record);
struct key key_u64x3(uint64_t a, uint64_t b, uint64_t c);
struct key key_submission(const uint8_t author[SY_KEY_SIZE], const sy_hash *records_root);

int put_u64(struct kv_tx *tx, enum table t, const struct key *k, uint64_t v);
int get_u64(struct kv_tx *tx, enum table t, const struct key *k, uint64_t *v);

/* Where the index stands; one row of `meta`.  A large entry is applied in several commits: until
 * the last of them it doesn't count, and WITHIN says how much of it is there. */
struct state {
	uint64_t position, records, time; /* entries, records in them, time of the last */
	uint64_t within;                  /* records that were applied of the entry at POSITION */
	uint64_t next_id, items;          /* the next item's id; items there are */
	uint64_t rules;                   /* record of the newest Rules */
	uint64_t hashed;                  /* records whose event hashes are in `hashes` */
	uint64_t cases, todo;             /* rows of those tables, as of the commit */
	sy_hash leaf;                     /* of the last entry, or of the one it is within */
};
int state_get(struct kv_tx *tx, struct state *out); /* SY_ENOTFOUND in a new index */
int state_put(struct kv_tx *tx, const struct state *s);

/*
 * `history`: what a record is to an item.  Roles are the low bits, 1 << enum sy_item_role.  Behind
 * them stand the facts: one for each way in which the event moves or changes the item.
 */
enum {
	HIST_ROLES = 0x1f,
	HIST_MEMBER = 0x20, /* names a unit of this lot */
	HIST_ERROR = 0x40,  /* an errorDeclaration */
	HIST_FIRST = 0x80   /* this is the record's first item, under which `events` has its id */
};
enum { FACTS_MAX = 8 }; /* past them quantities run together into one that is unknown */
struct history {
	uint8_t bits, action;
	bool withdrawn;
	uint8_t n;
	struct item_fact facts[FACTS_MAX];
};
/* Adds a fact; of the same step, parties, place and unit the quantities are added up. */
void history_add(struct history *h, const struct item_fact *f);
int history_decode(struct sy_str row, struct history *out);
/* The same for readers; the record is left to the caller. */
int history_event(struct sy_str row, struct item_event *out);
bool history_same(const struct history *a, const struct history *b);
int history_get(struct kv_tx *tx, uint64_t id, uint64_t record, struct history *out);
int history_put(struct kv_tx *tx, uint64_t id, uint64_t record, const struct history *h);
/* As index_history_next; CTX is a struct kv_tx, so that it can be a custody_source. */
int history_next(void *ctx, uint64_t id, uint64_t from, struct item_event *out);
/* The first row of an item from FROM on. */
int history_seek(struct kv_tx *tx, uint64_t id, uint64_t from, uint64_t *record,
		 struct history *out);

enum { RESULTS = 3, INSPECTORS = 4 }; /* entries of item_results and item_inspectors */
int item_get(struct kv_tx *tx, uint64_t id, struct item *out);
int item_decode(uint64_t id, struct sy_str row, struct item *out);
int item_code(struct sy_str row, struct sy_str *code);
int item_put(struct kv_tx *tx, const struct item *it);
void item_init(struct item *it, uint64_t id, enum sy_code_kind kind, struct sy_str code);

int row_get(struct kv_tx *tx, enum register_kind kind, struct sy_str id, struct register_row *out);
int row_put(struct kv_tx *tx, enum register_kind kind, const struct register_row *row);
int row_decode(struct sy_str value, struct register_row *out);
/* The version that stood before RECORD. */
int row_get_before(struct kv_tx *tx, enum register_kind kind, struct sy_str id, uint64_t record,
		   struct register_row *out);

/* The number of a recall's case, and its state as the row in force says; recall.c. */
int recall_get(struct kv_tx *tx, struct sy_str id, struct index_recall *out);

int key_row_get(struct kv_tx *tx, const uint8_t key[SY_KEY_SIZE], struct register_key *out);
int key_row_put(struct kv_tx *tx, const uint8_t key[SY_KEY_SIZE], const struct register_key *row);

#endif
