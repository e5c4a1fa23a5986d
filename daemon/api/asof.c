#include "api/asof.h"

#include <suyuan/entry.h>
#include <suyuan/time.h>

static bool refuse(struct http_exchange *x, int err, const char *detail)
{
	http_problem_err(x, err, detail);
	return false;
}

static int entry_at(struct snapshot *s, uint64_t index, struct sy_entry *out)
{
	const uint8_t *bytes;
	int err = ledger_entry(&s->truth, index, &bytes);
	return err ? err : sy_entry_decode(bytes, out, NULL);
}

static bool of_entry(struct http_exchange *x, struct snapshot *s, uint64_t index, uint64_t *before)
{
	struct sy_entry e;
	if (index >= s->truth.entries)
		return refuse(x, SY_ENOTFOUND, "no such entry yet");
	if (index > s->index.position)
		return refuse(x, SY_EBUSY, "the index doesn't hold what is before it yet");
	int err = entry_at(s, index, &e);
	if (err)
		return refuse(x, err, NULL);
	*before = e.first;
	return true;
}

static bool of_record(struct http_exchange *x, struct snapshot *s, uint64_t number,
		      uint64_t *before)
{
	uint64_t entry;
	uint32_t position;
	if (number >= s->truth.records)
		return refuse(x, SY_ENOTFOUND, "no such record yet");
	int err = ledger_record_entry(&s->truth, number, &entry, &position);
	return err ? refuse(x, err, NULL) : of_entry(x, s, entry, before);
}

/* The first entry that is later; entries' times don't fall. */
static bool of_time(struct http_exchange *x, struct snapshot *s, struct sy_str text,
		    uint64_t *before)
{
	uint64_t low = 0, high = s->index.position;
	struct sy_entry e;
	int64_t ms;
	if (sy_time_parse(text, &ms) != SY_OK) {
		http_problem(x, 400, "malformed",
			     "time isn't one, expected as 2026-11-01T08:00:00+08:00", NULL);
		return false;
	}
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;
		int err = entry_at(s, mid, &e);
		if (err)
			return refuse(x, err, NULL);
		if (ms < 0 || e.time > (uint64_t)ms)
			high = mid;
		else
			low = mid + 1;
	}
	return low == s->index.position || of_entry(x, s, low, before);
}

bool asof_read(struct http_exchange *x, struct snapshot *s, uint64_t *before)
{
	uint64_t record, entry;
	struct sy_str time;
	*before = UINT64_MAX;
	if (!answer_number(x, "record", UINT64_MAX, 0, UINT64_MAX - 1, &record) ||
	    !answer_number(x, "entry", UINT64_MAX, 0, UINT64_MAX - 1, &entry) ||
	    !answer_text(x, "time", &time))
		return false;
	if ((record != UINT64_MAX) + (entry != UINT64_MAX) + (time.n > 0) > 1) {
		http_problem(x, 400, "malformed", "expected one of record, entry and time", NULL);
		return false;
	}
	if (record != UINT64_MAX)
		return of_record(x, s, record, before);
	if (entry != UINT64_MAX)
		return of_entry(x, s, entry, before);
	return time.n == 0 || of_time(x, s, time, before);
}
