/* URNs of our own and China's, and other URIs. */
#include "code_impl.h"

#define PART_MAX 80 /* characters of an owner, product or serial of a private stem */
#define LOT_MAX 20

/* One part of a private stem, decoded: text of any script, without controls. */
static bool own_part(struct code_reader *r, struct words part, size_t max, struct sy_str *rest,
		     struct sy_str *out)
{
	const char *what = r->chinese ? part.chinese : part.english;
	size_t chars = 0, bad;
	char shown[16];
	struct sy_str coded = sy_text_cut(rest, ':', NULL);
	r->value = (struct written){coded, '%'};
	if (!sy_code_decode(r, part, coded, out))
		return false;
	if (!sy_utf8_valid(out->p, out->n, &bad)) {
		sy_code_fault(r, SY_EINVAL, sy_spot_value(r, bad, 1),
			      "%s character %zu is not UTF-8", "%s第%zu位不是UTF-8", what,
			      sy_code_char_no(*out, bad));
		return false;
	}
	for (size_t i = 0; i < out->n; i++) {
		chars += ((unsigned char)out->p[i] & 0xc0) != 0x80;
		if ((unsigned char)out->p[i] >= 0x20 && out->p[i] != 0x7f)
			continue;
		sy_code_fault(r, SY_EINVAL, sy_spot_value(r, i, 1),
			      "%s character %zu is %s, expected no control character",
			      "%s第%zu位为%s，不应有控制字符", what, chars,
			      sy_code_show(*out, i, shown));
		return false;
	}
	if (chars < 1 || chars > max)
		sy_code_fault(r, SY_EINVAL, sy_spot(coded),
			      "%s has %zu characters, expected 1 to %zu",
			      "%s有%zu个字符，应为1至%zu个", what, chars, max);
	return chars >= 1 && chars <= max;
}

/* [:lot:<lot>][:serial:<serial>] */
static bool own_tail(struct code_reader *r, struct sy_str rest, struct sy_str *lot,
		     struct sy_str *serial)
{
	bool fine = true;
	if (sy_text_starts(rest, "lot:")) {
		rest = sy_text_from(rest, 4);
		fine &= own_part(r, (struct words){"lot", "批号"}, LOT_MAX, &rest, lot);
	}
	if (sy_text_starts(rest, "serial:")) {
		rest = sy_text_from(rest, 7);
		fine &= own_part(r, (struct words){"serial", "序列号"}, PART_MAX, &rest, serial);
	}
	if (rest.n > 0) {
		sy_code_fault(r, SY_EINVAL, sy_spot(rest),
			      "character %zu: expected :lot: or :serial: or the end",
			      "第%zu位：应为 :lot:、:serial: 或结束", sy_code_given_no(r, rest.p));
		return false;
	}
	return fine;
}

static void read_own(struct code_reader *r, struct sy_str rest)
{
	struct sy_str owner, product, lot = {"", 0}, serial = {"", 0};
	struct pen stem;
	r->out->scheme = SY_SCHEME_OWN;
	bool fine = own_part(r, (struct words){"owner", "所有者"}, PART_MAX, &rest, &owner);
	fine &= own_part(r, (struct words){"product", "产品"}, PART_MAX, &rest, &product);
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
	struct sy_str digits = sy_text_cut(&rest, ':', NULL), lot = {"", 0}, serial = {"", 0};
	struct pen stem;
	r->out->scheme = SY_SCHEME_CN;
	if (digits.n != 7 || !sy_text_digits(digits) || digits.p[0] != '8') {
		sy_code_fault(r, SY_EINVAL, sy_spot(digits),
			      "drug product code: expected 7 digits, the first an 8",
			      "药品标识码：应为7位数字，首位为8");
		return;
	}
	if (!own_tail(r, rest, &lot, &serial))
		return;
	if (serial.n > 0) {
		sy_code_fault(r, SY_EINVAL, sy_spot(rest),
			      "a drug's serial is in its trace code, expected "
			      "urn:suyuan:cn:drug: and 20 digits",
			      "药品的序列号在其追溯码中，应为 urn:suyuan:cn:drug: 加20位数字");
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
		sy_code_fault(r, SY_EINVAL, sy_spot(digits),
			      "drug trace code: expected 20 digits, the first an 8",
			      "药品追溯码：应为20位数字，首位为8");
		return;
	}
	const struct sy_str drug = SY_STR("urn:suyuan:cn:drug:");
	const struct sy_str product = SY_STR("urn:suyuan:cn:drug-product:");
	char *p = sy_arena_alloc(r->arena, drug.n + 20 + 1 + product.n + 7 + 1);
	if (p == NULL) {
		sy_code_out_of_memory(r);
		return;
	}
	r->out->scheme = SY_SCHEME_CN;
	r->out->kind = SY_CODE_CN_DRUG;
	r->out->canonical = (struct sy_str){p, drug.n + 20};
	r->out->serial = sy_text_from(r->out->canonical, drug.n + 7);
	p = sy_code_put(sy_code_put(p, drug), digits);
	*p++ = '\0';
	r->out->product = (struct sy_str){p, product.n + 7};
	p = sy_code_put(sy_code_put(p, product), (struct sy_str){digits.p, 7});
	*p = '\0';
}

/* 统一社会信用代码, in either case. */
void sy_code_read_uscc(struct code_reader *r, struct sy_str rest)
{
	char text[18];
	struct sy_str upper = {text, rest.n};
	for (size_t i = 0; i < rest.n && i < sizeof text; i++)
		text[i] = (char)(rest.p[i] >= 'a' && rest.p[i] <= 'z' ? rest.p[i] - 'a' + 'A'
								      : rest.p[i]);
	int err = sy_uscc_check(upper);
	if (err == SY_ECHECK)
		sy_code_fault(r, err, sy_spot(sy_text_from(rest, 17)),
			      "unified social credit code: its last character doesn't fit the rest",
			      "统一社会信用代码：末位校验码与前17位不符");
	else if (err)
		sy_code_fault(r, err, sy_spot(rest),
			      "unified social credit code: expected 18 digits and capitals "
			      "without I, O, S, V and Z",
			      "统一社会信用代码：应为18位数字和大写字母，不含I、O、S、V、Z");
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
		sy_code_fault(r, SY_EINVAL, sy_spot(text),
			      "nothing after %.*s, expected a whole URI",
			      "%.*s之后没有内容，应为完整的URI", (int)text.n, text.p);
		return;
	}
	r->out->kind = SY_CODE_OTHER;
	r->out->scheme = SY_SCHEME_PRIVATE;
	keep(r, "", text, &r->out->canonical);
}

/* Codes of national systems that say nothing to us: kept as given. */
static void read_opaque(struct code_reader *r, struct sy_str text, struct sy_str rest)
{
	if (rest.n == 0) {
		sy_code_fault(r, SY_EINVAL, NOWHERE,
			      "nothing after the last colon, expected a code",
			      "最后一个冒号之后应有编码");
		return;
	}
	r->out->kind = SY_CODE_OTHER;
	r->out->scheme = SY_SCHEME_CN;
	keep(r, "", text, &r->out->canonical);
}

/* As people write them, without a URN: what they may say is what a URI may. */
void sy_code_read_bare(struct code_reader *r, const char *stem, struct sy_str text)
{
	char shown[16];
	size_t bad = sy_uri_bad(text);
	if (bad < text.n) {
		sy_code_fault(r, SY_EINVAL, sy_spot((struct sy_str){text.p + bad, 1}),
			      "character %zu is %s, expected what a URI may have",
			      "第%zu位为%s，不是URI可用的字符", sy_code_given_no(r, text.p + bad),
			      sy_code_show(text, bad, shown));
		return;
	}
	r->out->kind = SY_CODE_OTHER;
	r->out->scheme = SY_SCHEME_CN;
	keep(r, stem, text, &r->out->canonical);
}

static const struct {
	const char *name;
	void (*read)(struct code_reader *r, struct sy_str rest); /* NULL: says nothing to us */
} our_urns[] = {
    {"own:", read_own},
    {"cn:drug:", sy_code_read_drug},
    {"cn:drug-product:", read_drug_product},
    {"cn:uscc:", sy_code_read_uscc},
    {"ecode:", NULL},
    {"ma:", NULL},
    {"handle:", NULL},
};

static void read_urn_suyuan(struct code_reader *r, struct sy_str text, struct sy_str rest)
{
	for (size_t i = 0; i < sizeof our_urns / sizeof our_urns[0]; i++) {
		if (!sy_text_starts(rest, our_urns[i].name))
			continue;
		struct sy_str code = sy_text_from(rest, strlen(our_urns[i].name));
		if (our_urns[i].read != NULL)
			our_urns[i].read(r, code);
		else
			read_opaque(r, text, code);
		return;
	}
	sy_code_fault(r, SY_EINVAL, sy_spot(rest),
		      "urn:suyuan: expected own, cn:drug, cn:drug-product, cn:uscc, "
		      "ecode, ma or handle after it",
		      "urn:suyuan: 之后应为 own、cn:drug、cn:drug-product、cn:uscc、"
		      "ecode、ma 或 handle");
}

void sy_code_read_urn(struct code_reader *r, struct sy_str text)
{
	if (sy_text_starts(text, "urn:epc:"))
		sy_code_read_epc(r, text, sy_text_from(text, 8));
	else if (sy_text_starts(text, "urn:suyuan:"))
		read_urn_suyuan(r, text, sy_text_from(text, 11));
	else
		sy_code_read_private(r, text);
}
