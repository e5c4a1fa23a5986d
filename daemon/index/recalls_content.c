/* What packing and unpacking changes about recalls. */
#include "apply.h"

static bool names_code(const struct recall_case *c, struct sy_str code)
{
	for (size_t i = 0; i < c->n_codes; i++)
		if (sy_str_eq(c->codes[i], code))
			return true;
	return false;
}

/*
 * Since and until when the container is in question, when the scope itself says so: nothing that it
 * lay in adds to that.  SY_ENOTFOUND for any other, whose times hang on what it lay in.
 */
static int in_question(struct apply *a, const struct recall_case *c, uint64_t container,
		       int64_t *from, int64_t *to)
{
	struct item it;
	bool there;
	int err = c->active ? item_get(a->tx, container, &it) : SY_ENOTFOUND;

	*from = INT64_MIN;
	*to = INT64_MAX;
	if (err || names_code(c, it.code))
		return err;
	if (c->place.n == 0 || c->n_codes || c->product.n)
		return SY_ENOTFOUND;
	*from = c->from;
	*to = c->to;
	err = recall_was_there(a, c, container, &there);
	return err || there ? err : SY_ENOTFOUND;
}

static int holds_any(struct apply *a, uint64_t id, bool *any)
{
	struct content first = {0};
	int err = contents_next(a->tx, id, &first);

	*any = err == SY_OK;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* When the child left after it was put in by LINE. */
static int left(struct apply *a, uint64_t container, const struct content *line, int64_t *when)
{
	struct content next = *line;
	int err;

	while ((err = contents_next(a->tx, container, &next)) == SY_OK) {
		a->work++;
		if (next.child == NO_ID || (next.child == line->child && !next.added))
			break;
	}
	*when = err ? INT64_MAX : next.time;
	return err == SY_ENOTFOUND ? SY_OK : err;
}

/* More is in question, nothing less: the child, and what lay in it meanwhile. */
static int put_in(struct apply *a, const struct recall_case *c, uint64_t container,
		  const struct content *line, int64_t from, int64_t to)
{
	int64_t went = INT64_MAX;
	bool marked, full;
	int err = holds_any(a, line->child, &full);

	if (err || line->time > to)
		return err;
	if ((full || line->time < from) && (err = left(a, container, line, &went)))
		return err;
	if (went < from || (err = recalls_is_marked(a, c->number, line->child, &marked)))
		return err;
	struct key grow = todo_key_id(TODO_GROW, c->number, line->child),
		   open =
		       todo_key_open(TODO_OPEN, c->number, line->child,
				     line->time > from ? line->time : from, went < to ? went : to);
	if (!marked && (err = todo_put(a, &grow, 0)))
		return err;
	return full ? todo_put(a, &open, 0) : SY_OK;
}

/* A child without contents that was there in the time stays in question when it leaves. */
static int take_out(struct apply *a, const struct recall_case *c, const struct content *line,
		    int64_t from)
{
	bool full = true;
	int err = line->child == NO_ID ? SY_OK : holds_any(a, line->child, &full);

	return err || (!full && line->time >= from) ? err : recalls_dirty(a, c->number);
}

static int content_case(struct apply *a, const struct recall_case *c, uint64_t container,
			const struct content *line, bool on)
{
	int64_t from, to;
	int err = on ? in_question(a, c, container, &from, &to) : SY_ENOTFOUND;

	if (err)
		return err == SY_ENOTFOUND ? recalls_dirty(a, c->number) : err;
	return line->added ? put_in(a, c, container, line, from, to) : take_out(a, c, line, from);
}

int recalls_content(struct apply *a, uint64_t container, const struct content *line, bool on)
{
	bool marked;
	int err;

	if (!recalls_any(a, &err))
		return err;
	for (size_t i = 0; i < a->recalls.n; i++) {
		const struct recall_case *c = &a->recalls.v[i];
		if ((err = recalls_is_marked(a, c->number, container, &marked)) ||
		    (marked && (err = content_case(a, c, container, line, on))))
			return err;
	}
	return SY_OK;
}
