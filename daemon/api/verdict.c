#include "api/verdict.h"

#include <suyuan/time.h>

const char *const verdict_names[] = {"recalled",       "held",         "withdrawn",
				     "destroyed",      "expired",      "registered",
				     "serial-unknown", "product-only", "unknown"};

static enum status status_of(const struct item *it)
{
	int32_t last = it->expires != SY_NO_DAY ? it->expires : it->best_before;
	if (it->flags & ITEM_HELD)
		return ST_HELD;
	if (it->flags & ITEM_WITHDRAWN)
		return ST_WITHDRAWN;
	if (it->flags & ITEM_DELETED)
		return ST_DESTROYED;
	if (!(it->flags & (ITEM_CREATED | ITEM_HAS_UNITS)))
		return ST_UNKNOWN;
	return last != SY_NO_DAY && last < item_today() ? ST_EXPIRED : ST_REGISTERED;
}

static enum status graver(enum status a, enum status b)
{
	return a < b ? a : b;
}

/* For an erased record it is the Erasure, whose remains stand. */
static void judge_row(struct snapshot *s, struct found *f)
{
	const unsigned known =
	    ITEM_CREATED | ITEM_DELETED | ITEM_WITHDRAWN | ITEM_HAS_UNITS | ITEM_HELD;
	uint64_t record = f->row.created != UINT64_MAX ? f->row.created : f->row.first, erasure;
	f->known = (f->row.flags & known) != 0;
	f->evidence = index_erased(&s->index, record, &erasure) == SY_OK ? erasure : record;
}

static int find_holds(struct snapshot *s, struct sy_arena *arena, struct found *f)
{
	if (!(f->row.flags & ITEM_HELD))
		return SY_OK;
	return index_holds(&s->index, f->row.id, arena, &f->holds, &f->n_holds);
}

static int find_item(struct snapshot *s, struct sy_str code, struct found *f)
{
	int err = index_item_of(&s->index, code, &f->row);
	f->code = code;
	if (err == SY_OK)
		judge_row(s, f);
	else
		f->row.id = UINT64_MAX;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* The lot in F is the one that the code itself names, if it names any. */
static int find_unit(struct snapshot *s, struct findings *f)
{
	bool printed_known = f->lot.known;
	int err = find_item(s, f->code.canonical, &f->unit);
	if (err)
		return err;
	if (!f->unit.known) {
		f->status = printed_known ? ST_SERIAL_UNKNOWN : ST_UNKNOWN;
		return SY_OK;
	}
	f->status = status_of(&f->unit.row);
	f->registered = &f->unit.row;
	uint64_t lot = f->unit.row.lot;
	if (lot == UINT64_MAX)
		return SY_OK;
	if (lot != f->printed) {
		f->other_lot = f->code.lot_code.n > 0;
		if ((err = index_item(&s->index, lot, &f->lot.row)) != SY_OK ||
		    (err = index_item_code(&s->index, lot, f->arena, &f->lot.code)) != SY_OK)
			return err;
		judge_row(s, &f->lot);
	}
	if (f->lot.known)
		f->status = graver(f->status, status_of(&f->lot.row));
	if (f->other_lot && f->status == ST_REGISTERED)
		f->status = printed_known ? ST_SERIAL_UNKNOWN : ST_UNKNOWN;
	return SY_OK;
}

static int find_around(struct snapshot *s, struct findings *f)
{
	int err = SY_OK;
	f->status = ST_UNKNOWN;
	if (f->code.product.n > 0) {
		err = register_get(&s->index, REG_PRODUCT, f->code.product, &f->product);
		f->has_product = err == SY_OK;
		if (f->has_product)
			f->has_producer = register_get(&s->index, REG_PARTY, f->product.owner,
						       &f->producer) == SY_OK;
		err = err == SY_ENOTFOUND ? SY_OK : err;
	}
	if (!err && f->code.lot_code.n > 0)
		err = find_item(s, f->code.lot_code, &f->lot);
	f->printed = f->lot.row.id;
	return err;
}

static int find_status(struct snapshot *s, struct findings *f)
{
	switch (f->code.kind) {
	case SY_CODE_PRODUCT:
		f->status = f->has_product ? ST_PRODUCT_ONLY : ST_UNKNOWN;
		return SY_OK;
	case SY_CODE_LOT:
		if (f->lot.known) {
			f->status = status_of(&f->lot.row);
			f->registered = &f->lot.row;
		}
		return SY_OK;
	default:
		return find_unit(s, f);
	}
}

static bool is_registered(const struct findings *f)
{
	return f->code.kind == SY_CODE_LOT ? f->lot.row.id != NO_ID : f->unit.row.id != NO_ID;
}

/* Of a lot whose units are recalled in part nobody can tell which one is meant; a unit can say that
 * it isn't. */
static bool is_recalled(const struct findings *f)
{
	for (size_t i = 0; i < f->recalls.n; i++) {
		const struct covering *c = &f->recalls.v[i];
		if (!c->product && (!c->partial || f->code.kind == SY_CODE_LOT))
			return true;
	}
	return false;
}

static int find_marks(struct snapshot *s, struct findings *f)
{
	int err = SY_OK;
	if (f->unit.row.id != NO_ID)
		err = covering_item(&s->index, f->arena, f->unit.row.id, &f->recalls);
	if (err == SY_OK && f->lot.row.id != NO_ID)
		err = covering_item(&s->index, f->arena, f->lot.row.id, &f->recalls);
	if (err == SY_OK && f->other_lot && f->printed != NO_ID)
		err = covering_item(&s->index, f->arena, f->printed, &f->recalls);
	return err;
}

/* A code that isn't in the ledger may stand in a scope; so may the lot beside a unit that is. */
static int find_named(struct snapshot *s, struct findings *f)
{
	struct sy_code code = f->code;
	if (is_registered(f)) {
		if (code.kind == SY_CODE_LOT || code.lot_code.n == 0 || f->printed != NO_ID)
			return SY_OK;
		code.product = SY_STR(""); /* marks have said it */
	}
	return covering_code(&s->index, f->arena, &code, &f->recalls);
}

/* While marks are under way, what they don't say yet is looked for behind the item; of one that
 * nobody registered its lot tells.  f->marking is false when that can't have missed any. */
static int find_behind(struct snapshot *s, struct findings *f)
{
	const struct item *it = f->unit.row.id != NO_ID ? &f->unit.row : &f->lot.row;
	bool whole = false, lot = f->code.kind == SY_CODE_LOT;
	if (it->id == NO_ID || index_marks_known(&s->index)) {
		f->marking = false; /* there is nothing to mark, or marks have said it */
		return SY_OK;
	}
	int err = covering_behind(&s->index, f->arena, it->id, &f->recalls, &whole);
	if (whole && !f->other_lot && !(lot && (it->flags & ITEM_HAS_UNITS)))
		f->marking = false;
	return err;
}

/* Marks say it of what is in the ledger. */
static int find_recalls(struct snapshot *s, struct findings *f)
{
	int err = find_marks(s, f);
	f->marking = index_marking(&s->index);
	if (err == SY_OK && f->marking && !is_recalled(f))
		err = find_behind(s, f);
	if (err == SY_OK)
		err = find_named(s, f);
	if (is_recalled(f))
		f->status = ST_RECALLED;
	return err;
}

/* --- what was found afterwards ---------------------------------------------------------------- */

bool verdict_one_record(const struct findings *f)
{
	return f->unit.known && f->unit.row.created == f->lot.row.created;
}

bool verdict_own(const struct found *f)
{
	return f->known && (f->row.flags & ITEM_INSPECTED);
}

static bool own_failed(const struct found *f)
{
	return verdict_own(f) && f->row.result == 2;
}

bool verdict_failed(const struct findings *f)
{
	bool failed = own_failed(&f->unit) || own_failed(&f->lot);
	for (size_t i = 0; i < f->n_later && !failed; i++)
		failed = f->later[i].it.result % 2;
	return failed;
}

static bool is_told(const struct findings *f, uint64_t record)
{
	if ((verdict_own(&f->unit) && f->unit.row.created == record) ||
	    (verdict_own(&f->lot) && f->lot.row.created == record))
		return true;
	for (size_t i = 0; i < f->n_later; i++)
		if (f->later[i].it.record == record)
			return true;
	return false;
}

static int find_later(struct snapshot *s, struct findings *f, uint64_t item)
{
	struct inspected v[2 * LATER_EACH];
	size_t n;
	bool cut;
	int err;
	if (item == NO_ID)
		return SY_OK;
	if ((err = index_inspected(&s->index, item, LATER_EACH, v, &n, &cut)))
		return err;
	f->later_cut |= cut;
	for (size_t i = 0; i < n; i++) {
		struct later *l = &f->later[f->n_later];
		if (is_told(f, v[i].record))
			continue;
		l->it = v[i];
		if (index_erased(&s->index, v[i].record, &l->evidence) != SY_OK)
			l->evidence = v[i].record;
		f->n_later++;
	}
	return SY_OK;
}

/* --- what the label says -----------------------------------------------------------------------
 */

static bool other_day(struct sy_str label, int32_t registered)
{
	int32_t day;
	return registered != SY_NO_DAY && label.n > 0 && sy_date_parse(label, &day) == SY_OK &&
	       day != registered;
}

struct label_differs verdict_label(const struct findings *f)
{
	const struct item *it = f->registered;
	struct label_differs out = {.lot = f->other_lot};
	if (it == NULL)
		return out;
	const struct item *lot = f->lot.known ? &f->lot.row : it;
	out.made = other_day(f->code.made, it->made != SY_NO_DAY ? it->made : lot->made);
	out.expires =
	    other_day(f->code.expiry, it->expires != SY_NO_DAY ? it->expires : lot->expires);
	return out;
}

int verdict_find(struct snapshot *s, struct findings *f)
{
	int err = find_around(s, f);
	if (err == SY_OK)
		err = find_status(s, f);
	if (err == SY_OK)
		err = find_recalls(s, f);
	if (err == SY_OK && f->status <= ST_HELD &&
	    (err = find_holds(s, f->arena, &f->unit)) == SY_OK)
		err = find_holds(s, f->arena, &f->lot);
	if (err == SY_OK)
		err = find_later(s, f, f->unit.row.id);
	if (err == SY_OK)
		err = find_later(s, f, f->lot.row.id);
	return err || !f->other_lot ? err : find_later(s, f, f->printed);
}
