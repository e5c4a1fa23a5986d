/*
 * What the ledger calls the steps of a recall, for people in both languages.
 */
#ifndef CLI_RECALL_WORDS_H
#define CLI_RECALL_WORDS_H

#include "cli.h"

/* A step or how it stands: "missed" is "MISSED", 逾期; another text as it is. */
struct sy_str recall_word(const struct app *app, struct sy_str text);
/* "10 working days after notice" in the language of the app; what can't be read as it is. */
struct sy_str recall_deadline(struct app *app, struct sy_str text);

#endif
