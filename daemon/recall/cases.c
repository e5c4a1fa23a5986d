#include "cases.h"

#include <suyuan/time.h>

int case_find(struct index_read *r, struct sy_str name, struct index_recall *out)
{
	struct register_row row = {0};
	uint64_t number;
	int err = index_recall(r, name, out);

	if (err != SY_ENOTFOUND || sy_str_u64(name, &number))
		return err;
	for (struct sy_str after = SY_STR("");
	     (err = register_next(r, REG_RECALL, after, &row)) == SY_OK; after = row.id)
		if ((err = index_recall(r, row.id, out)) || out->number == number)
			return err;
	return err;
}

/* --- when what happened ---------------------------------------------------------------------- */

static const struct sy_json *member_of(struct sy_arena *arena, struct sy_str payload,
				       const char *name, struct sy_json_doc *doc, int *err)
{
	*err = sy_json_parse(arena, payload, 0, doc, NULL);
	if (*err == SY_OK)
		return sy_json_get(doc, sy_json_root(doc), name);
	*err = *err == SY_ENOMEM ? *err : SY_OK;
	return NULL;
}

/* The earliest of what a case's versions say; 0: none yet. */
static int read_known(struct sy_arena *arena, const struct register_row *version, uint64_t *known)
{
	struct sy_json_doc doc;
	struct sy_str text;
	int64_t ms;
	int err;
	const struct sy_json *v = member_of(arena, version->payload, "known", &doc, &err);

	if (v == NULL || (err = sy_json_string(&doc, v, arena, &text)))
		return err == SY_ENOMEM ? err : SY_OK;
	if (sy_time_parse(text, &ms) == SY_OK && ms > 0 && (*known == 0 || (uint64_t)ms < *known))
		*known = (uint64_t)ms;
	return SY_OK;
}

/* The state that a version says; its text is borrowed. */
static int state_of(struct sy_arena *arena, const struct register_row *row,
		    enum recall_state *state)
{
	struct sy_json_doc doc;
	struct sy_str text = SY_STR("");
	int err;
	const struct sy_json *v = member_of(arena, row->payload, "state", &doc, &err);

	if (v)
		err = sy_json_string(&doc, v, arena, &text);
	*state = recall_state_of(text);
	return err == SY_ENOMEM ? err : SY_OK;
}

static int read_versions(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
			 struct case_times *t)
{
	enum recall_state state;
	struct register_row row;
	int err;

	for (uint64_t before = UINT64_MAX;
	     (err = register_get_before(r, REG_RECALL, c->row.id, before, &row)) == SY_OK;
	     before = row.record) {
		if ((err = state_of(arena, &row, &state)) ||
		    (state != RECALL_DRAFT && (err = read_known(arena, &row, &t->known))))
			return err;
		if (state == RECALL_OPEN)
			t->opened = row.time;
		if (state == RECALL_CLOSED)
			t->closed = row.time;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static bool is_final(struct sy_arena *arena, struct sy_str payload, int *err)
{
	struct sy_json_doc doc;
	const struct sy_json *v = member_of(arena, payload, "final", &doc, err);

	return v && v->type == SY_JSON_TRUE;
}

static int read_reports(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
			struct case_times *t)
{
	struct register_row row;
	uint64_t before = UINT64_MAX;
	int err;

	while ((err = register_get_before(r, REG_REPORT, c->row.id, before, &row)) == SY_OK) {
		before = row.record;
		t->n_reports++;
	}
	if (err != SY_ENOTFOUND)
		return err;
	if ((t->reports = sy_arena_calloc(arena, t->n_reports + 1, sizeof *t->reports)) == NULL)
		return SY_ENOMEM;
	before = UINT64_MAX;
	for (size_t i = t->n_reports; i-- > 0; before = row.record) {
		if ((err = register_get_before(r, REG_REPORT, c->row.id, before, &row)))
			return err;
		t->reports[i] = row.time;
		if (is_final(arena, row.payload, &err))
			t->complete = row.time;
		if (err)
			return err;
	}
	return SY_OK;
}

/* Ids of one case's notices begin with this; one after it: FROM. */
static int each_notice(struct index_read *r, struct sy_str prefix, struct sy_str after,
		       struct register_row *row)
{
	int err = register_next(r, REG_NOTICE, after, row);

	if (err)
		return err;
	return row->id.n > prefix.n && memcmp(row->id.p, prefix.p, prefix.n) == 0 ? SY_OK
										  : SY_ENOTFOUND;
}

/* When the oldest version of a row came. */
static int first_time(struct index_read *r, enum register_kind kind, struct register_row row,
		      uint64_t *time)
{
	struct sy_str id = row.id;
	int err;

	do {
		*time = row.time;
		err = register_get_before(r, kind, id, row.record, &row);
	} while (err == SY_OK);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int case_times(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
	       struct case_times *out)
{
	struct register_row row;
	uint64_t time;
	int err;

	*out = (struct case_times){0};
	if ((err = read_versions(r, arena, c, out)) || (err = read_reports(r, arena, c, out)))
		return err;
	if (out->complete == 0)
		out->complete = out->closed;
	if (out->known == 0 || out->known > out->opened) /* who opened it knew: no time is gained */
		out->known = out->opened;
	struct sy_str prefix = recall_party_id(arena, c->number, SY_STR("")), after = prefix;
	if (prefix.n == 0)
		return SY_ENOMEM;
	for (; (err = each_notice(r, prefix, after, &row)) == SY_OK; after = row.id) {
		if ((err = first_time(r, REG_NOTICE, row, &time)))
			return err;
		if (out->first_notice == 0 || time < out->first_notice)
			out->first_notice = time;
		if (time > out->last_notice)
			out->last_notice = time;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* --- who was told ---------------------------------------------------------------------------- */

int case_region(struct index_read *r, struct sy_arena *arena, struct sy_str party,
		struct sy_str *region)
{
	struct register_row row;
	struct sy_json_doc doc;
	int err = register_get(r, REG_PARTY, party, &row);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	const struct sy_json *v = member_of(arena, row.payload, "region", &doc, &err);
	if (v)
		err = sy_json_string(&doc, v, arena, region);
	return err == SY_ENOMEM ? err : SY_OK;
}

static int read_party(struct index_read *r, struct sy_arena *arena, const struct register_row *row,
		      struct case_party *p)
{
	struct register_row answer;
	int err;

	*p = (struct case_party){.party = row->owner, .notice = row->record, .answer = NO_ID};
	if ((err = first_time(r, REG_NOTICE, *row, &p->told)) ||
	    (err = recall_version(row, &p->version)) ||
	    (err = case_region(r, arena, p->party, &p->region)))
		return err;
	if ((err = register_get(r, REG_ANSWER, row->id, &answer)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	p->answer = answer.record;
	p->text = answer.payload;
	return first_time(r, REG_ANSWER, answer, &p->answered);
}

int case_parties(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
		 size_t most, struct case_party **out, size_t *n)
{
	struct sy_str prefix = recall_party_id(arena, c->number, SY_STR("")), after = prefix;
	struct register_row row;
	int err;

	*n = 0;
	if (prefix.n == 0)
		return SY_ENOMEM;
	for (; (err = each_notice(r, prefix, after, &row)) == SY_OK; after = row.id)
		if (++*n > most)
			return SY_ETOOBIG;
	if (err != SY_ENOTFOUND)
		return err;
	if ((*out = sy_arena_calloc(arena, *n + 1, sizeof **out)) == NULL)
		return SY_ENOMEM;
	after = prefix;
	for (size_t i = 0; i < *n; i++, after = row.id)
		if ((err = each_notice(r, prefix, after, &row)) ||
		    (err = read_party(r, arena, &row, &(*out)[i])))
			return err;
	return SY_OK;
}
