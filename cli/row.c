#include <stdio.h>

#include "row_impl.h"

#define LIST_MAX 10000

const char *row_heading(enum field f)
{
	static _Thread_local char text[64];

	column_heading(f, false, text);
	return text;
}

struct sy_str row_trim(struct sy_str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.n--;
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

struct sy_str row_value(const struct batch *b, enum field f)
{
	return row_trim(b->row->v[f]);
}

bool row_part(struct sy_str *rest, struct sy_str *part)
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
		*part = row_trim((struct sy_str){rest->p, n});
		rest->p += n + skip;
		rest->n -= n + skip;
		if (part->n > 0)
			return true;
	}
	return false;
}

bool row_code(struct batch *b, enum field f, struct sy_str text, struct sy_code *out)
{
	size_t before = b->faults->n;
	int err = sy_code_parse(b->arena, text, out, b->faults, b->record, row_heading(f));

	for (size_t i = before; i < b->faults->n; i++)
		b->bad += b->faults->v[i].status != 0;
	if (err != SY_OK && b->faults->n == before)
		wrong(b, f, "%.*s is not a code: %s", (int)text.n, text.p, sy_strerror(err));
	return err == SY_OK;
}

static void read_product(struct batch *b)
{
	struct sy_str text = row_value(b, F_PRODUCT), lot = row_value(b, F_LOT);

	if (text.n == 0) {
		if (row_value(b, F_TRACE).n == 0)
			wrong(b, F_PRODUCT, "is missing: which product is it?");
		return;
	}
	if (!row_code(b, F_PRODUCT, text, &b->product))
		return;
	if (b->product.kind == SY_CODE_LOT && lot.n == 0) {
		b->lot = b->product;
		b->has_lot = row_code(b, F_PRODUCT, b->lot.product, &b->product);
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
	struct sy_str serials = row_value(b, F_SERIAL), traces = row_value(b, F_TRACE), part;
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
	while (row_part(&serials, &part))
		read_serial(b, part);
	while (row_part(&traces, &part)) {
		if (row_code(b, F_TRACE, part, &code))
			add_epc(b, F_TRACE, code.canonical);
	}
}

bool row_decimal(struct sy_str text, struct sy_decimal *out)
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
	struct sy_str text = row_value(b, F_QUANTITY), unit = row_value(b, F_UNIT);

	b->unit = unit_code(unit, b->unit_keep);
	if (b->unit == NULL)
		wrong(b, F_UNIT, "%.*s is no unit: 公斤 吨 升 米 个 盒 箱 袋 or a UN/ECE code",
		      (int)unit.n, unit.p);
	if (text.n == 0)
		return;
	if (row_decimal(text, &b->quantity))
		b->has_quantity = true;
	else
		wrong(b, F_QUANTITY, "%.*s is not a quantity: a decimal above zero", (int)text.n,
		      text.p);
	size_t serials = row_value(b, F_TRACE).n == 0 ? b->n_epcs : 0;
	bool fits = b->quantity.scale == 0 && (uint64_t)b->quantity.coef == serials;
	if (b->bad == 0 && b->has_quantity && serials > 0 &&
	    (!fits || (b->unit && b->unit[0] != '\0')))
		wrong(b, F_QUANTITY, "%zu serials are %zu pieces, not %.*s %.*s", serials, serials,
		      (int)text.n, text.p, (int)unit.n, unit.p);
}

/* --- the record ------------------------------------------------------------------------------- */

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
	const char *type = row_value(b, F_INPUT_LOTS).n > 0 ? "TransformationEvent" : "ObjectEvent";
	struct sy_str id = row_value(b, F_EVENT_ID);
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
	row_write(&b);
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
