/* How a case reads in answers: shared by /v1/recalls and .../effectiveness. */
#ifndef API_RECALLS_H
#define API_RECALLS_H

#include "api/answer.h"
#include "recall/cases.h"

/* id, number, level, state and so on as members of the object that is open. */
void recalls_write_head(struct sy_jw *w, const struct index_recall *c);
void recalls_write_deadlines(struct sy_jw *w, const struct case_deadline *v, size_t n);

#endif
