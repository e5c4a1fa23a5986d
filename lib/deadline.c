#include <suyuan/deadline.h>
#include <suyuan/error.h>
#include <suyuan/time.h>

enum { CHINA_MINUTES = 480, MOST = 1000 };
#define HOUR_MS UINT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define CHINA_MS (8 * HOUR_MS)

/* --- the text -------------------------------------------------------------------------------- */

static const struct {
	const char *one, *many;
	enum sy_deadline_unit unit;
} units[] = {{"hour", "hours", SY_HOURS},
	     {"day", "days", SY_DAYS},
	     {"working day", "working days", SY_WORKING_DAYS},
	     {"month", "months", SY_MONTHS}};

static const struct {
	const char *name;
	enum sy_deadline_clock clock;
} clocks[] = {{"known", SY_CLOCK_KNOWN},
	      {"opened", SY_CLOCK_OPENED},
	      {"notice", SY_CLOCK_NOTICE},
	      {"complete", SY_CLOCK_COMPLETE}};

static bool take(struct sy_str *s, const char *text)
{
	size_t n = strlen(text);
	if (s->n < n || memcmp(s->p, text, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

/* "10 working days": the number, then the unit, which ends at END or at the text's end. */
static bool take_amount(struct sy_str *s, const char *end, struct sy_deadline *out)
{
	size_t digits = 0;
	uint64_t n;
	while (digits < s->n && s->p[digits] >= '0' && s->p[digits] <= '9')
		digits++;
	if (sy_str_u64((struct sy_str){s->p, digits}, &n) != SY_OK || n < 1 || n > MOST)
		return false;
	out->n = (unsigned)n;
	struct sy_str rest = {s->p + digits, s->n - digits};
	if (!take(&rest, " "))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		struct sy_str left = rest;
		if (!take(&left, units[i].many) && !take(&left, units[i].one))
			continue;
		if (*end ? !take(&left, end) : left.n > 0)
			continue;
		out->unit = units[i].unit;
		*s = left;
		return true;
	}
	return false;
}

int sy_deadline_parse(struct sy_str text, struct sy_deadline *out)
{
	*out = (struct sy_deadline){.clock = SY_CLOCK_OPENED};
	if (take(&text, "every ")) {
		out->every = true;
		return take_amount(&text, "", out) ? SY_OK : SY_EINVAL;
	}
	if (!take_amount(&text, " after ", out))
		return SY_EINVAL;
	for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++)
		if (sy_str_is(text, clocks[i].name)) {
			out->clock = clocks[i].clock;
			return SY_OK;
		}
	return SY_EINVAL;
}

/* --- the calendar ---------------------------------------------------------------------------- */

static int read_runs(struct sy_arena *arena, const struct sy_json_doc *doc, const char *name,
		     bool worked, struct sy_calendar *out)
{
	const struct sy_json *list = sy_json_get(doc, sy_json_root(doc), name), *v;
	struct sy_day_run run = {.worked = worked};
	struct sy_str text;
	uint64_t n;

	sy_json_each (doc, list, v) {
		int err = sy_json_key(doc, v, arena, &text);
		if (err)
			return err;
		if (sy_date_parse(text, &run.first) == SY_OK && sy_json_u64(doc, v, &n) == SY_OK &&
		    n >= 1 && n <= MOST) {
			run.n = (int32_t)n;
			out->v[out->n++] = run;
		}
	}
	return SY_OK;
}

/* The first or last day of a year that a member names. */
static bool read_year(const struct sy_json_doc *doc, const char *name, const char *day,
		      int32_t *out)
{
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), name);
	char text[12];
	if (!v || v->type != SY_JSON_STRING || v->len != 4)
		return false;
	memcpy(text, doc->text + v->off, 4);
	memcpy(text + 4, day, 7);
	return sy_date_parse(sy_str(text), out) == SY_OK;
}

int sy_calendar_read(struct sy_arena *arena, const struct sy_json_doc *doc, struct sy_calendar *out)
{
	const struct sy_json *root = sy_json_root(doc);
	const struct sy_json *free_days = sy_json_get(doc, root, "holidays"),
			     *worked = sy_json_get(doc, root, "workdays");
	size_t most = (free_days ? free_days->count : 0) + (worked ? worked->count : 0);
	int err;

	*out = (struct sy_calendar){.first = 1, .last = 0};
	if ((out->v = sy_arena_calloc(arena, most, sizeof *out->v)) == NULL)
		return SY_ENOMEM;
	if (!read_year(doc, "from", "-01-01", &out->first) ||
	    !read_year(doc, "to", "-12-31", &out->last)) {
		out->first = 1;
		out->last = 0;
	}
	if ((err = read_runs(arena, doc, "workdays", true, out)))
		return err;
	return read_runs(arena, doc, "holidays", false, out);
}

bool sy_calendar_works(const struct sy_calendar *c, int32_t day)
{
	const int32_t week = 7, thursday = 3; /* 1970-01-01 was one; weeks begin on Monday */
	int32_t of_week = ((day + thursday) % week + week) % week;
	for (size_t i = 0; i < c->n; i++)
		if (day >= c->v[i].first && day < c->v[i].first + c->v[i].n)
			return c->v[i].worked;
	return of_week < 5;
}

/* --- the end --------------------------------------------------------------------------------- */

static int32_t add_working_days(const struct sy_calendar *c, int32_t day, unsigned n, bool *sure)
{
	while (n > 0) {
		day++;
		if (day < c->first || day > c->last)
			*sure = false;
		if (sy_calendar_works(c, day))
			n--;
	}
	return day;
}

uint64_t sy_deadline_end(const struct sy_deadline *d, const struct sy_calendar *c, uint64_t start,
			 bool *sure)
{
	int32_t day = sy_date_of(start, CHINA_MINUTES);
	switch (d->unit) {
	case SY_HOURS:
		return start + d->n * HOUR_MS;
	case SY_DAYS:
		day += (int32_t)d->n;
		break;
	case SY_WORKING_DAYS:
		day = add_working_days(c, day, d->n, sure);
		break;
	case SY_MONTHS:
		day = sy_date_add_months(day, d->n);
		break;
	}
	return (uint64_t)(day + 1) * DAY_MS - CHINA_MS - 1;
}
