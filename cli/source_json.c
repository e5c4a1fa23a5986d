/* NDJSON, a row or an event a line, and EPCIS JSON documents. */
#include "source_impl.h"
#include "words.h"

#define LINE_LIMIT ((size_t)2 << 20)
#define DOCUMENT_MAX ((size_t)256 << 20)

/* A value of a flat row as text: strings, numbers, lists of strings apart by ;. */
static struct sy_str flat(struct sy_arena *arena, const struct sy_json_doc *doc,
			  const struct sy_json *v)
{
	struct sy_str s = {"", 0};
	struct sy_buf b = {0};
	const struct sy_json *child;

	if (v->type == SY_JSON_STRING)
		sy_json_string(doc, v, arena, &s);
	else if (v->type == SY_JSON_NUMBER)
		s = sy_json_raw(doc, v);
	else if (v->type == SY_JSON_ARRAY) {
		sy_json_each (doc, v, child) {
			if (b.n > 0)
				sy_buf_byte(&b, ';');
			sy_buf_str(&b, flat(arena, doc, child));
		}
		s = sy_str(sy_arena_strdup(arena, sy_buf_span(&b)));
		sy_buf_free(&b);
	}
	return s;
}

static void flat_row(struct source *s, const struct sy_json_doc *doc, const struct sy_json *v,
		     struct sy_arena *arena, struct item *out)
{
	struct row row = {0};
	const struct sy_json *m;
	enum field field;
	struct sy_str key;

	sy_json_each (doc, v, m) {
		if (sy_json_key(doc, m, arena, &key) != SY_OK)
			continue;
		if (mapping_column(s->o.map, key, &field) == SY_OK) {
			if (field != F_COUNT)
				row.v[field] = flat(arena, doc, m);
		} else if (!s->o.ignore_columns && out->reason == NULL) {
			out->reason = sy_arena_printf(
			    arena,
			    words("%.*s: unknown column: expected one of suyuan batch template"),
			    (int)key.n, key.p);
		}
	}
	if (out->reason != NULL)
		return;
	source_fill(s, &row);
	source_record(s, &row, arena, out);
}

/* An event as it stands, without white space; an eventID where it has none. */
static void whole_event(struct source *s, const struct sy_json_doc *doc, const struct sy_json *v,
			struct sy_arena *arena, struct item *out)
{
	const struct document *d = s->format == SOURCE_EPCIS ? &s->document : NULL;
	struct sy_buf plain = {0}, text = {0};
	char id[EVENT_ID_TEXT];

	json_compact(&plain, sy_json_raw(doc, v));
	event_id(sy_buf_span(&plain), id);
	document_event(&text, d, doc, v, sy_json_get(doc, v, "eventID") == NULL ? id : NULL);
	if (!plain.failed && !text.failed)
		out->record = sy_str(sy_arena_strdup(arena, sy_buf_span(&text)));
	sy_buf_free(&plain);
	sy_buf_free(&text);
}

/* Form of a whole event; what a flat row becomes is sound by making. */
static void check_event(const struct source *s, struct sy_arena *arena, struct item *out)
{
	struct sy_json_doc doc;
	struct sy_json_fault why;
	struct sy_event event;
	struct sy_faults faults;

	sy_faults_init(&faults, arena);
	faults.chinese = words_chinese();
	if (sy_record_parse(arena, out->record, &doc, &why) != SY_OK)
		out->reason = sy_arena_printf(arena, "%s: %s", why.pointer, words(why.detail));
	else if (sy_event_kind(&doc) == SY_EVENT_NONE)
		out->reason =
		    words("type: is not an EPCIS event (suyuan record submit sends any record)");
	else if (sy_event_read(arena, &doc, &event, &faults, 0) != SY_OK)
		out->reason = source_reasons(s, arena, &faults);
}

static void json_item(struct source *s, const struct sy_json_doc *doc, const struct sy_json *v,
		      struct sy_arena *arena, struct item *out)
{
	const struct sy_json *event = sy_json_get(doc, v, "event");

	while (event != NULL && sy_json_get(doc, v, "reason") != NULL) { /* of a rejects file */
		v = event;
		event = sy_json_get(doc, v, "event");
	}
	if (v->type != SY_JSON_OBJECT) {
		out->reason = words("is not a JSON object");
		return;
	}
	if (sy_json_get(doc, v, "type") == NULL) {
		flat_row(s, doc, v, arena, out);
		return;
	}
	whole_event(s, doc, v, arena, out);
	check_event(s, arena, out);
}

/* The next line that isn't empty. */
static int next_line(struct source *s, struct sy_str *line, struct fail *f)
{
	for (;;) {
		char *from = s->lines.p + s->lines_at, *lf = NULL;
		size_t left = s->lines.n - s->lines_at;
		if (left > 0)
			lf = memchr(from, '\n', left);
		if (lf != NULL || (s->eof && left > 0)) {
			*line = (struct sy_str){from, lf ? (size_t)(lf - from) : left};
			s->lines_at += line->n + (lf != NULL);
			s->line++;
			while (line->n > 0 && strchr(" \t\r", line->p[line->n - 1]) != NULL)
				line->n--;
			if (line->n > 0)
				return SY_OK;
			continue;
		}
		if (s->eof)
			return SY_ENOTFOUND;
		if (left > LINE_LIMIT) {
			fail(f, RC_FAIL, "%s: line %llu is longer than a record may be", s->o.path,
			     (unsigned long long)s->line + 1);
			return SY_ETOOBIG;
		}
		if (left > 0)
			memmove(s->lines.p, from, left);
		s->lines.n = left;
		s->lines_at = 0;
		char *room = sy_buf_room(&s->lines, STREAM_PEEK);
		long n = room != NULL ? stream_read(s->stream, room, STREAM_PEEK) : -1;
		if (n < 0)
			return source_unreadable(s, f);
		s->lines.n = left + (size_t)n;
		s->eof = n == 0;
	}
}

int ndjson_item(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	struct sy_json_doc doc;
	struct sy_json_fault why;
	struct sy_str line = {"", 0};
	int err = next_line(s, &line, f);

	if (err != SY_OK)
		return err;
	out->line = s->line;
	out->raw = sy_str(sy_arena_strdup(arena, line));
	if (sy_json_parse(arena, out->raw, 0, &doc, &why) != SY_OK)
		out->reason = sy_arena_printf(arena, words("byte %zu: %s: %s"), why.offset + 1,
					      words(sy_strerror(why.err)), words(why.detail));
	else
		json_item(s, &doc, sy_json_root(&doc), arena, out);
	return SY_OK;
}

int epcis_item(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	const struct sy_json *v = document_next(&s->document);

	(void)f;
	if (v == NULL)
		return SY_ENOTFOUND;
	for (; s->counted < v->off; s->counted++)
		s->line += s->doc.text[s->counted] == '\n';
	out->line = s->line;
	out->raw = sy_json_raw(&s->doc, v);
	json_item(s, &s->doc, v, arena, out);
	return SY_OK;
}

int epcis_open(struct source *s, struct fail *f)
{
	struct sy_json_fault why;
	char *room;
	long n;

	while ((room = sy_buf_room(&s->text, STREAM_PEEK)) != NULL) {
		s->text.n -= STREAM_PEEK;
		if ((n = stream_read(s->stream, room, STREAM_PEEK)) < 0) {
			source_unreadable(s, f);
			return RC_FAIL;
		}
		s->text.n += (size_t)n;
		if (n == 0)
			break;
		if (s->text.n > DOCUMENT_MAX)
			return fail(f, RC_FAIL,
				    "%s: a document of more than 256 MiB; NDJSON has no limit",
				    s->o.path);
	}
	if (room == NULL)
		return fail_memory(f);
	if (sy_json_parse(&s->arena, sy_buf_span(&s->text), 0, &s->doc, &why) != SY_OK)
		return fail(f, RC_FAIL, "%s: byte %zu: %s: %s", s->o.path, why.offset + 1,
			    words(sy_strerror(why.err)), words(why.detail));
	if (!document_open(&s->document, &s->doc))
		return fail(f, RC_FAIL,
			    "%s: is no EPCIS document: no epcisBody.eventList, epcisBody.event or "
			    "epcisBody.queryResults.resultsBody.eventList",
			    s->o.path);
	if (s->document.master_data)
		say("%s: its master data is left out: events alone are imported", s->o.path);
	s->line = 1;
	return RC_DONE;
}
