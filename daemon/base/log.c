#include "base/log.h"

#include <suyuan/json.h>
#include <suyuan/time.h>

#include <errno.h>
#include <stdio.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int wanted = LOG_NOTE;
static bool as_json;

static const char *const level_names[] = {"error", "warning", "note", "info", "debug"};

void log_init(const struct log_options *o)
{
	atomic_store(&wanted, (int)o->level);
	as_json = o->json;
}

void log_set_level(enum log_level level)
{
	atomic_store(&wanted, (int)level);
}

bool log_wants(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&wanted, memory_order_relaxed);
}

static bool plain(const char *value)
{
	if (*value == '\0')
		return false;
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p == 0x7f)
			return false;
	return true;
}

/* JSON leaves DEL and U+0080 to U+009F as they are, but a terminal acts on them. */
static bool steers(const unsigned char *p)
{
	return *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0);
}

/* VALUE in UTF-8, U+FFFD for each byte that isn't or that would steer a terminal. */
static void put_clean(struct sy_buf *out, const char *value)
{
	const char *end = value + strlen(value), *p = value;
	while (p < end) {
		size_t good = (size_t)(end - p), n = 0;
		sy_utf8_valid(p, good, &good);
		while (n < good && !steers((const unsigned char *)p + n))
			n++;
		sy_buf_put(out, p, n);
		p += n;
		if (p < end) {
			sy_buf_text(out, "\xef\xbf\xbd");
			p += n < good && *p != 0x7f ? 2 : 1;
		}
	}
}

/* In logfmt what isn't plain is quoted with JSON's escapes. */
static void put_pair(struct sy_buf *line, struct sy_jw *w, const char *key, const char *value)
{
	struct sy_buf clean = {0};
	put_clean(&clean, value);
	const char *text = sy_buf_cstr(&clean);
	if (text == NULL)
		text = "?";
	if (as_json) {
		sy_jw_kv_text(w, key, text);
	} else {
		sy_buf_printf(line, "%s%s=", line->n > 0 ? " " : "", key);
		if (plain(text)) {
			sy_buf_text(line, text);
		} else {
			struct sy_jw quoted;
			sy_jw_init(&quoted, line);
			sy_jw_text(&quoted, text);
		}
	}
	sy_buf_free(&clean);
}

static void begin(struct sy_buf *line, struct sy_jw *w, enum log_level level, const char *event)
{
	char now[SY_TIME_TEXT];
	sy_time_format(sy_time_now(), now);
	sy_jw_init(w, line);
	if (as_json)
		sy_jw_object(w);
	put_pair(line, w, "time", now);
	put_pair(line, w, "level", level_names[level]);
	put_pair(line, w, "event", event);
}

static void finish(struct sy_buf *line, struct sy_jw *w)
{
	if (as_json)
		sy_jw_end(w, '}');
	sy_buf_byte(line, '\n');
	if (!line->failed)
		while (write(STDERR_FILENO, line->p, line->n) < 0 && errno == EINTR)
			;
	sy_buf_free(line);
}

void log_event(enum log_level level, const char *event, ...)
{
	if (!log_wants(level))
		return;
	int saved = errno;
	struct sy_buf line = {0};
	struct sy_jw w;
	begin(&line, &w, level, event);
	va_list ap;
	va_start(ap, event);
	for (const char *key; (key = va_arg(ap, const char *)) != NULL;) {
		const char *value = va_arg(ap, const char *);
		put_pair(&line, &w, key, value ? value : "");
	}
	va_end(ap);
	finish(&line, &w);
	errno = saved;
}

void log_printf(enum log_level level, const char *event, const char *fmt, ...)
{
	if (!log_wants(level))
		return;
	int saved = errno;
	struct sy_buf line = {0};
	struct sy_jw w;
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	errno = saved;
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	begin(&line, &w, level, event);
	put_pair(&line, &w, "message", text);
	finish(&line, &w);
	errno = saved;
}
