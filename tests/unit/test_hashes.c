#include "faults.h"
#include "index/follow.h"
#include "index_lab.h"

#include <suyuan/event.h>

/*
 * Event hashes: rows that grow together, look-ups in each of them, erasures before and after, and
 * the same rows from the log alone.
 */
enum { SPAN = 1024, ENTRY_RECORDS = 1000 };

/* Every seventh is no event. */
static char *text_of(uint64_t i)
{
	char *text;
	int n = i % 7 == 0
		    ? asprintf(&text, "{\"type\":\"Contact\",\"id\":\"%lu\"}", (unsigned long)i)
		    : asprintf(&text, OBJECT("OBSERVE") QUANTITY(LOT("%lu"), KG("%lu")) "}",
			       (unsigned long)i % 50, (unsigned long)i);
	ck_assert_int_gt(n, 0);
	return text;
}

static uint64_t first; /* record of text 0 */

static void add_many(unsigned entries)
{
	static uint64_t i;
	char *texts[ENTRY_RECORDS];

	if (l->n_records == N_KEYS) {
		first = l->n_records;
		i = 0;
	}
	while (entries-- > 0) {
		for (unsigned k = 0; k < ENTRY_RECORDS; k++)
			texts[k] = text_of(i++);
		log_append_n(l, keys[1], 1000 * (l->n_entries + 1), texts, ENTRY_RECORDS);
		for (unsigned k = 0; k < ENTRY_RECORDS; k++)
			free(texts[k]);
	}
	log_publish(l, l->n_entries);
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
}

static void head_of(const char *text, uint8_t head[8])
{
	struct sy_arena arena = {0};
	char hash[SY_EVENT_HASH_TEXT];
	struct sy_json_doc doc;

	ck_assert_int_eq(sy_json_parse(&arena, sy_str(text), 0, &doc, NULL), SY_OK);
	ck_assert_int_eq(sy_event_hash(&arena, &doc, hash), SY_OK);
	ck_assert_int_eq(sy_unhex((struct sy_str){hash + 14, 16}, head, 8), SY_OK);
	sy_arena_free(&arena);
}

/* Where text I is found: its record, or NO_ID. */
static uint64_t found(uint64_t i)
{
	uint64_t records[4];
	uint8_t head[8];
	size_t n;

	char *text = text_of(i);
	head_of(text, head);
	free(text);
	ck_assert_int_eq(index_hash_find(&rd, head, records, 4, &n), SY_OK);
	ck_assert_uint_le(n, 1);
	return n ? records[0] : NO_ID;
}

static void ck_all(uint64_t hashed, uint64_t but)
{
	look();
	for (uint64_t i = 0; i < l->n_records - first; i += i % 100 < 3 ? 1 : 53) {
		uint64_t want = first + i < hashed && i != but ? first + i : NO_ID;
		if (i % 7)
			ck_assert_msg(found(i) == want, "text %lu", (unsigned long)i);
	}
	unlook();
}

START_TEST(found_in_rows_of_each_span)
{
	uint64_t hashed, records;

	add_many(18);
	for (unsigned rows = 0; rows <= 17; rows += rows == 3 ? 12 : rows == 0 ? 3 : 1) {
		ck_assert_int_eq(index_hash_to(ix, rows * SPAN), SY_OK);
		ck_all(rows * SPAN, NO_ID);
		look();
		ck_assert_int_eq(index_hashed(&rd, &hashed, &records), SY_OK);
		ck_assert_uint_eq(hashed, rows * SPAN);
		ck_assert_uint_eq(records, l->n_records);
		ck_assert_uint_eq(kv_count(&rd.tx, T_HASHES),
				  rows < 16 ? rows : rows - 15); /* sixteen are one */
		unlook();
	}
	ck_assert_int_eq(index_hash_to(ix, 18 * SPAN), SY_ECORRUPT); /* there aren't so many */
	ck_fsck();
	ck_all(17 * SPAN, NO_ID);
}
END_TEST

START_TEST(a_declaration_has_its_events_hash)
{
	uint64_t records[4], event = add(OBJECT("OBSERVE") ID("1") QUANTITY(LOT("0"), KG("0")) "}");
	uint8_t head[8];
	size_t n;

	add(OBJECT("OBSERVE") ID("1") ERROR QUANTITY(LOT("0"), KG("0")) "}");
	for (unsigned i = 0; i < SPAN; i++)
		add("{\"type\":\"Contact\",\"id\":\"c\"}");
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
	ck_assert_int_eq(index_hash_to(ix, SPAN), SY_OK);
	head_of(OBJECT("OBSERVE") QUANTITY(LOT("0"), KG("0")) "}", head);
	look();
	ck_assert_int_eq(index_hash_find(&rd, head, records, 4, &n), SY_OK);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(records[0], event);
	ck_assert_uint_eq(records[1], event + 1);
	ck_assert_int_eq(index_hash_find(&rd, head, records, 1, &n), SY_OK);
	ck_assert_uint_eq(n, 1);
	unlook();
}
END_TEST

static const uint64_t erasures[] = {1, 8, 1020, 1021, 1023, 2040, 2501};

START_TEST(what_is_erased_is_forgotten)
{
	uint64_t but = erasures[_i];

	add_many(3);
	ck_assert_int_eq(index_hash_to(ix, 2 * SPAN), SY_OK);
	erase(first + but, "");
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
	ck_all(2 * SPAN, but);
	ck_fsck();
	add_many(1);
	ck_assert_int_eq(index_hash_to(ix, 3 * SPAN), SY_OK);
	look();
	ck_assert_uint_eq(found(but), NO_ID);
	unlook();
	ck_fsck();
}
END_TEST

/* A kill between the salt's end and the commit. */
START_TEST(a_kill_within_an_erasure)
{
	add_many(2);
	ck_assert_int_eq(index_hash_to(ix, SPAN), SY_OK);
	close_index();
	erase(first + 5, "");
	ledger_erase(l, first + 5);
	open_index();
	ck_fsck();
	ck_all(SPAN, 5);
	ck_fsck();
}
END_TEST

/* The Erasure comes while the row that its record belongs to is gathered. */
START_TEST(erased_while_it_is_gathered)
{
	struct ledger_read truth;
	bool whole;

	add_many(2);
	ck_assert_int_eq(ledger_read_begin(l, &truth), SY_OK);
	ix->a.truth = &truth;
	ck_assert_int_eq(hashes_gather(&ix->a, &whole), SY_OK);
	ck_assert(whole && ix->a.hashes != NULL);
	ix->a.truth = NULL;
	ledger_read_end(&truth);
	erase(first + 5, "");
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
	ck_assert_ptr_null(ix->a.hashes);
	ck_assert_int_eq(index_hash_to(ix, SPAN), SY_OK);
	ck_all(SPAN, 5);
	ck_fsck();
}
END_TEST

/* Of rows of two spans, one bit of each kind: a span, a hash, a record. */
static void damage(size_t at)
{
	struct sy_str key, value;
	char *row, first_key[8];
	struct kv_tx tx;

	ck_assert_int_eq(kv_begin(ix->kv, &tx, KV_WRITE), SY_OK);
	ck_assert_int_eq(kv_last(&tx, T_HASHES, &key, &value), SY_OK);
	ck_assert_ptr_nonnull(row = malloc(value.n));
	memcpy(row, value.p, value.n);
	memcpy(first_key, key.p, 8);
	row[at] ^= 1;
	ck_assert_int_eq(
	    kv_put(&tx, T_HASHES, (struct sy_str){first_key, 8}, (struct sy_str){row, value.n}, 0),
	    SY_OK);
	free(row);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
}

static const size_t bits[] = {3, 7, 15};

START_TEST(fsck_sees_what_changed)
{
	add_many(3);
	ck_assert_int_eq(index_hash_to(ix, 2 * SPAN), SY_OK);
	damage(bits[_i]);
	ck_assert_int_eq(fsck(), SY_ECORRUPT);
	ck_assert_ptr_nonnull(strstr(sy_buf_cstr(&reported), "index/hashes: "));
}
END_TEST

START_TEST(memory_fails_anywhere)
{
	unsigned n = 0;
	bool failed;
	int err;

	add_many(17);
	ck_assert_int_eq(index_hash_to(ix, 15 * SPAN), SY_OK);
	do {
		fail_alloc_at(++n);
		err = index_hash_to(ix, 16 * SPAN);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_msg(err == SY_OK || err == SY_ENOMEM, "allocation %u: %d", n, err);
	} while (failed && err != SY_OK && n < 10000);
	ck_assert_uint_gt(n, 3);
	ck_all(16 * SPAN, NO_ID);
	ck_fsck();
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("hashes");
	TCase *t = tcase_create("hashes");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, found_in_rows_of_each_span);
	tcase_add_test(t, a_declaration_has_its_events_hash);
	tcase_add_loop_test(t, what_is_erased_is_forgotten, 0,
			    (int)(sizeof erasures / sizeof *erasures));
	tcase_add_test(t, a_kill_within_an_erasure);
	tcase_add_test(t, erased_while_it_is_gathered);
	tcase_add_loop_test(t, fsck_sees_what_changed, 0, (int)(sizeof bits / sizeof *bits));
	tcase_add_test(t, memory_fails_anywhere);
	suite_add_tcase(s, t);
	return s;
}
