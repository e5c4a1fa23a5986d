/*
 * A walk over an index held against one over arrays in memory, of the same graph in one run.
 *
 *   walks DIR CODE EDGES ROUNDS
 *
 * DIR is a ledger that no daemon holds.  EDGES is a file of pairs of native u32: from one node to
 * another, of items and transformations alike; node 0 is CODE.  Prints seconds, medians of ROUNDS
 * that alternate: `array` (neighbours side by side, a queue, a byte a node), `reach` (trace_walk,
 * ids and distances alone) and `walk` (with the records that say so, parties and places); in
 * processor time, since neighbours on a shared machine don't count, and `..._wall` by the clock.
 */
#include "trace/trace.h"

#include <suyuan/sign.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 99 };

struct array {
	uint32_t n_nodes, n_edges;
	uint32_t *begin, *to; /* of node i: to[begin[i]] up to to[begin[i + 1]] */
	uint32_t *queue;
	uint8_t *seen;
};

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "walks: %s\n", what);
	exit(1);
}

static void *room(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		die("memory");
	return p;
}

static void read_edges(const char *path, struct array *a)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END))
		die(path);
	a->n_edges = (uint32_t)(ftell(f) / 8);
	uint32_t *pairs = room(a->n_edges + 1, 8);
	rewind(f);
	if (fread(pairs, 8, a->n_edges, f) != a->n_edges)
		die(path);
	fclose(f);
	for (uint32_t i = 0; i < 2 * a->n_edges; i++)
		if (pairs[i] >= a->n_nodes)
			a->n_nodes = pairs[i] + 1;
	a->begin = room((size_t)a->n_nodes + 2, sizeof *a->begin);
	a->to = room((size_t)a->n_edges + 1, sizeof *a->to);
	a->queue = room(a->n_nodes, sizeof *a->queue);
	a->seen = room(a->n_nodes, 1);
	for (uint32_t i = 0; i < a->n_edges; i++)
		a->begin[pairs[2 * i] + 2]++;
	for (uint32_t i = 2; i < a->n_nodes + 2; i++)
		a->begin[i] += a->begin[i - 1];
	for (uint32_t i = 0; i < a->n_edges; i++)
		a->to[a->begin[pairs[2 * i] + 1]++] = pairs[2 * i + 1];
	free(pairs);
}

static uint32_t walk_array(struct array *a)
{
	uint32_t n = 1;

	memset(a->seen, 0, a->n_nodes);
	a->queue[0] = 0;
	a->seen[0] = 1;
	for (uint32_t at = 0; at < n; at++) {
		uint32_t id = a->queue[at];
		for (uint32_t i = a->begin[id]; i < a->begin[id + 1]; i++) {
			uint32_t to = a->to[i];
			if (!a->seen[to]) {
				a->seen[to] = 1;
				a->queue[n++] = to;
			}
		}
	}
	return n;
}

static size_t walk_index(struct index *ix, const char *code, bool bare)
{
	struct index_read r;
	struct trace found;
	uint64_t start;

	if (index_read_begin(ix, &r) || index_item_id(&r, sy_str(code), &start))
		die("no such item");
	struct trace_ask ask = {.direction = INDEX_FORWARD,
				.start = &start,
				.n_start = 1,
				.depth = UINT32_MAX >> 2,
				.from = INT64_MIN,
				.to = INT64_MAX,
				.bytes = (size_t)4 << 30,
				.bare = bare,
				.ms = 600000};
	if (trace_walk(&r, &ask, &found) || found.cut)
		die("the walk failed or was cut");
	size_t n = found.n;
	trace_free(&found);
	index_read_end(&r);
	return n;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, by_size);
	return v[n / 2];
}

/* Of each round, in processor time and by the clock; first when it began. */
struct times {
	double cpu[ROUNDS_MAX], wall[ROUNDS_MAX];
};

static void begin(struct times *t, int i)
{
	t->cpu[i] = now(CLOCK_PROCESS_CPUTIME_ID);
	t->wall[i] = now(CLOCK_MONOTONIC);
}

static void end(struct times *t, int i)
{
	t->cpu[i] = now(CLOCK_PROCESS_CPUTIME_ID) - t->cpu[i];
	t->wall[i] = now(CLOCK_MONOTONIC) - t->wall[i];
}

static void print(const char *name, struct times *t, int n)
{
	printf(",\"%s\":%.6f,\"%s_wall\":%.6f", name, median(t->cpu, n), name, median(t->wall, n));
}

int main(int argc, char **argv)
{
	struct array a = {0};
	struct ledger *l;
	struct index *ix;
	const char *why = "";
	struct times array, reach, walk;
	int rounds = argc == 5 ? atoi(argv[4]) : 0;
	size_t items = 0;
	uint32_t nodes = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || sy_crypto_init())
		die("see the head of tests/bench/walks.c");
	/* As the daemon does. */
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
	struct ledger_options lo = {.dir = argv[1], .read_only = true};
	if (ledger_open(&lo, &l, &why))
		die(why);
	struct index_options io = {.dir = argv[1], .ledger = l};
	if (index_open(&io, &ix, &why))
		die(why);
	read_edges(argv[3], &a);
	for (int i = 0; i < rounds; i++) {
		begin(&array, i);
		nodes = walk_array(&a);
		end(&array, i);
		begin(&reach, i);
		items = walk_index(ix, argv[2], true);
		end(&reach, i);
		begin(&walk, i);
		if (walk_index(ix, argv[2], false) < items)
			die("fewer items with their records");
		end(&walk, i);
	}
	printf("{\"nodes\":%u,\"edges\":%u,\"items\":%zu", nodes, a.n_edges, items);
	print("array", &array, rounds);
	print("reach", &reach, rounds);
	print("walk", &walk, rounds);
	puts("}");
	index_close(ix);
	ledger_close(l);
	return 0;
}
