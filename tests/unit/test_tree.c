/* Trees against FORMAT's vectors and against a naive tree written from RFC 6962's definition. */
#include "run.h"

#include <suyuan/error.h>
#include <suyuan/hash.h>
#include <suyuan/tree.h>

#include <stdio.h>
#include <stdlib.h>

#define SIZES 130

static sy_hash leaves[SIZES + 1];

static void setup(void)
{
	for (unsigned i = 0; i <= SIZES; i++) {
		char text[16];
		int n = snprintf(text, sizeof text, "leaf %u", i);
		sy_leaf_hash(text, (size_t)n, &leaves[i]);
	}
}

/* --- the naive tree: RFC 6962 section 2.1, word for word ------------------------------------- */

static sy_hash naive_root(size_t lo, size_t hi)
{
	uint8_t node[65] = {1};
	sy_hash l, r, out;
	size_t n = hi - lo, k = 1;
	if (n == 0) {
		sy_sha256("", 0, &out);
		return out;
	}
	if (n == 1)
		return leaves[lo];
	while (k * 2 < n)
		k *= 2;
	l = naive_root(lo, lo + k);
	r = naive_root(lo + k, hi);
	memcpy(node + 1, l.b, 32);
	memcpy(node + 33, r.b, 32);
	sy_sha256(node, 65, &out);
	return out;
}

static void naive_path(size_t m, size_t lo, size_t hi, struct sy_path *p)
{
	size_t n = hi - lo, k = 1;
	if (n == 1)
		return;
	while (k * 2 < n)
		k *= 2;
	if (m < k) {
		naive_path(m, lo, lo + k, p);
		p->h[p->n++] = naive_root(lo + k, hi);
	} else {
		naive_path(m - k, lo + k, hi, p);
		p->h[p->n++] = naive_root(lo, lo + k);
	}
}

static void naive_subproof(size_t m, size_t lo, size_t hi, bool whole, struct sy_path *p)
{
	size_t n = hi - lo, k = 1;
	if (m == n) {
		if (!whole)
			p->h[p->n++] = naive_root(lo, hi);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	if (m <= k) {
		naive_subproof(m, lo, lo + k, whole, p);
		p->h[p->n++] = naive_root(lo + k, hi);
	} else {
		naive_subproof(m - k, lo + k, hi, false, p);
		p->h[p->n++] = naive_root(lo, lo + k);
	}
}

/* A reader that refuses what isn't wholly in a tree of *CTX leaves. */
static int at(void *ctx, unsigned level, uint64_t index, sy_hash *out)
{
	uint64_t size = *(uint64_t *)ctx;
	ck_assert_uint_lt(level, 64);
	ck_assert_uint_le((index + 1) << level, size);
	*out = naive_root(index << level, (index + 1) << level);
	return SY_OK;
}

static int fails_at(void *ctx, unsigned level, uint64_t index, sy_hash *out)
{
	unsigned *left = ctx;
	if ((*left)-- == 0)
		return SY_EIO;
	return at(&(uint64_t){SIZES}, level, index, out);
}

static bool same_path(const struct sy_path *a, const struct sy_path *b)
{
	return a->n == b->n && memcmp(a->h, b->h, a->n * sizeof a->h[0]) == 0;
}

/* --- vectors --------------------------------------------------------------------------------- */

static const struct {
	unsigned n;
	const char *root;
} vectors[] = {
    {0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
    {700, "xw5zSZqcGcWQ2YSUvQUOs6ZGvzjJ96OX3OWj/t47JAc="},
    {70000, "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao="},
};

START_TEST(format_vectors)
{
	struct sy_tree t = {0};
	char text[32], root[SY_BASE64_LEN(32) + 1];
	sy_hash h;
	for (unsigned i = 0; i < vectors[_i].n; i++) {
		int n = snprintf(text, sizeof text, "entry %u", i);
		sy_leaf_hash(text, (size_t)n, &h);
		sy_tree_append(&t, &h);
	}
	sy_tree_root(&t, &h);
	sy_base64(h.b, sizeof h.b, root);
	ck_assert_str_eq(root, vectors[_i].root);
}
END_TEST

START_TEST(hashes)
{
	sy_hash a, b;
	sy_leaf_hash("abcdef", 6, &a);
	sy_leaf_hash2("ab", 2, "cdef", 4, &b);
	ck_assert(sy_hash_eq(&a, &b));
	sy_sha256("\0abcdef", 7, &b);
	ck_assert(sy_hash_eq(&a, &b));
	/* the output may be an input */
	sy_node_hash(&leaves[0], &leaves[1], &a);
	b = leaves[1];
	sy_node_hash(&leaves[0], &b, &b);
	ck_assert(sy_hash_eq(&a, &b));
}
END_TEST

/* --- growing --------------------------------------------------------------------------------- */

START_TEST(append_matches_naive)
{
	struct sy_tree t = {0}, loaded;
	for (uint64_t n = 0; n <= SIZES; n++) {
		sy_hash want = naive_root(0, n), got;
		sy_tree_root(&t, &got);
		ck_assert_msg(sy_hash_eq(&got, &want), "append to %u", (unsigned)n);
		ck_assert_int_eq(sy_root_at(at, &n, n, &got), SY_OK);
		ck_assert_msg(sy_hash_eq(&got, &want), "root at %u", (unsigned)n);
		sy_leaves_root(leaves, n, &got);
		ck_assert_msg(sy_hash_eq(&got, &want), "leaves root %u", (unsigned)n);
		/* a loaded edge goes on growing */
		ck_assert_int_eq(sy_tree_load(&loaded, at, &n, n), SY_OK);
		if (n == SIZES)
			break;
		sy_tree_append(&loaded, &leaves[n]);
		sy_tree_append(&t, &leaves[n]);
		sy_tree_root(&loaded, &got);
		want = naive_root(0, n + 1);
		ck_assert_msg(sy_hash_eq(&got, &want), "append to loaded %u", (unsigned)n);
	}
}
END_TEST

/* --- inclusion ------------------------------------------------------------------------------- */

START_TEST(inclusion_matches_naive)
{
	for (uint64_t n = 1; n <= SIZES; n++)
		for (uint64_t i = 0; i < n; i++) {
			struct sy_path want = {0}, got;
			sy_hash root = naive_root(0, n);
			naive_path(i, 0, n, &want);
			ck_assert_int_eq(sy_inclusion_prove(at, &n, i, n, &got), SY_OK);
			ck_assert_msg(same_path(&want, &got), "%u of %u", (unsigned)i, (unsigned)n);
			ck_assert_int_eq(sy_leaves_path(leaves, n, i, &got), SY_OK);
			ck_assert_msg(same_path(&want, &got), "%u of %u", (unsigned)i, (unsigned)n);
			ck_assert_int_eq(sy_inclusion_verify(&leaves[i], i, n, &got, &root), SY_OK);
		}
}
END_TEST

/* Two positions of two sizes may walk alike; then the root decides.  Everything else must fail. */
START_TEST(inclusion_refuses_another_place)
{
	for (uint64_t n = 1; n <= 40; n++)
		for (uint64_t i = 0; i < n; i++) {
			struct sy_path p;
			sy_hash root = naive_root(0, n);
			ck_assert_int_eq(sy_leaves_path(leaves, n, i, &p), SY_OK);
			for (uint64_t j = 0; j < 45; j++)
				if (j != i)
					ck_assert_int_eq(
					    sy_inclusion_verify(&leaves[i], j, n, &p, &root),
					    SY_EPROOF);
			for (uint64_t m = 0; m < 45; m++) {
				sy_hash other = naive_root(0, m);
				if (m != n)
					ck_assert_int_eq(
					    sy_inclusion_verify(&leaves[i], i, m, &p, &other),
					    SY_EPROOF);
			}
		}
}
END_TEST

START_TEST(inclusion_refuses_mutations)
{
	for (uint64_t n = 1; n <= 66; n++)
		for (uint64_t i = 0; i < n; i++) {
			struct sy_path p, q;
			sy_hash root = naive_root(0, n), bad;
			ck_assert_int_eq(sy_leaves_path(leaves, n, i, &p), SY_OK);
			for (unsigned h = 0; h < p.n; h++) {
				q = p;
				q.h[h].b[(i + h) % 32] ^= (uint8_t)(1u << n % 8);
				ck_assert_int_eq(sy_inclusion_verify(&leaves[i], i, n, &q, &root),
						 SY_EPROOF);
			}
			q = p;
			q.h[q.n++] = leaves[0];
			ck_assert_int_eq(sy_inclusion_verify(&leaves[i], i, n, &q, &root),
					 SY_EPROOF);
			if (p.n > 0) {
				q = p;
				q.n--;
				ck_assert_int_eq(sy_inclusion_verify(&leaves[i], i, n, &q, &root),
						 SY_EPROOF);
				q = p;
				memmove(q.h, q.h + 1, --q.n * sizeof q.h[0]);
				ck_assert_int_eq(sy_inclusion_verify(&leaves[i], i, n, &q, &root),
						 SY_EPROOF);
			}
			bad = root;
			bad.b[31] ^= 1;
			ck_assert_int_eq(sy_inclusion_verify(&leaves[i], i, n, &p, &bad),
					 SY_EPROOF);
			bad = leaves[i];
			bad.b[0] ^= 0x80;
			ck_assert_int_eq(sy_inclusion_verify(&bad, i, n, &p, &root), SY_EPROOF);
			ck_assert_int_eq(sy_inclusion_verify(&leaves[i], n, n, &p, &root),
					 SY_EPROOF);
		}
}
END_TEST

/* A path as an attacker sends it: as long as it fits, for the largest indexes and sizes. */
START_TEST(inclusion_at_the_limits)
{
	static const uint64_t edges[] = {
	    0, 1, UINT64_MAX / 2, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};
	struct sy_path p = {.n = SY_PATH_MAX + 1};
	sy_hash root = leaves[0];
	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
		for (size_t j = 0; j < sizeof edges / sizeof edges[0]; j++)
			for (p.n = 0; p.n <= SY_PATH_MAX + 1; p.n++) {
				int err =
				    sy_inclusion_verify(&leaves[0], edges[i], edges[j], &p, &root);
				bool single = edges[i] == 0 && edges[j] == 1 && p.n == 0;
				ck_assert_int_eq(err, single ? SY_OK : SY_EPROOF);
			}
}
END_TEST

/* All leaves alike, so that a reader can answer for a tree of any size. */
static int uniform(void *ctx, unsigned level, uint64_t index, sy_hash *out)
{
	const sy_hash *roots = ctx;
	(void)index;
	*out = roots[level];
	return SY_OK;
}

START_TEST(largest_trees)
{
	static const uint64_t sizes[] = {UINT64_MAX, (UINT64_C(1) << 63) + 1, UINT64_C(1) << 63,
					 UINT64_C(0xaaaaaaaaaaaaaaab)};
	sy_hash roots[64];
	roots[0] = leaves[0];
	for (unsigned l = 1; l < 64; l++)
		sy_node_hash(&roots[l - 1], &roots[l - 1], &roots[l]);
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		uint64_t n = sizes[s], index[] = {0, 1, n / 3, n / 2, n - 2, n - 1};
		struct sy_path p;
		sy_hash root, old;
		ck_assert_int_eq(sy_root_at(uniform, roots, n, &root), SY_OK);
		for (size_t i = 0; i < 6; i++) {
			ck_assert_int_eq(sy_inclusion_prove(uniform, roots, index[i], n, &p),
					 SY_OK);
			ck_assert_int_eq(sy_inclusion_verify(&leaves[0], index[i], n, &p, &root),
					 SY_OK);
			uint64_t from = index[i] + 1;
			ck_assert_int_eq(sy_root_at(uniform, roots, from, &old), SY_OK);
			ck_assert_int_eq(sy_consistency_prove(uniform, roots, from, n, &p), SY_OK);
			ck_assert_uint_le(p.n, SY_PATH_MAX + 1);
			ck_assert_int_eq(sy_consistency_verify(from, &old, n, &root, &p), SY_OK);
		}
	}
}
END_TEST

/* --- consistency ----------------------------------------------------------------------------- */

START_TEST(consistency_matches_naive)
{
	for (uint64_t to = 0; to <= SIZES; to++)
		for (uint64_t from = 0; from <= to; from++) {
			struct sy_path want = {0}, got;
			sy_hash a = naive_root(0, from), b = naive_root(0, to);
			if (from > 0)
				naive_subproof(from, 0, to, true, &want);
			ck_assert_int_eq(sy_consistency_prove(at, &to, from, to, &got), SY_OK);
			ck_assert_msg(same_path(&want, &got), "%u to %u", (unsigned)from,
				      (unsigned)to);
			ck_assert_int_eq(sy_consistency_verify(from, &a, to, &b, &got), SY_OK);
		}
}
END_TEST

START_TEST(consistency_refuses_mutations)
{
	for (uint64_t to = 1; to <= 50; to++)
		for (uint64_t from = 0; from <= to; from++) {
			struct sy_path p, q;
			sy_hash a = naive_root(0, from), b = naive_root(0, to), bad;
			ck_assert_int_eq(sy_consistency_prove(at, &to, from, to, &p), SY_OK);
			for (unsigned h = 0; h < p.n; h++) {
				q = p;
				q.h[h].b[(to + h) % 32] ^= (uint8_t)(1u << from % 8);
				ck_assert_int_eq(sy_consistency_verify(from, &a, to, &b, &q),
						 SY_EPROOF);
			}
			q = p;
			q.h[q.n++] = leaves[0];
			ck_assert_int_eq(sy_consistency_verify(from, &a, to, &b, &q), SY_EPROOF);
			if (p.n > 0) {
				q = p;
				q.n--;
				ck_assert_int_eq(sy_consistency_verify(from, &a, to, &b, &q),
						 SY_EPROOF);
				memmove(p.h, p.h + 1, --p.n * sizeof p.h[0]);
				ck_assert_int_eq(sy_consistency_verify(from, &a, to, &b, &p),
						 SY_EPROOF);
			}
			ck_assert_int_eq(sy_consistency_prove(at, &to, from, to, &p), SY_OK);
			bad = a;
			bad.b[3] ^= 1;
			ck_assert_int_eq(sy_consistency_verify(from, &bad, to, &b, &p), SY_EPROOF);
			bad = b;
			bad.b[3] ^= 1;
			/* From nothing everything follows; the later root is anyone's. */
			ck_assert_int_eq(sy_consistency_verify(from, &a, to, &bad, &p),
					 from ? SY_EPROOF : SY_OK);
			ck_assert_int_eq(sy_consistency_verify(to + 1, &a, to, &b, &p), SY_EPROOF);
			for (uint64_t other = 0; other <= to; other++)
				if (other != from && other > 0)
					ck_assert_int_eq(
					    sy_consistency_verify(other, &a, to, &b, &p),
					    SY_EPROOF);
		}
}
END_TEST

/* --- errors ---------------------------------------------------------------------------------- */

START_TEST(out_of_range)
{
	uint64_t n = 5;
	struct sy_path p;
	ck_assert_int_eq(sy_inclusion_prove(at, &n, 5, 5, &p), SY_ERANGE);
	ck_assert_int_eq(sy_inclusion_prove(at, &n, 0, 0, &p), SY_ERANGE);
	ck_assert_int_eq(sy_leaves_path(leaves, 5, 5, &p), SY_ERANGE);
	ck_assert_int_eq(sy_consistency_prove(at, &n, 6, 5, &p), SY_ERANGE);
}
END_TEST

/* The reader's error comes back, whichever of its calls it is. */
START_TEST(reader_fails)
{
	struct sy_tree t;
	struct sy_path p;
	sy_hash h;
	for (int what = 0; what < 4; what++) {
		unsigned fail = 0, left;
		int err;
		do {
			left = fail++;
			err = what == 0   ? sy_tree_load(&t, fails_at, &left, SIZES - 1)
			      : what == 1 ? sy_root_at(fails_at, &left, SIZES - 1, &h)
			      : what == 2 ? sy_inclusion_prove(fails_at, &left, 77, SIZES, &p)
					  : sy_consistency_prove(fails_at, &left, 77, SIZES, &p);
			ck_assert(err == SY_OK || err == SY_EIO);
		} while (err != SY_OK);
		ck_assert_uint_gt(fail, 2);
	}
}
END_TEST

/* --- tiles ----------------------------------------------------------------------------------- */

static const struct {
	const char *path;
	int level;
	uint64_t n;
	unsigned width;
} tiles[] = {
    {"0/000", 0, 0, 256},
    {"0/000.p/1", 0, 0, 1},
    {"0/000.p/255", 0, 0, 255},
    {"63/999", 63, 999, 256},
    {"1/x001/000", 1, 1000, 256},
    {"0/x001/x234/067", 0, 1234067, 256},
    {"0/x001/x234/067.p/42", 0, 1234067, 42},
    {"2/x001/x000/x000/000", 2, 1000000000, 256},
    {"0/x018/x446/x744/x073/x709/x551/615", 0, UINT64_MAX, 256},
    {"entries/x123/456", SY_TILE_ENTRIES, 123456, 256},
    {"entries/000.p/7", SY_TILE_ENTRIES, 0, 7},
};

START_TEST(tile_paths)
{
	struct sy_tile t;
	struct sy_buf b = {0};
	ck_assert_int_eq(sy_tile_parse(sy_str(tiles[_i].path), &t), SY_OK);
	ck_assert_int_eq(t.level, tiles[_i].level);
	ck_assert_uint_eq(t.n, tiles[_i].n);
	ck_assert_uint_eq(t.width, tiles[_i].width);
	sy_tile_format(&t, &b);
	ck_assert_str_eq(sy_buf_cstr(&b), tiles[_i].path);
	sy_buf_free(&b);
}
END_TEST

static const char *const not_tiles[] = {
    "",
    "/",
    "0",
    "0/",
    "/000",
    "0/0",
    "0/00",
    "0/0000",
    "0/00a",
    "0/-01",
    "0/x00/000",
    "0/x000/000",
    "0/x000/067",
    "0/x000/x001/067",
    "0/001/067",
    "0/x001/x067",
    "0/x001/",
    "0/x001",
    "0/x001067",
    "0/X001/067",
    "00/000",
    "01/000",
    "64/000",
    "100/000",
    "-1/000",
    "+1/000",
    " 0/000",
    "0/000 ",
    "0/000/",
    "0//000",
    "0/000.p",
    "0/000.p/",
    "0/000.p/0",
    "0/000.p/256",
    "0/000.p/01",
    "0/000.p/1 ",
    "0/000.p/1/",
    "0/000.p/-1",
    "0/000.p/1a",
    "0/000.P/1",
    "0/000p/1",
    "0/000.p1",
    "entries",
    "entries/",
    "entries/0",
    "entriesx/000",
    "entries/000.p/256",
    "Entries/000",
    "entry/000",
    "0/x018/x446/x744/x073/x709/x551/616",
    "0/x018/x446/x744/x073/x709/x552/615",
    "0/x001/x018/x446/x744/x073/x709/x551/615",
    "99999999999999999999999/000",
    "0/000.p/99999999999999999999999",
    "0/../000",
    "data/000",
};

START_TEST(tile_paths_refused)
{
	struct sy_tile t;
	ck_assert_msg(sy_tile_parse(sy_str(not_tiles[_i]), &t) == SY_ENOTFOUND, "\"%s\"",
		      not_tiles[_i]);
}
END_TEST

static const struct {
	const char *path;
	uint64_t size;
	bool exists;
} existing[] = {
    {"0/000", 0, false},
    {"0/000.p/1", 0, false},
    {"0/000.p/1", 1, true},
    {"0/000.p/2", 1, false},
    {"0/000", 255, false},
    {"0/000", 256, true},
    {"0/000.p/255", 256, true}, /* was due once */
    {"0/001.p/1", 256, false},
    {"1/000.p/1", 255, false},
    {"1/000.p/1", 256, true},
    {"1/000.p/2", 511, false},
    {"2/000.p/1", 65535, false},
    /* the example of C2SP's tlog-tiles */
    {"0/272", 70000, true},
    {"0/273", 70000, false},
    {"0/273.p/112", 70000, true},
    {"0/273.p/113", 70000, false},
    {"1/000", 70000, true},
    {"1/001", 70000, false},
    {"1/001.p/17", 70000, true},
    {"1/001.p/18", 70000, false},
    {"2/000.p/1", 70000, true},
    {"2/000.p/2", 70000, false},
    {"3/000.p/1", 70000, false},
    {"entries/273.p/112", 70000, true},
    {"entries/273.p/113", 70000, false},
    {"entries/272", 70000, true},
    {"7/000.p/255", UINT64_MAX, true},
    {"7/000", UINT64_MAX, false},
    {"8/000.p/1", UINT64_MAX, false},
    {"63/000.p/1", UINT64_MAX, false},
    {"0/x018/x446/x744/x073/x709/x551/615", UINT64_MAX, false},
};

START_TEST(tile_exists)
{
	struct sy_tile t;
	ck_assert_int_eq(sy_tile_parse(sy_str(existing[_i].path), &t), SY_OK);
	ck_assert_msg(sy_tile_exists(&t, existing[_i].size) == existing[_i].exists, "%s of %ju",
		      existing[_i].path, (uintmax_t)existing[_i].size);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static TCase *tcase(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	return t;
}

Suite *suite(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase(s, "append");
	tcase_add_loop_test(t, format_vectors, 0, ROWS(vectors));
	tcase_add_test(t, hashes);
	tcase_add_test(t, append_matches_naive);
	t = tcase(s, "inclusion");
	tcase_add_test(t, inclusion_matches_naive);
	tcase_add_test(t, inclusion_refuses_another_place);
	tcase_add_test(t, inclusion_refuses_mutations);
	tcase_add_test(t, inclusion_at_the_limits);
	t = tcase(s, "consistency");
	tcase_add_test(t, consistency_matches_naive);
	tcase_add_test(t, consistency_refuses_mutations);
	t = tcase(s, "errors");
	tcase_add_test(t, out_of_range);
	tcase_add_test(t, reader_fails);
	tcase_add_test(t, largest_trees);
	t = tcase(s, "tile");
	tcase_add_loop_test(t, tile_paths, 0, ROWS(tiles));
	tcase_add_loop_test(t, tile_paths_refused, 0, ROWS(not_tiles));
	tcase_add_loop_test(t, tile_exists, 0, ROWS(existing));
	return s;
}
