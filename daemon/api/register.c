/* The register over HTTP: parties, products, places, rules; one by name, or all in pages. */
#include "api/answer.h"
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

static void write_rows(struct http_exchange *x, struct snapshot *s, const struct listing *l,
		       struct sy_str only, struct sy_str after, uint64_t limit)
{
	struct register_row row;
	struct sy_buf body = {0};
	struct sy_jw w;
	struct sy_str last = {NULL, 0};
	int err = SY_OK;
	sy_jw_init(&w, &body);
	sy_jw_object(&w);
	sy_jw_key(&w, l->many);
	sy_jw_array(&w);
	if (only.n > 0) {
		if ((err = register_get(&s->index, l->kind, only, &row)) == SY_OK)
			err = write_row(x, s, &w, l, &row);
	} else {
		uint64_t n = 0;
		while ((err = register_next(&s->index, l->kind, after, &row)) == SY_OK &&
		       n < limit && (err = write_row(x, s, &w, l, &row)) == SY_OK) {
			after = last = row.id;
			n++;
		}
	}
	sy_jw_end(&w, ']');
	if (err == SY_OK && last.n > 0)
		sy_jw_kv_str(&w, "next", last);
	answer_as_of(&w, &s->index);
	sy_jw_end(&w, '}');
	if (err && (err != SY_ENOTFOUND || only.n > 0)) {
		sy_buf_free(&body);
		http_problem_err(x, err, err == SY_ENOTFOUND ? "not in the register" : NULL);
		return;
	}
	answer_json(x, 200, &body);
}

static void list(struct http_exchange *x, struct snapshot *s, const struct listing *l)
{
	struct sy_str only, after;
	uint64_t limit;
	if (answer_text(x, l->filter, &only) && answer_text(x, "after", &after) &&
	    answer_number(x, "limit", 100, 1, 1000, &limit) &&
	    (only.n == 0 || canonical(x, l, &only)))
		write_rows(x, s, l, only, after, limit);
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
