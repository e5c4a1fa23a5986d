/* The members of EPCIS's objects one by one: what is legal, and what is said of what isn't. */
#include "chinese.h"
#include "faults.h"
#include "run.h"

#include <suyuan/error.h>
#include <suyuan/event.h>

#include <stdio.h>
#include <time.h>

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

#define WHEN "\"eventTime\":\"2026-11-01T08:00:00+08:00\",\"eventTimeZoneOffset\":\"+08:00\""
#define UNIT "\"https://id.gs1.org/01/06901234567892/21/1\""
#define SSCC "\"urn:epc:id:sscc:0614141.1234567890\""

/* An event of each kind that lacks nothing, to put a member into. */
static const char *const whole[] = {
    [SY_EVENT_OBJECT] =
	"{\"type\":\"ObjectEvent\",\"action\":\"ADD\",\"epcList\":[" UNIT "]," WHEN ",",
    [SY_EVENT_AGGREGATION] = "{\"type\":\"AggregationEvent\",\"action\":\"ADD\",\"parentID\":" SSCC
			     ",\"childEPCs\":[" UNIT "]," WHEN ",",
    [SY_EVENT_TRANSACTION] =
	"{\"type\":\"TransactionEvent\",\"action\":\"ADD\",\"epcList\":[" UNIT "]," WHEN ",",
    [SY_EVENT_TRANSFORMATION] = "{\"type\":\"TransformationEvent\",\"inputEPCList\":[" UNIT
				"],\"outputEPCList\":[" SSCC "]," WHEN ",",
    [SY_EVENT_ASSOCIATION] = "{\"type\":\"AssociationEvent\",\"action\":\"ADD\",\"parentID\":" SSCC
			     ",\"childEPCs\":[" UNIT "]," WHEN ",",
};

static int read_with(enum sy_event_kind kind, const char *member, struct sy_event *event)
{
	static char json[8192];
	struct sy_json_fault where;
	snprintf(json, sizeof json, "%s%s}", whole[kind], member);
	sy_faults_init(&faults, &arena);
	ck_assert_msg(sy_json_parse(&arena, sy_str(json), 0, &doc, &where) == SY_OK,
		      "bad JSON at %zu: %s", where.offset, json);
	int err = sy_event_read(&arena, &doc, event, &faults, 3);
	told_in_chinese(&arena, &doc, &faults);
	return err;
}

#define SENSOR(in) "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"Temperature\"," in "}]}]"
#define META(in)                                                                 \
	"\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"Temperature\"}]," \
	"\"sensorMetadata\":{" in "}}]"
#define ERROR(in) "\"errorDeclaration\":{\"declarationTime\":\"2026-11-02T00:00:00Z\"," in "}"
#define O SY_EVENT_OBJECT

static const struct {
	const char *name;
	enum sy_event_kind kind;
	const char *member;
} good[] = {
    {"a context", O, "\"@context\":\"https://a.example/c.jsonld\""},
    {"a context's prefixes", O, "\"@context\":{\"x\":\"https://a.example/\"},\"x:y\":1"},
    {"contexts", O,
     "\"@context\":[\"https://a.example/c\",{\"x\":{\"@id\":\"https://a.example/"
     "\"}},{}],\"x:y\":1"},
    {"no context at all", O, "\"@context\":[]"},
    {"a certificate", O, "\"certificationInfo\":\"https://a.example/c\""},
    {"certificates", O, "\"certificationInfo\":[\"https://a.example/c\",\"urn:x:y\"]"},
    {"record time", O, "\"recordTime\":\"2026-11-01T00:00:00.123456789Z\""},
    {"persistent", O, "\"persistentDisposition\":{\"set\":[\"completeness_verified\"]}"},
    {"persistent both", SY_EVENT_TRANSFORMATION,
     "\"persistentDisposition\":{\"set\":[\"damaged\",\"urn:x:y\"],\"unset\":[\"cbv:Disp-active\"]"
     "}"},
    {"transactions", SY_EVENT_TRANSACTION,
     "\"bizTransactionList\":[{\"type\":\"po\",\"bizTransaction\":\"urn:x:1\"},"
     "{\"bizTransaction\":\"urn:x:2\"},{\"type\":\"cbv:BTT-inv\",\"bizTransaction\":\"urn:x:3\"},"
     "{\"type\":\"https://ref.gs1.org/cbv/BTT-rma\",\"bizTransaction\":\"urn:x:4\"}]"},
    {"no transactions", O, "\"bizTransactionList\":[]"},
    {"a reason", O, ERROR("\"reason\":\"did_not_occur\"")},
    {"a reason of one's own", O, ERROR("\"reason\":\"https://a.example/r\",\"x:y\":[1]")},
    {"corrections", O,
     ERROR("\"correctiveEventIDs\":[\"urn:uuid:1\",\"ni:///sha-256;00?ver=CBV2.0\"]")},
    {"no corrections", O, ERROR("\"correctiveEventIDs\":[]")},
    {"metadata", O,
     META("\"time\":\"2026-11-01T00:00:00Z\",\"startTime\":\"2026-11-01T00:00:00Z\","
	  "\"endTime\":\"2026-11-01T00:00:00Z\",\"deviceID\":\"urn:x:1\","
	  "\"deviceMetadata\":\"urn:x:2\",\"rawData\":\"urn:x:3\",\"bizRules\":\"urn:x:4\","
	  "\"dataProcessingMethod\":\"urn:x:5\",\"x:y\":null")},
    {"a report of everything", O,
     SENSOR("\"exception\":\"ALARM_CONDITION\",\"deviceID\":\"urn:x:1\",\"value\":-1.5e3,"
	    "\"component\":\"latitude\",\"stringValue\":\"\",\"booleanValue\":false,"
	    "\"hexBinaryValue\":\"0aF\",\"uriValue\":\"x:y\",\"minValue\":0,\"maxValue\":1,"
	    "\"meanValue\":1,\"sDev\":1,\"percRank\":1,\"percValue\":1,\"uom\":\"CEL\","
	    "\"time\":\"2026-11-01T00:00:00Z\",\"microorganism\":\"x:y\","
	    "\"chemicalSubstance\":\"x:y\",\"coordinateReferenceSystem\":\"x:y\","
	    "\"deviceMetadata\":\"x:y\",\"rawData\":\"x:y\",\"dataProcessingMethod\":\"x:y\","
	    "\"bizRules\":\"x:y\",\"x:y\":{}")},
    {"a measurement behind a prefix", O,
     "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"gs1:Mass\"},"
     "{\"type\":\"https://ref.gs1.org/voc/Mass\"},{\"type\":\"x:mass\"}],\"x:y\":1}]"},
    {"a measurement in the first release's namespace", O,
     "\"@context\":{\"g\":\"https://gs1.org/voc/\"},"
     "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"g:Mass\"}]}]"},
    {"a step behind a prefix of one's own", O,
     "\"@context\":[{\"c\":\"https://ref.gs1.org/cbv/\"}],\"bizStep\":\"c:BizStep-shipping\""},
    {"extensions", O, "\"x:y\":1,\"urn:x:y\":2,\"https://a.example/ns/z\":{\"w\":[]},\"x:\":0"},
    {"what a place may say", O, "\"readPoint\":{\"id\":\"geo:1,2\",\"x\":1,\"x:y\":2}"},
    {"an address of the newer kind", O, "\"certificationInfo\":\"http://[::1]:80/c?d#e\""},
    {"a user", O, "\"certificationInfo\":[\"http://a:b@c:80\",\"urn:suyuan:own:x:鲜牛奶\"]"},
};

START_TEST(accepts)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct sy_event e;
		int err = read_with(good[i].kind, good[i].member, &e);
		ck_assert_msg(err == SY_OK && faults.n == 0, "%s: %s %s", good[i].name,
			      faults.n ? faults.v[0].pointer : "",
			      faults.n ? faults.v[0].detail : "");
	}
}
END_TEST

#define SENSE "/sensorElementList/0"
#define REPORT SENSE "/sensorReport/0"

static const struct {
	const char *name;
	enum sy_event_kind kind;
	const char *member;
	int status;
	const char *pointer, *detail; /* of the first fault */
} bad[] = {
    {"a name without a prefix", O, "\"lot\":\"A\"", 422, "/lot", "isn't a member of an event"},
    {"a name with a space", O, "\"x:y z\":1", 422, "/x:y z", "isn't a member"},
    {"an empty name", O, "\"\":1", 422, "/", "isn't a member"},
    {"a name to escape", O, "\"a/b~c\":1", 422, "/a~1b~0c", "isn't a member"},
    {"an escaped name", O, "\"\\u006c\\u006ft\":1", 422, "/lot", "isn't a member"},
    {"a member that another kind has", O, "\"transformationID\":\"urn:x:1\"", 422,
     "/transformationID", "doesn't belong in an ObjectEvent"},
    {"persistent in an aggregation", SY_EVENT_AGGREGATION,
     "\"persistentDisposition\":{\"set\":[\"active\"]}", 422, "/persistentDisposition",
     "doesn't belong"},
    {"persistent and nothing", O, "\"persistentDisposition\":{}", 422, "/persistentDisposition",
     "set or unset"},
    {"persistent and no word", O, "\"persistentDisposition\":{\"set\":[]}", 422,
     "/persistentDisposition/set", "is empty"},
    {"persistent twice", O, "\"persistentDisposition\":{\"set\":[\"active\",\"cbv:Disp-active\"]}",
     422, "/persistentDisposition/set/1", "the same as element 0"},
    {"persistent word", O, "\"persistentDisposition\":{\"unset\":[\"active\",\"shipping\"]}", 422,
     "/persistentDisposition/unset/1", "a disposition"},
    {"persistent number", O, "\"persistentDisposition\":{\"set\":[1]}", 400,
     "/persistentDisposition/set/0", "a string"},
    {"persistent member", O, "\"persistentDisposition\":{\"set\":[\"active\"],\"x:y\":1}", 422,
     "/persistentDisposition/x:y", "only names of EPCIS"},
    {"a context that is none", O, "\"@context\":17", 400, "/@context", "a context's URI"},
    {"a context that is no URI", O, "\"@context\":\"here\"", 400, "/@context", "a context's URI"},
    {"a list in contexts", O, "\"@context\":[\"https://a.example/\",[]]", 400, "/@context/1",
     "or an object"},
    {"contexts twice", O, "\"@context\":[{\"x\":1.0,\"y\":[{}]},\"urn:x:y\",{\"y\":[{}],\"x\":1}]",
     422, "/@context/2", "the same as element 0"},
    {"a certificate that is no URI", O, "\"certificationInfo\":\"ABC 123\"", 400,
     "/certificationInfo", "a URI"},
    {"certificates with one that isn't", O, "\"certificationInfo\":[\"urn:x:y\",7]", 400,
     "/certificationInfo/1", "a string"},
    {"half an escape", O, "\"certificationInfo\":\"urn:x:%4\"", 400, "/certificationInfo", "a URI"},
    {"two fragments", O, "\"certificationInfo\":\"urn:x#y#z\"", 400, "/certificationInfo", "a URI"},
    {"a bracket", O, "\"certificationInfo\":\"urn:x:[y]\"", 400, "/certificationInfo", "a URI"},
    {"a bracket too many", O, "\"certificationInfo\":\"http://[::1]]/\"", 400, "/certificationInfo",
     "a URI"},
    {"a port", O, "\"certificationInfo\":\"http://a:b/\"", 400, "/certificationInfo", "a URI"},
    {"a user twice", O, "\"certificationInfo\":\"http://a@b@c/\"", 400, "/certificationInfo",
     "a URI"},
    {"no address", O, "\"certificationInfo\":\"http://[]/\"", 400, "/certificationInfo", "a URI"},
    {"an EPC with half an escape", SY_EVENT_AGGREGATION,
     "\"childQuantityList\":[{\"epcClass\":\"urn:x:%4\"}]", 400, "/childQuantityList/0/epcClass",
     "as %XX"},
    {"no scheme", O, "\"certificationInfo\":\":x\"", 400, "/certificationInfo", "a URI"},
    {"record time", O, "\"recordTime\":\"2026-11-01\"", 400, "/recordTime", "a time with a zone"},
    {"a transaction's type", O,
     "\"bizTransactionList\":[{\"type\":\"order\",\"bizTransaction\":\"urn:x:1\"}]", 422,
     "/bizTransactionList/0/type", "po or desadv"},
    {"a transaction without itself", O, "\"bizTransactionList\":[{\"type\":\"po\"}]", 422,
     "/bizTransactionList/0", "bizTransaction is missing"},
    {"a transaction that is a string", O, "\"bizTransactionList\":[\"urn:x:1\"]", 400,
     "/bizTransactionList/0", "an object"},
    {"a transaction's member", O,
     "\"bizTransactionList\":[{\"bizTransaction\":\"urn:x:1\",\"date\":\"x\"}]", 422,
     "/bizTransactionList/0/date", "isn't a member of a business transaction"},
    {"a source's type", O, "\"sourceList\":[{\"type\":\"seller\",\"source\":\"urn:x:1\"}]", 422,
     "/sourceList/0/type", "owning_party"},
    {"a source without a type", O, "\"sourceList\":[{\"source\":\"urn:x:1\"}]", 422,
     "/sourceList/0", "type is missing"},
    {"a destination that is a source", O,
     "\"destinationList\":[{\"type\":\"location\",\"source\":\"urn:x:1\"}]", 422,
     "/destinationList/0/source", "isn't a member of a destination"},
    {"a destination's check digit", O,
     "\"destinationList\":[{\"type\":\"location\",\"destination\":\"urn:x:1\"},{\"type\":"
     "\"location\","
     "\"destination\":\"https://id.gs1.org/414/4012345000055\"}]",
     422, "/destinationList/1/destination", "check digit is 5, expected 4"},
    {"a source in digits", O,
     "\"sourceList\":[{\"type\":\"location\",\"source\":\"(414)4012345000054\"}]", 422,
     "/sourceList/0/source", "is no URI"},
    {"a reason", O, ERROR("\"reason\":\"oops\""), 422, "/errorDeclaration/reason", "did_not_occur"},
    {"a correction", O, ERROR("\"correctiveEventIDs\":[\"urn:x:1\",\"17\"]"), 400,
     "/errorDeclaration/correctiveEventIDs/1", "a URI"},
    {"a declaration's member", O, ERROR("\"by\":\"me\""), 422, "/errorDeclaration/by",
     "isn't a member of an errorDeclaration"},
    {"an element without report", O, "\"sensorElementList\":[{\"x:y\":1}]", 422, SENSE,
     "sensorReport is missing"},
    {"an element's empty report", O, "\"sensorElementList\":[{\"sensorReport\":[]}]", 422,
     SENSE "/sensorReport", "is empty"},
    {"an element's member", O,
     "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"Mass\"}],\"a\":1}]", 422, SENSE "/a",
     "isn't a member of a sensorElement"},
    {"a report without type", O, "\"sensorElementList\":[{\"sensorReport\":[{\"value\":1}]}]", 422,
     REPORT, "type is missing"},
    {"a report's type", O, "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"Heat\"}]}]", 422,
     REPORT "/type", "such as Temperature"},
    {"a report's type in full", O,
     "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"https://gs1.org/voc/Mass\"}]}]", 422,
     REPORT "/type", "such as Temperature"},
    {"a report's type of another list", O,
     "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"cbv:BizStep-shipping\"}]}]", 422,
     REPORT "/type", "such as Temperature"},
    {"a report's value", O, SENSOR("\"value\":\"1\""), 400, REPORT "/value", "a number"},
    {"a report's truth", O, SENSOR("\"booleanValue\":\"true\""), 400, REPORT "/booleanValue",
     "true or false"},
    {"a report's hex", O, SENSOR("\"hexBinaryValue\":\"0g\""), 400, REPORT "/hexBinaryValue",
     "hex digits"},
    {"a report's empty hex", O, SENSOR("\"hexBinaryValue\":\"\""), 400, REPORT "/hexBinaryValue",
     "hex digits"},
    {"a report's component", O, SENSOR("\"component\":\"up\""), 422, REPORT "/component",
     "latitude"},
    {"a report's alert", O, SENSOR("\"exception\":\"ALARM\""), 422, REPORT "/exception",
     "ALARM_CONDITION"},
    {"a report's unit", O, SENSOR("\"uom\":17"), 400, REPORT "/uom", "a string"},
    {"a report's member", O, SENSOR("\"unit\":\"CEL\""), 422, REPORT "/unit",
     "isn't a member of a sensorReport"},
    {"metadata's time", O, META("\"time\":\"now\""), 400, SENSE "/sensorMetadata/time", "a time"},
    {"metadata's member", O, META("\"at\":\"now\""), 422, SENSE "/sensorMetadata/at",
     "isn't a member of a sensorMetadata"},
    {"an ilmd's member", O, "\"ilmd\":{\"lot\":\"A\"}", 422, "/ilmd/lot",
     "isn't a member of an ilmd"},
    {"a word of a namespace that has none", O, "\"bizStep\":\"urn:epcglobal:cbv:disp:active\"", 422,
     "/bizStep", "a business step"},
    {"a word of the placeholder", O, "\"bizStep\":\"https://ns.gs1.org/cbv/BizStep-shipping\"", 422,
     "/bizStep", "a business step"},
    {"a step of another list", O, "\"bizStep\":\"cbv:Disp-active\"", 422, "/bizStep",
     "a business step"},
    {"a site that is none", O, "\"suyuan:site\":\"here\"", 400, "/suyuan:site",
     "expected an object"},
    {"an inspection that is none", O, "\"suyuan:inspection\":\"pass\"", 400, "/suyuan:inspection",
     "an object"},
    {"an offset of a number", O, "\"recordTime\":17", 400, "/recordTime", "a string"},
};

START_TEST(refuses)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct sy_event e;
		int err = read_with(bad[i].kind, bad[i].member, &e);
		ck_assert_msg(err != SY_OK && faults.n > 0, "%s: read", bad[i].name);
		ck_assert_msg(faults.v[0].status == bad[i].status, "%s: status %d: %s", bad[i].name,
			      faults.v[0].status, faults.v[0].detail);
		ck_assert_msg(strcmp(faults.v[0].pointer, bad[i].pointer) == 0,
			      "%s: pointer %s: %s", bad[i].name, faults.v[0].pointer,
			      faults.v[0].detail);
		ck_assert_msg(strstr(faults.v[0].detail, bad[i].detail) != NULL, "%s: %s",
			      bad[i].name, faults.v[0].detail);
	}
}
END_TEST

START_TEST(ends)
{
	struct sy_event e;
	int err =
	    read_with(O,
		      "\"sourceList\":[{\"type\":\"possessing_party\","
		      "\"source\":\"urn:epc:id:pgln:4012345.00225\"},"
		      "{\"source\":\"urn:x:1\",\"type\":\"cbv:SDT-owning_party\"},17],"
		      "\"destinationList\":[{\"type\":\"urn:x:t\",\"destination\":\"urn:x:2\"}]",
		      &e);
	ck_assert_int_eq(err, SY_EINVAL);
	ck_assert_uint_eq(faults.n, 1);
	ck_assert_str_eq(faults.v[0].pointer, "/sourceList/2");
	ck_assert_uint_eq(e.sources.n, 2);
	ck_assert(sy_str_is(e.sources.v[0].type, "possessing_party"));
	ck_assert(sy_str_is(e.sources.v[0].id, "urn:epc:id:pgln:4012345.00225"));
	ck_assert(sy_str_is(e.sources.v[0].code, "https://id.gs1.org/417/4012345002256"));
	ck_assert(sy_str_is(e.sources.v[1].type, "owning_party"));
	ck_assert(sy_str_is(e.sources.v[1].code, "urn:x:1"));
	ck_assert_uint_eq(e.destinations.n, 1);
	ck_assert(sy_str_is(e.destinations.v[0].type, "urn:x:t"));
}
END_TEST

/* Names are read by what their prefixes stand for. */
START_TEST(prefixes)
{
	static const struct {
		const char *name, *members;
		bool made, lot, inspected;
		size_t warnings;
	} rows[] = {
	    {"well known",
	     "\"ilmd\":{\"suyuan:productionDate\":\"2026-11-01\",\"cbvmda:lotNumber\":\"A\"},"
	     "\"suyuan:inspection\":{\"result\":\"pass\"}",
	     true, true, true, 0},
	    {"in full",
	     "\"ilmd\":{\"https://suyuan.dev/ns/productionDate\":\"2026-11-01\","
	     "\"urn:epcglobal:cbv:mda:lotNumber\":\"A\"},"
	     "\"https://suyuan.dev/ns/inspection\":{\"result\":\"pass\"}",
	     true, true, true, 0},
	    {"of one's own, declared after use",
	     "\"ilmd\":{\"s:productionDate\":\"2026-11-01\",\"m:lotNumber\":\"A\"},"
	     "\"s:inspection\":{\"result\":\"pass\"},"
	     "\"@context\":[\"https://a.example/\",{\"s\":\"https://suyuan.dev/ns/\"},"
	     "{\"m\":{\"@id\":\"urn:epcglobal:cbv:mda:\"},\"@vocab\":\"x\",\"t\":null}]",
	     true, true, true, 0},
	    {"redefined",
	     "\"ilmd\":{\"suyuan:productionDate\":\"soon\",\"cbvmda:lotNumber\":7},"
	     "\"@context\":{\"suyuan\":\"https://a.example/\",\"cbvmda\":\"https://a.example/\"},"
	     "\"suyuan:inspection\":7,\"suyuan:site\":7",
	     false, false, false, 0},
	    {"declared twice, the last counts",
	     "\"@context\":[{\"s\":\"https://suyuan.dev/ns/\"},{\"s\":\"https://a.example/\"}],"
	     "\"s:inspection\":7",
	     false, false, false, 0},
	    {"not declared", "\"@context\":{\"x\":\"https://a.example/\"},\"y:z\":1,\"x:z\":2",
	     false, false, false, 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sy_event e;
		int err = read_with(O, rows[i].members, &e);
		ck_assert_msg(err == SY_OK, "%s: %s %s", rows[i].name,
			      faults.n ? faults.v[0].pointer : "",
			      faults.n ? faults.v[0].detail : "");
		ck_assert_msg(faults.n == rows[i].warnings, "%s: %zu", rows[i].name, faults.n);
		ck_assert_msg((e.made != SY_NO_DAY) == rows[i].made, "%s", rows[i].name);
		ck_assert_msg((e.lot.n > 0) == rows[i].lot, "%s", rows[i].name);
		ck_assert_msg((e.inspection != NULL) == rows[i].inspected, "%s", rows[i].name);
	}
}
END_TEST

/* What the ledger reads of ilmd and beside it is found whichever way it is spelled. */
START_TEST(own_names)
{
	static const char members[] =
	    "\"@context\":{\"s\":\"https://suyuan.dev/ns/\",\"m\":\"urn:epcglobal:cbv:mda:\"},"
	    "\"ilmd\":{\"s:origin\":\"130100\",\"a:b\":1,\"suyuan:packRatio\":\"1:5\","
	    "\"m:countryOfOrigin\":{\"@type\":\"xsd:string\",\"@value\":\"CN\"}},"
	    "\"s:site\":{\"sample\":\"1\"},"
	    "\"s:inspection\":{\"date\":\"today\",\"report\":{\"sm3\":7}}";
	static const struct {
		enum sy_event_space space;
		const char *name, *value;
	} master[] = {
	    {SY_SPACE_SUYUAN, "origin", "130100"},
	    {SY_SPACE_SUYUAN, "packRatio", "1:5"},
	    {SY_SPACE_MDA, "countryOfOrigin", "CN"},
	};
	struct sy_event e;
	ck_assert_int_eq(read_with(O, members, &e), SY_EINVAL);
	ck_assert_uint_eq(e.n_master, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(e.master[i].space, master[i].space);
		ck_assert(sy_str_is(e.master[i].name, master[i].name));
		ck_assert(sy_json_is(&doc, e.master[i].value, master[i].value));
	}
	ck_assert(sy_json_is(&doc, sy_json_get(&doc, e.site, "sample"), "1"));
	ck_assert_uint_eq(faults.n, 3);
	ck_assert_str_eq(faults.v[0].pointer, "/ilmd/a:b");
	ck_assert_str_eq(faults.v[1].pointer, "/s:inspection/date");
	ck_assert_str_eq(faults.v[2].pointer, "/s:inspection/report/sm3");
}
END_TEST

START_TEST(every_allocation)
{
	static const char members[] =
	    "\"@context\":[\"\\u0068ttps://a.example/\",{\"\\u0078\":\"\\u0068ttps://a.example/"
	    "\"}],"
	    "\"\\u0078:y\":1,\"z:y\":1,\"lot\":1,\"certificationInfo\":[\"\\u0078:y\"],"
	    "\"persistentDisposition\":{\"set\":[\"\\u0061ctive\",\"active\"]},"
	    "\"ilmd\":{\"suyuan:productionDate\":\"2026-11-01\"},"
	    "\"https://suyuan.dev/ns/inspection\":{\"result\":\"\\u0070ass\"},"
	    "\"sourceList\":[{\"type\":\"\\u006cocation\",\"source\":\"\\u0067eo:1\"}],"
	    "\"bizTransactionList\":[{\"bizTransaction\":\"\\u0078:\"}]," META("\"\\u0078:y\":1");
	static char json[8192];
	bool failed = true;
	snprintf(json, sizeof json, "%s%s}", whole[O], members);
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
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_msg(failed ? err != SY_OK : err == SY_ERULES, "error %d after %zu", err,
			      filled);
		sy_arena_free(&fresh);
	}
	/* and each one in turn, whatever the arena holds */
	for (int nth = 1; failed || nth == 1; nth++) {
		struct sy_arena fresh = {0};
		struct sy_event e;
		struct sy_faults found;
		ck_assert_int_eq(sy_json_parse(&fresh, sy_str(json), 0, &doc, NULL), SY_OK);
		sy_faults_init(&found, &fresh);
		fail_alloc_at(nth);
		int err = sy_event_read(&fresh, &doc, &e, &found, 0);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_msg(err != SY_OK, "error %d at %d", err, nth);
		sy_arena_free(&fresh);
	}
}
END_TEST

static double cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* HEAD, then as many of REPEAT as fit BYTES with a number for each #, TAIL. */
static void fill(struct sy_buf *b, size_t bytes, const char *head, const char *repeat,
		 const char *tail)
{
	sy_buf_reset(b);
	sy_buf_text(b, whole[O]);
	sy_buf_text(b, head);
	for (unsigned i = 0; b->n < bytes; i++)
		for (const char *p = repeat; *p != '\0'; p++)
			if (*p == '#')
				sy_buf_u64(b, i);
			else
				sy_buf_byte(b, *p);
	sy_buf_text(b, tail);
}

static double seconds_of(const struct sy_buf *b)
{
	double best = 1e9;
	for (int round = 0; round < 3; round++) {
		struct sy_event e;
		sy_arena_reset(&arena);
		sy_faults_init(&faults, &arena);
		ck_assert_int_eq(sy_json_parse(&arena, sy_buf_span(b), 0, &doc, NULL), SY_OK);
		double begin = cpu();
		sy_event_read(&arena, &doc, &e, &faults, 0);
		double took = cpu() - begin;
		best = took < best ? took : best;
	}
	return best;
}

/* Time grows as the text does, whatever stands in it. */
START_TEST(linear)
{
	static const struct {
		const char *name, *head, *repeat, *tail;
	} rows[] = {
	    {"extensions", "\"x:y\":0", ",\"a#:b\":1", "}"},
	    {"unknown names", "\"x:y\":0", ",\"a#\":1", "}"},
	    {"prefixes and their use", "\"@context\":{\"x\":\"y:z\"", ",\"a#\":\"y:z\"", "}}"},
	    {"contexts", "\"@context\":[\"x:y\"", ",{\"a\":#}", "]}"},
	    {"the same context", "\"@context\":[\"x:y\"", ",{}", "]}"},
	    {"dispositions", "\"persistentDisposition\":{\"set\":[\"x:y\"", ",\"x:#\"", "]}}"},
	    {"the same disposition", "\"persistentDisposition\":{\"set\":[\"x:y\"", ",\"active\"",
	     "]}}"},
	    {"sources", "\"sourceList\":[0", ",{\"type\":\"location\",\"source\":\"xx:#\"}", "]}"},
	    {"reports", "\"sensorElementList\":[{\"sensorReport\":[0", ",{\"type\":\"#\"}", "]}]}"},
	    {"elements", "\"sensorElementList\":[0", ",{\"a\":#}", "]}"},
	    {"corrections", "\"errorDeclaration\":{\"correctiveEventIDs\":[0", ",\"#\"", "]}}"},
	    {"classes", "\"quantityList\":[0", ",{\"x\":#}", "]}"},
	    {"ilmd", "\"ilmd\":{\"x:y\":0", ",\"x:a#\":1", "}}"},
	    {"nothing", "\"x:y\":[0", ",{}", "]}"},
	};
	struct sy_buf b = {0};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		fill(&b, 1 << 17, rows[i].head, rows[i].repeat, rows[i].tail);
		double small = seconds_of(&b);
		fill(&b, 1 << 20, rows[i].head, rows[i].repeat, rows[i].tail);
		double large = seconds_of(&b);
		/* eight times the text; sorting and caches have their share, squares would take 64
		 */
		ck_assert_msg(large < 0.02 || large < 32 * small, "%s: %.4f s, %.4f s",
			      rows[i].name, small, large);
	}
	sy_buf_free(&b);
}
END_TEST

Suite *suite(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} cases[] = {
	    {"accepts", accepts},   {"refuses", refuses},     {"ends", ends},
	    {"prefixes", prefixes}, {"own_names", own_names}, {"memory", every_allocation},
	    {"linear", linear},
	};
	Suite *s = suite_create("event_form");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *c = tcase_create(cases[i].name);
		tcase_add_checked_fixture(c, setup, teardown);
		tcase_set_timeout(c, 60);
		tcase_add_test(c, cases[i].test);
		suite_add_tcase(s, c);
	}
	return s;
}
