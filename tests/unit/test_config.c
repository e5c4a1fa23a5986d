/* The configuration: values, faults with file and line, all at once. */
#include "base/config.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static void write_file(const char *text)
{
	strcpy(path, "/tmp/suyuan-config-XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Loads TEXT; the faults in ERRORS. */
static int load(struct config *c, const char *text, struct sy_buf *errors)
{
	write_file(text);
	config_defaults(c);
	int err = config_load(c, path, errors);
	unlink(path);
	return err;
}

START_TEST(defaults_are_valid)
{
	struct config c;
	struct sy_buf errors = {0};
	config_defaults(&c);
	ck_assert_int_eq(config_set(&c, "ledger", "dir", "/x", &errors), SY_OK);
	ck_assert_int_eq(config_check(&c, &errors), SY_OK);
	ck_assert_uint_eq(c.n_listen, 1);
	ck_assert_str_eq(c.listen[0], "127.0.0.1:7300");
	ck_assert_uint_eq(c.max_body, 16777216 + 4096);
	ck_assert_uint_eq(c.truth_map, (uint64_t)1 << 40);
	ck_assert_int_eq(c.ready_fd, -1);
	ck_assert_uint_eq(errors.n, 0);
	config_free(&c);
	sy_buf_free(&errors);
}
END_TEST

START_TEST(values_are_read)
{
	struct config c;
	struct sy_buf errors = {0};
	ck_assert_int_eq(load(&c,
			      "; a comment\n[ledger]\ndir = /srv/ledger\nqueue-budget = 32M\n"
			      "[index]\ndelay = 2s\n"
			      "[http]\nlisten = 127.0.0.1:1, [::1]:2\ninsecure = yes\nfronts = 4\n"
			      "[log]\nlevel = debug\nformat = json\n",
			      &errors),
			 SY_OK);
	ck_assert_uint_eq(errors.n, 0);
	ck_assert_str_eq(c.dir, "/srv/ledger");
	ck_assert_uint_eq(c.queue_budget, 32 << 20);
	ck_assert_uint_eq(c.index_delay, 2000);
	ck_assert_uint_eq(c.n_listen, 2);
	ck_assert_str_eq(c.listen[1], "[::1]:2");
	ck_assert(c.insecure);
	ck_assert_uint_eq(c.fronts, 4);
	ck_assert_uint_eq(c.log_level, 4);
	ck_assert(c.log_json);
	config_free(&c);
}
END_TEST

static const struct {
	const char *name, *text, *say;
} bad[] = {
    {"unknown key", "[http]\nport = 1\n", ":2: unknown key port in section [http]"},
    {"unknown section", "[web]\nlisten = 1\n", ":2: unknown key listen in section [web]"},
    {"no number", "[http]\nfronts = many\n", ":2: fronts is \"many\", expected a whole number"},
    {"negative", "[http]\nfronts = -1\n", ":2: fronts is \"-1\""},
    {"too large", "[http]\nfronts = 65\n", ":2: fronts is 65, expected 1 to 64"},
    {"no unit of time", "[index]\ndelay = 5\n", ":2: delay is \"5\", expected a time"},
    {"bad size", "[http]\nmax-body = 1T\n", ":2: max-body is \"1T\", expected a size"},
    {"overflow", "[http]\nmax-body = 99999999999999999999G\n", ":2: max-body"},
    {"yes or no", "[http]\ninsecure = true\n", ":2: insecure is \"true\", expected yes or no"},
    {"twice", "[http]\nfronts = 1\nfronts = 2\n", ":3: given twice: fronts"},
    {"no pair", "[http]\nfronts\n", ":2: expected [section], key = value or a comment"},
    {"nine addresses", "[http]\nlisten = 1:1,1:2,1:3,1:4,1:5,1:6,1:7,1:8,1:9\n",
     ":2: listen has too many"},
};

START_TEST(faults_say_where_and_what)
{
	struct config c;
	struct sy_buf errors = {0};
	ck_assert_msg(load(&c, bad[_i].text, &errors) == SY_EINVAL, "%s", bad[_i].name);
	ck_assert_msg(strstr(sy_buf_cstr(&errors), bad[_i].say) != NULL, "%s: %s", bad[_i].name,
		      sy_buf_cstr(&errors));
	config_free(&c);
	sy_buf_free(&errors);
}
END_TEST

START_TEST(all_faults_at_once)
{
	struct config c;
	struct sy_buf errors = {0};
	load(&c, "[http]\nfronts = x\nnone = 1\n[log]\nlevel = loud\n", &errors);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(
		    strstr(sy_buf_cstr(&errors), (const char *const[]){":2:", ":3:", ":5:"}[i]));
	config_free(&c);
	sy_buf_free(&errors);
}
END_TEST

START_TEST(long_lines_are_refused)
{
	struct config c;
	struct sy_buf errors = {0}, text = {0};
	sy_buf_text(&text, "[ledger]\ndir = /");
	for (unsigned i = 0; i < 500; i++)
		sy_buf_byte(&text, 'x');
	sy_buf_text(&text, "\n");
	ck_assert_int_eq(load(&c, sy_buf_cstr(&text), &errors), SY_EINVAL);
	ck_assert_ptr_nonnull(strstr(sy_buf_cstr(&errors), ":2: line too long"));
	config_free(&c);
	sy_buf_free(&errors);
	sy_buf_free(&text);
}
END_TEST

static const struct {
	const char *listen;
	bool insecure, good;
} addresses[] = {
    {"127.0.0.1:0", false, true},  {"127.9.9.9:80", false, true},    {"[::1]:80", false, true},
    {"0.0.0.0:80", false, false},  {"0.0.0.0:80", true, true},       {"10.0.0.1:80", false, false},
    {"[::]:80", false, false},     {"127.0.0.1", false, false},      {"127.0.0.1:", false, false},
    {"127.0.0.1:x", false, false}, {"127.0.0.1:65536", true, false},
};

START_TEST(loopback_unless_insecure)
{
	struct config c;
	struct sy_buf errors = {0};
	config_defaults(&c);
	config_set(&c, "ledger", "dir", "/x", &errors);
	config_set(&c, "http", "listen", addresses[_i].listen, &errors);
	c.insecure = addresses[_i].insecure;
	ck_assert_msg((config_check(&c, &errors) == SY_OK) == addresses[_i].good, "%s",
		      addresses[_i].listen);
	config_free(&c);
	sy_buf_free(&errors);
}
END_TEST

START_TEST(what_is_printed_reads_back_the_same)
{
	struct config c, again;
	struct sy_buf errors = {0};
	char *first = NULL, *second = NULL;
	size_t n;
	config_defaults(&c);
	config_set(&c, "ledger", "dir", "/srv/x", &errors);
	config_set(&c, "http", "socket", "/run/x", &errors);
	FILE *f = open_memstream(&first, &n);
	config_print(&c, f);
	fclose(f);
	ck_assert_int_eq(load(&again, first, &errors), SY_OK);
	f = open_memstream(&second, &n);
	config_print(&again, f);
	fclose(f);
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	config_free(&c);
	config_free(&again);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("read");
	tcase_add_test(t, defaults_are_valid);
	tcase_add_test(t, values_are_read);
	tcase_add_test(t, what_is_printed_reads_back_the_same);
	suite_add_tcase(s, t);
	t = tcase_create("faults");
	tcase_add_loop_test(t, faults_say_where_and_what, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(t, all_faults_at_once);
	tcase_add_test(t, long_lines_are_refused);
	tcase_add_loop_test(t, loopback_unless_insecure, 0, sizeof addresses / sizeof addresses[0]);
	suite_add_tcase(s, t);
	return s;
}
