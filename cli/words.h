/*
 * What the program says, in Chinese: a catalogue keyed by the English sentence.
 *
 * fail() and say() look their formats up in it, so that a call says its sentence once, in English,
 * and knows nothing of languages.  What isn't in the catalogue is said in English: help, usage, and
 * what only who wrote the program will see.  Both formats take the same arguments in the same
 * order (tests/unit/test_cli_words.c holds them against each other).
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "cli.h"

struct words {
	const char *english, *chinese;
};
extern const struct words catalogue[];
extern const size_t n_catalogue;

/* Of the whole program, before anything is said; English until then. */
void words_language(enum lang lang);
/* A format or a label in the language of the program; ENGLISH itself where there is no other. */
const char *words(const char *english) __attribute__((format_arg(1)));
bool words_chinese(void); /* for faults of the library, which have both */

#endif
