/* The canonical form: elements and parts put together. */
#include "code_impl.h"

#define GS1_STEM "https://id.gs1.org/"

const struct code_stem sy_stem_gs1 = {{"/10/", 4}, {"/21/", 4}, false};
const struct code_stem sy_stem_gs1_tpx = {{"/10/", 4}, {"/235/", 5}, false};
/* A small maker may count anew in every lot: there the lot is part of a unit's name. */
const struct code_stem sy_stem_own = {{":lot:", 5}, {":serial:", 8}, true};

static struct sy_str keep_text(struct code_reader *r, struct sy_str text)
{
	struct sy_str s = {sy_arena_strdup(r->arena, text), text.n};
	if (s.p == NULL)
		sy_code_out_of_memory(r);
	return s;
}

/* A longer code, BASE and then MARK and TEXT percent-coded, at *P; advances *P past its end. */
static struct sy_str grow(char **p, struct sy_str base, struct sy_str mark, struct sy_str text,
			  struct sy_str *part)
{
	char *begin = *p, *coded = sy_code_put(sy_code_put(begin, base), mark);
	char *end = sy_code_encode(coded, text);
	*end = '\0';
	*p = end + 1;
	*part = (struct sy_str){coded, text.n};
	if ((size_t)(end - coded) != text.n) {
		part->p = *p;
		*p = sy_code_put(*p, text);
		*(*p)++ = '\0';
	}
	return (struct sy_str){begin, (size_t)(end - begin)};
}

/* What grow() needs. */
static size_t growth(size_t base, struct sy_str mark, struct sy_str text)
{
	size_t coded = sy_code_encoded(text);
	return base + mark.n + coded + 1 + (coded != text.n ? text.n + 1 : 0);
}

/* All texts of a code are one allocation: most codes of a document are units. */
void sy_code_from_stem(struct code_reader *r, const struct code_stem *stem, struct sy_str product,
		       struct sy_str lot, struct sy_str serial)
{
	struct sy_code *out = r->out;
	size_t lot_code = product.n + stem->lot.n + sy_code_encoded(lot), n = product.n + 1;
	n += lot.n > 0 ? growth(product.n, stem->lot, lot) : 0;
	if (serial.n > 0)
		n += growth(stem->keep_lot && lot.n > 0 ? lot_code : product.n, stem->serial,
			    serial);
	char *p = sy_arena_alloc(r->arena, n);
	if (p == NULL) {
		sy_code_out_of_memory(r);
		return;
	}
	out->kind = SY_CODE_PRODUCT;
	out->product = out->canonical = (struct sy_str){p, product.n};
	p = sy_code_put(p, product);
	*p++ = '\0';
	if (lot.n > 0) {
		out->kind = SY_CODE_LOT;
		out->lot_code = out->canonical = grow(&p, product, stem->lot, lot, &out->lot);
	}
	if (serial.n > 0) {
		out->kind = SY_CODE_UNIT;
		out->canonical = grow(&p, stem->keep_lot ? out->canonical : product, stem->serial,
				      serial, &out->serial);
	}
}

/* (414) to (417) may stand beside what they are the place or party of. */
static bool beside(const struct element *e)
{
	return e->ai.number >= 4140 && e->ai.number <= 4179;
}

const struct element *sy_code_key(const struct code_reader *r)
{
	const struct element *key = r->key;
	for (size_t i = 0; i < r->n && r->key == NULL; i++) {
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

static void assemble_gtin(struct code_reader *r, const struct element *key)
{
	struct sy_str serial = value_of(r, AI_SERIAL), tpx = value_of(r, AI_TPX);
	char product[] = GS1_STEM "01/00000000000000";
	struct sy_str whole = {product, sizeof product - 1};
	memcpy(product + whole.n - 14, key->value.p, 14);
	sy_code_from_stem(r, tpx.n > 0 ? &sy_stem_gs1_tpx : &sy_stem_gs1, whole,
			  value_of(r, AI_LOT), tpx.n > 0 ? tpx : serial);
	if (r->out->product.n > 0)
		r->out->gtin = sy_text_from(r->out->product, whole.n - 14);
}

static void put_element(struct pen *pen, const struct element *e)
{
	char name[8];
	sy_ai_name(e->ai, name);
	sy_pen_put(pen, (struct sy_str){name + 1, strlen(name) - 2});
	sy_pen_put(pen, SY_STR("/"));
	sy_pen_encode(pen, e->value);
}

/* The qualifiers of one alternative up to its bar; FORCED counts those that stand nowhere else. */
static size_t alternative(const struct code_reader *r, const char **quals,
			  const struct element *out[ELEMENTS_MAX], size_t *forced)
{
	size_t n = 0;
	const char *q = *quals;
	*forced = 0;
	while (*q != '\0' && *q != '|') {
		size_t length = strcspn(q, ",|");
		const struct element *e =
		    sy_ai_find(r, sy_ai_exact((struct sy_str){q, length}).number);
		if (e != NULL && n < ELEMENTS_MAX) {
			out[n++] = e;
			*forced += !(e->ai.row->flags & AI_QUERY);
		}
		q += length + (q[length] == ',');
	}
	*quals = q + (*q == '|');
	return n;
}

size_t sy_code_qualifiers(const struct code_reader *r, const struct element *key,
			  const struct element *out[ELEMENTS_MAX])
{
	const struct element *found[ELEMENTS_MAX];
	size_t best = 0, most = 0, forced;
	for (const char *q = key->ai.row->quals; *q != '\0';) {
		size_t n = alternative(r, &q, found, &forced);
		if (forced < most || (forced == most && n <= best))
			continue;
		memcpy(out, found, n * sizeof(struct element *));
		best = n;
		most = forced;
	}
	return best;
}

/* Key and its qualifiers. */
static void assemble_other(struct code_reader *r, const struct element *key)
{
	const struct element *quals[ELEMENTS_MAX];
	size_t n = sy_code_qualifiers(r, key, quals);
	struct pen pen;
	sy_pen_begin(&pen, SY_STR(GS1_STEM));
	put_element(&pen, key);
	for (size_t i = 0; i < n; i++) {
		sy_pen_put(&pen, SY_STR("/"));
		put_element(&pen, quals[i]);
	}
	r->out->kind = (enum sy_code_kind)key->ai.row->key;
	r->out->canonical = keep_text(r, (struct sy_str){pen.text, pen.n});
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
	const struct element *key = sy_code_key(r);
	if (key == NULL) {
		if (r->n_faults == 0)
			sy_code_fault(r, SY_EINVAL, NOWHERE,
				      "nothing in it says what it is, expected a GS1 key such as "
				      "(01) or (00)",
				      "其中没有说明是什么的编码，应有GS1主键，如(01)或(00)");
		return;
	}
	if (sy_code_rules(r))
		sy_ai_check_pairs(r, key);
	if (r->n_faults > 0)
		return;
	r->out->scheme = SY_SCHEME_GS1;
	if (key->ai.number == AI_GTIN)
		assemble_gtin(r, key);
	else
		assemble_other(r, key);
	r->out->expiry = date_of(r, AI_EXPIRY);
	r->out->made = date_of(r, AI_MADE);
}
