#include "trace_draw.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* --- what is drawn ---------------------------------------------------------------------------- */

static bool skip(struct sy_str *s, const char *text)
{
	size_t n = strlen(text);

	if (s->n < n || memcmp(s->p, text, n) != 0)
		return false;
	s->p += n, s->n -= n;
	return true;
}

static bool skip_quoted(struct sy_str *s)
{
	size_t i = 1;

	if (s->n == 0 || s->p[0] != '"')
		return false;
	while (i < s->n && s->p[i] != '"')
		i += s->p[i] == '\\' ? 2 : 1;
	if (i >= s->n)
		return false;
	s->p += i + 1, s->n -= i + 1;
	return true;
}

/* A thing or an arrow, with no attributes but those that the ledger's own drawings have. */
static bool is_drawn_line(struct sy_str s)
{
	static const char *const shapes[] = {", shape=ellipse", ", shape=house", ""},
				 *const bold[] = {", style=bold", ""},
				 *const arrows[] = {"style=dotted", "style=dashed",
						    "color=gray, arrowhead=none", ""};
	size_t i = 0;

	if (skip(&s, "\t// "))
		return true;
	if (!skip(&s, "\t"))
		return false;
	if (skip(&s, "label="))
		return skip_quoted(&s) && sy_str_is(s, ";");
	if (!skip_quoted(&s))
		return false;
	if (skip(&s, " -> ")) {
		if (!skip_quoted(&s) || !skip(&s, " ["))
			return false;
		while (!skip(&s, arrows[i]))
			i++;
		return sy_str_is(s, "];");
	}
	if (!skip(&s, " [label=") || !skip_quoted(&s))
		return false;
	while (!skip(&s, shapes[i]))
		i++;
	for (i = 0; !skip(&s, bold[i]);)
		i++;
	return sy_str_is(s, "];");
}

/* Graphviz fetches images, and a page follows links, that a drawing names: it names none. */
static int check_drawing(struct app *app, struct sy_str dot)
{
	static const char *const head[] = {"digraph trace {", "\trankdir=LR;",
					   "\tnode [shape=box];"};
	struct sy_str line;
	unsigned n = 0;

	while (sy_str_line(&dot, &line)) {
		bool good = n < 3        ? sy_str_is(line, head[n])
			    : dot.n == 0 ? sy_str_is(line, "}")
					 : is_drawn_line(line);
		n++;
		if (!good)
			return fail(&app->fail, RC_FAIL,
				    "the answer's line %u is no line of a drawing", n);
	}
	return RC_DONE;
}

/* --- drawing it --------------------------------------------------------------------------------
 */

static bool write_whole(int fd, struct sy_str text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			text.p += n, text.n -= (size_t)n;
	}
	return true;
}

/* Graphviz reads a file of its own, so that it can't be waited for by whoever writes. */
static int run_dot(struct app *app, struct sy_str dot, const char *file)
{
	posix_spawn_file_actions_t from;
	char program[] = "dot", form[] = "-Tsvg", to[] = "-o";
	char *argv[] = {program, form, to, sy_arena_strdup(&app->arena, sy_str(file)), NULL};
	FILE *text = tmpfile();
	int status = 0, err;
	pid_t pid;

	if (text == NULL || !write_whole(fileno(text), dot) || lseek(fileno(text), 0, SEEK_SET)) {
		if (text)
			fclose(text);
		return fail(&app->fail, RC_FAIL, "a file to draw from: %s", strerror(errno));
	}
	posix_spawn_file_actions_init(&from);
	posix_spawn_file_actions_adddup2(&from, fileno(text), STDIN_FILENO);
	err = posix_spawnp(&pid, "dot", &from, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&from);
	fclose(text);
	if (err == ENOENT)
		return fail(&app->fail, RC_FAIL,
			    "--svg draws with Graphviz, and there is no program dot here: install "
			    "graphviz, or take --format dot");
	while (err == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (err != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail(&app->fail, RC_FAIL, "Graphviz's dot could not draw %s", file);
	return RC_DONE;
}

int draw(struct app *app, struct sy_str dot, const char *file)
{
	int rc = check_drawing(app, dot);

	return rc == RC_DONE ? run_dot(app, dot, file) : rc;
}
