#include <stdlib.h>

#include "seen.h"

static struct seen_slot *slot_of(struct seen_slot *v, size_t cap, uint64_t a, uint64_t b)
{
	size_t i = (size_t)a & (cap - 1);

	while (v[i].used && (v[i].a != a || v[i].b != b))
		i = (i + 1) & (cap - 1);
	return &v[i];
}

static int grow(struct seen *s)
{
	size_t cap = s->cap ? s->cap * 2 : 1024;
	struct seen_slot *v = calloc(cap, sizeof *v);

	if (v == NULL)
		return SY_ENOMEM;
	for (size_t i = 0; i < s->cap; i++) {
		if (s->v[i].used)
			*slot_of(v, cap, s->v[i].a, s->v[i].b) = s->v[i];
	}
	free(s->v);
	s->v = v;
	s->cap = cap;
	return SY_OK;
}

int seen_add(struct seen *s, struct sy_str text, uint64_t *where)
{
	sy_hash h;

	if (2 * s->n >= s->cap && grow(s) != SY_OK)
		return SY_ENOMEM;
	sy_sha256(text.p, text.n, &h);
	uint64_t a = sy_get64(h.b), b = sy_get64(h.b + 8);
	struct seen_slot *slot = slot_of(s->v, s->cap, a, b);
	if (slot->used) {
		*where = slot->where;
		return SY_EDUP;
	}
	*slot = (struct seen_slot){a, b, *where, true};
	s->n++;
	return SY_OK;
}

bool seen_find(const struct seen *s, struct sy_str text, uint64_t *where)
{
	sy_hash h;

	if (s->n == 0)
		return false;
	sy_sha256(text.p, text.n, &h);
	const struct seen_slot *slot = slot_of(s->v, s->cap, sy_get64(h.b), sy_get64(h.b + 8));
	if (slot->used)
		*where = slot->where;
	return slot->used;
}

void seen_free(struct seen *s)
{
	free(s->v);
	memset(s, 0, sizeof *s);
}
