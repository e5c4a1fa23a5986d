#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit.h"
#include "config.h"

enum {
	FAULTS_SHOWN = 50,
	THREADS_MIN = 4, /* some wait for the ledger while others check */
	ROUNDS = 5       /* an Erasure may come while records are read; a second in no time */
};

struct audit {
	struct app *app;
	struct fetcher fetch;
	struct sy_audit *lib;
	struct http_answer note;
	struct sy_checkpoint c; /* what is audited up to; its memory is NOTE's */
	uint64_t from;
	uint64_t faults;
	struct fail first; /* the first fault */
	bool records, progress;
};

static void take_fault(void *ctx, const char *what, uint64_t at, const char *text)
{
	struct audit *a = ctx;

	if (a->faults++ < FAULTS_SHOWN)
		say("%s%s %llu: %s", a->progress ? "\r\033[K" : "", what, (unsigned long long)at,
		    text);
	fail(&a->first, RC_PROOF, "%s %llu: %s", what, (unsigned long long)at, text);
}

static void show_progress(void *ctx, uint64_t entries)
{
	const struct audit *a = ctx;

	if (a->progress)
		fprintf(stderr, "\r\033[Kentries: %llu of %llu", (unsigned long long)entries,
			(unsigned long long)a->c.size);
}

/* --- where the last audit ended --------------------------------------------------------------- */

static const char *mark_path(struct audit *a)
{
	struct trust *t = a->app->trust;
	char name[SY_KEY_NAME_MAX + 16];

	if (a->app->config->dir == NULL)
		return NULL;
	snprintf(name, sizeof name, "%s+%08x", t->log.name, t->log.id);
	return config_path(&a->app->arena, a->app->config, "audited", sy_str(name));
}

static int lost(struct audit *a, const char *why)
{
	return fail(&a->app->fail, RC_PROOF,
		    "what was audited before, %llu entries, is not what the ledger has now: %s",
		    (unsigned long long)a->from, why);
}

/* A subtree's root out of hash tiles of the tree of a->from entries. */
static int subtree(void *ctx, unsigned level, uint64_t index, sy_hash *out)
{
	struct audit *a = ctx;
	struct http_answer answer = {0};
	unsigned tile_level = level / 8, below = level % 8;
	uint64_t first = index << below, n = first / 256;
	uint64_t left = (a->from >> (8 * tile_level)) - n * 256;
	unsigned at = (unsigned)(first % 256), width = left < 256 ? (unsigned)left : 256;
	sy_hash h[256];
	int rc = fetch_tile(a->app->http, (int)tile_level, n, width, &answer, &a->app->fail);

	if (rc == RC_DONE && (answer.body.n != width * sizeof h[0] || at + (1u << below) > width))
		rc = RC_PROOF;
	if (rc == RC_DONE) {
		memcpy(h, answer.body.p, answer.body.n);
		sy_leaves_root(h + at, 1u << below, out);
	}
	http_answer_free(&answer);
	return rc == RC_DONE ? SY_OK : SY_EPROOF;
}

/* The tree and the last entry of what was audited, fetched again and checked by its root. */
static int resume(struct audit *a, const struct sy_checkpoint *mark)
{
	static uint8_t raw[256][SY_ENTRY_SIZE];
	struct http_answer answer = {0};
	struct sy_tree tree;
	sy_hash root, leaf, own;
	int rc;

	a->from = mark->size;
	if (a->from > a->c.size)
		return lost(a, "it is shorter");
	if (a->from == 0)
		return RC_DONE;
	if (sy_tree_load(&tree, subtree, a, a->from) != SY_OK)
		return a->app->fail.text[0] ? a->app->fail.rc : lost(a, "its tiles are not whole");
	sy_tree_root(&tree, &root);
	if (!sy_hash_eq(&root, &mark->root))
		return lost(a, "its tiles have another root");
	const uint8_t *last = raw[(a->from - 1) % 256];
	rc = fetch_entries(a->app->http, (a->from - 1) / 256 * 256, 256, a->from, raw, &answer,
			   &a->app->fail);
	http_answer_free(&answer);
	if (rc != RC_DONE)
		return rc;
	sy_leaf_hash(last, SY_ENTRY_SIZE, &own);
	if (subtree(a, 0, a->from - 1, &leaf) != SY_OK || !sy_hash_eq(&leaf, &own))
		return lost(a, "its last entry has another hash");
	return sy_audit_resume(a->lib, &tree, last) == SY_OK ? RC_DONE
							     : lost(a, "its last entry is none");
}

static int begin(struct audit *a)
{
	struct sy_buf text = {0};
	struct sy_checkpoint mark;
	const char *path = mark_path(a);
	int rc = RC_DONE;

	if (path == NULL || arg(a->app, "full") != NULL || a->records)
		return RC_DONE;
	rc = config_read(path, &text, &a->app->fail);
	if (rc == RC_DONE && text.n > 0) {
		if (sy_checkpoint_parse(sy_buf_span(&text), &mark) != SY_OK ||
		    sy_checkpoint_verify(&mark, &a->app->trust->log) != SY_OK)
			rc = fail(&a->app->fail, RC_PROOF, "%s: is no checkpoint of this ledger",
				  path);
		else
			rc = resume(a, &mark);
	}
	sy_buf_free(&text);
	return rc;
}

/* --- the audit -------------------------------------------------------------------------------- */

static int latest(struct audit *a)
{
	return trust_latest(a->app->trust, a->app->http, &a->note, &a->c, &a->app->fail);
}

static int make(struct audit *a, unsigned threads)
{
	struct sy_audit_options o = {.origin = a->app->trust->origin,
				     .threads = threads,
				     .rules = a->records,
				     .legal = a->records,
				     .source = {fetcher_entries, NULL, &a->fetch},
				     .fault = take_fault,
				     .progress = show_progress,
				     .ctx = a};

	if (a->records)
		o.source.records = fetcher_records;
	return sy_audit_new(&o, &a->lib) == SY_OK ? RC_DONE : fail_memory(&a->app->fail);
}

/* Everything up to the checkpoint at hand. */
static int run_to(struct audit *a, struct sy_audit_sum *sum)
{
	int err;

	a->fetch.size = a->c.size;
	err = sy_audit_run(a->lib, a->c.size);
	if (err == SY_ENOMEM)
		return fail_memory(&a->app->fail);
	if (err)
		return fetcher_failed(&a->fetch, &a->app->fail);
	sy_audit_sum(a->lib, sum);
	if (!sy_hash_eq(&sum->root, &a->c.root))
		take_fault(a, "checkpoint of", a->c.size,
			   "the entries have another root than the one that is signed");
	return RC_DONE;
}

/* A record may be erased after the checkpoint and before it is read: its Erasure then stands under
 * a newer one. */
static int run(struct audit *a, struct sy_audit_sum *sum)
{
	uint64_t size;
	int rc = run_to(a, sum);

	for (unsigned i = 0; rc == RC_DONE && sum->unexplained > 0 && i < ROUNDS; i++) {
		size = a->c.size;
		if ((rc = latest(a)) != RC_DONE || a->c.size == size)
			break;
		rc = run_to(a, sum);
	}
	if (rc == RC_DONE && sy_audit_end(a->lib, a->app->trust->log.key) != SY_OK)
		rc = fail_memory(&a->app->fail);
	return rc;
}

static const char *status_of(const struct audit *a, const struct sy_audit_sum *sum)
{
	if (a->faults > 0)
		return "FAULTS FOUND";
	return sum->unchecked > 0 ? "every byte holds that this version can check"
				  : "every byte holds";
}

static void answer(const struct audit *a, const struct sy_audit_sum *sum, bool kept)
{
	struct out *o = &a->app->out;
	char root[SY_BASE64_LEN(SY_HASH_SIZE) + 1];

	sy_base64(a->c.root.b, sizeof a->c.root.b, root);
	out_object(o, NULL);
	out_text(o, "status", status_of(a, sum));
	out_text(o, "origin", a->app->trust->log.name);
	out_u64(o, "from", a->from);
	out_u64(o, "entries", a->c.size);
	out_u64(o, "records", sum->records);
	out_text(o, "checked", a->records ? "entries and records" : "entries");
	if (a->records)
		out_u64(o, "erased", sum->erased);
	out_u64(o, "unchecked", sum->unchecked);
	out_u64(o, "faults", a->faults);
	out_text(o, "root", root);
	out_bool(o, "kept", kept);
	out_end(o);
}

/* Keeps the checkpoint of an audit without faults, and tells. */
static int conclude(struct audit *a, const struct sy_audit_sum *sum)
{
	const char *path = a->faults == 0 ? mark_path(a) : NULL;
	bool kept = path && config_replace(path, a->c.note, &a->app->fail) == RC_DONE;

	answer(a, sum, kept);
	if (a->faults > 0)
		return fail(&a->app->fail, RC_PROOF, "%llu faults, the first: %s",
			    (unsigned long long)a->faults, a->first.text);
	return RC_DONE;
}

int cmd_audit(struct app *app)
{
	struct audit a = {
	    .app = app, .records = arg(app, "records") != NULL, .progress = isatty(STDERR_FILENO)};
	uint64_t threads = sy_walk_cores();
	struct sy_audit_sum sum = {0};
	int rc;

	if (threads < THREADS_MIN)
		threads = THREADS_MIN;
	if ((rc = arg_u64(app, "connections", 1, SY_WALK_THREADS_MAX, threads, &threads)) !=
		RC_DONE ||
	    (rc = trust_contact(app)) != RC_DONE || (rc = latest(&a)) != RC_DONE ||
	    (rc = fetcher_init(&a.fetch, app, (unsigned)threads)) != RC_DONE ||
	    (rc = make(&a, (unsigned)threads)) != RC_DONE || (rc = begin(&a)) != RC_DONE)
		goto out;
	rc = run(&a, &sum);
	if (a.progress)
		fputs("\r\033[K", stderr);
	if (rc == RC_DONE)
		rc = conclude(&a, &sum);
out:
	sy_audit_free(a.lib);
	fetcher_free(&a.fetch);
	http_answer_free(&a.note);
	return rc;
}
