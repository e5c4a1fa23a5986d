#include "run.h"

#include "faults.h"
#include "ledger/kv.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct kv_table tables[] = {{"plain", false}, {"dup", true}, {"other", false}};
enum { PLAIN, DUP, OTHER };

static char dir[] = "/tmp/test_kv.XXXXXX";
static struct kv *kv;
static struct kv_tx tx;

static struct sy_str be(uint64_t v)
{
	static uint8_t room[8][8];
	static unsigned turn;
	uint8_t *p = room[turn++ % 8];

	sy_put64(p, v);
	return (struct sy_str){(const char *)p, 8};
}

static uint64_t num(struct sy_str s)
{
	ck_assert_uint_eq(s.n, 8);
	return sy_get64((const uint8_t *)s.p);
}

static void open_kv(int flags)
{
	ck_assert_int_eq(kv_open(dir, tables, 3, 1 << 26, flags, &kv), SY_OK);
}

static void setup(void)
{
	strcpy(dir + sizeof dir - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	open_kv(0);
}

static void teardown(void)
{
	char cmd[64];

	kv_abort(&tx);
	kv_close(kv);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

static void fill(unsigned n)
{
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	for (unsigned i = 0; i < n; i++)
		kv_put(&tx, PLAIN, be(10 * i), be(i), KV_APPEND);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
}

START_TEST(rows)
{
	struct sy_str v;
	void *room;

	fill(100);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	ck_assert_int_eq(kv_get(&tx, PLAIN, be(50), &v), SY_OK);
	ck_assert_uint_eq(num(v), 5);
	ck_assert_int_eq(kv_get(&tx, PLAIN, be(51), &v), SY_ENOTFOUND);
	ck_assert_int_eq(kv_get(&tx, PLAIN, SY_STR(""), &v), SY_ENOTFOUND);
	ck_assert_int_eq(kv_put(&tx, PLAIN, be(50), be(77), 0), SY_OK);
	ck_assert_int_eq(kv_del(&tx, PLAIN, be(60)), SY_OK);
	ck_assert_int_eq(kv_del(&tx, PLAIN, be(60)), SY_ENOTFOUND);
	ck_assert_int_eq(kv_reserve(&tx, OTHER, SY_STR("big"), 10000, KV_NEW, &room), SY_OK);
	memset(room, 'x', 10000);
	ck_assert_uint_eq(kv_count(&tx, PLAIN), 99);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);

	kv_close(kv);
	open_kv(KV_READONLY);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_READ), SY_OK);
	ck_assert_int_eq(kv_get(&tx, PLAIN, be(50), &v), SY_OK);
	ck_assert_uint_eq(num(v), 77);
	ck_assert_int_eq(kv_get(&tx, PLAIN, be(60), &v), SY_ENOTFOUND);
	ck_assert_int_eq(kv_get(&tx, OTHER, SY_STR("big"), &v), SY_OK);
	ck_assert_uint_eq(v.n, 10000);
	ck_assert_int_eq(v.p[9999], 'x');
}
END_TEST

START_TEST(order)
{
	static const struct {
		uint64_t from, first;
		int err;
	} froms[] = {{0, 0, SY_OK}, {1, 10, SY_OK}, {990, 990, SY_OK}, {991, 0, SY_ENOTFOUND}};
	struct sy_str k, v;
	unsigned n = 0;

	fill(100);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_READ), SY_OK);
	for (size_t i = 0; i < sizeof froms / sizeof *froms; i++) {
		ck_assert_int_eq(kv_seek(&tx, PLAIN, be(froms[i].from), &k, &v), froms[i].err);
		if (froms[i].err == SY_OK)
			ck_assert_uint_eq(num(k), froms[i].first);
	}
	ck_assert_int_eq(kv_prev(&tx, PLAIN, &k, &v), SY_OK); /* after the failed seek */
	ck_assert_uint_eq(num(k), 990);
	ck_assert_int_eq(kv_prev(&tx, PLAIN, &k, &v), SY_OK);
	ck_assert_uint_eq(num(k), 980);
	ck_assert_int_eq(kv_last(&tx, PLAIN, &k, &v), SY_OK);
	ck_assert_uint_eq(num(v), 99);
	ck_assert_int_eq(kv_next(&tx, PLAIN, &k, &v), SY_ENOTFOUND);
	for (int err = kv_seek(&tx, PLAIN, SY_STR(""), &k, &v); err == SY_OK;
	     err = kv_next(&tx, PLAIN, &k, &v))
		ck_assert_uint_eq(num(v), n++);
	ck_assert_uint_eq(n, 100);
	ck_assert_int_eq(kv_seek(&tx, OTHER, be(0), &k, &v), SY_ENOTFOUND);
	ck_assert_int_eq(kv_last(&tx, OTHER, &k, &v), SY_ENOTFOUND);
	ck_assert_int_eq(tx.err, SY_OK);
}
END_TEST

START_TEST(duplicates)
{
	struct sy_str k, v;

	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	for (unsigned i = 0; i < 5; i++)
		kv_put(&tx, DUP, be(7), be(9 - i), 0);
	kv_put(&tx, DUP, be(8), be(1), KV_APPEND);
	kv_put(&tx, DUP, be(8), be(2), KV_APPEND);
	kv_put(&tx, DUP, be(7), be(9), 0); /* the same again is one row */
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	ck_assert_uint_eq(kv_count(&tx, DUP), 7);
	ck_assert_int_eq(kv_seek(&tx, DUP, be(7), &k, &v), SY_OK);
	for (unsigned i = 5; i < 10; i++) {
		ck_assert_uint_eq(num(k), 7);
		ck_assert_uint_eq(num(v), i);
		ck_assert_int_eq(kv_next(&tx, DUP, &k, &v), SY_OK);
	}
	ck_assert_uint_eq(num(k), 8);
	for (unsigned key = 7; key < 9; key++)
		ck_assert_int_eq(kv_del(&tx, DUP, be(key)), SY_OK);
	ck_assert_uint_eq(kv_count(&tx, DUP), 0);
}
END_TEST

/* The first error stays, later calls do nothing, and nothing of the transaction is stored. */
/* Keys 3, 6, 9, ... with one value, a few, or more than a page holds. */
static unsigned values_of(unsigned key)
{
	return key % 3 || key == 0 ? 0 : key % 60 == 0 ? 700 : key % 9 == 0 ? 1 + key % 4 : 1;
}

static void ck_values(struct kv_place *p, unsigned key)
{
	struct sy_str values;
	unsigned n = 0;

	ck_assert_int_eq(kv_place_values(&tx, p, &values), SY_OK);
	do {
		for (size_t at = 0; at < values.n; at += 8)
			ck_assert_uint_eq(num((struct sy_str){values.p + at, 8}), key * 1000 + n++);
	} while (!p->whole && kv_values(&tx, DUP, be(key), false, &values) == SY_OK);
	ck_assert_uint_eq(n, values_of(key));
}

/* Whatever is asked, in whatever order, a place finds what a search does. */
START_TEST(places)
{
	enum { KEYS = 900 };
	struct kv_place p = {.table = DUP};
	unsigned key = 0, turn = 12345;
	struct sy_str k, v;

	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	for (unsigned i = 0; i < KEYS; i++)
		for (unsigned n = 0; n < values_of(i); n++)
			kv_put(&tx, DUP, be(i), be(i * 1000 + n), KV_APPEND);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_READ), SY_OK);
	for (unsigned i = 0; i < 4000; i++, turn = turn * 1103515245 + 12345) {
		unsigned move = turn >> 16 & 63;
		key = move > 60 ? turn >> 8 & 1023 : move > 40 ? key : (key + move % 12) % 1024;
		unsigned found = (key + 2) / 3 * 3 + (key == 0 ? 3 : 0);
		if (move == 7) /* somebody else moves the cursor */
			kv_seek(&tx, DUP, be(turn >> 8 & 1023), &k, &v);
		int err = kv_place_seek(&tx, &p, be(key));
		ck_assert_int_eq(err, found < KEYS ? SY_OK : SY_ENOTFOUND);
		if (err)
			continue;
		ck_assert_uint_eq(num(p.key), found);
		ck_assert_uint_eq(num(p.value), found * 1000);
		if (move % 2)
			ck_values(&p, found);
	}
}
END_TEST

START_TEST(sticky)
{
	struct sy_str v;

	fill(3);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	kv_put(&tx, OTHER, be(1), be(1), 0);
	ck_assert_int_eq(kv_get(&tx, PLAIN, be(5), &v), SY_ENOTFOUND);
	ck_assert_int_eq(kv_put(&tx, PLAIN, be(10), be(1), KV_NEW), SY_EDUP);
	ck_assert_int_eq(kv_put(&tx, OTHER, be(2), be(2), 0), SY_EDUP);
	ck_assert_int_eq(kv_get(&tx, PLAIN, be(10), &v), SY_EDUP);
	ck_assert_int_eq(kv_commit(&tx), SY_EDUP);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	ck_assert_uint_eq(kv_count(&tx, OTHER), 0);
	ck_assert_int_eq(kv_put(&tx, PLAIN, be(15), be(1), KV_APPEND), SY_EDUP); /* not the last */
	kv_abort(&tx);
	kv_abort(&tx);
	ck_assert_int_eq(kv_put(&tx, OTHER, be(2), be(2), 0), SY_EDUP);
}
END_TEST

START_TEST(full)
{
	static char block[100000];
	unsigned i = 0;

	kv_close(kv);
	ck_assert_int_eq(kv_open(dir, tables, 3, 1 << 20, 0, &kv), SY_OK);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	while (kv_put(&tx, PLAIN, be(i++), (struct sy_str){block, sizeof block}, 0) == SY_OK)
		ck_assert_uint_lt(i, 100);
	ck_assert_int_eq(kv_commit(&tx), SY_ENOSPC);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_READ), SY_OK);
	ck_assert_uint_eq(kv_count(&tx, PLAIN), 0);
}
END_TEST

START_TEST(snapshots)
{
	struct kv_tx read[200];
	struct sy_str v;

	fill(1);
	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 200; i++)
			ck_assert_int_eq(kv_begin(kv, &read[i], KV_READ), SY_OK);
		for (unsigned i = 0; i < 200; i++)
			kv_abort(&read[i]);
	}
	ck_assert_int_eq(kv_begin(kv, &read[0], KV_READ), SY_OK);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	kv_put(&tx, OTHER, be(1), be(1), 0);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
	ck_assert_int_eq(kv_get(&read[0], OTHER, be(1), &v), SY_ENOTFOUND);
	kv_abort(&read[0]);
	ck_assert_int_eq(kv_begin(kv, &read[0], KV_READ), SY_OK);
	ck_assert_int_eq(kv_get(&read[0], OTHER, be(1), &v), SY_OK);
	kv_abort(&read[0]);
}
END_TEST

static void put_block(unsigned i)
{
	static const char block[20000];

	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	kv_put(&tx, OTHER, be(1), (struct sy_str){block, sizeof block}, 0);
	kv_put(&tx, OTHER, be(2), be(i), 0);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
}

static void *look_once(void *arg)
{
	struct kv_tx r;
	struct sy_str v;

	if (kv_begin(kv, &r, KV_READ) == SY_OK && kv_get(&r, OTHER, be(2), &v) == SY_OK)
		*(uint64_t *)arg = num(v);
	kv_abort(&r);
	return NULL;
}

static uint64_t look_elsewhere(void)
{
	pthread_t t;
	uint64_t seen = UINT64_MAX;

	ck_assert_int_eq(pthread_create(&t, NULL, look_once, &seen), 0);
	pthread_join(t, NULL);
	return seen;
}

/* Who begins to read sees the newest commit, whatever was read before; and a reader that has ended
 * holds no pages, in whatever thread it was. */
START_TEST(ended_readers)
{
	struct kv_tx both[2];
	uint64_t seen = 0, used = 0;
	unsigned i;

	for (i = 0; i < 10; i++)
		put_block(i);
	look_elsewhere();
	for (int k = 0; k < 2; k++)
		ck_assert_int_eq(kv_begin(kv, &both[k], KV_READ), SY_OK);
	put_block(i++); /* the two are older than this when they end */
	for (int k = 0; k < 2; k++)
		kv_abort(&both[k]);
	for (; i < 100; i++) {
		put_block(i);
		for (int again = 0; again < 2; again++) {
			look_once(&seen);
			ck_assert_uint_eq(seen, i);
		}
		ck_assert_uint_eq(look_elsewhere(), i);
		if (i == 20)
			used = kv_used(kv);
	}
	ck_assert_uint_eq(kv_used(kv), used);
}
END_TEST

START_TEST(folder)
{
	struct kv *k = NULL;
	char path[64];

	ck_assert_int_eq(kv_open("/nonexistent/kv", tables, 3, 1 << 20, 0, &k), SY_ENOTFOUND);
	ck_assert_int_eq(kv_open("/nonexistent/kv", tables, 3, 1 << 20, KV_READONLY, &k),
			 SY_ENOTFOUND);
	ck_assert_uint_ge(kv_used(kv), 4096);
	ck_assert_int_ge(kv_fd(kv), 0);
	ck_assert_int_eq(kv_sync(kv), SY_OK);
	kv_close(kv);
	snprintf(path, sizeof path, "%s/lock.mdb", dir);
	ck_assert_int_ne(access(path, F_OK), 0);
	kv_close(NULL);
	open_kv(0);
}
END_TEST

START_TEST(memory)
{
	unsigned n = 0;
	struct kv *k;

	for (;;) {
		struct sy_str a, b;
		fail_alloc_at(++n);
		k = NULL;
		int err = kv_open(dir, tables, 3, 1 << 20, KV_READONLY, &k);
		if (err == SY_OK) {
			if ((err = kv_begin(k, &tx, KV_READ)) == SY_OK)
				err = kv_seek(&tx, PLAIN, SY_STR(""), &a, &b);
			kv_abort(&tx);
			kv_close(k);
		}
		bool hit = alloc_failed();
		fail_alloc_at(0);
		if (!hit)
			break;
	}
	ck_assert_uint_gt(n, 1);
}
END_TEST

static void *reader(void *arg)
{
	unsigned *seen = arg;

	for (int i = 0; i < 500; i++) {
		struct kv_tx r;
		struct sy_str k, v;
		if (kv_begin(kv, &r, KV_READ))
			return NULL;
		if (kv_last(&r, PLAIN, &k, &v) == SY_OK && kv_count(&r, PLAIN) == num(v) + 1)
			++*seen;
		kv_abort(&r);
	}
	return NULL;
}

START_TEST(threads)
{
	pthread_t t[4];
	unsigned seen[4] = {0};

	fill(1);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, reader, &seen[i]), 0);
	for (unsigned i = 1; i < 100; i++) {
		ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
		kv_put(&tx, PLAIN, be(10 * i), be(i), KV_APPEND);
		ck_assert_int_eq(kv_commit(&tx), SY_OK);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		ck_assert_uint_eq(seen[i], 500);
	}
}
END_TEST

/* A writer's gets, puts and deletions in any order, while it walks the same tables. */
enum { MODEL = 4000 };
static bool model[2][MODEL];

static void change(unsigned table, unsigned i)
{
	unsigned key = table == DUP ? i / 100 : i;
	struct sy_str v;
	bool *there = &model[table][i];

	if (*there)
		ck_assert_int_eq(kv_del_value(&tx, table, be(key), be(i)), SY_OK);
	else
		ck_assert_int_eq(kv_put(&tx, table, be(key), be(i), 0), SY_OK);
	*there = !*there;
	if (table == PLAIN)
		ck_assert_int_eq(kv_get(&tx, table, be(key), &v), *there ? SY_OK : SY_ENOTFOUND);
	else
		ck_assert_int_eq(kv_has_value(&tx, table, be(key), be(i)),
				 *there ? SY_OK : SY_ENOTFOUND);
}

static void compare(unsigned table)
{
	struct sy_str k, v;
	int err = kv_seek(&tx, table, SY_STR(""), &k, &v);

	for (unsigned i = 0; i < MODEL; i++) {
		if (!model[table][i])
			continue;
		ck_assert_int_eq(err, SY_OK);
		ck_assert_uint_eq(num(k), table == DUP ? i / 100 : i);
		ck_assert_uint_eq(num(v), i);
		err = kv_next(&tx, table, &k, &v);
	}
	ck_assert_int_eq(err, SY_ENOTFOUND);
}

static void churn(unsigned *seed, unsigned n)
{
	struct sy_str k, v;

	for (unsigned i = 0; i < n; i++) {
		unsigned table = rand_r(seed) % 2 ? DUP : PLAIN, from = rand_r(seed) % MODEL;
		/* runs of neighbours, as records bring them, and lone ones */
		for (unsigned j = 0; j < 1 + i % 40 && from + j < MODEL; j++)
			change(table, from + j);
		kv_seek(&tx, table, be(from / 100), &k, &v);
	}
}

START_TEST(points)
{
	unsigned seed = 1;

	memset(model, 0, sizeof model);
	for (unsigned round = 0; round < 8; round++) {
		ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
		churn(&seed, 80);
		compare(PLAIN);
		compare(DUP);
		ck_assert_int_eq(kv_commit(&tx), SY_OK);
		ck_assert_int_eq(kv_begin(kv, &tx, KV_READ), SY_OK);
		compare(PLAIN);
		compare(DUP);
		kv_abort(&tx);
	}
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test)
{
	TCase *c = tcase_create(name);

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test);
	suite_add_tcase(s, c);
}

Suite *suite(void)
{
	Suite *s = suite_create("kv");

	add(s, "rows", rows);
	add(s, "order", order);
	add(s, "duplicates", duplicates);
	add(s, "places", places);
	add(s, "sticky", sticky);
	add(s, "full", full);
	add(s, "snapshots", snapshots);
	add(s, "ended", ended_readers);
	add(s, "folder", folder);
	add(s, "memory", memory);
	add(s, "threads", threads);
	add(s, "points", points);
	return s;
}
