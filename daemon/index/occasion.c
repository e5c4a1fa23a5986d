#include "apply.h"

/*
 * What an event is to the trade: from its kind, action and business step to what it does to each
 * item, who did it, to whom, and where.
 */

static const char *const step_names[STEP_COUNT] = {
    [STEP_OBSERVE] = "observe", [STEP_CREATE] = "create",   [STEP_DESTROY] = "destroy",
    [STEP_SHIP] = "ship",       [STEP_UNSHIP] = "unship",   [STEP_RECEIVE] = "receive",
    [STEP_SELL] = "sell",       [STEP_INSTALL] = "install", [STEP_CONSUME] = "consume",
    [STEP_PRODUCE] = "produce", [STEP_PACK] = "pack",       [STEP_UNPACK] = "unpack",
    [STEP_HOLD] = "hold",       [STEP_RELEASE] = "release", [STEP_INSPECT] = "inspect",
    [STEP_EMPTY] = "empty",
};

const char *item_step_name(enum item_step step)
{
	return (size_t)step < STEP_COUNT ? step_names[step] : "";
}

/* The first row that fits an event which neither adds nor deletes; NULL fits anything. */
static const struct {
	const char *step, *disposition;
	enum item_step means;
} observed[] = {
    {"shipping", NULL, STEP_SHIP},
    {"void_shipping", NULL, STEP_UNSHIP},
    {"receiving", NULL, STEP_RECEIVE},
    {"retail_selling", NULL, STEP_SELL},
    {"dispensing", NULL, STEP_SELL},
    {NULL, "retail_sold", STEP_SELL},
    {NULL, "dispensed", STEP_SELL},
    {"installing", NULL, STEP_INSTALL},
    {"holding", "active", STEP_RELEASE},
    {"holding", "available", STEP_RELEASE},
    {"holding", "conformant", STEP_RELEASE},
    {"holding", "sellable_accessible", STEP_RELEASE},
    {"holding", "sellable_not_accessible", STEP_RELEASE},
    {"holding", NULL, STEP_HOLD},
    {"inspecting", NULL, STEP_INSPECT},
    {"sampling", NULL, STEP_INSPECT},
};

static bool is_sold(const struct sy_event *ev)
{
	return sy_str_is(ev->biz_step, "retail_selling") || sy_str_is(ev->biz_step, "dispensing") ||
	       sy_str_is(ev->disposition, "retail_sold") || sy_str_is(ev->disposition, "dispensed");
}

/* Is what kept the goods from sale taken off them? */
static bool is_released(const struct sy_json_doc *doc)
{
	const struct sy_json *v,
	    *lasting = sy_json_get(doc, sy_json_root(doc), "persistentDisposition");
	const struct sy_json *unset = sy_json_get(doc, lasting, "unset");
	const struct sy_str word = SY_STR("non_sellable_other");

	if (unset == NULL || unset->type != SY_JSON_ARRAY)
		return false;
	sy_json_each (doc, unset, v)
		if (v->type == SY_JSON_STRING && v->len >= word.n &&
		    memcmp(doc->text + v->off + v->len - word.n, word.p, word.n) == 0)
			return true;
	return false;
}

static enum item_step step_of(const struct sy_json_doc *doc, const struct sy_event *ev)
{
	if (ev->kind == SY_EVENT_OBJECT && ev->action == SY_ACTION_ADD)
		return STEP_CREATE;
	if (ev->kind == SY_EVENT_OBJECT && ev->action == SY_ACTION_DELETE)
		return is_sold(ev) ? STEP_SELL : STEP_DESTROY;
	if (is_released(doc))
		return STEP_RELEASE;
	for (size_t i = 0; i < sizeof observed / sizeof *observed; i++)
		if ((observed[i].step == NULL || sy_str_is(ev->biz_step, observed[i].step)) &&
		    (observed[i].disposition == NULL ||
		     sy_str_is(ev->disposition, observed[i].disposition)))
			return observed[i].means;
	return STEP_OBSERVE;
}

/* What it does to a container and what is in it.  The parent of a transaction isn't one. */
static enum item_step child_step(const struct sy_event *ev, enum item_step subject)
{
	if (ev->kind != SY_EVENT_AGGREGATION && ev->kind != SY_EVENT_ASSOCIATION)
		return subject;
	if (ev->action == SY_ACTION_ADD)
		return STEP_PACK;
	if (ev->action == SY_ACTION_DELETE)
		return ev->n_items == 1 ? STEP_EMPTY : STEP_UNPACK;
	return subject;
}

static enum item_result result_of(const struct sy_json_doc *doc, const struct sy_json *inspection)
{
	const struct sy_json *result, *kind;
	enum item_result r = RESULT_FIRM_FAIL;

	if (inspection == NULL)
		return RESULT_NONE;
	result = sy_json_get(doc, inspection, "result");
	kind = sy_json_get(doc, inspection, "kind");
	if (result == NULL || result->type != SY_JSON_STRING)
		return RESULT_NONE;
	if (kind && kind->type == SY_JSON_STRING && sy_json_is(doc, kind, "supervision"))
		r = RESULT_SUPERVISION_FAIL;
	else if (kind && kind->type == SY_JSON_STRING && sy_json_is(doc, kind, "laboratory"))
		r = RESULT_LABORATORY_FAIL;
	return r + (sy_json_is(doc, result, "pass") ? 1 : 0);
}

/* The roles that the author had when the record came. */
static int roles_at(struct apply *a, struct sy_str party, uint64_t record, unsigned *roles)
{
	struct key from = key_register_version(REG_PARTY, party, record);
	struct register_row row;
	struct sy_str key, value;
	int err = kv_seek(a->tx, T_REGISTER, key_str(&from), &key, &value);

	*roles = 0;
	if (err || key.n != from.n || memcmp(key.p, from.b, from.n - 8))
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((err = row_decode(value, &row)) == SY_OK)
		*roles = row.roles;
	return err;
}

/* --- who and where --------------------------------------------------------------------------- */

static int add_actor(struct apply *a, struct occasion *oc, struct sy_str name, uint64_t *id)
{
	*id = NO_ID;
	if (name.n == 0)
		return SY_OK;
	int err = actor_id(a, name, id);
	for (unsigned i = 0; i < oc->n_actors && err == SY_OK; i++)
		if (oc->actors[i] == *id)
			return SY_OK;
	if (err == SY_OK)
		oc->actors[oc->n_actors++] = *id;
	return err;
}

/* A party's id as the codes of events have it. */
static int canonical(struct view *v, struct sy_str *name)
{
	struct sy_code code;
	int err;

	if (name->n == 0)
		return SY_OK;
	err = sy_code_parse(v->arena, *name, &code, NULL, SY_NO_RECORD, "");
	if (err == SY_OK)
		*name = code.canonical;
	return err == SY_ENOMEM ? err : SY_OK;
}

/* The same author writes thousands of records in a row. */
static int add_author(struct apply *a, struct view *v, struct sy_str party)
{
	bool current = a->author_known && party.p == a->party.p && party.n > 0;
	int err;

	if (current && a->actor != NO_ID) {
		v->oc.author = a->actor;
		v->oc.actors[v->oc.n_actors++] = a->actor;
		return SY_OK;
	}
	if ((err = canonical(v, &party)) || (err = add_actor(a, &v->oc, party, &v->oc.author)) ||
	    !current)
		return err;
	a->actor = v->oc.author;
	return SY_OK;
}

static uint64_t either(uint64_t a, uint64_t b, uint64_t c)
{
	return a != NO_ID ? a : b != NO_ID ? b : c;
}

/* The code of the first end of that type; empty for none. */
static struct sy_str end_of(const struct sy_event_ends *ends, const char *type)
{
	for (size_t i = 0; i < ends->n; i++)
		if (sy_str_is(ends->v[i].type, type))
			return ends->v[i].code;
	return SY_STR("");
}

static int read_actors(struct apply *a, struct view *v)
{
	enum { FROM_POSSESSOR, FROM_OWNER, TO_POSSESSOR, TO_OWNER, TO_PLACE, READ_POINT, LOCATION };
	const struct sy_event_ends *from_ends = &v->ev.sources, *to_ends = &v->ev.destinations;
	const struct sy_str names[] = {end_of(from_ends, "possessing_party"),
				       end_of(from_ends, "owning_party"),
				       end_of(to_ends, "possessing_party"),
				       end_of(to_ends, "owning_party"),
				       end_of(to_ends, "location"),
				       v->ev.read_point_code,
				       v->ev.location_code};
	struct occasion *oc = &v->oc;
	uint64_t id[LOCATION + 1];
	int err = SY_OK;

	for (unsigned i = 0; i <= LOCATION && err == SY_OK; i++)
		err = add_actor(a, oc, names[i], &id[i]);
	if (err)
		return err;
	uint64_t from = either(id[FROM_POSSESSOR], id[FROM_OWNER], NO_ID);
	uint64_t to = either(id[TO_POSSESSOR], id[TO_OWNER], NO_ID);
	oc->party = either(from, oc->author, NO_ID);
	oc->other = to;
	oc->place = either(id[LOCATION], id[READ_POINT], NO_ID);
	if (oc->subject == STEP_RECEIVE || oc->subject == STEP_CREATE) {
		oc->party = either(to, oc->author, NO_ID);
		oc->other = from;
	}
	if (oc->subject == STEP_SHIP)
		oc->place = either(id[READ_POINT], id[LOCATION], NO_ID);
	if (oc->subject == STEP_HOLD || oc->subject == STEP_RELEASE || oc->subject == STEP_INSPECT)
		oc->party = oc->author;
	return SY_OK;
}

/* Whoever makes or handles goods doesn't supervise them: that is a firm's own result. */
static bool supervises(unsigned roles)
{
	return (roles & (ROLE_REGULATOR | ROLE_OPERATOR)) || roles == ROLE_LABORATORY;
}

/* What counts only when somebody says it who may. */
static int read_authority(struct apply *a, struct occasion *oc, struct sy_str party,
			  uint64_t record)
{
	bool hold = oc->subject == STEP_HOLD || oc->subject == STEP_RELEASE;
	bool supervision = oc->result >= RESULT_SUPERVISION_FAIL;
	unsigned roles;
	int err = hold || supervision ? roles_at(a, party, record, &roles) : SY_OK;

	if (err || !(hold || supervision))
		return err;
	oc->authority = hold && (roles & (ROLE_REGULATOR | ROLE_OPERATOR));
	if (supervision && !supervises(roles))
		oc->result =
		    oc->result == RESULT_SUPERVISION_PASS ? RESULT_FIRM_PASS : RESULT_FIRM_FAIL;
	return SY_OK;
}

static bool names_something(const struct sy_event *ev)
{
	for (size_t i = 0; i < ev->n_items; i++)
		if (ev->items[i].code.canonical.n)
			return true;
	return false;
}

int occasion_read(struct apply *a, struct view *v, struct sy_str party)
{
	struct occasion *oc = &v->oc;
	int err;

	*oc = (struct occasion){
	    .author = NO_ID, .node = NO_ID, .group = NO_ID, .parent = NO_ID, .visited = NO_ID};
	if (v->ev.error || !names_something(&v->ev))
		return SY_OK;
	oc->read = true;
	oc->subject = step_of(&v->doc, &v->ev);
	oc->child = child_step(&v->ev, oc->subject);
	oc->result = result_of(&v->doc, v->ev.inspection);
	if ((err = add_author(a, v, party)) || (err = read_actors(a, v)) ||
	    (err = read_authority(a, oc, party, v->number)))
		return err;
	if (v->ev.kind == SY_EVENT_TRANSFORMATION)
		return node_join(a, v, party);
	return SY_OK;
}

/* --- what it does to one item ---------------------------------------------------------------- */

static enum item_step step_for(const struct view *v, enum sy_item_role role)
{
	switch (role) {
	case SY_ROLE_INPUT:
		return STEP_CONSUME;
	case SY_ROLE_OUTPUT:
		return STEP_PRODUCE;
	case SY_ROLE_PARENT:
	case SY_ROLE_CHILD:
		return v->oc.child;
	case SY_ROLE_SUBJECT:
		break;
	}
	return v->oc.subject;
}

struct item_fact occasion_fact(const struct view *v, const struct sy_event_item *occ, bool member)
{
	const struct occasion *oc = &v->oc;
	enum item_step step = step_for(v, occ->role);
	bool packs = step == STEP_PACK || step == STEP_UNPACK || step == STEP_EMPTY;
	struct item_fact f = {.step = step,
			      .role = member ? (unsigned)FACT_MEMBER : (unsigned)occ->role,
			      .time = v->ev.time,
			      .party = oc->party,
			      .other = oc->other,
			      .group = oc->group,
			      .place = oc->place,
			      .has_quantity = occ->has_quantity,
			      .authority = oc->authority,
			      .result = oc->result,
			      .quantity = occ->quantity};

	if (packs)
		f.other = occ->role == SY_ROLE_CHILD ? oc->parent : NO_ID;
	if (occ->role == SY_ROLE_INPUT || occ->role == SY_ROLE_OUTPUT)
		f.other = NO_ID;
	if (occ->unit.n && occ->unit.n < sizeof f.unit)
		memcpy(f.unit, occ->unit.p, occ->unit.n);
	return f;
}
