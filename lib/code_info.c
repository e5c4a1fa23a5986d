/* What a code says, in full; and what numbers are that name no item. */
#include "code_impl.h"

/* --- readings --------------------------------------------------------------------------------- */

static bool gtin(struct sy_str s)
{
	char out[15];
	return sy_gtin_parse(s, out) == SY_OK;
}

static bool gln(struct sy_str s)
{
	return sy_gln_parse(s) == SY_OK;
}

static bool mod10(struct sy_str s)
{
	return sy_gs1_check_digit((struct sy_str){s.p, s.n - 1}) == s.p[s.n - 1];
}

/* 药品本位码: China, drugs, ten digits and a check digit. */
static bool drug_standard(struct sy_str s)
{
	return s.p[2] == '9' && mod10(s);
}

static bool uscc(struct sy_str s)
{
	return sy_uscc_check(s) == SY_OK;
}

/* ISO 7064 MOD 11,10 over the fourteen digits behind SC. */
static bool food_licence(struct sy_str s)
{
	unsigned p = 10;
	for (size_t i = 2; i + 1 < s.n; i++) {
		p = (p + (unsigned)(s.p[i] - '0')) % 10;
		p = (p == 0 ? 10 : p) * 2 % 11;
	}
	return (11 - p) % 10 == (unsigned)(s.p[s.n - 1] - '0');
}

/* GB/T 2260: the first two digits are a province. */
static bool region(struct sy_str s)
{
	static const char provinces[] = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 "
					"45 46 50 51 52 53 54 61 62 63 64 65 71 81 82";
	for (const char *p = provinces; *p != '\0'; p += 2 + (p[2] == ' '))
		if (memcmp(p, s.p, 2) == 0)
			return true;
	return false;
}

/*
 * SHAPE: 9 is a digit, A a character of the social credit code, ? a capital; any other character
 * is itself.  HOLDS NULL: nothing more is known of it.
 */
enum { ITEM = 1, UNSURE = 2 };
static const struct {
	const char *name, *shape;
	unsigned flags;
	bool (*holds)(struct sy_str s);
	const char *english, *chinese;
} shapes[] = {
    {"gtin", "99999999", ITEM, gtin, "a product's number, GTIN-8", "商品条码 GTIN-8"},
    {"gtin", "999999999999", ITEM, gtin, "a product's number, GTIN-12", "商品条码 GTIN-12"},
    {"gtin", "9999999999999", ITEM, gtin, "a product's number, GTIN-13", "商品条码 GTIN-13"},
    {"gln", "9999999999999", ITEM, gln,
     "a place's or a party's number, GLN, with (414) or (417) before it",
     "位置码 GLN，前加(414)或(417)"},
    {"gtin", "99999999999999", ITEM, gtin, "a product's number, GTIN-14", "商品条码 GTIN-14"},
    {"drug-standard-code", "86999999999999", 0, drug_standard,
     "a drug's standard code, of the product as approved", "药品本位码"},
    {"sscc", "999999999999999999", ITEM, mod10,
     "a logistic unit's number, SSCC, with (00) before it", "系列货运包装箱代码 SSCC，前加(00)"},
    {"uscc", "AAAAAAAAAAAAAAAAAA", ITEM, uscc,
     "a party's unified social credit code, with urn:suyuan:cn:uscc: before it",
     "统一社会信用代码，前加 urn:suyuan:cn:uscc:"},
    {"drug-trace-code", "89999999999999999999", ITEM, NULL, "a drug's trace code", "药品追溯码"},
    {"drug-product-code", "8999999", 0, NULL,
     "a drug's product code, with urn:suyuan:cn:drug-product: before it",
     "药品标识码，前加 urn:suyuan:cn:drug-product:"},
    {"food-licence", "SC99999999999999", UNSURE, food_licence, "a licence to produce food",
     "食品生产许可证编号"},
    {"product-licence", "XK99-999-99999", 0, NULL, "a licence to produce an industrial product",
     "工业产品生产许可证编号"},
    {"product-licence", "XK9999999999", 0, NULL, "a licence to produce an industrial product",
     "工业产品生产许可证编号"},
    {"compulsory-certificate", "2099999999999999", 0, NULL, "a compulsory product certificate, CCC",
     "强制性产品认证（CCC）证书编号"},
    {"drug-approval", "国药准字?99999999", 0, NULL, "a drug's approval", "药品批准文号"},
    {"region", "999999", 0, region, "a region, GB/T 2260", "行政区划代码 GB/T 2260"},
};

static bool fits(const char *shape, struct sy_str s)
{
	size_t n = strlen(shape);
	if (n != s.n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[i];
		bool digit = c >= '0' && c <= '9', capital = c >= 'A' && c <= 'Z';
		if (shape[i] == '9'   ? !digit
		    : shape[i] == 'A' ? !digit && (!capital || strchr("IOSVZ", c) != NULL)
		    : shape[i] == '?' ? !capital
				      : shape[i] != c)
			return false;
	}
	return true;
}

size_t sy_code_readings(struct sy_str text, struct sy_code_reading out[SY_CODE_READINGS_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (n < SY_CODE_READINGS_MAX && fits(shapes[i].shape, text))
			out[n++] = (struct sy_code_reading){.name = shapes[i].name,
							    .english = shapes[i].english,
							    .chinese = shapes[i].chinese,
							    .item = shapes[i].flags & ITEM,
							    .unsure = shapes[i].flags & UNSURE,
							    .holds = shapes[i].holds == NULL ||
								     shapes[i].holds(text)};
	return n;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What the code was taken for, by the first reading that names its kind. */
static bool is_taken(const struct sy_code *c, const char *name)
{
	switch (c->kind) {
	case SY_CODE_PRODUCT:
		return strcmp(name, "gtin") == 0;
	case SY_CODE_LOGISTIC:
		return strcmp(name, "sscc") == 0;
	case SY_CODE_PARTY:
		return strcmp(name, "uscc") == 0;
	case SY_CODE_CN_DRUG:
		return strcmp(name, "drug-trace-code") == 0;
	default:
		return false;
	}
}

static int keep_parts(const struct code_reader *r, struct sy_code_info *info)
{
	const struct element *key = sy_code_key(r), *quals[ELEMENTS_MAX];
	size_t n_quals = key ? sy_code_qualifiers(r, key, quals) : 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct element *e = &r->elements[i];
		struct sy_code_part *p = &info->parts[info->n_parts];
		char name[8];
		if (e->bad)
			continue;
		sy_ai_name(e->ai, name);
		memcpy(p->ai, name + 1, e->ai.row->digits);
		p->ai[e->ai.row->digits] = '\0';
		p->title = e->ai.row->title;
		p->value = (struct sy_str){sy_arena_strdup(r->arena, e->value), e->value.n};
		if (p->value.p == NULL)
			return SY_ENOMEM;
		p->role = e == key ? SY_PART_KEY : SY_PART_ATTRIBUTE;
		for (size_t q = 0; q < n_quals; q++)
			if (quals[q] == e)
				p->role = SY_PART_QUALIFIER;
		info->n_parts++;
	}
	return SY_OK;
}

int sy_code_explain(struct sy_arena *arena, struct sy_str text, struct sy_code_info *info,
		    struct sy_faults *faults)
{
	struct code_reader r;
	*info = (struct sy_code_info){0};
	sy_code_reader(&r, arena, &info->code, faults);
	r.marks = info->marks;
	int err = sy_code_read(&r, text);
	if (err == SY_ENOMEM || (err = keep_parts(&r, info)) != SY_OK)
		return err;
	info->n_marks = faults->n;
	info->n_readings = sy_code_readings(text, info->readings);
	for (size_t i = 0; i < info->n_readings; i++)
		info->readings[i].taken = is_taken(&info->code, info->readings[i].name);
	return r.err;
}
