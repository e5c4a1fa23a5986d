#include "codes.h"

#include "value.h"

#define CODES_BYTES ((size_t)64 << 20) /* of standard input */

struct list {
	const char **v;
	size_t n, cap;
};

static int add(struct app *app, struct list *l, const char *code)
{
	if (code == NULL || !sy_arena_room(&app->arena, &l->v, &l->cap, l->n + 1, sizeof *l->v))
		return fail_memory(&app->fail);
	l->v[l->n++] = code;
	return RC_DONE;
}

static int add_lines(struct app *app, struct list *l)
{
	struct sy_buf text = {0};
	struct sy_str rest, line;
	int rc = file_read("-", CODES_BYTES, &text, &app->fail);

	rest = sy_buf_span(&text);
	while (rc == RC_DONE && sy_str_line(&rest, &line)) {
		line = value_trim(line);
		if (line.n > 0)
			rc = add(app, l, sy_arena_strdup(&app->arena, line));
	}
	sy_buf_free(&text);
	return rc;
}

int codes_expand(struct app *app)
{
	struct list l = {0};
	const char *code;
	int rc = RC_DONE;

	for (size_t i = 0; rc == RC_DONE && (code = arg_pos(app, i)) != NULL; i++)
		rc = strcmp(code, "-") == 0 ? add_lines(app, &l) : add(app, &l, code);
	if (rc != RC_DONE)
		return rc;
	if (l.n == 0 && app->args.n_pos > 0)
		return fail(&app->fail, RC_FAIL, "standard input has no code");
	app->args.pos = l.v;
	app->args.n_pos = l.n;
	return RC_DONE;
}
