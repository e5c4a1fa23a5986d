/* What the command line reads: documents of codes, and the cells of a row. */
#include <relation.h>
#include <row.h>

#include "hostile.h"

static void xml_batch(void *ctx, const struct relation_batch *b)
{
	(void)ctx, (void)b;
}

static void xml_code(void *ctx, const struct relation_code *c)
{
	(void)ctx, (void)c;
}

static void xml_end(void *ctx)
{
	(void)ctx;
}

/* In pieces, as a file is read. */
static void run_xml(struct sy_str text)
{
	static const struct relation_calls calls = {xml_batch, xml_code, xml_end};
	struct relation *r = NULL;
	struct fail f = {0};
	int rc = relation_new(&calls, NULL, &r);
	ck_assert_int_eq(rc, SY_OK);
	for (size_t at = 0; rc == SY_OK && at < text.n; at += 4096) {
		size_t n = text.n - at < 4096 ? text.n - at : 4096;
		rc = relation_feed(r, "x", (struct sy_str){text.p + at, n}, at + n == text.n, &f);
	}
	relation_free(r);
}

/* One cell of a row; the others are in order. */
static void run_cell(struct sy_str text, enum field field)
{
	struct row row = {.v = {[F_PRODUCT] = SY_STR("06901234567892"),
				[F_LOT] = SY_STR("A1"),
				[F_MADE] = SY_STR("2026-11-01")}};
	struct sy_buf record = {0};
	struct sy_faults faults;
	sy_faults_init(&faults, &arena);
	row.v[field] = text;
	row_event(&arena, &row, &record, &faults, 0);
	sy_buf_free(&record);
}

static void run_serials(struct sy_str text)
{
	run_cell(text, F_SERIAL);
}

static void run_codes(struct sy_str text)
{
	run_cell(text, F_CODES);
}

static void run_inputs(struct sy_str text)
{
	run_cell(text, F_INPUTS);
}

#define XML "<Relation productCode=\"1\" cascade=\"1:5\"><Batch batchNo=\"1\">"

static const struct parser parsers[] = {
    {"xml",
     run_xml,
     4 * ALL, /* as pieces of files are read, its parser's own time would hide in less */
     {"benign", XML, "<Code curCode=\"8206233#0000\" packLayer=\"1\" parentCode=\"8\"/>\n",
      "</Batch></Relation>"},
     {{"nests", XML, "<a>", ""},
      {"attributes", XML "<Code ", "a#=\"\" ", "/></Batch></Relation>"},
      {"one attribute", XML "<Code curCode=\"", "a", "\"/></Batch></Relation>"},
      {"an attribute without end", XML "<Code curCode=\"", "a", ""},
      {"a name without end", XML "<", "a", ""},
      {"references", XML "<Code curCode=\"", "&#65;", "\"/></Batch></Relation>"},
      {"a comment without end", XML "<!--", "a-", ""},
      {"text", XML, "a", "</Batch></Relation>"},
      {"declarations", "<!DOCTYPE a [", "<!ENTITY a# \"&a;&a;\">", "]><a/>"},
      {"instructions", XML, "<?a?>", "</Batch></Relation>"},
      {"names of a space", XML, "<a:Code xmlns:a='#' curCode='1'/>", "</Batch></Relation>"},
      {"batches", "<Relation>", "<Batch batchNo=\"#\"></Batch>", "</Relation>"}}},
    {"serials",
     run_serials,
     ALL,
     {"benign", "0", ";#", ""},
     {{"the same serial", "0", ";1", ""},
      {"empty ones", "0", ";", ""},
      {"none that may be", "0", ";\xe6\xba\xaf#", ""},
      {"one", "0", "1", ""},
      {"spaces", "0", " ", ""}}},
    {"codes",
     run_codes,
     ALL,
     {"benign", "https://id.gs1.org/01/06901234567892/21/0",
      ";https://id.gs1.org/01/06901234567892/21/#", ""},
     {{"the same code", "urn:x:y", ";urn:x:y", ""},
      {"short codes", "urn:x:y", ";a:#", ""},
      {"faults", "urn:x:y", ";#", ""},
      {"colons", "urn:x:y", ":", ""},
      {"quantities", "urn:x:y:1:KGM", ";a:#:1:KGM", ""},
      {"one", "urn:x:", "a", ""}}},
    {"inputs",
     run_inputs,
     ALL,
     {"benign", "x:2026-01-01", ";x#:2026-01-01", ""},
     {{"no dates", "x:2026-01-01", ";x", ""},
      {"colons", "x", ":", ""},
      {"semicolons", "x", ";", ""},
      {"quotes", "x", "\"", ""}}},
};

START_TEST(bounded)
{
	must_be_bounded(&parsers[_i]);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("hostile_cli");
	TCase *t = tcase_create("bounded");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, bounded, 0, COUNT(parsers));
	suite_add_tcase(s, t);
	return s;
}
