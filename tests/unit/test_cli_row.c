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
    {"追溯码", F_TRACE},
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

static const struct {
	const char *name;
	struct pair row[12];
	const char *record; /* with its eventID as ID; or the faults, "column: what" a line */
} rows[] = {
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
};

static void fill(size_t i, struct row *row)
{
	memset(row, 0, sizeof *row);
	for (size_t k = 0; k < 12 && rows[i].row[k].value != NULL; k++)
		row->v[rows[i].row[k].field] = sy_str(rows[i].row[k].value);
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

START_TEST(row)
{
	struct sy_arena arena = {0};
	struct sy_buf record = {0}, again = {0}, out = {0};
	struct sy_faults faults;
	struct row r;

	fill((size_t)_i, &r);
	sy_faults_init(&faults, &arena);
	int err = row_event(&arena, &r, &record, &faults, 0);
	result(&arena, err, &record, &faults, &out);
	ck_assert_msg(strcmp(sy_buf_cstr(&out), rows[_i].record) == 0, "%s: %s\n%s", rows[_i].name,
		      sy_buf_cstr(&out), rows[_i].record);
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

		fill(5, &r);
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
	tcase_add_test(t, event_id_is_of_the_rest);
	tcase_add_test(t, compact);
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	return s;
}
