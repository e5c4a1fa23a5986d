/*
 * What the machine allows: limits to hold the daemon's figures against, one core each.
 *
 *   micro bulk     parse, hash and seal-free check of 1,000-record submissions, signature included
 *   micro verify   Ed25519 verifications of submission statements
 *   micro json     a typical event through the JSON reader
 *   micro event    the same event by stage: JSON, the event in it, its leaf, its event hash
 *   micro code     element strings, links and EPC URNs through the code parser
 *   micro custody  FACTS: the holders of a lot of which that many records speak, of 10 a pallet
 */
#include "index/custody.h"

#include <suyuan/code.h>
#include <suyuan/error.h>
#include <suyuan/event.h>
#include <suyuan/keyfile.h>
#include <suyuan/submission.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char origin[] = "example.com/trace";

static const char event[] =
    "{\"type\":\"ObjectEvent\",\"eventID\":\"urn:uuid:00000000-0000-4000-8000-000000000001\","
    "\"eventTime\":\"2026-11-01T08:00:00.000+08:00\",\"eventTimeZoneOffset\":\"+08:00\","
    "\"action\":\"ADD\",\"bizStep\":\"commissioning\",\"disposition\":\"active\","
    "\"readPoint\":{\"id\":\"https://id.gs1.org/414/6901234000016\"},"
    "\"quantityList\":[{\"epcClass\":\"https://id.gs1.org/01/06901234567892/10/"
    "A1\",\"quantity\":1200}],"
    "\"ilmd\":{\"cbvmda:lotNumber\":\"A1\",\"suyuan:productionDate\":\"2026-11-01\","
    "\"cbvmda:itemExpirationDate\":\"2027-05-01\",\"suyuan:origin\":\"130100\"},"
    "\"suyuan:inspection\":{\"number\":\"QA-1\",\"result\":\"pass\",\"kind\":\"firm\"}}";

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
	return seconds(CLOCK_MONOTONIC);
}

static void bulk(char **args)
{
	(void)args;
	enum { N = 1000 };
	static struct sy_str records[N];
	struct sy_keyfile key;
	struct sy_buf body = {0};
	struct sy_arena arena = {0};
	for (unsigned i = 0; i < N; i++)
		records[i] = sy_str(event);
	if (sy_keyfile_new(&key, sy_str("bench")) ||
	    sy_submission_make(&key.signer, key.salt_key, sy_str(origin), records, N, 4000000000u,
			       &body, NULL))
		exit(1);
	double begin = now();
	unsigned rounds = 0;
	while (now() - begin < 1.0) {
		struct sy_submission s;
		struct sy_faults faults;
		sy_faults_init(&faults, &arena);
		if (sy_submission_parse(&arena, sy_buf_span(&body), &s, &faults) ||
		    sy_submission_check(&arena, sy_str(origin), &s, &faults))
			exit(1);
		sy_arena_reset(&arena);
		rounds++;
	}
	printf("{\"records_per_second\":%.0f}\n", rounds * (double)N / (now() - begin));
	sy_arena_free(&arena);
	sy_buf_free(&body);
}

static void verify(char **args)
{
	(void)args;
	struct sy_keyfile key;
	uint8_t sig[SY_SIG_SIZE];
	char text[SY_STATEMENT_MAX];
	sy_hash root = {{1}};
	if (sy_keyfile_new(&key, sy_str("bench")))
		exit(1);
	size_t n = sy_submission_statement(sy_str(origin), 1, &root, 4000000000u, text);
	sy_sign(&key.signer, text, n, sig);
	double begin = now();
	unsigned done = 0;
	while (now() - begin < 1.0)
		for (unsigned i = 0; i < 100; i++, done++)
			if (sy_verify(key.signer.key, text, n, sig))
				exit(1);
	printf("{\"signatures_per_second\":%.0f}\n", done / (now() - begin));
}

static void json(char **args)
{
	(void)args;
	struct sy_arena arena = {0};
	double begin = now();
	unsigned done = 0;
	while (now() - begin < 1.0)
		for (unsigned i = 0; i < 1000; i++, done++) {
			struct sy_json_doc doc;
			if (sy_json_parse(&arena, sy_str(event), SY_JSON_RECORD, &doc, NULL))
				exit(1);
			sy_arena_reset(&arena);
		}
	printf("{\"events_per_second\":%.0f}\n", done / (now() - begin));
	sy_arena_free(&arena);
}

/* As the record at I of a submission: its salt, then the hash of both. */
static void leaf_of(unsigned i, sy_hash *leaf)
{
	static const uint8_t salt[32];
	uint8_t one[SY_SALT_SIZE];
	sy_record_salt(salt, i, one);
	sy_record_leaf(one, sy_str(event), leaf);
}

/* Stages of an event, each of which needs those before it. */
static double stage(unsigned stages)
{
	struct sy_arena arena = {0};
	double begin = seconds(CLOCK_PROCESS_CPUTIME_ID);
	unsigned done = 0;
	while (seconds(CLOCK_PROCESS_CPUTIME_ID) - begin < 0.5)
		for (unsigned i = 0; i < 1000; i++, done++) {
			struct sy_json_doc doc;
			struct sy_faults faults;
			struct sy_event e;
			char hash[SY_EVENT_HASH_TEXT];
			sy_hash leaf;
			sy_faults_init(&faults, &arena);
			if (sy_json_parse(&arena, sy_str(event), SY_JSON_RECORD, &doc, NULL) ||
			    (stages > 1 && sy_event_read(&arena, &doc, &e, &faults, 0)) ||
			    (stages > 3 && sy_event_hash(&arena, &doc, hash)))
				exit(1);
			if (stages > 2)
				leaf_of(i, &leaf);
			sy_arena_reset(&arena);
		}
	double us = (seconds(CLOCK_PROCESS_CPUTIME_ID) - begin) / done * 1e6;
	sy_arena_free(&arena);
	return us;
}

static void events(char **args)
{
	(void)args;
	double json_us = stage(1), read_us = stage(2), leaf_us = stage(3), hash_us = stage(4);
	printf("{\"bytes\":%zu,\"json_us\":%.2f,\"read_us\":%.2f,\"leaf_us\":%.2f,"
	       "\"hash_us\":%.2f}\n",
	       strlen(event), json_us, read_us - json_us, leaf_us - read_us, hash_us - leaf_us);
}

/* In processor time: neighbours on a shared machine don't count. */
static void code(char **args)
{
	(void)args;
	static const char *const texts[] = {"(01)06901234567892(10)A1",
					    "https://id.gs1.org/01/06901234567892/10/A1",
					    "https://id.gs1.org/01/06901234567892/21/123456",
					    "urn:epc:id:sgtin:0614141.107346.2017"};
	struct sy_arena arena = {0};
	double begin = seconds(CLOCK_PROCESS_CPUTIME_ID), end = begin;
	unsigned done = 0;
	for (; end - begin < 1.0; end = seconds(CLOCK_PROCESS_CPUTIME_ID))
		for (unsigned i = 0; i < 1000; i++, done++) {
			struct sy_code c;
			struct sy_faults faults;
			sy_faults_init(&faults, &arena);
			if (sy_code_parse(&arena, sy_str(texts[i % 4]), &c, &faults, SY_NO_RECORD,
					  ""))
				exit(1);
			sy_arena_reset(&arena);
		}
	printf("{\"codes_per_second\":%.0f}\n", done / (end - begin));
	sy_arena_free(&arena);
}

/* A lot is made, put on a pallet that is shipped and received, and goes from hand to hand. */
struct lot {
	uint64_t facts;
};

static const struct item_fact lot_facts[] = {
    {.step = STEP_CREATE, .party = 1, .other = NO_ID, .quantity = {1000000, 0}},
    {.step = STEP_PACK, .role = SY_ROLE_CHILD, .party = 1, .other = 9, .quantity = {500000, 0}},
    {.step = STEP_UNPACK, .role = SY_ROLE_CHILD, .party = 2, .other = 9, .quantity = {499999, 0}},
};
static const struct item_fact pallet_facts[] = {
    {.step = STEP_PACK, .role = SY_ROLE_PARENT, .party = 1, .other = NO_ID, .time = 2},
    {.step = STEP_SHIP, .party = 1, .other = 2, .time = 2},
    {.step = STEP_RECEIVE, .party = 2, .other = 1, .time = 2},
};

static int lot_next(void *ctx, uint64_t item, uint64_t from, struct item_event *out)
{
	const struct lot *l = ctx;
	uint64_t hand = 2 + from / 2;
	if (from >= (item == 9 ? 3 : l->facts))
		return SY_ENOTFOUND;
	*out = (struct item_event){.record = from, .n_facts = 1};
	if (item == 9)
		out->facts[0] = pallet_facts[from];
	else if (from < 3)
		out->facts[0] = lot_facts[from];
	else
		out->facts[0] = (struct item_fact){.step = from % 2 ? STEP_SHIP : STEP_RECEIVE,
						   .party = from % 2 ? 2 : hand,
						   .other = from % 2 ? hand + 1 : 2,
						   .quantity = {1, 0}};
	out->facts[0].has_quantity = true;
	out->facts[0].place = NO_ID;
	if (item != 9)
		out->facts[0].time = (int64_t)from * 2;
	return SY_OK;
}

static void custody(char **args)
{
	struct lot lot = {strtoull(args[0], NULL, 10)};
	struct custody_source source = {lot_next, &lot};
	struct sy_arena arena = {0};
	struct custody c = {0};
	size_t used = 0;
	double begin = seconds(CLOCK_PROCESS_CPUTIME_ID), end = begin;
	unsigned done = 0;
	for (; end - begin < 1.0; end = seconds(CLOCK_PROCESS_CPUTIME_ID), done++) {
		sy_arena_reset(&arena);
		if (custody_fold(&source, 0, SY_CODE_LOT, &arena, &c) || c.n_flags)
			exit(1);
		used = arena.used;
	}
	printf("{\"us\":%.2f,\"holders\":%zu,\"arena_bytes\":%zu}\n", (end - begin) / done * 1e6,
	       c.n_holders, used);
	sy_arena_free(&arena);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(char **args);
		int n_args;
	} all[] = {{"bulk", bulk, 0},    {"verify", verify, 0}, {"json", json, 0},
		   {"event", events, 0}, {"code", code, 0},     {"custody", custody, 1}};
	if (sy_crypto_init())
		return 1;
	for (unsigned i = 0; argc >= 2 && i < sizeof all / sizeof all[0]; i++)
		if (strcmp(argv[1], all[i].name) == 0 && argc == 2 + all[i].n_args) {
			all[i].run(argv + 2);
			return 0;
		}
	fprintf(stderr, "usage: micro bulk|verify|json|event|code, or micro custody FACTS\n");
	return 2;
}
