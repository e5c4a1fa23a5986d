#include "document.h"
#include "row.h"

static const char *const types[] = {"EPCISDocument", "EPCISQueryDocument"};

static bool has_body(const struct sy_json_doc *doc)
{
	const struct sy_json *type = sy_json_get(doc, sy_json_root(doc), "type");

	return sy_json_get(doc, sy_json_root(doc), "epcisBody") != NULL ||
	       sy_json_is(doc, type, types[0]) || sy_json_is(doc, type, types[1]);
}

static bool names_type(struct sy_str head)
{
	for (size_t i = 0; i < 2; i++)
		if (memmem(head.p, head.n, types[i], strlen(types[i])) != NULL)
			return true;
	return false;
}

/* A line that isn't legal: damaged, or cut short by the end of HEAD, or the first of several. */
static bool goes_on(struct sy_str line, bool ended)
{
	while (line.n > 0 && strchr(" \t\r", line.p[line.n - 1]) != NULL)
		line.n--;
	return names_type(line) || (ended && line.p[line.n - 1] != '}');
}

bool document_is(struct sy_str head)
{
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	struct sy_str line;

	while (head.n > 0 && strchr(" \t\r\n\xef\xbb\xbf", head.p[0]) != NULL)
		head.p++, head.n--;
	if (head.n == 0 || head.p[0] != '{')
		return head.n > 0 && head.p[0] == '[';
	bool ended = memchr(head.p, '\n', head.n) != NULL;
	sy_str_line(&head, &line);
	bool whole = sy_json_parse(&arena, line, 0, &doc, NULL) == SY_OK;
	bool is = whole ? has_body(&doc) : goes_on(line, ended);
	sy_arena_free(&arena);
	return is;
}

bool document_open(struct document *d, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc), *list;

	*d = (struct document){.doc = doc};
	if (root->type == SY_JSON_ARRAY || (root->type == SY_JSON_OBJECT && !has_body(doc))) {
		d->next = root->type == SY_JSON_ARRAY ? sy_json_first(doc, root) : root;
		return true;
	}
	const struct sy_json *body = sy_json_get(doc, root, "epcisBody");
	const struct sy_json *results = sy_json_get(doc, body, "queryResults");
	if (results != NULL)
		body = sy_json_get(doc, results, "resultsBody");
	d->context = sy_json_get(doc, root, "@context");
	d->master_data =
	    sy_json_get(doc, sy_json_get(doc, root, "epcisHeader"), "epcisMasterData") != NULL;
	if ((list = sy_json_get(doc, body, "eventList")) != NULL && list->type == SY_JSON_ARRAY)
		d->next = sy_json_first(doc, list);
	else
		d->next = list = sy_json_get(doc, body, "event");
	return list != NULL;
}

const struct sy_json *document_next(struct document *d)
{
	const struct sy_json *v = d->next;

	if (v != NULL)
		d->next = sy_json_next(d->doc, v);
	return v;
}

/* --- one event -------------------------------------------------------------------------------- */

static const struct sy_json *first_of(const struct sy_json_doc *doc, const struct sy_json *context)
{
	return context->type == SY_JSON_ARRAY ? sy_json_first(doc, context) : context;
}

static const struct sy_json *next_of(const struct sy_json_doc *doc, const struct sy_json *context,
				     const struct sy_json *v)
{
	return context->type == SY_JSON_ARRAY ? sy_json_next(doc, v) : NULL;
}

#define CONTEXTS_MAX 32 /* of more than anybody writes, doubles stay */

/* Is TEXT, compact, one of the document's contexts already? */
static bool is_known(const struct document *d, struct sy_str text)
{
	const struct sy_json *v = first_of(d->doc, d->context);
	bool known = false;

	if (d->context->count > CONTEXTS_MAX)
		return false;
	for (; v != NULL && !known; v = next_of(d->doc, d->context, v)) {
		struct sy_buf other = {0};
		json_compact(&other, sy_json_raw(d->doc, v));
		known = sy_str_eq(sy_buf_span(&other), text);
		sy_buf_free(&other);
	}
	return known;
}

static void put_value(struct sy_buf *out, struct sy_str raw, bool *some)
{
	if (*some)
		sy_buf_byte(out, ',');
	*some = true;
	sy_buf_str(out, raw);
}

/* Both, the document's first: what an event declares adds to what its document does. */
static void put_both(struct sy_buf *out, const struct document *d, const struct sy_json_doc *doc,
		     const struct sy_json *own)
{
	const struct sy_json *v;
	bool some = false;

	sy_buf_byte(out, '[');
	for (v = first_of(d->doc, d->context); v != NULL; v = next_of(d->doc, d->context, v)) {
		struct sy_buf text = {0};
		json_compact(&text, sy_json_raw(d->doc, v));
		put_value(out, sy_buf_span(&text), &some);
		sy_buf_free(&text);
	}
	for (v = first_of(doc, own); v != NULL; v = next_of(doc, own, v)) {
		struct sy_buf text = {0};
		json_compact(&text, sy_json_raw(doc, v));
		if (!is_known(d, sy_buf_span(&text)))
			put_value(out, sy_buf_span(&text), &some);
		out->failed = out->failed || text.failed;
		sy_buf_free(&text);
	}
	sy_buf_byte(out, ']');
}

static void put_context(struct sy_buf *out, const struct document *d, const struct sy_json_doc *doc,
			const struct sy_json *own)
{
	struct sy_buf text = {0};

	json_compact(&text, sy_json_raw(d->doc, d->context));
	bool same = own == NULL;
	if (own != NULL) {
		struct sy_buf other = {0};
		json_compact(&other, sy_json_raw(doc, own));
		same = sy_str_eq(sy_buf_span(&text), sy_buf_span(&other));
		sy_buf_free(&other);
	}
	sy_buf_text(out, "\"@context\":");
	if (same)
		sy_buf_str(out, sy_buf_span(&text));
	else
		put_both(out, d, doc, own);
	sy_buf_free(&text);
}

void document_event(struct sy_buf *out, const struct document *d, const struct sy_json_doc *doc,
		    const struct sy_json *v, const char *id)
{
	const struct sy_json *own = sy_json_get(doc, v, "@context"), *m;
	bool carried = d != NULL && d->context != NULL, some = carried;

	sy_buf_byte(out, '{');
	if (carried)
		put_context(out, d, doc, own);
	if (id != NULL) {
		sy_buf_printf(out, "%s\"eventID\":\"%s\"", some ? "," : "", id);
		some = true;
	}
	sy_json_each (doc, v, m) {
		if (carried && m == own)
			continue;
		put_value(out, (struct sy_str){doc->text + m->key_off - 1, m->key_len + 2}, &some);
		sy_buf_byte(out, ':');
		json_compact(out, sy_json_raw(doc, m));
	}
	sy_buf_byte(out, '}');
}
