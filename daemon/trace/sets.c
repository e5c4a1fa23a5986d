#include "walk.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { ROOM_MIN = 64, LARGE = 4 << 20, PAGE = 4096, DIGIT = 11, DIGITS = 1 << DIGIT, FEW = 64 };

/* To get memory page by page takes as long as to fill it.  All of its pages, or what is one mapping
 * would become two, that can't grow without being copied. */
static void want_large_pages(void *p, size_t n)
{
	uintptr_t begin = (uintptr_t)p / PAGE * PAGE,
		  end = ((uintptr_t)p + n + PAGE - 1) / PAGE * PAGE;

	if (n >= LARGE)
		madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* or without */
}

void memory_idle(void *p, size_t n)
{
	uintptr_t begin = ((uintptr_t)p + PAGE - 1) / PAGE * PAGE,
		  end = ((uintptr_t)p + n) / PAGE * PAGE;

	if (n >= LARGE && begin < end)
		madvise((void *)begin, end - begin, MADV_DONTNEED); /* or they stay */
}

/* How many elements to have, of those that are needed; 0: there is no memory for so many. */
static size_t grown_to(struct memory *m, size_t cap, size_t need, size_t size)
{
	size_t grown = cap * 2 < ROOM_MIN ? ROOM_MIN : cap * 2;

	if (grown < need)
		grown = need;
	if (grown - cap > m->left / size && m->packed)
		packed_free(m, m->packed);
	if (grown - cap > m->left / size && m->names)
		names_free(m, m->names);
	if (grown - cap > m->left / size)
		grown = need; /* what is left, rather than nothing */
	return grown - cap > m->left / size ? 0 : grown;
}

/* P is the address of a pointer to the elements; any pointer's, so it is copied as bytes. */
static int room(struct memory *m, void *p, size_t *cap, size_t need, size_t size, bool keep)
{
	size_t grown;
	void *old, *fresh;

	if (need <= *cap)
		return SY_OK;
	if ((grown = grown_to(m, *cap, need, size)) == 0)
		return SY_ETOOBIG;
	memcpy(&old, p, sizeof old);
	fresh = keep ? realloc(old, grown * size) : malloc(grown * size);
	if (fresh == NULL)
		return SY_ENOMEM;
	if (!keep)
		free(old);
	memcpy(p, &fresh, sizeof fresh);
	want_large_pages(fresh, grown * size);
	m->left -= (grown - *cap) * size;
	*cap = grown;
	return SY_OK;
}

int memory_room(struct memory *m, void *p, size_t *cap, size_t need, size_t size)
{
	return room(m, p, cap, need, size, true);
}

int memory_spare(struct memory *m, void *p, size_t *cap, size_t need, size_t size)
{
	return room(m, p, cap, need, size, false);
}

int bits_room(struct memory *m, struct bits *b, uint64_t id)
{
	size_t page = (size_t)(id / BITS_PAGE), had = b->n_pages;
	int err = memory_room(m, &b->pages, &b->n_pages, page + 1, sizeof *b->pages);

	if (err == SY_OK && b->n_pages > had)
		memset(b->pages + had, 0, (b->n_pages - had) * sizeof *b->pages);
	return err;
}

int bits_add_page(struct memory *m, struct bits *b, uint64_t id)
{
	size_t page = (size_t)(id / BITS_PAGE);
	int err = bits_room(m, b, id);

	if (err)
		return err;
	err = memory_room(m, &b->rows, &b->cap_rows, b->n_rows + 1, sizeof *b->rows);
	if (err || b->rows == NULL)
		return err;
	memset(b->rows[b->n_rows++], 0, sizeof *b->rows);
	b->pages[page] = (uint32_t)b->n_rows;
	return SY_OK;
}

int bits_add_all(struct memory *m, struct bits *b, const struct bits *of)
{
	int err = SY_OK;

	for (uint64_t page = 0; page < of->n_pages && err == SY_OK; page++) {
		if (of->pages[page] == 0)
			continue;
		if (bits_word(b, page * BITS_PAGE) == NULL)
			err = bits_add_page(m, b, page * BITS_PAGE);
		for (unsigned i = 0; i < BITS_PAGE / 64 && err == SY_OK; i++)
			*bits_word(b, page * BITS_PAGE + i * 64) |=
			    of->rows[of->pages[page] - 1][i];
	}
	return err;
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

/* Of the sizes that are sorted most the compiler knows how. */
static inline void copy_one(char *to, const char *from, size_t size)
{
	if (size == sizeof(struct via))
		memcpy(to, from, sizeof(struct via));
	else if (size == sizeof(struct trace_item))
		memcpy(to, from, sizeof(struct trace_item));
	else
		memcpy(to, from, size);
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
		copy_one(to + size * at[id_at(from, i, size) >> shift & (DIGITS - 1)]++,
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
