#include "apply.h"

#include <suyuan/hash.h>

/*
 * Taking back what records said: error declarations and erasures.
 *
 * An event's identity is a group: all records in an item's history that are the first item's and
 * carry the same party and eventID, where a declaration's party is the one that it names.  The
 * first in order that is no errorDeclaration is the event, and stands in `events`; the first
 * errorDeclaration after it withdraws it, and stands in `withdrawn`.  Applying in order gives that;
 * when a record of a group is erased, the group is walked again (regroup) and comes to what it
 * would be without that record.
 */
struct group {
	uint64_t item;
	uint8_t hash[8];
};

void event_identity(struct sy_str party, struct sy_str event_id, uint8_t out[8])
{
	struct sy_str parts[] = {party, SY_STR("\n"), event_id};
	sy_hash h;

	sy_sha256_parts(parts, 3, &h);
	memcpy(out, h.b, 8);
}

int record_party(struct apply *a, uint64_t record, struct sy_str *party)
{
	struct register_key key;
	struct sy_entry e;
	const uint8_t *bytes;
	uint64_t entry;
	uint32_t position;
	char *copy;
	int err = ledger_record_entry(a->truth, record, &entry, &position);

	if (err || (err = ledger_entry(a->truth, entry, &bytes)) ||
	    (err = sy_entry_decode(bytes, &e, NULL)))
		return err;
	*party = SY_STR("");
	if ((err = key_row_get(a->tx, e.author, &key)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((copy = sy_arena_strdup(&a->again, key.party)) == NULL)
		return SY_ENOMEM;
	*party = (struct sy_str){copy, key.party.n};
	return SY_OK;
}

/* --- events ---------------------------------------------------------------------------------- */

/* Folds the items of an event whose standing has changed. */
static int refold_event(struct apply *a, uint64_t record)
{
	struct ids ids = {0};
	struct view v;
	int err = view_of(a, record, &v);

	if (err == SY_OK && (err = event_ids(a, &v, &ids)) == SY_OK)
		err = items_refold(a, &ids);
	ids_free(&ids);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int withdraw(struct apply *a, uint64_t record, uint64_t by)
{
	struct key k = key_u64(record);
	uint64_t earlier;
	int err = get_u64(a->tx, T_WITHDRAWN, &k, &earlier);

	if (err != SY_ENOTFOUND)
		return err;
	if ((err = put_u64(a->tx, T_WITHDRAWN, &k, by)))
		return err;
	if ((err = event_stand(a, record, true)))
		return err;
	return refold_event(a, record);
}

int index_declared_author(const struct sy_json_doc *doc, struct sy_arena *arena,
			  struct sy_str *party)
{
	const struct sy_json *e = sy_json_get(doc, sy_json_root(doc), "errorDeclaration");
	const struct sy_json *v = sy_json_get(doc, e, "suyuan:author");
	int err;

	if (v == NULL)
		v = sy_json_get(doc, e, "https://suyuan.dev/ns/author");
	err = v ? sy_json_string(doc, v, arena, party) : SY_EINVAL;
	if (err)
		*party = SY_STR("");
	return err == SY_ENOMEM ? err : SY_OK;
}

/* The identity of an event that AUTHOR wrote: its own, or that of the one it withdraws. */
static int view_identity(struct view *v, struct sy_str author, uint8_t out[8])
{
	struct sy_str other = SY_STR("");
	int err = v->ev.error ? index_declared_author(&v->doc, v->arena, &other) : SY_OK;

	event_identity(other.n ? other : author, v->ev.id, out);
	return err;
}

int event_apply(struct apply *a, struct view *v)
{
	uint8_t hash[8];
	uint64_t first, earlier;
	int err = occasion_read(a, v, sy_buf_span(&a->party));

	if (err == SY_OK)
		err = event_name(a, v, true, NULL, &first);
	if (err || first == UINT64_MAX || v->ev.id.n == 0)
		return err;
	if ((err = view_identity(v, sy_buf_span(&a->party), hash)))
		return err;
	struct key k = key_id_hash(first, hash);
	err = get_u64(a->tx, T_EVENTS, &k, &earlier);
	if (err == SY_ENOTFOUND)
		return v->ev.error ? SY_OK : put_u64(a->tx, T_EVENTS, &k, v->number);
	return err || !v->ev.error ? err : withdraw(a, earlier, v->number);
}

/* --- groups ---------------------------------------------------------------------------------- */

/* Is RECORD of the group, and an errorDeclaration or not? */
static int in_group(struct apply *a, uint64_t record, const struct group *g, bool *in, bool *error)
{
	struct sy_str party;
	struct view v;
	uint8_t hash[8];
	int err = view_of(a, record, &v);

	*in = false;
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (v.ev.id.n == 0)
		return SY_OK;
	if ((err = record_party(a, record, &party)))
		return err;
	if ((err = view_identity(&v, party, hash)))
		return err;
	*in = memcmp(hash, g->hash, sizeof hash) == 0;
	*error = v.ev.error;
	return SY_OK;
}

/* Walks a group: the event in force in it and what withdraws it; UINT64_MAX for none. */
static int walk_group(struct apply *a, const struct group *g, uint64_t *event, uint64_t *by)
{
	struct history h;
	uint64_t record;
	bool in, error;
	int err;

	*event = *by = UINT64_MAX;
	for (uint64_t from = 0; (err = history_seek(a->tx, g->item, from, &record, &h)) == SY_OK;
	     from = record + 1) {
		if (!(h.bits & HIST_FIRST))
			continue;
		if ((err = in_group(a, record, g, &in, &error)))
			return err;
		if (!in)
			continue;
		if (!error && *event == UINT64_MAX)
			*event = record;
		else if (error && *event != UINT64_MAX && *by == UINT64_MAX)
			*by = record;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* A row that is V, or that isn't there for UINT64_MAX. */
static int set_u64(struct kv_tx *tx, enum table t, const struct key *k, uint64_t v)
{
	int err;

	if (v != UINT64_MAX)
		return put_u64(tx, t, k, v);
	err = kv_del(tx, t, key_str(k));
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Adds the ids of an event's items to IDS. */
static int touch_event(struct apply *a, uint64_t record, struct ids *ids)
{
	struct view v;
	int err = record == UINT64_MAX ? SY_ENOTFOUND : view_of(a, record, &v);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	return event_ids(a, &v, ids);
}

static int regroup(struct apply *a, const struct group *g, struct ids *touched)
{
	struct key k = key_id_hash(g->item, g->hash);
	uint64_t event, by, was;
	int err = get_u64(a->tx, T_EVENTS, &k, &was);

	if (err && err != SY_ENOTFOUND)
		return err;
	if (err == SY_ENOTFOUND)
		was = UINT64_MAX;
	if ((err = walk_group(a, g, &event, &by)) || (err = touch_event(a, was, touched)) ||
	    (err = touch_event(a, event, touched)) || (err = set_u64(a->tx, T_EVENTS, &k, event)))
		return err;
	if (was != UINT64_MAX) {
		struct key w = key_u64(was);
		if ((err = set_u64(a->tx, T_WITHDRAWN, &w, UINT64_MAX)))
			return err;
	}
	if (event != UINT64_MAX) {
		struct key w = key_u64(event);
		if ((err = set_u64(a->tx, T_WITHDRAWN, &w, by)))
			return err;
	}
	if (was != UINT64_MAX && was != event && (err = event_stand(a, was, false)))
		return err;
	return event == UINT64_MAX ? SY_OK : event_stand(a, event, by != UINT64_MAX);
}

/* --- erasure --------------------------------------------------------------------------------- */

struct erasure {
	uint64_t record;
	bool gone;          /* its payload can't be read any more */
	struct ids ids;     /* items to fold again */
	struct key rows[2]; /* of the register */
	unsigned n_rows;
	struct group groups[2];
	unsigned n_groups;
};

/* The key that RECORD stands under in `events` below an item: the group's hash. */
static int event_key_of(struct apply *a, uint64_t item, uint64_t record, uint8_t hash[8])
{
	struct key k = key_u64(item);
	struct sy_str key, value;
	int err = kv_seek(a->tx, T_EVENTS, key_str(&k), &key, &value);

	while (err == SY_OK && key.n == 16 && memcmp(key.p, k.b, 8) == 0) {
		if (value.n == 8 && sy_get64((const uint8_t *)value.p) == record) {
			memcpy(hash, key.p + 8, 8);
			return SY_OK;
		}
		err = kv_next(a->tx, T_EVENTS, &key, &value);
	}
	return err ? err : SY_ENOTFOUND;
}

/* The record that BY withdrew. */
static int withdrawn_by(struct apply *a, uint64_t by, uint64_t *record)
{
	struct sy_str key, value;
	int err = kv_seek(a->tx, T_WITHDRAWN, SY_STR(""), &key, &value);

	while (err == SY_OK) {
		if (key.n == 8 && value.n == 8 && sy_get64((const uint8_t *)value.p) == by) {
			*record = sy_get64((const uint8_t *)key.p);
			return SY_OK;
		}
		err = kv_next(a->tx, T_WITHDRAWN, &key, &value);
	}
	return err;
}

/* The group that the erased record shaped, if it did: as its event, or by withdrawing that. */
static int find_group(struct apply *a, struct erasure *x, uint64_t item, bool error)
{
	struct group *g = &x->groups[0];
	uint64_t event = x->record;
	if (x->n_groups)
		return SY_ECORRUPT; /* a record has one first item */
	int err = error ? withdrawn_by(a, x->record, &event) : SY_OK;

	if (err == SY_OK)
		err = event_key_of(a, item, event, g->hash);
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	g->item = item;
	x->n_groups++;
	return SY_OK;
}

static int drop_history(struct apply *a, struct erasure *x)
{
	struct history h;
	int err;

	ids_sort(&x->ids);
	for (size_t i = 0; i < x->ids.n; i++) {
		struct key k = key_u64x2(x->ids.v[i], x->record);
		err = history_get(a->tx, x->ids.v[i], x->record, &h);
		if (err == SY_ENOTFOUND)
			continue;
		if (err || (err = marks_set(a, x->ids.v[i], x->record, &h, false)) ||
		    (err = recalls_stand(a, x->ids.v[i], &h)) ||
		    (err = kv_del(a->tx, T_HISTORY, key_str(&k))))
			return err;
		if ((h.bits & HIST_FIRST) &&
		    (err = find_group(a, x, x->ids.v[i], h.bits & HIST_ERROR)))
			return err;
	}
	return SY_OK;
}

/* The payload was destroyed but this index still has what it said: a kill came between the two,
 * or the index is older than the erasure.  Its rows end in its number. */
static int find_rows(struct apply *a, struct erasure *x)
{
	struct sy_str key, value;
	uint8_t plain[8], inverted[8];
	int err;

	sy_put64(plain, x->record);
	sy_put64(inverted, ~x->record);
	for (err = kv_seek(a->tx, T_HISTORY, SY_STR(""), &key, &value); err == SY_OK;
	     err = kv_next(a->tx, T_HISTORY, &key, &value))
		if (key.n == 16 && memcmp(key.p + 8, plain, 8) == 0 &&
		    (err = ids_add(&x->ids, sy_get64((const uint8_t *)key.p))))
			return err;
	if (err != SY_ENOTFOUND)
		return err;
	for (err = kv_seek(a->tx, T_REGISTER, SY_STR(""), &key, &value); err == SY_OK;
	     err = kv_next(a->tx, T_REGISTER, &key, &value))
		if (key.n > 8 && key.n <= sizeof x->rows[0].b && x->n_rows < 2 &&
		    memcmp(key.p + key.n - 8, inverted, 8) == 0) {
			struct key *row = &x->rows[x->n_rows++];
			memcpy(row->b, key.p, key.n);
			row->n = key.n;
		}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* What the record wrote, as its text says.  SY_EDENIED for one that can't be erased. */
static int read_rows(struct apply *a, struct erasure *x)
{
	struct ledger_record rec;
	struct sy_json_doc doc;
	enum register_kind kind;
	struct sy_str id, owner;
	struct view v;
	int err;

	sy_arena_reset(&a->again);
	if ((err = ledger_record(a->truth, &a->again, x->record, &rec)))
		return err;
	err = sy_json_parse(&a->again, rec.payload, 0, &doc, NULL);
	if (err)
		return err == SY_ENOMEM ? err : SY_OK; /* it had no effect */
	if (sy_event_kind(&doc) != SY_EVENT_NONE) {
		if ((err = view_read(&v, &a->again, &doc, x->record)) ||
		    (err = event_ids(a, &v, &x->ids)))
			return err;
		ids_sort(&x->ids);
		return graph_erase(a, x->record, &v, &x->ids);
	}
	if (type_kept(&doc))
		return SY_EDENIED;
	if ((err = type_row(a, &doc, &kind, &id, &owner)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (owner.n == 0 && (err = record_party(a, x->record, &owner)))
		return err;
	x->rows[x->n_rows++] = key_register_version(kind, id, x->record);
	x->rows[x->n_rows++] = key_register_version(REG_REACH, owner, x->record);
	return SY_OK;
}

/* Takes the record's rows out; its items are in x->ids afterwards. */
static int undo(struct apply *a, struct erasure *x)
{
	int err = read_rows(a, x);

	if (err == SY_EGONE) {
		x->gone = true;
		if ((err = find_rows(a, x)) == SY_OK)
			err = graph_erase(a, x->record, NULL, &x->ids);
	}
	if (err || (err = drop_history(a, x)))
		return err;
	for (unsigned i = 0; i < x->n_rows; i++) {
		err = kv_del(a->tx, T_REGISTER, key_str(&x->rows[i]));
		if (err && err != SY_ENOTFOUND)
			return err;
	}
	return SY_OK;
}

/* The stub that stands for the event, at the erased record's place. */
static int put_remains(struct apply *a, struct erasure *x)
{
	struct group *g = &x->groups[x->n_groups];
	struct sy_str party;
	struct view v;
	int err = view_of(a, x->record, &v);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((err = record_party(a, x->record, &party)) || (err = occasion_read(a, &v, party)) ||
	    (err = event_name(a, &v, false, &x->ids, &g->item)))
		return err;
	if (g->item != NO_ID && v.ev.id.n) {
		if ((err = view_identity(&v, party, g->hash)))
			return err;
		x->n_groups++;
	}
	return group_mend(a, &v, party);
}

static int erase(struct apply *a, struct erasure *x, bool has_rows)
{
	struct key k = key_u64(x->record);
	int err = SY_OK;

	x->gone = !has_rows;
	if (has_rows && (err = undo(a, x)) == SY_OK)
		err = hashes_forget(a, x->record);
	if (err || (err = put_u64(a->tx, T_ERASED, &k, a->number)) ||
	    (err = ids_add(x->gone ? &a->gone : &a->erase, x->record)) || (err = put_remains(a, x)))
		return err;
	for (unsigned i = 0; i < x->n_groups; i++)
		if ((err = regroup(a, &x->groups[i], &x->ids)))
			return err;
	return items_refold(a, &x->ids);
}

int erasure_apply(struct apply *a)
{
	const struct sy_json *v = sy_json_get(&a->doc, sy_json_root(&a->doc), "record");
	struct erasure x = {.record = 0};
	uint64_t by;
	int err;

	if (v == NULL || sy_json_u64(&a->doc, v, &x.record) || x.record >= a->number)
		return SY_OK;
	struct key k = key_u64(x.record);
	err = get_u64(a->tx, T_ERASED, &k, &by);
	if (err == SY_OK && by != GONE_UNEXPLAINED)
		return SY_OK; /* the first Erasure stands */
	if (err == SY_OK || err == SY_ENOTFOUND)
		err = erase(a, &x, err == SY_ENOTFOUND);
	ids_free(&x.ids);
	return err == SY_EDENIED ? SY_OK : err;
}

/* --- reading --------------------------------------------------------------------------------- */

int index_submission(struct index_read *r, const uint8_t author[SY_KEY_SIZE],
		     const sy_hash *records_root, uint64_t *entry)
{
	struct key k = key_submission(author, records_root);

	return get_u64(&r->tx, T_SUBMISSIONS, &k, entry);
}

int index_event(struct index_read *r, uint64_t item, struct sy_str party, struct sy_str event_id,
		uint64_t *record)
{
	uint8_t hash[8];

	event_identity(party, event_id, hash);
	struct key k = key_id_hash(item, hash);
	return get_u64(&r->tx, T_EVENTS, &k, record);
}

int index_erased(struct index_read *r, uint64_t record, uint64_t *erasure)
{
	struct key k = key_u64(record);
	int err = get_u64(&r->tx, T_ERASED, &k, erasure);

	return err == SY_OK && *erasure == GONE_UNEXPLAINED ? SY_ENOTFOUND : err;
}

int index_withdrawn(struct index_read *r, uint64_t record, uint64_t *by)
{
	struct key k = key_u64(record);

	return get_u64(&r->tx, T_WITHDRAWN, &k, by);
}
