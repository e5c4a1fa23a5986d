/*
 * Many records at once, for whoever checks or keeps them all: GET /v1/records?from=N&to=M.
 *
 * NDJSON, a line a record, in order; about a quarter of a MiB of them, and at least one:
 *
 *   {"number":7,"salt":"<b64>","record":{…}}             the record's bytes as they are stored
 *   {"number":8,"leaf":"<b64>","erased":9}               by record 9; null while that isn't known
 *   {"end":true,"next":9,"records":1234}                 the last line: where to go on, how many
 *                                                        there are
 *
 * Opening a page of them takes most of a ms, so workers do it, and a page is sent as a whole: no
 * worker ever waits for a slow reader.
 */
#include "api/answer.h"

/* Below where malloc makes a mapping of each (steps.c), with a page fault each 4 KiB. */
enum { PAGE = 240 << 10, ROOM = PAGE + (8 << 10) };

struct page {
	struct task task;
	struct http_exchange *x;
	struct app *app;
	struct index_read *index;
	uint64_t from, to;
	struct sy_buf body;
};

static bool add_record(void *ctx, uint64_t number, const struct ledger_record *rec, bool erased)
{
	struct page *p = ctx;
	struct sy_buf *b = &p->body;
	uint64_t erasure;

	sy_buf_text(b, "{\"number\":");
	sy_buf_u64(b, number);
	if (erased) {
		sy_buf_text(b, ",\"leaf\":\"");
		sy_buf_base64(b, rec->leaf.b, sizeof rec->leaf.b);
		sy_buf_text(b, "\",\"erased\":");
		if (index_erased(p->index, number, &erasure) == SY_OK)
			sy_buf_u64(b, erasure);
		else
			sy_buf_text(b, "null");
	} else {
		sy_buf_text(b, ",\"salt\":\"");
		sy_buf_base64(b, rec->salt, sizeof rec->salt);
		sy_buf_text(b, "\",\"record\":");
		sy_buf_str(b, rec->payload);
	}
	sy_buf_text(b, "}\n");
	p->from = number + 1;
	return b->n < PAGE && !b->failed;
}

static int read_page(struct page *p)
{
	struct sy_arena arena = {0};
	struct index_read index;
	struct ledger_read truth;
	int err = index_read_begin(p->app->index, &index);

	if (err)
		return err;
	p->index = &index;
	sy_buf_room(&p->body, ROOM);
	sy_buf_reset(&p->body);
	if ((err = ledger_read_begin(p->app->ledger, &truth)) == SY_OK) {
		err = ledger_records(&truth, &arena, p->from, p->to, add_record, p);
		sy_buf_printf(&p->body, "{\"end\":true,\"next\":%llu,\"records\":%llu}\n",
			      (unsigned long long)p->from, (unsigned long long)truth.records);
		ledger_read_end(&truth);
	}
	index_read_end(&index);
	sy_arena_free(&arena);
	return err == SY_OK && p->body.failed ? SY_ENOMEM : err;
}

static void run(struct task *t)
{
	struct page *p = (struct page *)t;
	struct sy_buf body;
	int err = read_page(p);

	body = p->body; /* P ends with the answer */
	if (err) {
		sy_buf_free(&body);
		http_problem_err(p->x, err, NULL);
		return;
	}
	http_reply_buf(p->x, 200, "application/x-ndjson", &body);
}

void handle_records(struct http_exchange *x, void *ctx)
{
	struct app *app = ctx;
	struct ledger_head head;
	struct page *p = sy_arena_calloc(http_arena(x), 1, sizeof *p);

	if (p == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	*p = (struct page){.task.run = run, .x = x, .app = app};
	ledger_head(app->ledger, &head);
	if (answer_number(x, "to", head.records, 0, head.records, &p->to) &&
	    answer_number(x, "from", 0, 0, p->to, &p->from))
		pool_add(app->pool, &p->task);
}
