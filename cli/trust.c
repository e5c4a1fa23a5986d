#include <stdlib.h>

#include "config.h"
#include "trust.h"
#include "words.h"

#define SAVE_EVERY_MS 1000

static struct sy_str word(struct sy_str *line)
{
	while (line->n > 0 && (line->p[0] == ' ' || line->p[0] == '\t'))
		line->p++, line->n--;
	struct sy_str w = {line->p, 0};
	while (w.n < line->n && line->p[w.n] != ' ' && line->p[w.n] != '\t' && line->p[w.n] != '\r')
		w.n++;
	line->p += w.n;
	line->n -= w.n;
	return w;
}

void known_find(struct sy_str known, struct sy_str address, struct sy_str origin,
		struct sy_str *by_address, struct sy_str *by_origin)
{
	struct sy_str line;

	*by_address = *by_origin = (struct sy_str){"", 0};
	while (sy_str_line(&known, &line)) {
		struct sy_str where = word(&line), vkey = word(&line);
		const char *plus = memchr(vkey.p, '+', vkey.n);
		if (plus == NULL || where.p[0] == '#')
			continue;
		if (sy_str_eq(where, address))
			*by_address = vkey;
		if (sy_str_eq((struct sy_str){vkey.p, (size_t)(plus - vkey.p)}, origin))
			*by_origin = vkey;
	}
}

static const char *known_path(struct app *app)
{
	const char *path = sy_arena_printf(&app->arena, "%s/known", app->config->dir);

	if (path == NULL)
		fail_memory(&app->fail);
	return path;
}

/* Relative socket paths mean something else in another folder. */
static const char *plain_address(struct app *app)
{
	const char *given = app->config->ledger;

	if (strncmp(given, "unix:", 5) == 0) {
		char *real = realpath(given + 5, NULL);
		const char *out = real ? sy_arena_printf(&app->arena, "unix:%s", real) : given;
		free(real);
		return out;
	}
	size_t n = strlen(given);
	while (n > 0 && given[n - 1] == '/')
		n--;
	return sy_arena_strdup(&app->arena, (struct sy_str){given, n});
}

/* The newest checkpoint that an earlier run kept. */
static int load_checkpoint(struct trust *t, struct fail *f)
{
	struct sy_checkpoint c;
	int rc;

	if (t->path == NULL)
		return RC_DONE;
	if ((rc = config_read(t->path, &t->note, f)) != RC_DONE || t->note.n == 0)
		return rc;
	if (sy_checkpoint_parse(sy_buf_span(&t->note), &c) != SY_OK ||
	    sy_checkpoint_verify(&c, &t->log) != SY_OK)
		return fail(f, RC_PROOF, "%s: is not a checkpoint of this ledger; was it changed?",
			    t->path);
	t->size = c.size;
	t->root = c.root;
	return RC_DONE;
}

static int trust_new(struct app *app, struct sy_str vkey, bool pinned)
{
	struct trust *t = calloc(1, sizeof *t);

	if (t == NULL || vkey.n >= sizeof t->vkey) {
		free(t);
		return fail_memory(&app->fail);
	}
	pthread_mutex_init(&t->lock, NULL);
	app->trust = t;
	memcpy(t->vkey, vkey.p, vkey.n);
	if (sy_vkey_parse(vkey, &t->log) != SY_OK)
		return fail(&app->fail, RC_PROOF, "not a log key: %s", t->vkey);
	t->origin = sy_str(t->log.name);
	t->address = app->config->ledger;
	t->config = app->config;
	if (pinned && app->config->dir != NULL) {
		char name[SY_KEY_NAME_MAX + 16];
		snprintf(name, sizeof name, "%s+%08x", t->log.name, t->log.id);
		t->path = config_path(&app->arena, app->config, "checkpoints", sy_str(name));
		if (t->path == NULL)
			return fail_memory(&app->fail);
	}
	return load_checkpoint(t, &app->fail);
}

static int differs(struct app *app, const char *what, const char *where, struct sy_str known,
		   struct sy_str shown, const char *file)
{
	return fail(
	    &app->fail, RC_PROOF,
	    "THE LEDGER'S KEY HAS CHANGED: %s %s is pinned as\n  %.*s\nand now shows\n  %.*s\n"
	    "Somebody may be in between, or it is another ledger.  Nothing was sent.  Ask its "
	    "operator on another way; if the new key is right, remove the old line from %s",
	    what, where, (int)known.n, known.p, (int)shown.n, shown.p, file);
}

static int pin_new(struct app *app, const char *path, struct sy_buf *known, const char *address,
		   const char *vkey)
{
	int rc;

	if (known->n > 0 && known->p[known->n - 1] != '\n')
		sy_buf_byte(known, '\n');
	sy_buf_printf(known, "%s %s\n", address, vkey);
	if (known->failed)
		return fail_memory(&app->fail);
	if ((rc = config_replace(path, sy_buf_span(known), &app->fail)) == RC_DONE)
		say("first contact with %s: its key is pinned in %s: %s", address, path, vkey);
	return rc;
}

static int pin_check(struct app *app, struct sy_str origin, struct sy_str vkey)
{
	struct sy_str by_address, by_origin;
	struct sy_buf known = {0};
	const char *address = plain_address(app), *path = known_path(app);
	char text[SY_VKEY_TEXT];
	int rc, lock = config_lock(app->config);

	if (address == NULL || path == NULL)
		rc = fail_memory(&app->fail);
	else
		rc = config_read(path, &known, &app->fail);
	if (rc == RC_DONE) {
		known_find(sy_buf_span(&known), sy_str(address), origin, &by_address, &by_origin);
		snprintf(text, sizeof text, "%.*s", (int)vkey.n, vkey.p);
		if (by_address.n > 0 && !sy_str_eq(by_address, vkey))
			rc = differs(app, words("the ledger at"), address, by_address, vkey, path);
		else if (by_origin.n > 0 && !sy_str_eq(by_origin, vkey))
			rc = differs(app, words("the ledger of origin"),
				     sy_arena_strdup(&app->arena, origin), by_origin, vkey, path);
		else if (by_address.n == 0)
			rc = pin_new(app, path, &known, address, text);
	}
	config_unlock(lock);
	sy_buf_free(&known);
	return rc;
}

/* VKEY is what the ledger showed. */
static int believe(struct app *app, struct sy_str origin, struct sy_str vkey)
{
	struct sy_vkey shown;
	const char *wanted = app->config->vkey;
	int rc = RC_DONE;

	if (sy_vkey_parse(vkey, &shown) != SY_OK || !sy_str_is(origin, shown.name))
		return fail(&app->fail, RC_PROOF,
			    "%s: shows a log key that is none, or another origin's",
			    app->config->ledger);
	if (wanted != NULL && !sy_str_is(vkey, wanted))
		return fail(&app->fail, RC_PROOF,
			    "%s: its log key is\n  %.*s\nand you asked for\n  %s\nNothing was sent",
			    app->config->ledger, (int)vkey.n, vkey.p, wanted);
	if (wanted == NULL && app->config->dir == NULL)
		return fail(&app->fail, RC_FAIL,
			    "no HOME and no XDG_CONFIG_HOME to pin a key in: give --vkey");
	if (wanted == NULL)
		rc = pin_check(app, origin, vkey);
	return rc != RC_DONE ? rc : trust_new(app, vkey, true);
}

int trust_connect(const struct app *app, struct http **out, struct fail *f)
{
	return http_new(app->config->ledger, app->config->token, app->lang, out, f);
}

/* A ledger never loses an entry: one that is shorter is told before anything is sent. */
static int grown(struct trust *t, uint64_t told, struct fail *f)
{
	t->told = told;
	if (told >= t->size)
		return RC_DONE;
	return fail(f, RC_PROOF,
		    "%s: THE LEDGER HAS LOST ENTRIES: it proved %llu before and now says that it "
		    "has %llu.  Nothing was sent.  Keep %s as evidence",
		    t->address, (unsigned long long)t->size, (unsigned long long)told,
		    t->path ? t->path : "its checkpoint");
}

/* Who it is, as it says itself. */
static int introduce(struct app *app)
{
	struct http_answer a = {0};
	uint64_t entries;
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	struct sy_str origin, vkey;
	int rc = http_fetch(app->http, "/v1/ledger", &a, &app->fail);

	if (rc != RC_DONE)
		goto out;
	if (sy_json_parse(&arena, sy_buf_span(&a.body), 0, &doc, NULL) != SY_OK ||
	    sy_json_string(&doc, sy_json_get(&doc, sy_json_root(&doc), "origin"), &arena,
			   &origin) != SY_OK ||
	    sy_json_string(&doc, sy_json_get(&doc, sy_json_root(&doc), "vkey"), &arena, &vkey) !=
		SY_OK ||
	    sy_json_u64(&doc, sy_json_get(&doc, sy_json_root(&doc), "entries"), &entries) != SY_OK)
		rc = fail(&app->fail, RC_FAIL, "%s: does not answer like a ledger",
			  app->config->ledger);
	else if ((rc = believe(app, origin, vkey)) == RC_DONE)
		rc = grown(app->trust, entries, &app->fail);
out:
	sy_arena_free(&arena);
	http_answer_free(&a);
	return rc;
}

/*
 * The newest checkpoint is seen before anything is asked or sent: a ledger that went another way is
 * found even where no receipt would show it, and answers are asked for that know all it published.
 */
int trust_contact(struct app *app)
{
	struct http_answer a = {0};
	struct sy_checkpoint c;
	int rc;

	if (app->http != NULL) /* what was refused once isn't believed at the next code */
		return app->trust != NULL ? app->trust->contact : app->fail.rc;
	if ((rc = trust_connect(app, &app->http, &app->fail)) != RC_DONE)
		return rc;
	if ((rc = introduce(app)) == RC_DONE)
		rc = trust_latest(app->trust, app->http, &a, &c, &app->fail);
	if (app->trust != NULL)
		app->trust->contact = rc;
	http_answer_free(&a);
	return rc;
}

int trust_offline(struct app *app, struct sy_str origin)
{
	struct sy_str by_address, by_origin = {"", 0};
	struct sy_buf known = {0};
	const char *path;
	int rc = RC_DONE;

	if (app->trust != NULL)
		return sy_str_eq(origin, app->trust->origin)
			   ? RC_DONE
			   : fail(&app->fail, RC_PROOF, "a receipt of another ledger: %.*s",
				  (int)origin.n, origin.p);
	if (app->config->vkey != NULL)
		return trust_new(app, sy_str(app->config->vkey), true);
	if (app->config->dir != NULL && (path = known_path(app)) != NULL)
		rc = config_read(path, &known, &app->fail);
	known_find(sy_buf_span(&known), SY_STR(""), origin, &by_address, &by_origin);
	if (rc == RC_DONE && by_origin.n == 0)
		rc = fail(&app->fail, RC_PROOF,
			  "no key is pinned for %.*s: give --vkey, or ask that ledger once",
			  (int)origin.n, origin.p);
	if (rc == RC_DONE)
		rc = trust_new(app, by_origin, true);
	sy_buf_free(&known);
	return rc;
}

/* Another process may have kept a newer one meanwhile: the larger stays. */
static int save(struct trust *t, struct fail *f)
{
	struct sy_buf kept = {0};
	struct sy_checkpoint c;
	int rc, lock;

	if (t->path == NULL || !t->unsaved)
		return RC_DONE;
	lock = config_lock(t->config);
	rc = config_read(t->path, &kept, f);
	if (rc == RC_DONE && kept.n > 0 && sy_checkpoint_parse(sy_buf_span(&kept), &c) == SY_OK &&
	    c.size >= t->size) {
		if (c.size == t->size && !sy_hash_eq(&c.root, &t->root))
			rc =
			    fail(f, RC_PROOF, "%s: the ledger has shown two histories of size %llu",
				 t->address, (unsigned long long)t->size);
	} else if (rc == RC_DONE) {
		rc = config_replace(t->path, sy_buf_span(&t->note), f);
	}
	config_unlock(lock);
	sy_buf_free(&kept);
	t->saved_at = sy_time_now();
	t->unsaved = rc != RC_DONE;
	return rc;
}

void trust_close(struct app *app)
{
	struct fail f = {0};

	if (app->trust != NULL) {
		if (save(app->trust, &f) != RC_DONE)
			say("suyuan: the newest checkpoint is not kept: %s", f.text);
		pthread_mutex_destroy(&app->trust->lock);
		sy_buf_free(&app->trust->note);
		free(app->trust);
		app->trust = NULL;
	}
	http_free(app->http);
	app->http = NULL;
}

static int forked(struct trust *t, uint64_t from, uint64_t to, struct fail *f)
{
	return fail(f, RC_PROOF,
		    "%s: THE LEDGER SHOWS TWO HISTORIES: its checkpoints of %llu and of %llu "
		    "entries do not belong to one.  Keep %s as evidence",
		    t->address ? t->address : t->log.name, (unsigned long long)from,
		    (unsigned long long)to, t->path ? t->path : "both");
}

static int read_path(struct sy_arena *arena, struct sy_str text, struct sy_path *out)
{
	struct sy_json_doc doc;
	const struct sy_json *list, *v;

	if (sy_json_parse(arena, text, 0, &doc, NULL) != SY_OK)
		return SY_EJSON;
	list = sy_json_get(&doc, sy_json_root(&doc), "proof");
	if (list == NULL || list->type != SY_JSON_ARRAY || list->count > SY_PATH_MAX + 1)
		return SY_EINVAL;
	out->n = 0;
	sy_json_each (&doc, list, v) {
		struct sy_str s;
		if (sy_json_string(&doc, v, arena, &s) != SY_OK ||
		    sy_unbase64_exact(s, out->h[out->n].b, SY_HASH_SIZE) != SY_OK)
			return SY_EBASE64;
		out->n++;
	}
	return SY_OK;
}

/* Does the ledger prove that TO continues FROM? */
static int consistent(struct trust *t, struct http *h, uint64_t from, const sy_hash *from_root,
		      uint64_t to, const sy_hash *to_root, struct fail *f)
{
	struct http_answer a = {0};
	struct sy_arena arena = {0};
	struct sy_path proof;
	char path[96];
	int rc;

	if (from == 0)
		return RC_DONE;
	snprintf(path, sizeof path, "/v1/consistency?from=%llu&to=%llu", (unsigned long long)from,
		 (unsigned long long)to);
	if ((rc = http_get(h, path, &a, f)) == RC_DONE) {
		if (a.status >= 500)
			rc = http_problem(&a, path, f);
		else if (a.status != 200 ||
			 read_path(&arena, sy_buf_span(&a.body), &proof) != SY_OK ||
			 sy_consistency_verify(from, from_root, to, to_root, &proof) != SY_OK)
			rc = forked(t, from, to, f);
	}
	sy_arena_free(&arena);
	http_answer_free(&a);
	return rc;
}

static int take(struct trust *t, const struct sy_checkpoint *c, struct fail *f)
{
	sy_buf_reset(&t->note);
	sy_buf_str(&t->note, c->note);
	if (t->note.failed)
		return fail_memory(f);
	t->size = c->size;
	t->root = c->root;
	t->unsaved = true;
	return sy_time_now() - t->saved_at >= SAVE_EVERY_MS ? save(t, f) : RC_DONE;
}

static int compare(struct trust *t, struct http *h, const struct sy_checkpoint *c, struct fail *f)
{
	int rc = RC_DONE;

	if (t->note.n == 0)
		return h != NULL ? take(t, c, f) : RC_DONE;
	if (c->size == t->size)
		return sy_hash_eq(&c->root, &t->root) ? RC_DONE : forked(t, t->size, c->size, f);
	if (h == NULL)
		return RC_DONE;
	if (c->size < t->size)
		return consistent(t, h, c->size, &c->root, t->size, &t->root, f);
	rc = consistent(t, h, t->size, &t->root, c->size, &c->root, f);
	return rc == RC_DONE ? take(t, c, f) : rc;
}

int trust_see(struct trust *t, struct http *h, struct sy_str note, struct fail *f)
{
	struct sy_checkpoint c;
	int err = sy_checkpoint_parse(note, &c);

	if (err == SY_OK)
		err = sy_checkpoint_verify(&c, &t->log);
	if (err != SY_OK)
		return fail(f, RC_PROOF, "a checkpoint that %s did not sign: %s", t->log.name,
			    words(sy_strerror(err)));
	pthread_mutex_lock(&t->lock);
	int rc = compare(t, h, &c, f);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

int trust_entry(struct trust *t, struct http *h, const uint8_t raw[SY_ENTRY_SIZE],
		struct sy_str text, struct sy_entry *out, struct fail *f)
{
	struct sy_tlog_proof proof;
	struct sy_checkpoint c;
	const char *why = "";
	sy_hash leaf;
	int rc;

	if (sy_entry_decode(raw, out, &why) != SY_OK)
		return fail(f, RC_PROOF, "the ledger answers with bytes that are no entry: %s",
			    why);
	if (sy_tlog_proof_parse(text, &proof) != SY_OK ||
	    sy_checkpoint_parse(proof.checkpoint, &c) != SY_OK)
		return fail(f, RC_PROOF, "the ledger answers with a proof that is none");
	if (sy_checkpoint_verify(&c, &t->log) != SY_OK)
		return fail(f, RC_PROOF, "the checkpoint in the answer is not signed by %s",
			    t->log.name);
	sy_leaf_hash(raw, SY_ENTRY_SIZE, &leaf);
	if (proof.index != out->index ||
	    sy_inclusion_verify(&leaf, proof.index, c.size, &proof.path, &c.root) != SY_OK)
		return fail(f, RC_PROOF, "entry %llu is not in the checkpoint that came with it",
			    (unsigned long long)out->index);
	if ((rc = trust_see(t, h, proof.checkpoint, f)) != RC_DONE)
		return rc;
	return RC_DONE;
}

int trust_latest(struct trust *t, struct http *h, struct http_answer *a, struct sy_checkpoint *out,
		 struct fail *f)
{
	int rc = http_fetch(h, "/checkpoint", a, f);

	if (rc == RC_DONE)
		rc = trust_see(t, h, sy_buf_span(&a->body), f);
	if (rc == RC_DONE && sy_checkpoint_parse(sy_buf_span(&a->body), out) != SY_OK)
		rc = fail(f, RC_PROOF, "not a checkpoint");
	return rc;
}

void trust_at(struct trust *t, struct sy_buf *path)
{
	pthread_mutex_lock(&t->lock);
	uint64_t size = t->size > t->told ? t->size : t->told;
	pthread_mutex_unlock(&t->lock);
	if (size == 0)
		return;
	sy_buf_byte(path, path->n > 0 && memchr(path->p, '?', path->n) != NULL ? '&' : '?');
	sy_buf_printf(path, "at=%llu", (unsigned long long)size - 1);
}
