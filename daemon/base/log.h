/*
 * The structured log: one line an event, logfmt or JSON, to standard error.
 *
 * log_error keeps errno.  A line is written with one write(2), so threads don't mix.  Values that
 * need it are quoted; no byte of a peer can forge a line.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERR, LOG_WARN, LOG_NOTE, LOG_DETAIL, LOG_TRACE };

struct log_options {
	enum log_level level;
	bool json;
};

void log_init(const struct log_options *o);
void log_set_level(enum log_level level);
bool log_wants(enum log_level level);
/* EVENT is a short fixed name ("start", "commit-failed"); then key, value pairs of strings,
 * ended by NULL. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* EVENT with one formatted message. */
void log_printf(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
