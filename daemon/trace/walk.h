/*
 * A walk under way; private to the room.
 *
 * Functions return SY_OK, an error, or SY_EHALT once the walk was cut, which trace_walk turns into
 * an answer.  What belongs to one walk is freed with it.
 */
#ifndef TRACE_WALK_H
#define TRACE_WALK_H

#include "trace.h"

/* Bytes that a walk may still take. */
struct memory {
	size_t left;
	/* Or NULL: given back when there is no room beside them. */
	struct packed *packed;
	struct trace_names *names;
};
/* Room for NEED elements of SIZE in *P, which has *CAP; what is new isn't cleared.  SY_ETOOBIG past
 * the bytes left, SY_ENOMEM. */
int memory_room(struct memory *m, void *p, size_t *cap, size_t need, size_t size);
/* The same; what was there isn't kept. */
int memory_spare(struct memory *m, void *p, size_t *cap, size_t need, size_t size);
/* What N bytes hold isn't needed any more: their pages go, until they are written again. */
void memory_idle(void *p, size_t n);

/* A set of ids, which are dense: a bit each, in pages that are made where there are any. */
struct bits {
	uint32_t *pages; /* by id / 512: which of the rows, counted from 1 */
	size_t n_pages;
	uint64_t (*rows)[8];
	size_t n_rows, cap_rows;
};
enum { BITS_PAGE = 512 };
int bits_room(struct memory *m, struct bits *b, uint64_t id); /* for ids up to that */
int bits_add_page(struct memory *m, struct bits *b, uint64_t id);
int bits_add_all(struct memory *m, struct bits *b, const struct bits *of);
void bits_free(struct bits *b);
/* The word that has ID's bit; NULL for none yet. */
static inline uint64_t *bits_word(const struct bits *b, uint64_t id)
{
	size_t page = (size_t)(id / BITS_PAGE);

	if (page >= b->n_pages || b->pages[page] == 0)
		return NULL;
	return &b->rows[b->pages[page] - 1][id % BITS_PAGE / 64];
}
static inline bool bits_has(const struct bits *b, uint64_t id)
{
	const uint64_t *word = bits_word(b, id);

	return word && *word >> id % 64 & 1;
}
static inline int bits_add(struct memory *m, struct bits *b, uint64_t id, bool *fresh)
{
	uint64_t *word = bits_word(b, id), bit = (uint64_t)1 << id % 64;
	int err = word ? SY_OK : bits_add_page(m, b, id);

	*fresh = false;
	if (err)
		return err;
	word = word ? word : bits_word(b, id);
	*fresh = !(*word & bit);
	*word |= bit;
	return SY_OK;
}

/* All edges of a direction, in memory.  Ids are dense: a bit each that leads somewhere, and how
 * many others do before each word of bits. */
struct packed {
	struct ranks {
		struct rank {
			uint64_t bits;
			uint32_t before;
		} * v;
		size_t cap;
	} ranks[2];      /* of items, of nodes */
	uint32_t *begin; /* of each of those ids, in TO; and the end */
	size_t n, cap;
	uint32_t *to; /* ids; PACKED_NODE marks a node's */
	size_t n_to, cap_to;
};
#define PACKED_NODE ((uint32_t)1 << 31)

/* A transformation that was reached, and from which item. */
struct via {
	uint64_t node;
	uint32_t from;
};

struct openings {
	struct trace_opening *v;
	size_t n, cap, done; /* those before DONE were opened */
};

/* One line of a container's contents. */
struct line {
	uint64_t child;
	int64_t time;
	uint64_t record;
	bool added;
};

/* The parties and places that were met, each once. */
struct actors {
	struct trace_actor *v;
	size_t n, cap;
	uint32_t *slots; /* by a hash: which of them, counted from 1 */
	size_t n_slots;
	uint32_t last[2]; /* a party and a place that were met, likewise; 0 for none yet */
};
int actors_meet(struct memory *m, struct actors *a, const struct trace_actor *met);
int actors_meet_all(struct memory *m, struct actors *a, const struct actors *met);
void actors_sort(struct actors *a); /* by FROM; nothing is met afterwards */
void actors_free(struct actors *a);

struct walk {
	struct index_read *r;
	const struct trace_ask *ask;
	struct memory memory;
	bool windowed;
	uint64_t due;          /* ms, monotonic */
	unsigned steps, every; /* at which of them it looks up */
	enum trace_cut cut;
	uint64_t *left; /* what lay out of the time asked for, so far: items and nodes */
	size_t n_left, cap_left;
	bool outside; /* and something of that wasn't reached in another way */

	struct trace_item *items, *spare; /* as much room in either */
	size_t n, cap, cap_spare;
	size_t n_walked;  /* of those, when all were said; containers that are told come behind */
	uint32_t level;   /* distance of the items being added */
	uint32_t *levels; /* where each begins */
	size_t n_levels, cap_levels;
	struct bits seen, nodes;
	uint64_t n_read;  /* edges, of the index */
	bool packed_once; /* and given back, or there was no room */
	struct packed packed;
	uint64_t packed_last; /* id */
	struct via *vias, *vias_spare;
	size_t n_vias, cap_vias, cap_vias_spare;

	struct openings openings;
	struct bits opened;
	struct line *lines, *lines_spare;
	size_t n_lines, cap_lines, cap_lines_spare;
	struct line *cleared; /* when all was taken out of the container at hand */
	size_t n_cleared, cap_cleared;
	uint64_t cleared_of; /* that container; NO_ID: one that was read in part */

	uint64_t said_from, said_node, said; /* the last answer of record_said */
	struct bits again;                   /* items to look at once more, by their places */
	struct actors actors;
	struct trace_names names;
};

int walk_stop(struct walk *w, enum trace_cut cut); /* SY_EHALT */
bool walk_is_over(const struct walk *w);           /* its time, or somebody's patience */
/* After every step: time and patience, at which it looks now and then. */
int walk_look_up(struct walk *w);
static inline int walk_step(struct walk *w)
{
	return ++w->steps % w->every ? SY_OK : walk_look_up(w);
}
/* ERR of memory_room as a walk's own: no room left is a cut. */
int walk_room(struct walk *w, int err);
/* An item of the next level, unless it is there already; NODE is the transformation, or the record
 * that says so where it is known already. */
int walk_reach(struct walk *w, uint64_t id, uint32_t from, enum trace_edge edge, uint64_t node);
/* The same without asking. */
int walk_add(struct walk *w, uint64_t id, uint32_t from, enum trace_edge edge, uint64_t node);
/* An item or a node lay out of the time asked for. */
int walk_left_out(struct walk *w, uint64_t id);
/* Which of the items of the levels before has that id; TRACE_NONE. */
uint32_t walk_find(const struct walk *w, uint64_t id);
static inline bool walk_within(const struct walk *w, int64_t time)
{
	return time >= w->ask->from && time <= w->ask->to;
}

/* follow.c: what the items of one level lead to. */
int follow_level(struct walk *w, size_t begin, size_t end);

/* packed.c: takes the edges into memory, unless there is too little of it. */
int packed_read(struct walk *w);
void packed_free(struct memory *m, struct packed *p);
/* What ID leads to; FALSE: nothing. */
static inline bool packed_edges(const struct packed *p, uint64_t id, uint32_t *begin, uint32_t *end)
{
	const struct ranks *r = &p->ranks[(id & NODE_BIT) != 0];
	size_t word = (size_t)((id & ~NODE_BIT) / 64);
	uint64_t bit = (uint64_t)1 << id % 64;

	if (word >= r->cap || !(r->v[word].bits & bit))
		return false;
	const uint32_t *at =
	    p->begin + r->v[word].before + __builtin_popcountll(r->v[word].bits & (bit - 1));
	*begin = at[0];
	*end = at[1];
	return true;
}

/* contents.c: opens the containers in question that were reached so far. */
int contents_question(struct walk *w, uint64_t id, int64_t from, int64_t to);
int contents_open(struct walk *w);
int contents_cleared(struct walk *w, const struct content *c); /* adds a line to w->cleared */

/* names.c */
enum { STEMS = 256 };
struct stems { /* where some of those are that were met last */
	uint32_t at[STEMS], last;
};
/* Goes to the text PART, and where it is to *AT.  SY_OK as well when there is no room: then NAMES
 * are gone. */
int names_add(struct memory *m, struct trace_names *names, struct stems *s, unsigned part,
	      struct sy_str code, uint32_t *at);
void names_free(struct memory *m, struct trace_names *names);
/* Room for those of so many items; gone without. */
int names_room(struct memory *m, struct trace_names *names, size_t n);

/* sweep.c: says of the first N items what their own histories do, and who and where; those that
 * need more come to w->again. */
int sweep(struct walk *w, size_t n);

/* say.c */
static inline bool is_in_force(const struct item_event *e)
{
	return !e->error && !e->withdrawn;
}
static inline bool is_registration(const struct item_event *e)
{
	for (unsigned i = 0; i < e->n_facts; i++)
		if (e->facts[i].step == STEP_CREATE || e->facts[i].step == STEP_PRODUCE)
			return true;
	return false;
}
/* A record in force, in the time asked for, by which ITEM stands in NODE in that role; NO_ID. */
int record_said(struct walk *w, uint64_t item, enum sy_item_role role, uint64_t node,
		uint64_t *out);
/* The role in which an item stands where a walk comes to a node, and where it leaves it. */
enum sy_item_role role_into(const struct walk *w);
enum sy_item_role role_out_of(const struct walk *w);
/* Finds each item's records, and adds the containers that are only told. */
int say_all(struct walk *w);

#endif
