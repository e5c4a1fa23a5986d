/*
 * Which items recalls cover; private to the room.
 *
 * A recall is in force when it is open or closed and no exercise.  Marked are the items that its
 * scope names, and all that is reached forward of them: units of a lot, outputs of transformations,
 * and what lay in a container that the scope names or that lay in such a one.  Nodes of the graph
 * are marked like items, so that a new event asks its neighbours alone.
 *
 * What was named by its code or its product is followed into all that was ever made of it.  What is
 * marked because it was at a place, into what was made of it since the time that the case names
 * began: what had been made before had left by then.
 *
 * Records don't mark: they leave work in `todo`, which is done before the position moves past their
 * entry (closure.c), in slices over as many commits as it takes.  So what a reader sees at a
 * position is whole, and a recall of a million items delays the index but nobody who reads it.
 *
 * What may take a mark away raises a doubt: the item and all that is reached from it are taken for
 * marks of an older generation, which still stand; each that something else speaks for is renewed,
 * and what is left is taken away at the end.  Where that can't be told of an item alone the case
 * begins again as a whole.  A mark that should go stays a little longer; none that should stay is
 * ever missing.
 */
#ifndef INDEX_RECALLS_H
#define INDEX_RECALLS_H

#include "rows.h"

struct apply;
struct content;
struct view;

struct recall_case {
	uint64_t number;
	uint32_t gen;         /* of marks that count; others are left over from before */
	uint64_t items;       /* marked as a whole */
	bool active, changed; /* CHANGED: its row isn't written yet */
	struct sy_str id;
	const struct sy_str *codes; /* canonical, of the items that the scope names */
	size_t n_codes;
	struct sy_str product; /* empty for none; made between these days */
	int32_t made_from, made_to;
	struct sy_str place;    /* empty for none; between these times */
	struct place_ids where; /* of the place, as far as events have named it */
	int64_t from, to;
};

struct recall_code {
	struct sy_str code;
	unsigned i; /* of which case */
};

/* The cases there are, read when they are first needed. */
struct recalls {
	bool loaded;
	struct sy_arena arena;
	struct recall_case *v;
	size_t n;
	struct recall_code *codes; /* of all of them, sorted */
	size_t n_codes;
	bool products, places; /* some scope names one */
};

/* How far an item that is marked as a whole is followed. */
enum reach {
	REACH_NONE,  /* it isn't */
	REACH_SINCE, /* into what was made of it since the case's time began */
	REACH_ALL
};

/* A row of `marks`: of a whole item, and of a lot how many of its units are marked. */
struct mark {
	uint32_t gen;
	enum reach reach;
	uint64_t units;
};
int mark_decode(struct sy_str row, struct mark *out);
int mark_get(struct kv_tx *tx, uint64_t id, uint64_t number, struct mark *out);
int mark_put(struct kv_tx *tx, uint64_t id, uint64_t number, const struct mark *m);
/* The first case from NUMBER on that marks the item. */
int mark_seek(struct kv_tx *tx, uint64_t id, uint64_t *number, struct mark *out);
/* One more marked unit of a lot, or one less. */
int mark_units(struct kv_tx *tx, uint64_t lot, uint64_t number, bool more);

/* A row of `cases`. */
struct case_row {
	uint32_t gen;
	uint64_t items;
	struct sy_str id;
};
int case_get(struct kv_tx *tx, uint64_t number, struct case_row *out);
int case_put(struct kv_tx *tx, uint64_t number, const struct case_row *row);

/* Rows of `todo`, done in this order.  Records leave those alone that look for themselves, when
 * they are done, whether what they say is still so. */
enum todo {
	TODO_DIRTY,  /* case: begin again */
	TODO_MOVED,  /* case, container: events of this entry name it, in the case's time */
	TODO_DOUBT,  /* case, id -> edge, then line: it may have to go, and what is reached from it
		      */
	TODO_SEED,   /* case -> place in the scope: mark what it names */
	TODO_PLACED, /* case, id: mark it when it was at the place */
	TODO_TRY,    /* case, id: mark it when anything says so */
	TODO_LINK,   /* case, id, id: from one that is marked to the other */
	TODO_OPEN,   /* case, container, from, to, reach -> line: mark what lay in it */
	TODO_SPREAD, /* case -> how far: mark all that grows, and what is reached from it, at once
		      */
	TODO_GROW,   /* case, id, reach -> edge: mark it and what is reached from it */
	TODO_CLEAR,  /* case, id: take its mark away when nothing renewed it */
	TODO_SWEEP,  /* case -> id: take away the marks of older generations */
	TODO_OPENED  /* as TODO_OPEN: that is done */
};
enum { TODO_LINE = 24 }; /* a line of a container's contents, in a row's value */
struct key todo_key(enum todo what, uint64_t number);
struct key todo_key_id(enum todo what, uint64_t number, uint64_t id);
struct key todo_key_link(uint64_t number, uint64_t from, uint64_t to);
struct key todo_key_grow(uint64_t number, uint64_t id, enum reach reach);
struct key todo_key_open(enum todo what, uint64_t number, uint64_t id, int64_t from, int64_t to,
			 enum reach reach);
int todo_put(struct apply *a, const struct key *k, uint64_t from);

/* recalls.c; what changes: recalls_change.c */
int recalls_load(struct apply *a);
void recalls_forget(struct apply *a);
struct recall_case *recalls_find(struct apply *a, uint64_t number); /* NULL: there is none */
/* Does the product and date part of its scope name the item? */
bool recall_names_made(const struct recall_case *c, const struct item *it);
/* Does the scope name it, by its code or so? */
bool recall_names(const struct apply *a, const struct recall_case *c, const struct item *it);

/* Does it mark anything: is it open or closed, and no exercise? */
bool recall_counts(const struct index_recall *now);
/* NOW is a version of a Recall that was put into the register. */
int recalls_version(struct apply *a, const struct index_recall *now);
/* An edge came or went. */
int recalls_edge(struct apply *a, uint64_t from, uint64_t to, bool on);
int recalls_lot(struct apply *a, uint64_t unit, uint64_t before, uint64_t after);
/* What lay in the container is told otherwise: LINE came or went.  In recalls_content.c. */
int recalls_content(struct apply *a, uint64_t container, const struct content *line, bool on);
/* Events will name a party or a place under this id. */
int recalls_actor(struct apply *a, struct sy_str name, uint64_t id);
/* Are there cases at all?  Then they are loaded. */
bool recalls_any(struct apply *a, int *err);
/* Is the item marked as a whole, as far as all before this entry said? */
int recalls_is_marked(struct apply *a, uint64_t number, uint64_t id, bool *marked);
int recalls_dirty(struct apply *a, uint64_t number);              /* the case begins again */
int recalls_doubt(struct apply *a, uint64_t number, uint64_t id); /* unless it isn't marked */
/* Of a container what ever lay in it alone, marked or not. */
int recalls_doubt_contents(struct apply *a, uint64_t number, uint64_t container);
/* More may say that it is marked, and nothing less. */
int recalls_try(struct apply *a, uint64_t number, uint64_t id);
/* A row of an item was folded: from BEFORE, NULL for a new one. */
int recalls_fold(struct apply *a, const struct item *before, const struct item *after);
/* An event in force names the item. */
int recalls_visit(struct apply *a, const struct view *v, uint64_t id);
/* An event that names it won't count any more, or again: H is what it was to the item. */
int recalls_stand(struct apply *a, uint64_t id, const struct history *h);

/* closure.c: does what is to do until the work done, ever, has come to UNTIL.  *DONE: all of it. */
int recalls_settle(struct apply *a, uint64_t until, bool *done);

#endif
