/* GS1 element strings: bracketed as people write them, raw as scanners send them. */
#include "code_impl.h"

/* Does "(" and two to four digits and ")" stand here?  Any other "(" is data. */
static bool bracket_at(struct sy_str text, size_t at, struct sy_str *digits)
{
	size_t n = at + 1;
	if (at >= text.n || text.p[at] != '(')
		return false;
	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	*digits = (struct sy_str){text.p + at + 1, n - at - 1};
	return n < text.n && text.p[n] == ')' && digits->n >= 2 && digits->n <= 4;
}

/* A value up to the next bracketed AI.  "\(" is a bracket that belongs to the value. */
static struct sy_str bracketed_value(struct code_reader *r, struct sy_str text, size_t *at)
{
	size_t reserved = text.n - *at, n = 0;
	char *p = sy_code_room(r, reserved);
	struct sy_str digits;
	while (p != NULL && *at < text.n && !bracket_at(text, *at, &digits)) {
		*at += text.p[*at] == '\\' && *at + 1 < text.n && text.p[*at + 1] == '(';
		p[n++] = text.p[(*at)++];
	}
	r->used -= p ? reserved - n : 0;
	return (struct sy_str){p, n};
}

void sy_code_read_bracketed(struct code_reader *r, struct sy_str text)
{
	struct sy_str digits;
	for (size_t at = 0; at < text.n;) {
		if (!bracket_at(text, at, &digits)) {
			sy_code_fault(
			    r, SY_EINVAL,
			    "character %zu: expected an application identifier of 2 to 4 digits "
			    "in brackets",
			    sy_code_char_no(text, at));
			return;
		}
		struct ai_code ai = sy_ai_exact(digits);
		at += digits.n + 2;
		struct sy_str value = bracketed_value(r, text, &at);
		if (ai.row == NULL)
			sy_code_fault(r, SY_EINVAL, "(%.*s) is no application identifier",
				      (int)digits.n, digits.p);
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
	sy_code_fault(r, SY_EINVAL, "%s has %zu characters, expected %zu", name, value.n, fixed);
	return false;
}

void sy_code_read_raw(struct code_reader *r, struct sy_str text)
{
	char shown[16];
	for (size_t at = 0; at < text.n;) {
		if (text.p[at] == FNC1) {
			at++;
			continue;
		}
		struct sy_str rest = sy_text_from(text, at);
		struct ai_code ai = sy_ai_at(rest);
		if (ai.row == NULL) {
			sy_code_fault(
			    r, SY_EINVAL,
			    "character %zu, %s, begins no application identifier that is known",
			    sy_code_char_no(text, at), sy_code_show(text, at, shown));
			return;
		}
		struct sy_str value = raw_value(ai.row, sy_text_from(rest, ai.row->digits));
		if (complete(r, ai, value))
			sy_ai_take(r, ai, value);
		at += ai.row->digits + value.n;
	}
}
