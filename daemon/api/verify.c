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

/* What is known about one code. */
struct findings {
	struct sy_arena *arena;
	struct sy_code code;
	enum status status;
	bool has_product, has_lot, has_unit, has_producer;
	struct register_row product, producer;
	struct item lot, unit;
	struct sy_str lot_code;
	const struct item *registered; /* the unit's or the lot's row that dates come from */
	bool other_lot; /* the serial is registered, but in another lot than the code says */
	uint64_t lookups, first_lookup;
};

static enum status status_of(const struct item *it)
{
	int32_t last = it->expires != SY_NO_DAY ? it->expires : it->best_before;
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

/* Known: it was commissioned at some time, whatever became of it. */
static bool known(const struct item *it)
{
	return (it->flags & (ITEM_CREATED | ITEM_DELETED | ITEM_WITHDRAWN | ITEM_HAS_UNITS)) != 0;
}

/* The row of a code; its id is UINT64_MAX when no record names it. */
static int find_item(struct snapshot *s, struct sy_str code, struct item *it, bool *found)
{
	int err = index_item_of(&s->index, code, it);
	*found = err == SY_OK && known(it);
	if (err)
		it->id = UINT64_MAX;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* The lot in F is the one that the code itself names, if it names any. */
static int find_unit(struct snapshot *s, struct findings *f)
{
	bool printed_known = f->has_lot;
	uint64_t printed = f->code.lot_code.n > 0 ? f->lot.id : UINT64_MAX;
	int err = find_item(s, f->code.canonical, &f->unit, &f->has_unit);
	if (err)
		return err;
	if (!f->has_unit) {
		f->status = printed_known ? ST_SERIAL_UNKNOWN : ST_UNKNOWN;
		return SY_OK;
	}
	f->status = status_of(&f->unit);
	f->registered = &f->unit;
	if (f->unit.lot == UINT64_MAX)
		return SY_OK;
	if (f->unit.lot != printed) {
		f->other_lot = f->code.lot_code.n > 0;
		if ((err = index_item(&s->index, f->unit.lot, &f->lot)) != SY_OK ||
		    (err = index_item_code(&s->index, f->unit.lot, f->arena, &f->lot_code)) !=
			SY_OK)
			return err;
		f->has_lot = known(&f->lot);
	}
	if (f->has_lot)
		f->status = graver(f->status, status_of(&f->lot));
	if (f->other_lot && f->status == ST_REGISTERED)
		f->status = printed_known ? ST_SERIAL_UNKNOWN : ST_UNKNOWN;
	return SY_OK;
}

static int find_all(struct snapshot *s, struct findings *f)
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
	if (!err && f->code.lot_code.n > 0) {
		f->lot_code = f->code.lot_code;
		err = find_item(s, f->lot_code, &f->lot, &f->has_lot);
	}
	if (err)
		return err;
	switch (f->code.kind) {
	case SY_CODE_PRODUCT:
		f->status = f->has_product ? ST_PRODUCT_ONLY : ST_UNKNOWN;
		return SY_OK;
	case SY_CODE_LOT:
		if (f->has_lot) {
			f->status = status_of(&f->lot);
			f->registered = &f->lot;
		}
		return SY_OK;
	default:
		return find_unit(s, f);
	}
}

/* --- the answer ------------------------------------------------------------------------------ */

static void write_member(struct sy_jw *w, const struct sy_json_doc *doc, const char *name)
{
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), name);
	if (v) {
		sy_jw_key(w, name);
		sy_jw_raw(w, sy_json_raw(doc, v));
	}
}

static const char *const of_product[] = {"name", "category", "specification", "standard", NULL};
static const char *const of_party[] = {"name", NULL};

/* One row of the register: its id under the name that its kind has, and members of its record. */
static void write_row(struct http_exchange *x, struct sy_jw *w, const char *name,
		      const struct register_row *row, const char *id, const char *const members[],
		      bool owned)
{
	struct sy_json_doc doc;
	sy_jw_key(w, name);
	if (row == NULL) {
		sy_jw_null(w);
		return;
	}
	sy_jw_object(w);
	sy_jw_kv_str(w, id, row->id);
	if (sy_json_parse(http_arena(x), row->payload, 0, &doc, NULL) == SY_OK)
		for (; *members; members++)
			write_member(w, &doc, *members);
	if (owned)
		sy_jw_kv_str(w, "owner", row->owner);
	sy_jw_kv_u64(w, "record", row->record);
	sy_jw_end(w, '}');
}

/* The record that can be read and proven: for an erased one the Erasure, whose remains stand. */
static uint64_t evidence(struct snapshot *s, uint64_t record)
{
	uint64_t erasure;
	return index_erased(&s->index, record, &erasure) == SY_OK ? erasure : record;
}

static void write_item(struct snapshot *s, struct sy_jw *w, const char *name, bool there,
		       const struct item *it, struct sy_str code)
{
	sy_jw_key(w, name);
	if (!there) {
		sy_jw_null(w);
		return;
	}
	sy_jw_object(w);
	item_write(w, it, code);
	sy_jw_key(w, "records");
	sy_jw_array(w);
	sy_jw_u64(w, evidence(s, it->created != UINT64_MAX ? it->created : it->first));
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
	if (it && it->expires == SY_NO_DAY && f->has_lot)
		it = &f->lot;
	if (it && it->expires != SY_NO_DAY && f->code.expiry.n > 0 &&
	    sy_date_parse(f->code.expiry, &day) == SY_OK && day != it->expires)
		sy_jw_text(w, "expires");
	if (it && it->made != SY_NO_DAY && f->code.made.n > 0 &&
	    sy_date_parse(f->code.made, &day) == SY_OK && day != it->made)
		sy_jw_text(w, "made");
	sy_jw_end(w, ']');
}

/* Quality results that the commissioning records themselves carry. */
static void write_inspections(struct http_exchange *x, struct snapshot *s, struct sy_jw *w,
			      const struct findings *f)
{
	const struct item *of[2] = {f->has_unit ? &f->unit : NULL, f->has_lot ? &f->lot : NULL};
	sy_jw_key(w, "inspections");
	sy_jw_array(w);
	for (unsigned i = 0; i < 2; i++) {
		struct ledger_record rec;
		struct sy_json_doc doc;
		const struct sy_json *v;
		if (of[i] == NULL || !(of[i]->flags & ITEM_INSPECTED) ||
		    (i == 1 && of[0] && of[0]->created == of[1]->created) ||
		    ledger_record(&s->truth, http_arena(x), of[i]->created, &rec) != SY_OK ||
		    sy_json_parse(http_arena(x), rec.payload, 0, &doc, NULL) != SY_OK)
			continue;
		v = sy_json_get(&doc, sy_json_root(&doc), "suyuan:inspection");
		if (v)
			sy_jw_raw(w, sy_json_raw(&doc, v));
	}
	sy_jw_end(w, ']');
}

static void write_records(struct snapshot *s, struct sy_jw *w, const struct findings *f)
{
	uint64_t list[4], n = 0;
	if (f->has_unit && f->unit.created != UINT64_MAX)
		list[n++] = evidence(s, f->unit.created);
	if (f->has_lot && f->lot.created != UINT64_MAX &&
	    (!f->has_unit || f->unit.created != f->lot.created))
		list[n++] = evidence(s, f->lot.created);
	if (f->has_product)
		list[n++] = f->product.record;
	if (f->has_producer)
		list[n++] = f->producer.record;
	sy_jw_key(w, "records");
	sy_jw_array(w);
	for (uint64_t i = 0; i < n; i++)
		sy_jw_u64(w, list[i]);
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

static void write_findings(struct http_exchange *x, struct snapshot *s, struct sy_buf *body,
			   const struct findings *f)
{
	struct sy_jw w;
	sy_jw_init(&w, body);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "status", status_names[f->status]);
	sy_jw_key(&w, "code");
	sy_code_write_json(&w, &f->code);
	write_row(x, &w, "product", f->has_product ? &f->product : NULL, "code", of_product, true);
	write_row(x, &w, "producer", f->has_producer ? &f->producer : NULL, "id", of_party, false);
	write_item(s, &w, "lot", f->has_lot, &f->lot, f->lot_code);
	write_item(s, &w,
		   f->code.kind == SY_CODE_UNIT || f->code.kind == SY_CODE_CN_DRUG ? "serial"
										   : "item",
		   f->has_unit, &f->unit, f->code.canonical);
	write_inspections(x, s, &w, f);
	sy_jw_key(&w, "recalls");
	sy_jw_array(&w);
	sy_jw_end(&w, ']');
	write_mismatches(&w, f);
	write_lookups(&w, f);
	write_records(s, &w, f);
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
	struct findings f = {.arena = http_arena(x)};
	struct sy_buf body = {0};
	struct sy_str text;
	int err;
	if (!answer_text(x, "code", &text) || !items_parse_code(x, text, &f.code))
		return;
	if ((err = find_all(s, &f)) != SY_OK) {
		http_problem_err(x, err, NULL);
		return;
	}
	/* A count that can't be kept is no reason to keep the verdict back. */
	if (f.has_unit && lookups_count(s->app->lookups, f.code.canonical, sy_time_now(),
					&f.lookups, &f.first_lookup) != SY_OK)
		f.lookups = 0;
	write_findings(x, s, &body, &f);
	metric_add(METRIC_VERIFIES, 1);
	metric_time(METRIC_TIME_VERIFY, now_us() - began);
	answer_json(x, 200, &body);
}

void handle_verify(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_verdict);
}
