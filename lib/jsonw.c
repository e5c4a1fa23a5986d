#include <suyuan/json.h>

#include <inttypes.h>

void sy_jw_init(struct sy_jw *w, struct sy_buf *b)
{
	*w = (struct sy_jw){.b = b};
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

static void put_string(struct sy_buf *b, struct sy_str s)
{
	size_t from = 0;
	sy_buf_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if ((uint8_t)s.p[i] >= 0x20 && s.p[i] != '"' && s.p[i] != '\\')
			continue;
		sy_buf_put(b, s.p + from, i - from);
		put_escape(b, s.p[i]);
		from = i + 1;
	}
	sy_buf_put(b, s.p + from, s.n - from);
	sy_buf_byte(b, '"');
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
