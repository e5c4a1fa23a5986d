/*
 * Changing a record of the register: what is in force with some members set, sent so that it takes
 * its place.
 */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

#include "edit.h"

#define CHANGE_EDITS 8

struct change {
	struct app *app;
	const char *parameter, *value; /* "id", which one */
	struct standing now;
	struct sy_json_doc doc; /* of the record in force */
	struct edit edits[CHANGE_EDITS];
	size_t n;
};

/* The record in force of PARAMETER=VALUE in V; RC_UNKNOWN for none. */
int change_begin(struct change *c, struct app *app, const struct view *v, const char *parameter,
		 const char *value);
/* A member's new value in JSON, which is copied; an empty one takes the member away. */
int change_set(struct change *c, const char *member, const struct sy_buf *json);
/* The same with a text; NULL takes the member away. */
int change_text(struct change *c, const char *member, const char *text);
/* A member of the record in force, or NULL. */
const struct sy_json *change_member(const struct change *c, const char *member);
/* Sends it and shows what came of it.  Without a change there is nothing to say again. */
int change_send(struct change *c);

#endif
