/* Texts of codes: what a URI may have, percent-coding, and how a fault shows what it met. */
#include "code_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define TEN(c, v)                                                                        \
	[(c)] = (v), [(c) + 1] = (v), [(c) + 2] = (v), [(c) + 3] = (v), [(c) + 4] = (v), \
	[(c) + 5] = (v), [(c) + 6] = (v), [(c) + 7] = (v), [(c) + 8] = (v), [(c) + 9] = (v)
#define LETTERS(c, v)                                                                      \
	TEN(c, v), TEN((c) + 10, v), [(c) + 20] = (v), [(c) + 21] = (v), [(c) + 22] = (v), \
					    [(c) + 23] = (v), [(c) + 24] = (v), [(c) + 25] = (v)
#define ALL (SET_82 | SET_39 | SET_64 | SET_PLAIN)

const uint8_t sy_char_sets[256] = {
    TEN('0', ALL | SET_DIGITS),
    LETTERS('A', ALL),
    LETTERS('a', SET_82 | SET_64 | SET_PLAIN),
    ['!'] = SET_82,
    ['"'] = SET_82 | SET_NO_URI,
    ['#'] = SET_39,
    ['%'] = SET_82,
    ['&'] = SET_82,
    ['\''] = SET_82,
    ['('] = SET_82,
    [')'] = SET_82,
    ['*'] = SET_82,
    ['+'] = SET_82,
    [','] = SET_82,
    ['-'] = ALL,
    ['.'] = SET_82 | SET_PLAIN,
    ['/'] = SET_82 | SET_39,
    [':'] = SET_82,
    [';'] = SET_82,
    ['<'] = SET_82 | SET_NO_URI,
    ['='] = SET_82 | SET_64,
    ['>'] = SET_82 | SET_NO_URI,
    ['?'] = SET_82,
    ['\\'] = SET_NO_URI,
    ['^'] = SET_NO_URI,
    ['_'] = SET_82 | SET_64 | SET_PLAIN,
    ['`'] = SET_NO_URI,
    ['{'] = SET_NO_URI,
    ['|'] = SET_NO_URI,
    ['}'] = SET_NO_URI,
    ['~'] = SET_PLAIN,
    [0x7f] = SET_NO_URI,
};

/* A text that was cut ends with a whole character. */
static void cut(char *text, size_t size, int length)
{
	size_t bad;
	if (length >= (int)size && !sy_utf8_valid(text, size - 1, &bad))
		text[bad] = '\0';
}

/* Whole characters. */
static struct sy_code_mark mark_of(struct sy_str given, struct spot at)
{
	struct sy_code_mark mark = {0, 0};
	if (at.p == NULL)
		return mark;
	mark.at = (size_t)(at.p - given.p);
	mark.n = at.n;
	while (mark.n > 0 && mark.at + mark.n < given.n &&
	       ((unsigned char)given.p[mark.at + mark.n] & 0xc0) == 0x80)
		mark.n++;
	return mark;
}

void sy_code_fault(struct code_reader *r, int err, struct spot at, const char *english,
		   const char *chinese, ...)
{
	char detail[384];
	va_list args;
	if (r->n_faults++ == 0)
		r->err = err;
	if (r->faults == NULL)
		return;
	va_start(args, chinese);
	cut(detail, sizeof detail,
	    vsnprintf(detail, sizeof detail, r->chinese ? chinese : english, args));
	va_end(args);
	size_t kept = r->faults->n;
	sy_fault_add(r->faults, sy_http_status(err), r->record, r->pointer, NULL, "%s", detail);
	if (r->marks != NULL && r->faults->n > kept && kept < SY_FAULTS_PER_RECORD)
		r->marks[kept] = mark_of(r->out->given, at);
}

bool sy_code_rules(const struct code_reader *r)
{
	return !r->settled;
}

bool sy_code_enough(const struct code_reader *r)
{
	return r->n_faults > SY_FAULTS_PER_RECORD;
}

void sy_code_out_of_memory(struct code_reader *r)
{
	r->n_faults++;
	r->err = SY_ENOMEM;
}

struct spot sy_spot(struct sy_str text)
{
	return (struct spot){text.p, text.n};
}

/* How many bytes of TEXT stand for the byte at I. */
static size_t step(const struct written *v, size_t i)
{
	if (v->escape == '%' && v->text.p[i] == '%')
		return v->text.n - i < 3 ? v->text.n - i : 3;
	if (v->escape == '\\' && v->text.p[i] == '\\' && i + 1 < v->text.n &&
	    v->text.p[i + 1] == '(')
		return 2;
	return 1;
}

struct spot sy_spot_value(const struct code_reader *r, size_t at, size_t n)
{
	const struct written *v = &r->value;
	size_t i = 0, end;
	while (at-- > 0 && i < v->text.n)
		i += step(v, i);
	for (end = i; n-- > 0 && end < v->text.n;)
		end += step(v, end);
	return (struct spot){v->text.p + i, end - i};
}

const char *sy_code_show(struct sy_str text, size_t at, char out[16])
{
	unsigned char c = (unsigned char)text.p[at];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4, bad;
	if (c < 0x20 || c == 0x7f || at + n > text.n || !sy_utf8_valid(text.p + at, n, &bad))
		snprintf(out, 16, "byte 0x%02X", c);
	else
		snprintf(out, 16, "\"%.*s\"", (int)n, text.p + at);
	return out;
}

size_t sy_code_char_no(struct sy_str text, size_t at)
{
	size_t n = 1;
	for (size_t i = 0; i < at && i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

size_t sy_code_given_no(const struct code_reader *r, const char *p)
{
	return sy_code_char_no(r->out->given, (size_t)(p - r->out->given.p));
}

char *sy_code_room(struct code_reader *r, size_t n)
{
	if (n > sizeof r->pool - r->used) {
		sy_code_fault(r, SY_EINVAL, NOWHERE, "too long", "过长");
		return NULL;
	}
	r->used += n;
	return r->pool + r->used - n;
}

struct sy_str sy_text_from(struct sy_str text, size_t at)
{
	return (struct sy_str){text.p + at, text.n - at};
}

struct sy_str sy_text_cut(struct sy_str *rest, char stop, bool *found)
{
	const char *end = rest->n ? memchr(rest->p, stop, rest->n) : NULL;
	struct sy_str part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
	if (found != NULL)
		*found = end != NULL;
	*rest = sy_text_from(*rest, part.n + (end != NULL));
	return part;
}

bool sy_text_starts(struct sy_str text, const char *prefix)
{
	size_t n = strlen(prefix);
	return text.n >= n && strncasecmp(text.p, prefix, n) == 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t sy_text_decode(struct sy_str text, char *out, size_t *bad)
{
	size_t n = 0;
	for (*bad = 0; *bad < text.n; ++*bad) {
		const char *p = text.p + *bad;
		int hi = *p == '%' && *bad + 2 < text.n ? hex_value(p[1]) : -1;
		int lo = hi >= 0 ? hex_value(p[2]) : -1;
		if (*p == '%' && lo < 0)
			break;
		out[n++] = lo < 0 ? *p : (char)(hi * 16 + lo);
		*bad += lo < 0 ? 0 : 2;
	}
	return n;
}

bool sy_code_decode(struct code_reader *r, struct words part, struct sy_str text,
		    struct sy_str *out)
{
	size_t bad;
	*out = text;
	if (text.n == 0 || memchr(text.p, '%', text.n) == NULL)
		return true;
	char *p = sy_code_room(r, text.n);
	if (p == NULL)
		return false;
	*out = (struct sy_str){p, sy_text_decode(text, p, &bad)};
	if (bad == text.n)
		return true;
	sy_code_fault(r, SY_EINVAL, sy_spot((struct sy_str){text.p + bad, 1}),
		      "%s character %zu: expected two hex digits after %%",
		      "%s第%zu位：%%后应为两位十六进制数字",
		      r->chinese ? part.chinese : part.english, sy_code_char_no(text, bad));
	return false;
}

static bool unreserved(char c)
{
	return sy_char_sets[(unsigned char)c] & SET_PLAIN;
}

size_t sy_code_encoded(struct sy_str s)
{
	size_t n = s.n;
	for (size_t i = 0; i < s.n; i++)
		n += unreserved(s.p[i]) ? 0 : 2;
	return n;
}

char *sy_code_encode(char *p, struct sy_str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (unreserved(s.p[i])) {
			*p++ = s.p[i];
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	return p;
}

char *sy_code_put(char *p, struct sy_str s)
{
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

void sy_pen_begin(struct pen *pen, struct sy_str s)
{
	pen->n = 0;
	sy_pen_put(pen, s);
}

void sy_pen_put(struct pen *pen, struct sy_str s)
{
	size_t n = s.n < sizeof pen->text - pen->n ? s.n : sizeof pen->text - pen->n;
	sy_code_put(pen->text + pen->n, (struct sy_str){s.p, n});
	pen->n += n;
}

void sy_pen_encode(struct pen *pen, struct sy_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char coded[3];
		struct sy_str c = {s.p + i, 1};
		c.n = (size_t)(sy_code_encode(coded, c) - coded);
		sy_pen_put(pen, (struct sy_str){coded, c.n});
	}
}

struct sy_str sy_pen_keep(const struct pen *pen, struct sy_arena *arena)
{
	struct sy_str text = {pen->text, pen->n};
	return (struct sy_str){sy_arena_strdup(arena, text), pen->n};
}

size_t sy_uri_scheme(struct sy_str text)
{
	size_t n = 0;
	while (n < text.n && unreserved(text.p[n]) && text.p[n] != '_' && text.p[n] != '~')
		n++;
	bool letter = text.n > 0 && ((text.p[0] | 0x20) >= 'a' && (text.p[0] | 0x20) <= 'z');
	return letter && n > 1 && n < text.n && text.p[n] == ':' ? n : 0;
}

size_t sy_uri_bad(struct sy_str text)
{
	unsigned seen = 0;
	size_t bad = 0, utf8;
	for (; bad < text.n; bad++) {
		unsigned char c = (unsigned char)text.p[bad];
		if (c <= 0x20 || (sy_char_sets[c] & SET_NO_URI))
			break;
		seen |= c;
	}
	if (!(seen & 0x80) || sy_utf8_valid(text.p, text.n, &utf8) || utf8 > bad)
		return bad;
	return utf8;
}
