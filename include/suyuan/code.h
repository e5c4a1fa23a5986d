/*
 * Product codes: what a scanner or a person gives, parsed to one canonical form.
 *
 * Read:
 *   GS1 element strings, bracketed "(01)06901234567892(10)A1" ("\(" is a bracket of the value), or
 *     raw with FNC1 as 0x1D, behind any AIM symbology prefix (ISO/IEC 15424); without either a raw
 *     string is taken for one only when it begins with 01 or 00 and a GTIN or SSCC whose check
 *     digit is right
 *   GTIN-8, 12, 13 and 14; 18 digits that are either an SSCC or a social credit code, by the check
 *     digit; a drug trace code of 20 digits that begins with 8; no other bare digits
 *   GS1 Digital Link URIs of any http(s) host and stem, the rightmost key wins; other AIs in the
 *     query; neither compressed nor with the short names of version 1.1
 *   EPC URNs of every scheme: sgtin, lgtin, sscc, sgln, pgln, grai, giai, gdti, sgcn, gsrn, gsrnp,
 *     gsin, ginc, cpi, itip, upui and their class patterns become links; gid, usdod, adi, bic and
 *     imovn are kept as given once their form holds
 *   urn:suyuan:own:<owner>:<product>[:lot:<lot>][:serial:<serial>], percent-coded, any script
 *   urn:suyuan:cn:drug:<20>, cn:drug-product:<7>[:lot:<lot>], cn:uscc:<18>; ecode, ma, handle; a
 *     social credit code with letters, MA.156.… and 88.…/… also without their URN
 *   any other absolute URI: private, kept as given
 *
 * Every application identifier of GS1's list is checked by its row in a table: format, characters,
 * check digits, dates, lists of countries and the like, which AIs must stand beside it and which
 * must not (GS1 General Specifications, sections 3 and 4).
 *
 * The canonical form of a GS1 code is the Digital Link at https://id.gs1.org/ (GS1 Digital Link
 * URI Syntax): /01/{gtin14}, /01/{gtin14}/10/{lot}, /01/{gtin14}/21/{serial}: the lot beside a
 * serial is dropped from the canonical form (CBV 2.0) but kept in `lot`; a consumer product variant
 * (22) is dropped.  Under a private stem the lot stays in a unit's canonical form, since a small
 * maker may count anew in each lot.  Unreserved characters stand as they are, all others as %XX.
 */
#ifndef SUYUAN_CODE_H
#define SUYUAN_CODE_H

#include "fault.h"
#include "json.h"

#define SY_CODE_MAX 4096 /* bytes; a longer text is refused unread */

enum sy_code_kind {
	SY_CODE_NONE,
	SY_CODE_PRODUCT, /* a GTIN, or a private product: no lot, no serial */
	SY_CODE_LOT,
	SY_CODE_UNIT,     /* serialised */
	SY_CODE_LOGISTIC, /* SSCC, (00) */
	SY_CODE_ASSET,    /* GRAI, GIAI: (8003), (8004) */
	SY_CODE_PARTY,    /* GLN of a party, (417) */
	SY_CODE_PLACE,    /* GLN of a place, (414) with (254) */
	SY_CODE_CN_DRUG,  /* drug trace code, 20 digits: a unit of a 7-digit product code */
	SY_CODE_OTHER     /* any other URI, kept as given: an item of its own */
};

enum sy_code_scheme { SY_SCHEME_GS1, SY_SCHEME_OWN, SY_SCHEME_CN, SY_SCHEME_PRIVATE };

struct sy_code {
	enum sy_code_kind kind;
	enum sy_code_scheme scheme;
	struct sy_str given;       /* as given, borrowed */
	struct sy_str canonical;   /* all of these in the arena, terminated */
	struct sy_str product;     /* canonical code of its product, or empty */
	struct sy_str lot_code;    /* canonical code of its lot, or empty; of a unit's lot too */
	struct sy_str gtin;        /* 14 digits, or empty */
	struct sy_str lot, serial; /* decoded text, or empty */
	struct sy_str expiry;      /* (17) as YYYY-MM-DD, or empty; likewise production (11) */
	struct sy_str made;
};

/*
 * Faults name the AI or part, the character (1-based) and what was expected; their status is 422
 * for a wrong check digit and 400 otherwise, their pointer is POINTER; FAULTS may be NULL.  SY_OK
 * with a kind, else the first fault's error and nothing but `given`.  With FAULTS->settled, rules
 * that later versions brought are passed over: what the ledger took stays readable.
 */
int sy_code_parse(struct sy_arena *arena, struct sy_str text, struct sy_code *out,
		  struct sy_faults *faults, long record, const char *pointer);
const char *sy_code_kind_name(enum sy_code_kind kind); /* "lot", "unit", ... */
const char *sy_code_scheme_name(enum sy_code_scheme scheme);
/*
 * {"given","kind","scheme","canonical","product","lotCode","gtin","lot","serial","expires","made"}
 * without the members that are empty.
 */
void sy_code_write_json(struct sy_jw *w, const struct sy_code *code);

/*
 * Builders for programs that have the parts.  PRODUCT may itself be a lot: its units keep the lot.
 * SY_EINVAL when the product takes none, or the text isn't one a lot or serial may have.
 */
int sy_code_lot(struct sy_arena *arena, const struct sy_code *product, struct sy_str lot,
		struct sy_code *out);
int sy_code_unit(struct sy_arena *arena, const struct sy_code *product, struct sy_str serial,
		 struct sy_code *out);

/*
 * A GS1 code in another form, with all that it says: its other AIs too, a lot beside a serial.
 * An EPC URN names the thing alone: what has no place there (a date, the lot of a unit) is left
 * out, but for what names it (an SRIN), which is refused.  OUT is in the arena, terminated; read
 * again it is the same code.  SY_EINVAL when the code has no such form, FAULTS (may be NULL) says
 * why: private, own and Chinese codes have none, and not every GS1 key has a URN.
 */
enum sy_code_form {
	SY_FORM_BRACKETED, /* "(01)06901234567892(10)A1" */
	/* As a scanner sends it behind a prefix such as ]C1: FNC1 as 0x1D where one is needed, what
	 * has a fixed length first so that few are. */
	SY_FORM_RAW,
	SY_FORM_LINK, /* GS1 Digital Link at STEM, other AIs in the query */
	SY_FORM_URN   /* EPC URN of an instance, of a class pattern where there is no serial */
};

struct sy_code_format {
	enum sy_code_form form;
	struct sy_str stem; /* "https://shop.example/p"; empty for https://id.gs1.org */
	/* Digits of the company prefix, 6 to 12; 0 for that of a code that was given as a URN. */
	unsigned prefix_length;
};
int sy_code_format(struct sy_arena *arena, const struct sy_code *code,
		   const struct sy_code_format *how, struct sy_str *out, struct sy_faults *faults,
		   long record, const char *pointer);

/* GTIN of 8, 12, 13 or 14 digits to 14; SY_EINVAL for form, SY_ECHECK for the check digit. */
int sy_gtin_parse(struct sy_str text, char out[15]);
char sy_gs1_check_digit(struct sy_str digits); /* mod 10, weights 3,1 from the right */
int sy_gln_parse(struct sy_str text);          /* 13 digits with check digit */
int sy_uscc_check(struct sy_str text);         /* unified social credit code, 18 characters */

#endif
