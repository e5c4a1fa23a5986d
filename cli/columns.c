#include <stdio.h>

#include "columns.h"

#define A CAT_AGRI
#define F CAT_FOOD
#define D CAT_DRUG
#define I CAT_INDUSTRIAL
#define V CAT_EVENT
#define QL "/quantityList"
#define MDA "/ilmd/cbvmda:"
#define INSP "/suyuan:inspection"

const struct column columns[F_COUNT] = {
    {F_EVENT, "event", "业务|业务类型|单据类型", "/bizStep", V,
     "ship 销售出库, receive 采购入库, return 退货, inspect 抽检, destroy 销毁 ...; empty: a "
     "batch",
     "发货 销售出库、收货 采购入库、退货、抽检、销毁 等；空白：批次"},
    {F_PRODUCT, "product|gtin", "产品编码|商品条码", "", CAT_ALL, "any product code",
     "任何产品代码"},
    {F_LOT, "lot|batch", "批号|批次", "/ilmd/cbvmda:lotNumber", CAT_ALL,
     "at most 20 characters, case kept", "最多 20 个字符，区分大小写"},
    {F_SERIAL, "serials|serial", "序列号", "/epcList", A | F | I | V, "one or several, apart by ;",
     "一个或多个，用 ; 分开"},
    {F_CODES, "codes|code|traceCodes", "追溯码|代码", "/epcList", D | V,
     "whole codes, apart by ;, each with :quantity:unit where it counts",
     "完整代码，用 ; 分开，需计数的后面加 :数量:单位"},
    {F_QUANTITY, "quantity", "数量", QL "/0/quantity", CAT_ALL, "a decimal above zero",
     "大于零的数"},
    {F_UNIT, "unit", "单位", QL "/0/uom", CAT_ALL, "公斤 吨 升 米 个 盒 箱 袋 ... or KGM",
     "公斤 吨 升 米 个 盒 箱 袋 或 KGM"},
    {F_MADE, "made", "生产日期", "/ilmd/suyuan:productionDate", F | D | I | CAT_OTHER,
     "2026-11-01, 20261101 or 2026年11月1日", "2026-11-01、20261101 或 2026年11月1日"},
    {F_HARVESTED, "harvested", "采收日期|屠宰日期", MDA "harvestEndDate", A, "a date", "日期"},
    {F_EXPIRES, "expires", "有效期至", MDA "itemExpirationDate", A | F | D | I,
     "a date, not before made", "日期，不早于生产日期"},
    {F_BEST_BEFORE, "bestBefore", "保质期至", MDA "bestBeforeDate", A | F, "a date", "日期"},
    {F_ORIGIN, "origin", "产地", "/ilmd/suyuan:origin", A | F | D | I, "6 digits of GB/T 2260",
     "GB/T 2260 的 6 位数字"},
    {F_COUNTRY, "country", "原产国", MDA "countryOfOrigin", A | F | D | I, "2 letters of ISO 3166",
     "ISO 3166 的 2 个字母"},
    {F_PLACE, "place", "生产地点|地点|仓库", "/bizLocation", CAT_ALL, "a GLN or the id of a place",
     "GLN 或地点标识"},
    {F_READ_POINT, "readPoint", "发生地点", "/readPoint", 0, "a GLN or the id of a place",
     "GLN 或地点标识"},
    {F_PARTNER, "partner", "往来单位|对方单位", "/destinationList", 0,
     "whom it went to or came from: a GLN, a social credit code or the id of a party",
     "对方：GLN、统一社会信用代码或主体标识"},
    {F_FROM, "from|supplier", "发货方|发货单位|供应商|供货单位", "/sourceList", V,
     "a GLN, a social credit code or the id of a party", "GLN、统一社会信用代码或主体标识"},
    {F_TO, "to|customer", "收货方|收货单位|客户|购货单位", "/destinationList", V,
     "a GLN, a social credit code or the id of a party", "GLN、统一社会信用代码或主体标识"},
    {F_OWNER_FROM, "ownerFrom|seller", "卖方", "/sourceList/1", 0, "who owned it", "原货主"},
    {F_OWNER_TO, "ownerTo|buyer", "买方", "/destinationList/1", 0, "who owns it now", "现货主"},
    {F_CONTAINER, "container|parent", "箱码|父码|托盘码", "/parentID", V,
     "the code of the box, crate or pallet", "箱、筐或托盘的代码"},
    {F_PO, "po", "采购订单号|订单号", "/bizTransactionList", V, "a number, GLN:number or a URI",
     "单号、GLN:单号或 URI"},
    {F_DESADV, "desadv", "发货单号|送货单号|随货单号", "/bizTransactionList", V,
     "a number, GLN:number or a URI", "单号、GLN:单号或 URI"},
    {F_INV, "inv|invoice", "发票号", "/bizTransactionList", 0, "a number, GLN:number or a URI",
     "单号、GLN:单号或 URI"},
    {F_INSPECTION, "inspection", "检验报告号", INSP "/number", A | F | D | I | V, "report number",
     "报告编号"},
    {F_RESULT, "result", "检验结果", INSP "/result", A | F | D | I | V, "pass or fail, 合格 不合格",
     "合格或不合格"},
    {F_KIND, "inspectionKind", "检验类别", INSP "/kind", A | F | D | I | V,
     "firm (出厂检验), laboratory (委托检验) or supervision (监督抽检)",
     "出厂检验、委托检验或监督抽检"},
    {F_STANDARD, "inspectionStandard", "检验依据", INSP "/standard", A | F | D | I, "GB, Q ...",
     "GB、Q 等"},
    {F_LABORATORY, "laboratory", "检验机构", INSP "/laboratory", A | F | D | I, "party id or name",
     "主体标识或名称"},
    {F_INSPECTED, "inspectionDate", "检验日期", INSP "/date", A | F | D | I, "a date", "日期"},
    {F_REPORT, "report", "检验报告摘要", INSP "/report", A | F | D | I,
     "SHA-256 of the report, hex; before an SM3 sm3:",
     "报告文件的 SHA-256，十六进制；SM3 前加 sm3:"},
    {F_PLEDGE, "pledge", "合格证编号", "/ilmd/suyuan:pledge/number", A, "certificate number",
     "合格证编号"},
    {F_BASIS, "basis", "承诺依据", "/ilmd/suyuan:pledge/basis", A,
     "control, self-test or laboratory", "质量安全控制符合要求、自行检测合格或委托检测合格"},
    {F_INPUTS, "inputs", "投入品", "/ilmd/suyuan:inputs", A, "name:stop date;...",
     "名称:停用日期;…"},
    {F_STOP_DATES, "stopDates", "停用日期", "/ilmd/suyuan:inputs", 0,
     "dates of the inputs, where those have none, apart by ;", "各投入品的停用日期，用 ; 分开"},
    {F_INPUT_LOTS, "inputLots", "原料批号", "/inputQuantityList", A | F | D | I,
     "code:quantity:unit;...", "代码:数量:单位;…"},
    {F_TRANSFORMATION, "transformationID", "加工编号", "/transformationID", 0,
     "a URI that events of one transformation share", "同一次加工的事件共用的 URI"},
    {F_PACK_RATIO, "packRatio", "包装比例", "/ilmd/suyuan:packRatio", D, "1:5:2500", "1:5:2500"},
    {F_PACK_LAYER, "packLayer", "包装级别", "/suyuan:packLayer", 0,
     "1 for the smallest package, 2 for what holds those ...",
     "最小包装为 1，装它的为 2，依此类推"},
    {F_PROJECT, "project", "工程名称", "/suyuan:site/project", 0, "of a building site",
     "工地的工程"},
    {F_PART, "part", "使用部位", "/suyuan:site/part", 0, "of the project", "工程的部位"},
    {F_SAMPLE, "sample", "见证取样编号", "/suyuan:site/sample", 0, "number of the witnessed sample",
     "见证取样的编号"},
    {F_SUPERVISOR, "supervisor", "监理|监理单位", "/suyuan:site/supervisor", 0, "who witnessed it",
     "见证人"},
    {F_AT, "at|time", "时间|日期|业务时间|业务日期", "/eventTime", V,
     "a day, a day and hour (2026-11-01 08:30) or RFC 3339",
     "日期、日期和时间（2026-11-01 08:30）或 RFC 3339"},
    {F_EVENT_ID, "eventID", "事件编号", "/eventID", 0, "a URI; else from the content",
     "URI；否则由内容得出"},
    {F_REASON, "reason", "原因", "?", 0, "of a rejects file; is not read",
     "退回文件的原因，不读取"},
};

#undef A
#undef F
#undef D
#undef I
#undef V

bool column_fold(struct sy_str s, char out[COLUMN_TEXT])
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
		if (n == COLUMN_TEXT - 1)
			return false;
		out[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
	}
	out[n] = '\0';
	return n > 0;
}

bool column_one_of(const char *folded, const char *names)
{
	char name[COLUMN_TEXT];

	for (const char *p = names; *p != '\0';) {
		size_t n = strcspn(p, "|");
		if (column_fold((struct sy_str){p, n}, name) && strcmp(name, folded) == 0)
			return true;
		p += n + (p[n] == '|');
	}
	return false;
}

int column_find(struct sy_str heading, enum field *out)
{
	char folded[COLUMN_TEXT];

	if (!column_fold(heading, folded))
		return SY_ENOTFOUND;
	for (size_t i = 0; i < F_COUNT; i++) {
		if (column_one_of(folded, columns[i].en) || column_one_of(folded, columns[i].zh)) {
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
	if (best == F_COUNT && strncmp(pointer, "/childEPCs/", 11) == 0)
		best = F_CODES;
	return best;
}

unsigned category_bit(const char *name)
{
	static const struct {
		const char *name;
		unsigned bit;
	} table[] = {{"agri", CAT_AGRI},   {"food", CAT_FOOD},
		     {"drug", CAT_DRUG},   {"industrial", CAT_INDUSTRIAL},
		     {"other", CAT_OTHER}, {"event", CAT_EVENT}};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (strcmp(table[i].name, name) == 0)
			return table[i].bit;
	}
	return 0;
}

void column_heading(enum field f, bool zh, char out[COLUMN_TEXT])
{
	const char *names = zh ? columns[f].zh : columns[f].en;

	snprintf(out, COLUMN_TEXT, "%.*s", (int)strcspn(names, "|"), names);
}

void columns_list(struct sy_buf *out)
{
	char en[COLUMN_TEXT], zh[COLUMN_TEXT];

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
	char folded[COLUMN_TEXT];
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
	for (size_t i = 0; column_fold(unit, folded) && i < sizeof units / sizeof units[0]; i++) {
		if (column_one_of(folded, units[i].one) || column_one_of(folded, units[i].many) ||
		    column_one_of(folded, units[i].zh) || column_one_of(folded, units[i].also))
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
