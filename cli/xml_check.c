/* The first reading: is every code sound, and every batch? */
#include "xml_impl.h"
#include "words.h"

static void reject(struct xml *x, uint64_t line, struct sy_str raw, const char *reason)
{
	struct item item = {.line = line, .raw = raw, .reason = reason};

	x->failed = x->failed || reason == NULL;
	if (reason != NULL)
		xml_put(x, &x->ready, &item);
}

static const char *code_fault(struct xml *x, const struct relation_code *c, struct sy_arena *arena)
{
	struct sy_faults faults;
	struct sy_code code;
	uint64_t where;

	sy_faults_init(&faults, arena);
	faults.chinese = words_chinese();
	if (c->code.n == 0)
		return words("curCode: is missing");
	if (sy_code_parse(arena, c->code, &code, &faults, SY_NO_RECORD, "") != SY_OK)
		return sy_arena_printf(arena, words("curCode: %.*s: %s"), (int)c->code.n, c->code.p,
				       faults.n > 0 ? faults.v[0].detail : words("is no code"));
	if (code.kind == SY_CODE_PRODUCT || code.kind == SY_CODE_LOT)
		return sy_arena_printf(arena,
				       words("curCode: %.*s is a %s: expected one single package"),
				       (int)c->code.n, c->code.p, sy_code_kind_name(code.kind));
	if (c->layer.n != 1 || c->layer.p[0] < '1' || c->layer.p[0] > '9')
		return sy_arena_printf(arena, words("packLayer: \"%.*s\": expected 1 to 9"),
				       (int)c->layer.n, c->layer.p);
	where = c->line << 4 | (uint64_t)(c->layer.p[0] - '0');
	int err = seen_add(&x->seen, c->code, &where);
	x->failed = x->failed || err == SY_ENOMEM;
	if (err == SY_EDUP)
		return sy_arena_printf(arena, words("curCode: %.*s stands on line %llu already"),
				       (int)c->code.n, c->code.p, (unsigned long long)(where >> 4));
	return NULL;
}

/* A container is of a higher layer than what is in it, whichever of them comes first. */
static const char *layer_fault(struct xml *x, const struct relation_code *c, struct sy_arena *arena)
{
	unsigned layer = c->layer.n == 1 ? (unsigned)(c->layer.p[0] - '0') : 0;
	uint64_t where = c->line << 4 | layer, other;

	if (seen_find(&x->parents, c->code, &other) && (other & 15) >= layer)
		return sy_arena_printf(
		    arena,
		    words("packLayer: %u: expected a higher one, as it holds the code "
			  "of line %llu"),
		    layer, (unsigned long long)(other >> 4));
	if (c->parent.n == 0)
		return NULL;
	if (seen_find(&x->seen, c->parent, &other) && (other & 15) <= layer)
		return sy_arena_printf(
		    arena, words("parentCode: %.*s on line %llu is of no higher layer than %u"),
		    (int)c->parent.n, c->parent.p, (unsigned long long)(other >> 4), layer);
	x->failed = x->failed || seen_add(&x->parents, c->parent, &where) == SY_ENOMEM;
	return NULL;
}

static const char *parent_fault(struct xml *x, const struct relation_code *c,
				struct sy_arena *arena)
{
	struct sy_code code;

	if (c->parent.n > 0 &&
	    (sy_code_parse(arena, c->parent, &code, NULL, SY_NO_RECORD, "") != SY_OK ||
	     code.kind == SY_CODE_PRODUCT || code.kind == SY_CODE_LOT))
		return sy_arena_printf(arena, words("parentCode: %.*s is no code of a container"),
				       (int)c->parent.n, c->parent.p);
	return layer_fault(x, c, arena);
}

static void check_code(void *ctx, const struct relation_code *c)
{
	struct xml *x = ctx;
	struct sy_arena arena = {0};
	const char *why = code_fault(x, c, &arena);
	const char *parent = why == NULL ? parent_fault(x, c, &arena) : NULL;

	x->batch.n++;
	if (why == NULL && parent == NULL) {
		if (x->batch.some.n == 0)
			x->batch.some = xml_kept(x, c->code);
	} else {
		x->batch.bad++;
		reject(
		    x, c->line,
		    sy_str(sy_arena_printf(
			&arena, "<Code curCode=\"%.*s\" packLayer=\"%.*s\" parentCode=\"%.*s\"/>",
			(int)c->code.n, c->code.p, (int)c->layer.n, c->layer.p, (int)c->parent.n,
			c->parent.p)),
		    why != NULL ? why : parent);
	}
	sy_arena_free(&arena);
}

/* The batch's own fields are tried with one of its codes, as they would be with all. */
static void check_batch(void *ctx)
{
	struct xml *x = ctx;
	struct batch *b = &x->batch;
	struct sy_arena arena = {0};
	struct item item = {0};
	struct row row;
	const char *why = NULL;

	if (b->n == 0) {
		why = words("the batch has no Code");
	} else if (b->some.n > 0) {
		xml_made_row(x, 1, &b->some, 1, &arena, &row);
		source_record(x->s, &row, &arena, &item);
		why = item.reason;
	}
	if (why == NULL && b->bad > 0)
		why = sy_arena_printf(
		    &arena,
		    words("%zu of its %zu codes are at fault: a batch is registered "
			  "whole or not at all"),
		    b->bad, b->n);
	x->failed = x->failed || (why == NULL && b->bad > 0) ||
		    !xml_grow((void *)&x->bad, &x->cap_bad, x->n_bad, 1);
	if (!x->failed) {
		x->bad[x->n_bad++] = why != NULL;
		if (why != NULL)
			reject(x, b->line,
			       sy_str(sy_arena_printf(&arena, "<Batch batchNo=\"%.*s\"/>",
						      (int)b->row.v[F_LOT].n, b->row.v[F_LOT].p)),
			       why);
	}
	sy_arena_free(&arena);
}

const struct relation_calls xml_checks = {xml_begin_batch, check_code, check_batch};
