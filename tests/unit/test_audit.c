/* A ledger in memory, and what an auditor finds in it when it isn't as it should be. */
#include "faults.h"
#include "run.h"

#include <suyuan/audit.h>
#include <suyuan/error.h>
#include <suyuan/time.h>

#include <stdio.h>
#include <stdlib.h>

static const char origin[] = "example.com/trace";
enum { ENTRIES = 40000, RECORDS = 9000, TEXT = 1200 };
static const uint64_t noon = 1793534400000; /* 2026-11-01T12:00:00Z */

enum who { LOG, OPERATOR, PRODUCER, SECOND, OTHER, NEW_LOG, WHOS };
static const char *const party_of[WHOS] = {"",          "urn:op", "urn:producer", "urn:producer",
					   "urn:other", ""};

struct record {
	char text[TEXT];
	uint8_t salt[SY_SALT_SIZE];
	bool gone, missing;
	sy_hash leaf;
};

static struct sy_signer signer[WHOS];
static char vkey[WHOS][SY_VKEY_TEXT];
static uint8_t raw[ENTRIES][SY_ENTRY_SIZE];
static struct record record[RECORDS];
static uint64_t n_entries, n_records;
static struct sy_entry before;

static struct {
	char text[4000];
	size_t n;
} lines;

/* --- building -------------------------------------------------------------------------------- */

static void make_keys(void)
{
	struct sy_vkey v;

	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	for (unsigned i = 0; i < WHOS; i++) {
		uint8_t seed[SY_SEED_SIZE] = {(uint8_t)(i + 1)};
		const char *name = party_of[i][0] ? party_of[i] : origin;
		sy_signer_from_seed(&signer[i], seed);
		ck_assert_int_eq(sy_vkey_make(&v, sy_str(name), signer[i].key), SY_OK);
		sy_vkey_format(&v, vkey[i]);
	}
}

/* {"vkey":…,"proof":…} of a key, in one of a few texts that are used in turn. */
static const char *key_of(enum who who, const char *more)
{
	static char text[8][600];
	static unsigned turn;
	char *out = text[turn++ % 8], proof[SY_BASE64_LEN(SY_SIG_SIZE) + 1];
	uint8_t sig[SY_SIG_SIZE];

	ck_assert_int_eq(sy_key_proof_make(&signer[who], sy_str(origin), sy_str(party_of[who]),
					   sy_str(vkey[who]), sig),
			 SY_OK);
	sy_base64(sig, sizeof sig, proof);
	snprintf(out, 600, "{\"vkey\":\"%s\",\"proof\":\"%s\"%s}", vkey[who], proof, more);
	return out;
}

static void put_record(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void put_record(const char *fmt, ...)
{
	struct record *r = &record[n_records];
	va_list ap;

	memset(r, 0, sizeof *r);
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof r->text, fmt, ap);
	va_end(ap);
	sy_put64(r->salt, n_records);
	sy_record_leaf(r->salt, sy_str(r->text), &r->leaf);
	n_records++;
}

static void sign_entry(struct sy_entry *e, enum who who)
{
	char text[SY_STATEMENT_MAX], key[SY_BASE64_LEN(SY_KEY_SIZE) + 1];
	size_t n;

	if (e->kind == SY_ENTRY_LOG_KEY) {
		sy_base64(e->records_root.b, SY_KEY_SIZE, key);
		n = (size_t)snprintf(text, sizeof text, "suyuan/log-key/v1\n%s\n%llu\n%s\n", origin,
				     (unsigned long long)e->index, key);
	} else {
		n = sy_submission_statement(sy_str(origin), e->count, &e->records_root, e->deadline,
					    text);
	}
	memcpy(e->author, signer[who].key, SY_KEY_SIZE);
	sy_sign(&signer[who], text, n, e->signature);
}

static void put_entry(const struct sy_entry *e)
{
	sy_entry_encode(e, raw[n_entries++]);
	before = *e;
}

static struct sy_entry next_entry(uint8_t kind)
{
	struct sy_entry e = {.kind = kind, .alg = 1, .index = n_entries, .time = noon + n_entries};

	if (n_entries) {
		e.first = before.first + before.count;
		sy_leaf_hash(raw[n_entries - 1], SY_ENTRY_SIZE, &e.prev);
	}
	return e;
}

/* The records put since the last entry, as a submission. */
static void submit(enum who who)
{
	struct sy_entry e = next_entry(SY_ENTRY_SUBMISSION);
	static sy_hash leaf[SY_RECORDS_MAX];

	e.count = (uint32_t)(n_records - e.first);
	for (uint32_t i = 0; i < e.count; i++)
		leaf[i] = record[e.first + i].leaf;
	sy_leaves_root(leaf, e.count, &e.records_root);
	e.deadline = (uint32_t)(e.time / 1000 + 600);
	sign_entry(&e, who);
	put_entry(&e);
}

static void party(enum who by, enum who who, const char *keys)
{
	put_record("{\"type\":\"Party\",\"id\":\"%s\",\"keys\":[%s]}", party_of[who], keys);
	submit(by);
}

static void event(enum who who)
{
	put_record("{\"type\":\"ObjectEvent\",\"n\":%llu}", (unsigned long long)n_records);
	submit(who);
}

static void log_key(enum who old, enum who fresh)
{
	struct sy_entry e = next_entry(SY_ENTRY_LOG_KEY);

	memcpy(e.records_root.b, signer[fresh].key, SY_KEY_SIZE);
	sign_entry(&e, old);
	put_entry(&e);
}

static void erasure(uint64_t number, const char *leaf)
{
	char own[SY_BASE64_LEN(SY_HASH_SIZE) + 1];

	sy_base64(record[number].leaf.b, SY_HASH_SIZE, own);
	put_record("{\"type\":\"Erasure\",\"record\":%llu,\"leaf\":\"%s\"}",
		   (unsigned long long)number, leaf ? leaf : own);
	submit(OPERATOR);
	record[number].gone = true;
}

/* Genesis, a producer, and some events: five entries and records. */
static void begin(void)
{
	n_entries = n_records = 0;
	put_record(
	    "{\"type\":\"Ledger\",\"origin\":\"%s\",\"logKey\":\"%s\",\"operator\":{\"id\":\"%s\","
	    "\"key\":%s}}",
	    origin, vkey[LOG], party_of[OPERATOR], key_of(OPERATOR, ""));
	submit(OPERATOR);
	party(OPERATOR, PRODUCER, key_of(PRODUCER, ""));
	event(PRODUCER);
	put_record("{\"type\":\"Place\"}");
	put_record("{\"type\":\"Place\",\"n\":2}");
	submit(PRODUCER);
}

/* --- auditing -------------------------------------------------------------------------------- */

static int entries(void *ctx, unsigned thread, struct sy_audit_part *p, uint64_t from, unsigned n,
		   uint8_t (*out)[SY_ENTRY_SIZE])
{
	(void)ctx, (void)thread, (void)p;
	if (from % 256 || n > 256 || from + n > n_entries)
		return SY_EINTERNAL;
	memcpy(out, raw[from], (size_t)n * SY_ENTRY_SIZE);
	return SY_OK;
}

static int records(void *ctx, unsigned thread, struct sy_audit_part *p, const struct sy_entry *e,
		   size_t n)
{
	(void)ctx, (void)thread;
	for (size_t i = 0; i < n; i++)
		for (uint64_t k = e[i].first; k < e[i].first + e[i].count; k++) {
			const struct record *r = &record[k];
			if (k >= n_records)
				return SY_OK; /* gives up: the audit says so */
			if (r->missing) {
				sy_audit_fault(p, e[i].index, "record", k, "is missing");
				sy_audit_missing(p, NULL);
			} else if (r->gone) {
				sy_audit_gone(p, &r->leaf);
			} else {
				struct sy_opened one = {.payload = sy_str(r->text)};
				memcpy(one.salt, r->salt, sizeof one.salt);
				sy_audit_records(p, &one, 1);
			}
		}
	return SY_OK;
}

static void take_fault(void *ctx, const char *what, uint64_t at, const char *text)
{
	int n = snprintf(lines.text + lines.n, sizeof lines.text - lines.n, "%s %llu: %s\n", what,
			 (unsigned long long)at, text);

	(void)ctx;
	if (n > 0 && (size_t)n < sizeof lines.text - lines.n)
		lines.n += (size_t)n;
}

static struct sy_audit_options options(unsigned threads)
{
	return (struct sy_audit_options){.origin = sy_str(origin),
					 .threads = threads,
					 .rules = true,
					 .legal = true,
					 .source = {entries, records, NULL},
					 .fault = take_fault};
}

static int audit(const struct sy_audit_options *o, enum who log, struct sy_audit_sum *sum)
{
	struct sy_audit *a;
	int err;

	lines.n = 0;
	lines.text[0] = '\0';
	if ((err = sy_audit_new(o, &a)))
		return err;
	if ((err = sy_audit_run(a, n_entries)) == SY_OK)
		err = sy_audit_end(a, signer[log].key);
	sy_audit_sum(a, sum);
	sy_audit_free(a);
	return err;
}

/* What is found is the same on any number of threads. */
static void finds(const char *name, enum who log, const char *expected)
{
	static const unsigned threads[] = {1, 2, 5};

	for (unsigned i = 0; i < 3; i++) {
		struct sy_audit_options o = options(threads[i]);
		struct sy_audit_sum sum;
		ck_assert_int_eq(audit(&o, log, &sum), SY_OK);
		ck_assert_msg(strcmp(lines.text, expected) == 0, "%s, %u threads: %s", name,
			      threads[i], lines.text);
		ck_assert_uint_eq(sum.entries, n_entries);
	}
}

/* --- cases ----------------------------------------------------------------------------------- */

static void nothing(void)
{
}

static void not_an_entry(void)
{
	raw[2][0] ^= 1;
}

static void another_index(void)
{
	raw[2][15] ^= 1;
}

static void chain(void)
{
	raw[3][40] ^= 1;
}

static void numbers(void)
{
	raw[3][23] ^= 8;
}

static void earlier(void)
{
	sy_put64(raw[3] + 32, noon + 1);
}

static void late(void)
{
	sy_put32(raw[3] + 28, (uint32_t)(noon / 1000 - 1));
}

static void signature(void)
{
	raw[3][199] ^= 1;
}

static void algorithm(void)
{
	raw[3][5] = 2;
}

static void other_record(void)
{
	strcpy(record[4].text, "{\"type\":\"Placf\"}");
}

static void other_salt(void)
{
	record[4].salt[0] ^= 1;
}

static void missing(void)
{
	record[4].missing = true;
}

static void cut_short(void)
{
	n_records--;
}

static void illegal(void)
{
	put_record("{\"a\":1,\"a\":2}");
	submit(PRODUCER);
}

static void twice(void)
{
	struct sy_entry e = before;

	put_record("%s", record[3].text);
	put_record("%s", record[4].text);
	memcpy(record[5].salt, record[3].salt, SY_SALT_SIZE);
	memcpy(record[6].salt, record[4].salt, SY_SALT_SIZE);
	record[5].leaf = record[3].leaf;
	record[6].leaf = record[4].leaf;
	submit(PRODUCER);
	ck_assert(sy_hash_eq(&e.records_root, &before.records_root));
}

static void unknown(void)
{
	event(OTHER);
}

static void not_yet(void)
{
	party(OTHER, OTHER, key_of(OTHER, ""));
	event(OTHER);
}

static void revoked(void)
{
	party(OPERATOR, PRODUCER, key_of(SECOND, ""));
	event(SECOND);
	event(PRODUCER);
	party(OPERATOR, PRODUCER, "");
	event(SECOND);
}

static void listed_again(void)
{
	char both[1300];

	snprintf(both, sizeof both, "%s,%s", key_of(PRODUCER, ""), key_of(SECOND, ""));
	party(OPERATOR, PRODUCER, both);
	event(PRODUCER);
	party(OPERATOR, PRODUCER, key_of(SECOND, ""));
	party(OPERATOR, PRODUCER, key_of(PRODUCER, ""));
	event(PRODUCER);
}

/* The day ends at 24:00 +08:00, which is 16:00 UTC: noon is before, five hours later is after. */
static void expired(void)
{
	party(OPERATOR, PRODUCER, key_of(PRODUCER, ",\"until\":\"2026-11-01\""));
	event(PRODUCER);
	party(OPERATOR, OTHER, key_of(OTHER, ",\"until\":\"2026-10-31\""));
	event(OTHER);
	party(OPERATOR, OTHER, key_of(OTHER, ",\"until\":\"2026-11-31\""));
	party(OPERATOR, OTHER, key_of(OTHER, ",\"until\":null"));
	event(OTHER);
}

static void stolen(void)
{
	const char *p = key_of(PRODUCER, "");

	put_record("{\"type\":\"Party\",\"id\":\"urn:other\",\"keys\":[%s]}", p);
	submit(OPERATOR);
}

static void of_two_parties(void)
{
	/* the same key under another name, with a proof that holds */
	char proof[SY_BASE64_LEN(SY_SIG_SIZE) + 1], text[SY_VKEY_TEXT];
	uint8_t sig[SY_SIG_SIZE];
	struct sy_vkey v;

	ck_assert_int_eq(sy_vkey_make(&v, sy_str("urn:other"), signer[PRODUCER].key), SY_OK);
	sy_vkey_format(&v, text);
	sy_key_proof_make(&signer[PRODUCER], sy_str(origin), sy_str("urn:other"), sy_str(text),
			  sig);
	sy_base64(sig, sizeof sig, proof);
	put_record("{\"type\":\"Party\",\"id\":\"urn:other\",\"keys\":[{\"vkey\":\"%s\",\"proof\":"
		   "\"%s\"}]}",
		   text, proof);
	submit(OPERATOR);
	event(PRODUCER);
}

static void spelled_otherwise(void)
{
	put_record("{ \"keys\":[], \"t\\u0079pe\":\"P\\u0061rty\", \"id\":\"urn:producer\"}");
	submit(OPERATOR);
	event(PRODUCER);
}

static void hidden(void)
{
	record[3].gone = true;
}

static void erased(void)
{
	erasure(3, NULL);
	erasure(3, NULL);
	erasure(4, NULL);
	record[4].gone = false; /* not carried out yet */
}

static void erased_otherwise(void)
{
	char leaf[SY_BASE64_LEN(SY_HASH_SIZE) + 1];

	sy_base64(record[4].leaf.b, SY_HASH_SIZE, leaf);
	erasure(3, leaf);
}

static void erased_leaf(void)
{
	erasure(3, NULL);
	record[3].leaf.b[0] ^= 1;
}

static void erased_beforehand(void)
{
	char leaf[SY_BASE64_LEN(SY_HASH_SIZE) + 1] = "";

	put_record("{\"type\":\"Erasure\",\"record\":6,\"leaf\":\"%s\"}", leaf);
	submit(OPERATOR);
	event(PRODUCER);
	record[6].gone = true;
}

static void new_log_key(void)
{
	log_key(LOG, NEW_LOG);
	event(PRODUCER);
}

static void log_key_and_back(void)
{
	log_key(LOG, NEW_LOG);
	log_key(NEW_LOG, LOG);
}

static void foreign_log_key(void)
{
	log_key(OTHER, NEW_LOG);
}

static void forged_log_key(void)
{
	log_key(LOG, NEW_LOG);
	raw[n_entries - 1][199] ^= 1;
}

static void commitments(void)
{
	for (uint8_t kind = 2; kind < 6; kind += 3) {
		struct sy_entry e = next_entry(kind);
		e.alg = 0;
		memset(e.author, 0xaa, sizeof e.author);
		put_entry(&e);
	}
	event(PRODUCER);
}

static void other_genesis(void)
{
	n_entries = n_records = 0;
	put_record(
	    "{\"type\":\"Ledger\",\"origin\":\"example.com/other\",\"logKey\":\"%s\",\"operator\":"
	    "{\"id\":\"%s\",\"key\":%s}}",
	    vkey[OPERATOR], party_of[OPERATOR], key_of(OPERATOR, ""));
	submit(OPERATOR);
}

static void no_genesis(void)
{
	n_entries = n_records = 0;
	event(OPERATOR);
}

static const struct {
	const char *name;
	void (*change)(void);
	enum who log;
	const char *lines;
} cases[] = {
    {"nothing", nothing, LOG, ""},
    {"another key at the end", nothing, NEW_LOG,
     "checkpoint of 4: is signed by another key than the genesis and later changes name\n"},
    {"no entry", not_an_entry, LOG, "entry 2: not an entry: it doesn't begin with SYE1\n"},
    {"index", another_index, LOG,
     "entry 2: says that it is entry 3\nentry 3: the index isn't the next\n"},
    {"chain", chain, LOG, "entry 3: the hash of the entry before is another\n"},
    {"numbers", numbers, LOG,
     "entry 3: its records can't be had\nentry 3: the first record's number isn't the next\n"},
    {"earlier", earlier, LOG, "entry 3: earlier than the entry before\n"},
    {"deadline", late, LOG,
     "entry 3: accepted after its deadline\nentry 3: the author's signature doesn't verify\n"},
    {"signature", signature, LOG, "entry 3: the author's signature doesn't verify\n"},
    {"algorithm", algorithm, LOG,
     "entry 3: its signature is of an algorithm that this version can't check\n"},
    {"record", other_record, LOG, "entry 3: its records aren't those that its author signed\n"},
    {"salt", other_salt, LOG, "entry 3: its records aren't those that its author signed\n"},
    {"missing", missing, LOG, "record 4: is missing\n"},
    {"too few", cut_short, LOG, "entry 3: its records can't be had\n"},
    {"illegal", illegal, LOG, "record 5: is no legal record: each name once in an object\n"},
    {"twice", twice, LOG, "entry 4: is the same submission as entry 3\n"},
    {"unknown", unknown, LOG, "entry 4: nobody enrolled its author's key\n"},
    {"not yet", not_yet, LOG, "entry 4: nobody enrolled its author's key\n"},
    {"revoked", revoked, LOG,
     "entry 6: its author's key was revoked before\nentry 8: its author's key was revoked "
     "before\n"},
    {"listed again", listed_again, LOG, ""},
    {"expired", expired, LOG,
     "entry 7: its author's key had expired\nrecord 9: enrols a key until a day that is none\n"},
    {"stolen", stolen, LOG, "record 5: enrols a key without that key's own proof\n"},
    {"of two", of_two_parties, LOG, "record 5: enrols a key that belongs to another party\n"},
    {"spelled otherwise", spelled_otherwise, LOG, "entry 5: its author's key was revoked before\n"},
    {"hidden", hidden, LOG, "record 3: is answered as erased, but no Erasure names it\n"},
    {"erased", erased, LOG, ""},
    {"another leaf", erased_otherwise, LOG,
     "record 5: is an Erasure with another leaf hash than its record has\n"
     "record 3: is answered as erased, but no Erasure names it\n"},
    {"erased leaf", erased_leaf, LOG,
     "entry 3: its records aren't those that its author signed\n"
     "record 5: is an Erasure with another leaf hash than its record has\n"
     "record 3: is answered as erased, but no Erasure names it\n"},
    {"erased before it was there", erased_beforehand, LOG,
     "record 6: is answered as erased, but no Erasure names it\n"},
    {"new log key", new_log_key, NEW_LOG, ""},
    {"old log key", new_log_key, LOG,
     "checkpoint of 6: is signed by another key than the genesis and later changes name\n"},
    {"two changes", log_key_and_back, LOG, ""},
    {"foreign log key", foreign_log_key, NEW_LOG,
     "entry 4: changes the log's key, and isn't signed by the one before\n"},
    {"forged log key", forged_log_key, NEW_LOG,
     "entry 4: the old log key's signature doesn't verify\n"},
    {"commitments", commitments, LOG, ""},
    {"another genesis", other_genesis, OPERATOR,
     "record 0: is the beginning of another ledger\nrecord 0: names no key of this log\n"},
    {"no genesis", no_genesis, LOG,
     "record 0: is no beginning of a ledger\nrecord 0: is the beginning of another ledger\n"
     "record 0: names no key of this log\nentry 0: nobody enrolled its author's key\n"},
};

START_TEST(findings)
{
	begin();
	cases[_i].change();
	finds(cases[_i].name, cases[_i].log, cases[_i].lines);
}
END_TEST

START_TEST(entries_alone)
{
	struct sy_audit_options o = options(3);
	struct sy_audit_sum sum;

	begin();
	event(OTHER);
	log_key(LOG, NEW_LOG);
	commitments();
	o.rules = false;
	o.source.records = NULL;
	ck_assert_int_eq(audit(&o, NEW_LOG, &sum), SY_OK);
	ck_assert_str_eq(lines.text, "");
	ck_assert_uint_eq(sum.unchecked, 2);
	ck_assert_int_eq(audit(&o, LOG, &sum), SY_OK);
	ck_assert_uint_eq(sum.faults, 1);
}
END_TEST

/* Whoever signed, and whatever can't be read: bytes alone. */
START_TEST(no_rules)
{
	struct sy_audit_options o = options(2);
	struct sy_audit_sum sum;

	begin();
	unknown();
	hidden();
	o.rules = false;
	ck_assert_int_eq(audit(&o, LOG, &sum), SY_OK);
	ck_assert_str_eq(lines.text, "");
	ck_assert_uint_eq(sum.unexplained, 1);
	ck_assert_int_eq(audit(&o, NEW_LOG, &sum), SY_OK);
	ck_assert_uint_eq(sum.faults, 1);
}
END_TEST

/* --- sizes ----------------------------------------------------------------------------------- */

static void check_root(const struct sy_audit_sum *sum)
{
	struct sy_tree t = {.size = 0};
	sy_hash h;

	for (uint64_t i = 0; i < n_entries; i++) {
		sy_leaf_hash(raw[i], SY_ENTRY_SIZE, &h);
		sy_tree_append(&t, &h);
	}
	sy_tree_root(&t, &h);
	ck_assert(sy_hash_eq(&h, &sum->root));
	ck_assert_uint_eq(sum->records, n_records);
}

/* Several blocks, most of them of entries that cost nothing; and a submission of many records. */
static void build_large(uint64_t n)
{
	begin();
	for (unsigned i = 0; i < 5000; i++)
		put_record("{\"type\":\"ObjectEvent\",\"n\":%u}", i);
	submit(PRODUCER);
	while (n_entries < n) {
		struct sy_entry e = next_entry(SY_ENTRY_INDEX);
		put_entry(&e);
		if (n_entries % 997 == 0)
			event(PRODUCER);
	}
}

START_TEST(large)
{
	struct sy_audit_options o = options(4);
	struct sy_audit_sum sum;

	build_large(35000);
	ck_assert_int_eq(audit(&o, LOG, &sum), SY_OK);
	ck_assert_str_eq(lines.text, "");
	check_root(&sum);
	/* two faults in another order than their blocks' tiles come in */
	raw[34999][15] ^= 1;
	raw[300][50] ^= 1;
	finds("large", LOG,
	      "entry 300: the hash of the entry before is another\n"
	      "entry 301: the hash of the entry before is another\n"
	      "entry 34999: says that it is entry 34998\n");
}
END_TEST

/* Run in steps, or gone on with from an earlier end: the same. */
START_TEST(steps)
{
	static const uint64_t ends[] = {1, 4, 255, 256, 257, 700, 16384, 16385, 20000};
	struct sy_audit_options o = options(2);
	struct sy_audit_sum sum;
	struct sy_audit *a;

	build_large(20000);
	ck_assert_int_eq(sy_audit_new(&o, &a), SY_OK);
	for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		ck_assert_int_eq(sy_audit_run(a, ends[i]), SY_OK);
		sy_audit_sum(a, &sum);
		ck_assert_uint_eq(sum.entries, ends[i]);
	}
	ck_assert_int_eq(sy_audit_end(a, signer[LOG].key), SY_OK);
	check_root(&sum);
	ck_assert_uint_eq(sum.faults, 0);
	sy_audit_free(a);

	o.rules = false;
	o.source.records = NULL;
	for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct sy_tree t = {.size = 0};
		sy_hash h;
		for (uint64_t k = 0; k < ends[i]; k++) {
			sy_leaf_hash(raw[k], SY_ENTRY_SIZE, &h);
			sy_tree_append(&t, &h);
		}
		ck_assert_int_eq(sy_audit_new(&o, &a), SY_OK);
		ck_assert_int_eq(sy_audit_resume(a, &t, raw[ends[i] - 1]), SY_OK);
		ck_assert_int_eq(sy_audit_run(a, n_entries), SY_OK);
		sy_audit_sum(a, &sum);
		check_root(&sum);
		ck_assert_uint_eq(sum.faults, 0);
		sy_audit_free(a);
	}
}
END_TEST

/* An Erasure that came while the records were read explains them when more is run. */
START_TEST(erased_meanwhile)
{
	struct sy_audit_options o = options(2);
	struct sy_audit_sum sum;
	struct sy_audit *a;

	begin();
	lines.n = 0;
	erasure(3, NULL);
	ck_assert_int_eq(sy_audit_new(&o, &a), SY_OK);
	ck_assert_int_eq(sy_audit_run(a, n_entries - 1), SY_OK);
	sy_audit_sum(a, &sum);
	ck_assert_uint_eq(sum.unexplained, 1);
	ck_assert_int_eq(sy_audit_run(a, n_entries), SY_OK);
	sy_audit_sum(a, &sum);
	ck_assert_uint_eq(sum.unexplained, 0);
	ck_assert_uint_eq(sum.erased, 1);
	ck_assert_int_eq(sy_audit_end(a, signer[LOG].key), SY_OK);
	sy_audit_sum(a, &sum);
	ck_assert_uint_eq(sum.faults, 0);
	sy_audit_free(a);
}
END_TEST

/* --- what stops an audit --------------------------------------------------------------------- */

static int away(void *ctx, unsigned thread, struct sy_audit_part *p, uint64_t from, unsigned n,
		uint8_t (*out)[SY_ENTRY_SIZE])
{
	return from == 512 ? SY_EIO : entries(ctx, thread, p, from, n, out);
}

START_TEST(source_fails)
{
	struct sy_audit_options o = options(4);
	struct sy_audit_sum sum;

	build_large(2000);
	o.source.entries = away;
	ck_assert_int_eq(audit(&o, LOG, &sum), SY_EIO);
	ck_assert_str_eq(lines.text, "");
}
END_TEST

START_TEST(memory)
{
	struct sy_audit_options o = options(1);
	struct sy_audit_sum sum;

	begin();
	erasure(3, NULL);
	new_log_key();
	unknown();
	hidden();
	for (unsigned n = 1;; n++) {
		fail_alloc_at(n);
		int err = audit(&o, NEW_LOG, &sum);
		bool failed = alloc_failed();
		fail_alloc_at(0);
		if (!failed) {
			ck_assert_int_eq(err, SY_OK);
			ck_assert_uint_eq(sum.faults, 1);
			break;
		}
		ck_assert_msg(err == SY_ENOMEM || sum.faults == 1, "allocation %u: %d", n, err);
	}
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, make_keys, NULL);
	tcase_add_test(tc, test);
	suite_add_tcase(s, tc);
}

Suite *suite(void)
{
	Suite *s = suite_create("audit");
	TCase *tc = tcase_create("findings");

	tcase_add_unchecked_fixture(tc, make_keys, NULL);
	tcase_add_loop_test(tc, findings, 0, sizeof cases / sizeof cases[0]);
	suite_add_tcase(s, tc);
	add(s, "entries_alone", entries_alone);
	add(s, "no_rules", no_rules);
	add(s, "large", large);
	add(s, "steps", steps);
	add(s, "erased_meanwhile", erased_meanwhile);
	add(s, "source_fails", source_fails);
	add(s, "memory", memory);
	return s;
}
