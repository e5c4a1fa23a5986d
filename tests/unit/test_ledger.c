#include "ledger_help.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* --- making and opening ---------------------------------------------------------------------- */

START_TEST(making)
{
	struct ledger_genesis g = {.origin = ORIGIN};
	struct sy_receipt_fault fault;
	char vkey[SY_VKEY_TEXT];
	struct sy_arena arena = {0};
	struct sy_buf receipt = {0};
	struct ledger_read r;
	const uint8_t *bytes;
	struct sy_entry e;
	const char *why;

	ck_assert_int_eq(ledger_create(dir, &g, &why), SY_EDUP);
	open_ledger();
	sy_vkey_format(ledger_vkey(ledger), vkey);
	ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
	ck_assert_uint_eq(r.entries, 1);
	ck_assert_uint_eq(r.records, 1);
	ck_assert_int_eq(ledger_entry(&r, 0, &bytes), SY_OK);
	ck_assert_int_eq(sy_entry_decode(bytes, &e, NULL), SY_OK);
	ck_assert_uint_eq(e.deadline, 0);
	ck_assert_int_ne(memcmp(e.author, ledger_vkey(ledger)->key, SY_KEY_SIZE), 0);
	ck_assert_int_eq(ledger_receipt(&r, &arena, 0, &receipt), SY_OK);
	ck_assert_int_eq(sy_receipt_check(sy_buf_span(&receipt), sy_str(vkey), &fault), SY_OK);
	ck_assert(has(sy_buf_span(&receipt), "测试"));
	ledger_read_end(&r);
	sy_buf_free(&receipt);
	sy_arena_free(&arena);
	stop();
	check_whole(1, 1);
}
END_TEST

START_TEST(first_records)
{
	static const struct sy_str good[] = {{"{\"a\":1}", 7}, {"{\"a\":2}", 7}};
	static const struct sy_str bad[] = {{"{\"a\":1}", 7}, {"{\"a\":1", 6}};
	struct ledger_genesis g = {.origin = ORIGIN, .records = bad, .n_records = 2};
	const char *why;

	shell("rm -rf %s", dir);
	ck_assert_int_ne(ledger_create(dir, &g, &why), SY_OK);
	ck_assert_int_ne(access(dir, F_OK), 0); /* as it was */
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_ne(ledger_create(dir, &g, &why), SY_OK);
	ck_assert_int_eq(rmdir(dir), 0); /* empty again */
	g.records = good;
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(ledger_create(dir, &g, &why), SY_OK);
	check_whole(3, 3);
}
END_TEST

START_TEST(interrupted_making)
{
	const char *why;

	shell("touch %s/incomplete; rm %s/log.key", dir, dir);
	ck_assert_int_eq(try_open(&why), SY_ENOTFOUND);
	ck_assert(has(sy_str(why), "--init"));
	create();
	check_whole(1, 1);
}
END_TEST

START_TEST(refused_folders)
{
	static const struct {
		const char *name, *spoil;
		int err;
	} cases[] = {
	    {"not there", "rm -rf", SY_ENOTFOUND},
	    {"no truth", "f() { rm -rf $1/truth; }; f", SY_ENOTFOUND},
	    {"no key", "f() { rm $1/log.key; }; f", SY_ENOTFOUND},
	    {"no salts", "f() { rm $1/salts; }; f", SY_ECORRUPT},
	    {"short salts", "f() { truncate -s 15 $1/salts; }; f", SY_ECORRUPT},
	    {"other salts", "f() { truncate -s 0 $1/salts; echo 0123456789abcdef >$1/salts; }; f",
	     SY_ECORRUPT},
	    {"no head", "f() { rm $1/head; }; f", SY_EROLLBACK},
	    {"a head of noise", "f() { echo noise >$1/head; }; f", SY_ECORRUPT},
	    {"truth of noise", "f() { head -c 65536 /dev/zero >$1/truth/data.mdb; }; f",
	     SY_ECORRUPT},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *why = "";
		int err;
		shell("%s %s", cases[i].spoil, dir);
		err = try_open(&why);
		ck_assert_msg(err == cases[i].err, "%s: %s: %s", cases[i].name, sy_strerror(err),
			      why);
		ck_assert_uint_gt(strlen(why), 20);
		ck_assert_ptr_null(ledger);
		shell("rm -rf %s", dir);
		create();
	}
	shell(": >%s/head", dir); /* who empties it knows better */
	open_ledger();
}
END_TEST

START_TEST(locked)
{
	struct ledger *first;
	const char *why;

	open_ledger();
	first = ledger;
	ck_assert_int_eq(try_open(&why), SY_ELOCKED);
	ledger = first;
}
END_TEST

START_TEST(newer_format)
{
	char path[80];
	struct kv_tx tx;
	struct kv *kv;
	const char *why;

	snprintf(path, sizeof path, "%s/truth", dir);
	ck_assert_int_eq(kv_open(path, ledger_tables, N_TABLES, 1 << 24, 0, &kv), SY_OK);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	kv_put(&tx, T_META, SY_STR("format"), SY_STR("2"), 0);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
	kv_close(kv);
	ck_assert_int_eq(try_open(&why), SY_EVERSION);
}
END_TEST

/* --- writing and reading --------------------------------------------------------------------- */

START_TEST(round_trip)
{
	static const char *const texts[] = {"{\"a\":1}", "{\"b\":\"溯源\"}", "{\"c\":[]}"};
	struct sy_str records[3];
	struct sy_arena arena = {0};
	char vkey[SY_VKEY_TEXT];
	struct ledger_read r;
	struct sent s;

	for (int i = 0; i < 3; i++)
		records[i] = sy_str(texts[i]);
	start();
	sy_vkey_format(ledger_vkey(ledger), vkey);
	prepare(&s, records, 3);
	ck_assert_int_eq(ledger_submit(ledger, &s.job), SY_OK);
	await(&s);
	check_answer(&s);
	ck_assert_uint_eq(s.job.entry, 1);
	ck_assert_uint_eq(s.job.first, 1);
	ck_assert_uint_eq(s.job.count, 3);
	ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
	ck_assert_uint_eq(r.records, 4);
	for (unsigned i = 0; i < 3; i++) {
		struct sy_receipt_fault fault;
		struct ledger_record rec;
		struct sy_buf receipt = {0};
		uint32_t position;
		uint64_t entry;
		ck_assert_int_eq(ledger_record(&r, &arena, i + 1, &rec), SY_OK);
		ck_assert(sy_str_eq(rec.payload, records[i]));
		ck_assert(sy_hash_eq(&rec.leaf, &s.sub.leaves[i]));
		ck_assert_int_eq(ledger_record_entry(&r, i + 1, &entry, &position), SY_OK);
		ck_assert_uint_eq(entry, 1);
		ck_assert_uint_eq(position, i);
		ck_assert_int_eq(ledger_receipt(&r, &arena, i + 1, &receipt), SY_OK);
		ck_assert_int_eq(sy_receipt_check(sy_buf_span(&receipt), sy_str(vkey), &fault),
				 SY_OK);
		sy_buf_free(&receipt);
	}
	ledger_read_end(&r);
	sy_arena_free(&arena);
	release(&s);
	stop();
	open_ledger();
	ck_assert(ledger->note_stored); /* by the stop */
	stop();
	check_whole(2, 4);
}
END_TEST

START_TEST(out_of_range)
{
	struct sy_arena arena = {0};
	struct ledger_record rec;
	struct sy_buf out = {0};
	struct ledger_read r;
	const uint8_t *bytes;
	struct sy_path path;
	uint32_t position;
	uint64_t entry;
	sy_hash root;

	open_ledger();
	ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
	ck_assert_int_eq(ledger_entry(&r, 1, &bytes), SY_ENOTFOUND);
	ck_assert_int_eq(ledger_record(&r, &arena, 1, &rec), SY_ENOTFOUND);
	ck_assert_int_eq(ledger_record_entry(&r, 1, &entry, &position), SY_ENOTFOUND);
	ck_assert_int_eq(ledger_record_path(&r, 0, 1, &path), SY_ENOTFOUND);
	ck_assert_int_eq(ledger_receipt(&r, &arena, UINT64_MAX, &out), SY_ENOTFOUND);
	ck_assert_int_eq(ledger_entry_proof(&r, 1, &out), SY_ENOTFOUND);
	ck_assert_int_eq(ledger_consistency(&r, 1, 2, &path), SY_ERANGE);
	ck_assert_int_eq(ledger_consistency(&r, 1, 0, &path), SY_ERANGE);
	ck_assert_int_eq(ledger_root(&r, 2, &root), SY_ERANGE);
	ck_assert_int_eq(ledger_tile(&r, &(struct sy_tile){0, 0, 2}, &out), SY_ENOTFOUND);
	ck_assert_int_eq(ledger_tile(&r, &(struct sy_tile){9, 0, 1}, &out), SY_ENOTFOUND);
	ck_assert_int_eq(ledger_erase(ledger, 1), SY_ENOTFOUND);
	ck_assert_uint_eq(out.n, 0);
	ledger_read_end(&r);
	sy_arena_free(&arena);
}
END_TEST

/* Everything waits while the gate is shut, so that it comes in one group. */
START_TEST(one_group)
{
	enum { N = 64 };
	static struct sent s[N];
	struct ledger_stats before, after;

	start();
	ledger_stats(ledger, &before);
	pthread_mutex_lock(&gate);
	for (unsigned i = 0; i < N; i++) {
		prepare_one(&s[i], "batch", i);
		ck_assert_int_eq(ledger_submit(ledger, &s[i].job), SY_OK);
	}
	pthread_mutex_unlock(&gate);
	for (unsigned i = 0; i < N; i++) {
		await(&s[i]);
		check_answer(&s[i]);
		ck_assert_uint_eq(s[i].job.entry, i + 1);
		ck_assert_int_eq(s[i].job.said, LEDGER_APPEND);
		release(&s[i]);
	}
	ledger_stats(ledger, &after);
	ck_assert_uint_le(after.commits - before.commits, 2); /* the first may have gone alone */
	ck_assert_uint_eq(after.entries, N + 1);
	ck_assert_uint_eq(after.queue_bytes, 0);
	ck_assert_uint_eq(after.queue_jobs, 0);
	ck_assert_uint_eq(settled, N);
	ck_assert_uint_eq(answered, after.commits - before.commits);
	ck_assert_uint_ge(told, 1);
	stop();
	check_whole(N + 1, N + 1);
}
END_TEST

START_TEST(duplicates)
{
	static struct sent s[4];
	uint64_t old;

	start();
	old = append("old", 1);
	for (unsigned i = 0; i < 20; i++)
		append("more", i);
	pthread_mutex_lock(&gate);
	prepare_one(&s[0], "first", 0); /* keeps the writer busy */
	prepare_one(&s[1], "twin", 0);
	prepare_one(&s[2], "twin", 0);
	prepare_one(&s[3], "old", 1);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(ledger_submit(ledger, &s[i].job), SY_OK);
	pthread_mutex_unlock(&gate);
	for (unsigned i = 0; i < 4; i++) {
		await(&s[i]);
		check_answer(&s[i]);
	}
	ck_assert_int_eq(s[1].job.said, LEDGER_APPEND);
	ck_assert_int_eq(s[2].job.said, LEDGER_DUPLICATE);
	ck_assert_uint_eq(s[2].job.entry, s[1].job.entry);
	ck_assert_mem_eq(s[2].job.entry_bytes, s[1].job.entry_bytes, SY_ENTRY_SIZE);
	ck_assert_int_eq(s[3].job.said, LEDGER_DUPLICATE);
	ck_assert_uint_eq(s[3].job.entry, old);
	for (unsigned i = 0; i < 4; i++)
		release(&s[i]);
	stop();
	check_whole(24, 24);
}
END_TEST

START_TEST(refusals)
{
	static struct sent s[5];
	static const char *const texts[] = {"a", "refuse", "b", "again", "c"};
	struct sy_str late = SY_STR("{\"late\":true}");
	struct sent l;

	start();
	pthread_mutex_lock(&gate);
	for (unsigned i = 0; i < 5; i++) {
		prepare_one(&s[i], texts[i], 0);
		ck_assert_int_eq(ledger_submit(ledger, &s[i].job), SY_OK);
	}
	pthread_mutex_unlock(&gate);
	for (unsigned i = 0; i < 5; i++)
		await(&s[i]);
	for (unsigned i = 0; i < 5; i += 2) {
		check_answer(&s[i]);
		ck_assert_uint_eq(s[i].job.entry, 1 + i / 2);
	}
	ck_assert_int_eq(s[1].job.said, LEDGER_REFUSE);
	ck_assert_int_eq(s[1].job.err, SY_ERULES);
	ck_assert_int_eq(s[3].job.said, LEDGER_AGAIN);
	ck_assert_int_eq(s[3].job.err, SY_OK);
	for (unsigned i = 0; i < 5; i++)
		release(&s[i]);
	/* past its deadline, whatever the judge says */
	prepare_until(&l, &late, 1, (uint32_t)(sy_time_now() / 1000 - 5));
	ck_assert_int_eq(ledger_submit(ledger, &l.job), SY_OK);
	await(&l);
	ck_assert_int_eq(l.job.said, LEDGER_REFUSE);
	ck_assert_int_eq(l.job.err, SY_EDEADLINE);
	ck_assert_uint_eq(unsettled, 1);
	release(&l);
	stop();
	check_whole(4, 4);
}
END_TEST

START_TEST(budget)
{
	struct ledger_options o = options();
	static struct sent s[3];
	const char *why;

	o.queue_bytes = 2000;
	ck_assert_int_eq(ledger_open(&o, &ledger, &why), SY_OK);
	ck_assert_int_eq(ledger_submit(ledger, &s[0].job), SY_EHALT); /* not started */
	ck_assert_int_eq(ledger_start(ledger), SY_OK);
	pthread_mutex_lock(&gate);
	for (unsigned i = 0; i < 3; i++) {
		prepare_one(&s[i], "budget", i);
		s[i].job.bytes = i ? 900 : 1200;
	}
	ck_assert_int_eq(ledger_submit(ledger, &s[0].job), SY_OK);
	ck_assert_int_eq(ledger_submit(ledger, &s[1].job), SY_EBUSY);
	pthread_mutex_unlock(&gate);
	await(&s[0]);
	s[2].job.bytes = 100000; /* more than the budget, but alone */
	ck_assert_int_eq(ledger_submit(ledger, &s[2].job), SY_OK);
	await(&s[2]);
	check_answer(&s[2]);
	for (unsigned i = 0; i < 3; i++)
		release(&s[i]);
}
END_TEST

static void *submitter(void *arg)
{
	unsigned who = *(unsigned *)arg;

	for (unsigned i = 0; i < 60; i++)
		append("thread", who * 1000 + i);
	return NULL;
}

static void *follower(void *arg)
{
	atomic_bool *end = arg;
	struct sy_arena arena = {0};
	uint64_t last = 0;

	while (!*end) {
		struct ledger_record rec;
		struct ledger_read r;
		sy_hash root;
		ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
		ck_assert_uint_ge(r.entries, last);
		last = r.entries;
		ck_assert_int_eq(ledger_root(&r, r.entries, &root), SY_OK);
		ck_assert(sy_hash_eq(&root, &r.root));
		ck_assert_int_eq(ledger_record(&r, &arena, r.records - 1, &rec), SY_OK);
		ledger_read_end(&r);
		sy_arena_reset(&arena);
	}
	sy_arena_free(&arena);
	return NULL;
}

START_TEST(threads)
{
	static unsigned who[4] = {0, 1, 2, 3};
	atomic_bool end = false;
	pthread_t t[4], f;

	start();
	ck_assert_int_eq(pthread_create(&f, NULL, follower, &end), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, submitter, &who[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	end = true;
	pthread_join(f, NULL);
	stop();
	check_whole(241, 241);
}
END_TEST

START_TEST(erasing)
{
	struct sy_arena arena = {0};
	struct ledger_record rec;
	struct sy_buf out = {0};
	struct ledger_read r;
	sy_hash leaf;

	start();
	append("private", 1);
	append("public", 2);
	ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
	ck_assert_int_eq(ledger_record(&r, &arena, 1, &rec), SY_OK);
	leaf = rec.leaf;
	ck_assert_int_eq(ledger_erase(ledger, 1), SY_OK);
	ck_assert_int_eq(ledger_erase(ledger, 1), SY_OK);
	ck_assert_int_eq(ledger_record(&r, &arena, 1, &rec), SY_EGONE);
	ck_assert_uint_eq(rec.payload.n, 0);
	ck_assert(sy_hash_eq(&rec.leaf, &leaf));
	ck_assert_int_eq(ledger_receipt(&r, &arena, 1, &out), SY_EGONE);
	ck_assert_int_eq(ledger_record(&r, &arena, 2, &rec), SY_OK);
	ck_assert_int_eq(ledger_entry_proof(&r, 1, &out), SY_OK);
	ledger_read_end(&r);
	sy_buf_free(&out);
	sy_arena_free(&arena);
	stop();
	open_ledger();
	stop();
	check_whole(3, 3);
	shell("! grep -q private %s/truth/data.mdb", dir); /* it never was there in the clear */
}
END_TEST

struct run {
	struct ledger_read *r;
	uint64_t next, end; /* false is returned for END */
	unsigned gone;
};

static bool take_run(void *ctx, uint64_t number, const struct ledger_record *rec, bool erased)
{
	struct sy_arena arena = {0};
	struct ledger_record one;
	struct run *run = ctx;
	int err = ledger_record(run->r, &arena, number, &one);

	/* no assertion: they take memory, whose lack is tested */
	if (number == run->next && sy_hash_eq(&rec->leaf, &one.leaf) &&
	    (err == SY_EGONE) == erased && sy_str_eq(rec->payload, one.payload))
		run->next++;
	run->gone += erased;
	sy_arena_free(&arena);
	return number != run->end;
}

START_TEST(record_runs)
{
	enum { N = 1200 }; /* more than salts are read at a time */
	static char text[N][32];
	static struct sy_str records[N];
	struct sy_arena arena = {0};
	struct ledger_read r;
	struct run run = {.r = &r, .end = UINT64_MAX};
	struct sent s;

	start();
	for (unsigned i = 0; i < N; i++) {
		snprintf(text[i], sizeof text[i], "{\"n\":%u}", i);
		records[i] = sy_str(text[i]);
	}
	prepare(&s, records, N);
	ck_assert_int_eq(ledger_submit(ledger, &s.job), SY_OK);
	await(&s);
	release(&s);
	ck_assert_int_eq(ledger_erase(ledger, 5), SY_OK);
	ck_assert_int_eq(ledger_erase(ledger, 1100), SY_OK);
	ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
	ck_assert_int_eq(ledger_records(&r, &arena, 0, N + 1, take_run, &run), SY_OK);
	ck_assert_uint_eq(run.next, N + 1);
	ck_assert_uint_eq(run.gone, 2);
	run = (struct run){.r = &r, .next = 3, .end = 4};
	ck_assert_int_eq(ledger_records(&r, &arena, 3, N, take_run, &run), SY_OK);
	ck_assert_uint_eq(run.next, 5);
	run = (struct run){.r = &r, .next = 4};
	ck_assert_int_eq(ledger_records(&r, &arena, 4, 4, take_run, &run), SY_OK);
	ck_assert_uint_eq(run.next, 4);
	ck_assert_int_eq(ledger_records(&r, &arena, 4, 3, take_run, &run), SY_ERANGE);
	ck_assert_int_eq(ledger_records(&r, &arena, 4, N + 2, take_run, &run), SY_ERANGE);
	sy_arena_free(&arena);
	ledger_read_end(&r);
	stop();
}
END_TEST

/* --- the tree -------------------------------------------------------------------------------- */

static void naive_leaf(unsigned i, sy_hash *out)
{
	sy_leaf_hash(&i, sizeof i, out);
}

START_TEST(growth)
{
	enum { N = 700 };
	static sy_hash leaves[N];
	struct sy_tree tree = {0};
	struct growth g = {0};

	for (unsigned i = 0; i < N; i++)
		naive_leaf(i, &leaves[i]);
	for (unsigned size = 0, step = 1; size < N; step = step % 7 + 1) {
		unsigned old = size;
		sy_hash root, naive;
		growth_begin(&g, &tree);
		for (unsigned i = 0; i < step && size < N; i++)
			ck_assert_int_eq(growth_add(&g, &leaves[size++]), SY_OK);
		growth_tree(&g, &tree);
		sy_tree_root(&tree, &root);
		sy_leaves_root(leaves, size, &naive);
		ck_assert(sy_hash_eq(&root, &naive));
		for (unsigned i = old; i < size; i++) {
			struct sy_path path;
			ck_assert_int_eq(sy_inclusion_prove(growth_at, &g, i, size, &path), SY_OK);
			ck_assert_int_eq(sy_inclusion_verify(&leaves[i], i, size, &path, &root),
					 SY_OK);
		}
	}
	growth_free(&g);
}
END_TEST

START_TEST(growth_memory)
{
	struct growth g = {0};
	struct sy_tree tree = {0}, plain = {0};
	sy_hash leaf, a, b;
	unsigned failed = 0;

	growth_begin(&g, &tree);
	for (unsigned i = 0; i < 300; i++) {
		naive_leaf(i, &leaf);
		for (unsigned n = 1;; n++) {
			fail_alloc_at(n);
			int err = growth_add(&g, &leaf);
			fail_alloc_at(0);
			if (err == SY_OK)
				break;
			ck_assert_int_eq(err, SY_ENOMEM);
			failed++;
		}
		sy_tree_append(&plain, &leaf);
	}
	growth_tree(&g, &tree);
	sy_tree_root(&tree, &a);
	sy_tree_root(&plain, &b);
	ck_assert(sy_hash_eq(&a, &b));
	ck_assert_uint_gt(failed, 0);
	growth_free(&g);
}
END_TEST

static void check_tiles(struct ledger_read *r, const sy_hash *leaves)
{
	struct sy_buf out = {0};

	for (unsigned size = 1; size <= r->entries; size++) {
		struct sy_tile t = {0, (size - 1) / 256, (size - 1) % 256 + 1};
		sy_buf_reset(&out);
		ck_assert_int_eq(ledger_tile(r, &t, &out), SY_OK);
		ck_assert_mem_eq(out.p, &leaves[t.n * 256], t.width * sizeof(sy_hash));
		t.level = SY_TILE_ENTRIES;
		sy_buf_reset(&out);
		ck_assert_int_eq(ledger_tile(r, &t, &out), SY_OK);
		ck_assert_uint_eq(out.n, t.width * 202u);
		for (unsigned i = 0; i < t.width; i++) {
			sy_hash h;
			ck_assert_uint_eq(sy_get16((uint8_t *)out.p + i * 202), 200);
			sy_leaf_hash(out.p + i * 202 + 2, 200, &h);
			ck_assert(sy_hash_eq(&h, &leaves[t.n * 256 + i]));
		}
	}
	for (unsigned full = 1; full <= r->entries / 256; full++) {
		sy_hash root;
		sy_buf_reset(&out);
		ck_assert_int_eq(ledger_tile(r, &(struct sy_tile){1, 0, full}, &out), SY_OK);
		sy_leaves_root(&leaves[(full - 1) * 256], 256, &root);
		ck_assert_mem_eq(out.p + (full - 1) * sizeof root, &root, sizeof root);
	}
	sy_buf_free(&out);
}

START_TEST(tiles)
{
	enum { N = 600 };
	static struct sent s[N];
	static sy_hash leaves[N + 1];
	struct ledger_read r;

	start();
	for (unsigned i = 1; i < N; i++) {
		prepare_one(&s[i], "tile", i);
		ck_assert_int_eq(ledger_submit(ledger, &s[i].job), SY_OK);
	}
	for (unsigned i = 1; i < N; i++) {
		await(&s[i]);
		check_answer(&s[i]);
		sy_leaf_hash(s[i].job.entry_bytes, SY_ENTRY_SIZE, &leaves[s[i].job.entry]);
		release(&s[i]);
	}
	ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
	ck_assert_uint_eq(r.entries, N);
	ck_assert_int_eq(truth_at(&r.tx, 0, 0, &leaves[0]), SY_OK);
	check_tiles(&r, leaves);
	for (unsigned size = 1; size <= N; size++) {
		struct sy_path path;
		sy_hash root, naive;
		ck_assert_int_eq(ledger_root(&r, size, &root), SY_OK);
		sy_leaves_root(leaves, size, &naive);
		ck_assert(sy_hash_eq(&root, &naive));
		ck_assert_int_eq(ledger_consistency(&r, size, N, &path), SY_OK);
		ck_assert_int_eq(sy_consistency_verify(size, &root, N, &r.root, &path), SY_OK);
	}
	ledger_read_end(&r);
	stop();
	check_whole(N, N);
}
END_TEST

START_TEST(record_paths)
{
	static const size_t counts[] = {1, 2, 63, 64, 65, 128, 129, 200, 1000, 4096, 9999, 10000};
	struct path_cache *c = path_cache_new();
	static sy_hash leaves[10000];

	ck_assert_ptr_nonnull(c);
	for (unsigned i = 0; i < 10000; i++)
		naive_leaf(i, &leaves[i]);
	for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
		size_t n = counts[k];
		for (size_t i = 0; i < n; i += 1 + n / 50) {
			struct sy_path path, naive;
			ck_assert_int_eq(records_path(c, k * 128, leaves, n, i, &path), SY_OK);
			ck_assert_int_eq(sy_leaves_path(leaves, n, i, &naive), SY_OK);
			ck_assert_uint_eq(path.n, naive.n);
			ck_assert_mem_eq(path.h, naive.h, naive.n * sizeof *naive.h);
		}
	}
	path_cache_free(c);
}
END_TEST

/* --- failures -------------------------------------------------------------------------------- */

static enum ledger_point fail_point;
static int fail_with;

static int fail_one(enum ledger_point p)
{
	return p == fail_point ? fail_with : SY_OK;
}

START_TEST(halts)
{
	static const struct {
		const char *name;
		enum ledger_point point;
		int err;
		bool final;
	} cases[] = {
	    {"salts can't be synced", POINT_SALTS, SY_EIO, true},
	    {"salts don't fit", POINT_SALTS, SY_ENOSPC, true},
	    {"the commit fails", POINT_COMMIT, SY_EIO, true},
	    {"a put fails", POINT_PUT, SY_EIO, true},
	    {"the map is full", POINT_PUT, SY_ENOSPC, false},
	    {"memory is out", POINT_PUT, SY_ENOMEM, false},
	    {"no space", POINT_RESERVE, SY_ENOSPC, false},
	};
	unsigned entries = 1;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *why = NULL;
		int err, expected = cases[i].final ? SY_EHALT : cases[i].err;
		start();
		append("before", (unsigned)i);
		entries++;
		halted_with = SY_OK;
		fail_point = cases[i].point;
		fail_with = cases[i].err;
		ledger_fault = fail_one;
		err = submit_one("hit", (unsigned)i, NULL);
		ck_assert_msg(err == expected, "%s: %s", cases[i].name, sy_strerror(err));
		ledger_fault = NULL;
		ck_assert_int_eq(ledger_writable(ledger, &why), !cases[i].final);
		ck_assert_int_eq(halted_with, cases[i].final ? cases[i].err : SY_OK);
		if (cases[i].final) {
			ck_assert_ptr_nonnull(why);
			ck_assert_int_eq(submit_one("after", (unsigned)i, NULL), SY_EHALT);
		} else {
			append("hit", (unsigned)i); /* it wasn't numbered, nor remembered */
			entries++;
		}
		stop();
		check_whole(entries, entries);
	}
}
END_TEST

/* A mount that ends with this process, however it ends; false for who isn't root. */
static bool mount_small(const char *where)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", where, "tmpfs", 0, "size=6m") == 0;
}

/* A real small disk, where we may mount one. */
START_TEST(full_disk)
{
	unsigned i = 1000, entries;
	struct ledger_head h;
	const char *why;
	int err = SY_OK;

	shell("rm -rf %s; mkdir %s", dir, dir);
	if (!mount_small(dir))
		return;
	create();
	start();
	while (err == SY_OK && i < 100000)
		err = submit_one("fill", i++, NULL);
	ck_assert_int_eq(err, SY_ENOSPC);
	ck_assert(!ledger_writable(ledger, &why));
	ck_assert_ptr_nonnull(strstr(why, "disk is full"));
	ck_assert_int_eq(submit_one("fill", i++, NULL), SY_ENOSPC);
	ck_assert_int_eq(mount("none", dir, "tmpfs", MS_REMOUNT, "size=64m"), 0);
	ck_assert(ledger_writable(ledger, &why));
	append("there is room", 0);
	ledger_head(ledger, &h);
	entries = (unsigned)h.entries;
	stop();
	check_whole(entries, entries);
	ck_assert_int_eq(umount(dir), 0);
}
END_TEST

START_TEST(rolled_back)
{
	const char *why;

	start();
	append("kept", 1);
	stop();
	shell("cp -r %s/truth %s/old", dir, base);
	start();
	for (unsigned i = 0; i < 3; i++) /* longer in the end than what takes its place */
		append("lost", i);
	stop();
	shell("cp -r %s/truth %s/new", dir, base);
	shell("rm -r %s/truth; cp -r %s/old %s/truth", dir, base, dir);
	ck_assert_int_eq(try_open(&why), SY_EROLLBACK);
	ck_assert(has(sy_str(why), "Restore"));
	/* one that went another way after the same beginning */
	shell(": >%s/head", dir);
	n_seen = 0;
	start();
	append("other", 3);
	append("other", 4);
	stop();
	check_whole(4, 4);
	shell("rm -r %s/truth; cp -r %s/new %s/truth", dir, base, dir);
	ck_assert_int_eq(try_open(&why), SY_EROLLBACK);
}
END_TEST

static uint64_t fake_real, fake_boot;

static uint64_t fake_real_ms(void *ctx)
{
	(void)ctx;
	return fake_real;
}

static uint64_t fake_boot_ms(void *ctx)
{
	(void)ctx;
	return fake_boot;
}

START_TEST(clocks)
{
	static const struct {
		const char *name;
		int64_t real, boot; /* steps, ms */
		bool good;
	} cases[] = {
	    {"nothing", 0, 0, true},
	    {"a second", 1000, 1000, true},
	    {"4 s back", -4000, 1, true},
	    {"and 2 more", -2000, 1, false},
	    {"forward again", 6100, 100, true},
	    {"an hour asleep", 3600000, 3600000, true},
	    {"61 s ahead", 61000, 0, false},
	    {"still ahead", 1000, 1000, false},
	    {"back where it was", -61000, 0, true},
	    {"a year ahead", INT64_C(31536000000), 10, false},
	    {"and back", -INT64_C(31536000000), 0, true},
	    {"59 s", 59000, 0, true},
	    {"another 59 s", 59000, 0, true},
	};

	open_ledger();
	fake_real = sy_time_now() + 10;
	fake_boot = 1000000;
	ledger->clock = (struct ledger_clock){fake_real_ms, fake_boot_ms, NULL};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fake_real += (uint64_t)cases[i].real;
		fake_boot += (uint64_t)cases[i].boot;
		ck_assert_msg(clock_good(ledger) == cases[i].good, "%s", cases[i].name);
		if (cases[i].good)
			ledger->last_time =
			    fake_real > ledger->last_time ? fake_real : ledger->last_time;
	}
	ck_assert_int_eq(ledger_start(ledger), SY_OK);
	fake_real += 100000;
	ck_assert_int_eq(submit_one("too soon", 1, NULL), SY_ECLOCK);
	ck_assert(!ledger_writable(ledger, NULL));
	fake_real -= 100000;
	ck_assert_int_eq(submit_one("now", 1, NULL), SY_OK);
	ck_assert(ledger_writable(ledger, NULL));
}
END_TEST

/* --- killed at any moment -------------------------------------------------------------------- */

struct ack {
	uint64_t entry;
	uint8_t bytes[SY_ENTRY_SIZE];
	char text[64];
};

/* Submits for ever, now one record, now many, telling each answer to FD. */
static void child(int fd, unsigned round)
{
	start();
	for (unsigned i = 0;; i++) {
		static char texts[300][64];
		struct sy_str records[300];
		size_t n = i % 5 == 4 ? 300 : 1;
		struct ack ack;
		struct sent s;
		for (size_t j = 0; j < n; j++) {
			snprintf(texts[j], sizeof texts[j], "{\"round\":%u,\"i\":%u,\"j\":%zu}",
				 round, i, j);
			records[j] = sy_str(texts[j]);
		}
		prepare(&s, records, n);
		if (ledger_submit(ledger, &s.job))
			_exit(3);
		await(&s);
		if (s.job.err)
			_exit(4);
		ack.entry = s.job.entry;
		memcpy(ack.bytes, s.job.entry_bytes, SY_ENTRY_SIZE);
		snprintf(ack.text, sizeof ack.text, "%s", texts[0]);
		if (write(fd, &ack, sizeof ack) != sizeof ack)
			_exit(5);
		release(&s);
	}
}

static void check_ack(struct ledger_read *r, const struct ack *ack)
{
	struct sy_arena arena = {0};
	struct ledger_record rec;
	const uint8_t *bytes;
	struct sy_entry e;

	ck_assert_uint_lt(ack->entry, r->entries);
	ck_assert_int_eq(ledger_entry(r, ack->entry, &bytes), SY_OK);
	ck_assert_mem_eq(bytes, ack->bytes, SY_ENTRY_SIZE);
	ck_assert_int_eq(sy_entry_decode(bytes, &e, NULL), SY_OK);
	for (uint32_t i = 0; i < e.count; i++)
		ck_assert_int_eq(ledger_record(r, &arena, e.first + i, &rec), SY_OK);
	ck_assert_int_eq(ledger_record(r, &arena, e.first, &rec), SY_OK);
	ck_assert(sy_str_is(rec.payload, ack->text));
	sy_arena_free(&arena);
}

START_TEST(killed)
{
	unsigned acked = 0;
	struct lines lines;

	for (unsigned round = 0; round < 12; round++) {
		static struct ack acks[4096];
		unsigned n = 0, after = (unsigned)rand() % 40;
		struct ledger_read r;
		int pipes[2], status;
		pid_t pid;
		ck_assert_int_eq(pipe(pipes), 0);
		if ((pid = fork()) == 0)
			child(pipes[1], round);
		close(pipes[1]);
		/* so many answers and a moment more, so that it dies anywhere */
		while (n <= after && read(pipes[0], &acks[n], sizeof *acks) == sizeof *acks)
			n++;
		usleep((useconds_t)(rand() % 3000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		ck_assert_msg(WIFSIGNALED(status), "the child ended by itself: %d",
			      WEXITSTATUS(status));
		while (n < 4096 && read(pipes[0], &acks[n], sizeof *acks) == sizeof *acks)
			n++;
		close(pipes[0]);
		if (round % 3 == 0) { /* as the kill left it */
			int err = fsck(&lines, NULL);
			ck_assert_msg(err == SY_OK, "%s", lines.text);
		}
		open_ledger();
		ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
		for (unsigned i = 0; i < n; i++)
			check_ack(&r, &acks[i]);
		ledger_read_end(&r);
		stop();
		acked += n;
	}
	ck_assert_uint_gt(acked, 20);
	start();
	append("after all that", 1);
	stop();
	ck_assert_msg(fsck(&lines, NULL) == SY_OK, "%s", lines.text);
}
END_TEST

/* The writer's work in this thread, each of its allocations failed once: a submission is answered
 * and there, or it isn't, or the ledger has halted and a retry finds out. */
START_TEST(group_memory)
{
	unsigned n, stops = 0, refused = 0;
	uint64_t entries = 1;

	for (n = 1;; n++) {
		struct ledger_head h;
		struct sent s;
		prepare_one(&s, "memory", n);
		open_ledger();
		ledger->o.judge = NULL; /* which would allocate too */
		ck_assert_int_eq(pages_unsum(dir), SY_OK);
		fail_alloc_at(n);
		group_run(ledger, &s.job);
		bool hit = alloc_failed(), halted = ledger->state == WRITER_HALTED;
		fail_alloc_at(0);
		ck_assert(s.done);
		if (s.job.err == SY_OK)
			check_answer(&s);
		ledger->state = WRITER_IDLE;
		stop();
		open_ledger();
		ledger_head(ledger, &h);
		ck_assert_uint_le(h.entries, entries + 1);
		if (s.job.err == SY_OK)
			ck_assert_uint_eq(h.entries, entries + 1);
		else if (s.job.said == LEDGER_REFUSE)
			ck_assert_uint_eq(h.entries, entries);
		entries = h.entries;
		stops += halted;
		refused += s.job.err == SY_ENOMEM;
		stop();
		check_whole(entries, entries);
		release(&s);
		if (!hit)
			break;
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_le(stops, 2);
}
END_TEST

START_TEST(memory)
{
	struct ledger_genesis g = {.origin = ORIGIN};
	unsigned n;
	const char *why;

	for (n = 1;; n++) {
		fail_alloc_at(n);
		int err = try_open(&why);
		bool hit = alloc_failed();
		fail_alloc_at(0);
		if (err == SY_OK)
			stop();
		if (!hit)
			break;
	}
	ck_assert_uint_gt(n, 5);
	for (n = 1;; n++) {
		shell("rm -rf %s", dir);
		fail_alloc_at(n);
		int err = ledger_create(dir, &g, &why);
		bool hit = alloc_failed();
		fail_alloc_at(0);
		if (err)
			ck_assert_int_ne(access(dir, F_OK), 0);
		else
			check_whole(1, 1);
		if (!hit)
			break;
	}
	ck_assert_uint_gt(n, 5);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("ledger");

	add(s, "making", making);
	add(s, "first_records", first_records);
	add(s, "interrupted_making", interrupted_making);
	add(s, "refused_folders", refused_folders);
	add(s, "locked", locked);
	add(s, "newer_format", newer_format);
	add(s, "round_trip", round_trip);
	add(s, "out_of_range", out_of_range);
	add(s, "one_group", one_group);
	add(s, "duplicates", duplicates);
	add(s, "refusals", refusals);
	add(s, "budget", budget);
	add(s, "threads", threads);
	add(s, "erasing", erasing);
	add(s, "record_runs", record_runs);
	add(s, "growth", growth);
	add(s, "growth_memory", growth_memory);
	add(s, "tiles", tiles);
	add(s, "record_paths", record_paths);
	add(s, "halts", halts);
	add(s, "full_disk", full_disk);
	add(s, "rolled_back", rolled_back);
	add(s, "clocks", clocks);
	add(s, "killed", killed);
	add(s, "group_memory", group_memory);
	add(s, "memory", memory);
	return s;
}
