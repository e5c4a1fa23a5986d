/*
 * The command line: a table of nouns and verbs, and what their handlers share.
 *
 * A handler gets the app with its arguments parsed, writes its answer to app->out and returns an
 * exit code of INTERFACES.md.  What went wrong is kept in a `struct fail`, first one first; main
 * prints it.  Standard output is the answer, standard error progress and complaints.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <suyuan/suyuan.h>

#include "out.h"

/* Exit codes.  Scripts rely on them. */
enum rc {
	RC_DONE = 0,
	RC_FAIL = 1,    /* could not do it */
	RC_USAGE = 2,   /* wrong usage */
	RC_STOP = 3,    /* recalled, held, withdrawn, expired or destroyed */
	RC_UNKNOWN = 4, /* unknown code */
	RC_PROOF = 5,   /* a proof, signature or pinned key does not hold */
	RC_REFUSED = 6, /* refused by the ledger, or an import with refused rows */
	RC_AWAY = 7,    /* busy or away, try again */
	RC_PARTLY = 8   /* only the product is known, or the serial isn't */
};

/* Of two answers the worse: 1, 5, 3, 7, 8, 4, 0 (wrong usage before all, 6 behind 7).  What is
 * known to be recalled is so, though another code has to be asked again: nobody may wait with it.
 */
int rc_worst(int a, int b);

/* What went wrong, for people.  The first one stays. */
struct fail {
	int rc;
	char text[2048];
};

/* Keeps the text unless one is kept already, and returns RC. */
int fail(struct fail *f, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* On standard error, when there is something; in it and in say(), controls are taken out. */
void fail_say(const struct fail *f);
static inline int fail_memory(struct fail *f)
{
	fail(f, RC_FAIL, "%s", sy_strerror(SY_ENOMEM));
	return RC_FAIL;
}

enum flag_kind {
	FLAG_ONE,  /* takes a value, at most once */
	FLAG_MANY, /* takes a value, may be repeated */
	FLAG_BOOL
};

struct flag {
	const char *name, *arg, *help;
	enum flag_kind kind;
};

struct app;

struct command {
	const char *verb; /* "" for a noun that is a command of its own */
	const char *args; /* positional arguments, for people */
	int min, max;     /* how many of them; max -1: any number */
	const char *summary;
	const struct flag *flags; /* ends with a row without a name; may be NULL */
	int (*run)(struct app *app);
	const char *example;
};

struct noun {
	const char *name, *summary;
	const struct command *commands; /* ends with a row without a verb */
};

extern const struct noun nouns[]; /* ends with a row without a name */
extern const struct flag global_flags[];

struct option {
	const char *name, *value;
};

struct args {
	struct option *options;
	const char **pos;
	size_t n_options, n_pos;
};

struct http;
struct trust;
struct config;

enum lang { LANG_EN, LANG_ZH };

struct app {
	const struct noun *noun;
	const struct command *cmd;
	struct args args;
	enum lang lang;
	struct out out;
	struct fail fail;
	struct sy_arena arena; /* lives as long as the command */
	struct config *config;
	struct http *http; /* made at first need, see trust.h */
	struct trust *trust;
};

/* Reads argv: global flags anywhere, flags of the command behind it.  RC_DONE or RC_USAGE. */
int args_parse(struct app *app, int argc, char **argv);
const struct noun *noun_find(const char *name);
const struct command *command_find(const struct noun *noun, const char *verb);

/* The value of a flag (the last one given), NULL when absent; "" for a FLAG_BOOL that is set. */
const char *arg(const struct app *app, const char *name);
/* The Ith value of a repeated flag, NULL past the last. */
const char *arg_nth(const struct app *app, const char *name, size_t i);
/* A number; FALLBACK when absent.  RC_USAGE for what is none or lies outside. */
int arg_u64(struct app *app, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
	    uint64_t *out);
/* The Ith positional argument or NULL. */
const char *arg_pos(const struct app *app, size_t i);

/* A line to standard error: progress and complaints that aren't the command's failure. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The whole of a file, "-" for standard input, at most MAX bytes. */
int file_read(const char *path, size_t max, struct sy_buf *out, struct fail *f);

int cmd_help(struct app *app);
void help_usage(const struct app *app); /* a line on standard error */

#endif
