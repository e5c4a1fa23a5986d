/* Dispatch over the forms of a code. */
#include "code_impl.h"

#include <stdio.h>

static void read_uri(struct code_reader *r, struct sy_str text, size_t scheme)
{
	char shown[16];
	size_t bad = sy_uri_bad(text);
	bool http = sy_text_starts(text, "http:") || sy_text_starts(text, "https:");
	if (bad < text.n)
		sy_code_fault(r, SY_EINVAL, sy_spot((struct sy_str){text.p + bad, 1}),
			      "character %zu is %s, expected what a URI may have",
			      "第%zu位为%s，不是URI可用的字符", sy_code_given_no(r, text.p + bad),
			      sy_code_show(text, bad, shown));
	else if (http && (text.n < scheme + 4 || memcmp(text.p + scheme, "://", 3) != 0 ||
			  strchr("/?#", text.p[scheme + 3])))
		sy_code_fault(r, SY_EINVAL, sy_spot(text), "expected // and a host after %.*s",
			      "%.*s之后应为 // 和主机名", (int)scheme + 1, text.p);
	else if (http)
		sy_code_read_link(r, text);
	else if (sy_text_starts(text, "urn:"))
		sy_code_read_urn(r, text);
	else
		sy_code_read_private(r, text);
}

static void read_element(struct code_reader *r, struct sy_str text)
{
	sy_code_read_raw(r, text);
	sy_code_assemble(r);
}

static void read_gtin(struct code_reader *r, struct sy_str text)
{
	r->value = (struct written){text, 0};
	sy_ai_take(r, sy_ai_exact(SY_STR("01")), text);
	sy_code_assemble(r);
}

/* 18 digits are an SSCC or a social credit code: its check digit says which, unless both hold. */
static void read_eighteen(struct code_reader *r, struct sy_str text)
{
	char digit = sy_gs1_check_digit((struct sy_str){text.p, 17});
	bool sscc = text.p[17] == digit, uscc = sy_uscc_check(text) == SY_OK;
	if (sscc && !uscc) {
		r->value = (struct written){text, 0};
		sy_ai_take(r, sy_ai_exact(SY_STR("00")), text);
		sy_code_assemble(r);
	} else if (uscc && !sscc) {
		sy_code_read_uscc(r, text);
	} else {
		sy_code_fault(r, SY_EINVAL, sy_spot(text),
			      "18 digits could be several things, expected (00) before an "
			      "SSCC or urn:suyuan:cn:uscc: before a social credit code",
			      "18位数字可能有多种含义：SSCC前应加(00)，"
			      "统一社会信用代码前应加 urn:suyuan:cn:uscc:");
	}
}

/* A licence, say: refused by its name.  False when nothing is known that looks so. */
static bool refuse_other_number(struct code_reader *r, struct sy_str text)
{
	struct sy_code_reading readings[SY_CODE_READINGS_MAX];
	size_t n = sy_code_readings(text, readings);
	for (size_t i = 0; i < n; i++) {
		if (!readings[i].holds && !readings[i].unsure)
			continue;
		sy_code_fault(r, SY_EINVAL, sy_spot(text),
			      "%.*s looks like %s; expected an item's code",
			      "%.*s看似%s，应为物品编码", (int)text.n, text.p,
			      r->chinese ? readings[i].chinese : readings[i].english);
		return true;
	}
	return false;
}

/* Digits alone say what they are only by their number. */
static void read_digits(struct code_reader *r, struct sy_str text)
{
	if (text.n == 8 || (text.n >= 12 && text.n <= 14))
		read_gtin(r, text);
	else if (text.n == 20 && text.p[0] == '8')
		sy_code_read_drug(r, text);
	else if (text.n == 18)
		read_eighteen(r, text);
	else if (!refuse_other_number(r, text))
		sy_code_fault(r, SY_EINVAL, sy_spot(text),
			      "%zu digits, expected a GTIN of 8, 12, 13 or 14, or a drug "
			      "trace code of 20 that begins with 8",
			      "%zu位数字，应为8、12、13或14位的GTIN，或以8开头的20位药品追溯码",
			      text.n);
}

/*
 * A scanner that sends neither prefix nor FNC1: (01) or (00) whose check digit is right, alone or
 * with as much after it as another AI takes at least.
 */
static bool looks_raw(struct sy_str text)
{
	char gtin[15];
	if (text.n >= 20 && memcmp(text.p, "00", 2) == 0 &&
	    sy_text_digits((struct sy_str){text.p, 20}))
		return sy_gs1_check_digit((struct sy_str){text.p + 2, 17}) == text.p[19] &&
		       (text.n == 20 || text.n > 22);
	return (text.n == 16 || text.n > 18) && memcmp(text.p, "01", 2) == 0 &&
	       sy_gtin_parse((struct sy_str){text.p + 2, 14}, gtin) == SY_OK;
}

/* Digits and capitals of GB 32100, not all of them digits. */
static bool looks_uscc(struct sy_str text)
{
	if (text.n != 18)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = (char)(text.p[i] | 0x20);
		bool letter = c >= 'a' && c <= 'z' && strchr("iosvz", c) == NULL;
		if (!letter && (text.p[i] < '0' || text.p[i] > '9'))
			return false;
	}
	return true;
}

/* Codes of other systems by how they begin: MA (ISO/IEC 15459) and Handle, of China's roots. */
static const char *bare_stem(struct sy_str text)
{
	const char *slash = memchr(text.p, '/', text.n);
	if (text.n > 7 && memcmp(text.p, "MA.", 3) == 0 && text.p[6] == '.' &&
	    sy_text_digits((struct sy_str){text.p + 3, 3}))
		return "urn:suyuan:ma:";
	if (slash == NULL || slash + 1 == text.p + text.n || memcmp(text.p, "88.", 3) != 0)
		return NULL;
	for (const char *p = text.p + 3; p < slash; p++)
		if ((*p < '0' || *p > '9') && (*p != '.' || p[-1] == '.' || p + 1 == slash))
			return NULL;
	return slash > text.p + 3 ? "urn:suyuan:handle:" : NULL;
}

static void read_words(struct code_reader *r, struct sy_str text)
{
	char shown[16];
	const char *stem = text.n > 3 ? bare_stem(text) : NULL;
	if (stem != NULL)
		sy_code_read_bare(r, stem, text);
	else if (looks_uscc(text))
		sy_code_read_uscc(r, text);
	else if (text.n > 18 && memcmp(text.p, "01", 2) == 0 &&
		 sy_text_digits((struct sy_str){text.p, 16}))
		read_element(r, text); /* it can't be anything else: its faults are named */
	else if (!refuse_other_number(r, text))
		sy_code_fault(r, SY_EINVAL, sy_spot((struct sy_str){text.p, 1}),
			      "begins with %s and is no code, expected a GTIN, an element "
			      "string such as (01), or a URI",
			      "以%s开头，不是编码，应为GTIN、(01)之类的单元数据串或URI",
			      sy_code_show(text, 0, shown));
}

static void read_plain(struct code_reader *r, struct sy_str text)
{
	size_t scheme = sy_uri_scheme(text);
	if (scheme > 0)
		read_uri(r, text, scheme);
	else if (text.p[0] == '(') {
		sy_code_read_bracketed(r, text);
		sy_code_assemble(r);
	} else if (memchr(text.p, FNC1, text.n) != NULL || looks_raw(text)) {
		read_element(r, text);
	} else if (sy_text_digits(text)) {
		read_digits(r, text);
	} else {
		read_words(r, text);
	}
}

/* EAN and ITF symbols hold a GTIN and nothing else. */
static void read_ean(struct code_reader *r, struct sy_str text)
{
	if (sy_text_digits(text) && (text.n == 8 || (text.n >= 12 && text.n <= 14)))
		read_gtin(r, text);
	else
		sy_code_fault(r, SY_EINVAL, sy_spot(text),
			      "character 4: expected a GTIN of 8, 12, 13 or 14 digits behind the "
			      "symbology prefix",
			      "第4位：码制标识符之后应为8、12、13或14位数字的GTIN");
}

/* An add-on of 2 or 5 digits numbers an issue of a periodical, it is no part of the GTIN. */
static void read_ean_addon(struct code_reader *r, struct sy_str text)
{
	if (text.n == 15 || text.n == 18)
		text.n = 13;
	read_ean(r, text);
}

/* AIM symbology identifiers (ISO/IEC 15424) and what stands in such a symbol. */
static const struct {
	const char *prefix;
	void (*read)(struct code_reader *r, struct sy_str text);
} symbologies[] = {
    {"]C1", read_element},                          /* GS1-128 */
    {"]e0", read_element},                          /* GS1 DataBar, and composites */
    {"]e1", read_element},   {"]e2", read_element}, /* parts of composites */
    {"]d2", read_element},                          /* GS1 DataMatrix */
    {"]d5", read_element},                          /* ... with ECI */
    {"]Q3", read_element},                          /* GS1 QR */
    {"]Q4", read_element},                          /* ... with ECI */
    {"]J1", read_element},                          /* GS1 DotCode */
    {"]J4", read_element},                          /* ... with ECI */
    {"]E0", read_ean},                              /* EAN-13, UPC */
    {"]E3", read_ean_addon},                        /* ... with an add-on */
    {"]E4", read_ean},                              /* EAN-8 */
    {"]I0", read_ean},       {"]I1", read_ean},     /* ITF-14 */
    {"]C0", read_plain},                            /* Code 128 */
    {"]A0", read_plain},                            /* Code 39 */
    {"]d0", read_plain},     {"]d1", read_plain},   {"]d4", read_plain}, /* DataMatrix */
    {"]Q0", read_plain},     {"]Q1", read_plain},   {"]Q2", read_plain}, /* QR */
    {"]L0", read_plain},     {"]L2", read_plain},                        /* PDF417 */
    {"]z0", read_plain},                                                 /* Aztec */
    {"]h0", read_plain},                                                 /* 汉信码 */
    {"]J0", read_plain},                                                 /* DotCode */
};

static void read_scan(struct code_reader *r, struct sy_str text)
{
	for (size_t i = 0; i < sizeof symbologies / sizeof symbologies[0]; i++) {
		if (text.n <= 3 || memcmp(text.p, symbologies[i].prefix, 3) != 0)
			continue;
		symbologies[i].read(r, sy_text_from(text, 3));
		return;
	}
	sy_code_fault(r, SY_EINVAL, sy_spot((struct sy_str){text.p, text.n < 3 ? text.n : 3}),
		      "begins with ], expected a symbology prefix such as ]C1, ]d2 or "
		      "]Q3 and data after it",
		      "以 ] 开头，应为 ]C1、]d2、]Q3 之类的码制标识符及其后的数据");
}

static void clear(struct sy_code *out, struct sy_str given)
{
	const struct sy_str none = {"", 0};
	*out = (struct sy_code){.given = given};
	out->canonical = out->product = out->lot_code = out->gtin = none;
	out->lot = out->serial = out->expiry = out->made = none;
}

void sy_code_reader(struct code_reader *r, struct sy_arena *arena, struct sy_code *out,
		    struct sy_faults *faults)
{
	r->arena = arena;
	r->out = out;
	r->faults = faults;
	r->record = SY_NO_RECORD;
	r->pointer = "";
	r->marks = NULL;
	r->settled = faults != NULL && faults->settled;
	r->chinese = faults != NULL && faults->chinese;
}

int sy_code_read(struct code_reader *r, struct sy_str text)
{
	r->err = SY_OK;
	r->n_faults = r->n = r->used = 0;
	r->key = NULL;
	r->value = (struct written){text, 0};
	clear(r->out, text);
	if (text.n == 0)
		sy_code_fault(r, SY_EINVAL, NOWHERE, "empty, expected a code", "空白，应为编码");
	else if (text.n > SY_CODE_MAX)
		sy_code_fault(r, SY_EINVAL, NOWHERE, "%zu bytes long, expected at most %d",
			      "长%zu字节，至多应为%d字节", text.n, SY_CODE_MAX);
	else if (text.p[0] == ']')
		read_scan(r, text);
	else
		read_plain(r, text);
	if (r->n_faults > 0)
		clear(r->out, text);
	return r->err;
}

int sy_code_parse(struct sy_arena *arena, struct sy_str text, struct sy_code *out,
		  struct sy_faults *faults, long record, const char *pointer)
{
	struct code_reader r;
	sy_code_reader(&r, arena, out, faults);
	r.record = record;
	r.pointer = pointer;
	return sy_code_read(&r, text);
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
		sy_pen_put(&pen, stem->lot);
		sy_pen_encode(&pen, lot);
	}
	if (serial.n > 0) {
		sy_pen_put(&pen, stem->serial);
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
