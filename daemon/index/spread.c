#include "spread.h"

#include <suyuan/error.h>

#include "index.h"

#include <stdlib.h>
#include <string.h>

/* --- sets of ids ----------------------------------------------------------------------------- */

enum { PAGE = 4096, WORD = 64, WORDS = PAGE / WORD };

static uint64_t *page_of(const struct idset *s, uint64_t id)
{
	return id / PAGE < s->n ? s->pages[id / PAGE] : NULL;
}

bool idset_has(const struct idset *s, uint64_t id)
{
	const uint64_t *page = page_of(s, id);

	return page && page[id % PAGE / WORD] >> id % WORD & 1;
}

static int make_page(struct idset *s, size_t at)
{
	if (at >= s->n) {
		size_t n = at + at / 2 + 1;
		uint64_t **pages = realloc(s->pages, n * sizeof *pages);
		if (pages == NULL)
			return SY_ENOMEM;
		memset(pages + s->n, 0, (n - s->n) * sizeof *pages);
		s->pages = pages;
		s->n = n;
	}
	s->pages[at] = calloc(WORDS, sizeof **s->pages);
	return s->pages[at] ? SY_OK : SY_ENOMEM;
}

int idset_add(struct idset *s, uint64_t id)
{
	int err = page_of(s, id) ? SY_OK : make_page(s, (size_t)(id / PAGE));

	if (err == SY_OK)
		s->pages[id / PAGE][id % PAGE / WORD] |= (uint64_t)1 << id % WORD;
	return err;
}

void idset_drop(struct idset *s, uint64_t id)
{
	uint64_t *page = page_of(s, id);

	if (page)
		page[id % PAGE / WORD] &= ~((uint64_t)1 << id % WORD);
}

bool idset_next(const struct idset *s, uint64_t *id)
{
	uint64_t at = *id;

	while (at / PAGE < s->n) {
		const uint64_t *page = page_of(s, at);
		uint64_t word = page ? page[at % PAGE / WORD] >> at % WORD : 0;
		if (word) {
			*id = at + (uint64_t)__builtin_ctzll(word);
			return true;
		}
		at = page ? (at / WORD + 1) * WORD : (at / PAGE + 1) * PAGE;
	}
	return false;
}

void idset_free(struct idset *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->pages[i]);
	free(s->pages);
	*s = (struct idset){0};
}

/* --- what was found -------------------------------------------------------------------------- */

struct spread *spread_new(void)
{
	struct spread *s = calloc(1, sizeof *s);

	if (s)
		atomic_init(&s->refs, 1);
	return s;
}

void spread_hold(struct spread *s)
{
	atomic_fetch_add(&s->refs, 1);
}

void spread_release(struct spread *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (unsigned i = 0; i < SPREAD_REACHES; i++) {
		idset_free(&s->items[i]);
		idset_free(&s->nodes[i]);
	}
	idset_free(&s->lots);
	spread_walked(s);
	free(s);
}

static const struct idset *set_of(const struct spread *s, uint64_t id, unsigned reach)
{
	return id & NODE_BIT ? &s->nodes[reach] : &s->items[reach];
}

bool spread_has(const struct spread *s, uint64_t id, unsigned reach)
{
	bool has = false;

	for (unsigned i = reach; i < SPREAD_REACHES && !has; i++)
		has = idset_has(set_of(s, id, i), id & ~NODE_BIT);
	return has;
}

int spread_add(struct spread *s, uint64_t id, unsigned reach)
{
	return idset_add(id & NODE_BIT ? &s->nodes[reach] : &s->items[reach], id & ~NODE_BIT);
}

void spread_drop(struct spread *s, uint64_t id)
{
	for (unsigned i = 0; i < SPREAD_REACHES; i++)
		idset_drop(id & NODE_BIT ? &s->nodes[i] : &s->items[i], id & ~NODE_BIT);
}

static bool next_of(const struct idset sets[SPREAD_REACHES], uint64_t *id, unsigned *reach)
{
	uint64_t since = *id, all = *id;
	bool has_since = idset_next(&sets[SPREAD_SINCE], &since),
	     has_all = idset_next(&sets[SPREAD_ALL], &all);

	*reach = has_all && (!has_since || all <= since) ? SPREAD_ALL : SPREAD_SINCE;
	*id = *reach == SPREAD_ALL ? all : since;
	return has_since || has_all;
}

bool spread_next(const struct spread *s, uint64_t *id, unsigned *reach)
{
	bool found = false;

	if (!(*id & NODE_BIT)) {
		if (next_of(s->items, id, reach))
			return true;
		*id = NODE_BIT;
	}
	*id &= ~NODE_BIT;
	found = next_of(s->nodes, id, reach);
	*id |= NODE_BIT;
	return found;
}

/* --- the walk -------------------------------------------------------------------------------- */

enum { LEVEL_MIN = 1024 };

int spread_put(struct spread *s, uint64_t id)
{
	if (s->n_next >= s->level)
		return SY_ETOOBIG;
	if (s->n_next == s->cap_next) {
		size_t cap = s->cap_next ? 2 * s->cap_next : LEVEL_MIN;
		uint64_t *next;
		if ((next = realloc(s->next, cap * sizeof *next)) == NULL)
			return SY_ENOMEM;
		s->next = next;
		s->cap_next = cap;
	}
	s->next[s->n_next++] = id;
	return SY_OK;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

bool spread_turn(struct spread *s)
{
	uint64_t *now = s->now;
	size_t cap = s->cap_now;

	s->now = s->next;
	s->n_now = s->n_next;
	s->cap_now = s->cap_next;
	s->next = now;
	s->cap_next = cap;
	s->n_next = s->at = 0;
	if (s->n_now)
		qsort(s->now, s->n_now, sizeof *s->now, by_id);
	return s->n_now > 0;
}

void spread_walked(struct spread *s)
{
	free(s->now);
	free(s->next);
	s->now = s->next = NULL;
	s->n_now = s->n_next = s->at = s->cap_now = s->cap_next = 0;
}
