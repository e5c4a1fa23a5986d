/* Any record is read or has a fault, and what was read is whole. */
#include <suyuan/error.h>
#include <suyuan/event.h>

#include <stdlib.h>

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
	}
	sy_arena_free(&arena);
	return 0;
}
