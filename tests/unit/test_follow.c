#include "ledger_help.h"

#include "index/index.h"

/* The index behind a real ledger: writer, follower and readers at once; a kill; a rebuild. */

static struct index *ix;

static void wake(void *ctx, uint64_t entries)
{
	(void)ctx;
	(void)entries;
	index_wake(ix);
}

static void open_index(bool rebuild)
{
	struct index_options o = {
	    .dir = dir, .ledger = ledger, .delay_ms = 20, .map_size = 1 << 28, .rebuild = rebuild};
	const char *why;

	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
}

static void open_both(bool read_only)
{
	struct ledger_options o = options();
	const char *why;

	o.published = wake;
	o.read_only = read_only;
	ck_assert_int_eq(ledger_open(&o, &ledger, &why), SY_OK);
}

static void up(void)
{
	open_both(false);
	open_index(false);
	ck_assert_int_eq(ledger_start(ledger), SY_OK);
	ck_assert_int_eq(index_start(ix), SY_OK);
}

static void down(void)
{
	ledger_stop(ledger);
	index_close(ix);
	ix = NULL;
	stop();
}

/* Sends records in one submission; the number of the first. */
static uint64_t submit(const struct sy_str *records, size_t n, uint64_t *entry)
{
	struct sent s;
	uint64_t first;

	prepare(&s, records, n);
	ck_assert_int_eq(ledger_submit(ledger, &s.job), SY_OK);
	await(&s);
	ck_assert_int_eq(s.job.said, LEDGER_APPEND);
	first = s.job.first;
	*entry = s.job.entry;
	release(&s);
	return first;
}

#define CODE "https://id.gs1.org/01/06901234567892/10/L"

static uint64_t submit_lot(unsigned lot, uint64_t *entry)
{
	char text[512];
	struct sy_str r;

	snprintf(text, sizeof text,
		 "{\"type\":\"ObjectEvent\",\"eventTime\":\"2026-11-24T08:00:00+08:00\","
		 "\"eventTimeZoneOffset\":\"+08:00\",\"action\":\"ADD\",\"quantityList\":"
		 "[{\"epcClass\":\"" CODE "%u\",\"quantity\":5,\"uom\":\"KGM\"}]}",
		 lot);
	r = sy_str(text);
	return submit(&r, 1, entry);
}

static void submit_erasure(uint64_t record, uint64_t *entry)
{
	char text[128];
	struct sy_str r;

	snprintf(text, sizeof text, "{\"type\":\"Erasure\",\"record\":%llu}",
		 (unsigned long long)record);
	r = sy_str(text);
	submit(&r, 1, entry);
}

static int look_up(unsigned lot, struct item *out)
{
	char code[128];
	struct index_read r;

	snprintf(code, sizeof code, CODE "%u", lot);
	ck_assert_int_eq(index_read_begin(ix, &r), SY_OK);
	int err = index_item_of(&r, sy_str(code), out);
	index_read_end(&r);
	return err;
}

static void *read_on(void *arg)
{
	unsigned *lots = arg;
	struct item it;

	for (unsigned lot = 0; lot < *lots; lot += look_up(lot, &it) == SY_OK)
		if (index_wait(ix, lot + 2, 20000))
			return arg;
	return NULL;
}

static void complain(void *ctx, const char *line)
{
	(void)ctx;
	ck_abort_msg("%s", line);
}

static void ck_index(void)
{
	open_both(true);
	ck_assert_int_eq(index_fsck(dir, ledger, complain, complain, NULL), SY_OK);
	stop();
}

START_TEST(writers_follower_readers)
{
	unsigned lots = 60;
	uint64_t entry = 0;
	pthread_t readers[2];
	void *failed;

	up();
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&readers[i], NULL, read_on, &lots), 0);
	for (unsigned lot = 0; lot < lots; lot++)
		submit_lot(lot, &entry);
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i], &failed);
		ck_assert_ptr_null(failed);
	}
	ck_assert_uint_eq(index_position(ix), entry + 1);
	down();
	ck_index();
}
END_TEST

START_TEST(erasure_destroys_and_rebuild_agrees)
{
	struct sy_arena arena = {0};
	struct ledger_record rec;
	struct ledger_read r;
	struct item it;
	uint64_t entry, n;

	up();
	submit_lot(1, &entry);
	n = submit_lot(2, &entry);
	submit_lot(3, &entry);
	submit_erasure(n, &entry);
	ck_assert_int_eq(index_wait(ix, entry + 1, 20000), SY_OK);
	ck_assert_int_eq(look_up(2, &it), SY_ENOTFOUND);
	ck_assert_int_eq(look_up(3, &it), SY_OK);
	ck_assert_int_eq(ledger_read_begin(ledger, &r), SY_OK);
	ck_assert_int_eq(ledger_record(&r, &arena, n, &rec), SY_EGONE);
	ledger_read_end(&r);
	sy_arena_free(&arena);
	down();
	ck_index();

	/* --reindex reads a ledger that takes no erasures, and finds this one done */
	open_both(true);
	open_index(true);
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
	ck_assert_int_eq(look_up(2, &it), SY_ENOTFOUND);
	ck_assert_int_eq(look_up(3, &it), SY_OK);
	ck_assert_uint_eq(it.id, 1);
	down();
	ck_index();
}
END_TEST

/* Published, and the follower hasn't come to it: reading alone can't carry it out, a start does. */
START_TEST(erasure_waits_for_a_start)
{
	struct item it;
	uint64_t entry, n;

	open_both(false);
	open_index(false);
	ck_assert_int_eq(ledger_start(ledger), SY_OK);
	n = submit_lot(1, &entry);
	submit_erasure(n, &entry);
	down();
	open_both(true);
	open_index(false);
	ck_assert_int_eq(index_catch_up(ix), SY_EHALT);
	down();
	up();
	ck_assert_int_eq(index_wait(ix, entry + 1, 20000), SY_OK);
	ck_assert_int_eq(look_up(1, &it), SY_ENOTFOUND);
	down();
	ck_index();
}
END_TEST

/* Whoever stops the daemon doesn't wait until an index that is far behind has caught up. */
START_TEST(a_stop_does_not_catch_up)
{
	enum { LOTS = 1000, TIMES = 40 };
	static char text[LOTS][96];
	struct sy_str records[LOTS];
	uint64_t entry;

	open_both(false);
	open_index(false);
	ck_assert_int_eq(ledger_start(ledger), SY_OK);
	for (unsigned i = 0; i < LOTS * TIMES; i++) {
		unsigned at = i % LOTS;
		snprintf(text[at], sizeof text[at],
			 "{\"type\":\"Note\",\"quantityList\":[{\"epcClass\":\"" CODE "%u\"}]}", i);
		records[at] = sy_str(text[at]);
		if (at == LOTS - 1)
			submit(records, LOTS, &entry);
	}
	ck_assert_int_eq(index_start(ix), SY_OK);
	index_stop(ix);
	ck_assert_uint_lt(index_position(ix), entry + 1);
	ck_assert_int_eq(index_start(ix), SY_OK);
	ck_assert_int_eq(index_wait(ix, entry + 1, 60000), SY_OK);
	down();
	ck_index();
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("follow");

	add(s, "threads", writers_follower_readers);
	add(s, "erasure", erasure_destroys_and_rebuild_agrees);
	add(s, "waits", erasure_waits_for_a_start);
	add(s, "stop", a_stop_does_not_catch_up);
	return s;
}
