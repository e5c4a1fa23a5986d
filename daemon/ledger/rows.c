#include "truth.h"

void rows_begin(struct rows *r, struct kv_tx *tx, unsigned table, uint64_t from)
{
	*r = (struct rows){.tx = tx, .table = table};
	r->err = kv_seek(tx, table, KEY64(from), &r->key, &r->value);
}

/* Of a key that is no number the first eight bytes say where it stands. */
static uint64_t number_of(struct sy_str key)
{
	uint8_t b[8] = {0};

	memcpy(b, key.p, key.n < 8 ? key.n : 8);
	return sy_get64(b);
}

bool rows_at(struct rows *r, uint64_t key, struct sy_str *value)
{
	while (r->err == SY_OK && (number_of(r->key) < key || r->key.n != 8))
		r->err = kv_next(r->tx, r->table, &r->key, &r->value);
	if (r->err || number_of(r->key) != key)
		return false;
	*value = r->value;
	return true;
}
