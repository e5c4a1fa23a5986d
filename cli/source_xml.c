/* A document of drug codes as a source: its two readings, and what is ready of them. */
#include <errno.h>
#include <stdlib.h>

#include "xml_impl.h"
#include "words.h"

/* --- queues ----------------------------------------------------------------------------------- */

bool xml_grow(void *list, size_t *cap, size_t n, size_t size)
{
	void **v = list;
	size_t more = *cap > 0 ? 2 * *cap : 64;
	void *bigger;

	if (n < *cap)
		return true;
	if ((bigger = realloc(*v, more * size)) == NULL)
		return false;
	*v = bigger;
	*cap = more;
	return true;
}

/* Takes a copy of the item. */
void xml_put(struct xml *x, struct queue *q, const struct item *item)
{
	struct item copy = {.line = item->line};

	if (!xml_grow((void *)&q->v, &q->cap, q->n, sizeof *q->v)) {
		x->failed = true;
		return;
	}
	copy.raw = sy_str(sy_arena_strdup(&q->arena, item->raw));
	copy.record = sy_str(sy_arena_strdup(&q->arena, item->record));
	if (item->reason != NULL)
		copy.reason = sy_arena_strdup(&q->arena, sy_str(item->reason));
	x->failed = x->failed || copy.raw.n < item->raw.n || copy.record.n < item->record.n ||
		    (item->reason != NULL && copy.reason == NULL);
	q->v[q->n++] = copy;
}

void xml_clear(struct queue *q)
{
	q->n = q->at = 0;
	sy_arena_reset(&q->arena);
}

/* --- a batch's own fields ----------------------------------------------------------------------
 */

struct sy_str xml_kept(struct xml *x, struct sy_str text)
{
	const char *copy = sy_arena_strdup(&x->batch.arena, value_trim(text));

	x->failed = x->failed || copy == NULL;
	return sy_str(copy);
}

/* What the document calls a product's code is often a number of its own; a GTIN is one. */
static bool is_gtin(struct sy_str text)
{
	char gtin[15];

	return sy_gtin_parse(text, gtin) == SY_OK;
}

void xml_begin_batch(void *ctx, const struct relation_batch *b)
{
	struct xml *x = ctx;
	struct batch *batch = &x->batch;
	struct sy_str product;

	sy_arena_reset(&batch->arena);
	memset(&batch->row, 0, sizeof batch->row);
	batch->line = b->line;
	batch->n = batch->bad = 0;
	batch->some = (struct sy_str){"", 0};
	batch->row.v[F_LOT] = xml_kept(x, b->lot);
	batch->row.v[F_MADE] = xml_kept(x, b->made);
	batch->row.v[F_EXPIRES] = xml_kept(x, b->expires);
	batch->row.v[F_PACK_RATIO] = xml_kept(x, b->ratio);
	product = xml_kept(x, b->product);
	if (is_gtin(product))
		batch->row.v[F_PRODUCT] = product;
}

/* It is about its codes alone. */
void xml_no_amount(struct row *row)
{
	static const enum field fields[] = {F_PRODUCT, F_SERIAL, F_CODES, F_QUANTITY, F_UNIT};

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		row->v[fields[i]] = (struct sy_str){"", 0};
}

/* The row that commissions codes of one layer.  The product's lot is counted in smallest packages;
 * what holds those is of other products. */
void xml_made_row(struct xml *x, unsigned layer, const struct sy_str *codes, size_t n,
		  struct sy_arena *arena, struct row *row)
{
	*row = x->batch.row;
	row->codes = codes;
	row->n_codes = n;
	source_fill(x->s, row);
	row->v[F_PACK_LAYER] = sy_str(sy_arena_printf(arena, "%u", layer));
	if (layer > 1)
		xml_no_amount(row);
	else if (row->v[F_PRODUCT].n > 0)
		row->v[F_QUANTITY] = sy_str(sy_arena_printf(arena, "%zu", n));
}

/* --- the source ---------------------------------------------------------------------------------
 */

int xml_open(struct source *s, struct fail *f)
{
	struct xml *x = calloc(1, sizeof *x);

	if (x == NULL)
		return fail_memory(f);
	s->xml = x;
	x->s = s;
	if ((x->copy = tmpfile()) == NULL)
		return fail(f, RC_FAIL, "a file to keep %s in: %s", s->o.path,
			    words(strerror(errno)));
	return relation_new(&xml_checks, x, &x->relation) == SY_OK ? RC_DONE : fail_memory(f);
}

void xml_close(struct xml *x)
{
	if (x == NULL)
		return;
	for (unsigned i = 0; i < LAYERS; i++) {
		free(x->made[i].v);
		free(x->packed[i].v);
		sy_arena_free(&x->made[i].arena);
		sy_arena_free(&x->packed[i].arena);
	}
	free(x->ready.v);
	free(x->later.v);
	sy_arena_free(&x->ready.arena);
	sy_arena_free(&x->later.arena);
	sy_arena_free(&x->batch.arena);
	seen_free(&x->seen);
	seen_free(&x->parents);
	free(x->bad);
	relation_free(x->relation);
	if (x->copy != NULL)
		fclose(x->copy);
	free(x);
}

/* A block of the text, and a copy of it the first time. */
static int read_block(struct xml *x, char *block, size_t size, size_t *n, struct fail *f)
{
	long got;

	if (x->making) {
		*n = fread(block, 1, size, x->copy);
		return ferror(x->copy)
			   ? fail(f, RC_FAIL, "%s: its copy cannot be read", x->s->o.path)
			   : RC_DONE;
	}
	if ((got = stream_read(x->s->stream, block, size)) < 0) {
		source_unreadable(x->s, f);
		return RC_FAIL;
	}
	*n = (size_t)got;
	if (fwrite(block, 1, *n, x->copy) != *n)
		return fail(f, RC_FAIL, "a copy of %s cannot be written: %s", x->s->o.path,
			    words(strerror(errno)));
	return RC_DONE;
}

/* From checking to making. */
static int turn(struct xml *x, struct fail *f)
{
	relation_free(x->relation);
	x->relation = NULL;
	x->making = true;
	if (fflush(x->copy) != 0)
		return fail(f, RC_FAIL, "a copy of %s cannot be written: %s", x->s->o.path,
			    words(strerror(errno)));
	rewind(x->copy);
	return relation_new(&xml_makes, x, &x->relation) == SY_OK ? RC_DONE : fail_memory(f);
}

static int advance(struct xml *x, struct fail *f)
{
	char block[16384];
	size_t n = 0;
	int rc = read_block(x, block, sizeof block, &n, f);

	if (rc == RC_DONE)
		rc = relation_feed(x->relation, x->s->o.path, (struct sy_str){block, n}, n == 0, f);
	if (rc == RC_DONE && x->failed)
		rc = fail_memory(f);
	if (rc == RC_DONE && n == 0 && !x->making)
		rc = turn(x, f);
	else if (rc == RC_DONE && n == 0)
		x->end = true;
	return rc;
}

int xml_item(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	struct xml *x = s->xml;
	const struct item *item;

	while (x->ready.at == x->ready.n) {
		xml_clear(&x->ready);
		if (x->end)
			return SY_ENOTFOUND;
		if (advance(x, f) != RC_DONE)
			return SY_EINVAL;
	}
	item = &x->ready.v[x->ready.at++];
	out->line = item->line;
	out->raw = sy_str(sy_arena_strdup(arena, item->raw));
	out->record = sy_str(sy_arena_strdup(arena, item->record));
	if (item->reason != NULL)
		out->reason = sy_arena_strdup(arena, sy_str(item->reason));
	return SY_OK;
}
