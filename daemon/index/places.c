/* Which names of events stand for a place that somebody asks for. */
#include "apply.h"

#include <stdlib.h>

/* GS1's stem of a place, its own number behind it. */
static const struct sy_str stem = {"https://id.gs1.org/414/", 23};

/* Has the place parts whose codes begin with its own?  A part has none, nor what isn't GS1's. */
static bool is_whole(struct sy_str place)
{
	return place.n > stem.n && memcmp(place.p, stem.p, stem.n) == 0 &&
	       memchr(place.p + stem.n, '/', place.n - stem.n) == NULL;
}

bool place_covers(struct sy_str place, struct sy_str name)
{
	if (sy_str_eq(place, name))
		return true;
	return name.n > place.n && name.p[place.n] == '/' &&
	       memcmp(name.p, place.p, place.n) == 0 && is_whole(place);
}

int place_ids_add(struct sy_arena *arena, struct place_ids *ids, uint64_t id)
{
	if (!sy_arena_room(arena, &ids->v, &ids->cap, ids->n + 1, sizeof *ids->v))
		return SY_ENOMEM;
	ids->v[ids->n++] = id;
	return SY_OK;
}

static int add_parts(struct kv_tx *tx, struct key *k, struct sy_arena *arena, struct place_ids *out)
{
	struct sy_str key, value;
	int err;

	k->b[k->n++] = '/';
	for (err = kv_seek(tx, T_ACTORS, key_str(k), &key, &value);
	     err == SY_OK && key.n >= k->n && memcmp(key.p, k->b, k->n) == 0;
	     err = kv_next(tx, T_ACTORS, &key, &value)) {
		if (value.n != 8)
			return SY_ECORRUPT;
		if ((err = place_ids_add(arena, out, sy_get64((const uint8_t *)value.p))))
			return err;
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int place_ids_read(struct kv_tx *tx, struct sy_str place, struct sy_arena *arena,
		   struct place_ids *out)
{
	struct key k = key_code(place);
	uint64_t id;
	int err = place.n ? get_u64(tx, T_ACTORS, &k, &id) : SY_ENOTFOUND;

	*out = (struct place_ids){0};
	if (err == SY_OK)
		err = place_ids_add(arena, out, id);
	if ((err == SY_OK || err == SY_ENOTFOUND) && is_whole(place))
		err = add_parts(tx, &k, arena, out);
	if (out->n > 1)
		qsort(out->v, out->n, sizeof *out->v, by_id);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

bool place_ids_has(const struct place_ids *ids, uint64_t id)
{
	size_t low = 0, high = ids->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ids->v[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ids->n && ids->v[low] == id;
}

int index_place_ids(struct index_read *r, struct sy_str place, struct sy_arena *arena,
		    struct place_ids *out)
{
	return place_ids_read(&r->tx, place, arena, out);
}
