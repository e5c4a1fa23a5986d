/* Instance and lot master data of a batch: dates and lot number; and inspections. */
#include "event_impl.h"

#include <suyuan/time.h>

static const struct date_row {
	const char *pointer; /* as it is mostly written */
	const char *name;
	enum sy_event_space space;
	size_t offset; /* in struct sy_event */
	bool after_made;
} dates[] = {
    {"/ilmd/suyuan:productionDate", "productionDate", SY_SPACE_SUYUAN,
     offsetof(struct sy_event, made), false},
    {"/ilmd/cbvmda:itemExpirationDate", "itemExpirationDate", SY_SPACE_MDA,
     offsetof(struct sy_event, expires), true},
    {"/ilmd/cbvmda:bestBeforeDate", "bestBeforeDate", SY_SPACE_MDA,
     offsetof(struct sy_event, best_before), true},
    {"/ilmd/cbvmda:harvestEndDate", "harvestEndDate", SY_SPACE_MDA,
     offsetof(struct sy_event, harvested), false},
};
#define DATES (sizeof dates / sizeof dates[0])

static int32_t *day_of(struct sy_event *event, size_t row)
{
	return (int32_t *)((char *)event + dates[row].offset);
}

/* A day, or the day of a date-time where it was written. */
static bool read_day(struct sy_str text, int32_t *day)
{
	int64_t ms;
	if (text.n > 10 && text.p[10] == 'T' && sy_time_parse(text, &ms) == SY_OK)
		text.n = 10;
	return sy_date_parse(text, day) == SY_OK;
}

/* JSON-LD may write a value with its type: {"@type": ..., "@value": ...}. */
static const struct sy_json *plain_value(struct event_reader *r, const struct sy_json *v)
{
	const struct sy_json *value = sy_json_get(r->doc, v, "@value");
	return value ? value : v;
}

/* POINTER, but for a name written in full or with a prefix of the author's own. */
static const char *where(struct event_reader *r, const struct sy_json *member, const char *pointer)
{
	bool usual = sy_json_key_is(r->doc, member, pointer + strlen("/ilmd/"));
	return usual ? pointer : sy_event_pointer(r, member);
}

static void read_date(struct event_reader *r, const struct sy_json *member, size_t row)
{
	const char *pointer = where(r, member, dates[row].pointer);
	struct sy_str text;
	if (!sy_event_text(r, plain_value(r, member), pointer, &text) ||
	    read_day(text, day_of(r->out, row)))
		return;
	sy_event_fault(r, SY_EINVAL, pointer, "is \"%.*s\", expected a day such as 2026-11-01",
		       "为 \"%.*s\"，应为日期，如 2026-11-01", sy_event_cut(text), text.p);
}

/* What the event brings into being: subjects of an ADD, outputs of a transformation. */
static bool is_made(const struct sy_event *event, const struct sy_event_item *item)
{
	return event->kind == SY_EVENT_TRANSFORMATION ? item->role == SY_ROLE_OUTPUT
						      : item->role == SY_ROLE_SUBJECT;
}

static void check_lot(struct event_reader *r, const char *pointer)
{
	const struct sy_event *event = r->out;
	int err = SY_ERULES;
	for (size_t i = 0; i < event->n_items; i++)
		if (is_made(event, &event->items[i]) && event->items[i].code.lot.n == 0)
			err = SY_OK;
	for (size_t i = 0; i < event->n_items; i++) {
		const struct sy_event_item *item = &event->items[i];
		if (!is_made(event, item) || item->code.lot.n == 0 ||
		    sy_str_eq(item->code.lot, event->lot))
			continue;
		sy_event_fault(
		    r, err, pointer, "is \"%.*s\", but the lot in the code of %s is \"%.*s\"",
		    "为 \"%.*s\"，但 %s 的编码中批号为 \"%.*s\"", sy_event_cut(event->lot),
		    event->lot.p, item->code_pointer, (int)item->code.lot.n, item->code.lot.p);
	}
}

static void read_lot(struct event_reader *r, const struct sy_json *member)
{
	const char *pointer = where(r, member, "/ilmd/cbvmda:lotNumber");
	if (sy_event_text(r, plain_value(r, member), pointer, &r->out->lot))
		check_lot(r, pointer);
}

static void check_order(struct event_reader *r, const struct sy_json *const *found)
{
	for (size_t i = 0; i < DATES; i++) {
		int32_t made = r->out->made, day = *day_of(r->out, i);
		char is[12], since[12];
		if (!dates[i].after_made || made == SY_NO_DAY || day == SY_NO_DAY || day >= made)
			continue;
		sy_date_format(day, is);
		sy_date_format(made, since);
		sy_event_fault(r, SY_ERULES, sy_event_pointer(r, found[i]),
			       "is %s, before the production date %s", "为 %s，早于生产日期 %s", is,
			       since);
	}
}

static void take_master(struct event_reader *r, const struct sy_json *member,
			const struct sy_json **found)
{
	struct sy_event_master m = {.value = plain_value(r, member)};
	m.space = sy_event_name(r, sy_event_key(r, member), &m.name);
	if (m.space == SY_SPACE_OTHER)
		return;
	r->out->master[r->out->n_master++] = m;
	for (size_t i = 0; i < DATES; i++) {
		if (dates[i].space != m.space || !sy_str_is(m.name, dates[i].name))
			continue;
		found[i] = member;
		read_date(r, member, i);
	}
	if (m.space == SY_SPACE_MDA && sy_str_is(m.name, "lotNumber"))
		read_lot(r, member);
}

void sy_event_read_ilmd(struct event_reader *r)
{
	const struct sy_json *found[DATES] = {NULL}, *member;
	enum sy_event_kind kind = r->out->kind;
	r->out->ilmd = r->members[M_ILMD];
	if (r->out->ilmd == NULL)
		return;
	if (kind == SY_EVENT_OBJECT && r->out->action != SY_ACTION_ADD &&
	    r->out->action != SY_ACTION_NONE)
		sy_event_fault(
		    r, SY_ERULES, "/ilmd",
		    "stands in an event that makes nothing, expected it only with action ADD "
		    "or in a TransformationEvent",
		    "所在事件不产生任何物品，只应见于 action 为 ADD 的事件或 "
		    "TransformationEvent");
	r->out->master = sy_arena_calloc(r->arena, r->out->ilmd->count, sizeof *r->out->master);
	if (r->out->master == NULL) {
		sy_event_out_of_memory(r);
		return;
	}
	sy_json_each (r->doc, r->out->ilmd, member)
		take_master(r, member, found);
	check_order(r, found);
}

static bool is_hex(struct sy_str text, size_t n)
{
	for (size_t i = 0; i < text.n; i++)
		if (strchr("0123456789abcdefABCDEF", text.p[i]) == NULL || text.p[i] == '\0')
			return false;
	return text.n == n;
}

/* Members of an inspection that must say one of a few things. */
static const struct inspection_row {
	const char *pointer, *in, *name;
	const char *words[4]; /* NULL first: a day, or a digest of 64 hex digits inside `in` */
	struct event_words expected;
} inspection_rows[] = {
    {"/suyuan:inspection/result",
     NULL,
     "result",
     {"pass", "fail"},
     {"pass or fail", " pass 或 fail"}},
    {"/suyuan:inspection/kind",
     NULL,
     "kind",
     {"firm", "laboratory", "supervision"},
     {"firm, laboratory or supervision", " firm、laboratory 或 supervision"}},
    {"/suyuan:inspection/date",
     NULL,
     "date",
     {NULL},
     {"a day such as 2026-11-01", "日期，如 2026-11-01"}},
    {"/suyuan:inspection/report/sha256",
     "report",
     "sha256",
     {NULL},
     {"64 hex digits", " 64 位十六进制数字"}},
    {"/suyuan:inspection/report/sm3",
     "report",
     "sm3",
     {NULL},
     {"64 hex digits", " 64 位十六进制数字"}},
};

static bool fits(const struct inspection_row *row, struct sy_str text)
{
	int32_t day;
	if (row->words[0] == NULL)
		return row->in ? is_hex(text, 64) : read_day(text, &day);
	for (size_t w = 0; row->words[w] != NULL; w++)
		if (sy_str_is(text, row->words[w]))
			return true;
	return false;
}

/* A row's pointer, when the inspection's name was spelled otherwise. */
static const char *inside(struct event_reader *r, const struct sy_json *inspection,
			  const struct inspection_row *row)
{
	static const char usual[] = "suyuan:inspection";
	if (sy_json_key_is(r->doc, inspection, usual))
		return row->pointer;
	const char *at = sy_event_pointer(r, inspection);
	const char *pointer = sy_arena_printf(r->arena, "%s%s", at, row->pointer + sizeof usual);
	if (pointer == NULL)
		sy_event_out_of_memory(r);
	return pointer ? pointer : "";
}

void sy_event_read_inspection(struct event_reader *r)
{
	const struct sy_json *inspection = r->members[M_INSPECTION];
	r->out->site = r->members[M_SITE];
	r->out->inspection = inspection;
	if (inspection == NULL || r->faults->settled)
		return;
	for (size_t i = 0; i < sizeof inspection_rows / sizeof inspection_rows[0]; i++) {
		const struct inspection_row *row = &inspection_rows[i];
		const struct sy_json *v = inspection;
		struct sy_str text;
		if (row->in != NULL)
			v = sy_json_get(r->doc, v, row->in);
		v = sy_json_get(r->doc, v, row->name);
		if (v == NULL)
			continue;
		const char *pointer = inside(r, inspection, row);
		if (!sy_event_text(r, v, pointer, &text) || fits(row, text))
			continue;
		sy_event_fault(r, SY_EINVAL, pointer, "is \"%.*s\", expected %s",
			       "为 \"%.*s\"，应为%s", sy_event_cut(text), text.p,
			       sy_event_words(r, row->expected));
	}
}
