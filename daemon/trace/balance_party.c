#include "balance_impl.h"

#include <suyuan/code.h>

#include <stdlib.h>

/* The balance of a party, by product. */

struct party_balance {
	struct balancing b;
	uint64_t party;
	bool always;          /* no time was asked for */
	struct sy_arena temp; /* of one item */
	struct sy_str last;   /* the product at hand, in the answer's arena */
	uint64_t *items;
	size_t n_items, cap_items;
	uint64_t *nodes; /* transformations: by their first record, or of groups by the item's */
	size_t n_nodes, cap_nodes;
};

static int id_add(struct balancing *b, uint64_t **v, size_t *n, size_t *cap, uint64_t id)
{
	if (!sy_arena_room(b->arena, v, cap, *n + 1, sizeof **v))
		return SY_ENOMEM;
	(*v)[(*n)++] = id;
	return SY_OK;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t each_once(uint64_t *v, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(v, n, sizeof *v, by_id);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || v[kept - 1] != v[i])
			v[kept++] = v[i];
	return kept;
}

/* All that the party had to do with. */
static int read_items(struct party_balance *p)
{
	uint64_t record = 0, item = 0;
	int err;

	for (; (err = index_visits_next(p->b.r, p->party, &record, &item)) == SY_OK; item++)
		if ((err = balance_step(&p->b)) ||
		    (err = id_add(&p->b, &p->items, &p->n_items, &p->cap_items, item)))
			return err;
	p->n_items = each_once(p->items, p->n_items);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Its product, or what has none itself; items of one follow each other mostly. */
static int product_of(struct party_balance *p, const struct item *it, struct sy_str *product)
{
	struct sy_code code;
	int err = sy_code_parse(&p->temp, it->code, &code, NULL, SY_NO_RECORD, "");

	if (err == SY_ENOMEM)
		return err;
	*product = err == SY_OK && code.product.n ? code.product : it->code;
	if (!sy_str_eq(*product, p->last)) {
		const char *copy = sy_arena_strdup(p->b.arena, *product);
		if (copy == NULL)
			return SY_ENOMEM;
		p->last = sy_str(copy);
	}
	*product = p->last;
	return SY_OK;
}

/* What the party did of that, as often as it did it. */
static int party_fact(struct party_balance *p, const struct item *it, struct sy_str product,
		      const char *usual, const struct item_fact *f)
{
	bool piece = custody_is_piece(it->kind), units = piece || f->role == FACT_MEMBER, sub;
	enum balance_what what = balance_of_step(f->step, &sub);
	struct sy_decimal n = piece ? (struct sy_decimal){1, 0} : f->quantity;
	struct balance_line *line;
	bool out = what >= BALANCE_SHIPPED, known = piece || f->has_quantity;
	int err;

	if (f->party != p->party || what == BALANCE_WHATS || f->role == SY_ROLE_PARENT ||
	    f->time > p->b.ask->to)
		return SY_OK;
	const char *unit = units ? "" : known ? f->unit : usual;
	err = balance_line(&p->b, product, NO_ID, unit, units, &line);
	if (err)
		return err;
	line->judged = p->always;
	if (!known) {
		line->missing++;
		line->unknown = true;
	} else if (f->time < p->b.ask->from) {
		balance_add(line, BALANCE_BEFORE, n, unit, out != sub);
	} else {
		balance_add(line, what, n, unit, sub);
	}
	return SY_OK;
}

/* A transformation of the party's; of one in parts its first record is found with its item. */
static int party_change(struct party_balance *p, const struct item *it, uint64_t record,
			const struct item_fact *f)
{
	struct sy_str ids;
	uint64_t node = NODE_BIT | record;
	bool yes = f->group == NO_ID;
	int err = SY_OK;

	if (f->step != STEP_PRODUCE || f->party != p->party || f->role == FACT_MEMBER ||
	    f->time < p->b.ask->from || f->time > p->b.ask->to)
		return SY_OK;
	for (bool first = true;
	     !yes && (err = index_edges(p->b.r, INDEX_BACK, it->id, first, &ids)) == SY_OK;
	     first = false)
		for (size_t at = 0; at < ids.n && !yes; at += 8) {
			node = sy_get64((const uint8_t *)ids.p + at);
			if ((err = index_fact_node(p->b.r, record, f, node, &yes)))
				return err;
		}
	if (!yes)
		return err == SY_ENOTFOUND ? SY_OK : err;
	return id_add(&p->b, &p->nodes, &p->n_nodes, &p->cap_nodes, node);
}

static int read_facts(struct party_balance *p, const struct item *it, struct sy_str product,
		      struct arrivals *arrivals, struct turned *turned)
{
	struct item_event e;
	int err;

	for (uint64_t from = 0; (err = index_history_next(p->b.r, it->id, from, &e)) == SY_OK;
	     from = e.record + 1) {
		if ((err = balance_step(&p->b)))
			return err;
		for (unsigned i = 0; i < e.n_facts && !e.error && !e.withdrawn; i++) {
			const struct item_fact *f = &e.facts[i];
			if ((f->step == STEP_RECEIVE && (err = arrivals_add(arrivals, f))) ||
			    (err = party_fact(p, it, product, turned->unit, f)) ||
			    (err = party_change(p, it, e.record, f)))
				return err;
		}
	}
	arrivals_sort(arrivals);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* What is there of it, and what nobody knows of. */
static int fold(struct party_balance *p, const struct item *it, struct sy_str product,
		const struct arrivals *arrivals, struct turned *turned)
{
	struct custody_source source = {turned_next, turned};
	bool piece = custody_is_piece(it->kind);
	struct balance_line *line;
	struct custody c;
	int err = custody_fold(&source, it->id, it->kind, &p->temp, &c);

	if (c.cut)
		p->b.out->cut = TRACE_CUT_SIZE;
	for (size_t i = 0; i < c.n_holders && err == SY_OK; i++) {
		const struct custody_holder *h = &c.holders[i];
		if (h->party != p->party)
			continue;
		err = balance_line(&p->b, product, NO_ID, h->unit, h->units || piece, &line);
		if (err)
			break;
		balance_add(line, BALANCE_ON_HAND, h->on_hand, h->unit, false);
		balance_add(line, BALANCE_IN_TRANSIT, h->in_transit, h->unit, false);
		line->unknown |= h->unknown;
	}
	for (size_t i = 0; i < c.n_gains && err == SY_OK; i++) {
		const struct custody_gain *g = &c.gains[i];
		if (g->party != p->party)
			continue;
		struct sy_decimal n = g->quantity;
		err = balance_line(&p->b, product, NO_ID, g->unit, g->units || piece, &line);
		if (err == SY_OK)
			line->unknown |= units_turn(n, g->unit, line->unit, &n) ||
					 sy_decimal_add(line->gain, n, &line->gain);
	}
	for (size_t i = 0; i < c.n_shipments && err == SY_OK; i++) {
		const struct custody_shipment *s = &c.shipments[i];
		struct sy_decimal n = s->quantity;
		if (s->from != p->party || s->to == NO_ID ||
		    !arrivals_since(arrivals, s->to, s->since))
			continue;
		err = balance_line(&p->b, product, NO_ID, s->unit, s->units || piece, &line);
		if (err == SY_OK)
			line->unknown |= units_turn(n, s->unit, line->unit, &n) ||
					 sy_decimal_add(line->loss, n, &line->loss);
	}
	return err;
}

/* Containers aren't goods. */
static int one_item(struct party_balance *p, uint64_t id)
{
	struct arrivals arrivals = {.arena = &p->temp};
	struct turned turned = {.r = p->b.r};
	struct sy_str product, only = p->b.ask->product;
	struct item it;
	int err = index_item(p->b.r, id, &it);

	sy_arena_reset(&p->temp);
	if (err || it.kind == SY_CODE_LOGISTIC || it.kind == SY_CODE_ASSET)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((err = product_of(p, &it, &product)) || (only.n && !sy_str_eq(only, product)))
		return err;
	if ((err = turned_find(&p->b, id, &turned)) ||
	    (err = read_facts(p, &it, product, &arrivals, &turned)) || !p->always)
		return err;
	return fold(p, &it, product, &arrivals, &turned);
}

static int changes(struct party_balance *p)
{
	int err = SY_OK;

	p->n_nodes = each_once(p->nodes, p->n_nodes);
	for (size_t i = 0; i < p->n_nodes && err == SY_OK; i++)
		err = change_add(&p->b, p->nodes[i]);
	changes_sort(p->b.out);
	return err;
}

static int by_product(const void *a, const void *b)
{
	const struct balance_line *x = a, *y = b;
	size_t n = x->product.n < y->product.n ? x->product.n : y->product.n;
	int c = n ? memcmp(x->product.p, y->product.p, n) : 0;

	if (c || x->product.n != y->product.n)
		return c ? c : x->product.n < y->product.n ? -1 : 1;
	if (x->units != y->units)
		return x->units ? 1 : -1;
	return strcmp(x->unit, y->unit);
}

int balance_party(struct index_read *r, uint64_t party, const struct balance_ask *ask,
		  struct sy_arena *arena, struct balance *out)
{
	struct party_balance p = {
	    .b = {.r = r, .ask = ask, .arena = arena, .out = out, .due = balance_now() + ask->ms},
	    .party = party,
	    .always = ask->from == INT64_MIN && ask->to == INT64_MAX};
	int err;

	*out = (struct balance){0};
	err = read_items(&p);
	for (size_t i = 0; i < p.n_items && err == SY_OK; i++)
		err = one_item(&p, p.items[i]);
	if (err == SY_OK)
		err = changes(&p);
	if (out->n_lines)
		qsort(out->lines, out->n_lines, sizeof *out->lines, by_product);
	sy_arena_free(&p.temp);
	return err == SY_EHALT ? SY_OK : err;
}
