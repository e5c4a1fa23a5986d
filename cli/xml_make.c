/* The second reading: the events of the batches that are sound. */
#include "xml_impl.h"

#define CODES_BYTES (SY_RECORD_MAX - 32768u) /* what is left is for everything but codes */

static void packed_row(struct xml *x, const struct codes *list, struct row *row)
{
	*row = (struct row){.codes = list->v, .n_codes = list->n};
	row->v[F_EVENT] = SY_STR("pack");
	row->v[F_CONTAINER] = sy_str(list->container);
	row->v[F_AT] = x->batch.row.v[F_MADE];
	source_fill(x->s, row);
	xml_no_amount(row);
}

static void codes_add(struct xml *x, struct codes *list, const struct relation_code *c)
{
	const char *copy = sy_arena_strdup(&list->arena, c->code);

	if (copy == NULL || !xml_grow((void *)&list->v, &list->cap, list->n, sizeof *list->v)) {
		x->failed = true;
		return;
	}
	if (list->n == 0)
		list->line = c->line;
	list->v[list->n++] = sy_str(copy);
	/* a drug's trace code is 20 digits behind urn:suyuan:cn:drug:, in quotes and with a comma;
	 * any other three bytes a sign behind a stem */
	list->bytes += c->code.n == 20 ? 42 : 3 * c->code.n + 64;
}

static void codes_clear(struct codes *list)
{
	list->n = list->bytes = 0;
	list->container = NULL;
	sy_arena_reset(&list->arena);
}

static void put_event(struct xml *x, struct queue *q, const struct row *row, uint64_t line,
		      struct sy_arena *arena)
{
	struct item item = {.line = line};

	source_record(x->s, row, arena, &item);
	item.raw = item.record;
	xml_put(x, q, &item);
}

/* What of a container's contents is at hand. */
static void end_container(struct xml *x, unsigned layer)
{
	struct codes *list = &x->packed[layer];
	struct sy_arena arena = {0};
	struct row row;

	if (list->n > 0) {
		packed_row(x, list, &row);
		put_event(x, &x->later, &row, list->line, &arena);
	}
	sy_arena_free(&arena);
	codes_clear(list);
}

/* The codes at hand, then what was packed of them so far. */
static void end_codes(struct xml *x)
{
	for (unsigned layer = 1; layer < LAYERS; layer++) {
		struct codes *list = &x->made[layer];
		struct sy_arena arena = {0};
		struct row row;
		if (list->n > 0) {
			xml_made_row(x, layer, list->v, list->n, &arena, &row);
			put_event(x, &x->ready, &row, list->line, &arena);
		}
		sy_arena_free(&arena);
		codes_clear(list);
	}
	for (size_t i = 0; i < x->later.n; i++)
		xml_put(x, &x->ready, &x->later.v[i]);
	xml_clear(&x->later);
}

static bool is_bad(const struct xml *x)
{
	return x->nth >= x->n_bad || x->bad[x->nth];
}

static void make_code(void *ctx, const struct relation_code *c)
{
	struct xml *x = ctx;
	unsigned layer = c->layer.n == 1 ? (unsigned)(c->layer.p[0] - '0') % LAYERS : 0;
	struct codes *made = &x->made[layer], *packed = &x->packed[layer];

	if (is_bad(x))
		return;
	if (made->bytes > CODES_BYTES)
		end_codes(x);
	codes_add(x, made, c);
	if (c->parent.n == 0)
		return;
	if (packed->n > 0 &&
	    (packed->bytes > CODES_BYTES || !sy_str_eq(sy_str(packed->container), c->parent)))
		end_container(x, layer);
	if (packed->n == 0)
		packed->container = sy_arena_strdup(&packed->arena, c->parent);
	x->failed = x->failed || packed->container == NULL;
	codes_add(x, packed, c);
}

static void make_batch(void *ctx)
{
	struct xml *x = ctx;

	for (unsigned layer = 1; layer < LAYERS; layer++)
		end_container(x, layer);
	end_codes(x);
	x->nth++;
}

const struct relation_calls xml_makes = {xml_begin_batch, make_code, make_batch};
