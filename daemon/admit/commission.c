/* What an event commissions: the product's authority, contradictions with what was said of the item
 * before, and the category's profile. */
#include "admit/profile.h"

#include "admit/events.h"

/* The run over one event's items: neighbours mostly share product and lot. */
struct run {
	struct batch batch;
	struct sy_str product_code, lot_code;
	struct product *product; /* NULL: not the author's to commission */
	bool lot_told;
};

/* --- the product's authority ----------------------------------------------------------------- */

static struct product *authorised(struct check *c, struct sy_str code, const char *pointer)
{
	struct product *p = product_of(c, fact_of(c, FACT_PRODUCT, code, NO_MORE), code);
	if (!p)
		return NULL;
	if (!p->found) {
		fault(c, 422, pointer,
		      "product %.*s isn't registered: expected a Product record of it first",
		      "产品 %.*s 尚未登记：应先登记该产品", TEXT(code));
		return NULL;
	}
	if (p->revoked) {
		fault(c, 403, pointer,
		      "product %.*s was revoked by %.*s: expected one that is in force",
		      "产品 %.*s 已由 %.*s 撤销：应为现行产品", TEXT(code), TEXT(p->said_by));
		return NULL;
	}
	if (c->author && !product_makes(c, p)) {
		fault(c, 403, pointer,
		      "product %.*s belongs to %.*s: expected that party or a delegate of its as "
		      "the author, not %.*s",
		      "产品 %.*s 属于 %.*s：应由该主体或其受托方提交，而不是 %.*s", TEXT(code),
		      TEXT(p->owner), TEXT(c->author->id));
		return NULL;
	}
	return p;
}

/* --- contradictions -------------------------------------------------------------------------- */

static void ilmd_fault(struct check *c, struct sy_str member, struct sy_str value,
		       bool in_submission, long long where)
{
	char pointer[128];
	snprintf(pointer, sizeof(pointer), "/ilmd/%.*s", TEXT(member));
	if (in_submission)
		fault(c, 409, pointer,
		      "the lot was commissioned otherwise by position %lld of this submission: "
		      "expected %.*s",
		      "本次提交中第 %lld 条（从 0 起）对该批次另有登记：应为 %.*s", where,
		      TEXT(value));
	else
		fault(c, 409, pointer,
		      "the lot was commissioned otherwise by record %lld: expected %.*s",
		      "记录 %lld 对该批次另有登记：应为 %.*s", where, TEXT(value));
}

/* Members that both have, with other values.  RECORD is the earlier one's text. */
static int ilmd_compare(struct check *c, const struct run *run, struct sy_arena *arena,
			struct sy_str record, bool in_submission, long long where)
{
	struct sy_json_doc earlier;
	int err = sy_json_parse(arena, record, 0, &earlier, NULL);
	if (err)
		return err;
	const struct sy_json *m, *old = sy_json_get(&earlier, sy_json_root(&earlier), "ilmd");
	sy_json_each (run->batch.doc, run->batch.e->ilmd, m) {
		struct sy_str key;
		if (sy_json_key(run->batch.doc, m, arena, &key) != SY_OK)
			continue;
		const char *name = sy_arena_strdup(arena, key);
		const struct sy_json *other = name ? sy_json_get(&earlier, old, name) : NULL;
		if (other && !json_same(arena, run->batch.doc, m, &earlier, other))
			ilmd_fault(c, key, sy_json_raw(&earlier, other), in_submission, where);
	}
	return SY_OK;
}

/* An event may name thousands of lots: each comparison's memory goes with it. */
static void lot_twice(struct check *c, const struct run *run, int position)
{
	struct sy_arena arena = {.budget = c->scratch->budget};
	if (position == c->record)
		return;
	machine(c, ilmd_compare(c, run, &arena, c->sub->records[position], true, position));
	sy_arena_free(&arena);
}

static void lot_again(struct check *c, const struct run *run, const struct commission *k)
{
	uint8_t digest[sizeof(k->ilmd)];
	struct ledger_record stored;
	struct sy_arena arena = {.budget = c->scratch->budget};
	if (!run->batch.e->ilmd)
		return;
	index_ilmd_digest(run->batch.doc, run->batch.e->ilmd, digest);
	if (memcmp(digest, k->ilmd, sizeof(digest)) == 0 || !truth_begin(c))
		return;
	int err = ledger_record(&c->truth, &arena, k->created, &stored);
	if (!err)
		err = ilmd_compare(c, run, &arena, stored.payload, false, (long long)k->created);
	if (err != SY_EGONE) /* what was erased can't be contradicted */
		machine(c, err);
	sy_arena_free(&arena);
}

/* An SSCC and an asset's number may be used again once they were given up; a serial never. */
static bool may_return(const struct sy_event_item *item, const struct commission *k)
{
	return (item->code.kind == SY_CODE_LOGISTIC || item->code.kind == SY_CODE_ASSET) &&
	       (k->flags & ITEM_DELETED) != 0;
}

/* Several may make up a class; there is one of anything else. */
static bool is_class(const struct sy_event_item *item)
{
	if (item->code.kind == SY_CODE_OTHER)
		return strstr(item->pointer, "uantityList") != NULL;
	return item->code.kind == SY_CODE_LOT;
}

static void contradictions(struct check *c, const struct run *run, const struct sy_event_item *item)
{
	struct sy_str code = item->code.canonical;
	struct fact *f = fact_of(c, FACT_ITEM, code, NO_MORE);
	struct commission *k = commission_of(c, f, code);
	bool lot = is_class(item);
	if (!k)
		return;
	bool created = k->found && (k->flags & ITEM_CREATED) && k->created != UINT64_MAX;
	if (item->code.kind == SY_CODE_PRODUCT) {
		; /* days of making share a bare product code: nothing to contradict */
	} else if (f->written != NOT_WRITTEN && lot) {
		lot_twice(c, run, f->written);
	} else if (f->written != NOT_WRITTEN) {
		fault(c, 409, item->pointer,
		      "%.*s is created at position %d of this submission already",
		      "%.*s 已由本次提交中第 %d 条（从 0 起）创建", TEXT(code), f->written);
	} else if (created && lot) {
		lot_again(c, run, k);
	} else if (created && !may_return(item, k)) {
		fault(c, 409, item->pointer,
		      "%.*s was created by record %llu: expected a code that is new",
		      "%.*s 已由记录 %llu 创建：应为新的编码", TEXT(code),
		      (unsigned long long)k->created);
	}
	if (f->written == NOT_WRITTEN)
		fact_write(c, f);
}

/* --- what is commissioned -------------------------------------------------------------------- */

/* Is the lot commissioned already, so that its dates are known? */
static bool lot_told(struct check *c, struct sy_str code)
{
	struct fact *f = fact_of(c, FACT_ITEM, code, NO_MORE);
	struct commission *k = commission_of(c, f, code);
	return k && (f->written != NOT_WRITTEN || (k->found && (k->flags & ITEM_CREATED)));
}

static void run_lot(struct check *c, struct run *run, const struct sy_code *code)
{
	struct sy_str lot = code->kind == SY_CODE_LOT ? code->canonical : code->lot_code;
	if (sy_str_eq(lot, run->lot_code))
		return;
	run->lot_code = lot;
	run->lot_told = lot.n > 0 && lot_told(c, lot);
}

static void commission_judge(struct check *c, struct run *run, const struct sy_event_item *item)
{
	struct sy_str code = product_code(&item->code);
	if (code.n > 0 && !sy_str_eq(code, run->product_code)) {
		run->product_code = code;
		run->product = authorised(c, code, item->code_pointer);
	}
	run_lot(c, run, &item->code);
	if (code.n == 0)
		wrong_judge(c, &run->batch, false);
	else if (run->product)
		profile_judge(c, &run->batch, item, run->product,
			      item_has(item) | (run->lot_told ? LOT_TELLS : 0));
	contradictions(c, run, item);
}

/* Who may bring the item into being.  What is nobody's product, as a pallet's SSCC, whoever handles
 * goods may number. */
static void maker_check(struct check *c, const struct sy_event *e, const struct sy_event_item *item)
{
	bool added = e->kind == SY_EVENT_OBJECT, product = product_code(&item->code).n > 0;
	unsigned may = !product ? HANDLERS : added ? ROLE_PRODUCER : MAKERS;
	if (!c->author || (c->author->roles & may))
		return;
	if (added && product)
		fault(c, 403, item->pointer,
		      "%.*s is no producer: expected a producer to commission items",
		      "%.*s 不是生产者：批次应由生产者登记", TEXT(c->author->id));
	else
		fault(c, 403, item->pointer,
		      "%.*s may not make this: expected a producer, carrier, seller or site",
		      "%.*s 无权产出此物：应由生产者、承运者、销售者或使用单位提交",
		      TEXT(c->author->id));
}

void commissions_judge(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e)
{
	struct run run = {.batch = {.doc = doc, .e = e}};
	bool asked[2] = {false, false};
	for (size_t i = 0; i < e->n_items; i++) {
		const struct sy_event_item *item = &e->items[i];
		if (!commissions(e, item))
			continue;
		bool product = product_code(&item->code).n > 0;
		if (!asked[product])
			maker_check(c, e, item);
		asked[product] = true;
		if (run.batch.has == 0)
			run.batch.has = c->author_has | event_has(c, doc, e, &run.batch.wrong);
		commission_judge(c, &run, item);
	}
}
