#include "api/affected_impl.h"

#include <stdlib.h>
#include <time.h>

enum { SLICE = 512 }; /* items that are looked up under one snapshot */

const struct affected_format *affected_format_find(struct sy_str name)
{
	static const struct affected_format *const all[] = {&affected_ndjson, &affected_json,
							    &affected_csv};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (sy_str_is(name, all[i]->name))
			return all[i];
	return name.n ? NULL : all[0];
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int writer_flush(struct writer *w)
{
	int err =
	    w->b.failed ? SY_ENOMEM : answer_stream_write(w->a->x, w->a->app, sy_buf_span(&w->b));

	sy_buf_reset(&w->b);
	if (err == SY_OK && (now_ms() >= w->due || atomic_load(&w->a->app->stopping)))
		err = SY_EBUSY;
	return err;
}

static int look_begin(struct writer *w)
{
	int err = index_read_begin(w->a->app->index, &w->r);

	if (err)
		return err;
	if ((err = ledger_read_begin(w->a->app->ledger, &w->truth)))
		index_read_end(&w->r);
	w->looking = err == SY_OK;
	return err;
}

static void look_end(struct writer *w)
{
	if (!w->looking)
		return;
	ledger_read_end(&w->truth);
	index_read_end(&w->r);
	w->looking = false;
}

/* Runs PART with snapshots of index and truth. */
static int look(struct writer *w, int (*part)(struct writer *w, size_t begin, size_t end),
		size_t begin, size_t end)
{
	int err = look_begin(w);

	if (err == SY_OK)
		err = part(w, begin, end);
	look_end(w);
	return err;
}

int writer_breathe(struct writer *w)
{
	int err;

	if (w->b.n < AFFECTED_PIECE)
		return SY_OK;
	look_end(w);
	err = writer_flush(w);
	return err ? err : look_begin(w);
}

static int from_code(struct writer *w, uint32_t from, struct sy_str *code)
{
	struct item it;
	uint64_t id;
	int err;

	*code = SY_STR("");
	if (from == TRACE_NONE)
		return SY_OK;
	id = w->a->found->items[from].id;
	if (id != w->from) {
		if ((err = index_item(&w->r, id, &it)))
			return err;
		sy_buf_reset(&w->from_code);
		sy_buf_str(&w->from_code, it.code);
		w->from = id;
	}
	*code = sy_buf_span(&w->from_code);
	return SY_OK;
}

/* What was erased since it was found is left out. */
static int write_line(struct writer *w, size_t i)
{
	const struct trace_item *why = &w->a->found->items[i];
	struct item it;
	struct line l = {.item = &it, .why = why, .nth = i};
	int err = from_code(w, why->from, &l.from);

	if (err == SY_OK)
		err = index_item(&w->r, why->id, &it);
	if (err)
		return err == SY_ENOTFOUND ? SY_OK : err;
	w->written++;
	err = w->a->format->line(w, &l);
	who_trim(&w->who);
	return err == SY_OK ? writer_breathe(w) : err;
}

static int write_slice(struct writer *w, size_t begin, size_t end)
{
	int err = SY_OK;

	for (size_t i = begin; i < end && err == SY_OK; i++)
		err = write_line(w, i);
	return err;
}

static int write_end(struct writer *w, size_t begin, size_t end)
{
	(void)begin;
	(void)end;
	return w->a->format->end(w);
}

static int write_head(struct writer *w, size_t begin, size_t end)
{
	(void)begin;
	(void)end;
	return sums_set_headers(w);
}

static int write_all(struct writer *w)
{
	size_t n = w->a->found->n;
	int err = SY_OK;

	sy_jw_init(&w->w, &w->b);
	w->a->format->head(w);
	for (size_t begin = 0, end; begin < n && err == SY_OK; begin = end) {
		end = n - begin < SLICE ? n : begin + SLICE;
		if ((err = look(w, write_slice, begin, end)) == SY_OK)
			err = writer_flush(w);
	}
	if (err == SY_OK && (err = look(w, write_end, 0, 0)) == SY_OK)
		err = writer_flush(w);
	return err;
}

void affected_send(struct affected_answer *a)
{
	struct app *app = a->app;
	struct writer w = {.a = a, .from = NO_ID, .due = now_ms() + a->app->config.query_stream};
	int err = look(&w, write_head, 0, 0);

	if (err) {
		http_problem_err(a->x, err, NULL);
	} else {
		answer_stream_begin(a->x, app, a->format->type, affected_bytes(a->found));
		err = write_all(&w);
		answer_stream_end(a->x, app, err == SY_OK);
	}
	sy_buf_free(&w.b);
	sy_buf_free(&w.from_code);
	free(w.regions);
	sy_arena_free(&w.arena);
	who_free(&w.who);
}
