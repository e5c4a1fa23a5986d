#include <stdlib.h>

#include "source_impl.h"
#include "words.h"

static const struct source_form forms[] = {
    [SOURCE_CSV] = {"csv", csv_open, csv_item},
    [SOURCE_NDJSON] = {"ndjson", NULL, ndjson_item},
    [SOURCE_EPCIS] = {"epcis", epcis_open, epcis_item},
    [SOURCE_XML] = {"xml", xml_open, xml_item},
};
#define FORMS (sizeof forms / sizeof forms[0])

enum source_format source_format(const char *name)
{
	for (size_t i = SOURCE_GUESS + 1; i < FORMS; i++) {
		if (strcmp(forms[i].name, name) == 0)
			return (enum source_format)i;
	}
	return SOURCE_GUESS;
}

static enum source_format guess(const struct source *s)
{
	struct sy_str head = value_trim(stream_peek(s->stream));

	if (head.n > 0 && head.p[0] == '<')
		return SOURCE_XML;
	if (document_is(head))
		return SOURCE_EPCIS;
	return head.n > 0 && head.p[0] == '{' ? SOURCE_NDJSON : SOURCE_CSV;
}

/* --- rows to records -------------------------------------------------------------------------- */

const char *source_reasons(const struct source *s, struct sy_arena *arena,
			   const struct sy_faults *faults)
{
	struct sy_buf b = {0};

	for (size_t i = 0; i < faults->n; i++) {
		const struct sy_fault *v = &faults->v[i];
		enum field f = F_COUNT;
		column_find(sy_str(v->pointer), &f);
		if (v->status != 0)
			sy_buf_printf(&b, "%s%s: %s", b.n ? "; " : "",
				      source_column(s, f, v->pointer), v->detail);
	}
	const char *text = sy_arena_strdup(arena, sy_buf_span(&b));
	sy_buf_free(&b);
	return text != NULL ? text : words(sy_strerror(SY_ENOMEM));
}

void source_fill(const struct source *s, struct row *row)
{
	for (size_t i = 0; i < F_COUNT; i++) {
		if (row->v[i].n == 0)
			row->v[i] = s->o.otherwise.v[i];
	}
	mapping_apply(s->o.map, row);
	row->zh = s->o.otherwise.zh;
}

void source_record(const struct source *s, const struct row *row, struct sy_arena *arena,
		   struct item *out)
{
	struct sy_faults faults;
	struct sy_buf record = {0};

	sy_faults_init(&faults, arena);
	faults.chinese = words_chinese();
	if (row_event(arena, row, &record, &faults, 0) != SY_OK)
		out->reason = source_reasons(s, arena, &faults);
	else
		out->record = sy_str(sy_arena_strdup(arena, sy_buf_span(&record)));
	sy_buf_free(&record);
}

/* --- any form --------------------------------------------------------------------------------- */

int source_open(const struct source_options *o, struct source **out, struct fail *f)
{
	struct source *s = calloc(1, sizeof *s);
	int rc;

	if (s == NULL)
		return fail_memory(f);
	s->o = *o;
	rc = stream_open(o->path, o->encoding, &s->stream, f);
	if (rc == RC_DONE) {
		s->format = o->format != SOURCE_GUESS ? o->format : guess(s);
		if (forms[s->format].open != NULL)
			rc = forms[s->format].open(s, f);
	}
	if (rc != RC_DONE) {
		source_close(s);
		return rc;
	}
	*out = s;
	return RC_DONE;
}

void source_close(struct source *s)
{
	if (s == NULL)
		return;
	stream_close(s->stream);
	xml_close(s->xml);
	csv_free(&s->csv);
	sy_buf_free(&s->lines);
	sy_buf_free(&s->text);
	sy_arena_free(&s->arena);
	free(s);
}

bool source_is(const struct source *s, const char *path)
{
	return stream_is(s->stream, path);
}

const char *source_encoding(const struct source *s)
{
	return stream_encoding(s->stream);
}

int source_unreadable(const struct source *s, struct fail *f)
{
	fail(f, RC_FAIL, "%s: %s", s->o.path, stream_why(s->stream));
	return SY_EIO;
}

int source_next(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	memset(out, 0, sizeof *out);
	int err = forms[s->format].next(s, arena, out, f);
	if (err == SY_OK && out->reason == NULL && out->record.n == 0)
		out->reason = words(sy_strerror(SY_ENOMEM));
	return err;
}

static void reject_json(const struct item *item, struct sy_buf *out)
{
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	struct sy_jw w;

	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_u64(&w, "line", item->line);
	sy_jw_kv_text(&w, "reason", item->reason);
	if (sy_json_parse(&arena, item->raw, 0, &doc, NULL) == SY_OK) {
		sy_jw_key(&w, "event");
		struct sy_buf plain = {0};
		json_compact(&plain, item->raw);
		sy_jw_raw(&w, sy_buf_span(&plain));
		sy_buf_free(&plain);
	} else {
		struct sy_buf clean = {0};
		text_clean(&clean, item->raw);
		sy_jw_kv_str(&w, "text", sy_buf_span(&clean));
		sy_buf_free(&clean);
	}
	sy_jw_end(&w, '}');
	sy_buf_byte(out, '\n');
	sy_arena_free(&arena);
}

static void reject_row(const struct source *s, const struct item *item, struct sy_buf *out)
{
	char separator = s->csv.separator;

	sy_buf_str(out, item != NULL ? item->raw : s->heading);
	sy_buf_byte(out, separator);
	csv_put(out, item != NULL ? sy_str(item->reason) : SY_STR("reason"), separator);
	sy_buf_byte(out, '\n');
}

void source_reject(const struct source *s, const struct item *item, struct sy_buf *out)
{
	struct sy_buf text = {0};

	if (s->format == SOURCE_CSV)
		reject_row(s, item, &text);
	else if (item != NULL)
		reject_json(item, &text);
	stream_encode(s->stream, sy_buf_span(&text), item == NULL, out);
	out->failed = out->failed || text.failed;
	sy_buf_free(&text);
}
