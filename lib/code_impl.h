/*
 * What the files of the code reader share; not installed.
 *
 * Every form (element string, link, URN) is taken apart into elements, that is application
 * identifiers with their values, each checked against its row in the table of code_ai.c; code.c
 * puts the elements together into one canonical form.  So an AI is described in one place.
 */
#ifndef LIB_CODE_IMPL_H
#define LIB_CODE_IMPL_H

#include <suyuan/code.h>
#include <suyuan/error.h>

#define ELEMENTS_MAX 32
#define FNC1 '\x1d'

/*
 * An AI or a run of them.  AIs are prefix free, so each owns an interval of four-digit numbers:
 * (10) owns 1000 to 1099.
 */
struct ai {
	uint16_t lo, hi;
	uint8_t digits; /* of the AI itself: 2, 3 or 4 */
	uint8_t last;   /* greatest last digit: (3100) to (3105) exist, (3106) doesn't */
	uint8_t key;    /* enum sy_code_kind of what it identifies, SY_CODE_NONE if it is no key */
	const char *spec;  /* GS1's notation: N14,csum  X..20; * first: ends without FNC1 */
	const char *quals; /* qualifiers of a key in their order, "22,10,21|235", or NULL */
};

struct ai_code {
	const struct ai *row;
	unsigned number; /* left-aligned to four digits: (10) is 1000 */
};

struct element {
	struct ai_code ai;
	struct sy_str value; /* decoded */
};

#define AI_GTIN 100
#define AI_LOT 1000
#define AI_MADE 1100
#define AI_EXPIRY 1700
#define AI_SERIAL 2100
#define AI_TPX 2350
#define AI_GLN_EXTENSION 2540

struct code_reader {
	struct sy_arena *arena;
	struct sy_code *out;
	struct sy_faults *faults; /* or NULL */
	long record;
	const char *pointer;
	int err; /* the first fault's */
	size_t n_faults, n, used;
	struct element elements[ELEMENTS_MAX];
	char pool[2 * SY_CODE_MAX]; /* decoded values */
};

/* code_text.c */
void sy_code_fault(struct code_reader *r, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void sy_code_out_of_memory(struct code_reader *r);
/* "x" or 0x1B or a whole UTF-8 character in quotes, for a message. */
const char *sy_code_show(struct sy_str text, size_t at, char out[16]);
size_t sy_code_char_no(struct sy_str text, size_t at); /* 1-based, in characters */
/* Room for N bytes until the reader is done; NULL, a fault, when the code is too long for it. */
char *sy_code_room(struct code_reader *r, size_t n);
/* Percent-decodes TEXT into the pool; a bad escape is a fault of WHERE and gives false. */
bool sy_code_decode(struct code_reader *r, const char *where, struct sy_str text,
		    struct sy_str *out);
/* A text in the making; what doesn't fit is refused by the reader's own limits before. */
struct pen {
	size_t n;
	char text[SY_CODE_MAX];
};

void sy_pen_begin(struct pen *pen, struct sy_str s);
void sy_pen_put(struct pen *pen, struct sy_str s);
void sy_pen_encode(struct pen *pen, struct sy_str s); /* unreserved as they are, else %XX */
/* A terminated copy in the arena, NULL when memory is out. */
struct sy_str sy_pen_keep(const struct pen *pen, struct sy_arena *arena);

/* code_form.c: the elements collected, put together. */
void sy_code_assemble(struct code_reader *r);
/* How a product's URI goes on to lots and units. */
struct code_stem {
	const char *lot, *serial; /* what stands before each */
	bool keep_lot;            /* in a unit's canonical form */
};
extern const struct code_stem sy_stem_gs1, sy_stem_gs1_tpx, sy_stem_own;
/* Sets kind, canonical, product, lot_code, lot and serial; LOT and SERIAL may be empty. */
void sy_code_from_stem(struct code_reader *r, const struct code_stem *stem, struct sy_str product,
		       struct sy_str lot, struct sy_str serial);

/* code_ai.c */
struct ai_code sy_ai_at(struct sy_str text);    /* that TEXT begins with; row NULL if none */
struct ai_code sy_ai_exact(struct sy_str text); /* that TEXT is */
size_t sy_ai_fixed(const struct ai *row);       /* length of a value that ends without FNC1, or 0 */
bool sy_ai_plausible(struct ai_code ai, struct sy_str value); /* in form, check digit aside */
void sy_ai_name(struct ai_code ai, char out[8]);              /* "(01)" */
/* Checks the value and keeps it as an element. */
void sy_ai_take(struct code_reader *r, struct ai_code ai, struct sy_str value);
const struct element *sy_ai_find(const struct code_reader *r, unsigned number);
/* YYMMDD as YYYY-MM-DD; day 00 is the month's last.  False if there is no such day. */
bool sy_ai_date(struct sy_str yymmdd, bool day_zero, char out[11]);

/* code_element.c, code_link.c, code_urn.c */
void sy_code_read_bracketed(struct code_reader *r, struct sy_str text);
void sy_code_read_raw(struct code_reader *r, struct sy_str text);
void sy_code_read_link(struct code_reader *r, struct sy_str text);
void sy_code_read_urn(struct code_reader *r, struct sy_str text);
void sy_code_read_private(struct code_reader *r, struct sy_str text);
void sy_code_read_drug(struct code_reader *r, struct sy_str digits);

bool sy_text_digits(struct sy_str text);
bool sy_text_zeros(struct sy_str text);
bool sy_text_starts(struct sy_str text, const char *prefix); /* without case */
struct sy_str sy_text_from(struct sy_str text, size_t at);   /* the rest */
size_t sy_uri_scheme(struct sy_str text);                    /* its length, 0 for no URI */
/* Offset of the first character that no URI or IRI has; TEXT.n when there is none. */
size_t sy_uri_bad(struct sy_str text);

#endif
