#include "kv.h"

#include <endian.h>

enum { STEPS = 10 }; /* rows that are passed before one is searched */

/* As sy_str_cmp, by whole words, which is what ids and pairs of them consist of. */
static int key_cmp(struct sy_str a, struct sy_str b)
{
	uint64_t x, y;

	for (; a.n >= sizeof x && b.n >= sizeof y; a.p += sizeof x, b.p += sizeof y) {
		memcpy(&x, a.p, sizeof x);
		memcpy(&y, b.p, sizeof y);
		if (x != y)
			return be64toh(x) < be64toh(y) ? -1 : 1;
		a.n -= sizeof x;
		b.n -= sizeof y;
	}
	return a.n || b.n ? sy_str_cmp(a, b) : 0;
}

/* Is the row asked for the place's, or behind it?  Between what was asked for last and the row that
 * was found there is none. */
static bool leads(const struct kv_tx *tx, const struct kv_place *p, struct sy_str from)
{
	struct sy_str asked = {(const char *)p->asked, p->n_asked};

	return p->known && tx->cursors[p->table] && tx->moves[p->table] == p->move &&
	       key_cmp(asked, from) <= 0;
}

static int moved(const struct kv_tx *tx, struct kv_place *p, int err)
{
	p->known = err == SY_OK;
	p->taken = false;
	p->move = tx->moves[p->table];
	return err;
}

int kv_place_seek(struct kv_tx *tx, struct kv_place *p, struct sy_str from)
{
	bool leading = leads(tx, p, from);
	int err = SY_OK;

	p->n_asked = from.n < sizeof p->asked ? from.n : sizeof p->asked;
	memcpy(p->asked, from.p, p->n_asked);
	for (int i = 0; leading && err == SY_OK; i++) {
		bool there = key_cmp(p->key, from) >= 0;
		if (there && !p->taken)
			return SY_OK;
		if (there || i == STEPS)
			break;
		err = moved(tx, p, kv_next_key(tx, p->table, &p->key, &p->value));
	}
	return err ? err : moved(tx, p, kv_seek(tx, p->table, from, &p->key, &p->value));
}

int kv_place_values(struct kv_tx *tx, struct kv_place *p, struct sy_str *values)
{
	p->taken = true;
	return kv_values_here(tx, p->table, p->value, &p->whole, values);
}
