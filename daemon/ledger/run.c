#include "unseal.h"

/* Records of a run that are read, opened and hashed together: some, and not many bytes of them. */
enum { SOME = 16, SOME_BYTES = 64 << 10 };
struct some {
	size_t n, bytes;
	uint64_t first;
	struct sy_arena text;
	bool gone[SOME];
	struct sy_str row[SOME];
	struct sy_opened opened[SOME];
};

static int gather(struct ledger_read *r, struct rows *rows, struct salts_run *salts, uint64_t to,
		  struct some *s)
{
	sy_arena_reset(&s->text);
	s->n = s->bytes = 0;
	for (uint64_t i = s->first; i < to && s->n < SOME && s->bytes < SOME_BYTES; i++) {
		struct sy_str *row = &s->row[s->n];
		int err;
		if (!rows_at(rows, i, row) || row->n < SY_HASH_SIZE)
			return rows->err && rows->err != SY_ENOTFOUND ? rows->err : SY_ECORRUPT;
		if ((err = salts_run(r->l, salts, to, i, s->opened[s->n].salt)))
			return err;
		s->gone[s->n] = salt_erased(s->opened[s->n].salt);
		s->bytes += row->n;
		s->n++;
	}
	return SY_OK;
}

static int open_some(struct some *s)
{
	struct sealed sealed[SOME];

	for (size_t i = 0; i < s->n; i++) {
		struct sy_str in = {s->row[i].p + SY_HASH_SIZE, s->row[i].n - SY_HASH_SIZE};
		char *out = sy_arena_alloc(&s->text, in.n);
		if (out == NULL)
			return SY_ENOMEM;
		s->opened[i].payload = (struct sy_str){out, in.n};
		sealed[i] =
		    (struct sealed){s->opened[i].salt, (const sy_hash *)s->row[i].p, in, out};
	}
	unseal_each(sealed, s->n);
	sy_record_leaves(s->opened, s->n);
	return SY_OK;
}

/* One of them; what reads oddly is read again on its own, since an erasure may have passed. */
static int take_one(struct ledger_read *r, const struct some *s, size_t i, struct sy_arena *arena,
		    struct ledger_record *out)
{
	const struct sy_opened *o = &s->opened[i];

	memcpy(out->leaf.b, s->row[i].p, SY_HASH_SIZE);
	memcpy(out->salt, o->salt, SY_SALT_SIZE);
	out->payload = SY_STR("");
	if (s->gone[i])
		return SY_EGONE;
	if (!sy_hash_eq(&o->leaf, &out->leaf))
		return ledger_record(r, arena, s->first + i, out);
	out->payload = o->payload;
	return SY_OK;
}

static int take_records(struct ledger_read *r, struct some *s, struct sy_arena *arena, uint64_t to,
			ledger_take_fn take, void *ctx)
{
	struct salts_run salts = {.n = 0};
	struct ledger_record rec;
	struct rows rows;
	int err;

	rows_begin(&rows, &r->tx, T_RECORDS, s->first);
	for (; s->first < to; s->first += s->n) {
		if ((err = gather(r, &rows, &salts, to, s)) || (err = open_some(s)))
			return err;
		for (size_t i = 0; i < s->n; i++) {
			sy_arena_reset(arena);
			err = take_one(r, s, i, arena, &rec);
			if (err && err != SY_EGONE)
				return err;
			if (!take(ctx, s->first + i, &rec, err == SY_EGONE))
				return SY_OK;
		}
	}
	return SY_OK;
}

int ledger_records(struct ledger_read *r, struct sy_arena *arena, uint64_t from, uint64_t to,
		   ledger_take_fn take, void *ctx)
{
	struct some s = {.first = from, .text = {.budget = arena->budget}};
	int err;

	if (from > to || to > r->records)
		return SY_ERANGE;
	err = take_records(r, &s, arena, to, take, ctx);
	sy_arena_free(&s.text);
	return err;
}
