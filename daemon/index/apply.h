/*
 * Applying records to the tables; private to the room.
 *
 * A `struct apply` is the state of whoever writes the index: its transaction, the snapshot of
 * truth it reads from, the counters that the state row will hold, and the record at hand.  Every
 * function returns an error only for what stops the follower (memory, disk, damage); whatever a
 * record says wrongly is skipped, since admission has judged it and every node must come to the
 * same tables.
 */
#ifndef INDEX_APPLY_H
#define INDEX_APPLY_H

#include "recalls.h"
#include "rows.h"
#include "spread.h"

struct ids {
	uint64_t *v;
	size_t n, cap;
};
int ids_add(struct ids *s, uint64_t v);
void ids_sort(struct ids *s); /* ascending, each once */
void ids_free(struct ids *s);

/* What an event says once for all its items: who, where, and what it does to them. */
struct occasion {
	bool read; /* it names items and is no errorDeclaration: the rest is there */
	uint64_t author, party, other, place;
	uint64_t actors[8]; /* each once */
	unsigned n_actors;
	enum item_step subject, child;
	enum item_result result;
	bool authority;
	uint64_t node;    /* of a transformation */
	uint64_t group;   /* that it shares, as facts have it; or NO_ID */
	uint64_t parent;  /* item id of the container, once it is named */
	uint64_t visited; /* the item that the actors were last seen with */
};

/* An event as it stands at record NUMBER: the record itself or the `remains` of its Erasure. */
struct view {
	uint64_t number;
	struct sy_arena *arena;
	struct sy_json_doc doc;
	struct sy_event ev;
	uint8_t ilmd[8];
	struct sy_str lot_product, lot; /* the last lot code that was made of it, by product */
	struct occasion oc;
};

struct apply {
	struct kv_tx *tx;
	struct ledger_read *truth;
	struct state st;
	uint64_t work; /* records and mentions of items, ever; what steps and commits go by */
	/* the record at hand */
	uint64_t number, entry, time;
	struct sy_str payload;
	struct sy_json_doc doc;
	struct sy_arena arena;
	/* its author */
	uint8_t author[SY_KEY_SIZE];
	bool author_known; /* false: `party` must be looked up */
	struct sy_buf party;
	uint64_t actor; /* its id among the actors, NO_ID: not looked up */
	/* records read again, and items folded again */
	struct sy_arena again, folded;
	struct recalls recalls;
	struct spread *spread; /* what a large recall will mark, or NULL */
	unsigned few;          /* edges that are followed one by one before it is a large one */
	size_t level;          /* ids that one step of such a walk may come to */
	uint64_t slowly;       /* the position and 1 at which there wasn't memory enough for that */
	struct hashes *hashes; /* under way, or NULL */
	struct ids erase, gone; /* salts to destroy before the commit; GONE: that is done already */
};
void apply_free(struct apply *a);

/* effects.c */
/* From where the state stands in it to its record UPTO, or its end; less when the work that was
 * done, ever, has come to UNTIL. */
int apply_entry(struct apply *a, uint64_t index, uint64_t upto, uint64_t until);
/* Can a record of that type not be erased? */
bool type_kept(const struct sy_json_doc *doc);
/* The register row that a record of that type writes, and its owner as the record names it;
 * SY_ENOTFOUND for other types. */
int type_row(struct apply *a, const struct sy_json_doc *doc, enum register_kind *kind,
	     struct sy_str *id, struct sy_str *owner);

/* register.c */
enum { PREFIX_MAX = 32 }; /* digits of a company prefix */
int party_apply(struct apply *a, struct register_row *row, const struct sy_json *party);
/* The row of REG_REACH that goes with a Place's or Contact's, if there is one. */
int reach_put(struct kv_tx *tx, const struct register_row *row);
unsigned roles_read(const struct sy_json_doc *doc, const struct sy_json *party,
		    struct sy_arena *arena);

/* recall.c: rows as row_begin made them, by the recall's id. */
int recall_apply(struct apply *a, struct register_row *row);
int notice_apply(struct apply *a, struct register_row *row);
int answer_apply(struct apply *a, struct register_row *row);
int report_apply(struct apply *a, struct register_row *row);

/* fold.c */
bool event_creates(const struct sy_event *ev, const struct sy_event_item *occ);
/* RECORD, which is newer than all that the row has seen, names the item or a unit of it. */
void item_fold_name(struct item *it, uint64_t record);
/* What one mention of the item in an event in force does to it; LOT is the id of a unit's lot. */
void item_fold(struct item *it, const struct view *v, const struct sy_event_item *occ,
	       uint64_t lot);
/* What naming a unit in an event in force does to its lot. */
void item_fold_unit(struct item *lot, const struct view *v, const struct sy_event_item *unit);
/* Makes the rows of these items from their history; drops those without one. */
int items_refold(struct apply *a, struct ids *ids);

/* items.c */
int code_id(struct kv_tx *tx, struct sy_str code, uint64_t *id);
/* Does an item's code stand under a product's?  None does under an empty one. */
bool code_under(struct sy_str product, struct sy_str code);
/* The id of the next item under a product whose code comes after AFTER; SY_ENOTFOUND. */
int code_next_under(struct kv_tx *tx, struct sy_str product, struct sy_str after, uint64_t *id);
/* The lot that a mentioned unit belongs to, as its code or the ilmd says; empty for none. */
int event_lot(struct view *v, const struct sy_event_item *occ, struct sy_str *lot);
int view_read(struct view *v, struct sy_arena *arena, const struct sy_json_doc *doc,
	      uint64_t number);
/* The event in force at RECORD, in a->again; SY_ENOTFOUND: none, or it can't be read any more. */
int view_of(struct apply *a, uint64_t record, struct view *v);
/* Names the event's items and their lots: makes them, writes history; FOLD: and their rows, for a
 * record newer than all; else the caller folds the ids again.  *FIRST is the first item. */
int event_name(struct apply *a, struct view *v, bool fold, struct ids *ids, uint64_t *first);
/* Ids of the event's items and of their lots. */
int event_ids(struct apply *a, struct view *v, struct ids *ids);

/* occasion.c: PARTY is the author's. */
int occasion_read(struct apply *a, struct view *v, struct sy_str party);
/* What an event does to an item it names; MEMBER: to the lot of that unit. */
struct item_fact occasion_fact(const struct view *v, const struct sy_event_item *occ, bool member);

/* marks.c */
/* Sets or takes away what a row of history puts into tables of its own: holds and results. */
int marks_set(struct apply *a, uint64_t id, uint64_t record, const struct history *h, bool on);
/* Does that row decide whether the item is held? */
bool marks_hold(const struct history *h);
/* ITEM_HELD as the holds say. */
int marks_fold(struct apply *a, struct item *it);

/* hashes.c */
/* Are there records enough for a row?  Its hashes are gathered from truth in slices, without a
 * transaction, until they are WHOLE, and then put. */
bool hashes_due(const struct state *st);
int hashes_gather(struct apply *a, bool *whole);
int hashes_put(struct apply *a);
void hashes_free(struct apply *a);
int hashes_forget(struct apply *a, uint64_t record); /* that is erased */

/* places.c: as index_place_ids. */
int place_ids_read(struct kv_tx *tx, struct sy_str place, struct sy_arena *arena,
		   struct place_ids *out);
int place_ids_add(struct sy_arena *arena, struct place_ids *ids, uint64_t id); /* the largest */

/* graph.c */
/* Big-endian numbers sort by value; a time before 1970 comes before the others. */
static inline uint64_t sortable(int64_t time)
{
	return (uint64_t)time ^ (uint64_t)1 << 63;
}
/* A row that is there, or isn't. */
int set_row(struct apply *a, enum table t, const struct key *k, struct sy_str value, bool on);
int actor_id(struct apply *a, struct sy_str name, uint64_t *id);
/* Finds node and group of a transformation; its record joins the group when it shares one. */
int node_join(struct apply *a, struct view *v, struct sy_str party);
/* An event joined its group out of order: puts that together again.  Invalidates a->again. */
int group_mend(struct apply *a, const struct view *v, struct sy_str party);
/* As index_fact_node. */
int fact_node(struct kv_tx *tx, uint64_t record, const struct item_fact *f, uint64_t node,
	      bool *yes);
/* The first line of a container's contents after C, as index_contents_next. */
int contents_next(struct kv_tx *tx, uint64_t container, struct content *c);
/* Adds what an event says of one item: edges, contents, visits. */
int link_item(struct apply *a, struct view *v, const struct sy_event_item *occ, uint64_t id,
	      uint64_t lot);
/* A unit's lot was found or has changed; NO_ID for none. */
int link_lot(struct apply *a, uint64_t unit, uint64_t before, uint64_t after);
/* RECORD is withdrawn, or in force again: in its items' histories, edges and contents. */
int event_stand(struct apply *a, uint64_t record, bool withdrawn);
/* Takes out all that the record put into the graph, whose rows in `history` are still there;
 * V is NULL when its text can't be read any more. */
int graph_erase(struct apply *a, uint64_t record, struct view *v, const struct ids *items);

/* withdraw.c */
/* The party that wrote a record, in a->again. */
int record_party(struct apply *a, uint64_t record, struct sy_str *party);
void event_identity(struct sy_str party, struct sy_str event_id, uint8_t out[8]);
int event_apply(struct apply *a, struct view *v);
int erasure_apply(struct apply *a);

#endif
