/* Any text is a code or has a fault; the canonical form of a code is its own canonical form. */
#include <suyuan/code.h>
#include <suyuan/error.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(holds)              \
	do                       \
		if (!(holds))    \
			abort(); \
	while (0)

static void check_fault(const struct sy_faults *faults, const struct sy_code *c)
{
	MUST(faults->n > 0 && sy_faults_status(faults) >= 400);
	for (size_t i = 0; i < faults->n; i++) {
		size_t bad, length = strlen(faults->v[i].detail);
		MUST(length > 0 && sy_utf8_valid(faults->v[i].detail, length, &bad));
	}
	MUST(c->kind == SY_CODE_NONE && c->canonical.n == 0);
}

static void check_code(struct sy_arena *arena, const struct sy_code *c)
{
	struct sy_code again, part;
	MUST(c->kind != SY_CODE_NONE && c->canonical.n > 0);
	MUST(sy_code_parse(arena, c->canonical, &again, NULL, 0, "") == SY_OK);
	MUST(sy_str_eq(c->canonical, again.canonical) && c->kind == again.kind);
	MUST(sy_str_eq(c->product, again.product) && sy_str_eq(c->gtin, again.gtin));
	MUST(sy_str_eq(c->serial, again.serial));
	if (c->product.n > 0) {
		MUST(sy_code_parse(arena, c->product, &part, NULL, 0, "") == SY_OK);
		MUST(part.kind == SY_CODE_PRODUCT && sy_str_eq(part.canonical, c->product));
	}
	if (c->lot_code.n > 0) {
		MUST(sy_code_parse(arena, c->lot_code, &part, NULL, 0, "") == SY_OK);
		MUST(part.kind == SY_CODE_LOT && sy_str_eq(part.canonical, c->lot_code));
		MUST(sy_str_eq(part.lot, c->lot));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_arena arena = {0};
	struct sy_faults faults;
	struct sy_code c;
	struct sy_str text = {n ? (const char *)data : "", n};
	sy_faults_init(&faults, &arena);
	if (sy_code_parse(&arena, text, &c, &faults, 0, "/code") == SY_OK)
		check_code(&arena, &c);
	else
		check_fault(&faults, &c);
	sy_arena_free(&arena);
	return 0;
}
