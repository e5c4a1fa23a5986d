/*
 * The configuration file.  It is read or has faults, each a line with the file's name; and what
 * was read, printed and read again, is printed the same.
 */
#include <base/config.h>

#include <stdlib.h>

#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void check_errors(const char *path, struct sy_str rest)
{
	struct sy_str line;
	size_t bad, m = strlen(path);
	MUST(rest.p[rest.n - 1] == '\n');
	while (sy_str_line(&rest, &line)) {
		MUST(line.n > m + 1 && memcmp(line.p, path, m) == 0 && line.p[m] == ':');
		MUST(sy_utf8_valid(line.p, line.n, &bad));
		for (size_t i = 0; i < line.n; i++)
			MUST(((uint8_t)line.p[i] >= ' ' || line.p[i] == '\t') && line.p[i] != 0x7f);
	}
}

static int load(const void *text, size_t n, struct config *c)
{
	struct sy_buf errors = {0};
	char path[32];
	int fd = memory_file(text, n, path);
	config_defaults(c);
	int err = config_load(c, path, &errors);
	close(fd);
	MUST(!errors.failed && (err == SY_OK) == (errors.n == 0));
	if (err)
		check_errors(path, sy_buf_span(&errors));
	sy_buf_free(&errors);
	return err;
}

static char *print(const struct config *c, size_t *n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n);
	MUST(f);
	config_print(c, f);
	MUST(fclose(f) == 0);
	return text;
}

/* Printing adds spaces, and a line of the file has its limit. */
static bool fits(struct sy_str rest)
{
	struct sy_str line;
	while (sy_str_line(&rest, &line))
		if (line.n > 190)
			return false;
	return true;
}

static void check_print(const struct config *c)
{
	struct config again;
	size_t one_n, two_n;
	char *one = print(c, &one_n), *two = NULL;
	if (fits((struct sy_str){one, one_n})) {
		MUST(load(one, one_n, &again) == SY_OK);
		two = print(&again, &two_n);
		MUST(one_n == two_n && memcmp(one, two, one_n) == 0);
		MUST((c->dir == NULL) == (again.dir == NULL));
		MUST((c->unix_path == NULL) == (again.unix_path == NULL));
		config_free(&again);
	}
	free(one);
	free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config c;
	struct sy_buf errors = {0};
	if (load(data, n, &c) == SY_OK) {
		check_print(&c);
		MUST((config_check(&c, &errors) == SY_OK) == (errors.n == 0));
	}
	sy_buf_free(&errors);
	config_free(&c);
	return 0;
}
