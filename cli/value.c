#include "http.h"
#include "value.h"

#define GLN_DIGITS 13
#define PARTY_STEM "https://id.gs1.org/417/"
#define PLACE_STEM "https://id.gs1.org/414/"

/* Bytes of the blank that TEXT begins with; 0 for none. */
static size_t blank(struct sy_str text)
{
	if (text.n == 0)
		return 0;
	if (strchr(" \t\r\n", text.p[0]) != NULL)
		return 1;
	return text.n >= 3 && memcmp(text.p, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

struct sy_str value_trim(struct sy_str text)
{
	size_t n, end = 0;

	while ((n = blank(text)) > 0)
		text.p += n, text.n -= n;
	for (size_t i = 0; i<text.n; i += n> 0 ? n : 1) {
		n = blank((struct sy_str){text.p + i, text.n - i});
		if (n == 0)
			end = i + 1;
	}
	return (struct sy_str){text.p, end};
}

struct sy_str value_narrow(struct sy_arena *arena, struct sy_str text)
{
	size_t n = 0;
	char *out;

	if (text.n == 0 ||
	    (memchr(text.p, '\xef', text.n) == NULL && memchr(text.p, '\xe3', text.n) == NULL))
		return text;
	if ((out = sy_arena_alloc(arena, text.n + 1)) == NULL)
		return (struct sy_str){"", 0};
	for (size_t i = 0; i < text.n; i++) {
		const unsigned char *p = (const unsigned char *)text.p + i;
		bool three = text.n - i >= 3;
		/* U+FF01 to U+FF5E are EF BC 81 to EF BD 9E, ASCII's order from '!' on */
		unsigned at = three && p[0] == 0xef && (p[1] == 0xbc || p[1] == 0xbd)
				  ? (p[1] - 0xbcU) * 64 + (p[2] - 0x80U)
				  : 0;
		if (at >= 1 && at <= 94)
			out[n++] = (char)(0x20 + at), i += 2;
		else if (three && memcmp(p, "\xe3\x80\x80", 3) == 0)
			out[n++] = ' ', i += 2;
		else
			out[n++] = text.p[i];
	}
	out[n] = '\0';
	return (struct sy_str){out, n};
}

/* Is there a group of three digits behind each comma, and one to three before the first? */
static bool grouped(struct sy_str text)
{
	size_t digits = 0, commas = 0;

	for (size_t i = 0; i <= text.n; i++) {
		char c = i < text.n ? text.p[i] : '.';
		if (c >= '0' && c <= '9') {
			digits++;
			continue;
		}
		if (commas > 0 ? digits != 3 : c == ',' && (digits < 1 || digits > 3))
			return false;
		if (c != ',')
			return i == text.n || memchr(text.p + i, ',', text.n - i) == NULL;
		commas++;
		digits = 0;
	}
	return true;
}

bool value_decimal(struct sy_arena *arena, struct sy_str text, struct sy_decimal *out)
{
	struct sy_str narrow = value_narrow(arena, text);
	char plain[64];
	size_t n = 0;

	if (memchr(narrow.p, ',', narrow.n) != NULL && !grouped(narrow))
		return false;
	for (size_t i = 0; i < narrow.n; i++) {
		if (narrow.p[i] == ',')
			continue;
		if (n == sizeof plain)
			return false;
		plain[n++] = narrow.p[i];
	}
	return sy_decimal_parse((struct sy_str){plain, n}, out) == SY_OK && out->coef > 0;
}

int value_date(struct sy_arena *arena, struct sy_str text, int32_t *day)
{
	return sy_date_read(value_narrow(arena, text), day);
}

/* --- times ------------------------------------------------------------------------------------ */

/* H:MM or H:MM:SS */
static bool read_clock(struct sy_str text, unsigned out[3])
{
	unsigned part = 0, digits = 0;

	memset(out, 0, 3 * sizeof out[0]);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == ':' && digits > 0 && part < 2) {
			part++;
			digits = 0;
		} else if (c >= '0' && c <= '9' && digits < 2) {
			out[part] = out[part] * 10 + (unsigned)(c - '0');
			digits++;
		} else {
			return false;
		}
		if (part > 0 && digits == 1 && (i + 1 == text.n || text.p[i + 1] == ':'))
			return false; /* minutes and seconds have two */
	}
	return part > 0 && digits == 2 && out[0] < 24 && out[1] < 60 && out[2] < 60;
}

static bool read_local(struct sy_arena *arena, struct sy_str text, struct sy_str *time)
{
	struct sy_str clock = {"", 0};
	unsigned at[3] = {0, 0, 0};
	char date[12];
	int32_t day;
	int64_t ms;
	size_t n = text.n;

	if (sy_date_read(text, &day) != SY_OK) {
		while (n > 0 && text.p[n - 1] != ' ' && text.p[n - 1] != 'T')
			n--;
		if (n == 0)
			return false;
		clock = (struct sy_str){text.p + n, text.n - n};
		if (sy_date_read(value_trim((struct sy_str){text.p, n - 1}), &day) != SY_OK ||
		    !read_clock(clock, at))
			return false;
	}
	sy_date_format(day, date);
	*time =
	    sy_str(sy_arena_printf(arena, "%sT%02u:%02u:%02u+08:00", date, at[0], at[1], at[2]));
	return sy_time_parse(*time, &ms) == SY_OK; /* not before 1970 */
}

bool value_time(struct sy_arena *arena, struct sy_str text, struct sy_str *time,
		struct sy_str *zone)
{
	int64_t ms;

	text = value_trim(value_narrow(arena, text));
	*zone = SY_STR("+08:00");
	if (sy_time_parse(text, &ms) != SY_OK)
		return read_local(arena, text, time);
	*time = text;
	if (text.n > 6 && (text.p[text.n - 6] == '+' || text.p[text.n - 6] == '-'))
		*zone = (struct sy_str){text.p + text.n - 6, 6};
	else
		*zone = SY_STR("+00:00");
	return true;
}

/* --- names ------------------------------------------------------------------------------------ */

static struct sy_str id_of(struct sy_arena *arena, struct sy_str text, const char *gln_stem,
			   bool party)
{
	struct sy_str narrow = value_narrow(arena, text), none = {"", 0};
	struct sy_code code;

	if (sy_gln_parse(narrow) == SY_OK)
		return sy_str(sy_arena_printf(arena, "%s%.*s", gln_stem, (int)narrow.n, narrow.p));
	if (party && sy_uscc_check(narrow) == SY_OK)
		return sy_str(
		    sy_arena_printf(arena, "urn:suyuan:cn:uscc:%.*s", (int)narrow.n, narrow.p));
	if (text.n == 0 || memchr(text.p, ':', text.n) == NULL ||
	    sy_code_parse(arena, text, &code, NULL, SY_NO_RECORD, "") != SY_OK)
		return none;
	return text;
}

struct sy_str value_party(struct sy_arena *arena, struct sy_str text)
{
	return id_of(arena, text, PARTY_STEM, true);
}

struct sy_str value_place(struct sy_arena *arena, struct sy_str text)
{
	return id_of(arena, text, PLACE_STEM, false);
}

struct sy_str value_gln(struct sy_str party)
{
	const size_t stem = sizeof PARTY_STEM - 1;

	if (party.n == stem + GLN_DIGITS && memcmp(party.p, PARTY_STEM, stem) == 0)
		return (struct sy_str){party.p + stem, GLN_DIGITS};
	return (struct sy_str){"", 0};
}

struct sy_str value_document(struct sy_arena *arena, struct sy_str text, struct sy_str issuer,
			     const char *kind)
{
	struct sy_str number = value_narrow(arena, text), out = {"", 0};
	struct sy_buf b = {0};
	struct sy_code code;

	if (number.n > GLN_DIGITS + 1 && number.p[GLN_DIGITS] == ':' &&
	    sy_gln_parse((struct sy_str){number.p, GLN_DIGITS}) == SY_OK) {
		issuer = (struct sy_str){number.p, GLN_DIGITS};
		number.p += GLN_DIGITS + 1;
		number.n -= GLN_DIGITS + 1;
	} else if (memchr(text.p, ':', text.n) != NULL) {
		return sy_code_parse(arena, text, &code, NULL, SY_NO_RECORD, "") == SY_OK ? text
											  : out;
	}
	if (issuer.n > 0)
		sy_buf_printf(&b, "urn:epcglobal:cbv:bt:%.*s:", (int)issuer.n, issuer.p);
	else
		sy_buf_printf(&b, "urn:suyuan:bt:%s:", kind);
	http_escape(&b, number);
	if (!b.failed && number.n > 0)
		out = sy_str(sy_arena_strdup(arena, sy_buf_span(&b)));
	sy_buf_free(&b);
	return out;
}
