/*
 * suyuan trace common: what complaint lots have in common upstream.
 */
#include "codes.h"
#include "names.h"
#include "trace_sums.h"
#include "trace_tree.h"

static const char *const words_of[][2] = {
    {"score", "得分"},
    {"what", "类别"},
    {"code", "编码"},
    {"name", "名称"},
    {"complaints", "投诉"},
    {"good", "合格批"},
    {"steps in all", "距离合计"},
    {"records", "记录"},
};
enum { W_SCORE, W_WHAT, W_CODE, W_NAME, W_COMPLAINTS, W_GOOD, W_STEPS, W_RECORDS };

static const char *const kinds[][3] = {
    {"lot", "lot", "批次"},
    {"place", "place", "地点"},
    {"party", "party", "主体"},
    {"unit", "unit", "单品"},
    {"logistic", "container", "物流单元"},
    {"asset", "asset", "资产"},
    {"other", "item", "物品"},
};

static const char *heading(const struct app *app, unsigned which)
{
	return sums_word(app, words_of[which]);
}

static struct sy_str kind_word(const struct app *app, struct sy_str kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (sy_str_is(kind, kinds[i][0]))
			return sy_str(kinds[i][app->lang == LANG_ZH ? 2 : 1]);
	return kind;
}

/* Records that say so, each once, as many as fit in a line. */
static void show_records(struct app *app, const struct sy_json_doc *doc, const struct sy_json *row)
{
	enum { SHOWN = 5 };
	struct sy_str had[SHOWN];
	const struct sy_json *why;
	struct sy_buf b = {0};
	size_t n = 0;
	bool more = false;

	sy_json_each (doc, sy_json_get(doc, row, "explains"), why) {
		struct sy_str record = view_text(app, doc, sy_json_get(doc, why, "record"));
		size_t i = 0;
		while (i < n && !sy_str_eq(had[i], record))
			i++;
		more |= i == SHOWN;
		if (i < n || n == SHOWN || record.n == 0)
			continue;
		had[n++] = record;
		sy_buf_text(&b, n > 1 ? ", " : "");
		sy_buf_str(&b, record);
	}
	sy_buf_text(&b, more ? ", ..." : n ? "" : "-");
	out_str(&app->out, heading(app, W_RECORDS), sy_buf_span(&b));
	sy_buf_free(&b);
}

/* A place's name stands in its record alone, which the answer doesn't read. */
static struct sy_str name_of(struct app *app, struct names *names, const struct sy_json_doc *doc,
			     const struct sy_json *row)
{
	struct sy_str name = view_text(app, doc, sy_json_get(doc, row, "name"));

	if (name.n == 0 && sy_str_is(view_text(app, doc, sy_json_get(doc, row, "kind")), "place"))
		name = names_ask(
		    names, "/v1/places?id=", view_text(app, doc, sy_json_get(doc, row, "code")));
	return name.n ? name : SY_STR("-");
}

static void show_row(struct app *app, struct names *names, const struct sy_json_doc *doc,
		     const struct sy_json *row)
{
	struct out *o = &app->out;

	out_object(o, NULL);
	out_str(o, heading(app, W_SCORE), view_text(app, doc, sy_json_get(doc, row, "score")));
	out_str(o, heading(app, W_WHAT),
		kind_word(app, view_text(app, doc, sy_json_get(doc, row, "kind"))));
	out_str(o, heading(app, W_CODE),
		view_short(view_text(app, doc, sy_json_get(doc, row, "code"))));
	out_str(o, heading(app, W_NAME), name_of(app, names, doc, row));
	out_str(o, heading(app, W_COMPLAINTS),
		view_text(app, doc, sy_json_get(doc, row, "complaints")));
	if (arg(app, "good") != NULL)
		out_str(o, heading(app, W_GOOD),
			view_text(app, doc, sy_json_get(doc, row, "good")));
	out_str(o, heading(app, W_STEPS), view_text(app, doc, sy_json_get(doc, row, "distance")));
	show_records(app, doc, row);
	out_end(o);
}

/* Complaints that nothing explains any more, or ever did. */
static void show_unexplained(struct app *app, const struct sy_json_doc *doc)
{
	const struct sy_json *c;

	sy_json_each (doc, sy_json_get(doc, sy_json_root(doc), "complaints"), c) {
		struct sy_str code = view_short(view_text(app, doc, sy_json_get(doc, c, "code")));
		const struct sy_json *yes = sy_json_get(doc, c, "explained");
		if (yes && sy_str_is(sy_json_raw(doc, yes), "false"))
			out_line(&app->out,
				 app->lang == LANG_ZH ? "无法解释：%.*s" : "not explained: %.*s",
				 (int)code.n, code.p);
	}
}

static void show_count(struct app *app, struct sy_str total, unsigned shown)
{
	bool zh = app->lang == LANG_ZH;
	uint64_t all;

	if (sy_str_u64(total, &all) == SY_OK && all <= shown)
		out_line(&app->out, zh ? "共 %.*s 项" : "%.*s in all", (int)total.n, total.p);
	else
		out_line(&app->out,
			 zh ? "共 %.*s 项，显示得分最高的 %u 项"
			    : "%.*s in all, the best %u of them shown",
			 (int)total.n, total.p, shown);
}

static void show(struct app *app, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc), *row;
	struct sy_str total = view_text(app, doc, sy_json_get(doc, root, "total"));
	struct sy_str unknown = view_text(app, doc, sy_json_get(doc, root, "unknown"));
	struct names names = {.app = app};
	unsigned n = 0;

	out_list(&app->out, NULL);
	sy_json_each (doc, sy_json_get(doc, root, "rows"), row) {
		show_row(app, &names, doc, row);
		n++;
	}
	out_end(&app->out);
	names_free(&names);
	show_count(app, total, n);
	show_unexplained(app, doc);
	if (unknown.n > 0)
		out_line(&app->out, app->lang == LANG_ZH ? "无记录：%.*s" : "no record names: %.*s",
			 (int)unknown.n, unknown.p);
}

static int make_path(struct app *app, struct sy_buf *path)
{
	static const char *const codes[] = {"good", "cut", "contact"};
	const char *text, *dates = arg(app, "dates");
	uint64_t limit;
	int rc = arg_u64(app, "limit", 1, 1000, 20, &limit);

	if (rc == RC_DONE)
		sy_buf_printf(path, "/v1/trace/common?limit=%llu", (unsigned long long)limit);
	for (size_t i = 0; i < app->args.n_pos && rc == RC_DONE; i++)
		rc = sums_code(app, path, "code", arg_pos(app, i));
	for (size_t c = 0; c < sizeof codes / sizeof codes[0]; c++)
		for (size_t i = 0; rc == RC_DONE && (text = arg_nth(app, codes[c], i)); i++)
			rc = sums_code(app, path, codes[c], text);
	for (size_t i = 0; rc == RC_DONE && (text = arg_nth(app, "weight", i)); i++) {
		sy_buf_text(path, "&weight=");
		http_escape(path, sy_str(text));
	}
	if (rc == RC_DONE && dates != NULL) {
		sy_buf_text(path, "&dates=");
		http_escape(path, sy_str(dates));
	}
	return rc == RC_DONE && path->failed ? fail_memory(&app->fail) : rc;
}

int cmd_trace_common(struct app *app)
{
	struct sy_buf path = {0};
	bool csv;
	int rc = sums_csv(app, &csv);

	if (rc == RC_DONE)
		rc = codes_expand(app);
	if (rc == RC_DONE)
		rc = make_path(app, &path);
	if (rc == RC_DONE)
		rc = sums_answer(app, sy_buf_cstr(&path), csv, "[rows [complaints 0total ?cut",
				 show);
	sy_buf_free(&path);
	return rc;
}

const struct flag trace_common_flags[] = {
    {"good", "CODE", "a lot known to be good: what it has upstream explains less", FLAG_MANY},
    {"weight", "N", "of the first CODE, the second, ...; 1 when not given", FLAG_MANY},
    {"cut", "CODE", "as if this lot, place or party had not been", FLAG_MANY},
    {"contact", "CODE",
     "all that came to this place or party before a lot left it may be in that lot", FLAG_MANY},
    {"dates", "HOW", "of contact: given (default), inferred from others' records, or ignored",
     FLAG_ONE},
    {"limit", "N", "so many of the best (default 20)", FLAG_ONE},
    {"format", "csv", "the table as CSV", FLAG_ONE},
    {0},
};
