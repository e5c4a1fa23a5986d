/*
 * What a code says, in full: for programs that show it to people.
 *
 * Beside the parsed code: every application identifier with its title, where in the text each
 * fault stands, and what else a text could be.  Some numbers that people type name no item and are
 * no code here (a licence, a region): they are refused, and readings say what they are.
 */
#ifndef SUYUAN_CODEINFO_H
#define SUYUAN_CODEINFO_H

#include "code.h"

#define SY_CODE_PARTS_MAX 32
#define SY_CODE_READINGS_MAX 4

enum sy_code_role {
	SY_PART_KEY,       /* says what it is */
	SY_PART_QUALIFIER, /* narrows it, stands in a link's path */
	SY_PART_ATTRIBUTE  /* says more of it, stands in a link's query */
};

struct sy_code_part {
	char ai[5];          /* "10" */
	const char *title;   /* GS1's data title, "BATCH/LOT" */
	struct sy_str value; /* decoded, in the arena */
	enum sy_code_role role;
};

/* Bytes of the text given; N is 0 where something is missing, both are for the whole. */
struct sy_code_mark {
	size_t at, n;
};

/* A thing that a text could be by its shape. */
struct sy_code_reading {
	const char *name; /* "gln", "drug-standard-code" */
	const char *english, *chinese;
	bool item;   /* it names an item or a party and may be given as a code */
	bool holds;  /* its check digit is right, or it has none that is known */
	bool unsure; /* how it is checked was not seen in its source: it warns, no more */
	bool taken;  /* it is what the code was parsed as */
};

struct sy_code_info {
	struct sy_code code;
	size_t n_parts, n_readings, n_marks;
	struct sy_code_part parts[SY_CODE_PARTS_MAX];
	struct sy_code_reading readings[SY_CODE_READINGS_MAX];
	struct sy_code_mark marks[SY_FAULTS_PER_RECORD]; /* of faults->v, one each */
};

/*
 * Parses TEXT as sy_code_parse does and returns what it returns; FAULTS, fresh, gets each fault
 * and INFO all else.
 */
int sy_code_explain(struct sy_arena *arena, struct sy_str text, struct sy_code_info *info,
		    struct sy_faults *faults);
/* What TEXT could be by its shape alone, licences and regions too; their number. */
size_t sy_code_readings(struct sy_str text, struct sy_code_reading out[SY_CODE_READINGS_MAX]);

#endif
