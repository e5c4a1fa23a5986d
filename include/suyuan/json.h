/*
 * JSON (RFC 8259): a reader that keeps byte spans and exact decimals, and a small writer.
 *
 * The reader makes one pass over the text into an array of nodes in document order.  It refuses
 * what the ledger's FORMAT refuses: invalid UTF-8, names that repeat in one object after
 * unescaping, lone surrogate escapes, \u0000 (all always), depth past 64, anything after the
 * value; in record mode also any byte below 0x20 and a text that isn't one object.  Numbers are
 * checked for syntax and never converted; ask for what you need.
 *
 * Nodes, decoded strings and pointers live in the arena; spans borrow the text.
 */
#ifndef SUYUAN_JSON_H
#define SUYUAN_JSON_H

#include "arena.h"

#define SY_JSON_DEPTH 64
#define SY_RECORD_MAX 1048576 /* bytes of a text in record mode */

enum sy_json_type {
	SY_JSON_NULL,
	SY_JSON_FALSE,
	SY_JSON_TRUE,
	SY_JSON_NUMBER,
	SY_JSON_STRING,
	SY_JSON_ARRAY,
	SY_JSON_OBJECT
};

struct sy_json_doc;

/* A value.  Its text is doc->text[off .. off+len): strings without their quotes. */
struct sy_json {
	uint32_t off, len;
	uint32_t key_off, key_len; /* the member's name without quotes, in an object */
	uint32_t count;            /* members or elements */
	uint32_t next;             /* index of the first node after this value and its children */
	uint32_t parent;           /* index of the container around it; its own for the root */
	uint8_t type;              /* enum sy_json_type */
	bool escaped, key_escaped; /* has backslashes: compare and decode with the functions */
};

struct sy_json_doc {
	const char *text;
	size_t len;
	struct sy_json *nodes; /* nodes[0] is the root */
	uint32_t count;
};

/* What was wrong and where; for a person and for problem+json. */
struct sy_json_fault {
	int err;             /* SY_EJSON, SY_EUTF8, SY_EDUPNAME, SY_EDEPTH, SY_ETOOBIG, SY_ENOMEM */
	size_t offset;       /* byte offset in the text */
	const char *pointer; /* RFC 6901, in the arena; "" for the root */
	const char *detail;  /* static text: what was expected */
};

enum { SY_JSON_RECORD = 1 }; /* FORMAT.md's rules for a record's bytes */

/*
 * FAULT may be NULL.  DOC is valid only on SY_OK, else it is empty.  Time and memory grow with the
 * text's length (times its logarithm where an object has many names), whatever the text is; a
 * text of 4 GiB and more is SY_ETOOBIG.
 */
int sy_json_parse(struct sy_arena *arena, struct sy_str text, int flags, struct sy_json_doc *doc,
		  struct sy_json_fault *fault);

static inline const struct sy_json *sy_json_root(const struct sy_json_doc *doc)
{
	return &doc->nodes[0];
}

/* Children in order; NULL after the last and for a scalar. */
static inline const struct sy_json *sy_json_first(const struct sy_json_doc *doc,
						  const struct sy_json *v)
{
	(void)doc;
	return v && v->count > 0 ? v + 1 : NULL;
}
const struct sy_json *sy_json_next(const struct sy_json_doc *doc, const struct sy_json *child);
#define sy_json_each(doc, v, child) \
	for ((child) = sy_json_first((doc), (v)); (child); (child) = sy_json_next((doc), (child)))

/* The member of that (unescaped) name; NULL when V is no object, is NULL, or has none. */
const struct sy_json *sy_json_member(const struct sy_json_doc *doc, const struct sy_json *v,
				     struct sy_str name);
static inline const struct sy_json *sy_json_get(const struct sy_json_doc *doc,
						const struct sy_json *v, const char *name)
{
	return sy_json_member(doc, v, sy_str(name));
}

struct sy_str sy_json_raw(const struct sy_json_doc *doc, const struct sy_json *v); /* with quotes */
bool sy_json_is(const struct sy_json_doc *doc, const struct sy_json *v, const char *text);
bool sy_json_key_is(const struct sy_json_doc *doc, const struct sy_json *v, const char *name);
/* Unescaped text; borrowed where nothing is escaped, else in the arena.  SY_EINVAL: no string. */
int sy_json_string(const struct sy_json_doc *doc, const struct sy_json *v, struct sy_arena *arena,
		   struct sy_str *out);
int sy_json_key(const struct sy_json_doc *doc, const struct sy_json *v, struct sy_arena *arena,
		struct sy_str *out);
/* Whole number without fraction or exponent, and not -0; SY_EINVAL, SY_ERANGE. */
int sy_json_u64(const struct sy_json_doc *doc, const struct sy_json *v, uint64_t *out);
int sy_json_i64(const struct sy_json_doc *doc, const struct sy_json *v, int64_t *out);
/* RFC 6901 pointer of a node, in the arena; NULL when memory is out. */
const char *sy_json_pointer(const struct sy_json_doc *doc, const struct sy_json *v,
			    struct sy_arena *arena);

/*
 * A writer onto a buffer: commas and escapes are its business.  Values inside an object are
 * preceded by sy_jw_key.  Strings are UTF-8 and written as they are, with only ", \ and controls
 * escaped.  Errors stick to the buffer.
 */
struct sy_jw {
	struct sy_buf *b;
	uint64_t some; /* bit per depth: something was written at it */
	unsigned depth;
	bool after_key;
};

void sy_jw_init(struct sy_jw *w, struct sy_buf *b);
void sy_jw_object(struct sy_jw *w);
void sy_jw_array(struct sy_jw *w);
void sy_jw_end(struct sy_jw *w, char close); /* '}' or ']' */
void sy_jw_key(struct sy_jw *w, const char *name);
void sy_jw_string(struct sy_jw *w, struct sy_str s);
void sy_jw_text(struct sy_jw *w, const char *text); /* NULL writes null */
void sy_jw_u64(struct sy_jw *w, uint64_t v);
void sy_jw_i64(struct sy_jw *w, int64_t v);
void sy_jw_bool(struct sy_jw *w, bool v);
void sy_jw_null(struct sy_jw *w);
void sy_jw_base64(struct sy_jw *w, const void *data, size_t n);
void sy_jw_raw(struct sy_jw *w, struct sy_str json); /* a value, or members, as they are */
/* key and value at once */
void sy_jw_kv_text(struct sy_jw *w, const char *name, const char *text);
void sy_jw_kv_str(struct sy_jw *w, const char *name, struct sy_str s);
void sy_jw_kv_u64(struct sy_jw *w, const char *name, uint64_t v);

#endif
