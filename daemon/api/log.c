/* The log itself over HTTP: entries, records, receipts, proofs, tiles. */
#include "api/answer.h"

static const char octets[] = "application/octet-stream";
static const char forever[] = "public, max-age=31536000, immutable";

static void hash64(struct sy_jw *w, const char *name, const sy_hash *h)
{
	sy_jw_key(w, name);
	sy_jw_base64(w, h->b, sizeof h->b);
}

void handle_ledger(struct http_exchange *x, void *ctx)
{
	struct app *app = ctx;
	struct ledger_head head;
	struct index_read r;
	struct register_row genesis;
	struct sy_buf body = {0};
	struct sy_jw w;
	char vkey[SY_VKEY_TEXT];
	int err = index_read_begin(app->index, &r);
	if (err) {
		http_problem_err(x, err, NULL);
		return;
	}
	ledger_head(app->ledger, &head);
	sy_vkey_format(ledger_vkey(app->ledger), vkey);
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	sy_jw_kv_str(&w, "origin", ledger_origin(app->ledger));
	sy_jw_kv_text(&w, "vkey", vkey);
	if (register_get(&r, REG_LEDGER, SY_STR(""), &genesis) == SY_OK)
		sy_jw_kv_str(&w, "operator", genesis.owner);
	sy_jw_kv_u64(&w, "entries", head.entries);
	sy_jw_kv_u64(&w, "records", head.records);
	sy_jw_kv_u64(&w, "indexPosition", r.position);
	answer_time(&w, "time", head.time);
	sy_jw_kv_text(&w, "version", SUYUAN_VERSION);
	sy_jw_kv_u64(&w, "rulesVersion", register_version(&r));
	sy_jw_end(&w, '}');
	index_read_end(&r);
	answer_json(x, 200, &body);
}

static void write_entry(struct sy_jw *w, const uint8_t raw[SY_ENTRY_SIZE], const struct sy_entry *e)
{
	static const char *const kinds[] = {"", "submission", "index-commitment", "log-key"};
	sy_hash leaf;
	sy_leaf_hash(raw, SY_ENTRY_SIZE, &leaf);
	sy_jw_kv_u64(w, "index", e->index);
	sy_jw_kv_text(w, "kind", e->kind < 4 ? kinds[e->kind] : "unknown");
	answer_time(w, "time", e->time);
	sy_jw_kv_u64(w, "firstRecord", e->first);
	sy_jw_kv_u64(w, "count", e->count);
	sy_jw_kv_u64(w, "deadline", e->deadline);
	sy_jw_key(w, "author");
	sy_jw_base64(w, e->author, sizeof e->author);
	hash64(w, "recordsRoot", &e->records_root);
	sy_jw_key(w, "signature");
	sy_jw_base64(w, e->signature, sizeof e->signature);
	hash64(w, "prev", &e->prev);
	hash64(w, "leaf", &leaf);
	sy_jw_key(w, "raw");
	sy_jw_base64(w, raw, SY_ENTRY_SIZE);
}

static void read_entry(struct http_exchange *x, struct snapshot *s)
{
	uint64_t i;
	const uint8_t *raw;
	struct sy_entry e;
	struct register_key key;
	struct sy_buf body = {0};
	struct sy_jw w;
	if (!answer_param(x, 0, &i))
		return;
	int err = ledger_entry(&s->truth, i, &raw);
	if (!err)
		err = sy_entry_decode(raw, &e, NULL);
	if (err) {
		http_problem_err(x, err,
				 err == SY_ENOTFOUND ? "no entry has that number yet" : NULL);
		return;
	}
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	write_entry(&w, raw, &e);
	if (register_key(&s->index, e.author, &key) == SY_OK)
		sy_jw_kv_str(&w, "party", key.party);
	sy_jw_end(&w, '}');
	answer_json(x, 200, &body);
}

void handle_entry(struct http_exchange *x, void *ctx)
{
	answer_from_truth(x, ctx, read_entry);
}

/* 404 and 410 of a record; an erased one names its Erasure. */
static void no_record(struct http_exchange *x, struct snapshot *s, uint64_t n, int err)
{
	uint64_t erasure;
	char detail[120];
	if (err == SY_EGONE && index_erased(&s->index, n, &erasure) == SY_OK) {
		char number[24];
		snprintf(number, sizeof number, "%llu", (unsigned long long)erasure);
		http_set(x, "Suyuan-Erasure", number);
		snprintf(detail, sizeof detail, "record %llu was erased by record %s",
			 (unsigned long long)n, number);
		http_problem(x, 410, sy_strerror(err), detail, NULL);
		return;
	}
	snprintf(detail, sizeof detail, "record %llu: %s", (unsigned long long)n, sy_strerror(err));
	http_problem_err(x, err, detail);
}

static void read_record(struct http_exchange *x, struct snapshot *s)
{
	uint64_t n, entry;
	uint32_t position;
	struct ledger_record rec;
	char number[24];
	if (!answer_param(x, 0, &n))
		return;
	int err = ledger_record_entry(&s->truth, n, &entry, &position);
	if (!err)
		err = ledger_record(&s->truth, http_arena(x), n, &rec);
	if (err) {
		no_record(x, s, n, err);
		return;
	}
	snprintf(number, sizeof number, "%llu", (unsigned long long)entry);
	http_set(x, "Suyuan-Entry", number);
	snprintf(number, sizeof number, "%u", (unsigned)position);
	http_set(x, "Suyuan-Position", number);
	http_reply(x, 200, "application/json", rec.payload);
}

void handle_record(struct http_exchange *x, void *ctx)
{
	answer_from_truth(x, ctx, read_record);
}

/* Puts the receipt of the record that enrolled the author's key into RECEIPT as "party". */
static int bundle_party(struct http_exchange *x, struct snapshot *s, uint64_t n,
			struct sy_buf *receipt)
{
	uint64_t entry;
	uint32_t position;
	const uint8_t *raw;
	struct sy_entry e;
	struct register_key key;
	int err;
	if ((err = ledger_record_entry(&s->truth, n, &entry, &position)) != SY_OK ||
	    (err = ledger_entry(&s->truth, entry, &raw)) != SY_OK ||
	    (err = sy_entry_decode(raw, &e, NULL)) != SY_OK)
		return err;
	if (register_key(&s->index, e.author, &key) != SY_OK || key.record == n)
		return SY_OK;
	while (receipt->n > 0 && receipt->p[receipt->n - 1] != '}')
		receipt->n--;
	receipt->n--;
	sy_buf_text(receipt, ",\"party\":");
	err = ledger_receipt(&s->truth, http_arena(x), key.record, receipt);
	while (receipt->n > 0 && receipt->p[receipt->n - 1] == '\n')
		receipt->n--;
	sy_buf_text(receipt, "}\n");
	return err;
}

static void read_receipt(struct http_exchange *x, struct snapshot *s)
{
	uint64_t n, party;
	struct sy_buf body = {0};
	if (!answer_param(x, 0, &n) || !answer_number(x, "party", 0, 0, 1, &party))
		return;
	int err = ledger_receipt(&s->truth, http_arena(x), n, &body);
	if (!err && party)
		err = bundle_party(x, s, n, &body);
	if (err) {
		sy_buf_free(&body);
		no_record(x, s, n, err);
		return;
	}
	answer_json(x, 200, &body);
}

void handle_receipt(struct http_exchange *x, void *ctx)
{
	answer_from_truth(x, ctx, read_receipt);
}

static void write_consistency(struct http_exchange *x, struct app *app, struct ledger_read *r,
			      uint64_t from, uint64_t to)
{
	struct sy_path path;
	struct ledger_head head;
	struct sy_buf body = {0};
	struct sy_jw w;
	int err = ledger_consistency(r, from, to, &path);
	if (err) {
		http_problem_err(x, err, NULL);
		return;
	}
	ledger_head(app->ledger, &head);
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	sy_jw_kv_u64(&w, "from", from);
	sy_jw_kv_u64(&w, "to", to);
	sy_jw_key(&w, "proof");
	sy_jw_array(&w);
	for (unsigned i = 0; i < path.n; i++)
		sy_jw_base64(&w, path.h[i].b, SY_HASH_SIZE);
	sy_jw_end(&w, ']');
	if (to == head.entries)
		sy_jw_kv_str(&w, "checkpoint", (struct sy_str){head.note, head.note_len});
	sy_jw_end(&w, '}');
	answer_json(x, 200, &body);
}

void handle_consistency(struct http_exchange *x, void *ctx)
{
	struct app *app = ctx;
	struct ledger_read r;
	struct sy_str given;
	uint64_t from, to;
	int err = ledger_read_begin(app->ledger, &r);
	if (err) {
		http_problem_err(x, err, NULL);
		return;
	}
	if (http_query(x, "from", 0, &given) == SY_ENOTFOUND)
		http_problem(x, 400, "malformed", "from is missing, expected a number of entries",
			     NULL);
	else if (answer_number(x, "to", r.entries, 0, r.entries, &to) &&
		 answer_number(x, "from", 0, 0, to, &from))
		write_consistency(x, app, &r, from, to);
	ledger_read_end(&r);
}

void handle_checkpoint(struct http_exchange *x, void *ctx)
{
	struct app *app = ctx;
	struct ledger_head head;
	ledger_head(app->ledger, &head);
	http_set(x, "Cache-Control", "no-cache");
	http_reply(x, 200, "text/plain; charset=utf-8", (struct sy_str){head.note, head.note_len});
}

void handle_tile(struct http_exchange *x, void *ctx)
{
	struct app *app = ctx;
	struct ledger_read r;
	struct sy_tile t;
	struct sy_buf body = {0};
	int err = sy_tile_parse(http_request(x)->param[0], &t);
	if (!err && (err = ledger_read_begin(app->ledger, &r)) == SY_OK) {
		err = ledger_tile(&r, &t, &body);
		ledger_read_end(&r);
	}
	if (!err && body.failed)
		err = SY_ENOMEM;
	if (err) {
		sy_buf_free(&body);
		http_problem_err(x, err, err == SY_ENOTFOUND ? "no such tile, or not yet" : NULL);
		return;
	}
	http_set(x, "Cache-Control", forever);
	http_reply_buf(x, 200, octets, &body);
}
