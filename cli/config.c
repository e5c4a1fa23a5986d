#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "words.h"

#define CONFIG_FILE_MAX (1u << 20)
#define LEDGER_DEFAULT "http://127.0.0.1:7300" /* where suyuand listens when nothing is said */

static const struct setting {
	const char *name, *env;
	size_t offset;
} settings[] = {
    {"ledger", "SUYUAN_LEDGER", offsetof(struct config, ledger)},
    {"key", "SUYUAN_KEY", offsetof(struct config, key)},
    {"token", "SUYUAN_TOKEN", offsetof(struct config, token)},
    {"vkey", NULL, offsetof(struct config, vkey)},
    {"lang", "SUYUAN_LANG", offsetof(struct config, lang)},
    {"passphrase-file", NULL, offsetof(struct config, passphrase_file)},
};
#define N_SETTINGS (sizeof settings / sizeof settings[0])

static const char **value_of(struct config *c, const struct setting *s)
{
	return (const char **)((char *)c + s->offset);
}

static struct sy_str trim(struct sy_str s)
{
	while (s.n > 0 && strchr(" \t\r", s.p[0]) != NULL)
		s.p++, s.n--;
	while (s.n > 0 && strchr(" \t\r", s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

int config_line(struct sy_str line, struct sy_str *name, struct sy_str *value)
{
	line = trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return SY_ENOTFOUND;
	const char *eq = memchr(line.p, '=', line.n);
	if (eq == NULL)
		return SY_EINVAL;
	*name = trim((struct sy_str){line.p, (size_t)(eq - line.p)});
	*value = trim((struct sy_str){eq + 1, line.n - (size_t)(eq - line.p) - 1});
	return SY_OK;
}

static int set_from_file(struct config *c, struct sy_str name, struct sy_str value)
{
	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (!sy_str_is(name, settings[i].name))
			continue;
		const char **at = value_of(c, &settings[i]);
		if (*at == NULL && (*at = sy_arena_strdup(&c->arena, value)) == NULL)
			return SY_ENOMEM;
		return SY_OK;
	}
	return SY_EINVAL;
}

static int read_file(struct app *app, struct config *c)
{
	struct sy_buf text = {0};
	struct sy_str rest, line, name, value;
	const char *path = sy_arena_printf(&c->arena, "%s/config", c->dir);
	int rc, n = 0;

	if (path == NULL)
		return fail_memory(&app->fail);
	if ((rc = config_read(path, &text, &app->fail)) != RC_DONE)
		return rc;
	rest = sy_buf_span(&text);
	while (rc == RC_DONE && sy_str_line(&rest, &line)) {
		int err = config_line(line, &name, &value);
		n++;
		if (err == SY_OK)
			err = set_from_file(c, name, value);
		if (err != SY_OK && err != SY_ENOTFOUND)
			rc = fail(
			    &app->fail, RC_USAGE,
			    "%s: line %d is no setting; known are ledger, key, token, vkey, lang, "
			    "passphrase-file, as name = value",
			    path, n);
	}
	sy_buf_free(&text);
	return rc;
}

static char *config_dir(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *dir = NULL;

	if (base != NULL && base[0] == '/') {
		if (asprintf(&dir, "%s/suyuan", base) < 0)
			return NULL;
	} else if (home != NULL && home[0] == '/') {
		if (asprintf(&dir, "%s/.config/suyuan", home) < 0)
			return NULL;
	}
	return dir;
}

static bool locale_is_chinese(void)
{
	static const char *const vars[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof vars / sizeof vars[0]; i++) {
		const char *v = getenv(vars[i]);
		if (v != NULL && v[0] != '\0')
			return strncmp(v, "zh", 2) == 0;
	}
	return false;
}

int config_load(struct app *app)
{
	struct config *c = calloc(1, sizeof *c);

	if ((app->config = c) == NULL)
		return fail_memory(&app->fail);
	for (size_t i = 0; i < N_SETTINGS; i++) {
		const char *env = settings[i].env ? getenv(settings[i].env) : NULL;
		const char *flag = arg(app, settings[i].name);
		*value_of(c, &settings[i]) = flag ? flag : env && env[0] ? env : NULL;
	}
	if ((c->dir = config_dir()) != NULL) {
		int rc = read_file(app, c);
		if (rc != RC_DONE)
			return rc;
	}
	if (c->lang != NULL && strcmp(c->lang, "zh") != 0 && strcmp(c->lang, "en") != 0)
		return fail(&app->fail, RC_USAGE, "lang is zh or en, not %s", c->lang);
	if (c->ledger == NULL)
		c->ledger = LEDGER_DEFAULT;
	bool zh = c->lang != NULL ? strcmp(c->lang, "zh") == 0 : locale_is_chinese();
	app->lang = zh ? LANG_ZH : LANG_EN;
	words_language(app->lang);
	return RC_DONE;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	free(c->dir);
	sy_arena_free(&c->arena);
	free(c);
}

const char *config_path(struct sy_arena *arena, const struct config *c, const char *kind,
			struct sy_str name)
{
	struct sy_buf b = {0};

	sy_buf_printf(&b, "%s/%s/", c->dir, kind);
	for (size_t i = 0; i < name.n; i++) {
		unsigned char ch = (unsigned char)name.p[i];
		bool plain = (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z') ||
			     ch == '-' || ch == '.' || ch == '+';
		if (plain)
			sy_buf_byte(&b, (char)ch);
		else
			sy_buf_printf(&b, "%%%02X", ch);
	}
	const char *path = b.failed ? NULL : sy_arena_strdup(arena, sy_buf_span(&b));
	sy_buf_free(&b);
	return path;
}

int config_read(const char *path, struct sy_buf *out, struct fail *f)
{
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return RC_DONE;
	return file_read(path, CONFIG_FILE_MAX, out, f);
}

static void make_folders(const char *path)
{
	char *copy = strdup(path);

	for (char *p = copy; p != NULL && (p = strchr(p + 1, '/')) != NULL; *p = '/') {
		*p = '\0';
		(void)mkdir(copy, 0700); /* what it couldn't make, open will name */
	}
	free(copy);
}

static int write_synced(const char *path, struct sy_str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done = 0;

	if (fd < 0)
		return -1;
	while (done < text.n) {
		ssize_t n = write(fd, text.p + done, text.n - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	int bad = done < text.n || fsync(fd) != 0;
	return close(fd) != 0 || bad ? -1 : 0;
}

int config_replace(const char *path, struct sy_str text, struct fail *f)
{
	char *temp = NULL;
	int rc = RC_DONE;

	if (asprintf(&temp, "%s.%ld", path, (long)getpid()) < 0)
		return fail_memory(f);
	make_folders(temp);
	if (write_synced(temp, text) != 0 || rename(temp, path) != 0) {
		rc = fail(f, RC_FAIL, "%s: %s", path, words(strerror(errno)));
		(void)unlink(temp);
	}
	free(temp);
	return rc;
}

int config_lock(const struct config *c)
{
	char *path = NULL;

	if (c->dir == NULL || asprintf(&path, "%s/lock", c->dir) < 0)
		return -1;
	make_folders(path);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(path);
	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void config_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}
