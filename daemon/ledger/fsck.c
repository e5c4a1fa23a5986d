#include "fsck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { LINES_MAX = 1000 };

void fsck_fault(struct fsck *f, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (++f->c->faults <= LINES_MAX)
		f->c->report(f->c->ctx, line);
}

static void page_fault(void *ctx, const char *line)
{
	fsck_fault(ctx, "%s", line);
}

static void audit_fault(void *ctx, const char *what, uint64_t at, const char *text)
{
	fsck_fault(ctx, "%s %llu: %s", what, (unsigned long long)at, text);
}

/* --- tables that others give ----------------------------------------------------------------- */

/* Tree tables from the third on: each row over 256 of the one below. */
static void check_upper_tree(struct fsck *f, struct ledger_read *r)
{
	struct sy_str v;
	sy_hash below[FSCK_TILE], root;

	for (unsigned t = 2; t < 8; t++)
		for (uint64_t i = 0; i < r->entries >> (8 * t); i++) {
			for (unsigned j = 0; j < FSCK_TILE; j++)
				if (truth_at(&r->tx, 8 * (t - 1), i * FSCK_TILE + j, &below[j]))
					memset(&below[j], 0, sizeof below[j]);
			sy_leaves_root(below, FSCK_TILE, &root);
			if (kv_get(&r->tx, T_TREE + t, KEY64(i), &v))
				fsck_fault(f, "truth tree%u %llu: missing", t,
					   (unsigned long long)i);
			else if (v.n != SY_HASH_SIZE || memcmp(v.p, root.b, SY_HASH_SIZE) != 0)
				fsck_fault(
				    f, "truth tree%u %llu: isn't the hash of what it stands for", t,
				    (unsigned long long)i);
		}
}

static void check_count(struct fsck *f, struct ledger_read *r, unsigned table, uint64_t expected)
{
	uint64_t n = kv_count(&r->tx, table);

	if (n != expected)
		fsck_fault(f, "truth %s: %llu rows, not %llu", ledger_tables[table].name,
			   (unsigned long long)n, (unsigned long long)expected);
}

/* With each expected row found by its key, a table of the right length has no other. */
static void check_counts(struct fsck *f, struct ledger_read *r, const struct sy_audit_sum *sum)
{
	check_count(f, r, T_RECORDS, sum->records);
	check_count(f, r, T_LEAVES, sum->entries - sum->others);
	for (unsigned t = 0; t < 8; t++)
		check_count(f, r, T_TREE + t, r->entries >> (8 * t));
	check_count(f, r, T_META, 2);
}

static void check_meta_rows(struct fsck *f, struct ledger_read *r)
{
	char format[8];
	struct sy_str v;

	snprintf(format, sizeof format, "%d", LEDGER_FORMAT);
	if (kv_get(&r->tx, T_META, SY_STR("format"), &v) || !sy_str_is(v, format))
		fsck_fault(f, "truth meta format: isn't %s", format);
	if (kv_get(&r->tx, T_META, SY_STR("origin"), &v) || !sy_str_is(v, f->l->origin))
		fsck_fault(f, "truth meta origin: isn't %s, the name of log.key", f->l->origin);
}

static int check_rest(struct fsck *f, const struct sy_audit_sum *sum)
{
	struct fsck_reader *k;
	int err = fsck_reader(f, 0, &k);

	if (err)
		return err;
	check_upper_tree(f, &k->r);
	check_counts(f, &k->r, sum);
	check_meta_rows(f, &k->r);
	if (head_check(f->l))
		fsck_fault(f, "%s", ledger_said());
	return k->r.tx.err;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int count_salts(struct fsck *f)
{
	struct stat st;

	if (fstat(f->l->salts_fd, &st))
		return SY_EIO;
	f->salts = (uint64_t)st.st_size / SY_SALT_SIZE;
	if (f->salts < f->l->last.records)
		fsck_fault(f, "salts: ends after %llu of %llu", (unsigned long long)f->salts,
			   (unsigned long long)f->l->last.records);
	return SY_OK;
}

/* How much there is, by the tables' own count: what isn't so turns up row by row. */
static int count(struct fsck *f)
{
	struct kv_tx tx;
	int err = kv_begin(f->l->truth, &tx, KV_READ);

	if (err)
		return err;
	f->l->last.entries = kv_count(&tx, T_ENTRIES);
	f->l->last.records = kv_count(&tx, T_RECORDS);
	kv_abort(&tx);
	f->c->entries = f->l->last.entries;
	f->c->records = f->l->last.records;
	if (f->c->entries == 0)
		fsck_fault(f, "truth entries: there is none");
	return count_salts(f);
}

static int audit(struct fsck *f)
{
	struct sy_audit_options o = {.origin = ledger_origin(f->l),
				     .threads = f->c->threads,
				     .rules = f->c->rules,
				     .source = {fsck_entries, fsck_records, f},
				     .fault = audit_fault,
				     .ctx = f};
	struct sy_audit_sum sum;
	struct sy_audit *a;
	int err = sy_audit_new(&o, &a);

	if (err)
		return err;
	if ((err = sy_audit_run(a, f->l->last.entries)) ||
	    (err = sy_audit_end(a, f->l->vkey.key)) || (err = fsck_notes(f, a)))
		goto err0;
	sy_audit_sum(a, &sum);
	err = check_rest(f, &sum);
err0:
	sy_audit_free(a);
	return err;
}

static int check_content(struct fsck *f)
{
	struct ledger *l = f->l;
	int err;

	if (ledger_keys(l) || ledger_truth(l) || salts_open(l, false)) {
		fsck_fault(f, "%s", ledger_said());
		return SY_ECORRUPT;
	}
	if ((f->readers = calloc(f->c->threads, sizeof *f->readers)) == NULL)
		return SY_ENOMEM;
	if ((err = count(f)) == SY_OK)
		err = audit(f);
	fsck_readers_free(f);
	return err;
}

static unsigned within(unsigned n, unsigned least, unsigned most)
{
	return n < least ? least : n > most ? most : n;
}

int ledger_fsck(const char *dir, struct ledger_check *c)
{
	struct ledger_options o = {.dir = dir, .read_only = true};
	struct fsck f = {.c = c};
	struct pages_report r = {.fault = page_fault, .ctx = &f};
	int err;

	c->faults = c->entries = c->records = 0;
	c->threads = within(c->threads, 1, SY_WALK_THREADS_MAX);
	if ((err = ledger_new(&o, &f.l)) || (err = ledger_dir(f.l)) || (err = ledger_lock(f.l))) {
		fsck_fault(&f, "%s", ledger_said());
		goto err0;
	}
	err = pages_check(dir, c->threads, &r);
	c->whole = r.whole;
	if (err == SY_OK)
		err = check_content(&f);
	else
		fsck_fault(&f, "truth: the rest can't be checked before its pages are whole");
err0:
	ledger_close(f.l);
	return err ? err : c->faults ? SY_ECORRUPT : SY_OK;
}
