/* Values and names as the event hash spells them (CBV 2.0 section 8.9.2). */
#include "code_impl.h"
#include "event_impl.h"

#include <suyuan/time.h>

#define DIGITS_MAX 400 /* a number that would be longer in full stays as it is written */

struct sy_str sy_spell_text(struct spelling *s, const struct sy_json *v)
{
	struct sy_str text = {"", 0};
	if (sy_json_string(s->doc, v, s->arena, &text) == SY_ENOMEM)
		s->failed = true;
	return text;
}

struct sy_str sy_spell_key(struct spelling *s, const struct sy_json *member)
{
	struct sy_str text = {"", 0};
	if (sy_json_key(s->doc, member, s->arena, &text) == SY_ENOMEM)
		s->failed = true;
	return text;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct sy_str sy_spell_trim(struct sy_str text)
{
	while (text.n > 0 && is_space(text.p[0]))
		text.p++, text.n--;
	while (text.n > 0 && is_space(text.p[text.n - 1]))
		text.n--;
	return text;
}

/* --- numbers --------------------------------------------------------------------------------- */

struct number {
	bool negative;
	struct sy_str whole, fraction; /* digits */
	int exponent;
};

static struct sy_str take_digits(struct sy_str *s)
{
	struct sy_str digits = {s->p, 0};
	while (digits.n < s->n && s->p[digits.n] >= '0' && s->p[digits.n] <= '9')
		digits.n++;
	*s = sy_text_from(*s, digits.n);
	return digits;
}

static bool take_char(struct sy_str *s, const char *any)
{
	if (s->n == 0 || s->p[0] == '\0' || strchr(any, s->p[0]) == NULL)
		return false;
	*s = sy_text_from(*s, 1);
	return true;
}

/* Also as XML writes them: a plus, a point at either end. */
static bool is_number(struct sy_str s, struct number *out)
{
	*out = (struct number){.negative = s.n > 0 && s.p[0] == '-'};
	take_char(&s, "+-");
	out->whole = take_digits(&s);
	if (take_char(&s, "."))
		out->fraction = take_digits(&s);
	if (out->whole.n + out->fraction.n == 0)
		return false;
	if (take_char(&s, "eE")) {
		bool negative = s.n > 0 && s.p[0] == '-';
		take_char(&s, "+-");
		struct sy_str digits = take_digits(&s);
		if (digits.n == 0)
			return false;
		for (size_t i = 0; i < digits.n && out->exponent <= DIGITS_MAX; i++)
			out->exponent = out->exponent * 10 + digits.p[i] - '0';
		out->exponent = negative ? -out->exponent : out->exponent;
	}
	return s.n == 0;
}

/* The digit at a place of 10, counted from the point to the left. */
static char digit_at(const struct number *n, long place)
{
	long i = place - n->exponent;
	if (i >= 0)
		return i < (long)n->whole.n ? n->whole.p[(long)n->whole.n - 1 - i] : '0';
	return -i <= (long)n->fraction.n ? n->fraction.p[-i - 1] : '0';
}

/* False: too long to write in full. */
static bool put_number(struct spelling *s, const struct number *n)
{
	long high = (long)n->whole.n - 1 + n->exponent, low = n->exponent - (long)n->fraction.n;
	if (n->whole.n + n->fraction.n > DIGITS_MAX || n->exponent > DIGITS_MAX ||
	    n->exponent < -DIGITS_MAX)
		return false;
	while (high > 0 && digit_at(n, high) == '0')
		high--;
	while (low < 0 && digit_at(n, low) == '0')
		low++;
	high = high < 0 ? 0 : high;
	bool zero = high == 0 && low >= 0 && digit_at(n, 0) == '0';
	if (n->negative && !zero)
		sy_buf_byte(s->out, '-');
	for (long place = high; place >= (low < 0 ? low : 0); place--) {
		if (place == -1)
			sy_buf_byte(s->out, '.');
		sy_buf_byte(s->out, digit_at(n, place));
	}
	return true;
}

/* --- texts ----------------------------------------------------------------------------------- */

/* EPC URNs and Digital Links, whatever their host: the canonical one. */
static bool put_key(struct spelling *s, struct sy_str text)
{
	struct sy_code code;
	if (!sy_text_starts(text, "http://") && !sy_text_starts(text, "https://") &&
	    !sy_text_starts(text, "urn:epc:"))
		return false;
	int err = sy_code_parse(s->arena, text, &code, NULL, SY_NO_RECORD, "");
	s->failed |= err == SY_ENOMEM;
	if (err != SY_OK || code.scheme != SY_SCHEME_GS1)
		return false;
	sy_buf_str(s->out, code.canonical);
	return true;
}

/* A word's URN: "urn:epcglobal:cbv:bizstep:shipping" wherever it stands. */
static bool put_urn(struct spelling *s, struct sy_str text)
{
	static const enum vocab vocabs[] = {VOCAB_STEP, VOCAB_DISPOSITION, VOCAB_TRANSACTION,
					    VOCAB_END, VOCAB_REASON};
	const char *start[2];
	struct sy_str word;
	if (!sy_text_starts(text, "urn:epcglobal:cbv:"))
		return false;
	for (size_t i = 0; i < sizeof vocabs / sizeof vocabs[0]; i++) {
		if (!sy_event_word(&s->prefixes, vocabs[i], text, &word))
			continue;
		sy_event_word_start(vocabs[i], start);
		sy_buf_text(s->out, start[0]);
		sy_buf_text(s->out, start[1]);
		sy_buf_str(s->out, word);
		return true;
	}
	return false;
}

static void put_text(struct spelling *s, struct sy_str text)
{
	struct sy_str prefix, local, space;
	struct number number;
	text = sy_spell_trim(text);
	if ((is_number(text, &number) && put_number(s, &number)) || put_key(s, text) ||
	    put_urn(s, text))
		return;
	if (sy_event_split(text, &prefix, &local) && sy_event_is_uri(text) &&
	    sy_event_space(&s->prefixes, prefix, &space))
		sy_buf_str(s->out, space);
	else
		local = text;
	sy_buf_str(s->out, local);
}

void sy_spell_value(struct spelling *s, const struct sy_json *v)
{
	if (v->type == SY_JSON_STRING)
		put_text(s, sy_spell_text(s, v));
	else if (v->type == SY_JSON_NUMBER || v->type == SY_JSON_TRUE || v->type == SY_JSON_FALSE)
		put_text(s, sy_json_raw(s->doc, v));
}

/* The fourth decimal place rounds the third. */
static bool rounds_up(struct sy_str text)
{
	const char *point = memchr(text.p, '.', text.n);
	size_t at = point ? (size_t)(point - text.p) + 4 : text.n;
	return at < text.n && text.p[at] >= '5' && text.p[at] <= '9';
}

void sy_spell_time(struct spelling *s, const struct sy_json *v)
{
	struct sy_str text = sy_spell_trim(sy_spell_text(s, v));
	char time[SY_TIME_TEXT];
	int64_t ms;
	if (sy_time_parse(text, &ms) != SY_OK) {
		sy_buf_str(s->out, text);
		return;
	}
	sy_time_format((uint64_t)ms + rounds_up(text), time);
	sy_buf_text(s->out, time);
}

void sy_spell_word(struct spelling *s, const struct sy_json *v, enum vocab vocab)
{
	struct sy_str text = sy_spell_trim(sy_spell_text(s, v)), word;
	const char *start[2];
	if (!sy_event_word(&s->prefixes, vocab, text, &word) ||
	    (word.n > 0 && memchr(word.p, ':', word.n) != NULL)) {
		put_text(s, text);
		return;
	}
	sy_event_word_start(vocab, start);
	sy_buf_text(s->out, start[0]);
	sy_buf_text(s->out, start[1]);
	sy_buf_str(s->out, word);
}

/* --- names ----------------------------------------------------------------------------------- */

/* Where the namespace of a name in full ends. */
static size_t space_end(struct sy_str name)
{
	size_t n = name.n;
	while (n > 0 && strchr("/#:", name.p[n - 1]) == NULL)
		n--;
	return n;
}

/* A prefix that nobody knows stays one.  That of the master data, when it isn't declared, stands
 * for what EPCIS's XML declares: without the colon behind it. */
void sy_spell_name(struct spelling *s, struct sy_str name)
{
	struct sy_str prefix, local = name, space = {"", 0};
	if (!sy_event_split(name, &prefix, &local)) {
		space = (struct sy_str){name.p, sy_event_is_uri(name) ? space_end(name) : 0};
		local = sy_text_from(name, space.n);
	} else if (!sy_event_space(&s->prefixes, prefix, &space)) {
		local = name;
	} else if (sy_str_is(prefix, "cbvmda") && sy_str_is(space, "urn:epcglobal:cbv:mda:") &&
		   !sy_event_declared(&s->prefixes, prefix, &space)) {
		space.n--;
	}
	if (space.n > 0) {
		sy_buf_byte(s->out, '{');
		sy_buf_str(s->out, space);
		sy_buf_byte(s->out, '}');
	}
	sy_buf_str(s->out, local);
}
