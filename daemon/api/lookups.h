/*
 * How often a serial was looked up, and when first: a serial that many people scan in many places
 * is the sign of a copied code.
 *
 * Kept in DIR/local (LMDB), which is neither truth nor derived: losing it loses no record, so it is
 * committed once a second and a crash may forget the last second of counts.
 */
#ifndef API_LOOKUPS_H
#define API_LOOKUPS_H

#include <suyuan/bytes.h>

struct lookups;

/* What is damaged is removed, and *ANEW says so. */
int lookups_open(const char *dir, struct lookups **out, bool *anew);
/* Counts one more look-up of a canonical code; *N counts it too, *FIRST is the first's time, ms.
 * Any thread.  It may read the disk, but never waits for anything to be written: SY_EBUSY when more
 * codes are looked up than the disk can take, and that look-up isn't counted. */
int lookups_count(struct lookups *k, struct sy_str code, uint64_t now, uint64_t *n,
		  uint64_t *first);
void lookups_close(struct lookups *k); /* NULL is fine */

#endif
