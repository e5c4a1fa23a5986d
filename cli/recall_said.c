#include "columns.h"
#include "csv.h"
#include "edit.h"
#include "recall_said.h"
#include "stream.h"
#include "value.h"
#include "words.h"

#include <stdlib.h>

enum { CODE, UNIT, AMOUNTS, COLUMNS = AMOUNTS + AMOUNTS_MAX };
#define FILE_MAX ((size_t)16 << 20)

/* A row as it was written; an empty text was left out. */
struct written {
	struct sy_str v[COLUMNS];
	const char *where;
};

/* Every fault is said, the first of them doesn't end the reading. */
struct reading {
	struct app *app;
	struct said *said;
	size_t faults;
};

static void wrong(struct reading *r, const char *where, const char *column, struct sy_str got,
		  const char *expected)
{
	r->faults++;
	say("%s: %s: is \"%.*s\", expected %s", where, column, (int)got.n, got.p, words(expected));
}

/* --- a row ------------------------------------------------------------------------------------ */

static const char *column_name(const struct reading *r, unsigned column)
{
	static const char *const names[] = {"item", "unit"};

	return column < AMOUNTS ? names[column] : r->said->amounts[column - AMOUNTS].option;
}

static void read_code(struct reading *r, const struct written *w, struct quantity *q)
{
	struct sy_arena *arena = &r->app->arena;
	struct sy_faults faults;
	struct sy_code code;

	if (w->v[CODE].n == 0) {
		wrong(r, w->where, column_name(r, CODE), w->v[CODE], "the code of a batch");
		return;
	}
	sy_faults_init(&faults, arena);
	faults.chinese = r->app->lang == LANG_ZH;
	int err = sy_code_parse(arena, w->v[CODE], &code, &faults, SY_NO_RECORD, "");
	if (err == SY_OK) {
		q->code = code.canonical;
		return;
	}
	r->faults++;
	say("%s: %s is not a code: %s", w->where, sy_arena_strdup(arena, w->v[CODE]),
	    faults.n > 0 ? faults.v[0].detail : words(sy_strerror(err)));
}

static void read_unit(struct reading *r, const struct written *w, struct quantity *q)
{
	char keep[4];
	const char *known;

	if (w->v[UNIT].n == 0)
		return;
	if ((known = unit_code(w->v[UNIT], keep)) == NULL)
		wrong(r, w->where, column_name(r, UNIT), w->v[UNIT], "a unit such as kg");
	else
		q->unit = sy_str(sy_arena_strdup(&r->app->arena, sy_str(known)));
}

/* Nothing of it is an answer as well; a value_decimal is above zero. */
static bool amount_of(struct sy_arena *arena, struct sy_str text, struct sy_decimal *out)
{
	if (value_decimal(arena, text, out))
		return true;
	return sy_decimal_parse(value_narrow(arena, text), out) == SY_OK && out->coef == 0;
}

static void read_amounts(struct reading *r, const struct written *w, struct quantity *q)
{
	for (unsigned i = 0; r->said->amounts[i].option != NULL; i++) {
		struct sy_str text = w->v[AMOUNTS + i];
		if (text.n == 0)
			continue;
		q->has[i] = amount_of(&r->app->arena, text, &q->v[i]);
		if (!q->has[i])
			wrong(r, w->where, column_name(r, AMOUNTS + i), text,
			      "a number such as 12.5");
	}
}

static int add(struct reading *r, const struct written *w)
{
	struct said *s = r->said;
	struct quantity q = {.code = SY_STR(""), .unit = SY_STR(""), .where = w->where};
	size_t before = r->faults;

	read_code(r, w, &q);
	read_unit(r, w, &q);
	read_amounts(r, w, &q);
	if (r->faults > before)
		return RC_DONE;
	if (!sy_arena_room(&r->app->arena, &s->v, &s->cap, s->n + 1, sizeof *s->v))
		return fail_memory(&r->app->fail);
	s->v[s->n++] = q;
	return RC_DONE;
}

/* --- the options ------------------------------------------------------------------------------ */

/* Of several items: what is said once holds for each, else there are as many as items. */
static int read_option(struct app *app, const char *name, size_t item, size_t items,
		       struct sy_str *out)
{
	const char *first = arg_nth(app, name, 0), *nth = arg_nth(app, name, item);
	size_t n = 0;

	while (arg_nth(app, name, n) != NULL)
		n++;
	if (n > 1 && n != items)
		return fail(&app->fail, RC_USAGE,
			    "--%s is there %zu times, --item %zu times: once for all of them, or "
			    "once for each in order",
			    name, n, items);
	*out = first ? value_trim(sy_str(n > 1 ? nth : first)) : SY_STR("");
	return RC_DONE;
}

static int read_options(struct reading *r)
{
	struct app *app = r->app;
	const struct amount *amounts = r->said->amounts;
	size_t items = 0;
	int rc = RC_DONE;

	while (arg_nth(app, "item", items) != NULL)
		items++;
	for (unsigned i = 0; items == 0 && amounts[i].option != NULL; i++)
		if (arg(app, amounts[i].option) != NULL)
			return fail(&app->fail, RC_USAGE, "of which --item?");
	for (size_t n = 0; n < items && rc == RC_DONE; n++) {
		struct written w = {.where = sy_arena_printf(&app->arena, "--item %zu", n + 1)};
		w.v[CODE] = sy_str(arg_nth(app, "item", n));
		rc = read_option(app, "unit", n, items, &w.v[UNIT]);
		for (unsigned i = 0; amounts[i].option != NULL && rc == RC_DONE; i++)
			rc = read_option(app, amounts[i].option, n, items, &w.v[AMOUNTS + i]);
		if (rc == RC_DONE && w.where == NULL)
			rc = fail_memory(&app->fail);
		if (rc == RC_DONE)
			rc = add(r, &w);
	}
	return rc;
}

/* --- a file ----------------------------------------------------------------------------------- */

/* The column of a heading, or a member; -1 for none. */
static int find_column(const struct said *s, struct sy_str name)
{
	static const char *const fixed[] = {"item|code|batch|批次|编码|追溯码|商品条码及批号",
					    "unit|uom|单位|计量单位"};
	char folded[COLUMN_TEXT];

	if (!column_fold(name, folded))
		return -1;
	for (unsigned i = 0; i < AMOUNTS; i++)
		if (column_one_of(folded, fixed[i]))
			return (int)i;
	for (unsigned i = 0; s->amounts[i].option != NULL; i++)
		if (column_one_of(folded, s->amounts[i].headings))
			return (int)(AMOUNTS + i);
	return -1;
}

static const char *known_columns(struct reading *r)
{
	struct sy_buf b = {0};

	sy_buf_text(&b, "item, unit");
	for (unsigned i = 0; r->said->amounts[i].option != NULL; i++)
		sy_buf_printf(&b, ", %s", r->said->amounts[i].option);
	const char *text = sy_arena_strdup(&r->app->arena, sy_buf_span(&b));
	sy_buf_free(&b);
	return text ? text : "";
}

static int no_column(struct reading *r, const char *where, struct sy_str name)
{
	r->faults++;
	say("%s: unknown column: %.*s; known are: %s", where, (int)name.n, name.p,
	    known_columns(r));
	return RC_DONE;
}

static const char *place(struct reading *r, uint64_t line)
{
	const char *text =
	    sy_arena_printf(&r->app->arena, "%s:%llu", r->said->path, (unsigned long long)line);
	return text ? text : r->said->path;
}

static bool is_empty(const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (value_trim(row->field[i]).n > 0)
			return false;
	return true;
}

static int read_heading(struct reading *r, const struct csv_row *row, int map[CSV_FIELDS_MAX])
{
	bool seen[COLUMNS] = {false};

	for (size_t i = 0; i < row->n; i++) {
		struct sy_str name = value_trim(row->field[i]);
		map[i] = name.n ? find_column(r->said, name) : -1;
		if (name.n > 0 && map[i] < 0)
			no_column(r, place(r, row->line), name);
		if (map[i] >= 0 && seen[map[i]])
			wrong(r, place(r, row->line), "column", name, "it once");
		if (map[i] >= 0)
			seen[map[i]] = true;
	}
	if (!seen[CODE] && r->faults == 0)
		wrong(r, place(r, row->line), "heading", row->raw, "a column item");
	return RC_DONE;
}

static int csv_line(struct reading *r, const struct csv_row *row, const int *map, size_t width)
{
	struct written w = {.where = place(r, row->line)};

	if (row->n > width) {
		r->faults++;
		say("%s: has %zu fields, the heading has %zu", w.where, row->n, width);
		return RC_DONE;
	}
	for (size_t i = 0; i < row->n; i++)
		if (map[i] >= 0)
			w.v[map[i]] =
			    sy_str(sy_arena_strdup(&r->app->arena, value_trim(row->field[i])));
	return add(r, &w);
}

static int csv_lines(struct reading *r, struct stream *in)
{
	struct csv_row row;
	struct csv csv;
	int map[CSV_FIELDS_MAX], rc = RC_DONE, err;
	size_t width = 0;

	csv_init(&csv, stream_read, in);
	while (rc == RC_DONE && (err = csv_next(&csv, &row)) != SY_ENOTFOUND) {
		if (err == SY_EINVAL || err == SY_EUTF8) {
			r->faults++;
			say("%s: %s", place(r, row.bad_line),
			    words(err == SY_EUTF8 ? "not valid UTF-8" : row.why));
		} else if (err != SY_OK) {
			rc = fail(&r->app->fail, RC_FAIL, "%s: %s", r->said->path,
				  err == SY_EIO ? stream_why(in) : words(sy_strerror(err)));
		} else if (is_empty(&row)) {
			continue;
		} else if (width == 0) {
			width = row.n;
			rc = read_heading(r, &row, map);
			if (r->faults > 0)
				break;
		} else {
			rc = csv_line(r, &row, map, width);
		}
	}
	csv_free(&csv);
	return rc;
}

static int json_line(struct reading *r, struct sy_str line, uint64_t number)
{
	struct sy_arena *arena = &r->app->arena;
	struct written w = {.where = place(r, number)};
	struct sy_json_fault why;
	struct sy_json_doc doc;
	const struct sy_json *root, *m;

	if (sy_json_parse(arena, line, 0, &doc, &why) != SY_OK) {
		r->faults++;
		say("%s: byte %zu: %s", w.where, why.offset + 1, words(sy_strerror(why.err)));
		return RC_DONE;
	}
	root = sy_json_root(&doc);
	if (root->type != SY_JSON_OBJECT) {
		wrong(r, w.where, "line", line, "an object");
		return RC_DONE;
	}
	sy_json_each (&doc, root, m) {
		struct sy_str key, text = sy_json_raw(&doc, m);
		int column =
		    sy_json_key(&doc, m, arena, &key) == SY_OK ? find_column(r->said, key) : -1;
		if (column < 0) {
			no_column(r, w.where, key);
			return RC_DONE;
		}
		if (m->type == SY_JSON_STRING && sy_json_string(&doc, m, arena, &text) != SY_OK)
			return fail_memory(&r->app->fail);
		w.v[column] = m->type == SY_JSON_NULL ? SY_STR("") : text;
	}
	return add(r, &w);
}

static int json_lines(struct reading *r, struct stream *in)
{
	struct sy_buf text = {0};
	struct sy_str rest, line;
	char piece[65536];
	int rc = RC_DONE;
	uint64_t number = 0;
	long n;

	while ((n = stream_read(in, piece, sizeof piece)) > 0 && text.n <= FILE_MAX)
		sy_buf_put(&text, piece, (size_t)n);
	if (n < 0)
		rc = fail(&r->app->fail, RC_FAIL, "%s: %s", r->said->path, stream_why(in));
	else if (text.failed || text.n > FILE_MAX)
		rc = fail(&r->app->fail, RC_FAIL, "%s: %s", r->said->path,
			  words(sy_strerror(text.failed ? SY_ENOMEM : SY_ETOOBIG)));
	/* What is read points into it. */
	const char *copy = rc == RC_DONE ? sy_arena_strdup(&r->app->arena, sy_buf_span(&text)) : "";
	rest = sy_str(copy ? copy : "");
	sy_buf_free(&text);
	while (rc == RC_DONE && sy_str_line(&rest, &line)) {
		number++;
		if (value_trim(line).n > 0)
			rc = json_line(r, line, number);
	}
	return rc;
}

static int read_file(struct reading *r)
{
	struct stream *in;
	int rc = stream_open(r->said->path, ENC_GUESS, &in, &r->app->fail);

	if (rc != RC_DONE)
		return rc;
	struct sy_str head = value_trim(stream_peek(in));
	rc = head.n > 0 && head.p[0] == '{' ? json_lines(r, in) : csv_lines(r, in);
	stream_close(in);
	if (rc == RC_DONE && r->faults == 0 && r->said->n == 0)
		rc = fail(&r->app->fail, RC_REFUSED, "%s: has no row", r->said->path);
	return rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int by_code(const void *a, const void *b)
{
	const struct quantity *x = a, *y = b;
	int order = sy_str_cmp(x->code, y->code);

	return order ? order : sy_str_cmp(x->unit, y->unit);
}

/* A batch that is there twice in one unit would say two things. */
static void find_twice(struct reading *r)
{
	struct said *s = r->said;

	qsort(s->v, s->n, s->n ? sizeof *s->v : 1, by_code);
	for (size_t i = 1; i < s->n; i++)
		if (by_code(&s->v[i - 1], &s->v[i]) == 0)
			wrong(r, s->v[i].where, "item", s->v[i].code, "each batch once in a unit");
}

int said_read(struct app *app, struct said *s)
{
	struct reading r = {.app = app, .said = s};
	int rc = read_options(&r);
	int bad = s->path != NULL ? RC_REFUSED : RC_USAGE;

	if (rc == RC_DONE && s->path != NULL)
		rc = read_file(&r);
	if (rc == RC_DONE && s->n > 0)
		find_twice(&r);
	if (rc == RC_DONE && r.faults > 0)
		rc = fail(&app->fail, bad, "%s", words("nothing was sent"));
	return rc;
}

struct quantity *said_find(struct said *s, struct sy_str code, struct sy_str unit)
{
	struct quantity key = {.code = code, .unit = unit};

	return s->n ? bsearch(&key, s->v, s->n, sizeof *s->v, by_code) : NULL;
}

void said_put(const struct said *s, const struct quantity *q, struct sy_jw *w)
{
	char number[SY_DECIMAL_TEXT];

	sy_jw_object(w);
	sy_jw_kv_str(w, "code", q->code);
	if (q->unit.n > 0)
		sy_jw_kv_str(w, "uom", q->unit);
	for (unsigned i = 0; s->amounts[i].option != NULL; i++) {
		if (!q->has[i])
			continue;
		sy_decimal_format(q->v[i], number);
		sy_jw_key(w, s->amounts[i].member);
		sy_jw_raw(w, sy_str(number));
	}
	sy_jw_end(w, '}');
}
