#include <stdio.h>

#include "config.h"
#include "mapping.h"
#include "value.h"
#include "verbs.h"
#include "words.h"

#define MAPPING_MAX ((size_t)1 << 20)

enum section { COLUMNS, CONSTANTS, UNITS, EVENTS, NAMES, SECTIONS };

static const char *const sections[SECTIONS] = {"columns", "constants", "units", "events", "names"};

struct pair {
	struct sy_str name, value;
	enum field field; /* of a column or a constant */
	struct pair *next;
};

struct mapping {
	struct pair *first[SECTIONS];
};

/* --- reading ---------------------------------------------------------------------------------- */

struct reader {
	struct mapping *m;
	struct sy_arena *arena;
	enum section section; /* SECTIONS: before the first */
	int line;
	struct sy_buf faults;
};

static void __attribute__((format(printf, 2, 3))) wrong(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const char *text = sy_arena_vprintf(r->arena, words(fmt), ap);
	va_end(ap);
	sy_buf_printf(&r->faults, words("\nline %d: %s"), r->line,
		      text ? text : words(sy_strerror(SY_ENOMEM)));
}

static void read_section(struct reader *r, struct sy_str line)
{
	for (r->section = COLUMNS; r->section < SECTIONS; r->section++) {
		const char *name = sections[r->section];
		if (line.n == strlen(name) + 2 && line.p[line.n - 1] == ']' &&
		    memcmp(line.p + 1, name, line.n - 2) == 0)
			return;
	}
	wrong(r, "%.*s: expected [columns], [constants], [units], [events] or [names]", (int)line.n,
	      line.p);
}

/* Is the right side something of ours? */
static bool check(struct reader *r, struct pair *p)
{
	struct sy_str column = r->section == CONSTANTS ? p->name : p->value, party = p->value;
	char keep[4];

	switch (r->section) {
	case COLUMNS:
	case CONSTANTS:
		p->field = F_COUNT;
		if (column.n == 0 || column_find(column, &p->field) == SY_OK)
			return true;
		wrong(r, "%.*s is no column of ours (suyuan batch template shows them)",
		      (int)column.n, column.p);
		return false;
	case UNITS:
		if (p->value.n > 0 && unit_code(p->value, keep) != NULL)
			return true;
		wrong(r, "%.*s is no unit: expected 公斤 吨 升 米 个 盒 箱 袋 or a UN/ECE code",
		      (int)p->value.n, p->value.p);
		return false;
	case EVENTS:
		if (verb_find(p->value) != NULL)
			return true;
		wrong(r, "%.*s is nothing that is known to happen (suyuan help event)",
		      (int)p->value.n, p->value.p);
		return false;
	case NAMES:
		if (value_party(r->arena, party).n > 0)
			return true;
		wrong(r,
		      "%.*s is neither a GLN or social credit code with its check digit nor a URI",
		      (int)party.n, party.p);
		return false;
	case SECTIONS:
		wrong(r, "expected [columns] or another section first");
		return false;
	}
	return false;
}

static void read_pair(struct reader *r, struct sy_str name, struct sy_str value)
{
	struct pair *p = sy_arena_calloc(r->arena, 1, sizeof *p);

	if (p == NULL) {
		wrong(r, "%s", words(sy_strerror(SY_ENOMEM)));
		return;
	}
	p->name = name;
	p->value = value;
	if (!check(r, p))
		return;
	p->next = r->m->first[r->section];
	r->m->first[r->section] = p;
}

static void read_line(struct reader *r, struct sy_str line)
{
	struct sy_str name, value;

	r->line++;
	line = value_trim(line);
	if (line.n == 0 || line.p[0] == ';')
		return;
	if (line.p[0] == '[') {
		read_section(r, line);
		return;
	}
	int err = config_line(line, &name, &value);
	if (err == SY_EINVAL || (err == SY_OK && name.n == 0))
		wrong(r, "expected name = ours");
	else if (err == SY_OK)
		read_pair(r, value_trim(name), value_trim(value));
}

/* The whole text, in the arena. */
static int read_text(const char *path, struct sy_arena *arena, struct sy_str *out, struct fail *f)
{
	struct stream *s = NULL;
	struct sy_buf text = {0};
	char block[4096];
	long n = 0;
	int rc = stream_open(path, ENC_GUESS, &s, f);

	while (rc == RC_DONE && text.n < MAPPING_MAX &&
	       (n = stream_read(s, block, sizeof block)) > 0)
		sy_buf_put(&text, block, (size_t)n);
	if (rc == RC_DONE && n < 0)
		rc = fail(f, RC_FAIL, "%s: %s", path, stream_why(s));
	else if (rc == RC_DONE && n > 0)
		rc = fail(f, RC_FAIL, "%s: a mapping of more than 1 MiB", path);
	*out = sy_str(sy_arena_strdup(arena, sy_buf_span(&text)));
	if (rc == RC_DONE && (text.failed || out->n < text.n))
		rc = fail_memory(f);
	sy_buf_free(&text);
	stream_close(s);
	return rc;
}

int mapping_read(const char *path, struct sy_arena *arena, struct mapping **out, struct fail *f)
{
	struct reader r = {.arena = arena, .section = SECTIONS};
	struct sy_str text, line;
	int rc = read_text(path, arena, &text, f);

	if (rc != RC_DONE)
		return rc;
	if ((r.m = sy_arena_calloc(arena, 1, sizeof *r.m)) == NULL)
		return fail_memory(f);
	while (sy_str_line(&text, &line))
		read_line(&r, line);
	if (r.faults.n > 0)
		rc = fail(f, RC_USAGE, "%s:%.*s", path, (int)r.faults.n, r.faults.p);
	else if (r.faults.failed)
		rc = fail_memory(f);
	sy_buf_free(&r.faults);
	*out = r.m;
	return rc;
}

/* --- asking ----------------------------------------------------------------------------------- */

static const struct pair *find(const struct mapping *m, enum section section, struct sy_str text)
{
	char name[COLUMN_TEXT], folded[COLUMN_TEXT];
	bool folds = column_fold(text, folded);

	for (const struct pair *p = m != NULL ? m->first[section] : NULL; p != NULL; p = p->next) {
		if (sy_str_eq(p->name, text) ||
		    (folds && section != NAMES && column_fold(p->name, name) &&
		     strcmp(name, folded) == 0))
			return p;
	}
	return NULL;
}

int mapping_column(const struct mapping *m, struct sy_str heading, enum field *out)
{
	const struct pair *p = find(m, COLUMNS, heading);

	if (p == NULL)
		return column_find(heading, out);
	*out = p->field;
	return SY_OK;
}

void mapping_apply(const struct mapping *m, struct row *row)
{
	static const struct {
		enum field field;
		enum section section;
	} mapped[] = {
	    {F_UNIT, UNITS},       {F_EVENT, EVENTS},     {F_PARTNER, NAMES},  {F_FROM, NAMES},
	    {F_TO, NAMES},         {F_OWNER_FROM, NAMES}, {F_OWNER_TO, NAMES}, {F_PLACE, NAMES},
	    {F_READ_POINT, NAMES}, {F_LABORATORY, NAMES},
	};

	if (m == NULL)
		return;
	for (const struct pair *p = m->first[CONSTANTS]; p != NULL; p = p->next) {
		if (row->v[p->field].n == 0)
			row->v[p->field] = p->value;
	}
	for (size_t i = 0; i < sizeof mapped / sizeof mapped[0]; i++) {
		struct sy_str *v = &row->v[mapped[i].field];
		const struct pair *p = v->n > 0 ? find(m, mapped[i].section, value_trim(*v)) : NULL;
		if (p != NULL)
			*v = p->value;
	}
}
