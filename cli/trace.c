/*
 * suyuan trace: where things came from and where they went, streamed.
 */
#include "codes.h"
#include "edit.h"
#include "nouns.h"
#include "trace_draw.h"
#include "trace_sums.h"
#include "trace_tree.h"
#include "value.h"
#include "whole.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	WIDE = 20,       /* things shown of each */
	DRAWN_MAX = 3000 /* edges: Graphviz takes minutes and gigabytes for some ten thousand */
};
#define LINE_MOST ((size_t)1 << 20)

/* An answer on its way in. */
struct tracing {
	struct app *app;
	const struct trace_form *form;
	struct http_answer answer;
	struct sy_buf line;    /* one that isn't whole yet; of a drawing all of it */
	struct sy_arena arena; /* of one line */
	struct tree *tree;
	size_t drawn;
	struct whole whole;
};

struct trace_form {
	const char *name, *asked; /* and what the ledger is asked for */
	int (*take)(struct tracing *t, struct sy_str bytes);
	int (*line)(struct tracing *t, struct sy_str line); /* of NDJSON; NULL for other forms */
	void (*end)(struct tracing *t);
};

/* --- lines ------------------------------------------------------------------------------------ */

static int take_bytes(struct tracing *t, struct sy_str bytes)
{
	out_bytes(&t->app->out, bytes);
	return t->app->out.failed ? RC_FAIL : whole_bytes(&t->whole, bytes);
}

static int take_line(struct tracing *t)
{
	int rc = t->form->line(t, sy_buf_span(&t->line));

	sy_buf_reset(&t->line);
	sy_arena_reset(&t->arena);
	return rc;
}

static int take_lines(struct tracing *t, struct sy_str bytes)
{
	int rc = RC_DONE;

	while (bytes.n > 0 && rc == RC_DONE) {
		const char *end = memchr(bytes.p, '\n', bytes.n);
		size_t n = end ? (size_t)(end - bytes.p) : bytes.n;
		sy_buf_put(&t->line, bytes.p, n);
		if (t->line.failed || t->line.n > LINE_MOST)
			return fail(&t->app->fail, RC_FAIL,
				    "the ledger's answer has a line past %zu bytes", LINE_MOST);
		if (end != NULL)
			rc = take_line(t);
		n += end != NULL;
		bytes.p += n, bytes.n -= n;
	}
	return rc;
}

static int read_line(struct tracing *t, struct sy_str line, struct sy_json_doc *doc)
{
	struct sy_json_fault why;

	if (sy_json_parse(&t->arena, line, 0, doc, &why) == SY_OK)
		return whole_line(&t->whole, doc);
	return fail(&t->app->fail, RC_FAIL, "the ledger's answer is not JSON: %s", why.detail);
}

static struct sy_str text_of(struct tracing *t, const struct sy_json_doc *doc, const char *name)
{
	struct sy_str s = {"", 0};

	sy_json_string(doc, sy_json_get(doc, sy_json_root(doc), name), &t->arena, &s);
	return s;
}

static int tree_line(struct tracing *t, struct sy_str line)
{
	struct sy_json_doc doc;
	int rc = read_line(t, line, &doc);

	if (rc == RC_DONE && !t->whole.ended && !tree_add(t->tree, &doc))
		rc = fail_memory(&t->app->fail);
	return rc;
}

static void tree_end(struct tracing *t)
{
	tree_show(t->tree);
}

/* Wide enough for a GS1 code of a lot; longer ones push the rest aside. */
static void table_row(struct tracing *t, const char *distance, struct sy_str item, const char *edge,
		      struct sy_str from, struct sy_str records)
{
	item = view_short(item);
	from = view_short(from);
	out_line(&t->app->out, "%8s  %-38.*s  %-9s  %-38.*s  %.*s", distance, (int)item.n, item.p,
		 edge, (int)from.n, from.p, (int)records.n, records.p);
}

static int table_line(struct tracing *t, struct sy_str line)
{
	static const char *const whats[] = {"item", "party", "place"};
	struct sy_json_doc doc;
	struct sy_str what = {"", 0}, edge, records;
	char distance[24], word[24];
	int rc = read_line(t, line, &doc);

	if (rc != RC_DONE || t->whole.ended)
		return rc;
	for (size_t i = 0; i < 3 && what.n == 0; i++)
		what = text_of(t, &doc, whats[i]);
	if (what.n == 0)
		return fail(&t->app->fail, RC_FAIL,
			    "the answer has a line without an item, a party or a place");
	edge = text_of(t, &doc, "edge");
	records = sy_json_raw(&doc, sy_json_get(&doc, sy_json_root(&doc), "records"));
	if (records.n >= 2)
		records.p++, records.n -= 2;
	struct sy_str n = sy_json_raw(&doc, sy_json_get(&doc, sy_json_root(&doc), "distance"));
	snprintf(distance, sizeof distance, "%.*s", (int)n.n, n.p);
	snprintf(word, sizeof word, "%.*s", (int)edge.n, edge.p);
	table_row(t, distance, what, word, text_of(t, &doc, "from"), records);
	return t->app->out.failed ? RC_FAIL : RC_DONE;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static int take_drawing(struct tracing *t, struct sy_str bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		t->drawn += bytes.p[i] == '\n';
	int rc = whole_bytes(&t->whole, bytes);
	if (rc != RC_DONE)
		return rc;
	sy_buf_str(&t->line, bytes);
	if (t->line.failed)
		return fail_memory(&t->app->fail);
	if (t->drawn > 2 * DRAWN_MAX)
		return fail(
		    &t->app->fail, RC_FAIL,
		    "more than %d things are too many to draw: narrow it by --depth, --from and "
		    "--to, or take --format dot",
		    DRAWN_MAX);
	return RC_DONE;
}

/* --- the command ------------------------------------------------------------------------------ */

static const struct trace_form forms[] = {
    {"tree", "ndjson", take_lines, tree_line, tree_end},
    {"table", "ndjson", take_lines, table_line, NULL},
    {"json", "json", take_bytes, NULL, NULL},
    {"ndjson", "ndjson", take_bytes, NULL, NULL},
    {"csv", "csv", take_bytes, NULL, NULL},
    {"dot", "dot", take_bytes, NULL, NULL},
};
static const struct trace_form drawing = {"svg", "dot", take_drawing, NULL, NULL};
#define N_FORMS (sizeof forms / sizeof forms[0])

/* A tree for whoever looks at it, a table for programs. */
static const struct trace_form *form_of(struct app *app)
{
	const char *name = arg(app, "format");

	if (arg(app, "svg") != NULL && name == NULL)
		return &drawing;
	if (name == NULL)
		name = out_is_json(&app->out)          ? "json"
		       : isatty(fileno(app->out.file)) ? "tree"
						       : "table";
	for (size_t i = 0; i < N_FORMS; i++) {
		if (strcmp(forms[i].name, name) == 0 && arg(app, "svg") == NULL)
			return &forms[i];
	}
	fail(&app->fail, RC_USAGE,
	     arg(app, "svg") ? "--svg or --format %s, not both"
			     : "--format %s: expected tree, table, json, ndjson, csv or dot",
	     name);
	return NULL;
}

static int put_question(struct app *app, const struct trace_form *form, struct sy_buf *path)
{
	const uint64_t deepest = UINT32_MAX >> 2;
	struct sy_code code;
	uint64_t depth;
	int rc = arg_u64(app, "depth", 0, deepest, deepest, &depth);

	sy_buf_printf(path, "/v1/trace?direction=%s&format=%s", app->cmd->verb, form->asked);
	if (rc == RC_DONE && arg(app, "depth") != NULL)
		sy_buf_printf(path, "&depth=%llu", (unsigned long long)depth);
	for (size_t i = 0; i < app->args.n_pos && rc == RC_DONE; i++) {
		if ((rc = edit_code(app, arg_pos(app, i), &code)) == RC_DONE) {
			sy_buf_text(path, "&code=");
			http_escape(path, sy_str(arg_pos(app, i)));
		}
	}
	if (rc == RC_DONE)
		rc = sums_time(app, path, "from");
	if (rc == RC_DONE)
		rc = sums_time(app, path, "to");
	return rc == RC_DONE && path->failed ? fail_memory(&app->fail) : rc;
}

static int take(void *ctx, struct sy_str bytes)
{
	struct tracing *t = ctx;

	return t->form->take(t, bytes);
}

static int fetch(struct tracing *t)
{
	struct app *app = t->app;
	struct sy_buf path = {0};
	int rc = put_question(app, t->form, &path);

	whole_begin(&t->whole, t->form->asked, &app->fail);

	if (rc == RC_DONE)
		rc = trust_contact(app);
	if (rc == RC_DONE) {
		trust_at(app->trust, &path);
		rc = path.failed ? fail_memory(&app->fail)
				 : http_stream(app->http, sy_buf_cstr(&path), take, t, &t->answer,
					       &app->fail);
	}
	if (rc == RC_DONE && t->line.n > 0 && t->form != &drawing)
		rc = fail(&app->fail, RC_FAIL, "the answer isn't whole: it has no end");
	if (rc == RC_DONE)
		rc = whole_end(&t->whole, &t->answer);
	sy_buf_free(&path);
	if (rc != RC_UNKNOWN)
		return rc;
	memset(&app->fail, 0, sizeof app->fail);
	return fail(&app->fail, rc, "no record names %s",
		    app->args.n_pos > 1 ? "any of these codes" : arg_pos(app, 0));
}

/* Is it whoever asks that left it out? */
static bool is_asked_for(const struct app *app, const char *cut)
{
	if (strcmp(cut, "depth") == 0)
		return arg(app, "depth") != NULL;
	return strcmp(cut, "time") == 0 && (arg(app, "from") != NULL || arg(app, "to") != NULL);
}

/* What isn't in it is never passed over. */
static int tell(struct tracing *t)
{
	static const struct {
		const char *cut, *says[2];
	} cuts[] = {
	    {"depth", {"there is more, farther than --depth", "已按 --depth 截断，更远处还有"}},
	    {"size",
	     {"there is more than a walk of this ledger has memory for", "已截断：超出内存限额"}},
	    {"time",
	     {"there is more: out of the time asked for, or than a walk has time for",
	      "已截断：在所问时段之外，或超出时间限额"}},
	    {"rights", {"there is more that you may not see", "已截断：另有无权查看的内容"}},
	};

	const char *cut = t->answer.cut[0] != '\0' ? t->answer.cut : t->whole.cut;
	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		if (strcmp(cut, cuts[i].cut) == 0)
			say("%s", cuts[i].says[t->app->lang]);
	}
	if (cut[0] != '\0' && !is_asked_for(t->app, cut))
		return fail(&t->app->fail, RC_FAIL, "this isn't all: the answer was cut by %s",
			    cut);
	if (t->answer.unknown == 0)
		return RC_DONE;
	return fail(&t->app->fail, RC_UNKNOWN, "no record names %llu of these codes",
		    (unsigned long long)t->answer.unknown);
}

static int cmd_trace(struct app *app)
{
	struct tracing *t = calloc(1, sizeof *t);
	uint64_t wide;
	int rc = arg_u64(app, "wide", 0, 1000000, WIDE, &wide);

	if (t == NULL)
		return fail_memory(&app->fail);
	t->app = app;
	if (rc == RC_DONE)
		rc = codes_expand(app);
	if (rc == RC_DONE && (t->form = form_of(app)) == NULL)
		rc = RC_USAGE;
	if (rc == RC_DONE && (t->tree = tree_new(app, wide)) == NULL)
		rc = fail_memory(&app->fail);
	if (rc == RC_DONE)
		rc = fetch(t);
	if (rc == RC_DONE && t->form->end != NULL)
		t->form->end(t);
	if (rc == RC_DONE && t->form == &drawing)
		rc = draw(app, sy_buf_span(&t->line), arg(app, "svg"));
	if (rc == RC_DONE)
		rc = tell(t);
	tree_free(t->tree);
	http_answer_free(&t->answer);
	sy_buf_free(&t->line);
	whole_free(&t->whole);
	sy_arena_free(&t->arena);
	free(t);
	return rc;
}

static const struct flag trace_flags[] = {
    {"depth", "N", "nothing farther than so many steps", FLAG_ONE},
    {"from", "TIME", "what happened from then on; a day, or a day and time", FLAG_ONE},
    {"to", "TIME", "and until then; a day lasts to its end", FLAG_ONE},
    {"format", "FORM", "tree (default on a terminal), table, json, ndjson, csv or dot", FLAG_ONE},
    {"wide", "N", "of a tree: things shown below each, 0 for all (default 20)", FLAG_ONE},
    {"svg", "FILE", "draw it, with Graphviz where it is installed", FLAG_ONE},
    {0},
};

const struct command trace_commands[] = {
    {"back", "CODE...", 1, -1, "what it was made of, its lot, and who had it where (- reads codes)",
     trace_flags, cmd_trace, "suyuan trace back '(01)06901234567892(10)A1'"},
    {"forward", "CODE...", 1, -1, "what was made of it, its units, and who got it where",
     trace_flags, cmd_trace,
     "suyuan trace forward '(01)06901234567892(10)A1' --from 2026-11-01 --format csv"},
    {"both", "CODE...", 1, -1, "either way", trace_flags, cmd_trace,
     "suyuan trace both '(01)06901234567892(10)A1' --depth 2"},
    {"common", "CODE...", 1, 256,
     "the lots, places and parties that explain most complaints (- reads codes, a line each)",
     trace_common_flags, cmd_trace_common,
     "suyuan trace common '(01)06901234567892(10)A1' '(01)06901234567892(10)A2' --good "
     "'(01)06901234567892(10)B7'"},
    {"balance", "CODE...", 1, -1,
     "do quantities add up: made, used, shipped, on hand, of a lot or a party", trace_balance_flags,
     cmd_trace_balance, "suyuan trace balance '(01)06901234567892(10)A1'"},
    {0},
};
