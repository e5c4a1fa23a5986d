/*
 * What the ledger answers about several codes at once, as a table: what they have in common
 * upstream, and whether quantities add up.
 */
#ifndef CLI_TRACE_SUMS_H
#define CLI_TRACE_SUMS_H

#include "view.h"

int cmd_trace_common(struct app *app);
int cmd_trace_balance(struct app *app);
extern const struct flag trace_common_flags[], trace_balance_flags[];

/* "&NAME=" and a value that is a code; RC_USAGE with its faults when it is none. */
int sums_code(struct app *app, struct sy_buf *path, const char *name, const char *text);
/* "&NAME=" and the time of the flag of that name, if it was given: a day as it is, so that it ends
 * with its last moment. */
int sums_time(struct app *app, struct sy_buf *path, const char *name);
/* Is the table to be CSV?  RC_USAGE for another --format. */
int sums_csv(struct app *app, bool *csv);
/* PATH, as CSV byte for byte, as JSON with --json, else parsed for SHOW; NEEDS as view_needs. */
int sums_answer(struct app *app, const char *path, bool csv, const char *needs,
		void (*show)(struct app *app, const struct sy_json_doc *doc));
/* RC_FAIL for an answer that was cut. */
int sums_cut(struct app *app, struct sy_str cut);
/* A word for a heading, in the language of the program. */
static inline const char *sums_word(const struct app *app, const char *const pair[2])
{
	return pair[app->lang == LANG_ZH];
}

#endif
