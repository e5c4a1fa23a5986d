/*
 * The options that fill a row, shared by the commands that register what rows say.
 */
#ifndef CLI_ROWFLAGS_H
#define CLI_ROWFLAGS_H

#include "cli.h"
#include "row.h"

/* The options that were given; those that may be repeated are joined with ;. */
void row_from_flags(struct app *app, struct row *row);
/* What is wrong with a row, a line each on standard error; RC_USAGE. */
int row_faults(struct app *app, const struct sy_faults *faults);

#define FLAGS_PRODUCT                                                                     \
	{"product", "CODE", "the product: GTIN, Digital Link or private code", FLAG_ONE}, \
	{                                                                                 \
		"gtin", "CODE", "the same, for short", FLAG_ONE                           \
	}
#define FLAG_UNIT                                                                          \
	{                                                                                  \
		"unit", "UNIT", "公斤 吨 升 米 个 盒 箱 袋 ... or a UN/ECE code", FLAG_ONE \
	}
#define FLAGS_DATES                                                          \
	{"made", "DATE", "production date", FLAG_ONE},                       \
	    {"harvested", "DATE", "date of harvest or slaughter", FLAG_ONE}, \
	    {"expires", "DATE", "last good day", FLAG_ONE},                  \
	{                                                                    \
		"best-before", "DATE", "best before", FLAG_ONE               \
	}
#define FLAGS_ORIGIN                                             \
	{"origin", "DIGITS", "6 digits of GB/T 2260", FLAG_ONE}, \
	{                                                        \
		"country", "XX", "ISO 3166", FLAG_ONE            \
	}
#define FLAGS_AMOUNT                                                  \
	{"lot", "LOT", "at most 20 characters, case kept", FLAG_ONE}, \
	    {"serial", "SERIAL", "of a unit", FLAG_MANY},             \
	{                                                             \
		"quantity", "DECIMAL", "how much", FLAG_ONE           \
	}
#define FLAGS_INSPECTION                                                                       \
	{"inspection", "NUMBER", "number of the inspection's report", FLAG_ONE},               \
	    {"result", "pass|fail", "its result", FLAG_ONE},                                   \
	    {"inspection-kind", "KIND", "firm, laboratory or supervision", FLAG_ONE},          \
	    {"inspection-standard", "TEXT", "what it was tested to", FLAG_ONE},                \
	    {"laboratory", "ID", "who tested", FLAG_ONE},                                      \
	    {"inspection-date", "DATE", "when", FLAG_ONE},                                     \
	{                                                                                      \
		"report", "DIGEST", "of the report's file: SHA-256, sm3:SM3 or both", FLAG_ONE \
	}
/* All that a batch may carry. */
#define FLAGS_BATCH                                                                               \
	FLAGS_PRODUCT, FLAGS_AMOUNT, FLAG_UNIT,                                                   \
	    {"trace-code", "CODE", "whole code of a unit", FLAG_MANY}, FLAGS_DATES, FLAGS_ORIGIN, \
	    {"place", "ID", "where it was made: a GLN or a place's id", FLAG_ONE},                \
	    FLAGS_INSPECTION,                                                                     \
	    {"pledge", "NUMBER", "number of the pledge certificate 承诺达标合格证", FLAG_ONE},    \
	    {"basis", "BASIS", "control, self-test or laboratory", FLAG_ONE},                     \
	    {"input", "NAME:STOPDATE", "an input used in growing", FLAG_MANY},                    \
	    {"input-lot", "CODE:QUANTITY:UNIT", "a lot that went into it", FLAG_MANY},            \
	    {"pack-ratio", "1:5:2500", "packs in packs", FLAG_ONE},                               \
	{                                                                                         \
		"at", "TIME",                                                                     \
		    "a day, a day and hour or RFC 3339; else that of --made or --harvested",      \
		    FLAG_ONE                                                                      \
	}
#define FLAG_EVENT_ID                                                     \
	{                                                                 \
		"event-id", "URI", "else a hash of the content", FLAG_ONE \
	}

#endif
