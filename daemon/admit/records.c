#include "admit/profile.h"
#include "admit/recall.h"

static struct sy_str member_text(struct check *c, const struct sy_json_doc *doc, const char *name)
{
	return text_of(c, doc, sy_json_root(doc), name);
}

bool replaces_check(struct check *c, const struct sy_json_doc *doc, const struct fact *f,
		    bool found, uint64_t record, const char *pointer)
{
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), "replaces");
	uint64_t given = 0;
	if (f->written != NOT_WRITTEN) {
		fault(
		    c, 409, pointer,
		    "the record at position %d of this submission says this already: expected one "
		    "record of it in a submission",
		    "本次提交中第 %d 条（从 0 起）已说明同一对象：一次提交中只应有一条",
		    f->written);
		return false;
	}
	if (v)
		sy_json_u64(doc, v, &given);
	if (!found) {
		if (v)
			fault(c, 409, "/replaces",
			      "there is nothing in force to replace: expected no \"replaces\"",
			      "没有可替代的现行记录：不应有 \"replaces\"");
		return !v;
	}
	if (!v) {
		fault(c, 409, pointer, "record %llu is in force: expected \"replaces\": %llu",
		      "现行记录是 %llu：应有 \"replaces\": %llu", (unsigned long long)record,
		      (unsigned long long)record);
		return false;
	}
	if (given != record)
		fault(c, 409, "/replaces", "%llu isn't in force: expected %llu, the current record",
		      "%llu 不是现行记录：应为 %llu", (unsigned long long)given,
		      (unsigned long long)record);
	return given == record;
}

static bool own_or_denied(struct check *c, struct sy_str party, const char *pointer)
{
	if (!c->author || sy_str_eq(c->author->id, party))
		return true;
	fault(c, 403, pointer, "this belongs to %.*s: expected that party as the author, not %.*s",
	      "这属于 %.*s：应由该主体提交，而不是 %.*s", TEXT(party), TEXT(c->author->id));
	return false;
}

/* --- Place, Contact -------------------------------------------------------------------------- */

static const struct member place_members[] = {
    {"id", FORM_TEXT, true, NULL},          {"party", FORM_TEXT, true, NULL},
    {"name", FORM_NAMES, true, NULL},       {"region", FORM_REGION, false, NULL},
    {"address", FORM_TEXT, false, NULL},    {"phone", FORM_TEXT, false, NULL},
    {"project", FORM_TEXT, false, NULL},    {"part", FORM_TEXT, false, NULL},
    {"replaces", FORM_NUMBER, false, NULL}, {0}};
static const struct member contact_members[] = {{"id", FORM_TEXT, true, NULL},
						{"party", FORM_TEXT, true, NULL},
						{"replaces", FORM_NUMBER, false, NULL},
						{0}};

struct owned { /* what a party says of its own, by id */
	enum fact_kind fact;
	enum register_kind row;
	bool by_authorities; /* an operator, or a regulator, may say it as well */
};

static unsigned *tells_of(struct check *c, struct fact *f)
{
	if (!f->value)
		f->value = allocate(c, sizeof(unsigned));
	return f->value;
}

unsigned place_of(struct check *c, struct sy_str id)
{
	struct fact *f = fact_of(c, FACT_PLACE, id, NO_MORE);
	unsigned *tells;
	struct register_row row;
	if (f->known || !(tells = tells_of(c, f)))
		return f->value ? *(unsigned *)f->value : 0;
	int err = register_get(&c->r, REG_PLACE, id, &row);
	if (err && err != SY_ENOTFOUND)
		c->err = c->err ? c->err : err;
	f->known = true;
	return *tells = err ? 0 : row.roles;
}

unsigned reach_of(struct check *c, struct sy_str party, unsigned want)
{
	struct fact *f = fact_of(c, FACT_REACH, party, NO_MORE);
	unsigned *tells = tells_of(c, f), more;
	if (!tells || f->known || !(want & ~*tells))
		return tells ? *tells : 0;
	int err = register_reach(&c->r, party, want, &more);
	if (err)
		c->err = c->err ? c->err : err;
	f->known = true;
	return err ? 0 : (*tells |= more);
}

/* What comes after in this submission finds what is said here. */
static void owned_said(struct check *c, const struct sy_json_doc *doc, struct fact *f,
		       struct sy_str party, struct sy_str before)
{
	struct fact *reach = fact_of(c, FACT_REACH, party, NO_MORE);
	unsigned *tells = tells_of(c, f), *all = tells_of(c, reach);
	if (!tells || !all)
		return;
	*tells = place_tells(doc);
	*all |= *tells;
	f->known = true;
	fact_write(c, f);
	fact_write(c, reach);
	if (before.n > 0 && !sy_str_eq(before, party))
		fact_write(c, fact_of(c, FACT_REACH, before, NO_MORE));
}

static void owned_judge(struct check *c, const struct sy_json_doc *doc, const struct owned *kind)
{
	struct sy_str id = member_text(c, doc, "id"), party = member_text(c, doc, "party");
	struct fact *f = fact_of(c, kind->fact, id, NO_MORE);
	struct party *p = party_of(c, fact_of(c, FACT_PARTY, party, NO_MORE), party);
	struct register_row row = {0};
	int err = register_get(&c->r, kind->row, id, &row);
	if (!p || (err && err != SY_ENOTFOUND)) {
		c->err = c->err ? c->err : err;
		return;
	}
	bool authority = kind->by_authorities && c->author &&
			 (c->author->roles & (ROLE_OPERATOR | ROLE_REGULATOR)) != 0;
	bool good = replaces_check(c, doc, f, err == SY_OK, row.record, "/id");
	if (!p->found) {
		fault(c, 422, "/party", "party %.*s isn't enrolled", "主体 %.*s 未登记",
		      TEXT(party));
		good = false;
	}
	if (!authority) {
		good = own_or_denied(c, party, "/party") && good;
		if (err == SY_OK && !sy_str_eq(row.owner, party))
			good = own_or_denied(c, row.owner, "/id") && good;
	}
	if (good)
		owned_said(c, doc, f, party, err == SY_OK ? row.owner : NO_MORE);
}

static void place_judge(struct check *c, const struct sy_json_doc *doc)
{
	static const struct owned place = {FACT_PLACE, REG_PLACE, true};
	struct sy_str id = member_text(c, doc, "id");
	struct sy_code code;
	if (sy_code_parse(c->arena, id, &code, c->faults, c->record, "/id") != SY_OK)
		return;
	if (code.scheme == SY_SCHEME_GS1 && code.kind != SY_CODE_PLACE)
		fault(c, 422, "/id", "%.*s names a %s: expected a GLN under /414/ or another URI",
		      "%.*s 表示的是 %s：应为 /414/ 下的 GLN 或其他 URI", TEXT(id),
		      sy_code_kind_name(code.kind));
	else if (!sy_str_eq(code.canonical, id))
		fault(c, 422, "/id", "%.*s isn't canonical: expected %.*s",
		      "%.*s 不是规范形式：应为 %.*s", TEXT(id), TEXT(code.canonical));
	else
		owned_judge(c, doc, &place);
}

static void contact_judge(struct check *c, const struct sy_json_doc *doc)
{
	static const struct owned contact = {FACT_CONTACT, REG_CONTACT, false};
	owned_judge(c, doc, &contact);
}

bool authority_or_denied(struct check *c)
{
	if (!c->author || (c->author->roles & (ROLE_OPERATOR | ROLE_REGULATOR)))
		return true;
	fault(c, 403, "/type", "%.*s may not say this: expected an operator or a regulator",
	      "%.*s 无权提交此类记录：应由运营者或监管部门提交", TEXT(c->author->id));
	return false;
}

/* --- Erasure --------------------------------------------------------------------------------- */

static const struct member erasure_members[] = {
    {"record", FORM_NUMBER, true, NULL},   {"leaf", FORM_HASH, true, NULL},
    {"ground", FORM_TEXT, true, NULL},     {"orderedBy", FORM_TEXT, true, NULL},
    {"remains", FORM_OBJECT, false, NULL}, {0}};

static const char *const kept_types[] = {"Ledger", "Party",   "Product",
					 "Rules",  "Erasure", "Recall"};

/* Verdicts may rest on a Place or a Contact: that it is gone touches them. */
static void owned_gone(struct check *c, const struct sy_json_doc *doc, enum fact_kind kind)
{
	fact_write(c, fact_of(c, kind, member_text(c, doc, "id"), NO_MORE));
	fact_write(c, fact_of(c, FACT_REACH, member_text(c, doc, "party"), NO_MORE));
}

static bool is_kept(struct check *c, struct sy_str payload)
{
	struct sy_json_doc doc;
	if (sy_json_parse(c->arena, payload, 0, &doc, NULL) != SY_OK)
		return false;
	struct sy_str type = member_text(c, &doc, "type");
	if (sy_str_is(type, "Place"))
		owned_gone(c, &doc, FACT_PLACE);
	if (sy_str_is(type, "Contact"))
		owned_gone(c, &doc, FACT_CONTACT);
	for (size_t i = 0; i < sizeof(kept_types) / sizeof(kept_types[0]); i++)
		if (sy_str_is(type, kept_types[i]))
			return true;
	return type.n > 6 && memcmp(type.p, "Recall", 6) == 0;
}

static bool leaf_matches(struct check *c, const struct sy_json_doc *doc, const sy_hash *leaf)
{
	sy_hash given;
	if (sy_unbase64_exact(member_text(c, doc, "leaf"), given.b, sizeof(given.b)) == SY_OK &&
	    sy_hash_eq(&given, leaf))
		return true;
	char text[SY_BASE64_LEN(SY_HASH_SIZE) + 1];
	sy_base64(leaf->b, sizeof(leaf->b), text);
	fault(c, 422, "/leaf", "the record has another leaf hash: expected %s",
	      "该记录的叶哈希不同：应为 %s", text);
	return false;
}

static bool erasable(struct check *c, const struct sy_json_doc *doc, uint64_t record)
{
	struct ledger_record stored;
	uint64_t erasure;
	if (!truth_begin(c))
		return false;
	int err = ledger_record(&c->truth, c->arena, record, &stored);
	if (err == SY_ENOTFOUND) {
		fault(c, 422, "/record", "there is no record %llu before this one",
		      "此前没有记录 %llu", (unsigned long long)record);
		return false;
	}
	if (err && err != SY_EGONE) {
		c->err = err;
		return false;
	}
	if (index_erased(&c->r, record, &erasure) == SY_OK) {
		fault(c, 409, "/record", "record %llu was erased by record %llu",
		      "记录 %llu 已由记录 %llu 删除", (unsigned long long)record,
		      (unsigned long long)erasure);
		return false;
	}
	if (record == 0 || (err == SY_OK && is_kept(c, stored.payload))) {
		fault(
		    c, 422, "/record",
		    "record %llu can't be erased: expected none of Ledger, Party, Product, Recall, "
		    "Rules, Erasure",
		    "记录 %llu 不可删除：不应是 Ledger、Party、Product、Recall、Rules 或 Erasure",
		    (unsigned long long)record);
		return false;
	}
	return leaf_matches(c, doc, &stored.leaf);
}

static void erasure_judge(struct check *c, const struct sy_json_doc *doc)
{
	uint64_t record;
	if (sy_json_u64(doc, sy_json_get(doc, sy_json_root(doc), "record"), &record) != SY_OK)
		return;
	struct fact *f = fact_of(c, FACT_ERASED,
				 (struct sy_str){(const char *)&record, sizeof(record)}, NO_MORE);
	bool good = authority_or_denied(c);
	if (f->written != NOT_WRITTEN)
		fault(c, 409, "/record",
		      "the record at position %d of this submission erases it already",
		      "本次提交中第 %d 条（从 0 起）已删除该记录", f->written);
	else if (good && erasable(c, doc, record))
		fact_write(c, f);
}

/* --- by type --------------------------------------------------------------------------------- */

static const struct member key_members[] = {{"vkey", FORM_TEXT, true, NULL},
					    {"proof", FORM_TEXT, true, NULL},
					    {"until", FORM_DATE, false, NULL},
					    {0}};
static const struct member override_members[] = {{"reason", FORM_TEXT, true, NULL}, {0}};
static const struct member party_members[] = {{"id", FORM_TEXT, true, NULL},
					      {"name", FORM_NAMES, true, NULL},
					      {"roles", FORM_TEXTS, true, NULL},
					      {"keys", FORM_OBJECTS, true, key_members},
					      {"uscc", FORM_TEXT, false, NULL},
					      {"subjectCode", FORM_TEXT, false, NULL},
					      {"idHash", FORM_HEX, false, NULL},
					      {"override", FORM_OBJECT, false, override_members},
					      {"prefixes", FORM_TEXTS, false, NULL},
					      {"grants", FORM_TEXTS, false, NULL},
					      {"region", FORM_REGION, false, NULL},
					      {"replaces", FORM_NUMBER, false, NULL},
					      {0}};

static const struct record_type {
	const char *name;
	const struct member *members;
	void (*judge)(struct check *c, const struct sy_json_doc *doc);
} types[] = {
    {"Party", party_members, party_judge},          {"Product", product_members, product_judge},
    {"Place", place_members, place_judge},          {"Contact", contact_members, contact_judge},
    {"Rules", rules_members, rules_judge},          {"Erasure", erasure_members, erasure_judge},
    {"Recall", recall_members, recall_judge},       {"RecallNotice", notice_members, notice_judge},
    {"RecallAnswer", answer_members, answer_judge}, {"RecallReport", report_members, report_judge},
};

/* What the records after it may ask for is read again, to last; of an event nothing is. */
static void type_judge(struct check *c, const struct record_type *type,
		       const struct sy_json_doc *doc, struct sy_str record)
{
	if (form_check(c, doc, type->members) && (doc = doc_of(c, record)))
		type->judge(c, doc);
}

void record_judge(struct check *c, struct sy_str record)
{
	struct sy_json_doc read, *doc = &read;
	sy_arena_reset(c->scratch);
	if ((c->err = sy_json_parse(c->scratch, record, SY_JSON_RECORD, doc, NULL)) != SY_OK)
		return;
	if (sy_event_kind(doc) != SY_EVENT_NONE) {
		event_judge(c, doc);
		return;
	}
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), "type");
	if (!v || v->type != SY_JSON_STRING) {
		fault(c, 400, "/type",
		      "\"type\" is missing or no text: expected the text that names the record's "
		      "type",
		      "缺少 \"type\" 或不是文本：应为记录类型的名称");
		return;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (sy_json_is(doc, v, types[i].name)) {
			type_judge(c, &types[i], doc, record);
			return;
		}
	if (sy_json_is(doc, v, "Ledger")) {
		fault(c, 403, "/type", "a Ledger record stands only at the beginning, as record 0",
		      "Ledger 记录只能是第 0 条记录");
		return;
	}
	struct sy_str type = member_text(c, doc, "type");
	fault(
	    c, 422, "/type",
	    "\"%.*s\" isn't known: expected an EPCIS event, Party, Product, Place, Contact, Rules, "
	    "Recall, RecallNotice, RecallAnswer, RecallReport or Erasure",
	    "未知类型 \"%.*s\"：应为 EPCIS 事件、Party、Product、Place、Contact、Rules、Recall、"
	    "RecallNotice、RecallAnswer、RecallReport 或 Erasure",
	    TEXT(type));
}
