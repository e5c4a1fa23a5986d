/*
 * suyuan export: documents for others.
 */
#include "export.h"

#include "codes.h"
#include "nouns.h"
#include "whole.h"

#include <stdlib.h>

struct spooled {
	int64_t time;
	uint64_t number;
	long at;
	size_t n;
};

/* --- one line --------------------------------------------------------------------------------- */

struct reader {
	struct app *app;
	struct sy_arena arena;
	export_take_fn take;
	void *ctx;
	struct sy_str line; /* at hand */
	uint64_t erased;
	struct whole whole;
};

static struct sy_str text_of(struct reader *r, const struct sy_json_doc *doc, const char *member)
{
	struct sy_str text = {"", 0};

	(void)sy_json_string(doc, sy_json_get(doc, sy_json_root(doc), member), &r->arena, &text);
	return text;
}

/* Minutes of "+08:00". */
static int zone_of(struct reader *r, const struct sy_json_doc *doc)
{
	struct sy_str zone = text_of(r, doc, "eventTimeZoneOffset");
	int minutes;

	if (zone.n != 6)
		return 0;
	minutes = ((zone.p[1] - '0') * 10 + zone.p[2] - '0') * 60 + (zone.p[4] - '0') * 10 +
		  zone.p[5] - '0';
	return zone.p[0] == '-' ? -minutes : minutes;
}

static int read_event(struct reader *r, const struct sy_json_doc *line)
{
	const struct sy_json *root = sy_json_root(line),
			     *record = sy_json_get(line, root, "record");
	struct sy_json_doc doc;
	struct sy_faults faults;
	struct export_event e = {.doc = &doc, .arena = &r->arena};

	if (record == NULL || sy_json_u64(line, sy_json_get(line, root, "number"), &e.number))
		return fail(&r->app->fail, RC_FAIL, "the answer has a line that is no event");
	e.author = text_of(r, line, "author");
	e.text = sy_json_raw(line, record);
	sy_faults_init(&faults, &r->arena);
	faults.settled = true;
	if (sy_json_parse(&r->arena, e.text, 0, &doc, NULL) != SY_OK ||
	    sy_event_read(&r->arena, &doc, &e.ev, &faults, SY_NO_RECORD) == SY_ENOMEM)
		return fail_memory(&r->app->fail);
	e.root = sy_json_root(&doc);
	e.day = sy_date_of((uint64_t)e.ev.time, zone_of(r, &doc));
	return r->take(r->ctx, &e);
}

static int read_line(void *ctx, struct sy_str text)
{
	struct reader *r = ctx;
	struct sy_json_doc doc;

	sy_arena_reset(&r->arena);
	r->line = text;
	if (sy_json_parse(&r->arena, text, 0, &doc, NULL) != SY_OK)
		return fail(&r->app->fail, RC_FAIL, "the answer has a line that isn't JSON");
	if (whole_line(&r->whole, &doc) != RC_DONE)
		return RC_FAIL;
	if (!r->whole.ended)
		return read_event(r, &doc);
	(void)sy_json_u64(&doc, sy_json_get(&doc, sy_json_root(&doc), "erased"), &r->erased);
	return RC_DONE;
}

/* --- the question ----------------------------------------------------------------------------- */

static int make_path(struct app *app, struct sy_buf *path)
{
	const char *direction = arg(app, "direction");
	uint64_t depth;
	int rc = arg_u64(app, "depth", 0, UINT32_MAX >> 2, UINT32_MAX >> 2, &depth);

	if (rc == RC_DONE)
		rc = codes_expand(app);
	if (rc != RC_DONE)
		return rc;
	if (direction != NULL && strcmp(direction, "back") != 0 &&
	    strcmp(direction, "forward") != 0 && strcmp(direction, "both") != 0)
		return fail(&app->fail, RC_USAGE, "--direction is back, forward or both, not %s",
			    direction);
	sy_buf_printf(path, "/v1/events?direction=%s&depth=%llu", direction ? direction : "both",
		      (unsigned long long)depth);
	for (size_t i = 0; i < app->args.n_pos; i++) {
		sy_buf_text(path, "&code=");
		http_escape(path, sy_str(arg_pos(app, i)));
	}
	return path->failed ? fail_memory(&app->fail) : RC_DONE;
}

static int judge(struct reader *r, const struct http_answer *a)
{
	struct app *app = r->app;

	int rc = whole_end(&r->whole, a);

	if (rc != RC_DONE)
		return rc;
	if (r->erased > 0)
		say("%llu events were erased: they can't be told", (unsigned long long)r->erased);
	if (a->cut[0] != '\0' || r->whole.cut[0] != '\0')
		return fail(&app->fail, RC_FAIL, "this isn't all: the answer was cut by %s",
			    a->cut[0] != '\0' ? a->cut : r->whole.cut);
	if (a->unknown > 0)
		return fail(&app->fail, RC_UNKNOWN, "no record names %llu of the codes",
			    (unsigned long long)a->unknown);
	return RC_DONE;
}

static int run(struct reader *r)
{
	struct app *app = r->app;
	struct lines lines = {.line = read_line, .ctx = r};
	struct http_answer a = {0};
	struct sy_buf path = {0};
	int rc = make_path(app, &path);

	if (rc == RC_DONE && (rc = trust_contact(app)) == RC_DONE) {
		trust_at(app->trust, &path);
		whole_begin(&r->whole, "ndjson", &app->fail);
		rc = path.failed ? fail_memory(&app->fail)
				 : http_stream(app->http, sy_buf_cstr(&path), lines_take, &lines,
					       &a, &app->fail);
	}
	if (rc == RC_DONE)
		rc = judge(r, &a);
	lines_free(&lines);
	http_answer_free(&a);
	sy_buf_free(&path);
	sy_arena_free(&r->arena);
	return rc;
}

int export_stream(struct app *app, export_take_fn take, void *ctx)
{
	struct reader r = {.app = app, .take = take, .ctx = ctx};

	return run(&r);
}

/* --- kept, and in order of time --------------------------------------------------------------- */

struct keeper {
	struct exported *x;
	const struct reader *r;
};

static int keep(void *ctx, const struct export_event *e)
{
	struct keeper *k = ctx;
	struct exported *x = k->x;
	struct sy_str line = k->r->line;

	if (x->n == x->cap) {
		size_t cap = x->cap ? x->cap * 2 : 256;
		struct spooled *v = realloc(x->v, cap * sizeof *v);
		if (v == NULL)
			return fail_memory(&x->app->fail);
		x->v = v;
		x->cap = cap;
	}
	x->v[x->n++] = (struct spooled){e->ev.time, e->number, ftell(x->file), line.n};
	if (fwrite(line.p, 1, line.n, x->file) != line.n)
		return fail(&x->app->fail, RC_FAIL, "a temporary file can't be written");
	return RC_DONE;
}

static int in_time(const void *a, const void *b)
{
	const struct spooled *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

int export_fetch(struct app *app, struct exported *x)
{
	struct keeper k = {.x = x};
	struct reader r = {.app = app, .take = keep, .ctx = &k};
	int rc;

	*x = (struct exported){.app = app};
	k.r = &r;
	if ((x->file = tmpfile()) == NULL)
		return fail(&app->fail, RC_FAIL, "no temporary file can be made");
	rc = run(&r);
	x->erased = r.erased;
	if (x->n)
		qsort(x->v, x->n, sizeof *x->v, in_time);
	return rc;
}

int export_each(struct exported *x, export_take_fn take, void *ctx)
{
	struct reader r = {.app = x->app, .take = take, .ctx = ctx};
	struct sy_buf line = {0};
	int rc = RC_DONE;

	for (size_t i = 0; i < x->n && rc == RC_DONE; i++) {
		sy_buf_reset(&line);
		char *room = sy_buf_room(&line, x->v[i].n);
		if (room == NULL)
			rc = fail_memory(&x->app->fail);
		else if (fseek(x->file, x->v[i].at, SEEK_SET) != 0 ||
			 fread(room, 1, x->v[i].n, x->file) != x->v[i].n)
			rc = fail(&x->app->fail, RC_FAIL, "a temporary file can't be read");
		else
			rc = read_line(&r, sy_buf_span(&line));
	}
	sy_buf_free(&line);
	sy_arena_free(&r.arena);
	return rc;
}

void export_free(struct exported *x)
{
	if (x->file != NULL)
		fclose(x->file);
	free(x->v);
	*x = (struct exported){0};
}

struct sy_str export_party(const struct sy_event_ends *ends, struct sy_str fallback)
{
	static const char *const types[] = {"possessing_party", "owning_party"};

	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < ends->n; i++)
			if (sy_str_is(ends->v[i].type, types[t]))
				return ends->v[i].code;
	return fallback;
}

struct sy_str export_location(const struct sy_event_ends *ends)
{
	for (size_t i = 0; i < ends->n; i++)
		if (sy_str_is(ends->v[i].type, "location"))
			return ends->v[i].code;
	return SY_STR("");
}

/* --- the commands ----------------------------------------------------------------------------- */

static const struct flag export_flags[] = {
    {"direction", "back|forward|both", "where it came from, where it went; else both", FLAG_ONE},
    {"depth", "N", "no more than so many steps from what is asked for", FLAG_ONE},
    {0},
};

static const struct flag fsma_flags[] = {
    {"direction", "back|forward|both", "where it came from, where it went; else both", FLAG_ONE},
    {"depth", "N", "no more than so many steps from what is asked for", FLAG_ONE},
    {"all", NULL, "also events that are none of the rule's critical tracking events", FLAG_BOOL},
    {0},
};

static const struct flag recall_flags[] = {
    {"format", "html|csv", "a page ready to print, or a row for each party and unit", FLAG_ONE},
    {0},
};

const struct command export_commands[] = {
    {"epcis", "CODE...", 1, -1,
     "an EPCIS 2.0 document of the events of all that these came from and went into", export_flags,
     cmd_export_epcis, "suyuan export epcis '(01)06901234567892(10)A1' > events.jsonld"},
    {"fsma", "CODE...", 1, -1,
     "the same as FDA's FSMA 204 asks for: a sortable sheet, a row for each lot of each event",
     fsma_flags, cmd_export_fsma, "suyuan export fsma '(01)06901234567892(10)A1' > fsma.csv"},
    {"fcl", "CODE...", 1, -1, "the same as a network of deliveries, which FoodChain-Lab opens",
     export_flags, cmd_export_fcl, "suyuan export fcl '(01)06901234567892(10)A1' > network.json"},
    {"recall", "ID", 1, 1,
     "the report of a recall: its case, deadlines met and missed, answers by party and region, and "
     "what it hits",
     recall_flags, cmd_export_recall,
     "suyuan export recall urn:example:recall:1 --lang zh > report.html"},
    {0},
};
