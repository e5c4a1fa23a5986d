#include "truth.h"

#include <suyuan/receipt.h>

#include <stdlib.h>

enum { WIDTH = 256, LEVEL_BITS = 8 };

/* --- hashes of the tree ---------------------------------------------------------------------- */

/* N hashes of one of the tree's tables from index FROM on. */
static int hashes_get(struct kv_tx *tx, unsigned level, uint64_t from, size_t n, sy_hash *out)
{
	struct sy_str k, v;
	int err = kv_seek(tx, T_TREE + level, KEY64(from), &k, &v);

	for (size_t i = 0; err == SY_OK; i++) {
		if (k.n != 8 || v.n != SY_HASH_SIZE || sy_get64((const uint8_t *)k.p) != from + i)
			return SY_ECORRUPT;
		memcpy(out[i].b, v.p, SY_HASH_SIZE);
		if (i + 1 == n)
			return SY_OK;
		err = kv_next(tx, T_TREE + level, &k, &v);
	}
	return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
}

int truth_at(void *arg, unsigned level, uint64_t index, sy_hash *out)
{
	sy_hash row[WIDTH / 2];
	unsigned within = level % LEVEL_BITS;
	size_t n = (size_t)1 << within;
	int err;

	if (level >= 8 * LEVEL_BITS)
		return SY_ERANGE;
	err = hashes_get(arg, level / LEVEL_BITS, index << within, n, row);
	if (err)
		return err;
	for (; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			sy_node_hash(&row[2 * i], &row[2 * i + 1], &row[i]);
	*out = row[0];
	return SY_OK;
}

/* --- snapshots ------------------------------------------------------------------------------- */

/* The sizes first, then the snapshot: it holds at least what was published. */
int ledger_read_begin(struct ledger *l, struct ledger_read *r)
{
	r->l = l;
	pthread_mutex_lock(&l->pub_mu);
	r->entries = l->pub.entries;
	r->records = l->pub.records;
	r->root = l->pub.root;
	pthread_mutex_unlock(&l->pub_mu);
	return kv_begin(l->truth, &r->tx, KV_READ);
}

int read_committed(struct ledger *l, struct ledger_read *r)
{
	*r = (struct ledger_read){.l = l, .entries = l->last.entries, .records = l->last.records};
	sy_tree_root(&l->tree, &r->root);
	return kv_begin(l->truth, &r->tx, KV_READ);
}

void ledger_read_end(struct ledger_read *r)
{
	kv_abort(&r->tx);
}

/* What is inside the published size and yet isn't in the tables is damage. */
static int get(struct ledger_read *r, unsigned table, struct sy_str key, struct sy_str *v)
{
	int err = kv_get(&r->tx, table, key, v);

	return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
}

int ledger_entry(struct ledger_read *r, uint64_t index, const uint8_t **bytes)
{
	struct sy_str v;
	int err;

	if (index >= r->entries)
		return SY_ENOTFOUND;
	if ((err = get(r, T_ENTRIES, KEY64(index), &v)))
		return err;
	*bytes = (const uint8_t *)v.p;
	return v.n == SY_ENTRY_SIZE ? SY_OK : SY_ECORRUPT;
}

/* The row of leaf hashes that holds record NUMBER: its first record, entry and hashes. */
struct leaf_row {
	uint64_t first, entry;
	const sy_hash *leaves;
	size_t count;
};

static int leaf_row_of(struct ledger_read *r, uint64_t number, struct leaf_row *row)
{
	struct sy_str k, v;
	int err = kv_seek(&r->tx, T_LEAVES, KEY64(number), &k, &v);

	if (err == SY_ENOTFOUND)
		err = kv_last(&r->tx, T_LEAVES, &k, &v);
	else if (err == SY_OK && k.n == 8 && sy_get64((const uint8_t *)k.p) != number)
		err = kv_prev(&r->tx, T_LEAVES, &k, &v);
	if (err)
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	if (k.n != 8 || v.n < 8 || (v.n - 8) % SY_HASH_SIZE)
		return SY_ECORRUPT;
	row->first = sy_get64((const uint8_t *)k.p);
	row->entry = sy_get64((const uint8_t *)v.p);
	row->leaves = (const sy_hash *)(v.p + 8);
	row->count = (v.n - 8) / SY_HASH_SIZE;
	if (number < row->first || number - row->first >= row->count || row->entry >= r->entries)
		return SY_ECORRUPT;
	return SY_OK;
}

int ledger_record_entry(struct ledger_read *r, uint64_t number, uint64_t *entry, uint32_t *position)
{
	struct leaf_row row;
	int err;

	if (number >= r->records)
		return SY_ENOTFOUND;
	if ((err = leaf_row_of(r, number, &row)))
		return err;
	*entry = row.entry;
	*position = (uint32_t)(number - row.first);
	return SY_OK;
}

/* --- records --------------------------------------------------------------------------------- */

static int open_payload(const uint8_t salt[SY_SALT_SIZE], struct sy_str sealed, char *out,
			const sy_hash *leaf)
{
	sy_hash h;

	seal(salt, leaf, sealed, out);
	sy_record_leaf(salt, (struct sy_str){out, sealed.n}, &h);
	return sy_hash_eq(&h, leaf) ? SY_OK : SY_ECORRUPT;
}

int ledger_record(struct ledger_read *r, struct sy_arena *arena, uint64_t number,
		  struct ledger_record *out)
{
	struct sy_str v;
	char *text;
	int err;

	if (number >= r->records)
		return SY_ENOTFOUND;
	if ((err = get(r, T_RECORDS, KEY64(number), &v)))
		return err;
	if (v.n < SY_HASH_SIZE)
		return SY_ECORRUPT;
	memcpy(out->leaf.b, v.p, SY_HASH_SIZE);
	v.p += SY_HASH_SIZE;
	v.n -= SY_HASH_SIZE;
	out->payload = SY_STR("");
	if ((text = sy_arena_alloc(arena, v.n)) == NULL)
		return SY_ENOMEM;
	/* An erasure may pass between the two looks at the salt; then it's gone, not damaged. */
	for (int look = 0; look < 2; look++) {
		if ((err = salts_read(r->l, number, out->salt)))
			return err;
		if (salt_erased(out->salt))
			return SY_EGONE;
		if ((err = open_payload(out->salt, v, text, &out->leaf)) == SY_OK)
			break;
	}
	if (err == SY_OK)
		out->payload = (struct sy_str){text, v.n};
	return err;
}

int ledger_record_path(struct ledger_read *r, uint64_t entry, uint32_t position,
		       struct sy_path *out)
{
	const uint8_t *bytes;
	struct leaf_row row;
	struct sy_entry e;
	int err;

	if ((err = ledger_entry(r, entry, &bytes)))
		return err;
	if (sy_entry_decode(bytes, &e, NULL))
		return SY_ECORRUPT;
	if (position >= e.count)
		return SY_ENOTFOUND;
	if ((err = leaf_row_of(r, e.first, &row)))
		return err;
	if (row.entry != entry || row.count != e.count)
		return SY_ECORRUPT;
	return records_path(r->l->paths, entry, row.leaves, row.count, position, out);
}

/* --- proofs ---------------------------------------------------------------------------------- */

/* Of the size that R shows: the newest one as it stands, an older one signed again, which gives the
 * same bytes. */
static int note_of(struct ledger_read *r, struct sy_buf *out)
{
	struct ledger *l = r->l;
	bool newest;

	pthread_mutex_lock(&l->pub_mu);
	newest = l->pub.entries == r->entries;
	if (newest)
		sy_buf_put(out, l->pub.note, l->pub.note_len);
	pthread_mutex_unlock(&l->pub_mu);
	if (!newest)
		return sy_checkpoint_sign(&l->signer, ledger_origin(l), r->entries, &r->root, out);
	return out->failed ? SY_ENOMEM : SY_OK;
}

int ledger_entry_proof(struct ledger_read *r, uint64_t index, struct sy_buf *out)
{
	struct sy_buf note = {0};
	struct sy_path path;
	int err;

	if (index >= r->entries)
		return SY_ENOTFOUND;
	if ((err = sy_inclusion_prove(truth_at, &r->tx, index, r->entries, &path)) == SY_OK &&
	    (err = note_of(r, &note)) == SY_OK)
		sy_tlog_proof_format(index, &path, sy_buf_span(&note), out);
	sy_buf_free(&note);
	return err == SY_OK && out->failed ? SY_ENOMEM : err;
}

int ledger_receipt(struct ledger_read *r, struct sy_arena *arena, uint64_t number,
		   struct sy_buf *out)
{
	struct sy_buf proof = {0};
	struct ledger_record record;
	const uint8_t *bytes;
	struct sy_path path;
	uint32_t position;
	uint64_t entry;
	int err;

	if ((err = ledger_record(r, arena, number, &record)) ||
	    (err = ledger_record_entry(r, number, &entry, &position)) ||
	    (err = ledger_record_path(r, entry, position, &path)) ||
	    (err = ledger_entry(r, entry, &bytes)) || (err = ledger_entry_proof(r, entry, &proof)))
		goto err0;
	sy_receipt_write(out, number, record.payload, record.salt, position, &path, bytes,
			 sy_buf_span(&proof));
	err = out->failed ? SY_ENOMEM : SY_OK;
err0:
	sy_buf_free(&proof);
	return err;
}

int ledger_consistency(struct ledger_read *r, uint64_t from, uint64_t to, struct sy_path *out)
{
	if (from > to || to > r->entries)
		return SY_ERANGE;
	return sy_consistency_prove(truth_at, &r->tx, from, to, out);
}

int ledger_root(struct ledger_read *r, uint64_t size, sy_hash *out)
{
	if (size > r->entries)
		return SY_ERANGE;
	return sy_root_at(truth_at, &r->tx, size, out);
}

/* --- tiles ----------------------------------------------------------------------------------- */

static int entries_tile(struct ledger_read *r, uint64_t from, unsigned width, struct sy_buf *out)
{
	for (unsigned i = 0; i < width; i++) {
		const uint8_t *bytes;
		uint8_t length[2];
		int err = ledger_entry(r, from + i, &bytes);

		if (err)
			return err;
		sy_put16(length, SY_ENTRY_SIZE);
		sy_buf_put(out, length, sizeof length);
		sy_buf_put(out, bytes, SY_ENTRY_SIZE);
	}
	return out->failed ? SY_ENOMEM : SY_OK;
}

int ledger_tile(struct ledger_read *r, const struct sy_tile *t, struct sy_buf *out)
{
	void *room;

	if (t->width == 0 || t->width > WIDTH || !sy_tile_exists(t, r->entries))
		return SY_ENOTFOUND;
	if (t->level == SY_TILE_ENTRIES)
		return entries_tile(r, t->n * WIDTH, t->width, out);
	if (t->level > 7)
		return SY_ENOTFOUND;
	if ((room = sy_buf_room(out, t->width * sizeof(sy_hash))) == NULL)
		return SY_ENOMEM;
	return hashes_get(&r->tx, (unsigned)t->level, t->n * WIDTH, t->width, room);
}
