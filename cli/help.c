#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nouns.h"

static const char *const exits[] = {
    "Exit codes: 0 done, for verify registered and proven; 1 could not do it; 2 wrong usage;",
    "3 recalled, held, withdrawn, expired, destroyed; 4 unknown code; 5 a proof, signature or",
    "pinned key does not hold; 6 refused by the ledger; 7 busy or away, or a recall is being",
    "worked out: try again; 8 only the product is known, or the serial isn't.  0 isn't fitness:",
    "of goods that failed an inspection verify says so, and inspectionFailed in JSON.",
};

/* Columns of the terminal; 0 elsewhere, where lines stay whole. */
static size_t columns_there(void)
{
	struct winsize size = {0};

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

/* Text that begins at column AT, broken between words; later lines begin there as well. */
static void wrapped(size_t at, const char *text)
{
	size_t there = columns_there(), n;

	while (there > at + 20 && text_width(sy_str(text)) > there - at) {
		struct sy_str line = {text, 0};
		for (n = 0; text[n] != '\0'; n++) {
			if (text[n] != ' ')
				continue;
			if (text_width((struct sy_str){text, n}) > there - at)
				break;
			line.n = n;
		}
		if (line.n == 0)
			break;
		printf("%.*s\n%*s", (int)line.n, line.p, (int)at, "");
		text += line.n + 1;
	}
	printf("%s\n", text);
}

static void flags_show(const struct flag *f)
{
	char name[64], text[256];

	for (; f != NULL && f->name != NULL; f++) {
		snprintf(name, sizeof name, "--%s%s%s", f->name, f->arg ? " " : "",
			 f->arg ? f->arg : "");
		snprintf(text, sizeof text, "%s%s", f->help,
			 f->kind == FLAG_MANY ? " (may be repeated)" : "");
		printf("  %-28s ", name);
		wrapped(strlen(name) > 28 ? strlen(name) + 3 : 31, text);
	}
}

static void usage_show(FILE *to, const struct noun *n, const struct command *c)
{
	fprintf(to, "suyuan %s%s%s%s%s%s\n", n->name, c->verb[0] ? " " : "", c->verb,
		c->args[0] ? " " : "", c->args, c->flags ? " [OPTION...]" : "");
}

static void command_show(const struct noun *n, const struct command *c)
{
	usage_show(stdout, n, c);
	printf("  ");
	wrapped(2, c->summary);
	if (c->flags != NULL)
		printf("\n");
	flags_show(c->flags);
	printf("\nExample:\n  %s\n", c->example);
}

static void noun_show(const struct noun *n)
{
	for (const struct command *c = n->commands; c->verb != NULL; c++) {
		printf("suyuan %s %s %s\n", n->name, c->verb, c->args);
		printf("  ");
		wrapped(2, c->summary);
	}
	printf("\nsuyuan help %s VERB says more.\n", n->name);
}

static void all_show(void)
{
	printf(
	    "suyuan [OPTION...] NOUN VERB ...   registers batches in a ledger, and checks it\n\n");
	for (const struct noun *n = nouns; n->name != NULL; n++) {
		printf("  %-9s", n->name);
		for (const struct command *c = n->commands; c->verb != NULL; c++) {
			const char *word = c->verb[0] ? c->verb : c->args;
			printf("%s%s", c == n->commands ? "" : "|", word);
		}
		printf("\n            %s\n", n->summary);
	}
	printf("\nOptions of all commands:\n");
	flags_show(global_flags);
	printf("\n");
	for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
		printf("%s\n", exits[i]);
}

void help_usage(const struct app *app)
{
	if (app->noun != NULL && app->cmd != NULL) {
		fputs("usage: ", stderr);
		usage_show(stderr, app->noun, app->cmd);
	}
	fprintf(stderr, "suyuan help%s%s says more\n", app->noun ? " " : "",
		app->noun ? app->noun->name : "");
}

int cmd_help(struct app *app)
{
	const char *name = arg_pos(app, 0), *verb = arg_pos(app, 1);
	const struct noun *n = name ? noun_find(name) : NULL;
	const struct command *c = NULL;

	if (name != NULL && n == NULL)
		return fail(&app->fail, RC_USAGE, "unknown command %s", name);
	if (n != NULL)
		c = command_find(n, verb ? verb : "");
	if (verb != NULL && c == NULL)
		return fail(&app->fail, RC_USAGE, "%s: unknown verb %s", name, verb);
	if (c != NULL)
		command_show(n, c);
	else if (n != NULL)
		noun_show(n);
	else
		all_show();
	return RC_DONE;
}

const struct command help_commands[] = {
    {"", "[NOUN [VERB]]", 0, 2, "every command has an example that works as typed", NULL, cmd_help,
     "suyuan help batch import"},
    {0},
};
