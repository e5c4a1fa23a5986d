/* What records change about recalls: work for closure.c, which does it. */
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
		     struct sy_str *out)
{
	struct sy_faults faults;
	struct sy_code code;
	struct sy_str text;
	int err = v ? sy_json_string(doc, v, arena, &text) : SY_EINVAL;

	*out = SY_STR("");
	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	sy_faults_init(&faults, arena);
	faults.settled = true;
	if ((err = sy_code_parse(arena, text, &code, &faults, SY_NO_RECORD, "")) == SY_OK)
		*out = code.canonical;
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
	int err;

	if (items == NULL || items->type != SY_JSON_ARRAY)
		return SY_OK;
	codes = sy_arena_calloc(&a->recalls.arena, items->count + 1, sizeof *codes);
	c->codes = codes;
	if (codes == NULL)
		return SY_ENOMEM;
	sy_json_each (doc, items, v) {
		if ((err = canonical(&a->recalls.arena, doc, v, &codes[c->n_codes])))
			return err;
		c->n_codes += codes[c->n_codes].n > 0;
	}
	return SY_OK;
}

static int read_scope(struct apply *a, struct recall_case *c, struct sy_str payload)
{
	struct sy_arena *arena = &a->recalls.arena;
	const struct sy_json *scope;
	struct sy_json_doc doc;
	int err = sy_json_parse(arena, payload, 0, &doc, NULL);

	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	scope = sy_json_get(&doc, sy_json_root(&doc), "scope");
	if ((err = read_codes(a, c, &doc, sy_json_get(&doc, scope, "items"))) ||
	    (err = canonical(arena, &doc, sy_json_get(&doc, scope, "product"), &c->product)) ||
	    (err = canonical(arena, &doc, sy_json_get(&doc, scope, "place"), &c->place)))
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
	recalls_forget(a);
	return err ? err : todo_put(a, &k, 0);
}

/* --- what changed ---------------------------------------------------------------------------- */

/* Are there cases at all?  Then they are loaded. */
static bool any(struct apply *a, int *err)
{
	*err = SY_OK;
	if (!a->recalls.loaded && kv_count(a->tx, T_CASES) == 0)
		return false;
	*err = recalls_load(a);
	return *err == SY_OK && a->recalls.n > 0;
}

static int dirty(struct apply *a, uint64_t number)
{
	struct key k = todo_key(TODO_DIRTY, number);

	return todo_put(a, &k, 0);
}

/* Is the item marked as a whole, or about to be? */
static int is_marked(struct apply *a, uint64_t number, uint64_t id, bool *marked)
{
	struct key k = todo_key_id(TODO_GROW, number, id);
	struct sy_str row;
	struct mark m;
	int err = mark_get(a->tx, id, number, &m);

	*marked = err == SY_OK && m.whole;
	if (*marked || (err && err != SY_ENOTFOUND))
		return err;
	err = kv_get(a->tx, T_TODO, key_str(&k), &row);
	*marked = err == SY_OK;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* What of TO follows from the marks of FROM. */
static int spread(struct apply *a, uint64_t from, uint64_t to, bool on)
{
	struct key k;
	struct mark m;
	bool marked;
	int err;

	for (uint64_t number = 0; (err = mark_seek(a->tx, from, &number, &m)) == SY_OK; number++) {
		if (!m.whole)
			continue;
		if ((err = is_marked(a, number, to, &marked)))
			return err;
		k = todo_key_id(TODO_GROW, number, to);
		if (on && !marked)
			err = todo_put(a, &k, 0);
		else if (!on && marked)
			err = dirty(a, number);
		if (err)
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int recalls_edge(struct apply *a, uint64_t from, uint64_t to, bool on)
{
	int err;

	return any(a, &err) ? spread(a, from, to, on) : err;
}

int recalls_lot(struct apply *a, uint64_t unit, uint64_t before, uint64_t after)
{
	struct mark m;
	int err;

	if (before == after || !any(a, &err))
		return before == after ? SY_OK : err;
	for (uint64_t number = 0; (err = mark_seek(a->tx, unit, &number, &m)) == SY_OK; number++) {
		if (!m.whole)
			continue;
		if (before != NO_ID && (err = mark_units(a->tx, before, number, false)))
			return err;
		if (after != NO_ID && (err = mark_units(a->tx, after, number, true)))
			return err;
	}
	if (err == SY_ENOTFOUND)
		err = before == NO_ID ? SY_OK : spread(a, before, unit, false);
	return err || after == NO_ID ? err : spread(a, after, unit, true);
}

int recalls_content(struct apply *a, uint64_t container)
{
	bool marked;
	int err;

	if (!any(a, &err))
		return err;
	for (size_t i = 0; i < a->recalls.n; i++) {
		uint64_t number = a->recalls.v[i].number;
		if ((err = is_marked(a, number, container, &marked)) ||
		    (marked && (err = dirty(a, number))))
			return err;
	}
	return SY_OK;
}

bool recall_names_made(const struct recall_case *c, const struct item *it)
{
	int32_t day = it->made != SY_NO_DAY ? it->made : it->harvested;

	if (!c->active || !code_under(c->product, it->code))
		return false;
	if (day == SY_NO_DAY)
		return it->lot ==
		       NO_ID; /* a unit goes by its lot; what nobody knows may be meant */
	return day >= c->made_from && day <= c->made_to;
}

static int fold_products(struct apply *a, const struct item *before, const struct item *after)
{
	int err = SY_OK;

	for (size_t i = 0; i < a->recalls.n && err == SY_OK; i++) {
		const struct recall_case *c = &a->recalls.v[i];
		if (c->product.n == 0)
			continue;
		bool was = before && recall_names_made(c, before), is = recall_names_made(c, after);
		if (is && !was)
			err = todo_seed(a, c, after->id, false);
		else if (was && !is)
			err = dirty(a, c->number);
	}
	return err;
}

/* Cases whose scope has the code. */
static int fold_code(struct apply *a, const struct item *it)
{
	const struct recalls *r = &a->recalls;
	size_t low = 0, high = r->n_codes;
	int err = SY_OK;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sy_str_cmp(r->codes[middle].code, it->code) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < r->n_codes && err == SY_OK && sy_str_eq(r->codes[low].code, it->code); low++)
		err = todo_seed(a, &r->v[r->codes[low].i], it->id, false);
	return err;
}

static int fold_gone(struct apply *a, uint64_t id)
{
	struct mark m;
	int err;

	for (uint64_t number = 0; (err = mark_seek(a->tx, id, &number, &m)) == SY_OK; number++)
		if (m.whole && (err = dirty(a, number)))
			return err;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int recalls_fold(struct apply *a, const struct item *before, const struct item *after)
{
	int err;

	if (!any(a, &err))
		return err;
	if (after->n_history == 0)
		return fold_gone(a, after->id);
	if (before == NULL && (err = fold_code(a, after)))
		return err;
	return a->recalls.products ? fold_products(a, before, after) : SY_OK;
}

/* --- places ---------------------------------------------------------------------------------- */

/* Does a record name the actor?  It does so of all its items. */
static int visited(struct apply *a, uint64_t actor, uint64_t record, bool *yes)
{
	struct key k = key_u64(actor), from = key_u64x2(record, 0);
	struct sy_str value;
	int err = kv_seek_value(a->tx, T_VISITS, key_str(&k), key_str(&from), &value);

	*yes = err == SY_OK && sy_get64((const uint8_t *)value.p) == record;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Does an event at a place leave the item there? */
static bool leaves_it(const struct history *h, uint64_t actor)
{
	for (unsigned i = 0; i < h->n; i++) {
		const struct item_fact *f = &h->facts[i];
		if (f->role == FACT_MEMBER)
			continue;
		if (f->step == STEP_SELL || f->step == STEP_INSTALL || f->step == STEP_CONSUME ||
		    f->step == STEP_DESTROY || (f->step == STEP_SHIP && f->other != actor) ||
		    (f->step == STEP_RECEIVE && f->other == actor && f->party != actor &&
		     f->place != actor))
			return false;
	}
	return true;
}

/* One event of the item, for recall_was_there. */
struct stay {
	const struct recall_case *c;
	uint64_t actor;
	int64_t newest; /* of those before the time in question */
	bool before, there;
};

static int stay_add(struct apply *a, struct stay *s, uint64_t record, const struct history *h)
{
	int64_t time = h->n ? h->facts[0].time : 0;
	bool named, early = time < s->c->from;
	int err;

	if (h->withdrawn || h->n == 0 || !(h->bits & HIST_ROLES) || time > s->c->to ||
	    (early && time < s->newest))
		return SY_OK;
	if ((err = visited(a, s->actor, record, &named)))
		return err;
	if (!early)
		s->there |= named;
	else {
		s->newest = time;
		s->before = named && leaves_it(h, s->actor);
	}
	return SY_OK;
}

int recall_was_there(struct apply *a, const struct recall_case *c, uint64_t id, bool *there)
{
	struct key place = key_code(c->place);
	struct stay s = {.c = c, .newest = INT64_MIN};
	uint64_t record;
	struct history h;
	int err = get_u64(a->tx, T_ACTORS, &place, &s.actor);

	*there = false;
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	for (uint64_t from = 0; (err = history_seek(a->tx, id, from, &record, &h)) == SY_OK;
	     from = record + 1)
		if ((err = stay_add(a, &s, record, &h)))
			return err;
	*there = s.there || s.before;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static bool names_place(const struct occasion *oc, uint64_t actor)
{
	for (unsigned i = 0; i < oc->n_actors; i++)
		if (oc->actors[i] == actor)
			return true;
	return false;
}

/* It may have come to the place, or gone: which of the two is seen when all is told. */
static int look_again(struct apply *a, const struct recall_case *c, uint64_t id)
{
	struct key k = todo_key_id(TODO_TRY, c->number, id);
	bool marked;
	int err = is_marked(a, c->number, id, &marked);

	if (err)
		return err;
	return marked ? dirty(a, c->number) : todo_put(a, &k, 0);
}

static int visit_case(struct apply *a, const struct recall_case *c, const struct view *v,
		      uint64_t id)
{
	struct key place = key_code(c->place);
	uint64_t actor;
	int err = get_u64(a->tx, T_ACTORS, &place, &actor);

	if (err || v->ev.time > c->to)
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (v->ev.time < c->from)
		return look_again(a, c, id);
	return names_place(&v->oc, actor) ? todo_seed(a, c, id, true) : SY_OK;
}

int recalls_visit(struct apply *a, const struct view *v, uint64_t id)
{
	int err;

	if (!any(a, &err) || !a->recalls.places)
		return err;
	for (size_t i = 0; i < a->recalls.n && err == SY_OK; i++)
		if (a->recalls.v[i].place.n)
			err = visit_case(a, &a->recalls.v[i], v, id);
	return err;
}

int recalls_stand(struct apply *a, uint64_t id, const struct history *h)
{
	int err;

	if (!any(a, &err) || !a->recalls.places || h->n == 0)
		return err;
	for (size_t i = 0; i < a->recalls.n && err == SY_OK; i++) {
		const struct recall_case *c = &a->recalls.v[i];
		if (c->place.n && h->facts[0].time <= c->to)
			err = look_again(a, c, id);
	}
	return err;
}
