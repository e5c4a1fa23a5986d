/*
 * GET /v1/recalls, /v1/recalls/{id}: cases, and what reached one party of them.
 *
 *   state    draft, open, closed or revoked: those alone
 *   party    those of this party's goods
 *   to       those that this party was told of, with its notices and answers: its inbox;
 *            "toldAgain": since it answered, as of a scope that grew
 *   id       that one, by id or number, with its record
 *   after, limit
 *            pages, by id
 */
#include "api/recalls.h"

#include <suyuan/time.h>

enum { PARTIES_MOST = 100000 };

void recalls_write_head(struct sy_jw *w, const struct index_recall *c)
{
	sy_jw_kv_str(w, "id", c->row.id);
	sy_jw_kv_u64(w, "number", c->number);
	sy_jw_raw(w, c->row.shown);
	sy_jw_kv_str(w, "party", c->row.owner);
	sy_jw_kv_str(w, "author", c->row.author);
	sy_jw_kv_u64(w, "record", c->row.record);
	answer_time(w, "time", c->row.time);
}

static void time_or_null(struct sy_jw *w, const char *name, uint64_t ms)
{
	if (ms)
		answer_time(w, name, ms);
	else {
		sy_jw_key(w, name);
		sy_jw_null(w);
	}
}

/* --- one ------------------------------------------------------------------------------------- */

static int write_versions(struct sy_jw *w, struct index_read *r, const struct index_recall *c)
{
	struct register_row row;
	int err;

	sy_jw_key(w, "versions");
	sy_jw_array(w);
	for (uint64_t before = UINT64_MAX;
	     (err = register_get_before(r, REG_RECALL, c->row.id, before, &row)) == SY_OK;
	     before = row.record) {
		sy_jw_object(w);
		sy_jw_kv_u64(w, "record", row.record);
		answer_time(w, "time", row.time);
		sy_jw_kv_str(w, "author", row.author);
		sy_jw_raw(w, row.shown);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static void write_record(struct sy_jw *w, const char *name, struct sy_str text)
{
	sy_jw_key(w, name);
	sy_jw_raw(w, text);
}

static void write_party(struct sy_jw *w, const struct index_recall *c, const struct case_party *p)
{
	sy_jw_object(w);
	sy_jw_kv_str(w, "party", p->party);
	if (p->region.n)
		sy_jw_kv_str(w, "region", p->region);
	answer_time(w, "told", p->told);
	sy_jw_kv_u64(w, "notice", p->notice);
	sy_jw_key(w, "current");
	sy_jw_bool(w, p->version == c->row.record);
	time_or_null(w, "answered", p->answer == NO_ID ? 0 : p->answered);
	if (p->answer != NO_ID) {
		sy_jw_kv_u64(w, "answerRecord", p->answer);
		write_record(w, "answer", p->text);
		sy_jw_key(w, "toldAgain");
		sy_jw_bool(w, case_told_again(p->answer, p->notice));
	}
	sy_jw_end(w, '}');
}

static int write_parties(struct sy_jw *w, struct index_read *r, struct sy_arena *arena,
			 const struct index_recall *c)
{
	struct case_party *v = NULL;
	size_t n;
	int err = case_parties(r, arena, c, PARTIES_MOST, &v, &n);

	if (err)
		return err;
	sy_jw_key(w, "notices");
	sy_jw_array(w);
	for (size_t i = 0; i < n; i++)
		write_party(w, c, &v[i]);
	sy_jw_end(w, ']');
	return SY_OK;
}

void recalls_write_deadlines(struct sy_jw *w, const struct case_deadline *v, size_t n)
{
	sy_jw_key(w, "deadlines");
	sy_jw_array(w);
	for (size_t i = 0; i < n; i++) {
		sy_jw_object(w);
		sy_jw_kv_text(w, "step", v[i].step);
		sy_jw_kv_str(w, "rule", v[i].text);
		sy_jw_kv_text(w, "state", case_due_name(v[i].state));
		time_or_null(w, "due", v[i].due);
		time_or_null(w, "done", v[i].done);
		if (v[i].met + v[i].missed) {
			sy_jw_kv_u64(w, "timesMet", v[i].met);
			sy_jw_kv_u64(w, "timesMissed", v[i].missed);
		}
		sy_jw_key(w, "certain");
		sy_jw_bool(w, v[i].certain);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
}

static int write_course(struct sy_jw *w, struct index_read *r, struct sy_arena *arena,
			const struct index_recall *c)
{
	struct case_deadline *due = NULL;
	struct case_times t;
	size_t n;
	int err = case_times(r, arena, c, &t);

	if (err || (err = case_deadlines(r, arena, c, &t, sy_time_now(), &due, &n)))
		return err;
	time_or_null(w, "known", t.known);
	time_or_null(w, "opened", t.opened);
	time_or_null(w, "firstNotice", t.first_notice);
	time_or_null(w, "complete", t.complete);
	time_or_null(w, "closed", t.closed);
	recalls_write_deadlines(w, due, n);
	return SY_OK;
}

static int write_one(struct sy_jw *w, struct index_read *r, struct sy_arena *arena,
		     const struct index_recall *c)
{
	struct register_row report;
	struct sy_str id;
	uint64_t items = 0;
	int err;

	sy_jw_object(w);
	recalls_write_head(w, c);
	err = index_case(r, c->number, &id, &items);
	sy_jw_kv_u64(w, "marked", err ? 0 : items);
	if (index_marking(r)) {
		sy_jw_key(w, "marking");
		sy_jw_bool(w, true);
	}
	write_record(w, "recall", c->row.payload);
	if ((err = write_course(w, r, arena, c)) || (err = write_versions(w, r, c)) ||
	    (err = write_parties(w, r, arena, c)))
		return err;
	if ((err = register_get(r, REG_REPORT, c->row.id, &report)) == SY_OK) {
		sy_jw_kv_u64(w, "reportRecord", report.record);
		write_record(w, "report", report.payload);
	}
	answer_as_of(w, r);
	sy_jw_end(w, '}');
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static void finish(struct http_exchange *x, struct sy_buf *body, int err)
{
	if (err == SY_OK) {
		answer_json(x, 200, body);
		return;
	}
	sy_buf_free(body);
	http_problem_err(x, err, err == SY_ENOTFOUND ? "no such recall" : NULL);
}

static void read_recall(struct http_exchange *x, struct snapshot *s)
{
	struct index_recall c;
	struct sy_buf body = {0};
	struct sy_jw w;
	int err = case_find(&s->index, http_request(x)->param[0], &c);

	sy_jw_init(&w, &body);
	if (err == SY_OK)
		err = write_one(&w, &s->index, http_arena(x), &c);
	finish(x, &body, err);
}

void handle_recall(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_recall);
}

/* --- all ------------------------------------------------------------------------------------- */

struct listing {
	struct sy_str id, state, party, to, after;
	uint64_t limit;
};

/* The next case: of all, or of those that a party was told of; AFTER is where the last one stood.
 */
static int next_case(struct index_read *r, struct sy_arena *arena, const struct listing *l,
		     struct sy_str *after, struct index_recall *c, struct register_row *notice)
{
	struct sy_str stem;
	int err;

	if (l->to.n == 0) {
		struct register_row row;
		if ((err = register_next(r, REG_RECALL, *after, &row)))
			return err;
		*after = row.id;
		return index_recall(r, row.id, c);
	}
	stem = recall_inbox_id(arena, l->to, UINT64_MAX);
	if (stem.n == 0)
		return SY_ENOMEM;
	if ((err = register_next(r, REG_INBOX, after->n ? *after : stem, notice)))
		return err;
	if (notice->id.n <= stem.n || memcmp(notice->id.p, stem.p, stem.n))
		return SY_ENOTFOUND;
	*after = notice->id;
	return index_recall(r, notice->owner, c);
}

static int write_inbox(struct sy_jw *w, struct index_read *r, struct sy_arena *arena,
		       const struct index_recall *c, const struct listing *l,
		       const struct register_row *notice)
{
	struct register_row answer;
	uint64_t version;
	struct sy_str id = recall_party_id(arena, c->number, l->to);
	int err = id.n ? recall_version(notice, &version) : SY_ENOMEM;

	if (err)
		return err;
	sy_jw_kv_u64(w, "notice", notice->record);
	answer_time(w, "told", notice->time);
	sy_jw_key(w, "current");
	sy_jw_bool(w, version == c->row.record);
	err = register_get(r, REG_ANSWER, id, &answer);
	time_or_null(w, "answered", err ? 0 : answer.time);
	if (err == SY_OK) {
		sy_jw_kv_u64(w, "answerRecord", answer.record);
		sy_jw_key(w, "toldAgain");
		sy_jw_bool(w, case_told_again(answer.record, notice->record));
	}
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static bool is_asked(const struct listing *l, const struct index_recall *c)
{
	return (l->state.n == 0 || sy_str_is(l->state, recall_state_name(c->state))) &&
	       (l->party.n == 0 || sy_str_eq(l->party, c->row.owner));
}

static int write_all(struct sy_jw *w, struct index_read *r, struct sy_arena *arena,
		     const struct listing *l)
{
	struct register_row notice = {0};
	struct sy_str after = l->after;
	struct index_recall c;
	uint64_t n = 0;
	int err;

	sy_jw_key(w, "recalls");
	sy_jw_array(w);
	while (n < l->limit && (err = next_case(r, arena, l, &after, &c, &notice)) == SY_OK) {
		if (!is_asked(l, &c))
			continue;
		n++;
		sy_jw_object(w);
		recalls_write_head(w, &c);
		if (l->to.n && (err = write_inbox(w, r, arena, &c, l, &notice)))
			return err;
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
	if (n == l->limit)
		sy_jw_kv_str(w, "next", after);
	else if (err != SY_ENOTFOUND)
		return err;
	return SY_OK;
}

static int write_only(struct sy_jw *w, struct index_read *r, const struct listing *l)
{
	struct index_recall c;
	int err = case_find(r, l->id, &c);

	if (err)
		return err;
	sy_jw_key(w, "recalls");
	sy_jw_array(w);
	sy_jw_object(w);
	recalls_write_head(w, &c);
	sy_jw_kv_str(w, "owner", c.row.owner);
	write_record(w, "recall", c.row.payload);
	sy_jw_end(w, '}');
	sy_jw_end(w, ']');
	return SY_OK;
}

static void read_recalls(struct http_exchange *x, struct snapshot *s)
{
	struct listing l;
	struct sy_buf body = {0};
	struct sy_jw w;

	if (!answer_text(x, "id", &l.id) || !answer_text(x, "state", &l.state) ||
	    !answer_text(x, "party", &l.party) || !answer_text(x, "to", &l.to) ||
	    !answer_text(x, "after", &l.after) ||
	    !answer_number(x, "limit", 100, 1, 1000, &l.limit))
		return;
	if (l.state.n && !recall_state_of(l.state)) {
		http_problem(x, 400, "malformed",
			     "state is none of draft, open, closed and revoked", NULL);
		return;
	}
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	int err =
	    l.id.n ? write_only(&w, &s->index, &l) : write_all(&w, &s->index, http_arena(x), &l);
	answer_as_of(&w, &s->index);
	sy_jw_end(&w, '}');
	finish(x, &body, err);
}

void handle_recalls(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_recalls);
}
