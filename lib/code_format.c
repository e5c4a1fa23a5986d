/* A parsed code back into the forms that GS1 knows. */
#include "code_impl.h"

#define GS1_STEM "https://id.gs1.org"

/* Element strings: key, what has a fixed length, the key's qualifiers, all others. */
static size_t in_string_order(const struct code_reader *r, const struct element *out[ELEMENTS_MAX])
{
	const struct element *key = sy_code_key(r), *quals[ELEMENTS_MAX];
	size_t n_quals = sy_code_qualifiers(r, key, quals), n = 0;
	out[n++] = key;
	for (size_t i = 0; i < r->n; i++)
		if (&r->elements[i] != key && (r->elements[i].ai.row->flags & AI_FIXED))
			out[n++] = &r->elements[i];
	for (size_t i = 0; i < n_quals; i++)
		if (!(quals[i]->ai.row->flags & AI_FIXED))
			out[n++] = quals[i];
	for (size_t i = 0; i < r->n; i++) {
		bool there = false;
		for (size_t j = 0; j < n; j++)
			there = there || out[j] == &r->elements[i];
		if (!there)
			out[n++] = &r->elements[i];
	}
	return n;
}

static void put_ai(struct pen *pen, const struct element *e, const char *after)
{
	char name[8];
	sy_ai_name(e->ai, name);
	sy_pen_put(pen, (struct sy_str){name + 1, strlen(name) - 2});
	sy_pen_put(pen, sy_str(after));
}

/* "(10)" within a value would be read as an AI: "\(10)". */
static void put_bracketed(struct pen *pen, struct sy_str value)
{
	struct sy_str digits;
	for (size_t i = 0; i < value.n; i++) {
		if (sy_bracket_at(value, i, &digits))
			sy_pen_put(pen, SY_STR("\\"));
		sy_pen_put(pen, (struct sy_str){value.p + i, 1});
	}
}

static void write_bracketed(struct code_reader *r, const struct sy_code_format *how,
			    struct pen *pen)
{
	const struct element *order[ELEMENTS_MAX];
	size_t n = in_string_order(r, order);
	(void)how;
	for (size_t i = 0; i < n; i++) {
		sy_pen_put(pen, SY_STR("("));
		put_ai(pen, order[i], ")");
		put_bracketed(pen, order[i]->value);
	}
}

static void write_raw(struct code_reader *r, const struct sy_code_format *how, struct pen *pen)
{
	const struct element *order[ELEMENTS_MAX];
	size_t n = in_string_order(r, order);
	(void)how;
	for (size_t i = 0; i < n; i++) {
		put_ai(pen, order[i], "");
		sy_pen_put(pen, order[i]->value);
		if (i + 1 < n && !(order[i]->ai.row->flags & AI_FIXED))
			sy_pen_put(pen, (struct sy_str){(const char[]){FNC1}, 1});
	}
}

/* --- links ------------------------------------------------------------------------------------ */

/* http(s)://host[/path], the slash that ends it left off. */
static bool put_stem(struct code_reader *r, struct sy_str stem, struct pen *pen)
{
	size_t scheme = sy_uri_scheme(stem);
	bool http = sy_text_starts(stem, "http://") || sy_text_starts(stem, "https://");
	if (!http || stem.n < scheme + 4 || strchr("/?#", stem.p[scheme + 3]) ||
	    sy_uri_bad(stem) < stem.n || memchr(stem.p, '?', stem.n) ||
	    memchr(stem.p, '#', stem.n)) {
		sy_code_fault(
		    r, SY_EINVAL, NOWHERE,
		    "stem is \"%.*s\", expected http:// or https://, a host, and a path "
		    "without ? and #",
		    "链接前缀为“%.*s”，应为 http:// 或 https://、主机名及不含 ? 和 # 的路径",
		    (int)(stem.n < 100 ? stem.n : 100), stem.p);
		return false;
	}
	while (stem.n > 0 && stem.p[stem.n - 1] == '/')
		stem.n--;
	sy_pen_put(pen, stem);
	return true;
}

static bool is_in(const struct element *const *v, size_t n, const struct element *e)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == e)
			return true;
	return false;
}

static void write_link(struct code_reader *r, const struct sy_code_format *how, struct pen *pen)
{
	const struct element *path[ELEMENTS_MAX + 1];
	size_t n = 1;
	char name[8];
	const char *joint = "?";
	path[0] = sy_code_key(r);
	n += sy_code_qualifiers(r, path[0], path + 1);
	if (!put_stem(r, how->stem.n ? how->stem : SY_STR(GS1_STEM), pen))
		return;
	for (size_t i = 0; i < n; i++) {
		sy_pen_put(pen, SY_STR("/"));
		put_ai(pen, path[i], "/");
		sy_pen_encode(pen, path[i]->value);
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct element *e = &r->elements[i];
		if (is_in(path, n, e))
			continue;
		if (!(e->ai.row->flags & AI_QUERY)) {
			sy_ai_name(e->ai, name);
			sy_code_fault(r, SY_EINVAL, NOWHERE, "%s has no place in this link",
				      "%s在此链接中没有位置", name);
		}
		sy_pen_put(pen, sy_str(joint));
		put_ai(pen, e, "=");
		sy_pen_encode(pen, e->value);
		joint = "&";
	}
}

/* --- URNs ------------------------------------------------------------------------------------- */

/* Of the given URN: digits up to the first dot. */
static unsigned given_prefix_length(struct sy_str given)
{
	struct sy_str rest = given;
	for (int colons = 0; colons < 4; colons++)
		sy_text_cut(&rest, ':', NULL);
	struct sy_str prefix = sy_text_cut(&rest, '.', NULL);
	return sy_text_starts(given, "urn:epc:") && prefix.n <= 12 ? (unsigned)prefix.n : 0;
}

/* TDS section 6.3.1: what stands coded in a part, and no more. */
static void put_epc_part(struct pen *pen, struct sy_str part)
{
	for (size_t i = 0; i < part.n; i++) {
		struct sy_str c = {part.p + i, 1};
		if (strchr("\"#%&/<>?", part.p[i]) != NULL)
			sy_pen_encode(pen, c);
		else
			sy_pen_put(pen, c);
	}
}

/* Characters of a key before its serial: lead, digits, check digit, pieces. */
static size_t base_length(const struct epc_scheme *s)
{
	return strlen(s->lead) + s->digits + 1 + (s->pieces ? 4 : 0);
}

/* The scheme for what the code has, with its tail; NULL when there is none. */
static const struct epc_scheme *scheme_of(const struct code_reader *r, const struct element *key,
					  struct sy_str *tail)
{
	char name[8];
	sy_ai_name(key->ai, name);
	for (size_t i = 0; i < sy_epc_schemes_n; i++) {
		const struct epc_scheme *s = &sy_epc_schemes[i];
		const struct element *e;
		if (strlen(s->ai) + 2 != strlen(name) ||
		    memcmp(s->ai, name + 1, strlen(s->ai)) != 0)
			continue;
		*tail = s->tail ? SY_STR("*") : SY_STR("");
		if (s->tail == NULL || s->tail[0] == '*')
			return s;
		if (s->tail[0] == '\0' && key->value.n > base_length(s)) {
			*tail = sy_text_from(key->value, base_length(s));
			return s;
		}
		e = s->tail[0] ? sy_ai_find(r, sy_ai_exact(sy_str(s->tail)).number) : NULL;
		if (e != NULL || strcmp(s->tail, "254") == 0) {
			*tail = e ? e->value : SY_STR("0");
			return s;
		}
	}
	return NULL;
}

/* Company prefix and reference, from the key without lead and check digit. */
static bool put_epc_key(struct code_reader *r, const struct epc_scheme *s, struct sy_str key,
			unsigned length, struct pen *pen)
{
	struct sy_str digits = sy_text_from(key, strlen(s->lead));
	if (s->digits > 0)
		digits.n = s->digits;
	struct sy_str prefix = {digits.p + s->indicator, length};
	if (length < 6 || length > 12 || length + s->indicator + (s->digits == 0) > digits.n ||
	    !sy_text_digits(prefix)) {
		sy_code_fault(r, SY_EINVAL, NOWHERE,
			      "urn:epc:%s the company prefix's length is %u, expected 6 to 12 "
			      "digits of %.*s",
			      "urn:epc:%s 厂商识别代码长度为%u，应为%.*s中的6至12位数字", s->name,
			      length, (int)digits.n, digits.p);
		return false;
	}
	sy_pen_put(pen, prefix);
	sy_pen_put(pen, SY_STR("."));
	if (s->indicator)
		sy_pen_put(pen, (struct sy_str){digits.p, 1});
	put_epc_part(pen, sy_text_from(digits, s->indicator + length));
	if (s->pieces) {
		const char *pieces = digits.p + s->digits + 1;
		sy_pen_put(pen, SY_STR("."));
		sy_pen_put(pen, (struct sy_str){pieces, 2});
		sy_pen_put(pen, SY_STR("."));
		sy_pen_put(pen, (struct sy_str){pieces + 2, 2});
	}
	return true;
}

/* A URN has no place for an SRIN, say; what the canonical form leaves out too may go. */
static void refuse_others(struct code_reader *r, const struct epc_scheme *s,
			  const struct element *key)
{
	const struct element *quals[ELEMENTS_MAX];
	size_t n = sy_code_qualifiers(r, key, quals);
	char name[8];
	for (size_t i = 0; i < n && key->ai.number != AI_GTIN; i++) {
		sy_ai_name(quals[i]->ai, name);
		if (s->tail != NULL && s->tail[0] != '\0' &&
		    quals[i]->ai.number == sy_ai_exact(sy_str(s->tail)).number)
			continue;
		sy_code_fault(r, SY_EINVAL, NOWHERE, "%s has no place in urn:epc:%s",
			      "%s在 urn:epc:%s 中没有位置", name, s->name);
	}
}

static void write_urn(struct code_reader *r, const struct sy_code_format *how, struct pen *pen)
{
	const struct element *key = sy_code_key(r);
	unsigned length =
	    how->prefix_length ? how->prefix_length : given_prefix_length(r->out->given);
	struct sy_str tail;
	char name[8];
	const struct epc_scheme *s = scheme_of(r, key, &tail);
	sy_ai_name(key->ai, name);
	if (s == NULL) {
		sy_code_fault(r, SY_EINVAL, NOWHERE,
			      "%s has no scheme in the EPC Tag Data Standard",
			      "EPC标签数据标准中没有%s的编码方案", name);
		return;
	}
	if (length == 0) {
		sy_code_fault(r, SY_EINVAL, NOWHERE,
			      "%s doesn't say how long its company prefix is, expected a length of "
			      "6 to 12",
			      "%s不含厂商识别代码的长度，应给出6至12的长度", name);
		return;
	}
	refuse_others(r, s, key);
	sy_pen_put(pen, SY_STR("urn:epc:"));
	sy_pen_put(pen, sy_str(s->name));
	if (!put_epc_key(r, s, key->value, length, pen) || s->tail == NULL)
		return;
	sy_pen_put(pen, SY_STR("."));
	put_epc_part(pen, tail);
}

/* --- all of them ------------------------------------------------------------------------------ */

static const struct {
	struct words name;
	void (*write)(struct code_reader *r, const struct sy_code_format *how, struct pen *pen);
	const char *before; /* so that it is read again as what it is */
} forms[] = {
    [SY_FORM_BRACKETED] = {{"an element string", "单元数据串"}, write_bracketed, ""},
    [SY_FORM_RAW] = {{"an element string", "单元数据串"}, write_raw, "]C1"},
    [SY_FORM_LINK] = {{"a GS1 Digital Link", "GS1数字链接"}, write_link, ""},
    [SY_FORM_URN] = {{"an EPC URN", "EPC URN"}, write_urn, ""},
};

/* What was written must be read as the same: "(414)" beside "(01)" wouldn't be. */
static void check_again(struct code_reader *r, enum sy_code_form form, const struct pen *pen,
			struct sy_str canonical)
{
	struct sy_faults faults;
	struct sy_code again;
	struct pen whole;
	sy_faults_init(&faults, r->arena);
	faults.settled = true;
	sy_pen_begin(&whole, sy_str(forms[form].before));
	sy_pen_put(&whole, (struct sy_str){pen->text, pen->n});
	int err = pen->n + 3 < sizeof pen->text
		      ? sy_code_parse(r->arena, (struct sy_str){whole.text, whole.n}, &again,
				      &faults, SY_NO_RECORD, "")
		      : SY_EINVAL;
	if (err == SY_ENOMEM)
		sy_code_out_of_memory(r);
	else if (err != SY_OK || !sy_str_eq(again.canonical, canonical))
		sy_code_fault(r, SY_EINVAL, NOWHERE, "%s of it would be read as another code",
			      "其%s会被读作另一编码",
			      r->chinese ? forms[form].name.chinese : forms[form].name.english);
}

/* The elements again, from the text: few codes are ever formatted, so none carries them along. */
static int read_again(struct code_reader *r, struct sy_faults *faults, const struct sy_code *code,
		      struct sy_code *again)
{
	bool settled = faults != NULL && faults->settled, chinese = faults && faults->chinese;
	sy_code_reader(r, r->arena, again, NULL);
	int err = sy_code_read(r, code->given);
	if (err != SY_OK && err != SY_ENOMEM) {
		r->settled = true;
		err = sy_code_read(r, code->given);
	}
	r->faults = faults;
	r->settled = settled;
	r->chinese = chinese;
	return err;
}

int sy_code_format(struct sy_arena *arena, const struct sy_code *code,
		   const struct sy_code_format *how, struct sy_str *out, struct sy_faults *faults,
		   long record, const char *pointer)
{
	struct code_reader r;
	struct sy_code again;
	struct pen pen;
	r.arena = arena;
	*out = (struct sy_str){"", 0};
	int err = read_again(&r, faults, code, &again);
	if (err)
		return err;
	r.record = record;
	r.pointer = pointer;
	sy_pen_begin(&pen, *out);
	if (again.scheme != SY_SCHEME_GS1)
		sy_code_fault(&r, SY_EINVAL, NOWHERE, "%s has no form as %s, expected a GS1 code",
			      "%s没有%s形式，应为GS1编码", again.canonical.p,
			      r.chinese ? forms[how->form].name.chinese
					: forms[how->form].name.english);
	else
		forms[how->form].write(&r, how, &pen);
	if (r.n_faults == 0)
		check_again(&r, how->form, &pen, again.canonical);
	if (r.n_faults > 0)
		return r.err;
	*out = sy_pen_keep(&pen, arena);
	return out->p != NULL ? SY_OK : SY_ENOMEM;
}
