#include "apply.h"

#include <suyuan/tree.h>

/*
 * What each type of record does.  Types without a row, and not EPCIS events, do nothing.
 */
struct effect {
	const char *type;
	int (*apply)(struct apply *a, const struct effect *e);
	enum register_kind kind;
	const char *id, *owner;   /* members of the record */
	const char *const *shown; /* and those of register_row.shown */
	bool kept;                /* can't be erased (FORMAT.md "Erasure") */
	bool family;              /* TYPE begins the names of several */
	int (*put)(struct apply *a, struct register_row *row); /* of a recall's life */
};

static int apply_genesis(struct apply *a, const struct effect *e);
static int apply_row(struct apply *a, const struct effect *e);
static int apply_place(struct apply *a, const struct effect *e);
static int apply_party(struct apply *a, const struct effect *e);
static int apply_rules(struct apply *a, const struct effect *e);
static int apply_erasure(struct apply *a, const struct effect *e);
static int apply_recall(struct apply *a, const struct effect *e);

static const char *const product_shown[] = {"name", "category", "specification", "standard", NULL};
static const char *const party_shown[] = {"name", NULL};
static const char *const recall_shown[] = {"level",  "rule",     "state", "mock",
					   "reason", "measures", NULL};

static const struct effect effects[] = {
    {.type = "Product",
     .apply = apply_row,
     .kind = REG_PRODUCT,
     .id = "code",
     .owner = "owner",
     .shown = product_shown,
     .kept = true},
    {.type = "Party",
     .apply = apply_party,
     .kind = REG_PARTY,
     .id = "id",
     .shown = party_shown,
     .kept = true},
    {.type = "Place", .apply = apply_place, .kind = REG_PLACE, .id = "id", .owner = "party"},
    {.type = "Contact", .apply = apply_place, .kind = REG_CONTACT, .id = "id", .owner = "party"},
    {.type = "Rules", .apply = apply_rules, .kind = REG_RULES, .id = "name", .kept = true},
    {.type = "Erasure", .apply = apply_erasure, .kept = true},
    {.type = "Recall",
     .apply = apply_recall,
     .put = recall_apply,
     .kind = REG_RECALL,
     .id = "id",
     .owner = "party",
     .shown = recall_shown,
     .kept = true},
    {.type = "RecallNotice",
     .apply = apply_recall,
     .put = notice_apply,
     .id = "recall",
     .kept = true},
    {.type = "RecallAnswer",
     .apply = apply_recall,
     .put = answer_apply,
     .id = "recall",
     .kept = true},
    {.type = "RecallReport",
     .apply = apply_recall,
     .put = report_apply,
     .id = "recall",
     .kept = true},
    {.type = "Recall", .kept = true, .family = true},
    {.type = "Ledger", .apply = apply_genesis, .kept = true},
};

static const struct effect *effect_of(const struct sy_json_doc *doc)
{
	const struct sy_json *type = sy_json_get(doc, sy_json_root(doc), "type");

	if (type == NULL || type->type != SY_JSON_STRING)
		return NULL;
	for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
		size_t n = strlen(effects[i].type);
		if (sy_json_is(doc, type, effects[i].type) ||
		    (effects[i].family && type->len >= n &&
		     memcmp(doc->text + type->off, effects[i].type, n) == 0))
			return &effects[i];
	}
	return NULL;
}

bool type_kept(const struct sy_json_doc *doc)
{
	const struct effect *e = effect_of(doc);

	return e && e->kept;
}

/* --- the register ---------------------------------------------------------------------------- */

/* The text of a member; empty when there is none. */
static int member(const struct sy_json_doc *doc, const struct sy_json *v, const char *name,
		  struct sy_arena *arena, struct sy_str *out)
{
	const struct sy_json *m = name ? sy_json_get(doc, v, name) : NULL;
	int err = m ? sy_json_string(doc, m, arena, out) : SY_EINVAL;

	if (err)
		*out = SY_STR("");
	return err == SY_ENOMEM ? err : SY_OK;
}

/* The id under which a record stands: a name as written, a product's code in canonical form. */
static int row_id(const struct effect *e, const struct sy_json_doc *doc, struct sy_arena *arena,
		  struct sy_str *id)
{
	struct sy_faults faults;
	struct sy_code code;
	int err = member(doc, sy_json_root(doc), e->id, arena, id);

	if (err || id->n == 0 || e->kind != REG_PRODUCT)
		return err;
	sy_faults_init(&faults, arena);
	faults.settled = true;
	err = sy_code_parse(arena, *id, &code, &faults, SY_NO_RECORD, "/code");
	*id = err ? SY_STR("") : code.canonical;
	return err == SY_ENOMEM ? err : SY_OK;
}

int type_row(struct apply *a, const struct sy_json_doc *doc, enum register_kind *kind,
	     struct sy_str *id, struct sy_str *owner)
{
	const struct effect *e = effect_of(doc);
	int err;

	if (e == NULL || e->id == NULL)
		return SY_ENOTFOUND;
	if ((err = row_id(e, doc, &a->again, id)) ||
	    (err = member(doc, sy_json_root(doc), e->owner, &a->again, owner)))
		return err;
	*kind = e->kind;
	return id->n ? SY_OK : SY_ENOTFOUND;
}

/* The members of V that are to be shown, one behind the other. */
static int shown_of(struct apply *a, const struct sy_json *v, const char *const *names,
		    struct sy_str *out)
{
	struct sy_str value;
	const char *text = "";

	for (; names && *names; names++) {
		const struct sy_json *m = sy_json_get(&a->doc, v, *names);
		if (m == NULL)
			continue;
		value = sy_json_raw(&a->doc, m);
		text = sy_arena_printf(&a->arena, "%s%s\"%s\":%.*s", text, *text ? "," : "", *names,
				       (int)value.n, value.p);
		if (text == NULL)
			return SY_ENOMEM;
	}
	*out = sy_str(text);
	return SY_OK;
}

/* A text that may be erased isn't copied here: it would live on in pages that are free. */
static int row_begin(struct apply *a, const struct effect *e, struct register_row *row)
{
	const struct sy_json *root = sy_json_root(&a->doc);
	int err;

	*row = (struct register_row){.record = a->number,
				     .entry = a->entry,
				     .time = a->time,
				     .author = sy_buf_span(&a->party),
				     .payload = e->kept ? a->payload : SY_STR("")};
	if ((err = row_id(e, &a->doc, &a->arena, &row->id)) ||
	    (err = member(&a->doc, root, e->owner, &a->arena, &row->owner)) ||
	    (err = shown_of(a, root, e->shown, &row->shown)))
		return err;
	if (row->owner.n == 0)
		row->owner = row->author;
	return SY_OK;
}

static int apply_row(struct apply *a, const struct effect *e)
{
	struct register_row row;
	int err = row_begin(a, e, &row);

	return err || row.id.n == 0 ? err : row_put(a->tx, e->kind, &row);
}

static int apply_place(struct apply *a, const struct effect *e)
{
	struct register_row row;
	int err = row_begin(a, e, &row);

	if (err || row.id.n == 0)
		return err;
	row.roles = place_tells(&a->doc);
	err = row_put(a->tx, e->kind, &row);
	return err ? err : reach_put(a->tx, &row);
}

static int apply_party(struct apply *a, const struct effect *e)
{
	const struct sy_json *root = sy_json_root(&a->doc);
	struct register_row row;
	int err = row_begin(a, e, &row);

	if (err || row.id.n == 0)
		return err;
	row.roles = roles_read(&a->doc, root, &a->arena);
	if ((err = party_apply(a, &row, root)))
		return err;
	return row_put(a->tx, REG_PARTY, &row);
}

static int apply_rules(struct apply *a, const struct effect *e)
{
	a->st.rules = a->number;
	return apply_row(a, e);
}

/* Only record 0 is one: the ledger's own row, and the operator as a party. */
static int apply_genesis(struct apply *a, const struct effect *e)
{
	const struct sy_json *operator= sy_json_get(&a->doc, sy_json_root(&a->doc), "operator");
	struct register_row row;
	struct sy_str id;
	int err;

	if (a->number != 0)
		return SY_OK;
	if ((err = row_begin(a, e, &row)) ||
	    (err = member(&a->doc, operator, "id", &a->arena, &id)))
		return err;
	row.author = row.owner = id;
	if ((err = row_put(a->tx, REG_LEDGER, &row)) || id.n == 0)
		return err;
	row.id = id;
	row.roles = ROLE_OPERATOR;
	row.payload = sy_json_raw(&a->doc, operator);
	if ((err = shown_of(a, operator, party_shown, &row.shown)) ||
	    (err = party_apply(a, &row, operator)))
		return err;
	return row_put(a->tx, REG_PARTY, &row);
}

static int apply_recall(struct apply *a, const struct effect *e)
{
	struct register_row row;
	int err = row_begin(a, e, &row);

	return err || row.id.n == 0 ? err : e->put(a, &row);
}

static int apply_erasure(struct apply *a, const struct effect *e)
{
	(void)e;
	return erasure_apply(a);
}

/* --- records and entries --------------------------------------------------------------------- */

static int apply_payload(struct apply *a)
{
	const struct effect *e;
	struct view v;
	int err = sy_json_parse(&a->arena, a->payload, SY_JSON_RECORD, &a->doc, NULL);

	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	if (sy_event_kind(&a->doc) != SY_EVENT_NONE) {
		err = view_read(&v, &a->arena, &a->doc, a->number);
		return err ? err : event_apply(a, &v);
	}
	e = effect_of(&a->doc);
	return e && e->apply ? e->apply(a, e) : SY_OK;
}

/* The party that the entry's author key belongs to; empty for a key that nobody enrolled. */
static int find_author(struct apply *a, const uint8_t author[SY_KEY_SIZE])
{
	struct register_key key;
	int err;

	if (a->author_known && memcmp(a->author, author, SY_KEY_SIZE) == 0)
		return SY_OK;
	memcpy(a->author, author, SY_KEY_SIZE);
	a->actor = NO_ID;
	sy_buf_reset(&a->party);
	if ((err = key_row_get(a->tx, author, &key)) == SY_OK)
		sy_buf_str(&a->party, key.party);
	else if (err != SY_ENOTFOUND)
		return err;
	if (a->party.failed)
		return SY_ENOMEM;
	a->author_known = true;
	return SY_OK;
}

/* An entry's records on their way through the index. */
struct passage {
	struct apply *a;
	const struct sy_entry *e;
	uint64_t until; /* work */
	int err;
};

static int apply_record(struct apply *a, const struct sy_entry *e, uint64_t number,
			const struct ledger_record *rec, bool erased)
{
	struct key k = key_u64(number);
	int err;

	a->work++;
	a->number = number;
	a->entry = e->index;
	a->time = e->time;
	if ((err = find_author(a, e->author)))
		return err;
	if (erased)
		return put_u64(a->tx, T_ERASED, &k, GONE_UNEXPLAINED);
	a->payload = rec->payload;
	return apply_payload(a);
}

static bool take_record(void *ctx, uint64_t number, const struct ledger_record *rec, bool erased)
{
	struct passage *p = ctx;

	if ((p->err = apply_record(p->a, p->e, number, rec, erased)))
		return false;
	p->a->st.within++;
	return p->a->work < p->until;
}

/* They are read in one run, whose place in truth's records is held meanwhile: nothing that applies
 * one may walk that table, by itself it may be looked at. */
static int apply_records(struct apply *a, const struct sy_entry *e, uint64_t upto, uint64_t until)
{
	struct passage p = {a, e, until, SY_OK};
	uint64_t end = e->count < upto ? e->count : upto;
	int err = SY_OK;

	if (a->st.within < end && a->work < until)
		err = ledger_records(a->truth, &a->arena, e->first + a->st.within, e->first + end,
				     take_record, &p);
	err = p.err ? p.err : err;
	return err == SY_ENOTFOUND || err == SY_ERANGE ? SY_ECORRUPT : err;
}

int apply_entry(struct apply *a, uint64_t index, uint64_t upto, uint64_t until)
{
	const uint8_t *bytes;
	uint8_t copy[SY_ENTRY_SIZE];
	struct sy_entry e;
	bool settled;
	int err = ledger_entry(a->truth, index, &bytes);

	if (err)
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	memcpy(copy, bytes, sizeof copy);
	if (sy_entry_decode(copy, &e, NULL))
		return SY_ECORRUPT;
	sy_leaf_hash(copy, sizeof copy, &a->st.leaf);
	if (e.kind == SY_ENTRY_SUBMISSION && (err = apply_records(a, &e, upto, until)))
		return err;
	if (a->st.within < e.count)
		return SY_OK;
	if ((err = recalls_settle(a, until, &settled)) || !settled)
		return err;
	if (e.kind == SY_ENTRY_SUBMISSION) {
		struct key k = key_submission(e.author, &e.records_root);
		if ((err = put_u64(a->tx, T_SUBMISSIONS, &k, index)))
			return err;
		a->st.records += e.count;
	}
	a->st.position = index + 1;
	a->st.within = 0;
	a->st.time = e.time;
	return SY_OK;
}

void apply_free(struct apply *a)
{
	sy_arena_free(&a->arena);
	sy_arena_free(&a->again);
	sy_arena_free(&a->folded);
	sy_arena_free(&a->recalls.arena);
	sy_buf_free(&a->party);
	hashes_free(a);
	spread_release(a->spread);
	ids_free(&a->erase);
	ids_free(&a->gone);
}
