#include "audit_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- findings -------------------------------------------------------------------------------- */

int findings_add(struct findings *f, struct finding *one)
{
	if (f->n == FINDINGS_MAX) {
		f->dropped++;
		free(one);
		return SY_OK;
	}
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 8;
		struct finding **v = realloc(f->v, cap * sizeof(struct finding *));
		if (v == NULL) {
			free(one);
			return SY_ENOMEM;
		}
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = one;
	return SY_OK;
}

int findings_move(struct findings *to, struct findings *from)
{
	int err = SY_OK;

	for (size_t i = 0; i < from->n; i++)
		if (findings_add(to, from->v[i]))
			err = SY_ENOMEM;
	to->dropped += from->dropped;
	from->n = from->dropped = 0;
	return err;
}

void findings_free(struct findings *f)
{
	while (f->n)
		free(f->v[--f->n]);
	free(f->v);
	*f = (struct findings){0};
}

void sy_audit_fault(struct sy_audit_part *p, uint64_t entry, const char *what, uint64_t at,
		    const char *fmt, ...)
{
	struct finding *f = NULL;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		f = malloc(sizeof *f + sizeof text);
	if (f == NULL) {
		p->err = SY_ENOMEM;
		return;
	}
	*f = (struct finding){entry, at, what};
	memcpy(f->text, text, sizeof text);
	if (findings_add(&p->findings, f))
		p->err = SY_ENOMEM;
}

/* --- the part -------------------------------------------------------------------------------- */

int part_init(struct sy_audit_part *p, const struct sy_audit_options *o)
{
	*p = (struct sy_audit_part){.o = o};
	part_reset(p);
	p->leaves = malloc(SY_RECORDS_MAX * sizeof *p->leaves);
	return p->leaves ? SY_OK : SY_ENOMEM;
}

void part_reset(struct sy_audit_part *p)
{
	sy_arena_reset(&p->kept);
	p->keeping = NULL;
	p->keeping_end = &p->keeping;
	p->gone = NULL;
	p->gone_end = &p->gone;
	p->n = p->n_leaves = 0;
	p->missing = false;
}

void part_free(struct sy_audit_part *p)
{
	findings_free(&p->findings);
	sy_arena_free(&p->kept);
	sy_arena_free(&p->scratch);
	free(p->leaves);
}

void part_entry(const uint8_t raw[SY_ENTRY_SIZE], struct checked *out)
{
	out->why = NULL;
	sy_leaf_hash(raw, SY_ENTRY_SIZE, &out->leaf);
	if (sy_entry_decode(raw, &out->e, &out->why) == SY_OK)
		out->why = NULL;
	else if (out->why == NULL)
		out->why = "malformed";
}

/* --- records --------------------------------------------------------------------------------- */

static void out_of_memory(struct sy_audit_part *p)
{
	p->err = SY_ENOMEM;
}

static void end_entry(struct sy_audit_part *p)
{
	const struct sy_entry *e = p->entry;
	sy_hash root;

	if (!p->missing) {
		sy_leaves_root(p->leaves, e->count, &root);
		if (!sy_hash_eq(&root, &e->records_root))
			sy_audit_fault(p, e->index, "entry", e->index,
				       "its records aren't those that its author signed");
	}
	p->entry++;
	p->n--;
	p->n_leaves = 0;
	p->missing = false;
}

/* What a source gives beyond what was wanted is nobody's. */
static uint64_t number_of(const struct sy_audit_part *p)
{
	return p->entry->first + p->n_leaves;
}

static void next(struct sy_audit_part *p, const sy_hash *leaf)
{
	if (leaf)
		p->leaves[p->n_leaves] = *leaf;
	else
		p->missing = true;
	if (++p->n_leaves == p->entry->count)
		end_entry(p);
}

void sy_audit_gone(struct sy_audit_part *p, const sy_hash *leaf)
{
	struct gone *g = p->n ? sy_arena_alloc(&p->kept, sizeof *g) : NULL;

	if (p->n == 0)
		return;
	if (g) {
		*g = (struct gone){NULL, number_of(p), *leaf};
		*p->gone_end = g;
		p->gone_end = &g->next;
	} else {
		out_of_memory(p);
	}
	next(p, leaf);
}

void sy_audit_missing(struct sy_audit_part *p, const sy_hash *leaf)
{
	if (p->n)
		next(p, leaf);
}

static const char *const kept_types[] = {"Party", "Ledger", "Erasure"};
enum { KEPT_TYPES = sizeof kept_types / sizeof kept_types[0] };

/* Most records begin with their type, and most types concern nobody here: 1 for one that does, 0
 * for one that doesn't, -1 when only a parser can tell. */
static int concerns(struct sy_str payload)
{
	static const char begin[] = "{\"type\":\"";
	const size_t n = sizeof begin - 1;
	const char *end;

	if (payload.n < n || memcmp(payload.p, begin, n) != 0)
		return -1;
	struct sy_str type = {payload.p + n, payload.n - n};
	if ((end = memchr(type.p, '"', type.n)) == NULL)
		return -1;
	type.n = (size_t)(end - type.p);
	if (type.n && memchr(type.p, '\\', type.n))
		return -1;
	for (size_t i = 0; i < KEPT_TYPES; i++)
		if (sy_str_is(type, kept_types[i]))
			return 1;
	return 0;
}

static bool doc_concerns(const struct sy_json_doc *doc)
{
	const struct sy_json *type = sy_json_get(doc, sy_json_root(doc), "type");

	for (size_t i = 0; i < KEPT_TYPES; i++)
		if (sy_json_is(doc, type, kept_types[i]))
			return true;
	return false;
}

static void keep(struct sy_audit_part *p, struct sy_str payload)
{
	struct keeping *k = sy_arena_alloc(&p->kept, sizeof *k);
	char *copy = k ? sy_arena_strdup(&p->kept, payload) : NULL;

	if (copy == NULL) {
		out_of_memory(p);
		return;
	}
	*k = (struct keeping){NULL, p->entry->index, number_of(p), {copy, payload.n}};
	*p->keeping_end = k;
	p->keeping_end = &k->next;
}

/* Is it a legal record, where that was asked, and does the register take note of it? */
static void read_record(struct sy_audit_part *p, struct sy_str payload)
{
	struct sy_json_fault why = {.detail = ""};
	struct sy_json_doc doc;
	int take = number_of(p) == 0 ? 1 : concerns(payload);

	if (take == 0 && !p->o->legal)
		return;
	if (take < 1 || p->o->legal) {
		sy_arena_reset(&p->scratch);
		int err = sy_record_parse(&p->scratch, payload, &doc, &why);
		if (err == SY_ENOMEM)
			out_of_memory(p);
		else if (err && p->o->legal)
			sy_audit_fault(p, p->entry->index, "record", number_of(p),
				       "is no legal record: %s",
				       why.detail ? why.detail : sy_strerror(err));
		take = err == SY_OK && (number_of(p) == 0 || doc_concerns(&doc));
	}
	if (take)
		keep(p, payload);
}

void sy_audit_records(struct sy_audit_part *p, struct sy_opened *v, size_t n)
{
	sy_record_leaves(v, n);
	for (size_t i = 0; i < n && p->n; i++) {
		read_record(p, v[i].payload);
		next(p, &v[i].leaf);
	}
}

/* --- a run of entries ------------------------------------------------------------------------ */

static bool has_records(const struct checked *c)
{
	return c->why == NULL && c->e.kind == SY_ENTRY_SUBMISSION;
}

/* The submissions from C[I] on whose records follow one another, copied into the part. */
static size_t take_run(struct sy_audit_part *p, const struct checked *c, size_t n)
{
	size_t k = 0;
	struct sy_entry *e;

	while (k < n && has_records(&c[k]) &&
	       (k == 0 || c[k].e.first == c[k - 1].e.first + c[k - 1].e.count))
		k++;
	if ((e = sy_arena_calloc(&p->kept, k, sizeof *e)) == NULL) {
		out_of_memory(p);
		return k;
	}
	for (size_t i = 0; i < k; i++)
		e[i] = c[i].e;
	p->entry = e;
	p->n = k;
	return k;
}

static int check_records(struct sy_audit_part *p, unsigned thread, const struct checked *c,
			 size_t n)
{
	const struct sy_audit_source *s = &p->o->source;
	int err;

	for (size_t i = 0; i < n;) {
		if (!has_records(&c[i])) {
			i++;
			continue;
		}
		i += take_run(p, c + i, n - i);
		if (p->err || (err = s->records(s->ctx, thread, p, p->entry, p->n)))
			return p->err ? p->err : err;
		for (; p->n && p->err == SY_OK; end_entry(p)) {
			sy_audit_fault(p, p->entry->index, "entry", p->entry->index,
				       "its records can't be had");
			p->missing = true;
		}
	}
	return p->err;
}

int part_check(struct sy_audit_part *p, unsigned thread, struct checked *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c[i].signature = c[i].why ? SY_OK : sy_entry_verify(&c[i].e, p->o->origin);
	return p->o->source.records ? check_records(p, thread, c, n) : p->err;
}
