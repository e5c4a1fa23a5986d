/*
 * EPC URNs (GS1 EPC Tag Data Standard 2.0, sections 6 and 7).
 *
 * An EPC URN says how long the company prefix is, the link doesn't: so a URN becomes elements, and
 * those a link.  Schemes that no GS1 key stands behind are kept as given once their form holds.
 */
#include "code_impl.h"

#include <stdio.h>

/* In the order in which code_format.c tries them: what says more comes first. */
const struct epc_scheme sy_epc_schemes[] = {
    {"id:sgtin:", "01", 13, true, true, false, "", "21"},
    {"id:upui:", "01", 13, true, true, false, "", "235"},
    {"class:lgtin:", "01", 13, true, true, false, "", "10"},
    {"id:sscc:", "00", 17, true, true, false, "", NULL},
    {"id:sgln:", "414", 12, false, true, false, "", "254"},
    {"id:pgln:", "417", 12, false, true, false, "", NULL},
    {"id:grai:", "8003", 12, false, true, false, "0", ""},
    {"id:giai:", "8004", 0, false, false, false, "", NULL},
    {"id:gdti:", "253", 12, false, true, false, "", ""},
    {"id:sgcn:", "255", 12, false, true, false, "", ""},
    {"id:gsrn:", "8018", 17, false, true, false, "", NULL},
    {"id:gsrnp:", "8017", 17, false, true, false, "", NULL},
    {"id:gsin:", "402", 16, false, true, false, "", NULL},
    {"id:ginc:", "401", 0, false, false, false, "", NULL},
    {"id:cpi:", "8010", 0, false, false, false, "", "8011"},
    {"id:itip:", "8006", 13, true, true, true, "", "21"},
    /* Patterns whose serial is "*" name the class. */
    {"idpat:sgtin:", "01", 13, true, true, false, "", "*"},
    {"idpat:upui:", "01", 13, true, true, false, "", "*"},
    {"idpat:grai:", "8003", 12, false, true, false, "0", "*"},
    {"idpat:gdti:", "253", 12, false, true, false, "", "*"},
    {"idpat:sgcn:", "255", 12, false, true, false, "", "*"},
    {"idpat:cpi:", "8010", 0, false, false, false, "", "*"},
    {"idpat:itip:", "8006", 13, true, true, true, "", "*"},
};
const size_t sy_epc_schemes_n = sizeof sy_epc_schemes / sizeof sy_epc_schemes[0];

/* Key without its tail: lead, indicator, prefix, reference, check digit, further digits. */
static bool epc_key(struct code_reader *r, const struct epc_scheme *s, struct sy_str prefix,
		    struct sy_str reference, struct sy_str more, struct sy_str *key)
{
	char *begin = sy_code_room(r, prefix.n + reference.n + more.n + 2), *p = begin;
	if (begin == NULL)
		return false;
	p = sy_code_put(p, sy_str(s->lead));
	char *body = p;
	if (s->indicator) {
		p = sy_code_put(p, (struct sy_str){reference.p, 1});
		reference = sy_text_from(reference, 1);
	}
	p = sy_code_put(sy_code_put(p, prefix), reference);
	if (s->check) {
		*p = sy_gs1_check_digit((struct sy_str){body, (size_t)(p - body)});
		p++;
	}
	p = sy_code_put(p, more);
	*key = (struct sy_str){begin, (size_t)(p - begin)};
	return true;
}

static bool epc_digits(struct code_reader *r, const struct epc_scheme *s, struct sy_str prefix,
		       struct sy_str reference)
{
	if (prefix.n < 6 || prefix.n > 12 || !sy_text_digits(prefix)) {
		sy_code_fault(r, SY_EINVAL, sy_spot(prefix),
			      "urn:epc:%s expected a company prefix of 6 to 12 digits, then a dot, "
			      "character %zu",
			      "urn:epc:%s 应为6至12位数字的厂商识别代码及一个点，第%zu位", s->name,
			      sy_code_given_no(r, prefix.p));
		return false;
	}
	if (s->digits == 0)
		return true;
	bool digits = reference.n == 0 || sy_text_digits(reference);
	if (!digits || prefix.n + reference.n != s->digits || (s->indicator && reference.n == 0)) {
		sy_code_fault(r, SY_EINVAL, sy_spot(reference),
			      "urn:epc:%s company prefix and reference are %zu characters "
			      "together, expected %d digits, character %zu",
			      "urn:epc:%s 厂商识别代码与参考代码共%zu个字符，应为%d位数字，第%zu位",
			      s->name, prefix.n + reference.n, s->digits,
			      sy_code_given_no(r, reference.p));
		return false;
	}
	return true;
}

/* TDS section 6.3.1: these stand in no part uncoded. */
static bool coded(struct code_reader *r, const struct epc_scheme *s, struct sy_str part)
{
	for (size_t i = 0; i < part.n && sy_code_rules(r); i++) {
		if (strchr("\"&/<>?", part.p[i]) == NULL)
			continue;
		sy_code_fault(r, SY_EINVAL, sy_spot((struct sy_str){part.p + i, 1}),
			      "urn:epc:%s character %zu is %c, expected %%%02X",
			      "urn:epc:%s 第%zu位为%c，应为%%%02X", s->name,
			      sy_code_given_no(r, part.p + i), part.p[i],
			      (unsigned)(unsigned char)part.p[i]);
		return false;
	}
	return true;
}

/* The serial, extension or lot of a URN, at its own AI or after the key. */
static void take_tail(struct code_reader *r, const struct epc_scheme *s, struct ai_code ai,
		      struct sy_str key, struct sy_str tail)
{
	const struct words part = {s->name, s->name};
	struct written body = r->value;
	struct sy_str decoded;
	if (!coded(r, s, tail) || !sy_code_decode(r, part, tail, &decoded))
		return;
	if (s->tail[0] != '\0') {
		sy_ai_take(r, ai, key);
		r->key = r->n > 0 ? &r->elements[0] : NULL;
		r->value = (struct written){tail, '%'};
		/* An extension of 0 says that there is none. */
		if (strcmp(s->tail, "254") != 0 || !sy_str_is(decoded, "0"))
			sy_ai_take(r, sy_ai_exact(sy_str(s->tail)), decoded);
		return;
	}
	if (decoded.n == 0 && sy_code_rules(r)) {
		sy_code_fault(r, SY_EINVAL, sy_spot(tail),
			      "urn:epc:%s nothing after the last dot, expected a serial number",
			      "urn:epc:%s 最后一个点之后应有序列号", s->name);
		return;
	}
	char *p = sy_code_room(r, key.n + decoded.n);
	if (p == NULL)
		return;
	sy_code_put(sy_code_put(p, key), decoded);
	r->value = body;
	sy_ai_take(r, ai, (struct sy_str){p, key.n + decoded.n});
}

/* "01.02." of a trade item's pieces, as 0102. */
static bool epc_pieces(struct code_reader *r, struct sy_str *rest, struct sy_str *more)
{
	bool dots[2];
	struct sy_str piece = sy_text_cut(rest, '.', &dots[0]),
		      of = sy_text_cut(rest, '.', &dots[1]);
	char *p = sy_code_room(r, 4);
	if (p == NULL || !dots[0] || !dots[1] || piece.n != 2 || of.n != 2)
		return false;
	*more = (struct sy_str){p, 4};
	sy_code_put(sy_code_put(p, piece), of);
	return true;
}

static void read_scheme(struct code_reader *r, const struct epc_scheme *s, struct sy_str rest)
{
	bool found = false, last = true;
	struct sy_str body = rest, prefix = sy_text_cut(&rest, '.', &found), reference = rest,
		      more = {"", 0}, key;
	struct ai_code ai = sy_ai_exact(sy_str(s->ai));
	if (found && s->tail != NULL)
		reference = sy_text_cut(&rest, '.', &last);
	if (found && last && s->pieces)
		last = epc_pieces(r, &rest, &more);
	if (!found || !last) {
		sy_code_fault(r, SY_EINVAL, sy_spot(body),
			      "urn:epc:%s has too few parts, or parts of a wrong length",
			      "urn:epc:%s 部分过少或长度不对", s->name);
		return;
	}
	r->value = (struct written){body, 0};
	if (!epc_digits(r, s, prefix, reference) ||
	    (s->digits == 0 &&
	     (!coded(r, s, reference) ||
	      !sy_code_decode(r, (struct words){s->name, s->name}, reference, &reference))) ||
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

/* --- schemes without a GS1 key ---------------------------------------------------------------- */

#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define CAGE DIGITS "ABCDEFGHJKLMNPQRSTUVWXYZ" /* neither I nor O */

struct opaque_part {
	const char *set; /* of its characters */
	uint8_t min, max;
	uint64_t most; /* of a number without leading zeros, 0 for no number */
};

static const struct opaque {
	const char *name;
	struct opaque_part parts[3];
	const char *english, *chinese;
} opaques[] = {
    {"id:gid:",
     {{DIGITS, 1, 9, 268435455}, {DIGITS, 1, 8, 16777215}, {DIGITS, 1, 11, 68719476735}},
     "manager number.object class.serial number, without leading zeros",
     "管理者代码.对象分类代码.序列号，均无前导零"},
    {"id:usdod:",
     {{CAGE, 5, 6, 0}, {DIGITS, 1, 11, 68719476735}},
     "CAGE code or DoDAAC of 5 or 6 characters.serial number",
     "5或6位的CAGE代码或DoDAAC.序列号"},
    {"id:adi:",
     {{CAGE, 5, 6, 0}, {DIGITS CAPITALS "-/", 0, 32, 0}, {DIGITS CAPITALS "-/#", 1, 31, 0}},
     "CAGE code or DoDAAC.part number.serial number, of capitals, digits, - and %2F",
     "CAGE代码或DoDAAC.零件号.序列号，由大写字母、数字、- 和 %2F 组成"},
    {"id:bic:",
     {{DIGITS CAPITALS, 11, 11, 0}},
     "a container code of ISO 6346: four capitals, the last J, U or Z, and seven digits",
     "ISO 6346 集装箱箱号：四位大写字母（末位J、U或Z）及七位数字"},
    {"id:imovn:",
     {{DIGITS, 7, 7, 0}},
     "an IMO vessel number of seven digits",
     "7位数字的IMO船舶识别号"},
};

static bool opaque_part(const struct opaque_part *p, struct sy_str coded_text)
{
	char text[128];
	size_t bad;
	uint64_t number;
	if (coded_text.n > sizeof text)
		return false;
	struct sy_str part = {text, sy_text_decode(coded_text, text, &bad)};
	if (bad < coded_text.n || part.n < p->min || part.n > p->max)
		return false;
	for (size_t i = 0; i < part.n; i++)
		if (memchr(p->set, part.p[i], strlen(p->set)) == NULL ||
		    (part.p[i] == '#' && i > 0))
			return false;
	return p->most == 0 || (sy_str_u64(part, &number) == SY_OK && number <= p->most);
}

static bool opaque_holds(const struct opaque *o, struct sy_str rest)
{
	bool dot = true;
	for (size_t i = 0; i < 3 && o->parts[i].set != NULL; i++)
		if (!dot || !opaque_part(&o->parts[i], sy_text_cut(&rest, '.', &dot)))
			return false;
	return !dot;
}

/* ISO 6346: letters are 10 to 38 without 11, 22 and 33; weights are powers of two, modulo 11. */
static char bic_digit(struct sy_str code)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < 10; i++) {
		unsigned c = (unsigned char)code.p[i], v = c - '0';
		if (c >= 'A')
			v = c - 'A' + 10 + (c > 'A') + (c > 'K') + (c > 'U');
		sum += v << i;
	}
	return (char)('0' + sum % 11 % 10);
}

/* IMO resolution A.1117: weights 7 to 2, the sum's last digit. */
static char imo_digit(struct sy_str code)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < 6; i++)
		sum += (unsigned)(code.p[i] - '0') * (7 - i);
	return (char)('0' + sum % 10);
}

static void check_opaque(struct code_reader *r, const struct opaque *o, struct sy_str rest)
{
	bool bic = strcmp(o->name, "id:bic:") == 0, imo = strcmp(o->name, "id:imovn:") == 0;
	bool holds = opaque_holds(o, rest);
	for (size_t i = 0; holds && bic && i < 11; i++)
		holds = (rest.p[i] >= 'A') == (i < 4);
	if (!holds || (bic && strchr("JUZ", rest.p[3]) == NULL)) {
		sy_code_fault(r, SY_EINVAL, sy_spot(rest), "urn:epc:%s expected %s",
			      "urn:epc:%s 应为%s", o->name, r->chinese ? o->chinese : o->english);
		return;
	}
	char should = bic ? bic_digit(rest) : imo ? imo_digit(rest) : rest.p[rest.n - 1];
	if (should != rest.p[rest.n - 1])
		sy_code_fault(r, SY_ECHECK, sy_spot(sy_text_from(rest, rest.n - 1)),
			      "urn:epc:%s check digit is %c, expected %c, character %zu",
			      "urn:epc:%s 校验码为%c，应为%c，第%zu位", o->name, rest.p[rest.n - 1],
			      should, sy_code_given_no(r, rest.p + rest.n - 1));
}

/* What isn't in the tables is refused where it would be an identity, else kept as given: wider
 * patterns, tags. */
static void read_other(struct code_reader *r, struct sy_str text, struct sy_str rest)
{
	for (size_t i = 0; i < sizeof opaques / sizeof opaques[0] && sy_code_rules(r); i++)
		if (sy_text_starts(rest, opaques[i].name)) {
			check_opaque(r, &opaques[i], sy_text_from(rest, strlen(opaques[i].name)));
			sy_code_read_private(r, text);
			return;
		}
	if (sy_code_rules(r) && (sy_text_starts(rest, "id:") || sy_text_starts(rest, "class:")))
		sy_code_fault(r, SY_EINVAL, sy_spot(rest),
			      "character %zu: no scheme of the EPC Tag Data Standard, expected one "
			      "such as urn:epc:id:sgtin: or urn:epc:class:lgtin:",
			      "第%zu位：不是EPC标签数据标准的编码方案，应例如 urn:epc:id:sgtin: 或 "
			      "urn:epc:class:lgtin:",
			      sy_code_given_no(r, rest.p));
	sy_code_read_private(r, text);
}

void sy_code_read_epc(struct code_reader *r, struct sy_str text, struct sy_str rest)
{
	for (size_t i = 0; i < sy_epc_schemes_n; i++) {
		const struct epc_scheme *s = &sy_epc_schemes[i];
		bool pattern = s->tail != NULL && s->tail[0] == '*';
		if (!sy_text_starts(rest, s->name) || (pattern && !is_class_pattern(rest)))
			continue;
		read_scheme(r, s, sy_text_from(rest, strlen(s->name)));
		if (r->key == NULL && r->n > 0)
			r->key = &r->elements[0];
		sy_code_assemble(r);
		return;
	}
	read_other(r, text, rest);
}
