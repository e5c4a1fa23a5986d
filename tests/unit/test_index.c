#include "index_lab.h"

#include "recall/covering.h"

#include "faults.h"

#include <suyuan/hash.h>
#include <suyuan/time.h>

/*
 * Items and their histories: what each event does; error declarations; erasure; and that an index
 * which followed the log, was restarted anywhere, or was built from what is left of the log says
 * the same, row by row (index_fsck).
 */

static struct item item(const char *code)
{
	struct item it;

	ck_assert_msg(index_item_of(&rd, sy_str(code), &it) == SY_OK, "%s", code);
	ck_assert(sy_str_is(it.code, code));
	return it;
}

static bool there(const char *code)
{
	struct item it;

	return index_item_of(&rd, sy_str(code), &it) == SY_OK;
}

#define ck_flags(code, want) ck_assert_uint_eq(item(code).flags, (unsigned)(want))

/* The first row of a table of the index in its folder, told otherwise or dropped. */
static void change_row(const char *name, bool delete)
{
	struct kv_table table = {name, false};
	struct sy_str key, value;
	char dir[64], changed[4096], row[512];
	struct kv_tx tx;
	struct kv *kv;

	snprintf(dir, sizeof dir, "%s/index", log_dir);
	ck_assert_int_eq(kv_open(dir, &table, 1, 1 << 28, 0, &kv), SY_OK);
	ck_assert_int_eq(kv_begin(kv, &tx, KV_WRITE), SY_OK);
	ck_assert_int_eq(kv_seek(&tx, 0, SY_STR(""), &key, &value), SY_OK);
	memcpy(row, key.p, key.n);
	memcpy(changed, value.p, value.n);
	changed[value.n / 2] ^= 1;
	key.p = row;
	if (delete)
		ck_assert_int_eq(kv_del(&tx, 0, key), SY_OK);
	else
		ck_assert_int_eq(kv_put(&tx, 0, key, (struct sy_str){changed, value.n}, 0), SY_OK);
	ck_assert_int_eq(kv_commit(&tx), SY_OK);
	kv_close(kv);
}

/* --- what an event does ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *events[4];
	const char *code;
	unsigned flags;
	int64_t added, removed;
	unsigned n_history;
} effects[] = {
    {"add", {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}"}, LOT("1"), ITEM_CREATED, 5, 0, 1},
    {"quantities add",
     {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}", OBJECT("ADD") QUANTITY(LOT("1"), KG("7")) "}"},
     LOT("1"),
     ITEM_CREATED,
     12,
     0,
     2},
    {"unknown quantity",
     {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}", OBJECT("ADD") QUANTITY(LOT("1"), "") "}"},
     LOT("1"),
     ITEM_CREATED | ITEM_UNKNOWN_QUANTITY,
     5,
     0,
     2},
    {"mixed units",
     {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}",
      OBJECT("ADD") QUANTITY(LOT("1"), ",\"quantity\":1,\"uom\":\"LTR\"") "}"},
     LOT("1"),
     ITEM_CREATED | ITEM_MIXED_UNITS,
     6,
     0,
     2},
    {"observe", {OBJECT("OBSERVE") QUANTITY(LOT("1"), KG("5")) "}"}, LOT("1"), 0, 0, 0, 1},
    {"part removed",
     {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}",
      OBJECT("DELETE") QUANTITY(LOT("1"), KG("4")) "}"},
     LOT("1"),
     ITEM_CREATED,
     5,
     4,
     2},
    {"all removed",
     {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}",
      OBJECT("DELETE") QUANTITY(LOT("1"), KG("4")) "}",
      OBJECT("DELETE") QUANTITY(LOT("1"), KG("1")) "}"},
     LOT("1"),
     ITEM_CREATED | ITEM_DELETED,
     5,
     5,
     3},
    {"removed before it was added",
     {OBJECT("DELETE") QUANTITY(LOT("1"), KG("5")) "}",
      OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}"},
     LOT("1"),
     ITEM_CREATED | ITEM_DELETED,
     5,
     5,
     2},
    {"all removed, more added",
     {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}",
      OBJECT("DELETE") QUANTITY(LOT("1"), KG("5")) "}",
      OBJECT("ADD") QUANTITY(LOT("1"), KG("1")) "}"},
     LOT("1"),
     ITEM_CREATED,
     6,
     5,
     3},
    {"removed as a whole",
     {OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}", OBJECT("DELETE") QUANTITY(LOT("1"), "") "}"},
     LOT("1"),
     ITEM_CREATED | ITEM_DELETED | ITEM_WHOLE,
     5,
     0,
     2},
    {"removed of unknown",
     {OBJECT("ADD") QUANTITY(LOT("1"), "") "}", OBJECT("DELETE") QUANTITY(LOT("1"), KG("9")) "}"},
     LOT("1"),
     ITEM_CREATED | ITEM_UNKNOWN_QUANTITY,
     0,
     9,
     2},
    {"unit", {OBJECT("ADD") EPC(UNIT("s")) "}"}, UNIT("s"), ITEM_CREATED, 1, 0, 1},
    {"unit removed",
     {OBJECT("ADD") EPC(UNIT("s")) "}", OBJECT("DELETE") EPC(UNIT("s")) "}"},
     UNIT("s"),
     ITEM_CREATED | ITEM_DELETED | ITEM_WHOLE,
     1,
     1,
     2},
    {"input of a transformation",
     {"{\"type\":\"TransformationEvent\"," EVENT ",\"inputQuantityList\":[{\"epcClass\":\"" LOT(
	 "1") "\"" KG("1") "}]"
			   ",\"outputQuantityList\":[{\"epcClass\":\"" LOT("2") "\"" KG("2") "}]}"},
     LOT("1"),
     0,
     0,
     0,
     1},
    {"output of a transformation",
     {"{\"type\":\"TransformationEvent\"," EVENT ",\"inputQuantityList\":[{\"epcClass\":\"" LOT(
	 "1") "\"" KG("1") "}]"
			   ",\"outputQuantityList\":[{\"epcClass\":\"" LOT("2") "\"" KG("2") "}]}"},
     LOT("2"),
     ITEM_CREATED,
     2,
     0,
     1},
    {"packed",
     {"{\"type\":\"AggregationEvent\"," EVENT ",\"action\":\"ADD\",\"parentID\":\"" SSCC
      "\",\"childQuantityList\":[{\"epcClass\":\"" LOT("1") "\"" KG("1") "}]}"},
     LOT("1"),
     0,
     0,
     0,
     1},
    {"container",
     {"{\"type\":\"AggregationEvent\"," EVENT ",\"action\":\"DELETE\",\"parentID\":\"" SSCC "\"}"},
     SSCC,
     0,
     0,
     0,
     1},
};

START_TEST(effect_of_events)
{
	setup();
	for (size_t i = 0; i < 4 && effects[_i].events[i]; i++)
		add(effects[_i].events[i]);
	look();
	struct item it = item(effects[_i].code);
	ck_assert_msg(it.flags == effects[_i].flags, "%s: flags %x", effects[_i].name, it.flags);
	ck_assert_msg(it.added.coef == effects[_i].added && it.removed.coef == effects[_i].removed,
		      "%s: %ld - %ld", effects[_i].name, (long)it.added.coef,
		      (long)it.removed.coef);
	ck_assert_uint_eq(it.n_history, effects[_i].n_history);
	ck_assert_uint_eq(it.first, N_KEYS);
	ck_assert_uint_eq(it.last, N_KEYS + it.n_history - 1);
	unlook();
	ck_fsck();
	teardown();
}
END_TEST

START_TEST(commissioning_gives_dates_and_ilmd)
{
	uint64_t n = add(OBJECT("ADD") QUANTITY(
	    LOT("1"),
	    KG("5")) ",\"ilmd\":{\"suyuan:productionDate\":\"2026-11-01\","
		     "\"cbvmda:itemExpirationDate\":\"2026-12-01\",\"cbvmda:lotNumber\":\"1\"}}");
	static const uint8_t none[8];

	add(OBJECT("ADD") QUANTITY(
	    LOT("1"), KG("5")) ",\"ilmd\":{\"cbvmda:itemExpirationDate\":\"2027-12-01\","
			       "\"cbvmda:bestBeforeDate\":\"2026-11-20\"}}");
	look();
	struct item it = item(LOT("1"));
	ck_assert_int_eq(it.made, 20758);
	ck_assert_int_eq(it.expires, 20758 + 30);
	ck_assert_int_eq(it.best_before, 20758 + 19);
	ck_assert_int_eq(it.harvested, SY_NO_DAY);
	ck_assert_uint_eq(it.created, n);
	ck_assert(memcmp(it.ilmd, none, 8) != 0);
	ck_assert_str_eq(it.unit, "KGM");
	unlook();
}
END_TEST

#define DATED(eventid, from, to, more)                                                          \
	OBJECT("ADD")                                                                           \
	EPC("https://id.gs1.org/01/06901234567892/10/U/21/" eventid)                            \
	ID(eventid)                                                                             \
	",\"ilmd\":{\"suyuan:productionDate\":\"" from "\",\"cbvmda:itemExpirationDate\":\"" to \
	"\"}" more "}"

START_TEST(a_lot_is_known_through_its_units)
{
	int32_t day;
	struct item lot;

	/* seen, but not made: nothing is known of the lot */
	add(OBJECT("OBSERVE") EPC("https://id.gs1.org/01/06901234567892/10/U/21/0") "}");
	look();
	ck_flags(LOT("U"), 0);
	unlook();
	add(DATED("1", "2026-11-01", "2027-11-01", ",\"suyuan:inspection\":{\"result\":\"pass\"}"));
	add(DATED("2", "2026-11-02", "2027-11-02", ""));
	look();
	lot = item(LOT("U"));
	ck_assert_uint_eq(lot.flags, ITEM_HAS_UNITS);
	ck_assert_int_eq(sy_date_parse(SY_STR("2027-11-01"), &day), SY_OK);
	ck_assert_int_eq(lot.expires, day);
	ck_flags("https://id.gs1.org/01/06901234567892/21/1", ITEM_CREATED | ITEM_INSPECTED);
	unlook();
	ck_fsck();
	/* the first unit was an error: the lot's dates are those of the other */
	add(DATED("1", "2026-11-01", "2027-11-01", ERROR));
	look();
	lot = item(LOT("U"));
	ck_assert_uint_eq(lot.flags, ITEM_HAS_UNITS);
	ck_assert_int_eq(lot.expires, day + 1);
	unlook();
	ck_fsck();
	/* and the other as well: nothing is known any more */
	add(DATED("2", "2026-11-02", "2027-11-02", ERROR));
	look();
	lot = item(LOT("U"));
	ck_assert_uint_eq(lot.flags, 0);
	ck_assert_int_eq(lot.expires, SY_NO_DAY);
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(unit_knows_its_lot)
{
	struct item_event ev;
	struct item unit, lot;

	add(OBJECT("ADD") EPC(UNIT("s")) ",\"ilmd\":{\"cbvmda:lotNumber\":\"L/9\"}}");
	add(OBJECT("OBSERVE") EPC("https://id.gs1.org/01/06901234567892/10/M/21/t") "}");
	look();
	unit = item(UNIT("s"));
	lot = item(LOT("L%2F9"));
	ck_assert_uint_eq(unit.lot, lot.id);
	ck_assert_uint_eq(lot.flags, ITEM_HAS_UNITS);
	ck_assert_int_eq(lot.kind, SY_CODE_LOT);
	ck_assert_uint_eq(lot.n_history, 1);
	ck_assert_int_eq(index_history_next(&rd, lot.id, 0, &ev), SY_OK);
	ck_assert_uint_eq(ev.roles, 0);
	ck_assert_uint_eq(item(UNIT("t")).lot, item(LOT("M")).id);
	unlook();
	/* a lot that is commissioned later is the same item */
	add(OBJECT("ADD") QUANTITY(LOT("M"), KG("5")) "}");
	look();
	ck_assert_uint_eq(item(UNIT("t")).lot, item(LOT("M")).id);
	ck_flags(LOT("M"), ITEM_CREATED);
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(history_in_order_with_roles)
{
	struct item_event ev;
	uint64_t first = add(OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}"), id;
	/* rework: the same lot goes in and comes out */
	uint64_t second =
	    add("{\"type\":\"TransformationEvent\"," EVENT
		",\"inputQuantityList\":[{\"epcClass\":\"" LOT("1") "\"" KG(
		    "1") "}]"
			 ",\"outputQuantityList\":[{\"epcClass\":\"" LOT("1") "\"" KG("1") "}]}");

	look();
	id = item(LOT("1")).id;
	ck_assert_int_eq(index_history_next(&rd, id, 0, &ev), SY_OK);
	ck_assert_uint_eq(ev.record, first);
	ck_assert_int_eq(ev.role, SY_ROLE_SUBJECT);
	ck_assert_int_eq(ev.action, SY_ACTION_ADD);
	ck_assert(!ev.error && !ev.withdrawn);
	ck_assert_int_eq(index_history_next(&rd, id, ev.record + 1, &ev), SY_OK);
	ck_assert_uint_eq(ev.record, second);
	ck_assert_uint_eq(ev.roles, 1U << SY_ROLE_INPUT | 1U << SY_ROLE_OUTPUT);
	ck_assert_int_eq(ev.role, SY_ROLE_INPUT);
	ck_assert_int_eq(index_history_next(&rd, id, ev.record + 1, &ev), SY_ENOTFOUND);
	ck_assert_int_eq(index_history_next(&rd, id + 7, 0, &ev), SY_ENOTFOUND);
	ck_assert_uint_eq(item(LOT("1")).n_history, 2);
	unlook();
}
END_TEST

#define DRUG "urn:suyuan:cn:drug-product:8385793"
#define PACK(n) "urn:suyuan:cn:drug:8385793000087976666" n

START_TEST(items_of_a_product)
{
	static const char *const want[] = {LOT("1"), LOT("2"), UNIT("1"), UNIT("2")};
	static const char *const drug[] = {DRUG ":lot:A", DRUG ":lot:B", PACK("1"), PACK("2")};
	struct sy_str code = SY_STR(""), copy;
	struct sy_arena arena = {0};
	struct item it;

	add(OBJECT("ADD") ",\"epcList\":[\"" UNIT("2") "\",\"" UNIT("1") "\",\"" SSCC "\"]}");
	add(OBJECT("ADD") QUANTITY(LOT("2"), KG("5")) "}");
	add(OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}");
	add(OBJECT("ADD") ",\"epcList\":[\"" PACK("2") "\",\"" PACK("1") "\"]}");
	add(OBJECT("ADD") QUANTITY(DRUG ":lot:B", "") "}");
	add(OBJECT("ADD") QUANTITY(DRUG ":lot:A", "") "}");
	add(OBJECT("ADD") EPC("urn:suyuan:own:farm:rice1:serial:1") "}");
	add(OBJECT("ADD") EPC("urn:suyuan:own:farm:rice:serial:1") "}");
	look();
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(index_item_next(&rd,
						 SY_STR("https://id.gs1.org/01/06901234567892"),
						 code, &code, &it),
				 SY_OK);
		ck_assert(sy_str_is(code, want[i]));
		ck_assert_int_eq(index_item_code(&rd, it.id, &arena, &copy), SY_OK);
		ck_assert(sy_str_eq(code, copy));
	}
	ck_assert_int_eq(
	    index_item_next(&rd, SY_STR("https://id.gs1.org/01/06901234567892"), code, &code, &it),
	    SY_ENOTFOUND);
	code = SY_STR("");
	for (size_t i = 0; i < sizeof drug / sizeof *drug; i++) {
		ck_assert_int_eq(index_item_next(&rd, SY_STR(DRUG), code, &code, &it), SY_OK);
		ck_assert(sy_str_is(code, drug[i]));
	}
	ck_assert_int_eq(index_item_next(&rd, SY_STR(DRUG), code, &code, &it), SY_ENOTFOUND);
	ck_assert_int_eq(
	    index_item_next(&rd, SY_STR("urn:suyuan:own:farm:rice"), SY_STR(""), &code, &it),
	    SY_OK);
	ck_assert(sy_str_is(code, "urn:suyuan:own:farm:rice:serial:1"));
	ck_assert_int_eq(index_item_code(&rd, 999, &arena, &copy), SY_ENOTFOUND);
	unlook();
	sy_arena_free(&arena);
}
END_TEST

START_TEST(long_codes)
{
	char code[2][1500];

	for (size_t i = 0; i < 2; i++) {
		memset(code[i], 'x', sizeof *code);
		memcpy(code[i], "urn:example:", 12);
		code[i][900] = (char)('a' + i);
		code[i][i ? 1023 : 1000] = '\0';
		log_add(l, OP, OBJECT("ADD") ",\"epcList\":[\"%s\"]}", code[i]);
	}
	look();
	ck_assert_uint_eq(item(code[0]).first, N_KEYS);
	ck_assert_uint_eq(item(code[1]).first, N_KEYS + 1);
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(submissions_are_known)
{
	struct sy_entry e;
	uint64_t entry;
	char x[] = "{\"type\":\"X\"}", y[] = "{\"type\":\"Y\"}", *payloads[] = {x, y};

	log_append_n(l, keys[2], 9000, payloads, 2);
	log_publish(l, l->n_entries);
	look();
	ck_assert_int_eq(sy_entry_decode(l->entries[N_KEYS], &e, NULL), SY_OK);
	ck_assert_int_eq(index_submission(&rd, keys[2], &e.records_root, &entry), SY_OK);
	ck_assert_uint_eq(entry, N_KEYS);
	ck_assert_int_eq(index_submission(&rd, keys[1], &e.records_root, &entry), SY_ENOTFOUND);
	ck_assert_uint_eq(rd.time, 9000);
	unlook();
	ck_assert_uint_eq(index_records(ix), N_KEYS + 2);
}
END_TEST

START_TEST(ilmd_digest)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
	    {"{\"x\":{\"a\":1,\"b\":[2]}}", "{\"x\":{\"b\":[2],\"a\":1}}", true},
	    {"{\"x\":{\"a\":1,\"b\":2}}", "{\"x\":{\"a\":2,\"b\":1}}", false},
	    {"{\"x\":{\"a\":1}}", "{\"x\":{\"a\":1.0}}", false},
	    {"{\"x\":{\"a\":\"b\"}}", "{\"x\":{\"a\":\"b\",\"c\":1}}", false},
	    {"{\"x\":{}}", "{\"x\":{}}", true},
	};
	struct sy_arena arena = {0};
	struct sy_buf big[2] = {{0}, {0}};
	uint8_t out[2][8];
	struct sy_json_doc d[2];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_int_eq(sy_json_parse(&arena, sy_str(rows[i].a), 0, &d[0], NULL), SY_OK);
		ck_assert_int_eq(sy_json_parse(&arena, sy_str(rows[i].b), 0, &d[1], NULL), SY_OK);
		for (int k = 0; k < 2; k++)
			index_ilmd_digest(&d[k], sy_json_get(&d[k], sy_json_root(&d[k]), "x"),
					  out[k]);
		ck_assert_msg((memcmp(out[0], out[1], 8) == 0) == rows[i].same, "%s", rows[i].a);
	}
	/* too many members for the stack, in both orders, with and without memory */
	for (int k = 0; k < 2; k++) {
		sy_buf_text(&big[k], "{");
		for (int i = 0; i < 300; i++)
			sy_buf_printf(&big[k], "%s\"m%d\":%d", i ? "," : "", k ? 299 - i : i,
				      k ? 299 - i : i);
		sy_buf_text(&big[k], "}");
		ck_assert_int_eq(sy_json_parse(&arena, sy_buf_span(&big[k]), 0, &d[k], NULL),
				 SY_OK);
		fail_alloc_at(k ? 1 : 0);
		index_ilmd_digest(&d[k], sy_json_root(&d[k]), out[k]);
		ck_assert(alloc_failed() == (k == 1));
		fail_alloc_at(0);
		sy_buf_free(&big[k]);
	}
	ck_assert_mem_eq(out[0], out[1], 8);
	sy_arena_free(&arena);
}
END_TEST

/* --- error declarations ---------------------------------------------------------------------- */

START_TEST(error_withdraws)
{
	uint64_t by, n = add(OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}"), m;
	struct item_event ev;
	struct item it;

	add(OBJECT("OBSERVE") QUANTITY(LOT("1"), KG("5")) "}");
	/* another party's is another event */
	log_add(l, keys[2], "%s", OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_flags(LOT("1"), ITEM_CREATED);
	unlook();
	m = add(OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	look();
	it = item(LOT("1"));
	ck_assert_uint_eq(it.flags, ITEM_WITHDRAWN);
	ck_assert_int_eq(it.added.coef, 0);
	ck_assert_uint_eq(it.n_history, 4);
	ck_assert_uint_eq(it.created, UINT64_MAX);
	ck_assert_int_eq(index_withdrawn(&rd, n, &by), SY_OK);
	ck_assert_uint_eq(by, m);
	ck_assert_int_eq(index_history_next(&rd, it.id, 0, &ev), SY_OK);
	ck_assert(ev.withdrawn && !ev.error);
	ck_assert_int_eq(index_history_next(&rd, it.id, m, &ev), SY_OK);
	ck_assert(ev.error && !ev.withdrawn);
	ck_assert_int_eq(index_event(&rd, it.id, SY_STR("urn:party:a"), SY_STR("urn:e:1"), &by),
			 SY_OK);
	ck_assert_uint_eq(by, n);
	ck_assert_int_eq(index_event(&rd, it.id, SY_STR("urn:party:b"), SY_STR("urn:e:1"), &by),
			 SY_ENOTFOUND);
	unlook();
	/* the correction is another event */
	n = add(OBJECT("ADD") ID("2") QUANTITY(LOT("1"), KG("4")) "}");
	look();
	it = item(LOT("1"));
	ck_assert_uint_eq(it.flags, ITEM_CREATED);
	ck_assert_int_eq(it.added.coef, 4);
	ck_assert_uint_eq(it.created, n);
	unlook();
	ck_fsck();
}
END_TEST

#define DECLARED(party)                                                                \
	",\"errorDeclaration\":{\"declarationTime\":\"2026-11-24T09:00:00Z\",\"" party \
	"\":\"urn:party:a\"}"

START_TEST(error_of_another_partys)
{
	uint64_t by, n = add(OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}"), m;

	m = log_add(l, keys[2], "%s",
		    OBJECT("ADD") ID("1") DECLARED("suyuan:author")
			QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_flags(LOT("1"), ITEM_WITHDRAWN);
	ck_assert_int_eq(index_withdrawn(&rd, n, &by), SY_OK);
	ck_assert_uint_eq(by, m);
	unlook();
	ck_fsck();
	erase(m, "");
	look();
	ck_flags(LOT("1"), ITEM_CREATED);
	unlook();
	ck_fsck();
	log_add(l, keys[2], "%s",
		OBJECT("ADD") ID("1") DECLARED("https://suyuan.dev/ns/author")
		    QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_flags(LOT("1"), ITEM_WITHDRAWN);
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(error_of_one_of_two)
{
	add(OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}");
	add(OBJECT("ADD") ID("2") QUANTITY(LOT("1"), KG("2")) "}");
	add(OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_flags(LOT("1"), ITEM_CREATED);
	ck_assert_int_eq(item(LOT("1")).added.coef, 2);
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(erased_error_restores)
{
	uint64_t m, n = add(OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}"), m2, by;

	m = add(OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	m2 = add(OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	erase(m, "");
	look();
	ck_flags(LOT("1"), ITEM_WITHDRAWN);
	ck_assert_int_eq(index_withdrawn(&rd, n, &by), SY_OK);
	ck_assert_uint_eq(by, m2);
	unlook();
	erase(m2, "");
	look();
	ck_flags(LOT("1"), ITEM_CREATED);
	ck_assert_int_eq(index_withdrawn(&rd, n, &by), SY_ENOTFOUND);
	unlook();
	ck_fsck();
}
END_TEST

/* The same identity twice is refused by admission, but an index must not part from its rebuild. */
START_TEST(erased_event_uncovers_another)
{
	uint64_t by, n = add(OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}"), n2, m;

	n2 = add(OBJECT("ADD") ID("1") ",\"quantityList\":[{\"epcClass\":\"" LOT(
	    "1") "\"},{\"epcClass\":\"" LOT("2") "\"}]}");
	m = add(OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_flags(LOT("2"), ITEM_CREATED | ITEM_UNKNOWN_QUANTITY);
	unlook();
	erase(n, "");
	look();
	ck_flags(LOT("2"), ITEM_WITHDRAWN);
	ck_assert_int_eq(index_withdrawn(&rd, n2, &by), SY_OK);
	ck_assert_uint_eq(by, m);
	unlook();
	ck_fsck();
}
END_TEST

/* --- erasure --------------------------------------------------------------------------------- */

START_TEST(erased_event_never_was)
{
	uint64_t n = add(OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}"), by;
	struct index_stats st;

	add(OBJECT("ADD") QUANTITY(LOT("2"), KG("5")) "}");
	add(OBJECT("OBSERVE") ",\"quantityList\":[{\"epcClass\":\"" LOT(
	    "2") "\"},{\"epcClass\":\"" LOT("3") "\"}]}");
	erase(n, "");
	look();
	ck_assert(!there(LOT("1")));
	ck_flags(LOT("2"), ITEM_CREATED);
	ck_assert_int_eq(index_erased(&rd, n, &by), SY_OK);
	unlook();
	index_stats(ix, &st);
	ck_assert_uint_eq(st.items, 2);
	ck_assert(l->records[n].gone);
	ck_fsck();
	/* a second Erasure of it changes nothing */
	erase(n, ",\"remains\":" OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_assert(!there(LOT("1")));
	ck_assert_int_eq(index_erased(&rd, n, &by), SY_OK);
	ck_assert_uint_eq(by, N_KEYS + 3);
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(remains_stand_for_the_event)
{
	uint64_t n = add(OBJECT("ADD") ID("1") ",\"quantityList\":[{\"epcClass\":\"" LOT(
		     "1") "\"" KG("5") "},{\"epcClass\":\"" LOT("2") "\"" KG("6") "}]}"),
		 record;

	add(OBJECT("OBSERVE") QUANTITY(LOT("1"), "") "}");
	erase(n, ",\"remains\":" OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_flags(LOT("1"), ITEM_CREATED);
	ck_assert_uint_eq(item(LOT("1")).created, n);
	ck_assert_uint_eq(item(LOT("1")).n_history, 2);
	ck_assert(!there(LOT("2")));
	ck_assert_int_eq(
	    index_event(&rd, item(LOT("1")).id, SY_STR("urn:party:a"), SY_STR("urn:e:1"), &record),
	    SY_OK);
	ck_assert_uint_eq(record, n);
	unlook();
	ck_fsck();
	/* and can be withdrawn like the event */
	add(OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_flags(LOT("1"), ITEM_WITHDRAWN);
	unlook();
	ck_fsck();
}
END_TEST

#define INSPECTED(json) OBJECT("ADD") QUANTITY(LOT("1"), KG("5")) ",\"suyuan:inspection\":" json "}"

static const struct {
	const char *record, *result, *inspector;
	int32_t day;
} inspections[] = {
    {INSPECTED("{\"result\":\"pass\",\"kind\":\"firm\",\"date\":\"2026-11-01\"}"), "pass", "firm",
     20758},
    {INSPECTED("{\"number\":\"R-7\",\"result\":\"fail\",\"kind\":\"laboratory\"}"), "fail",
     "laboratory", SY_NO_DAY},
    {INSPECTED("{\"kind\":\"supervision\"}"), NULL, "supervision", SY_NO_DAY},
    {INSPECTED("{\"result\":\"f\\u0061il\"}"), "fail", NULL, SY_NO_DAY},
    {INSPECTED("{\"result\":\"good\",\"kind\":1,\"date\":\"yesterday\"}"), NULL, NULL, SY_NO_DAY},
    {INSPECTED("{}"), NULL, NULL, SY_NO_DAY},
};

static void ck_inspection(const char *result, const char *inspector, int32_t day)
{
	struct item it = item(LOT("1"));

	ck_assert_pstr_eq(item_results[it.result], result);
	ck_assert_pstr_eq(item_inspectors[it.inspector], inspector);
	ck_assert_int_eq(it.inspected, day);
}

START_TEST(inspection_in_a_few_words)
{
	add(inspections[_i].record);
	look();
	ck_flags(LOT("1"), ITEM_CREATED | ITEM_INSPECTED);
	ck_inspection(inspections[_i].result, inspections[_i].inspector, inspections[_i].day);
	unlook();
	ck_fsck();
}
END_TEST

/* It goes with the record that carries it, and comes back with what remains. */
START_TEST(inspection_of_what_is_in_force)
{
	uint64_t n = add(OBJECT("ADD") ID("1") QUANTITY(
	    LOT("1"), KG("5")) ",\"suyuan:inspection\":{\"result\":\"fail\"}}");

	add(INSPECTED("{\"result\":\"pass\",\"kind\":\"firm\"}"));
	look();
	ck_inspection("fail", NULL, SY_NO_DAY); /* the first that commissioned it */
	unlook();
	add(OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	look();
	ck_inspection("pass", "firm", SY_NO_DAY);
	unlook();
	ck_fsck();
	erase(n + 1, ",\"remains\":" INSPECTED("{\"kind\":\"firm\"}"));
	look();
	ck_inspection(NULL, "firm", SY_NO_DAY);
	unlook();
	ck_fsck();
	erase(n + 2, "");
	look();
	ck_inspection("fail", NULL, SY_NO_DAY);
	unlook();
	ck_fsck();
}
END_TEST

/* A kill after the salt's end and before the commit: the index still has what N said. */
START_TEST(killed_within_an_erasure)
{
	uint64_t n =
	    add(OBJECT("ADD") ID("1") EPC(UNIT("s")) ",\"ilmd\":{\"cbvmda:lotNumber\":\"9\"}}");
	uint64_t place = log_add(l, OP, "{\"type\":\"Place\",\"id\":\"urn:hall\"}");
	struct register_row row;

	add(OBJECT("ADD") ID("1") ERROR EPC(UNIT("s")) "}");
	add(OBJECT("OBSERVE") EPC(UNIT("s")) "}");
	look();
	unlook();
	l->records[n].gone = l->records[place].gone = true;
	ck_assert_int_eq(fsck(), SY_ECORRUPT); /* no Erasure says why */
	ck_assert_uint_gt(n_reported, 0);
	ck_assert_uint_eq(noted, 0);
	erase(n, "");
	ck_assert_int_eq(fsck(), SY_ECORRUPT); /* of the other, none yet */
	ck_assert_uint_eq(noted, 1);
	erase(place, "");
	ck_fsck();
	ck_assert_uint_eq(noted, 2);
	look();
	ck_flags(UNIT("s"), 0);
	ck_assert(!there(LOT("9")));
	ck_assert_int_eq(register_get(&rd, REG_PLACE, SY_STR("urn:hall"), &row), SY_ENOTFOUND);
	unlook();
	ck_fsck();
}
END_TEST

/* That an erasure is under way hides no damage. */
START_TEST(killed_and_damaged)
{
	uint64_t n = add(OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}");

	add(OBJECT("ADD") ID("2") QUANTITY(LOT("2"), KG("5")) "}");
	look();
	unlook();
	l->records[n].gone = true;
	erase(n, "");
	close_index();
	change_row("submissions", false);
	open_index();
	ck_assert_int_eq(fsck(), SY_ECORRUPT);
	ck_assert_uint_eq(noted, 1);
	ck_assert_msg(strstr(sy_buf_cstr(&reported), "submissions") != NULL, "%s",
		      sy_buf_cstr(&reported));
}
END_TEST

/* --- random sequences: live, restarted, rebuilt ---------------------------------------------- */

static uint64_t seed;
static bool with_recalls;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed * 0x2545f4914f6cdd1dU >> 33) % below;
}

static void put_lot(struct sy_buf *b)
{
	sy_buf_printf(b, "{\"epcClass\":\"" LOT("%c") "\"", (int)('1' + draw(4)));
	if (draw(4))
		sy_buf_printf(b, ",\"quantity\":%u,\"uom\":\"%s\"", (unsigned)draw(4),
			      draw(8) ? "KGM" : "LTR");
	sy_buf_text(b, "}");
}

static void put_unit(struct sy_buf *b)
{
	static const char *const forms[] = {"/21/", "/10/1/21/", "/10/2/21/"};

	sy_buf_printf(b, "\"https://id.gs1.org/01/06901234567892%s%c\"", forms[draw(3)],
		      (int)('1' + draw(4)));
}

static void put_box(struct sy_buf *b)
{
	sy_buf_printf(b, "\"https://id.gs1.org/00/10614141234567890%c\"", (int)('8' + draw(2)));
}

static void put_list(struct sy_buf *b, const char *name, void (*put)(struct sy_buf *))
{
	if (draw(3) == 0)
		return;
	sy_buf_printf(b, ",\"%s\":[", name);
	for (uint64_t i = 0, n = 1 + draw(2); i < n; i++) {
		if (i)
			sy_buf_text(b, ",");
		put(b);
	}
	sy_buf_text(b, "]");
}

static void put_ilmd(struct sy_buf *b)
{
	if (draw(2))
		sy_buf_printf(b,
			      ",\"ilmd\":{\"suyuan:productionDate\":\"2026-11-0%u\","
			      "\"cbvmda:lotNumber\":\"%u\"}",
			      (unsigned)(1 + draw(9)), (unsigned)(1 + draw(4)));
}

/* Who, where and why. */
static void put_occasion(struct sy_buf *b)
{
	static const char *const steps[] = {"shipping", "receiving", "holding", "inspecting",
					    "retail_selling"};

	if (draw(2))
		sy_buf_printf(b, ",\"bizStep\":\"%s\"", steps[draw(5)]);
	if (draw(3) == 0)
		sy_buf_printf(b, ",\"readPoint\":{\"id\":\"urn:place:%u\"}", (unsigned)draw(3));
	if (draw(3) == 0)
		sy_buf_printf(b,
			      ",\"destinationList\":[{\"type\":\"possessing_party\","
			      "\"destination\":\"urn:party:%c\"}]",
			      (int)('a' + draw(3)));
}

static void put_time(struct sy_buf *b)
{
	sy_buf_printf(b,
		      "\"eventTime\":\"2026-11-24T08:0%u:00+08:00\","
		      "\"eventTimeZoneOffset\":\"+08:00\"",
		      (unsigned)draw(8));
}

/* An event from a small world, so that they meet. */
static void put_event(struct sy_buf *b)
{
	static const char *const actions[] = {"ADD", "ADD", "OBSERVE", "DELETE"};
	const char *action = actions[draw(4)];
	uint64_t kind = draw(4);

	if (kind < 2)
		sy_buf_printf(b, "{\"type\":\"ObjectEvent\",\"action\":\"%s\",", action);
	else if (kind == 2)
		sy_buf_text(b, "{\"type\":\"TransformationEvent\",");
	else
		sy_buf_printf(b,
			      "{\"type\":\"AggregationEvent\",\"action\":\"%s\",\"parentID\":"
			      "\"https://id.gs1.org/00/10614141234567890%c\",",
			      action, (int)('8' + draw(2)));
	put_time(b);
	if (draw(4))
		sy_buf_printf(b, ",\"eventID\":\"urn:e:%u\"", (unsigned)draw(3));
	if (draw(4) == 0)
		sy_buf_text(b, ERROR);
	if (kind == 2 && draw(2))
		sy_buf_printf(b, ",\"transformationID\":\"urn:t:%u\"", (unsigned)draw(2));
	put_occasion(b);
	put_list(b,
		 kind < 2    ? "epcList"
		 : kind == 2 ? "outputEPCList"
			     : "childEPCs",
		 kind < 3 || draw(3) ? put_unit : put_box);
	put_list(b,
		 kind < 2    ? "quantityList"
		 : kind == 2 ? "inputQuantityList"
			     : "childQuantityList",
		 put_lot);
	if (kind == 2)
		put_list(b, "outputQuantityList", put_lot);
	if (kind < 3)
		put_ilmd(b);
	sy_buf_text(b, "}");
}

static void put_erasure(struct sy_buf *b)
{
	sy_buf_printf(b, "{\"type\":\"Erasure\",\"record\":%lu",
		      (unsigned long)draw(l->n_records + 1));
	if (draw(3) == 0) {
		sy_buf_text(b, ",\"remains\":");
		put_event(b);
	}
	sy_buf_text(b, "}");
}

static void put_register(struct sy_buf *b)
{
	static const char *const kinds[] = {
	    "\"Place\",\"id\":", "\"Contact\",\"id\":", "\"Rules\",\"name\":"};

	sy_buf_printf(b, "{\"type\":%s\"urn:r:%u\",\"v\":%u}", kinds[draw(3)], (unsigned)draw(2),
		      (unsigned)draw(1000));
}

/* Few are revoked, drafts or exercises. */
static void put_recall(struct sy_buf *b, unsigned id, const char *state, unsigned what)
{
	sy_buf_printf(b, "{\"type\":\"Recall\",\"id\":\"urn:r:%u\",\"state\":\"%s\"%s,\"scope\":{",
		      id, state, what & 16 ? ",\"mock\":true" : "");
	if (what & 1)
		sy_buf_printf(b, "\"product\":\"06901234567892\",\"madeFrom\":\"2026-11-0%u\"",
			      1 + (what >> 5) % 9);
	if (what & 2)
		sy_buf_printf(
		    b,
		    "%s\"place\":\"urn:place:%u\",\"from\":\"2026-11-24T08:0%u:00+08:00\","
		    "\"to\":\"2026-11-24T08:06:00+08:00\"",
		    what & 1 ? "," : "", (what >> 5) % 3, (what >> 7) % 6);
	if (what & 4)
		sy_buf_printf(b, "%s\"items\":[\"" LOT("%c") "\"%s]", what & 3 ? "," : "",
			      (int)('1' + (what >> 9) % 4),
			      what & 8 ? ",\"https://id.gs1.org/00/106141412345678908\"" : "");
	sy_buf_text(b, "}}");
}

enum { RECALLS = 3 };
static struct {
	const char *state;
	unsigned what;
} recalled[RECALLS];

static void put_a_recall(struct sy_buf *b)
{
	static const char *const states[] = {"draft", "open", "open", "open", "closed", "revoked"};
	unsigned id = (unsigned)draw(RECALLS);
	const char *last = recalled[id].state;

	if (recalled[id].what == 0 || draw(4) == 0) {
		/* a scope may be another only after what counted was revoked */
		bool counts = last && (strcmp(last, "open") == 0 || strcmp(last, "closed") == 0);
		if (!counts)
			recalled[id].what = (unsigned)draw(1 << 12) & (draw(8) ? ~16U : ~0U);
	}
	recalled[id].state = states[draw(6)];
	put_recall(b, id, recalled[id].state, recalled[id].what);
}

static void random_entry(void)
{
	char *payloads[4] = {NULL};
	uint32_t n = (uint32_t)(1 + draw(3));

	for (uint32_t i = 0; i < n; i++) {
		struct sy_buf b = {0};
		uint64_t what = draw(with_recalls ? 9 : 8);
		if (what == 8)
			put_a_recall(&b);
		else if (what == 0)
			put_erasure(&b);
		else if (what == 1)
			put_register(&b);
		else
			put_event(&b);
		payloads[i] = strdup(sy_buf_cstr(&b));
		sy_buf_free(&b);
	}
	log_append_n(l, keys[draw(N_KEYS)], 1000 * (l->n_entries + 1), payloads, n);
	for (uint32_t i = 0; i < n; i++)
		free(payloads[i]);
}

enum { SEQUENCES = 300 / SLOW, ENTRIES = 24 };

/* The log grows; the index follows in steps of any size, with restarts between; in some runs the
 * payloads that a later Erasure names are gone before the index sees it, as after a kill or in a
 * restored index. */
static void random_run(bool killed)
{
	memset(recalled, 0, sizeof recalled);
	with_recalls = true;
	few = (unsigned)(seed >> 20) % 4;
	log_begin();
	open_index();
	for (int i = 0; i < ENTRIES; i++)
		random_entry();
	with_recalls = false;
	for (uint64_t at = 1 + draw(4); at < l->n_entries; at += 1 + draw(6)) {
		log_publish(l, at);
		ck_assert_int_eq(index_catch_up(ix), SY_OK);
		if (draw(3) == 0) {
			close_index();
			open_index();
			ck_assert_uint_eq(rebuilt, 0);
		}
		for (uint64_t n = 0; killed && n < l->n_records; n++) {
			const char *p = strstr(l->records[n].payload, "Erasure\",\"record\":");
			if (p && l->records[n].entry >= at) {
				uint64_t of = strtoull(p + 18, NULL, 10);
				if (of < n && l->records[of].entry < at &&
				    strstr(l->records[of].payload, "{\"type\":\"Erasure") == NULL &&
				    strstr(l->records[of].payload, "Event\""))
					l->records[of].gone = true;
			}
		}
	}
	log_publish(l, l->n_entries);
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
}

START_TEST(random_sequences)
{
	for (int i = 0; i < SEQUENCES / 10; i++) {
		seed = 0x9e3779b97f4a7c15U * (uint64_t)(1 + _i * 100 + i);
		ck_assert_int_eq(sy_crypto_init(), SY_OK);
		dir_make();
		random_run(i % 2);
		int err = fsck();
		ck_assert_msg(err == SY_OK && n_reported == 0, "sequence %d.%d: %d\n%s", _i, i, err,
			      sy_buf_cstr(&reported));
		teardown();
	}
}
END_TEST

/* What is marked, by code. */
static void write_marks(struct sy_buf *b)
{
	static const char *const codes[] = {LOT("1"),
					    LOT("2"),
					    LOT("3"),
					    LOT("4"),
					    UNIT("1"),
					    UNIT("2"),
					    UNIT("3"),
					    UNIT("4"),
					    "https://id.gs1.org/00/106141412345678908",
					    "https://id.gs1.org/00/106141412345678909"};
	struct index_read at;
	struct index_mark m;
	struct sy_str id;
	uint64_t item, items;

	sy_buf_reset(b);
	ck_assert_int_eq(index_catch_up(ix), SY_OK);
	ck_assert_int_eq(index_read_begin(ix, &at), SY_OK);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		if (index_item_id(&at, sy_str(codes[i]), &item))
			continue;
		for (uint64_t from = 0; index_mark_next(&at, item, from, &m) == SY_OK;
		     from = m.number + 1) {
			ck_assert_int_eq(index_case(&at, m.number, &id, &items), SY_OK);
			sy_buf_printf(b, "%s: %.*s of %lu, %s, %lu units\n", codes[i], (int)id.n,
				      id.p, (unsigned long)items, m.whole ? "whole" : "part",
				      (unsigned long)m.units);
		}
	}
	index_read_end(&at);
}

static void put_again(const char *state, unsigned id)
{
	struct sy_buf b = {0};

	put_recall(&b, id, state, recalled[id].what);
	log_add(l, OP, "%s", sy_buf_cstr(&b));
	sy_buf_free(&b);
}

/* Whatever came in whatever order: marked is what would be, were the recall opened now. */
START_TEST(marks_follow_what_happens)
{
	struct sy_buf was = {0}, is = {0};
	size_t marked = 0;

	for (int i = 0; i < SEQUENCES / 10; i++) {
		seed = 0x9e3779b97f4a7c15U * (uint64_t)(5000 + _i * 100 + i);
		ck_assert_int_eq(sy_crypto_init(), SY_OK);
		dir_make();
		random_run(i % 2);
		for (unsigned id = 0; id < RECALLS; id++) {
			if (recalled[id].what == 0)
				continue;
			write_marks(&was);
			put_again("revoked", id);
			write_marks(&is);
			put_again("open", id);
			bool counted = recalled[id].state[0] == 'o' || recalled[id].state[0] == 'c';
			if (counted)
				write_marks(&is);
			else
				ck_assert_str_eq(sy_buf_cstr(&was), sy_buf_cstr(&is));
			marked += is.n;
			ck_assert_msg(strcmp(sy_buf_cstr(&was), sy_buf_cstr(&is)) == 0,
				      "sequence %d.%d, recall %u:\n%s\n%s", _i, i, id,
				      sy_buf_cstr(&was), sy_buf_cstr(&is));
		}
		teardown();
	}
	ck_assert_uint_gt(marked, 1000);
	sy_buf_free(&was);
	sy_buf_free(&is);
}
END_TEST

/* --- a closure that takes several commits ---------------------------------------------------- */

static void die_after_a_commit(void *ctx, uint64_t position)
{
	(void)ctx;
	(void)position;
	l->fail = SY_EIO;
}

/* EVENTS that commission UNITS each, of one lot. */
static void log_units(int events, int units)
{
	struct sy_buf b = {0};

	for (int i = 0; i < events; i++) {
		sy_buf_reset(&b);
		sy_buf_text(&b, OBJECT("ADD") ",\"epcList\":[");
		for (int n = 0; n < units; n++)
			sy_buf_printf(&b,
				      "%s\"https://id.gs1.org/01/06901234567892/10/1/21/%dx%d\"",
				      n ? "," : "", i, n);
		sy_buf_text(&b, "]}");
		log_add(l, keys[1], "%s", sy_buf_cstr(&b));
	}
	sy_buf_free(&b);
}

START_TEST(a_kill_while_marking)
{
	enum { EVENTS = 30 / SLOW, UNITS = 4000 };
	struct index_options o = {
	    .dir = log_dir, .map_size = 1 << 28, .advanced = die_after_a_commit};
	const char *why;
	struct sy_str id;
	uint64_t items;

	log_units(EVENTS, UNITS);
	look();
	unlook();
	uint64_t number = log_add(l, OP,
				  "{\"type\":\"Recall\",\"id\":\"urn:r:1\",\"state\":\"open\","
				  "\"scope\":{\"items\":[\"" LOT("1") "\"]}}");
	close_index();
	o.ledger = l;
	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
	ck_assert_int_eq(index_catch_up(ix), SY_EIO);
	l->fail = SY_OK;
	close_index();
	open_index();
	ck_assert_int_eq(index_read_begin(ix, &rd), SY_OK);
	ck_assert(index_marking(&rd));
	ck_assert_uint_lt(rd.position, l->published);
	ck_assert_int_eq(index_case(&rd, number, &id, &items), SY_OK);
	ck_assert_uint_gt(items, 0);
	ck_assert_uint_lt(items, EVENTS * UNITS);
	unlook();
	ck_fsck();
	ck_assert_uint_eq(noted, 1);
	look();
	ck_assert_int_eq(index_case(&rd, number, &id, &items), SY_OK);
	ck_assert_uint_eq(items, EVENTS * UNITS + 1);
	ck_assert(!index_marking(&rd));
	unlook();
	ck_fsck();
}
END_TEST

/* What a walk back says while marks are under way is sure of lots alone. */
START_TEST(a_walk_back_while_marking)
{
	enum { EVENTS = 30, UNITS = 4000 };
	static const char *const more[] = {"",
					   ",\"place\":\"urn:suyuan:own:91110000000000000X:shop\""};
	struct index_options o = {
	    .dir = log_dir, .map_size = 1 << 28, .advanced = die_after_a_commit};
	struct coverings found = {0};
	struct sy_arena arena = {0};
	const char *why;
	uint64_t other;
	bool whole;

	if (SLOW > 1)
		return;
	log_units(EVENTS, UNITS);
	log_add(l, keys[1], OBJECT("ADD") ",\"quantityList\":[{\"epcClass\":\"" LOT("2") "\"}]}");
	look();
	unlook();
	log_add(l, OP,
		"{\"type\":\"Recall\",\"id\":\"urn:r:1\",\"state\":\"open\",\"scope\":{\"items\":["
		"\"" LOT("1") "\"]%s}}",
		more[_i]);
	close_index();
	o.ledger = l;
	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
	ck_assert_int_eq(index_catch_up(ix), SY_EIO);
	l->fail = SY_OK;
	close_index();
	open_index();
	ck_assert_int_eq(index_read_begin(ix, &rd), SY_OK);
	ck_assert(index_marking(&rd));
	ck_assert_int_eq(index_item_id(&rd, SY_STR(LOT("2")), &other), SY_OK);
	ck_assert_int_eq(covering_behind(&rd, &arena, other, &found, &whole), SY_OK);
	ck_assert_uint_eq(found.n, 0);
	ck_assert_int_eq(whole, _i == 0);
	unlook();
	sy_arena_free(&arena);
}
END_TEST

/* --- opening --------------------------------------------------------------------------------- */

static void some_entries(int n)
{
	seed = 7;
	for (int i = 0; i < n; i++)
		random_entry();
	log_publish(l, l->n_entries);
}

START_TEST(index_of_another_truth_is_dropped)
{
	struct ledger *other;

	some_entries(10);
	look();
	unlook();
	close_index();
	other = l;
	log_begin();
	some_entries(3); /* the truth is older, and then it is another */
	open_index();
	ck_assert_uint_eq(rebuilt, 1);
	ck_assert_uint_eq(index_position(ix), 0);
	look();
	unlook();
	close_index();
	log_free(other);
	other = l;
	log_begin();
	seed = 99;
	for (int i = 0; i < 9; i++)
		random_entry();
	log_publish(l, l->n_entries);
	open_index();
	ck_assert_uint_eq(rebuilt, 1);
	look();
	unlook();
	ck_fsck();
	log_free(other);
}
END_TEST

START_TEST(deleted_or_damaged_index)
{
	char cmd[128];

	some_entries(10);
	look();
	unlook();
	close_index();
	snprintf(cmd, sizeof cmd, "rm -rf %s/index", log_dir);
	ck_assert_int_eq(system(cmd), 0);
	open_index();
	ck_assert_uint_eq(rebuilt, 0);
	look();
	unlook();
	ck_fsck();
	close_index();
	snprintf(cmd, sizeof cmd,
		 "printf 'not a database, just words, and enough of them' >%s/index/data.mdb",
		 log_dir);
	ck_assert_int_eq(system(cmd), 0);
	open_index();
	ck_assert_uint_eq(rebuilt, 1);
	look();
	unlook();
	ck_fsck();
}
END_TEST

START_TEST(rebuild_on_request)
{
	struct index_options o = {.dir = log_dir, .ledger = l, .rebuild = true};
	const char *why;

	some_entries(10);
	look();
	unlook();
	close_index();
	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
	ck_assert_uint_eq(index_position(ix), 0);
	look();
	unlook();
	ck_fsck();
}
END_TEST

/* --- fsck finds ------------------------------------------------------------------------------ */

static const struct {
	const char *table;
	bool delete;
} damages[] = {
    {"codes", true},      {"items", false},   {"history", true},      {"history", false},
    {"events", true},     {"register", true}, {"register", false},    {"keys", false},
    {"keys", true},       {"prefixes", true}, {"submissions", false}, {"erased", true},
    {"withdrawn", false}, {"items", true},    {"history", false},     {"actors", false},
    {"names", true},      {"forward", true},  {"back", true},         {"groups", true},
    {"contents", false},  {"visits", true},
};

START_TEST(fsck_finds_each_changed_row)
{
	log_add(l, OP, "{\"type\":\"Party\",\"id\":\"urn:q\",\"prefixes\":[\"690\"]}");
	add("{\"type\":\"TransformationEvent\"," EVENT ",\"transformationID\":\"urn:t\","
	    "\"inputQuantityList\":[{\"epcClass\":\"" LOT(
		"8") "\"}],"
		     "\"outputQuantityList\":[{\"epcClass\":\"" LOT("9") "\"}]}");
	add("{\"type\":\"AggregationEvent\"," EVENT ",\"action\":\"ADD\",\"parentID\":\"" SSCC
	    "\",\"childEPCs\":[\"" UNIT("7") "\"]}");
	add(OBJECT("ADD") ID("1") QUANTITY(LOT("1"), KG("5")) "}");
	add(OBJECT("ADD") ID("1") ERROR QUANTITY(LOT("1"), KG("5")) "}");
	erase(add(OBJECT("ADD") ID("2") QUANTITY(LOT("1"), KG("5")) "}"), "");
	look();
	unlook();
	ck_fsck();
	close_index();
	change_row(damages[_i].table, damages[_i].delete);
	n_reported = 0;
	sy_buf_reset(&reported);
	ck_assert_int_eq(index_fsck(log_dir, l, report, note, NULL), SY_ECORRUPT);
	ck_assert_uint_ge(n_reported, 1);
	ck_assert_msg(strstr(sy_buf_cstr(&reported), damages[_i].table) != NULL, "%s: %s",
		      damages[_i].table, sy_buf_cstr(&reported));
}
END_TEST

/* --- memory ---------------------------------------------------------------------------------- */

START_TEST(memory_fails_anywhere)
{
	unsigned n = 0;
	int err;

	some_entries(20);
	do {
		close_index(); /* what was kept for the next record would hide failures */
		open_index();
		fail_alloc_at(++n);
		err = index_catch_up(ix);
		bool failed = alloc_failed();
		fail_alloc_at(0);
		if (!failed)
			break;
		ck_assert_msg(err == SY_OK || err == SY_ENOMEM, "allocation %u: %d", n, err);
	} while (n < 100000);
	ck_assert_uint_gt(n, 3);
	ck_assert_int_eq(err, SY_OK);
	ck_fsck();
}
END_TEST

/* N records that commission 100 serials each, in one entry. */
static void large_entry(unsigned n)
{
	char **payloads = calloc(n, sizeof *payloads);
	struct sy_buf b = {0};

	ck_assert_ptr_nonnull(payloads);
	for (unsigned i = 0; i < n; i++) {
		sy_buf_reset(&b);
		sy_buf_text(&b, OBJECT("ADD") ",\"epcList\":[");
		for (unsigned k = 0; k < 100; k++)
			sy_buf_printf(&b, "%s\"" UNIT("%u-%u") "\"", k ? "," : "", i, k);
		sy_buf_text(&b, "]}");
		payloads[i] = strdup(sy_buf_cstr(&b));
	}
	log_append_n(l, keys[1], 1000 * (l->n_entries + 1), payloads, n);
	for (unsigned i = 0; i < n; i++)
		free(payloads[i]);
	free(payloads);
	sy_buf_free(&b);
}

/* What a commit may hold ends within the entry: it counts when all of it is there, and wherever it
 * is cut off the next start goes on. */
START_TEST(large_entry_in_parts)
{
	uint64_t before = l->n_entries;
	unsigned n = 0, parts = 0;
	bool failed;

	large_entry(500);
	log_publish(l, l->n_entries);
	do {
		fail_alloc_at(n += 1500);
		int err = index_catch_up(ix);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err, failed ? SY_ENOMEM : SY_OK);
		ck_fsck();
		ck_assert_int_eq(index_read_begin(ix, &rd), SY_OK);
		parts += failed && there(UNIT("0-0"));
		ck_assert(!failed || rd.position <= before);
		ck_assert(!failed || !there(UNIT("499-99")));
		unlook();
	} while (failed);
	ck_assert_uint_gt(parts, 0);
	ck_assert_uint_eq(index_position(ix), before + 1);
	look();
	ck_assert(there(UNIT("499-99")));
	unlook();
}
END_TEST

START_TEST(large_entry_of_another_truth)
{
	uint64_t before = l->n_entries;
	unsigned n = 0;
	bool within;

	large_entry(500);
	log_publish(l, l->n_entries);
	do {
		fail_alloc_at(n += 1500);
		ck_assert_int_eq(index_catch_up(ix), SY_ENOMEM);
		fail_alloc_at(0);
		ck_assert_int_eq(index_read_begin(ix, &rd), SY_OK);
		within = there(UNIT("0-0"));
		unlook();
	} while (!within);
	close_index();
	log_publish(l, before);
	open_index();
	ck_assert_uint_eq(rebuilt, 1);
	look();
	ck_assert(!there(UNIT("0-0")));
	unlook();
}
END_TEST

START_TEST(opening_without_memory)
{
	struct index_options o = {.dir = log_dir, .ledger = l, .map_size = 1 << 28};
	const char *why;
	bool failed;
	unsigned n = 0;

	some_entries(5);
	look();
	unlook();
	close_index();
	do {
		fail_alloc_at(++n);
		int err = index_open(&o, &ix, &why);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_msg(failed || err == SY_OK, "allocation %u", n);
		if (err == SY_OK)
			close_index();
	} while (failed);
	open_index();
	ck_assert_uint_eq(index_position(ix), l->n_entries);
}
END_TEST

/* --- the follower ---------------------------------------------------------------------------- */

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	uint64_t position;
	int err;
};

static void on_advanced(void *ctx, uint64_t position)
{
	struct seen *s = ctx;

	pthread_mutex_lock(&s->lock);
	s->position = position;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

static void on_failed(void *ctx, int err, const char *why)
{
	struct seen *s = ctx;

	ck_assert_ptr_nonnull(why);
	pthread_mutex_lock(&s->lock);
	s->err = err;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

static void follow(struct seen *s, unsigned delay_ms)
{
	struct index_options o = {.dir = log_dir,
				  .ledger = l,
				  .map_size = 1 << 28,
				  .delay_ms = delay_ms,
				  .advanced = on_advanced,
				  .failed = on_failed,
				  .ctx = s};
	const char *why;

	*s = (struct seen){0};
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->cond, NULL);
	close_index();
	ck_assert_int_eq(index_open(&o, &ix, &why), SY_OK);
	ck_assert_int_eq(index_start(ix), SY_OK);
}

static void *waiter(void *arg)
{
	struct index_read r;

	for (uint64_t at = (uint64_t)(uintptr_t)arg; at < 300; at += 13) {
		bool waited =
		    index_wait(ix, at, 20000) == SY_OK && index_read_begin(ix, &r) == SY_OK;
		if (!waited || r.position < at)
			return arg;
		index_read_end(&r);
	}
	return NULL;
}

START_TEST(follower_under_waiters)
{
	pthread_t threads[3];
	struct seen s;
	void *failed;

	follow(&s, 5);
	for (uintptr_t i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, waiter, (void *)(i + 1)), 0);
	seed = 5;
	while (l->n_entries < 300) {
		random_entry();
		log_publish(l, l->n_entries);
		index_wake(ix);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	ck_assert_int_eq(index_wait(ix, 300, 20000), SY_OK);
	index_stop(ix);
	ck_assert_uint_eq(s.position, 300);
	ck_fsck();
}
END_TEST

START_TEST(lone_entry_is_committed_at_once)
{
	struct seen s;

	follow(&s, 3600000); /* a delay that nobody would sit out */
	pthread_mutex_lock(&s.lock);
	while (s.position < l->n_entries)
		pthread_cond_wait(&s.cond, &s.lock);
	pthread_mutex_unlock(&s.lock);
	ck_assert_uint_eq(index_late(ix), 0);
	/* the next waits, and a stop brings it in */
	some_entries(1);
	index_wake(ix);
	ck_assert_int_eq(index_wait(ix, l->n_entries, 30), SY_EBUSY);
	ck_assert_uint_ge(index_late(ix), 25);
	index_wake(ix);
	ck_assert_uint_ge(index_late(ix), 25);
	index_stop(ix);
	ck_assert_uint_eq(index_position(ix), l->n_entries);
}
END_TEST

START_TEST(follower_stops_on_failure)
{
	struct seen s;

	follow(&s, 5);
	ck_assert_int_eq(index_wait(ix, l->n_entries, 20000), SY_OK);
	pthread_mutex_lock(&l->lock);
	l->fail = SY_EIO;
	pthread_mutex_unlock(&l->lock);
	index_wake(ix);
	ck_assert_int_eq(index_wait(ix, l->n_entries + 1, 20000), SY_EIO);
	index_stop(ix);
	ck_assert_int_eq(s.err, SY_EIO);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("index");
	TCase *loops = tcase_create("effects"), *one = tcase_create("items"),
	      *marks = tcase_create("marks"), *erasure = tcase_create("withdraw"),
	      *random = tcase_create("random"), *opening = tcase_create("open"),
	      *check = tcase_create("fsck"), *memory = tcase_create("memory"),
	      *thread = tcase_create("follower");

	tcase_add_loop_test(loops, effect_of_events, 0, (int)(sizeof effects / sizeof *effects));
	tcase_add_checked_fixture(one, setup, teardown);
	tcase_add_test(one, commissioning_gives_dates_and_ilmd);
	tcase_add_test(one, unit_knows_its_lot);
	tcase_add_test(one, a_lot_is_known_through_its_units);
	tcase_add_test(one, history_in_order_with_roles);
	tcase_add_test(one, items_of_a_product);
	tcase_add_test(one, long_codes);
	tcase_add_test(one, submissions_are_known);
	tcase_add_test(one, ilmd_digest);
	tcase_add_checked_fixture(erasure, setup, teardown);
	tcase_add_test(erasure, error_withdraws);
	tcase_add_test(erasure, error_of_another_partys);
	tcase_add_test(erasure, error_of_one_of_two);
	tcase_add_test(erasure, erased_error_restores);
	tcase_add_test(erasure, erased_event_uncovers_another);
	tcase_add_test(erasure, erased_event_never_was);
	tcase_add_test(erasure, remains_stand_for_the_event);
	tcase_add_test(erasure, killed_within_an_erasure);
	tcase_add_test(erasure, killed_and_damaged);
	tcase_add_loop_test(erasure, inspection_in_a_few_words, 0,
			    (int)(sizeof inspections / sizeof *inspections));
	tcase_add_test(erasure, inspection_of_what_is_in_force);
	tcase_add_loop_test(random, random_sequences, 0, 10);
	tcase_add_checked_fixture(marks, setup, teardown);
	tcase_add_test(marks, a_kill_while_marking);
	tcase_add_loop_test(marks, a_walk_back_while_marking, 0, 2);
	tcase_set_timeout(marks, 120);
	tcase_add_loop_test(random, marks_follow_what_happens, 0, 10);
	tcase_set_timeout(random, 120);
	tcase_add_checked_fixture(opening, setup, teardown);
	tcase_add_test(opening, index_of_another_truth_is_dropped);
	tcase_add_test(opening, deleted_or_damaged_index);
	tcase_add_test(opening, rebuild_on_request);
	tcase_add_checked_fixture(check, setup, teardown);
	tcase_add_loop_test(check, fsck_finds_each_changed_row, 0,
			    (int)(sizeof damages / sizeof *damages));
	tcase_add_checked_fixture(memory, setup, teardown);
	tcase_add_test(memory, memory_fails_anywhere);
	tcase_add_test(memory, opening_without_memory);
	tcase_add_test(memory, large_entry_in_parts);
	tcase_add_test(memory, large_entry_of_another_truth);
	tcase_set_timeout(memory, 120);
	tcase_add_checked_fixture(thread, setup, teardown);
	tcase_add_test(thread, follower_under_waiters);
	tcase_add_test(thread, lone_entry_is_committed_at_once);
	tcase_add_test(thread, follower_stops_on_failure);
	tcase_set_timeout(thread, 60);
	TCase *all[] = {loops, one, marks, erasure, random, opening, check, memory, thread};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		suite_add_tcase(s, all[i]);
	return s;
}
