/*
 * What a trace found, as a tree for people.
 *
 * Lines come in order of distance, each with what it was reached from.  Kept is what will be shown:
 * of each thing so many that hang on it, and so many in all; the rest is counted and told.
 */
#ifndef CLI_TRACE_TREE_H
#define CLI_TRACE_TREE_H

#include "view.h"

struct tree;

/* Of each thing at most WIDE; 0 for any number. */
struct tree *tree_new(struct app *app, size_t wide);
void tree_free(struct tree *t); /* NULL is fine */
/* A line of NDJSON: an item, a party, a place; false: memory is out. */
bool tree_add(struct tree *t, const struct sy_json_doc *doc);
/* Asks the ledger for the names of what is shown, and shows it. */
void tree_show(struct tree *t);

/* What an edge is to people; BACK: it was followed backwards. */
const char *edge_word(const struct app *app, struct sy_str edge, bool back);

#endif
