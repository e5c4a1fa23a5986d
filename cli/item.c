#include "item.h"

#include "columns.h"

/* --- cells ------------------------------------------------------------------------------------ */

static struct sy_str as_text(struct item_view *v, const struct sy_json *row, const char *path)
{
	return item_member(v, row, path);
}

static struct sy_str as_actor(struct item_view *v, const struct sy_json *row, const char *path)
{
	return item_actor(v, item_member(v, row, path));
}

static struct sy_str as_time(struct item_view *v, const struct sy_json *row, const char *path)
{
	return view_time(v->app, item_member(v, row, path));
}

/* What is none isn't shown. */
static struct sy_str as_amount(struct item_view *v, const struct sy_json *row, const char *path)
{
	struct sy_str n = item_member(v, row, path);

	return sy_str_is(n, "0") ? SY_STR("") : n;
}

/* Only of a quantity: pieces have no unit of their own. */
static struct sy_str as_unit(struct item_view *v, const struct sy_json *row, const char *path)
{
	bool zh = v->app->lang == LANG_ZH;

	if (view_at(&v->doc, row, path) == NULL)
		return SY_STR("");
	if (sy_str_is(item_member(v, row, "singleUnits"), "true"))
		return sy_str(item_word(v->app, "singleUnits"));
	return unit_name(item_member(v, row, path), false, zh);
}

static struct sy_str as_mark(struct item_view *v, const struct sy_json *row, const char *path)
{
	bool set = sy_str_is(item_member(v, row, path), "true");

	return sy_str(!set ? "" : item_word(v->app, strcmp(path, "unknown") == 0 ? "some" : "yes"));
}

/* An event that was withdrawn, or that declares another an error. */
static struct sy_str as_note(struct item_view *v, const struct sy_json *row, const char *path)
{
	static const char *const notes[] = {"error", "withdrawn"};

	(void)path;
	for (size_t i = 0; i < 2; i++) {
		if (sy_str_is(item_member(v, row, notes[i]), "true"))
			return sy_str(item_word(v->app, notes[i]));
	}
	return SY_STR("");
}

/* --- tables ----------------------------------------------------------------------------------- */

struct column_of {
	const char *path; /* its word is the heading */
	struct sy_str (*read)(struct item_view *v, const struct sy_json *row, const char *path);
};

static const struct column_of holders[] = {{"party", as_actor},
					   {"place", as_actor},
					   {"onHand", as_amount},
					   {"inTransit", as_amount},
					   {"consumed", as_amount},
					   {"sold", as_amount},
					   {"destroyed", as_amount},
					   {"unit", as_unit},
					   {"unknown", as_mark},
					   {"since", as_time},
					   {0}};
static const struct column_of shipments[] = {{"from", as_actor},
					     {"to", as_actor},
					     {"quantity", as_amount},
					     {"unit", as_unit},
					     {"unknown", as_mark},
					     {"since", as_time},
					     {0}};
static const struct column_of flags[] = {
    {"flag", item_member_word}, {"reason", item_member_word}, {"record", as_text}, {0}};
static const struct column_of holds[] = {
    {"party", as_actor}, {"authority", as_mark}, {"since", as_time}, {"record", as_text}, {0}};
static const struct column_of inspections[] = {{"time", as_time},
					       {"kind", item_member_word},
					       {"result", item_member_word},
					       {"inspection.number", as_text},
					       {"inspection.standard", as_text},
					       {"party", as_actor},
					       {"record", as_text},
					       {0}};
static const struct column_of dispositions[] = {{"disposition", as_text},
						{"persistent", as_mark},
						{"since", as_time},
						{"record", as_text},
						{0}};
static const struct column_of history[] = {{"time", as_time},          {"step", item_member_word},
					   {"role", item_member_word}, {"party", as_actor},
					   {"place", as_actor},        {"quantity", as_amount},
					   {"unit", as_unit},          {"to", as_actor},
					   {"from", as_actor},         {"other", as_actor},
					   {"container", as_text},     {"record", as_text},
					   {"note", as_note},          {0}};

static const struct table {
	const char *list; /* its word is the title */
	const struct column_of *columns;
	const char *uncertain; /* a member that is true where the table may not be right */
} tables[] = {
    {"holders", holders, "holdersUncertain"},
    {"shipments", shipments, NULL},
    {"flags", flags, NULL},
    {"holds", holds, NULL},
    {"inspections", inspections, NULL},
    {"dispositions", dispositions, "dispositionsUncertain"},
    {"history", history, NULL},
};
#define N_TABLES (sizeof tables / sizeof tables[0])

/* Columns that no row has anything in are left out. */
static bool is_used(struct item_view *v, const struct sy_json *list, const struct column_of *c)
{
	const struct sy_json *row;

	sy_json_each (&v->doc, list, row) {
		if (c->read(v, row, c->path).n > 0)
			return true;
	}
	return false;
}

static void show_row(struct item_view *v, const struct column_of *c, const bool *used,
		     const struct sy_json *row)
{
	struct out *o = &v->app->out;

	out_object(o, NULL);
	for (size_t i = 0; c[i].path != NULL; i++) {
		struct sy_str text = used[i] ? c[i].read(v, row, c[i].path) : SY_STR("");
		if (used[i])
			out_str(o, item_word(v->app, c[i].path), text.n > 0 ? text : SY_STR("-"));
	}
	out_end(o);
}

static void show_title(struct item_view *v, const struct table *t)
{
	bool zh = v->app->lang == LANG_ZH;
	bool audit = t->columns == history && sy_str_is(item_member(v, v->root, "view"), "audit");
	bool doubt = t->uncertain && sy_str_is(item_member(v, v->root, t->uncertain), "true");

	out_line(&v->app->out, "%s", "");
	out_line(&v->app->out, "%s%s", item_word(v->app, audit ? "audit" : t->list),
		 !doubt ? ""
		 : zh   ? "（事件过多，可能不全）"
			: ", as far as so many events could be read");
}

static void show_table(struct item_view *v, const struct table *t)
{
	const struct sy_json *list = sy_json_get(&v->doc, v->root, t->list), *row;
	bool used[16] = {false};

	if (sy_json_first(&v->doc, list) == NULL)
		return;
	for (size_t i = 0; t->columns[i].path != NULL; i++)
		used[i] = is_used(v, list, &t->columns[i]);
	show_title(v, t);
	out_list(&v->app->out, NULL);
	sy_json_each (&v->doc, list, row)
		show_row(v, t->columns, used, row);
	out_end(&v->app->out);
}

static void show_names(struct item_view *v)
{
	struct out *o = &v->app->out;
	bool any = false;

	for (size_t i = 0; i < v->n_names; i++)
		any |= v->names[i].named;
	if (!any)
		return;
	out_line(o, "%s", "");
	out_line(o, "%s", item_word(v->app, "names"));
	out_list(o, NULL);
	for (size_t i = 0; i < v->n_names; i++) {
		if (!v->names[i].named)
			continue;
		out_object(o, NULL);
		out_str(o, item_word(v->app, "name"), v->names[i].name);
		out_str(o, item_word(v->app, "id"), v->names[i].id);
		out_end(o);
	}
	out_end(o);
}

/* --- above and below -------------------------------------------------------------------------- */

static void show_field(struct item_view *v, const char *name, struct sy_str text)
{
	if (text.n > 0)
		out_str(&v->app->out, item_word(v->app, name), text);
}

/* "2026-11-15, 3 days left" of whichever day counts. */
static void show_last_day(struct item_view *v, const char *name)
{
	struct sy_str day = item_member(v, v->root, name),
		      left = item_member(v, v->root, "expiry.daysLeft");
	bool counts = sy_str_eq(day, item_member(v, v->root, "expiry.day"));
	bool zh = v->app->lang == LANG_ZH;

	if (!counts || left.n == 0)
		show_field(v, name, day);
	else if (left.p[0] == '-')
		out_printf(&v->app->out, item_word(v->app, name),
			   zh ? "%.*s（已过期 %.*s 天）" : "%.*s, EXPIRED %.*s days ago",
			   (int)day.n, day.p, (int)left.n - 1, left.p + 1);
	else
		out_printf(&v->app->out, item_word(v->app, name),
			   zh ? "%.*s（还有 %.*s 天）" : "%.*s, %.*s days left", (int)day.n, day.p,
			   (int)left.n, left.p);
}

static void show_head(struct item_view *v)
{
	static const char *const plain[] = {"made", "harvested"};
	static const char *const amounts[] = {"quantity", "removed"};
	bool zh = v->app->lang == LANG_ZH;

	out_object(&v->app->out, NULL);
	show_field(v, "code", item_member(v, v->root, "code"));
	show_field(v, "kind", item_member_word(v, v->root, "kind"));
	show_field(v, "state", item_member_word(v, v->root, "state"));
	show_field(v, "inLot", item_member(v, v->root, "lot.code"));
	for (size_t i = 0; i < 2; i++)
		show_field(v, plain[i], item_member(v, v->root, plain[i]));
	show_last_day(v, "expires");
	show_last_day(v, "bestBefore");
	for (size_t i = 0; i < 2; i++)
		show_field(v, amounts[i], item_member(v, v->root, amounts[i]));
	show_field(v, "unit", as_unit(v, v->root, "unit"));
	show_field(v, "records", item_member(v, v->root, "historyCount"));
	struct sy_str entry = item_member(v, v->root, "asOf.entry");
	struct sy_str time = as_time(v, v->root, "asOf.time");
	out_printf(&v->app->out, item_word(v->app, "asOf"),
		   zh ? "条目 %.*s，%.*s（+08:00）" : "entry %.*s, %.*s +08:00", (int)entry.n,
		   entry.p, (int)time.n, time.p);
	out_end(&v->app->out);
}

/* What there was no room for, and how to see it. */
static void show_more(struct item_view *v)
{
	static const struct {
		const char *member, *en, *zh;
	} more[] = {
	    {"holdersNext", "More who have it: --holders-from %.*s",
	     "更多持有方：--holders-from %.*s"},
	    {"next", "More of its history: --from %.*s", "更多历史：--from %.*s"},
	    {"moreFlags", "And %.*s more flags", "另有 %.*s 项异常"},
	};

	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
		struct sy_str n = item_member(v, v->root, more[i].member);
		struct sy_buf b = {0};
		const char *text = v->app->lang == LANG_ZH ? more[i].zh : more[i].en;
		const char *at = strstr(text, "%.*s");
		sy_buf_put(&b, text, (size_t)(at - text));
		sy_buf_str(&b, n);
		sy_buf_text(&b, at + 4);
		if (n.n > 0 && !b.failed)
			out_line(&v->app->out, "%s", sy_buf_cstr(&b));
		sy_buf_free(&b);
	}
}

int item_get(struct app *app, const char *path, struct item_view *out)
{
	memset(out, 0, sizeof *out);
	out->app = app;
	int rc = view_get(app, path, &out->doc);
	if (rc == RC_DONE)
		rc = view_needs(app, "/v1/items", &out->doc, sy_json_root(&out->doc),
				"\"code \"kind \"state [history");
	out->root = rc == RC_DONE ? sy_json_root(&out->doc) : NULL;
	return rc;
}

void item_show(struct item_view *v)
{
	show_head(v);
	for (size_t i = 0; i < N_TABLES; i++)
		show_table(v, &tables[i]);
	show_names(v);
	show_more(v);
}
