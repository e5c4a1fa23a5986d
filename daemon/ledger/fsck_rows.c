#include "fsck.h"

#include <stdlib.h>

/* --- readers --------------------------------------------------------------------------------- */

int fsck_reader(struct fsck *f, unsigned thread, struct fsck_reader **out)
{
	struct fsck_reader *k = &f->readers[thread];
	int err;

	*out = k;
	if (k->open)
		return SY_OK;
	if (k->text == NULL && (k->text = malloc(SY_RECORD_MAX)) == NULL)
		return SY_ENOMEM;
	if ((err = read_committed(f->l, &k->r)))
		return err;
	k->open = true;
	return SY_OK;
}

void fsck_readers_free(struct fsck *f)
{
	for (unsigned i = 0; f->readers && i < f->c->threads; i++) {
		if (f->readers[i].open)
			ledger_read_end(&f->readers[i].r);
		free(f->readers[i].text);
	}
	free(f->readers);
	f->readers = NULL;
}

/* --- entries and the tree's lowest tables ---------------------------------------------------- */

static const char *const table_names[N_TABLES] = {
    "truth entries", "truth records", "truth leaves", "truth tree0", "truth tree1",
    "truth tree2",   "truth tree3",   "truth tree4",  "truth tree5", "truth tree6",
    "truth tree7",   "truth notes",   "truth meta",
};

static void row_fault(struct sy_audit_part *p, uint64_t entry, unsigned table, uint64_t key,
		      const char *what)
{
	sy_audit_fault(p, entry, table_names[table], key, "%s", what);
}

/* ENTRY is the last of those that the hash stands for. */
static void check_hash(struct sy_audit_part *p, uint64_t entry, struct rows *r, uint64_t key,
		       const sy_hash *expected)
{
	struct sy_str v;

	if (!rows_at(r, key, &v))
		row_fault(p, entry, r->table, key, "missing");
	else if (v.n != SY_HASH_SIZE || memcmp(v.p, expected->b, SY_HASH_SIZE) != 0)
		row_fault(p, entry, r->table, key, "isn't the hash of what it stands for");
}

static void take_entry(struct sy_audit_part *p, struct rows *entries, uint64_t i,
		       uint8_t raw[SY_ENTRY_SIZE])
{
	struct sy_str v;

	memset(raw, 0, SY_ENTRY_SIZE);
	if (!rows_at(entries, i, &v))
		row_fault(p, i, T_ENTRIES, i, "missing");
	else if (v.n != SY_ENTRY_SIZE)
		row_fault(p, i, T_ENTRIES, i, "isn't 200 bytes long");
	else
		memcpy(raw, v.p, SY_ENTRY_SIZE);
}

int fsck_entries(void *ctx, unsigned thread, struct sy_audit_part *p, uint64_t from, unsigned n,
		 uint8_t (*raw)[SY_ENTRY_SIZE])
{
	struct fsck_reader *k;
	struct rows entries, tree;
	sy_hash leaf[FSCK_TILE], root;
	int err = fsck_reader(ctx, thread, &k);

	if (err)
		return err;
	rows_begin(&entries, &k->r.tx, T_ENTRIES, from);
	rows_begin(&tree, &k->r.tx, T_TREE, from);
	for (unsigned i = 0; i < n; i++) {
		take_entry(p, &entries, from + i, raw[i]);
		sy_leaf_hash(raw[i], SY_ENTRY_SIZE, &leaf[i]);
		check_hash(p, from + i, &tree, from + i, &leaf[i]);
	}
	if (n == FSCK_TILE) {
		sy_leaves_root(leaf, FSCK_TILE, &root);
		rows_begin(&tree, &k->r.tx, T_TREE + 1, from / FSCK_TILE);
		check_hash(p, from + n - 1, &tree, from / FSCK_TILE, &root);
	}
	return k->r.tx.err;
}

/* --- records --------------------------------------------------------------------------------- */

/* Opens what has gathered and gives it to the audit; each hash must be that of its row, and of the
 * row of leaves. */
static void open_batch(struct fsck_reader *k, struct sy_audit_part *p)
{
	struct fsck_batch *b = &k->batch;

	unseal_each(b->sealed, b->n);
	sy_audit_records(p, b->opened, b->n);
	for (size_t i = 0; i < b->n; i++) {
		const sy_hash *h = &b->opened[i].leaf;
		if (!sy_hash_eq(h, b->sealed[i].leaf))
			row_fault(p, b->at[i].entry, T_RECORDS, b->at[i].number,
				  "payload or salt doesn't hash to its leaf");
		else if (b->at[i].leaf && !sy_hash_eq(h, b->at[i].leaf))
			row_fault(p, b->at[i].entry, T_LEAVES, b->at[i].first,
				  "a hash in it isn't its record's");
	}
	b->n = b->bytes = 0;
}

static void batch_add(struct fsck_reader *k, struct sy_audit_part *p, const struct sy_entry *e,
		      uint64_t number, const uint8_t salt[SY_SALT_SIZE], struct sy_str row,
		      const sy_hash *expected)
{
	struct fsck_batch *b = &k->batch;
	size_t n = row.n - SY_HASH_SIZE;

	if (b->n == FSCK_BATCH || b->bytes + n > SY_RECORD_MAX)
		open_batch(k, p);
	char *out = k->text + b->bytes;
	struct sy_opened *opened = &b->opened[b->n];
	memcpy(opened->salt, salt, SY_SALT_SIZE);
	opened->payload = (struct sy_str){out, n};
	b->sealed[b->n] =
	    (struct sealed){opened->salt, (const sy_hash *)row.p, {row.p + SY_HASH_SIZE, n}, out};
	b->at[b->n].entry = e->index;
	b->at[b->n].first = e->first;
	b->at[b->n].number = number;
	b->at[b->n].leaf = expected;
	b->n++;
	b->bytes += n;
}

static int check_record(struct fsck *f, struct fsck_reader *k, struct sy_audit_part *p,
			const struct sy_entry *e, uint64_t number, struct sy_str row,
			const sy_hash *expected)
{
	const sy_hash *leaf = (const sy_hash *)row.p;
	uint8_t salt[SY_SALT_SIZE];
	int err = salts_run(f->l, &k->salts, f->salts, number, salt);

	if (err)
		return err;
	if (!salt_erased(salt)) {
		batch_add(k, p, e, number, salt, row, expected);
		return SY_OK;
	}
	open_batch(k, p);
	if (expected && !sy_hash_eq(leaf, expected))
		row_fault(p, e->index, T_RECORDS, number, "its leaf hash isn't the one in leaves");
	sy_audit_gone(p, leaf);
	return SY_OK;
}

static void missing(struct fsck_reader *k, struct sy_audit_part *p)
{
	open_batch(k, p);
	sy_audit_missing(p, NULL);
}

/* The leaf hashes of an entry's records, as the table of leaves has them; NULL after a fault. */
static const sy_hash *leaves_of(struct rows *leaves, struct sy_audit_part *p,
				const struct sy_entry *e)
{
	struct sy_str v;

	if (!rows_at(leaves, e->first, &v))
		row_fault(p, e->index, T_LEAVES, e->first, "missing");
	else if (v.n != 8 + (size_t)e->count * SY_HASH_SIZE ||
		 sy_get64((const uint8_t *)v.p) != e->index)
		row_fault(p, e->index, T_LEAVES, e->first, "isn't the row of its entry");
	else
		return (const sy_hash *)(v.p + 8);
	return NULL;
}

static int check_entry(struct fsck *f, struct fsck_reader *k, struct sy_audit_part *p,
		       const struct sy_entry *e, struct rows *leaves, struct rows *records)
{
	const sy_hash *leaf = leaves_of(leaves, p, e);
	struct sy_str row;
	int err = SY_OK;

	for (uint32_t i = 0; i < e->count && err == SY_OK; i++) {
		uint64_t number = e->first + i;
		if (!rows_at(records, number, &row)) {
			row_fault(p, e->index, T_RECORDS, number, "missing");
			missing(k, p);
		} else if (row.n < SY_HASH_SIZE || row.n - SY_HASH_SIZE > SY_RECORD_MAX) {
			row_fault(p, e->index, T_RECORDS, number, "is too short or too long");
			missing(k, p);
		} else if (number >= f->salts) {
			missing(k, p); /* told of the file as a whole */
		} else {
			err = check_record(f, k, p, e, number, row, leaf ? &leaf[i] : NULL);
		}
	}
	return err;
}

int fsck_records(void *ctx, unsigned thread, struct sy_audit_part *p,
		 const struct sy_entry *entries, size_t n)
{
	struct rows leaves, records;
	struct fsck_reader *k;
	int err = fsck_reader(ctx, thread, &k);

	if (err)
		return err;
	rows_begin(&leaves, &k->r.tx, T_LEAVES, entries[0].first);
	rows_begin(&records, &k->r.tx, T_RECORDS, entries[0].first);
	for (size_t i = 0; i < n && err == SY_OK; i++)
		err = check_entry(ctx, k, p, &entries[i], &leaves, &records);
	open_batch(k, p);
	return err ? err : k->r.tx.err;
}
