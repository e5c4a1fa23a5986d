#include "follow.h"

/*
 * Erasures that a kill interrupted.  A salt is destroyed just before the commit that takes the
 * record's rows out (index.c), so such an index stands before the Erasure, has what the record
 * said, and the record can't be read any more.
 */
struct tail {
	struct ledger_read truth;
	struct kv_tx tx;
	struct sy_arena arena;
	uint64_t applied; /* records that the index knows */
	void (*tell)(void *ctx, uint64_t record);
	void *ctx;
};

static int look_at(struct tail *t, uint64_t record)
{
	struct key k = key_u64(record);
	struct ledger_record rec;
	uint64_t by;
	int err = get_u64(&t->tx, T_ERASED, &k, &by);

	if (err != SY_ENOTFOUND)
		return err;
	sy_arena_reset(&t->arena);
	err = ledger_record(&t->truth, &t->arena, record, &rec);
	if (err == SY_EGONE)
		t->tell(t->ctx, record);
	return err == SY_EGONE ? SY_OK : err;
}

static int look_into(struct tail *t, uint64_t number)
{
	struct ledger_record rec;
	struct sy_json_doc doc;
	const struct sy_json *root;
	uint64_t record;
	int err;

	sy_arena_reset(&t->arena);
	err = ledger_record(&t->truth, &t->arena, number, &rec);
	if (err == SY_OK)
		err = sy_json_parse(&t->arena, rec.payload, SY_JSON_RECORD, &doc, NULL);
	else if (err != SY_EGONE)
		return err;
	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	root = sy_json_root(&doc);
	if (!sy_json_is(&doc, sy_json_get(&doc, root, "type"), "Erasure") ||
	    sy_json_u64(&doc, sy_json_get(&doc, root, "record"), &record) || record >= t->applied)
		return SY_OK;
	return look_at(t, record);
}

static int look_through(struct tail *t, uint64_t from)
{
	const uint8_t *bytes;
	struct sy_entry e;
	int err = SY_OK;

	for (uint64_t i = from; i < t->truth.entries && err == SY_OK; i++) {
		if ((err = ledger_entry(&t->truth, i, &bytes)))
			return err;
		if (sy_entry_decode(bytes, &e, NULL))
			return SY_ECORRUPT;
		for (uint32_t j = 0; j < e.count && err == SY_OK; j++)
			if (e.first + j >= t->applied)
				err = look_into(t, e.first + j);
	}
	return err;
}

int index_under_way(struct index *ix, void (*tell)(void *ctx, uint64_t record), void *ctx)
{
	const struct state *st = &ix->committed;
	struct tail t = {.applied = st->records + st->within, .tell = tell, .ctx = ctx};
	int err = kv_begin(ix->kv, &t.tx, KV_READ);

	if (err)
		return err;
	if ((err = ledger_read_begin(ix->o.ledger, &t.truth)) == SY_OK) {
		err = look_through(&t, st->position);
		ledger_read_end(&t.truth);
	}
	kv_abort(&t.tx);
	sy_arena_free(&t.arena);
	return err;
}
