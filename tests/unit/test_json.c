#include <suyuan/error.h>
#include <suyuan/json.h>

#include <stdio.h>
#include <stdlib.h>

#include "faults.h"
#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static struct sy_arena arena;

static void setup(void)
{
	arena = (struct sy_arena){0};
}

static void teardown(void)
{
	sy_arena_free(&arena);
}

static int parse(struct sy_str text, int flags, struct sy_json_doc *doc, struct sy_json_fault *f)
{
	*f = (struct sy_json_fault){0};
	return sy_json_parse(&arena, text, flags, doc, f);
}

static struct sy_json_doc must(const char *text)
{
	struct sy_json_doc doc;
	struct sy_json_fault f;
	ck_assert_msg(parse(sy_str(text), 0, &doc, &f) == SY_OK, "%s: at %zu, expected %s", text,
		      f.offset, f.detail);
	return doc;
}

/* --- what is JSON and what isn't ------------------------------------------------------------ */

static const char *const good[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-0.0e-0",
    "1E400",
    "123.456e+78",
    "\"\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uD83D\\uDE00\"",
    "\"\\uFFFF\\uE000\\uD7FF\"",
    "\"\xf0\x9f\x98\x80 \xe6\xba\xaf\xe6\xba\x90 \x7f\"",
    "\"eight by\"",
    "\"exactly sixteen!\"",
    "[]",
    "{}",
    " [ ] ",
    "\t{\r\n}\n",
    "[[],{},[{}]]",
    "[1,2,3]",
    "[ 1 , 2 ]",
    "{\"\":1}",
    "{\"\":1,\" \":2}",
    "{\"a\":{\"a\":{\"a\":1}}}",
    "{ \"a\" : [ { \"b\" : null } , false ] }",
    "{\"abcd\":1,\"abdc\":2,\"accd\":3}",
};

START_TEST(accepts)
{
	must(good[_i]);
}
END_TEST

static const struct bad {
	const char *name, *text;
	int flags, err;
	size_t offset;
	const char *pointer, *detail; /* DETAIL: part of it */
} bad[] = {
    {"nothing", "", 0, SY_EJSON, 0, "", "a value"},
    {"space", " \n ", 0, SY_EJSON, 3, "", "a value"},
    {"a word", "nul", 0, SY_EJSON, 0, "", "a value"},
    {"a wrong word", "[truE]", 0, SY_EJSON, 1, "/0", "a value"},
    {"capital", "[True]", 0, SY_EJSON, 1, "/0", "a value"},
    {"NaN", "{\"q\":NaN}", 0, SY_EJSON, 5, "/q", "a value"},
    {"Infinity", "[-Infinity]", 0, SY_EJSON, 2, "/0", "a digit"},
    {"plus", "[+1]", 0, SY_EJSON, 1, "/0", "a value"},
    {"leading zero", "[01]", 0, SY_EJSON, 2, "", "a comma or ]"},
    {"leading zero behind minus", "-01", 0, SY_EJSON, 2, "", "nothing after"},
    {"minus alone", "-", 0, SY_EJSON, 1, "", "a digit"},
    {"point first", "[.5]", 0, SY_EJSON, 1, "/0", "a value"},
    {"point last", "[5.]", 0, SY_EJSON, 3, "/0", "decimal point"},
    {"point and exponent", "5.e1", 0, SY_EJSON, 2, "", "decimal point"},
    {"exponent empty", "[5e]", 0, SY_EJSON, 3, "/0", "exponent"},
    {"exponent sign alone", "5e+", 0, SY_EJSON, 3, "", "exponent"},
    {"hexadecimal", "0x10", 0, SY_EJSON, 1, "", "nothing after"},
    {"two values", "1 2", 0, SY_EJSON, 2, "", "nothing after"},
    {"two objects", "{}{}", 0, SY_EJSON, 2, "", "nothing after"},
    {"closing alone", "]", 0, SY_EJSON, 0, "", "a value"},
    {"comment", "{/**/}", 0, SY_EJSON, 1, "", "a name in quotes"},
    {"array open", "[1", 0, SY_EJSON, 2, "", "a comma or ]"},
    {"array empty and open", "[", 0, SY_EJSON, 1, "/0", "a value"},
    {"array wrong end", "[1}", 0, SY_EJSON, 2, "", "a comma or ]"},
    {"array comma last", "[1,]", 0, SY_EJSON, 3, "/1", "a value"},
    {"array comma first", "[,1]", 0, SY_EJSON, 1, "/0", "a value"},
    {"array without comma", "[1 2]", 0, SY_EJSON, 3, "", "a comma or ]"},
    {"object open", "{\"a\":1", 0, SY_EJSON, 6, "", "a comma or }"},
    {"object wrong end", "{\"a\":1]", 0, SY_EJSON, 6, "", "a comma or }"},
    {"object comma last", "{\"a\":1,}", 0, SY_EJSON, 7, "", "a name in quotes"},
    {"object comma first", "{,\"a\":1}", 0, SY_EJSON, 1, "", "a name in quotes"},
    {"object without colon", "{\"x\":{\"a\" 1}}", 0, SY_EJSON, 10, "/x", "a colon"},
    {"object without value", "{\"a\":}", 0, SY_EJSON, 5, "/a", "a value"},
    {"object without name", "{:1}", 0, SY_EJSON, 1, "", "a name in quotes"},
    {"name without quotes", "{a:1}", 0, SY_EJSON, 1, "", "a name in quotes"},
    {"name in single quotes", "{'a':1}", 0, SY_EJSON, 1, "", "a name in quotes"},
    {"number as name", "{1:1}", 0, SY_EJSON, 1, "", "a name in quotes"},
    {"string open", "[\"abc", 0, SY_EJSON, 5, "/0", "a closing quote"},
    {"string ends in backslash", "\"abc\\", 0, SY_EJSON, 5, "", "rest of an escape"},
    {"string with LF", "[\"a\nb\"]", 0, SY_EJSON, 3, "/0", "below 0x20"},
    {"string with tab late", "[\"abcdefghijk\tb\"]", 0, SY_EJSON, 13, "/0", "below 0x20"},
    {"unknown escape", "[1,\"\\x41\"]", 0, SY_EJSON, 4, "/1", "one of the escapes"},
    {"escape of NUL byte", NULL, 0, SY_EJSON, 1, "", "one of the escapes"},
    {"\\u too short", "\"\\u004\"", 0, SY_EJSON, 1, "", "four hexadecimal"},
    {"\\u no hex", "\"\\u00g0\"", 0, SY_EJSON, 1, "", "four hexadecimal"},
    {"\\u with @", "\"\\u004@\"", 0, SY_EJSON, 1, "", "four hexadecimal"},
    {"\\U", "\"\\U0041\"", 0, SY_EJSON, 1, "", "one of the escapes"},
    {"\\u0000", "[\"\\u0000\"]", 0, SY_EJSON, 2, "/0", "U+0000"},
    {"\\u0000 in a name", "{\"\\u0000\":1}", 0, SY_EJSON, 2, "", "U+0000"},
    {"high surrogate alone", "\"\\ud83d\"", 0, SY_EJSON, 1, "", "pair"},
    {"high surrogate, then text", "\"\\ud83dx\\ude00\"", 0, SY_EJSON, 1, "", "pair"},
    {"two high surrogates", "\"\\ud83d\\ud83d\"", 0, SY_EJSON, 1, "", "pair"},
    {"low surrogate alone", "\"\\ude00\"", 0, SY_EJSON, 1, "", "pair"},
    {"low surrogate first", "\"\\ude00\\ud83d\"", 0, SY_EJSON, 1, "", "pair"},
    {"high surrogate, no hex", "\"\\ud83d\\uzzzz\"", 0, SY_EJSON, 1, "", "pair"},
    {"BOM", "\xEF\xBB\xBF{}", 0, SY_EJSON, 0, "", "byte order mark"},
    {"BOM in record", "\xEF\xBB\xBF{}", SY_JSON_RECORD, SY_EJSON, 0, "", "byte order mark"},
    {"UTF-8 lone continuation", "[\"a\x80\"]", 0, SY_EUTF8, 3, "/0", "UTF-8"},
    {"UTF-8 overlong", "{\"k\":\"\xc0\xaf\"}", 0, SY_EUTF8, 6, "/k", "UTF-8"},
    {"UTF-8 overlong of three", "\"\xe0\x80\xaf\"", 0, SY_EUTF8, 1, "", "UTF-8"},
    {"UTF-8 surrogate", "\"\xed\xa0\x80\"", 0, SY_EUTF8, 1, "", "UTF-8"},
    {"UTF-8 past U+10FFFF", "\"\xf4\x90\x80\x80\"", 0, SY_EUTF8, 1, "", "UTF-8"},
    {"UTF-8 cut short", "\"\xe6\xba\"", 0, SY_EUTF8, 1, "", "UTF-8"},
    {"UTF-8 in a name", "{\"x\":{\"\xff\":1}}", 0, SY_EUTF8, 7, "/x", "UTF-8"},
    {"UTF-8 behind the value", "{} \xff", 0, SY_EUTF8, 3, "", "UTF-8"},
    {"UTF-8 for a value", "[1,\xff]", 0, SY_EUTF8, 3, "/1", "UTF-8"},
    {"UTF-8 in an escape", "\"\\\xff\"", 0, SY_EUTF8, 2, "", "UTF-8"},
    {"fault before bad UTF-8", "[01,\"\xff\"]", 0, SY_EJSON, 2, "", "a comma or ]"},
    {"name twice", "{\"a\":1,\"b\":2,\"a\":3}", 0, SY_EDUPNAME, 14, "/a", "once"},
    {"empty name twice", "{\"\":1,\"\":2}", 0, SY_EDUPNAME, 7, "/", "once"},
    {"name twice, deep", "[{\"x\":{\"a\":1,\"a\":1}}]", 0, SY_EDUPNAME, 14, "/0/x/a", "once"},
    {"name twice, once escaped", "{\"a\":1,\"\\u0061\":2}", 0, SY_EDUPNAME, 8, "/a", "once"},
    {"name twice, both escaped", "{\"\\n\":1,\"\\u000A\":2}", 0, SY_EDUPNAME, 9, "/\n", "once"},
    {"name twice, by a pair", "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", 0, SY_EDUPNAME, 11,
     "/\xf0\x9f\x98\x80", "once"},
    {"pointer's own escapes", "{\"a/b~c\":[0,{\"~1\":x}]}", 0, SY_EJSON, 18, "/a~1b~0c/1/~01",
     "a value"},
    {"record: array", "[]", SY_JSON_RECORD, SY_EJSON, 0, "", "begins with {"},
    {"record: empty", "", SY_JSON_RECORD, SY_EJSON, 0, "", "begins with {"},
    {"record: space first", " {}", SY_JSON_RECORD, SY_EJSON, 0, "", "begins with {"},
    {"record: space last", "{} ", SY_JSON_RECORD, SY_EJSON, 2, "", "ends with its }"},
    {"record: CR last", "{}\r", SY_JSON_RECORD, SY_EJSON, 2, "", "below 0x20"},
    {"record: two", "{}{}", SY_JSON_RECORD, SY_EJSON, 2, "", "ends with its }"},
    {"record: tab inside", "{\t}", SY_JSON_RECORD, SY_EJSON, 1, "", "below 0x20"},
    {"record: LF inside", "{\"a\":\n1}", SY_JSON_RECORD, SY_EJSON, 5, "/a", "below 0x20"},
    {"record: CR inside", "{\"a\":1\r}", SY_JSON_RECORD, SY_EJSON, 6, "", "below 0x20"},
};

START_TEST(refuses)
{
	const struct bad *b = &bad[_i];
	struct sy_json_doc doc;
	struct sy_json_fault f;
	struct sy_str text = b->text ? sy_str(b->text) : SY_STR("\"\\\0\"");
	int err = parse(text, b->flags, &doc, &f);
	ck_assert_msg(err == b->err && f.err == err, "%s: %d, not %d", b->name, err, b->err);
	ck_assert_msg(f.offset == b->offset, "%s: offset %zu", b->name, f.offset);
	ck_assert_msg(strcmp(f.pointer, b->pointer) == 0, "%s: pointer %s", b->name, f.pointer);
	ck_assert_msg(strstr(f.detail, b->detail) != NULL, "%s: %s", b->name, f.detail);
	ck_assert_msg(doc.count == 0, "%s: document", b->name);
	ck_assert_int_eq(sy_json_parse(&arena, text, b->flags, &doc, NULL), b->err);
}
END_TEST

/* Every proper beginning of a text is refused, at its end. */
START_TEST(refuses_beginnings)
{
	static const char text[] =
	    "{\"a\":[1,-2.5e+3,\"x\\n\\ud83d\\ude00\",true,false,null],\"b\":{\"c\":{}}}";
	struct sy_json_doc doc;
	struct sy_json_fault f;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		/* A copy of its very size, for the address sanitizer to watch. */
		char *copy = malloc(n ? n : 1);
		memcpy(copy, text, n);
		ck_assert_msg(parse((struct sy_str){copy, n}, 0, &doc, &f) == SY_EJSON, "%zu", n);
		ck_assert_uint_le(f.offset, n);
		free(copy);
	}
}
END_TEST

/* Each byte at each place of a string, so that every way of scanning meets it. */
START_TEST(every_byte)
{
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 1; at < 24; at++) {
			char text[] = "\"....\xc3\xbf.................x\"";
			struct sy_json_doc doc;
			struct sy_json_fault f;
			if (at == 5 || at == 6) /* a character of two bytes */
				continue;
			text[at] = (char)c;
			int err = parse(SY_STR(text), 0, &doc, &f);
			bool fits = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
			ck_assert_msg((err == SY_OK) == fits, "byte %02x at %zu", c, at);
			ck_assert_msg(fits || f.offset == at + (c == '"'), "byte %02x at %zu: %zu",
				      c, at, f.offset);
		}
	}
}
END_TEST

START_TEST(depth)
{
	char text[2 * SY_JSON_DEPTH + 3];
	struct sy_json_doc doc;
	struct sy_json_fault f;
	memset(text, '[', SY_JSON_DEPTH);
	memset(text + SY_JSON_DEPTH, ']', SY_JSON_DEPTH);
	ck_assert_int_eq(parse((struct sy_str){text, 2 * SY_JSON_DEPTH}, 0, &doc, &f), SY_OK);
	memset(text, '[', SY_JSON_DEPTH + 1);
	ck_assert_int_eq(parse((struct sy_str){text, SY_JSON_DEPTH + 1}, 0, &doc, &f), SY_EDEPTH);
	ck_assert_uint_eq(f.offset, SY_JSON_DEPTH);
	ck_assert_uint_eq(strlen(f.pointer), 2 * SY_JSON_DEPTH);
}
END_TEST

/* --- sizes and hostile texts ---------------------------------------------------------------- */

static struct sy_str filled(struct sy_buf *b, const char *head, const char *unit, size_t n,
			    const char *tail)
{
	sy_buf_text(b, head);
	while (b->n + strlen(tail) + strlen(unit) <= n)
		sy_buf_text(b, unit);
	while (b->n + strlen(tail) < n)
		sy_buf_byte(b, ' ');
	sy_buf_text(b, tail);
	ck_assert(!b->failed);
	return sy_buf_span(b);
}

START_TEST(record_size)
{
	struct sy_buf b = {0};
	struct sy_json_doc doc;
	struct sy_json_fault f;
	struct sy_str most = filled(&b, "{\"a\":\"", "x", SY_RECORD_MAX, "\"}");
	ck_assert_int_eq(parse(most, SY_JSON_RECORD, &doc, &f), SY_OK);
	sy_buf_reset(&b);
	struct sy_str more = filled(&b, "{\"a\":\"", "x", SY_RECORD_MAX + 1, "\"}");
	ck_assert_int_eq(parse(more, SY_JSON_RECORD, &doc, &f), SY_ETOOBIG);
	ck_assert_int_eq(parse(more, 0, &doc, &f), SY_OK);
	/* Nothing of it is touched. */
	more.n = UINT32_MAX;
	ck_assert_int_eq(parse(more, 0, &doc, &f), SY_ETOOBIG);
	sy_buf_free(&b);
}
END_TEST

/* Many members, in pairs of texts that differ at the end: nothing here may be quadratic. */
static const struct {
	const char *name, *format;
	bool twice; /* the last name is the first again */
} crowds[] = {
    {"short names", "\"%u\":0", false},
    {"a name twice", "\"%u\":0", true},
    {"one length", "\"%07u\":0", false},
    {"one length and twice", "\"%07u\":0", true},
    {"escaped", "\"\\u0041%06u\":0", false},
    {"escaped and twice", "\"\\u0041%06u\":0", true},
    {"long beginnings", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%06u\":0", false},
};

START_TEST(many_names)
{
	struct sy_buf b = {0};
	struct sy_json_doc doc;
	struct sy_json_fault f;
	unsigned n = 100000, last = crowds[_i].twice ? 0 : n;
	size_t offset = 0;
	for (unsigned i = 0; i <= n; i++) {
		sy_buf_byte(&b, i ? ',' : '{');
		offset = b.n + 1;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		sy_buf_printf(&b, crowds[_i].format, i < n ? i : last);
#pragma GCC diagnostic pop
	}
	sy_buf_byte(&b, '}');
	int err = parse(sy_buf_span(&b), 0, &doc, &f);
	ck_assert_msg(err == (crowds[_i].twice ? SY_EDUPNAME : SY_OK), "%s", crowds[_i].name);
	if (crowds[_i].twice)
		ck_assert_uint_eq(f.offset, offset);
	else
		ck_assert_uint_eq(doc.count, n + 2);
	sy_buf_free(&b);
}
END_TEST

/* Around the number of names where the way of comparing changes. */
START_TEST(some_names)
{
	for (unsigned n = 2; n < 40; n++) {
		for (unsigned twin = 0; twin <= n; twin++) {
			struct sy_buf b = {0};
			struct sy_json_doc doc;
			struct sy_json_fault f;
			for (unsigned i = 0; i < n; i++)
				sy_buf_printf(&b, "%c\"name%u\":[%u]", i ? ',' : '{', i, i);
			sy_buf_printf(&b, ",\"name%u\":0}", twin);
			ck_assert_int_eq(parse(sy_buf_span(&b), 0, &doc, &f),
					 twin < n ? SY_EDUPNAME : SY_OK);
			sy_buf_free(&b);
			sy_arena_reset(&arena);
		}
	}
}
END_TEST

/* Of several names that repeat the first to do so is told. */
START_TEST(first_of_twins)
{
	struct sy_buf b = {0};
	struct sy_json_doc doc;
	struct sy_json_fault f;
	for (int i = 0; i < 40; i++)
		sy_buf_printf(&b, "%c\"n%02d\":0", i ? ',' : '{', i);
	size_t offset = b.n + 2;
	sy_buf_text(&b, ",\"n17\":0,\"n02\":0,\"n31\":0}");
	ck_assert_int_eq(parse(sy_buf_span(&b), 0, &doc, &f), SY_EDUPNAME);
	ck_assert_uint_eq(f.offset, offset);
	ck_assert_str_eq(f.pointer, "/n17");
	sy_buf_free(&b);
}
END_TEST

START_TEST(dense_and_sparse)
{
	static const struct {
		const char *name, *head, *unit, *tail;
		uint32_t nodes;
	} rows[] = {
	    {"commas in text", "[\"", ",,[[{{", "\"]", 2},
	    {"numbers", "[0", ",1", "]", 0},
	    {"empty objects", "[0", ",{}", "]", 0},
	    {"empty arrays in objects", "[0", ",{\"\":[]}", "]", 0},
	    {"spaces", "[", "        ", "0]", 2},
	};
	for (int i = 0; i < COUNT(rows); i++) {
		struct sy_buf b = {0};
		struct sy_json_doc doc;
		struct sy_json_fault f;
		struct sy_str text = filled(&b, rows[i].head, rows[i].unit, 1 << 20, rows[i].tail);
		ck_assert_msg(parse(text, 0, &doc, &f) == SY_OK, "%s: %s", rows[i].name, f.detail);
		if (rows[i].nodes)
			ck_assert_uint_eq(doc.count, rows[i].nodes);
		uint32_t n = 0;
		const struct sy_json *v;
		sy_json_each (&doc, sy_json_root(&doc), v)
			n++;
		ck_assert_uint_eq(n, sy_json_root(&doc)->count);
		sy_buf_free(&b);
	}
}
END_TEST

/* --- reading what was parsed ---------------------------------------------------------------- */

START_TEST(walk)
{
	struct sy_json_doc doc = must("{\"a\":[10,[],{\"x\":1},\"s\"],\"b\":null,\"c\":{}}");
	const struct sy_json *root = sy_json_root(&doc), *v, *a = sy_json_get(&doc, root, "a");
	static const char *const raws[] = {"10", "[]", "{\"x\":1}", "\"s\""};
	int n = 0;
	ck_assert_uint_eq(root->count, 3);
	ck_assert_uint_eq(doc.count, 9);
	sy_json_each (&doc, a, v) {
		ck_assert(sy_str_is(sy_json_raw(&doc, v), raws[n]));
		n++;
	}
	ck_assert_int_eq(n, 4);
	ck_assert_ptr_null(sy_json_first(&doc, sy_json_get(&doc, root, "b")));
	ck_assert_ptr_null(sy_json_first(&doc, sy_json_get(&doc, root, "c")));
	ck_assert_ptr_null(sy_json_first(&doc, NULL));
	ck_assert_ptr_null(sy_json_get(&doc, root, "d"));
	ck_assert_ptr_null(sy_json_get(&doc, a, "a"));
	ck_assert_ptr_null(sy_json_get(&doc, NULL, "a"));
	ck_assert_ptr_null(sy_json_next(&doc, root));
}
END_TEST

START_TEST(text)
{
	static const struct {
		const char *name, *json, *is;
	} rows[] = {
	    {"plain", "\"abc\"", "abc"},
	    {"empty", "\"\"", ""},
	    {"short escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
	    {"one byte", "\"\\u0041\"", "A"},
	    {"two bytes", "\"\\u00e9\\u07FF\"", "\u00e9\u07ff"},
	    {"three bytes", "\"\\u6eaf\\uFFFD\"", "溯\ufffd"},
	    {"pair", "\"x\\ud83d\\ude00y\"", "x\U0001F600y"},
	    {"highest", "\"\\udbff\\udfff\"", "\U0010FFFF"},
	    {"lowest pair", "\"\\ud800\\udc00\"", "\U00010000"},
	    {"raw UTF-8", "\"溯源\"", "溯源"},
	};
	for (int i = 0; i < COUNT(rows); i++) {
		struct sy_buf b = {0};
		struct sy_str s;
		sy_buf_printf(&b, "{%s:%s}", rows[i].json, rows[i].json);
		struct sy_json_doc doc = must(sy_buf_cstr(&b));
		const struct sy_json *v = sy_json_get(&doc, sy_json_root(&doc), rows[i].is);
		ck_assert_msg(v != NULL, "%s: get", rows[i].name);
		ck_assert_msg(sy_json_is(&doc, v, rows[i].is), "%s: is", rows[i].name);
		ck_assert_msg(sy_json_key_is(&doc, v, rows[i].is), "%s: key_is", rows[i].name);
		ck_assert_int_eq(sy_json_string(&doc, v, &arena, &s), SY_OK);
		ck_assert_msg(sy_str_is(s, rows[i].is), "%s: string", rows[i].name);
		ck_assert_int_eq(sy_json_key(&doc, v, &arena, &s), SY_OK);
		ck_assert_msg(sy_str_is(s, rows[i].is), "%s: key", rows[i].name);
		ck_assert(!sy_json_is(&doc, v, "other"));
		sy_buf_reset(&b);
		sy_buf_printf(&b, "%sx", rows[i].is);
		ck_assert(!sy_json_is(&doc, v, sy_buf_cstr(&b)));
		sy_buf_free(&b);
	}
	struct sy_json_doc doc = must("[1]");
	struct sy_str s;
	const struct sy_json *root = sy_json_root(&doc);
	ck_assert(!sy_json_is(&doc, sy_json_first(&doc, root), "1"));
	ck_assert(!sy_json_is(&doc, NULL, "1"));
	ck_assert(!sy_json_key_is(&doc, root, ""));
	ck_assert_int_eq(sy_json_string(&doc, root, &arena, &s), SY_EINVAL);
	ck_assert_int_eq(sy_json_string(&doc, NULL, &arena, &s), SY_EINVAL);
	ck_assert_int_eq(sy_json_key(&doc, root, &arena, &s), SY_EINVAL);
	ck_assert_int_eq(sy_json_key(&doc, NULL, &arena, &s), SY_EINVAL);
}
END_TEST

START_TEST(numbers)
{
	static const struct {
		const char *json;
		int err_u;
		uint64_t u;
		int err_i;
		int64_t i;
	} rows[] = {
	    {"0", SY_OK, 0, SY_OK, 0},
	    {"42", SY_OK, 42, SY_OK, 42},
	    {"-1", SY_ERANGE, 0, SY_OK, -1},
	    {"-0", SY_EINVAL, 0, SY_EINVAL, 0},
	    {"1.0", SY_EINVAL, 0, SY_EINVAL, 0},
	    {"1e3", SY_EINVAL, 0, SY_EINVAL, 0},
	    {"\"1\"", SY_EINVAL, 0, SY_EINVAL, 0},
	    {"true", SY_EINVAL, 0, SY_EINVAL, 0},
	    {"9223372036854775807", SY_OK, INT64_MAX, SY_OK, INT64_MAX},
	    {"9223372036854775808", SY_OK, UINT64_C(1) << 63, SY_ERANGE, 0},
	    {"-9223372036854775808", SY_ERANGE, 0, SY_OK, INT64_MIN},
	    {"-9223372036854775809", SY_ERANGE, 0, SY_ERANGE, 0},
	    {"18446744073709551615", SY_OK, UINT64_MAX, SY_ERANGE, 0},
	    {"18446744073709551616", SY_ERANGE, 0, SY_ERANGE, 0},
	    {"99999999999999999999999999", SY_ERANGE, 0, SY_ERANGE, 0},
	    {"99999999999999999999999999.5", SY_EINVAL, 0, SY_EINVAL, 0},
	};
	for (int i = 0; i < COUNT(rows); i++) {
		struct sy_json_doc doc = must(rows[i].json);
		uint64_t u = 0;
		int64_t n = 0;
		ck_assert_msg(sy_json_u64(&doc, sy_json_root(&doc), &u) == rows[i].err_u &&
				  u == rows[i].u,
			      "%s as unsigned", rows[i].json);
		ck_assert_msg(sy_json_i64(&doc, sy_json_root(&doc), &n) == rows[i].err_i &&
				  n == rows[i].i,
			      "%s as signed", rows[i].json);
	}
	uint64_t u;
	struct sy_json_doc doc = must("{}");
	ck_assert_int_eq(sy_json_u64(&doc, NULL, &u), SY_EINVAL);
}
END_TEST

START_TEST(pointers)
{
	struct sy_json_doc doc = must("{\"a\":[0,[1,{\"b/c\":2}]],\"~\":3,\"\":4,\"\\u6eaf\":5}");
	static const char *const expected[] = {"",       "/a",          "/a/0", "/a/1", "/a/1/0",
					       "/a/1/1", "/a/1/1/b~1c", "/~0",  "/",    "/溯"};
	ck_assert_uint_eq(doc.count, COUNT(expected));
	for (int i = 0; i < COUNT(expected); i++)
		ck_assert_str_eq(sy_json_pointer(&doc, &doc.nodes[i], &arena), expected[i]);
}
END_TEST

START_TEST(memory)
{
	struct sy_buf b = {0};
	sy_buf_text(&b, "{\"\\u0061\":[1");
	for (int i = 0; i < 1000; i++)
		sy_buf_text(&b, ",2");
	for (int i = 0; i < 50; i++)
		sy_buf_printf(&b, "%s\"a%d\":{}", i ? "," : "],\"x\":{", i);
	sy_buf_text(&b, "}}");
	ck_assert(!b.failed);
	bool failed = true;
	for (unsigned n = 1; failed; n++) {
		struct sy_arena a = {0};
		struct sy_json_doc doc;
		struct sy_json_fault f = {0};
		struct sy_str key = {0};
		const char *pointer = NULL;
		fail_alloc_at(n);
		int err = sy_json_parse(&a, sy_buf_span(&b), 0, &doc, &f);
		int key_err = err ? err : sy_json_key(&doc, &doc.nodes[1], &a, &key);
		if (err == SY_OK)
			pointer = sy_json_pointer(&doc, &doc.nodes[doc.count - 1], &a);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, f.err);
		ck_assert(err == SY_OK || err == SY_ENOMEM);
		ck_assert(key_err == SY_ENOMEM || sy_str_is(key, "a"));
		ck_assert(pointer == NULL || strcmp(pointer, "/x/a49") == 0);
		ck_assert(failed == (err || key_err || pointer == NULL));
		ck_assert(failed || n > 3);
		sy_arena_free(&a);
	}
	sy_buf_free(&b);
}
END_TEST

/* --- the writer ----------------------------------------------------------------------------- */

START_TEST(writes)
{
	struct sy_buf b = {0};
	struct sy_jw w;
	sy_jw_init(&w, &b);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "a", "x\"\\\b\f\n\r\t\x01\x1f\x7f/溯");
	sy_jw_kv_u64(&w, "n", UINT64_MAX);
	sy_jw_key(&w, "list");
	sy_jw_array(&w);
	sy_jw_i64(&w, INT64_MIN);
	sy_jw_bool(&w, true);
	sy_jw_bool(&w, false);
	sy_jw_null(&w);
	sy_jw_text(&w, NULL);
	sy_jw_object(&w);
	sy_jw_end(&w, '}');
	sy_jw_array(&w);
	for (unsigned i = 0; i < 4; i++) {
		sy_jw_array(&w);
		for (unsigned n = 0; n < i; n++)
			sy_jw_u64(&w, n);
		sy_jw_end(&w, ']');
	}
	sy_jw_end(&w, ']');
	sy_jw_raw(&w, SY_STR("{\"raw\":1}"));
	sy_jw_end(&w, ']');
	sy_jw_key(&w, "b\"64");
	sy_jw_base64(&w, "\x01\x02\x03\x04", 4);
	sy_jw_kv_str(&w, "", SY_STR(""));
	sy_jw_end(&w, '}');
	ck_assert_str_eq(
	    sy_buf_cstr(&b),
	    "{\"a\":\"x\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f/溯\","
	    "\"n\":18446744073709551615,\"list\":[-9223372036854775808,true,false,"
	    "null,null,{},[[],[0],[0,1],[0,1,2]],{\"raw\":1}],\"b\\\"64\":\"AQIDBA==\",\"\":\"\"}");
	must(sy_buf_cstr(&b));
	sy_buf_free(&b);
}
END_TEST

/* Any text comes back as it was. */
START_TEST(writes_what_reads)
{
	for (unsigned c = 1; c < 0x110000; c += c < 0x100 ? 1 : 0x3d) {
		char utf8[5] = {0}, json[32];
		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		if (c < 0x10000)
			snprintf(json, sizeof json, "\"\\u%04x\"", c);
		else
			snprintf(json, sizeof json, "\"\\u%04x\\u%04x\"", 0xD7C0 + (c >> 10),
				 0xDC00 + (c & 0x3FF));
		struct sy_json_doc doc = must(json);
		struct sy_str s;
		struct sy_buf b = {0};
		struct sy_jw w;
		ck_assert_int_eq(sy_json_string(&doc, sy_json_root(&doc), &arena, &s), SY_OK);
		memcpy(utf8, s.p, s.n);
		ck_assert(sy_utf8_valid(s.p, s.n, NULL));
		sy_jw_init(&w, &b);
		sy_jw_string(&w, s);
		doc = must(sy_buf_cstr(&b));
		ck_assert_msg(sy_json_is(&doc, sy_json_root(&doc), utf8), "U+%04X", c);
		sy_buf_free(&b);
		sy_arena_reset(&arena);
	}
}
END_TEST

/* An escape at any place of a text of any short length, and none. */
START_TEST(escapes_anywhere)
{
	static const struct {
		char c;
		const char *escaped;
	} odd[] = {{'"', "\\\""},    {'\\', "\\\\"},  {'\n', "\\n"}, {0x1f, "\\u001f"},
		   {'!', "!"},       {'[', "["},      {']', "]"},    {' ', " "},
		   {'\x7f', "\x7f"}, {'\xff', "\xff"}};
	for (unsigned n = 1; n < 40; n++)
		for (unsigned at = 0; at < n; at++)
			for (unsigned i = 0; i < COUNT(odd); i++) {
				char plain[40], expected[64];
				struct sy_buf b = {0};
				struct sy_jw w;
				memset(plain, 'x', n);
				plain[at] = odd[i].c;
				snprintf(expected, sizeof expected, "\"%.*s%s%.*s\"", (int)at,
					 plain, odd[i].escaped, (int)(n - at - 1), plain + at + 1);
				sy_jw_init(&w, &b);
				sy_jw_string(&w, (struct sy_str){plain, n});
				ck_assert_str_eq(sy_buf_cstr(&b), expected);
				sy_buf_free(&b);
			}
}
END_TEST

START_TEST(writer_depth)
{
	struct sy_buf b = {0};
	struct sy_jw w;
	sy_jw_init(&w, &b);
	for (int i = 0; i < SY_JSON_DEPTH - 1; i++)
		sy_jw_array(&w);
	ck_assert(!b.failed);
	sy_jw_array(&w);
	ck_assert(b.failed);
	sy_buf_free(&b);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("syntax");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, accepts, 0, COUNT(good));
	tcase_add_loop_test(t, refuses, 0, COUNT(bad));
	tcase_add_test(t, refuses_beginnings);
	tcase_add_test(t, every_byte);
	tcase_add_test(t, depth);
	suite_add_tcase(s, t);
	t = tcase_create("sizes");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, record_size);
	tcase_add_loop_test(t, many_names, 0, COUNT(crowds));
	tcase_add_test(t, some_names);
	tcase_add_test(t, first_of_twins);
	tcase_add_test(t, dense_and_sparse);
	suite_add_tcase(s, t);
	t = tcase_create("values");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, walk);
	tcase_add_test(t, text);
	tcase_add_test(t, numbers);
	tcase_add_test(t, pointers);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	t = tcase_create("writer");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, writes);
	tcase_add_test(t, writes_what_reads);
	tcase_add_test(t, escapes_anywhere);
	tcase_add_test(t, writer_depth);
	suite_add_tcase(s, t);
	return s;
}
