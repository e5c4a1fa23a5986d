/*
 * What the files of the code reader share; not installed.
 *
 * Every form (element string, link, URN) is taken apart into elements, that is application
 * identifiers with their values, each checked against its row in code_table.c; code_form.c puts
 * the elements together into one canonical form.  So an AI is described in one place.
 */
#ifndef LIB_CODE_IMPL_H
#define LIB_CODE_IMPL_H

#include <suyuan/codeinfo.h>
#include <suyuan/error.h>

#define ELEMENTS_MAX SY_CODE_PARTS_MAX
#define FNC1 '\x1d'

/* The checks that GS1's syntax dictionary names for a component's content, by their names there. */
#define AI_CHECKS(X)                    \
	X(CSUM, csum)                   \
	X(CSUMALPHA, csumalpha)         \
	X(GCPPOS1, gcppos1)             \
	X(GCPPOS2, gcppos2)             \
	X(YYMMD0, yymmd0)               \
	X(YYMMDD, yymmdd)               \
	X(YYYYMMDD, yyyymmdd)           \
	X(HHMI, hhmi)                   \
	X(HH, hh)                       \
	X(MI, mi)                       \
	X(SS, ss)                       \
	X(ZERO, zero)                   \
	X(NONZERO, nonzero)             \
	X(NOZEROPREFIX, nozeroprefix)   \
	X(HASNONDIGIT, hasnondigit)     \
	X(HYPHEN, hyphen)               \
	X(YESNO, yesno)                 \
	X(WINDING, winding)             \
	X(ISO5218, iso5218)             \
	X(ISO3166, iso3166)             \
	X(ISO3166999, iso3166999)       \
	X(ISO3166ALPHA2, iso3166alpha2) \
	X(ISO4217, iso4217)             \
	X(IBAN, iban)                   \
	X(LATITUDE, latitude)           \
	X(LONGITUDE, longitude)         \
	X(MEDIATYPE, mediatype)         \
	X(PACKAGETYPE, packagetype)     \
	X(IMPORTERIDX, importeridx)     \
	X(PIECEOFTOTAL, pieceoftotal)   \
	X(POSINSEQSLASH, posinseqslash) \
	X(PCENC, pcenc)                 \
	X(COUPONCODE, couponcode)       \
	X(COUPONPOSOFFER, couponposoffer)

enum ai_check {
	NO_CHECK,
#define X(name, text) CHECK_##name,
	AI_CHECKS(X)
#undef X
	    CHECKS
};

/* A component of a value. */
struct ai_part {
	char type;   /* N digits, X CSET 82, Y CSET 39, Z base64url */
	uint8_t max; /* characters; exactly so many, but for PART_UPTO */
	uint8_t flags;
	uint8_t checks[3]; /* enum ai_check, NO_CHECK ends them */
};
enum { PART_UPTO = 1, PART_OPTIONAL = 2 };
#define PARTS_MAX 5

/*
 * An AI or a run of them.  AIs are prefix free, so each owns an interval of four-digit numbers:
 * (10) owns 1000 to 1099.  The lists of other AIs are texts in the dictionary's notation: "01,02"
 * is either, "01+21" both, "31nn" any of 3100 to 3199.
 */
struct ai {
	uint16_t lo, hi;
	uint8_t digits; /* of the AI itself: 2, 3 or 4 */
	uint8_t last;   /* greatest last digit: (3100) to (3105) exist, (3106) doesn't */
	uint8_t flags;
	uint8_t key; /* enum sy_code_kind of what it identifies, SY_CODE_NONE if it is no key */
	struct ai_part parts[PARTS_MAX];
	const char *title;
	const char *quals;      /* of a key: qualifiers in their order, "22,10,21|235" */
	const char *req, *also; /* stands only beside one of these, and one of those; or NULL */
	const char *ex;         /* never beside these, or NULL */
};
enum { AI_FIXED = 1 /* ends without FNC1 */, AI_QUERY = 2 /* may stand in a link's query */ };

struct ai_code {
	const struct ai *row;
	unsigned number; /* left-aligned to four digits: (10) is 1000 */
};

/* Bytes of the text given. */
struct spot {
	const char *p;
	size_t n;
};

struct element {
	struct ai_code ai;
	struct sy_str value; /* decoded */
	struct spot spot;
	bool bad; /* it had a fault; it counts as being there */
};

#define AI_GTIN 100
#define AI_LOT 1000
#define AI_MADE 1100
#define AI_EXPIRY 1700
#define AI_SERIAL 2100
#define AI_TPX 2350

/* A value as it stands in the text, for the place of a fault. */
struct written {
	struct sy_str text;
	char escape; /* '%' %XX, '\\' "\(" for "(", 0 as it is */
};

struct code_reader {
	struct sy_arena *arena;
	struct sy_code *out;
	struct sy_faults *faults; /* or NULL */
	long record;
	const char *pointer;
	struct sy_code_mark *marks; /* where the faults stand that are kept, or NULL */
	bool settled;               /* rules that came later don't count, see struct sy_faults */
	bool chinese;
	int err; /* the first fault's */
	size_t n_faults, n, used;
	const struct element *key; /* of a form that says which it is; or NULL */
	struct written value;      /* that is being taken */
	size_t padded;             /* zeros that were put before it */
	struct element elements[ELEMENTS_MAX];
	char pool[2 * SY_CODE_MAX]; /* decoded values */
};

/* --- code.c ----------------------------------------------------------------------------------- */

/* Fills all that a caller may set otherwise before it reads. */
void sy_code_reader(struct code_reader *r, struct sy_arena *arena, struct sy_code *out,
		    struct sy_faults *faults);
int sy_code_read(struct code_reader *r, struct sy_str text);

/* --- code_text.c ------------------------------------------------------------------------------ */

/* The sets that a character is in: GS1's CSET 82 and 39, base64url (CSET 64), digits, what stands
 * in a URI uncoded (RFC 3986, unreserved), and ASCII that stands in none. */
enum {
	SET_82 = 1,
	SET_39 = 2,
	SET_64 = 4,
	SET_DIGITS = 8,
	SET_PLAIN = 16,
	SET_NO_URI = 32 /* controls and the space are neither */
};
extern const uint8_t sy_char_sets[256];

/*
 * A fault at the N bytes of the given text from P, NULL for the whole; in English, and in Chinese
 * with the same arguments.  A rule's fault is one that earlier versions didn't know.
 */
#define NOWHERE ((struct spot){NULL, 0})
void sy_code_fault(struct code_reader *r, int err, struct spot at, const char *english,
		   const char *chinese, ...)
    __attribute__((format(printf, 4, 6), format(printf, 5, 6)));
bool sy_code_rules(const struct code_reader *r); /* do rules that came later count? */
void sy_code_out_of_memory(struct code_reader *r);
bool sy_code_enough(const struct code_reader *r); /* faults: no more would be kept */
struct spot sy_spot(struct sy_str text);
/* The spot of decoded bytes AT to AT + N of the value that is being taken. */
struct spot sy_spot_value(const struct code_reader *r, size_t at, size_t n);
/* "x" or 0x1B or a whole UTF-8 character in quotes, for a message. */
const char *sy_code_show(struct sy_str text, size_t at, char out[16]);
size_t sy_code_char_no(struct sy_str text, size_t at);               /* 1-based, in characters */
size_t sy_code_given_no(const struct code_reader *r, const char *p); /* of the text given */
/* Room for N bytes until the reader is done; NULL, a fault, when the code is too long for it. */
char *sy_code_room(struct code_reader *r, size_t n);
/*
 * Percent-decodes TEXT into OUT, borrowed where nothing is to be decoded.  False after a fault, of
 * the part that is called ENGLISH or CHINESE, for a bad escape.
 */
struct words {
	const char *english, *chinese;
};
bool sy_code_decode(struct code_reader *r, struct words part, struct sy_str text,
		    struct sy_str *out);
/* Percent-decodes TEXT to OUT, of TEXT.n bytes, up to a bad escape at *BAD, TEXT.n if there is
 * none. */
size_t sy_text_decode(struct sy_str text, char *out, size_t *bad);
size_t sy_code_encoded(struct sy_str s);        /* length of its percent-coded form */
char *sy_code_encode(char *p, struct sy_str s); /* to P; returns its end */
char *sy_code_put(char *p, struct sy_str s);

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

bool sy_text_digits(struct sy_str text);
bool sy_text_zeros(struct sy_str text);
bool sy_text_starts(struct sy_str text, const char *prefix); /* without case */
struct sy_str sy_text_from(struct sy_str text, size_t at);   /* the rest */
/* Cuts the part before the first STOP, or all; REST goes on behind it.  FOUND may be NULL. */
struct sy_str sy_text_cut(struct sy_str *rest, char stop, bool *found);
size_t sy_uri_scheme(struct sy_str text); /* its length, 0 for no URI */
/* Offset of the first character that no URI or IRI has; TEXT.n when there is none. */
size_t sy_uri_bad(struct sy_str text);

/* --- code_form.c: the elements collected, put together ---------------------------------------- */

void sy_code_assemble(struct code_reader *r);
/* The element that says what the code is; NULL when none does. */
const struct element *sy_code_key(const struct code_reader *r);
/* How a product's URI goes on to lots and units. */
struct code_stem {
	struct sy_str lot, serial; /* what stands before each */
	bool keep_lot;             /* in a unit's canonical form */
};
extern const struct code_stem sy_stem_gs1, sy_stem_gs1_tpx, sy_stem_own;
/* Sets kind, canonical, product, lot_code, lot and serial; LOT and SERIAL may be empty. */
void sy_code_from_stem(struct code_reader *r, const struct code_stem *stem, struct sy_str product,
		       struct sy_str lot, struct sy_str serial);

/* The qualifiers of KEY that are there and may stand in one path, in their order; their number. */
size_t sy_code_qualifiers(const struct code_reader *r, const struct element *key,
			  const struct element *out[ELEMENTS_MAX]);

/* --- code_table.c, code_ai.c, code_check.c, code_pairs.c -------------------------------------- */

struct ai_code sy_ai_at(struct sy_str text);    /* that TEXT begins with; row NULL if none */
struct ai_code sy_ai_exact(struct sy_str text); /* that TEXT is */
size_t sy_ai_fixed(const struct ai *row);       /* length of a value that ends without FNC1, or 0 */
bool sy_ai_plausible(struct ai_code ai, struct sy_str value); /* in form, check digit aside */
void sy_ai_name(struct ai_code ai, char out[8]);              /* "(01)" */
/* Checks the value, which stands in the text as r->value says, and keeps it as an element. */
void sy_ai_take(struct code_reader *r, struct ai_code ai, struct sy_str value);
const struct element *sy_ai_find(const struct code_reader *r, unsigned number);
/* YYMMDD as YYYY-MM-DD; day 00 is the month's last.  False if there is no such day. */
bool sy_ai_date(struct sy_str yymmdd, bool day_zero, char out[11]);
/* Requisite and exclusive AIs of a code with this KEY. */
void sy_ai_check_pairs(struct code_reader *r, const struct element *key);

/* What a check has found: the bad run of a component, and what was expected there. */
struct misfit {
	size_t at, n;
	char more[48]; /* after the check's own words */
};
/* Does the component PART hold?  If not, WHY has the place and more. */
bool sy_check_holds(enum ai_check check, struct sy_str part, struct misfit *why);
struct words sy_check_words(enum ai_check check); /* what it expects */
const char *sy_check_name(enum ai_check check);   /* in the dictionary */
bool sy_check_is_rule(enum ai_check check);       /* that earlier versions didn't know */
bool sy_check_is_sum(enum ai_check check);        /* WHY's more is what the check digits would be */
bool sy_check_coupon(struct sy_str part, struct misfit *why);       /* (8110) */
bool sy_check_coupon_offer(struct sy_str part, struct misfit *why); /* (8112) */

enum code_list { LIST_COUNTRIES, LIST_COUNTRY_LETTERS, LIST_CURRENCIES, LIST_PACKAGES, LIST_MEDIA };
bool sy_list_has(enum code_list list, struct sy_str code);

/* --- code_epc.c ------------------------------------------------------------------------------- */

/* How a scheme's URN and its AIs go into each other; EPC Tag Data Standard, section 7. */
struct epc_scheme {
	const char *name; /* "id:sgtin:" */
	const char *ai;
	uint8_t digits; /* of prefix and reference together; 0: any characters follow the prefix */
	bool indicator; /* the reference's first digit goes in front of the prefix */
	bool check;     /* a check digit follows */
	bool pieces;    /* two more parts of two digits */
	const char *lead; /* in front of all */
	/* The last part: its own AI; "" for one appended to the key; "*" as it is; NULL for none.
	 */
	const char *tail;
};
extern const struct epc_scheme sy_epc_schemes[];
extern const size_t sy_epc_schemes_n;

/* --- code_element.c, code_link.c, code_urn.c, code_epc.c -------------------------------------- */

/* Do "(" and two to four digits and ")" stand here?  Any other "(" is data. */
bool sy_bracket_at(struct sy_str text, size_t at, struct sy_str *digits);
void sy_code_read_bracketed(struct code_reader *r, struct sy_str text);
void sy_code_read_raw(struct code_reader *r, struct sy_str text);
void sy_code_read_link(struct code_reader *r, struct sy_str text);
void sy_code_read_urn(struct code_reader *r, struct sy_str text);
void sy_code_read_epc(struct code_reader *r, struct sy_str text, struct sy_str rest);
void sy_code_read_private(struct code_reader *r, struct sy_str text);
void sy_code_read_drug(struct code_reader *r, struct sy_str digits);
void sy_code_read_uscc(struct code_reader *r, struct sy_str text);
/* A code of another system as it is written; its URN is STEM and it. */
void sy_code_read_bare(struct code_reader *r, const char *stem, struct sy_str text);

#endif
