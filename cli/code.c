#include <stdlib.h>
#include <unistd.h>

#include "code_words.h"
#include "nouns.h"

#define MARGIN 60 /* bytes of a long code on each side of a fault, at most */

/* One code at a time, so that a list of any length needs no more memory than its longest line. */
struct parse {
	struct app *app;
	struct sy_arena arena;
	struct sy_faults faults;
	struct sy_code_info info;
	unsigned prefix_length;
	size_t n; /* codes so far */
};

static void part(struct app *app, enum code_label label, struct sy_str value)
{
	if (value.n > 0)
		out_str(&app->out, code_label(app, label), value);
}

/* --- its other forms -------------------------------------------------------------------------- */

/* FNC1 can't be shown as it is. */
static struct sy_str visible(struct parse *p, struct sy_str text)
{
	struct sy_buf b = {0};

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\x1d')
			sy_buf_text(&b, "␝");
		else
			sy_buf_byte(&b, text.p[i]);
	}
	const char *copy = sy_arena_strdup(&p->arena, sy_buf_span(&b));
	sy_buf_free(&b);
	return copy != NULL ? sy_str(copy) : text;
}

/* ASKED: somebody wants this form, so that it is a fault when there is none. */
static void show_form(struct parse *p, enum code_label label, const struct sy_code_format *how,
		      bool asked)
{
	struct app *app = p->app;
	struct sy_faults *faults = asked ? &p->faults : NULL;
	struct sy_str text;

	if (sy_code_format(&p->arena, &p->info.code, how, &text, faults, SY_NO_RECORD, "") != SY_OK)
		return;
	if (out_is_json(&app->out))
		part(app, label, text);
	else if (!sy_str_eq(text, p->info.code.canonical))
		part(app, label, visible(p, text));
}

static void show_forms(struct parse *p)
{
	const char *stem = arg(p->app, "stem");
	struct sy_code_format bracketed = {.form = SY_FORM_BRACKETED}, raw = {.form = SY_FORM_RAW},
			      link = {.form = SY_FORM_LINK, .stem = sy_str(stem)},
			      urn = {.form = SY_FORM_URN, .prefix_length = p->prefix_length};

	show_form(p, CODE_ELEMENTS, &bracketed, false);
	show_form(p, CODE_SCAN, &raw, false);
	show_form(p, CODE_LINK, &link, stem != NULL);
	show_form(p, CODE_URN, &urn, p->prefix_length > 0);
}

/* --- what it says ----------------------------------------------------------------------------- */

static void show_code(struct parse *p)
{
	const struct sy_code *c = &p->info.code;
	struct app *app = p->app;

	out_str(&app->out, code_label(app, CODE_GIVEN),
		out_is_json(&app->out) ? c->given : visible(p, c->given));
	out_text(&app->out, code_label(app, CODE_KIND), code_kind_word(app, c));
	if (c->kind == SY_CODE_NONE)
		return;
	out_text(&app->out, code_label(app, CODE_SCHEME), code_scheme_word(app, c));
	part(app, CODE_CANONICAL, c->canonical);
	part(app, CODE_PRODUCT, c->product);
	part(app, CODE_LOT_CODE, c->lot_code);
	part(app, CODE_GTIN, c->gtin);
	part(app, CODE_LOT, c->lot);
	part(app, CODE_SERIAL, c->serial);
	part(app, CODE_MADE, c->made);
	part(app, CODE_EXPIRES, c->expiry);
	show_forms(p);
}

static void show_identifiers(struct parse *p)
{
	struct app *app = p->app;

	if (p->info.n_parts == 0 || (p->info.code.kind == SY_CODE_NONE && !out_is_json(&app->out)))
		return;
	out_list(&app->out, "identifiers");
	for (size_t i = 0; i < p->info.n_parts; i++) {
		const struct sy_code_part *part = &p->info.parts[i];
		out_object(&app->out, NULL);
		out_text(&app->out, code_label(app, CODE_AI), part->ai);
		out_text(&app->out, code_label(app, CODE_TITLE), code_title(app, part));
		out_str(&app->out, code_label(app, CODE_VALUE), part->value);
		out_text(&app->out, code_label(app, CODE_ROLE), code_role_word(app, part->role));
		out_end(&app->out);
	}
	out_end(&app->out);
}

/* Is it something that is known, though no code? */
static bool is_number(const struct sy_code_info *info)
{
	for (size_t i = 0; i < info->n_readings; i++) {
		const struct sy_code_reading *r = &info->readings[i];
		if (info->code.kind == SY_CODE_NONE && !r->item && (r->holds || r->unsure))
			return true;
	}
	return false;
}

static void reading_json(struct app *app, const struct sy_code_reading *r)
{
	out_object(&app->out, NULL);
	out_text(&app->out, "name", r->name);
	out_text(&app->out, "title", app->lang == LANG_ZH ? r->chinese : r->english);
	out_bool(&app->out, "holds", r->holds);
	out_bool(&app->out, "unsure", r->unsure);
	out_bool(&app->out, "taken", r->taken);
	out_end(&app->out);
}

/* What else it could be; what it was parsed as is said above. */
static void reading_text(struct app *app, const struct sy_code *code,
			 const struct sy_code_reading *r)
{
	const char *title = app->lang == LANG_ZH ? r->chinese : r->english;
	bool only = code->kind == SY_CODE_NONE && !r->item;
	const char *label = code_label(app, only ? CODE_IS : CODE_ALSO);

	if (r->taken || (!r->holds && !r->unsure))
		return;
	if (r->holds)
		out_text(&app->out, label, title);
	else
		out_printf(&app->out, label, app->lang == LANG_ZH ? "%s（%s）" : "%s (%s)", title,
			   code_label(app, CODE_CHECK));
}

static void show_readings(struct parse *p)
{
	struct app *app = p->app;

	if (p->info.n_readings == 0)
		return;
	if (out_is_json(&app->out))
		out_list(&app->out, "readings");
	for (size_t i = 0; i < p->info.n_readings; i++) {
		if (out_is_json(&app->out))
			reading_json(app, &p->info.readings[i]);
		else
			reading_text(app, &p->info.code, &p->info.readings[i]);
	}
	if (out_is_json(&app->out))
		out_end(&app->out);
}

/* --- faults ----------------------------------------------------------------------------------- */

/* The start of a character at or before AT. */
static size_t boundary(struct sy_str text, size_t at)
{
	while (at > 0 && at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* The code, or as much of a long one as stands around the fault, and carets under that. */
static void show_place(struct parse *p, struct sy_code_mark mark)
{
	struct sy_str given = p->info.code.given;
	size_t end = mark.at + mark.n;
	size_t from = boundary(given, mark.at > MARGIN ? mark.at - MARGIN : 0);
	size_t to = given.n - end > MARGIN ? boundary(given, end + MARGIN) : given.n;
	struct sy_str before = visible(p, (struct sy_str){given.p + from, mark.at - from});
	struct sy_str marked = visible(p, (struct sy_str){given.p + mark.at, mark.n});
	struct sy_str after = visible(p, (struct sy_str){given.p + end, to - end});
	struct sy_buf carets = {0};

	out_line(&p->app->out, "  %.*s%.*s%.*s", (int)before.n, before.p, (int)marked.n, marked.p,
		 (int)after.n, after.p);
	for (size_t i = text_width(before) + 2; i > 0; i--)
		sy_buf_byte(&carets, ' ');
	size_t width = text_width(marked);
	for (size_t i = width > 0 ? width : 1; i > 0; i--)
		sy_buf_byte(&carets, '^');
	if (sy_buf_cstr(&carets) != NULL)
		out_line(&p->app->out, "%s", sy_buf_cstr(&carets));
	sy_buf_free(&carets);
}

static size_t characters(const char *text, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Places count characters, from 1. */
static void place_json(struct out *o, struct sy_str given, struct sy_code_mark mark)
{
	if (mark.at + mark.n == 0)
		return;
	out_u64(o, "at", characters(given.p, mark.at) + 1);
	out_u64(o, "length", characters(given.p + mark.at, mark.n));
}

static void faults_json(struct parse *p)
{
	struct out *o = &p->app->out;

	out_list(o, "faults");
	for (size_t i = 0; i < p->faults.n; i++) {
		out_object(o, NULL);
		if (i < p->info.n_marks)
			place_json(o, p->info.code.given, p->info.marks[i]);
		out_u64(o, "status", (uint64_t)p->faults.v[i].status);
		out_text(o, "detail", p->faults.v[i].detail);
		out_end(o);
	}
	out_end(o);
}

/* On a terminal each fault stands under its place, else a line each. */
static void faults_text(struct parse *p)
{
	struct app *app = p->app;
	bool terminal = isatty(fileno(app->out.file)) == 1;

	for (size_t i = 0; i < p->faults.n && !terminal; i++)
		out_text(&app->out, code_label(app, CODE_FAULT), p->faults.v[i].detail);
	out_end(&app->out);
	for (size_t i = 0; i < p->faults.n && terminal; i++) {
		struct sy_code_mark mark = {0, 0};
		if (i < p->info.n_marks)
			mark = p->info.marks[i];
		if (mark.at + mark.n > 0)
			show_place(p, mark);
		out_line(&app->out, "%s: %s", code_label(app, CODE_FAULT), p->faults.v[i].detail);
	}
}

/* --- the command ------------------------------------------------------------------------------ */

static int parse_one(struct parse *p, struct sy_str text)
{
	struct app *app = p->app;
	bool json = out_is_json(&app->out);

	sy_faults_init(&p->faults, &p->arena);
	p->faults.chinese = app->lang == LANG_ZH;
	int err = sy_code_explain(&p->arena, text, &p->info, &p->faults);
	if (err == SY_ENOMEM)
		return fail_memory(&app->fail);
	if (p->n++ > 0)
		out_line(&app->out, "%s", "");
	if (is_number(&p->info)) /* it is refused as a code, but named */
		p->faults.n = p->info.n_marks = 0;
	out_object(&app->out, NULL);
	show_code(p);
	show_readings(p);
	show_identifiers(p);
	if (p->faults.n > 0 && json)
		faults_json(p);
	if (json)
		out_end(&app->out);
	else
		faults_text(p);
	int rc = p->faults.n > 0 ? RC_FAIL : RC_DONE;
	sy_arena_reset(&p->arena);
	return rc;
}

/* A code a line. */
static int parse_lines(struct parse *p)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int rc = RC_DONE;

	while ((n = getline(&line, &cap, stdin)) >= 0) {
		while (n > 0 && strchr(" \t\r\n", line[n - 1]) != NULL && line[n - 1] != '\0')
			n--;
		if (n > 0)
			rc = rc_worst(rc, parse_one(p, (struct sy_str){line, (size_t)n}));
	}
	free(line);
	if (ferror(stdin))
		return fail(&p->app->fail, RC_FAIL, "standard input: cannot be read");
	return rc;
}

static int cmd_parse(struct app *app)
{
	struct parse *p = calloc(1, sizeof *p);
	const char *text = arg_pos(app, 0);
	bool list = app->args.n_pos > 1 || strcmp(text, "-") == 0;
	uint64_t length;
	int rc = RC_DONE;

	if (p == NULL)
		return fail_memory(&app->fail);
	p->app = app;
	rc = arg_u64(app, "prefix-length", 6, 12, 0, &length);
	p->prefix_length = (unsigned)length;
	if (rc == RC_DONE && list && out_is_json(&app->out))
		out_list(&app->out, NULL);
	for (size_t i = 0; rc != RC_USAGE && (text = arg_pos(app, i)) != NULL; i++)
		rc = rc_worst(rc,
			      strcmp(text, "-") == 0 ? parse_lines(p) : parse_one(p, sy_str(text)));
	while (app->out.depth > 0)
		out_end(&app->out);
	sy_arena_free(&p->arena);
	free(p);
	return rc;
}

static const struct flag parse_flags[] = {
    {"prefix-length", "N", "digits of the company prefix, for the EPC URN", FLAG_ONE},
    {"stem", "URL", "write the Digital Link at this host and path", FLAG_ONE},
    {0},
};

const struct command code_commands[] = {
    {"parse", "CODE...", 1, -1,
     "what a code says: kind, canonical form, identifiers, other forms, faults; offline (- reads "
     "codes)",
     parse_flags, cmd_parse, "suyuan code parse '(01)06901234567892(10)A1' --prefix-length 7"},
    {0},
};
