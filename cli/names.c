#include "names.h"

#include "view.h"

/* What the endpoints call their list, and where a name is in each of it. */
static const char *const lists[][2] = {
    {"products", "product.name"}, {"parties", "party.name"}, {"places", "place.name"}};

static const struct sy_json *name_in(const struct sy_json_doc *doc)
{
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct sy_json *rows = sy_json_get(doc, sy_json_root(doc), lists[i][0]);
		if (rows != NULL)
			return view_at(doc, sy_json_first(doc, rows), lists[i][1]);
	}
	return NULL;
}

static struct sy_str ask_name(struct names *s, const char *endpoint, struct sy_str id)
{
	struct fail ignored = {0};
	struct http_answer a = {0};
	struct sy_arena arena = {0};
	struct sy_buf path = {0};
	struct sy_json_doc doc;
	struct sy_str name = {"", 0};

	sy_buf_text(&path, endpoint);
	http_escape(&path, id);
	if (!path.failed &&
	    (s->http != NULL || trust_connect(s->app, &s->http, &ignored) == RC_DONE) &&
	    http_get(s->http, sy_buf_cstr(&path), &a, &ignored) == RC_DONE && a.status == 200 &&
	    sy_json_parse(&arena, sy_buf_span(&a.body), 0, &doc, NULL) == SY_OK) {
		const struct sy_json *v = name_in(&doc);
		bool zh = s->app->lang == LANG_ZH;
		const struct sy_json *one = sy_json_get(&doc, v, zh ? "zh" : "en");
		if (one == NULL)
			one = sy_json_get(&doc, v, zh ? "en" : "zh");
		if (one != NULL)
			(void)sy_json_string(&doc, one, &arena, &name);
	}
	name = sy_str(sy_arena_strdup(&s->arena, name));
	sy_buf_free(&path);
	http_answer_free(&a);
	sy_arena_free(&arena);
	return name;
}

struct sy_str names_ask(struct names *s, const char *endpoint, struct sy_str id)
{
	uint64_t nth = s->n;

	int err;

	if (id.n == 0)
		return id;
	if (!sy_arena_room(&s->arena, &s->v, &s->cap, s->n + 1, sizeof *s->v))
		return SY_STR("");
	if ((err = seen_add(&s->ids, id, &nth)))
		return err == SY_EDUP ? s->v[nth] : SY_STR("");
	return s->v[s->n++] = ask_name(s, endpoint, id);
}

void names_put(struct names *s, struct sy_buf *out, const char *endpoint, struct sy_str id)
{
	struct sy_str name = names_ask(s, endpoint, id), code = view_short(id);

	if (name.n > 0)
		sy_buf_printf(out, "%.*s (%.*s)", (int)name.n, name.p, (int)code.n, code.p);
	else
		sy_buf_str(out, code);
}

void names_free(struct names *s)
{
	http_free(s->http);
	seen_free(&s->ids);
	sy_arena_free(&s->arena);
}
