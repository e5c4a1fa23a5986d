/*
 * Names of products and parties by their ids, each asked of the ledger once.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "seen.h"
#include "trust.h"

struct names {
	struct app *app;
	struct seen ids; /* which of V */
	struct sy_arena arena;
	struct sy_str *v;
	size_t n, cap;
};

/* The English name, or the Chinese one where there is no other; empty for what isn't registered.
 * ENDPOINT is "/v1/products?code=" or "/v1/parties?id=". */
struct sy_str names_ask(struct names *s, const char *endpoint, struct sy_str id);
void names_free(struct names *s);

#endif
