/* Which inspections the files of --report are held against. */
#include "verdict.h"
#include "view.h"

/* An inspection that the ledger tells of: its record is proven before it counts. */
static int prove_inspection(struct verdict *v, const struct sy_json_doc *doc,
			    const struct sy_json *told, const struct sy_code *code)
{
	const struct sy_json *inspection = sy_json_get(doc, told, "inspection");
	struct proof_record r;
	uint64_t number;

	if (inspection != NULL && sy_json_get(doc, inspection, "report") == NULL)
		return RC_DONE;
	if (sy_json_u64(doc, sy_json_get(doc, told, "record"), &number) != SY_OK)
		return fail(&v->fail, RC_PROOF, "an inspection without its record");
	int rc = proof_fetch(&v->proof, number, code, &r, &v->fail);
	if (rc == RC_DONE && r.names && r.inspection.n > 0)
		reports_heed(v->app, &v->reports, r.inspection, number);
	return rc == RC_DONE || rc == RC_AWAY ? rc : RC_PROOF;
}

/* Those that came after its registration, as the item has them. */
static int later_inspections(struct verdict *v, struct sy_str text)
{
	struct app *app = v->app;
	struct sy_buf path = {0};
	struct sy_json_doc doc;
	const struct sy_json *told;
	struct sy_faults faults;
	struct sy_code code;

	sy_faults_init(&faults, &app->arena);
	if (sy_code_parse(&app->arena, text, &code, &faults, SY_NO_RECORD, "") != SY_OK)
		return RC_DONE;
	sy_buf_text(&path, "/v1/items?limit=1&code=");
	http_escape(&path, text);
	int rc = path.failed ? fail_memory(&app->fail) : view_get(app, sy_buf_cstr(&path), &doc);
	sy_buf_free(&path);
	if (rc == RC_UNKNOWN) { /* no record names it: a unit whose lot is known alone */
		memset(&app->fail, 0, sizeof app->fail);
		return RC_DONE;
	}
	if (rc != RC_DONE) {
		memcpy(&v->fail, &app->fail, sizeof v->fail);
		return rc;
	}
	sy_json_each (&doc, sy_json_get(&doc, sy_json_root(&doc), "inspections"), told) {
		if ((rc = prove_inspection(v, &doc, told, &code)) != RC_DONE)
			break;
	}
	return rc;
}

int verdict_reports(struct verdict *v)
{
	struct sy_str lot = v->code.lot_code.n > 0 ? v->code.lot_code : v->lot;
	int rc = RC_DONE;

	if (v->reports.reports->n == 0)
		return rc;
	rc = later_inspections(v, v->code.canonical);
	if (rc == RC_DONE && lot.n > 0 && !sy_str_eq(lot, v->code.canonical))
		rc = later_inspections(v, lot);
	return rc;
}
