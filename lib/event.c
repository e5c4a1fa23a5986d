/* EPCIS 2.0 events: which members an event has, and those that stand alone. */
#include "code_impl.h"
#include "event_impl.h"

#include <suyuan/time.h>

#include <stdarg.h>
#include <stdio.h>

#define KIND(kind) (1u << SY_EVENT_##kind)
#define ITEMS (KIND(OBJECT) | KIND(TRANSACTION))
#define PARTS (KIND(AGGREGATION) | KIND(ASSOCIATION))
#define CHANGE KIND(TRANSFORMATION)
#define ALL (ITEMS | PARTS | CHANGE)

#define NAME(name) "/" name, sizeof(name) - 1

/* EPCIS 2.0 section 7.4.  A name in the wrong kind of event is refused: its items would be lost. */
static const struct member_row {
	const char *pointer; /* its name follows the slash */
	size_t length;       /* of the name */
	enum sy_json_type type;
	unsigned required, allowed; /* kinds */
} rows[MEMBERS] = {
    [M_TIME] = {NAME("eventTime"), SY_JSON_STRING, ALL, ALL},
    [M_OFFSET] = {NAME("eventTimeZoneOffset"), SY_JSON_STRING, ALL, ALL},
    [M_RECORD_TIME] = {NAME("recordTime"), SY_JSON_STRING, 0, ALL},
    [M_ID] = {NAME("eventID"), SY_JSON_STRING, 0, ALL},
    [M_ACTION] = {NAME("action"), SY_JSON_STRING, ITEMS | PARTS, ITEMS | PARTS},
    [M_STEP] = {NAME("bizStep"), SY_JSON_STRING, 0, ALL},
    [M_DISPOSITION] = {NAME("disposition"), SY_JSON_STRING, 0, ALL},
    [M_READ_POINT] = {NAME("readPoint"), SY_JSON_OBJECT, 0, ALL},
    [M_LOCATION] = {NAME("bizLocation"), SY_JSON_OBJECT, 0, ALL},
    [M_EPCS] = {NAME("epcList"), SY_JSON_ARRAY, 0, ITEMS},
    [M_QUANTITIES] = {NAME("quantityList"), SY_JSON_ARRAY, 0, ITEMS},
    [M_PARENT] = {NAME("parentID"), SY_JSON_STRING, 0, PARTS | KIND(TRANSACTION)},
    [M_CHILD_EPCS] = {NAME("childEPCs"), SY_JSON_ARRAY, 0, PARTS},
    [M_CHILD_QUANTITIES] = {NAME("childQuantityList"), SY_JSON_ARRAY, 0, PARTS},
    [M_INPUT_EPCS] = {NAME("inputEPCList"), SY_JSON_ARRAY, 0, CHANGE},
    [M_INPUT_QUANTITIES] = {NAME("inputQuantityList"), SY_JSON_ARRAY, 0, CHANGE},
    [M_OUTPUT_EPCS] = {NAME("outputEPCList"), SY_JSON_ARRAY, 0, CHANGE},
    [M_OUTPUT_QUANTITIES] = {NAME("outputQuantityList"), SY_JSON_ARRAY, 0, CHANGE},
    [M_TRANSFORMATION] = {NAME("transformationID"), SY_JSON_STRING, 0, CHANGE},
    [M_TRANSACTIONS] = {NAME("bizTransactionList"), SY_JSON_ARRAY, KIND(TRANSACTION), ALL},
    [M_SENSORS] = {NAME("sensorElementList"), SY_JSON_ARRAY, 0, ALL},
    [M_ILMD] = {NAME("ilmd"), SY_JSON_OBJECT, 0, KIND(OBJECT) | CHANGE},
    [M_ERROR] = {NAME("errorDeclaration"), SY_JSON_OBJECT, 0, ALL},
    [M_INSPECTION] = {NAME("suyuan:inspection"), SY_JSON_OBJECT, 0, ALL},
};

static const char *const kind_names[] = {
    [SY_EVENT_NONE] = "none",
    [SY_EVENT_OBJECT] = "ObjectEvent",
    [SY_EVENT_AGGREGATION] = "AggregationEvent",
    [SY_EVENT_TRANSACTION] = "TransactionEvent",
    [SY_EVENT_TRANSFORMATION] = "TransformationEvent",
    [SY_EVENT_ASSOCIATION] = "AssociationEvent",
};
#define KINDS (sizeof kind_names / sizeof kind_names[0])

static const char *const type_names[] = {
    [SY_JSON_STRING] = "a string",
    [SY_JSON_ARRAY] = "an array",
    [SY_JSON_OBJECT] = "an object",
};

enum sy_event_kind sy_event_kind(const struct sy_json_doc *doc)
{
	const struct sy_json *type = sy_json_get(doc, sy_json_root(doc), "type");
	for (size_t i = 1; type != NULL && type->type == SY_JSON_STRING && i < KINDS; i++)
		if (sy_json_is(doc, type, kind_names[i]))
			return (enum sy_event_kind)i;
	return SY_EVENT_NONE;
}

const char *sy_event_kind_name(enum sy_event_kind kind)
{
	return (size_t)kind < KINDS ? kind_names[kind] : kind_names[SY_EVENT_NONE];
}

void sy_event_fault(struct event_reader *r, int err, const char *pointer, const char *fmt, ...)
{
	char detail[384];
	va_list args;
	va_start(args, fmt);
	vsnprintf(detail, sizeof detail, fmt, args);
	va_end(args);
	if (r->err == SY_OK)
		r->err = err;
	sy_fault_add(r->faults, err ? sy_http_status(err) : 0, r->record, pointer, NULL, "%s",
		     detail);
}

void sy_event_out_of_memory(struct event_reader *r)
{
	r->err = SY_ENOMEM;
}

int sy_event_cut(struct sy_str text)
{
	size_t n = text.n < 60 ? text.n : 60;
	while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

const char *sy_event_pointer(struct event_reader *r, const struct sy_json *v)
{
	const char *pointer = sy_json_pointer(r->doc, v, r->arena);
	if (pointer == NULL)
		sy_event_out_of_memory(r);
	return pointer ? pointer : "";
}

bool sy_event_text(struct event_reader *r, const struct sy_json *v, const char *pointer,
		   struct sy_str *out)
{
	struct sy_str text;
	int err = sy_json_string(r->doc, v, r->arena, &text);
	if (err == SY_ENOMEM)
		sy_event_out_of_memory(r);
	else if (err)
		sy_event_fault(r, SY_EINVAL, pointer, "expected a string");
	else
		*out = text;
	return err == SY_OK;
}

bool sy_event_code(struct event_reader *r, struct sy_str text, const char *pointer,
		   struct sy_code *out)
{
	int err = sy_code_parse(r->arena, text, out, r->faults, r->record, pointer);
	if (err == SY_ENOMEM)
		sy_event_out_of_memory(r);
	else if (err && r->err == SY_OK)
		r->err = err;
	if (err)
		return false;
	if (sy_uri_scheme(text) == 0)
		sy_event_fault(r, SY_ERULES, pointer, "is no URI, expected %s", out->canonical.p);
	return sy_uri_scheme(text) > 0;
}

static bool is_named(const struct sy_json_doc *doc, const struct sy_json *v,
		     const struct member_row *row)
{
	if (v->key_escaped)
		return sy_json_key_is(doc, v, row->pointer + 1);
	return v->key_len == row->length &&
	       memcmp(doc->text + v->key_off, row->pointer + 1, row->length) == 0;
}

static void take_member(struct event_reader *r, size_t m, const struct sy_json *v)
{
	if (!(rows[m].allowed & 1u << r->out->kind))
		sy_event_fault(r, SY_ERULES, rows[m].pointer, "doesn't belong in a %s",
			       sy_event_kind_name(r->out->kind));
	else if (v->type != (uint8_t)rows[m].type)
		sy_event_fault(r, SY_EINVAL, rows[m].pointer, "expected %s",
			       type_names[rows[m].type]);
	else
		r->members[m] = v;
}

static void find_members(struct event_reader *r)
{
	bool seen[MEMBERS] = {false};
	const struct sy_json *v;
	sy_json_each (r->doc, sy_json_root(r->doc), v) {
		size_t m = 0;
		while (m < MEMBERS && !is_named(r->doc, v, &rows[m]))
			m++;
		if (m == MEMBERS)
			continue;
		seen[m] = true;
		take_member(r, m, v);
	}
	for (size_t m = 0; m < MEMBERS; m++)
		if ((rows[m].required & 1u << r->out->kind) && !seen[m])
			sy_event_fault(r, SY_ERULES, "", "%s is missing", rows[m].pointer + 1);
}

static bool member_text(struct event_reader *r, enum member m, struct sy_str *out)
{
	return r->members[m] != NULL && sy_event_text(r, r->members[m], rows[m].pointer, out);
}

static void read_time(struct event_reader *r, const struct sy_json *v, const char *pointer,
		      int64_t *ms)
{
	struct sy_str text;
	if (sy_event_text(r, v, pointer, &text) && sy_time_parse(text, ms) != SY_OK)
		sy_event_fault(r, SY_EINVAL, pointer,
			       "is \"%.*s\", expected a time with a zone such as "
			       "2026-11-01T08:00:00+08:00",
			       sy_event_cut(text), text.p);
}

/* Up to 14:00 either way. */
static bool is_offset(struct sy_str s)
{
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' ||
	    !sy_text_digits((struct sy_str){s.p + 1, 2}) ||
	    !sy_text_digits((struct sy_str){s.p + 4, 2}))
		return false;
	int hours = (s.p[1] - '0') * 10 + s.p[2] - '0',
	    minutes = (s.p[4] - '0') * 10 + s.p[5] - '0';
	return minutes < 60 && hours * 60 + minutes <= 14 * 60;
}

static void read_times(struct event_reader *r)
{
	struct sy_str offset;
	int64_t ignored;
	if (r->members[M_TIME] != NULL)
		read_time(r, r->members[M_TIME], "/eventTime", &r->out->time);
	if (r->members[M_RECORD_TIME] != NULL)
		read_time(r, r->members[M_RECORD_TIME], "/recordTime", &ignored);
	if (member_text(r, M_OFFSET, &offset) && !is_offset(offset))
		sy_event_fault(r, SY_EINVAL, "/eventTimeZoneOffset",
			       "is \"%.*s\", expected an offset such as +08:00",
			       sy_event_cut(offset), offset.p);
}

static void read_action(struct event_reader *r)
{
	static const struct {
		const char *name;
		enum sy_event_action action;
	} actions[] = {
	    {"ADD", SY_ACTION_ADD},
	    {"OBSERVE", SY_ACTION_OBSERVE},
	    {"DELETE", SY_ACTION_DELETE},
	};
	struct sy_str text;
	if (!member_text(r, M_ACTION, &text))
		return;
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (sy_str_is(text, actions[i].name))
			r->out->action = actions[i].action;
	if (r->out->action == SY_ACTION_NONE)
		sy_event_fault(r, SY_ERULES, "/action",
			       "is \"%.*s\", expected ADD, OBSERVE or DELETE", sy_event_cut(text),
			       text.p);
}

static void read_word(struct event_reader *r, enum member m, enum vocab vocab, struct sy_str *out)
{
	struct sy_str text;
	if (member_text(r, m, &text) && !sy_event_word(vocab, text, out))
		sy_event_fault(
		    r, SY_ERULES, rows[m].pointer,
		    "is \"%.*s\", expected a word of the Core Business Vocabulary or a URI",
		    sy_event_cut(text), text.p);
}

static void read_place(struct event_reader *r, enum member m, struct sy_str *id,
		       struct sy_str *canonical)
{
	if (r->members[m] == NULL)
		return;
	const struct sy_json *v = sy_json_get(r->doc, r->members[m], "id");
	struct sy_code code;
	if (v == NULL) {
		sy_event_fault(r, SY_ERULES, rows[m].pointer, "id is missing");
		return;
	}
	const char *pointer = m == M_LOCATION ? "/bizLocation/id" : "/readPoint/id";
	if (sy_event_text(r, v, pointer, id) && sy_event_code(r, *id, pointer, &code))
		*canonical = code.canonical;
}

static void read_uri(struct event_reader *r, enum member m, struct sy_str *out)
{
	if (!member_text(r, m, out))
		return;
	if (sy_uri_scheme(*out) == 0 || sy_uri_bad(*out) < out->n || out->n > SY_CODE_MAX)
		sy_event_fault(r, SY_EINVAL, rows[m].pointer,
			       "is \"%.*s\", expected a URI such as urn:uuid: and a UUID",
			       sy_event_cut(*out), out->p);
}

static void read_error(struct event_reader *r)
{
	int64_t ignored;
	if (r->members[M_ERROR] == NULL)
		return;
	const struct sy_json *time = sy_json_get(r->doc, r->members[M_ERROR], "declarationTime");
	r->out->error = true;
	if (time == NULL)
		sy_event_fault(r, SY_ERULES, "/errorDeclaration", "declarationTime is missing");
	else
		read_time(r, time, "/errorDeclaration/declarationTime", &ignored);
}

static void clear(struct sy_event *out)
{
	const struct sy_str none = {"", 0};
	*out = (struct sy_event){0};
	out->id = out->biz_step = out->disposition = out->location = out->read_point = none;
	out->location_code = out->read_point_code = out->transformation = out->lot = none;
	out->made = out->expires = out->best_before = out->harvested = SY_NO_DAY;
}

int sy_event_read(struct sy_arena *arena, const struct sy_json_doc *doc, struct sy_event *out,
		  struct sy_faults *faults, long record)
{
	struct event_reader r = {
	    .arena = arena, .doc = doc, .out = out, .faults = faults, .record = record};
	clear(out);
	out->kind = sy_event_kind(doc);
	if (out->kind == SY_EVENT_NONE) {
		sy_event_fault(&r, SY_EINVAL, "/type", "expected the name of an EPCIS event");
		return r.err;
	}
	find_members(&r);
	read_times(&r);
	read_action(&r);
	read_uri(&r, M_ID, &out->id);
	read_uri(&r, M_TRANSFORMATION, &out->transformation);
	read_word(&r, M_STEP, VOCAB_STEP, &out->biz_step);
	read_word(&r, M_DISPOSITION, VOCAB_DISPOSITION, &out->disposition);
	read_place(&r, M_READ_POINT, &out->read_point, &out->read_point_code);
	read_place(&r, M_LOCATION, &out->location, &out->location_code);
	read_error(&r);
	sy_event_read_items(&r);
	sy_event_read_ilmd(&r);
	sy_event_read_inspection(&r);
	return r.err;
}
