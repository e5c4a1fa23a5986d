/*
 * GET /v1/items?code=: what one item is, who has how much of it, and what happened to it.
 *
 * A page has LIMIT records of the history from FROM on, and LIMIT holders from HOLDERSFROM on.  Its
 * history is the effective one, or with view=audit also what was withdrawn and by what.  A lot may
 * have hundreds of thousands of records, so it is a query of its own.
 */
#include "api/answer.h"

#include "api/items.h"
#include "index/custody.h"

enum { PAGE = 100, PAGE_MAX = 1000, HOLDERS_MAX = 1 << 20 };
enum {
	READ_MAX = 64,        /* of its newest events are read for what the index doesn't keep */
	READ_BYTES = 8 << 20, /* together */
	RESULTS_MAX = 50      /* quality results are told in full */
};

struct query {
	struct sy_str code;
	uint64_t from, limit, holders_from;
	bool audit;
};

/* The answer under way. */
struct one {
	const struct query *q;
	struct sy_arena arena, text; /* TEXT: of one record at a time */
	struct ledger_read truth;
	struct index_read index;
	struct item it;
	struct sy_jw w;
	size_t read; /* bytes of records */
};

/* --- who has it ------------------------------------------------------------------------------ */

static void kv_bool(struct sy_jw *w, const char *name, bool v)
{
	sy_jw_key(w, name);
	sy_jw_bool(w, v);
}

/* Single units of a lot are counted in a line of their own. */
static void write_unit(struct sy_jw *w, const char unit[4], bool units)
{
	sy_jw_kv_text(w, "unit", unit);
	if (units)
		kv_bool(w, "singleUnits", true);
}

static void write_holder(struct one *o, const struct custody_holder *h)
{
	struct sy_jw *w = &o->w;
	sy_jw_object(w);
	items_write_actor(w, &o->index, "party", h->party);
	items_write_actor(w, &o->index, "place", h->place);
	write_unit(w, h->unit, h->units);
	answer_decimal(w, "onHand", h->on_hand);
	answer_decimal(w, "inTransit", h->in_transit);
	answer_decimal(w, "consumed", h->consumed);
	answer_decimal(w, "sold", h->sold);
	answer_decimal(w, "destroyed", h->destroyed);
	kv_bool(w, "unknown", h->unknown);
	answer_time(w, "since", (uint64_t)h->since);
	sy_jw_end(w, '}');
}

static void write_holders(struct one *o, const struct custody *c)
{
	uint64_t n = c->n_holders, from = o->q->holders_from < n ? o->q->holders_from : n;
	uint64_t end = n - from > o->q->limit ? from + o->q->limit : n;
	sy_jw_key(&o->w, "holders");
	sy_jw_array(&o->w);
	for (uint64_t i = from; i < end; i++)
		write_holder(o, &c->holders[i]);
	sy_jw_end(&o->w, ']');
	sy_jw_kv_u64(&o->w, "holdersCount", n);
	if (end < n)
		sy_jw_kv_u64(&o->w, "holdersNext", end);
	if (c->cut)
		kv_bool(&o->w, "holdersUncertain", true);
}

/* Of what is under way as many as of the history. */
static void write_shipments(struct one *o, const struct custody *c)
{
	struct sy_jw *w = &o->w;
	sy_jw_key(w, "shipments");
	sy_jw_array(w);
	for (size_t i = 0; i < c->n_shipments && i < o->q->limit; i++) {
		const struct custody_shipment *s = &c->shipments[i];
		sy_jw_object(w);
		items_write_actor(w, &o->index, "from", s->from);
		items_write_actor(w, &o->index, "to", s->to);
		write_unit(w, s->unit, s->units);
		answer_decimal(w, "quantity", s->quantity);
		kv_bool(w, "unknown", s->unknown);
		answer_time(w, "since", (uint64_t)s->since);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
	sy_jw_kv_u64(w, "shipmentsCount", c->n_shipments);
}

static void write_flags(struct one *o, const struct custody *c)
{
	struct sy_jw *w = &o->w;
	sy_jw_key(w, "flags");
	sy_jw_array(w);
	for (size_t i = 0; i < c->n_flags; i++) {
		sy_jw_object(w);
		sy_jw_kv_text(w, "flag", custody_fault_kind(c->flags[i].fault));
		sy_jw_kv_text(w, "reason", custody_fault_name(c->flags[i].fault));
		sy_jw_kv_u64(w, "record", c->flags[i].record);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
	if (c->more_flags)
		sy_jw_kv_u64(w, "moreFlags", c->more_flags);
}

static int write_custody(struct one *o)
{
	struct custody c;
	int err = custody_of(&o->index, &o->it, &o->arena, &c);
	if (err)
		return err;
	write_holders(o, &c);
	write_shipments(o, &c);
	write_flags(o, &c);
	return SY_OK;
}

static int write_holds(struct one *o)
{
	struct hold *holds;
	size_t n;
	int err = index_holds(&o->index, o->it.id, &o->arena, &holds, &n);
	sy_jw_key(&o->w, "holds");
	sy_jw_array(&o->w);
	items_write_holds(&o->w, &o->index, holds, err ? 0 : n);
	sy_jw_end(&o->w, ']');
	return err;
}

/* --- what its records say -------------------------------------------------------------------- */

/* The newest of something, as many as there is room for. */
struct newest {
	struct mark {
		uint64_t record;
		struct item_fact fact;
	} v[READ_MAX];
	size_t n, cap; /* N: ever */
};

static void newest_add(struct newest *s, uint64_t record, const struct item_fact *f)
{
	s->v[s->n++ % s->cap] = (struct mark){record, *f};
}

static size_t newest_count(const struct newest *s)
{
	return s->n < s->cap ? s->n : s->cap;
}

/* The Ith, the newest first. */
static const struct mark *newest_at(const struct newest *s, size_t i)
{
	return &s->v[(s->n - 1 - i) % s->cap];
}

/* An event's text; SY_ENOTFOUND when it can't be read any more. */
static int read_event(struct one *o, uint64_t record, struct sy_json_doc *doc, struct sy_event *ev)
{
	struct ledger_record rec;
	struct sy_faults faults;
	sy_arena_reset(&o->text);
	int err = ledger_record(&o->truth, &o->text, record, &rec);
	if (err)
		return err == SY_EGONE ? SY_ENOTFOUND : err;
	o->read += rec.payload.n;
	if ((err = sy_json_parse(&o->text, rec.payload, 0, doc, NULL)))
		return err == SY_ENOMEM ? err : SY_ENOTFOUND;
	sy_faults_init(&faults, &o->text);
	faults.settled = true;
	err = sy_event_read(&o->text, doc, ev, &faults, SY_NO_RECORD);
	return err == SY_ENOMEM ? err : SY_OK;
}

/* A lasting disposition in the short form of CBV. */
static struct sy_str short_form(struct sy_str word)
{
	static const char *const before[] = {"disp:", "Disp-"};
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		const char *at = memmem(word.p, word.n, before[i], 5);
		if (at)
			return (struct sy_str){at + 5, (size_t)(word.p + word.n - at - 5)};
	}
	return word;
}

enum { LASTING_MAX = 16 };
struct dispositions {
	struct sy_str word; /* the latest */
	struct mark at;
	struct lasting {
		struct sy_str word;
		struct mark at;
		bool set;
	} v[LASTING_MAX];
	size_t n;
};

static int add_lasting(struct one *o, struct dispositions *d, const struct mark *at,
		       const struct sy_json_doc *doc, const char *which)
{
	const struct sy_json *lasting =
	    sy_json_get(doc, sy_json_root(doc), "persistentDisposition");
	const struct sy_json *v;
	struct sy_str text;
	sy_json_each (doc, sy_json_get(doc, lasting, which), v) {
		struct lasting *l = d->v;
		if (sy_json_string(doc, v, &o->text, &text))
			continue;
		text = short_form(text);
		while (l < d->v + d->n && !sy_str_eq(l->word, text))
			l++;
		if (l == d->v + LASTING_MAX || (l < d->v + d->n && l->at.fact.time > at->fact.time))
			continue;
		if (l == d->v + d->n) {
			const char *copy = sy_arena_strdup(&o->arena, text);
			if (copy == NULL)
				return SY_ENOMEM;
			l->word = sy_str(copy);
			d->n++;
		}
		l->at = *at;
		l->set = strcmp(which, "set") == 0;
	}
	return SY_OK;
}

static int add_disposition(struct one *o, struct dispositions *d, const struct mark *at)
{
	struct sy_json_doc doc;
	struct sy_event ev;
	int err = read_event(o, at->record, &doc, &ev);
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (ev.disposition.n && (d->word.n == 0 || at->fact.time >= d->at.fact.time)) {
		const char *copy = sy_arena_strdup(&o->arena, ev.disposition);
		if (copy == NULL)
			return SY_ENOMEM;
		d->word = sy_str(copy);
		d->at = *at;
	}
	err = add_lasting(o, d, at, &doc, "unset");
	return err ? err : add_lasting(o, d, at, &doc, "set");
}

static void write_disposition(struct sy_jw *w, struct sy_str word, const struct mark *at,
			      bool lasting)
{
	sy_jw_object(w);
	sy_jw_kv_str(w, "disposition", word);
	if (lasting)
		kv_bool(w, "persistent", true);
	answer_time(w, "since", (uint64_t)at->fact.time);
	sy_jw_kv_u64(w, "record", at->record);
	sy_jw_end(w, '}');
}

/* The latest disposition, and those that last until they are unset. */
static int write_dispositions(struct one *o, const struct newest *events)
{
	struct dispositions d = {.n = 0};
	size_t n = newest_count(events), i;
	int err = SY_OK;
	for (i = n; i > 0 && o->read < READ_BYTES && err == SY_OK; i--)
		err = add_disposition(o, &d, newest_at(events, i - 1));
	sy_jw_key(&o->w, "dispositions");
	sy_jw_array(&o->w);
	if (d.word.n)
		write_disposition(&o->w, d.word, &d.at, false);
	for (size_t l = 0; l < d.n; l++)
		if (d.v[l].set)
			write_disposition(&o->w, d.v[l].word, &d.v[l].at, true);
	sy_jw_end(&o->w, ']');
	if (events->n > n || i > 0)
		kv_bool(&o->w, "dispositionsUncertain", true);
	return err;
}

static void write_result_words(struct sy_jw *w, enum item_result r)
{
	sy_jw_kv_text(w, "result", item_results[r % 2 ? 2 : 1]);
	sy_jw_kv_text(w, "kind", item_inspectors[(r + 1) / 2]);
}

/* With its own words, where they can be read. */
static int write_result(struct one *o, const struct mark *m)
{
	struct sy_jw *w = &o->w;
	struct sy_json_doc doc;
	struct sy_event ev;
	int err = o->read < READ_BYTES ? read_event(o, m->record, &doc, &ev) : SY_ENOTFOUND;
	sy_jw_object(w);
	write_result_words(w, m->fact.result);
	items_write_actor(w, &o->index, "party", m->fact.party);
	answer_time(w, "time", (uint64_t)m->fact.time);
	sy_jw_kv_u64(w, "record", m->record);
	if (err == SY_OK && ev.inspection) {
		sy_jw_key(w, "inspection");
		sy_jw_raw(w, sy_json_raw(&doc, ev.inspection));
	}
	sy_jw_end(w, '}');
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int write_results(struct one *o, const struct newest *results)
{
	int err = SY_OK;
	sy_jw_key(&o->w, "inspections");
	sy_jw_array(&o->w);
	for (size_t i = newest_count(results); i > 0 && err == SY_OK; i--)
		err = write_result(o, newest_at(results, i - 1));
	sy_jw_end(&o->w, ']');
	sy_jw_kv_u64(&o->w, "inspectionsCount", results->n);
	return err;
}

/* What its events in force say beyond what the index keeps; a unit's says nothing of its lot. */
static int write_told(struct one *o)
{
	struct newest *events = sy_arena_calloc(&o->arena, 2, sizeof *events),
		      *results = events + 1;
	struct item_event e;
	uint64_t from = 0;
	int err;
	if (events == NULL)
		return SY_ENOMEM;
	events->cap = READ_MAX;
	results->cap = RESULTS_MAX;
	while ((err = index_history_next(&o->index, o->it.id, from, &e)) == SY_OK) {
		from = e.record + 1;
		if (e.error || e.withdrawn || e.n_facts == 0)
			continue;
		if (e.roles)
			newest_add(events, e.record, &e.facts[0]);
		if (e.facts[0].result)
			newest_add(results, e.record, &e.facts[0]);
	}
	if (err != SY_ENOTFOUND || (err = write_dispositions(o, events)))
		return err;
	return write_results(o, results);
}

/* --- history --------------------------------------------------------------------------------- */

static const char *const roles[] = {"subject", "parent", "child", "input", "output", "lot"};
static const char *const actions[] = {"", "ADD", "OBSERVE", "DELETE"};

/* The other party, or the container, by the name that it has in such a step. */
static int write_other(struct one *o, const struct item_fact *f)
{
	static const char *const names[STEP_COUNT] = {[STEP_SHIP] = "to",
						      [STEP_UNSHIP] = "to",
						      [STEP_SELL] = "to",
						      [STEP_RECEIVE] = "from",
						      [STEP_CREATE] = "from"};
	bool boxed = f->step == STEP_PACK || f->step == STEP_UNPACK;
	struct sy_str code;
	int err;
	if (!boxed)
		items_write_actor(&o->w, &o->index, names[f->step] ? names[f->step] : "other",
				  f->other);
	if (!boxed || f->other == NO_ID)
		return SY_OK;
	sy_arena_reset(&o->text);
	if ((err = index_item_code(&o->index, f->other, &o->text, &code)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	sy_jw_kv_str(&o->w, "container", code);
	return SY_OK;
}

static int write_fact(struct one *o, const struct item_fact *f)
{
	struct sy_jw *w = &o->w;
	sy_jw_kv_text(w, "step", item_step_name(f->step));
	answer_time(w, "time", (uint64_t)f->time);
	items_write_actor(w, &o->index, "party", f->party);
	items_write_actor(w, &o->index, "place", f->place);
	if (f->has_quantity) {
		answer_decimal(w, "quantity", f->quantity);
		sy_jw_kv_text(w, "unit", f->unit);
	}
	if (f->authority)
		kv_bool(w, "authority", true);
	if (f->result)
		write_result_words(w, f->result);
	return write_other(o, f);
}

/* What one record did; a line for each way in which it did something. */
static int write_event(struct one *o, const struct item_event *e)
{
	unsigned i = 0;
	int err = SY_OK;
	do {
		const struct item_fact *f = e->n_facts ? &e->facts[i] : NULL;
		sy_jw_object(&o->w);
		sy_jw_kv_u64(&o->w, "record", e->record);
		/* Without a role of its own it is the lot of the units that are named. */
		sy_jw_kv_text(&o->w, "role",
			      f          ? roles[f->role]
			      : e->roles ? roles[e->role]
					 : "lot");
		if (e->action != SY_ACTION_NONE)
			sy_jw_kv_text(&o->w, "action", actions[e->action]);
		if (e->error)
			kv_bool(&o->w, "error", true);
		if (e->withdrawn)
			kv_bool(&o->w, "withdrawn", true);
		if (f)
			err = write_fact(o, f);
		sy_jw_end(&o->w, '}');
	} while (++i < e->n_facts && err == SY_OK);
	return err;
}

static int write_history(struct one *o)
{
	struct item_event e;
	uint64_t n = 0, from = o->q->from;
	int err;
	sy_jw_key(&o->w, "history");
	sy_jw_array(&o->w);
	while ((err = index_history_next(&o->index, o->it.id, from, &e)) == SY_OK) {
		from = e.record;
		if (o->q->audit || !(e.error || e.withdrawn)) {
			if (n++ == o->q->limit)
				break;
			if ((err = write_event(o, &e)))
				break;
		}
		from++;
	}
	sy_jw_end(&o->w, ']');
	if (err == SY_OK)
		sy_jw_kv_u64(&o->w, "next", from);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* How long it may still be used, as of today. */
static void write_expiry(struct sy_jw *w, const struct item *it)
{
	int32_t last = it->expires != SY_NO_DAY ? it->expires : it->best_before;
	int32_t today = item_today();
	if (last == SY_NO_DAY)
		return;
	sy_jw_key(w, "expiry");
	sy_jw_object(w);
	answer_day(w, "day", last);
	answer_day(w, "today", today);
	kv_bool(w, "expired", last < today);
	sy_jw_key(w, "daysLeft");
	sy_jw_i64(w, (int64_t)last - today);
	sy_jw_end(w, '}');
}

static int write_head(struct one *o)
{
	const struct item *it = &o->it;
	struct sy_jw *w = &o->w;
	struct coverings recalls = {0};
	struct item lot;
	int err = covering_item(&o->index, &o->arena, it->id, &recalls);
	if (err)
		return err;
	item_write(w, &o->index, it, o->q->code);
	items_write_recalls(w, &recalls);
	write_expiry(w, it);
	sy_jw_kv_u64(w, "firstRecord", it->first);
	sy_jw_kv_u64(w, "lastRecord", it->last);
	if (it->flags & ITEM_CREATED)
		sy_jw_kv_u64(w, "createdRecord", it->created);
	if (it->lot != UINT64_MAX && index_item(&o->index, it->lot, &lot) == SY_OK) {
		sy_jw_key(w, "lot");
		sy_jw_object(w);
		sy_jw_kv_str(w, "code", lot.code);
		sy_jw_kv_text(w, "state", item_state(&o->index, &lot, item_today()));
		sy_jw_kv_u64(w, "firstRecord", lot.first);
		sy_jw_end(w, '}');
	}
	sy_jw_kv_u64(w, "historyCount", it->n_history);
	return SY_OK;
}

static int write_one(struct one *o)
{
	int err;
	sy_jw_object(&o->w);
	if ((err = write_head(o)))
		return err;
	sy_jw_kv_text(&o->w, "view", o->q->audit ? "audit" : "effective");
	if ((err = write_custody(o)) || (err = write_holds(o)) || (err = write_told(o)) ||
	    (err = write_history(o)))
		return err;
	answer_as_of(&o->w, &o->index);
	sy_jw_end(&o->w, '}');
	return SY_OK;
}

static int read_one(struct one *o, struct app *app, struct sy_buf *body)
{
	int err = index_read_begin(app->index, &o->index);
	if (err)
		return err;
	if ((err = ledger_read_begin(app->ledger, &o->truth)) == SY_OK) {
		sy_jw_init(&o->w, body);
		if ((err = index_item_of(&o->index, o->q->code, &o->it)) == SY_OK)
			err = write_one(o);
		ledger_read_end(&o->truth);
	}
	index_read_end(&o->index);
	return err;
}

/* An error cuts nothing short unseen: the whole answer is given up. */
static void run(struct http_exchange *x, struct app *app, void *ctx)
{
	struct one *o = sy_arena_calloc(http_arena(x), 1, sizeof *o);
	struct sy_buf body = {0};
	int err = SY_ENOMEM;
	if (o) {
		o->q = ctx;
		err = read_one(o, app, &body);
		sy_arena_free(&o->arena);
		sy_arena_free(&o->text);
	}
	if (err == SY_OK) {
		answer_json(x, 200, &body);
		return;
	}
	sy_buf_free(&body);
	http_problem_err(x, err, err == SY_ENOTFOUND ? "no record names that code" : NULL);
}

static bool read_view(struct http_exchange *x, bool *audit)
{
	struct sy_str view;
	if (!answer_text(x, "view", &view))
		return false;
	*audit = sy_str_is(view, "audit");
	if (*audit || view.n == 0 || sy_str_is(view, "effective"))
		return true;
	http_problem(x, 400, "malformed", "view is effective or audit", NULL);
	return false;
}

void item_answer(struct http_exchange *x, struct app *app, struct sy_str text)
{
	struct query *q = sy_arena_calloc(http_arena(x), 1, sizeof *q);
	struct sy_code code;
	if (q == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	if (!answer_number(x, "from", 0, 0, UINT64_MAX - 1, &q->from) ||
	    !answer_number(x, "limit", PAGE, 1, PAGE_MAX, &q->limit) ||
	    !answer_number(x, "holdersFrom", 0, 0, HOLDERS_MAX, &q->holders_from) ||
	    !read_view(x, &q->audit) || !items_parse_code(x, text, &code))
		return;
	q->code = code.canonical;
	answer_query(x, app, run, q);
}
