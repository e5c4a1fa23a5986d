#include "api/affected_impl.h"

/* JSON and NDJSON. */

/* All at once: there are five in each of some hundred thousand lines. */
static void json_amounts(struct sy_jw *w, const struct sy_decimal *const of[AMOUNTS])
{
	char text[AMOUNTS * (16 + SY_DECIMAL_TEXT)], *p = text;

	for (size_t i = 0; i < AMOUNTS; i++) {
		p = stpcpy(stpcpy(stpcpy(p, i ? ",\"" : "\""), amount_names[i]), "\":\"");
		if (of[i]->coef == 0)
			*p++ = '0';
		else
			sy_decimal_format(*of[i], p);
		p = stpcpy(p + (of[i]->coef ? strlen(p) : 0), "\"");
	}
	sy_jw_raw(w, (struct sy_str){text, (size_t)(p - text)});
}

static void json_holder_amounts(struct sy_jw *w, const struct custody_holder *h)
{
	const struct sy_decimal *const all[AMOUNTS] = {&h->on_hand, &h->in_transit, &h->consumed,
						       &h->sold, &h->destroyed};

	json_amounts(w, all);
}

static void json_total_amounts(struct sy_jw *w, const struct affected_total *t)
{
	const struct sy_decimal *const all[AMOUNTS] = {&t->on_hand, &t->in_transit, &t->consumed,
						       &t->sold, &t->destroyed};

	json_amounts(w, all);
}

static void kv_some(struct sy_jw *w, const char *name, struct sy_str text)
{
	if (text.n)
		sy_jw_kv_str(w, name, text);
}

static void kv_json(struct sy_jw *w, const char *name, struct sy_str json)
{
	if (json.n == 0)
		return;
	sy_jw_key(w, name);
	sy_jw_raw(w, json);
}

static void json_unit(struct sy_jw *w, const char unit[4], bool units, bool unknown)
{
	sy_jw_kv_text(w, "unit", unit);
	if (units) {
		sy_jw_key(w, "singleUnits");
		sy_jw_bool(w, true);
	}
	sy_jw_key(w, "unknown");
	sy_jw_bool(w, unknown);
}

static int json_holder(struct writer *w, const struct custody_holder *h)
{
	const struct who *party = writer_who(w, h->party), *place;
	struct sy_str region = party ? party->region : SY_STR("");

	if (party == NULL)
		return SY_ENOMEM;
	sy_jw_object(&w->w);
	kv_json(&w->w, "party", party->json);
	if ((place = writer_who(w, h->place)) == NULL)
		return SY_ENOMEM;
	kv_json(&w->w, "place", place->json);
	kv_some(&w->w, "region", place->region.n ? place->region : region);
	kv_some(&w->w, "project", place->project);
	kv_some(&w->w, "part", place->part);
	json_holder_amounts(&w->w, h);
	json_unit(&w->w, h->unit, h->units, h->unknown);
	answer_time(&w->w, "since", (uint64_t)h->since);
	sy_jw_end(&w->w, '}');
	return SY_OK;
}

static int json_line(struct writer *w, const struct line *l)
{
	struct custody_holder h;
	size_t at = 0;
	int err = SY_OK;

	sy_jw_object(&w->w);
	sy_jw_kv_str(&w->w, "item", l->item->code);
	sy_jw_kv_text(&w->w, "kind", sy_code_kind_name(l->item->kind));
	answer_day(&w->w, "made", l->item->made);
	sy_jw_kv_u64(&w->w, "distance", l->why->distance);
	sy_jw_key(&w->w, "from");
	if (l->from.n)
		sy_jw_string(&w->w, l->from);
	else
		sy_jw_null(&w->w);
	sy_jw_kv_text(&w->w, "edge", trace_edge_name(l->why->edge));
	sy_jw_key(&w->w, "records");
	sy_jw_array(&w->w);
	for (unsigned i = 0; i < 2 && l->why->records[i] != NO_ID; i++)
		sy_jw_u64(&w->w, l->why->records[i]);
	sy_jw_end(&w->w, ']');
	sy_jw_key(&w->w, "holders");
	sy_jw_array(&w->w);
	while (err == SY_OK && affected_holder(w->a->found, l->nth, &at, &h))
		err = json_holder(w, &h);
	sy_jw_end(&w->w, ']');
	sy_jw_end(&w->w, '}');
	return err;
}

static int json_party(struct writer *w, const struct affected_total *t, uint64_t batches)
{
	const struct who *party = writer_who(w, t->party);

	if (party == NULL)
		return SY_ENOMEM;
	sy_jw_object(&w->w);
	kv_json(&w->w, "party", party->json);
	if (party->shown.n)
		sy_jw_raw(&w->w, party->shown);
	kv_some(&w->w, "region", party->region);
	sy_jw_kv_u64(&w->w, "batches", batches);
	json_total_amounts(&w->w, t);
	json_unit(&w->w, t->unit, t->units, t->unknown);
	sy_jw_end(&w->w, '}');
	who_trim(&w->who);
	return writer_breathe(w);
}

static int json_totals(struct writer *w)
{
	struct affected_total sum;
	uint64_t batches = 0;
	int err = sums_find_regions(w);

	sy_jw_key(&w->w, "totals");
	sy_jw_object(&w->w);
	sy_jw_key(&w->w, "parties");
	sy_jw_array(&w->w);
	for (size_t at = 0; err == SY_OK && sums_next_party(w->a->found, &at, &sum, &batches);)
		err = json_party(w, &sum, batches);
	sy_jw_end(&w->w, ']');
	sy_jw_key(&w->w, "regions");
	sy_jw_array(&w->w);
	for (size_t i = 0; i < w->n_regions; i++) {
		const struct affected_total *t = &w->regions[i].sum;
		sy_jw_object(&w->w);
		sy_jw_kv_str(&w->w, "region", w->regions[i].region);
		json_total_amounts(&w->w, t);
		json_unit(&w->w, t->unit, t->units, t->unknown);
		sy_jw_end(&w->w, '}');
	}
	sy_jw_end(&w->w, ']');
	sy_jw_end(&w->w, '}');
	return err;
}

/* Why something was left out, for people. */
static const char *cut_detail(const struct affected_answer *a, char *text, size_t size)
{
	static const char *const details[] = {
	    [TRACE_CUT_SIZE] = "there is more than there is memory for",
	    [TRACE_CUT_TIME] = "there is more than there is time for"};

	if (a->found->cut == TRACE_WHOLE)
		return NULL;
	if (a->found->cut == TRACE_CUT_DEPTH)
		snprintf(text, size, "there is more, farther than %u", (unsigned)a->depth);
	else
		snprintf(text, size, "%s", details[a->found->cut]);
	return text;
}

static void json_counts(struct writer *w)
{
	const struct affected *f = w->a->found;

	sy_jw_kv_u64(&w->w, "batches", f->batches);
	sy_jw_kv_u64(&w->w, "holders", f->holders);
	if (f->undated)
		sy_jw_kv_u64(&w->w, "undated", f->undated);
	if (f->uncertain) {
		sy_jw_key(&w->w, "holdersUncertain");
		sy_jw_bool(&w->w, true);
	}
	if (w->a->recall.n == 0)
		return;
	sy_jw_kv_str(&w->w, "recall", w->a->recall);
	sy_jw_kv_u64(&w->w, "recallRecord", w->a->record);
}

static int json_consignees(struct writer *w)
{
	const struct affected *f = w->a->found;
	struct sy_str name;
	int err = SY_OK;

	sy_jw_key(&w->w, "consignees");
	sy_jw_array(&w->w);
	for (size_t i = 0; i < f->n_consignees && err == SY_OK; i++) {
		err = index_actor_name(&w->r, f->consignees[i], &name);
		if (err == SY_OK)
			sy_jw_string(&w->w, name);
		err = err == SY_ENOTFOUND ? SY_OK : err; /* it was erased since */
	}
	sy_jw_end(&w->w, ']');
	return err;
}

static int json_tail(struct writer *w)
{
	char detail[96];

	sy_jw_kv_text(&w->w, "cut", trace_cut_name(w->a->found->cut));
	if (cut_detail(w->a, detail, sizeof detail))
		sy_jw_kv_text(&w->w, "detail", detail);
	if (w->a->n_unknown) {
		sy_jw_key(&w->w, "unknown");
		sy_jw_array(&w->w);
		for (size_t i = 0; i < w->a->n_unknown; i++)
			sy_jw_string(&w->w, w->a->unknown[i]);
		sy_jw_end(&w->w, ']');
	}
	int err = json_consignees(w);
	if (err == SY_OK)
		err = json_totals(w);
	sy_jw_end(&w->w, '}');
	sy_buf_byte(&w->b, '\n');
	return err;
}

static void json_head(struct writer *w)
{
	sy_jw_object(&w->w);
	sy_jw_key(&w->w, "items");
	sy_jw_array(&w->w);
}

static int json_end(struct writer *w)
{
	const struct affected *f = w->a->found;

	sy_jw_end(&w->w, ']');
	sy_jw_kv_u64(&w->w, "total", w->written);
	json_counts(w);
	sy_jw_key(&w->w, "asOf");
	sy_jw_object(&w->w);
	sy_jw_kv_u64(&w->w, "entry", affected_entry(f));
	answer_time(&w->w, "time", f->time);
	sy_jw_end(&w->w, '}');
	return json_tail(w);
}

static void nothing(struct writer *w)
{
	(void)w;
}

/* Each line is a text of its own. */
static int ndjson_line(struct writer *w, const struct line *l)
{
	sy_jw_init(&w->w, &w->b);
	int err = json_line(w, l);
	sy_buf_byte(&w->b, '\n');
	return err;
}

static int ndjson_end(struct writer *w)
{
	sy_jw_init(&w->w, &w->b);
	sy_jw_object(&w->w);
	sy_jw_key(&w->w, "end");
	sy_jw_bool(&w->w, true);
	sy_jw_kv_u64(&w->w, "items", w->written);
	json_counts(w);
	sy_jw_kv_u64(&w->w, "asOf", affected_entry(w->a->found));
	return json_tail(w);
}

const struct affected_format affected_ndjson = {
    "ndjson", "application/x-ndjson", nothing, ndjson_line, ndjson_end, false};
const struct affected_format affected_json = {"json",    "application/json", json_head,
					      json_line, json_end,           false};
