#include "whole.h"

#include <strings.h>

static int parse_line(void *ctx, struct sy_str line)
{
	struct whole *w = ctx;
	struct sy_json_doc doc;

	sy_arena_reset(&w->arena);
	if (sy_json_parse(&w->arena, line, 0, &doc, NULL) != SY_OK)
		return fail(w->fail, RC_FAIL, "the answer has a line that isn't JSON");
	return whole_line(w, &doc);
}

void whole_begin(struct whole *w, const char *form, struct fail *f)
{
	*w = (struct whole){.form = form, .fail = f, .split = {.line = parse_line, .ctx = w}};
}

void whole_free(struct whole *w)
{
	lines_free(&w->split);
	sy_arena_free(&w->arena);
}

/* Brackets outside of strings; whoever reads the JSON judges the rest. */
static void follow_json(struct whole *w, char c)
{
	if (w->escaped)
		w->escaped = false;
	else if (w->quoted && c == '\\')
		w->escaped = true;
	else if (c == '"')
		w->quoted = !w->quoted;
	else if (!w->quoted && (c == '{' || c == '['))
		w->depth++;
	else if (!w->quoted && (c == '}' || c == ']'))
		w->ended = w->depth > 0 && --w->depth == 0;
}

int whole_bytes(struct whole *w, struct sy_str bytes)
{
	bool json = strcmp(w->form, "json") == 0;

	if (strcmp(w->form, "ndjson") == 0)
		return lines_take(&w->split, bytes);
	for (size_t i = 0; json && i < bytes.n; i++) {
		bool blank = strchr(" \t\r\n", bytes.p[i]) != NULL && bytes.p[i] != '\0';
		if (w->ended && !blank)
			return fail(w->fail, RC_FAIL, "the answer has something behind its end");
		follow_json(w, bytes.p[i]);
	}
	for (size_t i = bytes.n > 2 ? bytes.n - 2 : 0; i < bytes.n; i++) {
		w->last[0] = w->last[1];
		w->last[1] = bytes.p[i];
	}
	return RC_DONE;
}

/* Lines that came, by what they are about; a list that isn't named has none. */
static bool counts_agree(const struct sy_json_doc *doc, const struct sy_json *root, uint64_t lines)
{
	static const char *const lists[] = {"items", "parties", "places"};
	const struct sy_json *events = sy_json_get(doc, root, "events");
	uint64_t n, sum = 0;

	if (events != NULL)
		return sy_json_u64(doc, events, &n) == SY_OK && n == lines;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct sy_json *v = sy_json_get(doc, root, lists[i]);
		if (v == NULL && i > 0)
			continue;
		if (sy_json_u64(doc, v, &n) != SY_OK || n > UINT64_MAX - sum)
			return false;
		sum += n;
	}
	return sum == lines;
}

int whole_line(struct whole *w, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc);
	const struct sy_json *end = sy_json_get(doc, root, "end"), *cut;

	if (w->ended)
		return fail(w->fail, RC_FAIL, "the answer has something behind its end");
	if (root->type != SY_JSON_OBJECT)
		return fail(w->fail, RC_FAIL, "the answer has a line that is no object");
	if (end == NULL) {
		w->lines++;
		return RC_DONE;
	}
	cut = sy_json_get(doc, root, "cut");
	if (end->type != SY_JSON_TRUE || cut == NULL ||
	    (cut->type != SY_JSON_NULL && cut->type != SY_JSON_STRING))
		return fail(w->fail, RC_FAIL, "the answer's last line doesn't say what it should");
	if (!counts_agree(doc, root, w->lines))
		return fail(w->fail, RC_FAIL,
			    "the answer isn't whole: %llu lines came, and its last one has "
			    "another number",
			    (unsigned long long)w->lines);
	if (cut->type == SY_JSON_STRING)
		snprintf(w->cut, sizeof w->cut, "%.*s", (int)cut->len, doc->text + cut->off);
	w->ended = true;
	return RC_DONE;
}

int whole_end(struct whole *w, const struct http_answer *a)
{
	static const struct {
		const char *form, *type;
	} types[] = {{"ndjson", "application/x-ndjson"},
		     {"json", "application/json"},
		     {"csv", "text/csv"},
		     {"dot", "text/vnd.graphviz"}};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].form, w->form) == 0 &&
		    strncasecmp(types[i].type, a->type, strlen(types[i].type)) != 0)
			return fail(w->fail, RC_FAIL, "the answer is \"%s\": expected %s", a->type,
				    types[i].type);
	if (strcmp(w->form, "csv") == 0)
		w->ended = w->last[1] == '\n';
	else if (strcmp(w->form, "dot") == 0)
		w->ended = w->last[0] == '}' && w->last[1] == '\n';
	if (!w->ended || w->split.rest.n > 0)
		return fail(w->fail, RC_FAIL, "the answer isn't whole: it has no end");
	return RC_DONE;
}
