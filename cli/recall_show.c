/* suyuan recall list, show, inbox, effectiveness. */
#include "affected.h"
#include "columns.h"
#include "names.h"
#include "recall.h"
#include "recall_words.h"
#include "value.h"
#include "words.h"

const struct view view_recalls = {
    "/v1/recalls",
    "recalls",
    "recall",
    (const struct view_column[]){{"id", "id"},
				 {"state", "state"},
				 {"level", "level"},
				 {"rule", "rule"},
				 {"exercise", "mock"},
				 {"party", "party"},
				 {"reason", "reason"},
				 {"record", "record"},
				 {0}},
    NULL,
};

const struct view view_inbox = {
    "/v1/recalls",
    "recalls",
    "recall",
    (const struct view_column[]){{"id", "id"},
				 {"state", "state"},
				 {"level", "level"},
				 {"reason", "reason"},
				 {"what to do", "measures"},
				 {"exercise", "mock"},
				 {"told", "told"},
				 {"in force as told", "current"},
				 {"answered", "answered"},
				 {"told again since", "toldAgain"},
				 {0}},
    NULL,
};

const char recall_needs[] = "\"id \"state 0record [deadlines [notices";
const char recall_effect_needs[] = "\"id [parties [regions {total [deadlines ?cut";

int recall_get(struct app *app, const char *id, const char *rest, struct sy_json_doc *doc)
{
	struct sy_buf path = {0};
	int rc;

	sy_buf_text(&path, "/v1/recalls/");
	http_escape(&path, sy_str(id));
	sy_buf_text(&path, rest);
	rc = path.failed ? fail_memory(&app->fail) : view_get(app, sy_buf_cstr(&path), doc);
	if (rc == RC_DONE)
		rc = view_needs(app, "/v1/recalls", doc, sy_json_root(doc),
				*rest ? recall_effect_needs : recall_needs);
	sy_buf_free(&path);
	return rc;
}

uint64_t recall_total(const struct sy_json_doc *effect, const char *member)
{
	const struct sy_json *total = sy_json_get(effect, sy_json_root(effect), "total");
	uint64_t n = 0;

	(void)sy_json_u64(effect, sy_json_get(effect, total, member), &n);
	return n;
}

int recall_whole(struct app *app, const struct sy_json_doc *doc)
{
	struct sy_str cut = view_text(app, doc, sy_json_get(doc, sy_json_root(doc), "cut"));

	return cut.n == 0 ? RC_DONE
			  : fail(&app->fail, RC_FAIL, "this isn't all: the answer was cut by %s",
				 sy_arena_strdup(&app->arena, cut));
}

const char *recall_me(struct app *app)
{
	struct sy_keyfile key;
	int rc = key_read(app, &key);
	const char *party = NULL;

	if (rc == RC_DONE && (party = key_party(&app->arena, &key.vkey)) == NULL)
		fail_memory(&app->fail);
	sy_wipe(&key, sizeof key);
	return party;
}

void recall_unchanged(struct app *app, const char *id)
{
	out_object(&app->out, NULL);
	out_text(&app->out, "id", id);
	out_word(&app->out, "status", "already so");
	out_end(&app->out);
}

/* --- lists ------------------------------------------------------------------------------------ */

int cmd_recall_list(struct app *app)
{
	const char *state = arg(app, "state"), *text = arg(app, "party"), *party = NULL;

	if (text != NULL &&
	    (party = sy_arena_strdup(&app->arena, value_party(&app->arena, sy_str(text)))) == NULL)
		return fail_memory(&app->fail);
	if (state != NULL && party != NULL) {
		struct sy_buf b = {0};
		sy_buf_printf(&b, "state=%s&party", state);
		const char *both = sy_arena_strdup(&app->arena, sy_buf_span(&b));
		sy_buf_free(&b);
		return both != NULL ? view_list(app, &view_recalls, both, party)
				    : fail_memory(&app->fail);
	}
	return view_list(app, &view_recalls,
			 state != NULL   ? "state"
			 : party != NULL ? "party"
					 : NULL,
			 state != NULL ? state : party);
}

int cmd_recall_inbox(struct app *app)
{
	const char *text = arg(app, "party"), *party = NULL;

	if (text == NULL)
		party = recall_me(app);
	else if ((party = sy_arena_strdup(&app->arena, value_party(&app->arena, sy_str(text)))) ==
		 NULL)
		fail_memory(&app->fail);
	return party != NULL ? view_list(app, &view_inbox, "to", party) : app->fail.rc;
}

/* --- one -------------------------------------------------------------------------------------- */

enum text {
	T_PARTY,
	T_NAME,
	T_REGION,
	T_TOLD,
	T_ANSWERED,
	T_AGAIN,
	T_PERCENT,
	T_UNTOLD,
	T_UNIT,
	T_TO_RECALL,
	T_FOUND,
	T_STOPPED,
	T_RETURNED,
	T_DESTROYED,
	T_OUTSTANDING,
	T_RECOVERED,
	T_STEP,
	T_RULE,
	T_STATE,
	T_DUE,
	T_DONE,
	T_SURE,
	T_TOTAL,
	T_COUNT
};

static const char *const texts[T_COUNT][2] = {
    [T_PARTY] = {"party", "主体"},
    [T_NAME] = {"name", "名称"},
    [T_REGION] = {"region", "地区"},
    [T_TOLD] = {"told", "已通知"},
    [T_ANSWERED] = {"answered", "已答复"},
    [T_AGAIN] = {"told again since", "答复后再次通知"},
    [T_PERCENT] = {"percent", "答复率"},
    [T_UNTOLD] = {"NOT TOLD", "未通知"},
    [T_UNIT] = {"unit", "单位"},
    [T_TO_RECALL] = {"to recall", "应召回"},
    [T_FOUND] = {"found", "查见"},
    [T_STOPPED] = {"stopped", "停售"},
    [T_RETURNED] = {"returned", "退回"},
    [T_DESTROYED] = {"destroyed", "销毁"},
    [T_OUTSTANDING] = {"outstanding", "未召回"},
    [T_RECOVERED] = {"recovered %", "召回率"},
    [T_STEP] = {"step", "步骤"},
    [T_RULE] = {"rule", "期限规则"},
    [T_STATE] = {"state", "状态"},
    [T_DUE] = {"due", "截止"},
    [T_DONE] = {"done", "完成"},
    [T_SURE] = {"certain", "确定"},
    [T_TOTAL] = {"total", "合计"},
};

static const char *word(const struct app *app, enum text t)
{
	return texts[t][app->lang];
}

static void show_member(struct app *app, const struct sy_json_doc *doc, const struct sy_json *v,
			const char *member, enum text t)
{
	struct sy_str text = view_text(app, doc, sy_json_get(doc, v, member));

	text = t == T_RULE ? recall_deadline(app, text) : recall_word(app, text);
	out_str(&app->out, word(app, t), text.n > 0 ? view_time(app, text) : SY_STR("-"));
}

static void show_deadlines(struct app *app, const struct sy_json_doc *doc)
{
	const struct sy_json *d;

	out_list(&app->out, NULL);
	sy_json_each (doc, sy_json_get(doc, sy_json_root(doc), "deadlines"), d) {
		out_object(&app->out, NULL);
		show_member(app, doc, d, "step", T_STEP);
		show_member(app, doc, d, "rule", T_RULE);
		show_member(app, doc, d, "state", T_STATE);
		show_member(app, doc, d, "due", T_DUE);
		show_member(app, doc, d, "done", T_DONE);
		out_end(&app->out);
	}
	out_end(&app->out);
}

static void show_quantity(struct app *app, const struct sy_json_doc *doc, const struct sy_json *q)
{
	static const struct {
		const char *member;
		enum text t;
	} amounts[] = {{"toRecall", T_TO_RECALL},        {"found", T_FOUND},
		       {"stopped", T_STOPPED},           {"returned", T_RETURNED},
		       {"destroyed", T_DESTROYED},       {"outstanding", T_OUTSTANDING},
		       {"recoveredPercent", T_RECOVERED}};
	struct sy_str unit = view_text(app, doc, sy_json_get(doc, q, "unit"));

	if (unit.n > 0)
		unit = unit_name(unit, false, app->lang == LANG_ZH);
	out_str(&app->out, word(app, T_UNIT), unit.n > 0 ? unit : SY_STR("-"));
	for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
		show_member(app, doc, q, amounts[i].member, amounts[i].t);
}

/* One row a unit; without quantities one row all the same. */
static void show_tally(struct app *app, const struct sy_json_doc *doc, const struct sy_json *v,
		       enum text what, struct sy_str who)
{
	const struct sy_json *q = sy_json_first(doc, sy_json_get(doc, v, "quantities"));

	do {
		out_object(&app->out, NULL);
		out_str(&app->out, word(app, what), who.n > 0 ? view_short(who) : SY_STR("-"));
		if (what == T_PARTY)
			show_member(app, doc, v, "name", T_NAME);
		show_member(app, doc, v, "told", T_TOLD);
		show_member(app, doc, v, "untold", T_UNTOLD);
		show_member(app, doc, v, "answered", T_ANSWERED);
		show_member(app, doc, v, "answeredPercent", T_PERCENT);
		show_quantity(app, doc, q);
		out_end(&app->out);
		q = q != NULL ? sy_json_next(doc, q) : NULL;
	} while (q != NULL);
}

static void show_tallies(struct app *app, const struct sy_json_doc *doc, const char *list,
			 const char *name, enum text what)
{
	const struct sy_json *root = sy_json_root(doc), *v;

	out_list(&app->out, NULL);
	sy_json_each (doc, sy_json_get(doc, root, list), v)
		show_tally(app, doc, v, what, view_text(app, doc, sy_json_get(doc, v, name)));
	if (what == T_PARTY) /* it is the same of regions */
		show_tally(app, doc, sy_json_get(doc, root, "total"), what,
			   sy_str(word(app, T_TOTAL)));
	out_end(&app->out);
}

/* What the tables let one overlook. */
static void show_remarks(struct app *app, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc);
	struct sy_str again = view_text(app, doc, view_at(doc, root, "total.toldAgain")),
		      seconds = view_text(app, doc, sy_json_get(doc, root, "exerciseSeconds"));

	if (again.n > 0 && !sy_str_is(again, "0"))
		out_line(
		    &app->out,
		    words("%.*s of those who answered were told again since, and may have more "
			  "of it now"),
		    (int)again.n, again.p);
	if (seconds.n > 0)
		out_line(&app->out, words("the exercise took %.*s seconds"), (int)seconds.n,
			 seconds.p);
}

int cmd_recall_effectiveness(struct app *app)
{
	struct sy_json_doc doc;
	int rc = recall_get(app, arg_pos(app, 0), "/effectiveness", &doc);

	if (rc != RC_DONE)
		return rc;
	if (out_is_json(&app->out)) {
		out_json(&app->out, NULL, sy_json_raw(&doc, sy_json_root(&doc)));
		return RC_DONE;
	}
	show_tallies(app, &doc, "parties", "party", T_PARTY);
	out_line(&app->out, "%s", "");
	show_tallies(app, &doc, "regions", "region", T_REGION);
	out_line(&app->out, "%s", "");
	show_deadlines(app, &doc);
	show_remarks(app, &doc);
	if (affected_is(&doc, sy_json_root(&doc), "uncertain")) {
		out_line(&app->out, "%s", "");
		out_line(&app->out, "%s", words(affected_uncertain));
	}
	return recall_whole(app, &doc);
}

static void show_notices(struct app *app, const struct sy_json_doc *doc)
{
	struct names names = {.app = app};
	const struct sy_json *n;

	out_list(&app->out, NULL);
	sy_json_each (doc, sy_json_get(doc, sy_json_root(doc), "notices"), n) {
		out_object(&app->out, NULL);
		struct sy_str party = view_text(app, doc, sy_json_get(doc, n, "party")),
			      name = names_ask(&names, "/v1/parties?id=", party);
		out_str(&app->out, word(app, T_PARTY), view_short(party));
		out_str(&app->out, word(app, T_NAME), name.n > 0 ? name : SY_STR("-"));
		show_member(app, doc, n, "region", T_REGION);
		show_member(app, doc, n, "told", T_TOLD);
		show_member(app, doc, n, "answered", T_ANSWERED);
		struct sy_str again = view_text(app, doc, sy_json_get(doc, n, "toldAgain"));
		out_str(&app->out, word(app, T_AGAIN),
			again.n > 0 ? view_word(app, again) : SY_STR("-"));
		out_end(&app->out);
	}
	out_end(&app->out);
	names_free(&names);
}

/* What it names, one after the other, in the words of the options that it was opened with. */
static void show_scope(struct app *app, const struct sy_json_doc *doc, const struct sy_json *scope)
{
	static const struct {
		const char *member, *label;
	} parts[] = {{"items", "scope"},    {"product", "product"}, {"madeFrom", "made from"},
		     {"madeTo", "made to"}, {"place", "place"},     {"from", "from"},
		     {"to", "to"}};

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		const struct sy_json *v = sy_json_get(doc, scope, parts[i].member), *item;
		struct sy_buf b = {0};
		if (v == NULL)
			continue;
		if (v->type != SY_JSON_ARRAY)
			sy_buf_str(&b, view_short(view_text(app, doc, v)));
		else
			sy_json_each (doc, v, item) {
				sy_buf_text(&b, b.n > 0 ? ", " : "");
				sy_buf_str(&b, view_short(view_text(app, doc, item)));
			}
		out_str(&app->out, parts[i].label, sy_buf_span(&b));
		sy_buf_free(&b);
	}
}

/* A party with its name. */
static void show_party(struct app *app, const char *label, struct sy_str id)
{
	struct names names = {.app = app};
	struct sy_str name = names_ask(&names, "/v1/parties?id=", id);

	if (name.n > 0)
		out_printf(&app->out, label, "%.*s (%.*s)", (int)name.n, name.p,
			   (int)view_short(id).n, view_short(id).p);
	else
		out_str(&app->out, label, view_short(id));
	names_free(&names);
}

int cmd_recall_show(struct app *app)
{
	static const struct {
		const char *member, *label;
	} members[] = {{"id", "id"},
		       {"number", "number"},
		       {"state", "state"},
		       {"level", "level"},
		       {"rule", "rule"},
		       {"mock", "exercise"},
		       {"party", "party"},
		       {"author", "author"},
		       {"reason", "reason"},
		       {"measures", "what to do"},
		       {"known", "known"},
		       {"opened", "opened"},
		       {"firstNotice", "first notice"},
		       {"complete", "complete"},
		       {"closed", "closed"},
		       {"marked", "marked"},
		       {"record", "record"}};
	struct sy_json_doc doc;
	const struct sy_json *root;
	int rc = recall_get(app, arg_pos(app, 0), "", &doc);

	if (rc != RC_DONE)
		return rc;
	root = sy_json_root(&doc);
	if (out_is_json(&app->out)) {
		out_json(&app->out, NULL, sy_json_raw(&doc, root));
		return RC_DONE;
	}
	out_object(&app->out, NULL);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const char *member = members[i].member, *label = members[i].label;
		struct sy_str text = view_text(app, &doc, sy_json_get(&doc, root, member));
		if (text.n == 0)
			continue;
		if (strcmp(member, "party") == 0 || strcmp(member, "author") == 0)
			show_party(app, label, text);
		else if (strcmp(member, "state") == 0 || strcmp(member, "mock") == 0)
			out_str(&app->out, label, view_word(app, text));
		else
			out_str(&app->out, label, view_time(app, text));
	}
	show_scope(app, &doc, view_at(&doc, root, "recall.scope"));
	out_end(&app->out);
	out_line(&app->out, "%s", "");
	show_deadlines(app, &doc);
	out_line(&app->out, "%s", "");
	show_notices(app, &doc);
	return RC_DONE;
}
