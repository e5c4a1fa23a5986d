/*
 * Records that an audit couldn't read: each that is answered 410 must be named by an Erasure that
 * came later, else somebody only hides it.  Filled by several threads.
 */
#ifndef CLI_AUDIT_ERASED_H
#define CLI_AUDIT_ERASED_H

#include "audit.h"

struct numbers {
	uint64_t *v;
	size_t n, cap;
};

struct erasures {
	pthread_mutex_t lock;
	struct numbers gone, named;
};

void erasures_init(struct erasures *e);
int erasures_gone(struct erasures *e, uint64_t record); /* RC_DONE, or RC_FAIL: memory */
/* NUMBER's record, parsed; when it is an Erasure, what it names is kept. */
int erasures_take(struct erasures *e, uint64_t number, const struct sy_json_doc *doc);
/* Faults for what nobody erased; counts the rest. */
void erasures_check(struct erasures *e, struct audit *a);
void erasures_free(struct erasures *e);

#endif
