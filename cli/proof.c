#include "config.h"
#include "proof.h"
#include "view.h"
#include "words.h"

#define CHAIN_MAX 64 /* Party records back from the one in force */

static bool item_names(const struct sy_code *item, const struct sy_code *code)
{
	return sy_str_eq(item->canonical, code->canonical) ||
	       (item->lot_code.n > 0 && sy_str_eq(item->lot_code, code->canonical)) ||
	       (code->lot_code.n > 0 && (sy_str_eq(item->canonical, code->lot_code) ||
					 sy_str_eq(item->lot_code, code->lot_code)));
}

static void look_at_item(const struct sy_code *item, const struct sy_code *code,
			 struct proof_record *out)
{
	out->names = out->names || item_names(item, code);
	if (item->lot_code.n > 0 && sy_str_eq(item->canonical, code->canonical))
		out->lot = item->lot_code;
}

static void look_into(struct app *app, const struct sy_code *code, struct proof_record *out)
{
	struct sy_json_doc doc;
	struct sy_faults faults;
	struct sy_event event;

	out->last_day = SY_NO_DAY;
	if (sy_record_parse(&app->arena, out->receipt.payload, &doc, NULL) != SY_OK)
		return;
	const struct sy_json *root = sy_json_root(&doc);
	struct sy_str type = view_text(app, &doc, sy_json_get(&doc, root, "type"));
	out->type = sy_arena_strdup(&app->arena, type);
	if (sy_str_is(type, "Product") && code != NULL) {
		struct sy_str product = view_text(app, &doc, sy_json_get(&doc, root, "code"));
		out->names =
		    sy_str_eq(product, code->canonical) || sy_str_eq(product, code->product);
		return;
	}
	/* What remains of an erased event stands for it. */
	const struct sy_json *remains = sy_json_get(&doc, root, "remains");
	if (sy_str_is(type, "Erasure") && remains != NULL &&
	    sy_json_parse(&app->arena, sy_json_raw(&doc, remains), 0, &doc, NULL) != SY_OK)
		return;
	if (sy_event_kind(&doc) == SY_EVENT_NONE)
		return;
	sy_faults_init(&faults, &app->arena);
	sy_event_read(&app->arena, &doc, &event, &faults, 0);
	out->last_day = event.expires != SY_NO_DAY ? event.expires : event.best_before;
	if (event.inspection != NULL)
		out->inspection = sy_json_raw(&doc, event.inspection);
	for (size_t i = 0; code != NULL && i < event.n_items; i++)
		look_at_item(&event.items[i].code, code, out);
}

static const char *step_name(enum sy_receipt_step step)
{
	static const char *const names[] = {"sound",  "form",      "checkpoint", "entry",
					    "record", "signature", "author"};

	return (size_t)step < sizeof names / sizeof names[0] ? names[step] : "form";
}

int proof_receipt(struct proof *p, struct sy_str text, const struct sy_code *code,
		  struct proof_record *out, struct fail *f)
{
	struct app *app = p->app;
	struct sy_receipt_fault why = {0};
	int rc;

	memset(out, 0, sizeof *out);
	if (sy_receipt_parse(&app->arena, text, &out->receipt, &why) != SY_OK)
		return fail(f, RC_PROOF, "not a receipt: %s: %s", why.pointer ? why.pointer : "",
			    why.detail ? words(why.detail) : "");
	if (app->trust == NULL) {
		rc = trust_offline(app, out->receipt.checkpoint.origin);
		if (rc != RC_DONE)
			return rc;
	}
	if (sy_receipt_verify(&out->receipt, &app->trust->log, NULL, &why) != SY_OK)
		return fail(f, RC_PROOF, "the receipt does not hold at its %s: %s: %s",
			    step_name(why.step), why.pointer ? why.pointer : "",
			    why.detail ? words(why.detail) : "");
	if ((rc = trust_see(app->trust, app->http, out->receipt.checkpoint.note, f)) != RC_DONE)
		return rc;
	look_into(app, code, out);
	p->checked++;
	return RC_DONE;
}

/* --- who held the key ------------------------------------------------------------------------- */

static bool key_is(struct sy_arena *arena, const struct sy_json_doc *doc, const struct sy_json *v,
		   struct sy_str origin, struct sy_str party, const uint8_t key[SY_KEY_SIZE])
{
	struct sy_str vkey = {"", 0}, proof = {"", 0};
	uint8_t sig[SY_SIG_SIZE];
	struct sy_vkey parsed;

	sy_json_string(doc, sy_json_get(doc, v, "vkey"), arena, &vkey);
	sy_json_string(doc, sy_json_get(doc, v, "proof"), arena, &proof);
	return sy_vkey_parse(vkey, &parsed) == SY_OK && memcmp(parsed.key, key, SY_KEY_SIZE) == 0 &&
	       sy_unbase64_exact(proof, sig, sizeof sig) == SY_OK &&
	       sy_key_proof_check(&parsed, origin, party, vkey, sig) == SY_OK;
}

const char *proof_enrols(struct sy_arena *arena, struct sy_str record, struct sy_str origin,
			 const uint8_t key[SY_KEY_SIZE])
{
	struct sy_json_doc doc;
	const struct sy_json *who, *v;
	struct sy_str party = {"", 0};

	if (sy_record_parse(arena, record, &doc, NULL) != SY_OK)
		return NULL;
	who = sy_json_root(&doc);
	if (sy_json_is(&doc, sy_json_get(&doc, who, "type"), "Ledger"))
		who = sy_json_get(&doc, who, "operator");
	else if (!sy_json_is(&doc, sy_json_get(&doc, who, "type"), "Party"))
		return NULL;
	sy_json_string(&doc, sy_json_get(&doc, who, "id"), arena, &party);
	if ((v = sy_json_get(&doc, who, "key")) != NULL &&
	    key_is(arena, &doc, v, origin, party, key))
		return sy_arena_strdup(arena, party);
	sy_json_each (&doc, sy_json_get(&doc, who, "keys"), v) {
		if (key_is(arena, &doc, v, origin, party, key))
			return sy_arena_strdup(arena, party);
	}
	return NULL;
}

static const char *known_key(const struct proof *p, const uint8_t key[SY_KEY_SIZE])
{
	for (size_t i = 0; i < p->n_keys; i++) {
		if (memcmp(p->keys[i].key, key, SY_KEY_SIZE) == 0)
			return p->keys[i].party;
	}
	return NULL;
}

static void keep_key(struct proof *p, const uint8_t key[SY_KEY_SIZE], const char *party)
{
	if (p->n_keys == PROOF_KEYS_MAX)
		return;
	memcpy(p->keys[p->n_keys].key, key, SY_KEY_SIZE);
	p->keys[p->n_keys++].party = party;
}

static int fetch_receipt(struct proof *p, uint64_t number, const struct sy_code *code,
			 struct proof_record *out, struct fail *f)
{
	struct http_answer a = {0};
	char path[64];
	int rc;

	snprintf(path, sizeof path, "/v1/records/%llu/receipt", (unsigned long long)number);
	if ((rc = http_fetch(p->app->http, path, &a, f)) == RC_DONE) {
		const char *copy = sy_arena_strdup(&p->app->arena, sy_buf_span(&a.body));
		rc = copy != NULL ? proof_receipt(p, sy_str(copy), code, out, f) : fail_memory(f);
		if (rc == RC_DONE && out->receipt.number != number)
			rc = fail(f, RC_PROOF, "asked for record %llu, the receipt is of %llu",
				  (unsigned long long)number,
				  (unsigned long long)out->receipt.number);
	}
	http_answer_free(&a);
	return rc;
}

/* The Party record bundled with a receipt. */
static const char *bundled(struct proof *p, const struct proof_record *r, struct fail *f)
{
	struct proof_record party;

	if (r->receipt.party.n == 0 ||
	    proof_receipt(p, r->receipt.party, NULL, &party, f) != RC_DONE)
		return NULL;
	return proof_enrols(&p->app->arena, party.receipt.payload, p->app->trust->origin,
			    r->receipt.entry.author);
}

static bool replaced(struct app *app, struct sy_str record, uint64_t *number)
{
	struct sy_json_doc doc;

	return sy_json_parse(&app->arena, record, 0, &doc, NULL) == SY_OK &&
	       sy_json_u64(&doc, sy_json_get(&doc, sy_json_root(&doc), "replaces"), number) ==
		   SY_OK;
}

/* From a Party record back through those that it replaced, and the genesis: each proven. */
static const char *walk_back(struct proof *p, uint64_t number, const uint8_t key[SY_KEY_SIZE],
			     struct fail *f)
{
	struct proof_record r;
	const char *party;

	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		if (fetch_receipt(p, number, NULL, &r, f) != RC_DONE)
			return NULL;
		party = proof_enrols(&p->app->arena, r.receipt.payload, p->app->trust->origin, key);
		if (party != NULL || number == 0)
			return party;
		if (!replaced(p->app, r.receipt.payload, &number))
			number = 0;
	}
	return NULL;
}

static const char *registered(struct proof *p, const struct proof_record *r, struct fail *f)
{
	struct app *app = p->app;
	struct sy_json_doc doc;
	struct sy_buf path = {0};
	uint64_t number = 0;
	char entry[64];

	snprintf(entry, sizeof entry, "/v1/entries/%llu",
		 (unsigned long long)r->receipt.entry.index);
	if (view_get(app, entry, &doc) != RC_DONE)
		return NULL;
	struct sy_str id = view_text(app, &doc, sy_json_get(&doc, sy_json_root(&doc), "party"));
	if (id.n > 0) {
		sy_buf_text(&path, "/v1/parties?id=");
		http_escape(&path, id);
		const struct sy_json *row = NULL;
		if (!path.failed && view_get(app, sy_buf_cstr(&path), &doc) == RC_DONE)
			row = sy_json_first(&doc, sy_json_get(&doc, sy_json_root(&doc), "parties"));
		sy_json_u64(&doc, sy_json_get(&doc, row, "record"), &number);
		sy_buf_free(&path);
	}
	return walk_back(p, number, r->receipt.entry.author, f);
}

int proof_fetch(struct proof *p, uint64_t number, const struct sy_code *code,
		struct proof_record *out, struct fail *f)
{
	int rc = fetch_receipt(p, number, code, out, f);
	unsigned checked = p->checked;

	if (rc != RC_DONE)
		return rc;
	const uint8_t *key = out->receipt.entry.author;
	if ((out->party = known_key(p, key)) == NULL) {
		if ((out->party = bundled(p, out, f)) == NULL)
			out->party = registered(p, out, f);
		if (out->party == NULL)
			return fail(f, RC_PROOF,
				    "record %llu is signed by a key that no proven Party record "
				    "enrols",
				    (unsigned long long)number);
		keep_key(p, key, out->party);
	}
	p->checked = checked; /* receipts of the register aren't counted as evidence */
	return RC_DONE;
}
