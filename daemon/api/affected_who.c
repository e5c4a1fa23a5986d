#include "api/affected.h"

#include <stdlib.h>

enum { WHO_MAX = 1 << 16 };

static struct who **slot_of(const struct who_table *t, uint64_t id)
{
	size_t at = (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (t->n_slots - 1);

	while (t->slots[at] && t->slots[at]->id != id)
		at = (at + 1) & (t->n_slots - 1);
	return &t->slots[at];
}

static bool grow(struct who_table *t)
{
	size_t n = t->n_slots ? t->n_slots * 2 : 256, had = t->n_slots;
	struct who **old = t->slots, **slots = calloc(n, sizeof *slots);

	if (slots == NULL)
		return false;
	t->slots = slots;
	t->n_slots = n;
	for (size_t i = 0; i < had; i++)
		if (old[i])
			*slot_of(t, old[i]->id) = old[i];
	free(old);
	return true;
}

static struct sy_str copy(struct who_table *t, struct sy_str text)
{
	return sy_str(sy_arena_strdup(&t->arena, text));
}

static struct sy_str quoted(struct who_table *t, struct sy_str text)
{
	struct sy_buf b = {0};
	struct sy_jw w;
	struct sy_str out;

	sy_jw_init(&w, &b);
	sy_jw_string(&w, text);
	out = b.failed ? SY_STR("") : copy(t, sy_buf_span(&b));
	sy_buf_free(&b);
	return out;
}

static struct sy_str member(struct who_table *t, const struct sy_json_doc *doc, const char *name)
{
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), name);
	struct sy_str text;

	if (v == NULL || sy_json_string(doc, v, &t->text, &text))
		return SY_STR("");
	return copy(t, text);
}

/* Of a place that says so; a party's region stands in its payload. */
static int read_place(struct who_table *t, const struct register_row *row,
		      struct ledger_read *truth, struct who *w)
{
	struct ledger_record rec;
	struct sy_json_doc doc;
	int err;

	if (!(row->roles & (PLACE_REGION | PLACE_PROJECT | PLACE_PART)))
		return SY_OK;
	sy_arena_reset(&t->text);
	err = ledger_record(truth, &t->text, row->record, &rec);
	if (err == SY_OK)
		err = sy_json_parse(&t->text, rec.payload, 0, &doc, NULL);
	if (err)
		return err == SY_EGONE ? SY_OK : err;
	w->region = member(t, &doc, "region");
	w->project = member(t, &doc, "project");
	w->part = member(t, &doc, "part");
	return SY_OK;
}

static int read_party(struct who_table *t, const struct register_row *row, struct who *w)
{
	struct sy_json_doc doc;
	int err;

	sy_arena_reset(&t->text);
	w->shown = copy(t, row->shown);
	if (row->payload.n == 0)
		return SY_OK;
	if ((err = sy_json_parse(&t->text, row->payload, 0, &doc, NULL)))
		return err;
	w->region = member(t, &doc, "region");
	return SY_OK;
}

static int read_who(struct who_table *t, struct index_read *r, struct ledger_read *truth,
		    struct who *w)
{
	struct register_row row;
	struct sy_str name;
	int err = w->id == NO_ID ? SY_ENOTFOUND : index_actor_name(r, w->id, &name);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	w->name = copy(t, name);
	w->json = quoted(t, name);
	if ((err = register_get(r, REG_PLACE, name, &row)) == SY_OK)
		return read_place(t, &row, truth, w);
	if (err == SY_ENOTFOUND && (err = register_get(r, REG_PARTY, name, &row)) == SY_OK)
		return read_party(t, &row, w);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

const struct who *who_of(struct who_table *t, struct index_read *r, struct ledger_read *truth,
			 uint64_t id)
{
	struct who **slot = t->n_slots ? slot_of(t, id) : NULL, *w;

	if (slot && *slot)
		return *slot;
	if (t->n * 2 >= t->n_slots && !grow(t))
		return NULL;
	if ((w = sy_arena_calloc(&t->arena, 1, sizeof *w)) == NULL)
		return NULL;
	*w = (struct who){.id = id};
	if (read_who(t, r, truth, w))
		return NULL;
	*slot_of(t, id) = w;
	t->n++;
	return w;
}

void who_trim(struct who_table *t)
{
	if (t->n > WHO_MAX)
		who_free(t);
}

void who_free(struct who_table *t)
{
	free(t->slots);
	sy_arena_free(&t->arena);
	sy_arena_free(&t->text);
	*t = (struct who_table){0};
}
