#include <suyuan/json.h>

#include <inttypes.h>

void sy_jw_init(struct sy_jw *w, struct sy_buf *b)
{
	*w = (struct sy_jw){.b = b};
}

/* Room for N bytes; a call only when the buffer must grow. */
static char *room(struct sy_buf *b, size_t n)
{
	if (b->failed || n >= b->cap - b->n)
		return sy_buf_room(b, n);
	b->n += n;
	return b->p + b->n - n;
}

/* The comma, where one is due. */
static void begin(struct sy_jw *w)
{
	uint64_t bit = UINT64_C(1) << w->depth;
	if (w->some & bit && !w->after_key)
		sy_buf_byte(w->b, ',');
	w->some |= bit;
	w->after_key = false;
}

static void open_container(struct sy_jw *w, char c)
{
	begin(w);
	sy_buf_byte(w->b, c);
	if (w->depth == SY_JSON_DEPTH - 1) {
		w->b->failed = true;
		return;
	}
	w->depth++;
	w->some &= ~(UINT64_C(1) << w->depth);
}

void sy_jw_object(struct sy_jw *w)
{
	open_container(w, '{');
}

void sy_jw_array(struct sy_jw *w)
{
	open_container(w, '[');
}

void sy_jw_end(struct sy_jw *w, char close)
{
	sy_buf_byte(w->b, close);
	if (w->depth > 0)
		w->depth--;
}

static void put_escape(struct sy_buf *b, char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *known = memchr(from, c, sizeof from - 1);
	if (known)
		sy_buf_put(b, (char[]){'\\', to[known - from]}, 2);
	else
		sy_buf_printf(b, "\\u%04x", (unsigned)(uint8_t)c);
}

static bool is_plain(char c)
{
	return (uint8_t)c >= 0x20 && c != '"' && c != '\\';
}

/* The same of eight bytes at once: each is taken from 0x20, or compared with a quote or a
 * backslash, in its own part of one word, and a borrow shows in the part's highest bit. */
static bool are_plain(const char *p)
{
	const uint64_t ones = UINT64_MAX / 0xff, high = ones << 7;
	uint64_t v, quote, slash;
	memcpy(&v, p, sizeof v);
	quote = v ^ ones * '"';
	slash = v ^ ones * '\\';
	uint64_t borrowed =
	    ((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
	return (borrowed & high) == 0;
}

/* How many bytes from the first on stand in a string as they are. */
static size_t plain_run(struct sy_str s)
{
	size_t n = 0;
	while (s.n - n >= 8 && are_plain(s.p + n))
		n += 8;
	if (s.n >= 8 && s.n - n < 8 && are_plain(s.p + s.n - 8))
		return s.n;
	while (n < s.n && is_plain(s.p[n]))
		n++;
	return n;
}

static void put_escaped(struct sy_buf *b, struct sy_str s, size_t run)
{
	sy_buf_byte(b, '"');
	sy_buf_put(b, s.p, run);
	for (size_t n = run; n < s.n; n += run) {
		put_escape(b, s.p[n++]);
		struct sy_str rest = {s.p + n, s.n - n};
		run = plain_run(rest);
		sy_buf_put(b, rest.p, run);
	}
	sy_buf_byte(b, '"');
}

/* Most strings need no escape and are one copy. */
static void put_string(struct sy_buf *b, struct sy_str s)
{
	size_t run = plain_run(s);
	if (run < s.n) {
		put_escaped(b, s, run);
		return;
	}
	char *p = room(b, s.n + 2);
	if (p == NULL)
		return;
	p[0] = '"';
	if (s.n > 0)
		memcpy(p + 1, s.p, s.n);
	p[s.n + 1] = '"';
}

void sy_jw_key(struct sy_jw *w, const char *name)
{
	begin(w);
	put_string(w->b, sy_str(name));
	sy_buf_byte(w->b, ':');
	w->after_key = true;
}

void sy_jw_string(struct sy_jw *w, struct sy_str s)
{
	begin(w);
	put_string(w->b, s);
}

void sy_jw_text(struct sy_jw *w, const char *text)
{
	if (text == NULL)
		sy_jw_null(w);
	else
		sy_jw_string(w, sy_str(text));
}

void sy_jw_u64(struct sy_jw *w, uint64_t v)
{
	begin(w);
	sy_buf_u64(w->b, v);
}

void sy_jw_i64(struct sy_jw *w, int64_t v)
{
	begin(w);
	sy_buf_printf(w->b, "%" PRId64, v);
}

void sy_jw_bool(struct sy_jw *w, bool v)
{
	begin(w);
	sy_buf_text(w->b, v ? "true" : "false");
}

void sy_jw_null(struct sy_jw *w)
{
	begin(w);
	sy_buf_text(w->b, "null");
}

void sy_jw_base64(struct sy_jw *w, const void *data, size_t n)
{
	begin(w);
	sy_buf_byte(w->b, '"');
	sy_buf_base64(w->b, data, n);
	sy_buf_byte(w->b, '"');
}

void sy_jw_raw(struct sy_jw *w, struct sy_str json)
{
	begin(w);
	sy_buf_str(w->b, json);
}

void sy_jw_kv_text(struct sy_jw *w, const char *name, const char *text)
{
	sy_jw_key(w, name);
	sy_jw_text(w, text);
}

void sy_jw_kv_str(struct sy_jw *w, const char *name, struct sy_str s)
{
	sy_jw_key(w, name);
	sy_jw_string(w, s);
}

void sy_jw_kv_u64(struct sy_jw *w, const char *name, uint64_t v)
{
	sy_jw_key(w, name);
	sy_jw_u64(w, v);
}
