#include "rows.h"

/*
 * Rows of `history`: roles and action, then facts of a fixed size.  Ids of parties, places and
 * containers take six bytes; all ones for none.  What goes into a transformation or comes out has
 * no other party: in its place stand the first bytes of the group's hash.
 */
enum {
	HEAD = 2,
	FACT_SIZE = 2 + 8 + 3 * 6 + 1 + 8 + 4,
	ACTION_WITHDRAWN = 0x80,
	FLAG_ROLE = 7,
	FLAG_QUANTITY = 8,
	FLAG_AUTHORITY = 16,
	FLAG_RESULT = 32 /* times enum item_result */
};

static void put_id(uint8_t *p, uint64_t id)
{
	uint8_t b[8];

	sy_put64(b, id);
	memcpy(p, b + 2, 6);
}

/* Two bytes of the row stand before any id. */
static uint64_t get_id(const uint8_t *p)
{
	const uint64_t none = ((uint64_t)1 << 48) - 1;
	uint64_t id = sy_get64(p - 2) & none;

	return id == none ? NO_ID : id;
}

static bool in_group(const struct item_fact *f)
{
	return f->step == STEP_CONSUME || f->step == STEP_PRODUCE;
}

static void fact_encode(const struct item_fact *f, uint8_t *p)
{
	p[0] = (uint8_t)f->step;
	p[1] = (uint8_t)((unsigned)f->role | (f->has_quantity ? FLAG_QUANTITY : 0) |
			 (f->authority ? FLAG_AUTHORITY : 0) | FLAG_RESULT * (unsigned)f->result);
	sy_put64(p + 2, (uint64_t)f->time);
	put_id(p + 10, f->party);
	put_id(p + 16, in_group(f) ? f->group : f->other);
	put_id(p + 22, f->place);
	p[28] = f->quantity.scale;
	sy_put64(p + 29, (uint64_t)f->quantity.coef);
	memcpy(p + 37, f->unit, 4);
}

static void fact_decode(const uint8_t *p, struct item_fact *out)
{
	*out = (struct item_fact){.step = p[0],
				  .role = p[1] & FLAG_ROLE,
				  .has_quantity = p[1] & FLAG_QUANTITY,
				  .authority = p[1] & FLAG_AUTHORITY,
				  .result = p[1] / FLAG_RESULT,
				  .time = (int64_t)sy_get64(p + 2),
				  .party = get_id(p + 10),
				  .other = get_id(p + 16),
				  .group = NO_ID,
				  .place = get_id(p + 22),
				  .quantity = {(int64_t)sy_get64(p + 29), p[28]}};
	memcpy(out->unit, p + 37, 4);
	if (in_group(out)) {
		out->group = out->other;
		out->other = NO_ID;
	}
}

static bool same_kind(const struct item_fact *a, const struct item_fact *b)
{
	return a->step == b->step && a->role == b->role && a->party == b->party &&
	       a->other == b->other && a->place == b->place &&
	       memcmp(a->unit, b->unit, sizeof a->unit) == 0;
}

void history_add(struct history *h, const struct item_fact *f)
{
	struct item_fact *had = NULL;

	for (unsigned i = 0; i < h->n && had == NULL; i++)
		if (same_kind(&h->facts[i], f))
			had = &h->facts[i];
	if (had == NULL && h->n < FACTS_MAX) {
		h->facts[h->n++] = *f;
		return;
	}
	if (had == NULL)
		had = &h->facts[FACTS_MAX - 1];
	if (!same_kind(had, f) || !f->has_quantity ||
	    sy_decimal_add(had->quantity, f->quantity, &had->quantity))
		had->has_quantity = false;
	if (!had->has_quantity)
		had->quantity = (struct sy_decimal){0, 0};
}

int history_decode(struct sy_str row, struct history *out)
{
	const uint8_t *p = (const uint8_t *)row.p;

	if (row.n < HEAD || (row.n - HEAD) % FACT_SIZE || (row.n - HEAD) / FACT_SIZE > FACTS_MAX)
		return SY_ECORRUPT;
	out->bits = p[0];
	out->action = p[1] & (uint8_t)~ACTION_WITHDRAWN;
	out->withdrawn = p[1] & ACTION_WITHDRAWN;
	out->n = (uint8_t)((row.n - HEAD) / FACT_SIZE);
	for (unsigned i = 0; i < out->n; i++)
		fact_decode(p + HEAD + i * FACT_SIZE, &out->facts[i]);
	return SY_OK;
}

int history_event(struct sy_str row, struct item_event *out)
{
	const uint8_t *p = (const uint8_t *)row.p;

	if (row.n < HEAD || (row.n - HEAD) % FACT_SIZE || (row.n - HEAD) / FACT_SIZE > FACTS_MAX)
		return SY_ECORRUPT;
	out->roles = p[0] & HIST_ROLES;
	out->role = 0;
	while (out->roles && !(out->roles & 1U << out->role))
		out->role++;
	out->action = p[1] & (uint8_t)~ACTION_WITHDRAWN;
	out->error = p[0] & HIST_ERROR;
	out->withdrawn = p[1] & ACTION_WITHDRAWN;
	out->n_facts = (unsigned)((row.n - HEAD) / FACT_SIZE);
	for (unsigned i = 0; i < out->n_facts; i++)
		fact_decode(p + HEAD + i * FACT_SIZE, &out->facts[i]);
	return SY_OK;
}

bool history_same(const struct history *a, const struct history *b)
{
	uint8_t x[FACT_SIZE], y[FACT_SIZE];

	if (a->bits != b->bits || a->action != b->action || a->withdrawn != b->withdrawn ||
	    a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++) {
		fact_encode(&a->facts[i], x);
		fact_encode(&b->facts[i], y);
		if (memcmp(x, y, sizeof x))
			return false;
	}
	return true;
}

int history_get(struct kv_tx *tx, uint64_t id, uint64_t record, struct history *out)
{
	struct key k = key_u64x2(id, record);
	struct sy_str row;
	int err = kv_get(tx, T_HISTORY, key_str(&k), &row);

	return err ? err : history_decode(row, out);
}

int history_put(struct kv_tx *tx, uint64_t id, uint64_t record, const struct history *h)
{
	struct key k = key_u64x2(id, record);
	void *room;
	int err = kv_reserve(tx, T_HISTORY, key_str(&k), HEAD + h->n * (size_t)FACT_SIZE, 0, &room);
	uint8_t *p = room;

	if (err)
		return err;
	p[0] = h->bits;
	p[1] = (uint8_t)(h->action | (h->withdrawn ? ACTION_WITHDRAWN : 0));
	for (unsigned i = 0; i < h->n; i++)
		fact_encode(&h->facts[i], p + HEAD + i * FACT_SIZE);
	return SY_OK;
}

int history_seek(struct kv_tx *tx, uint64_t id, uint64_t from, uint64_t *record,
		 struct history *out)
{
	struct key k = key_u64x2(id, from);
	struct sy_str key, row;
	int err = kv_seek(tx, T_HISTORY, key_str(&k), &key, &row);

	if (err)
		return err;
	if (key.n != 16)
		return SY_ECORRUPT;
	if (memcmp(key.p, k.b, 8))
		return SY_ENOTFOUND;
	*record = sy_get64((const uint8_t *)key.p + 8);
	return history_decode(row, out);
}

int history_next(void *ctx, uint64_t id, uint64_t from, struct item_event *out)
{
	struct key k = key_u64x2(id, from);
	struct sy_str key, row;
	int err = kv_seek(ctx, T_HISTORY, key_str(&k), &key, &row);

	if (err)
		return err;
	if (key.n != k.n)
		return SY_ECORRUPT;
	if (memcmp(key.p, k.b, 8))
		return SY_ENOTFOUND;
	out->record = sy_get64((const uint8_t *)key.p + 8);
	return history_event(row, out);
}
