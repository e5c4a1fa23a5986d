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

/* Rows that follow one another lie so in the file: while one is worked on, what lies a page further
 * comes nearer. */
static void fetch_ahead(struct sy_str v)
{
	enum { LINE = 64, PAGE = 4096 };

	for (size_t i = 0; i < v.n && i < PAGE; i += LINE)
		__builtin_prefetch(v.p + PAGE + i);
}

bool rows_at(struct rows *r, uint64_t key, struct sy_str *value)
{
	while (r->err == SY_OK && (number_of(r->key) < key || r->key.n != 8))
		r->err = kv_next(r->tx, r->table, &r->key, &r->value);
	if (r->err || number_of(r->key) != key)
		return false;
	*value = r->value;
	fetch_ahead(r->value);
	return true;
}
