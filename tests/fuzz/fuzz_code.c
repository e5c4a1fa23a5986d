/*
 * Any text is a code or has a fault; the canonical form of a code is its own canonical form.  What
 * can be written in another form is read again as the same code.
 */
#include <suyuan/codeinfo.h>
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

/* Written again, what was written stays as it is. */
static void check_form(struct sy_arena *arena, const struct sy_code *c,
		       const struct sy_code_format *how)
{
	const char *before = how->form == SY_FORM_RAW ? "]C1" : "";
	struct sy_faults faults;
	struct sy_str once, twice;
	struct sy_code again;
	sy_faults_init(&faults, arena);
	int err = sy_code_format(arena, c, how, &once, &faults, 0, "/code");
	MUST((err == SY_OK) == (faults.n == 0));
	if (err != SY_OK)
		return;
	const char *text = sy_arena_printf(arena, "%s%.*s", before, (int)once.n, once.p);
	MUST(sy_code_parse(arena, sy_str(text), &again, NULL, 0, "") == SY_OK);
	MUST(sy_str_eq(again.canonical, c->canonical) && again.kind == c->kind);
	MUST(sy_code_format(arena, &again, how, &twice, NULL, 0, "") == SY_OK);
	MUST(sy_str_eq(once, twice));
}

static void check_forms(struct sy_arena *arena, const struct sy_code *c)
{
	const struct sy_code_format forms[] = {
	    {SY_FORM_BRACKETED, {"", 0}, 0}, {SY_FORM_RAW, {"", 0}, 0},
	    {SY_FORM_LINK, {"", 0}, 0},      {SY_FORM_LINK, SY_STR("http://a.example/b/"), 0},
	    {SY_FORM_URN, {"", 0}, 0},       {SY_FORM_URN, {"", 0}, 6},
	    {SY_FORM_URN, {"", 0}, 12},
	};
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		check_form(arena, c, &forms[i]);
}

static void check_info(struct sy_arena *arena, struct sy_str text, const struct sy_code *c)
{
	struct sy_code_info info;
	struct sy_faults faults;
	sy_faults_init(&faults, arena);
	faults.chinese = true;
	sy_code_explain(arena, text, &info, &faults);
	MUST(info.code.kind == c->kind && sy_str_eq(info.code.canonical, c->canonical));
	MUST(info.n_marks == faults.n && (faults.n == 0) == (c->kind != SY_CODE_NONE));
	for (size_t i = 0; i < info.n_marks; i++) {
		size_t bad;
		MUST(info.marks[i].at + info.marks[i].n <= text.n);
		MUST(sy_utf8_valid(faults.v[i].detail, strlen(faults.v[i].detail), &bad));
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
		check_code(&arena, &c), check_forms(&arena, &c);
	else
		check_fault(&faults, &c);
	check_info(&arena, text, &c);
	sy_arena_free(&arena);
	return 0;
}
