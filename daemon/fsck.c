#include "fsck.h"

#include <suyuan/hash.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ID = 16 };

/* An open-addressing table from 16-byte ids to numbers; ids are hashes, so their bytes spread. */
struct slot {
	uint8_t id[ID];
	uint64_t value;
	bool used;
};

struct map {
	struct slot *slots;
	size_t used, size; /* size is a power of two */
};

struct register_check {
	void (*report)(void *ctx, const char *line);
	void *ctx;
	struct sy_arena arena;
	struct map submissions; /* (author, root) -> entry */
	struct map erased;      /* record without text -> its number, until an Erasure names it */
	struct map good;        /* key -> entry since which it is good, or UINT64_MAX */
	struct map listed;      /* key -> party's hash, first 8 bytes */
	uint64_t entry;         /* the entry that was last judged, plus one */
	bool broken;            /* memory ran out: said once */
};

static struct slot *probe(const struct map *m, const uint8_t id[ID])
{
	size_t at = (size_t)sy_get64(id) & (m->size - 1);
	while (m->slots[at].used && memcmp(m->slots[at].id, id, ID))
		at = (at + 1) & (m->size - 1);
	return &m->slots[at];
}

static bool grow(struct map *m)
{
	struct map bigger = {.size = m->size ? m->size * 2 : 1024};
	if ((bigger.slots = calloc(bigger.size, sizeof *bigger.slots)) == NULL)
		return false;
	for (size_t i = 0; i < m->size; i++)
		if (m->slots[i].used)
			*probe(&bigger, m->slots[i].id) = m->slots[i];
	bigger.used = m->used;
	free(m->slots);
	*m = bigger;
	return true;
}

/* The slot of an id, made when missing (*FRESH); NULL when memory is out. */
static struct slot *put(struct map *m, const uint8_t id[ID], bool *fresh)
{
	if (m->used * 2 >= m->size && !grow(m))
		return NULL;
	struct slot *s = probe(m, id);
	*fresh = !s->used;
	if (!s->used) {
		memcpy(s->id, id, ID);
		s->used = true;
		m->used++;
	}
	return s;
}

static struct slot *get(const struct map *m, const uint8_t id[ID])
{
	struct slot *s = m->size ? probe(m, id) : NULL;
	return s && s->used ? s : NULL;
}

static void __attribute__((format(printf, 2, 3)))
say(struct register_check *r, const char *fmt, ...)
{
	char line[200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	r->report(r->ctx, line);
}

static void out_of_memory(struct register_check *r)
{
	if (!r->broken)
		r->report(r->ctx, "not enough memory to check the register");
	r->broken = true;
}

/* --- keys ------------------------------------------------------------------------------------ */

static void id_of(const void *data, size_t n, uint8_t id[ID])
{
	sy_hash h;
	sy_sha256(data, n, &h);
	memcpy(id, h.b, ID);
}

/* The party's record lists this key as of ENTRY. */
static void enrol(struct register_check *r, struct sy_str vkey_text, uint64_t party, uint64_t entry)
{
	struct sy_vkey vkey;
	uint8_t id[ID];
	bool fresh;
	if (sy_vkey_parse(vkey_text, &vkey))
		return;
	id_of(vkey.key, sizeof vkey.key, id);
	struct slot *good = put(&r->good, id, &fresh);
	if (good && (fresh || good->value == UINT64_MAX))
		good->value = entry;
	struct slot *listed = put(&r->listed, id, &fresh);
	if (good == NULL || listed == NULL) {
		out_of_memory(r);
		return;
	}
	if (!fresh && listed->value != party)
		say(r, "entry %llu enrols a key that belongs to another party",
		    (unsigned long long)entry);
	listed->value = party;
}

/* Whatever the party listed before and doesn't now is revoked from here on. */
static void unlist(struct register_check *r, uint64_t party)
{
	for (size_t i = 0; i < r->listed.size; i++) {
		struct slot *s = &r->listed.slots[i];
		if (s->used && s->value == party)
			get(&r->good, s->id)->value = UINT64_MAX;
	}
}

static void take_key(struct register_check *r, const struct sy_json_doc *doc,
		     const struct sy_json *key, uint64_t party, uint64_t entry)
{
	struct sy_str text;
	if (sy_json_string(doc, sy_json_get(doc, key, "vkey"), &r->arena, &text) == SY_OK)
		enrol(r, text, party, entry);
}

static void take_party(struct register_check *r, const struct sy_json_doc *doc,
		       const struct sy_json *party, uint64_t entry)
{
	const struct sy_json *key, *keys = sy_json_get(doc, party, "keys");
	struct sy_str id;
	uint8_t hash[ID];
	if (sy_json_string(doc, sy_json_get(doc, party, "id"), &r->arena, &id))
		return;
	id_of(id.p, id.n, hash);
	uint64_t number = sy_get64(hash);
	unlist(r, number);
	if (keys)
		sy_json_each (doc, keys, key)
			take_key(r, doc, key, number, entry);
	if (sy_json_get(doc, party, "key"))
		take_key(r, doc, sy_json_get(doc, party, "key"), number, entry);
}

/* --- records --------------------------------------------------------------------------------- */

static void number_id(uint64_t n, uint8_t id[ID])
{
	uint8_t raw[8];
	sy_put64(raw, n);
	id_of(raw, sizeof raw, id);
}

static void take_erased(struct register_check *r, uint64_t number)
{
	uint8_t id[ID];
	bool fresh;
	number_id(number, id);
	struct slot *s = put(&r->erased, id, &fresh);
	if (s)
		s->value = number;
	else
		out_of_memory(r);
}

static void take_erasure(struct register_check *r, const struct sy_json_doc *doc)
{
	uint64_t n;
	uint8_t id[ID];
	if (sy_json_u64(doc, sy_json_get(doc, sy_json_root(doc), "record"), &n))
		return;
	number_id(n, id);
	struct slot *s = get(&r->erased, id);
	if (s)
		s->value = UINT64_MAX; /* accounted for */
}

static void judge_entry(struct register_check *r, const struct sy_entry *e)
{
	uint8_t both[SY_KEY_SIZE + SY_HASH_SIZE], id[ID];
	bool fresh;
	memcpy(both, e->author, SY_KEY_SIZE);
	memcpy(both + SY_KEY_SIZE, e->records_root.b, SY_HASH_SIZE);
	id_of(both, sizeof both, id);
	struct slot *s = put(&r->submissions, id, &fresh);
	if (s == NULL) {
		out_of_memory(r);
		return;
	}
	if (!fresh)
		say(r, "entry %llu is the same submission as entry %llu",
		    (unsigned long long)e->index, (unsigned long long)s->value);
	s->value = e->index;
	id_of(e->author, sizeof e->author, id);
	const struct slot *good = get(&r->good, id);
	if (e->index > 0 && (good == NULL || good->value == UINT64_MAX || good->value >= e->index))
		say(r, "entry %llu: its author's key isn't enrolled, or was revoked, at that point",
		    (unsigned long long)e->index);
}

void register_check_record(void *ctx, const struct sy_entry *e, uint64_t number,
			   struct sy_str payload)
{
	struct register_check *r = ctx;
	struct sy_json_doc doc;
	struct sy_str type;
	if (e->index >= r->entry) {
		judge_entry(r, e);
		r->entry = e->index + 1;
	}
	if (payload.n == 0) {
		take_erased(r, number);
		return;
	}
	/* Most records are events; only our own types matter here, and their type comes in the
	 * text. */
	if (memmem(payload.p, payload.n, "\"Party\"", 7) == NULL &&
	    memmem(payload.p, payload.n, "\"Erasure\"", 9) == NULL && number != 0)
		return;
	if (sy_record_parse(&r->arena, payload, &doc, NULL) == SY_OK &&
	    sy_json_string(&doc, sy_json_get(&doc, sy_json_root(&doc), "type"), &r->arena, &type) ==
		SY_OK) {
		if (sy_str_is(type, "Party"))
			take_party(r, &doc, sy_json_root(&doc), e->index);
		else if (sy_str_is(type, "Ledger"))
			take_party(r, &doc, sy_json_get(&doc, sy_json_root(&doc), "operator"),
				   e->index);
		else if (sy_str_is(type, "Erasure"))
			take_erasure(r, &doc);
	}
	sy_arena_reset(&r->arena);
}

void register_check_report(void *ctx, const char *line)
{
	struct register_check *r = ctx;
	r->report(r->ctx, line);
}

int register_check_new(void (*report)(void *ctx, const char *line), void *ctx,
		       struct register_check **out)
{
	struct register_check *r = calloc(1, sizeof *r);
	if (r == NULL)
		return SY_ENOMEM;
	r->report = report;
	r->ctx = ctx;
	*out = r;
	return SY_OK;
}

void register_check_free(struct register_check *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->erased.size; i++)
		if (r->erased.slots[i].used && r->erased.slots[i].value != UINT64_MAX)
			say(r, "record %llu can't be opened, and no Erasure names it",
			    (unsigned long long)r->erased.slots[i].value);
	free(r->submissions.slots);
	free(r->erased.slots);
	free(r->good.slots);
	free(r->listed.slots);
	sy_arena_free(&r->arena);
	free(r);
}
