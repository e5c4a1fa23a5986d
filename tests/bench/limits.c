/*
 * What a check of a ledger can't do without, on as many cores: limits to hold fsck and audits
 * against.
 *
 *   limits THREADS ENTRIES RECORDS TEXT    of that many entries with that many records like TEXT
 *
 * Seconds, and processor seconds a thread, for each of
 *
 *   hashes   a leaf hash of each record, the trees over them, the leaf hash of each entry, its
 *            signature; one hash after the other, as OpenSSL gives them
 *   pairs    the same with two hashes at a time
 *   unseal   each record out of the form in which truth keeps it, as many at a time as there are
 *            lanes
 *   open     the same with its leaf hash, as a daemon does before it gives a record out
 *   json     each record read
 */
#include "ledger/unseal.h"

#include <suyuan/error.h>
#include <suyuan/keyfile.h>
#include <suyuan/submission.h>
#include <suyuan/tree.h>
#include <suyuan/walk.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Entries and records are dealt to threads in slices, as an auditor deals them. */
enum { SLICES = 1000, TEXTS = 256 << 20, SOME = 32 };

struct limits {
	uint64_t entries, records;
	struct sy_str one;
	char *texts; /* copies of it, so that records come from memory as a ledger's do */
	uint64_t n_texts;
	char *room; /* opened records a thread */
	struct sy_arena arena[SY_WALK_THREADS_MAX];
	struct sy_keyfile key;
	uint8_t sig[SY_SIG_SIZE];
	char statement[SY_STATEMENT_MAX];
	size_t statement_size;
};

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sy_str text_of(const struct limits *l, uint64_t record)
{
	return (struct sy_str){l->texts + record % l->n_texts * l->one.n, l->one.n};
}

static void hash_records(const struct limits *l, uint64_t n, uint64_t end, sy_hash *root)
{
	static const uint8_t salt[SY_SALT_SIZE];
	struct sy_tree records = {.size = 0};
	sy_hash h;

	for (; n < end; n++) {
		sy_record_leaf(salt, text_of(l, n), &h);
		sy_tree_append(&records, &h);
	}
	sy_tree_root(&records, root);
}

static void hash_pairs(const struct limits *l, uint64_t n, uint64_t end, sy_hash *root)
{
	sy_hash leaves[SY_RECORDS_MAX];
	struct sy_opened some[SOME] = {{.salt = {0}}};
	size_t done = 0, k;

	for (; n < end; n += k) {
		for (k = 0; k < SOME && n + k < end; k++)
			some[k].payload = text_of(l, n + k);
		sy_record_leaves(some, k);
		for (size_t i = 0; i < k && done < SY_RECORDS_MAX; i++)
			leaves[done++] = some[i].leaf;
	}
	sy_leaves_root(leaves, done, root);
}

static int check_entries(const struct limits *l, uint64_t slice,
			 void (*records)(const struct limits *l, uint64_t n, uint64_t end,
					 sy_hash *root))
{
	static const uint8_t entry[SY_ENTRY_SIZE];
	sy_hash h;

	for (uint64_t i = slice * l->entries / SLICES; i < (slice + 1) * l->entries / SLICES; i++) {
		records(l, i * l->records / l->entries, (i + 1) * l->records / l->entries, &h);
		sy_leaf_hash(entry, sizeof entry, &h);
		sy_node_hash(&h, &h, &h);
		if (sy_verify(l->key.signer.key, l->statement, l->statement_size, l->sig))
			exit(1);
	}
	return SY_OK;
}

static int work_hashes(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	(void)thread, (void)slot;
	return check_entries(ctx, slice, hash_records);
}

static int work_pairs(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	(void)thread, (void)slot;
	return check_entries(ctx, slice, hash_pairs);
}

static void open_records(const struct limits *l, unsigned thread, uint64_t slice, bool check)
{
	uint64_t end = (slice + 1) * l->records / SLICES;
	struct sy_opened some[SOME] = {{.salt = {0}}};
	struct sealed sealed[SOME];
	sy_hash leaf = {{0}};
	size_t k;

	for (uint64_t i = slice * l->records / SLICES; i < end; i += k) {
		for (k = 0; k < SOME && i + k < end; k++) {
			char *out = l->room + (thread * SOME + k) * l->one.n;
			some[k].payload = (struct sy_str){out, l->one.n};
			sealed[k] = (struct sealed){some[k].salt, &leaf, text_of(l, i + k), out};
		}
		unseal_each(sealed, k);
		if (check)
			sy_record_leaves(some, k);
	}
}

static int work_unseal(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	(void)slot;
	open_records(ctx, thread, slice, false);
	return SY_OK;
}

static int work_open(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	(void)slot;
	open_records(ctx, thread, slice, true);
	return SY_OK;
}

static int work_json(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	struct limits *l = ctx;
	struct sy_json_doc doc;

	(void)slot;
	for (uint64_t i = slice * l->records / SLICES; i < (slice + 1) * l->records / SLICES; i++) {
		sy_arena_reset(&l->arena[thread]);
		if (sy_record_parse(&l->arena[thread], text_of(l, i), &doc, NULL))
			exit(1);
	}
	return SY_OK;
}

static void init(struct limits *l, char **args)
{
	sy_hash root = {{1}};

	l->entries = strtoull(args[1], NULL, 10);
	l->records = strtoull(args[2], NULL, 10);
	l->one = sy_str(args[3]);
	if (l->entries == 0 || l->one.n == 0 || sy_keyfile_new(&l->key, sy_str("bench")))
		exit(2);
	l->n_texts = l->records < TEXTS / l->one.n ? l->records + 1 : TEXTS / l->one.n;
	l->texts = malloc(l->n_texts * l->one.n);
	l->room = malloc(SY_WALK_THREADS_MAX * SOME * l->one.n);
	if (l->texts == NULL || l->room == NULL)
		exit(1);
	for (uint64_t i = 0; i < l->n_texts; i++)
		memcpy(l->texts + i * l->one.n, l->one.p, l->one.n);
	l->statement_size = sy_submission_statement(SY_STR("example.com/trace"), 1, &root,
						    4000000000u, l->statement);
	sy_sign(&l->key.signer, l->statement, l->statement_size, l->sig);
}

struct stage {
	const char *name;
	int (*work)(void *ctx, unsigned thread, unsigned slot, uint64_t slice);
};

static void run(struct limits *l, unsigned threads, const struct stage *stage)
{
	struct sy_walk w = {.slices = SLICES,
			    .threads = threads,
			    .slots = SY_WALK_SLOTS_MAX,
			    .work = stage->work,
			    .ctx = l};
	double begin = now(CLOCK_MONOTONIC), spent = now(CLOCK_PROCESS_CPUTIME_ID);

	if (sy_walk(&w))
		exit(1);
	printf("\"%s\":[%.6f,%.6f]", stage->name, now(CLOCK_MONOTONIC) - begin,
	       (now(CLOCK_PROCESS_CPUTIME_ID) - spent) / threads);
}

int main(int argc, char **argv)
{
	static const struct stage stages[] = {{"hashes", work_hashes},
					      {"pairs", work_pairs},
					      {"unseal", work_unseal},
					      {"open", work_open},
					      {"json", work_json}};
	unsigned threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	static struct limits l;

	if (argc != 5 || threads < 1 || threads > SY_WALK_THREADS_MAX) {
		fprintf(stderr, "usage: limits THREADS ENTRIES RECORDS TEXT\n");
		return 2;
	}
	if (sy_crypto_init())
		return 1;
	init(&l, argv + 1);
	for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
		putchar(i ? ',' : '{');
		run(&l, threads, &stages[i]);
	}
	puts("}");
	for (unsigned i = 0; i < SY_WALK_THREADS_MAX; i++)
		sy_arena_free(&l.arena[i]);
	free(l.texts);
	free(l.room);
	return 0;
}
