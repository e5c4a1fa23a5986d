/* EPCIS 2.0 as tables: which members each of its objects has (EPCIS 2.0 sections 7.3 and 7.4, its
 * JSON schema, CBV 2.0 section 7 for the words). */
#include "event_impl.h"

#define KIND(kind) (1u << SY_EVENT_##kind)
#define ITEMS (KIND(OBJECT) | KIND(TRANSACTION))
#define PARTS (KIND(AGGREGATION) | KIND(ASSOCIATION))
#define CHANGE KIND(TRANSFORMATION)
#define ALL (ITEMS | PARTS | CHANGE)

#define NAME(text) .name = (text), .length = sizeof(text) - 1
#define MUST(kinds) .required = (kinds), .allowed = (kinds)
#define MAY(kinds) .allowed = (kinds)
#define EVENT(member) .out = (1 + offsetof(struct sy_event, member))
#define LATER(member) .kept = (1 + (member))
#define FORMAL .formal = true
#define TIME .type = SY_JSON_STRING, .check = sy_event_check_time
#define URI .type = SY_JSON_STRING, .check = sy_event_check_uri
#define URIS .type = TYPE_ANY, .check = sy_event_check_uris
#define WORD(of) .type = SY_JSON_STRING, .check = sy_event_check_word, .vocab = (of)
#define WORDS(of) .type = SY_JSON_ARRAY, .check = sy_event_check_words, .vocab = (of)
#define TEXT .type = SY_JSON_STRING
#define NUMBER .type = SY_JSON_NUMBER
#define LIST .type = SY_JSON_ARRAY
#define OBJECT(of) .type = SY_JSON_OBJECT, .check = sy_event_check_object, .shape = &(of)
#define OBJECTS(of) .type = SY_JSON_ARRAY, .check = sy_event_check_objects, .shape = &(of)

#define SHAPE(name, others, ...)           \
	static const struct shape name = { \
	    name##_fields, sizeof name##_fields / sizeof name##_fields[0], others, {__VA_ARGS__}}

static const struct field read_point_fields[] = {
    {NAME("id"), MUST(ALL), TEXT, .check = sy_event_check_code, EVENT(read_point),
     .out_code = 1 + offsetof(struct sy_event, read_point_code)},
};
SHAPE(read_point, OTHERS_ANY, "a read point", "读取点");

static const struct field location_fields[] = {
    {NAME("id"), MUST(ALL), TEXT, .check = sy_event_check_code, EVENT(location),
     .out_code = 1 + offsetof(struct sy_event, location_code)},
};
SHAPE(location, OTHERS_ANY, "a location", "地点");

static const struct field error_fields[] = {
    {NAME("reason"), MAY(ALL), WORD(VOCAB_REASON)},
    {NAME("declarationTime"), MUST(ALL), TIME},
    {NAME("correctiveEventIDs"), MAY(ALL), LIST, .check = sy_event_check_uris},
};
SHAPE(error, OTHERS_NAMED, "an errorDeclaration", " errorDeclaration ");

static const struct field persistent_fields[] = {
    {NAME("set"), MAY(ALL), WORDS(VOCAB_DISPOSITION)},
    {NAME("unset"), MAY(ALL), WORDS(VOCAB_DISPOSITION)},
};
SHAPE(persistent, OTHERS_NONE, "a persistentDisposition", " persistentDisposition ");

static const struct field transaction_fields[] = {
    {NAME("type"), MAY(ALL), WORD(VOCAB_TRANSACTION)},
    {NAME("bizTransaction"), MUST(ALL), URI},
};
SHAPE(transaction, OTHERS_NONE, "a business transaction", "业务单据");

#define END_TYPE                                                   \
	{                                                          \
		NAME("type"), MUST(ALL), WORD(VOCAB_END),          \
		    .out = 1 + offsetof(struct sy_event_end, type) \
	}
#define END_ID(name)                                                                             \
	{                                                                                        \
		NAME(name), MUST(ALL), TEXT, .check = sy_event_check_code,                       \
					     .out = 1 + offsetof(struct sy_event_end, id),       \
					     .out_code = 1 + offsetof(struct sy_event_end, code) \
	}

static const struct field source_fields[] = {END_TYPE, END_ID("source")};
SHAPE(source, OTHERS_NONE, "a source", "来源");

static const struct field destination_fields[] = {END_TYPE, END_ID("destination")};
SHAPE(destination, OTHERS_NONE, "a destination", "去向");

static const struct field metadata_fields[] = {
    {NAME("time"), MAY(ALL), TIME},          {NAME("rawData"), MAY(ALL), URI},
    {NAME("endTime"), MAY(ALL), TIME},       {NAME("deviceID"), MAY(ALL), URI},
    {NAME("bizRules"), MAY(ALL), URI},       {NAME("startTime"), MAY(ALL), TIME},
    {NAME("deviceMetadata"), MAY(ALL), URI}, {NAME("dataProcessingMethod"), MAY(ALL), URI},
};
SHAPE(metadata, OTHERS_NAMED, "a sensorMetadata", " sensorMetadata ");

static const struct field report_fields[] = {
    {NAME("type"), MUST(ALL), WORD(VOCAB_MEASUREMENT)},
    {NAME("value"), MAY(ALL), NUMBER},
    {NAME("uom"), MAY(ALL), TEXT},
    {NAME("time"), MAY(ALL), TIME},
    {NAME("minValue"), MAY(ALL), NUMBER},
    {NAME("maxValue"), MAY(ALL), NUMBER},
    {NAME("meanValue"), MAY(ALL), NUMBER},
    {NAME("sDev"), MAY(ALL), NUMBER},
    {NAME("percRank"), MAY(ALL), NUMBER},
    {NAME("percValue"), MAY(ALL), NUMBER},
    {NAME("stringValue"), MAY(ALL), TEXT},
    {NAME("booleanValue"), MAY(ALL), .type = TYPE_ANY, .check = sy_event_check_truth},
    {NAME("hexBinaryValue"), MAY(ALL), TEXT, .check = sy_event_check_hex},
    {NAME("uriValue"), MAY(ALL), URI},
    {NAME("component"), MAY(ALL), WORD(VOCAB_COMPONENT)},
    {NAME("exception"), MAY(ALL), WORD(VOCAB_ALERT)},
    {NAME("deviceID"), MAY(ALL), URI},
    {NAME("deviceMetadata"), MAY(ALL), URI},
    {NAME("rawData"), MAY(ALL), URI},
    {NAME("dataProcessingMethod"), MAY(ALL), URI},
    {NAME("bizRules"), MAY(ALL), URI},
    {NAME("microorganism"), MAY(ALL), URI},
    {NAME("chemicalSubstance"), MAY(ALL), URI},
    {NAME("coordinateReferenceSystem"), MAY(ALL), URI},
};
SHAPE(report, OTHERS_NAMED, "a sensorReport", " sensorReport ");

static const struct field sensor_fields[] = {
    {NAME("sensorReport"), MUST(ALL), OBJECTS(report)},
    {NAME("sensorMetadata"), MAY(ALL), OBJECT(metadata)},
};
SHAPE(sensor, OTHERS_NAMED, "a sensorElement", " sensorElement ");

static const struct shape ilmd = {NULL, 0, OTHERS_NAMED, {"an ilmd", " ilmd "}};

/* A name in the wrong kind of event is refused: its items would be lost. */
static const struct field event_fields[] = {
    {NAME("type"), MUST(ALL), TEXT},
    {NAME("eventID"), MAY(ALL), URI, EVENT(id)},
    {NAME("eventTime"), MUST(ALL), TIME, EVENT(time)},
    {NAME("eventTimeZoneOffset"), MUST(ALL), TEXT, .check = sy_event_check_offset, FORMAL},
    {NAME("action"), MUST(ITEMS | PARTS), TEXT, .check = sy_event_check_action, EVENT(action)},
    {NAME("bizStep"), MAY(ALL), WORD(VOCAB_STEP), EVENT(biz_step)},
    {NAME("disposition"), MAY(ALL), WORD(VOCAB_DISPOSITION), EVENT(disposition)},
    {NAME("readPoint"), MAY(ALL), OBJECT(read_point), LATER(M_READ_POINT)},
    {NAME("bizLocation"), MAY(ALL), OBJECT(location)},
    {NAME("epcList"), MAY(ITEMS), LIST, LATER(M_EPCS)},
    {NAME("quantityList"), MAY(ITEMS), LIST, LATER(M_QUANTITIES)},
    {NAME("ilmd"), MAY(KIND(OBJECT) | CHANGE), OBJECT(ilmd), LATER(M_ILMD), FORMAL},
    {NAME("@context"), MAY(ALL), .type = TYPE_ANY, .check = sy_event_check_context, FORMAL},
    {NAME("recordTime"), MAY(ALL), TIME, FORMAL},
    {NAME("parentID"), .required = KIND(ASSOCIATION), MAY(PARTS | KIND(TRANSACTION)), TEXT,
     LATER(M_PARENT)},
    {NAME("childEPCs"), MAY(PARTS), LIST, LATER(M_CHILD_EPCS)},
    {NAME("childQuantityList"), MAY(PARTS), LIST, LATER(M_CHILD_QUANTITIES)},
    {NAME("inputEPCList"), MAY(CHANGE), LIST, LATER(M_INPUT_EPCS)},
    {NAME("inputQuantityList"), MAY(CHANGE), LIST, LATER(M_INPUT_QUANTITIES)},
    {NAME("outputEPCList"), MAY(CHANGE), LIST, LATER(M_OUTPUT_EPCS)},
    {NAME("outputQuantityList"), MAY(CHANGE), LIST, LATER(M_OUTPUT_QUANTITIES)},
    {NAME("transformationID"), MAY(CHANGE), URI, EVENT(transformation), LATER(M_TRANSFORMATION)},
    {NAME("bizTransactionList"), .required = KIND(TRANSACTION), MAY(ALL), OBJECTS(transaction),
     FORMAL},
    {NAME("sourceList"), MAY(ALL), LIST, .check = sy_event_check_ends, .shape = &source,
     EVENT(sources)},
    {NAME("destinationList"), MAY(ALL), LIST, .check = sy_event_check_ends, .shape = &destination,
     EVENT(destinations)},
    {NAME("sensorElementList"), MAY(ALL), OBJECTS(sensor), LATER(M_SENSORS), FORMAL},
    {NAME("persistentDisposition"), MAY(KIND(OBJECT) | CHANGE), .type = SY_JSON_OBJECT,
     .check = sy_event_check_persistent, .shape = &persistent, FORMAL},
    {NAME("errorDeclaration"), MAY(ALL), .type = SY_JSON_OBJECT, .check = sy_event_check_error,
     .shape = &error},
    {NAME("certificationInfo"), MAY(ALL), URIS, FORMAL},
};

const struct shape sy_event_shape = {
    event_fields, sizeof event_fields / sizeof event_fields[0], OTHERS_NAMED, {"an event", "事件"}};
