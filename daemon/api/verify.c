/*
 * GET /v1/verify, and a GS1 Digital Link's own path: what a person who scans a code wants to know,
 * as JSON for a program, or as a page where a browser follows the link that it scanned.
 */
#include "api/verdict.h"

#include "base/metrics.h"

#include <suyuan/time.h>

#include <time.h>

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static bool find(struct http_exchange *x, struct snapshot *s, struct findings *f)
{
	int err = verdict_find(s, f);
	if (err != SY_OK) {
		http_problem_err(x, err, NULL);
		return false;
	}
	/* A count that can't be kept is no reason to keep the verdict back. */
	if (f->unit.known && lookups_count(s->app->lookups, f->code.canonical, sy_time_now(),
					   &f->lookups, &f->first_lookup) != SY_OK)
		f->lookups = 0;
	return true;
}

static struct findings *nothing_yet(struct http_exchange *x)
{
	struct findings *f = sy_arena_calloc(http_arena(x), 1, sizeof *f);
	if (f == NULL) {
		http_problem_err(x, SY_ENOMEM, NULL);
		return NULL;
	}
	f->arena = http_arena(x);
	f->lot.row.id = f->unit.row.id = f->printed = NO_ID;
	return f;
}

static void done(uint64_t began)
{
	metric_add(METRIC_VERIFIES, 1);
	metric_time(METRIC_TIME_VERIFY, now_us() - began);
}

static void read_verdict(struct http_exchange *x, struct snapshot *s)
{
	uint64_t began = now_us();
	struct findings *f = nothing_yet(x);
	struct sy_buf *body = http_body(x);
	struct sy_str text;
	if (f == NULL || !answer_text(x, "code", &text) || !items_parse_code(x, text, &f->code) ||
	    !find(x, s, f))
		return;
	verdict_json(s, body, f);
	done(began);
	answer_json(x, 200, body);
}

void handle_verify(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_verdict);
}

/* --- the link that was scanned --------------------------------------------------------------- */

/* Whatever host and stem it had, it names what GS1's own link does. */
static struct sy_str link_of(struct http_exchange *x)
{
	const struct http_request *r = http_request(x);
	const char *text =
	    sy_arena_printf(http_arena(x), "https://id.gs1.org%.*s%s%.*s", (int)r->path.n,
			    r->path.p, r->query.n ? "?" : "", (int)r->query.n, r->query.p);
	return sy_str(text ? text : "");
}

static void send_page(struct http_exchange *x, int status, struct sy_buf *body)
{
	if (body->failed) {
		sy_buf_free(body);
		http_problem_err(x, SY_ENOMEM, NULL);
		return;
	}
	http_set(x, "Content-Security-Policy",
		 "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
		 "form-action 'none'; frame-ancestors 'none'");
	http_set(x, "X-Content-Type-Options", "nosniff");
	http_set(x, "Referrer-Policy", "no-referrer");
	http_reply_buf(x, status, "text/html; charset=utf-8", body);
}

/* False: a page was sent that says why it is none. */
static bool parse_link(struct http_exchange *x, struct sy_str text, struct findings *f, bool zh)
{
	struct sy_buf *body = http_body(x);
	struct sy_faults faults;
	int status;
	sy_faults_init(&faults, http_arena(x));
	faults.chinese = zh;
	if (sy_code_parse(http_arena(x), text, &f->code, &faults, SY_NO_RECORD, "/code") == SY_OK)
		return true;
	status = sy_faults_status(&faults);
	verdict_no_code(body, text, &faults, zh);
	send_page(x, status ? status : 400, body);
	return false;
}

static void read_page(struct http_exchange *x, struct snapshot *s, struct findings *f,
		      struct sy_str text)
{
	struct sy_buf *body = http_body(x);
	bool zh = answer_in_chinese(x);
	uint64_t began = now_us();
	if (!parse_link(x, text, f, zh) || !find(x, s, f))
		return;
	verdict_page(s, body, f, zh);
	done(began);
	send_page(x, 200, body);
}

static void read_link(struct http_exchange *x, struct snapshot *s)
{
	uint64_t began = now_us();
	struct findings *f = nothing_yet(x);
	struct sy_str text = link_of(x);
	struct sy_buf *body;
	if (f == NULL)
		return;
	http_set(x, "Vary", "Accept, Accept-Language");
	if (answer_as_page(x)) {
		read_page(x, s, f, text);
		return;
	}
	body = http_body(x);
	if (!items_parse_code(x, text, &f->code) || !find(x, s, f))
		return;
	verdict_json(s, body, f);
	done(began);
	answer_json(x, 200, body);
}

void handle_link(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_link);
}
