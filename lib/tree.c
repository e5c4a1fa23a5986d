#include <suyuan/error.h>
#include <suyuan/hash.h>
#include <suyuan/tree.h>

/* --- hashes --------------------------------------------------------------------------------- */

void sy_leaf_hash2(const void *a, size_t an, const void *b, size_t bn, sy_hash *out)
{
	const struct sy_str parts[] = {{"\0", 1}, {a, an}, {b, bn}};
	sy_sha256_parts(parts, 3, out);
}

void sy_leaf_hash(const void *data, size_t n, sy_hash *out)
{
	sy_leaf_hash2(data, n, NULL, 0, out);
}

void sy_node_hash(const sy_hash *left, const sy_hash *right, sy_hash *out)
{
	uint8_t node[1 + 2 * SY_HASH_SIZE] = {1};
	memcpy(node + 1, left->b, SY_HASH_SIZE);
	memcpy(node + 1 + SY_HASH_SIZE, right->b, SY_HASH_SIZE);
	sy_sha256(node, sizeof node, out);
}

/* --- the growing edge ----------------------------------------------------------------------- */

/* A complete subtree of 2^LEVEL leaves, of which T's size is a multiple. */
static void append(struct sy_tree *t, unsigned level, const sy_hash *root)
{
	sy_hash h = *root;
	uint64_t size = t->size + (UINT64_C(1) << level);
	for (; t->size >> level & 1; level++)
		sy_node_hash(&t->peak[level], &h, &h);
	t->peak[level] = h;
	t->size = size;
}

void sy_tree_append(struct sy_tree *t, const sy_hash *leaf)
{
	append(t, 0, leaf);
}

void sy_tree_root(const struct sy_tree *t, sy_hash *out)
{
	if (t->size == 0) {
		sy_sha256(NULL, 0, out);
		return;
	}
	unsigned level = (unsigned)__builtin_ctzll(t->size);
	sy_hash h = t->peak[level];
	while (++level < SY_PATH_MAX)
		if (t->size >> level & 1)
			sy_node_hash(&t->peak[level], &h, &h);
	*out = h;
}

int sy_tree_load(struct sy_tree *t, sy_subtree_fn at, void *ctx, uint64_t size)
{
	t->size = size;
	for (unsigned level = 0; level < SY_PATH_MAX; level++) {
		if (!(size >> level & 1))
			continue;
		int err = at(ctx, level, (size >> level) - 1, &t->peak[level]);
		if (err)
			return err;
	}
	return SY_OK;
}

int sy_root_at(sy_subtree_fn at, void *ctx, uint64_t size, sy_hash *out)
{
	struct sy_tree t;
	int err = sy_tree_load(&t, at, ctx, size);
	if (err == SY_OK)
		sy_tree_root(&t, out);
	return err;
}

/* --- proofs --------------------------------------------------------------------------------- */

/* A run of leaves that is a subtree of some tree: LO is a multiple of the power of two that is
 * next to its width. */
struct range {
	uint64_t lo, hi;
};

static uint64_t width(struct range r)
{
	return r.hi - r.lo;
}

/* RFC 9162's k: the largest power of two smaller than the width, which is at least 2. */
static uint64_t split(struct range r)
{
	return UINT64_C(1) << (63 - __builtin_clzll(width(r) - 1));
}

static int range_root(sy_subtree_fn at, void *ctx, struct range r, sy_hash *out)
{
	uint64_t rest = width(r), end = r.hi;
	bool begun = false;
	for (unsigned level = 0; level < SY_PATH_MAX; level++) {
		sy_hash h;
		if (!(rest >> level & 1))
			continue;
		end -= UINT64_C(1) << level;
		int err = at(ctx, level, end >> level, &h);
		if (err)
			return err;
		if (begun)
			sy_node_hash(&h, out, out);
		else
			*out = h;
		begun = true;
	}
	return SY_OK;
}

static void reverse(struct sy_path *p)
{
	for (unsigned i = 0, j = p->n; i + 1 < j; i++) {
		sy_hash h = p->h[i];
		p->h[i] = p->h[--j];
		p->h[j] = h;
	}
}

/* Narrows R to its left or right part and leaves the other's root in OUT. */
static int step(sy_subtree_fn at, void *ctx, struct range *r, bool left, struct sy_path *out)
{
	uint64_t k = split(*r);
	struct range l = {r->lo, r->lo + k}, rest = {r->lo + k, r->hi};
	*r = left ? l : rest;
	return range_root(at, ctx, left ? rest : l, &out->h[out->n++]);
}

int sy_inclusion_prove(sy_subtree_fn at, void *ctx, uint64_t index, uint64_t size,
		       struct sy_path *out)
{
	struct range r = {0, size};
	out->n = 0;
	if (index >= size)
		return SY_ERANGE;
	while (width(r) > 1) {
		int err = step(at, ctx, &r, index < r.lo + split(r), out);
		if (err)
			return err;
	}
	reverse(out);
	return SY_OK;
}

int sy_consistency_prove(sy_subtree_fn at, void *ctx, uint64_t from, uint64_t to,
			 struct sy_path *out)
{
	struct range r = {0, to};
	out->n = 0;
	if (from > to)
		return SY_ERANGE;
	if (from == 0 || from == to)
		return SY_OK;
	while (r.hi != from) {
		int err = step(at, ctx, &r, from <= r.lo + split(r), out);
		if (err)
			return err;
	}
	/* The verifier has the old root, so that subtree's own is left out where it's the whole. */
	if (r.lo > 0) {
		int err = range_root(at, ctx, r, &out->h[out->n++]);
		if (err)
			return err;
	}
	reverse(out);
	return SY_OK;
}

/* RFC 9162 section 2.1.3.2. */
int sy_inclusion_verify(const sy_hash *leaf, uint64_t index, uint64_t size,
			const struct sy_path *path, const sy_hash *root)
{
	if (index >= size || path->n > SY_PATH_MAX)
		return SY_EPROOF;
	uint64_t fn = index, sn = size - 1;
	sy_hash r = *leaf;
	for (unsigned i = 0; i < path->n; i++) {
		if (sn == 0)
			return SY_EPROOF;
		if ((fn & 1) || fn == sn) {
			sy_node_hash(&path->h[i], &r, &r);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			sy_node_hash(&r, &path->h[i], &r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && sy_hash_eq(&r, root) ? SY_OK : SY_EPROOF;
}

/* RFC 9162 section 2.1.4.2, with 0 and equal sizes, which it leaves out. */
int sy_consistency_verify(uint64_t from, const sy_hash *from_root, uint64_t to,
			  const sy_hash *to_root, const struct sy_path *path)
{
	if (from > to || path->n > SY_PATH_MAX + 1)
		return SY_EPROOF;
	if (from == to)
		return path->n == 0 && sy_hash_eq(from_root, to_root) ? SY_OK : SY_EPROOF;
	if (from == 0) {
		sy_hash empty;
		sy_sha256(NULL, 0, &empty);
		return path->n == 0 && sy_hash_eq(from_root, &empty) ? SY_OK : SY_EPROOF;
	}

	uint64_t fn = from - 1, sn = to - 1;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	/* When FROM is a power of two its root is the first node and isn't sent. */
	unsigned i = 0;
	sy_hash fr = *from_root;
	if (from & (from - 1)) {
		if (path->n == 0)
			return SY_EPROOF;
		fr = path->h[i++];
	}
	sy_hash sr = fr;
	for (; i < path->n; i++) {
		if (sn == 0)
			return SY_EPROOF;
		if ((fn & 1) || fn == sn) {
			sy_node_hash(&path->h[i], &fr, &fr);
			sy_node_hash(&path->h[i], &sr, &sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			sy_node_hash(&sr, &path->h[i], &sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && sy_hash_eq(&fr, from_root) && sy_hash_eq(&sr, to_root) ? SY_OK
										 : SY_EPROOF;
}

/* --- trees in memory ------------------------------------------------------------------------ */

enum { RUN_LEVEL = 6, RUN = 1 << RUN_LEVEL };

/* The nodes over pairs of N hashes. */
static void nodes_over(const sy_hash *v, size_t n, sy_hash *out)
{
	struct sy_sha256_of of[RUN / 2];

	for (size_t i = 0; i < n / 2; i++)
		of[i] = (struct sy_sha256_of){
		    {{"\1", 1}, {(const char *)v[2 * i].b, 2 * sizeof *v}}, &out[i]};
	sy_sha256_each(of, n / 2);
}

/* By turns into A and B, an even number of levels in all. */
static void run_root(const sy_hash leaves[RUN], sy_hash *out)
{
	sy_hash a[RUN / 2], b[RUN / 4];

	nodes_over(leaves, RUN, a);
	nodes_over(a, RUN / 2, b);
	for (size_t n = RUN / 4; n > 1; n /= 4) {
		nodes_over(b, n, a);
		nodes_over(a, n / 2, b);
	}
	*out = b[0];
}

void sy_leaves_root(const sy_hash *leaves, size_t n, sy_hash *out)
{
	struct sy_tree t = {0};
	sy_hash root;
	for (; n >= RUN; leaves += RUN, n -= RUN) {
		run_root(leaves, &root);
		append(&t, RUN_LEVEL, &root);
	}
	for (size_t i = 0; i < n; i++)
		sy_tree_append(&t, &leaves[i]);
	sy_tree_root(&t, out);
}

static int leaves_at(void *ctx, unsigned level, uint64_t index, sy_hash *out)
{
	const sy_hash *leaves = ctx;
	sy_leaves_root(leaves + (index << level), (size_t)1 << level, out);
	return SY_OK;
}

int sy_leaves_path(const sy_hash *leaves, size_t n, size_t index, struct sy_path *out)
{
	return sy_inclusion_prove(leaves_at, (void *)leaves, index, n, out);
}
