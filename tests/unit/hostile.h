/*
 * No text makes a parser slow: each shape of a table, at about 1 MiB, must cost no more than LIMIT
 * times what a benign text of that size costs.  Quadratic work would be thousands of times.  The
 * processor's time is compared, within one run, so a busy machine doesn't matter.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <suyuan/suyuan.h>

#include <stdlib.h>
#include <time.h>

#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))
#define ALL (1u << 20)

/* Sanitizers bring the dearest linear shape to 20, and to 32 on a crowded machine. */
enum { LIMIT = 100 };

/* HEAD, then UNIT until SIZE is full ('#' in it is a number that never repeats), then TAIL. */
struct shape {
	const char *name, *head, *unit, *tail;
};

struct parser {
	const char *name;
	void (*run)(struct sy_str text);
	size_t size; /* the longest text that it reads; it gets as many as make 1 MiB */
	struct shape benign, hostile[12];
};

static struct sy_arena arena;

static inline void build(const struct shape *s, size_t size, struct sy_buf *out)
{
	char number[9];
	sy_buf_text(out, s->head);
	for (unsigned i = 0; out->n + strlen(s->unit) + strlen(s->tail) + 8 < size; i++)
		for (const char *p = s->unit; *p; p++) {
			if (*p != '#') {
				sy_buf_byte(out, *p);
				continue;
			}
			snprintf(number, sizeof number, "%08x", i);
			sy_buf_text(out, number);
		}
	sy_buf_text(out, s->tail);
	ck_assert(!out->failed);
}

static inline double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double once(const struct parser *p, struct sy_str text)
{
	double began = now();
	for (size_t all = 0; all < ALL; all += p->size) {
		p->run(text);
		sy_arena_reset(&arena);
	}
	return now() - began;
}

/* The best of three, as one may be disturbed; a time under ENOUGH is good without more. */
static inline double measure(const struct parser *p, const struct shape *s, double enough)
{
	struct sy_buf text = {0};
	double best = 1e9;
	build(s, p->size, &text);
	for (int i = 0; i < 3 && best > enough; i++) {
		double took = once(p, sy_buf_span(&text));
		best = took < best ? took : best;
	}
	sy_buf_free(&text);
	return best;
}

static inline void must_be_bounded(const struct parser *p)
{
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	double benign = measure(p, &p->benign, 0);
	/* What takes less than this is read at memory's speed: no measure for the rest. */
	if (benign < 0.002)
		benign = 0.002;
	for (int i = 0; i < COUNT(p->hostile) && p->hostile[i].name; i++) {
		double took = measure(p, &p->hostile[i], LIMIT * benign);
		if (getenv("SUYUAN_TIMES"))
			printf("%-10s %-46s %6.1f\n", p->name, p->hostile[i].name, took / benign);
		ck_assert_msg(took <= LIMIT * benign, "%s, %s: %.1f ms, but %.1f ms when benign",
			      p->name, p->hostile[i].name, took * 1e3, benign * 1e3);
	}
	sy_arena_free(&arena);
}

#endif
