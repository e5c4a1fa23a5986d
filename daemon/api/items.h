/*
 * How an item reads in answers: shared by /v1/items and /v1/verify.
 */
#ifndef API_ITEMS_H
#define API_ITEMS_H

#include "api/answer.h"

/* "registered", "expired", "destroyed", "withdrawn", or "mentioned" for what was never
 * commissioned but stands in some record. */
const char *item_state(const struct item *it, int32_t today);
int32_t item_today(void);
/* code, kind, state, dates, quantity as members of the object that is open. */
void item_write(struct sy_jw *w, const struct item *it, struct sy_str code);
/* False: a problem was sent. */
bool items_parse_code(struct http_exchange *x, struct sy_str text, struct sy_code *code);

#endif
