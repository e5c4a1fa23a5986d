#include "quality.h"

#include "apply.h"

#include <suyuan/time.h>

#include <stdlib.h>

/* --- what is known by a name ----------------------------------------------------------------- */

struct named {
	struct sy_str key;
	void *value;
};
struct names {
	struct named *v;
	size_t n, cap; /* CAP: a power of two */
};

static struct named *place_of(struct named *v, size_t cap, struct sy_str key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (uint8_t)key.p[i]) * UINT64_C(0x100000001b3);
	for (size_t at = h & (cap - 1);; at = (at + 1) & (cap - 1))
		if (v[at].value == NULL || sy_str_eq(v[at].key, key))
			return &v[at];
}

static int grow(struct names *s, struct sy_arena *arena)
{
	size_t cap = s->cap ? s->cap * 2 : 64;
	struct named *v = sy_arena_calloc(arena, cap, sizeof *v);

	if (v == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < s->cap; i++)
		if (s->v[i].value)
			*place_of(v, cap, s->v[i].key) = s->v[i];
	s->v = v;
	s->cap = cap;
	return SY_OK;
}

/* The value of that name, of SIZE zero bytes when it is new: *FRESH.  NULL: no memory. */
static void *named(struct names *s, struct sy_arena *arena, struct sy_str key, size_t size,
		   bool *fresh)
{
	struct named *at;

	if (s->n * 2 >= s->cap && grow(s, arena))
		return NULL;
	at = place_of(s->v, s->cap, key);
	*fresh = at->value == NULL;
	if (at->value)
		return at->value;
	const char *copy = sy_arena_strdup(arena, key);
	if (copy == NULL || (at->value = sy_arena_calloc(arena, 1, size)) == NULL)
		return NULL;
	at->key = (struct sy_str){copy, key.n};
	s->n++;
	return at->value;
}

/* --- products and their owners --------------------------------------------------------------- */

struct origin {
	struct sy_str category, producer, region;
};

struct count {
	struct index_read *r;
	const struct quality_query *q;
	struct sy_arena *arena, text; /* TEXT: of one record at a time */
	struct names origins, rows;   /* by version of a product; by what is asked for */
	struct ids batches;           /* of the inspection at hand */
	uint64_t record;              /* that it is */
};

static int member_of(struct count *c, struct sy_str record, const char *name, struct sy_str *out)
{
	struct sy_json_doc doc;
	struct sy_str text = SY_STR("");
	const struct sy_json *v;
	int err;

	sy_arena_reset(&c->text);
	*out = SY_STR("");
	if (record.n == 0)
		return SY_OK;
	if ((err = sy_json_parse(&c->text, record, 0, &doc, NULL)))
		return err == SY_ENOMEM ? err : SY_OK;
	v = sy_json_get(&doc, sy_json_root(&doc), name);
	if (v == NULL || (err = sy_json_string(&doc, v, &c->text, &text)))
		return v && err == SY_ENOMEM ? err : SY_OK;
	const char *copy = sy_arena_strdup(c->arena, text);
	*out = (struct sy_str){copy, copy ? text.n : 0};
	return copy ? SY_OK : SY_ENOMEM;
}

static int origin_read(struct count *c, const struct register_row *product, struct origin *out)
{
	struct register_row party;
	const char *owner = sy_arena_strdup(c->arena, product->owner);
	int err = owner ? member_of(c, product->payload, "category", &out->category) : SY_ENOMEM;

	if (err)
		return err;
	out->producer = (struct sy_str){owner, product->owner.n};
	err = register_get(c->r, REG_PARTY, out->producer, &party);
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	return member_of(c, party.payload, "region", &out->region);
}

/* The product in force when the batch was made; before its first record that is the first. */
static int product_of(struct count *c, const struct item *batch, struct sy_str code,
		      struct register_row *out)
{
	uint64_t made = batch->created != UINT64_MAX ? batch->created : batch->first;
	int err = register_get_before(c->r, REG_PRODUCT, code, made, out);

	return err == SY_ENOTFOUND ? register_get(c->r, REG_PRODUCT, code, out) : err;
}

/* *OUT is NULL when the register doesn't know the product. */
static int origin_of(struct count *c, const struct item *batch, const struct origin **out)
{
	struct register_row product;
	struct sy_code code;
	struct origin *o;
	uint8_t key[8];
	bool fresh;
	int err;

	*out = NULL;
	sy_arena_reset(&c->text);
	err = sy_code_parse(&c->text, batch->code, &code, NULL, SY_NO_RECORD, "");
	if (err || code.product.n == 0)
		return err == SY_ENOMEM ? err : SY_OK;
	if ((err = product_of(c, batch, code.product, &product)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	sy_put64(key, product.record);
	o = named(&c->origins, c->arena, (struct sy_str){(const char *)key, sizeof key}, sizeof *o,
		  &fresh);
	if (o == NULL)
		return SY_ENOMEM;
	*out = o;
	return fresh ? origin_read(c, &product, o) : SY_OK;
}

/* --- counting -------------------------------------------------------------------------------- */

static bool is_asked_for(const struct quality_query *q, const struct origin *o)
{
	return (q->category.n == 0 || sy_str_eq(q->category, o->category)) &&
	       (q->producer.n == 0 || sy_str_eq(q->producer, o->producer)) &&
	       (q->region.n == 0 || register_region_covers(q->region, o->region));
}

static struct sy_str key_of(const struct quality_query *q, const struct origin *o, int64_t time,
			    char day[12])
{
	switch (q->by) {
	case BY_CATEGORY:
		return o->category;
	case BY_PRODUCER:
		return o->producer;
	case BY_REGION:
		return o->region;
	case BY_YEAR:
		break;
	}
	sy_date_format(sy_date_of((uint64_t)time, 8 * 60), day);
	return (struct sy_str){day, 4};
}

/* Was the batch counted already, of this inspection?  Its rows stand side by side. */
static int count_once(struct count *c, const struct finding *f, uint64_t batch, bool *first)
{
	*first = true;
	if (c->record != f->record)
		c->batches.n = 0;
	c->record = f->record;
	for (size_t i = c->batches.n; i > 0 && *first; i--)
		*first = c->batches.v[i - 1] != batch;
	return *first ? ids_add(&c->batches, batch) : SY_OK;
}

static int count_finding(struct count *c, const struct finding *f)
{
	static const struct origin unknown;
	const struct origin *o;
	struct quality_row *row;
	struct item batch;
	char day[12];
	bool fresh;
	int err = index_item(c->r, f->item, &batch);

	if (err == SY_OK && batch.lot != NO_ID)
		err = index_item(c->r, batch.lot, &batch);
	if (err || (err = count_once(c, f, batch.id, &fresh)))
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	if (!fresh)
		return SY_OK;
	if ((err = origin_of(c, &batch, &o)))
		return err;
	o = o ? o : &unknown;
	if (!is_asked_for(c->q, o))
		return SY_OK;
	struct sy_str key = key_of(c->q, o, f->time, day);
	if ((row = named(&c->rows, c->arena, key, sizeof *row, &fresh)) == NULL)
		return SY_ENOMEM;
	row->inspected++;
	row->passed += f->pass;
	return SY_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct quality_row *x = a, *y = b;

	return sy_str_cmp(x->of, y->of);
}

static int collect(struct count *c, struct quality *out)
{
	*out =
	    (struct quality){.rows = sy_arena_calloc(c->arena, c->rows.n + 1, sizeof *out->rows)};
	if (out->rows == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < c->rows.cap; i++) {
		const struct quality_row *row = c->rows.v[i].value;
		if (row == NULL)
			continue;
		out->rows[out->n] = *row;
		out->rows[out->n++].of = c->rows.v[i].key;
		out->inspected += row->inspected;
		out->passed += row->passed;
	}
	qsort(out->rows, out->n, sizeof *out->rows, by_name);
	return SY_OK;
}

int quality_count(struct index_read *r, const struct quality_query *q, struct sy_arena *arena,
		  struct quality *out)
{
	struct count c = {.r = r, .q = q, .arena = arena, .record = NO_ID};
	struct finding f = {.time = q->from};
	int err;

	while ((err = index_findings_next(r, &f)) == SY_OK && f.time < q->to)
		if ((err = count_finding(&c, &f)))
			break;
	if (err == SY_OK || err == SY_ENOTFOUND)
		err = collect(&c, out);
	sy_arena_free(&c.text);
	ids_free(&c.batches);
	return err;
}
