#include "recall_words.h"

#include <suyuan/deadline.h>

static const char *const states[][3] = {
    {"open", "open", "进行中"},    {"met", "met", "已按期"},
    {"missed", "MISSED", "逾期"},  {"waiting", "waiting", "未起算"},
    {"start", "start", "启动"},    {"notify", "notify", "通知"},
    {"report", "report", "报告"},  {"complete", "complete", "完成"},
    {"summary", "summary", "总结"}};

struct sy_str recall_word(const struct app *app, struct sy_str text)
{
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		if (sy_str_is(text, states[i][0]))
			return sy_str(states[i][1 + app->lang]);
	}
	return text;
}

struct sy_str recall_deadline(struct app *app, struct sy_str text)
{
	static const char *const clocks[] = {[SY_CLOCK_KNOWN] = "知悉",
					     [SY_CLOCK_OPENED] = "启动",
					     [SY_CLOCK_NOTICE] = "首次通知",
					     [SY_CLOCK_COMPLETE] = "完成"},
				 *const units[] = {[SY_HOURS] = "小时",
						   [SY_DAYS] = "日",
						   [SY_WORKING_DAYS] = "个工作日",
						   [SY_MONTHS] = "个月"};
	struct sy_deadline d;
	const char *out;

	if (app->lang != LANG_ZH || sy_deadline_parse(text, &d) != SY_OK)
		return text;
	if (d.every)
		out = sy_arena_printf(&app->arena, "每 %u %s", d.n, units[d.unit]);
	else
		out = sy_arena_printf(&app->arena, "%s后 %u %s内", clocks[d.clock], d.n,
				      units[d.unit]);
	return out != NULL ? sy_str(out) : text;
}
