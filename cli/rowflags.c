#include "rowflags.h"

static const struct {
	const char *flag;
	enum field field;
} row_flags[] = {
    {"product", F_PRODUCT},
    {"gtin", F_PRODUCT},
    {"lot", F_LOT},
    {"serial", F_SERIAL},
    {"trace-code", F_CODES},
    {"quantity", F_QUANTITY},
    {"unit", F_UNIT},
    {"made", F_MADE},
    {"harvested", F_HARVESTED},
    {"expires", F_EXPIRES},
    {"best-before", F_BEST_BEFORE},
    {"origin", F_ORIGIN},
    {"country", F_COUNTRY},
    {"place", F_PLACE},
    {"read-point", F_READ_POINT},
    {"from", F_FROM},
    {"to", F_TO},
    {"owner-from", F_OWNER_FROM},
    {"owner-to", F_OWNER_TO},
    {"container", F_CONTAINER},
    {"po", F_PO},
    {"desadv", F_DESADV},
    {"inv", F_INV},
    {"inspection", F_INSPECTION},
    {"result", F_RESULT},
    {"inspection-kind", F_KIND},
    {"inspection-standard", F_STANDARD},
    {"laboratory", F_LABORATORY},
    {"inspection-date", F_INSPECTED},
    {"report", F_REPORT},
    {"pledge", F_PLEDGE},
    {"basis", F_BASIS},
    {"input", F_INPUTS},
    {"input-lot", F_INPUT_LOTS},
    {"transformation-id", F_TRANSFORMATION},
    {"pack-ratio", F_PACK_RATIO},
    {"project", F_PROJECT},
    {"part", F_PART},
    {"sample", F_SAMPLE},
    {"supervisor", F_SUPERVISOR},
    {"at", F_AT},
    {"event-id", F_EVENT_ID},
};

void row_from_flags(struct app *app, struct row *row)
{
	const char *value;

	memset(row, 0, sizeof *row);
	row->zh = app->lang == LANG_ZH;
	for (size_t i = 0; i < sizeof row_flags / sizeof row_flags[0]; i++) {
		struct sy_str *at = &row->v[row_flags[i].field];
		for (size_t k = 0; (value = arg_nth(app, row_flags[i].flag, k)) != NULL; k++) {
			if (at->n > 0)
				value = sy_arena_printf(&app->arena, "%.*s;%s", (int)at->n, at->p,
							value);
			*at = sy_str(value);
		}
	}
}

int row_faults(struct app *app, const struct sy_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++) {
		if (faults->v[i].status != 0)
			say("%s: %s", faults->v[i].pointer, faults->v[i].detail);
	}
	return fail(&app->fail, RC_USAGE, "nothing is registered");
}
