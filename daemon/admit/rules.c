/* The rules in force: read from the register once a version, shared by all workers. */
#include "admit/profile.h"

#include "admit/rules.h"

#include <stdlib.h>

struct reading {
	struct check *c;
	struct rules *r;
	const struct sy_json_doc *doc;
	const struct sy_json *root;
	uint64_t record;
};

static void *out_of_memory(struct reading *x)
{
	x->c->err = SY_ENOMEM;
	return NULL;
}

static struct sy_str said(struct reading *x, const char *member)
{
	return text_of(x->c, x->doc, x->root, member);
}

static struct sy_str keep(struct reading *x, struct sy_str s)
{
	char *copy = sy_arena_strdup(&x->r->arena, s);
	return copy ? (struct sy_str){copy, s.n} : (out_of_memory(x), NO_MORE);
}

/* A name of a licence's kind, or of what a line of a list is about. */
static struct sy_str name_of(struct reading *x, const struct sy_json *m)
{
	struct sy_str name = NO_MORE;
	if (sy_json_key(x->doc, m, x->c->arena, &name) == SY_ENOMEM)
		out_of_memory(x);
	return name;
}

/* Room for one more of N elements of SIZE bytes. */
static void *more(struct reading *x, void *v, size_t n, size_t size)
{
	if (n & (n - 1)) /* there is room up to the next power of two */
		return v;
	void *wider = sy_arena_calloc(&x->r->arena, n ? 2 * n : 1, size);
	if (!wider)
		return out_of_memory(x);
	if (n)
		memcpy(wider, v, n * size);
	return wider;
}

static void weights_read(struct reading *x, uint64_t *must, uint64_t *should, uint64_t *may)
{
	const struct sy_json *m;
	sy_json_each (x->doc, sy_json_get(x->doc, x->root, "fields"), m) {
		int i = field_of(x->doc, m);
		uint64_t *to = sy_json_is(x->doc, m, "M")   ? must
			       : sy_json_is(x->doc, m, "S") ? should
							    : may;
		if (i >= 0 && to)
			*to |= BIT(i);
	}
}

static void read_profile(struct reading *x)
{
	int category = category_of(said(x, "category"));
	const struct sy_json *m;
	if (category < 0)
		return;
	struct profile *p = &x->r->profiles[category];
	weights_read(x, &p->must, &p->should, NULL);
	sy_json_each (x->doc, sy_json_get(x->doc, x->root, "licences"), m) {
		bool must = sy_json_is(x->doc, m, "M");
		if (p->n_licences == PROFILE_LICENCES || (!must && !sy_json_is(x->doc, m, "S")))
			continue;
		p->licences[p->n_licences++] =
		    (struct licence_rule){keep(x, name_of(x, m)).p, must};
	}
}

static struct sy_str standard_of(struct reading *x, struct sy_str name)
{
	struct sy_str kept = keep(x, name);
	char *to = (char *)kept.p;
	size_t n = 0;
	for (size_t i = 0; i < kept.n; i++)
		if (kept.p[i] != ' ')
			to[n++] = kept.p[i];
	return (struct sy_str){kept.p, n};
}

static struct sy_str code_of(struct reading *x, struct sy_str name)
{
	struct sy_code code;
	struct sy_faults faults;
	sy_faults_init(&faults, x->c->arena);
	faults.settled = true;
	int err = sy_code_parse(x->c->arena, name, &code, &faults, SY_NO_RECORD, "");
	return keep(x, err ? NO_MORE : code.canonical);
}

static void read_list(struct reading *x, const char *member, const struct listed *like)
{
	const struct sy_json *m;
	sy_json_each (x->doc, sy_json_get(x->doc, x->root, member), m) {
		struct rules *r = x->r;
		if (!(r->listed = more(x, r->listed, r->n_listed, sizeof(*r->listed))))
			return;
		struct listed *l = &r->listed[r->n_listed++];
		*l = *like;
		l->what = like->is_code ? code_of(x, name_of(x, m)) : standard_of(x, name_of(x, m));
	}
}

static void read_listed(struct reading *x)
{
	struct listed like = {.category = category_of(said(x, "category"))};
	like.licence.kind = keep(x, said(x, "licence")).p;
	like.licence.must = !sy_str_is(said(x, "weight"), "S");
	read_list(x, "standards", &like);
	like.is_code = true;
	read_list(x, "products", &like);
}

static void read_exemption(struct reading *x)
{
	struct rules *r = x->r;
	struct exemption e = {.record = x->record};
	struct sy_str product = said(x, "product");
	uint64_t ignored = 0;
	e.product = product.n > 0 ? code_of(x, product) : NO_MORE;
	e.party = keep(x, said(x, "party"));
	weights_read(x, &ignored, &e.warn, &e.silent);
	r->exemptions = more(x, r->exemptions, r->n_exemptions, sizeof(*r->exemptions));
	if (r->exemptions && sy_until_parse(said(x, "until"), &e.until) == SY_OK)
		r->exemptions[r->n_exemptions++] = e;
}

static void read_limits(struct reading *x)
{
	const struct sy_json *limits = sy_json_get(x->doc, x->root, "limits");
	const struct sy_json *m = sy_json_get(x->doc, limits, "futureHours");
	uint64_t hours;
	if (m && sy_json_u64(x->doc, m, &hours) == SY_OK && hours <= FUTURE_HOURS_MAX)
		x->r->future_ms = hours * HOUR_MS;
}

static void read_rule(struct reading *x)
{
	static const struct {
		const char *kind;
		void (*read)(struct reading *x);
	} kinds[] = {{"profile", read_profile},
		     {"listed", read_listed},
		     {"exemption", read_exemption},
		     {"limits", read_limits}};
	struct sy_str kind = said(x, "kind");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (sy_str_is(kind, kinds[i].kind))
			kinds[i].read(x);
}

static struct rules *rules_read(struct check *c, uint64_t version)
{
	struct rules *r = calloc(1, sizeof(*r));
	struct register_row row;
	struct sy_json_doc doc;
	struct sy_str after = NO_MORE;
	int err = r ? SY_OK : SY_ENOMEM;
	if (r) {
		atomic_init(&r->refs, 1);
		r->version = version;
		r->future_ms = FUTURE_HOURS * HOUR_MS;
	}
	while (!err && !c->err && (err = register_next(&c->r, REG_RULES, after, &row)) == SY_OK) {
		after = row.id;
		if ((err = sy_json_parse(c->arena, row.payload, 0, &doc, NULL)) != SY_OK)
			break;
		struct reading x = {c, r, &doc, sy_json_root(&doc), row.record};
		read_rule(&x);
	}
	if (err == SY_ENOTFOUND && !c->err)
		return r;
	rules_put(r);
	c->err = c->err ? c->err : err;
	return NULL;
}

const struct rules *rules_get(struct check *c)
{
	struct admit *a = c->a;
	uint64_t version = register_version(&c->r);
	struct rules *mine = NULL, *old = NULL;
	pthread_mutex_lock(&a->lock);
	if (a->rules && a->rules->version == version) {
		mine = a->rules;
		atomic_fetch_add(&mine->refs, 1);
	}
	pthread_mutex_unlock(&a->lock);
	if (mine || !(mine = rules_read(c, version)))
		return mine;
	pthread_mutex_lock(&a->lock);
	if (!a->rules || a->rules->version < version) {
		old = a->rules;
		a->rules = mine;
		atomic_fetch_add(&mine->refs, 1);
	}
	pthread_mutex_unlock(&a->lock);
	rules_put(old);
	return mine;
}

void rules_put(const struct rules *r)
{
	struct rules *mine = (struct rules *)r;
	if (!mine || atomic_fetch_sub(&mine->refs, 1) != 1)
		return;
	sy_arena_free(&mine->arena);
	free(mine);
}
