/* An item in short: a line of who has it, a line of what is wrong with that. */
#include "columns.h"
#include "item.h"

#define SHORT_MAX 3 /* holders and flags that a line has room for */

static struct sy_str kept(struct item_view *v, struct sy_buf *b)
{
	const char *text = b->failed ? NULL : sy_arena_strdup(&v->app->arena, sy_buf_span(b));

	v->app->out.failed = v->app->out.failed || text == NULL;
	sy_buf_free(b);
	return sy_str(text != NULL ? text : "");
}

/* "Dairy: on hand 300 boxes, in transit 200 boxes" */
static void put_holder(struct item_view *v, const struct sy_json *row, struct sy_buf *b)
{
	static const char *const amounts[] = {"onHand", "inTransit", "consumed", "sold",
					      "destroyed"};
	bool zh = v->app->lang == LANG_ZH, first = true;

	sy_buf_str(b, item_actor(v, item_member(v, row, "party")));
	sy_buf_text(b, zh ? "：" : ": ");
	for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
		struct sy_str n = item_member(v, row, amounts[i]);
		struct sy_str unit = unit_name(item_member(v, row, "unit"), sy_str_is(n, "1"), zh);
		if (sy_str_is(n, "0"))
			continue;
		sy_buf_printf(b, "%s%s %.*s%s%.*s",
			      first ? ""
			      : zh  ? "，"
				    : ", ",
			      item_word(v->app, amounts[i]), (int)n.n, n.p, unit.n > 0 ? " " : "",
			      (int)unit.n, unit.p);
		first = false;
	}
	if (sy_str_is(item_member(v, row, "unknown"), "true"))
		sy_buf_printf(b, "%s%s",
			      first ? ""
			      : zh  ? "，"
				    : ", ",
			      zh ? "数量未知" : "an unknown quantity");
}

struct sy_str item_whereabouts(struct item_view *v)
{
	const struct sy_json *list = sy_json_get(&v->doc, v->root, "holders"), *row;
	bool zh = v->app->lang == LANG_ZH;
	struct sy_buf b = {0};
	unsigned i = 0;

	sy_json_each (&v->doc, list, row) {
		if (i++ == SHORT_MAX)
			break;
		sy_buf_text(&b, b.n == 0 ? "" : zh ? "；" : "; ");
		put_holder(v, row, &b);
	}
	struct sy_str n = item_member(v, v->root, "holdersCount");
	uint64_t all;
	if (i > SHORT_MAX && sy_str_u64(n, &all) == SY_OK)
		sy_buf_printf(&b, zh ? "；另有 %llu 处" : "; and %llu more",
			      (unsigned long long)(all - SHORT_MAX));
	return kept(v, &b);
}

struct sy_str item_faults(struct item_view *v)
{
	const struct sy_json *list = sy_json_get(&v->doc, v->root, "flags"), *row;
	bool zh = v->app->lang == LANG_ZH;
	struct sy_buf b = {0};
	unsigned i = 0;

	sy_json_each (&v->doc, list, row) {
		if (i++ >= SHORT_MAX)
			continue;
		struct sy_str reason = item_member_word(v, row, "reason"),
			      record = item_member(v, row, "record");
		sy_buf_printf(&b, zh ? "%s%.*s（记录 %.*s）" : "%s%.*s (record %.*s)",
			      b.n == 0 ? ""
			      : zh     ? "；"
				       : "; ",
			      (int)reason.n, reason.p, (int)record.n, record.p);
	}
	if (i > SHORT_MAX)
		sy_buf_printf(&b, zh ? "；另有 %u 项" : "; and %u more", i - SHORT_MAX);
	return kept(v, &b);
}
