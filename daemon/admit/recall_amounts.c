/*
 * What an answer or a report says of quantities: can it be, and does the ledger know of it?
 *
 * What contradicts itself is refused.  What the ledger merely doesn't know may be true all the
 * same, papers arrive late: that is a warning, and the record is kept.
 */
#include <stdlib.h>

#include "admit/recall.h"

#include "index/custody.h"
#include "trace/units.h"

enum amount { FOUND, STOPPED, RETURNED, DESTROYED, MADE, SOLD, TO_RECALL, RECOVERED, OUTSTANDING };
enum { AMOUNTS = OUTSTANDING + 1 };
static const char *const names[AMOUNTS] = {"found", "stopped",  "returned",  "destroyed",  "made",
					   "sold",  "toRecall", "recovered", "outstanding"};

/* A part is never more than its whole. */
static const struct {
	enum amount part, whole;
	int status; /* 0: seldom, but it can be */
} parts[] = {{STOPPED, FOUND, 422},    {RETURNED, FOUND, 422}, {DESTROYED, FOUND, 422},
	     {SOLD, MADE, 422},        {TO_RECALL, MADE, 422}, {OUTSTANDING, TO_RECALL, 422},
	     {RECOVERED, TO_RECALL, 0}};
enum { PARTS = sizeof parts / sizeof *parts };

struct said {
	unsigned nth; /* in the list */
	struct sy_code code;
	bool legible; /* CODE is one */
	struct sy_str uom;
	struct sy_decimal v[AMOUNTS];
	unsigned has; /* bit 1 << enum amount each */
};

struct statement {
	struct check *c;
	const struct recall *r;
	struct said *v;
	size_t n;
	struct sy_str party; /* of an answer; empty for a report */
	uint64_t began;      /* ms, of what is looked up in the ledger */
	unsigned left_out;   /* weren't */
};

struct spot { /* a pointer, as long as it is used */
	char text[48];
};

static struct spot spot_of(const struct said *q, const char *member)
{
	struct spot s;
	snprintf(s.text, sizeof(s.text), "/quantities/%u/%s", q->nth, member);
	return s;
}

#define at(q, member) spot_of(q, member).text

/* --- what it says ---------------------------------------------------------------------------- */

static void amounts_read(const struct sy_json_doc *doc, const struct sy_json *v, struct said *q)
{
	for (unsigned i = 0; i < AMOUNTS; i++) {
		const struct sy_json *n = sy_json_get(doc, v, names[i]);
		if (n && sy_decimal_parse(sy_json_raw(doc, n), &q->v[i]) == SY_OK)
			q->has |= 1U << i;
	}
}

static bool statement_read(struct statement *s, const struct sy_json_doc *doc)
{
	const struct sy_json *list = sy_json_get(doc, sy_json_root(doc), "quantities"), *v;
	struct check *c = s->c;
	s->v = allocate(c, ((list ? list->count : 0) + 1) * sizeof(*s->v));
	if (!s->v)
		return false;
	sy_json_each (doc, list, v) {
		struct said *q = &s->v[s->n];
		struct sy_str text = text_of(c, doc, v, "code");
		q->nth = (unsigned)s->n++;
		q->uom = text_of(c, doc, v, "uom");
		q->legible = text.n > 0 && sy_code_parse(c->arena, text, &q->code, c->faults,
							 c->record, at(q, "code")) == SY_OK;
		amounts_read(doc, v, q);
	}
	return true;
}

/* --- does it contradict itself? -------------------------------------------------------------- */

/* As an event's uom (lib/event_items.c). */
static void unit_form(struct check *c, const struct said *q)
{
	bool fits = q->uom.n == 0 || q->uom.n == 2 || q->uom.n == 3;
	for (size_t i = 0; fits && i < q->uom.n; i++)
		fits = (q->uom.p[i] >= 'A' && q->uom.p[i] <= 'Z') ||
		       (q->uom.p[i] >= '0' && q->uom.p[i] <= '9');
	if (!fits)
		fault(c, 422, at(q, "uom"),
		      "\"%.*s\" is no unit: expected a UN/ECE unit code such as KGM, LTR or H87",
		      "\"%.*s\" 不是单位：应为 UN/ECE 单位代码，如 KGM、LTR 或 H87", TEXT(q->uom));
}

static void part_check(struct check *c, const struct said *q, unsigned i)
{
	unsigned part = parts[i].part, whole = parts[i].whole, both = 1U << part | 1U << whole;
	char more[SY_DECIMAL_TEXT], most[SY_DECIMAL_TEXT];
	if ((q->has & both) != both || sy_decimal_cmp(q->v[part], q->v[whole]) <= 0)
		return;
	sy_decimal_format(q->v[part], more);
	sy_decimal_format(q->v[whole], most);
	fault(c, parts[i].status, at(q, names[part]), "%s is more than %s: expected at most %s",
	      "%s 多于 %s：应不超过 %s", more, names[whole], most);
}

/* What was returned is with somebody else, and wasn't destroyed here: both are recovered. */
static void recovered_check(struct check *c, const struct said *q)
{
	unsigned all = 1U << FOUND | 1U << RETURNED | 1U << DESTROYED;
	struct sy_decimal sum;
	char more[SY_DECIMAL_TEXT], most[SY_DECIMAL_TEXT];
	if ((q->has & all) != all || sy_decimal_cmp(q->v[RETURNED], q->v[FOUND]) > 0 ||
	    sy_decimal_cmp(q->v[DESTROYED], q->v[FOUND]) > 0 ||
	    sy_decimal_add(q->v[RETURNED], q->v[DESTROYED], &sum) != SY_OK ||
	    sy_decimal_cmp(sum, q->v[FOUND]) <= 0)
		return;
	sy_decimal_format(sum, more);
	sy_decimal_format(q->v[FOUND], most);
	fault(c, 422, at(q, names[DESTROYED]),
	      "returned and destroyed are %s together, more than %s: expected at most %s, each "
	      "thing under one of them",
	      "退回与销毁合计 %s，多于 %s：应不超过 %s，同一货物只计一次", more, names[FOUND],
	      most);
}

static int by_code(const void *a, const void *b)
{
	const struct said *x = *(const struct said *const *)a, *y = *(const struct said *const *)b;
	int order = sy_str_cmp(x->code.canonical, y->code.canonical);
	if (order == 0)
		order = sy_str_cmp(x->uom, y->uom);
	return order ? order : (x->nth > y->nth) - (x->nth < y->nth);
}

/* One code twice in a unit: which of them counts? */
static void twice_check(struct statement *s)
{
	const struct said **sorted = allocate(s->c, (s->n + 1) * sizeof(const struct said *));
	size_t n = 0, first = 0;
	if (!sorted)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].legible)
			sorted[n++] = &s->v[i];
	if (n > 0)
		qsort(sorted, n, sizeof(const struct said *), by_code);
	for (size_t i = 1; i < n; i++) {
		const struct said *a = sorted[first], *b = sorted[i];
		if (sy_str_eq(a->code.canonical, b->code.canonical) && sy_str_eq(a->uom, b->uom))
			fault(s->c, 422, at(b, "code"),
			      "%.*s stands at /quantities/%u already: expected each code once in a "
			      "unit",
			      "%.*s 已出现在 /quantities/%u：每个编码在同一单位下应只出现一次",
			      TEXT(b->code.given), a->nth);
		else
			first = i;
	}
}

/* --- does the ledger know of it? ------------------------------------------------------------- */

static int lookup(struct check *c, int err)
{
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	return err;
}

/* The item that a code names, or the lot in the code of a unit that isn't registered. */
static bool item_find(struct check *c, const struct said *q, struct item *it)
{
	if (lookup(c, index_item_of(&c->r, q->code.canonical, it)) == SY_OK)
		return true;
	if (q->code.lot_code.n > 0 &&
	    lookup(c, index_item_of(&c->r, q->code.lot_code, it)) == SY_OK)
		return true;
	fault(c, 0, at(q, "code"), "%.*s isn't in the ledger: is it the code that is meant?",
	      "%.*s 未登记：请核对编码", TEXT(q->code.given));
	return false;
}

/* An exercise marks nothing, and while marks are under way one that isn't there may come. */
static void scope_check(struct statement *s, const struct said *q, const struct item *it)
{
	struct check *c = s->c;
	struct index_mark m;
	const struct sy_json *mock =
	    s->r->doc ? sy_json_get(s->r->doc, sy_json_root(s->r->doc), "mock") : NULL;
	if (s->r->number == UINT64_MAX || s->r->new_here || (mock && mock->type == SY_JSON_TRUE) ||
	    index_marking(&c->r))
		return;
	int err = lookup(c, index_mark_next(&c->r, it->id, s->r->number, &m));
	if (err == SY_ENOTFOUND || (err == SY_OK && m.number != s->r->number))
		fault(c, 0, at(q, "code"),
		      "recall %.*s doesn't cover %.*s as far as the ledger knows: is it the code "
		      "that is meant?",
		      "据账本所知，召回 %.*s 不涉及 %.*s：请核对编码", TEXT(s->r->id),
		      TEXT(q->code.given));
}

/* Pieces without uom are those of H87. */
static const char *unit_text(const char *unit)
{
	return unit[0] ? unit : "H87";
}

static bool uom_copy(const struct said *q, char out[8])
{
	if (q->uom.n >= 8)
		return false;
	memcpy(out, q->uom.p, q->uom.n);
	out[q->uom.n] = '\0';
	return true;
}

/* Can what it says be added to what the batch was made in?  What was never counted has none. */
static bool unit_check(struct check *c, const struct said *q, const struct item *it)
{
	char uom[8];
	bool counted = it->added.coef > 0, pieces = it->flags & ITEM_HAS_UNITS;
	if (!uom_copy(q, uom))
		return false;
	if ((it->flags & ITEM_MIXED_UNITS) || (!counted && !pieces) ||
	    units_agree(unit_text(uom), unit_text(counted ? it->unit : "")) ||
	    (pieces && units_agree(unit_text(uom), "H87")))
		return true;
	fault(c, 0, at(q, "uom"),
	      "%s can't be turned into %s, the unit of %.*s in the ledger: the two aren't added up",
	      "%s 无法换算为 %s（账本中 %.*s 的单位）：两者不会合计", unit_text(uom),
	      unit_text(counted ? it->unit : ""), TEXT(q->code.given));
	return false;
}

/* --- more than the party had ----------------------------------------------------------------- */

/* A thread waits for it: what isn't done by then is said to be left out. */
enum { LOOK_MS = 200 };

static void gain(struct sy_decimal *sum, struct sy_decimal d, const char *from, const char *to,
		 bool *known)
{
	struct sy_decimal turned;
	*known = *known && units_turn(d, unit_text(from), unit_text(to), &turned) == SY_OK &&
		 sy_decimal_add(*sum, turned, sum) == SY_OK;
}

/* All that C says passed through the party's hands, in UNIT; false: that isn't certain. */
static bool had(const struct custody *u, uint64_t party, const char *unit, struct sy_decimal *sum)
{
	bool known = !u->cut;
	*sum = (struct sy_decimal){0};
	for (size_t i = 0; i < u->n_holders && known; i++) {
		const struct custody_holder *h = &u->holders[i];
		if (h->party != party)
			continue;
		const struct sy_decimal all[] = {h->on_hand, h->in_transit, h->consumed, h->sold,
						 h->destroyed};
		known = !h->unknown;
		for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
			gain(sum, all[k], h->unit, unit, &known);
	}
	for (size_t i = 0; i < u->n_shipments && known; i++) {
		const struct custody_shipment *w = &u->shipments[i];
		if (w->to != party)
			continue;
		known = !w->unknown;
		gain(sum, w->quantity, w->unit, unit, &known);
	}
	return known;
}

/* Since the case began: what was sent back isn't there any more, and was found all the same. */
static bool had_at(struct statement *s, const struct item *it, uint64_t party, const char *unit,
		   uint64_t time, struct sy_decimal *sum)
{
	struct sy_arena arena = {.budget = s->c->arena->budget};
	struct custody u;
	int err = lookup(s->c, time ? custody_before(&s->c->r, it, (int64_t)time + 1, &arena, &u)
				    : custody_of(&s->c->r, it, &arena, &u));
	bool known = err == SY_OK && had(&u, party, unit, sum);
	sy_arena_free(&arena);
	return known;
}

/* Of the case's first version, and of the one in force. */
static bool case_began(struct statement *s, uint64_t *first, uint64_t *now)
{
	struct register_row row;
	uint64_t before = UINT64_MAX;
	*first = *now = 0;
	while (lookup(s->c, register_get_before(&s->c->r, REG_RECALL, s->r->id, before, &row)) ==
	       SY_OK) {
		*now = *now ? *now : row.time;
		*first = row.time;
		before = row.record;
	}
	return *first > 0;
}

static void held_check(struct statement *s, const struct said *q, const struct item *it)
{
	uint64_t party, times[3] = {0};
	struct sy_decimal most = {0}, sum;
	char uom[8], found[SY_DECIMAL_TEXT], text[SY_DECIMAL_TEXT];
	if (!(q->has & 1U << FOUND) || q->v[FOUND].coef == 0 || !uom_copy(q, uom))
		return;
	if (sy_time_now() > s->began + LOOK_MS) {
		s->left_out++;
		return;
	}
	int err = lookup(s->c, index_actor_id(&s->c->r, s->party, &party));
	if (err && err != SY_ENOTFOUND)
		return;
	if (err == SY_OK && !case_began(s, &times[1], &times[2]))
		return;
	for (size_t i = 0; err == SY_OK && i < 3; i++) {
		if (!had_at(s, it, party, uom, times[i], &sum))
			return;
		most = sy_decimal_cmp(sum, most) > 0 ? sum : most;
		if (sy_decimal_cmp(q->v[FOUND], most) <= 0)
			return;
	}
	sy_decimal_format(q->v[FOUND], found);
	sy_decimal_format(most, text);
	fault(s->c, 0, at(q, "found"),
	      "%s is more than %s, all that %.*s had of it by the ledger: are deliveries missing?",
	      "%s 多于 %s，即账本中 %.*s 曾持有的总量：是否有未登记的收货？", found, text,
	      TEXT(s->party));
}

static void ledger_check(struct statement *s)
{
	struct item it;
	s->began = sy_time_now();
	for (size_t i = 0; i < s->n && !s->c->err; i++) {
		const struct said *q = &s->v[i];
		if (!q->legible || !item_find(s->c, q, &it))
			continue;
		scope_check(s, q, &it);
		if (unit_check(s->c, q, &it) && s->party.n > 0 &&
		    sy_str_eq(it.code, q->code.canonical))
			held_check(s, q, &it);
	}
	if (s->left_out)
		fault(s->c, 0, "/quantities",
		      "%u of them weren't held against what the ledger says that %.*s had: that "
		      "takes too long",
		      "其中 %u 项未与账本中 %.*s 的持有量核对：用时过长", s->left_out,
		      TEXT(s->party));
}

/* --- all of it ------------------------------------------------------------------------------- */

void amounts_judge(struct check *c, const struct sy_json_doc *doc, const struct recall *r,
		   struct sy_str party)
{
	struct statement s = {.c = c, .r = r, .party = party};
	int64_t time;
	if (sy_time_parse(recall_text(c, doc, "time"), &time) == SY_OK)
		future_check(c, time, "/time");
	if (!statement_read(&s, doc))
		return;
	for (size_t i = 0; i < s.n; i++) {
		unit_form(c, &s.v[i]);
		for (unsigned k = 0; k < PARTS; k++)
			part_check(c, &s.v[i], k);
		recovered_check(c, &s.v[i]);
	}
	twice_check(&s);
	if (r)
		ledger_check(&s);
}
