/*
 * GET /v1/events?hash=: the events of an event hash (CBV 2.0, 8.9), in order of record.
 *
 *   hash     ni:///sha-256;<64 hex digits>?ver=CBV2.0, or its digits alone
 *
 * An event and the errorDeclaration that repeats it have the same hash.  Hashes are indexed in
 * slack hours; the newest records are hashed here, at most SCAN of them: `searched` says up to
 * which record, and `complete` whether those are all.
 */
#include "api/answer.h"

#include <suyuan/event.h>

#include <stdlib.h>

enum { SCAN = 50000, SCAN_BYTES = 64 << 20, FOUND_MAX = 1000 };

struct query {
	char hash[SY_EVENT_HASH_TEXT];
	uint8_t head[8];
};

struct search {
	const struct query *q;
	struct app *app;
	struct ledger_read truth;
	struct index_read index;
	struct sy_arena record, text;
	struct sy_jw w;
	uint64_t searched, records;
	size_t found, bytes;
	int err;
};

/* An object for the event, if it has the hash. */
static int compare(struct search *s, uint64_t number, struct sy_str payload)
{
	char hash[SY_EVENT_HASH_TEXT];
	struct sy_json_doc doc;
	struct sy_str id = {"", 0};
	uint32_t position;
	uint64_t entry;
	int err = sy_json_parse(&s->text, payload, 0, &doc, NULL);

	if (err == SY_OK)
		err = sy_event_hash(&s->text, &doc, hash);
	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	if (strcmp(hash, s->q->hash) != 0 || s->found == FOUND_MAX)
		return SY_OK;
	if ((err = ledger_record_entry(&s->truth, number, &entry, &position)))
		return err;
	const struct sy_json *root = sy_json_root(&doc);
	const struct sy_json *v = sy_json_get(&doc, root, "eventID");
	if (v && sy_json_string(&doc, v, &s->text, &id) == SY_ENOMEM)
		return SY_ENOMEM;
	s->found++;
	sy_jw_object(&s->w);
	sy_jw_kv_u64(&s->w, "record", number);
	sy_jw_kv_u64(&s->w, "entry", entry);
	if (id.n)
		sy_jw_kv_str(&s->w, "eventID", id);
	sy_jw_key(&s->w, "error");
	sy_jw_bool(&s->w, sy_json_get(&doc, root, "errorDeclaration") != NULL);
	sy_jw_end(&s->w, '}');
	return SY_OK;
}

static int compare_candidates(struct search *s)
{
	uint64_t records[FOUND_MAX];
	struct ledger_record rec;
	size_t n;
	int err = index_hash_find(&s->index, s->q->head, records, FOUND_MAX, &n);

	for (size_t i = 0; i < n && err == SY_OK; i++) {
		sy_arena_reset(&s->text);
		err = ledger_record(&s->truth, &s->text, records[i], &rec);
		if (err == SY_OK)
			err = compare(s, records[i], rec.payload);
		else if (err == SY_EGONE)
			err = SY_OK;
	}
	return err;
}

static bool take(void *ctx, uint64_t number, const struct ledger_record *rec, bool erased)
{
	struct search *s = ctx;

	s->searched = number + 1;
	if (erased)
		return true;
	sy_arena_reset(&s->text);
	s->err = compare(s, number, rec->payload);
	s->bytes += rec->payload.n;
	return s->err == SY_OK && s->bytes < SCAN_BYTES && !s->app->stopping;
}

static int scan_newest(struct search *s)
{
	uint64_t end = s->records - s->searched > SCAN ? s->searched + SCAN : s->records;
	int err = ledger_records(&s->truth, &s->record, s->searched, end, take, s);

	return err ? err : s->err;
}

static int search(struct search *s, struct sy_buf *body)
{
	int err = index_hashed(&s->index, &s->searched, &s->records);

	if (err)
		return err;
	sy_jw_init(&s->w, body);
	sy_jw_object(&s->w);
	sy_jw_kv_text(&s->w, "hash", s->q->hash);
	sy_jw_key(&s->w, "events");
	sy_jw_array(&s->w);
	if ((err = compare_candidates(s)) || (err = scan_newest(s)))
		return err;
	sy_jw_end(&s->w, ']');
	sy_jw_kv_u64(&s->w, "searched", s->searched);
	sy_jw_key(&s->w, "complete");
	sy_jw_bool(&s->w, s->searched == s->records && s->found < FOUND_MAX);
	answer_as_of(&s->w, &s->index);
	sy_jw_end(&s->w, '}');
	return body->failed ? SY_ENOMEM : SY_OK;
}

/* Truth is looked at after the index: it has all that the index names. */
static int read_events(struct search *s, struct app *app, struct sy_buf *body)
{
	int err = index_read_begin(app->index, &s->index);

	if (err)
		return err;
	if ((err = ledger_read_begin(app->ledger, &s->truth)) == SY_OK) {
		err = search(s, body);
		ledger_read_end(&s->truth);
	}
	index_read_end(&s->index);
	sy_arena_free(&s->record);
	sy_arena_free(&s->text);
	return err;
}

static void run(struct http_exchange *x, struct app *app, void *ctx)
{
	struct search s = {.q = ctx, .app = app};
	struct sy_buf body = {0};
	int err = read_events(&s, app, &body);

	if (err) {
		sy_buf_free(&body);
		http_problem_err(x, err, NULL);
	} else {
		answer_json(x, 200, &body);
	}
}

/* Hex digits in either case; the version that stands behind them is ours or isn't said. */
static bool read_hash(struct http_exchange *x, struct query *q)
{
	static const char before[] = "ni:///sha-256;", after[] = "?ver=CBV2.0";
	const size_t n_before = sizeof before - 1, n_after = sizeof after - 1;
	uint8_t hash[SY_HASH_SIZE];
	char hex[2 * SY_HASH_SIZE + 1];
	struct sy_str text;

	if (!answer_text(x, "hash", &text))
		return false;
	if (text.n > n_before && memcmp(text.p, before, n_before) == 0) {
		text.p += n_before;
		text.n -= n_before;
		if (text.n > n_after && memcmp(text.p + text.n - n_after, after, n_after) == 0)
			text.n -= n_after;
	}
	if (text.n == 2 * SY_HASH_SIZE) {
		for (size_t i = 0; i < text.n; i++)
			hex[i] = text.p[i] >= 'A' && text.p[i] <= 'F' ? (char)(text.p[i] + 32)
								      : text.p[i];
		if (sy_unhex((struct sy_str){hex, text.n}, hash, sizeof hash) == SY_OK) {
			hex[text.n] = '\0';
			snprintf(q->hash, sizeof q->hash, "%s%s%s", before, hex, after);
			memcpy(q->head, hash, sizeof q->head);
			return true;
		}
	}
	http_problem(x, 400, "malformed",
		     "hash: expected ni:///sha-256;<64 hex digits>?ver=CBV2.0, or the digits",
		     NULL);
	return false;
}

void handle_event_hash(struct http_exchange *x, void *ctx)
{
	struct query *q = sy_arena_calloc(http_arena(x), 1, sizeof *q);

	if (q == NULL)
		http_problem_err(x, SY_ENOMEM, NULL);
	else if (read_hash(x, q))
		answer_query(x, ctx, run, q);
}
