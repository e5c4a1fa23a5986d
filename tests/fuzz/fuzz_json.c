/*
 * The reader of JSON.  The first byte chooses the mode.  Of an accepted text the spans lie inside
 * it, the tree is in order, every pointer leads back to its node, and what the writer makes of the
 * strings reads the same.
 */
#include <suyuan/error.h>
#include <suyuan/json.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static struct sy_arena arena;

/* RFC 6901, by the public functions. */
static const struct sy_json *resolve(const struct sy_json_doc *doc, const char *pointer)
{
	const struct sy_json *v = sy_json_root(doc);
	while (v && *pointer == '/') {
		size_t n = strcspn(++pointer, "/");
		char *name = sy_arena_strdup(&arena, (struct sy_str){pointer, n}), *to = name;
		MUST(name);
		pointer += n;
		if (v->type == SY_JSON_ARRAY) {
			unsigned long i = strtoul(name, NULL, 10);
			for (v = sy_json_first(doc, v); v && i > 0; i--)
				v = sy_json_next(doc, v);
			continue;
		}
		for (const char *from = name; *from; from++)
			*to++ = *from != '~' ? *from : *++from == '0' ? '~' : '/';
		*to = '\0';
		v = sy_json_get(doc, v, name);
	}
	return v;
}

static void check_text(struct sy_str s)
{
	struct sy_buf b = {0};
	struct sy_jw w;
	struct sy_json_doc doc;
	struct sy_str again;
	MUST(sy_utf8_valid(s.p, s.n, NULL));
	MUST(memchr(s.p, '\0', s.n) == NULL);
	sy_jw_init(&w, &b);
	sy_jw_string(&w, s);
	MUST(sy_json_parse(&arena, sy_buf_span(&b), 0, &doc, NULL) == SY_OK);
	MUST(sy_json_string(&doc, sy_json_root(&doc), &arena, &again) == SY_OK);
	MUST(sy_str_eq(s, again));
	sy_buf_free(&b);
}

static void check_node(const struct sy_json_doc *doc, uint32_t i)
{
	const struct sy_json *v = &doc->nodes[i], *parent = &doc->nodes[v->parent], *child;
	uint32_t count = 0, children = i + 1;
	struct sy_str s;
	MUST((size_t)v->off + v->len <= doc->len);
	MUST((size_t)v->key_off + v->key_len <= doc->len);
	MUST(v->next > i && v->next <= doc->count);
	MUST(i == 0 ? v->parent == 0 : v->parent < i);
	MUST(i == 0 || (v->off > parent->off && v->off + v->len < parent->off + parent->len));
	sy_json_each (doc, v, child) {
		MUST(child == &doc->nodes[children]);
		children = child->next;
		count++;
	}
	MUST(count == v->count && children == v->next);
	MUST((v->key_off > 0) == (i > 0 && parent->type == SY_JSON_OBJECT));
	if (sy_json_string(doc, v, &arena, &s) == SY_OK)
		check_text(s);
	if (sy_json_key(doc, v, &arena, &s) == SY_OK)
		check_text(s);
	const char *pointer = sy_json_pointer(doc, v, &arena);
	MUST(pointer && resolve(doc, pointer) == v);
}

/* A value's own text is a text of its own. */
static void check_raw(const struct sy_json_doc *doc, uint32_t i)
{
	struct sy_json_doc own;
	const struct sy_json *v = &doc->nodes[i];
	MUST(sy_json_parse(&arena, sy_json_raw(doc, v), 0, &own, NULL) == SY_OK);
	MUST(own.count == v->next - i && own.nodes[0].type == v->type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_json_doc doc;
	struct sy_json_fault fault;
	if (n == 0)
		return 0;
	int flags = data[0] & 1 ? SY_JSON_RECORD : 0;
	struct sy_str text = {(const char *)data + 1, n - 1};
	int err = sy_json_parse(&arena, text, flags, &doc, &fault);
	if (err == SY_OK) {
		MUST(sy_utf8_valid(text.p, text.n, NULL));
		for (uint32_t i = 0; i < doc.count && i < 1000; i++) {
			check_node(&doc, i);
			check_raw(&doc, i);
		}
	} else {
		MUST(doc.count == 0 && fault.err == err);
		MUST(fault.offset <= text.n && fault.pointer && fault.detail);
	}
	if (flags && err == SY_OK) {
		MUST(text.p[0] == '{' && text.p[text.n - 1] == '}');
		for (size_t i = 0; i < text.n; i++)
			MUST((uint8_t)text.p[i] >= 0x20);
	}
	sy_arena_reset(&arena);
	return 0;
}
