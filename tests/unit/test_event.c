#include "chinese.h"
#include "faults.h"
#include "run.h"

#include <suyuan/error.h>
#include <suyuan/event.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static struct sy_arena arena;
static struct sy_faults faults;
static struct sy_json_doc doc;

static void setup(void)
{
	arena = (struct sy_arena){0};
	sy_faults_init(&faults, &arena);
}

static void teardown(void)
{
	sy_arena_free(&arena);
}

static int read_text(const char *name, const char *text, struct sy_event *event)
{
	struct sy_json_fault where;
	sy_faults_init(&faults, &arena);
	ck_assert_msg(sy_json_parse(&arena, sy_str(text), 0, &doc, &where) == SY_OK,
		      "%s: bad JSON at %zu: %s", name, where.offset, text);
	int err = sy_event_read(&arena, &doc, event, &faults, 7);
	told_in_chinese(&arena, &doc, &faults);
	return err;
}

#define WHEN "\"eventTime\":\"2026-11-01T08:00:00+08:00\",\"eventTimeZoneOffset\":\"+08:00\""
#define EVENT(type, rest) "{\"type\":\"" type "\"," WHEN "," rest "}"
#define OBJECT(action, rest) EVENT("ObjectEvent", "\"action\":\"" action "\"," rest)
#define GTIN "https://id.gs1.org/01/06901234567892"
#define UNIT "\"" GTIN "/21/1\""
#define LOT "\"" GTIN "/10/A1\""
#define CLASS "{\"epcClass\":" LOT ",\"quantity\":10.50,\"uom\":\"KGM\"}"
#define SSCC "\"urn:epc:id:sscc:0614141.1234567890\""

START_TEST(reads)
{
	struct sy_event e;
	int err = read_text(
	    "all",
	    OBJECT("ADD",
		   "\"eventID\":\"urn:uuid:1\",\"recordTime\":\"2026-11-01T00:00:00Z\","
		   "\"bizStep\":\"commissioning\",\"disposition\":\"active\","
		   "\"readPoint\":{\"id\":\"urn:epc:id:sgln:4012345.00005.0\"},"
		   "\"bizLocation\":{\"id\":\"https://a.example/414/4012345000054\"},"
		   "\"epcList\":[" UNIT "],\"quantityList\":[" CLASS ",{\"epcClass\":\"" GTIN
		   "\"}],"
		   "\"ilmd\":{\"suyuan:productionDate\":\"2026-10-31\","
		   "\"cbvmda:itemExpirationDate\":\"2026-12-01\","
		   "\"cbvmda:bestBeforeDate\":{\"@type\":\"xsd:date\",\"@value\":\"2026-11-30\"},"
		   "\"cbvmda:harvestEndDate\":\"2026-10-30T12:00:00+08:00\","
		   "\"cbvmda:lotNumber\":\"A1\"},"
		   "\"suyuan:inspection\":{\"result\":\"pass\",\"kind\":\"firm\","
		   "\"date\":\"2026-11-01\"},\"x:y\":[1]"),
	    &e);
	ck_assert_msg(err == SY_OK && faults.n == 0, "%s", faults.n ? faults.v[0].detail : "");
	ck_assert_int_eq(e.kind, SY_EVENT_OBJECT);
	ck_assert_int_eq(e.action, SY_ACTION_ADD);
	ck_assert(sy_str_is(e.id, "urn:uuid:1"));
	ck_assert_int_eq(e.time, INT64_C(1793491200000));
	ck_assert(sy_str_is(e.biz_step, "commissioning") && sy_str_is(e.disposition, "active"));
	ck_assert(sy_str_is(e.read_point, "urn:epc:id:sgln:4012345.00005.0"));
	ck_assert(sy_str_is(e.read_point_code, "https://id.gs1.org/414/4012345000054"));
	ck_assert(sy_str_is(e.location, "https://a.example/414/4012345000054"));
	ck_assert(sy_str_is(e.location_code, "https://id.gs1.org/414/4012345000054"));
	ck_assert(!e.error && e.transformation.n == 0);
	ck_assert_uint_eq(e.n_items, 3);
	ck_assert_int_eq(e.items[0].code.kind, SY_CODE_UNIT);
	ck_assert(e.items[0].has_quantity && e.items[0].quantity.coef == 1);
	ck_assert_str_eq(e.items[0].pointer, "/epcList/0");
	ck_assert_str_eq(e.items[0].code_pointer, "/epcList/0");
	ck_assert_str_eq(e.items[1].pointer, "/quantityList/0");
	ck_assert_str_eq(e.items[1].code_pointer, "/quantityList/0/epcClass");
	ck_assert(sy_str_is(e.items[1].code.canonical, GTIN "/10/A1"));
	ck_assert(e.items[1].has_quantity && e.items[1].quantity.coef == 105 &&
		  e.items[1].quantity.scale == 1 && sy_str_is(e.items[1].unit, "KGM"));
	ck_assert(!e.items[2].has_quantity && e.items[2].unit.n == 0);
	ck_assert_str_eq(e.items[2].pointer, "/quantityList/1");
	ck_assert_int_eq(e.made, 20757);
	ck_assert_int_eq(e.expires, 20788);
	ck_assert_int_eq(e.best_before, 20787);
	ck_assert_int_eq(e.harvested, 20756);
	ck_assert(e.ilmd != NULL && e.inspection != NULL && sy_str_is(e.lot, "A1"));
}
END_TEST

START_TEST(roles)
{
	static const struct {
		const char *name, *json;
		enum sy_event_kind kind;
		enum sy_item_role roles[4];
		size_t n;
	} rows[] = {
	    {"pack",
	     EVENT("AggregationEvent",
		   "\"action\":\"ADD\",\"parentID\":" SSCC ",\"childEPCs\":[" UNIT
		   "],\"childQuantityList\":[" CLASS "]"),
	     SY_EVENT_AGGREGATION,
	     {SY_ROLE_PARENT, SY_ROLE_CHILD, SY_ROLE_CHILD},
	     3},
	    {"empty a container",
	     EVENT("AggregationEvent", "\"action\":\"DELETE\",\"parentID\":" SSCC),
	     SY_EVENT_AGGREGATION,
	     {SY_ROLE_PARENT},
	     1},
	    {"children without a parent",
	     EVENT("AggregationEvent", "\"action\":\"OBSERVE\",\"childEPCs\":[" UNIT "]"),
	     SY_EVENT_AGGREGATION,
	     {SY_ROLE_CHILD},
	     1},
	    {"associate",
	     EVENT("AssociationEvent",
		   "\"action\":\"ADD\",\"parentID\":"
		   "\"urn:epc:id:grai:4012345.55555.987\",\"childEPCs\":[" UNIT "]"),
	     SY_EVENT_ASSOCIATION,
	     {SY_ROLE_PARENT, SY_ROLE_CHILD},
	     2},
	    {"sell",
	     EVENT("TransactionEvent", "\"action\":\"ADD\",\"bizTransactionList\":[{"
				       "\"bizTransaction\":\"urn:x:po1\"}],"
				       "\"quantityList\":[" CLASS "]"),
	     SY_EVENT_TRANSACTION,
	     {SY_ROLE_SUBJECT},
	     1},
	    {"transform",
	     EVENT("TransformationEvent",
		   "\"inputQuantityList\":[" CLASS "],\"inputEPCList\":[" UNIT "],"
		   "\"outputEPCList\":[" SSCC "],\"outputQuantityList\":[" CLASS "]"),
	     SY_EVENT_TRANSFORMATION,
	     {SY_ROLE_INPUT, SY_ROLE_INPUT, SY_ROLE_OUTPUT, SY_ROLE_OUTPUT},
	     4},
	    {"half a transformation",
	     EVENT("TransformationEvent",
		   "\"transformationID\":\"urn:uuid:1\",\"inputQuantityList\":[" CLASS "]"),
	     SY_EVENT_TRANSFORMATION,
	     {SY_ROLE_INPUT},
	     1},
	    {"sensors alone",
	     OBJECT("OBSERVE", "\"readPoint\":{\"id\":\"geo:1,2\"},"
			       "\"sensorElementList\":[{\"sensorReport\":[{"
			       "\"type\":\"Temperature\"}]}]"),
	     SY_EVENT_OBJECT,
	     {0},
	     0},
	    {"a class twice",
	     OBJECT("ADD", "\"quantityList\":[" CLASS "," CLASS "]"),
	     SY_EVENT_OBJECT,
	     {SY_ROLE_SUBJECT, SY_ROLE_SUBJECT},
	     2},
	    {"a private class in and out",
	     EVENT("TransformationEvent", "\"inputQuantityList\":[{\"epcClass\":\"urn:x:y\"}],"
					  "\"outputQuantityList\":[{\"epcClass\":\"urn:x:y\"}]"),
	     SY_EVENT_TRANSFORMATION,
	     {SY_ROLE_INPUT, SY_ROLE_OUTPUT},
	     2},
	    {"withdrawn",
	     OBJECT("ADD", "\"quantityList\":[" CLASS "],\"errorDeclaration\":{"
			   "\"declarationTime\":\"2026-11-02T00:00:00Z\"}"),
	     SY_EVENT_OBJECT,
	     {SY_ROLE_SUBJECT},
	     1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sy_event e;
		int err = read_text(rows[i].name, rows[i].json, &e);
		ck_assert_msg(err == SY_OK, "%s: %s", rows[i].name,
			      faults.n ? faults.v[0].detail : "?");
		ck_assert_msg(e.kind == rows[i].kind, "%s: kind", rows[i].name);
		ck_assert_msg(e.n_items == rows[i].n, "%s: %zu items", rows[i].name, e.n_items);
		for (size_t k = 0; k < e.n_items; k++)
			ck_assert_msg(e.items[k].role == rows[i].roles[k], "%s: role %zu",
				      rows[i].name, k);
		ck_assert_int_eq(e.error, strcmp(rows[i].name, "withdrawn") == 0);
	}
}
END_TEST

static const struct {
	const char *name, *step, *disposition; /* as written */
	const char *short_step, *short_disposition;
} words[] = {
    {"short", "shipping", "in_transit", "shipping", "in_transit"},
    {"CURIE", "cbv:BizStep-shipping", "cbv:Disp-in_transit", "shipping", "in_transit"},
    {"URN", "urn:epcglobal:cbv:bizstep:shipping", "urn:epcglobal:cbv:disp:in_transit", "shipping",
     "in_transit"},
    {"URI", "https://ref.gs1.org/cbv/BizStep-shipping", "https://ref.gs1.org/cbv/Disp-in_transit",
     "shipping", "in_transit"},
    {"private", "https://a.example/s", "urn:x:y", "https://a.example/s", "urn:x:y"},
    {"first and last", "accepting", "unknown", "accepting", "unknown"},
    {"last and first", "void_shipping", "active", "void_shipping", "active"},
    {"typo", "shiping", "in_transit ", NULL, NULL},
    {"typo in a URN", "urn:epcglobal:cbv:bizstep:shiping", "cbv:Disp-", NULL, NULL},
    {"each other's", "in_transit", "shipping", NULL, NULL},
    {"empty", "", "", NULL, NULL},
};

START_TEST(vocabulary)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		struct sy_event e;
		char json[1024];
		snprintf(json, sizeof json,
			 OBJECT("OBSERVE",
				"\"epcList\":[" UNIT "],\"bizStep\":\"%s\",\"disposition\":\"%s\""),
			 words[i].step, words[i].disposition);
		int err = read_text(words[i].name, json, &e);
		if (words[i].short_step == NULL) {
			ck_assert_msg(err == SY_ERULES && faults.n == 2, "%s: %d", words[i].name,
				      err);
			ck_assert_str_eq(faults.v[0].pointer, "/bizStep");
			ck_assert_str_eq(faults.v[1].pointer, "/disposition");
			continue;
		}
		ck_assert_msg(err == SY_OK, "%s: %d", words[i].name, err);
		ck_assert_msg(sy_str_is(e.biz_step, words[i].short_step), "%s", words[i].name);
		ck_assert_msg(sy_str_is(e.disposition, words[i].short_disposition), "%s",
			      words[i].name);
	}
}
END_TEST

static const struct {
	const char *name, *json;
	int status;
	const char *pointer, *detail; /* of the first fault; detail: something in it */
} bad[] = {
    {"another type", "{\"type\":\"Product\"}", 400, "/type", "EPCIS event"},
    {"no type", "{}", 400, "/type", "EPCIS event"},
    {"no time",
     "{\"type\":\"ObjectEvent\",\"eventTimeZoneOffset\":\"+08:00\",\"action\":\"ADD\","
     "\"epcList\":[" UNIT "]}",
     422, "", "eventTime is missing"},
    {"no action", EVENT("ObjectEvent", "\"epcList\":[" UNIT "]"), 422, "", "action is missing"},
    {"no transactions", EVENT("TransactionEvent", "\"action\":\"ADD\",\"epcList\":[" UNIT "]"), 422,
     "", "bizTransactionList is missing"},
    {"unknown action", OBJECT("add", "\"epcList\":[" UNIT "]"), 422, "/action", "ADD, OBSERVE"},
    {"a list that isn't one", OBJECT("ADD", "\"epcList\":" UNIT), 400, "/epcList", "an array"},
    {"a time that isn't one",
     "{\"type\":\"ObjectEvent\",\"eventTime\":\"2026-11-01\",\"eventTimeZoneOffset\":\"+08:00\","
     "\"action\":\"ADD\",\"epcList\":[" UNIT "]}",
     400, "/eventTime", "2026-11-01T08"},
    {"30 February",
     "{\"type\":\"ObjectEvent\",\"eventTime\":\"2026-02-30T00:00:00Z\",\"eventTimeZoneOffset\":"
     "\"+08:00\",\"action\":\"ADD\",\"epcList\":[" UNIT "]}",
     400, "/eventTime", "2026-02-30"},
    {"offset",
     "{\"type\":\"ObjectEvent\",\"eventTime\":\"2026-02-03T00:00:00Z\","
     "\"eventTimeZoneOffset\":\"+8:00\",\"action\":\"ADD\",\"epcList\":[" UNIT "]}",
     400, "/eventTimeZoneOffset", "+08:00"},
    {"offset of 15 hours",
     "{\"type\":\"ObjectEvent\",\"eventTime\":\"2026-02-03T00:00:00Z\",\"eventTimeZoneOffset\":"
     "\"+14:01\",\"action\":\"ADD\",\"epcList\":[" UNIT "]}",
     400, "/eventTimeZoneOffset", "+08:00"},
    {"eventID", OBJECT("ADD", "\"eventID\":\"17\",\"epcList\":[" UNIT "]"), 400, "/eventID",
     "a URI"},
    {"no place", OBJECT("ADD", "\"bizLocation\":{},\"epcList\":[" UNIT "]"), 422, "/bizLocation",
     "id is missing"},
    {"GLN of a place",
     OBJECT("ADD",
	    "\"readPoint\":{\"id\":\"https://id.gs1.org/414/4012345000055\"},\"epcList\":[" UNIT
	    "]"),
     422, "/readPoint/id", "(414) check digit is 5, expected 4"},
    {"names nothing", OBJECT("ADD", "\"x:y\":1"), 422, "", "names no item"},
    {"empty list", OBJECT("ADD", "\"epcList\":[]"), 422, "", "names no item"},
    {"pack without children", EVENT("AggregationEvent", "\"action\":\"ADD\",\"parentID\":" SSCC),
     422, "", "childEPCs"},
    {"pack without parent",
     EVENT("AggregationEvent", "\"action\":\"ADD\",\"childEPCs\":[" UNIT "]"), 422, "",
     "parentID is missing"},
    {"associate without parent",
     EVENT("AssociationEvent", "\"action\":\"OBSERVE\",\"childEPCs\":[" UNIT "]"), 422, "",
     "parentID is missing"},
    {"a transaction of a parent alone",
     EVENT("TransactionEvent", "\"action\":\"ADD\",\"parentID\":" SSCC
			       ",\"bizTransactionList\":[{\"bizTransaction\":\"urn:x:po1\"}]"),
     422, "", "names no item"},
    {"transform nothing", EVENT("TransformationEvent", "\"inputEPCList\":[" UNIT "]"), 422, "",
     "transformationID"},
    {"children of an object event", OBJECT("ADD", "\"childEPCs\":[" UNIT "]"), 422, "/childEPCs",
     "doesn't belong"},
    {"ilmd of an aggregation",
     EVENT("AggregationEvent", "\"action\":\"DELETE\",\"parentID\":" SSCC ",\"ilmd\":{}"), 422,
     "/ilmd", "doesn't belong"},
    {"ilmd of an observation", OBJECT("OBSERVE", "\"ilmd\":{},\"epcList\":[" UNIT "]"), 422,
     "/ilmd", "with action ADD"},
    {"a number for an EPC", OBJECT("ADD", "\"epcList\":[" UNIT ",17]"), 400, "/epcList/1",
     "a string"},
    {"check digit", OBJECT("ADD", "\"epcList\":[\"https://id.gs1.org/01/06901234567893/21/1\"]"),
     422, "/epcList/0", "(01) check digit is 3, expected 2"},
    {"no URI", OBJECT("ADD", "\"epcList\":[\"(01)06901234567892(21)1\"]"), 422, "/epcList/0",
     "expected " GTIN "/21/1"},
    {"a lot among EPCs", OBJECT("ADD", "\"epcList\":[" LOT "]"), 422, "/epcList/0",
     "belongs in a quantity list"},
    {"a product as parent",
     EVENT("AggregationEvent",
	   "\"action\":\"ADD\",\"parentID\":\"" GTIN "\",\"childEPCs\":[" UNIT "]"),
     422, "/parentID", "names a product"},
    {"a unit among classes", OBJECT("ADD", "\"quantityList\":[{\"epcClass\":" UNIT "}]"), 422,
     "/quantityList/0/epcClass", "belong in an EPC list"},
    {"an EPC twice", OBJECT("ADD", "\"epcList\":[" UNIT "," SSCC "," UNIT "]"), 422, "/epcList/2",
     "the same item as /epcList/0"},
    {"an EPC in two spellings",
     OBJECT("ADD", "\"epcList\":[" SSCC ",\"https://a.example/00/106141412345678908\"]"), 422,
     "/epcList/1", "the same item as /epcList/0"},
    {"in itself",
     EVENT("AggregationEvent", "\"action\":\"ADD\",\"parentID\":" SSCC ",\"childEPCs\":[" SSCC "]"),
     422, "/childEPCs/0", "the same item as /parentID"},
    {"a string for a class", OBJECT("ADD", "\"quantityList\":[" LOT "]"), 400, "/quantityList/0",
     "an object"},
    {"no class", OBJECT("ADD", "\"quantityList\":[{\"quantity\":1}]"), 422, "/quantityList/0",
     "epcClass is missing"},
    {"a quantity in quotes",
     OBJECT("ADD", "\"quantityList\":[{\"epcClass\":" LOT ",\"quantity\":\"1\"}]"), 400,
     "/quantityList/0/quantity", "a number"},
    {"less than nothing",
     OBJECT("ADD", "\"quantityList\":[{\"epcClass\":" LOT ",\"quantity\":-0.1}]"), 422,
     "/quantityList/0/quantity", "negative"},
    {"too much", OBJECT("ADD", "\"quantityList\":[{\"epcClass\":" LOT ",\"quantity\":1e30}]"), 400,
     "/quantityList/0/quantity", "out of range"},
    {"a unit that is none",
     OBJECT("ADD", "\"quantityList\":[{\"epcClass\":" LOT ",\"quantity\":1,\"uom\":\"公斤\"}]"),
     422, "/quantityList/0/uom", "KGM"},
    {"a misspelt member", OBJECT("ADD", "\"quantityList\":[{\"epcClass\":" LOT ",\"quantty\":1}]"),
     422, "/quantityList/0/quantty", "isn't a member of a quantity element"},
    {"nothing of it", OBJECT("ADD", "\"quantityList\":[{\"epcClass\":" LOT ",\"quantity\":0.0}]"),
     422, "/quantityList/0/quantity", "is 0, expected more"},
    {"a unit of an unknown quantity",
     OBJECT("ADD", "\"quantityList\":[{\"epcClass\":" LOT ",\"uom\":\"KGM\"}]"), 422,
     "/quantityList/0/uom", "without a quantity"},
    {"expired when made",
     OBJECT("ADD",
	    "\"quantityList\":[" CLASS "],\"ilmd\":{\"suyuan:productionDate\":\"2026-11-01\","
	    "\"cbvmda:itemExpirationDate\":\"2026-10-31\"}"),
     422, "/ilmd/cbvmda:itemExpirationDate", "before the production date 2026-11-01"},
    {"best before it was made",
     OBJECT("ADD",
	    "\"quantityList\":[" CLASS "],\"ilmd\":{\"suyuan:productionDate\":\"2026-11-01\","
	    "\"cbvmda:bestBeforeDate\":\"2026-10-31\"}"),
     422, "/ilmd/cbvmda:bestBeforeDate", "before the production date"},
    {"a day that isn't one",
     OBJECT("ADD",
	    "\"quantityList\":[" CLASS "],\"ilmd\":{\"suyuan:productionDate\":\"2026-11-31\"}"),
     400, "/ilmd/suyuan:productionDate", "2026-11-31"},
    {"another lot",
     OBJECT("ADD", "\"quantityList\":[" CLASS "],\"ilmd\":{\"cbvmda:lotNumber\":\"a1\"}"), 422,
     "/ilmd/cbvmda:lotNumber", "the lot in the code of /quantityList/0/epcClass is \"A1\""},
    {"an undated declaration",
     OBJECT("ADD", "\"epcList\":[" UNIT "],\"errorDeclaration\":{\"reason\":\"x:y\"}"), 422,
     "/errorDeclaration", "declarationTime is missing"},
    {"inspection's result",
     OBJECT("OBSERVE", "\"epcList\":[" UNIT "],\"suyuan:inspection\":{\"result\":\"good\"}"), 400,
     "/suyuan:inspection/result", "pass or fail"},
    {"inspection's digest",
     OBJECT("OBSERVE",
	    "\"epcList\":[" UNIT "],\"suyuan:inspection\":{\"report\":{\"sha256\":\"00\"}}"),
     400, "/suyuan:inspection/report/sha256", "64 hex digits"},
    {"inspection's date",
     OBJECT("OBSERVE", "\"epcList\":[" UNIT "],\"suyuan:inspection\":{\"date\":\"today\"}"), 400,
     "/suyuan:inspection/date", "2026-11-01"},
};

START_TEST(refuses)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct sy_event e;
		int err = read_text(bad[i].name, bad[i].json, &e);
		ck_assert_msg(err != SY_OK && faults.n > 0, "%s: read", bad[i].name);
		ck_assert_msg(faults.v[0].status == bad[i].status, "%s: status %d: %s", bad[i].name,
			      faults.v[0].status, faults.v[0].detail);
		ck_assert_msg(strcmp(faults.v[0].pointer, bad[i].pointer) == 0,
			      "%s: pointer %s: %s", bad[i].name, faults.v[0].pointer,
			      faults.v[0].detail);
		ck_assert_msg(strstr(faults.v[0].detail, bad[i].detail) != NULL, "%s: %s",
			      bad[i].name, faults.v[0].detail);
		ck_assert_int_eq(faults.v[0].record, 7);
	}
}
END_TEST

START_TEST(names_all_faults)
{
	struct sy_event e;
	int err =
	    read_text("all",
		      "{\"type\":\"ObjectEvent\",\"eventTime\":\"x\",\"action\":\"MAKE\","
		      "\"epcList\":[\"milk\",17],\"quantityList\":[{}],"
		      "\"bizStep\":\"shiping\",\"ilmd\":{\"cbvmda:bestBeforeDate\":\"soon\"}}",
		      &e);
	ck_assert_int_ne(err, SY_OK);
	ck_assert_uint_eq(faults.n, 8);
	ck_assert_uint_eq(e.n_items, 0);
}
END_TEST

START_TEST(mixed_lots_warn)
{
	struct sy_event e;
	ck_assert_int_eq(
	    read_text("mixed",
		      OBJECT("ADD", "\"epcList\":[" UNIT "],\"quantityList\":[" CLASS "],"
				    "\"ilmd\":{\"cbvmda:lotNumber\":\"B\"}"),
		      &e),
	    SY_OK);
	ck_assert_uint_eq(faults.n, 1);
	ck_assert_int_eq(faults.v[0].status, 0);
}
END_TEST

/* As many items as an event may have, doubles among them, and then too many. */
START_TEST(many_items)
{
	struct sy_buf b = {0};
	struct sy_event e;
	for (unsigned n = SY_EVENT_ITEMS_MAX; n <= 2 * SY_EVENT_ITEMS_MAX;
	     n += SY_EVENT_ITEMS_MAX) {
		sy_buf_reset(&b);
		sy_buf_text(&b, "{\"type\":\"ObjectEvent\"," WHEN
				",\"action\":\"ADD\",\"epcList\":[\"xx:0\"");
		for (unsigned i = 1; i < n - 2; i++)
			sy_buf_printf(&b, i % 3 ? ",\"xx:%u\"" : ",\"x\"", i);
		sy_buf_text(&b, ",\"xx:0\"]}");
		int err = read_text("many", sy_buf_cstr(&b), &e);
		bool fits = n <= SY_EVENT_ITEMS_MAX;
		ck_assert_int_eq(err, fits ? SY_EINVAL : SY_ERULES);
		ck_assert_uint_eq(faults.n, fits ? SY_FAULTS_PER_RECORD : 1);
		ck_assert_uint_eq(e.n_items, fits ? 33334 : 0);
	}
	sy_buf_free(&b);
}
END_TEST

/* What a thread has read last isn't taken for another place, and is read the same again. */
START_TEST(places)
{
	static const char *const parts[] = {"", "/254/A1", "/254/B1", "/254/I2", "/254/A"};
	enum { N = sizeof parts / sizeof parts[0] };

	for (unsigned i = 0; i < 20 * N; i++) {
		char text[512], place[96];
		struct sy_event e;
		snprintf(place, sizeof place, "https://id.gs1.org/414/4012345000054%s",
			 parts[(i + i / N) * 3 % N]);
		snprintf(
		    text, sizeof text,
		    OBJECT("ADD", "\"quantityList\":[" CLASS "],\"bizLocation\":{\"id\":\"%s\"}"),
		    place);
		ck_assert_int_eq(read_text("place", text, &e), SY_OK);
		ck_assert_msg(sy_str_is(e.location_code, place), "%s: %.*s", place,
			      (int)e.location_code.n, e.location_code.p);
	}
}
END_TEST

START_TEST(out_of_memory)
{
	static const char json[] = OBJECT(
	    "ADD", "\"eventID\":\"urn:uuid:\\u0031\",\"bizLocation\":{\"id\":\"geo:\\u0031\"},"
		   "\"epcList\":[" UNIT "," SSCC ",\"urn:epc:id:giai:4000001.\\u0031\"],"
		   "\"quantityList\":[" CLASS "],\"ilmd\":{\"cbvmda:lotNumber\":\"A1\"}");
	/* A chunk of the arena holds many small things: leave room for none but the next. */
	for (size_t filled = 0; filled < 65536; filled += 16) {
		struct sy_arena fresh = {0};
		struct sy_event e;
		struct sy_faults found;
		ck_assert_int_eq(sy_json_parse(&fresh, sy_str(json), 0, &doc, NULL), SY_OK);
		ck_assert(sy_arena_alloc(&fresh, filled) != NULL);
		sy_faults_init(&found, &fresh);
		fail_alloc_at(1);
		int err = sy_event_read(&fresh, &doc, &e, &found, 0);
		bool failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_msg(err == (failed ? SY_ENOMEM : SY_OK), "error %d after %zu", err,
			      filled);
		sy_arena_free(&fresh);
	}
}
END_TEST

static unsigned documents, events;

static void read_example(struct sy_arena *a, const char *path, const struct sy_json_doc *whole,
			 const struct sy_json *event)
{
	struct sy_json_doc one;
	struct sy_event e;
	struct sy_faults found;
	sy_faults_init(&found, a);
	ck_assert_int_eq(sy_json_parse(a, sy_json_raw(whole, event), 0, &one, NULL), SY_OK);
	int err = sy_event_read(a, &one, &e, &found, 0);
	ck_assert_msg(err == SY_OK && found.warnings_only, "%s: %s %s", path,
		      found.n ? found.v[0].pointer : "", found.n ? found.v[0].detail : "");
	events++;
}

static int read_document(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct sy_arena a = {0};
	struct sy_json_doc whole;
	(void)ftw;
	if (type != FTW_F || strstr(path, ".jsonld") == NULL)
		return 0;
	FILE *f = fopen(path, "r");
	char *text = sy_arena_alloc(&a, (size_t)st->st_size);
	ck_assert(f != NULL && text != NULL);
	ck_assert_uint_eq(fread(text, 1, (size_t)st->st_size, f), (size_t)st->st_size);
	fclose(f);
	struct sy_str all = {text, (size_t)st->st_size};
	int err = sy_json_parse(&a, all, 0, &whole, NULL);
	/* One of the examples repeats a name. */
	if (strstr(path, "AssociationEvent-h") != NULL) {
		ck_assert_int_eq(err, SY_EDUPNAME);
	} else {
		ck_assert_msg(err == SY_OK, "%s: error %d", path, err);
		const struct sy_json *body = sy_json_get(&whole, sy_json_root(&whole), "epcisBody");
		const struct sy_json *results = sy_json_get(&whole, body, "queryResults"), *event;
		if (results != NULL)
			body = sy_json_get(&whole, results, "resultsBody");
		const struct sy_json *list = sy_json_get(&whole, body, "eventList");
		ck_assert_msg(list != NULL, "%s: no events", path);
		sy_json_each (&whole, list, event)
			read_example(&a, path, &whole, event);
	}
	documents++;
	sy_arena_free(&a);
	return 0;
}

/* GS1's own examples, where a copy of them is at hand: what is valid EPCIS isn't refused. */
START_TEST(examples)
{
	const char *data = getenv("SUYUAN_DATA");
	char path[4096];
	snprintf(path, sizeof path, "%s/epcis-examples", data ? data : "../shared/data");
	documents = events = 0;
	if (nftw(path, read_document, 8, 0) != 0)
		return;
	ck_assert_uint_gt(documents, 0);
	ck_assert_uint_gt(events, documents);
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} cases[] = {
	    {"reads", reads},
	    {"roles", roles},
	    {"vocabulary", vocabulary},
	    {"refuses", refuses},
	    {"all_faults", names_all_faults},
	    {"mixed_lots", mixed_lots_warn},
	    {"many_items", many_items},
	    {"places", places},
	    {"memory", out_of_memory},
	    {"examples", examples},
	};
	Suite *s = suite_create("event");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *c = tcase_create(cases[i].name);
		tcase_add_checked_fixture(c, setup, teardown);
		tcase_add_test(c, cases[i].test);
		suite_add_tcase(s, c);
	}
	return s;
}
