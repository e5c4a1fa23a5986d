/* Events: whose they are, when, and who may say such a thing. */
#include "admit/events.h"

#include "admit/profile.h"

bool commissions(const struct sy_event *e, const struct sy_event_item *item)
{
	if (e->error)
		return false;
	if (e->kind == SY_EVENT_OBJECT)
		return e->action == SY_ACTION_ADD && item->role == SY_ROLE_SUBJECT;
	return e->kind == SY_EVENT_TRANSFORMATION && item->role == SY_ROLE_OUTPUT;
}

void machine(struct check *c, int err)
{
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
}

struct commission *commission_of(struct check *c, struct fact *f, struct sy_str code)
{
	if (f->known)
		return f->value;
	struct commission *k = allocate(c, sizeof(*k));
	if (!k)
		return NULL;
	struct item item;
	int err = index_item_of(&c->r, code, &item);
	machine(c, err);
	if ((k->found = err == SY_OK)) {
		k->id = item.id;
		k->created = item.created;
		k->flags = item.flags;
		memcpy(k->ilmd, item.ilmd, sizeof(k->ilmd));
	}
	f->known = true;
	return f->value = k;
}

/* --- identity -------------------------------------------------------------------------------- */

static bool first_item(struct check *c, const struct sy_event *e, uint64_t *id)
{
	struct sy_str code = e->items[0].code.canonical;
	if (commissions(e, &e->items[0])) {
		struct commission *k = commission_of(c, fact_of(c, FACT_ITEM, code, NO_MORE), code);
		if (!k || !k->found)
			return false;
		*id = k->id;
		return true;
	}
	int err = index_item_id(&c->r, code, id);
	machine(c, err);
	return err == SY_OK;
}

static bool event_known(struct check *c, const struct sy_event *e, struct sy_str party,
			uint64_t *record)
{
	uint64_t item;
	if (e->n_items == 0 || !first_item(c, e, &item))
		return false;
	int err = index_event(&c->r, item, party, e->id, record);
	machine(c, err);
	return err == SY_OK;
}

/* Whose event it is: the author's, or that of the party whose event a declaration withdraws. */
static struct sy_str event_party(struct check *c, const struct sy_json_doc *doc,
				 const struct sy_event *e)
{
	struct sy_str other = NO_MORE;
	if (e->error)
		machine(c, index_declared_author(doc, c->arena, &other));
	return other.n > 0 ? other : c->author->id;
}

/* A regulator corrects the events of its region's parties, and says why. */
static bool may_correct(struct check *c, const struct sy_json_doc *doc, struct sy_str party)
{
	const char *pointer = "/errorDeclaration/suyuan:author";
	if (sy_str_eq(party, c->author->id))
		return true;
	struct party *p = party_of(c, fact_of(c, FACT_PARTY, party, NO_MORE), party);
	if (!p)
		return false;
	bool may = is_regulator_of(c, region_of(c, p));
	if (!may)
		fault(c, 403, pointer,
		      "only %.*s itself or a regulator of its region corrects its events",
		      "只有 %.*s 本身或其所在地区的监管部门可以更正其事件", TEXT(party));
	const struct sy_json *e = sy_json_get(doc, sy_json_root(doc), "errorDeclaration");
	if (text_of(c, doc, e, "reason").n > 0 || text_of(c, doc, e, "suyuan:reason").n > 0)
		return may;
	fault(c, 422, "/errorDeclaration",
	      "corrects another party's event without a reason: expected \"reason\" or "
	      "\"suyuan:reason\"",
	      "更正其他主体的事件却没有理由：应有 \"reason\" 或 \"suyuan:reason\"");
	return false;
}

static void withdrawal_check(struct check *c, const struct sy_json_doc *doc,
			     const struct sy_event *e)
{
	struct sy_str party = event_party(c, doc, e);
	uint64_t record;
	if (!may_correct(c, doc, party))
		return;
	struct fact *f = fact_of(c, FACT_EVENT, party, e->id);
	if (f->written == NOT_WRITTEN && !event_known(c, e, party, &record))
		/* it may be of another ledger's event, or one whose paper is late */
		fault(
		    c, 0, "/eventID",
		    "%.*s has no event %.*s of this item: nothing is withdrawn; a regulator names "
		    "the party whose event it is as \"suyuan:author\" of the errorDeclaration",
		    "%.*s 没有关于该物品的事件 %.*s：不撤销任何事件；监管部门应在更正声明中以 "
		    "\"suyuan:author\" 写明该事件的主体",
		    TEXT(party), TEXT(e->id));
	else
		fact_write(c, f);
}

static void identity_check(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e)
{
	uint64_t record;
	if (e->id.n == 0 && e->error)
		fault(c, 422, "/eventID",
		      "an errorDeclaration without eventID: expected the eventID of the event that "
		      "it withdraws",
		      "更正声明没有 eventID：应为所撤销事件的 eventID");
	if (e->id.n == 0 || !c->author)
		return;
	if (e->error) {
		withdrawal_check(c, doc, e);
		return;
	}
	struct fact *f = fact_of(c, FACT_EVENT, c->author->id, e->id);
	if (event_known(c, e, c->author->id, &record))
		fault(c, 409, "/eventID",
		      "record %llu is this event already: expected a new eventID, or an "
		      "errorDeclaration",
		      "记录 %llu 已是该事件：应使用新的 eventID，或附更正声明",
		      (unsigned long long)record);
	else if (f->written != NOT_WRITTEN)
		fault(c, 409, "/eventID",
		      "the record at position %d of this submission is this event already",
		      "本次提交中第 %d 条（从 0 起）已是该事件", f->written);
	else
		fact_write(c, f);
}

void future_check(struct check *c, int64_t time, const char *pointer)
{
	int64_t latest = (int64_t)(c->now + c->rules->future_ms);
	char text[SY_TIME_TEXT];
	if (time <= latest)
		return;
	sy_time_format((uint64_t)latest, text);
	fault(c, 422, pointer, "lies in the future: expected a time until %s",
	      "时间在将来：应不晚于 %s", text);
}

/* --- roles ----------------------------------------------------------------------------------- */

/* A laboratory inspects and no more; whoever else has a role handles goods (DOMAIN.md). */
static void role_check(struct check *c, const struct sy_event *e)
{
	if (!c->author || (c->author->roles & HANDLERS))
		return;
	bool inspects = sy_str_is(e->biz_step, "inspecting") || sy_str_is(e->biz_step, "sampling");
	if ((c->author->roles & ROLE_LABORATORY) && inspects)
		return;
	if (c->author->roles & ROLE_LABORATORY)
		fault(c, 403, "/bizStep",
		      "%.*s is a laboratory: expected bizStep inspecting or sampling",
		      "%.*s 是检验机构：bizStep 应为 inspecting 或 sampling", TEXT(c->author->id));
	else
		fault(
		    c, 403, "/type",
		    "%.*s has no role that handles goods: expected a producer, carrier, seller, "
		    "site, laboratory or regulator",
		    "%.*s "
		    "没有经手货物的角色：应为生产者、承运者、销售者、使用单位、检验机构或监管部门",
		    TEXT(c->author->id));
}

void event_judge(struct check *c, const struct sy_json_doc *doc)
{
	struct sy_event e;
	/* With faults in its form the rest is judged as far as it was read. */
	int err = sy_event_read(c->scratch, doc, &e, c->faults, c->record);
	if (err == SY_ENOMEM) {
		c->err = c->err ? c->err : err;
		return;
	}
	future_check(c, e.time, "/eventTime");
	role_check(c, &e);
	identity_check(c, doc, &e);
	commissions_judge(c, doc, &e);
	if (e.kind == SY_EVENT_OBJECT && sy_str_is(e.biz_step, "installing") && !e.error)
		profile_site(c, doc, &e);
}
