/* Fields of a batch beside each other: dates in their order, a result, a region of some province.
 */
#include "admit/fields.h"

#include <suyuan/codeinfo.h>

enum { LOT_CHARS = 20 };

struct agreeing {
	struct check *c;
	const struct sy_json_doc *doc;
	const struct sy_event *e;
	int status; /* of what can't be */
};

const char *pointer_below(struct check *c, const struct sy_json_doc *doc, const struct sy_json *v,
			  const char *below)
{
	const char *at = sy_json_pointer(doc, v, c->scratch);
	const char *pointer = at ? sy_arena_printf(c->scratch, "%s%s", at, below) : NULL;
	if (!pointer)
		c->err = c->err ? c->err : SY_ENOMEM;
	return pointer;
}

#define say(x, status, v, below, field, ...)                                              \
	do {                                                                              \
		const char *at_ = pointer_below((x)->c, (x)->doc, (v), (below));          \
		if (at_)                                                                  \
			fault_of((x)->c, (status), at_, fields[field].name, __VA_ARGS__); \
	} while (0)

/* The value of a master datum of the batch, or NULL. */
static const struct sy_json *master_of(const struct agreeing *x, enum sy_event_space space,
				       const char *name)
{
	for (size_t i = 0; i < x->e->n_master; i++)
		if (x->e->master[i].space == space && sy_str_is(x->e->master[i].name, name))
			return x->e->master[i].value;
	return NULL;
}

static struct sy_str text(const struct agreeing *x, const struct sy_json *v)
{
	struct sy_str s;
	return v && sy_json_string(x->doc, v, x->c->scratch, &s) == SY_OK ? s : NO_MORE;
}

/* That it isn't before the production date, the event's reader judges. */
static void expiry(const struct agreeing *x, const char *name, int32_t day)
{
	char is[12], harvest[12];
	if (day == SY_NO_DAY || x->e->harvested == SY_NO_DAY || day >= x->e->harvested)
		return;
	sy_date_format(day, is);
	sy_date_format(x->e->harvested, harvest);
	say(x, x->status, master_of(x, SY_SPACE_MDA, name), "", EXPIRES,
	    "is %s, before the harvest or slaughter of %s", "为 %s，早于采收或屠宰日期 %s", is,
	    harvest);
}

/* Of a lot in the code itself the code's reader judges it. */
static void lot(const struct agreeing *x)
{
	size_t chars = 0;
	for (size_t i = 0; i < x->e->lot.n; i++)
		chars += ((unsigned char)x->e->lot.p[i] & 0xc0) != 0x80;
	if (chars > LOT_CHARS)
		say(x, x->status, master_of(x, SY_SPACE_MDA, "lotNumber"), "", LOT,
		    "has %zu characters: expected at most %d", "有 %zu 个字符：应不超过 %d 个",
		    chars, LOT_CHARS);
}

/* The event's day, wherever on Earth it is latest. */
enum { LATEST_MINUTES = 14 * 60 };

static void production(const struct agreeing *x)
{
	char is[12], event[12];
	int32_t day = x->e->time > 0 ? sy_date_of((uint64_t)x->e->time, LATEST_MINUTES) : 0;
	if (x->e->made == SY_NO_DAY || x->e->made <= day)
		return;
	sy_date_format(x->e->made, is);
	sy_date_format(day, event);
	say(x, 0, master_of(x, SY_SPACE_SUYUAN, "productionDate"), "", MADE,
	    "is %s, after the event's own time of %s", "为 %s，晚于事件时间 %s", is, event);
}

/* A residue is the longer gone the earlier the input was stopped; what is used behind the harvest,
 * as a preservative, is legal, and seldom meant. */
static void stops(const struct agreeing *x)
{
	const struct sy_json *input;
	char harvest[12];
	int32_t day;
	if (x->e->harvested == SY_NO_DAY)
		return;
	sy_json_each (x->doc, master_of(x, SY_SPACE_SUYUAN, "inputs"), input) {
		struct sy_str stop = text(x, sy_json_get(x->doc, input, "stopDate"));
		if (sy_date_parse(stop, &day) != SY_OK || day <= x->e->harvested)
			continue;
		sy_date_format(x->e->harvested, harvest);
		say(x, 0, input, "/stopDate", INPUTS,
		    "the input was used until %.*s, after the harvest of %s",
		    "投入品用至 %.*s，晚于采收日期 %s", TEXT(stop), harvest);
	}
}

/* A region that no province's digits begin is told: the list may be older than the code. */
static void origin(const struct agreeing *x)
{
	struct sy_code_reading readings[SY_CODE_READINGS_MAX];
	const struct sy_json *v = master_of(x, SY_SPACE_SUYUAN, "origin");
	struct sy_str said = text(x, v);
	size_t n = said.n == 6 ? sy_code_readings(said, readings) : 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(readings[i].name, "region") == 0 && !readings[i].holds)
			say(x, 0, v, "", ORIGIN, "%.*s is in no province that is known here",
			    "%.*s 不属于已知的省级行政区", TEXT(said));
}

static void inspection(const struct agreeing *x)
{
	const struct sy_json *result = sy_json_get(x->doc, x->e->inspection, "result");
	const struct sy_json *date = sy_json_get(x->doc, x->e->inspection, "date");
	char is[12], made[12];
	int32_t day;
	if (result && sy_json_is(x->doc, result, "fail"))
		say(x, 0, result, "", INSPECTION,
		    "the release inspection failed: expected pass of what is to be sold",
		    "出厂检验不合格：待售产品的结果应为 pass");
	if (x->e->made == SY_NO_DAY || sy_date_parse(text(x, date), &day) != SY_OK ||
	    day >= x->e->made)
		return;
	sy_date_format(day, is);
	sy_date_format(x->e->made, made);
	say(x, 0, date, "", INSPECTION,
	    "the release inspection of %s is before the production of %s",
	    "出厂检验日期 %s 早于生产日期 %s", is, made);
}

void fields_agree(struct check *c, const struct sy_json_doc *doc, const struct sy_event *e,
		  int status)
{
	const struct agreeing x = {c, doc, e, status};
	lot(&x);
	expiry(&x, "itemExpirationDate", e->expires);
	expiry(&x, "bestBeforeDate", e->best_before);
	production(&x);
	stops(&x);
	origin(&x);
	inspection(&x);
}
