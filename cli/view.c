#include "columns.h"
#include "view.h"
#include "words.h"

const struct view view_parties = {
    "/v1/parties",
    "parties",
    "party",
    (const struct view_column[]){{"id", "party.id"},
				 {"name", "party.name"},
				 {"roles", "party.roles"},
				 {"prefixes", "party.prefixes"},
				 {"region", "party.region"},
				 {"record", "record"},
				 {0}},
    (const struct view_column[]){{"uscc", "party.uscc"},
				 {"override", "party.override.reason"},
				 {"grants", "party.grants"},
				 {"keys", "party.keys.vkey"},
				 {0}},
};

const struct view view_products = {
    "/v1/products",
    "products",
    "product",
    (const struct view_column[]){{"code", "product.code"},
				 {"name", "product.name"},
				 {"category", "product.category"},
				 {"specification", "product.specification"},
				 {"standard", "product.standard"},
				 {"owner", "owner"},
				 {"record", "record"},
				 {0}},
    (const struct view_column[]){{"licences", "product.licences.number"},
				 {"delegates", "product.delegates.party"},
				 {"revoked", "product.revoked.reason"},
				 {0}},
};

const struct view view_places = {
    "/v1/places",
    "places",
    "place",
    (const struct view_column[]){{"id", "place.id"},
				 {"name", "place.name"},
				 {"party", "place.party"},
				 {"region", "place.region"},
				 {"address", "place.address"},
				 {"phone", "place.phone"},
				 {"project", "place.project"},
				 {"part", "place.part"},
				 {"record", "record"},
				 {0}},
    NULL,
};

const struct view view_rules = {
    "/v1/rules",
    "rules",
    "rule",
    (const struct view_column[]){{"name", "rule.name"},
				 {"kind", "rule.kind"},
				 {"category", "rule.category"},
				 {"record", "record"},
				 {"time", "time"},
				 {0}},
    NULL,
};

const struct sy_json *view_at(const struct sy_json_doc *doc, const struct sy_json *v,
			      const char *path)
{
	char name[64];

	while (v != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");
		snprintf(name, sizeof name, "%.*s", (int)n, path);
		v = sy_json_get(doc, v, name);
		path += n + (path[n] == '.');
	}
	return v;
}

static struct sy_str joined(struct app *app, const struct sy_json_doc *doc, const struct sy_json *v)
{
	const struct sy_json *child;
	struct sy_buf b = {0};

	sy_json_each (doc, v, child) {
		if (b.n > 0)
			sy_buf_text(&b, ", ");
		sy_buf_str(&b, view_text(app, doc, child));
	}
	struct sy_str s = sy_str(sy_arena_strdup(&app->arena, sy_buf_span(&b)));
	sy_buf_free(&b);
	return s;
}

/* "entry 25, time 2026-11-01T08:00:00.000Z" */
static struct sy_str members(struct app *app, const struct sy_json_doc *doc,
			     const struct sy_json *v)
{
	const struct sy_json *m;
	struct sy_buf b = {0};
	struct sy_str key;

	sy_json_each (doc, v, m) {
		if (sy_json_key(doc, m, &app->arena, &key) != SY_OK)
			continue;
		sy_buf_printf(&b, "%s%.*s ", b.n > 0 ? ", " : "", (int)key.n, key.p);
		sy_buf_str(&b, view_text(app, doc, m));
	}
	struct sy_str s = sy_str(sy_arena_strdup(&app->arena, sy_buf_span(&b)));
	sy_buf_free(&b);
	return s;
}

/* A name in the language asked for, else in the one it has; other objects by their members. */
static struct sy_str by_language(struct app *app, const struct sy_json_doc *doc,
				 const struct sy_json *v)
{
	const struct sy_json *name = sy_json_get(doc, v, app->lang == LANG_ZH ? "zh" : "en");

	if (name == NULL)
		name = sy_json_get(doc, v, app->lang == LANG_ZH ? "en" : "zh");
	if (name == NULL || name->type != SY_JSON_STRING)
		return members(app, doc, v);
	return view_text(app, doc, name);
}

struct sy_str view_text(struct app *app, const struct sy_json_doc *doc, const struct sy_json *v)
{
	struct sy_str s = {"", 0};

	if (v == NULL || v->type == SY_JSON_NULL)
		return s;
	if (v->type == SY_JSON_STRING)
		sy_json_string(doc, v, &app->arena, &s);
	else if (v->type == SY_JSON_ARRAY)
		s = joined(app, doc, v);
	else if (v->type == SY_JSON_OBJECT)
		s = by_language(app, doc, v);
	else
		s = sy_json_raw(doc, v);
	return s;
}

struct sy_str view_short(struct sy_str code)
{
	const struct sy_str stem = SY_STR("https://id.gs1.org/");

	if (code.n > stem.n && memcmp(code.p, stem.p, stem.n) == 0)
		return (struct sy_str){code.p + stem.n, code.n - stem.n};
	return code;
}

struct sy_str view_time(struct app *app, struct sy_str time)
{
	enum { CHINA_MS = 8 * 3600000 };
	char text[SY_TIME_TEXT];
	int64_t ms;

	if (time.n == 0 || sy_time_parse(time, &ms) != SY_OK || ms < -CHINA_MS)
		return time;
	sy_time_format((uint64_t)(ms + CHINA_MS), text);
	text[10] = ' ';
	const char *copy = sy_arena_strdup(&app->arena, (struct sy_str){text, 16});
	return copy != NULL ? sy_str(copy) : time;
}

int view_get(struct app *app, const char *path, struct sy_json_doc *doc)
{
	struct http_answer a = {0};
	struct sy_buf full = {0};
	struct sy_json_fault why;
	int rc = trust_contact(app);

	if (rc != RC_DONE)
		return rc;
	sy_buf_text(&full, path);
	trust_at(app->trust, &full);
	if ((path = sy_buf_cstr(&full)) == NULL)
		rc = fail_memory(&app->fail);
	else
		rc = http_get(app->http, path, &a, &app->fail);
	if (rc == RC_DONE && a.status != 200)
		rc = http_problem(&a, "the ledger", &app->fail);
	if (rc == RC_DONE) {
		char *copy = sy_arena_strdup(&app->arena, sy_buf_span(&a.body));
		struct sy_str body = {copy, a.body.n};
		if (copy == NULL)
			rc = fail_memory(&app->fail);
		else if (sy_json_parse(&app->arena, body, 0, doc, &why) != SY_OK)
			rc = fail(&app->fail, RC_FAIL, "%s: the answer is not JSON: %s", path,
				  words(why.detail));
	}
	sy_buf_free(&full);
	http_answer_free(&a);
	return rc;
}

static bool has_type(const struct sy_json *v, char mark)
{
	switch (v != NULL ? (int)v->type : -1) {
	case SY_JSON_ARRAY:
		return mark == '[';
	case SY_JSON_OBJECT:
		return mark == '{';
	case SY_JSON_NUMBER:
		return mark == '0';
	case SY_JSON_STRING:
		return mark == '"' || mark == '?';
	default:
		return mark == '?' && (v == NULL || v->type == SY_JSON_NULL);
	}
}

int view_needs(struct app *app, const char *what, const struct sy_json_doc *doc,
	       const struct sy_json *v, const char *needs)
{
	static const struct {
		char mark;
		const char *expected;
	} marks[] = {{'[', "a list"},
		     {'{', "an object"},
		     {'0', "a number"},
		     {'"', "a text"},
		     {'?', "a text"}};
	char name[32];

	while (*needs != '\0') {
		size_t n = strcspn(needs, " "), i = 0;
		snprintf(name, sizeof name, "%.*s", (int)n - 1, needs + 1);
		while (marks[i].mark != needs[0])
			i++;
		if (!has_type(sy_json_get(doc, v, name), needs[0]))
			return fail(&app->fail, RC_FAIL,
				    "%s: the answer isn't what it should be: expected %s in \"%s\"",
				    what, words(marks[i].expected), name);
		needs += n + (needs[n] == ' ');
	}
	return RC_DONE;
}

/* A page of a list: it has the list, and what follows isn't what was asked for. */
static int check_page(struct app *app, const struct view *v, const struct sy_json_doc *doc,
		      struct sy_str after)
{
	const struct sy_json *root = sy_json_root(doc), *next = sy_json_get(doc, root, "next");
	char needs[40];

	snprintf(needs, sizeof needs, "[%s ?next", v->list);
	int rc = view_needs(app, v->endpoint, doc, root, needs);
	if (rc == RC_DONE && next != NULL && sy_str_eq(view_text(app, doc, next), after) &&
	    after.n > 0)
		rc = fail(&app->fail, RC_FAIL, "%s: the answer goes on with itself", v->endpoint);
	return rc;
}

/* endpoint?parameter=value&after=... */
static const char *page_path(struct app *app, const struct view *v, const char *parameter,
			     const char *value, struct sy_str after)
{
	struct sy_buf b = {0};

	sy_buf_text(&b, v->endpoint);
	if (parameter != NULL && value != NULL) {
		sy_buf_printf(&b, "?%s=", parameter);
		http_escape(&b, sy_str(value));
	}
	if (after.n > 0) {
		sy_buf_text(&b, memchr(b.p, '?', b.n) != NULL ? "&after=" : "?after=");
		http_escape(&b, after);
	}
	const char *path = sy_arena_strdup(&app->arena, sy_buf_span(&b));
	sy_buf_free(&b);
	return path;
}

/* As view_text of view_at, through each element of a list. */
static struct sy_str column_text(struct app *app, const struct sy_json_doc *doc,
				 const struct sy_json *row, const char *path)
{
	const char *last = strrchr(path, '.');
	const struct sy_json *v = view_at(doc, row, path), *child;
	struct sy_buf b = {0};
	char head[64];

	if (v != NULL || last == NULL)
		return view_text(app, doc, v);
	snprintf(head, sizeof head, "%.*s", (int)(last - path), path);
	sy_json_each (doc, view_at(doc, row, head), child) {
		sy_buf_text(&b, b.n > 0 ? ", " : "");
		sy_buf_str(&b, view_text(app, doc, view_at(doc, child, last + 1)));
	}
	struct sy_str s = sy_str(sy_arena_strdup(&app->arena, sy_buf_span(&b)));
	sy_buf_free(&b);
	return s;
}

/* --- values ----------------------------------------------------------------------------------- */

enum how { AS_IT_IS, AS_WORD, AS_TIME, AS_UNIT };

/* What isn't somebody's own text. */
static const struct {
	const char *path;
	enum how how;
} hows[] = {
    {"state", AS_WORD},
    {"kind", AS_WORD},
    {"mock", AS_WORD},
    {"current", AS_WORD},
    {"toldAgain", AS_WORD},
    {"party.roles", AS_WORD},
    {"product.category", AS_WORD},
    {"rule.kind", AS_WORD},
    {"rule.category", AS_WORD},
    {"time", AS_TIME},
    {"told", AS_TIME},
    {"answered", AS_TIME},
    {"unit", AS_UNIT},
};

/* In English as they stand, but for the last ones. */
static const char *const values[][3] = {
    {"draft", "", "草稿"},
    {"open", "", "进行中"},
    {"closed", "", "已结束"},
    {"revoked", "", "已撤销"},
    {"operator", "", "运营者"},
    {"regulator", "", "监管部门"},
    {"producer", "", "生产者"},
    {"carrier", "", "承运者"},
    {"seller", "", "销售者"},
    {"site", "", "施工现场"},
    {"laboratory", "", "检验机构"},
    {"food", "", "食品"},
    {"agri", "", "农产品"},
    {"drug", "", "药品"},
    {"industrial", "", "工业产品"},
    {"other", "", "其他"},
    {"profile", "", "登记要求"},
    {"recall", "", "召回"},
    {"holidays", "", "节假日"},
    {"limits", "", "限量"},
    {"listed", "", "许可目录"},
    {"targets", "", "目标"},
    {"exemption", "", "豁免"},
    {"recalled", "", "已召回"},
    {"held", "", "已封存"},
    {"withdrawn", "", "已撤销"},
    {"destroyed", "", "已销毁"},
    {"expired", "", "已过期"},
    {"registered", "", "已登记"},
    {"mentioned", "", "有记录提及，未登记"},
    {"lot", "", "批次"},
    {"unit", "", "单品"},
    {"logistic", "", "物流单元"},
    {"true", "yes", "是"},
    {"false", "no", "否"},
};

static struct sy_str value_word(const struct app *app, struct sy_str text)
{
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		const char *word = values[i][1 + app->lang];
		if (word[0] != '\0' && sy_str_is(text, values[i][0]))
			return sy_str(word);
	}
	return text;
}

struct sy_str view_word(struct app *app, struct sy_str text)
{
	struct sy_buf b = {0};
	const char *comma;

	if (memchr(text.p, ',', text.n) == NULL)
		return value_word(app, text);
	while ((comma = memchr(text.p, ',', text.n)) != NULL) {
		sy_buf_str(&b, value_word(app, (struct sy_str){text.p, (size_t)(comma - text.p)}));
		sy_buf_text(&b, ", ");
		text.n -= (size_t)(comma + 1 - text.p);
		text.p = comma + 1;
		while (text.n > 0 && *text.p == ' ')
			text.p++, text.n--;
	}
	sy_buf_str(&b, value_word(app, text));
	struct sy_str s = sy_str(sy_arena_strdup(&app->arena, sy_buf_span(&b)));
	sy_buf_free(&b);
	return s;
}

static struct sy_str as_shown(struct app *app, const char *path, struct sy_str text)
{
	enum how how = AS_IT_IS;

	for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++)
		if (strcmp(hows[i].path, path) == 0)
			how = hows[i].how;
	switch (how) {
	case AS_WORD:
		return text.n > 0 ? view_word(app, text) : text;
	case AS_TIME:
		return view_time(app, text);
	case AS_UNIT:
		return unit_name(text, false, app->lang == LANG_ZH);
	case AS_IT_IS:
		break;
	}
	return text;
}

static void show_columns(struct app *app, const struct view_column *c,
			 const struct sy_json_doc *doc, const struct sy_json *row, bool list)
{
	for (; c != NULL && c->name != NULL; c++) {
		struct sy_str text = as_shown(app, c->path, column_text(app, doc, row, c->path));
		if (text.n > 0 || list)
			out_str(&app->out, c->name, text.n > 0 ? text : SY_STR("-"));
	}
}

static void show_row(struct app *app, const struct view *v, const struct sy_json_doc *doc,
		     const struct sy_json *row, bool list)
{
	if (out_is_json(&app->out)) {
		out_json(&app->out, NULL, sy_json_raw(doc, row));
		return;
	}
	out_object(&app->out, NULL);
	show_columns(app, v->columns, doc, row, list);
	if (!list)
		show_columns(app, v->alone, doc, row, list);
	out_end(&app->out);
}

int view_list(struct app *app, const struct view *v, const char *parameter, const char *value)
{
	struct sy_str after = {"", 0};
	struct sy_json_doc doc;
	const struct sy_json *row, *next;
	int rc;

	out_list(&app->out, NULL);
	do {
		const char *path = page_path(app, v, parameter, value, after);
		rc = path != NULL ? view_get(app, path, &doc) : fail_memory(&app->fail);
		if (rc != RC_DONE || (rc = check_page(app, v, &doc, after)) != RC_DONE)
			break;
		sy_json_each (&doc, sy_json_get(&doc, sy_json_root(&doc), v->list), row)
			show_row(app, v, &doc, row, true);
		next = sy_json_get(&doc, sy_json_root(&doc), "next");
		after = view_text(app, &doc, next);
	} while (after.n > 0);
	out_end(&app->out);
	return rc;
}

static int find(struct app *app, const struct view *v, const char *parameter, const char *value,
		struct sy_json_doc *doc, const struct sy_json **row)
{
	const char *path = page_path(app, v, parameter, value, (struct sy_str){"", 0});
	int rc = path != NULL ? view_get(app, path, doc) : fail_memory(&app->fail);

	if (rc == RC_DONE)
		rc = check_page(app, v, doc, SY_STR(""));
	*row =
	    rc == RC_DONE ? sy_json_first(doc, sy_json_get(doc, sy_json_root(doc), v->list)) : NULL;
	if (rc == RC_UNKNOWN)
		memset(&app->fail, 0, sizeof app->fail);
	if ((rc == RC_DONE && *row == NULL) || rc == RC_UNKNOWN)
		rc = fail(&app->fail, RC_UNKNOWN, "no %s %s in this ledger", words(v->what), value);
	return rc;
}

int view_show(struct app *app, const struct view *v, const char *parameter, const char *value)
{
	struct sy_json_doc doc;
	const struct sy_json *row;
	int rc = find(app, v, parameter, value, &doc, &row);

	if (rc == RC_DONE)
		show_row(app, v, &doc, row, false);
	return rc;
}

int view_standing(struct app *app, const struct view *v, const char *parameter, const char *value,
		  struct standing *out)
{
	struct sy_json_doc doc;
	const struct sy_json *row, *text;
	int rc = find(app, v, parameter, value, &doc, &row);

	if (rc != RC_DONE)
		return rc;
	text = sy_json_get(&doc, row, v->what);
	if (text == NULL || text->type != SY_JSON_OBJECT ||
	    sy_json_u64(&doc, sy_json_get(&doc, row, "record"), &out->record) != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: an answer without its record", v->endpoint);
	out->text = sy_json_raw(&doc, text);
	out->owner = view_text(app, &doc, sy_json_get(&doc, row, "owner"));
	out->author = view_text(app, &doc, sy_json_get(&doc, row, "author"));
	return RC_DONE;
}
