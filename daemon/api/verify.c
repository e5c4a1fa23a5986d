/*
 * GET /v1/verify: what a person who scans a code wants to know.
 *
 * The ledger vouches for what was registered; it never says genuine.  When in doubt the graver
 * status wins: a unit shares its lot's fate, and a serial that was registered in another lot than
 * the one printed beside it is unknown in that lot.
 */
#include "api/answer.h"

#include "base/metrics.h"
#include "api/items.h"

#include <suyuan/time.h>

#include <time.h>

/* Graver first, as INTERFACES lists them; the first that applies is the verdict. */
enum status {
	ST_RECALLED,
	ST_HELD,
	ST_WITHDRAWN,
	ST_DESTROYED,
	ST_EXPIRED,
	ST_REGISTERED,
	ST_SERIAL_UNKNOWN,
	ST_PRODUCT_ONLY,
	ST_UNKNOWN
};

static const char *const status_names[] = {"recalled",       "held",         "withdrawn",
					   "destroyed",      "expired",      "registered",
					   "serial-unknown", "product-only", "unknown"};

/* An item that the code names, or that belongs to it. */
struct found {
	bool known;      /* it was commissioned at some time, whatever became of it, or is held */
	struct item row; /* its id is UINT64_MAX when no record names it */
	struct sy_str code;
	uint64_t evidence;  /* the record that says so and can be read and proven */
	struct hold *holds; /* that stand */
	size_t n_holds;
};

/* What is known about one code. */
struct findings {
	struct sy_arena *arena;
	struct sy_code code;
	enum status status;
	bool has_product, has_producer;
	struct register_row product, producer;
	struct found lot, unit;
	const struct item *registered; /* the unit's or the lot's row that dates come from */
	bool other_lot;   /* the serial is registered, but in another lot than the code says */
	uint64_t printed; /* the lot that the code says, NO_ID when no record names it */
	struct coverings recalls;
	bool marking; /* of a recall: more may come */
	uint64_t lookups, first_lookup;
};

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

/* Marks say it of what is in the ledger. */
static int find_recalls(struct snapshot *s, struct findings *f)
{
	bool whole;
	int err = find_marks(s, f);
	f->marking = index_marking(&s->index);
	if (err == SY_OK && f->marking && is_registered(f) && !is_recalled(f))
		err = covering_behind(&s->index, f->arena,
				      f->unit.row.id != NO_ID ? f->unit.row.id : f->lot.row.id,
				      &f->recalls, &whole);
	if (err == SY_OK)
		err = find_named(s, f);
	if (is_recalled(f))
		f->status = ST_RECALLED;
	return err;
}

static int find_all(struct snapshot *s, struct findings *f)
{
	int err = find_around(s, f);
	if (err == SY_OK)
		err = find_status(s, f);
	if (err == SY_OK)
		err = find_recalls(s, f);
	if (err == SY_OK && f->status <= ST_HELD &&
	    (err = find_holds(s, f->arena, &f->unit)) == SY_OK)
		err = find_holds(s, f->arena, &f->lot);
	return err;
}

/* --- the answer ------------------------------------------------------------------------------ */

/* One row of the register: its id under the name that its kind has, and what is shown of it. */
static void write_row(struct sy_jw *w, const char *name, const struct register_row *row,
		      const char *id, bool owned)
{
	sy_jw_key(w, name);
	if (row == NULL) {
		sy_jw_null(w);
		return;
	}
	sy_jw_object(w);
	sy_jw_kv_str(w, id, row->id);
	if (row->shown.n > 0)
		sy_jw_raw(w, row->shown);
	if (owned)
		sy_jw_kv_str(w, "owner", row->owner);
	sy_jw_kv_u64(w, "record", row->record);
	sy_jw_end(w, '}');
}

static void write_item(struct sy_jw *w, struct index_read *r, const char *name,
		       const struct found *f)
{
	sy_jw_key(w, name);
	if (!f->known) {
		sy_jw_null(w);
		return;
	}
	sy_jw_object(w);
	item_write(w, r, &f->row, f->code);
	sy_jw_key(w, "records");
	sy_jw_array(w);
	sy_jw_u64(w, f->evidence);
	sy_jw_end(w, ']');
	sy_jw_end(w, '}');
}

/* Where the label says another date than the register: a sign that it was altered or copied. */
static void write_mismatches(struct sy_jw *w, const struct findings *f)
{
	const struct item *it = f->registered;
	int32_t day;
	sy_jw_key(w, "labelDiffers");
	sy_jw_array(w);
	if (f->other_lot)
		sy_jw_text(w, "lot");
	if (it && it->expires == SY_NO_DAY && f->lot.known)
		it = &f->lot.row;
	if (it && it->expires != SY_NO_DAY && f->code.expiry.n > 0 &&
	    sy_date_parse(f->code.expiry, &day) == SY_OK && day != it->expires)
		sy_jw_text(w, "expires");
	if (it && it->made != SY_NO_DAY && f->code.made.n > 0 &&
	    sy_date_parse(f->code.made, &day) == SY_OK && day != it->made)
		sy_jw_text(w, "made");
	sy_jw_end(w, ']');
}

/* A unit and its lot may have come into the ledger with one record. */
static bool same_record(const struct findings *f)
{
	return f->unit.known && f->unit.row.created == f->lot.row.created;
}

static void word(struct sy_jw *w, const char *name, const char *text)
{
	if (text)
		sy_jw_kv_text(w, name, text);
}

/* The quality result that the commissioning carries.  Its whole text is in the record: to open one
 * for each code that is scanned would cost as much as all the rest of the verdict. */
static void write_inspection(struct sy_jw *w, const struct found *f)
{
	if (!f->known || !(f->row.flags & ITEM_INSPECTED))
		return;
	sy_jw_object(w);
	word(w, "result", item_results[f->row.result]);
	word(w, "kind", item_inspectors[f->row.inspector]);
	answer_day(w, "date", f->row.inspected);
	sy_jw_kv_u64(w, "record", f->evidence);
	sy_jw_end(w, '}');
}

static void write_inspections(struct sy_jw *w, const struct findings *f)
{
	sy_jw_key(w, "inspections");
	sy_jw_array(w);
	write_inspection(w, &f->unit);
	if (!same_record(f))
		write_inspection(w, &f->lot);
	sy_jw_end(w, ']');
}

/* The oldest of the holds, which is why it can't go. */
static void write_hold_record(struct sy_jw *w, const struct found *f)
{
	if (f->n_holds)
		sy_jw_u64(w, f->holds[0].record);
}

static void write_records(struct sy_jw *w, const struct findings *f)
{
	sy_jw_key(w, "records");
	sy_jw_array(w);
	for (size_t i = 0; i < f->recalls.n; i++)
		sy_jw_u64(w, f->recalls.v[i].recall.row.record);
	write_hold_record(w, &f->unit);
	write_hold_record(w, &f->lot);
	if (f->unit.known && f->unit.row.created != UINT64_MAX)
		sy_jw_u64(w, f->unit.evidence);
	if (f->lot.known && f->lot.row.created != UINT64_MAX && !same_record(f))
		sy_jw_u64(w, f->lot.evidence);
	if (f->has_product)
		sy_jw_u64(w, f->product.record);
	if (f->has_producer)
		sy_jw_u64(w, f->producer.record);
	sy_jw_end(w, ']');
}

static void write_lookups(struct sy_jw *w, const struct findings *f)
{
	if (f->lookups == 0)
		return;
	sy_jw_key(w, "lookups");
	sy_jw_object(w);
	sy_jw_kv_u64(w, "count", f->lookups);
	answer_time(w, "first", f->first_lookup);
	sy_jw_end(w, '}');
}

static void write_findings(struct snapshot *s, struct sy_buf *body, const struct findings *f)
{
	bool serial = f->code.kind == SY_CODE_UNIT || f->code.kind == SY_CODE_CN_DRUG;
	struct sy_jw w;
	sy_jw_init(&w, body);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "status", status_names[f->status]);
	sy_jw_key(&w, "code");
	sy_code_write_json(&w, &f->code);
	write_row(&w, "product", f->has_product ? &f->product : NULL, "code", true);
	write_row(&w, "producer", f->has_producer ? &f->producer : NULL, "id", false);
	write_item(&w, &s->index, "lot", &f->lot);
	write_item(&w, &s->index, serial ? "serial" : "item", &f->unit);
	write_inspections(&w, f);
	items_write_recalls(&w, &f->recalls);
	if (f->marking) { /* what isn't said above may be in a moment */
		sy_jw_key(&w, "recallsPending");
		sy_jw_bool(&w, true);
	}
	if (f->unit.n_holds || f->lot.n_holds) {
		sy_jw_key(&w, "holds");
		sy_jw_array(&w);
		items_write_holds(&w, &s->index, f->unit.holds, f->unit.n_holds);
		items_write_holds(&w, &s->index, f->lot.holds, f->lot.n_holds);
		sy_jw_end(&w, ']');
	}
	write_mismatches(&w, f);
	write_lookups(&w, f);
	write_records(&w, f);
	answer_as_of(&w, &s->index);
	sy_jw_end(&w, '}');
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static void read_verdict(struct http_exchange *x, struct snapshot *s)
{
	uint64_t began = now_us();
	struct findings f = {
	    .arena = http_arena(x), .lot.row.id = NO_ID, .unit.row.id = NO_ID, .printed = NO_ID};
	struct sy_buf *body = http_body(x);
	struct sy_str text;
	int err;
	if (!answer_text(x, "code", &text) || !items_parse_code(x, text, &f.code))
		return;
	if ((err = find_all(s, &f)) != SY_OK) {
		http_problem_err(x, err, NULL);
		return;
	}
	/* A count that can't be kept is no reason to keep the verdict back. */
	if (f.unit.known && lookups_count(s->app->lookups, f.code.canonical, sy_time_now(),
					  &f.lookups, &f.first_lookup) != SY_OK)
		f.lookups = 0;
	write_findings(s, body, &f);
	metric_add(METRIC_VERIFIES, 1);
	metric_time(METRIC_TIME_VERIFY, now_us() - began);
	answer_json(x, 200, body);
}

void handle_verify(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_verdict);
}
