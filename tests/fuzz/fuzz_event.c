/* Any record is read or has a fault, what was read is whole and the same when it is settled, and an
 * event has one hash. */
#include <suyuan/error.h>
#include <suyuan/event.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(holds)              \
	do                       \
		if (!(holds))    \
			abort(); \
	while (0)

static void check_event(const struct sy_event *e, int err, const struct sy_faults *faults)
{
	MUST((err == SY_OK) == (sy_faults_status(faults) == 0));
	for (size_t i = 0; i < faults->n; i++) {
		size_t bad;
		MUST(faults->v[i].pointer[0] == '\0' || faults->v[i].pointer[0] == '/');
		MUST(sy_utf8_valid(faults->v[i].detail, strlen(faults->v[i].detail), &bad));
	}
	for (size_t i = 0; i < e->n_items; i++) {
		const struct sy_event_item *item = &e->items[i];
		MUST(item->pointer[0] == '/' && item->code.kind != SY_CODE_NONE);
		MUST(item->code.canonical.n > 0 && item->quantity.coef >= 0);
	}
	MUST(err != SY_OK || e->kind != SY_EVENT_NONE);
	for (size_t i = 0; i < e->sources.n; i++)
		MUST(e->sources.v[i].code.n > 0);
	for (size_t i = 0; i < e->destinations.n; i++)
		MUST(e->destinations.v[i].code.n > 0);
}

static void check_ends(const struct sy_event_ends *a, const struct sy_event_ends *b)
{
	MUST(a->n == b->n);
	for (size_t i = 0; i < a->n; i++)
		MUST(sy_str_eq(a->v[i].type, b->v[i].type) && sy_str_eq(a->v[i].id, b->v[i].id) &&
		     sy_str_eq(a->v[i].code, b->v[i].code));
}

static void check_same(const struct sy_event *a, const struct sy_event *b)
{
	const struct sy_str
	    x[] = {a->id,         a->biz_step,      a->disposition,     a->location,
		   a->read_point, a->location_code, a->read_point_code, a->transformation,
		   a->lot},
	    y[] = {b->id,         b->biz_step,      b->disposition,     b->location,
		   b->read_point, b->location_code, b->read_point_code, b->transformation,
		   b->lot};

	for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
		MUST(sy_str_eq(x[i], y[i]));
	MUST(a->kind == b->kind && a->action == b->action && a->time == b->time);
	MUST(a->error == b->error && a->context == b->context && a->ilmd == b->ilmd);
	MUST(a->inspection == b->inspection && a->site == b->site);
	MUST(a->made == b->made && a->expires == b->expires);
	MUST(a->best_before == b->best_before && a->harvested == b->harvested);
	MUST(a->n_items == b->n_items && a->n_master == b->n_master);
	for (size_t i = 0; i < a->n_master; i++)
		MUST(sy_str_eq(a->master[i].name, b->master[i].name) &&
		     a->master[i].space == b->master[i].space &&
		     a->master[i].value == b->master[i].value);
	check_ends(&a->sources, &b->sources);
	check_ends(&a->destinations, &b->destinations);
	for (size_t i = 0; i < a->n_items; i++) {
		const struct sy_event_item *v = &a->items[i], *w = &b->items[i];
		MUST(v->role == w->role && v->code.kind == w->code.kind);
		MUST(sy_str_eq(v->code.canonical, w->code.canonical));
		MUST(v->is_class == w->is_class && v->has_quantity == w->has_quantity);
		MUST(v->quantity.coef == w->quantity.coef &&
		     v->quantity.scale == w->quantity.scale);
		MUST(sy_str_eq(v->unit, w->unit) && strcmp(v->pointer, w->pointer) == 0);
	}
}

/* What has no fault is read the same when nothing of it is judged again. */
static void check_settled(struct sy_arena *arena, const struct sy_json_doc *doc,
			  const struct sy_event *e)
{
	struct sy_faults faults;
	struct sy_event settled;

	sy_faults_init(&faults, arena);
	faults.settled = true;
	MUST(sy_event_read(arena, doc, &settled, &faults, 0) == SY_OK && faults.n == 0);
	check_same(e, &settled);
}

/* The same for the same members in another order. */
static void check_hash(struct sy_arena *arena, const struct sy_json_doc *doc, bool event)
{
	char hash[SY_EVENT_HASH_TEXT], again[SY_EVENT_HASH_TEXT];
	struct sy_json_doc turned;
	struct sy_buf text = {0};
	const struct sy_json *m;
	int err = sy_event_hash(arena, doc, hash);
	MUST(err == (event ? SY_OK : SY_EINVAL));
	if (!event)
		return;
	MUST(strlen(hash) == strlen("ni:///sha-256;?ver=CBV2.0") + 64);
	struct sy_str *v = sy_arena_calloc(arena, doc->nodes->count, sizeof *v);
	size_t n = 0;
	MUST(v != NULL);
	sy_json_each (doc, sy_json_root(doc), m)
		v[n++] = (struct sy_str){doc->text + m->key_off - 1,
					 m->off + m->len + (m->type == SY_JSON_STRING) -
					     (m->key_off - 1)};
	sy_buf_byte(&text, '{');
	while (n > 0) {
		sy_buf_str(&text, v[--n]);
		sy_buf_byte(&text, n > 0 ? ',' : '}');
	}
	MUST(sy_json_parse(arena, sy_buf_span(&text), SY_JSON_RECORD, &turned, NULL) == SY_OK);
	MUST(sy_event_hash(arena, &turned, again) == SY_OK && strcmp(hash, again) == 0);
	sy_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_arena arena = {0};
	struct sy_json_doc doc;
	struct sy_str text = {n ? (const char *)data : "", n};
	if (sy_json_parse(&arena, text, SY_JSON_RECORD, &doc, NULL) == SY_OK) {
		struct sy_faults faults;
		struct sy_event e;
		sy_faults_init(&faults, &arena);
		int err = sy_event_read(&arena, &doc, &e, &faults, 0);
		check_event(&e, err, &faults);
		if (err == SY_OK && e.kind != SY_EVENT_NONE)
			check_settled(&arena, &doc, &e);
		check_hash(&arena, &doc, e.kind != SY_EVENT_NONE);
	}
	sy_arena_free(&arena);
	return 0;
}
