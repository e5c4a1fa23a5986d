#include "trace_tree.h"

#include "names.h"

#include <stdlib.h>

enum {
	SHOWN_MAX = 2000, /* things of a tree */
	NAMED_MAX = 300,  /* of those, whose date and state the ledger is asked for */
	ACTORS_MAX = 50,  /* parties, and places */
	SLOTS = 8192      /* more than twice as many as are shown */
};

/* --- words ------------------------------------------------------------------------------------ */

enum text { T_MORE, T_HIDDEN, T_PARTIES, T_PLACES, T_ACTORS, T_RECORD, T_MADE, T_SEEN, T_LOT };

static const char *const texts[][2] = {
    [T_MORE] = {"and %zu more", "另有 %zu 个"},
    [T_HIDDEN] = {"%zu of %zu things are shown; --wide 0 shows more of each, --format table all",
		  "共 %2$zu 个，显示 %1$zu 个；--wide 0 显示更多，--format table 列出全部"},
    [T_PARTIES] = {"Parties", "相关单位"},
    [T_PLACES] = {"Places", "相关地点"},
    [T_ACTORS] = {"  and %zu more", "  另有 %zu 个"},
    [T_RECORD] = {"record", "记录"},
    [T_MADE] = {"made", "生产于"},
    [T_SEEN] = {"first seen", "首见于"},
    [T_LOT] = {"lot", "批次"},
};

static const struct {
	const char *edge, *says[2][2]; /* forwards, backwards; by enum lang */
} edges[] = {
    {"transform", {{"made of it", "由其制成"}, {"went into it", "其原料"}}},
    {"member", {{"of this lot", "属于此批"}, {"its lot", "所属批次"}}},
    {"contain", {{"packed together", "装箱"}, {"packed together", "装箱"}}},
};

static const char *word(const struct app *app, enum text t)
{
	return texts[t][app->lang];
}

const char *edge_word(const struct app *app, struct sy_str edge, bool back)
{
	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
		if (sy_str_is(edge, edges[i].edge))
			return edges[i].says[back][app->lang];
	}
	return "";
}

/* --- what is kept ----------------------------------------------------------------------------- */

struct node {
	struct sy_str code;
	const char *edge, *records;
	uint64_t distance;
	struct node *child, *last, *next;
	size_t children, more; /* that hang on it: shown, and not */
	bool back;
};

struct actor {
	struct sy_str code;
	uint64_t distance;
	struct actor *next;
};
struct actors {
	struct actor *first, **end;
	size_t n;
};

struct tree {
	struct app *app;
	size_t wide, shown, all;
	struct node root;
	struct node *slots[SLOTS];
	struct actors parties, places;
	struct names names;
};

struct tree *tree_new(struct app *app, size_t wide)
{
	struct tree *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->app = t->names.app = app;
	t->wide = wide ? wide : SIZE_MAX;
	t->parties.end = &t->parties.first;
	t->places.end = &t->places.first;
	return t;
}

void tree_free(struct tree *t)
{
	if (t != NULL)
		names_free(&t->names);
	free(t); /* the rest is the app's arena */
}

/* FNV-1a */
static size_t slot_of(struct sy_str code, bool back)
{
	uint64_t h = 14695981039346656037u + back;

	for (size_t i = 0; i < code.n; i++)
		h = (h ^ (uint8_t)code.p[i]) * 1099511628211u;
	return (size_t)(h >> 20) % SLOTS;
}

/* The node of a code, or the empty slot for it.  Both ways of a trace share what was asked for. */
static struct node **find(struct tree *t, struct sy_str code, bool back)
{
	size_t i = slot_of(code, back);

	while (t->slots[i] != NULL &&
	       (t->slots[i]->back != back || !sy_str_eq(t->slots[i]->code, code)))
		i = (i + 1) % SLOTS;
	return &t->slots[i];
}

static struct sy_str text_of(struct tree *t, const struct sy_json_doc *doc, const char *name)
{
	struct sy_str s = {"", 0};

	sy_json_string(doc, sy_json_get(doc, sy_json_root(doc), name), &t->app->arena, &s);
	return s;
}

static const char *keep(struct tree *t, struct sy_str text)
{
	const char *copy = sy_arena_strdup(&t->app->arena, text);

	return copy ? copy : "";
}

static uint64_t number_of(const struct sy_json_doc *doc, const char *name)
{
	uint64_t n = 0;

	sy_json_u64(doc, sy_json_get(doc, sy_json_root(doc), name), &n);
	return n;
}

static bool add_node(struct tree *t, const struct sy_json_doc *doc, struct sy_str code,
		     struct node *parent, bool back)
{
	struct node *n = sy_arena_calloc(&t->app->arena, 1, sizeof *n);
	const struct sy_json *records = sy_json_get(doc, sy_json_root(doc), "records");

	if (n == NULL)
		return false;
	n->code = sy_str(keep(t, code));
	n->edge = edge_word(t->app, text_of(t, doc, "edge"), back);
	n->records = keep(t, view_text(t->app, doc, records));
	n->distance = number_of(doc, "distance");
	n->back = back;
	*find(t, n->code, back) = n;
	if (parent->last)
		parent->last->next = n;
	else
		parent->child = n;
	parent->last = n;
	parent->children++;
	t->shown++;
	return true;
}

static bool add_item(struct tree *t, const struct sy_json_doc *doc, struct sy_str code)
{
	struct sy_str from = text_of(t, doc, "from");
	bool back = !sy_str_is(text_of(t, doc, "direction"), "forward") &&
		    strcmp(t->app->cmd->verb, "forward") != 0;
	struct node *parent = from.n ? *find(t, from, back) : &t->root;

	t->all++;
	if (parent == NULL && from.n) /* what was asked for both ways has one line */
		parent = *find(t, from, true);
	if (parent == NULL)
		return true; /* hangs on what isn't shown */
	if (t->shown >= SHOWN_MAX || (parent != &t->root && parent->children >= t->wide)) {
		parent->more++;
		return true;
	}
	return add_node(t, doc, code, parent, back);
}

static bool add_actor(struct tree *t, struct actors *all, const struct sy_json_doc *doc,
		      struct sy_str code)
{
	struct actor *a;

	for (a = all->first; a != NULL; a = a->next) { /* both ways may name it */
		if (sy_str_eq(a->code, code))
			return true;
	}
	if (all->n++ >= ACTORS_MAX)
		return true;
	if ((a = sy_arena_calloc(&t->app->arena, 1, sizeof *a)) == NULL)
		return false;
	a->code = sy_str(keep(t, code));
	a->distance = number_of(doc, "distance");
	*all->end = a;
	all->end = &a->next;
	return true;
}

bool tree_add(struct tree *t, const struct sy_json_doc *doc)
{
	struct sy_str item = text_of(t, doc, "item"), party = text_of(t, doc, "party"),
		      place = text_of(t, doc, "place");

	if (item.n)
		return add_item(t, doc, item);
	if (party.n)
		return add_actor(t, &t->parties, doc, party);
	return place.n == 0 || add_actor(t, &t->places, doc, place);
}

/* --- names ------------------------------------------------------------------------------------ */

/* Whatever can't be had is left out. */
static const struct sy_json *ask(struct tree *t, const char *endpoint, struct sy_str value,
				 struct sy_json_doc *doc)
{
	struct sy_buf path = {0};
	int rc = RC_FAIL;

	sy_buf_text(&path, endpoint);
	http_escape(&path, value);
	if (!path.failed)
		rc = view_get(t->app, sy_buf_cstr(&path), doc);
	sy_buf_free(&path);
	if (rc != RC_DONE)
		memset(&t->app->fail, 0, sizeof t->app->fail);
	return rc == RC_DONE ? sy_json_root(doc) : NULL;
}

/* "made 2026-11-01, recalled": what the ledger says of it. */
static void put_facts(struct tree *t, struct sy_buf *b, struct sy_str code)
{
	struct sy_json_doc doc;
	const struct sy_json *root = ask(t, "/v1/items?limit=1&code=", code, &doc);
	struct sy_str made, seen, state;

	if (root == NULL)
		return;
	made = view_text(t->app, &doc, view_at(&doc, root, "made"));
	seen = view_text(
	    t->app, &doc,
	    view_at(&doc, sy_json_first(&doc, sy_json_get(&doc, root, "history")), "time"));
	state = view_text(t->app, &doc, view_at(&doc, root, "state"));
	if (made.n)
		sy_buf_printf(b, "  %s %.*s", word(t->app, T_MADE), (int)made.n, made.p);
	else if (seen.n >= 10)
		sy_buf_printf(b, "  %s %.10s", word(t->app, T_SEEN), seen.p);
	if (state.n && !sy_str_is(state, "registered") && !sy_str_is(state, "mentioned"))
		sy_buf_printf(b, "  %.*s", (int)state.n, state.p);
}

/* --- showing ---------------------------------------------------------------------------------- */

static void put_line(struct tree *t, const struct sy_buf *b)
{
	if (!b->failed)
		out_line(&t->app->out, "%.*s", (int)b->n, b->p);
}

static void show_item(struct tree *t, const struct node *n, struct sy_buf *b)
{
	struct sy_str shown = view_short(n->code), name;
	struct sy_code code;

	if (sy_code_parse(&t->app->arena, n->code, &code, NULL, SY_NO_RECORD, "") != SY_OK)
		code = (struct sy_code){.product = {"", 0}};
	name = names_ask(&t->names, "/v1/products?code=", code.product);
	sy_buf_str(b, shown);
	if (name.n)
		sy_buf_printf(b, "  %.*s", (int)name.n, name.p);
	if (t->all <= NAMED_MAX || n->distance == 0)
		put_facts(t, b, n->code);
	if (n->distance > 0)
		sy_buf_printf(b, "  [%llu] %s", (unsigned long long)n->distance, n->edge);
	if (n->records[0])
		sy_buf_printf(b, ", %s %s", word(t->app, T_RECORD), n->records);
}

/* Depth is that of the trace; RAILS are what stands before each line of it. */
static void show_node(struct tree *t, const struct node *n, struct sy_buf *rails, bool last)
{
	struct sy_buf b = {0};
	size_t had = rails->n;

	if (n->distance > 0) {
		sy_buf_str(&b, sy_buf_span(rails));
		sy_buf_text(&b, last ? "└─ " : "├─ ");
		sy_buf_text(rails, last ? "   " : "│  ");
	}
	show_item(t, n, &b);
	put_line(t, &b);
	for (const struct node *c = n->child; c != NULL; c = c->next)
		show_node(t, c, rails, c->next == NULL && n->more == 0);
	if (n->more > 0) {
		sy_buf_reset(&b);
		sy_buf_str(&b, sy_buf_span(rails));
		sy_buf_text(&b, "└─ ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		sy_buf_printf(&b, word(t->app, T_MORE), n->more);
#pragma GCC diagnostic pop
		put_line(t, &b);
	}
	rails->n = had;
	sy_buf_free(&b);
}

static void show_actors(struct tree *t, const struct actors *all, enum text heading,
			const char *endpoint)
{
	if (all->n > 0) {
		out_line(&t->app->out, "%s", "");
		out_line(&t->app->out, "%s", word(t->app, heading));
	}
	for (const struct actor *a = all->first; a != NULL; a = a->next) {
		struct sy_str code = view_short(a->code),
			      name = names_ask(&t->names, endpoint, a->code);
		out_line(&t->app->out, "  %.*s%s%.*s  [%llu]", (int)code.n, code.p,
			 name.n ? "  " : "", (int)name.n, name.p, (unsigned long long)a->distance);
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (all->n > ACTORS_MAX)
		out_line(&t->app->out, word(t->app, T_ACTORS), all->n - ACTORS_MAX);
#pragma GCC diagnostic pop
}

void tree_show(struct tree *t)
{
	struct sy_buf rails = {0};

	for (const struct node *n = t->root.child; n != NULL; n = n->next)
		show_node(t, n, &rails, true);
	show_actors(t, &t->parties, T_PARTIES, "/v1/parties?id=");
	show_actors(t, &t->places, T_PLACES, "/v1/places?id=");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (t->shown < t->all)
		out_line(&t->app->out, word(t->app, T_HIDDEN), t->shown, t->all);
#pragma GCC diagnostic pop
	sy_buf_free(&rails);
}
