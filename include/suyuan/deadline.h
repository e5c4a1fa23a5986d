/*
 * Deadlines as the rules of a recall give them, and the calendar of working days.
 *
 * Both are data (conf/recalls): a deadline is a text as "10 working days after notice" or "every 3
 * days"; a calendar is a Rules record of kind "holidays".  Days end at 24:00 +08:00.  Deadlines in
 * hours count from the moment on; others end with a day: that of the start isn't counted.
 */
#ifndef SUYUAN_DEADLINE_H
#define SUYUAN_DEADLINE_H

#include "json.h"

enum sy_deadline_unit { SY_HOURS, SY_DAYS, SY_WORKING_DAYS, SY_MONTHS };
enum sy_deadline_clock { SY_CLOCK_KNOWN, SY_CLOCK_OPENED, SY_CLOCK_NOTICE, SY_CLOCK_COMPLETE };

struct sy_deadline {
	unsigned n; /* 1 to 1000 */
	enum sy_deadline_unit unit;
	enum sy_deadline_clock clock;
	bool every; /* again and again, from the clock on, which is "opened" then */
};

/* SY_EINVAL for a text that is none. */
int sy_deadline_parse(struct sy_str text, struct sy_deadline *out);

/* Days with a meaning of their own; others are worked from Monday to Friday. */
struct sy_day_run {
	int32_t first, n;
	bool worked;
};
struct sy_calendar {
	int32_t first, last; /* days that it was made for; FIRST past LAST for none */
	struct sy_day_run *v;
	size_t n;
};

/* Reads a Rules record of kind "holidays"; the runs live in the arena.  What isn't legible is left
 * out: admission has judged it. */
int sy_calendar_read(struct sy_arena *arena, const struct sy_json_doc *doc,
		     struct sy_calendar *out);
bool sy_calendar_works(const struct sy_calendar *c, int32_t day);

/* The last ms of a deadline that begins to run at START.  *SURE becomes false when working days
 * were counted past the calendar's. */
uint64_t sy_deadline_end(const struct sy_deadline *d, const struct sy_calendar *c, uint64_t start,
			 bool *sure);

#endif
