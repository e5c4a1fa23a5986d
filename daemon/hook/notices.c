/* Which notices wait, what they say, and what became of them. */
#include "hook_impl.h"

#include <suyuan/hash.h>
#include <suyuan/json.h>
#include <suyuan/time.h>

#include <stdlib.h>

enum { ROW = 4 + 8 + 8 + 4, SECOND = 1000, HOUR = 3600 * SECOND };

/* --- rows ------------------------------------------------------------------------------------ */

/* Ids of parties may be long: they go by their hash. */
static void row_key(struct sy_str party, uint64_t notice, uint8_t key[24])
{
	sy_hash h;

	sy_sha256(party.p, party.n, &h);
	memcpy(key, h.b, 16);
	sy_put64(key + 16, notice);
}

int notice_state(struct hooks *h, struct sy_str party, uint64_t notice, uint32_t *tries,
		 uint64_t *next, bool *delivered)
{
	uint8_t key[24];
	struct sy_str row;
	struct kv_tx tx;
	int err = kv_begin(h->kv, &tx, KV_READ);

	*tries = 0;
	*next = 0;
	*delivered = false;
	if (err)
		return err;
	row_key(party, notice, key);
	err = kv_get(&tx, 0, (struct sy_str){(const char *)key, sizeof key}, &row);
	if (err == SY_OK && row.n == ROW) {
		const uint8_t *p = (const uint8_t *)row.p;
		*tries = sy_get32(p);
		*next = sy_get64(p + 4);
		if (*next > hook_now() + HOUR) /* the clock was set back */
			*next = 0;
		*delivered = sy_get64(p + 12) != 0;
	}
	kv_abort(&tx);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* A second after the first try, then twice as long each time, up to an hour. */
uint64_t notice_wait(uint32_t tries)
{
	return tries > 12 ? HOUR : (uint64_t)SECOND << (tries ? tries - 1 : 0);
}

int notice_tried(struct hooks *h, const struct receiver *to, const struct pending *p, long status,
		 bool delivered)
{
	uint8_t key[24], row[ROW];
	uint64_t now = hook_now();
	struct kv_tx tx;

	row_key(to->party, p->notice, key);
	sy_put32(row, p->tries);
	sy_put64(row + 4, now + notice_wait(p->tries));
	sy_put64(row + 12, delivered ? now : 0);
	sy_put32(row + 20, (uint32_t)status);
	kv_begin(h->kv, &tx, KV_WRITE);
	kv_put(&tx, 0, (struct sy_str){(const char *)key, sizeof key},
	       (struct sy_str){(const char *)row, sizeof row}, 0);
	return kv_commit(&tx);
}

/* --- looking --------------------------------------------------------------------------------- */

static bool is_pending(const struct receiver *to, uint64_t notice)
{
	for (size_t i = 0; i < to->n_pending; i++)
		if (to->pending[i].notice == notice)
			return true;
	return false;
}

static int add(struct hooks *h, struct receiver *to, const struct pending *p)
{
	if (to->pending == NULL &&
	    (to->pending = calloc(PENDING_MOST, sizeof *to->pending)) == NULL)
		return SY_ENOMEM;
	to->pending[to->n_pending++] = *p;
	atomic_fetch_add(&h->n_pending, 1);
	return SY_OK;
}

/* With its fill a newer one takes the place of the oldest. */
static void take_place(struct receiver *to, const struct pending *p)
{
	struct pending *oldest = &to->pending[0];

	for (size_t i = 1; i < to->n_pending; i++)
		if (to->pending[i].notice < oldest->notice)
			oldest = &to->pending[i];
	if (oldest->notice < p->notice)
		*oldest = *p;
}

/* The versions of a row of an inbox that weren't delivered, the newest first: those that were
 * TRIED, as far as there is room, or the others. */
static int look_at(struct hooks *h, struct index_read *r, struct receiver *to, bool tried,
		   struct register_row row)
{
	struct sy_str id = row.id, recall = row.owner;
	struct index_recall c;
	bool delivered = false;
	int err = index_recall(r, recall, &c);

	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	do {
		struct pending p = {.notice = row.record, .number = c.number};
		err = notice_state(h, to->party, row.record, &p.tries, &p.due, &delivered);
		if (err || delivered)
			return err;
		if ((p.tries > 0) == tried && !is_pending(to, row.record)) {
			to->more = to->more || to->n_pending == PENDING_MOST;
			if (to->n_pending < PENDING_MOST)
				err = add(h, to, &p);
			else if (!tried)
				take_place(to, &p);
			if (err || (to->more && tried))
				return err;
		}
		err = register_get_before(r, REG_INBOX, id, row.record, &row);
	} while (err == SY_OK);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int look_through(struct hooks *h, struct index_read *r, struct receiver *to, bool tried)
{
	struct sy_arena arena = {0};
	struct sy_str stem = recall_inbox_id(&arena, to->party, UINT64_MAX), after = stem;
	struct register_row row;
	int err = stem.n ? SY_OK : SY_ENOMEM;

	while (err == SY_OK && !(to->more && tried) &&
	       (err = register_next(r, REG_INBOX, after, &row)) == SY_OK) {
		if (row.id.n <= stem.n || memcmp(row.id.p, stem.p, stem.n))
			break;
		after = row.id;
		err = look_at(h, r, to, tried, row);
	}
	sy_arena_free(&arena);
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* What nobody heard of yet comes before what was refused. */
static int look_for(struct hooks *h, struct index_read *r, struct receiver *to)
{
	int err;

	to->more = false;
	err = look_through(h, r, to, false);
	return err || to->more ? err : look_through(h, r, to, true);
}

static void forget_all(struct hooks *h, struct receiver *to)
{
	atomic_fetch_sub(&h->n_pending, to->n_pending);
	to->n_pending = 0;
}

bool notices_all_tried(const struct receiver *to)
{
	for (size_t i = 0; i < to->n_pending; i++)
		if (to->pending[i].tries == 0)
			return false;
	return true;
}

/* Of one that has its fill nothing is looked for until half of it is gone, or there is something
 * new: then it gets another fill. */
int notices_look(struct hooks *h)
{
	struct index_read r;
	int err = index_read_begin(h->index, &r);

	if (err)
		return err;
	uint64_t newest = index_newest_notice(&r);
	for (size_t i = 0; i < h->n_receivers; i++) {
		struct receiver *to = &h->receivers[i];
		to->look = to->look || newest != h->seen;
		bool room = to->look || (to->more && to->n_pending <= PENDING_MOST / 2);
		if (!room || to->flying || err)
			continue;
		if (to->more && to->look)
			forget_all(h, to);
		err = look_for(h, &r, to);
		to->look = err != SY_OK;
	}
	h->seen = newest;
	index_read_end(&r);
	return err;
}

/* --- saying ---------------------------------------------------------------------------------- */

static void idempotency(struct hooks *h, const struct receiver *to, const struct pending *p,
			char out[2 * SY_HASH_SIZE + 1])
{
	char number[24];
	sy_hash hash;

	snprintf(number, sizeof number, "\n%llu\n", (unsigned long long)p->notice);
	struct sy_str parts[] = {ledger_origin(h->ledger), sy_str(number), to->party};
	sy_sha256_parts(parts, 3, &hash);
	for (size_t i = 0; i < SY_HASH_SIZE; i++)
		snprintf(out + 2 * i, 3, "%02x", hash.b[i]);
}

/* The notice's own words, where it has any. */
static int write_text(struct hooks *h, struct sy_arena *arena, struct sy_jw *w, uint64_t record)
{
	struct ledger_read truth;
	struct ledger_record rec;
	struct sy_json_doc doc;
	int err = ledger_read_begin(h->ledger, &truth);

	if (err)
		return err;
	if ((err = ledger_record(&truth, arena, record, &rec)) == SY_OK &&
	    (err = sy_json_parse(arena, rec.payload, 0, &doc, NULL)) == SY_OK) {
		const struct sy_json *v = sy_json_get(&doc, sy_json_root(&doc), "text");
		if (v) {
			sy_jw_key(w, "text");
			sy_jw_raw(w, sy_json_raw(&doc, v));
		}
	}
	ledger_read_end(&truth);
	return err == SY_EGONE ? SY_OK : err; /* the rest is told all the same */
}

static void write_time(struct sy_jw *w, const char *name, uint64_t ms)
{
	char text[SY_TIME_TEXT];

	sy_time_format(ms, text);
	sy_jw_kv_text(w, name, text);
}

static int write_recall(struct index_read *r, struct sy_jw *w, const struct register_row *notice,
			uint64_t number)
{
	struct register_row row;
	uint64_t version;
	int err = recall_version(notice, &version);

	if (err || (err = register_get_before(r, REG_RECALL, notice->owner, version + 1, &row)))
		return err;
	sy_jw_key(w, "recall");
	sy_jw_object(w);
	sy_jw_kv_str(w, "id", row.id);
	sy_jw_kv_u64(w, "number", number);
	sy_jw_kv_u64(w, "record", row.record);
	sy_jw_kv_str(w, "party", row.owner);
	sy_jw_raw(w, row.shown);
	sy_jw_end(w, '}');
	return SY_OK;
}

static int write_all(struct hooks *h, struct index_read *r, const struct receiver *to,
		     const struct pending *p, struct sy_arena *arena, struct sy_buf *body,
		     const char *key)
{
	struct sy_str party = to->party, id = recall_inbox_id(arena, party, p->number);
	struct register_row row;
	struct sy_jw w;
	int err = id.n ? register_get_before(r, REG_INBOX, id, p->notice + 1, &row) : SY_ENOMEM;

	if (err)
		return err;
	sy_jw_init(&w, body);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", "RecallNotice");
	sy_jw_kv_text(&w, "id", key);
	sy_jw_kv_str(&w, "ledger", ledger_origin(h->ledger));
	sy_jw_kv_str(&w, "party", party);
	sy_jw_kv_u64(&w, "notice", row.record);
	sy_jw_kv_u64(&w, "entry", row.entry);
	write_time(&w, "time", row.time);
	if ((err = write_text(h, arena, &w, row.record)) ||
	    (err = write_recall(r, &w, &row, p->number)))
		return err;
	sy_jw_end(&w, '}');
	return body->failed ? SY_ENOMEM : SY_OK;
}

int notice_write(struct hooks *h, const struct receiver *to, const struct pending *p,
		 struct sy_buf *body, char key[2 * SY_HASH_SIZE + 1])
{
	struct sy_arena arena = {0};
	struct index_read r;
	int err = index_read_begin(h->index, &r);

	if (err)
		return err;
	idempotency(h, to, p, key);
	sy_buf_reset(body);
	err = write_all(h, &r, to, p, &arena, body, key);
	index_read_end(&r);
	sy_arena_free(&arena);
	return err;
}
