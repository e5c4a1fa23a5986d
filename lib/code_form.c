/* The canonical form: elements and parts put together. */
#include "code_impl.h"

const struct code_stem sy_stem_gs1 = {"/10/", "/21/", false};
const struct code_stem sy_stem_gs1_tpx = {"/10/", "/235/", false};
/* A small maker may count anew in every lot: there the lot is part of a unit's name. */
const struct code_stem sy_stem_own = {":lot:", ":serial:", true};

static struct sy_str keep(struct code_reader *r, const struct pen *pen)
{
	struct sy_str s = sy_pen_keep(pen, r->arena);
	if (s.p == NULL)
		sy_code_out_of_memory(r);
	return s;
}

static struct sy_str keep_text(struct code_reader *r, struct sy_str text)
{
	struct sy_str s = {sy_arena_strdup(r->arena, text), text.n};
	if (s.p == NULL)
		sy_code_out_of_memory(r);
	return s;
}

void sy_code_from_stem(struct code_reader *r, const struct code_stem *stem, struct sy_str product,
		       struct sy_str lot, struct sy_str serial)
{
	struct sy_code *out = r->out;
	struct pen pen;
	out->kind = SY_CODE_PRODUCT;
	out->product = out->canonical = keep_text(r, product);
	sy_pen_begin(&pen, product);
	if (lot.n > 0) {
		out->kind = SY_CODE_LOT;
		sy_pen_put(&pen, sy_str(stem->lot));
		sy_pen_encode(&pen, lot);
		out->lot = keep_text(r, lot);
		out->lot_code = out->canonical = keep(r, &pen);
	}
	if (serial.n > 0) {
		out->kind = SY_CODE_UNIT;
		pen.n = stem->keep_lot ? pen.n : product.n;
		sy_pen_put(&pen, sy_str(stem->serial));
		sy_pen_encode(&pen, serial);
		out->serial = keep_text(r, serial);
		out->canonical = keep(r, &pen);
	}
}

/* (414) to (417) may stand beside what they are the place or party of. */
static bool beside(const struct element *e)
{
	return e->ai.number >= 4140 && e->ai.number <= 4179;
}

static const struct element *key_of(const struct code_reader *r)
{
	const struct element *key = NULL;
	for (size_t i = 0; i < r->n; i++) {
		const struct element *e = &r->elements[i];
		if (e->ai.row->key != SY_CODE_NONE && (key == NULL || (beside(key) && !beside(e))))
			key = e;
	}
	return key;
}

static struct sy_str value_of(const struct code_reader *r, unsigned number)
{
	const struct element *e = sy_ai_find(r, number);
	return e ? e->value : (struct sy_str){"", 0};
}

#define GS1_STEM "https://id.gs1.org/"

static void put_element(struct pen *pen, const struct element *e)
{
	char name[8];
	sy_ai_name(e->ai, name);
	sy_pen_put(pen, (struct sy_str){name + 1, strlen(name) - 2});
	sy_pen_put(pen, SY_STR("/"));
	sy_pen_encode(pen, e->value);
}

static void assemble_gtin(struct code_reader *r, const struct element *key)
{
	struct sy_str serial = value_of(r, AI_SERIAL), tpx = value_of(r, AI_TPX);
	const struct code_stem *stem = tpx.n > 0 ? &sy_stem_gs1_tpx : &sy_stem_gs1;
	struct pen pen;
	if (serial.n > 0 && tpx.n > 0) {
		sy_code_fault(r, SY_EINVAL,
			      "(21) and (235) exclude each other, expected one of them");
		return;
	}
	sy_pen_begin(&pen, SY_STR(GS1_STEM));
	put_element(&pen, key);
	r->out->gtin = keep_text(r, key->value);
	sy_code_from_stem(r, stem, (struct sy_str){pen.text, pen.n}, value_of(r, AI_LOT),
			  tpx.n > 0 ? tpx : serial);
}

/* Key and its qualifiers, in their order. */
static void assemble_other(struct code_reader *r, const struct element *key)
{
	struct pen pen;
	sy_pen_begin(&pen, SY_STR(GS1_STEM));
	put_element(&pen, key);
	for (const char *q = key->ai.row->quals; *q != '\0';) {
		size_t n = strcspn(q, ",|");
		const struct element *e = sy_ai_find(r, sy_ai_exact((struct sy_str){q, n}).number);
		if (e != NULL) {
			sy_pen_put(&pen, SY_STR("/"));
			put_element(&pen, e);
		}
		q += n + (q[n] != '\0');
	}
	r->out->kind = (enum sy_code_kind)key->ai.row->key;
	r->out->canonical = keep(r, &pen);
}

static struct sy_str date_of(struct code_reader *r, unsigned number)
{
	char date[11];
	struct sy_str value = value_of(r, number);
	if (value.n != 6 || !sy_ai_date(value, true, date))
		return (struct sy_str){"", 0};
	return keep_text(r, (struct sy_str){date, 10});
}

void sy_code_assemble(struct code_reader *r)
{
	const struct element *key = key_of(r);
	if (r->n_faults > 0)
		return;
	if (key == NULL) {
		sy_code_fault(r, SY_EINVAL,
			      "nothing in it says what it is, expected a GS1 key such as "
			      "(01) or (00)");
		return;
	}
	r->out->scheme = SY_SCHEME_GS1;
	if (key->ai.number == AI_GTIN)
		assemble_gtin(r, key);
	else
		assemble_other(r, key);
	r->out->expiry = date_of(r, AI_EXPIRY);
	r->out->made = date_of(r, AI_MADE);
}
