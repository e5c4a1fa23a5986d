#include <base/config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "faults.h"
#include "run.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static char path[64];
static struct config c;
static struct sy_buf errors;

static void setup(void)
{
	strcpy(path, "/tmp/suyuan-config-XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	config_defaults(&c);
}

static void teardown(void)
{
	unlink(path);
	config_free(&c);
	sy_buf_free(&errors);
}

static int load(const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
	return config_load(&c, path, &errors);
}

START_TEST(defaults)
{
	ck_assert_int_eq(config_load(&c, NULL, &errors), SY_OK);
	ck_assert_ptr_null(c.dir);
	ck_assert_ptr_null(c.unix_path);
	ck_assert_uint_eq(c.n_listen, 1);
	ck_assert_str_eq(c.listen[0], "127.0.0.1:7300");
	ck_assert_uint_eq(c.queue_budget, 64 << 20);
	ck_assert_uint_eq(c.header_timeout, 10000);
	ck_assert_uint_eq(c.log_level, 2);
	ck_assert(!c.log_json && !c.insecure);
	ck_assert_int_eq(c.ready_fd, -1);
}
END_TEST

START_TEST(whole)
{
	static const char text[] = "\xef\xbb\xbf; a comment\r\n[ledger]\r\ndir = /srv/\xe6\xba\xaf "
				   "; the folder\r\n\n[http]\nlisten: 127.0.0.1:0, [::1]:80\n"
				   "socket=/run/s\nmax-body = 64K\nidle-timeout = 2min\nfronts=64\n"
				   "insecure = yes\n[log]\nlevel = debug\nformat = json";
	ck_assert_int_eq(load(text, sizeof text - 1), SY_OK);
	ck_assert_uint_eq(errors.n, 0);
	ck_assert_str_eq(c.dir, "/srv/\xe6\xba\xaf");
	ck_assert_uint_eq(c.n_listen, 2);
	ck_assert_str_eq(c.listen[1], "[::1]:80");
	ck_assert_str_eq(c.unix_path, "/run/s");
	ck_assert_uint_eq(c.max_body, 65536);
	ck_assert_uint_eq(c.idle_timeout, 120000);
	ck_assert_uint_eq(c.fronts, 64);
	ck_assert(c.insecure && c.log_json);
	ck_assert_uint_eq(c.log_level, 4);
}
END_TEST

#define BAD(name, text, ...)                  \
	{                                     \
		name, text, sizeof(text) - 1, \
		{                             \
			__VA_ARGS__           \
		} /* per fault */             \
	}
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
static const struct {
	const char *name, *text;
	size_t n;
	const char *faults[5];
} bad[] = {
    BAD("all at once", "[log]\nlevel = loud\ncolour = red\n[http]\nfronts = 0\n",
	":2: level is \"loud\", expected error, warning, note, info or debug",
	":3: unknown key colour in section [log]", ":5: fronts is 0, expected 1 to 64"),
    BAD("section", "[logs]\nlevel = info\n", ":2: unknown key level in section [logs]"),
    BAD("twice", "[log]\nlevel = info\nlevel = note\n", ":3: given twice: level"),
    BAD("continued", "[log]\nlevel = info\n note\n", ":3: given twice: level"),
    BAD("no value", "[log]\nlevel\n", ":2: expected [section], key = value or a comment"),
    BAD("sign", "[http]\nfronts = +1\n", ":2: fronts is \"+1\", expected a whole number"),
    BAD("above", "[http]\nmax-body = 33M\n", ":2: max-body is 33M, expected 65536 to 33554432"),
    BAD("more than 64 bits", "[http]\nmax-connections = 18446744073709551616\n",
	":2: max-connections is \"18446744073709551616\", expected a whole number"),
    BAD("more than 64 bits with its unit", "[http]\nidle-timeout = 18446744073709551615min\n",
	":2: idle-timeout is \"18446744073709551615min\", expected a time such as 150ms (ms, s, "
	"min)"),
    BAD("size", "[http]\nmax-body = 1MB\n",
	":2: max-body is \"1MB\", expected a size such as 64M (K, M, G)"),
    BAD("time without unit", "[index]\ndelay = 10\n",
	":2: delay is \"10\", expected a time such as 150ms (ms, s, min)"),
    BAD("bool", "[http]\ninsecure = true\n", ":2: insecure is \"true\", expected yes or no"),
    BAD("format", "[log]\nformat = xml\n", ":2: format is \"xml\", expected text or json"),
    BAD("nine addresses", "[http]\nlisten = 1,2,3,4,5,6,7,8,9\n",
	":2: listen has too many, expected at most 8 addresses"),
    BAD("comment in a list", "[http]\nlisten = 1,;2\n",
	":2: listen is \"1,;2\", expected at most 8 addresses"),
    BAD("NUL", "[log]\nlevel = in\0fo\nformat = xml\n",
	":2: not a line of UTF-8 text without control bytes",
	":3: format is \"xml\", expected text or json"),
    BAD("escape", "[log]\nlevel = \033[31m\n",
	":2: not a line of UTF-8 text without control bytes"),
    BAD("CR", "[log]\nlevel = a\rb\n", ":2: not a line of UTF-8 text without control bytes"),
    BAD("not UTF-8", "[log]\nlevel = \xff\n", ":2: not a line of UTF-8 text without control bytes"),
    BAD("long line", "[ledger]\ndir = /" A50 A50 A50 A50 A50 A50 "\n[log]\nlevel = x\n",
	":2: line too long, expected at most 190 bytes",
	":4: level is \"x\", expected error, warning, note, info or debug"),
};

START_TEST(faults)
{
	struct sy_str rest, line;
	ck_assert_int_eq(load(bad[_i].text, bad[_i].n), SY_EINVAL);
	rest = sy_buf_span(&errors);
	for (int i = 0; bad[_i].faults[i]; i++) {
		char want[256];
		ck_assert_msg(sy_str_line(&rest, &line), "%s: %d faults", bad[_i].name, i);
		snprintf(want, sizeof want, "%s%s", path, bad[_i].faults[i]);
		ck_assert_msg(sy_str_is(line, want), "%s: %.*s", bad[_i].name, (int)line.n, line.p);
	}
	ck_assert_msg(rest.n == 0, "%s: %.*s", bad[_i].name, (int)rest.n, rest.p);
}
END_TEST

/* A file of another kind isn't listed line by line. */
START_TEST(many_faults)
{
	struct sy_buf text = {0};
	struct sy_str rest, line;
	int n = 0;
	for (int i = 0; i < 5000; i++)
		sy_buf_text(&text, "a = b\n");
	ck_assert_int_eq(load(text.p, text.n), SY_EINVAL);
	sy_buf_free(&text);
	rest = sy_buf_span(&errors);
	while (sy_str_line(&rest, &line))
		n++;
	ck_assert_int_eq(n, 101);
	ck_assert_ptr_nonnull(memmem(line.p, line.n, ":101: more faults follow", 24));
}
END_TEST

START_TEST(no_file)
{
	ck_assert_int_eq(config_load(&c, "/nowhere/at.ini", &errors), SY_EINVAL);
	ck_assert_str_eq(sy_buf_cstr(&errors), "/nowhere/at.ini: No such file or directory\n");
}
END_TEST

static char *print(const struct config *of)
{
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	config_print(of, f);
	fclose(f);
	return text;
}

/* What is printed says the same when it is loaded; a path that isn't given stays so. */
START_TEST(printed)
{
	static const char *const texts[] = {"", "[ledger]\ndir =\n[http]\nsocket =\n",
					    "[ledger]\ndir = /a;b\n[http]\nlisten = "
					    "127.0.0.1:1,127.0.0.1:2\ndrain-timeout = 1min\n"};
	ck_assert_int_eq(load(texts[_i], strlen(texts[_i])), SY_OK);
	char *one = print(&c);
	bool has_dir = c.dir != NULL;
	config_free(&c);
	config_defaults(&c);
	ck_assert_int_eq(load(one, strlen(one)), SY_OK);
	char *two = print(&c);
	ck_assert_str_eq(one, two);
	ck_assert_ptr_null(c.unix_path);
	ck_assert_int_eq(c.dir != NULL, has_dir);
	free(one);
	free(two);
}
END_TEST

static const struct {
	const char *name, *value;
	int err;
} paths[] = {
    {"plain", "/srv/ledger", SY_OK},     {"space", "/srv/a b", SY_OK},
    {"semicolon", "/srv/a;b", SY_OK},    {"Chinese", "/srv/溯源", SY_OK},
    {"comment", "/srv/a ;b", SY_EINVAL}, {"only a comment", ";b", SY_EINVAL},
    {"LF", "/srv\n[http]", SY_EINVAL},   {"DEL", "/srv/\177", SY_EINVAL},
};

/* The command line's values must have a line in the file that says the same. */
START_TEST(path_text)
{
	ck_assert_int_eq(config_set(&c, "ledger", "dir", paths[_i].value, &errors), paths[_i].err);
	ck_assert_int_eq(errors.n > 0, paths[_i].err != SY_OK);
	if (paths[_i].err != SY_OK)
		return;
	char *text = print(&c);
	config_free(&c);
	config_defaults(&c);
	ck_assert_int_eq(load(text, strlen(text)), SY_OK);
	ck_assert_str_eq(c.dir, paths[_i].value);
	free(text);
}
END_TEST

static const struct {
	const char *name, *key, *value, *fault;
} wholes[] = {
    {"loopback", "listen", "127.1.2.3:1,[::1]:1", NULL},
    {"none", "listen", "", NULL},
    {"beyond", "listen", "0.0.0.0:1", "listen address 0.0.0.0:1 is not this machine's own"},
    {"beyond, IPv6", "listen", "[::]:1", "is not this machine's own"},
    {"name", "listen", "localhost:1", "is not this machine's own"},
    {"no port", "listen", "127.0.0.1", "expected ADDRESS:PORT"},
    {"empty port", "listen", "127.0.0.1:", "expected ADDRESS:PORT"},
    {"port", "listen", "127.0.0.1:65536", "expected ADDRESS:PORT"},
    {"port's form", "listen", "127.0.0.1:1x", "expected ADDRESS:PORT"},
    {"timeouts", "request-timeout", "9s", "header-timeout is larger than request-timeout"},
};

START_TEST(as_a_whole)
{
	ck_assert_int_eq(config_set(&c, "ledger", "dir", "/srv", &errors), SY_OK);
	ck_assert_int_eq(config_set(&c, "http", wholes[_i].key, wholes[_i].value, &errors), SY_OK);
	int err = config_check(&c, &errors);
	ck_assert_int_eq(err, wholes[_i].fault ? SY_EINVAL : SY_OK);
	const char *said = sy_buf_cstr(&errors);
	ck_assert_msg(wholes[_i].fault ? strstr(said, wholes[_i].fault) != NULL : !*said, "%s: %s",
		      wholes[_i].name, said);
}
END_TEST

START_TEST(rest_of_check)
{
	ck_assert_int_eq(config_check(&c, &errors), SY_EINVAL);
	ck_assert_ptr_nonnull(strstr(sy_buf_cstr(&errors), "no ledger folder"));
	sy_buf_reset(&errors);
	config_set(&c, "ledger", "dir", "/srv", &errors);
	config_set(&c, "http", "listen", "0.0.0.0:1", &errors);
	config_set(&c, "http", "insecure", "yes", &errors);
	ck_assert_int_eq(config_check(&c, &errors), SY_OK);
	config_set(&c, "http", "header-timeout", "90s", &errors);
	ck_assert_int_eq(config_check(&c, &errors), SY_EINVAL);
	ck_assert_str_eq(sy_buf_cstr(&errors), "header-timeout is larger than request-timeout\n");
}
END_TEST

START_TEST(memory)
{
	static const char text[] = "[ledger]\ndir = /srv\n[http]\nlisten = 127.0.0.1:1, [::1]:1\n";
	bool failed = true;
	load(text, sizeof text - 1);
	for (unsigned n = 1; failed; n++) {
		ck_assert_uint_lt(n, 100);
		config_free(&c);
		config_defaults(&c);
		sy_buf_free(&errors);
		fail_alloc_at(n);
		int err = config_load(&c, path, &errors);
		failed = alloc_failed();
		fail_alloc_at(0);
		ck_assert_int_eq(err != SY_OK, failed);
	}
	ck_assert_str_eq(c.dir, "/srv");
	ck_assert_uint_eq(c.n_listen, 2);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("load");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, defaults);
	tcase_add_test(t, whole);
	tcase_add_loop_test(t, faults, 0, COUNT(bad));
	tcase_add_test(t, many_faults);
	tcase_add_test(t, no_file);
	tcase_add_test(t, memory);
	suite_add_tcase(s, t);
	t = tcase_create("print");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, printed, 0, 3);
	tcase_add_loop_test(t, path_text, 0, COUNT(paths));
	suite_add_tcase(s, t);
	t = tcase_create("check");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, as_a_whole, 0, COUNT(wholes));
	tcase_add_test(t, rest_of_check);
	suite_add_tcase(s, t);
	return s;
}
