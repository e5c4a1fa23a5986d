#include <stdio.h>

#include "row_impl.h"
#include "words.h"

const char *row_heading(enum field f)
{
	static _Thread_local char text[COLUMN_TEXT];

	column_heading(f, false, text);
	return text;
}

void row_wrong(const struct draft *d, enum field f, const char *en, const char *zh, ...)
{
	va_list ap;

	va_start(ap, zh);
	const char *text = sy_arena_vprintf(d->arena, d->row->zh ? zh : en, ap);
	va_end(ap);
	sy_fault_add(d->faults, 422, d->record, row_heading(f), NULL, "%s",
		     text != NULL ? text : words(sy_strerror(SY_ENOMEM)));
}

const char *row_expected(const struct draft *d, enum field f)
{
	return d->row->zh ? columns[f].what_zh : columns[f].what;
}

struct sy_str row_value(const struct draft *d, enum field f)
{
	return value_trim(d->row->v[f]);
}

bool row_part(struct sy_str *rest, struct sy_str *part)
{
	while (rest->n > 0) {
		size_t n = 0, skip = 0;
		while (n < rest->n && skip == 0) {
			if (rest->p[n] == ';' || rest->p[n] == '\n')
				skip = 1;
			else if (rest->n - n >= 3 && memcmp(rest->p + n, "\xef\xbc\x9b", 3) == 0)
				skip = 3;
			else
				n++;
		}
		*part = value_trim((struct sy_str){rest->p, n});
		rest->p += n + skip;
		rest->n -= n + skip;
		if (part->n > 0)
			return true;
	}
	return false;
}

/* --- the record ------------------------------------------------------------------------------- */

void event_id(struct sy_str text, char out[EVENT_ID_TEXT])
{
	char hex[2 * SY_HASH_SIZE + 1];
	sy_hash h;

	sy_sha256(text.p, text.n, &h);
	sy_hex(h.b, sizeof h.b, hex);
	snprintf(out, EVENT_ID_TEXT, "ni:///sha-256;%s?ver=suyuan1", hex);
}

void event_assemble(struct sy_buf *out, const char *type, struct sy_str id, struct sy_str rest)
{
	struct sy_buf plain = {0};
	struct sy_jw w;
	char text[EVENT_ID_TEXT];

	sy_buf_printf(&plain, "{\"type\":\"%s\",", type);
	sy_buf_put(&plain, rest.p + 1, rest.n - 1);
	event_id(sy_buf_span(&plain), text);
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", type);
	sy_jw_kv_str(&w, "eventID", id.n > 0 ? id : sy_str(text));
	sy_buf_byte(out, ',');
	sy_buf_put(out, rest.p + 1, rest.n - 1);
	out->failed = out->failed || plain.failed;
	sy_buf_free(&plain);
}

bool row_transforms(const struct draft *d)
{
	return d->verb->shape == SHAPE_MAKES &&
	       (d->inputs.n > 0 || row_value(d, F_TRANSFORMATION).n > 0);
}

static const char *type_of(const struct draft *d)
{
	if (row_transforms(d))
		return "TransformationEvent";
	return d->verb->shape == SHAPE_PACKS ? "AggregationEvent" : "ObjectEvent";
}

static void read_verb(struct draft *d)
{
	struct sy_str word = row_value(d, F_EVENT);
	struct sy_buf known = {0};

	if ((d->verb = verb_find(word)) != NULL)
		return;
	verbs_list(&known);
	wrong(d, F_EVENT, "%.*s is nothing that is known to happen: expected one of %.*s",
	      "不认识业务 %.*s：应为 %.*s 之一", (int)word.n, word.p, (int)known.n,
	      known.n > 0 ? known.p : "");
	sy_buf_free(&known);
	d->verb = verb_find((struct sy_str){"", 0});
}

/* What the verb asks for beside things and a time. */
static void check_needs(struct draft *d)
{
	for (const enum field *f = d->verb->needs;
	     f < d->verb->needs + sizeof d->verb->needs / sizeof *f && *f != F_EVENT; f++) {
		if (row_value(d, *f).n == 0)
			wrong(d, *f, "is missing: expected %s", "缺少：应为%s",
			      row_expected(d, *f));
	}
	if (d->verb->shape == SHAPE_MAKES && d->verb->action == NULL && !row_transforms(d))
		wrong(d, F_INPUT_LOTS, "is missing: what went into it?", "缺少：用了哪些原料？");
}

/* A fault of a member of the event, said of the column that it comes from. */
static void wrong_member(struct draft *d, int status, const char *pointer, const char *detail)
{
	enum field f = column_of_pointer(pointer);

	d->bad++;
	sy_fault_add(d->faults, status, d->record, f != F_COUNT ? row_heading(f) : pointer, NULL,
		     "%s", detail);
}

/* What the ledger would say of its form. */
static int check_event(struct draft *d, struct sy_str record)
{
	struct sy_arena arena = {0};
	struct sy_faults faults;
	struct sy_json_doc doc;
	struct sy_json_fault why;
	struct sy_event event;
	int err = sy_record_parse(&arena, record, &doc, &why);

	sy_faults_init(&faults, &arena);
	faults.chinese = words_chinese();
	if (err == SY_OK)
		err = sy_event_read(&arena, &doc, &event, &faults, d->record);
	else if (err != SY_ENOMEM)
		wrong_member(d, 400, why.pointer, words(why.detail));
	for (size_t i = 0; i < faults.n; i++) {
		const struct sy_fault *v = &faults.v[i];
		if (v->status != 0)
			wrong_member(d, v->status, v->pointer, v->detail);
	}
	sy_arena_free(&arena);
	return err;
}

int row_event(struct sy_arena *arena, const struct row *row, struct sy_buf *out,
	      struct sy_faults *faults, long record)
{
	struct draft d = {.arena = arena, .row = row, .faults = faults, .record = record};
	struct sy_buf rest = {0};
	size_t start = out->n;
	int err = SY_OK;

	read_verb(&d);
	row_read(&d);
	check_needs(&d);
	sy_jw_init(&d.w, &rest);
	sy_jw_object(&d.w);
	row_write(&d);
	sy_jw_end(&d.w, '}');
	if (d.bad == 0)
		event_assemble(out, type_of(&d), row_value(&d, F_EVENT_ID), sy_buf_span(&rest));
	if (rest.failed || out->failed) {
		err = SY_ENOMEM;
	} else if (d.bad > 0) {
		err = SY_ERULES;
	} else if (out->n - start > SY_RECORD_MAX) {
		wrong(&d, F_CODES, "%zu are more than a record of 1 MiB holds",
		      "%zu 个超过一条记录的 1 MiB", d.things.n);
		err = SY_ETOOBIG;
	} else {
		err = check_event(&d, (struct sy_str){out->p + start, out->n - start});
	}
	if (err != SY_OK)
		out->n = start;
	sy_buf_free(&rest);
	seen_free(&d.seen);
	return err;
}

bool row_may_split(const struct row *row)
{
	const struct verb *verb = verb_find(value_trim(row->v[F_EVENT]));

	return verb != NULL && verb->shape != SHAPE_MAKES && row->v[F_EVENT_ID].n == 0;
}

void json_compact(struct sy_buf *out, struct sy_str json)
{
	bool string = false;

	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];
		if (string) {
			sy_buf_byte(out, c);
			if (c == '\\' && i + 1 < json.n)
				sy_buf_byte(out, json.p[++i]);
			string = c != '"';
		} else if (strchr(" \t\r\n", c) == NULL || c == '\0') {
			sy_buf_byte(out, c);
			string = c == '"';
		}
	}
}
