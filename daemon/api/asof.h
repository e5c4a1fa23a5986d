/*
 * Which versions of the register a request asks for: those in force now, or those by which a record
 * or an entry was judged, or those of a time.
 */
#ifndef API_ASOF_H
#define API_ASOF_H

#include "api/answer.h"

/* Of ?record=N, ?entry=N or ?time=T, one at most: *BEFORE is the number of the first record that
 * isn't among what was in force, UINT64_MAX for now.  A record was judged by what the entries
 * before its own say.  False: a problem was sent. */
bool asof_read(struct http_exchange *x, struct snapshot *s, uint64_t *before);

#endif
