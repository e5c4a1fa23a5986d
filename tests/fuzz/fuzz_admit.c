/*
 * Records of any content, signed by parties that may sign, against a small ledger.  A verdict has
 * its faults, and is the same when given again; what is accepted is appended, gets a receipt that
 * verifies, and never stops the index.
 *
 * Submissions are parted by an empty line; the first byte of each chooses its author: o, r, d, f
 * (operator, regulator, dairy, farm).  An input that changed the ledger is the last it sees.
 */
#include <admit/admit.h>
#include <suyuan/suyuan.h>

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

#define ORIGIN "example.com/trace"

enum { OPERATOR, REGULATOR, DAIRY, FARM, ACTORS };

static struct actor {
	char letter;
	const char *id;
	struct sy_signer signer;
} actors[ACTORS] = {
    {.letter = 'o', .id = "urn:suyuan:own:hebei:operator"},
    {.letter = 'r', .id = "urn:suyuan:own:hebei:regulator"},
    {.letter = 'd', .id = "https://id.gs1.org/417/6901234000009"},
    {.letter = 'f', .id = "urn:suyuan:own:farm:party"},
};

static struct world {
	char dir[64];
	struct ledger *ledger;
	struct index *index;
	struct admit *admit;
	struct sy_arena arena;
	bool changed;
} w;

/* --- one submission -------------------------------------------------------------------------- */

struct turn {
	struct ledger_job job;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
};

static void turn_done(struct ledger_job *job)
{
	struct turn *t = (struct turn *)job;
	pthread_mutex_lock(&t->lock);
	t->done = true;
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
}

static enum ledger_verdict judge(void *ctx, struct ledger_job *job, uint64_t entry, uint64_t time)
{
	(void)ctx;
	return admit_judge(w.admit, job, entry, time);
}

static void settle(void *ctx, struct ledger_job *job, bool published)
{
	(void)ctx;
	admit_settle(w.admit, job, published);
}

static void check_receipts(const struct ledger_job *job)
{
	struct ledger_read r;
	char vkey[SY_VKEY_TEXT];
	sy_vkey_format(ledger_vkey(w.ledger), vkey);
	MUST(ledger_read_begin(w.ledger, &r) == SY_OK);
	for (uint32_t i = 0; i < job->count && i < 4; i++) {
		struct sy_buf text = {0};
		struct sy_receipt_fault fault;
		int err = ledger_receipt(&r, &w.arena, job->first + i, &text);
		/* An Erasure may have named it by now. */
		MUST(err == SY_OK || err == SY_EGONE);
		MUST(err || sy_receipt_check(sy_buf_span(&text), sy_str(vkey), &fault) == SY_OK);
		sy_buf_free(&text);
	}
	ledger_read_end(&r);
}

static void append(const struct sy_submission *s, struct admit_verdict *v)
{
	struct turn t = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
	t.job.sub = s;
	t.job.verdict = v;
	t.job.done = turn_done;
	w.changed = true;
	MUST(ledger_submit(w.ledger, &t.job) == SY_OK);
	pthread_mutex_lock(&t.lock);
	while (!t.done)
		pthread_cond_wait(&t.cond, &t.lock);
	pthread_mutex_unlock(&t.lock);
	/* A period may have ended meanwhile; nothing else has happened. */
	MUST(t.job.said == LEDGER_APPEND || t.job.said == LEDGER_AGAIN);
	sy_buf_free(&t.job.proof);
	MUST(index_catch_up(w.index) == SY_OK);
	if (t.job.said == LEDGER_APPEND)
		check_receipts(&t.job);
}

static void check_verdict(const struct sy_submission *s, const struct admit_verdict *v)
{
	struct admit_verdict again;
	MUST(v->status == sy_faults_status(&v->faults));
	MUST(v->n_claims > 0);
	for (size_t i = 0; i < v->faults.n; i++) {
		const struct sy_fault *f = &v->faults.v[i];
		MUST(f->record == SY_NO_RECORD || (f->record >= 0 && f->record < (long)s->count));
		MUST(f->pointer[0] == '\0' || f->pointer[0] == '/');
		MUST(*f->detail && sy_utf8_valid(f->detail, strlen(f->detail), NULL));
		MUST(f->status == 0 || (f->status >= 400 && f->status < 500));
	}
	MUST(admit_check(w.admit, &w.arena, s, ADMIT_EN, &again) == SY_OK);
	MUST(again.status == v->status && again.faults.n == v->faults.n);
	MUST(again.n_claims == v->n_claims);
	MUST(memcmp(again.claims, v->claims, v->n_claims * sizeof *v->claims) == 0);
}

/* The status; -1 when TEXT isn't a submission at all. */
static int say(const struct actor *a, struct sy_str text)
{
	static const uint8_t salt_key[32] = {9};
	struct sy_str records[32], line;
	struct sy_submission s;
	struct sy_faults faults;
	struct sy_buf body = {0};
	struct admit_verdict v;
	uint32_t deadline = (uint32_t)(sy_time_now() / 1000) + 600;
	size_t n = 0;
	int status = -1;

	while (n < 32 && sy_str_line(&text, &line))
		records[n++] = line;
	if (sy_submission_make(&a->signer, salt_key, SY_STR(ORIGIN), records, n, deadline, &body,
			       NULL) == SY_OK) {
		sy_faults_init(&faults, &w.arena);
		MUST(sy_submission_parse(&w.arena, sy_buf_span(&body), &s, &faults) == SY_OK);
		MUST(sy_submission_check(&w.arena, SY_STR(ORIGIN), &s, &faults) == SY_OK);
		MUST(admit_check(w.admit, &w.arena, &s, ADMIT_EN, &v) == SY_OK);
		if (!v.duplicate) {
			check_verdict(&s, &v);
			status = v.status;
			if (status == 0)
				append(&s, &v);
		}
	}
	sy_buf_free(&body);
	return status;
}

/* --- the ledger ------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void end_world(void)
{
	if (w.ledger == NULL)
		return;
	ledger_stop(w.ledger);
	admit_free(w.admit);
	index_close(w.index);
	ledger_close(w.ledger);
	sy_arena_free(&w.arena);
	nftw(w.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	memset(&w, 0, sizeof w);
}

/* A Party record with its key; MORE are its other members. */
static void enrol(const struct actor *by, const struct actor *who, const char *more)
{
	char name[SY_KEY_NAME_MAX + 1], vkey[SY_VKEY_TEXT];
	struct sy_vkey v;
	uint8_t proof[SY_SIG_SIZE];
	struct sy_buf b = {0};
	MUST(sy_party_key_name(sy_str(who->id), name) == SY_OK);
	MUST(sy_vkey_make(&v, sy_str(name), who->signer.key) == SY_OK);
	sy_vkey_format(&v, vkey);
	MUST(sy_key_proof_make(&who->signer, SY_STR(ORIGIN), sy_str(who->id), sy_str(vkey),
			       proof) == SY_OK);
	sy_buf_printf(&b, "{\"type\":\"Party\",\"id\":\"%s\",\"name\":{\"en\":\"X\"},%s,", who->id,
		      more);
	sy_buf_printf(&b, "\"keys\":[{\"vkey\":\"%s\",\"proof\":\"", vkey);
	sy_buf_base64(&b, proof, sizeof proof);
	sy_buf_text(&b, "\"}]}");
	MUST(say(by, sy_buf_span(&b)) == 0);
	sy_buf_free(&b);
}

static void populate(void)
{
	enrol(&actors[OPERATOR], &actors[REGULATOR],
	      "\"roles\":[\"regulator\"],\"region\":\"130000\"");
	enrol(&actors[REGULATOR], &actors[DAIRY],
	      "\"roles\":[\"producer\"],\"region\":\"130100\",\"prefixes\":[\"6901234\"],"
	      "\"uscc\":\"91350100M000100Y43\"");
	enrol(&actors[REGULATOR], &actors[FARM], "\"roles\":[\"producer\"],\"region\":\"130102\"");
	MUST(say(&actors[DAIRY],
		 SY_STR(
		     "{\"type\":\"Product\",\"code\":\"06901234567892\",\"name\":{\"en\":\"Milk\"},"
		     "\"category\":\"food\",\"specification\":\"250 mL\",\"standard\":\"GB 19645\","
		     "\"licences\":[{\"kind\":\"SC\",\"number\":\"SC10744030704994\"}]}")) == 0);
	MUST(say(&actors[DAIRY],
		 SY_STR("{\"type\":\"Contact\",\"id\":\"urn:c:1\",\"party\":"
			"\"https://id.gs1.org/417/6901234000009\",\"name\":\"N\"}")) == 0);
}

/* In memory where that can be: many ledgers are made. */
static void begin_world(void)
{
	char path[96];
	const char *why = "";
	struct sy_keyfile key;
	struct sy_str rules[16];
	MUST(admit_n_default_rules <= 16);
	for (size_t i = 0; i < admit_n_default_rules; i++)
		rules[i] = sy_str(admit_default_rules[i]);
	snprintf(w.dir, sizeof w.dir, "%s/suyuan-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(w.dir) != NULL);
	struct ledger_genesis g = {.origin = ORIGIN,
				   .operator_id = actors[OPERATOR].id,
				   .records = rules,
				   .n_records = admit_n_default_rules};
	MUST(ledger_create(w.dir, &g, &why) == SY_OK);
	snprintf(path, sizeof path, "%s/operator.key", w.dir);
	MUST(sy_keyfile_read(&key, path, NULL, &why) == SY_OK);
	actors[OPERATOR].signer = key.signer;
	struct ledger_options lo = {
	    .dir = w.dir, .map_size = 64 << 20, .judge = judge, .settle = settle};
	MUST(ledger_open(&lo, &w.ledger, &why) == SY_OK);
	struct index_options io = {.dir = w.dir, .ledger = w.ledger, .map_size = 64 << 20};
	MUST(index_open(&io, &w.index, &why) == SY_OK);
	MUST(index_catch_up(w.index) == SY_OK);
	MUST(admit_new(w.ledger, w.index, &w.admit) == SY_OK);
	MUST(ledger_start(w.ledger) == SY_OK);
	populate();
	w.changed = false;
}

static void begin_once(void)
{
	static bool begun;
	if (begun)
		return;
	begun = true;
	MUST(sy_crypto_init() == SY_OK);
	for (uint8_t i = REGULATOR; i < ACTORS; i++)
		sy_signer_from_seed(&actors[i].signer, (uint8_t[SY_SEED_SIZE]){i});
	atexit(end_world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data, *end = p + n;
	begin_once();
	if (w.ledger == NULL)
		begin_world();
	for (int turns = 0; p < end && turns < 8; turns++) {
		const char *gap = memmem(p, (size_t)(end - p), "\n\n", 2);
		const char *to = gap ? gap : end;
		const struct actor *a = &actors[DAIRY];
		for (int i = 0; i < ACTORS; i++)
			if (actors[i].letter == *p)
				a = &actors[i];
		if (to > p)
			say(a, (struct sy_str){p + 1, (size_t)(to - p) - 1});
		p = gap ? gap + 2 : end;
	}
	if (w.changed)
		end_world();
	else
		sy_arena_reset(&w.arena);
	return 0;
}
