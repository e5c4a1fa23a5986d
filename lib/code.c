/* Dispatch over the forms of a code. */
#include "code_impl.h"

#include <stdio.h>

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
