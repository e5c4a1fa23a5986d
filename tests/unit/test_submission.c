#include <suyuan/error.h>
#include <suyuan/hash.h>
#include <suyuan/submission.h>
#include <suyuan/tree.h>

#include <stdio.h>
#include <stdlib.h>

#include "faults.h"
#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))
#define ORIGIN SY_STR("example.com/trace")
#define DEADLINE 1795491471

static struct sy_arena arena;
static struct sy_faults faults;
static struct sy_submission s;
static struct sy_signer signer;
static struct sy_buf body;
static const uint8_t salt_key[32] = {7, 7, 7};

static void setup(void)
{
	static const uint8_t seed[SY_SEED_SIZE] = {1, 2, 3};
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	sy_signer_from_seed(&signer, seed);
	arena = (struct sy_arena){0};
	body = (struct sy_buf){0};
	sy_faults_init(&faults, &arena);
}

static void teardown(void)
{
	sy_buf_free(&body);
	sy_arena_free(&arena);
}

static void make(const struct sy_str *payloads, size_t n)
{
	ck_assert_int_eq(
	    sy_submission_make(&signer, salt_key, ORIGIN, payloads, n, DEADLINE, &body, NULL),
	    SY_OK);
}

/* Both steps, as the ledger does them; the error of the whole. */
static int admit(struct sy_str text)
{
	int err = sy_submission_parse(&arena, text, &s, &faults);
	int more = sy_submission_check(&arena, ORIGIN, &s, &faults);
	return err ? err : more;
}

static const struct sy_fault *find(long record, const char *pointer, const char *detail)
{
	for (size_t i = 0; i < faults.n; i++)
		if (faults.v[i].record == record && strcmp(faults.v[i].pointer, pointer) == 0 &&
		    strstr(faults.v[i].detail, detail))
			return &faults.v[i];
	return NULL;
}

static const struct sy_str three[] = {
    {"{\"a\":1}", 7}, {"{ \"b\" : \"\xe6\xba\xaf\" }", 15}, {"{}", 2}};

/* --- what is made is taken ------------------------------------------------------------------ */

START_TEST(round_trip)
{
	sy_hash root;
	ck_assert_int_eq(
	    sy_submission_make(&signer, salt_key, ORIGIN, three, 3, DEADLINE, &body, &root), SY_OK);
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_OK);
	ck_assert_uint_eq(faults.n, 0);
	ck_assert(!s.broken);
	ck_assert_uint_eq(s.count, 3);
	ck_assert_uint_eq(s.deadline, DEADLINE);
	ck_assert_mem_eq(s.author, signer.key, SY_KEY_SIZE);
	ck_assert(sy_hash_eq(&root, &s.records_root));
	for (int i = 0; i < 3; i++) {
		uint8_t salt[SY_SALT_SIZE];
		sy_hash leaf;
		ck_assert(sy_str_eq(s.records[i], three[i]));
		sy_record_salt(s.salt, (uint32_t)i, salt);
		ck_assert_mem_eq(salt, s.salts[i], SY_SALT_SIZE);
		sy_record_leaf(salt, three[i], &leaf);
		ck_assert(sy_hash_eq(&leaf, &s.leaves[i]));
	}
	/* The same records again are the same bytes; the last LF may be left out. */
	struct sy_buf again = {0};
	ck_assert_int_eq(
	    sy_submission_make(&signer, salt_key, ORIGIN, three, 3, DEADLINE, &again, NULL), SY_OK);
	ck_assert(sy_str_eq(sy_buf_span(&body), sy_buf_span(&again)));
	sy_buf_free(&again);
	body.n--;
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_OK);
	ck_assert_uint_eq(s.count, 3);
}
END_TEST

/* base64 may be written with the escapes that some encoders love. */
START_TEST(escaped_envelope)
{
	struct sy_buf other = {0};
	make(three, 3);
	char *lf = memchr(body.p, '\n', body.n);
	for (char *p = body.p; p < body.p + body.n; p++) {
		if (*p == '/' && p < lf)
			sy_buf_byte(&other, '\\');
		sy_buf_byte(&other, *p);
	}
	ck_assert_uint_gt(other.n, body.n);
	ck_assert_int_eq(admit(sy_buf_span(&other)), SY_OK);
	sy_buf_free(&other);
}
END_TEST

/* Changing any byte of the body is refused. */
START_TEST(every_byte)
{
	make(three, 3);
	for (size_t i = 0; i < body.n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			body.p[i] ^= (char)(1u << bit);
			sy_faults_init(&faults, &arena);
			int err = admit(sy_buf_span(&body));
			ck_assert_msg(err != SY_OK, "byte %zu, bit %u", i, bit);
			ck_assert_msg(faults.n > 0 && sy_faults_status(&faults) >= 400,
				      "byte %zu, bit %u", i, bit);
			body.p[i] ^= (char)(1u << bit);
			sy_arena_reset(&arena);
		}
	}
}
END_TEST

START_TEST(makes_nothing_illegal)
{
	static const struct {
		const char *name;
		struct sy_str payload;
		int err;
	} rows[] = {
	    {"two lines", {"{\"a\":\n1}", 8}, SY_EJSON},
	    {"no object", {"[]", 2}, SY_EJSON},
	    {"empty", {"", 0}, SY_EJSON},
	    {"CR", {"{}\r", 3}, SY_EJSON},
	    {"UTF-8", {"{\"\xff\":1}", 7}, SY_EUTF8},
	};
	for (int i = 0; i < COUNT(rows); i++) {
		struct sy_str pair[] = {three[0], rows[i].payload};
		int err =
		    sy_submission_make(&signer, salt_key, ORIGIN, pair, 2, DEADLINE, &body, NULL);
		ck_assert_msg(err == rows[i].err, "%s: %d", rows[i].name, err);
		ck_assert_uint_eq(body.n, 0);
	}
	ck_assert_int_eq(
	    sy_submission_make(&signer, salt_key, ORIGIN, three, 0, DEADLINE, &body, NULL),
	    SY_EINVAL);
	ck_assert_int_eq(sy_submission_make(&signer, salt_key, SY_STR("no origin"), three, 3,
					    DEADLINE, &body, NULL),
			 SY_EORIGIN);
}
END_TEST

/* --- the envelope --------------------------------------------------------------------------- */

#define A "\"author\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
#define C "\"count\":1"
#define S "\"salt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
#define D "\"deadline\":1795491471"
#define G                                                                                \
	"\"signature\":"                                                                 \
	"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAA==\""

static const struct envelope {
	const char *name, *text; /* before one record line */
	int err;
	const char *pointer, *detail;
} envelopes[] = {
    {"right but for its signature", "{" A "," C "," S "," D "," G "}", SY_ESIG, "/signature",
     "does not verify"},
    {"other order and spaces", "{ " G " ," D "," A "," C "," S " }", SY_ESIG, "/signature",
     "origin"},
    {"no JSON", "hello", SY_EJSON, "", "begins with {"},
    {"empty", "", SY_EJSON, "", "begins with {"},
    {"array", "[]", SY_EJSON, "", "begins with {"},
    {"BOM", "\xEF\xBB\xBF{" A "," C "," S "," D "," G "}", SY_EJSON, "", "byte order mark"},
    {"CR", "{" A "," C "," S "," D "," G "}\r", SY_EJSON, "", "below 0x20"},
    {"name twice", "{" A "," C "," C "," S "," D "," G "}", SY_EDUPNAME, "/count", "twice"},
    {"bad UTF-8", "{" A "," C "," S "," D "," G ",\"x\":\"\xff\"}", SY_EUTF8, "/x", "UTF-8"},
    {"no author", "{" C "," S "," D "," G "}", SY_EINVAL, "/author", "missing"},
    {"no count", "{" A "," S "," D "," G "}", SY_EINVAL, "/count", "missing"},
    {"no salt", "{" A "," C "," D "," G "}", SY_EINVAL, "/salt", "missing"},
    {"no deadline", "{" A "," C "," S "," G "}", SY_EINVAL, "/deadline", "missing"},
    {"no signature", "{" A "," C "," S "," D "}", SY_EINVAL, "/signature", "missing"},
    {"unknown member", "{" A "," C "," S "," D "," G ",\"a/b\":1}", SY_EINVAL, "/a~1b", "unknown"},
    {"author short", "{\"author\":\"AAAA\"," C "," S "," D "," G "}", SY_EBASE64, "/author",
     "32 bytes"},
    {"author no text", "{\"author\":null," C "," S "," D "," G "}", SY_EINVAL, "/author",
     "32 bytes"},
    {"author's loose bits",
     "{\"author\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\"," C "," S "," D "," G "}",
     SY_EBASE64, "/author", "canonical"},
    {"salt unpadded",
     "{\"salt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"," A "," C "," D "," G "}",
     SY_EBASE64, "/salt", "padded"},
    {"signature too short", "{\"signature\":\"\"," A "," C "," D "," S "}", SY_EBASE64,
     "/signature", "64 bytes"},
    {"count 0", "{\"count\":0," A "," S "," D "," G "}", SY_EINVAL, "/count", "1 to 10000"},
    {"count 2", "{\"count\":2," A "," S "," D "," G "}", SY_EINVAL, "/count", "1 record line"},
    {"count 10001", "{\"count\":10001," A "," S "," D "," G "}", SY_EINVAL, "/count", "1 to 10000"},
    {"count negative", "{\"count\":-1," A "," S "," D "," G "}", SY_EINVAL, "/count", "1 to 10000"},
    {"count 2^32 + 1", "{\"count\":4294967297," A "," S "," D "," G "}", SY_EINVAL, "/count",
     "1 to 10000"},
    {"count 1.0", "{\"count\":1.0," A "," S "," D "," G "}", SY_EINVAL, "/count", "whole"},
    {"count 1e0", "{\"count\":1e0," A "," S "," D "," G "}", SY_EINVAL, "/count", "whole"},
    {"count in quotes", "{\"count\":\"1\"," A "," S "," D "," G "}", SY_EINVAL, "/count", "whole"},
    {"deadline 0", "{\"deadline\":0," A "," C "," S "," G "}", SY_EINVAL, "/deadline", "from 1"},
    {"deadline 2^32", "{\"deadline\":4294967296," A "," C "," S "," G "}", SY_EINVAL, "/deadline",
     "4294967295"},
};

START_TEST(envelope)
{
	const struct envelope *e = &envelopes[_i];
	sy_buf_printf(&body, "%s\n{}\n", e->text);
	int err = admit(sy_buf_span(&body));
	ck_assert_msg(err == e->err, "%s: %s", e->name, sy_strerror(err));
	ck_assert_msg(find(SY_NO_RECORD, e->pointer, e->detail) != NULL, "%s: %s %s", e->name,
		      faults.v[0].pointer, faults.v[0].detail);
	ck_assert_int_eq(sy_faults_status(&faults), err == SY_ESIG ? 401 : 400);
	ck_assert_msg(faults.n == 1, "%s", e->name);
}
END_TEST

START_TEST(envelope_size)
{
	for (size_t over = 0; over < 2; over++) {
		sy_buf_text(&body, "{\"x\":\"");
		while (body.n < SY_ENVELOPE_MAX - 2 + over)
			sy_buf_byte(&body, 'x');
		sy_buf_text(&body, "\"}\n{}\n");
		sy_faults_init(&faults, &arena);
		admit(sy_buf_span(&body));
		ck_assert_int_eq(sy_faults_status(&faults), over ? 413 : 400);
		ck_assert_uint_eq(s.count, 1);
		sy_buf_reset(&body);
	}
}
END_TEST

/* All at once: each member of the envelope, the count, and three of the records. */
START_TEST(every_fault)
{
	sy_buf_text(&body, "{\"author\":1,\"count\":9,\"salt\":\"\",\"deadline\":-5,\"more\":1}\n"
			   "{\"a\":1,\"a\":2}\n\n{}\n{\"q\":01}\r\n");
	ck_assert_int_ne(admit(sy_buf_span(&body)), SY_OK);
	ck_assert_ptr_nonnull(find(SY_NO_RECORD, "/author", ""));
	ck_assert_ptr_nonnull(find(SY_NO_RECORD, "/count", "9"));
	ck_assert_ptr_nonnull(find(SY_NO_RECORD, "/salt", ""));
	ck_assert_ptr_nonnull(find(SY_NO_RECORD, "/deadline", ""));
	ck_assert_ptr_nonnull(find(SY_NO_RECORD, "/signature", ""));
	ck_assert_ptr_nonnull(find(SY_NO_RECORD, "/more", ""));
	ck_assert_ptr_nonnull(find(0, "/a", "at byte 8"));
	ck_assert_ptr_nonnull(find(1, "", "empty line"));
	ck_assert_ptr_nonnull(find(3, "", "comma or }"));
	ck_assert_uint_eq(faults.n, 9);
	ck_assert_int_eq(sy_faults_status(&faults), 400);
	ck_assert_uint_eq(s.count, 4);
}
END_TEST

START_TEST(bodies)
{
	static const struct {
		const char *name;
		struct sy_str body;
		uint32_t count;
		const char *detail;
	} rows[] = {
	    {"nothing", {"", 0}, 0, "empty body"},
	    {"LF alone", {"\n", 1}, 0, "begins with {"},
	    {"envelope alone", {"{\"count\":1}", 11}, 0, "0 record lines"},
	    {"envelope and LF", {"{\"count\":1}\n", 12}, 0, "0 record lines"},
	    {"empty record", {"{\"count\":1}\n\n", 13}, 1, "empty line"},
	    {"empty record last", {"{\"count\":2}\n{}\n\n", 16}, 2, "empty line"},
	    {"empty record first", {"{\"count\":2}\n\n{}", 15}, 2, "empty line"},
	    {"NUL bytes", {"\0\0\n\0\0", 5}, 1, "below 0x20"},
	};
	for (int i = 0; i < COUNT(rows); i++) {
		sy_faults_init(&faults, &arena);
		ck_assert_int_ne(admit(rows[i].body), SY_OK);
		ck_assert_msg(s.count == rows[i].count, "%s", rows[i].name);
		bool found = false;
		for (size_t k = 0; k < faults.n; k++)
			found |= strstr(faults.v[k].detail, rows[i].detail) != NULL;
		ck_assert_msg(found, "%s", rows[i].name);
	}
}
END_TEST

/* --- the records and the signature ---------------------------------------------------------- */

static const struct {
	const char *name;
	struct sy_str record;
	int status;
	const char *pointer, *detail;
} records[] = {
    {"CR", {"{\"a\":1}\r", 8}, 400, "", "below 0x20"},
    {"tab", {"{\t\"a\":1}", 8}, 400, "", "below 0x20"},
    {"BOM", {"\xEF\xBB\xBF{}", 5}, 400, "", "byte order mark"},
    {"NUL", {"{\"a\":\"\0\"}", 9}, 400, "/a", "below 0x20"},
    {"array", {"[]", 2}, 400, "", "begins with {"},
    {"space first", {" {}", 3}, 400, "", "begins with {"},
    {"space last", {"{} ", 3}, 400, "", "ends with"},
    {"bad UTF-8", {"{\"a\":[\"\xc0\x80\"]}", 12}, 400, "/a/0", "UTF-8 at byte 7"},
    {"name twice", {"{\"a\":1,\"\\u0061\":2}", 18}, 400, "/a", "twice"},
    {"cut", {"{\"a\":", 5}, 400, "/a", "a value"},
};

/* Signed as it stands: only the record is at fault. */
START_TEST(record)
{
	struct sy_submission made = {.count = 2, .deadline = DEADLINE};
	struct sy_str pair[] = {three[0], records[_i].record};
	sy_hash leaves[2];
	char statement[SY_STATEMENT_MAX];
	sy_submission_salt(salt_key, ORIGIN, pair, 2, made.salt);
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t salt[SY_SALT_SIZE];
		sy_record_salt(made.salt, i, salt);
		sy_record_leaf(salt, pair[i], &leaves[i]);
	}
	sy_leaves_root(leaves, 2, &made.records_root);
	size_t n = sy_submission_statement(ORIGIN, 2, &made.records_root, DEADLINE, statement);
	sy_sign(&signer, statement, n, made.signature);
	memcpy(made.author, signer.key, SY_KEY_SIZE);
	made.records = pair;
	int err = sy_submission_check(&arena, ORIGIN, &made, &faults);
	ck_assert_msg(err != SY_OK, "%s", records[_i].name);
	ck_assert_msg(faults.n == 1, "%s: %zu faults", records[_i].name, faults.n);
	ck_assert_msg(find(1, records[_i].pointer, records[_i].detail) != NULL, "%s: %s %s",
		      records[_i].name, faults.v[0].pointer, faults.v[0].detail);
	ck_assert_int_eq(faults.v[0].status, records[_i].status);
}
END_TEST

START_TEST(signature)
{
	make(three, 3);
	ck_assert_int_eq(sy_submission_parse(&arena, sy_buf_span(&body), &s, &faults), SY_OK);
	struct sy_submission other = s;
	ck_assert_int_eq(sy_submission_check(&arena, ORIGIN, &other, &faults), SY_OK);
	ck_assert_int_eq(sy_submission_check(&arena, SY_STR("example.com/other"), &other, &faults),
			 SY_ESIG);
	const struct sy_fault *f = find(SY_NO_RECORD, "/signature", "example.com/other");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(f->status, 401);
	other = s;
	other.deadline++;
	ck_assert_int_eq(sy_submission_check(&arena, ORIGIN, &other, &faults), SY_ESIG);
	other = s;
	other.count--;
	ck_assert_int_eq(sy_submission_check(&arena, ORIGIN, &other, &faults), SY_ESIG);
	other = s;
	other.salt[31] ^= 1;
	ck_assert_int_eq(sy_submission_check(&arena, ORIGIN, &other, &faults), SY_ESIG);
	ck_assert_int_eq(sy_submission_check(&arena, SY_STR(""), &s, &faults), SY_EORIGIN);
}
END_TEST

/* --- sizes ---------------------------------------------------------------------------------- */

START_TEST(most_records)
{
	struct sy_str *many = calloc(SY_RECORDS_MAX + 1, sizeof *many);
	for (int i = 0; i <= SY_RECORDS_MAX; i++)
		many[i] = SY_STR("{}");
	ck_assert_int_eq(sy_submission_make(&signer, salt_key, ORIGIN, many, SY_RECORDS_MAX + 1,
					    DEADLINE, &body, NULL),
			 SY_ETOOBIG);
	make(many, SY_RECORDS_MAX);
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_OK);
	sy_buf_text(&body, "{}\n");
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_ETOOBIG);
	ck_assert_int_eq(sy_faults_status(&faults), 413);
	ck_assert_uint_eq(s.count, 0);
	free(many);
}
END_TEST

START_TEST(most_bytes)
{
	struct sy_buf large = {0};
	struct sy_str many[17];
	sy_buf_text(&large, "{\"a\":\"");
	while (large.n < SY_RECORD_MAX - 3)
		sy_buf_byte(&large, 'x');
	sy_buf_text(&large, "\"}");
	for (int i = 0; i < 17; i++)
		many[i] = sy_buf_span(&large); /* 16 of them with their LFs are the limit */
	make(many, 16);
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_OK);
	body.n--;
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_OK);
	/* The last LF counts though it may be left out. */
	sy_buf_byte(&body, 'x');
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_ETOOBIG);
	body.n--;
	sy_buf_text(&body, "\nx");
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_ETOOBIG);
	ck_assert_int_eq(sy_faults_status(&faults), 413);
	sy_buf_reset(&body);
	ck_assert_int_eq(
	    sy_submission_make(&signer, salt_key, ORIGIN, many, 17, DEADLINE, &body, NULL),
	    SY_ETOOBIG);
	/* A record may have one byte more than these, and not two. */
	large.n -= 2;
	sy_buf_text(&large, "x\"}");
	many[0] = sy_buf_span(&large);
	make(many, 1);
	ck_assert_int_eq(admit(sy_buf_span(&body)), SY_OK);
	body.n -= 3;
	sy_buf_text(&body, "x\"}\n");
	sy_faults_init(&faults, &arena);
	ck_assert_int_ne(admit(sy_buf_span(&body)), SY_OK);
	ck_assert_ptr_nonnull(find(0, "", "1048576"));
	sy_buf_free(&large);
}
END_TEST

/* --- memory --------------------------------------------------------------------------------- */

START_TEST(memory)
{
	bool failed = true;
	make(three, 3);
	for (unsigned n = 1; failed; n++) {
		struct sy_arena a = {0};
		struct sy_faults f;
		sy_faults_init(&f, &a);
		fail_alloc_at(n);
		int err = sy_submission_parse(&a, sy_buf_span(&body), &s, &f);
		if (err == SY_OK)
			err = sy_submission_check(&a, ORIGIN, &s, &f);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		sy_arena_free(&a);
	}
	failed = true;
	for (unsigned n = 1; failed; n++) {
		struct sy_buf out = {0};
		fail_alloc_at(n);
		int err =
		    sy_submission_make(&signer, salt_key, ORIGIN, three, 3, DEADLINE, &out, NULL);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		ck_assert(failed || sy_str_eq(sy_buf_span(&out), sy_buf_span(&body)));
		sy_buf_free(&out);
	}
}
END_TEST

/* With faults to tell the verdict is never turned into an acceptance. */
START_TEST(memory_with_faults)
{
	static const char text[] = "{\"author\":1,\"x\":[],\"y\":2}\n{\"a\":1,\"a\":1}\n\n[]\n";
	bool failed = true;
	for (unsigned n = 1; failed; n++) {
		struct sy_arena a = {0};
		struct sy_faults f;
		sy_faults_init(&f, &a);
		fail_alloc_at(n);
		int err = sy_submission_parse(&a, SY_STR(text), &s, &f);
		int more = err == SY_ENOMEM ? err : sy_submission_check(&a, ORIGIN, &s, &f);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_ne(err, SY_OK);
		ck_assert_int_ne(more, SY_OK);
		ck_assert(s.broken);
		sy_arena_free(&a);
	}
}
END_TEST

Suite *suite(void)
{
	Suite *suite = suite_create("submission");
	TCase *t = tcase_create("make");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, round_trip);
	tcase_add_test(t, escaped_envelope);
	tcase_add_test(t, every_byte);
	tcase_add_test(t, makes_nothing_illegal);
	suite_add_tcase(suite, t);
	t = tcase_create("parse");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, envelope, 0, COUNT(envelopes));
	tcase_add_test(t, envelope_size);
	tcase_add_test(t, every_fault);
	tcase_add_test(t, bodies);
	suite_add_tcase(suite, t);
	t = tcase_create("check");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, record, 0, COUNT(records));
	tcase_add_test(t, signature);
	suite_add_tcase(suite, t);
	t = tcase_create("sizes");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, most_records);
	tcase_add_test(t, most_bytes);
	suite_add_tcase(suite, t);
	t = tcase_create("memory");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, memory);
	tcase_add_test(t, memory_with_faults);
	suite_add_tcase(suite, t);
	return suite;
}
