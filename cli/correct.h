/*
 * A mistake in what was registered: withdrawn by a declaration that repeats the event
 * (EPCIS 2.0, errorDeclaration), and registered again as it should be.
 */
#ifndef CLI_CORRECT_H
#define CLI_CORRECT_H

#include "cli.h"

/* `batch correct CODE`.  Run again it finds nothing wrong that stands, and goes on where it was
 * interrupted. */
int cmd_correct(struct app *app);

#endif
