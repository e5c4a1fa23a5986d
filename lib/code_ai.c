/* A value checked against its row of the table of application identifiers. */
#include "code_impl.h"

static unsigned set_of(char type)
{
	return type == 'N' ? SET_DIGITS : type == 'X' ? SET_82 : type == 'Y' ? SET_39 : SET_64;
}

static struct words type_words(char type)
{
	switch (type) {
	case 'N':
		return (struct words){"a digit", "数字"};
	case 'X':
		return (struct words){"a letter, a digit or one of !\"%&'()*+,-./:;<=>?_",
				      "字母、数字或 !\"%&'()*+,-./:;<=>?_ 之一"};
	case 'Y':
		return (struct words){"a capital letter, a digit or one of #-/",
				      "大写字母、数字或 #-/ 之一"};
	default:
		return (struct words){"a character of base64url", "base64url 字符"};
	}
}

static void length_range(const struct ai *row, size_t *min, size_t *max)
{
	*min = *max = 0;
	for (size_t i = 0; i < PARTS_MAX && row->parts[i].max > 0; i++) {
		const struct ai_part *part = &row->parts[i];
		*max += part->max;
		*min += part->flags & PART_OPTIONAL ? 0 : part->flags & PART_UPTO ? 1 : part->max;
	}
}

size_t sy_ai_fixed(const struct ai *row)
{
	size_t min, max = 0;
	if (row->flags & AI_FIXED)
		length_range(row, &min, &max);
	return max;
}

/* Offset of the first character that isn't of its component's type; VALUE.n if all are. */
static size_t bad_char(const struct ai *row, struct sy_str value, char *type)
{
	size_t at = 0;
	for (size_t i = 0; i < PARTS_MAX && row->parts[i].max > 0; i++) {
		unsigned set = set_of(*type = row->parts[i].type);
		size_t left = value.n - at;
		size_t end = at + (row->parts[i].max < left ? row->parts[i].max : left);
		for (; at < end; at++)
			if (!(sy_char_sets[(unsigned char)value.p[at]] & set))
				return at;
	}
	return value.n;
}

static bool length_fits(const struct ai *row, size_t n)
{
	for (size_t i = 0; i < PARTS_MAX && row->parts[i].max > 0; i++) {
		const struct ai_part *part = &row->parts[i];
		if (n == 0)
			return part->flags & PART_OPTIONAL;
		if (n < part->max && !(part->flags & PART_UPTO))
			return false;
		n -= n < part->max ? n : part->max;
	}
	return n == 0;
}

static bool gtin_length(size_t n)
{
	return n == 8 || n == 12 || n == 13;
}

bool sy_ai_plausible(struct ai_code ai, struct sy_str value)
{
	char type;
	if (ai.number == AI_GTIN && gtin_length(value.n))
		return sy_text_digits(value);
	return length_fits(ai.row, value.n) && bad_char(ai.row, value, &type) == value.n;
}

static void put_digits(char *out, unsigned v, size_t n, char after)
{
	out[n] = after;
	for (; n > 0; v /= 10)
		out[--n] = (char)('0' + v % 10);
}

/* GS1 slides its window with the year; a code must mean the same in every year, so the window
 * stands where it stood in 2026: 77 to 99 are 1977 to 1999. */
bool sy_ai_date(struct sy_str yymmdd, bool day_zero, char out[11])
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned v[3];
	for (int i = 0; i < 3; i++)
		v[i] =
		    (unsigned)(yymmdd.p[2 * i] - '0') * 10 + (unsigned)(yymmdd.p[2 * i + 1] - '0');
	unsigned year = v[0] >= 77 ? 1900 + v[0] : 2000 + v[0], month = v[1], day = v[2];
	if (month < 1 || month > 12 || (day == 0 && !day_zero))
		return false;
	unsigned last = days[month - 1] + (month == 2 && year % 4 == 0);
	if (day > last)
		return false;
	put_digits(out, year, 4, '-');
	put_digits(out + 5, month, 2, '-');
	put_digits(out + 8, day ? day : last, 2, '\0');
	return true;
}

/* --- faults of a value ------------------------------------------------------------------------ */

static void fault_of_length(struct code_reader *r, const char *name, const struct ai *row, size_t n)
{
	size_t min, max;
	length_range(row, &min, &max);
	if (min == max)
		sy_code_fault(r, SY_EINVAL, sy_spot_value(r, 0, n),
			      "%s has %zu characters, expected %zu", "%s有%zu个字符，应为%zu个",
			      name, n, max);
	else
		sy_code_fault(r, SY_EINVAL, sy_spot_value(r, 0, n),
			      "%s has %zu characters, expected %zu to %zu",
			      "%s有%zu个字符，应为%zu至%zu个", name, n, min, max);
}

static void fault_of_sum(struct code_reader *r, const char *name, struct sy_str part, size_t at,
			 const struct misfit *why)
{
	at += why->at - r->padded;
	sy_code_fault(r, SY_ECHECK, sy_spot_value(r, at, why->n),
		      "%s check %s is %.*s, expected %s, character %zu",
		      "%s%s为%.*s，应为%s，第%zu位", name,
		      r->chinese ? "校验码" : (why->n == 1 ? "digit" : "pair"), (int)why->n,
		      part.p + why->at, why->more, at + 1);
}

/* AT is where the component stands in the value. */
static void fault_of_check(struct code_reader *r, const char *name, enum ai_check check,
			   struct sy_str part, size_t at, const struct misfit *why)
{
	struct words w = sy_check_words(check);
	struct spot spot = sy_spot_value(r, at + why->at - r->padded, why->n);
	const char *expected = r->chinese ? w.chinese : w.english;
	size_t first = at + why->at - r->padded + 1;
	if (why->n <= 1)
		sy_code_fault(r, SY_EINVAL, spot, "%s character %zu is %.*s, expected %s%s",
			      "%s第%zu位为%.*s，应为%s%s", name, first, (int)why->n,
			      part.p + why->at, expected, why->more);
	else
		sy_code_fault(r, SY_EINVAL, spot,
			      "%s characters %zu to %zu are %.*s, expected %s%s",
			      "%s第%zu至%zu位为%.*s，应为%s%s", name, first, first + why->n - 1,
			      (int)why->n, part.p + why->at, expected, why->more);
}

static void check_part(struct code_reader *r, struct ai_code ai, const struct ai_part *part,
		       struct sy_str text, size_t at)
{
	struct misfit why;
	char name[8];
	for (size_t i = 0; i < sizeof part->checks && part->checks[i] != NO_CHECK; i++) {
		enum ai_check check = (enum ai_check)part->checks[i];
		if (sy_check_holds(check, text, &why) ||
		    (sy_check_is_rule(check) && !sy_code_rules(r)))
			continue;
		sy_ai_name(ai, name);
		if (sy_check_is_sum(check))
			fault_of_sum(r, name, text, at, &why);
		else
			fault_of_check(r, name, check, text, at, &why);
	}
}

static void check_parts(struct code_reader *r, struct ai_code ai, struct sy_str value)
{
	size_t at = 0;
	for (size_t i = 0; i < PARTS_MAX && at < value.n; i++) {
		const struct ai_part *part = &ai.row->parts[i];
		size_t n = value.n - at < part->max ? value.n - at : part->max;
		if (part->checks[0] != NO_CHECK)
			check_part(r, ai, part, (struct sy_str){value.p + at, n}, at);
		at += n;
	}
}

static bool check_value(struct code_reader *r, struct ai_code ai, struct sy_str value)
{
	char name[8], shown[16], type = 'X';
	size_t before = r->n_faults, bad = bad_char(ai.row, value, &type);
	bool fits = length_fits(ai.row, value.n);
	if (bad < value.n) {
		struct words w = type_words(type);
		sy_ai_name(ai, name);
		sy_code_fault(r, SY_EINVAL, sy_spot_value(r, bad - r->padded, 1),
			      "%s character %zu is %s, expected %s", "%s第%zu位为%s，应为%s", name,
			      bad - r->padded + 1, sy_code_show(value, bad, shown),
			      r->chinese ? w.chinese : w.english);
	}
	if (!fits) {
		sy_ai_name(ai, name);
		fault_of_length(r, name, ai.row, value.n);
	}
	if (bad < value.n || !fits)
		return false;
	if (ai.number == AI_GTIN && sy_text_zeros(value)) {
		sy_code_fault(r, SY_EINVAL, sy_spot_value(r, 0, value.n),
			      "%s is all zeros, expected a GTIN", "%s全为零，应为GTIN", "(01)");
		return false;
	}
	check_parts(r, ai, value);
	return r->n_faults == before;
}

/* --- elements --------------------------------------------------------------------------------- */

const struct element *sy_ai_find(const struct code_reader *r, unsigned number)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->elements[i].ai.number == number)
			return &r->elements[i];
	return NULL;
}

/* People and links write (01) with 8, 12 or 13 digits too. */
static struct sy_str padded_gtin(struct code_reader *r, struct sy_str value)
{
	char *p = sy_code_room(r, 14);
	if (p == NULL)
		return value;
	memset(p, '0', 14 - value.n);
	memcpy(p + 14 - value.n, value.p, value.n);
	return (struct sy_str){p, 14};
}

void sy_ai_take(struct code_reader *r, struct ai_code ai, struct sy_str value)
{
	char name[8];
	const struct element *same = sy_ai_find(r, ai.number);
	r->padded = 0;
	if (ai.number == AI_GTIN && gtin_length(value.n)) {
		r->padded = 14 - value.n;
		value = padded_gtin(r, value);
	}
	bool fine = check_value(r, ai, value);
	if (same != NULL && fine && !same->bad && !sy_str_eq(same->value, value)) {
		sy_ai_name(ai, name);
		sy_code_fault(r, SY_EINVAL, sy_spot_value(r, 0, value.n),
			      "%s stands twice with different values", "%s出现两次且值不同", name);
	} else if (same == NULL && r->n == ELEMENTS_MAX) {
		sy_code_fault(r, SY_EINVAL, sy_spot_value(r, 0, value.n),
			      "more than %d application identifiers", "应用标识符多于%d个",
			      ELEMENTS_MAX);
	} else if (same == NULL) {
		r->elements[r->n++] = (struct element){ai, value, sy_spot(r->value.text), !fine};
	}
}
