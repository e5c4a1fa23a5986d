#include <stdlib.h>

#include "audit.h"

int fetcher_init(struct fetcher *f, struct app *app, unsigned n)
{
	*f = (struct fetcher){.app = app, .n = n};
	f->lines = calloc(n, sizeof *f->lines);
	return f->lines ? RC_DONE : fail_memory(&app->fail);
}

void fetcher_free(struct fetcher *f)
{
	for (unsigned i = 0; f->lines && i < f->n; i++) {
		http_free(f->lines[i].http);
		http_answer_free(&f->lines[i].answer);
	}
	free(f->lines);
	f->lines = NULL;
}

int fetcher_failed(const struct fetcher *f, struct fail *out)
{
	for (unsigned i = 0; i < f->n; i++) {
		const struct fail *one = &f->lines[i].fail;
		if (one->text[0])
			return fail(out, one->rc, "%s", one->text);
	}
	return RC_DONE;
}

/* A thread's connection; NULL when it can't be had. */
static struct line *line_of(struct fetcher *f, unsigned thread)
{
	struct line *l = &f->lines[thread];

	if (l->http || trust_connect(f->app, &l->http, &l->fail) == RC_DONE)
		return l;
	return NULL;
}

/* --- entries --------------------------------------------------------------------------------- */

int fetch_tile(struct http *h, int level, uint64_t n, unsigned width, struct http_answer *answer,
	       struct fail *fail)
{
	struct sy_tile tile = {level, n, width};
	struct sy_buf path = {0};
	int rc;

	sy_buf_text(&path, "/tile/");
	sy_tile_format(&tile, &path);
	rc = path.failed ? fail_memory(fail) : http_fetch(h, sy_buf_cstr(&path), answer, fail);
	sy_buf_free(&path);
	return rc;
}

/* u16 length and entry, WIDTH times.  False when the bytes are not that. */
static bool split_tile(struct sy_str text, unsigned width, unsigned n,
		       uint8_t (*out)[SY_ENTRY_SIZE])
{
	if (text.n != (size_t)width * (2 + SY_ENTRY_SIZE))
		return false;
	for (unsigned i = 0; i < width; i++) {
		const uint8_t *p = (const uint8_t *)text.p + (size_t)i * (2 + SY_ENTRY_SIZE);
		if (sy_get16(p) != SY_ENTRY_SIZE)
			return false;
		if (i < n)
			memcpy(out[i], p + 2, SY_ENTRY_SIZE);
	}
	return true;
}

int fetch_entries(struct http *h, uint64_t from, unsigned n, uint64_t size,
		  uint8_t (*raw)[SY_ENTRY_SIZE], struct http_answer *answer, struct fail *f)
{
	uint64_t tile = from / 256, left = size - tile * 256;
	unsigned width = left < 256 ? (unsigned)left : 256;
	int rc = fetch_tile(h, SY_TILE_ENTRIES, tile, width, answer, f);

	if (rc == RC_DONE && !split_tile(sy_buf_span(&answer->body), width, n, raw))
		rc = fail(f, RC_PROOF, "entry tile %llu is not %u entries of %d bytes",
			  (unsigned long long)tile, width, SY_ENTRY_SIZE);
	return rc;
}

int fetcher_entries(void *ctx, unsigned thread, struct sy_audit_part *p, uint64_t from, unsigned n,
		    uint8_t (*raw)[SY_ENTRY_SIZE])
{
	struct fetcher *f = ctx;
	struct line *l = line_of(f, thread);

	(void)p;
	if (l == NULL || fetch_entries(l->http, from, n, f->size, raw, &l->answer, &l->fail))
		return SY_EIO;
	return SY_OK;
}

/* --- records, by the page -------------------------------------------------------------------- */

static bool skip(struct sy_str *s, const char *text)
{
	size_t n = strlen(text);

	if (s->n < n || memcmp(s->p, text, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

static bool take(struct sy_str *s, size_t n, struct sy_str *out)
{
	if (s->n < n)
		return false;
	*out = (struct sy_str){s->p, n};
	s->p += n;
	s->n -= n;
	return true;
}

static bool take_number(struct sy_str *s, uint64_t *out)
{
	struct sy_str digits = {s->p, 0};

	while (digits.n < s->n && s->p[digits.n] >= '0' && s->p[digits.n] <= '9')
		digits.n++;
	s->p += digits.n;
	s->n -= digits.n;
	return sy_str_u64(digits, out) == SY_OK;
}

/* What has gathered goes to the audit, which hashes it together. */
static void pass_on(struct sy_audit_part *p, struct line *l)
{
	sy_audit_records(p, l->some, l->n);
	l->n = 0;
}

/* {"number":7,"salt":"…","record":{…}}: what stands before the last brace are the record's bytes.
 */
static bool take_record(struct sy_audit_part *p, struct line *l, struct sy_str line)
{
	struct sy_opened *one = &l->some[l->n];
	struct sy_str text;

	if (!skip(&line, ",\"salt\":\"") || !take(&line, SY_BASE64_LEN(SY_SALT_SIZE), &text) ||
	    sy_unbase64_exact(text, one->salt, sizeof one->salt) ||
	    !skip(&line, "\",\"record\":") || line.n == 0 || line.p[line.n - 1] != '}')
		return false;
	one->payload = (struct sy_str){line.p, line.n - 1};
	if (++l->n == FETCH_BATCH)
		pass_on(p, l);
	return true;
}

/* {"number":8,"leaf":"…","erased":9} */
static bool take_erased(struct sy_audit_part *p, struct line *l, struct sy_str line)
{
	struct sy_str text;
	sy_hash leaf;
	uint64_t by;

	if (!skip(&line, ",\"leaf\":\"") || !take(&line, SY_BASE64_LEN(SY_HASH_SIZE), &text) ||
	    sy_unbase64_exact(text, leaf.b, sizeof leaf.b) || !skip(&line, "\",\"erased\":") ||
	    !(skip(&line, "null") || take_number(&line, &by)) || !sy_str_is(line, "}"))
		return false;
	pass_on(p, l);
	sy_audit_gone(p, &leaf);
	return true;
}

static bool is_end(struct sy_str line, uint64_t next)
{
	uint64_t told, records;

	return skip(&line, "{\"end\":true,\"next\":") && take_number(&line, &told) &&
	       told == next && skip(&line, ",\"records\":") && take_number(&line, &records) &&
	       sy_str_is(line, "}");
}

/* The lines of a page from *NEXT on, up to END; false where they aren't that. */
static bool take_lines(struct sy_audit_part *p, struct line *l, uint64_t *next, uint64_t end)
{
	struct sy_str page = sy_buf_span(&l->answer.body), line;
	uint64_t first = *next, number;

	while (sy_str_line(&page, &line)) {
		struct sy_str rest = line;
		if (is_end(line, *next))
			return page.n == 0 && *next > first;
		if (*next == end || !skip(&rest, "{\"number\":") || !take_number(&rest, &number) ||
		    number != *next || !(take_record(p, l, rest) || take_erased(p, l, rest)))
			return false;
		++*next;
	}
	return false;
}

static bool take_page(struct sy_audit_part *p, struct line *l, uint64_t *next, uint64_t end)
{
	bool good = take_lines(p, l, next, end);

	pass_on(p, l); /* before another page takes their place */
	return good;
}

/* The entry that a record of the run is in. */
static uint64_t entry_of(const struct sy_entry *entries, size_t n, uint64_t number)
{
	size_t i = 0;

	while (i + 1 < n && number >= entries[i + 1].first)
		i++;
	return entries[i].index;
}

int fetcher_records(void *ctx, unsigned thread, struct sy_audit_part *p,
		    const struct sy_entry *entries, size_t n)
{
	uint64_t next = entries[0].first, end = entries[n - 1].first + entries[n - 1].count;
	struct line *l = line_of(ctx, thread);
	bool good = true;
	char path[96];

	while (good && next < end) {
		snprintf(path, sizeof path, "/v1/records?from=%llu&to=%llu",
			 (unsigned long long)next, (unsigned long long)end);
		if (l == NULL || http_get(l->http, path, &l->answer, &l->fail) != RC_DONE)
			return SY_EIO;
		good = l->answer.status == 200;
		if (!good)
			sy_audit_fault(p, entry_of(entries, n, next), "record", next,
				       "is answered with status %ld", l->answer.status);
		else if (!(good = take_page(p, l, &next, end)))
			sy_audit_fault(p, entry_of(entries, n, next), "record", next,
				       "is answered with something else than records");
	}
	for (; next < end; next++)
		sy_audit_missing(p, NULL);
	return SY_OK;
}
