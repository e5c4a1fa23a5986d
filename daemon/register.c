/* The register over HTTP: parties, products, places, rules; one by name, or all in pages. */
#include "answer.h"

struct listing {
	enum register_kind kind;
	const char *filter; /* the query parameter that names one */
	const char *many, *one;
	bool code; /* the filter is a code, in any spelling */
};

static void write_row(struct sy_jw *w, const struct listing *l, const struct register_row *row)
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
	sy_jw_raw(w, row->payload);
	sy_jw_end(w, '}');
}

/* The filter's id in its canonical form; false: a problem was sent. */
static bool canonical(struct http_exchange *x, const struct listing *l, struct sy_str *id)
{
	struct sy_faults faults;
	struct sy_code code;
	if (!l->code)
		return true;
	sy_faults_init(&faults, http_arena(x));
	if (sy_code_parse(http_arena(x), *id, &code, &faults, SY_NO_RECORD, "/code")) {
		http_problem(x, sy_faults_status(&faults) ? sy_faults_status(&faults) : 400,
			     "not a code", NULL, &faults);
		return false;
	}
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
			write_row(&w, l, &row);
	} else {
		uint64_t n = 0;
		while (n < limit &&
		       (err = register_next(&s->index, l->kind, after, &row)) == SY_OK) {
			write_row(&w, l, &row);
			after = last = row.id;
			n++;
		}
		if (n < limit || register_next(&s->index, l->kind, after, &row) != SY_OK)
			last.n = 0;
	}
	sy_jw_end(&w, ']');
	if (last.n > 0)
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
	answer_from_index(x, ctx, read_parties);
}

void handle_products(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_products);
}

void handle_places(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_places);
}

void handle_rules(struct http_exchange *x, void *ctx)
{
	answer_from_index(x, ctx, read_rules);
}
