#include "apply.h"

#include <suyuan/hash.h>

/*
 * What is reached from what, what lay in which container when, and where each item was.
 *
 * All rows are facts of single records, so that their order doesn't matter: a late arrival adds
 * its rows, a withdrawal takes them out.  Only a transformation that several events share is put
 * together again from the events that are left.
 */

/* --- parties and places ---------------------------------------------------------------------- */

int actor_id(struct apply *a, struct sy_str name, uint64_t *id)
{
	struct key k = key_code(name), by_id;
	int err = get_u64(a->tx, T_ACTORS, &k, id);

	if (err != SY_ENOTFOUND)
		return err;
	*id = a->st.next_id++;
	by_id = key_u64(*id);
	if ((err = put_u64(a->tx, T_ACTORS, &k, *id)) || (err = recalls_actor(a, name, *id)))
		return err;
	return kv_put(a->tx, T_NAMES, key_str(&by_id), name, 0);
}

/* An actor that no visit speaks of is as if it had never been. */
static int actor_drop(struct apply *a, uint64_t id)
{
	struct key k = key_u64(id), by_name;
	struct sy_str value;
	int err = kv_get(a->tx, T_VISITS, key_str(&k), &value);

	if (err != SY_ENOTFOUND || (err = kv_get(a->tx, T_NAMES, key_str(&k), &value)) != SY_OK)
		return err == SY_ENOTFOUND ? SY_OK : err;
	by_name = key_code(value);
	if (a->actor == id)
		a->actor = NO_ID;
	if ((err = kv_del(a->tx, T_NAMES, key_str(&k))))
		return err;
	return kv_del(a->tx, T_ACTORS, key_str(&by_name));
}

/* --- rows that are there or aren't ----------------------------------------------------------- */

int set_row(struct apply *a, enum table t, const struct key *k, struct sy_str value, bool on)
{
	int err;

	if (on)
		return kv_put(a->tx, t, key_str(k), value, 0);
	err = kv_del(a->tx, t, key_str(k));
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* One of the values of a key that may have several. */
static int set_value(struct apply *a, enum table t, const struct key *k, const struct key *value,
		     bool on)
{
	int err = on ? kv_put(a->tx, t, key_str(k), key_str(value), 0)
		     : kv_del_value(a->tx, t, key_str(k), key_str(value));

	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int set_edge(struct apply *a, uint64_t from, uint64_t to, bool on)
{
	struct key f = key_u64(from), t = key_u64(to);
	int err = set_value(a, T_FORWARD, &f, &t, on);

	if (err == SY_OK)
		err = set_value(a, T_BACK, &t, &f, on);
	return err ? err : recalls_edge(a, from, to, on);
}

int link_lot(struct apply *a, uint64_t unit, uint64_t before, uint64_t after)
{
	struct key id = key_u64(unit), was = key_u64(before), is = key_u64(after);
	int err = SY_OK;

	if (before != after && before != NO_ID)
		err = set_value(a, T_FORWARD, &was, &id, false);
	if (before != after && after != NO_ID && err == SY_OK)
		err = set_value(a, T_FORWARD, &is, &id, true);
	return err ? err : recalls_lot(a, unit, before, after);
}

static bool changes_contents(const struct view *v)
{
	return (v->ev.kind == SY_EVENT_AGGREGATION || v->ev.kind == SY_EVENT_ASSOCIATION) &&
	       (v->ev.action == SY_ACTION_ADD || v->ev.action == SY_ACTION_DELETE);
}

/* An aggregation that is taken apart without naming children is emptied. */
static bool empties(const struct view *v)
{
	return v->ev.action == SY_ACTION_DELETE && v->ev.n_items == 1;
}

static int set_content(struct apply *a, const struct view *v, uint64_t child, bool on)
{
	char action = (char)(v->ev.action == SY_ACTION_ADD);
	struct key k = key_u64x3(v->oc.parent, sortable(v->ev.time), v->number);

	sy_put64(k.b + k.n, child);
	k.n += 8;
	int err = set_row(a, T_CONTENTS, &k, (struct sy_str){&action, 1}, on);
	const struct content line = {
	    .time = v->ev.time, .record = v->number, .child = child, .added = action};
	return err ? err : recalls_content(a, v->oc.parent, &line, on);
}

/* What an item's role in an event says of edges and contents. */
static int set_links(struct apply *a, struct view *v, const struct sy_event_item *occ, uint64_t id,
		     bool on)
{
	if (occ->role == SY_ROLE_INPUT)
		return set_edge(a, id, v->oc.node, on);
	if (occ->role == SY_ROLE_OUTPUT)
		return set_edge(a, v->oc.node, id, on);
	if (!changes_contents(v))
		return SY_OK;
	if (occ->role == SY_ROLE_CHILD)
		return v->oc.parent == NO_ID ? SY_OK : set_content(a, v, id, on);
	if (occ->role != SY_ROLE_PARENT)
		return SY_OK;
	v->oc.parent = id;
	return empties(v) ? set_content(a, v, NO_ID, on) : SY_OK;
}

static int set_visits(struct apply *a, const struct occasion *oc, uint64_t record, uint64_t item,
		      bool on)
{
	struct key visit = key_u64x2(record, item);
	int err = SY_OK;

	for (unsigned i = 0; i < oc->n_actors && err == SY_OK; i++) {
		struct key k = key_u64(oc->actors[i]);
		err = set_value(a, T_VISITS, &k, &visit, on);
	}
	return err;
}

int link_item(struct apply *a, struct view *v, const struct sy_event_item *occ, uint64_t id,
	      uint64_t lot)
{
	uint64_t item = lot != NO_ID ? lot : id;
	int err = set_links(a, v, occ, id, true);

	if (err == SY_OK && v->oc.visited != item)
		err = set_visits(a, &v->oc, v->number, item, true);
	/* Where a lot is hangs on its units as well. */
	if (err == SY_OK && v->oc.visited != item && item != id)
		err = recalls_visit(a, v, item);
	v->oc.visited = item;
	return err ? err : recalls_visit(a, v, id);
}

/* --- shared transformations ------------------------------------------------------------------ */

static void group_hash(struct sy_str party, struct sy_str transformation, uint8_t out[8])
{
	struct sy_str parts[] = {party, SY_STR("\n"), transformation};
	sy_hash h;

	sy_sha256_parts(parts, 3, &h);
	memcpy(out, h.b, 8);
}

/* The first record of a group from FROM on. */
static int group_next(struct apply *a, const uint8_t hash[8], uint64_t from, uint64_t *record)
{
	struct key k = key_u64x2(sy_get64(hash), from);
	struct sy_str key, value;
	int err = kv_seek(a->tx, T_GROUPS, key_str(&k), &key, &value);

	if (err)
		return err;
	if (key.n != 16 || memcmp(key.p, hash, 8))
		return SY_ENOTFOUND;
	*record = sy_get64((const uint8_t *)key.p + 8);
	return SY_OK;
}

enum { GROUP_SHIFT = 16 }; /* of a group's hash facts keep the first six bytes */

int node_join(struct apply *a, struct view *v, struct sy_str party)
{
	uint8_t hash[8];
	uint64_t first;
	int err;

	v->oc.node = NODE_BIT | v->number;
	if (v->ev.transformation.n == 0)
		return SY_OK;
	group_hash(party, v->ev.transformation, hash);
	v->oc.group = sy_get64(hash) >> GROUP_SHIFT;
	struct key k = key_u64x2(sy_get64(hash), v->number);
	if ((err = kv_put(a->tx, T_GROUPS, key_str(&k), SY_STR(""), 0)) ||
	    (err = group_next(a, hash, 0, &first)))
		return err;
	v->oc.node = NODE_BIT | first;
	return SY_OK;
}

static int add_ids(struct sy_str values, struct ids *ids)
{
	int err = SY_OK;

	for (size_t i = 0; i + 8 <= values.n && err == SY_OK; i += 8)
		err = ids_add(ids, sy_get64((const uint8_t *)values.p + i));
	return err;
}

/* All that one end of the edges has at the other. */
static int ends_of(struct apply *a, enum table t, uint64_t id, struct ids *ids)
{
	struct key k = key_u64(id);
	struct sy_str values;
	int err;

	for (bool first = true; (err = kv_values(a->tx, t, key_str(&k), first, &values)) == SY_OK;
	     first = false)
		if ((err = add_ids(values, ids)))
			return err;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int node_clear(struct apply *a, uint64_t node)
{
	struct ids in = {0}, out = {0};
	int err = ends_of(a, T_BACK, node, &in);

	if (err == SY_OK)
		err = ends_of(a, T_FORWARD, node, &out);
	for (size_t i = 0; i < in.n && err == SY_OK; i++)
		err = set_edge(a, in.v[i], node, false);
	for (size_t i = 0; i < out.n && err == SY_OK; i++)
		err = set_edge(a, node, out.v[i], false);
	ids_free(&in);
	ids_free(&out);
	return err;
}

static bool in_force(struct apply *a, uint64_t record, int *err)
{
	struct key k = key_u64(record);
	uint64_t by;

	*err = get_u64(a->tx, T_WITHDRAWN, &k, &by);
	if (*err != SY_ENOTFOUND)
		return false;
	*err = SY_OK;
	return true;
}

/* The edges that one record gives a node. */
static int node_add(struct apply *a, uint64_t node, uint64_t record)
{
	struct view v;
	uint64_t id;
	int err;

	if (!in_force(a, record, &err))
		return err;
	if ((err = view_of(a, record, &v)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	v.oc.node = node;
	for (size_t i = 0; i < v.ev.n_items && err == SY_OK; i++) {
		const struct sy_event_item *occ = &v.ev.items[i];
		if ((occ->role != SY_ROLE_INPUT && occ->role != SY_ROLE_OUTPUT) ||
		    occ->code.canonical.n == 0)
			continue;
		if ((err = code_id(a->tx, occ->code.canonical, &id)) == SY_OK)
			err = set_links(a, &v, occ, id, true);
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Puts a shared transformation together again from the events that are in force.  Its node may
 * have been that of any of its records, or of one that isn't among them any more. */
static int group_rebuild(struct apply *a, const uint8_t hash[8], uint64_t old_node)
{
	uint64_t first = NO_ID, record;
	int err = node_clear(a, old_node);

	for (uint64_t from = 0; err == SY_OK; from = record + 1) {
		if ((err = group_next(a, hash, from, &record)))
			break;
		first = first == NO_ID ? record : first;
		err = node_clear(a, NODE_BIT | record);
	}
	for (uint64_t from = 0; err == SY_ENOTFOUND || err == SY_OK; from = record + 1) {
		if ((err = group_next(a, hash, from, &record)))
			break;
		err = node_add(a, NODE_BIT | first, record);
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int group_mend(struct apply *a, const struct view *v, struct sy_str party)
{
	uint8_t hash[8];

	if (v->ev.transformation.n == 0)
		return SY_OK;
	group_hash(party, v->ev.transformation, hash);
	return group_rebuild(a, hash, NODE_BIT | v->number);
}

/* --- withdrawing ----------------------------------------------------------------------------- */

static int mark_item(struct apply *a, uint64_t id, uint64_t record, bool withdrawn)
{
	struct history h;
	int err = history_get(a->tx, id, record, &h);

	if (err || h.withdrawn == withdrawn)
		return err == SY_ENOTFOUND ? SY_OK : err;
	h.withdrawn = withdrawn;
	if ((err = marks_set(a, id, record, &h, !withdrawn)) || (err = recalls_stand(a, id, &h)))
		return err;
	return history_put(a->tx, id, record, &h);
}

/* Marks the histories of one item and its lot, and sets what the event says of contents. */
static int stand_item(struct apply *a, struct view *v, const struct sy_event_item *occ,
		      bool withdrawn, bool lone)
{
	struct sy_str lot;
	uint64_t id;
	int err = event_lot(v, occ, &lot);

	if (err || occ->code.canonical.n == 0)
		return err;
	if (lot.n && (err = code_id(a->tx, lot, &id)) == SY_OK)
		err = mark_item(a, id, v->number, withdrawn);
	if (err && err != SY_ENOTFOUND)
		return err;
	if ((err = code_id(a->tx, occ->code.canonical, &id)) ||
	    (err = mark_item(a, id, v->number, withdrawn)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (occ->role == SY_ROLE_PARENT)
		v->oc.parent = id;
	return lone ? set_links(a, v, occ, id, !withdrawn) : SY_OK;
}

int event_stand(struct apply *a, uint64_t record, bool withdrawn)
{
	uint8_t hash[8];
	uint64_t first;
	struct sy_str party;
	struct view v;
	int err = view_of(a, record, &v);

	if (err || v.ev.error)
		return err == SY_ENOTFOUND ? SY_OK : err;
	bool shared = v.ev.transformation.n > 0;
	v.oc = (struct occasion){.node = NODE_BIT | record, .parent = NO_ID};
	for (size_t i = 0; i < v.ev.n_items && err == SY_OK; i++)
		err = stand_item(a, &v, &v.ev.items[i], withdrawn, !shared);
	if (err || !shared || (err = record_party(a, record, &party)))
		return err;
	group_hash(party, v.ev.transformation, hash);
	if ((err = group_next(a, hash, 0, &first)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	return group_rebuild(a, hash, NODE_BIT | first);
}

/* --- erasing --------------------------------------------------------------------------------- */

/* Keys of a table, and values where a key has several, that hold the record's number at OFFSET. */
static int rows_of(struct apply *a, enum table t, size_t offset, uint64_t record,
		   struct sy_buf *out)
{
	struct sy_str key, value;
	uint8_t number[8], row[40];
	int err;

	sy_put64(number, record);
	for (err = kv_seek(a->tx, t, SY_STR(""), &key, &value); err == SY_OK;
	     err = kv_next(a->tx, t, &key, &value)) {
		size_t n = key.n + (index_tables[t].integer_dup ? value.n : 0);
		if (n < offset + 8 || n > sizeof row)
			return SY_ECORRUPT;
		memcpy(row, key.p, key.n);
		memcpy(row + key.n, value.p, n - key.n);
		if (memcmp(row + offset, number, 8) == 0)
			sy_buf_put(out, row, n);
	}
	if (out->failed)
		return SY_ENOMEM;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int drop_rows(struct apply *a, enum table t, size_t size, const struct sy_buf *rows)
{
	int err = SY_OK;

	for (size_t at = 0; at + size <= rows->n && err == SY_OK; at += size) {
		struct sy_str key = {rows->p + at, size};
		if (!index_tables[t].integer_dup)
			err = kv_del(a->tx, t, key);
		else
			err = kv_del_value(a->tx, t, (struct sy_str){key.p, 8},
					   (struct sy_str){key.p + 8, size - 8});
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* What the record said can't be read any more: each table is searched for its number. */
static int erase_unread(struct apply *a, uint64_t record)
{
	static const struct {
		enum table table;
		size_t offset, size;
	} in[] = {{T_CONTENTS, 16, 32}, {T_GROUPS, 8, 16}, {T_VISITS, 8, 24}};
	struct sy_buf rows[3] = {{0}, {0}, {0}};
	uint8_t hash[8] = {0};
	uint64_t node = NODE_BIT | record, first = record;
	int err = SY_OK;

	for (unsigned i = 0; i < 3 && err == SY_OK; i++)
		err = rows_of(a, in[i].table, in[i].offset, record, &rows[i]);
	bool shared = rows[1].n >= 8;
	if (err == SY_OK && shared) {
		memcpy(hash, rows[1].p, 8);
		err = group_next(a, hash, 0, &first);
		node = NODE_BIT | first;
	}
	for (unsigned i = 0; i < 3 && err == SY_OK; i++)
		err = drop_rows(a, in[i].table, in[i].size, &rows[i]);
	for (size_t at = 0; at + 24 <= rows[2].n && err == SY_OK; at += 24)
		err = actor_drop(a, sy_get64((const uint8_t *)rows[2].p + at));
	if (err == SY_OK)
		err = shared ? group_rebuild(a, hash, node) : node_clear(a, node);
	for (unsigned i = 0; i < 3; i++)
		sy_buf_free(&rows[i]);
	return err;
}

static int erase_visits(struct apply *a, const struct view *v, const struct ids *items)
{
	int err = SY_OK;

	for (size_t i = 0; i < items->n && err == SY_OK; i++)
		err = set_visits(a, &v->oc, v->number, items->v[i], false);
	for (unsigned i = 0; i < v->oc.n_actors && err == SY_OK; i++)
		err = actor_drop(a, v->oc.actors[i]);
	return err;
}

static int erase_links(struct apply *a, struct view *v, bool shared)
{
	uint64_t id;
	int err = SY_OK;

	for (size_t i = 0; i < v->ev.n_items && err == SY_OK; i++) {
		const struct sy_event_item *occ = &v->ev.items[i];
		if (occ->code.canonical.n == 0)
			continue;
		err = code_id(a->tx, occ->code.canonical, &id);
		if (err == SY_OK && !shared)
			err = set_links(a, v, occ, id, false);
		if (err == SY_ENOTFOUND)
			err = SY_OK;
	}
	return err;
}

int graph_erase(struct apply *a, uint64_t record, struct view *v, const struct ids *items)
{
	struct sy_str party;
	uint8_t hash[8];
	int err;

	if (v == NULL)
		return erase_unread(a, record);
	bool shared = v->ev.transformation.n > 0;
	/* joins its group again, which gives the node, and leaves it below */
	if ((err = record_party(a, record, &party)) || (err = occasion_read(a, v, party)) ||
	    !v->oc.read)
		return err;
	if ((err = erase_links(a, v, shared)) || (err = erase_visits(a, v, items)) || !shared)
		return err;
	group_hash(party, v->ev.transformation, hash);
	struct key k = key_u64x2(sy_get64(hash), record);
	uint64_t node = v->oc.node;
	if ((err = set_row(a, T_GROUPS, &k, SY_STR(""), false)))
		return err;
	return group_rebuild(a, hash, node);
}

/* --- reading --------------------------------------------------------------------------------- */

int index_actor_id(struct index_read *r, struct sy_str canonical, uint64_t *id)
{
	struct key k = key_code(canonical);

	return canonical.n ? get_u64(&r->tx, T_ACTORS, &k, id) : SY_ENOTFOUND;
}

int index_actor_name(struct index_read *r, uint64_t id, struct sy_str *name)
{
	struct key k = key_u64(id);

	return kv_get(&r->tx, T_NAMES, key_str(&k), name);
}

int index_visits_next(struct index_read *r, uint64_t actor, uint64_t *record, uint64_t *item)
{
	struct key k = key_u64(actor), from = key_u64x2(*record, *item);
	struct sy_str value;
	int err = kv_seek_value(&r->tx, T_VISITS, key_str(&k), key_str(&from), &value);

	if (err)
		return err;
	if (value.n != 16)
		return SY_ECORRUPT;
	*record = sy_get64((const uint8_t *)value.p);
	*item = sy_get64((const uint8_t *)value.p + 8);
	return SY_OK;
}

/* The first record of each group whose hash begins so: mostly there is one. */
int fact_node(struct kv_tx *tx, uint64_t record, const struct item_fact *f, uint64_t node,
	      bool *yes)
{
	struct sy_str key, value;
	struct key k;
	int err;

	*yes = f->group == NO_ID && node == (NODE_BIT | record);
	if (f->group == NO_ID)
		return SY_OK;
	for (uint64_t hash = f->group << GROUP_SHIFT; !*yes; hash++) {
		k = key_u64x2(hash, 0);
		if ((err = kv_seek(tx, T_GROUPS, key_str(&k), &key, &value)))
			return err == SY_ENOTFOUND ? SY_OK : err;
		if (key.n != 16)
			return SY_ECORRUPT;
		hash = sy_get64((const uint8_t *)key.p);
		if (hash >> GROUP_SHIFT != f->group)
			return SY_OK;
		*yes = node == (NODE_BIT | sy_get64((const uint8_t *)key.p + 8));
	}
	return SY_OK;
}

int index_fact_node(struct index_read *r, uint64_t record, const struct item_fact *f, uint64_t node,
		    bool *yes)
{
	return fact_node(&r->tx, record, f, node, yes);
}

int contents_next(struct kv_tx *tx, uint64_t container, struct content *c)
{
	struct key k = key_u64x3(container, c->record ? sortable(c->time) : 0, c->record);
	struct sy_str key, value;
	int err;

	sy_put64(k.b + 24, c->child);
	k.n = 32;
	err = kv_seek(tx, T_CONTENTS, key_str(&k), &key, &value);
	if (err == SY_OK && c->record && sy_str_eq(key, key_str(&k)))
		err = kv_next(tx, T_CONTENTS, &key, &value);
	if (err)
		return err;
	if (key.n != 32 || value.n != 1 || memcmp(key.p, k.b, 8))
		return SY_ENOTFOUND;
	const uint8_t *p = (const uint8_t *)key.p;
	*c = (struct content){.time = (int64_t)(sy_get64(p + 8) ^ (uint64_t)1 << 63),
			      .record = sy_get64(p + 16),
			      .child = sy_get64(p + 24),
			      .added = value.p[0]};
	return SY_OK;
}

int index_contents_next(struct index_read *r, uint64_t container, struct content *c)
{
	return contents_next(&r->tx, container, c);
}
