#include "verbs.h"

/* needs[] of a row that names fewer ends with zeros, which is F_EVENT. */
static const struct verb verbs[] = {
    {"register|生产|生产入库|登记", SHAPE_MAKES, "ADD", "commissioning", "active", NULL, 0, {0}},
    {"transform|加工|投料", SHAPE_MAKES, NULL, "commissioning", NULL, NULL, 0, {0}},
    {"ship|销售出库|出库|发货|调拨出库|供应出库",
     SHAPE_MOVES,
     "OBSERVE",
     "shipping",
     "in_transit",
     NULL,
     'o',
     {0}},
    {"receive|采购入库|入库|收货|调拨入库|供应入库",
     SHAPE_MOVES,
     "OBSERVE",
     "receiving",
     "in_progress",
     NULL,
     'i',
     {0}},
    {"return|退货|退货出库", SHAPE_MOVES, "OBSERVE", "shipping", "returned", NULL, 'o', {0}},
    {"receive returned|退货入库|销退入库",
     SHAPE_MOVES,
     "OBSERVE",
     "receiving",
     "returned",
     NULL,
     'i',
     {0}},
    {"ship recalled|召回出库", SHAPE_MOVES, "OBSERVE", "shipping", "recalled", NULL, 'o', {0}},
    {"receive recalled|召回入库", SHAPE_MOVES, "OBSERVE", "receiving", "recalled", NULL, 'i', {0}},
    {"pack|包装|装箱", SHAPE_PACKS, "ADD", "packing", "in_progress", NULL, 0, {F_CONTAINER}},
    {"unpack|拆箱|拆包", SHAPE_PACKS, "DELETE", "unpacking", "in_progress", NULL, 0, {F_CONTAINER}},
    {"inspect|抽检|检验",
     SHAPE_MOVES,
     "OBSERVE",
     "inspecting",
     NULL,
     NULL,
     0,
     {F_INSPECTION, F_RESULT, F_KIND}},
    {"hold|封存|冻结|暂停销售",
     SHAPE_MOVES,
     "OBSERVE",
     "holding",
     "non_sellable_other",
     "set",
     0,
     {0}},
    {"release|解封|解冻|放行", SHAPE_MOVES, "OBSERVE", "storing", "available", "unset", 0, {0}},
    {"sell|零售|零售出库", SHAPE_MOVES, "OBSERVE", "retail_selling", "retail_sold", NULL, 'o', {0}},
    {"install|安装|使用", SHAPE_MOVES, "OBSERVE", "installing", "in_progress", NULL, 0, {F_PLACE}},
    {"destroy|销毁|销毁出库", SHAPE_MOVES, "DELETE", "destroying", "destroyed", NULL, 0, {0}},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

const struct verb *verb_find(struct sy_str word)
{
	char folded[COLUMN_TEXT];

	if (word.n == 0)
		return &verbs[0];
	if (!column_fold(word, folded))
		return NULL;
	for (size_t i = 0; i < VERBS; i++) {
		if (column_one_of(folded, verbs[i].words))
			return &verbs[i];
	}
	return NULL;
}

void verbs_list(struct sy_buf *out)
{
	for (size_t i = 0; i < VERBS; i++) {
		const char *zh = strchr(verbs[i].words, '|');
		size_t n = strcspn(verbs[i].words, "|");
		sy_buf_printf(out, "%s%.*s %.*s", i ? ", " : "", (int)n, verbs[i].words,
			      (int)strcspn(zh + 1, "|"), zh + 1);
	}
}
