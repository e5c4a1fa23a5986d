/*
 * An index over a log in memory, for the programs that test what records do to it.  Included once
 * by a program.
 */
#ifndef TESTS_INDEX_LAB_H
#define TESTS_INDEX_LAB_H

#include "fakelog.h"
#include "index/index.h"

static struct ledger *l;
static struct index *ix;
static struct index_read rd;
static uint64_t rebuilt;
static unsigned few; /* as index_options has it */

enum { N_KEYS = 3 };
static uint8_t keys[N_KEYS][SY_KEY_SIZE];
#define OP keys[0]

#define LOT(n) "https://id.gs1.org/01/06901234567892/10/" n
#define UNIT(n) "https://id.gs1.org/01/06901234567892/21/" n
#define SSCC "https://id.gs1.org/00/106141412345678908"

static void open_index(void)
{
	struct index_options o = {.dir = log_dir, .ledger = l, .map_size = 1 << 28, .few = few};
	struct index_stats st;
	const char *why;

	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
	index_stats(ix, &st);
	rebuilt = st.rebuilt;
}

static void close_index(void)
{
	index_close(ix);
	ix = NULL;
}

/* An operator and two parties, with a key each. */
static void log_begin(void)
{
	static const char *const names[N_KEYS] = {"urn:party:op", "urn:party:a", "urn:party:b"};

	l = log_new();
	for (int i = 0; i < N_KEYS; i++) {
		uint8_t seed[SY_SEED_SIZE];
		char text[SY_VKEY_TEXT];
		struct sy_signer s;
		struct sy_vkey v;
		memset(seed, i + 1, sizeof seed);
		sy_signer_from_seed(&s, seed);
		memcpy(keys[i], s.key, SY_KEY_SIZE);
		ck_assert_int_eq(sy_vkey_make(&v, sy_str(names[i]), keys[i]), SY_OK);
		sy_vkey_format(&v, text);
		if (i == 0)
			log_add(l, OP,
				"{\"type\":\"Ledger\",\"operator\":{\"id\":\"%s\",\"key\":"
				"{\"vkey\":\"%s\"}}}",
				names[i], text);
		else
			log_add(l, OP,
				"{\"type\":\"Party\",\"id\":\"%s\",\"keys\":[{\"vkey\":\"%s\"}]}",
				names[i], text);
	}
}

static void setup(void)
{
	ck_assert_int_eq(sy_crypto_init(), SY_OK);
	dir_make();
	log_begin();
	open_index();
}

static void teardown(void)
{
	close_index();
	log_free(l);
	dir_remove();
}

static void look(void)
{
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
	ck_assert_int_eq(index_read_begin(ix, &rd), SY_OK);
	ck_assert_uint_eq(rd.position, l->published);
}

static void unlook(void)
{
	index_read_end(&rd);
}

/* --- events of one line ---------------------------------------------------------------------- */

#define EVENT "\"eventTime\":\"2026-11-24T08:00:00+08:00\",\"eventTimeZoneOffset\":\"+08:00\""
#define OBJECT(action) "{\"type\":\"ObjectEvent\"," EVENT ",\"action\":\"" action "\""
#define QUANTITY(code, rest) ",\"quantityList\":[{\"epcClass\":\"" code "\"" rest "}]"
#define EPC(code) ",\"epcList\":[\"" code "\"]"
#define ID(id) ",\"eventID\":\"urn:e:" id "\""
#define ERROR ",\"errorDeclaration\":{\"declarationTime\":\"2026-11-24T09:00:00Z\"}"
#define KG(n) ",\"quantity\":" n ",\"uom\":\"KGM\""

static uint64_t add(const char *json)
{
	return log_add(l, keys[1], "%s", json);
}

static void erase(uint64_t record, const char *more)
{
	log_add(l, OP, "{\"type\":\"Erasure\",\"record\":%lu,\"ground\":\"law\"%s}",
		(unsigned long)record, more);
}

/* --- fsck as the judge of all ---------------------------------------------------------------- */

static struct sy_buf reported;
static unsigned n_reported;

static void report(void *ctx, const char *line)
{
	(void)ctx;
	n_reported++;
	sy_buf_printf(&reported, "%s\n", line);
}

static unsigned noted;

static void note(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
	noted++;
}

/* The index in its folder is what the log gives now. */
static int fsck(void)
{
	n_reported = noted = 0;
	sy_buf_reset(&reported);
	close_index();
	int err = index_fsck(log_dir, l, report, note, NULL);
	open_index();
	ck_assert_uint_eq(rebuilt, 0);
	return err;
}

#define ck_fsck(...)                                                                               \
	do {                                                                                       \
		int fsck_err = fsck();                                                             \
		ck_assert_msg(fsck_err == SY_OK && n_reported == 0, "%s", sy_buf_cstr(&reported)); \
	} while (0)

#endif
