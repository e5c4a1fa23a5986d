/* Output: widths, tables, JSON; arguments, exit codes, the known file, the set of seen rows,
 * warnings of many rows, what lies in containers in each other. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "config.h"
#include "export.h"
#include "seen.h"
#include "trust.h"
#include "warnings.h"

#include "run.h" /* last: Check makes a macro of fail */

static const struct {
	const char *text;
	size_t width;
} widths[] = {
    {"", 0},     {"abc", 3}, {"鲜牛奶", 6}, {"A批号", 5}, {"e\xcc\x81", 1}, {"（）", 4},
    {"한글", 4}, {"ｱ", 1},   {"😀", 2},      {"ü", 1},     {"\xff", 1},      {"\xe9\xb2", 2},
};

START_TEST(width)
{
	ck_assert_msg(text_width(sy_str(widths[_i].text)) == widths[_i].width, "%s: %zu",
		      widths[_i].text, text_width(sy_str(widths[_i].text)));
}
END_TEST

START_TEST(clean)
{
	struct sy_buf b = {0};

	text_clean(&b, SY_STR("a\x1b[31m\xe2\x80\xae\xc2\x9b批"));
	ck_assert_str_eq(sy_buf_cstr(&b), "a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd批");
	sy_buf_free(&b);
}
END_TEST

/* Writes with FN in one form or the other; the text in BUF. */
static void written(void (*fn)(struct out *o), bool json, char *buf, size_t cap)
{
	FILE *f = fmemopen(buf, cap, "w");
	struct out o;

	ck_assert_ptr_nonnull(f);
	out_init(&o, f, json);
	fn(&o);
	ck_assert_int_eq(out_finish(&o), SY_OK);
	out_free(&o);
	fclose(f);
}

static void some(struct out *o)
{
	out_object(o, NULL);
	out_text(o, "name", "鲜牛奶");
	out_u64(o, "entries", 7);
	out_object(o, "checkpoint");
	out_u64(o, "size", 7);
	out_end(o);
	out_list(o, "roles");
	out_text(o, NULL, "a");
	out_text(o, NULL, "b");
	out_end(o);
	out_list(o, "rows");
	for (int i = 0; i < 2; i++) {
		out_object(o, NULL);
		out_text(o, "code", i ? "x" : "批号");
		if (i)
			out_bool(o, "good", true);
		out_end(o);
	}
	out_end(o);
	out_end(o);
}

START_TEST(as_text)
{
	char buf[1024] = "";

	written(some, false, buf, sizeof buf);
	ck_assert_str_eq(buf, "name             鲜牛奶\n"
			      "entries          7\n"
			      "checkpoint size  7\n"
			      "roles            a, b\n"
			      "code  good\n"
			      "批号  -\n"
			      "x     true\n");
}
END_TEST

START_TEST(as_json)
{
	char buf[1024] = "";

	written(some, true, buf, sizeof buf);
	ck_assert_str_eq(buf, "{\"name\":\"鲜牛奶\",\"entries\":7,\"checkpoint\":{\"size\":7},"
			      "\"roles\":[\"a\",\"b\"],\"rows\":[{\"code\":\"批号\"},"
			      "{\"code\":\"x\",\"good\":true}]}\n");
}
END_TEST

START_TEST(write_error)
{
	FILE *f = fopen("/dev/full", "w");
	struct out o;

	ck_assert_ptr_nonnull(f);
	out_init(&o, f, false);
	some(&o);
	ck_assert_int_eq(out_finish(&o), SY_EIO);
	out_free(&o);
	fclose(f);
}
END_TEST

static const struct {
	int a, b, worst;
} worst[] = {
    {0, 0, 0}, {0, 4, 4}, {4, 8, 8}, {8, 3, 3}, {3, 5, 5}, {5, 1, 1},
    {4, 3, 3}, {1, 3, 1}, {0, 6, 6}, {7, 0, 7}, {2, 5, 2},
};

START_TEST(exit_code)
{
	ck_assert_int_eq(rc_worst(worst[_i].a, worst[_i].b), worst[_i].worst);
	ck_assert_int_eq(rc_worst(worst[_i].b, worst[_i].a), worst[_i].worst);
}
END_TEST

static const struct {
	const char *words[8];
	int rc;
	const char *noun, *lot, *pos;
} lines[] = {
    {{"batch", "register", "--lot", "A1"}, RC_DONE, "batch", "A1", NULL},
    {{"--json", "batch", "register", "--lot=A=1"}, RC_DONE, "batch", "A=1", NULL},
    {{"batch", "import", "-"}, RC_DONE, "batch", NULL, "-"},
    {{"verify", "--", "--strange"}, RC_DONE, "verify", NULL, "--strange"},
    {{"batch"}, RC_USAGE, NULL, NULL, NULL},
    {{"bath", "import"}, RC_USAGE, NULL, NULL, NULL},
    {{"batch", "import"}, RC_USAGE, NULL, NULL, NULL},
    {{"batch", "import", "a", "b"}, RC_USAGE, NULL, NULL, NULL},
    {{"batch", "register", "--lot"}, RC_USAGE, NULL, NULL, NULL},
    {{"batch", "register", "--lot", "a", "--lot", "b"}, RC_USAGE, NULL, NULL, NULL},
    {{"batch", "register", "--dry-run=1"}, RC_USAGE, NULL, NULL, NULL},
    {{"batch", "register", "--colour", "x"}, RC_USAGE, NULL, NULL, NULL},
    {{"batch", "import", "--help"}, RC_DONE, "help", NULL, "batch"},
    {{NULL}, RC_DONE, "help", NULL, NULL},
};

START_TEST(arguments)
{
	static struct app app;
	static char program[] = "suyuan";
	char *argv[10] = {program};
	int argc = 1;

	memset(&app, 0, sizeof app);
	for (; lines[_i].words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)lines[_i].words[argc - 1];
	ck_assert_msg(args_parse(&app, argc, argv) == lines[_i].rc, "%s", app.fail.text);
	if (lines[_i].rc == RC_DONE) {
		ck_assert_str_eq(app.noun->name, lines[_i].noun);
		if (lines[_i].lot != NULL)
			ck_assert_str_eq(arg(&app, "lot"), lines[_i].lot);
		if (lines[_i].pos != NULL)
			ck_assert_str_eq(arg_pos(&app, 0), lines[_i].pos);
	} else {
		ck_assert_uint_gt(strlen(app.fail.text), 0);
	}
	sy_arena_free(&app.arena);
}
END_TEST

/* Every command can be asked for help, and its example begins as it is typed. */
START_TEST(command_table)
{
	size_t commands = 0;

	for (const struct noun *n = nouns; n->name != NULL; n++) {
		for (const struct command *c = n->commands; c->verb != NULL; c++, commands++) {
			char start[64];
			snprintf(start, sizeof start, "suyuan %s%s%s", n->name,
				 c->verb[0] ? " " : "", c->verb);
			ck_assert_msg(strncmp(c->example, start, strlen(start)) == 0, "%s", start);
			ck_assert(c->run != NULL);
			ck_assert(c->max < 0 || c->min <= c->max);
		}
	}
	ck_assert_uint_gt(commands, 25);
}
END_TEST

START_TEST(known)
{
	static const char file[] =
	    "# pinned\nhttp://a o1+00000001+AQ==\nhttp://b o2+00000002+AQ==\n"
	    "junk\nunix:/s o1+00000001+AQ==\n";
	struct sy_str by_address, by_origin;

	known_find(sy_str(file), SY_STR("http://b"), SY_STR("o1"), &by_address, &by_origin);
	ck_assert(sy_str_is(by_address, "o2+00000002+AQ=="));
	ck_assert(sy_str_is(by_origin, "o1+00000001+AQ=="));
	known_find(sy_str(file), SY_STR("http://c"), SY_STR("o"), &by_address, &by_origin);
	ck_assert_uint_eq(by_address.n + by_origin.n, 0);
	known_find(SY_STR(""), SY_STR("x"), SY_STR("y"), &by_address, &by_origin);
	ck_assert_uint_eq(by_address.n + by_origin.n, 0);
}
END_TEST

START_TEST(setting)
{
	struct sy_str name, value;

	ck_assert_int_eq(config_line(SY_STR(" ledger = http://a=b \r"), &name, &value), SY_OK);
	ck_assert(sy_str_is(name, "ledger"));
	ck_assert(sy_str_is(value, "http://a=b"));
	ck_assert_int_eq(config_line(SY_STR("  # note"), &name, &value), SY_ENOTFOUND);
	ck_assert_int_eq(config_line(SY_STR(""), &name, &value), SY_ENOTFOUND);
	ck_assert_int_eq(config_line(SY_STR("ledger"), &name, &value), SY_EINVAL);
}
END_TEST

START_TEST(seen)
{
	struct seen s = {0};
	char text[16];
	uint64_t where;

	for (uint64_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "row %d", (int)i);
		where = i;
		ck_assert_int_eq(seen_add(&s, sy_str(text), &where), SY_OK);
	}
	for (uint64_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "row %d", (int)i);
		where = 99999;
		ck_assert_int_eq(seen_add(&s, sy_str(text), &where), SY_EDUP);
		ck_assert_uint_eq(where, i);
	}
	seen_free(&s);
}
END_TEST

/* Rows come in any order, as submissions in flight are answered. */
START_TEST(warned)
{
	static const uint64_t rows[] = {900, 7, 31, 2, 8, 3};
	struct warnings w = {0};
	char text[24];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		warnings_add(&w, "origin", "should be there", rows[i]);
	warnings_add(&w, "origin", "should be another", 5);
	warnings_add(&w, "storage", "should be there", 0);
	ck_assert_uint_eq(w.n, 3);
	ck_assert_uint_eq(w.all, 8);
	ck_assert_uint_eq(w.v[0].rows, 6);
	ck_assert_uint_eq(w.v[0].n, WARNINGS_LINES);
	ck_assert(w.v[0].line[0] == 2 && w.v[0].line[1] == 3 && w.v[0].line[2] == 7);
	ck_assert(w.v[1].n == 1 && w.v[1].line[0] == 5 && w.v[2].n == 0);
	for (unsigned i = 0; i < 2 * WARNINGS_KINDS; i++) {
		snprintf(text, sizeof text, "%u", i);
		warnings_add(&w, "lot", text, i + 1);
	}
	ck_assert_uint_eq(w.n, WARNINGS_KINDS);
	ck_assert_uint_eq(w.unkept, WARNINGS_KINDS + 3);
	warnings_free(&w);
}
END_TEST

enum { LEVELS = 15, WIDE = 8 };

static int count_load(void *ctx, const struct load *load)
{
	(void)load;
	return ++*(unsigned *)ctx > 10000 ? RC_FAIL : RC_DONE;
}

/* Each container of a level holds all of the next: 8^15 ways lead to the last. */
START_TEST(containers_in_each_other)
{
	struct sy_event_item items[1 + WIDE];
	struct export_event e = {
	    .ev = {.kind = SY_EVENT_AGGREGATION, .action = SY_ACTION_ADD, .items = items}};
	static char names[LEVELS + 1][WIDE][16];
	struct loads l = {0};
	unsigned n = 0;

	e.ev.n_items = 1 + WIDE;
	for (unsigned level = 0; level <= LEVELS; level++)
		for (unsigned i = 0; i < WIDE; i++)
			snprintf(names[level][i], sizeof names[level][i], "urn:%u:%u", level, i);
	for (unsigned level = 0; level < LEVELS; level++)
		for (unsigned i = 0; i < WIDE; i++) {
			memset(items, 0, sizeof items);
			items[0].role = SY_ROLE_PARENT;
			items[0].code.canonical = sy_str(names[level][i]);
			for (unsigned k = 0; k < WIDE; k++) {
				items[1 + k].role = SY_ROLE_CHILD;
				items[1 + k].code.canonical = sy_str(names[level + 1][k]);
			}
			ck_assert_int_eq(loads_follow(&l, &e), RC_DONE);
		}
	ck_assert_int_eq(loads_each(&l, sy_str("urn:0:0"), count_load, &n), RC_DONE);
	ck_assert_uint_eq(n, WIDE + (LEVELS - 1) * WIDE * WIDE);
	loads_free(&l);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("cli_table");
	TCase *t = tcase_create("width");

	tcase_add_loop_test(t, width, 0, sizeof widths / sizeof widths[0]);
	tcase_add_test(t, clean);
	suite_add_tcase(s, t);
	t = tcase_create("out");
	tcase_add_test(t, as_text);
	tcase_add_test(t, as_json);
	tcase_add_test(t, write_error);
	suite_add_tcase(s, t);
	t = tcase_create("args");
	tcase_add_loop_test(t, exit_code, 0, sizeof worst / sizeof worst[0]);
	tcase_add_loop_test(t, arguments, 0, sizeof lines / sizeof lines[0]);
	tcase_add_test(t, command_table);
	suite_add_tcase(s, t);
	t = tcase_create("config");
	tcase_add_test(t, known);
	tcase_add_test(t, setting);
	tcase_add_test(t, seen);
	tcase_add_test(t, warned);
	tcase_add_test(t, containers_in_each_other);
	suite_add_tcase(s, t);
	return s;
}
