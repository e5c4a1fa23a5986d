#include "custody_impl.h"

#include <stdlib.h>

static const struct {
	const char *kind, *name;
} faults[CUSTODY_FAULTS] = {
    [CUSTODY_BEFORE_CREATION] = {"out-of-order", "before-creation"},
    [CUSTODY_AFTER_DESTRUCTION] = {"out-of-order", "after-destruction"},
    [CUSTODY_BEFORE_ARRIVAL] = {"out-of-order", "before-arrival"},
    [CUSTODY_MORE_THAN_THERE] = {"impossible", "more-than-there"},
    [CUSTODY_NEVER_SHIPPED] = {"impossible", "never-shipped"},
    [CUSTODY_NEVER_PACKED] = {"impossible", "never-packed"},
    [CUSTODY_MIXED_UNITS] = {"impossible", "mixed-units"},
};

const char *custody_fault_kind(enum custody_fault f)
{
	return f < CUSTODY_FAULTS ? faults[f].kind : "";
}

const char *custody_fault_name(enum custody_fault f)
{
	return f < CUSTODY_FAULTS ? faults[f].name : "";
}

/* --- nodes ----------------------------------------------------------------------------------- */

/* Behind its key lies the node; only where that is stands in the table. */
struct slot {
	struct node_key *key;
};

static size_t hash_of(const struct node_key *k)
{
	uint64_t h = (uint64_t)(uintptr_t)k->in * 31 + k->kind;

	h = (h ^ k->a) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ k->b) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h ^ h >> 29);
}

static bool same_key(const struct node_key *a, const struct node_key *b)
{
	return a->kind == b->kind && a->in == b->in && a->a == b->a && a->b == b->b;
}

/* Where the key is, or would be. */
static struct slot *slot_of(struct slot *slots, size_t n, const struct node_key *key)
{
	size_t at = hash_of(key) & (n - 1);

	while (slots[at].key && !same_key(slots[at].key, key))
		at = (at + 1) & (n - 1);
	return &slots[at];
}

static int grow(struct custodian *c)
{
	size_t n = c->n_slots ? c->n_slots * 2 : 32;
	struct slot *slots = sy_arena_calloc(c->arena, n, sizeof *slots);

	if (slots == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < c->n_slots; i++)
		if (c->slots[i].key)
			*slot_of(slots, n, c->slots[i].key) = c->slots[i];
	c->slots = slots;
	c->n_slots = n;
	return SY_OK;
}

void *node_find(const struct custodian *c, struct node_key key)
{
	struct slot *s = c->n_slots ? slot_of(c->slots, c->n_slots, &key) : NULL;

	return s && s->key ? s->key + 1 : NULL;
}

void *node_get(struct custodian *c, struct node_key key, size_t size, bool *fresh)
{
	void *node = node_find(c, key);
	struct node_key *made;

	*fresh = node == NULL;
	if (node)
		return node;
	if (c->n_nodes * 2 >= c->n_slots && grow(c))
		return NULL;
	if ((made = sy_arena_calloc(c->arena, 1, sizeof *made + size)) == NULL)
		return NULL;
	*made = key;
	slot_of(c->slots, c->n_slots, &key)->key = made;
	c->n_nodes++;
	return made + 1;
}

/* --- flags ----------------------------------------------------------------------------------- */

int custody_flag(struct custodian *c, enum custody_fault fault, uint64_t record)
{
	struct custody *out = c->out;

	for (size_t i = out->n_flags; i > 0; i--)
		if (out->flags[i - 1].record == record && out->flags[i - 1].fault == fault)
			return SY_OK;
	if (out->n_flags == CUSTODY_FLAGS) {
		out->more_flags++;
		return SY_OK;
	}
	if (!sy_arena_room(c->arena, &out->flags, &c->cap_flags, out->n_flags + 1,
			   sizeof *out->flags))
		return SY_ENOMEM;
	out->flags[out->n_flags++] = (struct custody_flag){fault, record};
	return SY_OK;
}

static int by_record(const void *a, const void *b)
{
	const struct custody_flag *x = a, *y = b;

	if (x->record != y->record)
		return x->record < y->record ? -1 : 1;
	return (int)x->fault - (int)y->fault;
}

/* --- a piece --------------------------------------------------------------------------------- */

static const struct sy_decimal one = {1, 0};

static int write_piece(struct custodian *c, const struct spot *spot)
{
	struct custody *out = c->out;
	struct custody_holder *h;

	if (spot->state == AT_NONE)
		return SY_OK;
	if ((h = sy_arena_calloc(c->arena, 1, sizeof *h)) == NULL)
		return SY_ENOMEM;
	struct sy_decimal *const at[] = {[AT_HAND] = &h->on_hand,
					 [AT_TRANSIT] = &h->in_transit,
					 [AT_CONSUMED] = &h->consumed,
					 [AT_SOLD] = &h->sold,
					 [AT_DESTROYED] = &h->destroyed};
	h->party = spot->party;
	h->place = spot->place;
	h->since = spot->since;
	*at[spot->state] = one;
	out->holders = h;
	out->n_holders = 1;
	if (spot->state != AT_TRANSIT)
		return SY_OK;
	if ((out->shipments = sy_arena_calloc(c->arena, 1, sizeof *out->shipments)) == NULL)
		return SY_ENOMEM;
	*out->shipments = (struct custody_shipment){
	    .from = spot->party, .to = spot->to, .quantity = one, .since = spot->since};
	out->n_shipments = 1;
	return SY_OK;
}

static int piece_fold(struct custodian *c, uint64_t item)
{
	struct track *t;
	bool fresh;
	struct spot spot;
	int err;

	t = node_get(c, (struct node_key){NODE_TRACK, NULL, item, 0}, sizeof *t, &fresh);
	if (t == NULL)
		return SY_ENOMEM;
	t->item = item;
	t->busy = true;
	err = track_make(c, t, &spot);
	return err ? err : write_piece(c, &spot);
}

/* --- the whole ------------------------------------------------------------------------------- */

int custody_fold(const struct custody_source *s, uint64_t item, enum sy_code_kind kind,
		 struct sy_arena *arena, struct custody *out)
{
	struct custodian c = {.source = s, .arena = arena, .out = out, .left = CUSTODY_FACTS};
	int err;

	*out = (struct custody){0};
	err = custody_is_piece(kind) ? piece_fold(&c, item) : lot_fold(&c, item);
	if (err == SY_OK && out->n_flags)
		qsort(out->flags, out->n_flags, sizeof *out->flags, by_record);
	return err;
}

static int next_of_index(void *ctx, uint64_t item, uint64_t from, struct item_event *out)
{
	return index_history_next(ctx, item, from, out);
}

/* Facts before a time alone. */
struct until {
	const struct custody_source *all;
	int64_t time;
};

static int next_until(void *ctx, uint64_t item, uint64_t from, struct item_event *out)
{
	const struct until *u = ctx;
	int err = u->all->next(u->all->ctx, item, from, out);
	unsigned n = 0;

	if (err)
		return err;
	for (unsigned i = 0; i < out->n_facts; i++)
		if (out->facts[i].time < u->time)
			out->facts[n++] = out->facts[i];
	out->n_facts = n;
	return SY_OK;
}

int custody_before(struct index_read *r, const struct item *it, int64_t time,
		   struct sy_arena *arena, struct custody *out)
{
	struct custody_source all = {next_of_index, r};
	struct until until = {&all, time};
	struct custody_source s = {next_until, &until};

	return custody_fold(&s, it->id, it->kind, arena, out);
}

/* Where the party named the item last; NO_ID for nowhere. */
static int named_last(const struct custody_source *s, uint64_t item, uint64_t party,
		      uint64_t *place)
{
	int64_t newest = INT64_MIN;
	struct item_event e;
	int err;

	*place = NO_ID;
	for (uint64_t from = 0; (err = s->next(s->ctx, item, from, &e)) == SY_OK;
	     from = e.record + 1)
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			const struct item_fact *f = &e.facts[i];
			if (f->role != FACT_MEMBER && f->party == party && f->place != NO_ID &&
			    f->time >= newest) {
				newest = f->time;
				*place = f->place;
			}
		}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int custody_was_at(const struct custody_source *all, uint64_t item, enum sy_code_kind kind,
		   const struct place_ids *where, int64_t time, struct sy_arena *arena, bool *yes)
{
	struct until until = {all, time};
	struct custody_source s = {next_until, &until};
	struct custody c;
	int err = custody_fold(&s, item, kind, arena, &c);

	*yes = false;
	for (size_t i = 0; i < c.n_holders && err == SY_OK && !*yes; i++) {
		const struct custody_holder *h = &c.holders[i];
		uint64_t place = h->place;
		if (h->units || (h->on_hand.coef <= 0 && !h->unknown))
			continue;
		bool with = place_ids_has(where, h->party);
		if (place == NO_ID && !with)
			err = named_last(&s, item, h->party, &place);
		*yes = with || place_ids_has(where, place);
	}
	*yes = *yes || (err == SY_OK && c.cut);
	return err;
}

int custody_of(struct index_read *r, const struct item *it, struct sy_arena *arena,
	       struct custody *out)
{
	struct custody_source s = {next_of_index, r};

	return custody_fold(&s, it->id, it->kind, arena, out);
}
