/* What a row is about: its product and lot, serials, codes, and how many of them. */
#include "row_impl.h"
#include "words.h"

#define LOT_MAX 20

/* The faults of a code belong to the column that it stands in. */
static bool read_code(struct draft *d, enum field f, struct sy_str text, struct sy_code *out)
{
	size_t before = d->faults->n;
	int err = sy_code_parse(d->arena, text, out, d->faults, d->record, row_heading(f));

	for (size_t i = before; i < d->faults->n; i++)
		d->bad += d->faults->v[i].status != 0;
	if (err != SY_OK && d->faults->n == before)
		wrong(d, f, "%.*s is not a code: %s", "%.*s 不是代码：%s", (int)text.n, text.p,
		      words(sy_strerror(err)));
	return err == SY_OK;
}

static struct thing *add_thing(struct draft *d, struct things *list, enum field f,
			       struct sy_str code)
{
	if (list->n == list->cap) {
		size_t cap = list->cap > 0 ? 2 * list->cap : 8;
		struct thing *v = sy_arena_calloc(d->arena, cap, sizeof *v);
		if (v != NULL && list->n > 0)
			memcpy(v, list->v, list->n * sizeof *v);
		if (v == NULL) {
			wrong(d, f, "%s", "%s", words(sy_strerror(SY_ENOMEM)));
			return NULL;
		}
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n] = (struct thing){.code = code, .unit = ""};
	return &list->v[list->n++];
}

/* A single thing, which can't be there twice. */
static void add_one(struct draft *d, enum field f, struct sy_str code)
{
	uint64_t where = d->things.n;
	int err = code.n > 0 ? seen_add(&d->seen, code, &where) : SY_ENOMEM;

	if (err == SY_EDUP)
		wrong(d, f, "number %zu is the same as number %zu", "第 %zu 个与第 %zu 个相同",
		      d->things.n + 1, (size_t)where + 1);
	else if (err != SY_OK)
		wrong(d, f, "%s", "%s", words(sy_strerror(err)));
	else
		add_thing(d, &d->things, f, code);
}

/* --- product, lot, serials -------------------------------------------------------------------- */

/* 6.90123E+12: what a spreadsheet makes of a long number. */
static bool is_shortened(struct sy_str text)
{
	struct sy_decimal value;

	return memchr(text.p, 'E', text.n) != NULL && memchr(text.p, '.', text.n) != NULL &&
	       sy_decimal_parse(text, &value) != SY_EINVAL;
}

static bool read_product_code(struct draft *d, struct sy_str text)
{
	text = value_narrow(d->arena, text);
	if (is_shortened(text)) {
		wrong(d, F_PRODUCT,
		      "%.*s was shortened by a spreadsheet: expected all digits; format the "
		      "column as text",
		      "%.*s 被电子表格缩写：应为全部数字，请把该列设为文本", (int)text.n, text.p);
		return false;
	}
	return read_code(d, F_PRODUCT, text, &d->product);
}

/* A lot of codes that are not the product's, as a drug's are. */
static void check_lot(struct draft *d, struct sy_str lot)
{
	size_t n = 0;

	for (size_t i = 0; i < lot.n; i++)
		n += ((unsigned char)lot.p[i] & 0xc0) != 0x80;
	if (n > LOT_MAX)
		wrong(d, F_LOT, "%.*s: expected at most %d characters", "%.*s：应为至多 %d 个字符",
		      (int)lot.n, lot.p, LOT_MAX);
}

static void read_product(struct draft *d)
{
	struct sy_str text = row_value(d, F_PRODUCT), lot = row_value(d, F_LOT);

	if (text.n == 0) {
		check_lot(d, lot);
		if (d->verb->shape == SHAPE_MAKES && row_value(d, F_CODES).n == 0 &&
		    d->row->n_codes == 0 && row_value(d, F_TRANSFORMATION).n == 0)
			wrong(d, F_PRODUCT, "is missing: expected the product, a GTIN or its code",
			      "缺少：应为产品的 GTIN 或编码");
		return;
	}
	if (!read_product_code(d, text))
		return;
	if (d->product.kind == SY_CODE_LOT && lot.n == 0) {
		d->lot = d->product;
		d->has_lot = read_code(d, F_PRODUCT, d->lot.product, &d->product);
	} else if (d->product.kind != SY_CODE_PRODUCT) {
		wrong(d, F_PRODUCT, "%.*s is a %s: expected a product", "%.*s 是 %s：应为产品",
		      (int)text.n, text.p, sy_code_kind_name(d->product.kind));
		return;
	}
	d->has_product = true;
	if (lot.n == 0)
		return;
	if (sy_code_lot(d->arena, &d->product, lot, &d->lot) != SY_OK)
		wrong(d, F_LOT, "%.*s: expected at most 20 characters that a code may hold",
		      "%.*s：应为至多 20 个代码允许的字符", (int)lot.n, lot.p);
	else
		d->has_lot = true;
}

/*
 * A unit is named with its lot (.../10/{lot}/21/{serial}), so that the ledger knows what it
 * belongs to: the lot's own code with the unit's ending.
 */
static struct sy_str unit_in_lot(struct draft *d, const struct sy_code *unit, struct sy_str lot)
{
	if (lot.n == 0)
		return unit->canonical;
	struct sy_str ending = {unit->canonical.p + unit->product.n,
				unit->canonical.n - unit->product.n};
	return sy_str(
	    sy_arena_printf(d->arena, "%.*s%.*s", (int)lot.n, lot.p, (int)ending.n, ending.p));
}

static void read_serials(struct draft *d)
{
	struct sy_str serials = row_value(d, F_SERIAL), serial;
	struct sy_code unit;

	while (row_part(&serials, &serial)) {
		if (!d->has_product)
			continue;
		if (sy_code_unit(d->arena, &d->product, serial, &unit) != SY_OK)
			wrong(d, F_SERIAL,
			      "%.*s: expected at most 20 characters that a code may hold",
			      "%.*s：应为至多 20 个代码允许的字符", (int)serial.n, serial.p);
		else
			add_one(d, F_SERIAL, unit_in_lot(d, &unit, d->lot.canonical));
	}
}

/* --- codes with their quantities -------------------------------------------------------------- */

/* A code as it is written in a list, taken apart. */
struct spec {
	struct sy_str code, unit_text;
	bool counted;
	struct sy_decimal quantity;
	const char *unit; /* NULL: is none */
};

static const char *unit_of(struct draft *d, struct sy_str text)
{
	char keep[4];
	const char *unit = unit_code(text, keep);

	return unit == keep ? sy_arena_strdup(d->arena, sy_str(keep)) : unit;
}

/* "CODE QUANTITY UNIT", "CODE 12公斤", "CODE 12": no code has a blank. */
static bool take_words(struct draft *d, struct sy_str part, struct spec *out)
{
	struct sy_str rest;
	size_t n = 0;

	while (n < part.n && part.p[n] != ' ' && part.p[n] != '\t')
		n++;
	out->code = (struct sy_str){part.p, n};
	rest = value_trim((struct sy_str){part.p + n, part.n - n});
	for (n = 0; n < rest.n && strchr("0123456789.,", rest.p[n]) != NULL;)
		n++;
	out->unit_text = value_trim((struct sy_str){rest.p + n, rest.n - n});
	out->counted = true;
	out->unit = unit_of(d, out->unit_text);
	return value_decimal(d->arena, (struct sy_str){rest.p, n}, &out->quantity);
}

/* "CODE:QUANTITY:UNIT".  The code may hold colons itself: quantity and unit are what is behind
 * the last two, if they are that. */
static void take_colons(struct draft *d, struct sy_str part, struct spec *out)
{
	size_t n = part.n, m;

	while (n > 0 && part.p[n - 1] != ':')
		n--;
	for (m = n > 0 ? n - 1 : 0; m > 0 && part.p[m - 1] != ':';)
		m--;
	out->code = part;
	if (n == 0 || m == 0)
		return;
	struct sy_str amount = value_trim((struct sy_str){part.p + m, n - 1 - m});
	out->unit_text = value_trim((struct sy_str){part.p + n, part.n - n});
	out->counted = value_decimal(d->arena, amount, &out->quantity);
	out->unit = out->counted ? unit_of(d, out->unit_text) : "";
	if (out->counted)
		out->code = (struct sy_str){part.p, m - 1};
}

static bool take_spec(struct draft *d, enum field f, struct sy_str part, struct spec *out)
{
	struct sy_str narrow = value_narrow(d->arena, part);

	*out = (struct spec){.unit = ""};
	if (memchr(narrow.p, ' ', narrow.n) == NULL && memchr(narrow.p, '\t', narrow.n) == NULL) {
		take_colons(d, part, out);
	} else if (!take_words(d, narrow, out)) {
		wrong(d, f, "%.*s: expected a code, then a quantity above zero and its unit",
		      "%.*s：应为代码，后面是大于零的数量和单位", (int)part.n, part.p);
		return false;
	}
	if (out->unit != NULL)
		return true;
	wrong(d, f, "%.*s is no unit: expected 公斤 吨 升 米 个 盒 箱 袋 or a UN/ECE code",
	      "%.*s 不是单位：应为公斤 吨 升 米 个 盒 箱 袋或 UN/ECE 代码", (int)out->unit_text.n,
	      out->unit_text.p);
	return false;
}

/* May there be many of what the code names? */
static bool names_class(const struct spec *s, const struct sy_code *code)
{
	if (code->kind == SY_CODE_OTHER)
		return s->counted;
	return code->kind == SY_CODE_PRODUCT || code->kind == SY_CODE_LOT;
}

static void add_single(struct draft *d, enum field f, const struct sy_code *code)
{
	d->strangers =
	    d->strangers || !d->has_product || !sy_str_eq(code->product, d->product.canonical);
	/* the canonical form of GS1 leaves the lot out */
	bool drops = code->kind == SY_CODE_UNIT && code->scheme == SY_SCHEME_GS1;
	add_one(d, f, drops ? unit_in_lot(d, code, code->lot_code) : code->canonical);
}

static void read_spec(struct draft *d, enum field f, struct things *list, struct sy_str part)
{
	struct sy_code code;
	struct spec s;

	if (!take_spec(d, f, part, &s) || !read_code(d, f, s.code, &code))
		return;
	if (!names_class(&s, &code)) {
		if (s.counted)
			wrong(d, f, "%.*s is one single thing and takes no quantity",
			      "%.*s 是单件，没有数量", (int)s.code.n, s.code.p);
		else if (list == &d->things)
			add_single(d, f, &code);
		else
			add_thing(d, list, f, code.canonical);
		return;
	}
	struct thing *t = add_thing(d, list, f, code.canonical);
	if (t == NULL)
		return;
	t->is_class = true;
	t->counted = s.counted;
	t->quantity = s.quantity;
	t->unit = s.unit;
	list->classes++;
	if (list == &d->things && code.kind == SY_CODE_LOT && !d->has_lot)
		d->lot = code;
}

static void read_list(struct draft *d, enum field f, struct things *list)
{
	struct sy_str rest = row_value(d, f), part;

	while (row_part(&rest, &part))
		read_spec(d, f, list, part);
}

/* --- how many --------------------------------------------------------------------------------- */

/* The lot as a class, unless its units stand for it. */
static void add_lot(struct draft *d)
{
	bool bare = d->has_product && d->verb->shape != SHAPE_MAKES;

	if ((d->things.n > 0 && !d->strangers) || (!d->has_lot && !bare))
		return;
	struct thing *t =
	    add_thing(d, &d->things, F_LOT, d->has_lot ? d->lot.canonical : d->product.canonical);
	if (t != NULL) {
		t->is_class = true;
		d->things.classes++;
	}
}

/* The quantity of the row is that of its lot, or of its only code. */
static void set_quantity(struct draft *d, const struct sy_decimal *quantity, const char *unit)
{
	struct sy_str text = row_value(d, F_QUANTITY);
	size_t singles = d->things.n - d->things.classes;
	struct thing *last = d->things.n > 0 ? &d->things.v[d->things.n - 1] : NULL;
	bool one = d->things.classes == 1 && (d->has_product || singles == 0);

	if (one && last != NULL && last->is_class && !last->counted) {
		last->counted = true;
		last->quantity = *quantity;
		last->unit = unit;
	} else if (d->things.classes > 0) {
		wrong(d, F_QUANTITY,
		      "%.*s of which code?  Write it behind each: code:quantity:unit",
		      "%.*s 属于哪个代码？请写在各代码之后：代码:数量:单位", (int)text.n, text.p);
	} else if (singles > 0 && (quantity->scale != 0 || (uint64_t)quantity->coef != singles ||
				   unit[0] != '\0')) {
		struct sy_str of = row_value(d, F_UNIT);
		wrong(d, F_QUANTITY, "%zu serials are %zu pieces, not %.*s %.*s",
		      "%zu 个序列号是 %zu 件，不是 %.*s %.*s", singles, singles, (int)text.n,
		      text.p, (int)of.n, of.p);
	}
}

static void read_quantity(struct draft *d)
{
	struct sy_str text = row_value(d, F_QUANTITY), unit = row_value(d, F_UNIT);
	const char *code = unit_of(d, unit);
	struct sy_decimal quantity;

	if (code == NULL)
		wrong(d, F_UNIT,
		      "%.*s is no unit: expected 公斤 吨 升 米 个 盒 箱 袋 or a UN/ECE code",
		      "%.*s 不是单位：应为公斤 吨 升 米 个 盒 箱 袋或 UN/ECE 代码", (int)unit.n,
		      unit.p);
	if (text.n == 0)
		return;
	if (!value_decimal(d->arena, text, &quantity))
		wrong(d, F_QUANTITY, "%.*s is not a quantity: expected a decimal above zero",
		      "%.*s 不是数量：应为大于零的数", (int)text.n, text.p);
	else if (code != NULL && d->bad == 0)
		set_quantity(d, &quantity, code);
}

void row_read(struct draft *d)
{
	bool clears = d->verb->shape == SHAPE_PACKS && sy_str_is(sy_str(d->verb->action), "DELETE");

	read_product(d);
	read_serials(d);
	read_list(d, F_CODES, &d->things);
	for (size_t i = 0; i < d->row->n_codes; i++)
		read_spec(d, F_CODES, &d->things, d->row->codes[i]);
	read_list(d, F_INPUT_LOTS, &d->inputs);
	if (d->bad == 0)
		add_lot(d);
	read_quantity(d);
	if (d->bad > 0 || d->things.n > 0 || clears || row_value(d, F_TRANSFORMATION).n > 0)
		return;
	if (d->verb->shape == SHAPE_MAKES)
		wrong(d, F_LOT, "is missing: expected a lot, or serials", "缺少：应为批号或序列号");
	else
		wrong(d, F_CODES, "is missing: expected the codes of what this happened to",
		      "缺少：应为所涉货物的代码");
}
