/* What happened to goods: a verb an event, its codes as arguments or from standard input. */
#include <stdlib.h>

#include "codes.h"
#include "edit.h"
#include "nouns.h"
#include "rowflags.h"
#include "value.h"

struct texts {
	struct sy_str *v;
	size_t n, cap;
};

static int texts_add(struct app *app, struct texts *list, struct sy_str text)
{
	if (list->n == list->cap) {
		size_t cap = list->cap > 0 ? 2 * list->cap : 64;
		struct sy_str *v = realloc(list->v, cap * sizeof *v);
		if (v == NULL)
			return fail_memory(&app->fail);
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n++] = text;
	return RC_DONE;
}

/* --- codes ------------------------------------------------------------------------------------ */

static int read_codes(struct app *app, struct texts *codes)
{
	const char *code;
	int rc = codes_expand(app);

	for (size_t i = 0; rc == RC_DONE && (code = arg_pos(app, i)) != NULL; i++)
		rc = texts_add(app, codes, sy_str(code));
	return rc;
}

/* --- the row ---------------------------------------------------------------------------------- */

/* "receive --returned" is the row's "receive returned". */
static struct sy_str word_of(struct app *app)
{
	static const char *const kinds[] = {"recalled", "returned"};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (arg(app, kinds[i]) != NULL)
			return sy_str(
			    sy_arena_printf(&app->arena, "%s %s", app->cmd->verb, kinds[i]));
	}
	return sy_str(app->cmd->verb);
}

/* Now, to the second, as a clock on the wall at +08:00 shows it. */
static struct sy_str now(struct app *app)
{
	const uint64_t east = UINT64_C(8) * 3600000;
	char text[SY_TIME_TEXT];

	sy_time_format(sy_time_now() + east, text);
	return sy_str(sy_arena_printf(&app->arena, "%.19s+08:00", text));
}

static int fill(struct app *app, const struct texts *codes, struct row *row)
{
	if (arg(app, "recalled") != NULL && arg(app, "returned") != NULL)
		return fail(&app->fail, RC_USAGE, "--recalled or --returned, not both");
	row_from_flags(app, row);
	row->v[F_EVENT] = word_of(app);
	row->codes = codes->v;
	row->n_codes = codes->n;
	if (row->v[F_AT].n > 0 || row->v[F_MADE].n > 0 || row->v[F_HARVESTED].n > 0)
		return RC_DONE;
	row->v[F_AT] = now(app);
	if (row->v[F_AT].n == 0)
		return fail_memory(&app->fail);
	say("without --at it happened now, %s; typed again it would be another event",
	    row->v[F_AT].p);
	return RC_DONE;
}

/* --- events ----------------------------------------------------------------------------------- */

/* One event, or where they are more than a record holds two of half the codes each, and so on. */
static int make(struct app *app, struct row row, struct texts *events)
{
	struct sy_buf record = {0};
	struct sy_faults faults;
	int rc, err;

	sy_faults_init(&faults, &app->arena);
	err = row_event(&app->arena, &row, &record, &faults, 0);
	if (err == SY_ETOOBIG && row.n_codes > 1 && row_may_split(&row)) {
		size_t all = row.n_codes;
		row.n_codes = all / 2;
		if ((rc = make(app, row, events)) == RC_DONE) {
			row.codes += all / 2;
			row.n_codes = all - all / 2;
			rc = make(app, row, events);
		}
	} else if (err == SY_ENOMEM) {
		rc = fail_memory(&app->fail);
	} else if (err != SY_OK) {
		rc = row_faults(app, &faults);
	} else {
		const char *text = sy_arena_strdup(&app->arena, sy_buf_span(&record));
		rc = text != NULL ? texts_add(app, events, sy_str(text)) : fail_memory(&app->fail);
	}
	sy_buf_free(&record);
	return rc;
}

static void show(struct app *app, const struct texts *events, size_t n_codes,
		 const struct sent *sent)
{
	struct sy_json_doc doc;
	struct sy_str id = {"", 0};

	out_object(&app->out, NULL);
	if (events->n == 1 && sy_json_parse(&app->arena, events->v[0], 0, &doc, NULL) == SY_OK &&
	    sy_json_string(&doc, sy_json_get(&doc, sy_json_root(&doc), "eventID"), &app->arena,
			   &id) == SY_OK)
		out_str(&app->out, "eventID", id);
	if (n_codes > 1)
		out_u64(&app->out, "codes", n_codes);
	sent_show(app, sent);
	out_end(&app->out);
}

static int cmd_event(struct app *app)
{
	struct texts codes = {0}, events = {0};
	struct sent sent;
	struct row row;
	int rc;

	if ((rc = read_codes(app, &codes)) == RC_DONE &&
	    (rc = fill(app, &codes, &row)) == RC_DONE && (rc = make(app, row, &events)) == RC_DONE)
		rc = send_all(app, events.v, events.n, &sent);
	if (rc == RC_DONE && arg(app, "dry-run") == NULL)
		show(app, &events, codes.n, &sent);
	free(codes.v);
	free(events.v);
	return rc;
}

/* --- the table -------------------------------------------------------------------------------- */

#define FLAGS_WHAT FLAGS_PRODUCT, FLAGS_AMOUNT, FLAG_UNIT
#define FLAGS_WHEN                                                                           \
	{"at", "TIME", "a day, a day and hour (2026-11-01 08:30) or RFC 3339", FLAG_ONE},    \
	    {"place", "ID", "where: a GLN or a place's id", FLAG_ONE},                       \
	    {"read-point", "ID", "the gate or dock, where that is another place", FLAG_ONE}, \
	    FLAG_EVENT_ID, FLAG_DRY_RUN
#define FLAGS_PAPERS                                                                 \
	{"po", "[GLN:]NUMBER", "purchase order", FLAG_MANY},                         \
	    {"desadv", "[GLN:]NUMBER", "despatch advice, delivery note", FLAG_MANY}, \
	{                                                                            \
		"inv", "[GLN:]NUMBER", "invoice", FLAG_MANY                          \
	}
#define FLAGS_PARTIES                                                                        \
	{"from", "ID", "who had it: a GLN, a social credit code or a party's id", FLAG_ONE}, \
	    {"to", "ID", "who has it then", FLAG_ONE},                                       \
	    {"owner-from", "ID", "who owned it", FLAG_ONE},                                  \
	    {"owner-to", "ID", "who owns it then", FLAG_ONE}, FLAGS_PAPERS
#define FLAG_RECALLED                                                  \
	{                                                              \
		"recalled", NULL, "because it was recalled", FLAG_BOOL \
	}
#define FLAG_RETURNED                                               \
	{                                                           \
		"returned", NULL, "goods that come back", FLAG_BOOL \
	}
#define FLAG_CONTAINER                                                    \
	{                                                                 \
		"container", "CODE", "the box, crate or pallet", FLAG_ONE \
	}

static const struct flag ship_flags[] = {FLAGS_WHAT, FLAGS_PARTIES, FLAG_RECALLED, FLAGS_WHEN, {0}};
static const struct flag receive_flags[] = {FLAGS_WHAT,    FLAGS_PARTIES, FLAG_RECALLED,
					    FLAG_RETURNED, FLAGS_WHEN,    {0}};
static const struct flag transfer_flags[] = {FLAGS_WHAT, FLAGS_PARTIES, FLAGS_WHEN, {0}};
static const struct flag pack_flags[] = {FLAG_CONTAINER, FLAGS_WHAT, FLAGS_PAPERS, FLAGS_WHEN, {0}};
static const struct flag inspect_flags[] = {FLAGS_WHAT, FLAGS_INSPECTION, FLAGS_WHEN, {0}};
static const struct flag plain_flags[] = {FLAGS_WHAT, FLAGS_WHEN, {0}};
static const struct flag transform_flags[] = {
    {"input-lot", "CODE:QUANTITY:UNIT", "what went into it", FLAG_MANY},
    {"transformation-id", "URI", "shared by the events of one transformation", FLAG_ONE},
    FLAGS_WHAT,
    FLAGS_DATES,
    FLAGS_ORIGIN,
    FLAGS_INSPECTION,
    FLAGS_WHEN,
    {0},
};
static const struct flag install_flags[] = {
    FLAGS_WHAT,
    {"project", "TEXT", "of the building site", FLAG_ONE},
    {"part", "TEXT", "of the project", FLAG_ONE},
    {"sample", "NUMBER", "of the witnessed sample", FLAG_ONE},
    {"supervisor", "TEXT", "who witnessed it", FLAG_ONE},
    FLAGS_WHEN,
    {0},
};

#define LOT "'(01)06901234567892(10)A1'"
#define CODES "[CODE[:QUANTITY:UNIT]...]"

const struct command event_commands[] = {
    {"ship", CODES, 0, -1, "goods leave for somebody else (- reads codes, a line each)", ship_flags,
     cmd_event,
     "suyuan event ship " LOT " --quantity 200 --unit 盒 --to 6934567000002 --po PO-118 "
     "--at '2026-11-02 08:30' --key dairy.key"},
    {"receive", CODES, 0, -1, "goods have come in", receive_flags, cmd_event,
     "suyuan event receive " LOT ":200:盒 --from 6901234000009 --place 6934567000019 "
     "--at '2026-11-02 15:00' --key shop.key"},
    {"transform", CODES, 0, -1, "goods are made of others", transform_flags, cmd_event,
     "suyuan event transform " LOT " --quantity 500 --unit 盒 --input-lot "
     "'(01)06901234567885(10)RAW7:130:升' --made 2026-11-01 --expires 2026-11-15 "
     "--key dairy.key"},
    {"pack", CODES, 0, -1, "goods go into a container", pack_flags, cmd_event,
     "suyuan event pack " LOT ":48:盒 --container '(00)006901234000000018' --at 2026-11-02 "
     "--key dairy.key"},
    {"unpack", CODES, 0, -1, "goods come out of a container; without codes all of them", pack_flags,
     cmd_event,
     "suyuan event unpack --container '(00)006901234000000018' --at 2026-11-03 --key shop.key"},
    {"inspect", CODES, 0, -1, "goods were inspected, with the result", inspect_flags, cmd_event,
     "suyuan event inspect " LOT " --inspection JC-2026-1107 --result pass --inspection-kind "
     "laboratory --inspection-standard 'GB 19645' --at 2026-11-07 --key lab.key"},
    {"hold", CODES, 0, -1, "goods may not be sold for now", plain_flags, cmd_event,
     "suyuan event hold " LOT " --at 2026-11-08 --key dairy.key"},
    {"release", CODES, 0, -1, "goods that were held may be sold", plain_flags, cmd_event,
     "suyuan event release " LOT " --at 2026-11-09 --key dairy.key"},
    {"return", CODES, 0, -1, "goods go back to where they came from", transfer_flags, cmd_event,
     "suyuan event return " LOT ":12:盒 --to 6901234000009 --at 2026-11-09 --key shop.key"},
    {"sell", CODES, 0, -1, "goods are sold to who uses them", transfer_flags, cmd_event,
     "suyuan event sell " LOT ":1:盒 --at '2026-11-09 10:12' --key shop.key"},
    {"install", CODES, 0, -1, "goods become part of a building or a machine", install_flags,
     cmd_event,
     "suyuan event install '(01)06945678000010(10)PO261101-1' --quantity 30 --unit 吨 --place "
     "6950123000019 --part 3#楼基础 --sample JZ-26-031 --supervisor 河北监理 --at 2026-11-10 "
     "--key site.key"},
    {"destroy", CODES, 0, -1, "goods are destroyed", plain_flags, cmd_event,
     "suyuan event destroy " LOT " --quantity 12 --unit 盒 --at 2026-11-12 --key dairy.key"},
    {0},
};
