/* By when what had to be done, from the rules that a case goes by. */
#include "cases.h"

const char *case_due_name(enum case_due due)
{
	static const char *const names[] = {"open", "met", "missed", "waiting"};

	return names[due];
}

static const char *const steps[] = {"start", "notify", "report", "complete", "summary"};
enum step { STEP_START, STEP_NOTIFY, STEP_REPORT, STEP_COMPLETE, STEP_SUMMARY, STEPS };

struct rules {
	struct index_read *r;
	struct sy_arena *arena;
	const struct case_times *times;
	uint64_t now, end; /* END: when it was closed, else now */
	struct sy_calendar calendar;
};

/* The text of a member of the record in force when RECORD was judged, as a document. */
static int read_rules(struct rules *s, struct sy_str name, uint64_t record, struct sy_json_doc *doc)
{
	struct register_row row;
	int err = register_get_before(s->r, REG_RULES, name, record, &row);

	return err ? err : sy_json_parse(s->arena, row.payload, 0, doc, NULL);
}

static int read_calendar(struct rules *s, uint64_t record)
{
	struct sy_json_doc doc;
	int err = read_rules(s, SY_STR("holidays"), record, &doc);

	s->calendar = (struct sy_calendar){.first = 1, .last = 0};
	if (err)
		return err == SY_ENOMEM ? err : SY_OK;
	return sy_calendar_read(s->arena, &doc, &s->calendar);
}

static uint64_t clock_of(const struct rules *s, enum sy_deadline_clock clock)
{
	switch (clock) {
	case SY_CLOCK_KNOWN:
		return s->times->known;
	case SY_CLOCK_OPENED:
		return s->times->opened;
	case SY_CLOCK_NOTICE:
		return s->times->first_notice;
	case SY_CLOCK_COMPLETE:
		return s->times->complete;
	}
	return 0;
}

static uint64_t done_at(const struct rules *s, enum step step)
{
	switch (step) {
	case STEP_START:
		return s->times->opened;
	case STEP_NOTIFY:
		return s->times->last_notice;
	case STEP_REPORT:
		return s->times->n_reports ? s->times->reports[0] : 0;
	case STEP_COMPLETE:
	case STEP_SUMMARY:
		return s->times->complete;
	case STEPS:
		break;
	}
	return 0;
}

static bool was_reported(const struct rules *s, uint64_t after, uint64_t until)
{
	for (size_t i = 0; i < s->times->n_reports; i++)
		if (s->times->reports[i] > after && s->times->reports[i] <= until)
			return true;
	return false;
}

/* Each of its terms begins where the one before ended. */
static void judge_again(const struct rules *s, const struct sy_deadline *d,
			struct case_deadline *out)
{
	enum { TERMS = 10000 };
	uint64_t from = clock_of(s, d->clock), end = from;

	for (unsigned i = 0; i < TERMS; i++, from = end) {
		end = sy_deadline_end(d, &s->calendar, from, &out->certain);
		bool done = was_reported(s, from, end);
		out->met += done;
		if (end > s->end && !done)
			break;
		if (!done && out->missed++ == 0)
			out->due = end;
		if (end > s->end)
			break;
	}
	out->state = out->missed ? DUE_MISSED : s->times->closed ? DUE_MET : DUE_OPEN;
	if (out->missed == 0)
		out->due = end;
	out->done = s->times->n_reports ? s->times->reports[s->times->n_reports - 1] : 0;
}

static void judge(const struct rules *s, enum step step, const struct sy_deadline *d,
		  struct case_deadline *out)
{
	uint64_t from = clock_of(s, d->clock);

	out->certain = true;
	out->state = DUE_WAITING;
	if (from == 0)
		return;
	if (d->every) {
		judge_again(s, d, out);
		return;
	}
	out->due = sy_deadline_end(d, &s->calendar, from, &out->certain);
	out->done = done_at(s, step);
	if (out->done)
		out->state = out->done <= out->due ? DUE_MET : DUE_MISSED;
	else
		out->state = s->end <= out->due ? DUE_OPEN : DUE_MISSED;
}

/* The level's own deadline of a step, or that of all levels. */
static const struct sy_json *deadline_of(struct rules *s, const struct sy_json_doc *doc,
					 const char *step, struct sy_str level)
{
	const struct sy_json *list = sy_json_get(doc, sy_json_root(doc), "deadlines"), *v = NULL;
	const char *name =
	    sy_arena_printf(s->arena, "%s.%.*s", step, (int)level.n, level.n ? level.p : "");

	if (name && level.n)
		v = sy_json_get(doc, list, name);
	return v ? v : sy_json_get(doc, list, step);
}

static int read_all(struct rules *s, const struct sy_json_doc *doc, struct sy_str level,
		    struct case_deadline *out, size_t *n)
{
	for (unsigned i = 0; i < STEPS; i++) {
		const struct sy_json *v = deadline_of(s, doc, steps[i], level);
		struct sy_deadline d;
		struct sy_str text;
		int err = v ? sy_json_string(doc, v, s->arena, &text) : SY_EINVAL;
		if (err == SY_OK)
			err = sy_deadline_parse(text, &d);
		if (err == SY_ENOMEM)
			return err;
		if (err)
			continue;
		out[*n] = (struct case_deadline){.step = steps[i], .text = text};
		judge(s, i, &d, &out[(*n)++]);
	}
	return SY_OK;
}

int case_deadlines(struct index_read *r, struct sy_arena *arena, const struct index_recall *c,
		   const struct case_times *t, uint64_t now, struct case_deadline **out, size_t *n)
{
	struct rules s = {
	    .r = r, .arena = arena, .times = t, .now = now, .end = t->closed ? t->closed : now};
	struct sy_str rule = SY_STR(""), level = SY_STR("");
	struct sy_json_doc doc, rules;
	int err = sy_json_parse(arena, c->row.payload, 0, &doc, NULL);

	*n = 0;
	if (err || (*out = sy_arena_calloc(arena, STEPS, sizeof **out)) == NULL)
		return err ? err : SY_ENOMEM;
	const struct sy_json *root = sy_json_root(&doc), *v;
	if ((v = sy_json_get(&doc, root, "rule")) && (err = sy_json_string(&doc, v, arena, &rule)))
		return err;
	if ((v = sy_json_get(&doc, root, "level")) &&
	    (err = sy_json_string(&doc, v, arena, &level)))
		return err;
	if ((err = read_rules(&s, rule, c->row.record, &rules)))
		return err == SY_ENOTFOUND ? SY_OK : err;
	if ((err = read_calendar(&s, c->row.record)))
		return err;
	return read_all(&s, &rules, level, *out, n);
}
