#include "hook_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILE_MOST = 1 << 20 };

static struct sy_str word(struct sy_str *line)
{
	struct sy_str out = {line->p, 0};

	while (line->n && strchr(" \t\r", line->p[0])) {
		line->p++;
		line->n--;
	}
	out.p = line->p;
	while (line->n && !strchr(" \t\r", line->p[0])) {
		line->p++;
		line->n--;
		out.n++;
	}
	return out;
}

static bool is_url(struct sy_str s)
{
	return (s.n > 8 && memcmp(s.p, "https://", 8) == 0) ||
	       (s.n > 7 && memcmp(s.p, "http://", 7) == 0);
}

static struct sy_str keep(struct sy_arena *arena, struct sy_str s)
{
	const char *copy = sy_arena_strdup(arena, s);

	return copy ? (struct sy_str){copy, s.n} : SY_STR("");
}

static int read_line(struct hooks *h, struct sy_str line, struct receiver *r)
{
	struct sy_str party = word(&line), url = word(&line), secret = word(&line);

	if (secret.n == 0 || word(&line).n || !is_url(url))
		return SY_EINVAL;
	*r = (struct receiver){.party = keep(&h->arena, party),
			       .url = keep(&h->arena, url),
			       .secret = keep(&h->arena, secret)};
	return r->party.n && r->url.n && r->secret.n ? SY_OK : SY_ENOMEM;
}

static int read_lines(struct hooks *h, struct sy_str text, const char **why)
{
	static char where[120];
	struct sy_str rest = text, line;
	size_t n = 0;

	for (unsigned number = 1; sy_str_line(&rest, &line); number++)
		n++;
	if ((h->receivers = sy_arena_calloc(&h->arena, n + 1, sizeof *h->receivers)) == NULL)
		return SY_ENOMEM;
	rest = text;
	for (unsigned number = 1; sy_str_line(&rest, &line); number++) {
		struct sy_str look = line, first = word(&look);
		if (first.n == 0 || first.p[0] == '#')
			continue;
		int err = read_line(h, line, &h->receivers[h->n_receivers]);
		if (err == SY_EINVAL) {
			snprintf(where, sizeof where,
				 "webhooks, line %u: expected a party, a URL of http or https, "
				 "and a secret",
				 number);
			*why = where;
		}
		if (err)
			return err;
		h->n_receivers++;
	}
	return SY_OK;
}

static int read_file(FILE *f, struct sy_buf *out)
{
	char piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
		if (out->n + n > FILE_MOST)
			return SY_ETOOBIG;
		sy_buf_put(out, piece, n);
	}
	return ferror(f) ? SY_EIO : out->failed ? SY_ENOMEM : SY_OK;
}

int receivers_read(struct hooks *h, const char *path, const char **why)
{
	struct sy_buf text = {0};
	struct stat st;
	FILE *f = fopen(path, "re");
	int err = SY_EDENIED;

	*why = "the file of webhooks can't be read";
	if (f == NULL)
		return errno == ENOENT ? SY_ENOTFOUND : SY_EIO;
	if (fstat(fileno(f), &st) || (st.st_mode & 077))
		*why = "the file of webhooks holds secrets: expected that its owner alone may read "
		       "it (chmod 600)";
	else if ((err = read_file(f, &text)) == SY_OK)
		err = read_lines(h, sy_buf_span(&text), why);
	fclose(f);
	if (text.p)
		sy_wipe(text.p, text.cap);
	sy_buf_free(&text);
	return err;
}
