#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "stream.h"
#include "words.h"

#define BLOCK 65536
#define NO_ICONV ((iconv_t)-1)

static const struct {
	const char *shown, *system; /* as iconv knows it; NULL: nothing to convert */
	const char *names;          /* what a person may call it, apart by '|' */
	const char *mark;
	size_t mark_bytes, unit; /* bytes of the smallest character */
} encodings[] = {
    [ENC_GUESS] = {"UTF-8", NULL, "", "", 0, 1},
    [ENC_UTF8] = {"UTF-8", NULL, "utf-8|utf8", "\xef\xbb\xbf", 3, 1},
    [ENC_UTF16LE] = {"UTF-16", "UTF-16LE", "utf-16|utf16|utf-16le", "\xff\xfe", 2, 2},
    [ENC_UTF16BE] = {"UTF-16", "UTF-16BE", "utf-16be", "\xfe\xff", 2, 2},
    [ENC_GB18030] = {"GB18030", "GB18030", "gb18030|gbk|gb2312|cp936", "\x84\x31\x95\x33", 4, 1},
};
#define ENCODINGS (sizeof encodings / sizeof encodings[0])

struct stream {
	FILE *file;
	const char *path;
	enum encoding asked, encoding; /* ENC_GUESS: nothing but ASCII so far */
	bool marked, eof, failed;
	const char *why;
	iconv_t convert;
	struct sy_buf in; /* as read, taken up to AT */
	size_t at;
	struct sy_buf head; /* converted, to find out what it is; taken up to HEAD_AT */
	size_t head_at;
};

/* --- reading ---------------------------------------------------------------------------------- */

/* Another block behind what isn't taken yet.  False when that failed. */
static bool more(struct stream *s)
{
	if (s->at > 0) {
		memmove(s->in.p, s->in.p + s->at, s->in.n - s->at);
		s->in.n -= s->at;
		s->at = 0;
	}
	size_t before = s->in.n;
	char *room = sy_buf_room(&s->in, BLOCK);
	if (room == NULL) {
		s->why = words(sy_strerror(SY_ENOMEM));
		return !(s->failed = true);
	}
	size_t n = fread(room, 1, BLOCK, s->file);
	s->in.n = before + n;
	s->eof = n == 0;
	if (n == 0 && ferror(s->file))
		return !(s->failed = true);
	return true;
}

static struct sy_str rest(const struct stream *s)
{
	return (struct sy_str){s->in.p + s->at, s->in.n - s->at};
}

/* --- what is it written in -------------------------------------------------------------------- */

/* Bytes of TEXT in characters of three and more, and bytes that are no UTF-8.  A character that
 * the end cuts is neither. */
static void weigh(struct sy_str text, size_t *good, size_t *bad)
{
	*good = *bad = 0;
	for (size_t i = 0; i < text.n;) {
		unsigned char c = (unsigned char)text.p[i];
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (i + n > text.n)
			return;
		if (!sy_utf8_valid(text.p + i, n, NULL)) {
			++*bad;
			i++;
			continue;
		}
		*good += n >= 3 ? n : 0;
		i += n;
	}
}

/* Is all of it GB18030, but for a character that the end cuts? */
static bool is_gb18030(struct sy_str text)
{
	iconv_t cd = iconv_open("UTF-8", encodings[ENC_GB18030].system);
	char *in = (char *)(uintptr_t)text.p, out[4096];
	size_t left = text.n;
	bool is = cd != NO_ICONV;

	while (is && left > 0) {
		char *to = out;
		size_t room = sizeof out;
		if (iconv(cd, &in, &left, &to, &room) == (size_t)-1 && errno != E2BIG) {
			is = errno == EINVAL;
			break;
		}
	}
	if (cd != NO_ICONV)
		iconv_close(cd);
	return is;
}

/* A text whose first character past ASCII is at hand, with what follows.  A few bytes that are no
 * UTF-8 in much that is are faults of that text; much that isn't is another encoding. */
static enum encoding judge(struct sy_str text)
{
	size_t good, bad;

	weigh(text, &good, &bad);
	return bad > good && is_gb18030(text) ? ENC_GB18030 : ENC_UTF8;
}

static void settle_on(struct stream *s, enum encoding e)
{
	s->encoding = e;
	if (encodings[e].system == NULL)
		return;
	s->convert = iconv_open("UTF-8", encodings[e].system);
	if (s->convert == NO_ICONV) {
		s->failed = true;
		s->why = "this system can't convert its encoding; save it as UTF-8";
	}
}

static void read_mark(struct stream *s)
{
	enum encoding e = s->asked;

	while (s->in.n < 4 && !s->eof && more(s))
		;
	for (size_t i = ENC_UTF8; i < ENCODINGS && !s->marked; i++) {
		size_t n = encodings[i].mark_bytes;
		bool may = e == ENC_GUESS || e == i || (e == ENC_UTF16LE && i == ENC_UTF16BE);
		if (!may || s->in.n < n || memcmp(s->in.p, encodings[i].mark, n) != 0)
			continue;
		s->marked = true;
		s->at = n;
		e = (enum encoding)i;
	}
	if (e != ENC_GUESS)
		settle_on(s, e);
}

/* How many bytes at hand are ASCII; with something behind them it is told what that is. */
static size_t ascii(struct stream *s)
{
	struct sy_str text = rest(s);
	size_t n = 0;

	while (n < text.n && (unsigned char)text.p[n] < 0x80)
		n++;
	if (n == text.n)
		return n;
	while (s->in.n - s->at - n < STREAM_PEEK && !s->eof && more(s))
		;
	text = rest(s);
	settle_on(s, judge((struct sy_str){text.p + n, text.n - n}));
	return n;
}

/* --- converting ------------------------------------------------------------------------------- */

static long copy(struct stream *s, char *p, size_t n, size_t have)
{
	n = n < have ? n : have;
	memcpy(p, s->in.p + s->at, n);
	s->at += n;
	return (long)n;
}

/* What iconv stopped at becomes 0xFF, unless the rest of it may be still to come. */
static bool pass_bad(struct stream *s, char **to, size_t *room, int err)
{
	size_t unit = encodings[s->encoding].unit, have = s->in.n - s->at;

	if (err == EINVAL && !s->eof)
		return more(s);
	if (*room == 0)
		return false;
	*(*to)++ = '\xff';
	--*room;
	s->at += err == EINVAL || unit > have ? have : unit;
	return true;
}

static long convert(struct stream *s, char *p, size_t n)
{
	char *to = p;
	size_t room = n;

	while (!s->failed && to == p) {
		if (s->at == s->in.n && (s->eof || !more(s) || s->in.n == 0))
			break;
		char *in = s->in.p + s->at;
		size_t left = s->in.n - s->at;
		size_t done = iconv(s->convert, &in, &left, &to, &room);
		int err = errno;
		s->at = s->in.n - left;
		if (done == (size_t)-1 && err != E2BIG && !pass_bad(s, &to, &room, err))
			break;
	}
	return s->failed ? -1 : to - p;
}

static long read_text(struct stream *s, char *p, size_t n)
{
	while (!s->failed && s->at == s->in.n && !s->eof && more(s))
		;
	if (s->encoding == ENC_GUESS) {
		size_t plain = ascii(s);
		if (plain > 0 && !s->failed)
			return copy(s, p, n, plain);
	}
	if (s->failed)
		return -1;
	return encodings[s->encoding].system != NULL ? convert(s, p, n)
						     : copy(s, p, n, s->in.n - s->at);
}

long stream_read(void *stream, char *p, size_t n)
{
	struct stream *s = stream;

	if (s->head_at == s->head.n)
		return read_text(s, p, n);
	size_t have = s->head.n - s->head_at;
	n = n < have ? n : have;
	memcpy(p, s->head.p + s->head_at, n);
	s->head_at += n;
	return (long)n;
}

/* --- open, close, again ----------------------------------------------------------------------- */

static int begin(struct stream *s, struct fail *f)
{
	read_mark(s);
	while (s->head.n < STREAM_PEEK && !s->failed) {
		size_t before = s->head.n;
		char *room = sy_buf_room(&s->head, STREAM_PEEK - before);
		long n = room != NULL ? read_text(s, room, STREAM_PEEK - before) : -1;
		s->head.n = before + (n > 0 ? (size_t)n : 0);
		if (room == NULL)
			return fail_memory(f);
		if (n <= 0)
			break;
	}
	if (s->failed)
		return fail(f, RC_FAIL, "%s: %s", s->path, stream_why(s));
	return RC_DONE;
}

int stream_open(const char *path, enum encoding encoding, struct stream **out, struct fail *f)
{
	struct stream *s = calloc(1, sizeof *s);
	int rc;

	if (s == NULL)
		return fail_memory(f);
	s->path = path;
	s->asked = encoding;
	s->convert = NO_ICONV;
	s->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (s->file == NULL)
		rc = fail(f, RC_FAIL, "%s: %s", path, words(strerror(errno)));
	else
		rc = begin(s, f);
	if (rc != RC_DONE) {
		stream_close(s);
		return rc;
	}
	*out = s;
	return RC_DONE;
}

void stream_close(struct stream *s)
{
	if (s == NULL)
		return;
	if (s->file != NULL && s->file != stdin)
		fclose(s->file);
	if (s->convert != NO_ICONV)
		iconv_close(s->convert);
	sy_buf_free(&s->in);
	sy_buf_free(&s->head);
	free(s);
}

struct sy_str stream_peek(const struct stream *s)
{
	return (struct sy_str){s->head.p, s->head.n};
}

const char *stream_why(const struct stream *s)
{
	return s->why != NULL ? s->why : "cannot be read";
}

const char *stream_encoding(const struct stream *s)
{
	return encodings[s->encoding].shown;
}

enum encoding encoding_find(const char *name)
{
	for (size_t i = ENC_UTF8; i < ENCODINGS; i++) {
		for (const char *p = encodings[i].names; *p != '\0';) {
			size_t n = strcspn(p, "|");
			if (strlen(name) == n && strncasecmp(p, name, n) == 0)
				return (enum encoding)i;
			p += n + (p[n] == '|');
		}
	}
	return ENC_GUESS;
}

void stream_encode(const struct stream *s, struct sy_str text, bool first, struct sy_buf *out)
{
	const char *system = encodings[s->encoding].system;
	iconv_t cd = system != NULL ? iconv_open(system, "UTF-8") : NO_ICONV;
	char *in = (char *)(uintptr_t)text.p;
	size_t left = text.n;

	if (first && s->marked)
		sy_buf_put(out, encodings[s->encoding].mark, encodings[s->encoding].mark_bytes);
	if (cd == NO_ICONV) {
		sy_buf_str(out, text);
		return;
	}
	while (left > 0 && !out->failed) {
		char block[4096], *to = block;
		size_t room = sizeof block;
		bool stopped = iconv(cd, &in, &left, &to, &room) == (size_t)-1 && errno != E2BIG;
		sy_buf_put(out, block, (size_t)(to - block));
		if (stopped) /* a byte that was no character when it was read */
			in++, left--;
	}
	iconv_close(cd);
}

bool stream_is(const struct stream *s, const char *path)
{
	struct stat in, other;

	return fstat(fileno(s->file), &in) == 0 && stat(path, &other) == 0 && S_ISREG(in.st_mode) &&
	       in.st_dev == other.st_dev && in.st_ino == other.st_ino;
}
