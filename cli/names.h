/*
 * Names of products, parties and places by their ids, each asked of the ledger once.  What can't be
 * asked has no name.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "seen.h"
#include "trust.h"

struct names {
	struct app *app;
	struct http *http; /* of its own: an answer may be streaming meanwhile */
	struct seen ids;   /* which of V */
	struct sy_arena arena;
	struct sy_str *v;
	size_t n, cap;
};

/* The name in the language of the app, or where there is none in the other; empty for what isn't
 * registered. ENDPOINT is "/v1/products?code=", "/v1/parties?id=" or "/v1/places?id=". */
struct sy_str names_ask(struct names *s, const char *endpoint, struct sy_str id);
/* "Name (414/6901234000016)", or where there is no name the id alone. */
void names_put(struct names *s, struct sy_buf *out, const char *endpoint, struct sy_str id);
void names_free(struct names *s);

#endif
