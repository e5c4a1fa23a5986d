/*
 * What the machine allows: limits to hold the daemon's figures against, one core each.
 *
 *   micro bulk     parse, hash and seal-free check of 1,000-record submissions, signature included
 *   micro verify   Ed25519 verifications of submission statements
 *   micro json     a typical event through the JSON reader
 *   micro code     element strings and links through the code parser
 */
#include <suyuan/code.h>
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

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void bulk(void)
{
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

static void verify(void)
{
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

static void json(void)
{
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

static void code(void)
{
	static const char *const texts[] = {"(01)06901234567892(10)A1",
					    "https://id.gs1.org/01/06901234567892/10/A1",
					    "https://id.gs1.org/01/06901234567892/21/123456"};
	struct sy_arena arena = {0};
	double begin = now();
	unsigned done = 0;
	while (now() - begin < 1.0)
		for (unsigned i = 0; i < 999; i++, done++) {
			struct sy_code c;
			struct sy_faults faults;
			sy_faults_init(&faults, &arena);
			if (sy_code_parse(&arena, sy_str(texts[i % 3]), &c, &faults, SY_NO_RECORD,
					  ""))
				exit(1);
			sy_arena_reset(&arena);
		}
	printf("{\"codes_per_second\":%.0f}\n", done / (now() - begin));
	sy_arena_free(&arena);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {{"bulk", bulk}, {"verify", verify}, {"json", json}, {"code", code}};
	if (sy_crypto_init())
		return 1;
	for (unsigned i = 0; argc == 2 && i < sizeof all / sizeof all[0]; i++)
		if (strcmp(argv[1], all[i].name) == 0) {
			all[i].run();
			return 0;
		}
	fprintf(stderr, "usage: micro bulk|verify|json|code\n");
	return 2;
}
