/*
 * Register records from options, and changes to the one in force.
 */
#ifndef CLI_EDIT_H
#define CLI_EDIT_H

#include "send.h"
#include "view.h"

/* A member to set; JSON empty: to leave out. */
struct edit {
	const char *name;
	struct sy_str json;
};

/* The object V with members set, left out or, at the end, added; others as they stand. */
void edit_object(struct sy_buf *out, const struct sy_json_doc *doc, const struct sy_json *v,
		 const struct edit *edits, size_t n);

/* What a command is about: its argument, or the option of that name.  NULL, and a fault of usage,
 * without either. */
const char *edit_subject(struct app *app, const char *flag);

/* "name": {"zh": ..., "en": ...} of --name-zh, --name-en, and of --name, which is in the language
 * of
 * --lang.  RC_USAGE when there is none, or two of one language. */
int edit_names(struct app *app, struct sy_jw *w);
/* A member of the option's value, or of all its values as an array; nothing without it. */
void edit_text(struct app *app, struct sy_jw *w, const char *flag, const char *member);
void edit_texts(struct app *app, struct sy_jw *w, const char *flag, const char *member);

/*
 * Sends a record that V shows by PARAMETER=VALUE.  With --replace it takes the place of the one
 * in force, unless it says the same already; then the record in force is sent again, which the
 * ledger answers with its first entry, or, when another party said it, nothing is sent.  Shows what
 * came of it.
 */
int edit_send(struct app *app, const struct view *v, const char *parameter, const char *value,
	      struct sy_str record);

/* A canonical code: of PARAMETER's argument, in the arena. */
int edit_code(struct app *app, const char *text, struct sy_code *out);

#endif
