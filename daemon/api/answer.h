/*
 * What handlers share: JSON answers, parameters, snapshots, waiting for the index.
 */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include "api/app.h"

#include <suyuan/json.h>

/* Sends what the writer built, or a problem when memory ran out. */
void answer_json(struct http_exchange *x, int status, struct sy_buf *body);

/* A query parameter that is a number; FALLBACK when absent.  False: a 400 was sent. */
bool answer_number(struct http_exchange *x, const char *name, uint64_t fallback, uint64_t min,
		   uint64_t max, uint64_t *out);
/* A time, or a day at +08:00: its first ms, or with LAST its last; OUT stays when there is none.
 * False: a 400 was sent. */
bool answer_instant(struct http_exchange *x, const char *name, bool last, int64_t *out);
/* A number in the path ({n}); false: a 404 was sent, since no other spelling names anything. */
bool answer_param(struct http_exchange *x, unsigned i, uint64_t *out);
/* A query parameter's text in the arena; SY_ENOTFOUND leaves it empty.  False: a 400 was sent. */
bool answer_text(struct http_exchange *x, const char *name, struct sy_str *out);
/* The NTH of those of one name, from 0. */
bool answer_text_nth(struct http_exchange *x, const char *name, unsigned nth, struct sy_str *out);

/* Of Accept-Language's zh and en: is zh the one that the client would rather read? */
bool answer_in_chinese(const struct http_exchange *x);
/* Of Accept's text/html and application/json: is it a page that the client names, and would rather
 * have?  Anything at all is JSON. */
bool answer_as_page(const struct http_exchange *x);

/*
 * Runs READ with a snapshot of the index, or of index and truth; with ?at=N only once the index
 * holds entry N (503 after ten seconds).  READ answers; the snapshots end when it returns.
 */
struct snapshot {
	struct app *app;
	struct ledger_read truth; /* from answer_from_truth alone */
	struct index_read index;
};
typedef void (*answer_fn)(struct http_exchange *x, struct snapshot *s);
void answer_from_index(struct http_exchange *x, struct app *app, answer_fn read);
void answer_from_truth(struct http_exchange *x, struct app *app, answer_fn read);

/*
 * Runs a query that takes long, or streams its answer, on a thread for such, with ?at=N as above;
 * RUN takes snapshots itself, answers, and must give up soon once app->stopping is set.  503 when
 * too many wait.  CTX lives as long as the exchange.
 */
typedef void (*answer_query_fn)(struct http_exchange *x, struct app *app, void *ctx);
void answer_query(struct http_exchange *x, struct app *app, answer_query_fn run, void *ctx);

/*
 * The memory that a query may take to find its answer.  [query] memory is in QUERY_PART parts: one
 * is shared evenly by the threads, one by the answers that are being read, and all the rest is one
 * query's at a time: the large one's (turns.h).  What doesn't come to its end in its share gives
 * back what it took and says so to answer_larger, which waits until it is the large one.  TRUE:
 * begin again, with what answer_memory says now.  FALSE: the answer stands, or *ERR is SY_EBUSY.
 */
enum { QUERY_PART = 16 };
size_t answer_memory(struct app *app);
bool answer_larger(struct app *app, bool too_little, int *err);

/*
 * A query's answer that is streamed (http.h): while it is read somebody else has the turn, if the
 * BYTES of memory that the answer holds meanwhile are to be had.  A reader who is slow while others
 * wait for that is cut.  What was begun is ended, by the same thread.
 */
void answer_stream_begin(struct http_exchange *x, struct app *app, const char *type, size_t bytes);
int answer_stream_write(struct http_exchange *x, struct app *app, struct sy_str bytes);
void answer_stream_end(struct http_exchange *x, struct app *app, bool whole);

/* Records published that the index doesn't hold yet. */
uint64_t answer_lag(struct app *app);

/* "asOf":{"entry":N,"time":"..."} */
void answer_as_of(struct sy_jw *w, const struct index_read *r);
void answer_time(struct sy_jw *w, const char *name, uint64_t ms);
void answer_day(struct sy_jw *w, const char *name, int32_t day); /* nothing for SY_NO_DAY */
void answer_decimal(struct sy_jw *w, const char *name, struct sy_decimal d);

/* A field of CSV (RFC 4180), in quotes where it needs them; an apostrophe before what a spreadsheet
 * would take for a formula. */
void answer_csv(struct sy_buf *b, struct sy_str field);

#endif
