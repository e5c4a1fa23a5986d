#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "words.h"

const struct flag global_flags[] = {
    {"ledger", "URL|unix:PATH", "where the ledger is ($SUYUAN_LEDGER; http://127.0.0.1:7300)",
     FLAG_ONE},
    {"vkey", "VKEY", "trust this log key and no other", FLAG_ONE},
    {"key", "FILE", "key file to sign with ($SUYUAN_KEY)", FLAG_ONE},
    {"passphrase-file", "FILE", "passphrase of a sealed key file", FLAG_ONE},
    {"token", "TOKEN", "access token ($SUYUAN_TOKEN)", FLAG_ONE},
    {"json", NULL, "answer in JSON", FLAG_BOOL},
    {"lang", "zh|en", "language of answers for people", FLAG_ONE},
    {"help", NULL, "help for this command", FLAG_BOOL},
    {"version", NULL, "version of this program", FLAG_BOOL},
    {0},
};

int rc_worst(int a, int b)
{
	/* What must stop goods comes before what is asked again later. */
	static const int order[] = {RC_USAGE,   RC_FAIL,   RC_PROOF,   RC_STOP, RC_AWAY,
				    RC_REFUSED, RC_PARTLY, RC_UNKNOWN, RC_DONE};

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		if (a == order[i] || b == order[i])
			return order[i];
	}
	return RC_FAIL;
}

int fail(struct fail *f, int rc, const char *fmt, ...)
{
	va_list ap;

	if (f->text[0] != '\0')
		return rc;
	f->rc = rc;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, words(fmt), ap);
	va_end(ap);
	return rc;
}

/* What others wrote may be in it: no line of theirs looks like one of ours. */
static void put_clean(const char *before, const char *text)
{
	struct sy_buf b = {0};

	struct sy_str rest = sy_str(text), line;

	for (bool first = true; sy_str_line(&rest, &line); first = false) {
		sy_buf_text(&b, first ? before : line.n > 0 && line.p[0] != ' ' ? "\n  " : "\n");
		text_clean(&b, line);
	}
	fprintf(stderr, "%s\n", b.failed ? before : sy_buf_cstr(&b));
	sy_buf_free(&b);
}

void say(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, words(fmt), ap);
	va_end(ap);
	if (n >= 0)
		put_clean("", text);
	free(text);
}

void fail_say(const struct fail *f)
{
	if (f->text[0] != '\0')
		put_clean("suyuan: ", f->text);
}

const struct noun *noun_find(const char *name)
{
	for (const struct noun *n = nouns; n->name != NULL; n++) {
		if (strcmp(n->name, name) == 0)
			return n;
	}
	return NULL;
}

const struct command *command_find(const struct noun *noun, const char *verb)
{
	for (const struct command *c = noun->commands; c->verb != NULL; c++) {
		if (strcmp(c->verb, verb) == 0)
			return c;
	}
	return NULL;
}

static const struct flag *flag_in(const struct flag *table, const char *name, size_t n)
{
	for (const struct flag *f = table; f != NULL && f->name != NULL; f++) {
		if (strlen(f->name) == n && memcmp(f->name, name, n) == 0)
			return f;
	}
	return NULL;
}

static bool given(const struct app *app, const char *name)
{
	return arg(app, name) != NULL;
}

/* argv[*I] is a flag; takes its value along.  */
static int take_flag(struct app *app, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *eq = strchr(name, '=');
	size_t n = eq != NULL ? (size_t)(eq - name) : strlen(name);
	const struct flag *f = flag_in(global_flags, name, n);

	if (f == NULL && app->cmd != NULL)
		f = flag_in(app->cmd->flags, name, n);
	if (f == NULL)
		return fail(&app->fail, RC_USAGE, "unknown option --%.*s", (int)n, name);
	const char *value = "";
	if (f->kind == FLAG_BOOL && eq != NULL)
		return fail(&app->fail, RC_USAGE, "--%s takes no value", f->name);
	if (f->kind != FLAG_BOOL && eq != NULL)
		value = eq + 1;
	else if (f->kind != FLAG_BOOL && ++*i < argc)
		value = argv[*i];
	else if (f->kind != FLAG_BOOL)
		return fail(&app->fail, RC_USAGE, "--%s asks for %s", f->name, f->arg);
	if (f->kind == FLAG_ONE && given(app, f->name))
		return fail(&app->fail, RC_USAGE, "--%s is given twice", f->name);
	app->args.options[app->args.n_options++] = (struct option){f->name, value};
	return RC_DONE;
}

/* The first words are the noun and its verb, the others the command's arguments. */
static int take_word(struct app *app, const char *word)
{
	if (app->noun == NULL) {
		if ((app->noun = noun_find(word)) == NULL)
			return fail(&app->fail, RC_USAGE, "unknown command %s", word);
		app->cmd = command_find(app->noun, "");
		return RC_DONE;
	}
	if (app->cmd == NULL) {
		if ((app->cmd = command_find(app->noun, word)) == NULL)
			return fail(&app->fail, RC_USAGE, "%s: unknown verb %s", app->noun->name,
				    word);
		return RC_DONE;
	}
	app->args.pos[app->args.n_pos++] = word;
	return RC_DONE;
}

static int complete(struct app *app)
{
	const struct command *c = app->cmd;

	if (c == NULL)
		return fail(&app->fail, RC_USAGE, "%s: which verb?", app->noun->name);
	if (app->args.n_pos < (size_t)c->min)
		return fail(&app->fail, RC_USAGE, "%s %s asks for %s", app->noun->name, c->verb,
			    c->args);
	if (c->max >= 0 && app->args.n_pos > (size_t)c->max)
		return fail(&app->fail, RC_USAGE, "%s %s: one argument too many: %s",
			    app->noun->name, c->verb, app->args.pos[c->max]);
	return RC_DONE;
}

/* "suyuan batch import --help" is "suyuan help batch import". */
static int turn_to_help(struct app *app)
{
	app->args.n_pos = 0;
	if (app->noun != NULL)
		app->args.pos[app->args.n_pos++] = app->noun->name;
	if (app->cmd != NULL && app->cmd->verb[0] != '\0')
		app->args.pos[app->args.n_pos++] = app->cmd->verb;
	app->noun = noun_find("help");
	app->cmd = command_find(app->noun, "");
	return RC_DONE;
}

int args_parse(struct app *app, int argc, char **argv)
{
	size_t n = (size_t)argc + 2;
	bool flags = true;

	app->args.options = sy_arena_calloc(&app->arena, n, sizeof *app->args.options);
	app->args.pos = sy_arena_calloc(&app->arena, n, sizeof *app->args.pos);
	if (app->args.options == NULL || app->args.pos == NULL)
		return fail_memory(&app->fail);
	for (int i = 1; i < argc; i++) {
		int rc = RC_DONE;
		if (flags && strcmp(argv[i], "--") == 0)
			flags = false;
		else if (flags && strncmp(argv[i], "--", 2) == 0)
			rc = take_flag(app, argc, argv, &i);
		else if (flags && argv[i][0] == '-' && argv[i][1] != '\0')
			rc = fail(&app->fail, RC_USAGE, "unknown option %s", argv[i]);
		else
			rc = take_word(app, argv[i]);
		if (rc != RC_DONE)
			return rc;
	}
	if (given(app, "version")) {
		printf("suyuan %s\n", SUYUAN_VERSION);
		return app->cmd = NULL, RC_DONE;
	}
	if (given(app, "help") || app->noun == NULL)
		return turn_to_help(app);
	return complete(app);
}

const char *arg(const struct app *app, const char *name)
{
	for (size_t i = app->args.n_options; i-- > 0;) {
		if (strcmp(app->args.options[i].name, name) == 0)
			return app->args.options[i].value;
	}
	return NULL;
}

const char *arg_nth(const struct app *app, const char *name, size_t nth)
{
	for (size_t i = 0; i < app->args.n_options; i++) {
		if (strcmp(app->args.options[i].name, name) == 0 && nth-- == 0)
			return app->args.options[i].value;
	}
	return NULL;
}

int arg_u64(struct app *app, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
	    uint64_t *out)
{
	const char *text = arg(app, name);

	*out = fallback;
	if (text == NULL)
		return RC_DONE;
	if (sy_str_u64(sy_str(text), out) != SY_OK || *out < min || *out > max)
		return fail(&app->fail, RC_USAGE, "--%s is a number from %llu to %llu, not %s",
			    name, (unsigned long long)min, (unsigned long long)max, text);
	return RC_DONE;
}

const char *arg_pos(const struct app *app, size_t i)
{
	return i < app->args.n_pos ? app->args.pos[i] : NULL;
}

int file_read(const char *path, size_t max, struct sy_buf *out, struct fail *f)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	char block[65536];
	size_t n;

	if (in == NULL)
		return fail(f, RC_FAIL, "%s: %s", path, words(strerror(errno)));
	while ((n = fread(block, 1, sizeof block, in)) > 0 && out->n <= max)
		sy_buf_put(out, block, n);
	bool bad = ferror(in) != 0;
	if (in != stdin)
		fclose(in);
	if (out->failed)
		return fail_memory(f);
	if (bad)
		return fail(f, RC_FAIL, "%s: cannot be read", path);
	if (out->n > max)
		return fail(f, RC_FAIL, "%s: more than %zu bytes", path, max);
	return RC_DONE;
}
