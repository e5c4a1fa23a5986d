#include "correct.h"
#include "csv.h"
#include "edit.h"
#include "import.h"
#include "item.h"
#include "nouns.h"
#include "rowflags.h"

static const struct view view_items = {
    "/v1/items",
    "items",
    "item",
    (const struct view_column[]){{"code", "code"},
				 {"kind", "kind"},
				 {"made", "made"},
				 {"expires", "expires"},
				 {"quantity", "quantity"},
				 {"unit", "unit"},
				 {"state", "state"},
				 {"records", "records"},
				 {0}},
    NULL,
};

/* --- register --------------------------------------------------------------------------------- */

/* What was registered: the lot, or its first unit. */
static int show_registered(struct app *app, struct sy_str record, const struct sent *sent)
{
	struct sy_json_doc doc;
	struct sy_event event;
	struct sy_faults faults;

	sy_faults_init(&faults, &app->arena);
	if (sy_json_parse(&app->arena, record, 0, &doc, NULL) != SY_OK ||
	    sy_event_read(&app->arena, &doc, &event, &faults, 0) != SY_OK)
		return RC_DONE;
	out_object(&app->out, NULL);
	for (size_t i = 0; i < event.n_items; i++) {
		const struct sy_event_item *item = &event.items[i];
		if (item->role == SY_ROLE_SUBJECT || item->role == SY_ROLE_OUTPUT) {
			struct sy_str lot = item->code.lot_code;
			out_str(&app->out, "code", lot.n > 0 ? lot : item->code.canonical);
			break;
		}
	}
	out_str(&app->out, "eventID", event.id);
	sent_show(app, sent);
	out_end(&app->out);
	return RC_DONE;
}

static int cmd_register(struct app *app)
{
	struct sy_buf record = {0};
	struct sy_faults faults;
	struct sent sent;
	struct row row;
	int rc;

	row_from_flags(app, &row);
	sy_faults_init(&faults, &app->arena);
	if (row_event(&app->arena, &row, &record, &faults, 0) != SY_OK)
		rc = row_faults(app, &faults);
	else
		rc = send_one(app, sy_buf_span(&record), &sent);
	if (rc == RC_DONE && arg(app, "dry-run") == NULL)
		rc = show_registered(app, sy_buf_span(&record), &sent);
	sy_buf_free(&record);
	return rc;
}

/* --- import ----------------------------------------------------------------------------------- */

static int cmd_import(struct app *app)
{
	struct import_options o = {.rejects = arg(app, "rejects"),
				   .dry_run = arg(app, "dry-run") != NULL};
	const char *format = arg(app, "format"), *encoding = arg(app, "encoding");
	struct mapping *map = NULL;
	uint64_t group, connections, patience;
	int rc;

	o.source.path = arg_pos(app, 0);
	o.source.ignore_columns = arg(app, "ignore-columns") != NULL;
	if (format != NULL && (o.source.format = source_format(format)) == SOURCE_GUESS)
		return fail(&app->fail, RC_USAGE, "--format is csv, ndjson, epcis or xml, not %s",
			    format);
	if (encoding != NULL && (o.source.encoding = encoding_find(encoding)) == ENC_GUESS)
		return fail(&app->fail, RC_USAGE,
			    "--encoding is utf-8, utf-16, utf-16be or gb18030, not %s", encoding);
	if (arg(app, "map") != NULL) {
		rc = mapping_read(arg(app, "map"), &app->arena, &map, &app->fail);
		if (rc != RC_DONE)
			return rc;
		o.source.map = map;
	}
	row_from_flags(app, &o.source.otherwise);
	rc = arg_u64(app, "rows", 1, SY_RECORDS_MAX, IMPORT_GROUP, &group);
	if (rc == RC_DONE)
		rc = arg_u64(app, "connections", 1, 16, IMPORT_CONNECTIONS, &connections);
	if (rc == RC_DONE)
		rc = arg_u64(app, "wait", 0, 86400, IMPORT_PATIENCE, &patience);
	if (rc != RC_DONE)
		return rc;
	o.patience = (unsigned)patience;
	o.group = (size_t)group;
	o.connections = (unsigned)connections;
	return import_run(app, &o);
}

/* --- show, list, template --------------------------------------------------------------------- */

/* Options that the ledger knows as parameters. */
static int put_pages(struct app *app, struct sy_buf *path)
{
	static const struct {
		const char *flag, *parameter;
		uint64_t min, max;
	} pages[] = {{"limit", "limit", 1, 1000},
		     {"from", "from", 0, UINT64_MAX - 1},
		     {"holders-from", "holdersFrom", 0, 1 << 20}};
	uint64_t n;

	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		int rc = arg_u64(app, pages[i].flag, pages[i].min, pages[i].max, 0, &n);
		if (rc != RC_DONE)
			return rc;
		if (arg(app, pages[i].flag) != NULL)
			sy_buf_printf(path, "&%s=%llu", pages[i].parameter, (unsigned long long)n);
	}
	if (arg(app, "audit") != NULL)
		sy_buf_text(path, "&view=audit");
	return RC_DONE;
}

static int cmd_show(struct app *app)
{
	struct item_view *v = sy_arena_calloc(&app->arena, 1, sizeof *v);
	struct sy_buf path = {0};
	struct sy_code code;
	int rc = edit_code(app, arg_pos(app, 0), &code);

	if (rc != RC_DONE)
		return rc;
	sy_buf_text(&path, "/v1/items?code=");
	http_escape(&path, code.canonical);
	if ((rc = put_pages(app, &path)) == RC_DONE)
		rc = path.failed || v == NULL ? fail_memory(&app->fail)
					      : item_get(app, sy_buf_cstr(&path), v);
	sy_buf_free(&path);
	if (rc == RC_DONE && out_is_json(&app->out))
		out_json(&app->out, NULL, sy_json_raw(&v->doc, v->root));
	else if (rc == RC_DONE)
		item_show(v);
	return rc;
}

static int cmd_list(struct app *app)
{
	const char *product = arg(app, "product");
	struct sy_code code;
	int rc;

	if (product == NULL)
		return fail(&app->fail, RC_USAGE, "of which product?  Give --product CODE");
	rc = edit_code(app, product, &code);
	return rc != RC_DONE ? rc : view_list(app, &view_items, "product", code.canonical.p);
}

static int cmd_template(struct app *app)
{
	const char *category = edit_subject(app, "category");
	unsigned bit = category != NULL ? category_bit(category) : 0;
	struct sy_buf line = {0};
	char name[64];

	if (category == NULL)
		return RC_USAGE;
	if (bit == 0)
		return fail(&app->fail, RC_USAGE,
			    "a category is agri, food, drug, industrial or other, or event for "
			    "what happens to "
			    "batches, not %s",
			    category);
	for (int f = 0; f < F_COUNT; f++) {
		if ((columns[f].categories & bit) == 0)
			continue;
		column_heading((enum field)f, app->lang == LANG_ZH, name);
		if (line.n > 0)
			sy_buf_byte(&line, ',');
		csv_put(&line, sy_str(name), ',');
	}
	sy_buf_byte(&line, '\n');
	out_bytes(&app->out, sy_buf_span(&line));
	int rc = line.failed ? fail_memory(&app->fail) : RC_DONE;
	sy_buf_free(&line);
	return rc;
}

static const struct flag register_flags[] = {FLAGS_BATCH, FLAG_EVENT_ID, FLAG_DRY_RUN, {0}};

static const struct flag correct_flags[] = {
    {"record", "N", "the record that is wrong, where several registered the batch", FLAG_ONE},
    {"reason", "WORD", "incorrect_data, did_not_occur or a URI (incorrect_data)", FLAG_ONE},
    {"party", "ID", "whose event it is, when a regulator corrects it", FLAG_ONE},
    FLAGS_BATCH,
    FLAG_EVENT_ID,
    FLAG_DRY_RUN,
    {0},
};

static const struct flag import_flags[] = {
    {"rejects", "FILE", "rows that are not registered, each with its reason", FLAG_ONE},
    {"format", "FORMAT", "csv, ndjson, epcis or xml; else told from the file", FLAG_ONE},
    {"encoding", "NAME", "utf-8, utf-16 or gb18030; else told from the file", FLAG_ONE},
    {"map", "FILE", "the file's own headings, units, words and names, and what they are to us",
     FLAG_ONE},
    {"ignore-columns", NULL, "leave unknown columns out", FLAG_BOOL},
    {"rows", "N", "rows in a submission (1000)", FLAG_ONE},
    {"connections", "N", "submissions in flight (3)", FLAG_ONE},
    {"wait", "SECONDS", "how long to try again while the ledger is away (60)", FLAG_ONE},
    FLAG_DRY_RUN,
    FLAGS_PRODUCT,
    FLAG_UNIT,
    FLAGS_DATES,
    FLAGS_ORIGIN,
    {"place", "ID", "where it was made: a GLN or a place's id", FLAG_ONE},
    FLAGS_INSPECTION,
    {0},
};

static const struct flag show_flags[] = {
    {"audit", NULL, "with what was withdrawn, and by what", FLAG_BOOL},
    {"limit", "N", "lines of holders and of history, at most (100)", FLAG_ONE},
    {"from", "RECORD", "history from this record on", FLAG_ONE},
    {"holders-from", "N", "holders from the Nth on, from 0", FLAG_ONE},
    {0},
};

static const struct flag list_flags[] = {
    {"product", "CODE", "batches of this product", FLAG_ONE},
    {0},
};

static const struct flag template_flags[] = {
    {"category", "CATEGORY", "the same as CATEGORY", FLAG_ONE},
    {0},
};

const struct command batch_commands[] = {
    {"register", "", 0, 0, "register one batch", register_flags, cmd_register,
     "suyuan batch register --gtin 06901234567892 --lot A1 --quantity 500 --unit 盒 "
     "--made 2026-11-01 --expires 2026-11-15 --inspection R-118 --result pass "
     "--key dairy.key"},
    {"import", "FILE", 1, 1,
     "register many: CSV, NDJSON, EPCIS JSON, drug codes in XML; run again, it goes on (- reads "
     "standard input)",
     import_flags, cmd_import, "suyuan batch import milk.csv --rejects bad.csv --key dairy.key"},
    {"correct", "CODE", 1, 1,
     "withdraw what was registered by mistake; with options as of register, register it right",
     correct_flags, cmd_correct,
     "suyuan batch correct '(01)06901234567892(10)A1' --gtin 06901234567892 --lot A1 "
     "--quantity 480 --unit 盒 --made 2026-11-01 --expires 2026-11-15 --key dairy.key"},
    {"show", "CODE", 1, 1,
     "what the ledger has of one batch or unit: holders, flags, holds, results, history",
     show_flags, cmd_show, "suyuan batch show '(01)06901234567892(10)A1'"},
    {"list", "", 0, 0, "the batches of a product", list_flags, cmd_list,
     "suyuan batch list --product 06901234567892"},
    {"template", "CATEGORY", 0, 1, "an empty CSV with the headings of a category, or of event",
     template_flags, cmd_template, "suyuan batch template food --lang zh"},
    {0},
};
