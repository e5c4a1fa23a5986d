#include "truth.h"

#include <suyuan/hash.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CHUNK = 256, LINES_MAX = 1000, THREADS_MAX = 64 };

/* (author, records_root) of an entry: enough of a hash to sort by; equals are looked at again. */
struct identity {
	uint64_t hash, entry;
};

struct fsck {
	struct ledger *l;
	struct ledger_check *c;
	pthread_mutex_t mu;        /* of the report */
	atomic_uint_fast64_t next; /* chunk to be checked */
	atomic_uint_fast64_t leaf_rows, records;
	struct identity *ids;
	int err; /* that stopped a thread: memory, the disk */
};

static void fault(struct fsck *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct fsck *f, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&f->mu);
	if (++f->c->faults <= LINES_MAX)
		f->c->report(f->c->ctx, line);
	pthread_mutex_unlock(&f->mu);
}

static void page_fault(void *ctx, const char *line)
{
	fault(ctx, "%s", line);
}

static void stop(struct fsck *f, int err)
{
	pthread_mutex_lock(&f->mu);
	f->err = err;
	pthread_mutex_unlock(&f->mu);
	f->next = UINT64_MAX / 2;
}

/* --- one entry ------------------------------------------------------------------------------- */

struct checker {
	struct fsck *f;
	struct ledger_read r;
	struct sy_arena arena;
	sy_hash leaf[CHUNK]; /* of the chunk's entries */
};

static bool row(struct checker *k, unsigned table, uint64_t key, struct sy_str *v)
{
	int err = kv_get(&k->r.tx, table, KEY64(key), v);

	if (err && err != SY_ENOTFOUND)
		stop(k->f, err);
	else if (err)
		fault(k->f, "truth %s %llu: missing", ledger_tables[table].name,
		      (unsigned long long)key);
	return err == SY_OK;
}

static bool hash_row(struct checker *k, unsigned table, uint64_t key, const sy_hash *expected)
{
	struct sy_str v;

	if (!row(k, table, key, &v))
		return false;
	if (v.n == SY_HASH_SIZE && memcmp(v.p, expected->b, SY_HASH_SIZE) == 0)
		return true;
	fault(k->f, "truth %s %llu: isn't the hash of what it stands for",
	      ledger_tables[table].name, (unsigned long long)key);
	return false;
}

static void check_record(struct checker *k, uint64_t number, const sy_hash *leaf)
{
	struct ledger_record rec;
	struct sy_str v;
	int err;

	if (!row(k, T_RECORDS, number, &v))
		return;
	if (v.n < SY_HASH_SIZE || memcmp(v.p, leaf->b, SY_HASH_SIZE) != 0) {
		fault(k->f, "truth records %llu: its leaf hash isn't the one in leaves",
		      (unsigned long long)number);
		return;
	}
	sy_arena_reset(&k->arena);
	err = ledger_record(&k->r, &k->arena, number, &rec);
	if (err == SY_ENOMEM)
		stop(k->f, err);
	else if (err == SY_ECORRUPT)
		fault(k->f, "truth records %llu: payload or salt doesn't hash to its leaf",
		      (unsigned long long)number);
	else if (err && err != SY_EGONE)
		fault(k->f, "truth records %llu: %s", (unsigned long long)number, sy_strerror(err));
}

static void check_records(struct checker *k, const struct sy_entry *e)
{
	const sy_hash *leaves;
	struct sy_str v;
	sy_hash root;

	if (e->count == 0)
		return;
	k->f->leaf_rows++;
	k->f->records += e->count;
	if (!row(k, T_LEAVES, e->first, &v))
		return;
	if (v.n != 8 + (size_t)e->count * SY_HASH_SIZE ||
	    sy_get64((const uint8_t *)v.p) != e->index) {
		fault(k->f, "truth leaves %llu: isn't the row of entry %llu with %u records",
		      (unsigned long long)e->first, (unsigned long long)e->index, e->count);
		return;
	}
	leaves = (const sy_hash *)(v.p + 8);
	sy_leaves_root(leaves, e->count, &root);
	if (!sy_hash_eq(&root, &e->records_root))
		fault(k->f, "truth leaves %llu: they don't make the records_root of entry %llu",
		      (unsigned long long)e->first, (unsigned long long)e->index);
	for (uint32_t i = 0; i < e->count; i++)
		check_record(k, e->first + i, &leaves[i]);
}

static bool entry_row(struct checker *k, uint64_t i, struct sy_entry *e, sy_hash *leaf)
{
	const char *why = NULL;
	struct sy_str v;

	if (!row(k, T_ENTRIES, i, &v))
		return false;
	if (v.n != SY_ENTRY_SIZE) {
		fault(k->f, "truth entries %llu: %zu bytes, not %d", (unsigned long long)i, v.n,
		      SY_ENTRY_SIZE);
		return false;
	}
	sy_leaf_hash(v.p, v.n, leaf);
	if (sy_entry_decode((const uint8_t *)v.p, e, &why) == SY_OK)
		return true;
	fault(k->f, "truth entries %llu: %s", (unsigned long long)i, why ? why : "malformed");
	return false;
}

static void remember(struct fsck *f, const struct sy_entry *e, uint64_t i)
{
	struct sy_str parts[] = {
	    {(const char *)e->author, SY_KEY_SIZE},
	    {(const char *)e->records_root.b, SY_HASH_SIZE},
	};
	sy_hash h;

	sy_sha256_parts(parts, 2, &h);
	f->ids[i] = (struct identity){sy_get64(h.b), i};
}

static void check_entry(struct checker *k, uint64_t i, const struct sy_entry *before,
			const sy_hash *leaf_before, struct sy_entry *e, sy_hash *leaf)
{
	struct fsck *f = k->f;
	const char *why = NULL;

	f->ids[i] = (struct identity){i, i};
	if (!entry_row(k, i, e, leaf))
		return;
	if (e->index != i)
		fault(f, "truth entries %llu: says it is %llu", (unsigned long long)i,
		      (unsigned long long)e->index);
	else if (sy_entry_follows(e, before, leaf_before, &why))
		fault(f, "truth entries %llu: %s", (unsigned long long)i,
		      why ? why : "doesn't follow the entry before");
	if (e->kind != SY_ENTRY_SUBMISSION) {
		fault(f, "truth entries %llu: of kind %u, which this version can't check",
		      (unsigned long long)i, e->kind);
		return;
	}
	if (sy_entry_verify(e, ledger_origin(f->l)))
		fault(f, "truth entries %llu: the author's signature doesn't verify",
		      (unsigned long long)i);
	remember(f, e, i);
	check_records(k, e);
}

/* --- a chunk: as many entries as a tile ------------------------------------------------------ */

static void check_note(struct checker *k, uint64_t size, struct sy_str note, const sy_hash *root)
{
	struct sy_checkpoint c;

	if (sy_checkpoint_parse(note, &c) || sy_checkpoint_verify(&c, &k->f->l->vkey))
		fault(k->f, "truth notes %llu: isn't a checkpoint signed with log.key",
		      (unsigned long long)size);
	else if (c.size != size || !sy_hash_eq(&c.root, root))
		fault(k->f, "truth notes %llu: says another size or root",
		      (unsigned long long)size);
}

/* The checkpoints of sizes from FROM + 1 to TO; T is the tree of FROM leaves. */
static void check_notes(struct checker *k, struct sy_tree *t, uint64_t from, uint64_t to)
{
	struct sy_str key, note;
	sy_hash root;
	int err = kv_seek(&k->r.tx, T_NOTES, KEY64(from + 1), &key, &note);

	for (; err == SY_OK; err = kv_next(&k->r.tx, T_NOTES, &key, &note)) {
		uint64_t size = key.n == 8 ? sy_get64((const uint8_t *)key.p) : 0;
		if (key.n != 8 || size > to)
			break;
		while (t->size < size)
			sy_tree_append(t, &k->leaf[t->size - from]);
		sy_tree_root(t, &root);
		check_note(k, size, note, &root);
	}
}

static void check_chunk(struct checker *k, uint64_t chunk)
{
	uint64_t from = chunk * CHUNK, to = from + CHUNK;
	struct sy_entry before, e;
	sy_hash leaf_before = {{0}};
	struct sy_tree tree;
	bool known = from == 0 || entry_row(k, from - 1, &before, &leaf_before);

	if (to > k->r.entries)
		to = k->r.entries;
	for (uint64_t i = from; i < to; i++) {
		sy_hash *leaf = &k->leaf[i - from];
		memset(leaf, 0, sizeof *leaf);
		memset(&e, 0, sizeof e);
		check_entry(k, i, i && known ? &before : NULL, &leaf_before, &e, leaf);
		hash_row(k, T_TREE, i, leaf);
		before = e;
		leaf_before = *leaf;
		known = true;
	}
	if (to - from == CHUNK) {
		sy_hash root;
		sy_leaves_root(k->leaf, CHUNK, &root);
		hash_row(k, T_TREE + 1, chunk, &root);
	}
	if (sy_tree_load(&tree, truth_at, &k->r.tx, from) == SY_OK)
		check_notes(k, &tree, from, to);
}

static void *check_chunks(void *arg)
{
	struct fsck *f = arg;
	struct checker k = {.f = f};
	uint64_t chunks = (f->l->last.entries + CHUNK - 1) / CHUNK;
	int err = read_committed(f->l, &k.r);

	if (err) {
		stop(f, err);
		return NULL;
	}
	for (uint64_t i; (i = f->next++) < chunks;)
		check_chunk(&k, i);
	ledger_read_end(&k.r);
	sy_arena_free(&k.arena);
	return NULL;
}

static void check_parallel(struct fsck *f)
{
	unsigned n = f->c->threads < THREADS_MAX ? f->c->threads : THREADS_MAX, started = 0;
	pthread_t t[THREADS_MAX];

	while (started + 1 < n && pthread_create(&t[started], NULL, check_chunks, f) == 0)
		started++;
	check_chunks(f);
	while (started)
		pthread_join(t[--started], NULL);
}

/* --- the whole ------------------------------------------------------------------------------- */

/* Tree tables from the third on: each row over 256 of the one below. */
static void check_upper_tree(struct checker *k)
{
	for (unsigned t = 2; t < 8; t++)
		for (uint64_t i = 0; i < k->r.entries >> (8 * t); i++) {
			sy_hash root;
			for (unsigned j = 0; j < CHUNK; j++)
				if (truth_at(&k->r.tx, 8 * (t - 1), i * CHUNK + j, &k->leaf[j]))
					memset(&k->leaf[j], 0, sizeof k->leaf[j]);
			sy_leaves_root(k->leaf, CHUNK, &root);
			hash_row(k, T_TREE + t, i, &root);
		}
}

static void check_count(struct checker *k, unsigned table, uint64_t expected)
{
	uint64_t n = kv_count(&k->r.tx, table);

	if (n != expected)
		fault(k->f, "truth %s: %llu rows, not %llu", ledger_tables[table].name,
		      (unsigned long long)n, (unsigned long long)expected);
}

/* With each expected row found by its key, a table of the right length has no other. */
static void check_counts(struct checker *k)
{
	check_count(k, T_RECORDS, k->f->records);
	check_count(k, T_LEAVES, k->f->leaf_rows);
	for (unsigned t = 0; t < 8; t++)
		check_count(k, T_TREE + t, k->r.entries >> (8 * t));
	check_count(k, T_META, 2);
}

static void check_notes_range(struct checker *k)
{
	struct sy_str key, v;
	uint64_t size;

	if (kv_seek(&k->r.tx, T_NOTES, SY_STR(""), &key, &v))
		return;
	size = key.n == 8 ? sy_get64((const uint8_t *)key.p) : 0;
	if (size == 0)
		fault(k->f, "truth notes: the first row's key isn't a size");
	if (kv_last(&k->r.tx, T_NOTES, &key, &v))
		return;
	size = key.n == 8 ? sy_get64((const uint8_t *)key.p) : UINT64_MAX;
	if (size > k->r.entries)
		fault(k->f, "truth notes: a checkpoint of %llu entries, there are %llu",
		      (unsigned long long)size, (unsigned long long)k->r.entries);
}

static void check_meta_rows(struct checker *k)
{
	char format[8];
	struct sy_str v;

	snprintf(format, sizeof format, "%d", LEDGER_FORMAT);
	if (kv_get(&k->r.tx, T_META, SY_STR("format"), &v) || !sy_str_is(v, format))
		fault(k->f, "truth meta format: isn't %s", format);
	if (kv_get(&k->r.tx, T_META, SY_STR("origin"), &v) || !sy_str_is(v, k->f->l->origin))
		fault(k->f, "truth meta origin: isn't %s, the name of log.key", k->f->l->origin);
}

static void check_genesis(struct checker *k)
{
	char vkey[SY_VKEY_TEXT];
	struct ledger_record rec;
	struct sy_json_doc doc;
	const struct sy_json *root;

	sy_arena_reset(&k->arena);
	if (ledger_record(&k->r, &k->arena, 0, &rec))
		return; /* reported already */
	sy_vkey_format(&k->f->l->vkey, vkey);
	if (sy_record_parse(&k->arena, rec.payload, &doc, NULL)) {
		fault(k->f, "record 0: isn't a legal record");
		return;
	}
	root = sy_json_root(&doc);
	if (!sy_json_is(&doc, sy_json_get(&doc, root, "type"), "Ledger") ||
	    !sy_json_is(&doc, sy_json_get(&doc, root, "origin"), k->f->l->origin) ||
	    !sy_json_is(&doc, sy_json_get(&doc, root, "logKey"), vkey))
		fault(k->f, "record 0: isn't the beginning of the ledger that log.key signs for");
}

static int by_hash(const void *a, const void *b)
{
	const struct identity *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static void check_identities(struct checker *k)
{
	struct identity *ids = k->f->ids;
	const size_t root = 72, both = SY_HASH_SIZE + SY_KEY_SIZE; /* they are side by side */

	qsort(ids, k->r.entries, sizeof *ids, by_hash);
	for (uint64_t i = 1; i < k->r.entries; i++) {
		const uint8_t *a, *b;
		if (ids[i].hash != ids[i - 1].hash || ledger_entry(&k->r, ids[i - 1].entry, &a) ||
		    ledger_entry(&k->r, ids[i].entry, &b) || memcmp(a + root, b + root, both) != 0)
			continue;
		fault(k->f, "truth entries %llu: the same submission as entry %llu",
		      (unsigned long long)ids[i].entry, (unsigned long long)ids[i - 1].entry);
	}
}

static void check_salts(struct fsck *f)
{
	struct stat st;

	if (fstat(f->l->salts_fd, &st) == 0 &&
	    (uint64_t)st.st_size < f->l->last.records * SY_SALT_SIZE)
		fault(f, "salts: ends after %llu of %llu",
		      (unsigned long long)st.st_size / SY_SALT_SIZE,
		      (unsigned long long)f->l->last.records);
}

/* Each record in order to the caller, for what only he knows. */
static void tell_records(struct checker *k)
{
	struct ledger_check *c = k->f->c;

	for (uint64_t i = 0; i < k->r.entries; i++) {
		const uint8_t *bytes;
		struct sy_entry e;
		if (ledger_entry(&k->r, i, &bytes) || sy_entry_decode(bytes, &e, NULL))
			continue;
		for (uint32_t j = 0; j < e.count; j++) {
			struct ledger_record rec = {.payload = SY_STR("")};
			int err;
			sy_arena_reset(&k->arena);
			err = ledger_record(&k->r, &k->arena, e.first + j, &rec);
			if (err == SY_OK || err == SY_EGONE)
				c->record(c->ctx, &e, e.first + j, rec.payload);
		}
	}
}

static int check_rest(struct fsck *f)
{
	struct checker k = {.f = f};
	int err = read_committed(f->l, &k.r);

	if (err)
		return err;
	check_upper_tree(&k);
	check_counts(&k);
	check_notes_range(&k);
	check_meta_rows(&k);
	check_genesis(&k);
	check_identities(&k);
	check_salts(f);
	if (head_check(f->l))
		fault(f, "%s", ledger_said());
	if (f->c->record)
		tell_records(&k);
	ledger_read_end(&k.r);
	sy_arena_free(&k.arena);
	return k.r.tx.err;
}

/* How much there is, by the tables' own count: what isn't so turns up row by row. */
static int count(struct fsck *f)
{
	struct kv_tx tx;
	int err = kv_begin(f->l->truth, &tx, KV_READ);

	if (err)
		return err;
	f->l->last.entries = kv_count(&tx, T_ENTRIES);
	f->l->last.records = kv_count(&tx, T_RECORDS);
	kv_abort(&tx);
	f->c->entries = f->l->last.entries;
	f->c->records = f->l->last.records;
	if (f->c->entries == 0)
		fault(f, "truth entries: there is none");
	f->ids = calloc(f->c->entries + 1, sizeof *f->ids);
	return f->ids ? SY_OK : SY_ENOMEM;
}

static int check_content(struct fsck *f)
{
	struct ledger *l = f->l;
	int err;

	if (ledger_keys(l) || ledger_truth(l) || salts_open(l, false)) {
		fault(f, "%s", ledger_said());
		return SY_ECORRUPT;
	}
	if ((err = count(f)))
		return err;
	check_parallel(f);
	return f->err ? f->err : check_rest(f);
}

int ledger_fsck(const char *dir, struct ledger_check *c)
{
	struct ledger_options o = {.dir = dir, .read_only = true};
	struct fsck f = {.c = c};
	struct pages_report r = {.fault = page_fault, .ctx = &f};
	int err;

	c->faults = c->entries = c->records = 0;
	pthread_mutex_init(&f.mu, NULL);
	if ((err = ledger_new(&o, &f.l)) || (err = ledger_dir(f.l)) || (err = ledger_lock(f.l))) {
		fault(&f, "%s", ledger_said());
		goto err0;
	}
	err = pages_check(dir, &r);
	c->whole = r.whole;
	if (err == SY_OK)
		err = check_content(&f);
	else
		fault(&f, "truth: the rest can't be checked before its pages are whole");
err0:
	free(f.ids);
	ledger_close(f.l);
	pthread_mutex_destroy(&f.mu);
	return err ? err : c->faults ? SY_ECORRUPT : SY_OK;
}
