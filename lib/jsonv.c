/* What a parsed document's values say; json.c has checked their syntax. */
#include <suyuan/error.h>
#include <suyuan/json.h>

const struct sy_json *sy_json_next(const struct sy_json_doc *doc, const struct sy_json *child)
{
	return child->next < doc->nodes[child->parent].next ? &doc->nodes[child->next] : NULL;
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

static uint32_t hex4(const char *p)
{
	return hex_digit(p[0]) << 12 | hex_digit(p[1]) << 8 | hex_digit(p[2]) << 4 |
	       hex_digit(p[3]);
}

static size_t put_utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

/* The next byte, or the bytes that the escape at *P stands for; how many. */
static size_t next_bytes(const char **p, char out[4])
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *s = *p;
	if (*s != '\\') {
		*p += 1;
		out[0] = *s;
		return 1;
	}
	if (s[1] != 'u') {
		const char *known = strchr(from, s[1]);
		*p += 2;
		out[0] = known ? to[known - from] : s[1];
		return 1;
	}
	uint32_t c = hex4(s + 2);
	*p += 6;
	if (c >= 0xD800 && c <= 0xDBFF) {
		c = 0x10000 + ((c - 0xD800) << 10) + (hex4(s + 8) - 0xDC00);
		*p += 6;
	}
	return put_utf8(c, out);
}

static bool escaped_is(struct sy_str raw, const char *text, size_t n)
{
	const char *p = raw.p, *end = raw.p + raw.n;
	while (p < end) {
		char bytes[4];
		size_t k = next_bytes(&p, bytes);
		if (k > n || memcmp(bytes, text, k) != 0)
			return false;
		text += k;
		n -= k;
	}
	return n == 0;
}

/* TEXT has N bytes. */
static inline bool text_is(struct sy_str raw, bool escaped, const char *text, size_t n)
{
	if (escaped)
		return escaped_is(raw, text, n);
	return raw.n == n && memcmp(raw.p, text, n) == 0;
}

static int unescape(struct sy_str raw, bool escaped, struct sy_arena *arena, struct sy_str *out)
{
	*out = raw;
	if (!escaped)
		return SY_OK;
	/* An escape is never shorter than what it stands for. */
	char *text = sy_arena_alloc(arena, raw.n), *to = text;
	if (text == NULL)
		return SY_ENOMEM;
	for (const char *p = raw.p; p < raw.p + raw.n;) {
		char bytes[4];
		size_t k = next_bytes(&p, bytes);
		memcpy(to, bytes, k);
		to += k;
	}
	*out = (struct sy_str){text, (size_t)(to - text)};
	return SY_OK;
}

static struct sy_str value_text(const struct sy_json_doc *doc, const struct sy_json *v)
{
	return (struct sy_str){doc->text + v->off, v->len};
}

static struct sy_str key_text(const struct sy_json_doc *doc, const struct sy_json *v)
{
	return (struct sy_str){doc->text + v->key_off, v->key_len};
}

/* No name can stand at offset 0. */
static bool has_key(const struct sy_json *v)
{
	return v && v->key_off > 0;
}

const struct sy_json *sy_json_member(const struct sy_json_doc *doc, const struct sy_json *v,
				     struct sy_str name)
{
	if (v == NULL || v->type != SY_JSON_OBJECT)
		return NULL;
	const struct sy_json *m = v + 1;
	for (uint32_t i = 0; i < v->count; i++, m = &doc->nodes[m->next])
		if (text_is(key_text(doc, m), m->key_escaped, name.p, name.n))
			return m;
	return NULL;
}

struct sy_str sy_json_raw(const struct sy_json_doc *doc, const struct sy_json *v)
{
	struct sy_str s = value_text(doc, v);
	if (v->type == SY_JSON_STRING) {
		s.p--;
		s.n += 2;
	}
	return s;
}

bool sy_json_is(const struct sy_json_doc *doc, const struct sy_json *v, const char *text)
{
	return v && v->type == SY_JSON_STRING &&
	       text_is(value_text(doc, v), v->escaped, text, strlen(text));
}

bool sy_json_key_is(const struct sy_json_doc *doc, const struct sy_json *v, const char *name)
{
	return has_key(v) && text_is(key_text(doc, v), v->key_escaped, name, strlen(name));
}

int sy_json_string(const struct sy_json_doc *doc, const struct sy_json *v, struct sy_arena *arena,
		   struct sy_str *out)
{
	if (v == NULL || v->type != SY_JSON_STRING)
		return SY_EINVAL;
	return unescape(value_text(doc, v), v->escaped, arena, out);
}

int sy_json_key(const struct sy_json_doc *doc, const struct sy_json *v, struct sy_arena *arena,
		struct sy_str *out)
{
	if (!has_key(v))
		return SY_EINVAL;
	return unescape(key_text(doc, v), v->key_escaped, arena, out);
}

static int whole_number(const struct sy_json_doc *doc, const struct sy_json *v, bool *negative,
			uint64_t *out)
{
	uint64_t n = 0;
	if (v == NULL || v->type != SY_JSON_NUMBER)
		return SY_EINVAL;
	struct sy_str s = value_text(doc, v);
	size_t i = *negative = s.p[0] == '-';
	if (*negative && s.p[1] == '0')
		return SY_EINVAL;
	for (; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return SY_EINVAL;
	for (i = *negative; i < s.n; i++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.p[i] - '0'), &n))
			return SY_ERANGE;
	*out = n;
	return SY_OK;
}

int sy_json_u64(const struct sy_json_doc *doc, const struct sy_json *v, uint64_t *out)
{
	bool negative;
	uint64_t n;
	int err = whole_number(doc, v, &negative, &n);
	if (err)
		return err;
	if (negative)
		return SY_ERANGE;
	*out = n;
	return SY_OK;
}

int sy_json_i64(const struct sy_json_doc *doc, const struct sy_json *v, int64_t *out)
{
	bool negative;
	uint64_t n;
	int err = whole_number(doc, v, &negative, &n);
	if (err)
		return err;
	if (n > (uint64_t)INT64_MAX + negative)
		return SY_ERANGE;
	*out = negative ? -(int64_t)(n - 1) - 1 : (int64_t)n;
	return SY_OK;
}

static void put_name(struct sy_buf *b, const struct sy_json_doc *doc, const struct sy_json *v)
{
	struct sy_str raw = key_text(doc, v);
	for (const char *p = raw.p; p < raw.p + raw.n;) {
		char bytes[4];
		size_t k = next_bytes(&p, bytes);
		if (bytes[0] == '~')
			sy_buf_text(b, "~0");
		else if (bytes[0] == '/')
			sy_buf_text(b, "~1");
		else
			sy_buf_put(b, bytes, k);
	}
}

static void put_position(struct sy_buf *b, const struct sy_json_doc *doc, uint32_t node)
{
	uint64_t i = 0;
	for (uint32_t v = doc->nodes[node].parent + 1; v != node; v = doc->nodes[v].next)
		i++;
	sy_buf_u64(b, i);
}

const char *sy_json_pointer(const struct sy_json_doc *doc, const struct sy_json *v,
			    struct sy_arena *arena)
{
	uint32_t way[SY_JSON_DEPTH + 1], n = 0;
	struct sy_buf b = {0};
	const char *pointer = NULL;
	for (uint32_t at = (uint32_t)(v - doc->nodes); at > 0; at = doc->nodes[at].parent)
		way[n++] = at;
	while (n > 0) {
		const struct sy_json *step = &doc->nodes[way[--n]];
		sy_buf_byte(&b, '/');
		if (has_key(step))
			put_name(&b, doc, step);
		else
			put_position(&b, doc, way[n]);
	}
	if (!b.failed)
		pointer = sy_arena_strdup(arena, sy_buf_span(&b));
	sy_buf_free(&b);
	return pointer;
}
