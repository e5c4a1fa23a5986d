#include <sodium.h>

#include "admit/check.h"
#include "admit/profile.h"

void *allocate(struct check *c, size_t n)
{
	void *p = sy_arena_calloc(c->arena, 1, n);
	if (!p && !c->err)
		c->err = SY_ENOMEM;
	return p;
}

bool truth_begin(struct check *c)
{
	if (c->truth_open)
		return true;
	int err = ledger_read_begin(c->a->ledger, &c->truth);
	if (err && !c->err)
		c->err = err;
	c->truth_open = err == SY_OK;
	return c->truth_open;
}

void fault_of(struct check *c, int status, const char *pointer, const char *field, const char *en,
	      const char *zh, ...)
{
	va_list args;
	va_start(args, zh);
	sy_fault_vadd(c->faults, status, c->record, pointer, field, c->lang == ADMIT_ZH ? zh : en,
		      args);
	va_end(args);
}

size_t shown(struct sy_str s)
{
	size_t n = s.n <= 100 ? s.n : 100;
	while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return n;
}

struct sy_str text_of(struct check *c, const struct sy_json_doc *doc, const struct sy_json *v,
		      const char *member)
{
	struct sy_str text = {"", 0};
	const struct sy_json *m = sy_json_get(doc, v, member);
	if (!m || m->type != SY_JSON_STRING)
		return text;
	if (sy_json_string(doc, m, c->arena, &text) == SY_ENOMEM && !c->err)
		c->err = SY_ENOMEM;
	return text;
}

/* --- facts and their claims ------------------------------------------------------------------ */

static bool facts_arrays(struct facts *f, struct sy_arena *arena, size_t cap)
{
	f->cap = cap;
	f->claims_cap = cap / 2;
	f->table = sy_arena_calloc(arena, cap, sizeof(struct fact *));
	f->claims = sy_arena_alloc(arena, f->claims_cap * sizeof(sy_hash));
	return f->table && f->claims;
}

int facts_init(struct check *c, size_t expected)
{
	struct facts *f = &c->facts;
	size_t cap = 64;
	while (cap < expected * 2)
		cap *= 2;
	f->arrays.budget = c->arena->budget;
	f->nothing = sy_arena_calloc(c->arena, 1, sizeof(*f->nothing));
	return facts_arrays(f, &f->arrays, cap) && f->nothing ? SY_OK : SY_ENOMEM;
}

void facts_free(struct check *c)
{
	sy_arena_free(&c->facts.arrays);
}

/* Kind, length of ID, ID, MORE: no two facts are the same bytes.  What is long goes in as its
 * SHA-256, under a kind of its own. */
static void claim_hash(const struct check *c, enum fact_kind kind, struct sy_str id,
		       struct sy_str more, sy_hash *out)
{
	uint8_t text[512];
	size_t n = 5 + id.n + more.n;
	memset(out->b + CLAIM_SIZE, 0, sizeof(out->b) - CLAIM_SIZE);
	text[0] = (uint8_t)kind;
	sy_put32(text + 1, (uint32_t)id.n);
	if (id.n > sizeof(text) || more.n > sizeof(text) || n > sizeof(text)) {
		struct sy_str parts[] = {{(const char *)text, 5}, id, more};
		sy_hash h;
		sy_sha256_parts(parts, 3, &h);
		text[0] ^= 0x80;
		memcpy(text + 1, h.b, sizeof(h.b));
		n = 1 + sizeof(h.b);
	} else {
		memcpy(text + 5, id.p, id.n);
		memcpy(text + 5 + id.n, more.p, more.n);
	}
	crypto_shorthash_siphashx24(out->b, text, n, c->a->key);
}

static size_t home_of(const sy_hash *claim)
{
	uint64_t h;
	memcpy(&h, claim->b, sizeof(h));
	return h;
}

static bool facts_grow(struct check *c)
{
	struct facts *f = &c->facts, old = *f;
	struct sy_arena arrays = {.budget = f->arrays.budget};
	if (!facts_arrays(f, &arrays, old.cap * 2)) {
		sy_arena_free(&arrays);
		*f = old;
		c->err = SY_ENOMEM;
		return false;
	}
	memcpy(f->claims, old.claims, old.n * sizeof(*old.claims));
	for (size_t i = 0; i < old.cap; i++) {
		struct fact *fact = old.table[i];
		if (!fact)
			continue;
		size_t at = home_of(&f->claims[fact->claim]) & (f->cap - 1);
		while (f->table[at])
			at = (at + 1) & (f->cap - 1);
		f->table[at] = fact;
	}
	f->arrays = arrays;
	sy_arena_free(&old.arrays);
	return true;
}

static struct fact *nothing(struct check *c)
{
	*c->facts.nothing = (struct fact){.written = NOT_WRITTEN};
	return c->facts.nothing;
}

struct fact *fact_of(struct check *c, enum fact_kind kind, struct sy_str id, struct sy_str more)
{
	struct facts *f = &c->facts;
	if (c->err || (f->n == f->claims_cap && !facts_grow(c)))
		return nothing(c);
	sy_hash claim;
	claim_hash(c, kind, id, more, &claim);
	size_t at = home_of(&claim) & (f->cap - 1);
	for (; f->table[at]; at = (at + 1) & (f->cap - 1))
		if (memcmp(f->claims[f->table[at]->claim].b, claim.b, CLAIM_SIZE) == 0)
			return f->table[at];
	struct fact *fact = allocate(c, sizeof(*fact));
	if (!fact)
		return nothing(c);
	fact->claim = (unsigned)f->n & 0x7fffffff;
	fact->written = NOT_WRITTEN;
	f->claims[f->n++] = claim;
	f->table[at] = fact;
	return fact;
}

void fact_write(struct check *c, struct fact *f)
{
	f->written = (int)c->record;
	if (f != c->facts.nothing)
		c->facts.claims[f->claim].b[CLAIM_WRITES] = 1;
}

/* --- rows of the register -------------------------------------------------------------------- */

static bool row_of(struct check *c, enum register_kind kind, struct sy_str id,
		   struct register_row *row)
{
	int err = register_get(&c->r, kind, id, row);
	if (err && err != SY_ENOTFOUND && !c->err)
		c->err = err;
	return err == SY_OK;
}

const struct sy_json_doc *doc_of(struct check *c, struct sy_str payload)
{
	struct sy_json_doc *doc = allocate(c, sizeof(*doc));
	if (!doc)
		return NULL;
	int err = sy_json_parse(c->arena, payload, 0, doc, NULL);
	if (err == SY_ENOMEM && !c->err)
		c->err = err;
	return err ? NULL : doc;
}

struct party *party_of(struct check *c, struct fact *f, struct sy_str id)
{
	if (f->known)
		return f->value;
	struct party *p = allocate(c, sizeof(*p));
	struct register_row row;
	if (!p)
		return NULL;
	p->id = id;
	p->found = row_of(c, REG_PARTY, id, &row);
	if (p->found) {
		p->record = row.record;
		p->roles = row.roles;
		p->doc = doc_of(c, row.payload);
	}
	if (p->doc) {
		/* The first operator stands in the genesis. */
		const struct sy_json *root = sy_json_root(p->doc);
		bool genesis = sy_json_is(p->doc, sy_json_get(p->doc, root, "type"), "Ledger");
		p->root = genesis ? sy_json_get(p->doc, root, "operator") : root;
	}
	f->known = true;
	return f->value = p;
}

struct product *product_of(struct check *c, struct fact *f, struct sy_str code)
{
	if (f->known)
		return f->value;
	struct product *p = allocate(c, sizeof(*p));
	struct register_row row;
	if (!p)
		return NULL;
	p->code = (struct sy_str){sy_arena_strdup(c->arena, code), code.n};
	if (!p->code.p) {
		c->err = c->err ? c->err : SY_ENOMEM;
		return NULL;
	}
	p->category = CATEGORY_OTHER;
	p->found = row_of(c, REG_PRODUCT, code, &row);
	if (p->found) {
		p->record = row.record;
		p->owner = row.owner;
		p->said_by = row.author;
		p->doc = doc_of(c, row.payload);
	}
	if (p->doc)
		product_read(c, p);
	f->known = true;
	return f->value = p;
}

/* --- sameness -------------------------------------------------------------------------------- */

static bool same_scalar(struct sy_arena *arena, const struct sy_json_doc *da,
			const struct sy_json *a, const struct sy_json_doc *db,
			const struct sy_json *b)
{
	if (sy_str_eq(sy_json_raw(da, a), sy_json_raw(db, b)))
		return true;
	if (a->type == SY_JSON_NUMBER) {
		struct sy_decimal x, y;
		return sy_decimal_parse(sy_json_raw(da, a), &x) == SY_OK &&
		       sy_decimal_parse(sy_json_raw(db, b), &y) == SY_OK &&
		       sy_decimal_cmp(x, y) == 0;
	}
	struct sy_str x, y;
	return a->type == SY_JSON_STRING && sy_json_string(da, a, arena, &x) == SY_OK &&
	       sy_json_string(db, b, arena, &y) == SY_OK && sy_str_eq(x, y);
}

bool json_same(struct sy_arena *arena, const struct sy_json_doc *da, const struct sy_json *a,
	       const struct sy_json_doc *db, const struct sy_json *b)
{
	if (!a || !b)
		return a == b;
	if (a->type != b->type || a->count != b->count)
		return false;
	if (a->type != SY_JSON_ARRAY && a->type != SY_JSON_OBJECT)
		return same_scalar(arena, da, a, db, b);
	const struct sy_json *x, *y = sy_json_first(db, b);
	sy_json_each (da, a, x) {
		if (a->type == SY_JSON_OBJECT) {
			struct sy_str name;
			if (sy_json_key(da, x, arena, &name) != SY_OK)
				return false;
			const char *text = sy_arena_strdup(arena, name);
			y = text ? sy_json_get(db, b, text) : NULL;
		}
		if (!y || !json_same(arena, da, x, db, y))
			return false;
		if (a->type == SY_JSON_ARRAY)
			y = sy_json_next(db, y);
	}
	return true;
}
