/*
 * Merkle trees of RFC 6962: leaf H(0x00 || data), node H(0x01 || left || right), the empty root
 * is H(""); inclusion and consistency proofs as RFC 9162 sections 2.1.3 and 2.1.4.
 *
 * Proofs are made from a reader of complete subtrees: `at(ctx, level, index)` gives the root of
 * the 2^level leaves that begin at index * 2^level, which are all there.
 */
#ifndef SUYUAN_TREE_H
#define SUYUAN_TREE_H

#include "bytes.h"

#define SY_PATH_MAX 64 /* inclusion; a consistency proof has at most one more */

struct sy_path {
	unsigned n;
	sy_hash h[SY_PATH_MAX + 1];
};

/* A growing tree's right edge: the roots of its complete subtrees, largest first. */
struct sy_tree {
	uint64_t size;
	sy_hash peak[SY_PATH_MAX]; /* peak[level] is valid when bit `level` of size is set */
};

typedef int (*sy_subtree_fn)(void *ctx, unsigned level, uint64_t index, sy_hash *out);

void sy_leaf_hash(const void *data, size_t n, sy_hash *out);
/* Leaf over two parts: H(0x00 || a || b), without joining them. */
void sy_leaf_hash2(const void *a, size_t an, const void *b, size_t bn, sy_hash *out);
void sy_node_hash(const sy_hash *left, const sy_hash *right, sy_hash *out);

void sy_tree_append(struct sy_tree *t, const sy_hash *leaf);
void sy_tree_root(const struct sy_tree *t, sy_hash *out);
int sy_tree_load(struct sy_tree *t, sy_subtree_fn at, void *ctx, uint64_t size);

/* In memory, for the records of one submission (N is at most 10,000). */
void sy_leaves_root(const sy_hash *leaves, size_t n, sy_hash *out);
int sy_leaves_path(const sy_hash *leaves, size_t n, size_t index, struct sy_path *out);

/* SY_ERANGE for an index or size that the tree has not.  From 0, and from a size to itself, the
 * consistency proof is empty. */
int sy_root_at(sy_subtree_fn at, void *ctx, uint64_t size, sy_hash *out);
int sy_inclusion_prove(sy_subtree_fn at, void *ctx, uint64_t index, uint64_t size,
		       struct sy_path *out);
int sy_consistency_prove(sy_subtree_fn at, void *ctx, uint64_t from, uint64_t to,
			 struct sy_path *out);

/* SY_OK or SY_EPROOF; the path must be exactly as long as the position and size ask. */
int sy_inclusion_verify(const sy_hash *leaf, uint64_t index, uint64_t size,
			const struct sy_path *path, const sy_hash *root);
int sy_consistency_verify(uint64_t from, const sy_hash *from_root, uint64_t to,
			  const sy_hash *to_root, const struct sy_path *path);

/*
 * C2SP tlog-tiles paths: what follows "/tile/".  LEVEL is 0..63, or SY_TILE_ENTRIES for
 * "entries".  WIDTH is 256 for a full tile.  Non-canonical paths are SY_ENOTFOUND.
 */
#define SY_TILE_ENTRIES (-1)
struct sy_tile {
	int level;
	uint64_t n;
	unsigned width;
};
int sy_tile_parse(struct sy_str path, struct sy_tile *out);
void sy_tile_format(const struct sy_tile *t, struct sy_buf *out);
/* Does a tree of SIZE leaves have, or did it ever have, that tile? */
bool sy_tile_exists(const struct sy_tile *t, uint64_t size);

#endif
