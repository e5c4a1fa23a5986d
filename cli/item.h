/*
 * What /v1/items tells of one item, for people: who has how much of it, what is wrong with that,
 * and what happened to it.
 *
 * item.c has the tables, item_short.c the lines of a verdict, item_words.c the words in two
 * languages and the names of parties and places, which are asked for once each.
 */
#ifndef CLI_ITEM_H
#define CLI_ITEM_H

#include "view.h"

#define ITEM_NAMES 32 /* further parties and places are shown by their ids */

struct item_view {
	struct app *app;
	struct sy_json_doc doc;
	const struct sy_json *root;
	struct item_name {
		struct sy_str id, name; /* NAME as it is shown; the id itself where it has none */
		bool named;
	} names[ITEM_NAMES];
	size_t n_names;
};

/* PATH: /v1/items?code=... with what narrows it down. */
int item_get(struct app *app, const char *path, struct item_view *out);
/* All of it. */
void item_show(struct item_view *v);
/* Who has how much of it, in a line, and what is wrong with that; empty for nothing. */
struct sy_str item_whereabouts(struct item_view *v);
struct sy_str item_faults(struct item_view *v);

/* The text at a path of members below ROW, and its word. */
struct sy_str item_member(struct item_view *v, const struct sy_json *row, const char *path);
struct sy_str item_member_word(struct item_view *v, const struct sy_json *row, const char *path);

/* --- words ------------------------------------------------------------------------------------ */

/* A heading, a step, a state, a flag in the language of the app; as it is where it has no word. */
const char *item_word(const struct app *app, const char *name);
/* A party or place by its name, and its id without what GS1's all begin with. */
struct sy_str item_actor(struct item_view *v, struct sy_str id);

#endif
