#include "audit_impl.h"

#include <suyuan/hash.h>

#include <stdlib.h>

void table_id(const void *data, size_t n, uint8_t id[TABLE_ID])
{
	sy_hash h;

	sy_sha256(data, n, &h);
	memcpy(id, h.b, TABLE_ID);
}

void *table_row(const struct table *t, uint32_t i)
{
	return t->rows + t->size * i;
}

static uint32_t *slot_of(const struct table *t, const uint8_t id[TABLE_ID])
{
	size_t at = (size_t)sy_get64(id) & (t->n_slots - 1);

	while (t->slots[at] && memcmp(table_row(t, t->slots[at] - 1), id, TABLE_ID) != 0)
		at = (at + 1) & (t->n_slots - 1);
	return &t->slots[at];
}

static bool grow_slots(struct table *t)
{
	uint32_t *old = t->slots;
	size_t n = t->n_slots ? t->n_slots * 2 : 64;
	uint32_t *slots = calloc(n, sizeof *slots);

	if (slots == NULL)
		return false;
	t->slots = slots;
	t->n_slots = n;
	for (uint32_t i = 0; i < t->n; i++)
		*slot_of(t, table_row(t, i)) = i + 1;
	free(old);
	return true;
}

static bool grow_rows(struct table *t)
{
	uint32_t cap = t->cap ? t->cap / 2 * 3 : 64;
	uint8_t *rows = cap > t->cap ? realloc(t->rows, cap * t->size) : NULL;

	if (rows == NULL)
		return false;
	t->rows = rows;
	t->cap = cap;
	return true;
}

void *table_find(const struct table *t, const uint8_t id[TABLE_ID])
{
	uint32_t at = t->n_slots ? *slot_of(t, id) : 0;

	return at ? table_row(t, at - 1) : NULL;
}

void *table_put(struct table *t, const uint8_t id[TABLE_ID], bool *fresh)
{
	uint8_t *row = table_find(t, id);

	*fresh = row == NULL;
	if (row)
		return row;
	if ((t->n == t->cap && !grow_rows(t)) || (t->n >= t->n_slots / 4 * 3 && !grow_slots(t)))
		return NULL;
	row = table_row(t, t->n);
	memset(row, 0, t->size);
	memcpy(row, id, TABLE_ID);
	t->n++;
	*slot_of(t, id) = t->n;
	return row;
}

void table_free(struct table *t)
{
	free(t->rows);
	free(t->slots);
	*t = (struct table){.size = t->size};
}
