/*
 * What the tests of the ledger share: a new ledger in a folder of its own, an author, and
 * submissions that are waited for.  The judge of these tests remembers what it has seen and reads
 * its verdict in the records: "refuse", "again".
 */
#ifndef TESTS_LEDGER_HELP_H
#define TESTS_LEDGER_HELP_H

#include "run.h"

#include "faults.h"
#include "ledger/truth.h"

#include <suyuan/receipt.h>
#include <suyuan/time.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN "example.com/trace"

static char base[32], dir[64];
static struct ledger *ledger;

struct author {
	struct sy_signer signer;
	uint8_t salt_key[32];
};
static struct author author;

struct seen {
	uint8_t author[SY_KEY_SIZE];
	sy_hash root;
	uint64_t entry;
	const struct ledger_job *job; /* while it isn't settled */
};
static struct seen *seen;
static size_t n_seen, cap_seen;
static unsigned settled, unsettled, told, answered;
static bool answering;
static int halted_with;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* a test holds the writer up with it */

static inline void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void shell(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof cmd, fmt, ap);
	va_end(ap);
	ck_assert_msg(system(cmd) == 0, "%s", cmd);
}

static inline bool has(struct sy_str s, const char *word)
{
	return memmem(s.p, s.n, word, strlen(word)) != NULL;
}

static inline void remember(const struct sy_submission *s, uint64_t entry,
			    const struct ledger_job *job)
{
	if (n_seen == cap_seen) {
		cap_seen = cap_seen ? 2 * cap_seen : 64;
		seen = realloc(seen, cap_seen * sizeof *seen);
		ck_assert_ptr_nonnull(seen);
	}
	memcpy(seen[n_seen].author, s->author, SY_KEY_SIZE);
	seen[n_seen].root = s->records_root;
	seen[n_seen].job = job;
	seen[n_seen++].entry = entry;
}

static inline enum ledger_verdict test_judge(void *ctx, struct ledger_job *job, uint64_t entry,
					     uint64_t time)
{
	(void)ctx;
	(void)time;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	if (has(job->sub->records[0], "again"))
		return LEDGER_AGAIN;
	if (has(job->sub->records[0], "refuse")) {
		job->err = SY_ERULES;
		return LEDGER_REFUSE;
	}
	for (size_t i = 0; i < n_seen; i++)
		if (memcmp(seen[i].author, job->sub->author, SY_KEY_SIZE) == 0 &&
		    sy_hash_eq(&seen[i].root, &job->sub->records_root)) {
			job->entry = seen[i].entry;
			return LEDGER_DUPLICATE;
		}
	remember(job->sub, entry, job);
	return LEDGER_APPEND;
}

static inline void test_settle(void *ctx, struct ledger_job *job, bool published)
{
	(void)ctx;
	if (published)
		settled++;
	else
		unsettled++;
	for (size_t i = 0; i < n_seen; i++)
		if (seen[i].job == job) {
			seen[i].job = NULL;
			if (!published)
				seen[i] = seen[--n_seen];
			return;
		}
}

/* Check allocates where it asserts, which is what some tests let fail. */
static inline void test_answering(void *ctx, bool begins)
{
	(void)ctx;
	if (begins == answering)
		abort();
	answering = begins;
	answered += begins;
}

static inline void test_published(void *ctx, uint64_t entries)
{
	(void)ctx;
	(void)entries;
	told++;
}

static inline void test_halted(void *ctx, int err, const char *why)
{
	(void)ctx;
	ck_assert_ptr_nonnull(why);
	halted_with = err;
}

static inline struct ledger_options options(void)
{
	return (struct ledger_options){
	    .dir = dir,
	    .judge = test_judge,
	    .settle = test_settle,
	    .answering = test_answering,
	    .published = test_published,
	    .halted = test_halted,
	};
}

static inline void create(void)
{
	struct ledger_genesis g = {.origin = ORIGIN, .name = "测试"};
	const char *why;
	int err = ledger_create(dir, &g, &why);

	ck_assert_msg(err == SY_OK, "%s", why);
}

static inline int try_open(const char **why)
{
	struct ledger_options o = options();

	return ledger_open(&o, &ledger, why);
}

static inline void open_ledger(void)
{
	const char *why;
	int err = try_open(&why);

	ck_assert_msg(err == SY_OK, "%s", why);
}

static inline void start(void)
{
	open_ledger();
	ck_assert_int_eq(ledger_start(ledger), SY_OK);
}

static inline void stop(void)
{
	if (ledger)
		ledger_stop(ledger);
	ledger_close(ledger);
	ledger = NULL;
}

static inline void setup(void)
{
	uint8_t seed[SY_SEED_SIZE] = {7};

	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	strcpy(base, "/tmp/test_ledger.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(dir, sizeof dir, "%s/l", base);
	sy_signer_from_seed(&author.signer, seed);
	memset(author.salt_key, 9, sizeof author.salt_key);
	create();
}

static inline void teardown(void)
{
	stop();
	ledger_fault = NULL;
	free(seen);
	seen = NULL;
	n_seen = cap_seen = 0;
	shell("rm -rf %s", base);
}

/* --- submissions ----------------------------------------------------------------------------- */

struct sent {
	struct ledger_job job;
	struct sy_arena arena;
	struct sy_buf body;
	struct sy_submission sub;
	pthread_mutex_t mu;
	pthread_cond_t cond;
	bool done;
};

static inline void sent_done(struct ledger_job *job)
{
	struct sent *s = (struct sent *)job;

	pthread_mutex_lock(&s->mu);
	s->done = true;
	pthread_cond_signal(&s->cond);
	pthread_mutex_unlock(&s->mu);
}

static inline void prepare_until(struct sent *s, const struct sy_str *records, size_t n,
				 uint32_t deadline)
{
	struct sy_faults faults;

	*s = (struct sent){0};
	pthread_mutex_init(&s->mu, NULL);
	pthread_cond_init(&s->cond, NULL);
	sy_faults_init(&faults, &s->arena);
	ck_assert_int_eq(sy_submission_make(&author.signer, author.salt_key, SY_STR(ORIGIN),
					    records, n, deadline, &s->body, NULL),
			 SY_OK);
	ck_assert_int_eq(sy_submission_parse(&s->arena, sy_buf_span(&s->body), &s->sub, &faults),
			 SY_OK);
	ck_assert_int_eq(sy_submission_check(&s->arena, SY_STR(ORIGIN), &s->sub, &faults), SY_OK);
	s->job.sub = &s->sub;
	s->job.bytes = s->body.n;
	s->job.done = sent_done;
}

static inline void prepare(struct sent *s, const struct sy_str *records, size_t n)
{
	prepare_until(s, records, n, (uint32_t)(sy_time_now() / 1000 + 86400));
}

/* One record with that text in it. */
static inline void prepare_one(struct sent *s, const char *text, unsigned number)
{
	char record[128];
	struct sy_str r;

	snprintf(record, sizeof record, "{\"text\":\"%s\",\"number\":%u}", text, number);
	r = sy_str(record);
	prepare(s, &r, 1);
}

static inline void await(struct sent *s)
{
	pthread_mutex_lock(&s->mu);
	while (!s->done)
		pthread_cond_wait(&s->cond, &s->mu);
	pthread_mutex_unlock(&s->mu);
}

static inline void release(struct sent *s)
{
	sy_buf_free(&s->job.proof);
	sy_buf_free(&s->body);
	sy_arena_free(&s->arena);
	pthread_mutex_destroy(&s->mu);
	pthread_cond_destroy(&s->cond);
}

/* The answer proves what it says: checkpoint, inclusion, entry, author. */
static inline void check_answer(const struct sent *s)
{
	struct sy_tlog_proof proof;
	struct sy_checkpoint c;
	struct sy_entry e;
	sy_hash leaf;

	ck_assert_int_eq(s->job.err, SY_OK);
	ck_assert_int_eq(sy_tlog_proof_parse(sy_buf_span(&s->job.proof), &proof), SY_OK);
	ck_assert_int_eq(sy_checkpoint_parse(proof.checkpoint, &c), SY_OK);
	ck_assert_int_eq(sy_checkpoint_verify(&c, ledger_vkey(ledger)), SY_OK);
	ck_assert_uint_eq(c.size, s->job.proof_size);
	ck_assert_uint_eq(proof.index, s->job.entry);
	sy_leaf_hash(s->job.entry_bytes, SY_ENTRY_SIZE, &leaf);
	ck_assert_int_eq(sy_inclusion_verify(&leaf, proof.index, c.size, &proof.path, &c.root),
			 SY_OK);
	ck_assert_int_eq(sy_entry_decode(s->job.entry_bytes, &e, NULL), SY_OK);
	ck_assert_uint_eq(e.index, s->job.entry);
	ck_assert_uint_eq(e.first, s->job.first);
	ck_assert_uint_eq(e.count, s->job.count);
	ck_assert_uint_eq(e.time, s->job.time);
	ck_assert(sy_hash_eq(&e.records_root, &s->sub.records_root));
	ck_assert_int_eq(sy_entry_verify(&e, SY_STR(ORIGIN)), SY_OK);
}

/* Sends one record, waits, returns its entry; fails the test when it isn't appended. */
static inline uint64_t append(const char *text, unsigned number)
{
	struct sent s;
	uint64_t entry;

	prepare_one(&s, text, number);
	ck_assert_int_eq(ledger_submit(ledger, &s.job), SY_OK);
	await(&s);
	ck_assert_int_eq(s.job.said, LEDGER_APPEND);
	check_answer(&s);
	entry = s.job.entry;
	release(&s);
	return entry;
}

static inline int submit_one(const char *text, unsigned number, enum ledger_verdict *said)
{
	struct sent s;
	int err;

	prepare_one(&s, text, number);
	if ((err = ledger_submit(ledger, &s.job)) == SY_OK) {
		await(&s);
		err = s.job.err;
		if (said)
			*said = s.job.said;
	}
	release(&s);
	return err;
}

/* --- fsck ------------------------------------------------------------------------------------ */

struct lines {
	char text[20000]; /* all of them, as far as there is room */
	unsigned n;
};

static inline void keep_line(void *ctx, const char *line)
{
	struct lines *l = ctx;
	size_t used = strlen(l->text);

	snprintf(l->text + used, sizeof l->text - used, "%s\n", line);
	l->n++;
}

static inline int fsck_on(unsigned threads, struct lines *l, struct ledger_check *out)
{
	struct ledger_check c = {.report = keep_line, .ctx = l, .threads = threads};
	int err;

	l->n = 0;
	l->text[0] = 0;
	err = ledger_fsck(dir, &c);
	if (out)
		*out = c;
	return err;
}

static inline int fsck(struct lines *l, struct ledger_check *out)
{
	return fsck_on(2, l, out);
}

static inline void check_whole(uint64_t entries, uint64_t records)
{
	struct ledger_check c;
	struct lines l;
	int err = fsck(&l, &c);

	ck_assert_msg(err == SY_OK, "%s: %s", sy_strerror(err), l.text);
	ck_assert_uint_eq(c.entries, entries);
	ck_assert_uint_eq(c.records, records);
	ck_assert_uint_eq(c.faults, 0);
}

static inline void add(Suite *s, const char *name, const TTest *test)
{
	TCase *c = tcase_create(name);

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, test);
	suite_add_tcase(s, c);
}

#endif
