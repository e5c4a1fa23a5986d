#include "apply.h"

#include <suyuan/time.h>

#include <stdlib.h>

/* --- sets of ids ----------------------------------------------------------------------------- */

int ids_add(struct ids *s, uint64_t v)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		uint64_t *p = realloc(s->v, cap * sizeof *p);
		if (p == NULL)
			return SY_ENOMEM;
		s->v = p;
		s->cap = cap;
	}
	s->v[s->n++] = v;
	return SY_OK;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void ids_sort(struct ids *s)
{
	size_t n = 0;

	if (s->n == 0)
		return;
	qsort(s->v, s->n, sizeof *s->v, by_value);
	for (size_t i = 1; i < s->n; i++)
		if (s->v[i] != s->v[n])
			s->v[++n] = s->v[i];
	s->n = n + 1;
}

void ids_free(struct ids *s)
{
	free(s->v);
	*s = (struct ids){0};
}

/* --- the fold -------------------------------------------------------------------------------- */

bool event_creates(const struct sy_event *ev, const struct sy_event_item *occ)
{
	if (ev->kind == SY_EVENT_TRANSFORMATION)
		return occ->role == SY_ROLE_OUTPUT;
	return ev->kind == SY_EVENT_OBJECT && ev->action == SY_ACTION_ADD;
}

static bool removes(const struct sy_event *ev)
{
	return ev->kind == SY_EVENT_OBJECT && ev->action == SY_ACTION_DELETE;
}

/* One piece, whatever quantity is or isn't given with it. */
static bool is_piece(enum sy_code_kind kind)
{
	return kind == SY_CODE_UNIT || kind == SY_CODE_CN_DRUG || kind == SY_CODE_LOGISTIC ||
	       kind == SY_CODE_ASSET;
}

void item_fold_name(struct item *it, uint64_t record)
{
	if (it->last == record && it->n_history)
		return;
	if (it->n_history++ == 0)
		it->first = record;
	it->last = record;
}

static void fold_day(int32_t *have, int32_t said)
{
	if (*have == SY_NO_DAY)
		*have = said;
}

static void fold_quantity(struct item *it, struct sy_decimal *total,
			  const struct sy_event_item *occ)
{
	static const struct sy_decimal one = {1, 0};
	struct sy_str unit = occ->has_quantity ? occ->unit : SY_STR("");
	char text[sizeof it->unit] = {0};

	if (unit.n >= sizeof text) {
		it->flags |= ITEM_MIXED_UNITS;
		return;
	}
	if (unit.n)
		memcpy(text, unit.p, unit.n);
	if (it->added.coef == 0 && it->removed.coef == 0)
		memcpy(it->unit, text, sizeof text);
	else if (memcmp(it->unit, text, sizeof text))
		it->flags |= ITEM_MIXED_UNITS;
	if (sy_decimal_add(*total, occ->has_quantity ? occ->quantity : one, total))
		it->flags |= ITEM_UNKNOWN_QUANTITY;
}

static void fold_days(struct item *it, const struct sy_event *ev)
{
	fold_day(&it->made, ev->made);
	fold_day(&it->expires, ev->expires);
	fold_day(&it->best_before, ev->best_before);
	fold_day(&it->harvested, ev->harvested);
}

void item_fold_unit(struct item *lot, const struct view *v, const struct sy_event_item *unit)
{
	if (v->ev.error || !event_creates(&v->ev, unit))
		return;
	lot->flags |= ITEM_HAS_UNITS;
	fold_days(lot, &v->ev);
}

/* The place of a member's word in a table; 0 for none of them. */
static uint8_t word_of(const struct view *v, const char *name, const char *const *words, uint8_t n)
{
	const struct sy_json *said = sy_json_get(&v->doc, v->ev.inspection, name);

	while (n > 1)
		if (sy_json_is(&v->doc, said, words[--n]))
			return n;
	return 0;
}

static int32_t day_of(const struct view *v, const char *name)
{
	const struct sy_json *said = sy_json_get(&v->doc, v->ev.inspection, name);
	int32_t day;

	if (said == NULL || said->type != SY_JSON_STRING)
		return SY_NO_DAY;
	struct sy_str text = {v->doc.text + said->off, said->len};
	return sy_date_parse(text, &day) ? SY_NO_DAY : day;
}

static void fold_inspection(struct item *it, const struct view *v)
{
	if (v->ev.inspection == NULL)
		return;
	it->flags |= ITEM_INSPECTED;
	it->result = word_of(v, "result", item_results, RESULTS);
	it->inspector = word_of(v, "kind", item_inspectors, INSPECTORS);
	it->inspected = day_of(v, "date");
}

static void fold_creation(struct item *it, const struct view *v, const struct sy_event_item *occ)
{
	static const uint8_t none[8];

	if (!(it->flags & ITEM_CREATED)) {
		it->flags |= ITEM_CREATED;
		it->flags &= ~(unsigned)ITEM_WITHDRAWN;
		it->created = v->number;
		fold_inspection(it, v);
	}
	fold_days(it, &v->ev);
	if (memcmp(it->ilmd, none, sizeof none) == 0)
		memcpy(it->ilmd, v->ilmd, sizeof none);
	if (occ->has_quantity || is_piece(it->kind))
		fold_quantity(it, &it->added, occ);
	else
		it->flags |= ITEM_UNKNOWN_QUANTITY;
}

static void fold_deleted(struct item *it)
{
	const unsigned useless = ITEM_MIXED_UNITS | ITEM_UNKNOWN_QUANTITY;
	bool all = (it->flags & ITEM_CREATED) && !(it->flags & useless) && it->removed.coef > 0 &&
		   sy_decimal_cmp(it->removed, it->added) >= 0;

	it->flags &= ~(unsigned)ITEM_DELETED;
	if (all || (it->flags & ITEM_WHOLE))
		it->flags |= ITEM_DELETED;
}

void item_fold(struct item *it, const struct view *v, const struct sy_event_item *occ, uint64_t lot)
{
	if (it->lot == UINT64_MAX)
		it->lot = lot;
	if (event_creates(&v->ev, occ))
		fold_creation(it, v, occ);
	if (removes(&v->ev)) {
		if (is_piece(it->kind) || !occ->has_quantity)
			it->flags |= ITEM_WHOLE;
		if (is_piece(it->kind) || occ->has_quantity)
			fold_quantity(it, &it->removed, occ);
	}
	fold_deleted(it);
}

static void fold_withdrawn(struct item *it, const struct view *v, const struct sy_event_item *occ)
{
	if (event_creates(&v->ev, occ) && !(it->flags & ITEM_CREATED))
		it->flags |= ITEM_WITHDRAWN;
}

/* --- folding again --------------------------------------------------------------------------- */

/* Can a record that is this to an item do more than name it?  A lot is shipped and received often;
 * of those records nothing is read. */
static bool may_change(enum sy_code_kind kind, const struct history *h)
{
	if (h->bits & HIST_ERROR)
		return false;
	if (kind == SY_CODE_UNIT || kind == SY_CODE_CN_DRUG) /* any may say its lot */
		return h->bits & HIST_ROLES;
	if (h->bits & HIST_MEMBER && h->action != SY_ACTION_OBSERVE &&
	    h->action != SY_ACTION_DELETE)
		return true;
	return (h->bits & 1U << SY_ROLE_OUTPUT) ||
	       ((h->bits & 1U << SY_ROLE_SUBJECT) && h->action != SY_ACTION_OBSERVE);
}

/* A new row of the item, with what its history's keys alone say; RECORDS gets those to read. */
static int refold_begin(struct apply *a, uint64_t id, struct item *it, uint64_t *lot,
			struct ids *records)
{
	struct history h;
	struct item old;
	uint64_t record;
	char *code;
	int err = item_get(a->tx, id, &old);

	if (err)
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	if ((code = sy_arena_strdup(&a->folded, old.code)) == NULL)
		return SY_ENOMEM;
	item_init(it, id, old.kind, (struct sy_str){code, old.code.n});
	*lot = old.lot;
	for (uint64_t from = 0; (err = history_seek(a->tx, id, from, &record, &h)) == SY_OK;
	     from = record + 1) {
		item_fold_name(it, record);
		if (may_change(it->kind, &h) && (err = ids_add(records, record)))
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* The rows that are folded again, in order of id. */
struct refold {
	const struct ids *ids;
	struct item *items;
	uint64_t *lots; /* that they belonged to before */
};

/* The row of a code among them; NULL for others. */
static int refold_find(struct apply *a, const struct refold *f, struct sy_str code,
		       struct item **out)
{
	const uint64_t *at;
	uint64_t id;
	int err = code.n ? code_id(a->tx, code, &id) : SY_ENOTFOUND;

	*out = NULL;
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	at = bsearch(&id, f->ids->v, f->ids->n, sizeof id, by_value);
	if (at)
		*out = &f->items[at - f->ids->v];
	return SY_OK;
}

static int refold_mention(struct apply *a, const struct refold *f, struct view *v,
			  const struct sy_event_item *occ, bool withdrawn)
{
	uint64_t lot_id = UINT64_MAX;
	struct item *it, *lot_row;
	struct sy_str lot;
	int err = event_lot(v, occ, &lot);

	if (err || (err = refold_find(a, f, lot, &lot_row)) ||
	    (err = refold_find(a, f, occ->code.canonical, &it)))
		return err;
	if (lot_row && !withdrawn)
		item_fold_unit(lot_row, v, occ);
	if (it == NULL)
		return SY_OK;
	if (lot.n && (err = code_id(a->tx, lot, &lot_id)) && err != SY_ENOTFOUND)
		return err;
	if (withdrawn)
		fold_withdrawn(it, v, occ);
	else
		item_fold(it, v, occ, lot_id);
	return SY_OK;
}

static int refold_record(struct apply *a, const struct refold *f, uint64_t record)
{
	struct key k = key_u64(record);
	struct view v;
	uint64_t by;
	int err = get_u64(a->tx, T_WITHDRAWN, &k, &by);
	bool withdrawn = err == SY_OK;

	if (err && err != SY_ENOTFOUND)
		return err;
	if ((err = view_of(a, record, &v)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	for (size_t i = 0; i < v.ev.n_items && err == SY_OK; i++)
		err = refold_mention(a, f, &v, &v.ev.items[i], withdrawn);
	return err;
}

static int refold_end(struct apply *a, struct item *it, uint64_t lot)
{
	struct key code = key_code(it->code), id = key_u64(it->id);
	struct item old;
	int err = item_get(a->tx, it->id, &old);

	old.code = it->code;
	if (err || (err = recalls_fold(a, old.n_history ? &old : NULL, it)) ||
	    (err = link_lot(a, it->id, lot, it->lot)) || (err = marks_fold(a, it)))
		return err;
	if (it->n_history)
		return item_put(a->tx, it);
	a->st.items--;
	if ((err = kv_del(a->tx, T_CODES, key_str(&code))))
		return err;
	return kv_del(a->tx, T_ITEMS, key_str(&id));
}

/* All at once, so that a record which names thousands of them is read once. */
int items_refold(struct apply *a, struct ids *ids)
{
	struct refold f = {.ids = ids};
	struct ids records = {0};
	int err = SY_OK;

	ids_sort(ids);
	sy_arena_reset(&a->folded);
	f.items = sy_arena_calloc(&a->folded, ids->n, sizeof *f.items);
	f.lots = sy_arena_calloc(&a->folded, ids->n, sizeof *f.lots);
	if (f.items == NULL || f.lots == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < ids->n && err == SY_OK; i++)
		err = refold_begin(a, ids->v[i], &f.items[i], &f.lots[i], &records);
	ids_sort(&records);
	for (size_t i = 0; i < records.n && err == SY_OK; i++)
		err = refold_record(a, &f, records.v[i]);
	for (size_t i = 0; i < ids->n && err == SY_OK; i++)
		err = refold_end(a, &f.items[i], f.lots[i]);
	ids_free(&records);
	return err;
}
