#include "config.h"
#include "edit.h"
#include "row.h"
#include "value.h"
#include "nouns.h"
#include "words.h"

#define RULES_MAX (1u << 20)

/*
 * A file of rules: [rules] gives members of the record, each other section an object of texts or
 * of numbers.  Lines that begin with ';' or '#' are comments.
 */
static const struct {
	const char *name;
	bool numbers;
} sections[] = {{"fields", false}, {"licences", false}, {"standards", false}, {"products", false},
		{"limits", true},  {"targets", false},  {"levels", false},    {"deadlines", false},
		{"unsure", false}, {"holidays", true},  {"workdays", true}};
#define N_SECTIONS (sizeof sections / sizeof sections[0])

struct ini {
	struct app *app;
	const char *path;
	struct sy_jw *w;
	size_t section; /* open object, or N_SECTIONS at the top */
	int line;
};

static int ini_fault(struct ini *in, const char *expected)
{
	return fail(&in->app->fail, RC_FAIL, "%s: line %d: expected %s", in->path, in->line,
		    expected);
}

static void ini_close(struct ini *in)
{
	if (in->section < N_SECTIONS)
		sy_jw_end(in->w, '}');
	in->section = N_SECTIONS;
}

static int ini_section(struct ini *in, struct sy_str line)
{
	if (line.p[line.n - 1] != ']')
		return ini_fault(in, "[section]");
	struct sy_str name = {line.p + 1, line.n - 2};
	ini_close(in);
	if (sy_str_is(name, "rules"))
		return RC_DONE;
	for (size_t i = 0; i < N_SECTIONS; i++) {
		if (!sy_str_is(name, sections[i].name))
			continue;
		in->section = i;
		sy_jw_key(in->w, sections[i].name);
		sy_jw_object(in->w);
		return RC_DONE;
	}
	return ini_fault(in,
			 "[rules], [fields], [licences], [standards], [products], [limits], "
			 "[targets], [levels], [deadlines], [unsure], [holidays] or [workdays]");
}

static int ini_value(struct ini *in, struct sy_str name, struct sy_str value)
{
	char key[512];
	uint64_t number;

	if (name.n == 0 || name.n >= sizeof key || value.n == 0)
		return ini_fault(in, "name = value");
	snprintf(key, sizeof key, "%.*s", (int)name.n, name.p);
	if (in->section == N_SECTIONS || !sections[in->section].numbers) {
		sy_jw_kv_str(in->w, key, value);
		return RC_DONE;
	}
	if (sy_str_u64(value, &number) != SY_OK)
		return ini_fault(in, "a whole number");
	sy_jw_kv_u64(in->w, key, number);
	return RC_DONE;
}

static int ini_record(struct ini *in, struct sy_str text)
{
	struct sy_str line, name, value;
	int rc = RC_DONE;

	sy_jw_object(in->w);
	sy_jw_kv_text(in->w, "type", "Rules");
	while (rc == RC_DONE && sy_str_line(&text, &line)) {
		in->line++;
		while (line.n > 0 && strchr(" \t\r", line.p[line.n - 1]) != NULL)
			line.n--;
		if (line.n == 0 || line.p[0] == ';')
			continue;
		if (line.p[0] == '[') {
			rc = ini_section(in, line);
			continue;
		}
		int err = config_line(line, &name, &value);
		if (err == SY_OK)
			rc = ini_value(in, name, value);
		else if (err == SY_EINVAL)
			rc = ini_fault(in, "name = value");
	}
	ini_close(in);
	sy_jw_end(in->w, '}');
	return rc;
}

static int read_rules(struct app *app, const char *path, struct sy_buf *out)
{
	struct sy_buf text = {0};
	struct sy_jw w;
	int rc = file_read(path, RULES_MAX, &text, &app->fail);
	struct sy_str s = sy_buf_span(&text);

	while (s.n > 0 && strchr(" \t\r\n", s.p[0]) != NULL)
		s.p++, s.n--;
	if (rc == RC_DONE && s.n > 0 && s.p[0] == '{') {
		while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]) != NULL)
			s.n--;
		json_compact(out, s);
	} else if (rc == RC_DONE) {
		sy_jw_init(&w, out);
		struct ini in = {.app = app, .path = path, .w = &w, .section = N_SECTIONS};
		rc = ini_record(&in, sy_buf_span(&text));
	}
	if (rc == RC_DONE && out->failed)
		rc = fail_memory(&app->fail);
	sy_buf_free(&text);
	return rc;
}

static int cmd_publish(struct app *app)
{
	const char *path = arg_pos(app, 0), *name = NULL;
	struct sy_buf record = {0};
	struct sy_json_doc doc;
	struct sy_json_fault why;
	int rc = read_rules(app, path, &record);

	if (rc == RC_DONE) {
		if (sy_json_parse(&app->arena, sy_buf_span(&record), 0, &doc, &why) != SY_OK)
			rc = fail(&app->fail, RC_FAIL, "%s: byte %zu: %s", path, why.offset + 1,
				  words(why.detail));
		else
			name = sy_arena_strdup(
			    &app->arena,
			    view_text(app, &doc, sy_json_get(&doc, sy_json_root(&doc), "name")));
	}
	if (rc == RC_DONE && (name == NULL || name[0] == '\0'))
		rc = fail(&app->fail, RC_FAIL, "%s: rules have a name", path);
	if (rc == RC_DONE)
		rc = edit_send(app, &view_rules, "name", name, sy_buf_span(&record));
	sy_buf_free(&record);
	return rc;
}

/* What of which version is asked for: LAST, behind what --record or --at say; NULL: refused. */
static const char *asked(struct app *app, const char *last)
{
	const char *record = arg(app, "record"), *at = arg(app, "at");
	struct sy_buf b = {0};
	struct sy_str time, zone;
	uint64_t number;

	if (record != NULL && at != NULL) {
		fail(&app->fail, RC_USAGE, "expected --record or --at, not both");
		return NULL;
	}
	if (record != NULL && sy_str_u64(sy_str(record), &number) != SY_OK) {
		fail(&app->fail, RC_USAGE, "--record %s: expected a record's number", record);
		return NULL;
	}
	if (at != NULL && !value_time(&app->arena, sy_str(at), &time, &zone)) {
		fail(&app->fail, RC_USAGE,
		     "--at %s: expected a day, or a day and time as 2026-11-01 08:30", at);
		return NULL;
	}
	if (record != NULL)
		sy_buf_printf(&b, "record=%s&", record);
	if (at != NULL) {
		sy_buf_text(&b, "time=");
		http_escape(&b, time);
		sy_buf_byte(&b, '&');
	}
	sy_buf_text(&b, last);
	const char *text = b.failed ? NULL : sy_arena_strdup(&app->arena, sy_buf_span(&b));
	sy_buf_free(&b);
	if (text == NULL)
		fail_memory(&app->fail);
	return text;
}

static void show_members(struct app *app, const struct sy_json_doc *doc, const struct sy_json *v)
{
	const struct sy_json *m;
	struct sy_str key;

	sy_json_each (doc, v, m) {
		if (sy_json_key(doc, m, &app->arena, &key) != SY_OK)
			continue;
		const char *name = sy_arena_strdup(&app->arena, key);
		if (m->type != SY_JSON_OBJECT) {
			out_str(&app->out, name, view_text(app, doc, m));
			continue;
		}
		out_object(&app->out, name);
		show_members(app, doc, m);
		out_end(&app->out);
	}
}

static int show_one(struct app *app, const char *parameter, const char *name)
{
	struct sy_json_doc doc;
	struct standing then;
	int rc = view_standing(app, &view_rules, parameter, name, &then);

	if (rc != RC_DONE)
		return rc;
	if (sy_json_parse(&app->arena, then.text, 0, &doc, NULL) != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: its record cannot be read", name);
	out_object(&app->out, NULL);
	out_u64(&app->out, "record", then.record);
	show_members(app, &doc, sy_json_root(&doc));
	out_end(&app->out);
	return RC_DONE;
}

static int cmd_show(struct app *app)
{
	const char *name = arg_pos(app, 0);
	bool versions = arg(app, "versions") != NULL;

	if (versions && name == NULL)
		return fail(&app->fail, RC_USAGE, "--versions: expected the NAME of rules");
	const char *parameter = asked(app, versions       ? "versions=true&name"
					   : name != NULL ? "name"
							  : "limit");
	if (parameter == NULL)
		return app->fail.rc;
	if (versions || name == NULL)
		return view_list(app, &view_rules, parameter, name != NULL ? name : "1000");
	if (out_is_json(&app->out))
		return view_show(app, &view_rules, parameter, name);
	return show_one(app, parameter, name);
}

static const struct flag publish_flags[] = {FLAG_REPLACE, FLAG_DRY_RUN, {0}};
static const struct flag show_flags[] = {
    {"record", "N", "those by which record N was judged", FLAG_ONE},
    {"at", "TIME", "those in force then; a day is its beginning", FLAG_ONE},
    {"versions", NULL, "all versions of NAME, the newest first", FLAG_BOOL},
    {0}};

const struct command rules_commands[] = {
    {"publish", "FILE", 1, 1,
     "a profile, list, limits, deadlines or exemption, in force from the next entry", publish_flags,
     cmd_publish, "suyuan rules publish conf/profiles/food.ini --replace --key operator.key"},
    {"show", "[NAME]", 0, 1, "the rules in force, or one of them; now or at an earlier time",
     show_flags, cmd_show, "suyuan rules show profile/food --at 2026-11-01"},
    {0},
};
