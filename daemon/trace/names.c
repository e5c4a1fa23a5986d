#include "walk.h"

#include <stdlib.h>

/*
 * A text is a run of stems, up to the last slash of a code, and of names: where the stem is, and
 * what follows it.  Stems that were met last are found again; one may be there more than once.
 */

enum { SECOND = 31, ESCAPED = 0x8000, STEM_HEAD = 2, NAME_HEAD = 4 + 2 };

static bool is_plain(struct sy_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] < 0x20 || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return true;
}

static void give_back(struct memory *m, void *p, size_t cap, size_t size)
{
	free(p);
	m->left += cap * size;
}

void names_free(struct memory *m, struct trace_names *names)
{
	give_back(m, names->at, names->cap, sizeof *names->at);
	for (unsigned i = 0; i < 2; i++)
		give_back(m, names->text[i].v, names->text[i].cap, 1);
	*names = (struct trace_names){.gone = true};
	if (m->names == names)
		m->names = NULL;
}

size_t trace_names_bytes(const struct trace_names *n)
{
	return n->cap * sizeof *n->at + n->text[0].cap + n->text[1].cap;
}

/* They don't give way to themselves. */
static int no_room(struct memory *m, struct trace_names *names, int err)
{
	if (err == SY_ETOOBIG)
		names_free(m, names);
	return err == SY_ETOOBIG ? SY_OK : err;
}

int names_room(struct memory *m, struct trace_names *names, size_t n)
{
	struct trace_names *giving = m->names;

	m->names = NULL;
	int err = memory_room(m, &names->at, &names->cap, n, sizeof *names->at);
	m->names = giving;
	return no_room(m, names, err);
}

/* Room for N bytes more; nothing is at 0. */
static int text_room(struct memory *m, struct trace_names *names, struct trace_text *t, size_t n)
{
	struct trace_names *giving = m->names;

	m->names = NULL;
	int err = t->n + n + 1 < (size_t)1 << SECOND
		      ? memory_room(m, &t->v, &t->cap, t->n + n + 1, 1)
		      : SY_ETOOBIG;
	m->names = giving;
	if (err == SY_OK && t->n == 0)
		t->v[t->n++] = 0;
	return err ? no_room(m, names, err) : SY_OK;
}

static struct sy_str stem_at(const struct trace_text *t, uint32_t at, bool *plain)
{
	uint16_t n;

	memcpy(&n, t->v + at, sizeof n);
	*plain = !(n & ESCAPED);
	return (struct sy_str){t->v + at + STEM_HEAD, n & ~(unsigned)ESCAPED};
}

static bool is_stem(const struct trace_text *t, uint32_t at, struct sy_str stem, bool *plain)
{
	return at && sy_str_eq(stem_at(t, at, plain), stem);
}

static uint32_t *slot_of(struct stems *s, struct sy_str stem)
{
	uint32_t h = 2166136261;

	for (size_t i = 0; i < stem.n; i++)
		h = (h ^ (uint8_t)stem.p[i]) * 16777619;
	return &s->at[(h >> 16 ^ h) % STEMS];
}

static uint32_t put(struct trace_text *t, uint16_t head, struct sy_str s)
{
	size_t at = t->n;

	memcpy(t->v + at, &head, sizeof head);
	if (s.n)
		memcpy(t->v + at + sizeof head, s.p, s.n);
	t->n += sizeof head + s.n;
	return (uint32_t)at;
}

/* There is room for it. */
static uint32_t find_stem(struct trace_text *t, struct stems *s, struct sy_str stem, bool *plain)
{
	if (is_stem(t, s->last, stem, plain))
		return s->last;
	uint32_t *slot = slot_of(s, stem);
	if (!is_stem(t, *slot, stem, plain)) {
		*plain = is_plain(stem);
		*slot = put(t, (uint16_t)(stem.n | (*plain ? 0U : ESCAPED)), stem);
	}
	return s->last = *slot;
}

int names_add(struct memory *m, struct trace_names *names, struct stems *s, unsigned part,
	      struct sy_str code, uint32_t *at)
{
	struct trace_text *t = &names->text[part];
	const char *slash = memrchr(code.p, '/', code.n);
	size_t n = slash ? (size_t)(slash - code.p) + 1 : 0;
	struct sy_str rest = {code.p + n, code.n - n};
	bool plain;
	int err;

	if (code.n > TRACE_NAME_MAX)
		return no_room(m, names, SY_ETOOBIG);
	err = text_room(m, names, t, STEM_HEAD + NAME_HEAD + code.n);
	if (err || names->gone)
		return err;
	uint32_t stem = find_stem(t, s, (struct sy_str){code.p, n}, &plain), begin = (uint32_t)t->n;
	memcpy(t->v + t->n, &stem, sizeof stem);
	t->n += sizeof stem;
	put(t, (uint16_t)(rest.n | (plain && is_plain(rest) ? 0U : ESCAPED)), rest);
	*at = begin | (uint32_t)part << SECOND;
	return SY_OK;
}

struct sy_str trace_name(const struct trace *t, size_t item, char room[TRACE_NAME_MAX], bool *plain)
{
	uint32_t at = t->names.at[item], begin = at & ~((uint32_t)1 << SECOND), stem;
	const struct trace_text *text = &t->names.text[at >> SECOND];
	bool ignored;

	*plain = true;
	if (at == 0)
		return SY_STR("");
	memcpy(&stem, text->v + begin, sizeof stem);
	struct sy_str first = stem_at(text, stem, &ignored);
	struct sy_str rest = stem_at(text, begin + (uint32_t)sizeof stem, plain);
	memcpy(room, first.p, first.n);
	memcpy(room + first.n, rest.p, rest.n);
	return (struct sy_str){room, first.n + rest.n};
}
