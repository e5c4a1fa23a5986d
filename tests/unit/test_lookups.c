/* Look-ups of serials: nothing is lost between memory and disk, and nobody waits for a commit. */
#include "run.h"

#include "api/lookups.h"
#include "ledger/kv.h"

#include <suyuan/error.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/test_lookups.XXXXXX";
static struct lookups *k;

static void open_again(void)
{
	bool anew = false;
	ck_assert_int_eq(lookups_open(dir, &k, &anew), SY_OK);
	ck_assert(!anew);
}

static void setup(void)
{
	strcpy(dir + sizeof dir - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	open_again();
}

static void teardown(void)
{
	char cmd[64];
	lookups_close(k);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

static int look_up(unsigned code, uint64_t now, uint64_t *n, uint64_t *first)
{
	char text[32];
	snprintf(text, sizeof text, "urn:code:%u", code);
	return lookups_count(k, sy_str(text), now, n, first);
}

static void counted(unsigned code, uint64_t now, uint64_t n, uint64_t first)
{
	uint64_t got = 0, since = 0;
	ck_assert_int_eq(look_up(code, now, &got, &since), SY_OK);
	ck_assert_uint_eq(got, n);
	ck_assert_uint_eq(since, first);
}

START_TEST(counts_last)
{
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 300; i++)
			counted(i, 1000 + round, round + 1, 1000);
		lookups_close(k);
		open_again();
	}
	counted(300, 7, 1, 7);
}
END_TEST

enum { THREADS = 4, CODES = 2500, ROUNDS = 20 };

static void *count_all(void *arg)
{
	uint64_t n, first;
	unsigned *lost = arg;
	for (unsigned i = 0; i < CODES * ROUNDS; i++)
		*lost += look_up(i % CODES, 1, &n, &first) || n < i / CODES + 1;
	return NULL;
}

/* Over as many flushes as there is time for. */
START_TEST(counts_of_many_threads)
{
	pthread_t t[THREADS];
	unsigned lost[THREADS] = {0};
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, count_all, &lost[i]), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		ck_assert_uint_eq(lost[i], 0);
	}
	lookups_close(k);
	open_again();
	for (unsigned i = 0; i < CODES; i++)
		counted(i, 2, THREADS * ROUNDS + 1, 1);
}
END_TEST

/* Another process that holds the writer's lock of DIR/local until its pipe ends: a commit that
 * doesn't end.  It is there before the tables are opened here, since an environment can't be taken
 * across a fork. */
struct writer {
	pid_t pid;
	int to, from;
};

static int hold_lock(int in, int out)
{
	static const struct kv_table tables[] = {{.name = "lookups"}};
	struct kv *kv;
	struct kv_tx tx;
	char c, path[64];
	snprintf(path, sizeof path, "%s/local", dir);
	if (read(in, &c, 1) != 1 || kv_open(path, tables, 1, (uint64_t)64 << 30, 0, &kv) ||
	    kv_begin(kv, &tx, KV_WRITE) || write(out, "h", 1) != 1 || read(in, &c, 1) != 0)
		return 1;
	kv_abort(&tx);
	return 0;
}

static struct writer writer_new(void)
{
	int in[2], out[2];
	ck_assert_int_eq(pipe(in) | pipe(out), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(in[1]);
		_exit(hold_lock(in[0], out[1]));
	}
	ck_assert_int_gt(pid, 0);
	close(in[0]);
	close(out[1]);
	return (struct writer){pid, in[1], out[0]};
}

static void writer_lock(const struct writer *w)
{
	char c;
	ck_assert_int_eq(write(w->to, "l", 1), 1);
	ck_assert_int_eq(read(w->from, &c, 1), 1);
}

static void writer_end(const struct writer *w)
{
	int status;
	close(w->to);
	close(w->from);
	ck_assert_int_eq(waitpid(w->pid, &status, 0), w->pid);
	ck_assert_int_eq(status, 0);
}

/* Both tables fill up and further codes aren't counted; those that are known go on.  When the disk
 * is back all of it is written. */
START_TEST(nobody_waits_for_a_commit)
{
	uint64_t n, first;
	unsigned known, i;
	int err = SY_OK;

	lookups_close(k);
	struct writer w = writer_new();
	open_again();
	writer_lock(&w);
	for (i = 0; i < 1000000 && err == SY_OK; i++)
		err = look_up(i, 5, &n, &first);
	ck_assert_int_eq(err, SY_EBUSY);
	known = i - 1;
	ck_assert_uint_ge(known, 30000);
	counted(known - 1, 6, 2, 5);
	writer_end(&w);
	for (i = 0; i < known; i++) {
		if (i % 10000 == 0) { /* no more than fit */
			lookups_close(k);
			open_again();
		}
		counted(i, 7, i == known - 1 ? 3 : 2, 5);
	}
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} cases[] = {{"last", counts_last},
		     {"threads", counts_of_many_threads},
		     {"commit", nobody_waits_for_a_commit}};
	Suite *s = suite_create("lookups");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		TCase *t = tcase_create(cases[i].name);
		tcase_add_checked_fixture(t, setup, teardown);
		tcase_set_timeout(t, 20);
		tcase_add_test(t, cases[i].test);
		suite_add_tcase(s, t);
	}
	return s;
}
