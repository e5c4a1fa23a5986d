/* The register over HTTP: parties, products, places, rules; one by name with its earlier versions,
 * or all in pages; as they are, or as they were. */
#include "api/asof.h"
#include "api/items.h"

struct listing {
	enum register_kind kind;
	const char *filter; /* the query parameter that names one */
	const char *many, *one;
	bool code; /* the filter is a code, in any spelling */
};

/* The record as it stands; null once its text is gone, which this snapshot may not know yet. */
static int write_text(struct http_exchange *x, struct snapshot *s, struct sy_jw *w,
		      const struct register_row *row)
{
	struct ledger_record rec;
	if (row->payload.n > 0) {
		sy_jw_raw(w, row->payload);
		return SY_OK;
	}
	int err = ledger_record(&s->truth, http_arena(x), row->record, &rec);
	if (err == SY_EGONE)
		sy_jw_null(w);
	else if (err == SY_OK)
		sy_jw_raw(w, rec.payload);
	return err == SY_EGONE ? SY_OK : err == SY_ENOTFOUND ? SY_ECORRUPT : err;
}

static int write_row(struct http_exchange *x, struct snapshot *s, struct sy_jw *w,
		     const struct listing *l, const struct register_row *row)
{
	sy_jw_object(w);
	sy_jw_kv_str(w, "id", row->id);
	sy_jw_kv_u64(w, "record", row->record);
	sy_jw_kv_u64(w, "entry", row->entry);
	answer_time(w, "time", row->time);
	sy_jw_kv_str(w, "author", row->author);
	if (l->kind == REG_PRODUCT || l->kind == REG_PLACE)
		sy_jw_kv_str(w, "owner", row->owner);
	sy_jw_key(w, l->one);
	int err = write_text(x, s, w, row);
	sy_jw_end(w, '}');
	return err;
}

/* The filter's id in its canonical form; false: a problem was sent. */
static bool canonical(struct http_exchange *x, const struct listing *l, struct sy_str *id)
{
	struct sy_code code;
	if (!l->code)
		return true;
	if (!items_parse_code(x, *id, &code))
		return false;
	*id = code.product.n ? code.product : code.canonical;
	return true;
}

struct question {
	struct sy_str only;  /* of one alone; empty for all */
	struct sy_str after; /* where an earlier page ended */
	bool versions;       /* of the one, from the newest */
	uint64_t before, limit;
};

enum { PASSED_OVER = 1000 }; /* that a page may, since they weren't there yet */

/* One page's rows; NEXT is where it ended, empty at the end. */
static int write_all(struct http_exchange *x, struct snapshot *s, struct sy_jw *w,
		     const struct listing *l, const struct question *q, struct sy_str *next)
{
	struct register_row row;
	struct sy_str after = q->after;
	uint64_t n = 0, passed = 0;
	int err;
	while ((err = register_next(&s->index, l->kind, after, &row)) == SY_OK && n < q->limit &&
	       passed < PASSED_OVER) {
		after = *next = row.id;
		if (q->before != UINT64_MAX)
			err = register_get_before(&s->index, l->kind, row.id, q->before, &row);
		if (err == SY_OK && (err = write_row(x, s, w, l, &row)) != SY_OK)
			return err;
		n += err == SY_OK;
		passed += err == SY_ENOTFOUND;
		if (err && err != SY_ENOTFOUND)
			return err;
	}
	if (err == SY_ENOTFOUND)
		*next = SY_STR("");
	return err == SY_ENOTFOUND ? SY_OK : err;
}

static int write_versions(struct http_exchange *x, struct snapshot *s, struct sy_jw *w,
			  const struct listing *l, const struct question *q, struct sy_str *next)
{
	struct register_row row = {0};
	uint64_t before = q->before, n = 0;
	int err = q->after.n > 0 ? sy_str_u64(q->after, &before) : SY_OK;
	while (!err && n < q->limit &&
	       (err = register_get_before(&s->index, l->kind, q->only, before, &row)) == SY_OK) {
		before = row.record;
		err = write_row(x, s, w, l, &row);
		n++;
	}
	if (err == SY_OK &&
	    (err = register_get_before(&s->index, l->kind, q->only, before, &row)) == SY_OK) {
		const char *text =
		    sy_arena_printf(http_arena(x), "%llu", (unsigned long long)before);
		*next = sy_str(text);
		err = text ? SY_OK : SY_ENOMEM;
	}
	return err == SY_ENOTFOUND && (n > 0 || q->after.n > 0) ? SY_OK : err;
}

static int write_one(struct http_exchange *x, struct snapshot *s, struct sy_jw *w,
		     const struct listing *l, const struct question *q, struct sy_str *next)
{
	struct register_row row;
	(void)next;
	int err = register_get_before(&s->index, l->kind, q->only, q->before, &row);
	return err ? err : write_row(x, s, w, l, &row);
}

static void write_rows(struct http_exchange *x, struct snapshot *s, const struct listing *l,
		       const struct question *q)
{
	struct sy_buf body = {0};
	struct sy_jw w;
	struct sy_str next = SY_STR("");
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	sy_jw_key(&w, l->many);
	sy_jw_array(&w);
	int err = (q->only.n == 0 ? write_all
		   : q->versions  ? write_versions
				  : write_one)(x, s, &w, l, q, &next);
	sy_jw_end(&w, ']');
	if (err == SY_OK && next.n > 0)
		sy_jw_kv_str(&w, "next", next);
	answer_as_of(&w, &s->index);
	sy_jw_end(&w, '}');
	if (err) {
		sy_buf_free(&body);
		http_problem_err(x, err,
				 err != SY_ENOTFOUND       ? NULL
				 : q->before == UINT64_MAX ? "not in the register"
							   : "not in the register then");
		return;
	}
	answer_json(x, 200, &body);
}

static bool versions_read(struct http_exchange *x, const struct listing *l, struct question *q)
{
	struct sy_str said;
	char detail[80];
	if (!answer_text(x, "versions", &said))
		return false;
	q->versions = said.n > 0;
	if (said.n == 0 || (sy_str_is(said, "true") && q->only.n > 0))
		return true;
	snprintf(detail, sizeof detail, "versions: expected true, and %s", l->filter);
	http_problem(x, 400, "malformed", detail, NULL);
	return false;
}

static void list(struct http_exchange *x, struct snapshot *s, const struct listing *l)
{
	struct question q;
	if (!answer_text(x, l->filter, &q.only) || !answer_text(x, "after", &q.after) ||
	    !answer_number(x, "limit", 100, 1, 1000, &q.limit) || !versions_read(x, l, &q) ||
	    !asof_read(x, s, &q.before) || (q.only.n > 0 && !canonical(x, l, &q.only)))
		return;
	write_rows(x, s, l, &q);
}

static void read_parties(struct http_exchange *x, struct snapshot *s)
{
	list(x, s, &(struct listing){REG_PARTY, "id", "parties", "party", false});
}

static void read_products(struct http_exchange *x, struct snapshot *s)
{
	list(x, s, &(struct listing){REG_PRODUCT, "code", "products", "product", true});
}

static void read_places(struct http_exchange *x, struct snapshot *s)
{
	list(x, s, &(struct listing){REG_PLACE, "id", "places", "place", false});
}

static void read_rules(struct http_exchange *x, struct snapshot *s)
{
	list(x, s, &(struct listing){REG_RULES, "name", "rules", "rule", false});
}

void handle_parties(struct http_exchange *x, void *ctx)
{
	answer_from_truth(x, ctx, read_parties);
}

void handle_products(struct http_exchange *x, void *ctx)
{
	answer_from_truth(x, ctx, read_products);
}

void handle_places(struct http_exchange *x, void *ctx)
{
	answer_from_truth(x, ctx, read_places);
}

void handle_rules(struct http_exchange *x, void *ctx)
{
	answer_from_truth(x, ctx, read_rules);
}
