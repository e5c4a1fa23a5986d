/* Texts of codes: what a URI may have, percent-coding, and how a fault shows what it met. */
#include "code_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

void sy_code_fault(struct code_reader *r, int err, const char *fmt, ...)
{
	char detail[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(detail, sizeof detail, fmt, args);
	va_end(args);
	if (r->n_faults++ == 0)
		r->err = err;
	if (r->faults != NULL)
		sy_fault_add(r->faults, sy_http_status(err), r->record, r->pointer, NULL, "%s",
			     detail);
}

void sy_code_out_of_memory(struct code_reader *r)
{
	r->n_faults++;
	r->err = SY_ENOMEM;
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

char *sy_code_room(struct code_reader *r, size_t n)
{
	if (n > sizeof r->pool - r->used) {
		sy_code_fault(r, SY_EINVAL, "too long");
		return NULL;
	}
	r->used += n;
	return r->pool + r->used - n;
}

struct sy_str sy_text_from(struct sy_str text, size_t at)
{
	return (struct sy_str){text.p + at, text.n - at};
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

bool sy_code_decode(struct code_reader *r, const char *where, struct sy_str text,
		    struct sy_str *out)
{
	char *p = sy_code_room(r, text.n);
	size_t n = 0;
	if (p == NULL)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '%') {
			p[n++] = text.p[i];
			continue;
		}
		int hi = i + 2 < text.n ? hex_value(text.p[i + 1]) : -1;
		int lo = hi >= 0 ? hex_value(text.p[i + 2]) : -1;
		if (lo < 0) {
			sy_code_fault(r, SY_EINVAL,
				      "%s character %zu: expected two hex digits after %%", where,
				      sy_code_char_no(text, i));
			return false;
		}
		p[n++] = (char)(hi * 16 + lo);
		i += 2;
	}
	*out = (struct sy_str){p, n};
	return true;
}

void sy_pen_begin(struct pen *pen, struct sy_str s)
{
	pen->n = 0;
	sy_pen_put(pen, s);
}

void sy_pen_put(struct pen *pen, struct sy_str s)
{
	size_t n = s.n < sizeof pen->text - pen->n ? s.n : sizeof pen->text - pen->n;
	memcpy(pen->text + pen->n, s.p, n);
	pen->n += n;
}

static bool unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void sy_pen_encode(struct pen *pen, struct sy_str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
		sy_pen_put(pen, unreserved(s.p[i]) ? (struct sy_str){s.p + i, 1}
						   : (struct sy_str){escaped, 3});
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
	static const bool no_uri[256] = {['<'] = 1, ['>'] = 1, ['"'] = 1,  ['{'] = 1, ['}'] = 1,
					 ['|'] = 1, ['^'] = 1, ['\\'] = 1, ['`'] = 1};
	size_t bad = text.n, utf8;
	for (size_t i = 0; i < text.n && bad == text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c <= 0x20 || c == 0x7f || no_uri[c])
			bad = i;
	}
	return sy_utf8_valid(text.p, text.n, &utf8) || utf8 > bad ? bad : utf8;
}
