#include <suyuan/error.h>
#include <suyuan/time.h>

#include <stdio.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)

/*
 * The proleptic Gregorian calendar in years that begin on 1 March, so that the leap day is a
 * year's last; 400 of them are 146097 days.
 */
static int64_t day_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct civil {
	int64_t year;
	unsigned month, day;
};

static struct civil civil_of(int64_t day)
{
	int64_t z = day + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = (unsigned)(of_era - (365 * y + y / 4 - y / 100));
	unsigned m = (5 * of_year + 2) / 153;
	struct civil c = {.day = of_year - (153 * m + 2) / 5 + 1};
	c.month = m < 10 ? m + 3 : m - 9;
	c.year = y + era * 400 + (c.month <= 2);
	return c;
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month - 1] + (month == 2 && is_leap(year));
}

static int make_day(unsigned year, unsigned month, unsigned day, int32_t *out)
{
	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > month_days(year, month))
		return SY_ERANGE;
	*out = (int32_t)day_of(year, month, day);
	return SY_OK;
}

/* Between MIN and MAX digits. */
static bool take_number(struct sy_str *s, unsigned min, unsigned max, unsigned *out)
{
	unsigned n = 0;
	*out = 0;
	for (; n < max && s->n > 0 && *s->p >= '0' && *s->p <= '9'; n++, s->p++, s->n--)
		*out = *out * 10 + (unsigned)(*s->p - '0');
	return n >= min;
}

static bool take_text(struct sy_str *s, const char *text)
{
	size_t n = strlen(text);
	if (s->n < n || memcmp(s->p, text, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

static bool take_date(struct sy_str *s, unsigned *y, unsigned *m, unsigned *d)
{
	return take_number(s, 4, 4, y) && take_text(s, "-") && take_number(s, 2, 2, m) &&
	       take_text(s, "-") && take_number(s, 2, 2, d);
}

int sy_date_parse(struct sy_str text, int32_t *day)
{
	unsigned y, m, d;
	if (!take_date(&text, &y, &m, &d) || text.n > 0)
		return SY_EINVAL;
	return make_day(y, m, d, day);
}

static void skip_spaces(struct sy_str *s)
{
	while (take_text(s, " ") || take_text(s, "\t") || take_text(s, "\xE3\x80\x80"))
		;
}

static bool take_part(struct sy_str *s, unsigned min, unsigned max, const char *after,
		      unsigned *out)
{
	if (!take_number(s, min, max, out))
		return false;
	skip_spaces(s);
	if (!take_text(s, after))
		return false;
	skip_spaces(s);
	return true;
}

int sy_date_read(struct sy_str text, int32_t *day)
{
	static const struct {
		const char *year, *month, *day; /* what stands after each */
		unsigned min;                   /* digits of month and day */
	} spellings[] = {
	    {"-", "-", "", 1}, {"/", "/", "", 1},     {".", ".", "", 1},
	    {"", "", "", 2},   {"年", "月", "日", 1}, {"年", "月", "号", 1},
	};
	skip_spaces(&text);
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		struct sy_str s = text;
		unsigned y, m, d, min = spellings[i].min;
		if (take_part(&s, 4, 4, spellings[i].year, &y) &&
		    take_part(&s, min, 2, spellings[i].month, &m) &&
		    take_part(&s, min, 2, spellings[i].day, &d) && s.n == 0)
			return make_day(y, m, d, day);
	}
	return SY_EINVAL;
}

/* N decimal digits of V; where they end.  printf costs ten times as much, in every answer. */
static char *put_digits(char *p, unsigned v, unsigned n)
{
	for (unsigned i = n; i > 0; i--, v /= 10)
		p[i - 1] = (char)('0' + v % 10);
	return p + n;
}

static char *put_day(char *p, struct civil c)
{
	unsigned n = 4;
	for (int64_t y = c.year; y > 9999; y /= 10)
		n++;
	p = put_digits(p, (unsigned)c.year, n);
	*p++ = '-';
	p = put_digits(p, c.month, 2);
	*p++ = '-';
	return put_digits(p, c.day, 2);
}

void sy_date_format(int32_t day, char out[12])
{
	int32_t min = (int32_t)day_of(1, 1, 1), max = (int32_t)day_of(9999, 12, 31);
	struct civil c = civil_of(day < min ? min : day > max ? max : day);
	put_day(out, c)[0] = '\0';
}

int32_t sy_date_of(uint64_t ms, int offset_minutes)
{
	int64_t t = (int64_t)ms + (int64_t)offset_minutes * 60000;
	return (int32_t)((t >= 0 ? t : t - (DAY_MS - 1)) / DAY_MS);
}

int sy_until_parse(struct sy_str date, uint64_t *ms)
{
	const int64_t china = 8 * INT64_C(3600000);
	int32_t day;
	int err = sy_date_parse(date, &day);

	if (err)
		return err;
	int64_t end = ((int64_t)day + 1) * DAY_MS - china;
	*ms = end > 0 ? (uint64_t)end - 1 : 0;
	return SY_OK;
}

int sy_moment_parse(struct sy_str text, bool end, int64_t *ms)
{
	const int64_t china = 8 * INT64_C(3600000);
	int32_t day;
	if (sy_date_parse(text, &day))
		return sy_time_parse(text, ms);
	*ms = ((int64_t)day + end) * DAY_MS - china - end;
	return SY_OK;
}

int32_t sy_date_add_months(int32_t day, unsigned n)
{
	struct civil c = civil_of(day);
	unsigned month = c.month - 1 + n % 12;
	int64_t year = c.year + n / 12 + month / 12;
	month = month % 12 + 1;
	unsigned last = month_days((unsigned)year, month);
	return (int32_t)day_of(year, month, c.day < last ? c.day : last);
}

void sy_time_format(uint64_t ms, char out[SY_TIME_TEXT])
{
	struct civil c = civil_of((int64_t)(ms / (uint64_t)DAY_MS));
	unsigned t = (unsigned)(ms % (uint64_t)DAY_MS);
	char *p = put_day(out, c);
	*p++ = 'T';
	p = put_digits(p, t / 3600000, 2);
	*p++ = ':';
	p = put_digits(p, t / 60000 % 60, 2);
	*p++ = ':';
	p = put_digits(p, t / 1000 % 60, 2);
	*p++ = '.';
	p = put_digits(p, t % 1000, 3);
	memcpy(p, "Z", 2);
}

static bool take_fraction(struct sy_str *s, unsigned *ms)
{
	unsigned rest;
	*ms = 0;
	if (!take_text(s, "."))
		return true;
	size_t before = s->n;
	if (!take_number(s, 1, 3, ms))
		return false;
	for (size_t n = before - s->n; n < 3; n++)
		*ms *= 10;
	return take_number(s, 0, 6, &rest);
}

/* Z or +08:00, in minutes east. */
static bool take_zone(struct sy_str *s, int *minutes)
{
	unsigned h, m;
	*minutes = 0;
	if (take_text(s, "Z") || take_text(s, "z"))
		return true;
	int sign = take_text(s, "+") ? 1 : take_text(s, "-") ? -1 : 0;
	if (sign == 0 || !take_number(s, 2, 2, &h) || !take_text(s, ":") ||
	    !take_number(s, 2, 2, &m) || h > 23 || m > 59)
		return false;
	*minutes = sign * (int)(h * 60 + m);
	return true;
}

/* A second 60 stands only where UTC may have one: at the end of a month. */
static bool may_leap(int64_t before)
{
	struct civil next = civil_of((before + 1000) / DAY_MS);
	return (before + 1000) % DAY_MS == 0 && next.day == 1;
}

int sy_time_parse(struct sy_str text, int64_t *ms)
{
	unsigned year, month, day, h, m, s, fraction;
	int zone;
	int32_t date;
	if (!take_date(&text, &year, &month, &day) ||
	    !(take_text(&text, "T") || take_text(&text, "t")) || !take_number(&text, 2, 2, &h) ||
	    !take_text(&text, ":") || !take_number(&text, 2, 2, &m) || !take_text(&text, ":") ||
	    !take_number(&text, 2, 2, &s) || !take_fraction(&text, &fraction) ||
	    !take_zone(&text, &zone) || text.n > 0)
		return SY_EINVAL;
	int err = make_day(year, month, day, &date);
	if (err)
		return err;
	if (h > 23 || m > 59 || s > 60)
		return SY_ERANGE;
	int64_t t = date * DAY_MS + ((int64_t)h * 60 + m - zone) * 60000;
	if (s == 60 && (t < 0 || !may_leap(t + 59000)))
		return SY_ERANGE;
	t += (int64_t)s * 1000 + fraction;
	if (t < 0 || t >= (day_of(9999, 12, 31) + 1) * DAY_MS)
		return SY_ERANGE;
	*ms = t;
	return SY_OK;
}

uint64_t sy_time_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
