/* Values of an event against what its tables say: types, forms, and names that aren't known. */
#include "code_impl.h"
#include "event_impl.h"

#include <suyuan/time.h>

static const struct event_words type_names[] = {
    [SY_JSON_NULL] = {"null", " null"},        [SY_JSON_FALSE] = {"false", " false"},
    [SY_JSON_TRUE] = {"true", " true"},        [SY_JSON_NUMBER] = {"a number", "数"},
    [SY_JSON_STRING] = {"a string", "字符串"}, [SY_JSON_ARRAY] = {"an array", "数组"},
    [SY_JSON_OBJECT] = {"an object", "对象"},
};

static struct sy_str field_name(const struct field *f)
{
	return (struct sy_str){f->name, f->length};
}

/* --- members --------------------------------------------------------------------------------- */

/* Looked for from *AT on, behind which it mostly is: members come as the table has them. */
static const struct field *field_of(const struct event_reader *r, const struct shape *shape,
				    const struct sy_json *m, size_t *at)
{
	const char *key = r->doc->text + m->key_off;
	size_t i = *at;
	for (size_t left = shape->n; left > 0; left--, i++) {
		i = i < shape->n ? i : 0;
		const struct field *f = &shape->fields[i];
		if (m->key_escaped
			? sy_json_key_is(r->doc, m, f->name)
			: m->key_len == f->length && memcmp(key, f->name, f->length) == 0) {
			*at = i;
			return f;
		}
	}
	return NULL;
}

/* An extension of the event itself that the ledger reads. */
static void take_own(struct event_reader *r, const struct sy_json *m, struct sy_str local)
{
	bool inspection = sy_str_is(local, "inspection");
	if (!inspection && !sy_str_is(local, "site"))
		return;
	if (m->type == SY_JSON_OBJECT)
		r->members[inspection ? M_INSPECTION : M_SITE] = m;
	else if (!r->faults->settled)
		sy_event_fault(r, SY_EINVAL, sy_event_here(r), "expected an object", "应为对象");
}

static void take_extension(struct event_reader *r, const struct sy_json *m, struct sy_str name)
{
	struct sy_str local, prefix, space;
	if (r->depth == 1 && sy_event_name(r, name, &local) == SY_SPACE_SUYUAN)
		take_own(r, m, local);
	/* Without a context of its own an event's prefixes may be agreed on elsewhere. */
	if (r->prefixes.n > 0 && sy_event_split(name, &prefix, &local) &&
	    !sy_event_space(&r->prefixes, prefix, &space))
		sy_event_fault(r, SY_OK, sy_event_here(r),
			       "the prefix %.*s isn't declared in @context, expected its namespace "
			       "there",
			       "前缀 %.*s 未在 @context 中声明，应在其中写明其命名空间",
			       sy_event_cut(prefix), prefix.p);
}

static const struct event_words others[] = {
    [OTHERS_NAMED] = {"a name of EPCIS, or an extension's with its prefix as in ex:name",
		      " EPCIS 的名称，或带前缀的扩展名称，如 ex:name"},
    [OTHERS_NONE] = {"only names of EPCIS", " EPCIS 的名称"},
};

static void take_other(struct event_reader *r, const struct sy_json *m, const struct shape *shape)
{
	struct sy_str name = sy_event_key(r, m);
	if (shape->others == OTHERS_ANY)
		return;
	sy_event_enter(r, name, 0);
	if (shape->others == OTHERS_NAMED && sy_event_is_uri(name))
		take_extension(r, m, name);
	else
		sy_event_fault(r, SY_ERULES, sy_event_here(r), "isn't a member of %s, expected %s",
			       "不是%s的成员，应为%s", sy_event_words(r, shape->what),
			       sy_event_words(r, others[shape->others]));
	sy_event_leave(r);
}

static struct event_words an_event(enum sy_event_kind kind)
{
	bool vowel = strchr("AO", sy_event_kind_name(kind)[0]) != NULL;
	return (struct event_words){vowel ? "an" : "a", "事件"};
}

static void take_field(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	unsigned kind = 1u << r->out->kind;
	sy_event_enter(r, field_name(f), 0);
	if (!(f->allowed & kind))
		sy_event_fault(r, SY_ERULES, sy_event_here(r), "doesn't belong in %s %s",
			       "不属于%s %s", sy_event_words(r, an_event(r->out->kind)),
			       sy_event_kind_name(r->out->kind));
	else if (f->type != TYPE_ANY && v->type != f->type)
		sy_event_fault(r, SY_EINVAL, sy_event_here(r), "expected %s", "应为%s",
			       sy_event_words(r, type_names[f->type]));
	else if (v->type == SY_JSON_ARRAY && v->count == 0 && (f->required & kind))
		sy_event_fault(r, SY_ERULES, sy_event_here(r), "is empty, expected one at least",
			       "为空，应至少有一项");
	else {
		if (f->kept > 0)
			r->members[f->kept - 1] = v;
		if (f->check != NULL && !(f->formal && r->faults->settled))
			f->check(r, v, f);
	}
	sy_event_leave(r);
}

void sy_event_walk(struct event_reader *r, const struct sy_json *object, const struct shape *shape)
{
	const struct sy_json *m;
	uint64_t seen = 0;
	size_t at = 0;
	sy_json_each (r->doc, object, m) {
		const struct field *f = field_of(r, shape, m, &at);
		if (f == NULL) {
			take_other(r, m, shape);
			continue;
		}
		seen |= UINT64_C(1) << at++;
		take_field(r, m, f);
	}
	for (size_t i = 0; i < shape->n; i++)
		if ((shape->fields[i].required & 1u << r->out->kind) && !(seen >> i & 1))
			sy_event_fault(r, SY_ERULES, sy_event_here(r), "%s is missing", "缺少 %s",
				       shape->fields[i].name);
}

/* --- texts ----------------------------------------------------------------------------------- */

static bool text_of(struct event_reader *r, const struct sy_json *v, struct sy_str *out)
{
	int err = sy_json_string(r->doc, v, r->arena, out);
	if (err == SY_ENOMEM)
		sy_event_out_of_memory(r);
	else if (err)
		sy_event_fault(r, SY_EINVAL, sy_event_here(r), "expected a string", "应为字符串");
	return err == SY_OK;
}

static void keep(struct event_reader *r, uint16_t out, const void *value, size_t n)
{
	if (out > 0)
		memcpy(r->into + out - 1, value, n);
}

static void refuse(struct event_reader *r, int err, struct sy_str text, struct event_words expected)
{
	sy_event_fault(r, err, sy_event_here(r), "is \"%.*s\", expected %s", "为 \"%.*s\"，应为%s",
		       sy_event_cut(text), text.p, sy_event_words(r, expected));
}

void sy_event_check_time(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	struct sy_str text;
	int64_t ms;
	if (!text_of(r, v, &text))
		return;
	if (sy_time_parse(text, &ms) != SY_OK)
		refuse(r, SY_EINVAL, text,
		       (struct event_words){"a time with a zone such as 2026-11-01T08:00:00+08:00",
					    "带时区的时间，如 2026-11-01T08:00:00+08:00"});
	else
		keep(r, f->out, &ms, sizeof ms);
}

/* Up to 14:00 either way. */
static bool is_offset(struct sy_str s)
{
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' ||
	    !sy_text_digits((struct sy_str){s.p + 1, 2}) ||
	    !sy_text_digits((struct sy_str){s.p + 4, 2}))
		return false;
	int hours = (s.p[1] - '0') * 10 + s.p[2] - '0',
	    minutes = (s.p[4] - '0') * 10 + s.p[5] - '0';
	return minutes < 60 && hours * 60 + minutes <= 14 * 60;
}

void sy_event_check_offset(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	struct sy_str text;
	(void)f;
	if (text_of(r, v, &text) && !is_offset(text))
		refuse(r, SY_EINVAL, text,
		       (struct event_words){"an offset such as +08:00", "时差，如 +08:00"});
}

void sy_event_check_action(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	static const struct {
		const char *name;
		enum sy_event_action action;
	} actions[] = {
	    {"ADD", SY_ACTION_ADD},
	    {"OBSERVE", SY_ACTION_OBSERVE},
	    {"DELETE", SY_ACTION_DELETE},
	};
	struct sy_str text;
	if (!text_of(r, v, &text))
		return;
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (sy_str_is(text, actions[i].name)) {
			keep(r, f->out, &actions[i].action, sizeof actions[i].action);
			return;
		}
	refuse(r, SY_ERULES, text,
	       (struct event_words){"ADD, OBSERVE or DELETE", " ADD、OBSERVE 或 DELETE"});
}

void sy_event_check_hex(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	struct sy_str text;
	size_t i = 0;
	(void)f;
	if (!text_of(r, v, &text))
		return;
	while (i < text.n && text.p[i] != '\0' && strchr("0123456789abcdefABCDEF", text.p[i]))
		i++;
	if (text.n == 0 || i < text.n)
		refuse(r, SY_EINVAL, text, (struct event_words){"hex digits", "十六进制数字"});
}

void sy_event_check_truth(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	(void)f;
	if (v->type != SY_JSON_TRUE && v->type != SY_JSON_FALSE)
		sy_event_fault(r, SY_EINVAL, sy_event_here(r), "expected true or false",
			       "应为 true 或 false");
}

/* --- URIs ------------------------------------------------------------------------------------ */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* What each character of ASCII is in a URI, 32 a line: a letter, what a scheme may also have, or
 * any other; all else is an IRI's, since the text is valid UTF-8. */
static char class_of(char c)
{
	static const char classes[] = "                                "
				      " y yyyyyyyysyssyssssssssssyy y y"
				      "yllllllllllllllllllllllllll    y"
				      " llllllllllllllllllllllllll   y ";
	return (unsigned char)c < 128 ? classes[(unsigned char)c] : 'y';
}

/* As a prefix it may be one letter, so it isn't that of a code. */
static size_t scheme_of(struct sy_str text)
{
	size_t n = 0;
	while (n < text.n && (class_of(text.p[n]) == 'l' || (n > 0 && class_of(text.p[n]) == 's')))
		n++;
	return n < text.n && text.p[n] == ':' ? n : 0;
}

static bool is_port(struct sy_str text)
{
	return text.n == 0 ||
	       (text.p[0] == ':' && (text.n == 1 || sy_text_digits(sy_text_from(text, 1))));
}

/* An IPv6 address in brackets, or a name; a port behind either. */
static bool is_host(struct sy_str text)
{
	const char *p = text.n > 0 ? memchr(text.p, text.p[0] == '[' ? ']' : ':', text.n) : NULL;
	size_t n = p ? (size_t)(p - text.p) : text.n;
	if (text.n == 0 || text.p[0] != '[')
		return is_port(sy_text_from(text, n));
	for (size_t i = 1; i < n; i++)
		if (!is_hex(text.p[i]) && text.p[i] != ':' && text.p[i] != '.')
			return false;
	return p != NULL && n > 1 && is_port(sy_text_from(text, n + 1));
}

/* What comes after //, if that is how TEXT begins: user, host and port. */
static bool take_authority(struct sy_str *text)
{
	size_t at = 0, n = 2;
	if (text->n < 2 || text->p[0] != '/' || text->p[1] != '/')
		return true;
	for (; n < text->n && strchr("/?#", text->p[n]) == NULL; n++)
		if (text->p[n] == '@' && at == 0)
			at = n - 1;
	struct sy_str host = {text->p + 2 + at, n - 2 - at};
	if (!is_host(host) || memchr(host.p, '@', host.n) != NULL)
		return false;
	/* its characters are looked at like any other, but for the brackets */
	*text = sy_text_from(*text, at == 0 && host.n > 0 && host.p[0] == '[' ? n : 2);
	return true;
}

bool sy_event_is_uri(struct sy_str text)
{
	size_t scheme = scheme_of(text);
	bool fragment = false;
	if (scheme == 0 || text.n > SY_CODE_MAX)
		return false;
	struct sy_str rest = sy_text_from(text, scheme + 1);
	if (!take_authority(&rest))
		return false;
	for (size_t i = 0; i < rest.n; i++) {
		char class = class_of(rest.p[i]);
		if (class == ' ' || (rest.p[i] == '#' && fragment))
			return false;
		if (rest.p[i] == '%' &&
		    (i + 2 >= rest.n || !is_hex(rest.p[i + 1]) || !is_hex(rest.p[i + 2])))
			return false;
		fragment |= rest.p[i] == '#';
	}
	return true;
}

void sy_event_check_uri(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	struct sy_str text;
	if (!text_of(r, v, &text))
		return;
	keep(r, f->out, &text, sizeof text);
	if (!sy_event_is_uri(text))
		refuse(r, SY_EINVAL, text,
		       (struct event_words){"a URI such as urn:uuid: and a UUID",
					    " URI，如 urn:uuid: 加 UUID"});
}

/* A list of them; where any type is allowed, one alone as well. */
void sy_event_check_uris(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	static const struct field one = {.type = SY_JSON_STRING};
	const struct sy_json *element;
	size_t index = 0;
	if (f->type == TYPE_ANY && v->type != SY_JSON_ARRAY) {
		sy_event_check_uri(r, v, &one);
		return;
	}
	sy_json_each (r->doc, v, element) {
		sy_event_enter(r, (struct sy_str){NULL, 0}, index++);
		sy_event_check_uri(r, element, &one);
		sy_event_leave(r);
	}
}

/* Parsed silently first: its pointer is made for a fault alone. */
void sy_event_check_code(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	struct sy_str text;
	struct sy_code code;
	if (!text_of(r, v, &text))
		return;
	keep(r, f->out, &text, sizeof text);
	bool known = sy_event_place_known(r->arena, text, &code.canonical);
	int err = known ? (code.canonical.p ? SY_OK : SY_ENOMEM)
			: sy_code_parse(r->arena, text, &code, NULL, r->record, "");
	bool fine = err == SY_OK && (known || sy_event_is_uri(text));
	if (fine && !known)
		sy_event_place_keep(text, code.canonical);
	if (err == SY_ENOMEM)
		sy_event_out_of_memory(r);
	else if (fine || sy_event_code(r, text, sy_event_here(r), &code))
		keep(r, f->out_code, &code.canonical, sizeof code.canonical);
}

/* --- words ----------------------------------------------------------------------------------- */

static bool take_word(struct event_reader *r, const struct sy_json *v, const struct field *f,
		      struct sy_str *word)
{
	struct sy_str text;
	if (!text_of(r, v, &text))
		return false;
	if (sy_event_word(&r->prefixes, f->vocab, text, word))
		return true;
	*word = text;
	refuse(r, SY_ERULES, text, sy_event_word_expected(f->vocab));
	return true;
}

void sy_event_check_word(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	struct sy_str word;
	if (take_word(r, v, f, &word))
		keep(r, f->out, &word, sizeof word);
}

/* One at least, each once. */
void sy_event_check_words(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	uint64_t *marks = sy_arena_calloc(r->arena, v->count, sizeof *marks);
	const struct sy_json *element;
	struct sy_str word;
	size_t index = 0;
	if (marks == NULL) {
		sy_event_out_of_memory(r);
		return;
	}
	if (v->count == 0)
		sy_event_fault(r, SY_ERULES, sy_event_here(r), "is empty, expected one at least",
			       "为空，应至少有一项");
	sy_json_each (r->doc, v, element) {
		sy_event_enter(r, (struct sy_str){NULL, 0}, index);
		marks[index] = take_word(r, element, f, &word) ? sy_event_mark(word) : index;
		sy_event_leave(r);
		index++;
	}
	sy_event_refuse_twins(r, marks, v->count);
}

/* --- objects --------------------------------------------------------------------------------- */

void sy_event_check_object(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	sy_event_walk(r, v, f->shape);
}

static bool enter_object(struct event_reader *r, const struct sy_json *v, size_t index)
{
	sy_event_enter(r, (struct sy_str){NULL, 0}, index);
	if (v->type != SY_JSON_OBJECT)
		sy_event_fault(r, SY_EINVAL, sy_event_here(r), "expected an object", "应为对象");
	return v->type == SY_JSON_OBJECT;
}

void sy_event_check_objects(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	const struct sy_json *element;
	size_t index = 0;
	sy_json_each (r->doc, v, element) {
		if (enter_object(r, element, index++))
			sy_event_walk(r, element, f->shape);
		sy_event_leave(r);
	}
}

void sy_event_check_ends(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	struct sy_event_ends ends = {sy_arena_calloc(r->arena, v->count, sizeof *ends.v), 0};
	const struct sy_json *element;
	char *into = r->into;
	size_t index = 0;
	if (ends.v == NULL) {
		sy_event_out_of_memory(r);
		return;
	}
	sy_json_each (r->doc, v, element) {
		struct sy_event_end *end = &ends.v[ends.n];
		end->type = end->id = end->code = (struct sy_str){"", 0};
		r->into = (char *)end;
		if (enter_object(r, element, index++))
			sy_event_walk(r, element, f->shape);
		ends.n += end->code.n > 0;
		sy_event_leave(r);
	}
	r->into = into;
	keep(r, f->out, &ends, sizeof ends);
}

void sy_event_check_error(struct event_reader *r, const struct sy_json *v, const struct field *f)
{
	r->out->error = true;
	sy_event_walk(r, v, f->shape);
}

void sy_event_check_persistent(struct event_reader *r, const struct sy_json *v,
			       const struct field *f)
{
	if (v->count == 0)
		sy_event_fault(r, SY_ERULES, sy_event_here(r), "is empty, expected set or unset",
			       "为空，应有 set 或 unset");
	sy_event_walk(r, v, f->shape);
}
