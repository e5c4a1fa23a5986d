/*
 * A trace's drawing (DOT) made to SVG by Graphviz, where that is installed.
 */
#ifndef CLI_TRACE_DRAW_H
#define CLI_TRACE_DRAW_H

#include "cli.h"

/* RC_FAIL for lines that no trace has: Graphviz would read files and set links that they name. */
int draw(struct app *app, struct sy_str dot, const char *file);

#endif
