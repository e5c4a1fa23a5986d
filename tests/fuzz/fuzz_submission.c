/*
 * The body of a submission.  The records and the envelope are the body, cut at LF; SY_OK comes
 * without a fault and everything else with one; and the same records signed are always taken.
 */
#include <suyuan/error.h>
#include <suyuan/submission.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

#define ORIGIN SY_STR("example.com/trace")

static struct sy_arena arena;

static void check_cuts(struct sy_str body, const struct sy_submission *s)
{
	const char *at = memchr(body.p, '\n', body.n), *end = body.p + body.n;
	for (uint32_t i = 0; i < s->count; i++) {
		struct sy_str r = s->records[i];
		MUST(at && *at == '\n' && r.p == at + 1);
		MUST(r.n == 0 || memchr(r.p, '\n', r.n) == NULL);
		at = r.p + r.n;
		MUST(at <= end);
		if (at == end)
			MUST(i == s->count - 1);
	}
	if (s->count > 0)
		MUST(at == end || at + 1 == end);
}

static void check_made(const struct sy_submission *s)
{
	static const uint8_t seed[SY_SEED_SIZE] = {1}, salt_key[32] = {2};
	struct sy_signer signer;
	struct sy_buf body = {0};
	struct sy_submission again;
	struct sy_faults faults;
	sy_hash root;
	bool legal = s->count > 0;
	for (uint32_t i = 0; i < s->count; i++) {
		struct sy_json_doc doc;
		legal &= sy_record_parse(&arena, s->records[i], &doc, NULL) == SY_OK;
	}
	sy_signer_from_seed(&signer, seed);
	int err =
	    sy_submission_make(&signer, salt_key, ORIGIN, s->records, s->count, 1, &body, &root);
	MUST((err == SY_OK) == legal);
	if (err == SY_OK) {
		sy_faults_init(&faults, &arena);
		MUST(sy_submission_parse(&arena, sy_buf_span(&body), &again, &faults) == SY_OK);
		MUST(sy_submission_check(&arena, ORIGIN, &again, &faults) == SY_OK);
		MUST(again.count == s->count && sy_hash_eq(&root, &again.records_root));
	}
	sy_buf_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_str body = {(const char *)data, n};
	struct sy_submission s;
	struct sy_faults faults;
	sy_faults_init(&faults, &arena);
	int err = sy_submission_parse(&arena, body, &s, &faults);
	MUST((err == SY_OK) == (sy_faults_status(&faults) == 0) && s.broken == (err != SY_OK));
	int more = sy_submission_check(&arena, ORIGIN, &s, &faults);
	MUST(err == SY_OK || more != SY_OK);
	MUST((more == SY_OK) == (sy_faults_status(&faults) == 0));
	for (size_t i = 0; i < faults.n; i++) {
		const struct sy_fault *f = &faults.v[i];
		MUST(f->pointer && f->detail && f->status >= 400);
		MUST(f->record == SY_NO_RECORD || (f->record >= 0 && f->record < (long)s.count));
	}
	if (n > 0)
		check_cuts(body, &s);
	if (s.count < 50)
		check_made(&s);
	sy_arena_reset(&arena);
	return 0;
}
