#include <expat.h>
#include <stdlib.h>
#include <strings.h>

#include "relation.h"
#include "words.h"

struct relation {
	XML_Parser parser;
	const struct relation_calls *calls;
	void *ctx;
	struct sy_arena arena; /* of the relation's attributes */
	struct sy_str product, ratio;
	bool in_batch, any;
	uint64_t fed;    /* bytes */
	const char *why; /* why the document isn't ours, and where */
	unsigned long line, column;
};

/* --- names ------------------------------------------------------------------------------------ */

/* Whatever its prefix and case. */
static bool is(const XML_Char *name, const char *wanted)
{
	const char *colon = strrchr(name, ':');

	return strcasecmp(colon != NULL ? colon + 1 : name, wanted) == 0;
}

static struct sy_str attribute(const XML_Char **attributes, const char *wanted)
{
	for (; attributes[0] != NULL; attributes += 2) {
		if (is(attributes[0], wanted))
			return sy_str(attributes[1]);
	}
	return (struct sy_str){"", 0};
}

static uint64_t line_of(const struct relation *r)
{
	return XML_GetCurrentLineNumber(r->parser);
}

static void refuse(struct relation *r, const char *why)
{
	if (r->why == NULL) {
		r->why = why;
		r->line = XML_GetCurrentLineNumber(r->parser);
		r->column = XML_GetCurrentColumnNumber(r->parser);
	}
	XML_StopParser(r->parser, XML_FALSE);
}

/* --- elements --------------------------------------------------------------------------------- */

static void begin_relation(struct relation *r, const XML_Char **attributes)
{
	const char *product, *ratio;

	sy_arena_reset(&r->arena);
	product = sy_arena_strdup(&r->arena, attribute(attributes, "productCode"));
	ratio = sy_arena_strdup(&r->arena, attribute(attributes, "cascade"));
	if (product == NULL || ratio == NULL) {
		refuse(r, words(sy_strerror(SY_ENOMEM)));
		return;
	}
	r->product = sy_str(product);
	r->ratio = sy_str(ratio);
}

static void begin_batch(struct relation *r, const XML_Char **attributes)
{
	struct relation_batch b = {
	    .product = r->product,
	    .ratio = r->ratio,
	    .lot = attribute(attributes, "batchNo"),
	    .made = attribute(attributes, "madeDate"),
	    .expires = attribute(attributes, "validateDate"),
	    .line = line_of(r),
	};

	if (r->in_batch) {
		refuse(r, "a Batch inside of a Batch");
		return;
	}
	r->in_batch = r->any = true;
	r->calls->batch(r->ctx, &b);
}

static void begin_code(struct relation *r, const XML_Char **attributes)
{
	struct relation_code c = {
	    .code = attribute(attributes, "curCode"),
	    .layer = attribute(attributes, "packLayer"),
	    .parent = attribute(attributes, "parentCode"),
	    .line = line_of(r),
	};

	if (!r->in_batch)
		refuse(r, "a Code outside of a Batch");
	else
		r->calls->code(r->ctx, &c);
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct relation *r = ctx;

	if (r->why != NULL)
		return;
	if (is(name, "Relation"))
		begin_relation(r, attributes);
	else if (is(name, "Batch"))
		begin_batch(r, attributes);
	else if (is(name, "Code"))
		begin_code(r, attributes);
	else if (is(name, "EPCISDocument"))
		refuse(r, "EPCIS in XML isn't read: convert it to EPCIS 2.0 JSON");
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
	struct relation *r = ctx;

	if (r->why != NULL || !r->in_batch || !is(name, "Batch"))
		return;
	r->in_batch = false;
	r->calls->end(r->ctx);
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
			       const XML_Char *public, int subset)
{
	(void)name, (void)system, (void)public, (void)subset;
	refuse(ctx, "a document type isn't expected here");
}

/* --- the whole -------------------------------------------------------------------------------- */

int relation_new(const struct relation_calls *calls, void *ctx, struct relation **out)
{
	struct relation *r = calloc(1, sizeof *r);

	if (r == NULL)
		return SY_ENOMEM;
	if ((r->parser = XML_ParserCreate("UTF-8")) == NULL) {
		free(r);
		return SY_ENOMEM;
	}
	r->calls = calls;
	r->ctx = ctx;
	r->product = r->ratio = (struct sy_str){"", 0};
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	*out = r;
	return SY_OK;
}

void relation_free(struct relation *r)
{
	if (r == NULL)
		return;
	XML_ParserFree(r->parser);
	sy_arena_free(&r->arena);
	free(r);
}

/* What isn't whole yet the parser reads from its beginning with each further piece: time that grows
 * with the square of a tag.  No document of codes has one of even a page. */
static bool endless(const struct relation *r)
{
	XML_Index at = XML_GetCurrentByteIndex(r->parser);

	return at >= 0 && r->fed - (uint64_t)at > RELATION_TAG_MAX;
}

int relation_feed(struct relation *r, const char *path, struct sy_str text, bool last,
		  struct fail *f)
{
	enum XML_Status status = XML_Parse(r->parser, text.p, (int)text.n, last);

	r->fed += text.n;
	if (status != XML_STATUS_OK)
		refuse(r, XML_ErrorString(XML_GetErrorCode(r->parser)));
	else if (!last && endless(r))
		refuse(r, "a tag, a comment or an instruction of more than 64 KiB");
	else if (last && !r->any)
		refuse(r, "has no Batch: expected Relation, Batch and Code, as drug codes are "
			  "reported");
	if (r->why == NULL)
		return RC_DONE;
	return fail(f, RC_FAIL, "%s: line %lu, column %lu: %s", path, r->line, r->column + 1,
		    words(r->why));
}
