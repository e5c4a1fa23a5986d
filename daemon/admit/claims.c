#include "admit/claims.h"

#include <stdatomic.h>
#include <stdlib.h>

#define FIRST_CAP 4096

struct slot { /* empty when both halves of the claim are 0 */
	uint64_t a, b;
	uint64_t entry;
};

struct claims {
	size_t max;
	struct slot *table; /* cap * 2 slots, at most half of them taken */
	struct slot *queue; /* a ring of cap slots in order of arrival; may hold what was dropped */
	size_t cap, head, queued;
	size_t taken;
	atomic_size_t count; /* taken, for other threads */
};

static struct slot slot_of(const uint8_t claim[CLAIM_SIZE], uint64_t entry)
{
	struct slot s = {.entry = entry};
	memcpy(&s.a, claim, 8);
	memcpy(&s.b, claim + 8, 8);
	s.b |= (s.a | s.b) == 0;
	return s;
}

static bool same(const struct slot *x, const struct slot *y)
{
	return x->a == y->a && x->b == y->b;
}

static bool empty(const struct slot *s)
{
	return (s->a | s->b) == 0;
}

static size_t mask(const struct claims *c)
{
	return c->cap * 2 - 1;
}

/* Where S stands, or the empty slot where it would. */
static size_t place_of(const struct claims *c, const struct slot *s)
{
	size_t i = s->a & mask(c);
	while (!empty(&c->table[i]) && !same(&c->table[i], s))
		i = (i + 1) & mask(c);
	return i;
}

static int allocate(struct claims *c, size_t cap)
{
	struct slot *table = calloc(cap * 2, sizeof(*table));
	struct slot *queue = calloc(cap, sizeof(*queue));
	if (!table || !queue) {
		free(table);
		free(queue);
		return SY_ENOMEM;
	}
	c->table = table;
	c->queue = queue;
	c->cap = cap;
	return SY_OK;
}

int claims_new(size_t max, struct claims **out)
{
	struct claims *c = calloc(1, sizeof(*c));
	if (!c)
		return SY_ENOMEM;
	c->max = max;
	if (allocate(c, FIRST_CAP) != SY_OK) {
		free(c);
		return SY_ENOMEM;
	}
	*out = c;
	return SY_OK;
}

void claims_free(struct claims *c)
{
	if (!c)
		return;
	free(c->table);
	free(c->queue);
	free(c);
}

void claims_prefetch(const struct claims *c, const uint8_t claim[CLAIM_SIZE])
{
	struct slot s = slot_of(claim, 0);
	__builtin_prefetch(&c->table[s.a & mask(c)]);
}

bool claims_find(const struct claims *c, const uint8_t claim[CLAIM_SIZE], uint64_t *entry)
{
	struct slot s = slot_of(claim, 0);
	const struct slot *at = &c->table[place_of(c, &s)];
	if (empty(at))
		return false;
	*entry = at->entry;
	return true;
}

static int grow(struct claims *c, size_t cap)
{
	struct claims old = {.table = c->table,
			     .queue = c->queue,
			     .cap = c->cap,
			     .head = c->head,
			     .queued = c->queued};
	int err = allocate(c, cap);
	if (err)
		return err;
	for (size_t i = 0; i < old.queued; i++)
		c->queue[i] = old.queue[(old.head + i) & (old.cap - 1)];
	for (size_t i = 0; i < old.cap * 2; i++)
		if (!empty(&old.table[i]))
			c->table[place_of(c, &old.table[i])] = old.table[i];
	c->head = 0;
	free(old.table);
	free(old.queue);
	return SY_OK;
}

int claims_reserve(struct claims *c, size_t n)
{
	size_t need = c->queued + n;
	if (n > c->max || need > c->max)
		return SY_EBUSY;
	size_t cap = c->cap;
	while (cap < need)
		cap *= 2;
	return cap == c->cap ? SY_OK : grow(c, cap);
}

void claims_put(struct claims *c, const uint8_t claim[CLAIM_SIZE], uint64_t entry)
{
	struct slot s = slot_of(claim, entry);
	struct slot *at = &c->table[place_of(c, &s)];
	if (empty(at))
		c->taken++;
	*at = s;
	c->queue[(c->head + c->queued++) & (c->cap - 1)] = s;
	atomic_store_explicit(&c->count, c->taken, memory_order_relaxed);
}

/* Moves later members of the run back, so that each is found from its home again. */
static void close_gap(struct claims *c, size_t gap)
{
	size_t m = mask(c);
	for (size_t i = (gap + 1) & m; !empty(&c->table[i]); i = (i + 1) & m) {
		size_t home = c->table[i].a & m;
		if (((i - home) & m) < ((i - gap) & m))
			continue;
		c->table[gap] = c->table[i];
		gap = i;
	}
	c->table[gap] = (struct slot){0};
}

static void drop(struct claims *c, const struct slot *s)
{
	size_t i = place_of(c, s);
	if (empty(&c->table[i]) || c->table[i].entry != s->entry)
		return;
	close_gap(c, i);
	c->taken--;
	atomic_store_explicit(&c->count, c->taken, memory_order_relaxed);
}

void claims_drop(struct claims *c, const uint8_t claim[CLAIM_SIZE], uint64_t entry)
{
	struct slot s = slot_of(claim, entry);
	drop(c, &s);
}

void claims_forget(struct claims *c, uint64_t before, size_t most)
{
	while (most-- > 0 && c->queued > 0 && c->queue[c->head].entry < before) {
		drop(c, &c->queue[c->head]);
		c->head = (c->head + 1) & (c->cap - 1);
		c->queued--;
	}
	/* A burst's memory goes back once nothing is left of it. */
	if (c->queued == 0 && c->cap > FIRST_CAP * 16) {
		struct slot *table = c->table, *queue = c->queue;
		if (allocate(c, FIRST_CAP) == SY_OK) {
			free(table);
			free(queue);
			c->head = 0;
		}
	}
}

size_t claims_count(const struct claims *c)
{
	return atomic_load_explicit(&c->count, memory_order_relaxed);
}
