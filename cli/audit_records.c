#include <stdatomic.h>
#include <stdlib.h>

#include "audit_erased.h"
#include "config.h"

#define CONNECTIONS_MAX 16

/* A Party or Ledger record: which keys its party has from the next entry on. */
struct enrolment {
	uint64_t record, entry;
	char *party;
	uint8_t (*keys)[SY_KEY_SIZE];
	size_t n_keys;
};

struct readers {
	struct audit *a;
	_Atomic uint64_t next;
	_Atomic bool stop;
	struct fail fail;
	struct erasures erasures;
	struct enrolment *v; /* under the audit's lock */
	size_t n, cap;
};

/* --- reading ---------------------------------------------------------------------------------- */

static int add_enrolment(struct readers *r, struct enrolment *e)
{
	int rc = RC_DONE;

	pthread_mutex_lock(&r->a->lock);
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 64;
		struct enrolment *v = realloc(r->v, cap * sizeof *v);
		if (v == NULL)
			rc = RC_FAIL;
		else
			r->v = v, r->cap = cap;
	}
	if (rc == RC_DONE)
		r->v[r->n++] = *e;
	pthread_mutex_unlock(&r->a->lock);
	return rc;
}

static void take_key(struct readers *r, struct enrolment *e, struct sy_arena *arena,
		     const struct sy_json_doc *doc, const struct sy_json *v)
{
	struct sy_str vkey = {"", 0}, proof = {"", 0};
	uint8_t sig[SY_SIG_SIZE];
	struct sy_vkey key;

	sy_json_string(doc, sy_json_get(doc, v, "vkey"), arena, &vkey);
	sy_json_string(doc, sy_json_get(doc, v, "proof"), arena, &proof);
	if (sy_vkey_parse(vkey, &key) != SY_OK ||
	    sy_unbase64_exact(proof, sig, sizeof sig) != SY_OK ||
	    sy_key_proof_check(&key, r->a->app->trust->origin, sy_str(e->party), vkey, sig) !=
		SY_OK)
		audit_fault(r->a, "record", e->record, "enrols a key without that key's own proof");
	else
		memcpy(e->keys[e->n_keys++], key.key, SY_KEY_SIZE);
}

/* Keeps what a Party record, or the genesis, enrols, and what an Erasure names. */
static int take_record(struct readers *r, struct sy_arena *arena, const struct sy_receipt *receipt)
{
	struct enrolment e = {receipt->number, receipt->entry.index, NULL, NULL, 0};
	struct sy_json_doc doc;
	const struct sy_json *who, *one, *many, *v;
	struct sy_str id = {"", 0};

	if (sy_record_parse(arena, receipt->payload, &doc, NULL) != SY_OK)
		return RC_DONE;
	if (erasures_take(&r->erasures, receipt->number, &doc) != RC_DONE)
		return RC_FAIL;
	who = sy_json_root(&doc);
	if (receipt->number == 0 && sy_json_is(&doc, sy_json_get(&doc, who, "type"), "Ledger"))
		who = sy_json_get(&doc, who, "operator");
	else if (!sy_json_is(&doc, sy_json_get(&doc, who, "type"), "Party"))
		return RC_DONE;
	sy_json_string(&doc, sy_json_get(&doc, who, "id"), arena, &id);
	one = sy_json_get(&doc, who, "key");
	many = sy_json_get(&doc, who, "keys");
	e.party = strndup(id.p, id.n);
	e.keys = calloc((many ? many->count : 0) + 1u, sizeof *e.keys);
	if (e.party == NULL || e.keys == NULL)
		goto err0;
	if (one != NULL)
		take_key(r, &e, arena, &doc, one);
	sy_json_each (&doc, many, v)
		take_key(r, &e, arena, &doc, v);
	if (add_enrolment(r, &e) == RC_DONE)
		return RC_DONE;
err0:
	free(e.party);
	free(e.keys);
	return RC_FAIL;
}

static int check_record(struct readers *r, struct http *h, struct sy_arena *arena, uint64_t n,
			struct fail *f)
{
	struct audit *a = r->a;
	struct http_answer answer = {0};
	struct sy_receipt receipt;
	struct sy_receipt_fault why = {0};
	char path[64];
	int rc;

	snprintf(path, sizeof path, "/v1/records/%llu/receipt", (unsigned long long)n);
	rc = http_get(h, path, &answer, f);
	if (rc != RC_DONE)
		goto out;
	if (answer.status == 410) {
		if (erasures_gone(&r->erasures, n) != RC_DONE)
			rc = fail_memory(f);
	} else if (answer.status != 200) {
		audit_fault(a, "record", n, "is answered with status %ld", answer.status);
	} else if (sy_receipt_parse(arena, sy_buf_span(&answer.body), &receipt, &why) != SY_OK ||
		   sy_receipt_verify(&receipt, &a->app->trust->log, NULL, &why) != SY_OK) {
		audit_fault(a, "record", n, "%s: %s", why.pointer ? why.pointer : "",
			    why.detail ? why.detail : "its receipt does not hold");
	} else if (receipt.number != n) {
		audit_fault(a, "record", n, "is answered with record %llu",
			    (unsigned long long)receipt.number);
	} else if ((rc = trust_see(a->app->trust, h, receipt.checkpoint.note, f)) == RC_DONE &&
		   take_record(r, arena, &receipt) != RC_DONE) {
		rc = fail_memory(f);
	}
out:
	http_answer_free(&answer);
	return rc;
}

static void *read_records(void *readers)
{
	struct readers *r = readers;
	struct audit *a = r->a;
	struct sy_arena arena = {0};
	struct http *h = NULL;
	struct fail f = {0};
	uint64_t n;
	int rc = trust_connect(a->app, &h, &f);

	while (rc == RC_DONE && !r->stop && (n = r->next++) < a->records) {
		rc = check_record(r, h, &arena, n, &f);
		sy_arena_reset(&arena);
		if (n % 256 == 0)
			audit_progress(a, "records", n, a->records);
	}
	if (rc != RC_DONE) {
		pthread_mutex_lock(&a->lock);
		fail(&r->fail, rc, "%s", f.text);
		pthread_mutex_unlock(&a->lock);
		r->stop = true;
	}
	http_free(h);
	sy_arena_free(&arena);
	return NULL;
}

/* --- who was enrolled when -------------------------------------------------------------------- */

/* A key is good for entries after FROM, up to and including TO. */
struct span {
	uint8_t key[SY_KEY_SIZE];
	uint64_t from, to;
};

struct spans {
	struct span *v;
	size_t n;
};

static int by_record(const void *a, const void *b)
{
	uint64_t x = ((const struct enrolment *)a)->record,
		 y = ((const struct enrolment *)b)->record;

	return x < y ? -1 : x > y;
}

static bool has_key(const struct enrolment *e, const uint8_t key[SY_KEY_SIZE])
{
	for (size_t i = 0; i < e->n_keys; i++) {
		if (memcmp(e->keys[i], key, SY_KEY_SIZE) == 0)
			return true;
	}
	return false;
}

static const struct enrolment *earlier(const struct readers *r, size_t i)
{
	for (size_t k = i; k-- > 0;) {
		if (strcmp(r->v[k].party, r->v[i].party) == 0)
			return &r->v[k];
	}
	return NULL;
}

static void close_span(struct spans *s, const uint8_t key[SY_KEY_SIZE], uint64_t entry)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].to == UINT64_MAX && memcmp(s->v[i].key, key, SY_KEY_SIZE) == 0)
			s->v[i].to = entry;
	}
}

static void one_enrolment(const struct readers *r, size_t i, struct spans *s)
{
	const struct enrolment *now = &r->v[i], *old = earlier(r, i);

	for (size_t k = 0; old != NULL && k < old->n_keys; k++) {
		if (!has_key(now, old->keys[k]))
			close_span(s, old->keys[k], now->entry);
	}
	for (size_t k = 0; k < now->n_keys; k++) {
		if (old != NULL && has_key(old, now->keys[k]))
			continue;
		struct span *span = &s->v[s->n++];
		memcpy(span->key, now->keys[k], SY_KEY_SIZE);
		span->from = now->entry;
		span->to = UINT64_MAX;
	}
}

static bool good_at(const struct spans *s, const uint8_t key[SY_KEY_SIZE], uint64_t entry)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct span *v = &s->v[i];
		bool after = entry > v->from || entry == 0; /* the genesis enrols its own author */
		if (after && entry <= v->to && memcmp(v->key, key, SY_KEY_SIZE) == 0)
			return true;
	}
	return false;
}

/* Sorted by key, so that a million entries don't each walk all parties. */
static int by_key(const void *a, const void *b)
{
	return memcmp(((const struct span *)a)->key, ((const struct span *)b)->key, SY_KEY_SIZE);
}

static struct spans of_key(const struct spans *all, const uint8_t key[SY_KEY_SIZE])
{
	size_t lo = 0, hi = all->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (memcmp(all->v[mid].key, key, SY_KEY_SIZE) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	struct spans out = {all->v + lo, 0};
	while (lo + out.n < all->n && memcmp(out.v[out.n].key, key, SY_KEY_SIZE) == 0)
		out.n++;
	return out;
}

static int check_authors(struct readers *r)
{
	struct audit *a = r->a;
	struct spans spans = {0};
	size_t keys = 1;

	for (size_t i = 0; i < r->n; i++)
		keys += r->v[i].n_keys;
	if ((spans.v = calloc(keys, sizeof *spans.v)) == NULL)
		return fail_memory(&a->app->fail);
	qsort(r->v, r->n, sizeof *r->v, by_record);
	for (size_t i = 0; i < r->n; i++)
		one_enrolment(r, i, &spans);
	qsort(spans.v, spans.n, sizeof *spans.v, by_key);
	for (uint64_t i = 0; i < a->to - a->from; i++) {
		const struct audit_entry *e = &a->entries[i];
		struct spans own = of_key(&spans, e->author);
		if (e->kind == SY_ENTRY_SUBMISSION && !good_at(&own, e->author, a->from + i))
			audit_fault(a, "entry", a->from + i, "%s",
				    own.n > 0 ? "its author's key was not good at that point"
					      : "nobody enrolled its author's key");
	}
	free(spans.v);
	return RC_DONE;
}

int audit_records(struct audit *a, unsigned connections)
{
	struct readers r = {.a = a};
	pthread_t threads[CONNECTIONS_MAX];
	unsigned n = 0;
	int rc = RC_DONE;

	erasures_init(&r.erasures);
	for (; n < connections && n < CONNECTIONS_MAX; n++) {
		if (pthread_create(&threads[n], NULL, read_records, &r) != 0)
			break;
	}
	if (n == 0)
		read_records(&r);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	if (r.fail.text[0] != '\0')
		rc = fail(&a->app->fail, r.fail.rc, "%s", r.fail.text);
	if (rc == RC_DONE) {
		erasures_check(&r.erasures, a);
		rc = check_authors(&r);
	}
	erasures_free(&r.erasures);
	for (size_t i = 0; i < r.n; i++) {
		free(r.v[i].party);
		free(r.v[i].keys);
	}
	free(r.v);
	return rc;
}
