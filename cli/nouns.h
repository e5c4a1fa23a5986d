/*
 * The nouns' commands, a table a file, joined in commands.c.
 */
#ifndef CLI_NOUNS_H
#define CLI_NOUNS_H

#include "cli.h"

extern const struct command key_commands[], party_commands[], place_commands[], product_commands[],
    rules_commands[], batch_commands[], event_commands[], record_commands[], code_commands[],
    verify_commands[], quality_commands[], ledger_commands[], admin_commands[], help_commands[],
    recall_commands[], export_commands[], trace_commands[];

int cmd_record_find(struct app *app); /* find.c */

#define FLAG_DRY_RUN                                                                           \
	{                                                                                      \
		"dry-run", NULL, "check all that can be checked here, send nothing", FLAG_BOOL \
	}
#define FLAG_NAMES                                                        \
	{"name", "NAME", "its name in the language of --lang", FLAG_ONE}, \
	    {"name-zh", "NAME", "its name in Chinese", FLAG_ONE},         \
	{                                                                 \
		"name-en", "NAME", "its name in English", FLAG_ONE        \
	}
#define FLAG_REPLACE                                                             \
	{                                                                        \
		"replace", NULL, "take the place of the one in force", FLAG_BOOL \
	}

#endif
