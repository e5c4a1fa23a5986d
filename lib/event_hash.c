/* The event hash of CBV 2.0 section 8.9: its members in their order, lists sorted. */
#include "code_impl.h"
#include "event_impl.h"

#include <suyuan/hash.h>

#include <stdio.h>
#include <stdlib.h>

enum how { TIME, TEXT, WORD, LIST, OBJECT };

/* A member, in the order of the rows.  Of a list each element begins with the row's element. */
struct order {
	const char *name;    /* in the event */
	const char *heading; /* before its list or object, or NULL for the name */
	enum how how;
	enum vocab vocab;
	const char *element;
	const struct order *rows; /* of an object or the objects in a list; NULL: of texts */
	bool words;               /* a list of words */
};

#define END                                            \
	{                                              \
		NULL, NULL, TEXT, 0, NULL, NULL, false \
	}
#define TIME_OF(name)                                  \
	{                                              \
		name, NULL, TIME, 0, NULL, NULL, false \
	}
#define TEXT_OF(name)                                  \
	{                                              \
		name, NULL, TEXT, 0, NULL, NULL, false \
	}
#define WORD_OF(name, vocab)                               \
	{                                                  \
		name, NULL, WORD, vocab, NULL, NULL, false \
	}
#define WORDS_OF(name, vocab)                           \
	{                                               \
		name, "", LIST, vocab, name, NULL, true \
	}
#define TEXTS_OF(name)                                  \
	{                                               \
		name, NULL, LIST, 0, "epc", NULL, false \
	}
#define OBJECT_OF(name, rows)                            \
	{                                                \
		name, NULL, OBJECT, 0, NULL, rows, false \
	}
#define OBJECTS_OF(name, heading, element, rows)             \
	{                                                    \
		name, heading, LIST, 0, element, rows, false \
	}

static const struct order id_rows[] = {TEXT_OF("id"), END};
static const struct order persistent_rows[] = {WORDS_OF("set", VOCAB_DISPOSITION),
					       WORDS_OF("unset", VOCAB_DISPOSITION), END};
static const struct order class_rows[] = {TEXT_OF("epcClass"), TEXT_OF("quantity"), TEXT_OF("uom"),
					  END};
static const struct order transaction_rows[] = {WORD_OF("type", VOCAB_TRANSACTION),
						TEXT_OF("bizTransaction"), END};
static const struct order source_rows[] = {WORD_OF("type", VOCAB_END), TEXT_OF("source"), END};
static const struct order destination_rows[] = {WORD_OF("type", VOCAB_END), TEXT_OF("destination"),
						END};
static const struct order metadata_rows[] = {TIME_OF("time"),
					     TIME_OF("startTime"),
					     TIME_OF("endTime"),
					     TEXT_OF("deviceID"),
					     TEXT_OF("deviceMetadata"),
					     TEXT_OF("rawData"),
					     TEXT_OF("dataProcessingMethod"),
					     TEXT_OF("bizRules"),
					     END};
static const struct order report_rows[] = {WORD_OF("type", VOCAB_MEASUREMENT),
					   WORD_OF("exception", VOCAB_ALERT),
					   TEXT_OF("deviceID"),
					   TEXT_OF("deviceMetadata"),
					   TEXT_OF("rawData"),
					   TEXT_OF("dataProcessingMethod"),
					   TIME_OF("time"),
					   TEXT_OF("microorganism"),
					   TEXT_OF("chemicalSubstance"),
					   TEXT_OF("value"),
					   WORD_OF("component", VOCAB_COMPONENT),
					   TEXT_OF("stringValue"),
					   TEXT_OF("booleanValue"),
					   TEXT_OF("hexBinaryValue"),
					   TEXT_OF("uriValue"),
					   TEXT_OF("minValue"),
					   TEXT_OF("maxValue"),
					   TEXT_OF("meanValue"),
					   TEXT_OF("sDev"),
					   TEXT_OF("percRank"),
					   TEXT_OF("percValue"),
					   TEXT_OF("uom"),
					   TEXT_OF("coordinateReferenceSystem"),
					   END};
static const struct order sensor_rows[] = {
    OBJECT_OF("sensorMetadata", metadata_rows),
    OBJECTS_OF("sensorReport", "", "sensorReport", report_rows), END};

/* In CBV 2.0 the list of sensor elements has no heading of its own. */
static const struct order event_rows[] = {
    TIME_OF("eventTime"),
    TEXT_OF("eventTimeZoneOffset"),
    TEXTS_OF("epcList"),
    TEXT_OF("parentID"),
    TEXTS_OF("inputEPCList"),
    TEXTS_OF("childEPCs"),
    OBJECTS_OF("quantityList", NULL, "quantityElement", class_rows),
    OBJECTS_OF("childQuantityList", NULL, "quantityElement", class_rows),
    OBJECTS_OF("inputQuantityList", NULL, "quantityElement", class_rows),
    TEXTS_OF("outputEPCList"),
    OBJECTS_OF("outputQuantityList", NULL, "quantityElement", class_rows),
    TEXT_OF("action"),
    TEXT_OF("transformationID"),
    WORD_OF("bizStep", VOCAB_STEP),
    WORD_OF("disposition", VOCAB_DISPOSITION),
    OBJECT_OF("persistentDisposition", persistent_rows),
    OBJECT_OF("readPoint", id_rows),
    OBJECT_OF("bizLocation", id_rows),
    OBJECTS_OF("bizTransactionList", NULL, "", transaction_rows),
    OBJECTS_OF("sourceList", NULL, "", source_rows),
    OBJECTS_OF("destinationList", NULL, "", destination_rows),
    OBJECTS_OF("sensorElementList", "", "sensorElement", sensor_rows),
    END};

/* What isn't hashed, or comes last. */
static const char *const apart[] = {
    "type",     "eventID", "recordTime", "errorDeclaration", "certificationInfo",
    "@context", "ilmd",    NULL};

static const char *heading_of(const struct order *row)
{
	return row->heading ? row->heading : row->name;
}

/* --- sorting --------------------------------------------------------------------------------- */

/* Pieces of the text that come after each other, to be put in order. */
struct pieces {
	size_t from, n;
	size_t *ends;
};

static bool begin_pieces(struct spelling *s, struct pieces *p, size_t most)
{
	*p = (struct pieces){s->out->n, 0, sy_arena_calloc(s->arena, most, sizeof *p->ends)};
	s->failed |= p->ends == NULL;
	return p->ends != NULL;
}

static void end_piece(struct spelling *s, struct pieces *p)
{
	size_t last = p->n > 0 ? p->ends[p->n - 1] : p->from;
	if (s->out->n > last)
		p->ends[p->n++] = s->out->n;
}

static int compare_pieces(const void *a, const void *b)
{
	const struct sy_str *x = a, *y = b;
	return sy_str_cmp(*x, *y);
}

static bool in_order(const struct sy_str *v, size_t n)
{
	size_t i = 1;
	while (i < n && sy_str_cmp(v[i - 1], v[i]) <= 0)
		i++;
	return i >= n;
}

static void sort_pieces(struct spelling *s, const struct pieces *p)
{
	struct sy_str *v = sy_arena_calloc(s->arena, p->n, sizeof *v);
	size_t begin = p->from;
	if (v == NULL || s->out->failed) {
		s->failed = true;
		return;
	}
	for (size_t i = 0; i < p->n; begin = p->ends[i++])
		v[i] = (struct sy_str){s->out->p + begin, p->ends[i] - begin};
	if (in_order(v, p->n))
		return;
	qsort(v, p->n, sizeof *v, compare_pieces);
	sy_buf_reset(&s->scratch);
	for (size_t i = 0; i < p->n; i++)
		sy_buf_str(&s->scratch, v[i]);
	if (s->scratch.failed)
		s->failed = true;
	else
		memcpy(s->out->p + p->from, s->scratch.p, s->scratch.n);
}

/* --- members that EPCIS has ------------------------------------------------------------------ */

static void put_rows(struct spelling *s, const struct sy_json *object, const struct order *rows);

static void put_element(struct spelling *s, const struct sy_json *v, const struct order *row)
{
	size_t begin = s->out->n, after;
	sy_buf_text(s->out, row->element);
	after = s->out->n;
	if (row->rows != NULL) {
		put_rows(s, v, row->rows);
	} else {
		sy_buf_byte(s->out, '=');
		after++;
		if (row->words)
			sy_spell_word(s, v, row->vocab);
		else
			sy_spell_value(s, v);
	}
	if (s->out->n == after)
		s->out->n = begin;
}

static void put_list(struct spelling *s, const struct sy_json *list, const struct order *row)
{
	const struct sy_json *v;
	struct pieces pieces;
	if (list->type != SY_JSON_ARRAY || !begin_pieces(s, &pieces, list->count))
		return;
	sy_json_each (s->doc, list, v) {
		put_element(s, v, row);
		end_piece(s, &pieces);
	}
	sort_pieces(s, &pieces);
}

static void put_value(struct spelling *s, const struct sy_json *v, const struct order *row)
{
	switch (row->how) {
	case TIME:
		sy_spell_time(s, v);
		break;
	case TEXT:
		sy_spell_value(s, v);
		break;
	case WORD:
		sy_spell_word(s, v, row->vocab);
		break;
	case LIST:
		put_list(s, v, row);
		break;
	case OBJECT:
		put_rows(s, v, row->rows);
		break;
	}
}

/* What is empty doesn't appear. */
static void put_rows(struct spelling *s, const struct sy_json *object, const struct order *rows)
{
	for (const struct order *row = rows; row->name != NULL; row++) {
		const struct sy_json *v = sy_json_get(s->doc, object, row->name);
		size_t begin = s->out->n, after;
		if (v == NULL)
			continue;
		sy_buf_text(s->out, heading_of(row));
		if (row->how != LIST && row->how != OBJECT)
			sy_buf_byte(s->out, '=');
		after = s->out->n;
		put_value(s, v, row);
		if (s->out->n == after)
			s->out->n = begin;
	}
}

/* --- extensions ------------------------------------------------------------------------------ */

static void put_extensions(struct spelling *s, const struct sy_json *object,
			   const struct order *rows, const char *const *but);

static const struct order no_rows[] = {END};

static void put_extension(struct spelling *s, const struct sy_json *v, struct sy_str name,
			  struct pieces *pieces);

/* Each element of an array by itself, as XML has them. */
static void put_array(struct spelling *s, const struct sy_json *array, struct sy_str name,
		      struct pieces *pieces)
{
	const struct sy_json *v;
	sy_json_each (s->doc, array, v)
		put_extension(s, v, name, pieces);
}

static void put_extension(struct spelling *s, const struct sy_json *v, struct sy_str name,
			  struct pieces *pieces)
{
	if (v->type == SY_JSON_NULL)
		return;
	if (v->type == SY_JSON_ARRAY) {
		put_array(s, v, name, pieces);
		return;
	}
	sy_spell_name(s, name);
	if (v->type == SY_JSON_OBJECT) {
		put_extensions(s, v, no_rows, NULL);
	} else {
		size_t begin = s->out->n;
		sy_buf_byte(s->out, '=');
		sy_spell_value(s, v);
		if (s->out->n == begin + 1)
			s->out->n = begin;
	}
	end_piece(s, pieces);
}

static bool is_apart(struct sy_str name, const struct order *rows, const char *const *but)
{
	for (; rows->name != NULL; rows++)
		if (sy_str_is(name, rows->name))
			return true;
	for (; but != NULL && *but != NULL; but++)
		if (sy_str_is(name, *but))
			return true;
	return sy_str_is(name, "rdfs:comment");
}

/* How many pieces a value becomes: an array's elements are one each. */
static size_t pieces_of(const struct spelling *s, const struct sy_json *v)
{
	const struct sy_json *element;
	size_t n = v->type != SY_JSON_ARRAY;
	if (v->type == SY_JSON_ARRAY)
		sy_json_each (s->doc, v, element)
			n += pieces_of(s, element);
	return n;
}

/* All members but those of the rows and BUT, sorted. */
static void put_extensions(struct spelling *s, const struct sy_json *object,
			   const struct order *rows, const char *const *but)
{
	const struct sy_json *m;
	struct pieces pieces;
	size_t most = 0;
	if (object->type != SY_JSON_OBJECT)
		return;
	sy_json_each (s->doc, object, m)
		most += pieces_of(s, m);
	if (!begin_pieces(s, &pieces, most))
		return;
	sy_json_each (s->doc, object, m) {
		struct sy_str name = sy_spell_key(s, m);
		if (!is_apart(name, rows, but))
			put_extension(s, m, name, &pieces);
	}
	sort_pieces(s, &pieces);
}

/*
 * In CBV 2.0 the extensions of EPCIS's own objects stand behind the rest, under the headings of the
 * objects that have them.
 */
static void put_inner(struct spelling *s, const struct sy_json *object, const struct order *rows);

static void put_one_inner(struct spelling *s, const struct sy_json *v, const struct order *row)
{
	const char *heading = row->how == LIST ? row->element : heading_of(row);
	size_t begin = s->out->n, after;
	sy_buf_text(s->out, heading);
	after = s->out->n;
	put_inner(s, v, row->rows);
	put_extensions(s, v, row->rows, NULL);
	if (s->out->n == after)
		s->out->n = begin;
}

static void put_inner(struct spelling *s, const struct sy_json *object, const struct order *rows)
{
	for (const struct order *row = rows; row->name != NULL; row++) {
		const struct sy_json *v = sy_json_get(s->doc, object, row->name), *element;
		struct pieces pieces;
		if (v == NULL || row->rows == NULL)
			continue;
		if (row->how != LIST) {
			put_one_inner(s, v, row);
			continue;
		}
		if (v->type != SY_JSON_ARRAY || !begin_pieces(s, &pieces, v->count))
			continue;
		sy_json_each (s->doc, v, element) {
			put_one_inner(s, element, row);
			end_piece(s, &pieces);
		}
		sort_pieces(s, &pieces);
	}
}

static void put_ilmd(struct spelling *s, const struct sy_json *event)
{
	const struct sy_json *ilmd = sy_json_get(s->doc, event, "ilmd");
	size_t begin = s->out->n;
	if (ilmd == NULL)
		return;
	sy_buf_text(s->out, "ilmd");
	put_extensions(s, ilmd, no_rows, NULL);
	if (s->out->n == begin + 4)
		s->out->n = begin;
}

/* --- the whole ------------------------------------------------------------------------------- */

int sy_event_prehash(struct sy_arena *arena, const struct sy_json_doc *doc, struct sy_buf *out)
{
	struct spelling s = {.arena = arena, .doc = doc, .out = out};
	const struct sy_json *event = sy_json_root(doc);
	enum sy_event_kind kind = sy_event_kind(doc);
	if (kind == SY_EVENT_NONE)
		return SY_EINVAL;
	const struct sy_json *context = sy_json_get(doc, event, "@context");
	if (context != NULL && sy_event_prefixes(arena, doc, context, &s.prefixes) != SY_OK)
		return SY_ENOMEM;
	sy_buf_text(out, "eventType=");
	sy_buf_text(out, sy_event_kind_name(kind));
	put_rows(&s, event, event_rows);
	put_ilmd(&s, event);
	put_inner(&s, event, event_rows);
	put_extensions(&s, event, event_rows, apart);
	sy_buf_free(&s.scratch);
	return s.failed || out->failed ? SY_ENOMEM : SY_OK;
}

int sy_event_hash(struct sy_arena *arena, const struct sy_json_doc *doc,
		  char out[SY_EVENT_HASH_TEXT])
{
	struct sy_buf text = {0};
	char hex[2 * SY_HASH_SIZE + 1];
	sy_hash hash;
	int err = sy_event_prehash(arena, doc, &text);
	if (err == SY_OK) {
		sy_sha256(text.p, text.n, &hash);
		sy_hex(hash.b, sizeof hash.b, hex);
		snprintf(out, SY_EVENT_HASH_TEXT, "ni:///sha-256;%s?ver=CBV2.0", hex);
	}
	sy_buf_free(&text);
	return err;
}
