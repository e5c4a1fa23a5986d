/*
 * How a firm's own system calls things: a file of names and what they are to us.
 *
 *	[columns]       its headings = ours; nothing behind the = leaves the column out
 *	[constants]     our columns = a value where the file has none
 *	[units]         its units = ours, or UN/ECE codes
 *	[events]        its words for what happens = ours (verbs.h)
 *	[names]         parties and places by name = their ids
 *
 * Lines that begin with ; or # are comments.  Any encoding that stream.h reads.  Everything is
 * checked when it is read, and all faults are named at once.
 */
#ifndef CLI_MAPPING_H
#define CLI_MAPPING_H

#include "row.h"
#include "stream.h"

struct mapping;

/* Lives in the arena. */
int mapping_read(const char *path, struct sy_arena *arena, struct mapping **out, struct fail *f);
/* Which column a heading is; F_COUNT: to be left out.  SY_ENOTFOUND for one that neither the file
 * (M may be NULL) nor we know. */
int mapping_column(const struct mapping *m, struct sy_str heading, enum field *out);
/* The row's values as ours, and constants where it has none. */
void mapping_apply(const struct mapping *m, struct row *row);

#endif
