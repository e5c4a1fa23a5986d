#include "csv.h"
#include "words.h"

#define BLOCK 65536

void csv_init(struct csv *c, csv_read_fn read, void *ctx)
{
	memset(c, 0, sizeof *c);
	c->read = read;
	c->ctx = ctx;
	c->line = 1;
}

void csv_free(struct csv *c)
{
	sy_buf_free(&c->in);
	sy_buf_free(&c->text);
}

/* Reads on; what was taken already makes room first. */
static int fill(struct csv *c)
{
	if (c->at > 0) {
		memmove(c->in.p, c->in.p + c->at, c->in.n - c->at);
		c->in.n -= c->at;
		c->at = 0;
	}
	if (c->in.n > CSV_ROW_MAX)
		return SY_ETOOBIG;
	size_t before = c->in.n;
	char *room = sy_buf_room(&c->in, BLOCK);
	if (room == NULL)
		return SY_ENOMEM;
	long n = c->read(c->ctx, room, BLOCK);
	c->in.n = before + (n > 0 ? (size_t)n : 0);
	c->eof = n <= 0;
	return n < 0 ? SY_EIO : SY_OK;
}

/*
 * Finds the end of the row that begins at c->at: *END is its LF or the end of the input.  Quotes
 * open only at the start of a field; elsewhere a quote is a fault for the parser, and the row ends
 * with its line.
 */
static int find_end(struct csv *c, size_t *end, bool *open)
{
	bool quoted = false, start = true;
	size_t i = 0; /* from c->at */

	for (;; i++) {
		if (c->at + i == c->in.n) {
			int err = c->eof ? SY_OK : fill(c);
			if (err != SY_OK && !(err == SY_ETOOBIG && quoted))
				return err;
			if (c->at + i == c->in.n) {
				*end = c->at + i;
				*open = quoted;
				return SY_OK;
			}
		}
		char ch = c->in.p[c->at + i];
		if (quoted && ch == '\n' && c->unclosed >= CSV_UNCLOSED_MAX) {
			*end = c->at + i;
			*open = true;
			return SY_OK;
		}
		if (quoted) {
			quoted = ch != '"'; /* a doubled quote closes and opens again */
			start = false;
			if (ch == '"' && c->at + i + 1 == c->in.n && !c->eof) {
				int err = fill(c);
				if (err != SY_OK)
					return err;
			}
			if (ch == '"' && c->at + i + 1 < c->in.n && c->in.p[c->at + i + 1] == '"') {
				quoted = true;
				i++;
			}
			continue;
		}
		if (ch == '\n') {
			*end = c->at + i;
			*open = false;
			return SY_OK;
		}
		quoted = ch == '"' && start;
		start = ch == c->separator;
	}
}

static int bad(struct csv_row *row, uint64_t line, size_t byte, size_t column, const char *why)
{
	row->bad_line = line;
	row->bad_byte = byte;
	row->column = column;
	row->why = why;
	return SY_EINVAL;
}

/* A quoted field from its opening quote; *I ends behind the closing one. */
static int unquote(struct csv *c, struct csv_row *row, struct sy_str raw, size_t *i)
{
	size_t from = *i;

	for (++*i; *i < raw.n; ++*i) {
		if (raw.p[*i] != '"') {
			sy_buf_byte(&c->text, raw.p[*i]);
		} else if (*i + 1 < raw.n && raw.p[*i + 1] == '"') {
			sy_buf_byte(&c->text, '"');
			++*i;
		} else {
			++*i;
			if (*i < raw.n && raw.p[*i] != c->separator)
				return bad(row, row->line, *i + 1, row->n + 1,
					   "text behind a closing quote");
			return SY_OK;
		}
	}
	return bad(row, row->line, from + 1, row->n + 1, "a quote that is never closed");
}

static int plain(struct csv *c, struct csv_row *row, struct sy_str raw, size_t *i)
{
	for (; *i < raw.n && raw.p[*i] != c->separator; ++*i) {
		if (raw.p[*i] == '"')
			return bad(row, row->line, *i + 1, row->n + 1,
				   "a quote inside a field that doesn't begin with one");
		sy_buf_byte(&c->text, raw.p[*i]);
	}
	return SY_OK;
}

/* Fields are collected in c->text; their places become spans when it no longer moves. */
static int split(struct csv *c, struct csv_row *row)
{
	size_t ends[CSV_FIELDS_MAX], i = 0;
	int err;

	for (;;) {
		bool q = i < row->raw.n && row->raw.p[i] == '"';
		if (row->n == CSV_FIELDS_MAX)
			return bad(row, row->line, i + 1, row->n, "more than 256 fields");
		err = q ? unquote(c, row, row->raw, &i) : plain(c, row, row->raw, &i);
		if (err != SY_OK)
			return err;
		ends[row->n++] = c->text.n;
		if (i >= row->raw.n)
			break;
		i++; /* the separator; a field follows, were it empty */
	}
	if (c->text.failed)
		return SY_ENOMEM;
	for (size_t k = 0, from = 0; k < row->n; from = ends[k++])
		row->field[k] = (struct sy_str){c->text.p ? c->text.p + from : "", ends[k] - from};
	return SY_OK;
}

/* Line and byte of an offset in the row, which may span lines. */
static int not_utf8(struct csv_row *row, size_t offset)
{
	uint64_t line = row->line;
	size_t byte = 1;

	for (size_t i = 0; i < offset; i++) {
		byte++;
		if (row->raw.p[i] == '\n')
			line++, byte = 1;
	}
	bad(row, line, byte, 0, "not UTF-8");
	return SY_EUTF8;
}

/* Tells the separator from the first line that has something in it. */
static int start(struct csv *c)
{
	static const char separators[] = {',', ';', '\t'};
	size_t n[sizeof separators] = {0}, best = 0, length = 0;
	bool quoted = false;

	for (size_t i = 0;; i++) { /* nothing is taken yet: from the beginning of c->in */
		int err = i == c->in.n && !c->eof ? fill(c) : SY_OK;
		if (err == SY_ETOOBIG || i == c->in.n)
			break;
		if (err != SY_OK)
			return err;
		char ch = c->in.p[i];
		quoted ^= ch == '"';
		if (ch == '\n' && !quoted && length > 0)
			break;
		length += ch != '\n' && ch != '\r';
		for (size_t k = 0; k < sizeof separators && !quoted; k++)
			n[k] += ch == separators[k];
	}
	for (size_t k = 1; k < sizeof separators; k++)
		best = n[k] > n[best] ? k : best;
	c->separator = separators[best];
	return SY_OK;
}

/* Takes the row up to END off the input, and counts its lines. */
static void take(struct csv *c, struct csv_row *row, size_t end)
{
	struct sy_str raw = {c->in.p + c->at, end - c->at};

	row->line = c->line;
	c->line++;
	for (size_t i = 0; i < raw.n; i++)
		c->line += raw.p[i] == '\n';
	if (raw.n > 0 && raw.p[raw.n - 1] == '\r')
		raw.n--;
	row->raw = raw;
	c->at = end < c->in.n ? end + 1 : end;
}

static int one(struct csv *c, struct csv_row *row)
{
	size_t end = 0, at;
	bool open = false;
	int err;

	row->n = 0;
	row->column = row->bad_byte = 0;
	row->why = NULL;
	row->raw = (struct sy_str){"", 0};
	sy_buf_reset(&c->text);
	if (c->at == c->in.n && c->eof)
		return SY_ENOTFOUND;
	if ((c->separator == 0 && (err = start(c)) != SY_OK) ||
	    (err = find_end(c, &end, &open)) != SY_OK) {
		bad(row, c->line, 1, 0,
		    err == SY_ETOOBIG ? "a row of more than 1 MiB; is a quote never closed?"
				      : words(sy_strerror(err)));
		return err;
	}
	if (c->at == c->in.n && c->eof)
		return SY_ENOTFOUND;
	at = c->at;
	if (open) { /* only its first line is bad; what follows may be sound */
		c->unclosed++;
		const char *lf = memchr(c->in.p + at, '\n', end - at);
		if (lf != NULL)
			end = (size_t)(lf - c->in.p);
	}
	take(c, row, end);
	if (!sy_utf8_valid(row->raw.p, row->raw.n, &at))
		return not_utf8(row, at);
	return split(c, row);
}

int csv_next(struct csv *c, struct csv_row *row)
{
	int err;

	if (c->failed)
		return SY_ENOTFOUND;
	do {
		err = one(c, row);
	} while (err == SY_OK && row->raw.n == 0);
	c->failed = err != SY_OK && err != SY_EINVAL && err != SY_EUTF8;
	return err;
}

void csv_put(struct sy_buf *out, struct sy_str field, char separator)
{
	bool quote = false;

	for (size_t i = 0; i < field.n; i++)
		quote = quote || field.p[i] == separator || strchr("\"\r\n", field.p[i]) != NULL;
	if (!quote) {
		sy_buf_str(out, field);
		return;
	}
	sy_buf_byte(out, '"');
	for (size_t i = 0; i < field.n; i++) {
		if (field.p[i] == '"')
			sy_buf_byte(out, '"');
		sy_buf_byte(out, field.p[i]);
	}
	sy_buf_byte(out, '"');
}

void csv_put_text(struct sy_buf *out, struct sy_str field, char separator)
{
	struct sy_buf text = {0};

	if (field.n == 0 || strchr("=+-@\t\r", field.p[0]) == NULL) {
		csv_put(out, field, separator);
		return;
	}
	sy_buf_byte(&text, '\'');
	sy_buf_str(&text, field);
	csv_put(out, sy_buf_span(&text), separator);
	out->failed = out->failed || text.failed;
	sy_buf_free(&text);
}
