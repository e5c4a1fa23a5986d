#include "ledger_help.h"

#include <sys/wait.h>

/* A ledger with rows in every table that can have some: a full tile, long values, an erasure. */
static void fill(void)
{
	enum { N = 300 };
	static struct sent s[N];
	static char long_text[9000];
	struct sy_str records[40];

	start();
	for (unsigned i = 0; i < N; i++) {
		prepare_one(&s[i], "row", i);
		ck_assert_int_eq(ledger_submit(ledger, &s[i].job), SY_OK);
	}
	for (unsigned i = 0; i < N; i++) {
		await(&s[i]);
		ck_assert_int_eq(s[i].job.said, LEDGER_APPEND);
		release(&s[i]);
	}
	memset(long_text, 'x', sizeof long_text);
	memcpy(long_text, "{\"long\":\"", 9);
	memcpy(long_text + sizeof long_text - 2, "\"}", 2);
	for (unsigned i = 0; i < 40; i++)
		records[i] = (struct sy_str){long_text, sizeof long_text};
	prepare(&s[0], records, 40);
	ck_assert_int_eq(ledger_submit(ledger, &s[0].job), SY_OK);
	await(&s[0]);
	check_answer(&s[0]);
	release(&s[0]);
	ck_assert_int_eq(ledger_erase(ledger, 7), SY_OK);
	stop();
}

static uint64_t size_of(const char *name)
{
	char path[96];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	ck_assert_int_eq(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

/* Changes bits of one byte; again takes it back. */
static void flip(const char *name, uint64_t at, uint8_t bits)
{
	char path[96];
	uint8_t b;
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread_all(fd, &b, 1, at), SY_OK);
	b ^= bits;
	ck_assert_int_eq(pwrite_all(fd, &b, 1, at), SY_OK);
	close(fd);
}

static uint64_t random_below(uint64_t n)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

START_TEST(whole)
{
	struct ledger_check c;
	struct lines l;

	fill();
	ck_assert_int_eq(fsck(&l, &c), SY_OK);
	ck_assert(c.whole);
	ck_assert_uint_eq(c.entries, 302);
	ck_assert_uint_eq(c.records, 341);
	shell("[ \"$(ls %s/truth | tr '\\n' ' ')\" = 'data.mdb sums ' ]", dir);
}
END_TEST

/* Any byte of any file of truth. */
START_TEST(any_byte)
{
	static const char *const names[] = {"truth/data.mdb", "truth/sums"};
	struct lines l;

	fill();
	for (size_t i = 0; i < 2; i++) {
		uint64_t size = size_of(names[i]);
		for (unsigned n = 0; n < 150 / SLOW; n++) {
			/* the first pages byte by byte now and then, the rest anywhere */
			uint64_t at =
			    n % 3 ? random_below(size) : random_below(size < 400 ? size : 400);
			uint8_t bits = (uint8_t)(1 + random_below(255));
			int err;
			flip(names[i], at, bits);
			err = fsck(&l, NULL);
			ck_assert_msg(err != SY_OK && l.n > 0, "%s, byte %llu", names[i],
				      (unsigned long long)at);
			flip(names[i], at, bits);
		}
	}
	check_whole(302, 341);
}
END_TEST

/*
 * Without sums: the description of the file, tree and rows alone.  It may miss what means nothing;
 * what it lets pass must leave the ledger readable, and it must never die of it.
 */
START_TEST(without_sums)
{
	unsigned found = 0;
	uint64_t size;
	struct lines l;

	fill();
	shell("rm %s/truth/sums", dir);
	size = size_of("truth/data.mdb");
	for (unsigned n = 0; n < 600 / SLOW; n++) {
		uint64_t at = random_below(size);
		uint8_t bits = (uint8_t)(1 + random_below(255));
		if (n % 2) /* headers and pointers of pages, where damage hurts most */
			at = at / 4096 * 4096 + random_below(64);
		flip("truth/data.mdb", at, bits);
		found += fsck(&l, NULL) != SY_OK;
		flip("truth/data.mdb", at, bits);
	}
	ck_assert_uint_gt(found, 300 / SLOW);
	check_whole(302, 341);
}
END_TEST

/* --- rows: each table's own lie, told through LMDB so that its pages are sound ---------------- */

enum lie { CHANGE, DROP, ADD };

static void tell(unsigned table, uint64_t key, enum lie lie)
{
	uint8_t value[70000];
	char path[80];
	struct sy_str v;
	struct kv_tx tx;
	struct kv *kv;

	snprintf(path, sizeof path, "%s/truth", dir);
	ck_assert_int_eq(kv_open(path, ledger_tables, N_TABLES, 1 << 28, 0, &kv), SY_OK);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	ck_assert_int_eq(kv_get(&tx, table, KEY64(key), &v), SY_OK);
	ck_assert_uint_le(v.n, sizeof value);
	memcpy(value, v.p, v.n);
	v.p = (const char *)value;
	value[v.n / 2] ^= lie == CHANGE;
	if (lie == DROP)
		kv_del(&tx, table, KEY64(key));
	else
		kv_put(&tx, table, KEY64(lie == ADD ? key + 100000 : key), v, 0);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
	kv_close(kv);
}

START_TEST(rows)
{
	static const struct {
		const char *name;
		unsigned table;
		uint64_t key;
		enum lie lie;
		const char *line;
	} cases[] = {
	    {"an entry changed", T_ENTRIES, 5, CHANGE, "entry 5"},
	    {"an entry dropped", T_ENTRIES, 5, DROP, "truth entries 5: missing"},
	    {"an entry added", T_ENTRIES, 5, ADD, "truth entries"},
	    {"a payload changed", T_RECORDS, 9, CHANGE, "truth records 9"},
	    {"a payload dropped", T_RECORDS, 9, DROP, "truth records 9: missing"},
	    {"a payload added", T_RECORDS, 9, ADD, "truth records: "},
	    {"a long payload changed", T_RECORDS, 310, CHANGE, "truth records 310"},
	    {"a leaf changed", T_LEAVES, 301, CHANGE, "truth leaves 301"},
	    {"leaves dropped", T_LEAVES, 301, DROP, "truth leaves 301: missing"},
	    {"leaves added", T_LEAVES, 3, ADD, "truth leaves: "},
	    {"a hash changed", T_TREE, 200, CHANGE, "truth tree0 200"},
	    {"a hash dropped", T_TREE, 200, DROP, "truth tree0 200: missing"},
	    {"a hash added", T_TREE, 200, ADD, "truth tree0: "},
	    {"a tile's hash changed", T_TREE + 1, 0, CHANGE, "truth tree1 0"},
	    {"a tile's hash added", T_TREE + 1, 0, ADD, "truth tree1: "},
	    {"a note changed", T_NOTES, 302, CHANGE, "truth notes 302"},
	    {"a note at another size", T_NOTES, 302, ADD, "truth notes"},
	};
	struct lines l, one;

	fill();
	shell("cp -r %s/truth %s/saved", dir, base);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int err;
		tell(cases[i].table, cases[i].key, cases[i].lie);
		shell("rm -f %s/truth/sums", dir);
		err = fsck_on(5, &l, NULL);
		ck_assert_msg(err == SY_ECORRUPT, "%s: %s", cases[i].name, sy_strerror(err));
		ck_assert_msg(has(sy_str(l.text), cases[i].line), "%s: %s", cases[i].name, l.text);
		ck_assert_int_eq(fsck_on(1, &one, NULL), SY_ECORRUPT);
		ck_assert_str_eq(one.text, l.text);
		shell("rm -r %s/truth; cp -r %s/saved %s/truth", dir, base, dir);
	}
	check_whole(302, 341);
}
END_TEST

START_TEST(other_files)
{
	static const struct {
		const char *name;
		uint64_t at;
		const char *line;
	} cases[] = {
	    {"salts", 0, "truth records 0"},
	    {"salts", 16 * 340 + 15, "truth records 340"},
	    {"salts", 16 * 7 + 3, "truth records 7"}, /* one that was erased */
	    {"head", 3, "head"},
	    {"head", 40, "head"},
	};
	struct lines l;

	fill();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		flip(cases[i].name, cases[i].at, 1);
		ck_assert_int_eq(fsck(&l, NULL), SY_ECORRUPT);
		ck_assert_msg(has(sy_str(l.text), cases[i].line), "%s %llu: %s", cases[i].name,
			      (unsigned long long)cases[i].at, l.text);
		flip(cases[i].name, cases[i].at, 1);
	}
	shell("truncate -s 5000 %s/salts", dir);
	ck_assert_int_eq(fsck(&l, NULL), SY_ECORRUPT);
	shell("rm %s/head", dir);
	ck_assert_int_eq(fsck(&l, NULL), SY_ECORRUPT);
}
END_TEST

START_TEST(lengths)
{
	struct lines l;

	fill();
	shell("cp %s/truth/data.mdb %s/saved", dir, base);
	shell("echo more >>%s/truth/data.mdb", dir);
	ck_assert_int_eq(fsck(&l, NULL), SY_ECORRUPT);
	for (unsigned n = 0; n < 12; n++) {
		shell("cp %s/saved %s/truth/data.mdb; truncate -s %u %s/truth/data.mdb", base, dir,
		      n * 37000, dir);
		ck_assert_int_ne(fsck(&l, NULL), SY_OK);
		ck_assert_uint_gt(l.n, 0);
	}
}
END_TEST

/* In a process of its own that ends without a stop, as a kill does. */
static void append_and_die(unsigned from)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		start();
		for (unsigned i = 0; i < 25; i++)
			append("grow", from + i);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* The sums of a stop that began from older ones are those that a fresh look gives, whatever a kill
 * left between the two. */
START_TEST(sums_grow)
{
	struct ledger_check c;
	struct lines l;
	unsigned n = 1;

	for (unsigned round = 0; round < 6; round++) {
		if (round % 2) {
			append_and_die(1000 + round * 100);
			n += 25;
			shell("head -c 8192 /dev/urandom >>%s/truth/data.mdb", dir);
			ck_assert_int_eq(fsck(&l, &c), SY_OK);
			ck_assert(!c.whole);
		}
		start();
		for (unsigned i = 0; i < 25; i++, n++)
			append("grow", round * 100 + i);
		stop();
		shell("mv %s/truth/sums %s/sums", dir, base);
		ck_assert_int_eq(pages_sum(dir), SY_OK);
		shell("cmp %s/truth/sums %s/sums", dir, base);
		check_whole(n, n);
	}
}
END_TEST

START_TEST(not_a_ledger)
{
	struct lines l;

	shell("rm -r %s/truth", dir);
	ck_assert_int_eq(fsck(&l, NULL), SY_ENOTFOUND);
	ck_assert_uint_eq(l.n, 1);
	shell("rm -r %s", dir);
	ck_assert_int_eq(fsck(&l, NULL), SY_ENOTFOUND);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("fsck");

	add(s, "whole", whole);
	add(s, "any_byte", any_byte);
	add(s, "without_sums", without_sums);
	add(s, "rows", rows);
	add(s, "other_files", other_files);
	add(s, "lengths", lengths);
	add(s, "sums_grow", sums_grow);
	add(s, "not_a_ledger", not_a_ledger);
	return s;
}
