#include <sodium.h>
#include <stdlib.h>

#include "admit/profile.h"

#define CLAIMS_MAX (UINT64_C(1) << 20) /* 32 MiB when all are taken */
#define FORGET_AFTER_MS 1000           /* verdicts made that long ago may still wait */

int admit_new(struct ledger *l, struct index *ix, struct admit **out)
{
	struct ledger_head head;
	struct admit *a = calloc(1, sizeof(*a));
	int err = SY_ENOMEM;
	if (!a)
		return err;
	if ((err = claims_new(CLAIMS_MAX, &a->claims)) != SY_OK)
		goto err0;
	if (pthread_mutex_init(&a->lock, NULL) != 0) {
		err = SY_ENOMEM;
		goto err1;
	}
	if ((err = sy_random(a->key, sizeof(a->key))) != SY_OK)
		goto err2;
	/* What was written before this start is remembered by the index alone. */
	ledger_head(l, &head);
	a->ledger = l;
	a->index = ix;
	a->horizon = a->mark = head.entries;
	a->mark_time = head.time;
	atomic_init(&a->time, head.time);
	*out = a;
	return SY_OK;
err2:
	pthread_mutex_destroy(&a->lock);
err1:
	claims_free(a->claims);
err0:
	free(a);
	return err;
}

void admit_free(struct admit *a)
{
	if (!a)
		return;
	rules_put(a->rules);
	pthread_mutex_destroy(&a->lock);
	claims_free(a->claims);
	free(a);
}

size_t admit_remembered(struct admit *a)
{
	return claims_count(a->claims);
}

/* --- the worker's part ----------------------------------------------------------------------- */

static bool is_duplicate(struct check *c)
{
	const struct sy_submission *sub = c->sub;
	struct sy_str author = {(const char *)sub->author, SY_KEY_SIZE};
	struct sy_str root = {(const char *)sub->records_root.b, SY_HASH_SIZE};
	struct fact *f = fact_of(c, FACT_SUBMISSION, author, root);
	fact_write(c, f);
	int err = index_submission(&c->r, sub->author, &sub->records_root, &c->verdict->entry);
	if (err && err != SY_ENOTFOUND)
		c->err = err;
	return c->verdict->duplicate = err == SY_OK;
}

static void deadline_check(struct check *c)
{
	uint64_t deadline = c->sub->deadline * UINT64_C(1000);
	char text[SY_TIME_TEXT];
	c->verdict->not_after = deadline;
	if (c->now <= deadline)
		return;
	sy_time_format(c->now, text);
	fault(c, 422, "/deadline", "the deadline has passed: expected one after %s",
	      "提交期限已过：应晚于 %s", text);
}

static void stages(struct check *c)
{
	if (is_duplicate(c) || c->err)
		return;
	deadline_check(c);
	author_find(c);
	fact_of(c, FACT_VERSION, NO_MORE, NO_MORE);
	if (c->err || !(c->rules = rules_get(c)))
		return;
	for (uint32_t i = 0; i < c->sub->count && !c->err; i++) {
		c->record = i;
		record_judge(c, c->sub->records[i]);
	}
}

static uint64_t entry_time(const struct check *c)
{
	uint64_t time = sy_time_now(), judged = atomic_load(&c->a->time);
	time = time > c->r.time ? time : c->r.time;
	return time > judged ? time : judged;
}

/* All that waits for the writer of what was found out. */
static int keep_claims(const struct check *c, struct sy_arena *arena)
{
	struct admit_verdict *out = c->verdict;
	out->claims = sy_arena_alloc(arena, c->facts.n * sizeof(*out->claims));
	if (!out->claims)
		return SY_ENOMEM;
	memcpy(out->claims, c->facts.claims, c->facts.n * sizeof(*out->claims));
	out->n_claims = c->facts.n;
	return SY_OK;
}

int admit_check(struct admit *a, struct sy_arena *arena, const struct sy_submission *sub,
		enum admit_lang lang, struct admit_verdict *out)
{
	struct sy_arena facts = {.budget = arena->budget}, scratch = facts;
	struct check c = {.a = a,
			  .arena = &facts,
			  .scratch = &scratch,
			  .sub = sub,
			  .verdict = out,
			  .faults = &out->faults,
			  .lang = lang,
			  .record = SY_NO_RECORD,
			  .region = {"", 0}};
	memset(out, 0, sizeof(*out));
	sy_faults_init(&out->faults, arena);
	out->faults.chinese = lang == ADMIT_ZH;
	if ((c.err = facts_init(&c, 16 + 3 * (size_t)sub->count)) == SY_OK &&
	    (c.err = index_read_begin(a->index, &c.r)) == SY_OK) {
		c.now = entry_time(&c);
		out->position = c.r.position;
		stages(&c);
		index_read_end(&c.r);
	}
	rules_put(c.rules);
	if (c.truth_open)
		ledger_read_end(&c.truth);
	out->status = sy_faults_status(&out->faults);
	sy_arena_free(&scratch);
	if (c.err == SY_OK)
		c.err = keep_claims(&c, arena);
	facts_free(&c);
	sy_arena_free(&facts);
	return c.err;
}

/* --- the writer's part ----------------------------------------------------------------------- */

static bool writes(const sy_hash *claim)
{
	return claim->b[CLAIM_WRITES] != 0;
}

/* Forgets what the index had a second ago, as younger verdicts may still wait; all that the index
 * has, when room is short. */
static void forget(struct admit *a, uint64_t time, bool all, size_t most)
{
	uint64_t until = 0;
	if (all) {
		until = index_position(a->index);
	} else if (time >= a->mark_time + FORGET_AFTER_MS) {
		until = a->mark;
		a->mark = index_position(a->index);
		a->mark_time = time;
	}
	if (until > a->horizon)
		a->horizon = until;
	claims_forget(a->claims, a->horizon, most);
}

/* The position at which the verdict could know all that touched it; 0 when nothing did. */
static uint64_t touched(const struct admit *a, const struct admit_verdict *v)
{
	const size_t ahead = 8;
	uint64_t entry, after = 0;
	for (size_t i = 1; i < v->n_claims; i++) {
		if (i + ahead < v->n_claims)
			claims_prefetch(a->claims, v->claims[i + ahead].b);
		if (claims_find(a->claims, v->claims[i].b, &entry) && entry >= v->position &&
		    entry >= after)
			after = entry + 1;
	}
	return after;
}

static enum ledger_verdict again(struct admit_verdict *v, struct ledger_job *job, uint64_t at)
{
	v->again_at = at;
	job->err = SY_OK;
	return LEDGER_AGAIN;
}

static enum ledger_verdict refuse(struct ledger_job *job, int err)
{
	job->err = err;
	return LEDGER_REFUSE;
}

static int refusal(int status)
{
	static const struct {
		int status, err;
	} rows[] = {{400, SY_EINVAL}, {401, SY_EKEY}, {403, SY_EDENIED}, {409, SY_ECONFLICT}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status)
			return rows[i].err;
	return SY_ERULES;
}

enum ledger_verdict admit_judge(void *admit, struct ledger_job *job, uint64_t entry, uint64_t time)
{
	struct admit *a = admit;
	struct admit_verdict *v = job->verdict;
	atomic_store_explicit(&a->time, time, memory_order_relaxed);
	forget(a, time, false, 1024 + 4 * v->n_claims);
	if (v->duplicate) {
		job->entry = v->entry;
		return LEDGER_DUPLICATE;
	}
	if (claims_find(a->claims, v->claims[0].b, &job->entry))
		return LEDGER_DUPLICATE;
	uint64_t after = v->position < a->horizon ? a->horizon : touched(a, v);
	if (after)
		return again(v, job, after);
	if (v->status)
		return refuse(job, refusal(v->status));
	if (time > v->not_after)
		return again(v, job, v->position);
	size_t n = 0;
	for (size_t i = 0; i < v->n_claims; i++)
		n += writes(&v->claims[i]);
	int err = claims_reserve(a->claims, n);
	if (err == SY_EBUSY) {
		forget(a, time, true, SIZE_MAX);
		err = claims_reserve(a->claims, n);
	}
	if (err)
		return refuse(job, err);
	for (size_t i = 0; i < v->n_claims; i++)
		if (writes(&v->claims[i]))
			claims_put(a->claims, v->claims[i].b, entry);
	job->entry = entry; /* for admit_settle, should the writer refuse it after all */
	return LEDGER_APPEND;
}

/* An undone claim may have stood in place of an older one, which the index has but a verdict made
 * before this one's position hadn't: those are judged again. */
void admit_settle(void *admit, struct ledger_job *job, bool published)
{
	struct admit *a = admit;
	const struct admit_verdict *v = job->verdict;
	if (published || v->status || v->duplicate)
		return;
	for (size_t i = 0; i < v->n_claims; i++)
		if (writes(&v->claims[i]))
			claims_drop(a->claims, v->claims[i].b, job->entry);
	if (v->position > a->horizon)
		a->horizon = v->position;
}
