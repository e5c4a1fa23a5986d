/*
 * What the ledger's lists and register answer, shown as a table or as one thing.
 *
 * A view is a row: where to ask, what its list and its things are called in JSON, and which
 * columns a terminal sees.  With --json the ledger's own words are passed on.
 */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include "trust.h"

struct view_column {
	const char *name;
	const char *path; /* "party.name": members from the row downwards; "keys.vkey" of each */
};

struct view {
	const char *endpoint;              /* "/v1/parties" */
	const char *list;                  /* "parties" */
	const char *what;                  /* for a thing that isn't there: "party" */
	const struct view_column *columns; /* ends with a row without a name */
	const struct view_column *alone;   /* further ones of a single thing; may be NULL */
};

extern const struct view view_parties, view_products, view_places, view_rules;

/* All rows, page by page; PARAMETER=VALUE narrows them down (may be NULL).  Here and below a
 * parameter may have others before it, as in "record=7&name". */
int view_list(struct app *app, const struct view *v, const char *parameter, const char *value);
/* The one row of PARAMETER=VALUE; RC_UNKNOWN when there is none. */
int view_show(struct app *app, const struct view *v, const char *parameter, const char *value);

/* The record in force, for changing it: RC_DONE with its number and bytes, or RC_UNKNOWN. */
struct standing {
	uint64_t record;
	struct sy_str text;   /* in the app's arena */
	struct sy_str owner;  /* of a product or place: its party; else empty */
	struct sy_str author; /* the party that said it */
};
int view_standing(struct app *app, const struct view *v, const char *parameter, const char *value,
		  struct standing *out);

/* A GET below trust with `at`, parsed; memory in the app's arena.  Other statuses than 200 are a
 * failure in the ledger's words. */
int view_get(struct app *app, const char *path, struct sy_json_doc *doc);
/*
 * Has V what the answer to WHAT must have?  RC_FAIL for what isn't so: a list that is missing isn't
 * an empty one.  NEEDS names members after a mark for their type, with blanks between: "[rows
 * {total 0items \"id": a list, an object, a number, a text; ?cut: text, null or nothing.
 */
int view_needs(struct app *app, const char *what, const struct sy_json_doc *doc,
	       const struct sy_json *v, const char *needs);
/* A value of any kind as text for people: names by language, lists joined. */
struct sy_str view_text(struct app *app, const struct sy_json_doc *doc, const struct sy_json *v);
/* A state, a role, a category, true and false as people say it; other texts as they are. */
struct sy_str view_word(struct app *app, struct sy_str text);
/* A code or an id without the resolver that GS1's all have in front. */
struct sy_str view_short(struct sy_str code);
/* "2026-11-02 08:30", at +08:00. */
struct sy_str view_time(struct app *app, struct sy_str time);
/* The value at a path of members below V, or NULL. */
const struct sy_json *view_at(const struct sy_json_doc *doc, const struct sy_json *v,
			      const char *path);

#endif
