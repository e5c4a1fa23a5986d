/*
 * What a check of a ledger can't do without, on as many cores: limits to hold fsck and audits
 * against.
 *
 *   limits THREADS ENTRIES RECORDS TEXT    of that many entries with that many records like TEXT
 *
 * Seconds for each of
 *
 *   hashes   a leaf hash of each record, the trees over them, the leaf hash of each entry, its
 *            signature
 *   unseal   each record out of the form in which truth keeps it
 *   open     the same with its leaf hash, as a daemon does before it gives a record out
 *   json     each record read
 */
#include "ledger/truth.h"

#include <suyuan/error.h>
#include <suyuan/keyfile.h>
#include <suyuan/submission.h>
#include <suyuan/tree.h>
#include <suyuan/walk.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Entries and records are dealt to threads in slices, as an auditor deals them. */
enum { SLICES = 1000, TEXTS = 256 << 20 };

struct limits {
	uint64_t entries, records;
	struct sy_str one;
	char *texts; /* copies of it, so that records come from memory as a ledger's do */
	uint64_t n_texts;
	char *room; /* an opened record a thread */
	struct sy_arena arena[SY_WALK_THREADS_MAX];
	struct sy_keyfile key;
	uint8_t sig[SY_SIG_SIZE];
	char statement[SY_STATEMENT_MAX];
	size_t statement_size;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sy_str text_of(const struct limits *l, uint64_t record)
{
	return (struct sy_str){l->texts + record % l->n_texts * l->one.n, l->one.n};
}

static void hash_entry(const struct limits *l, uint64_t i)
{
	static const uint8_t salt[SY_SALT_SIZE], entry[SY_ENTRY_SIZE];
	uint64_t first = i * l->records / l->entries, end = (i + 1) * l->records / l->entries;
	struct sy_tree records = {.size = 0};
	sy_hash h;

	for (uint64_t n = first; n < end; n++) {
		sy_record_leaf(salt, text_of(l, n), &h);
		sy_tree_append(&records, &h);
	}
	sy_tree_root(&records, &h);
	sy_leaf_hash(entry, sizeof entry, &h);
	sy_node_hash(&h, &h, &h);
	if (sy_verify(l->key.signer.key, l->statement, l->statement_size, l->sig))
		exit(1);
}

static int work_hashes(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	const struct limits *l = ctx;

	(void)thread, (void)slot;
	for (uint64_t i = slice * l->entries / SLICES; i < (slice + 1) * l->entries / SLICES; i++)
		hash_entry(l, i);
	return SY_OK;
}

static void open_records(const struct limits *l, unsigned thread, uint64_t slice, bool check)
{
	char *out = l->room + thread * l->one.n;
	uint8_t salt[SY_SALT_SIZE] = {1};
	sy_hash leaf = {{0}};

	for (uint64_t i = slice * l->records / SLICES; i < (slice + 1) * l->records / SLICES; i++) {
		sy_put64(leaf.b, i);
		seal(salt, &leaf, text_of(l, i), out);
		if (check)
			sy_record_leaf(salt, (struct sy_str){out, l->one.n}, &leaf);
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
	l->room = malloc(SY_WALK_THREADS_MAX * l->one.n);
	if (l->texts == NULL || l->room == NULL)
		exit(1);
	for (uint64_t i = 0; i < l->n_texts; i++)
		memcpy(l->texts + i * l->one.n, l->one.p, l->one.n);
	l->statement_size = sy_submission_statement(SY_STR("example.com/trace"), 1, &root,
						    4000000000u, l->statement);
	sy_sign(&l->key.signer, l->statement, l->statement_size, l->sig);
}

static double walk(struct limits *l, const char *threads,
		   int (*work)(void *ctx, unsigned thread, unsigned slot, uint64_t slice))
{
	struct sy_walk w = {.slices = SLICES,
			    .threads = (unsigned)strtoul(threads, NULL, 10),
			    .slots = SY_WALK_SLOTS_MAX,
			    .work = work,
			    .ctx = l};
	double begin = now();

	if (sy_walk(&w))
		exit(1);
	return now() - begin;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*work)(void *ctx, unsigned thread, unsigned slot, uint64_t slice);
	} stages[] = {{"hashes", work_hashes},
		      {"unseal", work_unseal},
		      {"open", work_open},
		      {"json", work_json}};
	static struct limits l;

	if (argc != 5) {
		fprintf(stderr, "usage: limits THREADS ENTRIES RECORDS TEXT\n");
		return 2;
	}
	if (sy_crypto_init())
		return 1;
	init(&l, argv + 1);
	for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
		printf("%s\"%s\":%.6f", i ? "," : "{", stages[i].name,
		       walk(&l, argv[1], stages[i].work));
	puts("}");
	for (unsigned i = 0; i < SY_WALK_THREADS_MAX; i++)
		sy_arena_free(&l.arena[i]);
	free(l.texts);
	free(l.room);
	return 0;
}
