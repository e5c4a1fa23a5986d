/*
 * A log in memory with what the index asks of a ledger, so that a test can publish, erase and kill
 * at any point.  Included once by a program; its functions stand in for the ledger room's.
 */
#ifndef TESTS_FAKELOG_H
#define TESTS_FAKELOG_H

#include "ledger/ledger.h"
#include "run.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOG_MAX = 1 << 18 };

struct ledger {
	pthread_mutex_t lock;
	uint8_t (*entries)[SY_ENTRY_SIZE];
	uint64_t published; /* entries that readers see */
	uint64_t n_entries, n_records;
	struct {
		char *payload;
		uint64_t entry;
		uint32_t position;
		bool gone;
	} * records;
	unsigned erasures; /* calls of ledger_erase */
	int fail;          /* of the next read */
};

static struct ledger *log_new(void)
{
	struct ledger *l = calloc(1, sizeof *l);

	ck_assert_ptr_nonnull(l);
	pthread_mutex_init(&l->lock, NULL);
	l->entries = calloc(LOG_MAX, sizeof *l->entries);
	l->records = calloc(LOG_MAX, sizeof *l->records);
	ck_assert(l->entries && l->records);
	return l;
}

static void log_free(struct ledger *l)
{
	for (uint64_t i = 0; i < l->n_records; i++)
		free(l->records[i].payload);
	free(l->records);
	free(l->entries);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* An entry of N records by KEY at TIME; not published yet. */
static void log_append_n(struct ledger *l, const uint8_t key[SY_KEY_SIZE], uint64_t time,
			 char *const *payloads, uint32_t n)
{
	struct sy_entry e = {.kind = SY_ENTRY_SUBMISSION,
			     .alg = SY_ALG_ED25519,
			     .index = l->n_entries,
			     .first = l->n_records,
			     .count = n,
			     .deadline = l->n_entries ? 4000000000U : 0,
			     .time = time};

	pthread_mutex_lock(&l->lock);
	ck_assert(l->n_entries < LOG_MAX && l->n_records + n <= LOG_MAX);
	if (e.index)
		sy_leaf_hash(l->entries[e.index - 1], SY_ENTRY_SIZE, &e.prev);
	memcpy(e.author, key, SY_KEY_SIZE);
	for (uint32_t i = 0; i < n; i++) {
		sy_hash leaf;
		sy_leaf_hash(payloads[i], strlen(payloads[i]), &leaf);
		sy_node_hash(&e.records_root, &leaf, &e.records_root);
		l->records[l->n_records].payload = strdup(payloads[i]);
		l->records[l->n_records].entry = e.index;
		l->records[l->n_records++].position = i;
	}
	sy_entry_encode(&e, l->entries[l->n_entries++]);
	pthread_mutex_unlock(&l->lock);
}

static void log_publish(struct ledger *l, uint64_t entries)
{
	pthread_mutex_lock(&l->lock);
	l->published = entries;
	pthread_mutex_unlock(&l->lock);
}

/* One record, published; its number. */
static uint64_t log_add(struct ledger *l, const uint8_t key[SY_KEY_SIZE], const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static uint64_t log_add(struct ledger *l, const uint8_t key[SY_KEY_SIZE], const char *format, ...)
{
	char *payload;
	va_list ap;

	va_start(ap, format);
	ck_assert_int_ge(vasprintf(&payload, format, ap), 0);
	va_end(ap);
	log_append_n(l, key, 1000 * (l->n_entries + 1), &payload, 1);
	free(payload);
	log_publish(l, l->n_entries);
	return l->n_records - 1;
}

/* --- the ledger room's ----------------------------------------------------------------------- */

int ledger_read_begin(struct ledger *l, struct ledger_read *r)
{
	pthread_mutex_lock(&l->lock);
	int err = l->fail;
	l->fail = SY_OK;
	*r = (struct ledger_read){.l = l, .entries = l->published};
	pthread_mutex_unlock(&l->lock);
	return err;
}

void ledger_read_end(struct ledger_read *r)
{
	r->l = NULL;
}

int ledger_entry(struct ledger_read *r, uint64_t index, const uint8_t **bytes)
{
	if (index >= r->entries)
		return SY_ENOTFOUND;
	*bytes = r->l->entries[index];
	return SY_OK;
}

int ledger_record_entry(struct ledger_read *r, uint64_t number, uint64_t *entry, uint32_t *position)
{
	*entry = r->l->records[number].entry;
	*position = r->l->records[number].position;
	return SY_OK;
}

int ledger_record(struct ledger_read *r, struct sy_arena *arena, uint64_t number,
		  struct ledger_record *out)
{
	pthread_mutex_lock(&r->l->lock);
	bool gone = r->l->records[number].gone;
	pthread_mutex_unlock(&r->l->lock);
	if (gone)
		return SY_EGONE;
	out->payload = sy_str(r->l->records[number].payload);
	out->payload.p = sy_arena_strdup(arena, out->payload);
	return out->payload.p ? SY_OK : SY_ENOMEM;
}

int ledger_records(struct ledger_read *r, struct sy_arena *arena, uint64_t from, uint64_t to,
		   ledger_take_fn take, void *ctx)
{
	struct ledger_record rec = {.payload = {NULL, 0}};
	bool more = true;

	for (uint64_t i = from; i < to && more; i++) {
		sy_arena_reset(arena);
		int err = ledger_record(r, arena, i, &rec);
		if (err && err != SY_EGONE)
			return err;
		more = take(ctx, i, &rec, err == SY_EGONE);
	}
	return SY_OK;
}

int ledger_erase(struct ledger *l, uint64_t number)
{
	pthread_mutex_lock(&l->lock);
	l->records[number].gone = true;
	l->erasures++;
	pthread_mutex_unlock(&l->lock);
	return SY_OK;
}

/* --- a folder and an index over it ----------------------------------------------------------- */

static char log_dir[32];

static void dir_make(void)
{
	strcpy(log_dir, "/tmp/test_index.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(log_dir));
}

static void dir_remove(void)
{
	char cmd[64];

	snprintf(cmd, sizeof cmd, "rm -rf %s", log_dir);
	ck_assert_int_eq(system(cmd), 0);
}

#endif
