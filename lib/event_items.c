/* The items of an event: its lists of EPCs and of classes with quantities. */
#include "code_impl.h"
#include "event_impl.h"

#include <stdlib.h>

static const struct list {
	enum member member;
	enum sy_item_role role;
	bool classes; /* quantity elements, not EPCs */
	const char *name;
} lists[] = {
    {M_EPCS, SY_ROLE_SUBJECT, false, "/epcList/"},
    {M_QUANTITIES, SY_ROLE_SUBJECT, true, "/quantityList/"},
    {M_CHILD_EPCS, SY_ROLE_CHILD, false, "/childEPCs/"},
    {M_CHILD_QUANTITIES, SY_ROLE_CHILD, true, "/childQuantityList/"},
    {M_INPUT_EPCS, SY_ROLE_INPUT, false, "/inputEPCList/"},
    {M_INPUT_QUANTITIES, SY_ROLE_INPUT, true, "/inputQuantityList/"},
    {M_OUTPUT_EPCS, SY_ROLE_OUTPUT, false, "/outputEPCList/"},
    {M_OUTPUT_QUANTITIES, SY_ROLE_OUTPUT, true, "/outputQuantityList/"},
};
#define LISTS (sizeof lists / sizeof lists[0])

/* NAME, index, MEMBER; a list may have tens of thousands, so no printf. */
static const char *pointer_of(struct event_reader *r, const char *name, size_t index,
			      const char *member)
{
	char digits[20];
	size_t n = strlen(name), m = strlen(member), d = sizeof digits;
	do
		digits[--d] = (char)('0' + index % 10);
	while ((index /= 10) > 0);
	char *p = sy_arena_alloc(r->arena, n + sizeof digits - d + m + 1);
	if (p == NULL) {
		sy_event_out_of_memory(r);
		return NULL;
	}
	memcpy(p, name, n);
	memcpy(p + n, digits + d, sizeof digits - d);
	memcpy(p + n + sizeof digits - d, member, m + 1);
	return p;
}

/* The pointer of an item's member, in OUT, for as long as a fault needs it. */
#define WHERE_MAX 64
static const char *at(const struct sy_event_item *item, const char *member, char out[WHERE_MAX])
{
	size_t n = strlen(item->pointer);
	memcpy(out, item->pointer, n);
	memcpy(out + n, member, strlen(member) + 1);
	return out;
}

static bool names_class(enum sy_code_kind kind)
{
	return kind == SY_CODE_PRODUCT || kind == SY_CODE_LOT;
}

static bool names_one(enum sy_code_kind kind)
{
	return kind == SY_CODE_UNIT || kind == SY_CODE_LOGISTIC || kind == SY_CODE_CN_DRUG;
}

static bool read_epc(struct event_reader *r, const struct sy_json *v, struct sy_event_item *item)
{
	struct sy_str text;
	if (!sy_event_text(r, v, item->pointer, &text) ||
	    !sy_event_code(r, text, item->pointer, &item->code))
		return false;
	if (names_class(item->code.kind)) {
		sy_event_fault(
		    r, SY_ERULES, item->pointer,
		    "names a %s, expected one single item; a %s belongs in a quantity list",
		    "表示的是 %s，应为单个物品；%s 应列在数量列表中",
		    sy_code_kind_name(item->code.kind), sy_code_kind_name(item->code.kind));
		return false;
	}
	item->has_quantity = true;
	item->quantity = (struct sy_decimal){1, 0};
	return true;
}

/* True: a quantity is there, whatever it is. */
static bool read_amount(struct event_reader *r, const struct sy_json *v, struct sy_event_item *item)
{
	struct sy_decimal quantity;
	static const struct event_words negative = {"negative", "负数"}, zero = {"0", " 0"};
	char where[WHERE_MAX];
	int err = SY_EINVAL;
	at(item, "/quantity", where);
	if (v->type == SY_JSON_NUMBER)
		err = sy_decimal_parse(sy_json_raw(r->doc, v), &quantity);
	if (err == SY_ERANGE)
		sy_event_fault(r, err, where,
			       "quantity is out of range, expected at most 18 digits",
			       "quantity 超出范围，应不超过 18 位数字");
	else if (err)
		sy_event_fault(r, err, where, "quantity: expected a number", "quantity：应为数");
	else if (quantity.coef <= 0)
		sy_event_fault(r, SY_ERULES, where, "quantity is %s, expected more than 0",
			       "quantity 为%s，应大于 0",
			       sy_event_words(r, quantity.coef < 0 ? negative : zero));
	/* What the ledger took when 0 was legal is still what it was. */
	item->has_quantity = err == SY_OK && quantity.coef >= 0;
	if (item->has_quantity)
		item->quantity = quantity;
	return true;
}

/* UN/ECE Recommendation 20 (and 21 for packages): two or three capitals and digits. */
static void read_unit(struct event_reader *r, const struct sy_json *v, struct sy_event_item *item)
{
	char where[WHERE_MAX];
	if (!sy_event_text(r, v, at(item, "/uom", where), &item->unit))
		return;
	bool fits = item->unit.n >= 2 && item->unit.n <= 3;
	for (size_t i = 0; fits && i < item->unit.n; i++)
		fits = (item->unit.p[i] >= 'A' && item->unit.p[i] <= 'Z') ||
		       (item->unit.p[i] >= '0' && item->unit.p[i] <= '9');
	if (!fits)
		sy_event_fault(
		    r, SY_ERULES, where,
		    "uom is \"%.*s\", expected a UN/ECE unit code such as KGM, LTR or H87",
		    "uom 为 \"%.*s\"，应为 UN/ECE 单位代码，如 KGM、LTR 或 H87",
		    sy_event_cut(item->unit), item->unit.p);
}

static void refuse_member(struct event_reader *r, const struct sy_json *member,
			  const struct list *list, size_t index)
{
	struct sy_str name = {list->name + 1, strlen(list->name) - 2};
	sy_event_enter(r, name, 0);
	sy_event_enter(r, (struct sy_str){NULL, 0}, index);
	sy_event_enter(r, sy_event_key(r, member), 0);
	sy_event_fault(r, SY_ERULES, sy_event_here(r),
		       "isn't a member of a quantity element, expected only epcClass, quantity "
		       "and uom",
		       "不是数量元素的成员，应只有 epcClass、quantity 和 uom");
	r->depth -= 3;
}

/* EPCIS 2.0 section 7.3.3.3. */
static void check_amount(struct event_reader *r, const struct sy_event_item *item, bool counted)
{
	char where[WHERE_MAX];
	if (!counted && item->unit.n > 0)
		sy_event_fault(r, SY_ERULES, at(item, "/uom", where),
			       "stands without a quantity, expected both or neither",
			       "没有相应的 quantity，两者应同有或同无");
	else if (item->has_quantity && item->unit.n == 0 && item->quantity.scale > 0)
		sy_event_fault(r, SY_OK, at(item, "/quantity", where),
			       "is a fraction without uom, expected a whole number of pieces or a "
			       "uom",
			       "是小数却没有 uom，应为整数件数或写明 uom");
}

static bool read_class(struct event_reader *r, const struct sy_json *v, struct sy_event_item *item,
		       const struct list *list, size_t index)
{
	const struct sy_json *member, *epc_class = NULL;
	struct sy_str text;
	bool counted = false;
	if (v->type != SY_JSON_OBJECT) {
		sy_event_fault(r, SY_EINVAL, item->pointer,
			       "expected an object with epcClass, quantity and uom",
			       "应为含 epcClass、quantity 和 uom 的对象");
		return false;
	}
	sy_json_each (r->doc, v, member) {
		if (sy_json_key_is(r->doc, member, "epcClass"))
			epc_class = member;
		else if (sy_json_key_is(r->doc, member, "quantity"))
			counted = read_amount(r, member, item);
		else if (sy_json_key_is(r->doc, member, "uom"))
			read_unit(r, member, item);
		else
			refuse_member(r, member, list, index);
	}
	check_amount(r, item, counted);
	if (epc_class == NULL) {
		sy_event_fault(r, SY_ERULES, item->pointer, "epcClass is missing", "缺少 epcClass");
		return false;
	}
	if (!sy_event_text(r, epc_class, item->code_pointer, &text) ||
	    !sy_event_code(r, text, item->code_pointer, &item->code))
		return false;
	if (names_one(item->code.kind))
		sy_event_fault(
		    r, SY_ERULES, item->code_pointer,
		    "epcClass names one single item, expected a product or a lot; single items "
		    "belong in an EPC list",
		    "epcClass 表示单个物品，应为产品或批次；单个物品应列在 EPC 列表中");
	return !names_one(item->code.kind);
}

static void read_list(struct event_reader *r, const struct list *list)
{
	const struct sy_json *v;
	size_t index = 0;
	sy_json_each (r->doc, r->members[list->member], v) {
		struct sy_event_item *item = &r->out->items[r->out->n_items];
		item->role = list->role;
		item->is_class = list->classes;
		item->pointer = item->code_pointer = pointer_of(r, list->name, index, "");
		if (list->classes)
			item->code_pointer = pointer_of(r, list->name, index, "/epcClass");
		index++;
		if (item->pointer == NULL || item->code_pointer == NULL)
			return;
		bool fine =
		    list->classes ? read_class(r, v, item, list, index - 1) : read_epc(r, v, item);
		if (fine)
			r->out->n_items++;
		else
			*item = (struct sy_event_item){0};
	}
}

static void read_parent(struct event_reader *r)
{
	struct sy_event_item *item = &r->out->items[r->out->n_items];
	if (r->members[M_PARENT] == NULL)
		return;
	item->role = SY_ROLE_PARENT;
	item->pointer = item->code_pointer = "/parentID";
	if (read_epc(r, r->members[M_PARENT], item))
		r->out->n_items++;
	else
		*item = (struct sy_event_item){0};
}

static int compare_items(const void *a, const void *b)
{
	const struct sy_event_item *x = *(struct sy_event_item *const *)a;
	const struct sy_event_item *y = *(struct sy_event_item *const *)b;
	int order = sy_str_cmp(x->code.canonical, y->code.canonical);
	return order != 0 ? order : (x > y) - (x < y);
}

/* A thing can't be at two places of one event.  Classes may: their quantities add. */
static void refuse_twins(struct event_reader *r)
{
	struct sy_event_item **v, *items = r->out->items;
	size_t n = 0;
	if (r->out->n_items < 2)
		return;
	if ((v = sy_arena_calloc(r->arena, r->out->n_items, sizeof(struct sy_event_item *))) ==
	    NULL) {
		sy_event_out_of_memory(r);
		return;
	}
	for (size_t i = 0; i < r->out->n_items; i++)
		if (!items[i].is_class)
			v[n++] = &items[i];
	qsort(v, n, sizeof(struct sy_event_item *), compare_items);
	for (size_t i = 1; i < n; i++)
		if (sy_str_eq(v[i]->code.canonical, v[i - 1]->code.canonical))
			sy_event_fault(r, SY_ERULES, v[i]->pointer, "the same item as %s",
				       "与 %s 是同一物品", v[i - 1]->pointer);
}

static size_t count_of(const struct event_reader *r, enum sy_item_role role)
{
	size_t n = 0;
	for (size_t i = 0; i < LISTS; i++)
		if (lists[i].role == role && r->members[lists[i].member] != NULL)
			n += r->members[lists[i].member]->count;
	return n;
}

static const struct event_words
    no_subject = {"names no item, expected epcList or quantityList",
		  "没有列出物品，应有 epcList 或 quantityList"},
    no_child = {"names no item, expected childEPCs or childQuantityList",
		"没有列出物品，应有 childEPCs 或 childQuantityList"},
    no_parent = {"parentID is missing", "缺少 parentID"},
    no_ends = {"names no item, expected inputs and outputs", "没有列出物品，应有投入和产出"},
    half = {"expected inputs and outputs, or a transformationID that joins it to the event with "
	    "the others",
	    "应有投入和产出，或以 transformationID 与列有另一方的事件相连"};

/* EPCIS 2.0 section 7.4, what each kind must name. */
static void refuse_nothing(struct event_reader *r)
{
	size_t subjects = count_of(r, SY_ROLE_SUBJECT), children = count_of(r, SY_ROLE_CHILD);
	size_t inputs = count_of(r, SY_ROLE_INPUT), outputs = count_of(r, SY_ROLE_OUTPUT);
	bool parent = r->members[M_PARENT] != NULL, clears = r->out->action == SY_ACTION_DELETE;
	bool senses = r->members[M_SENSORS] && r->members[M_SENSORS]->count > 0;
	const struct event_words *missing = NULL;

	switch (r->out->kind) {
	case SY_EVENT_OBJECT:
		if (subjects == 0 && !(senses && r->members[M_READ_POINT]))
			missing = &no_subject;
		break;
	case SY_EVENT_TRANSACTION:
		/* a parent alone says so by an empty epcList */
		if (subjects == 0 && !(parent && r->members[M_EPCS]) && !clears)
			missing = &no_subject;
		break;
	case SY_EVENT_AGGREGATION:
	case SY_EVENT_ASSOCIATION:
		if (children == 0 && !clears)
			missing = &no_child;
		else if (!parent && r->out->kind == SY_EVENT_AGGREGATION &&
			 r->out->action != SY_ACTION_OBSERVE)
			missing = &no_parent;
		break;
	case SY_EVENT_TRANSFORMATION:
		if (inputs + outputs == 0)
			missing = &no_ends;
		else if ((inputs == 0 || outputs == 0) && r->members[M_TRANSFORMATION] == NULL)
			missing = &half;
		break;
	case SY_EVENT_NONE:
		break;
	}
	if (missing != NULL)
		sy_event_fault(r, SY_ERULES, "", "%s", "%s", sy_event_words(r, *missing));
}

void sy_event_read_items(struct event_reader *r)
{
	size_t n = 1; /* the parent */
	for (size_t i = 0; i < LISTS; i++)
		n += r->members[lists[i].member] ? r->members[lists[i].member]->count : 0;
	if (n > SY_EVENT_ITEMS_MAX) {
		sy_event_fault(r, SY_ERULES, "", "names %zu items, expected at most %d",
			       "列出 %zu 个物品，应不超过 %d 个", n, SY_EVENT_ITEMS_MAX);
		return;
	}
	r->out->items = sy_arena_calloc(r->arena, n, sizeof(struct sy_event_item));
	if (r->out->items == NULL) {
		sy_event_out_of_memory(r);
		return;
	}
	read_parent(r);
	for (size_t i = 0; i < LISTS; i++)
		if (r->members[lists[i].member] != NULL)
			read_list(r, &lists[i]);
	refuse_twins(r);
	refuse_nothing(r);
}
