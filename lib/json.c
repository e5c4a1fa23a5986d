#include <suyuan/error.h>
#include <suyuan/json.h>

#include <endian.h>
#include <stdlib.h>

#define FEW_NAMES 16            /* up to here names are compared pair by pair */
#define FIRST_NODES_MAX 0x10000 /* nodes that are allocated on a guess */

#define BIT(c) (UINT64_C(1) << (c))

struct reader {
	const char *text, *p, *end;
	uint64_t spaces; /* a bit a byte value below 64: what may stand between tokens */
	struct sy_json *nodes;
	uint32_t n, cap;
	uint32_t in;    /* the innermost open array or object */
	unsigned depth; /* how many are open */
	bool record;
	bool cut; /* END is where invalid UTF-8 begins */
	struct sy_arena *arena;
	struct sy_arena scratch; /* names while they are compared */
	struct sy_json_fault *fault;
};

/* NODE is the value at fault; one that isn't there yet stands for the whole text. */
static int fail(struct reader *r, int err, const char *at, uint32_t node, const char *detail)
{
	if (r->cut && at == r->end) {
		err = SY_EUTF8;
		detail = "valid UTF-8";
	} else if (r->record && at < r->end && (uint8_t)*at < 0x20) {
		detail = "no byte below 0x20 in a record";
	}
	if (r->fault == NULL)
		return err;
	struct sy_json_doc doc = {r->text, (size_t)(r->end - r->text), r->nodes, r->n};
	const char *pointer = NULL;
	if (err != SY_ENOMEM && node < r->n)
		pointer = sy_json_pointer(&doc, &r->nodes[node], r->arena);
	*r->fault = (struct sy_json_fault){
	    .err = err,
	    .offset = (size_t)(at - r->text),
	    .pointer = pointer ? pointer : "",
	    .detail = detail,
	};
	return err;
}

static int out_of_memory(struct reader *r)
{
	return fail(r, SY_ENOMEM, r->p, 0, "memory");
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (uint8_t)*r->p <= ' ' && r->spaces & BIT((uint8_t)*r->p))
		r->p++;
}

/*
 * Text becomes nodes at very different rates, so the first array is a guess that suits events, and
 * the second holds whatever the rest can hold: each value but the first follows one of these.
 */
static int more_nodes(struct reader *r)
{
	size_t cap = (size_t)r->n + 1;
	for (const char *p = r->p; p < r->end; p++)
		cap += *p == ',' || *p == '[' || *p == '{';
	struct sy_json *nodes = sy_arena_alloc(r->arena, cap * sizeof *nodes);
	if (nodes == NULL)
		return out_of_memory(r);
	memcpy(nodes, r->nodes, r->n * sizeof *nodes);
	r->nodes = nodes;
	r->cap = (uint32_t)cap;
	return SY_OK;
}

/* The value that begins here. */
static int add_node(struct reader *r, const struct sy_json *key)
{
	if (r->n == r->cap) {
		int err = more_nodes(r);
		if (err)
			return err;
	}
	struct sy_json *v = &r->nodes[r->n];
	*v = *key;
	v->parent = r->in;
	v->next = ++r->n;
	if (r->depth > 0)
		r->nodes[r->in].count++;
	return SY_OK;
}

/*
 * The first byte from P on that ends a run inside a string: a quote, a backslash or a control.
 * Eight bytes at a time; a borrow can only mark bytes after one that is truly marked.
 */
static const char *plain_end(const char *p, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	for (; end - p >= 8; p += 8) {
		uint64_t w, quote, slash;
		memcpy(&w, p, 8);
		w = le64toh(w);
		quote = w ^ ones * '"';
		slash = w ^ ones * '\\';
		uint64_t marks = ((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) |
				 ((slash - ones) & ~slash);
		if ((marks &= ones * 0x80) != 0)
			return p + __builtin_ctzll(marks) / 8;
	}
	while (p < end && (uint8_t)*p >= 0x20 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static int32_t hex4(const char *p, const char *end)
{
	int32_t v = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'                     ? c - '0'
			    : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
								     : -1;
		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

static int skip_escape(struct reader *r, uint32_t node)
{
	const char *at = r->p;
	if (r->end - at < 2)
		return fail(r, SY_EJSON, r->end, node, "the rest of an escape");
	if (at[1] != 'u') {
		if (memchr("\"\\/bfnrt", at[1], 8) == NULL)
			return fail(r, SY_EJSON, at, node,
				    "one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
		r->p += 2;
		return SY_OK;
	}
	int32_t c = hex4(at + 2, r->end);
	if (c < 0)
		return fail(r, SY_EJSON, at, node, "four hexadecimal digits after \\u");
	if (c == 0)
		return fail(r, SY_EJSON, at, node, "no character U+0000");
	r->p += 6;
	if (c < 0xD800 || c > 0xDFFF)
		return SY_OK;
	int32_t low = -1;
	if (c < 0xDC00 && r->end - r->p >= 2 && r->p[0] == '\\' && r->p[1] == 'u')
		low = hex4(r->p + 2, r->end);
	if (low < 0xDC00 || low > 0xDFFF)
		return fail(r, SY_EJSON, at, node, "a surrogate escape only in a pair");
	r->p += 6;
	return SY_OK;
}

/* From after the opening quote to after the closing one. */
static int read_string(struct reader *r, uint32_t node, uint32_t *off, uint32_t *len, bool *escaped)
{
	const char *start = r->p;
	*escaped = false;
	for (;;) {
		r->p = plain_end(r->p, r->end);
		if (r->p == r->end)
			return fail(r, SY_EJSON, r->p, node, "a closing quote");
		if (*r->p == '"')
			break;
		if (*r->p != '\\')
			return fail(r, SY_EJSON, r->p, node,
				    "no byte below 0x20 in a string; write it as an escape");
		*escaped = true;
		int err = skip_escape(r, node);
		if (err)
			return err;
	}
	*off = (uint32_t)(start - r->text);
	*len = (uint32_t)(r->p - start);
	r->p++;
	return SY_OK;
}

static bool skip_digits(struct reader *r)
{
	const char *start = r->p;
	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > start;
}

static const char a_value[] = "a value: null, true, false, a number, \"text\", [ or {";

static int read_number(struct reader *r, uint32_t node)
{
	if (*r->p == '-')
		r->p++;
	else if (*r->p < '0' || *r->p > '9')
		return fail(r, SY_EJSON, r->p, node, a_value);
	if (r->p < r->end && *r->p == '0')
		r->p++;
	else if (!skip_digits(r))
		return fail(r, SY_EJSON, r->p, node, "a digit");
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		if (!skip_digits(r))
			return fail(r, SY_EJSON, r->p, node, "a digit after the decimal point");
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		r->p++;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		if (!skip_digits(r))
			return fail(r, SY_EJSON, r->p, node, "a digit in the exponent");
	}
	return SY_OK;
}

static int read_word(struct reader *r, uint32_t node, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return fail(r, SY_EJSON, r->p, node, a_value);
	r->p += n;
	return SY_OK;
}

static int open_container(struct reader *r, uint32_t node)
{
	if (r->depth == SY_JSON_DEPTH)
		return fail(r, SY_EDEPTH, r->p, node,
			    "at most 64 arrays and objects inside each other");
	r->depth++;
	r->in = node;
	r->p++;
	return SY_OK;
}

/* The newest node's value; an array or object is only opened. */
static int read_value(struct reader *r)
{
	uint32_t node = r->n - 1;
	struct sy_json *v = &r->nodes[node];
	const char *start = r->p;
	int err;
	if (start == r->end)
		return fail(r, SY_EJSON, start, node, a_value);
	switch (*start) {
	case '"':
		v->type = SY_JSON_STRING;
		r->p++;
		return read_string(r, node, &v->off, &v->len, &v->escaped);
	case '{':
		v->type = SY_JSON_OBJECT;
		err = open_container(r, node);
		break;
	case '[':
		v->type = SY_JSON_ARRAY;
		err = open_container(r, node);
		break;
	case 't':
		v->type = SY_JSON_TRUE;
		err = read_word(r, node, "true");
		break;
	case 'f':
		v->type = SY_JSON_FALSE;
		err = read_word(r, node, "false");
		break;
	case 'n':
		v->type = SY_JSON_NULL;
		err = read_word(r, node, "null");
		break;
	default:
		v->type = SY_JSON_NUMBER;
		err = read_number(r, node);
	}
	v->off = (uint32_t)(start - r->text);
	v->len = (uint32_t)(r->p - start);
	return err;
}

static int read_name(struct reader *r, struct sy_json *key)
{
	if (r->p == r->end || *r->p != '"')
		return fail(r, SY_EJSON, r->p, r->in, "a name in quotes");
	r->p++;
	int err = read_string(r, r->in, &key->key_off, &key->key_len, &key->key_escaped);
	if (err)
		return err;
	skip_space(r);
	if (r->p == r->end || *r->p != ':')
		return fail(r, SY_EJSON, r->p, r->in, "a colon after the name");
	r->p++;
	skip_space(r);
	return SY_OK;
}

static int repeated(struct reader *r, uint32_t node)
{
	return fail(r, SY_EDUPNAME, r->text + r->nodes[node].key_off, node,
		    "each name once in an object");
}

struct name {
	struct sy_str text;
	uint32_t node;
};

static int by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = sy_str_cmp(x->text, y->text);
	return order ? order : (x->node > y->node) - (x->node < y->node);
}

/* By sorting, so that no text makes it quadratic; names unescaped. */
static int check_many_names(struct reader *r, uint32_t object)
{
	uint32_t n = r->nodes[object].count, first = UINT32_MAX;
	struct sy_json_doc doc = {r->text, (size_t)(r->end - r->text), r->nodes, r->n};
	sy_arena_reset(&r->scratch);
	struct name *names = sy_arena_alloc(&r->scratch, n * sizeof *names);
	if (names == NULL)
		return out_of_memory(r);
	for (uint32_t i = 0, v = object + 1; i < n; i++, v = r->nodes[v].next) {
		names[i].node = v;
		if (sy_json_key(&doc, &r->nodes[v], &r->scratch, &names[i].text) != SY_OK)
			return out_of_memory(r);
	}
	qsort(names, n, sizeof *names, by_name);
	for (uint32_t i = 1; i < n; i++)
		if (names[i].node < first && sy_str_eq(names[i - 1].text, names[i].text))
			first = names[i].node;
	return first < UINT32_MAX ? repeated(r, first) : SY_OK;
}

static int check_names(struct reader *r, uint32_t object)
{
	uint32_t n = r->nodes[object].count, prints[FEW_NAMES];
	const struct sy_json *members[FEW_NAMES];
	if (n < 2)
		return SY_OK;
	if (n > FEW_NAMES)
		return check_many_names(r, object);
	for (uint32_t i = 0, v = object + 1; i < n; i++, v = r->nodes[v].next) {
		const struct sy_json *m = members[i] = &r->nodes[v];
		if (m->key_escaped)
			return check_many_names(r, object);
		/* An empty name has its quotes around it, so these bytes are always there. */
		const uint8_t *name = (const uint8_t *)r->text + m->key_off;
		prints[i] = m->key_len << 24 | (uint32_t)name[0] << 16 |
			    (uint32_t)name[m->key_len / 2] << 8 | *(name + m->key_len - 1);
		for (uint32_t j = 0; j < i; j++)
			if (prints[j] == prints[i] && members[j]->key_len == m->key_len &&
			    memcmp(r->text + members[j]->key_off, name, m->key_len) == 0)
				return repeated(r, v);
	}
	return SY_OK;
}

static int close_container(struct reader *r)
{
	struct sy_json *v = &r->nodes[r->in];
	r->p++;
	v->len = (uint32_t)(r->p - r->text) - v->off;
	v->next = r->n;
	if (v->type == SY_JSON_OBJECT) {
		int err = check_names(r, r->in);
		if (err)
			return err;
	}
	r->in = v->parent;
	r->depth--;
	return SY_OK;
}

/* After a value: closes what ends here, until another value is due or the root is whole. */
static int read_after(struct reader *r)
{
	while (r->depth > 0) {
		const struct sy_json *v = &r->nodes[r->in];
		bool object = v->type == SY_JSON_OBJECT;
		skip_space(r);
		if (r->p < r->end && *r->p == (object ? '}' : ']')) {
			int err = close_container(r);
			if (err)
				return err;
			continue;
		}
		if (v->count == 0)
			return SY_OK;
		if (r->p == r->end || *r->p != ',')
			return fail(r, SY_EJSON, r->p, r->in,
				    object ? "a comma or }" : "a comma or ]");
		r->p++;
		skip_space(r);
		return SY_OK;
	}
	return SY_OK;
}

static int read_root(struct reader *r)
{
	do {
		struct sy_json key = {0};
		int err = SY_OK;
		if (r->depth > 0 && r->nodes[r->in].type == SY_JSON_OBJECT)
			err = read_name(r, &key);
		if (err == SY_OK)
			err = add_node(r, &key);
		if (err == SY_OK)
			err = read_value(r);
		if (err == SY_OK)
			err = read_after(r);
		if (err)
			return err;
	} while (r->depth > 0);
	return SY_OK;
}

static int read_text(struct reader *r)
{
	if (r->end - r->text >= 3 && memcmp(r->text, "\xEF\xBB\xBF", 3) == 0)
		return fail(r, SY_EJSON, r->p, 0, "no byte order mark");
	if (!r->record)
		skip_space(r);
	else if (r->p == r->end || *r->p != '{')
		return fail(r, SY_EJSON, r->p, 0, "a record that begins with {");
	int err = read_root(r);
	if (err)
		return err;
	if (!r->record)
		skip_space(r);
	if (r->p < r->end || r->cut)
		return fail(r, SY_EJSON, r->p, 0,
			    r->record ? "a record that ends with its }"
				      : "nothing after the value");
	return SY_OK;
}

int sy_json_parse(struct sy_arena *arena, struct sy_str text, int flags, struct sy_json_doc *doc,
		  struct sy_json_fault *fault)
{
	bool record = flags & SY_JSON_RECORD;
	const char *start = text.n > 0 ? text.p : "";
	struct reader r = {
	    .text = start,
	    .p = start,
	    .end = start + text.n,
	    .spaces = record ? BIT(' ') : BIT(' ') | BIT('\t') | BIT('\n') | BIT('\r'),
	    .record = record,
	    .arena = arena,
	    .fault = fault,
	};
	size_t bad, guess = text.n / 16 + 8;
	memset(doc, 0, sizeof *doc);
	if (record && text.n > SY_RECORD_MAX)
		return fail(&r, SY_ETOOBIG, start, 0, "a record of at most 1048576 bytes");
	if (text.n >= UINT32_MAX)
		return fail(&r, SY_ETOOBIG, start, 0, "a text of less than 4 GiB");
	/* Read what comes before the bad byte: an earlier fault goes first, and this one gets the
	 * pointer of the value it is in. */
	if (!sy_utf8_valid(start, text.n, &bad)) {
		r.cut = true;
		r.end = start + bad;
	}
	r.cap = guess < FIRST_NODES_MAX ? (uint32_t)guess : FIRST_NODES_MAX;
	r.nodes = sy_arena_alloc(arena, r.cap * sizeof *r.nodes);
	int err = r.nodes ? read_text(&r) : out_of_memory(&r);
	sy_arena_free(&r.scratch);
	if (err == SY_OK)
		*doc = (struct sy_json_doc){start, text.n, r.nodes, r.n};
	return err;
}
