/* Commands of the daemon that don't serve: --init, --reindex, --fsck. */
#include "api/app.h"

#include <suyuan/walk.h>

#include <stdio.h>
#include <stdlib.h>

static int complain(const char *what, int err, const char *why)
{
	fprintf(stderr, "suyuand: %s: %s%s%s\n", what, sy_strerror(err), why ? ": " : "",
		why ? why : "");
	return 1;
}

int command_init(const struct config *c, const char *origin, const char *name)
{
	const char *why = NULL;
	struct sy_str rules[32];
	struct ledger_genesis g = {.origin = origin, .name = name, .records = rules};
	if (origin == NULL || sy_origin_check(sy_str(origin))) {
		fprintf(stderr, "suyuand: --init needs --origin, a URL without scheme and trailing "
				"slash, such as trace.example.org/city\n");
		return 2;
	}
	for (; g.n_records < admit_n_default_rules && g.n_records < 32; g.n_records++)
		rules[g.n_records] = sy_str(admit_default_rules[g.n_records]);
	int err = sy_crypto_init();
	if (!err)
		err = ledger_create(c->dir, &g, &why);
	if (err)
		return complain(c->dir, err, why);
	printf("Made the ledger %s in %s.\n"
	       "The operator's key is %s/operator.key.  Whoever has it can enrol anybody: move it "
	       "off\n"
	       "this machine, to where enrolments are signed, and keep a copy where you keep such "
	       "things.\n"
	       "%s/log.key stays here; without it the ledger can't go on.\n"
	       "Next: suyuand --dir %s\n",
	       origin, c->dir, c->dir, c->dir, c->dir);
	return 0;
}

static int open_for_reading(const struct config *c, struct ledger **l)
{
	const char *why = NULL;
	struct ledger_options o = {.dir = c->dir, .read_only = true, .map_size = c->truth_map};
	int err = sy_crypto_init();
	if (!err)
		err = ledger_open(&o, l, &why);
	return err ? complain(c->dir, err, why) : 0;
}

int command_reindex(const struct config *c)
{
	struct ledger *l;
	struct index *ix;
	const char *why = NULL;
	int status = open_for_reading(c, &l);
	if (status)
		return status;
	struct index_options o = {
	    .dir = c->dir, .ledger = l, .map_size = c->index_map, .rebuild = true};
	int err = index_open(&o, &ix, &why);
	if (!err) {
		err = index_catch_up(ix);
		if (!err)
			printf("Built the index again from %llu entries, %llu records.\n",
			       (unsigned long long)index_position(ix),
			       (unsigned long long)index_records(ix));
		index_close(ix);
	}
	ledger_close(l);
	return err ? complain("the index", err, why) : 0;
}

static void print_fault(void *ctx, const char *line)
{
	uint64_t *faults = ctx;
	++*faults;
	printf("%s\n", line);
}

static void print_note(void *ctx, const char *line)
{
	(void)ctx;
	printf("%s\n", line);
}

int command_fsck(const struct config *c)
{
	struct ledger *l = NULL;
	uint64_t faults = 0;
	int err = sy_crypto_init();
	if (err)
		return complain("fsck", err, NULL);
	struct ledger_check check = {
	    .report = print_fault, .rules = true, .ctx = &faults, .threads = sy_walk_cores()};
	err = ledger_fsck(c->dir, &check);
	if (err && err != SY_ECORRUPT)
		return complain(c->dir, err, NULL);
	if (!err && faults == 0) {
		if (open_for_reading(c, &l))
			return 1;
		err = index_fsck(c->dir, l, print_fault, print_note, &faults);
		ledger_close(l);
		if (err == SY_ENOTFOUND) {
			printf("There is no index: the next start builds it.\n");
			err = SY_OK;
		}
		if (err && err != SY_ECORRUPT)
			return complain("index", err, NULL);
	} else {
		printf("The index wasn't checked: truth has to be whole first.\n");
	}
	printf("%llu entries, %llu records, %llu faults\n", (unsigned long long)check.entries,
	       (unsigned long long)check.records, (unsigned long long)faults);
	return faults || err ? 1 : 0;
}
