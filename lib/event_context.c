/* The @context of an event (JSON-LD 1.1): which namespaces its prefixes stand for. */
#include "code_impl.h"
#include "event_impl.h"

#include <suyuan/decimal.h>

#include <stdlib.h>

/* Of EPCIS 2.0's own context, and the ledger's. */
static const struct {
	const char *name, *space;
} known[] = {
    {"cbvmda", "urn:epcglobal:cbv:mda:"},         {"suyuan", "https://suyuan.dev/ns/"},
    {"cbv", "https://ref.gs1.org/cbv/"},          {"gs1", "https://ref.gs1.org/voc/"},
    {"epcis", "https://ref.gs1.org/epcis/"},      {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
    {"xsd", "http://www.w3.org/2001/XMLSchema#"}, {"owl", "http://www.w3.org/2002/07/owl#"},
    {"dcterms", "http://purl.org/dc/terms/"},
};

static const char mda[] = "urn:epcglobal:cbv:mda:", suyuan[] = "https://suyuan.dev/ns/";

/* --- prefixes -------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order = sy_str_cmp(x->name, y->name);
	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* A term's value is a namespace, or an object that says it. */
static int take_term(struct sy_arena *arena, const struct sy_json_doc *doc, const struct sy_json *m,
		     struct prefixes *out)
{
	const struct sy_json *id = m->type == SY_JSON_OBJECT ? sy_json_get(doc, m, "@id") : m;
	struct prefix p;
	if (id == NULL || id->type != SY_JSON_STRING)
		return SY_OK;
	if (sy_json_key(doc, m, arena, &p.name) != SY_OK ||
	    sy_json_string(doc, id, arena, &p.space) != SY_OK)
		return SY_ENOMEM;
	p.at = out->n;
	if (p.name.n > 0 && p.name.p[0] != '@')
		out->v[out->n++] = p;
	return SY_OK;
}

static int take_terms(struct sy_arena *arena, const struct sy_json_doc *doc,
		      const struct sy_json *object, struct prefixes *out)
{
	const struct sy_json *m;
	int err = SY_OK;
	if (object->type != SY_JSON_OBJECT)
		return SY_OK;
	sy_json_each (doc, object, m)
		if (err == SY_OK)
			err = take_term(arena, doc, m, out);
	return err;
}

static size_t terms_in(const struct sy_json *v)
{
	return v->type == SY_JSON_OBJECT ? v->count : 0;
}

int sy_event_prefixes(struct sy_arena *arena, const struct sy_json_doc *doc,
		      const struct sy_json *context, struct prefixes *out)
{
	const struct sy_json *v;
	size_t n = terms_in(context), kept = 0;
	int err = SY_OK;
	sy_json_each (doc, context, v)
		n += context->type == SY_JSON_ARRAY ? terms_in(v) : 0;
	*out = (struct prefixes){sy_arena_calloc(arena, n, sizeof *out->v), 0};
	if (out->v == NULL)
		return SY_ENOMEM;
	if (context->type == SY_JSON_ARRAY) {
		sy_json_each (doc, context, v)
			if (err == SY_OK)
				err = take_terms(arena, doc, v, out);
	} else {
		err = take_terms(arena, doc, context, out);
	}
	qsort(out->v, out->n, sizeof *out->v, by_name);
	for (size_t i = 0; i < out->n; i++)
		if (i + 1 == out->n || !sy_str_eq(out->v[i].name, out->v[i + 1].name))
			out->v[kept++] = out->v[i];
	out->n = kept;
	return err;
}

bool sy_event_declared(const struct prefixes *p, struct sy_str prefix, struct sy_str *space)
{
	size_t lo = 0, hi = p->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = sy_str_cmp(p->v[mid].name, prefix);
		if (order == 0) {
			*space = p->v[mid].space;
			return true;
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

bool sy_event_space(const struct prefixes *p, struct sy_str prefix, struct sy_str *space)
{
	if (sy_event_declared(p, prefix, space))
		return true;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (sy_str_is(prefix, known[i].name)) {
			*space = sy_str(known[i].space);
			return true;
		}
	return false;
}

/* A name in full begins as URIs do: a scheme and //, or urn: */
bool sy_event_split(struct sy_str name, struct sy_str *prefix, struct sy_str *local)
{
	const char *colon = name.n > 0 ? memchr(name.p, ':', name.n) : NULL;
	if (colon == NULL)
		return false;
	*prefix = (struct sy_str){name.p, (size_t)(colon - name.p)};
	*local = sy_text_from(name, prefix->n + 1);
	return !(local->n >= 2 && local->p[0] == '/' && local->p[1] == '/') &&
	       !sy_str_is(*prefix, "urn");
}

static bool cut_start(struct sy_str name, const char *start, struct sy_str *local)
{
	size_t n = strlen(start);
	if (name.n < n || memcmp(name.p, start, n) != 0)
		return false;
	*local = sy_text_from(name, n);
	return true;
}

enum sy_event_space sy_event_name(const struct event_reader *r, struct sy_str name,
				  struct sy_str *local)
{
	struct sy_str prefix, space;
	if (!sy_event_split(name, &prefix, local))
		return cut_start(name, mda, local)      ? SY_SPACE_MDA
		       : cut_start(name, suyuan, local) ? SY_SPACE_SUYUAN
							: SY_SPACE_OTHER;
	if (!sy_event_space(&r->prefixes, prefix, &space))
		return SY_SPACE_OTHER;
	return sy_str_is(space, mda)      ? SY_SPACE_MDA
	       : sy_str_is(space, suyuan) ? SY_SPACE_SUYUAN
					  : SY_SPACE_OTHER;
}

struct sy_str sy_event_key(struct event_reader *r, const struct sy_json *member)
{
	struct sy_str name;
	if (sy_json_key(r->doc, member, r->arena, &name) == SY_OK)
		return name;
	sy_event_out_of_memory(r);
	return (struct sy_str){"", 0};
}

/* --- sameness -------------------------------------------------------------------------------- */

#define MARK_START UINT64_C(0xcbf29ce484222325)

static uint64_t mix(uint64_t mark, const void *data, size_t n)
{
	const unsigned char *p = data;
	for (size_t i = 0; i < n; i++)
		mark = (mark ^ p[i]) * UINT64_C(0x100000001b3);
	return mark ^ mark >> 32;
}

uint64_t sy_event_mark(struct sy_str text)
{
	return mix(MARK_START, text.p, text.n);
}

/* Members add up, since their order says nothing; 1 and 1.0 are one number. */
static uint64_t mark_of(struct event_reader *r, const struct sy_json *v)
{
	uint64_t mark = mix(MARK_START, &v->type, 1), sum = 0;
	struct sy_str text = sy_json_raw(r->doc, v);
	const struct sy_json *child;
	char number[SY_DECIMAL_TEXT];
	struct sy_decimal d;
	if (v->type == SY_JSON_NUMBER && sy_decimal_parse(text, &d) == SY_OK) {
		sy_decimal_format(d, number);
		text = sy_str(number);
	} else if (v->type == SY_JSON_STRING) {
		if (sy_json_string(r->doc, v, r->arena, &text) != SY_OK)
			sy_event_out_of_memory(r);
	}
	if (v->type != SY_JSON_ARRAY && v->type != SY_JSON_OBJECT)
		return mix(mark, text.p, text.n);
	sy_json_each (r->doc, v, child) {
		uint64_t inner = mark_of(r, child);
		if (v->type == SY_JSON_ARRAY) {
			mark = mix(mark, &inner, sizeof inner);
			continue;
		}
		struct sy_str name = sy_event_key(r, child);
		sum += mix(inner, name.p, name.n);
	}
	return mix(mark, &sum, sizeof sum);
}

struct mark {
	uint64_t mark;
	size_t index;
};

static int by_mark(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	if (x->mark != y->mark)
		return x->mark < y->mark ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

void sy_event_refuse_twins(struct event_reader *r, const uint64_t *marks, size_t n)
{
	struct mark *v = sy_arena_calloc(r->arena, n, sizeof *v);
	if (v == NULL) {
		sy_event_out_of_memory(r);
		return;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = (struct mark){marks[i], i};
	qsort(v, n, sizeof *v, by_mark);
	for (size_t i = 1; i < n; i++) {
		if (v[i].mark != v[i - 1].mark)
			continue;
		sy_event_enter(r, (struct sy_str){NULL, 0}, v[i].index);
		sy_event_fault(r, SY_ERULES, sy_event_here(r), "the same as element %zu",
			       "与第 %zu 个元素（从 0 起）相同", v[i - 1].index);
		sy_event_leave(r);
	}
}

/* --- form ------------------------------------------------------------------------------------ */

static void check_one(struct event_reader *r, const struct sy_json *v, struct event_words expected)
{
	struct sy_str text = {"", 0};
	if (v->type == SY_JSON_OBJECT)
		return;
	if (v->type == SY_JSON_STRING && sy_json_string(r->doc, v, r->arena, &text) != SY_OK)
		sy_event_out_of_memory(r);
	else if (!sy_event_is_uri(text))
		sy_event_fault(r, SY_EINVAL, sy_event_here(r), "expected %s", "应为%s",
			       sy_event_words(r, expected));
}

void sy_event_check_context(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	const struct sy_json *element;
	uint64_t *marks;
	size_t n = 0;
	(void)f;
	if (v->type != SY_JSON_ARRAY) {
		check_one(r, v,
			  (struct event_words){
			      "a context's URI, an object of prefixes, or a list of these",
			      " context 的 URI、前缀对象，或由它们组成的列表"});
		return;
	}
	if ((marks = sy_arena_calloc(r->arena, v->count, sizeof *marks)) == NULL) {
		sy_event_out_of_memory(r);
		return;
	}
	sy_json_each (r->doc, v, element) {
		sy_event_enter(r, (struct sy_str){NULL, 0}, n);
		check_one(r, element,
			  (struct event_words){"a context's URI or an object of prefixes",
					       " context 的 URI 或前缀对象"});
		sy_event_leave(r);
		marks[n++] = mark_of(r, element);
	}
	sy_event_refuse_twins(r, marks, n);
}
