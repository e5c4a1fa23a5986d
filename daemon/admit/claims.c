#include "admit/claims.h"

#include <stdatomic.h>
#include <stdlib.h>

#define FIRST_CAP 4096

struct slot {
	uint64_t a, b; /* the claim */
	uint64_t entry;
};

struct claims {
	size_t max;
	struct slot *queue; /* a ring of cap slots in order of arrival; may hold what was dropped */
	uint32_t *table;    /* cap * 2: 0, or 1 + the place in the ring; at most half are taken */
	size_t cap, head, queued;
	size_t taken;
	atomic_size_t count; /* taken, for other threads */
};

static struct slot slot_of(const uint8_t claim[CLAIM_SIZE], uint64_t entry)
{
	struct slot s = {.entry = entry};
	memcpy(&s.a, claim, 8);
	memcpy(&s.b, claim + 8, 8);
	return s;
}

static bool same(const struct slot *x, const struct slot *y)
{
	return x->a == y->a && x->b == y->b;
}

static size_t mask(const struct claims *c)
{
	return c->cap * 2 - 1;
}

/* What place I of the table, which isn't empty, stands for. */
static const struct slot *at(const struct claims *c, size_t i)
{
	return &c->queue[c->table[i] - 1];
}

/* Where S stands in the table, or the empty place where it would. */
static size_t place_of(const struct claims *c, const struct slot *s)
{
	size_t i = s->a & mask(c);
	while (c->table[i] != 0 && !same(at(c, i), s))
		i = (i + 1) & mask(c);
	return i;
}

static int allocate(struct claims *c, size_t cap)
{
	uint32_t *table = calloc(cap * 2, sizeof(*table));
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
	size_t i = place_of(c, &s);
	if (c->table[i] == 0)
		return false;
	*entry = at(c, i)->entry;
	return true;
}

static int grow(struct claims *c, size_t cap)
{
	const struct claims old = {.table = c->table,
				   .queue = c->queue,
				   .cap = c->cap,
				   .head = c->head,
				   .queued = c->queued};
	int err = allocate(c, cap);
	if (err)
		return err;
	for (size_t i = 0; i < old.queued; i++) {
		size_t from = (old.head + i) & (old.cap - 1);
		c->queue[i] = old.queue[from];
		if (old.table[place_of(&old, &c->queue[i])] == from + 1)
			c->table[place_of(c, &c->queue[i])] = (uint32_t)i + 1;
	}
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

static void count(struct claims *c, size_t taken)
{
	c->taken = taken;
	atomic_store_explicit(&c->count, taken, memory_order_relaxed);
}

void claims_put(struct claims *c, const uint8_t claim[CLAIM_SIZE], uint64_t entry)
{
	struct slot s = slot_of(claim, entry);
	size_t to = (c->head + c->queued++) & (c->cap - 1), i = place_of(c, &s);
	if (c->table[i] == 0)
		count(c, c->taken + 1);
	c->queue[to] = s;
	c->table[i] = (uint32_t)to + 1;
}

/* Moves later members of the run back, so that each is found from its home again. */
static void close_gap(struct claims *c, size_t gap)
{
	size_t m = mask(c);
	for (size_t i = (gap + 1) & m; c->table[i] != 0; i = (i + 1) & m) {
		size_t home = at(c, i)->a & m;
		if (((i - home) & m) < ((i - gap) & m))
			continue;
		c->table[gap] = c->table[i];
		gap = i;
	}
	c->table[gap] = 0;
}

static void take_out(struct claims *c, size_t place)
{
	close_gap(c, place);
	count(c, c->taken - 1);
}

void claims_drop(struct claims *c, const uint8_t claim[CLAIM_SIZE], uint64_t entry)
{
	struct slot s = slot_of(claim, entry);
	size_t i = place_of(c, &s);
	if (c->table[i] != 0 && at(c, i)->entry == entry)
		take_out(c, i);
}

/* The oldest leaves the ring, and the table unless that knows a newer one or none. */
static void leave(struct claims *c)
{
	size_t i = place_of(c, &c->queue[c->head]);
	if (c->table[i] == c->head + 1)
		take_out(c, i);
	c->head = (c->head + 1) & (c->cap - 1);
	c->queued--;
}

void claims_forget(struct claims *c, uint64_t before, size_t most)
{
	while (most-- > 0 && c->queued > 0 && c->queue[c->head].entry < before)
		leave(c);
	/* A burst's memory goes back once nothing is left of it. */
	if (c->queued == 0 && c->cap > FIRST_CAP * 16) {
		struct slot *queue = c->queue;
		uint32_t *table = c->table;
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
