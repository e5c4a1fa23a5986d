/* The event hash of CBV 2.0 section 8.9, against what its reference generator publishes. */
#include "faults.h"
#include "run.h"

#include <suyuan/error.h>
#include <suyuan/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct sy_arena arena;
static struct sy_json_doc doc;
static struct sy_buf text;

static void setup(void)
{
	arena = (struct sy_arena){0};
	text = (struct sy_buf){0};
}

static void teardown(void)
{
	sy_buf_free(&text);
	sy_arena_free(&arena);
}

static void parse(const char *name, struct sy_str json)
{
	struct sy_json_fault where;
	ck_assert_msg(sy_json_parse(&arena, json, 0, &doc, &where) == SY_OK, "%s: bad JSON at %zu",
		      name, where.offset);
}

static const char *prehash(const char *name, const char *json)
{
	parse(name, sy_str(json));
	sy_buf_reset(&text);
	ck_assert_int_eq(sy_event_prehash(&arena, &doc, &text), SY_OK);
	return sy_buf_cstr(&text);
}

#define GS1_CONTEXT "\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\""
#define NI(hex) "ni:///sha-256;" hex "?ver=CBV2.0"

/* Vectors published with the EPCIS event hash generator (its README and its expected results for
 * CBV 2.0): event, text that is hashed, hash. */
static const struct {
	const char *name, *json, *text, *hash;
} vectors[] = {
    {"example 1, extensions of the event",
     "{\"@context\":[" GS1_CONTEXT ",{\"example\":\"https://ns.example.com/epcis/\"}],"
     "\"type\":\"ObjectEvent\",\"eventTime\":\"2020-03-04T11:00:30.000+01:00\","
     "\"eventTimeZoneOffset\":\"+01:00\",\"recordTime\":\"2020-03-04T11:00:30.999+01:00\","
     "\"epcList\":[\"urn:epc:id:sscc:4012345.0000000333\","
     "\"urn:epc:id:sscc:4012345.0000000111\",\"urn:epc:id:sscc:4012345.0000000222\"],"
     "\"action\":\"OBSERVE\",\"bizStep\":\"departing\","
     "\"readPoint\":{\"id\":\"urn:epc:id:sgln:4012345.00011.987\"},"
     "\"example:myField1\":{\"example:mySubField1\":\"2\",\"example:mySubField2\":\"5\"},"
     "\"example:myField2\":\"0\",\"example:myField3\":{\"example:mySubField3\":[\"3\",\"1\"]}}",
     "eventType=ObjectEventeventTime=2020-03-04T10:00:30.000ZeventTimeZoneOffset=+01:00epcList"
     "epc=https://id.gs1.org/00/040123450000001112epc=https://id.gs1.org/00/040123450000002225"
     "epc=https://id.gs1.org/00/040123450000003338action=OBSERVE"
     "bizStep=https://ref.gs1.org/cbv/BizStep-departing"
     "readPointid=https://id.gs1.org/414/4012345000115/254/987"
     "{https://ns.example.com/epcis/}myField1{https://ns.example.com/epcis/}mySubField1=2"
     "{https://ns.example.com/epcis/}mySubField2=5{https://ns.example.com/epcis/}myField2=0"
     "{https://ns.example.com/epcis/}myField3{https://ns.example.com/epcis/}mySubField3=1"
     "{https://ns.example.com/epcis/}mySubField3=3",
     NI("6ae96341e0acc6d7a261364751f60e68278a81cdf51da0abb6b4e617014e39d7")},
    {"example 2, sensors",
     "{\"@context\":[" GS1_CONTEXT "],\"type\":\"ObjectEvent\","
     "\"eventTime\":\"2020-04-01T15:00:00+01:00\",\"eventTimeZoneOffset\":\"+01:00\","
     "\"epcList\":[\"urn:epc:id:sgtin:4012345.011111.9876\"],\"action\":\"OBSERVE\","
     "\"bizStep\":\"inspecting\",\"readPoint\":{\"id\":\"urn:epc:id:sgln:4012345.00005.0\"},"
     "\"sensorElementList\":[{\"sensorMetadata\":{\"deviceID\":\"urn:epc:id:giai:4000001.111\","
     "\"deviceMetadata\":\"https://id.gs1.org/8004/4000001111\"},\"sensorReport\":["
     "{\"type\":\"Temperature\",\"value\":26,\"sDev\":0.1,\"uom\":\"CEL\"},"
     "{\"type\":\"AbsoluteHumidity\",\"value\":12.1,\"uom\":\"A93\"},"
     "{\"type\":\"Dimensionless\","
     "\"microorganism\":\"https://www.ncbi.nlm.nih.gov/taxonomy/1126011\","
     "\"value\":0.05,\"uom\":\"C35\"},{\"type\":\"Dimensionless\",\"chemicalSubstance\":"
     "\"https://identifiers.org/inchikey:CZMRCDWAGMRECN-UGDNZRGBSA-N\",\"value\":0.18,"
     "\"uom\":\"C35\"}]}]}",
     "eventType=ObjectEventeventTime=2020-04-01T14:00:00.000ZeventTimeZoneOffset=+01:00epcList"
     "epc=https://id.gs1.org/01/04012345111118/21/9876action=OBSERVE"
     "bizStep=https://ref.gs1.org/cbv/BizStep-inspecting"
     "readPointid=https://id.gs1.org/414/4012345000054sensorElementsensorMetadata"
     "deviceID=https://id.gs1.org/8004/4000001111"
     "deviceMetadata=https://id.gs1.org/8004/4000001111"
     "sensorReporttype=https://ref.gs1.org/voc/AbsoluteHumidityvalue=12.1uom=A93"
     "sensorReporttype=https://ref.gs1.org/voc/Dimensionless"
     "chemicalSubstance=https://identifiers.org/inchikey:CZMRCDWAGMRECN-UGDNZRGBSA-N"
     "value=0.18uom=C35sensorReporttype=https://ref.gs1.org/voc/Dimensionless"
     "microorganism=https://www.ncbi.nlm.nih.gov/taxonomy/1126011value=0.05uom=C35"
     "sensorReporttype=https://ref.gs1.org/voc/Temperaturevalue=26sDev=0.1uom=CEL",
     NI("271565c346ae2fb28c4583c4dca4ab4772d465eb4e0b6e548d77d8b49377d95c")},
    {"example 3, an extension of the read point",
     "{\"@context\":[" GS1_CONTEXT ",{\"example\":\"https://ns.example.com/epcis/\"}],"
     "\"type\":\"ObjectEvent\",\"eventTime\":\"2020-03-04T11:00:30+01:00\","
     "\"eventTimeZoneOffset\":\"+01:00\",\"epcList\":[\"urn:epc:id:sgtin:0614141.011111.987\"],"
     "\"action\":\"OBSERVE\",\"bizStep\":\"departing\",\"disposition\":\"in_transit\","
     "\"readPoint\":{\"id\":\"urn:epc:id:sgln:4012345.00011.0\",\"example:myField1\":\"AB-12\"},"
     "\"bizTransactionList\":[{\"type\":\"po\","
     "\"bizTransaction\":\"urn:epc:id:gdti:4012345.11111.123\"}],"
     "\"sourceList\":[{\"type\":\"owning_party\",\"source\":\"urn:epc:id:pgln:4012345.00000\"}],"
     "\"destinationList\":[{\"type\":\"owning_party\","
     "\"destination\":\"urn:epc:id:pgln:0614141.00000\"}],\"example:userExt\":\"CD-34\"}",
     "eventType=ObjectEventeventTime=2020-03-04T10:00:30.000ZeventTimeZoneOffset=+01:00epcList"
     "epc=https://id.gs1.org/01/00614141111114/21/987action=OBSERVE"
     "bizStep=https://ref.gs1.org/cbv/BizStep-departing"
     "disposition=https://ref.gs1.org/cbv/Disp-in_transit"
     "readPointid=https://id.gs1.org/414/4012345000115"
     "bizTransactionListtype=https://ref.gs1.org/cbv/BTT-po"
     "bizTransaction=https://id.gs1.org/253/4012345111118123"
     "sourceListtype=https://ref.gs1.org/cbv/SDT-owning_party"
     "source=https://id.gs1.org/417/4012345000009"
     "destinationListtype=https://ref.gs1.org/cbv/SDT-owning_party"
     "destination=https://id.gs1.org/417/0614141000005"
     "readPoint{https://ns.example.com/epcis/}myField1=AB-12"
     "{https://ns.example.com/epcis/}userExt=CD-34",
     NI("3ae14c02c4bdc220cc31942cf804f6845eb8dec96ba6483391c92a9b165f9329")},
    {"every GS1 key",
     "{\"@context\":[" GS1_CONTEXT "],\"type\":\"ObjectEvent\","
     "\"eventTime\":\"2023-03-27T11:30:00.0Z\",\"eventTimeZoneOffset\":\"+01:00\",\"epcList\":["
     "\"urn:epc:id:sgtin:4012345.012345.12\",\"urn:epc:id:sscc:4012345.0000000333\","
     "\"https://id.gs1.org/00/040123450000003338\",\"urn:epc:id:grai:4012345.66666.87\","
     "\"urn:epc:id:giai:4012345.AAbb\",\"urn:epc:id:gsrn:4012345.9876540000\","
     "\"urn:epc:id:gsrnp:4012345.0000098765\",\"urn:epc:id:gdti:4012345.55555.98\","
     "\"urn:epc:id:cpi:4012345.ABC.123\",\"urn:epc:id:sgcn:4012345.99999.44\","
     "\"urn:epc:id:ginc:4012345.333\",\"urn:epc:id:gsin:4012345.999987654\","
     "\"urn:epc:id:itip:4012345.012345.01.02.999\",\"urn:epc:id:upui:4012345.012345.AB12\"],"
     "\"quantityList\":[{\"epcClass\":\"urn:epc:class:lgtin:4054739.099914.20160711\"},"
     "{\"epcClass\":\"urn:epc:idpat:sgtin:4054739.099914.*\"},"
     "{\"epcClass\":\"urn:epc:idpat:grai:4012345.66666.*\"},"
     "{\"epcClass\":\"urn:epc:idpat:gdti:4012345.55555.*\"},"
     "{\"epcClass\":\"urn:epc:idpat:sgcn:4012345.99999.*\"},"
     "{\"epcClass\":\"urn:epc:idpat:cpi:4012345.ABC.*\"},"
     "{\"epcClass\":\"urn:epc:idpat:itip:4012345.012345.01.02.*\"}],\"action\":\"OBSERVE\","
     "\"bizStep\":\"other\",\"readPoint\":{\"id\":\"urn:epc:id:sgln:4012345.00011.987\"}}",
     "eventType=ObjectEventeventTime=2023-03-27T11:30:00.000ZeventTimeZoneOffset=+01:00epcList"
     "epc=https://id.gs1.org/00/040123450000003338epc=https://id.gs1.org/00/040123450000003338"
     "epc=https://id.gs1.org/01/04012345123456/21/12"
     "epc=https://id.gs1.org/01/04012345123456/235/AB12"
     "epc=https://id.gs1.org/253/401234555555498epc=https://id.gs1.org/255/401234599999044"
     "epc=https://id.gs1.org/401/4012345333epc=https://id.gs1.org/402/40123459999876541"
     "epc=https://id.gs1.org/8003/0401234566666387epc=https://id.gs1.org/8004/4012345AAbb"
     "epc=https://id.gs1.org/8006/040123451234560102/21/999"
     "epc=https://id.gs1.org/8010/4012345ABC/8011/123"
     "epc=https://id.gs1.org/8017/401234500000987658"
     "epc=https://id.gs1.org/8018/401234598765400000"
     "quantityListquantityElementepcClass=https://id.gs1.org/01/04054739999148"
     "quantityElementepcClass=https://id.gs1.org/01/04054739999148/10/20160711"
     "quantityElementepcClass=https://id.gs1.org/253/4012345555554"
     "quantityElementepcClass=https://id.gs1.org/255/4012345999990"
     "quantityElementepcClass=https://id.gs1.org/8003/04012345666663"
     "quantityElementepcClass=https://id.gs1.org/8006/040123451234560102"
     "quantityElementepcClass=https://id.gs1.org/8010/4012345ABCaction=OBSERVE"
     "bizStep=https://ref.gs1.org/cbv/BizStep-other"
     "readPointid=https://id.gs1.org/414/4012345000115/254/987",
     NI("40744f32beff53a4bf5bb5956d465cb52de5bbcc9f131409d8efb903b04d9351")},
    {"half a millisecond",
     "{\"type\":\"ObjectEvent\",\"eventTime\":\"2023-02-02T11:04:03.1415Z\","
     "\"eventTimeZoneOffset\":\"+01:00\",\"epcList\":[\"https://id.gs1.de/00/040123451111111110\"],"
     "\"action\":\"OBSERVE\",\"bizStep\":\"shipping\",\"disposition\":\"in_transit\","
     "\"readPoint\":{\"id\":\"https://id.gs1.de/414/4012345000115\"}}",
     "eventType=ObjectEventeventTime=2023-02-02T11:04:03.142ZeventTimeZoneOffset=+01:00epcList"
     "epc=https://id.gs1.org/00/040123451111111110action=OBSERVE"
     "bizStep=https://ref.gs1.org/cbv/BizStep-shipping"
     "disposition=https://ref.gs1.org/cbv/Disp-in_transit"
     "readPointid=https://id.gs1.org/414/4012345000115",
     NI("af7658e711574363633f20b3dadc7bc4c13c6f612cf96d95e03c421c0e58f3c6")},
    {"less than half a millisecond",
     "{\"type\":\"ObjectEvent\",\"eventTime\":\"2023-02-02T11:04:03.1414Z\","
     "\"eventTimeZoneOffset\":\"+01:00\",\"epcList\":[\"https://id.gs1.de/00/040123451111111110\"],"
     "\"action\":\"OBSERVE\",\"bizStep\":\"transporting\","
     "\"readPoint\":{\"id\":\"geo:50.947573340894124,6.922120147375441\"}}",
     "eventType=ObjectEventeventTime=2023-02-02T11:04:03.141ZeventTimeZoneOffset=+01:00epcList"
     "epc=https://id.gs1.org/00/040123451111111110action=OBSERVE"
     "bizStep=https://ref.gs1.org/cbv/BizStep-transporting"
     "readPointid=geo:50.947573340894124,6.922120147375441",
     NI("0550df44527332c1fe417c5837fe61b9e71eaa93307b88519dac549bf2d4dcf9")},
    {"a certificate, and extensions of sensors",
     "{\"@context\":[" GS1_CONTEXT ",{\"cbv\":\"https://ref.gs1.org/cbv/\"},"
     "{\"ext1\":\"https://ns.ext.de/epcis/\"}],\"type\":\"ObjectEvent\","
     "\"eventTime\":\"2023-01-11T12:00:00+01:00\",\"eventTimeZoneOffset\":\"+01:00\","
     "\"certificationInfo\":"
     "\"https://accreditation-council.example.org/certificate/ABC12345\","
     "\"epcList\":[\"https://id.gs1.de/01/04012345999990/21/XYZ-1234\"],"
     "\"action\":\"OBSERVE\",\"bizStep\":\"receiving\",\"disposition\":\"in_progress\","
     "\"readPoint\":{\"id\":\"https://id.gs1.de/414/4012345000115\"},\"sensorElementList\":[{"
     "\"sensorMetadata\":{\"time\":\"2023-01-11T11:05:00Z\","
     "\"bizRules\":\"https://id.example.com/253/4012345000054987\","
     "\"ext1:someFurtherMetadata\":\"metadataText\"},\"sensorReport\":[{"
     "\"type\":\"Dimensionless\",\"exception\":\"ALARM_CONDITION\","
     "\"coordinateReferenceSystem\":\"http://www.opengis.net/def/crs/EPSG/0/27700\","
     "\"ext1:someFurtherReportData\":\"reportText\"}]}]}",
     "eventType=ObjectEventeventTime=2023-01-11T11:00:00.000ZeventTimeZoneOffset=+01:00epcList"
     "epc=https://id.gs1.org/01/04012345999990/21/XYZ-1234action=OBSERVE"
     "bizStep=https://ref.gs1.org/cbv/BizStep-receiving"
     "disposition=https://ref.gs1.org/cbv/Disp-in_progress"
     "readPointid=https://id.gs1.org/414/4012345000115sensorElement"
     "sensorMetadatatime=2023-01-11T11:05:00.000Z"
     "bizRules=https://id.gs1.org/253/4012345000054987"
     "sensorReporttype=https://ref.gs1.org/voc/Dimensionless"
     "exception=https://ref.gs1.org/voc/ALARM_CONDITION"
     "coordinateReferenceSystem=http://www.opengis.net/def/crs/EPSG/0/27700"
     "sensorElementsensorMetadata{https://ns.ext.de/epcis/}someFurtherMetadata=metadataText"
     "sensorReport{https://ns.ext.de/epcis/}someFurtherReportData=reportText",
     NI("db3f717972b6be7ce2eb2f31a12b00beda1f9a7de63c23948f4b7314ffe0581b")},
    {"components behind prefixes",
     "{\"@context\":[" GS1_CONTEXT ",{\"cbv\":\"https://ref.gs1.org/cbv/\"}],"
     "\"type\":\"ObjectEvent\",\"eventTime\":\"2022-04-07T10:00:00.000Z\","
     "\"eventTimeZoneOffset\":\"+01:00\","
     "\"epcList\":[\"https://id.example.com/8003/040123450007718765\"],"
     "\"action\":\"OBSERVE\",\"bizStep\":\"sensor_reporting\","
     "\"readPoint\":{\"id\":\"https://id.example.com/414/4012345000054\"},"
     "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"gs1:Angle\",\"value\":42.698334,"
     "\"component\":\"cbv:Comp-latitude\",\"uom\":\"DD\",\"coordinateReferenceSystem\":"
     "\"http://www.opengis.net/def/crs/OGC/1.3/CRS84\"},{\"type\":\"gs1:Angle\","
     "\"value\":23.319941,\"component\":\"cbv:Comp-longitude\",\"uom\":\"DD\","
     "\"coordinateReferenceSystem\":\"http://www.opengis.net/def/crs/OGC/1.3/CRS84\"}]}]}",
     "eventType=ObjectEventeventTime=2022-04-07T10:00:00.000ZeventTimeZoneOffset=+01:00epcList"
     "epc=https://id.gs1.org/8003/040123450007718765action=OBSERVE"
     "bizStep=https://ref.gs1.org/cbv/BizStep-sensor_reporting"
     "readPointid=https://id.gs1.org/414/4012345000054sensorElement"
     "sensorReporttype=https://ref.gs1.org/voc/Anglevalue=23.319941"
     "component=https://ref.gs1.org/cbv/Comp-longitudeuom=DD"
     "coordinateReferenceSystem=http://www.opengis.net/def/crs/OGC/1.3/CRS84"
     "sensorReporttype=https://ref.gs1.org/voc/Anglevalue=42.698334"
     "component=https://ref.gs1.org/cbv/Comp-latitudeuom=DD"
     "coordinateReferenceSystem=http://www.opengis.net/def/crs/OGC/1.3/CRS84",
     NI("14faa21345eb49fa31e5578aed52a2c291b7dc8ded0d53c88135955173ea91fc")},
};

START_TEST(published)
{
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		char hash[SY_EVENT_HASH_TEXT];
		const char *is = prehash(vectors[i].name, vectors[i].json);
		ck_assert_msg(strcmp(is, vectors[i].text) == 0, "%s:\n%s\n%s", vectors[i].name, is,
			      vectors[i].text);
		ck_assert_int_eq(sy_event_hash(&arena, &doc, hash), SY_OK);
		ck_assert_str_eq(hash, vectors[i].hash);
	}
}
END_TEST

/* GS1's own examples with every member, where a copy is at hand; of these the generator has the
 * same, and publishes their hashes. */
START_TEST(every_member)
{
	static const struct {
		const char *file, *hash;
	} rows[] = {
	    {"object", NI("9811bfb2672e9c3a0f6151be339d22b60db375c8b23d2740f6137cc6539f0639")},
	    {"transaction", NI("4a85d64a96409f0c57baed258666b26d83e6690d204a8aaed4c7e2624d8b0c81")},
	    {"transformation",
	     NI("529cc54b8cf9d8664208cc6c77473274d8c2dd473469920a7d09a814623f52cc")},
	};
	const char *data = getenv("SUYUAN_DATA");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		static char file[65536], event[65536];
		char path[4096], hash[SY_EVENT_HASH_TEXT];
		snprintf(path, sizeof path,
			 "%s/epcis-examples/WithFullCombinationOfFields/"
			 "%s_event_all_possible_fields.jsonld",
			 data ? data : "../shared/data", rows[i].file);
		FILE *f = fopen(path, "r");
		if (f == NULL)
			return;
		size_t n = fread(file, 1, sizeof file, f);
		fclose(f);
		parse(path, (struct sy_str){file, n});
		const struct sy_json *root = sy_json_root(&doc);
		const struct sy_json *list =
		    sy_json_get(&doc, sy_json_get(&doc, root, "epcisBody"), "eventList");
		struct sy_str one = sy_json_raw(&doc, sy_json_first(&doc, list));
		struct sy_str context = sy_json_raw(&doc, sy_json_get(&doc, root, "@context"));
		snprintf(event, sizeof event, "{\"@context\":%.*s,%.*s", (int)context.n, context.p,
			 (int)one.n - 1, one.p + 1);
		prehash(path, event);
		ck_assert_int_eq(sy_event_hash(&arena, &doc, hash), SY_OK);
		ck_assert_msg(strcmp(hash, rows[i].hash) == 0, "%s: %s", rows[i].file, hash);
	}
}
END_TEST

#define EVENT(rest) "{\"type\":\"ObjectEvent\"," rest "}"
#define SHOWN "eventType=ObjectEvent"

static const struct {
	const char *name, *json, *text;
} spellings[] = {
    {"white space around", EVENT("\"x:y\":\" a b \",\"action\":\"ADD \""),
     SHOWN "action=ADDx:y=a b"},
    {"numbers",
     EVENT(
	 "\"x:a\":[1.0,1e2,-0.50,0.0,-0,1.5e-3,10,\"007\",\"+1.\",\".5\",\"1e\",\"1.2.3\",\"-\"]"),
     SHOWN "x:a=-x:a=-0.5x:a=0x:a=0x:a=0.0015x:a=0.5x:a=1x:a=1x:a=1.2.3x:a=10x:a=100x:a=1e"
	   "x:a=7"},
    {"numbers that are too long", EVENT("\"x:a\":[1e999999999999,1e-500,1e401]"),
     SHOWN "x:a=1e-500x:a=1e401x:a=1e999999999999"},
    {"nothing",
     EVENT("\"x:a\":null,\"x:b\":\"\",\"x:c\":{},\"x:d\":[],\"epcList\":[],\"ilmd\":{},"
	   "\"readPoint\":{},\"bizStep\":null,\"quantityList\":[{}],\"x:e\":[[1],[null]]"),
     SHOWN "x:bx:cx:e=1"},
    {"truth", EVENT("\"x:a\":true,\"x:b\":false"), SHOWN "x:a=truex:b=false"},
    {"words of one's own",
     EVENT("\"bizStep\":\"ex:step\",\"disposition\":\"urn:x:y\","
	   "\"@context\":{\"ex\":\"https://a.example/\"}"),
     SHOWN "bizStep=https://a.example/stepdisposition=urn:x:y"},
    {"words in all spellings",
     EVENT(
	 "\"bizStep\":\"urn:epcglobal:cbv:bizstep:shipping\","
	 "\"disposition\":\"https://ref.gs1.org/cbv/Disp-active\",\"x:y\":"
	 "\"urn:epcglobal:cbv:btt:po\",\"persistentDisposition\":{\"unset\":[\"cbv:Disp-expired\","
	 "\"damaged\"]}"),
     SHOWN "bizStep=https://ref.gs1.org/cbv/BizStep-shipping"
	   "disposition=https://ref.gs1.org/cbv/Disp-active"
	   "persistentDispositionunset=https://ref.gs1.org/cbv/Disp-damaged"
	   "unset=https://ref.gs1.org/cbv/Disp-expiredx:y=https://ref.gs1.org/cbv/BTT-po"},
    {"names",
     EVENT("\"https://a.example/ns#b\":1,\"ex:b\":2,\"cbvmda:lotNumber\":\"A\",\"suyuan:c\":3,"
	   "\"rdfs:comment\":\"no\",\"@context\":[{\"ex\":\"https://b.example/\"}]"),
     SHOWN "{https://a.example/ns#}b=1{https://b.example/}b=2{https://suyuan.dev/ns/}c=3"
	   "{urn:epcglobal:cbv:mda}lotNumber=A"},
    {"a prefix that is declared stands for what is declared",
     EVENT("\"ilmd\":{\"cbvmda:lotNumber\":\"A\"},"
	   "\"@context\":{\"cbvmda\":\"urn:epcglobal:cbv:mda:\"}"),
     SHOWN "ilmd{urn:epcglobal:cbv:mda:}lotNumber=A"},
    {"what doesn't count",
     EVENT("\"eventID\":\"urn:x:1\",\"recordTime\":\"2026-11-01T00:00:00Z\","
	   "\"errorDeclaration\":{\"declarationTime\":\"2026-11-01T00:00:00Z\"},"
	   "\"certificationInfo\":\"urn:x:1\""),
     SHOWN},
    {"a time that is none, and one that ends a second",
     EVENT("\"eventTime\":\"soon\",\"sensorElementList\":[{\"sensorMetadata\":{"
	   "\"time\":\"2026-12-31T23:59:59.9995Z\"}}]"),
     SHOWN "eventTime=soonsensorElementsensorMetadatatime=2027-01-01T00:00:00.000Z"},
    {"extensions of several sensors are sorted",
     EVENT("\"sensorElementList\":[{\"x:b\":1},{\"x:a\":{\"y\":[2,{\"z\":1}]}}],"
	   "\"bizLocation\":{\"x:c\":1}"),
     SHOWN "bizLocationx:c=1sensorElementx:ay=2yz=1sensorElementx:b=1"},
    {"wrong types",
     EVENT("\"epcList\":1,\"quantityList\":[1,[],{}],\"readPoint\":[],\"bizStep\":7,"
	   "\"eventTime\":[],\"ilmd\":3,\"sensorElementList\":[[]],\"@context\":7"),
     SHOWN},
};

START_TEST(spelled)
{
	for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
		const char *is = prehash(spellings[i].name, spellings[i].json);
		ck_assert_msg(strcmp(is, spellings[i].text) == 0, "%s:\n%s\n%s", spellings[i].name,
			      is, spellings[i].text);
	}
	char hash[SY_EVENT_HASH_TEXT];
	parse("another", SY_STR("{\"type\":\"Party\"}"));
	ck_assert_int_eq(sy_event_hash(&arena, &doc, hash), SY_EINVAL);
}
END_TEST

START_TEST(every_allocation)
{
	bool failed = true;
	for (size_t filled = 0; filled < 65536; filled += 512)
		for (int nth = 1; nth < 12 && (failed || nth == 1); nth++) {
			struct sy_arena fresh = {0};
			char hash[SY_EVENT_HASH_TEXT];
			ck_assert_int_eq(
			    sy_json_parse(&fresh, sy_str(vectors[6].json), 0, &doc, NULL), SY_OK);
			ck_assert(sy_arena_alloc(&fresh, filled) != NULL);
			fail_alloc_at(nth);
			int err = sy_event_hash(&fresh, &doc, hash);
			failed = alloc_failed();
			fail_alloc_at(0);
			ck_assert_msg(err == (failed ? SY_ENOMEM : SY_OK), "%d of %zu: %d", nth,
				      filled, err);
			if (!failed)
				ck_assert_str_eq(hash, vectors[6].hash);
			sy_arena_free(&fresh);
		}
}
END_TEST

static double seconds_of(const struct sy_buf *json)
{
	double best = 1e9;
	for (int round = 0; round < 3; round++) {
		struct timespec a, b;
		sy_arena_reset(&arena);
		sy_buf_reset(&text);
		parse("hostile", sy_buf_span(json));
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
		ck_assert_int_eq(sy_event_prehash(&arena, &doc, &text), SY_OK);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
		double took = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
		best = took < best ? took : best;
	}
	return best;
}

/* Time grows as the text does, whatever stands in it; # is a number. */
START_TEST(linear)
{
	static const struct {
		const char *name, *head, *repeat, *tail;
	} rows[] = {
	    {"extensions", "\"x:y\":0", ",\"a#:b\":#", ""},
	    {"an array", "\"x:y\":[0", ",\"#\"", "]"},
	    {"arrays", "\"x:y\":[0", ",[#]", "]"},
	    {"prefixes", "\"@context\":{\"x\":\"y:z\"", ",\"a#\":\"y:z\"", "}"},
	    {"EPCs", "\"epcList\":[\"\"", ",\"urn:x:#\"", "]"},
	    {"sensors", "\"sensorElementList\":[0", ",{\"x:#\":#}", "]"},
	    {"members of a sensor", "\"sensorElementList\":[{\"a\":1", ",\"x:#\":#", "}]"},
	    {"objects", "\"x:y\":[0", ",{\"a\":{\"b\":{\"c\":#}}}", "]"},
	    {"digits", "\"x:y\":[0", ",1#e999", "]"},
	};
	struct sy_buf b = {0};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		double took[2];
		for (int big = 0; big < 2; big++) {
			sy_buf_reset(&b);
			sy_buf_text(&b, "{\"type\":\"ObjectEvent\",");
			sy_buf_text(&b, rows[i].head);
			for (unsigned k = 0; b.n < (big ? 1u << 20 : 1u << 17); k++)
				for (const char *p = rows[i].repeat; *p != '\0'; p++)
					if (*p == '#')
						sy_buf_u64(&b, k);
					else
						sy_buf_byte(&b, *p);
			sy_buf_text(&b, rows[i].tail);
			sy_buf_byte(&b, '}');
			took[big] = seconds_of(&b);
		}
		ck_assert_msg(took[1] < 0.02 || took[1] < 32 * took[0], "%s: %.4f s, %.4f s",
			      rows[i].name, took[0], took[1]);
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
	    {"published", published}, {"every_member", every_member},
	    {"spelled", spelled},     {"memory", every_allocation},
	    {"linear", linear},
	};
	Suite *s = suite_create("event_hash");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		TCase *c = tcase_create(cases[i].name);
		tcase_add_checked_fixture(c, setup, teardown);
		tcase_set_timeout(c, 60);
		tcase_add_test(c, cases[i].test);
		suite_add_tcase(s, c);
	}
	return s;
}
