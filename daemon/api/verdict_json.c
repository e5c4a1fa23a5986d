#include "api/verdict.h"

#include <suyuan/time.h>

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

static void write_mismatches(struct sy_jw *w, const struct findings *f)
{
	struct label_differs differs = verdict_label(f);
	sy_jw_key(w, "labelDiffers");
	sy_jw_array(w);
	if (differs.lot)
		sy_jw_text(w, "lot");
	if (differs.expires)
		sy_jw_text(w, "expires");
	if (differs.made)
		sy_jw_text(w, "made");
	sy_jw_end(w, ']');
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
	if (!verdict_own(f))
		return;
	sy_jw_object(w);
	word(w, "result", item_results[f->row.result]);
	word(w, "kind", item_inspectors[f->row.inspector]);
	answer_day(w, "date", f->row.inspected);
	sy_jw_kv_u64(w, "record", f->evidence);
	sy_jw_end(w, '}');
}

static void write_later(struct sy_jw *w, struct index_read *r, const struct later *l)
{
	char day[12];
	sy_jw_object(w);
	sy_jw_kv_text(w, "result", item_results[l->it.result % 2 ? 2 : 1]);
	sy_jw_kv_text(w, "kind", item_inspectors[(l->it.result + 1) / 2]);
	sy_date_format(sy_date_of((uint64_t)l->it.time, 8 * 60), day);
	sy_jw_kv_text(w, "date", day);
	sy_jw_key(w, "later");
	sy_jw_bool(w, true);
	items_write_actor(w, r, "party", l->it.party);
	answer_time(w, "time", (uint64_t)l->it.time);
	sy_jw_kv_u64(w, "record", l->evidence);
	sy_jw_end(w, '}');
}

/* First those of the registration itself. */
static void write_inspections(struct sy_jw *w, struct index_read *r, const struct findings *f)
{
	sy_jw_key(w, "inspections");
	sy_jw_array(w);
	write_inspection(w, &f->unit);
	if (!verdict_one_record(f))
		write_inspection(w, &f->lot);
	for (size_t i = 0; i < f->n_later; i++)
		write_later(w, r, &f->later[i]);
	sy_jw_end(w, ']');
	sy_jw_key(w, "inspectionFailed");
	sy_jw_bool(w, verdict_failed(f));
	if (f->later_cut) {
		sy_jw_key(w, "inspectionsCut");
		sy_jw_bool(w, true);
	}
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
	if (f->lot.known && f->lot.row.created != UINT64_MAX && !verdict_one_record(f))
		sy_jw_u64(w, f->lot.evidence);
	if (f->has_product)
		sy_jw_u64(w, f->product.record);
	if (f->has_producer)
		sy_jw_u64(w, f->producer.record);
	for (size_t i = 0; i < f->n_later; i++)
		sy_jw_u64(w, f->later[i].evidence);
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

void verdict_json(struct snapshot *s, struct sy_buf *body, const struct findings *f)
{
	bool serial = f->code.kind == SY_CODE_UNIT || f->code.kind == SY_CODE_CN_DRUG;
	struct sy_jw w;
	sy_jw_init(&w, body);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "status", verdict_names[f->status]);
	sy_jw_key(&w, "code");
	sy_code_write_json(&w, &f->code);
	write_row(&w, "product", f->has_product ? &f->product : NULL, "code", true);
	write_row(&w, "producer", f->has_producer ? &f->producer : NULL, "id", false);
	write_item(&w, &s->index, "lot", &f->lot);
	write_item(&w, &s->index, serial ? "serial" : "item", &f->unit);
	write_inspections(&w, &s->index, f);
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
