#include "audit_impl.h"

#include <stdlib.h>

/*
 * Entries are taken in blocks of tiles.  While one block is checked, by parts of some entries with
 * their records, the tiles of the next are fetched: two kinds of slices of one walk, dealt in turn,
 * so that a far source and this machine's cores are busy together.
 */
enum {
	TILE = 256,
	BLOCK_TILES = 64,
	BLOCK = BLOCK_TILES * TILE,
	PART_ENTRIES = 16,      /* half a ms of signatures */
	PART_ENTRIES_MAX = 128, /* with records, which are asked for a part at a time */
	PART_RECORDS = 1000,
	SLOTS_MAX = 128
};

struct block {
	uint64_t from; /* the first of a tile */
	unsigned n;
	uint8_t raw[BLOCK][SY_ENTRY_SIZE];
};

struct part_range {
	unsigned from, n; /* of the block */
};

struct sy_audit {
	struct sy_audit_options o;
	uint64_t at; /* entries checked */
	struct sy_tree tree;
	struct sy_entry before;
	bool has_before;
	sy_hash leaf_before;
	uint64_t records, others, unchecked, faults;
	struct audit_register reg;
	struct sy_audit_part slot[SLOTS_MAX], end; /* END: what is found in folding */
	unsigned slots;
	struct findings findings;
	/* under way */
	uint64_t to;
	struct block *now, *next;
	struct checked *checked; /* of `now` */
	struct part_range *parts;
	unsigned n_parts, n_tiles; /* tiles of `next` to be fetched */
};

/* --- making ---------------------------------------------------------------------------------- */

int sy_audit_new(const struct sy_audit_options *o, struct sy_audit **out)
{
	struct sy_audit *a = calloc(1, sizeof *a);
	int err = SY_ENOMEM;

	if (a == NULL)
		return SY_ENOMEM;
	a->o = *o;
	register_init(&a->reg);
	a->now = malloc(sizeof *a->now);
	a->next = malloc(sizeof *a->next);
	a->checked = malloc(BLOCK * sizeof *a->checked);
	a->parts = malloc(BLOCK * sizeof *a->parts);
	if (a->now == NULL || a->next == NULL || a->checked == NULL || a->parts == NULL ||
	    part_init(&a->end, &a->o))
		goto err0;
	if (a->o.threads < 1)
		a->o.threads = 1;
	while (a->slots < 2 * a->o.threads && a->slots < SLOTS_MAX)
		if (part_init(&a->slot[a->slots++], &a->o))
			goto err0;
	*out = a;
	return SY_OK;
err0:
	sy_audit_free(a);
	return err;
}

void sy_audit_free(struct sy_audit *a)
{
	if (a == NULL)
		return;
	while (a->slots)
		part_free(&a->slot[--a->slots]);
	part_free(&a->end);
	findings_free(&a->findings);
	register_free(&a->reg);
	free(a->now);
	free(a->next);
	free(a->checked);
	free(a->parts);
	free(a);
}

int sy_audit_resume(struct sy_audit *a, const struct sy_tree *t, const uint8_t last[SY_ENTRY_SIZE])
{
	struct checked c;

	part_entry(last, &c);
	if (c.why)
		return SY_ECORRUPT;
	a->tree = *t;
	a->at = t->size;
	a->before = c.e;
	a->has_before = true;
	a->leaf_before = c.leaf;
	a->records = c.e.first + c.e.count;
	return SY_OK;
}

/* --- findings, in order of entries ----------------------------------------------------------- */

/* A stable sort: what is said of one entry stays in the order in which it was found. */
static void sort(struct findings *f)
{
	for (size_t i = 1; i < f->n; i++) {
		struct finding *one = f->v[i];
		size_t k = i;
		for (; k && f->v[k - 1]->entry > one->entry; k--)
			f->v[k] = f->v[k - 1];
		f->v[k] = one;
	}
}

/* Tells what was found of entries before BOUND; the rest is of a block that is yet to come. */
static void tell(struct sy_audit *a, uint64_t bound)
{
	struct findings *f = &a->findings;
	size_t n = 0;

	sort(f);
	for (; n < f->n && f->v[n]->entry < bound; n++) {
		a->o.fault(a->o.ctx, f->v[n]->what, f->v[n]->at, f->v[n]->text);
		free(f->v[n]);
	}
	f->n -= n;
	if (f->n)
		memmove(f->v, f->v + n, f->n * sizeof(struct finding *));
	a->faults += n + f->dropped;
	f->dropped = 0;
}

/* --- one entry, in order --------------------------------------------------------------------- */

#define FAULT(a, i, ...) sy_audit_fault(&(a)->end, (i), "entry", (i), __VA_ARGS__)

static int fold_signature(struct sy_audit *a, const struct checked *c)
{
	const struct sy_entry *e = &c->e;
	int err = SY_OK;

	a->others += e->kind != SY_ENTRY_SUBMISSION;
	switch (e->kind) {
	case SY_ENTRY_SUBMISSION:
		if (c->signature == SY_EVERSION)
			FAULT(a, e->index,
			      "its signature is of an algorithm that this version can't check");
		else if (c->signature)
			FAULT(a, e->index, "the author's signature doesn't verify");
		err = register_submission(&a->reg, &a->end, e);
		if (a->o.rules && e->index > 0)
			register_author(&a->reg, &a->end, e);
		break;
	case SY_ENTRY_LOG_KEY:
		if (c->signature)
			FAULT(a, e->index, "the old log key's signature doesn't verify");
		err = register_log_key(&a->reg, &a->end, e);
		break;
	default:
		a->unchecked++;
	}
	return err;
}

static int fold_entry(struct sy_audit *a, uint64_t i, const struct checked *c)
{
	const char *why = NULL;
	int err = SY_OK;

	sy_tree_append(&a->tree, &c->leaf);
	if (c->why) {
		FAULT(a, i, "%s", c->why);
	} else if (c->e.index != i) {
		FAULT(a, i, "says that it is entry %llu", (unsigned long long)c->e.index);
	} else {
		if ((i == 0 || a->has_before) &&
		    sy_entry_follows(&c->e, i ? &a->before : NULL, &a->leaf_before, &why))
			FAULT(a, i, "%s", why ? why : "doesn't follow the entry before");
		err = fold_signature(a, c);
	}
	a->has_before = c->why == NULL;
	if (a->has_before) {
		a->before = c->e;
		a->records = c->e.first + c->e.count;
	}
	a->leaf_before = c->leaf;
	a->at = i + 1;
	return err;
}

/* The registers' records of one entry: they count from the next on, but for the genesis. */
static int fold_records(struct sy_audit *a, struct sy_audit_part *p, const struct checked *c)
{
	int err = SY_OK;

	for (; p->gone && p->gone->number < c->e.first + c->e.count && err == SY_OK;
	     p->gone = p->gone->next)
		err = register_gone(&a->reg, p->gone);
	for (; p->keeping && p->keeping->entry == c->e.index && err == SY_OK;
	     p->keeping = p->keeping->next)
		err = register_record(&a->reg, &a->end, p->keeping);
	if (err == SY_OK && a->o.rules && c->e.index == 0)
		register_author(&a->reg, &a->end, &c->e);
	return err;
}

/* --- slices ---------------------------------------------------------------------------------- */

/* Parts and tiles in turn, then what is left of either. */
static bool is_part(const struct sy_audit *a, uint64_t slice, unsigned *i)
{
	unsigned both = a->n_parts < a->n_tiles ? a->n_parts : a->n_tiles;

	*i = slice < 2 * (uint64_t)both ? (unsigned)(slice / 2) : (unsigned)(slice - both);
	return slice < 2 * (uint64_t)both ? slice % 2 == 0 : a->n_parts > both;
}

static unsigned width_of(const struct block *b, unsigned tile)
{
	unsigned left = b->n - tile * TILE;

	return left < TILE ? left : TILE;
}

static int work(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	struct sy_audit *a = ctx;
	struct sy_audit_part *p = &a->slot[slot];
	struct block *b = a->next;
	unsigned i;

	part_reset(p);
	if (is_part(a, slice, &i)) {
		const struct part_range *r = &a->parts[i];
		return part_check(p, thread, a->checked + r->from, r->n);
	}
	int err = a->o.source.entries(a->o.source.ctx, thread, p, b->from + i * TILE,
				      width_of(b, i), b->raw + (size_t)i * TILE);
	return err ? err : p->err;
}

static int fold(void *ctx, unsigned slot, uint64_t slice)
{
	struct sy_audit *a = ctx;
	struct sy_audit_part *p = &a->slot[slot];
	int err = findings_move(&a->findings, &p->findings);
	unsigned i;

	if (!is_part(a, slice, &i))
		return err;
	for (unsigned k = a->parts[i].from, end = k + a->parts[i].n; k < end && err == SY_OK; k++) {
		const struct checked *c = &a->checked[k];
		err = fold_entry(a, a->now->from + k, c);
		if (err == SY_OK && c->why == NULL && c->e.kind == SY_ENTRY_SUBMISSION &&
		    a->o.source.records)
			err = fold_records(a, p, c);
	}
	if (err == SY_OK)
		err = a->end.err;
	if (findings_move(&a->findings, &a->end.findings))
		err = SY_ENOMEM;
	if (a->o.progress && err == SY_OK)
		a->o.progress(a->o.ctx, a->at);
	return err;
}

/* --- blocks ---------------------------------------------------------------------------------- */

/* The block that begins with the tile of FROM, as far as is wanted; its tiles are to be fetched. */
static void plan(struct sy_audit *a, uint64_t from)
{
	uint64_t left = a->to - from / TILE * TILE;

	a->next->from = from / TILE * TILE;
	a->next->n = from >= a->to ? 0 : left < BLOCK ? (unsigned)left : BLOCK;
	a->n_tiles = (a->next->n + TILE - 1) / TILE;
}

/* Cuts the block that was fetched into parts; those of its entries that were checked before, with
 * an earlier end, are left out. */
static void cut(struct sy_audit *a)
{
	struct block *b = a->next;
	unsigned at = a->at > b->from ? (unsigned)(a->at - b->from) : 0;
	unsigned most = a->o.source.records ? PART_ENTRIES_MAX : PART_ENTRIES;

	a->next = a->now;
	a->now = b;
	a->n_parts = 0;
	while (at < b->n) {
		struct part_range *r = &a->parts[a->n_parts++];
		uint64_t records = 0;
		*r = (struct part_range){at, 0};
		while (at < b->n && r->n < most && records < PART_RECORDS) {
			struct checked *c = &a->checked[at];
			part_entry(b->raw[at++], c);
			records += c->why || !a->o.source.records ? 0 : c->e.count;
			r->n++;
		}
	}
}

static int walk(struct sy_audit *a)
{
	struct sy_walk w = {.slices = (uint64_t)a->n_parts + a->n_tiles,
			    .threads = a->o.threads,
			    .slots = a->slots,
			    .work = work,
			    .fold = fold,
			    .ctx = a};

	return sy_walk(&w);
}

int sy_audit_run(struct sy_audit *a, uint64_t to)
{
	int err;

	a->to = to;
	a->n_parts = 0;
	plan(a, a->at);
	for (err = walk(a); err == SY_OK && a->next->n; err = walk(a)) {
		cut(a);
		plan(a, a->now->from + a->now->n);
		tell(a, a->now->from);
	}
	tell(a, err ? a->at : UINT64_MAX);
	return err;
}

/* --- what it came to ------------------------------------------------------------------------- */

void sy_audit_sum(const struct sy_audit *a, struct sy_audit_sum *out)
{
	*out = (struct sy_audit_sum){.entries = a->at,
				     .records = a->records,
				     .others = a->others,
				     .unchecked = a->unchecked,
				     .erased = a->reg.named,
				     .faults = a->faults,
				     .unexplained = a->reg.n_erased - a->reg.named};
	sy_tree_root(&a->tree, &out->root);
}

const uint8_t *sy_audit_log_key(const struct sy_audit *a, uint64_t size)
{
	const struct audit_register *r = &a->reg;
	size_t n = r->n_log;

	while (n > 1 && r->log[n - 1].from >= size)
		n--;
	return n ? r->log[n - 1].key : NULL;
}

int sy_audit_end(struct sy_audit *a, const uint8_t log[SY_KEY_SIZE])
{
	const uint8_t *key = sy_audit_log_key(a, a->at);

	for (size_t i = 0; a->o.rules && i < a->reg.n_erased; i++)
		if (!a->reg.erased[i].named)
			sy_audit_fault(&a->end, a->at, "record", a->reg.erased[i].number,
				       "is answered as erased, but no Erasure names it");
	if (key && memcmp(key, log, SY_KEY_SIZE) != 0)
		sy_audit_fault(&a->end, a->at, "checkpoint of", a->at,
			       "is signed by another key than the genesis and later changes name");
	int err = findings_move(&a->findings, &a->end.findings);
	tell(a, UINT64_MAX);
	return err ? err : a->end.err;
}
