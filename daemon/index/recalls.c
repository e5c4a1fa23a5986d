/* The cases that mark something, as the index keeps them in memory. */
#include "apply.h"

#include <suyuan/time.h>

#include <stdlib.h>

bool recall_counts(const struct index_recall *now)
{
	return (now->state == RECALL_OPEN || now->state == RECALL_CLOSED) && !now->mock;
}

/* --- the cases ------------------------------------------------------------------------------- */

void recalls_forget(struct apply *a)
{
	struct sy_arena arena = a->recalls.arena;

	sy_arena_reset(&arena);
	a->recalls = (struct recalls){.arena = arena};
}

/* The canonical code of a text; empty for none. */
static int canonical(struct sy_arena *arena, const struct sy_json_doc *doc, const struct sy_json *v,
		     struct sy_str *out, struct sy_str *product)
{
	struct sy_faults faults;
	struct sy_code code;
	struct sy_str text;
	int err = v ? sy_json_string(doc, v, arena, &text) : SY_EINVAL;

	*out = *product = SY_STR("");
	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	sy_faults_init(&faults, arena);
	faults.settled = true;
	if ((err = sy_code_parse(arena, text, &code, &faults, SY_NO_RECORD, "")) == SY_OK) {
		*out = code.canonical;
		*product = code.product;
	}
	return err == SY_ENOMEM ? err : SY_OK;
}

static struct sy_str plain(const struct sy_json_doc *doc, const struct sy_json *scope,
			   const char *name)
{
	const struct sy_json *v = sy_json_get(doc, scope, name);

	return v && v->type == SY_JSON_STRING ? (struct sy_str){doc->text + v->off, v->len}
					      : SY_STR("");
}

static int read_codes(struct apply *a, struct recall_case *c, const struct sy_json_doc *doc,
		      const struct sy_json *items)
{
	struct sy_str *codes;
	const struct sy_json *v;
	struct sy_str product;
	int err;

	if (items == NULL || items->type != SY_JSON_ARRAY)
		return SY_OK;
	codes = sy_arena_calloc(&a->recalls.arena, items->count + 1, sizeof *codes);
	c->codes = codes;
	if (codes == NULL)
		return SY_ENOMEM;
	sy_json_each (doc, items, v) {
		if ((err = canonical(&a->recalls.arena, doc, v, &codes[c->n_codes], &product)))
			return err;
		c->n_codes += codes[c->n_codes].n > 0;
	}
	return SY_OK;
}

static int read_scope(struct apply *a, struct recall_case *c, struct sy_str payload)
{
	struct sy_arena *arena = &a->recalls.arena;
	const struct sy_json *scope;
	struct sy_str of;
	struct sy_json_doc doc;
	int err = sy_json_parse(arena, payload, 0, &doc, NULL);

	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	scope = sy_json_get(&doc, sy_json_root(&doc), "scope");
	if ((err = read_codes(a, c, &doc, sy_json_get(&doc, scope, "items"))) ||
	    (err = canonical(arena, &doc, sy_json_get(&doc, scope, "product"), &c->product, &of)) ||
	    (err = canonical(arena, &doc, sy_json_get(&doc, scope, "place"), &c->place, &of)))
		return err;
	if ((err = place_ids_read(a->tx, c->place, arena, &c->where)))
		return err;
	if (sy_date_parse(plain(&doc, scope, "madeFrom"), &c->made_from))
		c->made_from = INT32_MIN;
	if (sy_date_parse(plain(&doc, scope, "madeTo"), &c->made_to))
		c->made_to = INT32_MAX;
	if (sy_moment_parse(plain(&doc, scope, "from"), false, &c->from))
		c->from = INT64_MIN;
	if (sy_moment_parse(plain(&doc, scope, "to"), true, &c->to))
		c->to = INT64_MAX;
	return SY_OK;
}

static int load_case(struct apply *a, uint64_t number, const struct case_row *row)
{
	struct recalls *r = &a->recalls;
	struct recall_case *c = &r->v[r->n++];
	struct index_recall now;
	char *id = sy_arena_strdup(&r->arena, row->id);
	int err;

	if (id == NULL)
		return SY_ENOMEM;
	*c = (struct recall_case){
	    .number = number, .gen = row->gen, .items = row->items, .id = {id, row->id.n}};
	if ((err = recall_get(a->tx, c->id, &now)))
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	c->active = recall_counts(&now);
	if (c->active && (err = read_scope(a, c, now.row.payload)))
		return err;
	r->n_codes += c->n_codes;
	r->products |= c->product.n > 0;
	r->places |= c->place.n > 0;
	return SY_OK;
}

static int by_code(const void *a, const void *b)
{
	const struct recall_code *x = a, *y = b;

	return sy_str_cmp(x->code, y->code);
}

static int sort_codes(struct recalls *r)
{
	size_t n = 0;

	if ((r->codes = sy_arena_calloc(&r->arena, r->n_codes + 1, sizeof *r->codes)) == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->v[i].n_codes; k++)
			r->codes[n++] = (struct recall_code){r->v[i].codes[k], (unsigned)i};
	qsort(r->codes, n, sizeof *r->codes, by_code);
	return SY_OK;
}

int recalls_load(struct apply *a)
{
	struct recalls *r = &a->recalls;
	struct case_row row;
	struct sy_str key, value;
	int err = SY_OK;

	if (r->loaded)
		return SY_OK;
	recalls_forget(a);
	r->v = sy_arena_calloc(&r->arena, kv_count(a->tx, T_CASES) + 1, sizeof *r->v);
	if (r->v == NULL)
		return SY_ENOMEM;
	for (uint64_t from = 0; err == SY_OK; from++) {
		struct key k = key_u64(from);
		if ((err = kv_seek(a->tx, T_CASES, key_str(&k), &key, &value)))
			break;
		from = sy_get64((const uint8_t *)key.p);
		if ((err = case_get(a->tx, from, &row)) == SY_OK)
			err = load_case(a, from, &row);
	}
	if (err != SY_ENOTFOUND)
		return err;
	r->loaded = true;
	return sort_codes(r);
}

struct recall_case *recalls_find(struct apply *a, uint64_t number)
{
	for (size_t i = 0; i < a->recalls.n; i++)
		if (a->recalls.v[i].number == number)
			return &a->recalls.v[i];
	return NULL;
}

static int name(struct apply *a, enum index_named what, struct sy_str code, uint64_t number)
{
	struct key k = key_scope(what, code, number);

	return code.n ? kv_put(a->tx, T_SCOPES, key_str(&k), SY_STR(""), 0) : SY_OK;
}

/* A scope only ever grows, so that what an earlier version named is never taken back. */
static int name_all(struct apply *a, struct sy_arena *arena, struct sy_str payload, uint64_t number)
{
	struct sy_str code, product;
	const struct sy_json *scope, *v;
	struct sy_json_doc doc;
	int err = payload.n ? sy_json_parse(arena, payload, 0, &doc, NULL) : SY_ENOMEM;

	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	scope = sy_json_get(&doc, sy_json_root(&doc), "scope");
	sy_json_each (&doc, sy_json_get(&doc, scope, "items"), v)
		if ((err = canonical(arena, &doc, v, &code, &product)) ||
		    (err = name(a, NAMED_ITEM, code, number)) ||
		    (err = name(a, NAMED_PRODUCT_OF, product, number)))
			return err;
	err = canonical(arena, &doc, sy_json_get(&doc, scope, "product"), &code, &product);
	return err ? err : name(a, NAMED_PRODUCT, code, number);
}

static int name_scope(struct apply *a, const struct index_recall *now)
{
	struct sy_arena arena = {0};
	struct sy_str payload = sy_str(sy_arena_strdup(&arena, now->row.payload));
	int err = name_all(a, &arena, payload, now->number);

	sy_arena_free(&arena);
	return err;
}

int recalls_version(struct apply *a, const struct index_recall *now)
{
	bool counts = recall_counts(now);
	struct key k = todo_key(counts ? TODO_SEED : TODO_SWEEP, now->number);
	struct case_row row = {.gen = 1, .id = now->row.id};
	int err = case_get(a->tx, now->number, &row);

	if (err == SY_ENOTFOUND && !counts)
		return SY_OK;
	if (err == SY_ENOTFOUND)
		err = case_put(a->tx, now->number, &row);
	if (err == SY_OK && counts)
		err = name_scope(a, now);
	recalls_forget(a);
	return err ? err : todo_put(a, &k, 0);
}
