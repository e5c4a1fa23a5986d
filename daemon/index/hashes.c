#include "apply.h"

#include <suyuan/event.h>

#include <stdlib.h>

/*
 * `hashes`: event hashes (CBV 2.0, 8.9) to records, by their first eight bytes.
 *
 * A hash is 5 microseconds, and a random key a record is what LMDB does worst.  So nothing of it
 * happens while records are applied: when the follower has little else to do it hashes SPAN records
 * at a time and puts them down as one row, sorted, keyed by the first record.  FAN rows of a span
 * become one row of the next, three spans in all: a look-up goes through a row for each 262,144
 * records and finds its place in each by interpolation, since hashes are evenly spread.  Which rows
 * there are follows from how many records are hashed, so that two indexes have the same.
 *
 *   u64 first record -> u32 span || count * (8 bytes of the hash || u32 record - first)
 */
enum { SPAN = 1024, FAN = 16, SPANS = 3, HEAD = 4, ENTRY = 12, HASH_AT = 14 };
enum { SLICE_BYTES = 1 << 20 }; /* of records at a time, some 10 ms */

static uint64_t head_of(const uint8_t *entry)
{
	return sy_get64(entry);
}

/* The eight bytes that a hash begins with. */
static int event_head(struct sy_arena *arena, struct sy_str payload, uint8_t head[8])
{
	char text[SY_EVENT_HASH_TEXT];
	struct sy_json_doc doc;
	int err = sy_json_parse(arena, payload, 0, &doc, NULL);

	if (err == SY_OK)
		err = sy_event_hash(arena, &doc, text);
	if (err)
		return err == SY_ENOMEM ? err : SY_ENOTFOUND;
	return sy_unhex((struct sy_str){text + HASH_AT, 16}, head, 8);
}

/* --- making ---------------------------------------------------------------------------------- */

/* What is hashed of the next row, over several slices. */
struct hashes {
	struct sy_arena record, text;
	uint8_t entries[SPAN * ENTRY];
	uint64_t first, next;
	size_t n, bytes; /* entries; bytes of this slice */
	int err;
};

static bool take(void *ctx, uint64_t number, const struct ledger_record *rec, bool erased)
{
	struct hashes *h = ctx;
	uint8_t *entry = h->entries + h->n * ENTRY;

	h->next = number + 1;
	if (erased)
		return true;
	sy_arena_reset(&h->text);
	h->err = event_head(&h->text, rec->payload, entry);
	if (h->err == SY_OK) {
		sy_put32(entry + 8, (uint32_t)(number - h->first));
		h->n++;
	}
	h->bytes += rec->payload.n;
	return h->err != SY_ENOMEM && h->bytes < SLICE_BYTES;
}

void hashes_free(struct apply *a)
{
	if (a->hashes) {
		sy_arena_free(&a->hashes->record);
		sy_arena_free(&a->hashes->text);
		free(a->hashes);
	}
	a->hashes = NULL;
}

int hashes_gather(struct apply *a, bool *whole)
{
	struct hashes *h = a->hashes;
	int err;

	*whole = false;
	if (h == NULL) {
		if ((h = a->hashes = calloc(1, sizeof *h)) == NULL)
			return SY_ENOMEM;
		h->first = h->next = a->st.hashed;
	}
	h->bytes = 0;
	err = ledger_records(a->truth, &h->record, h->next, h->first + SPAN, take, h);
	if (err == SY_OK && h->err == SY_ENOMEM)
		err = h->err;
	*whole = h->next == h->first + SPAN;
	if (err)
		hashes_free(a); /* what was under way may lack one */
	return err;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ENTRY); /* big-endian: by hash, then by record */
}

static int put_row(struct apply *a, uint64_t first, uint32_t span, const uint8_t *entries, size_t n)
{
	struct key k = key_u64(first);
	void *room;
	int err = kv_reserve(a->tx, T_HASHES, key_str(&k), HEAD + n * ENTRY, 0, &room);

	if (err)
		return err;
	sy_put32(room, span);
	memcpy((uint8_t *)room + HEAD, entries, n * ENTRY);
	return SY_OK;
}

/* A row that is as it must be. */
static int row_read(struct sy_str value, uint32_t *span, const uint8_t **entries, size_t *n)
{
	if (value.n < HEAD || (value.n - HEAD) % ENTRY)
		return SY_ECORRUPT;
	*span = sy_get32((const uint8_t *)value.p);
	*entries = (const uint8_t *)value.p + HEAD;
	*n = (value.n - HEAD) / ENTRY;
	return SY_OK;
}

/* Moves the entries of the row at FROM behind those in OUT, counted from FIRST. */
static int gather(struct apply *a, uint64_t from, uint64_t first, uint32_t span, struct sy_buf *out)
{
	struct key k = key_u64(from);
	const uint8_t *entries;
	struct sy_str value;
	uint32_t has;
	size_t n, at = out->n;
	int err = kv_get(a->tx, T_HASHES, key_str(&k), &value);

	if (err == SY_OK)
		err = row_read(value, &has, &entries, &n);
	if (err || has != span)
		return err && err != SY_ENOTFOUND ? err : SY_ECORRUPT;
	sy_buf_put(out, entries, n * ENTRY);
	if (out->failed)
		return SY_ENOMEM;
	for (uint8_t *e = (uint8_t *)out->p + at; n > 0; n--, e += ENTRY)
		sy_put32(e + 8, sy_get32(e + 8) + (uint32_t)(from - first));
	return kv_del(a->tx, T_HASHES, key_str(&k));
}

/* The FAN rows of SPAN that end at END become one. */
static int merge(struct apply *a, uint64_t end, uint32_t span)
{
	uint64_t first = end - (uint64_t)span * FAN;
	struct sy_buf all = {0};
	int err = SY_OK;

	for (unsigned i = 0; i < FAN && err == SY_OK; i++)
		err = gather(a, first + (uint64_t)i * span, first, span, &all);
	if (err == SY_OK) {
		qsort(all.p, all.n / ENTRY, ENTRY, compare);
		err = put_row(a, first, span * FAN, (uint8_t *)all.p, all.n / ENTRY);
	}
	sy_buf_free(&all);
	return err;
}

bool hashes_due(const struct state *st)
{
	return st->records - st->hashed >= SPAN;
}

int hashes_put(struct apply *a)
{
	struct hashes *h = a->hashes;
	uint64_t end = h->first + SPAN;
	uint32_t span = SPAN;

	qsort(h->entries, h->n, ENTRY, compare);
	int err = put_row(a, h->first, SPAN, h->entries, h->n);
	for (unsigned i = 1; i < SPANS && err == SY_OK && end % ((uint64_t)span * FAN) == 0; i++) {
		err = merge(a, end, span);
		span *= FAN;
	}
	if (err == SY_OK)
		a->st.hashed = end;
	hashes_free(a);
	return err;
}

/* --- forgetting ------------------------------------------------------------------------------ */

/* The row that RECORD is in. */
static int row_of(struct kv_tx *tx, uint64_t record, uint64_t *first, struct sy_str *value)
{
	struct key k = key_u64(record + 1);
	struct sy_str key;
	int err = kv_seek(tx, T_HASHES, key_str(&k), &key, value);

	if (err == SY_OK || err == SY_ENOTFOUND)
		err = kv_prev(tx, T_HASHES, &key, value);
	if (err == SY_OK)
		*first = sy_get64((const uint8_t *)key.p);
	return err;
}

int hashes_forget(struct apply *a, uint64_t record)
{
	const uint8_t *entries;
	struct sy_str value;
	struct sy_buf rest = {0};
	uint64_t first;
	uint32_t span;
	size_t n, i = 0;
	int err;

	hashes_free(a); /* it may be in there */
	if (record >= a->st.hashed)
		return SY_OK;
	if ((err = row_of(a->tx, record, &first, &value)) ||
	    (err = row_read(value, &span, &entries, &n)))
		return err == SY_ENOTFOUND ? SY_ECORRUPT : err;
	while (i < n && sy_get32(entries + i * ENTRY + 8) != record - first)
		i++;
	if (i == n)
		return SY_OK; /* it was no event */
	sy_buf_put(&rest, entries, i * ENTRY);
	sy_buf_put(&rest, entries + (i + 1) * ENTRY, (n - i - 1) * ENTRY);
	err = rest.failed ? SY_ENOMEM : put_row(a, first, span, (uint8_t *)rest.p, n - 1);
	sy_buf_free(&rest);
	return err;
}

/* --- finding --------------------------------------------------------------------------------- */

/* The first entry that isn't below HEAD: a guess at where it must be, then the side it is on. */
static size_t lower_bound(const uint8_t *entries, size_t n, uint64_t head)
{
	size_t low = 0, high = n; /* entries before LOW are below HEAD, from HIGH on they aren't */

	for (unsigned guesses = 0; low < high; guesses++) {
		uint64_t a = head_of(entries + low * ENTRY);
		uint64_t b = head_of(entries + (high - 1) * ENTRY);
		size_t at = low + (high - low) / 2;
		if (head <= a)
			return low;
		if (head > b)
			return high;
		if (guesses < 8) /* hashes that somebody chose aren't spread */
			at = low + (size_t)((double)(head - a) / (double)(b - a) *
					    (double)(high - 1 - low));
		if (at >= high)
			at = high - 1;
		if (head_of(entries + at * ENTRY) < head)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

int index_hashed(struct index_read *r, uint64_t *hashed, uint64_t *records)
{
	struct state st;
	int err = state_get(&r->tx, &st);

	*hashed = err == SY_OK ? st.hashed : 0;
	*records = err == SY_OK ? st.records : 0;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

int index_hash_find(struct index_read *r, const uint8_t head[8], uint64_t *records, size_t cap,
		    size_t *n)
{
	uint64_t want = sy_get64(head);
	const uint8_t *entries;
	struct sy_str key, value;
	uint32_t span;
	size_t count;
	int err = kv_seek(&r->tx, T_HASHES, SY_STR(""), &key, &value);

	for (*n = 0; err == SY_OK; err = kv_next(&r->tx, T_HASHES, &key, &value)) {
		if ((err = row_read(value, &span, &entries, &count)))
			return err;
		uint64_t first = sy_get64((const uint8_t *)key.p);
		for (size_t i = lower_bound(entries, count, want);
		     i < count && *n < cap && head_of(entries + i * ENTRY) == want; i++)
			records[(*n)++] = first + sy_get32(entries + i * ENTRY + 8);
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}
