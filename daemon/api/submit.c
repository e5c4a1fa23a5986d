/*
 * POST /v1/submissions: from a request that was read to its one answer.
 *
 * Worker: parse, hash, verify, judge against a snapshot of the index.  Refused: the refusal is
 * final only when the snapshot holds everything that was published when the request arrived.
 * Fit: to the writer, who numbers and stores it, or sends it back to be judged again.
 */
#include "api/answer.h"

#include "base/metrics.h"

#include <suyuan/time.h>

#include <stdlib.h>
#include <time.h>

enum { AGAIN_MAX = 20, CATCH_UP_MS = 20000, SLOW_MS = 50, SLOW_TIMES = 20 };

struct submit {
	struct task task; /* first: the pool hands this back */
	struct guest guest;
	struct ledger_job job;
	struct app *app;
	struct http_exchange *x;
	struct sy_submission sub;
	struct sy_faults faults;
	struct admit_verdict verdict;
	uint64_t arrived_ns;
	uint64_t published; /* entries when the request arrived */
	unsigned judged;
	bool checked; /* parsed, hashed and verified */
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void busy(struct submit *s, const char *detail)
{
	metric_add(METRIC_SUBMISSIONS_BUSY, 1);
	http_set(s->x, "Retry-After", "1");
	http_problem(s->x, 503, "busy, try again", detail, NULL);
}

static void fail(struct submit *s, int err)
{
	if (err == SY_ENOMEM) {
		busy(s, "judging it takes more memory than there is now: try again, or send it in "
			"parts");
		return;
	}
	if (err == SY_EBUSY || err == SY_EHALT || err == SY_ECLOCK) {
		busy(s, sy_strerror(err));
		return;
	}
	http_problem_err(s->x, err, NULL);
}

static void refuse(struct submit *s, int status, const char *title, const struct sy_faults *faults)
{
	metric_add(METRIC_SUBMISSIONS_REFUSED, 1);
	http_problem(s->x, status, title, NULL, faults);
}

/* --- the answer ------------------------------------------------------------------------------ */

static void write_warnings(struct sy_jw *w, const struct sy_faults *faults)
{
	sy_jw_key(w, "warnings");
	sy_jw_array(w);
	for (size_t i = 0; i < faults->n; i++) {
		const struct sy_fault *f = &faults->v[i];
		sy_jw_object(w);
		if (f->record != SY_NO_RECORD)
			sy_jw_kv_u64(w, "record", (uint64_t)f->record);
		sy_jw_kv_text(w, "pointer", f->pointer);
		if (f->field)
			sy_jw_kv_text(w, "field", f->field);
		sy_jw_kv_text(w, "detail", f->detail);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
}

static void answer(struct submit *s, int status, const uint8_t raw[SY_ENTRY_SIZE],
		   struct sy_str proof, const struct sy_faults *warnings)
{
	static const struct sy_faults none;
	struct sy_buf body = {0};
	struct sy_jw w;
	struct sy_entry e;
	int err = sy_entry_decode(raw, &e, NULL);
	if (err) {
		fail(s, err);
		return;
	}
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	sy_jw_kv_u64(&w, "entry", e.index);
	sy_jw_kv_u64(&w, "firstRecord", e.first);
	sy_jw_kv_u64(&w, "count", e.count);
	answer_time(&w, "time", e.time);
	write_warnings(&w, warnings ? warnings : &none);
	sy_jw_key(&w, "receipt");
	sy_jw_object(&w);
	sy_jw_key(&w, "entry");
	sy_jw_base64(&w, raw, SY_ENTRY_SIZE);
	sy_jw_kv_str(&w, "proof", proof);
	sy_jw_end(&w, '}');
	sy_jw_end(&w, '}');
	metric_time(METRIC_TIME_SUBMIT, (now_ns() - s->arrived_ns) / 1000);
	answer_json(s->x, status, &body);
}

/* 200: the ledger has it; the proof is against the newest checkpoint. */
static void answer_duplicate(struct submit *s, uint64_t entry)
{
	struct ledger_read r;
	struct sy_buf proof = {0};
	const uint8_t *raw;
	int err = ledger_read_begin(s->app->ledger, &r);
	if (err) {
		fail(s, err);
		return;
	}
	if ((err = ledger_entry(&r, entry, &raw)) == SY_OK)
		err = ledger_entry_proof(&r, entry, &proof);
	if (!err && proof.failed)
		err = SY_ENOMEM;
	if (err) {
		fail(s, err);
	} else {
		metric_add(METRIC_SUBMISSIONS_DUPLICATE, 1);
		answer(s, 200, raw, sy_buf_span(&proof), NULL);
	}
	ledger_read_end(&r);
	sy_buf_free(&proof);
}

/* --- the way --------------------------------------------------------------------------------- */

static void judge(struct task *t);

static void came_back(struct guest *g, int err)
{
	struct submit *s = (struct submit *)((char *)g - offsetof(struct submit, guest));
	if (err) {
		busy(s, "the index is behind");
		return;
	}
	s->task.run = judge;
	pool_add(s->app->pool, &s->task);
}

static void judge_again(struct submit *s, uint64_t position)
{
	if (++s->judged > AGAIN_MAX) {
		busy(s, "others keep changing what this submission rests on");
		return;
	}
	metric_add(METRIC_JUDGED_AGAIN, 1);
	s->guest.call = came_back;
	index_want(s->app->index, position);
	later_add(s->app->later, &s->guest, position, CATCH_UP_MS);
}

/* In the writer's thread, once the checkpoint that covers the entry is published. */
static void answer_written(struct submit *s)
{
	/* The job's memory ends with the answer; the proof's doesn't. */
	struct sy_buf proof = s->job.proof;
	bool fresh = s->job.said == LEDGER_APPEND;
	metric_add(fresh ? METRIC_SUBMISSIONS_ACCEPTED : METRIC_SUBMISSIONS_DUPLICATE, 1);
	answer(s, fresh ? 201 : 200, s->job.entry_bytes, sy_buf_span(&proof),
	       fresh ? &s->verdict.faults : NULL);
	sy_buf_free(&proof);
}

static void written(struct ledger_job *job)
{
	struct submit *s = (struct submit *)((char *)job - offsetof(struct submit, job));
	if (job->said == LEDGER_AGAIN)
		judge_again(s, s->verdict.again_at);
	else if (job->err || job->said == LEDGER_REFUSE)
		fail(s, job->err);
	else
		answer_written(s);
}

static void to_writer(struct submit *s)
{
	sy_buf_free(&s->job.proof);
	s->job = (struct ledger_job){.sub = &s->sub, .verdict = &s->verdict, .done = written};
	s->job.bytes = http_request(s->x)->body.n;
	int err = ledger_submit(s->app->ledger, &s->job);
	if (err)
		fail(s, err);
}

/* Slower acknowledgements before the index falls too far behind. */
static void hold_back(struct app *app)
{
	for (unsigned i = 0; i < SLOW_TIMES && index_late(app->index) > app->config.lag_soft; i++)
		index_wait(app->index, index_position(app->index) + 1, SLOW_MS);
}

static void judge(struct task *t)
{
	struct submit *s = (struct submit *)t;
	enum admit_lang lang = answer_in_chinese(s->x) ? ADMIT_ZH : ADMIT_EN;
	int err = admit_check(s->app->admit, http_arena(s->x), &s->sub, lang, &s->verdict);
	if (err)
		fail(s, err);
	else if (s->verdict.duplicate)
		answer_duplicate(s, s->verdict.entry);
	else if (s->verdict.status && s->verdict.position < s->published)
		judge_again(s, s->published);
	else if (s->verdict.status)
		refuse(s, s->verdict.status, "refused", &s->verdict.faults);
	else
		to_writer(s);
}

static void check(struct task *t)
{
	struct submit *s = (struct submit *)t;
	struct sy_arena *arena = http_arena(s->x);
	hold_back(s->app);
	sy_faults_init(&s->faults, arena);
	s->faults.chinese = answer_in_chinese(s->x);
	int err = sy_submission_parse(arena, http_request(s->x)->body, &s->sub, &s->faults);
	if (!err)
		err =
		    sy_submission_check(arena, ledger_origin(s->app->ledger), &s->sub, &s->faults);
	int status = sy_faults_status(&s->faults);
	if (status) {
		refuse(s, status, status == 401 ? sy_strerror(SY_ESIG) : "malformed submission",
		       &s->faults);
		return;
	}
	if (err) {
		fail(s, err);
		return;
	}
	judge(t);
}

void handle_submission(struct http_exchange *x, void *ctx)
{
	struct app *app = ctx;
	struct ledger_head head;
	http_arena(x)->budget = &app->work;
	struct submit *s = sy_arena_calloc(http_arena(x), 1, sizeof *s);
	struct sy_str type = http_request(x)->content_type;
	if (s == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	if (type.n > 0 && !sy_str_is(type, "application/x-ndjson")) {
		http_problem(x, 415, "unsupported media type", "expected application/x-ndjson",
			     NULL);
		return;
	}
	*s = (struct submit){.app = app, .x = x, .arrived_ns = now_ns(), .task.run = check};
	ledger_head(app->ledger, &head);
	s->published = head.entries;
	if (answer_lag(app) > app->config.lag_hard) {
		busy(s, "the index is too far behind");
		return;
	}
	pool_add(app->pool, &s->task);
}
