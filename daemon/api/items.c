/* Items over HTTP: how one reads in answers, and the lots and units of a product in pages. */
#include "api/answer.h"

#include "api/items.h"

#include <suyuan/time.h>

const char *item_state(struct index_read *r, const struct item *it, int32_t today)
{
	struct index_mark mark;
	if (it->id != NO_ID && index_mark_next(r, it->id, 0, &mark) == SY_OK)
		return "recalled";
	if (it->flags & ITEM_HELD)
		return "held";
	if (it->flags & ITEM_WITHDRAWN)
		return "withdrawn";
	if (it->flags & ITEM_DELETED)
		return "destroyed";
	if (!(it->flags & (ITEM_CREATED | ITEM_HAS_UNITS)))
		return "mentioned";
	int32_t last = it->expires != SY_NO_DAY ? it->expires : it->best_before;
	return last != SY_NO_DAY && last < today ? "expired" : "registered";
}

int32_t item_today(void)
{
	/* Dates on products in China end with the day at +08:00. */
	return sy_date_of(sy_time_now(), 8 * 60);
}

void items_write_recalls(struct sy_jw *w, const struct coverings *c)
{
	sy_jw_key(w, "recalls");
	sy_jw_array(w);
	for (size_t i = 0; i < c->n; i++) {
		const struct index_recall *recall = &c->v[i].recall;
		sy_jw_object(w);
		sy_jw_kv_str(w, "id", recall->row.id);
		sy_jw_kv_u64(w, "number", recall->number);
		sy_jw_raw(w, recall->row.shown);
		sy_jw_kv_str(w, "party", recall->row.owner);
		sy_jw_key(w, "partial");
		sy_jw_bool(w, c->v[i].partial);
		if (c->v[i].named)
			sy_jw_kv_text(w, "names", c->v[i].product ? "product" : "code");
		answer_time(w, "since", recall->row.time);
		sy_jw_kv_u64(w, "record", recall->row.record);
		sy_jw_end(w, '}');
	}
	sy_jw_end(w, ']');
}

void item_write(struct sy_jw *w, struct index_read *r, const struct item *it, struct sy_str code)
{
	sy_jw_kv_str(w, "code", code);
	sy_jw_kv_text(w, "kind", sy_code_kind_name(it->kind));
	sy_jw_kv_text(w, "state", item_state(r, it, item_today()));
	answer_day(w, "made", it->made);
	answer_day(w, "harvested", it->harvested);
	answer_day(w, "expires", it->expires);
	answer_day(w, "bestBefore", it->best_before);
	if (it->flags & ITEM_MIXED_UNITS) {
		sy_jw_key(w, "mixedUnits");
		sy_jw_bool(w, true);
	} else if (it->flags & ITEM_CREATED && it->kind != SY_CODE_UNIT && it->added.coef > 0) {
		answer_decimal(w, "quantity", it->added);
		if (it->removed.coef > 0)
			answer_decimal(w, "removed", it->removed);
		sy_jw_kv_text(w, "unit", it->unit);
	}
}

void items_write_actor(struct sy_jw *w, struct index_read *r, const char *name, uint64_t id)
{
	struct sy_str text;
	if (id != NO_ID && index_actor_name(r, id, &text) == SY_OK)
		sy_jw_kv_str(w, name, text);
}

void items_write_holds(struct sy_jw *w, struct index_read *r, const struct hold *holds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sy_jw_object(w);
		items_write_actor(w, r, "party", holds[i].party);
		sy_jw_key(w, "authority");
		sy_jw_bool(w, holds[i].authority);
		answer_time(w, "since", (uint64_t)holds[i].time);
		sy_jw_kv_u64(w, "record", holds[i].record);
		sy_jw_end(w, '}');
	}
}

static bool not_codes(struct http_exchange *x, const struct sy_faults *faults)
{
	int status = sy_faults_status(faults);
	http_problem(x, status ? status : 400, "not a code", faults->n ? faults->v[0].detail : NULL,
		     faults);
	return false;
}

bool items_parse_code(struct http_exchange *x, struct sy_str text, struct sy_code *code)
{
	struct sy_faults faults;
	if (text.n == 0) {
		http_problem(x, 400, "malformed", "code is missing", NULL);
		return false;
	}
	sy_faults_init(&faults, http_arena(x));
	if (sy_code_parse(http_arena(x), text, code, &faults, SY_NO_RECORD, "/code") == SY_OK)
		return true;
	return not_codes(x, &faults);
}

bool items_parse_codes(struct http_exchange *x, const char *name, struct sy_code **codes, size_t *n)
{
	struct sy_arena *arena = http_arena(x);
	struct sy_faults faults;
	struct sy_str text;
	const char *pointer = sy_arena_printf(arena, "/%s", name);
	int err = SY_OK;

	for (*n = 0; http_query(x, name, (unsigned)*n, &text) != SY_ENOTFOUND;)
		++*n;
	*codes = sy_arena_calloc(arena, *n, sizeof **codes);
	sy_faults_init(&faults, arena);
	for (size_t i = 0; *codes && pointer && i < *n && err != SY_ENOMEM; i++) {
		if (!answer_text_nth(x, name, (unsigned)i, &text))
			return false;
		err = sy_code_parse(arena, text, &(*codes)[i], &faults, SY_NO_RECORD, pointer);
	}
	if (*codes && pointer && err != SY_ENOMEM)
		return sy_faults_status(&faults) == 0 || not_codes(x, &faults);
	http_problem_err(x, SY_ENOMEM, NULL);
	return false;
}

static void items_of_product(struct http_exchange *x, struct snapshot *s, struct sy_str text)
{
	struct sy_code product;
	struct sy_str after, code, last = {NULL, 0};
	struct item it;
	uint64_t limit, n = 0;
	struct sy_buf body = {0};
	struct sy_jw w;
	int err = SY_OK;
	if (!answer_text(x, "after", &after) || !answer_number(x, "limit", 100, 1, 1000, &limit) ||
	    !items_parse_code(x, text, &product))
		return;
	struct sy_str of = product.product.n ? product.product : product.canonical;
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	sy_jw_key(&w, "items");
	sy_jw_array(&w);
	while ((err = index_item_next(&s->index, of, after, &code, &it)) == SY_OK && n < limit) {
		sy_jw_object(&w);
		item_write(&w, &s->index, &it, code);
		sy_jw_key(&w, "records");
		sy_jw_array(&w);
		sy_jw_u64(&w, it.flags & ITEM_CREATED ? it.created : it.first);
		sy_jw_end(&w, ']');
		sy_jw_end(&w, '}');
		after = last = code;
		n++;
	}
	sy_jw_end(&w, ']');
	if (err == SY_OK && last.n > 0)
		sy_jw_kv_str(&w, "next", last);
	answer_as_of(&w, &s->index);
	sy_jw_end(&w, '}');
	if (err && err != SY_ENOTFOUND) {
		sy_buf_free(&body);
		http_problem_err(x, err, NULL);
		return;
	}
	answer_json(x, 200, &body);
}

static void read_product(struct http_exchange *x, struct snapshot *s)
{
	struct sy_str product;
	if (answer_text(x, "product", &product))
		items_of_product(x, s, product);
}

void handle_items(struct http_exchange *x, void *ctx)
{
	struct sy_str code, product;
	if (!answer_text(x, "code", &code) || !answer_text(x, "product", &product))
		return;
	if (product.n > 0)
		answer_from_index(x, ctx, read_product);
	else
		item_answer(x, ctx, code);
}
