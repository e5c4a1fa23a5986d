/*
 * Times and dates: milliseconds since 1970-01-01 UTC, RFC 3339 in our answers, RFC 3339 with any
 * offset and up to nanoseconds in events, dates in the spellings that producers use.
 */
#ifndef SUYUAN_TIME_H
#define SUYUAN_TIME_H

#include "bytes.h"

#define SY_TIME_TEXT 32

void sy_time_format(uint64_t ms, char out[SY_TIME_TEXT]); /* 2026-11-24T03:37:51.000Z */
/* RFC 3339 date-time with a zone; fractions past ms are cut.  Years 1970 to 9999, in UTC.
 * SY_EINVAL for the form, SY_ERANGE for a day or an hour that doesn't exist. */
int sy_time_parse(struct sy_str text, int64_t *ms);
uint64_t sy_time_now(void); /* CLOCK_REALTIME, ms */

/* A calendar day as days since 1970-01-01, of the years 1 to 9999; errors as above. */
int sy_date_parse(struct sy_str text, int32_t *day); /* 2026-11-01 only */
/* As a person writes it, year first: 2026-11-01, 20261101, 2026/11/1, 2026.11.1, 2026年11月1日,
 * 2026年11月1号; with spaces around the parts. */
int sy_date_read(struct sy_str text, int32_t *day);
void sy_date_format(int32_t day, char out[12]); /* a day outside these years as the nearest in */
/* The last ms of a key whose last day that is: days end at 24:00 +08:00.  Errors as above. */
int sy_until_parse(struct sy_str date, uint64_t *ms);
/* A moment as RFC 3339 or as a day, of which it is the first ms, or the last for END. */
int sy_moment_parse(struct sy_str text, bool end, int64_t *ms);
/* Months later, on the same day of the month or the last that there is. */
int32_t sy_date_add_months(int32_t day, unsigned n);
int32_t sy_date_of(uint64_t ms, int offset_minutes); /* the day there was, that far east of UTC */

#endif
