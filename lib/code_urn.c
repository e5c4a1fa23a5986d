/*
 * EPC URNs (GS1 EPC Tag Data Standard 2.0, section 6), URNs of our own, and other URIs.
 *
 * An EPC URN says how long the company prefix is, the link doesn't: so a URN becomes elements, and
 * those a link, but never the other way.
 */
#include "code_impl.h"

struct epc_scheme {
	const char *name, *ai;
	uint8_t digits; /* of prefix and reference together; 0: any characters follow the prefix */
	bool indicator; /* the reference's first digit goes in front of the prefix */
	bool check;     /* a check digit follows */
	const char *lead; /* in front of all */
	bool pieces;      /* two more parts of two digits */
	/* The last part: its own AI; "" for one appended to the key; NULL for none. */
	const char *tail;
};

static const struct epc_scheme epc_schemes[] = {
    {"id:sgtin:", "01", 13, true, true, "", false, "21"},
    {"class:lgtin:", "01", 13, true, true, "", false, "10"},
    {"id:sscc:", "00", 17, true, true, "", false, NULL},
    {"id:sgln:", "414", 12, false, true, "", false, "254"},
    {"id:pgln:", "417", 12, false, true, "", false, NULL},
    {"id:grai:", "8003", 12, false, true, "0", false, ""},
    {"id:giai:", "8004", 0, false, false, "", false, NULL},
    {"id:gdti:", "253", 12, false, true, "", false, ""},
    {"id:sgcn:", "255", 12, false, true, "", false, ""},
    {"id:gsrn:", "8018", 17, false, true, "", false, NULL},
    {"id:gsrnp:", "8017", 17, false, true, "", false, NULL},
    {"id:gsin:", "402", 16, false, true, "", false, NULL},
    {"id:ginc:", "401", 0, false, false, "", false, NULL},
    {"id:cpi:", "8010", 0, false, false, "", false, "8011"},
    {"id:upui:", "01", 13, true, true, "", false, "235"},
    {"id:itip:", "8006", 13, true, true, "", true, "21"},
    /* Patterns whose serial is "*" name the class. */
    {"idpat:sgtin:", "01", 13, true, true, "", false, "*"},
    {"idpat:grai:", "8003", 12, false, true, "0", false, "*"},
    {"idpat:gdti:", "253", 12, false, true, "", false, "*"},
    {"idpat:cpi:", "8010", 0, false, false, "", false, "*"},
    {"idpat:upui:", "01", 13, true, true, "", false, "*"},
    {"idpat:itip:", "8006", 13, true, true, "", true, "*"},
};

static struct sy_str part_until(struct sy_str *rest, char stop, bool *found)
{
	const char *end = memchr(rest->p, stop, rest->n);
	struct sy_str part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
	*found = end != NULL;
	*rest = sy_text_from(*rest, part.n + (end != NULL));
	return part;
}

static void put(char **p, struct sy_str s)
{
	memcpy(*p, s.p, s.n);
	*p += s.n;
}

/* Key without its tail: lead, indicator, prefix, reference, check digit, further digits. */
static bool epc_key(struct code_reader *r, const struct epc_scheme *s, struct sy_str prefix,
		    struct sy_str reference, struct sy_str more, struct sy_str *key)
{
	char *begin = sy_code_room(r, prefix.n + reference.n + more.n + 2), *p = begin;
	if (begin == NULL)
		return false;
	put(&p, sy_str(s->lead));
	char *body = p;
	if (s->indicator) {
		put(&p, (struct sy_str){reference.p, 1});
		reference = sy_text_from(reference, 1);
	}
	put(&p, prefix);
	put(&p, reference);
	if (s->check) {
		*p = sy_gs1_check_digit((struct sy_str){body, (size_t)(p - body)});
		p++;
	}
	put(&p, more);
	*key = (struct sy_str){begin, (size_t)(p - begin)};
	return true;
}

static bool epc_digits(struct code_reader *r, const struct epc_scheme *s, struct sy_str prefix,
		       struct sy_str reference)
{
	if (prefix.n < 6 || prefix.n > 12 || !sy_text_digits(prefix)) {
		sy_code_fault(r, SY_EINVAL,
			      "urn:epc:%s expected a company prefix of 6 to 12 digits, then a dot",
			      s->name);
		return false;
	}
	if (s->digits == 0)
		return true;
	bool digits = reference.n == 0 || sy_text_digits(reference);
	if (!digits || prefix.n + reference.n != s->digits || (s->indicator && reference.n == 0)) {
		sy_code_fault(r, SY_EINVAL,
			      "urn:epc:%s company prefix and reference are %zu characters "
			      "together, expected %d "
			      "digits",
			      s->name, prefix.n + reference.n, s->digits);
		return false;
	}
	return true;
}

/* The serial, extension or lot of a URN, at its own AI or after the key. */
static void take_tail(struct code_reader *r, const struct epc_scheme *s, struct ai_code ai,
		      struct sy_str key, struct sy_str tail)
{
	struct sy_str decoded;
	if (!sy_code_decode(r, s->name, tail, &decoded))
		return;
	if (s->tail[0] != '\0') {
		sy_ai_take(r, ai, key);
		/* An extension of 0 says that there is none. */
		if (strcmp(s->tail, "254") != 0 || !sy_str_is(decoded, "0"))
			sy_ai_take(r, sy_ai_exact(sy_str(s->tail)), decoded);
		return;
	}
	char *p = sy_code_room(r, key.n + decoded.n);
	if (p == NULL)
		return;
	struct sy_str whole = {p, key.n + decoded.n};
	put(&p, key);
	put(&p, decoded);
	sy_ai_take(r, ai, whole);
}

/* "01.02." of a trade item's pieces, as 0102. */
static bool epc_pieces(struct code_reader *r, struct sy_str *rest, struct sy_str *more)
{
	bool dots[2];
	struct sy_str piece = part_until(rest, '.', &dots[0]), of = part_until(rest, '.', &dots[1]);
	char *p = sy_code_room(r, 4);
	if (p == NULL || !dots[0] || !dots[1] || piece.n != 2 || of.n != 2)
		return false;
	*more = (struct sy_str){p, 4};
	put(&p, piece);
	put(&p, of);
	return true;
}

static void read_epc(struct code_reader *r, const struct epc_scheme *s, struct sy_str rest)
{
	bool found = false, last = true;
	struct sy_str prefix = part_until(&rest, '.', &found), reference = rest, more = {"", 0},
		      key;
	struct ai_code ai = sy_ai_exact(sy_str(s->ai));
	if (found && s->tail != NULL)
		reference = part_until(&rest, '.', &last);
	if (found && last && s->pieces)
		last = epc_pieces(r, &rest, &more);
	if (!found || !last) {
		sy_code_fault(r, SY_EINVAL,
			      "urn:epc:%s has too few parts, or parts of a wrong length", s->name);
		return;
	}
	if (!epc_digits(r, s, prefix, reference) ||
	    (s->digits == 0 && !sy_code_decode(r, s->name, reference, &reference)) ||
	    !epc_key(r, s, prefix, reference, more, &key))
		return;
	if (s->tail != NULL && s->tail[0] != '*')
		take_tail(r, s, ai, key, rest);
	else
		sy_ai_take(r, ai, key);
}

static bool is_class_pattern(struct sy_str text)
{
	return text.n > 2 && memcmp(text.p + text.n - 2, ".*", 2) == 0 &&
	       memchr(text.p, '*', text.n - 1) == NULL;
}

/* urn:epc:...; what isn't in the table (other schemes, wider patterns) is an item of its own. */
static void read_urn_epc(struct code_reader *r, struct sy_str text, struct sy_str rest)
{
	for (size_t i = 0; i < sizeof epc_schemes / sizeof epc_schemes[0]; i++) {
		const struct epc_scheme *s = &epc_schemes[i];
		bool pattern = s->tail != NULL && s->tail[0] == '*';
		if (!sy_text_starts(rest, s->name) || (pattern && !is_class_pattern(rest)))
			continue;
		read_epc(r, s, sy_text_from(rest, strlen(s->name)));
		sy_code_assemble(r);
		return;
	}
	sy_code_read_private(r, text);
}

#define PART_MAX 80 /* characters of an owner, product or serial of a private stem */
#define LOT_MAX 20

/* One part of a private stem, decoded: text of any script, without controls. */
static bool own_part(struct code_reader *r, const char *what, size_t max, struct sy_str *rest,
		     struct sy_str *out)
{
	bool found;
	size_t chars = 0, bad;
	if (!sy_code_decode(r, what, part_until(rest, ':', &found), out))
		return false;
	if (!sy_utf8_valid(out->p, out->n, &bad)) {
		sy_code_fault(r, SY_EINVAL, "%s character %zu is not UTF-8", what,
			      sy_code_char_no(*out, bad));
		return false;
	}
	for (size_t i = 0; i < out->n; i++) {
		char shown[16];
		chars += ((unsigned char)out->p[i] & 0xc0) != 0x80;
		if ((unsigned char)out->p[i] >= 0x20 && out->p[i] != 0x7f)
			continue;
		sy_code_fault(r, SY_EINVAL, "%s character %zu is %s, expected no control character",
			      what, chars, sy_code_show(*out, i, shown));
		return false;
	}
	if (chars < 1 || chars > max)
		sy_code_fault(r, SY_EINVAL, "%s has %zu characters, expected 1 to %zu", what, chars,
			      max);
	return chars >= 1 && chars <= max;
}

/* [:lot:<lot>][:serial:<serial>] */
static bool own_tail(struct code_reader *r, struct sy_str rest, struct sy_str *lot,
		     struct sy_str *serial)
{
	bool fine = true;
	if (sy_text_starts(rest, "lot:")) {
		rest = sy_text_from(rest, 4);
		fine &= own_part(r, "lot", LOT_MAX, &rest, lot);
	}
	if (sy_text_starts(rest, "serial:")) {
		rest = sy_text_from(rest, 7);
		fine &= own_part(r, "serial", PART_MAX, &rest, serial);
	}
	if (rest.n > 0) {
		sy_code_fault(r, SY_EINVAL, "character %zu: expected :lot: or :serial: or the end",
			      sy_code_char_no(r->out->given, (size_t)(rest.p - r->out->given.p)));
		return false;
	}
	return fine;
}

static void read_own(struct code_reader *r, struct sy_str rest)
{
	struct sy_str owner, product, lot = {"", 0}, serial = {"", 0};
	struct pen stem;
	r->out->scheme = SY_SCHEME_OWN;
	bool fine = own_part(r, "owner", PART_MAX, &rest, &owner);
	fine &= own_part(r, "product", PART_MAX, &rest, &product);
	fine &= own_tail(r, rest, &lot, &serial);
	if (!fine)
		return;
	sy_pen_begin(&stem, SY_STR("urn:suyuan:own:"));
	sy_pen_encode(&stem, owner);
	sy_pen_put(&stem, SY_STR(":"));
	sy_pen_encode(&stem, product);
	sy_code_from_stem(r, &sy_stem_own, (struct sy_str){stem.text, stem.n}, lot, serial);
}

/* 国家药品标识码: the first seven digits of a trace code.  Lots of it follow as in a private stem.
 */
static void read_drug_product(struct code_reader *r, struct sy_str rest)
{
	bool more;
	struct sy_str digits = part_until(&rest, ':', &more), lot = {"", 0}, serial = {"", 0};
	struct pen stem;
	r->out->scheme = SY_SCHEME_CN;
	if (digits.n != 7 || !sy_text_digits(digits) || digits.p[0] != '8') {
		sy_code_fault(r, SY_EINVAL, "drug product code: expected 7 digits, the first an 8");
		return;
	}
	if (!own_tail(r, rest, &lot, &serial))
		return;
	if (serial.n > 0) {
		sy_code_fault(r, SY_EINVAL,
			      "a drug's serial is in its trace code, expected "
			      "urn:suyuan:cn:drug: and 20 digits");
		return;
	}
	sy_pen_begin(&stem, SY_STR("urn:suyuan:cn:drug-product:"));
	sy_pen_put(&stem, digits);
	sy_code_from_stem(r, &sy_stem_own, (struct sy_str){stem.text, stem.n}, lot, serial);
}

static void keep(struct code_reader *r, const char *prefix, struct sy_str text, struct sy_str *out)
{
	struct pen pen;
	sy_pen_begin(&pen, sy_str(prefix));
	sy_pen_put(&pen, text);
	*out = sy_pen_keep(&pen, r->arena);
	if (out->p == NULL)
		sy_code_out_of_memory(r);
}

/* 药品追溯码: its check digits are the issuer's secret, so length and the leading 8 are all. */
void sy_code_read_drug(struct code_reader *r, struct sy_str digits)
{
	if (digits.n != 20 || !sy_text_digits(digits) || digits.p[0] != '8') {
		sy_code_fault(r, SY_EINVAL, "drug trace code: expected 20 digits, the first an 8");
		return;
	}
	r->out->scheme = SY_SCHEME_CN;
	r->out->kind = SY_CODE_CN_DRUG;
	keep(r, "urn:suyuan:cn:drug:", digits, &r->out->canonical);
	keep(r, "urn:suyuan:cn:drug-product:", (struct sy_str){digits.p, 7}, &r->out->product);
	keep(r, "", sy_text_from(digits, 7), &r->out->serial);
}

static void read_uscc(struct code_reader *r, struct sy_str rest)
{
	char text[18];
	struct sy_str upper = {text, rest.n};
	for (size_t i = 0; i < rest.n && i < sizeof text; i++)
		text[i] = (char)(rest.p[i] >= 'a' && rest.p[i] <= 'z' ? rest.p[i] - 'a' + 'A'
								      : rest.p[i]);
	int err = sy_uscc_check(upper);
	if (err == SY_ECHECK)
		sy_code_fault(
		    r, err, "unified social credit code: its last character doesn't fit the rest");
	else if (err)
		sy_code_fault(r, err,
			      "unified social credit code: expected 18 digits and capitals "
			      "without I, O, S, V and Z");
	if (err)
		return;
	r->out->scheme = SY_SCHEME_CN;
	r->out->kind = SY_CODE_PARTY;
	keep(r, "urn:suyuan:cn:uscc:", upper, &r->out->canonical);
}

void sy_code_read_private(struct code_reader *r, struct sy_str text)
{
	size_t scheme = sy_uri_scheme(text);
	if (text.n == scheme + 1) {
		sy_code_fault(r, SY_EINVAL, "nothing after %.*s, expected a whole URI", (int)text.n,
			      text.p);
		return;
	}
	r->out->kind = SY_CODE_OTHER;
	r->out->scheme = SY_SCHEME_PRIVATE;
	keep(r, "", text, &r->out->canonical);
}

/* Codes of national systems that say nothing to us: kept as given. */
static void read_opaque(struct code_reader *r, struct sy_str rest)
{
	if (rest.n == 0) {
		sy_code_fault(r, SY_EINVAL, "nothing after the last colon, expected a code");
		return;
	}
	r->out->kind = SY_CODE_OTHER;
	r->out->scheme = SY_SCHEME_CN;
	keep(r, "", r->out->given, &r->out->canonical);
}

static const struct {
	const char *name;
	void (*read)(struct code_reader *r, struct sy_str rest);
} our_urns[] = {
    {"own:", read_own},
    {"cn:drug:", sy_code_read_drug},
    {"cn:drug-product:", read_drug_product},
    {"cn:uscc:", read_uscc},
    {"ecode:", read_opaque},
    {"ma:", read_opaque},
    {"handle:", read_opaque},
};

static void read_urn_suyuan(struct code_reader *r, struct sy_str rest)
{
	for (size_t i = 0; i < sizeof our_urns / sizeof our_urns[0]; i++) {
		if (!sy_text_starts(rest, our_urns[i].name))
			continue;
		our_urns[i].read(r, sy_text_from(rest, strlen(our_urns[i].name)));
		return;
	}
	sy_code_fault(r, SY_EINVAL,
		      "urn:suyuan: expected own, cn:drug, cn:drug-product, cn:uscc, "
		      "ecode, ma or handle after it");
}

void sy_code_read_urn(struct code_reader *r, struct sy_str text)
{
	if (sy_text_starts(text, "urn:epc:"))
		read_urn_epc(r, text, sy_text_from(text, 8));
	else if (sy_text_starts(text, "urn:suyuan:"))
		read_urn_suyuan(r, sy_text_from(text, 11));
	else
		sy_code_read_private(r, text);
}
