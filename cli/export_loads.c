#include "export.h"

#include <stdlib.h>

/* What lies in which container, event by event. */

struct content {
	struct load load;
	struct content *next;
};

struct container {
	struct content *in;
};

enum { DEPTH_MAX = 16 }; /* containers in each other */

static struct container *find(const struct loads *l, struct sy_str code)
{
	uint64_t nth;

	return seen_find(&l->codes, code, &nth) ? &l->v[nth] : NULL;
}

static struct sy_str copy(struct loads *l, struct sy_str text)
{
	return text.n ? sy_str(sy_arena_strdup(&l->arena, text)) : SY_STR("");
}

/* Until the next is added. */
static struct container *find_or_add(struct loads *l, struct sy_str code)
{
	uint64_t nth = l->n;

	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct container *v = realloc(l->v, cap * sizeof *v);
		if (v == NULL)
			return NULL;
		l->v = v;
		l->cap = cap;
	}
	int err = seen_add(&l->codes, code, &nth);
	if (err != SY_OK)
		return err == SY_EDUP ? &l->v[nth] : NULL;
	l->v[l->n] = (struct container){NULL};
	return &l->v[l->n++];
}

/* As much of it as the event says; of an empty CODE all that is in there. */
static void take_out(struct container *c, struct sy_str code, const struct sy_event_item *it)
{
	for (struct content **at = &c->in; *at != NULL;) {
		struct load *load = &(*at)->load;
		bool part = it != NULL && it->has_quantity && load->has_quantity &&
			    sy_decimal_cmp(it->quantity, load->quantity) < 0;
		if (code.n > 0 && !sy_str_eq(load->code, code)) {
			at = &(*at)->next;
		} else if (part) {
			(void)sy_decimal_sub(load->quantity, it->quantity, &load->quantity);
			return;
		} else {
			*at = (*at)->next;
			if (code.n > 0)
				return;
		}
	}
}

static int put_in(struct loads *l, struct container *c, const struct sy_event_item *it)
{
	struct content *in = sy_arena_calloc(&l->arena, 1, sizeof *in);

	if (in == NULL)
		return RC_FAIL;
	in->load = (struct load){.code = copy(l, it->code.canonical),
				 .lot = copy(l, it->code.lot_code),
				 .quantity = it->quantity,
				 .has_quantity = it->has_quantity,
				 .unit = copy(l, it->unit)};
	in->next = c->in;
	c->in = in;
	return RC_DONE;
}

int loads_follow(struct loads *l, const struct export_event *e)
{
	const struct sy_event *ev = &e->ev;
	struct container *c = NULL;

	if ((ev->kind != SY_EVENT_AGGREGATION && ev->kind != SY_EVENT_ASSOCIATION) ||
	    (ev->action != SY_ACTION_ADD && ev->action != SY_ACTION_DELETE))
		return RC_DONE;
	for (size_t i = 0; i < ev->n_items && c == NULL; i++)
		if (ev->items[i].role == SY_ROLE_PARENT &&
		    (c = find_or_add(l, ev->items[i].code.canonical)) == NULL)
			return RC_FAIL;
	if (c == NULL)
		return RC_DONE;
	if (ev->action == SY_ACTION_DELETE && ev->n_items == 1)
		take_out(c, SY_STR(""), NULL);
	for (size_t i = 0; i < ev->n_items; i++) {
		const struct sy_event_item *it = &ev->items[i];
		if (it->role != SY_ROLE_CHILD)
			continue;
		if (ev->action == SY_ACTION_DELETE)
			take_out(c, it->code.canonical, it);
		else if (put_in(l, c, it) != RC_DONE)
			return RC_FAIL;
	}
	return RC_DONE;
}

struct walk {
	const struct loads *l;
	struct seen met; /* containers that were opened */
	int (*take)(void *ctx, const struct load *load);
	void *ctx;
};

/* What lies in two containers that lie in one is told once: by each way to it that would be twice
 * as much for every level. */
static int each(struct walk *w, struct sy_str code, unsigned depth)
{
	const struct container *c = find(w->l, code);
	uint64_t nth = 0;
	int rc = RC_DONE;

	if (c == NULL)
		return RC_DONE;
	int err = seen_add(&w->met, code, &nth);
	if (err != SY_OK)
		return err == SY_EDUP ? RC_DONE : RC_FAIL;
	for (const struct content *in = c->in; in && rc == RC_DONE; in = in->next) {
		rc = w->take(w->ctx, &in->load);
		if (rc == RC_DONE && depth < DEPTH_MAX)
			rc = each(w, in->load.code, depth + 1);
	}
	return rc;
}

int loads_each(const struct loads *l, struct sy_str container,
	       int (*take)(void *ctx, const struct load *load), void *ctx)
{
	struct walk w = {.l = l, .take = take, .ctx = ctx};
	int rc = each(&w, container, 0);

	seen_free(&w.met);
	return rc;
}

void loads_free(struct loads *l)
{
	sy_arena_free(&l->arena);
	seen_free(&l->codes);
	free(l->v);
	*l = (struct loads){0};
}
