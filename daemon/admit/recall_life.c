/* Notices, answers and reports of a recall. */
#include "admit/recall.h"

static const struct member answered_members[] = {{"code", FORM_TEXT, false, NULL},
						 {"uom", FORM_TEXT, false, NULL},
						 {"found", FORM_QUANTITY, false, NULL},
						 {"stopped", FORM_QUANTITY, false, NULL},
						 {"returned", FORM_QUANTITY, false, NULL},
						 {"destroyed", FORM_QUANTITY, false, NULL},
						 {0}};
static const struct member reported_members[] = {{"code", FORM_TEXT, false, NULL},
						 {"uom", FORM_TEXT, false, NULL},
						 {"made", FORM_QUANTITY, false, NULL},
						 {"sold", FORM_QUANTITY, false, NULL},
						 {"toRecall", FORM_QUANTITY, false, NULL},
						 {"recovered", FORM_QUANTITY, false, NULL},
						 {"outstanding", FORM_QUANTITY, false, NULL},
						 {0}};
const struct member notice_members[] = {{"recall", FORM_TEXT, true, NULL},
					{"parties", FORM_TEXTS, true, NULL},
					{"version", FORM_NUMBER, false, NULL},
					{"text", FORM_TEXT, false, NULL},
					{0}};
const struct member answer_members[] = {{"recall", FORM_TEXT, true, NULL},
					{"party", FORM_TEXT, false, NULL},
					{"time", FORM_TIME, true, NULL},
					{"quantities", FORM_OBJECTS, true, answered_members},
					{"text", FORM_TEXT, false, NULL},
					{"replaces", FORM_NUMBER, false, NULL},
					{0}};
const struct member report_members[] = {{"recall", FORM_TEXT, true, NULL},
					{"final", FORM_BOOL, false, NULL},
					{"time", FORM_TIME, true, NULL},
					{"quantities", FORM_OBJECTS, true, reported_members},
					{"text", FORM_TEXT, false, NULL},
					{"replaces", FORM_NUMBER, false, NULL},
					{0}};

/* The recall that a record speaks of, when it is under way; NULL: a fault was added. */
static const struct recall *under_way(struct check *c, const struct sy_json_doc *doc)
{
	struct sy_str id = recall_text(c, doc, "recall");
	const struct recall *r = recall_of(c, fact_of(c, FACT_RECALL, id, NO_MORE), id);
	if (!r)
		return NULL;
	if (!r->found)
		fault(c, 422, "/recall", "there is no recall %.*s", "没有召回 %.*s", TEXT(id));
	else if (r->state != RECALL_OPEN)
		fault(c, 409, "/recall", "recall %.*s is %s: expected one that is open",
		      "召回 %.*s 的状态为 %s：应为已启动的召回", TEXT(id),
		      recall_state_name(r->state));
	return r->found && r->state == RECALL_OPEN ? r : NULL;
}

static bool theirs_or_denied(struct check *c, const struct recall *r)
{
	if (recall_is_theirs(c, r->party))
		return true;
	fault(c, 403, "/recall",
	      "this is a recall of %.*s: expected that party, an operator or a regulator of its "
	      "region",
	      "这是 %.*s 的召回：应由该主体、运营者或其所在地区的监管部门提交", TEXT(r->party));
	return false;
}

/* The newest row about a party in a recall. */
static bool newest(struct check *c, enum register_kind kind, const struct recall *r,
		   struct sy_str party, struct register_row *row)
{
	if (r->number == UINT64_MAX)
		return false;
	struct sy_str id = recall_party_id(c->arena, r->number, party);
	int err = id.n ? register_get(&c->r, kind, id, row) : SY_ENOMEM;
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	return err == SY_OK;
}

/* --- notices --------------------------------------------------------------------------------- */

static struct fact *notice_fact(struct check *c, const struct recall *r, struct sy_str party)
{
	return fact_of(c, FACT_NOTICE, r->id, party);
}

/* Was the party told of the version in force? */
static bool was_told(struct check *c, const struct recall *r, struct sy_str party)
{
	struct register_row row;
	uint64_t version;
	if (notice_fact(c, r, party)->written != NOT_WRITTEN)
		return true;
	return !r->new_here && newest(c, REG_NOTICE, r, party, &row) &&
	       recall_version(&row, &version) == SY_OK && version == r->record;
}

static void party_check(struct check *c, struct sy_str party, const char *pointer)
{
	struct party *p = party_of(c, fact_of(c, FACT_PARTY, party, NO_MORE), party);
	if (p && !p->found)
		fault(c, 0, pointer, "party %.*s isn't enrolled: it can't answer",
		      "主体 %.*s 未登记：无法答复", TEXT(party));
}

/*
 * Whoever says which version he tells of means that one.  He had better say it: a notice to the
 * same parties as before is otherwise the same record, which the ledger has.
 */
static void version_check(struct check *c, const struct sy_json_doc *doc, const struct recall *r)
{
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), "version");
	uint64_t version;
	if (!v || sy_json_u64(doc, v, &version) != SY_OK || (!r->new_here && version == r->record))
		return;
	fault(c, 409, "/version", "record %llu isn't the recall that is in force: expected %llu",
	      "记录 %llu 不是现行的召回：应为 %llu", (unsigned long long)version,
	      (unsigned long long)r->record);
}

void notice_judge(struct check *c, const struct sy_json_doc *doc)
{
	const struct sy_json *list = sy_json_get(doc, sy_json_root(doc), "parties"), *v;
	const struct recall *r = under_way(c, doc);
	struct sy_str party;
	unsigned i = 0, fresh = 0;
	if (!r || !c->author || !theirs_or_denied(c, r))
		return;
	version_check(c, doc, r);
	sy_json_each (doc, list, v) {
		char pointer[32];
		snprintf(pointer, sizeof(pointer), "/parties/%u", i++);
		if (sy_json_string(doc, v, c->arena, &party) != SY_OK)
			continue;
		party_check(c, party, pointer);
		if (was_told(c, r, party))
			continue;
		fresh++;
		fact_write(c, notice_fact(c, r, party));
	}
	if (fresh == 0)
		fault(c, 409, "/parties", "all of them were told already, or none is named",
		      "所列主体均已通知，或未列出主体");
}

/* --- answers and reports --------------------------------------------------------------------- */

/* Does it answer for itself, and was it told?  A recall says nothing of itself to others. */
static bool may_answer(struct check *c, const struct sy_json_doc *doc, const struct recall *r)
{
	struct sy_str party = recall_text(c, doc, "party");
	struct register_row row;
	if (party.n > 0 && !sy_str_eq(party, c->author->id)) {
		fault(c, 403, "/party", "expected the author, %.*s: each answers for itself",
		      "应为作者 %.*s：各主体自行答复", TEXT(c->author->id));
		return false;
	}
	party = c->author->id;
	if (notice_fact(c, r, party)->written != NOT_WRITTEN ||
	    newest(c, REG_NOTICE, r, party, &row))
		return true;
	fault(c, 403, "/recall", "no notice of recall %.*s has reached %.*s",
	      "召回 %.*s 未通知 %.*s", TEXT(r->id), TEXT(party));
	return false;
}

void answer_judge(struct check *c, const struct sy_json_doc *doc)
{
	const struct recall *r = under_way(c, doc);
	struct register_row row = {0};
	bool may = r && c->author && may_answer(c, doc, r);
	struct sy_str party = c->author ? c->author->id : NO_MORE;
	amounts_judge(c, doc, may ? r : NULL, party);
	if (!may)
		return;
	struct fact *f = fact_of(c, FACT_ANSWER, r->id, party);
	bool found = newest(c, REG_ANSWER, r, party, &row);
	if (replaces_check(c, doc, f, found, row.record, "/recall"))
		fact_write(c, f);
}

void report_judge(struct check *c, const struct sy_json_doc *doc)
{
	const struct recall *r = under_way(c, doc);
	struct register_row row = {0};
	bool may = r && c->author && theirs_or_denied(c, r);
	amounts_judge(c, doc, may ? r : NULL, NO_MORE);
	if (!may)
		return;
	struct fact *f = fact_of(c, FACT_REPORT, r->id, NO_MORE);
	int err = register_get(&c->r, REG_REPORT, r->id, &row);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	if (replaces_check(c, doc, f, err == SY_OK, row.record, "/recall"))
		fact_write(c, f);
}
