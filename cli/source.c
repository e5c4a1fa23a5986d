#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "csv.h"
#include "source.h"

#define PEEK 65536
#define LINE_LIMIT ((size_t)2 << 20)
#define DOCUMENT_MAX ((size_t)256 << 20)

struct source {
	struct source_options o;
	enum source_format format;
	FILE *file;
	struct sy_buf head; /* read to find out what it is, not taken yet from AT on */
	size_t at;
	/* CSV */
	struct csv csv;
	struct sy_arena arena;
	struct sy_str heading;
	int map[CSV_FIELDS_MAX]; /* enum field, -1 for an ignored column */
	struct sy_str name[CSV_FIELDS_MAX];
	size_t columns;
	/* NDJSON */
	struct sy_buf lines;
	size_t lines_at;
	uint64_t line;
	bool eof;
	/* EPCIS */
	struct sy_buf text;
	struct sy_json_doc doc;
	const struct sy_json *event, *context;
	size_t counted;
};

static long read_on(void *ctx, char *p, size_t n)
{
	struct source *s = ctx;

	if (s->at < s->head.n) {
		size_t have = s->head.n - s->at;
		n = n < have ? n : have;
		memcpy(p, s->head.p + s->at, n);
		s->at += n;
		return (long)n;
	}
	n = fread(p, 1, n, s->file);
	return n == 0 && ferror(s->file) ? -1 : (long)n;
}

enum source_format source_format(const char *name)
{
	static const char *const names[] = {"", "csv", "ndjson", "epcis"};

	for (int i = SOURCE_CSV; i <= SOURCE_EPCIS; i++) {
		if (strcmp(names[i], name) == 0)
			return (enum source_format)i;
	}
	return SOURCE_GUESS;
}

/* A file that begins with { is JSON; its first line tells a document from lines of JSON. */
static enum source_format guess(struct source *s)
{
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	struct sy_str rest = sy_buf_span(&s->head), line;
	enum source_format format = SOURCE_EPCIS;

	while (rest.n > 0 && strchr(" \t\r\n\xef\xbb\xbf", rest.p[0]) != NULL)
		rest.p++, rest.n--;
	if (rest.n == 0 || rest.p[0] != '{')
		return SOURCE_CSV;
	if (sy_str_line(&rest, &line) && sy_json_parse(&arena, line, 0, &doc, NULL) == SY_OK &&
	    !sy_json_is(&doc, sy_json_get(&doc, sy_json_root(&doc), "type"), "EPCISDocument"))
		format = SOURCE_NDJSON;
	sy_arena_free(&arena);
	return format;
}

/* --- CSV -------------------------------------------------------------------------------------- */

static int csv_fault(struct source *s, const struct csv_row *row, struct fail *f, int err)
{
	fail(f, RC_FAIL, "%s: line %llu, byte %zu: %s%s", s->o.path,
	     (unsigned long long)row->bad_line, row->bad_byte, row->why,
	     err == SY_EUTF8 ? " (GB18030, as older Excel writes?  iconv -f GB18030 -t UTF-8)"
			     : "");
	return err;
}

static int read_heading(struct source *s, struct fail *f)
{
	struct csv_row row;
	struct sy_buf unknown = {0}, known = {0};
	bool seen[F_COUNT] = {false};
	int err = csv_next(&s->csv, &row);

	if (err == SY_ENOTFOUND)
		return fail(f, RC_FAIL, "%s: is empty; a heading was expected", s->o.path);
	if (err != SY_OK) {
		csv_fault(s, &row, f, err);
		return RC_FAIL;
	}
	s->heading = sy_str(sy_arena_strdup(&s->arena, row.raw));
	s->columns = row.n;
	for (size_t i = 0; i < row.n; i++) {
		enum field field;
		s->map[i] = -1;
		s->name[i] = sy_str(sy_arena_strdup(&s->arena, row.field[i]));
		if (column_find(row.field[i], &field) != SY_OK) {
			sy_buf_printf(&unknown, "%s%.*s", unknown.n ? ", " : "",
				      (int)row.field[i].n, row.field[i].p);
			continue;
		}
		if (seen[field] && field != F_REASON)
			fail(f, RC_USAGE, "%s: two columns are the same: %s and %s", s->o.path,
			     source_column(s, field, ""), s->name[i].p);
		seen[field] = true;
		s->map[i] = (int)field;
	}
	if (unknown.n > 0 && !s->o.ignore_columns) {
		columns_list(&known);
		fail(f, RC_USAGE,
		     "%s: unknown columns: %.*s\nknown are: %.*s\n(--ignore-columns leaves them "
		     "out)",
		     s->o.path, (int)unknown.n, unknown.p, (int)known.n, known.p);
	}
	sy_buf_free(&unknown);
	sy_buf_free(&known);
	return f->text[0] != '\0' ? f->rc : RC_DONE;
}

const char *source_column(const struct source *s, enum field field, const char *otherwise)
{
	static _Thread_local char heading[64];

	for (size_t i = 0; i < s->columns; i++) {
		if (s->map[i] == (int)field)
			return s->name[i].p;
	}
	if (field == F_COUNT)
		return otherwise;
	column_heading(field, false, heading);
	return heading;
}

/* Faults of a row, "column: what; column: what". */
static const char *reasons(const struct source *s, struct sy_arena *arena,
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
	return text != NULL ? text : sy_strerror(SY_ENOMEM);
}

static void make_record(struct source *s, struct row *row, struct sy_arena *arena, struct item *out)
{
	struct sy_faults faults;
	struct sy_buf record = {0};

	for (size_t i = 0; i < F_COUNT; i++) {
		if (row->v[i].n == 0)
			row->v[i] = s->o.otherwise.v[i];
	}
	sy_faults_init(&faults, arena);
	if (row_event(arena, row, &record, &faults, 0) != SY_OK)
		out->reason = reasons(s, arena, &faults);
	else
		out->record = sy_str(sy_arena_strdup(arena, sy_buf_span(&record)));
	sy_buf_free(&record);
}

static int next_csv(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	struct csv_row csv;
	struct row row = {0};
	int err = csv_next(&s->csv, &csv);

	if (err == SY_ENOTFOUND)
		return err;
	if (err != SY_OK && err != SY_EINVAL)
		return csv_fault(s, &csv, f, err);
	out->line = csv.line;
	out->raw = sy_str(sy_arena_strdup(arena, csv.raw));
	if (err == SY_EINVAL) {
		out->reason = sy_arena_printf(arena, "field %zu, byte %zu: %s", csv.column,
					      csv.bad_byte, csv.why);
		return SY_OK;
	}
	if (csv.n != s->columns) {
		out->reason = sy_arena_printf(arena, "has %zu fields, the heading has %zu", csv.n,
					      s->columns);
		return SY_OK;
	}
	for (size_t i = 0; i < csv.n; i++) {
		if (s->map[i] >= 0 && csv.field[i].n > 0)
			row.v[s->map[i]] = sy_str(sy_arena_strdup(arena, csv.field[i]));
	}
	make_record(s, &row, arena, out);
	return SY_OK;
}

/* --- JSON ------------------------------------------------------------------------------------- */

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
		if (column_find(key, &field) == SY_OK)
			row.v[field] = flat(arena, doc, m);
		else if (!s->o.ignore_columns && out->reason == NULL)
			out->reason =
			    sy_arena_printf(arena, "%.*s: unknown column", (int)key.n, key.p);
	}
	if (out->reason == NULL)
		make_record(s, &row, arena, out);
}

/* An event as it stands, without white space; an eventID and a context where it has none. */
static void whole_event(struct source *s, const struct sy_json_doc *doc, const struct sy_json *v,
			struct sy_arena *arena, struct item *out)
{
	struct sy_buf plain = {0}, text = {0};
	char id[EVENT_ID_TEXT];

	json_compact(&plain, sy_json_raw(doc, v));
	sy_buf_byte(&text, '{');
	if (s->context != NULL && sy_json_get(doc, v, "@context") == NULL) {
		sy_buf_text(&text, "\"@context\":");
		json_compact(&text, sy_json_raw(&s->doc, s->context));
		sy_buf_byte(&text, ',');
	}
	if (sy_json_get(doc, v, "eventID") == NULL) {
		event_id(sy_buf_span(&plain), id);
		sy_buf_printf(&text, "\"eventID\":\"%s\",", id);
	}
	sy_buf_put(&text, plain.p + 1, plain.n - 1);
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
	if (sy_record_parse(arena, out->record, &doc, &why) != SY_OK)
		out->reason = sy_arena_printf(arena, "%s: %s", why.pointer, why.detail);
	else if (sy_event_kind(&doc) == SY_EVENT_NONE)
		out->reason = "type: is not an EPCIS event (suyuan record submit sends any record)";
	else if (sy_event_read(arena, &doc, &event, &faults, 0) != SY_OK)
		out->reason = reasons(s, arena, &faults);
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
		out->reason = "is not a JSON object";
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
		char *room = sy_buf_room(&s->lines, PEEK);
		long n = room != NULL ? read_on(s, room, PEEK) : -1;
		if (n < 0) {
			fail(f, RC_FAIL, "%s: cannot be read", s->o.path);
			return SY_EIO;
		}
		s->lines.n = left + (size_t)n;
		s->eof = n == 0;
	}
}

static int next_ndjson(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	struct sy_json_doc doc;
	struct sy_json_fault why;
	struct sy_str line;
	int err = next_line(s, &line, f);

	if (err != SY_OK)
		return err;
	if (s->line == 1 && line.n >= 3 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0)
		line.p += 3, line.n -= 3;
	out->line = s->line;
	out->raw = sy_str(sy_arena_strdup(arena, line));
	if (sy_json_parse(arena, out->raw, 0, &doc, &why) != SY_OK)
		out->reason = sy_arena_printf(arena, "byte %zu: %s: %s", why.offset + 1,
					      sy_strerror(why.err), why.detail);
	else
		json_item(s, &doc, sy_json_root(&doc), arena, out);
	return SY_OK;
}

static int next_epcis(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	const struct sy_json *v = s->event;

	(void)f;
	if (v == NULL)
		return SY_ENOTFOUND;
	s->event = sy_json_next(&s->doc, v);
	for (; s->counted < v->off; s->counted++)
		s->line += s->doc.text[s->counted] == '\n';
	out->line = s->line;
	out->raw = sy_json_raw(&s->doc, v);
	json_item(s, &s->doc, v, arena, out);
	return SY_OK;
}

/* The context of the document goes with its events when it says more than the standard's own. */
static int read_document(struct source *s, struct fail *f)
{
	struct sy_json_fault why;
	char *room;
	long n;

	while ((room = sy_buf_room(&s->text, PEEK)) != NULL) {
		s->text.n -= PEEK;
		if ((n = read_on(s, room, PEEK)) < 0)
			return fail(f, RC_FAIL, "%s: cannot be read", s->o.path);
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
	struct sy_str text = sy_buf_span(&s->text);
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text.p += 3, text.n -= 3;
	if (sy_json_parse(&s->arena, text, 0, &s->doc, &why) != SY_OK)
		return fail(f, RC_FAIL, "%s: byte %zu: %s: %s", s->o.path, why.offset + 1,
			    sy_strerror(why.err), why.detail);
	const struct sy_json *root = sy_json_root(&s->doc);
	const struct sy_json *body = sy_json_get(&s->doc, root, "epcisBody");
	const struct sy_json *list = sy_json_get(&s->doc, body, "eventList");
	if (list == NULL || list->type != SY_JSON_ARRAY)
		return fail(f, RC_FAIL, "%s: is no EPCIS document: no epcisBody.eventList",
			    s->o.path);
	s->event = sy_json_first(&s->doc, list);
	s->context = sy_json_get(&s->doc, root, "@context");
	if (s->context != NULL && s->context->type == SY_JSON_STRING)
		s->context = NULL;
	s->line = 1;
	return RC_DONE;
}

/* --- any of them ------------------------------------------------------------------------------ */

int source_open(const struct source_options *o, struct source **out, struct fail *f)
{
	struct source *s = calloc(1, sizeof *s);
	int rc = RC_DONE;

	if (s == NULL)
		return fail_memory(f);
	s->o = *o;
	s->file = strcmp(o->path, "-") == 0 ? stdin : fopen(o->path, "rb");
	if (s->file == NULL) {
		rc = fail(f, RC_FAIL, "%s: %s", o->path, strerror(errno));
		goto err0;
	}
	char *room = sy_buf_room(&s->head, PEEK);
	if (room == NULL) {
		rc = fail_memory(f);
		goto err0;
	}
	s->head.n = fread(room, 1, PEEK, s->file);
	if (s->head.n == 0 && ferror(s->file)) {
		rc = fail(f, RC_FAIL, "%s: cannot be read", o->path);
		goto err0;
	}
	s->format = o->format != SOURCE_GUESS ? o->format : guess(s);
	csv_init(&s->csv, read_on, s);
	if (s->format == SOURCE_CSV)
		rc = read_heading(s, f);
	else if (s->format == SOURCE_EPCIS)
		rc = read_document(s, f);
	if (rc != RC_DONE)
		goto err0;
	*out = s;
	return RC_DONE;
err0:
	source_close(s);
	return rc;
}

void source_close(struct source *s)
{
	if (s == NULL)
		return;
	if (s->file != NULL && s->file != stdin)
		fclose(s->file);
	csv_free(&s->csv);
	sy_buf_free(&s->head);
	sy_buf_free(&s->lines);
	sy_buf_free(&s->text);
	sy_arena_free(&s->arena);
	free(s);
}

bool source_is(const struct source *s, const char *path)
{
	struct stat in, other;

	return fstat(fileno(s->file), &in) == 0 && stat(path, &other) == 0 && S_ISREG(in.st_mode) &&
	       in.st_dev == other.st_dev && in.st_ino == other.st_ino;
}

int source_next(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	static int (*const next[])(struct source *, struct sy_arena *, struct item *,
				   struct fail *) = {
	    [SOURCE_CSV] = next_csv,
	    [SOURCE_NDJSON] = next_ndjson,
	    [SOURCE_EPCIS] = next_epcis,
	};

	memset(out, 0, sizeof *out);
	int err = next[s->format](s, arena, out, f);
	if (err == SY_OK && out->reason == NULL && out->record.n == 0)
		out->reason = sy_strerror(SY_ENOMEM);
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

void source_reject(const struct source *s, const struct item *item, struct sy_buf *out)
{
	if (s->format != SOURCE_CSV) {
		if (item != NULL)
			reject_json(item, out);
		return;
	}
	sy_buf_str(out, item != NULL ? item->raw : s->heading);
	sy_buf_byte(out, ',');
	csv_put(out, item != NULL ? sy_str(item->reason) : SY_STR("reason"));
	sy_buf_byte(out, '\n');
}
