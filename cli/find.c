/*
 * suyuan record find: the records of an event hash, each proven and hashed again on this machine.
 */
#include "nouns.h"
#include "proof.h"
#include "view.h"

#define HASH_HEAD "ni:///sha-256;"
#define HASH_TAIL "?ver=CBV2.0"

/* As the ledger and sy_event_hash write it; NULL, and a fault of usage, for what is none. */
static const char *hash_of(struct app *app, const char *given)
{
	const size_t n_head = strlen(HASH_HEAD), n_tail = strlen(HASH_TAIL);
	struct sy_str s = sy_str(given);
	uint8_t hash[SY_HASH_SIZE];
	char hex[2 * SY_HASH_SIZE + 1];

	if (s.n > n_head && memcmp(s.p, HASH_HEAD, n_head) == 0) {
		s.p += n_head;
		s.n -= n_head;
		if (s.n > n_tail && memcmp(s.p + s.n - n_tail, HASH_TAIL, n_tail) == 0)
			s.n -= n_tail;
	}
	if (s.n == 2 * SY_HASH_SIZE) {
		for (size_t i = 0; i < s.n; i++)
			hex[i] = s.p[i] >= 'A' && s.p[i] <= 'F' ? (char)(s.p[i] + 32) : s.p[i];
		hex[s.n] = '\0';
		if (sy_unhex((struct sy_str){hex, s.n}, hash, sizeof hash) == SY_OK)
			return sy_arena_printf(&app->arena, "%s%s%s", HASH_HEAD, hex, HASH_TAIL);
	}
	fail(&app->fail, RC_USAGE, "%s: expected %s<64 hex digits>%s, or the digits", given,
	     HASH_HEAD, HASH_TAIL);
	return NULL;
}

/* The event in the receipt, if it has the hash. */
static int check_hash(struct app *app, const struct proof_record *r, const char *hash,
		      struct sy_json_doc *doc)
{
	char has[SY_EVENT_HASH_TEXT];
	int err = sy_json_parse(&app->arena, r->receipt.payload, 0, doc, NULL);

	if (err == SY_OK)
		err = sy_event_hash(&app->arena, doc, has);
	if (err == SY_ENOMEM)
		return fail_memory(&app->fail);
	if (err != SY_OK || strcmp(has, hash) != 0)
		return fail(&app->fail, RC_PROOF, "record %llu doesn't have that event hash: %s",
			    (unsigned long long)r->receipt.number,
			    err == SY_OK ? has : "it is no event");
	return RC_DONE;
}

static int show_one(struct app *app, struct proof *p, uint64_t number, const char *hash)
{
	struct proof_record r;
	struct sy_json_doc doc;
	struct out *o = &app->out;
	char time[SY_TIME_TEXT];
	int rc = proof_fetch(p, number, NULL, &r, &app->fail);

	if (rc == RC_DONE)
		rc = check_hash(app, &r, hash, &doc);
	if (rc != RC_DONE)
		return rc;
	const struct sy_json *root = sy_json_root(&doc);
	struct sy_str id = view_text(app, &doc, sy_json_get(&doc, root, "eventID"));
	sy_time_format(r.receipt.entry.time, time);
	out_object(o, NULL);
	out_u64(o, "record", number);
	out_u64(o, "entry", r.receipt.entry.index);
	out_text(o, "time", time);
	out_text(o, "type", r.type);
	out_text(o, "party", r.party);
	if (id.n > 0)
		out_str(o, "eventID", id);
	out_bool(o, "error", sy_json_get(&doc, root, "errorDeclaration") != NULL);
	out_end(o);
	return RC_DONE;
}

/* What the ledger hasn't looked through yet may have it. */
static int say_missing(struct app *app, const struct sy_json_doc *doc, const char *hash)
{
	const struct sy_json *root = sy_json_root(doc);
	struct sy_str searched = view_text(app, doc, sy_json_get(doc, root, "searched"));

	if (sy_str_is(view_text(app, doc, sy_json_get(doc, root, "complete")), "true"))
		return fail(&app->fail, RC_UNKNOWN,
			    "no record of this ledger has the event hash %s", hash);
	return fail(
	    &app->fail, RC_AWAY,
	    "none of the first %.*s records has the event hash %s; the ledger hasn't looked "
	    "through the later ones yet",
	    (int)searched.n, searched.p, hash);
}

int cmd_record_find(struct app *app)
{
	const char *hash = hash_of(app, arg_pos(app, 0));
	struct proof *p = sy_arena_calloc(&app->arena, 1, sizeof *p);
	struct sy_buf path = {0};
	const struct sy_json *row;
	struct sy_json_doc doc;
	uint64_t number;

	if (hash == NULL || p == NULL)
		return hash == NULL ? app->fail.rc : fail_memory(&app->fail);
	p->app = app;
	sy_buf_text(&path, "/v1/events?hash=");
	http_escape(&path, sy_str(hash));
	int rc = path.failed ? fail_memory(&app->fail) : view_get(app, sy_buf_cstr(&path), &doc);
	sy_buf_free(&path);
	if (rc == RC_DONE)
		rc = view_needs(app, "/v1/events", &doc, sy_json_root(&doc), "[events");
	if (rc != RC_DONE)
		return rc;
	const struct sy_json *events = sy_json_get(&doc, sy_json_root(&doc), "events");
	if (sy_json_first(&doc, events) == NULL)
		return say_missing(app, &doc, hash);
	out_list(&app->out, NULL);
	sy_json_each (&doc, events, row) {
		if (sy_json_u64(&doc, sy_json_get(&doc, row, "record"), &number) != SY_OK)
			rc = fail(&app->fail, RC_FAIL, "an event without its record");
		if (rc != RC_DONE || (rc = show_one(app, p, number, hash)) != RC_DONE)
			break;
	}
	out_end(&app->out);
	return rc;
}
