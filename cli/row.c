#include <stdio.h>

#include "row.h"
#include "seen.h"

#define LIST_MAX 10000

/* What is known of the batch while its event is written. */
struct batch {
	struct sy_arena *arena;
	const struct row *row;
	struct sy_faults *faults;
	long record;
	size_t bad; /* faults of this row */
	struct sy_code product, lot;
	bool has_product, has_lot;
	struct sy_decimal quantity;
	bool has_quantity;
	const char *unit;
	char unit_keep[4];
	struct sy_str *epcs; /* codes of units */
	size_t n_epcs;
	struct seen seen; /* of them */
	struct sy_jw w;
};

#define wrong(b, field, ...) \
	((b)->bad++, sy_fault_add((b)->faults, 422, (b)->record, heading(field), NULL, __VA_ARGS__))

/* English and Chinese headings are both known; a fault names the English one. */
static const char *heading(enum field f)
{
	static _Thread_local char text[64];

	column_heading(f, false, text);
	return text;
}

static struct sy_str trim(struct sy_str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.n--;
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static struct sy_str value(const struct batch *b, enum field f)
{
	return trim(b->row->v[f]);
}

/* The next part of a list apart by ; or the Chinese ； or line breaks.  Empty parts are passed. */
static bool next_part(struct sy_str *rest, struct sy_str *part)
{
	while (rest->n > 0) {
		size_t n = 0, skip = 0;
		while (n < rest->n && skip == 0) {
			if (rest->p[n] == ';' || rest->p[n] == '\n')
				skip = 1;
			else if (rest->n - n >= 3 && memcmp(rest->p + n, "\xef\xbc\x9b", 3) == 0)
				skip = 3;
			else
				n++;
		}
		*part = trim((struct sy_str){rest->p, n});
		rest->p += n + skip;
		rest->n -= n + skip;
		if (part->n > 0)
			return true;
	}
	return false;
}

/* The faults of a code belong to the column that it stands in. */
static bool read_code(struct batch *b, enum field f, struct sy_str text, struct sy_code *out)
{
	size_t before = b->faults->n;
	int err = sy_code_parse(b->arena, text, out, b->faults, b->record, heading(f));

	for (size_t i = before; i < b->faults->n; i++)
		b->bad += b->faults->v[i].status != 0;
	if (err != SY_OK && b->faults->n == before)
		wrong(b, f, "%.*s is not a code: %s", (int)text.n, text.p, sy_strerror(err));
	return err == SY_OK;
}

static void read_product(struct batch *b)
{
	struct sy_str text = value(b, F_PRODUCT), lot = value(b, F_LOT);

	if (text.n == 0) {
		if (value(b, F_TRACE).n == 0)
			wrong(b, F_PRODUCT, "is missing: which product is it?");
		return;
	}
	if (!read_code(b, F_PRODUCT, text, &b->product))
		return;
	if (b->product.kind == SY_CODE_LOT && lot.n == 0) {
		b->lot = b->product;
		b->has_lot = read_code(b, F_PRODUCT, b->lot.product, &b->product);
	} else if (b->product.kind != SY_CODE_PRODUCT) {
		wrong(b, F_PRODUCT, "%.*s is a %s, not a product", (int)text.n, text.p,
		      sy_code_kind_name(b->product.kind));
		return;
	}
	b->has_product = true;
	if (lot.n == 0)
		return;
	if (sy_code_lot(b->arena, &b->product, lot, &b->lot) != SY_OK)
		wrong(b, F_LOT, "%.*s: at most 20 characters that a code may hold", (int)lot.n,
		      lot.p);
	else
		b->has_lot = true;
}

static void add_epc(struct batch *b, enum field f, struct sy_str code)
{
	uint64_t where = b->n_epcs;
	int err = code.n > 0 ? seen_add(&b->seen, code, &where) : SY_ENOMEM;

	if (err == SY_EDUP)
		wrong(b, f, "number %zu is the same as number %zu", b->n_epcs + 1,
		      (size_t)where + 1);
	else if (err != SY_OK)
		wrong(b, f, "%s", sy_strerror(err));
	else if (b->n_epcs == LIST_MAX)
		wrong(b, f, "more than %d units in one row", LIST_MAX);
	else
		b->epcs[b->n_epcs++] = code;
}

/*
 * A unit is named with its lot (.../10/{lot}/21/{serial}), so that the ledger knows what it
 * belongs to: the lot's own code with the unit's ending.
 */
static struct sy_str unit_in_lot(struct batch *b, const struct sy_code *unit)
{
	size_t n = b->product.canonical.n;

	if (!b->has_lot)
		return unit->canonical;
	const char *text = sy_arena_printf(b->arena, "%s%.*s", b->lot.canonical.p,
					   (int)(unit->canonical.n - n), unit->canonical.p + n);
	return sy_str(text);
}

static void read_serial(struct batch *b, struct sy_str serial)
{
	struct sy_code unit;

	if (!b->has_product)
		return;
	if (sy_code_unit(b->arena, &b->product, serial, &unit) != SY_OK)
		wrong(b, F_SERIAL, "%.*s: at most 20 characters that a code may hold",
		      (int)serial.n, serial.p);
	else
		add_epc(b, F_SERIAL, unit_in_lot(b, &unit));
}

static void read_units(struct batch *b)
{
	struct sy_str serials = value(b, F_SERIAL), traces = value(b, F_TRACE), part;
	struct sy_code code;
	size_t n = 2;

	for (size_t i = 0; i < serials.n; i++)
		n += serials.p[i] == ';' || serials.p[i] == '\n' || serials.p[i] == '\xef';
	for (size_t i = 0; i < traces.n; i++)
		n += traces.p[i] == ';' || traces.p[i] == '\n' || traces.p[i] == '\xef';
	b->epcs = sy_arena_calloc(b->arena, n, sizeof *b->epcs);
	if (b->epcs == NULL) {
		wrong(b, F_SERIAL, "%s", sy_strerror(SY_ENOMEM));
		return;
	}
	while (next_part(&serials, &part))
		read_serial(b, part);
	while (next_part(&traces, &part)) {
		if (read_code(b, F_TRACE, part, &code))
			add_epc(b, F_TRACE, code.canonical);
	}
}

/* 1234.50, with grouping commas taken away as Excel writes them. */
static bool read_decimal(struct sy_str text, struct sy_decimal *out)
{
	char plain[64];
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == ',')
			continue;
		if (n == sizeof plain)
			return false;
		plain[n++] = text.p[i];
	}
	return sy_decimal_parse((struct sy_str){plain, n}, out) == SY_OK && out->coef > 0;
}

static void read_quantity(struct batch *b)
{
	struct sy_str text = value(b, F_QUANTITY), unit = value(b, F_UNIT);

	b->unit = unit_code(unit, b->unit_keep);
	if (b->unit == NULL)
		wrong(b, F_UNIT, "%.*s is no unit: 公斤 吨 升 米 个 盒 箱 袋 or a UN/ECE code",
		      (int)unit.n, unit.p);
	if (text.n == 0)
		return;
	if (read_decimal(text, &b->quantity))
		b->has_quantity = true;
	else
		wrong(b, F_QUANTITY, "%.*s is not a quantity: a decimal above zero", (int)text.n,
		      text.p);
	size_t serials = value(b, F_TRACE).n == 0 ? b->n_epcs : 0;
	bool fits = b->quantity.scale == 0 && (uint64_t)b->quantity.coef == serials;
	if (b->bad == 0 && b->has_quantity && serials > 0 &&
	    (!fits || (b->unit && b->unit[0] != '\0')))
		wrong(b, F_QUANTITY, "%zu serials are %zu pieces, not %.*s %.*s", serials, serials,
		      (int)text.n, text.p, (int)unit.n, unit.p);
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool read_date(struct batch *b, enum field f, int32_t *day)
{
	struct sy_str text = value(b, f);

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
	struct sy_str text = value(b, f);

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
	struct sy_str text = value(b, f);
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
	struct sy_str origin = value(b, F_ORIGIN), country = value(b, F_COUNTRY);
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
	if (value(b, F_PLEDGE).n == 0 && value(b, F_BASIS).n == 0)
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
		name = trim((struct sy_str){part.p, (size_t)(colon - part.p)});
		date = trim((struct sy_str){colon + 1, part.n - (size_t)(colon - part.p) - 1});
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
	struct sy_str inputs = value(b, F_INPUTS), dates = value(b, F_STOP_DATES), part, date;

	if (inputs.n == 0)
		return;
	sy_jw_key(&b->w, "suyuan:inputs");
	sy_jw_array(&b->w);
	while (next_part(&inputs, &part)) {
		if (!next_part(&dates, &date))
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
	struct sy_str hex = value(b, F_REPORT);
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
		any = any || value(b, (enum field)f).n > 0;
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
	bool whole = b->n_epcs == 0 || value(b, F_TRACE).n > 0;
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
	unit = trim((struct sy_str){part.p + n, part.n - n});
	amount = trim((struct sy_str){part.p + m, n > 0 ? n - 1 - m : 0});
	bool counted = n > 0 && m > 0 && read_decimal(amount, &quantity);
	const char *uom = counted ? unit_code(unit, keep) : "";
	if (counted && uom != NULL)
		code = (struct sy_str){part.p, m - 1};
	if (!read_code(b, F_INPUT_LOTS, code, &parsed))
		return;
	put_amount(b, parsed.canonical, counted ? &quantity : NULL, uom);
}

static void put_input_lots(struct batch *b)
{
	struct sy_str rest = value(b, F_INPUT_LOTS), part;

	sy_jw_key(&b->w, "inputQuantityList");
	sy_jw_array(&b->w);
	while (next_part(&rest, &part))
		put_input_lot(b, part);
	sy_jw_end(&b->w, ']');
}

/* RFC 3339 as given, else 00:00 at +08:00 of the day it was made or harvested. */
static void put_time(struct batch *b)
{
	struct sy_str at = value(b, F_AT);
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
	struct sy_str made = value(b, F_MADE), harvested = value(b, F_HARVESTED);
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
	struct sy_str place = value(b, F_PLACE);
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

/* Everything behind the eventID. */
static void put_rest(struct batch *b)
{
	bool transform = value(b, F_INPUT_LOTS).n > 0;

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

void event_id(struct sy_str text, char out[EVENT_ID_TEXT])
{
	char hex[2 * SY_HASH_SIZE + 1];
	sy_hash h;

	sy_sha256(text.p, text.n, &h);
	sy_hex(h.b, sizeof h.b, hex);
	snprintf(out, EVENT_ID_TEXT, "ni:///sha-256;%s?ver=suyuan1", hex);
}

/* {"type":T,"eventID":ID,<rest>}, where ID is of {"type":T,<rest>}. */
static void assemble(struct batch *b, struct sy_buf *out, struct sy_str rest)
{
	const char *type = value(b, F_INPUT_LOTS).n > 0 ? "TransformationEvent" : "ObjectEvent";
	struct sy_str id = value(b, F_EVENT_ID);
	struct sy_buf plain = {0};
	struct sy_jw w;
	char text[EVENT_ID_TEXT];

	sy_buf_printf(&plain, "{\"type\":\"%s\",", type);
	sy_buf_put(&plain, rest.p + 1, rest.n - 1);
	event_id(sy_buf_span(&plain), text);
	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", type);
	sy_jw_kv_str(&w, "eventID", id.n > 0 ? id : sy_str(text));
	sy_buf_byte(out, ',');
	sy_buf_put(out, rest.p + 1, rest.n - 1);
	out->failed = out->failed || plain.failed;
	sy_buf_free(&plain);
}

int row_event(struct sy_arena *arena, const struct row *row, struct sy_buf *out,
	      struct sy_faults *faults, long record)
{
	struct batch b = {.arena = arena, .row = row, .faults = faults, .record = record};
	struct sy_buf rest = {0};
	size_t start = out->n;

	read_product(&b);
	read_units(&b);
	read_quantity(&b);
	if (!b.has_lot && b.n_epcs == 0 && b.bad == 0)
		wrong(&b, F_LOT, "is missing: a batch has a lot, or serials");
	sy_jw_init(&b.w, &rest);
	sy_jw_object(&b.w);
	put_rest(&b);
	sy_jw_end(&b.w, '}');
	if (b.bad == 0)
		assemble(&b, out, sy_buf_span(&rest));
	bool memory = rest.failed || out->failed;
	sy_buf_free(&rest);
	seen_free(&b.seen);
	if (memory) {
		out->n = start;
		return SY_ENOMEM;
	}
	return b.bad == 0 ? SY_OK : SY_ERULES;
}

void json_compact(struct sy_buf *out, struct sy_str json)
{
	bool string = false;

	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];
		if (string) {
			sy_buf_byte(out, c);
			if (c == '\\' && i + 1 < json.n)
				sy_buf_byte(out, json.p[++i]);
			string = c != '"';
		} else if (strchr(" \t\r\n", c) == NULL || c == '\0') {
			sy_buf_byte(out, c);
			string = c == '"';
		}
	}
}
