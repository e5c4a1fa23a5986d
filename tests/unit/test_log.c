#include <base/log.h>
#include <suyuan/error.h>
#include <suyuan/json.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"
#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))
#define REPLACED "\xef\xbf\xbd"

static int captured;
static struct sy_arena arena;

/* Standard error goes to memory; Check's own output doesn't use it. */
static void setup(void)
{
	captured = memfd_create("log", MFD_CLOEXEC);
	ck_assert_int_ge(captured, 0);
	ck_assert_int_ge(dup2(captured, STDERR_FILENO), 0);
}

static void teardown(void)
{
	close(captured);
	sy_arena_free(&arena);
}

static void start(bool json)
{
	log_init(&(struct log_options){LOG_NOTE, json});
	ck_assert_int_eq(ftruncate(captured, 0), 0);
	ck_assert_int_eq(lseek(captured, 0, SEEK_SET), 0);
}

static struct sy_str text(void)
{
	static char got[1 << 20];
	ssize_t n = pread(captured, got, sizeof got, 0);
	ck_assert_int_ge(n, 0);
	return (struct sy_str){got, (size_t)n};
}

/* The one line that was logged, without its LF. */
static struct sy_str one_line(void)
{
	struct sy_str all = text(), line;
	ck_assert(sy_str_line(&all, &line));
	ck_assert_msg(all.n == 0, "more than one line: %.*s", (int)all.n, all.p);
	return line;
}

static const struct {
	const char *name, *value, *logfmt, *clean;
} values[] = {
    {"plain", "/var/lib/suyuan", "/var/lib/suyuan", NULL},
    {"empty", "", "\"\"", NULL},
    {"space", "a b", "\"a b\"", NULL},
    {"equals", "a=b", "\"a=b\"", NULL},
    {"quote", "\"", "\"\\\"\"", NULL},
    {"backslash", "\\", "\"\\\\\"", NULL},
    {"closes its quote", "x\" level=error", "\"x\\\" level=error\"", NULL},
    {"LF", "a\ntime=0 level=error event=forged", "\"a\\ntime=0 level=error event=forged\"", NULL},
    {"CR", "a\rb", "\"a\\rb\"", NULL},
    {"tab", "a\tb", "\"a\\tb\"", NULL},
    {"escape", "\033[2J", "\"\\u001b[2J\"", NULL},
    {"every control",
     "\001\002\003\004\005\006\a\b\v\f\016\017\020\021\022\023\024\025\026\027\030\031\032\034\035"
     "\036\037",
     "\"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\u000b\\f\\u000e\\u000f\\u0010"
     "\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001c\\u001d"
     "\\u001e\\u001f\"",
     NULL},
    {"Chinese", "溯源", "溯源", NULL},
    {"DEL", "a\177b", "a" REPLACED "b", "a" REPLACED "b"},
    {"C1, a terminal's CSI", "a\xc2\x9b[2J", "a" REPLACED "[2J", "a" REPLACED "[2J"},
    {"the one behind C1", "\xc2\xa0", "\xc2\xa0", NULL},
    {"not UTF-8", "\xff\xfe", REPLACED REPLACED, REPLACED REPLACED},
    {"cut short", "a\xe6\xba", "a" REPLACED REPLACED, "a" REPLACED REPLACED},
    {"overlong LF", "a\xc0\x8a", "a" REPLACED REPLACED, "a" REPLACED REPLACED},
    {"surrogate", "\xed\xa0\x80", REPLACED REPLACED REPLACED, REPLACED REPLACED REPLACED},
    {"NULL", NULL, "\"\"", ""},
};

START_TEST(logfmt)
{
	char want[512];
	start(false);
	log_event(LOG_ERR, "test", "key", values[_i].value, "n", "1", NULL);
	struct sy_str line = one_line();
	const char *rest = memmem(line.p, line.n, " level=", 7);
	ck_assert_ptr_nonnull(rest);
	ck_assert_int_eq(rest - line.p, (int)strlen("time=2026-11-24T03:37:51.000Z"));
	snprintf(want, sizeof want, " level=error event=test key=%s n=1", values[_i].logfmt);
	struct sy_str got = {rest, line.n - (size_t)(rest - line.p)};
	ck_assert_msg(sy_str_is(got, want), "%s: %.*s", values[_i].name, (int)got.n, got.p);
}
END_TEST

static struct sy_str member(const struct sy_json_doc *doc, const char *name)
{
	struct sy_str s;
	const struct sy_json *v = sy_json_get(doc, sy_json_root(doc), name);
	ck_assert_int_eq(sy_json_string(doc, v, &arena, &s), SY_OK);
	return s;
}

START_TEST(json)
{
	struct sy_json_doc doc;
	start(true);
	log_event(LOG_WARN, "test", "key", values[_i].value, "n", "1", NULL);
	struct sy_str line = one_line();
	/* What the ledger takes as a record has no duplicate names and no control bytes. */
	ck_assert_msg(sy_json_parse(&arena, line, SY_JSON_RECORD, &doc, NULL) == SY_OK, "%s: %.*s",
		      values[_i].name, (int)line.n, line.p);
	const char *clean = values[_i].clean ? values[_i].clean : values[_i].value;
	ck_assert(sy_str_is(member(&doc, "key"), clean));
	ck_assert(sy_str_is(member(&doc, "level"), "warning"));
	ck_assert(sy_str_is(member(&doc, "event"), "test"));
	ck_assert(sy_str_is(member(&doc, "n"), "1"));
	ck_assert_uint_eq(member(&doc, "time").n, 24);
}
END_TEST

START_TEST(printf_line)
{
	struct sy_json_doc doc;
	start(true);
	errno = ENOENT;
	log_printf(LOG_ERR, "open", "%s: %s\n", "dir", strerror(errno));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(sy_json_parse(&arena, one_line(), 0, &doc, NULL), SY_OK);
	ck_assert(sy_str_is(member(&doc, "message"), "dir: No such file or directory\n"));
}
END_TEST

/* What doesn't fit is cut, even within a character. */
START_TEST(printf_cut)
{
	struct sy_json_doc doc;
	static char big[4096];
	for (size_t i = 0; i + 3 < sizeof big; i += 3)
		memcpy(big + i, "溯", 3);
	start(true);
	log_printf(LOG_ERR, "cut", "%s", big);
	ck_assert_int_eq(sy_json_parse(&arena, one_line(), 0, &doc, NULL), SY_OK);
	ck_assert_uint_ge(member(&doc, "message").n, 2000);
}
END_TEST

START_TEST(levels)
{
	static const enum log_level all[] = {LOG_ERR, LOG_WARN, LOG_NOTE, LOG_DETAIL, LOG_TRACE};
	static const char *const names[] = {"error", "warning", "note", "info", "debug"};
	for (int wanted = 0; wanted < COUNT(all); wanted++) {
		start(false);
		log_set_level(all[wanted]);
		for (int i = 0; i < COUNT(all); i++) {
			ck_assert_int_eq(log_wants(all[i]), i <= wanted);
			log_event(all[i], names[i], NULL);
			log_printf(all[i], names[i], "x");
		}
		struct sy_str rest = text(), line;
		for (int n = 0; n < 2 * (wanted + 1); n++) {
			char want[64];
			ck_assert(sy_str_line(&rest, &line));
			snprintf(want, sizeof want, " level=%s event=%s", names[n / 2],
				 names[n / 2]);
			ck_assert_ptr_nonnull(memmem(line.p, line.n, want, strlen(want)));
		}
		ck_assert_uint_eq(rest.n, 0);
	}
}
END_TEST

/* Neither a closed standard error nor a line that isn't wanted changes errno. */
START_TEST(keeps_errno)
{
	start(false);
	close(STDERR_FILENO);
	errno = ENOSPC;
	log_event(LOG_ERR, "test", NULL);
	ck_assert_int_eq(errno, ENOSPC);
	log_printf(LOG_ERR, "test", "%d", 1);
	ck_assert_int_eq(errno, ENOSPC);
	log_event(LOG_TRACE, "test", NULL);
	log_printf(LOG_TRACE, "test", "%d", 1);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

/* Out of memory there is a whole line, if with a "?", or none. */
START_TEST(memory)
{
	bool failed = true;
	for (unsigned n = 1; failed; n++) {
		struct sy_json_doc doc;
		ck_assert_uint_lt(n, 100);
		start(_i);
		fail_alloc_at(n);
		log_event(LOG_ERR, "test", "key", "value", NULL);
		failed = alloc_failed();
		fail_alloc_at(0);
		struct sy_str got = text();
		if (got.n == 0)
			continue;
		struct sy_str line = one_line();
		if (_i)
			ck_assert_int_eq(sy_json_parse(&arena, line, 0, &doc, NULL), SY_OK);
		else
			ck_assert_ptr_nonnull(memmem(line.p, line.n, " key=", 5));
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("value");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, logfmt, 0, COUNT(values));
	tcase_add_loop_test(t, json, 0, COUNT(values));
	suite_add_tcase(s, t);
	t = tcase_create("line");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, printf_line);
	tcase_add_test(t, printf_cut);
	tcase_add_test(t, levels);
	tcase_add_test(t, keeps_errno);
	tcase_add_loop_test(t, memory, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
