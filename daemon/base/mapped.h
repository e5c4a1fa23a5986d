/*
 * Mapped files that can't be read.
 *
 * LMDB reads its files through mappings, so a file that was cut short, or a sector that its disk
 * gives no more, isn't an error of a call but SIGBUS.  There is no way on from there, but the
 * process shall end as from any other damage: with status 1 and a line that names the file.
 */
#ifndef BASE_MAPPED_H
#define BASE_MAPPED_H

/* From now on; once a process. */
void mapped_guard(void);

#endif
