/*
 * What a recall would hit: the question as typed, and its answer as a stream.
 */
#ifndef CLI_AFFECTED_H
#define CLI_AFFECTED_H

#include "lines.h"
#include "trust.h"
#include "whole.h"

/* The path of the question that CODE... and the options ask, with FORMAT; every fault of the
 * options is named at once.  RC_USAGE. */
int affected_path(struct app *app, const char *format, struct sy_buf *path);

/* Streams the answer to TAKE, which shows it to W: RC_FAIL for one that isn't whole or was cut,
 * RC_UNKNOWN when some codes are. */
int affected_stream(struct app *app, struct sy_buf *path, struct whole *w, http_take_fn take,
		    void *ctx);

/* An option's value as the ledger wants it, "product" to "to"; empty without it.  RC_USAGE. */
int affected_option(struct app *app, const char *flag, struct sy_str *value);

/* Words of the answer in the language of people. */
enum affected_word {
	W_ON_HAND,
	W_IN_TRANSIT,
	W_CONSUMED,
	W_SOLD,
	W_DESTROYED,
	W_AMOUNTS, /* how many of those, in order */
	W_PARTY = W_AMOUNTS,
	W_NAME,
	W_PLACE,
	W_REGION,
	W_BATCHES,
	W_UNIT,
	W_SINCE,
	W_PROJECT,
	W_PART,
	W_UNKNOWN,
	W_PIECES,
	W_SINGLE,
	W_NOBODY,
	W_COUNT
};
extern const char *const affected_amounts[W_AMOUNTS]; /* members of a holder */
extern const char affected_uncertain[];               /* a sentence, for words() */
const char *affected_word(const struct app *app, enum affected_word w);

/* How an item was reached, for people: "made from CODE".  In the arena. */
struct sy_str affected_why(struct app *app, struct sy_arena *arena, const struct sy_json_doc *doc,
			   const struct sy_json *line);
/* A holder's or a total's quantities that aren't zero: "on hand 60 kg, sold 3 kg". */
void affected_quantities(struct app *app, struct sy_buf *b, const struct sy_json_doc *doc,
			 const struct sy_json *holder);
/* A member's text, borrowed or in the arena; empty for none. */
struct sy_str affected_text(struct sy_arena *arena, const struct sy_json_doc *doc,
			    const struct sy_json *v, const char *member);

bool affected_is(const struct sy_json_doc *doc, const struct sy_json *v, const char *member);

int cmd_recall_affected(struct app *app);
extern const struct flag recall_affected_flags[];

#endif
