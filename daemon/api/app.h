/*
 * The daemon as a whole: what its rooms are plugged into.
 *
 * Threads: fronts (HTTP, short reads), a pool of workers (parse, hash, verify, judge), threads for
 * queries that take long, which work in turns (turns.h) and stream their answers, the ledger's
 * writer, the index's follower, and the waiting room (later.h), which holds whatever waits for the
 * index.  Started in the order of the steps in main.c, stopped in reverse.
 */
#ifndef API_APP_H
#define API_APP_H

#include "admit/admit.h"
#include "base/config.h"
#include "hook/hook.h"
#include "http/http.h"
#include "index/index.h"
#include "base/later.h"
#include "ledger/ledger.h"
#include "api/lookups.h"
#include "base/pool.h"
#include "base/turns.h"

#include <stdatomic.h>

struct app {
	struct config config;
	struct ledger *ledger;
	struct index *index;
	struct admit *admit;
	struct pool *pool;
	struct turns *queries; /* walks and exports */
	atomic_uint querying;  /* of them wait or run */
	struct later *later;
	struct sy_budget work; /* memory of submissions under way */
	struct lookups *lookups;
	struct hooks *hooks; /* NULL: nobody wants them */
	struct http_server *http;
	struct http_route *routes; /* the last N_OWN of them have paths of their own */
	size_t n_routes, n_own;
	struct index_stats index_was; /* when a commit of it was timed last */
	uint64_t started;             /* ms */
	int wake_fd;                  /* an eventfd: something that main must act on */
	atomic_int halted;            /* an error code: the daemon takes no more writes and ends */
	atomic_bool stopping;
};

/* Start: N steps are up afterwards, also on failure (logged).  Stop undoes N of them. */
int app_up(struct app *app, unsigned *n);
void app_down(struct app *app, unsigned n);

/* The route table with the ledger's own paths in it. */
int routes_make(struct app *app);
void routes_free(struct app *app);

/* Commands that don't serve: each returns the exit status. */
int command_init(const struct config *c, const char *origin, const char *name);
int command_reindex(const struct config *c);
int command_fsck(const struct config *c);

/* Handlers, a file a subject; CTX is the app. */
void handle_submission(struct http_exchange *x, void *ctx); /* submit.c */
void handle_ledger(struct http_exchange *x, void *ctx);     /* log.c */
void handle_entry(struct http_exchange *x, void *ctx);
void handle_record(struct http_exchange *x, void *ctx);
void handle_records(struct http_exchange *x, void *ctx); /* records.c */
void handle_receipt(struct http_exchange *x, void *ctx);
void handle_consistency(struct http_exchange *x, void *ctx);
void handle_checkpoint(struct http_exchange *x, void *ctx);
void handle_tile(struct http_exchange *x, void *ctx);
void handle_parties(struct http_exchange *x, void *ctx); /* register.c */
void handle_products(struct http_exchange *x, void *ctx);
void handle_places(struct http_exchange *x, void *ctx);
void handle_rules(struct http_exchange *x, void *ctx);
void handle_verify(struct http_exchange *x, void *ctx); /* verify.c */
void handle_link(struct http_exchange *x, void *ctx);
void handle_items(struct http_exchange *x, void *ctx);    /* items.c */
void handle_trace(struct http_exchange *x, void *ctx);    /* trace.c */
void handle_common(struct http_exchange *x, void *ctx);   /* common.c */
void handle_events(struct http_exchange *x, void *ctx);   /* events.c */
void handle_balance(struct http_exchange *x, void *ctx);  /* balance.c */
void handle_affected(struct http_exchange *x, void *ctx); /* affected.c */
void handle_recall_affected(struct http_exchange *x, void *ctx);
void handle_recalls(struct http_exchange *x, void *ctx); /* recalls.c */
void handle_recall(struct http_exchange *x, void *ctx);
void handle_recall_effectiveness(struct http_exchange *x, void *ctx); /* effectiveness.c */
void handle_quality(struct http_exchange *x, void *ctx);              /* quality.c */
/* event_hash.c: /v1/events with a hash. */
void handle_event_hash(struct http_exchange *x, void *ctx);
void handle_health(struct http_exchange *x, void *ctx); /* status.c */
void handle_ready(struct http_exchange *x, void *ctx);
void handle_metrics(struct http_exchange *x, void *ctx);
void handle_status(struct http_exchange *x, void *ctx);

#endif
