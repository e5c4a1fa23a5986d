#include "base/config.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdlib.h>

#define KiB(n) ((uint64_t)(n) << 10)
#define MiB(n) ((uint64_t)(n) << 20)
#define GiB(n) ((uint64_t)(n) << 30)
#define OFF(member) offsetof(struct config, member)

enum kind {
	CFG_TEXT,
	CFG_LIST,
	CFG_BOOL,
	CFG_COUNT,
	CFG_UNSIGNED,
	CFG_SIZE,
	CFG_TIME,
	CFG_LEVEL,
	CFG_FORMAT
};

/* One row a key: what it is called, what it may hold, what it is for. */
struct key {
	const char *section, *name;
	enum kind kind;
	size_t off;
	uint64_t min, max;
	const char *def, *help;
};

static const struct key keys[] = {
    {"ledger", "dir", CFG_TEXT, OFF(dir), 0, 0, NULL, "the ledger's folder"},
    {"ledger", "group-records", CFG_COUNT, OFF(group_records), 1, 100000, "20000",
     "records that one group commit takes at most"},
    {"ledger", "queue-budget", CFG_SIZE, OFF(queue_budget), MiB(17), GiB(1), "64M",
     "bytes of submissions that may wait for the writer; past it the answer is 503"},
    {"ledger", "work-budget", CFG_SIZE, OFF(work_budget), MiB(8), GiB(4), "64M",
     "bytes of memory that judging submissions may take besides them; past it the answer is 503"},
    {"ledger", "truth-map", CFG_SIZE, OFF(truth_map), MiB(16), GiB(16384), "1024G",
     "address space of the truth, the most it can grow to; costs no disk"},
    {"index", "map", CFG_SIZE, OFF(index_map), MiB(16), GiB(16384), "1024G",
     "address space of the index"},
    {"index", "delay", CFG_TIME, OFF(index_delay), 1, 10000, "150ms",
     "between two commits of the index under load"},
    {"index", "lag-soft", CFG_TIME, OFF(lag_soft), 1, 60000, "300ms",
     "time the index may be behind before answers to submissions are slowed down"},
    {"index", "lag-hard", CFG_COUNT, OFF(lag_hard), 1000, 100000000, "1000000",
     "records the index may be behind before submissions are answered 503"},
    {"http", "listen", CFG_LIST, OFF(listen), 0, 0, "127.0.0.1:7300",
     "addresses, separated by commas; port 0 picks a free one"},
    {"http", "socket", CFG_TEXT, OFF(unix_path), 0, 0, NULL,
     "the Unix socket; DIR/socket when not given"},
    {"http", "insecure", CFG_BOOL, OFF(insecure), 0, 0, "no",
     "listen beyond this machine although whoever can connect may read everything"},
    {"http", "fronts", CFG_UNSIGNED, OFF(fronts), 1, 64, "2", "threads that do input and output"},
    {"http", "workers", CFG_UNSIGNED, OFF(workers), 0, 64, "0",
     "threads that parse and verify; 0 is one a core"},
    {"http", "max-connections", CFG_COUNT, OFF(max_connections), 16, 100000, "4096",
     "connections at once; past it the one that was idle longest is closed for a new one"},
    {"http", "max-per-address", CFG_COUNT, OFF(max_per_address), 0, 100000, "0",
     "connections at once from one address (of IPv6: a /64); 0 is no limit of its own"},
    {"http", "max-body", CFG_SIZE, OFF(max_body), KiB(64), MiB(32), "16781312",
     "bytes of one submission with its envelope"},
    {"http", "body-budget", CFG_SIZE, OFF(body_budget), MiB(17), GiB(4), "64M",
     "bytes of request bodies held at once over all connections"},
    {"http", "answer-budget", CFG_SIZE, OFF(answer_budget), MiB(1), GiB(4), "32M",
     "bytes of answers held at once over all connections"},
    {"http", "header-timeout", CFG_TIME, OFF(header_timeout), 100, 600000, "10s",
     "for a whole header section"},
    {"http", "request-timeout", CFG_TIME, OFF(request_timeout), 100, 3600000, "60s",
     "for a whole request with its body"},
    {"http", "idle-timeout", CFG_TIME, OFF(idle_timeout), 100, 3600000, "75s",
     "for a connection between requests"},
    {"http", "write-timeout", CFG_TIME, OFF(write_timeout), 100, 3600000, "30s",
     "for a peer that doesn't read its answer"},
    {"http", "drain-timeout", CFG_TIME, OFF(drain_timeout), 0, 600000, "10s",
     "for requests under way when the daemon is told to stop"},
    {"query", "threads", CFG_UNSIGNED, OFF(query_threads), 1, 64, "4",
     "walks and exports that run at once; others wait"},
    {"query", "memory", CFG_SIZE, OFF(query_memory), MiB(16), GiB(64), "144M",
     "bytes that walks and answers being read may take together: seven eighths are for one large "
     "walk at a time, while others wait; past that its answer is cut and says so"},
    {"query", "time", CFG_TIME, OFF(query_time), 10, 3600000, "30s",
     "for one walk; past it the answer is cut and says so"},
    {"query", "stream-time", CFG_TIME, OFF(query_stream), 1000, 86400000, "10min",
     "for a peer to read a whole streamed answer"},
    {"query", "readers", CFG_UNSIGNED, OFF(query_readers), 1, 128, "64",
     "streamed answers that are read at once beside what runs; past it one keeps its thread"},
    {"query", "patience", CFG_TIME, OFF(query_patience), 100, 86400000, "10s",
     "for a reader once others wait for a thread that one keeps: then the slowest is cut"},
    {"recall", "webhooks", CFG_TEXT, OFF(webhooks), 0, 0, NULL,
     "a file of who is told of recalls how: party, URL and secret, a line each; mode 0600; read at "
     "start alone"},
    {"recall", "webhooks-authorities", CFG_TEXT, OFF(webhooks_authorities), 0, 0, NULL,
     "a file (PEM) of who signs the certificates of those URLs; else the system's"},
    {"log", "level", CFG_LEVEL, OFF(log_level), 0, 0, "note",
     "error, warning, note, info (a line a request) or debug"},
    {"log", "format", CFG_FORMAT, OFF(log_json), 0, 0, "text", "text (logfmt) or json"},
};
enum { FAULTS_MAX = 100 };
enum { LINE_BYTES = 190 }; /* what any build of the INI library takes */
enum { N_KEYS = sizeof keys / sizeof keys[0] };

static const char *const levels[] = {"error", "warning", "note", "info", "debug"};

/* "64M", "150ms", "20000": a number with one of the units; false for anything else. */
static bool read_scaled(const char *text, const char *const *units, const uint64_t *scale,
			uint64_t *out)
{
	char *end;
	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno)
		return false;
	for (unsigned i = 0; units[i]; i++)
		if (strcmp(end, units[i]) == 0) {
			if (n > UINT64_MAX / scale[i])
				return false;
			*out = n * scale[i];
			return true;
		}
	return false;
}

static bool read_number(enum kind kind, const char *text, uint64_t *out)
{
	static const char *const none[] = {"", NULL};
	static const char *const sizes[] = {"", "K", "M", "G", NULL};
	static const char *const spans[] = {"ms", "s", "min", NULL};
	static const uint64_t one[] = {1};
	static const uint64_t size_scale[] = {1, KiB(1), MiB(1), GiB(1)};
	static const uint64_t span_scale[] = {1, 1000, 60000};
	if (kind == CFG_SIZE)
		return read_scaled(text, sizes, size_scale, out);
	if (kind == CFG_TIME)
		return read_scaled(text, spans, span_scale, out);
	return read_scaled(text, none, one, out);
}

/* No more than a line of the file can say: no control byte, nothing that begins a comment. */
static bool is_line_text(const char *value)
{
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f ||
		    (*p == ';' && (p == value || p[-1] == ' ')))
			return false;
	return true;
}

/* An empty text is none. */
static int set_text(char **where, const char *value)
{
	if (!is_line_text(value))
		return SY_EINVAL;
	char *copy = *value ? strdup(value) : NULL;
	if (*value && copy == NULL)
		return SY_ENOMEM;
	free(*where);
	*where = copy;
	return SY_OK;
}

static int set_list(struct config *c, const char *value)
{
	char *copy = strdup(value), *save = NULL;
	int err = copy ? SY_OK : SY_ENOMEM;
	for (unsigned i = 0; i < c->n_listen; i++)
		free(c->listen[i]);
	c->n_listen = 0;
	for (char *t = copy ? strtok_r(copy, ", ", &save) : NULL; t && !err;
	     t = strtok_r(NULL, ", ", &save)) {
		if (c->n_listen == sizeof c->listen / sizeof c->listen[0])
			err = SY_ERANGE;
		else if (!is_line_text(t))
			err = SY_EINVAL;
		else if ((c->listen[c->n_listen] = strdup(t)) == NULL)
			err = SY_ENOMEM;
		else
			c->n_listen++;
	}
	free(copy);
	return err;
}

static const char *expected(enum kind kind)
{
	switch (kind) {
	case CFG_TEXT:
		return "text without control bytes and \" ;\"";
	case CFG_BOOL:
		return "yes or no";
	case CFG_SIZE:
		return "a size such as 64M (K, M, G)";
	case CFG_TIME:
		return "a time such as 150ms (ms, s, min)";
	case CFG_LEVEL:
		return "error, warning, note, info or debug";
	case CFG_FORMAT:
		return "text or json";
	case CFG_LIST:
		return "at most 8 addresses";
	default:
		return "a whole number";
	}
}

/* Stores VALUE; SY_EINVAL for its form, SY_ERANGE for its bounds. */
static int store(struct config *c, const struct key *k, const char *value)
{
	char *base = (char *)c + k->off;
	uint64_t n;
	switch (k->kind) {
	case CFG_TEXT:
		return set_text((char **)(void *)base, value);
	case CFG_LIST:
		return set_list(c, value);
	case CFG_BOOL:
		if (strcmp(value, "yes") && strcmp(value, "no"))
			return SY_EINVAL;
		*(bool *)base = *value == 'y';
		return SY_OK;
	case CFG_FORMAT:
		if (strcmp(value, "text") && strcmp(value, "json"))
			return SY_EINVAL;
		*(bool *)base = *value == 'j';
		return SY_OK;
	case CFG_LEVEL:
		for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++)
			if (strcmp(value, levels[i]) == 0) {
				*(unsigned *)(void *)base = i;
				return SY_OK;
			}
		return SY_EINVAL;
	default:
		break;
	}
	if (!read_number(k->kind, value, &n))
		return SY_EINVAL;
	if (n < k->min || n > k->max)
		return SY_ERANGE;
	if (k->kind == CFG_UNSIGNED)
		*(unsigned *)(void *)base = (unsigned)n;
	else
		*(uint64_t *)(void *)base = n;
	return SY_OK;
}

void config_defaults(struct config *c)
{
	memset(c, 0, sizeof *c);
	c->ready_fd = -1;
	for (unsigned i = 0; i < N_KEYS; i++)
		if (keys[i].def)
			store(c, &keys[i], keys[i].def);
}

static const struct key *find(const char *section, const char *name)
{
	for (unsigned i = 0; i < N_KEYS; i++)
		if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* The length of what can be shown: the INI library cuts a long name anywhere. */
static int shown(const char *name)
{
	size_t n = strlen(name), bad = n;
	return (int)(sy_utf8_valid(name, n, &bad) ? n : bad);
}

int config_set(struct config *c, const char *section, const char *key, const char *value,
	       struct sy_buf *errors)
{
	const struct key *k = find(section, key);
	if (k == NULL) {
		sy_buf_printf(errors, "unknown key %.*s in section [%.*s]\n", shown(key), key,
			      shown(section), section);
		return SY_EINVAL;
	}
	int err = store(c, k, value);
	if (err == SY_EINVAL)
		sy_buf_printf(errors, "%s is \"%s\", expected %s\n", key, value, expected(k->kind));
	else if (err == SY_ERANGE && k->kind == CFG_LIST)
		sy_buf_printf(errors, "%s has too many, expected %s\n", key, expected(k->kind));
	else if (err == SY_ERANGE)
		sy_buf_printf(errors, "%s is %s, expected %llu to %llu\n", key, value,
			      (unsigned long long)k->min, (unsigned long long)k->max);
	else if (err)
		sy_buf_printf(errors, "%s: %s\n", key, sy_strerror(err));
	return err;
}

/* The INI library gives no line numbers to its callback; its reader is ours, so we count. */
struct loading {
	struct config *c;
	struct sy_buf *errors;
	FILE *file;
	const char *path;
	unsigned line, faults;
	int err;
	bool seen[N_KEYS];
};

static void complain(struct loading *l, const char *what, const char *detail)
{
	l->err = SY_EINVAL;
	if (l->faults == FAULTS_MAX)
		what = "more faults follow", detail = "";
	if (l->faults++ <= FAULTS_MAX)
		sy_buf_printf(l->errors, "%s:%u: %s%s\n", l->path, l->line, what, detail);
}

/* Neither NUL nor what a terminal would act on: a fault's line quotes names and values. */
static bool is_clean(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)p[i] < ' ' && p[i] != '\t') || p[i] == 0x7f)
			return false;
	return sy_utf8_valid(p, n, NULL);
}

/* A line that is at fault is read as an empty one. */
static char *read_line(char *buf, int size, void *stream)
{
	struct loading *l = stream;
	size_t n = 0, all = 0;
	int ch;
	for (; (ch = getc(l->file)) != EOF && ch != '\n'; all++)
		if (n + 1 < (size_t)size)
			buf[n++] = (char)ch;
	if (ch == EOF && all == 0)
		return NULL;
	l->line++;
	if (n > 0 && buf[n - 1] == '\r')
		n--;
	buf[n] = '\0';
	if (all > LINE_BYTES)
		complain(l, "line too long, expected at most 190 bytes", "");
	else if (!is_clean(buf, n))
		complain(l, "not a line of UTF-8 text without control bytes", "");
	else
		return buf;
	buf[0] = '\0';
	return buf;
}

static int take(void *user, const char *section, const char *name, const char *value)
{
	struct loading *l = user;
	const struct key *k = find(section, name);
	struct sy_buf why = {0};
	if (l->faults > FAULTS_MAX)
		return 1;
	if (k && l->seen[k - keys])
		complain(l, "given twice: ", name);
	if (k)
		l->seen[k - keys] = true;
	if (config_set(l->c, section, name, value, &why) != SY_OK) {
		if (why.n > 0 && why.p[why.n - 1] == '\n')
			why.n--;
		const char *text = sy_buf_cstr(&why);
		complain(l, text ? text : sy_strerror(SY_ENOMEM), "");
	}
	sy_buf_free(&why);
	return 1;
}

int config_load(struct config *c, const char *path, struct sy_buf *errors)
{
	struct loading l = {.c = c, .errors = errors, .path = path};
	if (path == NULL)
		return SY_OK;
	if ((l.file = fopen(path, "re")) == NULL) {
		sy_buf_printf(errors, "%s: %s\n", path, strerror(errno));
		return SY_EINVAL;
	}
	int bad_line = ini_parse_stream(read_line, &l, take, &l);
	fclose(l.file);
	if (bad_line > 0) {
		l.line = (unsigned)bad_line;
		complain(&l, "expected [section], key = value or a comment", "");
	} else if (bad_line < 0) {
		complain(&l, sy_strerror(SY_ENOMEM), "");
	}
	return l.err;
}

static bool loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0;
}

int config_check(const struct config *c, struct sy_buf *errors)
{
	size_t before = errors->n;
	if (c->dir == NULL)
		sy_buf_text(errors,
			    "no ledger folder: give --dir DIR or dir in section [ledger]\n");
	for (unsigned i = 0; i < c->n_listen; i++) {
		const char *colon = strrchr(c->listen[i], ':');
		char *end;
		if (colon == NULL || colon[1] == '\0' || strtoul(colon + 1, &end, 10) > 65535 ||
		    *end)
			sy_buf_printf(errors, "listen address %s, expected ADDRESS:PORT\n",
				      c->listen[i]);
		else if (!c->insecure && !loopback(c->listen[i]))
			sy_buf_printf(
			    errors,
			    "listen address %s is not this machine's own: whoever can connect "
			    "may read every record; say --insecure if that is meant\n",
			    c->listen[i]);
	}
	if (c->header_timeout > c->request_timeout)
		sy_buf_text(errors, "header-timeout is larger than request-timeout\n");
	return errors->n > before ? SY_EINVAL : SY_OK;
}

/* The value as the file would spell it. */
static void print_value(const struct config *c, const struct key *k, FILE *out)
{
	const char *base = (const char *)c + k->off;
	const char *text;
	switch (k->kind) {
	case CFG_TEXT:
		text = *(char *const *)(const void *)base;
		fputs(text ? text : "", out);
		return;
	case CFG_LIST:
		for (unsigned i = 0; i < c->n_listen; i++)
			fprintf(out, "%s%s", i ? ", " : "", c->listen[i]);
		return;
	case CFG_BOOL:
		fputs(*(const bool *)base ? "yes" : "no", out);
		return;
	case CFG_FORMAT:
		fputs(*(const bool *)base ? "json" : "text", out);
		return;
	case CFG_LEVEL:
		fputs(levels[*(const unsigned *)(const void *)base], out);
		return;
	case CFG_UNSIGNED:
		fprintf(out, "%u", *(const unsigned *)(const void *)base);
		return;
	default:
		fprintf(out, "%llu%s", (unsigned long long)*(const uint64_t *)(const void *)base,
			k->kind == CFG_TIME ? "ms" : "");
	}
}

void config_print(const struct config *c, FILE *out)
{
	const char *section = "";
	for (unsigned i = 0; i < N_KEYS; i++) {
		if (strcmp(section, keys[i].section)) {
			fprintf(out, "%s[%s]\n", i ? "\n" : "", keys[i].section);
			section = keys[i].section;
		}
		fprintf(out, "; %s\n%s = ", keys[i].help, keys[i].name);
		print_value(c, &keys[i], out);
		fputc('\n', out);
	}
}

void config_free(struct config *c)
{
	free(c->dir);
	free(c->unix_path);
	free(c->webhooks);
	free(c->webhooks_authorities);
	for (unsigned i = 0; i < c->n_listen; i++)
		free(c->listen[i]);
	memset(c, 0, sizeof *c);
}
