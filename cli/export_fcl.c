#include "export.h"

#include <stdlib.h>

/*
 * A network of deliveries as FoodChain-Lab opens it: stations, deliveries, and which delivery went
 * into which.
 *
 * A station is a party.  A delivery is what one shipped of a lot to another at once; of a receipt
 * that no shipment is known of, that.  A delivery into a station went into one out of it when it is
 * of the same lot, or of one that the station made that lot from, and isn't later.
 */

struct delivery {
	uint64_t number;
	int64_t time;
	uint32_t from, to, lot, nth; /* NTH of its event */
	int32_t day;
	uint32_t next; /* of the same lot to the same station; NONE */
};
#define NONE UINT32_MAX

/* What a station made of what: chains of ends by lot. */
struct end {
	uint32_t lot, node, next; /* of the lot among those it came out of; of the node's inputs */
};

struct list {
	void *v;
	size_t n, cap;
};

struct texts {
	struct seen ids;
	struct list v; /* struct sy_str */
};

struct network {
	struct app *app;
	struct sy_arena arena;
	struct loads loads;
	struct names names;
	struct texts stations, lots, nodes, units;
	struct seen sent;            /* routes of what was shipped */
	struct seen arrivals;        /* by lot and station: which of FIRST */
	struct list first;           /* uint32_t: deliveries */
	struct list deliveries;      /* struct delivery */
	struct list inputs, outputs; /* struct end: inputs by node, outputs by lot */
	struct list of_lot;          /* struct of_lot */
	struct list of_node;         /* struct of_node */
	struct list unit_lots;       /* uint32_t: of each unit */
	/* the event at hand */
	const struct export_event *e;
	uint32_t from, to, nth;
	bool ships;
	bool failed;
};

struct of_lot {
	uint32_t outputs; /* first of the chain */
	uint32_t visited; /* for which delivery out */
};
struct of_node {
	uint32_t inputs, station;
};

static void *push(struct network *w, struct list *l, size_t size)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		void *v = cap < NONE ? realloc(l->v, cap * size) : NULL;
		if (v == NULL) {
			w->failed = true;
			return NULL;
		}
		l->v = v;
		l->cap = cap;
	}
	return memset((char *)l->v + l->n++ * size, 0, size);
}

/* The number of a text, new ones at the end; NONE without memory. */
static uint32_t number_of(struct network *w, struct texts *t, struct sy_str text, bool *fresh)
{
	uint64_t nth = t->v.n;
	int err = seen_add(&t->ids, text, &nth);
	struct sy_str *v;

	*fresh = err == SY_OK;
	if (err == SY_EDUP)
		return (uint32_t)nth;
	if (err != SY_OK || (v = push(w, &t->v, sizeof *v)) == NULL) {
		w->failed = true;
		return NONE;
	}
	*v = sy_str(sy_arena_strdup(&w->arena, text));
	return (uint32_t)nth;
}

static struct sy_str text_at(const struct texts *t, uint32_t i)
{
	return ((const struct sy_str *)t->v.v)[i];
}

static uint32_t lot_number(struct network *w, struct sy_str code)
{
	bool fresh;
	uint32_t n = number_of(w, &w->lots, code, &fresh);
	struct of_lot *of = fresh && n != NONE ? push(w, &w->of_lot, sizeof *of) : NULL;

	if (of != NULL)
		*of = (struct of_lot){NONE, NONE};
	return n;
}

/* A unit counts as its lot, wherever an event told which. */
static uint32_t lot_of(struct network *w, struct sy_str code, struct sy_str lot)
{
	bool fresh;
	uint32_t unit, *of;

	if (sy_str_eq(code, lot) || (lot.n == 0 && w->units.v.n == 0))
		return lot_number(w, code);
	unit = number_of(w, &w->units, code, &fresh);
	if (unit == NONE)
		return NONE;
	if (fresh && (of = push(w, &w->unit_lots, sizeof *of)) != NULL)
		*of = lot_number(w, lot.n ? lot : code);
	return w->failed ? NONE : ((uint32_t *)w->unit_lots.v)[unit];
}

/* --- what happened ---------------------------------------------------------------------------- */

/* The last delivery of a lot to a station so far; the others are chained to it.  NULL: none. */
static uint32_t *arrival_of(struct network *w, uint32_t lot, uint32_t station, bool add)
{
	char text[48];
	uint64_t nth = w->first.n;
	uint32_t *first;

	snprintf(text, sizeof text, "%u %u", (unsigned)lot, (unsigned)station);
	if (seen_find(&w->arrivals, sy_str(text), &nth))
		return (uint32_t *)w->first.v + nth;
	if (!add || seen_add(&w->arrivals, sy_str(text), &nth) != SY_OK ||
	    (first = push(w, &w->first, sizeof *first)) == NULL)
		return NULL;
	*first = NONE;
	return first;
}

/* Was it shipped that way before? */
static bool was_sent(struct network *w, uint32_t lot)
{
	char text[64];
	uint64_t where = 0;

	snprintf(text, sizeof text, "%u %u %u", (unsigned)w->from, (unsigned)w->to, (unsigned)lot);
	return w->ships ? seen_add(&w->sent, sy_str(text), &where) == SY_ENOMEM
			: seen_find(&w->sent, sy_str(text), &where);
}

static int deliver(struct network *w, uint32_t lot)
{
	struct delivery *d;
	uint32_t *first;

	if (lot == NONE || w->failed)
		return fail_memory(&w->app->fail);
	if (was_sent(w, lot))
		return RC_DONE;
	first = arrival_of(w, lot, w->to, true);
	if (first == NULL || (d = push(w, &w->deliveries, sizeof *d)) == NULL)
		return fail_memory(&w->app->fail);
	*d = (struct delivery){.number = w->e->number,
			       .time = w->e->ev.time,
			       .from = w->from,
			       .to = w->to,
			       .lot = lot,
			       .nth = w->nth++,
			       .day = w->e->day,
			       .next = *first};
	*first = (uint32_t)w->deliveries.n - 1;
	return RC_DONE;
}

static int deliver_load(void *ctx, const struct load *load)
{
	struct network *w = ctx;

	return deliver(w, lot_of(w, load->code, load->lot));
}

static int deliver_all(struct network *w)
{
	int rc = RC_DONE;

	for (size_t i = 0; i < w->e->ev.n_items && rc == RC_DONE; i++) {
		const struct sy_code *code = &w->e->ev.items[i].code;
		if (code->kind == SY_CODE_LOGISTIC || code->kind == SY_CODE_ASSET)
			rc = loads_each(&w->loads, code->canonical, deliver_load, w);
		else
			rc = deliver(w, lot_of(w, code->canonical, code->lot_code));
	}
	return rc;
}

/* Events of one transformation share their inputs and outputs. */
static uint32_t node_of(struct network *w, uint32_t station)
{
	const struct sy_str id = w->e->ev.transformation;
	const char *name =
	    id.n ? sy_arena_printf(w->e->arena, "%.*s\n%.*s", (int)w->e->author.n, w->e->author.p,
				   (int)id.n, id.p)
		 : sy_arena_printf(w->e->arena, "%llu", (unsigned long long)w->e->number);
	bool fresh;
	uint32_t node = number_of(w, &w->nodes, sy_str(name), &fresh);
	struct of_node *of = fresh && node != NONE ? push(w, &w->of_node, sizeof *of) : NULL;

	if (of != NULL)
		*of = (struct of_node){NONE, station};
	return node;
}

static int transform(struct network *w, uint32_t station)
{
	uint32_t node = node_of(w, station);

	for (size_t i = 0; i < w->e->ev.n_items && !w->failed; i++) {
		const struct sy_event_item *it = &w->e->ev.items[i];
		bool in = it->role == SY_ROLE_INPUT;
		uint32_t lot = lot_of(w, it->code.canonical, it->code.lot_code);
		struct end *end = push(w, in ? &w->inputs : &w->outputs, sizeof *end);
		if (w->failed)
			break;
		uint32_t *first = in ? &((struct of_node *)w->of_node.v)[node].inputs
				     : &((struct of_lot *)w->of_lot.v)[lot].outputs;
		*end = (struct end){lot, node, *first};
		*first = (uint32_t)(in ? w->inputs.n : w->outputs.n) - 1;
	}
	return w->failed ? fail_memory(&w->app->fail) : RC_DONE;
}

static int take_event(void *ctx, const struct export_event *e)
{
	struct network *w = ctx;
	const struct sy_event *ev = &e->ev;
	bool fresh, receives = sy_str_is(ev->biz_step, "receiving");
	struct sy_str none = {"", 0}, from, to;
	int rc = loads_follow(&w->loads, e);

	w->e = e;
	if (rc != RC_DONE)
		return fail_memory(&w->app->fail);
	if (ev->kind == SY_EVENT_TRANSFORMATION)
		return transform(
		    w, number_of(w, &w->stations, export_party(&ev->sources, e->author), &fresh));
	w->ships = sy_str_is(ev->biz_step, "shipping") || sy_str_is(ev->biz_step, "retail_selling");
	from = export_party(&ev->sources, receives ? none : e->author);
	to = export_party(&ev->destinations, receives ? e->author : none);
	if (!(w->ships || receives) || from.n == 0 || to.n == 0)
		return RC_DONE;
	w->nth = 0;
	w->from = number_of(w, &w->stations, from, &fresh);
	w->to = number_of(w, &w->stations, to, &fresh);
	return deliver_all(w);
}

/* --- what went into what ---------------------------------------------------------------------- */

struct writing {
	struct network *w;
	struct sy_buf b;
	struct sy_jw jw;
	struct list queue; /* uint32_t: lots */
	uint64_t n;        /* relations */
};

static const struct delivery *delivery_at(const struct network *w, uint32_t i)
{
	return (const struct delivery *)w->deliveries.v + i;
}

static void kv_delivery(struct sy_jw *jw, const char *name, const struct delivery *d)
{
	char text[40];

	snprintf(text, sizeof text, "%llu.%u", (unsigned long long)d->number, (unsigned)d->nth);
	sy_jw_kv_text(jw, name, text);
}

static void kv_number(struct sy_jw *jw, const char *name, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	sy_jw_kv_text(jw, name, text);
}

static void drain(struct writing *r)
{
	if (r->b.n < 65536)
		return;
	out_bytes(&r->w->app->out, sy_buf_span(&r->b));
	sy_buf_reset(&r->b);
}

/* All of a lot that came to the station OUT left, before it did. */
static void relate_arrivals(struct writing *r, uint32_t lot, const struct delivery *out)
{
	const uint32_t *first = arrival_of(r->w, lot, out->from, false);

	for (uint32_t i = first ? *first : NONE; i != NONE; i = delivery_at(r->w, i)->next) {
		const struct delivery *in = delivery_at(r->w, i);
		if (in->time > out->time || in == out)
			continue;
		sy_jw_object(&r->jw);
		kv_number(&r->jw, "id", r->n++);
		kv_delivery(&r->jw, "source", in);
		kv_delivery(&r->jw, "target", out);
		sy_jw_end(&r->jw, '}');
		drain(r);
	}
}

static void queue_lot(struct writing *r, uint32_t lot, uint32_t out)
{
	struct of_lot *of = (struct of_lot *)r->w->of_lot.v + lot;
	uint32_t *room = of->visited == out ? NULL : push(r->w, &r->queue, sizeof *room);

	if (room == NULL)
		return;
	of->visited = out;
	*room = lot;
}

/* What the station made a lot from. */
static void queue_inputs(struct writing *r, uint32_t lot, uint32_t out)
{
	const struct end *outputs = r->w->outputs.v, *inputs = r->w->inputs.v;
	const struct of_node *nodes = r->w->of_node.v;
	uint32_t i = ((const struct of_lot *)r->w->of_lot.v)[lot].outputs;

	for (; i != NONE; i = outputs[i].next) {
		const struct of_node *node = &nodes[outputs[i].node];
		if (node->station != delivery_at(r->w, out)->from)
			continue;
		for (uint32_t k = node->inputs; k != NONE; k = inputs[k].next)
			queue_lot(r, inputs[k].lot, out);
	}
}

static void put_relations(struct writing *r)
{
	for (uint32_t out = 0; out < r->w->deliveries.n && !r->w->failed; out++) {
		r->queue.n = 0;
		queue_lot(r, delivery_at(r->w, out)->lot, out);
		for (size_t i = 0; i < r->queue.n; i++) {
			uint32_t lot = ((const uint32_t *)r->queue.v)[i];
			relate_arrivals(r, lot, delivery_at(r->w, out));
			queue_inputs(r, lot, out);
		}
	}
}

/* --- the file --------------------------------------------------------------------------------- */

static void put_stations(struct writing *r)
{
	for (uint32_t i = 0; i < r->w->stations.v.n; i++) {
		struct sy_str id = text_at(&r->w->stations, i);
		struct sy_str name = names_ask(&r->w->names, "/v1/parties?id=", id);
		sy_jw_object(&r->jw);
		sy_jw_kv_str(&r->jw, "id", id);
		sy_jw_kv_str(&r->jw, "name", name.n ? name : id);
		sy_jw_end(&r->jw, '}');
		drain(r);
	}
}

static void put_delivery(struct writing *r, const struct delivery *d)
{
	struct network *w = r->w;
	struct sy_str code = text_at(&w->lots, d->lot), name = {"", 0};
	struct sy_arena arena = {0};
	struct sy_code c;
	char day[12];

	if (sy_code_parse(&arena, code, &c, NULL, SY_NO_RECORD, "") == SY_OK)
		name = names_ask(&w->names, "/v1/products?code=", c.product);
	else
		c = (struct sy_code){0};
	sy_date_format(d->day, day);
	sy_jw_object(&r->jw);
	kv_delivery(&r->jw, "id", d);
	sy_jw_kv_str(&r->jw, "lot", c.lot.n ? c.lot : code);
	sy_jw_kv_text(&r->jw, "date", day);
	sy_jw_kv_str(&r->jw, "name", name.n ? name : c.product.n ? c.product : code);
	sy_jw_kv_str(&r->jw, "source", text_at(&w->stations, d->from));
	sy_jw_kv_str(&r->jw, "target", text_at(&w->stations, d->to));
	sy_jw_end(&r->jw, '}');
	sy_arena_free(&arena);
	drain(r);
}

static int put_network(struct network *w)
{
	struct writing r = {.w = w};

	sy_jw_init(&r.jw, &r.b);
	sy_jw_object(&r.jw);
	sy_jw_kv_text(&r.jw, "title", w->app->trust->vkey);
	sy_jw_kv_text(&r.jw, "investigator", "suyuan");
	sy_jw_key(&r.jw, "stations");
	sy_jw_array(&r.jw);
	put_stations(&r);
	sy_jw_end(&r.jw, ']');
	sy_jw_key(&r.jw, "deliveries");
	sy_jw_array(&r.jw);
	for (uint32_t i = 0; i < w->deliveries.n; i++)
		put_delivery(&r, delivery_at(w, i));
	sy_jw_end(&r.jw, ']');
	sy_jw_key(&r.jw, "deliveriesRelations");
	sy_jw_array(&r.jw);
	put_relations(&r);
	sy_jw_end(&r.jw, ']');
	sy_jw_end(&r.jw, '}');
	sy_buf_byte(&r.b, '\n');
	out_bytes(&w->app->out, sy_buf_span(&r.b));
	int rc = r.b.failed || w->failed ? fail_memory(&w->app->fail) : RC_DONE;
	sy_buf_free(&r.b);
	free(r.queue.v);
	return rc;
}

static void network_free(struct network *w)
{
	struct texts *const texts[] = {&w->stations, &w->lots, &w->nodes, &w->units};
	struct list *const lists[] = {&w->deliveries, &w->inputs,    &w->outputs, &w->of_lot,
				      &w->of_node,    &w->unit_lots, &w->first};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		seen_free(&texts[i]->ids);
		free(texts[i]->v.v);
	}
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		free(lists[i]->v);
	seen_free(&w->sent);
	seen_free(&w->arrivals);
	loads_free(&w->loads);
	names_free(&w->names);
	sy_arena_free(&w->arena);
}

int cmd_export_fcl(struct app *app)
{
	struct network w = {.app = app, .names = {.app = app}};
	struct exported x = {0};
	int told = export_fetch(app, &x), rc = RC_DONE;

	if (told == RC_DONE || told == RC_UNKNOWN)
		rc = export_each(&x, take_event, &w);
	if (rc == RC_DONE && (told == RC_DONE || told == RC_UNKNOWN))
		rc = put_network(&w);
	export_free(&x);
	network_free(&w);
	return told != RC_DONE ? told : rc;
}
