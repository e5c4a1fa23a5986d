#include "unseal.h"

#include "base/metrics.h"

#include <stdlib.h>
#include <time.h>

int (*_Atomic ledger_fault)(enum ledger_point point);

/* --- the nodes a group adds ------------------------------------------------------------------ */

void growth_begin(struct growth *g, const struct sy_tree *old)
{
	g->old = *old;
	g->size = old->size;
	for (unsigned i = 0; i < SY_PATH_MAX; i++)
		g->level[i].n = 0;
}

void growth_free(struct growth *g)
{
	for (unsigned i = 0; i < SY_PATH_MAX; i++)
		free(g->level[i].v);
}

static int push(struct growth_level *level, const sy_hash *node)
{
	if (level->n == level->cap) {
		size_t cap = level->cap ? 2 * level->cap : 64;
		sy_hash *v = realloc(level->v, cap * sizeof *v);
		if (v == NULL)
			return SY_ENOMEM;
		level->v = v;
		level->cap = cap;
	}
	level->v[level->n++] = *node;
	return SY_OK;
}

int growth_at(void *growth, unsigned level, uint64_t index, sy_hash *out)
{
	const struct growth *g = growth;
	uint64_t base;

	if (level >= SY_PATH_MAX)
		return SY_ERANGE;
	base = g->old.size >> level;
	if (index >= base && index - base < g->level[level].n)
		*out = g->level[level].v[index - base];
	else if (index + 1 == base && base & 1)
		*out = g->old.peak[level];
	else
		return SY_ENOTFOUND;
	return SY_OK;
}

int growth_add(struct growth *g, const sy_hash *leaf)
{
	sy_hash node = *leaf, left;
	unsigned level = 0;
	int err;

	for (uint64_t index = g->size; (err = push(&g->level[level], &node)) == SY_OK && index & 1;
	     index >>= 1, level++) {
		if ((err = growth_at(g, level, index - 1, &left)))
			break;
		sy_node_hash(&left, &node, &node);
	}
	if (err == SY_OK)
		g->size++;
	else /* without what this leaf brought already */
		for (level = 0; level < SY_PATH_MAX; level++)
			g->level[level].n = (g->size >> level) - (g->old.size >> level);
	return err;
}

void growth_tree(const struct growth *g, struct sy_tree *out)
{
	*out = (struct sy_tree){.size = g->size};
	for (unsigned level = 0; level < SY_PATH_MAX; level++)
		if (g->size >> level & 1)
			growth_at((void *)(uintptr_t)g, level, (g->size >> level) - 1,
				  &out->peak[level]);
}

/* --- a group --------------------------------------------------------------------------------- */

struct group {
	struct ledger *l;
	struct ledger_job *jobs, **end; /* that wait for the commit */
	struct newest last;             /* as it will be */
	uint64_t now;
	struct disk disk;
	uint64_t truth_bytes, records; /* to be reserved */
	unsigned appended;
};

/* At most what a job's rows take of the file: LMDB fills a leaf page at least half when rows come
 * in order, and gives a row past half a page pages of its own. */
static uint64_t row_cost(uint64_t n)
{
	const uint64_t page = 4096, row = n + 64;

	return row < page / 2 ? 2 * row : (row + page - 1) / page * page + 128;
}

static uint64_t job_cost(const struct sy_submission *s)
{
	uint64_t n = row_cost(SY_ENTRY_SIZE) + row_cost(8 + (uint64_t)s->count * SY_HASH_SIZE) +
		     9 * row_cost(SY_HASH_SIZE);

	for (uint32_t i = 0; i < s->count; i++)
		n += row_cost(SY_HASH_SIZE + s->records[i].n);
	return n;
}

static int reserve_for(struct group *g, const struct sy_submission *s)
{
	/* what every commit copies: a page a level of each table */
	const uint64_t group_bytes = 512 * 1024;
	uint64_t bytes = g->truth_bytes + job_cost(s);
	int err = disk_reserve(g->l, &g->disk, group_bytes + bytes, g->records + s->count);

	if (err)
		return err;
	g->truth_bytes = bytes;
	g->records += s->count;
	return SY_OK;
}

static enum ledger_verdict refuse(struct ledger_job *job, int err)
{
	job->err = err;
	return LEDGER_REFUSE;
}

static void make_entry(const struct group *g, const struct sy_submission *s, uint64_t time,
		       struct sy_entry *e)
{
	*e = (struct sy_entry){
	    .kind = SY_ENTRY_SUBMISSION,
	    .alg = SY_ALG_ED25519,
	    .index = g->last.entries,
	    .first = g->last.records,
	    .count = s->count,
	    .deadline = s->deadline,
	    .time = time,
	    .prev = g->last.leaf,
	    .records_root = s->records_root,
	};
	memcpy(e->author, s->author, sizeof e->author);
	memcpy(e->signature, s->signature, sizeof e->signature);
}

/* Takes room for JOB's entry, numbers and chains it in memory. */
static enum ledger_verdict stage(struct group *g, struct ledger_job *job, uint64_t time)
{
	struct sy_entry e;
	sy_hash leaf;
	int err;

	make_entry(g, job->sub, time, &e);
	/* Whatever the judge says, nothing is stored that an auditor would refuse. */
	if (e.index > 0 && time > (uint64_t)e.deadline * 1000)
		return refuse(job, SY_EDEADLINE);
	if (sy_entry_follows(&e, e.index ? &g->last.entry : NULL, &g->last.leaf, NULL))
		return refuse(job, SY_EINTERNAL);
	/* After the judge: what the ledger has already needs no room. */
	if ((err = reserve_for(g, job->sub)))
		return refuse(job, err);
	sy_entry_encode(&e, job->entry_bytes);
	sy_leaf_hash(job->entry_bytes, SY_ENTRY_SIZE, &leaf);
	if ((err = growth_add(&g->l->growth, &leaf)))
		return refuse(job, err);
	job->entry = e.index;
	job->first = e.first;
	job->count = e.count;
	job->time = e.time;
	g->last = (struct newest){e, leaf, e.index + 1, e.first + e.count};
	g->appended++;
	return LEDGER_APPEND;
}

static void judge(struct group *g, struct ledger_job *job)
{
	const struct ledger_options *o = &g->l->o;
	uint64_t time = g->now;

	if (g->last.entries && time < g->last.entry.time)
		time = g->last.entry.time;
	job->err = SY_OK;
	job->said = LEDGER_APPEND;
	if (o->judge)
		job->said = o->judge(o->ctx, job, g->last.entries, time);
	if (job->said == LEDGER_APPEND && (job->said = stage(g, job, time)) != LEDGER_APPEND &&
	    o->settle)
		o->settle(o->ctx, job, false);
	if (job->said == LEDGER_DUPLICATE && job->entry >= g->last.entries)
		job->said = refuse(job, SY_EINTERNAL);
}

/* What waits for the commit stays in the group; the rest is answered. */
static void judge_all(struct group *g, struct ledger_job *jobs)
{
	struct ledger_job *next;

	for (struct ledger_job *job = jobs; job; job = next) {
		next = job->next;
		job->next = NULL;
		judge(g, job);
		if (job->said == LEDGER_APPEND || job->said == LEDGER_DUPLICATE) {
			*g->end = job;
			g->end = &job->next;
			continue;
		}
		if (job->said == LEDGER_REFUSE)
			g->l->stats.refused++;
		ledger_answer(g->l, job);
	}
}

/* --- storing --------------------------------------------------------------------------------- */

/* Records that are sealed together, and how much of them; a longer one alone. */
enum { SOME = 32, SOME_BYTES = 32768 };

static uint32_t some_of(const struct sy_submission *s, uint32_t from)
{
	uint32_t n = 0;
	size_t bytes = 0;

	while (n < SOME && from + n < s->count && (bytes += s->records[from + n].n) <= SOME_BYTES)
		n++;
	return n ? n : 1;
}

static int put_record(struct kv_tx *tx, uint64_t number, const struct sealed *v)
{
	void *room;
	int err =
	    kv_reserve(tx, T_RECORDS, KEY64(number), SY_HASH_SIZE + v->in.n, KV_APPEND, &room);

	if (err)
		return err;
	memcpy(room, v->leaf, SY_HASH_SIZE);
	if (v->out)
		memcpy((uint8_t *)room + SY_HASH_SIZE, v->out, v->in.n);
	else
		seal(v->salt, v->leaf, v->in, (uint8_t *)room + SY_HASH_SIZE);
	return SY_OK;
}

static int put_some(struct kv_tx *tx, const struct ledger_job *job, uint32_t from, uint32_t n)
{
	const struct sy_submission *s = job->sub;
	struct sealed v[SOME] = {{0}};
	char text[SOME_BYTES], *out = text;
	int err = SY_OK;

	for (uint32_t i = 0; i < n; i++) {
		v[i] = (struct sealed){s->salts[from + i], &s->leaves[from + i],
				       s->records[from + i], out};
		out += v[i].in.n;
	}
	if (v[0].in.n > SOME_BYTES)
		v[0].out = NULL;
	else
		unseal_each(v, n);
	for (uint32_t i = 0; i < n && err == SY_OK; i++)
		err = put_record(tx, job->first + from + i, &v[i]);
	return err;
}

static void put_records(struct kv_tx *tx, const struct ledger_job *job)
{
	const struct sy_submission *s = job->sub;
	void *room;

	for (uint32_t i = 0, n; i < s->count; i += n)
		if (put_some(tx, job, i, n = some_of(s, i)))
			return;
	if (kv_reserve(tx, T_LEAVES, KEY64(job->first), 8 + (size_t)s->count * SY_HASH_SIZE,
		       KV_APPEND, &room))
		return;
	sy_put64(room, job->entry);
	memcpy((uint8_t *)room + 8, s->leaves, (size_t)s->count * SY_HASH_SIZE);
}

static void put_tree(struct kv_tx *tx, const struct growth *g)
{
	for (unsigned t = 0; t < 8; t++) {
		const struct growth_level *level = &g->level[8 * t];
		uint64_t base = g->old.size >> (8 * t);
		for (size_t i = 0; i < level->n; i++)
			kv_put(tx, T_TREE + t, KEY64(base + i),
			       (struct sy_str){(const char *)level->v[i].b, SY_HASH_SIZE},
			       KV_APPEND);
	}
}

static int put_all(struct group *g, struct kv_tx *tx)
{
	struct ledger *l = g->l;

	for (const struct ledger_job *job = g->jobs; job; job = job->next) {
		if (job->said != LEDGER_APPEND)
			continue;
		kv_put(tx, T_ENTRIES, KEY64(job->entry),
		       (struct sy_str){(const char *)job->entry_bytes, SY_ENTRY_SIZE}, KV_APPEND);
		put_records(tx, job);
	}
	put_tree(tx, &l->growth);
	if (l->note.n && !l->note_stored)
		kv_put(tx, T_NOTES, KEY64(l->tree.size), sy_buf_span(&l->note), KV_APPEND);
	return tx->err ? tx->err : fault_at(POINT_PUT);
}

static int write_salts(struct group *g)
{
	struct ledger *l = g->l;

	sy_buf_reset(&l->salts);
	for (const struct ledger_job *job = g->jobs; job; job = job->next)
		if (job->said == LEDGER_APPEND)
			sy_buf_put(&l->salts, job->sub->salts, (size_t)job->count * SY_SALT_SIZE);
	if (l->salts.failed)
		return SY_ENOMEM;
	return salts_append(l, l->last.records, l->salts.p, l->salts.n);
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/*
 * Rows, then salts, then the commit.  Until the salts are written a failure harms nobody and the
 * ledger goes on; a sync that failed is final, *FINAL says so: what the next one reports can't be
 * believed.
 */
static int store(struct group *g, const char **final)
{
	uint64_t start = monotonic_ns();
	struct kv_tx tx;
	int err;

	*final = NULL;
	if ((err = kv_begin(g->l->truth, &tx, KV_WRITE)) || (err = put_all(g, &tx))) {
		kv_abort(&tx);
		if (err != SY_ENOSPC && err != SY_ENOMEM)
			*final = "writing to truth failed";
		return err;
	}
	if ((err = write_salts(g)) == SY_ENOMEM) {
		kv_abort(&tx);
		return err;
	}
	if (err) {
		*final = "writing or syncing the salts failed";
		kv_abort(&tx);
		return err;
	}
	if ((err = fault_at(POINT_COMMIT)))
		kv_abort(&tx);
	else
		err = kv_commit(&tx);
	if (err)
		*final = "a commit of truth failed";
	uint64_t took = monotonic_ns() - start;
	g->l->stats.commits++;
	g->l->stats.commit_ns += took;
	metric_time(METRIC_TIME_COMMIT, took / 1000);
	return err;
}

/* --- answering ------------------------------------------------------------------------------- */

/* What a duplicate is answered with: the entry that is there, of this group or an older one. */
static int find_entry(struct ledger_read *r, struct ledger_job *job)
{
	const uint8_t *bytes;
	struct sy_entry e;
	int err = ledger_entry(r, job->entry, &bytes);

	if (err)
		return err;
	if (sy_entry_decode(bytes, &e, NULL))
		return SY_ECORRUPT;
	memcpy(job->entry_bytes, bytes, SY_ENTRY_SIZE);
	job->first = e.first;
	job->count = e.count;
	job->time = e.time;
	return SY_OK;
}

static int prove_duplicate(struct ledger *l, struct ledger_job *job)
{
	struct ledger_read r;
	int err = ledger_read_begin(l, &r);

	if (err)
		return err;
	if ((err = find_entry(&r, job)) == SY_OK)
		err = ledger_entry_proof(&r, job->entry, &job->proof);
	ledger_read_end(&r);
	return err;
}

static int prove(struct ledger *l, struct ledger_job *job)
{
	struct sy_path path;
	int err;

	if (job->said == LEDGER_DUPLICATE)
		return prove_duplicate(l, job);
	if ((err = sy_inclusion_prove(growth_at, &l->growth, job->entry, l->growth.size, &path)))
		return err;
	sy_tlog_proof_format(job->entry, &path, sy_buf_span(&l->note), &job->proof);
	return job->proof.failed ? SY_ENOMEM : SY_OK;
}

static void answer(struct ledger *l, struct ledger_job *job, int err)
{
	job->next = NULL;
	job->err = err;
	job->proof_size = l->tree.size;
	if (job->said == LEDGER_DUPLICATE)
		l->stats.duplicates++;
	if (err == SY_OK)
		job->err = prove(l, job);
	ledger_answer(l, job);
}

static void answer_all(struct group *g, int err)
{
	const struct ledger_options *o = &g->l->o;
	struct ledger_job *next;

	if (o->answering)
		o->answering(o->ctx, true);
	for (struct ledger_job *job = g->jobs; job; job = next) {
		next = job->next;
		answer(g->l, job, err);
	}
	if (o->answering)
		o->answering(o->ctx, false);
}

static void settle_all(struct group *g, bool published)
{
	const struct ledger_options *o = &g->l->o;

	for (struct ledger_job *job = g->jobs; job && o->settle; job = job->next)
		if (job->said == LEDGER_APPEND)
			o->settle(o->ctx, job, published);
}

/* The group is on disk: memory follows, the new size is signed and shown. */
static int apply(struct group *g)
{
	struct ledger *l = g->l;
	int err;

	l->last = g->last;
	growth_tree(&l->growth, &l->tree);
	if ((err = ledger_sign(l)))
		return err;
	l->note_stored = false;
	ledger_publish(l);
	return SY_OK;
}

static int commit(struct group *g)
{
	struct ledger *l = g->l;
	const char *final = NULL;
	int err = SY_OK;

	if (g->appended == 0) {
		answer_all(g, SY_OK);
		return SY_OK;
	}
	if ((err = store(g, &final)) == SY_OK && (err = apply(g)))
		final = "signing a checkpoint failed";
	settle_all(g, err == SY_OK);
	if (err == SY_OK && l->o.published)
		l->o.published(l->o.ctx, l->tree.size);
	if (final)
		ledger_halt(l, err, final);
	answer_all(g, final ? SY_EHALT : err);
	return final ? SY_EHALT : err;
}

int group_run(struct ledger *l, struct ledger_job *jobs)
{
	struct group g = {.l = l, .last = l->last, .now = l->clock.real(l->clock.ctx)};

	g.end = &g.jobs;
	growth_begin(&l->growth, &l->tree);
	judge_all(&g, jobs);
	return g.jobs ? commit(&g) : SY_OK;
}
