/* The reader of requests: each input is fed whole, byte by byte and in odd pieces, and must end the
 * same way each time. */
#include "faults.h"
#include "run.h"

#include <http/parse.h>

#include <stdio.h>
#include <stdlib.h>

enum { MAX_BODY = 64, BUDGET = 48 };

struct result {
	enum http_stage stage;
	int status;
	size_t used, reserved;
	bool head, http10, keep_alive, expect;
	struct http_request req;
	struct sy_arena arena;
	struct sy_buf body;
};

static int reserve(void *ctx, size_t n)
{
	struct result *r = ctx;
	if (n > BUDGET - r->reserved)
		return 503;
	r->reserved += n;
	return 0;
}

/* Pieces are copied to memory of their own size, so that a read past one is seen. */
static enum http_stage feed(struct http_reader *r, const char *p, size_t n, size_t *used)
{
	char *copy = malloc(n);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, p, n);
	enum http_stage stage = http_reader_feed(r, copy, n, used);
	free(copy);
	return stage;
}

static void run(struct result *out, const char *p, size_t n, size_t piece)
{
	struct http_reader r = {.limits = {512, 8}, .reserve = reserve, .reserve_ctx = out};
	memset(out, 0, sizeof *out);
	http_reader_begin(&r, &out->req, &out->arena, &out->body);
	while (out->used < n && (r.stage == HTTP_READ_MORE || r.stage == HTTP_READ_HEAD)) {
		size_t take = n - out->used < piece ? n - out->used : piece, used;
		feed(&r, p + out->used, take, &used);
		ck_assert_uint_le(used, take);
		out->used += used;
		if (r.stage == HTTP_READ_HEAD) {
			out->head = true;
			http_reader_body(&r, MAX_BODY);
		}
	}
	out->stage = r.stage;
	out->status = r.status;
	out->http10 = r.http10;
	out->keep_alive = r.keep_alive;
	out->expect = r.expect;
	ck_assert_int_eq(r.stage == HTTP_READ_BAD, r.status != 0);
	ck_assert_int_eq(r.stage == HTTP_READ_BAD, r.detail != NULL);
}

static void done(struct result *r)
{
	sy_arena_free(&r->arena);
	sy_buf_free(&r->body);
}

static void same(struct sy_str a, struct sy_str b, const char *name)
{
	ck_assert_msg(sy_str_eq(a, b), "%s: pieces differ", name);
}

static void compare(const struct result *a, const struct result *b, const char *name)
{
	ck_assert_msg(a->stage == b->stage && a->status == b->status, "%s: %d/%d, in pieces %d/%d",
		      name, a->stage, a->status, b->stage, b->status);
	if (a->stage == HTTP_READ_BAD)
		return;
	ck_assert_msg(a->used == b->used && a->reserved == b->reserved, "%s: used", name);
	ck_assert_msg(a->req.n_headers == b->req.n_headers && a->req.method == b->req.method,
		      "%s: headers", name);
	same(a->req.target, b->req.target, name);
	same(a->req.path, b->req.path, name);
	same(a->req.query, b->req.query, name);
	same(a->req.content_type, b->req.content_type, name);
	same(a->req.body, b->req.body, name);
	for (size_t i = 0; i < a->req.n_headers; i++) {
		same(a->req.headers[i].name, b->req.headers[i].name, name);
		same(a->req.headers[i].value, b->req.headers[i].value, name);
	}
}

/* STATUS 0: whole; -1: more is awaited; else refused with it. */
static void expect(struct result *r, const char *name, const char *p, size_t n, int status)
{
	static const size_t pieces[] = {1, 2, 3, 7, 16};
	int got;
	run(r, p, n, n > 0 ? n : 1);
	got = r->stage == HTTP_READ_DONE ? 0 : r->stage == HTTP_READ_BAD ? r->status : -1;
	ck_assert_msg(got == status, "%s: got %d, expected %d", name, got, status);
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct result again;
		run(&again, p, n, pieces[i]);
		compare(r, &again, name);
		done(&again);
	}
}

static void check(const char *name, const char *p, size_t n, int status)
{
	struct result r;
	expect(&r, name, p, n, status);
	done(&r);
}

#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" H
#define POST "POST / HTTP/1.1\r\n" H
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define ROW(name, text, status)                      \
	{                                            \
		name, text, sizeof(text) - 1, status \
	}
struct row {
	const char *name, *p;
	size_t n;
	int status;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(rows[i].name, rows[i].p, rows[i].n, rows[i].status);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof rows[0])

START_TEST(request_line)
{
	static const struct row rows[] = {
	    ROW("plain", GET "\r\n", 0),
	    ROW("one blank line first", "\r\n" GET "\r\n", 0),
	    ROW("two blank lines first", "\r\n\r\n" GET "\r\n", 400),
	    ROW("nothing", "", -1),
	    ROW("half a line", "GET / HT", -1),
	    ROW("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 0),
	    ROW("HTTP/1.2 is 1.1", "GET / HTTP/1.2\r\n" H "\r\n", 0),
	    ROW("HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", 505),
	    ROW("HTTP/0.9", "GET / HTTP/0.9\r\n" H "\r\n", 505),
	    ROW("no version", "GET /\r\n", 400),
	    ROW("empty version", "GET / \r\n", 400),
	    ROW("http/1.1", "GET / http/1.1\r\n" H "\r\n", 400),
	    ROW("HTTP/1", "GET / HTTP/1\r\n", 400),
	    ROW("HTTP/1.10", "GET / HTTP/1.10\r\n", 400),
	    ROW("HTTP/1,1", "GET / HTTP/1,1\r\n", 400),
	    ROW("HTTP/1.1 and a space", "GET / HTTP/1.1 \r\n", 400),
	    ROW("two spaces before the target", "GET  / HTTP/1.1\r\n", 400),
	    ROW("two spaces behind the target", "GET /  HTTP/1.1\r\n", 400),
	    ROW("tab", "GET\t/ HTTP/1.1\r\n", 400),
	    ROW("space first", " GET / HTTP/1.1\r\n", 400),
	    ROW("method in lower case", "get / HTTP/1.1\r\n", 501),
	    ROW("unknown method", "BREW / HTTP/1.1\r\n", 501),
	    ROW("CONNECT", "CONNECT a:80 HTTP/1.1\r\n", 501),
	    ROW("method with a bad byte", "GE(T / HTTP/1.1\r\n", 400),
	    ROW("no method", "/ HTTP/1.1\r\n", 400),
	    ROW("bare LF", "GET / HTTP/1.1\n" H "\r\n", 400),
	    ROW("bare CR", "GET /\r HTTP/1.1\r\n", 400),
	    ROW("CR CR LF", "GET / HTTP/1.1\r\r\n", 400),
	    ROW("NUL", "GET /\0 HTTP/1.1\r\n", 400),
	    ROW("TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n", 400),
	    ROW("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
	    ROW("absolute", "GET http://a/b?c HTTP/1.1\r\n" H "\r\n", 0),
	    ROW("absolute, https, case", "GET HTTPS://a:1/ HTTP/1.1\r\n" H "\r\n", 0),
	    ROW("absolute without path", "GET http://a HTTP/1.1\r\n" H "\r\n", 0),
	    ROW("absolute, query at once", "GET http://a?b HTTP/1.1\r\n" H "\r\n", 0),
	    ROW("absolute without host", "GET http:/// HTTP/1.1\r\n" H "\r\n", 400),
	    ROW("absolute with a user", "GET http://u@a/ HTTP/1.1\r\n" H "\r\n", 400),
	    ROW("another scheme", "GET ftp://a/ HTTP/1.1\r\n" H "\r\n", 400),
	    ROW("asterisk", "GET * HTTP/1.1\r\n" H "\r\n", 400),
	    ROW("authority", "GET a:80 HTTP/1.1\r\n" H "\r\n", 400),
	    ROW("fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", 400),
	    ROW("percent is the router's", "GET /%zz HTTP/1.1\r\n" H "\r\n", 0),
	};
	CHECK_ROWS(rows);
}
END_TEST

START_TEST(fields)
{
	static const struct row rows[] = {
	    ROW("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
	    ROW("two Hosts", GET H "\r\n", 400),
	    ROW("two Hosts, HTTP/1.0", "GET / HTTP/1.0\r\n" H H "\r\n", 400),
	    ROW("host in lower case", "GET / HTTP/1.1\r\nhost:a\r\n\r\n", 0),
	    ROW("Host with port", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0),
	    ROW("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0),
	    ROW("Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
	    ROW("Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
	    ROW("Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
	    ROW("space before the colon", GET "A : b\r\n\r\n", 400),
	    ROW("tab before the colon", GET "A\t: b\r\n\r\n", 400),
	    ROW("no colon", GET "A\r\n\r\n", 400),
	    ROW("no name", GET ": b\r\n\r\n", 400),
	    ROW("folded with a space", GET "A: b\r\n c\r\n\r\n", 400),
	    ROW("folded with a tab", GET "A: b\r\n\tc\r\n\r\n", 400),
	    ROW("space at once", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
	    ROW("empty value", GET "A:\r\n\r\n", 0),
	    ROW("value of blanks", GET "A: \t \r\n\r\n", 0),
	    ROW("bytes over 127 in a value", GET "A: \xe6\xba\xaf\r\n\r\n", 0),
	    ROW("bytes over 127 in a name", GET "\xe6: b\r\n\r\n", 400),
	    ROW("bare LF in the fields", GET "A: b\n\r\n", 400),
	    ROW("bare LF at the end", GET "\n", 400),
	    ROW("bare CR in a value", GET "A: b\rc\r\n\r\n", 400),
	    ROW("seven fields", GET "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\n\r\n", 0),
	    ROW("eight fields", GET "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\n\r\n", 431),
	    ROW("Expect", POST "Expect: 100-Continue\r\nContent-Length: 0\r\n\r\n", 0),
	    ROW("another Expect", POST "Expect: tea\r\n\r\n", 417),
	    ROW("two types", POST "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", 400),
	};
	CHECK_ROWS(rows);
}
END_TEST

#define CL "Content-Length: "
#define TE "Transfer-Encoding: "
START_TEST(framing)
{
	static const struct row rows[] = {
	    ROW("no body", POST "\r\n", 0),
	    ROW("length 0", POST CL "0\r\n\r\n", 0),
	    ROW("length 3", POST CL "3\r\n\r\nabc", 0),
	    ROW("length 3, short", POST CL "3\r\n\r\nab", -1),
	    ROW("length with zeros", POST CL "003\r\n\r\nabc", 0),
	    ROW("length 48 fits the budget",
		POST CL "48\r\n\r\n012345678901234567890123456789012345678901234567", 0),
	    ROW("length 49 doesn't", POST CL "49\r\n\r\n", 503),
	    ROW("length 65 is too large here", POST CL "65\r\n\r\n", 413),
	    ROW("length 2^64", POST CL "18446744073709551616\r\n\r\n", 413),
	    ROW("length of 18 nines", POST CL "999999999999999999\r\n\r\n", 413),
	    ROW("the same length twice", POST CL "3\r\n" CL "3\r\n\r\nabc", 400),
	    ROW("two lengths", POST CL "3\r\n" CL "4\r\n\r\nabc", 400),
	    ROW("a list of lengths", POST CL "3, 3\r\n\r\nabc", 400),
	    ROW("empty length", POST CL "\r\n\r\n", 400),
	    ROW("length +3", POST CL "+3\r\n\r\nabc", 400),
	    ROW("length -3", POST CL "-3\r\n\r\nabc", 400),
	    ROW("length 0x3", POST CL "0x3\r\n\r\nabc", 400),
	    ROW("length 3.0", POST CL "3.0\r\n\r\nabc", 400),
	    ROW("length 3 3", POST CL "3 3\r\n\r\nabc", 400),
	    ROW("length 3a", POST CL "3a\r\n\r\nabc", 400),
	    ROW("length in other digits", POST CL "\xd9\xa3\r\n\r\nabc", 400),
	    ROW("length then coding", POST CL "3\r\n" TE "chunked\r\n\r\n", 400),
	    ROW("coding then length", POST TE "chunked\r\n" CL "3\r\n\r\n", 400),
	    ROW("gzip", POST TE "gzip\r\n\r\n", 501),
	    ROW("gzip, chunked", POST TE "gzip, chunked\r\n\r\n", 501),
	    ROW("chunked, chunked", POST TE "chunked, chunked\r\n\r\n", 501),
	    ROW("chunked twice", POST TE "chunked\r\n" TE "chunked\r\n\r\n", 400),
	    ROW("identity", POST TE "identity\r\n\r\n", 501),
	    ROW("xchunked", POST TE "xchunked\r\n\r\n", 501),
	    ROW("chunked in quotes", POST TE "\"chunked\"\r\n\r\n", 501),
	    ROW("chunked;q=1", POST TE "chunked;q=1\r\n\r\n", 501),
	    ROW("vertical tab chunked", POST TE "\vchunked\r\n\r\n", 400),
	    ROW("no coding", POST TE "\r\n\r\n", 400),
	    ROW("CHUNKED", POST TE "CHUNKED\r\n\r\n0\r\n\r\n", 0),
	    ROW("coding in HTTP/1.0", "POST / HTTP/1.0\r\n" TE "chunked\r\n\r\n", 400),
	    ROW("GET with a body", GET CL "2\r\n\r\nab", 0),
	};
	CHECK_ROWS(rows);
}
END_TEST

START_TEST(chunks)
{
	static const struct row rows[] = {
	    ROW("none", CHUNKED "0\r\n\r\n", 0),
	    ROW("one", CHUNKED "3\r\nabc\r\n0\r\n\r\n", 0),
	    ROW("two", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 0),
	    ROW("hex", CHUNKED "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", 0),
	    ROW("leading zeros", CHUNKED "0003\r\nabc\r\n000\r\n\r\n", 0),
	    ROW("extension", CHUNKED "3;a=b;c=\"d\"\r\nabc\r\n0;z\r\n\r\n", 0),
	    ROW("blank before the extension", CHUNKED "3 ;a\r\nabc\r\n0\r\n\r\n", 0),
	    ROW("blank without extension", CHUNKED "3 \r\nabc\r\n0\r\n\r\n", 400),
	    ROW("blank first", CHUNKED " 3\r\nabc\r\n0\r\n\r\n", 400),
	    ROW("control in the extension", CHUNKED "3;a\x01\r\nabc\r\n0\r\n\r\n", 400),
	    ROW("no size", CHUNKED "\r\nabc\r\n0\r\n\r\n", 400),
	    ROW("0x3", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n", 400),
	    ROW("-3", CHUNKED "-3\r\nabc\r\n0\r\n\r\n", 400),
	    ROW("+3", CHUNKED "+3\r\nabc\r\n0\r\n\r\n", 400),
	    ROW("3_", CHUNKED "3_\r\nabc\r\n0\r\n\r\n", 400),
	    ROW("g", CHUNKED "g\r\nabc\r\n0\r\n\r\n", 400),
	    ROW("bare LF behind the size", CHUNKED "3\nabc\r\n0\r\n\r\n", 400),
	    ROW("bare LF in the extension", CHUNKED "3;a\nabc\r\n0\r\n\r\n", 400),
	    ROW("bare CR behind the size", CHUNKED "3\rabc\r\n0\r\n\r\n", 400),
	    ROW("bare LF behind the data", CHUNKED "3\r\nabc\n0\r\n\r\n", 400),
	    ROW("data too long", CHUNKED "3\r\nabcd\r\n0\r\n\r\n", 400),
	    ROW("data too short", CHUNKED "3\r\nab\r\n0\r\n\r\n", 400),
	    ROW("any two bytes behind the data", CHUNKED "3\r\nabcxy0\r\n\r\n", 400),
	    ROW("too large here", CHUNKED "41\r\n", 413),
	    ROW("too large by and by", CHUNKED "1\r\na\r\n40\r\n", 413),
	    ROW("over the budget", CHUNKED "20\r\n0123456789abcdef0123456789abcdef\r\n11\r\n", 503),
	    ROW("15 digits", CHUNKED "fffffffffffffff\r\n", 413),
	    ROW("17 digits", CHUNKED "10000000000000003\r\nabc\r\n", 400),
	    ROW("no last chunk", CHUNKED "3\r\nabc\r\n", -1),
	    ROW("no end of trailers", CHUNKED "0\r\n", -1),
	    ROW("trailer", CHUNKED "0\r\nA: b\r\n\r\n", 0),
	    ROW("trailer Content-Length changes nothing", CHUNKED "0\r\n" CL "5\r\n\r\n", 0),
	    ROW("bad trailer", CHUNKED "0\r\nA b\r\n\r\n", 400),
	    ROW("folded trailer", CHUNKED "0\r\nA: b\r\n c\r\n\r\n", 400),
	    ROW("bare LF in trailers", CHUNKED "0\r\nA: b\n\r\n", 400),
	    ROW("eight trailers",
		CHUNKED "0\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\n\r\n", 0),
	    ROW("nine trailers",
		CHUNKED "0\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\ni:\r\n\r\n", 431),
	};
	CHECK_ROWS(rows);
}
END_TEST

static bool in_name(unsigned c)
{
	return c != 0 && strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				"!#$%&'*+-.^_`|~:",
				(int)c) != NULL;
}

static bool in_value(unsigned c)
{
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool in_target(unsigned c)
{
	return c > 0x20 && c < 0x7f && c != '#';
}

START_TEST(every_byte)
{
	static const struct {
		const char *where, *before, *after;
		bool (*passes)(unsigned c);
	} rows[] = {
	    {"name", GET "X", "X: y\r\n\r\n", in_name},
	    {"value", GET "X: y", "y\r\n\r\n", in_value},
	    {"target", "GET /a", "b HTTP/1.1\r\n" H "\r\n", in_target},
	    {"extension", CHUNKED "0;", "\r\n\r\n", in_value},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (unsigned c = 0; c < 256; c++) {
			char text[256], name[80];
			int n = snprintf(text, sizeof text, "%s?%s", rows[i].before, rows[i].after);
			text[strlen(rows[i].before)] = (char)c;
			snprintf(name, sizeof name, "%s: byte 0x%02x", rows[i].where, c);
			check(name, text, (size_t)n, rows[i].passes(c) ? 0 : 400);
		}
}
END_TEST

static char *filled(const char *before, size_t n, const char *after, size_t *total)
{
	char *p = malloc(strlen(before) + n + strlen(after) + 1);
	ck_assert_ptr_nonnull(p);
	strcpy(p, before);
	memset(p + strlen(before), 'a', n);
	strcpy(p + strlen(before) + n, after);
	*total = strlen(p);
	return p;
}

START_TEST(limits)
{
	/* The limit is 512 bytes of head, 256 of request line with its CR LF. */
	static const struct {
		const char *name, *before, *after;
		size_t n;
		int status;
	} rows[] = {
	    {"longest target", "GET /", " HTTP/1.1\r\n" H "\r\n", 256 - 16, 0},
	    {"target too long", "GET /", " HTTP/1.1\r\n" H "\r\n", 256 - 15, 414},
	    {"endless target", "GET /", "", 5000, 414},
	    {"endless method", "", "", 5000, 414},
	    {"largest head", GET "A: ", "\r\n\r\n", 512 - 32, 0},
	    {"head too large", GET "A: ", "\r\n\r\n", 512 - 31, 431},
	    {"endless value", GET "A: ", "", 5000, 431},
	    {"endless name", GET, "", 5000, 431},
	    {"endless extension", CHUNKED "3;", "", 5000, 400},
	    {"endless size", CHUNKED "0", "", 5000, 400},
	    {"endless trailer", CHUNKED "0\r\nA: ", "", 5000, 431},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t n;
		char *p = filled(rows[i].before, rows[i].n, rows[i].after, &n);
		check(rows[i].name, p, n, rows[i].status);
		free(p);
	}
}
END_TEST

static void str(struct sy_str got, const char *want)
{
	ck_assert_msg(sy_str_is(got, want), "got \"%.*s\", expected \"%s\"", (int)got.n, got.p,
		      want);
}

START_TEST(contents)
{
	static const char text[] = "POST http://x:80/a/%2f?q=1&r HTTP/1.1\r\nHost: x\r\n"
				   "content-type:  application/json ; charset=utf-8 \r\n"
				   "X-Y:\t z z \r\nTransfer-Encoding: chunked\r\n\r\n"
				   "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\nGET /next";
	struct result r;
	expect(&r, "contents", text, sizeof text - 1, 0);
	ck_assert_int_eq(r.req.method, HTTP_POST);
	str(r.req.target, "http://x:80/a/%2f?q=1&r");
	str(r.req.path, "/a/%2f");
	str(r.req.query, "q=1&r");
	str(r.req.content_type, "application/json");
	str(r.req.body, "abcd");
	ck_assert_uint_eq(r.req.n_headers, 4);
	str(r.req.headers[2].name, "X-Y");
	str(r.req.headers[2].value, "z z");
	str((struct sy_str){text + r.used, sizeof text - 1 - r.used}, "GET /next");
	done(&r);

	expect(&r, "no path", "GET http://x?y HTTP/1.1\r\n" H "\r\n", 34, -1);
	done(&r);
	expect(&r, "no path", "GET http://x?y HTTP/1.1\r\n" H "\r\n", 36, 0);
	str(r.req.path, "/");
	str(r.req.query, "y");
	done(&r);
}
END_TEST

START_TEST(persistence)
{
	static const struct {
		const char *text;
		bool keep;
	} rows[] = {
	    {GET "\r\n", true},
	    {GET "Connection: close\r\n\r\n", false},
	    {GET "Connection: x, Close ,y\r\n\r\n", false},
	    {GET "Connection: x\r\nConnection: close\r\n\r\n", false},
	    {GET "Connection: closed\r\n\r\n", true},
	    {"GET / HTTP/1.0\r\n\r\n", false},
	    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
	    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct result r;
		expect(&r, rows[i].text, rows[i].text, strlen(rows[i].text), 0);
		ck_assert_msg(r.keep_alive == rows[i].keep, "%s", rows[i].text);
		done(&r);
	}
}
END_TEST

START_TEST(decode)
{
	static const struct {
		const char *in, *out; /* NULL: refused */
	} rows[] = {
	    {"", ""},       {"abc", "abc"},  {"a%2Fb", "a/b"}, {"%e6%Ba%af", "溯"},
	    {"a+b", "a+b"}, {"%25", "%"},    {"%2525", "%25"}, {"%", NULL},
	    {"%2", NULL},   {"a%2", NULL},   {"%zz", NULL},    {"%2z", NULL},
	    {"%00", NULL},  {"a%00b", NULL}, {"%%2F", NULL},   {"%0a", "\n"},
	};
	struct sy_arena arena = {0};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sy_str out;
		int err = http_decode(&arena, sy_str(rows[i].in), &out);
		ck_assert_msg(err == (rows[i].out != NULL ? SY_OK : SY_EINVAL), "%s", rows[i].in);
		if (err == SY_OK)
			str(out, rows[i].out);
	}
	sy_arena_free(&arena);
}
END_TEST

START_TEST(memory)
{
	static const char text[] = CHUNKED "3\r\nabc\r\n0\r\n\r\n";
	bool failed = true;
	for (unsigned nth = 1; failed; nth++) {
		struct result out = {0};
		struct http_reader r = {.limits = {4096, 64}};
		size_t at = 0, used;
		fail_alloc_at(nth);
		http_reader_begin(&r, &out.req, &out.arena, &out.body);
		while (r.stage == HTTP_READ_MORE && at < sizeof text - 1) {
			http_reader_feed(&r, text + at, sizeof text - 1 - at, &used);
			at += used;
			if (r.stage == HTTP_READ_HEAD)
				http_reader_body(&r, MAX_BODY);
		}
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(r.stage, failed ? HTTP_READ_BAD : HTTP_READ_DONE);
		ck_assert_int_eq(r.status, failed ? 503 : 0);
		done(&out);
	}
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} cases[] = {
	    {"request_line", request_line},
	    {"fields", fields},
	    {"framing", framing},
	    {"chunks", chunks},
	    {"every_byte", every_byte},
	    {"limits", limits},
	    {"contents", contents},
	    {"persistence", persistence},
	    {"decode", decode},
	    {"memory", memory},
	};
	Suite *s = suite_create("http_parse");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *t = tcase_create(cases[i].name);
		tcase_set_timeout(t, 60);
		tcase_add_test(t, cases[i].test);
		suite_add_tcase(s, t);
	}
	return s;
}
