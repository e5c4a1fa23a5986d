/* Entries and what they sign; the bytes come from another implementation of FORMAT.md. */
#include "run.h"

#include <suyuan/entry.h>
#include <suyuan/error.h>
#include <suyuan/hash.h>
#include <suyuan/submission.h>

#define ORIGIN "example.com/trace"

static const char good[] =
    "U1lFMQEBAAAAAAAAAAAABQAAAAAAAAAMAAAAA2VT8QAAAAGLz+Vkk4T9m6wzOteRVDSCliBPp/jFN6luCJg+X3Oz9ayo"
    "6O33SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7IDoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuNYP"
    "xClIYPE6F7LKyAfnTSFmDkVzrkdx8mAX7nDAtBR9pWZuvrdJK32pj2S3CyF2jZhHDWwTxT54s842pMwDIQ0=";

static uint8_t raw[SY_ENTRY_SIZE];
static struct sy_entry entry;

static void setup(void)
{
	const char *why = NULL;
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	ck_assert_int_eq(sy_unbase64_exact(SY_STR(good), raw, sizeof raw), SY_OK);
	ck_assert_int_eq(sy_entry_decode(raw, &entry, &why), SY_OK);
	ck_assert_ptr_null(why);
}

static void unhex(const char *text, void *out, size_t n)
{
	ck_assert_int_eq(sy_unhex(sy_str(text), out, n), SY_OK);
}

/* --- bytes ------------------------------------------------------------------------------------ */

START_TEST(fields)
{
	uint8_t out[SY_ENTRY_SIZE];
	sy_hash prev, root;
	sy_sha256("prev", 4, &prev);
	sy_sha256("root", 4, &root);
	ck_assert_uint_eq(entry.kind, SY_ENTRY_SUBMISSION);
	ck_assert_uint_eq(entry.alg, SY_ALG_ED25519);
	ck_assert_uint_eq(entry.index, 5);
	ck_assert_uint_eq(entry.first, 12);
	ck_assert_uint_eq(entry.count, 3);
	ck_assert_uint_eq(entry.deadline, 1700000000);
	ck_assert_uint_eq(entry.time, UINT64_C(1699999999123));
	ck_assert(sy_hash_eq(&entry.prev, &prev));
	ck_assert(sy_hash_eq(&entry.records_root, &root));
	memset(out, 0xaa, sizeof out);
	sy_entry_encode(&entry, out);
	ck_assert_mem_eq(out, raw, sizeof raw);
}
END_TEST

/* One byte set in a legal entry. */
static const struct {
	const char *name;
	unsigned at;
	uint8_t value;
	int err;
} bytes[] = {
    {"magic", 0, 's', SY_EINVAL},
    {"version 2", 3, '2', SY_EINVAL},
    {"kind 0", 4, 0, SY_EINVAL},
    {"index commitment with records", 4, SY_ENTRY_INDEX, SY_EINVAL},
    {"log key with records", 4, SY_ENTRY_LOG_KEY, SY_EINVAL},
    {"a later kind", 4, 4, SY_OK},
    {"the last kind", 4, 255, SY_OK},
    {"algorithm 0", 5, 0, SY_EINVAL},
    {"SM2", 5, SY_ALG_SM2_EVEN, SY_OK},
    {"SM2, odd", 5, SY_ALG_SM2_ODD, SY_OK},
    {"algorithm 4", 5, 4, SY_EINVAL},
    {"byte 6", 6, 1, SY_EINVAL},
    {"byte 7", 7, 0x80, SY_EINVAL},
    {"many records", 26, 0x27, SY_OK}, /* 0x2703 is 9,987 */
    {"too many records", 26, 0x28, SY_EINVAL},
    {"far too many records", 24, 1, SY_EINVAL},
    {"no records", 27, 0, SY_EINVAL},
    {"any signature", 199, 0, SY_OK},
};

START_TEST(one_byte)
{
	const char *why = NULL;
	raw[bytes[_i].at] = bytes[_i].value;
	int err = sy_entry_decode(raw, &entry, &why);
	ck_assert_msg(err == bytes[_i].err, "%s: %s", bytes[_i].name, sy_strerror(err));
	ck_assert_msg((why != NULL) == (err != SY_OK), "%s", bytes[_i].name);
	ck_assert_int_eq(sy_entry_decode(raw, &entry, NULL), err);
}
END_TEST

START_TEST(limits)
{
	static const struct {
		const char *name;
		struct sy_entry e;
		int err;
	} rows[] = {
	    {"10,000", {.kind = 1, .alg = 1, .index = 1, .count = 10000, .deadline = 1}, 0},
	    {"10,001", {.kind = 1, .alg = 1, .index = 1, .count = 10001, .deadline = 1}, SY_EINVAL},
	    {"genesis without deadline", {.kind = 1, .alg = 1, .count = 1}, 0},
	    {"no deadline", {.kind = 1, .alg = 1, .index = 1, .count = 1}, SY_EINVAL},
	    {"log key", {.kind = 3, .alg = 1, .index = 1}, 0},
	    {"log key, no algorithm", {.kind = 3, .index = 1}, SY_EINVAL},
	    {"index commitment", {.kind = 2, .index = 1}, 0},
	    {"last number", {.kind = 9, .index = 1, .first = UINT64_MAX - 7, .count = 7}, 0},
	    {"run over", {.kind = 9, .index = 1, .first = UINT64_MAX - 7, .count = 8}, SY_EINVAL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sy_entry_encode(&rows[i].e, raw);
		int err = sy_entry_decode(raw, &entry, NULL);
		ck_assert_msg(err == rows[i].err, "%s: %s", rows[i].name, sy_strerror(err));
	}
}
END_TEST

/* --- the chain -------------------------------------------------------------------------------- */

static struct sy_entry before;
static sy_hash leaf_before;

static void make_before(void)
{
	before = (struct sy_entry){.kind = 1, .alg = 1, .index = 4, .first = 10, .count = 2};
	before.time = entry.time;
	leaf_before = entry.prev;
}

START_TEST(follows)
{
	const char *why = NULL;
	make_before();
	ck_assert_int_eq(sy_entry_follows(&entry, &before, &leaf_before, &why), SY_OK);
	ck_assert_ptr_null(why);

	struct sy_entry e;
#define REFUSED(change)                                                                           \
	do {                                                                                      \
		e = entry;                                                                        \
		make_before();                                                                    \
		why = NULL;                                                                       \
		change;                                                                           \
		ck_assert_msg(sy_entry_follows(&e, &before, &leaf_before, &why) == SY_ECORRUPT,   \
			      #change);                                                           \
		ck_assert_ptr_nonnull(why);                                                       \
		ck_assert_int_eq(sy_entry_follows(&e, &before, &leaf_before, NULL), SY_ECORRUPT); \
	} while (0)
	REFUSED(e.index++);
	REFUSED(e.index--);
	REFUSED(e.first++);
	REFUSED(e.first--);
	REFUSED(before.count = 3);
	REFUSED(before.time++);
	REFUSED(e.prev.b[31] ^= 1);
	REFUSED(leaf_before.b[0] ^= 1);
	REFUSED(e.time = e.deadline * UINT64_C(1000) + 1);
	REFUSED((before.index = UINT64_MAX, e.index = 0));
#undef REFUSED

	e = entry;
	make_before();
	e.time = e.deadline * UINT64_C(1000);
	ck_assert_int_eq(sy_entry_follows(&e, &before, &leaf_before, NULL), SY_OK);
	/* kinds without records and deadline */
	e.kind = SY_ENTRY_LOG_KEY;
	e.count = e.deadline = 0;
	ck_assert_int_eq(sy_entry_follows(&e, &before, &leaf_before, NULL), SY_OK);
}
END_TEST

START_TEST(genesis)
{
	const struct sy_entry first = {.kind = 1, .alg = 1, .count = 1, .time = 5};
	const char *why = NULL;
	ck_assert_int_eq(sy_entry_follows(&first, NULL, NULL, &why), SY_OK);
	ck_assert_ptr_null(why);

	struct sy_entry e;
#define REFUSED(change)                                                                        \
	do {                                                                                   \
		e = first;                                                                     \
		why = NULL;                                                                    \
		change;                                                                        \
		ck_assert_msg(sy_entry_follows(&e, NULL, NULL, &why) == SY_ECORRUPT, #change); \
		ck_assert_ptr_nonnull(why);                                                    \
	} while (0)
	REFUSED(e.index = 1);
	REFUSED(e.first = 1);
	REFUSED(e.count = 2);
	REFUSED(e.kind = SY_ENTRY_LOG_KEY);
	REFUSED(e.prev.b[7] = 1);
	REFUSED((e.deadline = 1, e.time = 1001));
#undef REFUSED
}
END_TEST

/* --- signatures ------------------------------------------------------------------------------- */

START_TEST(verify)
{
	ck_assert_int_eq(sy_entry_verify(&entry, SY_STR(ORIGIN)), SY_OK);
	ck_assert_int_eq(sy_entry_verify(&entry, SY_STR("example.com/other")), SY_ESIG);
	ck_assert_int_eq(sy_entry_verify(&entry, SY_STR("")), SY_EINVAL);
	ck_assert_int_eq(sy_entry_verify(&entry, SY_STR(ORIGIN "\n")), SY_EINVAL);

	/* what the author signed, and what the ledger added */
	static const struct {
		unsigned at;
		int err;
	} rows[] = {
	    {15, SY_OK},    {23, SY_OK},    {27, SY_ESIG},  {31, SY_ESIG},  {39, SY_OK},
	    {40, SY_OK},    {72, SY_ESIG},  {103, SY_ESIG}, {104, SY_ESIG}, {135, SY_ESIG},
	    {136, SY_ESIG}, {168, SY_ESIG}, {199, SY_ESIG},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sy_entry e;
		raw[rows[i].at] ^= 1;
		ck_assert_int_eq(sy_entry_decode(raw, &e, NULL), SY_OK);
		ck_assert_msg(sy_entry_verify(&e, SY_STR(ORIGIN)) == rows[i].err, "byte %u",
			      rows[i].at);
		raw[rows[i].at] ^= 1;
	}
}
END_TEST

START_TEST(verify_log_key)
{
	struct sy_entry e = {.kind = SY_ENTRY_LOG_KEY, .alg = 1, .index = 9};
	unhex("ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c", e.records_root.b,
	      32);
	unhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8", e.author, 32);
	unhex("8117092b68926f632942a9adfdd58d9c58db3199c8cfe8fe6228c64aa5a1f305d17d42da717fef8ed7ae"
	      "ef77e3541fb9d5af0256585cff75add8dab71b8c7604",
	      e.signature, 64);
	ck_assert_int_eq(sy_entry_verify(&e, SY_STR(ORIGIN)), SY_OK);
	e.index = 10;
	ck_assert_int_eq(sy_entry_verify(&e, SY_STR(ORIGIN)), SY_ESIG);
	e.index = 9;
	ck_assert_int_eq(sy_entry_verify(&e, SY_STR("")), SY_EINVAL);
	e.records_root.b[0] ^= 1;
	ck_assert_int_eq(sy_entry_verify(&e, SY_STR(ORIGIN)), SY_ESIG);
}
END_TEST

START_TEST(verify_unchecked)
{
	entry.alg = SY_ALG_SM2_EVEN;
	ck_assert_int_eq(sy_entry_verify(&entry, SY_STR(ORIGIN)), SY_EVERSION);
	entry.alg = SY_ALG_ED25519;
	entry.kind = 4;
	ck_assert_int_eq(sy_entry_verify(&entry, SY_STR(ORIGIN)), SY_EVERSION);
	entry.kind = SY_ENTRY_INDEX;
	ck_assert_int_eq(sy_entry_verify(&entry, SY_STR(ORIGIN)), SY_EVERSION);
}
END_TEST

/* --- the statement and the salts -------------------------------------------------------------- */

START_TEST(statement)
{
	char out[SY_STATEMENT_MAX], origin[256];
	sy_hash root;
	sy_sha256(NULL, 0, &root);
	size_t n = sy_submission_statement(SY_STR(ORIGIN), 3, &root, 1700000000, out);
	ck_assert_str_eq(out, "suyuan/submission/v1\n" ORIGIN
			      "\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n1700000000\n");
	ck_assert_uint_eq(n, strlen(out));
	/* the longest there is */
	memset(origin, 'a', sizeof origin);
	n = sy_submission_statement((struct sy_str){origin, 255}, UINT32_MAX, &root, UINT32_MAX,
				    out);
	ck_assert_uint_eq(n, 21 + 256 + 11 + 45 + 11);
	n = sy_submission_statement((struct sy_str){origin, 256}, 1, &root, 1, out);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(salts)
{
	const struct sy_str payloads[] = {SY_STR("{\"a\":1}"), SY_STR("{\"b\":2}")};
	uint8_t key[32], s[32], want[32], salt[SY_SALT_SIZE];
	sy_hash leaf;
	for (int i = 0; i < 32; i++)
		key[i] = (uint8_t)(32 + i);
	sy_submission_salt(key, SY_STR(ORIGIN), payloads, 2, s);
	unhex("7d19cd2cdaf01fac7011d260c08d46cb6d3de2d3700d7f6179384f474d589322", want, 32);
	ck_assert_mem_eq(s, want, 32);
	sy_record_salt(s, 1, salt);
	unhex("05bccbbff27459dd50b8f7db1bcf5d5d", want, 16);
	ck_assert_mem_eq(salt, want, 16);
	sy_record_leaf(salt, payloads[1], &leaf);
	unhex("376d41b225cdd2d45ed324fd6acf51e7155f2960e879b4feef04bb0c41682f4a", want, 32);
	ck_assert_mem_eq(leaf.b, want, 32);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static TCase *tcase(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);
	tcase_add_checked_fixture(t, setup, NULL);
	suite_add_tcase(s, t);
	return t;
}

Suite *suite(void)
{
	Suite *s = suite_create("entry");
	TCase *t = tcase(s, "decode");
	tcase_add_test(t, fields);
	tcase_add_loop_test(t, one_byte, 0, ROWS(bytes));
	tcase_add_test(t, limits);
	t = tcase(s, "follows");
	tcase_add_test(t, follows);
	tcase_add_test(t, genesis);
	t = tcase(s, "verify");
	tcase_add_test(t, verify);
	tcase_add_test(t, verify_log_key);
	tcase_add_test(t, verify_unchecked);
	t = tcase(s, "statement");
	tcase_add_test(t, statement);
	tcase_add_test(t, salts);
	return s;
}
