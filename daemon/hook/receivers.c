#include "hook_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 1 << 20, FAULTS_MOST = 100 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct sy_str word(struct sy_str *line)
{
	struct sy_str out;

	while (line->n && is_blank(line->p[0])) {
		line->p++;
		line->n--;
	}
	out = (struct sy_str){line->p, 0};
	while (line->n && !is_blank(line->p[0])) {
		line->p++;
		line->n--;
		out.n++;
	}
	return out;
}

/* http or https, a host, and neither a name with a password, which a log would show, nor controls.
 */
static bool is_url(struct sy_str s)
{
	size_t stem = s.n > 8 && memcmp(s.p, "https://", 8) == 0  ? 8
		      : s.n > 7 && memcmp(s.p, "http://", 7) == 0 ? 7
								  : 0;
	size_t host = stem;

	while (host < s.n && s.p[host] != '/' && s.p[host] != '?' && s.p[host] != '#')
		if (s.p[host++] == '@')
			return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return stem && host > stem;
}

/* Parties go by a URI, which begins with its scheme: a mark of byte order is none. */
static bool is_party(struct sy_str s)
{
	size_t bad, n = 0;

	while (n < s.n && (isalnum((unsigned char)s.p[n]) || (n > 0 && strchr("+-.", s.p[n]))))
		n++;
	if (n == 0 || n + 1 >= s.n || s.p[n] != ':' || !isalpha((unsigned char)s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return sy_utf8_valid(s.p, s.n, &bad);
}

static struct sy_str keep(struct sy_arena *arena, struct sy_str s)
{
	const char *copy = sy_arena_strdup(arena, s);

	return copy ? (struct sy_str){copy, s.n} : SY_STR("");
}

static bool is_known(const struct hooks *h, struct sy_str party)
{
	for (size_t i = 0; i < h->n_receivers; i++)
		if (sy_str_eq(h->receivers[i].party, party))
			return true;
	return false;
}

/* What is wrong with a line; NULL for nothing. */
static const char *fault_of(const struct hooks *h, const struct sy_str words[4])
{
	if (words[2].n == 0 || words[3].n)
		return "expected three words: a party, a URL of http or https, and a secret";
	if (!is_party(words[0]))
		return "expected a party's id, a URI, first";
	if (!is_url(words[1]))
		return "expected http://HOST/... or https://HOST/... second, without a user";
	if (is_known(h, words[0]))
		return "this party has a line already: expected one";
	return NULL;
}

static int read_line(struct hooks *h, struct sy_str line, const char **fault)
{
	struct receiver *r = &h->receivers[h->n_receivers];
	struct sy_str words[4];

	for (size_t i = 0; i < 4; i++)
		words[i] = word(&line);
	*fault = words[0].n == 0 || words[0].p[0] == '#' ? NULL : fault_of(h, words);
	if (*fault || words[0].n == 0 || words[0].p[0] == '#')
		return SY_OK;
	*r = (struct receiver){.party = keep(&h->arena, words[0]),
			       .url = keep(&h->arena, words[1]),
			       .secret = keep(&h->arena, words[2])};
	h->n_receivers++;
	return r->party.n && r->url.n && r->secret.n ? SY_OK : SY_ENOMEM;
}

int receivers_parse(struct hooks *h, const char *path, struct sy_str text, struct sy_buf *faults)
{
	struct sy_str rest = text, line;
	size_t n = 0, named = 0;
	int err = SY_OK;

	while (sy_str_line(&rest, &line))
		n++;
	if ((h->receivers = sy_arena_calloc(&h->arena, n + 1, sizeof *h->receivers)) == NULL)
		return SY_ENOMEM;
	rest = text;
	for (unsigned number = 1; err == SY_OK && sy_str_line(&rest, &line); number++) {
		const char *fault;
		err = read_line(h, line, &fault);
		if (fault && named++ < FAULTS_MOST)
			sy_buf_printf(faults, "%s:%u: %s\n", path, number, fault);
	}
	if (named > FAULTS_MOST)
		sy_buf_printf(faults, "%s: and %zu more\n", path, named - FAULTS_MOST);
	return err ? err : named ? SY_EINVAL : SY_OK;
}

static int read_text(FILE *f, struct sy_buf *out)
{
	char piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
		if (out->n + n > FILE_MOST)
			return SY_ETOOBIG;
		sy_buf_put(out, piece, n);
	}
	sy_wipe(piece, sizeof piece);
	return ferror(f) ? SY_EIO : out->failed ? SY_ENOMEM : SY_OK;
}

static int read_file(FILE *f, const char *path, struct sy_buf *text, struct sy_buf *faults)
{
	struct stat st;
	int err;

	if (fstat(fileno(f), &st) || (st.st_mode & 077)) {
		sy_buf_printf(faults,
			      "%s: the file of webhooks holds secrets: expected that its owner "
			      "alone may read it (chmod 600)\n",
			      path);
		return SY_EDENIED;
	}
	if ((err = read_text(f, text)) == SY_ETOOBIG)
		sy_buf_printf(faults, "%s: expected at most %d bytes\n", path, (int)FILE_MOST);
	else if (err)
		sy_buf_printf(faults, "%s: can't be read\n", path);
	return err;
}

int receivers_read(struct hooks *h, const char *path, struct sy_buf *faults)
{
	struct sy_buf text = {0};
	FILE *f = fopen(path, "re");
	int err;

	if (f == NULL) {
		err = errno == ENOENT ? SY_ENOTFOUND : SY_EIO;
		sy_buf_printf(faults, "%s: can't be read (%s)\n", path, strerror(errno));
		return err;
	}
	if ((err = read_file(f, path, &text, faults)) == SY_OK)
		err = receivers_parse(h, path, sy_buf_span(&text), faults);
	fclose(f);
	if (text.p)
		sy_wipe(text.p, text.cap);
	sy_buf_free(&text);
	return err;
}

int authorities_read(const char *path, struct sy_buf *faults)
{
	if (path == NULL || access(path, R_OK) == 0)
		return SY_OK;
	sy_buf_printf(faults, "%s: can't be read (%s)\n", path, strerror(errno));
	return SY_ENOTFOUND;
}

void receivers_free(struct hooks *h)
{
	for (size_t i = 0; i < h->n_receivers; i++) {
		struct receiver *r = &h->receivers[i];
		sy_wipe((void *)(uintptr_t)r->secret.p, r->secret.n);
		free(r->pending);
	}
	sy_arena_free(&h->arena);
	h->receivers = NULL;
	h->n_receivers = 0;
}
