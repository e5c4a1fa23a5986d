#include "row_impl.h"

static bool read_date(struct batch *b, enum field f, int32_t *day)
{
	struct sy_str text = row_value(b, f);

	*day = SY_NO_DAY;
	if (text.n == 0)
		return false;
	if (sy_date_read(text, day) == SY_OK)
		return true;
	wrong(b, f, "%.*s is no date: 2026-11-01, 20261101 or 2026年11月1日", (int)text.n, text.p);
	*day = SY_NO_DAY;
	return false;
}

static int32_t put_date(struct batch *b, enum field f, const char *name)
{
	char text[12];
	int32_t day;

	if (read_date(b, f, &day)) {
		sy_date_format(day, text);
		sy_jw_kv_text(&b->w, name, text);
	}
	return day;
}

static void put_text(struct batch *b, enum field f, const char *name)
{
	struct sy_str text = row_value(b, f);

	if (text.n > 0)
		sy_jw_kv_str(&b->w, name, text);
}

/* A word in either language to the one that the record carries. */
struct word {
	const char *is, *names;
};

static const struct word results[] = {{"pass", "pass|合格"}, {"fail", "fail|不合格"}, {0}};
static const struct word kinds[] = {{"firm", "firm|出厂检验|自检"},
				    {"laboratory", "laboratory|委托检验"},
				    {"supervision", "supervision|监督抽检|抽检"},
				    {0}};
static const struct word bases[] = {{"control", "control|质量安全控制符合要求"},
				    {"self-test", "self-test|自行检测合格"},
				    {"laboratory", "laboratory|委托检测合格"},
				    {0}};

static bool in_names(struct sy_str text, const char *names)
{
	for (const char *p = names; *p != '\0';) {
		size_t n = strcspn(p, "|");
		if (sy_str_eq(text, (struct sy_str){p, n}))
			return true;
		p += n + (p[n] == '|');
	}
	return false;
}

static void put_word(struct batch *b, enum field f, const char *name, const struct word *words,
		     const char *otherwise)
{
	struct sy_str text = row_value(b, f);
	const struct word *w = words;

	if (text.n == 0) {
		if (otherwise != NULL)
			sy_jw_kv_text(&b->w, name, otherwise);
		return;
	}
	while (w->is != NULL && !in_names(text, w->names))
		w++;
	if (w->is != NULL)
		sy_jw_kv_text(&b->w, name, w->is);
	else
		wrong(b, f, "%.*s: expected %s", (int)text.n, text.p, columns[f].what);
}

static void put_origin(struct batch *b)
{
	struct sy_str origin = row_value(b, F_ORIGIN), country = row_value(b, F_COUNTRY);
	bool digits = origin.n == 6;

	for (size_t i = 0; i < origin.n; i++)
		digits = digits && origin.p[i] >= '0' && origin.p[i] <= '9';
	if (origin.n > 0 && !digits)
		wrong(b, F_ORIGIN, "%.*s: expected 6 digits of GB/T 2260", (int)origin.n, origin.p);
	else
		put_text(b, F_ORIGIN, "suyuan:origin");
	bool letters = country.n == 2 && country.p[0] >= 'A' && country.p[0] <= 'Z' &&
		       country.p[1] >= 'A' && country.p[1] <= 'Z';
	if (country.n > 0 && !letters)
		wrong(b, F_COUNTRY, "%.*s: expected 2 capitals of ISO 3166", (int)country.n,
		      country.p);
	else
		put_text(b, F_COUNTRY, "cbvmda:countryOfOrigin");
}

static void put_pledge(struct batch *b)
{
	if (row_value(b, F_PLEDGE).n == 0 && row_value(b, F_BASIS).n == 0)
		return;
	sy_jw_key(&b->w, "suyuan:pledge");
	sy_jw_object(&b->w);
	put_text(b, F_PLEDGE, "number");
	put_word(b, F_BASIS, "basis", bases, NULL);
	sy_jw_end(&b->w, '}');
}

static void put_input(struct batch *b, struct sy_str part, struct sy_str date)
{
	const char *colon = memchr(part.p, ':', part.n);
	struct sy_str name = part;
	char text[12];
	int32_t day;

	if (colon != NULL) {
		name = row_trim((struct sy_str){part.p, (size_t)(colon - part.p)});
		date = row_trim((struct sy_str){colon + 1, part.n - (size_t)(colon - part.p) - 1});
	}
	sy_jw_object(&b->w);
	sy_jw_kv_str(&b->w, "name", name);
	if (date.n > 0 && sy_date_read(date, &day) == SY_OK) {
		sy_date_format(day, text);
		sy_jw_kv_text(&b->w, "stopDate", text);
	} else if (date.n > 0) {
		wrong(b, F_INPUTS, "%.*s is no date for %.*s", (int)date.n, date.p, (int)name.n,
		      name.p);
	}
	sy_jw_end(&b->w, '}');
}

static void put_inputs(struct batch *b)
{
	struct sy_str inputs = row_value(b, F_INPUTS), dates = row_value(b, F_STOP_DATES), part,
		      date;

	if (inputs.n == 0)
		return;
	sy_jw_key(&b->w, "suyuan:inputs");
	sy_jw_array(&b->w);
	while (row_part(&inputs, &part)) {
		if (!row_part(&dates, &date))
			date = (struct sy_str){"", 0};
		put_input(b, part, date);
	}
	sy_jw_end(&b->w, ']');
}

static void put_ilmd(struct batch *b)
{
	int32_t made, expires, best;

	sy_jw_key(&b->w, "ilmd");
	sy_jw_object(&b->w);
	if (b->has_lot)
		sy_jw_kv_str(&b->w, "cbvmda:lotNumber", b->lot.lot);
	else
		put_text(b, F_LOT, "cbvmda:lotNumber");
	made = put_date(b, F_MADE, "suyuan:productionDate");
	put_date(b, F_HARVESTED, "cbvmda:harvestEndDate");
	expires = put_date(b, F_EXPIRES, "cbvmda:itemExpirationDate");
	best = put_date(b, F_BEST_BEFORE, "cbvmda:bestBeforeDate");
	if (made != SY_NO_DAY && expires != SY_NO_DAY && expires < made)
		wrong(b, F_EXPIRES, "expires before it was made");
	if (made != SY_NO_DAY && best != SY_NO_DAY && best < made)
		wrong(b, F_BEST_BEFORE, "best before a day before it was made");
	put_origin(b);
	put_pledge(b);
	put_inputs(b);
	put_text(b, F_PACK_RATIO, "suyuan:packRatio");
	sy_jw_end(&b->w, '}');
}

static void put_report(struct batch *b)
{
	struct sy_str hex = row_value(b, F_REPORT);
	uint8_t digest[32];

	if (hex.n == 0)
		return;
	if (hex.n != 64 || sy_unhex(hex, digest, sizeof digest) != SY_OK) {
		wrong(b, F_REPORT, "expected a SHA-256 of 64 hex digits, lower case");
		return;
	}
	sy_jw_key(&b->w, "report");
	sy_jw_object(&b->w);
	sy_jw_kv_str(&b->w, "sha256", hex);
	sy_jw_end(&b->w, '}');
}

static void put_inspection(struct batch *b)
{
	bool any = false;

	for (int f = F_INSPECTION; f <= F_REPORT; f++)
		any = any || row_value(b, (enum field)f).n > 0;
	if (!any)
		return;
	sy_jw_key(&b->w, "suyuan:inspection");
	sy_jw_object(&b->w);
	put_text(b, F_INSPECTION, "number");
	put_word(b, F_RESULT, "result", results, NULL);
	put_word(b, F_KIND, "kind", kinds, "firm");
	put_text(b, F_STANDARD, "standard");
	put_text(b, F_LABORATORY, "laboratory");
	put_date(b, F_INSPECTED, "date");
	put_report(b);
	sy_jw_end(&b->w, '}');
}

static void put_amount(struct batch *b, struct sy_str code, const struct sy_decimal *quantity,
		       const char *unit)
{
	char number[SY_DECIMAL_TEXT];

	sy_jw_object(&b->w);
	sy_jw_kv_str(&b->w, "epcClass", code);
	if (quantity != NULL) {
		sy_decimal_format(*quantity, number);
		sy_jw_key(&b->w, "quantity");
		sy_jw_raw(&b->w, sy_str(number));
		if (unit != NULL && unit[0] != '\0')
			sy_jw_kv_text(&b->w, "uom", unit);
	}
	sy_jw_end(&b->w, '}');
}

/* The batch itself: units by their codes; the lot as a quantity where units don't count for it. */
static void put_items(struct batch *b, const char *epcs, const char *quantities)
{
	if (b->n_epcs > 0) {
		sy_jw_key(&b->w, epcs);
		sy_jw_array(&b->w);
		for (size_t i = 0; i < b->n_epcs; i++)
			sy_jw_string(&b->w, b->epcs[i]);
		sy_jw_end(&b->w, ']');
	}
	bool whole = b->n_epcs == 0 || row_value(b, F_TRACE).n > 0;
	if (!b->has_lot || !whole)
		return;
	sy_jw_key(&b->w, quantities);
	sy_jw_array(&b->w);
	put_amount(b, b->lot.canonical, b->has_quantity ? &b->quantity : NULL, b->unit);
	sy_jw_end(&b->w, ']');
}

/* The code may hold colons itself: quantity and unit are what is behind the last two. */
static void put_input_lot(struct batch *b, struct sy_str part)
{
	struct sy_str unit, amount, code = part;
	struct sy_decimal quantity;
	struct sy_code parsed;
	char keep[4];
	size_t n = part.n, m;

	while (n > 0 && part.p[n - 1] != ':')
		n--;
	for (m = n > 0 ? n - 1 : 0; m > 0 && part.p[m - 1] != ':';)
		m--;
	unit = row_trim((struct sy_str){part.p + n, part.n - n});
	amount = row_trim((struct sy_str){part.p + m, n > 0 ? n - 1 - m : 0});
	bool counted = n > 0 && m > 0 && row_decimal(amount, &quantity);
	const char *uom = counted ? unit_code(unit, keep) : "";
	if (counted && uom != NULL)
		code = (struct sy_str){part.p, m - 1};
	if (!row_code(b, F_INPUT_LOTS, code, &parsed))
		return;
	put_amount(b, parsed.canonical, counted ? &quantity : NULL, uom);
}

static void put_input_lots(struct batch *b)
{
	struct sy_str rest = row_value(b, F_INPUT_LOTS), part;

	sy_jw_key(&b->w, "inputQuantityList");
	sy_jw_array(&b->w);
	while (row_part(&rest, &part))
		put_input_lot(b, part);
	sy_jw_end(&b->w, ']');
}

/* RFC 3339 as given, else 00:00 at +08:00 of the day it was made or harvested. */
static void put_time(struct batch *b)
{
	struct sy_str at = row_value(b, F_AT);
	struct sy_str zone = SY_STR("+08:00");
	int64_t ms;
	int32_t day;
	char text[12];

	if (at.n > 0 && sy_time_parse(at, &ms) == SY_OK) {
		sy_jw_kv_str(&b->w, "eventTime", at);
		if (at.n > 6 && (at.p[at.n - 6] == '+' || at.p[at.n - 6] == '-'))
			zone = (struct sy_str){at.p + at.n - 6, 6};
		else
			zone = SY_STR("+00:00");
		sy_jw_kv_str(&b->w, "eventTimeZoneOffset", zone);
		return;
	}
	if (at.n > 0) {
		wrong(b, F_AT, "%.*s: expected RFC 3339, 2026-11-01T08:00:00+08:00", (int)at.n,
		      at.p);
		return;
	}
	struct sy_str made = row_value(b, F_MADE), harvested = row_value(b, F_HARVESTED);
	if (made.n == 0 && harvested.n == 0) {
		wrong(b, F_MADE, "is missing: when was it made (or harvested)?");
		return;
	}
	if (sy_date_read(made.n > 0 ? made : harvested, &day) != SY_OK)
		return; /* named where the date itself is written */
	sy_date_format(day, text);
	sy_jw_kv_text(&b->w, "eventTime", sy_arena_printf(b->arena, "%sT00:00:00+08:00", text));
	sy_jw_kv_str(&b->w, "eventTimeZoneOffset", zone);
}

static void put_place(struct batch *b)
{
	struct sy_str place = row_value(b, F_PLACE);
	const char *id = NULL;

	if (place.n == 0)
		return;
	if (memchr(place.p, ':', place.n) != NULL)
		id = sy_arena_strdup(b->arena, place);
	else if (sy_gln_parse(place) == SY_OK)
		id =
		    sy_arena_printf(b->arena, "https://id.gs1.org/414/%.*s", (int)place.n, place.p);
	if (id == NULL) {
		wrong(b, F_PLACE, "%.*s is neither a GLN with its check digit nor a URI",
		      (int)place.n, place.p);
		return;
	}
	sy_jw_key(&b->w, "bizLocation");
	sy_jw_object(&b->w);
	sy_jw_kv_text(&b->w, "id", id);
	sy_jw_end(&b->w, '}');
}

void row_write(struct batch *b)
{
	bool transform = row_value(b, F_INPUT_LOTS).n > 0;

	put_time(b);
	if (!transform)
		sy_jw_kv_text(&b->w, "action", "ADD");
	sy_jw_kv_text(&b->w, "bizStep", "commissioning");
	if (!transform)
		sy_jw_kv_text(&b->w, "disposition", "active");
	if (transform) {
		put_input_lots(b);
		put_items(b, "outputEPCList", "outputQuantityList");
	} else {
		put_items(b, "epcList", "quantityList");
	}
	put_place(b);
	put_ilmd(b);
	put_inspection(b);
}
