/* GS1 element strings: bracketed as people write them, raw as scanners send them. */
#include "code_impl.h"

bool sy_bracket_at(struct sy_str text, size_t at, struct sy_str *digits)
{
	size_t n = at + 1;
	if (at >= text.n || text.p[at] != '(')
		return false;
	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	*digits = (struct sy_str){text.p + at + 1, n - at - 1};
	return n < text.n && text.p[n] == ')' && digits->n >= 2 && digits->n <= 4;
}

/* "\(" is a bracket that belongs to the value. */
static struct sy_str unescaped(struct code_reader *r, struct sy_str text)
{
	char *p = sy_code_room(r, text.n);
	size_t n = 0;
	for (size_t i = 0; p != NULL && i < text.n; i++) {
		i += text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] == '(';
		p[n++] = text.p[i];
	}
	return (struct sy_str){p, n};
}

/* A value up to the next bracketed AI. */
static struct sy_str bracketed_value(struct code_reader *r, struct sy_str text, size_t *at)
{
	struct sy_str digits, value = {text.p + *at, 0};
	bool escaped = false;
	for (; *at < text.n && !sy_bracket_at(text, *at, &digits); ++*at)
		if (text.p[*at] == '\\' && *at + 1 < text.n && text.p[*at + 1] == '(') {
			escaped = true;
			++*at;
		}
	value.n = (size_t)(text.p + *at - value.p);
	r->value = (struct written){value, escaped ? '\\' : 0};
	return escaped ? unescaped(r, value) : value;
}

void sy_code_read_bracketed(struct code_reader *r, struct sy_str text)
{
	struct sy_str digits;
	for (size_t at = 0; at < text.n && !sy_code_enough(r);) {
		if (!sy_bracket_at(text, at, &digits)) {
			sy_code_fault(
			    r, SY_EINVAL, sy_spot((struct sy_str){text.p + at, 1}),
			    "character %zu: expected an application identifier of 2 to 4 digits "
			    "in brackets",
			    "第%zu位：应为括号中2至4位数字的应用标识符",
			    sy_code_given_no(r, text.p + at));
			return;
		}
		struct ai_code ai = sy_ai_exact(digits);
		at += digits.n + 2;
		struct sy_str value = bracketed_value(r, text, &at);
		if (ai.row == NULL)
			sy_code_fault(r, SY_EINVAL, sy_spot(digits),
				      "(%.*s) is no application identifier, character %zu",
				      "(%.*s)不是应用标识符，第%zu位", (int)digits.n, digits.p,
				      sy_code_given_no(r, digits.p));
		else
			sy_ai_take(r, ai, value);
	}
}

static struct sy_str raw_value(const struct ai *row, struct sy_str rest)
{
	const char *end = memchr(rest.p, FNC1, rest.n);
	size_t fixed = sy_ai_fixed(row), n = end ? (size_t)(end - rest.p) : rest.n;
	return (struct sy_str){rest.p, fixed > 0 && fixed < n ? fixed : n};
}

/* A lost character must not turn (01) into a shorter GTIN. */
static bool complete(struct code_reader *r, struct ai_code ai, struct sy_str value)
{
	char name[8];
	size_t fixed = sy_ai_fixed(ai.row);
	if (value.n >= fixed)
		return true;
	sy_ai_name(ai, name);
	sy_code_fault(r, SY_EINVAL, sy_spot(value), "%s has %zu characters, expected %zu",
		      "%s有%zu个字符，应为%zu个", name, value.n, fixed);
	return false;
}

void sy_code_read_raw(struct code_reader *r, struct sy_str text)
{
	char shown[16];
	for (size_t at = 0; at < text.n && !sy_code_enough(r);) {
		if (text.p[at] == FNC1) {
			at++;
			continue;
		}
		struct sy_str rest = sy_text_from(text, at);
		struct ai_code ai = sy_ai_at(rest);
		if (ai.row == NULL) {
			sy_code_fault(
			    r, SY_EINVAL, sy_spot((struct sy_str){text.p + at, 1}),
			    "character %zu, %s, begins no application identifier that is known",
			    "第%zu位%s处不是已知的应用标识符", sy_code_given_no(r, text.p + at),
			    sy_code_show(text, at, shown));
			return;
		}
		struct sy_str value = raw_value(ai.row, sy_text_from(rest, ai.row->digits));
		r->value = (struct written){value, 0};
		if (complete(r, ai, value))
			sy_ai_take(r, ai, value);
		at += ai.row->digits + value.n;
	}
}
