#include <suyuan/error.h>
#include <suyuan/hash.h>
#include <suyuan/receipt.h>

#include <stdio.h>
#include <stdlib.h>

#include "faults.h"
#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))
#define ORIGIN SY_STR("example.com/trace")

/* A small ledger: seven entries, of which one has the records that receipts are made for. */
#define ENTRIES 7
#define MINE 4
#define RECORDS 5
#define FIRST 20

static struct sy_arena arena;
static struct sy_signer author, log_signer;
static struct sy_vkey log_key;
static char vkey_text[SY_VKEY_TEXT];
static struct sy_submission sub;
static struct sy_entry entry;
static uint8_t entry_bytes[SY_ENTRY_SIZE];
static sy_hash entry_leaves[ENTRIES];
static struct sy_buf body, proof, receipt;
static struct sy_receipt_fault fault;

static const struct sy_str payloads[RECORDS] = {
    {"{\"n\":0}", 7}, {"{\"text\":\"quote \\\" slash \\/ \\u6eaf\xe6\xba\x90\"}", 38},
    {"{}", 2},        {"{\"n\":3}", 7},
    {"{\"n\":4}", 7},
};

static void make_proof(void)
{
	struct sy_path path;
	struct sy_buf checkpoint = {0};
	sy_hash root;
	sy_buf_reset(&proof);
	sy_leaves_root(entry_leaves, ENTRIES, &root);
	sy_leaves_path(entry_leaves, ENTRIES, MINE, &path);
	ck_assert_int_eq(sy_checkpoint_sign(&log_signer, ORIGIN, ENTRIES, &root, &checkpoint),
			 SY_OK);
	sy_tlog_proof_format(MINE, &path, sy_buf_span(&checkpoint), &proof);
	sy_buf_free(&checkpoint);
}

static void make_entry(void)
{
	sy_entry_encode(&entry, entry_bytes);
	sy_leaf_hash(entry_bytes, SY_ENTRY_SIZE, &entry_leaves[MINE]);
	make_proof();
}

static void make_receipt(uint32_t position)
{
	struct sy_path path;
	sy_buf_reset(&receipt);
	ck_assert_int_eq(sy_leaves_path(sub.leaves, RECORDS, position, &path), SY_OK);
	sy_receipt_write(&receipt, FIRST + position, payloads[position], sub.salts[position],
			 position, &path, entry_bytes, sy_buf_span(&proof));
	ck_assert(!receipt.failed);
}

static void setup(void)
{
	static const uint8_t seed[SY_SEED_SIZE] = {1}, log_seed[SY_SEED_SIZE] = {2},
			     salt_key[32] = {3};
	struct sy_faults faults;
	arena = (struct sy_arena){0};
	body = proof = receipt = (struct sy_buf){0};
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	sy_signer_from_seed(&author, seed);
	sy_signer_from_seed(&log_signer, log_seed);
	ck_assert_int_eq(sy_vkey_make(&log_key, ORIGIN, log_signer.key), SY_OK);
	sy_vkey_format(&log_key, vkey_text);
	sy_faults_init(&faults, &arena);
	ck_assert_int_eq(sy_submission_make(&author, salt_key, ORIGIN, payloads, RECORDS,
					    1795491471, &body, NULL),
			 SY_OK);
	ck_assert_int_eq(sy_submission_parse(&arena, sy_buf_span(&body), &sub, &faults), SY_OK);
	ck_assert_int_eq(sy_submission_check(&arena, ORIGIN, &sub, &faults), SY_OK);
	entry = (struct sy_entry){
	    .kind = SY_ENTRY_SUBMISSION,
	    .alg = SY_ALG_ED25519,
	    .index = MINE,
	    .first = FIRST,
	    .count = RECORDS,
	    .deadline = sub.deadline,
	    .time = UINT64_C(1795491470000),
	    .prev = {{9}},
	    .records_root = sub.records_root,
	};
	memcpy(entry.author, sub.author, SY_KEY_SIZE);
	memcpy(entry.signature, sub.signature, SY_SIG_SIZE);
	for (size_t i = 0; i < ENTRIES; i++)
		sy_leaf_hash(&i, sizeof i, &entry_leaves[i]);
	make_entry();
	make_receipt(1);
}

static void teardown(void)
{
	sy_buf_free(&body);
	sy_buf_free(&proof);
	sy_buf_free(&receipt);
	sy_arena_free(&arena);
}

static int check(struct sy_str text)
{
	return sy_receipt_check(text, sy_str(vkey_text), &fault);
}

/* --- what holds ----------------------------------------------------------------------------- */

START_TEST(round_trip)
{
	for (uint32_t i = 0; i < RECORDS; i++) {
		struct sy_receipt r;
		make_receipt(i);
		ck_assert_msg(check(sy_buf_span(&receipt)) == SY_OK, "%u: %s %s", i, fault.pointer,
			      fault.detail);
		ck_assert_int_eq(fault.step, SY_RECEIPT_OK);
		ck_assert_int_eq(sy_receipt_parse(&arena, sy_buf_span(&receipt), &r, &fault),
				 SY_OK);
		ck_assert_uint_eq(r.number, FIRST + i);
		ck_assert_uint_eq(r.position, i);
		ck_assert(sy_str_eq(r.payload, payloads[i]));
		ck_assert_mem_eq(r.salt, sub.salts[i], SY_SALT_SIZE);
		ck_assert_mem_eq(r.entry_bytes, entry_bytes, SY_ENTRY_SIZE);
		ck_assert_uint_eq(r.checkpoint.size, ENTRIES);
		ck_assert_uint_eq(r.party.n, 0);
		/* Written again it is the same text. */
		struct sy_buf again = {0};
		sy_receipt_write(&again, r.number, r.payload, r.salt, r.position, &r.path,
				 r.entry_bytes, sy_buf_span(&proof));
		ck_assert(sy_str_eq(sy_buf_span(&again), sy_buf_span(&receipt)));
		sy_buf_free(&again);
		/* FAULT may be left out. */
		ck_assert_int_eq(sy_receipt_verify(&r, &log_key, entry.author, NULL), SY_OK);
	}
}
END_TEST

/* No byte of a receipt can be another: there is no space in it and no member that nobody reads. */
START_TEST(every_byte)
{
	for (size_t i = 0; i < receipt.n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			receipt.p[i] ^= (char)(1u << bit);
			int err = check(sy_buf_span(&receipt));
			ck_assert_msg(err != SY_OK, "byte %zu, bit %u", i, bit);
			ck_assert_int_ne(fault.step, SY_RECEIPT_OK);
			ck_assert_ptr_nonnull(fault.pointer);
			ck_assert_ptr_nonnull(fault.detail);
			receipt.p[i] ^= (char)(1u << bit);
		}
	}
}
END_TEST

START_TEST(every_beginning)
{
	for (size_t n = 0; n < receipt.n; n++) {
		char *copy = malloc(n ? n : 1);
		memcpy(copy, receipt.p, n);
		ck_assert_int_ne(check((struct sy_str){copy, n}), SY_OK);
		ck_assert_int_eq(fault.step, SY_RECEIPT_FORM);
		free(copy);
	}
}
END_TEST

/* --- changes to the text -------------------------------------------------------------------- */

/* The receipt with the first FROM made into TO. */
static struct sy_str edited(struct sy_buf *out, const char *from, const char *to)
{
	const char *at = memmem(receipt.p, receipt.n, from, strlen(from));
	ck_assert_msg(at != NULL, "%s isn't in the receipt", from);
	sy_buf_put(out, receipt.p, (size_t)(at - receipt.p));
	sy_buf_text(out, to);
	at += strlen(from);
	sy_buf_put(out, at, (size_t)(receipt.p + receipt.n - at));
	return sy_buf_span(out);
}

static const struct edit {
	const char *name, *from, *to;
	enum sy_receipt_step step;
	const char *pointer, *detail;
} edits[] = {
    {"unknown member", "{\"type\"", "{\"x\":{\"y\":[1]},\"type\"", SY_RECEIPT_OK, "", ""},
    {"unknown in record", "{\"number\"", "{\"x\":1,\"number\"", SY_RECEIPT_OK, "", ""},
    {"space", "{\"type\"", " {\n\t\"type\"\r ", SY_RECEIPT_OK, "", ""},
    {"a slash escaped", "suyuan/receipt/v1", "suyuan\\/receipt\\/v1", SY_RECEIPT_OK, "", ""},
    {"letters escaped", "{\\\"text\\\"", "{\\u0022\\u0074ext\\\"", SY_RECEIPT_OK, "", ""},
    {"a party", "{\"type\"", "{\"party\":{\"type\":\"x\"},\"type\"", SY_RECEIPT_OK, "", ""},
    {"unknown signature", "\\n\"}", "\\n\u2014 witness.example AAAAAAAA\\n\"}", SY_RECEIPT_OK, "",
     ""},
    {"another type", "receipt/v1", "receipt/v2", SY_RECEIPT_FORM, "/type", "suyuan/receipt/v1"},
    {"no type", "\"type\"", "\"typo\"", SY_RECEIPT_FORM, "/type", "expected"},
    {"member twice", "{\"type\"", "{\"proof\":1,\"type\"", SY_RECEIPT_FORM, "/proof", "twice"},
    {"unknown member twice", "{\"type\"", "{\"x\":1,\"\\u0078\":1,\"type\"", SY_RECEIPT_FORM, "",
     "twice"},
    {"twice inside", "{\"number\"", "{\"salt\":\"\",\"number\"", SY_RECEIPT_FORM, "/record/salt",
     "twice"},
    {"twice in a party", "{\"type\"", "{\"party\":{\"x\":{\"a\":1,\"a\":2}},\"type\"",
     SY_RECEIPT_FORM, "/party", "twice"},
    {"party no object", "{\"type\"", "{\"party\":\"me\",\"type\"", SY_RECEIPT_FORM, "/party",
     "Party"},
    {"no record", "\"record\"", "\"rekord\"", SY_RECEIPT_FORM, "/record/number", "number"},
    {"number in quotes", "\"number\":21", "\"number\":\"21\"", SY_RECEIPT_FORM, "/record/number",
     "digits"},
    {"number 021", "\"number\":21", "\"number\":021", SY_RECEIPT_FORM, "/record", "JSON"},
    {"number 21.0", "\"number\":21", "\"number\":21.0", SY_RECEIPT_FORM, "/record/number",
     "fraction"},
    {"number 2.1e1", "\"number\":21", "\"number\":2.1e1", SY_RECEIPT_FORM, "/record/number",
     "exponent"},
    {"number -21", "\"number\":21", "\"number\":-21", SY_RECEIPT_FORM, "/record/number", "number"},
    {"number past 64 bits", "\"number\":21", "\"number\":18446744073709551637", SY_RECEIPT_FORM,
     "/record/number", "number"},
    {"number of another", "\"number\":21", "\"number\":22", SY_RECEIPT_RECORD, "/record/number",
     "position"},
    {"number smaller than position", "\"number\":21", "\"number\":0", SY_RECEIPT_RECORD,
     "/record/number", "position"},
    {"payload changed", "quote", "Quote", SY_RECEIPT_RECORD, "/submission/path", "payload"},
    {"payload no record", "{\\\"text", "[\\\"text", SY_RECEIPT_FORM, "/record/payload",
     "legal record"},
    {"payload with LF", "{\\\"text", "{\\n\\\"text", SY_RECEIPT_FORM, "/record/payload",
     "legal record"},
    {"payload null", "\"payload\":", "\"payload\":null,\"was\":", SY_RECEIPT_FORM,
     "/record/payload", "string"},
    {"payload with NUL", "quote", "\\u0000", SY_RECEIPT_FORM, "/record/payload", "JSON"},
    {"payload other normal form", "\\\\u6eaf", "溯", SY_RECEIPT_RECORD, "/submission/path",
     "payload"},
    {"salt short", "\"salt\":\"", "\"salt\":\"\",\"was\":\"", SY_RECEIPT_FORM, "/record/salt",
     "16 bytes"},
    {"salt long", "\"salt\":\"", "\"salt\":\"AAAA", SY_RECEIPT_FORM, "/record/salt", "16 bytes"},
    {"position beyond", "\"position\":1", "\"position\":5", SY_RECEIPT_FORM, "/submission/position",
     "beyond"},
    {"position far beyond", "\"position\":1", "\"position\":4294967297", SY_RECEIPT_FORM,
     "/submission/position", "beyond"},
    {"position 1e0", "\"position\":1", "\"position\":1e0", SY_RECEIPT_FORM, "/submission/position",
     "digits"},
    {"position another", "\"position\":1", "\"position\":0", SY_RECEIPT_RECORD, "/submission/path",
     "path"},
    {"path too long", "\"path\":[", "\"path\":[\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",",
     SY_RECEIPT_RECORD, "/submission/path", "path"},
    {"path of numbers", "\"path\":[", "\"path\":[1,", SY_RECEIPT_FORM, "/submission/path",
     "hashes"},
    {"path no array", "\"path\":[", "\"path\":7,\"was\":[", SY_RECEIPT_FORM, "/submission/path",
     "array"},
    {"entry short", "\"entry\":\"", "\"entry\":\"U1lF\",\"was\":\"", SY_RECEIPT_FORM, "/entry",
     "200 bytes"},
    {"entry with loose bits", "=\",\"proof\"", "\",\"proof\"", SY_RECEIPT_FORM, "/entry",
     "canonical"},
    {"proof version", "tlog-proof@v1", "tlog-proof@v2", SY_RECEIPT_FORM, "/proof", "tlog-proof"},
    {"proof index", "index 4", "index 5", SY_RECEIPT_ENTRY, "/proof", "index"},
    {"proof index 04", "index 4", "index 04", SY_RECEIPT_FORM, "/proof", "tlog-proof"},
    {"proof without checkpoint", "example.com/trace\\n7\\n", "", SY_RECEIPT_FORM, "/proof",
     "checkpoint"},
    {"checkpoint's size", "trace\\n7\\n", "trace\\n8\\n", SY_RECEIPT_CHECKPOINT, "/proof",
     "signed"},
    {"checkpoint's size 07", "trace\\n7\\n", "trace\\n07\\n", SY_RECEIPT_FORM, "/proof",
     "checkpoint"},
    {"checkpoint's origin", "\\n\\nexample.com/trace\\n", "\\n\\nexample.com/other\\n",
     SY_RECEIPT_CHECKPOINT, "/proof", "another ledger"},
    {"signature's name", "\u2014 example.com/trace", "\u2014 example.com/other",
     SY_RECEIPT_CHECKPOINT, "/proof", "signed"},
};

START_TEST(edit)
{
	const struct edit *e = &edits[_i];
	struct sy_buf text = {0};
	int err = check(edited(&text, e->from, e->to));
	ck_assert_msg((err == SY_OK) == (e->step == SY_RECEIPT_OK), "%s: %s", e->name,
		      sy_strerror(err));
	ck_assert_msg(fault.step == e->step, "%s: step %d, %s: %s", e->name, fault.step,
		      fault.pointer, fault.detail);
	ck_assert_msg(strcmp(fault.pointer, e->pointer) == 0, "%s: %s", e->name, fault.pointer);
	ck_assert_msg(strstr(fault.detail, e->detail) != NULL, "%s: %s", e->name, fault.detail);
	sy_buf_free(&text);
}
END_TEST

START_TEST(party)
{
	struct sy_buf text = {0};
	struct sy_receipt r;
	struct sy_str t = edited(&text, "{\"type\"", "{\"party\": {\"a\" : 1} ,\"type\"");
	ck_assert_int_eq(sy_receipt_parse(&arena, t, &r, NULL), SY_OK);
	ck_assert(sy_str_is(r.party, "{\"a\" : 1}"));
	sy_buf_free(&text);
}
END_TEST

START_TEST(long_path)
{
	struct sy_buf text = {0}, to = {0};
	sy_buf_text(&to, "\"path\":[");
	for (int i = 0; i <= SY_PATH_MAX; i++)
		sy_buf_text(&to, "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",");
	ck_assert_int_ne(check(edited(&text, "\"path\":[", sy_buf_cstr(&to))), SY_OK);
	ck_assert_int_eq(fault.step, SY_RECEIPT_FORM);
	ck_assert_str_eq(fault.pointer, "/submission/path");
	sy_buf_free(&text);
	sy_buf_free(&to);
}
END_TEST

/* --- false ledgers -------------------------------------------------------------------------- */

/* Each step fails alone: all that comes before it is properly made. */
START_TEST(step_entry)
{
	entry.time++;
	sy_entry_encode(&entry, entry_bytes); /* without the tree's knowing */
	make_receipt(1);
	ck_assert_int_eq(check(sy_buf_span(&receipt)), SY_EPROOF);
	ck_assert_int_eq(fault.step, SY_RECEIPT_ENTRY);
}
END_TEST

START_TEST(step_record)
{
	entry.records_root.b[0] ^= 1;
	make_entry();
	make_receipt(1);
	ck_assert_int_eq(check(sy_buf_span(&receipt)), SY_EPROOF);
	ck_assert_int_eq(fault.step, SY_RECEIPT_RECORD);
}
END_TEST

START_TEST(step_signature)
{
	entry.signature[0] ^= 1;
	make_entry();
	make_receipt(1);
	ck_assert_int_eq(check(sy_buf_span(&receipt)), SY_ESIG);
	ck_assert_int_eq(fault.step, SY_RECEIPT_SIGNATURE);
	entry.signature[0] ^= 1;
	entry.deadline++;
	make_entry();
	make_receipt(1);
	ck_assert_int_eq(check(sy_buf_span(&receipt)), SY_ESIG);
	ck_assert_int_eq(fault.step, SY_RECEIPT_SIGNATURE);
}
END_TEST

START_TEST(step_author)
{
	struct sy_receipt r;
	uint8_t other[SY_KEY_SIZE] = {0};
	ck_assert_int_eq(sy_receipt_parse(&arena, sy_buf_span(&receipt), &r, &fault), SY_OK);
	ck_assert_int_eq(sy_receipt_verify(&r, &log_key, author.key, &fault), SY_OK);
	ck_assert_int_eq(sy_receipt_verify(&r, &log_key, other, &fault), SY_EKEY);
	ck_assert_int_eq(fault.step, SY_RECEIPT_AUTHOR);
}
END_TEST

START_TEST(another_index)
{
	entry.index = MINE + 1;
	make_entry(); /* the tree has it at MINE, and the proof says so */
	make_receipt(1);
	ck_assert_int_eq(check(sy_buf_span(&receipt)), SY_EPROOF);
	ck_assert_int_eq(fault.step, SY_RECEIPT_ENTRY);
}
END_TEST

START_TEST(another_kind)
{
	static const uint8_t kinds[] = {0, 2, 3, 4, 255};
	for (int i = 0; i < COUNT(kinds); i++) {
		entry.kind = kinds[i];
		entry.count = kinds[i] > 3 ? RECORDS : 0;
		make_entry();
		make_receipt(1);
		ck_assert_msg(check(sy_buf_span(&receipt)) == SY_EINVAL, "kind %d", kinds[i]);
		ck_assert_int_eq(fault.step, SY_RECEIPT_FORM);
		ck_assert_str_eq(fault.pointer, "/entry");
	}
}
END_TEST

START_TEST(another_log)
{
	struct sy_vkey other;
	ck_assert_int_eq(sy_vkey_make(&other, ORIGIN, author.key), SY_OK);
	sy_vkey_format(&other, vkey_text);
	ck_assert_int_eq(check(sy_buf_span(&receipt)), SY_ESIG);
	ck_assert_int_eq(fault.step, SY_RECEIPT_CHECKPOINT);
	ck_assert_int_eq(sy_vkey_make(&other, SY_STR("example.com/other"), log_signer.key), SY_OK);
	sy_vkey_format(&other, vkey_text);
	ck_assert_int_eq(check(sy_buf_span(&receipt)), SY_EORIGIN);
	ck_assert_int_eq(fault.step, SY_RECEIPT_CHECKPOINT);
	ck_assert_int_ne(sy_receipt_check(sy_buf_span(&receipt), SY_STR("key"), &fault), SY_OK);
	ck_assert_int_eq(fault.step, SY_RECEIPT_CHECKPOINT);
}
END_TEST

START_TEST(memory)
{
	bool failed = true;
	for (unsigned n = 1; failed; n++) {
		fail_alloc_at(n);
		int err = check(sy_buf_span(&receipt));
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		ck_assert_int_eq(fault.step, failed ? SY_RECEIPT_FORM : SY_RECEIPT_OK);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("receipt");
	TCase *t = tcase_create("holds");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, round_trip);
	tcase_add_test(t, every_byte);
	tcase_add_test(t, every_beginning);
	suite_add_tcase(s, t);
	t = tcase_create("edits");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, edit, 0, COUNT(edits));
	tcase_add_test(t, party);
	tcase_add_test(t, long_path);
	suite_add_tcase(s, t);
	t = tcase_create("steps");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, step_entry);
	tcase_add_test(t, step_record);
	tcase_add_test(t, step_signature);
	tcase_add_test(t, step_author);
	tcase_add_test(t, another_index);
	tcase_add_test(t, another_kind);
	tcase_add_test(t, another_log);
	suite_add_tcase(s, t);
	t = tcase_create("memory");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	return s;
}
