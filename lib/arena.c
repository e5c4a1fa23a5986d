#include <suyuan/arena.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_MIN 4096
#define CHUNK_MAX (1024 * 1024)
#define ALIGN _Alignof(max_align_t)

struct sy_arena_chunk {
	struct sy_arena_chunk *next;
	size_t cap, used;
	struct sy_budget *budget;
	max_align_t data[];
};

static bool take(struct sy_budget *b, size_t n)
{
	if (b == NULL || __atomic_add_fetch(&b->used, n, __ATOMIC_RELAXED) <= b->most)
		return true;
	__atomic_sub_fetch(&b->used, n, __ATOMIC_RELAXED);
	return false;
}

static void give_back(struct sy_budget *b, size_t n)
{
	if (b)
		__atomic_sub_fetch(&b->used, n, __ATOMIC_RELAXED);
}

static size_t left(const struct sy_arena_chunk *c)
{
	return c ? c->cap - c->used : 0;
}

/* A further chunk that holds N bytes; each is twice the last, up to a limit. */
static struct sy_arena_chunk *chunk_add(struct sy_arena *a, size_t n)
{
	size_t cap = a->now ? a->now->cap * 2 : CHUNK_MIN;
	if (cap > CHUNK_MAX)
		cap = CHUNK_MAX;
	if (cap < n)
		cap = n;
	if (!take(a->budget, sizeof(struct sy_arena_chunk) + cap))
		return NULL;
	struct sy_arena_chunk *c = malloc(sizeof *c + cap);
	if (c == NULL) {
		give_back(a->budget, sizeof *c + cap);
		return NULL;
	}
	*c = (struct sy_arena_chunk){.cap = cap, .budget = a->budget};
	if (a->first == NULL) {
		a->first = a->now = c;
		return c;
	}
	c->next = a->now->next;
	a->now->next = c;
	/* After one large piece the chunk with more room stays the one that is filled. */
	if (cap - n > left(a->now))
		a->now = c;
	return c;
}

void *sy_arena_alloc(struct sy_arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		return NULL;
	size_t rounded = n ? (n + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
	struct sy_arena_chunk *c = a->now;
	if (left(c) < rounded && (c = chunk_add(a, rounded)) == NULL)
		return NULL;
	void *p = (char *)c->data + c->used;
	c->used += rounded;
	a->used += n;
	return p;
}

void *sy_arena_calloc(struct sy_arena *a, size_t count, size_t size)
{
	size_t n;
	if (__builtin_mul_overflow(count, size, &n))
		return NULL;
	void *p = sy_arena_alloc(a, n);
	return p ? memset(p, 0, n) : NULL;
}

bool sy_arena_room(struct sy_arena *a, void *array, size_t *cap, size_t need, size_t size)
{
	size_t more = *cap > SIZE_MAX / 2 ? SIZE_MAX : *cap * 2;
	void *old, *grown;
	if (need <= *cap)
		return true;
	if (more < 8)
		more = 8;
	if (more < need)
		more = need;
	if ((grown = sy_arena_calloc(a, more, size)) == NULL)
		return false;
	memcpy(&old, array, sizeof old);
	if (*cap)
		memcpy(grown, old, *cap * size);
	memcpy(array, &grown, sizeof grown);
	*cap = more;
	return true;
}

char *sy_arena_strdup(struct sy_arena *a, struct sy_str s)
{
	char *p = s.n < SIZE_MAX ? sy_arena_alloc(a, s.n + 1) : NULL;
	if (p == NULL)
		return NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

char *sy_arena_printf(struct sy_arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *p = sy_arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

char *sy_arena_vprintf(struct sy_arena *a, const char *fmt, va_list ap)
{
	char text[256]; /* most fit, and are made once */
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	char *p = n >= 0 ? sy_arena_alloc(a, (size_t)n + 1) : NULL;
	if (p && (size_t)n < sizeof text)
		memcpy(p, text, (size_t)n + 1);
	else if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

static void chunks_free(struct sy_arena_chunk *c)
{
	while (c) {
		struct sy_arena_chunk *next = c->next;
		give_back(c->budget, sizeof *c + c->cap);
		free(c);
		c = next;
	}
}

void sy_arena_reset(struct sy_arena *a)
{
	if (a->first) {
		chunks_free(a->first->next);
		a->first->next = NULL;
		a->first->used = 0;
	}
	a->now = a->first;
	a->used = 0;
}

void sy_arena_free(struct sy_arena *a)
{
	chunks_free(a->first);
	*a = (struct sy_arena){.budget = a->budget};
}
