/*
 * A file as UTF-8, whatever it is written in: UTF-8 with or without a byte order mark, UTF-16,
 * GB18030 (with GBK and GB2312, which it takes in).
 *
 * What it is shows in its bytes, whatever it says of itself: a mark, else the first text that
 * isn't ASCII, looked at together with the 64 KiB behind it.  What is no character of that
 * encoding becomes one byte 0xFF, which no UTF-8 has: whoever reads the text names its place.
 */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include "cli.h"

#define STREAM_PEEK 65536

enum encoding { ENC_GUESS, ENC_UTF8, ENC_UTF16LE, ENC_UTF16BE, ENC_GB18030 };

struct stream;

/* PATH "-" is standard input. */
int stream_open(const char *path, enum encoding encoding, struct stream **out, struct fail *f);
void stream_close(struct stream *s);
/* The text's beginning, at most STREAM_PEEK bytes; it is still to be read. */
struct sy_str stream_peek(const struct stream *s);
/* Up to N bytes, N at least 4; 0 at the end, negative on failure.  A csv_read_fn. */
long stream_read(void *stream, char *p, size_t n);
/* Why reading failed, for people. */
const char *stream_why(const struct stream *s);

/* "UTF-8", "UTF-16", "GB18030"; ASCII alone is UTF-8. */
const char *stream_encoding(const struct stream *s);
/* "utf-8", "gbk" and other spellings; ENC_GUESS for one that isn't known. */
enum encoding encoding_find(const char *name);
/* TEXT, which is UTF-8, as the file would have it; FIRST with its byte order mark. */
void stream_encode(const struct stream *s, struct sy_str text, bool first, struct sy_buf *out);
/* Is that file the one which is read, by whatever name? */
bool stream_is(const struct stream *s, const char *path);

#endif
