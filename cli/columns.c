#include <stdio.h>

#include "columns.h"

#define A CAT_AGRI
#define F CAT_FOOD
#define D CAT_DRUG
#define I CAT_INDUSTRIAL
#define QL "/quantityList"
#define MDA "/ilmd/cbvmda:"
#define INSP "/suyuan:inspection"

const struct column columns[F_COUNT] = {
    {F_PRODUCT, "product|gtin", "产品编码|商品条码", "", CAT_ALL, "any product code"},
    {F_LOT, "lot|batch", "批号|批次", "/ilmd/cbvmda:lotNumber", CAT_ALL,
     "at most 20 characters, case kept"},
    {F_SERIAL, "serials|serial", "序列号", "/epcList", I, "one or several, apart by ;"},
    {F_TRACE, "traceCodes", "追溯码", "/epcList", D, "whole codes of units, apart by ;"},
    {F_QUANTITY, "quantity", "数量", QL "/0/quantity", CAT_ALL, "a decimal above zero"},
    {F_UNIT, "unit", "单位", QL "/0/uom", CAT_ALL, "公斤 吨 升 米 个 盒 箱 袋 ... or KGM"},
    {F_MADE, "made", "生产日期", "/ilmd/suyuan:productionDate", F | D | I | CAT_OTHER,
     "2026-11-01, 20261101 or 2026年11月1日"},
    {F_HARVESTED, "harvested", "采收日期|屠宰日期", MDA "harvestEndDate", A, "a date"},
    {F_EXPIRES, "expires", "有效期至", MDA "itemExpirationDate", F | D, "a date, not before made"},
    {F_BEST_BEFORE, "bestBefore", "保质期至", MDA "bestBeforeDate", A | F, "a date"},
    {F_ORIGIN, "origin", "产地", "/ilmd/suyuan:origin", A | F, "6 digits of GB/T 2260"},
    {F_COUNTRY, "country", "原产国", MDA "countryOfOrigin", A | F, "2 letters of ISO 3166"},
    {F_PLACE, "place", "生产地点", "/bizLocation", CAT_ALL, "a GLN or the id of a place"},
    {F_INSPECTION, "inspection", "检验报告号", INSP "/number", A | F | D | I, "report number"},
    {F_RESULT, "result", "检验结果", INSP "/result", A | F | D | I, "pass or fail, 合格 不合格"},
    {F_KIND, "inspectionKind", "检验类别", INSP "/kind", D | I,
     "firm (出厂检验), laboratory (委托检验) or supervision (监督抽检)"},
    {F_STANDARD, "inspectionStandard", "检验依据", INSP "/standard", D | I, "GB, Q ..."},
    {F_LABORATORY, "laboratory", "检验机构", INSP "/laboratory", D | I, "party id or name"},
    {F_INSPECTED, "inspectionDate", "检验日期", INSP "/date", D | I, "a date"},
    {F_REPORT, "report", "检验报告摘要", INSP "/report", F | D | I, "SHA-256 of the report, hex"},
    {F_PLEDGE, "pledge", "合格证编号", "/ilmd/suyuan:pledge/number", A, "certificate number"},
    {F_BASIS, "basis", "承诺依据", "/ilmd/suyuan:pledge/basis", A,
     "control, self-test or laboratory"},
    {F_INPUTS, "inputs", "投入品", "/ilmd/suyuan:inputs", A, "name:stop date;..."},
    {F_STOP_DATES, "stopDates", "停用日期", "/ilmd/suyuan:inputs", 0,
     "dates of the inputs, where those have none, apart by ;"},
    {F_INPUT_LOTS, "inputLots", "原料批号", "/inputQuantityList", 0, "code:quantity:unit;..."},
    {F_PACK_RATIO, "packRatio", "包装比例", "/ilmd/suyuan:packRatio", D, "1:5:2500"},
    {F_AT, "at", "时间", "/eventTime", 0, "when, RFC 3339; else 00:00 of made or harvested"},
    {F_EVENT_ID, "eventID", "事件编号", "/eventID", 0, "a URI; else from the content"},
    {F_REASON, "reason", "原因", "?", 0, "of a rejects file; is not read"},
};

#undef A
#undef F
#undef D
#undef I

/* Lower case, without spaces; false when it doesn't fit. */
static bool fold(struct sy_str s, char out[64])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (s.n - i >= 3 && memcmp(s.p + i, "\xe3\x80\x80", 3) == 0) { /* U+3000 */
			i += 2;
			continue;
		}
		if (n == 63)
			return false;
		out[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
	}
	out[n] = '\0';
	return n > 0;
}

static bool one_of(const char *folded, const char *names)
{
	char name[64];

	for (const char *p = names; *p != '\0';) {
		size_t n = strcspn(p, "|");
		if (fold((struct sy_str){p, n}, name) && strcmp(name, folded) == 0)
			return true;
		p += n + (p[n] == '|');
	}
	return false;
}

int column_find(struct sy_str heading, enum field *out)
{
	char folded[64];

	if (!fold(heading, folded))
		return SY_ENOTFOUND;
	for (size_t i = 0; i < F_COUNT; i++) {
		if (one_of(folded, columns[i].en) || one_of(folded, columns[i].zh)) {
			*out = columns[i].field;
			return SY_OK;
		}
	}
	return SY_ENOTFOUND;
}

enum field column_of_pointer(const char *pointer)
{
	enum field best = F_COUNT;
	size_t longest = 0;

	for (size_t i = 0; i < F_COUNT; i++) {
		size_t n = strlen(columns[i].pointer);
		if (n > longest && strncmp(pointer, columns[i].pointer, n) == 0) {
			longest = n;
			best = columns[i].field;
		}
	}
	/* what is said of the whole quantity element, or of its class, is said of its code */
	if (best == F_COUNT && strstr(pointer, "uantityList/") != NULL)
		best = F_PRODUCT;
	return best;
}

unsigned category_bit(const char *name)
{
	static const struct {
		const char *name;
		unsigned bit;
	} table[] = {{"agri", CAT_AGRI},
		     {"food", CAT_FOOD},
		     {"drug", CAT_DRUG},
		     {"industrial", CAT_INDUSTRIAL},
		     {"other", CAT_OTHER}};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (strcmp(table[i].name, name) == 0)
			return table[i].bit;
	}
	return 0;
}

void column_heading(enum field f, bool zh, char out[64])
{
	const char *names = zh ? columns[f].zh : columns[f].en;

	snprintf(out, 64, "%.*s", (int)strcspn(names, "|"), names);
}

void columns_list(struct sy_buf *out)
{
	char en[64], zh[64];

	for (size_t i = 0; i < F_COUNT; i++) {
		column_heading((enum field)i, false, en);
		column_heading((enum field)i, true, zh);
		sy_buf_printf(out, "%s%s %s", i ? ", " : "", en, zh);
	}
}

/* Recommendation 20, and 21 behind an X for packages; how people write them, the first shown. */
static const struct {
	const char *code, *one, *many, *zh, *also;
} units[] = {
    {"KGM", "kg", "kg", "公斤", "kilogram|千克"},
    {"GRM", "g", "g", "克", "gram"},
    {"MGM", "mg", "mg", "毫克", ""},
    {"TNE", "t", "t", "吨", "ton|tonne"},
    {"LTR", "l", "l", "升", "litre|liter"},
    {"MLT", "ml", "ml", "毫升", ""},
    {"MTR", "m", "m", "米", "metre|meter"},
    {"KMT", "km", "km", "公里", "千米"},
    {"MTK", "m²", "m²", "平方米", "m2"},
    {"MTQ", "m³", "m³", "立方米", "m3|方"},
    {"", "piece", "pieces", "件", "pc|pcs|each|个|支|只|枚|片|粒|根|台"},
    {"SET", "set", "sets", "套", ""},
    {"HEA", "head", "head", "头", ""},
    {"XBX", "box", "boxes", "盒", ""},
    {"XCT", "carton", "cartons", "箱", "case"},
    {"XBG", "bag", "bags", "袋", "包"},
    {"XBO", "bottle", "bottles", "瓶", ""},
    {"XDR", "drum", "drums", "桶", ""},
    {"XRO", "roll", "rolls", "卷", ""},
};

const char *unit_code(struct sy_str unit, char keep[4])
{
	char folded[64];
	bool code = unit.n == 2 || unit.n == 3;

	if (unit.n == 0)
		return "";
	for (size_t i = 0; i < unit.n; i++)
		code = code && ((unit.p[i] >= 'A' && unit.p[i] <= 'Z') ||
				(unit.p[i] >= '0' && unit.p[i] <= '9'));
	if (code) {
		snprintf(keep, 4, "%.*s", (int)unit.n, unit.p);
		return keep;
	}
	for (size_t i = 0; fold(unit, folded) && i < sizeof units / sizeof units[0]; i++) {
		if (one_of(folded, units[i].one) || one_of(folded, units[i].many) ||
		    one_of(folded, units[i].zh) || one_of(folded, units[i].also))
			return units[i].code;
	}
	return NULL;
}

struct sy_str unit_name(struct sy_str code, bool one, bool zh)
{
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (sy_str_is(code, units[i].code))
			return sy_str(zh ? units[i].zh : one ? units[i].one : units[i].many);
	}
	return code;
}
