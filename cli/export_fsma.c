#include "columns.h"
#include "csv.h"
#include "export.h"
#include "view.h"

/*
 * The sortable sheet that FDA asks for within a day (21 CFR 1.1455; food traceability, section 204
 * of FSMA): a row for each lot of each event, key data elements as columns, in English as there.
 *
 * A row is a critical tracking event of the rule (21 CFR 1.1325 to 1.1350): what else happened, an
 * inspection, a hold, a sale over the counter, is no part of it and stands there with --all alone,
 * by its step.  What takes a shipment back does: the sheet would say otherwise that it left.
 *
 * The source of a lot's code is where, or by whom, it was commissioned or made.  What is done to a
 * container is told of the lots that lie in it.
 */

static const char *const headings[] = {"Critical Tracking Event",
				       "Date",
				       "Traceability Lot Code",
				       "Traceability Lot Code Source",
				       "Lot",
				       "Serial",
				       "Product",
				       "Product Description",
				       "Quantity",
				       "Unit",
				       "Role",
				       "From",
				       "From Name",
				       "From Place",
				       "To",
				       "To Name",
				       "To Place",
				       "Container",
				       "Reference Document Type",
				       "Reference Document",
				       "Harvest Date",
				       "Event Time",
				       "Event ID",
				       "Record"};
enum { HEADINGS = sizeof headings / sizeof *headings };

/* What an event is to the rule, by the first row that fits. */
static const struct {
	enum sy_event_kind kind; /* SY_EVENT_NONE: any */
	const char *step;
	const char *name;
} events[] = {
    {SY_EVENT_TRANSFORMATION, NULL, "Transformation"},
    {SY_EVENT_NONE, "harvesting", "Harvesting"},
    {SY_EVENT_NONE, "cooling", "Cooling"},
    {SY_EVENT_NONE, "landing", "First Land-Based Receiving"},
    {SY_EVENT_NONE, "shipping", "Shipping"},
    {SY_EVENT_NONE, "void_shipping", "Shipping (voided)"},
    {SY_EVENT_NONE, "receiving", "Receiving"},
    {SY_EVENT_OBJECT, "commissioning", "Initial Packing"},
};

/* --- where a lot's code comes from ------------------------------------------------------------ */

struct sheet {
	struct app *app;
	struct names names;
	struct loads loads;
	struct seen lots; /* which of SOURCES */
	struct sy_str *sources;
	size_t n, cap;
	struct sy_arena arena;
	struct sy_buf row;
	bool all; /* events that the rule doesn't ask for as well */
	/* the event at hand */
	const struct export_event *e;
	struct sy_str from, from_place, to, to_place, container;
};

static struct sy_str place_of(const struct export_event *e)
{
	return e->ev.location_code.n ? e->ev.location_code : e->ev.read_point_code;
}

static int add_source(struct sheet *s, struct sy_str lot, struct sy_str source)
{
	uint64_t nth = s->n;

	if (lot.n == 0 || seen_add(&s->lots, lot, &nth) != SY_OK)
		return RC_DONE;
	if (!sy_arena_room(&s->arena, &s->sources, &s->cap, s->n + 1, sizeof *s->sources))
		return fail_memory(&s->app->fail);
	s->sources[s->n++] = sy_str(sy_arena_strdup(&s->arena, source));
	return RC_DONE;
}

/* In order of time: the first event that makes a lot. */
static int find_sources(void *ctx, const struct export_event *e)
{
	struct sheet *s = ctx;
	bool makes = e->ev.kind == SY_EVENT_OBJECT && e->ev.action == SY_ACTION_ADD;
	struct sy_str place = place_of(e);
	int rc = RC_DONE;

	for (size_t i = 0; i < e->ev.n_items && rc == RC_DONE; i++) {
		const struct sy_event_item *it = &e->ev.items[i];
		if (makes || it->role == SY_ROLE_OUTPUT)
			rc = add_source(s, it->code.lot_code, place.n ? place : e->author);
	}
	return rc;
}

/* --- rows ------------------------------------------------------------------------------------- */

static void cell(struct sheet *s, struct sy_str text)
{
	if (s->row.n > 0)
		sy_buf_byte(&s->row, ',');
	csv_put_text(&s->row, text, ',');
}

static void cell_day(struct sheet *s, int32_t day)
{
	char text[12] = "";

	if (day != SY_NO_DAY)
		sy_date_format(day, text);
	cell(s, sy_str(text));
}

/* Empty for what is no critical tracking event. */
static struct sy_str tracking_event(const struct export_event *e)
{
	if (e->ev.harvested != SY_NO_DAY && e->ev.action == SY_ACTION_ADD)
		return SY_STR("Harvesting");
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if ((events[i].kind == SY_EVENT_NONE || events[i].kind == e->ev.kind) &&
		    (events[i].step == NULL || sy_str_is(e->ev.biz_step, events[i].step)))
			return sy_str(events[i].name);
	return SY_STR("");
}

static struct sy_str event_name(const struct export_event *e)
{
	struct sy_str name = tracking_event(e);

	if (name.n > 0)
		return name;
	return e->ev.biz_step.n ? e->ev.biz_step : sy_str(sy_event_kind_name(e->ev.kind));
}

static struct sy_str role_name(enum sy_item_role role)
{
	return role == SY_ROLE_INPUT    ? SY_STR("input")
	       : role == SY_ROLE_OUTPUT ? SY_STR("output")
					: SY_STR("");
}

/* Kinds and numbers of the documents, apart by a semicolon. */
static void cell_documents(struct sheet *s, const char *member)
{
	const struct sy_json_doc *doc = s->e->doc;
	const struct sy_json *v, *list = sy_json_get(doc, s->e->root, "bizTransactionList");
	struct sy_buf b = {0};

	sy_json_each (doc, list, v) {
		struct sy_str text = {"", 0};
		const struct sy_json *m = sy_json_get(doc, v, member);
		if (m != NULL)
			(void)sy_json_string(doc, m, s->e->arena, &text);
		sy_buf_printf(&b, "%s%.*s", b.n ? "; " : "", (int)text.n, text.p);
	}
	cell(s, sy_buf_span(&b));
	s->row.failed = s->row.failed || b.failed;
	sy_buf_free(&b);
}

static void cells_of_item(struct sheet *s, const struct sy_code *code, const struct load *load,
			  enum sy_item_role role)
{
	char quantity[SY_DECIMAL_TEXT] = "";
	struct sy_str lot = code->lot_code.n ? code->lot_code : code->canonical;
	uint64_t nth;
	bool known = seen_find(&s->lots, lot, &nth);

	if (load->has_quantity)
		sy_decimal_format(load->quantity, quantity);
	cell(s, lot);
	cell(s, known ? s->sources[nth] : SY_STR(""));
	cell(s, code->lot);
	cell(s, code->serial);
	cell(s, code->product);
	cell(s, names_ask(&s->names, "/v1/products?code=", code->product));
	cell(s, sy_str(quantity));
	cell(s, load->unit);
	cell(s, role_name(role));
}

static void cells_of_ends(struct sheet *s)
{
	cell(s, s->from);
	cell(s, names_ask(&s->names, "/v1/parties?id=", s->from));
	cell(s, s->from_place);
	cell(s, s->to);
	cell(s, names_ask(&s->names, "/v1/parties?id=", s->to));
	cell(s, s->to_place);
	cell(s, s->container);
}

static int put_row(struct sheet *s, const struct load *load, enum sy_item_role role)
{
	struct sy_code code;
	struct sy_faults faults;
	struct sy_str written = load->code;
	char time[SY_TIME_TEXT], number[24];

	sy_faults_init(&faults, s->e->arena);
	faults.settled = true;
	if (sy_code_parse(s->e->arena, written, &code, &faults, SY_NO_RECORD, "") != SY_OK)
		return RC_DONE;
	if (code.lot_code.n == 0 && load->lot.n > 0)
		code.lot_code = load->lot;
	sy_buf_reset(&s->row);
	csv_put_text(&s->row, event_name(s->e), ',');
	cell_day(s, s->e->day);
	cells_of_item(s, &code, load, role);
	cells_of_ends(s);
	cell_documents(s, "type");
	cell_documents(s, "bizTransaction");
	cell_day(s, s->e->ev.harvested);
	sy_time_format((uint64_t)s->e->ev.time, time);
	cell(s, sy_str(time));
	cell(s, s->e->ev.id);
	snprintf(number, sizeof number, "%llu", (unsigned long long)s->e->number);
	cell(s, sy_str(number));
	sy_buf_text(&s->row, "\r\n");
	if (s->row.failed)
		return fail_memory(&s->app->fail);
	out_bytes(&s->app->out, sy_buf_span(&s->row));
	return s->app->out.failed ? RC_FAIL : RC_DONE;
}

static int put_load(void *ctx, const struct load *load)
{
	struct sheet *s = ctx;
	struct load one = *load;

	return put_row(s, &one, SY_ROLE_SUBJECT);
}

static void find_ends(struct sheet *s)
{
	const struct sy_event *ev = &s->e->ev;
	struct sy_str place = place_of(s->e), none = {"", 0};
	bool receives = sy_str_is(ev->biz_step, "receiving");

	s->from = export_party(&ev->sources, receives ? none : s->e->author);
	s->to = export_party(&ev->destinations, receives ? s->e->author : none);
	s->from_place = export_location(&ev->sources);
	s->to_place = export_location(&ev->destinations);
	if (receives && s->to_place.n == 0)
		s->to_place = place;
	else if (!receives && s->from_place.n == 0)
		s->from_place = ev->read_point_code.n ? ev->read_point_code : place;
}

static int put_item(struct sheet *s, const struct sy_event_item *it)
{
	struct load load = {.code = it->code.canonical,
			    .lot = it->code.lot_code,
			    .quantity = it->quantity,
			    .has_quantity = it->has_quantity,
			    .unit = it->unit};
	bool boxed = it->code.kind == SY_CODE_LOGISTIC || it->code.kind == SY_CODE_ASSET;

	if (!boxed)
		return put_row(s, &load, it->role);
	if (it->role != SY_ROLE_SUBJECT)
		return RC_DONE;
	s->container = it->code.canonical;
	int rc = loads_each(&s->loads, it->code.canonical, put_load, s);
	s->container = SY_STR("");
	return rc;
}

static int put_event(void *ctx, const struct export_event *e)
{
	struct sheet *s = ctx;
	int rc = loads_follow(&s->loads, e);

	if (rc == RC_DONE && !s->all && tracking_event(e).n == 0)
		return RC_DONE;
	s->e = e;
	find_ends(s);
	s->container = SY_STR("");
	for (size_t i = 0; i < e->ev.n_items; i++)
		if (e->ev.items[i].role == SY_ROLE_PARENT)
			s->container = e->ev.items[i].code.canonical;
	for (size_t i = 0; i < e->ev.n_items && rc == RC_DONE; i++)
		rc = put_item(s, &e->ev.items[i]);
	return rc;
}

int cmd_export_fsma(struct app *app)
{
	struct sheet s = {.app = app, .names = {.app = app}, .all = arg(app, "all") != NULL};
	struct exported x = {0};
	int told = export_fetch(app, &x), rc = RC_DONE;

	if (x.n > 0) {
		rc = export_each(&x, find_sources, &s);
		for (size_t i = 0; i < HEADINGS; i++)
			cell(&s, sy_str(headings[i]));
		sy_buf_text(&s.row, "\r\n");
		out_bytes(&app->out, sy_buf_span(&s.row));
	}
	if (rc == RC_DONE)
		rc = export_each(&x, put_event, &s);
	export_free(&x);
	loads_free(&s.loads);
	seen_free(&s.lots);
	names_free(&s.names);
	sy_arena_free(&s.arena);
	sy_buf_free(&s.row);
	return told != RC_DONE ? told : rc;
}
