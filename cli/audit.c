#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit.h"
#include "config.h"

#define TILES_AT_ONCE 16
#define BATCH (TILES_AT_ONCE * 256)
#define CORES_MAX 64

void audit_fault(struct audit *a, const char *what, uint64_t at, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&a->lock);
	if (a->faults++ < AUDIT_FAULTS_SHOWN)
		say("%s%s %llu: %s", a->progress ? "\r\033[K" : "", what, (unsigned long long)at,
		    text);
	if (a->first.text[0] == '\0' || at < a->first_at) {
		memset(&a->first, 0, sizeof a->first);
		fail(&a->first, RC_PROOF, "%s %llu: %s", what, (unsigned long long)at, text);
		a->first_at = at;
	}
	pthread_mutex_unlock(&a->lock);
}

void audit_progress(const struct audit *a, const char *what, uint64_t done, uint64_t of)
{
	if (a->progress)
		fprintf(stderr, "\r\033[K%s: %llu of %llu", what, (unsigned long long)done,
			(unsigned long long)of);
}

/* --- tiles ------------------------------------------------------------------------------------ */

static int fetch_tile(struct audit *a, int level, uint64_t n, unsigned width,
		      struct http_answer *answer)
{
	struct sy_tile tile = {level, n, width};
	struct sy_buf path = {0};
	int rc;

	sy_buf_text(&path, "/tile/");
	sy_tile_format(&tile, &path);
	rc = path.failed ? fail_memory(&a->app->fail)
			 : http_fetch(a->app->http, sy_buf_cstr(&path), answer, &a->app->fail);
	sy_buf_free(&path);
	return rc;
}

static unsigned width_of(uint64_t n, uint64_t size)
{
	uint64_t left = size - n * 256;

	return left >= 256 ? 256 : (unsigned)left;
}

/* u16 length and entry, WIDTH times.  False when the bytes are not that. */
static bool split_tile(struct sy_str text, unsigned width, uint8_t (*out)[SY_ENTRY_SIZE])
{
	if (text.n != (size_t)width * (2 + SY_ENTRY_SIZE))
		return false;
	for (unsigned i = 0; i < width; i++) {
		const uint8_t *p = (const uint8_t *)text.p + (size_t)i * (2 + SY_ENTRY_SIZE);
		if (sy_get16(p) != SY_ENTRY_SIZE)
			return false;
		memcpy(out[i], p + 2, SY_ENTRY_SIZE);
	}
	return true;
}

static int entries_tile(struct audit *a, uint64_t n, uint8_t (*out)[SY_ENTRY_SIZE])
{
	struct http_answer answer = {0};
	unsigned width = width_of(n, a->to);
	int rc = fetch_tile(a, SY_TILE_ENTRIES, n, width, &answer);

	if (rc == RC_DONE && !split_tile(sy_buf_span(&answer.body), width, out))
		rc = fail(&a->app->fail, RC_PROOF, "entry tile %llu is not %u entries of %d bytes",
			  (unsigned long long)n, width, SY_ENTRY_SIZE);
	http_answer_free(&answer);
	return rc;
}

/* A subtree's root out of hash tiles of the tree of a->from entries. */
static int subtree(void *ctx, unsigned level, uint64_t index, sy_hash *out)
{
	struct audit *a = ctx;
	struct http_answer answer = {0};
	unsigned tile_level = level / 8, below = level % 8;
	uint64_t first = index << below, n = first / 256, size = a->from >> (8 * tile_level);
	unsigned at = (unsigned)(first % 256), count = 1u << below, width = width_of(n, size);
	sy_hash h[256];
	int rc = fetch_tile(a, (int)tile_level, n, width, &answer);

	if (rc == RC_DONE && (answer.body.n != width * sizeof h[0] || at + count > width))
		rc = RC_PROOF;
	if (rc == RC_DONE) {
		memcpy(h, answer.body.p, answer.body.n);
		for (unsigned n_left = count; n_left > 1; n_left /= 2) {
			for (unsigned i = 0; i < n_left; i += 2) {
				sy_hash pair[2] = {h[at + i], h[at + i + 1]};
				sy_node_hash(&pair[0], &pair[1], &h[at + i / 2]);
			}
		}
		*out = h[at];
	}
	http_answer_free(&answer);
	return rc == RC_DONE ? SY_OK : SY_EPROOF;
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

/* The tree and the last entry of what was audited, fetched again and checked by its root. */
static int resume(struct audit *a, const struct sy_checkpoint *mark)
{
	static uint8_t raw[256][SY_ENTRY_SIZE];
	sy_hash root, leaf;
	const char *why = "";
	uint64_t to = a->to;
	int rc;

	a->from = mark->size;
	if (a->from > a->to)
		return lost(a, "it is shorter");
	if (a->from == 0)
		return RC_DONE;
	if (sy_tree_load(&a->tree, subtree, a, a->from) != SY_OK)
		return a->app->fail.text[0] ? a->app->fail.rc : lost(a, "its tiles are not whole");
	sy_tree_root(&a->tree, &root);
	if (!sy_hash_eq(&root, &mark->root))
		return lost(a, "its tiles have another root");
	a->to = a->from;
	rc = entries_tile(a, (a->from - 1) / 256, raw);
	a->to = to;
	if (rc != RC_DONE)
		return rc;
	const uint8_t *last = raw[(a->from - 1) % 256];
	sy_leaf_hash(last, SY_ENTRY_SIZE, &a->leaf_before);
	if (subtree(a, 0, a->from - 1, &leaf) != SY_OK || !sy_hash_eq(&leaf, &a->leaf_before))
		return lost(a, "its last entry has another hash");
	if (sy_entry_decode(last, &a->before, &why) != SY_OK)
		return lost(a, why);
	a->has_before = true;
	a->records = a->before.first + a->before.count;
	return RC_DONE;
}

static int begin(struct audit *a)
{
	struct sy_buf text = {0};
	struct sy_checkpoint mark;
	const char *path = mark_path(a);
	int rc = RC_DONE;

	if (path == NULL || arg(a->app, "full") != NULL || arg(a->app, "records") != NULL)
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

/* --- entries ---------------------------------------------------------------------------------- */

/* Signatures of a batch, dealt to all cores. */
struct slice {
	struct audit *a;
	const struct sy_entry *entries;
	const bool *decoded;
	size_t from, to;
	pthread_t thread;
};

static void *verify_slice(void *slice)
{
	struct slice *s = slice;

	for (size_t i = s->from; i < s->to; i++) {
		if (s->decoded[i] && s->entries[i].kind == SY_ENTRY_SUBMISSION &&
		    sy_entry_verify(&s->entries[i], s->a->app->trust->origin) != SY_OK)
			audit_fault(s->a, "entry", s->entries[i].index,
				    "the author's signature does not verify");
	}
	return NULL;
}

static void verify_signatures(struct audit *a, const struct sy_entry *entries, const bool *decoded,
			      size_t n)
{
	struct slice s[CORES_MAX];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t k = cores < 1 || n < 64 ? 1 : cores > CORES_MAX ? CORES_MAX : (size_t)cores;
	size_t started = 0;

	for (size_t i = 0; i < k; i++)
		s[i] = (struct slice){a, entries, decoded, n * i / k, n * (i + 1) / k, 0};
	for (; started + 1 < k; started++) {
		if (pthread_create(&s[started].thread, NULL, verify_slice, &s[started]) != 0)
			break;
	}
	for (size_t i = started; i < k; i++)
		verify_slice(&s[i]);
	for (size_t i = 0; i < started; i++)
		pthread_join(s[i].thread, NULL);
}

static int not_twice(struct audit *a, const struct sy_entry *e)
{
	char id[SY_KEY_SIZE + SY_HASH_SIZE];
	uint64_t where = e->index;

	memcpy(id, e->author, SY_KEY_SIZE);
	memcpy(id + SY_KEY_SIZE, e->records_root.b, SY_HASH_SIZE);
	int err = seen_add(&a->seen, (struct sy_str){id, sizeof id}, &where);
	if (err == SY_EDUP)
		audit_fault(a, "entry", e->index, "is the same submission as entry %llu",
			    (unsigned long long)where);
	return err == SY_ENOMEM ? fail_memory(&a->app->fail) : RC_DONE;
}

/* Entry number AT in its place: chain, numbering, times; then it is the entry before. */
static int check_entry(struct audit *a, uint64_t at, const uint8_t raw[SY_ENTRY_SIZE],
		       const struct sy_entry *e, bool decoded)
{
	const char *why = "";
	sy_hash leaf;
	int rc = RC_DONE;

	sy_leaf_hash(raw, SY_ENTRY_SIZE, &leaf);
	sy_tree_append(&a->tree, &leaf);
	if (decoded) {
		bool known = a->has_before || at == 0;
		if (e->index != at)
			audit_fault(a, "entry", at, "says that it is entry %llu",
				    (unsigned long long)e->index);
		else if (known && sy_entry_follows(e, at ? &a->before : NULL, &a->leaf_before,
						   &why) != SY_OK)
			audit_fault(a, "entry", at, "%s", why);
		if (e->kind == SY_ENTRY_SUBMISSION)
			rc = not_twice(a, e);
		else
			a->unchecked++;
		a->before = *e;
		a->records = e->first + e->count;
	}
	if (a->entries != NULL && decoded) {
		a->entries[at - a->from].kind = e->kind;
		memcpy(a->entries[at - a->from].author, e->author, SY_KEY_SIZE);
	}
	a->has_before = decoded;
	a->leaf_before = leaf;
	return rc;
}

struct batch {
	uint8_t raw[BATCH][SY_ENTRY_SIZE];
	struct sy_entry entry[BATCH];
	bool decoded[BATCH];
};

static int check_batch(struct audit *a, struct batch *b, uint64_t first, size_t n)
{
	size_t skip = first < a->from ? (size_t)(a->from - first) : 0;
	const char *why = "";
	int rc = RC_DONE;

	for (size_t i = skip; i < n; i++) {
		b->decoded[i] = sy_entry_decode(b->raw[i], &b->entry[i], &why) == SY_OK;
		if (!b->decoded[i])
			audit_fault(a, "entry", first + i, "%s", why);
	}
	verify_signatures(a, b->entry + skip, b->decoded + skip, n - skip);
	for (size_t i = skip; i < n && rc == RC_DONE; i++)
		rc = check_entry(a, first + i, b->raw[i], &b->entry[i], b->decoded[i]);
	return rc;
}

static int check_entries(struct audit *a)
{
	struct batch *b = calloc(1, sizeof *b);
	uint64_t tile = a->from / 256, tiles = (a->to + 255) / 256;
	int rc = b != NULL ? RC_DONE : fail_memory(&a->app->fail);

	while (rc == RC_DONE && tile < tiles && a->from < a->to) {
		uint64_t first = tile * 256;
		size_t n = 0;
		for (; rc == RC_DONE && n < BATCH && tile < tiles; tile++) {
			rc = entries_tile(a, tile, b->raw + n);
			n += width_of(tile, a->to);
		}
		if (rc == RC_DONE)
			rc = check_batch(a, b, first, n);
		audit_progress(a, "entries", first + n, a->to);
	}
	free(b);
	return rc;
}

/* --- the command ------------------------------------------------------------------------------ */

static void answer(const struct audit *a, const struct sy_checkpoint *c, bool kept)
{
	struct out *o = &a->app->out;
	char root[SY_BASE64_LEN(SY_HASH_SIZE) + 1];
	bool records = arg(a->app, "records") != NULL;

	sy_base64(c->root.b, sizeof c->root.b, root);
	out_object(o, NULL);
	out_text(o, "status", a->faults == 0 ? "every byte holds" : "FAULTS FOUND");
	out_text(o, "origin", a->app->trust->log.name);
	out_u64(o, "from", a->from);
	out_u64(o, "entries", a->to);
	out_u64(o, "records", a->records);
	out_text(o, "checked", records ? "entries and records" : "entries");
	if (records)
		out_u64(o, "erased", a->erased);
	out_u64(o, "unchecked", a->unchecked);
	out_u64(o, "faults", a->faults);
	out_text(o, "root", root);
	out_bool(o, "kept", kept);
	out_end(o);
}

static int run(struct audit *a, const struct sy_checkpoint *c, unsigned connections)
{
	sy_hash root;
	int rc = begin(a);

	if (rc == RC_DONE && arg(a->app, "records") != NULL &&
	    (a->entries = calloc((size_t)(a->to - a->from) + 1, sizeof *a->entries)) == NULL)
		rc = fail_memory(&a->app->fail);
	if (rc == RC_DONE)
		rc = check_entries(a);
	if (rc != RC_DONE)
		return rc;
	sy_tree_root(&a->tree, &root);
	if (!sy_hash_eq(&root, &c->root))
		audit_fault(a, "checkpoint of", a->to,
			    "the entries have another root than the one that is signed");
	if (a->entries != NULL)
		rc = audit_records(a, connections);
	return rc;
}

int cmd_audit(struct app *app)
{
	struct audit *a = calloc(1, sizeof *a);
	struct http_answer note = {0};
	struct sy_checkpoint c;
	uint64_t connections;
	const char *path;
	bool kept = false;
	int rc;

	if (a == NULL)
		return fail_memory(&app->fail);
	a->app = app;
	a->progress = isatty(STDERR_FILENO);
	pthread_mutex_init(&a->lock, NULL);
	if ((rc = arg_u64(app, "connections", 1, 16, 4, &connections)) != RC_DONE ||
	    (rc = trust_contact(app)) != RC_DONE ||
	    (rc = trust_latest(app->trust, app->http, &note, &c, &app->fail)) != RC_DONE)
		goto out;
	a->to = c.size;
	rc = run(a, &c, (unsigned)connections);
	if (a->progress)
		fputs("\r\033[K", stderr);
	if (rc == RC_DONE && a->faults == 0 && (path = mark_path(a)) != NULL)
		kept = config_replace(path, c.note, &app->fail) == RC_DONE;
	if (rc == RC_DONE)
		answer(a, &c, kept);
	if (rc == RC_DONE && a->faults > 0)
		rc = fail(&app->fail, RC_PROOF, "%llu faults, the first: %s",
			  (unsigned long long)a->faults, a->first.text);
out:
	seen_free(&a->seen);
	free(a->entries);
	pthread_mutex_destroy(&a->lock);
	free(a);
	http_answer_free(&note);
	return rc;
}
