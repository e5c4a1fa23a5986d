/* The form of records of our own: a wrong type or a missing member is 400, a text that says
 * nothing legal 422. */
#include "admit/check.h"

struct value {
	struct check *c;
	const struct sy_json_doc *doc;
	const struct sy_json *v;
	const char *pointer;
};

static int is_text(const struct value *x)
{
	return x->v->type == SY_JSON_STRING && x->v->len > 0 ? 0 : 400;
}

static int is_names(const struct value *x)
{
	const struct sy_json *name;
	if (x->v->type != SY_JSON_OBJECT || x->v->count == 0)
		return 400;
	sy_json_each (x->doc, x->v, name) {
		if (name->type != SY_JSON_STRING || name->len == 0)
			return 400;
	}
	return 0;
}

static int is_number(const struct value *x)
{
	uint64_t n;
	return sy_json_u64(x->doc, x->v, &n) == SY_OK ? 0 : 400;
}

static int is_date(const struct value *x)
{
	struct sy_str text;
	int32_t day;
	if (sy_json_string(x->doc, x->v, x->c->arena, &text) != SY_OK)
		return 400;
	return sy_date_parse(text, &day) == SY_OK ? 0 : 422;
}

static int is_region(const struct value *x)
{
	struct sy_str text;
	if (sy_json_string(x->doc, x->v, x->c->arena, &text) != SY_OK)
		return 400;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return 422;
	return text.n == 6 ? 0 : 422;
}

static int is_hash(const struct value *x)
{
	struct sy_str text;
	sy_hash h;
	if (sy_json_string(x->doc, x->v, x->c->arena, &text) != SY_OK)
		return 400;
	return sy_unbase64_exact(text, h.b, sizeof(h.b)) == SY_OK ? 0 : 400;
}

static int is_texts(const struct value *x)
{
	const struct sy_json *text;
	if (x->v->type != SY_JSON_ARRAY)
		return 400;
	sy_json_each (x->doc, x->v, text) {
		if (text->type != SY_JSON_STRING || text->len == 0)
			return 400;
	}
	return 0;
}

static int is_named(const struct value *x)
{
	const struct sy_json *text;
	if (x->v->type != SY_JSON_OBJECT)
		return 400;
	sy_json_each (x->doc, x->v, text) {
		if (text->type != SY_JSON_STRING || text->len == 0)
			return 400;
	}
	return 0;
}

static int is_bool(const struct value *x)
{
	return x->v->type == SY_JSON_TRUE || x->v->type == SY_JSON_FALSE ? 0 : 400;
}

static int is_moment_of(const struct value *x, int (*parse)(struct sy_str text, int64_t *ms))
{
	struct sy_str text;
	int64_t ms;
	if (sy_json_string(x->doc, x->v, x->c->arena, &text) != SY_OK)
		return 400;
	return parse(text, &ms) == SY_OK ? 0 : 422;
}

static int is_time(const struct value *x)
{
	return is_moment_of(x, sy_time_parse);
}

static int first_of(struct sy_str text, int64_t *ms)
{
	return sy_moment_parse(text, false, ms);
}

static int is_moment(const struct value *x)
{
	return is_moment_of(x, first_of);
}

static int is_object(const struct value *x)
{
	return x->v->type == SY_JSON_OBJECT ? 0 : 400;
}

static int is_objects(const struct value *x)
{
	const struct sy_json *object;
	if (x->v->type != SY_JSON_ARRAY)
		return 400;
	sy_json_each (x->doc, x->v, object) {
		if (object->type != SY_JSON_OBJECT)
			return 400;
	}
	return 0;
}

static int is_decimal(const struct value *x)
{
	struct sy_decimal d;
	if (x->v->type != SY_JSON_NUMBER)
		return 400;
	return sy_decimal_parse(sy_json_raw(x->doc, x->v), &d) == SY_OK ? 0 : 422;
}

static int is_quantity(const struct value *x)
{
	struct sy_decimal d;
	int status = is_decimal(x);
	if (status || sy_decimal_parse(sy_json_raw(x->doc, x->v), &d) != SY_OK)
		return status ? status : 422;
	return d.coef >= 0 ? 0 : 422;
}

/* ISO 8601 in years, months, weeks or days: P1Y6M, P90D. */
static int is_duration(const struct value *x)
{
	const char *units = "YMWD", *unit;
	struct sy_str text;
	size_t i = 1;
	if (sy_json_string(x->doc, x->v, x->c->arena, &text) != SY_OK)
		return 400;
	if (text.n < 3 || text.p[0] != 'P')
		return 422;
	while (i < text.n) {
		size_t digits = i;
		while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
			i++;
		unit = i < text.n ? strchr(units, text.p[i]) : NULL;
		if (i == digits || i - digits > 4 || !unit || *unit == '\0')
			return 422;
		units = unit + 1;
		i++;
	}
	return 0;
}

static int is_hex(const struct value *x)
{
	struct sy_str text;
	if (sy_json_string(x->doc, x->v, x->c->arena, &text) != SY_OK)
		return 400;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\0' || !strchr("0123456789abcdef", text.p[i]))
			return 422;
	return text.n == 64 ? 0 : 422;
}

static const struct {
	int (*is)(const struct value *x);
	const char *en, *zh; /* what was expected */
} forms[] = {
    [FORM_TEXT] = {is_text, "a text that isn't empty", "非空文本"},
    [FORM_NAMES] = {is_names, "an object of texts by language, as {\"zh\": \"...\"}",
		    "按语言给出文本的对象，如 {\"zh\": \"…\"}"},
    [FORM_NUMBER] = {is_number, "a whole number that isn't negative", "非负整数"},
    [FORM_DATE] = {is_date, "a day, as 2027-12-31", "日期，如 2027-12-31"},
    [FORM_REGION] = {is_region, "6 digits of GB/T 2260", "GB/T 2260 的 6 位数字"},
    [FORM_HASH] = {is_hash, "the base64 of 32 bytes", "32 字节的 base64"},
    [FORM_TEXTS] = {is_texts, "a list of texts that aren't empty", "非空文本的列表"},
    [FORM_NAMED] = {is_named, "an object of texts that aren't empty", "非空文本的对象"},
    [FORM_BOOL] = {is_bool, "true or false", " true 或 false"},
    [FORM_TIME] = {is_time, "a time with its zone, as 2026-11-24T08:00:00+08:00",
		   "带时区的时间，如 2026-11-24T08:00:00+08:00"},
    [FORM_MOMENT] = {is_moment, "a day, as 2026-11-24, or a time with its zone",
		     "日期（如 2026-11-24）或带时区的时间"},
    [FORM_QUANTITY] = {is_quantity, "a number that isn't negative", "非负数"},
    [FORM_OBJECT] = {is_object, "an object", "对象"},
    [FORM_OBJECTS] = {is_objects, "a list of objects", "对象的列表"},
    [FORM_DECIMAL] = {is_decimal, "a number", "数字"},
    [FORM_DURATION] = {is_duration, "a duration of ISO 8601, as P1Y6M or P90D",
		       " ISO 8601 时长，如 P1Y6M 或 P90D"},
    [FORM_HEX] = {is_hex, "64 hexadecimal digits, in lower case", " 64 位小写十六进制数字"},
};

static bool members_check(const struct value *object, const struct member *members);

static bool nested_check(const struct value *x, const struct member *m)
{
	const struct sy_json *element;
	bool good = true;
	unsigned i = 0;
	if (m->form == FORM_OBJECT)
		return members_check(x, m->of);
	sy_json_each (x->doc, x->v, element) {
		char pointer[160];
		snprintf(pointer, sizeof(pointer), "%s/%u", x->pointer, i++);
		struct value inner = {x->c, x->doc, element, pointer};
		good = members_check(&inner, m->of) && good;
	}
	return good;
}

static bool member_check(const struct value *object, const struct member *m)
{
	char pointer[128];
	snprintf(pointer, sizeof(pointer), "%s/%s", object->pointer, m->name);
	struct value x = {object->c, object->doc, sy_json_get(object->doc, object->v, m->name),
			  pointer};
	const char *expected = in_language(x.c, forms[m->form].en, forms[m->form].zh);
	if (!x.v) {
		if (m->required)
			fault(x.c, 400, pointer, "\"%s\" is missing: expected %s",
			      "缺少 \"%s\"：应为%s", m->name, expected);
		return !m->required;
	}
	int status = forms[m->form].is(&x);
	if (status) {
		struct sy_str raw = sy_json_raw(x.doc, x.v);
		fault(x.c, status, pointer, "\"%s\" is %.*s: expected %s", "\"%s\" 是 %.*s：应为%s",
		      m->name, TEXT(raw), expected);
		return false;
	}
	return !m->of || nested_check(&x, m);
}

static bool members_check(const struct value *object, const struct member *members)
{
	bool good = true;
	for (const struct member *m = members; m->name; m++)
		good = member_check(object, m) && good;
	return good;
}

bool form_check(struct check *c, const struct sy_json_doc *doc, const struct member *members)
{
	struct value root = {c, doc, sy_json_root(doc), ""};
	return members_check(&root, members);
}
