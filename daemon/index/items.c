#include "apply.h"

#include <suyuan/hash.h>

#include <stdlib.h>

/* --- events ---------------------------------------------------------------------------------- */

struct member {
	struct sy_str name, value;
};

static int by_name(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return sy_str_cmp(x->name, y->name);
}

static struct member member_of(const struct sy_json_doc *doc, const struct sy_json *v)
{
	return (struct member){{doc->text + v->key_off, v->key_len}, sy_json_raw(doc, v)};
}

/* The member whose name comes next after LAST. */
static struct member member_after(const struct sy_json_doc *doc, const struct sy_json *ilmd,
				  struct member last)
{
	const struct sy_json *v;
	struct member next = {{NULL, 0}, {NULL, 0}};

	sy_json_each (doc, ilmd, v) {
		struct member m = member_of(doc, v);
		if ((last.name.p == NULL || by_name(&m, &last) > 0) &&
		    (next.name.p == NULL || by_name(&m, &next) < 0))
			next = m;
	}
	return next;
}

/* The digest so far, and one member more.  A name can't hold the zero byte that ends it. */
static void digest_member(sy_hash *so_far, struct member m)
{
	struct sy_str parts[] = {{(const char *)so_far->b, SY_HASH_SIZE}, m.name, {"", 1}, m.value};

	sy_sha256_parts(parts, sizeof parts / sizeof *parts, so_far);
}

/* Without memory to sort in, each name is looked for: slow, and the same digest. */
void index_ilmd_digest(const struct sy_json_doc *doc, const struct sy_json *ilmd, uint8_t out[8])
{
	struct member few[64], *m = few, last = {{NULL, 0}, {NULL, 0}};
	const struct sy_json *v;
	sy_hash h = {{0}};
	size_t n = 0;

	if (ilmd->count > sizeof few / sizeof *few)
		m = malloc(ilmd->count * sizeof *m);
	if (m) {
		sy_json_each (doc, ilmd, v)
			m[n++] = member_of(doc, v);
		qsort(m, n, sizeof *m, by_name);
	}
	for (size_t i = 0; i < ilmd->count; i++) {
		last = m ? m[i] : member_after(doc, ilmd, last);
		digest_member(&h, last);
	}
	if (m != few)
		free(m);
	memcpy(out, h.b, 8);
}

int view_read(struct view *v, struct sy_arena *arena, const struct sy_json_doc *doc,
	      uint64_t number)
{
	struct sy_faults faults;
	int err;

	*v = (struct view){.number = number, .arena = arena, .doc = *doc};
	sy_faults_init(&faults, arena);
	faults.settled = true; /* what it could read counts; only memory stops */
	err = sy_event_read(arena, doc, &v->ev, &faults, SY_NO_RECORD);
	if (err == SY_ENOMEM || v->ev.ilmd == NULL)
		return err == SY_ENOMEM ? err : SY_OK;
	index_ilmd_digest(doc, v->ev.ilmd, v->ilmd);
	return SY_OK;
}

/* The `remains` of an Erasure, as a document of its own. */
static int remains_of(struct sy_arena *arena, struct sy_str erasure, struct sy_json_doc *out)
{
	struct sy_json_doc doc;
	const struct sy_json *v;
	int err = sy_json_parse(arena, erasure, 0, &doc, NULL);

	if (err)
		return err;
	v = sy_json_get(&doc, sy_json_root(&doc), "remains");
	if (v == NULL || v->type != SY_JSON_OBJECT)
		return SY_ENOTFOUND;
	return sy_json_parse(arena, sy_json_raw(&doc, v), 0, out, NULL);
}

int view_of(struct apply *a, uint64_t record, struct view *v)
{
	struct key k = key_u64(record);
	struct ledger_record rec;
	struct sy_json_doc doc;
	uint64_t erasure;
	int err;

	sy_arena_reset(&a->again);
	err = get_u64(a->tx, T_ERASED, &k, &erasure);
	if (err && err != SY_ENOTFOUND)
		return err;
	bool erased = err == SY_OK;
	if (erased && erasure == GONE_UNEXPLAINED)
		return SY_ENOTFOUND;
	err = ledger_record(a->truth, &a->again, erased ? erasure : record, &rec);
	if (err)
		return err == SY_EGONE ? SY_ENOTFOUND : err;
	err = erased ? remains_of(&a->again, rec.payload, &doc)
		     : sy_json_parse(&a->again, rec.payload, 0, &doc, NULL);
	if (err == SY_OK && sy_event_kind(&doc) != SY_EVENT_NONE)
		return view_read(v, &a->again, &doc, record);
	return err == SY_ENOMEM ? err : SY_ENOTFOUND;
}

/* --- naming ---------------------------------------------------------------------------------- */

int event_lot(struct view *v, const struct sy_event_item *occ, struct sy_str *lot)
{
	const struct sy_code *code = &occ->code;
	struct sy_code product, made;
	struct sy_faults faults;
	int err;

	*lot = SY_STR("");
	if (code->kind != SY_CODE_UNIT && code->kind != SY_CODE_CN_DRUG)
		return SY_OK;
	*lot = code->lot_code;
	if (lot->n || v->ev.lot.n == 0 || code->product.n == 0 || !event_creates(&v->ev, occ))
		return SY_OK;
	if (!sy_str_eq(v->lot_product, code->product)) {
		sy_faults_init(&faults, v->arena);
		faults.settled = true;
		err = sy_code_parse(v->arena, code->product, &product, &faults, SY_NO_RECORD, "");
		if (err == SY_OK)
			err = sy_code_lot(v->arena, &product, v->ev.lot, &made);
		if (err == SY_ENOMEM)
			return err;
		v->lot_product = code->product;
		v->lot = err ? SY_STR("") : made.canonical;
	}
	*lot = v->lot;
	return SY_OK;
}

/* The item of a code, made when it is new: then the caller writes its row. */
static int item_name(struct apply *a, struct sy_str code, enum sy_code_kind kind, struct item *it,
		     bool *fresh)
{
	struct key k = key_code(code);
	uint64_t id;
	int err = get_u64(a->tx, T_CODES, &k, &id);

	*fresh = err == SY_ENOTFOUND;
	if (err == SY_OK) {
		err = item_get(a->tx, id, it);
		it->code = code; /* the row's own copy moves with the next write */
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	}
	if (err != SY_ENOTFOUND)
		return err;
	item_init(it, a->st.next_id++, kind, code);
	a->st.items++;
	return put_u64(a->tx, T_CODES, &k, it->id);
}

static int history_mark(struct apply *a, struct item *it, const struct view *v,
			const struct sy_event_item *occ, unsigned bits, bool had)
{
	struct history h = {.bits = 0};
	struct item_fact f;
	int err = had ? history_get(a->tx, it->id, v->number, &h) : SY_OK;

	if (err && err != SY_ENOTFOUND)
		return err;
	h.bits |= (uint8_t)bits | (v->ev.error ? HIST_ERROR : 0);
	h.action = (uint8_t)v->ev.action;
	if (v->oc.read) {
		f = occasion_fact(v, occ, bits == HIST_MEMBER);
		history_add(&h, &f);
	}
	if ((err = marks_set(a, it->id, v->number, &h, true)) ||
	    (marks_hold(&h) && (err = marks_fold(a, it))))
		return err;
	return history_put(a->tx, it->id, v->number, &h);
}

/* Names one item; with HIST_MEMBER it is the lot of OCC, a unit. */
static int name_one(struct apply *a, struct view *v, const struct sy_event_item *occ,
		    struct sy_str code, unsigned bits, uint64_t lot, bool fold, uint64_t *id)
{
	struct item it, had;
	bool fresh;
	bool member = bits == HIST_MEMBER;
	int err = item_name(a, code, member ? SY_CODE_LOT : occ->code.kind, &it, &fresh);

	if (err)
		return err;
	*id = it.id;
	had = it;
	a->work++;
	if ((err = history_mark(a, &it, v, occ, bits, !fresh && (!fold || it.last == v->number))))
		return err;
	if (!fold)
		return fresh ? item_put(a->tx, &it) : SY_OK;
	item_fold_name(&it, v->number);
	if (member)
		item_fold_unit(&it, v, occ);
	else if (!v->ev.error)
		item_fold(&it, v, occ, lot);
	if ((err = link_lot(a, it.id, had.lot, it.lot)) ||
	    (err = recalls_fold(a, fresh ? NULL : &had, &it)))
		return err;
	return item_put(a->tx, &it);
}

/* Units of one lot in a row: the lot is named with the first of them, the others are counted. */
struct run {
	struct sy_str lot;
	const struct sy_event_item *unit;
	uint64_t id, others;
};

static int run_end(struct apply *a, const struct view *v, const struct run *run)
{
	struct history h;
	struct item_fact f;
	int err;

	if (run->others == 0 || !v->oc.read)
		return SY_OK;
	if ((err = history_get(a->tx, run->id, v->number, &h)))
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	f = occasion_fact(v, run->unit, true);
	f.quantity = (struct sy_decimal){(int64_t)run->others, 0};
	history_add(&h, &f);
	return history_put(a->tx, run->id, v->number, &h);
}

static int run_add(struct apply *a, struct view *v, const struct sy_event_item *occ,
		   struct sy_str lot, bool fold, struct ids *ids, struct run *run)
{
	int err;

	if (lot.n == 0 || sy_str_eq(lot, run->lot)) {
		run->others += lot.n > 0;
		return SY_OK;
	}
	if ((err = run_end(a, v, run)))
		return err;
	*run = (struct run){.lot = lot, .unit = occ};
	err = name_one(a, v, occ, lot, HIST_MEMBER, NO_ID, fold, &run->id);
	return err || fold ? err : ids_add(ids, run->id);
}

int event_name(struct apply *a, struct view *v, bool fold, struct ids *ids, uint64_t *first)
{
	struct run run = {.lot = SY_STR("")};
	struct sy_str lot;
	uint64_t id;
	int err = SY_OK;

	*first = NO_ID;
	for (size_t i = 0; i < v->ev.n_items; i++) {
		const struct sy_event_item *occ = &v->ev.items[i];
		if (occ->code.canonical.n == 0)
			continue;
		if ((err = event_lot(v, occ, &lot)) ||
		    (err = run_add(a, v, occ, lot, fold, ids, &run)))
			return err;
		uint64_t lot_id = lot.n ? run.id : NO_ID;
		unsigned bits = 1U << occ->role | (*first == NO_ID ? HIST_FIRST : 0);
		err = name_one(a, v, occ, occ->code.canonical, bits, lot_id, fold, &id);
		if (err || (!fold && (err = ids_add(ids, id))))
			return err;
		if (v->oc.read && (err = link_item(a, v, occ, id, lot_id)))
			return err;
		if (*first == NO_ID)
			*first = id;
	}
	return run_end(a, v, &run);
}

int code_id(struct kv_tx *tx, struct sy_str code, uint64_t *id)
{
	struct key k = key_code(code);

	return get_u64(tx, T_CODES, &k, id);
}

/* Adds the id of a code that has one. */
static int ids_add_code(struct apply *a, struct ids *ids, struct sy_str code)
{
	uint64_t id;
	int err = code.n ? code_id(a->tx, code, &id) : SY_ENOTFOUND;

	if (err == SY_ENOTFOUND)
		return SY_OK;
	return err ? err : ids_add(ids, id);
}

int event_ids(struct apply *a, struct view *v, struct ids *ids)
{
	struct sy_str lot;
	int err;

	for (size_t i = 0; i < v->ev.n_items; i++) {
		const struct sy_event_item *occ = &v->ev.items[i];
		if ((err = ids_add_code(a, ids, occ->code.canonical)) ||
		    (err = event_lot(v, occ, &lot)) || (err = ids_add_code(a, ids, lot)))
			return err;
	}
	return SY_OK;
}

/* --- reading --------------------------------------------------------------------------------- */

int index_item_id(struct index_read *r, struct sy_str canonical, uint64_t *id)
{
	return canonical.n ? code_id(&r->tx, canonical, id) : SY_ENOTFOUND;
}

static int item_row(struct index_read *r, uint64_t id, struct sy_str *row)
{
	struct kv_place *at = &r->items;
	uint8_t k[8];
	int err;

	sy_put64(k, id);
	at->table = T_ITEMS;
	if ((err = kv_place_seek(&r->tx, at, (struct sy_str){(const char *)k, sizeof k})))
		return err;
	if (at->key.n != sizeof k || memcmp(at->key.p, k, sizeof k))
		return SY_ENOTFOUND;
	*row = at->value;
	return SY_OK;
}

int index_item(struct index_read *r, uint64_t id, struct item *out)
{
	struct sy_str row;
	int err = item_row(r, id, &row);

	return err ? err : item_decode(id, row, out);
}

int index_item_name(struct index_read *r, uint64_t id, struct sy_str *code)
{
	struct sy_str row;
	int err = item_row(r, id, &row);

	return err ? err : item_code(row, code);
}

int index_item_of(struct index_read *r, struct sy_str canonical, struct item *out)
{
	uint64_t id;
	int err = index_item_id(r, canonical, &id);

	return err ? err : item_get(&r->tx, id, out);
}

int index_item_code(struct index_read *r, uint64_t id, struct sy_arena *arena, struct sy_str *code)
{
	struct item it;
	char *copy;
	int err = item_get(&r->tx, id, &it);

	if (err)
		return err;
	if ((copy = sy_arena_strdup(arena, it.code)) == NULL)
		return SY_ENOMEM;
	*code = (struct sy_str){copy, it.code.n};
	return SY_OK;
}

/* What the codes under a product begin with: its own code; and of a drug's product code the trace
 * codes of its packages, which stand under another stem.  Length 0 for no second one. */
static struct key codes_under(struct sy_str product, bool second)
{
	static const char drug_product[] = "urn:suyuan:cn:drug-product:",
			  drug[] = "urn:suyuan:cn:drug:";
	const size_t skip = sizeof drug_product - 1, keep = sizeof drug - 1;
	struct key k = key_code(product);

	if (!second) {
		k.b[k.n] = k.n > 4 && memcmp(k.b, "urn:", 4) == 0 ? ':' : '/';
		k.n++;
	} else if (k.n > skip && memcmp(k.b, drug_product, skip) == 0) {
		memcpy(k.b, drug, keep);
		memmove(k.b + keep, k.b + skip, k.n - skip);
		k.n -= skip - keep;
	} else {
		k.n = 0;
	}
	return k;
}

/* The id of the first item whose code begins with UNDER and comes after AFTER. */
static int next_under(struct kv_tx *tx, const struct key *under, struct sy_str after, uint64_t *id)
{
	struct key past = key_code(after);
	const struct key *from = sy_str_cmp(key_str(&past), key_str(under)) > 0 ? &past : under;
	struct sy_str key, value;
	int err = kv_seek(tx, T_CODES, key_str(from), &key, &value);

	if (err == SY_OK && sy_str_eq(key, key_str(&past)))
		err = kv_next(tx, T_CODES, &key, &value);
	if (err)
		return err;
	if (key.n < under->n || memcmp(key.p, under->b, under->n))
		return SY_ENOTFOUND;
	if (value.n != 8)
		return SY_ECORRUPT;
	*id = sy_get64((const uint8_t *)value.p);
	return SY_OK;
}

bool code_under(struct sy_str product, struct sy_str code)
{
	struct key k = key_code(code);

	for (int second = 0; product.n && second < 2; second++) {
		struct key under = codes_under(product, second);
		if (under.n && k.n >= under.n && memcmp(k.b, under.b, under.n) == 0)
			return true;
	}
	return false;
}

int code_next_under(struct kv_tx *tx, struct sy_str product, struct sy_str after, uint64_t *id)
{
	int err = SY_ENOTFOUND;

	for (int second = 0; second < 2 && err == SY_ENOTFOUND; second++) {
		struct key under = codes_under(product, second);
		if (under.n)
			err = next_under(tx, &under, after, id);
	}
	return err;
}

int index_item_next(struct index_read *r, struct sy_str product, struct sy_str after,
		    struct sy_str *code, struct item *out)
{
	uint64_t id;
	int err = code_next_under(&r->tx, product, after, &id);

	if (err)
		return err;
	err = item_get(&r->tx, id, out);
	*code = out->code;
	return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
}

int index_history_next(struct index_read *r, uint64_t item, uint64_t from, struct item_event *out)
{
	struct kv_place *at = &r->history;
	uint8_t k[16];
	int err;

	sy_put64(k, item);
	sy_put64(k + 8, from);
	at->table = T_HISTORY;
	if ((err = kv_place_seek(&r->tx, at, (struct sy_str){(const char *)k, sizeof k})))
		return err;
	if (at->key.n != sizeof k)
		return SY_ECORRUPT;
	if (memcmp(at->key.p, k, 8))
		return SY_ENOTFOUND;
	out->record = sy_get64((const uint8_t *)at->key.p + 8);
	return history_event(at->value, out);
}
