/* CSV: the first row says what the columns are. */
#include "source_impl.h"
#include "words.h"

static int unreadable(struct source *s, const struct csv_row *row, struct fail *f, int err)
{
	if (err == SY_EIO)
		return source_unreadable(s, f);
	fail(f, RC_FAIL, "%s: line %llu, byte %zu: %s", s->o.path,
	     (unsigned long long)row->bad_line, row->bad_byte, words(row->why));
	return err;
}

static bool all_empty(const struct csv_row *row, size_t from)
{
	for (size_t i = from; i < row->n; i++) {
		if (value_trim(row->field[i]).n > 0)
			return false;
	}
	return true;
}

static int unknown_columns(struct source *s, const struct sy_buf *unknown, struct fail *f)
{
	struct sy_buf known = {0};

	columns_list(&known);
	fail(f, RC_USAGE,
	     "%s: unknown columns: %.*s\nknown are: %.*s\n(--map says what they are, "
	     "--ignore-columns leaves them out)",
	     s->o.path, (int)unknown->n, unknown->p, (int)known.n, known.n > 0 ? known.p : "");
	sy_buf_free(&known);
	return f->rc;
}

static int read_columns(struct source *s, const struct csv_row *row, struct fail *f)
{
	struct sy_buf unknown = {0};
	bool seen[F_COUNT] = {false};

	for (size_t i = 0; i < row->n; i++) {
		struct sy_str name = value_trim(row->field[i]);
		enum field field;
		s->map[i] = -1;
		s->name[i] = sy_str(sy_arena_strdup(&s->arena, name));
		if (name.n == 0)
			continue;
		if (mapping_column(s->o.map, name, &field) != SY_OK) {
			sy_buf_printf(&unknown, "%s%.*s", unknown.n ? ", " : "", (int)name.n,
				      name.p);
			continue;
		}
		if (field == F_COUNT)
			continue;
		if (seen[field] && field != F_REASON)
			fail(f, RC_USAGE, "%s: two columns are the same: %s and %s", s->o.path,
			     source_column(s, field, ""), s->name[i].p);
		seen[field] = true;
		s->map[i] = (int)field;
	}
	if (unknown.n > 0 && !s->o.ignore_columns)
		unknown_columns(s, &unknown, f);
	sy_buf_free(&unknown);
	return f->text[0] != '\0' ? f->rc : RC_DONE;
}

int csv_open(struct source *s, struct fail *f)
{
	struct csv_row row;
	int err;

	csv_init(&s->csv, stream_read, s->stream);
	do {
		err = csv_next(&s->csv, &row);
	} while (err == SY_OK && all_empty(&row, 0));
	if (err == SY_ENOTFOUND)
		return fail(f, RC_FAIL, "%s: is empty; a heading was expected", s->o.path);
	if (err == SY_EUTF8)
		return fail(f, RC_FAIL,
			    "%s: line %llu, byte %zu: not %s; what is it?  Give --encoding, or "
			    "save it as UTF-8",
			    s->o.path, (unsigned long long)row.bad_line, row.bad_byte,
			    stream_encoding(s->stream));
	if (err != SY_OK) {
		unreadable(s, &row, f, err);
		return RC_FAIL;
	}
	s->heading = sy_str(sy_arena_strdup(&s->arena, row.raw));
	s->columns = row.n;
	return read_columns(s, &row, f);
}

const char *source_column(const struct source *s, enum field field, const char *otherwise)
{
	static _Thread_local char heading[COLUMN_TEXT];

	if (field == F_COUNT)
		return otherwise;
	for (size_t i = 0; i < s->columns; i++) {
		if (s->map[i] == (int)field)
			return s->name[i].p;
	}
	column_heading(field, false, heading);
	return heading;
}

/* What is wrong with the form of a row; NULL for nothing. */
static const char *form_fault(const struct source *s, const struct csv_row *csv, int err,
			      struct sy_arena *arena)
{
	if (err == SY_EUTF8)
		return sy_arena_printf(arena, "line %llu, byte %zu: not %s",
				       (unsigned long long)csv->bad_line, csv->bad_byte,
				       stream_encoding(s->stream));
	if (err == SY_EINVAL)
		return sy_arena_printf(arena, "field %zu, byte %zu: %s", csv->column, csv->bad_byte,
				       csv->why);
	if (csv->n < s->columns || !all_empty(csv, s->columns))
		return sy_arena_printf(arena, words("has %zu fields, the heading has %zu"), csv->n,
				       s->columns);
	for (size_t i = 0; i < s->columns && !s->o.ignore_columns; i++) {
		if (s->name[i].n == 0 && value_trim(csv->field[i]).n > 0)
			return sy_arena_printf(
			    arena,
			    words("field %zu has a value, but no heading: expected one above it"),
			    i + 1);
	}
	return NULL;
}

int csv_item(struct source *s, struct sy_arena *arena, struct item *out, struct fail *f)
{
	struct csv_row csv;
	struct row row = {0};
	int err;

	do { /* a spreadsheet leaves rows of nothing but separators behind */
		err = csv_next(&s->csv, &csv);
	} while (err == SY_OK && all_empty(&csv, 0));
	if (err == SY_ENOTFOUND)
		return err;
	if (err != SY_OK && err != SY_EINVAL && err != SY_EUTF8)
		return unreadable(s, &csv, f, err);
	out->line = csv.line;
	out->raw = sy_str(sy_arena_strdup(arena, csv.raw));
	if ((out->reason = form_fault(s, &csv, err, arena)) != NULL)
		return SY_OK;
	for (size_t i = 0; i < s->columns; i++) {
		if (s->map[i] >= 0 && csv.field[i].n > 0)
			row.v[s->map[i]] = sy_str(sy_arena_strdup(arena, csv.field[i]));
	}
	source_fill(s, &row);
	source_record(s, &row, arena, out);
	return SY_OK;
}
