#include "fsck.h"

#include <stdlib.h>

/*
 * The checkpoints that were signed, a tile of sizes at a time.  A signature of the key that is in
 * log.key is made again, which costs half of verifying it and gives the same bytes; those of a key
 * that came before it are verified.
 */
enum { SLOTS = SY_WALK_THREADS_MAX };

struct notes {
	struct fsck *f;
	const struct sy_audit *a;
	struct tile {
		unsigned n;
		struct found {
			uint64_t size;
			const char *what;
		} found[FSCK_TILE];
	} tile[SLOTS];
};

static bool is_own(const struct fsck *f, const uint8_t key[SY_KEY_SIZE])
{
	return memcmp(key, f->l->vkey.key, SY_KEY_SIZE) == 0;
}

static const char *verify(const struct fsck *f, const uint8_t key[SY_KEY_SIZE], uint64_t size,
			  struct sy_str note, const sy_hash *root)
{
	struct sy_checkpoint c;
	struct sy_vkey log;

	if (sy_vkey_make(&log, ledger_origin(f->l), key) || sy_checkpoint_parse(note, &c) ||
	    sy_checkpoint_verify(&c, &log))
		return "isn't a checkpoint signed with the log's key";
	return c.size == size && sy_hash_eq(&c.root, root) ? NULL : "says another size or root";
}

/* NULL when it is sound. */
static const char *check_note(const struct notes *n, uint64_t size, struct sy_str note,
			      const sy_hash *root)
{
	const struct fsck *f = n->f;
	const uint8_t *key = sy_audit_log_key(n->a, size);
	struct sy_buf again = {0};
	bool same = false;

	if (key == NULL)
		key = f->l->vkey.key;
	if (is_own(f, key) &&
	    sy_checkpoint_sign(&f->l->signer, ledger_origin(f->l), size, root, &again) == SY_OK)
		same = sy_str_eq(sy_buf_span(&again), note);
	sy_buf_free(&again);
	return same ? NULL : verify(f, key, size, note, root);
}

/* The checkpoints of sizes from FROM + 1 to TO; T is the tree of FROM leaves. */
static void check_tile(const struct notes *n, struct kv_tx *tx, struct sy_tree *t, uint64_t to,
		       struct tile *tile)
{
	struct rows leaves, notes;
	struct sy_str leaf, note;
	sy_hash root;

	rows_begin(&leaves, tx, T_TREE, t->size);
	rows_begin(&notes, tx, T_NOTES, t->size + 1);
	while (t->size < to && rows_at(&leaves, t->size, &leaf) && leaf.n == SY_HASH_SIZE) {
		sy_tree_append(t, (const sy_hash *)leaf.p);
		if (!rows_at(&notes, t->size, &note))
			continue;
		sy_tree_root(t, &root);
		const char *what = check_note(n, t->size, note, &root);
		if (what)
			tile->found[tile->n++] = (struct found){t->size, what};
	}
}

static int work(void *ctx, unsigned thread, unsigned slot, uint64_t slice)
{
	struct notes *n = ctx;
	uint64_t from = slice * FSCK_TILE, to = from + FSCK_TILE;
	struct fsck_reader *k;
	struct sy_tree t;
	int err = fsck_reader(n->f, thread, &k);

	n->tile[slot].n = 0;
	if (err)
		return err;
	/* a tree that can't be loaded was told of already */
	if (sy_tree_load(&t, truth_at, &k->r.tx, from) == SY_OK)
		check_tile(n, &k->r.tx, &t, to < k->r.entries ? to : k->r.entries, &n->tile[slot]);
	return k->r.tx.err;
}

static int fold(void *ctx, unsigned slot, uint64_t slice)
{
	struct notes *n = ctx;

	(void)slice;
	for (unsigned i = 0; i < n->tile[slot].n; i++)
		fsck_fault(n->f, "truth notes %llu: %s",
			   (unsigned long long)n->tile[slot].found[i].size,
			   n->tile[slot].found[i].what);
	return SY_OK;
}

/* Rows that no size of the ledger has as its key. */
static void check_range(struct fsck *f, struct kv_tx *tx, uint64_t entries)
{
	struct sy_str key, v;
	uint64_t size;

	if (kv_seek(tx, T_NOTES, SY_STR(""), &key, &v))
		return;
	size = key.n == 8 ? sy_get64((const uint8_t *)key.p) : 0;
	if (size == 0)
		fsck_fault(f, "truth notes: the first row's key isn't a size");
	if (kv_last(tx, T_NOTES, &key, &v))
		return;
	size = key.n == 8 ? sy_get64((const uint8_t *)key.p) : UINT64_MAX;
	if (size > entries)
		fsck_fault(f, "truth notes: a checkpoint of %llu entries, there are %llu",
			   (unsigned long long)size, (unsigned long long)entries);
}

int fsck_notes(struct fsck *f, const struct sy_audit *a)
{
	struct notes *n = calloc(1, sizeof *n);
	struct sy_walk w = {.slices = (f->l->last.entries + FSCK_TILE - 1) / FSCK_TILE,
			    .threads = f->c->threads,
			    .slots = SLOTS,
			    .work = work,
			    .fold = fold,
			    .ctx = n};
	struct fsck_reader *k;
	int err = n ? fsck_reader(f, 0, &k) : SY_ENOMEM;

	if (err == SY_OK) {
		n->f = f;
		n->a = a;
		if ((err = sy_walk(&w)) == SY_OK)
			check_range(f, &k->r.tx, k->r.entries);
	}
	free(n);
	return err ? err : k->r.tx.err;
}
