/* Headings, units, and rows to events. */
#include "run.h"

#include "faults.h"
#include "row.h"

static const struct {
	const char *heading;
	int field; /* -1: none */
} headings[] = {
    {"product", F_PRODUCT},
    {"GTIN", F_PRODUCT},
    {" Best Before ", F_BEST_BEFORE},
    {"批号", F_LOT},
    {"批 次", F_LOT},
    {"商品条码", F_PRODUCT},
    {"追溯码", F_CODES},
    {"屠宰日期", F_HARVESTED},
    {"保质期至", F_BEST_BEFORE},
    {"packratio", F_PACK_RATIO},
    {"原因", F_REASON},
    {"colour", -1},
    {"", -1},
    {"　数量　", F_QUANTITY},
};

START_TEST(heading)
{
	enum field f = F_COUNT;
	int err = column_find(sy_str(headings[_i].heading), &f);

	ck_assert_msg((err == SY_OK ? (int)f : -1) == headings[_i].field, "%s: %d",
		      headings[_i].heading, (int)f);
}
END_TEST

START_TEST(table)
{
	char en[64], zh[64];
	enum field f;

	for (int i = 0; i < F_COUNT; i++) {
		ck_assert_int_eq(columns[i].field, i);
		ck_assert(columns[i].what != NULL && columns[i].what_zh != NULL);
		column_heading((enum field)i, false, en);
		column_heading((enum field)i, true, zh);
		ck_assert_int_eq(column_find(sy_str(en), &f), SY_OK);
		ck_assert_int_eq(f, i);
		ck_assert_int_eq(column_find(sy_str(zh), &f), SY_OK);
		ck_assert_int_eq(f, i);
	}
	ck_assert_int_eq(column_of_pointer("/ilmd/cbvmda:itemExpirationDate"), F_EXPIRES);
	ck_assert_int_eq(column_of_pointer("/quantityList/0/epcClass"), F_PRODUCT);
	ck_assert_int_eq(column_of_pointer("/quantityList/0"), F_PRODUCT);
	ck_assert_int_eq(column_of_pointer("/quantityList/0/uom"), F_UNIT);
	ck_assert_int_eq(column_of_pointer("/suyuan:inspection/report/sha256"), F_REPORT);
	ck_assert_int_eq(column_of_pointer("/action"), F_COUNT);
}
END_TEST

static const struct {
	const char *unit, *code; /* NULL: none */
} units[] = {
    {"公斤", "KGM"}, {"kg", "KGM"}, {"吨", "TNE"}, {"KGM", "KGM"}, {"盒", "XBX"}, {"个", ""},
    {"", ""},        {"件", ""},    {"车", NULL},  {"米", "MTR"},  {"M³", "MTQ"}, {"ABCD", NULL},
};

START_TEST(unit)
{
	char keep[4];
	const char *code = unit_code(sy_str(units[_i].unit), keep);

	if (units[_i].code == NULL)
		ck_assert_msg(code == NULL, "%s: %s", units[_i].unit, code);
	else
		ck_assert_msg(code != NULL && strcmp(code, units[_i].code) == 0, "%s",
			      units[_i].unit);
}
END_TEST

static const struct {
	const char *code;
	bool one, zh;
	const char *name;
} unit_names[] = {
    {"XBX", false, false, "boxes"}, {"XBX", true, false, "box"},  {"XBX", false, true, "盒"},
    {"KGM", false, false, "kg"},    {"KGM", false, true, "公斤"}, {"TNE", false, true, "吨"},
    {"", false, false, "pieces"},   {"", true, true, "件"},       {"4K", false, true, "4K"},
};

START_TEST(unit_shown)
{
	struct sy_str name =
	    unit_name(sy_str(unit_names[_i].code), unit_names[_i].one, unit_names[_i].zh);

	ck_assert_msg(sy_str_is(name, unit_names[_i].name), "%s", name.p);
}
END_TEST

/* A row as "field=value" pairs. */
struct pair {
	enum field field;
	const char *value;
};

#define GTIN                               \
	{                                  \
		F_PRODUCT, "6901234567892" \
	}
#define LOT                 \
	{                   \
		F_LOT, "A1" \
	}
#define MADE                               \
	{                                  \
		F_MADE, "2026年11月1日" \
	}
#define EVENT(type, rest) "{\"type\":\"" type "\",\"eventID\":\"ID\"," rest "}"
#define WHEN "\"eventTime\":\"2026-11-01T00:00:00+08:00\",\"eventTimeZoneOffset\":\"+08:00\","
#define ADD WHEN "\"action\":\"ADD\",\"bizStep\":\"commissioning\",\"disposition\":\"active\","
#define LINK "https://id.gs1.org/01/06901234567892"

struct shape_row {
	const char *name;
	struct pair row[12];
	const char *record; /* with its eventID as ID; or the columns at fault */
};

static const struct shape_row rows[] = {
    {"a lot",
     {GTIN, LOT, MADE, {F_QUANTITY, "1,250.50"}, {F_UNIT, "公斤"}},
     EVENT("ObjectEvent", ADD
	   "\"quantityList\":[{\"epcClass\":\"" LINK
	   "/10/A1\",\"quantity\":1250.5,\"uom\":\"KGM\"}],\"ilmd\":{\"cbvmda:lotNumber\":\"A1\","
	   "\"suyuan:productionDate\":\"2026-11-01\"}")},
    {"no quantity is no quantity",
     {GTIN, LOT, MADE},
     EVENT("ObjectEvent", ADD "\"quantityList\":[{\"epcClass\":\"" LINK
			      "/10/A1\"}],\"ilmd\":{\"cbvmda:lotNumber\":\"A1\","
			      "\"suyuan:productionDate\":\"2026-11-01\"}")},
    {"the lot in the code",
     {{F_PRODUCT, "(01)06901234567892(10)A1"}, MADE},
     EVENT("ObjectEvent", ADD "\"quantityList\":[{\"epcClass\":\"" LINK
			      "/10/A1\"}],\"ilmd\":{\"cbvmda:lotNumber\":\"A1\","
			      "\"suyuan:productionDate\":\"2026-11-01\"}")},
    {"serials",
     {GTIN, LOT, MADE, {F_SERIAL, "S1; S2；"}, {F_QUANTITY, "2"}},
     EVENT("ObjectEvent", ADD "\"epcList\":[\"" LINK "/10/A1/21/S1\",\"" LINK
			      "/10/A1/21/S2\"],\"ilmd\":{\"cbvmda:lotNumber\":\"A1\","
			      "\"suyuan:productionDate\":\"2026-11-01\"}")},
    {"serials without a lot",
     {GTIN, MADE, {F_SERIAL, "S1"}},
     EVENT("ObjectEvent", ADD "\"epcList\":[\"" LINK
			      "/21/S1\"],\"ilmd\":{\"suyuan:productionDate\":\"2026-11-01\"}")},
    {"all of a vegetable",
     {GTIN,
      LOT,
      {F_HARVESTED, "20261101"},
      {F_ORIGIN, "370783"},
      {F_COUNTRY, "CN"},
      {F_PLEDGE, "H1"},
      {F_BASIS, "自行检测合格"},
      {F_INPUTS, "啶虫脒:2026-10-01;有机肥"},
      {F_PLACE, "6901234000016"}},
     EVENT("ObjectEvent",
	   ADD "\"quantityList\":[{\"epcClass\":\"" LINK
	       "/10/A1\"}],\"bizLocation\":{\"id\":\"https://id.gs1.org/414/6901234000016\"},"
	       "\"ilmd\":{\"cbvmda:lotNumber\":\"A1\",\"cbvmda:harvestEndDate\":\"2026-11-01\","
	       "\"suyuan:origin\":\"370783\",\"cbvmda:countryOfOrigin\":\"CN\",\"suyuan:pledge\":{"
	       "\"number\":\"H1\",\"basis\":\"self-test\"},\"suyuan:inputs\":[{\"name\":\"啶虫脒\","
	       "\"stopDate\":\"2026-10-01\"},{\"name\":\"有机肥\"}]}")},
    {"inspection",
     {GTIN, LOT, MADE, {F_INSPECTION, "R1"}, {F_RESULT, "合格"}},
     EVENT("ObjectEvent",
	   ADD "\"quantityList\":[{\"epcClass\":\"" LINK
	       "/10/A1\"}],\"ilmd\":{\"cbvmda:lotNumber\":\"A1\",\"suyuan:productionDate\":"
	       "\"2026-11-01\"},\"suyuan:inspection\":{\"number\":\"R1\",\"result\":\"pass\","
	       "\"kind\":\"firm\"}")},
    {"input lots make a transformation",
     {GTIN, LOT, MADE, {F_INPUT_LOTS, "(01)06901234567892(10)RAW:20:kg;" LINK "/10/R2"}},
     EVENT("TransformationEvent",
	   WHEN "\"bizStep\":\"commissioning\",\"inputQuantityList\":["
		"{\"epcClass\":\"" LINK
		"/10/RAW\",\"quantity\":20,\"uom\":\"KGM\"},{\"epcClass\":\"" LINK
		"/10/R2\"}],\"outputQuantityList\":[{\"epcClass\":\"" LINK "/10/A1\"}],"
		"\"ilmd\":{\"cbvmda:lotNumber\":\"A1\",\"suyuan:productionDate\":\"2026-11-01\"}")},
    {"every fault at once",
     {GTIN,
      LOT,
      {F_MADE, "soon"},
      {F_QUANTITY, "-1"},
      {F_UNIT, "车"},
      {F_RESULT, "也许"},
      {F_ORIGIN, "12"}},
     "unit quantity made origin result"},
    {"check digit", {{F_PRODUCT, "6901234567891"}, LOT, MADE}, "product"},
    {"lot too long", {GTIN, {F_LOT, "123456789012345678901"}, MADE}, "lot"},
    {"no lot", {GTIN, MADE}, "lot"},
    {"no date", {GTIN, LOT}, "made"},
    {"no product", {LOT, MADE}, "product"},
    {"expires before it was made", {GTIN, LOT, MADE, {F_EXPIRES, "2026-10-31"}}, "expires"},
    {"no such day", {GTIN, LOT, {F_MADE, "2025年4月31日"}}, "made"},
    {"serials and another count",
     {GTIN, LOT, MADE, {F_SERIAL, "S1;S2"}, {F_QUANTITY, "3"}},
     "quantity"},
    {"a serial twice", {GTIN, LOT, MADE, {F_SERIAL, "S1;S1"}}, "serials"},
    {"place", {GTIN, LOT, MADE, {F_PLACE, "6901234000017"}}, "place"},
    {"an id that is none", {GTIN, LOT, MADE, {F_EVENT_ID, "my id"}}, "eventID"},
    {"before there were times", {GTIN, LOT, {F_MADE, "1969-12-31"}}, "made"},
};

#define AT                               \
	{                                \
		F_AT, "2026-11-02 08:30" \
	}
#define VERB(word)            \
	{                     \
		F_EVENT, word \
	}
#define THEN "\"eventTime\":\"2026-11-02T08:30:00+08:00\",\"eventTimeZoneOffset\":\"+08:00\","
#define STEP(action, step, disposition)                            \
	THEN "\"action\":\"" action "\",\"bizStep\":\"" step "\"," \
	     "\"disposition\":\"" disposition "\""
#define THE_LOT "\"quantityList\":[{\"epcClass\":\"" LINK "/10/A1\"}]"
#define PARTY "https://id.gs1.org/417/6901234000009"
#define SSCC "https://id.gs1.org/00/006901234000000018"

static const struct shape_row events[] = {
    {"ship",
     {VERB("销售出库"),
      AT,
      GTIN,
      LOT,
      {F_QUANTITY, "１２"},
      {F_UNIT, "盒"},
      {F_TO, "6901234000009"},
      {F_PO, "PO 1;6901234000016:X"},
      {F_DESADV, "D1"},
      {F_PLACE, "6901234000016"}},
     EVENT("ObjectEvent",
	   STEP("OBSERVE", "shipping",
		"in_transit") ",\"quantityList\":[{\"epcClass\":\"" LINK
			      "/10/A1\",\"quantity\":12,\"uom\":\"XBX\"}],"
			      "\"readPoint\":{\"id\":\"https://id.gs1.org/414/6901234000016\"},"
			      "\"bizTransactionList\":[{\"type\":\"po\",\"bizTransaction\":"
			      "\"urn:epcglobal:cbv:bt:6901234000009:PO%201\"},{\"type\":\"po\","
			      "\"bizTransaction\":"
			      "\"urn:epcglobal:cbv:bt:6901234000016:X\"},{\"type\":\"desadv\","
			      "\"bizTransaction\":"
			      "\"urn:suyuan:bt:desadv:D1\"}],\"destinationList\":[{\"type\":"
			      "\"possessing_party\","
			      "\"destination\":\"" PARTY "\"}]")},
    {"receive",
     {VERB("Receive"),
      AT,
      {F_CODES, LINK "/10/A1:12:盒; (00)006901234000000018"},
      {F_FROM, "91350100M000100Y43"},
      {F_OWNER_FROM, PARTY},
      {F_PLACE, "6901234000016"}},
     EVENT("ObjectEvent",
	   STEP("OBSERVE", "receiving",
		"in_progress") ",\"epcList\":[\"" SSCC "\"],\"quantityList\":[{\"epcClass\":\"" LINK
			       "/10/A1\",\"quantity\":12,\"uom\":\"XBX\"}],"
			       "\"bizLocation\":{\"id\":\"https://id.gs1.org/414/6901234000016\"},"
			       "\"sourceList\":[{\"type\":\"possessing_party\",\"source\":"
			       "\"urn:suyuan:cn:uscc:91350100M000100Y43\"},{\"type\":\"owning_"
			       "party\",\"source\":"
			       "\"" PARTY "\"}]")},
    {"the partner is on the other side",
     {VERB("采购入库"), AT, GTIN, LOT, {F_PARTNER, "6901234000009"}},
     EVENT("ObjectEvent",
	   STEP("OBSERVE", "receiving",
		"in_progress") "," THE_LOT
			       ",\"sourceList\":[{\"type\":\"possessing_party\",\"source\":\"" PARTY
			       "\"}]")},
    {"return",
     {VERB("退货"), AT, GTIN, LOT},
     EVENT("ObjectEvent", STEP("OBSERVE", "shipping", "returned") "," THE_LOT)},
    {"recalled goods in",
     {VERB("召回入库"), AT, GTIN, LOT},
     EVENT("ObjectEvent", STEP("OBSERVE", "receiving", "recalled") "," THE_LOT)},
    {"recalled goods out",
     {VERB("召回出库"), AT, GTIN, LOT},
     EVENT("ObjectEvent", STEP("OBSERVE", "shipping", "recalled") "," THE_LOT)},
    {"destroy",
     {VERB("销毁"), AT, GTIN, LOT},
     EVENT("ObjectEvent", STEP("DELETE", "destroying", "destroyed") "," THE_LOT)},
    {"sell a unit",
     {VERB("sell"), AT, GTIN, LOT, {F_SERIAL, "S1"}, {F_QUANTITY, "1"}},
     EVENT("ObjectEvent", STEP("OBSERVE", "retail_selling", "retail_sold") ",\"epcList\":[\"" LINK
									   "/10/A1/21/S1\"]")},
    {"hold",
     {VERB("hold"), AT, {F_CODES, LINK "/10/A1"}},
     EVENT("ObjectEvent",
	   STEP("OBSERVE", "holding", "non_sellable_other") ",\"persistentDisposition\":{\"set\":["
							    "\"non_sellable_other\"]}," THE_LOT)},
    {"release",
     {VERB("release"), AT, {F_CODES, LINK "/10/A1"}},
     EVENT("ObjectEvent",
	   STEP("OBSERVE", "storing", "available") ",\"persistentDisposition\":{\"unset\":[\"non_"
						   "sellable_other\"]}," THE_LOT)},
    {"inspect",
     {VERB("抽检"),
      AT,
      GTIN,
      LOT,
      {F_INSPECTION, "J1"},
      {F_RESULT, "不合格"},
      {F_KIND, "监督抽检"}},
     EVENT("ObjectEvent", STEP("OBSERVE", "inspecting",
			       "non_conformant") "," THE_LOT ",\"suyuan:inspection\":{\"number\":"
						 "\"J1\",\"result\":\"fail\",\"kind\":"
						 "\"supervision\"}")},
    {"install",
     {VERB("install"),
      AT,
      GTIN,
      LOT,
      {F_PLACE, "6901234000016"},
      {F_SAMPLE, "J1"},
      {F_SUPERVISOR, "监理"}},
     EVENT("ObjectEvent",
	   STEP("OBSERVE", "installing",
		"in_progress") "," THE_LOT
			       ",\"bizLocation\":{\"id\":\"https://id.gs1.org/414/6901234000016\"},"
			       "\"suyuan:site\":{\"sample\":\"J1\",\"supervisor\":\"监理\"}")},
    {"pack",
     {VERB("pack"),
      AT,
      {F_CONTAINER, SSCC},
      {F_CODES, "83857930000879766660; " LINK "/10/A1 4 箱"}},
     EVENT("AggregationEvent",
	   STEP("ADD", "packing", "in_progress") ",\"parentID\":\"" SSCC "\","
						 "\"childEPCs\":[\"urn:suyuan:cn:drug:"
						 "83857930000879766660\"],\"childQuantityList\":["
						 "{\"epcClass\":\"" LINK
						 "/10/A1\",\"quantity\":4,\"uom\":\"XCT\"}]")},
    {"unpack all",
     {VERB("拆箱"), AT, {F_CONTAINER, SSCC}},
     EVENT("AggregationEvent",
	   STEP("DELETE", "unpacking", "in_progress") ",\"parentID\":\"" SSCC "\"")},
    {"transform",
     {VERB("transform"),
      MADE,
      {F_CODES, LINK "/10/A1"},
      {F_INPUT_LOTS, LINK "/21/U1;" LINK "/10/R:3:kg"}},
     EVENT("TransformationEvent",
	   WHEN "\"bizStep\":\"commissioning\",\"inputEPCList\":[\"" LINK
		"/21/U1\"],\"inputQuantityList\":[{\"epcClass\":\"" LINK "/10/R\",\"quantity\":3,"
		"\"uom\":\"KGM\"}],\"outputQuantityList\":[{\"epcClass\":\"" LINK "/10/A1\"}],"
		"\"ilmd\":{\"cbvmda:lotNumber\":\"A1\",\"suyuan:productionDate\":\"2026-11-01\"}")},
    {"a half of a transformation",
     {VERB("transform"), MADE, {F_INPUT_LOTS, LINK "/10/R"}, {F_TRANSFORMATION, "urn:x:t1"}},
     EVENT("TransformationEvent",
	   WHEN "\"bizStep\":\"commissioning\",\"inputQuantityList\":["
		"{\"epcClass\":\"" LINK "/10/R\"}],\"transformationID\":\"urn:x:t1\",\"ilmd\":{"
		"\"suyuan:productionDate\":\"2026-11-01\"}")},
    {"a private class has a quantity, a private thing none",
     {VERB("ship"), AT, {F_CODES, "urn:x:gravel:3:吨; urn:x:crane"}},
     EVENT("ObjectEvent", STEP("OBSERVE", "shipping",
			       "in_transit") ",\"epcList\":[\"urn:x:crane\"],\"quantityList\":[{"
					     "\"epcClass\":\"urn:x:gravel\","
					     "\"quantity\":3,\"uom\":\"TNE\"}]")},
    {"no such word", {VERB("搬家"), AT, GTIN, LOT}, "event"},
    {"nothing", {VERB("ship"), AT}, "codes"},
    {"a day of making is no day of shipping", {VERB("ship"), GTIN, LOT, MADE}, "at"},
    {"when", {VERB("ship"), GTIN, LOT, {F_AT, "2026-11-02 8"}}, "at"},
    {"of which code",
     {VERB("ship"), AT, {F_CODES, LINK "/10/A1;" LINK "/10/A2"}, {F_QUANTITY, "5"}},
     "quantity"},
    {"one thing is one", {VERB("ship"), AT, {F_CODES, SSCC " 5 盒"}}, "codes"},
    {"twice", {VERB("ship"), AT, {F_CODES, SSCC ";" SSCC}}, "codes"},
    {"unit of a code", {VERB("ship"), AT, {F_CODES, LINK "/10/A1 5 车"}}, "codes"},
    {"whom", {VERB("ship"), AT, GTIN, LOT, {F_TO, "石家庄乳业"}}, "to"},
    {"partner of none", {VERB("hold"), AT, GTIN, LOT, {F_PARTNER, "6901234000009"}}, "partner"},
    {"which paper", {VERB("ship"), AT, GTIN, LOT, {F_PO, "PO:1 2"}}, "po"},
    {"no container", {VERB("pack"), AT, GTIN, LOT}, "container"},
    {"a lot is no container",
     {VERB("pack"), AT, GTIN, LOT, {F_CONTAINER, LINK "/10/B"}},
     "container"},
    {"inspected how", {VERB("inspect"), AT, GTIN, LOT}, "inspection result inspectionKind"},
    {"installed where", {VERB("install"), AT, GTIN, LOT}, "place"},
    {"made of what", {VERB("transform"), MADE, GTIN, LOT}, "inputLots"},
    {"shortened by a spreadsheet", {VERB("ship"), AT, {F_PRODUCT, "6.90123E+12"}, LOT}, "product"},
    {"two readings", {VERB("ship"), AT, GTIN, LOT, {F_QUANTITY, "1,5"}}, "quantity"},
};

static void fill(const struct shape_row *from, struct row *row)
{
	memset(row, 0, sizeof *row);
	for (size_t k = 0; k < 12 && from->row[k].value != NULL; k++)
		row->v[from->row[k].field] = sy_str(from->row[k].value);
}

/* The record with its eventID written as ID; or "fault fault" in order, each column once. */
static void result(struct sy_arena *arena, int err, const struct sy_buf *record,
		   const struct sy_faults *faults, struct sy_buf *out)
{
	if (err == SY_OK) {
		struct sy_str r = sy_buf_span(record);
		const char *id = memmem(r.p, r.n, "ni:///sha-256;", 14);
		ck_assert_ptr_nonnull(id);
		const char *end = memchr(id, '"', (size_t)(r.p + r.n - id));
		sy_buf_put(out, r.p, (size_t)(id - r.p));
		sy_buf_text(out, "ID");
		sy_buf_put(out, end, (size_t)(r.p + r.n - end));
		return;
	}
	for (size_t i = 0; i < faults->n; i++) {
		bool again = i > 0 && strcmp(faults->v[i].pointer, faults->v[i - 1].pointer) == 0;
		if (faults->v[i].status != 0 && !again)
			sy_buf_printf(out, "%s%s", out->n ? " " : "", faults->v[i].pointer);
	}
	(void)arena;
}

/* In either language the same is said, or not, of the same columns. */
static void check_row_in(const struct shape_row *one, bool zh)
{
	struct sy_arena arena = {0};
	struct sy_buf record = {0}, again = {0}, out = {0};
	struct sy_faults faults;
	struct row r;

	fill(one, &r);
	r.zh = zh;
	sy_faults_init(&faults, &arena);
	int err = row_event(&arena, &r, &record, &faults, 0);
	result(&arena, err, &record, &faults, &out);
	ck_assert_msg(strcmp(sy_buf_cstr(&out), one->record) == 0, "%s: %s\n%s", one->name,
		      sy_buf_cstr(&out), one->record);
	/* the same row is the same record, and an event of sound form */
	if (err == SY_OK) {
		struct sy_json_doc doc;
		struct sy_event event;
		ck_assert_int_eq(row_event(&arena, &r, &again, &faults, 0), SY_OK);
		ck_assert(sy_str_eq(sy_buf_span(&record), sy_buf_span(&again)));
		ck_assert_int_eq(
		    sy_json_parse(&arena, sy_buf_span(&record), SY_JSON_RECORD, &doc, NULL), SY_OK);
		ck_assert_int_eq(sy_event_read(&arena, &doc, &event, &faults, 0), SY_OK);
	}
	sy_buf_free(&record);
	sy_buf_free(&again);
	sy_buf_free(&out);
	sy_arena_free(&arena);
}

static void check_row(const struct shape_row *one)
{
	check_row_in(one, false);
	check_row_in(one, true);
}

START_TEST(row)
{
	check_row(&rows[_i]);
}
END_TEST

START_TEST(event)
{
	check_row(&events[_i]);
}
END_TEST

START_TEST(event_id_is_of_the_rest)
{
	char id[EVENT_ID_TEXT], plain[] = "{\"type\":\"ObjectEvent\"}";
	sy_hash h;
	char hex[65];

	sy_sha256(plain, strlen(plain), &h);
	sy_hex(h.b, 32, hex);
	event_id(sy_str(plain), id);
	ck_assert_int_eq(strncmp(id, "ni:///sha-256;", 14), 0);
	ck_assert_int_eq(strncmp(id + 14, hex, 64), 0);
	ck_assert_str_eq(id + 14 + 64, "?ver=suyuan1");
}
END_TEST

START_TEST(compact)
{
	struct sy_buf b = {0};

	json_compact(&b, SY_STR("{ \"a b\" : [ 1 ,\n\t\"x \\\" y\" ] }\r\n"));
	ck_assert_str_eq(sy_buf_cstr(&b), "{\"a b\":[1,\"x \\\" y\"]}");
	sy_buf_free(&b);
}
END_TEST

START_TEST(memory)
{
	unsigned n = 0;
	bool failed;

	do {
		struct sy_arena arena = {0};
		struct sy_buf record = {0};
		struct sy_faults faults;
		struct row r;

		fill(&rows[5], &r);
		sy_faults_init(&faults, &arena);
		fail_alloc_at(++n);
		int err = row_event(&arena, &r, &record, &faults, 0);
		failed = alloc_failed();
		fail_alloc_at(0);
		if (err == SY_OK) /* whole or not at all */
			ck_assert_int_eq(record.p[record.n - 1], '}');
		else
			ck_assert_uint_eq(record.n, 0);
		sy_buf_free(&record);
		sy_arena_free(&arena);
	} while (failed && n < 500);
	ck_assert_uint_gt(n, 2);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_row");
	TCase *t = tcase_create("columns");

	tcase_add_loop_test(t, heading, 0, sizeof headings / sizeof headings[0]);
	tcase_add_test(t, table);
	tcase_add_loop_test(t, unit, 0, sizeof units / sizeof units[0]);
	tcase_add_loop_test(t, unit_shown, 0, sizeof unit_names / sizeof unit_names[0]);
	suite_add_tcase(s, t);
	t = tcase_create("row");
	tcase_add_loop_test(t, row, 0, sizeof rows / sizeof rows[0]);
	tcase_add_loop_test(t, event, 0, sizeof events / sizeof events[0]);
	tcase_add_test(t, event_id_is_of_the_rest);
	tcase_add_test(t, compact);
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	return s;
}
