#include "walk.h"

#include <stdlib.h>

enum { PAGE = 512, ROOM_MIN = 64, DIGIT = 11, DIGITS = 1 << DIGIT, FEW = 64 };

/* P is the address of a pointer to the elements; any pointer's, so it is copied as bytes. */
int memory_room(struct memory *m, void *p, size_t *cap, size_t need, size_t size)
{
	size_t grown = *cap * 2 < ROOM_MIN ? ROOM_MIN : *cap * 2;
	void *old, *fresh;

	if (need <= *cap)
		return SY_OK;
	if (grown < need)
		grown = need;
	if ((grown - *cap) > m->left / size) {
		grown = need; /* what is left, rather than nothing */
		if ((grown - *cap) > m->left / size)
			return SY_ETOOBIG;
	}
	memcpy(&old, p, sizeof old);
	if ((fresh = realloc(old, grown * size)) == NULL)
		return SY_ENOMEM;
	memcpy(p, &fresh, sizeof fresh);
	m->left -= (grown - *cap) * size;
	*cap = grown;
	return SY_OK;
}

static int page_of(struct memory *m, struct bits *b, size_t page, uint64_t **row)
{
	size_t had = b->n_pages;
	int err = memory_room(m, &b->pages, &b->n_pages, page + 1, sizeof *b->pages);

	if (err)
		return err;
	if (b->n_pages > had)
		memset(b->pages + had, 0, (b->n_pages - had) * sizeof *b->pages);
	if (b->pages[page] == 0) {
		if ((err = memory_room(m, &b->rows, &b->cap_rows, b->n_rows + 1, sizeof *b->rows)))
			return err;
		memset(b->rows[b->n_rows++], 0, sizeof *b->rows);
		b->pages[page] = (uint32_t)b->n_rows;
	}
	*row = b->rows[b->pages[page] - 1];
	return SY_OK;
}

int bits_add(struct memory *m, struct bits *b, uint64_t id, bool *fresh)
{
	size_t page = (size_t)(id / PAGE);
	uint64_t *row, bit = (uint64_t)1 << id % 64;

	if (page < b->n_pages && b->pages[page]) {
		row = b->rows[b->pages[page] - 1];
	} else {
		int err = page_of(m, b, page, &row);
		if (err)
			return err;
	}
	row += id % PAGE / 64;
	*fresh = !(*row & bit);
	*row |= bit;
	return SY_OK;
}

bool bits_has(const struct bits *b, uint64_t id)
{
	size_t page = (size_t)(id / PAGE);

	if (page >= b->n_pages || b->pages[page] == 0)
		return false;
	return b->rows[b->pages[page] - 1][id % PAGE / 64] >> id % 64 & 1;
}

void bits_free(struct bits *b)
{
	free(b->pages);
	free(b->rows);
	*b = (struct bits){0};
}

/* --- sorting --------------------------------------------------------------------------------- */

static uint64_t id_at(const char *v, size_t i, size_t size)
{
	uint64_t id;

	memcpy(&id, v + i * size, sizeof id);
	return id;
}

/* One pass of a radix sort, by the digit at SHIFT. */
static void pass(const char *from, char *to, size_t n, size_t size, unsigned shift)
{
	size_t at[DIGITS + 1] = {0};

	for (size_t i = 0; i < n; i++)
		at[(id_at(from, i, size) >> shift & (DIGITS - 1)) + 1]++;
	for (unsigned d = 0; d < DIGITS; d++)
		at[d + 1] += at[d];
	for (size_t i = 0; i < n; i++)
		memcpy(to + size * at[id_at(from, i, size) >> shift & (DIGITS - 1)]++,
		       from + i * size, size);
}

/* Of a few elements it isn't worth counting digits. */
static void insert(char *v, size_t n, size_t size, char *spare)
{
	for (size_t i = 1; i < n; i++) {
		size_t at = i;
		while (at > 0 && id_at(v, at - 1, size) > id_at(v, i, size))
			at--;
		if (at == i)
			continue;
		memcpy(spare, v + i * size, size);
		memmove(v + (at + 1) * size, v + at * size, (i - at) * size);
		memcpy(v + at * size, spare, size);
	}
}

/* The units of a lot come in order as it is; and no pass is made for digits that are all alike. */
void trace_sort(void *v, size_t n, size_t size, void *spare)
{
	char *from = v, *to = spare, *t;
	uint64_t differ = 0, last = n ? id_at(v, 0, size) : 0;
	bool sorted = true;

	for (size_t i = 1; i < n; i++) {
		uint64_t id = id_at(v, i, size);
		sorted &= id >= last;
		differ |= id ^ last;
		last = id;
	}
	if (sorted)
		return;
	if (n <= FEW) {
		insert(v, n, size, spare);
		return;
	}
	for (unsigned shift = 0; shift < 64; shift += DIGIT) {
		if (!(differ >> shift & (DIGITS - 1)))
			continue;
		pass(from, to, n, size, shift);
		t = from, from = to, to = t;
	}
	if (from != v)
		memcpy(v, from, n * size);
}
