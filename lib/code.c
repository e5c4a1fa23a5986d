/* Dispatch over the forms of a code, and the canonical form that all of them end in. */
#include "code_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

void sy_code_fault(struct code_reader *r, int err, const char *fmt, ...)
{
	char detail[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(detail, sizeof detail, fmt, args);
	va_end(args);
	if (r->n_faults++ == 0)
		r->err = err;
	if (r->faults != NULL)
		sy_fault_add(r->faults, sy_http_status(err), r->record, r->pointer, NULL, "%s",
			     detail);
}

void sy_code_out_of_memory(struct code_reader *r)
{
	r->n_faults++;
	r->err = SY_ENOMEM;
}

const char *sy_code_show(struct sy_str text, size_t at, char out[16])
{
	unsigned char c = (unsigned char)text.p[at];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4, bad;
	if (c < 0x20 || c == 0x7f || at + n > text.n || !sy_utf8_valid(text.p + at, n, &bad))
		snprintf(out, 16, "byte 0x%02X", c);
	else
		snprintf(out, 16, "\"%.*s\"", (int)n, text.p + at);
	return out;
}

size_t sy_code_char_no(struct sy_str text, size_t at)
{
	size_t n = 1;
	for (size_t i = 0; i < at && i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

char *sy_code_room(struct code_reader *r, size_t n)
{
	if (n > sizeof r->pool - r->used)
		return NULL;
	r->used += n;
	return r->pool + r->used - n;
}

struct sy_str sy_text_from(struct sy_str text, size_t at)
{
	return (struct sy_str){text.p + at, text.n - at};
}

bool sy_text_starts(struct sy_str text, const char *prefix)
{
	size_t n = strlen(prefix);
	return text.n >= n && strncasecmp(text.p, prefix, n) == 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sy_code_decode(struct code_reader *r, const char *where, struct sy_str text,
		    struct sy_str *out)
{
	char *p = sy_code_room(r, text.n);
	size_t n = 0;
	if (p == NULL)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '%') {
			p[n++] = text.p[i];
			continue;
		}
		int hi = i + 2 < text.n ? hex_value(text.p[i + 1]) : -1;
		int lo = hi >= 0 ? hex_value(text.p[i + 2]) : -1;
		if (lo < 0) {
			sy_code_fault(r, SY_EINVAL,
				      "%s character %zu: expected two hex digits after %%", where,
				      sy_code_char_no(text, i));
			return false;
		}
		p[n++] = (char)(hi * 16 + lo);
		i += 2;
	}
	*out = (struct sy_str){p, n};
	return true;
}

void sy_pen_begin(struct pen *pen, struct sy_str s)
{
	pen->n = 0;
	sy_pen_put(pen, s);
}

void sy_pen_put(struct pen *pen, struct sy_str s)
{
	size_t n = s.n < sizeof pen->text - pen->n ? s.n : sizeof pen->text - pen->n;
	memcpy(pen->text + pen->n, s.p, n);
	pen->n += n;
}

static bool unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void sy_pen_encode(struct pen *pen, struct sy_str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
		sy_pen_put(pen, unreserved(s.p[i]) ? (struct sy_str){s.p + i, 1}
						   : (struct sy_str){escaped, 3});
	}
}

struct sy_str sy_pen_keep(const struct pen *pen, struct sy_arena *arena)
{
	struct sy_str text = {pen->text, pen->n};
	return (struct sy_str){sy_arena_strdup(arena, text), pen->n};
}

const struct code_stem sy_stem_gs1 = {"/10/", "/21/", false};
const struct code_stem sy_stem_gs1_tpx = {"/10/", "/235/", false};
/* A small maker may count anew in every lot: there the lot is part of a unit's name. */
const struct code_stem sy_stem_own = {":lot:", ":serial:", true};

static struct sy_str keep(struct code_reader *r, const struct pen *pen)
{
	struct sy_str s = sy_pen_keep(pen, r->arena);
	if (s.p == NULL)
		sy_code_out_of_memory(r);
	return s;
}

static struct sy_str keep_text(struct code_reader *r, struct sy_str text)
{
	struct sy_str s = {sy_arena_strdup(r->arena, text), text.n};
	if (s.p == NULL)
		sy_code_out_of_memory(r);
	return s;
}

void sy_code_from_stem(struct code_reader *r, const struct code_stem *stem, struct sy_str product,
		       struct sy_str lot, struct sy_str serial)
{
	struct sy_code *out = r->out;
	struct pen pen;
	out->kind = SY_CODE_PRODUCT;
	out->product = out->canonical = keep_text(r, product);
	sy_pen_begin(&pen, product);
	if (lot.n > 0) {
		out->kind = SY_CODE_LOT;
		sy_pen_put(&pen, sy_str(stem->lot));
		sy_pen_encode(&pen, lot);
		out->lot = keep_text(r, lot);
		out->lot_code = out->canonical = keep(r, &pen);
	}
	if (serial.n > 0) {
		out->kind = SY_CODE_UNIT;
		pen.n = stem->keep_lot ? pen.n : product.n;
		sy_pen_put(&pen, sy_str(stem->serial));
		sy_pen_encode(&pen, serial);
		out->serial = keep_text(r, serial);
		out->canonical = keep(r, &pen);
	}
}

/* (414) to (417) may stand beside what they are the place or party of. */
static bool beside(const struct element *e)
{
	return e->ai.number >= 4140 && e->ai.number <= 4179;
}

static const struct element *key_of(const struct code_reader *r)
{
	const struct element *key = NULL;
	for (size_t i = 0; i < r->n; i++) {
		const struct element *e = &r->elements[i];
		if (e->ai.row->key != SY_CODE_NONE && (key == NULL || (beside(key) && !beside(e))))
			key = e;
	}
	return key;
}

static struct sy_str value_of(const struct code_reader *r, unsigned number)
{
	const struct element *e = sy_ai_find(r, number);
	return e ? e->value : (struct sy_str){"", 0};
}

#define GS1_STEM "https://id.gs1.org/"

static void put_element(struct pen *pen, const struct element *e)
{
	char name[8];
	sy_ai_name(e->ai, name);
	sy_pen_put(pen, (struct sy_str){name + 1, strlen(name) - 2});
	sy_pen_put(pen, SY_STR("/"));
	sy_pen_encode(pen, e->value);
}

static void assemble_gtin(struct code_reader *r, const struct element *key)
{
	struct sy_str serial = value_of(r, AI_SERIAL), tpx = value_of(r, AI_TPX);
	const struct code_stem *stem = tpx.n > 0 ? &sy_stem_gs1_tpx : &sy_stem_gs1;
	struct pen pen;
	if (serial.n > 0 && tpx.n > 0) {
		sy_code_fault(r, SY_EINVAL,
			      "(21) and (235) exclude each other, expected one of them");
		return;
	}
	sy_pen_begin(&pen, SY_STR(GS1_STEM));
	put_element(&pen, key);
	r->out->gtin = keep_text(r, key->value);
	sy_code_from_stem(r, stem, (struct sy_str){pen.text, pen.n}, value_of(r, AI_LOT),
			  tpx.n > 0 ? tpx : serial);
}

/* Key and its qualifiers, in their order. */
static void assemble_other(struct code_reader *r, const struct element *key)
{
	struct pen pen;
	sy_pen_begin(&pen, SY_STR(GS1_STEM));
	put_element(&pen, key);
	for (const char *q = key->ai.row->quals; *q != '\0';) {
		size_t n = strcspn(q, ",|");
		const struct element *e = sy_ai_find(r, sy_ai_exact((struct sy_str){q, n}).number);
		if (e != NULL) {
			sy_pen_put(&pen, SY_STR("/"));
			put_element(&pen, e);
		}
		q += n + (q[n] != '\0');
	}
	r->out->kind = (enum sy_code_kind)key->ai.row->key;
	r->out->canonical = keep(r, &pen);
}

static struct sy_str date_of(struct code_reader *r, unsigned number)
{
	char date[11];
	struct sy_str value = value_of(r, number);
	if (value.n != 6 || !sy_ai_date(value, true, date))
		return (struct sy_str){"", 0};
	return keep_text(r, (struct sy_str){date, 10});
}

void sy_code_assemble(struct code_reader *r)
{
	const struct element *key = key_of(r);
	if (r->n_faults > 0)
		return;
	if (key == NULL) {
		sy_code_fault(r, SY_EINVAL,
			      "nothing in it says what it is, expected a GS1 key such as "
			      "(01) or (00)");
		return;
	}
	r->out->scheme = SY_SCHEME_GS1;
	if (key->ai.number == AI_GTIN)
		assemble_gtin(r, key);
	else
		assemble_other(r, key);
	r->out->expiry = date_of(r, AI_EXPIRY);
	r->out->made = date_of(r, AI_MADE);
}

size_t sy_uri_scheme(struct sy_str text)
{
	size_t n = 0;
	while (n < text.n && unreserved(text.p[n]) && text.p[n] != '_' && text.p[n] != '~')
		n++;
	bool letter = text.n > 0 && ((text.p[0] | 0x20) >= 'a' && (text.p[0] | 0x20) <= 'z');
	return letter && n > 1 && n < text.n && text.p[n] == ':' ? n : 0;
}

size_t sy_uri_bad(struct sy_str text)
{
	static const bool no_uri[256] = {['<'] = 1, ['>'] = 1, ['"'] = 1,  ['{'] = 1, ['}'] = 1,
					 ['|'] = 1, ['^'] = 1, ['\\'] = 1, ['`'] = 1};
	size_t bad = text.n, utf8;
	for (size_t i = 0; i < text.n && bad == text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c <= 0x20 || c == 0x7f || no_uri[c])
			bad = i;
	}
	return sy_utf8_valid(text.p, text.n, &utf8) || utf8 > bad ? bad : utf8;
}

static void read_uri(struct code_reader *r, struct sy_str text, size_t scheme)
{
	char shown[16];
	size_t bad = sy_uri_bad(text);
	bool http = sy_text_starts(text, "http:") || sy_text_starts(text, "https:");
	if (bad < text.n)
		sy_code_fault(r, SY_EINVAL, "character %zu is %s, expected what a URI may have",
			      sy_code_char_no(text, bad), sy_code_show(text, bad, shown));
	else if (http && (text.n < scheme + 4 || memcmp(text.p + scheme, "://", 3) != 0 ||
			  strchr("/?#", text.p[scheme + 3])))
		sy_code_fault(r, SY_EINVAL, "expected // and a host after %.*s", (int)scheme + 1,
			      text.p);
	else if (http)
		sy_code_read_link(r, text);
	else if (sy_text_starts(text, "urn:"))
		sy_code_read_urn(r, text);
	else
		sy_code_read_private(r, text);
}

static void read_gtin(struct code_reader *r, struct sy_str text)
{
	sy_ai_take(r, sy_ai_exact(SY_STR("01")), text);
	sy_code_assemble(r);
}

/* Digits alone say what they are only by their number. */
static void read_digits(struct code_reader *r, struct sy_str text)
{
	if (text.n == 8 || (text.n >= 12 && text.n <= 14))
		read_gtin(r, text);
	else if (text.n == 20 && text.p[0] == '8')
		sy_code_read_drug(r, text);
	else if (text.n == 18)
		sy_code_fault(r, SY_EINVAL,
			      "18 digits could be several things, expected (00) before an "
			      "SSCC or urn:suyuan:cn:uscc: before a social credit code");
	else
		sy_code_fault(r, SY_EINVAL,
			      "%zu digits, expected a GTIN of 8, 12, 13 or 14, or a drug "
			      "trace code of 20 that begins with 8",
			      text.n);
}

/* A scanner that sends neither prefix nor FNC1: (01) with a right check digit, and more. */
static bool looks_raw(struct sy_str text)
{
	char gtin[15];
	return text.n > 18 && memcmp(text.p, "01", 2) == 0 &&
	       sy_gtin_parse((struct sy_str){text.p + 2, 14}, gtin) == SY_OK;
}

static void read_plain(struct code_reader *r, struct sy_str text)
{
	size_t scheme = sy_uri_scheme(text);
	char shown[16];
	if (scheme > 0)
		read_uri(r, text, scheme);
	else if (sy_text_digits(text) && !looks_raw(text))
		read_digits(r, text);
	else if (text.p[0] == '(') {
		sy_code_read_bracketed(r, text);
		sy_code_assemble(r);
	} else if (memchr(text.p, FNC1, text.n) != NULL || looks_raw(text)) {
		sy_code_read_raw(r, text);
		sy_code_assemble(r);
	} else {
		sy_code_fault(r, SY_EINVAL,
			      "begins with %s and is no code, expected a GTIN, an element "
			      "string such as (01), or a URI",
			      sy_code_show(text, 0, shown));
	}
}

/* AIM symbology identifiers; those of GS1 symbols say that an element string follows. */
static const struct {
	const char *prefix;
	bool element_string;
} symbologies[] = {
    {"]C1", true},  /* GS1-128 */
    {"]e0", true},  /* GS1 DataBar */
    {"]d2", true},  /* GS1 DataMatrix */
    {"]Q3", true},  /* GS1 QR */
    {"]J1", true},  /* GS1 DotCode */
    {"]E0", false}, /* EAN-13, UPC */
    {"]E4", false}, /* EAN-8 */
    {"]I1", false}, /* ITF-14 */
    {"]C0", false}, /* Code 128 */
    {"]d1", false}, /* DataMatrix */
    {"]Q1", false}, /* QR */
};

static void read_scan(struct code_reader *r, struct sy_str text)
{
	for (size_t i = 0; i < sizeof symbologies / sizeof symbologies[0]; i++) {
		if (text.n <= 3 || memcmp(text.p, symbologies[i].prefix, 3) != 0)
			continue;
		if (symbologies[i].element_string) {
			sy_code_read_raw(r, sy_text_from(text, 3));
			sy_code_assemble(r);
		} else {
			read_plain(r, sy_text_from(text, 3));
		}
		return;
	}
	sy_code_fault(r, SY_EINVAL,
		      "begins with ], expected a symbology prefix such as ]C1, ]d2 or "
		      "]Q3 and data after it");
}

static void clear(struct sy_code *out, struct sy_str given)
{
	const struct sy_str none = {"", 0};
	*out = (struct sy_code){.given = given};
	out->canonical = out->product = out->lot_code = out->gtin = none;
	out->lot = out->serial = out->expiry = out->made = none;
}

int sy_code_parse(struct sy_arena *arena, struct sy_str text, struct sy_code *out,
		  struct sy_faults *faults, long record, const char *pointer)
{
	struct code_reader r;
	r.arena = arena;
	r.out = out;
	r.faults = faults;
	r.record = record;
	r.pointer = pointer;
	r.err = SY_OK;
	r.n_faults = r.n = r.used = 0;
	clear(out, text);
	if (text.n == 0)
		sy_code_fault(&r, SY_EINVAL, "empty, expected a code");
	else if (text.n > SY_CODE_MAX)
		sy_code_fault(&r, SY_EINVAL, "%zu bytes long, expected at most %d", text.n,
			      SY_CODE_MAX);
	else if (text.p[0] == ']')
		read_scan(&r, text);
	else
		read_plain(&r, text);
	if (r.n_faults > 0)
		clear(out, text);
	return r.err;
}

static const char *const kind_names[] = {
    [SY_CODE_NONE] = "none",   [SY_CODE_PRODUCT] = "product",   [SY_CODE_LOT] = "lot",
    [SY_CODE_UNIT] = "unit",   [SY_CODE_LOGISTIC] = "logistic", [SY_CODE_ASSET] = "asset",
    [SY_CODE_PARTY] = "party", [SY_CODE_PLACE] = "place",       [SY_CODE_CN_DRUG] = "drug-unit",
    [SY_CODE_OTHER] = "other",
};

static const char *const scheme_names[] = {
    [SY_SCHEME_GS1] = "gs1",
    [SY_SCHEME_OWN] = "own",
    [SY_SCHEME_CN] = "cn",
    [SY_SCHEME_PRIVATE] = "private",
};

const char *sy_code_kind_name(enum sy_code_kind kind)
{
	return (size_t)kind < sizeof kind_names / sizeof kind_names[0] ? kind_names[kind] : "none";
}

const char *sy_code_scheme_name(enum sy_code_scheme scheme)
{
	return (size_t)scheme < sizeof scheme_names / sizeof scheme_names[0] ? scheme_names[scheme]
									     : "private";
}

void sy_code_write_json(struct sy_jw *w, const struct sy_code *code)
{
	const struct {
		const char *name;
		struct sy_str text;
	} members[] = {
	    {"given", code->given},
	    {"kind", sy_str(sy_code_kind_name(code->kind))},
	    {"scheme", sy_str(sy_code_scheme_name(code->scheme))},
	    {"canonical", code->canonical},
	    {"product", code->product},
	    {"lotCode", code->lot_code},
	    {"gtin", code->gtin},
	    {"lot", code->lot},
	    {"serial", code->serial},
	    {"expires", code->expiry},
	    {"made", code->made},
	};
	sy_jw_object(w);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (members[i].text.n > 0)
			sy_jw_kv_str(w, members[i].name, members[i].text);
	sy_jw_end(w, '}');
}

/* The text of a longer code, which is then read like any other: one set of rules. */
static int build(struct sy_arena *arena, const struct sy_code *product, struct sy_str lot,
		 struct sy_str serial, struct sy_code *out)
{
	const struct code_stem *stem =
	    product->scheme == SY_SCHEME_GS1 ? &sy_stem_gs1 : &sy_stem_own;
	struct pen pen;
	if (product->product.n == 0 || lot.n > SY_CODE_MAX / 8 || serial.n > SY_CODE_MAX / 8)
		return SY_EINVAL;
	sy_pen_begin(&pen, product->product);
	if (lot.n > 0) {
		sy_pen_put(&pen, sy_str(stem->lot));
		sy_pen_encode(&pen, lot);
	}
	if (serial.n > 0) {
		sy_pen_put(&pen, sy_str(stem->serial));
		sy_pen_encode(&pen, serial);
	}
	struct sy_str text = sy_pen_keep(&pen, arena);
	if (text.p == NULL)
		return SY_ENOMEM;
	return sy_code_parse(arena, text, out, NULL, SY_NO_RECORD, "");
}

int sy_code_lot(struct sy_arena *arena, const struct sy_code *product, struct sy_str lot,
		struct sy_code *out)
{
	return lot.n > 0 ? build(arena, product, lot, (struct sy_str){"", 0}, out) : SY_EINVAL;
}

int sy_code_unit(struct sy_arena *arena, const struct sy_code *product, struct sy_str serial,
		 struct sy_code *out)
{
	return serial.n > 0 ? build(arena, product, product->lot, serial, out) : SY_EINVAL;
}
