/*
 * What is said of codes, for people: in JSON the names of lib stand.
 */
#ifndef CLI_CODE_WORDS_H
#define CLI_CODE_WORDS_H

#include "cli.h"

enum code_label {
	CODE_GIVEN,
	CODE_KIND,
	CODE_SCHEME,
	CODE_CANONICAL,
	CODE_PRODUCT,
	CODE_LOT_CODE,
	CODE_GTIN,
	CODE_LOT,
	CODE_SERIAL,
	CODE_MADE,
	CODE_EXPIRES,
	CODE_ELEMENTS,
	CODE_SCAN,
	CODE_LINK,
	CODE_URN,
	CODE_IS,
	CODE_ALSO,
	CODE_FAULT,
	CODE_AI,
	CODE_TITLE,
	CODE_VALUE,
	CODE_ROLE,
	CODE_CHECK,
	CODE_LABELS
};

/* A label of the text form, the JSON member's name where the answer is JSON. */
const char *code_label(const struct app *app, enum code_label label);
const char *code_kind_word(const struct app *app, const struct sy_code *code);
const char *code_scheme_word(const struct app *app, const struct sy_code *code);
const char *code_role_word(const struct app *app, enum sy_code_role role);
/* GS1's data title; in Chinese the identifier's name. */
const char *code_title(const struct app *app, const struct sy_code_part *part);

#endif
