/*
 * The file of webhooks.  It is read or has faults, each a line with the file's name and a number;
 * none says what the line does, which has a secret; and what was read is what its rules say.
 */
#include "hook/hook_impl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static const char path[] = "/w";

/* What may follow the file's name. */
static bool is_plain(struct sy_str line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((uint8_t)line.p[i] < ' ' || (uint8_t)line.p[i] > '~')
			return false;
	return true;
}

static void check_faults(struct sy_str rest, unsigned lines)
{
	struct sy_str line;
	MUST(rest.n && rest.p[rest.n - 1] == '\n');
	while (sy_str_line(&rest, &line)) {
		unsigned long number;
		char text[200];
		MUST(is_plain(line) && line.n < sizeof text);
		snprintf(text, sizeof text, "%.*s", (int)line.n, line.p);
		if (strncmp(text, "/w: and ", 8) == 0)
			continue;
		MUST(strncmp(text, "/w:", 3) == 0);
		number = strtoul(text + 3, NULL, 10);
		MUST(number >= 1 && number <= lines);
		MUST(strstr(text, "expected"));
	}
}

static void check_word(struct sy_str s, bool plain)
{
	MUST(s.n > 0 && strlen(s.p) <= s.n);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];
		MUST(c != ' ' && c != '\t' && c != '\r' && c != '\n');
		MUST(!plain || (c > ' ' && c < 0x7f));
	}
}

static void check_receivers(const struct hooks *h, unsigned lines)
{
	MUST(h->n_receivers <= lines);
	for (size_t i = 0; i < h->n_receivers; i++) {
		const struct receiver *r = &h->receivers[i];
		check_word(r->party, false);
		check_word(r->url, true);
		check_word(r->secret, false);
		MUST(memchr(r->party.p, ':', r->party.n) && strlen(r->party.p) == r->party.n);
		MUST(strncmp(r->url.p, "http://", 7) == 0 || strncmp(r->url.p, "https://", 8) == 0);
		for (size_t k = 0; k < i; k++)
			MUST(!sy_str_eq(r->party, h->receivers[k].party));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_str text = {(const char *)data, n}, rest = text, line;
	struct sy_buf faults = {0};
	struct hooks h = {0};
	unsigned lines = 0;
	while (sy_str_line(&rest, &line))
		lines++;
	int err = receivers_parse(&h, path, text, &faults);
	MUST(err == SY_OK || err == SY_EINVAL);
	MUST(!faults.failed && (err == SY_OK) == (faults.n == 0));
	if (err)
		check_faults(sy_buf_span(&faults), lines);
	check_receivers(&h, lines);
	receivers_free(&h);
	sy_buf_free(&faults);
	return 0;
}
