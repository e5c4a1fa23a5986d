/*
 * Rules of recalls and of working days: what a Rules record of kind "recall" or "holidays" may say
 * (conf/recalls; the form of their texts in suyuan/deadline.h).
 */
#include "admit/rules.h"

#include <suyuan/deadline.h>

static struct sy_str key_of(const struct sy_json_doc *doc, const struct sy_json *m)
{
	return (struct sy_str){doc->text + m->key_off, m->key_len};
}

int recall_level(const struct sy_json_doc *rules, struct sy_str level)
{
	const struct sy_json *v;
	int place = 0;
	sy_json_each (rules, sy_json_get(rules, sy_json_root(rules), "levels"), v) {
		if (sy_str_eq(key_of(rules, v), level))
			return place;
		place++;
	}
	return -1;
}

/* STEP, or STEP.LEVEL with one of the levels. */
static bool is_step(const struct sy_json_doc *doc, struct sy_str name)
{
	static const char *const steps[] = {"start", "notify", "report", "complete", "summary"};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		size_t n = strlen(steps[i]);
		if (!begins(name, sy_str(steps[i])))
			continue;
		if (name.n == n)
			return true;
		struct sy_str level = {name.p + n + 1, name.n - n - 1};
		return name.p[n] == '.' && recall_level(doc, level) >= 0;
	}
	return false;
}

static void deadline_check(const struct ruling *x, const struct sy_json *m)
{
	struct sy_deadline d;
	struct sy_str text;
	if (!is_step(x->doc, key_of(x->doc, m)))
		ruling_fault(x, "/deadlines", m,
			     "start, notify, report, complete or summary, alone or with .LEVEL of "
			     "one of the levels",
			     " start、notify、report、complete 或 summary，或加上 .级别");
	else if (sy_json_string(x->doc, m, x->c->arena, &text) != SY_OK ||
		 sy_deadline_parse(text, &d) != SY_OK)
		ruling_fault(x, "/deadlines", m,
			     "N hours, days, working days or months after known, opened, notice or "
			     "complete; or every N of them",
			     "形如 \"24 hours after known\" 或 \"every 3 days\" 的期限");
}

void check_recall(const struct ruling *x)
{
	const struct sy_json *m;
	ruling_name(x, "recall/");
	ruling_asks(x, "deadlines", "an object of texts", "文本的对象");
	sy_json_each (x->doc, sy_json_get(x->doc, x->root, "deadlines"), m)
		deadline_check(x, m);
}

/* --- holidays -------------------------------------------------------------------------------- */

static void year_check(const struct ruling *x, const char *member)
{
	struct check *c = x->c;
	struct sy_str text = text_of(c, x->doc, x->root, member);
	uint64_t year;
	char pointer[16];
	if (text.n == 4 && sy_str_u64(text, &year) == SY_OK)
		return;
	snprintf(pointer, sizeof(pointer), "/%s", member);
	fault(c, 422, pointer, "expected a year, as \"2026\"", "应为年份，如 \"2026\"");
}

static void runs_check(const struct ruling *x, const char *member, const char *pointer)
{
	const struct sy_json *m;
	uint64_t n;
	int32_t day;
	sy_json_each (x->doc, sy_json_get(x->doc, x->root, member), m) {
		if (sy_date_parse(key_of(x->doc, m), &day) != SY_OK ||
		    sy_json_u64(x->doc, m, &n) != SY_OK || n < 1 || n > 366)
			ruling_fault(x, pointer, m,
				     "a day, as 2026-02-15, and how many days from it on",
				     "日期（如 2026-02-15）和自该日起的天数");
	}
}

void check_holidays(const struct ruling *x)
{
	struct check *c = x->c;
	if (!sy_str_is(x->name, "holidays"))
		fault(c, 422, "/name", "expected holidays, the one table of them",
		      "应为 holidays，即唯一的节假日表");
	year_check(x, "from");
	year_check(x, "to");
	runs_check(x, "holidays", "/holidays");
	runs_check(x, "workdays", "/workdays");
}
