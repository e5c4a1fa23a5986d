#include "follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Two indexes side by side.  Tables are walked in order of key.  Items and actors may be numbered
 * differently: each number of the second is translated into the one that the first gives the same
 * code, and each row that has numbers is looked for in the first as it would stand there.
 */
enum { FIRST, SECOND };

struct check {
	void (*report)(void *ctx, const char *line);
	void (*note)(void *ctx, const char *line);
	void *ctx;
	uint64_t under_way; /* what the next start finishes: erasures, marks */
	struct kv_tx tx[2];
	uint64_t *numbers; /* what the first calls an id of the second; NO_ID: nothing */
	uint64_t n_numbers;
	uint64_t faults;
};

/* What stands after a code or name in a report when it isn't plain text: hex. */
static void put_key(struct sy_buf *out, struct sy_str key)
{
	bool plain = true;

	for (size_t i = 0; i < key.n; i++)
		plain &= key.p[i] >= 0x20 && key.p[i] < 0x7f;
	if (plain) {
		sy_buf_str(out, key);
		return;
	}
	for (size_t i = 0; i < key.n; i++)
		sy_buf_printf(out, "%02x", (uint8_t)key.p[i]);
}

static void fault(struct check *c, enum table t, struct sy_str key, const char *what)
{
	struct sy_buf line = {0};

	c->faults++;
	sy_buf_printf(&line, "index/%s: ", index_tables[t].name);
	put_key(&line, key);
	sy_buf_printf(&line, ": %s", what);
	const char *text = sy_buf_cstr(&line);
	c->report(c->ctx, text ? text : what);
	sy_buf_free(&line);
}

/* --- walking two tables ---------------------------------------------------------------------- */

struct row {
	struct sy_str key, tail, value; /* TAIL: the key behind the prefix */
	int err;
};

static void row_at(struct check *c, int side, enum table t, struct sy_str prefix, bool first,
		   struct row *r)
{
	struct kv_tx *tx = &c->tx[side];

	r->err =
	    first ? kv_seek(tx, t, prefix, &r->key, &r->value) : kv_next(tx, t, &r->key, &r->value);
	if (r->err)
		return;
	if (r->key.n < prefix.n || (prefix.n && memcmp(r->key.p, prefix.p, prefix.n))) {
		r->err = SY_ENOTFOUND;
		return;
	}
	r->tail = (struct sy_str){r->key.p + prefix.n, r->key.n - prefix.n};
}

typedef int (*same_fn)(struct check *c, enum table t, const struct row *a, const struct row *b);

static int same_bytes(struct check *c, enum table t, const struct row *a, const struct row *b)
{
	if (!sy_str_eq(a->value, b->value))
		fault(c, t, a->key, "differs from what the log gives");
	return SY_OK;
}

/* All rows below a prefix, which is another on each side. */
static int walk(struct check *c, enum table t, struct sy_str pa, struct sy_str pb, same_fn same)
{
	struct row a, b;
	int err = SY_OK, order;

	row_at(c, FIRST, t, pa, true, &a);
	row_at(c, SECOND, t, pb, true, &b);
	while (err == SY_OK && (a.err == SY_OK || b.err == SY_OK)) {
		if ((a.err && a.err != SY_ENOTFOUND) || (b.err && b.err != SY_ENOTFOUND))
			break;
		order = a.err ? 1 : b.err ? -1 : sy_str_cmp(a.tail, b.tail);
		if (order < 0)
			fault(c, t, a.key, "isn't in the log");
		else if (order > 0)
			fault(c, t, b.key, "is missing");
		else
			err = same(c, t, &a, &b);
		if (order <= 0)
			row_at(c, FIRST, t, pa, false, &a);
		if (order >= 0)
			row_at(c, SECOND, t, pb, false, &b);
	}
	if (a.err && a.err != SY_ENOTFOUND)
		return a.err;
	if (b.err && b.err != SY_ENOTFOUND)
		return b.err;
	return err;
}

/* --- items ----------------------------------------------------------------------------------- */

/* The code of an item's lot; empty for none. */
static int lot_code(struct check *c, int side, const struct item *it, struct sy_str *code)
{
	struct item lot;
	int err;

	*code = SY_STR("");
	if (it->lot == UINT64_MAX)
		return SY_OK;
	if ((err = item_get(&c->tx[side], it->lot, &lot)) == SY_OK)
		*code = lot.code;
	return err;
}

static bool same_fold(const struct item *a, const struct item *b)
{
	return a->kind == b->kind && a->flags == b->flags && sy_str_eq(a->code, b->code) &&
	       a->first == b->first && a->last == b->last && a->created == b->created &&
	       a->n_history == b->n_history && a->made == b->made && a->expires == b->expires &&
	       a->best_before == b->best_before && a->harvested == b->harvested &&
	       a->added.coef == b->added.coef && a->added.scale == b->added.scale &&
	       a->removed.coef == b->removed.coef && a->removed.scale == b->removed.scale &&
	       memcmp(a->unit, b->unit, sizeof a->unit) == 0 &&
	       memcmp(a->ilmd, b->ilmd, sizeof a->ilmd) == 0 && a->result == b->result &&
	       a->inspector == b->inspector && a->inspected == b->inspected;
}

static int check_item(struct check *c, uint64_t ida, uint64_t idb, struct sy_str code)
{
	struct sy_str lot_a, lot_b;
	struct item a, b;
	int err;

	if (item_get(&c->tx[FIRST], ida, &a) || lot_code(c, FIRST, &a, &lot_a)) {
		fault(c, T_ITEMS, code, "has no legible row");
		return c->tx[FIRST].err;
	}
	if ((err = item_get(&c->tx[SECOND], idb, &b)) || (err = lot_code(c, SECOND, &b, &lot_b)))
		return err;
	if (!same_fold(&a, &b) || !sy_str_eq(lot_a, lot_b))
		fault(c, T_ITEMS, code, "differs from what the log gives");
	return SY_OK;
}

/* Does the number of an actor lead back to its name? */
static int check_actor(struct check *c, uint64_t id, struct sy_str name)
{
	struct key k = key_u64(id);
	struct sy_str value = SY_STR("");
	int err = kv_get(&c->tx[FIRST], T_NAMES, key_str(&k), &value);

	k = key_code(value);
	if (err || !sy_str_eq(key_str(&k), name))
		fault(c, T_ACTORS, name, "has another's number");
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* Two rows that give a name its number. */
static int same_number(struct check *c, enum table t, const struct row *a, const struct row *b)
{
	if (a->value.n != 8 || b->value.n != 8) {
		fault(c, t, a->key, "isn't a number");
		return SY_OK;
	}
	uint64_t first = sy_get64((const uint8_t *)a->value.p),
		 second = sy_get64((const uint8_t *)b->value.p);
	if (second < c->n_numbers)
		c->numbers[second] = first;
	return t == T_CODES ? check_item(c, first, second, a->key) : check_actor(c, first, a->key);
}

/* --- rows of numbers ------------------------------------------------------------------------- */

static uint64_t translate(const struct check *c, uint64_t id)
{
	return id < c->n_numbers ? c->numbers[id] : id; /* nodes and NO_ID are what they are */
}

/* A string of numbers, those of ids by their places in IDS. */
static void translate_numbers(const struct check *c, struct sy_str from, unsigned ids,
			      struct key *out)
{
	out->n = from.n < sizeof out->b ? from.n : sizeof out->b;
	memcpy(out->b, from.p, out->n);
	for (size_t at = 0; at + 8 <= out->n; at += 8)
		if (ids & 1U << at / 8)
			sy_put64(out->b + at, translate(c, sy_get64(out->b + at)));
}

static int translate_history(const struct check *c, struct sy_str from, struct history *out)
{
	int err = history_decode(from, out);

	for (unsigned i = 0; i < out->n && err == SY_OK; i++) {
		struct item_fact *f = &out->facts[i];
		f->party = translate(c, f->party);
		f->other = translate(c, f->other);
		f->place = translate(c, f->place);
	}
	return err;
}

/* Rows of `marks` and `cases` begin with how often a case was closed again, which isn't the same
 * when what was erased since is never seen. */
static bool same_but_generation(struct sy_str a, struct sy_str b)
{
	return a.n >= 4 && a.n == b.n && memcmp(a.p + 4, b.p + 4, a.n - 4) == 0;
}

static int same_case(struct check *c, enum table t, const struct row *a, const struct row *b)
{
	if (!same_but_generation(a->value, b->value))
		fault(c, t, a->key, "differs from what the log gives");
	return SY_OK;
}

/* Is a row of the second in the first? */
static int find_row(struct check *c, enum table t, const struct key *key, struct sy_str value,
		    bool *there)
{
	struct history want, have;
	struct key translated;
	struct sy_str row;
	int err;

	*there = false;
	if (index_tables[t].integer_dup) {
		translate_numbers(c, value, t == T_VISITS ? 2 : 1, &translated);
		err = kv_has_value(&c->tx[FIRST], t, key_str(key), key_str(&translated));
		*there = err == SY_OK;
		return err == SY_ENOTFOUND ? SY_OK : err;
	}
	if ((err = kv_get(&c->tx[FIRST], t, key_str(key), &row)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	if (t != T_HISTORY) {
		*there = t == T_MARKS ? same_but_generation(row, value) : sy_str_eq(row, value);
		return SY_OK;
	}
	if ((err = translate_history(c, value, &want)))
		return err;
	*there = history_decode(row, &have) == SY_OK && history_same(&want, &have);
	return SY_OK;
}

/* Every row of the second, its numbers translated, is in the first; and there are no others. */
static int check_numbers(struct check *c, enum table t, unsigned ids)
{
	struct sy_str key, value;
	struct key k;
	bool there;
	int err;

	for (err = kv_seek(&c->tx[SECOND], t, SY_STR(""), &key, &value); err == SY_OK;
	     err = kv_next(&c->tx[SECOND], t, &key, &value)) {
		translate_numbers(c, key, ids, &k);
		if ((err = find_row(c, t, &k, value, &there)))
			return err;
		if (!there)
			fault(c, t, key_str(&k), "differs from what the log gives");
	}
	if (err != SY_ENOTFOUND)
		return err;
	if (kv_count(&c->tx[FIRST], t) > kv_count(&c->tx[SECOND], t))
		fault(c, t, SY_STR("(table)"), "has rows that aren't in the log");
	return SY_OK;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int check_state(struct check *c)
{
	struct state a, b;
	int err = state_get(&c->tx[FIRST], &a);

	if (err == SY_OK)
		err = state_get(&c->tx[SECOND], &b);
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err; /* nothing was applied yet */
	if (a.position != b.position || a.within != b.within || a.records != b.records ||
	    a.time != b.time || a.items != b.items || a.rules != b.rules || a.hashed != b.hashed ||
	    !sy_hash_eq(&a.leaf, &b.leaf))
		fault(c, T_META, SY_STR("state"), "differs from what the log gives");
	if ((c->numbers = malloc((b.next_id + 1) * sizeof *c->numbers)) == NULL)
		return SY_ENOMEM;
	for (c->n_numbers = 0; c->n_numbers < b.next_id; c->n_numbers++)
		c->numbers[c->n_numbers] = NO_ID;
	return SY_OK;
}

static int check_tables(struct check *c)
{
	static const struct {
		enum table table;
		same_fn same;
	} plain[] = {
	    {T_WITHDRAWN, same_bytes}, {T_REGISTER, same_bytes},    {T_KEYS, same_bytes},
	    {T_PREFIXES, same_bytes},  {T_SUBMISSIONS, same_bytes}, {T_ERASED, same_bytes},
	    {T_GROUPS, same_bytes},    {T_CODES, same_number},      {T_ACTORS, same_number},
	    {T_CASES, same_case},      {T_TODO, same_bytes},        {T_HASHES, same_bytes},
	    {T_SCOPES, same_bytes},
	};
	static const struct {
		enum table table;
		unsigned ids; /* a bit for each eight bytes of the key that are one */
	} numbered[] = {
	    {T_NAMES, 1},   {T_HISTORY, 1},   {T_EVENTS, 1}, {T_FORWARD, 1},
	    {T_BACK, 1},    {T_CONTENTS, 9},  {T_VISITS, 1}, {T_HOLDS, 9},
	    {T_RESULTS, 4}, {T_INSPECTED, 9}, {T_MARKS, 1},  {T_MARKED, 2},
	};
	int err = check_state(c);

	for (size_t i = 0; i < sizeof plain / sizeof *plain && err == SY_OK; i++)
		err = walk(c, plain[i].table, SY_STR(""), SY_STR(""), plain[i].same);
	for (size_t i = 0; i < sizeof numbered / sizeof *numbered && err == SY_OK; i++)
		err = check_numbers(c, numbered[i].table, numbered[i].ids);
	if (err)
		return err;
	if (kv_count(&c->tx[FIRST], T_ITEMS) != kv_count(&c->tx[FIRST], T_CODES))
		fault(c, T_ITEMS, SY_STR("(table)"), "has rows that no code leads to");
	return c->tx[FIRST].err;
}

static int compare(struct check *c, struct index *first, struct index *second)
{
	int err = kv_begin(first->kv, &c->tx[FIRST], KV_READ);

	if (err)
		goto err0;
	if ((err = kv_begin(second->kv, &c->tx[SECOND], KV_READ)))
		goto err1;
	err = check_tables(c);
	if (err == SY_OK && c->faults)
		err = SY_ECORRUPT;
	kv_abort(&c->tx[SECOND]);
err1:
	kv_abort(&c->tx[FIRST]);
err0:
	return err;
}

/* The second index, up to where the first stands. */
static int build(const struct index *first, const char *dir, struct index **second)
{
	struct index_options o = {.dir = first->o.dir, .ledger = first->o.ledger};
	int err = index_remove(dir);

	if (err || (err = index_make(&o, dir, KV_NOSYNC, second)))
		return err;
	(*second)->second = true;
	err = index_apply_to(*second, first->committed.position);
	if (err == SY_OK && first->committed.within)
		err = index_apply_within(*second, first->committed.within);
	if (err == SY_OK)
		err = index_hash_to(*second, first->committed.hashed);
	return err;
}

static int check_against_log(struct check *c, struct index *first, const char *dir)
{
	struct index *second = NULL;
	int err = build(first, dir, &second);

	if (err == SY_OK)
		err = compare(c, first, second);
	index_free(second);
	int removed = index_remove(dir);
	return err ? err : removed;
}

/* What a start would do to it, done to a copy: that is what must be what the log gives. */
static int check_mended(struct check *c, struct index *first, const char *dir)
{
	struct index_options o = {.dir = first->o.dir, .ledger = first->o.ledger};
	struct index *mended = NULL;
	char *place;
	int err;

	if (asprintf(&place, "%s.mended", dir) < 0)
		return SY_ENOMEM;
	if ((err = index_remove(place)) == SY_OK && (err = kv_copy(first->kv, place)) == SY_OK)
		err = index_make(&o, place, KV_NOSYNC, &mended);
	if (err == SY_OK) {
		mended->second = true;
		err = index_catch_up(mended);
	}
	if (err == SY_OK)
		err = check_against_log(c, mended, dir);
	index_free(mended);
	int removed = index_remove(place);
	free(place);
	return err ? err : removed;
}

static void note_under_way(void *ctx, uint64_t record)
{
	struct check *c = ctx;
	char line[120];

	snprintf(line, sizeof line,
		 "record %llu: its erasure is under way; the next start finishes it",
		 (unsigned long long)record);
	c->under_way++;
	if (c->note)
		c->note(c->ctx, line);
}

/* What a recall marks is worked off over several commits. */
static int look_for_marks(struct check *c, struct index *first)
{
	struct kv_tx tx;
	int err = kv_begin(first->kv, &tx, KV_READ);

	if (err)
		return err;
	if (kv_count(&tx, T_TODO)) {
		c->under_way++;
		if (c->note)
			c->note(c->ctx, "index: what a recall marks is under way; the next start "
					"finishes it");
	}
	kv_abort(&tx);
	return SY_OK;
}

static int check_either(struct check *c, struct index *first, const char *dir)
{
	int err = index_under_way(first, note_under_way, c);

	if (err || (err = look_for_marks(c, first)))
		return err;
	return c->under_way ? check_mended(c, first, dir) : check_against_log(c, first, dir);
}

static int check_fitting(struct check *c, const struct index_options *o, const char *dir,
			 const char *second)
{
	struct index *first = NULL;
	bool fits = false;
	int err = index_make(o, dir, KV_READONLY, &first);

	if (err == SY_OK)
		err = index_fits(first, &fits);
	if (err == SY_OK && fits)
		err = check_either(c, first, second);
	else if (err == SY_OK) {
		c->report(c->ctx, "index: of another version or another truth; it will be rebuilt");
		err = SY_ECORRUPT;
	} else if (err != SY_ENOTFOUND) {
		c->report(c->ctx, "index: can't be read; it will be rebuilt");
	}
	index_free(first);
	return err;
}

/* Where the second index is built: beside the first, or else in a folder of its own, *TEMPORARY. */
static char *second_place(const char *dir, char **temporary)
{
	const char *tmp = getenv("TMPDIR");
	char *place = NULL;

	*temporary = NULL;
	if (access(dir, W_OK) == 0)
		return asprintf(&place, "%s/index.check", dir) < 0 ? NULL : place;
	if (asprintf(temporary, "%s/suyuand-check-XXXXXX", tmp && *tmp ? tmp : "/var/tmp") < 0) {
		*temporary = NULL;
		return NULL;
	}
	if (mkdtemp(*temporary) && asprintf(&place, "%s/index", *temporary) >= 0)
		return place;
	free(*temporary);
	*temporary = NULL;
	return NULL;
}

int index_fsck(const char *dir, struct ledger *l, void (*report)(void *ctx, const char *line),
	       void (*note)(void *ctx, const char *line), void *ctx)
{
	struct index_options o = {.dir = dir, .ledger = l};
	struct check *c = calloc(1, sizeof *c);
	char *first = NULL, *second = NULL, *temporary;
	int err = SY_ENOMEM;

	if (c == NULL)
		return SY_ENOMEM;
	c->report = report;
	c->note = note;
	c->ctx = ctx;
	if (asprintf(&first, "%s/index", dir) < 0)
		goto err0;
	err = SY_EIO;
	if ((second = second_place(dir, &temporary)) == NULL)
		goto err1;
	err = check_fitting(c, &o, first, second);
	if (temporary)
		rmdir(temporary);
	free(temporary);
	free(second);
err1:
	free(first);
err0:
	free(c->numbers);
	free(c);
	return err;
}
