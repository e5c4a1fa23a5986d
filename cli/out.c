#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "out.h"
#include "words.h"

struct out_ops {
	void (*open)(struct out *o, const char *key, bool list);
	void (*close)(struct out *o);
	void (*value)(struct out *o, const char *key, struct sy_str value, bool quoted);
	void (*finish)(struct out *o);
};

static void write_failed(struct out *o)
{
	o->closed = o->closed || errno == EPIPE;
	o->failed = true;
}

static void write_all(struct out *o, struct sy_str s)
{
	if (s.n > 0 && fwrite(s.p, 1, s.n, o->file) != s.n)
		write_failed(o);
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* To a terminal; what isn't whole waits in the line. */
static void write_safe(struct out *o, struct sy_str s)
{
	struct sy_buf clean = {0};

	sy_buf_str(&o->line, s);
	size_t n = text_clean_lines(&clean, sy_buf_span(&o->line));
	o->failed = o->failed || o->line.failed || clean.failed;
	write_all(o, sy_buf_span(&clean));
	sy_buf_free(&clean);
	if (o->line.failed)
		return;
	memmove(o->line.p, o->line.p + n, o->line.n - n);
	o->line.n -= n;
}

static void json_drain(struct out *o)
{
	if (o->terminal && o->buf.n > 0)
		write_safe(o, sy_buf_span(&o->buf));
	else
		write_all(o, sy_buf_span(&o->buf));
	o->failed = o->failed || o->buf.failed;
	sy_buf_reset(&o->buf);
}

static void json_open(struct out *o, const char *key, bool list)
{
	if (key != NULL && o->depth > 0)
		sy_jw_key(&o->w, key);
	if (list)
		sy_jw_array(&o->w);
	else
		sy_jw_object(&o->w);
	o->frame[o->depth++].list = list;
}

static void json_close(struct out *o)
{
	sy_jw_end(&o->w, o->frame[--o->depth].list ? ']' : '}');
	if (o->depth == 0)
		sy_buf_byte(&o->buf, '\n');
	if (o->depth == 0 || o->buf.n > 65536)
		json_drain(o);
	if (o->depth == 0)
		sy_jw_init(&o->w, &o->buf);
}

static void json_value(struct out *o, const char *key, struct sy_str value, bool quoted)
{
	if (key != NULL)
		sy_jw_key(&o->w, key);
	if (quoted)
		sy_jw_string(&o->w, value);
	else
		sy_jw_raw(&o->w, value);
	if (o->depth == 0) { /* a bare value is a line of its own */
		sy_buf_byte(&o->buf, '\n');
		json_drain(o);
		sy_jw_init(&o->w, &o->buf);
	}
}

static void json_finish(struct out *o)
{
	json_drain(o);
}

static const struct out_ops json_ops = {json_open, json_close, json_value, json_finish};

/* --- text ------------------------------------------------------------------------------------- */

static bool grow(struct out *o, void **v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return true;
	size_t to = *cap ? *cap * 2 : 64;
	void *p = realloc(*v, to * size);
	if (p == NULL) {
		o->failed = true;
		return false;
	}
	*v = p;
	*cap = to;
	return true;
}

static void add_cell(struct out *o, const char *key, struct sy_str value)
{
	struct sy_buf clean = {0};

	if (!grow(o, (void **)&o->cells, o->n_cells, &o->cap_cells, sizeof *o->cells))
		return;
	text_clean(&clean, value);
	const char *text = sy_arena_strdup(&o->arena, sy_buf_span(&clean));
	const char *name = sy_arena_strdup(&o->arena, sy_str(key));
	o->failed = o->failed || clean.failed || text == NULL || name == NULL;
	sy_buf_free(&clean);
	if (text != NULL && name != NULL)
		o->cells[o->n_cells++] = (struct out_cell){name, text};
}

static void end_row(struct out *o)
{
	if (grow(o, (void **)&o->row_ends, o->n_rows, &o->cap_rows, sizeof *o->row_ends))
		o->row_ends[o->n_rows++] = o->n_cells;
}

static void pad(struct sy_buf *b, const char *text, size_t width)
{
	sy_buf_text(b, text);
	for (size_t w = text_width(sy_str(text)); w < width; w++)
		sy_buf_byte(b, ' ');
}

static void put_line(struct out *o)
{
	while (o->line.n > 0 && o->line.p[o->line.n - 1] == ' ')
		o->line.n--;
	sy_buf_byte(&o->line, '\n');
	o->failed = o->failed || o->line.failed;
	write_all(o, sy_buf_span(&o->line));
	sy_buf_reset(&o->line);
}

static void forget(struct out *o)
{
	o->n_cells = o->n_rows = 0;
	sy_arena_reset(&o->arena);
}

/* An object's cells: a line each, values below one another. */
static void flush_fields(struct out *o)
{
	size_t width = 0;

	for (size_t i = 0; i < o->n_cells; i++) {
		o->cells[i].key = words(o->cells[i].key);
		size_t w = text_width(sy_str(o->cells[i].key));
		width = w > width ? w : width;
	}
	for (size_t i = 0; i < o->n_cells; i++) {
		if (width > 0) /* a bare value has no name */
			pad(&o->line, o->cells[i].key, width + 2);
		sy_buf_text(&o->line, o->cells[i].text);
		put_line(o);
	}
	forget(o);
}

#define COLUMNS_MAX 32

struct columns {
	const char *key[COLUMNS_MAX];
	size_t width[COLUMNS_MAX];
	size_t n;
};

static size_t column_of(struct columns *c, const char *key)
{
	size_t i = 0;

	while (i < c->n && strcmp(c->key[i], key) != 0)
		i++;
	if (i == c->n && c->n < COLUMNS_MAX) {
		c->key[c->n] = key;
		c->width[c->n++] = text_width(sy_str(words(key)));
	}
	return i;
}

static void table_line(struct out *o, const struct columns *c, const char *const *text)
{
	for (size_t i = 0; i < c->n; i++)
		pad(&o->line, text[i] != NULL ? text[i] : "-", c->width[i] + 2);
	put_line(o);
}

static void table_heading(struct out *o, const struct columns *c)
{
	const char *text[COLUMNS_MAX];

	for (size_t i = 0; i < c->n; i++)
		text[i] = words(c->key[i]);
	table_line(o, c, text);
}

/* Rows of cells: a heading, then columns as wide as their widest cell. */
static void flush_table(struct out *o)
{
	struct columns c = {0};
	size_t at = 0;

	for (size_t i = 0; i < o->n_cells; i++) {
		size_t col = column_of(&c, o->cells[i].key);
		size_t w = text_width(sy_str(o->cells[i].text));
		if (col < c.n && w > c.width[col])
			c.width[col] = w;
	}
	if (c.n > 0)
		table_heading(o, &c);
	for (size_t r = 0; r < o->n_rows; r++) {
		const char *text[COLUMNS_MAX] = {0};
		for (; at < o->row_ends[r]; at++) {
			size_t col = column_of(&c, o->cells[at].key);
			if (col < c.n)
				text[col] = o->cells[at].text;
		}
		table_line(o, &c, text);
	}
	forget(o);
}

static struct out_frame *top(struct out *o)
{
	return o->depth > 0 ? &o->frame[o->depth - 1] : NULL;
}

static bool in_table(const struct out *o)
{
	return o->depth >= 2 && !o->frame[o->depth - 1].list && o->frame[o->depth - 2].list;
}

/* The fields that come before a table in the same object are printed above it. */
static void text_open(struct out *o, const char *key, bool list)
{
	if (!list && o->depth > 1 && o->frame[o->depth - 1].list && o->n_rows == 0)
		flush_fields(o);
	o->frame[o->depth++] = (struct out_frame){list, key, 0};
}

/* A list of values became one buffered line; it is a field of what is around it. */
static void text_close(struct out *o)
{
	struct out_frame f = *top(o);
	bool row = in_table(o);

	o->depth--;
	if (f.list && f.scalars > 0) {
		struct sy_buf joined = o->line;
		o->line = (struct sy_buf){0};
		add_cell(o, f.key != NULL ? f.key : "", sy_buf_span(&joined));
		sy_buf_free(&joined);
		if (o->depth == 0)
			flush_fields(o);
	} else if (row) {
		end_row(o);
	} else if (f.list && o->n_rows > 0) {
		flush_table(o);
	} else if (!f.list && o->depth == 0) {
		flush_fields(o);
	}
}

static void text_value(struct out *o, const char *key, struct sy_str value, bool quoted)
{
	struct out_frame *f = top(o);

	(void)quoted;
	if (f != NULL && f->list) {
		if (f->scalars++ > 0)
			sy_buf_text(&o->line, ", ");
		sy_buf_str(&o->line, value);
		return;
	}
	if (f != NULL && f->key != NULL && !in_table(o)) {
		struct sy_buf name = {0};
		sy_buf_printf(&name, "%s %s", words(f->key), key != NULL ? words(key) : "");
		add_cell(o, sy_buf_cstr(&name), value);
		sy_buf_free(&name);
	} else {
		add_cell(o, key != NULL ? key : "", value);
	}
	if (o->depth == 0)
		flush_fields(o);
}

static void text_finish(struct out *o)
{
	(void)o;
}

static const struct out_ops text_ops = {text_open, text_close, text_value, text_finish};

/* --- what handlers call ----------------------------------------------------------------------- */

void out_init(struct out *o, FILE *file, bool json)
{
	memset(o, 0, sizeof *o);
	o->ops = json ? &json_ops : &text_ops;
	o->file = file;
	o->terminal = isatty(fileno(file));
	sy_jw_init(&o->w, &o->buf);
}

int out_finish(struct out *o)
{
	o->ops->finish(o);
	if (fflush(o->file) != 0)
		write_failed(o);
	return o->failed ? SY_EIO : SY_OK;
}

void out_free(struct out *o)
{
	sy_buf_free(&o->buf);
	sy_buf_free(&o->line);
	sy_arena_free(&o->arena);
	free(o->cells);
	free(o->row_ends);
	o->cells = NULL;
	o->row_ends = NULL;
}

bool out_is_json(const struct out *o)
{
	return o->ops == &json_ops;
}

void out_object(struct out *o, const char *key)
{
	if (o->depth < OUT_DEPTH)
		o->ops->open(o, key, false);
}

void out_list(struct out *o, const char *key)
{
	if (o->depth < OUT_DEPTH)
		o->ops->open(o, key, true);
}

void out_end(struct out *o)
{
	if (o->depth > 0)
		o->ops->close(o);
}

void out_str(struct out *o, const char *key, struct sy_str value)
{
	o->ops->value(o, key, value, true);
}

void out_text(struct out *o, const char *key, const char *value)
{
	if (value != NULL)
		out_str(o, key, sy_str(value));
}

void out_word(struct out *o, const char *key, const char *word)
{
	out_text(o, key, out_is_json(o) ? word : words(word));
}

void out_printf(struct out *o, const char *key, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		o->failed = true;
		return;
	}
	out_text(o, key, text);
	free(text);
}

void out_u64(struct out *o, const char *key, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)value);

	o->ops->value(o, key, (struct sy_str){text, (size_t)n}, false);
}

void out_bool(struct out *o, const char *key, bool value)
{
	o->ops->value(o, key, value ? SY_STR("true") : SY_STR("false"), false);
}

void out_json(struct out *o, const char *key, struct sy_str json)
{
	o->ops->value(o, key, json, false);
}

void out_line(struct out *o, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	if (out_is_json(o))
		return;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		o->failed = true;
		return;
	}
	text_clean(&o->line, (struct sy_str){text, (size_t)n});
	put_line(o);
	free(text);
}

void out_bytes(struct out *o, struct sy_str bytes)
{
	if (o->terminal && bytes.n > 0)
		write_safe(o, bytes);
	else
		write_all(o, bytes);
}
