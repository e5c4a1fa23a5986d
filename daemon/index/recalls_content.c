/* What packing and unpacking changes about recalls. */
#include "apply.h"

int recalls_doubt_contents(struct apply *a, uint64_t number, uint64_t container)
{
	struct key k = todo_key_id(TODO_DOUBT, number, container);
	static const char start[TODO_LINE];
	struct sy_str row;
	int err = kv_get(a->tx, T_TODO, key_str(&k), &row);

	if (err != SY_ENOTFOUND) /* the container as well */
		return err;
	return kv_put(a->tx, T_TODO, key_str(&k), (struct sy_str){start, sizeof start}, 0);
}

static int content_case(struct apply *a, uint64_t number, uint64_t container,
			const struct content *line, bool on)
{
	bool more = line->added == on;

	if (line->child == NO_ID)
		return more ? recalls_try(a, number, container)
			    : recalls_doubt_contents(a, number, container);
	return more ? recalls_try(a, number, line->child) : recalls_doubt(a, number, line->child);
}

int recalls_content(struct apply *a, uint64_t container, const struct content *line, bool on)
{
	struct mark m;
	int err;

	if (!recalls_any(a, &err))
		return err;
	for (uint64_t n = 0; (err = mark_seek(a->tx, container, &n, &m)) == SY_OK; n++)
		if (m.reach != REACH_NONE && (err = content_case(a, n, container, line, on)))
			return err;
	return err == SY_ENOTFOUND ? SY_OK : err;
}
