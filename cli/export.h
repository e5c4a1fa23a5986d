/*
 * The events of all that codes came from and went into (GET /v1/events), for documents that others
 * read: EPCIS, FDA's sheet, FoodChain-Lab's network.
 *
 * They come in order of record, which is none of theirs; so they are kept in a file without a name,
 * and given on in order of time.  What that costs of memory is some dozens of bytes an event.
 */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "names.h"
#include "trust.h"

struct export_event {
	uint64_t number;
	struct sy_str author; /* party id, or empty */
	struct sy_str text;   /* the record, byte for byte */
	const struct sy_json_doc *doc;
	const struct sy_json *root;
	struct sy_event ev;
	struct sy_arena *arena; /* all of it, for the call alone */
	int32_t day;            /* where it happened */
};
/* Anything but RC_DONE ends it. */
typedef int (*export_take_fn)(void *ctx, const struct export_event *e);

struct exported {
	struct app *app;
	FILE *file;
	struct spooled *v;
	size_t n, cap;
	uint64_t erased; /* events of which nothing is left to tell */
};

/* As they come, without keeping them.  The options of export_flags and CODE... ask; says on
 * standard error what isn't whole: RC_FAIL for what was cut, RC_UNKNOWN for unknown codes. */
int export_stream(struct app *app, export_take_fn take, void *ctx);
/* Keeps them; then in order of time, and of record at one time, as often as wanted. */
int export_fetch(struct app *app, struct exported *x);
int export_each(struct exported *x, export_take_fn take, void *ctx);
void export_free(struct exported *x);

/* Who has it: possessing_party, else owning_party of the ends, else FALLBACK.  Canonical. */
struct sy_str export_party(const struct sy_event_ends *ends, struct sy_str fallback);
/* The location among the ends; empty for none. */
struct sy_str export_location(const struct sy_event_ends *ends);

/* --- what lies in which container ------------------------------------------------------------- */

struct load {
	struct sy_str code, lot; /* canonical; the lot, or empty */
	struct sy_decimal quantity;
	bool has_quantity;
	struct sy_str unit;
};
struct loads {
	struct sy_arena arena;
	struct seen codes; /* of containers: which of V */
	struct container *v;
	size_t n, cap;
};
/* An event in order of time: what it packs and takes out. */
int loads_follow(struct loads *l, const struct export_event *e);
/* What lies in a container, and in those in it, each of which is opened once; TAKE gets each. */
int loads_each(const struct loads *l, struct sy_str container,
	       int (*take)(void *ctx, const struct load *load), void *ctx);
void loads_free(struct loads *l);

int cmd_export_epcis(struct app *app);
int cmd_export_fsma(struct app *app);
int cmd_export_fcl(struct app *app);
int cmd_export_recall(struct app *app);

#endif
