/*
 * Codes on the command line, or from standard input: thirty complaint lots are a list in a file.
 */
#ifndef CLI_CODES_H
#define CLI_CODES_H

#include "cli.h"

/*
 * Each "-" among the arguments that aren't options becomes the lines of standard input, blanks
 * around them and empty lines left out.  RC_FAIL for what can't be read, and when no code is
 * left: an empty list of scans must not be taken for "all of them".
 */
int codes_expand(struct app *app);

#endif
