#include "scope.h"

#include <suyuan/time.h>

/* --- of a record ----------------------------------------------------------------------------- */

struct reading {
	struct sy_arena *arena;
	const struct sy_json_doc *doc;
	const struct sy_json *scope;
	int err; /* the first */
};

static void keep(struct reading *r, int err)
{
	if (err && r->err == SY_OK)
		r->err = err == SY_ENOMEM ? err : SY_ECORRUPT;
}

/* Empty where it isn't there. */
static struct sy_str text_of(struct reading *r, const char *member)
{
	const struct sy_json *v = sy_json_get(r->doc, r->scope, member);
	struct sy_str text = SY_STR("");

	if (v)
		keep(r, sy_json_string(r->doc, v, r->arena, &text));
	return text;
}

static void code_of(struct reading *r, struct sy_str text, struct sy_code *out)
{
	struct sy_faults faults;

	sy_faults_init(&faults, r->arena);
	faults.settled = true;
	keep(r, sy_code_parse(r->arena, text, out, &faults, SY_NO_RECORD, ""));
}

static void canonical_of(struct reading *r, const char *member, struct sy_str *out)
{
	struct sy_str text = text_of(r, member);
	struct sy_code code;

	if (text.n == 0)
		return;
	code_of(r, text, &code);
	if (r->err == SY_OK)
		*out = code.canonical;
}

static void day_of(struct reading *r, const char *member, int32_t *out)
{
	struct sy_str text = text_of(r, member);

	if (text.n)
		keep(r, sy_date_parse(text, out));
}

static void moment_of(struct reading *r, const char *member, bool end, int64_t *out)
{
	struct sy_str text = text_of(r, member);

	if (text.n)
		keep(r, sy_moment_parse(text, end, out));
}

static void items_of(struct reading *r, struct recall_scope *out)
{
	const struct sy_json *items = sy_json_get(r->doc, r->scope, "items"), *v;
	struct sy_str text;

	out->items = sy_arena_calloc(r->arena, items ? items->count : 0, sizeof *out->items);
	if (out->items == NULL)
		keep(r, SY_ENOMEM);
	sy_json_each (r->doc, items, v) {
		if (r->err)
			return;
		keep(r, sy_json_string(r->doc, v, r->arena, &text));
		if (r->err == SY_OK)
			code_of(r, text, &out->items[out->n_items++]);
	}
}

int recall_scope_read(struct sy_arena *arena, struct sy_str payload, struct recall_scope *out)
{
	struct sy_json_doc doc;
	struct reading r = {.arena = arena, .doc = &doc};
	int err = sy_json_parse(arena, payload, 0, &doc, NULL);

	*out = recall_scope_none();
	if (err)
		return err == SY_ENOMEM ? err : SY_ECORRUPT;
	r.scope = sy_json_get(&doc, sy_json_root(&doc), "scope");
	items_of(&r, out);
	canonical_of(&r, "product", &out->product);
	canonical_of(&r, "place", &out->place);
	day_of(&r, "madeFrom", &out->made_from);
	day_of(&r, "madeTo", &out->made_to);
	moment_of(&r, "from", false, &out->from);
	moment_of(&r, "to", true, &out->to);
	return r.err;
}

/* --- as ids ---------------------------------------------------------------------------------- */

static int find(struct index_read *r, const struct sy_code *code, uint64_t *id)
{
	int err = index_item_id(r, code->canonical, id);

	return err == SY_ENOTFOUND && code->lot_code.n ? index_item_id(r, code->lot_code, id) : err;
}

struct lookup {
	struct index_read *r;
	struct sy_arena *arena;
	struct sy_str *unknown;
	size_t n_unknown;
};

static int find_all(struct lookup *l, const struct sy_code *codes, size_t n, const uint64_t **out,
		    size_t *n_out)
{
	uint64_t *ids = sy_arena_calloc(l->arena, n, sizeof *ids);
	int err = ids ? SY_OK : SY_ENOMEM;

	*n_out = 0;
	*out = ids;
	for (size_t i = 0; i < n && err == SY_OK; i++) {
		err = find(l->r, &codes[i], &ids[*n_out]);
		if (err == SY_OK)
			++*n_out;
		else if (err == SY_ENOTFOUND)
			l->unknown[l->n_unknown++] = codes[i].given, err = SY_OK;
	}
	return err;
}

int recall_scope_find(struct index_read *r, const struct recall_scope *s, struct sy_arena *arena,
		      struct affected_ask *ask, struct sy_str *unknown, size_t *n_unknown)
{
	struct lookup l = {r, arena, unknown, 0};
	int err = find_all(&l, s->items, s->n_items, &ask->items, &ask->n_items);

	if (err == SY_OK)
		err = find_all(&l, s->containers, s->n_containers, &ask->containers,
			       &ask->n_containers);
	ask->product = s->product;
	ask->made_from = s->made_from;
	ask->made_to = s->made_to;
	ask->from = s->from;
	ask->to = s->to;
	if (err == SY_OK)
		err = index_place_ids(r, s->place, arena, &ask->place);
	if (err == SY_OK && s->place.n && ask->place.n == 0)
		l.unknown[l.n_unknown++] = s->place;
	*n_unknown = l.n_unknown;
	return err;
}
