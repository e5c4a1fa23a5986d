#include "covering.h"

#include "scope.h"
#include "trace/trace.h"

#include <suyuan/time.h>

#include <stdlib.h>

static struct covering *add(struct sy_arena *arena, struct coverings *s)
{
	return sy_arena_room(arena, &s->v, &s->cap, s->n + 1, sizeof *s->v) ? &s->v[s->n++] : NULL;
}

static struct covering *find(struct coverings *s, uint64_t number)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].recall.number == number)
			return &s->v[i];
	return NULL;
}

int covering_item(struct index_read *r, struct sy_arena *arena, uint64_t item,
		  struct coverings *out)
{
	struct index_mark m;
	struct sy_str id;
	uint64_t items;
	int err;

	for (uint64_t from = 0; (err = index_mark_next(r, item, from, &m)) == SY_OK;
	     from = m.number + 1) {
		struct covering *c = find(out, m.number);
		if (c) {
			c->partial &= !m.whole;
			continue;
		}
		struct covering made = {.partial = !m.whole};
		if ((err = index_case(r, m.number, &id, &items)) ||
		    (err = index_recall(r, id, &made.recall)))
			return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
		if ((c = add(arena, out)) == NULL)
			return SY_ENOMEM;
		*c = made;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Are all batches of the product meant, or does the label say a day that is? */
static bool names_made(const struct recall_scope *s, const struct sy_code *code)
{
	int32_t day;

	if (code->kind == SY_CODE_PRODUCT)
		return false;
	if (s->made_from == SY_NO_DAY && s->made_to == SY_NO_DAY)
		return true;
	return code->made.n && sy_date_parse(code->made, &day) == SY_OK &&
	       (s->made_from == SY_NO_DAY || day >= s->made_from) &&
	       (s->made_to == SY_NO_DAY || day <= s->made_to);
}

/* What was marked stays so when the case is closed, and what is named likewise. */
static bool in_force(const struct index_recall *now)
{
	return (now->state == RECALL_OPEN || now->state == RECALL_CLOSED) && !now->mock;
}

/* A case whose scope names the code so. */
static int covering_named(struct index_read *r, struct sy_arena *arena, const struct sy_code *code,
			  enum index_named what, uint64_t number, struct coverings *out)
{
	bool product = what == NAMED_PRODUCT_OF;
	struct covering *c = find(out, number);
	struct recall_scope scope;
	struct index_recall now;
	struct sy_str id;
	uint64_t items;
	int err;

	if (c && !c->partial && !c->product)
		return SY_OK;
	if ((err = index_case(r, number, &id, &items)) || (err = index_recall(r, id, &now)))
		return err == SY_ENOTFOUND ? SY_OK : err; /* it was revoked */
	if (!in_force(&now))
		return SY_OK;
	if (what == NAMED_PRODUCT) {
		if ((err = recall_scope_read(arena, now.row.payload, &scope)))
			return err == SY_ENOMEM ? err : SY_OK;
		product = !names_made(&scope, code);
	}
	if (product && (c || now.state != RECALL_OPEN))
		return SY_OK;
	if (c == NULL && (c = add(arena, out)) == NULL)
		return SY_ENOMEM;
	*c = (struct covering){.recall = now, .named = true, .product = product};
	return SY_OK;
}

static int covering_name(struct index_read *r, struct sy_arena *arena, const struct sy_code *code,
			 enum index_named what, struct sy_str name, struct coverings *out)
{
	int err = name.n ? SY_OK : SY_ENOTFOUND;

	for (uint64_t number = 0;
	     err == SY_OK && (err = index_named_next(r, what, name, &number)) == SY_OK; number++)
		err = covering_named(r, arena, code, what, number, out);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int by_number(const void *a, const void *b)
{
	const struct covering *x = a, *y = b;

	return x->recall.number < y->recall.number ? -1 : x->recall.number > y->recall.number;
}

int covering_code(struct index_read *r, struct sy_arena *arena, const struct sy_code *code,
		  struct coverings *out)
{
	bool bare = code->kind == SY_CODE_PRODUCT;
	int err = covering_name(r, arena, code, NAMED_ITEM, code->canonical, out);

	if (err == SY_OK)
		err = covering_name(r, arena, code, NAMED_ITEM, code->lot_code, out);
	if (err == SY_OK)
		err = covering_name(r, arena, code, NAMED_PRODUCT, code->product, out);
	if (err == SY_OK && bare)
		err = covering_name(r, arena, code, NAMED_PRODUCT_OF, code->product, out);
	if (err == SY_OK && out->n)
		qsort(out->v, out->n, sizeof *out->v, by_number);
	return err;
}

/* --- while marks are under way --------------------------------------------------------------- */

/* A front waits for it, so that it is bounded by its steps: as many as are taken until a walk asks
 * for the first time whether it is to stop.  Ten times as many were four fifths of all that the
 * daemon did at a thousand verdicts a second.  A set of ids takes bytes by the largest. */
enum { BACK_BYTES = 8 << 20, BACK_MS = 100, BACK_STEPS = 100 };

static bool enough(void *ctx)
{
	(void)ctx;
	return true;
}

/* What it was made of, in order of id. */
struct behind {
	uint64_t *v;
	size_t n;
};

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* What carries it isn't what it was made of. */
static int list_behind(struct sy_arena *arena, const struct trace *t, struct behind *out)
{
	*out = (struct behind){sy_arena_alloc(arena, (t->n + 1) * sizeof *out->v), 0};
	if (out->v == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i].edge != TRACE_CONTAIN)
			out->v[out->n++] = t->items[i].id;
	qsort(out->v, out->n, sizeof *out->v, by_id);
	return SY_OK;
}

/* Could a walk back have come to all that it names?  What lay in a container that is named, is of a
 * product or was at a place isn't made of it. */
static bool all_lots(const struct recall_scope *s)
{
	for (size_t i = 0; i < s->n_items; i++)
		if (s->items[i].kind != SY_CODE_LOT)
			return false;
	return s->product.n == 0 && s->place.n == 0;
}

/* Does a scope name one of what was found?  *WHOLE is false when it may mean the item all the
 * same. */
static int behind_named(struct index_read *r, struct sy_arena *arena, const struct behind *b,
			uint64_t number, struct coverings *out, bool *whole)
{
	struct recall_scope scope;
	struct index_recall now;
	struct sy_str id;
	uint64_t item;
	int err = index_case(r, number, &id, &item);

	if (err == SY_OK)
		err = index_recall(r, id, &now);
	if (err || !in_force(&now))
		return err == SY_ENOTFOUND ? SY_OK : err; /* its marks are taken away */
	if ((err = recall_scope_read(arena, now.row.payload, &scope))) {
		*whole = false;
		return err == SY_ENOMEM ? err : SY_OK;
	}
	*whole = *whole && all_lots(&scope);
	for (size_t i = 0; i < scope.n_items; i++) {
		if (index_item_id(r, scope.items[i].canonical, &item) ||
		    !bsearch(&item, b->v, b->n, sizeof *b->v, by_id))
			continue;
		struct covering *c = find(out, now.number);
		if (c == NULL && (c = add(arena, out)) == NULL)
			return SY_ENOMEM;
		*c = (struct covering){.recall = now};
		return SY_OK;
	}
	return SY_OK;
}

static int behind_marked(struct index_read *r, struct sy_arena *arena, const struct behind *b,
			 struct coverings *out)
{
	struct index_mark m;
	int err = SY_OK;

	for (size_t i = 0; i < b->n && err == SY_OK; i++) {
		err = index_mark_next(r, b->v[i], 0, &m);
		if (err == SY_OK && m.whole)
			err = covering_item(r, arena, b->v[i], out);
		err = err == SY_ENOTFOUND ? SY_OK : err;
	}
	return err;
}

int covering_behind(struct index_read *r, struct sy_arena *arena, uint64_t item,
		    struct coverings *out, bool *whole)
{
	struct trace_ask ask = {.direction = INDEX_BACK,
				.start = &item,
				.n_start = 1,
				.depth = UINT32_MAX >> 2,
				.from = INT64_MIN,
				.to = INT64_MAX,
				.bare = true,
				.bytes = BACK_BYTES,
				.ms = BACK_MS,
				.stopped = enough,
				.every = BACK_STEPS};
	uint64_t number = 0;
	struct trace t = {0};
	struct behind b;
	int err = trace_walk(r, &ask, &t);

	*whole = err == SY_OK && t.cut == TRACE_WHOLE;
	if (err == SY_OK)
		err = list_behind(arena, &t, &b);
	if (err == SY_OK)
		err = behind_marked(r, arena, &b, out);
	for (; err == SY_OK && (err = index_marking_next(r, &number)) == SY_OK; number++)
		err = behind_named(r, arena, &b, number, out, whole);
	trace_free(&t);
	return err == SY_ENOTFOUND ? SY_OK : err;
}
