#include <stdlib.h>

#include "audit_erased.h"

void erasures_init(struct erasures *e)
{
	*e = (struct erasures){.lock = PTHREAD_MUTEX_INITIALIZER};
}

static int add(struct erasures *e, struct numbers *to, uint64_t v)
{
	int rc = RC_DONE;

	pthread_mutex_lock(&e->lock);
	if (to->n == to->cap) {
		size_t cap = to->cap ? to->cap * 2 : 64;
		uint64_t *p = realloc(to->v, cap * sizeof *p);
		if (p == NULL)
			rc = RC_FAIL;
		else
			to->v = p, to->cap = cap;
	}
	if (rc == RC_DONE)
		to->v[to->n++] = v;
	pthread_mutex_unlock(&e->lock);
	return rc;
}

int erasures_gone(struct erasures *e, uint64_t record)
{
	return add(e, &e->gone, record);
}

int erasures_take(struct erasures *e, uint64_t number, const struct sy_json_doc *doc)
{
	const struct sy_json *root = sy_json_root(doc);
	uint64_t record;

	if (!sy_json_is(doc, sy_json_get(doc, root, "type"), "Erasure") ||
	    sy_json_u64(doc, sy_json_get(doc, root, "record"), &record) != SY_OK ||
	    record >= number)
		return RC_DONE;
	return add(e, &e->named, record);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void erasures_check(struct erasures *e, struct audit *a)
{
	if (e->named.n > 0)
		qsort(e->named.v, e->named.n, sizeof *e->named.v, by_number);
	for (size_t i = 0; i < e->gone.n; i++) {
		if (e->named.n > 0 && bsearch(&e->gone.v[i], e->named.v, e->named.n,
					      sizeof *e->named.v, by_number) != NULL)
			a->erased++;
		else
			audit_fault(a, "record", e->gone.v[i],
				    "is answered as erased, but no Erasure names it");
	}
}

void erasures_free(struct erasures *e)
{
	free(e->gone.v);
	free(e->named.v);
	pthread_mutex_destroy(&e->lock);
}
