#include "affected.h"

#include "codes.h"
#include "columns.h"
#include "value.h"
#include "words.h"
#include "view.h"

/* --- words ------------------------------------------------------------------------------------ */

static const char *const labels[W_COUNT][2] = {
    [W_ON_HAND] = {"on hand", "库存"},
    [W_IN_TRANSIT] = {"in transit", "在途"},
    [W_CONSUMED] = {"used", "已使用"},
    [W_SOLD] = {"sold", "已售"},
    [W_DESTROYED] = {"destroyed", "已销毁"},
    [W_PARTY] = {"party", "主体"},
    [W_NAME] = {"name", "名称"},
    [W_PLACE] = {"place", "地点"},
    [W_REGION] = {"region", "地区"},
    [W_BATCHES] = {"batches", "批次数"},
    [W_UNIT] = {"unit", "单位"},
    [W_SINCE] = {"since", "自"},
    [W_PROJECT] = {"project", "工程"},
    [W_PART] = {"part", "部位"},
    [W_UNKNOWN] = {"and an unknown quantity", "另有数量不明"},
    [W_PIECES] = {"pieces", "件"},
    [W_SINGLE] = {"single units", "单品"},
    [W_NOBODY] = {"nobody is known to have it", "去向不明"},
};

const char *const affected_amounts[W_AMOUNTS] = {"onHand", "inTransit", "consumed", "sold",
						 "destroyed"};

const char affected_uncertain[] =
    "Holders aren't certain: of some batches there are more events than are read at once.";

const char *affected_word(const struct app *app, enum affected_word w)
{
	return labels[w][app->lang == LANG_ZH];
}

struct sy_str affected_text(struct sy_arena *arena, const struct sy_json_doc *doc,
			    const struct sy_json *v, const char *member)
{
	const struct sy_json *m = sy_json_get(doc, v, member);
	struct sy_str text = {"", 0};

	if (m != NULL && m->type == SY_JSON_STRING)
		(void)sy_json_string(doc, m, arena, &text);
	else if (m != NULL && m->type == SY_JSON_NUMBER)
		text = sy_json_raw(doc, m);
	return text;
}

bool affected_is(const struct sy_json_doc *doc, const struct sy_json *v, const char *member)
{
	const struct sy_json *m = sy_json_get(doc, v, member);

	return m != NULL && m->type == SY_JSON_TRUE;
}

struct sy_str affected_why(struct app *app, struct sy_arena *arena, const struct sy_json_doc *doc,
			   const struct sy_json *line)
{
	static const struct {
		const char *edge, *before[2], *after[2];
	} whys[] = {{"transform", {"made from ", "由 "}, {"", " 制成"}},
		    {"member", {"a unit of ", "属于批次 "}, {"", ""}},
		    {"contain", {"lay in ", "曾装于 "}, {"", ""}}};
	struct sy_str edge = affected_text(arena, doc, line, "edge");
	struct sy_buf b = {0};

	for (size_t i = 0; i < sizeof whys / sizeof whys[0]; i++) {
		if (!sy_str_is(edge, whys[i].edge))
			continue;
		sy_buf_text(&b, whys[i].before[app->lang]);
		sy_buf_str(&b, view_short(affected_text(arena, doc, line, "from")));
		sy_buf_text(&b, whys[i].after[app->lang]);
	}
	if (b.n == 0)
		sy_buf_text(&b, app->lang == LANG_ZH ? "所查询" : "asked for");
	struct sy_str why = sy_str(sy_arena_strdup(arena, sy_buf_span(&b)));
	sy_buf_free(&b);
	return why;
}

void affected_quantities(struct app *app, struct sy_buf *b, const struct sy_json_doc *doc,
			 const struct sy_json *holder)
{
	struct sy_arena arena = {0};
	struct sy_str unit = affected_text(&arena, doc, holder, "unit");
	bool zh = app->lang == LANG_ZH, single = affected_is(doc, holder, "singleUnits");
	const char *comma = "";

	for (size_t i = 0; i < W_AMOUNTS; i++) {
		struct sy_str n = affected_text(&arena, doc, holder, affected_amounts[i]);
		if (n.n == 0 || sy_str_is(n, "0"))
			continue;
		struct sy_str name = unit_name(unit, sy_str_is(n, "1"), zh);
		if (unit.n == 0)
			name = sy_str(affected_word(app, single ? W_SINGLE : W_PIECES));
		sy_buf_printf(b, "%s%s %.*s %.*s", comma, affected_word(app, i), (int)n.n, n.p,
			      (int)name.n, name.p);
		comma = zh ? "，" : ", ";
	}
	if (affected_is(doc, holder, "unknown"))
		sy_buf_printf(b, "%s%s", comma, affected_word(app, W_UNKNOWN));
	sy_arena_free(&arena);
}

/* --- the question ----------------------------------------------------------------------------- */

/* A flag's value as the ledger wants it; empty for one that it isn't. */
static struct sy_str day_of(struct app *app, struct sy_str text)
{
	int32_t day;
	char *copy = sy_arena_alloc(&app->arena, 12);

	if (copy == NULL || value_date(&app->arena, text, &day) != SY_OK)
		return SY_STR("");
	sy_date_format(day, copy);
	return sy_str(copy);
}

static struct sy_str moment_of(struct app *app, struct sy_str text)
{
	struct sy_str day = day_of(app, text), time, zone;

	if (day.n > 0)
		return day;
	return value_time(&app->arena, text, &time, &zone) ? time : SY_STR("");
}

static struct sy_str place_of(struct app *app, struct sy_str text)
{
	return value_place(&app->arena, text);
}

static struct sy_str as_it_is(struct app *app, struct sy_str text)
{
	(void)app;
	return text;
}

static const struct option_of {
	const char *flag;
	struct sy_str (*read)(struct app *app, struct sy_str text);
	const char *expected;
} options[] = {
    {"product", as_it_is, "a product's code"},
    {"made-from", day_of, "a day such as 2026-11-01"},
    {"made-to", day_of, "a day such as 2026-11-01"},
    {"place", place_of, "a GLN, or the URI of a place or a party"},
    {"container", as_it_is, "a container's code"},
    {"from", moment_of, "a day or a time such as 2026-11-01 8:30"},
    {"to", moment_of, "a day or a time such as 2026-11-01 8:30"},
};
#define N_OPTIONS (sizeof options / sizeof options[0])

static void put(struct sy_buf *path, const char *name, struct sy_str value)
{
	sy_buf_printf(path, "&%s=", name);
	http_escape(path, value);
}

/* What is asked for is what options or codes name, or a recall's own. */
static int check_shape(struct app *app)
{
	bool recall = arg(app, "recall") != NULL, some = app->args.n_pos > 0;

	for (size_t i = 0; i < N_OPTIONS; i++)
		some = some || arg(app, options[i].flag) != NULL;
	if (recall && some)
		return fail(&app->fail, RC_USAGE,
			    "--recall has a scope of its own: no codes, no "
			    "other options beside it");
	if (!recall && !some)
		return fail(&app->fail, RC_USAGE,
			    "which CODE?  Or which --product, --place, --container, --recall?");
	return RC_DONE;
}

int affected_option(struct app *app, const char *flag, struct sy_str *value)
{
	const char *text = arg(app, flag);

	*value = SY_STR("");
	for (size_t i = 0; text != NULL && i < N_OPTIONS; i++) {
		if (strcmp(options[i].flag, flag) == 0 &&
		    (*value = options[i].read(app, sy_str(text))).n == 0)
			return fail(&app->fail, RC_USAGE, "--%s %s: expected %s", flag, text,
				    options[i].expected);
	}
	return RC_DONE;
}

int affected_path(struct app *app, const char *format, struct sy_buf *path)
{
	struct sy_buf wrong = {0};
	int rc = codes_expand(app);

	if (rc == RC_DONE)
		rc = check_shape(app);
	if (rc != RC_DONE)
		return rc;
	sy_buf_text(path, arg(app, "recall") != NULL ? "/v1/recalls/" : "/v1/affected");
	if (arg(app, "recall") != NULL) {
		http_escape(path, sy_str(arg(app, "recall")));
		sy_buf_text(path, "/affected");
	}
	sy_buf_printf(path, "?format=%s", format);
	for (size_t i = 0; i < app->args.n_pos; i++)
		put(path, "code", sy_str(arg_pos(app, i)));
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const char *text = arg(app, options[i].flag);
		struct sy_str value = {"", 0};
		if (text == NULL)
			continue;
		if ((value = options[i].read(app, sy_str(text))).n == 0)
			sy_buf_printf(&wrong, words("%s--%s %s: expected %s"),
				      wrong.n > 0 ? "; " : "", options[i].flag, text,
				      words(options[i].expected));
		put(path, options[i].flag, value);
	}
	if (wrong.n > 0)
		rc = fail(&app->fail, RC_USAGE, "%s", sy_buf_cstr(&wrong));
	else if (path->failed || wrong.failed)
		rc = fail_memory(&app->fail);
	sy_buf_free(&wrong);
	return rc;
}

int affected_stream(struct app *app, struct sy_buf *path, struct whole *w, http_take_fn take,
		    void *ctx)
{
	struct http_answer a = {0};
	int rc = trust_contact(app);

	if (rc != RC_DONE)
		return rc;
	trust_at(app->trust, path);
	rc = path->failed ? fail_memory(&app->fail)
			  : http_stream(app->http, sy_buf_cstr(path), take, ctx, &a, &app->fail);
	if (rc == RC_DONE)
		rc = whole_end(w, &a);
	if (a.uncertain && strcmp(w->form, "csv") == 0) /* no row can say it */
		say("%s", words(affected_uncertain));
	if (rc == RC_DONE && (a.cut[0] != '\0' || w->cut[0] != '\0'))
		rc = fail(&app->fail, RC_FAIL, "this isn't all: the answer was cut by %s",
			  a.cut[0] != '\0' ? a.cut : w->cut);
	else if (rc == RC_DONE && a.unknown > 0)
		rc = fail(&app->fail, RC_UNKNOWN, "no record names %llu of the codes",
			  (unsigned long long)a.unknown);
	http_answer_free(&a);
	return rc;
}
