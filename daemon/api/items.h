/*
 * How an item reads in answers: shared by /v1/items and /v1/verify.
 */
#ifndef API_ITEMS_H
#define API_ITEMS_H

#include "api/answer.h"
#include "recall/covering.h"

/* "recalled" of what a recall covers in whole or in part, "registered", "held", "expired",
 * "destroyed", "withdrawn", or "mentioned" for what was never commissioned but stands in some
 * record. */
const char *item_state(struct index_read *r, const struct item *it, int32_t today);
int32_t item_today(void);
/* code, kind, state, dates, quantity as members of the object that is open. */
void item_write(struct sy_jw *w, struct index_read *r, const struct item *it, struct sy_str code);
/* "recalls": [...]: id, partial, level, reason, measures and so on, each. */
void items_write_recalls(struct sy_jw *w, const struct coverings *c);
/* An object a hold, in the array that is open. */
void items_write_holds(struct sy_jw *w, struct index_read *r, const struct hold *holds, size_t n);
/* A party or place by its id; nothing for NO_ID. */
void items_write_actor(struct sy_jw *w, struct index_read *r, const char *name, uint64_t id);
/* item.c: GET /v1/items?code=, on a thread of its own. */
void item_answer(struct http_exchange *x, struct app *app, struct sy_str code);
/* False: a problem was sent. */
bool items_parse_code(struct http_exchange *x, struct sy_str text, struct sy_code *code);
/* All parameters of that name; none is fine.  False: a problem was sent, with every fault. */
bool items_parse_codes(struct http_exchange *x, const char *name, struct sy_code **codes,
		       size_t *n);

#endif
