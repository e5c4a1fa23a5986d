/* EPCIS 2.0 events: what is said of them, and the order in which they are read. */
#include "code_impl.h"
#include "event_impl.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const kind_names[] = {
    [SY_EVENT_NONE] = "none",
    [SY_EVENT_OBJECT] = "ObjectEvent",
    [SY_EVENT_AGGREGATION] = "AggregationEvent",
    [SY_EVENT_TRANSACTION] = "TransactionEvent",
    [SY_EVENT_TRANSFORMATION] = "TransformationEvent",
    [SY_EVENT_ASSOCIATION] = "AssociationEvent",
};
#define KINDS (sizeof kind_names / sizeof kind_names[0])

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

const char *sy_event_words(const struct event_reader *r, struct event_words words)
{
	return r->faults->chinese ? words.chinese : words.english;
}

void sy_event_fault(struct event_reader *r, int err, const char *pointer, const char *english,
		    const char *chinese, ...)
{
	char detail[384];
	va_list args;
	va_start(args, chinese);
	vsnprintf(detail, sizeof detail, r->faults->chinese ? chinese : english, args);
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

static void put_step(struct sy_buf *b, const struct step *step)
{
	sy_buf_byte(b, '/');
	if (step->name.p == NULL)
		sy_buf_u64(b, step->index);
	for (size_t i = 0; step->name.p != NULL && i < step->name.n; i++) {
		char c = step->name.p[i];
		if (c == '~' || c == '/')
			sy_buf_text(b, c == '~' ? "~0" : "~1");
		else
			sy_buf_byte(b, c);
	}
}

const char *sy_event_here(struct event_reader *r)
{
	struct sy_buf b = {0};
	if (sy_faults_room(r->faults, r->record) == 0 || r->depth == 0)
		return "";
	for (unsigned i = 0; i < r->depth; i++)
		put_step(&b, &r->steps[i]);
	const char *pointer = b.failed ? NULL : sy_arena_strdup(r->arena, sy_buf_span(&b));
	sy_buf_free(&b);
	if (pointer == NULL)
		sy_event_out_of_memory(r);
	return pointer ? pointer : "";
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
		sy_event_fault(r, SY_EINVAL, pointer, "expected a string", "应为字符串");
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
	/* What is settled needs its scheme alone. */
	if ((r->faults->settled && sy_uri_scheme(text) > 0) || sy_event_is_uri(text))
		return true;
	if (sy_uri_scheme(text) == 0)
		sy_event_fault(r, SY_ERULES, pointer, "is no URI, expected %s", "不是 URI，应为 %s",
			       out->canonical.p);
	else
		sy_event_fault(r, SY_EINVAL, pointer,
			       "is no URI, expected what URIs don't have as %%XX",
			       "不是 URI，URI 中没有的字符应写作 %%XX");
	return false;
}

static void clear(struct sy_event *out)
{
	const struct sy_str none = {"", 0};
	*out = (struct sy_event){0};
	out->id = out->biz_step = out->disposition = out->location = out->read_point = none;
	out->location_code = out->read_point_code = out->transformation = out->lot = none;
	out->made = out->expires = out->best_before = out->harvested = SY_NO_DAY;
}

/* Wherever it stands: names before it use its prefixes too. */
static void read_context(struct event_reader *r)
{
	r->out->context = sy_json_get(r->doc, sy_json_root(r->doc), "@context");
	if (r->out->context != NULL &&
	    sy_event_prefixes(r->arena, r->doc, r->out->context, &r->prefixes) != SY_OK)
		sy_event_out_of_memory(r);
}

int sy_event_read(struct sy_arena *arena, const struct sy_json_doc *doc, struct sy_event *out,
		  struct sy_faults *faults, long record)
{
	struct event_reader r = {.arena = arena,
				 .doc = doc,
				 .out = out,
				 .faults = faults,
				 .record = record,
				 .into = (char *)out};
	clear(out);
	out->kind = sy_event_kind(doc);
	if (out->kind == SY_EVENT_NONE) {
		sy_event_fault(&r, SY_EINVAL, "/type", "expected the name of an EPCIS event",
			       "应为 EPCIS 事件的名称");
		return r.err;
	}
	read_context(&r);
	sy_event_walk(&r, sy_json_root(doc), &sy_event_shape);
	sy_event_read_items(&r);
	sy_event_read_ilmd(&r);
	sy_event_read_inspection(&r);
	return r.err;
}
