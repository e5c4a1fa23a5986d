#include <stdlib.h>

#include "warnings.h"
#include "words.h"

static struct warning *find(struct warnings *w, const char *field, const char *text)
{
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->v[i].field, field) == 0 && strcmp(w->v[i].text, text) == 0)
			return &w->v[i];
	}
	return NULL;
}

static struct warning *make(struct warnings *w, const char *field, const char *text)
{
	if (w->v == NULL && (w->v = calloc(WARNINGS_KINDS, sizeof *w->v)) == NULL)
		return NULL;
	if (w->n == WARNINGS_KINDS)
		return NULL;
	struct warning *one = &w->v[w->n];
	one->field = strdup(field);
	one->text = strdup(text);
	if (one->field == NULL || one->text == NULL) {
		free(one->field);
		free(one->text);
		memset(one, 0, sizeof *one);
		return NULL;
	}
	w->n++;
	return one;
}

static void keep_line(struct warning *one, uint64_t line)
{
	unsigned at = one->n;

	while (at > 0 && one->line[at - 1] > line)
		at--;
	if (at == WARNINGS_LINES)
		return;
	if (one->n < WARNINGS_LINES)
		one->n++;
	memmove(one->line + at + 1, one->line + at, (one->n - at - 1) * sizeof one->line[0]);
	one->line[at] = line;
}

void warnings_add(struct warnings *w, const char *field, const char *text, uint64_t line)
{
	struct warning *one = find(w, field, text);

	w->all++;
	if (one == NULL && (one = make(w, field, text)) == NULL) {
		w->unkept++;
		return;
	}
	one->rows++;
	if (line > 0)
		keep_line(one, line);
}

static void say_one(const struct warning *one, const char *path)
{
	char where[128] = "";
	size_t n = 0;

	for (unsigned i = 0; i < one->n; i++)
		n += (size_t)snprintf(where + n, sizeof where - n, "%s%llu", i ? ", " : "",
				      (unsigned long long)one->line[i]);
	if (one->n == 0)
		say("%s: warning: %s: %s", path, one->field, one->text);
	else if (one->rows == 1)
		say("%s: warning: %s: %s (line %s)", path, one->field, one->text, where);
	else
		say("%s: warning: %s: %s (%llu rows, %slines %s)", path, one->field, one->text,
		    (unsigned long long)one->rows, one->rows > one->n ? words("first at ") : "",
		    where);
}

void warnings_say(const struct warnings *w, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		say_one(&w->v[i], path);
	if (w->unkept > 0)
		say("%s: warning: and %llu more, of other kinds", path,
		    (unsigned long long)w->unkept);
}

void warnings_free(struct warnings *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->v[i].field);
		free(w->v[i].text);
	}
	free(w->v);
	memset(w, 0, sizeof *w);
}
